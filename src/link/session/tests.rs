//! A session against a node that exists only as a handful of frames.

mod ending;
mod handshake;
mod heard;
mod lockdown;
mod outcomes;
mod probes;
mod set_clock;
mod waiting;

use super::*;
use crate::link::message::{
    Class, DropReason, Failure, Keep, REPLY_EXPIRY, Received, Target, Text,
};
use crate::mesh::{ChannelIndex, Hops, PacketId, Payload, Standing};
use crate::proto::{from_radio, mesh_packet};
use from_radio::PayloadVariant as From;
use to_radio::PayloadVariant as To;

const OWN: NodeNum = NodeNum(0xa1b2_c3d4);
const FRIEND: NodeNum = NodeNum(0x0bad_cafe);
const START: u64 = 2_000_000_000;

/// A session, its clock, and the far end of its stream.
struct Rig {
    session: Session,
    now: Now,
    gate: Arc<Gate>,
    written: Decoder,
}

fn frame_of(variant: From) -> Vec<u8> {
    let mut bytes = Vec::new();
    let message = proto::FromRadio {
        id: 0,
        payload_variant: Some(variant),
    };
    assert!(frame::encode(&message, &mut bytes));
    bytes
}

fn data(port: PortNum, payload: &[u8]) -> proto::Data {
    proto::Data {
        portnum: port as i32,
        payload: payload.to_vec(),
        bitfield: Some(1),
        ..Default::default()
    }
}

fn heard(from: NodeNum, id: u32, data: proto::Data) -> proto::MeshPacket {
    proto::MeshPacket {
        from: from.0,
        to: NodeNum::BROADCAST.0,
        id,
        rx_snr: 6.0,
        rx_rssi: Some(-90),
        hop_start: 3,
        hop_limit: 3,
        transport_mechanism: 1,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(data)),
        ..Default::default()
    }
}

/// All that every firmware sends (protocol.md §2.2), but for the end.
pub fn configuration(num: NodeNum) -> Vec<From> {
    let mut all = vec![
        From::MyInfo(proto::MyNodeInfo {
            my_node_num: num.0,
            nodedb_count: 3,
            ..Default::default()
        }),
        From::NodeInfo(node_info(num)),
        From::Metadata(proto::DeviceMetadata {
            firmware_version: "2.7.26".into(),
            ..Default::default()
        }),
    ];
    all.extend((0..8).map(|index| {
        From::Channel(proto::Channel {
            index,
            settings: None,
            role: i32::from(index == 0),
        })
    }));
    all.push(From::Config(proto::Config {
        payload_variant: Some(proto::config::PayloadVariant::Lora(
            proto::config::LoRaConfig {
                hop_limit: 5,
                ..Default::default()
            },
        )),
    }));
    all
}

fn ping(id: u32) -> proto::MeshPacket {
    heard(FRIEND, id, data(PortNum::TextMessageApp, b"/ping"))
}

fn ack(from: NodeNum, request: PacketId, reason: u8) -> proto::MeshPacket {
    let mut data = data(PortNum::RoutingApp, &[0x18, reason]);
    data.request_id = request.0;
    let mut packet = proto::MeshPacket {
        to: OWN.0,
        ..heard(from, request.0 ^ 0x5555, data)
    };
    if from == OWN {
        // What our own node says comes from no radio.
        packet.rx_snr = 0.0;
        packet.rx_rssi = None;
        packet.transport_mechanism = 0;
    }
    packet
}

fn answer(target: Target, keep: Keep) -> Text {
    Text {
        target,
        text: "pong".into(),
        reply_to: Some(PacketId(7)),
        hops_used: Hops::Known(1),
        for_others: false,
        class: Class::Public,
        keep,
        command: "/ping".into(),
        is_last: true,
        want_ack: true,
        is_reaction: false,
    }
}

const PUBLIC: Target = Target::Channel(ChannelIndex(0));
const DIRECT: Target = Target::Node {
    num: FRIEND,
    channel: ChannelIndex(0),
};

impl Rig {
    fn new(handshake: Handshake) -> Self {
        let settings = Settings {
            handshake,
            sanity: Sanity {
                built: 1_900_000_000,
            },
            ..Settings::default()
        };
        let gate = Gate::new(settings.text_spacing);
        Self {
            session: Session::new(settings, gate.clone(), fastrand::Rng::with_seed(1)),
            now: Now {
                mono: Duration::from_secs(100),
                unix: START,
            },
            gate,
            written: Decoder::default(),
        }
    }

