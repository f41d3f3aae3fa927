//! Cuts what one side wrote into frames and what lies between them, and cleans
//! both: pure.

use std::collections::VecDeque;
use std::time::Duration;

use prost::Message;

use super::clean::clean;
use super::shapes::{FROM_RADIO, Shape, TO_RADIO};
use crate::link::frame::{Decoder, HEADER, MAX_PAYLOAD, START1, START2};
use crate::link::session::PATIENCE;
use crate::link::tap::Way;
use crate::proto::{FromRadio, ToRadio};

impl Way {
    fn shape(self) -> &'static Shape {
        match self {
            Self::FromNode => FROM_RADIO,
            Self::ToNode => TO_RADIO,
        }
    }

    /// Whether the other side takes this for a message, as the session does.
    fn is_message(self, payload: &[u8]) -> bool {
        match self {
            Self::FromNode => FromRadio::decode(payload).is_ok(),
            Self::ToNode => ToRadio::decode(payload).is_ok(),
        }
    }
}

/// A frame, or bytes between frames, as they may be written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Piece {
    /// When its first byte came.
    pub at: Duration,
    /// Without what nobody may know.
    pub bytes: Vec<u8>,
    /// In no frame.
    pub stray: bool,
}

/// One direction of one connection.
pub struct Cut {
    way: Way,
    decoder: Decoder,
    /// What was pushed and is in no piece yet.
    held: VecDeque<u8>,
    /// When these came, and how many came then.
    came: VecDeque<(Duration, usize)>,
}

impl Cut {
    /// Nothing was said yet.
    #[must_use]
    pub fn new(way: Way) -> Self {
        Self {
            way,
            decoder: Decoder::default(),
            held: VecDeque::new(),
            came: VecDeque::new(),
        }
    }

    /// Takes what was said at `at`, and gives what is whole.
    pub fn push(&mut self, at: Duration, bytes: &[u8], mut give: impl FnMut(Piece)) {
        self.decoder.push(bytes);
        self.held.extend(bytes);
        self.came.push_back((at, bytes.len()));
        loop {
            while let Some(payload) = self.decoder.next_frame() {
                let length = payload.len();
                if self.way.is_message(payload) {
                    let frame = frame(self.way.shape(), payload);
                    let before = self.held.len() - self.decoder.held() - HEADER - length;
                    self.give_stray(before, &mut give);
                    let (at, _) = self.take(HEADER + length);
                    let stray = frame.is_none();
                    let bytes = frame.unwrap_or_else(|| blank(length));
                    give(Piece { at, bytes, stray });
                } else {
                    self.decoder.reject();
                }
            }
            self.give_stray(self.held.len() - self.decoder.held(), &mut give);
            let since = self.came.front().map_or(at, |(first, _)| *first);
            let way = self.way;
            if at < since + PATIENCE || !self.decoder.search_incomplete(|it| way.is_message(it)) {
                return;
            }
        }
    }

    /// The connection is over, or bytes are missing: what is held is in no frame.
    pub fn end(&mut self, mut give: impl FnMut(Piece)) {
        self.give_stray(self.held.len(), &mut give);
        self.decoder.reset();
    }

    /// Gives `count` bytes that belong to no frame. Only a header that stands
    /// first is kept: it is what the other side waits behind.
    fn give_stray(&mut self, count: usize, give: &mut impl FnMut(Piece)) {
        if count == 0 {
            return;
        }
        let (at, bytes) = self.take(count);
        let mut blanked = vec![0; count];
        if let [START1, START2, high, low, ..] = bytes[..]
            && usize::from(u16::from_be_bytes([high, low])) <= MAX_PAYLOAD
        {
            blanked[..HEADER].copy_from_slice(&bytes[..HEADER]);
        }
        give(Piece {
            at,
            bytes: blanked,
            stray: true,
        });
    }

    /// The next `count` bytes, and when the first of them came.
    fn take(&mut self, count: usize) -> (Duration, Vec<u8>) {
        let bytes = self.held.drain(..count).collect();
        let at = self.came.front().map_or(Duration::ZERO, |(at, _)| *at);
        let mut rest = count;
        while let Some((_, length)) = self.came.front_mut() {
            if *length > rest {
                *length -= rest;
                break;
            }
            rest -= *length;
            self.came.pop_front();
        }
        (at, bytes)
    }
}

/// The frame with what may be known of its message.
fn frame(shape: &'static Shape, payload: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![START1, START2, 0, 0];
    clean(shape, payload, &mut bytes).ok()?;
    let length = u16::try_from(bytes.len() - HEADER).ok()?;
    bytes[2..HEADER].copy_from_slice(&length.to_be_bytes());
    Some(bytes)
}

/// A frame of which only the length is known.
fn blank(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; HEADER + length];
    bytes[..2].copy_from_slice(&[START1, START2]);
    // A payload has 512 bytes at most.
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    bytes[2..HEADER].copy_from_slice(&length.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests;
