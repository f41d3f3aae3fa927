//! The real link, the real bot and the simulated node under one virtual clock.
//! Nothing waits: time jumps to whatever is due next.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::tz::TimeZone;
use meshbot::app;
use meshbot::bot::all::{self, Outside};
use meshbot::bot::capability::Capability;
use meshbot::bot::command::Registry;
use meshbot::bot::dispatch::{self, Before, Bot, Forgetful, Keeper, Parts};
use meshbot::bot::host::HostStats;
use meshbot::bot::jobs::{Inline, JobResult};
use meshbot::bot::weather::{self, Keep, Snapshot};
use meshbot::config::Config;
use meshbot::history::History;
use meshbot::history::insight::Archive;
use meshbot::link::core::{Act, Core};
use meshbot::link::outbox::{Gate, Outbox};
use meshbot::link::{Event, Loss, Outcome, Request, Ticket};
use meshbot::mesh::{Boot, NodeNum, Now, PacketId, Sanity};
use meshbot::sim::{ClientClose, ConnId, Fault, Output, Said, Settings, SimNode};
use meshbot::weather::{Offline, Source};

use super::witness::Witness;

/// Long after any build: both clocks are sane.
pub const EPOCH: u64 = 2_100_000_000;

/// How the name of the node is resolved.
#[derive(Clone, Debug)]
pub enum Names {
    /// To this address.
    At(SocketAddr),
    /// Not at all: the look-up hangs.
    Hang,
}

/// A text as it went on the air.
#[derive(Clone, Debug)]
pub struct Answer {
    pub id: PacketId,
    pub to: NodeNum,
    pub channel: u32,
    pub reply_to: Option<PacketId>,
    pub hop_limit: u32,
    pub text: String,
}

pub struct World {
    pub node: SimNode,
    pub core: Core,
    pub bot: Bot,
    pub names: Names,
    pub now: Now,
    requests: Receiver<Request>,
    results: Receiver<JobResult>,
    /// Results that are still on their way.
    under_way: VecDeque<(Duration, JobResult)>,
    /// So long a result is on its way.
    pub errands_take: Duration,
    conn: Option<ConnId>,
    /// The largest number of connections that were open at the same time.
    pub most_open: u64,
    /// Connection attempts, by time.
    pub attempts: Vec<Duration>,
    outbox: Outbox,
    answers: Vec<Answer>,
    /// The node is switched off: connections are refused.
    pub off: bool,
    /// So many bytes the socket still takes before it is full.
    pub room: usize,
    /// The socket was full; what waits for it was decided earlier.
    held_up: bool,
    /// What became of each accepted request.
    pub outcomes: Vec<(Ticket, Outcome)>,
    /// When the last bytes of texts were written.
    pub texts_at: Vec<Duration>,
    /// Reads along.
    pub witness: Witness,
}

/// How a world may differ from the ordinary.
pub struct Options {
    pub sim: Settings,
    pub config: String,
    pub registry: Registry,
    /// What the bot can do besides.
    pub capabilities: Vec<Box<dyn Capability>>,
    pub seed: u64,
    pub weather: Arc<dyn Source>,
    pub keeper: Arc<dyn Keeper>,
    pub before: Before,
    pub known_weather: Snapshot,
    pub keep_weather: Keep,
    /// The run of the board.
    pub boot: Boot,
    /// The board's time zone.
    pub zone: TimeZone,
    /// So long a result is on its way, in ms.
    pub errands_take: u64,
    pub history: Option<Box<dyn History>>,
    /// Looks things up and sends the answers this way.
    pub archive: Option<NewArchive>,
}

pub type NewArchive = Box<dyn FnOnce(Sender<JobResult>) -> Box<dyn Archive>>;

