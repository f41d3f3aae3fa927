//! What sending and the air speak of: packets on their way out.

use std::time::Duration;

use crate::mesh::NodeNum;
use crate::proto;

/// A packet in the transmit queue.
pub(super) struct Job {
    pub(super) packet: proto::MeshPacket,
    pub(super) accepted: Duration,
    pub(super) want_ack: bool,
    pub(super) by_client: bool,
}

pub(super) fn is_broadcast(packet: &proto::MeshPacket) -> bool {
    NodeNum(packet.to) == NodeNum::BROADCAST
}
