//! What goes into the history, and when: rows wait in memory until a batch is
//! worth a write, so that a cheap memory card lives for years.
//!
//! Pure: packets, changes of the node book and the time come in, [`Batch`]es
//! come out. What is not a reception never becomes a row: stored records that a
//! node presents as packets, echoes of our own, and whoever claims to be us.
//! Bounded: when rows cannot be handed over they are counted and left out;
//! the state of the nodes is never lost that way, it is read from the book at
//! the next chance.

mod rows;

use std::collections::BTreeSet;
use std::time::Duration;

use prost::Message;

pub use rows::{Air, Batch, Heard, History, KeyNews, Link, Medium, Undelivered, When};

use super::insight::{Sample, Seen};
use super::recent::Recent;
use crate::link::Received;
use crate::link::message::Held;
use crate::mesh::{Changes, NodeBook, NodeNum, Now, Packet, Payload, Sanity, Standing, edges};
use crate::proto::{self, PortNum, telemetry};

/// How long a row of history waits in memory (decisions.md, "Storage").
pub const BATCH_PERIOD: Duration = Duration::from_secs(600);
/// Rows that wait at most; as many make a batch before its time.
pub const ROWS: usize = 2_048;
/// Key changes and failures that wait at most.
const FACTS: usize = 64;
/// What must be durable at once may be so this often in a row …
const URGENT_BURST: u32 = 20;
/// … and once in this time for ever: nobody can wear out a memory card by
/// announcing keys or by asking and vanishing.
const URGENT_PERIOD: Duration = Duration::from_secs(180);
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
    links: Vec<Link>,
    air: Vec<Air>,
    dirty: BTreeSet<NodeNum>,
    disbelieved: Recent<NodeNum, ()>,
    keys: Vec<KeyNews>,
    errors: Vec<Undelivered>,
    batch_at: Option<Duration>,
    urgent_at: Option<Duration>,
    tokens: u32,
    /// When the next token comes, unless the bucket is full.
    refill_at: Option<Duration>,
    dropped: u64,
    /// When packets were taken last, in seconds since 1970.
    taken_at: Option<u64>,
}

impl Recorder {
    /// Empty.
    #[must_use]
    pub fn new(sanity: Sanity) -> Self {
        Self {
            sanity,
            own: None,
            packets: Vec::new(),
            links: Vec::new(),
            air: Vec::new(),
            dirty: BTreeSet::new(),
            disbelieved: Recent::new(FACTS),
            keys: Vec::new(),
            errors: Vec::new(),
            batch_at: None,
            urgent_at: None,
            tokens: URGENT_BURST,
            refill_at: None,
            dropped: 0,
            taken_at: None,
        }
    }

    /// The handshake told our own number. What waits belongs to the one before
    /// and has to be taken first.
    pub fn set_own(&mut self, own: NodeNum) {
        if self.own.is_some_and(|before| before != own) {
            // What has no date yet cannot be told apart any more.
            let left = self.packets.len() + self.links.len() + self.air.len();
            self.dropped += left as u64;
            self.packets.clear();
            self.links.clear();
            self.air.clear();
            self.keys.clear();
            self.errors.clear();
            self.dirty.clear();
        }
        self.own = Some(own);
    }

