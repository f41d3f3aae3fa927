//! What a packet says, and that reading it in place says nothing else than
//! decoding it.

use super::*;
use proptest::prelude::*;
use prost::Message;

#[test]
fn hops_are_never_negative_and_never_guessed() {
    assert_eq!(Hops::from_header(3, 2, false), Hops::Known(1));
    assert_eq!(Hops::from_header(3, 3, false), Hops::Known(0));
    assert_eq!(Hops::from_header(0, 0, false), Hops::Unknown);
    assert_eq!(Hops::from_header(0, 0, true), Hops::Known(0));
    assert_eq!(Hops::from_header(0, 3, true), Hops::Unknown);
    assert_eq!(Hops::from_header(2, 3, true), Hops::Unknown);
    assert_eq!(Hops::from_header(7, 0, true), Hops::Known(7));
    assert_eq!(Hops::from_header(8, 7, true), Hops::Unknown);
    assert_eq!(Hops::from_header(u32::MAX, 0, true), Hops::Unknown);
}

fn heard(hop_start: u32, hop_limit: u32) -> proto::MeshPacket {
    proto::MeshPacket {
        from: 0x0bad_cafe,
        to: 0xffff_ffff,
        id: 7,
        rx_snr: 0.0,
        rx_rssi: Some(-97),
        hop_start,
        hop_limit,
        transport_mechanism: 1,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: 1,
            payload: b"ping".to_vec(),
            bitfield: Some(1),
            ..Default::default()
        })),
        ..Default::default()
    }
}

#[test]
fn zero_db_is_a_signal() {
    let packet = Packet::from_wire(&heard(3, 3));
    let signal = packet.direct_signal().unwrap();
    assert_eq!((signal.snr, signal.rssi), (0.0, Some(-97)));
}

#[test]
fn a_relayed_packet_has_no_signal_of_its_sender() {
    assert_eq!(Packet::from_wire(&heard(3, 2)).direct_signal(), None);
    let mut mqtt = heard(3, 3);
    mqtt.via_mqtt = true;
    assert_eq!(Packet::from_wire(&mqtt).direct_signal(), None);
}

#[test]
fn a_relay_that_does_not_count_itself_is_a_relay() {
    let mut wire = heard(3, 3);
    for byte in [0, NodeNum(wire.from).relay_byte()] {
        wire.relay_node = u32::from(byte);
        assert_eq!(Packet::from_wire(&wire).hops, Hops::Known(0), "{byte}");
    }
    wire.relay_node ^= 1;
    let relayed = Packet::from_wire(&wire);
    assert_eq!(
        (relayed.hops, relayed.direct_signal()),
        (Hops::Unknown, None)
    );
    // What comes through MQTT was not heard from anybody.
    wire.via_mqtt = true;
    assert_eq!(Packet::from_wire(&wire).hops, Hops::Known(0));
}

#[test]
fn reactions_are_not_texts() {
    let mut wire = heard(3, 3);
    assert_eq!(Packet::from_wire(&wire).text(), Some(&b"ping"[..]));
    if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut wire.payload_variant {
        data.emoji = 1;
    }
    assert_eq!(Packet::from_wire(&wire).text(), None);
}

#[test]
fn a_wrong_key_length_is_no_key() {
    let mut wire = heard(3, 3);
    wire.pki_encrypted = true;
    wire.public_key = vec![1; 31];
    assert_eq!(Packet::from_wire(&wire).sender_key, None);
    wire.public_key = vec![1; 32];
    assert_eq!(Packet::from_wire(&wire).sender_key, Some([1; 32]));
}

/// features.md L1: the key proves the sender only where the node says that
/// it opened the message with it.
#[test]
fn a_key_in_a_packet_that_was_not_sealed_proves_nothing() {
    let mut wire = heard(3, 3);
    wire.public_key = vec![1; 32];
    assert_eq!(Packet::from_wire(&wire).sender_key, None);
    let frame = framed(wire);
    assert_eq!(Packet::from_frame(&frame).unwrap().sender_key, None);
}

/// What a whole decoding makes of a frame, if there is a packet in it.
fn decoded(frame: &[u8]) -> Option<Packet> {
    match proto::FromRadio::decode(frame).ok()?.payload_variant? {
        proto::from_radio::PayloadVariant::Packet(wire) => Some(Packet::from_wire(&wire)),
        _ => None,
    }
}

