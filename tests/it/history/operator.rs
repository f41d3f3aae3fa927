//! `meshbot db`, and the running program with and without a history.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use meshbot::app;
use meshbot::bot::all;
use meshbot::config::Config;
use meshbot::sim::{Said, Server, Settings};
use meshbot::store::history::{self, Limits, Writer};
use serde_json::Value;

use super::traffic::Mesh;
use super::{is_sound, number, packets, place, writer};
use crate::support::logs;

/// A day of a mesh, still open for writing.
fn day(path: &Path) -> Writer {
    day_of(path, &mut Mesh::new(21))
}

fn day_of(path: &Path, mesh: &mut Mesh) -> Writer {
    let mut writer = writer(path);
    for _ in 0..24 * 60 {
        if let Some(batch) = mesh.minute(2) {
            writer.apply(&batch).unwrap();
        }
    }
    writer.apply(&mesh.flush().unwrap()).unwrap();
    writer
}

/// `meshbot db` with a configuration beside the database at `path`.
fn db(path: &Path, words: &[&str]) -> Output {
    db_with(path, "", words)
}

/// The same with something more in its `[store]`.
fn db_with(path: &Path, store: &str, words: &[&str]) -> Output {
    let config = path.with_file_name("meshbot.toml");
    let text = format!(
        "[node]\nhost = \"node.invalid\"\n[store]\npath = '{}'\n{store}\n",
        path.display()
    );
    std::fs::write(&config, text).unwrap();
    Command::new(env!("CARGO_BIN_EXE_meshbot"))
        .arg("db")
        .args(words)
        .arg("--config")
        .arg(&config)
        .env_remove("STATE_DIRECTORY")
        .output()
        .unwrap()
}

