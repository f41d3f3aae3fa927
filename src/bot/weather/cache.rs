//! What services have told: fresh for half an hour, good for a day when they
//! are silent. Places are remembered longer, failures for a minute.

mod kept;

use std::fmt;
use std::time::Duration;

pub use kept::Snapshot;
use kept::{Age, Kept, Place, Told, Weather};

use crate::bounds::recent::Recent;
use crate::mesh::{Boot, Now, Sanity};
use crate::weather::{Cell, Failure, Found, Report, Spot};

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

/// Says nothing about who asked for what: it goes into the log.
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Place(_) => "looking up a place",
            Self::Report(_) => "fetching a forecast",
            Self::Save => "putting the weather away",
        })
    }
}

/// What is remembered.
#[derive(Debug)]
pub struct Cache {
    sanity: Sanity,
    boot: Boot,
    context: String,
    /// Home is not forgotten, whoever asks for what.
    home_key: Option<String>,
    home: Option<Kept<Found>>,
    places: Recent<String, Kept<Found>>,
    reports: Recent<Cell, Kept<Report>>,
    failures: Recent<Need, Failure>,
    changed: bool,
}

impl Cache {
    /// Knows what was known before the restart: places only if they were looked
    /// up in the same `context`, which is all that decides what a name means.
    #[must_use]
    pub fn new(
        sanity: Sanity,
        boot: Boot,
        context: String,
        home_key: Option<String>,
        before: Snapshot,
    ) -> Self {
        let same_boot = before.boot == boot.id && !boot.id.is_empty();
        let mut cache = Self {
            sanity,
            boot,
            context,
            home_key,
            home: None,
            places: Recent::new(PLACES),
            reports: Recent::new(REPORTS),
            failures: Recent::new(PLACES),
            changed: false,
        };
        let told = |at: Told| (at.up.filter(|_| same_boot), at.unix);
        if before.context == cache.context {
            for Place { key, spot, at } in before.places {
                let (uptime, unix) = told(at);
                let kept = Kept {
                    value: Found::Spot(spot),
                    mono: None,
                    uptime,
                    unix,
                };
                cache.enter_place(key, kept, Duration::ZERO);
            }
        }
        for Weather { cell, report, at } in before.reports {
            let (uptime, unix) = told(at);
            let kept = Kept {
                value: report,
                mono: None,
                uptime,
                unix,
            };
            if kept.value.is_plausible() {
                cache.reports.insert(cell, Duration::ZERO, kept);
            }
        }
        cache
    }

    /// What is known about a place's name.
    pub fn place(&mut self, key: &str, now: Now) -> Option<Found> {
        let (found, age) = self.remembered(key, now)?;
        let limit = match found {
            Found::Spot(_) => PLACE,
            // It gives way as soon as somebody answers who knows better.
            Found::Guess(_) => FAILED,
            Found::Several(_) | Found::Nothing => NO_PLACE,
        };
        // A place is where it is, whatever the time.
        let good = match age {
            Some(age) => age.time < limit,
            None => matches!(found, Found::Spot(_)),
        };
        good.then_some(found)
    }

    /// The same however long ago it was, for when nobody can be asked.
    pub fn old_place(&mut self, key: &str, now: Now) -> Option<Spot> {
        match self.remembered(key, now)?.0 {
            Found::Spot(spot) | Found::Guess(spot) => Some(spot),
            Found::Several(_) | Found::Nothing => None,
        }
    }

    /// A place's name was looked up.
    pub fn keep_place(&mut self, key: String, found: Found, now: Now) {
        self.changed |= matches!(found, Found::Spot(_));
        let kept = self.keep(found, now);
        self.enter_place(key, kept, now.mono);
    }

    /// The last report about a place and its age, at most a day.
    pub fn report(&mut self, cell: Cell, now: Now) -> Option<(&Report, Age)> {
        let (sanity, boot) = (self.sanity, &self.boot);
        let kept = self.reports.touch(&cell, now.mono)?;
        let age = kept.age(now, sanity, boot)?;
        (age.time < USABLE).then_some((&kept.value, age))
    }

    /// A report has come.
    pub fn keep_report(&mut self, cell: Cell, report: Report, now: Now) {
        self.changed = true;
        let kept = self.keep(report, now);
        self.reports.insert(cell, now.mono, kept);
    }

    fn remembered(&mut self, key: &str, now: Now) -> Option<(Found, Option<Age>)> {
        let kept = if self.home_key.as_deref() == Some(key) {
            self.home.as_ref()
        } else {
            self.places
                .touch(&key.to_owned(), now.mono)
                .map(|kept| &*kept)
        }?;
        let age = kept.age(now, self.sanity, &self.boot);
        Some((kept.value.clone(), age))
    }

    fn enter_place(&mut self, key: String, kept: Kept<Found>, used: Duration) {
        if self.home_key.as_ref() == Some(&key) {
            self.home = Some(kept);
        } else {
            self.places.insert(key, used, kept);
        }
    }

