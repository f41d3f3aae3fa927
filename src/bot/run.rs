//! The dispatch thread: sleeps until the link tells something, an errand ends,
//! or something is due.

use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, never, select_biased};

use super::dispatch::Bot;
use crate::bot::jobs::JobResult;
use crate::link::{Clock, Event};
use crate::thread::Pulse;

/// Why the thread goes on.
enum Woken {
    Event(Event),
    Result(JobResult),
    /// All workers are gone.
    NoWorkers,
    /// It has slept long enough.
    Due,
    /// The link is gone.
    End,
}

/// Runs the bot until the link is gone. Gives the bot back, for its figures.
/// `on_event` sees each event first.
pub fn run(
    mut bot: Bot,
    clock: Clock,
    events: &Receiver<Event>,
    mut results: Receiver<JobResult>,
    pulse: &Pulse,
    mut on_event: impl FnMut(&Event),
) -> Bot {
    loop {
        pulse.beat();
        let now = clock.now();
        let mut due = bot.deadline();
        if due.is_some_and(|at| at <= now.mono) {
            bot.tick(now);
            due = bot.deadline();
        }
        let sleep = due.map_or(Duration::MAX, |at| at.saturating_sub(now.mono));
        let woken = if bot.awaits_results() {
            select_biased! {
                recv(events) -> event => event.map_or(Woken::End, Woken::Event),
                recv(results) -> result => result.map_or(Woken::NoWorkers, Woken::Result),
                default(sleep) => Woken::Due,
            }
        } else {
            // Mostly there is one channel to wait for. With two the thread, once
            // woken, would meet the sender at a lock and sleep once more.
            match events.recv_timeout(sleep) {
                Ok(event) => Woken::Event(event),
                Err(RecvTimeoutError::Timeout) => Woken::Due,
                Err(RecvTimeoutError::Disconnected) => Woken::End,
            }
        };
        match woken {
            Woken::Event(event) => {
                on_event(&event);
                bot.handle(clock.now(), event);
            }
            Woken::Result(result) => bot.finished(clock.now(), result),
            // Nothing will come from there any more.
            Woken::NoWorkers => results = never(),
            Woken::Due => {}
            Woken::End => {
                bot.close(clock.now());
                return bot;
            }
        }
        // What comes when nobody waits for it any more must not pile up.
        while !bot.awaits_results()
            && let Ok(late) = results.try_recv()
        {
            bot.finished(clock.now(), late);
        }
    }
}
