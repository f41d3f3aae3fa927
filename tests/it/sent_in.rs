//! Recordings that users send in: made by the program, without secrets, played
//! again with the same outcome; and what was found with real firmware, byte for
//! byte, as such files (`tests/sessions/found`).

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use log::Level;
use meshbot::app::{self, Around};
use meshbot::bot::all;
use meshbot::config::Config;
use meshbot::link::sole::Anybody;
use meshbot::link::{Outcome, frame::Decoder, lookup};
use meshbot::logging::thin::{Line, Thin};
use meshbot::mesh::Sanity;
use meshbot::proto::{
    MeshPacket, ToRadio, mesh_packet::PayloadVariant as Content, to_radio::PayloadVariant as To,
};
use meshbot::recording::{By, Recording, Step, Target};
use meshbot::sim::tape::{Tape, bind, serve};
use meshbot::sim::{Fault, Said, Server, Settings};
use prost::Message;

use crate::support::logs;
use crate::support::program::{Program, in_front_of, limited, meshbot};
use crate::support::replay::Replay;

/// Nothing here takes longer on a sane machine.
const SOON: Duration = Duration::from_secs(60);

fn text_of(packet: &MeshPacket) -> Option<String> {
    let Some(Content::Decoded(data)) = &packet.payload_variant else {
        return None;
    };
    let is_text = data.portnum == 1;
    is_text.then(|| String::from_utf8_lossy(&data.payload).into_owned())
}

/// To whom, in answer to what, and the words.
type Answer = (u32, u32, String);

fn answer(sent: &To) -> Option<Answer> {
    let To::Packet(packet) = sent else {
        return None;
    };
    let Some(Content::Decoded(data)) = &packet.payload_variant else {
        return None;
    };
    Some((packet.to, data.reply_id, text_of(packet)?))
}

/// What the bot of a recording has said.
fn answers(recording: &Recording) -> Vec<Answer> {
    let mut found = Vec::new();
    for (_, step) in recording.connections.iter().flatten() {
        let Step::ToNode(bytes) = step else { continue };
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        while let Some(payload) = decoder.next_frame() {
            let sent = ToRadio::decode(payload).unwrap().payload_variant.unwrap();
            found.extend(answer(&sent));
        }
    }
    found
}

fn read(path: &Path) -> Recording {
    Recording::parse(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A bot in front of `port` that records into `path`.
fn recording_bot(port: u16, path: PathBuf) -> app::Running {
    let text = format!("[node]\nhost = \"127.0.0.1\"\nport = {port}\n[store]\nenabled = false\n");
    let around = Around {
        sanity: Sanity::of_build(),
        resolver: lookup::system(),
        right: Box::new(Anybody),
        record: Some(Target { path, limit: 1 }),
    };
    let config = Config::parse(&text, "test.toml").unwrap();
    app::start_around(&config, all::registry(), around, Arc::new(|| {})).unwrap()
}

/// M3: a session is recorded, played to another bot that records as well, and
/// played under the virtual clock: all three say the same, and know what became
/// of it.
#[test]
fn a_recorded_session_plays_again_and_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["first", "second"].map(|name| folder.path().join(name));
    let node = Server::local(Settings::default()).unwrap();
    let running = recording_bot(node.addr().port(), paths[0].clone());
    node.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .expect("no list of nodes was asked for");
    // The connection is lost once, and there is another one.
    node.with(|node, now| node.fault(now, Fault::Drop));
    node.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 1 && node.steady()).then_some(())
    })
    .expect("it did not come back");
    for (text, directly) in [("/ping", false), ("/legend", true)] {
        node.with(|node, now| {
            let alice = node.people()[0].num;
            let said = match directly {
                true => Said::to_us(alice, text),
                false => Said::on_channel(alice, 0, text),
            };
            node.hear_text(now, said);
        });
        node.wait_for(SOON, |node| {
            let mut sent = node.on_air().into_iter();
            sent.any(|sent| sent.by_client && sent.text().is_some())
                .then_some(())
        })
        .expect("no answer");
    }
    // What the node says about the last one is on its way.
    node.wait_for(SOON, |node| node.steady().then_some(()))
        .unwrap();
    running.stop();
    drop(node);

    let recorded = read(&paths[0]);
    assert_eq!(recorded.connections.len(), 2);
    // At the end the bot said goodbye, and the node closed as well.
    for steps in &recorded.connections {
        let last = steps.last().map(|(_, step)| step);
        assert_eq!(last, Some(&Step::Closed(By::Node)));
    }
    let said = answers(&recorded);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].2.contains("pong"), "{said:?}");

    let (listener, addr) = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (word, ends) = std::os::unix::net::UnixStream::pair().unwrap();
    let tape = Tape::new(recorded.clone());
    let thread = std::thread::spawn(move || serve(&listener, tape, &ends).unwrap());
    let running = recording_bot(addr.port(), paths[1].clone());
    // The node leaves when the recorded bot had left.
    let played = thread.join().unwrap();
    running.stop();
    drop(word);
    assert_eq!((played.connections, played.missing), (2, 0));
    assert_eq!(answers(&read(&paths[1])), said);

    let replay = Replay::sent_in(recorded, 0.0);
    let again: Vec<Answer> = replay
        .sent
        .iter()
        .filter_map(|(_, it)| answer(it))
        .collect();
    assert_eq!(again, said);
    let outcomes = replay.outcomes();
    assert!(!outcomes.is_empty(), "nothing became of the answers");
    for outcome in outcomes {
        assert!(
            matches!(
                outcome,
                Outcome::Delivered(_) | Outcome::Relayed | Outcome::Sent
            ),
            "{outcome:?}"
        );
    }
}

