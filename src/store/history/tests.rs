//! The database by itself: steps of the schema, a full disk, and what the parts
//! below say.

mod forgetting;
mod knowing;
mod telling;

use std::time::Duration;

use rusqlite::Connection;

use super::thread::Clerk;
use super::*;
use crate::bot::record::{Air, Batch, Heard, KeyNews, Link, Medium, Undelivered, When};
use crate::mesh::{Hops, Known, KnownDirect, Metrics, NodeNum, Now, Position, Witness};

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

/// Single packets that are kept.
fn packets(conn: &Connection) -> i64 {
    int(packed::count(conn).unwrap())
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
    steps.push("ALTER TABLE own ADD COLUMN colour INTEGER; CREATE TABLE more (a);");
    let mut conn = Connection::open(&path).unwrap();
    // An attempt that was cut short left this.
    let leftover = open::beside(&path, &format!(".version-{}", schema::STEPS.len()));
    std::fs::write(&leftover, "half a copy").unwrap();
    let copy = schema::migrate(&mut conn, &path, &steps).unwrap().unwrap();
    assert_eq!(copy, leftover);
    assert_eq!(schema::version(&conn).unwrap(), steps.len());
    assert_eq!(
        numbers(&conn, "SELECT count(*), max(colour) FROM own"),
        [Some(1), None]
    );
    assert_eq!(count(&conn, "more"), 0);
    let copy = open::read(&copy, false).unwrap();
    assert_eq!(packets(&copy), 1);

    let error = schema::migrate(&mut conn, &path, schema::STEPS).unwrap_err();
    assert!(matches!(error, OpenError::Newer(version) if version == steps.len()));
}

/// A database of an earlier version, with nothing in it.
fn of_version(version: usize, path: &std::path::Path) -> Connection {
    let mut conn = Connection::open(path).unwrap();
    let page_size = open::PAGE_SIZE;
    conn.execute_batch(&format!(
        "PRAGMA page_size = {page_size}; PRAGMA auto_vacuum = INCREMENTAL"
    ))
    .unwrap();
    schema::migrate(&mut conn, path, &schema::STEPS[..version]).unwrap();
    conn
}

#[test]
fn links_of_version_1_are_known_in_version_2() {
    let (_folder, path) = place();
    let conn = of_version(1, &path);
    conn.execute_batch(
        "INSERT INTO own VALUES (1, 77, 1); INSERT INTO links VALUES (1, 5, 6, 0, 99, -4, 8, 3)",
    )
    .unwrap();
    drop(conn);
    let writer = open(&path, Limits::default()).unwrap().writer;
    let row = "SELECT sender, hearer, time, snr, best_snr, times, metres, far FROM links";
    let expected = [5, 6, 99, -4, 8, 3].map(Some);
    let found: [Option<i64>; 8] = numbers(&writer.conn, row);
    assert_eq!((&found[..6], &found[6..]), (&expected[..], &[None; 2][..]));
}

