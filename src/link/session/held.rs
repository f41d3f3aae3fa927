//! How much the conversation holds, beside how much it may: nothing grows
//! without end, and this is how a test can look.

use super::handshake::MAX_NODES;
use super::seen::CAPACITY;
use super::{Session, flight, tracker};
use crate::bounds::Held;
use crate::link::frame::{HEADER, MAX_PAYLOAD};
use crate::link::outbox::{MAX_PROBES, MAX_WAITING};

impl Session {
    /// What it holds at this moment.
    #[must_use]
    pub fn held(&self) -> Vec<Held> {
        let frame = HEADER + MAX_PAYLOAD;
        vec![
            // One that comes back from its writing finds its place taken.
            Held::new("texts that wait", self.queue.len(), MAX_WAITING + 1),
            Held::new("probes that wait", self.queue.probes(), MAX_PROBES),
            Held::new(
                "texts and probes under way",
                self.flights.len(),
                flight::MOST,
            ),
            Held::new("packets seen", self.seen.len(), CAPACITY),
            Held::new("own broadcasts", self.tracker.len(), tracker::MOST),
            Held::new("nodes of a list", self.infos.len(), MAX_NODES),
            Held::new("bytes of a frame", self.decoder.held(), frame),
            // A text, a probe of each kind, a heartbeat, a handshake.
            Held::new("bytes to be written", self.out.len(), 4 * frame),
        ]
    }
}
