//! The file: whose it is, how large it gets, and what becomes of it when the
//! disk is full or slow.

use std::cell::RefCell;
use std::os::unix::fs::PermissionsExt;
use std::rc::Rc;

use super::*;
use crate::link::tap::By;
use crate::recording::Recording;

fn at(ms: u64) -> Now {
    Now {
        mono: Duration::from_millis(ms),
        unix: 1_795_400_251,
    }
}

/// `config_complete_id` 69420, in a frame.
const DONE: &[u8] = &[0x94, 0xc3, 0, 4, 0x38, 0xac, 0x9e, 4];

fn told(ms: u64, what: What) -> Told {
    Told {
        now: at(ms),
        what,
        lost: 0,
    }
}

fn done(ms: u64) -> Told {
    told(ms, What::Said(Way::FromNode, DONE.into()))
}

/// A disk with room for so many bytes, and each write to it.
#[derive(Clone)]
struct Disk(Rc<RefCell<(usize, Vec<Vec<u8>>)>>);

impl Disk {
    fn new(room: usize) -> Self {
        Self(Rc::new(RefCell::new((room, Vec::new()))))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.borrow().1.concat()).unwrap()
    }

    fn writes(&self) -> usize {
        self.0.borrow().1.len()
    }
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.borrow_mut();
        let length = bytes.len().min(inner.0);
        if length == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        inner.0 -= length;
        inner.1.push(bytes[..length].to_vec());
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        panic!("nobody asks the card to be done");
    }
}

fn writer(disk: &Disk, limit: u64) -> Writer<Disk> {
    Writer::new(disk.clone(), "r.jsonl".into(), limit, at(0))
}

#[test]
fn a_recording_has_its_size_and_no_more_and_counts_the_rest() {
    let disk = Disk::new(usize::MAX);
    let mut writer = writer(&disk, 5_000);
    writer.take(told(1, What::Connected));
    for ms in 0..1_000 {
        writer.take(done(ms * 100));
    }
    writer.finish(0);
    assert_eq!(writer.state, State::Full);
    let text = disk.text();
    assert!(text.len() <= 5_000 && text.len() > 4_800, "{}", text.len());
    assert!(text.ends_with("\"ev\": \"full\"}\n"));
    let frames = text.matches("d2c").count() as u64;
    assert_eq!(frames + writer.beyond, 1_000);
    assert!(Recording::parse(&text).is_ok());
}

#[test]
fn a_full_disk_ends_the_recording_and_is_counted() {
    let disk = Disk::new(700);
    let mut writer = writer(&disk, 1_000_000);
    writer.take(told(1, What::Connected));
    for ms in 0..1_000 {
        writer.take(done(ms * 100));
    }
    writer.finish(0);
    assert_eq!(writer.state, State::Failed);
    let text = disk.text();
    assert_eq!(text.len(), 700);
    assert!(writer.beyond > 900, "{}", writer.beyond);
    // What is there can be read, with a torn line at its end.
    assert!(Recording::parse(&text).is_ok());
}

#[test]
fn the_card_is_written_to_in_large_pieces() {
    let disk = Disk::new(usize::MAX);
    let mut writer = writer(&disk, 10_000_000);
    writer.take(told(1, What::Connected));
    // Ten frames a second for a minute.
    for ms in 0..600 {
        writer.take(done(ms * 100));
    }
    writer.finish(0);
    assert!((20..=32).contains(&disk.writes()), "{}", disk.writes());
    assert_eq!(disk.text().matches("d2c").count(), 600);
}

#[test]
fn what_a_slow_disk_costs_stands_in_the_file_and_joins_no_frames() {
    let disk = Disk::new(usize::MAX);
    let mut writer = writer(&disk, 1_000_000);
    writer.take(told(1, What::Connected));
    // The first half of a frame; the other one is lost, and something more.
    writer.take(told(2, What::Said(Way::FromNode, DONE[..5].into())));
    writer.take(Told {
        lost: 77,
        ..done(9)
    });
    writer.finish(77);
    let text = disk.text();
    assert!(text.contains("\"ev\": \"gap\", \"lost\": 77}"), "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(
        lines[2].contains("\"hex\": \"94c3000400\", \"stray\": true}"),
        "{text}"
    );
    assert!(lines[4].contains("94c3000438ac9e04\"}"), "{text}");
}

#[test]
fn a_thread_that_hangs_costs_the_link_nothing_but_the_recording() {
    let (told, heard) = bounded(WAITING);
    let lost_in_all = Arc::new(AtomicU64::new(0));
    let mut tap = Tap::new(told, Arc::clone(&lost_in_all));
    for ms in 0..1_000 {
        tap.said(at(ms), Way::FromNode, DONE);
    }
    let rest = (1_000 - WAITING as u64) * DONE.len() as u64;
    assert_eq!(lost_in_all.load(Ordering::Relaxed), rest);
    let waiting: Vec<Told> = heard.try_iter().collect();
    assert!(waiting.len() == WAITING && waiting.iter().all(|it| it.lost == 0));
    tap.said(at(2_000), Way::FromNode, DONE);
    assert_eq!(heard.try_recv().unwrap().lost, rest);
    tap.said(at(2_001), Way::FromNode, DONE);
    assert_eq!(heard.try_recv().unwrap().lost, 0);
}

#[test]
fn a_file_that_is_there_is_left_alone_and_a_new_one_is_the_owners() {
    let folder = tempfile::tempdir().unwrap();
    let target = |name: &str| Target {
        path: folder.path().join(name),
        limit: 1,
    };
    std::fs::write(folder.path().join("mine"), "dear diary").unwrap();
    std::os::unix::fs::symlink("elsewhere", folder.path().join("link")).unwrap();
    for name in ["mine", "link"] {
        let error = start(&target(name), at(0), |_| {}).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "{name}");
    }
    let mine = std::fs::read_to_string(folder.path().join("mine")).unwrap();
    assert_eq!(mine, "dear diary");
    assert!(!folder.path().join("elsewhere").exists());
    let (mut tap, handle) = start(&target("new"), at(0), |_| {}).unwrap();
    tap.connected(at(1));
    tap.said(at(2), Way::FromNode, DONE);
    tap.closed(at(3), By::Node);
    drop(tap);
    handle.join().unwrap();
    let path = folder.path().join("new");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let read = Recording::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(read.connections[0].len(), 2);
}
