//! The node behind a TCP port, as others see it: a [`Server`] is the port, a
//! [`Handle`] the running node. `rounds` is its thread, `sockets` what that does
//! with its clients.
//!
//! - Nobody changes the node without waking the thread: [`Handle::with`] does
//!   both.

mod rounds;
mod sockets;

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crate::mesh::Now;

use super::node::SimNode;
use super::settings::Settings;
use rounds::State;
pub(super) use sockets::listen;

/// A port that waits for a node.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    epoch: Instant,
}

impl Server {
    /// Takes an address such as `127.0.0.1:0` (any free port).
    ///
    /// # Errors
    /// When the address cannot be read or bound.
    pub fn bind(addr: &str) -> io::Result<Self> {
        let unreadable = || io::Error::new(ErrorKind::InvalidInput, "no such address");
        let addr = addr.to_socket_addrs()?.next().ok_or_else(unreadable)?;
        let listener = sockets::listen(addr)?;
        let addr = listener.local_addr()?;
        Ok(Self {
            listener,
            addr,
            epoch: Instant::now(),
        })
    }

    /// A node on a free port of this machine, running.
    ///
    /// # Errors
    /// When no port can be taken or the thread cannot be made.
    pub fn local(settings: Settings) -> io::Result<Handle> {
        let server = Self::bind("127.0.0.1:0")?;
        let node = SimNode::new(settings, server.now());
        server.start(node)
    }

    /// The address, with the port that was really taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// This moment, as the node will be told: make the node with it.
    #[must_use]
    pub fn now(&self) -> Now {
        now(self.epoch)
    }

    /// Puts `node` behind the port.
    ///
    /// # Errors
    /// When the waker or the thread cannot be made.
    pub fn start(self, node: SimNode) -> io::Result<Handle> {
        let (wake, woken) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            node: Mutex::new(node),
            changed: Condvar::new(),
            stop: AtomicBool::new(false),
            epoch: self.epoch,
        });
        let state = State {
            shared: Arc::clone(&shared),
            woken,
            addr: self.addr,
            listener: Some(self.listener),
            clients: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("sim".to_owned())
            .spawn(move || state.run())?;
        Ok(Handle {
            addr: self.addr,
            shared,
            wake,
            thread: Some(thread),
        })
    }
}

/// A running node. Stops it when dropped.
#[derive(Debug)]
pub struct Handle {
    addr: SocketAddr,
    shared: Arc<Shared>,
    wake: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    /// Where clients connect to.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Does something with the node; what it causes is on its way when this
    /// returns.
    pub fn with<R>(&self, act: impl FnOnce(&mut SimNode, Now) -> R) -> R {
        let result = act(&mut self.shared.lock(), now(self.shared.epoch));
        self.wake();
        result
    }

    /// Waits until `look` finds what it looks for, but no longer than `most`.
    /// It is asked again whenever the node has done something. Sleeps without
    /// looking at the clock in between.
    pub fn wait_for<R>(
        &self,
        most: Duration,
        mut look: impl FnMut(&mut SimNode) -> Option<R>,
    ) -> Option<R> {
        let end = Instant::now() + most;
        let mut node = self.shared.lock();
        loop {
            if let Some(found) = look(&mut node) {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            let waited = self.shared.changed.wait_timeout(node, left);
            node = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Closes everything and waits for the thread.
    pub fn stop(self) {
        drop(self);
    }

    fn wake(&self) {
        // A full pipe means that the thread is woken already.
        let _ = (&self.wake).write(&[1]);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // A panic of that thread has been reported by its hook already.
            let _ = thread.join();
        }
    }
}

struct Shared {
    node: Mutex<SimNode>,
    /// The node has done something.
    changed: Condvar,
    stop: AtomicBool,
    epoch: Instant,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
    /// A panic in a test's closure must not hide what the node knows.
    fn lock(&self) -> MutexGuard<'_, SimNode> {
        self.node.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now(epoch: Instant) -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Now {
        mono: epoch.elapsed(),
        unix: unix.map_or(0, |unix| unix.as_secs()),
    }
}

#[cfg(test)]
mod tests;
