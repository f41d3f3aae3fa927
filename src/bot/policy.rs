//! Who gets an answer, and how often: buckets, notices, the guard against
//! talking to another bot. Pure; the state of it fits in a few kilobytes.
//!
//! Of what the bot and a channel may say, half is kept for regulars: whoever
//! makes up new senders cannot use that up, nor push out what is remembered of
//! regulars. Whoever takes a regular's number is bound by that sender's limit.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::bounds::Held;
use crate::bounds::bucket::Bucket;
use crate::bounds::recent::Recent;
use crate::config::{Limits, Rate};
use crate::mesh::{ChannelIndex, NodeNum};

/// Senders remembered at a time: so many regulars, and as many strangers.
const SENDERS: usize = 1_024;
/// Of so many answers that all may have together, one notice more.
const NOTICES: u32 = 6;
/// After so many answers to the same bare word within [`GUARD_WINDOW`]…
const GUARD_ANSWERS: u8 = 3;
const GUARD_WINDOW: Duration = Duration::from_secs(60);
/// …this word of this sender is ignored for so long (decisions.md).
const GUARD_PAUSE: Duration = Duration::from_secs(600);
/// Bare words remembered of a sender.
const WORDS: usize = 3;
/// A hint about unknown words, at most so often to one sender.
const HINT_PERIOD: Duration = Duration::from_secs(3_600);

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asker {
    /// His number.
    pub num: NodeNum,
    /// He is no stranger ([`NodeBook::is_regular`](crate::mesh::NodeBook::is_regular)).
    pub is_regular: bool,
}

/// What all may have together: one half is for anybody, the other for regulars,
/// who use it first.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    open: Bucket,
    kept: Bucket,
}

impl Allowance {
    fn new(rate: Rate, now: Duration) -> Self {
        let part = |count| Bucket::new(count, rate.per, now);
        let kept = rate.count / 2;
        Self {
            open: part(rate.count - kept),
            kept: part(kept),
        }
    }

    fn has(&self, is_regular: bool, now: Duration) -> bool {
        self.open.has(now) || (is_regular && self.kept.has(now))
    }

    /// Takes what [`Allowance::has`] has just found.
    fn take(&mut self, is_regular: bool, now: Duration) {
        if is_regular && self.kept.has(now) {
            self.kept.take(now);
        } else {
            self.open.take(now);
        }
    }

    fn give_back(&mut self, is_regular: bool, now: Duration) {
        if is_regular && !self.kept.is_full(now) {
            self.kept.give_back();
        } else {
            self.open.give_back();
        }
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
    last_notice: Option<Duration>,
    // Of few among the many that are remembered.
    echo: Option<Box<Bucket>>,
    words: Option<Box<[Word; WORDS]>>,
}

/// A bare word of somebody, by its hash.
#[derive(Clone, Copy, Default, Debug)]
struct Word {
    hash: u64,
    since: Duration,
    answers: u8,
    ignored_until: Duration,
    told: bool,
}

/// Regulars and strangers apart.
#[derive(Debug)]
struct Senders {
    regulars: Recent<NodeNum, Sender>,
    strangers: Recent<NodeNum, Sender>,
}

impl Senders {
    fn of(&mut self, asker: Asker, limits: &Limits, now: Duration) -> &mut Sender {
        let senders = match asker.is_regular {
            true => &mut self.regulars,
            false => &mut self.strangers,
        };
        senders.entry(asker.num, now, || Sender::new(limits, now))
    }

