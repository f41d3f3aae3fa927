//! How much the bot holds, beside how much it may: nothing grows without end,
//! and this is how a test can look.

use super::*;
use crate::bot::jobs::MOST as ERRANDS;
use crate::bot::reply::ANSWERED;
use crate::bot::together::SAID;
use crate::bounds::Held;
use crate::link::session::MOST_OPEN;
use crate::mesh::book::DEFAULT_CAPACITY;

/// Questions to the history that are on their way, the one at work included
/// (`store::history::read`).
const QUESTIONS: usize = 9;

impl Bot {
    /// What it holds at this moment.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        let mut held = vec![
            Held::new(
                "errands",
                self.errands_out.len() + self.capabilities.open.len(),
                ERRANDS + QUESTIONS,
            ),
            Held::new("texts without an outcome", self.post.open(), MOST_OPEN),
            Held::new("answers given together", self.post.said(), SAID),
            Held::new("nodes", self.book.len(), DEFAULT_CAPACITY),
            Held::new("key requests", self.key_requests.len(), KEY_MEMORY),
            Held::new("key notices", self.key_notices.len(), KEY_MEMORY),
            Held::new("unreadable", self.unreadable.len(), KEY_MEMORY),
            Held::new("refused orders", self.refused_orders.len(), KEY_MEMORY),
            Held::new("texts without a number", self.unnumbered.len(), KEY_MEMORY),
            Held::new("questions answered", self.post.answered(), ANSWERED),
        ];
        held.extend(self.policy.held());
        held.extend(self.desk.held());
        held.extend(self.capabilities.held());
        held.extend(self.memory.iter().flat_map(remember::Memory::held));
        held
    }
}
