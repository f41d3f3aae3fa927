//! `/errors`: the last answers that did not arrive, and why (features.md K6).

use super::propag::short;
use super::{TOP, format};
use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::past::view::{View, Wish};
use crate::bot::reply::Reply;
use crate::bot::say::reason;
use crate::config::Mode;
use crate::history::insight::{Failure, Look};
use crate::lang::Text;
use crate::mesh::name;

/// The longest reason in a list, bytes.
const REASON: usize = 40;

pub const COMMAND: Command = Command {
    name: "errors",
    names: Some(Text::NamesErrors),
    phrases: Some(Text::AskingErrors),
    topic: Topic::Operator,
    usage: None,
    summary: Text::HelpErrors,
    mode: Mode::Direct,
    operator_only: true,
    same_for_all: false,
    ..TOP
};

pub fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let look = Look {
        failures: true,
        ..Look::default()
    };
    let wish = Wish::of_hours(0, look, write);
    let wish = ask.args.is_empty().then_some(wish);
    super::leave(wish, &COMMAND, ask, context, reply)
}

fn write(view: &View<'_>) -> String {
    let failures = &view.answer.failures;
    if failures.is_empty() {
        return Text::NoErrors.plain(view.lang).to_owned();
    }
    let title = Text::Errors.count(view.lang, failures.len());
    let mut parts = vec![(0, title)];
    parts.extend((1..).zip(failures.iter().map(|it| line(view, it))));
    format::fit(parts, view.part_limit)
}

/// `Alice PKI_FAILED 5 min`.
fn line(view: &View<'_>, failure: &Failure) -> String {
    let reason = reason::told(view.lang, &failure.reason);
    let reason = name::shortened(&reason, REASON);
    let text = format!("{} {reason}", short(view, failure.to));
    match failure.at {
        Some(at) => format!("{text} {}", format::brief(view.lang, view.ago(at))),
        None => text,
    }
}
