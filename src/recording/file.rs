//! How a recording is written down and read: pure.
//!
//! One line of JSON for each thing that happened, in the form of the indices in
//! `tests/sessions` with the bytes beside them in hex, and one for each
//! beginning and end of a connection (`docs/recording.md`).

use std::fmt::Write as _;
use std::time::Duration;

use serde::Deserialize;

use super::cut::Piece;
use crate::link::tap::{By, Way};

/// What the first line calls the form of the file.
const FORM: &str = "meshbot recording 1";

/// Writes the lines.
#[derive(Debug)]
pub struct Lines {
    /// The time of the start, by the clock that never steps.
    start: Duration,
    /// How much each side has said in this connection, as written.
    from_node: usize,
    to_node: usize,
}

impl Lines {
    /// The first line goes to `out`: the recording begins at `start`, which is
    /// `unix` for the board.
    pub fn begin(start: Duration, unix: u64, out: &mut String) -> Self {
        let program = concat!("meshbot ", env!("CARGO_PKG_VERSION"));
        let _ = writeln!(
            out,
            "{{\"t0\": {unix}, \"form\": \"{FORM}\", \"program\": \"{program}\"}}"
        );
        Self {
            start,
            from_node: 0,
            to_node: 0,
        }
    }

    /// A connection begins.
    pub fn connected(&mut self, at: Duration, out: &mut String) {
        (self.from_node, self.to_node) = (0, 0);
        self.event(at, "connected", out);
    }

    /// It is over.
    pub fn closed(&mut self, at: Duration, by: By, out: &mut String) {
        let event = match by {
            By::Node => "daemon closed",
            By::Bot => "client closed",
        };
        self.event(at, event, out);
    }

    /// So many bytes are missing here.
    pub fn gap(&mut self, at: Duration, bytes: u64, out: &mut String) {
        let t = self.since(at);
        let _ = writeln!(out, "{{\"t\": {t:.4}, \"ev\": \"gap\", \"lost\": {bytes}}}");
    }

    /// Nothing comes after this.
    pub fn full(&mut self, at: Duration, out: &mut String) {
        self.event(at, "full", out);
    }

    /// A frame, or bytes between frames.
    pub fn piece(&mut self, way: Way, piece: &Piece, out: &mut String) {
        let t = self.since(piece.at);
        let off = match way {
            Way::FromNode => &mut self.from_node,
            Way::ToNode => &mut self.to_node,
        };
        let (name, len) = (way.name(), piece.bytes.len());
        let _ = write!(
            out,
            "{{\"t\": {t:.4}, \"dir\": \"{name}\", \"off\": {off}, \"len\": {len}, "
        );
        *off += len;
        out.push_str("\"hex\": \"");
        for byte in &piece.bytes {
            let _ = write!(out, "{byte:02x}");
        }
        out.push_str(if piece.stray {
            "\", \"stray\": true}\n"
        } else {
            "\"}\n"
        });
    }

    fn event(&self, at: Duration, event: &str, out: &mut String) {
        let t = self.since(at);
        let _ = writeln!(out, "{{\"t\": {t:.4}, \"ev\": \"{event}\"}}");
    }

    fn since(&self, at: Duration) -> f64 {
        at.saturating_sub(self.start).as_secs_f64()
    }
}

/// Something that happened in a connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// The node said this.
    FromNode(Vec<u8>),
    /// The bot did.
    ToNode(Vec<u8>),
    /// The connection was ended.
    Closed(By),
}

/// A recording, read.
#[derive(Clone, PartialEq, Debug)]
pub struct Recording {
    /// Its start in seconds since 1970, by the board's clock.
    pub t0: f64,
    /// Each connection: when, in seconds since the start, and what.
    pub connections: Vec<Vec<(f64, Step)>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Line {
    t0: Option<f64>,
    t: f64,
    dir: String,
    ev: String,
    len: usize,
    hex: Option<String>,
}

impl Recording {
    /// Reads the text of a recording. Lines and keys of which it knows nothing
    /// are left out, and so is a last line that is not whole.
    ///
    /// # Errors
    /// A sentence with the number of the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut recording = Self {
            t0: 0.0,
            connections: Vec::new(),
        };
        // In the order of times within a connection: what was found behind a
        // torn frame is written later than it came.
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            let wrong = |why: &str| format!("line {number}: {why}");
            let line: Line = match serde_json::from_str(line) {
                Ok(line) => line,
                Err(_) if !line.ends_with('\n') && number > 1 => break,
                Err(_) => return Err(wrong("this is no line of a recording")),
            };
            if let Some(t0) = line.t0 {
                recording.t0 = t0;
                continue;
            }
            if number == 1 {
                return Err(wrong("a recording begins with its start, \"t0\""));
            }
            let step = match (line.dir.as_str(), line.ev.as_str()) {
                ("d2c", _) => Step::FromNode(bytes(&line).map_err(wrong)?),
                ("c2d", _) => Step::ToNode(bytes(&line).map_err(wrong)?),
                (_, "connected") => {
                    recording.connections.push(Vec::new());
                    continue;
                }
                (_, "daemon closed") => Step::Closed(By::Node),
                (_, "client closed") => Step::Closed(By::Bot),
                _ => continue,
            };
            if recording.connections.is_empty() {
                recording.connections.push(Vec::new());
            }
            if let Some(connection) = recording.connections.last_mut() {
                connection.push((line.t, step));
            }
        }
        for connection in &mut recording.connections {
            connection.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        recording.connections.retain(|steps| !steps.is_empty());
        if recording.connections.is_empty() {
            return Err("no connection is in it".to_owned());
        }
        Ok(recording)
    }
}

