//! How soon the real program answers: always, after its start, and after the
//! node has dropped the link. And how seldom it wakes up while nothing happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use meshbot::proto::{self, mesh_packet};
use meshbot::sim::{Fault, Said, Settings};

use crate::program::{Program, SOON, quiet};
use crate::report::Outcome;

/// Questions asked while a stream runs.
const ASKED: usize = 12;
/// The stream, in packets a second; a mesh has less than one.
const STREAM: u64 = 200;
/// From a question heard by the node to the answer taken by it, in ms.
const LATENCY: f64 = 10.0;
const STARTS: usize = 9;
/// From the start of the process to the first answer on a processor, in ms.
const START: f64 = 10.0;
const DROPS: usize = 5;
/// From the loss of the link to an answer, in ms.
const RELINK: f64 = 1_500.0;
/// Length of the idle minute.
const IDLE: Duration = Duration::from_secs(60);
/// Packets that arrive alone.
const ALONE: u64 = 20;

pub fn latency() -> Vec<Outcome> {
    let program = Arc::new(Program::start(quiet(), ""));
    program.settle();
    let over = Arc::new(AtomicBool::new(false));
    let streaming = {
        let (program, over) = (Arc::clone(&program), Arc::clone(&over));
        std::thread::spawn(move || {
            for id in 1.. {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                program.node.with(|node, now| {
                    let from = node.people()[200].num;
                    node.force(now, position(from.0, id));
                });
                std::thread::sleep(Duration::from_micros(1_000_000 / STREAM));
            }
        })
    };
    let mut took: Vec<Duration> = (0..ASKED)
        .map(|nth| {
            let asker = program.person(nth);
            let asked = Instant::now();
            program.say(Said::on_channel(asker, 0, "/ping"));
            let text = program.next_text();
            let took = asked.elapsed();
            assert!(text.contains("pong"), "{text}");
            // The next text has to wait for its turn.
            std::thread::sleep(Duration::from_millis(2_700));
            took
        })
        .collect();
    over.store(true, Ordering::Relaxed);
    streaming.join().unwrap();
    took.sort();
    vec![Outcome::bound(
        format!(
            "a question among {STREAM} packets a second is answered within {:.2} ms at best, {:.2} ms at worst, in the middle",
            ms(took[0]),
            ms(took[ASKED - 1])
        ),
        ms(took[ASKED / 2]),
        LATENCY,
        "ms",
    )]
}

fn position(from: u32, id: u32) -> proto::MeshPacket {
    let place = proto::Position {
        latitude_i: Some(480_000_000),
        longitude_i: Some(20_000_000),
        ..proto::Position::default()
    };
    proto::MeshPacket {
        from,
        to: u32::MAX,
        id,
        rx_rssi: Some(-90),
        rx_snr: 5.0,
        hop_start: 3,
        hop_limit: 2,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: proto::PortNum::PositionApp as i32,
            payload: prost::Message::encode_to_vec(&place),
            bitfield: Some(1),
            ..proto::Data::default()
        })),
        ..proto::MeshPacket::default()
    }
}

pub fn start() -> Vec<Outcome> {
    let mut program = Program::start(quiet(), "");
    program.settle();
    let mut took: Vec<(Duration, Duration)> = (0..STARTS)
        .map(|nth| {
            program.stop();
            let began = Instant::now();
            program.again();
            let text = first_answer(&program, nth);
            assert!(text.contains("pong"), "{text}");
            // The node's share is not the bot's, and on a busy machine the rest
            // of the clock's time is others'.
            (program.cpu(), began.elapsed())
        })
        .collect();
    took.sort();
    let (cpu, _) = took[STARTS / 2];
    let wall = took.iter().map(|(_, wall)| *wall).min().unwrap();
    vec![Outcome::bound(
        format!(
            "from the start of the process to its first answer {:.1} ms by the clock in the best case of {STARTS}; the bot's own, in the middle",
            ms(wall)
        ),
        ms(cpu),
        START,
        "ms",
    )]
}

/// Asks as soon as the node has told its configuration.
fn first_answer(program: &Program, asker: usize) -> String {
    let asker = program.person(asker);
    let steady = program
        .node
        .wait_for(SOON, |node| node.steady().then_some(()));
    steady.expect("no handshake");
    program.say(Said::on_channel(asker, 0, "/ping"));
    program.next_text()
}

pub fn relink() -> Vec<Outcome> {
    let took = (0..DROPS).map(|nth| {
        let program = Program::start(quiet(), "");
        program.settle();
        let before = program.node.with(|node, _| node.counters().accepts);
        let dropped = Instant::now();
        program.node.with(|node, now| node.fault(now, Fault::Drop));
        let again = program.node.wait_for(SOON, |node| {
            (node.counters().accepts > before).then_some(())
        });
        again.expect("no new connection");
        let text = first_answer(&program, nth);
        assert!(text.contains("pong"), "{text}");
        dropped.elapsed()
    });
    let worst = took.max().unwrap();
    vec![Outcome::bound(
        format!("from the loss of an idle link to an answer, at worst of {DROPS}"),
        ms(worst),
        RELINK,
        "ms",
    )]
}

pub fn idle() -> Vec<Outcome> {
    let program = Program::start(
        Settings {
            nodes: 249,
            ..quiet()
        },
        "",
    );
    program.settle();
    // The back-log, the node list.
    std::thread::sleep(Duration::from_secs(10));
    let look = || {
        let beats = program.node.with(|node, _| node.counters().heartbeats);
        (program.switches(), beats)
    };
    let (before, beats) = look();
    std::thread::sleep(IDLE);
    let (after, more) = look();
    let switches: u64 = after.values().sum::<u64>() - before.values().sum::<u64>();
    let (before, beats, idle_beats) = (after, more, more - beats);
    let from = program.person(7);
    for id in 1..=ALONE {
        let packet = position(from.0, u32::try_from(id).unwrap());
        program.node.with(|node, now| node.force(now, packet));
        std::thread::sleep(Duration::from_secs(1));
    }
    let (after, more) = look();
    let of = |name: &str| after[name] - before[name];
    let others: u64 = after
        .keys()
        .filter(|name| !matches!(name.as_str(), "io" | "dispatch"))
        .map(|name| of(name))
        .sum();
    let by_beats = 2 * (more - beats);
    vec![
        Outcome::bound(
            format!(
                "{idle_beats} heartbeats within {} s; threads went to sleep",
                IDLE.as_secs()
            ),
            count(switches),
            count(2 * idle_beats),
            "times",
        ),
        Outcome::bound(
            format!(
                "{ALONE} packets, each alone, and {} heartbeats: io woke up {}, others than it and dispatch {others}, and dispatch",
                more - beats,
                of("io")
            ),
            count(of("dispatch").max(of("io").saturating_sub(by_beats)) + others * 100),
            count(ALONE),
            "times",
        ),
    ]
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn count(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}
