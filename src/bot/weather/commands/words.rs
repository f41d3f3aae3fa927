//! Words and numbers that the weather answers share.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ToSpan};

use crate::bot::say::format;
use crate::bot::weather::Outlook;
use crate::lang::Text;
use crate::weather::{Days, Part, Report};

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

/// The first of the days that are asked for, and how many there are. A part of today
/// that is over is that of tomorrow, where no day was said.
pub fn dates(outlook: &Outlook<'_>) -> (Date, usize) {
    let today = local(outlook, outlook.now).date();
    let (first, count) = outlook.when.dates(today, outlook.days);
    let is_over = outlook.when.days == Days::Unsaid
        && outlook.when.part.is_some()
        && hours(outlook, first).is_some_and(|(_, end)| end <= outlook.now);
    match is_over {
        true => (first.saturating_add(1.day()), count),
        false => (first, count),
    }
}

/// From when to when the part that is asked for lasts on that date, the whole day
/// without one; a day may have 23 or 25 hours. Seconds since 1970.
pub fn hours(outlook: &Outlook<'_>, date: Date) -> Option<(i64, i64)> {
    let (from, to) = outlook.when.part.map_or((0, 24), Part::hours);
    let at = |hours: i64| {
        let time = date.at(0, 0, 0, 0).checked_add(hours.hours()).ok()?;
        let zoned = time.to_zoned(outlook.zone.clone()).ok()?;
        Some(zoned.timestamp().as_second())
    };
    at(from).zip(at(to))
}

/// ` · Sat 5: I only know Mon 23 to Fri 27` when nothing is known of what is asked.
pub fn beyond(outlook: &Outlook<'_>, report: &Report) -> String {
    let today = local(outlook, outlook.now).date();
    let known = report.days.iter().map(|day| day.date);
    let known: Vec<Date> = known.filter(|date| *date >= today).collect();
    let asked = day_of(outlook, dates(outlook).0);
    let what = match (known.first(), known.last()) {
        (Some(first), Some(last)) => {
            let (first, last) = (day_of(outlook, *first), day_of(outlook, *last));
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("day", &asked), ("first", &first), ("last", &last)];
            Text::KnownDays.fill(outlook.lang, &values)
        }
        _ => format!("{asked} · {}", Text::NoHours.plain(outlook.lang)),
    };
    format!(" · {what}{}", age(outlook))
}

/// ` evening`, the part of a day that is asked for.
pub fn part_of(outlook: &Outlook<'_>) -> String {
    let part = outlook.when.part;
    part.map_or_else(String::new, |part| format!(" {}", part.name(outlook.lang)))
}

/// `▲ place` in front of `rest`, the place's name as long as `limit` bytes
/// allow.
pub fn under_title(icon: &str, outlook: &Outlook<'_>, rest: &str, limit: usize) -> String {
    let room = limit.saturating_sub(icon.len() + 1 + rest.len());
    format!("{icon} {}{rest}", outlook.spot.title(room.max(TITLE_MIN)))
}

/// A name shorter than this says nothing, bytes.
pub const TITLE_MIN: usize = 16;
