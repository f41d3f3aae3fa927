//! A secret in every field that is not listed, and at every depth: nothing of it
//! is left.

use proptest::prelude::*;
use prost::Message;

use super::super::shapes::{FROM_RADIO, TO_RADIO};
use super::*;
use crate::proto::{
    self, Data, FromRadio, MeshPacket, PortNum, from_radio::PayloadVariant as From,
    mesh_packet::PayloadVariant as Content,
};

/// No byte of it can be part of a text, a key or a length here.
const SECRET: &[u8] = &[0xf1, 0xf7, 0xfb, 0xf2, 0xf8, 0xfd, 0xf4, 0xf9];

fn cleaned(shape: &'static Shape, said: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    clean(shape, said, &mut out).ok().map(|()| out)
}

/// No two bytes of the secret in a row, and not its number either.
fn holds_secret(bytes: &[u8]) -> bool {
    SECRET
        .windows(2)
        .any(|part| bytes.windows(2).any(|it| it == part))
}

/// A field with a secret in it, of each type that has room for one.
fn secrets(number: u32) -> Vec<Vec<u8>> {
    use prost::encoding::{WireType, encode_key};
    let mut found = Vec::new();
    let mut bytes = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(SECRET.len() as u64, &mut bytes);
    bytes.extend(SECRET);
    found.push(bytes);
    for (kind, size) in [(WireType::ThirtyTwoBit, 4), (WireType::SixtyFourBit, 8)] {
        let mut bytes = Vec::new();
        encode_key(number, kind, &mut bytes);
        bytes.extend(&SECRET[..size]);
        found.push(bytes);
    }
    let mut bytes = Vec::new();
    encode_key(number, WireType::Varint, &mut bytes);
    // A number whose bytes are those of the secret.
    bytes.extend(&SECRET[..5]);
    bytes.push(1);
    found.push(bytes);
    found
}

/// Puts `inner` into the messages of `path`, the outermost first.
fn within(path: &[u32], inner: Vec<u8>) -> Vec<u8> {
    path.iter().rev().fold(inner, |inner, number| {
        let mut bytes = Vec::new();
        prost::encoding::encode_key(
            *number,
            prost::encoding::WireType::LengthDelimited,
            &mut bytes,
        );
        encode_varint(inner.len() as u64, &mut bytes);
        bytes.extend(inner);
        bytes
    })
}

/// Each field that is not listed, in each message that is.
fn look_into(root: &'static Shape, shape: &'static Shape, path: &mut Vec<u32>, looked: &mut usize) {
    for number in (1..140).chain([1_000, 100_000]) {
        let kept = shape.iter().find(|(known, _)| *known == number);
        for secret in secrets(number) {
            let Some(bytes) = cleaned(root, &within(path, secret)) else {
                // Of another type than the definitions have: no message, and
                // nothing of it is written.
                assert!(kept.is_some(), "{path:?} {number}");
                continue;
            };
            *looked += 1;
            let public = matches!(
                kept,
                Some((_, Kept::Bytes | Kept::Number | Kept::Numbers | Kept::Fixed))
            );
            assert!(
                public || !holds_secret(&bytes),
                "{path:?} {number}: {bytes:?}"
            );
        }
        if let Some((_, Kept::Of(inner))) = kept
            && path.len() < 6
        {
            path.push(number);
            look_into(root, inner, path, looked);
            path.pop();
        }
    }
}

#[test]
fn no_field_that_is_not_listed_leaves_a_byte() {
    let mut looked = 0;
    for root in [FROM_RADIO, TO_RADIO] {
        look_into(root, root, &mut Vec::new(), &mut looked);
    }
    assert!(looked > 20_000, "{looked}");
}

/// By name, as the official definitions number them.
#[test]
fn keys_passwords_and_pins_are_gone() {
    for (what, path, number) in [
        ("Channel.settings.psk", &[10, 2][..], 2),
        ("Config.security.private_key", &[5, 8], 2),
        ("Config.security.public_key", &[5, 8], 1),
        ("Config.security.admin_key", &[5, 8], 3),
        ("Config.network.wifi_ssid", &[5, 4], 3),
        ("Config.network.wifi_psk", &[5, 4], 4),
        ("Config.bluetooth.fixed_pin", &[5, 7], 3),
        ("Config.device_ui.pin_code", &[5, 10], 6),
        ("DeviceUIConfig.pin_code", &[17], 6),
        ("ModuleConfig.mqtt.username", &[9, 1], 3),
        ("ModuleConfig.mqtt.password", &[9, 1], 4),
        ("ModuleConfig.mqtt.root", &[9, 1], 8),
        ("LogRecord", &[6], 1),
        ("mqttClientProxyMessage", &[14], 2),
        ("MeshPacket.encrypted", &[2], 5),
        ("MyNodeInfo.device_id", &[3], 12),
    ] {
        for secret in secrets(number) {
            let said = within(path, secret);
            if FromRadio::decode(&said[..]).is_err() {
                continue;
            }
            let bytes = cleaned(FROM_RADIO, &said).expect(what);
            assert!(!holds_secret(&bytes), "{what}: {bytes:?}");
        }
    }
}

