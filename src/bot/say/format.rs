//! How answers write times, distances, signals and ways, and how they shrink
//! until they fit into one packet.

use std::time::Duration;

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context};
use crate::bot::reply::Reply;
use crate::lang::{Lang, Text};
use crate::mesh::{Apart, Compass, Hops, Position, Quality, name};

/// Between the parts of an answer.
pub const BETWEEN: &str = " · ";

/// Decimal places of coordinates that everybody reads: about 1 km
/// (features.md L7).
const PUBLIC_DECIMALS: u8 = 2;

/// The same in a direct message: about 10 m.
const DIRECT_DECIMALS: u8 = 4;

/// What of a wrong word is repeated, bytes.
const WORD: usize = 24;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// In its largest unit, rounded down: `40 s`, `5 min`, `2 h`, `3 d`.
pub fn brief(lang: Lang, time: Duration) -> String {
    match time.as_secs() {
        secs if secs < MINUTE => Text::Seconds.fill(lang, &[("n", &secs)]),
        secs if secs < HOUR => Text::Minutes.fill(lang, &[("n", &(secs / MINUTE))]),
        secs if secs < DAY => Text::Hours.fill(lang, &[("n", &(secs / HOUR))]),
        secs => Text::Days.fill(lang, &[("n", &(secs / DAY))]),
    }
}

/// In its two largest units: `3 d 4 h`, `1 h 30 min`.
pub fn long(lang: Lang, time: Duration) -> String {
    let secs = time.as_secs();
    let rest = match secs {
        _ if secs < HOUR => 0,
        _ if secs < DAY => secs % HOUR / MINUTE * MINUTE,
        _ => secs % DAY / HOUR * HOUR,
    };
    let whole = brief(lang, time);
    if rest == 0 {
        whole
    } else {
        format!("{whole} {}", brief(lang, Duration::from_secs(rest)))
    }
}

/// `5 min ago`.
pub fn ago(lang: Lang, time: Duration) -> String {
    Text::Ago.fill(lang, &[("time", &brief(lang, time))])
}

/// `850 m`, `3.2 km`, `342 km`; `~12 km` when that is rough, `<11 km` when the
/// two may as well be at the same place.
pub fn distance(lang: Lang, apart: Apart) -> String {
    if !apart.is_rough() {
        far(lang, apart.metres)
    } else if apart.may_be_nothing() {
        format!("<{}", rough(lang, apart.most(), apart.unsure, f64::ceil))
    } else {
        format!("~{}", rough(lang, apart.metres, apart.unsure, f64::round))
    }
}

/// `>34 km`: so many metres for certain, and not sure by so many how many more.
pub fn at_least(lang: Lang, metres: f64, unsure: f64) -> String {
    // Not so rounded down that it loses a figure.
    let unsure = unsure.min(metres / 10.0);
    format!(">{}", rough(lang, metres, unsure, f64::floor))
}

/// Without digits that mean nothing when it is so many metres off: decimal places
/// are for what is nearer than 10 km and sure to half a kilometre.
fn rough(lang: Lang, metres: f64, unsure: f64, round: fn(f64) -> f64) -> String {
    let shown = match metres {
        _ if metres < 995.0 => 1.0,
        _ if metres < 9_950.0 && unsure < 500.0 => 100.0,
        _ => 1_000.0,
    };
    let step = 10_f64.powf(unsure.max(1.0).log10().floor()).max(shown);
    let rounded = round(metres / step) * step;
    if step < 1_000.0 {
        far(lang, rounded)
    } else {
        format!("{:.0} km", rounded / 1_000.0)
    }
}

fn far(lang: Lang, metres: f64) -> String {
    if metres < 995.0 {
        format!("{metres:.0} m")
    } else if metres < 99_500.0 {
        format!("{} km", decimal(lang, metres / 1_000.0, 1))
    } else {
        format!("{:.0} km", metres / 1_000.0)
    }
}

