//! The link to the one node: everything between socket bytes and mesh packets.
//!
//! In reading order: [`message`] is what passes between bot and link,
//! [`outbox`] the only way to send, [`frame`] bytes to frames, [`session`] the
//! conversation, [`backoff`] the pauses between connections, [`sole`] who may connect, [`core`] the life
//! of the link, [`io`] the thread with the socket, and [`wake`] what it sleeps by.

pub mod backoff;
pub mod core;
pub mod frame;
pub mod io;
pub mod lookup;
pub mod memory;
pub mod message;
pub mod outbox;
pub mod session;
pub mod sole;
pub mod tap;
pub mod wake;

use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, bounded};

pub use self::core::Settings;
pub use self::message::{
    Class, DropReason, Event, Failure, Identity, Keep, Loss, Outcome, Received, Refused, Request,
    Target, Text, Ticket,
};
pub use self::outbox::Outbox;
use self::tap::Tap;
pub use self::wake::{Clock, Waker};
pub use crate::net::Endpoint;
use crate::net::Guard;
use crate::thread::{Death, Pulse};
use sole::{Right, Taken};

/// Requests that may wait for the thread: the gate lets in 64 texts, and
/// probes and signs of life are few.
const REQUESTS: usize = 256;

/// The bot's side of the link: a sender and a receiver. Whether a socket or a
/// test is behind it cannot be seen.
#[derive(Debug)]
pub struct Link {
    /// Sends.
    pub outbox: Outbox,
    /// What the link tells.
    pub events: Receiver<Event>,
}

/// The running I/O thread.
#[derive(Debug)]
pub struct IoThread {
    /// Ends when the thread has ended.
    pub handle: JoinHandle<()>,
    /// Counts the thread's rounds.
    pub pulse: Pulse,
    /// Why the thread gave up its node, if it did.
    pub refusals: Receiver<Taken>,
}

impl Link {
    /// Starts the I/O thread for a real connection, if there is a `right` to it.
    /// `guard` learns where it leads, `tap` what is read and written, `report` of
    /// its end.
    ///
    /// # Errors
    /// When the system has no thread or file descriptor left.
    pub fn tcp(
        settings: Settings,
        clock: Clock,
        rng: fastrand::Rng,
        guard: &Guard,
        right: Box<dyn Right>,
        tap: Option<Tap>,
        report: impl FnOnce(Death) + Send + 'static,
    ) -> std::io::Result<(Self, IoThread, crossbeam_channel::Sender<Event>)> {
        let gate = outbox::Gate::new(settings.session.text_spacing);
        let waker = Waker::new()?;
        let (requests, request_receiver) = bounded(REQUESTS);
        let (event_sender, events) = bounded(io::EVENTS);
        let outbox = Outbox::new(requests, waker.wake(), gate.clone());
        let pulse = Pulse::default();
        let (refused, refusals) = bounded(1);
        let endpoint = settings.endpoint.clone();
        let core = core::Core::new(settings, gate, rng);
        let ends = io::Ends {
            clock,
            waker,
            resolver: guard.resolver(),
            linked: guard.linked(),
            right,
            refused,
            requests: request_receiver,
            events: event_sender.clone(),
            pulse: pulse.clone(),
            tap,
        };
        let io = io::Io::new(core, endpoint, ends);
        let handle = crate::thread::spawn("io", report, move || io.run())?;
        Ok((
            Self { outbox, events },
            IoThread {
                handle,
                pulse,
                refusals,
            },
            event_sender,
        ))
    }
}
