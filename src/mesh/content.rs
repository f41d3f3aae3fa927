//! What the payloads say that most packets carry: read in place where they are
//! written as usual, else decoded by `prost`, which decides about errors.

use prost::{DecodeError, Message};

use super::wire::{END, Key, Odd, Reader, bytes, fixed32, varint};
use crate::proto::{self, telemetry};

/// A position (protocol.md §3.8).
///
/// # Errors
/// When the bytes are none.
pub fn position(said: &[u8]) -> Result<proto::Position, DecodeError> {
    read_position(said).or_else(|Odd| proto::Position::decode(said))
}

fn read_position(position: &[u8]) -> Result<proto::Position, Odd> {
    const LATITUDE: Key = fixed32(1);
    const LONGITUDE: Key = fixed32(2);
    const ALTITUDE: Key = varint(3);
    const TIME: Key = fixed32(4);
    const GROUND_SPEED: Key = varint(15);
    const SATS_IN_VIEW: Key = varint(19);
    const PRECISION_BITS: Key = varint(23);
    let mut reader = Reader::new(position);
    let mut it = proto::Position::default();
    loop {
        match reader.key()? {
            END => return Ok(it),
            LATITUDE => it.latitude_i = Some(reader.fixed32()?.cast_signed()),
            LONGITUDE => it.longitude_i = Some(reader.fixed32()?.cast_signed()),
            ALTITUDE => it.altitude = Some(reader.i32()?),
            TIME => it.time = reader.fixed32()?,
            GROUND_SPEED => it.ground_speed = Some(reader.u32()?),
            SATS_IN_VIEW => it.sats_in_view = reader.u32()?,
            PRECISION_BITS => it.precision_bits = reader.u32()?,
            // Most of the fields between these are sent, too, and nobody reads
            // them.
            key if !matches!(key.0, 1..=4 | 15 | 19 | 23) => reader.skip(key, 0)?,
            _ => return Err(Odd),
        }
    }
}

/// Measurements (protocol.md §3.15).
///
/// # Errors
/// When the bytes are none.
pub fn telemetry(said: &[u8]) -> Result<proto::Telemetry, DecodeError> {
    read_telemetry(said).or_else(|Odd| proto::Telemetry::decode(said))
}

/// Only what a node says about itself; weather stations are rare.
fn read_telemetry(telemetry: &[u8]) -> Result<proto::Telemetry, Odd> {
    const TIME: Key = fixed32(1);
    const DEVICE: Key = bytes(2);
    let mut reader = Reader::new(telemetry);
    let mut it = proto::Telemetry::default();
    loop {
        match reader.key()? {
            END => return Ok(it),
            TIME => it.time = reader.fixed32()?,
            // Two of them would have to be merged.
            DEVICE if it.variant.is_none() => {
                let said = read_device(reader.bytes()?)?;
                it.variant = Some(telemetry::Variant::DeviceMetrics(said));
            }
            _ => return Err(Odd),
        }
    }
}

fn read_device(metrics: &[u8]) -> Result<proto::DeviceMetrics, Odd> {
    const BATTERY: Key = varint(1);
    const VOLTAGE: Key = fixed32(2);
    const CHANNEL_UTILIZATION: Key = fixed32(3);
    const AIR_UTIL_TX: Key = fixed32(4);
    const UPTIME: Key = varint(5);
    let mut reader = Reader::new(metrics);
    let mut it = proto::DeviceMetrics::default();
    loop {
        match reader.key()? {
            END => return Ok(it),
            BATTERY => it.battery_level = Some(reader.u32()?),
            VOLTAGE => it.voltage = Some(reader.float()?),
            CHANNEL_UTILIZATION => it.channel_utilization = Some(reader.float()?),
            AIR_UTIL_TX => it.air_util_tx = Some(reader.float()?),
            UPTIME => it.uptime_seconds = Some(reader.u32()?),
            key => reader.skip(key, 5)?,
        }
    }
}

/// Whom a node hears (protocol.md §3.16).
///
/// # Errors
/// When the bytes are none.
pub fn neighbours(said: &[u8]) -> Result<proto::NeighborInfo, DecodeError> {
    read_neighbours(said).or_else(|Odd| proto::NeighborInfo::decode(said))
}

