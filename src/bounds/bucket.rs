//! How much of something may happen in a time.

use std::time::Duration;

/// A token bucket: full at first, filled again evenly over its period. It is kept as
/// the moment from which on there is a token: whoever floods us asks for nothing
/// else.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Nanoseconds since the program started, or before.
    next: i64,
    /// One token comes in so long; an empty bucket never holds any.
    step: Option<i64>,
    /// All but one of them come in so long.
    rest: i64,
}

impl Bucket {
    /// A full bucket of `count` tokens, which an empty one regains in `per`.
    #[must_use]
    pub fn new(count: u32, per: Duration, now: Duration) -> Self {
        let step = per.checked_div(count).map(nanoseconds);
        let rest = nanoseconds(per) - step.unwrap_or_default();
        Self {
            next: nanoseconds(now) - rest,
            step,
            rest,
        }
    }

    /// Whether there is a token.
    #[must_use]
    #[inline]
    pub fn has(&self, now: Duration) -> bool {
        self.next <= nanoseconds(now) && self.step.is_some()
    }

    /// Takes a token that [`Bucket::has`] has just found.
    pub fn take(&mut self, now: Duration) {
        let full = nanoseconds(now) - self.rest;
        self.next = self.next.max(full) + self.step.unwrap_or_default();
    }

    /// Whether nothing is taken.
    #[must_use]
    pub fn is_full(&self, now: Duration) -> bool {
        self.next <= nanoseconds(now) - self.rest
    }

    /// Gives back a token that was taken for nothing.
    pub fn give_back(&mut self) {
        self.next -= self.step.unwrap_or_default();
    }
}

/// Good for 146 years.
#[inline]
fn nanoseconds(time: Duration) -> i64 {
    time.as_secs()
        .min(i64::MAX as u64 / 2_000_000_000)
        .cast_signed()
        * 1_000_000_000
        + i64::from(time.subsec_nanos())
}
