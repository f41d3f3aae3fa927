//! One bot for each node on a machine.
//!
//! A node serves one client, so two bots in front of one throw each other out for
//! as long as both run. Who comes second is refused before his first connection:
//! by the node's address, and where it is known by several, by its number.
//!
//! - A right is a name of the abstract socket namespace (unix(7)): no file that
//!   stays behind, can be in the way or be made to point elsewhere; the same for
//!   a service, its `DynamicUser` and a person; and gone with the process that
//!   has it, however that ends.
//! - Nothing can be sent to such a name, and nobody listens there.
//! - Beside it stands a second name that tells the process, for whoever is
//!   refused to read in `/proc/net/unix`.
//! - A container with a network of its own has names of its own, too.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as Name, UnixDatagram};

use log::debug;

use crate::mesh::NodeNum;

/// What the names of this machine's bots begin with.
const PREFIX: &str = "meshbot/node";
/// Addresses of one name of a node that are kept for us while none of them
/// answers; the oldest give way.
const ADDRESSES: usize = 8;

/// Who may be in front of a node.
pub trait Right: Send {
    /// Asked before each connection.
    ///
    /// # Errors
    /// When another bot has this node.
    fn connect(&mut self, address: SocketAddr) -> Result<(), Taken>;

    /// The last such connection was made.
    fn connected(&mut self);

    /// That node has told its number.
    ///
    /// # Errors
    /// When another bot has this node, under another address.
    fn meet(&mut self, node: NodeNum) -> Result<(), Taken>;
}

/// Another bot on this machine has the node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The node, by its address or its number.
    pub node: String,
    /// The other process, as far as it can be seen.
    pub process: Option<u32>,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} has another meshbot on this machine in front of it",
            self.node
        )?;
        if let Some(process) = self.process {
            write!(f, ", process {process}")?;
        }
        f.write_str(
            ": a node has one client, so stop that one first, with systemctl stop meshbot",
        )?;
        match self.process {
            Some(process) => write!(f, " or kill {process}"),
            None => Ok(()),
        }
    }
}

/// Everybody may: for nodes that are made up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anybody;

impl Right for Anybody {
    fn connect(&mut self, _: SocketAddr) -> Result<(), Taken> {
        Ok(())
    }

    fn connected(&mut self) {}

    fn meet(&mut self, _: NodeNum) -> Result<(), Taken> {
        Ok(())
    }
}

/// The rights of one process.
#[derive(Debug)]
pub struct Sole {
    prefix: String,
    /// Those to addresses, the latest last.
    addresses: Vec<(SocketAddr, Option<Held>)>,
    /// That to the node, whatever its address.
    node: Option<(NodeNum, SocketAddr, Vec<Option<Held>>)>,
}

impl Default for Sole {
    fn default() -> Self {
        Self::among(PREFIX)
    }
}

impl Sole {
    /// Among those bots whose names begin like this.
    #[must_use]
    pub fn among(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            addresses: Vec::new(),
            node: None,
        }
    }

    fn take(&self, key: &str, node: impl FnOnce() -> String) -> Result<Option<Held>, Taken> {
        let name = format!("{}/{key}", self.prefix);
        match Held::take(&name) {
            Ok(held) => Ok(Some(held)),
            Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Taken {
                node: node(),
                process: process_of(&name),
            }),
            Err(error) => {
                debug!("@{name}: {error}: no other bot is kept off");
                Ok(None)
            }
        }
    }
}

/// The other bot on this machine that is in front of the node at this address, if
/// there is one: for whoever wants to talk to a node only once.
#[must_use]
pub fn in_front_of(address: SocketAddr) -> Option<Taken> {
    among(PREFIX, address)
}

fn among(prefix: &str, address: SocketAddr) -> Option<Taken> {
    let address = canonical(address);
    let name = format!("{prefix}/{address}");
    Held::exists(&name).then(|| Taken {
        node: address.to_string(),
        process: process_of(&name),
    })
}

/// The numbers of the nodes that bots on this machine are in front of, but for those
/// on this machine itself: any number may have these.
#[must_use]
pub fn nodes() -> Vec<NodeNum> {
    let list = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    numbers(&list, PREFIX)
}

fn numbers(list: &str, prefix: &str) -> Vec<NodeNum> {
    list.lines()
        .filter_map(|line| line.split_whitespace().last()?.strip_prefix('@'))
        .filter_map(|name| NodeNum::parse(name.strip_prefix(prefix)?.strip_prefix('/')?))
        .collect()
}

impl Right for Sole {
    fn connect(&mut self, address: SocketAddr) -> Result<(), Taken> {
        let address = canonical(address);
        let mut known = self.addresses.iter();
        let right = match known.position(|(known, _)| *known == address) {
            Some(at) => self.addresses.remove(at).1,
            None => self.take(&address.to_string(), || address.to_string())?,
        };
        if self.addresses.len() == ADDRESSES {
            self.addresses.remove(0);
        }
        self.addresses.push((address, right));
        Ok(())
    }

