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

mod spell;

use std::time::Duration;

use self::spell::Spell;
use crate::mesh::{Now, Sanity};

/// Seconds that a packet may deviate and still say the same: time stamps are whole
/// seconds, and a packet takes up to a few to reach us.
const TOLERANCE: i64 = 5;
/// Two clocks that are set independently agree when they are no further apart, in
/// seconds.
const APART: i64 = 60;
/// Said again after so long, a contradiction is believed.
const CONFIRMED: Duration = Duration::from_secs(2);
/// Packets whose median is the difference of the clocks…
const VOTES: usize = 9;
/// …one of them in so long.
const VOTE_EVERY: Duration = Duration::from_secs(2);

/// Seconds of the node's clock minus seconds of the monotonic one.
type Offset = i64;

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
mod tests;
