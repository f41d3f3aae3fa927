//! What is forgotten, when, and what room that takes.

use super::*;

#[test]
fn sums_by_the_hour_hold_what_was_really_heard() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    let direct = heard(START);
    let relayed = Heard {
        hops: Some(3),
        snr_q: Some(40),
        ..direct
    };
    let unknown = Heard {
        hops: None,
        snr_q: Some(44),
        ..direct
    };
    let mqtt = Heard {
        medium: Medium::Mqtt,
        snr_q: None,
        ..direct
    };
    let udp = Heard {
        medium: Medium::Other,
        ..direct
    };
    let late = Heard {
        late: true,
        snr_q: Some(48),
        ..direct
    };
    rows.packets = vec![direct, relayed, unknown, mqtt, udp, late];
    writer.apply(&rows).unwrap();
    // In two goes: what comes later for the same hour is added.
    writer.apply(&batch(START + 8 * DAY)).unwrap();
    let sums = "SELECT packets, mqtt, direct, best_snr, far FROM hours";
    let expected = [Some(5), Some(1), Some(1), Some(-13), Some(3)];
    assert_eq!(numbers(&writer.conn, sums), expected);
    assert_eq!(packets(&writer.conn), 0);
    let mut again = batch(START + 9 * DAY);
    again.packets = vec![
        Heard {
            snr_q: None,
            ..direct
        },
        direct,
    ];
    writer.apply(&again).unwrap();
    let expected = [Some(7), Some(1), Some(3), Some(-13), Some(3)];
    assert_eq!(numbers(&writer.conn, sums), expected);
}

#[test]
fn traffic_is_forgotten_after_its_time_and_facts_are_not() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START)];
    rows.air = vec![Air {
        at: When::Unix(START),
        channel_utilization: 12.34,
        air_util_tx: 0.5,
    }];
    rows.keys = vec![KeyNews {
        at: When::Unix(START),
        node: ALICE,
        key: Some([7; 32]),
    }];
    rows.nodes = vec![Known {
        num: ALICE,
        long_name: Some("Alice".into()),
        public_key: Some([7; 32]),
        ..Known::default()
    }];
    writer.apply(&rows).unwrap();
    let air = "SELECT channel_utilization, air_util_tx FROM air";
    assert_eq!(numbers(&writer.conn, air), [Some(1_234), Some(50)]);
    for (days, sums, air) in [(6, 0, 1), (8, 1, 1), (29, 1, 1), (31, 0, 0)] {
        writer.apply(&batch(START + days * DAY)).unwrap();
        assert_eq!(count(&writer.conn, "hours"), sums, "day {days}");
        assert_eq!(count(&writer.conn, "air"), air, "day {days}");
    }
    writer.apply(&batch(START + 3_000 * DAY)).unwrap();
    assert_eq!(
        (count(&writer.conn, "nodes"), count(&writer.conn, "keys")),
        (1, 1)
    );
}

#[test]
fn of_each_pair_the_last_and_the_best_are_kept() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let link = |unix: u64, from: u32, snr_q: Option<i16>, metres: Option<u32>| Link {
        at: When::Unix(unix),
        from: NodeNum(from),
        to: ALICE,
        witness: Witness::Neighbours,
        snr_q,
        best_q: snr_q,
        times: 1,
        metres,
    };
    let mut rows = batch(START);
    rows.links = vec![
        link(START, 100, Some(-8), None),
        link(START, 100, Some(12), Some(900)),
        link(START, 100, None, None),
        link(START + 9, 100, Some(4), Some(700)),
    ];
    writer.apply(&rows).unwrap();
    let pair = "SELECT snr, best_snr, times, metres, far, far_at - 1 FROM links";
    let at = i64::try_from(START).unwrap();
    let expected = [4, 12, 4, 700, 900, at - 1].map(Some);
    assert_eq!(numbers(&writer.conn, pair), expected);
    // After a month the record is another one.
    let later = START + 31 * DAY;
    rows.links = vec![link(later, 100, Some(4), Some(800))];
    writer.apply(&rows).unwrap();
    let farthest = numbers(&writer.conn, "SELECT far, far_at FROM links");
    assert_eq!(farthest, [Some(800), i64::try_from(later).ok()]);
    writer.conn.execute("DELETE FROM links", []).unwrap();
    // Whoever invents nodes pushes out what is oldest, and no more.
    for hour in 1..=6_u32 {
        let now = START + u64::from(hour) * 3_600;
        let mut rows = batch(now);
        rows.links = (0..2_000)
            .map(|n| link(now, hour * 10_000 + n, Some(0), None))
            .collect();
        writer.apply(&rows).unwrap();
    }
    assert_eq!(count(&writer.conn, "links"), i64::from(upkeep::LINKS));
    writer.apply(&batch(START + 40 * DAY)).unwrap();
    assert_eq!(count(&writer.conn, "links"), 0);
}