    fn keep<T>(&self, value: T, now: Now) -> Kept<T> {
        Kept {
            value,
            mono: Some(now.mono),
            uptime: self.boot.uptime(now),
            unix: self.sanity.check(now.unix),
        }
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

    /// What should survive a restart. What has no date at all is left out, and
    /// so is what was only guessed.
    pub fn snapshot(&mut self, now: Now) -> Snapshot {
        self.changed = false;
        let mut snapshot = Snapshot {
            context: self.context.clone(),
            boot: self.boot.id.clone(),
            ..Snapshot::default()
        };
        let home = self.home_key.iter().zip(&self.home);
        let places = self.places.iter().map(|(key, _, kept)| (key, kept));
        for (key, kept) in home.chain(places) {
            if let (Found::Spot(spot), Some(at)) = (&kept.value, kept.told()) {
                let (key, spot) = (key.clone(), spot.clone());
                snapshot.places.push(Place { key, spot, at });
            }
        }
        for (&cell, _, kept) in self.reports.iter() {
            let age = kept.age(now, self.sanity, &self.boot);
            let usable = age.is_some_and(|age| age.time < USABLE);
            if let Some(at) = kept.told().filter(|_| usable) {
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

    fn boot(id: &str, offset: u64) -> Boot {
        let id = id.to_owned();
        Boot { id, offset }
    }

    fn cache(boot: Boot, context: &str, before: Snapshot) -> Cache {
        let home = Some("home".to_owned());
        Cache::new(SANITY, boot, context.to_owned(), home, before)
    }

    fn filled() -> Cache {
        let mut cache = cache(boot("a", 1_000), "FR", Snapshot::default());
        cache.keep_report(cell(1), report(), START);
        for name in ["one", "home"] {
            let spot = Found::Spot(Spot::nameless(cell(1)));
            cache.keep_place(name.to_owned(), spot, START);
        }
        cache.keep_place("none".to_owned(), Found::Nothing, START);
        let guess = Found::Guess(Spot::nameless(cell(1)));
        cache.keep_place("guess".to_owned(), guess, START);
        cache
    }

    /// Seconds, and whether it counts as fresh.
    fn age(cache: &mut Cache, now: Now) -> Option<(u64, bool)> {
        let (_, age) = cache.report(cell(1), now)?;
        Some((age.time.as_secs(), age.is_fresh()))
    }

    fn again(boot: Boot, context: &str, now: Now) -> Cache {
        let text = serde_json::to_string(&filled().snapshot(now)).unwrap();
        cache(boot, context, serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_jump_of_the_wall_clock_ages_nothing() {
        let mut cache = filled();
        for unix in [5, 1_000_000, 99_000_000] {
            let now = Now { unix, ..later(60) };
            assert_eq!(age(&mut cache, now), Some((60, true)));
        }
        assert_eq!(age(&mut cache, later(1_799)), Some((1_799, true)));
        assert_eq!(age(&mut cache, later(86_399)), Some((86_399, false)));
        assert_eq!(age(&mut cache, later(86_400)), None);
    }

    /// The program was started again: the board's own time goes on.
    #[test]
    fn a_restart_of_the_program_ages_as_it_should() {
        let mut cache = again(boot("a", 1_100), "FR", later(60));
        for unix in [5, 1_000_900, 99_000_000] {
            let mono = Duration::from_secs(10);
            assert_eq!(age(&mut cache, Now { mono, unix }), Some((60, true)));
        }
        assert!(!cache.has_changed());
    }

    /// The board was started again: only the wall clock can tell, and it may
    /// have stood still.
    #[test]
    fn after_a_power_cut_nothing_is_fresh() {
        for id in ["b", ""] {
            let mut cache = again(boot(id, 5), "FR", later(60));
            let at = |unix| Now {
                mono: Duration::from_secs(1),
                unix,
            };
            assert_eq!(age(&mut cache, at(1_003_600)), Some((3_600, false)));
            assert_eq!(age(&mut cache, at(1_000_060)), Some((60, false)));
            // Without a clock, or before it was told, nobody knows.
            assert_eq!(age(&mut cache, at(500)), None);
            assert_eq!(age(&mut cache, at(999_999)), None);
            assert!(cache.place("one", at(500)).is_some());
        }
    }

    #[test]
    fn places_belong_to_the_settings_they_were_found_with() {
        let mut same = again(boot("b", 0), "FR", later(60));
        let mut other = again(boot("b", 0), "US", later(60));
        for name in ["one", "home"] {
            assert!(same.place(name, later(90)).is_some());
            assert_eq!(other.place(name, later(90)), None);
        }
        assert!(other.report(cell(1), later(90)).is_some());
        for gone in ["none", "guess"] {
            assert_eq!(same.place(gone, later(90)), None);
        }
    }

    #[test]
    fn what_is_no_forecast_is_not_taken_from_the_file() {
        let mut before = filled();
        before.keep_report(
            cell(2),
            Report {
                first_hour: i64::MAX,
                ..report()
            },
            START,
        );
        let snapshot = before.snapshot(START);
        let mut after = cache(boot("a", 1_000), "FR", snapshot);
        assert!(after.report(cell(1), later(1)).is_some());
        assert!(after.report(cell(2), later(1)).is_none());
    }

    #[test]
    fn failures_and_guesses_last_a_minute_and_unknown_names_an_hour() {
        let mut cache = filled();
        let need = Need::Report(cell(1));
        cache.keep_failure(need.clone(), Failure::Timeout, START);
        assert_eq!(cache.failure(&need, later(59)), Some(&Failure::Timeout));
        assert_eq!(cache.failure(&need, later(60)), None);
        assert!(cache.place("guess", later(59)).is_some());
        assert_eq!(cache.place("guess", later(60)), None);
        assert!(cache.old_place("guess", later(1_800)).is_some());
        assert_eq!(cache.place("none", later(3_599)), Some(Found::Nothing));
        assert_eq!(cache.place("none", later(3_600)), None);
        let month = later(31 * 86_400);
        assert_eq!(cache.place("one", month), None);
        assert!(cache.old_place("one", month).is_some());
    }

    #[test]
    fn travellers_do_not_fill_the_memory_and_home_stays() {
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
        assert!(cache.place("home", later(10_000)).is_some());
        assert_eq!(cache.place("one", later(10_000)), None);
    }
}
