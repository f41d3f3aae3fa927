//! `meshbot ask` as a person meets it: what it prints, where, and its exit code.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use meshbot::app;
use meshbot::bot::all;
use meshbot::config::Config;
use meshbot::sim::{Fault, Handle, Server, Settings};

use super::{SOON, node};

/// Runs `meshbot ask` in a folder, where it looks for a configuration.
fn ask(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_meshbot"))
        .arg("ask")
        .args(args)
        .current_dir(folder)
        .env_remove("STATE_DIRECTORY")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn configured(own: &Handle, more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let port = own.addr().port();
    let config = format!("[node]\nhost = \"localhost\"\nport = {port}\n{more}");
    std::fs::write(folder.path().join("meshbot.toml"), config).unwrap();
    folder
}

#[test]
fn another_node_is_asked_and_the_own_one_never() {
    let (own, hill) = (node(), Server::local(Settings::default()).unwrap());
    let at = hill.addr().to_string();
    let folder = configured(&own, &format!("[remote]\nhill = \"{at}\""));
    for (args, first, lines) in [
        (
            &[at.as_str(), "nodes"][..],
            "Meshtastic c3d4 (c3d4) !a1b2c3d4 knows 15 other nodes",
            17,
        ),
        (
            &["hill", "nodes"],
            "Meshtastic c3d4 (c3d4) !a1b2c3d4 knows 15 other nodes",
            17,
        ),
        (&["hill", "channels"], "0  LongFast     primary", 8),
        (
            &["hill", "info"],
            "node      Meshtastic c3d4 (c3d4) !a1b2c3d4",
            9,
        ),
    ] {
        let output = ask(folder.path(), args);
        let (out, err) = (text_of(&output.stdout), text_of(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{err}");
        assert_eq!(err, "");
        assert_eq!(out.lines().next(), Some(first));
        assert_eq!(out.lines().count(), lines, "{out}");
    }
    hill.wait_for(SOON, |node| (node.counters().open == 0).then_some(()))
        .unwrap();
    hill.with(|node, _| {
        assert_eq!(node.counters().accepts, 4);
        assert_eq!(node.counters().disconnects, 4);
    });
    let port = own.addr().port();
    for host in [
        "localhost",
        "LOCALHOST.",
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "0x7f.1",
    ] {
        let output = ask(folder.path(), &[&format!("{host}:{port}"), "info"]);
        assert_eq!(output.status.code(), Some(1), "{host}");
        assert_eq!(text_of(&output.stdout), "");
        let err = text_of(&output.stderr);
        assert!(err.contains("the bot's own node"), "{err}");
        assert_eq!(err.lines().count(), 1);
    }
    own.with(|node, _| assert_eq!(node.counters().accepts, 0));
}

#[test]
fn the_number_of_the_own_node_is_known_from_the_history() {
    let own = node();
    let folder = configured(&own, "");
    let path = folder.path().join("meshbot.toml");
    let database = folder.path().join("meshbot.db");
    let more = format!("[store]\npath = '{}'\n", database.display());
    let text = std::fs::read_to_string(&path).unwrap() + &more;
    std::fs::write(path, &text).unwrap();
    let config = Config::parse(&text, "test.toml").unwrap();
    let running = app::start(&config, all::registry(), Arc::new(|| {})).unwrap();
    own.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .unwrap();
    running.stop();
    // The same number behind another port.
    let twin = node();
    let output = ask(folder.path(), &[&twin.addr().to_string(), "info"]);
    let err = text_of(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(
        err.contains("the bot's own node !a1b2c3d4; hung up"),
        "{err}"
    );
    twin.wait_for(SOON, |node| (node.counters().open == 0).then_some(()))
        .unwrap();
    twin.with(|node, _| assert_eq!(node.counters().disconnects, 1));
}

#[test]
fn without_a_configuration_it_says_which_nodes_are_refused() {
    let hill = node();
    let folder = tempfile::tempdir().unwrap();
    // The template's host is nobody's.
    for config in [None, Some(Config::template())] {
        let path = folder.path().join("meshbot.toml");
        if let Some(config) = config {
            std::fs::write(path, config).unwrap();
        } else if Path::new("/etc/meshbot/meshbot.toml").exists() {
            continue;
        }
        let output = ask(folder.path(), &[&hill.addr().to_string(), "info"]);
        assert_eq!(output.status.code(), Some(0));
        let err = text_of(&output.stderr);
        assert!(
            err.contains("only nodes of bots that run here are refused"),
            "{err}"
        );
    }
}

#[test]
fn what_goes_wrong_has_its_exit_code_and_one_line() {
    let own = node();
    let folder = configured(&own, "");
    let broken = configured(&own, "[remote]\nHill = 1");
    let locked = Server::local(Settings {
        locked: true,
        ..Settings::default()
    })
    .unwrap();
    let closes = node();
    closes.with(|node, now| node.fault(now, Fault::CloseInNodes(3)));
    let locked_at = locked.addr().to_string();
    for (folder, args, code, part) in [
        (
            &folder,
            &["127.0.0.1:1", "info"][..],
            1,
            "127.0.0.1:1: no connection: Connection refused",
        ),
        (
            &folder,
            &[closes.addr().to_string().as_str(), "nodes"],
            1,
            "the node closed before its answer was complete",
        ),
        (
            &folder,
            &[locked_at.as_str(), "channels"],
            0,
            "this node is locked",
        ),
        (&folder, &["::1", "info"], 2, "HOST expects"),
        (
            &folder,
            &["hill", "info", "--config", "/nonexistent.toml"],
            78,
            "there is no such file",
        ),
        (
            &broken,
            &["hill", "info"],
            78,
            "remote.Hill: expected a name",
        ),
    ] {
        let output = ask(folder.path(), args);
        let err = text_of(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {err}");
        assert!(err.contains(part), "{args:?}: {err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
}
