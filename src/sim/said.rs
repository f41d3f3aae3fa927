//! What somebody on the mesh says, as a test or a person at the keyboard
//! describes it, and the packet that our node makes of it.

use crate::mesh::{NodeNum, PacketId};
use crate::proto::{self, PortNum, mesh_packet};

/// To whom something is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum To {
    /// To everybody on the channel with this index in our node's table.
    Channel(u8),
    /// To our node alone.
    Us,
    /// To everybody on a channel that our node does not have; the hash of its
    /// name and key. Only 2.7 shows such packets (protocol.md §5.5).
    Foreign(u8),
}

impl Default for To {
    fn default() -> Self {
        Self::Channel(0)
    }
}

/// A text as it reaches our node. Made with [`Said::on_channel`] or
/// [`Said::to_us`]; the fields are open for what differs from the usual.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    /// Who says it; need not be one of the known people.
    pub from: NodeNum,
    /// To whom.
    pub to: To,
    /// The words; for a reaction the emoji itself. Bytes, because the mesh
    /// does not promise UTF-8.
    pub text: Vec<u8>,
    /// The packet's id; `None` picks a random one.
    pub id: Option<PacketId>,
    /// How many relays it passed; `None` is old firmware that fills neither
    /// `hop_start` nor `bitfield` (protocol.md §5.6).
    pub hops: Option<u8>,
    /// dB, of the last hop.
    pub snr: f32,
    /// dBm, of the last hop; `None` is absent.
    pub rssi: Option<i32>,
    /// Passed through MQTT; [`Said::by_mqtt`] also takes the signal away.
    pub via_mqtt: bool,
    /// The message that it answers.
    pub reply_to: Option<PacketId>,
    /// It is a reaction to `reply_to`.
    pub emoji: bool,
    /// Last byte of the node that we heard it from; 0 = take the sender's when
    /// it came straight from him, else unknown.
    pub relay: u8,
    /// Encrypted with the public key. On by default, used for [`To::Us`] only.
    /// Real firmware drops direct texts without it; here they arrive.
    pub pki: bool,
    /// The sender wants an acknowledgement, as phones do with direct messages.
    pub want_ack: bool,
    /// Instead of the node's clock; `Some(0)` is "no clock".
    pub rx_time: Option<u32>,
    /// Reached our node through its own MQTT connection rather than by radio.
    pub from_broker: bool,
}

impl Default for Said {
    fn default() -> Self {
        Self {
            from: NodeNum(0x5000_0001),
            to: To::default(),
            text: Vec::new(),
            id: None,
            hops: Some(0),
            snr: 6.25,
            rssi: Some(-61),
            via_mqtt: false,
            reply_to: None,
            emoji: false,
            relay: 0,
            pki: true,
            want_ack: false,
            rx_time: None,
            from_broker: false,
        }
    }
}

impl Said {
    /// Somebody says `text` on a channel, heard directly.
    #[must_use]
    pub fn on_channel(from: NodeNum, channel: u8, text: &str) -> Self {
        Self {
            from,
            to: To::Channel(channel),
            text: text.as_bytes().to_vec(),
            ..Self::default()
        }
    }

    /// Somebody says `text` to our node in private.
    #[must_use]
    pub fn to_us(from: NodeNum, text: &str) -> Self {
        Self {
            to: To::Us,
            want_ack: true,
            ..Self::on_channel(from, 0, text)
        }
    }

    /// Somebody says something on a channel that our node cannot read.
    #[must_use]
    pub fn unreadable(from: NodeNum, hash: u8) -> Self {
        Self {
            to: To::Foreign(hash),
            ..Self::on_channel(from, 0, "nobody here can read this")
        }
    }

    /// The same, over so many relays.
    #[must_use]
    pub fn hops(self, hops: u8) -> Self {
        Self {
            hops: Some(hops),
            ..self
        }
    }

    /// The same, as the answer to another message.
    #[must_use]
    pub fn reply_to(self, id: PacketId) -> Self {
        Self {
            reply_to: Some(id),
            ..self
        }
    }

