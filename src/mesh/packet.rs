//! A packet as the mesh delivered it, read once from the wire form.
//!
//! Says only what is known: hops that cannot be known are `Hops::Unknown`, and
//! a signal belongs to the sender only when the packet came straight from him.

use super::wire::{END, Odd, Reader};
use super::{ChannelIndex, NodeNum, PacketId, bounds};
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
        let impossible = hop_start < hop_limit || hop_start > bounds::HOPS;
        if impossible || (hop_start == 0 && !proven) {
            return Self::Unknown;
        }
        bounds::hops(hop_start - hop_limit).map_or(Self::Unknown, Self::Known)
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
        let snr = bounds::snr(wire.rx_snr).filter(|_| by_lora && has_radio_data);
        let signal = snr.map(|snr| Signal {
            snr,
            rssi: wire.rx_rssi.and_then(bounds::rssi),
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

/// What is of interest in a `MeshPacket` (protocol.md §3.3).
#[derive(Default)]
struct Parts<'a> {
    from: u32,
    to: u32,
    channel: u32,
    id: u32,
    rx_time: Option<u32>,
    rx_snr: f32,
    hop_limit: u32,
    priority: i32,
    rx_rssi: Option<i32>,
    via_mqtt: bool,
    hop_start: u32,
    public_key: &'a [u8],
    pki_encrypted: bool,
    relay_node: u32,
    transport: i32,
    content: Content<'a>,
}

#[derive(Default)]
enum Content<'a> {
    #[default]
    None,
    Decoded(Data<'a>),
    Encrypted,
}

#[derive(Default)]
struct Data<'a> {
    portnum: i32,
    payload: &'a [u8],
    request_id: u32,
    reply_id: u32,
    emoji: u32,
    has_bitfield: bool,
}

/// The keys of `FromRadio`, `MeshPacket` and `Data` (protocol.md §3.2 to §3.4),
/// and the highest field of each that `prost` would look at.
mod keys {
    use crate::mesh::wire::{Key, bytes, fixed32, varint};

    pub const FRAME: Key = varint(1);
    pub const PACKET: Key = bytes(2);

    pub const FROM: Key = fixed32(1);
    pub const TO: Key = fixed32(2);
    pub const CHANNEL: Key = varint(3);
    pub const DECODED: Key = bytes(4);
    pub const ENCRYPTED: Key = bytes(5);
    pub const ID: Key = fixed32(6);
    pub const RX_TIME: Key = fixed32(7);
    pub const RX_SNR: Key = fixed32(8);
    pub const HOP_LIMIT: Key = varint(9);
    pub const WANT_ACK: Key = varint(10);
    pub const PRIORITY: Key = varint(11);
    pub const RX_RSSI: Key = varint(12);
    pub const VIA_MQTT: Key = varint(14);
    pub const HOP_START: Key = varint(15);
    pub const PUBLIC_KEY: Key = bytes(16);
    pub const PKI_ENCRYPTED: Key = varint(17);
    pub const NEXT_HOP: Key = varint(18);
    pub const RELAY_NODE: Key = varint(19);
    pub const TRANSPORT: Key = varint(21);
    pub const LAST_OF_PACKET: u32 = 21;

    pub const PORTNUM: Key = varint(1);
    pub const PAYLOAD: Key = bytes(2);
    pub const WANT_RESPONSE: Key = varint(3);
    pub const DEST: Key = fixed32(4);
    pub const SOURCE: Key = fixed32(5);
    pub const REQUEST_ID: Key = fixed32(6);
    pub const REPLY_ID: Key = fixed32(7);
    pub const EMOJI: Key = fixed32(8);
    pub const BITFIELD: Key = varint(9);
    pub const LAST_OF_DATA: u32 = 9;
}

impl<'a> Parts<'a> {
    /// From a `FromRadio` with a packet in it and nothing else.
    fn of_frame(payload: &'a [u8]) -> Result<Self, Odd> {
        let mut reader = Reader::new(payload);
        let mut packet = None;
        loop {
            match reader.key()? {
                END => return Self::of_packet(packet.ok_or(Odd)?),
                keys::FRAME => drop(reader.varint()?),
                keys::PACKET if packet.is_none() => packet = Some(reader.bytes()?),
                _ => return Err(Odd),
            }
        }
    }

