//! The program among the others of its machine: signals, terminals, limits.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use meshbot::sim::{Handle, Said, Server, Settings};
use rustix::process::{Resource, Rlimit, Signal, prlimit};

use crate::support::program::{Program, SOON, configured, ignoring, in_front_of, limited, meshbot};

fn node() -> Handle {
    Server::local(Settings::default()).unwrap()
}

/// Waits until the bot has its link and the back-log has drained.
fn settle(node: &Handle) {
    node.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .expect("the bot did not ask for the node list");
}

/// Somebody asks on the channel; whether he is answered.
fn is_answered(node: &Handle, line: &str) -> bool {
    node.with(|node, now| {
        let _ = node.on_air();
        let alice = node.people()[0].num;
        node.hear_text(now, Said::on_channel(alice, 0, line));
    });
    node.wait_for(SOON, |node| {
        let sent = node.on_air();
        let mut texts = sent.iter().filter(|sent| sent.by_client);
        texts.find(|sent| sent.text().is_some()).map(drop)
    })
    .is_some()
}

/// A closed terminal, somebody's wrong `kill`, a program that sends what another
/// one wants: none of it is meant as the end.
#[test]
fn a_signal_that_means_nothing_ends_nothing() {
    let node = node();
    let (_folder, path) = configured(&in_front_of(&node));
    let program = Program::run_until(&path, "Link ready");
    settle(&node);
    for signal in [
        Signal::HUP,
        Signal::USR1,
        Signal::USR2,
        Signal::PIPE,
        Signal::IO,
        Signal::XFSZ,
    ] {
        program.signal(signal);
    }
    assert!(is_answered(&node, "/ping"));
    node.with(|node, _| assert_eq!(node.counters().accepts, 1));
    assert_eq!(program.terminate().1, Some(0));
}

#[test]
fn limits_of_time_and_a_failing_power_supply_end_it_in_order() {
    let all: Vec<_> = [
        Signal::INT,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
        Signal::POWER,
    ]
    .into_iter()
    .map(|signal| {
        let node = node();
        let (folder, path) = configured(&in_front_of(&node));
        let program = Program::start(meshbot(&["run", "--config", &path]).stderr(Stdio::null()));
        (signal, node, program, folder)
    })
    .collect();
    for (signal, node, program, _folder) in all {
        settle(&node);
        let (took, code) = program.end_by(signal);
        assert_eq!(code, Some(0), "{signal:?}");
        assert!(took < Duration::from_secs(2), "{signal:?}: {took:?}");
        node.with(|node, _| assert_eq!(node.counters().disconnects, 1, "{signal:?}"));
    }
}

/// The log cannot be written any more, and the bot goes on.
#[test]
fn a_terminal_that_is_closed_does_not_end_the_bot() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let screen = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let node = node();
    let (_folder, path) = configured(&in_front_of(&node));
    let program = Program::start(
        meshbot(&["run", "--config", &path])
            .stdin(screen.try_clone().unwrap())
            .stdout(screen.try_clone().unwrap())
            .stderr(screen),
    );
    settle(&node);
    drop(terminal);
    program.signal(Signal::HUP);
    for _ in 0..2 {
        assert!(is_answered(&node, "/ping"));
    }
    node.with(|node, _| assert_eq!(node.counters().accepts, 1));
    assert_eq!(program.terminate().1, Some(0));
}

/// What somebody watches ends with his terminal, unless he has said `nohup`.
#[test]
fn what_is_watched_ends_with_its_terminal() {
    let begin = |mut program: Program| {
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let (_, address) = line.split_once("listening on ").unwrap();
        (program, address.to_owned())
    };
    let args = ["sim", "--listen", "127.0.0.1:0"];
    let (watched, _) = begin(Program::start(meshbot(&args).stdout(Stdio::piped())));
    assert_eq!(watched.end_by(Signal::HUP).1, Some(0));

    let (left, address) = begin(Program::start(
        ignoring("HUP", &args).stdout(Stdio::piped()),
    ));
    left.signal(Signal::HUP);
    let folder = tempfile::tempdir().unwrap();
    let asked = meshbot(&["ask", &address, "info"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stderr);
    assert_eq!(asked.status.code(), Some(0), "{said}");
    assert_eq!(left.terminate().1, Some(0));
}

/// With no file at all, and with one that may not grow any more.
#[test]
fn a_limit_of_file_sizes_costs_the_history_and_not_the_bot() {
    for (from_the_start, sentence) in [
        (true, "the bot goes on without a history"),
        (false, "the history cannot be written"),
    ] {
        let node = node();
        let (_folder, path) = configured(&in_front_of(&node));
        let args = ["run", "--config", &path];
        let mut command = match from_the_start {
            true => limited(0, &args),
            false => meshbot(&args),
        };
        let mut program = Program::start(command.stderr(Stdio::piped()));
        let log = program.hear();
        settle(&node);
        let nothing = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        prlimit(Some(program.pid()), Resource::Fsize, nothing).unwrap();
        assert!(is_answered(&node, "/ping"), "{sentence}");
        node.with(|node, _| assert_eq!(node.counters().accepts, 1));
        assert_eq!(program.terminate().1, Some(0), "{sentence}");
        let log = log.join().unwrap();
        assert_eq!(log.matches(sentence).count(), 1, "{log}");
    }
}

/// A copy that is too large is an error, and no half a copy.
#[test]
fn a_copy_beyond_the_limit_of_file_sizes_is_an_error() {
    let node = node();
    let (folder, path) = configured(&in_front_of(&node));
    let program = Program::run_until(&path, "Link ready");
    settle(&node);
    assert_eq!(program.terminate().1, Some(0));
    let copy = folder.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let args = ["db", "backup", copy, "--config", &path];
    let output = limited(8, &args).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{:?}", output.status);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!std::path::Path::new(copy).exists());
}
