//! The conversation with the node as a state machine: bytes and requests in,
//! bytes and events out. It has no socket and no clock.
//!
//! - Nothing but the handshake and heartbeats is written before the
//!   configuration is complete.
//! - Every accepted text ends in exactly one outcome.
//! - A packet id is used once: what has to be sent again goes under a new one.
//! - A packet is handed on once, and only a live one may cause an answer.
//! - The raw handshake is never logged: it holds keys (protocol.md §8 T23).

mod clock;
mod ending;
mod flight;
mod handshake;
mod held;
mod liveness;
mod lockdown;
mod outcome;
mod phases;
mod queue;
mod receive;
mod restarts;
mod seen;
mod send;
mod set_clock;
mod torn;
mod tracker;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use log::warn;

use self::clock::NodeClock;
use self::ending::Ending;
use self::flight::Flights;
use self::handshake::{DRAIN_MAX, NODES_AGAIN, Parts, Phase};
pub use self::handshake::{Handshake, MAX_NODES, NONCE_CONFIG, NONCE_NODES};
use self::liveness::{Due, Liveness};
use self::queue::Queue;
use self::restarts::Restarts;
use self::seen::Seen;
pub use self::torn::PATIENCE;
use self::torn::Torn;
use self::tracker::Tracker;
use super::frame::{self, Decoder};
use super::message::{Event, Identity, Loss, Outcome, Request, Ticket};
use super::outbox::Gate;
use crate::lang::Lang;
use crate::mesh::time::sooner;
use crate::mesh::{NodeNum, Now, Sanity};
use crate::proto::{self, to_radio};

/// What the node does not take within this time will not be taken.
const WRITE_STALL: Duration = Duration::from_secs(30);

/// Texts without an outcome at most: those that wait, and those under way.
pub const MOST_OPEN: usize = super::outbox::MAX_WAITING + 1 + flight::MOST;

/// What a session needs to know from the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Language of the log contract.
    pub lang: Lang,
    /// How to ask for configuration and nodes.
    pub handshake: Handshake,
    /// From the end of one text's writing to the next text.
    pub text_spacing: Duration,
    /// Which clocks to believe.
    pub sanity: Sanity,
    /// Whether the node's clock is set when it is not, or far off.
    pub set_clock: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lang: Lang::En,
            handshake: Handshake::TwoPhase,
            text_spacing: Duration::from_millis(2_500),
            sanity: Sanity::of_build(),
            set_clock: false,
        }
    }
}

/// What a session has counted since the program started.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Whole frames that were messages.
    pub frames: u64,
    /// Frames that were not.
    pub undecodable: u64,
    /// Packets seen before.
    pub duplicates: u64,
    /// Packets of others that the node could not read.
    pub encrypted: u64,
    /// Texts of our own that came back.
    pub own_texts: u64,
    /// Texts written to the node.
    pub texts_written: u64,
    /// Texts that the node refused as too early.
    pub rate_limited: u64,
}

/// The state of the conversation; it outlives connections.
#[derive(Debug)]
pub struct Session {
    settings: Settings,
    rng: fastrand::Rng,
    gate: Arc<Gate>,
    phase: Phase,
    identity: Option<Box<Identity>>,
    own: NodeNum,
    decoder: Decoder,
    /// Bytes that wait for the socket, and how many were taken in all.
    out: Vec<u8>,
    out_taken: u64,
    last_progress: Duration,
    queue: Queue,
    flights: Flights,
    liveness: Liveness,
    /// Free places in the node's transmit queue, when it said so.
    free: Option<u32>,
    /// When the node was last asked for free places, and how often in a row.
    asked_free: Option<(Duration, u8)>,
    seen: Seen,
    tracker: Tracker,
    infos: Vec<proto::NodeInfo>,
    /// What the last configuration with gaps had, and of whom.
    gaps: Option<(NodeNum, Parts)>,
    /// How often one with gaps was asked for again on this connection.
    gaps_asked: u8,
    /// Not to be asked for the node list before this.
    nodes_not_before: Duration,
    clock: NodeClock,
    /// When the node's clock was last set.
    clock_set_at: Option<Duration>,
    /// Texts from before the connection that have come on it.
    kept: u32,
    torn: Option<Torn>,
    /// The node takes nothing for the mesh.
    locked: bool,
    restarts: Restarts,
    warned_clock: bool,
    opened: u64,
    events: VecDeque<Event>,
    verdict: Option<Loss>,
    ending: Ending,
    counters: Counters,
}

