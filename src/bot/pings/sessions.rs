//! Sessions of `/ping N`: so many numbered pongs, half a minute apart, and one
//! summary of what became of them (features.md D2).
//!
//! Pure: time and outcomes come in, [`Sessions::act`] says what is to be sent.
//! Bounded: one session an asker, [`OPEN`] in all. A session does not outlive
//! its link; the summary is sent when there is one again. What is not known is
//! not counted as anything else.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::bot::ask::{Ask, JobId};
use crate::link::{Failure, Outcome};
use crate::mesh::NodeNum;

/// Sessions that may be open at a time.
pub const OPEN: usize = 4;
/// Pongs that anybody may ask for.
pub const MOST: u8 = 5;
/// Pongs that the operator may ask for.
pub const MOST_OPERATOR: u8 = 20;
/// Between two pongs of a session.
pub const PERIOD: Duration = Duration::from_secs(30);
/// After the last pong its outcome comes within this time, or never: the
/// longest wait for its turn and the longest one for the acknowledgement. A
/// summary that finds no link for so long is not sent any more.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// What an asker wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// So many pongs. `capped`: he wanted another number.
    Start {
        /// At least one.
        count: u8,
        /// It is not what he asked for.
        capped: bool,
    },
    /// No more.
    Stop,
}

/// Why a session cannot begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The asker has one.
    Running,
    /// As many are open as may be.
    Full,
}

/// Why a session is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// All pongs had their turn.
    Complete,
    /// The asker has stopped it.
    Stopped,
    /// The link went away.
    LinkLost,
    /// The asker has had as many answers as he may.
    Limit,
}

/// How long acknowledgements took, from the writing of the pong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Took {
    /// The shortest time.
    pub shortest: Duration,
    /// All of them together.
    pub total: Duration,
    /// The longest time.
    pub longest: Duration,
}

impl Took {
    fn and(before: Option<Self>, took: Duration) -> Self {
        let before = before.unwrap_or(Self {
            shortest: took,
            total: Duration::ZERO,
            longest: took,
        });
        Self {
            shortest: before.shortest.min(took),
            total: before.total + took,
            longest: before.longest.max(took),
        }
    }
}

/// What became of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    /// Pongs wanted.
    pub count: u8,
    /// Pongs that went to the mesh, as far as is known.
    pub sent: u8,
    /// Acknowledged by the asker's node.
    pub delivered: u8,
    /// How long that took.
    pub took: Option<Took>,
    /// Heard being repeated; nothing more is known.
    pub relayed: u8,
    /// Sent, and not acknowledged.
    pub unanswered: u8,
    /// Refused by a node on the way or by the asker's.
    pub failed: u8,
    /// Nothing is known: no word has come yet, or none will.
    pub unknown: u8,
    /// Why it is over.
    pub end: End,
}

/// What is to be sent now.
#[derive(Clone, PartialEq, Debug)]
pub enum Act {
    /// A pong; [`Sessions::handed`] wants to know about it.
    Pong {
        /// To whom.
        ask: Box<Ask>,
        /// From 1.
        turn: u8,
        /// Of so many.
        count: u8,
        /// Fewer or more were wanted.
        capped: bool,
    },
    /// The end.
    Sum(Box<Ask>, Report),
}

#[derive(Debug)]
struct Session {
    ask: Box<Ask>,
    capped: bool,
    /// Pongs that had their turn.
    turns: u8,
    /// When the next one has its turn.
    next: Duration,
    open: BTreeSet<JobId>,
    /// All that is known so far.
    report: Report,
    /// Nothing more will happen.
    over: bool,
    /// Until then outcomes, and a link for the summary, are waited for.
    until: Duration,
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    sessions: Vec<Session>,
    link_up: bool,
}

impl Sessions {
    /// Begins a session; the first pong is due at once.
    ///
    /// # Errors
    ///
    /// When the asker has one, or too many are open.
    pub fn begin(
        &mut self,
        ask: &Ask,
        count: u8,
        capped: bool,
        now: Duration,
    ) -> Result<(), Refusal> {
        if self.sessions.iter().any(|it| it.ask.from == ask.from) {
            return Err(Refusal::Running);
        }
        if self.sessions.len() >= OPEN {
            return Err(Refusal::Full);
        }
        self.sessions.push(Session {
            ask: Box::new(ask.clone()),
            capped,
            turns: 0,
            next: now,
            open: BTreeSet::new(),
            report: Report {
                count,
                sent: 0,
                delivered: 0,
                took: None,
                relayed: 0,
                unanswered: 0,
                failed: 0,
                unknown: 0,
                end: End::Complete,
            },
            over: false,
            until: now + PATIENCE,
        });
        Ok(())
    }

