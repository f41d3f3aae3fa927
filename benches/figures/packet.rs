//! What a packet costs, from its bytes to the bot's memory, in instructions
//! under callgrind, as a ratio to a bare loop that decodes the same bytes.
//!
//! Each figure comes from two runs that differ in the number of packets only:
//! their difference holds neither the start nor the making of the packets.

use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use meshbot::history::History;
use meshbot::store::history::{self, Limits};

use crate::report::Outcome;
use crate::rig::{Discard, Rig, Scribe, decode_content, floor};
use crate::stream::Stream;

/// By then every node is known and everything that has a bound is full.
const WARM: usize = 6_100;
/// Until then the flood brings no batch.
const CALM: usize = 7_900;
const MOST: usize = 16_100;
/// A busy mesh says 20 packets a minute, and a batch is written in ten minutes.
const BUSY: Duration = Duration::from_secs(3);
/// So much says no mesh, and between two batches there are packets enough to
/// count without them: their cost is told apart.
const FLOOD: Duration = Duration::from_millis(300);
/// The bot's cost in floors.
const BOUND: f64 = 1.5;

pub fn measure() -> Vec<Outcome> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return vec![Outcome::Skipped("valgrind is not installed".to_owned())];
    }
    let [floor, content, bot] = ["floor", "content", "bot"].map(|it| per_packet(it, CALM));
    let store = per_packet("store", MOST);
    vec![
        Outcome::bound(
            format!("a packet costs {bot:.0} instructions, the bare decoder {floor:.0}"),
            bot / floor,
            BOUND,
            "x",
        ),
        Outcome::told(format!(
            "decoding the packets' content as well takes {content:.0}: the bot costs {:.2} times that",
            bot / content
        )),
        Outcome::told(format!(
            "batches, one every 10 min at 20 packets a minute, cost {:.0} more for each packet",
            store - bot
        )),
    ]
}

fn per_packet(what: &str, most: usize) -> f64 {
    let [few, many] = [WARM, most].map(|count| instructions(what, count));
    #[allow(clippy::cast_precision_loss)]
    let each = (many - few) as f64 / (most - WARM) as f64;
    each
}

/// Instructions that a child takes in all.
fn instructions(what: &str, count: usize) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args(["child", "packet", what, &count.to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let line = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1));
    line.unwrap().trim().parse().unwrap()
}

/// Handles the first `count` packets of the same stream.
pub fn child(what: &str, count: usize) {
    let every = if what == "store" { BUSY } else { FLOOD };
    let mut stream = Stream::new(1, every);
    let start = stream.now();
    let packets: Vec<_> = (0..MOST).map(|_| stream.next()).collect();
    let folder = tempfile::tempdir().unwrap();
    let discard = Discard::default();
    let batches = discard.batches.clone();
    let history: Box<dyn History> = if what == "store" {
        let path = folder.path().join("meshbot.db");
        let opened = history::open(&path, Limits::default()).unwrap();
        Box::new(Scribe::new(opened.writer))
    } else {
        Box::new(discard)
    };
    let mut rig = Rig::new(Some(history), start);
    let mut warm = 0;
    for (nth, (now, bytes)) in packets[..count].iter().enumerate() {
        if nth == WARM {
            warm = batches.load(Ordering::Relaxed);
        }
        match what {
            "floor" => floor(bytes, |_| ()),
            "content" => floor(bytes, decode_content),
            _ => rig.receive(*now, bytes),
        }
    }
    if what == "bot" && count > WARM {
        assert_eq!(batches.load(Ordering::Relaxed), warm, "a batch came");
    }
    rig.check();
}