impl Session {
    /// A session without a connection. `rng` decides packet ids and nonces.
    #[must_use]
    pub fn new(settings: Settings, gate: Arc<Gate>, rng: fastrand::Rng) -> Self {
        Self {
            queue: Queue::new(settings.text_spacing),
            settings,
            rng,
            gate,
            phase: Phase::Down,
            identity: None,
            own: NodeNum(0),
            decoder: Decoder::default(),
            out: Vec::new(),
            out_taken: 0,
            last_progress: Duration::ZERO,
            flights: Flights::default(),
            liveness: Liveness::new(Duration::ZERO),
            free: None,
            asked_free: None,
            seen: Seen::default(),
            tracker: Tracker::default(),
            infos: Vec::new(),
            gaps: None,
            gaps_asked: 0,
            nodes_not_before: Duration::ZERO,
            clock: NodeClock::default(),
            clock_set_at: None,
            kept: 0,
            torn: None,
            locked: false,
            restarts: Restarts::default(),
            warned_clock: false,
            opened: 0,
            events: VecDeque::new(),
            verdict: None,
            ending: Ending::No,
            counters: Counters::default(),
        }
    }

    /// A connection is made: begins the handshake.
    pub fn connected(&mut self, now: Now) {
        self.opened += 1;
        self.gaps_asked = 0;
        self.decoder.reset();
        self.out.clear();
        self.verdict = None;
        self.torn = None;
        self.locked = false;
        self.last_progress = now.mono;
        if self.settings.sanity.check(now.unix).is_none() && !self.warned_clock {
            self.warned_clock = true;
            warn!("this board's clock is not set: the age of messages is unknown");
        }
        self.begin(now);
    }

    /// The connection is gone. What was under way ends or waits.
    pub fn disconnected(&mut self, now: Now, loss: Loss) {
        if matches!(self.phase, Phase::Down) {
            return;
        }
        if matches!(self.phase, Phase::Nodes { .. }) {
            self.nodes_not_before = now.mono + NODES_AGAIN;
        }
        self.out.clear();
        self.interrupt(now);
        self.end_drain();
        // What is left of a torn frame belongs to that connection.
        self.decoder.reset();
        self.torn = None;
        self.phase = Phase::Down;
        self.events.push_back(Event::Lost(loss));
    }

    /// Bytes came from the node.
    pub fn received(&mut self, now: Now, bytes: &[u8]) {
        if matches!(self.phase, Phase::Down) {
            // Read in one go with what ended the connection.
            return;
        }
        self.decoder.push(bytes);
        self.read_frames(now);
        if self.decoder.held() > 0 || self.torn.is_some() {
            self.look_at_torn(now);
        }
        self.pump(now);
    }

    /// The bot asks for something.
    pub fn request(&mut self, now: Now, request: Request) {
        match request {
            Request::Text(ticket, text) => self.accept(now, ticket, text),
            Request::Traceroute(ticket, node) => self.accept_traceroute(ticket, node),
            Request::NodeInfo(node) => self.accept_node_info(node),
            Request::Beat => {}
            Request::Stop => self.stop(now),
        }
        self.pump(now);
    }

