//! What real firmware said (tests/sessions), heard by the one-off talk: the same
//! nodes and channels as in the listings made by others.

use std::time::Duration;

use meshbot::remote::talk::{NONCE_CONFIG, Talk};
use meshbot::remote::{Limits, Want};

use crate::support::recording::Recording;

/// The listing up to the first complete answer: the number that it was asked
/// with, and what was told.
fn told(recording: &Recording) -> (u32, Vec<&str>) {
    let mut told = Vec::new();
    for (_, text) in recording.frames() {
        if let Some(nonce) = text.strip_prefix("config_complete_id") {
            let nonce = nonce.trim_start_matches(['=', ' ']).parse();
            return (nonce.expect("a number"), told);
        }
        told.push(text);
    }
    panic!("{}: no complete answer", recording.name);
}

#[test]
fn real_firmware_is_understood() {
    let numbers = ["01", "02", "04", "05", "06", "09", "11", "12"];
    for number in numbers {
        let recording = Recording::open(number);
        let (nonce, told) = told(&recording);
        let count = |what: &str| told.iter().filter(|text| text.starts_with(what)).count();
        let want = match nonce {
            NONCE_CONFIG => Want::Config,
            _ => Want::Nodes,
        };
        for chunk in [1, 7, 1_024, usize::MAX] {
            let times = (Duration::ZERO, Duration::ZERO);
            let mut talk = Talk::new(want, nonce, Vec::new(), Limits::default(), times);
            let is_done = recording
                .bytes
                .chunks(chunk.min(recording.bytes.len()))
                .any(|bytes| talk.push(Duration::ZERO, bytes).expect(recording.name));
            assert!(is_done, "{}", recording.name);
            let answer = talk.finish();
            assert_eq!(answer.nodes.len(), count("node_info"), "{}", recording.name);
            assert_eq!(answer.channels.len(), 8, "{}", recording.name);
            assert!(answer.num.is_node() && !answer.is_locked);
            assert_eq!(answer.nodes[0].num, answer.num.0);
            assert!(answer.lora.use_preset, "{}", recording.name);
            assert!(answer.metadata.firmware_version.starts_with(b"2."));
        }
    }
}
