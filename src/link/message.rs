//! What passes between the bot and the link: requests one way, events the other.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::mesh::{ChannelIndex, Hops, NodeNum, Packet, PacketId, Standing};
use crate::proto::{self, routing};

/// Names one accepted request; its outcome comes back under this number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub u64);

/// Where a text goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// Everybody on one channel of our node.
    Channel(ChannelIndex),
    /// One node; `channel` is the index that its question came in on.
    Node {
        /// The recipient.
        num: NodeNum,
        /// Used by the node only when it has no key for the recipient.
        channel: ChannelIndex,
    },
}

impl Target {
    /// Whether it is a broadcast in the sense of the log contract.
    #[must_use]
    pub fn is_broadcast(self) -> bool {
        matches!(self, Self::Channel(_))
    }

    /// The longest text that can reach this target, in bytes
    /// (protocol.md §4.4, measured §10).
    #[must_use]
    pub fn max_text(self, is_reply: bool) -> usize {
        match (self, is_reply) {
            (Self::Channel(_), false) => 232,
            (Self::Channel(_), true) => 227,
            (Self::Node { .. }, false) => 220,
            (Self::Node { .. }, true) => 215,
        }
    }
}

/// Whose turn it is when several texts wait, and who gives way when too many do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Answers to direct messages.
    Direct,
    /// Answers on a channel.
    Public,
    /// What nobody asked for just now.
    Scheduled,
}

impl Class {
    /// In the order of their priority.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Public, Self::Scheduled];

    /// Position in [`Class::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        self as usize
    }
}

/// How long a text is worth sending.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Keep {
    /// Answers: this long after acceptance, then it expires. Refused while the
    /// link is down.
    For(Duration),
    /// Alerts and mail: as long as it takes.
    Always,
}

/// How long an answer is worth sending (decisions.md, "Numbers").
pub const REPLY_EXPIRY: Duration = Duration::from_secs(60);

/// One packet's worth of text to be sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Text {
    /// Where to.
    pub target: Target,
    /// UTF-8, at most [`Target::max_text`] bytes.
    pub text: String,
    /// The message answered.
    pub reply_to: Option<PacketId>,
    /// How far the question had come: bounds how far the answer travels.
    pub hops_used: Hops,
    /// Others wait for it too, who may be further away: it goes as far as the node
    /// is set to at least.
    pub for_others: bool,
    /// Priority.
    pub class: Class,
    /// Expiry.
    pub keep: Keep,
    /// The command as asked, for the log.
    pub command: Arc<str>,
    /// Whether this is the last part of its answer.
    pub is_last: bool,
    /// Ask for an acknowledgement.
    pub want_ack: bool,
    /// The text is an emoji that is shown at the message answered.
    pub is_reaction: bool,
}

/// What the bot may ask of the link.
#[derive(Debug)]
pub enum Request {
    /// Send a text.
    Text(Ticket, Box<Text>),
    /// Ask a node for the way to it.
    Traceroute(Ticket, NodeNum),
    /// Ask a node who it is, which also teaches our node its key.
    NodeInfo(NodeNum),
    /// Turn the loop once: its [`crate::thread::Pulse`] shows that it lives.
    Beat,
    /// Say goodbye to the node and end.
    Stop,
}

/// Why a text was refused at the moment of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// No link to the node just now (seed.md S3).
    LinkDown,
    /// As many texts wait as are allowed to.
    QueueFull,
    /// So many texts wait that this one would expire first.
    TooBusy,
    /// Longer than the target can be sent; the limit in bytes.
    TooLong(usize),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkDown => f.write_str("link down"),
            Self::QueueFull => f.write_str("send queue full"),
            Self::TooBusy => f.write_str("send queue too long to be in time"),
            Self::TooLong(limit) => write!(f, "text longer than {limit} bytes"),
        }
    }
}

/// What became of an accepted text; exactly one comes for each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The destination acknowledged it, so long after its last byte had been
    /// written.
    Delivered(Duration),
    /// Somebody was heard repeating it; nothing more is known.
    Relayed,
    /// Written to the node, and no acknowledgement was asked for; or on a channel,
    /// and nobody was heard repeating it, which neighbours need not do.
    Sent,
    /// The node or the destination said no.
    Failed(Failure),
    /// It waited too long.
    Expired,
    /// It was given up before it was written.
    Dropped(DropReason),
    /// Written in full, then the link died before any word about it.
    Unknown,
}

