//! What the bot leaves for its next life: rows for the history, handed over in
//! batches. A store that does not take them holds up nobody.

use log::{info, warn};

use super::*;
use crate::bounds::Held;
use crate::history::insight::{Fresh, Look};
use crate::history::record::Recorder;
use crate::history::rows::{VIEW_NODES, VIEWS};
use crate::history::{Batch, History};
use crate::mesh::Noted;

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
    pub(super) fn waiting(
        &self,
        now: Now,
        book: &NodeBook,
        look: Look,
        kept: u8,
    ) -> (Option<u64>, Fresh) {
        let before = || Some(self.recorder.oldest(now)?.saturating_sub(1));
        let settled = self.recorder.taken_at().or_else(before);
        (settled, self.recorder.waiting(now, book, look, kept))
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
    pub(super) fn record_packet(&mut self, now: Now, received: &Received, noted: Noted) {
        let is_public = received.packet.is_broadcast();
        let text = received.packet.text().filter(|_| {
            is_public && self.settings.keep_texts && self.listens_on(received.packet.channel)
        });
        // What is said to the bot is no talk.
        let is_talk = text.is_some_and(|text| !self.is_no_talk(text));
        let Some(memory) = &mut self.memory else {
            return;
        };
        let is_regular = noted.is_regular;
        let (packet, standing) = (&received.packet, received.standing);
        memory.recorder.packet(now, packet, standing, is_regular);
        if is_talk {
            memory.recorder.said(now, packet, standing, is_regular);
        }
        if noted.key_differs {
            memory.recorder.key_differs(now, received.packet.from);
        }
    }

    /// The last event may have changed the book. Which nodes it was is asked
    /// when they are to be handed over; a new key must be durable at once.
    pub(super) fn record_changes(&mut self, now: Now) {
        let Some(memory) = &mut self.memory else {
            return;
        };
        if self.book.has_new_keys()
            || (self.book.has_changes() && memory.recorder.batch_at().is_none())
        {
            let changes = self.book.take_changes();
            memory.recorder.changed(now, &self.book, changes);
        }
    }

    fn is_batch_due(&self, now: Now) -> bool {
        let batch_at = self.memory.as_ref().and_then(|it| it.recorder.batch_at());
        batch_at.is_some_and(|at| at <= now.mono)
    }

    fn fetch_changes(&mut self, now: Now) {
        if let Some(memory) = &mut self.memory {
            let changes = self.book.take_changes();
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
        let due = self.memory.as_ref().and_then(Memory::deadline);
        if due.is_none_or(|at| now.mono < at) {
            return;
        }
        if self.is_batch_due(now) {
            self.fetch_changes(now);
        }
        if let Some(memory) = &mut self.memory
            && memory.history.has_forgotten()
        {
            self.book.touch_all();
            let changes = self.book.take_changes();
            memory.recorder.forgotten();
            memory.recorder.changed(now, &self.book, changes);
        }
        if let Some(memory) = &mut self.memory
            && let Some(batch) = memory.recorder.take_due(now, &self.book)
        {
            memory.hand_over(now, batch);
        }
    }

    /// Hands over everything: the end is near (`closing`), or another mesh.
    pub(super) fn flush_memory(&mut self, now: Now, closing: bool) {
        self.fetch_changes(now);
        if let Some(memory) = &mut self.memory
            && let Some(mut batch) = memory.recorder.take(now, &self.book)
        {
            batch.closing = closing;
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
            self.flush_memory(now, false);
            self.change_views(now, before, own);
        }
        self.own = own;
        if self.settings.operator.is_some()
            && let Some(node) = self.pin.meet(own)
        {
            self.keeper.pin(node);
        }
        self.book.set_own(own);
        if let Some(memory) = &mut self.memory {
            memory.recorder.set_own(own);
        }
    }

    /// Puts away what was heard through `before`, and takes up again what was
    /// once heard through `own`.
    fn change_views(&mut self, now: Now, before: NodeNum, own: NodeNum) {
        let left = std::mem::take(&mut self.book);
        let mut nodes: Vec<Known> = left
            .iter()
            .filter_map(|node| left.known(node.num, now, self.settings.sanity))
            .collect();
        nodes.sort_by_key(|node| (std::cmp::Reverse(node.last_heard), node.num));
        nodes.truncate(VIEW_NODES);
        let known = self.views.iter().position(|(of, _)| *of == own);
        let known = known.map(|at| self.views.remove(at).1);
        self.views.retain(|(of, _)| *of != before);
        self.views.insert(0, (before, nodes));
        self.views.truncate(VIEWS);
        self.book.set_own(own);
        self.book.restore(known.unwrap_or_default());
    }
}
