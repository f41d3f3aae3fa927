//! Commits batches: each is one transaction, synced before it counts.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};

use super::rows::{self, PER_SECOND};
use super::{Limits, WAL_LIMIT, open, unsigned, upkeep};
use crate::bot::record::Batch;

/// Pages handed back to the file system after one batch, when the database is
/// larger than it may be.
const HAND_BACK: u32 = 512;

/// The one who writes.
#[derive(Debug)]
pub struct Writer {
    pub(super) conn: Connection,
    path: PathBuf,
    pub(super) limits: Limits,
    /// Running number of the last packet within its second.
    running: u64,
    /// The hour of the last upkeep, since 1970.
    upkept: u64,
    unclean: bool,
}

impl Writer {
    /// Writes an open database of today's version at `path`. `unclean` tells
    /// that somebody had no time to close it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn new(
        conn: Connection,
        path: &Path,
        limits: Limits,
        unclean: bool,
    ) -> rusqlite::Result<Self> {
        let last: Option<i64> =
            conn.query_row("SELECT max(id) FROM packets", [], |row| row.get(0))?;
        Ok(Self {
            conn,
            path: path.to_owned(),
            limits,
            running: last.map_or(0, unsigned) % PER_SECOND,
            upkept: 0,
            unclean,
        })
    }

    /// Where the database lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How much is kept.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Looks over a database that was not closed in order: a memory card may
    /// have lost more than it should. Reads all of it, so not before somebody
    /// waits for an answer.
    ///
    /// # Errors
    /// [`rusqlite::ErrorCode::DatabaseCorrupt`] when it is broken.
    pub fn check(&self) -> rusqlite::Result<()> {
        if !self.unclean {
            return Ok(());
        }
        let found: String = self
            .conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found == "ok" {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(code, Some(found)))
    }

    /// Commits a batch. When this returns, a power cut cannot take it any more.
    ///
    /// # Errors
    /// When the disk is full or broken; nothing of the batch is there then.
    pub fn apply(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        let now = batch.dated.then_some(batch.now.unix);
        let mut running = self.running;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let own = rows::own_id(&tx, batch.own)?;
        rows::packets(&tx, own, batch, &mut running)?;
        rows::links(&tx, own, batch)?;
        rows::air(&tx, own, batch)?;
        rows::nodes(&tx, now, &batch.nodes)?;
        rows::heard(&tx, own, &batch.nodes)?;
        rows::facts(&tx, own, batch)?;
        let hour = now.map_or(0, |now| now / 3_600);
        let upkeep_due = hour > self.upkept;
        if upkeep_due {
            upkeep::by_age(&tx, self.limits, hour)?;
        }
        upkeep::by_size(&tx, self.limits)?;
        tx.commit()?;
        self.running = running;
        self.upkept = self.upkept.max(hour);
        self.tidy()
    }

    /// Empties the write-ahead log when it has grown enough, and hands pages
    /// back when the database is larger than it may be.
    fn tidy(&self) -> rusqlite::Result<()> {
        if upkeep::file_bytes(&self.conn)? > self.limits.max_bytes {
            hand_back(&self.conn, HAND_BACK)?;
        }
        let wal = std::fs::metadata(open::beside(&self.path, "-wal"));
        if wal.is_ok_and(|wal| wal.len() >= WAL_LIMIT) {
            checkpoint(&self.conn)?;
        }
        Ok(())
    }

    /// Applies the limits now, and hands all free pages back to the file
    /// system: for the operator.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn prune(&mut self, now: u64) -> rusqlite::Result<()> {
        loop {
            let tx = self
                .conn
                .transaction_with_behavior(TransactionBehavior::Immediate)?;
            let more =
                upkeep::by_age(&tx, self.limits, now / 3_600)? | upkeep::by_size(&tx, self.limits)?;
            tx.commit()?;
            if !more {
                break;
            }
        }
        while upkeep::free_pages(&self.conn)? > 0 {
            hand_back(&self.conn, HAND_BACK)?;
        }
        checkpoint(&self.conn)
    }
}

/// A reader who holds on to an old state prevents it; then it is tried again
/// after the next batch.
fn checkpoint(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn hand_back(conn: &Connection, pages: u32) -> rusqlite::Result<()> {
    let mut statement = conn.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
