//! What systemd is told: ready, stopping, the state of the link, and that the
//! program lives.

use std::time::{Duration, Instant};

use log::warn;
use sd_notify::NotifyState;

use crate::link::Event;

/// Feeds systemd's watchdog, but only when both loops have turned since.
pub struct Watchdog {
    period: Option<Duration>,
    due: Instant,
    seen: Option<[u64; 2]>,
}

impl Watchdog {
    /// A watchdog as the unit asks for it; none without systemd.
    #[must_use]
    pub fn new() -> Self {
        // Two looks per period: one asks for beats, the next one sees them.
        let period = sd_notify::watchdog_enabled().map(|limit| limit / 3);
        Self {
            due: Instant::now() + period.unwrap_or_default(),
            period,
            seen: None,
        }
    }

    /// How long until it wants to look.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.period
            .map(|_| self.due.saturating_duration_since(Instant::now()))
    }

    /// Compares the rounds of the two loops with those of the last look, and
    /// asks for another round of each.
    pub fn look(&mut self, beats: [u64; 2], ask_for_beats: impl FnOnce()) {
        let Some(period) = self.period else { return };
        let now = Instant::now();
        if now < self.due {
            return;
        }
        if self
            .seen
            .is_none_or(|seen| beats[0] > seen[0] && beats[1] > seen[1])
        {
            notify(&[NotifyState::Watchdog]);
        } else {
            warn!("a thread does not turn any more; systemd is not reassured");
        }
        self.seen = Some(beats);
        self.due = now + period;
        ask_for_beats();
    }
}

impl Default for Watchdog {
    fn default() -> Self {
        Self::new()
    }
}

/// Keeps up what `systemctl status` shows.
pub fn tell(event: &Event, endpoint: &str) {
    match event {
        Event::Ready(identity) => notify(&[NotifyState::Status(&format!(
            "connected to {endpoint} ({})",
            identity.num
        ))]),
        Event::Lost(loss) => notify(&[NotifyState::Status(&format!(
            "no link to {endpoint}: {loss}"
        ))]),
        _ => {}
    }
}

/// Without systemd this does nothing.
pub fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::debug!("systemd was not reached: {error}");
    }
}
