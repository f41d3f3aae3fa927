//! What the node's clock is good for: telling that a packet was heard long
//! before it came, although the connection stood. Everything else follows from
//! the order of arrival (features.md C27).
//!
//! - The node's clock is compared with the board's monotonic one, which no
//!   time server steps. The difference is the median of the last packets.
//! - What comes over an established link is as old as that difference says. A packet
//!   that contradicts it was held up, or the clock was set: said again two seconds
//!   later it is believed.
//! - Whatever the clock does, for longer than six seconds nothing is old.
//! - At the beginning of a session the board's own clock and what was known before
//!   may vouch for the node's, nothing more.

use std::time::Duration;

use crate::mesh::{Now, Sanity};

/// Seconds that a packet may deviate and still say the same: time stamps are whole
/// seconds, and a packet takes up to a few to reach us.
const TOLERANCE: i64 = 5;
/// Two clocks that are set independently agree when they are no further apart, in
/// seconds.
const APART: i64 = 60;
/// Said again after so long, a contradiction is believed.
const CONFIRMED: Duration = Duration::from_secs(2);
/// So long packets may look old in a row…
const SPELL: Duration = Duration::from_secs(6);
/// …which ends when none did for so long, or when for as long as a spell may be
/// everything was young.
const SPELL_GAP: Duration = Duration::from_secs(30);
/// Packets whose median is the difference of the clocks…
const VOTES: usize = 9;
/// …one of them in so long.
const VOTE_EVERY: Duration = Duration::from_secs(2);

/// Seconds of the node's clock minus seconds of the monotonic one.
type Offset = i64;

/// Packets that look old, at more than one moment: what was held up comes at one.
#[derive(Clone, Copy, Debug)]
struct Spell {
    since: Duration,
    last: Duration,
    /// They did at another moment than the first as well.
    is_repeated: bool,
    /// Since when nothing did.
    young: Option<Duration>,
}

impl Spell {
    fn begin(mono: Duration) -> Self {
        Self {
            since: mono,
            last: mono,
            is_repeated: false,
            young: None,
        }
    }

    fn is_over(&self, mono: Duration) -> bool {
        mono >= self.last + SPELL_GAP
    }

    /// One more packet looks old; whether that is believed.
    fn goes_on(&mut self, mono: Duration) -> bool {
        let is_believed = !self.is_repeated || mono < self.since + SPELL;
        self.is_repeated |= mono >= self.since + CONFIRMED;
        self.last = mono;
        self.young = None;
        is_believed
    }

    /// A packet looks young; whether that ends the spell.
    fn is_ended(&mut self, mono: Duration) -> bool {
        let young = *self.young.get_or_insert(mono);
        mono >= young + SPELL
    }
}

/// What is known of the node's clock.
#[derive(Debug, Default)]
pub(super) struct NodeClock {
    /// The median of the votes.
    offset: Option<Offset>,
    votes: Votes,
    next_vote: Duration,
    /// What contradicts it, and since when that is said.
    other: Option<(Offset, Duration)>,
    spell: Option<Spell>,
    /// It is known in this session.
    is_fresh: bool,
    /// The node itself has told it since.
    is_told: bool,
}

/// The last few offsets, without order.
#[derive(Debug, Default)]
struct Votes {
    all: [Offset; VOTES],
    count: usize,
    next: usize,
}

impl Votes {
    fn begin(says: Offset) -> Self {
        let mut votes = Self::default();
        votes.add(says);
        votes
    }

    fn add(&mut self, says: Offset) -> Offset {
        self.all[self.next] = says;
        self.next = (self.next + 1) % VOTES;
        self.count = (self.count + 1).min(VOTES);
        let mut sorted = self.all;
        let sorted = &mut sorted[..self.count];
        sorted.sort_unstable();
        sorted[sorted.len() / 2]
    }
}

impl NodeClock {
    /// A session begins: what was known before is only a hint from now on.
    pub fn session(&mut self) {
        self.is_fresh = false;
        self.is_told = false;
        self.other = None;
    }

    /// It is another node.
    pub fn forget(&mut self) {
        *self = Self::default();
    }

    /// It was set to the board's clock.
    pub fn set(&mut self, now: Now) {
        let offset = to_i64(now.unix).zip(to_i64(now.mono.as_secs()));
        if let Some((unix, mono)) = offset {
            self.believe(now.mono, unix - mono);
            self.is_told = false;
        }
    }

