//! Reads the wire form of a message field by field, in place: for what comes
//! with every packet, where building the whole message costs more than all the
//! rest.
//!
//! It reads what programs write and gives up on everything else with [`Odd`]:
//! groups, numbers that are too long, fields that are cut off or of another type
//! than expected. Whoever calls it then asks `prost`, which has the last word on
//! what is a message and what not.

/// Not as programs write it; nothing is said about whether it is valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Odd;

/// A field's number and the type of what follows. Two numbers and not one, so
/// that who looks for a key finds it in a table by the first.
pub type Key = (u32, u32);

/// What [`Reader::key`] says at the end; no field has it.
pub const END: Key = (u32::MAX, 0);

/// The key of a field with a number or a flag.
#[must_use]
pub const fn varint(number: u32) -> Key {
    (number, 0)
}

/// The key of a field with bytes, a text or a message.
#[must_use]
pub const fn bytes(number: u32) -> Key {
    (number, 2)
}

/// The key of a `fixed32` or `float` field.
#[must_use]
pub const fn fixed32(number: u32) -> Key {
    (number, 5)
}

/// Goes through a message: a key, then what belongs to it, and again.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a>(&'a [u8]);

// Inlined where it is used, so that reading a field costs little more than
// looking at its bytes, although the program is built to be small.
impl<'a> Reader<'a> {
    /// At the beginning of the message in `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many bytes have not been read.
    #[must_use]
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// The key of the next field, or [`END`]. No field has the number 0, and
    /// nobody must expect it: [`Reader::skip`] finds it odd.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn key(&mut self) -> Result<Key, Odd> {
        let key = match self.0 {
            [] => return Ok(END),
            [byte @ 0..0x80, rest @ ..] => {
                self.0 = rest;
                u32::from(*byte)
            }
            // Fields from 16 on have a key of two bytes.
            [low @ 0x80..=0xff, high @ 1..0x80, rest @ ..] => {
                self.0 = rest;
                u32::from(low & 0x7f) | u32::from(*high) << 7
            }
            _ => u32::try_from(self.varint()?).map_err(|_| Odd)?,
        };
        Ok((key >> 3, key & 7))
    }

    /// The content of a field with a number.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64, Odd> {
        match self.0 {
            // Most numbers have one byte.
            [byte @ 0..0x80, rest @ ..] => {
                self.0 = rest;
                Ok(u64::from(*byte))
            }
            _ => {
                let (value, length) = long_varint(self.0);
                self.0 = self.0.get(length..).ok_or(Odd)?;
                Ok(value)
            }
        }
    }

    /// A `uint32`: the lowest bits count, as for every other reader.
    ///
    /// # Errors
    /// [`Odd`].
    #[allow(clippy::cast_possible_truncation)]
    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32, Odd> {
        self.varint().map(|value| value as u32)
    }

    /// An `int32` or an enumeration.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn i32(&mut self) -> Result<i32, Odd> {
        self.u32().map(u32::cast_signed)
    }

    /// A flag.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn bool(&mut self) -> Result<bool, Odd> {
        self.varint().map(|value| value != 0)
    }

    /// A `fixed32`.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn fixed32(&mut self) -> Result<u32, Odd> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Odd)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    /// Whether the field with this key is the next one; its content is then to be
    /// read. Who knows what stands together need not ask for each key.
    #[inline(always)]
    pub fn is_next(&mut self, (number, kind): Key) -> bool {
        let key = number << 3 | kind;
        let rest = match self.0 {
            [said, rest @ ..] if u32::from(*said) == key && key < 0x80 => rest,
            [low, high, rest @ ..] if key >= 0x80 && [*low, *high] == two_bytes(key) => rest,
            _ => return false,
        };
        self.0 = rest;
        true
    }

    /// A `float`.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn float(&mut self) -> Result<f32, Odd> {
        self.fixed32().map(f32::from_bits)
    }

    /// Bytes, a text or a message.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn bytes(&mut self) -> Result<&'a [u8], Odd> {
        let length = self.varint()?;
        self.take(length)
    }

    /// Leaves out a field with a number above `known`, of whatever type. One up
    /// to it was expected to be of another type: that is odd.
    ///
    /// # Errors
    /// [`Odd`].
    #[inline(always)]
    pub fn skip(&mut self, (number, kind): Key, known: u32) -> Result<(), Odd> {
        if number <= known {
            return Err(Odd);
        }
        self.0 = after(self.0, kind)?;
        Ok(())
    }

    #[inline(always)]
    fn take(&mut self, length: u64) -> Result<&'a [u8], Odd> {
        let length = usize::try_from(length).map_err(|_| Odd)?;
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Odd)?;
        self.0 = rest;
        Ok(taken)
    }
}

// What is not inlined takes the bytes and not the reader, which thereby never
// has to leave the registers.

/// How a key from 128 on is written.
#[allow(clippy::cast_possible_truncation)]
const fn two_bytes(key: u32) -> [u8; 2] {
    [key as u8 | 0x80, (key >> 7) as u8]
}

