//! What the mesh did. `/stats`, `/top`, `/packets`, `/histo`, `/hop` and
//! `/channel`: what was heard in the last hours, in all, by sender, by kind, by the
//! hour, by distance, and how busy the channel is. What they answer is written by
//! [`lists`], [`histo`] and [`channel`] as soon as the history has been looked up.
//! The others have a file each.

mod board;
mod channel;
mod db;
mod errors;
mod histo;
mod lists;
mod neighbors;
mod propag;
#[cfg(test)]
mod tests;
mod trafic;

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::past::view::{View, Wish};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::config::Mode;
use crate::history::insight::{By, HOUR, HOURS_MAX, Kind, Look};
use crate::lang::Text;
use crate::mesh::name::fold;

/// Hours when none are given.
const HOURS: u32 = 24;
/// The most hours of which bars are drawn.
const HISTO_MAX: u32 = 48;

pub const TOP: Command = Command {
    name: "top",
    names: Some(Text::NamesTop),
    phrases: Some(Text::AskingTop),
    topic: Topic::Past,
    usage: Some(Text::UsageWeek),
    example: Some(Text::ExampleWeek),
    summary: Text::HelpTop,
    mode: Mode::Private,
    same_for_all: true,
    ..Command::BASE
};

pub const PACKETS: Command = Command {
    name: "packets",
    names: Some(Text::NamesPackets),
    phrases: None,
    topic: Topic::Past,
    example: Some(Text::ExampleWeek),
    summary: Text::HelpPackets,
    ..TOP
};

pub const HISTO: Command = Command {
    name: "histo",
    names: Some(Text::NamesHisto),
    phrases: None,
    topic: Topic::Past,
    usage: Some(Text::UsageHisto),
    example: Some(Text::ExampleHisto),
    summary: Text::HelpHisto,
    ..TOP
};

pub const HOP: Command = Command {
    name: "hop",
    names: Some(Text::NamesHop),
    phrases: None,
    topic: Topic::Signal,
    example: Some(Text::ExampleWeek),
    summary: Text::HelpHop,
    ..TOP
};

pub const CHANNEL: Command = Command {
    name: "channel",
    names: Some(Text::NamesChannel),
    phrases: Some(Text::AskingChannel),
    topic: Topic::Signal,
    usage: None,
    example: None,
    summary: Text::HelpChannel,
    ..TOP
};

/// The others can be reached through it, by the words of earlier days.
pub const STATS: Command = Command {
    name: "stats",
    names: Some(Text::NamesStats),
    phrases: Some(Text::AskingStats),
    topic: Topic::Past,
    usage: Some(Text::UsageStats),
    example: Some(Text::ExampleStats),
    summary: Text::HelpStats,
    ..TOP
};

/// What a command makes of a question, if it makes sense.
type Asked = fn(&Ask, &mut Context<'_>, &mut Reply<'_>) -> Option<Wish>;

/// All of them, in the order of the help, and who understands their arguments.
const LIST: [(Command, Asked); 12] = [
    (STATS, run_stats),
    (TOP, run_top),
    (PACKETS, run_packets),
    (HISTO, run_histo),
    (HOP, run_hop),
    (CHANNEL, run_channel),
    (propag::COMMAND, propag::run),
    (neighbors::COMMAND, neighbors::run),
    (board::COMMAND, board::run),
    (trafic::COMMAND, trafic::run),
    (errors::COMMAND, errors::run),
    (db::COMMAND, db::run),
];

/// All of them, in the order of the help.
pub const ALL: &[Command] = &{
    let mut all = [LIST[0].0; LIST.len()];
    let mut at = 0;
    while at < LIST.len() {
        all[at] = LIST[at].0;
        at += 1;
    }
    all
};

