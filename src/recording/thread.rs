//! The thread that writes a recording, and the [`Tap`] by which it hears of
//! what the link reads and writes.
//!
//! - The link never waits: its queue is bounded, and what finds no place is
//!   counted and said.
//! - It writes when it has a buffer full, or after two seconds, and never asks
//!   the card to be done: a board that loses its power loses these seconds.
//! - An error of the disk ends the recording, not the bot.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use log::{info, warn};

use super::cut::Cut;
use super::file::Lines;
use crate::link::tap::{Tap, Told, Way, What};
use crate::mesh::Now;
use crate::thread::{Death, spawn};

/// Reads and writes on their way to the thread; each has 8 KiB at most.
const WAITING: usize = 128;
/// So much is written at a time.
const BUFFER: usize = 32 * 1024;
/// So long it waits for more.
const LINGER: Duration = Duration::from_secs(2);
/// How often it may be said that something is missing.
const TELL_AGAIN: Duration = Duration::from_secs(600);
/// The largest recording, in MiB, unless another size is wanted.
pub const LIMIT_MIB: u16 = 16;
/// What the last line needs.
const LAST_LINE: u64 = 64;

/// Where a recording goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// A file that is not there yet.
    pub path: PathBuf,
    /// Its largest size in MiB.
    pub limit: u16,
}

/// Makes the file and starts the thread, which ends with the [`Tap`].
///
/// # Errors
/// When the file is there already or cannot be made, or there is no thread left.
pub fn start(
    target: &Target,
    now: Now,
    report: impl FnOnce(Death) + Send + 'static,
) -> io::Result<(Tap, JoinHandle<()>)> {
    let file = create(&target.path)?;
    let (told, heard) = bounded(WAITING);
    let lost = Arc::new(AtomicU64::new(0));
    let tap = Tap::new(told, Arc::clone(&lost));
    info!(
        "recording what passes between bot and node into {} (at most {} MiB): positions and \
         texts are in it, keys and passwords are not",
        target.path.display(),
        target.limit
    );
    let limit = u64::from(target.limit) * 1024 * 1024;
    let writer = Writer::new(file, target.path.clone(), limit, now);
    let handle = spawn("record", report, move || run(writer, &heard, &lost))?;
    Ok((tap, handle))
}

/// Nobody's file is written over, no link is followed, and nobody else reads it.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)
}

fn run(mut writer: Writer<File>, heard: &Receiver<Told>, lost: &AtomicU64) {
    loop {
        let next = if writer.buffer.is_empty() {
            heard.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            heard.recv_timeout(LINGER)
        };
        match next {
            Ok(told) => writer.take(told),
            Err(RecvTimeoutError::Timeout) => writer.flush(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    writer.finish(lost.load(Ordering::Relaxed));
}

/// Whether more is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    /// The file has its size.
    Full,
    /// The disk has refused.
    Failed,
}

struct Writer<W> {
    out: W,
    path: PathBuf,
    limit: u64,
    lines: Lines,
    from_node: Cut,
    to_node: Cut,
    buffer: String,
    written: u64,
    state: State,
    /// When the buffer was last written.
    flushed: Duration,
    /// Frames that were left out because the file is full or broken.
    beyond: u64,
    /// Bytes that the link could not leave here.
    lost: u64,
    told_of_loss: Option<Duration>,
}

impl<W: Write> Writer<W> {
    fn new(out: W, path: PathBuf, limit: u64, now: Now) -> Self {
        let mut buffer = String::new();
        let lines = Lines::begin(now.mono, now.unix, &mut buffer);
        Self {
            out,
            path,
            limit,
            lines,
            from_node: Cut::new(Way::FromNode),
            to_node: Cut::new(Way::ToNode),
            buffer,
            written: 0,
            state: State::Open,
            flushed: now.mono,
            beyond: 0,
            lost: 0,
            told_of_loss: None,
        }
    }

    fn take(&mut self, told: Told) {
        let at = told.now.mono;
        if told.lost > 0 {
            self.end(at);
            self.lost += told.lost;
            self.put(at, |lines, out| lines.gap(at, told.lost, out));
            if self.told_of_loss.is_none_or(|last| at >= last + TELL_AGAIN) {
                self.told_of_loss = Some(at);
                let (path, lost) = (self.path.display(), self.lost);
                warn!("{path}: the disk is too slow; {lost} bytes are not in the recording");
            }
        }
        match told.what {
            What::Connected => self.put(at, |lines, out| lines.connected(at, out)),
            What::Closed(by) => {
                self.end(at);
                self.put(at, |lines, out| lines.closed(at, by, out));
            }
            What::Said(way, bytes) => {
                let mut pieces = Vec::new();
                self.cut(way).push(at, &bytes, |piece| pieces.push(piece));
                for piece in pieces {
                    self.put(at, |lines, out| lines.piece(way, &piece, out));
                }
            }
        }
        if self.buffer.len() >= BUFFER || at >= self.flushed + LINGER {
            self.flushed = at;
            self.flush();
        }
    }

    fn cut(&mut self, way: Way) -> &mut Cut {
        match way {
            Way::FromNode => &mut self.from_node,
            Way::ToNode => &mut self.to_node,
        }
    }

    /// What was said so far belongs to no more frames.
    fn end(&mut self, at: Duration) {
        for way in [Way::FromNode, Way::ToNode] {
            let mut pieces = Vec::new();
            self.cut(way).end(|piece| pieces.push(piece));
            for piece in pieces {
                self.put(at, |lines, out| lines.piece(way, &piece, out));
            }
        }
    }

    /// Writes a line, if there is room for it.
    fn put(&mut self, at: Duration, line: impl FnOnce(&mut Lines, &mut String)) {
        if self.state != State::Open {
            self.beyond += 1;
            return;
        }
        let before = self.buffer.len();
        line(&mut self.lines, &mut self.buffer);
        if self.written + self.buffer.len() as u64 + LAST_LINE > self.limit {
            self.buffer.truncate(before);
            self.lines.full(at, &mut self.buffer);
            self.flush();
            if self.state == State::Open {
                self.state = State::Full;
                warn!(
                    "{}: the recording has its size and ends",
                    self.path.display()
                );
            }
            self.beyond += 1;
        }
    }

    fn flush(&mut self) {
        if self.state == State::Open {
            match self.out.write_all(self.buffer.as_bytes()) {
                Ok(()) => self.written += self.buffer.len() as u64,
                Err(error) => {
                    let path = self.path.display();
                    warn!("{path}: {error}; the recording ends, the bot goes on");
                    self.state = State::Failed;
                    self.beyond += self.buffer.lines().count() as u64;
                }
            }
        }
        self.buffer.clear();
    }

    /// The link has ended. `lost` is what it could not leave here, in all.
    fn finish(&mut self, lost: u64) {
        self.end(self.flushed);
        self.flush();
        let (path, written, beyond) = (self.path.display(), self.written, self.beyond);
        if beyond > 0 || lost > 0 {
            warn!(
                "{path}: {written} bytes recorded; {beyond} lines and {lost} bytes that were read \
                 or written are not in it"
            );
        } else {
            info!("{path}: {written} bytes recorded");
        }
    }
}

#[cfg(test)]
mod tests;
