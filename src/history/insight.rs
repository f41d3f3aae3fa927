//! Questions about what the mesh did: what is asked of the history, how it is
//! counted, and what an answer is written from.
//!
//! A [`Question`] carries what still waits to be written, so that the last minutes
//! count too; an [`Archive`] adds what is written and brings an [`Answer`] home.
//! Counting is the same for both, in [`Tally`], [`Collector`] and [`Listener`], and
//! pure.
//!
//! What had waited in our node before it was connected and what came through
//! MQTT is in no figure here; replayed records and our own packets never become
//! rows at all ([`record`](super::record)).

mod kind;
mod links;
mod stock;
mod tally;
mod texts;

pub use kind::Kind;
pub use links::{Collector, Hub, Links, Net, Pair, Reception, Record, Way};
pub use stock::Stock;
pub use tally::{Air, By, Counts, Group, Sample, Seen, Tally};
pub use texts::{Failure, Line, Listener, Talk, Talking};

use super::rows::Sum;
use crate::mesh::{ChannelIndex, NodeNum};

/// The longest time that can be asked about: so long are single packets kept.
pub const HOURS_MAX: u32 = 168;
/// The longest time of which texts can be asked for: so long are they kept.
pub const TEXTS_MAX: u32 = 24;
/// Seconds in an hour.
pub const HOUR: u64 = 3_600;
/// Seconds in a day.
pub const DAY: u64 = 24 * HOUR;

/// Somebody who knows what the mesh did.
pub trait Archive: Send {
    /// Takes a question without waiting; `false` when too many wait already.
    /// The answer comes under the same number.
    fn ask(&self, id: QuestionId, question: Box<Question>) -> bool;
}

/// Names a question, so that a late answer is told from an awaited one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct QuestionId(pub u64);

/// What came of a question: nothing when the history cannot be read, or what a
/// panic said.
pub type Looked = Result<Option<Box<Answer>>, String>;

/// What is to be looked up; nothing of what is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Look {
    /// Packets, counted like this.
    pub packets: Option<By>,
    /// What our node said of the air.
    pub air: bool,
    /// Who hears whom.
    pub links: Option<Links>,
    /// What was said on a channel.
    pub texts: Option<Talking>,
    /// What did not arrive.
    pub failures: bool,
    /// What the history holds and takes.
    pub stock: bool,
}

/// What is asked of an archive.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Question {
    /// Our own node; what others heard of the mesh is not mixed with it.
    pub own: NodeNum,
    /// The first second that counts, since 1970.
    pub since: u64,
    /// The last one.
    pub until: u64,
    /// Up to here the archive knows everything or is about to; what is younger
    /// stands in `fresh`, and must not be counted twice. `None`: no limit.
    pub settled: Option<u64>,
    /// What is to be looked up.
    pub look: Look,
    /// The channels of which texts are kept: the bit of each index.
    pub kept: u8,
    /// What is not written yet.
    pub fresh: Fresh,
}

impl Question {
    /// Whether this second counts.
    #[must_use]
    pub fn covers(&self, at: u64) -> bool {
        (self.since..=self.until).contains(&at)
    }

    /// The first and the last second whose written rows are to be added.
    #[must_use]
    pub fn written(&self) -> (u64, u64) {
        let settled = self.settled.unwrap_or(u64::MAX);
        (self.since, self.until.min(settled))
    }
}

/// What is not written yet, as far as it was asked for.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Fresh {
    /// When the first of all that is not written was heard, in seconds since 1970.
    pub began: Option<u64>,
    /// Packets.
    pub packets: Vec<Seen>,
    /// Packets that are counted only, and when the first of them was heard.
    pub sums: Vec<(u64, Sum)>,
    /// What our node said of the air.
    pub air: Vec<Sample>,
    /// Who was heard by whom.
    pub links: Vec<Reception>,
    /// What was said.
    pub texts: Vec<Line>,
    /// On which channel the one was heard who may read what is said there.
    pub shared: Option<ChannelIndex>,
    /// What did not arrive, the latest last.
    pub failures: Vec<Failure>,
    /// How much it is.
    pub stock: Stock,
}

/// What an archive found; empty where it was not asked.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    /// When the first of all that it remembers was heard, in seconds since 1970.
    pub began: Option<u64>,
    /// Packets.
    pub packets: Counts,
    /// The air.
    pub air: Air,
    /// Who hears whom.
    pub links: Net,
    /// What was said.
    pub talk: Talk,
    /// What did not arrive, the latest first.
    pub failures: Vec<Failure>,
    /// What the history holds.
    pub stock: Stock,
}
