//! A forecast, metric and in true time: what services answer is turned into
//! this once, and everything else reads only this.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use super::{Failure, Sky};

/// Seconds in an hour.
const HOUR: i64 = 3_600;
/// The hours in which most people are outdoors: what happens between them is
/// the weather of the day (features.md E1).
const DAYTIME: std::ops::RangeInclusive<i8> = 6..=21;

/// Who made a forecast.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Provider {
    /// open-meteo.com
    OpenMeteo,
    /// wttr.in
    Wttr,
}

impl Provider {
    /// How old its own idea of the time may be, in seconds: that of the last
    /// quarter of an hour, or of the last observation.
    fn clock_slack(self) -> i64 {
        match self {
            Self::OpenMeteo => 20 * 60,
            Self::Wttr => 4 * HOUR,
        }
    }
}

/// The weather of one place for some days. All times are seconds since 1970;
/// temperatures in °C, wind in km/h, precipitation in mm.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Who made it.
    pub provider: Provider,
    /// What the service says the time was: up to a quarter of an hour late, or
    /// when the weather was last observed.
    pub time: Option<i64>,
    /// IANA name of the place's time zone.
    pub zone: Option<String>,
    /// Seconds east of Greenwich at the time of the answer.
    pub offset: i32,
    /// The weather when the service answered.
    pub current: Option<Current>,
    /// When the first of [`Report::hours`] begins.
    pub first_hour: i64,
    /// Hour after hour, without a gap.
    pub hours: Vec<Hour>,
    /// Day after day, in the place's own dates.
    pub days: Vec<Day>,
}

/// The weather at one moment.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Current {
    /// °C.
    pub celsius: Option<f32>,
    /// km/h.
    pub wind: Option<f32>,
    /// Relative humidity, %.
    pub humidity: Option<f32>,
    /// What the sky does.
    pub sky: Option<Sky>,
}

/// One hour. What the service left out is `None`.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Hour {
    /// What falls from the beginning of this hour to its end, in mm of water.
    pub rain: Option<f32>,
    /// What the sky does at its beginning.
    pub sky: Option<Sky>,
}

/// One day.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Day {
    /// Which, at the place.
    pub date: Date,
    /// Lowest temperature, °C.
    pub min: Option<f32>,
    /// Highest temperature, °C.
    pub max: Option<f32>,
    /// What falls from midnight to midnight, mm of water.
    pub rain: Option<f32>,
    /// Strongest wind, km/h.
    pub wind: Option<f32>,
}

impl Report {
    /// Whether it says anything at all. One without hours or days is none;
    /// without any rain it still has the temperatures.
    #[must_use]
    pub fn is_useful(&self) -> bool {
        let days = self
            .days
            .iter()
            .any(|day| day.max.is_some() || day.rain.is_some());
        let hours = self
            .hours
            .iter()
            .any(|hour| hour.rain.is_some() || hour.sky.is_some());
        days && hours
    }

