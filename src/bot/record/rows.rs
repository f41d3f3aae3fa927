//! What is written down, row by row, and what is handed over in one piece.
//!
//! Moments stay in the program's own time until a batch is handed over: a board
//! without a clock of its own may learn the date later.

use std::time::Duration;

use super::{Link, Sum};
use crate::mesh::{ChannelIndex, Known, NodeNum, Now, PacketId};

/// Where the history is kept.
pub trait History: Send {
    /// Takes a batch without waiting; `Err` gives it back when the store is
    /// still busy with those before, or gone.
    ///
    /// # Errors
    /// With the batch itself.
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>>;

    /// Whether all that was written is lost since the last call, so that what
    /// is known of the nodes has to be offered again.
    fn has_forgotten(&self) -> bool {
        false
    }
}

/// When something happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Since the program started.
    Mono(Duration),
    /// Seconds since 1970, by a clock that was sane.
    Unix(u64),
}

/// How a packet reached our node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Medium {
    /// By radio all the way.
    Radio,
    /// Through MQTT somewhere.
    Mqtt,
    /// Otherwise, for example by UDP in the local network.
    Other,
}

/// A packet of another node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Heard {
    /// When it was heard.
    pub at: When,
    /// Its sender.
    pub from: NodeNum,
    /// Its destination; `None` is everybody.
    pub to: Option<NodeNum>,
    /// Its port; −1 when our node could not read it, −2 when there was nothing
    /// in it, −3 for a number that no port has.
    pub port: i32,
    /// Index in our node's channel table; when it could not be read, the hash
    /// of the channel that it came on.
    pub channel: u8,
    /// Relays that it passed, when that is known.
    pub hops: Option<u8>,
    /// SNR of the last hop in quarters of a dB, when it came by radio.
    pub snr_q: Option<i16>,
    /// Received power of the last hop in dBm.
    pub rssi: Option<i16>,
    /// Last byte of the node that was heard last.
    pub relay: Option<u8>,
    /// How it came.
    pub medium: Medium,
    /// It had waited in our node from before the connection: written down, but
    /// left out of every figure.
    pub late: bool,
}

/// What our node says about the air around it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Air {
    /// When.
    pub at: When,
    /// Per cent of the last minute in which the channel was busy.
    pub channel_utilization: f32,
    /// Per cent of the last hour that our node transmitted.
    pub air_util_tx: f32,
}

/// Somebody said something on a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Said {
    /// When it was heard.
    pub at: When,
    /// Who said it.
    pub from: NodeNum,
    /// The packet that carried it.
    pub id: PacketId,
    /// Index in our node's channel table.
    pub channel: ChannelIndex,
    /// What, safe to be shown.
    pub text: Box<str>,
}

/// A node's key is not what it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyNews {
    /// When we learnt of it.
    pub at: When,
    /// Whose.
    pub node: NodeNum,
    /// The key that our node goes by from now on; `None` when another one was
    /// announced and not believed.
    pub key: Option<[u8; 32]>,
}

/// An answer that did not arrive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Undelivered {
    /// When we learnt of it.
    pub at: When,
    /// Whom it was for.
    pub to: NodeNum,
    /// What became of it.
    pub reason: String,
}

/// What is handed over in one piece.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Batch {
    /// The time of handing over, on both clocks.
    pub now: Now,
    /// Whether the board's clock is sane: without it no moment has a date.
    pub dated: bool,
    /// Our own node: what others heard of the mesh is not mixed with it.
    pub own: NodeNum,
    /// Packets in the order of their arrival; empty unless dated.
    pub packets: Vec<Heard>,
    /// Packets that are counted only; empty unless dated.
    pub sums: Vec<Sum>,
    /// Who hears whom; empty unless dated.
    pub links: Vec<Link>,
    /// Texts of channels; empty unless dated.
    pub texts: Vec<Said>,
    /// The air; empty unless dated.
    pub air: Vec<Air>,
    /// Nodes that may have changed, as they are now.
    pub nodes: Vec<Known>,
    /// Keys.
    pub keys: Vec<KeyNews>,
    /// Failures.
    pub errors: Vec<Undelivered>,
    /// The last one: written at once, and nothing is tidied up.
    pub closing: bool,
}

impl Batch {
    /// Nothing but a sane clock, by which moments get their dates.
    #[must_use]
    pub fn clock(now: Now) -> Self {
        Self {
            now,
            dated: true,
            ..Self::default()
        }
    }

    /// Rows that are lost when the batch is; nodes are offered again.
    #[must_use]
    pub fn rows(&self) -> usize {
        let rows = self.packets.len() + self.sums.len() + self.links.len();
        rows + self.texts.len() + self.air.len()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows() + self.nodes.len() + self.keys.len() + self.errors.len() == 0
    }

    /// The moment in seconds since 1970, when it has a date.
    #[must_use]
    pub fn unix(&self, at: When) -> Option<u64> {
        match at {
            When::Unix(unix) => Some(unix),
            When::Mono(mono) if self.dated => {
                let ago = self.now.mono.saturating_sub(mono);
                Some(self.now.unix.saturating_sub(ago.as_secs()))
            }
            When::Mono(_) => None,
        }
    }
}
