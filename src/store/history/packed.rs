//! Packets as they lie in the database: those of one hour and one batch packed
//! into one row, sixteen bytes each ([`step4.sql`](super::schema) says how).
//!
//! There are hundreds of thousands of them, and every question about packets
//! reads all of its time: as rows of their own, finding and taking apart each
//! was nine tenths of the work.

use std::ops::RangeInclusive;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Transaction, params};

use super::{int, unsigned};
use crate::history::insight::HOUR;
use crate::history::{Batch, Heard, Medium, When};
use crate::mesh::NodeNum;

/// Bytes of a packet, without its destination.
const SIZE: usize = 16;
/// Rows that an hour can have.
const ROWS_AN_HOUR: u64 = 65_536;

const MQTT: u8 = 1;
const OTHER: u8 = 2;
const LATE: u8 = 4;
const DEST: u8 = 8;
const HOPS: u8 = 16;
const SNR: u8 = 32;
const RSSI: u8 = 64;
const RELAY: u8 = 128;

fn pack(second: u16, heard: &Heard, bytes: &mut Vec<u8>) {
    let flag = |is: bool, flag: u8| if is { flag } else { 0 };
    let flags = match heard.medium {
        Medium::Radio => 0,
        Medium::Mqtt => MQTT,
        Medium::Other => OTHER,
    } | flag(heard.late, LATE)
        | flag(heard.to.is_some(), DEST)
        | flag(heard.hops.is_some(), HOPS)
        | flag(heard.snr_q.is_some(), SNR)
        | flag(heard.rssi.is_some(), RSSI)
        | flag(heard.relay.is_some(), RELAY);
    // The recorder's ports are −3 to 511.
    let port = i16::try_from(heard.port).unwrap_or(-3);
    bytes.extend(second.to_be_bytes());
    bytes.extend([flags, heard.channel]);
    bytes.extend(heard.from.0.to_be_bytes());
    bytes.extend(port.to_be_bytes());
    bytes.extend([heard.hops.unwrap_or(0), heard.relay.unwrap_or(0)]);
    bytes.extend(heard.snr_q.unwrap_or(0).to_be_bytes());
    bytes.extend(heard.rssi.unwrap_or(0).to_be_bytes());
}

/// A packet of this hour, when it was heard, and whether it has a destination,
/// which lies elsewhere.
fn unpack(hour: u64, bytes: [u8; SIZE]) -> (u64, Heard, bool) {
    #[rustfmt::skip]
    let [s0, s1, flags, channel, n0, n1, n2, n3, p0, p1, hops, relay, q0, q1, r0, r1] = bytes;
    let has = |flag: u8| flags & flag != 0;
    let at = hour * HOUR + u64::from(u16::from_be_bytes([s0, s1]));
    let heard = Heard {
        at: When::Unix(at),
        from: NodeNum(u32::from_be_bytes([n0, n1, n2, n3])),
        to: None,
        port: i16::from_be_bytes([p0, p1]).into(),
        channel,
        hops: has(HOPS).then_some(hops),
        snr_q: has(SNR).then_some(i16::from_be_bytes([q0, q1])),
        rssi: has(RSSI).then_some(i16::from_be_bytes([r0, r1])),
        relay: has(RELAY).then_some(relay),
        medium: match (has(OTHER), has(MQTT)) {
            (true, _) => Medium::Other,
            (_, true) => Medium::Mqtt,
            _ => Medium::Radio,
        },
        late: has(LATE),
    };
    (at, heard, has(DEST))
}

/// Writes the packets of a batch that have a date.
pub(super) fn write(tx: &Transaction<'_>, own: i64, batch: &Batch) -> rusqlite::Result<()> {
    let dated = batch.packets.iter();
    let dated = dated.filter_map(|heard| Some((batch.unix(heard.at)?, heard)));
    let mut dated: Vec<_> = dated.collect();
    dated.sort_by_key(|&(at, _)| at);
    let mut insert = tx.prepare(
        // A row that the card has put where the hour ends leaves no room in it.
        "INSERT OR IGNORE INTO packed
         SELECT min(ifnull(max(id) + 1, ?1), ?2), ?3, ?4, ?5 FROM packed
         WHERE id BETWEEN ?1 AND ?2",
    )?;
    for of_an_hour in dated.chunk_by(|(a, _), (b, _)| a / HOUR == b / HOUR) {
        let mut packets = Vec::with_capacity(of_an_hour.len() * SIZE);
        let mut dests = Vec::new();
        for &(at, heard) in of_an_hour {
            let second = u16::try_from(at % HOUR).unwrap_or(0);
            pack(second, heard, &mut packets);
            dests.extend(heard.to.into_iter().flat_map(|to| to.0.to_be_bytes()));
        }
        let hour = of_an_hour.first().map_or(0, |(at, _)| at / HOUR);
        let [first, last] = keys(&(hour..=hour));
        insert.execute(params![first, last, own, packets, dests])?;
    }
    Ok(())
}

