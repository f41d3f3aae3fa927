//! What goes into the history, and when: rows wait in memory until a batch is
//! worth a write, so that a cheap memory card lives for years.
//!
//! Pure: packets, changes of the node book and the time come in, [`Batch`](super::Batch)es
//! come out. What is not a reception never becomes a row: stored records that a
//! node presents as packets, echoes of our own, and whoever claims to be us.
//! Bounded: when rows cannot be handed over they are counted and left out;
//! the state of the nodes is never lost that way, it is read from the book at
//! the next chance.

mod batches;
mod budget;
mod haste;
mod held;
mod links;
mod waiting;

use std::collections::BTreeSet;
use std::time::Duration;

use links::Sums;

use self::budget::Budget;
use self::haste::Haste;
use super::edges::{self, Edge};
use super::rows::{Air, Heard, KeyNews, Medium, Said, Undelivered, When};
use crate::bounds::recent::Recent;
use crate::mesh::{
    Changes, NodeBook, NodeNum, Now, Packet, Payload, Sanity, Standing, content, name, plausible,
};
use crate::proto::{PortNum, telemetry};

/// How long a row of history waits in memory (decisions.md, "Storage").
pub const BATCH_PERIOD: Duration = Duration::from_secs(600);
/// Rows that wait at most; as many make a batch before its time.
pub const ROWS: usize = 2_048;
/// Texts that wait at most; as many make a batch before its time.
const TEXTS: usize = 128;
/// The longest text that a packet can carry, bytes (protocol.md §4.4).
const TEXT_MAX: usize = 233;
/// Key changes and failures that wait at most.
const FACTS: usize = 64;
/// Another key of the same node is noted so often.
const DISBELIEVED: Duration = Duration::from_secs(24 * 3_600);
/// Collects rows and says when they are worth handing over.
#[derive(Debug)]
pub struct Recorder {
    sanity: Sanity,
    own: Option<NodeNum>,
    packets: Vec<Heard>,
    /// What others have told of who hears whom, and when.
    told: Vec<(Duration, Edge)>,
    /// The same and our own receptions from batches that are gone: links are as
    /// many as nodes, and go along with them.
    sums: Sums,
    /// Who says so much that it is counted only.
    budget: Budget,
    texts: Vec<Said>,
    air: Vec<Air>,
    dirty: BTreeSet<NodeNum>,
    disbelieved: Recent<NodeNum, ()>,
    keys: Vec<KeyNews>,
    errors: Vec<Undelivered>,
    batch_at: Option<Duration>,
    haste: Haste,
    dropped: u64,
    /// When packets were taken last, in seconds since 1970.
    taken_at: Option<u64>,
    /// When the state of nodes was taken last, since the program started.
    nodes_at: Option<Duration>,
}

impl Recorder {
    /// Empty.
    #[must_use]
    pub fn new(sanity: Sanity) -> Self {
        Self {
            sanity,
            own: None,
            packets: Vec::new(),
            told: Vec::new(),
            sums: Sums::default(),
            budget: Budget::default(),
            texts: Vec::new(),
            air: Vec::new(),
            dirty: BTreeSet::new(),
            disbelieved: Recent::new(FACTS),
            keys: Vec::new(),
            errors: Vec::new(),
            batch_at: None,
            haste: Haste::default(),
            dropped: 0,
            taken_at: None,
            nodes_at: None,
        }
    }

    /// The handshake told our own number. What waits belongs to the one before
    /// and has to be taken first.
    pub fn set_own(&mut self, own: NodeNum) {
        if self.own.is_some_and(|before| before != own) {
            // What has no date yet cannot be told apart any more.
            self.dropped += self.rows() as u64;
            self.packets.clear();
            self.told.clear();
            self.sums.take();
            self.budget.take();
            self.texts.clear();
            self.air.clear();
            self.keys.clear();
            self.errors.clear();
            self.dirty.clear();
            self.nodes_at = None;
        }
        self.own = Some(own);
    }

