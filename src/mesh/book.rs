//! The node book: everything that the packets and our node's own list tell
//! about the nodes of the mesh.
//!
//! Bounded: when it is full, whoever was heard longest ago makes room, never
//! our own node. What comes in is judged in `learn`; here it is kept and
//! looked up. Lists are in a fixed order, ties decided by number.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::time::Duration;

pub use known::{Changes, Known, KnownDirect};
pub use learn::Noted;

use super::name;
use super::node::{Node, REGULAR_AFTER, Recency};
use super::{NodeNum, Now, Payload, Position};

mod known;
mod learn;

/// How many nodes a book holds unless told otherwise.
pub const DEFAULT_CAPACITY: usize = 2_000;

/// How many nodes are offered for the one byte that names a relay.
const RELAY_CANDIDATES: usize = 3;

/// Of so many places in a full book one is for strangers, however lately they
/// were heard: nobody makes it forget its mesh by making up nodes.
const STRANGERS: usize = 8;

/// Live packets of other nodes since the program started.
#[derive(Clone, Debug, Default)]
pub struct Counters {
    /// Readable packets.
    pub readable: u64,
    /// Packets that our node could not decrypt.
    pub encrypted: u64,
    /// Packets with neither a readable nor an encrypted content.
    pub empty: u64,
    /// Payloads on a known port that are not what the port promises.
    pub undecodable: u64,
}

/// The nodes of the mesh, by number.
#[derive(Clone, Debug)]
pub struct NodeBook {
    nodes: BTreeMap<NodeNum, Node>,
    capacity: usize,
    own: Option<NodeNum>,
    had_own: bool,
    had_list: bool,
    /// Something was known before the program started.
    restored: bool,
    counters: Counters,
    changes: Changes,
    /// The time of the last news, since the program started.
    latest: Option<Duration>,
    /// The same when the changes were taken last. Whoever was heard later is
    /// among those of today.
    taken_at: Option<Duration>,
}

impl Default for NodeBook {
    fn default() -> Self {
        Self::new(DEFAULT_CAPACITY)
    }
}

