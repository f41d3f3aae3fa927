//! A batch as rows: which statement writes what, but for packets, which are
//! [packed](super::packed). All within one transaction of
//! [`Writer::apply`](super::Writer::apply).

use rusqlite::{Transaction, params};

use super::{int, load};
use crate::history::Batch;
use crate::history::edges::Witness;
use crate::mesh::{Hops, Known, NodeNum};

/// A text's key is its time in seconds, times this, plus a running number.
pub const PER_SECOND: u64 = 1_024;
/// Failures that are remembered (features.md K6).
pub const ERRORS: u32 = 50;
/// How long the greatest distance of a link is remembered, seconds.
const RECORD: u64 = 30 * 24 * 3_600;

/// The short number under which a node's view of the mesh is kept.
pub(super) fn own_id(tx: &Transaction<'_>, num: NodeNum) -> rusqlite::Result<i64> {
    match load::owns(tx)?.first() {
        Some(&(id, latest)) if latest == num => Ok(id),
        _ => tx.query_row(
            "INSERT INTO own (num, latest) VALUES (?1, (SELECT coalesce(max(latest), 0) + 1 FROM own))
             ON CONFLICT (num) DO UPDATE SET latest = excluded.latest RETURNING id",
            [num.0],
            |row| row.get(0),
        ),
    }
}

/// Packets that are counted only join the sums of their hour, which the packets
/// of a week ago join as well.
pub(super) fn sums(tx: &Transaction<'_>, own: i64, batch: &Batch) -> rusqlite::Result<()> {
    let mut add = tx.prepare(ADD_TO_HOUR)?;
    for sum in &batch.sums {
        let Some(time) = batch.unix(sum.at) else {
            continue;
        };
        add.execute(params![
            int(time / 3_600),
            own,
            sum.from.0,
            sum.port,
            int(sum.packets),
            int(sum.mqtt),
            int(sum.direct),
            sum.best_snr_q,
            sum.far,
        ])?;
    }
    Ok(())
}

/// Adds to the sums of an hour.
pub(super) const ADD_TO_HOUR: &str = "
    INSERT INTO hours VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
    ON CONFLICT DO UPDATE SET
      packets = packets + excluded.packets,
      mqtt = mqtt + excluded.mqtt,
      direct = direct + excluded.direct,
      best_snr = max(coalesce(best_snr, excluded.best_snr),
                     coalesce(excluded.best_snr, best_snr)),
      far = max(coalesce(far, excluded.far), coalesce(excluded.far, far))";

pub(super) fn links(tx: &Transaction<'_>, own: i64, batch: &Batch) -> rusqlite::Result<()> {
    let mut upsert = tx.prepare(
        "INSERT INTO links VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, iif(?9 IS NULL, NULL, ?5))
         ON CONFLICT DO UPDATE SET
           time = excluded.time,
           snr = excluded.snr,
           best_snr = max(coalesce(best_snr, excluded.best_snr),
                          coalesce(excluded.best_snr, best_snr)),
           times = times + excluded.times,
           metres = coalesce(excluded.metres, metres),
           far_at = iif(far >= coalesce(excluded.far, 0) AND far_at >= ?10, far_at, excluded.far_at),
           far = iif(far >= coalesce(excluded.far, 0) AND far_at >= ?10, far, excluded.far)",
    )?;
    for link in &batch.links {
        let Some(time) = batch.unix(link.at) else {
            continue;
        };
        upsert.execute(params![
            own,
            link.from.0,
            link.to.0,
            witness_number(link.witness),
            int(time),
            link.snr_q,
            link.best_q,
            link.times,
            link.metres,
            int(time.saturating_sub(RECORD)),
        ])?;
    }
    Ok(())
}

fn witness_number(witness: Witness) -> u8 {
    match witness {
        Witness::Neighbours => 0,
        Witness::Traceroute => 1,
        Witness::Ourselves => 2,
        Witness::Relayed => 3,
    }
}

