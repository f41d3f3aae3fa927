//! What is known at the start: the nodes as they were heard through our own
//! node before.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

use log::warn;
use rusqlite::{Connection, Row};

use crate::history::insight::HOUR;
use crate::history::rows::{VIEW_NODES, VIEWS};
use crate::history::{Heard, Medium};
use crate::mesh::book::DEFAULT_CAPACITY;
use crate::mesh::{Hops, Known, KnownDirect, Metrics, NodeNum, Position};

use super::{is_legible, packed, unsigned};

/// The state of nodes is never older than this, in seconds.
const LOOK_BACK: u64 = 16 * 3_600;
/// The two may differ by this without meaning anything, seconds.
const ROUNDING: u64 = 60;

/// The node that we were connected with last, and the nodes heard through it,
/// the most recent first, as many as a book holds.
///
/// # Errors
/// When the database cannot be read.
pub fn nodes(conn: &Connection) -> rusqlite::Result<(Option<NodeNum>, Vec<Known>)> {
    match owns(conn)?.first() {
        Some(&(id, num)) => Ok((Some(num), view(conn, id, DEFAULT_CAPACITY)?)),
        None => Ok((None, Vec::new())),
    }
}

/// The same for the nodes that we were connected with before that, the latest
/// first, as far as a bot remembers them beside its own.
///
/// # Errors
/// When the database cannot be read.
pub fn others(conn: &Connection) -> rusqlite::Result<Vec<(NodeNum, Vec<Known>)>> {
    let others = owns(conn)?.into_iter().skip(1).take(VIEWS);
    others
        .map(|(id, num)| Ok((num, view(conn, id, VIEW_NODES)?)))
        .collect()
}

/// The nodes that we were connected with, the latest first, each with the short
/// number under which its view is kept.
pub(super) fn owns(conn: &Connection) -> rusqlite::Result<Vec<(i64, NodeNum)>> {
    let mut select = conn.prepare("SELECT id, num FROM own ORDER BY latest DESC")?;
    let owns = select.query_map([], |row| Ok((row.get(0)?, NodeNum(row.get(1)?))))?;
    owns.filter(is_legible).collect()
}

/// At most `most` nodes as they were heard through one of ours.
fn view(conn: &Connection, own: i64, most: usize) -> rusqlite::Result<Vec<Known>> {
    let mut select = conn.prepare(
        "SELECT * FROM heard JOIN nodes USING (num) WHERE own = ?1
         ORDER BY last_heard DESC LIMIT ?2",
    )?;
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let mut nodes = Vec::new();
    let mut unreadable = 0;
    for node in select.query_map((own, most), known)? {
        if is_legible(&node) {
            nodes.push(node?);
        } else {
            unreadable += 1;
        }
    }
    if unreadable > 0 {
        warn!("{unreadable} nodes of the history cannot be read and are left out");
    }
    heard_since(conn, own, &mut nodes)?;
    nodes.sort_by_key(|node| Reverse(node.last_heard));
    Ok(nodes)
}

/// The state of nodes is written more seldom than single packets, so after a
/// power cut these know better who was heard when.
fn heard_since(conn: &Connection, own: i64, nodes: &mut [Known]) -> rusqlite::Result<()> {
    let Some((_, latest)) = packed::span(conn)? else {
        return Ok(());
    };
    let since = latest.saturating_sub(LOOK_BACK);
    let mut last: BTreeMap<NodeNum, (u64, Heard)> = BTreeMap::new();
    packed::each_piece(conn, &(since / HOUR..=latest / HOUR), |piece| {
        for (at, heard) in piece.packets() {
            if piece.own != own || heard.late || at <= since {
                continue;
            }
            let latest = last.entry(heard.from).or_insert((at, heard));
            if latest.0 <= at {
                *latest = (at, heard);
            }
        }
        Ok(())
    })?;
    for node in nodes {
        let Some(&(at, heard)) = last.get(&node.num) else {
            continue;
        };
        if node
            .last_heard
            .is_some_and(|heard| at <= heard.saturating_add(ROUNDING))
        {
            continue;
        }
        node.last_heard = Some(at);
        node.via_mqtt = heard.medium == Medium::Mqtt;
        if let (Some(hops), Medium::Radio) = (heard.hops, heard.medium) {
            node.hops = Hops::Known(hops);
        }
    }
    Ok(())
}

/// Leaves out who was not heard for `keep` before `now` (seconds since 1970):
/// those are no part of the mesh any more. So are those heard in the future,
/// but for the day that a board without a clock of its own may be behind. When
/// somebody was heard may be unknown: then it counts when we learnt of him.
/// Without a clock nobody can tell.
pub fn leave_out_ghosts(nodes: &mut Vec<Known>, now: Option<u64>, keep: Duration) {
    const BEHIND: u64 = 24 * 3_600;
    let Some(now) = now else { return };
    let alive = (now.saturating_sub(keep.as_secs()))..=(now + BEHIND);
    nodes.retain(|node| {
        let last = node.last_heard.or(node.first_seen);
        last.is_some_and(|at| alive.contains(&at))
    });
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let time = |column: &str| -> rusqlite::Result<Option<u64>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(unsigned))
    };
    let name = |column: &str| -> rusqlite::Result<Option<Box<str>>> { row.get(column) };
    let snrs: Option<Vec<u8>> = row.get("direct_snrs")?;
    let snrs = snrs.map(|bytes| {
        let (values, _) = bytes.as_chunks::<4>();
        values
            .iter()
            .map(|value| f32::from_le_bytes(*value))
            .collect()
    });
    Ok(Known {
        num: NodeNum(row.get("num")?),
        long_name: name("long_name")?,
        short_name: name("short_name")?,
        role: row.get("role")?,
        hw_model: row.get("hw_model")?,
        public_key: row.get("public_key")?,
        announced_other_key: row.get("other_key")?,
        unmessagable: row.get("unmessagable")?,
        first_seen: time("first_seen")?,
        last_heard: time("last_heard")?,
        hops: row
            .get::<_, Option<u8>>("hops")?
            .map_or(Hops::Unknown, Hops::Known),
        via_mqtt: row.get("via_mqtt")?,
        position: position(row)?,
        position_at: time("position_at")?,
        metrics: Metrics {
            battery: row.get("battery")?,
            voltage: row.get("voltage")?,
            channel_utilization: row.get("channel_utilization")?,
            air_util_tx: row.get("air_util_tx")?,
            uptime: row.get("uptime")?,
        },
        metrics_at: time("metrics_at")?,
        hop_history: row.get::<_, Option<_>>("hop_history")?.unwrap_or_default(),
        direct: match snrs {
            Some(snrs) => Some(KnownDirect {
                at: time("direct_at")?,
                rssi: row.get("direct_rssi")?,
                snrs,
            }),
            None => None,
        },
    })
}

fn position(row: &Row<'_>) -> rusqlite::Result<Option<Position>> {
    let (Some(latitude_i), Some(longitude_i)) = (row.get("latitude")?, row.get("longitude")?)
    else {
        return Ok(None);
    };
    Ok(Some(Position {
        latitude_i,
        longitude_i,
        altitude: row.get("altitude")?,
        precision_bits: row.get::<_, Option<u32>>("precision_bits")?.unwrap_or(0),
    }))
}
