//! What goes into the history, and when: rows wait in memory until a batch is
//! worth a write, so that a cheap memory card lives for years.
//!
//! Pure: packets, changes of the node book and the time come in, [`Batch`]es
//! come out. What is not a reception never becomes a row: stored records that a
//! node presents as packets, echoes of our own, and whoever claims to be us.
//! Bounded: when rows cannot be handed over they are counted and left out;
//! the state of the nodes is never lost that way, it is read from the book at
//! the next chance.

mod links;
mod rows;

use std::collections::BTreeSet;
use std::time::Duration;

pub use links::{FARTHEST, Link};
pub use rows::{Air, Batch, Heard, History, KeyNews, Medium, Said, Undelivered, When};

use super::insight::{Failure, Fresh, Line, Look, Sample, Seen, Talking};
use super::recent::Recent;
use crate::link::Received;
use crate::mesh::{
    Changes, ChannelIndex, Edge, NodeBook, NodeNum, Now, Packet, Payload, Sanity, Standing,
    content, edges, name,
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
    /// What others have told of who hears whom, and when.
    told: Vec<(Duration, Edge)>,
    texts: Vec<Said>,
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
            told: Vec::new(),
            texts: Vec::new(),
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
            self.dropped += self.rows() as u64;
            self.packets.clear();
            self.told.clear();
            self.texts.clear();
            self.air.clear();
            self.keys.clear();
            self.errors.clear();
            self.dirty.clear();
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
        self.packets.len() + self.told.len() + self.texts.len() + self.air.len()
    }

    /// When the oldest row was heard that waits, in seconds since 1970. The
    /// clock has to be sane.
    #[must_use]
    pub fn oldest(&self, now: Now) -> Option<u64> {
        let packets = self.packets.iter().map(|heard| heard.at);
        let air = self.air.iter().map(|air| air.at);
        let texts = self.texts.iter().map(|said| said.at);
        let all = packets.chain(air).chain(texts);
        let clock = Batch::clock(now);
        all.filter_map(|at| clock.unix(at)).min()
    }

    /// What waits of that what is to be looked up, as far as it counts. The
    /// clock has to be sane.
    #[must_use]
    pub fn waiting(&self, now: Now, book: &NodeBook, look: Look) -> Fresh {
        let clock = Batch::clock(now);
        let mut fresh = Fresh::default();
        if look.packets.is_some() {
            let packets = self.packets.iter();
            fresh.packets = packets
                .filter_map(|heard| Seen::of(clock.unix(heard.at)?, heard))
                .collect();
        }
        if look.air {
            let sample = |air: &Air| {
                Some(Sample {
                    at: clock.unix(air.at)?,
                    busy: f64::from(air.channel_utilization),
                })
            };
            fresh.air = self.air.iter().filter_map(sample).collect();
        }
        if look.links.is_some() {
            let links = self.links(now, book).into_iter();
            fresh.links = links
                .filter_map(|link| Some(link.reception(clock.unix(link.at)?)))
                .collect();
        }
        if let Some(talking) = look.texts {
            fresh.shared = match talking {
                Talking::On(_) => None,
                Talking::SharedWith(node) => self.shared_with(node),
            };
            let line = |said: &Said| {
                Some(Line {
                    at: clock.unix(said.at)?,
                    from: said.from,
                    id: said.id,
                    channel: said.channel,
                    text: said.text.clone(),
                })
            };
            fresh.texts = self.texts.iter().filter_map(line).collect();
        }
        if look.failures {
            let failure = |error: &Undelivered| Failure {
                at: clock.unix(error.at),
                to: error.to,
                reason: error.reason.as_str().into(),
            };
            fresh.failures = self.errors.iter().map(failure).collect();
        }
        fresh
    }

    /// The first channel on which a node was heard; what is addressed to
    /// somebody may have come without any.
    fn shared_with(&self, node: NodeNum) -> Option<ChannelIndex> {
        let heard = self.packets.iter().filter(|heard| heard.from == node);
        let readable = heard.filter(|heard| heard.to.is_none() && heard.port >= 0);
        readable.map(|heard| ChannelIndex(heard.channel)).min()
    }

    fn links(&self, now: Now, book: &NodeBook) -> Vec<Link> {
        let own = self.own.unwrap_or_default();
        links::sum_up(&self.told, &self.packets, own, book, now)
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
                self.told(now, packet);
            }
            return;
        }
        if live {
            self.told(now, packet);
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

    /// Somebody said something on a channel, or is said to have. What is
    /// addressed to somebody is nobody else's business.
    pub fn said(&mut self, now: Now, received: &Received) {
        let packet = &received.packet;
        let is_nobodys = self.own.is_none() || !packet.from.is_node();
        let is_ours = self.own == Some(packet.from);
        let is_stored = received.standing == Standing::Replay;
        if is_nobodys || is_ours || is_stored || !packet.is_broadcast() {
            return;
        }
        let text = packet.text().map(|text| name::clean(text, TEXT_MAX));
        let Some(text) = text.filter(|text| !text.is_empty()) else {
            return;
        };
        if self.texts.len() >= TEXTS {
            self.dropped += 1;
            return;
        }
        let late = received.standing != Standing::Live;
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

    /// When the next batch is due, if anything waits for it.
    #[must_use]
    pub fn batch_at(&self) -> Option<Duration> {
        self.batch_at
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
                .filter_map(|num| book.known(num, now, self.sanity))
                .collect(),
            ..Batch::default()
        };
        self.urgent_at = None;
        self.batch_at = None;
        if dated {
            self.taken_at = Some(now.unix);
            batch.links = self.links(now, book);
            self.told.clear();
            batch.packets = std::mem::take(&mut self.packets);
            batch.texts = std::mem::take(&mut self.texts);
            batch.air = std::mem::take(&mut self.air);
        } else if self.rows() > 0 {
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
