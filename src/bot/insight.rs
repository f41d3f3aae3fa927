//! Questions about what the mesh did: what is asked of the history, how it is
//! counted, and what an answer is written from.
//!
//! A command leaves a [`Wish`]. Dispatch makes a [`Question`] of it, which
//! carries what still waits to be written, so that the last minutes count too;
//! an [`Archive`] adds what is written and brings an [`Answer`] home. Counting
//! is the same for both, in [`Tally`], [`Collector`] and [`Listener`], and pure.
//!
//! What had waited in our node before it was connected and what came through
//! MQTT is in no figure here; replayed records and our own packets never become
//! rows at all ([`record`](super::record)).

mod kind;
mod links;
mod stock;
mod tally;
mod texts;

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

pub use kind::Kind;
pub use links::{Collector, Hub, Links, Net, Pair, Reception, Record, Way};
pub use stock::Stock;
pub use tally::{Air, By, Counts, Group, Sample, Seen, Tally};
pub use texts::{Failure, Line, Listener, Talk, Talking};

use super::errands::JobId;
use super::record::Sum;
use crate::lang::Lang;
use crate::mesh::{ChannelIndex, NodeBook, NodeNum, Now};

/// How long an asker waits for the history at most.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The longest time that can be asked about: so long are single packets kept.
pub const HOURS_MAX: u32 = 168;
/// The longest time of which texts can be asked for: so long are they kept.
pub const TEXTS_MAX: u32 = 24;
/// Seconds in an hour.
pub const HOUR: u64 = 3_600;
/// Seconds in a day.
const DAY: u64 = 24 * HOUR;

/// Somebody who knows what the mesh did.
pub trait Archive: Send {
    /// Takes a question without waiting; `false` when too many wait already.
    /// The answer comes as the result of this job.
    fn ask(&self, id: JobId, question: Box<Question>) -> bool;
}

/// What is to be looked up; nothing of what is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// Packets, counted like this.
    pub packets: Option<By>,
    /// What our node said of the air.
    pub air: bool,
    /// Who hears whom.
    pub links: Option<Links>,
    /// What was said on a channel.
    pub texts: Option<Talking>,
    /// What did not arrive.
    pub failures: bool,
    /// What the history holds and takes.
    pub stock: bool,
}

/// What is asked of an archive.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Question {
    /// Our own node; what others heard of the mesh is not mixed with it.
    pub own: NodeNum,
    /// The first second that counts, since 1970.
    pub since: u64,
    /// The last one.
    pub until: u64,
    /// Up to here the archive knows everything or is about to; what is younger
    /// stands in `fresh`, and must not be counted twice. `None`: no limit.
    pub settled: Option<u64>,
    /// What is to be looked up.
    pub look: Look,
    /// The channels of which texts are kept: the bit of each index.
    pub kept: u8,
    /// What is not written yet.
    pub fresh: Fresh,
}

impl Question {
    /// Whether this second counts.
    #[must_use]
    pub fn covers(&self, at: u64) -> bool {
        (self.since..=self.until).contains(&at)
    }

    /// The first and the last second whose written rows are to be added.
    #[must_use]
    pub fn written(&self) -> (u64, u64) {
        let settled = self.settled.unwrap_or(u64::MAX);
        (self.since, self.until.min(settled))
    }
}

/// What is not written yet, as far as it was asked for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Fresh {
    /// When the first of all that is not written was heard, in seconds since 1970.
    pub began: Option<u64>,
    /// Packets.
    pub packets: Vec<Seen>,
    /// Packets that are counted only, and when the first of them was heard.
    pub sums: Vec<(u64, Sum)>,
    /// What our node said of the air.
    pub air: Vec<Sample>,
    /// Who was heard by whom.
    pub links: Vec<Reception>,
    /// What was said.
    pub texts: Vec<Line>,
    /// On which channel the one was heard who may read what is said there.
    pub shared: Option<ChannelIndex>,
    /// What did not arrive, the latest last.
    pub failures: Vec<Failure>,
    /// How much it is.
    pub stock: Stock,
}

