//! The frames of a handshake, in the order in which firmware sends them
//! (protocol.md §2.2, captures 11 and 12).
//!
//! Parts of the configuration that meshbot has no words for are written as the
//! raw bytes of the recordings. The made-up private and channel keys are
//! really in there, so that a test can prove that they never reach a log.

mod recorded;

use prost::encoding::{WireType, encode_key, encode_varint};

use crate::link::frame::{START1, START2};
use crate::mesh::{ChannelIndex, NodeNum};
use crate::proto::{self, channel, config::LoRaConfig, from_radio, mesh_packet};

use super::settings::{Settings, Version};
use super::world::{Person, World, encode, heard_from, telemetry};
use recorded::*;

/// Asks for everything but the other nodes (protocol.md §2.1).
pub(super) const ONLY_CONFIG: u32 = 69420;
/// Asks for the nodes only.
pub(super) const ONLY_NODES: u32 = 69421;

/// What a request with some nonce asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Full,
    ConfigOnly,
    NodesOnly,
}

impl Kind {
    pub(super) fn of(nonce: u32) -> Self {
        match nonce {
            ONLY_CONFIG => Self::ConfigOnly,
            ONLY_NODES => Self::NodesOnly,
            _ => Self::Full,
        }
    }
}

/// One frame of a handshake.
pub(super) struct Piece {
    /// Header and payload.
    pub(super) frame: Vec<u8>,
    /// It is a node info and part of a dump that brings the other nodes.
    pub(super) node: bool,
}

/// What the dump tells about our own node besides the settings.
pub(super) struct Own<'a> {
    pub(super) num: NodeNum,
    pub(super) uptime: u32,
    /// The node's clock, seconds since 1970; 0 if unset.
    pub(super) time: u32,
    /// The node's clock when it started, likewise.
    pub(super) start_time: u32,
    pub(super) private_key: &'a [u8; 32],
    pub(super) public_key: &'a [u8; 32],
}

/// The whole handshake for `nonce`, `config_complete_id` included.
pub(super) fn pieces(settings: &Settings, own: &Own<'_>, world: &World, nonce: u32) -> Vec<Piece> {
    let kind = Kind::of(nonce);
    let with_nodes = kind != Kind::ConfigOnly;
    let mut out = Vec::new();
    if kind != Kind::NodesOnly {
        push(
            &mut out,
            from_radio::PayloadVariant::MyInfo(my_info(settings, own, world)),
        );
        raw(&mut out, 17, &[0x10, 0x99, 0x01, 0x18, 0x1e]);
    }
    push(
        &mut out,
        from_radio::PayloadVariant::NodeInfo(own_info(settings, own)),
    );
    if kind != Kind::NodesOnly {
        configuration(&mut out, settings, own);
    }
    if with_nodes {
        let people = world.people.iter().filter(|_| !settings.locked);
        for person in people {
            let info = node_info(settings.version, own, person);
            push(&mut out, from_radio::PayloadVariant::NodeInfo(info));
        }
        for piece in &mut out {
            // FromRadio field 4, the only one that begins with this byte.
            piece.node = piece.frame.get(4) == Some(&0x22);
        }
    }
    if kind != Kind::NodesOnly {
        for &(name, size_bytes) in files(settings.version) {
            let info = proto::FileInfo {
                file_name: name.as_bytes().to_vec(),
                size_bytes,
            };
            push(&mut out, from_radio::PayloadVariant::FileInfo(info));
        }
    }
    push(
        &mut out,
        from_radio::PayloadVariant::ConfigCompleteId(nonce),
    );
    if settings.locked {
        let status = proto::LockdownStatus {
            state: proto::lockdown_status::State::Locked.into(),
        };
        push(&mut out, from_radio::PayloadVariant::LockdownStatus(status));
    }
    out
}