/// Every packet is there afterwards, in its place, and as if it had been packed
/// at once.
#[test]
fn single_rows_of_version_3_are_packed_in_version_4() {
    let (_folder, path) = place();
    let conn = of_version(3, &path);
    let own = |id: i64, num: u32| {
        conn.execute("INSERT INTO own VALUES (?1, ?2, ?1)", (id, num))
            .unwrap();
    };
    own(1, OWN.0);
    own(7, 0xbbb);
    let mut rng = fastrand::Rng::with_seed(5);
    // With hours in between of which there is nothing, and one far away.
    let mut hours: Vec<u64> = (0..40).map(|_| START / 3_600 + rng.u64(..90)).collect();
    hours.push(START / 3_600 + 200_000);
    hours.sort_unstable();
    let mut insert = conn
        .prepare("INSERT INTO packets VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
        .unwrap();
    let mut expected = [Vec::new(), Vec::new()];
    for (nth, hour) in (0_i64..).zip(hours) {
        let heard = anything(&mut rng, hour);
        let When::Unix(at) = heard.at else { panic!() };
        let second = usize::from(rng.bool());
        let medium = [Medium::Radio, Medium::Mqtt, Medium::Other];
        let medium = medium.iter().position(|&it| it == heard.medium).unwrap();
        insert
            .execute(rusqlite::params![
                int(at) * 1_024 + nth,
                [1, 7][second],
                heard.from.0,
                heard.to.map(|to| to.0),
                heard.port,
                heard.channel,
                heard.hops,
                heard.snr_q,
                heard.rssi,
                heard.relay,
                i64::try_from(medium).unwrap(),
                heard.late,
            ])
            .unwrap();
        expected[second].push(heard);
    }
    drop(insert);
    drop(conn);
    let writer = open(&path, Limits::default()).unwrap().writer;
    for (own, mut expected) in [1, 7].into_iter().zip(expected) {
        assert!(expected.len() > 10);
        expected.sort_by_key(|heard| match heard.at {
            When::Unix(at) => at,
            When::Mono(_) => 0,
        });
        assert_eq!(kept(&writer.conn, own), expected);
    }
    assert_eq!(packets(&writer.conn), 41);
}

/// What the card has damaged costs itself, and the rest comes over.
#[test]
fn odd_rows_of_version_3_cost_no_others() {
    let (_folder, path) = place();
    let conn = of_version(3, &path);
    let id = START * 1_024;
    let hour = 3_600 * 1_024;
    conn.execute_batch(&format!(
        "INSERT INTO own VALUES (1, 170, 1), (-5, 171, 2), (65537, 172, 3), (70000, 173, 4);
         INSERT INTO packets SELECT {id} + abs(o.id % 1000), o.id, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0
         FROM own o;
         INSERT INTO packets SELECT id + {hour}, own, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0
         FROM packets;
         INSERT INTO packets VALUES
           ({id} + 1000, 1, 1 << 36, -1, 'x', 'x', -1, 'x', 1 << 20, -1, -1, 'x'),
           ({id} + 1001, 1, -1, 1 << 40, -1, -1, 1 << 12, -1, -1, 1 << 12, 7, 7),
           ({id} + 1002, 'x', 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           ({id} + 1003, 99, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           ({id} + 1004, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (-1, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (-{id}, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (5, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0),
           (9223372036854775807, 1, 7, 8, 1, 0, 0, 1, -9, 1, 0, 0)"
    ))
    .unwrap();
    drop(conn);
    let writer = open(&path, Limits::default()).unwrap().writer;
    let sound = |at| Heard {
        from: NodeNum(7),
        to: Some(NodeNum(8)),
        snr_q: Some(1),
        rssi: Some(-9),
        relay: Some(1),
        ..heard(at)
    };
    for own in [-5, 65_537, 70_000] {
        let expected = [START, START + 3_600].map(sound);
        assert_eq!(kept(&writer.conn, own), expected, "{own}");
    }
    let mut ours = kept(&writer.conn, 1);
    ours.retain(|heard| heard.from == NodeNum(7));
    let last = i64::MAX.unsigned_abs() / 1_024;
    let expected = [0, START, START, START + 3_600, last].map(sound);
    assert_eq!(ours, expected);
    let mediums: Vec<_> = kept(&writer.conn, 1)[2..4]
        .iter()
        .map(|heard| (heard.medium, heard.late))
        .collect();
    assert_eq!(mediums, [(Medium::Other, true); 2]);
}

/// Anything that a recorder may hand over, heard in this hour.
fn anything(rng: &mut fastrand::Rng, hour: u64) -> Heard {
    Heard {
        at: When::Unix(hour * 3_600 + rng.u64(..3_600)),
        from: NodeNum(rng.u32(..)),
        to: rng.bool().then(|| NodeNum(rng.u32(..))),
        port: rng.i32(-3..=511),
        channel: rng.u8(..),
        hops: rng.bool().then(|| rng.u8(..)),
        snr_q: rng.bool().then(|| rng.i16(..)),
        rssi: rng.bool().then(|| rng.i16(..)),
        relay: rng.bool().then(|| rng.u8(..)),
        medium: [Medium::Radio, Medium::Mqtt, Medium::Other][rng.usize(..3)],
        late: rng.bool(),
    }
}

/// What one node of ours has heard, in the order in which it lies there.
fn kept(conn: &Connection, own: i64) -> Vec<Heard> {
    let mut kept = Vec::new();
    packed::each_piece(conn, &(0..=u64::MAX), |piece| {
        let packets = piece.packets().filter(|_| piece.own == own);
        kept.extend(packets.map(|(_, heard)| heard));
        Ok(())
    })
    .unwrap();
    kept
}

#[test]
fn packets_come_out_as_they_went_in() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rng = fastrand::Rng::with_seed(6);
    let mut expected = Vec::new();
    for nth in 0..20 {
        let mut rows = batch(START + nth * 600);
        let hour = rows.now.unix / 3_600 - 2;
        rows.packets = (0..300)
            .map(|_| {
                let hour = hour + rng.u64(..3);
                anything(&mut rng, hour)
            })
            .collect();
        writer.apply(&rows).unwrap();
        expected.extend(rows.packets);
    }
    let in_order = |mut all: Vec<Heard>| {
        all.sort_by_key(|heard| format!("{heard:?}"));
        all
    };
    assert_eq!(packets(&writer.conn), 6_000);
    assert_eq!(in_order(kept(&writer.conn, 1)), in_order(expected));
}

/// The card has changed a byte here and there: that costs these packets.
#[test]
fn damaged_packets_cost_no_others() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START); 3];
    writer.apply(&rows).unwrap();
    rows.packets = vec![heard(START); 2];
    writer.apply(&rows).unwrap();
    let spoil = |sql: &str| assert_eq!(writer.conn.execute(sql, []).unwrap(), 1, "{sql}");
    let replace = |by: &str| {
        spoil(&format!(
            "UPDATE packed SET packets = CAST({by} AS BLOB) WHERE id % 65536 = 0"
        ));
    };
    // Half a packet, a destination that is nowhere, no packets at all.
    replace("packets || x'11'");
    assert_eq!(kept(&writer.conn, 1).len(), 5);
    replace("substr(packets, 1, 2) || x'78' || substr(packets, 4)");
    assert_eq!(kept(&writer.conn, 1), [heard(START); 5]);
    spoil("UPDATE packed SET packets = 'text' WHERE id % 65536 = 1");
    assert_eq!(kept(&writer.conn, 1), [heard(START); 3]);
}

/// The time itself is damaged.
#[test]
fn a_packet_of_no_second_of_its_hour_is_left_out() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    let to = |to: u32| Heard {
        to: Some(NodeNum(to)),
        ..heard(START)
    };
    rows.packets = vec![to(5), to(6)];
    writer.apply(&rows).unwrap();
    let spoil = "UPDATE packed SET packets = CAST(x'0e10' || substr(packets, 3) AS BLOB)";
    assert_eq!(writer.conn.execute(spoil, []).unwrap(), 1);
    assert_eq!(kept(&writer.conn, 1), [to(6)]);
    assert_eq!(packed::span(&writer.conn).unwrap(), Some((START, START)));
}

/// A row whose node of ours cannot be read costs itself, not the history.
#[test]
fn a_row_of_nobody_costs_no_others() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.nodes = vec![Known {
        num: ALICE,
        ..Known::default()
    }];
    rows.packets = vec![heard(START); 3];
    writer.apply(&rows).unwrap();
    writer.apply(&rows).unwrap();
    let spoil = "UPDATE packed SET own = 'nobody' WHERE id % 65536 = 0";
    assert_eq!(writer.conn.execute(spoil, []).unwrap(), 1);
    drop(writer);
    let mut opened = open(&path, Limits::default()).unwrap();
    assert_eq!(opened.nodes[0].last_heard, Some(START));
    assert_eq!(kept(&opened.writer.conn, 1), [heard(START); 3]);
    // A clock that is a week ahead is believed after a day.
    for day in 8..10 {
        opened.writer.apply(&batch(START + day * DAY)).unwrap();
    }
    let sums = "SELECT count(*), sum(packets) FROM hours";
    assert_eq!(numbers(&opened.writer.conn, sums), [Some(1), Some(3)]);
    assert_eq!(count(&opened.writer.conn, "packed"), 0);
}