/// How to get from one place to another: `3.2 km NE`. Without a direction
/// when it is the same place, or nobody can tell.
pub fn way_to(lang: Lang, from: &Position, to: &Position) -> String {
    let apart = Apart::between(from, to);
    let far = distance(lang, apart);
    if !apart.has_direction() {
        return far;
    }
    let point = Compass::from_bearing(from.bearing_deg(to));
    let points = Compass::ALL.into_iter().zip(Text::Compass.list(lang));
    points
        .filter(|(known, _)| *known == point)
        .map(|(_, letters)| format!("{far} {letters}"))
        .next()
        .unwrap_or(far)
}

/// `48.86,2.35` to so many decimal places, no spaces: as `/nodes near` reads it, in
/// every language.
pub fn coordinates(position: &Position, decimals: usize) -> String {
    let latitude = rounded(position.latitude(), decimals);
    format!("{latitude},{}", rounded(position.longitude(), decimals))
}

/// `48.8566,2.3522`: no finer than it is known, nor than may be told there.
pub fn position(place: Place, position: &Position) -> String {
    let most = match place {
        Place::Channel(_) => PUBLIC_DECIMALS,
        Place::Direct => DIRECT_DECIMALS,
    };
    let rounded = position.rounded(u32::from(most));
    coordinates(&rounded, usize::from(position.decimals(most)))
}

/// `SNR -3.5 dB · RSSI -97 dBm`.
pub fn signal(lang: Lang, snr: f32, rssi: Option<i32>) -> String {
    let mut text = format!("SNR {} dB", decimal(lang, f64::from(snr), 1));
    if let Some(rssi) = rssi {
        text.push_str(&format!("{BETWEEN}RSSI {rssi} dBm"));
    }
    text
}

/// What a signal is worth, in a word.
pub fn quality(lang: Lang, quality: Quality) -> &'static str {
    match quality {
        Quality::Excellent => Text::Excellent,
        Quality::Good => Text::Good,
        Quality::Fair => Text::Fair,
        Quality::Weak => Text::Weak,
    }
    .plain(lang)
}

/// How a packet came: `direct`, `2 hops`, `via MQTT · 2 hops`.
pub fn way(lang: Lang, hops: Hops, via_mqtt: bool) -> String {
    let distance = match hops {
        Hops::Known(0) if via_mqtt => return Text::ViaMqtt.plain(lang).to_owned(),
        Hops::Known(0) => Text::Direct.plain(lang).to_owned(),
        Hops::Known(hops) => Text::Hops.count(lang, hops),
        Hops::Unknown => Text::HopsUnknown.plain(lang).to_owned(),
    };
    if via_mqtt {
        format!("{}{BETWEEN}{distance}", Text::ViaMqtt.plain(lang))
    } else {
        distance
    }
}

/// The last values of something, given newest first, as a timeline: `2>1>0`.
pub fn timeline(newest_first: &[u8]) -> String {
    let values: Vec<String> = newest_first.iter().rev().map(u8::to_string).collect();
    values.join(">")
}

/// A number as the language writes it: `3.2`, `3,2`.
pub fn decimal(lang: Lang, value: f64, decimals: usize) -> String {
    figure(lang, &rounded(value, decimals))
}

/// A number that is written already, with the language's own sign for the decimals.
pub fn figure(lang: Lang, number: &str) -> String {
    number.replace('.', Text::Decimal.plain(lang))
}

/// A number without the minus of a rounded-off zero.
fn rounded(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|b| matches!(b, b'0' | b'.')) => zero.to_owned(),
        _ => text,
    }
}

/// The line for somebody who called a command in another way.
fn usage(command: &Command, context: &Context<'_>) -> String {
    let call = format!("{}{}", context.prefix, command.call(context.lang));
    Text::Usage.fill(context.lang, &[("usage", &call)])
}

/// A question that makes no sense: in a direct message the asker is told what of it
/// does not fit, how to ask, and something that works; on a channel nothing is said.
pub fn explain(ask: &Ask, command: &Command, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    explain_word(&ask.args, ask, command, context, reply);
}

