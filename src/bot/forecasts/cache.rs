//! What services have told: fresh for half an hour, good for a day when they
//! are silent. Places are remembered longer, failures for a minute.
//!
//! Ages are counted by the monotonic clock. What comes from before a restart is
//! aged by the wall clock, and is of no use while that is not set.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::bot::recent::Recent;
use crate::mesh::{Now, Sanity};
use crate::weather::{Cell, Failure, Found, Report, Spot};

/// A report younger than this is not asked for again; the service asks for no
/// less.
pub const FRESH: Duration = Duration::from_secs(30 * 60);
/// An older report than this is no weather (features.md E4).
const USABLE: Duration = Duration::from_secs(24 * 3_600);
/// Places hardly move.
const PLACE: Duration = Duration::from_secs(30 * 24 * 3_600);
/// A name that nobody knew may have been misspelt on the other side.
const NO_PLACE: Duration = Duration::from_secs(3_600);
/// What has failed is not tried again within this time (features.md E4).
const FAILED: Duration = Duration::from_secs(60);

/// Places remembered, and failures.
const PLACES: usize = 64;
/// Reports remembered: about two kilobytes each.
const REPORTS: usize = 32;

/// What an errand is for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Need {
    /// To find the place of this key.
    Place(String),
    /// To fetch the weather there.
    Report(Cell),
    /// To put away what is known.
    Save,
}

/// A value and when it was told.
#[derive(Clone, Debug)]
struct Kept<T> {
    value: T,
    /// In this run.
    mono: Option<Duration>,
    /// By a clock that was set.
    unix: Option<u64>,
}

impl<T> Kept<T> {
    fn new(value: T, now: Now, sanity: Sanity) -> Self {
        Self {
            value,
            mono: Some(now.mono),
            unix: sanity.check(now.unix),
        }
    }

    /// `None` when nobody can tell.
    fn age(&self, now: Now, sanity: Sanity) -> Option<Duration> {
        if let Some(mono) = self.mono {
            return Some(now.mono.saturating_sub(mono));
        }
        let seconds = sanity.check(now.unix)?.checked_sub(self.unix?)?;
        Some(Duration::from_secs(seconds))
    }
}

/// What is remembered.
#[derive(Debug)]
pub struct Cache {
    sanity: Sanity,
    places: Recent<String, Kept<Found>>,
    reports: Recent<Cell, Kept<Report>>,
    failures: Recent<Need, Failure>,
    changed: bool,
}

impl Cache {
    /// Knows what was known before the restart.
    #[must_use]
    pub fn new(sanity: Sanity, before: Snapshot) -> Self {
        let mut cache = Self {
            sanity,
            places: Recent::new(PLACES),
            reports: Recent::new(REPORTS),
            failures: Recent::new(PLACES),
            changed: false,
        };
        for Place { key, spot, at } in before.places {
            let kept = Kept {
                value: Found::Spot(spot),
                mono: None,
                unix: Some(at),
            };
            cache.places.insert(key, Duration::ZERO, kept);
        }
        for Weather { cell, report, at } in before.reports {
            let kept = Kept {
                value: report,
                mono: None,
                unix: Some(at),
            };
            cache.reports.insert(cell, Duration::ZERO, kept);
        }
        cache
    }

    /// What is known about a place's name.
    pub fn place(&mut self, key: &str, now: Now) -> Option<Found> {
        let sanity = self.sanity;
        let kept = self.places.touch(&key.to_owned(), now.mono)?;
        match (&kept.value, kept.age(now, sanity)) {
            // A place is where it is, whatever the time.
            (Found::Spot(_), None) => Some(kept.value.clone()),
            (Found::Spot(_), Some(age)) if age < PLACE => Some(kept.value.clone()),
            (Found::Nothing, Some(age)) if age < NO_PLACE => Some(Found::Nothing),
            _ => None,
        }
    }

    /// A place's name was looked up.
    pub fn keep_place(&mut self, key: String, found: Found, now: Now) {
        self.changed |= matches!(found, Found::Spot(_));
        let kept = Kept::new(found, now, self.sanity);
        self.places.insert(key, now.mono, kept);
    }

    /// The last report about a place and its age, at most a day.
    pub fn report(&mut self, cell: Cell, now: Now) -> Option<(&Report, Duration)> {
        let sanity = self.sanity;
        let kept = self.reports.touch(&cell, now.mono)?;
        let age = kept.age(now, sanity).filter(|age| *age < USABLE)?;
        Some((&kept.value, age))
    }

    /// A report has come.
    pub fn keep_report(&mut self, cell: Cell, report: Report, now: Now) {
        self.changed = true;
        let kept = Kept::new(report, now, self.sanity);
        self.reports.insert(cell, now.mono, kept);
    }

    /// What has gone wrong with this within the last minute.
    #[must_use]
    pub fn failure(&self, need: &Need, now: Now) -> Option<&Failure> {
        self.failures.get(need, now.mono, FAILED)
    }

    /// Something has gone wrong.
    pub fn keep_failure(&mut self, need: Need, failure: Failure, now: Now) {
        self.failures.insert(need, now.mono, failure);
    }

