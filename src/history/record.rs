//! What goes into the history, and when: rows wait in memory until a batch is
//! worth a write, so that a cheap memory card lives for years.
//!
//! Pure: packets, changes of the node book and the time come in, [`Batch`]es
//! come out. What is not a reception never becomes a row: stored records that a
//! node presents as packets, echoes of our own, and whoever claims to be us.
//! Bounded: when rows cannot be handed over they are counted and left out;
//! the state of the nodes is never lost that way, it is read from the book at
//! the next chance.

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
use super::rows::{Air, Batch, Heard, KeyNews, Medium, Said, Undelivered, When};
use crate::bounds::recent::Recent;
use crate::mesh::time::sooner;
use crate::mesh::{
    Changes, NodeBook, NodeNum, Now, Packet, Payload, Sanity, Standing, bounds, content, name,
};
use crate::proto::{PortNum, telemetry};

/// How long a row of history waits in memory (decisions.md, "Storage").
pub const BATCH_PERIOD: Duration = Duration::from_secs(600);
/// With more nodes than this, the state of nodes goes along with every second
/// batch at most, then every third, and so on …
const NODES_AT_ONCE: usize = 300;
/// … one more for each so many: a batch changes a page of the database for nearly
/// every node in it, and pages are what a memory card counts. What single packets
/// tell is read from them after a power cut.
const NODES_A_BATCH: usize = 20;
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
/// How soon durable facts are offered again to a store that refused them.
const RETRY: Duration = Duration::from_secs(60);

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
            channel.and_then(bounds::percent),
            tx.and_then(bounds::percent),
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

    /// From when on the state of nodes may go along.
    fn nodes_due(&self, book: &NodeBook) -> Duration {
        let surplus = book.len().saturating_sub(NODES_AT_ONCE);
        let more = u32::try_from(surplus.div_ceil(NODES_A_BATCH)).unwrap_or(u32::MAX);
        let batches = more.saturating_add(1);
        self.nodes_at
            .map_or(Duration::ZERO, |at| at + BATCH_PERIOD * batches)
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

    /// When the next batch is due, if anything waits for it.
    #[must_use]
    pub fn batch_at(&self) -> Option<Duration> {
        self.batch_at
    }

    /// When [`Recorder::take`] is worth calling.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        sooner(self.batch_at, self.haste.due())
    }

    /// What is due; `None` when nothing is, or when it cannot be dated yet.
    pub fn take_due(&mut self, now: Now, book: &NodeBook) -> Option<Batch> {
        if self.deadline().is_none_or(|at| now.mono < at) {
            return None;
        }
        self.haste.spend(now.mono);
        if self.own.is_some() && self.batch_at.is_none_or(|at| now.mono < at) {
            return self.take_facts(now, book);
        }
        self.take_some(now, book, now.mono >= self.nodes_due(book))
    }

    /// What must be durable at once, and nothing that can wait: a batch costs
    /// the memory card much more.
    fn take_facts(&mut self, now: Now, book: &NodeBook) -> Option<Batch> {
        self.haste.done();
        let keys = std::mem::take(&mut self.keys);
        let changed = keys.iter().filter(|news| news.key.is_some());
        let nodes = changed.filter_map(|news| book.known(news.node, now, self.sanity));
        let batch = Batch {
            now,
            dated: self.sanity.check(now.unix).is_some(),
            own: self.own?,
            nodes: nodes.collect(),
            errors: std::mem::take(&mut self.errors),
            keys,
            ..Batch::default()
        };
        (!batch.is_empty()).then_some(batch)
    }

    /// Everything that waits, due or not. What cannot be dated stays, but for
    /// what must be durable.
    pub fn take(&mut self, now: Now, book: &NodeBook) -> Option<Batch> {
        self.take_some(now, book, true)
    }

    fn take_some(&mut self, now: Now, book: &NodeBook, nodes: bool) -> Option<Batch> {
        let Some(own) = self.own else {
            // Nothing can be told whose it is yet.
            self.batch_at = self.batch_at.map(|_| now.mono + BATCH_PERIOD);
            if self.haste.due().is_some() {
                self.haste.put_off(now.mono + RETRY);
            }
            return None;
        };
        let dated = self.sanity.check(now.unix).is_some();
        let mut batch = Batch {
            now,
            dated,
            own,
            keys: std::mem::take(&mut self.keys),
            errors: std::mem::take(&mut self.errors),
            ..Batch::default()
        };
        self.haste.done();
        self.batch_at = None;
        if nodes {
            let dirty = std::mem::take(&mut self.dirty).into_iter();
            batch.nodes = dirty
                .filter_map(|num| book.known(num, now, self.sanity))
                .collect();
            self.nodes_at = Some(now.mono);
        }
        if dated {
            self.taken_at = Some(now.unix);
            (self.sums).note(&self.told, &self.packets, own, book, now);
            self.told.clear();
            if nodes {
                batch.links = self.sums.take();
            }
            // As many will come until the next one.
            let next = Vec::with_capacity(self.packets.len());
            batch.packets = std::mem::replace(&mut self.packets, next);
            batch.sums = self.budget.take();
            batch.texts = std::mem::take(&mut self.texts);
            batch.air = std::mem::take(&mut self.air);
        } else if self.rows() > 0 {
            self.wait_from(now);
        }
        let left_behind = !self.dirty.is_empty() || !self.sums.is_empty();
        if left_behind && !nodes {
            self.wait_until(self.nodes_due(book));
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// The store did not take a batch: its rows are left out, its facts and
    /// nodes are offered again.
    pub fn refused(&mut self, now: Now, batch: Batch) {
        self.dropped += batch.rows() as u64;
        self.dirty.extend(batch.nodes.iter().map(|node| node.num));
        if !self.dirty.is_empty() {
            self.nodes_at = None;
            self.wait_from(now);
        }
        if !batch.keys.is_empty() || !batch.errors.is_empty() {
            self.haste.put_off(now.mono + RETRY);
        }
        self.keys.splice(0..0, batch.keys);
        self.keys.truncate(FACTS);
        self.errors.splice(0..0, batch.errors);
        let surplus = self.errors.len().saturating_sub(FACTS);
        self.errors.drain(..surplus);
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
    let snr = bounds::snr(snr)?;
    let quarters = (snr * 4.0) as i16;
    // Rounding costs more than all the rest, and is hardly ever needed.
    if f32::from(quarters) == snr * 4.0 {
        return Some(quarters);
    }
    Some((snr * 4.0).round() as i16)
}

#[cfg(test)]
mod tests;