impl Default for Options {
    fn default() -> Self {
        Self {
            sim: Settings {
                own_telemetry: true,
                ..Settings::default()
            },
            config: String::new(),
            registry: all::registry(),
            capabilities: Vec::new(),
            seed: 1,
            weather: Arc::new(Offline),
            keeper: Arc::new(Forgetful),
            before: Before::default(),
            known_weather: Snapshot::default(),
            keep_weather: Arc::new(|_| true),
            boot: Boot::default(),
            zone: TimeZone::UTC,
            errands_take: 0,
            history: None,
            archive: None,
        }
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// A world whose bot has `config` besides its `[node]` host.
    pub fn configured(config: &str) -> Self {
        Self::with(Options {
            config: config.to_owned(),
            ..Options::default()
        })
    }

    pub fn with(options: Options) -> Self {
        let now = Now {
            mono: Duration::from_secs(1),
            unix: EPOCH,
        };
        let (top, tables) = options
            .config
            .split_once('[')
            .map_or((options.config.as_str(), String::new()), |(top, rest)| {
                (top, format!("[{rest}"))
            });
        let node = if tables.contains("[node]") {
            ""
        } else {
            "[node]\nhost = \"127.0.0.1\"\n"
        };
        let text = format!("{top}\n{node}{tables}");
        let config = Config::parse(&text, "test.toml").unwrap_or_else(|error| panic!("{error}"));
        let mut settings = app::link_settings(&config);
        settings.session.sanity = SANITY;
        let gate = Gate::new(settings.session.text_spacing);
        let (request_sender, requests) = bounded(256);
        let outbox = Outbox::new(request_sender, Arc::new(|| {}), gate.clone());
        let (result_sender, results) = bounded(64);
        let settings_of_bot = dispatch::Settings {
            boot: options.boot,
            local_zone: options.zone,
            ..dispatch::Settings::from_config(&config, SANITY)
        };
        let outside = Outside {
            wanted: weather::Settings::from_config(&config.weather),
            weather: options.weather,
            known: options.known_weather,
            keep: options.keep_weather,
            ..Outside::default()
        };
        let mut capabilities = all::capabilities(&settings_of_bot, &outside);
        capabilities.extend(options.capabilities);
        let parts = Parts {
            outbox: outbox.clone(),
            archive: options
                .archive
                .map(|archive| archive(result_sender.clone())),
            errands: Box::new(Inline(result_sender)),
            keeper: options.keeper,
            capabilities,
            history: options.history,
            host: Box::new(HostStats::default),
            registry: options.registry,
        };
        let rng = fastrand::Rng::with_seed(options.seed);
        Self {
            node: SimNode::new(options.sim, now),
            core: Core::new(settings, gate, rng),
            bot: Bot::new(settings_of_bot, parts, options.before),
            names: Names::At(SocketAddr::from(([127, 0, 0, 1], 4403))),
            now,
            requests,
            results,
            under_way: VecDeque::new(),
            errands_take: Duration::from_millis(options.errands_take),
            conn: None,
            most_open: 0,
            attempts: Vec::new(),
            outbox,
            answers: Vec::new(),
            off: false,
            room: usize::MAX,
            held_up: false,
            outcomes: Vec::new(),
            texts_at: Vec::new(),
            witness: Witness::default(),
        }
    }

    /// The program ends and starts again; the node goes on.
    pub fn restart(self, options: impl FnOnce() -> Options) -> Self {
        // The old life ends before the new one begins.
        let (node, now) = self.end();
        Self {
            node,
            now,
            ..Self::with(options())
        }
    }

    fn end(mut self) -> (SimNode, Now) {
        if let Some(conn) = self.conn.take() {
            self.node.client_closed(self.now, conn, ClientClose::Fin);
        }
        (self.node, self.now)
    }

    /// Connected, back-log drained, node list complete.
    pub fn ready() -> Self {
        let mut world = Self::new();
        world.settle();
        world
    }

    /// Lets the handshake and the drain pass.
    pub fn settle(&mut self) {
        self.run(8_000);
        assert!(self.core.session().is_ready(), "no link after 8 s");
        self.answers();
    }

    /// Lets `ms` of time pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now.mono + Duration::from_millis(ms);
        let mut rounds_at_once = 0;
        loop {
            self.do_everything();
            let due = [
                self.core.deadline(),
                self.node.deadline(),
                self.bot.deadline(),
                self.under_way.front().map(|(due, _)| *due),
            ];
            let next = due.into_iter().flatten().min().unwrap_or(end);
            if next > end {
                self.now = self.now.plus(end - self.now.mono);
                return;
            }
            if next > self.now.mono {
                rounds_at_once = 0;
                self.now = self.now.plus(next - self.now.mono);
            } else {
                rounds_at_once += 1;
                assert!(rounds_at_once < 1_000, "time stands still: {due:?}");
            }
            if self.now.mono >= end && rounds_at_once > 3 {
                return;
            }
            self.node.tick(self.now);
            self.core.tick(self.now);
            self.bot.tick(self.now);
        }
    }

    /// Somebody says something that the node hears.
    pub fn say(&mut self, said: Said) -> PacketId {
        self.node.hear_text(self.now, said)
    }

    /// Says it, lets the answer come, and gives back what went on the air.
    pub fn ask(&mut self, said: Said) -> Vec<Answer> {
        self.answers();
        self.say(said);
        self.run(6_000);
        self.answers()
    }

    pub fn fault(&mut self, fault: Fault) {
        self.node.fault(self.now, fault);
    }

    /// The texts of the bot that went on the air since the last call.
    pub fn answers(&mut self) -> Vec<Answer> {
        self.collect();
        std::mem::take(&mut self.answers)
    }

    /// A made-up neighbour.
    pub fn person(&self, index: usize) -> NodeNum {
        self.node.people()[index].num
    }

    /// The link goes away between a question's arrival and its answer: takes
    /// the packet as far as the link, loses it, and only then tells the bot.
    pub fn lose_before_answer(&mut self) {
        self.node.tick(self.now);
        let mut events = Vec::new();
        while let Some(output) = self.node.next_output() {
            if let Output::Bytes(conn, bytes) = output
                && Some(conn) == self.conn
            {
                self.witness.bot_read(self.now, &bytes);
                self.core.received(self.now, &bytes);
            }
        }
        while let Some(event) = self.core.event() {
            events.push(event);
        }
        self.conn = None;
        self.witness.closed(self.now, "node");
        self.core.closed(self.now, Loss::EndOfFile);
        for event in events {
            self.witness.event(self.now, &event);
            self.bot.handle(self.now, event);
        }
    }

