//! `/neighbors`: who has most neighbours; `/neighbors <node>`: whom it hears and
//! who hears it, by what our own node heard, neighbour lists, traceroutes and
//! relays that were heard repeating (features.md D9).

use super::propag::{far, short, snr};
use super::{TOP, format, window};
use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::past::view::{View, Wish};
use crate::bot::reply::Reply;
use crate::bot::say::whom;
use crate::history::insight::{Hub, Links, Look, Pair};
use crate::lang::Text;
use crate::mesh::NodeNum;

/// Links that were not heard for longer are no neighbours any more: neighbour
/// lists come every six hours, many nodes sleep at night.
const HOURS: u32 = 48;

pub const COMMAND: Command = Command {
    name: "neighbors",
    names: Some(Text::NamesNeighbors),
    phrases: Some(Text::AskingNeighbors),
    topic: Topic::Nodes,
    usage: Some(Text::UsageAnyNode),
    example: Some(Text::ExampleInfo),
    summary: Text::HelpNeighbors,
    ..TOP
};

pub fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let links = if ask.args.is_empty() {
        Links::BestConnected
    } else {
        let who = (ask.from, reply.place());
        match whom::whom(&ask.args, COMMAND.name, who, context) {
            Ok(num) => Links::Of(num),
            Err(question) => {
                let Some(num) = told_of(&ask.args) else {
                    reply.say(context.desk, &question);
                    return None;
                };
                Links::Of(num)
            }
        }
    };
    Some(wish(links))
}

/// A whole number, which the answer about everybody may have named: neighbour
/// lists and traceroutes tell of nodes that our own node never heard.
fn told_of(args: &str) -> Option<NodeNum> {
    NodeNum::typed(args.trim()).find(|num| num.is_node())
}

fn wish(links: Links) -> Wish {
    let look = Look {
        links: Some(links),
        ..Look::default()
    };
    Wish::of_hours(HOURS, look, write)
}

fn write(view: &View<'_>) -> String {
    let net = &view.answer.links;
    let hours = window(view, view.wish.search.hours);
    let mut parts = Vec::new();
    match view.wish.search.look.links {
        Some(Links::Of(node)) => {
            parts.push((0, format!("👥 {}", short(view, node))));
            let found = Text::OfNeighbors.count(view.lang, net.links);
            parts.push((1, format!("{found} ({hours})")));
            parts.extend((2..).zip(net.pairs.iter().map(|it| neighbor(view, it))));
        }
        _ => {
            parts.push((0, format!("👥 {hours}")));
            let nodes = Text::OfNodes.count(view.lang, net.nodes);
            parts.push((1, nodes));
            parts.push((2, Text::OfLinks.count(view.lang, net.links)));
            parts.extend((3..).zip(net.hubs.iter().map(|it| hub(view, it))));
        }
    }
    if net.links == 0 {
        parts.truncate(1);
        parts.push((1, Text::NoNeighbors.plain(view.lang).to_owned()));
    }
    format::fit(parts, view.part_limit)
}

/// `↔Bob -3.5/2.0 dB 4.2 km`: how Bob hears it, and how it hears Bob.
fn neighbor(view: &View<'_>, pair: &Pair) -> String {
    let other = short(view, pair.b);
    let text = match (pair.there, pair.back) {
        (Some(there), Some(back)) => {
            format!(
                "↔{other} {}/{} dB",
                snr(view.lang, there.snr_q),
                snr(view.lang, back.snr_q)
            )
        }
        (Some(there), None) => format!("→{other} {} dB", snr(view.lang, there.snr_q)),
        (None, back) => format!(
            "←{other} {} dB",
            snr(view.lang, back.and_then(|it| it.snr_q))
        ),
    };
    match pair.metres {
        Some(metres) => format!("{text} {}", far(view, pair.a, pair.b, metres)),
        None => text,
    }
}

/// `Relay 12: Bob, Alice, Carl`.
fn hub(view: &View<'_>, hub: &Hub) -> String {
    let some: Vec<String> = hub.some.iter().map(|&num| short(view, num)).collect();
    let node = short(view, hub.node);
    format!("{node} {}: {}", hub.neighbours, some.join(", "))
}