    fn len(&self) -> usize {
        self.regulars.len() + self.strangers.len()
    }
}

/// All that is counted to stay polite.
#[derive(Debug)]
pub struct Policy {
    limits: Limits,
    senders: Senders,
    channels: [Option<Allowance>; ChannelIndex::COUNT],
    total: Option<Allowance>,
    notices: Option<Allowance>,
    hints: Recent<NodeNum, ()>,
}

impl Policy {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            senders: Senders {
                regulars: Recent::new(SENDERS),
                strangers: Recent::new(SENDERS),
            },
            channels: [None; ChannelIndex::COUNT],
            total: None,
            notices: None,
            hints: Recent::new(SENDERS),
        }
    }

    /// What is remembered.
    #[must_use]
    pub fn held(&self) -> [Held; 2] {
        [
            Held::new("senders", self.senders.len(), 2 * SENDERS),
            Held::new("hints", self.hints.len(), SENDERS),
        ]
    }

    /// Asks for one answer to `asker`. `channel` is where the answer would be
    /// public, `None` for a direct message.
    pub fn ask(&mut self, asker: Asker, channel: Option<ChannelIndex>, now: Duration) -> Verdict {
        let limits = &self.limits;
        let total = self
            .total
            .get_or_insert_with(|| Allowance::new(limits.total, now));
        let public = channel
            .and_then(|channel| self.channels.get_mut(usize::from(channel.0)))
            .map(|public| {
                &mut *public.get_or_insert_with(|| Allowance::new(limits.per_channel, now))
            });
        let is_regular = asker.is_regular;
        let sender = self.senders.of(asker, limits, now);
        let own = sender.bucket.has(now);
        let shared = total.has(is_regular, now)
            && public
                .as_ref()
                .is_none_or(|public| public.has(is_regular, now));
        if own && shared {
            sender.bucket.take(now);
            total.take(is_regular, now);
            if let Some(public) = public {
                public.take(is_regular, now);
            }
            return Verdict::Answer;
        }
        // When the channel itself is over its limit, a notice would add to it.
        if shared || channel.is_none() {
            return self.notice(asker, now);
        }
        Verdict::Silence
    }

    /// One notice to a sender in a period, and no more to all together than they
    /// may cost; silence otherwise.
    fn notice(&mut self, asker: Asker, now: Duration) -> Verdict {
        let limits = &self.limits;
        let period = limits.per_sender.per;
        let sender = self.senders.of(asker, limits, now);
        if sender.last_notice.is_some_and(|last| now < last + period) {
            return Verdict::Silence;
        }
        let rate = Rate {
            count: limits.total.count.div_ceil(NOTICES).max(2),
            ..limits.total
        };
        let notices = self
            .notices
            .get_or_insert_with(|| Allowance::new(rate, now));
        if !notices.has(asker.is_regular, now) {
            return Verdict::Silence;
        }
        notices.take(asker.is_regular, now);
        sender.last_notice = Some(now);
        Verdict::Notice
    }

    /// An answer to `asker` that [`Policy::ask`] allowed, in private or on this
    /// channel, was not said: somebody else's was enough, or there was none.
    pub fn give_back(&mut self, asker: Asker, public: Option<ChannelIndex>, now: Duration) {
        self.senders.of(asker, &self.limits, now).bucket.give_back();
        let public = public.and_then(|channel| self.channels.get_mut(usize::from(channel.0)));
        let public = public.and_then(Option::as_mut);
        for shared in self.total.as_mut().into_iter().chain(public) {
            shared.give_back(asker.is_regular, now);
        }
    }

    /// Asks for one `/echo` by `asker`, beside [`Policy::ask`].
    pub fn ask_echo(&mut self, asker: Asker, now: Duration) -> Verdict {
        let sender = self.senders.of(asker, &self.limits, now);
        let full = || {
            Box::new(Bucket::new(
                self.limits.echo.count,
                self.limits.echo.per,
                now,
            ))
        };
        let echo = sender.echo.get_or_insert_with(full);
        if echo.has(now) {
            echo.take(now);
            return Verdict::Answer;
        }
        self.notice(asker, now)
    }

    /// The `/echo` that [`Policy::ask_echo`] allowed was refused elsewhere.
    pub fn no_echo(&mut self, asker: Asker, now: Duration) {
        if let Some(echo) = &mut self.senders.of(asker, &self.limits, now).echo {
            echo.give_back();
        }
    }

    /// Whether this bare word of `asker` may be answered: who says it again and
    /// again may be a bot. He is told once what would be answered; other words
    /// are other words.
    pub fn ask_bare(&mut self, asker: Asker, word: &str, now: Duration) -> Verdict {
        let mut hasher = DefaultHasher::new();
        word.hash(&mut hasher);
        let hash = hasher.finish();
        let sender = self.senders.of(asker, &self.limits, now);
        let words = sender.words.get_or_insert_default();
        let known = words.iter().position(|it| it.hash == hash);
        let at = known.unwrap_or_else(|| {
            // The one that matters least: neither ignored nor said lately.
            let oldest = words.iter().enumerate();
            let oldest = oldest.min_by_key(|(_, it)| it.ignored_until.max(it.since));
            let at = oldest.map_or(0, |(at, _)| at);
            words[at] = Word {
                hash,
                ..Word::default()
            };
            at
        });
        let word = &mut words[at];
        if now < word.ignored_until {
            if std::mem::replace(&mut word.told, true) {
                return Verdict::Silence;
            }
            return self.notice(asker, now);
        }
        if now.saturating_sub(word.since) >= GUARD_WINDOW || word.answers == 0 {
            word.since = now;
            word.answers = 0;
        }
        word.answers += 1;
        if word.answers >= GUARD_ANSWERS {
            word.answers = 0;
            word.ignored_until = now + GUARD_PAUSE;
            word.told = false;
        }
        Verdict::Answer
    }

    /// Whether `from` may be told that a word is unknown.
    pub fn ask_hint(&mut self, from: NodeNum, now: Duration) -> bool {
        self.hints.once_per(from, now, HINT_PERIOD)
    }
}

