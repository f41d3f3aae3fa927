//! Scripted misfortune, and the part of it that spoils the stream of bytes.

use std::time::Duration;

use crate::mesh::NodeNum;
use crate::proto::routing;

/// Something that goes wrong, from the moment at which it is given to
/// [`SimNode::fault`](super::SimNode::fault). What acts "once" waits for its
/// occasion, on this connection or a later one.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// The node restarts: the client sees an end of file, the port refuses for
    /// this long (natively 50 ms), everything queued is gone.
    Reboot(Duration),
    /// `FromRadio.rebooted` on an open stream, as a serial bridge passes it on.
    Rebooted,
    /// The connection is closed now, without a word.
    Drop,
    /// Nothing is read or written for this long, though TCP stays open.
    Stall(Duration),
    /// Once: after so many more bytes nothing is read or written any more
    /// until the connection ends.
    StallAfterBytes(usize),
    /// Once: closed after so many more bytes, in the middle of a frame if need be.
    CloseAfterBytes(usize),
    /// Once: in a node phase or full dump, stalls for good after so many node
    /// infos, our own included.
    StallInNodes(usize),
    /// Once: the same, but closes.
    CloseInNodes(usize),
    /// So many random bytes, none of which can begin a frame, are written now.
    Garbage(usize),
    /// Once: the next frame loses its second half (protocol.md §8 T7).
    Tear,
    /// From now on noise of that kind comes before so many of a hundred frames;
    /// 0 switches it off again.
    Noise(u8),
    /// From now on bytes are handed out in pieces of at most this size; 0
    /// switches it off again.
    ShortWrites(usize),
    /// Another client program takes the slot and keeps it `for_`; when it is
    /// thrown out before that it comes back after `period`, if there is one.
    Rival {
        /// How long the rival is interested at all.
        for_: Duration,
        /// Its reconnect delay; `None` = it gives up once it is thrown out.
        period: Option<Duration>,
    },
    /// Once: the next text is refused with this error, in the queue status and
    /// as a NAK.
    RefuseTexts(routing::Error),
    /// The transmit queue is full for this long: `free` 0, new packets lost
    /// with `res` 32 and no NAK (protocol.md §10).
    QueueFull(Duration),
    /// From now on direct messages are relayed but never delivered.
    AckFromRelayOnly,
    /// From now on nothing at all is heard about sent packets.
    NeverAck,
    /// From now on packets that ask for an acknowledgement get this instead:
    /// MAX_RETRANSMIT from our own node, all others from the destination.
    NakWith(routing::Error),
    /// Acknowledgements are normal again.
    NormalAcks,
    /// Somebody's node is flashed anew: it has another key, says so once, and can
    /// read nothing that ours sends it in private; ours keeps the old key.
    Reflash(NodeNum),
    /// Our node has another number after the next handshake (trap T19).
    ChangeOwnNumber(NodeNum),
    /// A channel gets another name; clients learn it in the next handshake.
    RenameChannel {
        /// Index in the table; indices without an entry are ignored.
        index: u8,
        /// The new name.
        name: String,
    },
    /// A channel comes into use, or goes out of it; clients learn it likewise.
    SwitchChannel {
        /// Index in the table, below 8.
        index: u8,
        /// Whether it is in use from now on.
        on: bool,
    },
    /// The node's clock jumps by this many seconds; an unset clock is first
    /// set to the board's time.
    ClockJump(i64),
    /// All that was scripted is over: no stall of the node, rival, refusal or
    /// full queue, and nothing waits for its occasion any more. A connection that
    /// has gone silent stays so, a restart takes its time, and the clock, names
    /// and numbers remain as they are.
    Heal,
}

/// What happens to sent packets that want an acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) enum AckMode {
    #[default]
    Normal,
    RelayOnly,
    Never,
    Nak(routing::Error),
}

/// Faults that act on the bytes towards the client.
#[derive(Default, Debug)]
pub(super) struct StreamFaults {
    pub(super) stall_after: Option<usize>,
    pub(super) close_after: Option<usize>,
    pub(super) stall_in_nodes: Option<usize>,
    pub(super) close_in_nodes: Option<usize>,
    pub(super) tear: bool,
    pub(super) chunk: usize,
    /// Percent of the frames.
    pub(super) noise: u8,
}

/// How the stream goes on after a write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum After {
    GoOn,
    Stalled,
    Closed,
}

impl StreamFaults {
    /// Cuts `bytes` as far as the faults want it.
    pub(super) fn spoil(&mut self, bytes: &mut Vec<u8>) -> After {
        if self.tear {
            self.tear = false;
            bytes.truncate(bytes.len() / 2);
        }
        if spend(&mut self.close_after, bytes) {
            return After::Closed;
        }
        if spend(&mut self.stall_after, bytes) {
            return After::Stalled;
        }
        After::GoOn
    }

    /// Called before each node info of a dump.
    pub(super) fn before_node(&mut self) -> After {
        if count_down(&mut self.close_in_nodes) {
            return After::Closed;
        }
        if count_down(&mut self.stall_in_nodes) {
            return After::Stalled;
        }
        After::GoOn
    }
}

/// Whether the budget ends within `bytes`, which are then cut.
fn spend(budget: &mut Option<usize>, bytes: &mut Vec<u8>) -> bool {
    match budget {
        Some(left) if *left <= bytes.len() => {
            bytes.truncate(*left);
            *budget = None;
            true
        }
        Some(left) => {
            *left -= bytes.len();
            false
        }
        None => false,
    }
}

fn count_down(counter: &mut Option<usize>) -> bool {
    match counter {
        Some(0) => {
            *counter = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_in_the_middle_of_a_frame_and_only_once() {
        let mut faults = StreamFaults {
            close_after: Some(6),
            ..StreamFaults::default()
        };
        let mut bytes = vec![1; 4];
        assert_eq!(faults.spoil(&mut bytes), After::GoOn);
        assert_eq!(faults.spoil(&mut bytes), After::Closed);
        assert_eq!(bytes.len(), 2);
        assert_eq!(faults.spoil(&mut bytes), After::GoOn);
    }

    #[test]
    fn node_infos_are_counted_down() {
        let mut faults = StreamFaults {
            stall_in_nodes: Some(2),
            ..StreamFaults::default()
        };
        let after: Vec<_> = (0..4).map(|_| faults.before_node()).collect();
        assert_eq!(
            after,
            [After::GoOn, After::GoOn, After::Stalled, After::GoOn]
        );
    }
}
