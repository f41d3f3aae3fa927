//! A call to another node: look up, make sure that it is not our own, connect,
//! talk, say goodbye, close.
//!
//! - Together with `link::io` the only file that talks to nodes, and never to the
//!   bot's own: [`guard`] says where to connect to.
//! - Every wait has a deadline; the longest way through is [`Limits::whole`].

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use super::talk::{self, Talk};
use super::{Answer, Limits, Others, Trouble, Want};
use crate::link::sole;
use crate::mesh::NodeNum;
use crate::net::Endpoint;
use crate::net::guard::{self, Guard, Refused, Stream};

/// One read.
const READ_CHUNK: usize = 8 * 1_024;
/// More addresses of one name are not tried.
const ADDRESSES: usize = 8;
/// The system does not know a shorter timeout than none at all.
const SHORTEST: Duration = Duration::from_millis(1);

/// Calls other nodes, one after the other or at the same time.
pub struct Caller {
    guard: Guard,
    limits: Limits,
}

impl Caller {
    /// Calls anybody but the node that the guard keeps everybody off.
    #[must_use]
    pub fn new(guard: Guard, limits: Limits) -> Self {
        Self { guard, limits }
    }

    /// Asks the node at `target`. `own` are the numbers of bots' own nodes, as far as
    /// they are known; `nonce` is a random number.
    ///
    /// # Errors
    /// [`Trouble`], after [`Limits::whole`] at the latest.
    pub fn call(
        &self,
        target: &Endpoint,
        want: Want,
        own: Vec<NodeNum>,
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
        let until = Instant::now() + self.limits.look_up;
        let found = self.guard.find(target, until);
        let found = found.map_err(|refused| match refused {
            Refused::Own => Trouble::OwnAddress,
            Refused::OwnUnknown(why) => Trouble::OwnUnknown(why),
            Refused::LookUp(why) => Trouble::LookUp(why),
            Refused::Timeout => Trouble::LookUpTimeout(self.limits.look_up),
        })?;
        if let Some(taken) = found.iter().find_map(|&address| sole::in_front_of(address)) {
            return Err(Trouble::Taken(taken));
        }
        Ok(found.into_iter().take(ADDRESSES).collect())
    }

    /// Tries each address; one that does not answer leaves time for the next.
    fn connect(&self, addresses: &[SocketAddr], watch: Watch) -> Result<Stream, Trouble> {
        let end = (watch.elapsed() + self.limits.connect).min(watch.end);
        let mut trouble = Trouble::ConnectTimeout(self.limits.connect);
        for (tried, &address) in addresses.iter().enumerate() {
            let left = u32::try_from(addresses.len() - tried).unwrap_or(1);
            let share = end.saturating_sub(watch.elapsed()) / left;
            match guard::connect(address, share.max(SHORTEST)) {
                Ok(stream) => return Ok(stream),
                Err(error) if error.kind() == ErrorKind::TimedOut => {}
                Err(error) => trouble = Trouble::Connect(error.to_string()),
            }
        }
        Err(trouble)
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

fn converse(stream: &mut Stream, mut talk: Talk, watch: Watch) -> Result<Answer, Trouble> {
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
fn part(mut stream: Stream, watch: Watch) {
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
            .call(target, Want::Nodes, Vec::from_iter(own), fastrand::u32(..))
    }
}
