//! Killed, torn, broken, full: the database opens, and at most the last batch
//! is missing.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use log::Level;
use meshbot::history::insight::{By, Look, Question};
use meshbot::history::{Batch, History, Undelivered, When};
use meshbot::mesh::Now;
use meshbot::store::history::disk::beside;
use meshbot::store::history::thread::{self, Clerk};
use meshbot::store::history::{self, Limits, OpenError, Writer, read};
use tempfile::TempDir;

use super::traffic::{Mesh, OWN};
use super::{is_sound, number, packets, place, writer};
use crate::support::logs;

const DATABASE: &str = "MESHBOT_TEST_DATABASE";

/// Ten packets and one thing that must be durable, numbered.
fn batch(mesh: &mut Mesh, number: i64) -> Batch {
    let _ = mesh.minute(10);
    let mut batch = mesh.flush().unwrap();
    batch.errors.push(Undelivered {
        at: When::Unix(mesh.now.unix),
        to: OWN,
        reason: format!("number {number}"),
    });
    batch
}

/// How many batches are there; each must be there as a whole.
fn batches(path: &Path) -> i64 {
    assert!(is_sound(path));
    let facts = number(path, "SELECT max(id) FROM errors");
    let packets = packets(path).len();
    assert_eq!(
        i64::try_from(packets).unwrap(),
        facts * 10,
        "a batch is there in part"
    );
    facts
}

/// Not a test of its own: what the next one starts and kills. Commits one batch
/// after the other and says so.
#[test]
fn the_one_who_is_killed() {
    let Some(path) = std::env::var_os(DATABASE).map(PathBuf::from) else {
        return;
    };
    let mut writer = writer(&path);
    let mut mesh = Mesh::new(3);
    let done = number(&path, "SELECT max(id) FROM errors");
    // Each life begins when the last one ended, so no two packets are the same.
    mesh.now = mesh
        .now
        .plus(Duration::from_secs(60) * u32::try_from(done).unwrap());
    for number in done + 1.. {
        writer.apply(&batch(&mut mesh, number)).unwrap();
        println!("committed {number}");
    }
}

#[test]
fn killed_two_hundred_times_nothing_that_was_committed_is_lost() {
    let (_folder, path) = place();
    let mut rng = fastrand::Rng::with_seed(4);
    for round in 0..200 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "history::crash::the_one_who_is_killed"])
            .args(["--nocapture", "--test-threads=1"])
            .env(DATABASE, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.map_while(Result::ok).filter_map(|line| {
            let (_, number) = line.split_once("committed ")?;
            number.parse::<i64>().ok()
        });
        let last = said.take(rng.usize(1..8)).last().expect("a first batch");
        child.kill().unwrap();
        child.wait().unwrap();
        if round % 10 == 9 {
            let found = batches(&path);
            assert!(found >= last, "{found} of {last} batches");
        } else {
            let found = number(&path, "SELECT max(id) FROM errors");
            assert!(found >= last, "{found} of {last} batches");
        }
    }
}

/// What lies on the card at some moment: the database and its log.
struct Snapshot {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Snapshot {
    fn of(path: &Path) -> Self {
        Self {
            database: fs::read(path).unwrap(),
            log: fs::read(beside(path, "-wal")).unwrap(),
        }
    }

