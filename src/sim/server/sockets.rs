//! The sockets of a simulated node: its clients, and the port that it listens on.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, Protocol, Socket, Type};

use crate::mesh::Now;
use crate::sim::node::{ClientClose, ConnId, SimNode};

/// Somebody who is connected.
pub(super) struct Client {
    pub(super) id: ConnId,
    pub(super) socket: TcpStream,
    /// What the socket did not take yet.
    pub(super) rest: Vec<u8>,
    /// Gone or closed: dropped at the end of the round.
    pub(super) done: bool,
}

impl Client {
    /// Nothing is said yet.
    pub(super) fn new(id: ConnId, socket: TcpStream) -> Self {
        Self {
            id,
            socket,
            rest: Vec::new(),
            done: false,
        }
    }

    /// Reads what there is, and notices the end.
    pub(super) fn read(&mut self, node: &mut SimNode, now: Now) {
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
    pub(super) fn write(&mut self) {
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
    pub(super) fn close(&mut self) {
        self.write();
        let mut scrap = [0; 4096];
        while matches!(self.socket.read(&mut scrap), Ok(count) if count > 0) {}
        let _ = self.socket.shutdown(Shutdown::Both);
        self.done = true;
    }
}

/// Takes the address, even right after another socket had it.
pub(in crate::sim) fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(16)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
