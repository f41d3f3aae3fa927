//! A mesh of 250 nodes that talks as meshes do, as fast as it can be computed:
//! the real node book and the real recorder under virtual time.

use std::time::Duration;

use meshbot::history::Batch;
use meshbot::history::record::Recorder;
use meshbot::link::Received;
use meshbot::mesh::{
    ChannelIndex, Hops, NodeBook, NodeNum, Now, Packet, PacketId, Payload, Sanity, Signal, Standing,
};
use meshbot::proto::{self, PortNum, telemetry};
use prost::Message;

pub const OWN: NodeNum = NodeNum(0x00c0_ffee);
pub const NODES: u32 = 250;
pub const EPOCH: u64 = 2_100_000_000;
const SANITY: Sanity = Sanity {
    built: 1_000_000_000,
};

pub struct Mesh {
    pub now: Now,
    pub book: NodeBook,
    pub recorder: Recorder,
    rng: fastrand::Rng,
    nodes: u32,
}

impl Mesh {
    pub fn new(seed: u64) -> Self {
        Self::of(seed, NODES)
    }

    /// Of another size than usual.
    pub fn of(seed: u64, nodes: u32) -> Self {
        let mut book = NodeBook::default();
        book.set_own(OWN);
        let listed = proto::NodeInfo {
            num: number_of(0),
            ..Default::default()
        };
        let now = Now {
            mono: Duration::ZERO,
            unix: EPOCH - 1,
        };
        book.note_node_list(&[listed], now, SANITY);
        let _ = book.take_changes();
        let mut recorder = Recorder::new(SANITY);
        recorder.set_own(OWN);
        Self {
            now: Now {
                mono: Duration::from_secs(1),
                unix: EPOCH,
            },
            book,
            recorder,
            rng: fastrand::Rng::with_seed(seed),
            nodes,
        }
    }

    /// A minute passes with `packets` in it; the batch that is due after it.
    pub fn minute(&mut self, packets: u32) -> Option<Batch> {
        for _ in 0..packets {
            self.now = self.now.plus(Duration::from_secs(60) / packets);
            let received = self.packet();
            self.receive(&received);
        }
        self.recorder.take_due(self.now, &self.book)
    }

    /// A minute of somebody who wants to wear out the memory card: other keys and
    /// names for everybody, strangers without number, questions whose answers
    /// never arrive. All batches that are due within it.
    pub fn hostile_minute(&mut self) -> Vec<Batch> {
        let mut batches = Vec::new();
        for nth in 0..20 {
            self.now = self.now.plus(Duration::from_secs(3));
            let mut received = self.packet();
            let mut said = user(nth);
            said.long_name = format!("{:x}", self.rng.u128(..)).into();
            said.public_key = (0..32).map(|_| self.rng.u8(..)).collect();
            match nth % 4 {
                0 => received.packet.from = NodeNum(self.rng.u32(4..)),
                1 => {}
                _ => said.long_name = user(nth).long_name,
            }
            if nth % 4 < 2 {
                let said = said.encode_to_vec();
                received.packet.payload = Payload::Port(PortNum::NodeinfoApp, said);
            }
            self.receive(&received);
            let to = received.packet.from;
            let reason = "MAX_RETRANSMIT".to_owned();
            self.recorder.undelivered(self.now, to, reason);
            batches.extend(self.recorder.take_due(self.now, &self.book));
        }
        batches
    }

    /// Everything that waits.
    pub fn flush(&mut self) -> Option<Batch> {
        self.recorder.take(self.now, &self.book)
    }

    pub fn receive(&mut self, received: &Received) {
        self.receive_of(received, true);
    }

    /// The same of somebody who is a regular, or is not.
    pub fn receive_of(&mut self, received: &Received, is_regular: bool) {
        let standing = received.standing;
        let noted = self
            .book
            .note_packet(&received.packet, standing, self.now, SANITY);
        let packet = &received.packet;
        self.recorder.packet(self.now, packet, standing, is_regular);
        if noted.key_differs {
            self.recorder.key_differs(self.now, received.packet.from);
        }
        let changes = self.book.take_changes();
        self.recorder.changed(self.now, &self.book, changes);
    }