/// The same about one word of it.
pub fn explain_word(
    word: &str,
    ask: &Ask,
    command: &Command,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) {
    if ask.place != Place::Direct {
        return;
    }
    let (lang, prefix) = (context.lang, context.prefix);
    let call = format!("{prefix}{}", command.call(lang));
    let word = name::clean(word.as_bytes(), WORD);
    let answer = match command.example.map(|example| example.plain(lang)) {
        Some(example) => {
            let example = format!("{prefix}{} {example}", command.shown(lang));
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("word", &word), ("usage", &call), ("example", &example)];
            let text = match word.is_empty() {
                true => Text::UsageExample,
                false => Text::UsageWrong,
            };
            text.fill(lang, &values)
        }
        None => usage(command, context),
    };
    let answer = match answer.len() > context.part_limit {
        true => usage(command, context),
        false => answer,
    };
    reply.say(context.desk, &answer);
}

/// Joins parts with [`BETWEEN`] and leaves out the least important, those with
/// the highest rank, until the text has at most `limit` bytes. What is too long
/// all alone is cut.
pub fn fit(mut parts: Vec<(u8, String)>, limit: usize) -> String {
    loop {
        let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
        let joined = texts.join(BETWEEN);
        let least = parts.iter().map(|(rank, _)| *rank).max();
        if joined.len() <= limit || parts.len() < 2 {
            return name::cut(&joined, limit).to_owned();
        }
        if let Some(at) = parts.iter().rposition(|(rank, _)| Some(*rank) == least) {
            parts.remove(at);
        }
    }
}

/// What `write` makes of names of so many bytes at most: of whole ones if that
/// `fits`, else of the longest that do, at last of those of `least` bytes.
pub fn with_names<T>(least: usize, write: impl Fn(usize) -> T, fits: impl Fn(&T) -> bool) -> T {
    // With quotes around it.
    const WHOLE: usize = name::LONG_NAME_MAX + 2;
    let longer = [WHOLE, 32, 26, 20].into_iter().filter(|&max| max > least);
    let mut made = longer.map(&write);
    made.find(fits).unwrap_or_else(|| write(least))
}

/// As [`fit`], with names that are cut only where nothing has to be left out for
/// them.
pub fn fit_names(least: usize, limit: usize, write: impl Fn(usize) -> Vec<(u8, String)>) -> String {
    let fits = |parts: &Vec<(u8, String)>| {
        let bytes: usize = parts.iter().map(|(_, text)| text.len()).sum();
        bytes + BETWEEN.len() * parts.len().saturating_sub(1) <= limit
    };
    fit(with_names(least, write, fits), limit)
}

