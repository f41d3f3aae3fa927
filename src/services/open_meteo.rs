//! open-meteo.com: what is asked there and what its answers mean. Pure: URLs
//! and texts only.
//!
//! - A question has ten variables, so it counts as one call there.
//! - `precipitation` at a time is the sum of the hour *before* it; a
//!   [`Report`] says what falls in the hour *after* its beginning.
//! - Times are asked for as Unix times; local ones are understood as well.

use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::escape::encode;
use super::lenient::{self, CELSIUS, PERCENT, RAIN_DAY, RAIN_HOUR, WIND, list, text, within};
use super::timeline::{HOUR, Timeline, is_plausible};
use crate::lang::Lang;
use crate::mesh::name::clean;
use crate::weather::{Candidate, Cell, Current, Day, Failure, Provider, Report, Sky, Spot};

/// Everything that a report holds, in ten variables and metric units.
const QUESTION: &str = "hourly=precipitation,weather_code\
    &daily=temperature_2m_max,temperature_2m_min,precipitation_sum,wind_speed_10m_max\
    &current=temperature_2m,weather_code,wind_speed_10m,relative_humidity_2m\
    &timezone=auto&timeformat=unixtime&forecast_days=5\
    &temperature_unit=celsius&wind_speed_unit=kmh&precipitation_unit=mm";
/// Places asked for, and read.
const PLACES: usize = 10;
/// Hourly entries read: ten days, and some that repeat.
const HOURS_READ: usize = 300;
/// Daily entries read.
const DAYS_READ: usize = 32;
/// No zone is further from Greenwich, in seconds.
const OFFSET_MAX: i64 = 18 * HOUR;
/// Names of what a place lies in, bytes each.
const WITHIN_MAX: usize = 100;
/// Postcodes of a place that are read.
const POSTCODES: usize = 300;

/// Where the weather of a place is asked. `base` has no `/` at its end.
#[must_use]
pub fn forecast_url(base: &str, at: Cell) -> String {
    let (latitude, longitude) = (at.latitude(), at.longitude());
    format!("{base}/v1/forecast?latitude={latitude:.2}&longitude={longitude:.2}&{QUESTION}")
}

/// Where places called `name` are asked. `base` has no `/` at its end. `None`
/// when nothing is left of the name.
#[must_use]
pub fn search_url(base: &str, name: &str, lang: Lang) -> Option<String> {
    let name = encode(name)?;
    let lang = lang.code();
    Some(format!(
        "{base}/v1/search?name={name}&count={PLACES}&language={lang}&format=json"
    ))
}

/// What an answer to [`forecast_url`] says.
///
/// # Errors
/// [`Failure::Nonsense`] when that is nothing useful.
pub fn parse_forecast(body: &str) -> Result<Report, Failure> {
    let answer = answer(body)?;
    let zone = text(answer.get("timezone")).filter(|name| is_zone_name(name));
    let current = answer.get("current").filter(|current| current.is_object());
    let offset = offset(&answer, zone, current);
    let stamp = |value| stamp(value, offset);
    let mut line = Timeline::default();

    if let Some(hourly) = answer.get("hourly") {
        let times: Vec<_> = list(hourly, "time")
            .iter()
            .take(HOURS_READ)
            .map(stamp)
            .collect();
        let first = times.iter().flatten().min().copied().unwrap_or(0);
        let (rain, codes) = (list(hourly, "precipitation"), list(hourly, "weather_code"));
        for (at, time) in times.iter().enumerate() {
            let Some(time) = *time else { continue };
            if time > first {
                line.rain(time - HOUR, within(rain.get(at), &RAIN_HOUR));
            }
            line.sky(time, sky(codes.get(at)));
        }
    }
    if let Some(daily) = answer.get("daily") {
        let column = |name, at| list(daily, name).get(at);
        for (at, time) in list(daily, "time").iter().take(DAYS_READ).enumerate() {
            let Some(date) = stamp(time).and_then(|midnight| day_after(midnight, offset)) else {
                continue;
            };
            line.day(Day {
                date,
                min: within(column("temperature_2m_min", at), &CELSIUS),
                max: within(column("temperature_2m_max", at), &CELSIUS),
                rain: within(column("precipitation_sum", at), &RAIN_DAY),
                wind: within(column("wind_speed_10m_max", at), &WIND),
            });
        }
    }

    let (first_hour, hours, days) = line.finish();
    let report = Report {
        provider: Provider::OpenMeteo,
        time: current.and_then(|current| stamp(current.get("time")?)),
        zone: zone.map(str::to_owned),
        offset,
        current: current.map(|current| Current {
            celsius: within(current.get("temperature_2m"), &CELSIUS),
            wind: within(current.get("wind_speed_10m"), &WIND),
            humidity: within(current.get("relative_humidity_2m"), &PERCENT),
            sky: sky(current.get("weather_code")),
        }),
        first_hour,
        hours,
        days,
    };
    report.if_useful()
}