impl NodeBook {
    /// An empty book for at most `capacity` nodes (at least one).
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            nodes: BTreeMap::new(),
            capacity: capacity.max(1),
            own: None,
            had_own: false,
            had_list: false,
            restored: false,
            counters: Counters::default(),
            changes: Changes::default(),
            latest: None,
            taken_at: None,
        }
    }

    /// Our own node's number, once a handshake told it.
    #[must_use]
    pub fn own(&self) -> Option<NodeNum> {
        self.own
    }

    /// Takes our own number, anew at each handshake: it can change
    /// (protocol.md §5.7).
    pub fn set_own(&mut self, own: NodeNum) {
        self.own = Some(own);
    }

    /// What is known about a node.
    #[must_use]
    pub fn get(&self, num: NodeNum) -> Option<&Node> {
        self.nodes.get(&num)
    }

    /// Number of nodes, our own included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All nodes by number, our own included.
    pub fn iter(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// Whether our node's list has come. Before it everybody seems new.
    #[must_use]
    pub fn had_list(&self) -> bool {
        self.had_list
    }

    /// Whether somebody is no stranger: our node knew him before this program
    /// did, he was met a day ago, or an hour ago and has written to us since with
    /// the key that was known of him. His number alone proves nothing, and anybody
    /// can use it.
    #[must_use]
    pub fn is_regular(&self, num: NodeNum, now: Now) -> bool {
        self.get(num).is_some_and(|node| node.is_regular(now))
    }

    /// What has been counted since the program started.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Nodes heard directly by radio within the last 24 hours, strongest
    /// first; our own node excluded.
    #[must_use]
    pub fn direct(&self, now: Now) -> Vec<&Node> {
        let mut heard: Vec<_> = self
            .others()
            .filter_map(|node| Some((node.direct_snr(now)?, node)))
            .collect();
        heard.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.num.cmp(&y.num)));
        heard.into_iter().map(|(_, node)| node).collect()
    }

    /// Nodes with a known position and their distance in metres from `place`,
    /// nearest first; our own node excluded.
    #[must_use]
    pub fn near(&self, place: Position) -> Vec<(&Node, f64)> {
        let mut placed: Vec<_> = self
            .others()
            .filter_map(|node| Some((node, place.distance_m(&node.position?))))
            .collect();
        placed.sort_by(|(x, a), (y, b)| a.total_cmp(b).then(x.num.cmp(&y.num)));
        placed
    }

    /// Nodes met for the first time within `period`, newest first. What our
    /// node knew before is not new.
    #[must_use]
    pub fn new_within(&self, period: Duration, now: Now) -> Vec<&Node> {
        let mut new: Vec<_> = self
            .others()
            .filter_map(|node| Some((node.met_ago(now)?, node)))
            .filter(|(ago, _)| *ago <= period)
            .collect();
        new.sort_by_key(|(ago, node)| (*ago, node.num));
        new.into_iter().map(|(_, node)| node).collect()
    }

    /// Nodes that were ever heard, the most recently heard first; our own node
    /// excluded.
    #[must_use]
    pub fn last_heard(&self) -> Vec<&Node> {
        let mut heard: Vec<_> = self
            .others()
            .filter(|node| node.recency() != (None, None))
            .collect();
        heard.sort_by_key(|node| (Reverse(node.recency()), node.num));
        heard
    }

    /// Nodes that have been silent for longer than `quiet`, the most recently
    /// lost first. Those that were never heard are not lost.
    #[must_use]
    pub fn lost_since(&self, quiet: Duration, now: Now) -> Vec<&Node> {
        let mut lost: Vec<_> = self
            .others()
            .filter_map(|node| Some((node.age(now)?, node)))
            .filter(|(age, _)| *age > quiet)
            .collect();
        lost.sort_by_key(|(age, node)| (*age, node.num));
        lost.into_iter().map(|(_, node)| node).collect()
    }

    /// Up to three nodes that the one byte of [`Packet::relay`](super::Packet::relay) can mean, the
    /// most recently heard first.
    #[must_use]
    pub fn relay_candidates(&self, byte: u8) -> Vec<NodeNum> {
        let mut candidates: Vec<_> = self
            .others()
            .filter(|node| node.num.relay_byte() == byte)
            .collect();
        candidates.sort_by_key(|node| (Reverse(node.recency()), node.num));
        candidates.truncate(RELAY_CANDIDATES);
        candidates.into_iter().map(|node| node.num).collect()
    }

    /// For each byte of [`Packet::relay`](super::Packet::relay) the one node
    /// heard directly within the last 24 hours that it can mean: whom our node
    /// hears a packet from, it hears directly. `None` when several can be meant.
    #[must_use]
    pub fn relays(&self, now: Now) -> BTreeMap<u8, Option<NodeNum>> {
        let mut relays = BTreeMap::new();
        for node in self.others().filter(|it| it.direct_snr(now).is_some()) {
            relays
                .entry(node.num.relay_byte())
                .and_modify(|only| *only = None)
                .or_insert(Some(node.num));
        }
        relays
    }

    /// The long name, else the short one, else `!hex`, in at most `max_bytes`
    /// bytes; `…` where it was cut. Where not even `!hex` fits, its last digits. A
    /// name in which the number of another node stands is in quotes: it is only a
    /// name.
    #[must_use]
    pub fn display_name(&self, num: NodeNum, max_bytes: usize) -> String {
        let node = self.get(num);
        let names = [
            node.and_then(|node| node.long_name.as_deref()),
            node.and_then(|node| node.short_name.as_deref()),
        ];
        for known in names.into_iter().flatten() {
            let quoted = name::is_misleading(known, num);
            let room = max_bytes.saturating_sub(if quoted { 2 } else { 0 });
            match name::shortened(known, room) {
                fitting if fitting.is_empty() => {}
                fitting if quoted => return format!("\"{fitting}\""),
                fitting => return fitting.into_owned(),
            }
        }
        let hex = num.to_string();
        hex[hex.len().saturating_sub(max_bytes)..].to_owned()
    }

    fn others(&self) -> impl Iterator<Item = &Node> {
        let own = self.own;
        self.nodes
            .values()
            .filter(move |node| Some(node.num) != own)
    }

    fn count(&mut self, payload: &Payload) {
        let count = match payload {
            Payload::Port(..) | Payload::OtherPort(_) => &mut self.counters.readable,
            Payload::Encrypted => &mut self.counters.encrypted,
            Payload::Empty => &mut self.counters.empty,
        };
        *count += 1;
    }

    /// Whoever makes room in a full book, and when he was heard.
    fn dispensable(&self) -> Option<(Recency, NodeNum)> {
        let since = self.latest.and_then(|now| now.checked_sub(REGULAR_AFTER));
        let is_new = |node: &&Node| node.first_seen_mono.is_some_and(|met| Some(met) > since);
        let new = || self.others().filter(is_new);
        let longest_ago = |node: &&Node| node.recency();
        let crowded = new().count() > (self.capacity / STRANGERS).max(1);
        let oldest = match crowded {
            true => new().min_by_key(longest_ago),
            false => self.others().min_by_key(longest_ago),
        };
        oldest.map(|node| (node.recency(), node.num))
    }

    /// The entry of a node, made if need be, and whether it was made. `None`
    /// when nobody can have this number, or when the book is full of nodes
    /// heard more recently than `heard`.
    fn entry(&mut self, num: NodeNum, heard: Recency) -> Option<(&mut Node, bool)> {
        if !num.is_node() {
            return None;
        }
        if self.nodes.len() >= self.capacity && !self.nodes.contains_key(&num) {
            let oldest = self.dispensable();
            match oldest {
                Some((recency, oldest)) if recency < heard || self.own == Some(num) => {
                    self.nodes.remove(&oldest);
                    self.changes.forget(oldest);
                }
                _ => return None,
            }
        }
        let (node, is_new) = match self.nodes.entry(num) {
            Entry::Occupied(known) => (known.into_mut(), false),
            Entry::Vacant(place) => (place.insert(Node::new(num)), true),
        };
        if node.last_heard_mono <= self.taken_at {
            self.changes.nodes.insert(num);
        }
        Some((node, is_new))
    }
}

#[cfg(test)]
mod tests;
