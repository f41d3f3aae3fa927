//! The signals that end the program, turned into something to wait for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::link::Waker;
use crate::link::outbox::Wake;

/// The signals that end the program, SIGTERM and SIGINT.
pub struct Stop {
    waker: Waker,
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// From now on these signals do not kill any more.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn on_signals() -> io::Result<Self> {
        let waker = Waker::new()?;
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
            signal_hook::flag::register(signal, Arc::clone(&asked))?;
            signal_hook::low_level::pipe::register(signal, waker.sender()?)?;
        }
        Ok(Self { waker, asked })
    }

    /// Whether one has come.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// The function that ends a [`Stop::sleep`].
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.waker.wake()
    }

    /// Sleeps until a signal comes, somebody wakes, or `timeout` is over.
    ///
    /// # Errors
    /// When the system's poll fails.
    pub fn sleep(&self, timeout: Option<Duration>) -> io::Result<()> {
        if self.is_asked() {
            return Ok(());
        }
        self.waker.wait(timeout)
    }

    /// Sleeps until a signal comes.
    ///
    /// # Errors
    /// When the system's poll fails.
    pub fn wait(&self) -> io::Result<()> {
        while !self.is_asked() {
            self.waker.wait(None)?;
        }
        Ok(())
    }
}