/// What an answer to [`search_url`] says: at most ten places, none when there
/// are none.
///
/// # Errors
/// [`Failure::Nonsense`] when it is no list of places.
pub fn parse_places(body: &str) -> Result<Vec<Candidate>, Failure> {
    let answer = answer(body)?;
    let places = match answer.get("results") {
        // The service leaves out what is empty.
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(places)) => places,
        Some(_) => return Err(Failure::Nonsense("no list of places".to_owned())),
    };
    let known: Vec<Candidate> = places.iter().filter_map(place).take(PLACES).collect();
    if known.is_empty() && !places.is_empty() {
        return Err(Failure::Nonsense("places without a position".to_owned()));
    }
    Ok(known)
}

fn place(value: &Value) -> Option<Candidate> {
    let cell = Cell::new(
        lenient::number(value.get("latitude"))?,
        lenient::number(value.get("longitude"))?,
    )?;
    let told = |key: &str| text(value.get(key));
    let zone = told("timezone").filter(|name| is_zone_name(name));
    let within = ["country", "admin1", "admin2", "admin3", "admin4"];
    let postcodes = list(value, "postcodes").iter().take(POSTCODES);
    Some(Candidate {
        is_certain: true,
        spot: Spot::new(
            told("name")?,
            told("admin1"),
            told("country_code"),
            cell,
            zone,
        ),
        population: lenient::whole(value.get("population"))
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(0),
        within: within
            .into_iter()
            .filter_map(told)
            .chain(postcodes.filter_map(|code| text(Some(code))))
            .map(|name| clean(name.as_bytes(), WITHIN_MAX))
            .filter(|name| !name.is_empty())
            .collect(),
    })
}

/// The object that answers. Several places make an array; we ask for one.
fn answer(body: &str) -> Result<Value, Failure> {
    let mut answer = lenient::document(body)?;
    if let Value::Array(several) = answer {
        answer = several.into_iter().next().unwrap_or_default();
    }
    if !answer.is_object() {
        return Err(Failure::Nonsense("JSON, but no answer".to_owned()));
    }
    let is_error = answer
        .get("error")
        .is_some_and(|error| !matches!(error, Value::Bool(false) | Value::Null));
    if is_error {
        let reason = lenient::words(answer.get("reason"));
        return Err(match lenient::pause(&reason) {
            Some(pause) => Failure::Limit(pause, reason),
            None => Failure::Nonsense(format!("it says: {reason}")),
        });
    }
    Ok(answer)
}

/// Seconds east of Greenwich: as told, or as the zone has it.
fn offset(answer: &Value, zone: Option<&str>, current: Option<&Value>) -> i32 {
    let told = lenient::whole(answer.get("utc_offset_seconds"))
        .filter(|offset| (-OFFSET_MAX..=OFFSET_MAX).contains(offset))
        .and_then(|offset| i32::try_from(offset).ok());
    let by_zone = || {
        let zone = TimeZone::get(zone?).ok()?;
        // Without an offset no local time can be read, only a Unix one.
        let hours = list(answer.get("hourly")?, "time");
        let times = current.and_then(|current| current.get("time"));
        let time = times.into_iter().chain(hours).find_map(|t| stamp(t, 0))?;
        let time = Timestamp::from_second(time).ok()?;
        Some(zone.to_offset(time).seconds())
    };
    told.or_else(by_zone).unwrap_or(0)
}

/// The moment in seconds since 1970: a number is one already, a text is local
/// time with the offset that the whole answer has.
fn stamp(value: &Value, offset: i32) -> Option<i64> {
    let unix = match lenient::whole(Some(value)) {
        Some(unix) => unix,
        None => {
            let told = text(Some(value))?;
            match told.parse::<Timestamp>() {
                Ok(exact) => exact.as_second(),
                Err(_) => {
                    let local: DateTime = told.parse().ok()?;
                    let offset = Offset::from_seconds(offset).ok()?;
                    offset.to_timestamp(local).ok()?.as_second()
                }
            }
        }
    };
    is_plausible(unix).then_some(unix)
}

/// The date that begins at about `midnight`. Looked at from its noon: where
/// the clock changes in these days, midnight is an hour off.
fn day_after(midnight: i64, offset: i32) -> Option<Date> {
    let offset = Offset::from_seconds(offset).ok()?;
    let noon = Timestamp::from_second(midnight)
        .ok()?
        .checked_add(SignedDuration::from_hours(12))
        .ok()?;
    Some(offset.to_datetime(noon).date())
}

/// A code that we know.
fn sky(value: Option<&Value>) -> Option<Sky> {
    let code = u8::try_from(lenient::whole(value)?).ok()?;
    Some(Sky(code)).filter(|sky| sky.severity() > 0)
}

fn is_zone_name(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|b| b.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
