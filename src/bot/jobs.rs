//! Slow work, out of the bot's way: two workers, a short queue, and a time
//! limit that the bot keeps itself.
//!
//! The bot never waits for a worker. A worker that hangs costs its place, not
//! an answer to anybody else; a job that panics costs its own answer only.

use std::any::Any;
use std::sync::Arc;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::ask::JobId;
use crate::history::insight::{Looked, QuestionId};
use crate::thread::{Death, caught, spawn};

/// Workers; each has one job at a time.
pub const WORKERS: usize = 2;
/// Jobs that may wait for a worker.
const WAITING: usize = 8;

/// Jobs that are at work or wait, at most.
pub const MOST: usize = WORKERS + WAITING;

/// What a job brings home; who has sent it out knows what that is.
pub type Finding = Box<dyn Any + Send>;

/// Something slow.
pub type Job = Box<dyn FnOnce() -> Finding + Send>;

/// A job that brings home what `work` finds.
pub fn job<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Job {
    Box::new(move || Box::new(work()))
}

/// A finished job.
#[derive(Debug)]
pub struct JobResult {
    /// Which.
    pub id: JobId,
    /// What it found, or the message of a panic.
    pub found: Result<Finding, String>,
}

impl JobResult {
    /// The answer to a question that the history was asked under this number.
    #[must_use]
    pub fn looked(QuestionId(id): QuestionId, looked: Looked) -> Self {
        Self {
            id: JobId(id),
            found: looked.map(|answer| Box::new(answer) as Finding),
        }
    }
}

/// Somebody who does errands.
pub trait Errands: Send {
    /// Takes a job; `false` when too many wait already.
    fn submit(&self, id: JobId, job: Job) -> bool;
}

fn carry_out(id: JobId, job: Job) -> JobResult {
    JobResult {
        id,
        found: caught(job),
    }
}

/// Threads `errand-0` and `errand-1`.
#[derive(Debug)]
pub struct Pool {
    jobs: Sender<(JobId, Box<JobSlot>)>,
}

/// A job on its way to a worker.
struct JobSlot(Job);

impl std::fmt::Debug for JobSlot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("job")
    }
}

impl Pool {
    /// Starts the workers. Results go to `results`; `report` learns of deaths.
    /// The threads end when the pool is dropped.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(
        results: Sender<JobResult>,
        report: Arc<dyn Fn(Death) + Send + Sync>,
    ) -> std::io::Result<(Self, Vec<std::thread::JoinHandle<()>>)> {
        let (jobs, queue) = bounded::<(JobId, Box<JobSlot>)>(WAITING);
        let names: [&'static str; WORKERS] = ["errand-0", "errand-1"];
        let handles = names
            .into_iter()
            .map(|name| {
                let (queue, results): (Receiver<_>, _) = (queue.clone(), results.clone());
                let report = Arc::clone(&report);
                spawn(
                    name,
                    move |death| report(death),
                    move || {
                        while let Ok((id, job)) = queue.recv() {
                            if results.send(carry_out(id, job.0)).is_err() {
                                return;
                            }
                        }
                    },
                )
            })
            .collect::<std::io::Result<_>>()?;
        Ok((Self { jobs }, handles))
    }
}

impl Errands for Pool {
    fn submit(&self, id: JobId, job: Job) -> bool {
        self.jobs.try_send((id, Box::new(JobSlot(job)))).is_ok()
    }
}

/// Does each errand at once, for tests under a virtual clock.
#[derive(Debug)]
pub struct Inline(pub Sender<JobResult>);

impl Errands for Inline {
    fn submit(&self, id: JobId, job: Job) -> bool {
        self.0.try_send(carry_out(id, job)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hung_workers_fill_the_queue_and_a_panic_is_an_answer() {
        let (results, finished) = bounded(16);
        let (pool, handles) = Pool::start(results, Arc::new(|_| {})).unwrap();
        let (release, gate) = bounded::<()>(0);
        let (begun, begins) = bounded::<()>(0);
        for id in 0..2 {
            let (gate, begun) = (gate.clone(), begun.clone());
            assert!(pool.submit(
                JobId(id),
                job(move || {
                    begun.send(()).unwrap();
                    let _ = gate.recv();
                    "late"
                })
            ));
            begins.recv().unwrap();
        }
        for id in 2..10 {
            assert!(pool.submit(JobId(id), Box::new(|| panic!("broken"))));
        }
        assert!(!pool.submit(JobId(99), job(|| true)));
        drop(release);
        let mut answers: Vec<_> = (0..10).map(|_| finished.recv().unwrap()).collect();
        answers.sort_by_key(|result| result.id);
        let found = answers[0].found.as_ref().unwrap();
        assert_eq!(found.downcast_ref(), Some(&"late"));
        assert_eq!(answers[9].found.as_ref().unwrap_err(), "broken");
        drop(pool);
        for handle in handles {
            handle.join().unwrap();
        }
    }
}
