//! What the mesh did. `/stats`, `/top`, `/packets`, `/histo`, `/hop` and
//! `/channel`: what was heard in the last hours, in all, by sender, by kind, by the
//! hour, by distance, and how busy the channel is. What they answer is written by
//! [`lists`], [`histo`] and [`channel`] as soon as the history has been looked up.
//! The others have a file each.

pub mod board;
mod channel;
pub mod db;
pub mod errors;
mod histo;
mod lists;
pub mod neighbors;
pub mod propag;
#[cfg(test)]
mod tests;
pub mod trafic;

use super::format;
use crate::bot::command::{Ask, Command, Context};
use crate::bot::insight::{By, HOUR, HOURS_MAX, Kind, Look, View, Wish};
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::lang::Text;
use crate::mesh::name::fold;

/// Hours when none are given.
const HOURS: u32 = 24;
/// The most hours of which bars are drawn.
const HISTO_MAX: u32 = 48;

pub const TOP: Command = Command {
    name: "top",
    aliases: &[],
    bare: &[],
    usage: Some(Text::UsageWeek),
    summary: Text::HelpTop,
    mode: Mode::Private,
    operator_only: false,
    has_own_limit: false,
    same_for_all: true,
    run: run_top,
};

pub const PACKETS: Command = Command {
    name: "packets",
    aliases: &["paquets"],
    summary: Text::HelpPackets,
    run: run_packets,
    ..TOP
};

pub const HISTO: Command = Command {
    name: "histo",
    usage: Some(Text::UsageHisto),
    summary: Text::HelpHisto,
    run: run_histo,
    ..TOP
};

pub const HOP: Command = Command {
    name: "hop",
    aliases: &["hops"],
    summary: Text::HelpHop,
    run: run_hop,
    ..TOP
};

pub const CHANNEL: Command = Command {
    name: "channel",
    aliases: &["canal"],
    usage: None,
    summary: Text::HelpChannel,
    run: run_channel,
    ..TOP
};

/// The others can be reached through it, by the words of earlier days.
pub const STATS: Command = Command {
    name: "stats",
    usage: Some(Text::UsageStats),
    summary: Text::HelpStats,
    run: run_stats,
    ..TOP
};

fn run_stats(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
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
    leave(wish, &STATS, ask, context, reply);
}

fn run_channel(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    leave(channel_wish(&ask.args), &CHANNEL, ask, context, reply);
}

fn run_top(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let wish = wish(&ask.args, By::Sender(None), lists::top);
    leave(wish, &TOP, ask, context, reply);
}

fn run_packets(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let wish = wish(&ask.args, By::Kind, lists::packets);
    leave(wish, &PACKETS, ask, context, reply);
}

fn run_hop(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let wish = wish(&ask.args, By::Hops, lists::hop);
    leave(wish, &HOP, ask, context, reply);
}

fn run_histo(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    leave(histo_wish(&ask.args), &HISTO, ask, context, reply);
}

fn leave(
    wish: Option<Wish>,
    command: &Command,
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) {
    match wish {
        Some(wish) => reply.look_back(wish),
        None => format::explain(ask, command, context, reply),
    }
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
    args.trim().is_empty().then_some(Wish {
        whole_hours: true,
        ..Wish::of_hours(HOURS, look, channel::write)
    })
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
    Some(Wish {
        whole_hours: true,
        ..Wish::of_hours(hours(rest, HOURS, HISTO_MAX)?, look, histo::write)
    })
}

/// How long a time is told of, of the last so many hours: `168 h`, or as much as
/// the history reaches back: `5 h`, `40 min`.
fn window(view: &View<'_>, hours: u32) -> String {
    let known = view.answer.began.map(|began| view.ago(began).as_secs());
    match known {
        Some(secs) if secs < HOUR && !view.wish.whole_hours => {
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
