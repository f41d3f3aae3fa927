//! The end of the program as the node sees it: what waits is dropped, a text just
//! written gets its word, then the goodbye.

use std::time::Duration;

use super::Session;
use super::handshake::Phase;
use crate::link::message::{DropReason, Outcome};
use crate::mesh::Now;
use crate::proto::to_radio;

/// At the end: wait so long for the node's word about a text just written,
/// so that the goodbye does not overtake it (protocol.md §8 T31)…
const LAST_WORD: Duration = Duration::from_millis(700);
/// …and so long for the node to close; it needs about 50 ms (protocol.md §10).
const GOODBYE: Duration = Duration::from_millis(500);

/// How the end of the program is going.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    No,
    /// Waiting for the node's word about the last text.
    LastWord(Duration),
    /// The goodbye is written.
    Goodbye(Duration),
    Done,
}

impl Session {
    pub(super) fn stop(&mut self, now: Now) {
        if self.ending != Ending::No {
            return;
        }
        while let Some(waiting) = self.queue.take_any() {
            self.gate.left(waiting.text.class);
            self.finish(
                waiting.ticket,
                &waiting.text,
                Outcome::Dropped(DropReason::Stopping),
            );
        }
        self.drop_probes(Outcome::Dropped(DropReason::Stopping));
        self.gate.set_up(false);
        self.ending = Ending::LastWord(now.mono + LAST_WORD);
    }

    /// Moves the program's end forward.
    pub(super) fn pump_ending(&mut self, now: Now) {
        if let Ending::LastWord(until) = self.ending {
            if matches!(self.phase, Phase::Down) {
                self.ending = Ending::Done;
            } else if now.mono >= until || !self.flights.awaits_first_word() {
                self.write(now, to_radio::PayloadVariant::Disconnect(true));
                self.ending = Ending::Goodbye(now.mono + GOODBYE);
            }
        }
        if let Ending::Goodbye(until) = self.ending
            && (matches!(self.phase, Phase::Down) || now.mono >= until)
        {
            self.out.clear();
            self.interrupt_flights(now);
            self.ending = Ending::Done;
        }
    }
}
