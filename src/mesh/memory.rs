//! A memory of packets by sender and number, so that none is handled twice.
//!
//! Bounded by number and by age; the oldest are forgotten first.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::{NodeNum, PacketId};

/// A bounded set of (sender, packet id).
///
/// Packets are numbered as they come, and each knows the one before with the
/// same hash: these chains lead into the past, and what is forgotten needs not
/// be taken out of them, for they end there.
#[derive(Debug)]
pub struct PacketMemory {
    capacity: usize,
    /// How long a packet is remembered, in seconds.
    keep: u32,
    /// As many as there ever were, `capacity` at most: then the newest takes
    /// the place of the oldest.
    slots: Vec<Slot>,
    /// The last packet with each hash.
    heads: Box<[u32]>,
    /// The number of the next packet.
    next: u32,
    /// Strangers who do not know it cannot choose ids that fall together; and
    /// should they, a memory this small is still quick.
    secret: u64,
}

#[derive(Debug)]
struct Slot {
    pair: u64,
    /// The second, counted from the start of the program.
    at: u32,
    /// The number of the packet before with the same hash.
    before: u32,
}

impl PacketMemory {
    /// Remembers the last `capacity` packets (at least one) for as long as
    /// `keep`.
    #[must_use]
    pub fn new(capacity: usize, keep: Duration) -> Self {
        let capacity = capacity.max(1);
        Self {
            capacity,
            keep: seconds(keep),
            slots: Vec::new(),
            heads: vec![0; capacity].into(),
            // 0 is none of those that are remembered.
            next: 1,
            secret: RandomState::new().hash_one(capacity) | 1,
        }
    }

    /// Pairs that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing was ever noted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Notes a packet; `true` when it is new. An id of 0 is no key: always new.
    pub fn insert(&mut self, from: NodeNum, id: PacketId, now: Duration) -> bool {
        if id.0 == 0 {
            return true;
        }
        let pair = pair(from, id);
        let hash = self.hash(pair);
        let at = seconds(now);
        if self.finds(pair, hash, at) {
            return false;
        }
        let before = std::mem::replace(&mut self.heads[hash], self.next);
        let slot = Slot { pair, at, before };
        let place = self.place(self.next);
        match self.slots.get_mut(place) {
            Some(oldest) => *oldest = slot,
            None => self.slots.push(slot),
        }
        self.next = self.next.wrapping_add(1);
        true
    }

    /// Whether a packet is remembered.
    #[must_use]
    #[inline]
    pub fn contains(&self, from: NodeNum, id: PacketId, now: Duration) -> bool {
        let pair = pair(from, id);
        self.finds(pair, self.hash(pair), seconds(now))
    }

    /// Goes back along a chain until it leaves what is remembered.
    #[inline]
    fn finds(&self, pair: u64, hash: usize, now: u32) -> bool {
        let mut number = self.heads[hash];
        let mut passed = 0;
        loop {
            let back = self.next.wrapping_sub(number);
            if back as usize > self.slots.len() || back <= passed {
                return false;
            }
            let slot = &self.slots[self.place(number)];
            if now.saturating_sub(slot.at) >= self.keep {
                return false;
            }
            if slot.pair == pair {
                return true;
            }
            passed = back;
            number = slot.before;
        }
    }

    /// Both halves of a product with the secret.
    #[allow(clippy::cast_possible_truncation)]
    fn hash(&self, pair: u64) -> usize {
        let product = u128::from(pair ^ self.secret.rotate_left(32)) * u128::from(self.secret);
        ((product >> 64) as usize ^ product as usize) % self.capacity
    }

    /// Where the packet with this number lies, the first one being 1.
    fn place(&self, number: u32) -> usize {
        number.wrapping_sub(1) as usize % self.capacity
    }
}

fn pair(from: NodeNum, id: PacketId) -> u64 {
    u64::from(from.0) << 32 | u64::from(id.0)
}

fn seconds(now: Duration) -> u32 {
    u32::try_from(now.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: NodeNum = NodeNum(10);
    const CAPACITY: usize = 4_096;

    fn memory() -> PacketMemory {
        PacketMemory::new(CAPACITY, at(3_600))
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_same_packet_is_new_once_an_hour() {
        let mut seen = memory();
        assert!(seen.insert(A, PacketId(7), at(0)));
        assert!(!seen.insert(A, PacketId(7), at(2_400)));
        assert!(seen.insert(NodeNum(11), PacketId(7), at(2_400)));
        assert!(seen.insert(A, PacketId(7), at(3_600)));
    }

    #[test]
    fn zero_is_no_key() {
        let mut seen = memory();
        assert!(seen.insert(A, PacketId(0), at(0)) && seen.insert(A, PacketId(0), at(0)));
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_oldest_first() {
        let mut seen = memory();
        for id in 1..=100_000 {
            assert!(seen.insert(A, PacketId(id), at(1)));
        }
        assert_eq!(seen.len(), CAPACITY);
        assert!(seen.contains(A, PacketId(100_000 - 4_095), at(1)));
        assert!(!seen.contains(A, PacketId(100_000 - 4_096), at(1)));
        assert!(seen.contains(A, PacketId(100_000), at(3_600)));
        assert!(!seen.contains(A, PacketId(100_000), at(3_601)));
    }

    /// Two billion packets and more: the numbers begin anew.
    #[test]
    fn the_numbering_may_begin_anew() {
        let mut seen = memory();
        for id in 1..=5_000 {
            seen.insert(A, PacketId(id), at(1));
        }
        seen.next = (seen.next % 4_096).wrapping_sub(4_096);
        for id in 10_001..=20_000 {
            assert!(seen.insert(A, PacketId(id), at(1)));
            assert!(!seen.insert(A, PacketId(id), at(1)));
        }
        assert!(seen.contains(A, PacketId(20_000 - 4_095), at(1)));
        assert!(!seen.contains(A, PacketId(20_000 - 4_096), at(1)));
    }

    proptest! {
        /// As a plain list of what came would have it, and should all hashes be
        /// the same.
        #[test]
        fn as_a_list_remembers(
            packets in prop::collection::vec((1_u32..40, 0_u64..600), 1..200),
            flat: bool,
        ) {
            let mut seen = memory();
            if flat {
                seen.secret = 0;
            }
            let mut list: Vec<(u32, u64)> = Vec::new();
            let mut now = 0;
            for (id, passed) in packets {
                now += passed;
                let known = list.iter().any(|&(it, at)| it == id && now - at < 3_600);
                prop_assert_eq!(seen.contains(A, PacketId(id), at(now)), known);
                prop_assert_eq!(seen.insert(A, PacketId(id), at(now)), !known);
                if !known {
                    list.push((id, now));
                }
            }
        }
    }
}