    /// Whether the node has told a time in this session, since it was set.
    pub fn is_told(&self) -> bool {
        self.is_told
    }

    /// How far the node's clock is ahead of the board's, in seconds, when that
    /// was heard in this session and is not in doubt.
    pub fn ahead(&self, now: Now) -> Option<i64> {
        let board = to_i64(now.unix)? - to_i64(now.mono.as_secs())?;
        let offset = self
            .offset
            .filter(|_| self.is_fresh && self.other.is_none())?;
        Some(offset - board)
    }

    /// The age in seconds of a packet that came over an established link with
    /// this sane time stamp.
    #[inline]
    pub fn age(&mut self, now: Now, sanity: Sanity, rx_time: u64) -> u64 {
        let mono = now.mono.as_secs().cast_signed();
        let says = rx_time.cast_signed().saturating_sub(mono);
        let late = self.offset.map_or(0, |offset| offset.saturating_sub(says));
        let is_plain = self.is_fresh && self.other.is_none() && self.spell.is_none();
        if is_plain && late.abs() <= TOLERANCE {
            if now.mono >= self.next_vote {
                self.vote(now.mono, says);
            }
            return late.max(0).cast_unsigned();
        }
        self.judge(now, sanity, says)
    }

    /// How long ago by all that is known a packet was heard that the node may have
    /// kept from before the connection. `None` when nothing is known, or when that
    /// moment has yet to come.
    pub fn kept_for(&self, now: Now, sanity: Sanity, rx_time: u64) -> Option<u64> {
        let board = to_i64(sanity.check(now.unix)?)?.saturating_sub(to_i64(rx_time)?);
        if board < -APART {
            return None;
        }
        // Both have to vouch for it: a clock that was wrong before may be right
        // now, and the other way round.
        let mono = to_i64(now.mono.as_secs())?;
        let known = self
            .offset
            .map(|offset| offset.saturating_add(mono) - rx_time.cast_signed());
        let oldest = known.map_or(board, |known| known.max(board));
        Some(u64::try_from(oldest).unwrap_or(0))
    }

    fn vote(&mut self, mono: Duration, says: Offset) {
        self.offset = Some(self.votes.add(says));
        self.next_vote = mono + VOTE_EVERY;
        self.is_told = true;
    }

    fn believe(&mut self, mono: Duration, says: Offset) {
        self.votes = Votes::begin(says);
        self.offset = Some(says);
        self.next_vote = mono + VOTE_EVERY;
        self.other = None;
        self.is_fresh = true;
        self.is_told = true;
    }

    /// What does not simply agree with what was heard before in this session.
    #[cold]
    fn judge(&mut self, now: Now, sanity: Sanity, says: Offset) -> u64 {
        if !self.is_fresh {
            return self.judge_first(now, sanity, says);
        }
        let late = self.offset.map_or(0, |offset| offset.saturating_sub(says));
        if late.abs() <= TOLERANCE {
            self.other = None;
            self.spell
                .take_if(|spell| spell.is_over(now.mono) || spell.is_ended(now.mono));
            if now.mono >= self.next_vote {
                self.vote(now.mono, says);
            }
            return late.max(0).cast_unsigned();
        }
        self.contradicts(now.mono, says, late)
    }

    /// The first packets of a session. What agrees with the board's clock, or with
    /// what was known, is believed, and only what is late by both may be old.
    fn judge_first(&mut self, now: Now, sanity: Sanity, says: Offset) -> u64 {
        let mono = to_i64(now.mono.as_secs()).unwrap_or(0);
        let board = sanity
            .check(now.unix)
            .and_then(to_i64)
            .map(|unix| unix - mono);
        let known = board.into_iter().chain(self.offset);
        let late = known.map(|offset| offset.saturating_sub(says));
        let Some(least) = late.clone().min() else {
            self.believe(now.mono, says);
            return 0;
        };
        if least > APART {
            return self.contradicts(now.mono, says, least);
        }
        let near = late.filter(|late| late.abs() <= APART);
        match near.min_by_key(|late| late.abs()) {
            Some(late) if late.abs() <= TOLERANCE => {
                self.believe(now.mono, says);
                late.max(0).cast_unsigned()
            }
            // Held up for a while, or a clock that is a little off: the next one
            // will show.
            Some(late) => {
                self.believe(now.mono, says + late);
                late.max(0).cast_unsigned()
            }
            None => self.contradicts(now.mono, says, least),
        }
    }

