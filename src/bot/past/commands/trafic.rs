//! `/trafic`: what was said on the channel, for those who missed it; in a direct
//! message, on the first channel on which the asker was heard himself.
//!
//! The last texts come first into the packet, and each is cut before another is
//! left out. Commands are no talk, and direct messages are nobody else's business:
//! neither is kept.

use jiff::civil::DateTime;

use super::propag::short;
use super::{TOP, format, hours, leave, window};
use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context, Topic};
use crate::bot::past::view::{View, Wish};
use crate::bot::reply::Reply;
use crate::history::insight::{Line, Look, TEXTS_MAX, Talking};
use crate::lang::Text;
use crate::mesh::name;

/// Hours when none are given.
const HOURS: u32 = 8;
/// What is told of each text, bytes.
const SHOWN: usize = 48;

pub const COMMAND: Command = Command {
    name: "trafic",
    names: Some(Text::NamesTrafic),
    phrases: Some(Text::AskingTrafic),
    topic: Topic::Past,
    usage: Some(Text::UsageDay),
    example: Some(Text::ExampleDay),
    summary: Text::HelpTrafic,
    ..TOP
};

pub fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    // A direct message may come from somebody who has another channel's key.
    let talking = match ask.place {
        Place::Channel(channel) => Talking::On(channel),
        Place::Direct => Talking::SharedWith(ask.from),
    };
    let look = Look {
        texts: Some(talking),
        ..Look::default()
    };
    let hours = hours(&ask.args, HOURS, TEXTS_MAX);
    let wish = hours.map(|hours| Wish::of_hours(hours, look, write));
    leave(wish, &COMMAND, ask, context, reply)
}

fn write(view: &View<'_>) -> String {
    let talk = &view.answer.talk;
    let mut title = format!("📨 {}", window(view, view.wish.search.hours));
    title.push_str(format::BETWEEN);
    if talk.channel.is_none() {
        let text = Text::NoSharedChannel.plain(view.lang);
        return name::cut(text, view.part_limit).to_owned();
    }
    if talk.total == 0 {
        title.push_str(Text::NothingSaid.plain(view.lang));
        return name::cut(&title, view.part_limit).to_owned();
    }
    title.push_str(&Text::OfTexts.count(view.lang, talk.total));
    let mut room = view.part_limit.saturating_sub(title.len());
    let mut lines = Vec::new();
    for said in talk.last.iter().rev() {
        let line = line(view, said);
        let Some(left) = room.checked_sub(line.len() + 1) else {
            break;
        };
        room = left;
        lines.push(line);
    }
    let lines: String = lines.iter().rev().map(|line| format!("\n{line}")).collect();
    name::cut(&format!("{title}{lines}"), view.part_limit).to_owned()
}

/// `14:05 Alice: hello`.
fn line(view: &View<'_>, said: &Line) -> String {
    let time: DateTime = view.time(said.at);
    let text = name::cut(&said.text, SHOWN);
    let cut = if text.len() < said.text.len() {
        "…"
    } else {
        ""
    };
    let (hour, minute) = (time.hour(), time.minute());
    let who = short(view, said.from);
    format!("{hour}:{minute:02} {who}: {}{cut}", text.trim_end())
}
