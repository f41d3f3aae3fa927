//! open-meteo.com's forecast: what is asked for, and nothing else.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::places;
use super::request::Request;
use super::sky::{Clock, HOUR, Hour, Scenario};

/// What `/v1/forecast` answers at `now`, in seconds since 1970.
pub fn answer(request: &Request, scenario: Scenario, now: i64) -> Answer {
    match build(request, scenario, now) {
        Ok(value) => Answer::json(&value),
        Err(reason) => Answer::error(&reason),
    }
}

fn build(request: &Request, scenario: Scenario, now: i64) -> Result<Value, String> {
    let latitude = degrees(request, "latitude", 90.0)?;
    let longitude = degrees(request, "longitude", 180.0)?;
    for (key, only) in [
        ("temperature_unit", "celsius"),
        ("wind_speed_unit", "kmh"),
        ("precipitation_unit", "mm"),
    ] {
        if request.parameter(key).is_some_and(|unit| unit != only) {
            return Err(format!("Only {only} is known here as {key}"));
        }
    }
    let days = request.parameter("forecast_days").map(|days| days.parse());
    let days = match days {
        None => 7,
        Some(Ok(days @ 0..=16_i64)) => days,
        Some(_) => {
            return Err("Parameter 'forecast_days' is out of range. Allowed range 0 to 16.".into());
        }
    };
    let has_zone = request.parameter("timezone").is_some();
    if !has_zone && request.parameter("daily").is_some() {
        return Err("Timezone is required".to_owned());
    }
    let place = places::at(latitude, longitude).filter(|_| has_zone);
    let clock = Clock::at(place, if has_zone { longitude } else { 0.0 }, now);
    let world = World {
        scenario,
        start: clock.midnight(now),
        clock,
        days,
        is_unix: request.parameter("timeformat").as_deref() == Some("unixtime"),
    };

    let mut answer = Map::new();
    let mut put = |key: &str, value: Value| answer.insert(key.to_owned(), value);
    put("latitude", json!(latitude));
    put("longitude", json!(longitude));
    put("generationtime_ms", json!(0.25));
    put("utc_offset_seconds", json!(world.clock.offset()));
    put("timezone", json!(world.clock.zone));
    put("timezone_abbreviation", json!("LT"));
    put("elevation", json!(42.0));
    for section in ["current", "hourly", "daily"] {
        let Some(variables) = request.parameter(section) else {
            continue;
        };
        let mut columns = Map::new();
        let mut units = Map::new();
        let time = match section {
            "current" => world.time(now - now.rem_euclid(900)),
            "hourly" => world.each_hour(|unix| world.time(unix)),
            _ => world.each_day(|hours| world.date(hours.start)),
        };
        columns.insert("time".to_owned(), time);
        let form = if world.is_unix { "unixtime" } else { "iso8601" };
        units.insert("time".to_owned(), json!(form));
        for name in variables.split(',') {
            let column = match section {
                "current" => world.value(name, now),
                "hourly" => world.column(name),
                _ => world.daily(name),
            };
            let (unit, column) = column.ok_or_else(|| {
                format!(
                    "Data corrupted at path ''. Cannot initialize from invalid String value {name}."
                )
            })?;
            columns.insert(name.to_owned(), column);
            units.insert(name.to_owned(), json!(unit));
        }
        answer.insert(format!("{section}_units"), Value::Object(units));
        answer.insert(section.to_owned(), Value::Object(columns));
    }
    Ok(Value::Object(answer))
}

fn degrees(request: &Request, key: &str, most: f64) -> Result<f64, String> {
    request
        .parameter(key)
        .and_then(|text| text.parse().ok())
        .filter(|degrees: &f64| degrees.abs() <= most)
        .ok_or_else(|| format!("Parameter '{key}' must be in range of -{most} to {most}°."))
}

/// A unit and the values in it.
type Column = Option<(&'static str, Value)>;

struct World {
    scenario: Scenario,
    clock: Clock,
    /// The first day's midnight, in seconds since 1970.
    start: i64,
    days: i64,
    is_unix: bool,
}

impl World {
    fn hour(&self, unix: i64) -> Hour {
        self.scenario.hour(self.clock.local(unix))
    }

    fn time(&self, unix: i64) -> Value {
        if self.is_unix {
            return json!(unix);
        }
        let local = self.clock.local(unix);
        json!(local.strftime("%Y-%m-%dT%H:%M").to_string())
    }

    fn date(&self, unix: i64) -> Value {
        if self.is_unix {
            return json!(unix);
        }
        json!(self.clock.local(unix).date().to_string())
    }

    fn each_hour(&self, value: impl Fn(i64) -> Value) -> Value {
        (0..24 * self.days)
            .map(|hour| value(self.start + hour * HOUR))
            .collect()
    }

    fn each_day(&self, value: impl Fn(std::ops::Range<i64>) -> Value) -> Value {
        let day = 24 * HOUR;
        (0..self.days)
            .map(|n| self.start + n * day)
            .map(|midnight| value(midnight..midnight + day))
            .collect()
    }

    /// A variable at one moment.
    fn value(&self, name: &str, unix: i64) -> Column {
        let hour = self.hour(unix);
        Some(match name {
            "temperature_2m" => ("°C", tenths(hour.celsius)),
            "weather_code" => ("wmo code", json!(hour.code)),
            "wind_speed_10m" => ("km/h", json!(hour.wind)),
            "relative_humidity_2m" => ("%", json!(if hour.rain > 0 { 93 } else { 61 })),
            // The sum of the hour before.
            "precipitation" => ("mm", tenths(self.hour(unix - HOUR).rain)),
            _ => return None,
        })
    }

    fn column(&self, name: &str) -> Column {
        let (unit, _) = self.value(name, self.start)?;
        let column = self.each_hour(|unix| {
            let value = self.value(name, unix);
            value.map_or(Value::Null, |(_, value)| value)
        });
        Some((unit, column))
    }

    fn daily(&self, name: &str) -> Column {
        let of = |value: fn(Hour) -> i32, fold: fn(&mut dyn Iterator<Item = i32>) -> i32| {
            self.each_day(|hours| {
                let steps = (0..24).map(|n| hours.start + n * HOUR);
                tenths(fold(&mut steps.map(|unix| value(self.hour(unix)))))
            })
        };
        Some(match name {
            "temperature_2m_max" => ("°C", of(|hour| hour.celsius, |all| all.max().unwrap_or(0))),
            "temperature_2m_min" => ("°C", of(|hour| hour.celsius, |all| all.min().unwrap_or(0))),
            "precipitation_sum" => ("mm", of(|hour| hour.rain, |all| all.sum())),
            "wind_speed_10m_max" => (
                "km/h",
                of(|hour| 10 * hour.wind, |all| all.max().unwrap_or(0)),
            ),
            _ => return None,
        })
    }
}

fn tenths(value: i32) -> Value {
    json!(f64::from(value) / 10.0)
}
