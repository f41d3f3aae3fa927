//! A packet as the mesh delivered it, read once from the wire form.
//!
//! Says only what is known: hops that cannot be known are `Hops::Unknown`, and
//! a signal belongs to the sender only when the packet came straight from him.

mod parts;

use self::parts::{Content, Data, Parts};
use super::{ChannelIndex, NodeNum, PacketId, plausible};
use crate::proto::{self, PortNum, mesh_packet};

/// How far a packet has travelled (protocol.md §5.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Hops {
    /// Relayed this many times; 0 is heard straight from the sender.
    Known(u8),
    /// The sender's firmware does not say.
    #[default]
    Unknown,
}

impl Hops {
    /// From the header. `proven` is whether `Data.bitfield` was present, which
    /// only a firmware writes that also fills `hop_start`.
    #[must_use]
    pub fn from_header(hop_start: u32, hop_limit: u32, proven: bool) -> Self {
        let impossible = hop_start < hop_limit || hop_start > plausible::HOPS;
        if impossible || (hop_start == 0 && !proven) {
            return Self::Unknown;
        }
        plausible::hops(hop_start - hop_limit).map_or(Self::Unknown, Self::Known)
    }

    /// The number, when there is one.
    #[must_use]
    pub fn known(self) -> Option<u8> {
        match self {
            Self::Known(n) => Some(n),
            Self::Unknown => None,
        }
    }
}

/// What the radio measured on the last hop into our node.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Signal {
    /// Signal-to-noise ratio in dB, plausibly −20 to +12.
    pub snr: f32,
    /// Received power in dBm, when the node gave one.
    pub rssi: Option<i32>,
}

/// How a packet stands in time: only a live one may cause an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Happened now, as far as anybody can tell.
    Live,
    /// Waited in the node from before this connection: recorded, never answered.
    Backlog,
    /// A stored record that the node presents as a packet after the handshake
    /// (protocol.md §2.3): feeds positions and metrics, nothing else.
    Replay,
}

/// What a packet carries.
#[derive(Clone, PartialEq, Debug)]
pub enum Payload {
    /// Readable: the port and its bytes, still undecoded.
    Port(PortNum, Vec<u8>),
    /// A port that meshbot has no name for.
    OtherPort(i32),
    /// The node could not read it.
    Encrypted,
    /// Neither: a newer kind of content, or none.
    Empty,
}

/// One packet, with everything that meshbot may ever want to know about it.
#[derive(Clone, PartialEq, Debug)]
pub struct Packet {
    /// The sender's number, as claimed in the header.
    pub from: NodeNum,
    /// Our own number, or [`NodeNum::BROADCAST`].
    pub to: NodeNum,
    /// Index in our node's channel table; meaningless for direct messages.
    /// Of an unreadable packet the hash of the channel's name and key, which
    /// is no index (protocol.md §5.5).
    pub channel: ChannelIndex,
    /// Unique per sender; 0 is no key.
    pub id: PacketId,
    /// When our node heard it, seconds since 1970 by the node's clock; 0 when
    /// that clock is not set.
    pub rx_time: u64,
    /// Distance in relays.
    pub hops: Hops,
    /// Signal of the last hop, absent when it did not come by radio.
    pub signal: Option<Signal>,
    /// Last byte of the node that we heard this copy from; `None` if unknown.
    pub relay: Option<u8>,
    /// Passed through MQTT somewhere on its way.
    pub via_mqtt: bool,
    /// Arrived at our node by LoRa (not by MQTT, UDP or from the device itself).
    pub by_lora: bool,
    /// Sent with the background priority, as replayed records are.
    pub background: bool,
    /// The key that a PKI direct message was opened with.
    pub sender_key: Option<[u8; 32]>,
    /// The message that this one answers.
    pub reply_to: Option<PacketId>,
    /// A reaction rather than a text.
    pub is_reaction: bool,
    /// The packet that this acknowledgement or response is about.
    pub request_id: Option<PacketId>,
    /// The content.
    pub payload: Payload,
}

impl Packet {
    /// Takes a received packet apart. Cannot fail: what is absent or out of
    /// range becomes "unknown".
    #[must_use]
    pub fn from_wire(wire: &proto::MeshPacket) -> Self {
        use mesh_packet::PayloadVariant as V;
        Self::new(&Parts {
            from: wire.from,
            to: wire.to,
            channel: wire.channel,
            id: wire.id,
            rx_time: wire.rx_time,
            rx_snr: wire.rx_snr,
            hop_limit: wire.hop_limit,
            priority: wire.priority,
            rx_rssi: wire.rx_rssi,
            via_mqtt: wire.via_mqtt,
            hop_start: wire.hop_start,
            public_key: &wire.public_key,
            pki_encrypted: wire.pki_encrypted,
            relay_node: wire.relay_node,
            transport: wire.transport_mechanism,
            content: match &wire.payload_variant {
                Some(V::Decoded(data)) => Content::Decoded(Data {
                    portnum: data.portnum,
                    payload: &data.payload,
                    request_id: data.request_id,
                    reply_id: data.reply_id,
                    emoji: data.emoji,
                    has_bitfield: data.bitfield.is_some(),
                }),
                Some(V::Encrypted(_)) => Content::Encrypted,
                None => Content::None,
            },
        })
    }