/// The stored records of 2.8 as packets (protocol.md §2.3, features X5): a
/// stable id each, the time of the record, no rssi, background priority.
pub(super) fn replay(own: &Own<'_>, world: &World) -> Vec<proto::MeshPacket> {
    let mut out = Vec::new();
    for person in &world.people {
        let time = last_heard(own, person);
        if let Some(position) = person.position(time) {
            out.push((person, 0, proto::PortNum::PositionApp, encode(&position)));
        }
        let metrics = proto::telemetry::Variant::DeviceMetrics(person.metrics(1000));
        let payload = telemetry(time, metrics);
        out.push((person, 1, proto::PortNum::TelemetryApp, payload));
    }
    let as_packet = |(person, kind, port, payload): (&Person, u32, _, _)| {
        let id = stable_id(person.num, kind);
        let mut packet = heard_from(person, id, port, payload);
        packet.rx_rssi = None;
        packet.relay_node = 0;
        packet.rx_time = Some(last_heard(own, person)).filter(|&time| time != 0);
        packet.priority = mesh_packet::Priority::Background.into();
        if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut packet.payload_variant {
            data.bitfield = None;
        }
        packet
    };
    out.into_iter().map(as_packet).collect()
}

/// The same in every session: mixes node and kind of record.
fn stable_id(num: NodeNum, kind: u32) -> u32 {
    let mixed = (num.0 ^ kind.rotate_left(16)).wrapping_mul(0x9e37_79b1);
    (mixed ^ (mixed >> 15)) | 1
}

fn my_info(settings: &Settings, own: &Own<'_>, world: &World) -> proto::MyNodeInfo {
    proto::MyNodeInfo {
        my_node_num: own.num.0,
        min_app_version: 30200,
        device_id: match settings.version {
            Version::V2_7 => Vec::new(),
            Version::V2_8 => [own.num.0.to_be_bytes(), [0; 4], [0; 4], [0; 4]].concat(),
        },
        pio_env: b"native".to_vec(),
        nodedb_count: u32::try_from(world.people.len() + 1).unwrap_or(u32::MAX),
        ..Default::default()
    }
}

/// What our node says about itself (port 4).
pub(super) fn own_user(own: &Own<'_>) -> proto::User {
    let short = format!("{:04x}", own.num.0 & 0xffff);
    proto::User {
        id: own.num.to_string().into_bytes(),
        long_name: format!("Meshtastic {short}").into_bytes(),
        short_name: short.into_bytes(),
        hw_model: 37,
        public_key: own.public_key.to_vec(),
        is_unmessagable: Some(false),
        ..Default::default()
    }
}

fn own_info(settings: &Settings, own: &Own<'_>) -> proto::NodeInfo {
    proto::NodeInfo {
        num: own.num.0,
        user: Some(own_user(own)),
        last_heard: own.time,
        device_metrics: (settings.version == Version::V2_7).then(|| own_metrics(own.uptime)),
        is_favorite: true,
        ..Default::default()
    }
}

/// Our node's own metrics after `uptime` seconds.
pub(super) fn own_metrics(uptime: u32) -> proto::DeviceMetrics {
    proto::DeviceMetrics {
        battery_level: Some(101),
        voltage: Some(0.0),
        channel_utilization: Some(5.25),
        air_util_tx: Some(0.375),
        uptime_seconds: Some(uptime),
    }
}

fn last_heard(own: &Own<'_>, person: &Person) -> u32 {
    own.start_time.saturating_sub(person.silent_secs)
}

fn node_info(version: Version, own: &Own<'_>, person: &Person) -> proto::NodeInfo {
    let time = last_heard(own, person);
    let fat = version == Version::V2_7;
    proto::NodeInfo {
        num: person.num.0,
        user: Some(person.user(version)),
        position: person.position(time).filter(|_| fat),
        snr: person.snr,
        last_heard: time,
        device_metrics: fat.then(|| person.metrics(1000)),
        hops_away: Some(u32::from(person.hops)),
        ..Default::default()
    }
}