    /// Some nodes talk much more than others; most is telemetry and positions.
    pub fn packet(&mut self) -> Received {
        let (rng, nodes) = (&mut self.rng, self.nodes);
        let who = rng.u32(0..nodes).min(rng.u32(0..nodes));
        let num = number_of(who);
        let hops = if who.is_multiple_of(5) {
            0
        } else {
            rng.u8(1..=4)
        };
        let payload = match rng.u8(0..100) {
            0..40 => Payload::Port(PortNum::TelemetryApp, battery(rng.u32(20..101))),
            40..65 => Payload::Port(PortNum::PositionApp, position(who, rng.i32(0..50))),
            65..80 => Payload::Port(PortNum::NodeinfoApp, user(who).encode_to_vec()),
            80..85 => Payload::Port(PortNum::TextMessageApp, b"thanks".to_vec()),
            85..87 => Payload::Port(PortNum::TracerouteApp, route(rng.u32(0..nodes))),
            87..90 => Payload::Port(PortNum::NeighborinfoApp, neighbours(num, who)),
            90..92 => Payload::OtherPort(35),
            _ => Payload::Encrypted,
        };
        Received {
            packet: Packet {
                from: NodeNum(num),
                to: if rng.u8(0..10) == 0 {
                    OWN
                } else {
                    NodeNum::BROADCAST
                },
                channel: ChannelIndex(0),
                id: PacketId(rng.u32(1..)),
                rx_time: self.now.unix,
                hops: Hops::Known(hops),
                signal: Some(Signal {
                    snr: f32::from(rng.i8(-72..40)) / 4.0,
                    rssi: Some(rng.i32(-125..-60)),
                }),
                relay: Some(rng.u8(1..)),
                via_mqtt: rng.u8(0..20) == 0,
                by_lora: true,
                background: false,
                sender_key: None,
                reply_to: None,
                is_reaction: false,
                request_id: None,
                payload,
            },
            standing: Standing::Live,
            age: None,
            answers_ours: false,
            traceroute: None,
        }
    }
}

fn number_of(who: u32) -> u32 {
    0x8000_0000 | (who.wrapping_mul(0x0101_6b4d) & 0x7fff_ffff) | 4
}

fn route(by: u32) -> Vec<u8> {
    let said = proto::RouteDiscovery {
        route: vec![number_of(by)],
        snr_towards: vec![-20],
        ..Default::default()
    };
    said.encode_to_vec()
}

fn neighbours(num: u32, who: u32) -> Vec<u8> {
    let neighbors = (1_u8..=10).map(|n| proto::Neighbor {
        node_id: number_of((who + u32::from(n) * 7) % NODES),
        snr: f32::from(n) / 4.0,
    });
    let said = proto::NeighborInfo {
        node_id: num,
        neighbors: neighbors.collect(),
        ..Default::default()
    };
    said.encode_to_vec()
}

fn battery(level: u32) -> Vec<u8> {
    let metrics = proto::DeviceMetrics {
        battery_level: Some(level),
        voltage: Some(3.7),
        channel_utilization: Some(7.3),
        air_util_tx: Some(1.1),
        uptime_seconds: Some(123_456),
    };
    let said = proto::Telemetry {
        time: 0,
        variant: Some(telemetry::Variant::DeviceMetrics(metrics)),
    };
    said.encode_to_vec()
}

fn position(who: u32, moved: i32) -> Vec<u8> {
    let who = i32::try_from(who).unwrap();
    let said = proto::Position {
        latitude_i: Some(480_000_000 + who * 1_000 + moved),
        longitude_i: Some(20_000_000 + who * 2_000),
        altitude: Some(120),
        precision_bits: 16,
        ..Default::default()
    };
    said.encode_to_vec()
}

fn user(who: u32) -> proto::User {
    proto::User {
        long_name: format!("Node number {who} of the mesh").into(),
        short_name: format!("N{who:03}").into(),
        hw_model: 43,
        public_key: vec![u8::try_from(who % 250 + 1).unwrap(); 32],
        ..Default::default()
    }
}
