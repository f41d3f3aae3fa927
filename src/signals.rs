//! The signals that end the program, turned into something to wait for.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::link::Waker;
use crate::link::outbox::Wake;

/// The signals that end the program: SIGTERM, SIGINT, and SIGHUP when its
/// terminal is closed.
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
        for signal in [SIGTERM, SIGINT, SIGHUP] {
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
