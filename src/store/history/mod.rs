//! What the mesh did, kept for a month in SQLite on a cheap memory card.
//!
//! In reading order: [`schema`] is what is kept and how it is brought up to
//! date, [`claim`] tells whether a file is ours to write, [`mod@open`] finds, checks
//! and, if need be, renews the file, [`aside`] keeps what was broken, [`mod@write`]
//! commits batches of [`rows`] and of [`packed`] packets, [`upkeep`] forgets,
//! [`load`] is what is known at the start, [`stats`] and [`export`] are for the
//! operator, [`thread`] is the one thread that writes, [`read`] the one that answers.
//!
//! Every commit is synced (`synchronous=FULL`): with a batch in ten minutes
//! that costs some 150 syncs a day, and a power cut takes the last batch at
//! most. The write-ahead log is emptied whenever it has grown to [`WAL_LIMIT`]
//! and never in part, so a torn log is always a beginning of what was
//! committed. There is no VACUUM: freed pages are used again.

pub mod aside;
pub mod claim;
pub mod disk;
pub mod export;
pub mod load;
pub mod open;
pub mod packed;
pub mod read;
pub mod rows;
pub mod schema;
pub mod stats;
pub mod thread;
pub mod upkeep;
pub mod write;

#[cfg(test)]
mod tests;

use std::time::Duration;

use rusqlite::Error;

pub use disk::OpenError;
pub use open::{Opened, open};
pub use write::Writer;

use crate::config;

/// The write-ahead log is emptied into the database at this size, in bytes.
pub const WAL_LIMIT: u64 = 4 * 1024 * 1024;

/// How much is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Nothing of the mesh's traffic is kept longer.
    pub keep: Duration,
    /// Bytes that database and write-ahead log may take together.
    pub max_bytes: u64,
}

impl From<&config::Store> for Limits {
    fn from(store: &config::Store) -> Self {
        Self {
            keep: store.keep,
            max_bytes: store.max_size * 1024 * 1024,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::from(&config::Store::default())
    }
}

/// SQLite has no unsigned numbers of 64 bits.
fn int(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Whether a row holds what it should: a flipped bit in one is no reason to lose
/// the others.
fn is_legible<T>(row: &rusqlite::Result<T>) -> bool {
    !matches!(
        row,
        Err(Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..))
    )
}

/// What we wrote ourselves is never negative.
fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
