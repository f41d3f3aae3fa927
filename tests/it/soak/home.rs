//! What surrounds the bot besides its node: weather services that fail, a
//! history that is kept in numbers, or in a real database.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::Sender;
use meshbot::bot::jobs::JobResult;
use meshbot::history::insight::{Archive, Question, QuestionId};
use meshbot::history::{Batch, Heard, History};
use meshbot::lang::Lang;
use meshbot::store::history::thread::Doubts;
use meshbot::store::history::{self, Limits, Writer, read};
use meshbot::weather::{Candidate, Cell, Current, Failure, Hour, Provider, Report, Source, Spot};

use crate::support::world::NewArchive;

/// Weather services as they are: mostly there.
pub struct Fickle {
    rng: Mutex<fastrand::Rng>,
    /// So many of a hundred calls fail.
    pub failing: Mutex<u8>,
}

impl Fickle {
    pub fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            rng: Mutex::new(fastrand::Rng::with_seed(seed)),
            failing: Mutex::new(20),
        })
    }

    fn trouble(&self) -> Result<(), Failure> {
        let mut rng = self.rng.lock().unwrap();
        if rng.u8(0..100) >= *self.failing.lock().unwrap() {
            return Ok(());
        }
        Err(match rng.u8(0..4) {
            0 => Failure::Timeout,
            1 => Failure::Unreachable("no network".to_owned()),
            2 => Failure::Status(500 + rng.u16(0..10)),
            _ => Failure::Nonsense("\u{202e}<html>".to_owned()),
        })
    }
}

impl Source for Fickle {
    fn search(&self, name: &str, _: &[String], _: Lang) -> Result<Vec<Candidate>, Failure> {
        self.trouble()?;
        let mut rng = self.rng.lock().unwrap();
        let cell = Cell::new(rng.f64() * 180.0 - 90.0, rng.f64() * 360.0 - 180.0);
        let candidates = (0..rng.usize(0..4)).filter_map(|_| {
            Some(Candidate {
                spot: Spot::new(name, None, Some("FR"), cell?, Some("Europe/Paris")),
                population: 7,
                within: Vec::new(),
                is_certain: true,
            })
        });
        Ok(candidates.collect())
    }

    fn forecast(&self, _: Cell) -> Result<Report, Failure> {
        self.trouble()?;
        let mut rng = self.rng.lock().unwrap();
        let hour = Hour {
            rain: Some(rng.f32() * 9.0),
            sky: None,
        };
        let now = 2_100_000_000;
        Ok(Report {
            provider: Provider::OpenMeteo,
            time: rng.bool().then_some(now),
            zone: rng.bool().then(|| "Europe/Paris".to_owned()),
            offset: 3_600,
            current: Some(Current {
                celsius: Some(rng.f32() * 60.0 - 30.0),
                ..Current::default()
            }),
            first_hour: now - now % 3_600,
            hours: vec![hour; 96],
            days: Vec::new(),
        })
    }
}

/// Older packets are at most in the sums of hours, and those end as well.
const ANCIENT: Duration = Duration::from_secs(7 * 24 * 3_600);

/// What has been kept of the history.
#[derive(Default)]
pub struct Shelf {
    pub live: u64,
    pub late: u64,
    /// Of these are dated before what a history keeps: back-log with the date of a
    /// forger.
    pub ancient: u64,
    /// Takes nothing for the time being.
    pub closed: bool,
    /// Has refused something.
    pub was_closed: bool,
}

/// Counts the rows, and writes them into a real database besides, if there is
/// one.
pub struct Library {
    pub shelf: Arc<Mutex<Shelf>>,
    writer: Option<RefCell<Writer>>,
}

impl Library {
    pub fn open(path: Option<&Path>) -> (Arc<Mutex<Shelf>>, Box<dyn History>) {
        let shelf = Arc::new(Mutex::new(Shelf::default()));
        let writer = path.map(|path| {
            let opened = history::open(path, Limits::default()).unwrap();
            RefCell::new(opened.writer)
        });
        let library = Self {
            shelf: Arc::clone(&shelf),
            writer,
        };
        (shelf, Box::new(library))
    }
}

impl History for Library {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        let mut shelf = self.shelf.lock().unwrap();
        if shelf.closed {
            shelf.was_closed = true;
            return Err(batch);
        }
        let late = batch.packets.iter().filter(|heard| heard.late).count() as u64;
        shelf.late += late;
        let kept_from = batch.now.unix.saturating_sub(ANCIENT.as_secs());
        let is_ancient = |heard: &&Heard| batch.unix(heard.at).is_some_and(|at| at < kept_from);
        shelf.ancient += batch.packets.iter().filter(is_ancient).count() as u64;
        let counted: u64 = batch.sums.iter().map(|sum| sum.packets).sum();
        shelf.live += batch.packets.len() as u64 - late + counted;
        if let Some(writer) = &self.writer {
            writer.borrow_mut().apply(&batch).unwrap();
        }
        Ok(())
    }
}

/// Looks things up at once, in the same thread.
pub struct Reading(PathBuf, Sender<JobResult>);

impl Reading {
    pub fn at(path: PathBuf) -> NewArchive {
        Box::new(|done| Box::new(Self(path, done)))
    }
}

impl Archive for Reading {
    fn ask(&self, id: QuestionId, question: Box<Question>) -> bool {
        let looked = read::look_up(&self.0, &Doubts::default(), &question);
        self.1.try_send(JobResult::looked(id, looked)).is_ok()
    }
}
