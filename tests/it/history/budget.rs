//! What the history costs a memory card: bytes, syncs, room.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use meshbot::history::Batch;
use meshbot::store::history::schema::STEPS;
use meshbot::store::history::stats::stats;
use meshbot::store::history::{WAL_LIMIT, disk, open};

use super::traffic::Mesh;
use super::{number, packets, place, writer};

const MB: u64 = 1024 * 1024;

/// Bytes that this thread has handed to the file system.
fn written() -> u64 {
    let io = fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.unwrap().parse().unwrap()
}

/// What a day costs.
#[derive(Debug)]
struct Cost {
    bytes: u64,
    /// Worked out from what SQLite does; [`the_kernel_counts_as_many_syncs`]
    /// compares.
    syncs: u64,
    /// The log at its largest.
    log: u64,
    database: u64,
}

/// Writes what `minute` brings for 24 hours; the store syncs after each batch.
fn day(path: &Path, mesh: &mut Mesh, minute: impl Fn(&mut Mesh) -> Vec<Batch>) -> Cost {
    let mut writer = writer(path);
    let wal = disk::beside(path, "-wal");
    let size = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    let (before, mut batches, mut emptied, mut peak) = (written(), 0_u64, 0_u64, 0);
    for nth in 0..=24 * 60 {
        let due = match nth {
            1_440 => mesh.flush().into_iter().collect(),
            _ => minute(mesh),
        };
        for batch in due {
            let log = size(&wal);
            writer.apply(&batch).unwrap();
            batches += 1;
            emptied += u64::from(size(&wal) < log);
            peak = peak.max(size(&wal));
        }
    }
    let bytes = written() - before;
    drop(writer);
    Cost {
        bytes,
        // A commit syncs the log, and its header when the log begins anew;
        // emptying the log syncs log and database, and so does the end. What
        // making the file costs comes once in its life.
        syncs: batches + emptied * 3 + 3,
        log: peak,
        database: size(path),
    }
}

fn ordinary(path: &Path) -> Cost {
    day(path, &mut Mesh::new(1), |mesh| {
        mesh.minute(20).into_iter().collect()
    })
}

fn hostile(path: &Path, mesh: &mut Mesh) -> Cost {
    day(path, mesh, Mesh::hostile_minute)
}

/// 24 hours, 250 nodes, 20 packets a minute.
#[test]
fn a_day_hands_over_little_and_syncs_seldom() {
    let (_folder, path) = place();
    let cost = ordinary(&path);
    println!("{cost:?}");
    assert!(cost.bytes <= 20 * MB, "{cost:?}");
    assert!(cost.syncs <= 1_500, "{cost:?}");
    assert!(cost.log <= WAL_LIMIT + MB, "{cost:?}");
    assert!(cost.database <= 4 * MB, "{cost:?}");
    assert_eq!(packets(&path).len(), 24 * 60 * 20);
}

/// Nobody can wear out the card by announcing keys, by inventing nodes, or by
/// asking and vanishing.
#[test]
fn days_of_malice_stay_within_the_same_bounds() {
    let (_folder, path) = place();
    let mut mesh = Mesh::new(3);
    // The first day fills the tables; the others drive out what is in them.
    for nth in 1..=3 {
        let cost = hostile(&path, &mut mesh);
        println!("day {nth}: {cost:?}");
        assert!(cost.bytes <= 20 * MB, "day {nth}: {cost:?}");
        assert!(cost.syncs <= 1_500, "day {nth}: {cost:?}");
        assert!(cost.log <= WAL_LIMIT + MB, "day {nth}: {cost:?}");
    }
    // It was really written what could be.
    assert_eq!(number(&path, "SELECT count(*) FROM errors"), 50);
    assert!(number(&path, "SELECT count(*) FROM keys") >= 250);
    assert!(number(&path, "SELECT count(*) FROM nodes") >= 4_000);
}

