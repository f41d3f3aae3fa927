//! The bot from packet to text, with a test in the place of the link and a
//! virtual clock. Each question comes a minute after the one before, so that
//! limits matter only where a test turns the clock itself.

mod asked;
mod books;
mod elsewhere;
mod limits;
mod operator;
mod orders;
mod places;
mod trace;
mod unreadable;
mod way_out;
mod words;

use super::*;
use crate::bot::all;
use crate::bot::all::{Outside, capabilities};
use crate::bot::jobs::{Inline, Job};
use crate::config::{ChannelRules, CommandRules, Config, Operator, PingAnswer, Rate};
use crate::lang::Lang;
use crate::link::memory::FarEnd;
use crate::link::message::ChannelInfo;
use crate::link::{Failure, Link, Loss, Request, Target};
use crate::mesh::Packet;
use crate::proto::{self, PortNum, mesh_packet};
use crossbeam_channel::{Receiver, Sender, unbounded};
use std::cell::Cell;

const SANITY: Sanity = Sanity { built: 1_000_000 };
const OWN: NodeNum = NodeNum(0x0000_0aaa);
const ALICE: NodeNum = NodeNum(0x1111_aaaa);
const BOB: NodeNum = NodeNum(0x2222_bbbb);
const BOSS: NodeNum = NodeNum(0x3333_cccc);
const KEY: [u8; 32] = [7; 32];
const ALL: NodeNum = NodeNum::BROADCAST;
const PONG: &str = "🏓 pong · 1 hop";

/// Keeps the mute switch and the node of the orders where a test can see them.
struct Notes(Sender<Option<u64>>, Sender<NodeNum>);

impl Keeper for Notes {
    fn mute(&self, until: Option<u64>) {
        self.0.send(until).unwrap();
    }

    fn pin(&self, node: NodeNum) {
        self.1.send(node).unwrap();
    }
}

/// Takes every errand and does none, or takes none at all.
struct Idle {
    takes: bool,
}

impl Errands for Idle {
    fn submit(&self, _id: JobId, _job: Job) -> bool {
        self.takes
    }
}

struct Rig {
    bot: Bot,
    far: FarEnd,
    now: Now,
    /// Between two questions.
    step: Duration,
    results: Receiver<JobResult>,
    kept: Receiver<Option<u64>>,
    pins: Receiver<NodeNum>,
}

fn test_command(name: &'static str, run: fn(&Ask, &mut Context<'_>, &mut Reply<'_>)) -> Command {
    Command {
        name,
        summary: Text::Pong,
        run: Some(run),
        ..Command::BASE
    }
}

const TIMEOUT: Duration = Duration::from_secs(20);

fn registry() -> Registry {
    let mut registry = all::registry();
    registry.push(test_command("boom", |_, _, _| panic!("broken command")));
    registry.push(test_command("fetch", |_, _, reply| {
        reply.errand(TIMEOUT, Box::new(|| "fetched".to_owned()));
    }));
    registry.push(test_command("crash", |_, _, reply| {
        reply.errand(TIMEOUT, Box::new(|| panic!("broken errand")));
    }));
    registry
}

/// Whom our node has known for long, besides Alice and Bob.
const REGULARS: std::ops::Range<u32> = 100..130;

fn rig(change: impl FnOnce(&mut Settings)) -> Rig {
    rig_with(change, None, Before::default())
}

/// Without `errands` they are done at once.
fn rig_with(
    change: impl FnOnce(&mut Settings),
    errands: Option<Box<dyn Errands>>,
    before: Before,
) -> Rig {
    rig_outside(change, errands, before, &Outside::default())
}

