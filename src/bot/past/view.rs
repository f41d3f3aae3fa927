//! What a command wants to know of the past, and what its answer is written from.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::bot::capability::Search;
use crate::history::insight::{Answer, DAY, HOUR, Look};
use crate::lang::Lang;
use crate::mesh::{NodeBook, Now};

/// What a command wants to know, and how it says it.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// What to look for.
    pub search: Search,
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
            search: Search {
                hours,
                whole_hours: false,
                look,
            },
            most: usize::MAX,
            render,
        }
    }

    /// The same of whole hours, of which the current one is the last.
    #[must_use]
    pub fn of_whole_hours(hours: u32, look: Look, render: fn(&View<'_>) -> String) -> Self {
        let mut wish = Self::of_hours(hours, look, render);
        wish.search.whole_hours = true;
        wish
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
        let known = if self.wish.search.whole_hours {
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
