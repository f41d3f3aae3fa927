//! Ten thousand packets on their way from the simulated node through session
//! and bot into the database, made from a seed: every port, and everything that
//! must not be counted. Then questions, as a person asks them.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crossbeam_channel::Sender;
use meshbot::bot::dispatch::Before;
use meshbot::bot::jobs::JobResult;
use meshbot::history::insight::{Archive, Question, QuestionId};
use meshbot::mesh::NodeNum;
use meshbot::proto::{self, PortNum, mesh_packet, routing, telemetry};
use meshbot::sim::{Fault, Said, Settings, SimNode, Version};
use meshbot::store::history::thread::Doubts;
use meshbot::store::history::{self, Limits, read};
use prost::Message;

use super::truth::Inline;
use crate::support::world::{EPOCH, Options, World};

/// Packets of the fixture, which fill a day and some hours.
pub const PACKETS: u64 = 10_000;
/// After so many of them the bot is restarted, or nothing happens for as long.
const PAUSE: u64 = 5_003;
/// Said on the channel, one after the other.
const TALK: [&str; 8] = [
    "Bonjour à tous",
    "anybody on the hill today?",
    "73 de F4XYZ 👩\u{200d}🚒",
    "/nonsense is no command of anybody",
    "\u{202e}gnirts desrever",
    "a long story about an antenna that fell off the roof in the storm of last night",
    "ok",
    "à ce soir",
];

/// Looks things up at once, in the same thread.
pub struct Reading(pub PathBuf, pub Sender<JobResult>);

impl Archive for Reading {
    fn ask(&self, id: QuestionId, question: Box<Question>) -> bool {
        let looked = read::look_up(&self.0, &Doubts::default(), &question);
        self.1.try_send(JobResult::looked(id, looked)).is_ok()
    }
}

pub struct Fixture {
    pub world: World,
    path: PathBuf,
    language: &'static str,
    more: &'static str,
    rng: fastrand::Rng,
    /// What came before, for echoes.
    before: Vec<proto::MeshPacket>,
    /// When packets were heard that count.
    pub counted: Vec<u64>,
}

impl Fixture {
    /// A node with a full list, and a bot with a history in `path`.
    pub fn new(path: &Path, language: &'static str) -> Self {
        Self::with(path, language, "")
    }

    /// The same with something more in the configuration.
    pub fn with(path: &Path, language: &'static str, more: &'static str) -> Self {
        let mut world = World::with(options(path, language, more));
        world.settle();
        Self {
            world,
            path: path.to_owned(),
            language,
            more,
            rng: fastrand::Rng::with_seed(7),
            before: Vec::new(),
            counted: Vec::new(),
        }
    }

    /// All packets have come; the bot was restarted in the middle, or not.
    pub fn told(path: &Path, language: &'static str, restarted: bool) -> Self {
        let mut fixture = Self::new(path, language);
        for n in 1..=PACKETS {
            fixture.packet(n);
            if n == PAUSE && restarted {
                fixture = fixture.restart();
            } else if n == PAUSE {
                fixture.world.run(8_000);
            }
        }
        fixture
    }

    pub fn restart(mut self) -> Self {
        self.world.bot.close(self.world.now);
        let restarted = self
            .world
            .restart(|| options(&self.path, self.language, self.more));
        self.world = restarted;
        self.world.settle();
        self
    }

    /// Some time passes, and one more packet comes.
    fn packet(&mut self, n: u64) {
        // At night less goes on, by UTC.
        let hour = (self.world.now.unix / 3_600) % 24;
        let secs = if (7..22).contains(&hour) { 9 } else { 24 };
        self.world.run(secs * 1_000);
        match n {
            // For ten minutes nobody listens to the node: a back-log.
            4_000 => {
                self.world.off = true;
                self.world.fault(Fault::Drop);
            }
            4_030 => {
                self.world.off = false;
                self.world.run(90_000);
            }
            // An answer that does not arrive.
            2_500 | 7_500 => {
                let asker = self.world.person(usize::try_from(n / 1_000).unwrap());
                self.world.fault(Fault::NakWith(routing::Error::PkiFailed));
                self.world.ask(Said::to_us(asker, "/ping"));
                self.counted.push(self.world.now.unix);
                self.world.fault(Fault::NormalAcks);
            }
            _ => {}
        }
        let waits = (4_000..4_030).contains(&n);
        let (packet, counts) = self.awkward(n);
        self.world.node.force(self.world.now, packet);
        self.world.run(0);
        if counts && !waits {
            self.counted.push(self.world.now.unix);
        }
    }