    fn of_packet(packet: &'a [u8]) -> Result<Self, Odd> {
        let mut reader = Reader::new(packet);
        let mut it = Self::default();
        loop {
            match reader.key()? {
                END => return Ok(it),
                // Everybody writes them in this order, and next to each other.
                keys::FROM => {
                    it.from = reader.fixed32()?;
                    if reader.is_next(keys::TO) {
                        it.to = reader.fixed32()?;
                    }
                }
                keys::TO => it.to = reader.fixed32()?,
                keys::CHANNEL => it.channel = reader.u32()?,
                // Two of them would have to be merged.
                keys::DECODED | keys::ENCRYPTED if !matches!(it.content, Content::None) => {
                    return Err(Odd);
                }
                keys::DECODED => it.content = Content::Decoded(Data::of(reader.bytes()?)?),
                keys::ENCRYPTED => {
                    reader.bytes()?;
                    it.content = Content::Encrypted;
                }
                keys::ID => {
                    it.id = reader.fixed32()?;
                    if reader.is_next(keys::RX_TIME) {
                        it.rx_time = Some(reader.fixed32()?);
                    }
                    if reader.is_next(keys::RX_SNR) {
                        it.rx_snr = reader.float()?;
                    }
                    if reader.is_next(keys::HOP_LIMIT) {
                        it.hop_limit = reader.u32()?;
                    }
                    if reader.is_next(keys::RX_RSSI) {
                        it.rx_rssi = Some(reader.i32()?);
                    }
                    if reader.is_next(keys::HOP_START) {
                        it.hop_start = reader.u32()?;
                    }
                    if reader.is_next(keys::RELAY_NODE) {
                        it.relay_node = reader.u32()?;
                    }
                    if reader.is_next(keys::TRANSPORT) {
                        it.transport = reader.i32()?;
                    }
                }
                keys::RX_TIME => it.rx_time = Some(reader.fixed32()?),
                keys::RX_SNR => it.rx_snr = reader.float()?,
                keys::HOP_LIMIT => it.hop_limit = reader.u32()?,
                keys::PRIORITY => it.priority = reader.i32()?,
                keys::RX_RSSI => it.rx_rssi = Some(reader.i32()?),
                keys::VIA_MQTT => it.via_mqtt = reader.bool()?,
                keys::HOP_START => it.hop_start = reader.u32()?,
                keys::PUBLIC_KEY => it.public_key = reader.bytes()?,
                keys::PKI_ENCRYPTED => it.pki_encrypted = reader.bool()?,
                keys::RELAY_NODE => it.relay_node = reader.u32()?,
                keys::TRANSPORT => it.transport = reader.i32()?,
                keys::WANT_ACK | keys::NEXT_HOP => drop(reader.varint()?),
                key => reader.skip(key, keys::LAST_OF_PACKET)?,
            }
        }
    }
}

