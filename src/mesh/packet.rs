//! A packet as the mesh delivered it, read once from the wire form.
//!
//! Says only what is known: hops that cannot be known are `Hops::Unknown`, and
//! a signal belongs to the sender only when the packet came straight from him.

use super::{ChannelIndex, NodeNum, PacketId};
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
        if hop_start < hop_limit || (hop_start == 0 && !proven) {
            return Self::Unknown;
        }
        u8::try_from(hop_start - hop_limit).map_or(Self::Unknown, Self::Known)
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
    pub fn from_wire(wire: proto::MeshPacket) -> Self {
        let transport = wire.transport_mechanism;
        let by_lora_mechanism = (1..=4).contains(&transport);
        let rssi = wire.rx_rssi.filter(|&rssi| rssi != 0);
        // Firmware before 2.7.5 names no transport: a measured signal tells.
        let has_radio_data = rssi.is_some() || wire.rx_snr != 0.0;
        let by_lora = by_lora_mechanism || (transport == 0 && has_radio_data);
        let signal = (by_lora && has_radio_data && wire.rx_snr.is_finite()).then_some(Signal {
            snr: wire.rx_snr,
            rssi,
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
                .then(|| wire.public_key.as_slice().try_into().ok())
                .flatten(),
            reply_to: None,
            is_reaction: false,
            request_id: None,
            payload: Payload::Empty,
        };
        let mut proven = false;
        match wire.payload_variant {
            Some(mesh_packet::PayloadVariant::Decoded(data)) => {
                proven = data.bitfield.is_some();
                packet.reply_to = PacketId(data.reply_id).known();
                packet.is_reaction = data.emoji != 0;
                packet.request_id = PacketId(data.request_id).known();
                packet.payload = match PortNum::try_from(data.portnum) {
                    Ok(port) => Payload::Port(port, data.payload),
                    Err(_) => Payload::OtherPort(data.portnum),
                };
            }
            Some(mesh_packet::PayloadVariant::Encrypted(_)) => {
                packet.payload = Payload::Encrypted;
                // Nobody has opened it.
                packet.sender_key = None;
            }
            None => {}
        }
        packet.hops = Hops::from_header(wire.hop_start, wire.hop_limit, proven);
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
mod tests {
    use super::*;

    #[test]
    fn hops_are_never_negative_and_never_guessed() {
        assert_eq!(Hops::from_header(3, 2, false), Hops::Known(1));
        assert_eq!(Hops::from_header(3, 3, false), Hops::Known(0));
        assert_eq!(Hops::from_header(0, 0, false), Hops::Unknown);
        assert_eq!(Hops::from_header(0, 0, true), Hops::Known(0));
        assert_eq!(Hops::from_header(0, 3, true), Hops::Unknown);
        assert_eq!(Hops::from_header(2, 3, true), Hops::Unknown);
        assert_eq!(Hops::from_header(u32::MAX, 0, true), Hops::Unknown);
    }

    fn heard(hop_start: u32, hop_limit: u32) -> proto::MeshPacket {
        proto::MeshPacket {
            from: 0x0bad_cafe,
            to: 0xffff_ffff,
            id: 7,
            rx_snr: 0.0,
            rx_rssi: Some(-97),
            hop_start,
            hop_limit,
            transport_mechanism: 1,
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: 1,
                payload: b"ping".to_vec(),
                bitfield: Some(1),
                ..Default::default()
            })),
            ..Default::default()
        }
    }

    #[test]
    fn zero_db_is_a_signal() {
        let packet = Packet::from_wire(heard(3, 3));
        let signal = packet.direct_signal().unwrap();
        assert_eq!((signal.snr, signal.rssi), (0.0, Some(-97)));
    }

    #[test]
    fn a_relayed_packet_has_no_signal_of_its_sender() {
        assert_eq!(Packet::from_wire(heard(3, 2)).direct_signal(), None);
        let mut mqtt = heard(3, 3);
        mqtt.via_mqtt = true;
        assert_eq!(Packet::from_wire(mqtt).direct_signal(), None);
    }

    #[test]
    fn reactions_are_not_texts() {
        let mut wire = heard(3, 3);
        assert_eq!(Packet::from_wire(wire.clone()).text(), Some(&b"ping"[..]));
        if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut wire.payload_variant {
            data.emoji = 1;
        }
        assert_eq!(Packet::from_wire(wire).text(), None);
    }

    #[test]
    fn a_wrong_key_length_is_no_key() {
        let mut wire = heard(3, 3);
        wire.pki_encrypted = true;
        wire.public_key = vec![1; 31];
        assert_eq!(Packet::from_wire(wire.clone()).sender_key, None);
        wire.public_key = vec![1; 32];
        assert_eq!(Packet::from_wire(wire).sender_key, Some([1; 32]));
    }
}
