//! wttr.in (`?format=j1`): what is asked there and what its answers mean.
//! Pure: URLs and texts only. It stands in when open-meteo.com fails.
//!
//! - Its hours are steps of three: what falls in a step is spread evenly.
//! - Its codes are those of World Weather Online; `sky` turns them into ours.
//! - Its dates are local and it names no time zone; see `offset`.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use serde_json::Value;

use super::escape::encode;
use super::lenient::{
    self, CELSIUS, PERCENT, RAIN_DAY, RAIN_HOUR, WIND, list, number, text, whole, within,
};
use super::timeline::{HOUR, Timeline, is_plausible};
use crate::mesh::name::clean;
use crate::weather::{
    Candidate, Cell, Current, Day, Failure, Provider, Report, Sky, Spot, countries,
};

/// Days read.
const DAYS_READ: usize = 16;
/// Steps of a day read.
const STEPS_READ: usize = 24;
/// Hours that a step has when nothing says otherwise.
const STEP: i64 = 3;
/// Minutes in a day.
const DAY_MINUTES: i64 = 24 * 60;
/// No clock is further than this from the sun, in minutes.
const SUN_SLACK: i64 = 4 * 60 + 30;

/// Where the weather of a place is asked. `base` has no `/` at its end.
#[must_use]
pub fn forecast_url(base: &str, at: Cell) -> String {
    format!("{base}/{at}?format=j1")
}

/// Where a place called `name` is asked. `base` has no `/` at its end. `None`
/// when nothing is left of the name: the service would take an empty one for
/// the place of whoever asks.
#[must_use]
pub fn search_url(base: &str, name: &str) -> Option<String> {
    // Without the tilde "@host", an IP address, "moon" and ":help" would mean
    // something else.
    Some(format!("{base}/~{}?format=j1", encode(name)?))
}

/// What an answer to [`forecast_url`] says.
///
/// # Errors
/// [`Failure::Nonsense`] when that is nothing useful.
pub fn parse_forecast(body: &str) -> Result<Report, Failure> {
    let answer = answer(body)?;
    let current = list(&answer, "current_condition").first();
    let offset = offset(current, list(&answer, "nearest_area").first());
    let mut line = Timeline::default();
    for day in list(&answer, "weather").iter().take(DAYS_READ) {
        let date = text(day.get("date")).and_then(|date| date.parse::<Date>().ok());
        if let Some(date) = date {
            read_day(&mut line, day, date, offset);
        }
    }
    let (first_hour, hours, days) = line.finish();
    let time = current
        .and_then(local_time)
        .and_then(|local| unix(local, offset))
        .filter(|&time| is_plausible(time));
    let report = Report {
        provider: Provider::Wttr,
        time,
        zone: None,
        offset: offset.seconds(),
        current: current.map(|current| Current {
            celsius: within(current.get("temp_C"), &CELSIUS),
            wind: within(current.get("windspeedKmph"), &WIND),
            humidity: within(current.get("humidity"), &PERCENT),
            sky: sky(current.get("weatherCode")),
        }),
        first_hour,
        hours,
        days,
    };
    report.if_useful()
}

/// The one place that an answer to [`search_url`] is about. Its country has a
/// name there and no code: that comes from our own table.
///
/// # Errors
/// [`Failure::Nonsense`] when it is about none.
pub fn parse_places(body: &str) -> Result<Vec<Candidate>, Failure> {
    let answer = answer(body)?;
    let nowhere = || Failure::Nonsense("no place in it".to_owned());
    let area = list(&answer, "nearest_area").first().ok_or_else(nowhere)?;
    let cell = place(area).ok_or_else(nowhere)?;
    let told = |key| text(list(area, key).first().and_then(|name| name.get("value")));
    let name = told("areaName").ok_or_else(nowhere)?;
    let (region, country) = (told("region"), told("country"));
    let within = [country, region].into_iter().flatten();
    // A guess always shows its country, be it by its name.
    let code = country.and_then(countries::code_of);
    let shown = if code.is_some() {
        region
    } else {
        country.or(region)
    };
    Ok(vec![Candidate {
        spot: Spot::new(name, shown, code, cell, None),
        population: whole(area.get("population"))
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(0),
        is_certain: false,
        within: within
            .map(|name| clean(name.as_bytes(), 100))
            .filter(|name| !name.is_empty())
            .collect(),
    }])
}

