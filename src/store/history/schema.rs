//! The tables, and how a database of an earlier version becomes one of today.
//!
//! `PRAGMA user_version` counts the steps that have been taken. Each step is
//! one transaction; before the first of them an existing database is copied
//! beside itself.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::disk::{self, OpenError};

/// All steps so far, the first from an empty file. Never change one that was
/// released: append.
pub const STEPS: &[&str] = &[
    include_str!("step1.sql"),
    include_str!("step2.sql"),
    include_str!("step3.sql"),
    include_str!("step4.sql"),
];

/// Which version a database is of.
///
/// # Errors
/// When it cannot be read.
pub fn version(conn: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Takes the `steps` that a database at `path` lacks. Returns where the copy
/// lies that was made before.
///
/// # Errors
/// When the database is of a later version, or cannot be copied or written to.
pub fn migrate(
    conn: &mut Connection,
    path: &Path,
    steps: &[&str],
) -> Result<Option<PathBuf>, OpenError> {
    let from = version(conn)?;
    let Some(missing) = steps.get(from..) else {
        return Err(OpenError::Newer(from));
    };
    let copy = if from > 0 && !missing.is_empty() {
        let copy = disk::beside(path, &format!(".version-{from}"));
        // One of an attempt that did not come to its end.
        if copy.exists() {
            std::fs::remove_file(&copy)?;
        }
        disk::copy_into(conn, &copy)?;
        Some(copy)
    } else {
        None
    };
    for (at, step) in (from + 1..).zip(missing) {
        let tx = conn.transaction()?;
        tx.execute_batch(step)?;
        tx.execute_batch(&format!("PRAGMA user_version = {at}"))?;
        tx.commit()?;
    }
    Ok(copy)
}
