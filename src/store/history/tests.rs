//! The database by itself: steps of the schema, what is forgotten, what is
//! summed up, and a full disk.

use std::time::Duration;

use rusqlite::Connection;

use super::thread::Clerk;
use super::*;
use crate::bot::record::{Air, Batch, Heard, KeyNews, Link, Medium, Undelivered, When};
use crate::mesh::{Edge, Hops, Known, KnownDirect, Metrics, NodeNum, Now, Position, Witness};

const OWN: NodeNum = NodeNum(0xaaa);
const ALICE: NodeNum = NodeNum(0xffff_11a1);
const DAY: u64 = 24 * 3_600;
const START: u64 = 2_100_000_000;

fn place() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meshbot.db");
    (folder, path)
}

fn heard(unix: u64) -> Heard {
    Heard {
        at: When::Unix(unix),
        from: ALICE,
        to: None,
        port: 1,
        channel: 0,
        hops: Some(0),
        snr_q: Some(-13),
        rssi: Some(-97),
        relay: None,
        medium: Medium::Radio,
        late: false,
    }
}

fn batch(unix: u64) -> Batch {
    Batch {
        now: Now {
            mono: Duration::from_secs(unix - START),
            unix,
        },
        dated: true,
        own: OWN,
        ..Batch::default()
    }
}

fn numbers<const N: usize>(conn: &Connection, sql: &str) -> [Option<i64>; N] {
    conn.query_row(sql, [], |row| {
        let mut values = [None; N];
        for (at, value) in values.iter_mut().enumerate() {
            *value = row.get(at)?;
        }
        Ok(values)
    })
    .unwrap()
}

fn count(conn: &Connection, table: &str) -> i64 {
    numbers::<1>(conn, &format!("SELECT count(*) FROM {table}"))[0].unwrap()
}

#[test]
fn an_empty_file_takes_all_steps_and_needs_no_copy() {
    let (_folder, path) = place();
    let mut conn = Connection::open(&path).unwrap();
    assert_eq!(schema::version(&conn).unwrap(), 0);
    let copy = schema::migrate(&mut conn, &path, schema::STEPS).unwrap();
    assert_eq!(copy, None);
    assert_eq!(schema::version(&conn).unwrap(), schema::STEPS.len());
    assert_eq!(
        schema::migrate(&mut conn, &path, schema::STEPS).unwrap(),
        None
    );
}

#[test]
fn an_older_database_is_copied_and_brought_up_to_date() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut first = batch(START);
    first.packets.push(heard(START));
    writer.apply(&first).unwrap();
    drop(writer);

    let mut steps = schema::STEPS.to_vec();
    steps.push("ALTER TABLE packets ADD COLUMN colour INTEGER; CREATE TABLE more (a);");
    let mut conn = Connection::open(&path).unwrap();
    // An attempt that was cut short left this.
    let leftover = open::beside(&path, &format!(".version-{}", schema::STEPS.len()));
    std::fs::write(&leftover, "half a copy").unwrap();
    let copy = schema::migrate(&mut conn, &path, &steps).unwrap().unwrap();
    assert_eq!(copy, leftover);
    assert_eq!(schema::version(&conn).unwrap(), steps.len());
    assert_eq!(
        numbers(&conn, "SELECT count(*), max(colour) FROM packets"),
        [Some(1), None]
    );
    assert_eq!(count(&conn, "more"), 0);
    let copy = open::read(&copy, false).unwrap();
    assert_eq!(count(&copy, "packets"), 1);

    let error = schema::migrate(&mut conn, &path, schema::STEPS).unwrap_err();
    assert!(matches!(error, OpenError::Newer(version) if version == steps.len()));
}

#[test]
fn a_step_that_fails_leaves_the_database_as_it_was() {
    let (_folder, path) = place();
    let mut conn = Connection::open(&path).unwrap();
    schema::migrate(&mut conn, &path, schema::STEPS).unwrap();
    let mut steps = schema::STEPS.to_vec();
    steps.push("CREATE TABLE more (a); nonsense;");
    assert!(schema::migrate(&mut conn, &path, &steps).is_err());
    assert_eq!(schema::version(&conn).unwrap(), schema::STEPS.len());
    assert_eq!(
        numbers(
            &conn,
            "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"
        ),
        [Some(0)]
    );
}

