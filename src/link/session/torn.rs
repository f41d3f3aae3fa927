//! A header that promises more than ever comes swallows what follows it, until
//! somebody looks behind it (protocol.md §1.2).

use std::time::Duration;

use prost::Message as _;

use super::Session;
use crate::mesh::{Now, Packet};
use crate::proto;

/// A frame that is incomplete for so long is looked at.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// A frame that is not whole.
#[derive(Debug)]
pub(super) struct Torn {
    /// Frames that were whole before it: by this number it is known again.
    number: u64,
    since: Duration,
    is_searched: bool,
}

impl Torn {
    /// When it has to be looked at, if nothing more comes.
    pub fn deadline(&self) -> Option<Duration> {
        (!self.is_searched).then_some(self.since + PATIENCE)
    }
}

impl Session {
    /// Some bytes belong to no whole frame. If that stays so, whole messages behind
    /// them are read, and only then is what stands before them given up: a frame
    /// that is merely slow may still become whole.
    #[cold]
    pub(super) fn look_at_torn(&mut self, now: Now) {
        while self.decoder.held() > 0 {
            let number = self.counters.frames + self.counters.undecodable;
            match &mut self.torn {
                Some(torn) if torn.number == number => {
                    if now.mono < torn.since + PATIENCE {
                        return;
                    }
                    torn.is_searched = true;
                    if !self.decoder.search_incomplete(is_message) {
                        return;
                    }
                    self.read_frames(now);
                }
                torn => {
                    *torn = Some(Torn {
                        number,
                        since: now.mono,
                        is_searched: false,
                    });
                    return;
                }
            }
        }
        self.torn = None;
    }
}

fn is_message(payload: &[u8]) -> bool {
    Packet::from_frame(payload).is_some()
        || proto::FromRadio::decode(payload).is_ok_and(|it| it.payload_variant.is_some())
}