    /// The packet in the payload of a frame. `None` when it holds something
    /// else, or is written in an unusual way: then the whole message has to be
    /// decoded.
    #[must_use]
    pub fn from_frame(payload: &[u8]) -> Option<Self> {
        Parts::of_frame(payload).ok().map(|parts| Self::new(&parts))
    }

    // Inlined, so that most of what has just been read goes straight to its place.
    #[inline(always)]
    fn new(wire: &Parts<'_>) -> Self {
        let transport = wire.transport;
        let by_lora_mechanism = (1..=4).contains(&transport);
        // Firmware before 2.7.5 names no transport: a measured signal tells.
        let has_radio_data = wire.rx_rssi.is_some_and(|it| it != 0) || wire.rx_snr != 0.0;
        let by_lora = by_lora_mechanism || (transport == 0 && has_radio_data);
        let snr = plausible::snr(wire.rx_snr).filter(|_| by_lora && has_radio_data);
        let signal = snr.map(|snr| Signal {
            snr,
            rssi: wire.rx_rssi.and_then(plausible::rssi),
        });
        let mut packet = Self {
            from: NodeNum(wire.from),
            to: NodeNum(wire.to),
            channel: ChannelIndex(u8::try_from(wire.channel).unwrap_or(u8::MAX)),
            id: PacketId(wire.id),
            rx_time: u64::from(wire.rx_time.unwrap_or(0)),
            hops: Hops::Unknown,
            signal,
            relay: u8::try_from(wire.relay_node).ok().filter(|&byte| byte != 0),
            via_mqtt: wire.via_mqtt || transport == 5,
            by_lora,
            background: wire.priority == mesh_packet::Priority::Background as i32,
            sender_key: (wire.pki_encrypted)
                .then(|| wire.public_key.try_into().ok())
                .flatten(),
            reply_to: None,
            is_reaction: false,
            request_id: None,
            payload: Payload::Empty,
        };
        let mut proven = false;
        match &wire.content {
            Content::Decoded(data) => {
                proven = data.has_bitfield;
                packet.reply_to = PacketId(data.reply_id).known();
                packet.is_reaction = data.emoji != 0;
                packet.request_id = PacketId(data.request_id).known();
                packet.payload = match PortNum::try_from(data.portnum) {
                    Ok(port) => Payload::Port(port, data.payload.to_vec()),
                    Err(_) => Payload::OtherPort(data.portnum),
                };
            }
            Content::Encrypted => {
                packet.payload = Payload::Encrypted;
                // Nobody has opened it.
                packet.sender_key = None;
            }
            Content::None => {}
        }
        packet.hops = Hops::from_header(wire.hop_start, wire.hop_limit, proven);
        // Some routers pass a packet on and do not count themselves (protocol.md
        // §3.15, router_hops_preserved): the byte is not the sender's then.
        let own_byte = packet.from.relay_byte();
        let is_relayed = packet.relay.is_some_and(|byte| byte != own_byte);
        if packet.hops == Hops::Known(0) && is_relayed && by_lora && !packet.via_mqtt {
            packet.hops = Hops::Unknown;
        }
        packet
    }

    /// The port and content, when the packet could be read.
    #[must_use]
    pub fn port(&self) -> Option<(PortNum, &[u8])> {
        match &self.payload {
            Payload::Port(port, bytes) => Some((*port, bytes)),
            _ => None,
        }
    }

    /// The bytes of a text message; reactions are not texts.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        match self.port() {
            Some((PortNum::TextMessageApp, bytes)) if !self.is_reaction => Some(bytes),
            _ => None,
        }
    }

    /// Whether it was addressed to everybody.
    #[must_use]
    pub fn is_broadcast(&self) -> bool {
        self.to == NodeNum::BROADCAST
    }

    /// The signal, when it is the *sender's*: heard straight from him by
    /// radio. A relayed packet's signal says something about the relay only.
    #[must_use]
    pub fn direct_signal(&self) -> Option<Signal> {
        match self.hops {
            Hops::Known(0) if !self.via_mqtt => self.signal,
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
