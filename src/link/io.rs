//! The I/O thread: the only file that has a socket to the node.
//!
//! - One socket at a time, opened here and nowhere else.
//! - It sleeps in one poll on the socket, the waker and the next deadline;
//!   it never sleeps otherwise and never waits for the bot.
//! - All that it decides is decided by [`Core`].

mod inbox;

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TryRecvError};
use rustix::event::{PollFd, PollFlags};
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

pub use self::inbox::EVENTS;
use self::inbox::Inbox;
use super::core::{Act, Core};
use super::lookup::{LookUps, Resolver};
use super::message::{Event, Loss, Request};
use super::sole::{Right, Taken};
use super::tap::{By, Tap, Way};
use super::wake::{Clock, Waker, sleep_in_poll};
use crate::net::Endpoint;
use crate::net::guard::Linked;
use crate::thread::Pulse;

/// The kernel keeps this much for us while we are busy: a whole node list.
const RECEIVE_BUFFER: usize = 128 * 1024;
/// One read.
const READ_CHUNK: usize = 8 * 1024;
/// So many reads in a row, then everything else has its turn: a peer that
/// sends without end must not hold up the rest.
const READS: usize = 32;
/// The connection, in the making or made.
enum Connection {
    None,
    Opening(TcpStream),
    Open(TcpStream),
}

impl Connection {
    fn stream(&self) -> Option<&TcpStream> {
        match self {
            Self::None => None,
            Self::Opening(stream) | Self::Open(stream) => Some(stream),
        }
    }

    fn interest(&self, has_output: bool) -> PollFlags {
        match self {
            Self::Opening(_) => PollFlags::OUT,
            Self::Open(_) if has_output => PollFlags::IN | PollFlags::OUT,
            Self::None | Self::Open(_) => PollFlags::IN,
        }
    }
}

/// What the thread is connected with.
pub struct Ends {
    /// The clocks.
    pub clock: Clock,
    /// Wakes the thread.
    pub waker: Waker,
    /// Turns the node's name into addresses.
    pub resolver: Resolver,
    /// Where the connection leads, for those who must not go there.
    pub linked: Linked,
    /// Whether the node may be connected to.
    pub right: Box<dyn Right>,
    /// Learns why not.
    pub refused: Sender<Taken>,
    /// What the bot asks for.
    pub requests: Receiver<Request>,
    /// What the bot has to know.
    pub events: Sender<Event>,
    /// Counts the thread's rounds.
    pub pulse: Pulse,
    /// Who writes down what is read and written, if anybody does.
    pub tap: Option<Tap>,
}

/// Everything that the thread owns.
pub struct Io {
    core: Core,
    clock: Clock,
    waker: Waker,
    right: Box<dyn Right>,
    refused: Sender<Taken>,
    requests: Receiver<Request>,
    inbox: Inbox,
    look_ups: LookUps,
    linked: Linked,
    endpoint: Endpoint,
    connection: Connection,
    buffer: Box<[u8]>,
    pulse: Pulse,
    /// When the core wants to look at the time again.
    due: Option<Duration>,
    tap: Option<Tap>,
}

impl Io {
    /// Puts the parts together; [`Io::run`] does the rest.
    #[must_use]
    pub fn new(core: Core, endpoint: Endpoint, ends: Ends) -> Self {
        let look_ups = LookUps::new(ends.resolver, ends.waker.wake());
        Self {
            core,
            clock: ends.clock,
            waker: ends.waker,
            right: ends.right,
            refused: ends.refused,
            requests: ends.requests,
            inbox: Inbox::new(ends.events),
            look_ups,
            linked: ends.linked,
            endpoint,
            connection: Connection::None,
            buffer: vec![0; READ_CHUNK].into_boxed_slice(),
            pulse: ends.pulse,
            due: Some(Duration::ZERO),
            tap: ends.tap,
        }
    }

    /// The loop: take what waits, do what is due, sleep until there is more.
    /// Ends when told to stop, or when nobody can send any more.
    pub fn run(mut self) {
        while !self.core.is_ended() {
            self.pulse.beat();
            // 1. What others want.
            self.take_requests();
            // 2. What the time wants.
            let now = self.clock.now();
            if self.due.is_some_and(|at| at <= now.mono) {
                self.core.tick(now);
            }
            // 3. What the connection wants.
            self.act();
            self.write();
            // 4. What the bot has to know.
            self.hand_over();
            if self.core.is_ended() {
                break;
            }
            // 5. Sleep.
            if let Err(error) = self.sleep() {
                // Without poll there is nothing left to do well; the death of
                // this thread ends the program, and systemd restarts it.
                panic!("poll failed: {error}");
            }
        }
        self.act();
        self.hand_over();
    }

