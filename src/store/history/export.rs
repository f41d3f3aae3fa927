//! The history in a form that other programs read.
//!
//! Nodes are written as `!hex`, keys in hex, times in seconds since 1970.
//! Rows go out a few hundred at a time, so that little is in memory and nobody
//! waits for whoever reads them.

use std::io::{self, Write};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params_from_iter};
use serde_json::Value;

use super::{int, packed};
use crate::history::{Heard, Medium};
use crate::mesh::NodeNum;

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

/// Rows that are read at once; only they are in memory.
const PIECE: usize = 500;

/// A table and how it is shown. The table itself is the outer loop of what it is
/// joined with, so that it is read along its key.
struct Table {
    name: &'static str,
    /// Whole numbers that no two rows share, in the order of its key. With the
    /// table's name: a shown column of the same name would be taken instead.
    key: &'static [&'static str],
    /// What is shown.
    columns: &'static str,
    /// Where it comes from.
    from: &'static str,
}

/// What stands under one name.
enum Part {
    Table(Table),
    /// Single packets, which are no table of their own.
    Packets,
}

/// Packets before their sums: what is summed up meanwhile is in both rather
/// than in neither.
const PARTS: &[Part] = &[
    Part::Table(Table {
        name: "nodes",
        key: &["nodes.num"],
        columns: "printf('!%08x', num) AS node, short_name, long_name, role, hw_model,
            nullif(lower(hex(public_key)), '') AS public_key,
            other_key AS announced_other_key, unmessagable, first_seen",
        from: "nodes",
    }),
    Part::Table(Table {
        name: "names",
        key: &["names.num", "names.until"],
        columns: "printf('!%08x', num) AS node, until, short_name, long_name",
        from: "names",
    }),
    Part::Table(Table {
        name: "keys",
        key: &["keys.id"],
        columns: "time, printf('!%08x', num) AS node,
            nullif(lower(hex(public_key)), '') AS public_key",
        from: "keys",
    }),
    Part::Table(Table {
        name: "heard",
        key: &["h.own", "h.num"],
        columns: "printf('!%08x', o.num) AS own, printf('!%08x', h.num) AS node, last_heard, hops,
            via_mqtt, latitude / 1e7 AS latitude, longitude / 1e7 AS longitude, altitude,
            precision_bits, position_at, battery, round(voltage, 3) AS voltage,
            round(channel_utilization, 2) AS channel_utilization,
            round(air_util_tx, 2) AS air_util_tx, uptime,
            metrics_at, direct_at, direct_rssi",
        from: "heard h CROSS JOIN own o ON o.id = h.own",
    }),
    Part::Packets,
    Part::Table(Table {
        name: "hours",
        key: &["hours.hour", "hours.own", "hours.node", "hours.port"],
        columns: "hour * 3600 AS time, printf('!%08x', o.num) AS own,
            printf('!%08x', node) AS node, port, packets, mqtt, direct,
            best_snr / 4.0 AS best_snr, far",
        from: "hours CROSS JOIN own o ON o.id = hours.own",
    }),
    Part::Table(Table {
        name: "links",
        key: &["links.own", "links.hearer", "links.sender", "links.witness"],
        columns: "printf('!%08x', o.num) AS own, printf('!%08x', sender) AS sender,
            printf('!%08x', hearer) AS hearer,
            CASE witness WHEN 0 THEN 'neighbours' WHEN 1 THEN 'traceroute' WHEN 2 THEN 'own'
            ELSE 'relay' END AS witness, time, snr / 4.0 AS snr,
            best_snr / 4.0 AS best_snr, times, metres, far, far_at",
        from: "links CROSS JOIN own o ON o.id = links.own",
    }),
    Part::Table(Table {
        name: "texts",
        key: &["t.id"],
        columns: "t.id / 1024 AS time, printf('!%08x', o.num) AS own,
            printf('!%08x', node) AS node, channel, text",
        from: "texts t CROSS JOIN own o ON o.id = t.own",
    }),
    Part::Table(Table {
        name: "air",
        key: &["air.time"],
        columns: "time, printf('!%08x', o.num) AS own,
            channel_utilization / 100.0 AS channel_utilization,
            air_util_tx / 100.0 AS air_util_tx",
        from: "air CROSS JOIN own o ON o.id = air.own",
    }),
    Part::Table(Table {
        name: "errors",
        key: &["e.id"],
        columns: "time, printf('!%08x', o.num) AS own, printf('!%08x', e.num) AS node, reason",
        from: "errors e CROSS JOIN own o ON o.id = e.own",
    }),
];

