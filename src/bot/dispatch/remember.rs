//! What the bot leaves for its next life: rows for the history, handed over in
//! batches. A store that does not take them holds up nobody.

use log::{info, warn};

use super::*;
use crate::bot::insight::{Sample, Seen};
use crate::bot::record::{Batch, History, Recorder};
use crate::link::message::Held;

/// The recorder and where its batches go.
pub(super) struct Memory {
    history: Box<dyn History>,
    recorder: Recorder,
    /// The last batch was refused, and the log has said so.
    refused: bool,
    /// Rows left out that the log knows of.
    told: u64,
}

impl Memory {
    pub(super) fn new(history: Box<dyn History>, sanity: Sanity) -> Self {
        Self {
            history,
            recorder: Recorder::new(sanity),
            refused: false,
            told: 0,
        }
    }

    pub(super) fn held(&self) -> impl Iterator<Item = Held> + use<> {
        self.recorder.held().into_iter()
    }

    pub(super) fn deadline(&self) -> Option<Duration> {
        self.recorder.deadline()
    }

    /// Up to when everything is handed over, in seconds since 1970, and what
    /// is not. Without a time nothing ever was since the start, and the oldest
    /// that waits is the border.
    pub(super) fn waiting(&self, now: Now) -> (Option<u64>, Vec<Seen>) {
        let fresh: Vec<Seen> = self.recorder.waiting(now).collect();
        let air = self.recorder.waiting_air(now).map(|sample| sample.at);
        let oldest = fresh.iter().map(|seen| seen.at).chain(air).min();
        let before = oldest.map(|at| at.saturating_sub(1));
        (self.recorder.taken_at().or(before), fresh)
    }

    /// What our node said of the air, as far as it is not handed over.
    pub(super) fn waiting_air(&self, now: Now) -> Vec<Sample> {
        self.recorder.waiting_air(now).collect()
    }

    fn hand_over(&mut self, now: Now, batch: Batch) {
        if let Err(batch) = self.history.keep(Box::new(batch)) {
            self.recorder.refused(now, *batch);
            if !std::mem::replace(&mut self.refused, true) {
                warn!("the history does not keep up: rows are left out");
            }
            return;
        }
        self.refused = false;
        let left_out = self.recorder.dropped() - self.told;
        if left_out > 0 {
            self.told += left_out;
            info!("{left_out} rows of the history were left out");
        }
    }
}

impl Bot {
    /// A packet and what was noted of it.
    pub(super) fn record_packet(&mut self, now: Now, received: &Received, key_differs: bool) {
        let Some(memory) = &mut self.memory else {
            return;
        };
        memory.recorder.packet(now, received);
        if key_differs {
            memory.recorder.key_differs(now, received.packet.from);
        }
    }

    /// What the last event has changed in the book.
    pub(super) fn record_changes(&mut self, now: Now) {
        let changes = self.book.take_changes();
        if let Some(memory) = &mut self.memory {
            memory.recorder.changed(now, &self.book, changes);
        }
    }

    /// An answer did not arrive.
    pub(super) fn record_failure(&mut self, now: Now, to: NodeNum, outcome: Outcome) {
        if let Some(memory) = &mut self.memory {
            memory.recorder.undelivered(now, to, outcome.to_string());
        }
    }

    /// Hands over what is due.
    pub(super) fn tick_memory(&mut self, now: Now) {
        if let Some(memory) = &mut self.memory
            && let Some(batch) = memory.recorder.take_due(now, &self.book)
        {
            memory.hand_over(now, batch);
        }
    }

    /// Hands over everything: the end is near, or another mesh.
    pub(super) fn flush_memory(&mut self, now: Now) {
        if let Some(memory) = &mut self.memory
            && let Some(batch) = memory.recorder.take(now, &self.book)
        {
            memory.hand_over(now, batch);
        }
    }

    /// A handshake told our own number. What was heard through another node is
    /// another node's view of the mesh, or of another mesh: it is not mixed
    /// with this one's (features.md A14).
    pub(super) fn meet_own(&mut self, now: Now, own: NodeNum) {
        if let Some(before) = self.book.own().filter(|&before| before != own) {
            warn!(
                "the node is {own} now and was {before} before: what the two have heard is kept apart"
            );
            self.flush_memory(now);
            self.book = NodeBook::default();
        }
        self.own = own;
        self.book.set_own(own);
        if let Some(memory) = &mut self.memory {
            memory.recorder.set_own(own);
        }
    }
}
