//! What the history costs a memory card: bytes, syncs, room.

use std::fs;

use meshbot::store::history::stats::stats;
use meshbot::store::history::{WAL_LIMIT, open};

use super::traffic::Mesh;
use super::{number, place, writer};

const MB: u64 = 1024 * 1024;

/// Bytes that this thread has handed to the file system.
fn written() -> u64 {
    let io = fs::read_to_string("/proc/thread-self/io").unwrap();
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.unwrap().parse().unwrap()
}

/// 24 hours, 250 nodes, 20 packets a minute; the store syncs after each batch.
#[test]
fn a_day_hands_over_little_and_syncs_seldom() {
    let (_folder, path) = place();
    let mut mesh = Mesh::new(1);
    let mut writer = writer(&path);
    let wal = open::beside(&path, "-wal");
    let size = |path: &std::path::Path| fs::metadata(path).map_or(0, |file| file.len());
    let (before, mut batches, mut emptied, mut peak) = (written(), 0_u64, 0_u64, 0);
    for _ in 0..24 * 60 {
        let Some(batch) = mesh.minute(20) else {
            continue;
        };
        let log = size(&wal);
        writer.apply(&batch).unwrap();
        batches += 1;
        emptied += u64::from(size(&wal) < log);
        peak = peak.max(size(&wal));
    }
    writer.apply(&mesh.flush().unwrap()).unwrap();
    let bytes = written() - before;
    // A commit syncs the log, and its header when the log begins anew; emptying
    // the log syncs log and database.
    let syncs = batches + emptied * 3 + 1;
    println!(
        "{bytes} bytes written in {batches} batches, {syncs} syncs, log emptied {emptied} times; \
         database {} bytes, log {} at most",
        size(&path),
        peak
    );
    assert!(bytes <= 20 * MB, "{bytes} bytes a day");
    assert!(syncs <= 1_500, "{syncs} syncs a day");
    assert!(peak <= WAL_LIMIT + MB, "{peak} bytes of log");
    drop(writer);
    assert_eq!(number(&path, "SELECT count(*) FROM packets"), 24 * 60 * 20);
    assert!(size(&path) <= 4 * MB, "grown by {}", size(&path));
}

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
