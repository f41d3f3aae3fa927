//! Whom a command's argument means, and what to say when it means several
//! nodes or nobody.

use super::format;
use crate::bot::ask::Ask;
use crate::bot::command::Context;
use crate::bot::desk::{Choice, Who};
use crate::lang::{Lang, Text};
use crate::mesh::lookup::By;
use crate::mesh::{Found, Hops, NodeBook, NodeNum, lookup, name, typing};

/// What of an argument is repeated in an answer, bytes.
const SHOWN: usize = 24;
/// The longest name where longer ones find no room, bytes.
const NAME: usize = 20;
/// The shortest that still tells anybody something.
const NAME_MIN: usize = 6;

/// The node that `query` means. Else what to say; a list lies on the desk then,
/// from which `who` can pick for `command`.
pub fn whom(
    query: &str,
    command: &'static str,
    who: Who,
    context: &mut Context<'_>,
) -> Result<NodeNum, String> {
    found(query, command, who, context).map(|(num, _)| num)
}

/// The same, and what of the node `query` was equal to.
pub fn found(
    query: &str,
    command: &'static str,
    who: Who,
    context: &mut Context<'_>,
) -> Result<(NodeNum, By), String> {
    match lookup::find(context.book, who.0, query) {
        Found::One(num, by) => Ok((num, by)),
        Found::Many(nodes) => {
            let (text, nodes) = list(context, nodes);
            let args = nodes.iter().map(ToString::to_string).collect();
            let choice = Choice { command, args };
            context.desk.offer(who, choice, context.now.mono);
            Err(text)
        }
        Found::None { nearest } => Err(nobody(context, query, &nearest)),
    }
}

/// Name and the last four digits, which tell two of the same name apart.
pub fn short(context: &Context<'_>, num: NodeNum, name_max: usize) -> String {
    short_in(context.book, num, name_max)
}

/// The same for a node of another book.
pub fn short_in(book: &NodeBook, num: NodeNum, name_max: usize) -> String {
    let digits = digits_in(book, num);
    if digits.is_empty() {
        return num.to_string();
    }
    format!("{}{digits}", book.display_name(num, name_max))
}

/// What stands behind a name to tell it from another like it: ` cafe`; nothing
/// behind a number.
pub fn digits_in(book: &NodeBook, num: NodeNum) -> String {
    let known = book.get(num);
    if known.is_none_or(|node| node.long_name.is_none() && node.short_name.is_none()) {
        return String::new();
    }
    format!(" {:04x}", num.0 & 0xFFFF)
}

/// As many of `nodes` as fit into one packet, numbered.
fn list(context: &Context<'_>, mut nodes: Vec<NodeNum>) -> (String, Vec<NodeNum>) {
    let head = Text::Several.plain(context.lang);
    loop {
        let room = context.part_limit.saturating_sub(head.len()) / nodes.len().max(1);
        let name_max = room.saturating_sub("\n1  cafe".len()).max(NAME_MIN);
        let lines = (1_usize..)
            .zip(&nodes)
            .map(|(number, &num)| format!("\n{number} {}", short(context, num, name_max)));
        let text = head.to_owned() + &lines.collect::<String>();
        if text.len() <= context.part_limit || nodes.len() < 2 {
            return (text, nodes);
        }
        nodes.pop();
    }
}

fn nobody(context: &Context<'_>, query: &str, nearest: &[NodeNum]) -> String {
    if let Some(num) = NodeNum::typed(typing::plain(query).trim()).next() {
        return Text::NoSuchNode.fill(context.lang, &[("name", &num)]);
    }
    let shown = name::clean(query.as_bytes(), context.part_limit);
    let shown = name::shortened(&shown, SHOWN);
    let shown = if shown.is_empty() { "?" } else { &shown };
    let mut text = Text::NoSuchNode.fill(context.lang, &[("name", &shown)]);
    if !nearest.is_empty() {
        let write = |name_max| {
            let names = nearest.iter();
            let names: Vec<String> = names
                .map(|&num| context.book.display_name(num, name_max))
                .collect();
            Text::Perhaps.fill(context.lang, &[("names", &names.join(", "))])
        };
        let fits = |perhaps: &String| text.len() + perhaps.len() < context.part_limit;
        let perhaps = format::with_names(NAME, write, fits);
        if fits(&perhaps) {
            text = format!("{text} {perhaps}");
        }
    }
    text
}

/// Whose number ends in this byte: `A`, `A or B`, or the end of its number when nobody known has it.
pub fn relay(ask: &Ask, lang: Lang, book: &NodeBook, byte: u8, name_max: usize) -> String {
    let relayed = matches!(ask.hops, Hops::Known(_));
    let names: Vec<String> = book
        .relay_candidates(byte)
        .into_iter()
        // Nobody relays his own message.
        .filter(|&num| !(relayed && num == ask.from))
        .map(|num| book.display_name(num, name_max))
        .collect();
    match &names[..] {
        [] => format!("..{byte:02x}"),
        [most @ .., last] if !most.is_empty() => {
            format!("{} {} {last}", most.join(", "), Text::Or.plain(lang))
        }
        _ => names.concat(),
    }
}
