//! The thread `store`: sleeps until a batch comes, commits it, sleeps again.
//!
//! It never waits for anybody but the disk. What cannot be written is lost and
//! counted; the log says once that it is, and once that it is over.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use log::{debug, info, warn};

use super::{OpenError, Opened, Writer, open};
use crate::bot::record::{Batch, History};
use crate::mesh::book::DEFAULT_CAPACITY;
use crate::thread::{Death, spawn};

/// Batches that may wait while one is written.
const WAITING: usize = 2;

/// What the thread and those around it tell each other without being asked.
#[derive(Debug, Default)]
struct Told {
    /// Batches that were handed over and are not written yet.
    unwritten: AtomicUsize,
    /// A broken database was replaced by a fresh one.
    forgotten: AtomicBool,
    /// Whoever reads has met something broken.
    doubted: AtomicBool,
}

/// For whoever reads: only the one who writes puts a broken database aside.
#[derive(Clone, Debug, Default)]
pub struct Doubts(Arc<Told>);

impl Doubts {
    /// The database has to be looked over before more is written.
    pub fn tell(&self) {
        self.0.doubted.store(true, Ordering::SeqCst);
    }
}

/// The bot's way to the thread. When the last one is gone, the thread ends.
#[derive(Debug)]
pub struct Store {
    batches: Sender<Box<Batch>>,
    told: Arc<Told>,
}

impl Store {
    /// For whoever wants to know at the end whether everything is written.
    #[must_use]
    pub fn unwritten(&self) -> Unwritten {
        Unwritten(Arc::clone(&self.told))
    }

    /// For whoever reads what this one writes.
    #[must_use]
    pub fn doubts(&self) -> Doubts {
        Doubts(Arc::clone(&self.told))
    }
}

impl History for Store {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        // Counted first: it may be written before this returns.
        self.told.unwritten.fetch_add(1, Ordering::SeqCst);
        self.batches.try_send(batch).map_err(|error| {
            self.told.unwritten.fetch_sub(1, Ordering::SeqCst);
            match error {
                TrySendError::Full(batch) | TrySendError::Disconnected(batch) => batch,
            }
        })
    }

    fn has_forgotten(&self) -> bool {
        self.told.forgotten.swap(false, Ordering::SeqCst)
    }
}

/// Counts what was handed over and is not written yet.
#[derive(Clone, Debug)]
pub struct Unwritten(Arc<Told>);

impl Unwritten {
    /// Batches.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.0.unwritten.load(Ordering::SeqCst)
    }
}

/// Starts the thread; `report` learns of its end.
///
/// # Errors
/// When the system has no thread left.
pub fn start(
    writer: Writer,
    report: impl FnOnce(Death) + Send + 'static,
) -> io::Result<(Store, JoinHandle<()>)> {
    let (sender, received) = bounded(WAITING);
    let told = Arc::new(Told::default());
    let store = Store {
        batches: sender,
        told: Arc::clone(&told),
    };
    let handle = spawn("store", report, move || run(writer, &received, &told))?;
    Ok((store, handle))
}

