//! Who gets an answer, and how often: buckets, notices, the guard against
//! talking to another bot. Pure; the state of it fits in a few kilobytes.

use std::time::Duration;

use super::recent::Recent;
use crate::config::{Limits, Rate};
use crate::link::message::Held;
use crate::mesh::{ChannelIndex, NodeNum};

/// Senders remembered at a time.
const SENDERS: usize = 1_024;
/// After so many answers to bare words within [`GUARD_WINDOW`]…
const GUARD_ANSWERS: u8 = 3;
const GUARD_WINDOW: Duration = Duration::from_secs(60);
/// …bare words of this sender are ignored for so long (decisions.md).
const GUARD_PAUSE: Duration = Duration::from_secs(600);
/// A hint about unknown words, at most so often to one sender.
const HINT_PERIOD: Duration = Duration::from_secs(3_600);

/// A token bucket: full at first, filled again evenly over its period.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    rate: Rate,
    tokens: f64,
    at: Duration,
}

impl Bucket {
    /// A full bucket.
    #[must_use]
    pub fn new(rate: Rate, now: Duration) -> Self {
        Self {
            rate,
            tokens: f64::from(rate.count),
            at: now,
        }
    }

    /// Whether there is a token.
    pub fn has(&mut self, now: Duration) -> bool {
        let passed = now.saturating_sub(self.at).as_secs_f64() / self.rate.per.as_secs_f64();
        let full = f64::from(self.rate.count);
        self.tokens = (self.tokens + passed * full).min(full);
        self.at = now;
        // Three times a third of a token is one.
        self.tokens > 1.0 - 1e-9
    }

    /// Takes a token that [`Bucket::has`] has just found.
    pub fn take(&mut self) {
        self.tokens = (self.tokens - 1.0).max(0.0);
    }

    /// Gives back a token that was taken for nothing.
    pub fn give_back(&mut self) {
        self.tokens = (self.tokens + 1.0).min(f64::from(self.rate.count));
    }
}

/// Whether an answer may be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It may, and has been counted.
    Answer,
    /// It may not; say so once.
    Notice,
    /// It may not, and nothing is to be said.
    Silence,
}

#[derive(Debug)]
struct Sender {
    bucket: Bucket,
    echo: Bucket,
    last_notice: Option<Duration>,
    bare_since: Duration,
    bare_answers: u8,
    bare_ignored_until: Duration,
}

/// All that is counted to stay polite.
#[derive(Debug)]
pub struct Policy {
    limits: Limits,
    senders: Recent<NodeNum, Sender>,
    channels: [Option<Bucket>; ChannelIndex::COUNT],
    total: Option<Bucket>,
    hints: Recent<NodeNum, ()>,
}

impl Policy {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            senders: Recent::new(SENDERS),
            channels: [None; ChannelIndex::COUNT],
            total: None,
            hints: Recent::new(SENDERS),
        }
    }

    /// What is remembered.
    #[must_use]
    pub fn held(&self) -> [Held; 2] {
        [
            Held::new("senders", self.senders.len(), SENDERS),
            Held::new("hints", self.hints.len(), SENDERS),
        ]
    }

    /// Asks for one answer to `from`. `channel` is where the answer would be
    /// public, `None` for a direct message.
    pub fn ask(&mut self, from: NodeNum, channel: Option<ChannelIndex>, now: Duration) -> Verdict {
        let limits = &self.limits;
        let total = self
            .total
            .get_or_insert_with(|| Bucket::new(limits.total, now));
        let mut public = channel
            .and_then(|channel| self.channels.get_mut(usize::from(channel.0)))
            .map(|public| &mut *public.get_or_insert_with(|| Bucket::new(limits.per_channel, now)));
        let sender = self.senders.entry(from, now, || Sender::new(limits, now));
        let own = sender.bucket.has(now);
        let shared = total.has(now) && public.as_mut().is_none_or(|public| public.has(now));
        if own && shared {
            sender.bucket.take();
            total.take();
            if let Some(public) = public {
                public.take();
            }
            return Verdict::Answer;
        }
        // When the channel itself is over its limit, a notice would add to it.
        if shared || channel.is_none() {
            return sender.notice(now, limits.per_sender.per);
        }
        Verdict::Silence
    }

    /// An answer to `from` that [`Policy::ask`] allowed on `channel` was not
    /// said there: somebody else's was enough.
    pub fn give_back(&mut self, from: NodeNum, channel: ChannelIndex, now: Duration) {
        let limits = &self.limits;
        let sender = self.senders.entry(from, now, || Sender::new(limits, now));
        let public = self.channels.get_mut(usize::from(channel.0));
        let public = public.and_then(Option::as_mut);
        let shared = self.total.as_mut().into_iter().chain(public);
        for bucket in shared.chain([&mut sender.bucket]) {
            bucket.give_back();
        }
    }

    /// Asks for one `/echo` by `from`, beside [`Policy::ask`].
    pub fn ask_echo(&mut self, from: NodeNum, now: Duration) -> Verdict {
        let limits = &self.limits;
        let sender = self.senders.entry(from, now, || Sender::new(limits, now));
        if sender.echo.has(now) {
            sender.echo.take();
            return Verdict::Answer;
        }
        sender.notice(now, limits.per_sender.per)
    }

    /// The `/echo` that [`Policy::ask_echo`] allowed was refused elsewhere.
    pub fn no_echo(&mut self, from: NodeNum, now: Duration) {
        let limits = &self.limits;
        let sender = self.senders.entry(from, now, || Sender::new(limits, now));
        sender.echo.give_back();
    }

    /// Whether a bare word of `from` may be answered: somebody who says
    /// nothing else may be a bot.
    pub fn ask_bare(&mut self, from: NodeNum, now: Duration) -> bool {
        let limits = &self.limits;
        let sender = self.senders.entry(from, now, || Sender::new(limits, now));
        if now < sender.bare_ignored_until {
            return false;
        }
        if now.saturating_sub(sender.bare_since) >= GUARD_WINDOW || sender.bare_answers == 0 {
            sender.bare_since = now;
            sender.bare_answers = 0;
        }
        sender.bare_answers += 1;
        if sender.bare_answers >= GUARD_ANSWERS {
            sender.bare_answers = 0;
            sender.bare_ignored_until = now + GUARD_PAUSE;
        }
        true
    }

    /// Whether `from` may be told that a word is unknown.
    pub fn ask_hint(&mut self, from: NodeNum, now: Duration) -> bool {
        self.hints.once_per(from, now, HINT_PERIOD)
    }
}

