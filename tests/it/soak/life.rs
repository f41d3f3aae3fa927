//! One seed's life: storms in which anything goes wrong, and calm hours in
//! which every question has its answer.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use meshbot::lang::Lang;
use meshbot::link::{Class, Keep, Target, Text};
use meshbot::mesh::{ChannelIndex, Hops, NodeNum, PacketId};
use meshbot::proto;
use meshbot::sim::{Clock, Fault, Person, SimNode, Version};
use meshbot::store::history::packed;
use tempfile::TempDir;

use super::end::{ALL_SETTLED, Summary, everything_is_settled};
use super::home::{Fickle, Library, Reading, Shelf};
use super::talk;
use crate::support::logs;
use crate::support::world::{Names, Options, World};

/// Questions that may be repeated.
const REMEMBERED: usize = 64;
/// The link forgets packets after an hour (decisions.md, "seen packets").
const REPEAT_WITHIN: Duration = Duration::from_secs(55 * 60);
/// Most pauses between connections, a rival's included (decisions.md).
const PAUSE: u64 = 60;
/// So long a clock may make the bot deaf (features.md C27).
const DEAF: Duration = Duration::from_secs(10);

pub struct Life {
    pub world: World,
    pub rng: fastrand::Rng,
    /// All clocks are right, so that ages can be judged.
    pub strict: bool,
    pub names: Names,
    pub weather: Arc<Fickle>,
    pub shelf: Arc<Mutex<Shelf>>,
    /// Where the history is, when it is a real one.
    base: Option<(TempDir, PathBuf)>,
    operator: Person,
    /// Who asks too much in a storm.
    pub loud: Vec<Person>,
    /// Who asks in calm hours only, so that no limit stands in the way.
    quiet: Vec<Person>,
    everybody: Vec<NodeNum>,
    said: VecDeque<(Duration, proto::MeshPacket)>,
    turn: usize,
    /// When the last question came that was held up.
    held_up: Duration,
    bulletins: u32,
    /// Makes up senders; of its own, so that the seeds stay what they are.
    pub forger: fastrand::Rng,
    summary: Summary,
}