    fn connected(&mut self) {
        // The others were not its own, or are not any more.
        let others = self.addresses.len().saturating_sub(1);
        self.addresses.drain(..others);
    }

    fn meet(&mut self, node: NodeNum) -> Result<(), Taken> {
        let Some(&(address, _)) = self.addresses.last() else {
            return Ok(());
        };
        let is_loopback = address.ip().is_loopback();
        let known = self.node.as_ref();
        // A tunnel looks again each time who else has come.
        if !is_loopback && known.is_some_and(|(known, at, _)| (*known, *at) == (node, address)) {
            return Ok(());
        }
        // A node may be taken over from itself at another address.
        self.node = None;
        let described = || format!("the node {node} at {address}");
        // Behind two ports of one address stand two nodes, or two that are made
        // up and call themselves the same: loopback alone proves nothing.
        let (own, all) = (format!("{node}:{}", address.port()), node.to_string());
        let mut held = vec![self.take(&own, described)?];
        if !is_loopback {
            held.push(self.take(&all, described)?);
        } else if Held::exists(&format!("{}/{all}", self.prefix)) {
            return Err(Taken {
                node: described(),
                process: process_of(&format!("{}/{all}", self.prefix)),
            });
        }
        self.node = Some((node, address, held));
        Ok(())
    }
}

/// A name that is ours as long as this lives.
#[derive(Debug)]
struct Held {
    _name: UnixDatagram,
    /// Tells the process; only a comfort.
    _note: Option<UnixDatagram>,
}

impl Held {
    fn take(name: &str) -> io::Result<Self> {
        let held = UnixDatagram::bind_addr(&Name::from_abstract_name(name)?)?;
        held.shutdown(Shutdown::Both)?;
        let note = format!("{name}{PROCESS}{}", std::process::id());
        let note = Name::from_abstract_name(note).and_then(|note| UnixDatagram::bind_addr(&note));
        if let Ok(note) = &note {
            note.shutdown(Shutdown::Both)?;
        }
        Ok(Self {
            _name: held,
            _note: note.ok(),
        })
    }

    /// Whether somebody has this name.
    fn exists(name: &str) -> bool {
        Name::from_abstract_name(name)
            .and_then(|name| UnixDatagram::unbound()?.connect_addr(&name))
            .is_ok()
    }
}

/// What stands between a name and the process that has it.
const PROCESS: &str = "/process/";

/// Who has this name, as he says himself.
fn process_of(name: &str) -> Option<u32> {
    find_process(&std::fs::read_to_string("/proc/net/unix").ok()?, name)
}

/// The same, in a list as `/proc/net/unix` has it: the name is the last word of
/// its line, and an `@` stands for abstract.
fn find_process(list: &str, name: &str) -> Option<u32> {
    list.lines()
        .filter_map(|line| line.split_whitespace().last()?.strip_prefix('@'))
        .filter_map(|found| found.strip_prefix(name)?.strip_prefix(PROCESS))
        .find_map(|process| process.parse().ok())
}

