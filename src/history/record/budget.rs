//! What one node, and all strangers together, may write into the history
//! (features.md C26). Who says more is counted: his packets become sums of an
//! hour at once, as all packets do after a week.
//!
//! An honest node stays far below: it sends a few packets in a quarter of an
//! hour. The sums are bounded too; what finds no place among them is counted
//! under nobody's name.

use std::time::Duration;

use crate::bounds::bucket::Bucket;
use crate::history::rows::{Heard, Sum};
use crate::mesh::NodeNum;

/// Nodes share so many places, regulars and strangers apart: who finds himself on
/// the place of another has a part of what both may write.
const PLACES: usize = 1_024;
/// Sums that wait at most.
pub(super) const SUMS: usize = 256;
/// Places of their index.
const INDEX: usize = 4 * SUMS;
/// Packets of one node: so many at once, and then so many a minute.
const PACKETS: (u8, u8) = (30, 3);
/// The same of its texts that are kept word by word.
const TEXTS: (u8, u8) = (20, 1);
/// Packets, and texts, of all strangers together: so many in so many minutes.
const STRANGERS: (u32, u64) = (300, 10);
const STRANGERS_TEXTS: (u32, u64) = (40, 20);
/// The port of what is counted under nobody's name: no port has it.
const NO_PORT: i32 = -3;

/// What the nodes of one place have used.
#[derive(Clone, Copy, Default, Debug)]
struct Used {
    /// When that was, as a number of minutes that begins anew every 45 days.
    minute: u16,
    packets: u8,
    texts: u8,
}

impl Used {
    /// What is used of an allowance now, and how much there is of it.
    fn of(&mut self, text: bool, now: Duration) -> (&mut u8, u8) {
        let minute = u16::try_from(now.as_secs() / 60 % 65_536).unwrap_or(0);
        let passed = minute.wrapping_sub(self.minute);
        if passed > 0 {
            let passed = u8::try_from(passed).unwrap_or(u8::MAX);
            let less = |used: u8, each: u8| used.saturating_sub(passed.saturating_mul(each));
            self.packets = less(self.packets, PACKETS.1);
            self.texts = less(self.texts, TEXTS.1);
            self.minute = minute;
        }
        match text {
            false => (&mut self.packets, PACKETS.0),
            true => (&mut self.texts, TEXTS.0),
        }
    }
}

/// Who may still write, and the sums of those who may not.
#[derive(Debug)]
pub(super) struct Budget {
    regulars: Box<[Used; PLACES]>,
    strangers: Box<[Used; PLACES]>,
    /// Packets, and texts, of all strangers.
    all_strangers: [Bucket; 2],
    sums: Sums,
}

impl Default for Budget {
    fn default() -> Self {
        let all = [STRANGERS, STRANGERS_TEXTS];
        Self {
            regulars: Box::new([Used::default(); PLACES]),
            strangers: Box::new([Used::default(); PLACES]),
            all_strangers: all.map(|(count, minutes)| {
                Bucket::new(count, Duration::from_secs(minutes * 60), Duration::ZERO)
            }),
            sums: Sums::default(),
        }
    }
}

impl Budget {
    /// Whether a packet, or the words of a text, of `from` may be written.
    pub fn allows(&mut self, from: NodeNum, regular: bool, text: bool, now: Duration) -> bool {
        let all = &mut self.all_strangers[usize::from(text)];
        // First what refuses nearly all of a flood.
        if !regular && !all.has(now) {
            return false;
        }
        let places = match regular {
            true => &mut self.regulars,
            false => &mut self.strangers,
        };
        let (used, most) = places[place(from)].of(text, now);
        if *used >= most {
            return false;
        }
        if !regular {
            all.take(now);
        }
        *used += 1;
        true
    }

    /// Counts a packet that is not written.
    pub fn count(&mut self, heard: &Heard) {
        self.sums.of(heard).add(heard);
    }

    /// The sums so far.
    pub fn sums(&self) -> impl Iterator<Item = &Sum> {
        self.sums.all.iter()
    }

    pub fn len(&self) -> usize {
        self.sums.all.len()
    }

    /// All of them, by node and port; nothing is left.
    pub fn take(&mut self) -> Vec<Sum> {
        let mut all = std::mem::take(&mut self.sums).all;
        all.sort_unstable_by_key(Sum::key);
        all
    }
}