fn run(writer: Writer, batches: &Receiver<Box<Batch>>, told: &Told) {
    let mut clerk = Clerk::new(writer);
    loop {
        if clerk.take_renewed() {
            told.forgotten.store(true, Ordering::SeqCst);
        }
        let Ok(batch) = batches.recv() else { return };
        if told.doubted.swap(false, Ordering::SeqCst) {
            clerk.look_over();
        }
        clerk.keep(&batch);
        told.unwritten.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Writes as long as there is something to write to.
#[derive(Debug)]
pub struct Clerk {
    /// `None` after a broken database could not be replaced.
    pub(super) writer: Option<Writer>,
    /// Rows lost since writing began to fail.
    pub(super) lost: Option<usize>,
    /// What of a batch that could not be written must not be lost: keys,
    /// failures and the nodes as they were.
    owed: Option<Batch>,
    /// A fresh database took the place of a broken one.
    renewed: bool,
}

impl Clerk {
    /// Takes over a database; one that was not closed in order is looked over
    /// first.
    #[must_use]
    pub fn new(writer: Writer) -> Self {
        let mut clerk = Self {
            writer: Some(writer),
            lost: None,
            owed: None,
            renewed: false,
        };
        clerk.put_aside_if_broken(Writer::check);
        clerk
    }

    /// Looks the database over, because somebody could not read it.
    pub fn look_over(&mut self) {
        self.put_aside_if_broken(Writer::look_over);
    }

    fn put_aside_if_broken(&mut self, check: impl FnOnce(&Writer) -> rusqlite::Result<()>) {
        match self.writer.as_ref().map(check) {
            Some(Err(error)) if open::is_corrupt(&error) => self.renew(&error),
            _ => {}
        }
    }

    /// Whether a fresh database took the place of a broken one since the last
    /// call.
    pub fn take_renewed(&mut self) -> bool {
        std::mem::take(&mut self.renewed)
    }

    /// Writes a batch, or says once why not.
    pub fn keep(&mut self, batch: &Batch) {
        let rows = batch.rows() + batch.keys.len() + batch.errors.len();
        if let Some(writer) = self.writer.take_if(|writer| !writer.is_in_place()) {
            warn!(
                "{}: the history was deleted or replaced; what lies there now goes on",
                writer.path().display()
            );
            self.go_on_with(writer, open::begin_anew);
        }
        let Some(writer) = &mut self.writer else {
            return;
        };
        let together = self.owed.take().map(|owed| merged(owed, batch));
        let batch = together.as_ref().unwrap_or(batch);
        let mut written = writer.apply(batch);
        if let Err(error) = &written
            && open::is_corrupt(error)
        {
            self.renew(error);
            match &mut self.writer {
                Some(fresh) => written = fresh.apply(batch),
                None => return,
            }
        }
        match written {
            Ok(()) => {
                debug!(
                    "history: {rows} rows and {} nodes written",
                    batch.nodes.len()
                );
                if let Some(lost) = self.lost.take() {
                    info!("the history is written again; {lost} rows are lost");
                }
            }
            Err(error) => {
                if self.lost.is_none() {
                    warn!("the history cannot be written: {error}; the bot goes on without it");
                }
                *self.lost.get_or_insert(0) += batch.rows();
                self.owed = Some(Batch {
                    packets: Vec::new(),
                    links: Vec::new(),
                    air: Vec::new(),
                    ..batch.clone()
                });
            }
        }
    }

    /// Puts a broken database aside and starts a fresh one.
    fn renew(&mut self, error: &rusqlite::Error) {
        let Some(writer) = self.writer.take() else {
            return;
        };
        self.go_on_with(writer, |writer| open::renew(writer, &error.to_string()));
    }

    fn go_on_with(
        &mut self,
        writer: Writer,
        renew: impl FnOnce(Writer) -> Result<Opened, OpenError>,
    ) {
        let path = writer.path().to_owned();
        match renew(writer) {
            Ok(opened) => {
                self.writer = Some(opened.writer);
                self.renewed = true;
            }
            Err(error) => warn!(
                "{}: {error}; the bot goes on without a history",
                path.display()
            ),
        }
    }
}

/// Facts and nodes that are kept for a disk that takes nothing.
const OWED: usize = 64;

/// `batch` with what is owed from before, unless that is of another mesh. The
/// times of both count from the program's start.
fn merged(mut owed: Batch, batch: &Batch) -> Batch {
    let mut batch = batch.clone();
    if owed.own != batch.own {
        return batch;
    }
    let newer = |num| batch.nodes.iter().any(|node| node.num == num);
    owed.nodes.retain(|node| !newer(node.num));
    batch.nodes.splice(0..0, owed.nodes);
    batch.keys.splice(0..0, owed.keys);
    batch.errors.splice(0..0, owed.errors);
    let surplus = batch.keys.len().saturating_sub(OWED);
    batch.keys.drain(..surplus);
    let surplus = batch.errors.len().saturating_sub(OWED);
    batch.errors.drain(..surplus);
    let surplus = batch.nodes.len().saturating_sub(DEFAULT_CAPACITY);
    batch.nodes.drain(..surplus);
    batch
}
