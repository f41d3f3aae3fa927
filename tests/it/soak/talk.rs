//! What people say to a bot, and what else comes from a mesh.

use meshbot::mesh::{NodeNum, PacketId};
use meshbot::proto::{self, PortNum, mesh_packet};
use meshbot::sim::Person;

/// What is answered to everybody at any time, in private.
pub const PROMISED: &[&str] = &[
    "/ping",
    "ping",
    "/my",
    "/trace",
    "/info {who}",
    "/trace {who}",
    "/nodes",
    "/nodes new",
    "/lheard",
    "/keys",
    "/keys {who}",
    "/stats",
    "/stats ch",
    "/top 3",
    "/packets",
    "/histo",
    "/hop",
    "/channel",
    "/weather argenteuil",
    "/weather",
    "/rain 47.1,11.3 3",
    "/astro paris",
    "/sys",
    "/about",
    "/legend",
    "/more",
    "/help",
    "/help ping",
    "/?",
];

/// What else is said: too much, too long, nonsense, or dangerous.
const OTHER: &[&str] = &[
    "/ping 3",
    "/ping 700",
    "/ping stop",
    "test",
    "/echo hello mesh",
    "/echo /ping",
    "/echo @bot ping",
    "/mute 1",
    "/unmute",
    "/nodes 9999999999999999999999",
    "/nodes near",
    "/nodes lost 3",
    "/weather ../../?x=1",
    "/weather \u{202e}siraP",
    "/info \u{0}",
    "/info !ffffffff",
    "/trace !00000000",
    "1",
    "2",
    "9",
    "/3",
    "/PÍNG",
    "@ALI ping",
    "> /ping\n/ping",
    "ping ping ping",
    "/nosuchcommand",
    "hello everybody, anybody there?",
    "//",
    "/",
    "@",
    "",
    "👩\u{200d}👩\u{200d}👧",
];

/// A line with its blanks filled in.
pub fn fill(line: &str, rng: &mut fastrand::Rng, people: &[NodeNum]) -> Vec<u8> {
    let who = match rng.u8(0..4) {
        0 => "ali".to_owned(),
        1 => "e".to_owned(),
        _ => rng.choice(people).unwrap().to_string(),
    };
    line.replace("{who}", &who).into_bytes()
}

/// Anything.
pub fn anything(rng: &mut fastrand::Rng, people: &[NodeNum]) -> Vec<u8> {
    match rng.u8(0..10) {
        0..5 => fill(rng.choice(PROMISED).unwrap(), rng, people),
        5..8 => fill(rng.choice(OTHER).unwrap(), rng, people),
        8 => {
            let mark = *rng
                .choice(&["/echo ", "/info ", "/weather ", "/", ""])
                .unwrap();
            let fill = *rng.choice(&["é", "🏔", "x", "\u{202e}", "\0", "@"]).unwrap();
            let mut text = mark.to_owned();
            while text.len() + fill.len() <= 228 {
                text.push_str(fill);
            }
            text.into_bytes()
        }
        _ => (0..rng.usize(0..230)).map(|_| rng.u8(..)).collect(),
    }
}

/// A text as our node hears it: to `to`, or to everybody on `channel`.
pub fn text(from: &Person, to: NodeNum, channel: u8, id: u32, text: Vec<u8>) -> proto::MeshPacket {
    let direct = to != NodeNum::BROADCAST;
    proto::MeshPacket {
        from: from.num.0,
        to: to.0,
        channel: u32::from(channel),
        id,
        hop_start: 3,
        hop_limit: 3,
        rx_snr: 6.25,
        rx_rssi: Some(-61),
        relay_node: u32::from(from.num.relay_byte()),
        want_ack: direct,
        pki_encrypted: direct,
        public_key: match from.public_key {
            Some(key) if direct => key.to_vec(),
            _ => Vec::new(),
        },
        transport_mechanism: mesh_packet::TransportMechanism::TransportLora.into(),
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: PortNum::TextMessageApp.into(),
            payload: text,
            bitfield: Some(1),
            ..Default::default()
        })),
        ..Default::default()
    }
}

/// A packet as no sane node makes it.
pub fn odd(rng: &mut fastrand::Rng, people: &[NodeNum], own: NodeNum) -> proto::MeshPacket {
    let payload: Vec<u8> = (0..rng.usize(0..200)).map(|_| rng.u8(..)).collect();
    let ports = [0, 1, 3, 4, 5, 6, 8, 65, 67, 70, 71, 77, 300, -1];
    let to = [u32::MAX, own.0, rng.u32(..)];
    proto::MeshPacket {
        from: match rng.u8(0..4) {
            0 => rng.u32(..),
            _ => rng.choice(people).unwrap().0,
        },
        to: *rng.choice(&to).unwrap(),
        channel: rng.u32(0..300),
        id: rng.u32(..),
        rx_time: rng.bool().then(|| rng.u32(..)),
        hop_limit: rng.u32(0..300),
        hop_start: rng.u32(0..300),
        rx_snr: f32::from_bits(rng.u32(..)),
        rx_rssi: rng.bool().then(|| rng.i32(..)),
        priority: rng.i32(0..200),
        relay_node: rng.u32(0..600),
        transport_mechanism: rng.i32(0..20),
        public_key: payload.clone(),
        pki_encrypted: rng.bool(),
        via_mqtt: rng.bool(),
        payload_variant: match rng.u8(0..8) {
            0 => None,
            1 => Some(mesh_packet::PayloadVariant::Encrypted(payload)),
            _ => Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: *rng.choice(&ports).unwrap(),
                payload,
                request_id: rng.u32(..),
                reply_id: rng.u32(..),
                emoji: u32::from(rng.bool()),
                ..Default::default()
            })),
        },
        ..Default::default()
    }
}

/// A node that tells about itself, hostile in part.
pub fn introduction(rng: &mut fastrand::Rng, from: &Person) -> proto::MeshPacket {
    let names: [&[u8]; 6] = [
        b"/ping",
        "\u{202e}\u{200b}@all".as_bytes(),
        b"\0\x1b[31m",
        b"\xff\xfe\xf0\x9f",
        "👩\u{200d}👩\u{200d}👧".as_bytes(),
        b"",
    ];
    let mut key = [0; 32];
    rng.fill(&mut key);
    let user = proto::User {
        id: from.num.to_string().into_bytes(),
        long_name: rng.choice(names).unwrap().to_vec(),
        short_name: rng.choice(names).unwrap().iter().copied().take(4).collect(),
        hw_model: rng.u32(..),
        public_key: match rng.u8(0..3) {
            0 => key.to_vec(),
            1 => Vec::new(),
            _ => from.public_key.map(Vec::from).unwrap_or_default(),
        },
        ..Default::default()
    };
    let mut packet = text(from, NodeNum::BROADCAST, 0, rng.u32(1..), Vec::new());
    if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut packet.payload_variant {
        data.portnum = PortNum::NodeinfoApp.into();
        data.payload = prost::Message::encode_to_vec(&user);
    }
    packet
}

/// What is answered although nobody of the mesh has asked just now.
pub fn id_of(packet: &proto::MeshPacket) -> PacketId {
    PacketId(packet.id)
}
