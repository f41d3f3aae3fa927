//! What is forgotten: by age, and by size when the mesh is busier than usual.
//!
//! Single packets are kept for a week; what the commands ask for single packets
//! reaches back two days at most, and a week shows its rhythm. What is older is
//! thinned to one row for each hour, node and port, which records and boards
//! of a month need. At 20 packets a minute a week of packets is some 4 MB and
//! a month of hours some 10 MB.

use std::time::Duration;

use rusqlite::{Connection, Transaction, params};

use super::rows::{ADD_TO_HOUR, PER_SECOND};
use super::{Limits, WAL_LIMIT, int, packed, unsigned};
use crate::history::Medium;
use crate::history::insight::{HOUR, TEXTS_MAX};

/// How long single packets are kept.
pub const RAW: Duration = Duration::from_secs(7 * 24 * 3_600);
/// Nodes that are remembered; the one that was heard longest ago goes first.
pub const NODES: u32 = 4_096;
/// Of so many nodes that are remembered one may be new today.
const STRANGERS: u32 = 8;
/// Former names remembered of one node.
pub const NAMES: u32 = 8;
/// Pairs of nodes remembered that hear each other, by witness.
pub const LINKS: u32 = 8_192;
/// Texts remembered.
pub const TEXTS: u32 = 4_096;
/// Key changes remembered.
pub const KEYS: u32 = 500;

/// Forgets what is too old at `hour` (since 1970), but thins no more than `most`
/// hours of packets and forgets no more of sums. `true` when there is more to do.
///
/// # Errors
/// When the disk is full or broken.
pub fn by_age(
    tx: &Transaction<'_>,
    limits: Limits,
    hour: u64,
    most: u64,
) -> rusqlite::Result<bool> {
    let oldest = hour.saturating_sub(limits.keep.as_secs() / 3_600);
    let oldest_raw = hour.saturating_sub(RAW.min(limits.keep).as_secs() / 3_600);
    let mut rest = most;
    while let Some(first) = packed::next_hour(tx, 0)?.filter(|&first| first < oldest_raw) {
        if rest == 0 {
            return Ok(true);
        }
        rest -= 1;
        thin(tx, first, first >= oldest)?;
    }
    let first: Option<i64> = tx.query_row("SELECT min(hour) FROM hours", [], |row| row.get(0))?;
    let upto = oldest.min(first.map_or(oldest, unsigned).saturating_add(most));
    tx.execute("DELETE FROM hours WHERE hour < ?1", [int(upto)])?;
    tx.execute("DELETE FROM air WHERE time < ?1", [int(oldest * 3_600)])?;
    tx.execute("DELETE FROM links WHERE time < ?1", [int(oldest * 3_600)])?;
    forget_texts(tx, hour)?;
    forget_links(tx)?;
    tx.execute(
        "DELETE FROM keys WHERE id <= (SELECT max(id) FROM keys) - ?1",
        [KEYS],
    )?;
    tx.execute(
        "DELETE FROM names WHERE (num, until) IN (
           SELECT num, until FROM (
             SELECT num, until, row_number() OVER (PARTITION BY num ORDER BY until DESC) AS nth
             FROM names) WHERE nth > ?1)",
        [NAMES],
    )?;
    forget_nodes(tx, hour)?;
    Ok(upto < oldest)
}

/// Forgets what a clock that was ahead has dated later than `latest`, in seconds
/// since 1970: it would never become too old. Nodes stay, without these times.
///
/// # Errors
/// When the disk is full or broken.
pub fn from_the_future(tx: &Transaction<'_>, latest: u64) -> rusqlite::Result<()> {
    let after = |table: &str, column: &str, value: u64| {
        tx.execute(
            &format!("DELETE FROM {table} WHERE {column} > ?1"),
            [int(value)],
        )
    };
    let [_, last] = packed::keys(&(0..=latest / HOUR));
    tx.execute("DELETE FROM packed WHERE id > ?1", [last])?;
    after("texts", "id", latest.saturating_mul(PER_SECOND))?;
    after("hours", "hour", latest / HOUR)?;
    after("air", "time", latest)?;
    after("links", "time", latest)?;
    after("names", "until", latest)?;
    let unset = |table: &str, column: &str| {
        tx.execute(
            &format!("UPDATE {table} SET {column} = NULL WHERE {column} > ?1"),
            [int(latest)],
        )
    };
    unset("nodes", "first_seen")?;
    unset("links", "far_at")?;
    for column in ["last_heard", "position_at", "metrics_at", "direct_at"] {
        unset("heard", column)?;
    }
    unset("keys", "time")?;
    unset("errors", "time")?;
    Ok(())
}

