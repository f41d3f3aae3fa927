//! How long to wait before the next connection: patient with a node that is
//! away, quick after a single loss, and never in a fight with a rival.

use std::time::Duration;

/// A session that lasted this long was healthy, and starts the count afresh.
pub const HEALTHY: Duration = Duration::from_secs(60);
/// So many short sessions in a row mean that somebody else wants the slot.
const RIVAL_LOSSES: u8 = 2;

/// How the last attempt ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// No connection, or none whose configuration phase was completed.
    NeverReady,
    /// The configuration phase was complete for this long.
    AfterReady {
        /// From completion to loss.
        lasted: Duration,
        /// The node list was being sent: its loss says nothing about rivals.
        awaited_nodes: bool,
    },
}

/// What to do now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pause {
    /// Wait this long.
    pub wait: Duration,
    /// The number of the coming attempt, 1 after a good session.
    pub attempt: u32,
    /// Another client seems to be using the node.
    pub slot_taken: bool,
}

/// The pauses between connections (decisions.md, "reconnect").
#[derive(Debug)]
pub struct Backoff {
    rng: fastrand::Rng,
    cap: Duration,
    attempt: u32,
    short_sessions: u8,
}

impl Backoff {
    /// Pauses never exceed `cap`, except with a rival: then 30 to 60 s.
    #[must_use]
    pub fn new(cap: Duration, rng: fastrand::Rng) -> Self {
        Self {
            rng,
            cap,
            attempt: 0,
            short_sessions: 0,
        }
    }

    /// The pause after an attempt that ended like this.
    pub fn next(&mut self, end: End) -> Pause {
        if let End::AfterReady {
            lasted,
            awaited_nodes,
        } = end
        {
            if lasted >= HEALTHY {
                self.attempt = 0;
                self.short_sessions = 0;
            } else if !awaited_nodes {
                self.short_sessions = self.short_sessions.saturating_add(1);
            }
        }
        self.attempt = self.attempt.saturating_add(1);
        let slot_taken =
            self.short_sessions >= RIVAL_LOSSES && matches!(end, End::AfterReady { .. });
        let wait = if slot_taken {
            self.between(30.0, 60.0)
        } else {
            // 1, 2, 4 … s, each a fifth longer or shorter.
            let doublings = (self.attempt - 1).min(16);
            let base = f64::from(1_u32 << doublings).min(self.cap.as_secs_f64());
            self.between(base * 0.8, base * 1.2).min(self.cap)
        };
        Pause {
            wait,
            attempt: self.attempt,
            slot_taken,
        }
    }

    fn between(&mut self, low: f64, high: f64) -> Duration {
        Duration::from_secs_f64(low + self.rng.f64() * (high - low))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAP: Duration = Duration::from_secs(60);

    fn ready_for(seconds: u64) -> End {
        End::AfterReady {
            lasted: Duration::from_secs(seconds),
            awaited_nodes: false,
        }
    }

    fn backoff() -> Backoff {
        Backoff::new(CAP, fastrand::Rng::with_seed(7))
    }

    #[test]
    fn pauses_double_up_to_the_cap() {
        let mut backoff = backoff();
        let waits: Vec<f64> = (0..200)
            .map(|_| backoff.next(End::NeverReady).wait.as_secs_f64())
            .collect();
        for (wait, base) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]) {
            assert!(
                (base * 0.8..=base * 1.2).contains(wait),
                "{wait} for {base}"
            );
        }
        assert!(waits[6..].iter().all(|wait| (48.0..=60.0).contains(wait)));
    }

    #[test]
    fn ten_drops_of_healthy_sessions_all_start_at_the_beginning() {
        let mut backoff = backoff();
        for _ in 0..10 {
            let pause = backoff.next(ready_for(300));
            assert!((0.8..=1.2).contains(&pause.wait.as_secs_f64()));
            assert_eq!((pause.attempt, pause.slot_taken), (1, false));
        }
    }

    #[test]
    fn a_rival_is_given_way() {
        let mut backoff = backoff();
        let first = backoff.next(ready_for(20));
        assert!(!first.slot_taken && first.wait.as_secs_f64() <= 1.2);
        for _ in 0..5 {
            let pause = backoff.next(ready_for(20));
            assert!(pause.slot_taken);
            assert!((30.0..=60.0).contains(&pause.wait.as_secs_f64()));
        }
        assert!(!backoff.next(ready_for(60)).slot_taken);
        assert!(!backoff.next(ready_for(20)).slot_taken);
    }

    #[test]
    fn a_loss_during_the_node_list_is_no_rival() {
        let mut backoff = backoff();
        for _ in 0..5 {
            let end = End::AfterReady {
                lasted: Duration::from_secs(3),
                awaited_nodes: true,
            };
            assert!(!backoff.next(end).slot_taken);
        }
    }
}