    /// The board's clock jumps; the node's does not.
    pub fn board_clock(&mut self, by: i64) {
        self.now.unix = self.now.unix.saturating_add_signed(by);
        self.node.fault(self.now, Fault::ClockJump(-by));
    }

    /// Bytes that the node never wrote.
    pub fn inject(&mut self, bytes: &[u8]) {
        if self.conn.is_some() {
            self.witness.bot_read(self.now, bytes);
            self.core.received(self.now, bytes);
        }
    }

    /// Sends without the bot.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// A stop as SIGTERM brings it.
    pub fn stop(&mut self) {
        self.outbox.stop();
    }

    fn collect(&mut self) {
        for sent in self.node.on_air() {
            let Some(text) = sent.text().filter(|_| sent.by_client) else {
                continue;
            };
            let packet = &sent.packet;
            let reply_to = match &packet.payload_variant {
                Some(meshbot::proto::mesh_packet::PayloadVariant::Decoded(data)) => {
                    PacketId(data.reply_id).known()
                }
                _ => None,
            };
            let answer = Answer {
                id: PacketId(packet.id),
                to: NodeNum(packet.to),
                channel: packet.channel,
                reply_to,
                hop_limit: packet.hop_limit,
                text: text.to_owned(),
            };
            self.witness.on_air(self.now, &answer);
            self.answers.push(answer);
        }
    }

    /// Everything that can be done without time passing.
    fn do_everything(&mut self) {
        loop {
            let mut busy = false;
            while let Ok(request) = self.requests.try_recv() {
                busy = true;
                self.witness.requested(self.now, &request);
                self.core.request(self.now, request);
            }
            while let Some(act) = self.core.act() {
                busy = true;
                self.act(act);
            }
            let taken = self.core.output().len().min(self.room);
            let held_up = std::mem::replace(&mut self.held_up, taken < self.core.output().len());
            if let Some(conn) = self.conn
                && taken > 0
            {
                busy = true;
                if self.room != usize::MAX {
                    self.room -= taken;
                }
                let bytes = self.core.output()[..taken].to_vec();
                self.witness.bot_wrote(self.now, &bytes, !held_up);
                self.node.receive(self.now, conn, &bytes);
                self.core.wrote(self.now, bytes.len());
                let written = self.core.session().counters().texts_written;
                if written > self.texts_at.len() as u64 {
                    self.texts_at.push(self.now.mono);
                }
            }
            while let Some(output) = self.node.next_output() {
                busy = true;
                match output {
                    Output::Bytes(conn, bytes) if Some(conn) == self.conn => {
                        self.witness.bot_read(self.now, &bytes);
                        self.core.received(self.now, &bytes);
                    }
                    Output::Close(conn) if Some(conn) == self.conn => {
                        self.conn = None;
                        self.witness.closed(self.now, "node");
                        self.core.closed(self.now, Loss::EndOfFile);
                    }
                    Output::Bytes(..) | Output::Close(_) => {}
                }
                // What was decided takes effect before more is read.
                while let Some(act) = self.core.act() {
                    self.act(act);
                }
            }
            while let Some(event) = self.core.event() {
                busy = true;
                self.witness.event(self.now, &event);
                if let Event::Outcome(ticket, outcome) = event {
                    self.outcomes.push((ticket, outcome));
                }
                self.bot.handle(self.now, event);
            }
            while let Ok(result) = self.results.try_recv() {
                let due = self.now.mono + self.errands_take;
                self.under_way.push_back((due, result));
            }
            while let Some((due, _)) = self.under_way.front()
                && *due <= self.now.mono
                && let Some((_, result)) = self.under_way.pop_front()
            {
                busy = true;
                self.bot.finished(self.now, result);
            }
            self.most_open = self.most_open.max(self.node.counters().open);
            if !busy {
                return;
            }
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::LookUp => {
                if let Names::At(address) = self.names {
                    self.core.looked_up(self.now, Ok(vec![address]));
                }
            }
            Act::Connect(address) => {
                self.attempts.push(self.now.mono);
                assert_eq!(self.conn, None, "a second connection");
                // The node is where its name leads now, and nowhere else.
                let has_moved = matches!(self.names, Names::At(there) if there != address);
                if self.off || !self.node.listening() || has_moved {
                    self.core.connect_failed(self.now, "Connection refused");
                } else {
                    self.conn = Some(self.node.accept(self.now));
                    self.witness.opened(self.now);
                    self.core.connected(self.now);
                }
            }
            Act::Close => {
                if let Some(conn) = self.conn.take() {
                    self.witness.closed(self.now, "bot");
                    self.node.client_closed(self.now, conn, ClientClose::Fin);
                }
            }
        }
    }
}

/// Clocks are believed from somewhat before [`EPOCH`].
pub const SANITY: Sanity = Sanity {
    built: EPOCH - 1_000_000,
};
