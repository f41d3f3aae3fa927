//! Bytes → frames. Push any slice, get whole frames; noise is skipped.
//!
//! - Never holds more than one frame and what was pushed after it.
//! - A header inside a frame whose length is known is never searched for.
//! - A frame that turns out not to be a message is handed back with
//!   [`Decoder::reject`] and its bytes are searched again, because a torn frame
//!   swallows the beginning of what follows (protocol.md §1.2, §8 T7).
//! - A frame that stands incomplete for long may be a torn header that waits for
//!   bytes which never come: [`Decoder::search_incomplete`] looks whether whole
//!   frames lie behind it. One that is merely slow is not lost by that.
//! - What was found inside another frame may have been put there by whoever
//!   wrote its content: [`Decoder::is_salvaged`] tells.

use std::fmt;

/// First byte of every frame (protocol.md §1.1).
pub const START1: u8 = 0x94;
/// Second byte of every frame.
pub const START2: u8 = 0xC3;
/// Longest payload that either side accepts, in bytes (protocol.md §1.1).
pub const MAX_PAYLOAD: usize = 512;
/// Bytes before the payload: the two start bytes and a big-endian length.
pub const HEADER: usize = 4;

/// Appends one frame around `message` to `out`.
///
/// Messages longer than [`MAX_PAYLOAD`] are left out and `false` is returned;
/// the node would throw the frame away without a word.
pub fn encode(message: &impl prost::Message, out: &mut Vec<u8>) -> bool {
    let length = message.encoded_len();
    let Some(length) = u16::try_from(length)
        .ok()
        .filter(|&length| usize::from(length) <= MAX_PAYLOAD)
    else {
        return false;
    };
    out.reserve(HEADER + usize::from(length));
    out.extend_from_slice(&[START1, START2]);
    out.extend_from_slice(&length.to_be_bytes());
    message.encode_raw(out);
    true
}

/// Finds the frames in a stream of bytes.
#[derive(Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where the search goes on.
    at: usize,
    /// Start of the frame returned last, as long as it can be rejected.
    last: Option<usize>,
    /// How far a rejected or torn frame claimed to reach: what begins before
    /// this was found inside it.
    claimed: usize,
    stray: u64,
}

/// Says how much it holds and never what: a handshake holds keys
/// (protocol.md §8 T23).
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("held", &(self.buffer.len() - self.at))
            .field("stray", &self.stray)
            .finish_non_exhaustive()
    }
}

impl Decoder {
    /// Adds what was read from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole frame's payload, which may be empty.
    pub fn next_frame(&mut self) -> Option<&[u8]> {
        self.last = None;
        loop {
            let rest = &self.buffer[self.at..];
            let skipped = rest.iter().position(|&byte| byte == START1);
            let start = skipped.unwrap_or(rest.len());
            self.at += start;
            self.stray += start as u64;
            let [_, second, high, low, payload @ ..] = &self.buffer[self.at..] else {
                // Not even a header; but bytes that cannot begin one go at once.
                match self.buffer.get(self.at + 1) {
                    Some(&second) if second != START2 => self.skip_one(),
                    _ => return None,
                }
                continue;
            };
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if *second != START2 || length > MAX_PAYLOAD {
                self.skip_one();
                continue;
            }
            if payload.len() < length {
                return None;
            }
            self.last = Some(self.at);
            let from = self.at + HEADER;
            self.at = from + length;
            return Some(&self.buffer[from..self.at]);
        }
    }

    /// The frame returned last was not a message: searches its bytes again,
    /// from the second one on. Does nothing when there is no such frame.
    pub fn reject(&mut self) {
        if let Some(start) = self.last.take() {
            self.claimed = self.claimed.max(self.at);
            self.at = start;
            self.skip_one();
        }
    }

    /// Whether the frame returned last lay inside one that was rejected or torn:
    /// then it may be content of that one, which anybody can have written.
    #[must_use]
    pub fn is_salvaged(&self) -> bool {
        self.last.is_some_and(|start| start < self.claimed)
    }

