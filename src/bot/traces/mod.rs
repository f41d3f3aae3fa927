//! `/trace`: how a message came, and traceroutes: one question to the mesh for one
//! asker, and what came of it.

mod command;
mod open;
mod route;

use super::ask::{Ask, JobId, Way};
use super::capability::{Acts, Capability, Happened, NotSent};
use super::command::{Command, Context, Scene};
use super::reply::Reply;
use super::say::reason;
use crate::bounds::Held;
use crate::lang::Text;
use crate::link::{Failure, Outcome};
use crate::mesh::{NodeBook, NodeNum, name};
use open::{MOST, Open, Trace};

/// `/trace`, and the traceroutes that are under way.
#[derive(Debug, Default)]
pub struct Traces {
    open: Open,
}

/// Its command.
pub const COMMANDS: &[Command] = &[command::COMMAND];

impl Capability for Traces {
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
        if let Some(node) = command::asked(ask, context, reply) {
            reply.later();
            self.begin(ask, reply.way(), node, context, acts);
        }
    }

    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        match event {
            Happened::Route(id, payload) => self.answered(id, payload, scene, acts),
            Happened::Outcome(id, outcome) => self.ended(id, outcome, scene, acts),
            Happened::NotSent(id, NotSent::Refused(refused)) => {
                self.failed(id, &refused.to_string(), scene, acts);
            }
            _ => {}
        }
    }

    fn held(&self) -> Vec<Held> {
        vec![Held::new("traceroutes", self.open.count(), MOST)]
    }
}

impl Traces {
    /// Somebody wants to know the way to `node`.
    fn begin(
        &mut self,
        ask: &Ask,
        way: Way,
        node: NodeNum,
        context: &Context<'_>,
        acts: &mut Acts<'_>,
    ) {
        let is_regular = ask.is_operator || context.book.is_regular(ask.from, context.now);
        if !self.open.have_room(is_regular) {
            return acts.busy(ask, way);
        }
        let id = acts.trace(node);
        let ask = ask.clone();
        self.open.begin(id, Trace { ask, way, node });
    }

    /// The answer to one of them.
    fn answered(&mut self, id: JobId, payload: &[u8], scene: &Scene<'_>, acts: &mut Acts<'_>) {
        let Some(Trace { ask, way, node }) = self.open.end(id) else {
            return;
        };
        let text = route::answer(ask.lang, scene.book, node, payload, scene.part_limit)
            .unwrap_or_else(|| Text::Apology.plain(ask.lang).to_owned());
        acts.answer(&ask, way, text);
    }

    /// What became of one of them. That it was answered is told by the answer
    /// itself, which follows.
    fn ended(&mut self, id: JobId, outcome: Outcome, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        match outcome {
            Outcome::Delivered(_) => {}
            Outcome::Failed(Failure::NoAnswer | Failure::MAX_RETRANSMIT) => {
                if let Some(Trace { ask, way, node }) = self.open.end(id) {
                    let name = called(scene.book, node);
                    let text = Text::TraceSilent.fill(ask.lang, &[("name", &name)]);
                    acts.answer(&ask, way, text);
                }
            }
            other => self.failed(id, &other.to_string(), scene, acts),
        }
    }

    fn failed(&mut self, id: JobId, why: &str, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        let Some(Trace { ask, way, node }) = self.open.end(id) else {
            return;
        };
        let name = called(scene.book, node);
        let why = reason::told(ask.lang, why);
        let values: [(&str, &dyn std::fmt::Display); 2] = [("name", &name), ("reason", &why)];
        acts.answer(&ask, way, Text::TraceFailed.fill(ask.lang, &values));
    }
}

fn called(book: &NodeBook, node: NodeNum) -> String {
    book.display_name(node, name::LONG_NAME_MAX)
}
