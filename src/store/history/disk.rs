//! The file on the disk: what lies beside it, a copy of it, and why it cannot be
//! opened.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use crate::store::file::PRIVATE;

/// How long a commit waits for somebody else who writes, for example
/// `meshbot db prune`.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Bytes. Rows change here and there, and a page is written as a whole: small
/// ones are easier on a memory card.
pub(super) const PAGE_SIZE: u32 = 2_048;

/// Why there is no history.
#[derive(Debug)]
pub enum OpenError {
    /// It was written by a later version of meshbot; its number.
    Newer(usize),
    /// There is none, and none was to be made.
    Missing,
    /// It is somebody else's file.
    Foreign,
    /// Another process writes it.
    Taken,
    /// The database cannot be read or written.
    Sql(rusqlite::Error),
    /// A file cannot be read, written or moved.
    File(io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(version) => {
                write!(f, "a later meshbot wrote it (version {version})")
            }
            Self::Missing => f.write_str("there is no such file"),
            Self::Foreign => f.write_str(
                "it is no history of meshbot and is left alone; to begin one there, move it away",
            ),
            Self::Taken => f.write_str(
                "another meshbot is writing it (two with the same node throw each other out)",
            ),
            Self::Sql(error) => error.fmt(f),
            Self::File(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

/// Writes a copy of the database as it is at this moment, durably. Somebody may
/// be writing meanwhile.
///
/// # Errors
/// When the file exists already, or cannot be written.
pub fn copy_into(conn: &Connection, copy: &Path) -> Result<(), OpenError> {
    // A name that SQLite takes for an address of its own is none with a path.
    let copy = &std::path::absolute(copy)?;
    let name = copy
        .to_str()
        .ok_or_else(|| io::Error::other("the file's name is not UTF-8"))?;
    // SQLite fills an empty file, but no other; nobody else may read it.
    let made = File::options()
        .write(true)
        .create_new(true)
        .mode(PRIVATE)
        .open(copy);
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::other("the file exists already"),
        _ => error,
    })?;
    let written = conn
        .execute("VACUUM INTO ?1", [name])
        .map_err(OpenError::from)
        .and_then(|_| Ok(File::open(copy)?.sync_all()?));
    if written.is_err() {
        // Half a copy is none.
        let _ = fs::remove_file(copy);
    }
    written
}

/// Whether the file itself is the trouble.
#[must_use]
pub fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}

/// The file's name with something appended.
#[must_use]
pub fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
