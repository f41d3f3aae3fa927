//! What a packet costs, from its bytes to the bot's memory, in instructions
//! under callgrind, as a ratio to a bare loop that decodes the same bytes.
//!
//! Each figure comes from two runs that differ in the number of packets only:
//! their difference holds neither the start nor the making of the packets.

use std::process::Command;
use std::time::Duration;

use meshbot::bot::record::History;
use meshbot::store::history::{self, Limits};

use crate::report::Outcome;
use crate::rig::{Discard, Rig, Scribe, floor};
use crate::stream::Stream;

/// By then every node is known and everything that has a bound is full.
const WARM: usize = 6_000;
const MOST: usize = 16_000;
/// A busy mesh says 20 packets a minute, and a batch is written in ten minutes.
const BUSY: Duration = Duration::from_secs(3);
/// So much says no mesh, and batches come ten times less often: their cost is
/// told apart.
const FLOOD: Duration = Duration::from_millis(300);
/// The bot's cost in floors.
const BOUND: f64 = 1.5;

pub fn measure() -> Vec<Outcome> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return vec![Outcome::Skipped("valgrind is not installed".to_owned())];
    }
    let [floor, bot, store] = ["floor", "bot", "store"].map(per_packet);
    vec![
        Outcome::bound(
            format!("a packet costs {bot:.0} instructions, the bare decoder {floor:.0}"),
            bot / floor,
            BOUND,
            "x",
        ),
        Outcome::told(format!(
            "batches, one every 10 min at 20 packets a minute, cost {:.0} more for each packet",
            store - bot
        )),
    ]
}

fn per_packet(what: &str) -> f64 {
    let [warm, most] = [WARM, MOST].map(|count| instructions(what, count));
    #[allow(clippy::cast_precision_loss)]
    let each = (most - warm) as f64 / (MOST - WARM) as f64;
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
    let history: Box<dyn History> = if what == "store" {
        let path = folder.path().join("meshbot.db");
        let opened = history::open(&path, Limits::default()).unwrap();
        Box::new(Scribe::new(opened.writer))
    } else {
        Box::new(Discard)
    };
    let mut rig = Rig::new(Some(history), start);
    for (now, bytes) in &packets[..count] {
        match what {
            "floor" => floor(bytes),
            _ => rig.receive(*now, bytes),
        }
    }
    rig.check();
}