/// Metadata to module configuration.
fn configuration(out: &mut Vec<Piece>, settings: &Settings, own: &Own<'_>) {
    let v2_8 = settings.version == Version::V2_8;
    raw(out, 13, if v2_8 { METADATA_2_8 } else { METADATA_2_7 });
    if v2_8 {
        raw(out, 19, REGION_PRESETS);
    }
    for index in 0..ChannelIndex::COUNT {
        raw(out, 10, &channel_bytes(settings, index));
    }
    let device = proto::config::DeviceConfig {
        node_info_broadcast_secs: 10_800,
        ..Default::default()
    };
    let lora = LoRaConfig {
        use_preset: true,
        bandwidth: if v2_8 { 0 } else { 250 },
        spread_factor: 11,
        coding_rate: 5,
        region: settings.region,
        hop_limit: settings.hop_limit,
        tx_enabled: true,
        tx_power: 30,
        ..Default::default()
    };
    let lora = [encode(&lora), LORA_REST.to_vec()].concat();
    // Public and private key (fields 1 and 2), then `serial_enabled`.
    let security = [
        &[0x0a, 32][..],
        own.public_key,
        &[0x12, 32],
        own.private_key,
        &[0x28, 1],
    ]
    .concat();
    let sections: [&[u8]; 10] = [
        &encode(&device),
        POSITION,
        POWER,
        NETWORK,
        DISPLAY,
        &lora,
        BLUETOOTH,
        &security,
        &[],
        &[],
    ];
    for (section, number) in sections.iter().zip(1..) {
        raw(out, 5, &field(number, section));
    }
    for (section, number) in MODULES.iter().zip(1..) {
        raw(out, 9, &field(number, section));
    }
    if v2_8 {
        for (section, number) in MODULES_2_8.iter().zip(14..) {
            raw(out, 9, &field(number, section));
        }
    } else {
        // Messages without any variant that this protocol knows.
        for _ in 0..3 {
            raw(out, 9, &[]);
        }
    }
}

/// A channel with its key: the public default for channel 0, a made-up one
/// that is easy to search for on the others.
fn channel_bytes(settings: &Settings, index: usize) -> Vec<u8> {
    let entry = settings.channels.get(index).filter(|_| !settings.locked);
    let role = entry.map_or(channel::Role::Disabled, |entry| entry.role);
    let mut channel_settings = Vec::new();
    if let Some(entry) = entry.filter(|entry| entry.role != channel::Role::Disabled) {
        if index == 0 {
            channel_settings.extend([0x12, 1, 1]);
        } else {
            channel_settings.extend(field(2, b"sim-channel-key-never-log-this!!"));
        }
        let plain = proto::ChannelSettings {
            name: entry.name.as_bytes().to_vec(),
            ..Default::default()
        };
        channel_settings.extend(encode(&plain));
        if index == 0 {
            // module_settings.position_precision = 13
            channel_settings.extend([0x3a, 2, 8, 13]);
        }
    }
    let mut out = encode(&proto::Channel {
        index: i32::try_from(index).unwrap_or(0),
        ..Default::default()
    });
    out.extend(field(2, &channel_settings));
    if role != channel::Role::Disabled {
        encode_key(3, WireType::Varint, &mut out);
        encode_varint(u64::from(role.as_wire()), &mut out);
    }
    out
}

impl channel::Role {
    fn as_wire(self) -> u8 {
        match self {
            Self::Disabled => 0,
            Self::Primary => 1,
            Self::Secondary => 2,
        }
    }
}

/// A length-delimited protobuf field.
pub(super) fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 4);
    encode_key(number, WireType::LengthDelimited, &mut out);
    encode_varint(content.len() as u64, &mut out);
    out.extend_from_slice(content);
    out
}

fn raw(out: &mut Vec<Piece>, number: u32, content: &[u8]) {
    let payload = field(number, content);
    let [high, low] = u16::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    out.push(Piece {
        frame: [&[START1, START2, high, low], payload.as_slice()].concat(),
        node: false,
    });
}

fn push(out: &mut Vec<Piece>, variant: from_radio::PayloadVariant) {
    let payload = encode(&proto::FromRadio {
        payload_variant: Some(variant),
        ..Default::default()
    });
    let [high, low] = u16::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    out.push(Piece {
        frame: [&[START1, START2, high, low], payload.as_slice()].concat(),
        node: false,
    });
}

