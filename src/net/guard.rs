//! The guard in front of every socket that is not the link: after the look-up
//! and before the connect, each address is compared with all that the bot's own
//! node has.
//!
//! - The node's name is looked up anew each time; where the link is connected to
//!   counts as well, should the name lead elsewhere by now.
//! - A name with several addresses is refused when one of them is the node.
//! - When it cannot be told what the node's addresses are, nothing is connected
//!   to behind the node's port.
//! - What was compared is what is connected to: no name is looked up twice.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::address::{self, Endpoint};
use super::lookup::{Found, LookUps, Resolver, system};

/// The kernel keeps this much for us: a node may lose what is not taken at once
/// (protocol.md §8 T7).
const RECEIVE_BUFFER: usize = 128 * 1_024;

/// A connection to anything but the bot's own node.
pub type Stream = TcpStream;

/// Why there is no address to connect to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is the bot's own node.
    Own,
    /// Nobody can say where the bot's own node is, so this may be it.
    OwnUnknown(String),
    /// The look-up failed.
    LookUp(String),
    /// The look-up took too long.
    Timeout,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str(
                "leads to the bot's own node, which serves one client only: not connected to",
            ),
            Self::OwnUnknown(why) => write!(
                f,
                "cannot be told from the bot's own node, so it is not connected to: {why}"
            ),
            Self::LookUp(why) => f.write_str(why),
            Self::Timeout => f.write_str("name look-up timed out"),
        }
    }
}

impl std::error::Error for Refused {}

/// Where the link is connected to, or was last.
#[derive(Clone, Debug, Default)]
pub struct Linked(Arc<Mutex<Option<SocketAddr>>>);

impl Linked {
    /// The link connects to this address now.
    pub fn set(&self, address: SocketAddr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }

    fn get(&self) -> Option<SocketAddr> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One for the whole program; cheap to clone.
#[derive(Clone)]
pub struct Guard {
    own: Option<Endpoint>,
    look_ups: Arc<LookUps>,
    linked: Linked,
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("own", &self.own).finish()
    }
}

impl Guard {
    /// Keeps everybody off `own`, the bot's own node; `None` when there is no
    /// bot that anybody knows of.
    #[must_use]
    pub fn new(own: Option<Endpoint>, resolver: Resolver) -> Self {
        Self {
            own,
            look_ups: Arc::new(LookUps::new(resolver)),
            linked: Linked::default(),
        }
    }

    /// Where there is no bot: tests, and what is asked on a command line.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self::new(None, system())
    }

    /// For the link, to say where it is connected to.
    #[must_use]
    pub fn linked(&self) -> Linked {
        self.linked.clone()
    }

    /// The resolver, for the link's own look-ups.
    #[must_use]
    pub fn resolver(&self) -> Resolver {
        self.look_ups.resolver()
    }

    /// The addresses of `target`, which may still be those of the node.
    ///
    /// # Errors
    /// [`Refused::LookUp`] or [`Refused::Timeout`].
    pub fn look_up(&self, target: &Endpoint, until: Instant) -> Result<Vec<SocketAddr>, Refused> {
        let asked = self.look_ups.begin(target).map_err(Refused::LookUp)?;
        await_all(&asked, until)
    }

    /// Whether none of these addresses is one of the bot's own node.
    ///
    /// # Errors
    /// [`Refused::Own`] or [`Refused::OwnUnknown`].
    pub fn check(&self, found: &[SocketAddr], until: Instant) -> Result<(), Refused> {
        let Some(own) = self.near(found.iter().map(SocketAddr::port)) else {
            return Ok(());
        };
        let asked = self.look_ups.begin(own);
        self.compare(asked, found, until)
    }

    /// Where to connect to for `target`, once it is certain that it is not the
    /// bot's own node. Both are looked up at the same time.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn find(&self, target: &Endpoint, until: Instant) -> Result<Vec<SocketAddr>, Refused> {
        let own = self.near([target.port]);
        if own.is_some_and(|own| address::spells_the_same(own, target)) {
            return Err(Refused::Own);
        }
        let asked = self.look_ups.begin(target).map_err(Refused::LookUp)?;
        let own = own.map(|own| self.look_ups.begin(own));
        let found = await_all(&asked, until)?;
        if let Some(own) = own {
            self.compare(own, &found, until)?;
        }
        Ok(found)
    }

    /// Whether somebody else may be asked to connect to `target` for us. Only
    /// what has the node's port is looked up for that: who uses a proxy does not
    /// want to ask his own name server about everything.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn check_for_proxy(&self, target: &Endpoint, until: Instant) -> Result<(), Refused> {
        match self.near([target.port]) {
            None => Ok(()),
            // Who is nobody here may be anybody there.
            Some(_) => self
                .find(target, until)
                .map(|_| ())
                .map_err(|why| match why {
                    Refused::Own => Refused::Own,
                    why => Refused::OwnUnknown(why.to_string()),
                }),
        }
    }

    /// The own node, if it can be behind one of these ports: another port of the
    /// same board is something else.
    fn near(&self, ports: impl IntoIterator<Item = u16>) -> Option<&Endpoint> {
        let linked = self.linked.get().map(|linked| linked.port());
        let own = self.own.as_ref()?;
        let mut ports = ports.into_iter();
        ports
            .any(|port| port == own.port || Some(port) == linked)
            .then_some(own)
    }

    fn compare(
        &self,
        own: Result<crossbeam_channel::Receiver<Found>, String>,
        found: &[SocketAddr],
        until: Instant,
    ) -> Result<(), Refused> {
        let linked = self.linked.get();
        if address::is_own(linked.as_slice(), found, is_here) {
            return Err(Refused::Own);
        }
        let own = own
            .map_err(Refused::LookUp)
            .and_then(|own| await_all(&own, until))
            .map_err(|why| Refused::OwnUnknown(why.to_string()))?;
        match address::is_own(&own, found, is_here) {
            true => Err(Refused::Own),
            false => Ok(()),
        }
    }
}

