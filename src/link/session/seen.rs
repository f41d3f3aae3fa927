//! What was seen before: not after an echo, not after a replay, not after a
//! reconnect is a packet handed on twice.
//!
//! Three memories, so that nobody can push out of one what belongs to another
//! (decisions.md, "seen packets"): what was addressed to us, what we sent, and
//! all the rest. What was *answered* the bot remembers itself, longer
//! (`bot::reply`).

use std::time::Duration;

use crate::mesh::{NodeNum, PacketId, PacketMemory};

/// Packets remembered of other traffic.
const OTHERS: usize = 4_096;
/// Texts addressed to us, and packets of our own.
const OURS: usize = 1_024;
/// All of them.
pub const CAPACITY: usize = OTHERS + 2 * OURS;
const MEMORY: Duration = Duration::from_secs(3_600);

/// What was seen lately.
#[derive(Debug)]
pub struct Seen {
    others: PacketMemory,
    to_us: PacketMemory,
    sent: PacketMemory,
    /// The numbers that `sent` may hold, by their last six bits.
    senders: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            others: PacketMemory::new(OTHERS, MEMORY),
            to_us: PacketMemory::new(OURS, MEMORY),
            sent: PacketMemory::new(OURS, MEMORY),
            senders: 0,
        }
    }
}

impl Seen {
    /// Packets that are remembered.
    pub fn len(&self) -> usize {
        self.others.len() + self.to_us.len() + self.sent.len()
    }

    /// Notes a packet that came, a text `to_us` or anything else; `true` when it
    /// is new. An id of 0 is no key: always new.
    #[inline]
    pub fn insert(&mut self, from: NodeNum, id: PacketId, to_us: bool, now: Duration) -> bool {
        if self.was_sent(from, id, now) {
            return false;
        }
        if to_us {
            !self.others.contains(from, id, now) && self.to_us.insert(from, id, now)
        } else {
            !self.to_us.contains(from, id, now) && self.others.insert(from, id, now)
        }
    }

    /// Notes a number for a packet of our own; `false` when it was used before.
    pub fn send(&mut self, own: NodeNum, id: PacketId, now: Duration) -> bool {
        self.senders |= bit(own);
        !self.others.contains(own, id, now) && self.sent.insert(own, id, now)
    }

    /// Whether we sent a packet with this number.
    #[inline]
    pub fn was_sent(&self, own: NodeNum, id: PacketId, now: Duration) -> bool {
        // Most packets are of nobody whom we ever were.
        self.senders & bit(own) != 0 && self.sent.contains(own, id, now)
    }
}

fn bit(num: NodeNum) -> u64 {
    1 << (num.0 % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeNum = NodeNum(10);
    const OWN: NodeNum = NodeNum(1);

    #[test]
    fn no_traffic_pushes_out_what_was_addressed_to_us_or_sent_by_us() {
        let now = Duration::from_secs(1);
        let mut seen = Seen::default();
        assert!(seen.insert(A, PacketId(7), true, now));
        assert!(seen.send(OWN, PacketId(8), now));
        for id in 100..10_100 {
            assert!(seen.insert(A, PacketId(id), false, now));
        }
        assert!(!seen.insert(A, PacketId(7), true, now));
        assert!(
            !seen.insert(A, PacketId(7), false, now),
            "whoever it is for"
        );
        assert!(seen.was_sent(OWN, PacketId(8), now));
        assert!(!seen.insert(OWN, PacketId(8), false, now), "an echo");
        assert!(!seen.send(OWN, PacketId(8), now));
        for id in 20_000..30_000 {
            assert!(seen.insert(A, PacketId(id), true, now));
        }
        assert!(!seen.insert(A, PacketId(10_099), false, now));
        assert!(seen.was_sent(OWN, PacketId(8), now));
        assert_eq!(seen.len(), OTHERS + OURS + 1);
    }
}
