//! Who waits for which traceroute. Bounded, because each takes half a minute of
//! everybody's airtime before the next may go.

use std::collections::HashMap;

use crate::bot::ask::{Ask, JobId, Way};
use crate::mesh::NodeNum;

/// Traceroutes that may be open at a time; the last one has to wait for about
/// a minute and a half until it may be sent.
pub const MOST: usize = 4;

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
pub struct Open {
    open: HashMap<JobId, Trace>,
}

impl Open {
    /// Traceroutes under way.
    #[must_use]
    pub fn count(&self) -> usize {
        self.open.len()
    }

    /// Whether another one may be started; strangers leave half of the places to
    /// regulars.
    #[must_use]
    pub fn have_room(&self, is_regular: bool) -> bool {
        self.open.len() < if is_regular { MOST } else { MOST / 2 }
    }

    /// One was started.
    pub fn begin(&mut self, id: JobId, trace: Trace) {
        self.open.insert(id, trace);
    }

    /// It is over.
    pub fn end(&mut self, id: JobId) -> Option<Trace> {
        self.open.remove(&id)
    }
}

#[cfg(test)]
mod tests {
    use crate::bot::testing::ask;
    use crate::bot::traces::open::*;

    #[test]
    fn so_many_at_a_time_and_no_more() {
        let mut traces = Open::default();
        let most = u64::try_from(MOST).unwrap();
        for ticket in 0..most {
            let is_half = ticket >= most / 2;
            assert_eq!(traces.have_room(false), !is_half, "{ticket}");
            assert!(traces.have_room(true), "{ticket}");
            let trace = Trace {
                ask: ask("trace", "alice"),
                way: Way::default(),
                node: NodeNum(9),
            };
            traces.begin(JobId(ticket), trace);
        }
        assert!(!traces.have_room(true) && traces.count() == MOST);
        assert!(traces.end(JobId(0)).is_some() && traces.end(JobId(0)).is_none());
        assert!(traces.have_room(true) && !traces.have_room(false));
    }
}
