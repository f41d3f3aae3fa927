//! The engine of `meshbot demo`: a short script that comes out as written, and
//! one that does not; and somebody's own configuration. The bot, the sockets and
//! the frames are real; only the delays of the radio are left out.

use std::cell::RefCell;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use meshbot::app::AppError;
use meshbot::config::Config;
use meshbot::demo::paper::Paper;
use meshbot::demo::script::{ALICE, BOB, DORA, Happening, Step, Twist};
use meshbot::demo::stage::{House, Stage};
use meshbot::demo::{self, Options};
use meshbot::mesh::Now;
use meshbot::sim::SimNode;
use meshbot::sim::web::Scenario;

use crate::support::weather;
use crate::support::world::{self, World};

const QUICK: Options = Options {
    colour: false,
    latency: false,
    patience: Duration::from_secs(10),
    silence: Duration::from_millis(300),
    pause: Duration::from_millis(2_500),
    spacing: Duration::from_millis(2_300),
};

fn play(script: &[Step], keyboard: Option<&'static str>) -> (Result<(), AppError>, String) {
    let folder = tempfile::tempdir().unwrap();
    let (keyboard, mut out) = (keyboard.map(Cursor::new), Vec::new());
    let end = demo::run(script, &QUICK, folder.path(), &mut out, keyboard);
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
        "An empty line ends.",
    ] {
        assert!(transcript.contains(line), "{line}\n{transcript}");
    }
    assert!(!transcript.contains('✗'), "{transcript}");
}

/// The whole of what `meshbot demo` plays, under the virtual clock: bot, link and
/// node are the real ones, and so are the services of the weather.
struct OnStage(RefCell<World>);

impl House for OnStage {
    fn with<R>(&self, act: impl FnOnce(&mut SimNode, Now) -> R) -> R {
        let world = &mut *self.0.borrow_mut();
        act(&mut world.node, world.now)
    }

    fn wait_for<R>(
        &self,
        most: Duration,
        mut look: impl FnMut(&mut SimNode) -> Option<R>,
    ) -> Option<R> {
        let world = &mut *self.0.borrow_mut();
        let end = world.now.mono + most;
        loop {
            if let Some(found) = look(&mut world.node) {
                return Some(found);
            }
            if world.now.mono >= end {
                return None;
            }
            world.run(5);
        }
    }
}

#[test]
fn the_whole_script_comes_as_written() {
    let web = weather::web();
    web.set_scenario(Scenario::HeavyRain);
    let options = Options::default();
    let mut world = World::with(world::Options {
        sim: demo::mesh(&options),
        ..weather::options(&web, "")
    });
    demo::air::cast(&mut world.node, demo::script::CAST);
    let house = OnStage(RefCell::new(world));
    let mut out = Vec::new();
    let mut paper = Paper::new(&mut out, false);
    let wrong = Stage::new(&options, &house, &mut paper).play(demo::SCRIPT, || None);
    let transcript = String::from_utf8_lossy(&out).into_owned();
    assert_eq!(wrong.unwrap(), 0, "{transcript}");
    for line in [
        "✓ connection 3: the bot waited a little longer and has the slot again",
        "22 of 22 exchanges as expected: 16 answers, 6 times rightly none",
        "✓ 3 connections accepted by the node, 3 expected",
        "✓ 0 texts refused by the node",
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

fn try_out(text: &str, keyboard: Option<&'static str>) -> String {
    let config = Config::parse(text, "mine.toml").unwrap();
    let options = Options {
        silence: Duration::from_secs(1),
        ..QUICK
    };
    let folder = tempfile::tempdir().unwrap();
    let (keyboard, mut out) = (keyboard.map(Cursor::new), Vec::new());
    let given = (Path::new("mine.toml"), &config);
    let end = demo::try_out(given, &options, folder.path(), &mut out, keyboard);
    let transcript = String::from_utf8_lossy(&out).into_owned();
    assert!(end.is_ok(), "{end:?}\n{transcript}");
    assert!(!transcript.contains('✗'), "{transcript}");
    transcript
}

/// What stands below the line that contains `heading`, up to the next such line.
fn below<'a>(transcript: &'a str, heading: &str) -> Vec<&'a str> {
    let mut lines = transcript.lines();
    assert!(lines.any(|line| line.contains(heading)), "{transcript}");
    lines.take_while(|line| !line.contains("  ── ")).collect()
}

/// Language, prefix, channels, permissions, limits and the operator are those of
/// the configuration; node, services and files are not.
#[test]
fn one_s_own_configuration_holds() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let theirs = listener.local_addr().unwrap();
    let text = format!(
        r#"
        language = "fr"
        [node]
        host = "{}"
        port = {}
        [bot]
        prefix = "!"
        channels = [2]
        text_spacing = "2.3s"
        max_hops = 4
        [operator]
        node = "!a1b2c3d4"
        key = "ERERERERERERERERERERERERERERERERERERERERERE="
        [channel.2]
        commands = ["ping", "my", "nodes"]
        [commands.my]
        operator_only = true
        [commands.trace]
        enabled = false
        [weather]
        url = "http://{theirs}"
        geocoding_url = "http://{theirs}"
        fallback_url = "http://{theirs}"
        [remote]
        hill = "{theirs}"
        [store]
        path = "{}"
        "#,
        theirs.ip(),
        // Another one than that of [remote], as the configuration has to have it.
        if theirs.port() == 1 { 2 } else { 1 },
        folder.path().join("meshbot.db").display()
    );
    let transcript = try_out(&text, Some("\n"));
    for line in [
        "mine.toml, with a simulated node on 127.0.0.1:",
        "  [node]     a simulated one, which does not know where it is, stands for 127.0.0.1:",
        "  [remote]   another simulated one stands for hill",
        "✓ 1 connections accepted by the node, 1 expected",
        "Your turn: a line is a direct message to the bot, a command or in your own words (try aide).",
        "(#0 to #7 name the channel)",
        "operator: before it makes it an order.",
    ] {
        assert!(transcript.contains(line), "{line}\n{transcript}");
    }
    for (heading, answers) in [
        ("knows its node", &["#2       the bot", "pong"][..]),
        ("[bot] channels = [2]", &["no answer"]),
        ("[bot] max_hops = 4", &["no answer"]),
        ("[commands.trace] enabled = false", &["no answer"]),
        ("[operator]: an order from somebody else", &["no answer"]),
        (
            "[operator]: the same from the op",
            &["direct   the bot", "🗄"],
        ),
        ("[remote] hill", &["direct   the bot", "Connus de hill"]),
    ] {
        let came = below(&transcript, heading).join("\n");
        for answer in answers {
            assert!(came.contains(answer), "{heading}: {answer}\n{transcript}");
        }
    }
    // A restricted command is answered to nobody but the operator.
    let (_, rest) = transcript.split_once("[commands.my] oper").unwrap();
    let (others, his) = rest.split_once("[commands.my] oper").unwrap();
    assert!(others.contains("no answer"), "{transcript}");
    assert!(
        below(his, "The operator")[0].contains("the bot"),
        "{transcript}"
    );
    // Nothing of the operator's was touched.
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The template is the smallest configuration there is; its host is nobody's.
#[test]
fn the_template_can_be_tried_as_it_is() {
    let transcript = try_out(Config::template(), None);
    for line in [
        "stands for yours; `check` and `run` want its address there",
        "5 questions, 5 answered",
        "meshbot.db and what lies beside it stay as they are",
        "Argenteuil, Île-de-France, FR",
    ] {
        assert!(transcript.contains(line), "{line}\n{transcript}");
    }
    assert!(!transcript.contains("Your turn"), "{transcript}");
}