    fn put(&self) -> (TempDir, PathBuf) {
        let (folder, path) = place();
        fs::write(&path, &self.database).unwrap();
        fs::write(beside(&path, "-wal"), &self.log).unwrap();
        (folder, path)
    }
}

#[test]
fn a_torn_log_costs_what_was_in_the_torn_part() {
    let (_folder, path) = place();
    let mut writer = writer(&path);
    let mut mesh = Mesh::new(5);
    let mut ends = Vec::new();
    for number in 1..=20 {
        writer.apply(&batch(&mut mesh, number)).unwrap();
        ends.push(fs::metadata(beside(&path, "-wal")).unwrap().len());
    }
    let whole = Snapshot::of(&path);
    let mut rng = fastrand::Rng::with_seed(6);
    for round in 0..200 {
        let mut torn = Snapshot {
            database: whole.database.clone(),
            log: whole.log.clone(),
        };
        // Half of them within what was not yet synced when the power failed.
        let from = if round % 2 == 0 { ends[18] } else { 0 };
        let at = rng.usize(usize::try_from(from).unwrap()..torn.log.len());
        match rng.u8(0..3) {
            0 => torn.log.truncate(at),
            1 => torn.log[at..].fill(0),
            _ => {
                let end = torn.log.len().min(at + 512);
                torn.log[at..end].fill_with(|| rng.u8(..));
            }
        }
        let (_folder, path) = torn.put();
        let mut opened = history::open(&path, Limits::default()).unwrap();
        opened.writer.check().unwrap();
        let safe = ends.iter().take_while(|&&end| end <= at as u64).count();
        let found = batches(&path);
        assert!(
            found >= i64::try_from(safe).unwrap(),
            "{found} of {safe} batches, torn at {at}"
        );
        if round % 2 == 0 {
            assert!(found >= 19, "more than the last batch: {found}");
        }
        opened.writer.apply(&batch(&mut mesh, found + 1)).unwrap();
        assert_eq!(batches(&path), found + 1);
    }
}

#[test]
fn copied_at_any_moment_it_opens() {
    let (_folder, path) = place();
    let mut writer = writer(&path);
    let mut mesh = Mesh::new(7);
    for number in 1..=60 {
        writer.apply(&batch(&mut mesh, number)).unwrap();
        if number % 5 == 0 {
            let (_folder, copy) = Snapshot::of(&path).put();
            let opened = history::open(&copy, Limits::default()).unwrap();
            assert_eq!(batches(&copy), number);
            assert_eq!(opened.own, Some(OWN));
        }
    }
}

/// A database with some content, closed in order.
fn closed() -> (TempDir, PathBuf) {
    let (folder, path) = place();
    let mut mesh = Mesh::new(8);
    let mut writer = writer(&path);
    for number in 1..=20 {
        writer.apply(&batch(&mut mesh, number)).unwrap();
    }
    drop(writer);
    assert!(!beside(&path, "-wal").exists());
    (folder, path)
}

fn warnings() -> Vec<String> {
    let lines = logs::take().into_iter();
    lines
        .filter(|(level, _)| *level <= Level::Warn)
        .map(|(_, line)| line)
        .collect()
}

#[test]
fn a_broken_file_is_moved_aside_and_a_fresh_one_started() {
    let garbage: &[fn(&mut Vec<u8>)] = &[
        |bytes| bytes.fill(0x5a),
        |bytes| bytes[..100].fill(0),
        |bytes| bytes.truncate(bytes.len() / 2),
        |bytes| bytes.truncate(5_000),
        |bytes| *bytes = b"this is no database, but somebody's letter".repeat(20),
    ];
    let (_folder, path) = closed();
    let good = fs::read(&path).unwrap();
    for (nth, break_it) in garbage.iter().enumerate() {
        let mut bytes = good.clone();
        break_it(&mut bytes);
        fs::write(&path, &bytes).unwrap();
        logs::begin();
        let opened = history::open(&path, Limits::default()).unwrap();
        assert_eq!((opened.own, opened.nodes.len()), (None, 0));
        let said = warnings();
        assert_eq!(said.len(), 1, "{said:?}");
        let aside = beside(&path, &format!(".corrupt-{}", nth + 1));
        assert!(said[0].contains(&aside.display().to_string()), "{said:?}");
        assert!(fs::read(&aside).unwrap() == bytes, "it was changed");
        drop(opened);
        assert!(is_sound(&path));
    }
}

/// A memory card that dies must not fill itself with what it has broken.
#[test]
fn of_many_broken_files_three_are_kept() {
    let (folder, path) = closed();
    let first = fs::read(&path).unwrap();
    fs::write(&path, &first[..5_000]).unwrap();
    logs::begin();
    for nth in 1..=9 {
        drop(history::open(&path, Limits::default()).unwrap());
        let log = logs::take();
        assert_eq!(logs::count(&log, "the history is broken"), 1, "{log:?}");
        let removed = (nth > 3).then(|| format!("corrupt-{}: removed", nth - 2));
        assert_eq!(
            logs::count(&log, "removed"),
            usize::from(removed.is_some()),
            "{log:?}"
        );
        let names_it = |removed| logs::count(&log, removed) == 1;
        assert!(removed.as_deref().is_none_or(names_it), "{log:?}");
        fs::write(&path, vec![0x5a; 3_000]).unwrap();
    }
    let kept = fs::read_dir(folder.path()).unwrap().filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().contains(".corrupt-")
    });
    assert_eq!(kept.count(), 3);
    assert!(fs::read(beside(&path, ".corrupt-1")).unwrap() == first[..5_000]);
    assert!(beside(&path, ".corrupt-8").exists() && beside(&path, ".corrupt-9").exists());
}

