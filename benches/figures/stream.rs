//! What a busy mesh sounds like on the wire: the traffic of the history's tests
//! as the frames that a node would send.

use std::time::Duration;

use meshbot::link::frame;
use meshbot::mesh::{Hops, Now, Packet, Payload};
use meshbot::proto::{self, from_radio, mesh_packet};

use crate::traffic::Mesh;

/// What an unreadable packet brings, in bytes.
const CIPHER: usize = 40;
/// How far packets may travel.
const HOP_START: u32 = 7;

/// Frames without end.
pub struct Stream {
    mesh: Mesh,
    every: Duration,
}

impl Stream {
    /// A frame comes `every` so often.
    pub fn new(seed: u64, every: Duration) -> Self {
        Self::of(seed, crate::traffic::NODES, every)
    }

    /// The same from another number of nodes.
    pub fn of(seed: u64, nodes: u32, every: Duration) -> Self {
        let mesh = Mesh::of(seed, nodes);
        Self { mesh, every }
    }

    /// The time before the first packet.
    pub fn now(&self) -> Now {
        self.mesh.now
    }

    /// The next packet's moment and frame.
    pub fn next(&mut self) -> (Now, Vec<u8>) {
        self.mesh.now = self.mesh.now.plus(self.every);
        let received = self.mesh.packet();
        (self.mesh.now, frame_of(&received.packet))
    }
}

/// The frame that brings a message to the client.
pub fn from_radio(variant: from_radio::PayloadVariant) -> Vec<u8> {
    let message = proto::FromRadio {
        id: 0,
        payload_variant: Some(variant),
    };
    let mut bytes = Vec::new();
    assert!(frame::encode(&message, &mut bytes), "too long for a frame");
    bytes
}

fn frame_of(packet: &Packet) -> Vec<u8> {
    let hops = u32::from(packet.hops.known().unwrap_or(0));
    let data = |portnum, payload: &[u8]| {
        mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum,
            payload: payload.to_vec(),
            // Without it no firmware tells its hops.
            bitfield: (packet.hops != Hops::Unknown).then_some(1),
            ..proto::Data::default()
        })
    };
    let payload = match &packet.payload {
        Payload::Port(port, bytes) => data(*port as i32, bytes),
        Payload::OtherPort(port) => data(*port, &[0; 12]),
        Payload::Encrypted | Payload::Empty => {
            mesh_packet::PayloadVariant::Encrypted(vec![0x5a; CIPHER])
        }
    };
    from_radio(from_radio::PayloadVariant::Packet(proto::MeshPacket {
        from: packet.from.0,
        to: packet.to.0,
        channel: u32::from(packet.channel.0),
        id: packet.id.0,
        rx_time: u32::try_from(packet.rx_time).ok(),
        rx_snr: packet.signal.map_or(0.0, |signal| signal.snr),
        rx_rssi: packet.signal.and_then(|signal| signal.rssi),
        hop_start: HOP_START,
        hop_limit: HOP_START - hops,
        via_mqtt: packet.via_mqtt,
        relay_node: packet.relay.map_or(0, u32::from),
        transport_mechanism: 1,
        payload_variant: Some(payload),
        ..proto::MeshPacket::default()
    }))
}
