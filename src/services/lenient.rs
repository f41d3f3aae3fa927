//! Reads JSON as services really write it: numbers as strings, `null` for
//! "unknown", keys left out, values that cannot be. What cannot be understood
//! is `None`, never an error.

use std::ops::RangeInclusive;

use serde_json::Value;

use crate::mesh::name::clean;
use crate::weather::{Failure, Pause};

/// °C that occur in weather.
pub const CELSIUS: RangeInclusive<f32> = -100.0..=70.0;
/// km/h that occur in weather.
pub const WIND: RangeInclusive<f32> = 0.0..=500.0;
/// Percents.
pub const PERCENT: RangeInclusive<f32> = 0.0..=100.0;
/// mm of water in an hour; the record is about 400.
pub const RAIN_HOUR: RangeInclusive<f32> = 0.0..=500.0;
/// mm of water in a day; the record is about 1800.
pub const RAIN_DAY: RangeInclusive<f32> = 0.0..=2_500.0;

/// What of a service's own words reaches the log, bytes.
const WORDS_MAX: usize = 120;

/// The document in `body`.
///
/// # Errors
/// [`Failure::Nonsense`] when it is no JSON.
pub fn document(body: &str) -> Result<Value, Failure> {
    serde_json::from_str(body).map_err(|error| {
        // Where, not what: the body is a stranger's.
        let place = match (body.trim_start().as_bytes().first(), error.is_eof()) {
            (None, _) => "empty".to_owned(),
            (Some(b'<'), _) => "a web page".to_owned(),
            (_, true) => "JSON that breaks off".to_owned(),
            _ => format!("no JSON at line {}, {}", error.line(), error.column()),
        };
        Failure::Nonsense(place)
    })
}

/// A finite number, or a text that is one.
pub fn number(value: Option<&Value>) -> Option<f64> {
    let number = match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| number.is_finite())
}

/// A number that can be.
pub fn within(value: Option<&Value>, range: &RangeInclusive<f32>) -> Option<f32> {
    // Through text, because no cast says when it does not fit.
    let number: f32 = number(value)?.to_string().parse().ok()?;
    // A zero below zero is a zero.
    range.contains(&number).then_some(number + 0.0)
}

/// A whole number, also when it is written with a fraction of zero.
pub fn whole(value: Option<&Value>) -> Option<i64> {
    if let Some(whole) = value?.as_i64() {
        return Some(whole);
    }
    let number = number(value)?;
    if number.fract() != 0.0 {
        return None;
    }
    number.to_string().parse().ok()
}

/// A text that is not empty.
pub fn text(value: Option<&Value>) -> Option<&str> {
    value?
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// The array behind a key, empty when there is none.
pub fn list<'a>(parent: &'a Value, key: &str) -> &'a [Value] {
    parent
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], |list| list)
}

/// A service's own words, fit for one line of the log.
pub fn words(value: Option<&Value>) -> String {
    clean(text(value).unwrap_or("unknown").as_bytes(), WORDS_MAX)
}

/// For how long a service answers no more questions, by its own words: `Daily API
/// request limit exceeded. Please try again tomorrow.` `None` when they are about
/// something else.
pub fn pause(reason: &str) -> Option<Pause> {
    let reason = reason.to_ascii_lowercase();
    let says = |word: &str| reason.contains(word);
    if !says("limit") || !(says("exceed") || says("reached") || says("too many")) {
        return None;
    }
    Some(if says("month") {
        Pause::Month
    } else if says("daily") || says("tomorrow") {
        Pause::Day
    } else if says("hour") {
        Pause::Hour
    } else {
        Pause::Minute
    })
}

/// What a service refuses a question with: `{"error": true, "reason": …}` and an
/// HTTP status. `None` when the body is none such.
pub fn refusal(status: u16, body: &str) -> Option<Failure> {
    let answer: Value = serde_json::from_str(body).ok()?;
    text(answer.get("reason"))?;
    let reason = words(answer.get("reason"));
    Some(match pause(&reason) {
        Some(pause) => Failure::Limit(pause, reason),
        None => Failure::Refused(status, reason),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_come_in_many_clothes() {
        for (value, expected) in [
            (json!(12.5), Some(12.5)),
            (json!("12.5"), Some(12.5)),
            (json!(" -3 "), Some(-3.0)),
            (json!(0), Some(0.0)),
            (json!("-0"), Some(0.0)),
            (json!(null), None),
            (json!(""), None),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!(true), None),
            (json!([1]), None),
            (json!(71), None),
            (json!(-1e300), None),
        ] {
            assert_eq!(within(Some(&value), &CELSIUS), expected, "{value}");
        }
        assert_eq!(within(None, &CELSIUS), None);
        assert_eq!(within(Some(&json!(-0.1)), &RAIN_HOUR), None);
    }

    #[test]
    fn whole_numbers_are_whole() {
        for (value, expected) in [
            (json!(1_656_633_600_i64), Some(1_656_633_600)),
            (json!("1656633600"), Some(1_656_633_600)),
            (json!(3.0), Some(3)),
            (json!(3.5), None),
            (json!(1e300), None),
            (json!(u64::MAX), None),
            (json!("2022-07-01"), None),
        ] {
            assert_eq!(whole(Some(&value)), expected, "{value}");
        }
    }

    /// T19.
    #[test]
    fn a_service_s_own_reason_is_understood() {
        let body = |reason: &str| json!({ "error": true, "reason": reason }).to_string();
        let limit = |words: &str| {
            let reason = format!("{words} API request limit exceeded. Please try again later.");
            match refusal(429, &body(&reason)) {
                Some(Failure::Limit(pause, said)) if said == reason => Some(pause),
                _ => None,
            }
        };
        assert_eq!(limit("Daily"), Some(Pause::Day));
        assert_eq!(limit("Hourly"), Some(Pause::Hour));
        assert_eq!(limit("Minutely"), Some(Pause::Minute));
        assert_eq!(limit("Monthly"), Some(Pause::Month));
        let other = "Parameter 'latitude' must be in range of -90 to 90°. Given: 91.0.";
        let refused = Failure::Refused(400, other.to_owned());
        assert_eq!(refusal(400, &body(other)), Some(refused));
        for none in [
            "",
            "<html>",
            "{}",
            "[]",
            "{\"reason\":7}",
            "Too Many Requests",
        ] {
            assert_eq!(refusal(429, none), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_document_is_named() {
        let told = |body| document(body).unwrap_err().to_string();
        assert_eq!(told(""), "no usable answer: empty");
        assert_eq!(told("<!doctype html>"), "no usable answer: a web page");
        assert_eq!(told("{\"a\":"), "no usable answer: JSON that breaks off");
        assert_eq!(told("{a}"), "no usable answer: no JSON at line 1, 2");
        let deep = "[".repeat(5_000);
        assert!(document(&deep).is_err());
        assert_eq!(words(Some(&json!("a\nb\u{202e}"))), "a b");
    }
}