#[test]
fn what_breaks_later_is_found_when_it_is_met() {
    let (_folder, path) = closed();
    let mut bytes = fs::read(&path).unwrap();
    // The first two pages are the table of tables; what follows is content.
    bytes[2 * 4_096..].fill(0xa5);
    let mut mesh = Mesh::new(9);
    fs::write(&path, &bytes).unwrap();
    logs::begin();
    let opened = history::open(&path, Limits::default());
    let mut clerk = Clerk::new(opened.unwrap().writer);
    clerk.keep(&batch(&mut mesh, 1));
    clerk.keep(&batch(&mut mesh, 2));
    drop(clerk);
    let said = warnings();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(beside(&path, ".corrupt-1").exists());
    assert!(is_sound(&path));
    assert_eq!(packets(&path).len(), 20);
}

/// The first page of one table, which nobody writes to for days: it is met by
/// whoever asks.
#[test]
fn what_only_a_question_meets_is_put_aside_as_well() {
    let (_folder, path) = closed();
    let page = number(
        &path,
        "SELECT rootpage FROM sqlite_schema WHERE name = 'hours'",
    );
    let page_size = number(&path, "PRAGMA page_size");
    let mut bytes = fs::read(&path).unwrap();
    let start = usize::try_from((page - 1) * page_size).unwrap();
    bytes[start..start + usize::try_from(page_size).unwrap()].fill(0xa5);
    fs::write(&path, &bytes).unwrap();
    let opened = history::open(&path, Limits::default()).unwrap();
    let (store, thread) = thread::start(opened.writer, |_| {}).unwrap();
    let question = Question {
        own: OWN,
        until: u64::MAX / 2,
        look: Look {
            packets: Some(By::Kind),
            ..Look::default()
        },
        ..Question::default()
    };
    let ask = || match read::look_up(&path, &store.doubts(), &question) {
        Ok(answer) => answer,
        other => panic!("{other:?}"),
    };
    assert_eq!(ask(), None);
    let batch = batch(&mut Mesh::new(11), 1);
    store.keep(Box::new(batch.clone())).unwrap();
    drop(store);
    thread.join().unwrap();
    assert!(beside(&path, ".corrupt-1").exists());
    assert!(is_sound(&path));
    assert_eq!(packets(&path).len(), batch.packets.len());
}

#[test]
fn what_is_deleted_or_replaced_meanwhile_is_noticed() {
    let (_folder, path) = closed();
    let copy = beside(&path, ".copy");
    fs::copy(&path, &copy).unwrap();
    let before = packets(&path).len();
    let mut mesh = Mesh::new(12);
    logs::begin();
    let mut clerk = Clerk::new(writer(&path));
    clerk.keep(&batch(&mut mesh, 1));
    assert!(!clerk.take_renewed());
    fs::remove_file(&path).unwrap();
    clerk.keep(&batch(&mut mesh, 2));
    assert!(clerk.take_renewed());
    assert!(is_sound(&path));
    assert_eq!(packets(&path).len(), 10);
    // Somebody puts a backup in its place.
    fs::rename(&copy, &path).unwrap();
    clerk.keep(&batch(&mut mesh, 3));
    assert!(clerk.take_renewed());
    drop(clerk);
    assert!(is_sound(&path));
    assert_eq!(packets(&path).len(), before + 10);
    // A folder: nothing can be written there.
    let mut clerk = Clerk::new(writer(&path));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    for number in 4..6 {
        clerk.keep(&batch(&mut mesh, number));
    }
    let said = warnings();
    assert_eq!(said.len(), 4, "{said:?}");
    assert!(said[3].contains("goes on without a history"), "{said:?}");
}

/// Whatever the configuration names by mistake: it stays as it is, and so does
/// everything around it.
#[test]
fn what_is_not_ours_is_neither_moved_nor_written() {
    let folder = tempfile::tempdir().unwrap();
    let letter = folder.path().join("letter.txt");
    fs::write(&letter, "somebody's letter, ".repeat(200)).unwrap();
    let short = folder.path().join("short");
    fs::write(&short, "x").unwrap();
    // As other programs make them, even with our settings.
    let make = |name: &str, sql: &str| {
        let path = folder.path().join(name);
        let conn = rusqlite::Connection::open(&path).unwrap();
        conn.execute_batch(sql).unwrap();
        path
    };
    let content = "CREATE TABLE notes (text); INSERT INTO notes VALUES ('dear diary');";
    let plain = make("plain.db", content);
    let marked = make(
        "marked.db",
        &format!("PRAGMA application_id = 77; {content}"),
    );
    let ours = "PRAGMA page_size = 2048; PRAGMA auto_vacuum = INCREMENTAL;
                PRAGMA user_version = 1;";
    let alike = make("alike.db", &format!("{ours} {content}"));
    let broken = make("broken.db", content);
    let mut bytes = fs::read(&broken).unwrap();
    bytes[100..].fill(0xa5);
    fs::write(&broken, &bytes).unwrap();
    let pipe = folder.path().join("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    for path in [&letter, &short, &plain, &marked, &alike, &broken, &pipe] {
        let is_file = path != &pipe;
        let before = is_file.then(|| fs::read(path).unwrap());
        let error = history::open(path, Limits::default()).unwrap_err();
        assert!(matches!(error, OpenError::Foreign), "{path:?}: {error}");
        assert!(!beside(path, ".corrupt-1").exists());
        assert!(
            before == is_file.then(|| fs::read(path).unwrap()),
            "{path:?}"
        );
    }
    let read = history::open::read(&plain, true).unwrap_err();
    assert!(matches!(read, OpenError::Foreign), "{read}");
}

