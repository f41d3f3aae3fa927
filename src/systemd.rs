//! What systemd is told: ready, stopping, the state of the link, and that the
//! program lives.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;

use crate::link::Event;

/// Decides when systemd's watchdog is fed: only when both loops have turned
/// since the last look.
#[derive(Clone, Debug)]
pub struct Watchdog {
    period: Option<Duration>,
    due: Instant,
    seen: Option<[u64; 2]>,
}

/// What a look at the loops brought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Look {
    /// It is too early for one, or nobody wants to know.
    NotYet,
    /// Both turn: the watchdog is fed.
    Alive,
    /// One of them does not.
    Stuck,
}

impl Watchdog {
    /// A watchdog as the unit asks for it; none without systemd.
    #[must_use]
    pub fn of_systemd(now: Instant) -> Self {
        Self::new(sd_notify::watchdog_enabled(), now)
    }

    /// One that bites after `limit`.
    #[must_use]
    pub fn new(limit: Option<Duration>, now: Instant) -> Self {
        // Two looks per period: one asks for beats, the next one sees them.
        let period = limit.map(|limit| limit / 3);
        Self {
            due: now + period.unwrap_or_default(),
            period,
            seen: None,
        }
    }

    /// How long until it wants to look.
    #[must_use]
    pub fn timeout(&self, now: Instant) -> Option<Duration> {
        self.period.map(|_| self.due.saturating_duration_since(now))
    }

    /// Compares the rounds of the two loops with those of the last look. Unless
    /// it was too early, both have to be asked for another round.
    pub fn look(&mut self, now: Instant, beats: [u64; 2]) -> Look {
        let Some(period) = self.period.filter(|_| now >= self.due) else {
            return Look::NotYet;
        };
        let turned = |seen: [u64; 2]| beats[0] > seen[0] && beats[1] > seen[1];
        let alive = self.seen.is_none_or(turned);
        self.seen = Some(beats);
        self.due = now + period;
        if alive { Look::Alive } else { Look::Stuck }
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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(180);

    #[test]
    fn a_loop_that_does_not_turn_is_not_fed_for() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new(Some(LIMIT), start);
        assert_eq!(watchdog.timeout(start), Some(LIMIT / 3));
        let at = |looks: u32| start + LIMIT / 3 * looks;
        assert_eq!(
            watchdog.look(at(1) - Duration::from_nanos(1), [0, 0]),
            Look::NotYet
        );
        assert_eq!(watchdog.look(at(1), [1, 1]), Look::Alive);
        assert_eq!(watchdog.timeout(at(1)), Some(LIMIT / 3));
        assert_eq!(watchdog.look(at(2), [2, 2]), Look::Alive);
        // Each of the two alone, and both.
        for (looks, beats) in [(3, [3, 2]), (4, [3, 3]), (5, [3, 3])] {
            assert_eq!(watchdog.look(at(looks), beats), Look::Stuck, "{beats:?}");
        }
        // It was busy, and goes on.
        assert_eq!(watchdog.look(at(6), [4, 4]), Look::Alive);
        assert_eq!(watchdog.look(at(6), [5, 5]), Look::NotYet);
    }

    #[test]
    fn without_systemd_nobody_wakes_for_it() {
        let start = Instant::now();
        let mut watchdog = Watchdog::new(None, start);
        assert_eq!(watchdog.timeout(start), None);
        assert_eq!(watchdog.look(start + LIMIT * 9, [0, 0]), Look::NotYet);
    }
}
