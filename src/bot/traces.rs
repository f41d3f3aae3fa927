//! Who waits for which traceroute. Bounded, because each takes half a minute of
//! everybody's airtime before the next may go.

use std::collections::HashMap;

use super::command::Ask;
use super::reply::Way;
use crate::link::Ticket;
use crate::mesh::NodeNum;

/// Traceroutes that may be open at a time; the last one has to wait for about
/// a minute and a half until it may be sent.
pub(super) const OPEN: usize = 4;

/// A traceroute under way.
#[derive(Clone, Debug)]
pub struct Trace {
    /// Who asked.
    pub ask: Ask,
    /// The way back to him.
    pub way: Way,
    /// Whom he wants to find.
    pub node: NodeNum,
}

/// All that are under way.
#[derive(Clone, Debug, Default)]
pub struct Traces {
    open: HashMap<Ticket, Trace>,
}

impl Traces {
    /// Traceroutes under way.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// Whether another one may be started; strangers leave half of the places to
    /// regulars.
    #[must_use]
    pub fn have_room(&self, is_regular: bool) -> bool {
        self.open.len() < if is_regular { OPEN } else { OPEN / 2 }
    }

    /// One was started.
    pub fn begin(&mut self, ticket: Ticket, trace: Trace) {
        self.open.insert(ticket, trace);
    }

    /// Whether this is one of them.
    #[must_use]
    pub fn contain(&self, ticket: Ticket) -> bool {
        self.open.contains_key(&ticket)
    }

    /// It is over.
    pub fn end(&mut self, ticket: Ticket) -> Option<Trace> {
        self.open.remove(&ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::commands::testing::ask;

    #[test]
    fn so_many_at_a_time_and_no_more() {
        let mut traces = Traces::default();
        let most = u64::try_from(OPEN).unwrap();
        for ticket in 0..most {
            let is_half = ticket >= most / 2;
            assert_eq!(traces.have_room(false), !is_half, "{ticket}");
            assert!(traces.have_room(true), "{ticket}");
            let trace = Trace {
                ask: ask("trace", "alice"),
                way: Way::default(),
                node: NodeNum(9),
            };
            traces.begin(Ticket(ticket), trace);
        }
        assert!(!traces.have_room(true) && traces.count() == OPEN);
        assert!(traces.contain(Ticket(0)) && !traces.contain(Ticket(most)));
        assert!(traces.end(Ticket(0)).is_some() && traces.end(Ticket(0)).is_none());
        assert!(traces.have_room(true) && !traces.have_room(false));
    }
}