fn framed(wire: proto::MeshPacket) -> Vec<u8> {
    let message = proto::FromRadio {
        id: 3,
        payload_variant: Some(proto::from_radio::PayloadVariant::Packet(wire)),
    };
    message.encode_to_vec()
}

/// Both are legal and nobody writes them: their parts have to be merged, and
/// half of it read in place would be another packet.
#[test]
fn what_comes_twice_is_left_to_the_decoder() {
    let once = framed(heard(3, 3));
    assert!(Packet::from_frame(&once).is_some());
    assert_eq!(Packet::from_frame(&[&once[..], &once[..]].concat()), None);
    let sealed = proto::MeshPacket {
        payload_variant: Some(mesh_packet::PayloadVariant::Encrypted(vec![1, 2])),
        ..Default::default()
    };
    let open = heard(3, 3).encode_to_vec();
    for second in [sealed.encode_to_vec(), open.clone()] {
        let packet = [&open[..], &second[..]].concat();
        let mut frame = vec![0x12, u8::try_from(packet.len()).unwrap()];
        frame.extend(packet);
        assert!(proto::FromRadio::decode(&frame[..]).is_ok());
        assert_eq!(Packet::from_frame(&frame), None);
    }
}

/// Packets with every field, used or not.
fn any_packet() -> impl Strategy<Value = proto::MeshPacket> {
    let data = (any::<[u32; 6]>(), any::<(bool, Option<u32>)>(), 0..80_i32).prop_map(
        |(n, (want_response, bitfield), portnum)| proto::Data {
            portnum,
            payload: n[0]
                .to_le_bytes()
                .repeat(usize::from(n[0].to_le_bytes()[0]) % 50),
            want_response,
            dest: n[1],
            source: n[2],
            request_id: n[3],
            reply_id: n[4],
            emoji: n[5] % 2,
            bitfield,
        },
    );
    let content = prop_oneof![
        data.prop_map(|data| Some(mesh_packet::PayloadVariant::Decoded(data))),
        any::<Vec<u8>>().prop_map(|it| Some(mesh_packet::PayloadVariant::Encrypted(it))),
        Just(None),
    ];
    let numbers = any::<[u32; 8]>();
    let key = prop_oneof![Just(Vec::new()), Just(vec![7; 32]), any::<Vec<u8>>()];
    let rest = any::<(Option<u32>, Option<i32>, f32, [bool; 3], i32)>();
    (content, numbers, key, rest).prop_map(|(payload_variant, n, public_key, rest)| {
        let (rx_time, rx_rssi, rx_snr, flags, odd) = rest;
        proto::MeshPacket {
            from: n[0],
            to: n[1],
            channel: n[2] % 300,
            id: n[3],
            rx_time,
            rx_snr,
            hop_limit: n[4] % 9,
            want_ack: flags[0],
            priority: odd % 20,
            rx_rssi,
            via_mqtt: flags[1],
            hop_start: n[5] % 9,
            public_key,
            pki_encrypted: flags[2],
            next_hop: n[6],
            relay_node: n[7] % 300,
            transport_mechanism: odd % 7,
            payload_variant,
        }
    })
}

proptest! {
    #[test]
    fn read_in_place_is_as_decoded(wire in any_packet()) {
        let frame = framed(wire);
        let read = Packet::from_frame(&frame);
        prop_assert!(read.is_some(), "written as usual");
        // Compared as text: a signal that is no number equals itself there.
        prop_assert_eq!(format!("{read:?}"), format!("{:?}", decoded(&frame)));
    }

    /// Whatever becomes of the bytes, reading in place never says anything
    /// else than decoding.
    #[test]
    fn damaged_is_as_decoded_or_left_to_it(
        wire in any_packet(),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut frame = framed(wire);
        for (at, byte) in hits {
            let at = at.index(frame.len());
            frame[at] = byte;
        }
        for bytes in [&frame[..], &frame[..cut.index(frame.len())]] {
            if let Some(read) = Packet::from_frame(bytes) {
                prop_assert_eq!(format!("{:?}", Some(read)), format!("{:?}", decoded(bytes)));
            }
        }
    }
}
