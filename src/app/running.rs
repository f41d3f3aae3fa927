//! A bot at work: what is needed to notice the end of one of its threads, to
//! keep systemd reassured, and to stop it in order.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender};
use log::{error, info, warn};
use sd_notify::NotifyState;

use super::AppError;
use crate::link::sole::Taken;
use crate::link::{Event, Outbox};
use crate::signals::Stop;
use crate::store::history::thread::Unwritten;
use crate::systemd::{self, Look, Watchdog};
use crate::thread::{Death, Pulse};

/// From the word to stop until the program leaves, whatever still hangs. The
/// link needs up to 1.2 s for a proper goodbye.
const STOP_LIMIT: Duration = Duration::from_millis(1_700);

/// The running threads of a bot, and what is needed to stop them.
pub struct Running {
    pub(super) outbox: Outbox,
    pub(super) events: Sender<Event>,
    pub(super) deaths: Receiver<Death>,
    /// Why the link gave up its node.
    pub(super) refusals: Receiver<Taken>,
    pub(super) handles: Vec<JoinHandle<()>>,
    /// Of the link and of the bot.
    pub(super) pulses: [Pulse; 2],
    pub(super) unwritten: Option<Unwritten>,
    pub(super) died: Vec<Death>,
}

/// How it ended.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stopped {
    /// The threads, in the order in which they ended.
    pub ended: Vec<Death>,
    /// Those that were left behind.
    pub busy: Vec<String>,
}

impl Running {
    /// Whether a thread has ended by itself: a sentence about it.
    pub fn death(&mut self) -> Option<String> {
        let death = self.deaths.try_recv().ok()?;
        let said = match &death.panic {
            Some(panic) => format!("thread {} panicked: {panic}", death.name),
            None => format!("thread {} ended", death.name),
        };
        self.died.push(death);
        Some(said)
    }

    /// Stops everything in order: the link says goodbye, the bot ends with its
    /// events, the workers with the bot. What hangs is left behind.
    pub fn stop(mut self) -> Stopped {
        let deadline = Instant::now() + STOP_LIMIT;
        self.outbox.stop();
        drop(self.events);
        while self.died.len() < self.handles.len() {
            match self.deaths.recv_deadline(deadline) {
                Ok(death) => self.died.push(death),
                Err(_) => {
                    let busy = busy(&self.handles);
                    say_what_is_left(&busy, self.unwritten.as_ref());
                    return Stopped {
                        ended: self.died,
                        busy,
                    };
                }
            }
        }
        for handle in self.handles {
            let _ = handle.join();
        }
        Stopped {
            ended: self.died,
            busy: Vec::new(),
        }
    }

    /// Asks both loops for a sign of life.
    pub(super) fn ask_for_beats(&self) {
        self.outbox.beat();
        let _ = self.events.try_send(Event::Beat);
    }

    pub(super) fn beats(&self) -> [u64; 2] {
        [self.pulses[0].count(), self.pulses[1].count()]
    }
}

/// The names of the threads that have not ended.
fn busy(handles: &[JoinHandle<()>]) -> Vec<String> {
    let hanging = handles.iter().filter(|handle| !handle.is_finished());
    let names = hanging.filter_map(|handle| handle.thread().name());
    names.map(str::to_owned).collect()
}

/// What is said when the time is up.
fn say_what_is_left(busy: &[String], unwritten: Option<&Unwritten>) {
    warn!("still busy: {}; leaving without", busy.join(", "));
    if unwritten.is_some_and(|it| it.batches() > 0) {
        warn!("the end of the history is not written: what was heard last may be lost");
    }
}

/// Waits until a signal asks for the end or something ends by itself, and stops
/// the rest.
///
/// # Errors
/// [`AppError`] when a thread has died, and when another bot has the node.
pub fn supervise(
    stop: &Stop,
    mut running: Running,
    mut watchdog: Watchdog,
) -> Result<(), AppError> {
    loop {
        stop.sleep(watchdog.timeout(Instant::now()))?;
        if stop.is_asked() {
            info!("stopping");
            systemd::notify(&[NotifyState::Stopping]);
            running.stop();
            return Ok(());
        }
        // The link has ended because of it, which is no death to speak of.
        if let Ok(taken) = running.refusals.try_recv() {
            running.stop();
            return Err(taken.into());
        }
        if let Some(death) = running.death() {
            error!("{death}");
            running.stop();
            return Err(AppError::Failed(death));
        }
        match watchdog.look(Instant::now(), running.beats()) {
            Look::NotYet => continue,
            Look::Alive => systemd::notify(&[NotifyState::Watchdog]),
            Look::Stuck => warn!("a thread does not turn any more; systemd is not reassured"),
        }
        running.ask_for_beats();
    }
}