#[test]
fn nothing_is_written_over_and_no_bot_runs_without_the_recording_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = folder.path().join("meshbot.toml");
    let text = format!("[node]\nhost = \"127.0.0.1\"\nport = {port}\n[store]\nenabled = false\n");
    std::fs::write(&config, text).unwrap();
    let mine = folder.path().join("mine");
    std::fs::write(&mine, "dear diary").unwrap();
    let missing = folder.path().join("no/such/folder");
    for (path, why) in [(&mine, "is there already"), (&missing, "No such file")] {
        let (config, path) = (config.to_str().unwrap(), path.to_str().unwrap());
        let output = meshbot(&["run", "--config", config, "--record", path])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().last().unwrap_or_default();
        assert!(line.contains(why) && line.contains(path), "{said}");
    }
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "dear diary");
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn a_full_disk_ends_the_recording_and_not_the_bot() {
    let folder = tempfile::tempdir().unwrap();
    let node = Server::local(Settings::default()).unwrap();
    let config = folder.path().join("meshbot.toml");
    let text = format!("{}\n[store]\nenabled = false\n", in_front_of(&node));
    std::fs::write(&config, text).unwrap();
    let path = folder.path().join("recording");
    let (config, record) = (config.to_str().unwrap(), path.to_str().unwrap());
    // Four blocks: less than the node says at the beginning.
    let args = ["run", "--config", config, "--record", record];
    let mut program = Program::start(limited(4, &args).stderr(Stdio::piped()));
    program.read_until("the recording ends, the bot goes on");
    node.with(|node, now| {
        let alice = node.people()[0].num;
        node.hear_text(now, Said::on_channel(alice, 0, "/ping"));
    });
    node.wait_for(SOON, |node| {
        let mut sent = node.on_air().into_iter();
        sent.any(|sent| sent.by_client && sent.text().is_some())
            .then_some(())
    })
    .expect("no answer");
    assert_eq!(program.terminate().1, Some(0));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 2_048);
    assert!(Recording::parse(&std::fs::read_to_string(&path).unwrap()).is_ok());
}

