//! The history: what it costs, what it survives, what it never counts.

mod budget;
mod crash;
mod fixture;
mod flood;
mod insight;
mod operator;
mod traffic;
pub mod truth;

use std::path::{Path, PathBuf};

use meshbot::history::Heard;
use meshbot::store::history::{self, Limits, Writer, packed};
use rusqlite::Connection;
use tempfile::TempDir;

/// A folder and the database in it.
pub fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meshbot.db");
    (folder, path)
}

pub fn writer(path: &Path) -> Writer {
    history::open(path, Limits::default()).unwrap().writer
}

/// One number out of a database.
fn number(path: &Path, sql: &str) -> i64 {
    let conn = Connection::open(path).unwrap();
    conn.query_row(sql, [], |row| row.get::<_, Option<i64>>(0))
        .unwrap()
        .unwrap_or(0)
}

/// The single packets that are kept, as they were heard.
fn packets(path: &Path) -> Vec<Heard> {
    let conn = Connection::open(path).unwrap();
    let mut all = Vec::new();
    packed::each_piece(&conn, &(0..=u64::MAX), |piece| {
        all.extend(piece.packets().map(|(_, heard)| heard));
        Ok(())
    })
    .unwrap();
    all
}

fn is_sound(path: &Path) -> bool {
    let conn = Connection::open(path).unwrap();
    let found: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    found == "ok"
}
