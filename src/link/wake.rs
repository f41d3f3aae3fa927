//! What a thread sleeps and wakes by: a descriptor that others write to, and the
//! clocks that tell how late it has become.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::outbox::Wake;
use crate::mesh::Now;

/// Reads both clocks; the one place where the link's time comes from.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts counting.
    #[must_use]
    pub fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The time by both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        Now {
            mono: self.start.elapsed(),
            unix: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        }
    }
}

/// Both ends of the wake-up: the thread polls one, senders write the other.
pub struct Waker {
    pub(super) receiver: UnixStream,
    sender: Arc<UnixStream>,
}

impl Waker {
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn new() -> io::Result<Self> {
        let (receiver, sender) = UnixStream::pair()?;
        receiver.set_nonblocking(true)?;
        sender.set_nonblocking(true)?;
        Ok(Self {
            receiver,
            sender: Arc::new(sender),
        })
    }

    /// The function that wakes. One pending byte is enough, so a full buffer
    /// is no error.
    #[must_use]
    pub fn wake(&self) -> Wake {
        let sender = Arc::clone(&self.sender);
        Arc::new(move || {
            let _ = (&*sender).write(&[1]);
        })
    }

    /// A descriptor that becomes writable by signal handlers.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn sender(&self) -> io::Result<UnixStream> {
        self.sender.try_clone()
    }

    /// Sleeps until woken or until `timeout` is over.
    ///
    /// # Errors
    /// When the poll fails for another reason than a signal.
    pub fn wait(&self, timeout: Option<Duration>) -> io::Result<()> {
        let mut fds = [PollFd::new(&self.receiver, PollFlags::IN)];
        sleep_in_poll(&mut fds, timeout)?;
        self.drain();
        Ok(())
    }

    /// Forgets what it was woken by.
    pub(super) fn drain(&self) {
        let mut bytes = [0; 64];
        while matches!((&self.receiver).read(&mut bytes), Ok(count) if count == bytes.len()) {}
    }
}

/// Sleeps until one of `fds` is ready, `timeout` is over or a signal comes.
///
/// # Errors
/// When the poll fails for another reason.
pub(super) fn sleep_in_poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> io::Result<()> {
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    match poll(fds, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
