//! The thread `history`: answers questions about the past, one after the other,
//! and sleeps when there are none. Nothing else uses it, so that an errand that
//! hangs delays no answer from here.
//!
//! It opens the database for each question, for reading only: a file that was
//! moved aside meanwhile is never read by mistake, nothing holds on to an old
//! state while the writer tidies up, and between two questions no page stays in
//! memory. Rows are counted as they come, in one pass along the key.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};
use log::warn;
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::PER_SECOND;
use super::{int, open, unsigned};
use crate::bot::errands::{JobId, JobResult, Work};
use crate::bot::insight::{Answer, Archive, HOUR, Question, Sample, Seen, Tally};
use crate::mesh::NodeNum;
use crate::thread::{Death, caught, spawn};

/// Questions that may wait while one is answered.
const WAITING: usize = 8;

/// The bot's way to the thread. When it is gone, the thread ends.
#[derive(Debug)]
pub struct Reader(Sender<(JobId, Box<Question>)>);

impl Archive for Reader {
    fn ask(&self, id: JobId, question: Box<Question>) -> bool {
        self.0.try_send((id, question)).is_ok()
    }
}

/// Starts the thread, which reads the database at `path` and sends what it
/// finds to `results`; `report` learns of its end.
///
/// # Errors
/// When the system has no thread left.
pub fn start(
    path: PathBuf,
    results: Sender<JobResult>,
    report: impl FnOnce(Death) + Send + 'static,
) -> io::Result<(Reader, JoinHandle<()>)> {
    let (sender, questions) = bounded(WAITING);
    let handle = spawn("history", report, move || run(&path, &questions, &results))?;
    Ok((Reader(sender), handle))
}

fn run(path: &Path, questions: &Receiver<(JobId, Box<Question>)>, results: &Sender<JobResult>) {
    for (id, question) in questions {
        let result = JobResult {
            id,
            work: look_up(path, &question),
        };
        if results.send(result).is_err() {
            return;
        }
    }
}

/// The answer, or the message of a panic.
///
/// # Errors
/// With what the panic said. What cannot be read is no error here but
/// [`Work::Past`] of nothing, and is said in the log.
pub fn look_up(path: &Path, question: &Question) -> Result<Work, String> {
    caught(|| {
        let answer = open::read(path, false).and_then(|conn| Ok(answer(&conn, question)?));
        if let Err(error) = &answer {
            warn!("{}: {error}; not looked up", path.display());
        }
        Work::Past(answer.ok())
    })
}

/// Counts what is written and what waits.
///
/// # Errors
/// When the database cannot be read.
pub fn answer(conn: &Connection, question: &Question) -> rusqlite::Result<Answer> {
    conn.execute_batch("PRAGMA cache_size = -256; PRAGMA temp_store = MEMORY")?;
    let mut tally = Tally::new(question);
    let own: Option<i64> = conn
        .query_row(
            "SELECT id FROM own WHERE num = ?1",
            [question.own.0],
            |row| row.get(0),
        )
        .optional()?;
    if let Some(own) = own {
        // Both at the same moment: an hour may be summed up meanwhile.
        let tx = conn.unchecked_transaction()?;
        add_packets(&tx, own, &mut tally)?;
        add_hours(&tx, own, &mut tally)?;
        if question.air.is_some() {
            add_air(&tx, own, &mut tally)?;
        }
    }
    Ok(tally.answer())
}

/// Single packets.
fn add_packets(conn: &Connection, own: i64, tally: &mut Tally<'_>) -> rusqlite::Result<()> {
    let (since, until) = tally.span();
    let mut select = conn.prepare(
        "SELECT id, node, port, hops, medium = 0 FROM packets
         WHERE id >= ?1 AND id < ?2 AND own = ?3 AND NOT late AND medium <> 1",
    )?;
    let range = [since, until.saturating_add(1)].map(|at| int(at.saturating_mul(PER_SECOND)));
    let mut rows = select.query(params![range[0], range[1], own])?;
    while let Some(row) = rows.next()? {
        tally.add(&Seen {
            at: unsigned(row.get(0)?) / PER_SECOND,
            from: NodeNum(row.get(1)?),
            port: row.get(2)?,
            hops: row.get(3)?,
            by_radio: row.get(4)?,
        });
    }
    Ok(())
}

/// What older packets were summed up to. An hour counts when all of it does.
fn add_hours(conn: &Connection, own: i64, tally: &mut Tally<'_>) -> rusqlite::Result<()> {
    let (since, until) = tally.span();
    let mut select = conn.prepare(
        "SELECT hour, node, port, packets - mqtt, direct FROM hours
         WHERE hour >= ?1 AND hour <= ?2 AND own = ?3",
    )?;
    let range = [since.div_ceil(HOUR), until / HOUR].map(int);
    let mut rows = select.query(params![range[0], range[1], own])?;
    while let Some(row) = rows.next()? {
        tally.add_hour(
            unsigned(row.get(0)?),
            NodeNum(row.get(1)?),
            row.get(2)?,
            unsigned(row.get(3)?),
            unsigned(row.get(4)?),
        );
    }
    Ok(())
}

/// What our node said of the air.
fn add_air(conn: &Connection, own: i64, tally: &mut Tally<'_>) -> rusqlite::Result<()> {
    let (since, until) = tally.span();
    let mut select = conn.prepare(
        "SELECT time, channel_utilization / 100.0 FROM air
         WHERE time >= ?1 AND time <= ?2 AND own = ?3",
    )?;
    let mut rows = select.query(params![int(since), int(until), own])?;
    while let Some(row) = rows.next()? {
        tally.add_air(Sample {
            at: unsigned(row.get(0)?),
            busy: row.get(1)?,
        });
    }
    Ok(())
}
