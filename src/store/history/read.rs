//! The thread `history`: answers questions about the past, one after the other,
//! and sleeps when there are none. Nothing else uses it, so that an errand that
//! hangs delays no answer from here.
//!
//! It opens the database for each question, for reading only: a file that was
//! moved aside meanwhile is never read by mistake, nothing holds on to an old
//! state while the writer tidies up, and between two questions no page stays in
//! memory. Packets are counted as they come, in one pass along the key.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded};
use log::warn;
use rusqlite::{Connection, OptionalExtension, params};

use super::disk::{self, OpenError};
use super::rows::PER_SECOND;
use super::stats::stats;
use super::thread::Doubts;
use super::{int, is_legible, open, packed, rows, unsigned};
use crate::history::insight::{
    Air, Answer, Archive, By, Collector, Counts, Failure, HOUR, Line, Links, Listener, Looked, Net,
    Question, QuestionId, Reception, Sample, Seen, Talk, Talking, Tally,
};
use crate::mesh::{ChannelIndex, NodeNum, PacketId};
use crate::thread::{Death, caught, spawn};

/// Questions that may wait while one is answered.
const WAITING: usize = 8;

/// The bot's way to the thread. When it is gone, the thread ends.
#[derive(Debug)]
pub struct Reader(Sender<(QuestionId, Box<Question>)>);

impl Archive for Reader {
    fn ask(&self, id: QuestionId, question: Box<Question>) -> bool {
        self.0.try_send((id, question)).is_ok()
    }
}

/// Starts the thread, which reads the database at `path` and hands what it finds
/// to `deliver`, until that says that nobody wants it; `doubts` learns of what is broken, `report` of its end.
///
/// # Errors
/// When the system has no thread left.
pub fn start(
    path: PathBuf,
    doubts: Doubts,
    deliver: impl Fn(QuestionId, Looked) -> bool + Send + 'static,
    report: impl FnOnce(Death) + Send + 'static,
) -> io::Result<(Reader, JoinHandle<()>)> {
    let (sender, questions) = bounded::<(QuestionId, Box<Question>)>(WAITING);
    let handle = spawn("history", report, move || {
        for (id, question) in questions {
            if !deliver(id, look_up(&path, &doubts, &question)) {
                return;
            }
        }
    })?;
    Ok((Reader(sender), handle))
}

/// The answer, or the message of a panic.
///
/// # Errors
/// With what the panic said. What cannot be read is no error here but
/// no answer, and is said in the log.
pub fn look_up(path: &Path, doubts: &Doubts, question: &Question) -> Looked {
    caught(|| {
        let answer = answer(path, question);
        if let Err(error) = &answer {
            warn!("{}: {error}; not looked up", path.display());
            if matches!(error, OpenError::Sql(error) if disk::is_corrupt(error)) {
                doubts.tell();
            }
        }
        answer.ok().map(Box::new)
    })
}

/// Counts what is written and what waits.
///
/// # Errors
/// When the database cannot be read.
pub fn answer(path: &Path, question: &Question) -> Result<Answer, OpenError> {
    let conn = open::read(path, false)?;
    conn.execute_batch("PRAGMA cache_size = -256; PRAGMA temp_store = MEMORY")?;
    let mut answer = Answer::default();
    let look = question.look;
    let own = conn
        .query_row(
            "SELECT id FROM own WHERE num = ?1",
            [question.own.0],
            |row| row.get(0),
        )
        .optional()?;
    // All of it at one moment: an hour may be summed up meanwhile.
    let tx = conn.unchecked_transaction()?;
    let view = View {
        conn: &tx,
        own,
        question,
    };
    answer.began = view.began()?;
    if let Some(by) = look.packets {
        answer.packets = view.packets(by)?;
    }
    if look.air {
        answer.air = view.air()?;
    }
    if let Some(links) = look.links {
        answer.links = view.links(links)?;
    }
    if let Some(talking) = look.texts {
        answer.talk = view.talk(talking)?;
    }
    if look.failures {
        answer.failures = view.failures()?;
    }
    if look.stock {
        answer.stock = stats(&tx, path)?;
        answer.stock.add(&question.fresh.stock);
    }
    Ok(answer)
}

