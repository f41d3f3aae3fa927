//! A session whose node speaks in whole messages: it completes handshakes,
//! answers what was sent, and means it or not.

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use meshbot::link::frame;
use meshbot::mesh::NodeNum;
use meshbot::proto::{self, from_radio, mesh_packet, routing};
use prost::Message;

use super::link_rig::{Rig, START, Wish, node_num};

#[derive(Arbitrary, Debug)]
struct Input {
    seed: u8,
    full: bool,
    /// Begin with a connection that is good for sending.
    ready: bool,
    steps: Vec<Step>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Connect,
    Lose,
    /// All that a handshake brings, and its end.
    Handshake {
        own: u8,
        hop_limit: u8,
        channels: u8,
    },
    Say(Frame),
    /// Only so many bytes of it come.
    Torn(Frame, u8),
    Noise(Vec<u8>),
    Wish(Wish),
    Wishes(Wish, Wish, Wish),
    Take(u8),
    TakeAll,
    Milliseconds(u16),
    Seconds(u16),
    Clock(u32),
    Stop,
}

#[derive(Arbitrary, Debug)]
enum Frame {
    MyInfo(u8),
    NodeInfo(u8, Vec<u8>, Option<u8>),
    Channel(i32, i32, Vec<u8>),
    Lora(u32, i32),
    Metadata(Vec<u8>),
    Complete(Nonce),
    Rebooted(bool),
    Notice(i32, Vec<u8>),
    Lockdown(i32),
    Queue {
        about: Option<u8>,
        res: i8,
        free: u8,
    },
    /// About a packet of ours.
    Routing {
        about: u8,
        from: Answerer,
        reason: u8,
        id: u16,
    },
    Packet(Box<Heard>),
    Empty,
}

#[derive(Arbitrary, Debug)]
enum Nonce {
    Right,
    Nodes,
    Other(u32),
}

#[derive(Arbitrary, Debug)]
enum Answerer {
    Recipient,
    Own,
    Somebody(u8),
}

#[derive(Arbitrary, Debug)]
struct Heard {
    from: u8,
    to: u8,
    id: u8,
    port: Port,
    payload: Vec<u8>,
    sealed: bool,
    rx_time: Option<i16>,
    rx_rssi: Option<i8>,
    channel: u32,
    hop_limit: u8,
    hop_start: u8,
    priority: i32,
    transport: i32,
    request: Option<u8>,
    reply: Option<u8>,
    emoji: bool,
    pki: bool,
    via_mqtt: bool,
}

#[derive(Arbitrary, Debug)]
enum Port {
    Text,
    OwnText,
    Routing,
    Traceroute,
    Telemetry,
    Any(i32),
}

/// Acknowledged, given up, too early, no key, and a reason of the future.
const REASONS: [i32; 5] = [0, 5, 38, 39, 1_000];

impl Frame {
    fn variant(&self, rig: &Rig) -> Option<from_radio::PayloadVariant> {
        use from_radio::PayloadVariant as V;
        Some(match self {
            Self::MyInfo(own) => V::MyInfo(proto::MyNodeInfo {
                my_node_num: node_num(*own).0,
                nodedb_count: 3,
                ..Default::default()
            }),
            Self::NodeInfo(num, name, hops) => V::NodeInfo(node_info(node_num(*num), name, *hops)),
            Self::Channel(index, role, name) => V::Channel(proto::Channel {
                index: *index,
                role: *role,
                settings: Some(proto::ChannelSettings {
                    name: name.clone(),
                    ..Default::default()
                }),
            }),
            Self::Lora(hop_limit, preset) => V::Config(lora(*hop_limit, *preset)),
            Self::Metadata(version) => V::Metadata(proto::DeviceMetadata {
                firmware_version: version.clone(),
                ..Default::default()
            }),
            Self::Complete(Nonce::Right) => V::ConfigCompleteId(rig.nonce()),
            Self::Complete(Nonce::Nodes) => V::ConfigCompleteId(69_421),
            Self::Complete(Nonce::Other(nonce)) => V::ConfigCompleteId(*nonce),
            Self::Rebooted(rebooted) => V::Rebooted(*rebooted),
            Self::Notice(level, message) => V::ClientNotification(proto::ClientNotification {
                level: *level,
                message: message.clone(),
                ..Default::default()
            }),
            Self::Lockdown(state) => V::LockdownStatus(proto::LockdownStatus { state: *state }),
            Self::Queue { about, res, free } => V::QueueStatus(proto::QueueStatus {
                res: i32::from(*res),
                free: u32::from(*free),
                maxlen: 16,
                mesh_packet_id: about
                    .and_then(|about| rig.sent(about))
                    .map_or(0, |packet| packet.id),
            }),
            Self::Routing {
                about,
                from,
                reason,
                id,
            } => {
                let sent = rig.sent(*about)?;
                let from = match from {
                    Answerer::Recipient => sent.to,
                    Answerer::Own => sent.from,
                    Answerer::Somebody(node) => node_num(*node).0,
                };
                let answer = proto::Routing {
                    variant: REASONS
                        .get(usize::from(*reason) % (REASONS.len() + 1))
                        .map(|reason| routing::Variant::ErrorReason(*reason)),
                };
                V::Packet(proto::MeshPacket {
                    from,
                    to: sent.from,
                    id: (*id).into(),
                    payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                        portnum: proto::PortNum::RoutingApp as i32,
                        payload: answer.encode_to_vec(),
                        request_id: sent.id,
                        ..Default::default()
                    })),
                    ..Default::default()
                })
            }
            Self::Packet(heard) => V::Packet(heard.packet(rig)),
            Self::Empty => return None,
        })
    }

    /// Longer than a frame can be, it is not said.
    fn bytes(&self, rig: &Rig) -> Vec<u8> {
        bytes_of(self.variant(rig))
    }
}

