//! Frames and what lies between them.

use proptest::prelude::*;

use super::*;
use crate::link::frame::encode;
use crate::proto::from_radio::PayloadVariant as From;

fn frame_of(variant: From) -> Vec<u8> {
    let mut bytes = Vec::new();
    let message = FromRadio {
        payload_variant: Some(variant),
        ..FromRadio::default()
    };
    assert!(encode(&message, &mut bytes));
    bytes
}

fn done() -> Vec<u8> {
    frame_of(From::ConfigCompleteId(69_420))
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What comes of what was said when.
fn cut(said: &[(u64, &[u8])]) -> Vec<Piece> {
    let mut cut = Cut::new(Way::FromNode);
    let mut pieces = Vec::new();
    for (at, bytes) in said {
        cut.push(ms(*at), bytes, |piece| pieces.push(piece));
    }
    cut.end(|piece| pieces.push(piece));
    pieces
}

fn piece(at: u64, bytes: &[u8], stray: bool) -> Piece {
    Piece {
        at: ms(at),
        bytes: bytes.to_vec(),
        stray,
    }
}

#[test]
fn a_frame_has_the_time_of_its_first_byte() {
    let done = done();
    let pieces = cut(&[(5, &done[..3]), (9, &done[3..]), (11, &[])]);
    assert_eq!(pieces, [piece(5, &done, false)]);
    let two = [done.clone(), done.clone()].concat();
    let pieces = cut(&[(5, &two[..12]), (9, &two[12..])]);
    assert_eq!(
        pieces,
        [piece(5, &done, false), piece(5, &done, false)],
        "the second began with the first"
    );
}

#[test]
fn of_noise_the_number_is_kept() {
    let done = done();
    let said = [b"INFO | password=hunter2\r\n", &done[..]].concat();
    assert_eq!(
        cut(&[(5, &said)]),
        [piece(5, &[0; 25], true), piece(5, &done, false)]
    );
}

/// C3: the bot waits behind it, so it must be there; what came after it is known.
#[test]
fn a_torn_header_is_kept_and_what_lies_behind_it_found() {
    let done = done();
    let torn = [0x94, 0xc3, 1, 0, 0x0a];
    let pieces = cut(&[(5, &torn), (900, &done), (2_500, &done)]);
    assert_eq!(
        pieces,
        [
            piece(5, &[0x94, 0xc3, 1, 0, 0], true),
            piece(900, &done, false),
            piece(2_500, &done, false)
        ]
    );
}

#[test]
fn of_a_frame_that_is_no_message_the_header_is_kept() {
    let done = done();
    let frame = [&[0x94, 0xc3, 0, 4, 0x2a, 9, 0xf1, 0xf7], &done[..]].concat();
    assert_eq!(
        cut(&[(5, &frame)]),
        [
            piece(5, &[0x94, 0xc3, 0, 4, 0, 0, 0, 0], true),
            piece(5, &done, false)
        ]
    );
}

proptest! {
    /// A handshake with a key in it, torn anywhere: nothing of the key is seen.
    #[test]
    fn a_torn_handshake_gives_no_key_away(
        cuts in proptest::collection::vec((0_usize..400, 0_usize..90), 0..6),
        chunks in proptest::collection::vec((1_usize..70, 0_u64..1_500), 1..20),
    ) {
        const KEY: [u8; 32] = [0xf1; 32];
        let mut secret = vec![0x94, 0xc3, 0, 38, 0x2a, 36, 0x42, 34, 0x12, 32];
        secret.extend(KEY);
        let channel = frame_of(From::Channel(crate::proto::Channel { index: 1, role: 2, ..Default::default() }));
        let text = crate::proto::MeshPacket {
            payload_variant: Some(crate::proto::mesh_packet::PayloadVariant::Decoded(crate::proto::Data {
                portnum: 1,
                payload: vec![b'x'; 60],
                ..Default::default()
            })),
            ..Default::default()
        };
        let mut stream = [channel, frame_of(From::Packet(text)), secret.clone(), done(), secret, done()].concat();
        for (at, length) in cuts {
            let at = at.min(stream.len());
            let end = (at + length).min(stream.len());
            stream.drain(at..end);
        }
        let mut cut = Cut::new(Way::FromNode);
        let mut seen = Vec::new();
        let (mut rest, mut now) = (&stream[..], 0);
        for (length, pause) in chunks.iter().cycle() {
            if rest.is_empty() { break; }
            let (bytes, later) = rest.split_at((*length).min(rest.len()));
            rest = later;
            now += pause;
            cut.push(ms(now), bytes, |piece| seen.push(piece));
        }
        cut.end(|piece| seen.push(piece));
        for piece in &seen {
            // One byte may have become part of a number.
            prop_assert!(!piece.bytes.windows(2).any(|two| two == [0xf1; 2]), "{:?}", piece);
        }
        // The pieces are frames and as many bytes as there were between them.
        let length: usize = seen.iter().filter(|it| it.stray).map(|it| it.bytes.len()).sum();
        prop_assert!(length <= stream.len());
    }
}
