//! The thread `store`: sleeps until a batch comes, commits it, sleeps again.
//!
//! It never waits for anybody but the disk. What cannot be written waits in
//! bounded memory for the next batch, so that a disk which fails for good is
//! tried as seldom as batches come; when there is too much, the oldest rows give
//! way and are counted, keys and failures never. The log says once that nothing is
//! written, and once that it is over.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use log::{debug, info, warn};

use super::{Limits, OpenError, Opened, Writer, disk, open};
use crate::history::{Batch, History, When};
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
    /// `None` while what lies at the path cannot be opened.
    pub(super) writer: Option<Writer>,
    path: PathBuf,
    limits: Limits,
    /// Rows lost since writing began to fail.
    pub(super) lost: Option<usize>,
    /// What could not be written.
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
            path: writer.path().to_owned(),
            limits: writer.limits(),
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
            Some(Err(error)) if disk::is_corrupt(&error) => self.renew(&error),
            _ => {}
        }
    }

    /// Whether a fresh database took the place of a broken one since the last
    /// call.
    pub fn take_renewed(&mut self) -> bool {
        std::mem::take(&mut self.renewed)
    }

    /// Rows that wait because they could not be written.
    #[must_use]
    pub fn owes(&self) -> usize {
        self.owed.as_ref().map_or(0, Batch::rows)
    }

    /// Writes a batch, or says once why not.
    pub fn keep(&mut self, batch: &Batch) {
        if let Some(writer) = self.writer.take_if(|writer| !writer.is_in_place()) {
            warn!(
                "{}: the history was deleted or replaced; what lies there now goes on",
                writer.path().display()
            );
            self.go_on_with(writer, open::begin_anew);
        }
        self.settle_another_mesh(batch);
        let together = self.owed.take().map(|owed| merged(owed, batch));
        let batch = together.as_ref().unwrap_or(batch);
        let Err(error) = self.write(batch) else {
            debug!(
                "history: {} rows and {} nodes written",
                batch.rows() + batch.keys.len() + batch.errors.len(),
                batch.nodes.len()
            );
            if let Some(lost) = self.lost.take() {
                info!("the history is written again; {lost} rows are lost");
            }
            return;
        };
        if self.lost.is_none() {
            warn!("the history cannot be written: {error}; the bot goes on, and what is new waits");
        }
        let (owed, lost) = owed(batch);
        *self.lost.get_or_insert(0) += lost;
        self.owed = Some(owed);
    }

    /// What is owed of a node that the bot is not connected with any more cannot
    /// go along with a batch of another.
    fn settle_another_mesh(&mut self, batch: &Batch) {
        let Some(owed) = self.owed.take_if(|owed| owed.own != batch.own) else {
            return;
        };
        if self.write(&owed).is_err() {
            *self.lost.get_or_insert(0) += owed.rows() + owed.errors.len();
            // Whose key has changed is the same, whoever heard it.
            self.owed = Some(Batch {
                now: batch.now,
                dated: batch.dated,
                own: batch.own,
                keys: owed.keys,
                ..Batch::default()
            });
        }
    }

    /// Writes into what is there, into a fresh database when it is broken, and
    /// into what can be opened when nothing is there.
    fn write(&mut self, batch: &Batch) -> Result<(), OpenError> {
        if self.writer.is_none() {
            let opened = open::open(&self.path, self.limits)?;
            self.writer = Some(opened.writer);
            self.renewed = true;
        }
        let written = self.apply(batch);
        if let Err(OpenError::Sql(error)) = &written
            && disk::is_corrupt(error)
        {
            self.renew(error);
            return self.apply(batch);
        }
        written
    }

    fn apply(&mut self, batch: &Batch) -> Result<(), OpenError> {
        let writer = self.writer.as_mut().ok_or(OpenError::Missing)?;
        writer.apply(batch).map_err(OpenError::Sql)
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
        match renew(writer) {
            Ok(opened) => {
                self.writer = Some(opened.writer);
                self.renewed = true;
            }
            Err(error) => {
                warn!(
                    "{}: {error}; the bot goes on without a history until it can be opened",
                    self.path.display()
                );
                // So that is told.
                self.lost.get_or_insert(0);
            }
        }
    }
}

/// Facts and nodes that are kept for a disk that takes nothing.
const OWED: usize = 64;
/// Packets that wait for it: some hours of an ordinary mesh.
pub(super) const OWED_PACKETS: usize = 4_096;
/// Links, and texts, that wait for it.
const OWED_ROWS: usize = 512;

/// What is kept of a batch that could not be written, and how many rows of it
/// are not: the oldest. The clock of today dates it, as it may be set anew.
fn owed(batch: &Batch) -> (Batch, usize) {
    let mut owed = batch.clone();
    let before = owed.rows();
    let date = |at: When| batch.unix(at).map_or(at, When::Unix);
    owed.packets.iter_mut().for_each(|it| it.at = date(it.at));
    owed.sums.iter_mut().for_each(|it| it.at = date(it.at));
    owed.links.iter_mut().for_each(|it| it.at = date(it.at));
    owed.texts.iter_mut().for_each(|it| it.at = date(it.at));
    owed.air.iter_mut().for_each(|it| it.at = date(it.at));
    keep_last(&mut owed.packets, OWED_PACKETS);
    keep_last(&mut owed.sums, OWED_ROWS);
    keep_last(&mut owed.links, OWED_ROWS);
    keep_last(&mut owed.texts, OWED_ROWS);
    keep_last(&mut owed.air, OWED_ROWS);
    owed.packets.shrink_to_fit();
    let lost = before - owed.rows();
    (owed, lost)
}

fn keep_last<T>(rows: &mut Vec<T>, most: usize) {
    rows.drain(..rows.len().saturating_sub(most));
}

/// `batch` with what is owed from before. The times of both count from the
/// program's start, or are dates.
fn merged(mut owed: Batch, batch: &Batch) -> Batch {
    let mut batch = batch.clone();
    let newer = |num| batch.nodes.iter().any(|node| node.num == num);
    owed.nodes.retain(|node| !newer(node.num));
    batch.nodes.splice(0..0, owed.nodes);
    batch.packets.splice(0..0, owed.packets);
    batch.sums.splice(0..0, owed.sums);
    batch.links.splice(0..0, owed.links);
    batch.texts.splice(0..0, owed.texts);
    batch.air.splice(0..0, owed.air);
    batch.keys.splice(0..0, owed.keys);
    batch.errors.splice(0..0, owed.errors);
    keep_last(&mut batch.keys, OWED);
    keep_last(&mut batch.errors, OWED);
    keep_last(&mut batch.nodes, DEFAULT_CAPACITY);
    batch
}
