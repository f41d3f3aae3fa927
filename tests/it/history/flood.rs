//! Somebody floods the history (features.md C26): it grows as without him, and
//! all that was heard is counted.

use std::fs;
use std::path::Path;

use meshbot::history::insight::{By, Group, Look, Question};
use meshbot::mesh::NodeNum;
use meshbot::store::history::read;

use super::traffic::{Mesh, OWN};
use super::{place, writer};

/// Somebody of the mesh who has gone mad.
const LOUD: NodeNum = NodeNum(0x5000_0001);

/// What came of some minutes.
struct Grown {
    bytes: u64,
    heard: u64,
    counted: u64,
    /// The first of `/top`.
    top: NodeNum,
    batches: usize,
}

/// Minutes of an ordinary mesh, each with a flood of so many packets besides.
fn minutes(minutes: u64, flood: u32, mut who: impl FnMut(u32) -> (NodeNum, bool)) -> Grown {
    let (_folder, path) = place();
    let mut writer = writer(&path);
    let mut mesh = Mesh::new(1);
    let (mut heard, mut batches, mut nth) = (0, 0, 0);
    for _ in 0..minutes {
        let due = mesh.minute(20);
        heard += 20;
        if let Some(batch) = due {
            batches += 1;
            writer.apply(&batch).unwrap();
        }
        for _ in 0..flood {
            let mut received = mesh.packet();
            received.packet.via_mqtt = false;
            let (from, is_regular) = who(nth);
            nth += 1;
            received.packet.from = from;
            mesh.receive_of(&received, is_regular);
        }
        heard += u64::from(flood);
    }
    // The mesh's own packets by MQTT are in no figure.
    let last = mesh.flush().unwrap();
    writer.apply(&last).unwrap();
    let (counted, top) = counted(&path, mesh.now.unix);
    drop(writer);
    Grown {
        bytes: fs::metadata(&path).unwrap().len(),
        heard,
        counted,
        top,
        batches,
    }
}

fn counted(path: &Path, until: u64) -> (u64, NodeNum) {
    let question = Question {
        own: OWN,
        since: until - 7 * 3_600,
        until,
        settled: None,
        look: Look {
            packets: Some(By::Sender(None)),
            ..Look::default()
        },
        kept: 0,
        fresh: Default::default(),
    };
    let counts = read::answer(path, &question).unwrap().packets;
    let top = counts.most.iter().find_map(|(group, _)| match group {
        Group::Sender(num) => Some(*num),
        _ => None,
    });
    (counts.total, top.unwrap())
}

#[test]
fn a_node_that_floods_for_an_hour_makes_the_history_grow_as_without_it() {
    let without = minutes(60, 0, |_| (LOUD, true));
    let with = minutes(60, 49 * 60, |_| (LOUD, true));
    println!(
        "an hour: {} bytes without, {} bytes with {} packets more",
        without.bytes,
        with.bytes,
        with.heard - without.heard
    );
    assert!(with.bytes <= without.bytes + without.bytes / 8 + 4_096);
    assert!(with.batches <= without.batches + 1, "{}", with.batches);
    let more = with.counted - without.counted;
    assert!(more.abs_diff(with.heard - without.heard) < 100, "{more}");
    assert_eq!(with.top, LOUD);
}

#[test]
fn invented_nodes_make_the_history_grow_little_and_are_counted() {
    let new = |nth| (NodeNum(0x6000_0000 + nth), false);
    let without = minutes(20, 0, new);
    let with = minutes(20, 10 * 60, new);
    println!("{} bytes without, {} with", without.bytes, with.bytes);
    let more = with.counted - without.counted;
    assert!(more.abs_diff(with.heard - without.heard) < 100, "{more}");
    assert!(with.top.is_node(), "nobody is no talker");
    // Of 12 000 packets of 12 000 nodes 900 are written, and of the nodes as many as
    // the history keeps.
    assert!(
        with.bytes < without.bytes + 900 * 16 + 4_096 * 100,
        "{}",
        with.bytes
    );
}
