//! The life of the link without its socket: look up, connect, talk, lose,
//! wait, and again, for ever.
//!
//! [`Core`] decides and somebody else does: `io` with a real socket, tests
//! with a simulated node and a virtual clock. At most one connection and one
//! attempt exist at any time.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, info, warn};

use super::backoff::{Backoff, End};
use super::message::{Event, Loss, Request};
use super::outbox::Gate;
use super::session::{self, Session};
use crate::lang::Text as Say;
use crate::mesh::Now;
use crate::mesh::time::sooner;
use crate::net::Endpoint;

/// A name look-up that takes longer has failed.
const LOOK_UP: Duration = Duration::from_secs(10);

/// A reason that stays the same is told again after so many attempts: about
/// every ten minutes.
const TELL_AGAIN: u32 = 10;

/// What the link needs to know from the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The node.
    pub endpoint: Endpoint,
    /// For each address in turn.
    pub connect_timeout: Duration,
    /// Longest pause between attempts.
    pub reconnect_max: Duration,
    /// The conversation.
    pub session: session::Settings,
}

/// What has to be done outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// Find the addresses of the node's name.
    LookUp,
    /// Open the connection.
    Connect(SocketAddr),
    /// Close it, or give up opening it.
    Close,
}

#[derive(Debug)]
enum Phase {
    Waiting {
        until: Duration,
    },
    LookingUp {
        until: Duration,
    },
    Connecting {
        until: Duration,
        rest: Vec<SocketAddr>,
    },
    Up {
        ready_at: Option<Duration>,
    },
    Ended,
}

/// Decides about the connection; owns the conversation.
#[derive(Debug)]
pub struct Core {
    settings: Settings,
    session: Session,
    backoff: Backoff,
    phase: Phase,
    /// Number of the coming reconnection; 0 for the very first connection.
    attempt: u32,
    /// Why the last attempts failed, and how often in a row for that reason.
    last_failure: Option<(String, u32)>,
    /// What a look-up brought after its time: for the next attempt.
    found_late: Vec<SocketAddr>,
    acts: std::collections::VecDeque<Act>,
}

impl Core {
    /// A link that connects at its first tick. `rng` decides ids and jitter.
    #[must_use]
    pub fn new(settings: Settings, gate: Arc<Gate>, mut rng: fastrand::Rng) -> Self {
        let backoff = Backoff::new(settings.reconnect_max, rng.fork());
        let session = Session::new(settings.session.clone(), gate, rng);
        Self {
            settings,
            session,
            backoff,
            phase: Phase::Waiting {
                until: Duration::ZERO,
            },
            attempt: 0,
            last_failure: None,
            found_late: Vec::new(),
            acts: std::collections::VecDeque::new(),
        }
    }

    /// The conversation, for a look at its counters.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// The next thing to be done outside.
    pub fn act(&mut self) -> Option<Act> {
        self.acts.pop_front()
    }

    /// The next thing that the bot has to know.
    pub fn event(&mut self) -> Option<Event> {
        self.session.event()
    }

