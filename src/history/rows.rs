//! What is written down, row by row, and what is handed over in one piece.
//!
//! Moments stay in the program's own time until a batch is handed over: a board
//! without a clock of its own may learn the date later.

use std::time::Duration;

use super::edges::Witness;
use crate::mesh::{ChannelIndex, Known, NodeNum, Now, PacketId};

/// What other nodes have heard is remembered for so many of them, beside the
/// one that the bot is connected with …
pub const VIEWS: usize = 2;
/// … and of so many nodes each, the most recently heard.
pub const VIEW_NODES: usize = 500;

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

/// Metres. Whoever is heard from further away most likely is not where it says:
/// what LoRa reaches over ground ends well before.
pub const FARTHEST: u32 = 500_000;
/// One node was heard by another, somewhere in the mesh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// Who was heard.
    pub from: NodeNum,
    /// Who heard it.
    pub to: NodeNum,
    /// Who says so.
    pub witness: Witness,
    /// When we learnt of it last.
    pub at: When,
    /// The last SNR in quarters of a dB, where it was measured.
    pub snr_q: Option<i16>,
    /// The best one.
    pub best_q: Option<i16>,
    /// How often.
    pub times: u32,
    /// How far apart they are for certain, when both have said where they are,
    /// and that can be ([`FARTHEST`]).
    pub metres: Option<u32>,
}

/// Packets of one node for one port that are counted only.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sum {
    /// When the first of them was heard; all count for that hour.
    pub at: When,
    /// Their sender; 0 when too many have to be told apart.
    pub from: NodeNum,
    /// Their port, as that of a packet.
    pub port: i32,
    /// How many.
    pub packets: u64,
    /// Of which came through MQTT.
    pub mqtt: u64,
    /// Of which were received straight from the sender by radio …
    pub direct: u64,
    /// … and the best SNR of these, in quarters of a dB.
    pub best_snr_q: Option<i16>,
    /// The most relays that one by radio had passed.
    pub far: Option<u8>,
}

impl Sum {
    pub(super) fn new(at: When, (from, port): (NodeNum, i32)) -> Self {
        Self {
            at,
            from,
            port,
            packets: 0,
            mqtt: 0,
            direct: 0,
            best_snr_q: None,
            far: None,
        }
    }

    pub(super) fn key(&self) -> (NodeNum, i32) {
        (self.from, self.port)
    }

    pub(super) fn add(&mut self, heard: &Heard) {
        self.packets += 1;
        match heard.medium {
            Medium::Mqtt => self.mqtt += 1,
            Medium::Radio => {
                self.far = self.far.max(heard.hops);
                if heard.hops == Some(0) {
                    self.direct += 1;
                    self.best_snr_q = self.best_snr_q.max(heard.snr_q);
                }
            }
            Medium::Other => {}
        }
    }
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
