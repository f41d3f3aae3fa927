//! Who wants to write down what passes between bot and node hears of it here. The
//! link never waits for that: what finds no place is counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_channel::Sender;

use crate::mesh::Now;

/// Who said it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// The node, to the bot.
    FromNode,
    /// The bot, to the node.
    ToNode,
}

impl Way {
    /// As it is written down.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FromNode => "d2c",
            Self::ToNode => "c2d",
        }
    }
}

/// Who ended a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// The node, or what lies between.
    Node,
    /// The bot.
    Bot,
}

/// What the link tells.
pub enum What {
    /// A connection was made.
    Connected,
    /// These bytes were read or written.
    Said(Way, Box<[u8]>),
    /// The connection is over.
    Closed(By),
}

/// The same, and when.
pub struct Told {
    /// When.
    pub now: Now,
    /// What.
    pub what: What,
    /// Bytes that found no place before this.
    pub lost: u64,
}

/// Where the link tells what it reads and writes.
pub struct Tap {
    told: Sender<Told>,
    /// Since something last found a place.
    lost: u64,
    lost_in_all: Arc<AtomicU64>,
}

impl Tap {
    /// Tells `told`, and counts in `lost_in_all` the bytes that find no place there.
    #[must_use]
    pub fn new(told: Sender<Told>, lost_in_all: Arc<AtomicU64>) -> Self {
        Self {
            told,
            lost: 0,
            lost_in_all,
        }
    }

    /// A connection was made.
    pub fn connected(&mut self, now: Now) {
        self.tell(now, What::Connected, 1);
    }

    /// These bytes were read or written.
    pub fn said(&mut self, now: Now, way: Way, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.tell(now, What::Said(way, bytes.into()), bytes.len() as u64);
        }
    }

    /// The connection is over.
    pub fn closed(&mut self, now: Now, by: By) {
        self.tell(now, What::Closed(by), 1);
    }

    fn tell(&mut self, now: Now, what: What, size: u64) {
        let lost = self.lost;
        if self.told.try_send(Told { now, what, lost }).is_ok() {
            self.lost = 0;
        } else {
            self.lost += size;
            self.lost_in_all.fetch_add(size, Ordering::Relaxed);
        }
    }
}