/// The first and the last key of some hours. What only damage can have put
/// before 1970 belongs to the first hour of all, and is forgotten with it.
pub(super) fn keys(hours: &RangeInclusive<u64>) -> [i64; 2] {
    let key = |hour: u64| hour.saturating_mul(ROWS_AN_HOUR);
    let first = match *hours.start() {
        0 => i64::MIN,
        hour => int(key(hour)),
    };
    [
        first,
        int(key(*hours.end()).saturating_add(ROWS_AN_HOUR - 1)),
    ]
}

/// Packets of one hour that came with one batch.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    hour: u64,
    /// The short number of the node of ours that heard them.
    pub own: i64,
    packets: &'a [u8],
    dests: &'a [u8],
}

impl Piece<'_> {
    /// Each packet and the second in which it was heard, since 1970. What lies
    /// there damaged is left out.
    pub fn packets(&self) -> impl Iterator<Item = (u64, Heard)> {
        let (packets, _) = self.packets.as_chunks::<SIZE>();
        let (dests, _) = self.dests.as_chunks::<4>();
        let mut dests = dests.iter();
        packets.iter().filter_map(move |bytes| {
            let (at, mut heard, has_dest) = unpack(self.hour, *bytes);
            if has_dest {
                heard.to = dests.next().map(|to| NodeNum(u32::from_be_bytes(*to)));
            }
            (at / HOUR == self.hour).then_some((at, heard))
        })
    }
}

/// Hands all packets of some `hours` since 1970 to `take`, the earliest hour
/// first, in pieces: only one is in memory.
///
/// # Errors
/// When the database cannot be read, or with what `take` says.
pub fn each_piece(
    conn: &Connection,
    hours: &RangeInclusive<u64>,
    mut take: impl FnMut(&Piece<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut select = conn.prepare(
        "SELECT id, own, packets, dests FROM packed WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
    )?;
    let mut rows = select.query(keys(hours))?;
    while let Some(row) = rows.next()? {
        // One flipped bit is no reason to lose the rest.
        let ValueRef::Integer(own) = row.get_ref(1)? else {
            continue;
        };
        let blob = |at: usize| -> rusqlite::Result<_> {
            Ok(match row.get_ref(at)? {
                ValueRef::Blob(bytes) => bytes,
                _ => &[],
            })
        };
        take(&Piece {
            hour: unsigned(row.get(0)?) / ROWS_AN_HOUR,
            own,
            packets: blob(2)?,
            dests: blob(3)?,
        })?;
    }
    Ok(())
}

/// The first hour (since 1970) of which there are packets, from `hour` on.
///
/// # Errors
/// When the database cannot be read.
pub fn next_hour(conn: &Connection, hour: u64) -> rusqlite::Result<Option<u64>> {
    let [first, _] = keys(&(hour..=hour));
    let id: Option<i64> = conn.query_row(
        "SELECT min(id) FROM packed WHERE id >= ?1",
        [first],
        |row| row.get(0),
    )?;
    let found = id.map(|id| unsigned(id) / ROWS_AN_HOUR);
    // There is no key after the last one.
    Ok(found.filter(|&found| found >= hour))
}

/// The seconds since 1970 in which the first and the last packet were heard.
///
/// # Errors
/// When the database cannot be read.
pub fn span(conn: &Connection) -> rusqlite::Result<Option<(u64, u64)>> {
    let last: Option<i64> = conn.query_row("SELECT max(id) FROM packed", [], |row| row.get(0))?;
    let last = last.map(|id| unsigned(id) / ROWS_AN_HOUR);
    let mut span: Option<(u64, u64)> = None;
    for hour in next_hour(conn, 0)?.into_iter().chain(last) {
        each_piece(conn, &(hour..=hour), |piece| {
            for (at, _) in piece.packets() {
                let (first, last) = span.unwrap_or((at, at));
                span = Some((first.min(at), last.max(at)));
            }
            Ok(())
        })?;
    }
    Ok(span)
}

/// The second since 1970 in which this node of ours first heard a packet of which
/// there is more than a sum. What had waited in it has its date from elsewhere.
///
/// # Errors
/// When the database cannot be read.
pub fn first(conn: &Connection, own: i64) -> rusqlite::Result<Option<u64>> {
    let mut select = conn.prepare("SELECT id, packets FROM packed WHERE own = ?1 ORDER BY id")?;
    let mut rows = select.query([own])?;
    while let Some(row) = rows.next()? {
        let piece = Piece {
            hour: unsigned(row.get(0)?) / ROWS_AN_HOUR,
            own,
            packets: row.get_ref(1)?.as_blob().unwrap_or_default(),
            dests: &[],
        };
        let mut heard = piece.packets().filter(|(_, heard)| !heard.late);
        if let Some((at, _)) = heard.next() {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// How many there are, without reading them.
///
/// # Errors
/// When the database cannot be read.
pub fn count(conn: &Connection) -> rusqlite::Result<u64> {
    let bytes: Option<i64> =
        conn.query_row("SELECT sum(length(packets)) FROM packed", [], |row| {
            row.get(0)
        })?;
    Ok(bytes.map_or(0, unsigned) / SIZE as u64)
}