/// Takes the names of the columns and some rows.
type Take<'a> = &'a mut dyn FnMut(&[&str], &[Vec<Scalar>]) -> io::Result<()>;

impl Part {
    fn name(&self) -> &'static str {
        match self {
            Self::Table(table) => table.name,
            Self::Packets => "packets",
        }
    }

    /// Hands the column names and the rows, piece by piece, to `write`. Between
    /// two pieces nothing is held: whoever reads slowly keeps nobody from
    /// emptying the log.
    fn each_piece(&self, conn: &Connection, write: Take<'_>) -> Result<(), ExportError> {
        match self {
            Self::Table(table) => table.each_piece(conn, write),
            Self::Packets => packets(conn, write),
        }
    }
}

impl Table {
    fn each_piece(&self, conn: &Connection, write: Take<'_>) -> Result<(), ExportError> {
        let key = self.key.join(", ");
        let marks = vec!["?"; self.key.len()].join(", ");
        let mut select = conn.prepare(&format!(
            "SELECT {}, {key} FROM {} WHERE ({key}) > ({marks}) ORDER BY {key} LIMIT {PIECE}",
            self.columns, self.from
        ))?;
        let width = select.column_count() - self.key.len();
        let names = select.column_names();
        let names: Vec<String> = names[..width].iter().map(|&name| name.to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut after = vec![i64::MIN; self.key.len()];
        loop {
            let mut piece = Vec::new();
            let mut rows = select.query(params_from_iter(&after))?;
            while let Some(row) = rows.next()? {
                let values = (0..width).map(|at| Ok(Scalar::of(row.get_ref(at)?)));
                piece.push(values.collect::<rusqlite::Result<Vec<_>>>()?);
                for (at, last) in after.iter_mut().enumerate() {
                    *last = row.get(width + at)?;
                }
            }
            drop(rows);
            write(&names, &piece)?;
            if piece.len() < PIECE {
                return Ok(());
            }
        }
    }
}

/// What is shown of a packet.
const COLUMNS: &[&str] = &[
    "time",
    "own",
    "node",
    "short_name",
    "long_name",
    "dest",
    "port",
    "channel",
    "hops",
    "snr",
    "rssi",
    "relay",
    "medium",
    "late",
];

/// Single packets in the order in which they were heard, hour by hour.
fn packets(conn: &Connection, write: Take<'_>) -> Result<(), ExportError> {
    let mut own = conn.prepare("SELECT printf('!%08x', num) FROM own WHERE id = ?1")?;
    let mut names = conn.prepare("SELECT short_name, long_name FROM nodes WHERE num = ?1")?;
    let mut next = packed::next_hour(conn, 0)?;
    while let Some(hour) = next {
        let mut heard = Vec::new();
        packed::each_piece(conn, &(hour..=hour), |piece| {
            heard.extend(piece.packets().map(|(at, packet)| (at, piece.own, packet)));
            Ok(())
        })?;
        heard.sort_by_key(|&(at, ..)| at);
        for some in heard.chunks(PIECE) {
            let mut rows = Vec::with_capacity(some.len());
            for (at, by, packet) in some {
                let by = own.query_row([by], |row| Ok(Scalar::of(row.get_ref(0)?)));
                let named = names.query_row([packet.from.0], |row| {
                    Ok([0, 1].map(|at| row.get_ref(at).map_or(Scalar::Nothing, Scalar::of)))
                });
                rows.push(shown(*at, by.optional()?, named.optional()?, packet));
            }
            write(COLUMNS, &rows)?;
        }
        next = packed::next_hour(conn, hour + 1)?;
    }
    Ok(())
}

/// The values of the [`COLUMNS`] of a packet.
fn shown(at: u64, own: Option<Scalar>, names: Option<[Scalar; 2]>, packet: &Heard) -> Vec<Scalar> {
    let text = |text: Option<String>| text.map_or(Scalar::Nothing, Scalar::Text);
    let integer = |number: Option<i64>| number.map_or(Scalar::Nothing, Scalar::Integer);
    let node = |num: Option<NodeNum>| text(num.map(|num| num.to_string()));
    let [short, long] = names.unwrap_or([Scalar::Nothing, Scalar::Nothing]);
    let snr = packet.snr_q.map(|quarters| f64::from(quarters) / 4.0);
    let medium = match packet.medium {
        Medium::Radio => "radio",
        Medium::Mqtt => "mqtt",
        Medium::Other => "other",
    };
    vec![
        Scalar::Integer(int(at)),
        own.unwrap_or(Scalar::Nothing),
        node(Some(packet.from)),
        short,
        long,
        node(packet.to),
        Scalar::Integer(packet.port.into()),
        Scalar::Integer(packet.channel.into()),
        integer(packet.hops.map(i64::from)),
        snr.map_or(Scalar::Nothing, Scalar::Real),
        integer(packet.rssi.map(i64::from)),
        text(packet.relay.map(|relay| format!("{relay:02x}"))),
        Scalar::Text(medium.to_owned()),
        Scalar::Integer(packet.late.into()),
    ]
}

/// One value as it is shown.
enum Scalar {
    Nothing,
    Integer(i64),
    Real(f64),
    Text(String),
}

impl Scalar {
    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null | ValueRef::Blob(_) => Self::Nothing,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(text) => Self::Text(String::from_utf8_lossy(text).into_owned()),
        }
    }
}

