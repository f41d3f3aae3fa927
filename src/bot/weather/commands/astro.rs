//! `/astro`: what sun and moon do today or on another day, worked out here.

use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::almanac::{self, Observer, Passage, Phase};
use crate::bot::say::format;
use crate::bot::weather::Outlook;
use crate::bot::weather::commands::words::{dates, day_of, local, under_title, zone};
use crate::lang::Text;

/// The answer, one packet.
pub fn write(outlook: &Outlook<'_>) -> String {
    let cell = outlook.spot.cell;
    let (today, _) = dates(outlook);
    let day = Observer::new(cell.latitude(), cell.longitude()).zip(window(outlook, today));
    let Some((here, (from, to))) = day else {
        return Text::Apology.plain(outlook.lang).to_owned();
    };
    let sun = almanac::sun(here, from, to);
    let up = time_up(sun, from, to);
    let mut sun = passage(outlook, sun);
    if up > Duration::ZERO && up < Duration::from_secs((to - from).unsigned_abs()) {
        sun = format!("{sun} · {}", format::long(outlook.lang, up));
    }
    let moon = passage(outlook, almanac::moon(here, from, to));
    // At this hour of that day.
    let ahead = today.duration_since(local(outlook, outlook.now).date());
    let look = almanac::moon_phase(outlook.now.saturating_add(ahead.as_secs()));
    let at = Phase::ALL.iter().position(|phase| *phase == look.phase);
    let name = Text::Phases
        .list(outlook.lang)
        .get(at.unwrap_or(0))
        .map_or("", |name| name);
    let rest = format!(
        " · {}{}\n☀️ {sun}\n🌙 {moon} · {} {name} {:.0}%",
        day_of(outlook, today),
        zone(outlook, from).map_or_else(String::new, |zone| format!(" ({zone})")),
        picture(look.phase, cell.latitude() < 0.0),
        look.illuminated * 100.0
    );
    under_title("🔭", outlook, &rest, outlook.part_limit)
}

/// The civil day at the place in seconds since 1970; it may have 23 or 25
/// hours.
fn window(outlook: &Outlook<'_>, date: Date) -> Option<(i64, i64)> {
    let midnight = |date: Date| {
        let start = date
            .to_zoned(outlook.zone.clone())
            .ok()?
            .start_of_day()
            .ok()?;
        Some(start.timestamp().as_second())
    };
    Some((midnight(date)?, midnight(date.checked_add(1.day()).ok()?)?))
}

/// `↑08:12 ↓17:01` in the order of the day, or that it never moves over the
/// horizon.
fn passage(outlook: &Outlook<'_>, passage: Passage) -> String {
    let clock = |unix| local(outlook, unix).strftime("%H:%M").to_string();
    let rise = passage.rise.map(|at| (at, format!("↑{}", clock(at))));
    let set = passage.set.map(|at| (at, format!("↓{}", clock(at))));
    let mut events: Vec<_> = rise.into_iter().chain(set).collect();
    events.sort();
    if events.is_empty() {
        let text = if passage.up_at_start {
            Text::SunUp
        } else {
            Text::SunDown
        };
        return text.plain(outlook.lang).to_owned();
    }
    let events: Vec<String> = events.into_iter().map(|(_, text)| text).collect();
    events.join(" ")
}

/// How long it is up within the window.
fn time_up(passage: Passage, from: i64, to: i64) -> Duration {
    let seconds = match (passage.rise, passage.set, passage.up_at_start) {
        (None, None, true) => to - from,
        (None, None, false) => 0,
        (Some(rise), None, _) => to - rise,
        (None, Some(set), _) => set - from,
        (Some(rise), Some(set), _) if rise < set => set - rise,
        (Some(rise), Some(set), _) => (set - from) + (to - rise),
    };
    Duration::from_secs(seconds.unsigned_abs())
}

/// As it looks in the sky there: south of the equator the moon stands on its
/// head.
fn picture(phase: Phase, south: bool) -> &'static str {
    match (phase, south) {
        (Phase::New, _) => "🌑",
        (Phase::Full, _) => "🌕",
        (Phase::WaxingCrescent, false) | (Phase::WaningCrescent, true) => "🌒",
        (Phase::FirstQuarter, false) | (Phase::LastQuarter, true) => "🌓",
        (Phase::WaxingGibbous, false) | (Phase::WaningGibbous, true) => "🌔",
        (Phase::WaningGibbous, false) | (Phase::WaxingGibbous, true) => "🌖",
        (Phase::LastQuarter, false) | (Phase::FirstQuarter, true) => "🌗",
        (Phase::WaningCrescent, false) | (Phase::WaxingCrescent, true) => "🌘",
    }
}