fn carrying(port: i32, payload: &[u8]) -> Vec<u8> {
    let data = Data {
        portnum: port,
        payload: payload.to_vec(),
        request_id: 7,
        ..Data::default()
    };
    let packet = MeshPacket {
        from: 1,
        to: 2,
        id: 3,
        payload_variant: Some(Content::Decoded(data)),
        ..MeshPacket::default()
    };
    let message = FromRadio {
        payload_variant: Some(From::Packet(packet)),
        ..FromRadio::default()
    };
    message.encode_to_vec()
}

#[test]
fn of_what_packets_carry_only_what_is_read_is_kept() {
    for port in 0..300 {
        for number in 1..130 {
            for secret in secrets(number) {
                let said = carrying(port, &secret);
                let bytes = cleaned(FROM_RADIO, &said).unwrap();
                let shape = match inside(port.unsigned_abs()) {
                    Inside::Message(shape) => shape,
                    Inside::Text | Inside::Length => &[],
                };
                let known = shape.iter().any(|(known, _)| *known == number);
                // An answer of the node about its settings is ADMIN_APP.
                assert!(known || !holds_secret(&bytes), "port {port}: {bytes:?}");
                assert!(!known || port != 6 || number == 43);
            }
        }
    }
    let text = cleaned(FROM_RADIO, &carrying(1, "Grüße\n".as_bytes())).unwrap();
    assert!(text.windows(8).any(|it| it == "Grüße\n".as_bytes()));
}

#[test]
fn a_packet_with_two_ports_has_no_content() {
    let mut data = vec![8, 1, 0x12, 8];
    data.extend(SECRET.map_ascii());
    data.extend([8, 6]);
    let bytes = cleaned(FROM_RADIO, &within(&[2, 4], data)).unwrap();
    assert!(!bytes.windows(4).any(|it| it == b"abcd"), "{bytes:?}");
}

trait MapAscii {
    fn map_ascii(&self) -> Vec<u8>;
}

impl MapAscii for &[u8] {
    /// As many letters.
    fn map_ascii(&self) -> Vec<u8> {
        (b'a'..).take(self.len()).collect()
    }
}

/// A text whose frame was torn goes on with the next frame, key and all.
#[test]
fn what_a_torn_frame_has_swallowed_is_blanked() {
    let key = within(&[5, 8, 2], SECRET.to_vec());
    let mut swallowed = b"good morn".to_vec();
    swallowed.extend([0x94, 0xc3, 0, 14]);
    swallowed.extend(&key);
    let bytes = cleaned(FROM_RADIO, &carrying(1, &swallowed)).unwrap();
    assert!(!holds_secret(&bytes), "{bytes:?}");
    // And without its header.
    let tail = [b"good morn", &key[2..]].concat();
    let bytes = cleaned(FROM_RADIO, &carrying(1, &tail)).unwrap();
    assert!(!holds_secret(&bytes), "{bytes:?}");
    // In a name, from the header on.
    let user = proto::User {
        long_name: swallowed,
        ..proto::User::default()
    };
    let bytes = cleaned(FROM_RADIO, &carrying(4, &user.encode_to_vec())).unwrap();
    assert!(!holds_secret(&bytes), "{bytes:?}");
    assert!(bytes.windows(9).any(|it| it == b"good morn"));
}

/// What the bot reads is the same afterwards.
#[test]
fn what_the_bot_reads_is_as_it_was() {
    let position = proto::Position {
        latitude_i: Some(471_602_000),
        longitude_i: Some(112_565_000),
        precision_bits: 14,
        ..proto::Position::default()
    };
    let route = proto::RouteDiscovery {
        route: vec![1, 2, 3],
        snr_towards: vec![-40, 12, -128],
        ..proto::RouteDiscovery::default()
    };
    for (port, payload) in [
        (PortNum::TextMessageApp, b"/ping".to_vec()),
        (PortNum::PositionApp, position.encode_to_vec()),
        (PortNum::TracerouteApp, route.encode_to_vec()),
    ] {
        let said = carrying(port as i32, &payload);
        assert_eq!(cleaned(FROM_RADIO, &said).unwrap(), said);
    }
}

proptest! {
    /// Garbage is survived, and gets no longer.
    #[test]
    fn garbage_is_survived(said: Vec<u8>) {
        if let Some(bytes) = cleaned(FROM_RADIO, &said) {
            prop_assert!(bytes.len() <= said.len());
            prop_assert_eq!(cleaned(FROM_RADIO, &bytes), Some(bytes));
        }
    }
}
