//! A recorded session: bytes, times, and the listing made by others.
//! `tests/sessions/README.md` says what the files are.

use std::path::PathBuf;

/// One line of the index.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// The node wrote these bytes.
    FromNode { off: usize, len: usize },
    /// The recorded client wrote something.
    FromClient,
    /// The node closed the connection.
    NodeClosed,
    /// The recorded client did.
    ClientClosed,
}

/// One line of the listing about what the node wrote.
#[derive(Clone, PartialEq, Debug)]
pub struct Listed {
    /// Where the frame begins; not every listing says so.
    pub off: Option<usize>,
    /// Bytes of the payload, or of what is no frame.
    pub len: usize,
    pub what: What,
}

#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// A frame: its kind and what the listing tells of it.
    Frame(String),
    /// A frame that is no message.
    NotParsed,
    /// Bytes in no frame.
    Outside,
}

#[derive(Debug)]
pub struct Recording {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    /// Start of the recording, seconds since 1970.
    pub t0: f64,
    /// Seconds since the start, and what happened.
    pub steps: Vec<(f64, Step)>,
    pub listed: Vec<Listed>,
    /// When the recorded client asked for configuration or nodes.
    pub asked: Vec<f64>,
    /// When it said goodbye.
    pub goodbye: Option<f64>,
}

pub const NAMES: [&str; 9] = [
    "01-official-client-small-mesh",
    "02-refused-and-odd-sends",
    "04-handshake-200-nodes-then-taken-over",
    "05-second-client-handshake-then-reboot",
    "06-after-reboot",
    "08-corrupt-stream-slow-reader",
    "09-develop-2.8-session",
    "11-two-phase-2.7",
    "12-two-phase-2.8",
];

/// Recording 08 has no times; it gets the day of the others.
const SOME_DAY: f64 = 1_795_394_000.0;

impl Recording {
    /// By its number.
    pub fn open(number: &str) -> Self {
        let name = NAMES
            .into_iter()
            .find(|name| name.starts_with(number))
            .expect("a recording of this number");
        let file = |ending: &str| {
            PathBuf::from(env!("CARGO_MANIFEST_DIR"))
                .join("tests/sessions")
                .join(format!("{name}.{ending}"))
        };
        let text = |ending| std::fs::read_to_string(file(ending)).expect("a file of the recording");
        let index = text("idx.jsonl");
        let listing = text("brief.txt");
        let t0: f64 = index
            .lines()
            .next()
            .map(|line| number_of(line, "t0"))
            .expect("a first line");
        let mut recording = Self {
            name,
            bytes: std::fs::read(file("d2c.bin")).expect("the bytes of the recording"),
            t0: if t0 == 0.0 { SOME_DAY } else { t0 },
            steps: index.lines().skip(1).filter_map(step).collect(),
            listed: Vec::new(),
            asked: Vec::new(),
            goodbye: None,
        };
        for line in listing.lines() {
            recording.read_listing(line);
        }
        recording
    }

    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.into_iter().map(Self::open)
    }

    /// The frames of the listing, as it tells them.
    pub fn frames(&self) -> impl Iterator<Item = (&Listed, &str)> {
        self.listed.iter().filter_map(|listed| match &listed.what {
            What::Frame(text) => Some((listed, text.as_str())),
            What::NotParsed | What::Outside => None,
        })
    }

    fn read_listing(&mut self, line: &str) {
        if let Some((time, told)) = line.split_once(" D->C ") {
            assert!(time.trim().parse::<f64>().is_ok(), "{line}");
            self.listed.push(listed(told));
        } else if let Some((time, told)) = line.split_once(" C->D ") {
            let time = time.trim().parse().expect("a time");
            if told.contains("want_config_id") {
                self.asked.push(time);
            } else if told.contains("disconnect") {
                self.goodbye = Some(time);
            }
        }
    }
}

/// The value of a key in a line of flat JSON.
fn value_of<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!("\"{key}\": "))?;
    rest.split([',', '}'])
        .next()
        .map(|value| value.trim_matches('"'))
}

fn number_of<T: std::str::FromStr>(line: &str, key: &str) -> T {
    value_of(line, key)
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("no {key} in {line}"))
}

fn step(line: &str) -> Option<(f64, Step)> {
    let step = match (value_of(line, "dir"), value_of(line, "ev")) {
        (Some("d2c"), _) => Step::FromNode {
            off: number_of(line, "off"),
            len: number_of(line, "len"),
        },
        (Some("c2d"), _) => Step::FromClient,
        (Some("inj"), _) => return None,
        (_, Some("daemon closed")) => Step::NodeClosed,
        (_, Some("client closed")) => Step::ClientClosed,
        _ => panic!("an unknown line in an index: {line}"),
    };
    Some((number_of(line, "t"), step))
}

/// `@38 len 121  node_info …`, `len 6 queueStatus`, `@9 107 bytes outside …`
fn listed(told: &str) -> Listed {
    let mut rest = told.trim();
    let mut off = None;
    if let Some(at) = rest.strip_prefix('@') {
        let (number, after) = at.split_once(' ').expect("something after the offset");
        off = Some(number.parse().expect("an offset"));
        rest = after.trim_start();
    }
    let outside = !rest.starts_with("len ");
    let rest = rest.trim_start_matches("len ");
    let (len, text) = rest.split_once(' ').expect("something after the length");
    let text = text.trim();
    let what = if outside {
        assert!(text.starts_with("bytes outside"), "{told}");
        What::Outside
    } else if text.starts_with("NOT PARSED") {
        What::NotParsed
    } else {
        What::Frame(text.to_owned())
    };
    let len = len.parse().expect("a length");
    Listed { off, len, what }
}
