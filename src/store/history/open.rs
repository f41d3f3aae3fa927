//! Finding the file, bringing it up to date, and what becomes of one that is
//! broken: it is moved aside, never deleted, and a fresh one is started.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use log::info;
use rusqlite::{Connection, OpenFlags};

use super::aside::{BELONGINGS, move_aside};
use super::claim::{self, APPLICATION_ID, Lock};
use super::disk::{BUSY, OpenError, PAGE_SIZE, beside, is_corrupt};
use super::{Limits, Writer, load, schema};
use crate::mesh::{Known, NodeNum};
use crate::store::file::PRIVATE;

/// A database that is ready, and what it knows.
#[derive(Debug)]
pub struct Opened {
    /// Writes it.
    pub writer: Writer,
    /// The node that we were connected with last.
    pub own: Option<NodeNum>,
    /// The nodes as they were heard through it, the most recent first.
    pub nodes: Vec<Known>,
    /// The same for other nodes that we were connected with before.
    pub others: Vec<(NodeNum, Vec<Known>)>,
}

/// Opens the database at `path`, makes it if there is none, takes the missing
/// steps of the schema. One that is broken is moved aside, and a fresh one
/// takes its place.
///
/// # Errors
/// When it is of a later version or not ours, when another process writes it,
/// or when the folder cannot be written to.
pub fn open(path: &Path, limits: Limits) -> Result<Opened, OpenError> {
    let lock = Lock::take(path)?;
    let mut opened = match open_as_it_is(path, limits) {
        Err(OpenError::Sql(error)) if is_corrupt(&error) => {
            move_aside(path, &error.to_string())?;
            open_as_it_is(path, limits)
        }
        other => other,
    }?;
    opened.writer.lock = lock;
    Ok(opened)
}

/// Puts a database that is open and broken aside and opens a fresh one.
///
/// # Errors
/// When the folder cannot be written to.
pub fn renew(writer: Writer, why: &str) -> Result<Opened, OpenError> {
    reopen(writer, |path| move_aside(path, why))
}

/// Opens what lies now at the path of a database that was deleted or replaced
/// while it was written, or a fresh one.
///
/// # Errors
/// When it is not ours, or the folder cannot be written to.
pub fn begin_anew(writer: Writer) -> Result<Opened, OpenError> {
    reopen(writer, |path| {
        // A log of one that is gone would be read into another.
        for ending in BELONGINGS {
            let _ = fs::remove_file(beside(path, ending));
        }
        Ok(())
    })
}

/// Closes, does something at the path, opens again.
fn reopen(
    mut writer: Writer,
    between: impl FnOnce(&Path) -> io::Result<()>,
) -> Result<Opened, OpenError> {
    let (path, limits) = (writer.path().to_owned(), writer.limits());
    // Nobody else gets it in between.
    let lock = writer.lock.take();
    drop(writer);
    between(&path)?;
    let mut opened = open_as_it_is(&path, limits)?;
    opened.writer.lock = lock;
    Ok(opened)
}

/// Opens for writing without keeping others from doing the same, for a short
/// while: SQLite lets them take turns. What is broken stays where it is.
///
/// # Errors
/// When it is of a later version or not ours, or cannot be written to.
pub fn open_as_it_is(path: &Path, limits: Limits) -> Result<Opened, OpenError> {
    let unclean = fs::metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > 0);
    // Where people are is nobody else's business on this board.
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(PRIVATE)
        .open(path)?;
    drop(file);
    let mut conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(BUSY)?;
    // Before anything is touched.
    if !claim::is_marked(&conn)? {
        return Err(OpenError::Foreign);
    }
    match schema::version(&conn)? {
        // The mark comes first: whatever is cut short after it is ours.
        0 => conn.execute_batch(&format!(
            "PRAGMA page_size = {PAGE_SIZE};
             PRAGMA auto_vacuum = INCREMENTAL;
             PRAGMA application_id = {APPLICATION_ID}"
        ))?,
        version if version > schema::STEPS.len() => return Err(OpenError::Newer(version)),
        _ => {}
    }
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -256;
         PRAGMA temp_store = MEMORY;
         PRAGMA cell_size_check = ON;
         PRAGMA trusted_schema = OFF;",
    )?;
    if let Some(copy) = schema::migrate(&mut conn, path, schema::STEPS)? {
        info!(
            "{}: brought up to date; as it was before: {}",
            path.display(),
            copy.display()
        );
    }
    let (own, nodes) = load::nodes(&conn)?;
    let others = load::others(&conn)?;
    let writer = Writer::new(conn, path, limits, unclean)?;
    Ok(Opened {
        writer,
        own,
        nodes,
        others,
    })
}

/// Opens an existing database for reading; a running bot is not disturbed.
///
/// # Errors
/// When there is none, it is not ours, or it is of another version and
/// `any_version` is not set.
pub fn read(path: &Path, any_version: bool) -> Result<Connection, OpenError> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenError::Missing),
        Err(error) => return Err(OpenError::File(error)),
        // Whoever opens a pipe waits for the other end.
        Ok(about) if !about.is_file() => return Err(OpenError::Foreign),
        Ok(_) => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    conn.busy_timeout(BUSY)?;
    if !claim::is_marked(&conn)? {
        return Err(OpenError::Foreign);
    }
    match schema::version(&conn)? {
        version if version == schema::STEPS.len() || any_version => Ok(conn),
        version if version > schema::STEPS.len() => Err(OpenError::Newer(version)),
        version => Err(OpenError::File(io::Error::other(format!(
            "it is of version {version}: run the bot once, which brings it up to date"
        )))),
    }
}