fn bytes(line: &Line) -> Result<Vec<u8>, &'static str> {
    let hex = line
        .hex
        .as_deref()
        .ok_or("its bytes are not in this file")?;
    let digits: Option<Vec<u8>> = (hex.chars())
        .map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok()))
        .collect();
    let digits = digits.filter(|it| it.len() % 2 == 0 && it.len() / 2 == line.len);
    let digits = digits.ok_or("its \"hex\" does not have as many bytes as \"len\" says")?;
    let pairs = digits.chunks_exact(2);
    Ok(pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> String {
        let at = Duration::from_millis;
        let mut out = String::new();
        let mut lines = Lines::begin(at(60_000), 1_795_400_251, &mut out);
        let piece = |at, bytes: &[u8], stray| Piece {
            at,
            bytes: bytes.to_vec(),
            stray,
        };
        lines.connected(at(60_001), &mut out);
        let ask = [0x94, 0xc3, 0, 2, 0x18, 7];
        lines.piece(Way::ToNode, &piece(at(60_001), &ask, false), &mut out);
        let torn = piece(at(60_200), &[0; 3], true);
        lines.piece(Way::FromNode, &torn, &mut out);
        lines.gap(at(60_300), 77, &mut out);
        let done = [0x94, 0xc3, 0, 2, 0x38, 7];
        lines.piece(Way::FromNode, &piece(at(60_150), &done, false), &mut out);
        lines.closed(at(61_000), By::Node, &mut out);
        lines.connected(at(62_000), &mut out);
        lines.piece(Way::ToNode, &piece(at(62_000), &ask, false), &mut out);
        lines.closed(at(63_000), By::Bot, &mut out);
        lines.full(at(63_000), &mut out);
        out
    }

    #[test]
    fn what_is_written_is_read() {
        let text = written();
        let read = Recording::parse(&text).unwrap();
        let ask = vec![0x94, 0xc3, 0, 2, 0x18, 7];
        let done = vec![0x94, 0xc3, 0, 2, 0x38, 7];
        let first = vec![
            (0.001, Step::ToNode(ask.clone())),
            (0.15, Step::FromNode(done)),
            (0.2, Step::FromNode(vec![0; 3])),
            (1.0, Step::Closed(By::Node)),
        ];
        let second = vec![(2.0, Step::ToNode(ask)), (3.0, Step::Closed(By::Bot))];
        assert_eq!(read.connections, [first, second]);
        assert!((read.t0 - 1_795_400_251.0).abs() < 0.5);
    }

    #[test]
    fn a_line_looks_like_one_of_the_indices() {
        let text = written();
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("{\"t0\": 1795400251, "),
            "{}",
            lines[0]
        );
        assert_eq!(lines[1], "{\"t\": 0.0010, \"ev\": \"connected\"}");
        assert_eq!(
            lines[2],
            "{\"t\": 0.0010, \"dir\": \"c2d\", \"off\": 0, \"len\": 6, \"hex\": \"94c300021807\"}"
        );
    }

    #[test]
    fn what_is_no_recording_is_said_with_its_line() {
        let text = written();
        for (wrong, why) in [
            ("", "no connection is in it"),
            ("hello\n", "line 1: this is no line of a recording"),
            ("{\"t\": 1}\n", "line 1: a recording begins with its start"),
            ("{\"t0\": 1}\n", "no connection is in it"),
            (
                "{\"t0\": 1}\n{\"t\": 1, \"dir\": \"d2c\", \"off\": 0, \"len\": 3}\n",
                "line 2: its bytes are not in this file",
            ),
            (
                "{\"t0\": 1}\n{\"t\": 1, \"dir\": \"d2c\", \"len\": 3, \"hex\": \"00ff\"}\n",
                "line 2: its \"hex\"",
            ),
            (
                "{\"t0\": 1}\n{\"t\": 1, \"dir\": \"d2c\", \"len\": 9223372036854775809, \"hex\": \"0011\"}\n",
                "line 2: its \"hex\"",
            ),
        ] {
            let said = Recording::parse(wrong).unwrap_err();
            assert!(said.starts_with(why), "{wrong}: {said}");
        }
        // The board lost its power in the middle of a line.
        let cut = &text[..text.len() - 9];
        let whole = Recording::parse(&text).unwrap();
        assert_eq!(Recording::parse(cut).unwrap(), whole);
        let cut = &text[..text.len() / 2];
        assert!(Recording::parse(cut).is_ok());
    }
}
