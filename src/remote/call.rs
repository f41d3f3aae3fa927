//! A call to another node: look up, make sure that it is not our own, connect,
//! talk, say goodbye, close.
//!
//! - Together with `link::io` the only file that connects to nodes, and never to
//!   the bot's own.
//! - What was compared is what is connected to: no name is looked up twice.
//! - Every wait has a deadline; the longest way through is [`Limits::whole`].

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::talk::{self, Talk};
use super::{Answer, Limits, Others, Trouble, Want, address};
use crate::link::Endpoint;
use crate::link::lookup::{Found, Resolver};
use crate::mesh::NodeNum;

/// The kernel keeps this much for us: a node may lose what is not taken at once
/// (protocol.md §8 T7).
const RECEIVE_BUFFER: usize = 128 * 1_024;
/// One read.
const READ_CHUNK: usize = 8 * 1_024;
/// More addresses of one name are not tried.
const ADDRESSES: usize = 8;
/// So many look-ups may hang at a time, those that nobody waits for any more
/// included.
const LOOK_UPS: usize = 4;
/// The system does not know a shorter timeout than none at all.
const SHORTEST: Duration = Duration::from_millis(1);

/// Calls other nodes, one after the other or at the same time.
pub struct Caller {
    own: Option<Endpoint>,
    resolver: Resolver,
    limits: Limits,
    looking: Arc<AtomicUsize>,
}

impl Caller {
    /// Calls anybody but `own`, the bot's own node; `None` when there is no bot
    /// that anybody knows of.
    #[must_use]
    pub fn new(own: Option<Endpoint>, resolver: Resolver, limits: Limits) -> Self {
        Self {
            own,
            resolver,
            limits,
            looking: Arc::default(),
        }
    }

    /// Asks the node at `target`. `own` is the bot's own number, if it is known;
    /// `nonce` a random number.
    ///
    /// # Errors
    /// [`Trouble`], after [`Limits::whole`] at the latest.
    pub fn call(
        &self,
        target: &Endpoint,
        want: Want,
        own: Option<NodeNum>,
        nonce: u32,
    ) -> Result<Answer, Trouble> {
        let watch = Watch {
            start: Instant::now(),
            end: self.limits.whole,
        };
        let addresses = self.addresses(target)?;
        let mut stream = self.connect(&addresses, watch)?;
        let times = (Duration::ZERO, watch.elapsed());
        let talk = Talk::new(want, nonce, own, self.limits, times);
        let answer = converse(&mut stream, talk, watch);
        part(stream, watch.shortened(self.limits.goodbye));
        answer
    }

    /// Where to connect to, once it is certain that it is not our own node.
    fn addresses(&self, target: &Endpoint) -> Result<Vec<SocketAddr>, Trouble> {
        let own = self.own.as_ref();
        if own.is_some_and(|own| address::spells_the_same(own, target)) {
            return Err(Trouble::OwnAddress);
        }
        let until = Instant::now() + self.limits.look_up;
        // Both at the same time.
        let asked = self.look_up(target).map_err(Trouble::LookUp)?;
        let own = own.map(|own| self.look_up(own));
        let found = match asked.recv_deadline(until) {
            Ok(Ok(found)) if found.is_empty() => {
                return Err(Trouble::LookUp("the name has no address".to_owned()));
            }
            Ok(found) => found.map_err(Trouble::LookUp)?,
            Err(_) => return Err(Trouble::LookUpTimeout(self.limits.look_up)),
        };
        if let Some(own) = own {
            let own = own.and_then(|own| {
                own.recv_deadline(until)
                    .unwrap_or_else(|_| Err("name look-up timed out".to_owned()))
            });
            let own = own.map_err(Trouble::OwnUnknown)?;
            if own.is_empty() {
                return Err(Trouble::OwnUnknown("name has no address".to_owned()));
            }
            if address::is_own(&own, &found, is_here) {
                return Err(Trouble::OwnAddress);
            }
        }
        Ok(found.into_iter().take(ADDRESSES).collect())
    }

    /// Begins a look-up in a thread that nobody joins: it may hang for minutes.
    fn look_up(&self, endpoint: &Endpoint) -> Result<Receiver<Found>, String> {
        let (answer, found) = bounded(1);
        if let Some(literal) = endpoint.literal() {
            let _ = answer.send(Ok(vec![literal]));
            return Ok(found);
        }
        let looking = Looking::begin(&self.looking).ok_or("earlier name look-ups still hang")?;
        let (resolver, endpoint) = (Arc::clone(&self.resolver), endpoint.clone());
        std::thread::Builder::new()
            .name("lookup".to_owned())
            .stack_size(256 * 1_024)
            .spawn(move || {
                let found = resolver(&endpoint.host, endpoint.port);
                let _ = answer.send(found);
                drop(looking);
            })
            .map_err(|error| format!("no thread for the name look-up: {error}"))?;
        Ok(found)
    }