    /// The same, as a reaction (the text is the emoji) to another message.
    #[must_use]
    pub fn reaction_to(self, id: PacketId) -> Self {
        Self {
            emoji: true,
            ..self.reply_to(id)
        }
    }

    /// The same, fetched by our node from an MQTT broker: no signal.
    #[must_use]
    pub fn by_mqtt(self) -> Self {
        Self {
            via_mqtt: true,
            from_broker: true,
            snr: 0.0,
            rssi: None,
            ..self
        }
    }

    /// The packet, as our node hands it on. `id`, `own` and `key` are what
    /// only the node knows: the id if none was given, its number, the
    /// sender's key.
    pub(super) fn into_packet(
        self,
        id: PacketId,
        own: NodeNum,
        key: [u8; 32],
    ) -> proto::MeshPacket {
        let (to, channel) = match self.to {
            To::Channel(index) => (NodeNum::BROADCAST, index),
            To::Us => (own, 0),
            To::Foreign(hash) => (NodeNum::BROADCAST, hash),
        };
        let pki = self.pki && self.to == To::Us;
        let hop_start = if self.hops.is_some() { 3 } else { 0 };
        let hops = self.hops.unwrap_or(0);
        let hop_start = hop_start.max(u32::from(hops));
        let relay = match (self.relay, self.hops) {
            (0, Some(0)) => self.from.relay_byte(),
            (relay, _) => relay,
        };
        let transport = if self.from_broker {
            mesh_packet::TransportMechanism::TransportMqtt
        } else {
            mesh_packet::TransportMechanism::TransportLora
        };
        let content = if let To::Foreign(hash) = self.to {
            // As long as it would be, and as meaningless.
            let sealed = self.text.iter().map(|byte| byte ^ hash ^ 0x5a);
            mesh_packet::PayloadVariant::Encrypted(sealed.collect())
        } else {
            mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: PortNum::TextMessageApp.into(),
                payload: self.text,
                reply_id: self.reply_to.map_or(0, |id| id.0),
                emoji: u32::from(self.emoji),
                bitfield: self.hops.map(|_| 1),
                ..Default::default()
            })
        };
        proto::MeshPacket {
            from: self.from.0,
            to: to.0,
            channel: u32::from(channel),
            id: id.0,
            rx_time: self.rx_time,
            rx_snr: self.snr,
            rx_rssi: self.rssi,
            hop_limit: match self.hops {
                Some(hops) => hop_start - u32::from(hops),
                None => 2,
            },
            hop_start,
            want_ack: self.want_ack,
            via_mqtt: self.via_mqtt,
            public_key: if pki { key.to_vec() } else { Vec::new() },
            pki_encrypted: pki,
            relay_node: u32::from(relay),
            transport_mechanism: transport.into(),
            payload_variant: Some(content),
            ..Default::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::frame;

    /// The very bytes of protocol.md §7.7.
    #[test]
    fn makes_the_documented_bytes() {
        let said = Said {
            relay: 0x7e,
            rssi: Some(-97),
            rx_time: Some(1_753_344_000),
            ..Said::on_channel(NodeNum(0x0bad_cafe), 0, "ping").hops(1)
        };
        let packet = said.into_packet(PacketId(0x5566_7788), NodeNum(9), [0; 32]);
        let message = proto::FromRadio {
            payload_variant: Some(proto::from_radio::PayloadVariant::Packet(packet)),
            ..Default::default()
        };
        let mut bytes = Vec::new();
        assert!(frame::encode(&message, &mut bytes));
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            "94c3003c123a0dfecaad0b15ffffffff220a0801120470696e674801\
             35887766553d00e88168450000c840480260\
             9fffffffffffffffff01780398017ea80101"
        );
    }

    #[test]
    fn old_firmware_does_not_say_how_far() {
        let said = Said {
            hops: None,
            ..Said::to_us(NodeNum(7), "x")
        };
        let packet =
            crate::mesh::Packet::from_wire(&said.into_packet(PacketId(1), NodeNum(9), [5; 32]));
        assert_eq!(packet.hops, crate::mesh::Hops::Unknown);
        assert_eq!(packet.sender_key, Some([5; 32]));
        assert_eq!(packet.to, NodeNum(9));
    }
}
