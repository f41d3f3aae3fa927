//! A node that says that it has restarted is asked for everything again; one that
//! says so without end is not (decisions.md, "`rebooted`").

use std::time::Duration;

use log::{debug, info, warn};

use super::Session;
use super::handshake::Phase;
use crate::link::backoff::{Backoff, End, HEALTHY};
use crate::mesh::Now;

/// So many times the node is asked again at once…
const AT_ONCE: u32 = 3;
/// …but not more often than this. After that the pauses are those between
/// connections.
const SPACING: Duration = Duration::from_secs(1);
/// The longest of these pauses.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// How often the node has said so.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    /// When it was last asked again, or will be.
    asked: Option<Duration>,
    /// Since when it was well, if it is.
    ready_at: Option<Duration>,
    /// How often it has said so since it was well for a while.
    count: u32,
    pauses: Option<Backoff>,
}

impl Restarts {
    /// Its configuration is complete.
    pub fn ready(&mut self, now: Duration) {
        self.forgive(now);
        self.ready_at = Some(now);
    }

    fn forgive(&mut self, now: Duration) {
        let well = self.ready_at.take().map(|at| now.saturating_sub(at));
        if well.is_some_and(|well| well >= HEALTHY) {
            self.count = 0;
            self.pauses = None;
        }
    }

    /// It says that it has restarted: when to ask it again.
    fn next(&mut self, now: Duration, rng: &mut fastrand::Rng) -> Duration {
        self.forgive(now);
        self.count = self.count.saturating_add(1);
        let at = if self.count <= AT_ONCE {
            self.asked.map_or(now, |asked| now.max(asked + SPACING))
        } else {
            let pauses = &mut self.pauses;
            let pauses = pauses.get_or_insert_with(|| Backoff::new(PAUSE_MAX, rng.fork()));
            now + pauses.next(End::NeverReady).wait
        };
        self.asked = Some(at);
        at
    }
}

impl Session {
    /// The node says that it has restarted: what was under way is interrupted, and
    /// it is asked for everything again.
    pub(super) fn rebooted(&mut self, now: Now) {
        if matches!(self.phase, Phase::Restarting { .. }) {
            return;
        }
        let at = self.restarts.next(now.mono, &mut self.rng);
        match self.restarts.count {
            ..=AT_ONCE => info!("the node says that it has restarted"),
            count if count == AT_ONCE + 1 => {
                warn!("the node says again and again that it has restarted: asked less often");
            }
            count => debug!("the node says for the {count}th time that it has restarted"),
        }
        self.ask_at(now, at);
    }

    /// Another reason to ask for everything again, at the same pace.
    pub(super) fn ask_again(&mut self, now: Now) {
        if !matches!(self.phase, Phase::Restarting { .. }) {
            let at = self.restarts.next(now.mono, &mut self.rng);
            self.ask_at(now, at);
        }
    }

    fn ask_at(&mut self, now: Now, at: Duration) {
        self.interrupt(now);
        self.end_drain();
        if at <= now.mono {
            self.begin(now);
        } else {
            self.phase = Phase::Restarting { until: at };
        }
    }
}
