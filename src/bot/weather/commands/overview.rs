//! `/weather`: now, today and the two days after, one line each.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::bot::weather::Outlook;
use crate::bot::weather::commands::words::{TITLE_MIN, age, local, under_title, weekday, zone};
use crate::lang::Text;
use crate::weather::{Current, Day, Report, Sky};

/// What is left out, in this order, when a line too many bytes is there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Detail {
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
    let rest = |detail| body(outlook, report, detail);
    let fits = |rest: &str| icon.len() + 1 + TITLE_MIN + rest.len() <= outlook.part_limit;
    let rest = [Detail::Full, Detail::Wind]
        .into_iter()
        .map(rest)
        .find(|rest| fits(rest))
        .unwrap_or_else(|| rest(Detail::Bare));
    under_title(icon, outlook, &rest, outlook.part_limit)
}

fn body(outlook: &Outlook<'_>, report: &Report, detail: Detail) -> String {
    let today = local(outlook, outlook.now).date();
    let mut text = age(outlook);
    if let Some(line) = report
        .current
        .and_then(|now| current(outlook, report, now, detail))
    {
        text = format!("{text}\n{line}");
    }
    for ahead in 0..outlook.days {
        let ahead = i64::try_from(ahead).unwrap_or(0);
        let Ok(date) = today.checked_add(ahead.days()) else {
            break;
        };
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

/// `Tue 🌧 8/14°C 3.2mm 💨22`.
fn day_line(
    outlook: &Outlook<'_>,
    today: Date,
    day: &Day,
    sky: Option<Sky>,
    detail: Detail,
) -> Option<String> {
    let units = outlook.units;
    let name = if day.date == today {
        Text::Today.plain(outlook.lang)
    } else {
        weekday(outlook, day.date)
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
        line = format!("{line} {}{}", units.rain.show(rain), units.rain.symbol());
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