fn answer(body: &str) -> Result<Value, Failure> {
    let mut answer = lenient::document(body)?;
    // Some of its servers wrap everything once more.
    if let Some(data) = answer.get_mut("data").filter(|data| data.is_object()) {
        answer = data.take();
    }
    if answer.is_object() {
        Ok(answer)
    } else {
        Err(Failure::Nonsense("JSON, but no answer".to_owned()))
    }
}

fn read_day(line: &mut Timeline, day: &Value, date: Date, offset: Offset) {
    let midnight = unix(date.into(), offset);
    let mut steps: Vec<(i64, &Value)> = list(day, "hourly")
        .iter()
        .take(STEPS_READ)
        .filter_map(|step| Some((hour_of(step)?, step)))
        .collect();
    steps.sort_by_key(|(hour, _)| *hour);
    steps.dedup_by_key(|(hour, _)| *hour);
    let mut sum: Option<f32> = None;
    let mut wind: Option<f32> = None;
    for (at, &(hour, step)) in steps.iter().enumerate() {
        let next = steps.get(at + 1).map_or(24, |(next, _)| *next);
        let rain = within(step.get("precipMM"), &RAIN_DAY);
        let gust = within(step.get("windspeedKmph"), &WIND);
        sum = rain.map(|mm| sum.unwrap_or(0.0) + mm).or(sum);
        wind = gust.map(|kmh| wind.unwrap_or(0.0).max(kmh)).or(wind);
        let Some(midnight) = midnight else { continue };
        let length = (next - hour).clamp(1, STEP);
        let parts = u8::try_from(length).map_or(1.0, f32::from);
        for begins in (0..length).map(|part| midnight + (hour + part) * HOUR) {
            let mm = rain.map(|mm| mm / parts);
            line.rain(begins, mm.filter(|mm| RAIN_HOUR.contains(mm)));
            line.sky(begins, sky(step.get("weatherCode")));
        }
    }
    line.day(Day {
        date,
        min: within(day.get("mintempC"), &CELSIUS),
        max: within(day.get("maxtempC"), &CELSIUS),
        rain: sum.filter(|mm| RAIN_DAY.contains(mm)),
        wind,
    });
}

/// `"0"`, `"300"` … `"2100"`: the hour at which a step begins.
fn hour_of(step: &Value) -> Option<i64> {
    let time = whole(step.get("time"))?;
    (time % 100 == 0 && (0..=2_300).contains(&time)).then_some(time / 100)
}

/// How far the place's clock is from Greenwich, for all days alike: so after a
/// change of the clock within them hours are one off.
///
/// The answer names no zone, but says when the weather was observed both in
/// local and in universal time. Their difference is it, up to whole days; the
/// one nearest to the sun's time is meant (a day off in Samoa and Tonga, on
/// the far side of the date line). Where they are missing or cannot
/// be, the longitude alone decides, in whole hours.
fn offset(current: Option<&Value>, area: Option<&Value>) -> Offset {
    let longitude = area.and_then(place).map(Cell::longitude);
    let by_sun = longitude.map_or(0, |longitude| {
        // Four minutes a degree; through text, as no cast says what it loses.
        format!("{:.0}", longitude * 4.0).parse().unwrap_or(0)
    });
    let told = current.and_then(|current| {
        let here = local_time(current)?.time();
        let utc = clock(text(current.get("observation_time"))?)?;
        let minutes = |time: Time| i64::from(time.hour()) * 60 + i64::from(time.minute());
        let apart = minutes(here) - minutes(utc);
        // Zones differ by quarters of an hour; the two clocks may by a minute.
        let quarters = (apart + 7).div_euclid(15) * 15;
        let is_near = (apart - quarters).abs() <= 5;
        [-DAY_MINUTES, 0, DAY_MINUTES]
            .into_iter()
            .map(|days| quarters + days)
            .filter(|offset| is_near && is_real(*offset))
            .min_by_key(|offset| (offset - by_sun).abs())
            .filter(|offset| {
                // The date line is no straight one: a day more is no error.
                let apart = (offset - by_sun).rem_euclid(DAY_MINUTES);
                longitude.is_none() || apart.min(DAY_MINUTES - apart) <= SUN_SLACK
            })
    });
    let minutes = told.unwrap_or_else(|| (by_sun + 30).div_euclid(60) * 60);
    i32::try_from(minutes * 60)
        .ok()
        .and_then(|seconds| Offset::from_seconds(seconds).ok())
        .unwrap_or(Offset::UTC)
}