    fn contradicts(&mut self, mono: Duration, says: Offset, late: i64) -> u64 {
        match self.other {
            Some((other, since)) if says.saturating_sub(other).abs() <= TOLERANCE => {
                if mono >= since + CONFIRMED {
                    self.believe(mono, says);
                    return 0;
                }
            }
            _ => self.other = Some((says, mono)),
        }
        if late <= APART {
            return late.max(0).cast_unsigned();
        }
        self.spell.take_if(|spell| spell.is_over(mono));
        let spell = self.spell.get_or_insert_with(|| Spell::begin(mono));
        match spell.goes_on(mono) {
            true => late.cast_unsigned(),
            false => 0,
        }
    }
}

fn to_i64(time: u64) -> Option<i64> {
    i64::try_from(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SANITY: Sanity = Sanity { built: 1_000_000 };
    const EPOCH: i64 = 2_000_000_000;

    /// The node's clock, and the two of the board; the last two begin at 1000 s.
    struct Clocks {
        node: NodeClock,
        mono: i64,
        board: i64,
    }

    impl Clocks {
        fn new(board: i64) -> Self {
            Self {
                node: NodeClock::default(),
                mono: 1_000,
                board,
            }
        }

        fn now(&self) -> Now {
            Now {
                mono: Duration::from_secs(self.mono.cast_unsigned()),
                unix: (EPOCH + self.mono + self.board).cast_unsigned(),
            }
        }

        /// A packet comes now, its time stamp so much off.
        fn age(&mut self, off: i64) -> u64 {
            let heard = (EPOCH + self.mono + off).cast_unsigned();
            let now = self.now();
            self.node.age(now, SANITY, heard)
        }

        fn kept_for(&self, off: i64) -> Option<u64> {
            let heard = (EPOCH + self.mono + off).cast_unsigned();
            self.node.kept_for(self.now(), SANITY, heard)
        }
    }

    #[test]
    fn a_packet_that_was_held_up_is_old_and_the_next_one_is_not() {
        let mut clocks = Clocks::new(0);
        assert_eq!(
            [0, -1, -400, 0, -30, 1].map(|off| clocks.age(off)),
            [0, 1, 400, 0, 30, 0]
        );
    }

    #[test]
    fn a_constant_error_of_either_clock_is_no_age() {
        for off in [-3_600, -600, 3_600, 86_400 * 365] {
            let mut clocks = Clocks::new(0);
            clocks.age(off);
            clocks.mono += 2;
            assert_eq!(
                (clocks.age(off), clocks.age(off - 400)),
                (0, 400),
                "node {off}"
            );
            let mut clocks = Clocks::new(off);
            clocks.age(0);
            clocks.mono += 2;
            assert_eq!((clocks.age(0), clocks.age(-400)), (0, 400), "board {off}");
        }
    }

    #[test]
    fn a_step_is_believed_when_it_is_said_again() {
        for step in [-86_400, -3_600, -301, -20] {
            let mut clocks = Clocks::new(0);
            clocks.age(0);
            clocks.mono += 60;
            assert_eq!(clocks.age(step), step.unsigned_abs(), "may be held up");
            clocks.mono += 1;
            assert_ne!(clocks.age(step), 0, "too soon to tell");
            clocks.mono += 1;
            assert_eq!(clocks.age(step), 0);
            assert_eq!(clocks.age(step - 400), 400);
        }
    }

    #[test]
    fn what_came_in_one_burst_after_a_stall_is_all_old() {
        let mut clocks = Clocks::new(0);
        clocks.age(0);
        clocks.mono += 900;
        for off in (-900..=-310).step_by(10) {
            assert_eq!(clocks.age(off), off.unsigned_abs());
        }
        assert_eq!((clocks.age(0), clocks.age(-400)), (0, 400));
    }

    /// A burst after a stall, then right packets, then a straggler by itself: it is
    /// no spell that makes nothing old.
    #[test]
    fn a_straggler_is_old_although_others_were_held_up_before() {
        for passed in [9, 12, 20] {
            let mut clocks = Clocks::new(0);
            clocks.age(0);
            clocks.mono += 60;
            assert_eq!([-65, -66, -65].map(|off| clocks.age(off)), [65, 66, 65]);
            clocks.mono += 12;
            clocks.age(-1);
            clocks.mono += passed;
            clocks.age(-1);
            assert_eq!(clocks.age(-850), 849, "{passed} s later");
        }
        // Right packets for a while end it, however many were held up before.
        let mut clocks = Clocks::new(0);
        clocks.age(0);
        for off in [-70, -90, -110] {
            clocks.mono += 3;
            clocks.age(off);
        }
        for _ in 0..3 {
            clocks.mono += 3;
            clocks.age(0);
        }
        assert_eq!(clocks.age(-400), 400);
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Old at one moment only is old for ever; at more than one for six seconds.
    #[test]
    fn a_spell_is_believed_for_six_seconds() {
        let mut spell = Spell::begin(at(100_000));
        for (when, believed) in [
            (101_999, true),
            (129_000, true),
            (129_001, false),
            (140_000, false),
        ] {
            assert_eq!(spell.goes_on(at(when)), believed, "{when}");
        }
        let mut spell = Spell::begin(at(100_000));
        for (when, believed) in [(102_000, true), (105_999, true), (106_000, false)] {
            assert_eq!(spell.goes_on(at(when)), believed, "{when}");
        }
    }

    #[test]
    fn a_spell_ends_after_six_young_seconds_or_thirty_silent_ones() {
        let mut spell = Spell::begin(at(100_000));
        assert!(!spell.is_over(at(129_999)));
        assert!(spell.is_over(at(130_000)));
        assert!(!spell.is_ended(at(101_000)));
        assert!(!spell.is_ended(at(106_999)));
        spell.goes_on(at(107_000));
        assert!(!spell.is_ended(at(108_000)), "it begins anew");
        assert!(!spell.is_ended(at(113_999)));
        assert!(spell.is_ended(at(114_000)));
        assert!(!spell.is_over(at(136_999)));
    }

    /// At most one packet in two seconds has a vote, and it takes five of nine.
    #[test]
    fn the_difference_follows_the_median_of_nine_votes() {
        let mut clocks = Clocks::new(0);
        clocks.age(0);
        for _ in 0..20 {
            assert_eq!(clocks.age(4), 0);
        }
        assert_eq!(
            clocks.node.ahead(clocks.now()),
            Some(0),
            "all in one second"
        );
        let follows = |clocks: &mut Clocks, off: i64| {
            let vote = |_: &i32| {
                clocks.mono += 2;
                clocks.age(off);
                clocks.node.ahead(clocks.now()) != Some(off)
            };
            (1..).take_while(vote).count()
        };
        // One vote against one: the later of the two in order.
        assert_eq!(follows(&mut clocks, 4), 0);
        for _ in 0..20 {
            clocks.age(1);
        }
        assert_eq!(clocks.node.ahead(clocks.now()), Some(4), "one had its vote");
        for _ in 0..9 {
            clocks.mono += 2;
            clocks.age(3);
        }
        assert_eq!(follows(&mut clocks, 1), 4, "five of nine");
    }

    /// Up to a minute late by a clock that vouches for it: held up that long, and the
    /// clock is that clock.
    #[test]
    fn the_first_packet_of_a_session_may_have_been_held_up() {
        for late in [6, 30, 60] {
            let mut clocks = Clocks::new(0);
            assert_eq!(clocks.age(-late), late.unsigned_abs());
            assert_eq!(clocks.node.ahead(clocks.now()), Some(0), "{late}");
        }
        let mut clocks = Clocks::new(0);
        assert_eq!(clocks.age(-61), 61);
        assert_eq!(clocks.node.ahead(clocks.now()), None);
    }

    #[test]
    fn two_that_contradict_each_other_confirm_nothing() {
        let mut clocks = Clocks::new(0);
        clocks.age(0);
        clocks.age(1_000);
        clocks.mono += 3;
        assert_eq!(clocks.age(-5_000), 5_000);
    }

    #[test]
    fn the_node_s_clock_is_known_when_it_was_told_and_is_not_in_doubt() {
        let mut clocks = Clocks::new(0);
        assert_eq!(clocks.node.ahead(clocks.now()), None);
        // Set by us, which is no word of the node's yet.
        let now = clocks.now();
        clocks.node.set(now);
        assert_eq!(
            (clocks.node.ahead(now), clocks.node.is_told()),
            (Some(0), false)
        );
        assert_eq!(
            (clocks.age(0), clocks.node.is_told()),
            (0, false),
            "too soon"
        );
        clocks.mono += 2;
        assert_eq!((clocks.age(-1), clocks.node.is_told()), (1, true));
        // Somebody says something else.
        assert_eq!(clocks.age(-400), 400);
        assert_eq!(clocks.node.ahead(clocks.now()), None);
        clocks.age(0);
        assert_eq!(clocks.node.ahead(clocks.now()), Some(0));
        clocks.node.session();
        assert_eq!(
            (clocks.node.ahead(clocks.now()), clocks.node.is_told()),
            (None, false)
        );
        // It would be 3,020 s by what was known, were it still the same node.
        let mut clocks = Clocks::new(0);
        clocks.age(3_000);
        clocks.mono += 2;
        clocks.age(3_000);
        clocks.node.forget();
        assert_eq!(clocks.kept_for(-20), Some(20));
    }

    #[test]
    fn one_word_from_the_future_changes_nothing() {
        let mut clocks = Clocks::new(0);
        clocks.age(0);
        assert_eq!(clocks.age(500_000_000), 0);
        clocks.mono += 5;
        assert_eq!((clocks.age(0), clocks.age(-400)), (0, 400));
    }

    #[test]
    fn what_the_node_has_kept_needs_two_clocks_that_agree() {
        let clocks = Clocks::new(0);
        assert_eq!(clocks.kept_for(-20), Some(20));
        assert_eq!(clocks.kept_for(-59), Some(59));
        assert_eq!(clocks.kept_for(40), Some(0));
        assert_eq!(
            (clocks.kept_for(60), clocks.kept_for(61)),
            (Some(0), None),
            "yet to come"
        );
        assert_eq!(Clocks::new(-2_000_000_000).kept_for(-20), None, "no clock");
        // Fifty minutes ahead in the last session: what looks young is not.
        let mut clocks = Clocks::new(0);
        clocks.age(3_000);
        clocks.mono += 2;
        clocks.age(3_000);
        clocks.node.session();
        assert_eq!(clocks.kept_for(-20), Some(3_020));
    }

    #[test]
    fn a_straggler_at_the_beginning_is_old_by_clocks_that_agree() {
        let mut clocks = Clocks::new(0);
        assert_eq!(clocks.age(-500), 500);
        assert_eq!((clocks.age(0), clocks.age(-400)), (0, 400));
        // The node has restarted with the wrong time: by what was known before
        // everything is an hour old, by the board's clock nothing is.
        let mut clocks = Clocks::new(0);
        clocks.age(3_600);
        clocks.mono += 2;
        clocks.age(3_600);
        clocks.node.session();
        assert_eq!(clocks.age(0), 0);
        // One word from far ahead at the very beginning is nothing to go by.
        let mut clocks = Clocks::new(0);
        assert_eq!(
            [500_000_000, 0, -400].map(|off| clocks.age(off)),
            [0, 0, 400]
        );
    }

    proptest! {
        /// However a clock goes: whoever asks every five seconds is young again
        /// within ten.
        #[test]
        fn nobody_is_old_for_long(
            board in prop_oneof![Just(0_i64), -5_000_i64..5_000],
            steps in prop::collection::vec((1_i64..9, -90_000_i64..90_000, any::<bool>()), 1..80),
        ) {
            let mut clocks = Clocks::new(board);
            let (mut off, mut next, mut old_since) = (0, 0, None);
            for (passed, by, jumps) in steps {
                for _ in 0..passed {
                    clocks.mono += 1;
                    if clocks.mono >= next {
                        next = clocks.mono + 5;
                        if clocks.age(off) > 300 {
                            let since = *old_since.get_or_insert(clocks.mono);
                            prop_assert!(clocks.mono < since + 10);
                        } else {
                            old_since = None;
                        }
                    }
                }
                off = if jumps { by } else { off };
            }
        }
    }
}