/// The witness that is written as this number; what later versions may write
/// has measured nothing that this one knows of.
pub(super) fn witness_of(number: u8) -> Witness {
    match number {
        0 => Witness::Neighbours,
        1 => Witness::Traceroute,
        2 => Witness::Ourselves,
        _ => Witness::Relayed,
    }
}

pub(super) fn texts(
    tx: &Transaction<'_>,
    own: i64,
    batch: &Batch,
    running: &mut u64,
) -> rusqlite::Result<()> {
    let mut insert = tx.prepare("INSERT OR IGNORE INTO texts VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for said in &batch.texts {
        let Some(time) = batch.unix(said.at) else {
            continue;
        };
        insert.execute(params![
            key(time, running),
            own,
            said.from.0,
            said.id.0,
            said.channel.0,
            said.text,
        ])?;
    }
    Ok(())
}

/// The next key of something that was heard in this second.
fn key(time: u64, running: &mut u64) -> i64 {
    *running = (*running + 1) % PER_SECOND;
    int(time.saturating_mul(PER_SECOND).saturating_add(*running))
}

pub(super) fn air(tx: &Transaction<'_>, own: i64, batch: &Batch) -> rusqlite::Result<()> {
    let mut insert = tx.prepare(
        "INSERT OR REPLACE INTO air
         VALUES (?1, ?2, round(100 * ?3), round(100 * ?4))",
    )?;
    for air in &batch.air {
        let Some(time) = batch.unix(air.at) else {
            continue;
        };
        insert.execute(params![
            int(time),
            own,
            air.channel_utilization,
            air.air_util_tx
        ])?;
    }
    Ok(())
}

/// Who the nodes are. What is unknown now may have been known before: the book
/// forgets, this table does not.
pub(super) fn nodes(
    tx: &Transaction<'_>,
    now: Option<u64>,
    nodes: &[Known],
) -> rusqlite::Result<()> {
    let mut renamed = tx.prepare(
        "INSERT OR IGNORE INTO names
         SELECT num, ?2, long_name, short_name FROM nodes
         WHERE num = ?1 AND coalesce(long_name, short_name) IS NOT NULL
           AND (coalesce(?3, long_name) IS NOT long_name
             OR coalesce(?4, short_name) IS NOT short_name)",
    )?;
    let mut upsert = tx.prepare(
        "INSERT INTO nodes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (num) DO UPDATE SET
           long_name = coalesce(excluded.long_name, long_name),
           short_name = coalesce(excluded.short_name, short_name),
           role = excluded.role,
           hw_model = excluded.hw_model,
           public_key = coalesce(excluded.public_key, public_key),
           other_key = iif(excluded.public_key IS NULL, other_key, excluded.other_key),
           unmessagable = excluded.unmessagable,
           first_seen = coalesce(first_seen, excluded.first_seen)
         WHERE coalesce(excluded.long_name, long_name) IS NOT long_name
           OR coalesce(excluded.short_name, short_name) IS NOT short_name
           OR excluded.role <> role
           OR excluded.hw_model <> hw_model
           OR coalesce(excluded.public_key, public_key) IS NOT public_key
           OR iif(excluded.public_key IS NULL, other_key, excluded.other_key) <> other_key
           OR excluded.unmessagable <> unmessagable
           OR coalesce(first_seen, excluded.first_seen) IS NOT first_seen",
    )?;
    for node in nodes {
        let (long, short) = (node.long_name.as_deref(), node.short_name.as_deref());
        if let Some(now) = now {
            renamed.execute(params![node.num.0, int(now), long, short])?;
        }
        upsert.execute(params![
            node.num.0,
            long,
            short,
            node.role,
            node.hw_model,
            node.public_key,
            node.unmessagable,
            node.first_seen.map(int),
            node.announced_other_key,
        ])?;
    }
    Ok(())
}

