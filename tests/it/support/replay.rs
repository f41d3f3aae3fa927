//! Plays the node's side of a recorded session to a session of ours, under a
//! clock that shows what the recording's clock showed.
//!
//! Two things cannot be as they were. Our session draws its nonce itself, so
//! the number in the recorded completion is replaced by it. And it asks for
//! the node list in its own time: what the node wrote after the recorded
//! client had asked is held back until our session has asked as well.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use meshbot::bot::all::{self, Outside};
use meshbot::bot::command::Registry;
use meshbot::bot::dispatch::{self, Before, Bot, Forgetful, Parts};
use meshbot::bot::host::HostStats;
use meshbot::bot::jobs::{Inline, JobResult};
use meshbot::config::Config;
use meshbot::link::frame::{Decoder, encode};
use meshbot::link::outbox::Gate;
use meshbot::link::session::{Handshake, Session, Settings};
use meshbot::link::{Event, Identity, Loss, Outbox, Outcome, Received, Request};
use meshbot::mesh::{Now, Sanity};
use meshbot::proto::{self, ToRadio, to_radio::PayloadVariant as To};
use meshbot::sim::tape::{Act, Tape};
use prost::Message;

use super::recording::{Recording, Step};

/// Built before any of the recordings was made.
pub const SANITY: Sanity = Sanity {
    built: 1_795_000_000,
};

/// The program has been running for a while when it connects.
const STARTED: f64 = 60.0;

/// Longest wait for our session to ask for the node list.
const PATIENCE: f64 = 10.0;

/// A bot behind the session, without threads.
struct Listener {
    bot: Bot,
    requests: Receiver<Request>,
    results: Receiver<JobResult>,
}

pub struct Replay {
    recording: Recording,
    /// When it begins, in our time.
    start: f64,
    /// Wall clock at the start of the first recording.
    unix: f64,
    pub session: Session,
    listener: Option<Listener>,
    /// Seconds since the start of the first recording.
    now: f64,
    written: Decoder,
    /// How much had been sent before the recording began.
    sent_before: usize,
    /// What our session wrote, and when.
    pub sent: Vec<(f64, To)>,
    /// What it told, and when.
    pub events: Vec<(f64, Event)>,
    pub verdicts: Vec<(f64, Loss)>,
    /// Called with the session after everything that happens.
    pub watch: Box<dyn FnMut(&Session)>,
}

impl Replay {
    /// A session that has just been connected. `registry` brings a bot.
    pub fn new(recording: Recording, registry: Option<Registry>) -> Self {
        let handshake = match recording.asked.len() {
            2 => Handshake::TwoPhase,
            _ => Handshake::Full,
        };
        let settings = Settings {
            handshake,
            sanity: SANITY,
            ..Settings::default()
        };
        let gate = Gate::new(settings.text_spacing);
        let listener = registry.map(|registry| Listener::new(registry, gate.clone()));
        let mut replay = Self {
            start: 0.0,
            unix: recording.t0,
            recording,
            session: Session::new(settings, gate, fastrand::Rng::with_seed(2_029)),
            listener,
            now: 0.0,
            written: Decoder::default(),
            sent_before: 0,
            sent: Vec::new(),
            events: Vec::new(),
            verdicts: Vec::new(),
            watch: Box::new(|_| {}),
        };
        replay.connect();
        replay
    }

    /// A bot that plays what somebody has sent in, and then lives on for
    /// `afterwards` seconds.
    pub fn sent_in(recording: meshbot::recording::Recording, afterwards: f64) -> Self {
        let (two, one) = (vec![0.0; 2], vec![0.0]);
        let nothing = Recording {
            name: "sent in",
            bytes: Vec::new(),
            t0: recording.t0,
            steps: Vec::new(),
            listed: Vec::new(),
            asked: if is_two_phase(&recording) { two } else { one },
            goodbye: None,
        };
        let mut replay = Self::new(nothing, Some(meshbot::bot::all::registry()));
        let mut tape = Tape::new(recording);
        let mut is_first = true;
        while tape.left() > 0 {
            if !is_first {
                if replay.verdicts.pop().is_some() || !replay.is_lost() {
                    replay.lose(Loss::EndOfFile);
                }
                replay.wait_until(replay.now + 1.0);
                replay.sent_before = replay.sent.len();
                replay.written.reset();
                replay.connect();
            }
            is_first = false;
            assert!(tape.connected(replay.clock()));
            replay.play(&mut tape);
        }
        replay.wait_until(replay.now + afterwards);
        replay
    }

    /// Whether the last thing that the bot learned of the link is its loss.
    fn is_lost(&self) -> bool {
        let mut states = self
            .events
            .iter()
            .rev()
            .filter_map(|(_, event)| match event {
                Event::Lost(_) => Some(true),
                Event::Ready(_) => Some(false),
                _ => None,
            });
        states.next().unwrap_or(false)
    }

