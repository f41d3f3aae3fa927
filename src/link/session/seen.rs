//! Memory of packets already seen, so that none is handled twice: not after an
//! echo, not after a replay, not after a reconnect.
//!
//! Bounded by number and by age (decisions.md: 4 096 pairs, an hour); the
//! oldest are forgotten first.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use crate::mesh::{NodeNum, PacketId};

pub const CAPACITY: usize = 4_096;
const MEMORY: Duration = Duration::from_secs(3_600);

/// A bounded set of (sender, packet id).
#[derive(Debug, Default)]
pub struct Seen {
    order: VecDeque<(Duration, u64)>,
    known: HashSet<u64>,
}

fn key(from: NodeNum, id: PacketId) -> u64 {
    u64::from(from.0) << 32 | u64::from(id.0)
}

impl Seen {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Notes a packet; `true` when it is new. An id of 0 is no key: always new.
    pub fn insert(&mut self, from: NodeNum, id: PacketId, now: Duration) -> bool {
        if id.0 == 0 {
            return true;
        }
        while let Some(&(at, oldest)) = self.order.front() {
            if self.order.len() < CAPACITY && now.saturating_sub(at) < MEMORY {
                break;
            }
            self.order.pop_front();
            self.known.remove(&oldest);
        }
        let key = key(from, id);
        let new = self.known.insert(key);
        if new {
            self.order.push_back((now, key));
        }
        new
    }

    /// Whether a packet is remembered.
    #[must_use]
    pub fn contains(&self, from: NodeNum, id: PacketId) -> bool {
        self.known.contains(&key(from, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeNum = NodeNum(10);

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_same_packet_is_new_once_an_hour() {
        let mut seen = Seen::default();
        assert!(seen.insert(A, PacketId(7), at(0)));
        assert!(!seen.insert(A, PacketId(7), at(2_400)));
        assert!(seen.insert(NodeNum(11), PacketId(7), at(2_400)));
        assert!(seen.insert(A, PacketId(7), at(3_600)));
    }

    #[test]
    fn zero_is_no_key() {
        let mut seen = Seen::default();
        assert!(seen.insert(A, PacketId(0), at(0)) && seen.insert(A, PacketId(0), at(0)));
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest_first() {
        let mut seen = Seen::default();
        for id in 1..=100_000 {
            assert!(seen.insert(A, PacketId(id), at(1)));
        }
        assert!(seen.order.len() <= CAPACITY && seen.known.len() <= CAPACITY);
        assert!(seen.contains(A, PacketId(100_000 - 4_095)));
        assert!(!seen.contains(A, PacketId(100_000 - 4_096)));
    }
}
