//! The node behind a TCP port: one thread, named "sim", that sleeps in `poll`
//! on the listener, its clients, a waker and the node's own deadline.
//!
//! - Nobody changes the node without waking the thread: [`Handle::with`] does
//!   both.
//! - The lock on the node is never held while the thread sleeps.
//! - While the node restarts there is no listener, so connections are refused;
//!   afterwards the same address is bound again.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};

use crate::mesh::Now;

use super::node::{ClientClose, ConnId, Output, SimNode};
use super::settings::Settings;

/// How long to wait before trying to bind again, should the address be taken
/// after a restart of the node.
const BIND_AGAIN: Duration = Duration::from_millis(20);

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
        let listener = listen(addr)?;
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

struct Client {
    id: ConnId,
    socket: TcpStream,
    /// What the socket did not take yet.
    rest: Vec<u8>,
    /// Gone or closed: dropped at the end of the round.
    done: bool,
}

struct State {
    shared: Arc<Shared>,
    woken: UnixStream,
    addr: SocketAddr,
    listener: Option<TcpListener>,
    clients: Vec<Client>,
}

impl State {
    /// Until told to stop: sleep, take in, let the node work, put out.
    fn run(mut self) {
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
            self.clients.push(Client {
                id: node.accept(now(self.shared.epoch)),
                socket,
                rest: Vec::new(),
                done: false,
            });
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

impl Client {
    fn read(&mut self, node: &mut SimNode, now: Now) {
        let mut buffer = [0; 4096];
        while !self.done {
            match self.socket.read(&mut buffer) {
                Ok(0) => {
                    node.client_closed(now, self.id, ClientClose::Fin);
                    self.done = true;
                }
                Ok(count) => node.receive(now, self.id, &buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => {
                    node.client_closed(now, self.id, ClientClose::Reset);
                    self.done = true;
                }
            }
        }
    }

    /// Writes what the socket takes. Errors show up when reading.
    fn write(&mut self) {
        while !self.rest.is_empty() && !self.done {
            match self.socket.write(&self.rest) {
                Ok(count) => {
                    self.rest.drain(..count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// Ends the connection so that the client sees an end of file: unread
    /// input would make the kernel send a reset instead.
    fn close(&mut self) {
        self.write();
        let mut scrap = [0; 4096];
        while matches!(self.socket.read(&mut scrap), Ok(count) if count > 0) {}
        let _ = self.socket.shutdown(Shutdown::Both);
        self.done = true;
    }
}

fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(16)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn now(epoch: Instant) -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Now {
        mono: epoch.elapsed(),
        unix: unix.map_or(0, |unix| unix.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use prost::Message;

    use super::*;
    use crate::link::frame::{self, Decoder};
    use crate::mesh::NodeNum;
    use crate::proto::{self, from_radio, to_radio};
    use crate::sim::{Fault, Said};

    /// Long enough for the slowest machine; nobody waits for it to pass.
    const PATIENCE: Duration = Duration::from_secs(20);

    fn start(settings: Settings) -> Handle {
        Server::local(settings).unwrap()
    }

    struct Client {
        socket: TcpStream,
        decoder: Decoder,
    }

    impl Client {
        fn connect(handle: &Handle) -> Self {
            let socket = TcpStream::connect(handle.addr()).unwrap();
            socket.set_read_timeout(Some(PATIENCE)).unwrap();
            Self {
                socket,
                decoder: Decoder::default(),
            }
        }

        fn say(&mut self, message: to_radio::PayloadVariant) {
            let message = proto::ToRadio {
                payload_variant: Some(message),
            };
            let mut bytes = Vec::new();
            assert!(frame::encode(&message, &mut bytes));
            self.socket.write_all(&bytes).unwrap();
        }

        /// The next message; `None` at the end of the stream.
        fn next(&mut self) -> Option<from_radio::PayloadVariant> {
            loop {
                if let Some(frame) = self.decoder.next_frame() {
                    let message = proto::FromRadio::decode(frame).unwrap();
                    if message.payload_variant.is_some() {
                        return message.payload_variant;
                    }
                    continue;
                }
                let mut buffer = [0; 1000];
                match self.socket.read(&mut buffer).unwrap() {
                    0 => return None,
                    count => self.decoder.push(&buffer[..count]),
                }
            }
        }

        fn handshake(&mut self, nonce: u32) -> usize {
            self.say(to_radio::PayloadVariant::WantConfigId(nonce));
            let mut count = 1;
            while self.next() != Some(from_radio::PayloadVariant::ConfigCompleteId(nonce)) {
                count += 1;
            }
            count
        }
    }

    #[test]
    fn a_client_is_served_until_a_newer_one_comes() {
        let handle = start(Settings {
            nodes: 200,
            ..Settings::default()
        });
        let mut old = Client::connect(&handle);
        assert_eq!(old.handshake(7), 245);
        let said = Said::on_channel(NodeNum(9), 0, "hello");
        handle.with(|node, now| node.hear_text(now, said));
        assert!(matches!(
            old.next(),
            Some(from_radio::PayloadVariant::Packet(_))
        ));
        let mut new = Client::connect(&handle);
        assert_eq!(old.next(), None);
        new.handshake(69420);
        assert_eq!(handle.with(|node, _| node.counters().accepts), 2);
        handle.stop();
        assert_eq!(new.next(), None);
    }

    #[test]
    fn a_closed_client_is_noticed_and_its_text_is_on_air() {
        let handle = start(Settings::default());
        let mut client = Client::connect(&handle);
        client.handshake(69420);
        client.say(to_radio::PayloadVariant::Packet(proto::MeshPacket {
            to: u32::MAX,
            id: 5,
            payload_variant: Some(proto::mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: 1,
                payload: b"hi".to_vec(),
                ..Default::default()
            })),
            ..Default::default()
        }));
        drop(client);
        let air = handle.wait_for(PATIENCE, |node| {
            let air = node.on_air();
            (!air.is_empty()).then_some(air)
        });
        assert_eq!(air.unwrap()[0].text(), Some("hi"));
        let gone = handle.wait_for(PATIENCE, |node| (node.counters().open == 0).then_some(()));
        assert!(gone.is_some());
    }

    #[test]
    fn a_restart_refuses_and_comes_back_on_the_same_port() {
        let handle = start(Settings::default());
        let mut client = Client::connect(&handle);
        client.handshake(69420);
        handle.with(|node, now| node.fault(now, Fault::Reboot(Duration::from_secs(3600))));
        assert_eq!(client.next(), None);
        let refused = loop {
            // The thread may still be closing the port.
            match TcpStream::connect(handle.addr()) {
                Ok(_) => std::thread::yield_now(),
                Err(error) => break error.kind(),
            }
        };
        assert_eq!(refused, ErrorKind::ConnectionRefused);
        // A second restart cuts the first one short.
        handle.with(|node, now| node.fault(now, Fault::Reboot(Duration::ZERO)));
        let mut client = loop {
            match TcpStream::connect(handle.addr()) {
                Ok(socket) => {
                    socket.set_read_timeout(Some(PATIENCE)).unwrap();
                    break Client {
                        socket,
                        decoder: Decoder::default(),
                    };
                }
                Err(_) => std::thread::yield_now(),
            }
        };
        client.handshake(69420);
    }

    #[test]
    fn a_client_that_reads_nothing_does_not_hold_the_stop() {
        let handle = start(Settings {
            nodes: 249,
            ..Settings::default()
        });
        let mut client = Client::connect(&handle);
        for nonce in 1..200 {
            client.say(to_radio::PayloadVariant::WantConfigId(nonce));
        }
        let asked = |node: &mut SimNode| (node.counters().want_full > 0).then_some(());
        assert!(handle.wait_for(PATIENCE, asked).is_some());
        handle.stop();
    }
}
