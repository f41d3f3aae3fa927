//! A hardened node that is locked takes nothing for the mesh: nothing is sent to it
//! until it is unlocked (features.md A16, protocol.md §2.7).

use log::{debug, info, warn};

use super::Session;
use crate::link::session::Ending;
use crate::mesh::Now;
use crate::proto::{LockdownStatus, lockdown_status::State};

impl Session {
    pub(super) fn lockdown(&mut self, now: Now, status: LockdownStatus) {
        // What lay inside a torn frame may be what somebody has written into a text.
        if self.decoder.is_salvaged() {
            return;
        }
        match State::try_from(status.state) {
            Ok(State::Locked | State::NeedsProvision) => {
                if !std::mem::replace(&mut self.locked, true) {
                    warn!(
                        "the node is locked: it gives out no channels and no packets until unlocked; nothing is sent"
                    );
                }
                self.gate.set_up(false);
            }
            Ok(State::Unlocked | State::Disabled) if self.locked => {
                // Its channels and nodes can be read now.
                info!("the node is unlocked: asking for everything again");
                self.locked = false;
                self.ask_again(now);
            }
            _ => debug!("lockdown state {}", status.state),
        }
    }

    /// A packet came, and a locked node gives out none.
    #[cold]
    pub(super) fn is_open(&mut self) {
        info!("the node gives out packets: it is not locked");
        self.locked = false;
        self.open_gate();
    }

    /// Lets texts in, if the node is to be had.
    pub(super) fn open_gate(&self) {
        let is_open = self.phase.is_ready() && self.ending == Ending::No && !self.locked;
        self.gate.set_up(is_open);
    }
}
