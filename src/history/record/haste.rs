//! How soon something that must be durable may be handed over: at once, but not
//! all the time, for each time costs the memory card.

use std::time::Duration;

/// It may be so this often in a row …
const BURST: u32 = 20;
/// … and once in this time for ever: nobody can wear out a memory card by
/// announcing keys or by asking and vanishing.
const PERIOD: Duration = Duration::from_secs(180);

/// A bucket of tokens, and when the next one is spent. All times count from the
/// program's start.
#[derive(Debug)]
pub(super) struct Haste {
    due: Option<Duration>,
    tokens: u32,
    /// When the next token comes, unless the bucket is full.
    refill_at: Option<Duration>,
}

impl Default for Haste {
    fn default() -> Self {
        Self {
            due: None,
            tokens: BURST,
            refill_at: None,
        }
    }
}

impl Haste {
    /// When something has to be handed over, if anything has.
    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// Something must be durable.
    pub(super) fn ask(&mut self, now: Duration) {
        self.refill(now);
        let soonest = match self.refill_at {
            Some(at) if self.tokens == 0 => at,
            _ => now,
        };
        self.due = Some(self.due.map_or(soonest, |at| at.min(soonest)));
    }

    /// Spends a token when something is due.
    pub(super) fn spend(&mut self, now: Duration) {
        if self.due.is_some_and(|at| at <= now) {
            self.refill(now);
            self.tokens = self.tokens.saturating_sub(1);
            self.refill_at = self.refill_at.or(Some(now + PERIOD));
        }
    }

    /// It could not be handed over: again at `at`.
    pub(super) fn put_off(&mut self, at: Duration) {
        self.due = Some(at);
    }

    /// All is handed over.
    pub(super) fn done(&mut self) {
        self.due = None;
    }

    fn refill(&mut self, now: Duration) {
        while let Some(at) = self.refill_at.filter(|&at| at <= now) {
            self.tokens += 1;
            self.refill_at = (self.tokens < BURST).then_some(at + PERIOD);
        }
    }
}
