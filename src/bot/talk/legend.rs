//! `/legend`: what the symbols in the answers mean.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::lang::{Lang, Text};

pub const COMMAND: Command = Command {
    name: "legend",
    names: Some(Text::NamesLegend),
    phrases: Some(Text::AskingLegend),
    topic: Topic::Bot,
    summary: Text::HelpLegend,
    mode: Mode::Private,
    same_for_all: true,
    run: Some(run),
    ..Command::BASE
};

fn run(_ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    reply.say(context.desk, answer(context.lang));
}

fn answer(lang: Lang) -> &'static str {
    Text::Legend.plain(lang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_explained() {
        for lang in Lang::ALL {
            for symbol in ["📶", "📍", "⛰", "🔋", "🔌", "2>1", "..7e", "~<>"] {
                assert!(answer(lang).contains(symbol), "{symbol}");
            }
        }
    }
}
