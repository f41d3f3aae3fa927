//! `/leaderboard`: who stands out, by what the nodes say of themselves and what
//! was heard; nobody is asked for it (features.md D15).

use std::time::Duration;

use super::propag::{far, short};
use super::{TOP, days, format, leave};
use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::past::view::{View, Wish};
use crate::bot::reply::Reply;
use crate::history::insight::{By, Group, HOURS_MAX, Kind, Links, Look};
use crate::lang::Text;
use crate::mesh::{Metrics, Node};

/// Who was not heard for so long does not compete.
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

pub const COMMAND: Command = Command {
    name: "leaderboard",
    names: Some(Text::NamesBoard),
    phrases: Some(Text::AskingBoard),
    topic: Topic::Nodes,
    usage: None,
    example: None,
    summary: Text::HelpLeaderboard,
    ..TOP
};

pub fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let look = Look {
        packets: Some(By::Sender(Some(Kind::Text))),
        links: Some(Links::Farthest),
        ..Look::default()
    };
    let wish = Wish::of_hours(HOURS_MAX, look, write);
    let wish = ask.args.is_empty().then_some(wish);
    leave(wish, &COMMAND, ask, context, reply)
}

fn write(view: &View<'_>) -> String {
    let mut parts = vec![(0, format!("🏅 {}", days(view, 7)))];
    let mut add = |rank, what: Option<String>| parts.extend(what.map(|what| (rank, what)));
    add(1, farthest(view));
    add(2, texts(view));
    let metres = |node: &Node| node.position?.altitude;
    let highest = first(view, metres);
    add(
        3,
        highest.map(|(who, metres)| format!("⛰ {who} {metres} m")),
    );
    let strongest = first(view, |node| {
        let snr = node.direct_snr(view.now)?;
        // In hundredths, so that it can be compared.
        #[allow(clippy::cast_possible_truncation)]
        let hundredths = (snr * 100.0).round() as i32;
        Some(hundredths)
    });
    add(
        4,
        strongest.map(|(who, snr)| {
            let snr = format::decimal(view.lang, f64::from(snr) / 100.0, 1);
            format!("📶 {who} {snr} dB")
        }),
    );
    let uptime = |node: &Node| metrics(view, node)?.uptime;
    let longest = first(view, uptime);
    add(
        5,
        longest.map(|(who, secs)| {
            let time = Duration::from_secs(u64::from(secs));
            format!("⏱ {who} {}", format::brief(view.lang, time))
        }),
    );
    let empty = |node: &Node| {
        let battery = metrics(view, node)?.battery;
        Some(100 - battery.filter(|level| *level <= 100)?)
    };
    let emptiest = first(view, empty);
    add(
        6,
        emptiest.map(|(who, used)| format!("🪫 {who} {}%", 100 - used)),
    );
    if parts.len() == 1 {
        parts.push((1, Text::NothingHeard.plain(view.lang).to_owned()));
    }
    format::fit(parts, view.part_limit)
}

/// What it said of itself within a week: it may have been heard since, and have
/// said nothing of this.
fn metrics<'a>(view: &View<'_>, node: &'a Node) -> Option<&'a Metrics> {
    let at = node.metrics_at()?;
    (view.ago(at) <= WEEK).then_some(&node.metrics)
}

/// Whether it is heard by radio, too: the whole world comes through MQTT.
fn is_of_this_mesh(node: &Node) -> bool {
    !node.via_mqtt || !node.hop_history().is_empty() || node.last_direct().is_some()
}

/// Who of those heard within a week has most of something; of equals the one
/// with the smallest number.
fn first<T: Ord>(view: &View<'_>, what: impl Fn(&Node) -> Option<T>) -> Option<(String, T)> {
    let nodes = view.book.iter();
    let others = nodes.filter(|node| view.book.own() != Some(node.num));
    let here = others.filter(|node| is_of_this_mesh(node));
    let recent = here.filter(|node| node.age(view.now).is_some_and(|age| age <= WEEK));
    let most = recent.filter_map(|node| Some((what(node)?, std::cmp::Reverse(node.num))));
    let (what, node) = most.max()?;
    Some((short(view, node.0), what))
}

/// `📡 Alice→Bob 41 km`.
fn farthest(view: &View<'_>) -> Option<String> {
    let pair = view.answer.links.pairs.first()?;
    let (from, to) = match pair.there {
        Some(_) => (pair.a, pair.b),
        None => (pair.b, pair.a),
    };
    let far = far(view, from, to, pair.metres?);
    let (from, to) = (short(view, from), short(view, to));
    Some(format!("📡 {from}→{to} {far}"))
}

/// `💬 Alice 123 texts`.
fn texts(view: &View<'_>) -> Option<String> {
    let (group, count) = view.answer.packets.most.first()?;
    let Group::Sender(num) = group else {
        return None;
    };
    let count = Text::OfTexts.count(view.lang, count);
    Some(format!("💬 {} {count}", short(view, *num)))
}