const DAY: &str = "MESHBOT_TEST_DAY";

/// Not a test of its own: what the next one looks at from outside.
#[test]
fn the_one_who_is_watched() {
    let Some(path) = std::env::var_os(DAY).map(PathBuf::from) else {
        return;
    };
    let cost = if path.ends_with("hostile.db") {
        hostile(&path, &mut Mesh::new(3))
    } else {
        ordinary(&path)
    };
    println!("worked out {}", cost.syncs);
}

/// The figure that is worked out, against what the kernel sees. Without `strace`,
/// or where it may not look, there is nothing to compare with, and that is said.
#[test]
fn the_kernel_counts_as_many_syncs() {
    let strace = || Command::new("strace");
    let can_look = strace().args(["-o", "/dev/null", "true"]).status();
    if !can_look.is_ok_and(|status| status.success()) {
        println!("no strace: not compared");
        return;
    }
    for name in ["ordinary.db", "hostile.db"] {
        let folder = tempfile::tempdir().unwrap();
        let (path, calls) = (folder.path().join(name), folder.path().join("calls"));
        let child = strace()
            .args(["-f", "-e", "trace=fsync,fdatasync,msync,sync_file_range"])
            .arg("-o")
            .arg(&calls)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "history::budget::the_one_who_is_watched"])
            .args(["--nocapture", "--test-threads=1"])
            .env(DAY, &path)
            .output()
            .unwrap();
        assert!(child.status.success());
        let said = String::from_utf8(child.stdout).unwrap();
        let (_, figure) = said.split_once("worked out ").unwrap();
        let figure = figure.lines().next().unwrap().parse::<u64>().unwrap();
        let calls = fs::read_to_string(&calls).unwrap();
        let counted = calls.lines().filter(|line| line.contains("sync(")).count() as u64;
        println!("{name}: worked out {figure}, counted {counted}");
        assert!(counted <= 1_500, "{name}: {counted} syncs a day");
        // The fresh file costs a few more, once.
        assert!(
            (figure..=figure + FRESH).contains(&counted),
            "{name}: worked out {figure}, counted {counted}"
        );
    }
}

/// Syncs that making the database takes: a few, and one for each step.
const FRESH: u64 = 14 + STEPS.len() as u64;

/// Two months of the same: what is old is thinned, then forgotten.
#[test]
fn two_months_stay_small() {
    let (_folder, path) = place();
    let mut mesh = Mesh::new(2);
    let mut writer = writer(&path);
    // Every day is like the first one: what differs is what has to go.
    let mut day: Vec<_> = (0..24 * 60).filter_map(|_| mesh.minute(20)).collect();
    day.extend(mesh.flush());
    let (mut largest, mut most) = (0, 0);
    for nth in 0..60 {
        let before = written();
        for batch in &mut day {
            writer.apply(batch).unwrap();
            batch.now.unix += 86_400;
        }
        most = most.max(written() - before);
        let stats = stats(&open::read(&path, false).unwrap(), &path).unwrap();
        let size = stats.file_bytes + stats.wal_bytes;
        if nth % 10 == 9 {
            println!("day {}: {size} bytes, {stats:?}", nth + 1);
        }
        largest = largest.max(size);
    }
    println!("{largest} bytes at most; {most} bytes written on the worst day");
    assert!(most <= 20 * MB, "{most} bytes a day");
    assert!(largest <= 64 * MB, "{largest} bytes");
    let stats = stats(&open::read(&path, false).unwrap(), &path).unwrap();
    let (first, last) = stats.span.unwrap();
    assert!((last - first).div_ceil(86_400) <= 8, "a week of packets");
    let month = last - stats.first_hour.unwrap();
    assert!(
        (29 * 86_400..=31 * 86_400).contains(&month),
        "a month of sums"
    );
    // Thinning loses no packet of the month.
    assert!(stats.packets + stats.summed >= 30 * 24 * 60 * 20 - 1_200);
}
