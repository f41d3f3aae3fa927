//! The node's behaviour, one rule of the protocol a test, with a clock that
//! only the test moves.

mod faults;
mod handshake;
mod receiving;
mod sending;

use std::time::Duration;

use expect_test::expect;
use prost::Message;

use super::*;
use crate::link::frame::{self, Decoder};
use crate::mesh::{NodeNum, Now, PacketId};
use crate::proto::{
    self, PortNum, from_radio::PayloadVariant as From, mesh_packet::PayloadVariant as Content,
    routing, to_radio::PayloadVariant as ToNode,
};

const OWN: NodeNum = NodeNum(0xa1b2_c3d4);

/// A node with a client, and everything that the client got.
struct Bench {
    node: SimNode,
    now: Now,
    conn: ConnId,
    decoder: Decoder,
    raw: Vec<u8>,
    closed: bool,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let now = Now {
            mono: Duration::from_secs(10),
            unix: 1_795_400_000,
        };
        let mut node = SimNode::new(settings, now);
        let conn = node.accept(now);
        Self {
            node,
            now,
            conn,
            decoder: Decoder::default(),
            raw: Vec::new(),
            closed: false,
        }
    }

    /// After a configuration-only handshake.
    fn steady(settings: Settings) -> Self {
        let time = if settings.latency { 500 } else { 0 };
        let mut bench = Self::new(settings);
        bench.say(ToNode::WantConfigId(69420));
        bench.wait(time);
        assert!(bench.node.steady());
        bench.got();
        bench
    }

    fn reconnect(&mut self) {
        self.conn = self.node.accept(self.now);
        self.decoder.reset();
        self.closed = false;
        self.say(ToNode::WantConfigId(69420));
    }

    fn say(&mut self, message: ToNode) {
        self.say_all(vec![message]);
    }

    fn say_all(&mut self, messages: Vec<ToNode>) {
        let mut bytes = Vec::new();
        for message in messages {
            let message = proto::ToRadio {
                payload_variant: Some(message),
            };
            assert!(frame::encode(&message, &mut bytes));
        }
        self.node.receive(self.now, self.conn, &bytes);
    }

    /// Lets time pass, with a tick at each deadline.
    fn wait(&mut self, milliseconds: u64) {
        let end = self.now.plus(Duration::from_millis(milliseconds));
        while let Some(at) = self.node.deadline().filter(|&at| at <= end.mono) {
            self.now = self.now.plus(at.saturating_sub(self.now.mono));
            self.node.tick(self.now);
        }
        self.now = end;
        self.node.tick(end);
    }

    /// The bytes that came since, and whether the connection is closed.
    fn bytes(&mut self) -> Vec<u8> {
        while let Some(output) = self.node.next_output() {
            match output {
                Output::Bytes(conn, bytes) if conn == self.conn => self.raw.extend(bytes),
                Output::Close(conn) if conn == self.conn => self.closed = true,
                _ => {}
            }
        }
        std::mem::take(&mut self.raw)
    }

    fn got(&mut self) -> Vec<From> {
        let bytes = self.bytes();
        self.decoder.push(&bytes);
        let mut out = Vec::new();
        while let Some(frame) = self.decoder.next_frame() {
            match proto::FromRadio::decode(frame) {
                Ok(message) => out.extend(message.payload_variant),
                Err(_) => self.decoder.reject(),
            }
        }
        out
    }

    fn packets(&mut self) -> Vec<proto::MeshPacket> {
        let packets = self.got().into_iter().filter_map(|message| match message {
            From::Packet(packet) => Some(packet),
            _ => None,
        });
        packets.collect()
    }

    fn texts(&mut self) -> Vec<String> {
        let packets = self.packets();
        packets.iter().filter_map(text_of).collect()
    }

    /// Sends and tells in short what came of it.
    fn send(&mut self, packet: proto::MeshPacket) -> String {
        self.say(ToNode::Packet(packet));
        self.brief()
    }

    fn brief(&mut self) -> String {
        let got = self.got();
        let lines: Vec<_> = got.iter().map(|message| self.describe(message)).collect();
        lines.join(" ")
    }

    fn describe(&self, message: &From) -> String {
        match message {
            From::QueueStatus(status) => {
                format!("res{}/free{}", status.res, status.free)
            }
            From::ClientNotification(_) => "notice".to_owned(),
            From::Packet(packet) => {
                let who = match packet.from {
                    from if from == self.node.own().0 => "own".to_owned(),
                    from => NodeNum(from).to_string(),
                };
                let Some(Content::Decoded(data)) = &packet.payload_variant else {
                    return format!("{who}:encrypted");
                };
                match PortNum::try_from(data.portnum).unwrap() {
                    PortNum::RoutingApp => {
                        let routing = proto::Routing::decode(data.payload.as_slice()).unwrap();
                        let Some(routing::Variant::ErrorReason(error)) = routing.variant else {
                            return "route".to_owned();
                        };
                        let error = routing::Error::try_from(error).unwrap();
                        format!("{who}:{}", error.as_str_name())
                    }
                    port => format!("{who}:{}", port.as_str_name()),
                }
            }
            other => format!("{other:?}"),
        }
    }
}

fn text_of(packet: &proto::MeshPacket) -> Option<String> {
    match &packet.payload_variant {
        Some(Content::Decoded(data)) if data.portnum == 1 => {
            Some(String::from_utf8_lossy(&data.payload).into_owned())
        }
        _ => None,
    }
}

fn packet(to: NodeNum, id: u32, port: PortNum, payload: &[u8]) -> proto::MeshPacket {
    proto::MeshPacket {
        from: OWN.0,
        to: to.0,
        id,
        hop_limit: 3,
        want_ack: true,
        payload_variant: Some(Content::Decoded(proto::Data {
            portnum: port.into(),
            payload: payload.to_vec(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn text(id: u32, words: &str) -> proto::MeshPacket {
    packet(
        NodeNum::BROADCAST,
        id,
        PortNum::TextMessageApp,
        words.as_bytes(),
    )
}

fn no_telemetry() -> Settings {
    Settings {
        own_telemetry: false,
        ..Settings::default()
    }
}

fn version(version: Version) -> Settings {
    Settings {
        version,
        ..no_telemetry()
    }
}

/// Kinds of message, runs of the same kind counted.
fn kinds(messages: &[From]) -> String {
    let name = |message: &From| match message {
        From::MyInfo(_) => "my_info",
        From::DeviceuiConfig(_) => "deviceui",
        From::NodeInfo(_) => "node_info",
        From::Metadata(_) => "metadata",
        From::Channel(_) => "channel",
        From::Config(_) => "config",
        From::ModuleConfig(_) => "module",
        From::FileInfo(_) => "file",
        From::ConfigCompleteId(_) => "complete",
        From::Packet(_) => "packet",
        From::QueueStatus(_) => "status",
        _ => "other",
    };
    let mut out = String::new();
    for run in messages.chunk_by(|a, b| name(a) == name(b)) {
        out += &format!("{}*{} ", name(&run[0]), run.len());
    }
    out
}