fn await_all(
    asked: &crossbeam_channel::Receiver<Found>,
    until: Instant,
) -> Result<Vec<SocketAddr>, Refused> {
    match asked.recv_deadline(until) {
        Ok(Ok(found)) if found.is_empty() => Err(Refused::LookUp("name has no address".to_owned())),
        Ok(found) => found.map_err(Refused::LookUp),
        Err(_) => Err(Refused::Timeout),
    }
}

/// Connects to an address that [`Guard::find`] gave.
///
/// # Errors
/// The system's.
pub fn connect(address: SocketAddr, timeout: Duration) -> io::Result<Stream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // Comfort; a system without it can still connect.
    let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
    socket.connect_timeout(&address.into(), timeout)?;
    Ok(socket.into())
}

/// Whether `target` is the own node as far as it can be told without asking
/// anybody: by its spelling, whatever form its address is written in.
#[must_use]
pub fn is_written_as(own: &Endpoint, target: &Endpoint) -> bool {
    let written = |endpoint: &Endpoint| {
        // The system reads an address in every form without a name server.
        let mut labels = endpoint.host.split('.');
        let numeric = labels.all(|label| {
            let digits = label.strip_prefix("0x").or(label.strip_prefix("0X"));
            match digits {
                Some(digits) => digits.bytes().all(|b| b.is_ascii_hexdigit()),
                None => !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit()),
            }
        });
        let here = endpoint.host.trim_end_matches('.');
        match endpoint.literal() {
            Some(literal) => vec![literal],
            None if here.eq_ignore_ascii_case("localhost") => {
                vec![SocketAddr::from(([127, 0, 0, 1], endpoint.port))]
            }
            None if numeric => (endpoint.host.as_str(), endpoint.port)
                .to_socket_addrs()
                .map(Iterator::collect)
                .unwrap_or_default(),
            None => Vec::new(),
        }
    };
    address::spells_the_same(own, target)
        || address::is_own(&written(own), &written(target), is_here)
}

/// Whether an address is one of this machine: only those can be bound to. It
/// sends nothing to anybody.
fn is_here(address: SocketAddr) -> bool {
    UdpSocket::bind(address).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses for examples (RFC 5737, RFC 3849) are no machine's.
    #[test]
    fn what_is_here_and_what_is_elsewhere() {
        let here = |ip: &str| is_here(SocketAddr::new(ip.parse().unwrap(), 0));
        assert!(here("127.0.0.1"));
        assert!(!here("192.0.2.1") && !here("2001:db8::1"));
    }
}
