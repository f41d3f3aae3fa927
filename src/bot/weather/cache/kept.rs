//! What is kept and since when, and what of it survives a restart.
//!
//! Ages are counted by the monotonic clock, across a restart of the program by
//! the time since the board's start. Only what comes from before that is aged by
//! the wall clock, and never taken for fresh: without a clock of its own the
//! board may have stood still for hours.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::mesh::{Boot, Now, Sanity};
use crate::weather::{Cell, Report, Spot};

/// A report younger than this is not asked for again; the service asks for no
/// less.
const FRESH: Duration = Duration::from_secs(30 * 60);

/// How old something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Age {
    /// At least so old.
    pub time: Duration,
    /// Whether that is certain: a wall clock may have stood still with the
    /// board.
    pub is_certain: bool,
}

impl Age {
    /// Not to be asked for again.
    #[must_use]
    pub fn is_fresh(self) -> bool {
        self.is_certain && self.time < FRESH
    }
}

/// A value and when it was told.
#[derive(Clone, Debug)]
pub(super) struct Kept<T> {
    pub(super) value: T,
    /// In this run of the program.
    pub(super) mono: Option<Duration>,
    /// In this run of the board: seconds from its start.
    pub(super) uptime: Option<u64>,
    /// By a clock that was set: seconds since 1970.
    pub(super) unix: Option<u64>,
}

impl<T> Kept<T> {
    /// `None` when nobody can tell.
    pub(super) fn age(&self, now: Now, sanity: Sanity, boot: &Boot) -> Option<Age> {
        let certain = |time| Age {
            time,
            is_certain: true,
        };
        if let Some(mono) = self.mono {
            return Some(certain(now.mono.saturating_sub(mono)));
        }
        if let Some((now, then)) = boot.uptime(now).zip(self.uptime) {
            return Some(certain(Duration::from_secs(now.checked_sub(then)?)));
        }
        let seconds = sanity.check(now.unix)?.checked_sub(self.unix?)?;
        Some(Age {
            time: Duration::from_secs(seconds),
            is_certain: false,
        })
    }

    pub(super) fn told(&self) -> Option<Told> {
        let (up, unix) = (self.uptime, self.unix);
        (up.is_some() || unix.is_some()).then_some(Told { up, unix })
    }
}

/// What survives a restart.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// What decided about the meaning of names.
    pub(super) context: String,
    /// In which run of the board.
    pub(super) boot: String,
    /// Names that were looked up.
    pub(super) places: Vec<Place>,
    /// Weather that was fetched.
    pub(super) reports: Vec<Weather>,
}

/// When something was told.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Told {
    /// Seconds from the board's start.
    pub(super) up: Option<u64>,
    /// Seconds since 1970.
    pub(super) unix: Option<u64>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) key: String,
    pub(super) spot: Spot,
    pub(super) at: Told,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Weather {
    pub(super) cell: Cell,
    pub(super) report: Report,
    pub(super) at: Told,
}
