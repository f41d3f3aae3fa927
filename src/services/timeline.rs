//! Puts what a service says about single hours and days into the order in
//! which a [`Report`](crate::weather::Report) has them: sorted, each once,
//! the hours without a gap.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::weather::{Day, Hour, Sky};

/// Seconds in an hour.
pub const HOUR: i64 = 3_600;
/// Hours kept: ten days.
const HOURS_MAX: i64 = 240;
/// Days kept.
const DAYS_MAX: usize = 16;
/// Times in which forecasts are made: the years 2000 to 2099.
const PLAUSIBLE: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// Whether a forecast can be about this moment, in seconds since 1970.
pub fn is_plausible(unix: i64) -> bool {
    PLAUSIBLE.contains(&unix)
}

/// Hours and days under construction. What was said first stays.
#[derive(Debug, Default)]
pub struct Timeline {
    hours: BTreeMap<i64, Hour>,
    days: BTreeMap<Date, Day>,
}

impl Timeline {
    /// What falls in the hour that begins at `unix`, mm.
    pub fn rain(&mut self, unix: i64, mm: Option<f32>) {
        if let (Some(mm), true) = (mm, is_plausible(unix)) {
            self.hours.entry(unix).or_default().rain.get_or_insert(mm);
        }
    }

    /// What the sky does at `unix`.
    pub fn sky(&mut self, unix: i64, sky: Option<Sky>) {
        if let (Some(sky), true) = (sky, is_plausible(unix)) {
            self.hours.entry(unix).or_default().sky.get_or_insert(sky);
        }
    }

    /// A day.
    pub fn day(&mut self, day: Day) {
        let known = self.days.entry(day.date).or_insert(day);
        known.min = known.min.or(day.min);
        known.max = known.max.or(day.max);
        known.rain = known.rain.or(day.rain);
        known.wind = known.wind.or(day.wind);
    }

    /// When the first hour begins, the hours from there on, and the days.
    /// Entries that lie between two hours are left out.
    pub fn finish(self) -> (i64, Vec<Hour>, Vec<Day>) {
        let first = self.hours.keys().next().copied().unwrap_or(0);
        let end = first.saturating_add(HOURS_MAX * HOUR);
        let mut hours = Vec::new();
        for (unix, hour) in self.hours.range(..end) {
            let at = unix - first;
            let Ok(index) = usize::try_from(at / HOUR) else {
                continue;
            };
            if at % HOUR == 0 {
                hours.resize(index, Hour::default());
                hours.push(*hour);
            }
        }
        let days = self.days.into_values().take(DAYS_MAX).collect();
        (first, hours, days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const START: i64 = 1_767_225_600;

    #[test]
    fn gaps_are_filled_and_repetitions_dropped() {
        let mut line = Timeline::default();
        for (at, mm) in [(3, 3.0), (0, 0.5), (3, 9.0), (1, 1.0)] {
            line.rain(START + at * HOUR, Some(mm));
        }
        line.sky(START + 4 * HOUR, Some(Sky(3)));
        line.rain(START + 90 * 60, Some(7.0));
        line.rain(5, Some(1.0));
        line.rain(START + 7 * HOUR, None);
        let (first, hours, _) = line.finish();
        let rain: Vec<_> = hours.iter().map(|hour| hour.rain).collect();
        assert_eq!(first, START);
        assert_eq!(rain, [Some(0.5), Some(1.0), None, Some(3.0), None]);
        assert_eq!(hours[4].sky, Some(Sky(3)));
    }

    #[test]
    fn no_service_can_fill_the_memory() {
        let mut line = Timeline::default();
        line.rain(START, Some(1.0));
        line.rain(START + 239 * HOUR, Some(1.0));
        line.rain(START + 240 * HOUR, Some(1.0));
        line.rain(i64::MAX, Some(1.0));
        for day in 1..=31 {
            line.day(Day {
                date: date(2026, 1, day),
                min: None,
                max: Some(1.0),
                rain: None,
                wind: None,
            });
        }
        let (_, hours, days) = line.finish();
        assert_eq!((hours.len(), days.len()), (240, 16));
        assert_eq!(Timeline::default().finish(), (0, Vec::new(), Vec::new()));
    }
}
