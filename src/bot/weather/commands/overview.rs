//! `/weather`: now, today and the two days after, or the days that are asked for, one
//! line each.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::bot::say::format;
use crate::bot::weather::Outlook;
use crate::bot::weather::commands::words::{
    TITLE_MIN, age, beyond, dates, day_of, hours, local, part_of, under_title, weekday, zone,
};
use crate::lang::Text;
use crate::weather::{Current, Day, Hour, Report, Sky};

/// What is left out, in this order, when a line too many bytes is there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
    /// Not even what it is like now.
    Days,
    Bare,
    Wind,
    Full,
}

/// The answer, one packet.
pub fn write(outlook: &Outlook<'_>) -> String {
    let Some(report) = outlook.report else {
        return String::new();
    };
    let icon = "📍";
    if !is_known(outlook, report) {
        return under_title(icon, outlook, &beyond(outlook, report), outlook.part_limit);
    }
    let rest = |detail| body(outlook, report, detail);
    let fits = |rest: &str| icon.len() + 1 + TITLE_MIN + rest.len() <= outlook.part_limit;
    let rest = [Detail::Full, Detail::Wind, Detail::Bare]
        .into_iter()
        .map(rest)
        .find(|rest| fits(rest))
        .unwrap_or_else(|| rest(Detail::Days));
    under_title(icon, outlook, &rest, outlook.part_limit)
}

fn body(outlook: &Outlook<'_>, report: &Report, detail: Detail) -> String {
    let today = local(outlook, outlook.now).date();
    let mut text = age(outlook);
    if outlook.when.is_from_now()
        && detail > Detail::Days
        && let Some(line) = report
            .current
            .and_then(|now| current(outlook, report, now, detail))
    {
        text = format!("{text}\n{line}");
    }
    for date in asked(outlook) {
        if let Some(line) = part_line(outlook, report, date) {
            text = format!("{text}\n{line}");
        }
        if let Some(line) = report.day(date).and_then(|day| {
            let sky = report.worst_sky(date, &outlook.zone);
            day_line(outlook, today, day, sky, detail)
        }) {
            text = format!("{text}\n{line}");
        }
    }
    text
}

/// `Now ⛅ 12°C 💨15km/h 💧81%`; with the hour instead of `Now` when that was
/// some time ago.
fn current(outlook: &Outlook<'_>, report: &Report, now: Current, detail: Detail) -> Option<String> {
    let celsius = now.celsius?;
    let units = outlook.units;
    let when = match (outlook.stale, report.time) {
        (Some(_), Some(time)) => {
            let clock = local(outlook, time).strftime("%H:%M").to_string();
            match zone(outlook, time) {
                Some(zone) => format!("{clock} {zone}"),
                None => clock,
            }
        }
        _ => Text::WeatherNow.plain(outlook.lang).to_owned(),
    };
    let temperature = units.temperature;
    let mut line = format!(
        "{when}{} {}{}",
        icon(now.sky),
        temperature.show(celsius),
        temperature.symbol()
    );
    if let Some(wind) = now.wind {
        line = format!("{line} 💨{}{}", units.wind.show(wind), units.wind.symbol());
    }
    if let Some(humidity) = now.humidity.filter(|_| detail == Detail::Full) {
        line = format!("{line} 💧{humidity:.0}%");
    }
    Some(line)
}

/// The dates that are asked for.
fn asked(outlook: &Outlook<'_>) -> impl Iterator<Item = Date> {
    let (first, count) = dates(outlook);
    (0_i64..)
        .take(count)
        .map(move |ahead| first.saturating_add(ahead.days()))
}

/// Whether anything can be told; now counts, too.
fn is_known(outlook: &Outlook<'_>, report: &Report) -> bool {
    outlook.when.is_from_now() || asked(outlook).any(|date| report.day(date).is_some())
}

/// `Tue 24 evening 🌧 3.2mm`, when a part of that day was asked for and its hours are
/// known.
fn part_line(outlook: &Outlook<'_>, report: &Report, date: Date) -> Option<String> {
    outlook.when.part?;
    let (from, to) = hours(outlook, date)?;
    let known: Vec<Hour> = report
        .hours_from(from, 24)
        .take_while(|(at, _)| *at < to)
        .filter_map(|(_, hour)| hour)
        .collect();
    let sky = known.iter().filter_map(|hour| hour.sky);
    let sky = sky.max_by_key(|sky| sky.severity());
    let falls: Vec<f32> = known.iter().filter_map(|hour| hour.rain).collect();
    if sky.is_none() && falls.is_empty() {
        return None;
    }
    let unit = outlook.units.rain;
    let rain = match falls.is_empty() {
        true => String::new(),
        false => format!(
            " {}{}",
            format::figure(outlook.lang, &unit.show(falls.iter().sum())),
            unit.symbol()
        ),
    };
    let (day, part) = (day_of(outlook, date), part_of(outlook));
    Some(format!("{day}{part}{}{rain}", icon(sky)))
}

/// `Tue 🌧 8/14°C 3.2mm 💨22`.
fn day_line(
    outlook: &Outlook<'_>,
    today: Date,
    day: &Day,
    sky: Option<Sky>,
    detail: Detail,
) -> Option<String> {
    let units = outlook.units;
    let name = match outlook.when.is_from_now() {
        _ if day.date == today => Text::Today.plain(outlook.lang).to_owned(),
        true => weekday(outlook, day.date).to_owned(),
        false => day_of(outlook, day.date),
    };
    let degrees = |celsius: Option<f32>| {
        celsius.map_or_else(|| "?".to_owned(), |celsius| units.temperature.show(celsius))
    };
    if day.min.is_none() && day.max.is_none() && day.rain.is_none() {
        return None;
    }
    let mut line = format!(
        "{name}{} {}/{}{}",
        icon(sky),
        degrees(day.min),
        degrees(day.max),
        units.temperature.symbol()
    );
    if let Some(rain) = day.rain.filter(|rain| *rain > 0.0) {
        line = format!(
            "{line} {}{}",
            format::figure(outlook.lang, &units.rain.show(rain)),
            units.rain.symbol()
        );
    }
    if let Some(wind) = day.wind.filter(|_| detail >= Detail::Wind) {
        line = format!("{line} 💨{}", units.wind.show(wind));
    }
    Some(line)
}

/// With a space in front; nothing for an unknown sky.
fn icon(sky: Option<Sky>) -> String {
    sky.map_or_else(String::new, |sky| format!(" {}", sky.icon()))
}