/// Of no hour that there is: forgotten like any other when the clock is sure.
#[test]
fn the_last_hour_that_can_be_is_an_hour_like_any_other() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START)];
    writer.apply(&rows).unwrap();
    let moved = "UPDATE packed SET id = 9223372036854775807";
    assert_eq!(writer.conn.execute(moved, []).unwrap(), 1);
    let hour = i64::MAX as u64 / 65_536;
    let at = hour * 3_600 + START % 3_600;
    assert_eq!(packed::span(&writer.conn).unwrap(), Some((at, at)));
    assert_eq!(packed::next_hour(&writer.conn, 0).unwrap(), Some(hour));
    assert_eq!(packed::next_hour(&writer.conn, hour + 1).unwrap(), None);
    // Who reads hour by hour comes to an end, and who makes room does as well.
    let mut told = Vec::new();
    export::export(&writer.conn, export::Form::Csv, &mut told).unwrap();
    assert_eq!(String::from_utf8(told).unwrap().lines().count(), 2);
    writer.limits.max_bytes = 0;
    writer.prune(START).unwrap();
    assert_eq!(count(&writer.conn, "packed"), 0);
}

/// The card has put a row where an hour ends.
#[test]
fn what_has_no_room_in_its_hour_is_in_no_other() {
    let (_folder, path) = place();
    let mut writer = open(&path, Limits::default()).unwrap().writer;
    let mut rows = batch(START);
    rows.packets = vec![heard(START)];
    writer.apply(&rows).unwrap();
    let moved = "UPDATE packed SET id = id + 65535";
    assert_eq!(writer.conn.execute(moved, []).unwrap(), 1);
    rows.packets = vec![heard(START + 1), heard(START + 3_600)];
    writer.apply(&rows).unwrap();
    let expected = [START, START + 3_600].map(heard);
    assert_eq!(kept(&writer.conn, 1), expected);
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
    assert_eq!(digests, [STEP_1, STEP_2, STEP_3, STEP_4]);
}

