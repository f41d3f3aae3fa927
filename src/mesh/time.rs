//! Time as data. Whoever runs the program asks the two clocks once and passes
//! the answer down; nothing below ever looks at a clock itself.

use std::time::Duration;

/// One reading of both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Now {
    /// Monotonic time since the program started. All waiting is measured in it.
    pub mono: Duration,
    /// Seconds since 1970 by the board's own clock, which may be wrong.
    pub unix: u64,
}

impl Now {
    /// The same moment, `by` later on both clocks.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        let mono = self.mono + by;
        let whole = mono.as_secs() - self.mono.as_secs();
        Self {
            mono,
            unix: self.unix + whole,
        }
    }
}

/// The earlier of two moments that may never come.
#[must_use]
#[inline]
pub fn sooner(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    match other {
        Some(at) if one.is_none_or(|one| at < one) => other,
        _ => one,
    }
}

/// Tells a set clock from an unset one: sane is what lies after the moment the
/// program was built (decisions.md, "Receiving, precisely").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sanity {
    /// Seconds since 1970; no correct clock can show less.
    pub built: u64,
}

impl Sanity {
    /// The build date of this very program.
    #[must_use]
    pub fn of_build() -> Self {
        Self {
            built: env!("MESHBOT_BUILT").parse().unwrap_or(0),
        }
    }

    /// `time` (seconds since 1970) when a clock can have shown it.
    #[must_use]
    pub fn check(self, time: u64) -> Option<u64> {
        (time > self.built).then_some(time)
    }

    /// How many seconds ago `rx_time` (the node's clock) was by `unix` (the
    /// board's clock). `None` unless both are sane. A node whose clock runs
    /// ahead yields 0.
    #[must_use]
    pub fn age(self, rx_time: u64, unix: u64) -> Option<u64> {
        Some(self.check(unix)?.saturating_sub(self.check(rx_time)?))
    }
}

/// A run of the board, from its start to its end. Times within one can be
/// compared even if no clock was ever set.
#[derive(Clone, PartialEq, Eq, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Boot {
    /// The kernel's name for it; empty when there is none.
    pub id: String,
    /// Seconds from the board's start to the program's.
    pub offset: u64,
}

impl Boot {
    /// Seconds from the board's start; nothing when its run has no name.
    #[must_use]
    pub fn uptime(&self, now: Now) -> Option<u64> {
        (!self.id.is_empty()).then(|| self.offset + now.mono.as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_need_two_sane_clocks() {
        let sanity = Sanity { built: 1_000 };
        assert_eq!(sanity.age(2_000, 2_300), Some(300));
        assert_eq!(sanity.age(2_400, 2_300), Some(0));
        assert_eq!(sanity.age(0, 2_300), None);
        assert_eq!(sanity.age(2_000, 900), None);
    }

    #[test]
    fn what_never_comes_is_never_sooner() {
        let [early, late] = [1, 2].map(|at| Some(Duration::from_secs(at)));
        assert_eq!(sooner(early, late), early);
        assert_eq!(sooner(late, early), early);
        assert_eq!(sooner(None, late), late);
        assert_eq!(sooner(late, None), late);
        assert_eq!(sooner(None, None), None);
    }

    #[test]
    fn both_clocks_move_together() {
        let start = Now {
            mono: Duration::from_millis(900),
            unix: 50,
        };
        let later = start.plus(Duration::from_millis(200));
        assert_eq!((later.mono.as_millis(), later.unix), (1_100, 51));
    }

    #[test]
    fn this_build_has_a_date() {
        assert!(Sanity::of_build().built > 1_700_000_000);
    }
}
