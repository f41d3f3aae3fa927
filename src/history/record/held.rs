//! How much waits to be handed over, beside how much may.

use super::{FACTS, ROWS, Recorder, TEXTS, budget, links};
use crate::bounds::Held;

impl Recorder {
    /// What waits to be handed over.
    #[must_use]
    pub fn held(&self) -> [Held; 8] {
        [
            Held::new("packets for the history", self.packets.len(), ROWS),
            Held::new("sums for the history", self.budget.len(), budget::SUMS),
            Held::new("links for the history", self.told.len(), ROWS),
            Held::new("links summed up", self.sums.len(), links::MOST),
            Held::new("texts for the history", self.texts.len(), TEXTS),
            Held::new("air for the history", self.air.len(), ROWS),
            Held::new("keys for the history", self.keys.len(), FACTS),
            Held::new("errors for the history", self.errors.len(), FACTS),
        ]
    }
}
