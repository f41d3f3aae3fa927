//! Any bytes in any pieces, some frames refused: whole frames come out, every
//! byte is accounted for, and the pieces do not matter.

use arbitrary::{Arbitrary, Unstructured};
use meshbot::link::frame::{Decoder, HEADER, MAX_PAYLOAD};

/// What a stream holds when every frame is a message, or none is.
fn read(bytes: &[u8], pieces: impl Iterator<Item = usize>, refuse: bool) -> (Vec<Vec<u8>>, u64) {
    let mut decoder = Decoder::default();
    let mut frames = Vec::new();
    let mut rest = bytes;
    for piece in pieces {
        let (now, later) = rest.split_at(piece.clamp(1, 1_024).min(rest.len()));
        decoder.push(now);
        rest = later;
        while let Some(frame) = decoder.next_frame() {
            assert!(frame.len() <= MAX_PAYLOAD);
            frames.push(frame.to_vec());
            if refuse {
                decoder.reject();
                // Nothing is left to be refused a second time.
                decoder.reject();
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    (frames, decoder.stray_bytes())
}

/// `input` is a list of piece sizes and, after it, what comes in such pieces.
pub fn run(input: &[u8]) {
    let input = Unstructured::new(input);
    let Ok((pieces, bytes)) = <(Vec<u8>, &[u8])>::arbitrary_take_rest(input) else {
        return;
    };
    let sizes = pieces.iter().map(|&size| usize::from(size));
    for refuse in [false, true] {
        let whole = read(bytes, bytes.chunks(1_024).map(<[u8]>::len), refuse);
        let single = read(bytes, std::iter::repeat(1), refuse);
        let pieced = read(bytes, sizes.clone().chain(std::iter::repeat(64)), refuse);
        assert_eq!(whole, single);
        assert_eq!(whole, pieced);
        let (frames, stray) = whole;
        if !refuse {
            let framed: usize = frames.iter().map(|frame| frame.len() + HEADER).sum();
            let accounted = framed as u64 + stray;
            assert!(accounted <= bytes.len() as u64);
            // What is missing is at most one unfinished frame.
            assert!(bytes.len() as u64 - accounted < (HEADER + MAX_PAYLOAD) as u64);
        }
    }
    // A stream that begins anew is not disturbed by what was left of the last.
    let mut decoder = Decoder::default();
    decoder.push(bytes);
    while decoder.next_frame().is_some() {}
    decoder.reset();
    decoder.push(&[0x94, 0xc3, 0, 1, 7]);
    assert_eq!(decoder.next_frame(), Some(&[7][..]));
}