    /// One connection, until the node has nothing more to say.
    fn play(&mut self, tape: &mut Tape) {
        let mut told = self.sent_before;
        loop {
            for (_, variant) in &self.sent[told..] {
                let mut bytes = Vec::new();
                let payload_variant = Some(variant.clone());
                assert!(encode(&ToRadio { payload_variant }, &mut bytes));
                tape.received(&bytes);
            }
            told = self.sent.len();
            match tape.act(self.clock()) {
                Some(Act::Bytes(bytes)) => self.session.received(self.clock(), &bytes),
                Some(Act::Close) => {
                    self.lose(Loss::EndOfFile);
                    return;
                }
                None => {
                    let Some(due) = tape.deadline() else { return };
                    let due = due.as_secs_f64() - STARTED;
                    self.wait_until(self.due().map_or(due, |ours| ours.min(due)));
                }
            }
            self.settle();
        }
    }

    /// The same session is connected again at `time`, to another recording.
    pub fn reconnect(&mut self, recording: Recording, time: f64) {
        self.wait_until(time);
        self.start = time;
        self.recording = recording;
        self.sent_before = self.sent.len();
        self.written.reset();
        self.connect();
    }

    fn connect(&mut self) {
        self.session.connected(self.clock());
        self.settle();
        self.give_our_nonce();
    }

    /// Everything that was recorded, to the end.
    pub fn run(&mut self) {
        for (time, step) in self.recording.steps.clone() {
            self.wait_until(self.start + time);
            match step {
                Step::FromNode { off, len } => {
                    self.wait_for_question(time);
                    let now = self.clock();
                    let bytes = &self.recording.bytes[off..off + len];
                    self.session.received(now, bytes);
                }
                Step::NodeClosed => self.session.disconnected(self.clock(), Loss::EndOfFile),
                Step::FromClient | Step::ClientClosed => {}
            }
            self.settle();
        }
    }

    /// The connection is closed, by whomever.
    pub fn lose(&mut self, loss: Loss) {
        self.session.disconnected(self.clock(), loss);
        self.settle();
    }

    /// When the recorded client said goodbye.
    pub fn goodbye(&self) -> f64 {
        self.start + self.recording.goodbye.expect("a goodbye")
    }

    /// The program ends, as it does on a signal.
    pub fn stop(&mut self) {
        self.session.request(self.clock(), Request::Stop);
        self.settle();
        self.wait_until(self.now + 2.0);
    }

    /// Lets time pass, and whatever is due happen.
    pub fn wait_until(&mut self, time: f64) {
        while let Some(due) = self.due().filter(|&due| due <= time) {
            // A microsecond more, for what gets lost on the way to seconds.
            self.now = self.now.max(due) + 0.000_001;
            let now = self.clock();
            self.session.tick(now);
            if let Some(listener) = &mut self.listener {
                listener.bot.tick(now);
            }
            self.settle();
            if !self.verdicts.is_empty() {
                break;
            }
        }
        self.now = self.now.max(time);
    }

    pub fn bot(&self) -> &Bot {
        &self.listener.as_ref().expect("a replay with a bot").bot
    }

    pub fn identities(&self) -> Vec<&Identity> {
        self.pick(|event| match event {
            Event::Ready(identity) => Some(&**identity),
            _ => None,
        })
    }

    /// Each list of nodes, as it came.
    pub fn node_lists(&self) -> Vec<&Vec<proto::NodeInfo>> {
        self.pick(|event| match event {
            Event::Nodes(nodes) => Some(nodes),
            _ => None,
        })
    }

    pub fn packets(&self) -> Vec<&Received> {
        self.pick(|event| match event {
            Event::Packet(received) => Some(&**received),
            _ => None,
        })
    }

    /// What became of the texts.
    pub fn outcomes(&self) -> Vec<Outcome> {
        self.pick(|event| match event {
            Event::Outcome(_, outcome) => Some(*outcome),
            _ => None,
        })
    }

    fn pick<'a, T>(&'a self, which: impl Fn(&'a Event) -> Option<T>) -> Vec<T> {
        self.events
            .iter()
            .filter_map(|(_, event)| which(event))
            .collect()
    }

    fn clock(&self) -> Now {
        let unix = Duration::from_secs_f64(self.unix + self.now);
        Now {
            mono: Duration::from_secs_f64(STARTED + self.now),
            unix: unix.as_secs(),
        }
    }

    fn due(&self) -> Option<f64> {
        let bot = self.listener.as_ref().and_then(|it| it.bot.deadline());
        [bot, self.session.deadline()]
            .into_iter()
            .flatten()
            .min()
            .map(|due| due.as_secs_f64() - STARTED)
    }