    /// Looks behind the header of a frame that is not whole for one that is, and
    /// that `is_message` takes for a message; goes on there when there is one.
    pub fn search_incomplete(&mut self, is_message: impl Fn(&[u8]) -> bool) -> bool {
        let [_, _, high, low, ..] = self.buffer[self.at..] else {
            return false;
        };
        let claimed = self.at + HEADER + usize::from(u16::from_be_bytes([high, low]));
        let found = (self.at + 1..self.buffer.len()).find(|&start| {
            let [START1, START2, high, low, ref payload @ ..] = self.buffer[start..] else {
                return false;
            };
            let length = usize::from(u16::from_be_bytes([high, low]));
            length > 0 && payload.get(..length).is_some_and(&is_message)
        });
        if let Some(start) = found {
            self.stray += (start - self.at) as u64;
            self.at = start;
            self.claimed = self.claimed.max(claimed);
        }
        found.is_some()
    }

    /// Bytes that belonged to no frame so far.
    #[must_use]
    pub fn stray_bytes(&self) -> u64 {
        self.stray
    }

    /// Bytes of a frame that is not whole yet.
    #[must_use]
    pub fn held(&self) -> usize {
        self.buffer.len() - self.at
    }

    /// Forgets everything: a new connection begins with a new stream.
    pub fn reset(&mut self) {
        *self = Self {
            buffer: std::mem::take(&mut self.buffer),
            stray: self.stray,
            ..Self::default()
        };
        self.buffer.clear();
    }

    fn skip_one(&mut self) {
        self.at += 1;
        self.stray += 1;
    }

