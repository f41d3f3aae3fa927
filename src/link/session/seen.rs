//! Memory of packets already seen, so that none is handled twice: not after an
//! echo, not after a replay, not after a reconnect.
//!
//! Bounded by number and by age (decisions.md: 4 096 pairs, an hour); the
//! oldest are forgotten first.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use crate::mesh::{NodeNum, PacketId};

pub const CAPACITY: usize = 4_096;
/// In seconds.
const MEMORY: u32 = 3_600;

/// A bounded set of (sender, packet id).
#[derive(Debug, Default)]
pub struct Seen {
    /// In the order of their coming: the second, counted from the start of the
    /// program, and the pair.
    order: VecDeque<(u32, u64)>,
    known: HashSet<u64, Mixer>,
}

/// Spreads keys over the table. The secret factor keeps strangers from choosing
/// ids that fall together, and should they, a table this small is still quick.
#[derive(Clone, Copy, Debug)]
struct Mixer(u64);

impl Default for Mixer {
    fn default() -> Self {
        Self(RandomState::new().hash_one(MEMORY) | 1)
    }
}

impl BuildHasher for Mixer {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed(self.0)
    }
}

/// The factor, then the hash.
struct Mixed(u64);

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, key: u64) {
        let product = u128::from(key ^ self.0.rotate_left(32)) * u128::from(self.0);
        // Both halves of the product: the table looks at the lowest bits.
        self.0 = fold(product);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[allow(clippy::cast_possible_truncation)]
fn fold(product: u128) -> u64 {
    (product >> 64) as u64 ^ product as u64
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
        let now = u32::try_from(now.as_secs()).unwrap_or(u32::MAX);
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
