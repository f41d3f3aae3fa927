//! What the history holds and what it takes.

use crate::mesh::NodeNum;

/// Failures are kept up to this number.
pub const ERRORS: u64 = 50;

/// Counts and sizes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stock {
    /// Version of the tables.
    pub version: usize,
    /// The node that the bot was connected with last.
    pub own: Option<NodeNum>,
    /// Nodes ever heard and not forgotten.
    pub nodes: u64,
    /// Nodes among them whose key is known.
    pub with_key: u64,
    /// Former names.
    pub names: u64,
    /// Key changes.
    pub keys: u64,
    /// Single packets.
    pub packets: u64,
    /// When the oldest and the newest of them were heard, seconds since 1970.
    pub span: Option<(u64, u64)>,
    /// Rows of sums by the hour.
    pub hours: u64,
    /// Packets in these sums.
    pub summed: u64,
    /// When the oldest sum begins, seconds since 1970.
    pub first_hour: Option<u64>,
    /// Pairs of nodes that hear each other, by witness.
    pub links: u64,
    /// Texts of channels.
    pub texts: u64,
    /// What our node said of the air.
    pub air: u64,
    /// Answers that did not arrive, the last ones.
    pub errors: u64,
    /// Bytes of the database file.
    pub file_bytes: u64,
    /// Bytes in it that hold nothing at the moment.
    pub free_bytes: u64,
    /// Bytes of the write-ahead log beside it.
    pub wal_bytes: u64,
}

impl Stock {
    /// Adds what is not written yet. Nodes and links of `fresh` may be among those
    /// that are.
    pub fn add(&mut self, fresh: &Self) {
        let add = |sum: &mut u64, more| *sum = sum.saturating_add(more);
        add(&mut self.packets, fresh.packets);
        add(&mut self.summed, fresh.summed);
        add(&mut self.texts, fresh.texts);
        add(&mut self.air, fresh.air);
        add(&mut self.keys, fresh.keys);
        self.errors = self.errors.saturating_add(fresh.errors).min(ERRORS);
        self.nodes = self.nodes.max(fresh.nodes);
        self.links = self.links.max(fresh.links);
        let spans = self.span.into_iter().chain(fresh.span);
        self.span = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
        let hours = self.first_hour.into_iter().chain(fresh.first_hour);
        self.first_hour = hours.min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_added_to_what_is_written() {
        let mut stock = Stock {
            packets: 10,
            span: Some((200, 300)),
            nodes: 5,
            errors: 49,
            ..Stock::default()
        };
        let fresh = Stock {
            packets: 70,
            span: Some((250, 400)),
            nodes: 7,
            errors: 3,
            summed: 2,
            first_hour: Some(150),
            ..Stock::default()
        };
        stock.add(&fresh);
        assert_eq!((stock.packets, stock.span), (80, Some((200, 400))));
        assert_eq!((stock.nodes, stock.errors), (7, 50));
        assert_eq!((stock.summed, stock.first_hour), (2, Some(150)));
        let mut empty = Stock::default();
        empty.add(&fresh);
        assert_eq!(empty, fresh);
    }
}
