//! The dispatch thread: sleeps until the link tells something, an errand ends,
//! or something is due.

use std::time::Duration;

use crossbeam_channel::{Receiver, never, select_biased};

use super::dispatch::Bot;
use super::errands::JobResult;
use crate::link::{Clock, Event};
use crate::thread::Pulse;

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
        select_biased! {
            recv(events) -> event => match event {
                Ok(event) => {
                    on_event(&event);
                    bot.handle(clock.now(), event);
                }
                Err(_) => {
                    bot.close(clock.now());
                    return bot;
                }
            },
            recv(results) -> result => match result {
                Ok(result) => bot.finished(clock.now(), result),
                // No workers: nothing will come from there any more.
                Err(_) => results = never(),
            },
            default(sleep) => {}
        }
    }
}
