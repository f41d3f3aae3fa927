//! Whom a command's argument means, and what to say when it means several
//! nodes or nobody.

use crate::bot::command::Context;
use crate::bot::desk::{Choice, Who};
use crate::lang::Text;
use crate::mesh::{Found, NodeBook, NodeNum, lookup, name};

/// What of an argument is repeated in an answer, bytes.
const SHOWN: usize = 24;
/// The longest name in a list, bytes.
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
    match lookup::find(context.book, query) {
        Found::One(num) => Ok(num),
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
    let hex = num.to_string();
    let known = book.get(num);
    if known.is_none_or(|node| node.long_name.is_none() && node.short_name.is_none()) {
        return hex;
    }
    let name = book.display_name(num, name_max);
    format!("{name} {}", &hex[hex.len() - 4..])
}

/// As many of `nodes` as fit into one packet, numbered.
fn list(context: &Context<'_>, mut nodes: Vec<NodeNum>) -> (String, Vec<NodeNum>) {
    let head = Text::Several.plain(context.lang);
    loop {
        let room = context.part_limit.saturating_sub(head.len()) / nodes.len().max(1);
        let name_max = room.saturating_sub("\n1  cafe".len()).clamp(NAME_MIN, NAME);
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
    if let Some(num) = NodeNum::parse(query.trim()) {
        return Text::NoSuchNode.fill(context.lang, &[("name", &num)]);
    }
    let shown = name::clean(query.as_bytes(), SHOWN);
    let shown = if shown.is_empty() { "?" } else { &shown };
    let mut text = Text::NoSuchNode.fill(context.lang, &[("name", &shown)]);
    if !nearest.is_empty() {
        let names: Vec<String> = nearest
            .iter()
            .map(|&num| context.book.display_name(num, NAME))
            .collect();
        let perhaps = Text::Perhaps.fill(context.lang, &[("names", &names.join(", "))]);
        if text.len() + perhaps.len() < context.part_limit {
            text = format!("{text} {perhaps}");
        }
    }
    text
}