/// The sums, each found from the hash of its key: every packet of a flood looks
/// for one.
#[derive(Debug, Default)]
struct Sums {
    all: Vec<Sum>,
    /// Where a sum stands in `all`, plus one, from the place of its hash on; empty
    /// until there is one.
    index: Vec<u16>,
}

impl Sums {
    /// The sum that a packet belongs to, made if need be.
    fn of(&mut self, heard: &Heard) -> &mut Sum {
        let key = (heard.from, heard.port);
        if self.index.is_empty() {
            self.index = vec![0; INDEX];
        }
        let (at, found) = self.look_up(key);
        if let Some(found) = found {
            return &mut self.all[found];
        }
        // The last of them is everybody's.
        let nobody = (NodeNum(0), NO_PORT);
        if self.all.len() + 1 < SUMS || key == nobody {
            return self.enter(at, Sum::new(heard.at, key));
        }
        match self.look_up(nobody) {
            (_, Some(found)) => &mut self.all[found],
            (at, None) => self.enter(at, Sum::new(heard.at, nobody)),
        }
    }

    /// The place of a key in the index, and where its sum stands.
    #[inline]
    fn look_up(&self, key: (NodeNum, i32)) -> (usize, Option<usize>) {
        let mut at = hash(key.0.0 ^ key.1.cast_unsigned().rotate_right(8)) as usize % INDEX;
        // Most places are free.
        loop {
            let Some(found) = usize::from(self.index[at]).checked_sub(1) else {
                return (at, None);
            };
            if self.all[found].key() == key {
                return (at, Some(found));
            }
            at = (at + 1) % INDEX;
        }
    }

    fn enter(&mut self, at: usize, sum: Sum) -> &mut Sum {
        self.all.push(sum);
        let count = self.all.len();
        self.index[at] = u16::try_from(count).unwrap_or(0);
        &mut self.all[count - 1]
    }
}

/// The place of a node. Numbers are often given out in rows, or end alike.
fn place(num: NodeNum) -> usize {
    hash(num.0) as usize % PLACES
}

fn hash(key: u32) -> u32 {
    key.wrapping_mul(0x9e37_79b9) >> 16
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Medium, When};

    fn heard(from: u32, port: i32) -> Heard {
        Heard {
            at: When::Unix(7_200),
            from: NodeNum(from),
            to: None,
            port,
            channel: 0,
            hops: Some(0),
            snr_q: Some(4),
            rssi: None,
            relay: None,
            medium: Medium::Radio,
            late: false,
        }
    }

    #[test]
    fn one_node_writes_little_and_all_strangers_together_too() {
        let mut budget = Budget::default();
        let mut written = 0;
        for at in 0..3_600 {
            let now = Duration::from_secs(at);
            for _ in 0..49 {
                written += u32::from(budget.allows(NodeNum(7), true, false, now));
            }
        }
        assert!((200..=210).contains(&written), "{written} of one node");
        let mut invented = 0;
        for at in 0..36_000_u32 {
            let now = Duration::from_millis(u64::from(at) * 100);
            invented += u32::from(budget.allows(NodeNum(0x9000 + at), false, false, now));
        }
        assert!((300..=2_100).contains(&invented), "{invented} of strangers");
    }

    #[test]
    fn no_packet_is_counted_nowhere_however_many_senders_there_are() {
        let mut budget = Budget::default();
        for from in 1..=10_000 {
            budget.count(&heard(from, 1));
            budget.count(&heard(1, 1));
        }
        assert!(budget.len() <= SUMS);
        let sums = budget.take();
        let all: u64 = sums.iter().map(|sum| sum.packets).sum();
        assert_eq!(all, 20_000);
        let loud = sums.iter().find(|sum| sum.from == NodeNum(1)).unwrap();
        assert_eq!((loud.packets, loud.direct), (10_001, 10_001));
        assert!(sums.iter().any(|sum| sum.from == NodeNum(0)));
        assert!(sums.is_sorted_by_key(Sum::key) && budget.take().is_empty());
    }

    /// Numbers that fall on the same place of the index keep a sum each.
    #[test]
    fn sums_are_told_apart_whatever_their_place() {
        let mut budget = Budget::default();
        let same: Vec<u32> = (1..)
            .filter(|&it| hash(it) % 1_024 == 1_023)
            .take(60)
            .collect();
        for _ in 0..2 {
            for &from in &same {
                for port in [1, 3, 67] {
                    budget.count(&heard(from, port));
                }
            }
        }
        let sums = budget.take();
        assert_eq!(sums.len(), 180);
        assert!(sums.iter().all(|sum| sum.packets == 2));
    }
}
