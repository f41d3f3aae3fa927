//! What everything in the bot speaks of: a question, where it was asked, how its
//! answer goes back, and the names of what is under way for it. It stands at the
//! bottom: nothing here knows a command, a reply or a capability.

use std::sync::Arc;

use crate::lang::Lang;
use crate::mesh::{ChannelIndex, Hops, NodeNum, PacketId, Signal};

/// Where a question was asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// On a channel, for everybody to read.
    Channel(ChannelIndex),
    /// In a direct message.
    Direct,
}

/// A question to the bot.
#[derive(Clone, PartialEq, Debug)]
pub struct Ask {
    /// Who asks.
    pub from: NodeNum,
    /// Where.
    pub place: Place,
    /// The channel index that the packet carried, for the way back.
    pub channel: ChannelIndex,
    /// The packet that asked; the answer is threaded to it.
    pub id: PacketId,
    /// In which language he is answered.
    pub lang: Lang,
    /// The command as asked, arguments included, safe for the log.
    pub line: Arc<str>,
    /// What follows the command's word.
    pub args: String,
    /// Proven by node number and key (features.md L1).
    pub is_operator: bool,
    /// His node has another key than ours goes by, or none: he can probably not read
    /// what ours sends him in private.
    pub is_unreadable: bool,
    /// Distance that the question came.
    pub hops: Hops,
    /// Signal of its last hop.
    pub signal: Option<Signal>,
    /// Last byte of the relay it was heard from.
    pub relay: Option<u8>,
    /// It passed through MQTT.
    pub via_mqtt: bool,
    /// Seconds since our node heard it, when both clocks are sane.
    pub age: Option<u64>,
}

impl Ask {
    /// The asker's own signal, when heard straight from him by radio.
    #[must_use]
    pub fn direct_signal(&self) -> Option<Signal> {
        match self.hops {
            Hops::Known(0) if !self.via_mqtt => self.signal,
            _ => None,
        }
    }
}

/// How an answer goes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Way {
    /// To the asker alone, wherever he asked.
    pub private: bool,
    /// Who may be answered together with him on a channel.
    pub together: Together,
}

/// Who may be answered together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Together {
    /// Everybody gets his own answer.
    #[default]
    Never,
    /// Whoever would get the same answer.
    SameAnswer,
    /// Whoever asked in the same words, and would get the same answer.
    SameQuestion,
}

impl Way {
    /// Where an answer to `ask` appears.
    #[must_use]
    pub fn place(self, ask: &Ask) -> Place {
        if self.private {
            Place::Direct
        } else {
            ask.place
        }
    }
}

/// Names a job, so that a late result is told from an awaited one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JobId(pub u64);
