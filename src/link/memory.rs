//! A link without a network: the same ends as a real one, with a test in the
//! place of the I/O thread.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::outbox::Gate;
use super::{Event, Link, Outbox, Request, io};

/// The far side of a memory link: what the I/O thread would hold.
#[derive(Debug)]
pub struct FarEnd {
    /// What the bot asks for.
    pub requests: Receiver<Request>,
    /// Tells the bot.
    pub events: Sender<Event>,
    /// The state that senders see.
    pub gate: Arc<Gate>,
}

impl FarEnd {
    /// Lets texts in or refuses them, as a real link does when it comes and goes.
    pub fn set_up(&self, up: bool) {
        self.gate.set_up(up);
    }

    /// The texts asked for so far, each taken for written.
    #[must_use]
    pub fn texts(&self) -> Vec<super::Text> {
        self.requests
            .try_iter()
            .filter_map(|request| match request {
                Request::Text(_, text) => {
                    self.gate.left(text.class);
                    Some(*text)
                }
                _ => None,
            })
            .collect()
    }
}

impl Link {
    /// Both ends of a link in memory; it starts down.
    #[must_use]
    pub fn memory(text_spacing: Duration) -> (Self, FarEnd) {
        let gate = Gate::new(text_spacing);
        let (requests, request_receiver) = bounded(super::REQUESTS);
        let (event_sender, events) = bounded(io::EVENTS);
        let outbox = Outbox::new(requests, Arc::new(|| {}), gate.clone());
        (
            Self { outbox, events },
            FarEnd {
                requests: request_receiver,
                events: event_sender,
                gate,
            },
        )
    }
}
