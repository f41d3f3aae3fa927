//! The engine of `meshbot demo`: a short script that comes out as written, and
//! one that does not. The bot, the sockets and the frames are real; only the
//! delays of the radio are left out.

use std::io::Cursor;
use std::time::Duration;

use meshbot::app::AppError;
use meshbot::demo::script::{ALICE, BOB, DORA, Happening, Step, Twist};
use meshbot::demo::{self, Options};

const QUICK: Options = Options {
    colour: false,
    latency: false,
    patience: Duration::from_secs(10),
    silence: Duration::from_millis(300),
    pause: Duration::from_millis(2_500),
    spacing: Duration::from_millis(2_300),
};

fn play(script: &[Step], keyboard: Option<&'static str>) -> (Result<(), AppError>, String) {
    let mut out = Vec::new();
    let end = demo::run(script, &QUICK, &mut out, keyboard.map(Cursor::new));
    (end, String::from_utf8_lossy(&out).into_owned())
}

/// Alice asks, Dora talks, the node restarts, the packet of Alice comes again,
/// somebody asks ten minutes late, and somebody asks in private.
#[test]
fn what_comes_as_written_is_a_success() {
    let script = [
        ALICE.says("/ping").labelled("a").hears(&["pong", "direct"]),
        DORA.says("good morning").hears_nothing("talk"),
        Step::Happens(Happening::Restart(Duration::from_millis(20))),
        ALICE
            .says("/ping")
            .but(Twist::Repeats("a"))
            .hears_nothing("seen"),
        DORA.says("/ping")
            .but(Twist::MinutesOld(10))
            .hears_nothing("old"),
        BOB.writes("/ping").hears(&["pong", "2 hops"]),
    ];
    let (end, transcript) = play(&script, Some("\n/ping never said\n"));
    assert!(end.is_ok(), "{transcript}");
    for line in [
        "✓ connection 2: the bot is back by itself",
        "✓ 5 of 5 exchanges as expected: 2 answers, 3 times rightly none",
        "✓ 2 connections accepted by the node, 2 expected",
        "an empty line ends",
    ] {
        assert!(transcript.contains(line), "{line}\n{transcript}");
    }
    assert!(!transcript.contains('✗'), "{transcript}");
}

/// The same bot, but the script wants an answer that nobody gives, and silence
/// where there is an answer. Nobody is asked to join in after that.
#[test]
fn what_comes_otherwise_is_a_failure() {
    let script = [
        ALICE.says("/ping").hears(&["pong", "over 9 hops"]),
        BOB.writes("/ping").hears_nothing("wrongly"),
    ];
    let (end, transcript) = play(&script, Some("/ping\n"));
    let Err(AppError::Failed(sentence)) = end else {
        panic!("{transcript}");
    };
    assert_eq!(sentence, "2 things did not come as expected");
    for line in [
        "✗ 0 of 2 exchanges as expected: 0 answers, 0 times rightly none",
        "✗ Alice Neighbour on the public channel: /ping",
        "expected  an answer on the public channel with \"pong\" and \"over 9 hops\"",
        "came      \"🏓 pong · direct",
        "expected  no answer",
    ] {
        assert!(transcript.contains(line), "{line}\n{transcript}");
    }
    assert!(!transcript.contains("Your turn"), "{transcript}");
}