/// The database of version 1 as it was released: whoever changes a step that
/// is out there breaks this.
#[test]
fn released_steps_never_change() {
    let digest = |text: &str| {
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    };
    // Until the first release the figure may be set anew.
    let digests: Vec<u64> = schema::STEPS.iter().map(|step| digest(step)).collect();
    assert_eq!(digests, [STEP_1, STEP_2]);
}

const STEP_1: u64 = 12_688_798_813_232_125_218;
const STEP_2: u64 = 2_131_487_472_541_951_683;

/// Version 1 had no mark of ours yet.
#[test]
fn a_database_of_version_1_is_recognised_and_marked() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets.push(heard(START));
    writer.apply(&rows).unwrap();
    let back = "PRAGMA application_id = 0; PRAGMA user_version = 1";
    writer.conn.execute_batch(back).unwrap();
    drop(writer);
    std::fs::remove_file(open::beside(&path, ".lock")).unwrap();
    let error = open::read(&path, false).unwrap_err();
    assert!(error.to_string().contains("run the bot once"), "{error}");
    let writer = open(&path, Limits::default()).unwrap().writer;
    let mark = numbers(&writer.conn, "SELECT * FROM pragma_application_id");
    assert_eq!(mark, [Some(claim::APPLICATION_ID.into())]);
    assert_eq!(count(&writer.conn, "packets"), 1);
    assert!(open::beside(&path, ".version-1").exists());
}

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
    assert_eq!(count(&writer.conn, "packets"), 0);
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
    let link = |unix: u64, from: u32, snr_q: i16| Link {
        at: When::Unix(unix),
        edge: Edge {
            from: NodeNum(from),
            to: ALICE,
            snr_q,
            witness: Witness::Neighbours,
        },
    };
    let mut rows = batch(START);
    rows.links = vec![
        link(START, 100, -8),
        link(START, 100, 12),
        link(START, 100, 4),
    ];
    writer.apply(&rows).unwrap();
    let pair = "SELECT count(*), snr, best_snr, times FROM links";
    let expected = [Some(1), Some(4), Some(12), Some(3)];
    assert_eq!(numbers(&writer.conn, pair), expected);
    // Whoever invents nodes pushes out what is oldest, and no more.
    for hour in 1..=6_u32 {
        let now = START + u64::from(hour) * 3_600;
        let mut rows = batch(now);
        rows.links = (0..2_000)
            .map(|n| link(now, hour * 10_000 + n, 0))
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
    assert_eq!(count(&writer.conn, "packets"), 1);
    writer.apply(&batch(START + 2 * DAY)).unwrap();
    assert_eq!(
        (count(&writer.conn, "packets"), count(&writer.conn, "hours")),
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
        let wal = std::fs::metadata(open::beside(&path, "-wal"))
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
        (count(&writer.conn, "packets"), count(&writer.conn, "hours")),
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
        let wal = std::fs::metadata(open::beside(&path, "-wal"));
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
    let kept = count(&writer.conn, "packets");
    assert!((24 * 600..25 * 600).contains(&kept), "{kept}");
    assert_eq!(wal(), 0);
    assert_eq!(upkeep::free_pages(&writer.conn).unwrap(), 0);
}

/// The log is emptied, and nobody prevents it.
fn checkpointed(writer: &Writer) {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy = writer.conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    assert_eq!(busy.unwrap(), 0, "somebody holds on to an old state");
}

/// Reads slowly: meanwhile the bot writes and empties its log.
struct Slow {
    writer: Writer,
    written: Vec<u8>,
    next: u64,
}

impl std::io::Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.written.extend_from_slice(bytes);
        if self.written.len() as u64 > self.next {
            self.next += 20_000;
            let mut rows = batch(START + 600);
            rows.packets = vec![heard(START + 600); 100];
            self.writer.apply(&rows).unwrap();
            checkpointed(&self.writer);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn whoever_reads_an_export_slowly_holds_up_nobody() {
    use export::{Form, export};
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = (0..2_600)
        .map(|n| Heard {
            from: NodeNum(10_000 + n),
            ..heard(START)
        })
        .collect();
    // In another hour each, so that some are summed up.
    for (nth, heard) in rows.packets.iter_mut().enumerate() {
        heard.at = When::Unix(START - 9 * DAY + nth as u64 * 300);
    }
    rows.links = (0..1_100)
        .map(|n| Link {
            at: When::Unix(START),
            edge: Edge {
                from: NodeNum(n),
                to: NodeNum(n % 7),
                snr_q: 4,
                witness: Witness::Neighbours,
            },
        })
        .collect();
    writer.apply(&rows).unwrap();
    let [sums] = numbers::<1>(&writer.conn, "SELECT sum(packets) FROM hours").map(Option::unwrap);
    assert!(sums > 500, "{sums}");
    let mut slow = Slow {
        writer,
        written: Vec::new(),
        next: 1_000,
    };
    let conn = open::read(&path, false).unwrap();
    export(&conn, Form::Json, &mut slow).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&slow.written).unwrap();
    let column = |table: &str, column: &str| -> Vec<String> {
        let rows = told[table].as_array().unwrap().iter();
        rows.map(|row| row[column].to_string()).collect()
    };
    let distinct = |mut values: Vec<String>| {
        values.sort();
        values.dedup();
        values.len()
    };
    // All that was there is there once, and some of what came meanwhile.
    let summed = column("hours", "packets")
        .iter()
        .map(|n| n.parse::<i64>().unwrap())
        .sum::<i64>();
    assert_eq!(summed, sums);
    let packets = column("packets", "node").into_iter();
    let (news, old): (Vec<_>, Vec<_>) = packets.partition(|node| node.contains("ffff11a1"));
    assert_eq!(
        (old.len(), distinct(old)),
        (2_600 - sums as usize, 2_600 - sums as usize)
    );
    assert!(news.len() > 100, "{}", news.len());
    assert_eq!(distinct(column("links", "sender")), 1_100);
    assert_eq!(column("links", "sender").len(), 1_100);
    // CSV has a head even when there is nothing to tell.
    slow.writer.conn.execute("DELETE FROM packets", []).unwrap();
    let mut head = Vec::new();
    export(&conn, Form::Csv, &mut head).unwrap();
    assert_eq!(String::from_utf8(head).unwrap().lines().count(), 1);
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
    let left = "SELECT (SELECT count(*) FROM packets WHERE id / 1024 > 2150000000),
                  (SELECT count(*) FROM air), (SELECT max(last_heard) FROM heard),
                  (SELECT max(first_seen) FROM nodes)";
    let all = [Some(1), Some(1), Some(wrong as i64), Some(wrong as i64)];
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
    let [kept] = numbers::<1>(&writer.conn, "SELECT count(*) FROM packets").map(Option::unwrap);
    assert!(kept >= 7 * 24, "{kept}");
}

#[test]
fn the_last_batch_is_written_and_nothing_else_is_done() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START)];
    writer.apply(&rows).unwrap();
    let mut last = batch(START + 60 * DAY);
    last.packets = vec![heard(START + 60 * DAY)];
    last.closing = true;
    writer.apply(&last).unwrap();
    assert_eq!(count(&writer.conn, "packets"), 2, "tidied up later");
    last.closing = false;
    writer.apply(&last).unwrap();
    assert_eq!(
        (count(&writer.conn, "packets"), count(&writer.conn, "hours")),
        (2, 0)
    );
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
    let each = "SELECT count(DISTINCT own), count(*) FROM packets";
    assert_eq!(numbers(&writer.conn, each), [Some(2), Some(3)]);
}

