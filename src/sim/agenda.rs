//! What the node has to do later, ordered by time and then by insertion, so
//! that two runs never differ.

use std::collections::BTreeMap;
use std::time::Duration;

/// Things to do at a monotonic time.
#[derive(Debug)]
pub(super) struct Agenda<T> {
    entries: BTreeMap<(Duration, u64), T>,
    inserted: u64,
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self {
            entries: BTreeMap::new(),
            inserted: 0,
        }
    }
}

impl<T> Agenda<T> {
    /// Adds something to do at `at`.
    pub(super) fn add(&mut self, at: Duration, thing: T) {
        self.entries.insert((at, self.inserted), thing);
        self.inserted += 1;
    }

    /// When the next thing is due.
    pub(super) fn next_at(&self) -> Option<Duration> {
        self.entries.keys().next().map(|&(at, _)| at)
    }

    /// Takes the first thing that is due at `now`, with its time.
    pub(super) fn take_due(&mut self, now: Duration) -> Option<(Duration, T)> {
        let entry = self.entries.first_entry()?;
        let at = entry.key().0;
        (at <= now).then(|| (at, entry.remove()))
    }

    /// Keeps only what `keep` says.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.entries.retain(|_, thing| keep(thing));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_order_of_time_then_of_insertion() {
        let mut agenda = Agenda::default();
        let second = Duration::from_secs(1);
        agenda.add(second * 2, "late");
        agenda.add(second, "first");
        agenda.add(second, "then");
        assert_eq!(agenda.next_at(), Some(second));
        assert_eq!(agenda.take_due(Duration::ZERO), None);
        assert_eq!(agenda.take_due(second), Some((second, "first")));
        assert_eq!(agenda.take_due(second), Some((second, "then")));
        assert_eq!(agenda.take_due(second), None);
    }
}
