//! The parts of a packet that are of interest, read in place from the bytes of a
//! frame. What is written unusually is [`Odd`]: `prost` has to decode it.

use crate::mesh::wire::{END, Odd, Reader};

/// What is of interest in a `MeshPacket` (protocol.md §3.3).
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) channel: u32,
    pub(super) id: u32,
    pub(super) rx_time: Option<u32>,
    pub(super) rx_snr: f32,
    pub(super) hop_limit: u32,
    pub(super) priority: i32,
    pub(super) rx_rssi: Option<i32>,
    pub(super) via_mqtt: bool,
    pub(super) hop_start: u32,
    pub(super) public_key: &'a [u8],
    pub(super) pki_encrypted: bool,
    pub(super) relay_node: u32,
    pub(super) transport: i32,
    pub(super) content: Content<'a>,
}

#[derive(Default)]
pub(super) enum Content<'a> {
    #[default]
    None,
    Decoded(Data<'a>),
    Encrypted,
}

#[derive(Default)]
pub(super) struct Data<'a> {
    pub(super) portnum: i32,
    pub(super) payload: &'a [u8],
    pub(super) request_id: u32,
    pub(super) reply_id: u32,
    pub(super) emoji: u32,
    pub(super) has_bitfield: bool,
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
    pub(super) fn of_frame(payload: &'a [u8]) -> Result<Self, Odd> {
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