    /// Rows that were left out so far because they could not be handed over.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// When packets were taken last, in seconds since 1970.
    #[must_use]
    pub fn taken_at(&self) -> Option<u64> {
        self.taken_at
    }

    fn rows(&self) -> usize {
        self.packets.len() + self.told.len() + self.texts.len() + self.air.len() + self.budget.len()
    }

    fn own(&self) -> NodeNum {
        self.own.unwrap_or_default()
    }

    /// A packet, before or after the book has learnt from it; whether its sender
    /// is no stranger.
    // One place of the program calls it.
    #[inline(always)]
    pub fn packet(&mut self, now: Now, packet: &Packet, standing: Standing, is_regular: bool) {
        let is_nobodys = self.own.is_none() || !packet.from.is_node();
        if is_nobodys || standing == Standing::Replay {
            return;
        }
        let live = standing == Standing::Live;
        if self.own == Some(packet.from) {
            if live && !packet.by_lora && !packet.via_mqtt {
                self.air(now, packet);
                self.told(now, packet);
            }
            return;
        }
        // What had waited in the node is as much as has room there.
        let late = !live;
        let is_written = late
            || (self.packets.len() < ROWS
                && (self.budget).allows(packet.from, is_regular, false, now.mono));
        if live && is_written && edges::may_tell(packet) {
            self.told(now, packet);
        }
        if late && self.packets.len() >= ROWS {
            self.dropped += 1;
            return;
        }
        let heard = Heard {
            at: self.heard_at(now, packet, late),
            from: packet.from,
            to: (!packet.is_broadcast()).then_some(packet.to),
            port: port_of(&packet.payload),
            channel: packet.channel.0,
            hops: packet.hops.known(),
            snr_q: packet.signal.and_then(|signal| quarters(signal.snr)),
            rssi: packet
                .signal
                .and_then(|signal| i16::try_from(signal.rssi?).ok()),
            relay: packet.relay,
            medium: match packet {
                Packet { via_mqtt: true, .. } => Medium::Mqtt,
                Packet { by_lora: true, .. } => Medium::Radio,
                _ => Medium::Other,
            },
            late,
        };
        if !is_written {
            self.budget.count(&heard);
            return self.wait_from(now);
        }
        self.packets.push(heard);
        self.wait_from(now);
        if self.packets.len() >= ROWS {
            self.batch_at = Some(now.mono);
        }
    }

    /// Somebody said something on a channel, or is said to have. What is
    /// addressed to somebody is nobody else's business.
    pub fn said(&mut self, now: Now, packet: &Packet, standing: Standing, is_regular: bool) {
        let is_nobodys = self.own.is_none() || !packet.from.is_node();
        let is_ours = self.own == Some(packet.from);
        let is_stored = standing == Standing::Replay;
        if is_nobodys || is_ours || is_stored || !packet.is_broadcast() {
            return;
        }
        let text = packet.text().map(|text| name::clean(text, TEXT_MAX));
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        let may_write =
            |budget: &mut Budget| budget.allows(packet.from, is_regular, true, now.mono);
        if self.texts.len() >= TEXTS || !may_write(&mut self.budget) {
            self.dropped += 1;
            return;
        }
        let late = standing != Standing::Live;
        self.texts.push(Said {
            at: self.heard_at(now, packet, late),
            from: packet.from,
            id: packet.id,
            channel: packet.channel,
            text: text.into(),
        });
        self.wait_from(now);
        if self.texts.len() >= TEXTS {
            self.batch_at = Some(now.mono);
        }
    }

    /// What a packet tells of others who hear each other.
    fn told(&mut self, now: Now, packet: &Packet) {
        for edge in edges::told_by(packet) {
            if self.told.len() >= ROWS {
                self.dropped += 1;
                return;
            }
            self.told.push((now.mono, edge));
            self.wait_from(now);
        }
    }

    /// What waited in the node was heard before it came; everything else now.
    fn heard_at(&self, now: Now, packet: &Packet, late: bool) -> When {
        let by_node = self.sanity.check(packet.rx_time).filter(|_| late);
        let past = by_node.filter(|&at| self.sanity.check(now.unix).is_some_and(|now| at <= now));
        past.map_or(When::Mono(now.mono), When::Unix)
    }