fn read_neighbours(said: &[u8]) -> Result<proto::NeighborInfo, Odd> {
    const NODE_ID: Key = varint(1);
    const LAST_SENT_BY: Key = varint(2);
    const INTERVAL: Key = varint(3);
    const NEIGHBOR: Key = bytes(4);
    /// The firmware sends as many at most.
    const USUAL: usize = 10;
    let mut reader = Reader::new(said);
    let mut it = proto::NeighborInfo::default();
    loop {
        match reader.key()? {
            END => return Ok(it),
            NODE_ID => it.node_id = reader.u32()?,
            LAST_SENT_BY => it.last_sent_by_id = reader.u32()?,
            INTERVAL => it.node_broadcast_interval_secs = reader.u32()?,
            NEIGHBOR => {
                if it.neighbors.is_empty() {
                    it.neighbors.reserve(USUAL);
                }
                it.neighbors.push(read_neighbour(reader.bytes()?)?);
            }
            key => reader.skip(key, 4)?,
        }
    }
}

fn read_neighbour(said: &[u8]) -> Result<proto::Neighbor, Odd> {
    const NODE_ID: Key = varint(1);
    const SNR: Key = fixed32(2);
    let mut reader = Reader::new(said);
    let mut it = proto::Neighbor::default();
    loop {
        match reader.key()? {
            END => return Ok(it),
            NODE_ID => it.node_id = reader.u32()?,
            SNR => it.snr = reader.float()?,
            key => reader.skip(key, 2)?,
        }
    }
}

/// What a node says of itself (protocol.md §3.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct User<'a> {
    /// Foreign bytes.
    pub long_name: &'a [u8],
    /// Foreign bytes.
    pub short_name: &'a [u8],
    /// Number of the hardware model; 0 is unset.
    pub hw_model: u32,
    /// Number of the role.
    pub role: i32,
    /// 32 bytes, or none.
    pub public_key: &'a [u8],
    /// Its owner asks not to be messaged.
    pub is_unmessagable: Option<bool>,
}

impl<'a> User<'a> {
    /// Read in place.
    ///
    /// # Errors
    /// [`Odd`], and `prost` has to be asked.
    pub fn read(user: &'a [u8]) -> Result<Self, Odd> {
        const ID: Key = bytes(1);
        const LONG_NAME: Key = bytes(2);
        const SHORT_NAME: Key = bytes(3);
        const MAC_ADDRESS: Key = bytes(4);
        const HW_MODEL: Key = varint(5);
        const IS_LICENSED: Key = varint(6);
        const ROLE: Key = varint(7);
        const PUBLIC_KEY: Key = bytes(8);
        const IS_UNMESSAGABLE: Key = varint(9);
        let mut reader = Reader::new(user);
        let mut it = Self::default();
        loop {
            match reader.key()? {
                END => return Ok(it),
                LONG_NAME => it.long_name = reader.bytes()?,
                SHORT_NAME => it.short_name = reader.bytes()?,
                HW_MODEL => it.hw_model = reader.u32()?,
                ROLE => it.role = reader.i32()?,
                PUBLIC_KEY => it.public_key = reader.bytes()?,
                IS_UNMESSAGABLE => it.is_unmessagable = Some(reader.bool()?),
                // Id and address repeat the number; the licence is nobody's
                // business.
                ID | MAC_ADDRESS => drop(reader.bytes()?),
                IS_LICENSED => drop(reader.varint()?),
                key => reader.skip(key, 9)?,
            }
        }
    }
}