/// What an archive found; empty where it was not asked.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    /// When the first of all that it remembers was heard, in seconds since 1970.
    pub began: Option<u64>,
    /// Packets.
    pub packets: Counts,
    /// The air.
    pub air: Air,
    /// Who hears whom.
    pub links: Net,
    /// What was said.
    pub talk: Talk,
    /// What did not arrive, the latest first.
    pub failures: Vec<Failure>,
    /// What the history holds.
    pub stock: Stock,
}

/// What a command wants to know, and how it says it.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// So many hours back.
    pub hours: u32,
    /// The first hour counts from its beginning, and the current one is the
    /// last of them.
    pub whole_hours: bool,
    /// What is to be looked up.
    pub look: Look,
    /// How many there shall be of what the answer lists, where that is asked.
    pub most: usize,
    /// Writes the answer.
    pub render: fn(&View<'_>) -> String,
}

impl Wish {
    /// What to look up of the last so many hours.
    #[must_use]
    pub fn of_hours(hours: u32, look: Look, render: fn(&View<'_>) -> String) -> Self {
        Self {
            hours,
            whole_hours: false,
            look,
            most: usize::MAX,
            render,
        }
    }

    /// The first second that counts when it is `now`.
    #[must_use]
    pub fn since(&self, now: u64) -> u64 {
        let hours = u64::from(self.hours);
        if self.whole_hours {
            (now / HOUR + 1).saturating_sub(hours) * HOUR
        } else {
            now.saturating_sub(hours * HOUR)
        }
    }
}

/// What an answer is written from.
pub struct View<'a> {
    /// Language of the answer.
    pub lang: Lang,
    /// The most bytes that fit into a packet.
    pub part_limit: usize,
    /// The nodes, for their names.
    pub book: &'a NodeBook,
    /// Time zone of the board.
    pub zone: &'a TimeZone,
    /// The time.
    pub now: Now,
    /// What was asked.
    pub wish: Wish,
    /// The last second that counts, since 1970.
    pub until: u64,
    /// What was found.
    pub answer: &'a Answer,
}

impl View<'_> {
    /// What the clock on the wall shows in an hour (since 1970): 0 to 23.
    #[must_use]
    pub fn clock(&self, hour: u64) -> i8 {
        self.time(hour * HOUR).hour()
    }

    /// The time on the wall in a second since 1970.
    #[must_use]
    pub fn time(&self, unix: u64) -> DateTime {
        let unix = i64::try_from(unix).unwrap_or(0);
        let time = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(time)
    }

    /// Of the last so many hours, those that the history reaches back; one that has
    /// begun counts, and of whole hours each in which anything was heard.
    #[must_use]
    pub fn known(&self, hours: u32) -> u32 {
        let Some(began) = self.answer.began else {
            return hours;
        };
        let ago = self.until.saturating_sub(began);
        let known = if self.wish.whole_hours {
            (self.until / HOUR + 1).saturating_sub(began / HOUR)
        } else if ago < DAY {
            ago.div_ceil(HOUR)
        } else {
            // As if only the sum of that hour were left.
            (ago + began % HOUR).div_ceil(HOUR)
        };
        hours.min(u32::try_from(known).unwrap_or(hours)).max(1)
    }

    /// How long ago a second since 1970 is; nothing when it is yet to come.
    #[must_use]
    pub fn ago(&self, unix: u64) -> Duration {
        Duration::from_secs(self.until.saturating_sub(unix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_that_has_begun_is_the_last_of_whole_hours() {
        let wish = |whole_hours| Wish {
            whole_hours,
            ..Wish::of_hours(24, Look::default(), |_| String::new())
        };
        let now = 100 * HOUR + 60;
        assert_eq!(wish(true).since(now), 77 * HOUR);
        assert_eq!(wish(false).since(now), 76 * HOUR + 60);
        assert_eq!(wish(false).since(0), 0);
    }
}
