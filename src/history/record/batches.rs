//! When what waits is worth handing over, and what goes along.

use std::time::Duration;

use super::{BATCH_PERIOD, FACTS, Recorder};
use crate::history::rows::Batch;
use crate::mesh::time::sooner;
use crate::mesh::{NodeBook, Now};

/// With more nodes than this, the state of nodes goes along with every second
/// batch at most, then every third, and so on …
const NODES_AT_ONCE: usize = 300;
/// … one more for each so many: a batch changes a page of the database for nearly
/// every node in it, and pages are what a memory card counts. What single packets
/// tell is read from them after a power cut.
const NODES_A_BATCH: usize = 20;
/// How soon durable facts are offered again to a store that refused them.
const RETRY: Duration = Duration::from_secs(60);

impl Recorder {
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

    /// From when on the state of nodes may go along.
    pub(super) fn nodes_due(&self, book: &NodeBook) -> Duration {
        let surplus = book.len().saturating_sub(NODES_AT_ONCE);
        let more = u32::try_from(surplus.div_ceil(NODES_A_BATCH)).unwrap_or(u32::MAX);
        let batches = more.saturating_add(1);
        self.nodes_at
            .map_or(Duration::ZERO, |at| at + BATCH_PERIOD * batches)
    }
}