    fn compact(&mut self) {
        self.last = None;
        self.claimed = self.claimed.saturating_sub(self.at);
        if self.at == self.buffer.len() {
            self.buffer.clear();
        } else if self.at > 0 {
            self.buffer.drain(..self.at);
        }
        self.at = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// protocol.md §7.7: a text "ping".
    const PING: &[u8] = &[
        0x94, 0xc3, 0x00, 0x3c, 0x12, 0x3a, 0x0d, 0xfe, 0xca, 0xad, 0x0b, 0x15, 0xff, 0xff, 0xff,
        0xff, 0x22, 0x0a, 0x08, 0x01, 0x12, 0x04, 0x70, 0x69, 0x6e, 0x67, 0x48, 0x01, 0x35, 0x88,
        0x77, 0x66, 0x55, 0x3d, 0x00, 0xe8, 0x81, 0x68, 0x45, 0x00, 0x00, 0xc8, 0x40, 0x48, 0x02,
        0x60, 0x9f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x78, 0x03, 0x98, 0x01,
        0x7e, 0xa8, 0x01, 0x01,
    ];

    fn all(decoder: &mut Decoder) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| decoder.next_frame().map(<[u8]>::to_vec)).collect()
    }

    fn frames(bytes: &[u8]) -> Vec<Vec<u8>> {
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        all(&mut decoder)
    }

    #[test]
    fn split_at_every_byte() {
        for cut in 0..=PING.len() {
            let mut decoder = Decoder::default();
            decoder.push(&PING[..cut]);
            let mut found = all(&mut decoder);
            decoder.push(&PING[cut..]);
            found.extend(all(&mut decoder));
            assert_eq!(found, [&PING[4..]], "cut at {cut}");
            assert_eq!(decoder.stray_bytes(), 0);
        }
    }

    #[test]
    fn noise_before_a_frame_is_skipped() {
        for noise in [
            &[0x94][..],
            &[0x94, 0x94],
            &[0x94, 0xc3, 0xff, 0xff],
            b"INFO | booting\r\n",
            &[0xc3; 32],
        ] {
            let bytes = [noise, PING].concat();
            let mut decoder = Decoder::default();
            for byte in &bytes {
                decoder.push(&[*byte]);
                if let Some(frame) = decoder.next_frame() {
                    assert_eq!(frame, &PING[4..]);
                }
            }
            assert_eq!(decoder.stray_bytes(), noise.len() as u64, "{noise:?}");
        }
    }

    #[test]
    fn glued_and_empty_frames() {
        let bytes = [PING, &[0x94, 0xc3, 0, 0], PING].concat();
        assert_eq!(frames(&bytes), [&PING[4..], &[], &PING[4..]]);
    }

    #[test]
    fn a_header_inside_a_payload_is_content() {
        let bytes = [0x94, 0xc3, 0, 6, 0x94, 0xc3, 0, 1, 5, 5];
        assert_eq!(frames(&bytes), [&bytes[4..]]);
    }

    #[test]
    fn a_rejected_frame_gives_back_what_it_swallowed() {
        // A frame cut after ten bytes: its length swallows the whole next one.
        let mut bytes = PING[..10].to_vec();
        bytes.extend_from_slice(PING);
        let mut decoder = Decoder::default();
        decoder.push(&bytes);
        assert_eq!(decoder.next_frame().map(<[u8]>::len), Some(0x3c));
        decoder.reject();
        assert_eq!(decoder.next_frame(), Some(&PING[4..]));
        assert_eq!(decoder.next_frame(), None);
    }

    #[test]
    fn a_torn_header_is_seen_through_only_when_a_message_lies_behind_it() {
        let mut decoder = Decoder::default();
        decoder.push(&[0x94, 0xc3, 1, 0, 0x0a]);
        decoder.push(&PING[..30]);
        assert_eq!(decoder.next_frame(), None);
        assert!(!decoder.search_incomplete(|_| true), "nothing is whole yet");
        decoder.push(&PING[30..]);
        assert_eq!(decoder.next_frame(), None);
        assert!(!decoder.search_incomplete(|_| false), "no message");
        assert!(decoder.search_incomplete(|payload| payload == &PING[4..]));
        assert_eq!(decoder.next_frame(), Some(&PING[4..]));
        assert!(decoder.is_salvaged());
        assert_eq!(decoder.stray_bytes(), 5);
        // Behind the 256 bytes that the header claimed, all is as it was.
        decoder.push(&[PING, PING, PING, PING].concat());
        let salvaged: Vec<bool> = std::iter::from_fn(|| {
            decoder
                .next_frame()
                .is_some()
                .then(|| decoder.is_salvaged())
        })
        .collect();
        assert_eq!(salvaged, [true, true, true, false]);
    }

    #[test]
    fn what_lay_in_a_rejected_frame_is_known_as_such() {
        let mut bytes = PING[..10].to_vec();
        bytes.extend_from_slice(PING);
        bytes.extend_from_slice(PING);
        let mut decoder = Decoder::default();
        decoder.push(&bytes);
        assert!(decoder.next_frame().is_some() && !decoder.is_salvaged());
        decoder.reject();
        assert!(decoder.next_frame().is_some() && decoder.is_salvaged());
        assert!(decoder.next_frame().is_some() && !decoder.is_salvaged());
    }

    #[test]
    fn a_new_connection_forgets_the_torn_frame() {
        let mut decoder = Decoder::default();
        decoder.push(&PING[..20]);
        assert_eq!(decoder.next_frame(), None);
        decoder.reset();
        decoder.push(PING);
        assert_eq!(decoder.next_frame(), Some(&PING[4..]));
    }

    #[test]
    fn what_it_holds_is_not_shown() {
        let mut decoder = Decoder::default();
        decoder.push(&PING[..20]);
        assert_eq!(format!("{decoder:?}"), "Decoder { held: 20, stray: 0, .. }");
    }

    #[test]
    fn too_long_a_message_is_not_sent() {
        let message = crate::proto::Data {
            payload: vec![0; MAX_PAYLOAD],
            ..Default::default()
        };
        let mut out = Vec::new();
        assert!(!encode(&message, &mut out));
        assert!(out.is_empty());
    }

    proptest! {
        /// Whatever the noise, and however the stream is cut, a frame is found
        /// if nothing before it can be taken for a header.
        #[test]
        fn any_cut_any_noise(
            noise in proptest::collection::vec(any::<u8>().prop_filter("no start", |b| *b != START1), 0..64),
            payload in proptest::collection::vec(any::<u8>(), 0..=MAX_PAYLOAD),
            cuts in proptest::collection::vec(1_usize..40, 1..40),
        ) {
            let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
            let mut bytes = noise.clone();
            bytes.extend([START1, START2, length[0], length[1]]);
            bytes.extend(&payload);
            let mut decoder = Decoder::default();
            let mut found = Vec::new();
            let mut rest = bytes.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                decoder.push(now);
                rest = later;
                found.extend(all(&mut decoder));
            }
            prop_assert_eq!(found, vec![payload]);
            prop_assert_eq!(decoder.stray_bytes(), noise.len() as u64);
        }

        /// Garbage never panics and never makes the buffer grow without end.
        #[test]
        fn garbage_is_survived(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..30)) {
            let mut decoder = Decoder::default();
            for chunk in &chunks {
                decoder.push(chunk);
                while decoder.next_frame().is_some() { decoder.reject(); }
                prop_assert!(decoder.buffer.len() - decoder.at <= HEADER + MAX_PAYLOAD);
            }
        }
    }
}
