//! Counts and sizes, for the operator.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::open::{self, OpenError};
use super::rows::PER_SECOND;
use super::{schema, unsigned, upkeep};
use crate::mesh::NodeNum;

/// What a database holds and what it takes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stats {
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
    /// Pairs of nodes that hear each other, as others say.
    pub links: u64,
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

/// Looks into the database at `path`.
///
/// # Errors
/// When it cannot be read.
pub fn stats(conn: &Connection, path: &Path) -> Result<Stats, OpenError> {
    let number = |sql: &str| -> rusqlite::Result<Option<u64>> {
        let value: Option<i64> = conn.query_row(sql, [], |row| row.get(0))?;
        Ok(value.map(unsigned))
    };
    let count = |sql: &str| number(sql).map(Option::unwrap_or_default);
    let second = |id: u64| id / PER_SECOND;
    let first = number("SELECT min(id) FROM packets")?.map(second);
    let last = number("SELECT max(id) FROM packets")?.map(second);
    let own = number("SELECT num FROM own ORDER BY latest DESC LIMIT 1");
    let own = match own {
        Err(rusqlite::Error::QueryReturnedNoRows) => None,
        own => own?,
    };
    let page = count("PRAGMA page_size")?;
    Ok(Stats {
        version: schema::version(conn)?,
        own: own.and_then(|num| u32::try_from(num).ok()).map(NodeNum),
        nodes: count("SELECT count(*) FROM nodes")?,
        with_key: count("SELECT count(public_key) FROM nodes")?,
        names: count("SELECT count(*) FROM names")?,
        keys: count("SELECT count(*) FROM keys")?,
        packets: count("SELECT count(*) FROM packets")?,
        span: first.zip(last),
        hours: count("SELECT count(*) FROM hours")?,
        summed: count("SELECT sum(packets) FROM hours")?,
        first_hour: number("SELECT min(hour) FROM hours")?.map(|hour| hour * 3_600),
        links: count("SELECT count(*) FROM links")?,
        air: count("SELECT count(*) FROM air")?,
        errors: count("SELECT count(*) FROM errors")?,
        file_bytes: upkeep::file_bytes(conn)?,
        free_bytes: upkeep::free_pages(conn)? * page,
        wal_bytes: fs::metadata(open::beside(path, "-wal")).map_or(0, |wal| wal.len()),
    })
}