impl Sender {
    /// One notice in a period, silence otherwise.
    fn notice(&mut self, now: Duration, period: Duration) -> Verdict {
        if self.last_notice.is_none_or(|last| now >= last + period) {
            self.last_notice = Some(now);
            return Verdict::Notice;
        }
        Verdict::Silence
    }

    fn new(limits: &Limits, now: Duration) -> Self {
        Self {
            bucket: Bucket::new(limits.per_sender, now),
            echo: Bucket::new(limits.echo, now),
            last_notice: None,
            bare_since: now,
            bare_answers: 0,
            bare_ignored_until: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeNum = NodeNum(0x100);
    const C0: Option<ChannelIndex> = Some(ChannelIndex(0));

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn count(verdicts: &[Verdict], which: Verdict) -> usize {
        verdicts.iter().filter(|&&verdict| verdict == which).count()
    }

    #[test]
    fn twenty_pings_are_five_answers_and_one_notice() {
        let mut policy = Policy::new(Limits::default());
        let verdicts: Vec<_> = (0..20).map(|at| policy.ask(A, None, s(at))).collect();
        assert_eq!(count(&verdicts, Verdict::Answer), 5);
        assert_eq!(count(&verdicts, Verdict::Notice), 1);
        // A token a minute comes back.
        assert_eq!(policy.ask(A, None, s(80)), Verdict::Answer);
        assert_eq!(policy.ask(A, None, s(81)), Verdict::Silence);
    }

    #[test]
    fn a_crowd_gets_what_the_channel_can_carry() {
        let mut limits = Limits::default();
        limits.per_channel.count = 12;
        let mut policy = Policy::new(limits);
        let verdicts: Vec<_> = (0..30)
            .map(|who| policy.ask(NodeNum(100 + who), C0, s(1)))
            .collect();
        assert_eq!(count(&verdicts, Verdict::Answer), 12);
        assert_eq!(
            count(&verdicts, Verdict::Notice),
            0,
            "a notice would add to it"
        );
        // Direct messages do not suffer from it.
        assert_eq!(policy.ask(A, None, s(1)), Verdict::Answer);
    }

    #[test]
    fn a_refused_question_costs_the_channel_nothing() {
        let mut limits = Limits::default();
        limits.per_channel.count = 6;
        let mut policy = Policy::new(limits);
        for at in 0..20 {
            policy.ask(A, C0, s(at));
        }
        assert_eq!(policy.ask(NodeNum(0x200), C0, s(20)), Verdict::Answer);
    }

    #[test]
    fn everybody_together_has_a_limit_too() {
        let mut limits = Limits::default();
        limits.total.count = 3;
        let mut policy = Policy::new(limits);
        let verdicts: Vec<_> = (0..9)
            .map(|who| policy.ask(NodeNum(100 + who), None, s(1)))
            .collect();
        assert_eq!(count(&verdicts, Verdict::Answer), 3);
        assert_eq!(
            count(&verdicts, Verdict::Notice),
            6,
            "one for each, directly"
        );
    }

    #[test]
    fn a_bot_on_the_other_side_is_left_to_itself() {
        let mut policy = Policy::new(Limits::default());
        let answered: Vec<_> = (0..8).map(|at| policy.ask_bare(A, s(at * 5))).collect();
        assert_eq!(
            answered,
            [true, true, true, false, false, false, false, false]
        );
        assert!(!policy.ask_bare(A, s(600)));
        assert!(policy.ask_bare(A, s(620)));
        // A patient human is not a bot.
        let mut policy = Policy::new(Limits::default());
        assert!((0..20).all(|at| policy.ask_bare(A, s(at * 31))));
    }

    #[test]
    fn echo_and_hints_have_their_own_clocks() {
        let mut policy = Policy::new(Limits::default());
        let echoes = [0, 590, 591, 599, 601].map(|at| policy.ask_echo(A, s(at)));
        use Verdict::{Answer, Notice, Silence};
        assert_eq!(echoes, [Answer, Notice, Silence, Silence, Answer]);
        assert!(policy.ask_hint(A, s(0)) && !policy.ask_hint(A, s(3_599)));
        assert!(policy.ask_hint(A, s(3_600)));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let mut policy = Policy::new(Limits::default());
        for who in 0..100_000 {
            policy.ask(NodeNum(100 + who), None, s(1));
        }
        assert!(policy.senders.len() <= SENDERS);
    }
}