    /// Whether something is worth putting away since the last snapshot.
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.changed
    }

    /// The last snapshot could not be put away.
    pub fn keep_trying(&mut self) {
        self.changed = true;
    }

    /// What should survive a restart. What was learned while no clock was set
    /// has no date and is left out.
    pub fn snapshot(&mut self, now: Now) -> Snapshot {
        self.changed = false;
        let mut snapshot = Snapshot::default();
        for (key, _, kept) in self.places.iter() {
            if let (Found::Spot(spot), Some(at)) = (&kept.value, kept.unix) {
                let (key, spot) = (key.clone(), spot.clone());
                snapshot.places.push(Place { key, spot, at });
            }
        }
        for (&cell, _, kept) in self.reports.iter() {
            let usable = kept.age(now, self.sanity).is_some_and(|age| age < USABLE);
            if let Some(at) = kept.unix.filter(|_| usable) {
                let report = kept.value.clone();
                snapshot.reports.push(Weather { cell, report, at });
            }
        }
        // The same knowledge is the same file.
        snapshot.places.sort_by(|a, b| a.key.cmp(&b.key));
        snapshot.reports.sort_by_key(|weather| weather.cell);
        snapshot
    }
}

/// What survives a restart.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// Names that were looked up.
    places: Vec<Place>,
    /// Weather that was fetched.
    reports: Vec<Weather>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Place {
    key: String,
    spot: Spot,
    /// Seconds since 1970.
    at: u64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Weather {
    cell: Cell,
    report: Report,
    /// Seconds since 1970.
    at: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weather::Provider;

    const SANITY: Sanity = Sanity { built: 1_000 };
    const START: Now = Now {
        mono: Duration::from_secs(50),
        unix: 1_000_000,
    };

    fn later(seconds: u64) -> Now {
        START.plus(Duration::from_secs(seconds))
    }

    fn cell(n: u8) -> Cell {
        Cell::new(f64::from(n), 0.0).unwrap()
    }

    fn report() -> Report {
        Report {
            provider: Provider::OpenMeteo,
            time: Some(1_000_000),
            zone: None,
            offset: 0,
            current: None,
            first_hour: 0,
            hours: Vec::new(),
            days: Vec::new(),
        }
    }

    fn filled() -> Cache {
        let mut cache = Cache::new(SANITY, Snapshot::default());
        cache.keep_report(cell(1), report(), START);
        let spot = Found::Spot(Spot::nameless(cell(1)));
        cache.keep_place("one".to_owned(), spot, START);
        cache.keep_place("none".to_owned(), Found::Nothing, START);
        cache
    }

    fn age(cache: &mut Cache, now: Now) -> Option<u64> {
        cache.report(cell(1), now).map(|(_, age)| age.as_secs())
    }

    #[test]
    fn a_jump_of_the_wall_clock_ages_nothing() {
        let mut cache = filled();
        for unix in [5, 1_000_000, 99_000_000] {
            let now = Now { unix, ..later(60) };
            assert_eq!(age(&mut cache, now), Some(60));
        }
        assert_eq!(age(&mut cache, later(86_399)), Some(86_399));
        assert_eq!(age(&mut cache, later(86_400)), None);
    }

    #[test]
    fn a_restart_keeps_what_has_a_date() {
        let mut cache = filled();
        let mut unset = report();
        unset.offset = 7;
        cache.keep_report(cell(2), unset, Now { unix: 9, ..START });
        assert!(cache.has_changed());
        let text = serde_json::to_string(&cache.snapshot(later(60))).unwrap();
        assert!(!cache.has_changed());

        let mut cache = Cache::new(SANITY, serde_json::from_str(&text).unwrap());
        let at = |unix| Now {
            mono: Duration::from_secs(1),
            unix,
        };
        assert_eq!(age(&mut cache, at(1_003_600)), Some(3_600));
        assert_eq!(cache.report(cell(2), at(1_003_600)), None);
        // Without a clock, or before it was told, nobody knows how old it is.
        assert_eq!(age(&mut cache, at(500)), None);
        assert_eq!(age(&mut cache, at(999_999)), None);
        assert!(matches!(cache.place("one", at(500)), Some(Found::Spot(_))));
        assert_eq!(cache.place("none", at(1_003_600)), None);
        assert!(!cache.has_changed());
    }

    #[test]
    fn failures_last_a_minute_and_unknown_names_an_hour() {
        let mut cache = filled();
        let need = Need::Report(cell(1));
        cache.keep_failure(need.clone(), Failure::Timeout, START);
        assert_eq!(cache.failure(&need, later(59)), Some(&Failure::Timeout));
        assert_eq!(cache.failure(&need, later(60)), None);
        assert_eq!(cache.place("none", later(3_599)), Some(Found::Nothing));
        assert_eq!(cache.place("none", later(3_600)), None);
    }

    #[test]
    fn travellers_do_not_fill_the_memory() {
        let mut cache = filled();
        for n in 0..10_000_u32 {
            let cell = Cell::new(f64::from(n) / 200.0, 3.0).unwrap();
            cache.keep_report(cell, report(), later(u64::from(n)));
            cache.keep_place(format!("place {n}"), Found::Nothing, later(u64::from(n)));
            cache.keep_failure(Need::Report(cell), Failure::Timeout, START);
        }
        let sizes = [
            cache.reports.len(),
            cache.places.len(),
            cache.failures.len(),
        ];
        assert_eq!(sizes, [REPORTS, PLACES, PLACES]);
    }
}