/// Single packets of one hour become sums. What had waited in our node is not
/// summed up.
fn thin(tx: &Transaction<'_>, hour: u64, sum_up: bool) -> rusqlite::Result<()> {
    let hours = hour..=hour;
    if sum_up {
        let mut add = tx.prepare(ADD_TO_HOUR)?;
        packed::each_piece(tx, &hours, |piece| {
            for (_, heard) in piece.packets().filter(|(_, heard)| !heard.late) {
                let by_radio = heard.medium == Medium::Radio;
                let direct = by_radio && heard.hops == Some(0);
                add.execute(params![
                    int(hour),
                    piece.own,
                    heard.from.0,
                    heard.port,
                    1,
                    heard.medium == Medium::Mqtt,
                    direct,
                    heard.snr_q.filter(|_| direct),
                    heard.hops.filter(|_| by_radio),
                ])?;
            }
            Ok(())
        })?;
    }
    tx.execute(
        "DELETE FROM packed WHERE id BETWEEN ?1 AND ?2",
        packed::keys(&hours),
    )?;
    Ok(())
}

/// Texts are for those who missed them, not for the archive.
fn forget_texts(tx: &Transaction<'_>, hour: u64) -> rusqlite::Result<()> {
    let oldest = int(hour.saturating_sub(u64::from(TEXTS_MAX)) * 3_600 * PER_SECOND);
    tx.execute("DELETE FROM texts WHERE id < ?1", [oldest])?;
    tx.execute(
        "DELETE FROM texts WHERE id <= (SELECT id FROM texts ORDER BY id DESC LIMIT 1 OFFSET ?1)",
        [TEXTS],
    )?;
    Ok(())
}

fn forget_links(tx: &Transaction<'_>) -> rusqlite::Result<()> {
    let count: u32 = tx.query_row("SELECT count(*) FROM links", [], |row| row.get(0))?;
    if count > LINKS {
        tx.execute(
            "DELETE FROM links WHERE (own, sender, hearer, witness) IN (
               SELECT own, sender, hearer, witness FROM links ORDER BY time LIMIT ?1)",
            [count - LINKS],
        )?;
    }
    Ok(())
}

/// Nodes met within a day go first when there are many: nobody makes the history
/// forget a mesh by making up nodes.
fn forget_nodes(tx: &Transaction<'_>, hour: u64) -> rusqlite::Result<()> {
    let count: u32 = tx.query_row("SELECT count(*) FROM nodes", [], |row| row.get(0))?;
    if count <= NODES {
        return Ok(());
    }
    tx.execute(
        "DELETE FROM nodes WHERE num IN (
           SELECT num FROM nodes
           LEFT JOIN (SELECT num, max(last_heard) AS last FROM heard GROUP BY num) USING (num)
           WHERE num NOT IN (SELECT num FROM own)
           ORDER BY CASE WHEN (SELECT count(*) FROM nodes WHERE first_seen > ?2) > ?3
                    THEN coalesce(first_seen > ?2, 0) ELSE 0 END DESC, last
           LIMIT ?1)",
        params![
            count - NODES,
            int(hour.saturating_sub(24) * HOUR),
            NODES / STRANGERS,
        ],
    )?;
    tx.execute(
        "DELETE FROM heard WHERE num NOT IN (SELECT num FROM nodes)",
        [],
    )?;
    tx.execute(
        "DELETE FROM names WHERE num NOT IN (SELECT num FROM nodes)",
        [],
    )?;
    Ok(())
}

/// Forgets the oldest until the rest fits, with a tenth to spare, in at most
/// `rounds`. `true` when there is more to do.
///
/// # Errors
/// When the disk is full or broken.
pub fn by_size(tx: &Transaction<'_>, limits: Limits, rounds: usize) -> rusqlite::Result<bool> {
    let room = limits.max_bytes.saturating_sub(WAL_LIMIT) / 10 * 9;
    let mut rounds = rounds;
    while used_bytes(tx)? > room {
        if rounds == 0 {
            return Ok(true);
        }
        rounds -= 1;
        let thinned = tx.execute(
            "DELETE FROM hours WHERE hour < (SELECT min(hour) FROM hours) + 24",
            [],
        )?;
        if thinned > 0 {
            continue;
        }
        let Some(first) = packed::next_hour(tx, 0)? else {
            break;
        };
        let [_, last] = packed::keys(&(first..=first + 5));
        tx.execute("DELETE FROM packed WHERE id <= ?1", [last])?;
    }
    Ok(false)
}

fn pragma(conn: &Connection, name: &str) -> rusqlite::Result<u64> {
    conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
        .map(unsigned)
}

/// Pages that hold nothing.
///
/// # Errors
/// When the database cannot be read.
pub fn free_pages(conn: &Connection) -> rusqlite::Result<u64> {
    pragma(conn, "freelist_count")
}

/// Size of the database file once the write-ahead log is emptied into it.
///
/// # Errors
/// When the database cannot be read.
pub fn file_bytes(conn: &Connection) -> rusqlite::Result<u64> {
    Ok(pragma(conn, "page_count")? * pragma(conn, "page_size")?)
}

fn used_bytes(conn: &Connection) -> rusqlite::Result<u64> {
    let used = pragma(conn, "page_count")?.saturating_sub(free_pages(conn)?);
    Ok(used * pragma(conn, "page_size")?)
}