    /// Bytes for the socket.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.session.output()
    }

    /// Whether everything is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// When [`Core::tick`] is needed again, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let own = match self.phase {
            Phase::Waiting { until }
            | Phase::LookingUp { until }
            | Phase::Connecting { until, .. } => Some(until),
            Phase::Up { .. } | Phase::Ended => None,
        };
        sooner(own, self.session.deadline())
    }

    /// Looks at everything that depends on time.
    pub fn tick(&mut self, now: Now) {
        match &self.phase {
            Phase::Waiting { until } if *until <= now.mono => self.attempt(now),
            Phase::LookingUp { until } if *until <= now.mono => {
                self.failed(now, "name look-up timed out");
            }
            Phase::Connecting { until, .. } if *until <= now.mono => {
                self.acts.push_back(Act::Close);
                self.connect_failed(now, "connect timed out");
            }
            _ => {}
        }
        self.session.tick(now);
        self.settle(now);
    }

    /// The bot asks for something.
    pub fn request(&mut self, now: Now, request: Request) {
        self.session.request(now, request);
        self.settle(now);
    }

    /// The name look-up has ended.
    pub fn looked_up(&mut self, now: Now, result: Result<Vec<SocketAddr>, String>) {
        if !matches!(self.phase, Phase::LookingUp { .. }) {
            debug!("a late answer of the name look-up");
            if let (Phase::Waiting { .. }, Ok(addresses)) = (&self.phase, result) {
                self.found_late = addresses;
            }
            return;
        }
        match result {
            Ok(addresses) if addresses.is_empty() => self.failed(now, "name has no address"),
            Ok(addresses) => self.connect(now, addresses),
            Err(error) => self.failed(now, &error),
        }
    }

    /// The connection is made.
    pub fn connected(&mut self, now: Now) {
        self.last_failure = None;
        self.phase = Phase::Up { ready_at: None };
        self.session.connected(now);
        self.settle(now);
    }

    /// The connection could not be made.
    pub fn connect_failed(&mut self, now: Now, error: &str) {
        let Phase::Connecting { rest, .. } = &mut self.phase else {
            return;
        };
        let rest = std::mem::take(rest);
        if rest.is_empty() {
            self.failed(now, error);
        } else {
            debug!("{error}; trying the next address");
            self.connect(now, rest);
        }
    }

    /// Bytes came.
    pub fn received(&mut self, now: Now, bytes: &[u8]) {
        self.session.received(now, bytes);
        self.settle(now);
    }

    /// The socket took so many bytes of the output.
    pub fn wrote(&mut self, now: Now, count: usize) {
        self.session.wrote(now, count);
        self.settle(now);
    }

    /// The connection ended by itself.
    pub fn closed(&mut self, now: Now, loss: Loss) {
        if let Phase::Up { ready_at } = self.phase {
            self.lost(now, ready_at, loss);
            self.settle(now);
        }
    }

    fn attempt(&mut self, now: Now) {
        let lang = self.settings.session.lang;
        let Endpoint { host, port } = &self.settings.endpoint;
        if self.attempt == 0 {
            let line = Say::LogConnect.fill(lang, &[("host", host), ("port", port)]);
            info!("{line}");
        } else {
            let values: &[(&str, &dyn fmt::Display)] =
                &[("n", &self.attempt), ("host", host), ("port", port)];
            info!("{}", Say::LogReconnect.fill(lang, values));
        }
        let late = std::mem::take(&mut self.found_late);
        match self.settings.endpoint.literal() {
            Some(address) => self.connect(now, vec![address]),
            None if !late.is_empty() => self.connect(now, late),
            None => {
                self.phase = Phase::LookingUp {
                    until: now.mono + LOOK_UP,
                };
                self.acts.push_back(Act::LookUp);
            }
        }
    }

    fn connect(&mut self, now: Now, mut addresses: Vec<SocketAddr>) {
        let first = addresses.remove(0);
        self.phase = Phase::Connecting {
            until: now.mono + self.settings.connect_timeout,
            rest: addresses,
        };
        self.acts.push_back(Act::Connect(first));
    }

    /// No connection came about. A new reason is told at once, the same one
    /// again now and then.
    fn failed(&mut self, now: Now, reason: &str) {
        let times = match &self.last_failure {
            Some((last, times)) if last == reason => times + 1,
            _ => 0,
        };
        if times.is_multiple_of(TELL_AGAIN) {
            warn!("no connection to {}: {reason}", self.settings.endpoint);
        } else {
            debug!("no connection to {}: {reason}", self.settings.endpoint);
        }
        self.last_failure = Some((reason.to_owned(), times));
        self.pause(now, End::NeverReady);
    }

    fn lost(&mut self, now: Now, ready_at: Option<Duration>, loss: Loss) {
        if self.session.is_ending() {
            debug!("connection closed");
        } else {
            warn!(
                "{}",
                Say::LogLost.fill(self.settings.session.lang, &[("reason", &loss)])
            );
        }
        let end = match ready_at {
            Some(at) => End::AfterReady {
                lasted: now.mono.saturating_sub(at),
                awaited_nodes: self.session.awaits_nodes(),
            },
            None => End::NeverReady,
        };
        self.session.disconnected(now, loss);
        self.pause(now, end);
    }

    fn pause(&mut self, now: Now, end: End) {
        let pause = self.backoff.next(end);
        self.attempt = pause.attempt;
        if pause.slot_taken && !self.session.is_ending() {
            warn!(
                "slot taken: another client is using this node, or it restarts again and again; trying again in {} s",
                pause.wait.as_secs()
            );
        }
        self.phase = Phase::Waiting {
            until: now.mono + pause.wait,
        };
    }

    /// Carries out what the session has decided.
    fn settle(&mut self, now: Now) {
        if let Phase::Up { ready_at } = &mut self.phase {
            // A restart of the node that leaves the connection open does not
            // make a good session a bad one.
            if ready_at.is_none() && self.session.is_ready() {
                *ready_at = Some(now.mono);
            }
            let ready_at = *ready_at;
            if let Some(loss) = self.session.verdict() {
                self.acts.push_back(Act::Close);
                self.lost(now, ready_at, loss);
            }
        }
        if self.session.is_ending() {
            self.settle_the_end(now);
        }
    }

    #[cold]
    fn settle_the_end(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Up { .. } | Phase::Ended) {
            // Nobody to say goodbye to.
            self.acts.push_back(Act::Close);
            self.session.tick(now);
        }
        if self.session.is_done() && !self.is_ended() {
            self.acts.push_back(Act::Close);
            self.phase = Phase::Ended;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn core() -> Core {
        let settings = Settings {
            endpoint: Endpoint {
                host: "node.example".into(),
                port: 4403,
            },
            connect_timeout: Duration::from_secs(10),
            reconnect_max: Duration::from_secs(60),
            session: session::Settings::default(),
        };
        let gate = Gate::new(settings.session.text_spacing);
        Core::new(settings, gate, fastrand::Rng::with_seed(1))
    }

    #[test]
    fn a_reason_that_stays_is_told_again_now_and_then() {
        let mut core = core();
        for (times, reason) in [(0, "refused"), (1, "refused"), (0, "timed out")] {
            core.failed(Now::default(), reason);
            assert_eq!(core.last_failure, Some((reason.to_owned(), times)));
        }
    }

    /// A node that is switched off answers nothing at all: the next address has
    /// its turn after the configured time, and then the pause.
    #[test]
    fn a_connection_that_does_not_come_about_is_given_up_in_time() {
        let mut core = core();
        let at = |secs| Now::default().plus(Duration::from_secs(secs));
        let addresses = [1, 2].map(|end| SocketAddr::from(([10, 0, 0, end], 4403)));
        core.tick(at(0));
        assert_eq!(core.act(), Some(Act::LookUp));
        core.looked_up(at(0), Ok(addresses.to_vec()));
        for (secs, address) in (0..).step_by(10).zip(addresses) {
            assert_eq!(core.act(), Some(Act::Connect(address)));
            assert_eq!(core.deadline(), Some(Duration::from_secs(secs + 10)));
            core.tick(at(secs + 9));
            assert_eq!(core.act(), None, "it is still waited for");
            core.tick(at(secs + 10));
            assert_eq!(core.act(), Some(Act::Close));
        }
        assert!(!matches!(core.act(), Some(Act::Connect(_))));
        assert!(core.deadline() > Some(Duration::from_secs(20)));
        assert!(core.deadline() < Some(Duration::from_secs(80)));
    }

    #[test]
    fn a_look_up_that_always_takes_12_s_brings_a_connection_all_the_same() {
        let mut core = core();
        let mut now = Now::default();
        let address = SocketAddr::from(([127, 0, 0, 1], 4403));
        // The name server is away for an hour, then back and slow.
        let mut answer_at = None;
        while now.mono < Duration::from_secs(3_900) {
            core.tick(now);
            match core.act() {
                Some(Act::LookUp) if now.mono >= Duration::from_secs(3_600) => {
                    answer_at.get_or_insert(now.mono + Duration::from_secs(12));
                }
                Some(Act::Connect(to)) => {
                    assert_eq!(to, address);
                    return;
                }
                _ => {}
            }
            now = now.plus(Duration::from_millis(100));
            if answer_at.is_some_and(|at| at <= now.mono) {
                answer_at = None;
                core.looked_up(now, Ok(vec![address]));
            }
        }
        panic!("no attempt to connect in 5 min");
    }
}
