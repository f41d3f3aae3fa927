//! `/weather`, `/rain`, `/astro`: who waits for which weather, and what is known
//! already.
//!
//! Pure: questions, results and the time come in, answers and jobs come out.
//! - What is fresh is answered at once; nothing is fetched twice at a time
//!   however many ask (features.md C23).
//! - A question that waits too long gets the old answer with its age, or a true
//!   sentence; the late result still helps the next one.

mod answer;
mod cache;
mod commands;
mod desk;
mod place;
#[cfg(test)]
mod tests;
mod wish;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub use cache::{Need, Snapshot};
pub use desk::{Act, Forecasts, Waiter};
pub use wish::{Frame, From, Outlook, Settings, Wanted, Wish};

use super::ask::{Ask, JobId};
use super::capability::{Acts, Capability, Happened};
use super::command::{Command, Context, Scene};
use super::desk::Choice;
use super::reply::Reply;
use crate::bounds::Held;
use crate::mesh::Now;
use crate::weather::{Failure, Found, Report};

/// Its commands.
pub const COMMANDS: &[Command] = commands::ALL;

/// Puts away what is known of places and weather; `false` when it could not.
pub type Keep = Arc<dyn Fn(&Snapshot) -> bool + Send + Sync>;

/// Something slow that the weather desk wants done.
pub type Job = Box<dyn FnOnce() -> Work + Send>;

/// What it brings home.
#[derive(Clone, PartialEq, Debug)]
pub enum Work {
    /// Where a place is; that of the configured home, too, when it was looked
    /// up on the way.
    Place {
        /// What was asked for.
        found: Result<Found, Failure>,
        /// The same for home.
        home: Option<Result<Found, Failure>>,
    },
    /// The weather of a place.
    Report(Result<Report, Failure>),
    /// What is known was put away, or could not be.
    Saved(bool),
    /// Nothing: nobody wanted it any more.
    Unwanted,
}

/// The weather desk, and what it has under way.
pub struct Weather {
    desk: Forecasts,
    keep: Keep,
    jobs: HashMap<JobId, Need>,
}

impl Weather {
    /// `desk` puts away what it knows by `keep`.
    #[must_use]
    pub fn new(desk: Forecasts, keep: Keep) -> Self {
        Self {
            desk,
            keep,
            jobs: HashMap::new(),
        }
    }

    /// Does what the desk wants done.
    fn go_on(&mut self, acts: &mut Acts<'_>) {
        while let Some(act) = self.desk.act() {
            match act {
                Act::Say(waiter, text) => acts.answer(&waiter.ask, waiter.way, text),
                Act::Offer(waiter, text, args) => {
                    let command = waiter.wish.command.name;
                    acts.offer(&waiter.ask, waiter.way, text, Choice { command, args });
                }
                Act::Busy(waiter) => acts.busy(&waiter.ask, waiter.way),
                Act::Start(need, job) => self.start(need, job, acts),
                Act::Save(known) => {
                    let keep = Arc::clone(&self.keep);
                    let job = Box::new(move || Work::Saved(keep(&known)));
                    self.start(Need::Save, job, acts);
                }
            }
        }
    }

    fn start(&mut self, need: Need, job: Job, acts: &mut Acts<'_>) {
        self.jobs.insert(acts.job(job), need);
    }
}

impl Capability for Weather {
    fn commands(&self) -> &'static [Command] {
        COMMANDS
    }

    fn asked(
        &mut self,
        command: &Command,
        ask: &Ask,
        context: &mut Context<'_>,
        reply: &mut Reply<'_>,
        acts: &mut Acts<'_>,
    ) {
        if let Some((wish, wanted)) = commands::asked(command, ask, context, reply) {
            reply.later();
            (self.desk).ask(context.now, ask, reply.way(), wish, wanted);
            self.go_on(acts);
        }
    }

    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        let now = scene.now;
        match event {
            Happened::Found(id, found) => {
                let Some(need) = self.jobs.remove(&id) else {
                    return;
                };
                let work = found.and_then(|found| match found.downcast::<Work>() {
                    Ok(work) => Ok(*work),
                    Err(_) => Err("not what was sent for".to_owned()),
                });
                self.desk.came(now, &need, work);
            }
            Happened::NotBegun(id) => {
                if let Some(need) = self.jobs.remove(&id) {
                    self.desk.not_started(now, &need);
                }
            }
            Happened::Time => self.desk.tick(now),
            _ => return,
        }
        self.go_on(acts);
    }

    fn due(&self) -> Option<Duration> {
        self.desk.deadline()
    }

    fn held(&self) -> Vec<Held> {
        self.desk.held().into()
    }

    fn close(&mut self, now: Now) {
        if let Some(known) = self.desk.last_words(now) {
            (self.keep)(&known);
        }
    }
}