/// What one node heard of the mesh.
struct View<'a> {
    conn: &'a Connection,
    /// `None` when nothing of it is written.
    own: Option<i64>,
    question: &'a Question,
}

impl View<'_> {
    /// Since when there is anything to be known.
    fn began(&self) -> rusqlite::Result<Option<u64>> {
        // From hour to hour along the key: another node may have had the first month.
        let mut first = self.conn.prepare(
            "WITH RECURSIVE each_hour (hour) AS (
               SELECT min(hour) FROM hours
               UNION ALL
               SELECT (SELECT min(hour) FROM hours WHERE hour > each_hour.hour)
               FROM each_hour WHERE hour IS NOT NULL)
             SELECT hour FROM each_hour WHERE EXISTS (
               SELECT 1 FROM hours WHERE hour = each_hour.hour AND own = ?1)
             LIMIT 1",
        )?;
        let summed = first.query_row([self.own], |row| row.get(0)).optional()?;
        let summed = summed.map(|hour: i64| unsigned(hour).saturating_mul(HOUR));
        let single = match self.own {
            Some(own) => packed::first(self.conn, own)?,
            None => None,
        };
        // What was only counted was heard in an hour of which packets are left.
        let summed = summed.filter(|at| single.is_none_or(|first| at / HOUR < first / HOUR));
        let all = [summed, single, self.question.fresh.began];
        Ok(all.into_iter().flatten().min())
    }

    fn packets(&self, by: By) -> rusqlite::Result<Counts> {
        let mut tally = Tally::new(by, self.question);
        self.single_packets(&mut tally)?;
        self.hours(&mut tally)?;
        Ok(tally.counts())
    }

    fn single_packets(&self, tally: &mut Tally) -> rusqlite::Result<()> {
        let (since, until) = self.question.written();
        let seconds = since..=until;
        packed::each_piece(self.conn, &(since / HOUR..=until / HOUR), |piece| {
            if Some(piece.own) == self.own {
                for (at, heard) in piece.packets().filter(|(at, _)| seconds.contains(at)) {
                    if let Some(seen) = Seen::of(at, &heard) {
                        tally.add(&seen);
                    }
                }
            }
            Ok(())
        })
    }

    /// The first key of what was heard in the time asked about, and the first
    /// one after it.
    fn keys(&self) -> (i64, i64) {
        let (since, until) = self.question.written();
        let key = |at: u64| int(at.saturating_mul(PER_SECOND));
        (key(since), key(until.saturating_add(1)))
    }

    /// What older packets were summed up to. An hour counts when all of it does.
    fn hours(&self, tally: &mut Tally) -> rusqlite::Result<()> {
        let (since, until) = self.question.written();
        let mut select = self.conn.prepare(
            "SELECT hour, node, port, packets - mqtt, direct FROM hours
             WHERE hour >= ?1 AND hour <= ?2 AND own = ?3",
        )?;
        let [first, last] = [since.div_ceil(HOUR), until / HOUR].map(int);
        let sums = select.query_map(params![first, last, self.own], |row| {
            Ok((
                unsigned(row.get(0)?),
                NodeNum(row.get(1)?),
                row.get(2)?,
                unsigned(row.get(3)?),
                unsigned(row.get(4)?),
            ))
        })?;
        for sum in sums.filter(is_legible) {
            let (hour, node, port, packets, direct) = sum?;
            tally.add_hour(hour, node, port, packets, direct);
        }
        Ok(())
    }

    /// What our node said of the air.
    fn air(&self) -> rusqlite::Result<Air> {
        let mut air = Air::default();
        let fresh = self.question.fresh.air.iter();
        for sample in fresh.filter(|sample| self.question.covers(sample.at)) {
            air.add(*sample);
        }
        let (since, until) = self.question.written();
        let mut select = self.conn.prepare(
            "SELECT time, channel_utilization / 100.0 FROM air
             WHERE time >= ?1 AND time <= ?2 AND own = ?3",
        )?;
        let samples = select.query_map(params![int(since), int(until), self.own], |row| {
            Ok(Sample {
                at: unsigned(row.get(0)?),
                busy: row.get(1)?,
            })
        })?;
        for sample in samples.filter(is_legible) {
            air.add(sample?);
        }
        Ok(air)
    }

    /// Who hears whom. The same reception may be written and wait besides.
    fn links(&self, links: Links) -> rusqlite::Result<Net> {
        let mut collector = Collector::new(links, self.question);
        let mut select = self.conn.prepare(
            "SELECT sender, hearer, witness, time, snr, metres, far, far_at FROM links
             WHERE own = ?1 AND time >= ?2",
        )?;
        let links = select.query_map(params![self.own, int(collector.since())], |row| {
            let far: Option<u32> = row.get(6)?;
            let far_at = row.get::<_, Option<i64>>(7)?.map(unsigned);
            Ok(Reception {
                from: NodeNum(row.get(0)?),
                to: NodeNum(row.get(1)?),
                witness: rows::witness_of(row.get(2)?),
                at: unsigned(row.get(3)?),
                snr_q: row.get(4)?,
                metres: row.get(5)?,
                farthest: far.zip(far_at),
            })
        })?;
        for link in links.filter(is_legible) {
            collector.add(&link?);
        }
        Ok(collector.net())
    }

    /// What was said on a channel.
    fn talk(&self, talking: Talking) -> rusqlite::Result<Talk> {
        let channel = match talking {
            Talking::On(channel) => Some(channel),
            Talking::SharedWith(node) => self.shared_with(node)?,
        };
        let Some(channel) = channel else {
            return Ok(Talk::default());
        };
        let mut listener = Listener::new(channel);
        let (since, end) = self.keys();
        let mut select = self.conn.prepare(
            "SELECT id, node, packet, text FROM texts
             WHERE id >= ?1 AND id < ?2 AND own = ?3 AND channel = ?4 ORDER BY id",
        )?;
        let lines = select.query_map(params![since, end, self.own, channel.0], |row| {
            Ok(Line {
                at: unsigned(row.get(0)?) / PER_SECOND,
                from: NodeNum(row.get(1)?),
                id: PacketId(row.get(2)?),
                channel,
                text: row.get(3)?,
            })
        })?;
        for line in lines.filter(is_legible) {
            listener.add(line?);
        }
        Ok(listener.talk(self.question))
    }

    /// The first channel on which a node was heard within a day, of those whose
    /// texts are kept; what is addressed to somebody may have come without any.
    fn shared_with(&self, node: NodeNum) -> rusqlite::Result<Option<ChannelIndex>> {
        let day_ago = self.question.until.saturating_sub(24 * HOUR);
        let is_kept =
            |channel: u8| self.question.kept.checked_shr(channel.into()).unwrap_or(0) & 1 == 1;
        let mut written: Option<u8> = None;
        packed::each_piece(self.conn, &(day_ago / HOUR..=u64::MAX), |piece| {
            let ours = piece.packets().filter(|_| Some(piece.own) == self.own);
            let his = ours.filter(|(at, heard)| {
                *at >= day_ago && heard.from == node && heard.to.is_none() && heard.port >= 0
            });
            let channels = his.map(|(_, heard)| heard.channel);
            written = written
                .into_iter()
                .chain(channels.filter(|&it| is_kept(it)))
                .min();
            Ok(())
        })?;
        let written = written.map(ChannelIndex);
        Ok(written.into_iter().chain(self.question.fresh.shared).min())
    }

    /// What did not arrive, the latest first.
    fn failures(&self) -> rusqlite::Result<Vec<Failure>> {
        let fresh = self.question.fresh.failures.iter().rev();
        let mut failures: Vec<Failure> = fresh.cloned().collect();
        let mut select = self
            .conn
            .prepare("SELECT time, num, reason FROM errors WHERE own = ?1 ORDER BY id DESC")?;
        let written = select.query_map(params![self.own], |row| {
            Ok(Failure {
                at: row.get::<_, Option<i64>>(0)?.map(unsigned),
                to: NodeNum(row.get(1)?),
                reason: row.get(2)?,
            })
        })?;
        for failure in written.filter(is_legible) {
            failures.push(failure?);
        }
        Ok(failures)
    }
}
