//! The bot's queue, as the thread fills it: without ever waiting. A full one costs
//! measurements first, then words, and never the outcome of a text.

use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError};
use log::{debug, warn};

use crate::link::message::Event;
use crate::mesh::Now;

/// The bot's queue takes measurements up to here…
pub(super) const EVENTS_FOR_ALL: usize = 1_024;
/// …and words up to here; the rest of its places is for what must not be lost.
const EVENTS_FOR_WORDS: usize = EVENTS_FOR_ALL + 256;
/// The size of the bot's queue. What is in flight has fewer outcomes than the
/// words leave free.
pub const EVENTS: usize = EVENTS_FOR_WORDS + 256;
/// How often a full queue may be mentioned in the log.
const DROP_NOTICE: Duration = Duration::from_secs(60);

/// The queue, and what found no place in it.
pub(super) struct Inbox {
    events: Sender<Event>,
    left_out: u64,
    last_notice: Option<Duration>,
}

impl Inbox {
    pub fn new(events: Sender<Event>) -> Self {
        Self {
            events,
            left_out: 0,
            last_notice: None,
        }
    }

    /// Passes an event on, or leaves it out.
    pub fn put(&mut self, event: Event) {
        let places = match event {
            _ if event.is_droppable() => EVENTS_FOR_ALL,
            Event::Packet(_) | Event::Nodes(_) => EVENTS_FOR_WORDS,
            Event::Ready(_) | Event::Lost(_) | Event::Outcome(..) | Event::Beat => EVENTS,
        };
        if places < EVENTS && self.events.len() >= places {
            self.left_out += 1;
            return;
        }
        match self.events.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.left_out += 1,
            Err(TrySendError::Disconnected(_)) => debug!("nobody listens any more"),
        }
    }

    /// Whether something was left out that the log does not know of.
    pub fn has_left_out(&self) -> bool {
        self.left_out > 0
    }

    /// Tells the log how much was left out, unless it has just been told.
    pub fn tell(&mut self, now: Now) {
        let is_told = |last| now.mono < last + DROP_NOTICE;
        if self.last_notice.is_some_and(is_told) {
            return;
        }
        warn!("the bot is too slow: {} packets left out", self.left_out);
        self.left_out = 0;
        self.last_notice = Some(now.mono);
    }
}
