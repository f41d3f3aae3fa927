//! One-off questions to *other* nodes (seed.md S9): connect, ask, say goodbye,
//! within a bounded time.
//!
//! In reading order: [`talk`] is the conversation, without a socket and without a
//! clock, [`call`] has it. How a node is written down, what is the same one and
//! who connects is in [`crate::net`].
//!
//! - The bot's own node is refused before a socket to it is opened, and once
//!   more when the other side tells its number.
//! - Whatever the other side does, a call ends within [`Limits::whole`].

pub mod call;
pub mod talk;

use std::cmp::Reverse;
use std::fmt;
use std::time::Duration;

pub use crate::net::address;

use crate::link::sole::Taken;
use crate::mesh::{Node, NodeBook, NodeNum, Now, Sanity};
use crate::proto::{self, config::LoRaConfig};

/// Who was last heard before that, in seconds before the build of this program,
/// was heard by a clock that was wrong.
const LONG_AGO: u64 = 366 * 24 * 3_600;

/// Somebody who can ask the nodes that the configuration names. Blocks for as
/// long as [`Limits::whole`]; only errands call it.
pub trait Others: Send + Sync {
    /// The names, in order.
    fn names(&self) -> Vec<String>;

    /// What the node of this name lists. `own` is the bot's own node, which is
    /// not asked whatever its name is here.
    ///
    /// # Errors
    /// [`Trouble`] when it could not be asked, or did not answer.
    fn nodes(&self, name: &str, own: Option<NodeNum>) -> Result<Answer, Trouble>;
}

/// Knows no other node.
#[derive(Clone, Copy, Debug)]
pub struct NoOthers;

impl Others for NoOthers {
    fn names(&self) -> Vec<String> {
        Vec::new()
    }

    fn nodes(&self, _name: &str, _own: Option<NodeNum>) -> Result<Answer, Trouble> {
        Err(Trouble::LookUp("no such name".to_owned()))
    }
}

/// How long a call may take; each limit has its own [`Trouble`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// For both name look-ups, the bot's own node included.
    pub look_up: Duration,
    /// For the connection, all addresses together.
    pub connect: Duration,
    /// For the next word of the other side: a message, not just bytes.
    pub silence: Duration,
    /// For the other side to close after our goodbye. It needs about 50 ms
    /// (protocol.md §10).
    pub goodbye: Duration,
    /// For everything.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            look_up: Duration::from_secs(5),
            connect: Duration::from_secs(10),
            silence: Duration::from_secs(10),
            goodbye: Duration::from_millis(500),
            whole: Duration::from_secs(30),
        }
    }
}

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Want {
    /// Everything, the other nodes included.
    Nodes,
    /// What the node is; without the other nodes.
    Config,
}

/// What a node told. Text in it is foreign and not yet cleaned; keys are never
/// decoded.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    /// Its number.
    pub num: NodeNum,
    /// How many nodes it knows, itself included.
    pub nodedb_count: u32,
    /// Restarts so far, on hardware that counts them.
    pub reboot_count: u32,
    /// Firmware version, role, hardware.
    pub metadata: proto::DeviceMetadata,
    /// Radio settings.
    pub lora: LoRaConfig,
    /// Its channels by index, disabled ones included.
    pub channels: Vec<proto::Channel>,
    /// The nodes in its list in its order, itself included; at most
    /// [`talk::MAX_NODES`].
    pub nodes: Vec<proto::NodeInfo>,
    /// Hardened firmware that gives out nothing until it is unlocked
    /// (protocol.md §2.7).
    pub is_locked: bool,
}

impl Answer {
    /// Its list as a book of its own. Its clock is believed for longer than
    /// ours: its list reaches further back than a program built just now.
    #[must_use]
    pub fn book(&self, now: Now, sanity: Sanity) -> NodeBook {
        let sanity = Sanity {
            built: sanity.built.saturating_sub(LONG_AGO),
        };
        let mut book = NodeBook::new(talk::MAX_NODES);
        book.set_own(self.num);
        book.note_node_list(&self.nodes, now, sanity);
        book
    }

    /// The nodes of that book but for the one that was asked: the most recently
    /// heard first, those that it never heard last.
    #[must_use]
    pub fn others<'a>(&self, book: &'a NodeBook) -> Vec<&'a Node> {
        let mut nodes: Vec<&Node> = book.iter().filter(|node| node.num != self.num).collect();
        nodes.sort_by_key(|node| (Reverse(node.last_heard()), node.num));
        nodes
    }
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// It is the bot's own node; nothing was connected to.
    OwnAddress,
    /// It is the bot's own node, as its number showed; the connection was
    /// closed at once.
    OwnNumber(NodeNum),
    /// Another bot on this machine is in front of it; nothing was connected to.
    Taken(Taken),
    /// The bot's own node could not be looked up, so that nobody can tell
    /// whether this is it; nothing was connected to.
    OwnUnknown(String),
    /// The name has no address.
    LookUp(String),
    /// The name look-up took longer than this.
    LookUpTimeout(Duration),
    /// No connection.
    Connect(String),
    /// The connection took longer than this.
    ConnectTimeout(Duration),
    /// Connected, but no word came for this long.
    SilenceTimeout(Duration),
    /// Words came, but not the last one within this time.
    WholeTimeout(Duration),
    /// The other side closed before it had told everything.
    Closed,
    /// The connection broke.
    Broken(String),
    /// What came is not Meshtastic's.
    Nonsense,
    /// More came than any node has to tell: this many bytes.
    TooMuch(usize),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = |limit: &Duration| limit.as_secs_f32();
        match self {
            Self::OwnAddress => f.write_str("this is the bot's own node; it is not connected to"),
            Self::OwnNumber(num) => {
                write!(f, "this is the bot's own node {num}; hung up at once")
            }
            Self::Taken(taken) => write!(f, "not connected to: {taken}"),
            Self::OwnUnknown(why) => write!(
                f,
                "cannot tell it from the bot's own node, whose {why}; it is not connected to"
            ),
            Self::LookUp(why) => f.write_str(why),
            Self::LookUpTimeout(limit) => {
                write!(f, "name look-up timed out after {} s", secs(limit))
            }
            Self::Connect(why) => write!(f, "no connection: {why}"),
            Self::ConnectTimeout(limit) => {
                write!(f, "no connection: timed out after {} s", secs(limit))
            }
            Self::SilenceTimeout(limit) => {
                write!(f, "connected, but nothing was said for {} s", secs(limit))
            }
            Self::WholeTimeout(limit) => {
                write!(f, "the answer was not complete after {} s", secs(limit))
            }
            Self::Closed => f.write_str("the node closed before its answer was complete"),
            Self::Broken(why) => write!(f, "the connection broke: {why}"),
            Self::Nonsense => f.write_str("what answers there is not a Meshtastic node"),
            Self::TooMuch(bytes) => {
                write!(f, "the answer was not complete after {} kB", bytes / 1_024)
            }
        }
    }
}

impl std::error::Error for Trouble {}
