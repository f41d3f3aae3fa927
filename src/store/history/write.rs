//! Commits batches: each is one transaction, synced before it counts.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use log::warn;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::claim::Lock;
use super::rows::{self, PER_SECOND};
use super::{Limits, WAL_LIMIT, disk, packed, unsigned, upkeep};
use crate::history::Batch;
use crate::mesh::Now;

/// Pages handed back to the file system after one batch, when the database is
/// larger than it may be.
const HAND_BACK: u32 = 512;
/// Hours of packets thinned, and of sums forgotten, with one batch: a bot that
/// was off for a month catches up within a few hours, and no batch is large.
const HOURS_AT_ONCE: u64 = 48;
/// Rounds of making room with one batch.
const ROUNDS: usize = 64;
/// The same for a piece of what the operator asks for.
const PRUNED_HOURS: u64 = 6;
/// See [`PRUNED_HOURS`].
const PRUNED_ROUNDS: usize = 2;
/// What is dated later than this, in seconds from now, is of a clock that was
/// wrong.
const AHEAD: u64 = 2 * 24 * 3_600;
/// A clock that has not been set for so long decides about the future: none
/// that is behind for a few days, because nobody tells a board the date, makes
/// the history go.
const STEADY: Duration = Duration::from_secs(7 * 24 * 3_600);
/// How far a clock may drift meanwhile, seconds.
const DRIFT: u64 = 3_600;

/// The one who writes.
#[derive(Debug)]
pub struct Writer {
    pub(super) conn: Connection,
    path: PathBuf,
    /// Which file it is.
    inode: Option<(u64, u64)>,
    /// And which its write-ahead log, once it was written to.
    log: Option<(u64, u64)>,
    pub(super) limits: Limits,
    /// Running number of the last text within its second.
    running: u64,
    /// The hour of the last upkeep, since 1970.
    upkept: u64,
    /// When the last packet was heard that was there at the start.
    newest: Option<u64>,
    clock: Clock,
    unclean: bool,
    /// That it could not be tidied up has been said.
    untidy: bool,
    /// Given back after the connection is closed.
    pub(super) lock: Option<Lock>,
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
        let newest = packed::span(&conn)?.map(|(_, last)| last);
        let last_text: Option<i64> =
            conn.query_row("SELECT max(id) FROM texts", [], |row| row.get(0))?;
        Ok(Self {
            conn,
            path: path.to_owned(),
            inode: inode(path),
            log: None,
            limits,
            running: last_text.map_or(0, unsigned) % PER_SECOND,
            upkept: 0,
            newest,
            clock: Clock::default(),
            unclean,
            untidy: false,
            lock: None,
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
        if self.unclean {
            self.look_over()
        } else {
            Ok(())
        }
    }

    /// Looks it over, however it was closed.
    ///
    /// # Errors
    /// [`rusqlite::ErrorCode::DatabaseCorrupt`] when it is broken.
    pub fn look_over(&self) -> rusqlite::Result<()> {
        let found: String = self
            .conn
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found == "ok" {
            return Ok(());
        }
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(code, Some(found)))
    }

