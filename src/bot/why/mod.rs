//! `/why`: what became of somebody's last question and of the bot's answer to it,
//! in words, and what he can do (features.md D21).
//!
//! Remembered of everybody is the last question but for `/why` itself, for an hour.

mod words;

use std::sync::Arc;
use std::time::Duration;

use super::ask::{Ask, Place};
use super::capability::{Acts, Capability, Fate, Happened};
use super::command::{Command, Context, Scene, Topic};
use super::reply::Reply;
use crate::bounds::Held;
use crate::bounds::recent::Recent;
use crate::lang::Text;
use crate::link::Outcome;
use crate::mesh::{Hops, NodeNum};

/// Whose questions are remembered at a time.
const MOST: usize = 64;
/// And for how long.
const KEPT: Duration = Duration::from_secs(3_600);

const COMMAND: Command = Command {
    name: "why",
    names: Some(Text::NamesWhy),
    phrases: Some(Text::AskingWhy),
    topic: Topic::Signal,
    summary: Text::HelpWhy,
    mode: crate::config::Mode::Private,
    ..Command::BASE
};

/// Its command.
pub const COMMANDS: &[Command] = &[COMMAND];

/// The last question of everybody.
#[derive(Debug)]
pub struct Why {
    last: Recent<NodeNum, Last>,
}

/// A question and what became of it.
#[derive(Clone, Debug)]
struct Last {
    line: Arc<str>,
    at: Duration,
    place: Place,
    hops: Hops,
    via_mqtt: bool,
    relay: Option<u8>,
    fate: Fate,
    /// What became of the parts of the answer: the worst that is known.
    outcome: Option<Outcome>,
}

impl Default for Why {
    fn default() -> Self {
        Self {
            last: Recent::new(MOST),
        }
    }
}

impl Capability for Why {
    fn commands(&self) -> &'static [Command] {
        COMMANDS
    }

    fn asked(
        &mut self,
        _: &Command,
        ask: &Ask,
        context: &mut Context<'_>,
        reply: &mut Reply<'_>,
        _: &mut Acts<'_>,
    ) {
        let now = context.now.mono;
        let text = match self.last.get(&ask.from, now, KEPT) {
            Some(last) => words::told(ask, last, context),
            None => Text::FateNothing.plain(context.lang).to_owned(),
        };
        reply.say(context.desk, &text);
    }

    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, _: &mut Acts<'_>) {
        let now = scene.now.mono;
        match event {
            Happened::Question(ask, fate) if !is_why(&ask.line, scene.prefix) => {
                self.question(ask, fate, now);
            }
            Happened::Became(to, command, outcome) => {
                if let Some(last) = self.last.change(&to)
                    && *last.line == **command
                {
                    last.note(outcome);
                }
            }
            _ => {}
        }
    }

    fn follows_answers(&self) -> bool {
        true
    }

    fn held(&self) -> Vec<Held> {
        vec![Held::new("last questions", self.last.len(), MOST)]
    }
}

impl Why {
    fn question(&mut self, ask: &Ask, fate: Fate, now: Duration) {
        // What was put off is told a second time when it is answered.
        if let Some(last) = self.last.change(&ask.from)
            && last.line == ask.line
            && last.fate == Fate::Later
        {
            last.fate = fate;
            return;
        }
        let last = Last {
            line: Arc::clone(&ask.line),
            at: now,
            place: ask.place,
            hops: ask.hops,
            via_mqtt: ask.via_mqtt,
            relay: ask.relay,
            fate,
            outcome: None,
        };
        self.last.insert(ask.from, now, last);
    }
}

impl Last {
    /// One part that failed is what he wants to know about.
    fn note(&mut self, outcome: Outcome) {
        if self.outcome.is_none_or(Outcome::is_good) {
            self.outcome = Some(outcome);
        }
    }
}

/// Whether the line asks this very question, in any language.
fn is_why(line: &str, prefix: &str) -> bool {
    let word = line.strip_prefix(prefix).unwrap_or(line);
    let word = word.split(char::is_whitespace).next().unwrap_or_default();
    COMMAND.words().any(|name| name == word)
}

#[cfg(test)]
mod tests;
