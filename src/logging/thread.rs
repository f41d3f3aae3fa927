//! The thread that writes the log, and the queue before it: whoever logs never
//! waits for whoever reads.
//!
//! - A line that finds the queue full is left out and counted; from half full on
//!   only warnings and errors are taken. The count is written when somebody reads
//!   again.
//! - The thread sleeps until there is a line, or a count that is due.
//! - Nobody waits for it longer than [`FLUSH`], at the end of the program.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use log::{Level, Log, Record};
use rustix::event::{PollFd, PollFlags};

use super::thin::{Count, Line, Thin};

/// Lines that wait at most.
const LINES: usize = 512;
/// The longest line, in bytes.
pub(super) const LINE_MAX: usize = 1_024;
/// How long the end of the program waits for the last lines.
const FLUSH: Duration = Duration::from_millis(200);

/// A line on its way.
#[derive(Debug)]
pub(super) struct Entry {
    pub level: Level,
    pub place: u64,
    pub contract: bool,
    /// Never thinned: the operator wants every one.
    pub wanted: bool,
    /// Where in `bytes` the message begins; it ends before the line's end.
    pub text_at: usize,
    pub bytes: Box<[u8]>,
}

enum Message {
    Line(Entry),
    /// Somebody waits until all before this is written.
    Flush(Sender<()>),
}

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Queue {
    sender: Sender<Message>,
    lost: Arc<AtomicU64>,
}

/// The queue, and what will write what is in it: lines to `to`, its own lines
/// through `own`.
pub(super) fn queue<W: Write>(to: W, own: Box<dyn Log>) -> (Queue, Writer<W>) {
    let (sender, receiver) = bounded(LINES);
    let lost = Arc::new(AtomicU64::new(0));
    let writer = Writer {
        receiver,
        to,
        own,
        lost: Arc::clone(&lost),
        start: Instant::now(),
        thin: Thin::new(Duration::ZERO),
    };
    (Queue { sender, lost }, writer)
}

impl Queue {
    /// Whether a line of this level would be taken.
    pub fn has_room(&self, level: Level) -> bool {
        let places = match level {
            Level::Error | Level::Warn => LINES,
            Level::Info | Level::Debug | Level::Trace => LINES / 2,
        };
        self.sender.len() < places
    }

    /// Takes a line, or counts it.
    pub fn push(&self, entry: Entry) {
        let level = entry.level;
        if !self.has_room(level) || self.sender.try_send(Message::Line(entry)).is_err() {
            self.lose();
        }
    }

    /// A line was not even made.
    pub fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until everything is written, but not for long.
    pub fn flush(&self) {
        let end = Instant::now() + FLUSH;
        let (done, written) = bounded(1);
        if self.sender.send_deadline(Message::Flush(done), end).is_ok() {
            let _ = written.recv_deadline(end);
        }
    }
}

/// The writing end, before it has its thread.
pub(super) struct Writer<W> {
    receiver: Receiver<Message>,
    to: W,
    own: Box<dyn Log>,
    lost: Arc<AtomicU64>,
    start: Instant,
    thin: Thin,
}

impl<W: Write + Send + 'static> Writer<W> {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(mut self) -> io::Result<()> {
        // Its end is the end of the process: nobody is left to be told.
        crate::thread::spawn("log", |_| {}, move || self.run())?;
        Ok(())
    }

    fn run(&mut self) {
        loop {
            let due = self.thin.due().map(|due| self.start + due);
            let message = match due {
                Some(due) => self.receiver.recv_deadline(due),
                None => (self.receiver.recv()).map_err(|_| RecvTimeoutError::Disconnected),
            };
            match message {
                Ok(Message::Line(entry)) => self.line(&entry),
                Ok(Message::Flush(done)) => {
                    for count in self.thin.rest() {
                        self.tell(&count);
                    }
                    let _ = done.try_send(());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            let now = self.start.elapsed();
            while let Some(count) = self.thin.told(now) {
                self.tell(&count);
            }
            let lost = self.lost.swap(0, Ordering::Relaxed);
            if lost > 0 {
                self.tell(&Count {
                    level: Level::Warn,
                    text: format!("{lost} lines of the log left out: nobody read them"),
                });
            }
        }
    }

    fn line(&mut self, entry: &Entry) {
        let end = entry.bytes.len().saturating_sub(1);
        let text = entry.bytes.get(entry.text_at..end).unwrap_or_default();
        let line = Line {
            level: entry.level,
            place: entry.place,
            contract: entry.contract,
            text: std::str::from_utf8(text).unwrap_or_default(),
            bytes: entry.bytes.len(),
        };
        if entry.wanted || self.thin.admits(self.start.elapsed(), line) {
            // A log that cannot be written has nobody left to tell.
            let _ = self.to.write_all(&entry.bytes);
        }
    }

    fn tell(&self, count: &Count) {
        let record = &mut Record::builder();
        self.own.log(
            &record
                .level(count.level)
                .target("meshbot")
                .args(format_args!("{}", count.text))
                .build(),
        );
    }
}

/// Standard error, which somebody else may have made non-blocking: then the thread
/// waits until it takes bytes.
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match io::stderr().lock().write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let stderr = io::stderr();
                    let mut fds = [PollFd::new(&stderr, PollFlags::OUT)];
                    rustix::event::poll(&mut fds, None)?;
                }
                other => return other,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Takes bytes only while somebody reads.
    #[derive(Clone)]
    struct Pipe {
        opened: Receiver<()>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.opened.recv();
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Own(Pipe);

    impl Log for Own {
        fn enabled(&self, _: &log::Metadata) -> bool {
            true
        }
        fn log(&self, record: &Record) {
            let _ = self
                .0
                .clone()
                .write_all(format!("{}\n", record.args()).as_bytes());
        }
        fn flush(&self) {}
    }

    fn entry(level: Level, text: String) -> Entry {
        Entry {
            level,
            place: 1,
            contract: true,
            wanted: false,
            text_at: 0,
            bytes: (text + "\n").into_bytes().into(),
        }
    }

    #[test]
    fn who_logs_never_waits_for_who_reads_and_what_is_lost_is_told() {
        let (open, opened) = bounded::<()>(0);
        let written = Arc::new(Mutex::new(Vec::new()));
        let pipe = Pipe {
            opened,
            written: Arc::clone(&written),
        };
        let (queue, writer) = queue(pipe.clone(), Box::new(Own(pipe)));
        writer.start().unwrap();
        for line in 0..2_000 {
            queue.push(entry(Level::Info, format!("info {line}")));
        }
        for line in 0..2_000 {
            queue.push(entry(Level::Error, format!("error {line}")));
        }
        // Nobody reads: the end does not wait for long.
        let before = Instant::now();
        queue.flush();
        assert!(before.elapsed() < Duration::from_secs(20));
        assert_eq!(written.lock().unwrap().len(), 0);
        // Somebody reads again.
        drop(open);
        queue.flush();
        queue.flush();
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        let count = |of: &str| text.lines().filter(|line| line.starts_with(of)).count();
        let (info, error) = (count("info"), count("error"));
        assert!((LINES / 2..=LINES / 2 + 1).contains(&info), "{info}");
        assert!((LINES / 2..=LINES / 2 + 1).contains(&error), "{error}");
        let lost = 4_000 - info - error;
        let told = format!("{lost} lines of the log left out: nobody read them");
        assert!(
            text.contains(&told),
            "{lost}\n{}",
            text.lines().last().unwrap()
        );
    }
}