/// The program plays a recording to a bot, says what came of it and ends.
#[test]
fn the_program_plays_a_recording_and_ends() {
    let folder = tempfile::tempdir().unwrap();
    // A handshake, and half a second later the node closes.
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions/found");
    let whole = std::fs::read_to_string(found.join("r1-five-hops.jsonl")).unwrap();
    let mut text: String = (whole.lines().take(60))
        .filter(|line| line.contains("\"t0\"") || line.starts_with("{\"t\": 0."))
        .map(|line| format!("{line}\n"))
        .collect();
    text.push_str("{\"t\": 1.5, \"ev\": \"daemon closed\"}\n");
    let recording = folder.path().join("recording");
    std::fs::write(&recording, text).unwrap();
    let record = recording.to_str().unwrap();
    let args = ["sim", "--replay", record, "--listen", "127.0.0.1:0"];
    let mut node = Program::start(meshbot(&args).stdout(Stdio::piped()));
    let mut lines = BufReader::new(node.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    assert!(
        first.starts_with("recorded node with 1 connections"),
        "{first}"
    );
    let port = first.rsplit(':').next().unwrap().parse().unwrap();
    let running = recording_bot(port, folder.path().join("again"));
    let last = lines.next().unwrap().unwrap();
    assert!(last.starts_with("played 1 connections"), "{last}");
    assert!(last.contains(" 0 things"), "{last}");
    assert_eq!(node.code(), Some(0));
    running.stop();

    let nothing = folder.path().join("nothing");
    std::fs::write(&nothing, "dear diary\n").unwrap();
    for (path, why) in [(&nothing, "line 1: this is no line"), (&found, "directory")] {
        let path = path.to_str().unwrap();
        let output = meshbot(&["sim", "--replay", path, "--listen", "127.0.0.1:0"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{path}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.lines().count() == 1 && said.contains(why), "{said}");
    }
}

/// Whoever plays it twice sees the same twice.
#[test]
fn a_recording_gives_the_same_each_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions/found");
    for name in ["r2-no-channel", "c3-torn-header-512"] {
        let told = [(); 2].map(|()| {
            let recording = read(&folder.join(name).with_extension("jsonl"));
            let replay = Replay::sent_in(recording, 15.0);
            let tally = replay.bot().tally();
            format!("{:?} {:?} {tally:?}", replay.sent, replay.events)
        });
        assert!(told[0].len() > 1_000 && told[0] == told[1], "{name}");
    }
}

/// A recording of `tests/sessions/found`, and what came of it: the answers with
/// their hop limits, and the lines of the log that are warnings or worse.
fn found(name: &str) -> (Vec<(Answer, u32)>, Vec<String>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions/found");
    let recording = read(&folder.join(name).with_extension("jsonl"));
    logs::begin();
    let replay = Replay::sent_in(recording, 15.0);
    let lines = logs::take();
    assert!(replay.verdicts.is_empty(), "{name}: {:?}", replay.verdicts);
    let answers = replay.sent.iter().filter_map(|(_, sent)| {
        let To::Packet(packet) = sent else {
            return None;
        };
        Some((answer(sent)?, packet.hop_limit))
    });
    let answers = answers.collect();
    let warnings = lines.into_iter().filter(|it| it.0 <= Level::Warn);
    (answers, warnings.map(|it| it.1).collect())
}

const EVERYBODY: u32 = u32::MAX;
const CAROL: u32 = 0x2222_0005;

/// R1: five relays lie between him and the bot, and its node is set to three.
#[test]
fn somebody_five_hops_away_is_answered() {
    let (answers, warnings) = found("r1-five-hops");
    let [((to, reply, _), hop_limit)] = &answers[..] else {
        panic!("{answers:?}");
    };
    assert_eq!((*to, *reply), (EVERYBODY, 0x17b2_dfb5));
    assert_eq!(*hop_limit, 5);
    assert!(warnings.is_empty(), "{warnings:?}");
}

/// R2: the node of whoever asked was flashed anew and has another key.
#[test]
fn an_answer_that_its_reader_cannot_read_is_known_as_such() {
    for name in ["r2-no-channel", "r2-no-key"] {
        let (answers, warnings) = found(name);
        let ((to, reply, text), _) = &answers[0];

        assert_eq!((*to, *reply), (CAROL, 0x17b2_e001), "{name}");
        assert!(text.contains("pong"), "{name}: {text}");
        assert!(!warnings.is_empty(), "{name}: {warnings:?}");
    }
}

/// R5: the same sentence of the node 41 times in half a minute.
#[test]
fn a_node_that_repeats_itself_is_logged_once() {
    let (answers, warnings) = found("r5-notifications");
    assert!(answers.is_empty(), "{answers:?}");
    assert_eq!(warnings.len(), 41, "{warnings:?}");
    // Here they are seen before the logger thins them out.
    let mut thin = Thin::new(Duration::ZERO);
    let written = (0..).zip(&warnings).filter(|(count, text)| {
        assert!(text.contains("Duty cycle limit exceeded"), "{text}");
        let line = Line {
            level: Level::Warn,
            place: 1,
            contract: false,
            text,
            bytes: text.len(),
        };
        thin.admits(Duration::from_millis(count * 780), line)
    });
    assert_eq!(written.count(), 1);
}

/// C3: the header promises more bytes than ever come.
#[test]
fn the_question_behind_a_torn_header_is_answered() {
    for name in ["c3-torn-header-256", "c3-torn-header-512"] {
        let (answers, _) = found(name);
        assert_eq!(answers.len(), 1, "{name}: {answers:?}");
        assert_eq!(answers[0].0.1, 0x17b2_dff0, "{name}");
    }
}

/// Every file there is played by one of these.
#[test]
fn nothing_that_was_found_lies_there_unplayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sessions/found");
    let source = include_str!("sent_in.rs");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(source.contains(&format!("\"{name}\"")), "{name}");
        files += 1;
    }
    assert!(files >= 6, "{files}");
}
