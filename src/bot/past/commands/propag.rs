//! `/propag`: how far packets go without a relay, and the record of the month.
//!
//! Only what somebody has measured: receptions of our own node from a sender
//! without a relay between, neighbour lists, SNRs of traceroutes
//! (features.md D11).

use super::{HOURS, TOP, days, format, hours, leave, window};
use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::past::view::{View, Wish};
use crate::bot::reply::Reply;
use crate::history::insight::{HOUR, HOURS_MAX, Links, Look, Pair, Record};
use crate::lang::{Lang, Text};
use crate::mesh::{Apart, NodeNum, name};

/// The longest name, bytes.
const NAME: usize = 14;
/// Links when no number is given, and the most that can be asked for.
const LINKS: usize = 5;
const LINKS_MAX: usize = 10;
/// Days of the record.
const MONTH: u32 = 30;

pub const COMMAND: Command = Command {
    name: "propag",
    names: Some(Text::NamesPropag),
    phrases: Some(Text::AskingPropag),
    topic: Topic::Nodes,
    usage: Some(Text::UsagePropag),
    example: Some(Text::ExamplePropag),
    summary: Text::HelpPropag,
    ..TOP
};

pub fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    leave(wish(&ask.args), &COMMAND, ask, context, reply)
}

fn wish(args: &str) -> Option<Wish> {
    let args = args.trim();
    let (first, second) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let most = match second.trim() {
        "" => LINKS,
        links => links.parse().ok()?,
    };
    let look = Look {
        links: Some(Links::Farthest),
        ..Look::default()
    };
    (1..=LINKS_MAX).contains(&most).then_some(Wish {
        most,
        ..Wish::of_hours(hours(first, HOURS, HOURS_MAX)?, look, write)
    })
}

fn write(view: &View<'_>) -> String {
    let net = &view.answer.links;
    let mut parts = vec![(0, format!("📡 {}", window(view, view.wish.search.hours)))];
    if net.pairs.is_empty() {
        parts.push((1, Text::NoLinks.plain(view.lang).to_owned()));
    }
    let pairs = net.pairs.iter().take(view.wish.most);
    parts.extend((3..).zip(pairs.map(|it| pair(view, it))));
    if let Some(best) = net.record {
        parts.push((2, record(view, best)));
    }
    format::fit(parts, view.part_limit)
}

/// `Alice→Bob 4.2 km -3.5 dB`; both ways: `Alice↔Bob 4.2 km -3.5/2.0 dB`.
fn pair(view: &View<'_>, pair: &Pair) -> String {
    let (a, b) = (short(view, pair.a), short(view, pair.b));
    let who = match (pair.there, pair.back) {
        (Some(_), Some(_)) => format!("{a}↔{b}"),
        (_, None) => format!("{a}→{b}"),
        (None, _) => format!("{b}→{a}"),
    };
    let ways = [pair.there, pair.back].into_iter().flatten();
    let snrs: Vec<String> = ways.map(|way| snr(view.lang, way.snr_q)).collect();
    let far = pair.metres.map(|metres| far(view, pair.a, pair.b, metres));
    let far = far.unwrap_or_default();
    format!("{who} {far} {} dB", snrs.join("/"))
}

/// `🏆 30 d: Alice→Bob 41 km (3 d ago)`.
fn record(view: &View<'_>, record: Record) -> String {
    let (from, to) = (short(view, record.from), short(view, record.to));
    let far = far(view, record.from, record.to, record.metres);
    let age = view.ago(record.at);
    let month = match age.as_secs().div_ceil(HOUR) {
        // Links may be remembered for longer than packets.
        hours if hours > view.known(24 * MONTH).into() => {
            Text::Days.fill(view.lang, &[("n", &MONTH)])
        }
        _ => days(view, MONTH),
    };
    let ago = format::ago(view.lang, age);
    format!("🏆 {month}: {from}→{to} {far} ({ago})")
}

/// The name under which a node goes in a line of several: its short one, which
/// is what they are for.
pub fn short(view: &View<'_>, num: NodeNum) -> String {
    if view.book.own() == Some(num) {
        return Text::Me.plain(view.lang).to_owned();
    }
    let short = view
        .book
        .get(num)
        .and_then(|node| node.short_name.as_deref());
    let named = short.map(|short| name::cut(short, NAME).trim_end());
    match named.filter(|short| !short.is_empty()) {
        Some(short) => short.to_owned(),
        None => view.book.display_name(num, NAME),
    }
}

/// SNR in dB from quarters of a dB; `?` when nobody has said it.
pub fn snr(lang: Lang, quarters: Option<i16>) -> String {
    quarters.map_or_else(
        || "?".to_owned(),
        |quarters| format::decimal(lang, f64::from(quarters) / 4.0, 1),
    )
}

/// How far apart two nodes were for certain, which the history keeps: `41.0 km`,
/// or `>34 km` when they round their positions. It does not keep that they do,
/// but a node seldom changes it.
pub fn far(view: &View<'_>, a: NodeNum, b: NodeNum, metres: u32) -> String {
    let place = |num| view.book.get(num).and_then(|node| node.position);
    let unsure = [a, b].into_iter().filter_map(place);
    let unsure = unsure.map(|place| place.unsure_m()).sum();
    let metres = f64::from(metres);
    if (Apart { metres, unsure }).is_rough() {
        format::at_least(view.lang, metres, unsure)
    } else {
        format::distance(
            view.lang,
            Apart {
                metres,
                unsure: 0.0,
            },
        )
    }
}
