//! What outlasts the program: a node's entry in a form that can be written
//! down and read back, and which entries have changed since the last look.
//!
//! Times of this run (since the program started) mean nothing in the next one
//! and are left out; so is what our node says anew at every handshake.

use std::collections::BTreeSet;
use std::time::Duration;

use super::NodeBook;
use crate::mesh::node::{DirectHistory, DirectSignal, Recent, Stamp};
use crate::mesh::{Hops, Metrics, Node, NodeNum, Now, Position, Sanity, plausible};

/// What the two clocks may differ by without anybody having set one, seconds.
const ROUNDING: u64 = 60;

/// A node as it is written down.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Known {
    /// Its number.
    pub num: NodeNum,
    /// Cleaned.
    pub long_name: Option<Box<str>>,
    /// Cleaned.
    pub short_name: Option<Box<str>>,
    /// Number of the role (protocol.md §3.14).
    pub role: i32,
    /// Number of the hardware model (protocol.md §3.21); 0 is unset.
    pub hw_model: u32,
    /// The key that direct messages to it are encrypted with.
    pub public_key: Option<[u8; 32]>,
    /// It has announced another key since, which our node does not believe.
    pub announced_other_key: bool,
    /// Its owner asks not to be messaged.
    pub unmessagable: bool,
    /// When it was met for the first time, seconds since 1970. `None` for those
    /// that our node knew before.
    pub first_seen: Option<u64>,
    /// When it was last heard, seconds since 1970.
    pub last_heard: Option<u64>,
    /// Relays of its last packet that came by radio all the way.
    pub hops: Hops,
    /// Its last packet had passed through MQTT.
    pub via_mqtt: bool,
    /// Where it last said that it is.
    pub position: Option<Position>,
    /// When it said so, seconds since 1970.
    pub position_at: Option<u64>,
    /// Its last device metrics.
    pub metrics: Metrics,
    /// When it sent them, seconds since 1970.
    pub metrics_at: Option<u64>,
    /// Relays of its last packets by radio, newest first.
    pub hop_history: Vec<u8>,
    /// The receptions straight from it, if there were any.
    pub direct: Option<KnownDirect>,
}

/// Receptions straight from a node, as they are written down.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct KnownDirect {
    /// When the last one was, seconds since 1970.
    pub at: Option<u64>,
    /// Its received power in dBm, when our node gave one.
    pub rssi: Option<i32>,
    /// SNRs in dB, newest first; never empty.
    pub snrs: Vec<f32>,
}

/// What has changed in the book since somebody last asked.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Entries that may have changed.
    pub nodes: BTreeSet<NodeNum>,
    /// Those among them that had a key and now have another.
    pub rekeyed: BTreeSet<NodeNum>,
}

impl Changes {
    /// The entry is gone: there is nothing to tell of it.
    pub(super) fn forget(&mut self, num: NodeNum) {
        self.nodes.remove(&num);
        self.rekeyed.remove(&num);
    }
}

impl Node {
    /// The entry as it is written down.
    #[must_use]
    pub fn to_known(&self) -> Known {
        Known {
            num: self.num,
            long_name: self.long_name.clone(),
            short_name: self.short_name.clone(),
            role: self.role,
            hw_model: self.hw_model,
            public_key: self.public_key,
            announced_other_key: self.announced_other_key,
            unmessagable: self.unmessagable,
            first_seen: self.first_seen(),
            last_heard: self.last_heard(),
            hops: self.hops,
            via_mqtt: self.via_mqtt,
            position: self.position,
            position_at: self.position_at(),
            metrics: self.metrics,
            metrics_at: self.metrics_at(),
            hop_history: self.hop_history().to_vec(),
            direct: self.last_direct().map(|last| KnownDirect {
                at: last.at_unix,
                rssi: last.rssi,
                snrs: self.direct_snrs().to_vec(),
            }),
        }
    }

    fn take_over(&mut self, known: Known) {
        let stamp = |unix: Option<u64>| unix.and_then(Stamp::new);
        self.long_name = known.long_name;
        self.short_name = known.short_name;
        self.role = known.role;
        self.hw_model = known.hw_model;
        self.public_key = known.public_key;
        self.announced_other_key = known.announced_other_key;
        self.unmessagable = known.unmessagable;
        self.first_seen = stamp(known.first_seen);
        self.last_heard = stamp(known.last_heard);
        self.hops = known.hops;
        self.via_mqtt = known.via_mqtt;
        // An older version may have believed more.
        self.position = known.position.and_then(Position::plausible);
        self.position_at = stamp(known.position_at);
        self.metrics = known.metrics.plausible();
        self.metrics_at = stamp(known.metrics_at);
        self.hop_history = Recent::of(&known.hop_history);
        self.direct = known.direct.and_then(|mut direct| {
            direct.snrs.retain(|&snr| plausible::snr(snr).is_some());
            Some(Box::new(DirectHistory {
                last: DirectSignal {
                    snr: *direct.snrs.first()?,
                    rssi: direct.rssi.and_then(plausible::rssi),
                    at_mono: None,
                    at_unix: direct.at,
                },
                snrs: Recent::of(&direct.snrs),
            }))
        });
    }
}

impl NodeBook {
    /// Enters what was known before the program started. To be called before
    /// anything else has been noted: what comes later is newer.
    pub fn restore(&mut self, known: impl IntoIterator<Item = Known>) {
        for known in known {
            self.restored = true;
            let heard = (None, known.last_heard.and_then(Stamp::new));
            if let Some((node, _)) = self.entry(known.num, heard) {
                node.take_over(known);
            }
        }
        self.take_changes();
    }

    /// Whether [`NodeBook::take_changes`] has anything to give.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.changes.nodes.is_empty()
    }

    /// Whether there is a changed key among the changes.
    #[must_use]
    pub fn has_new_keys(&self) -> bool {
        !self.changes.rekeyed.is_empty()
    }

    /// The entry of a node as it is written down now.
    ///
    /// That it was met for the first time is left out until our node's list
    /// has come, which may know better. Moments of this run are dated by the
    /// clock of today: a board without a clock of its own may have had a wrong
    /// one when they happened.
    #[must_use]
    pub fn known(&self, num: NodeNum, now: Now, sanity: Sanity) -> Option<Known> {
        let node = self.get(num)?;
        let mut known = node.to_known();
        let dated = |mono: Option<Duration>, noted: Option<u64>| {
            let now_unix = sanity.check(now.unix);
            let ago = mono.map(|mono| now.mono.saturating_sub(mono).as_secs());
            match (now_unix.zip(ago), noted) {
                (Some((unix, ago)), noted) => {
                    let at = unix.saturating_sub(ago);
                    // A second here or there is rounding.
                    noted
                        .filter(|noted| noted.abs_diff(at) <= ROUNDING)
                        .or(Some(at))
                }
                (None, noted) => noted,
            }
        };
        if node.packets > 0 {
            known.last_heard = dated(node.last_heard_mono, known.last_heard);
        }
        known.first_seen = dated(node.first_seen_mono, known.first_seen);
        if node.first_seen_mono.is_some() && !self.had_list {
            known.first_seen = None;
        }
        if let (Some(direct), Some(last)) = (&mut known.direct, node.last_direct()) {
            direct.at = dated(last.at_mono, direct.at);
        }
        Some(known)
    }

    /// Everybody in the book counts as changed: what was written down is lost.
    pub fn touch_all(&mut self) {
        self.changes.nodes.extend(self.nodes.keys());
    }

    /// What has changed since the last call.
    pub fn take_changes(&mut self) -> Changes {
        self.taken_at = self.latest;
        std::mem::take(&mut self.changes)
    }
}