const STEP_1: u64 = 12_688_798_813_232_125_218;
const STEP_2: u64 = 4_229_858_220_891_962_916;
const STEP_3: u64 = 2_131_487_472_541_951_683;
const STEP_4: u64 = 1_219_787_225_987_754_383;

const UNMARKED: usize = 2;

/// The first versions had no mark of ours yet.
#[test]
fn a_database_without_a_mark_is_recognised_and_marked() {
    let (_folder, path) = place();
    let conn = of_version(UNMARKED, &path);
    conn.execute_batch("INSERT INTO errors VALUES (1, 7, 7, 7, 'out of reach')")
        .unwrap();
    drop(conn);
    let error = open::read(&path, false).unwrap_err();
    assert!(error.to_string().contains("run the bot once"), "{error}");
    let writer = open(&path, Limits::default()).unwrap().writer;
    let mark = numbers(&writer.conn, "SELECT * FROM pragma_application_id");
    assert_eq!(mark, [Some(claim::APPLICATION_ID.into())]);
    assert_eq!(count(&writer.conn, "errors"), 1);
    assert!(open::beside(&path, &format!(".version-{UNMARKED}")).exists());
}

/// The log is emptied, and nobody prevents it.
fn checkpointed(writer: &Writer) {
    let sql = "PRAGMA wal_checkpoint(TRUNCATE)";
    let busy = writer.conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    assert_eq!(busy.unwrap(), 0, "somebody holds on to an old state");
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
    assert_eq!(packets(&writer.conn), 2, "tidied up later");
    last.closing = false;
    writer.apply(&last).unwrap();
    assert_eq!(
        (packets(&writer.conn), count(&writer.conn, "hours")),
        (2, 0)
    );
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
    let kept = packets(&clerk.writer.as_ref().unwrap().conn);
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
    assert_eq!(packets(conn), 0);
    let name: String = conn
        .query_row("SELECT long_name FROM nodes", [], |row| row.get(0))
        .unwrap();
    assert_eq!((clerk.lost, name.as_str()), (None, "Alice 2"));
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