impl Life {
    pub fn new(seed: u64, trace: bool) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        // Nobody draws the same numbers as somebody else.
        let mut other = || rng.fork().u64(..);
        let (bots, nodes, skies) = (other(), other(), other());
        let mut options = Options {
            seed: bots,
            ..Options::default()
        };
        let strict = rng.bool();
        let sim = &mut options.sim;
        sim.seed = nodes;
        sim.nodes = rng.usize(30..120);
        sim.replay = rng.bool();
        sim.latency = rng.u8(..4) != 0;
        sim.chatter = rng.u8(..4) != 0;
        sim.echo_simulated_radio = rng.u8(..8) == 0;
        sim.version = *rng.choice(&[Version::V2_7, Version::V2_8]).unwrap();
        if !strict {
            sim.clock = *rng
                .choice(&[Clock::Unset, Clock::Off(-600), Clock::Right])
                .unwrap();
        }
        let people = SimNode::new(sim.clone(), World::new().now)
            .people()
            .to_vec();
        let operator = people[0].clone();
        let with_key = people.iter().filter(|it| it.public_key.is_some()).skip(1);
        let (quiet, loud) = with_key.cloned().partition(|_: &Person| rng.bool());
        let (names, host) = if rng.bool() {
            (Names::At(([127, 0, 0, 1], 4403).into()), "127.0.0.1")
        } else {
            (Names::At(([192, 0, 2, 7], 4403).into()), "radio.local")
        };
        options.config = config(&mut rng, &operator, host);
        let weather = Fickle::new(skies);
        options.weather = weather.clone();
        let base = (rng.u8(..8) == 0).then(|| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("meshbot.db");
            (folder, path)
        });
        let path = base.as_ref().map(|(_, path)| path.clone());
        let (shelf, history) = Library::open(path.as_deref());
        options.history = Some(history);
        options.archive = path.map(Reading::at);
        let mut world = World::with(options);
        world.names = names.clone();
        world.witness.clocks_are_right = strict;
        world.witness.trace = trace.then(VecDeque::new);
        if trace {
            logs::begin();
        }
        Self {
            world,
            strict,
            names,
            weather,
            shelf,
            base,
            operator,
            loud,
            quiet,
            everybody: people.iter().map(|person| person.num).collect(),
            said: VecDeque::new(),
            turn: 0,
            held_up: Duration::ZERO,
            bulletins: 0,
            forger: fastrand::Rng::with_seed(seed ^ 0xf0f0),
            summary: Summary::default(),
            rng,
        }
    }

    /// Lives for so many hours.
    pub fn live(&mut self, hours: u64) -> Result<Summary, String> {
        let end = self.world.now.mono + Duration::from_secs(hours * 3_600);
        while self.world.now.mono < end {
            self.storm()?;
            self.recover()?;
            self.calm()?;
        }
        self.judge()
    }

    /// Lets time pass, and looks at what came of it.
    pub fn pass(&mut self, ms: u64) -> Result<(), String> {
        self.world.run(ms);
        if self.world.witness.trace.is_some() {
            for (level, line) in logs::take() {
                self.world
                    .witness
                    .note(self.world.now, || format!("{level}: {line}"));
            }
        }
        self.summary.answers += self.world.answers().len() as u64;
        let witness = &self.world.witness;
        if let Some(what) = witness.violations.first() {
            return Err(what.clone());
        }
        let mut held = self.world.core.session().held();
        held.extend(self.world.bot.held());
        if let Some(it) = held.iter().find(|it| it.now > it.most) {
            return Err(format!("{} {}, at most {}", it.now, it.what, it.most));
        }
        if self.world.most_open > 1 {
            return Err("two connections at the node".to_owned());
        }
        Ok(())
    }

    fn storm(&mut self) -> Result<(), String> {
        let end = self.world.now.mono + Duration::from_secs(60 * self.rng.u64(5..40));
        while self.world.now.mono < end {
            match self.rng.u8(..20) {
                0..6 => self.mischief(),
                6..13 => self.ask_anything(),
                13 => {
                    for _ in 0..self.rng.u8(10..60) {
                        self.ask_anything();
                        let ms = self.rng.u64(..400);
                        self.world.run(ms);
                    }
                }
                14 => self.repeat(),
                15 => self.deceive(),
                16 => self.be_odd(),
                17 => self.announce(),
                _ => self.relief(),
            }
            let most = *self.rng.choice(&[300, 5_000, 30_000, 120_000]).unwrap();
            let ms = self.rng.u64(1..most);
            self.pass(ms)?;
        }
        Ok(())
    }

    /// The promised time passes; then the bot answers again.
    fn recover(&mut self) -> Result<(), String> {
        let down = u64::from(!self.world.node.listening()) * 40;
        self.heal();
        let witness = &self.world.witness;
        // decisions.md, "liveness", "handshake".
        let notice = match (
            self.world.core.session().is_ready(),
            witness.heartbeat_answered(),
        ) {
            (true, true) => 75,
            (true, false) => 15 * 60,
            (false, _) => 15,
        };
        // A look-up and a connection that hang, and the handshake itself.
        let mut promise = notice.max(down) + 10 + PAUSE + 10;
        if !self.strict {
            promise += DEAF.as_secs();
        }
        self.pass((promise + 5) * 1_000)?;
        if !self.world.core.session().is_ready() {
            return Err(format!("no link {promise} s after the last fault"));
        }
        self.promised("/ping", false, false)
    }

    fn calm(&mut self) -> Result<(), String> {
        let end = self.world.now.mono + Duration::from_secs(60 * self.rng.u64(2..20));
        if self.rng.bool() {
            self.world.fault(Fault::Noise(3));
        }
        let forged = self.forger.u8(..3) == 0 && self.all_quiet_are_regular();
        while self.world.now.mono < end {
            let line = *self.rng.choice(talk::PROMISED).unwrap();
            // Others are not answered there, or together with somebody.
            let public = line == "/ping" && self.rng.bool();
            self.promised(line, public, forged)?;
            if !self.strict && !forged && self.rng.u8(..4) == 0 && self.all_quiet_are_regular() {
                self.clocks()?;
            }
            let ms = self.rng.u64(12_000..60_000);
            if forged {
                self.forge(ms.max(25_000))?;
            } else {
                self.pass(ms)?;
            }
        }
        Ok(())
    }

    /// A question that has to be answered.
    fn promised(&mut self, line: &str, public: bool, forged: bool) -> Result<(), String> {
        let from = self.quiet[self.turn % self.quiet.len()].clone();
        self.turn += 1;
        let to = if public {
            NodeNum::BROADCAST
        } else {
            self.world.node.own()
        };
        let text = talk::fill(line, &mut self.rng, &self.everybody);
        let shown = String::from_utf8_lossy(&text).into_owned();
        let packet = talk::text(&from, to, 0, self.rng.u32(1..), text);
        let id = talk::id_of(&packet);
        self.say(packet);
        let asked = self.world.now.mono;
        let patience = match line {
            // Four at a time, half a minute apart, a minute each.
            "/trace {who}" => 200,
            // Those before him may be strangers.
            _ if forged => 45,
            _ => 30,
        };
        while self.world.witness.answers_to(id).is_empty() {
            self.pass(500)?;
            if self.world.now.mono > asked + Duration::from_secs(patience) {
                let what = format!("{shown:?} of {} ({:08x}) was not answered", from.num, id.0);
                return Err(what);
            }
        }
        self.summary.promised += 1;
        Ok(())
    }

    /// Clocks go wrong for a minute while somebody asks every five seconds. The last
    /// step may cost a question or two as well.
    fn clocks(&mut self) -> Result<(), String> {
        let mut since = None;
        let mut last = None;
        for turn in 0..15 {
            let from = self.quiet[self.turn % self.quiet.len()].clone();
            self.turn += 1;
            let packet = talk::text(
                &from,
                self.world.node.own(),
                0,
                self.rng.u32(1..),
                b"/ping".to_vec(),
            );
            let (asked, id) = (self.world.now.mono, talk::id_of(&packet));
            self.say(packet);
            for _ in 0..5 {
                self.pass(1_000)?;
                if turn < 12 && self.rng.u8(..12) == 0 {
                    self.turn_a_clock();
                }
            }
            // One that was asked five seconds ago has its answer by now.
            if let Some((asked, id)) = last.replace((asked, id)) {
                if !self.world.witness.answers_to(id).is_empty() {
                    since = None;
                } else if asked - *since.get_or_insert(asked) >= DEAF {
                    return Err(format!("deaf since {since:?}, {:08x} not answered", id.0));
                }
            }
        }
        // Some of them wait for each other.
        self.pass(30_000)
    }

    fn turn_a_clock(&mut self) {
        let by = match self.rng.u8(..4) {
            0 => self.rng.i64(-90..90),
            1 => self.rng.i64(-4_000..4_000),
            2 => *self.rng.choice(&[-86_400, 86_400]).unwrap(),
            _ => self.rng.i64(-100_000_000..100_000_000),
        };
        match self.rng.u8(..3) {
            0 => self.world.board_clock(by.max(-900_000)),
            1 => self.world.fault(Fault::ClockJump(by)),
            _ => {
                let own = self.world.node.own();
                let mut word = talk::odd(&mut self.rng, &[own], own);
                word.from = own.0;
                word.rx_time = u32::try_from(self.world.now.unix.saturating_add_signed(by)).ok();
                self.world.node.force(self.world.now, word);
            }
        }
    }

    fn all_quiet_are_regular(&self) -> bool {
        let (book, now) = (self.world.bot.book(), self.world.now);
        (self.quiet.iter()).all(|person| book.is_regular(person.num, now))
    }

    pub fn say(&mut self, packet: proto::MeshPacket) {
        self.summary.questions += 1;
        self.remember(&packet);
        self.world.node.hear(self.world.now, packet);
    }

    fn remember(&mut self, packet: &proto::MeshPacket) {
        if self.said.len() == REMEMBERED {
            self.said.pop_front();
        }
        self.said.push_back((self.world.now.mono, packet.clone()));
    }

    fn ask_anything(&mut self) {
        let from = match self.rng.u8(..16) {
            0 => self.operator.clone(),
            _ => self.loud[self.rng.usize(..self.loud.len())].clone(),
        };
        let to = if self.rng.bool() {
            NodeNum::BROADCAST
        } else {
            self.world.node.own()
        };
        let text = talk::anything(&mut self.rng, &self.everybody);
        let channel = *self.rng.choice(&[0, 0, 0, 1, 5]).unwrap();
        let mut packet = talk::text(&from, to, channel, self.rng.u32(1..), text);
        if self.rng.u8(..4) == 0 {
            packet.hop_limit = self.rng.u32(..4);
            packet.via_mqtt = self.rng.bool();
        }
        // One that was held up, not the clock that goes wrong.
        let now = self.world.now.mono;
        let is_rare = now >= self.held_up + Duration::from_secs(90);
        if self.strict && is_rare && self.rng.u8(..10) == 0 {
            self.held_up = now;
            let age = self.rng.u64(1..900);
            packet.rx_time = u32::try_from(self.world.now.unix - age).ok();
        }
        self.say(packet);
    }

    /// What was heard before comes once more, by another relay.
    fn repeat(&mut self) {
        let now = self.world.now.mono;
        self.said.retain(|(at, _)| now - *at < REPEAT_WITHIN);
        if self.said.is_empty() {
            return;
        }
        let at = self.rng.usize(..self.said.len());
        let mut packet = self.said[at].1.clone();
        packet.relay_node = self.rng.u32(1..256);
        packet.hop_limit = packet.hop_limit.min(2);
        packet.rx_rssi = Some(-111);
        self.world.node.force(self.world.now, packet);
    }

    /// What looks like a question and is none.
    fn deceive(&mut self) {
        let from = self.loud[self.rng.usize(..self.loud.len())].clone();
        let id = self.rng.u32(1..);
        let mut packet = talk::text(&from, NodeNum::BROADCAST, 0, id, b"/ping".to_vec());
        let why = match self.rng.u8(..4) {
            0 => {
                packet.from = self.world.node.own().0;
                packet.rx_rssi = None;
                "our own"
            }
            1 => {
                packet.from = self.world.node.own().0;
                "forged under our number"
            }
            2 => {
                packet.priority = proto::mesh_packet::Priority::Background.into();
                packet.rx_rssi = None;
                "replayed"
            }
            _ => {
                packet.to = self.rng.u32(1..u32::MAX);
                if packet.to == self.world.node.own().0 {
                    return;
                }
                "for somebody else"
            }
        };
        // Who is not connected hears it later, from a node that may have
        // another number then.
        if packet.from == from.num.0 || self.world.core.session().is_ready() {
            let witness = &mut self.world.witness;
            match packet.from == from.num.0 {
                true => witness.forbid(PacketId(id), why),
                false => witness.forbid_own(PacketId(id), NodeNum(packet.from), why),
            }
            self.world.node.force(self.world.now, packet);
        }
    }

    fn be_odd(&mut self) {
        let loud: Vec<NodeNum> = self.loud.iter().map(|person| person.num).collect();
        for _ in 0..self.rng.u8(1..30) {
            let packet = if self.rng.bool() {
                talk::odd(&mut self.rng, &loud, self.world.node.own())
            } else {
                let from = self.loud[self.rng.usize(..self.loud.len())].clone();
                talk::introduction(&mut self.rng, &from)
            };
            self.world.node.force(self.world.now, packet);
        }
    }

    /// What nobody has asked for.
    fn announce(&mut self) {
        self.bulletins += 1;
        let channel = ChannelIndex(0);
        let num = self.loud[0].num;
        let public = self.rng.bool();
        let _ = self.world.outbox().send(Text {
            target: if public {
                Target::Channel(channel)
            } else {
                Target::Node { num, channel }
            },
            text: format!("bulletin {}", self.bulletins),
            reply_to: None,
            hops_used: Hops::Unknown,
            for_others: false,
            class: Class::Scheduled,
            keep: Keep::Always,
            command: "bulletin".into(),
            is_last: true,
            want_ack: self.rng.bool(),
            is_reaction: false,
        });
        self.world.outbox().node_info(num);
    }

    /// The end: everything that was begun has come to one.
    fn judge(&mut self) -> Result<Summary, String> {
        self.pass(ALL_SETTLED)?;
        everything_is_settled(&self.world)?;
        let counters = self.world.node.counters();
        let never = [
            counters.ids_repeated,
            counters.admin_packets,
            counters.heartbeats_nonce_one,
            counters.malformed,
        ];
        if never != [0; 4] {
            return Err(format!("the bot does what it must not: {counters:?}"));
        }
        self.summary.connections = counters.accepts;
        self.summary.hash = self.world.witness.hash;
        self.compare_rows()?;
        Ok(self.summary.clone())
    }

    /// What is written down is what was heard.
    fn compare_rows(&mut self) -> Result<(), String> {
        self.world.bot.close(self.world.now);
        let witness = &self.world.witness;
        let shelf = self.shelf.lock().unwrap();
        self.summary.rows = shelf.live + shelf.late;
        let (kept, heard) = ((shelf.live, shelf.late), (witness.live, witness.late));
        let complete = self.strict && !shelf.was_closed;
        if (complete && kept != heard) || kept.0 > heard.0 || kept.1 > heard.1 {
            return Err(format!("{kept:?} rows of {heard:?} packets, live and late"));
        }
        if let Some((_, path)) = self.base.as_ref().filter(|_| complete) {
            let conn = rusqlite::Connection::open(path).unwrap();
            let summed = "SELECT ifnull(sum(packets), 0) FROM hours";
            let summed: i64 = conn.query_row(summed, [], |row| row.get(0)).unwrap();
            let rows = packed::count(&conn).unwrap() + summed.unsigned_abs();
            let all = shelf.live + shelf.late;
            if !(all - shelf.ancient..=all).contains(&rows) {
                return Err(format!("{rows} rows in the database of {kept:?}"));
            }
        }
        Ok(())
    }
}

/// A configuration as somebody might write it.
fn config(rng: &mut fastrand::Rng, operator: &Person, host: &str) -> String {
    let key = operator.public_key.unwrap();
    let key = base64::engine::general_purpose::STANDARD.encode(key);
    let choose = |rng: &mut fastrand::Rng, of: &[&str]| (*rng.choice(of).unwrap()).to_owned();
    format!(
        "language = \"{}\"\n[node]\nhost = \"{host}\"\nhandshake = \"{}\"\n\
         [operator]\nnode = \"{}\"\nkey = \"{key}\"\n\
         [bot]\ntext_spacing = \"{}\"\npart_limit = {}\nmax_parts = {}\nmqtt = \"{}\"\n",
        choose(rng, &Lang::ALL.map(Lang::code)),
        choose(rng, &["two-phase", "two-phase", "two-phase", "full"]),
        operator.num,
        choose(rng, &["2.3s", "2.5s", "2500ms"]),
        rng.u8(60..=215),
        rng.u8(1..=5),
        choose(rng, &["answer", "ignore", "private"]),
    )
}
