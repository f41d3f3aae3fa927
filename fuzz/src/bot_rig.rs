//! A bot with a link in memory, of which nothing but what it says is looked at.
//!
//! - No panic, not even one that costs only an answer.
//! - A text fits its packet, is not empty, holds no control characters and
//!   cannot be taken for a command by another bot.
//! - What is due is done: no deadline lies in the past.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use meshbot::bot::all::{self, Outside};
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::host::HostStats;
use meshbot::bot::jobs::{Inline, JobResult};
use meshbot::config::{Config, Operator};
use meshbot::lang::Lang;
use meshbot::link::memory::FarEnd;
use meshbot::link::{Event, Identity, Link, Received};
use meshbot::mesh::{NodeNum, Now, Packet, Sanity, Standing};
use meshbot::proto::{self, PortNum, mesh_packet};
use meshbot::remote::{NoOthers, Others};

/// The bot's node.
pub const OWN: NodeNum = NodeNum(0xa1b2_c3d4);
/// The operator's node and key.
const BOSS: NodeNum = NodeNum(0x4000_0000);
const KEY: [u8; 32] = [7; 32];
/// From here on clocks are believed.
pub const BUILT: u64 = 1_900_000_000;

/// A bot, its clock and the other end of its link.
pub struct Rig {
    bot: Bot,
    far: FarEnd,
    results: Receiver<JobResult>,
    /// The time by both clocks.
    pub now: Now,
    limit: usize,
    /// Packets so far: each has a number of its own.
    heard: u32,
}

impl Rig {
    /// A bot that is connected. A text of it has at most 60 bytes and `limit`,
    /// and never more than 215.
    pub fn new(lang: u8, limit: u8, others: Option<Arc<dyn Others>>) -> Self {
        let (link, far) = Link::memory(Duration::from_millis(2_500));
        far.set_up(true);
        let (done, results) = bounded(64);
        let config = Config::parse("[node]\nhost = \"n\"", "fuzz.toml").expect("it is right");
        let sanity = Sanity { built: BUILT };
        let mut settings = Settings::from_config(&config, sanity);
        settings.lang = Lang::ALL[usize::from(lang) % Lang::ALL.len()];
        settings.bot.part_limit = 60 + usize::from(limit) % 156;
        settings.operator = Some(Operator {
            node: BOSS,
            key: KEY,
        });
        // Limits would end every conversation after five questions.
        settings.limits.per_sender.count = 1_000;
        settings.limits.per_channel.count = 1_000;
        settings.limits.total.count = 1_000;
        let limit = settings.bot.part_limit;
        let outside = Outside {
            others: others.unwrap_or_else(|| Arc::new(NoOthers)),
            ..Outside::default()
        };
        let parts = Parts {
            outbox: link.outbox,
            errands: Box::new(Inline(done)),
            keeper: Arc::new(Forgetful),
            history: None,
            archive: None,
            capabilities: all::capabilities(&settings, &outside),
            host: Box::new(HostStats::default),
            registry: all::registry(),
        };
        let bot = Bot::new(settings, parts, Before::default());
        let mut rig = Self {
            bot,
            far,
            results,
            now: Now {
                mono: Duration::from_secs(1),
                unix: BUILT + 1_000_000,
            },
            limit,
            heard: 0,
        };
        let mut identity = Identity {
            num: OWN,
            ..Identity::default()
        };
        identity.channels[0].enabled = true;
        rig.bot.handle(rig.now, Event::Ready(Box::new(identity)));
        rig
    }

    /// Somebody says something, in clear.
    pub fn hear(&mut self, from: u8, to: NodeNum, hops: u8, port: PortNum, payload: Vec<u8>) {
        self.receive(proto::MeshPacket {
            from: 0x5000_0000 + u32::from(from),
            to: to.0,
            hop_start: 7,
            hop_limit: 7 - u32::from(hops % 8),
            ..packet(port, payload)
        });
    }

    /// The operator gives an order, and this is said.
    pub fn order(&mut self, text: Vec<u8>) -> Vec<String> {
        self.receive(proto::MeshPacket {
            from: BOSS.0,
            to: OWN.0,
            pki_encrypted: true,
            public_key: KEY.to_vec(),
            ..packet(PortNum::TextMessageApp, text)
        })
    }

    /// How many nodes it knows of.
    pub fn known(&self) -> usize {
        self.bot.book().iter().count()
    }

    fn receive(&mut self, mut packet: proto::MeshPacket) -> Vec<String> {
        self.heard += 1;
        packet.id = self.heard;
        let received = Received {
            packet: Packet::from_wire(&packet),
            standing: Standing::Live,
            age: Some(0),
            answers_ours: false,
            traceroute: None,
        };
        self.bot.handle(self.now, Event::Packet(Box::new(received)));
        self.look()
    }

    /// Everything that is due is done, and looked at.
    pub fn look(&mut self) -> Vec<String> {
        while let Ok(result) = self.results.try_recv() {
            self.bot.finished(self.now, result);
        }
        self.bot.tick(self.now);
        let due = self.bot.deadline();
        assert!(due.is_none_or(|due| due > self.now.mono), "{due:?}");
        let texts = self.far.texts();
        let texts: Vec<String> = texts.into_iter().map(|text| text.text).collect();
        for text in &texts {
            assert!(!text.is_empty() && text.len() <= self.limit, "{text:?}");
            assert!(!text.starts_with(['/', '!', '@']), "{text:?}");
            let hidden = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(hidden), "{text:?}");
        }
        texts
    }
}

/// A packet heard directly.
fn packet(port: PortNum, payload: Vec<u8>) -> proto::MeshPacket {
    proto::MeshPacket {
        id: 1,
        rx_snr: 1.0,
        rx_rssi: Some(-90),
        hop_start: 7,
        hop_limit: 7,
        transport_mechanism: 1,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: port as i32,
            payload,
            bitfield: Some(1),
            ..Default::default()
        })),
        ..Default::default()
    }
}