#[test]
fn a_full_disk_costs_rows_and_nothing_else() {
    let (_folder, path) = place();
    let writer = open(&path, Limits::default()).unwrap().writer;
    let full = |conn: &Connection, pages: u32| {
        conn.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))
            .unwrap();
    };
    full(&writer.conn, 30);
    let mut clerk = Clerk::new(writer);
    let rows = |hour: u64| {
        let mut rows = batch(START + hour * 3_600);
        rows.packets = (0..1_000)
            .map(|n| heard(START + hour * 3_600 + n))
            .collect();
        rows
    };
    for hour in 0..5 {
        clerk.keep(&rows(hour));
    }
    let lost = clerk.lost;
    assert!(
        lost.is_some_and(|lost| lost > 0 && lost % 1_000 == 0),
        "{lost:?}"
    );
    full(&clerk.writer.as_ref().unwrap().conn, 10_000);
    clerk.keep(&rows(6));
    assert_eq!(clerk.lost, None);
    let kept = count(&clerk.writer.as_ref().unwrap().conn, "packets");
    assert_eq!(kept + i64::try_from(lost.unwrap()).unwrap(), 6_000);
}

/// What must not be lost waits for the disk.
#[test]
fn a_disk_that_fails_for_a_while_costs_no_facts() {
    let (_folder, path) = place();
    let mut clerk = Clerk::new(open(&path, Limits::default()).unwrap().writer);
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let conn = &clerk.writer.as_ref().unwrap().conn;
    conn.busy_timeout(Duration::ZERO).unwrap();
    for n in 0..3 {
        let mut facts = batch(START + n);
        facts.packets.push(heard(START + n));
        facts.nodes = vec![Known {
            num: ALICE,
            long_name: Some(format!("Alice {n}").into()),
            ..Known::default()
        }];
        facts.errors = vec![Undelivered {
            at: When::Mono(Duration::from_secs(n)),
            to: ALICE,
            reason: n.to_string(),
        }];
        clerk.keep(&facts);
    }
    assert_eq!(clerk.lost, Some(3));
    other.execute_batch("ROLLBACK").unwrap();
    clerk.keep(&batch(START + 60));
    let conn = &clerk.writer.as_ref().unwrap().conn;
    let kept = numbers(conn, "SELECT count(*), max(time), min(time) FROM errors");
    let (first, last) = (START.try_into().unwrap(), (START + 2).try_into().unwrap());
    assert_eq!(kept, [Some(3), Some(last), Some(first)]);
    assert_eq!(count(conn, "packets"), 0);
    let name: String = conn
        .query_row("SELECT long_name FROM nodes", [], |row| row.get(0))
        .unwrap();
    assert_eq!((clerk.lost, name.as_str()), (None, "Alice 2"));
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
    let (raw, sums) = (count(&writer.conn, "packets"), count(&writer.conn, "hours"));
    assert!(raw >= 7 * 24 && sums > 0, "{raw} {sums}");
    for hour in 0..12 {
        let mut ahead = batch(end + hour * 3_600);
        ahead.now.unix += 365 * DAY;
        writer.apply(&ahead).unwrap();
    }
    assert!(count(&writer.conn, "packets") >= raw - 3 * 24);
    assert!(count(&writer.conn, "hours") >= sums);
    // Also right after a start.
    drop(writer);
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    writer.prune(end + 365 * DAY).unwrap();
    assert!(count(&writer.conn, "packets") >= raw - 3 * 24);
    // It stays so: then it is believed.
    for hour in 0..30 {
        let mut later = batch(end + hour * 3_600);
        later.now.unix += 365 * DAY;
        writer.apply(&later).unwrap();
    }
    assert_eq!(count(&writer.conn, "packets"), 0);
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
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let writer = open(&path, Limits::default()).unwrap().writer;
    let copy = folder.path().join("copy.db");
    open::copy_into(&writer.conn, &copy).unwrap();
    assert!(open::copy_into(&writer.conn, &copy).is_err());
    for file in [&path, &copy] {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    assert!(open::read(&copy, false).is_ok());
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
    ];
    let left = |now| {
        let mut nodes = all.clone();
        load::leave_out_ghosts(&mut nodes, now, Duration::from_secs(30 * DAY));
        nodes.iter().map(|node| node.num.0).collect::<Vec<_>>()
    };
    assert_eq!(left(Some(now)), [1, 4]);
    assert_eq!(left(None), [1, 2, 3, 4, 5]);
}
