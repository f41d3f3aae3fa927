//! Traceroutes: one question to the mesh for one asker, and what came of it.

use super::*;
use crate::bot::commands::{reason, route};
use crate::bot::traces::Trace;
use crate::link::Failure;
use crate::proto::routing;

/// Nobody was heard to take the question any further.
const MAX_RETRANSMIT: i32 = routing::Error::MaxRetransmit as i32;

impl Bot {
    /// Somebody wants to know the way to `node`.
    pub(super) fn begin_trace(&mut self, now: Now, ask: &Ask, way: Way, node: NodeNum) {
        let is_regular = ask.is_operator || self.book.is_regular(ask.from, now);
        if !self.traces.have_room(is_regular) {
            self.too_busy(ask, way);
            return;
        }
        match self.post.outbox().traceroute(node) {
            Ok(ticket) => {
                let ask = ask.clone();
                self.traces.begin(ticket, Trace { ask, way, node });
            }
            Err(refused) => {
                let text = self.not_traced(node, &refused.to_string());
                self.answer_late(now, ask, way, &text);
            }
        }
    }

    /// The answer to one of them.
    pub(super) fn traced(&mut self, now: Now, received: &Received) {
        let trace = received.traceroute.and_then(|it| self.traces.end(it));
        let (Some(trace), Some((_, payload))) = (trace, received.packet.port()) else {
            return;
        };
        let limit = self.settings.bot.part_limit;
        let lang = self.settings.lang;
        let text = route::answer(lang, &self.book, trace.node, payload, limit)
            .unwrap_or_else(|| Text::Apology.plain(lang).to_owned());
        self.answer_late(now, &trace.ask, trace.way, &text);
    }

    /// What became of one of them. That it was answered is told by the answer
    /// itself, which follows.
    pub(super) fn trace_outcome(&mut self, now: Now, ticket: Ticket, outcome: Outcome) {
        if matches!(outcome, Outcome::Delivered(_)) {
            return;
        }
        let Some(trace) = self.traces.end(ticket) else {
            return;
        };
        let text = match outcome {
            Outcome::Failed(Failure::NoAnswer | Failure::Nak(MAX_RETRANSMIT)) => {
                let name = self.book.display_name(trace.node, name::LONG_NAME_MAX);
                Text::TraceSilent.fill(self.settings.lang, &[("name", &name)])
            }
            other => self.not_traced(trace.node, &other.to_string()),
        };
        self.answer_late(now, &trace.ask, trace.way, &text);
    }

    fn not_traced(&self, node: NodeNum, why: &str) -> String {
        let lang = self.settings.lang;
        let name = self.book.display_name(node, name::LONG_NAME_MAX);
        let why = reason::told(lang, why);
        let values: [(&str, &dyn std::fmt::Display); 2] = [("name", &name), ("reason", &why)];
        Text::TraceFailed.fill(lang, &values)
    }
}
