//! The broadcast tracker (seed.md S4): recognises our own broadcast texts when
//! somebody repeats them, for 60 s from the moment they were written.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// Texts at most.
pub const MOST: usize = 27;
const MEMORY: Duration = Duration::from_secs(60);

/// Texts we broadcast lately, by hash. At a text every 2.3 s it never holds
/// more than [`MOST`].
#[derive(Debug, Default)]
pub struct Tracker {
    texts: VecDeque<(Duration, u64)>,
}

fn hash(text: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Tracker {
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Notes a text right before it is written. Gives back the first eight hex
    /// digits of its hash, for the log.
    pub fn track(&mut self, text: &[u8], now: Duration) -> String {
        self.forget(now);
        let hash = hash(text);
        self.texts.push_back((now, hash));
        let mut digits = format!("{hash:016x}");
        digits.truncate(8);
        digits
    }

    /// Whether we broadcast this text within the last minute.
    pub fn is_ours(&mut self, text: &[u8], now: Duration) -> bool {
        self.forget(now);
        if self.texts.is_empty() {
            return false;
        }
        let hash = hash(text);
        self.texts.iter().any(|&(_, known)| known == hash)
    }

    fn forget(&mut self, now: Duration) {
        while self
            .texts
            .front()
            .is_some_and(|&(at, _)| now.saturating_sub(at) >= MEMORY)
        {
            self.texts.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_texts_are_known_for_a_minute() {
        let mut tracker = Tracker::default();
        assert!(!tracker.is_ours(b"pong", Duration::ZERO));
        let digits = tracker.track(b"pong", Duration::ZERO);
        assert!(digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()));
        assert!(tracker.is_ours(b"pong", Duration::from_millis(59_999)));
        assert!(!tracker.is_ours(b"pang", Duration::from_secs(1)));
        assert!(!tracker.is_ours(b"pong", Duration::from_secs(60)));
    }
}