/// One way to write an address down.
fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        ip if ip == address.ip() => address,
        ip => SocketAddr::new(ip, address.port()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Names that nobody else has.
    fn apart() -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        format!("meshbot-test/{}/{next}", std::process::id())
    }

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    const NODE: NodeNum = NodeNum(0xa1b2_c3d4);

    #[test]
    fn the_second_is_refused_and_told_by_whom() {
        let prefix = apart();
        let (mut first, mut second) = (Sole::among(&prefix), Sole::among(&prefix));
        first.connect(at("192.0.2.1:4403")).unwrap();
        // A reconnection is no second bot.
        first.connected();
        first.connect(at("192.0.2.1:4403")).unwrap();
        for address in ["192.0.2.1:4403", "[::ffff:192.0.2.1]:4403"] {
            let taken = second.connect(at(address)).unwrap_err();
            let own = std::process::id();
            assert_eq!(taken.process, Some(own));
            assert_eq!(
                taken.to_string(),
                format!(
                    "192.0.2.1:4403 has another meshbot on this machine in front of it, process \
                     {own}: a node has one client, so stop that one first, with systemctl stop \
                     meshbot or kill {own}"
                )
            );
        }
        second.connect(at("192.0.2.1:4404")).unwrap();
        second.connect(at("[fe80::1%3]:4403")).unwrap();
        drop(first);
        second.connect(at("192.0.2.1:4403")).unwrap();
    }

    #[test]
    fn only_the_address_that_answers_is_kept() {
        let prefix = apart();
        let (mut first, mut second) = (Sole::among(&prefix), Sole::among(&prefix));
        first.connect(at("[2001:db8::1]:4403")).unwrap();
        first.connect(at("192.0.2.1:4403")).unwrap();
        // None has answered: both may be the node's.
        assert!(second.connect(at("[2001:db8::1]:4403")).is_err());
        first.connected();
        second.connect(at("[2001:db8::1]:4403")).unwrap();
        assert!(second.connect(at("192.0.2.1:4403")).is_err());
        // A name that leads elsewhere each time fills nothing.
        for last in 0..=255 {
            let address = at(&format!("198.51.100.{last}:4403"));
            first.connect(address).unwrap();
            assert!(first.addresses.len() <= ADDRESSES);
        }
    }

    /// The same node is met again under another name; two that are made up are
    /// not the same for being called the same.
    #[test]
    fn a_node_is_known_by_its_number() {
        for (mine, other, is_taken) in [
            ("192.0.2.1:4403", "192.0.2.2:4403", true),
            ("192.0.2.1:4403", "192.0.2.1:14403", true),
            ("127.0.0.1:4403", "192.0.2.1:4403", true),
            ("192.0.2.1:4403", "127.0.0.1:4403", true),
            // A tunnel.
            ("192.0.2.1:4403", "127.0.0.1:14403", true),
            ("127.0.0.1:4403", "[::1]:4403", true),
            ("127.0.0.1:4403", "127.0.0.1:4404", false),
        ] {
            let prefix = apart();
            let (mut first, mut second) = (Sole::among(&prefix), Sole::among(&prefix));
            first.connect(at(mine)).unwrap();
            first.connected();
            first.meet(NODE).unwrap();
            first.meet(NODE).unwrap();
            second.connect(at(other)).unwrap();
            second.connected();
            assert_eq!(second.meet(NODE).is_err(), is_taken, "{mine} {other}");
            second.meet(NodeNum(7)).unwrap();
            if is_taken {
                let taken = second.meet(NODE).unwrap_err();
                assert_eq!(taken.process, Some(std::process::id()));
                assert_eq!(taken.node, format!("the node !a1b2c3d4 at {other}"));
            }
            // Another node took its place: the old number is free again.
            first.meet(NodeNum(9)).unwrap();
            second.meet(NODE).unwrap();
        }
    }

    #[test]
    fn a_name_is_no_address_for_anybody() {
        let prefix = apart();
        let mut sole = Sole::among(&prefix);
        sole.connect(at("192.0.2.1:4403")).unwrap();
        let name = Name::from_abstract_name(format!("{prefix}/192.0.2.1:4403")).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        assert!(socket.send_to_addr(b"hello", &name).is_err());
    }

    #[test]
    fn a_process_is_read_from_the_list() {
        let list = "Num       RefCount Protocol Flags    Type St Inode Path\n\
                    0000000000000000: 00000002 00000000 00000000 0002 01 20 @a/node/1.2.3.4:4403\n\
                    0000000000000000: 00000002 00000000 00000000 0002 01 21 @a/node/1.2.3.4:4403/process/x\n\
                    0000000000000000: 00000002 00000000 00000000 0002 01 22 @a/node/1.2.3.4:4403/process/77\n\
                    0000000000000000: 00000002 00000000 00000000 0002 01 23\n";
        assert_eq!(find_process(list, "a/node/1.2.3.4:4403"), Some(77));
        assert_eq!(find_process(list, "a/node/1.2.3.4:440"), None);
        assert_eq!(find_process("", "a"), None);
    }

    #[test]
    fn whoever_asks_once_sees_which_nodes_have_a_bot() {
        let prefix = apart();
        let address = at("192.0.2.7:4403");
        assert_eq!(among(&prefix, address), None);
        let mut sole = Sole::among(&prefix);
        sole.connect(address).unwrap();
        let taken = among(&prefix, at("[::ffff:192.0.2.7]:4403")).unwrap();
        assert_eq!(taken.node, "192.0.2.7:4403");
        assert_eq!(taken.process, Some(std::process::id()));
        assert_eq!(among(&prefix, at("192.0.2.7:4404")), None);
        sole.meet(NodeNum(0x77)).unwrap();
        let list = std::fs::read_to_string("/proc/net/unix").unwrap();
        assert_eq!(
            numbers(&list, &prefix),
            [NodeNum(0x77)],
            "and no port, and no process"
        );
        drop(sole);
        assert_eq!(among(&prefix, address), None);
    }

    /// Under the names that real bots have, for a moment: the address is for
    /// documents (RFC 5737), and no node has this number.
    #[test]
    fn the_bots_of_this_machine_are_seen_by_everybody() {
        let (address, node) = (at("192.0.2.99:4403"), NodeNum(0x00c0_ffee));
        assert_eq!(in_front_of(address), None);
        assert!(!nodes().contains(&node));
        let mut sole = Sole::default();
        sole.connect(address).unwrap();
        sole.meet(node).unwrap();
        assert!(in_front_of(address).is_some());
        assert!(nodes().contains(&node));
    }
}