    /// One of the packets of the fixture, and whether it counts.
    fn awkward(&mut self, n: u64) -> (proto::MeshPacket, bool) {
        if n.is_multiple_of(53) {
            // A late echo of what was heard some minutes ago.
            let echo = self.rng.usize(self.before.len() - 40..self.before.len());
            return (self.before[echo].clone(), false);
        }
        let mut packet = self.ordinary(n);
        let mut counts = true;
        if n.is_multiple_of(17) {
            // Old firmware does not say how far it came.
            packet.hop_start = 0;
            packet.hop_limit = 0;
            if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut packet.payload_variant {
                data.bitfield = None;
            }
        }
        if n.is_multiple_of(37) {
            // By UDP in the local network.
            packet.transport_mechanism = 6;
            packet.rx_snr = 0.0;
            packet.rx_rssi = None;
        } else if n.is_multiple_of(19) {
            packet.via_mqtt = true;
            counts = false;
        }
        if n.is_multiple_of(29) {
            // A record that a node of 2.8 has kept.
            packet.priority = mesh_packet::Priority::Background as i32;
            packet.rx_rssi = None;
            packet.rx_snr = 0.0;
            packet.transport_mechanism = 1;
            packet.hop_limit = packet.hop_start;
            packet.rx_time = Some(packet.rx_time.unwrap() - 50_000);
            counts = false;
        } else if n.is_multiple_of(31) {
            // Somebody claims to be us.
            packet.from = self.world.node.own().0;
            counts = false;
        } else if n.is_multiple_of(97) {
            packet = self.our_air(packet, n);
            counts = false;
        }
        self.before.push(packet.clone());
        (packet, counts)
    }

    fn ordinary(&mut self, n: u64) -> proto::MeshPacket {
        let people = self.world.node.people();
        let rng = &mut self.rng;
        let who = rng.usize(0..people.len()).min(rng.usize(0..people.len()));
        let other = &people[rng.usize(0..people.len())];
        let person = &people[who];
        let unix = u32::try_from(self.world.now.unix).unwrap();
        // Half of those nearby are heard directly.
        let hops = match who % 10 {
            0 | 5 => 0,
            _ => rng.u32(1..=4),
        };
        let words = TALK[rng.usize(0..TALK.len())];
        let (port, payload) = match rng.u8(0..100) {
            0..35 => {
                let metrics = person.metrics(unix % 1_000_000 + u32::try_from(who).unwrap());
                let variant = Some(telemetry::Variant::DeviceMetrics(metrics));
                let said = proto::Telemetry { time: 0, variant };
                (PortNum::TelemetryApp, said.encode_to_vec())
            }
            35..60 => {
                let place = person.position(unix).unwrap_or_default();
                (PortNum::PositionApp, place.encode_to_vec())
            }
            60..75 => {
                let user = person.user(Version::V2_7).encode_to_vec();
                (PortNum::NodeinfoApp, user)
            }
            75..80 => (PortNum::TextMessageApp, words.as_bytes().to_vec()),
            80..83 => {
                let said = proto::RouteDiscovery {
                    route: vec![other.num.0],
                    snr_towards: vec![rng.i32(-80..40)],
                    ..Default::default()
                };
                (PortNum::TracerouteApp, said.encode_to_vec())
            }
            83..86 => {
                let neighbors = (1..=10).map(|at| proto::Neighbor {
                    node_id: people[(who + at * 7) % people.len()].num.0,
                    snr: f32::from(rng.i8(-80..40)) / 4.0,
                });
                let said = proto::NeighborInfo {
                    node_id: person.num.0,
                    neighbors: neighbors.collect(),
                    ..Default::default()
                };
                (PortNum::NeighborinfoApp, said.encode_to_vec())
            }
            86..89 => (PortNum::RoutingApp, vec![0x18, 0]),
            89..91 => (PortNum::AdminApp, Vec::new()),
            _ => (PortNum::UnknownApp, Vec::new()),
        };
        let data = proto::Data {
            portnum: match n % 43 {
                // A port that nobody knows yet.
                0 => 35,
                _ => port as i32,
            },
            payload,
            bitfield: Some(1),
            ..Default::default()
        };
        let content = match port {
            _ if n.is_multiple_of(71) => None,
            PortNum::UnknownApp => Some(mesh_packet::PayloadVariant::Encrypted(vec![7; 30])),
            _ => Some(mesh_packet::PayloadVariant::Decoded(data)),
        };
        // Our own node says of relays only the last byte of their numbers.
        let relay = match hops {
            0 => person.num,
            _ => people[rng.usize(0..4) * 5].num,
        };
        proto::MeshPacket {
            from: person.num.0,
            to: NodeNum::BROADCAST.0,
            id: rng.u32(1..),
            rx_time: Some(unix),
            rx_snr: f32::from(rng.i8(-72..40)) / 4.0,
            rx_rssi: Some(rng.i32(-125..-60)),
            hop_start: 5,
            hop_limit: 5 - hops,
            relay_node: u32::from(relay.relay_byte()),
            transport_mechanism: 1,
            payload_variant: content,
            ..Default::default()
        }
    }