fn text(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_operator_looks_exports_and_copies_while_the_bot_writes() {
    let (folder, path) = place();
    let writer = day(&path);
    let stats = text(&db(&path, &["stats"]));
    assert!(
        stats.contains("packets   2880 from 2036-07-18 13:20Z"),
        "{stats}"
    );
    assert!(stats.contains("heard by  !00c0ffee"), "{stats}");

    let json: Value = serde_json::from_str(&text(&db(&path, &["export", "--json"]))).unwrap();
    assert_eq!(json["packets"].as_array().unwrap().len(), 2_880);
    let nodes = json["nodes"].as_array().unwrap();
    assert!(nodes.len() > 200);
    let key = nodes.iter().find_map(|node| node["public_key"].as_str());
    assert_eq!(key.map(str::len), Some(64));
    assert_eq!(json["errors"], Value::Array(Vec::new()));

    let csv = text(&db(&path, &["export", "--csv"]));
    let mut lines = csv.lines();
    let columns = lines.next().unwrap();
    assert!(
        columns.starts_with("time,own,node,short_name,long_name,dest,port,"),
        "{columns}"
    );
    let first = lines.next().unwrap();
    assert!(first.starts_with("2100000030,!00c0ffee,!"), "{first}");
    assert_eq!(lines.count(), 2_879);

    let copy = folder.path().join("copy.db");
    let name = copy.display().to_string();
    text(&db(&path, &["backup", &name]));
    assert!(is_sound(&copy));
    assert_eq!(packets(&copy).len(), 2_880);
    let again = db(&path, &["backup", &name]);
    assert_eq!(again.status.code(), Some(1), "a file is never written over");
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(said.contains("exists already"), "{said}");
    drop(writer);
}

#[test]
fn the_operator_prunes_while_the_bot_writes() {
    let (_folder, path) = place();
    // From two and a half days ago to one and a half, by this machine's clock.
    let today = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let mut mesh = Mesh::new(21);
    mesh.now.unix = today - 60 * 3_600;
    let mut writer = day_of(&path, &mut mesh);
    let packets = |path: &Path| packets(path).len();
    text(&db(&path, &["prune"]));
    assert_eq!(packets(&path), 2_880, "nothing is too old yet");
    let before = std::fs::metadata(&path).unwrap().len();
    text(&db_with(&path, "keep = \"1d\"", &["prune"]));
    assert_eq!(packets(&path), 0);
    let after = std::fs::metadata(&path).unwrap().len();
    assert!(after < before / 2, "{before} bytes before, {after} after");
    assert!(number(&path, "SELECT count(*) FROM nodes") > 200);
    // The bot goes on, none the wiser.
    let _ = mesh.minute(20);
    writer.apply(&mesh.flush().unwrap()).unwrap();
    assert_eq!(packets(&path), 20);
    drop(writer);
    assert!(is_sound(&path));
}

#[test]
fn without_a_history_it_says_so_and_makes_none() {
    let (_folder, path) = place();
    for words in [
        &["stats"][..],
        &["export", "--csv"],
        &["backup", "x"],
        &["prune"],
    ] {
        let output = db(&path, words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("there is no such file"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!path.exists());
    }
    std::fs::write(&path, "no database at all, ".repeat(100)).unwrap();
    for words in [&["stats"][..], &["export", "--json"]] {
        assert_eq!(db(&path, words).status.code(), Some(1), "{words:?}");
        assert!(path.exists());
    }
}

const SOON: Duration = Duration::from_secs(20);

/// Starts the real threads with `store` as their `[store]`, asks one question,
/// and stops them.
fn live(store: &str) {
    live_until(store, || {});
}

/// The same, with something that happens right before the end.
fn live_until(store: &str, happens: impl FnOnce()) {
    let handle = Server::local(Settings::default()).unwrap();
    let text = format!(
        "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\n{store}\n",
        handle.addr().port()
    );
    let config = Config::parse(&text, "test.toml").unwrap();
    let running = app::start(&config, all::registry(), Arc::new(|| {})).unwrap();
    handle
        .wait_for(SOON, |node| {
            (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
        })
        .unwrap();
    handle.with(|node, now| {
        let alice = node.people()[0].num;
        node.hear_text(now, Said::on_channel(alice, 0, "/ping"));
    });
    let answer = handle.wait_for(SOON, |node| {
        let mut on_air = node.on_air().into_iter();
        on_air.find_map(|sent| sent.text().filter(|_| sent.by_client).map(str::to_owned))
    });
    assert!(answer.unwrap().contains("pong"));
    happens();
    running.stop();
    handle.stop();
}

/// Packets with a text that are kept.
fn texts(path: &Path) -> usize {
    packets(path).iter().filter(|heard| heard.port == 1).count()
}

#[test]
fn what_waits_is_written_when_the_program_stops() {
    let (_folder, path) = place();
    live(&format!("path = '{}'", path.display()));
    assert!(
        !history::disk::beside(&path, "-wal").exists(),
        "closed in order"
    );
    assert_eq!(texts(&path), 1);
    let opened = history::open(&path, Limits::default()).unwrap();
    assert!(opened.nodes.len() > 10);
    // And once more, with what is known.
    drop(opened);
    live(&format!("path = '{}'", path.display()));
    assert_eq!(texts(&path), 2);
}

/// The program does not wait for a card that hangs, but it says what that costs.
#[test]
fn what_is_not_written_in_time_is_said() {
    let (_folder, path) = place();
    drop(writer(&path));
    let other = rusqlite::Connection::open(&path).unwrap();
    logs::begin();
    live_until(&format!("path = '{}'", path.display()), || {
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
    });
    let said = logs::take();
    assert_eq!(logs::count(&said, "still busy: store"), 1, "{said:?}");
    assert_eq!(logs::count(&said, "may be lost"), 1, "{said:?}");
}

#[test]
fn a_second_bot_with_the_same_history_says_so_once() {
    let (_folder, path) = place();
    let first = day(&path);
    logs::begin();
    live(&format!("path = '{}'", path.display()));
    let said = logs::take();
    assert_eq!(
        logs::count(&said, "another meshbot is writing it"),
        1,
        "{said:?}"
    );
    assert_eq!(
        logs::count(&said, "goes on without a history"),
        1,
        "{said:?}"
    );
    drop(first);
    assert_eq!(packets(&path).len(), 2_880);
}

#[test]
fn without_a_place_for_it_the_bot_goes_on_and_says_so_once() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing").join("meshbot.db");
    logs::begin();
    live(&format!("path = '{}'", missing.display()));
    let said = logs::take();
    assert_eq!(logs::count(&said, "goes on without a history"), 1);
}

#[test]
fn who_wants_no_history_has_none() {
    let (_folder, path) = place();
    logs::begin();
    live(&format!("enabled = false\npath = '{}'", path.display()));
    assert!(!path.exists());
    assert_eq!(logs::count(&logs::take(), "history"), 0);
}
