//! What has been written and not yet answered.
//!
//! Bounded by the pacing: a text every 2.3 s, none kept longer than
//! [`ACK_WAIT`], makes at most 79 entries; probes add a few.

use std::time::Duration;

use super::queue::Waiting;
use crate::link::message::Ticket;
use crate::mesh::PacketId;

/// Entries at most: the texts, two traceroutes and what is being written.
pub const MOST: usize = 83;
/// No word about a text for so long: none will come. The slowest preset needs
/// 114 s until its own refusal (protocol.md §4.7).
pub const ACK_WAIT: Duration = Duration::from_secs(180);
/// Somebody was heard repeating a direct message: so long for the
/// destination's own word.
pub const AFTER_RELAY: Duration = Duration::from_secs(60);
/// An answer to a traceroute later than this is none.
pub const TRACEROUTE_WAIT: Duration = Duration::from_secs(60);

/// How far one of them has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Not all of its bytes are with the socket; they end at this position.
    Writing { end: u64 },
    /// Written at `at`; given up at `until`.
    Written {
        at: Duration,
        until: Duration,
        relayed: bool,
    },
}

impl State {
    /// How long ago its last byte was written.
    pub fn since_written(self, now: Duration) -> Duration {
        match self {
            Self::Writing { .. } => Duration::ZERO,
            Self::Written { at, .. } => now.saturating_sub(at),
        }
    }
}

/// What is under way.
#[derive(Debug)]
pub enum Cargo {
    Text(Waiting),
    Traceroute(Ticket),
    NodeInfo,
}

#[derive(Debug)]
pub struct Flight {
    pub id: PacketId,
    pub cargo: Cargo,
    pub state: State,
    /// Whether the node has said anything about it.
    pub mentioned: bool,
}

/// All of them, oldest first.
#[derive(Debug, Default)]
pub struct Flights {
    list: Vec<Flight>,
}

impl Flights {
    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn push(&mut self, flight: Flight) {
        self.list.push(flight);
    }

    pub fn get_mut(&mut self, id: PacketId) -> Option<&mut Flight> {
        self.list.iter_mut().find(|flight| flight.id == id)
    }

    pub fn remove(&mut self, id: PacketId) -> Option<Flight> {
        let at = self.list.iter().position(|flight| flight.id == id)?;
        Some(self.list.remove(at))
    }

    /// Those whose last byte lies before `taken`, and which were not known to
    /// be written yet.
    pub fn just_written(&mut self, taken: u64) -> impl Iterator<Item = &mut Flight> {
        self.list
            .iter_mut()
            .filter(move |flight| matches!(flight.state, State::Writing { end } if end <= taken))
    }

    /// One whose time is over.
    pub fn take_overdue(&mut self, now: Duration) -> Option<Flight> {
        let at = self.list.iter().position(
            |flight| matches!(flight.state, State::Written { until, .. } if until <= now),
        )?;
        Some(self.list.remove(at))
    }

    /// All of them.
    pub fn take_all(&mut self) -> Vec<Flight> {
        std::mem::take(&mut self.list)
    }

    /// Whether a text is being written, or written without a word from the
    /// node so far.
    pub fn awaits_first_word(&self) -> bool {
        self.list
            .iter()
            .any(|flight| matches!(flight.cargo, Cargo::Text(_)) && !flight.mentioned)
    }

    pub fn deadline(&self) -> Option<Duration> {
        self.list
            .iter()
            .filter_map(|flight| match flight.state {
                State::Written { until, .. } => Some(until),
                State::Writing { .. } => None,
            })
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn flight(id: u32, state: State) -> Flight {
        Flight {
            id: PacketId(id),
            cargo: Cargo::NodeInfo,
            state,
            mentioned: false,
        }
    }

    fn written(until: u64) -> State {
        State::Written {
            at: s(1),
            until: s(until),
            relayed: false,
        }
    }

    #[test]
    fn the_first_that_is_overdue_sets_the_deadline() {
        let mut flights = Flights::default();
        flights.push(flight(1, State::Writing { end: 9 }));
        assert_eq!((flights.deadline(), flights.len()), (None, 1));
        flights.push(flight(2, written(60)));
        flights.push(flight(3, written(30)));
        assert_eq!(flights.deadline(), Some(s(30)));
        assert!(flights.take_overdue(s(29)).is_none());
        let overdue: Vec<_> =
            std::iter::from_fn(|| flights.take_overdue(s(60)).map(|it| it.id.0)).collect();
        assert_eq!((overdue, flights.len()), (vec![2, 3], 1));
        assert_eq!(flights.just_written(8).count(), 0);
        assert_eq!(flights.just_written(9).count(), 1);
    }
}