    /// Connected, configuration complete, back-log drained, nodes there.
    fn steady() -> Self {
        let mut rig = Self::new(Handshake::TwoPhase);
        rig.connect();
        rig.configure(NONCE_CONFIG);
        rig.wait(2_000);
        assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_NODES)]));
        rig.give(From::ConfigCompleteId(NONCE_NODES));
        rig.events();
        rig
    }

    fn connect(&mut self) {
        self.written.reset();
        self.session.connected(self.now);
    }

    fn configure(&mut self, nonce: u32) {
        assert!(matches!(self.take()[..], [To::WantConfigId(asked)] if asked == nonce));
        self.give_configuration(OWN);
        self.give(From::ConfigCompleteId(nonce));
        // Heartbeats are mostly not what a test is about.
        if self.session.output().len() == 6 {
            self.take();
        }
    }

    fn give_configuration(&mut self, num: NodeNum) {
        for variant in configuration(num) {
            self.give(variant);
        }
    }

    fn give(&mut self, variant: From) {
        self.session.received(self.now, &frame_of(variant));
    }

    fn hear(&mut self, packet: proto::MeshPacket) -> Vec<Received> {
        self.give(From::Packet(packet));
        self.packets()
    }

    /// Lets time pass in steps of the session's own deadlines.
    fn wait(&mut self, ms: u64) {
        let end = self.now.mono + Duration::from_millis(ms);
        for _ in 0..100_000 {
            let next = self.session.deadline().unwrap_or(end).max(self.now.mono);
            if next > end {
                self.now = self.now.plus(end - self.now.mono);
                return;
            }
            self.now = self.now.plus(next - self.now.mono);
            self.session.tick(self.now);
            if self.now.mono == end && self.session.deadline().is_none_or(|at| at > end) {
                return;
            }
            if !self.session.output().is_empty() || self.session.verdict.is_some() {
                return;
            }
        }
        panic!("the session asks to be woken for ever");
    }

    /// What the session wrote, but for heartbeats.
    fn take(&mut self) -> Vec<To> {
        let mut messages = self.take_all();
        messages.retain(|message| !matches!(message, To::Heartbeat(_)));
        messages
    }

    /// What the session wrote.
    fn take_all(&mut self) -> Vec<To> {
        let bytes = self.session.output().to_vec();
        self.written.push(&bytes);
        self.session.wrote(self.now, bytes.len());
        let mut messages = Vec::new();
        while let Some(payload) = self.written.next_frame() {
            let message = <proto::ToRadio as prost::Message>::decode(payload).unwrap();
            messages.extend(message.payload_variant);
        }
        messages
    }

    fn take_packet(&mut self) -> proto::MeshPacket {
        match &self.take()[..] {
            [To::Packet(packet)] => packet.clone(),
            other => panic!("not one packet: {other:?}"),
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.event()).collect()
    }

    fn packets(&mut self) -> Vec<Received> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Packet(received) => Some(*received),
                _ => None,
            })
            .collect()
    }

    fn outcomes(&mut self) -> Vec<(u64, Outcome)> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Outcome(ticket, outcome) => Some((ticket.0, outcome)),
                _ => None,
            })
            .collect()
    }

    fn send(&mut self, ticket: u64, text: Text) {
        self.gate.returned(text.class);
        self.session
            .request(self.now, Request::Text(Ticket(ticket), Box::new(text)));
    }

    /// Sends a text and gives back its packet.
    fn sent(&mut self, ticket: u64, target: Target) -> proto::MeshPacket {
        self.send(ticket, answer(target, Keep::For(REPLY_EXPIRY)));
        self.take_packet()
    }

    fn lose(&mut self) {
        self.session.disconnected(self.now, Loss::EndOfFile);
    }
}

fn node_info(num: NodeNum) -> proto::NodeInfo {
    proto::NodeInfo {
        num: num.0,
        user: Some(proto::User {
            long_name: b"Somebody".to_vec(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

use crate::proto::PortNum;

fn status(free: u32, id: u32, res: i32) -> proto::QueueStatus {
    proto::QueueStatus {
        res,
        free,
        maxlen: 16,
        mesh_packet_id: id,
    }
}

fn lockdown(state: proto::lockdown_status::State) -> From {
    From::LockdownStatus(proto::LockdownStatus {
        state: state.into(),
    })
}