impl Outcome {
    /// Whether the text may be taken as having reached somebody.
    #[must_use]
    pub fn is_good(self) -> bool {
        matches!(self, Self::Delivered(_) | Self::Relayed | Self::Sent)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered(_) => f.write_str("delivered"),
            Self::Relayed => f.write_str("relayed"),
            Self::Sent => f.write_str("sent"),
            Self::Failed(failure) => failure.fmt(f),
            Self::Expired => f.write_str("expired before it could be sent"),
            Self::Dropped(reason) => reason.fmt(f),
            Self::Unknown => f.write_str("link lost before any answer"),
        }
    }
}

/// Why a written text failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// A routing error, `Routing.Error` (protocol.md §3.5).
    Nak(i32),
    /// NO_CHANNEL from the one whom a direct message was for: his node cannot open
    /// what ours sends. It has another key than ours believes, as after a new
    /// flashing (findings with running firmware; it says 35 only when it lacks ours).
    Unreadable,
    /// The node did not take it: `QueueStatus.res` (protocol.md §4.6).
    Queue(i32),
    /// No word within the time that acknowledgements take.
    NoAnswer,
}

impl Failure {
    /// Nobody was heard passing it on, or nobody acknowledged it, in all attempts of
    /// the node.
    pub const MAX_RETRANSMIT: Self = Self::Nak(routing::Error::MaxRetransmit as i32);

    /// Whether a missing or wrong encryption key is the reason.
    #[must_use]
    pub fn is_key_trouble(self) -> bool {
        matches!(
            self,
            Self::Nak(34 | 35 | 39) | Self::Queue(39) | Self::Unreadable
        )
    }

    /// Whether our node does not have the *recipient's* key, which a node info
    /// request can mend (protocol.md §4.8).
    #[must_use]
    pub fn lacks_recipient_key(self) -> bool {
        matches!(self, Self::Nak(39) | Self::Queue(39) | Self::Unreadable)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nak(code) => match proto::routing::Error::try_from(*code) {
                Ok(error) => f.write_str(error.as_str_name()),
                Err(_) => write!(f, "routing error {code}"),
            },
            Self::Unreadable => f.write_str("NO_CHANNEL from its reader"),
            Self::Queue(32) => f.write_str("the node's transmit queue is full"),
            Self::Queue(33) => f.write_str("the node has no radio"),
            Self::Queue(34) => f.write_str("the node may not transmit"),
            Self::Queue(code) => Self::Nak(*code).fmt(f),
            Self::NoAnswer => f.write_str("no acknowledgement"),
        }
    }
}

/// Why a text was given up unwritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DropReason {
    /// A text of higher priority needed its place.
    QueueFull,
    /// The program is ending.
    Stopping,
    /// The node kept refusing it as too early.
    RateLimit,
    /// The node does not have this channel.
    NoChannel,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::QueueFull => "send queue full",
            Self::Stopping => "program stopping",
            Self::RateLimit => "rate limit of the node",
            Self::NoChannel => "no such channel",
        })
    }
}

/// Why a connection ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Loss {
    /// The node closed it.
    EndOfFile,
    /// The operating system reports an error.
    Error(String),
    /// Probes went unanswered.
    NoAnswer,
    /// Nothing came for a quarter of an hour.
    Silence,
    /// The configuration did not arrive in time.
    HandshakeStalled,
    /// The node does not take what we write.
    WriteStalled,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EndOfFile => "closed by the node",
            Self::Error(error) => error,
            Self::NoAnswer => "no answer to probes",
            Self::Silence => "nothing received for 15 min",
            Self::HandshakeStalled => "handshake stalled",
            Self::WriteStalled => "write stalled",
        })
    }
}

/// A channel of our node, as the handshake told.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ChannelInfo {
    /// Name as set, empty for the preset's own; foreign bytes.
    pub name: Vec<u8>,
    /// Whether it is in use.
    pub enabled: bool,
}

