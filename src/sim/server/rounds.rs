//! The thread of a simulated node, named "sim": it sleeps in `poll` on the
//! listener, its clients, a waker and the node's own deadline.
//!
//! - The lock on the node is never held while the thread sleeps.
//! - While the node restarts there is no listener, so connections are refused;
//!   afterwards the same address is bound again.

use std::io::Read;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::sockets::{Client, listen};
use super::{Shared, now};
use crate::sim::node::{Output, SimNode};

/// How long to wait before trying to bind again, should the address be taken
/// after a restart of the node.
const BIND_AGAIN: Duration = Duration::from_millis(20);

/// The thread's own.
pub(super) struct State {
    pub(super) shared: Arc<Shared>,
    pub(super) woken: UnixStream,
    pub(super) addr: SocketAddr,
    pub(super) listener: Option<TcpListener>,
    pub(super) clients: Vec<Client>,
}

impl State {
    /// Until told to stop: sleep, take in, let the node work, put out.
    pub(super) fn run(mut self) {
        while !self.shared.stop.load(Ordering::Acquire) {
            let ready = match self.sleep() {
                Ok(ready) => ready,
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return,
            };
            self.drain_waker();
            let shared = Arc::clone(&self.shared);
            let mut node = shared.lock();
            if ready.listener {
                self.accept(&mut node);
            }
            for (client, ready) in self.clients.iter_mut().zip(ready.clients) {
                if ready {
                    client.read(&mut node, now(shared.epoch));
                }
            }
            node.tick(now(shared.epoch));
            self.put_out(&mut node);
            self.listen_or_not(&node);
            drop(node);
            shared.changed.notify_all();
        }
    }

    /// Sleeps until something is readable or writable, or the node wants a tick.
    fn sleep(&self) -> Result<Ready, rustix::io::Errno> {
        let deadline = {
            let node = self.shared.lock();
            let bind_again = node.listening() && self.listener.is_none();
            let now = now(self.shared.epoch).mono;
            let left = node.deadline().map(|at| at.saturating_sub(now));
            match bind_again {
                true => Some(left.map_or(BIND_AGAIN, |left| left.min(BIND_AGAIN))),
                false => left,
            }
        };
        let timeout = deadline.and_then(|left| Timespec::try_from(left).ok());
        let mut fds = vec![PollFd::new(&self.woken, PollFlags::IN)];
        fds.extend(self.listener.iter().map(|l| PollFd::new(l, PollFlags::IN)));
        fds.extend(self.clients.iter().map(|client| {
            let flags = if client.rest.is_empty() {
                PollFlags::IN
            } else {
                PollFlags::IN | PollFlags::OUT
            };
            PollFd::new(&client.socket, flags)
        }));
        poll(&mut fds, timeout.as_ref())?;
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let listeners = usize::from(self.listener.is_some());
        Ok(Ready {
            listener: self.listener.is_some() && ready[1],
            clients: ready[1 + listeners..].to_vec(),
        })
    }

    fn drain_waker(&mut self) {
        let mut scrap = [0; 64];
        while matches!(self.woken.read(&mut scrap), Ok(count) if count > 0) {}
    }

    fn accept(&mut self, node: &mut SimNode) {
        let Some(listener) = &self.listener else {
            return;
        };
        while let Ok((socket, _)) = listener.accept() {
            if socket.set_nonblocking(true).is_err() {
                continue;
            }
            // Pieces of a frame must leave as pieces.
            let _ = socket.set_nodelay(true);
            let id = node.accept(now(self.shared.epoch));
            self.clients.push(Client::new(id, socket));
        }
    }

    fn put_out(&mut self, node: &mut SimNode) {
        while let Some(output) = node.next_output() {
            let (Output::Bytes(id, _) | Output::Close(id)) = output;
            let Some(client) = self.clients.iter_mut().find(|client| client.id == id) else {
                continue;
            };
            match output {
                Output::Bytes(_, bytes) => {
                    client.rest.extend_from_slice(&bytes);
                    client.write();
                }
                Output::Close(_) => client.close(),
            }
        }
        for client in &mut self.clients {
            client.write();
        }
        self.clients.retain(|client| !client.done);
    }

    fn listen_or_not(&mut self, node: &SimNode) {
        if !node.listening() {
            self.listener = None;
        } else if self.listener.is_none() {
            self.listener = listen(self.addr).ok();
        }
    }
}

struct Ready {
    listener: bool,
    clients: Vec<bool>,
}