/// Writes everything to `out`. Each piece of a few hundred rows is of one moment,
/// later ones are of later moments: no row of the bot is there twice or in part,
/// and what it writes meanwhile may be there or not.
///
/// # Errors
/// When the database cannot be read, or `out` not be written to.
pub fn export(conn: &Connection, form: Form, out: &mut dyn Write) -> Result<(), ExportError> {
    match form {
        Form::Json => json(conn, out),
        Form::Csv => csv(conn, out),
    }
}

fn json(conn: &Connection, out: &mut dyn Write) -> Result<(), ExportError> {
    for (at, part) in PARTS.iter().enumerate() {
        let opening = if at == 0 { "{" } else { ",\n" };
        write!(out, "{opening}\"{}\":[", part.name())?;
        let mut between = "\n";
        part.each_piece(conn, &mut |columns, rows| {
            for row in rows {
                for (at, (column, value)) in columns.iter().zip(row).enumerate() {
                    let before = if at == 0 { "{" } else { "," };
                    let between = if at == 0 { between } else { "" };
                    let column = Value::from(*column);
                    let value = match value {
                        Scalar::Nothing => Value::Null,
                        Scalar::Integer(number) => (*number).into(),
                        Scalar::Real(number) => (*number).into(),
                        Scalar::Text(text) => text.as_str().into(),
                    };
                    write!(out, "{between}{before}{column}:{value}")?;
                }
                write!(out, "}}")?;
                between = ",\n";
            }
            Ok(())
        })?;
        write!(out, "]")?;
    }
    writeln!(out, "}}")?;
    Ok(())
}

fn csv(conn: &Connection, out: &mut dyn Write) -> Result<(), ExportError> {
    writeln!(out, "{}", COLUMNS.join(","))?;
    packets(conn, &mut |_, rows| {
        for row in rows {
            for (at, value) in row.iter().enumerate() {
                if at > 0 {
                    write!(out, ",")?;
                }
                match value {
                    Scalar::Nothing => {}
                    Scalar::Integer(number) => write!(out, "{number}")?,
                    Scalar::Real(number) => write!(out, "{number}")?,
                    Scalar::Text(text) => field(out, text)?,
                }
            }
            writeln!(out)?;
        }
        Ok(())
    })
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