impl Sender {
    fn new(limits: &Limits, now: Duration) -> Self {
        Self {
            bucket: Bucket::new(limits.per_sender.count, limits.per_sender.per, now),
            last_notice: None,
            echo: None,
            words: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Asker = regular(0x100);
    const C0: Option<ChannelIndex> = Some(ChannelIndex(0));

    const fn regular(num: u32) -> Asker {
        Asker {
            num: NodeNum(num),
            is_regular: true,
        }
    }

    const fn stranger(num: u32) -> Asker {
        Asker {
            num: NodeNum(num),
            is_regular: false,
        }
    }

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
            .map(|who| policy.ask(regular(100 + who), C0, s(1)))
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
        assert_eq!(policy.ask(regular(0x200), C0, s(20)), Verdict::Answer);
    }

    #[test]
    fn everybody_together_has_a_limit_too() {
        let mut limits = Limits::default();
        limits.total.count = 3;
        let mut policy = Policy::new(limits);
        let verdicts: Vec<_> = (0..9)
            .map(|who| policy.ask(regular(100 + who), None, s(1)))
            .collect();
        assert_eq!(count(&verdicts, Verdict::Answer), 3);
        assert_eq!(
            count(&verdicts, Verdict::Notice),
            2,
            "directly, as many as they may cost"
        );
    }

    #[test]
    fn a_bot_on_the_other_side_is_left_to_itself() {
        use Verdict::{Answer, Notice, Silence};
        let mut policy = Policy::new(Limits::default());
        let mut say = |word, at| policy.ask_bare(A, word, s(at));
        let answered = [0, 5, 10, 15, 20, 599].map(|at| say("ping", at));
        assert_eq!(answered, [Answer, Answer, Answer, Notice, Silence, Silence]);
        // Other words are not touched, and do not make it forget.
        for word in ["help", "test", "weather", "about"] {
            assert_eq!(say(word, 600), Answer, "{word}");
        }
        assert_eq!(say("ping", 601), Silence);
        assert_eq!(say("ping", 611), Answer);
        // A patient human is not a bot.
        let mut policy = Policy::new(Limits::default());
        assert!((0..20).all(|at| policy.ask_bare(A, "ping", s(at * 31)) == Answer));
    }

    /// New numbers, however many: half of what all may have stays for regulars,
    /// and the notices are bounded.
    #[test]
    fn a_flood_of_strangers_leaves_half_to_regulars() {
        let mut policy = Policy::new(Limits::default());
        let (mut strangers, mut notices, mut answered) = (0, 0, 0);
        for at in 0..3_600 {
            for public in [C0, None] {
                match policy.ask(stranger(0x9000 + at), public, s(at.into())) {
                    Verdict::Answer => strangers += 1,
                    Verdict::Notice => notices += 1,
                    Verdict::Silence => {}
                }
            }
            if at % 40 == 20 {
                let public = if at % 80 == 20 { C0 } else { None };
                let verdict = policy.ask(regular(at / 40 % 9), public, s(at.into()));
                answered += u32::from(verdict == Verdict::Answer);
            }
        }
        assert_eq!(answered, 90, "every regular, every time");
        // An hour of half of sixty in ten minutes, and what was there at first.
        assert!((180..=210).contains(&strangers), "{strangers}");
        assert!(notices <= 5 * 7, "{notices}");
    }

    /// What a regular gives back he took from the half that is kept for his like, as
    /// long as something of that is taken.
    #[test]
    fn what_is_given_back_goes_where_it_came_from() {
        let rate = Rate {
            count: 4,
            per: Duration::from_secs(400),
        };
        let left = |allowance: &Allowance| {
            let count = |mut bucket: Bucket| {
                let mut left = 0;
                while bucket.has(s(1)) {
                    bucket.take(s(1));
                    left += 1;
                }
                left
            };
            (count(allowance.open), count(allowance.kept))
        };
        let mut allowance = Allowance::new(rate, s(1));
        assert!(allowance.kept.is_full(s(1)));
        assert_eq!(left(&allowance), (2, 2));
        for (is_regular, after) in [
            (true, (2, 1)),
            (false, (1, 1)),
            (true, (1, 0)),
            (true, (0, 0)),
        ] {
            allowance.take(is_regular, s(1));
            assert_eq!(left(&allowance), after);
        }
        assert!(!allowance.kept.is_full(s(1)));
        for (is_regular, after) in [
            (true, (0, 1)),
            (true, (0, 2)),
            (true, (1, 2)),
            (false, (2, 2)),
        ] {
            allowance.give_back(is_regular, s(1));
            assert_eq!(left(&allowance), after);
        }
        // Full again by itself, when its time has come and not before.
        allowance.take(true, s(1));
        assert!(!allowance.kept.is_full(s(200)));
        assert!(allowance.kept.is_full(s(201)));
    }

    #[test]
    fn strangers_do_not_make_the_limit_of_a_regular_forgotten() {
        let mut policy = Policy::new(Limits::default());
        let mut ask = |asker| policy.ask(asker, None, s(1));
        let count = (0..20).filter(|_| ask(A) == Verdict::Answer).count();
        assert_eq!(count, 5);
        for who in 0..5_000 {
            ask(stranger(0x9000 + who));
        }
        assert_eq!(ask(A), Verdict::Silence);
    }

    #[test]
    fn echo_and_hints_have_their_own_clocks() {
        let mut policy = Policy::new(Limits::default());
        let echoes = [0, 590, 591, 599, 601].map(|at| policy.ask_echo(A, s(at)));
        use Verdict::{Answer, Notice, Silence};
        assert_eq!(echoes, [Answer, Notice, Silence, Silence, Answer]);
        assert!(policy.ask_hint(A.num, s(0)) && !policy.ask_hint(A.num, s(3_599)));
        assert!(policy.ask_hint(A.num, s(3_600)));
    }

    #[test]
    fn strangers_do_not_fill_the_memory() {
        let mut policy = Policy::new(Limits::default());
        for who in 0..50_000 {
            policy.ask(regular(100 + who), None, s(1));
            policy.ask(stranger(100 + who), None, s(1));
        }
        assert_eq!(policy.senders.len(), 2 * SENDERS);
    }
}