    /// Takes and gives until nothing moves any more.
    fn settle(&mut self) {
        loop {
            (self.watch)(&self.session);
            let now = self.clock();
            let output = self.session.output().to_vec();
            self.session.wrote(now, output.len());
            self.written.push(&output);
            while let Some(payload) = self.written.next_frame() {
                let message = ToRadio::decode(payload).expect("a message of ours");
                let variant = message.payload_variant.expect("a message with content");
                self.sent.push((self.now, variant));
            }
            let verdict = self.session.verdict().map(|loss| (self.now, loss));
            self.verdicts.extend(verdict);
            let mut moved = !output.is_empty();
            while let Some(event) = self.session.event() {
                moved = true;
                if let Some(listener) = &mut self.listener {
                    listener.bot.handle(now, event.clone());
                }
                self.events.push((self.now, event));
            }
            if let Some(listener) = &mut self.listener {
                moved |= listener.pass_on(now, &mut self.session);
            }
            if !moved {
                return;
            }
        }
    }

    fn questions(&self) -> Vec<u32> {
        let nonce = |sent: &To| match sent {
            To::WantConfigId(nonce) => Some(*nonce),
            _ => None,
        };
        (self.sent[self.sent_before..].iter())
            .filter_map(|(_, sent)| nonce(sent))
            .collect()
    }

    /// Holds back what the node wrote after a question that our session has
    /// not asked yet.
    fn wait_for_question(&mut self, time: f64) {
        let recorded = self.recording.asked.iter().filter(|&&asked| asked <= time);
        let recorded = recorded.count();
        let give_up = self.now + PATIENCE;
        while self.questions().len() < recorded {
            let due = self.due().filter(|&due| due < give_up);
            self.wait_until(due.expect("our session asks in time"));
        }
    }

    /// Replaces the recorded nonce by ours, in as many bytes.
    fn give_our_nonce(&mut self) {
        let asked = self.questions();
        let [ours] = asked[..] else {
            panic!("one question at the beginning, not {asked:?}");
        };
        let listed = self.recording.frames().find_map(|(listed, text)| {
            let theirs = text.strip_prefix("config_complete_id=")?;
            Some((listed.off?, listed.len, theirs.parse::<u32>().ok()?))
        });
        // 08 does not come so far; the two phases have nonces of their own.
        let Some((off, len, theirs)) = listed else {
            return;
        };
        let frame = &mut self.recording.bytes[off + 4..off + 4 + len];
        assert_eq!(frame, [&[7 << 3][..], &varint(theirs, len - 1)].concat());
        frame[1..].copy_from_slice(&varint(ours, len - 1));
    }
}

impl Listener {
    fn new(registry: Registry, gate: Arc<Gate>) -> Self {
        let (to_link, requests) = bounded(256);
        let (to_bot, results) = bounded(16);
        let settings = dispatch::Settings::from_config(&Config::default(), SANITY);
        let parts = Parts {
            outbox: Outbox::new(to_link, Arc::new(|| {}), gate),
            errands: Box::new(Inline(to_bot)),
            keeper: Arc::new(Forgetful),
            history: None,
            archive: None,
            capabilities: all::capabilities(&settings, &Outside::default()),
            host: Box::new(HostStats::default),
            registry,
        };
        Self {
            bot: Bot::new(settings, parts, Before::default()),
            requests,
            results,
        }
    }

    fn pass_on(&mut self, now: Now, session: &mut Session) -> bool {
        let mut moved = false;
        for result in self.results.try_iter() {
            moved = true;
            self.bot.finished(now, result);
        }
        for request in self.requests.try_iter() {
            moved = true;
            session.request(now, request);
        }
        moved
    }
}

/// Whether the bot of a recording asked for the configuration first.
fn is_two_phase(recording: &meshbot::recording::Recording) -> bool {
    // 94 c3, a length of 4, field 3, and 69420.
    let question = [0x94, 0xc3, 0, 4, 0x18, 0xac, 0x9e, 4];
    let mut steps = recording.connections.iter().flatten();
    steps.any(|(_, step)| {
        matches!(step, meshbot::recording::Step::ToNode(bytes) if bytes.starts_with(&question))
    })
}

/// A protobuf number in exactly `len` bytes, longer than needed if it must be.
fn varint(number: u32, len: usize) -> Vec<u8> {
    let mut rest = number;
    let mut bytes: Vec<u8> = (0..len)
        .map(|_| {
            let byte = (rest & 0x7f) as u8 | 0x80;
            rest >>= 7;
            byte
        })
        .collect();
    assert_eq!(rest, 0, "{number} does not fit into {len} bytes");
    if let Some(last) = bytes.last_mut() {
        *last &= 0x7f;
    }
    bytes
}
