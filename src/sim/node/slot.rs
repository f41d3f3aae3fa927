//! The one slot for a client: who takes it, who loses it, and why.

use std::collections::VecDeque;
use std::time::Duration;

use crate::link::frame::Decoder;
use crate::mesh::Now;
use crate::proto;
use crate::sim::dump;

use super::{Event, Output, SimNode};

/// A connection without a message for this long is closed (protocol.md §1.5).
const IDLE: Duration = Duration::from_secs(900);

/// Names one connection for its whole life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(pub(super) u64);

/// How a client ended a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientClose {
    /// An orderly end of file, which firmware does not notice at once.
    Fin,
    /// A reset or another error.
    Reset,
}

pub(super) struct Rival {
    pub(super) until: Duration,
    pub(super) period: Option<Duration>,
    pub(super) present: bool,
}

/// What the API knows about one connection.
pub(super) struct Connection {
    pub(super) id: ConnId,
    pub(super) input: Decoder,
    /// Bytes came that were not looked at.
    pub(super) unread: bool,
    pub(super) steady: bool,
    /// The handshake under way, or the last one, tells more than the nodes.
    pub(super) configures: bool,
    /// The rest of a handshake under way.
    pub(super) dump: VecDeque<dump::Piece>,
    pub(super) replay: VecDeque<proto::MeshPacket>,
    pub(super) last_message: Duration,
    /// When the last bytes arrived.
    pub(super) last_bytes: Duration,
    /// The last 20 packet ids (protocol.md §4.2).
    pub(super) seen: VecDeque<u32>,
    /// When a packet of a port was last accepted.
    pub(super) accepted: Vec<(i32, Duration)>,
    pub(super) last_text: Option<Duration>,
    pub(super) stalled: bool,
    /// It said `disconnect`.
    pub(super) leaving: bool,
    pub(super) closed: Option<ClientClose>,
}

impl Connection {
    pub(super) fn new(id: ConnId, now: Duration) -> Self {
        Self {
            id,
            input: Decoder::default(),
            unread: false,
            steady: false,
            configures: false,
            dump: VecDeque::new(),
            replay: VecDeque::new(),
            last_message: now,
            last_bytes: now,
            seen: VecDeque::new(),
            accepted: Vec::new(),
            last_text: None,
            stalled: false,
            leaving: false,
            closed: None,
        }
    }
}

impl SimNode {
    pub(super) fn connection(&mut self, id: ConnId) -> Option<&mut Connection> {
        let all = self.conn.iter_mut().chain(&mut self.waiting);
        all.into_iter().find(|conn| conn.id == id)
    }

    pub(super) fn take_over(&mut self, now: Now, id: ConnId) {
        let Some(at) = self.waiting.iter().position(|conn| conn.id == id) else {
            return;
        };
        let mut conn = self.waiting.remove(at);
        self.close_current();
        if let Some(rival) = self.rival.as_mut().filter(|rival| rival.present) {
            rival.present = false;
            if let Some(period) = rival.period {
                self.agenda.add(now.mono + period, Event::RivalBack);
            }
        }
        conn.last_message = now.mono;
        self.dead_socket = false;
        self.conn = Some(conn);
        self.counters.open = 1;
        // Measured: 900.1 to 900.3 s.
        let lag = self.lag(100..=300);
        self.agenda.add(now.mono + IDLE + lag, Event::Idle(id));
        self.bury();
    }

    /// Forgets the current connection if its client is gone.
    pub(super) fn bury(&mut self) {
        let Some(conn) = self.conn.as_ref() else {
            return;
        };
        let Some(how) = conn.closed else {
            return;
        };
        self.dead_socket = how == ClientClose::Fin && conn.steady && !conn.leaving;
        self.conn = None;
        self.counters.open = 0;
    }

    pub(super) fn close_current(&mut self) {
        self.flush();
        if let Some(conn) = self.conn.take() {
            self.outputs.push_back(Output::Close(conn.id));
            self.counters.open = 0;
        }
    }

    pub(super) fn check_idle(&mut self, now: Now, id: ConnId) {
        let Some(conn) = self.conn.as_ref().filter(|conn| conn.id == id) else {
            return;
        };
        let end = conn.last_message + IDLE;
        if end <= now.mono {
            self.counters.idle_closes += 1;
            self.close_current();
        } else {
            let lag = self.lag(100..=300);
            self.agenda.add(end + lag, Event::Idle(id));
        }
    }

    pub(super) fn rival_comes(&mut self, now: Now, for_: Duration, period: Option<Duration>) {
        self.close_current();
        self.rival_goes();
        self.rival = Some(Rival {
            until: now.mono + for_,
            period,
            present: true,
        });
        self.agenda.add(now.mono + for_, Event::RivalLeaves);
    }

    /// No rival, and none comes back.
    pub(super) fn rival_goes(&mut self) {
        self.rival = None;
        self.agenda.retain(|event| {
            let rivals = matches!(event, Event::RivalBack | Event::RivalLeaves);
            !rivals
        });
    }

    pub(super) fn rival_returns(&mut self, now: Now) {
        if let Some(rival) = &mut self.rival
            && now.mono < rival.until
        {
            rival.present = true;
            self.close_current();
        }
    }

    pub(super) fn reboot(&mut self, now: Now, down: Duration) {
        self.close_current();
        for conn in self.waiting.drain(..) {
            self.outputs.push_back(Output::Close(conn.id));
        }
        self.packets.clear();
        self.statuses.clear();
        self.notices.clear();
        self.heartbeat = false;
        self.dead_socket = false;
        self.rival = None;
        self.poll_planned = false;
        self.stalled_until = None;
        self.radio.reset();
        self.agenda.retain(|event| matches!(event, Event::Chatter));
        self.listening = false;
        self.agenda.add(now.mono + down, Event::ListenAgain);
    }
}