    /// What our own node says about the air.
    fn air(&mut self, now: Now, packet: &Packet) {
        let Some((PortNum::TelemetryApp, bytes)) = packet.port() else {
            return;
        };
        let (channel, tx) = match content::telemetry(bytes).map(|said| said.variant) {
            Ok(Some(telemetry::Variant::DeviceMetrics(said))) => {
                (said.channel_utilization, said.air_util_tx)
            }
            Ok(Some(telemetry::Variant::LocalStats(said))) => {
                (Some(said.channel_utilization), Some(said.air_util_tx))
            }
            _ => return,
        };
        let (Some(channel_utilization), Some(air_util_tx)) = (
            channel.and_then(plausible::percent),
            tx.and_then(plausible::percent),
        ) else {
            return;
        };
        if self.air.len() >= ROWS {
            self.dropped += 1;
            return;
        }
        self.air.push(Air {
            at: When::Mono(now.mono),
            channel_utilization,
            air_util_tx,
        });
        self.wait_from(now);
    }

    /// The node book has changed.
    pub fn changed(&mut self, now: Now, book: &NodeBook, changes: Changes) {
        for &node in &changes.rekeyed {
            let key = book.get(node).and_then(|node| node.public_key);
            self.key_news(now, node, key);
        }
        if !changes.nodes.is_empty() {
            self.dirty.extend(changes.nodes);
            let at = (now.mono + BATCH_PERIOD).max(self.nodes_due(book));
            self.wait_until(at);
        }
    }

    /// What was written is lost: the nodes go along with the next batch.
    pub fn forgotten(&mut self) {
        self.nodes_at = None;
    }

    /// A node announced another key, and nobody believed it.
    pub fn key_differs(&mut self, now: Now, node: NodeNum) {
        if self.disbelieved.once_per(node, now.mono, DISBELIEVED) {
            self.key_news(now, node, None);
        }
    }

    fn key_news(&mut self, now: Now, node: NodeNum, key: Option<[u8; 32]>) {
        let is_known = |known: &KeyNews| known.node == node && known.key == key;
        if self.keys.len() >= FACTS || self.keys.iter().any(is_known) {
            return;
        }
        let at = When::Mono(now.mono);
        self.keys.push(KeyNews { at, node, key });
        self.haste.ask(now.mono);
    }

    /// An answer did not arrive.
    pub fn undelivered(&mut self, now: Now, to: NodeNum, reason: String) {
        if self.errors.len() >= FACTS {
            self.errors.remove(0);
        }
        let at = When::Mono(now.mono);
        self.errors.push(Undelivered { at, to, reason });
        self.haste.ask(now.mono);
    }

    #[inline(always)]
    fn wait_from(&mut self, now: Now) {
        self.wait_until(now.mono + BATCH_PERIOD);
    }

    #[inline(always)]
    fn wait_until(&mut self, at: Duration) {
        if self.batch_at.is_none_or(|before| at < before) {
            self.batch_at = Some(at);
        }
    }
}

fn port_of(payload: &Payload) -> i32 {
    match payload {
        Payload::Port(port, _) => *port as i32,
        Payload::OtherPort(port) if (0..=511).contains(port) => *port,
        Payload::Encrypted => -1,
        Payload::Empty => -2,
        Payload::OtherPort(_) => -3,
    }
}

/// SNRs are sent in quarters of a dB; what no radio can measure is none.
#[allow(clippy::cast_possible_truncation)]
fn quarters(snr: f32) -> Option<i16> {
    let snr = plausible::snr(snr)?;
    let quarters = (snr * 4.0) as i16;
    // Rounding costs more than all the rest, and is hardly ever needed.
    if f32::from(quarters) == snr * 4.0 {
        return Some(quarters);
    }
    Some((snr * 4.0).round() as i16)
}

#[cfg(test)]
mod tests;
