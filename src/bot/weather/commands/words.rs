//! Words and numbers that the weather answers share.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

use crate::bot::say::format;
use crate::bot::weather::Outlook;
use crate::lang::Text;

/// Local time at the place. Times beyond what a calendar has count as the
/// year 1970.
pub fn local(outlook: &Outlook<'_>, unix: i64) -> DateTime {
    let time = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
    outlook.zone.to_datetime(time)
}

/// `Mon`, `lun.`
pub fn weekday(outlook: &Outlook<'_>, date: Date) -> &'static str {
    let at = date.weekday().to_monday_zero_offset();
    let at = usize::try_from(at).unwrap_or(0);
    Text::Weekdays
        .list(outlook.lang)
        .get(at)
        .map_or("", |name| name)
}

/// `Mon 23`, `Mo 23.`
pub fn day_of(outlook: &Outlook<'_>, date: Date) -> String {
    let (weekday, day) = (weekday(outlook, date), date.day());
    Text::Date.fill(outlook.lang, &[("weekday", &weekday), ("day", &day)])
}

/// `UTC+9` where clocks go by another time than the board's, or where they go by the
/// board's because the place's own is not known.
pub fn zone(outlook: &Outlook<'_>, unix: i64) -> Option<String> {
    let time = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = outlook.zone.to_offset(time);
    if !outlook.zone_is_foreign && offset == outlook.board_zone.to_offset(time) {
        return None;
    }
    let minutes = offset.seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    let (hours, rest) = (minutes.abs() / 60, minutes.abs() % 60);
    Some(match rest {
        0 => format!("UTC{sign}{hours}"),
        _ => format!("UTC{sign}{hours}:{rest:02}"),
    })
}

/// ` (3 h old)` when the weather is older than it should be.
pub fn age(outlook: &Outlook<'_>) -> String {
    outlook.stale.map_or_else(String::new, |age| {
        let time = format::brief(outlook.lang, age);
        format!(" {}", Text::Old.fill(outlook.lang, &[("time", &time)]))
    })
}

/// `▲ place` in front of `rest`, the place's name as long as `limit` bytes
/// allow.
pub fn under_title(icon: &str, outlook: &Outlook<'_>, rest: &str, limit: usize) -> String {
    let room = limit.saturating_sub(icon.len() + 1 + rest.len());
    format!("{icon} {}{rest}", outlook.spot.title(room.max(TITLE_MIN)))
}

/// A name shorter than this says nothing, bytes.
pub const TITLE_MIN: usize = 16;