/// Our node, as the configuration phase told.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Identity {
    /// Its number.
    pub num: NodeNum,
    /// What it knows of itself: names, position, metrics.
    pub own: Option<proto::NodeInfo>,
    /// How many nodes its list holds.
    pub nodedb_count: u32,
    /// Restarts so far, on hardware that counts them.
    pub reboot_count: u32,
    /// Firmware version, foreign bytes.
    pub firmware: Vec<u8>,
    /// The eight channels.
    pub channels: [ChannelInfo; ChannelIndex::COUNT],
    /// Radio settings.
    pub lora: proto::config::LoRaConfig,
    /// Connections opened since the program started, this one included.
    pub opened: u64,
}

/// A packet and how it stands to what came before.
#[derive(Clone, PartialEq, Debug)]
pub struct Received {
    /// The packet.
    pub packet: Packet,
    /// Whether it may cause an answer.
    pub standing: Standing,
    /// Age in seconds by both clocks, when both are sane.
    pub age: Option<u64>,
    /// It answers a message that we sent.
    pub answers_ours: bool,
    /// It answers this traceroute of ours.
    pub traceroute: Option<Ticket>,
}

/// What the link tells the bot.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// The configuration phase is complete; texts can be sent.
    Ready(Box<Identity>),
    /// The link is gone; it will come back by itself.
    Lost(Loss),
    /// The node's list, or as much of it as came.
    Nodes(Vec<proto::NodeInfo>),
    /// A packet.
    Packet(Box<Received>),
    /// What became of a text or a traceroute.
    Outcome(Ticket, Outcome),
    /// Show that the thread is alive.
    Beat,
}

impl Event {
    /// Whether it may be left out when the bot cannot keep up: measurements
    /// come again, words do not.
    #[must_use]
    pub fn is_droppable(&self) -> bool {
        match self {
            Self::Packet(received) => {
                received.packet.text().is_none() && received.traceroute.is_none()
            }
            Self::Ready(_) | Self::Lost(_) | Self::Nodes(_) | Self::Outcome(..) | Self::Beat => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{PortNum, mesh_packet};

    fn received(port: PortNum) -> Received {
        Received {
            packet: Packet::from_wire(&proto::MeshPacket {
                payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                    portnum: port as i32,
                    ..Default::default()
                })),
                ..Default::default()
            }),
            standing: Standing::Live,
            age: None,
            answers_ours: false,
            traceroute: None,
        }
    }

    /// What is left out when the bot cannot keep up is never somebody's word.
    #[test]
    fn only_measurements_are_droppable() {
        let packet = |received| Event::Packet(Box::new(received));
        assert!(packet(received(PortNum::TelemetryApp)).is_droppable());
        assert!(!packet(received(PortNum::TextMessageApp)).is_droppable());
        let traced = Received {
            traceroute: Some(Ticket(1)),
            ..received(PortNum::TracerouteApp)
        };
        assert!(!packet(traced).is_droppable());
        let outcome = Event::Outcome(Ticket(1), Outcome::Sent);
        for event in [outcome, Event::Nodes(Vec::new()), Event::Beat] {
            assert!(!event.is_droppable(), "{event:?}");
        }
    }

    #[test]
    fn what_a_node_info_can_mend() {
        for (failure, key_trouble, mends) in [
            (Failure::Nak(39), true, true),
            (Failure::Queue(39), true, true),
            (Failure::Unreadable, true, true),
            (Failure::Nak(6), false, false),
            (Failure::Nak(34), true, false),
            (Failure::Nak(35), true, false),
            (Failure::Nak(5), false, false),
            (Failure::NoAnswer, false, false),
        ] {
            let told = (failure.is_key_trouble(), failure.lacks_recipient_key());
            assert_eq!(told, (key_trouble, mends), "{failure:?}");
        }
    }

    #[test]
    fn a_direct_message_is_no_broadcast() {
        let channel = ChannelIndex(0);
        let num = NodeNum(9);
        assert!(Target::Channel(channel).is_broadcast());
        assert!(!Target::Node { num, channel }.is_broadcast());
    }
}