#[test]
fn who_keeps_little_keeps_no_sums_of_it() {
    let (_folder, path) = place();
    let limits = Limits {
        keep: Duration::from_secs(DAY),
        ..Limits::default()
    };
    let mut writer = open(&path, limits).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START), heard(START - 40 * DAY)];
    writer.apply(&rows).unwrap();
    assert_eq!(packets(&writer.conn), 1);
    writer.apply(&batch(START + 2 * DAY)).unwrap();
    assert_eq!(
        (packets(&writer.conn), count(&writer.conn, "hours")),
        (0, 0)
    );
}

#[test]
fn the_oldest_makes_room_when_the_mesh_is_busy() {
    let (_folder, path) = place();
    let limits = Limits {
        max_bytes: 8 * 1024 * 1024,
        ..Limits::default()
    };
    let mut writer = open(&path, limits).unwrap().writer;
    let mut newest = 0;
    for hour in 0..240 {
        let now = START + hour * 3_600;
        let mut rows = batch(now);
        rows.packets = (0..2_000)
            .map(|n| Heard {
                from: NodeNum(1_000 + n % 700),
                ..heard(now - u64::from(n) % 3_600)
            })
            .collect();
        writer.apply(&rows).unwrap();
        let wal = std::fs::metadata(disk::beside(&path, "-wal"))
            .unwrap()
            .len();
        let size = upkeep::file_bytes(&writer.conn).unwrap() + wal;
        assert!(
            size <= limits.max_bytes + 128 * 1024,
            "{size} bytes, hour {hour}"
        );
        newest = now;
    }
    let stats = stats::stats(&writer.conn, &path).unwrap();
    let (first, last) = stats.span.unwrap();
    assert_eq!(last, newest);
    assert!(last - first > DAY, "{stats:?}");
    // A smaller limit later: the room is handed back bit by bit.
    writer.limits.max_bytes = 6 * 1024 * 1024;
    for minute in 1..30 {
        writer.apply(&batch(newest + minute * 60)).unwrap();
    }
    assert!(upkeep::file_bytes(&writer.conn).unwrap() <= 6 * 1024 * 1024);
}

#[test]
fn the_operator_prunes_at_once() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    for hour in 0..200 {
        let mut rows = batch(START + hour * 3_600);
        rows.packets = (0..500).map(|n| heard(START + hour * 3_600 + n)).collect();
        writer.apply(&rows).unwrap();
    }
    writer.prune(START + 400 * DAY).unwrap();
    assert_eq!(
        (packets(&writer.conn), count(&writer.conn, "hours")),
        (0, 0)
    );
    assert_eq!(upkeep::free_pages(&writer.conn).unwrap(), 0);
    assert!(std::fs::metadata(&path).unwrap().len() < 100 * 1024);
}

