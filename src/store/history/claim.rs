//! Whose file is it? What is not ours is never moved and never written to, and
//! of two bots with the same history one goes on without.
//!
//! Ours are: a file that is not there or empty; a database with our mark
//! ([`APPLICATION_ID`]), whole or broken; one of the first versions, which had no
//! mark yet, by its shape; what is nothing but zeros, as a power cut leaves it; and
//! whatever lies where the file beside it says that a meshbot keeps its history.
//!
//! That file, with the ending `.lock`, is there for good, for a lock that is
//! taken away can be taken twice. It is not the database itself because SQLite
//! has locks of its own on that, which go when anybody closes the file.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use log::debug;
use rusqlite::Connection;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::disk::{self, OpenError};
use crate::store::file::PRIVATE;

/// What a database of ours carries in its header: the letters `mbot`.
pub const APPLICATION_ID: u32 = 0x6d62_6f74;
/// The last version without it.
const UNMARKED: u32 = 2;
/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// What the lock file says.
const WORD: &[u8] = b"meshbot\n";

/// The right to write a history. It ends when this is dropped, and with the
/// process, however that ends.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Takes the right to the history at `path`; `None` where the file system
    /// knows no locks.
    ///
    /// # Errors
    /// [`OpenError::Foreign`] when the file is not ours, [`OpenError::Taken`]
    /// when another process has the right, and when the folder is closed to us.
    pub fn take(path: &Path) -> Result<Option<Self>, OpenError> {
        if !is_ours(path)? {
            return Err(OpenError::Foreign);
        }
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(PRIVATE)
            .open(disk::beside(path, ".lock"))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(OpenError::Taken),
            Err(error) => {
                debug!("{}: {error}: nobody is kept off", path.display());
                return Ok(None);
            }
        }
        // A full disk is no reason to go without a history.
        if file.metadata()?.len() == 0
            && let Err(error) = file.write_all(WORD).and_then(|()| file.sync_all())
        {
            debug!("{}: {error}: its lock says nothing", path.display());
        }
        Ok(Some(Self(file)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Said aloud: a child that is just being started has the file open too.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// Whether we may write what lies at `path`, and move it away when it is broken.
///
/// # Errors
/// When it cannot be read.
pub fn is_ours(path: &Path) -> io::Result<bool> {
    let about = match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(true),
        about => about?,
    };
    if !about.is_file() {
        return Ok(false);
    }
    let mut header = Vec::new();
    File::open(path)?.take(100).read_to_end(&mut header)?;
    if header.starts_with(MAGIC) && header.len() == 100 {
        return Ok(match word(&header, 68) {
            APPLICATION_ID => true,
            0 => is_shaped_like_an_early_one(&header),
            _ => false,
        });
    }
    Ok(about.len() == 0 || is_claimed(path) || is_all_zero(path)?)
}

/// Four bytes of a header. The places are SQLite's (sqlite.org, "Database File
/// Format", 1.3).
fn word(header: &[u8], at: usize) -> u32 {
    let bytes = header
        .get(at..at + 4)
        .and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_be_bytes)
}

/// Small pages, handed back bit by bit, and no version that we never had.
/// [`is_marked`] looks closer when the database is open.
fn is_shaped_like_an_early_one(header: &[u8]) -> bool {
    let page_size = word(header, 16) >> 16;
    let incremental = word(header, 64);
    page_size == disk::PAGE_SIZE && incremental == 1 && word(header, 60) <= UNMARKED
}

fn is_claimed(path: &Path) -> bool {
    let lock = disk::beside(path, ".lock");
    super::super::file::read(&lock, 64).is_ok_and(|text| text.as_bytes() == WORD)
}

fn is_all_zero(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut buffer = [0; 4_096];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(true),
            n if buffer[..n].iter().any(|&byte| byte != 0) => return Ok(false),
            _ => {}
        }
    }
}

/// Whether an open database is ours: it has our mark, or the tables of the
/// versions that had none, or nothing yet.
///
/// # Errors
/// When it cannot be read.
pub fn is_marked(conn: &Connection) -> rusqlite::Result<bool> {
    let id: i64 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    if id != 0 {
        return Ok(id == i64::from(APPLICATION_ID));
    }
    let (all, known): (u32, u32) = conn.query_row(
        "SELECT count(*), count(*) FILTER
           (WHERE name IN ('own', 'nodes', 'heard', 'packets', 'hours', 'errors'))
         FROM sqlite_schema WHERE type = 'table'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(all == 0 || known == 6)
}