/// Whether some zone is so many minutes from Greenwich. Quarters of an hour
/// occur only in the east, from Nepal to Chatham.
fn is_real(offset: i64) -> bool {
    (-12 * 60..=14 * 60).contains(&offset)
        && (offset % 30 == 0 || (offset > 0 && offset % 60 == 45))
}

fn place(area: &Value) -> Option<Cell> {
    Cell::new(
        number(area.get("latitude"))?,
        number(area.get("longitude"))?,
    )
}

/// `"2026-03-01 09:12 AM"` of the current weather.
fn local_time(current: &Value) -> Option<DateTime> {
    let (date, time) = text(current.get("localObsDateTime"))?.split_once(' ')?;
    Some(date.parse::<Date>().ok()?.to_datetime(clock(time)?))
}

/// `"09:12 AM"` or `"21:12"`.
fn clock(text: &str) -> Option<Time> {
    let text = text.trim();
    Time::strptime("%I:%M %p", text)
        .or_else(|_| Time::strptime("%H:%M", text))
        .ok()
}

fn unix(local: DateTime, offset: Offset) -> Option<i64> {
    Some(offset.to_timestamp(local).ok()?.as_second())
}

/// World Weather Online's condition as the nearest WMO code. Sleet has none
/// among those that forecasts use; it counts as snow, ice pellets as grains.
fn sky(value: Option<&Value>) -> Option<Sky> {
    Some(Sky(match whole(value)? {
        // Clear; partly cloudy; cloudy, overcast.
        113 => 0,
        116 => 2,
        119 | 122 => 3,
        // Mist, fog; freezing fog.
        143 | 248 => 45,
        260 => 48,
        // Patchy rain, snow, sleet, freezing drizzle, thunder near by.
        176 => 80,
        179 | 182 => 85,
        185 => 56,
        200 => 95,
        // Blowing snow; blizzard.
        227 => 73,
        230 => 75,
        // Drizzle: patchy light, light; freezing, heavy freezing.
        263 | 266 => 51,
        281 => 56,
        284 => 57,
        // Rain: light; moderate; heavy; freezing, the lighter and the heavier.
        293 | 296 => 61,
        299 | 302 => 63,
        305 | 308 => 65,
        311 => 66,
        314 => 67,
        // Sleet.
        317 => 71,
        320 => 73,
        // Snow: light; moderate; heavy.
        323 | 326 => 71,
        329 | 332 => 73,
        335 | 338 => 75,
        // Ice pellets, also in showers.
        350 | 374 | 377 => 77,
        // Showers of rain: light; heavier; torrential.
        353 => 80,
        356 => 81,
        359 => 82,
        // Showers of sleet and snow: light; heavier.
        362 | 368 => 85,
        365 | 371 => 86,
        // Rain or snow with thunder.
        386 | 389 | 392 | 395 => 95,
        _ => return None,
    }))
}

#[cfg(test)]
mod tests;
