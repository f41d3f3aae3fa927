//! A recorded node behind a port: one client at a time, and the newest has it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant, SystemTime};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Act, Played, Tape};
use crate::mesh::Now;
use crate::sim::server::listen;

/// What a client may leave unread before it is left.
const UNREAD: usize = 1024 * 1024;

/// Takes the address: the port to [`serve`] on, and the address that it has.
///
/// # Errors
/// When it cannot be taken.
pub fn bind(addr: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = listen(addr)?;
    let addr = listener.local_addr()?;
    Ok((listener, addr))
}

struct Client {
    socket: TcpStream,
    rest: Vec<u8>,
}

/// Plays the tape to whoever connects, until it is over or `stop` can be read.
///
/// # Errors
/// When the system does not let it sleep.
pub fn serve(listener: &TcpListener, mut tape: Tape, stop: &UnixStream) -> io::Result<Played> {
    let start = Instant::now();
    let mut client: Option<Client> = None;
    while !tape.is_over() {
        let now = now(start);
        // What is due goes out at once.
        while let Some(act) = tape.act(now) {
            let Some(one) = &mut client else { break };
            match act {
                Act::Bytes(bytes) => one.rest.extend(bytes),
                Act::Close => {
                    one.write();
                    let _ = one.socket.shutdown(Shutdown::Both);
                    client = None;
                }
            }
        }
        if let Some(one) = &mut client
            && (!one.write() || one.rest.len() > UNREAD)
        {
            tape.disconnected();
            client = None;
        }
        if tape.is_over() {
            break;
        }
        let left = tape.deadline().map(|at| at.saturating_sub(now.mono));
        let [stopped, knocks, speaks] = sleep(listener, client.as_ref(), stop, left)?;
        if stopped {
            break;
        }
        if speaks && let Some(one) = &mut client {
            let mut buffer = [0; 4096];
            match one.socket.read(&mut buffer) {
                Ok(count) if count > 0 => tape.received(&buffer[..count]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Ok(_) | Err(_) => {
                    tape.disconnected();
                    client = None;
                }
            }
        }
        if knocks && let Ok((socket, _)) = listener.accept() {
            socket.set_nonblocking(true)?;
            let _ = socket.set_nodelay(true);
            tape.disconnected();
            client = tape.connected(self::now(start)).then_some(Client {
                socket,
                rest: Vec::new(),
            });
        }
    }
    Ok(tape.played())
}

/// Whether there is a word to stop, somebody who connects, something to read.
fn sleep(
    listener: &TcpListener,
    client: Option<&Client>,
    stop: &UnixStream,
    left: Option<Duration>,
) -> io::Result<[bool; 3]> {
    let timeout = left.and_then(|left| Timespec::try_from(left).ok());
    let interest = match client {
        Some(one) if !one.rest.is_empty() => PollFlags::IN | PollFlags::OUT,
        _ => PollFlags::IN,
    };
    let mut fds = [
        PollFd::new(stop, PollFlags::IN),
        PollFd::new(listener, PollFlags::IN),
        // Without a client the word to stop stands in: poll takes it twice.
        PollFd::from_borrowed_fd(
            client.map_or(stop.as_fd(), |one| one.socket.as_fd()),
            interest,
        ),
    ];
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let readable = PollFlags::IN | PollFlags::HUP | PollFlags::ERR;
    Ok([0, 1, 2].map(|at| fds[at].revents().intersects(readable)))
}

impl Client {
    /// Writes what the socket takes; says whether it is still there.
    fn write(&mut self) -> bool {
        while !self.rest.is_empty() {
            match self.socket.write(&self.rest) {
                Ok(count) => drop(self.rest.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
        true
    }
}

fn now(start: Instant) -> Now {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Now {
        mono: start.elapsed(),
        unix: unix.map_or(0, |unix| unix.as_secs()),
    }
}
