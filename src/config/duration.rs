//! Durations as people write them: `"500ms"`, `"2.5s"`, `"5m"`, `"2h"`.

use std::time::Duration;

/// The units from the largest, each with its length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// Reads a number with an optional decimal part and a unit (`ms`, `s`, `m`,
/// `h` or `d`), exactly to the millisecond. `None` for anything else, finer
/// fractions and what does not fit included.
///
/// ```
/// # use std::time::Duration;
/// # use meshbot::config::parse_duration;
/// assert_eq!(parse_duration("2.5s"), Some(Duration::from_millis(2_500)));
/// assert_eq!(parse_duration("5"), None);
/// ```
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_at);
    let (_, unit) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, digits(fraction).map(|_| fraction)?),
        None => (number, ""),
    };
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = digits(fraction).unwrap_or(0).checked_mul(unit)?;
    if !part.is_multiple_of(scale) {
        return None;
    }
    let millis = digits(whole)?.checked_mul(unit)?;
    Some(Duration::from_millis(millis.checked_add(part / scale)?))
}

fn digits(text: &str) -> Option<u64> {
    let all = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    all.then(|| text.parse().ok()).flatten()
}

/// Writes a duration as the configuration would, in whole milliseconds.
#[must_use]
pub fn duration_text(duration: Duration) -> String {
    written(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

/// Writes `millis` with the largest unit that leaves a number with at most one
/// decimal place, so that [`parse_duration`] reads it back.
pub(super) fn written(millis: u64) -> String {
    for (name, unit) in UNITS {
        if millis >= unit && (millis * 10).is_multiple_of(unit) {
            let tenths = millis * 10 / unit % 10;
            let dot = if tenths == 0 {
                String::new()
            } else {
                format!(".{tenths}")
            };
            return format!("{}{dot}{name}", millis / unit);
        }
    }
    format!("{millis}ms")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        for (text, millis) in [
            ("0s", 0),
            ("500ms", 500),
            ("2.5s", 2_500),
            ("2.345s", 2_345),
            ("007s", 7_000),
            ("5m", 300_000),
            ("0.5h", 1_800_000),
            ("1d", 86_400_000),
        ] {
            assert_eq!(
                parse_duration(text),
                Some(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "", "5", "s", ".5s", "5.s", "-5s", "+5s", "5 s", " 5s", "5S", "5min", "1h30m", "1e3s",
            "2.3456s", "0.5ms", "5…s", "٥s",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
        assert_eq!(parse_duration("99999999999999999999s"), None);
        assert_eq!(parse_duration("18446744073709551615d"), None);
        assert_eq!(parse_duration("0.00000000000000000000001s"), None);
    }

    #[test]
    fn bounds_are_written_as_they_are_read() {
        for (millis, text) in [
            (2_300, "2.3s"),
            (60_000, "1m"),
            (90_000, "1.5m"),
            (3_600_000, "1h"),
            (500, "500ms"),
            (86_400_000, "1d"),
        ] {
            assert_eq!(written(millis), text);
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)));
        }
    }
}
