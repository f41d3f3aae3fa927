//! wttr.in's `?format=j1`, from the same weather: every number a text, days in
//! steps of three hours, conditions in World Weather Online's codes.

use serde_json::{Value, json};

use super::answer::Answer;
use super::places::{self, Place};
use super::request::Request;
use super::sky::{Clock, HOUR, Scenario};

/// Days told.
const DAYS: i64 = 3;

/// What `/48.95,2.25?format=j1` or `/~name?format=j1` answers at `now`, in
/// seconds since 1970.
pub fn answer(request: &Request, scenario: Scenario, now: i64) -> Answer {
    let unknown = Answer::text(404, "Unknown location; please try ~48.85,2.35");
    let asked = request.place();
    let (latitude, longitude) = match asked.strip_prefix('~') {
        Some(name) => {
            // It knows towns; what stands behind them it does not look at.
            let town = name.split(',').next().unwrap_or_default();
            let mut found = [name, town].into_iter().map(places::search);
            match found.find_map(|found| found.first().copied()) {
                Some(place) => (place.latitude, place.longitude),
                None => return unknown,
            }
        }
        None => match point(&asked) {
            Some(point) => point,
            None => return unknown,
        },
    };
    let Some(area) = places::nearest(latitude, longitude) else {
        return unknown;
    };
    let clock = Clock::at(places::at(latitude, longitude), longitude, now);
    let start = clock.midnight(now);
    let days: Vec<Value> = (0..DAYS)
        .map(|n| day(scenario, &clock, start + n * 24 * HOUR))
        .collect();
    Answer::json(&json!({
        "current_condition": [current(scenario, &clock, now)],
        "nearest_area": [nearest_area(area, latitude, longitude)],
        "request": [{ "query": format!("Lat {latitude:.2} and Lon {longitude:.2}"), "type": "LatLon" }],
        "weather": days,
    }))
}

fn point(text: &str) -> Option<(f64, f64)> {
    let (latitude, longitude) = text.split_once(',')?;
    let (latitude, longitude): (f64, f64) = (latitude.parse().ok()?, longitude.parse().ok()?);
    let is_there = latitude.abs() <= 90.0 && longitude.abs() <= 180.0;
    is_there.then_some((latitude, longitude))
}

fn current(scenario: Scenario, clock: &Clock, now: i64) -> Value {
    let hour = scenario.hour(clock.local(now));
    let utc = Clock::at(None, 0.0, now);
    json!({
        "temp_C": whole(hour.celsius),
        "FeelsLikeC": whole(hour.celsius - 20),
        "humidity": if hour.rain > 0 { "93" } else { "61" },
        "precipMM": tenths(hour.rain),
        "windspeedKmph": hour.wind.to_string(),
        "weatherCode": code(hour.code),
        "observation_time": utc.local(now).strftime("%I:%M %p").to_string(),
        "localObsDateTime": clock.local(now).strftime("%Y-%m-%d %I:%M %p").to_string(),
        "uvIndex": "2",
    })
}

fn nearest_area(area: &Place, latitude: f64, longitude: f64) -> Value {
    json!({
        "areaName": [{ "value": area.name }],
        "region": [{ "value": area.region }],
        "country": [{ "value": area.country() }],
        "latitude": format!("{latitude:.3}"),
        "longitude": format!("{longitude:.3}"),
        "population": area.population.to_string(),
    })
}

fn day(scenario: Scenario, clock: &Clock, midnight: i64) -> Value {
    let hour = |n: i64| scenario.hour(clock.local(midnight + n * HOUR));
    let celsius = |n: i64| hour(n).celsius;
    let steps: Vec<Value> = (0..8)
        .map(|step| {
            let begin = hour(3 * step);
            json!({
                "time": (300 * step).to_string(),
                "tempC": whole(begin.celsius),
                "precipMM": tenths((0..3).map(|n| hour(3 * step + n).rain).sum()),
                "windspeedKmph": begin.wind.to_string(),
                "weatherCode": code(begin.code),
                "chanceofrain": if begin.rain > 0 { "89" } else { "0" },
            })
        })
        .collect();
    json!({
        "date": clock.local(midnight).date().to_string(),
        "maxtempC": whole((0..24).map(celsius).max().unwrap_or(0)),
        "mintempC": whole((0..24).map(celsius).min().unwrap_or(0)),
        // Both occur.
        "uvIndex": 2,
        "hourly": steps,
    })
}

fn whole(tenths: i32) -> String {
    (tenths + 5).div_euclid(10).to_string()
}

fn tenths(value: i32) -> String {
    format!("{:.1}", f64::from(value) / 10.0)
}

/// World Weather Online's code of a WMO one that occurs in a scenario.
fn code(wmo: i32) -> &'static str {
    match wmo {
        0 => "113",
        1 | 2 => "116",
        51 => "266",
        61 => "296",
        63 => "302",
        65 => "308",
        71 => "326",
        73 => "332",
        80 => "353",
        _ => "122",
    }
}
