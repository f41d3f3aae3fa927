//! What the history holds and what it takes.

use crate::mesh::NodeNum;

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
    /// Answers that did not arrive, the last fifty.
    pub errors: u64,
    /// Bytes of the database file.
    pub file_bytes: u64,
    /// Bytes in it that hold nothing at the moment.
    pub free_bytes: u64,
    /// Bytes of the write-ahead log beside it.
    pub wal_bytes: u64,
}