/// What `command` makes of the question; what makes no sense is answered.
pub fn asked(
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<Wish> {
    let mut list = LIST.iter();
    let (_, asked) = list.find(|(it, _)| it.name == command.name)?;
    asked(ask, context, reply)
}

fn run_stats(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let args = ask.args.trim();
    let (word, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let wish = match fold(word).as_str() {
        "g" | "global" => wish(rest, By::Sender(None), lists::stats),
        "t" | "top" => wish(rest, By::Sender(None), lists::top),
        "ch" | "channel" | "canal" => channel_wish(rest),
        "p" | "packets" | "paquets" => wish(rest, By::Kind, lists::packets),
        "h" | "histo" => histo_wish(rest),
        "hop" | "hops" => wish(rest, By::Hops, lists::hop),
        _ => wish(args, By::Sender(None), lists::stats),
    };
    leave(wish, &STATS, ask, context, reply)
}

fn run_channel(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    leave(channel_wish(&ask.args), &CHANNEL, ask, context, reply)
}

fn run_top(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let wish = wish(&ask.args, By::Sender(None), lists::top);
    leave(wish, &TOP, ask, context, reply)
}

fn run_packets(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let wish = wish(&ask.args, By::Kind, lists::packets);
    leave(wish, &PACKETS, ask, context, reply)
}

fn run_hop(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let wish = wish(&ask.args, By::Hops, lists::hop);
    leave(wish, &HOP, ask, context, reply)
}

fn run_histo(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    leave(histo_wish(&ask.args), &HISTO, ask, context, reply)
}

/// What was understood; what was not is explained.
fn leave(
    wish: Option<Wish>,
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<Wish> {
    if wish.is_none() {
        format::explain(ask, command, context, reply);
    }
    wish
}

/// `None` when the arguments are none of those in the usage.
fn wish(args: &str, by: By, render: fn(&View<'_>) -> String) -> Option<Wish> {
    let look = Look {
        packets: Some(by),
        ..Look::default()
    };
    let hours = hours(args, HOURS, HOURS_MAX)?;
    Some(Wish::of_hours(hours, look, render))
}

fn channel_wish(args: &str) -> Option<Wish> {
    let look = Look {
        packets: Some(By::Sender(None)),
        air: true,
        ..Look::default()
    };
    let wish = Wish::of_whole_hours(HOURS, look, channel::write);
    args.trim().is_empty().then_some(wish)
}

fn histo_wish(args: &str) -> Option<Wish> {
    let args = args.trim();
    let (word, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let (kind, rest) = match fold(word).as_str() {
        "all" | "tout" => (None, rest),
        word => match Kind::parse(word) {
            Some(kind) => (Some(kind), rest),
            None => (None, args),
        },
    };
    let look = Look {
        packets: Some(By::Hour(kind)),
        ..Look::default()
    };
    let hours = hours(rest, HOURS, HISTO_MAX)?;
    Some(Wish::of_whole_hours(hours, look, histo::write))
}

/// How long a time is told of, of the last so many hours: `168 h`, or as much as
/// the history reaches back: `5 h`, `40 min`.
fn window(view: &View<'_>, hours: u32) -> String {
    let known = view.answer.began.map(|began| view.ago(began).as_secs());
    match known {
        Some(secs) if secs < HOUR && !view.wish.search.whole_hours => {
            Text::Minutes.fill(view.lang, &[("n", &secs.div_ceil(60).max(1))])
        }
        _ => Text::Hours.fill(view.lang, &[("n", &view.known(hours))]),
    }
}

/// The same for what is told of days, from two of them on.
fn days(view: &View<'_>, days: u32) -> String {
    let known = view.known(24 * days);
    if known < 48 {
        return window(view, known);
    }
    Text::Days.fill(view.lang, &[("n", &known.div_ceil(24))])
}

/// `12`, `12h`, or nothing, which means `default`.
fn hours(text: &str, default: u32, max: u32) -> Option<u32> {
    let text = text.trim();
    if text.is_empty() {
        return Some(default);
    }
    let number = text.strip_suffix(['h', 'H']).unwrap_or(text).trim_end();
    let hours = number.parse().ok()?;
    (1..=max).contains(&hours).then_some(hours)
}