    /// Ends the session of this asker at once, with what is known so far.
    /// `false` when he has none.
    pub fn stop(&mut self, from: NodeNum, now: Duration) -> bool {
        let session = self.of(from);
        if let Some(session) = session {
            session.end(End::Stopped, now);
            return true;
        }
        false
    }

    /// Sessions that are open.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sessions.len()
    }

    /// The link is up.
    pub fn link_up(&mut self) {
        self.link_up = true;
    }

    /// The link is gone, and all sessions end.
    pub fn link_lost(&mut self, now: Duration) {
        self.link_up = false;
        for session in &mut self.sessions {
            session.end(End::LinkLost, now);
        }
    }

    /// Ends all sessions without a word.
    pub fn forget(&mut self) {
        self.sessions.clear();
    }

    /// What is due now, if anything; to be called until it is nothing.
    pub fn act(&mut self, now: Duration) -> Option<Act> {
        let link_up = self.link_up;
        // A summary that finds no link is not worth anything any more.
        self.sessions.retain(|it| link_up || now < it.until);
        if !link_up {
            return None;
        }
        if let Some(at) = self.sessions.iter().position(|it| it.is_done(now)) {
            let mut session = self.sessions.remove(at);
            let unknown = u8::try_from(session.open.len()).unwrap_or(u8::MAX);
            session.report.unknown += unknown;
            return Some(Act::Sum(session.ask, session.report));
        }
        let mut sessions = self.sessions.iter_mut();
        let session = sessions.find(|it| it.has_turns() && it.next <= now)?;
        session.turns += 1;
        session.next = now + PERIOD;
        session.until = now + PATIENCE;
        Some(Act::Pong {
            ask: session.ask.clone(),
            turn: session.turns,
            count: session.report.count,
            capped: session.capped,
        })
    }

    /// The pong of [`Act::Pong`] goes out under this number.
    pub fn handed(&mut self, from: NodeNum, id: JobId) {
        if let Some(session) = self.of(from) {
            session.report.sent += 1;
            session.open.insert(id);
        }
    }

    /// That pong was not sent after all; with `limit` there will be no more, because
    /// the asker has had as many as he may.
    pub fn not_sent(&mut self, id: JobId, limit: bool, now: Duration) {
        let mut sessions = self.sessions.iter_mut();
        if let Some(session) = sessions.find(|it| it.open.contains(&id)) {
            session.open.remove(&id);
            session.report.sent -= 1;
            if limit {
                session.end(End::Limit, now);
            }
        }
    }

    /// What became of a text; most are none of ours.
    pub fn outcome(&mut self, id: JobId, outcome: Outcome) {
        let mut sessions = self.sessions.iter_mut();
        let Some(at) = sessions.position(|it| it.open.remove(&id)) else {
            return;
        };
        if matches!(outcome, Outcome::Failed(failure) if failure.is_key_trouble()) {
            // He can read none of the others either, nor the summary.
            self.sessions.remove(at);
            return;
        }
        let report = &mut self.sessions[at].report;
        match outcome {
            Outcome::Delivered(took) => {
                report.delivered += 1;
                report.took = Some(Took::and(report.took, took));
            }
            Outcome::Relayed => report.relayed += 1,
            Outcome::Failed(Failure::NoAnswer | Failure::MAX_RETRANSMIT) => {
                report.unanswered += 1;
            }
            Outcome::Failed(Failure::Nak(_) | Failure::Unreadable) => report.failed += 1,
            Outcome::Sent | Outcome::Unknown => report.unknown += 1,
            // It never went to the mesh.
            Outcome::Failed(Failure::Queue(_)) | Outcome::Expired | Outcome::Dropped(_) => {
                report.sent -= 1;
            }
        }
    }

    /// When [`Sessions::act`] has something to do again, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let due = self.sessions.iter().map(|session| {
            if self.link_up && session.has_turns() {
                session.next
            } else {
                session.until
            }
        });
        due.min()
    }

    fn of(&mut self, from: NodeNum) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|it| it.ask.from == from)
    }
}

