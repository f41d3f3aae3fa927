//! `/rain`: a bar an hour, 24 to a packet, from the current one on or those of the
//! days that are asked for.
//!
//! The heights are absolute, so that a drizzle never looks like a downpour and
//! two answers can be compared. Hours are named within the line, because no
//! two phones draw bars and figures equally wide.

use jiff::ToSpan;

use crate::bot::say::format;
use crate::bot::split::NEW_PART;
use crate::bot::weather::Outlook;
use crate::bot::weather::commands::DAYS;
use crate::bot::weather::commands::words::{
    age, beyond, dates, day_of, hours, local, part_of, under_title, zone,
};
use crate::lang::Text;
use crate::weather::{Hour, Report, Sky};

/// Bars in a packet.
const BARS: usize = 24;
/// An hour is named when its number is a multiple of this.
const NAMED: i8 = 6;
/// In front of each part when there are several: `(1/3) `.
const MARK: usize = 6;
/// Less than this in an hour has no bar, in mm.
const TRACE: f32 = 0.05;
/// Less than this in all is called dry, in mm.
const DRY: f32 = 0.1;
/// From so many mm an hour on a bar has the next height.
const HEIGHTS: [(f32, char); 8] = [
    (16.0, '█'),
    (8.0, '▇'),
    (4.0, '▆'),
    (2.0, '▅'),
    (1.0, '▄'),
    (0.5, '▃'),
    (TRACE, '▂'),
    (f32::NEG_INFINITY, '▁'),
];

/// The answer, one packet a day.
pub fn write(outlook: &Outlook<'_>) -> String {
    let Some(report) = outlook.report else {
        return String::new();
    };
    let days = days(outlook, report);
    let is_known = |(_, hour): &(i64, Option<Hour>)| hour.is_some();
    if !outlook.when.is_from_now() && !days.iter().flatten().any(is_known) {
        return under_title("🌧", outlook, &beyond(outlook, report), outlook.part_limit);
    }
    let limit = match days.len() {
        1 => outlook.part_limit,
        _ => outlook.part_limit.saturating_sub(MARK),
    };
    let parts: Vec<String> = days
        .iter()
        .map(|hours| part(outlook, hours, limit))
        .collect();
    parts.join(&NEW_PART.to_string())
}

/// The hours of each packet: 24 from now on for every day, or those of the dates that
/// were asked for, without what is over.
fn days(outlook: &Outlook<'_>, report: &Report) -> Vec<Vec<(i64, Option<Hour>)>> {
    let (first, count) = dates(outlook);
    let count = count.min(DAYS);
    if outlook.when.is_from_now() {
        let hours: Vec<_> = report.hours_from(outlook.now, BARS * count).collect();
        return hours.chunks(BARS).map(<[_]>::to_vec).collect();
    }
    let dates = (0_i64..).take(count);
    let windows = dates.filter_map(|ahead| hours(outlook, first.saturating_add(ahead.days())));
    windows
        .map(|(from, to)| {
            let from = if outlook.now < to {
                from.max(outlook.now)
            } else {
                from
            };
            let hours = report.hours_from(from, BARS + 1);
            hours.take_while(|(at, _)| *at < to).collect()
        })
        .collect()
}

fn part(outlook: &Outlook<'_>, hours: &[(i64, Option<Hour>)], limit: usize) -> String {
    let start = hours.first().map_or(outlook.now, |(at, _)| *at);
    let begins = local(outlook, start);
    let head = format!(
        " · {}{}{}{}",
        day_of(outlook, begins.date()),
        part_of(outlook),
        zone(outlook, start).map_or_else(String::new, |zone| format!(" {zone}")),
        age(outlook)
    );
    let known: Vec<(i64, f32)> = hours
        .iter()
        .filter_map(|(at, hour)| Some((*at, hour.as_ref()?.rain?)))
        .collect();
    let snow = hours.iter().any(|(_, hour)| {
        hour.is_some_and(|hour| hour.sky.is_some_and(Sky::is_snow) && hour.rain > Some(TRACE))
    });
    let icon = if snow { "🌨" } else { "🌧" };
    let peak = known
        .iter()
        .copied()
        .reduce(|a, b| if b.1 > a.1 { b } else { a });
    let sum: f32 = known.iter().map(|(_, rain)| rain).sum();
    let body = match peak {
        None => format!(" · {}", Text::NoHours.plain(outlook.lang)),
        Some(_) if sum < DRY && known.len() == hours.len() => {
            let hour = Text::AtHour.fill(outlook.lang, &[("n", &begins.hour())]);
            format!(
                " {hour}: {}",
                Text::Dry.fill(outlook.lang, &[("n", &hours.len())])
            )
        }
        Some(_) if sum < DRY => {
            let dry = dry_as_far_as_known(outlook, hours, known.len());
            let hour = Text::AtHour.fill(outlook.lang, &[("n", &begins.hour())]);
            format!(" {hour}: {dry}")
        }
        Some((at, peak)) => {
            let rest = summary(outlook, at, peak, sum, known.len() < hours.len());
            format!("\n{}\n{rest}", bars(outlook, hours))
        }
    };
    under_title(icon, outlook, &format!("{head}{body}"), limit)
}

/// What is told of dry hours when others are not known.
fn dry_as_far_as_known(
    outlook: &Outlook<'_>,
    hours: &[(i64, Option<Hour>)],
    known: usize,
) -> String {
    let is_known = |hour: &(i64, Option<Hour>)| hour.1.is_some_and(|hour| hour.rain.is_some());
    // Only what comes first can be said until an hour.
    match hours.get(known) {
        Some((end, _)) if hours[..known].iter().all(is_known) => {
            let hour = format!("{}h", local(outlook, *end).hour());
            Text::DryUntil.fill(outlook.lang, &[("hour", &hour)])
        }
        _ => Text::DryKnown.fill(outlook.lang, &[("n", &known)]),
    }
}

/// `14h▁▁▂▃18h▅▇▅▃▁▁0h▁▁`.
fn bars(outlook: &Outlook<'_>, hours: &[(i64, Option<Hour>)]) -> String {
    let mut text = String::new();
    for (index, (at, hour)) in hours.iter().enumerate() {
        let clock = local(outlook, *at).hour();
        if index == 0 || clock % NAMED == 0 {
            text.push_str(&format!("{clock}h"));
        }
        text.push(hour.and_then(|hour| hour.rain).map_or('?', height));
    }
    text
}

fn height(mm: f32) -> char {
    HEIGHTS
        .iter()
        .find(|(from, _)| mm >= *from)
        .map_or('?', |(_, bar)| *bar)
}

fn summary(outlook: &Outlook<'_>, at: i64, peak: f32, sum: f32, gaps: bool) -> String {
    let unit = outlook.units.rain;
    let show = |amount| format::figure(outlook.lang, &unit.show(amount));
    let hour = Text::AtHour.fill(outlook.lang, &[("n", &local(outlook, at).hour())]);
    // With hours missing it is at least so much.
    let total = format!("{}{}", if gaps { "≥" } else { "" }, show(sum));
    Text::RainSum.fill(
        outlook.lang,
        &[
            ("peak", &show(peak)),
            ("hour", &hour),
            ("total", &total),
            ("unit", &unit.symbol()),
        ],
    )
}
