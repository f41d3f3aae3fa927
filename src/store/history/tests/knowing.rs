//! What is known of the nodes, and known again after a restart.

use super::*;

/// The book forgets whom it has no room for; what comes of it later is less
/// than what stands here, and what stands here may be from a wrong clock.
#[test]
fn what_was_heard_of_a_node_is_not_lost_when_the_book_forgets_it() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let place = |latitude_i| Position {
        latitude_i,
        longitude_i: 20,
        altitude: Some(3),
        precision_bits: 16,
    };
    let full = |at: u64, level: u8| Known {
        num: ALICE,
        last_heard: Some(at),
        hops: Hops::Known(2),
        position: Some(place(i32::from(level))),
        position_at: Some(at),
        metrics: Metrics {
            battery: Some(level),
            voltage: Some(3.5),
            uptime: Some(7),
            ..Metrics::default()
        },
        metrics_at: Some(at),
        hop_history: vec![2, 2],
        direct: Some(KnownDirect {
            at: Some(at),
            rssi: Some(-90),
            snrs: vec![1.0],
        }),
        ..Known::default()
    };
    let mut keep = |now: u64, node: Known| {
        let mut rows = batch(now);
        rows.nodes = vec![node];
        writer.apply(&rows).unwrap();
        load::nodes(&writer.conn).unwrap().1.remove(0)
    };
    let first = full(START, 50);
    assert_eq!(keep(START, first.clone()), first);
    // Forgotten, and heard again.
    let again = Known {
        num: ALICE,
        last_heard: Some(START + 100),
        hops: Hops::Known(1),
        hop_history: vec![1],
        metrics: Metrics {
            uptime: Some(9),
            ..Metrics::default()
        },
        metrics_at: Some(START + 90),
        ..Known::default()
    };
    let mut both = Known {
        position: first.position,
        position_at: first.position_at,
        direct: first.direct.clone(),
        ..again.clone()
    };
    both.metrics.battery = Some(50);
    both.metrics.voltage = Some(3.5);
    assert_eq!(keep(START + 100, again), both);
    // A list that is older than what is known.
    let mut listed = full(START + 50, 60);
    (listed.direct, listed.hop_history) = (None, Vec::new());
    let written = keep(START + 110, listed);
    assert_eq!(written.last_heard, Some(START + 100));
    assert_eq!(written.hops, Hops::Known(1));
    assert_eq!(written.metrics, both.metrics, "older than the last ones");
    assert_eq!(written.position, Some(place(60)), "newer than the last one");
    // What a clock that was ahead has left gives way.
    let ahead = full(START + 300 * DAY, 70);
    assert_eq!(keep(START + 300 * DAY, ahead.clone()), ahead);
    let right = full(START + 200, 80);
    assert_eq!(keep(START + 200, right.clone()), right);
}

#[test]
fn a_key_that_nobody_believed_is_still_doubted_after_a_restart() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let node = |public_key, announced_other_key| Known {
        num: ALICE,
        public_key,
        announced_other_key,
        ..Known::default()
    };
    let key = Some([7; 32]);
    // The third time the book has forgotten her and does not know of any key.
    let steps = [
        (node(key, false), false),
        (node(key, true), true),
        (node(None, false), true),
        (node(key, false), false),
    ];
    for (known, doubted) in steps {
        let mut rows = batch(START);
        rows.nodes = vec![known];
        writer.apply(&rows).unwrap();
        drop(writer);
        let opened = open(&path, Limits::default()).unwrap();
        assert_eq!(opened.nodes, [node(key, doubted)]);
        writer = opened.writer;
    }
}

/// A power cut before the state of the nodes was written again.
#[test]
fn single_packets_tell_who_was_heard_last() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let bob = NodeNum(0x22);
    let known = |num, last_heard| Known {
        num,
        last_heard: Some(last_heard),
        hops: Hops::Known(3),
        ..Known::default()
    };
    let mut rows = batch(START);
    rows.nodes = vec![known(ALICE, START), known(bob, START + 1)];
    writer.apply(&rows).unwrap();
    let mut rows = batch(START + 9_000);
    rows.packets = vec![
        heard(START + 8_000),
        Heard {
            late: true,
            ..heard(START + 8_500)
        },
        Heard {
            from: NodeNum(0x33),
            ..heard(START + 8_000)
        },
    ];
    writer.apply(&rows).unwrap();
    let (_, nodes) = load::nodes(&writer.conn).unwrap();
    let alice = Known {
        hops: Hops::Known(0),
        ..known(ALICE, START + 8_000)
    };
    assert_eq!(nodes, [alice, known(bob, START + 1)]);
}

#[test]
fn what_a_node_that_comes_back_has_heard_is_there() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    for (nth, own) in [(0, 1_000), (1, 2_000), (2, 3_000), (3, 4_000)] {
        let mut rows = batch(START + nth);
        rows.own = NodeNum(own);
        rows.nodes = (0..600)
            .map(|n| Known {
                num: NodeNum(own * 1_000 + n),
                last_heard: Some(START + u64::from(n)),
                ..Known::default()
            })
            .collect();
        writer.apply(&rows).unwrap();
    }
    drop(writer);
    let opened = open(&path, Limits::default()).unwrap();
    assert_eq!(
        (opened.own, opened.nodes.len()),
        (Some(NodeNum(4_000)), 600)
    );
    let owns: Vec<_> = opened.others.iter().map(|(own, _)| own.0).collect();
    assert_eq!(owns, [3_000, 2_000]);
    for (own, nodes) in &opened.others {
        assert_eq!((nodes.len(), nodes[0].num.0), (500, own.0 * 1_000 + 599));
    }
}

