//! The history in a form that other programs read.
//!
//! Nodes are written as `!hex`, keys in hex, times in seconds since 1970.
//! Nothing is collected in memory: rows go out as they are read.

use std::io::{self, Write};

use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// One object; each table is a list of objects in it.
    Json,
    /// The single packets, one a line.
    Csv,
}

/// Why an export ended early.
#[derive(Debug)]
pub enum ExportError {
    /// The database cannot be read.
    Sql(rusqlite::Error),
    /// The destination takes no more.
    Io(io::Error),
}

impl From<rusqlite::Error> for ExportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<io::Error> for ExportError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

const PACKETS: &str = "SELECT p.id / 1024 AS time, printf('!%08x', o.num) AS own,
    printf('!%08x', p.node) AS node, n.short_name, n.long_name,
    CASE WHEN dest IS NOT NULL THEN printf('!%08x', dest) END AS dest,
    port, channel, hops, snr / 4.0 AS snr, rssi, CASE WHEN relay IS NOT NULL THEN printf('%02x', relay) END AS relay,
    CASE medium WHEN 0 THEN 'radio' WHEN 1 THEN 'mqtt' ELSE 'other' END AS medium, late
    FROM packets p JOIN own o ON o.id = p.own LEFT JOIN nodes n ON n.num = p.node ORDER BY p.id";

const TABLES: &[(&str, &str)] = &[
    (
        "nodes",
        "SELECT printf('!%08x', num) AS node, short_name, long_name, role, hw_model,
         nullif(lower(hex(public_key)), '') AS public_key, unmessagable, first_seen FROM nodes ORDER BY num",
    ),
    (
        "names",
        "SELECT printf('!%08x', num) AS node, until, short_name, long_name FROM names
         ORDER BY num, until",
    ),
    (
        "keys",
        "SELECT time, printf('!%08x', num) AS node, nullif(lower(hex(public_key)), '') AS public_key
         FROM keys ORDER BY id",
    ),
    (
        "heard",
        "SELECT printf('!%08x', o.num) AS own, printf('!%08x', h.num) AS node, last_heard, hops,
         via_mqtt, latitude / 1e7 AS latitude, longitude / 1e7 AS longitude, altitude,
         precision_bits, position_at, battery, round(voltage, 3) AS voltage,
         round(channel_utilization, 2) AS channel_utilization,
         round(air_util_tx, 2) AS air_util_tx, uptime,
         metrics_at, direct_at, direct_rssi FROM heard h JOIN own o ON o.id = h.own
         ORDER BY h.own, h.num",
    ),
    ("packets", PACKETS),
    (
        "hours",
        "SELECT hour * 3600 AS time, printf('!%08x', o.num) AS own,
         printf('!%08x', node) AS node, port, packets, mqtt, direct, best_snr / 4.0 AS best_snr,
         far FROM hours JOIN own o ON o.id = hours.own ORDER BY hour, node, port",
    ),
    (
        "links",
        "SELECT printf('!%08x', o.num) AS own, printf('!%08x', sender) AS sender,
         printf('!%08x', hearer) AS hearer,
         CASE witness WHEN 0 THEN 'neighbours' WHEN 1 THEN 'traceroute' WHEN 2 THEN 'own'
         ELSE 'relay' END AS witness, time, snr / 4.0 AS snr, best_snr / 4.0 AS best_snr, times,
         metres, far, far_at FROM links JOIN own o ON o.id = links.own ORDER BY sender, hearer",
    ),
    (
        "texts",
        "SELECT t.id / 1024 AS time, printf('!%08x', o.num) AS own, printf('!%08x', node) AS node,
         channel, text FROM texts t JOIN own o ON o.id = t.own ORDER BY t.id",
    ),
    (
        "air",
        "SELECT time, printf('!%08x', o.num) AS own, channel_utilization / 100.0
         AS channel_utilization, air_util_tx / 100.0 AS air_util_tx
         FROM air JOIN own o ON o.id = air.own ORDER BY time",
    ),
    (
        "errors",
        "SELECT time, printf('!%08x', o.num) AS own, printf('!%08x', e.num) AS node, reason
         FROM errors e JOIN own o ON o.id = e.own ORDER BY e.id",
    ),
];

/// Writes everything to `out`, as it was at one moment.
///
/// # Errors
/// When the database cannot be read, or `out` not be written to.
pub fn export(conn: &mut Connection, form: Form, out: &mut dyn Write) -> Result<(), ExportError> {
    let tx = conn.transaction()?;
    match form {
        Form::Json => json(&tx, out),
        Form::Csv => csv(&tx, out),
    }
}

fn json(conn: &Connection, out: &mut dyn Write) -> Result<(), ExportError> {
    for (at, (table, sql)) in TABLES.iter().enumerate() {
        let opening = if at == 0 { "{" } else { ",\n" };
        write!(out, "{opening}\"{table}\":[")?;
        let mut statement = conn.prepare(sql)?;
        let columns: Vec<String> = statement
            .column_names()
            .into_iter()
            .map(|name| Value::from(name).to_string())
            .collect();
        let mut rows = statement.query([])?;
        let mut between = "\n";
        while let Some(row) = rows.next()? {
            for (at, column) in columns.iter().enumerate() {
                let value = match row.get_ref(at)? {
                    ValueRef::Null | ValueRef::Blob(_) => Value::Null,
                    ValueRef::Integer(number) => number.into(),
                    ValueRef::Real(number) => number.into(),
                    ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
                };
                let before = if at == 0 { "{" } else { "," };
                let between = if at == 0 { between } else { "" };
                write!(out, "{between}{before}{column}:{value}")?;
            }
            write!(out, "}}")?;
            between = ",\n";
        }
        write!(out, "]")?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn csv(conn: &Connection, out: &mut dyn Write) -> Result<(), ExportError> {
    let mut statement = conn.prepare(PACKETS)?;
    writeln!(out, "{}", statement.column_names().join(","))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        for at in 0..columns {
            if at > 0 {
                write!(out, ",")?;
            }
            match row.get_ref(at)? {
                ValueRef::Null | ValueRef::Blob(_) => {}
                ValueRef::Integer(number) => write!(out, "{number}")?,
                ValueRef::Real(number) => write!(out, "{number}")?,
                ValueRef::Text(text) => field(out, &String::from_utf8_lossy(text))?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A text in quotes where it needs them (RFC 4180). What a spreadsheet would
/// take for a formula gets a quotation mark in front: names are foreign.
fn field(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if formula { "'" } else { "" };
    if formula || text.contains(['"', ',', '\n', '\r']) {
        write!(out, "\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        write!(out, "{text}")
    }
}