impl Session {
    fn end(&mut self, end: End, now: Duration) {
        if !self.over {
            self.over = true;
            self.report.end = end;
            self.until = now + PATIENCE;
        }
    }

    fn has_turns(&self) -> bool {
        !self.over && self.turns < self.report.count
    }

    /// Whether the summary is due.
    fn is_done(&self, now: Duration) -> bool {
        let stopped = self.over && self.report.end == End::Stopped;
        stopped || (!self.has_turns() && (self.open.is_empty() || self.until <= now))
    }
}

#[cfg(test)]
mod tests {
    use crate::bot::pings::sessions::*;
    use crate::link::DropReason;
    use crate::proto::routing::Error;

    const BOB: NodeNum = NodeNum(0x2222_bbbb);

    fn s(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn ask(from: NodeNum) -> Ask {
        Ask {
            from,
            ..crate::bot::testing::ask("ping", "3")
        }
    }

    fn up() -> Sessions {
        let mut pings = Sessions::default();
        pings.link_up();
        pings
    }

    /// What is done at this time, pongs getting the numbers from `ticket` on.
    fn acts(pings: &mut Sessions, now: u64, mut ticket: u64) -> Vec<String> {
        let mut acts = Vec::new();
        while let Some(act) = pings.act(s(now)) {
            match act {
                Act::Pong {
                    ask, turn, count, ..
                } => {
                    pings.handed(ask.from, JobId(ticket));
                    ticket += 1;
                    acts.push(format!("{} {turn}/{count}", ask.from));
                }
                Act::Sum(ask, report) => acts.push(format!("{} {}", ask.from, short(report))),
            }
        }
        acts
    }

    fn short(it: Report) -> String {
        let (sent, count, end) = (it.sent, it.count, it.end);
        let known = [it.delivered, it.relayed, it.unanswered, it.failed];
        format!("{sent}/{count} {known:?} ?{} {end:?}", it.unknown)
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn pongs_half_a_minute_apart_then_a_summary() {
        let mut pings = up();
        pings.begin(&ask(BOB), 3, false, s(10)).unwrap();
        assert_eq!(acts(&mut pings, 10, 1), ["!2222bbbb 1/3"]);
        assert_eq!(pings.deadline(), Some(s(40)));
        assert_eq!(acts(&mut pings, 39, 2), NOTHING);
        assert_eq!(acts(&mut pings, 40, 2), ["!2222bbbb 2/3"]);
        pings.outcome(JobId(2), Outcome::Delivered(s(2)));
        assert_eq!(acts(&mut pings, 75, 3), ["!2222bbbb 3/3"]);
        pings.outcome(JobId(9), Outcome::Delivered(s(2)));
        pings.outcome(JobId(3), Outcome::Failed(Failure::NoAnswer));
        assert_eq!(acts(&mut pings, 76, 4), NOTHING);
        assert_eq!(pings.deadline(), Some(s(375)));
        pings.outcome(JobId(1), Outcome::Relayed);
        let sum = "!2222bbbb 3/3 [1, 1, 1, 0] ?0 Complete";
        assert_eq!(acts(&mut pings, 77, 4), [sum]);
        assert_eq!(pings.deadline(), None);
    }

    #[test]
    fn what_never_comes_is_unknown() {
        let mut pings = up();
        pings.begin(&ask(BOB), 1, false, s(0)).unwrap();
        acts(&mut pings, 0, 1);
        assert_eq!(acts(&mut pings, 299, 2), NOTHING);
        let sum = "!2222bbbb 1/1 [0, 0, 0, 0] ?1 Complete";
        assert_eq!(acts(&mut pings, 300, 2), [sum]);
    }

    #[test]
    fn what_was_not_sent_is_not_counted_as_sent() {
        let mut pings = up();
        pings.begin(&ask(BOB), 5, false, s(0)).unwrap();
        for turn in 0..5 {
            acts(&mut pings, 30 * turn, turn);
        }
        let nak = Failure::Nak(Error::NoRoute as i32);
        let outcomes = [
            Outcome::Expired,
            Outcome::Dropped(DropReason::QueueFull),
            Outcome::Failed(Failure::Queue(32)),
            Outcome::Failed(nak),
            Outcome::Failed(Failure::Nak(Error::MaxRetransmit as i32)),
        ];
        for (ticket, outcome) in (0..).zip(outcomes) {
            pings.outcome(JobId(ticket), outcome);
        }
        let sum = "!2222bbbb 2/5 [0, 0, 1, 1] ?0 Complete";
        assert_eq!(acts(&mut pings, 130, 9), [sum]);
    }

    #[test]
    fn stop_is_answered_at_once_with_what_is_known() {
        let mut pings = up();
        assert!(!pings.stop(BOB, s(0)));
        pings.begin(&ask(BOB), 5, false, s(0)).unwrap();
        acts(&mut pings, 0, 1);
        pings.outcome(JobId(1), Outcome::Delivered(s(2)));
        acts(&mut pings, 30, 2);
        assert!(!pings.stop(NodeNum(1), s(31)) && pings.stop(BOB, s(31)));
        let sum = "!2222bbbb 2/5 [1, 0, 0, 0] ?1 Stopped";
        assert_eq!(acts(&mut pings, 31, 3), [sum]);
        assert!(!pings.stop(BOB, s(32)));
    }

    #[test]
    fn a_lost_link_ends_it_and_the_next_one_brings_the_summary() {
        let mut pings = up();
        pings.begin(&ask(BOB), 5, false, s(0)).unwrap();
        acts(&mut pings, 0, 1);
        pings.link_lost(s(10));
        assert_eq!(acts(&mut pings, 40, 2), NOTHING);
        pings.outcome(JobId(1), Outcome::Unknown);
        pings.link_up();
        let sum = "!2222bbbb 1/5 [0, 0, 0, 0] ?1 LinkLost";
        assert_eq!(acts(&mut pings, 41, 2), [sum]);
        // When it takes too long nobody wants to know.
        pings.begin(&ask(BOB), 5, false, s(100)).unwrap();
        acts(&mut pings, 100, 1);
        pings.link_lost(s(110));
        assert_eq!(pings.deadline(), Some(s(410)));
        assert_eq!(acts(&mut pings, 410, 2), NOTHING);
        pings.link_up();
        assert_eq!(acts(&mut pings, 411, 2), NOTHING);
        assert_eq!(pings.deadline(), None);
    }

    #[test]
    fn one_for_each_and_few_in_all() {
        let mut pings = up();
        for n in 0..OPEN {
            let from = NodeNum(100 + u32::try_from(n).unwrap());
            pings.begin(&ask(from), 2, false, s(0)).unwrap();
            let again = pings.begin(&ask(from), 2, false, s(0));
            assert_eq!(again, Err(Refusal::Running));
        }
        assert_eq!(acts(&mut pings, 0, 0).len(), OPEN);
        assert_eq!(pings.begin(&ask(BOB), 2, false, s(1)), Err(Refusal::Full));
        pings.stop(NodeNum(100), s(1));
        acts(&mut pings, 1, 10);
        assert_eq!(pings.begin(&ask(BOB), 2, false, s(1)), Ok(()));
    }

    #[test]
    fn who_is_over_his_limit_or_cannot_read_it_gets_no_more() {
        let mut pings = up();
        pings.begin(&ask(BOB), 5, false, s(0)).unwrap();
        acts(&mut pings, 0, 1);
        pings.act(s(30)).unwrap();
        pings.handed(BOB, JobId(2));
        pings.not_sent(JobId(2), true, s(30));
        assert_eq!(acts(&mut pings, 60, 3), NOTHING);
        pings.outcome(JobId(1), Outcome::Delivered(s(2)));
        let sum = "!2222bbbb 1/5 [1, 0, 0, 0] ?0 Limit";
        assert_eq!(acts(&mut pings, 61, 2), [sum]);

        pings.begin(&ask(BOB), 5, false, s(100)).unwrap();
        acts(&mut pings, 100, 1);
        let no_key = Failure::Nak(Error::PkiUnknownPubkey as i32);
        pings.outcome(JobId(1), Outcome::Failed(no_key));
        assert_eq!(acts(&mut pings, 130, 2), NOTHING);
        assert_eq!(pings.deadline(), None);
    }
}