    /// What our node says of the air: more and more goes on, and once very much.
    fn our_air(&self, mut packet: proto::MeshPacket, n: u64) -> proto::MeshPacket {
        let busy = if n == 97 * 60 {
            61.0
        } else {
            f32::from(u16::try_from(n).unwrap()) / 500.0
        };
        let metrics = proto::DeviceMetrics {
            channel_utilization: Some(busy),
            air_util_tx: Some(1.0),
            ..Default::default()
        };
        let said = proto::Telemetry {
            time: 0,
            variant: Some(telemetry::Variant::DeviceMetrics(metrics)),
        };
        packet.from = self.world.node.own().0;
        packet.transport_mechanism = 0;
        packet.rx_snr = 0.0;
        packet.rx_rssi = None;
        packet.via_mqtt = false;
        packet.payload_variant = Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: PortNum::TelemetryApp as i32,
            payload: said.encode_to_vec(),
            ..Default::default()
        }));
        packet
    }

    /// What the bot says to a direct message of its operator, half a minute
    /// after what was before.
    pub fn ask(&mut self, text: &str) -> Vec<String> {
        self.world.run(30_000);
        let operator = self.world.person(0);
        let answers = self.world.ask(Said::to_us(operator, text));
        answers.into_iter().map(|answer| answer.text).collect()
    }

    /// Question and answer, one after the other; each answer is one packet.
    pub fn conversation(&mut self, questions: &[&str]) -> String {
        let mut lines = String::new();
        for question in questions {
            let answers = self.ask(question);
            assert_eq!(answers.len(), 1, "{question}: {answers:?}");
            assert!(answers[0].len() <= 200, "{question}: {answers:?}");
            lines += &format!("{question}\n{}\n", answers[0]);
        }
        lines
    }
}

/// A bot that knows what stands in `path`.
fn options(path: &Path, language: &str, more: &str) -> Options {
    let sim = Settings {
        version: Version::V2_7,
        nodes: 249,
        own_telemetry: false,
        ..Settings::default()
    };
    let node = SimNode::new(
        sim.clone(),
        meshbot::mesh::Now {
            unix: EPOCH,
            ..Default::default()
        },
    );
    let operator = &node.people()[0];
    let key = STANDARD.encode(operator.public_key.unwrap());
    let known = history::open(path, Limits::default()).unwrap();
    let before = Before {
        own: known.own,
        nodes: known.nodes,
        ..Before::default()
    };
    drop(known.writer);
    let reading = path.to_owned();
    Options {
        sim,
        config: format!(
            "language = \"{language}\"\n[operator]\nnode = \"{}\"\nkey = \"{key}\"\n{more}",
            operator.num
        ),
        before,
        history: Inline::at(path),
        archive: Some(Box::new(|results| Box::new(Reading(reading, results)))),
        ..Options::default()
    }
}
