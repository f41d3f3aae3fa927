//! Is the node still there? Answered by asking it, not by waiting for words:
//! a quiet mesh is not a dead link (decisions.md, "liveness").

use std::time::Duration;

use crate::link::message::Loss;

/// After this long without sending, a heartbeat; and after this long without a
/// word about what was sent, because whoever sends all the time would never
/// ask.
const PROBE_AFTER: Duration = Duration::from_secs(30);
/// Between heartbeats as long as nothing comes back.
const PROBE_AGAIN: Duration = Duration::from_secs(15);
/// So many without an answer, and the link is dead.
const PROBES: u8 = 3;
/// The time that they take. The session's other questions come oftener; they
/// neither hasten nor delay the end.
const PATIENCE: Duration = Duration::from_secs(45);
/// For a node that has not answered a heartbeat yet: firmware before 2.7.4
/// never does (protocol.md §1.6).
const SILENCE: Duration = Duration::from_secs(900);

/// What is to be done now.
#[derive(PartialEq, Eq, Debug)]
pub enum Due {
    Nothing,
    Probe,
    Dead(Loss),
}

/// Heartbeats and what came back.
#[derive(Debug)]
pub struct Liveness {
    last_sent: Duration,
    last_received: Duration,
    /// The first thing sent since the last frame came.
    awaits_since: Option<Duration>,
    last_probe: Duration,
    /// The first probe since the last frame came.
    first_unanswered: Duration,
    unanswered: u8,
    answers: bool,
}

impl Liveness {
    pub fn new(now: Duration) -> Self {
        Self {
            last_sent: now,
            last_received: now,
            awaits_since: None,
            last_probe: now,
            first_unanswered: now,
            unanswered: 0,
            answers: false,
        }
    }

    /// Something was handed to the socket.
    pub fn sent(&mut self, now: Duration) {
        self.last_sent = now;
        self.awaits_since.get_or_insert(now);
    }

    /// A whole frame came, whatever it says: the node is alive.
    pub fn received(&mut self, now: Duration) {
        self.last_received = now;
        self.awaits_since = None;
        self.unanswered = 0;
    }

    /// A queue status about no packet came: this node answers heartbeats.
    pub fn answered(&mut self) {
        self.answers = true;
    }

    /// Whether this node has answered a heartbeat on this connection.
    pub fn answers(&self) -> bool {
        self.answers
    }

    /// A heartbeat was sent, for whatever reason.
    pub fn probed(&mut self, now: Duration) {
        self.last_sent = now;
        self.last_probe = now;
        if self.unanswered == 0 {
            self.first_unanswered = now;
        }
        self.unanswered = self.unanswered.saturating_add(1);
    }

    pub fn due(&self, now: Duration) -> Due {
        if now < self.deadline() {
            Due::Nothing
        } else if self.is_given_up(now) {
            Due::Dead(Loss::NoAnswer)
        } else if now >= self.last_received + SILENCE {
            Due::Dead(Loss::Silence)
        } else {
            Due::Probe
        }
    }

    fn is_given_up(&self, now: Duration) -> bool {
        self.answers && self.unanswered >= PROBES && now >= self.first_unanswered + PATIENCE
    }

    /// When [`Liveness::due`] has something new to say.
    pub fn deadline(&self) -> Duration {
        let probe = if !self.answers {
            self.last_sent + PROBE_AFTER
        } else if self.unanswered == 0 {
            self.awaits_since.unwrap_or(self.last_sent) + PROBE_AFTER
        } else if self.unanswered >= PROBES {
            self.first_unanswered + PATIENCE
        } else {
            self.last_probe + PROBE_AGAIN
        };
        probe.min(self.last_received + SILENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Lets time pass until the link is dead; `answer` says whether the node
    /// answers a probe sent then.
    fn live(answers: bool, until: u64, answer: impl Fn(u64) -> bool) -> (Vec<u64>, Option<u64>) {
        let mut liveness = Liveness::new(s(0));
        liveness.answers = answers;
        let mut probes = Vec::new();
        let mut now = s(0);
        while now < s(until) {
            now = liveness.deadline();
            match liveness.due(now) {
                Due::Nothing => unreachable!("the deadline has come"),
                Due::Probe => {
                    probes.push(now.as_secs());
                    liveness.probed(now);
                    if answer(now.as_secs()) {
                        liveness.received(now);
                        liveness.answered();
                    }
                }
                Due::Dead(_) => return (probes, Some(now.as_secs())),
            }
        }
        (probes, None)
    }

    #[test]
    fn a_quiet_node_that_answers_lives_on_with_a_heartbeat_every_30_s() {
        let (probes, dead) = live(false, 7_200, |_| true);
        assert_eq!(dead, None);
        assert_eq!(probes.len(), 240);
    }

    #[test]
    fn three_unanswered_probes_are_the_end_after_75_s() {
        assert_eq!(live(true, 7_200, |_| false), (vec![30, 45, 60], Some(75)));
    }

    #[test]
    fn who_sends_all_the_time_notices_it_as_soon() {
        // Found by the simulation: pongs half a minute apart kept a dead link.
        for period in [2, 29, 30] {
            let mut liveness = Liveness::new(s(0));
            liveness.answered();
            liveness.received(s(0));
            let dead = (1..600).map(s).find(|&now| {
                if now.as_secs().is_multiple_of(period) {
                    liveness.sent(now);
                }
                if liveness.due(now) == Due::Probe {
                    liveness.probed(now);
                }
                matches!(liveness.due(now), Due::Dead(_))
            });
            let dead = dead.unwrap();
            assert!(
                dead <= s(period + 75),
                "{dead:?} after a text every {period} s"
            );
        }
    }

    /// What is sent asks as a heartbeat does: none is due meanwhile.
    #[test]
    fn whatever_is_sent_puts_the_next_heartbeat_off() {
        let mut liveness = Liveness::new(s(0));
        liveness.sent(s(20));
        assert_eq!(liveness.deadline(), s(50));
        assert!(!liveness.answers());
        liveness.received(s(21));
        liveness.answered();
        assert!(liveness.answers());
        assert_eq!(liveness.deadline(), s(50));
        liveness.sent(s(25));
        liveness.sent(s(40));
        assert_eq!(liveness.deadline(), s(55), "the first has no answer yet");
        liveness.received(s(41));
        assert_eq!(liveness.deadline(), s(70));
    }

    #[test]
    fn a_node_that_never_answers_heartbeats_has_15_minutes() {
        let (probes, dead) = live(false, 7_200, |_| false);
        assert_eq!(dead, Some(900));
        assert_eq!(probes.len(), 29);
    }
}
