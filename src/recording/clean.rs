//! Takes a message apart at wire level and puts together what may be written
//! down: the fields of [`shapes`](super::shapes), as they were written, and
//! nothing else.
//!
//! - A field that is not listed is left out with its key.
//! - What cannot be read as listed is no message: nothing of it stays.
//! - A torn frame can swallow the beginning of the next one, which may hold a
//!   key: bytes in which a frame begins are blanked from there on, and so is a
//!   text that is none.

use prost::encoding::encode_varint;

use super::shapes::{DATA, Inside, Kept, Shape, inside};
use crate::link::frame::{START1, START2};
use crate::mesh::wire::{END, Key, Odd, Reader};

/// Appends to `out` what may be known of the message `said`.
///
/// # Errors
/// [`Odd`] when it is no message of this shape; `out` is then of no use.
pub fn clean(shape: &'static Shape, said: &[u8], out: &mut Vec<u8>) -> Result<(), Odd> {
    let mut reader = Reader::new(said);
    loop {
        let start = said.len() - reader.left();
        let key = reader.key()?;
        if key == END {
            return Ok(());
        }
        let content = said.len() - reader.left();
        let Some((_, kept)) = shape.iter().find(|(number, _)| *number == key.0) else {
            reader.skip(key, 0)?;
            continue;
        };
        match (kept, key.1) {
            (Kept::Number | Kept::Numbers, 0) | (Kept::Fixed | Kept::Numbers, 5) => {
                reader.skip(key, 0)?;
                out.extend_from_slice(&said[start..said.len() - reader.left()]);
            }
            (Kept::Numbers, 2) => {
                let bytes = reader.bytes()?;
                put(&said[start..content], bytes, out);
            }
            (Kept::Bytes, 2) => {
                let bytes = reader.bytes()?;
                let whole = bytes.len() - swallowed(bytes);
                put(&said[start..content], bytes, out);
                blank_from(whole, bytes.len(), out);
            }
            (Kept::Blank, 2) => {
                let bytes = reader.bytes()?;
                put(&said[start..content], bytes, out);
                blank_from(0, bytes.len(), out);
            }
            (Kept::Payload, 2) => {
                let bytes = reader.bytes()?;
                put(&said[start..content], &payload(port(said)?, bytes), out);
            }
            (Kept::Of(shape), 2) => {
                let mut inner = Vec::new();
                clean(shape, reader.bytes()?, &mut inner)?;
                put(&said[start..content], &inner, out);
            }
            _ => return Err(Odd),
        }
    }
}

/// A field of bytes: its key as it was, its length, its content.
fn put(key: &[u8], bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    encode_varint(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Makes zeros of the last field's bytes, of which there are `length`, from the
/// one with the number `from` on.
fn blank_from(from: usize, length: usize, out: &mut [u8]) {
    let end = out.len();
    out[end - length + from..].fill(0);
}

/// How many bytes at the end may belong to another frame.
fn swallowed(bytes: &[u8]) -> usize {
    // No text holds these three, whatever its language: the last is no letter.
    let header = |three: &[u8]| matches!(three, [START1, START2, 0..=2]);
    let at = bytes.windows(3).position(header);
    at.map_or(0, |at| bytes.len() - at)
}

/// What a packet carries, as far as it may be known.
fn payload(port: u32, bytes: &[u8]) -> Vec<u8> {
    let blank = || vec![0; bytes.len()];
    match inside(port) {
        Inside::Text => match std::str::from_utf8(bytes) {
            Ok(text) if !text.contains(is_no_text) => bytes.to_vec(),
            _ => blank(),
        },
        Inside::Message(shape) => {
            let mut cleaned = Vec::new();
            match clean(shape, bytes, &mut cleaned) {
                Ok(()) => cleaned,
                Err(Odd) => blank(),
            }
        }
        Inside::Length => blank(),
    }
}

fn is_no_text(c: char) -> bool {
    c.is_ascii_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// The port that a packet's `Data` names; 0, which has no content, when it names
/// several.
fn port(data: &[u8]) -> Result<u32, Odd> {
    const PORT: Key = (DATA[0].0, 0);
    let (mut reader, mut found) = (Reader::new(data), None);
    loop {
        match reader.key()? {
            END => return Ok(found.unwrap_or(0)),
            PORT => {
                let port = reader.u32()?;
                found = Some(if found.is_none_or(|it| it == port) {
                    port
                } else {
                    0
                });
            }
            key => reader.skip(key, 0)?,
        }
    }
}

#[cfg(test)]
mod tests;