/// How the nodes were heard through our node. The book may have forgotten a node
/// and met it again, or have learnt of it from a list that is older than what
/// stands here: what is newer stays, unless it is from the future, and what is
/// unknown now may have been known before.
pub(super) fn heard(
    tx: &Transaction<'_>,
    own: i64,
    now: Option<u64>,
    nodes: &[Known],
) -> rusqlite::Result<()> {
    const POSITION: &str = "excluded.latitude IS NOT NULL AND (latitude IS NULL
        OR coalesce(excluded.position_at >= position_at, TRUE) OR position_at > ?21)";
    const METRICS: &str = "coalesce(excluded.metrics_at >= metrics_at, TRUE) OR metrics_at > ?21";
    const HEARD: &str =
        "coalesce(excluded.last_heard >= last_heard, last_heard IS NULL) OR last_heard > ?21";
    let whole = |condition: &str, columns: &[&str]| -> String {
        let set = columns.iter().map(|column| {
            format!("{column} = CASE WHEN {condition} THEN excluded.{column} ELSE {column} END")
        });
        set.collect::<Vec<_>>().join(", ")
    };
    let each = |columns: &[&str]| -> String {
        let set = columns.iter().map(|column| {
            format!(
                "{column} = CASE WHEN {METRICS} THEN coalesce(excluded.{column}, {column})
                 ELSE coalesce({column}, excluded.{column}) END"
            )
        });
        set.collect::<Vec<_>>().join(", ")
    };
    let mut upsert = tx.prepare(&format!(
        "INSERT INTO heard VALUES
         (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)
         ON CONFLICT (own, num) DO UPDATE SET
           {}, {}, {}, {}, hop_history = coalesce(excluded.hop_history, hop_history)",
        whole(HEARD, &["last_heard", "hops", "via_mqtt"]),
        whole(
            POSITION,
            &[
                "latitude",
                "longitude",
                "altitude",
                "precision_bits",
                "position_at"
            ]
        ),
        each(&[
            "battery",
            "voltage",
            "channel_utilization",
            "air_util_tx",
            "uptime",
            "metrics_at"
        ]),
        whole(
            "excluded.direct_snrs IS NOT NULL",
            &["direct_at", "direct_rssi", "direct_snrs"]
        ),
    ))?;
    let latest = now.map_or(i64::MAX, int);
    for node in nodes {
        let hops = match node.hops {
            Hops::Known(hops) => Some(hops),
            Hops::Unknown => None,
        };
        let place = node.position;
        let direct = node.direct.as_ref();
        let snrs = direct.map(|direct| {
            let bytes = direct.snrs.iter().flat_map(|snr| snr.to_le_bytes());
            bytes.collect::<Vec<u8>>()
        });
        upsert.execute(params![
            own,
            node.num.0,
            node.last_heard.map(int),
            hops,
            node.via_mqtt,
            place.map(|place| place.latitude_i),
            place.map(|place| place.longitude_i),
            place.and_then(|place| place.altitude),
            place.map(|place| place.precision_bits),
            node.position_at.map(int),
            node.metrics.battery,
            node.metrics.voltage,
            node.metrics.channel_utilization,
            node.metrics.air_util_tx,
            node.metrics.uptime,
            node.metrics_at.map(int),
            (!node.hop_history.is_empty()).then_some(&node.hop_history),
            direct.and_then(|direct| direct.at).map(int),
            direct.and_then(|direct| direct.rssi),
            snrs,
            latest,
        ])?;
    }
    Ok(())
}

/// Keys and failures.
pub(super) fn facts(tx: &Transaction<'_>, own: i64, batch: &Batch) -> rusqlite::Result<()> {
    let mut keys = tx.prepare("INSERT INTO keys (time, num, public_key) VALUES (?1, ?2, ?3)")?;
    for news in &batch.keys {
        let time = batch.unix(news.at).map(int);
        keys.execute(params![time, news.node.0, news.key])?;
    }
    if batch.errors.is_empty() {
        return Ok(());
    }
    let mut errors =
        tx.prepare("INSERT INTO errors (time, own, num, reason) VALUES (?1, ?2, ?3, ?4)")?;
    for error in &batch.errors {
        let time = batch.unix(error.at).map(int);
        errors.execute(params![time, own, error.to.0, error.reason])?;
    }
    tx.execute(
        "DELETE FROM errors WHERE id <= (SELECT max(id) FROM errors) - ?1",
        [ERRORS],
    )?;
    Ok(())
}