fn bytes_of(payload_variant: Option<from_radio::PayloadVariant>) -> Vec<u8> {
    let message = proto::FromRadio {
        id: 0,
        payload_variant,
    };
    let mut bytes = Vec::new();
    frame::encode(&message, &mut bytes);
    bytes
}

fn node_info(num: NodeNum, name: &[u8], hops: Option<u8>) -> proto::NodeInfo {
    proto::NodeInfo {
        num: num.0,
        user: (!name.is_empty()).then(|| proto::User {
            long_name: name.to_vec(),
            ..Default::default()
        }),
        hops_away: hops.map(u32::from),
        ..Default::default()
    }
}

fn lora(hop_limit: u32, modem_preset: i32) -> proto::Config {
    proto::Config {
        payload_variant: Some(proto::config::PayloadVariant::Lora(
            proto::config::LoRaConfig {
                hop_limit,
                modem_preset,
                ..Default::default()
            },
        )),
    }
}

impl Heard {
    fn packet(&self, rig: &Rig) -> proto::MeshPacket {
        let sent = |about: u8| rig.sent(about).map_or(0, |packet| packet.id);
        let text = |packet: &proto::MeshPacket| match &packet.payload_variant {
            Some(mesh_packet::PayloadVariant::Decoded(data)) => Some(data.payload.clone()),
            _ => None,
        };
        let (portnum, payload) = match self.port {
            Port::Text => (1, self.payload.clone()),
            // What we said ourselves, said by somebody else.
            Port::OwnText => (1, rig.sent(self.id).and_then(text).unwrap_or_default()),
            Port::Routing => (5, self.payload.clone()),
            Port::Traceroute => (70, self.payload.clone()),
            Port::Telemetry => (67, self.payload.clone()),
            Port::Any(port) => (port, self.payload.clone()),
        };
        let payload_variant = if self.sealed {
            mesh_packet::PayloadVariant::Encrypted(payload)
        } else {
            mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum,
                payload,
                request_id: self.request.map_or(0, sent),
                reply_id: self.reply.map_or(0, sent),
                emoji: self.emoji.into(),
                ..Default::default()
            })
        };
        let near = |seconds: i16| rig.now().unix.checked_add_signed(seconds.into());
        proto::MeshPacket {
            from: node_num(self.from).0,
            to: node_num(self.to).0,
            id: self.id.into(),
            rx_time: self
                .rx_time
                .and_then(near)
                .map(|time| u32::try_from(time).unwrap_or(START)),
            rx_rssi: self.rx_rssi.map(i32::from),
            channel: self.channel,
            hop_limit: self.hop_limit.into(),
            hop_start: self.hop_start.into(),
            priority: self.priority,
            transport_mechanism: self.transport,
            pki_encrypted: self.pki,
            via_mqtt: self.via_mqtt,
            payload_variant: Some(payload_variant),
            ..Default::default()
        }
    }
}

fn shake_hands(rig: &mut Rig, own: u8, hop_limit: u8, channels: u8) {
    rig.take_all();
    let mut bytes = Frame::MyInfo(own).bytes(rig);
    bytes.extend(Frame::NodeInfo(own, b"own".to_vec(), None).bytes(rig));
    for index in 0..8_u8 {
        let role = i32::from(channels >> index & 1);
        bytes.extend(Frame::Channel(index.into(), role, Vec::new()).bytes(rig));
    }
    bytes.extend(Frame::Metadata(Vec::new()).bytes(rig));
    bytes.extend(Frame::Lora(hop_limit.into(), 0).bytes(rig));
    bytes.extend(Frame::Complete(Nonce::Right).bytes(rig));
    rig.receive(&bytes);
}

/// Lives through the steps that `bytes` are understood as.
pub fn run(bytes: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(bytes)) else {
        return;
    };
    let mut rig = Rig::new(input.seed, input.full);
    if input.ready {
        rig.connect();
        shake_hands(&mut rig, 0, 3, 0b11);
    }
    for step in &input.steps {
        match step {
            Step::Connect => rig.connect(),
            Step::Lose => rig.lose(),
            Step::Handshake {
                own,
                hop_limit,
                channels,
            } => {
                rig.connect();
                shake_hands(&mut rig, *own, *hop_limit, *channels);
            }
            Step::Say(frame) => {
                let bytes = frame.bytes(&rig);
                rig.receive(&bytes);
            }
            Step::Torn(frame, length) => {
                let mut bytes = frame.bytes(&rig);
                bytes.truncate((*length).into());
                rig.receive(&bytes);
            }
            Step::Noise(bytes) => rig.receive(bytes),
            Step::Wish(wish) => rig.wish(wish),
            Step::Wishes(one, two, three) => {
                for wish in [one, two, three] {
                    rig.wish(wish);
                }
            }
            Step::Take(count) => rig.take((*count).into()),
            Step::TakeAll => rig.take_all(),
            Step::Milliseconds(time) => rig.wait(Duration::from_millis((*time).into())),
            Step::Seconds(time) => rig.wait(Duration::from_secs((*time).into())),
            Step::Clock(unix) => rig.set_clock(*unix),
            Step::Stop => rig.stop(),
        }
    }
    rig.finish();
}
