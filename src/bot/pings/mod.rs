//! `/ping`: one pong at once, or a session of several.

mod command;
pub mod sessions;

use std::time::Duration;

use super::ask::Ask;
use super::capability::{Acts, Capability, Happened, NotSent};
use super::command::{Command, Context, Scene};
use super::reply::Reply;
use crate::bounds::Held;
use crate::config::PingAnswer;
use crate::lang::Text;
use sessions::{Act, OPEN, Refusal, Sessions, Wish};

/// What a single ping is answered with, if that shall be an emoji.
const REACTION: &str = "🏓";

/// `/ping`, one pong or several.
#[derive(Debug, Default)]
pub struct Pings {
    sessions: Sessions,
    answer: PingAnswer,
}

impl Pings {
    /// They answer a single ping like this.
    #[must_use]
    pub fn new(answer: PingAnswer) -> Self {
        Self {
            sessions: Sessions::default(),
            answer,
        }
    }
}

/// Its command.
pub const COMMANDS: &[Command] = &[command::COMMAND];

impl Capability for Pings {
    fn commands(&self) -> &'static [Command] {
        COMMANDS
    }

    fn asked(
        &mut self,
        _: &Command,
        ask: &Ask,
        context: &mut Context<'_>,
        reply: &mut Reply<'_>,
        acts: &mut Acts<'_>,
    ) {
        let Some(wish) = command::wish(ask) else {
            // Words behind it deserve words.
            if self.answer == PingAnswer::Tapback && ask.args.is_empty() {
                reply.react(REACTION);
                return;
            }
            let answer = command::answer(ask, context);
            reply.say(context.desk, &answer);
            return;
        };
        reply.later();
        self.wish(ask, wish, context, acts);
        self.go_on(&context.scene(), acts);
    }

    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        match event {
            Happened::Link(true) => self.sessions.link_up(),
            Happened::Link(false) => self.sessions.link_lost(scene.now.mono),
            Happened::Outcome(id, outcome) => self.sessions.outcome(id, outcome),
            Happened::NotSent(id, why) => {
                let limit = why == NotSent::Limit;
                self.sessions.not_sent(id, limit, scene.now.mono);
            }
            Happened::Muted => self.sessions.forget(),
            _ => {}
        }
        self.go_on(scene, acts);
    }

    fn due(&self) -> Option<Duration> {
        self.sessions.deadline()
    }

    fn held(&self) -> Vec<Held> {
        vec![Held::new("ping sessions", self.sessions.count(), OPEN)]
    }
}

impl Pings {
    /// Somebody wants pongs, or no more of them.
    fn wish(&mut self, ask: &Ask, wish: Wish, context: &Context<'_>, acts: &mut Acts<'_>) {
        let (lang, now) = (context.lang, context.now.mono);
        let no = match wish {
            Wish::Start { count, capped } => match self.sessions.begin(ask, count, capped, now) {
                Ok(()) => return acts.served(ask, "pongs to come"),
                Err(Refusal::Running) => {
                    Text::PingRunning.fill(lang, &[("prefix", &context.prefix)])
                }
                Err(Refusal::Full) => Text::Busy.plain(lang).to_owned(),
            },
            // The summary is the answer.
            Wish::Stop if self.sessions.stop(ask.from, now) => {
                return acts.served(ask, "stopped");
            }
            Wish::Stop => Text::PingNone.plain(lang).to_owned(),
        };
        acts.decline(ask, no);
    }

    /// Sends what is due. Each pong but the first, which the question has paid for,
    /// costs what an answer in private costs.
    fn go_on(&mut self, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        while let Some(act) = self.sessions.act(scene.now.mono) {
            match act {
                Act::Pong {
                    ask,
                    turn,
                    count,
                    capped,
                } => {
                    let limit = scene.part_limit;
                    let text = command::numbered(&ask, ask.lang, turn, count, capped, limit);
                    let costs = turn > 1 && !ask.is_operator;
                    let id = acts.text(&ask, text, costs);
                    self.sessions.handed(ask.from, id);
                }
                Act::Sum(ask, report) => {
                    let text = command::summary(ask.lang, &report, scene.part_limit);
                    acts.remark(&ask, text);
                }
            }
        }
    }
}
