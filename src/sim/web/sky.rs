//! The weather itself: what a scenario has for each hour, and where it is
//! which hour.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::places::Place;

/// Seconds in an hour.
pub const HOUR: i64 = 3_600;

/// What the weather is like, everywhere and every day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Scenario {
    /// 9 to 19 °C, some clouds; a shower in the afternoon of even dates.
    #[default]
    Mild,
    /// Rain in every hour, 55 mm a day, the most of it in the afternoon.
    HeavyRain,
    /// Around freezing, snow in every hour.
    Snow,
    /// −18 to −11 °C, clear.
    Cold,
    /// 15 to 29 °C, clear.
    Dry,
    /// 0.1 mm in every hour.
    Drizzle,
}

/// One hour's weather.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Hour {
    /// Tenths of °C.
    pub celsius: i32,
    /// Tenths of mm from its beginning to its end.
    pub rain: i32,
    /// WMO code.
    pub code: i32,
    /// km/h.
    pub wind: i32,
}

/// How far the day has come from its coldest to its warmest, percent by hour.
const WARMTH: [i32; 24] = [
    15, 10, 6, 3, 1, 0, 4, 12, 25, 40, 55, 68, 80, 90, 97, 100, 98, 92, 80, 66, 52, 40, 30, 22,
];

impl Scenario {
    /// The weather of the hour that begins at this local time.
    pub fn hour(self, local: DateTime) -> Hour {
        let hour = local.hour();
        let warmth = usize::try_from(hour).map_or(0, |hour| WARMTH[hour % 24]);
        let (low, high) = match self {
            Self::Mild => {
                let warmer = i32::from(local.day()) % 4 * 7;
                (90 + warmer, 170 + warmer)
            }
            Self::HeavyRain => (80, 120),
            Self::Snow => (-35, 5),
            Self::Cold => (-180, -110),
            Self::Dry => (150, 290),
            Self::Drizzle => (80, 110),
        };
        let is_shower = local.day() % 2 == 0 && (15..=16).contains(&hour);
        let rain = match self {
            Self::Mild if is_shower => 8,
            Self::HeavyRain => 5 + warmth * 2 / 5,
            Self::Snow if (6..=18).contains(&hour) => 6,
            Self::Snow => 2,
            Self::Drizzle => 1,
            Self::Mild | Self::Cold | Self::Dry => 0,
        };
        let code = match self {
            Self::Mild if is_shower => 80,
            Self::Mild if hour < 10 => 1,
            Self::Mild if hour < 18 => 2,
            Self::Mild => 3,
            Self::HeavyRain if rain >= 40 => 65,
            Self::HeavyRain if rain >= 20 => 63,
            Self::HeavyRain => 61,
            Self::Snow if rain > 2 => 73,
            Self::Snow => 71,
            Self::Drizzle => 51,
            Self::Cold | Self::Dry => 0,
        };
        let calm = if self == Self::HeavyRain { 36 } else { 8 };
        Hour {
            celsius: low + (high - low) * warmth / 100,
            rain,
            code,
            wind: calm + warmth / 10,
        }
    }
}

/// A place's clock: one offset for all times, as the services have it.
#[derive(Clone, Debug)]
pub struct Clock {
    /// IANA name.
    pub zone: String,
    offset: Offset,
}

impl Clock {
    /// The clock at `place`, else the sun's at this longitude, as it goes at
    /// `now`, in seconds since 1970.
    pub fn at(place: Option<&Place>, longitude: f64, now: i64) -> Self {
        let hours: i8 = format!("{:.0}", longitude / 15.0).parse().unwrap_or(0);
        let sun = Self {
            // These names count towards the west.
            zone: format!("Etc/GMT{:+}", -hours),
            offset: Offset::from_hours(hours).unwrap_or(Offset::UTC),
        };
        let zone = place.and_then(|place| TimeZone::get(place.zone).ok());
        match (place, zone, Timestamp::from_second(now)) {
            (Some(place), Some(zone), Ok(time)) => Self {
                zone: place.zone.to_owned(),
                offset: zone.to_offset(time),
            },
            _ => sun,
        }
    }

    /// Seconds east of Greenwich.
    pub fn offset(&self) -> i64 {
        i64::from(self.offset.seconds())
    }

    /// This moment as the place's clock has it.
    pub fn local(&self, unix: i64) -> DateTime {
        let time = Timestamp::from_second(unix).unwrap_or_default();
        self.offset.to_datetime(time)
    }

    /// The last midnight, in seconds since 1970.
    pub fn midnight(&self, unix: i64) -> i64 {
        let local = unix.saturating_add(self.offset());
        unix.saturating_sub(local.rem_euclid(24 * HOUR))
    }
}