/// What a power cut may leave of a file that was just made.
#[test]
fn what_a_power_cut_leaves_is_ours() {
    for (left, is_broken) in [(Vec::new(), false), (vec![0; 8_192], true)] {
        let (_folder, path) = place();
        fs::write(&path, left).unwrap();
        logs::begin();
        let mut opened = history::open(&path, Limits::default()).unwrap();
        assert_eq!(beside(&path, ".corrupt-1").exists(), is_broken);
        assert_eq!(warnings().len(), usize::from(is_broken));
        opened.writer.apply(&batch(&mut Mesh::new(1), 1)).unwrap();
        assert_eq!(batches(&path), 1);
    }
}

/// Two units with the same configuration, or a second start by hand.
#[test]
fn of_two_bots_with_one_history_the_second_goes_on_without() {
    let (_folder, path) = place();
    let mut first = writer(&path);
    first.apply(&batch(&mut Mesh::new(1), 1)).unwrap();
    for _ in 0..2 {
        let error = history::open(&path, Limits::default()).unwrap_err();
        assert!(matches!(error, OpenError::Taken), "{error}");
    }
    // Broken or not: it is the first one's business.
    let good = fs::read(&path).unwrap();
    fs::write(&path, vec![0x5a; 10_000]).unwrap();
    let error = history::open(&path, Limits::default()).unwrap_err();
    assert!(matches!(error, OpenError::Taken), "{error}");
    fs::write(&path, good).unwrap();
    assert_eq!(batches(&path), 1);
    // Whoever only looks is not kept off.
    assert!(history::open::read(&path, false).is_ok());
    drop(first);
    drop(writer(&path));
    // A fresh file after a broken one is still the same bot's.
    let mut clerk = Clerk::new(writer(&path));
    fs::write(&path, vec![0x5a; 10_000]).unwrap();
    let mut mesh = Mesh::new(2);
    for number in 1..=3 {
        clerk.keep(&batch(&mut mesh, number));
    }
    assert!(beside(&path, ".corrupt-1").exists());
    let error = history::open(&path, Limits::default()).unwrap_err();
    assert!(matches!(error, OpenError::Taken), "{error}");
    drop(clerk);
    drop(writer(&path));
}

#[test]
fn where_nothing_can_be_written_there_is_no_history() {
    let folder = tempfile::tempdir().unwrap();
    let in_a_file = folder.path().join("file");
    fs::write(&in_a_file, "").unwrap();
    for path in [
        PathBuf::from("/nonexistent/meshbot.db"),
        PathBuf::from("/proc/meshbot.db"),
        in_a_file.join("meshbot.db"),
        folder.path().to_owned(),
    ] {
        assert!(history::open(&path, Limits::default()).is_err(), "{path:?}");
    }
    assert!(!folder.path().with_extension("corrupt-1").exists());
}

#[test]
fn what_a_later_version_wrote_is_left_alone() {
    let (_folder, path) = closed();
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    let error = history::open(&path, Limits::default()).unwrap_err();
    assert!(matches!(error, OpenError::Newer(99)), "{error}");
    assert!(fs::read(&path).unwrap() == before, "it was changed");
}

#[test]
fn a_lost_clock_loses_no_facts() {
    let (_folder, path) = place();
    let mut writer: Writer = writer(&path);
    let batch = Batch {
        now: Now::default(),
        own: OWN,
        errors: vec![Undelivered {
            at: When::Mono(Duration::ZERO),
            to: OWN,
            reason: "NO_ROUTE".to_owned(),
        }],
        ..Batch::default()
    };
    writer.apply(&batch).unwrap();
    drop(writer);
    let undated = "SELECT count(*) FROM errors WHERE time IS NULL";
    assert_eq!(number(&path, undated), 1);
}