#[test]
fn former_names_and_keys_are_remembered_within_bounds() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    for n in 0..1_000_u64 {
        let mut rows = batch(START + n * 600);
        rows.nodes = vec![Known {
            num: ALICE,
            long_name: Some(format!("Alice {}", n / 2).into()),
            ..Known::default()
        }];
        rows.keys = vec![KeyNews {
            at: When::Unix(START + n),
            node: ALICE,
            key: None,
        }];
        rows.errors = vec![Undelivered {
            at: When::Unix(START + n),
            to: ALICE,
            reason: format!("reason {n}"),
        }];
        writer.apply(&rows).unwrap();
    }
    let names = count(&writer.conn, "names");
    assert!((8..=11).contains(&names), "{names}");
    let keys = count(&writer.conn, "keys");
    assert!((500..=506).contains(&keys), "{keys}");
    assert_eq!(count(&writer.conn, "errors"), 50);
    let last: String = writer
        .conn
        .query_row(
            "SELECT long_name FROM names ORDER BY until DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(last, "Alice 498");
    // Who forgets a name has not unlearnt it.
    let mut rows = batch(START + DAY * 10);
    rows.nodes = vec![Known {
        num: ALICE,
        ..Known::default()
    }];
    writer.apply(&rows).unwrap();
    let known = load::nodes(&writer.conn).unwrap().1;
    assert_eq!(known[0].long_name.as_deref(), Some("Alice 499"));
}

#[test]
fn strangers_without_number_do_not_fill_the_disk() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    for hour in 0..6_u32 {
        let mut rows = batch(START + u64::from(hour) * 3_600);
        rows.nodes = (0..1_000)
            .map(|n| Known {
                num: NodeNum(10_000 + hour * 1_000 + n),
                last_heard: Some(START + u64::from(hour)),
                ..Known::default()
            })
            .collect();
        writer.apply(&rows).unwrap();
    }
    assert_eq!(count(&writer.conn, "nodes"), i64::from(upkeep::NODES));
    assert_eq!(count(&writer.conn, "heard"), i64::from(upkeep::NODES));
    let (own, nodes) = load::nodes(&writer.conn).unwrap();
    assert_eq!((own, nodes.len()), (Some(OWN), 2_000));
    assert_eq!(nodes[0].last_heard, Some(START + 5));
}

#[test]
fn another_node_is_another_view_of_the_mesh() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let known = |last_heard| Known {
        num: ALICE,
        last_heard: Some(last_heard),
        ..Known::default()
    };
    for (own, last_heard) in [(1_000, START + 1), (2_000, START + 2), (1_000, START + 3)] {
        let mut rows = batch(START);
        rows.own = NodeNum(own);
        rows.nodes = vec![known(last_heard)];
        rows.packets = vec![heard(START)];
        writer.apply(&rows).unwrap();
        let (latest, nodes) = load::nodes(&writer.conn).unwrap();
        assert_eq!(latest, Some(NodeNum(own)));
        assert_eq!(nodes, [known(last_heard)]);
    }
    let each = "SELECT count(DISTINCT own), count(*) FROM packed";
    assert_eq!(numbers(&writer.conn, each), [Some(2), Some(3)]);
}

#[test]
fn one_bad_row_costs_one_node() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut nodes = batch(START);
    nodes.nodes = [ALICE, NodeNum(0x22)]
        .map(|num| Known {
            num,
            ..Known::default()
        })
        .into();
    writer.apply(&nodes).unwrap();
    let spoil = "UPDATE heard SET hops = 300 WHERE num = 34";
    assert_eq!(writer.conn.execute(spoil, []).unwrap(), 1);
    drop(writer);
    let opened = open(&path, Limits::default()).unwrap();
    let nums: Vec<_> = opened.nodes.iter().map(|node| node.num).collect();
    assert_eq!(nums, [ALICE]);
}

#[test]
fn who_is_long_gone_is_not_met_again() {
    let node = |num, last_heard| Known {
        num: NodeNum(num),
        last_heard,
        ..Known::default()
    };
    let now = START + 400 * DAY;
    let all = vec![
        node(1, Some(now - 29 * DAY)),
        node(2, Some(now - 31 * DAY)),
        node(3, None),
        node(4, Some(now + DAY / 2)),
        node(5, Some(now + 300 * DAY)),
        Known {
            first_seen: Some(now - DAY),
            ..node(6, None)
        },
        Known {
            first_seen: Some(now - DAY),
            ..node(7, Some(now - 31 * DAY))
        },
    ];
    let left = |now| {
        let mut nodes = all.clone();
        load::leave_out_ghosts(&mut nodes, now, Duration::from_secs(30 * DAY));
        nodes.iter().map(|node| node.num.0).collect::<Vec<_>>()
    };
    assert_eq!(left(Some(now)), [1, 4, 6]);
    assert_eq!(left(None), [1, 2, 3, 4, 5, 6, 7]);
}