    /// Tries each address; one that does not answer leaves time for the next.
    fn connect(&self, addresses: &[SocketAddr], watch: Watch) -> Result<TcpStream, Trouble> {
        let end = (watch.elapsed() + self.limits.connect).min(watch.end);
        let mut trouble = Trouble::ConnectTimeout(self.limits.connect);
        for (tried, &address) in addresses.iter().enumerate() {
            let left = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let share = end.saturating_sub(watch.elapsed()) / left;
            match open(address, share.max(SHORTEST)) {
                Ok(stream) => return Ok(stream),
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => trouble = Trouble::Connect(error.to_string()),
            }
        }
        Err(trouble)
    }
}

/// Counts the look-ups that have not come back.
struct Looking(Arc<AtomicUsize>);

impl Looking {
    fn begin(count: &Arc<AtomicUsize>) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::AcqRel);
        let looking = Self(Arc::clone(count));
        (before < LOOK_UPS).then_some(looking)
    }
}

impl Drop for Looking {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The time since the call began, and when it has to be over.
#[derive(Clone, Copy)]
struct Watch {
    start: Instant,
    end: Duration,
}

impl Watch {
    fn elapsed(self) -> Duration {
        self.start.elapsed()
    }

    /// Over after this time at the latest.
    fn shortened(self, limit: Duration) -> Self {
        Self {
            end: self.end.min(self.elapsed() + limit),
            ..self
        }
    }

    /// What is left until `deadline`; `None` when nothing is.
    fn left(self, deadline: Duration) -> Option<Duration> {
        deadline
            .min(self.end)
            .checked_sub(self.elapsed())
            .filter(|left| *left >= SHORTEST)
    }
}

fn open(address: SocketAddr, timeout: Duration) -> std::io::Result<TcpStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    // Comfort; a system without it can still connect.
    let _ = SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BUFFER);
    socket.connect_timeout(&address.into(), timeout)?;
    Ok(socket.into())
}

fn converse(stream: &mut TcpStream, mut talk: Talk, watch: Watch) -> Result<Answer, Trouble> {
    let broken = |error: std::io::Error| Trouble::Broken(error.to_string());
    // A new connection takes these few bytes at once.
    stream
        .set_write_timeout(Some(watch.left(talk.deadline()).unwrap_or(SHORTEST)))
        .map_err(broken)?;
    stream.write_all(&talk.question()).map_err(broken)?;
    let mut buffer = vec![0; READ_CHUNK];
    loop {
        let Some(left) = watch.left(talk.deadline()) else {
            return Err(talk.overdue());
        };
        stream.set_read_timeout(Some(left)).map_err(broken)?;
        match stream.read(&mut buffer) {
            Ok(0) => return Err(talk.closed()),
            Ok(count) => {
                if talk.push(watch.elapsed(), &buffer[..count])? {
                    return Ok(talk.finish());
                }
            }
            Err(error) if is_for_later(error.kind()) => {}
            Err(error) => return Err(broken(error)),
        }
    }
}

/// Says goodbye, and lets the other side close: who closes with unread bytes
/// takes his goodbye back (protocol.md §8 T9, T31).
fn part(mut stream: TcpStream, watch: Watch) {
    let _ = stream.set_write_timeout(Some(watch.left(watch.end).unwrap_or(SHORTEST)));
    if stream.write_all(&talk::goodbye()).is_ok() {
        let mut buffer = vec![0; READ_CHUNK];
        while let Some(left) = watch.left(watch.end) {
            if stream.set_read_timeout(Some(left)).is_err() {
                break;
            }
            match stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if is_for_later(error.kind()) => {}
                Err(_) => break,
            }
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn is_for_later(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}

/// Whether an address is one of this machine: only those can be bound to. It
/// sends nothing to anybody.
fn is_here(address: SocketAddr) -> bool {
    UdpSocket::bind(address).is_ok()
}

/// The nodes that the configuration names.
pub struct Named {
    caller: Caller,
    nodes: BTreeMap<String, Endpoint>,
}

impl Named {
    /// `nodes` by their names.
    #[must_use]
    pub fn new(caller: Caller, nodes: BTreeMap<String, Endpoint>) -> Self {
        Self { caller, nodes }
    }
}

impl Others for Named {
    fn names(&self) -> Vec<String> {
        self.nodes.keys().cloned().collect()
    }

    fn nodes(&self, name: &str, own: Option<NodeNum>) -> Result<Answer, Trouble> {
        let Some(target) = self.nodes.get(name) else {
            return Err(Trouble::LookUp("no such name".to_owned()));
        };
        self.caller
            .call(target, Want::Nodes, own, fastrand::u32(..))
    }
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