/// The place that an answer in `place` works with, in coordinates and in distances:
/// on a channel about a kilometre of it, so that nobody learns where somebody lives
/// (features.md D14, L7), in private as it was told.
pub fn told(place: Place, position: &Position) -> Position {
    match place {
        Place::Channel(_) => position.rounded(u32::from(PUBLIC_DECIMALS)),
        Place::Direct => *position,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let both = |secs| {
            let time = Duration::from_secs(secs);
            (brief(Lang::En, time), long(Lang::Fr, time))
        };
        let expected = [
            (0, "0 s", "0 s"),
            (59, "59 s", "59 s"),
            (119, "1 min", "1 min"),
            (5_400, "1 h", "1 h 30 min"),
            (7_230, "2 h", "2 h"),
            (100_000, "1 d", "1 j 3 h"),
            (8_640_000, "100 d", "100 j"),
        ];
        for (secs, short, french) in expected {
            assert_eq!(both(secs), (short.to_owned(), french.to_owned()));
        }
    }

    #[test]
    fn distances_have_two_figures_or_more() {
        let exact = |metres| {
            let unsure = 0.0;
            distance(Lang::En, Apart { metres, unsure })
        };
        let distances = [0.2, 850.4, 994.9, 996.0, 3_249.0, 99_600.0, 20_015_000.0].map(exact);
        let expected = [
            "0 m", "850 m", "995 m", "1.0 km", "3.2 km", "100 km", "20015 km",
        ];
        assert_eq!(distances, expected);
    }

    #[test]
    fn distances_say_how_sure_they_are() {
        for (metres, unsure, expected) in [
            // Two of 13 bits in middle latitudes.
            (0.0, 7_014.0, "<8 km"),
            (4_985.0, 7_014.0, "<12 km"),
            (7_013.0, 7_014.0, "<15 km"),
            (7_015.0, 7_014.0, "~7 km"),
            (12_600.0, 7_014.0, "~13 km"),
            (349_000.0, 7_014.0, "~349 km"),
            (351_000.0, 7_014.0, "351 km"),
            // One of 16 bits, and one that is exact.
            (300.0, 438.0, "<800 m"),
            (700.0, 438.0, "~700 m"),
            (996.0, 438.0, "~1.0 km"),
            (5_430.0, 438.0, "~5.4 km"),
            (21_800.0, 438.0, "~22 km"),
            (22_000.0, 438.0, "22.0 km"),
            // Rounded to two decimal places, to be read by everybody.
            (4_000.0, 877.0, "~4 km"),
            (600.0, 877.0, "<2 km"),
            // A street, a continent.
            (120.0, 6.8, "~120 m"),
            (3.0, 6.8, "<10 m"),
            (0.3, 0.4, "<1 m"),
            (700_000.0, 450_000.0, "~700 km"),
            (300_000.0, 450_000.0, "<800 km"),
        ] {
            let apart = Apart { metres, unsure };
            assert_eq!(distance(Lang::En, apart), expected, "{apart:?}");
        }
        assert_eq!(at_least(Lang::En, 40_999.0, 881.0), ">40 km");
        assert_eq!(at_least(Lang::En, 34_990.0, 7_014.0), ">34 km");
        assert_eq!(at_least(Lang::En, 1_999.0, 7_014.0), ">1.9 km");
        assert_eq!(at_least(Lang::En, 700.0, 7_014.0), ">700 m");
        assert_eq!(at_least(Lang::En, 1.0, 7_014.0), ">1 m");
    }

    #[test]
    fn directions_speak_the_language() {
        let at = |latitude, longitude| Position::from_e7(latitude, longitude).unwrap();
        let (here, there) = (at(480_000_000, 20_000_000), at(479_800_000, 19_700_000));
        assert_eq!(way_to(Lang::En, &here, &there), "3.2 km SW");
        assert_eq!(way_to(Lang::Fr, &here, &there), "3,2 km SO");
        assert_eq!(way_to(Lang::Fr, &here, &here), "0 m");
        let coarse = |bits| Position {
            precision_bits: bits,
            ..there
        };
        assert_eq!(way_to(Lang::Fr, &here, &coarse(14)), "~3 km");
        assert_eq!(way_to(Lang::Fr, &here, &coarse(15)), "~3 km SO");
        assert_eq!(way_to(Lang::Fr, &here, &coarse(13)), "<7 km");
        assert_eq!(coordinates(&at(-10, 19_752_222), 2), "0.00,1.98");
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(signal(Lang::En, -0.04, None), "SNR 0.0 dB");
        for lang in [Lang::Fr, Lang::De] {
            let said = signal(lang, -0.06, Some(-97));
            assert_eq!(said, "SNR -0,1 dB · RSSI -97 dBm");
            assert_eq!(figure(lang, "0.19"), "0,19");
        }
    }

    #[test]
    fn the_least_important_goes_first() {
        let parts = || vec![(0, "name".into()), (3, "spare".into()), (1, "way".into())];
        assert_eq!(fit(parts(), 99), "name · spare · way");
        assert_eq!(fit(parts(), 15), "name · way");
        assert_eq!(fit(parts(), 10), "name");
        assert_eq!(fit(parts(), 3), "nam");
        assert_eq!(fit(vec![], 3), "");
    }

    /// T8.
    #[test]
    fn names_are_as_long_as_there_is_room() {
        let name = "The Very Long Name of a Hill Relay";
        let write = |max| {
            vec![
                (0, name::shortened(name, max).into_owned()),
                (1, "x".into()),
            ]
        };
        assert_eq!(fit_names(10, 99, write), format!("{name} · x"));
        assert_eq!(fit_names(10, 32, write), "The Very Long Name of a… · x");
        assert_eq!(fit_names(10, 20, write), "The Ver… · x");
        assert_eq!(fit_names(10, 12, write), "The Ver…");
    }
}