/// What comes after a value of this type.
fn after(said: &[u8], kind: u32) -> Result<&[u8], Odd> {
    let mut reader = Reader(said);
    match kind {
        0 => drop(reader.varint()?),
        1 => drop(reader.take(8)?),
        2 => drop(reader.bytes()?),
        5 => drop(reader.take(4)?),
        _ => return Err(Odd),
    }
    Ok(reader.0)
}

/// A number of more than one byte, and how many it has: more than there are when
/// it is odd.
fn long_varint(said: &[u8]) -> (u64, usize) {
    const ODD: (u64, usize) = (0, usize::MAX);
    if let [low, high @ 0..0x80, ..] = said {
        return (u64::from(low & 0x7f) | u64::from(*high) << 7, 2);
    }
    if let Some(number) = negative(said) {
        return (i64::from(number).cast_unsigned(), 10);
    }
    let (mut value, mut shift) = (0, 0);
    for (before, &byte) in said[..said.len().min(10)].iter().enumerate() {
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            // The tenth byte has room for one bit.
            let fits = before < 9 || byte <= 1;
            return if fits { (value, before + 1) } else { ODD };
        }
        shift += 7;
    }
    ODD
}

/// A negative `int32`, such as the strength of a signal in every packet: ten
/// bytes, of which the last five and a half only say that it is negative.
#[allow(clippy::cast_possible_truncation)]
fn negative(said: &[u8]) -> Option<i32> {
    const SIGN: u64 = 0xffff_fff8_8080_8080;
    let [low @ .., 0xff, 1] = said.first_chunk::<10>()? else {
        return None;
    };
    let low = u64::from_le_bytes(*low);
    if low & SIGN != SIGN {
        return None;
    }
    let seven = |nth: u32| (low >> nth) as u32 & 0x7f << (7 * nth);
    let value = seven(0) | seven(1) | seven(2) | seven(3) | (low >> 4) as u32 & 0xf000_0000;
    Some(value.cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use prost::encoding::{WireType, encode_key, encode_varint};

    #[test]
    fn fields_of_every_kind() {
        let mut message = Vec::new();
        encode_key(1, WireType::Varint, &mut message);
        encode_varint((-97_i64).cast_unsigned(), &mut message);
        encode_key(2_000, WireType::LengthDelimited, &mut message);
        message.extend(*b"\x02hi");
        encode_key(3, WireType::ThirtyTwoBit, &mut message);
        message.extend(0.5_f32.to_le_bytes());
        encode_key(4, WireType::SixtyFourBit, &mut message);
        message.extend([0; 8]);
        let mut reader = Reader::new(&message);
        assert_eq!(reader.key(), Ok(varint(1)));
        assert_eq!(reader.i32(), Ok(-97));
        assert_eq!(reader.key(), Ok(bytes(2_000)));
        assert_eq!(reader.bytes(), Ok(&b"hi"[..]));
        assert_eq!(reader.key(), Ok(fixed32(3)));
        assert_eq!(reader.float(), Ok(0.5));
        let key = reader.key().unwrap();
        assert_eq!(reader.skip(key, 4), Err(Odd));
        assert_eq!(reader.skip(key, 3), Ok(()));
        assert_eq!(reader.key(), Ok(END));
    }

    /// Leaves out everything.
    fn all(message: &[u8]) -> Result<(), Odd> {
        let mut reader = Reader::new(message);
        loop {
            match reader.key()? {
                END => return Ok(()),
                key => reader.skip(key, 0)?,
            }
        }
    }

    #[test]
    fn what_is_cut_off_or_strange_is_odd() {
        for message in [
            &[0x08][..],
            &[0x80],
            &[0x0a, 2, 1],
            &[0x0d, 0, 0, 0],
            &[0x09, 0, 0, 0, 0, 0, 0, 0],
            // A group, number 0, numbers that are too long.
            &[0x0b, 0x0c],
            &[0x00, 0x00],
            &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 2],
            &[8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1],
        ] {
            assert_eq!(all(message), Err(Odd), "{message:?}");
        }
        assert_eq!(all(&[]), Ok(()));
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_were_written(value: u64, negative: i32, length in 0_u32..64) {
            for value in [value >> length, i64::from(negative).cast_unsigned()] {
                let mut message = Vec::new();
                encode_varint(value, &mut message);
                prop_assert_eq!(Reader::new(&message).varint(), Ok(value));
                // As `prost` reads it, with any byte changed.
                for at in 0..message.len() {
                    let mut message = message.clone();
                    message[at] ^= 1 << (length % 8);
                    let decoded = prost::encoding::decode_varint(&mut message.as_slice());
                    prop_assert_eq!(Reader::new(&message).varint().ok(), decoded.ok());
                }
            }
        }

        #[test]
        fn garbage_is_survived(message: Vec<u8>) {
            let _ = all(&message);
        }
    }
}
