//! Counts and sizes, for the operator.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::disk::{self, OpenError};
use super::{load, packed, schema, unsigned, upkeep};
use crate::history::insight::{HOUR, Stock};

/// Looks into the database at `path`.
///
/// # Errors
/// When it cannot be read.
pub fn stats(conn: &Connection, path: &Path) -> Result<Stock, OpenError> {
    let number = |sql: &str| -> rusqlite::Result<Option<u64>> {
        let value: Option<i64> = conn.query_row(sql, [], |row| row.get(0))?;
        Ok(value.map(unsigned))
    };
    let count = |sql: &str| number(sql).map(Option::unwrap_or_default);
    let owns = load::owns(conn)?;
    let page = count("PRAGMA page_size")?;
    Ok(Stock {
        version: schema::version(conn)?,
        own: owns.first().map(|&(_, own)| own),
        nodes: count("SELECT count(*) FROM nodes")?,
        with_key: count("SELECT count(public_key) FROM nodes")?,
        names: count("SELECT count(*) FROM names")?,
        keys: count("SELECT count(*) FROM keys")?,
        packets: packed::count(conn)?,
        span: packed::span(conn)?,
        hours: count("SELECT count(*) FROM hours")?,
        summed: count("SELECT CAST(total(packets) AS INTEGER) FROM hours")?,
        first_hour: number("SELECT min(hour) FROM hours")?.map(|hour| hour.saturating_mul(HOUR)),
        links: count("SELECT count(*) FROM links")?,
        texts: count("SELECT count(*) FROM texts")?,
        air: count("SELECT count(*) FROM air")?,
        errors: count("SELECT count(*) FROM errors")?,
        file_bytes: upkeep::file_bytes(conn)?,
        free_bytes: upkeep::free_pages(conn)? * page,
        wal_bytes: fs::metadata(disk::beside(path, "-wal")).map_or(0, |wal| wal.len()),
    })
}