fn files(version: Version) -> &'static [(&'static str, u32)] {
    const FILES: [(&str, u32); 6] = [
        ("/prefs/device.proto", 62),
        ("/prefs/nodes.proto", 445),
        ("/prefs/channels.proto", 57),
        ("/prefs/config.proto", 179),
        ("/prefs/module.proto", 101),
        ("/prefs/transmit_history.dat", 13),
    ];
    match version {
        Version::V2_7 => &FILES,
        Version::V2_8 => &FILES[..5],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    fn lengths(version: Version, nonce: u32) -> Vec<usize> {
        let settings = Settings {
            version,
            region: 1,
            ..Settings::default()
        };
        let own = Own {
            num: NodeNum(0xa1b2_c3d4),
            uptime: 5,
            time: 1_795_400_197,
            start_time: 1_795_400_190,
            private_key: &[7; 32],
            public_key: &[8; 32],
        };
        let world = World::new(&mut fastrand::Rng::with_seed(1), 2, own.num);
        pieces(&settings, &own, &world, nonce)
            .iter()
            .map(|piece| {
                assert!(proto::FromRadio::decode(&piece.frame[4..]).is_ok());
                piece.frame.len() - 4
            })
            .collect()
    }

    /// Lengths as capture 11 lists them from metadata to the end, but for the
    /// second channel, which is in use here.
    #[test]
    fn a_2_7_configuration_is_as_long_as_the_recorded_one() {
        let lengths = lengths(Version::V2_7, ONLY_CONFIG);
        assert_eq!(lengths[..2], [22, 8]);
        assert_eq!(
            lengths[3..],
            [
                32, 13, 47, 6, 6, 6, 6, 6, 6, 7, 21, 17, 29, 7, 26, 12, 74, 4, 4, 56, 4, 4, 4, 4,
                10, 4, 4, 4, 4, 15, 8, 4, 2, 2, 2, 25, 25, 27, 26, 25, 33, 4
            ]
        );
    }

    /// Likewise capture 12; the table in field 19 is shorter here, and channel 0
    /// has one more setting.
    #[test]
    fn a_2_8_configuration_is_as_long_as_the_recorded_one() {
        let lengths = lengths(Version::V2_8, ONLY_CONFIG);
        assert_eq!(lengths[..2], [40, 8]);
        assert_eq!(lengths[3], 31);
        assert_eq!(
            lengths[5..],
            [
                13, 47, 6, 6, 6, 6, 6, 6, 7, 21, 17, 29, 7, 23, 12, 74, 4, 4, 56, 4, 4, 4, 4, 10,
                4, 4, 4, 4, 15, 8, 4, 4, 8, 5, 7, 25, 25, 27, 26, 25, 4
            ]
        );
    }

    #[test]
    fn the_node_phase_holds_nodes_only() {
        assert_eq!(lengths(Version::V2_7, ONLY_NODES).len(), 4);
        // §7.1: the answer's last frame for another nonce.
        let mut out = Vec::new();
        push(
            &mut out,
            from_radio::PayloadVariant::ConfigCompleteId(0x1234_5678),
        );
        assert_eq!(
            out[0].frame,
            [0x94, 0xc3, 0, 6, 0x38, 0xf8, 0xac, 0xd1, 0x91, 0x01]
        );
    }

    /// Sections that meshbot has no words for, byte by byte as in capture 11.
    #[test]
    fn opaque_sections_are_the_recorded_bytes() {
        let hex =
            |bytes: Vec<u8>| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
        for (section, recorded) in [
            (POSITION, "121108901c1001287838ab06506458ac026802"),
            (POWER, "1a0d203c30ffffffff0f38ac02400a"),
            (
                NETWORK,
                "22192a176d6573687461737469632e706f6f6c2e6e74702e6f7267",
            ),
            (BLUETOOTH, "3a080801100118c0c407"),
            (
                MODULES[0],
                "0a3412136d7174742e6d6573687461737469632e6f72671a076d65736864657622\
                 0a6c617267653463617473280142066d73682f5553",
            ),
        ] {
            let number = u32::from_str_radix(&recorded[..2], 16).unwrap() >> 3;
            assert_eq!(hex(field(number, section)), recorded);
        }
    }
}