impl<'a> From<&'a proto::User> for User<'a> {
    fn from(wire: &'a proto::User) -> Self {
        Self {
            long_name: &wire.long_name,
            short_name: &wire.short_name,
            hw_model: wire.hw_model,
            role: wire.role,
            public_key: &wire.public_key,
            is_unmessagable: wire.is_unmessagable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Texts, because a number that is none does not equal itself.
    fn same<T: std::fmt::Debug, E>(read: Result<T, Odd>, decoded: Result<T, E>) -> bool {
        let Ok(read) = read else { return true };
        let Ok(decoded) = decoded else { return false };
        format!("{read:?}") == format!("{decoded:?}")
    }

    fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
        prop_assert!(same(read_position(bytes), proto::Position::decode(bytes)));
        prop_assert!(same(read_telemetry(bytes), proto::Telemetry::decode(bytes)));
        prop_assert!(same(
            read_neighbours(bytes),
            proto::NeighborInfo::decode(bytes)
        ));
        let user = proto::User::decode(bytes);
        prop_assert!(same(User::read(bytes), user.as_ref().map(User::from)));
        Ok(())
    }

    fn any_position() -> impl Strategy<Value = Vec<u8>> {
        let optional = any::<[Option<i32>; 3]>();
        (optional, any::<Option<u32>>(), any::<[u32; 3]>()).prop_map(|(o, ground_speed, n)| {
            let said = proto::Position {
                latitude_i: o[0],
                longitude_i: o[1],
                altitude: o[2],
                time: n[0],
                ground_speed,
                sats_in_view: n[1],
                precision_bits: n[2],
            };
            said.encode_to_vec()
        })
    }

    fn any_telemetry() -> impl Strategy<Value = Vec<u8>> {
        let floats = any::<[Option<f32>; 3]>();
        (any::<u32>(), any::<[Option<u32>; 2]>(), floats, 0..4).prop_map(|(time, n, f, kind)| {
            use telemetry::Variant as V;
            let variant = match kind {
                0 => None,
                1 => Some(V::LocalStats(proto::LocalStats {
                    num_packets_tx: time,
                    ..Default::default()
                })),
                _ => Some(V::DeviceMetrics(proto::DeviceMetrics {
                    battery_level: n[0],
                    voltage: f[0],
                    channel_utilization: f[1],
                    air_util_tx: f[2],
                    uptime_seconds: n[1],
                })),
            };
            proto::Telemetry { time, variant }.encode_to_vec()
        })
    }

    fn any_user() -> impl Strategy<Value = Vec<u8>> {
        let names = any::<(Vec<u8>, Vec<u8>, Vec<u8>)>();
        let rest = any::<(u32, bool, i32, Option<bool>)>();
        (names, rest).prop_map(|((id, long_name, short_name), rest)| {
            let said = proto::User {
                public_key: id.repeat(2),
                id,
                long_name,
                short_name,
                hw_model: rest.0,
                is_licensed: rest.1,
                role: rest.2,
                is_unmessagable: rest.3,
            };
            said.encode_to_vec()
        })
    }

    fn any_neighbours() -> impl Strategy<Value = Vec<u8>> {
        let neighbors = any::<Vec<(u32, f32)>>();
        (any::<[u32; 3]>(), neighbors).prop_map(|(n, neighbors)| {
            let neighbors = neighbors.into_iter();
            let said = proto::NeighborInfo {
                node_id: n[0],
                last_sent_by_id: n[1],
                node_broadcast_interval_secs: n[2],
                neighbors: neighbors
                    .map(|(node_id, snr)| proto::Neighbor { node_id, snr })
                    .collect(),
            };
            said.encode_to_vec()
        })
    }

    proptest! {
        #[test]
        fn read_in_place_is_as_decoded(
            neighbours in any_neighbours(),
            position in any_position(),
            telemetry in any_telemetry(),
            user in any_user(),
        ) {
            prop_assert!(read_position(&position).is_ok());
            prop_assert!(User::read(&user).is_ok());
            prop_assert!(read_neighbours(&neighbours).is_ok());
            for bytes in [neighbours, position, telemetry, user] {
                check(&bytes)?;
            }
        }

        /// Whatever becomes of the bytes, reading in place never says anything
        /// else than decoding.
        #[test]
        fn damaged_is_as_decoded_or_left_to_it(
            bytes in prop_oneof![any_neighbours(), any_position(), any_telemetry(), any_user(), any::<Vec<u8>>()],
            at: prop::sample::Index,
            byte: u8,
            cut: prop::sample::Index,
        ) {
            let mut bytes = bytes;
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
                check(&bytes[..cut.index(bytes.len())])?;
            }
            check(&bytes)?;
        }
    }
}
