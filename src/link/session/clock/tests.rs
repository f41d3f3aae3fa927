//! Clocks that step, lag and lie.

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
