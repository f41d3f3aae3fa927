//! The bot's queue, as the thread fills it: without ever waiting. A full one costs
//! measurements first, then words, and never the outcome of a text.

use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError};
use log::{debug, warn};

use crate::link::message::Event;
use crate::mesh::Now;

/// The bot's queue takes measurements up to here…
pub(super) const EVENTS_FOR_ALL: usize = 1_024;
/// …and words up to here; the rest of its places is for what must not be lost.
const EVENTS_FOR_WORDS: usize = EVENTS_FOR_ALL + 256;
/// The size of the bot's queue. What is in flight has fewer outcomes than the
/// words leave free.
pub const EVENTS: usize = EVENTS_FOR_WORDS + 256;
/// How often a full queue may be mentioned in the log.
const DROP_NOTICE: Duration = Duration::from_secs(60);

/// The queue, and what found no place in it.
pub(super) struct Inbox {
    events: Sender<Event>,
    left_out: u64,
    last_notice: Option<Duration>,
}

impl Inbox {
    pub fn new(events: Sender<Event>) -> Self {
        Self {
            events,
            left_out: 0,
            last_notice: None,
        }
    }

    /// Passes an event on, or leaves it out.
    pub fn put(&mut self, event: Event) {
        let places = match event {
            _ if event.is_droppable() => EVENTS_FOR_ALL,
            Event::Packet(_) | Event::Nodes(_) => EVENTS_FOR_WORDS,
            Event::Ready(_) | Event::Lost(_) | Event::Outcome(..) | Event::Beat => EVENTS,
        };
        if places < EVENTS && self.events.len() >= places {
            self.left_out += 1;
            return;
        }
        match self.events.try_send(event) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.left_out += 1,
            Err(TrySendError::Disconnected(_)) => debug!("nobody listens any more"),
        }
    }

    /// Whether something was left out that the log does not know of.
    pub fn has_left_out(&self) -> bool {
        self.left_out > 0
    }

    /// Tells the log how much was left out, unless it has just been told.
    pub fn tell(&mut self, now: Now) {
        let is_told = |last| now.mono < last + DROP_NOTICE;
        if self.last_notice.is_some_and(is_told) {
            return;
        }
        warn!("the bot is too slow: {} packets left out", self.left_out);
        self.left_out = 0;
        self.last_notice = Some(now.mono);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::message::{Outcome, Received, Ticket};
    use crate::mesh::{Packet, Payload, Standing};
    use crate::proto::{self, PortNum};

    fn packet(port: PortNum) -> Event {
        let mut packet = Packet::from_wire(&proto::MeshPacket::default());
        packet.payload = Payload::Port(port, Vec::new());
        Event::Packet(Box::new(Received {
            packet,
            standing: Standing::Live,
            age: None,
            answers_ours: false,
            traceroute: None,
        }))
    }

    #[test]
    fn measurements_make_room_for_words_and_words_for_outcomes() {
        let (events, received) = crossbeam_channel::bounded(EVENTS);
        let mut inbox = Inbox::new(events);
        let mut lengths = Vec::new();
        for _ in 0..EVENTS {
            inbox.put(packet(PortNum::TelemetryApp));
        }
        lengths.push(received.len());
        for _ in 0..EVENTS {
            inbox.put(packet(PortNum::TextMessageApp));
        }
        inbox.put(Event::Nodes(Vec::new()));
        lengths.push(received.len());
        for _ in 0..EVENTS - EVENTS_FOR_WORDS {
            inbox.put(Event::Outcome(Ticket(1), Outcome::Sent));
        }
        lengths.push(received.len());
        assert_eq!(lengths, [1_024, 1_280, 1_536]);
        assert_eq!(inbox.left_out, 512 + 1_280 + 1);
    }

    #[test]
    fn what_was_left_out_is_told_once_a_minute() {
        let (events, _received) = crossbeam_channel::bounded(0);
        let mut inbox = Inbox::new(events);
        assert!(!inbox.has_left_out());
        let mut left = Vec::new();
        for secs in [5, 64, 65] {
            inbox.put(Event::Beat);
            let mono = Duration::from_secs(secs);
            inbox.tell(Now { mono, unix: 0 });
            left.push((inbox.left_out, inbox.has_left_out()));
        }
        assert_eq!(left, [(0, false), (1, true), (0, false)]);
    }
}