fn rig_outside(
    change: impl FnOnce(&mut Settings),
    errands: Option<Box<dyn Errands>>,
    before: Before,
    outside: &Outside,
) -> Rig {
    let mut settings = Settings::from_config(&Config::default(), SANITY);
    settings.operator = Some(Operator {
        node: BOSS,
        key: KEY,
    });
    change(&mut settings);
    let (link, far) = Link::memory(Duration::from_millis(2_500));
    let (done, results) = unbounded();
    let (keeper, kept) = unbounded();
    let (pin, pins) = unbounded();
    let parts = Parts {
        outbox: link.outbox,
        errands: errands.unwrap_or_else(|| Box::new(Inline(done))),
        keeper: Arc::new(Notes(keeper, pin)),
        history: None,
        archive: None,
        capabilities: capabilities(&settings, outside),
        host: Box::new(HostStats::default),
        registry: registry(),
    };
    let now = Now {
        mono: Duration::from_secs(100),
        unix: 10_000_000,
    };
    let mut bot = Bot::new(settings, parts, before);
    far.set_up(true);
    bot.handle(now, Event::Ready(Box::new(identity())));
    let mut town = vec![
        node(ALICE, "Alice Base", "ALB"),
        node(BOB, "Alice Mobile", "ALM"),
    ];
    town.extend(REGULARS.map(|num| node(NodeNum(num), "", "")));
    bot.handle(now, Event::Nodes(town));
    Rig {
        bot,
        far,
        now,
        step: Duration::from_secs(60),
        results,
        kept,
        pins,
    }
}

/// Our node has the channels 0, 1 and 2.
fn identity() -> Identity {
    let mut channels: [ChannelInfo; ChannelIndex::COUNT] = Default::default();
    for channel in &mut channels[..3] {
        channel.enabled = true;
    }
    Identity {
        num: OWN,
        own: Some(node(OWN, "Weather Bot", "BOT")),
        channels,
        opened: 1,
        ..Identity::default()
    }
}

fn node(num: NodeNum, long: &str, short: &str) -> proto::NodeInfo {
    proto::NodeInfo {
        num: num.0,
        last_heard: 9_999_000,
        user: Some(proto::User {
            long_name: long.into(),
            short_name: short.into(),
            ..proto::User::default()
        }),
        ..proto::NodeInfo::default()
    }
}

thread_local! {
    /// No two texts have the same number.
    static NEXT: Cell<u32> = const { Cell::new(77) };
}

/// A text from one relay away; to everybody it goes on channel 1.
fn received(from: NodeNum, to: NodeNum, text: &str) -> Received {
    let data = proto::Data {
        portnum: PortNum::TextMessageApp as i32,
        payload: text.as_bytes().to_vec(),
        bitfield: Some(1),
        ..proto::Data::default()
    };
    let packet = Packet::from_wire(&proto::MeshPacket {
        from: from.0,
        to: to.0,
        channel: u32::from(to == ALL),
        id: NEXT.replace(NEXT.get() + 1),
        rx_snr: 5.0,
        hop_start: 3,
        hop_limit: 2,
        transport_mechanism: 1,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(data)),
        ..proto::MeshPacket::default()
    });
    Received {
        packet,
        standing: Standing::Live,
        age: None,
        answers_ours: false,
        traceroute: None,
    }
}

impl Rig {
    fn hear(&mut self, received: Received) -> Vec<String> {
        self.now = self.now.plus(self.step);
        self.bot.handle(self.now, Event::Packet(Box::new(received)));
        self.sent()
    }

    /// What the bot says to this text: `#1 …` on a channel, `!id …` directly.
    fn say(&mut self, from: NodeNum, to: NodeNum, text: &str) -> Vec<String> {
        self.hear(received(from, to, text))
    }

    /// An order from the operator's node, with a key or in the open.
    fn order(&mut self, to: NodeNum, text: &str, key: Option<[u8; 32]>) -> Vec<String> {
        let mut order = received(BOSS, to, text);
        order.packet.sender_key = key;
        self.hear(order)
    }

    fn sent(&self) -> Vec<String> {
        let texts = self.far.texts().into_iter();
        texts
            .map(|text| match text.target {
                Target::Channel(channel) => format!("#{channel} {}", text.text),
                Target::Node { num, .. } => format!("{num} {}", text.text),
            })
            .collect()
    }

    /// Errands that have ended come back.
    fn finish(&mut self) -> Vec<String> {
        for result in self.results.try_iter() {
            self.bot.finished(self.now, result);
        }
        self.sent()
    }

    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus(Duration::from_secs(secs));
    }
}

fn on_channel(text: &str) -> Vec<String> {
    vec![format!("#1 {text}")]
}

fn to_alice(text: &str) -> Vec<String> {
    vec![format!("{ALICE} {text}")]
}

const NOTHING: [&str; 0] = [];