impl<'a> Data<'a> {
    fn of(data: &'a [u8]) -> Result<Self, Odd> {
        let mut reader = Reader::new(data);
        let mut it = Self::default();
        loop {
            match reader.key()? {
                END => return Ok(it),
                keys::PORTNUM => {
                    it.portnum = reader.i32()?;
                    if reader.is_next(keys::PAYLOAD) {
                        it.payload = reader.bytes()?;
                    }
                    if reader.is_next(keys::BITFIELD) {
                        reader.varint()?;
                        it.has_bitfield = true;
                    }
                }
                keys::PAYLOAD => it.payload = reader.bytes()?,
                keys::REQUEST_ID => it.request_id = reader.fixed32()?,
                keys::REPLY_ID => it.reply_id = reader.fixed32()?,
                keys::EMOJI => it.emoji = reader.fixed32()?,
                keys::BITFIELD => {
                    reader.varint()?;
                    it.has_bitfield = true;
                }
                keys::WANT_RESPONSE => drop(reader.varint()?),
                keys::DEST | keys::SOURCE => drop(reader.fixed32()?),
                key => reader.skip(key, keys::LAST_OF_DATA)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use prost::Message;

    #[test]
    fn hops_are_never_negative_and_never_guessed() {
        assert_eq!(Hops::from_header(3, 2, false), Hops::Known(1));
        assert_eq!(Hops::from_header(3, 3, false), Hops::Known(0));
        assert_eq!(Hops::from_header(0, 0, false), Hops::Unknown);
        assert_eq!(Hops::from_header(0, 0, true), Hops::Known(0));
        assert_eq!(Hops::from_header(0, 3, true), Hops::Unknown);
        assert_eq!(Hops::from_header(2, 3, true), Hops::Unknown);
        assert_eq!(Hops::from_header(7, 0, true), Hops::Known(7));
        assert_eq!(Hops::from_header(8, 7, true), Hops::Unknown);
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
        let packet = Packet::from_wire(&heard(3, 3));
        let signal = packet.direct_signal().unwrap();
        assert_eq!((signal.snr, signal.rssi), (0.0, Some(-97)));
    }

    #[test]
    fn a_relayed_packet_has_no_signal_of_its_sender() {
        assert_eq!(Packet::from_wire(&heard(3, 2)).direct_signal(), None);
        let mut mqtt = heard(3, 3);
        mqtt.via_mqtt = true;
        assert_eq!(Packet::from_wire(&mqtt).direct_signal(), None);
    }

    #[test]
    fn a_relay_that_does_not_count_itself_is_a_relay() {
        let mut wire = heard(3, 3);
        for byte in [0, NodeNum(wire.from).relay_byte()] {
            wire.relay_node = u32::from(byte);
            assert_eq!(Packet::from_wire(&wire).hops, Hops::Known(0), "{byte}");
        }
        wire.relay_node ^= 1;
        let relayed = Packet::from_wire(&wire);
        assert_eq!(
            (relayed.hops, relayed.direct_signal()),
            (Hops::Unknown, None)
        );
        // What comes through MQTT was not heard from anybody.
        wire.via_mqtt = true;
        assert_eq!(Packet::from_wire(&wire).hops, Hops::Known(0));
    }

    #[test]
    fn reactions_are_not_texts() {
        let mut wire = heard(3, 3);
        assert_eq!(Packet::from_wire(&wire).text(), Some(&b"ping"[..]));
        if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut wire.payload_variant {
            data.emoji = 1;
        }
        assert_eq!(Packet::from_wire(&wire).text(), None);
    }

    #[test]
    fn a_wrong_key_length_is_no_key() {
        let mut wire = heard(3, 3);
        wire.pki_encrypted = true;
        wire.public_key = vec![1; 31];
        assert_eq!(Packet::from_wire(&wire).sender_key, None);
        wire.public_key = vec![1; 32];
        assert_eq!(Packet::from_wire(&wire).sender_key, Some([1; 32]));
    }

    /// features.md L1: the key proves the sender only where the node says that
    /// it opened the message with it.
    #[test]
    fn a_key_in_a_packet_that_was_not_sealed_proves_nothing() {
        let mut wire = heard(3, 3);
        wire.public_key = vec![1; 32];
        assert_eq!(Packet::from_wire(&wire).sender_key, None);
        let frame = framed(wire);
        assert_eq!(Packet::from_frame(&frame).unwrap().sender_key, None);
    }

    /// What a whole decoding makes of a frame, if there is a packet in it.
    fn decoded(frame: &[u8]) -> Option<Packet> {
        match proto::FromRadio::decode(frame).ok()?.payload_variant? {
            proto::from_radio::PayloadVariant::Packet(wire) => Some(Packet::from_wire(&wire)),
            _ => None,
        }
    }

    fn framed(wire: proto::MeshPacket) -> Vec<u8> {
        let message = proto::FromRadio {
            id: 3,
            payload_variant: Some(proto::from_radio::PayloadVariant::Packet(wire)),
        };
        message.encode_to_vec()
    }

    /// Both are legal and nobody writes them: their parts have to be merged, and
    /// half of it read in place would be another packet.
    #[test]
    fn what_comes_twice_is_left_to_the_decoder() {
        let once = framed(heard(3, 3));
        assert!(Packet::from_frame(&once).is_some());
        assert_eq!(Packet::from_frame(&[&once[..], &once[..]].concat()), None);
        let sealed = proto::MeshPacket {
            payload_variant: Some(mesh_packet::PayloadVariant::Encrypted(vec![1, 2])),
            ..Default::default()
        };
        let open = heard(3, 3).encode_to_vec();
        for second in [sealed.encode_to_vec(), open.clone()] {
            let packet = [&open[..], &second[..]].concat();
            let mut frame = vec![0x12, u8::try_from(packet.len()).unwrap()];
            frame.extend(packet);
            assert!(proto::FromRadio::decode(&frame[..]).is_ok());
            assert_eq!(Packet::from_frame(&frame), None);
        }
    }

    /// Packets with every field, used or not.
    fn any_packet() -> impl Strategy<Value = proto::MeshPacket> {
        let data = (any::<[u32; 6]>(), any::<(bool, Option<u32>)>(), 0..80_i32).prop_map(
            |(n, (want_response, bitfield), portnum)| proto::Data {
                portnum,
                payload: n[0]
                    .to_le_bytes()
                    .repeat(usize::from(n[0].to_le_bytes()[0]) % 50),
                want_response,
                dest: n[1],
                source: n[2],
                request_id: n[3],
                reply_id: n[4],
                emoji: n[5] % 2,
                bitfield,
            },
        );
        let content = prop_oneof![
            data.prop_map(|data| Some(mesh_packet::PayloadVariant::Decoded(data))),
            any::<Vec<u8>>().prop_map(|it| Some(mesh_packet::PayloadVariant::Encrypted(it))),
            Just(None),
        ];
        let numbers = any::<[u32; 8]>();
        let key = prop_oneof![Just(Vec::new()), Just(vec![7; 32]), any::<Vec<u8>>()];
        let rest = any::<(Option<u32>, Option<i32>, f32, [bool; 3], i32)>();
        (content, numbers, key, rest).prop_map(|(payload_variant, n, public_key, rest)| {
            let (rx_time, rx_rssi, rx_snr, flags, odd) = rest;
            proto::MeshPacket {
                from: n[0],
                to: n[1],
                channel: n[2] % 300,
                id: n[3],
                rx_time,
                rx_snr,
                hop_limit: n[4] % 9,
                want_ack: flags[0],
                priority: odd % 20,
                rx_rssi,
                via_mqtt: flags[1],
                hop_start: n[5] % 9,
                public_key,
                pki_encrypted: flags[2],
                next_hop: n[6],
                relay_node: n[7] % 300,
                transport_mechanism: odd % 7,
                payload_variant,
            }
        })
    }

    proptest! {
        #[test]
        fn read_in_place_is_as_decoded(wire in any_packet()) {
            let frame = framed(wire);
            let read = Packet::from_frame(&frame);
            prop_assert!(read.is_some(), "written as usual");
            // Compared as text: a signal that is no number equals itself there.
            prop_assert_eq!(format!("{read:?}"), format!("{:?}", decoded(&frame)));
        }

        /// Whatever becomes of the bytes, reading in place never says anything
        /// else than decoding.
        #[test]
        fn damaged_is_as_decoded_or_left_to_it(
            wire in any_packet(),
            hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let mut frame = framed(wire);
            for (at, byte) in hits {
                let at = at.index(frame.len());
                frame[at] = byte;
            }
            for bytes in [&frame[..], &frame[..cut.index(frame.len())]] {
                if let Some(read) = Packet::from_frame(bytes) {
                    prop_assert_eq!(format!("{:?}", Some(read)), format!("{:?}", decoded(bytes)));
                }
            }
        }
    }
}