    /// Whether what is written here is still what lies at the path: somebody may
    /// have deleted or replaced it, or its log.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        let log = || inode(&disk::beside(&self.path, "-wal"));
        self.inode == inode(&self.path) && (self.log.is_none() || self.log == log())
    }

    /// Commits a batch. When this returns, a power cut cannot take it any more.
    ///
    /// # Errors
    /// When the disk is full or broken; nothing of the batch is there then,
    /// unless the file itself is broken.
    pub fn apply(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        let written = self.write(batch);
        self.log = inode(&disk::beside(&self.path, "-wal"));
        written
    }

    fn write(&mut self, batch: &Batch) -> rusqlite::Result<()> {
        let now = batch.dated.then_some(batch.now.unix);
        let mut running = self.running;
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let own = rows::own_id(&tx, batch.own)?;
        packed::write(&tx, own, batch)?;
        rows::sums(&tx, own, batch)?;
        rows::links(&tx, own, batch)?;
        rows::texts(&tx, own, batch, &mut running)?;
        rows::air(&tx, own, batch)?;
        rows::nodes(&tx, now, &batch.nodes)?;
        rows::heard(&tx, own, now, &batch.nodes)?;
        rows::facts(&tx, own, batch)?;
        if batch.closing {
            // The program has two seconds left: the next run tidies up.
            tx.commit()?;
            self.running = running;
            return Ok(());
        }
        let mut upkept = self.upkept;
        if batch.dated {
            let now = self.clock.believe(batch.now, self.newest);
            let hour = now / 3_600;
            if hour != upkept && !upkeep::by_age(&tx, self.limits, hour, HOURS_AT_ONCE)? {
                upkept = hour;
            }
            if hour != self.upkept && self.clock.is_steady(batch.now) {
                upkeep::from_the_future(&tx, now + AHEAD)?;
            }
        }
        upkeep::by_size(&tx, self.limits, ROUNDS)?;
        tx.commit()?;
        self.running = running;
        self.upkept = upkept;
        match self.tidy() {
            Err(error) if disk::is_corrupt(&error) => Err(error),
            Err(error) => {
                if !std::mem::replace(&mut self.untidy, true) {
                    warn!("the history is written, but not tidied up: {error}");
                }
                Ok(())
            }
            Ok(()) => {
                self.untidy = false;
                Ok(())
            }
        }
    }

    /// Empties the write-ahead log when it has grown enough, and hands pages
    /// back when the database is larger than it may be.
    fn tidy(&self) -> rusqlite::Result<()> {
        if upkeep::file_bytes(&self.conn)? > self.limits.max_bytes {
            hand_back(&self.conn, HAND_BACK)?;
        }
        let wal = std::fs::metadata(disk::beside(&self.path, "-wal"));
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
        let now = Clock::default().believe(
            Now {
                mono: Duration::ZERO,
                unix: now,
            },
            self.newest,
        );
        // Each round makes its own room: on a full disk there is none to begin with.
        checkpoint(&self.conn)?;
        while self.prune_some(now)? {
            self.hand_back_all()?;
        }
        self.hand_back_all()
    }

    /// A piece of it, so small that its log needs little room. `true` when there
    /// is more to do.
    pub(super) fn prune_some(&mut self, now: u64) -> rusqlite::Result<bool> {
        let tx = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let more = upkeep::by_age(&tx, self.limits, now / 3_600, PRUNED_HOURS)?
            | upkeep::by_size(&tx, self.limits, PRUNED_ROUNDS)?;
        tx.commit()?;
        Ok(more)
    }

    /// Hands all free pages back to the file system.
    fn hand_back_all(&self) -> rusqlite::Result<()> {
        checkpoint(&self.conn)?;
        let mut free = upkeep::free_pages(&self.conn)?;
        while free > 0 {
            hand_back(&self.conn, HAND_BACK)?;
            checkpoint(&self.conn)?;
            let left = upkeep::free_pages(&self.conn)?;
            if left >= free {
                // Somebody has rebuilt it in a way that gives nothing back.
                break;
            }
            free = left;
        }
        Ok(())
    }
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.dev(), about.ino()))
}

/// What time it is for those who forget. What is forgotten is gone for good, so
/// a clock that is suddenly far ahead is not followed before it has stayed so
/// for a day.
#[derive(Debug, Default)]
struct Clock {
    /// When it was last believed: since the program started, and the time.
    last: Option<(Duration, u64)>,
    doubted_since: Option<Duration>,
    /// Since when nobody has set it: since the program started, and the time.
    steady_since: Option<(Duration, u64)>,
}

impl Clock {
    /// `newest` is the history's own last word, for the first time.
    fn believe(&mut self, now: Now, newest: Option<u64>) -> u64 {
        const DAY: Duration = Duration::from_secs(24 * 3_600);
        let (set_at, set_to) = *self.steady_since.get_or_insert((now.mono, now.unix));
        let expected = set_to + now.mono.saturating_sub(set_at).as_secs();
        if now.unix.abs_diff(expected) > DRIFT {
            self.steady_since = Some((now.mono, now.unix));
        }
        let (since, then) = self.last.unwrap_or((now.mono, newest.unwrap_or(now.unix)));
        let passed = now.mono.saturating_sub(since);
        let latest = then.saturating_add((passed + 2 * DAY).as_secs());
        if now.unix > latest {
            let doubted_since = *self.doubted_since.get_or_insert(now.mono);
            if now.mono.saturating_sub(doubted_since) < DAY {
                self.last = Some((since, then));
                return latest;
            }
        }
        self.doubted_since = None;
        self.last = Some((now.mono, now.unix));
        now.unix
    }

    /// Nobody has set the clock for a week.
    fn is_steady(&self, now: Now) -> bool {
        self.steady_since
            .is_some_and(|(since, _)| now.mono.saturating_sub(since) >= STEADY)
    }
}

/// A reader who holds on to an old state prevents it; then it is tried again
/// after the next batch.
fn checkpoint(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::ZERO)?;
    let emptied = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    conn.busy_timeout(disk::BUSY)?;
    match emptied {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Ok(()),
        emptied => emptied,
    }
}

fn hand_back(conn: &Connection, pages: u32) -> rusqlite::Result<()> {
    let mut statement = conn.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
