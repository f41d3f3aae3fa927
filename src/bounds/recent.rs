//! A table that remembers the most recently used and nobody else: all that the
//! bot keeps about senders is kept in these, so that nobody can make it grow.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// At most `capacity` entries; the one not used for longest goes first.
#[derive(Debug)]
pub struct Recent<K, V> {
    capacity: usize,
    entries: HashMap<K, (Duration, V)>,
}

impl<K: Clone + Eq + Hash, V> Recent<K, V> {
    /// An empty table.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity: capacity.max(1),
            entries: HashMap::new(),
        }
    }

    /// The entry of `key`, made when there is none.
    pub fn entry(&mut self, key: K, now: Duration, make: impl FnOnce() -> V) -> &mut V {
        if !self.entries.contains_key(&key) && self.entries.len() >= self.capacity {
            let oldest = self
                .entries
                .iter()
                .min_by_key(|(_, (used, _))| *used)
                .map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.entries.remove(&oldest);
            }
        }
        let (used, value) = self.entries.entry(key).or_insert_with(|| (now, make()));
        *used = now;
        value
    }

    /// Enters or replaces.
    pub fn insert(&mut self, key: K, now: Duration, value: V) {
        self.entries.remove(&key);
        self.entry(key, now, || value);
    }

    /// The entry of `key`, if it was used within `max_age`.
    #[must_use]
    pub fn get(&self, key: &K, now: Duration, max_age: Duration) -> Option<&V> {
        self.entries
            .get(key)
            .filter(|(used, _)| now.saturating_sub(*used) < max_age)
            .map(|(_, value)| value)
    }

    /// Takes the entry of `key` out, if it was used within `max_age`.
    pub fn take(&mut self, key: &K, now: Duration, max_age: Duration) -> Option<V> {
        self.entries
            .remove(key)
            .filter(|(used, _)| now.saturating_sub(*used) < max_age)
            .map(|(_, value)| value)
    }

    /// The entry of `key`, which is used herewith.
    pub fn touch(&mut self, key: &K, now: Duration) -> Option<&mut V> {
        let (used, value) = self.entries.get_mut(key)?;
        *used = now;
        Some(value)
    }

    /// Changes the entry of `key` without counting it as used.
    pub fn change(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key).map(|(_, value)| value)
    }

    /// All entries, each with when it was used, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&K, Duration, &V)> {
        self.entries
            .iter()
            .map(|(key, (used, value))| (key, *used, value))
    }

    /// Number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<K: Clone + Eq + Hash> Recent<K, ()> {
    /// Whether something may happen for `key` that should not happen twice
    /// within `period`. Notes it when it may.
    pub fn once_per(&mut self, key: K, now: Duration, period: Duration) -> bool {
        if self.get(&key, now, period).is_some() {
            return false;
        }
        self.insert(key, now, ());
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut table = Recent::new(2);
        table.insert(1, s(1), 'a');
        table.insert(2, s(2), 'b');
        *table.entry(1, s(3), || 'x') = 'c';
        table.insert(3, s(4), 'd');
        assert_eq!(table.get(&1, s(4), s(9)), Some(&'c'));
        assert_eq!(table.get(&2, s(4), s(9)), None);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn once_per_period() {
        let mut table = Recent::new(9);
        assert!(table.once_per(1, s(0), s(60)));
        assert!(!table.once_per(1, s(59), s(60)));
        assert!(table.once_per(1, s(60), s(60)));
        assert_eq!(table.take(&1, s(200), s(60)), None);
        assert!(table.is_empty());
    }
}