    /// What waits to be handed over.
    #[must_use]
    pub fn held(&self) -> [Held; 5] {
        [
            Held::new("packets for the history", self.packets.len(), ROWS),
            Held::new("links for the history", self.links.len(), ROWS),
            Held::new("air for the history", self.air.len(), ROWS),
            Held::new("keys for the history", self.keys.len(), FACTS),
            Held::new("errors for the history", self.errors.len(), FACTS),
        ]
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

    /// The packets that wait, as far as they count in figures. The clock has to
    /// be sane.
    pub fn waiting(&self, now: Now) -> impl Iterator<Item = Seen> {
        let clock = Batch {
            now,
            dated: true,
            ..Batch::default()
        };
        let packets = self.packets.iter();
        packets.filter_map(move |heard| Seen::of(clock.unix(heard.at)?, heard))
    }

    /// What our node said of the air, likewise.
    pub fn waiting_air(&self, now: Now) -> impl Iterator<Item = Sample> {
        let clock = Batch {
            now,
            dated: true,
            ..Batch::default()
        };
        self.air.iter().filter_map(move |air| {
            Some(Sample {
                at: clock.unix(air.at)?,
                busy: f64::from(air.channel_utilization),
            })
        })
    }

    /// A packet, before or after the book has learnt from it.
    pub fn packet(&mut self, now: Now, received: &Received) {
        let packet = &received.packet;
        let is_nobodys = self.own.is_none() || !packet.from.is_node();
        if is_nobodys || received.standing == Standing::Replay {
            return;
        }
        let live = received.standing == Standing::Live;
        if self.own == Some(packet.from) {
            if live && !packet.by_lora && !packet.via_mqtt {
                self.air(now, packet);
                self.links(now, packet);
            }
            return;
        }
        if live {
            self.links(now, packet);
        }
        if self.packets.len() >= ROWS {
            self.dropped += 1;
            return;
        }
        let late = !live;
        self.packets.push(Heard {
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
        });
        self.wait_from(now);
        if self.packets.len() >= ROWS {
            self.batch_at = Some(now.mono);
        }
    }

    /// What a packet tells of others who hear each other.
    fn links(&mut self, now: Now, packet: &Packet) {
        let at = When::Mono(now.mono);
        for edge in edges::told_by(packet) {
            if self.links.len() >= ROWS {
                self.dropped += 1;
                return;
            }
            self.links.push(Link { at, edge });
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
        let (channel, tx) = match proto::Telemetry::decode(bytes).map(|said| said.variant) {
            Ok(Some(telemetry::Variant::DeviceMetrics(said))) => {
                (said.channel_utilization, said.air_util_tx)
            }
            Ok(Some(telemetry::Variant::LocalStats(said))) => {
                (Some(said.channel_utilization), Some(said.air_util_tx))
            }
            _ => return,
        };
        let percent = |value: &f32| (0.0..=100.0).contains(value);
        let (Some(channel_utilization), Some(air_util_tx)) =
            (channel.filter(percent), tx.filter(percent))
        else {
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
            self.wait_from(now);
        }
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
        self.hurry(now);
    }

    /// An answer did not arrive.
    pub fn undelivered(&mut self, now: Now, to: NodeNum, reason: String) {
        if self.errors.len() >= FACTS {
            self.errors.remove(0);
        }
        let at = When::Mono(now.mono);
        self.errors.push(Undelivered { at, to, reason });
        self.hurry(now);
    }

    /// When [`Recorder::take`] is worth calling.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.batch_at.into_iter().chain(self.urgent_at).min()
    }

    /// What is due; `None` when nothing is, or when it cannot be dated yet.
    pub fn take_due(&mut self, now: Now, book: &NodeBook) -> Option<Batch> {
        if self.deadline().is_none_or(|at| now.mono < at) {
            return None;
        }
        if self.urgent_at.is_some_and(|at| at <= now.mono) {
            self.refill(now);
            self.tokens = self.tokens.saturating_sub(1);
            self.refill_at = self.refill_at.or(Some(now.mono + URGENT_PERIOD));
        }
        if self.own.is_some() && self.batch_at.is_none_or(|at| now.mono < at) {
            return self.take_facts(now, book);
        }
        self.take(now, book)
    }

    /// What must be durable at once, and nothing that can wait: a batch costs
    /// the memory card much more.
    fn take_facts(&mut self, now: Now, book: &NodeBook) -> Option<Batch> {
        self.urgent_at = None;
        let keys = std::mem::take(&mut self.keys);
        let changed = keys.iter().filter(|news| news.key.is_some());
        let nodes = changed.filter_map(|news| book.get(news.node).map(|node| node.to_known()));
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
        let Some(own) = self.own else {
            // Nothing can be told whose it is yet.
            self.batch_at = self.batch_at.map(|_| now.mono + BATCH_PERIOD);
            self.urgent_at = self.urgent_at.map(|_| now.mono + RETRY);
            return None;
        };
        let dated = self.sanity.check(now.unix).is_some();
        let mut batch = Batch {
            now,
            dated,
            own,
            keys: std::mem::take(&mut self.keys),
            errors: std::mem::take(&mut self.errors),
            nodes: std::mem::take(&mut self.dirty)
                .into_iter()
                .filter_map(|num| book.get(num).map(|node| node.to_known()))
                .collect(),
            ..Batch::default()
        };
        self.urgent_at = None;
        self.batch_at = None;
        if dated {
            self.taken_at = Some(now.unix);
            batch.packets = std::mem::take(&mut self.packets);
            batch.links = std::mem::take(&mut self.links);
            batch.air = std::mem::take(&mut self.air);
        } else if self.packets.len() + self.links.len() + self.air.len() > 0 {
            self.batch_at = Some(now.mono + BATCH_PERIOD);
        }
        (!batch.is_empty()).then_some(batch)
    }

    /// The store did not take a batch: its rows are left out, its facts and
    /// nodes are offered again.
    pub fn refused(&mut self, now: Now, batch: Batch) {
        self.dropped += batch.rows() as u64;
        self.dirty.extend(batch.nodes.iter().map(|node| node.num));
        if !self.dirty.is_empty() {
            self.wait_from(now);
        }
        if !batch.keys.is_empty() || !batch.errors.is_empty() {
            self.urgent_at = Some(now.mono + RETRY);
        }
        self.keys.splice(0..0, batch.keys);
        self.keys.truncate(FACTS);
        self.errors.splice(0..0, batch.errors);
        let surplus = self.errors.len().saturating_sub(FACTS);
        self.errors.drain(..surplus);
    }

    fn wait_from(&mut self, now: Now) {
        self.batch_at.get_or_insert(now.mono + BATCH_PERIOD);
    }

    /// Something must be durable: at once, as long as that does not happen all
    /// the time.
    fn hurry(&mut self, now: Now) {
        self.refill(now);
        let soonest = match self.refill_at {
            Some(at) if self.tokens == 0 => at,
            _ => now.mono,
        };
        self.urgent_at = Some(self.urgent_at.map_or(soonest, |at| at.min(soonest)));
    }

    fn refill(&mut self, now: Now) {
        while let Some(at) = self.refill_at.filter(|&at| at <= now.mono) {
            self.tokens += 1;
            self.refill_at = (self.tokens < URGENT_BURST).then_some(at + URGENT_PERIOD);
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
    (-64.0..=64.0)
        .contains(&snr)
        .then(|| (snr * 4.0).round() as i16)
}

#[cfg(test)]
mod tests;