    /// Whether its times and sizes are those of a forecast: what comes from a
    /// file may be anything.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        /// The year 2200, in seconds since 1970.
        const LATEST: i64 = 7_258_118_400;
        let times = [Some(self.first_hour), self.time];
        let good_times = times
            .into_iter()
            .flatten()
            .all(|time| (0..LATEST).contains(&time));
        good_times && self.hours.len() <= 400 && self.days.len() <= 20
    }

    /// Itself, if it says anything at all.
    ///
    /// # Errors
    /// [`Failure::Nonsense`] when it does not.
    pub fn if_useful(self) -> Result<Self, Failure> {
        if self.is_useful() {
            Ok(self)
        } else {
            Err(Failure::Nonsense("no forecast in it".to_owned()))
        }
    }

    /// The place's time zone; a fixed offset when its name is not known here.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.zone
            .as_deref()
            .and_then(|name| TimeZone::get(name).ok())
            .unwrap_or_else(|| {
                TimeZone::fixed(Offset::from_seconds(self.offset).unwrap_or(Offset::UTC))
            })
    }

    /// What time it is at `age` after this report was fetched. The board's
    /// clock (`board`, `None` when it is not set) counts only while it agrees
    /// with the service's: a forecast read at the wrong hour is a wrong one.
    #[must_use]
    pub fn now(&self, age: Duration, board: Option<i64>) -> Option<i64> {
        let elapsed = i64::try_from(age.as_secs()).ok()?;
        let Some(time) = self.time else { return board };
        let by_service = time.saturating_add(elapsed);
        match board {
            Some(board) if (board - by_service).abs() <= self.provider.clock_slack() => Some(board),
            _ => Some(by_service),
        }
    }

    /// `count` hours from the one in which `unix` lies; `None` where the
    /// report knows nothing.
    pub fn hours_from(&self, unix: i64, count: usize) -> impl Iterator<Item = (i64, Option<Hour>)> {
        let first = (unix - self.first_hour).div_euclid(HOUR);
        (first..).take(count).map(move |at| {
            let hour = usize::try_from(at).ok().and_then(|at| self.hours.get(at));
            (self.first_hour + at * HOUR, hour.copied())
        })
    }

    /// The day of this date.
    #[must_use]
    pub fn day(&self, date: Date) -> Option<&Day> {
        self.days.iter().find(|day| day.date == date)
    }

    /// The worst that the sky does in daytime on this date.
    #[must_use]
    pub fn worst_sky(&self, date: Date, zone: &TimeZone) -> Option<Sky> {
        (0_i64..)
            .zip(&self.hours)
            .filter(|(at, _)| {
                let local = Timestamp::from_second(self.first_hour + at * HOUR)
                    .map(|time| zone.to_datetime(time));
                local.is_ok_and(|local| local.date() == date && DAYTIME.contains(&local.hour()))
            })
            .filter_map(|(_, hour)| hour.sky)
            .max_by_key(|sky| sky.severity())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    /// Two days of Paris from midnight, the summer time's first.
    fn paris() -> Report {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let midnight = date(2026, 3, 29).to_zoned(zone).unwrap().timestamp();
        Report {
            provider: Provider::OpenMeteo,
            time: Some(midnight.as_second() + 900),
            zone: Some("Europe/Paris".to_owned()),
            offset: 3_600,
            current: None,
            first_hour: midnight.as_second(),
            hours: (0..47)
                .map(|n: u8| Hour {
                    rain: Some(f32::from(n)),
                    sky: Some(Sky(if n == 5 { 61 } else { 3 })),
                })
                .collect(),
            days: Vec::new(),
        }
    }

    #[test]
    fn the_day_of_the_change_has_23_hours() {
        let report = paris();
        let zone = report.time_zone();
        // The sixth hour begins at 6:00 by the summer's clock.
        assert_eq!(report.worst_sky(date(2026, 3, 29), &zone), Some(Sky(61)));
        assert_eq!(report.worst_sky(date(2026, 3, 30), &zone), Some(Sky(3)));
        assert_eq!(report.worst_sky(date(2026, 3, 31), &zone), None);
    }

    #[test]
    fn hours_begin_with_the_current_one() {
        let report = paris();
        let at = report.first_hour + 45 * HOUR + 59 * 60;
        let hours: Vec<_> = report.hours_from(at, 3).collect();
        assert_eq!(hours[0].0, report.first_hour + 45 * HOUR);
        assert_eq!(hours[0].1.unwrap().rain, Some(45.0));
        assert_eq!(hours[1].1.unwrap().rain, Some(46.0));
        assert_eq!(hours[2].1, None);
        let before: Vec<_> = report.hours_from(report.first_hour - 1, 2).collect();
        assert_eq!((before[0].1, before[1].1.is_some()), (None, true));
    }

    #[test]
    fn a_wrong_clock_does_not_move_the_forecast() {
        let report = paris();
        let told = report.time.unwrap();
        let hour = Duration::from_secs(3_600);
        assert_eq!(report.now(hour, Some(told + 4_000)), Some(told + 4_000));
        for board in [None, Some(told), Some(told + 90_000), Some(0)] {
            assert_eq!(report.now(hour, board), Some(told + 3_600), "{board:?}");
        }
        let observed = Report {
            provider: Provider::Wttr,
            ..report.clone()
        };
        assert_eq!(observed.now(hour, Some(told + 9_000)), Some(told + 9_000));
        assert_eq!(observed.now(hour, Some(0)), Some(told + 3_600));
        let silent = Report {
            time: None,
            ..report
        };
        assert_eq!(silent.now(hour, Some(5)), Some(5));
        assert_eq!(silent.now(hour, None), None);
    }

    #[test]
    fn an_unknown_zone_falls_back_to_the_offset() {
        let report = Report {
            zone: Some("Mars/Olympus".to_owned()),
            ..paris()
        };
        let local = report
            .time_zone()
            .to_datetime(Timestamp::from_second(0).unwrap());
        assert_eq!(local.hour(), 1);
    }
}