    /// Bytes for the socket.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        &self.out
    }

    /// The socket took the first `count` bytes of the output.
    pub fn wrote(&mut self, now: Now, count: usize) {
        if count == 0 {
            return;
        }
        let count = count.min(self.out.len());
        self.out.drain(..count);
        self.out_taken += count as u64;
        self.last_progress = now.mono;
        self.liveness.sent(now.mono);
        self.note_written(now);
        self.pump(now);
    }

    /// Looks at everything that depends on time.
    pub fn tick(&mut self, now: Now) {
        if !self.out.is_empty() && now.mono >= self.last_progress + WRITE_STALL {
            self.verdict = Some(Loss::WriteStalled);
        }
        if self.phase.deadline().is_some_and(|at| at <= now.mono) {
            self.phase_due(now);
        }
        if self.phase.is_ready() && self.ending == Ending::No {
            match self.liveness.due(now.mono) {
                Due::Nothing => {}
                Due::Probe => self.heartbeat(now),
                Due::Dead(loss) => self.verdict = Some(loss),
            }
        }
        self.flights_due(now);
        if self.torn.is_some() {
            self.look_at_torn(now);
        }
        self.pump(now);
    }

    /// When [`Session::tick`] is needed again, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let ready = self.phase.is_ready();
        let mut earliest = self.phase.deadline();
        let mut also = |at: Option<Duration>| earliest = sooner(earliest, at);
        match self.ending {
            Ending::LastWord(at) | Ending::Goodbye(at) => also(Some(at)),
            Ending::No | Ending::Done if ready => also(Some(self.liveness.deadline())),
            Ending::No | Ending::Done => {}
        }
        if !self.out.is_empty() {
            also(Some(self.last_progress + WRITE_STALL));
        }
        if !self.queue.is_empty() {
            if ready {
                also(self.send_due());
            }
            also(self.queue.next_expiry());
        }
        also(self.flights.deadline());
        also(self.torn.as_ref().and_then(Torn::deadline));
        earliest
    }

    /// The next thing that the bot has to know.
    pub fn event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Why the connection has to be closed, if it has to.
    pub fn verdict(&mut self) -> Option<Loss> {
        self.verdict.take()
    }

    /// Whether texts can be sent.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.phase.is_ready()
    }

    /// Whether the node list has been asked for and is still to come.
    #[must_use]
    pub fn awaits_nodes(&self) -> bool {
        matches!(self.phase, Phase::Nodes { .. })
    }

    /// Whether the program's end has been carried out.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.ending == Ending::Done
    }

    /// Whether the program's end has begun.
    #[must_use]
    pub fn is_ending(&self) -> bool {
        self.ending != Ending::No
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    fn heartbeat(&mut self, now: Now) {
        self.write(
            now,
            to_radio::PayloadVariant::Heartbeat(proto::Heartbeat { nonce: 0 }),
        );
        self.liveness.probed(now.mono);
    }

    /// Puts one message into the output.
    fn write(&mut self, now: Now, variant: to_radio::PayloadVariant) {
        if self.out.is_empty() {
            self.last_progress = now.mono;
        }
        let message = proto::ToRadio {
            payload_variant: Some(variant),
        };
        if !frame::encode(&message, &mut self.out) {
            // Texts are bounded and probes are small.
            debug_assert!(false, "a message longer than a frame");
        }
    }

    /// What the end of a session or a restart of the node does to what is
    /// under way: unwritten texts wait, written ones are unknown.
    fn interrupt(&mut self, now: Now) {
        self.gate.set_up(false);
        self.hand_over_nodes();
        self.interrupt_flights(now);
    }

    /// Whatever can be done now, is done: mostly nothing.
    #[inline]
    fn pump(&mut self, now: Now) {
        if self.ending != Ending::No {
            self.pump_ending(now);
        } else if !self.queue.is_empty() {
            self.pump_queue(now);
        }
    }

    fn pump_queue(&mut self, now: Now) {
        self.drop_expired(now);
        if self.phase.is_ready() {
            self.send_what_is_due(now);
        }
    }

    fn tell(&mut self, ticket: Ticket, outcome: Outcome) {
        self.events.push_back(Event::Outcome(ticket, outcome));
    }
}

/// The beginning of a text, safe for one line of a log.
fn send_start(text: &[u8]) -> String {
    crate::mesh::name::clean(text, 30)
}

/// The drain never lasts longer than a stall would.
const _: () = assert!(DRAIN_MAX.as_secs() < handshake::STALL.as_secs());

#[cfg(test)]
pub(super) mod tests;
