//! Names to addresses in threads that nobody joins: `getaddrinfo` may hang for
//! minutes. How many may hang is bounded, and who comes then is told at once.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, bounded};

use super::Endpoint;

/// So many look-ups may hang at a time, those that nobody waits for any more
/// included. The link has one more for itself: four in the whole program.
pub const HANGING: usize = 3;
/// What a look-up needs of a stack.
const STACK: usize = 256 * 1_024;

/// What a look-up brings: addresses, or a sentence.
pub type Found = Result<Vec<SocketAddr>, String>;

/// Turns a name into addresses; tests bring their own.
pub type Resolver = Arc<dyn Fn(&str, u16) -> Found + Send + Sync>;

/// The operating system's resolver.
#[must_use]
pub fn system() -> Resolver {
    Arc::new(|host, port| {
        if let Some(here) = this_machine(host, port) {
            return Ok(here.into());
        }
        (host, port)
            .to_socket_addrs()
            .map(Iterator::collect)
            .map_err(|error| format!("name look-up failed: {error}"))
    })
}

/// What `localhost` means wherever it is said (RFC 6761, 6.3): nobody has to be
/// asked, and no file has to say so.
fn this_machine(host: &str, port: u16) -> Option<[SocketAddr; 2]> {
    let name = host.strip_suffix('.').unwrap_or(host);
    name.eq_ignore_ascii_case("localhost").then(|| {
        [
            (Ipv4Addr::LOCALHOST, port).into(),
            (Ipv6Addr::LOCALHOST, port).into(),
        ]
    })
}

/// The look-ups of everybody but the link.
pub struct LookUps {
    resolver: Resolver,
    running: Arc<AtomicUsize>,
}

impl LookUps {
    /// With this resolver.
    #[must_use]
    pub fn new(resolver: Resolver) -> Self {
        Self {
            resolver,
            running: Arc::default(),
        }
    }

    /// The resolver.
    #[must_use]
    pub fn resolver(&self) -> Resolver {
        Arc::clone(&self.resolver)
    }

    /// Begins a look-up; what it brings comes through the channel, perhaps
    /// never. An address needs none.
    ///
    /// # Errors
    /// A sentence when too many hang already, or when there is no thread.
    pub fn begin(&self, endpoint: &Endpoint) -> Result<Receiver<Found>, String> {
        let (answer, found) = bounded(1);
        if let Some(literal) = endpoint.literal() {
            let _ = answer.send(Ok(vec![literal]));
            return Ok(found);
        }
        let running = Running::begin(&self.running).ok_or("earlier name look-ups still hang")?;
        let (resolver, endpoint) = (self.resolver(), endpoint.clone());
        std::thread::Builder::new()
            .name("lookup".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let found = resolver(&endpoint.host, endpoint.port);
                // First the place, then the answer: who has it may look up anew.
                drop(running);
                let _ = answer.send(found);
            })
            .map_err(|error| format!("no thread for the name look-up: {error}"))?;
        Ok(found)
    }
}

/// Counts the look-ups that have not come back.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn begin(count: &Arc<AtomicUsize>) -> Option<Self> {
        let before = count.fetch_add(1, Ordering::AcqRel);
        let running = Self(Arc::clone(count));
        (before < HANGING).then_some(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_is_known_without_a_file() {
        for name in ["localhost", "LocalHost", "localhost."] {
            let here = this_machine(name, 4403).unwrap();
            assert_eq!(
                here.map(|it| it.to_string()),
                ["127.0.0.1:4403", "[::1]:4403"]
            );
            assert_eq!(system()(name, 4403), Ok(here.into()));
        }
        for name in ["localhost.example", "node", "", ".", "localhost.."] {
            assert_eq!(this_machine(name, 1), None, "{name}");
        }
    }
}