    fn take_requests(&mut self) {
        loop {
            match self.requests.try_recv() {
                Ok(request) => self.core.request(self.clock.now(), request),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.core.request(self.clock.now(), Request::Stop);
                    return;
                }
            }
        }
    }

    fn sleep(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        self.due = self.core.deadline();
        let timeout = self.due.map(|at| at.saturating_sub(now.mono));
        let interest = self.connection.interest(!self.core.output().is_empty());
        let mut fds = [
            PollFd::new(&self.waker.receiver, PollFlags::IN),
            // Without a connection the waker stands in: poll takes it twice.
            PollFd::from_borrowed_fd(
                self.connection
                    .stream()
                    .map_or(self.waker.receiver.as_fd(), |stream| stream.as_fd()),
                interest,
            ),
        ];
        sleep_in_poll(&mut fds, timeout)?;
        let woken = !fds[0].revents().is_empty();
        let ready = fds[1].revents();
        if woken {
            self.waker.drain();
        }
        if let Some(found) = self.look_ups.answer() {
            self.core.looked_up(self.clock.now(), found);
        }
        if ready.is_empty() {
            return Ok(());
        }
        match &self.connection {
            Connection::None => {}
            Connection::Opening(_) => self.opened(),
            Connection::Open(_) => self.read(),
        }
        Ok(())
    }

    fn act(&mut self) {
        while let Some(act) = self.core.act() {
            match act {
                Act::LookUp => {
                    if let Err(error) = self.look_ups.begin(&self.endpoint.host, self.endpoint.port)
                    {
                        self.core.looked_up(self.clock.now(), Err(error));
                    }
                }
                Act::Connect(address) => self.connect(address),
                Act::Close => self.close(),
            }
        }
    }

    fn connect(&mut self, address: SocketAddr) {
        if let Err(taken) = self.right.connect(address) {
            self.give_way(taken);
            return;
        }
        self.linked.set(address);
        match open(address) {
            Ok(stream) => self.connection = Connection::Opening(stream),
            Err(error) => {
                self.core
                    .connect_failed(self.clock.now(), &error.to_string());
            }
        }
    }

    /// Another bot has this node: this one says why, and ends in order.
    fn give_way(&mut self, taken: Taken) {
        // The first reason is enough.
        let _ = self.refused.try_send(taken);
        self.core.request(self.clock.now(), Request::Stop);
    }

    fn close(&mut self) {
        if let Connection::Open(stream) = &self.connection {
            let _ = stream.shutdown(Shutdown::Both);
            if let Some(tap) = &mut self.tap {
                tap.closed(self.clock.now(), By::Bot);
            }
        }
        self.connection = Connection::None;
    }

    /// The connection in the making is there, or has failed.
    fn opened(&mut self) {
        let Connection::Opening(stream) = std::mem::replace(&mut self.connection, Connection::None)
        else {
            return;
        };
        match stream.take_error() {
            Ok(None) => {
                self.connection = Connection::Open(stream);
                self.right.connected();
                if let Some(tap) = &mut self.tap {
                    tap.connected(self.clock.now());
                }
                self.core.connected(self.clock.now());
            }
            Ok(Some(error)) | Err(error) => {
                self.core
                    .connect_failed(self.clock.now(), &error.to_string());
            }
        }
    }

    /// Reads all there is: a slow reader hurts the node (protocol.md §8 T7).
    fn read(&mut self) {
        for _ in 0..READS {
            let Connection::Open(stream) = &mut self.connection else {
                return;
            };
            match stream.read(&mut self.buffer) {
                Ok(0) => {
                    self.lose(Loss::EndOfFile);
                    return;
                }
                Ok(count) => {
                    let (now, bytes) = (self.clock.now(), &self.buffer[..count]);
                    if let Some(tap) = &mut self.tap {
                        tap.said(now, Way::FromNode, bytes);
                    }
                    self.core.received(now, bytes);
                    if count < self.buffer.len() {
                        return;
                    }
                    self.hand_over();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.lose(Loss::Error(error.to_string()));
                    return;
                }
            }
        }
    }

    /// One write; what the socket does not take waits for the next wake-up.
    fn write(&mut self) {
        let Connection::Open(stream) = &mut self.connection else {
            return;
        };
        let output = self.core.output();
        if output.is_empty() {
            return;
        }
        match stream.write(output) {
            Ok(count) => {
                let now = self.clock.now();
                if let Some(tap) = &mut self.tap {
                    tap.said(now, Way::ToNode, &output[..count]);
                }
                self.core.wrote(now, count);
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
                ) => {}
            Err(error) => {
                // What the node said before it closed is still there.
                self.read();
                self.lose(Loss::Error(error.to_string()));
            }
        }
    }

    fn lose(&mut self, loss: Loss) {
        if let (Connection::Open(_), Some(tap)) = (&self.connection, &mut self.tap) {
            tap.closed(self.clock.now(), By::Node);
        }
        self.connection = Connection::None;
        self.core.closed(self.clock.now(), loss);
    }

    fn hand_over(&mut self) {
        while let Some(event) = self.core.event() {
            if let Event::Ready(identity) = &event
                && let Err(taken) = self.right.meet(identity.num)
            {
                self.give_way(taken);
            }
            self.inbox.put(event);
        }
        if self.inbox.has_left_out() {
            self.inbox.tell(self.clock.now());
        }
    }
}

/// Begins a connection without waiting for it.
fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    // What follows is for comfort; a system without it can still connect.
    let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
    let _ = socket.set_tcp_nodelay(true);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(60))
        .with_interval(Duration::from_secs(30));
    let _ = socket.set_tcp_keepalive(&keepalive);
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error)
            if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {}
        Err(error) => return Err(error),
    }
    Ok(socket.into())
}

#[cfg(test)]
mod tests;
