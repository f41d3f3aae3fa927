//! The database by itself: steps of the schema, a full disk, and what the parts
//! below say.

mod forgetting;
mod knowing;
mod packing;
mod telling;

use std::time::Duration;

use rusqlite::Connection;

use super::thread::Clerk;
use super::*;
use crate::history::edges::Witness;
use crate::history::{Air, Batch, Heard, KeyNews, Link, Medium, Undelivered, When};
use crate::mesh::{Hops, Known, KnownDirect, Metrics, NodeNum, Now, Position};

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
    let leftover = disk::beside(&path, &format!(".version-{}", schema::STEPS.len()));
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
    let page_size = disk::PAGE_SIZE;
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
    assert!(disk::beside(&path, &format!(".version-{UNMARKED}")).exists());
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
    for hour in 0..12 {
        clerk.keep(&rows(hour));
    }
    let (lost, owed) = (clerk.lost, clerk.owes());
    assert_eq!(owed, 4_096, "as much waits as may");
    assert!(lost.is_some_and(|lost| lost > 0), "{lost:?}");
    full(&clerk.writer.as_ref().unwrap().conn, 10_000);
    clerk.keep(&rows(12));
    assert_eq!((clerk.lost, clerk.owes()), (None, 0));
    let kept = packets(&clerk.writer.as_ref().unwrap().conn);
    assert_eq!(kept + i64::try_from(lost.unwrap()).unwrap(), 13_000);
}

/// A clerk, and somebody who keeps it from writing until he rolls back.
fn locked_out(path: &std::path::Path) -> (Clerk, Connection) {
    let clerk = Clerk::new(open(path, Limits::default()).unwrap().writer);
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let conn = &clerk.writer.as_ref().unwrap().conn;
    conn.busy_timeout(Duration::ZERO).unwrap();
    (clerk, other)
}

/// What could not be written waits for the disk.
#[test]
fn a_disk_that_fails_for_a_while_costs_nothing() {
    let (_folder, path) = place();
    let (mut clerk, other) = locked_out(&path);
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
    assert_eq!((clerk.lost, clerk.owes()), (Some(0), 3));
    other.execute_batch("ROLLBACK").unwrap();
    clerk.keep(&batch(START + 60));
    let conn = &clerk.writer.as_ref().unwrap().conn;
    let kept = numbers(conn, "SELECT count(*), max(time), min(time) FROM errors");
    let (first, last) = (START.try_into().unwrap(), (START + 2).try_into().unwrap());
    assert_eq!(kept, [Some(3), Some(last), Some(first)]);
    assert_eq!(packets(conn), 3);
    let name: String = conn
        .query_row("SELECT long_name FROM nodes", [], |row| row.get(0))
        .unwrap();
    assert_eq!((clerk.lost, name.as_str()), (None, "Alice 2"));
}

/// What is owed of one node does not go along with what another one heard, and
/// keeps the dates that it had.
#[test]
fn what_waits_for_the_disk_keeps_its_node_and_its_dates() {
    let (_folder, path) = place();
    let (mut clerk, other) = locked_out(&path);
    let mut first = batch(START + 60);
    first.packets.push(Heard {
        at: When::Mono(first.now.mono),
        ..heard(START)
    });
    clerk.keep(&first);
    other.execute_batch("ROLLBACK").unwrap();
    // The clock was set meanwhile, and the node is another.
    let mut second = batch(START + 30 * DAY);
    second.own = NodeNum(4_242);
    second.now.mono = first.now.mono + Duration::from_secs(600);
    clerk.keep(&second);
    assert_eq!((clerk.lost, clerk.owes()), (None, 0));
    let conn = &clerk.writer.as_ref().unwrap().conn;
    let [own] = numbers::<1>(conn, "SELECT num FROM own, packed WHERE own = own.id");
    assert_eq!(own, Some(i64::from(first.own.0)));
    let (at, _) = packed::span(conn).unwrap().unwrap();
    assert_eq!(at, START + 60);
}

/// Somebody cleans up the folder: what is written afterwards is there as well
/// after a restart.
#[test]
fn a_log_that_is_deleted_takes_nothing_with_it() {
    let (_folder, path) = place();
    let mut clerk = Clerk::new(open(&path, Limits::default()).unwrap().writer);
    for n in 0..4 {
        let mut rows = batch(START + n);
        rows.packets.push(heard(START + n));
        clerk.keep(&rows);
        if n == 1 {
            std::fs::remove_file(disk::beside(&path, "-wal")).unwrap();
        }
    }
    let conn = Connection::open(&path).unwrap();
    assert_eq!(packets(&conn), 4);
    drop(clerk);
    assert_eq!(packets(&Connection::open(&path).unwrap()), 4);
}

/// The folder is away for a while: nothing of what is heard meanwhile is lost.
#[test]
fn a_history_that_cannot_be_opened_is_tried_again() {
    let (folder, path) = place();
    let mut clerk = Clerk::new(open(&path, Limits::default()).unwrap().writer);
    let away = folder.path().join("away");
    for n in 0..4 {
        let mut rows = batch(START + n);
        rows.packets.push(heard(START + n));
        match n {
            1 => {
                for ending in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(disk::beside(&path, ending));
                }
                // Nothing can be made where a folder lies.
                std::fs::create_dir(&path).unwrap();
            }
            3 => std::fs::rename(&path, &away).unwrap(),
            _ => {}
        }
        clerk.keep(&rows);
        let owed = if n == 3 {
            0
        } else {
            usize::try_from(n).unwrap()
        };
        assert_eq!(clerk.owes(), owed, "{n}");
    }
    assert!(clerk.take_renewed(), "the nodes are offered again");
    assert_eq!(packets(&Connection::open(&path).unwrap()), 3);
}

#[test]
fn only_the_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, path) = place();
    let writer = open(&path, Limits::default()).unwrap().writer;
    let copy = folder.path().join("copy.db");
    disk::copy_into(&writer.conn, &copy).unwrap();
    assert!(disk::copy_into(&writer.conn, &copy).is_err());
    for file in [&path, &copy] {
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    assert!(open::read(&copy, false).is_ok());
}
