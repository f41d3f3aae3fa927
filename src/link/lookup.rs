//! Name look-ups beside the I/O thread: `getaddrinfo` may hang for minutes.
//!
//! At most one look-up runs at a time, however often one is asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::outbox::Wake;
pub use crate::net::lookup::{Found, Resolver, system};

/// Runs look-ups in a helper thread named `lookup`.
pub struct LookUps {
    resolver: Resolver,
    wake: Wake,
    running: Arc<AtomicBool>,
    answers: (Sender<Found>, Receiver<Found>),
}

impl LookUps {
    /// `wake` is called when an answer is there.
    #[must_use]
    pub fn new(resolver: Resolver, wake: Wake) -> Self {
        Self {
            resolver,
            wake,
            running: Arc::default(),
            answers: bounded(1),
        }
    }

    /// Begins a look-up. While an earlier one still hangs, its answer will do.
    ///
    /// # Errors
    /// A sentence when no thread can be started.
    pub fn begin(&self, host: &str, port: u16) -> Result<(), String> {
        if self.running.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        let (resolver, wake, running) = (
            Arc::clone(&self.resolver),
            Arc::clone(&self.wake),
            Arc::clone(&self.running),
        );
        let (answers, host) = (self.answers.0.clone(), host.to_owned());
        // Nobody joins it: a hanging look-up must not hold up the end.
        let spawned = std::thread::Builder::new()
            .name("lookup".into())
            .stack_size(256 * 1024)
            .spawn(move || {
                let found = resolver(&host, port);
                let _ = answers.try_send(found);
                running.store(false, Ordering::Release);
                wake();
            });
        if let Err(error) = spawned {
            self.running.store(false, Ordering::Release);
            return Err(format!("no thread for the name look-up: {error}"));
        }
        Ok(())
    }

    /// The answer, when it has come.
    #[must_use]
    pub fn answer(&self) -> Option<Found> {
        self.answers.1.try_recv().ok()
    }
}