/// On a full disk there is room for nothing but what was just handed back.
#[test]
fn pruning_needs_little_room_at_any_time() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    for hour in 0..30 * 24 {
        let mut rows = batch(START + hour * 3_600);
        rows.packets = (0..600)
            .map(|n| Heard {
                from: NodeNum(1_000 + n % 150),
                ..heard(START + hour * 3_600 + u64::from(n) * 6)
            })
            .collect();
        writer.apply(&rows).unwrap();
    }
    checkpointed(&writer);
    writer.limits.keep = Duration::from_secs(DAY);
    let wal = || {
        let wal = std::fs::metadata(disk::beside(&path, "-wal"));
        wal.map_or(0, |wal| wal.len())
    };
    let (mut rounds, mut most) = (0, 0);
    while writer.prune_some(START + 30 * DAY).unwrap() {
        most = most.max(wal());
        checkpointed(&writer);
        rounds += 1;
    }
    assert!((100..1_000).contains(&rounds), "{rounds} pieces");
    assert!(most <= 1024 * 1024, "{most} bytes of log");
    writer.prune(START + 30 * DAY).unwrap();
    let kept = packets(&writer.conn);
    assert!((24 * 600..25 * 600).contains(&kept), "{kept}");
    assert_eq!(wal(), 0);
    assert_eq!(upkeep::free_pages(&writer.conn).unwrap(), 0);
}

/// A clock that was ahead for an hour, long ago.
#[test]
fn what_a_wrong_clock_dated_in_the_future_does_not_stay_for_ever() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let wrong = START + 900 * DAY;
    let mut rows = batch(START);
    rows.now.unix = wrong;
    rows.packets = vec![heard(wrong)];
    rows.air = vec![Air {
        at: When::Unix(wrong),
        channel_utilization: 1.0,
        air_util_tx: 1.0,
    }];
    rows.nodes = vec![Known {
        num: ALICE,
        first_seen: Some(wrong),
        last_heard: Some(wrong),
        ..Known::default()
    }];
    writer.apply(&rows).unwrap();
    let left = "SELECT (SELECT count(*) FROM packed WHERE id / 65536 > 2150000000 / 3600),
                  (SELECT count(*) FROM air), (SELECT max(last_heard) FROM heard),
                  (SELECT max(first_seen) FROM nodes)";
    let all = [Some(1), Some(1), Some(int(wrong)), Some(int(wrong))];
    // It is set right after an hour, and once more after three days.
    let mut ahead = 900 * DAY;
    for hour in 1..24 * 11 {
        match hour {
            1 => ahead = 2 * 3_600,
            72 => ahead = 0,
            _ => {}
        }
        let mut rows = batch(START + hour * 3_600);
        rows.now.unix += ahead;
        rows.packets = vec![heard(rows.now.unix)];
        writer.apply(&rows).unwrap();
        if hour == 72 + 7 * 24 - 1 {
            assert_eq!(numbers(&writer.conn, left), all);
        }
    }
    assert_eq!(numbers(&writer.conn, left), [Some(0), Some(0), None, None]);
    let kept = packets(&writer.conn);
    assert!(kept >= 7 * 24, "{kept}");
}

/// A clock that is suddenly a year ahead empties nothing, and when it is right
/// again everything goes on.
#[test]
fn a_clock_that_is_ahead_does_not_empty_the_history() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    for hour in 0..20 * 24 {
        let mut rows = batch(START + hour * 3_600);
        rows.packets.push(heard(START + hour * 3_600));
        writer.apply(&rows).unwrap();
    }
    let end = START + 20 * DAY;
    let (raw, sums) = (packets(&writer.conn), count(&writer.conn, "hours"));
    assert!(raw >= 7 * 24 && sums > 0, "{raw} {sums}");
    for hour in 0..12 {
        let mut ahead = batch(end + hour * 3_600);
        ahead.now.unix += 365 * DAY;
        writer.apply(&ahead).unwrap();
    }
    assert!(packets(&writer.conn) >= raw - 3 * 24);
    assert!(count(&writer.conn, "hours") >= sums);
    // Also right after a start.
    drop(writer);
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    writer.prune(end + 365 * DAY).unwrap();
    assert!(packets(&writer.conn) >= raw - 3 * 24);
    // It stays so: then it is believed.
    for hour in 0..30 {
        let mut later = batch(end + hour * 3_600);
        later.now.unix += 365 * DAY;
        writer.apply(&later).unwrap();
    }
    assert_eq!(packets(&writer.conn), 0);
}
