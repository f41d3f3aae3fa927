//! The program as a person or systemd meets it: arguments, exit codes, files,
//! signals.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use meshbot::sim::{Server, Settings, SimNode};
use meshbot::store::history::{claim, schema};

use crate::support::program::{Program, SOON, configured, meshbot};

fn output(args: &[&str]) -> Output {
    meshbot(args).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_wrong_command_line_is_one_sentence_and_exit_2() {
    for args in [&["fly"][..], &["run", "--speed"], &["sim", "--nodes", "x"]] {
        let output = output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
}

#[test]
fn a_wrong_configuration_is_one_line_and_exit_78() {
    for command in ["run", "check", "demo"] {
        let (_folder, path) = configured("[node]\nhost = \"x\"\nprot = 4403");
        let output = output(&[command, "--config", &path]);
        assert_eq!(output.status.code(), Some(78));
        let text = stderr(&output);
        assert!(
            text.contains("meshbot.toml:3:1: unknown field \"prot\", did you mean \"port\"?"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }
    let output = output(&["run", "--config", "/nonexistent/meshbot.toml"]);
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn an_unknown_command_in_the_configuration_is_found() {
    let (_folder, path) = configured("[node]\nhost = \"x\"\n[commands.pnig]\nenabled = false");
    let output = output(&["check", "--config", &path]);
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("ping"), "{}", stderr(&output));
    let tried = self::output(&["demo", "--config", &path]);
    assert_eq!(tried.status.code(), Some(78));
    assert_eq!(stderr(&tried), stderr(&output));
    assert!(tried.stdout.is_empty());
}

#[test]
fn a_demonstration_that_is_interrupted_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    let mut child = Program::start(
        meshbot(&["demo"])
            .env("TMPDIR", folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped()),
    );
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let begins = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("Alice")));
    assert!(begins.is_some());
    assert_eq!(left(), 1);
    let mut complaint = child.stderr.take().unwrap();
    assert_eq!(child.terminate().1, Some(1));
    assert_eq!(left(), 0);
    let mut said = String::new();
    std::io::Read::read_to_string(&mut complaint, &mut said).unwrap();
    assert_eq!(said, "meshbot: interrupted\n");
}

#[test]
fn the_template_is_the_repository_s() {
    let template = String::from_utf8(output(&["config"]).stdout).unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/meshbot.toml");
    assert_eq!(template, std::fs::read_to_string(file).unwrap());
}

#[test]
fn the_template_s_host_is_refused_by_run_and_check_alike() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/meshbot.toml");
    let said = ["run", "check"].map(|command| {
        let output = output(&[command, "--config", file]);
        assert_eq!(output.status.code(), Some(78), "{command}");
        assert!(output.stdout.is_empty());
        stderr(&output)
    });
    assert!(said[0].contains("[node] host"), "{}", said[0]);
    assert_eq!(said[0], said[1]);
}

/// The template is installed, and so is a program for another machine.
#[test]
fn a_first_installation_ends_well_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign");
    std::fs::write(&foreign, "\x7fELF, but not for us").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&foreign, mode).unwrap();
    let own = std::path::Path::new(env!("CARGO_BIN_EXE_meshbot"));
    for (binary, checked) in [(own, true), (foreign.as_path(), false)] {
        let destination = tempfile::tempdir().unwrap();
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/install.sh");
        let output = std::process::Command::new(script)
            .env("DESTDIR", destination.path())
            .arg("--binary")
            .arg(binary)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}");
        assert!(
            said.contains("not started: first write the address"),
            "{said}"
        );
        assert_eq!(!said.contains("does not run on this machine"), checked);
        let installed = destination.path().join("usr/local/bin/meshbot");
        assert!(installed.exists(), "{said}");
        // A mistake is not passed over.
        let config = destination.path().join("etc/meshbot/meshbot.toml");
        std::fs::write(&config, "[node]\nhots = 1").unwrap();
        let again = std::process::Command::new(script)
            .env("DESTDIR", destination.path())
            .arg("--binary")
            .arg(binary)
            .status()
            .unwrap();
        assert_eq!(again.success(), !checked);
    }
}

#[test]
fn what_has_no_end_is_no_configuration() {
    let output = output(&["check", "--config", "/dev/zero"]);
    assert_eq!(output.status.code(), Some(78));
    assert!(stderr(&output).contains("too long"), "{}", stderr(&output));
}

/// W16.
#[test]
fn a_wrong_time_zone_is_told_by_check() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("meshbot.toml");
    std::fs::write(&file, "node.host = \"192.0.2.1\"\n").unwrap();
    let told = |zone: &str| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_meshbot"))
            .args(["check", "--config"])
            .arg(&file)
            .env("TZ", zone)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let trouble = "TZ=Europe/Pari is no time zone that this system knows: hours are told in UTC";
    assert!(told("Europe/Pari").contains(trouble));
    for good in ["Europe/Paris", "UTC", "CET-1CEST,M3.5.0,M10.5.0/3", ""] {
        assert!(!told(good).contains("TZ="), "{good}");
    }
}

#[test]
fn check_never_connects() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (_folder, path) = configured(&format!("[node]\nhost = \"127.0.0.1\"\nport = {port}"));
    assert!(output(&["check", "--config", &path]).status.success());
    let error = listener.accept().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn check_tells_limits_and_channels_as_they_are() {
    let (_folder, path) = configured(
        "[node]\nhost = \"a\"\n[limits]\nper_sender = { count = 5, per = \"30s\" }\n\
         [channel.1]\ncommands = [\"ping\", \"my\"]\n[channel.2]\ncommands = []",
    );
    let shown = output(&["check", "--config", &path]);
    let shown = String::from_utf8_lossy(&shown.stdout);
    for part in [
        "5 per sender in 30s, 30 per channel in 10m, 60 in all in 10m, 1 /echo in 10m\n",
        "          on channel 1 only /my, /ping\n",
        "          on channel 2 nothing\n",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
}

/// `check` says what is wrong with the place of the history, and `run` goes on
/// without one for the same reason.
#[test]
fn a_path_where_nothing_can_lie_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().display();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    for (path, sentence) in [
        (
            format!("{base}"),
            format!("it is a folder: write the name of a file in it, such as {base}/meshbot.db"),
        ),
        (
            "~/no/meshbot.db".to_owned(),
            "~ does not stand for a home here: write the whole path".to_owned(),
        ),
        (
            format!("{base}/a/b/meshbot.db"),
            format!("the folder {base}/a/b does not exist: make it, with mkdir -p {base}/a/b, or"),
        ),
    ] {
        let config = folder.path().join("meshbot.toml");
        let text = format!("[node]\nhost = \"127.0.0.1\"\nport = {port}\n[store]\npath = '{path}'");
        std::fs::write(&config, text).unwrap();
        let config = config.display().to_string();
        let checked = output(&["check", "--config", &config]);
        assert_eq!(checked.status.code(), Some(0), "{path}");
        let said = String::from_utf8_lossy(&checked.stdout);
        assert_eq!(said.matches(&sentence).count(), 1, "{path}: {said}");
        assert!(!said.contains("os error"), "{said}");
        let mut child =
            Program::start(meshbot(&["run", "--config", &config]).stderr(Stdio::piped()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let log: Vec<String> = lines
            .by_ref()
            .map(Result::unwrap)
            .take_while(|line| !line.contains("TCP reconnect"))
            .collect();
        std::thread::spawn(move || lines.for_each(drop));
        assert_eq!(child.terminate().1, Some(0));
        let without: Vec<_> = log
            .iter()
            .filter(|line| line.contains("without a hist"))
            .collect();
        assert_eq!(without.len(), 1, "{log:?}");
        assert!(without[0].contains(&sentence), "{log:?}");
    }
}

/// A mute that is over is no news.
#[test]
fn the_log_speaks_of_a_mute_only_while_it_lasts() {
    for (until, is_told) in [(1_000, false), (4_000_000_000_u64, true)] {
        let (folder, path) = configured("[node]\nhost = \"127.0.0.1\"\nport = 9");
        let state = format!("muted_until = {until}\nmuted_for_ever = false\n");
        std::fs::write(folder.path().join("meshbot.state"), state).unwrap();
        let mut child = Program::start(meshbot(&["run", "--config", &path]).stderr(Stdio::piped()));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let told = lines
            .by_ref()
            .map(Result::unwrap)
            .take_while(|line| !line.contains("TCP reconnect"))
            .any(|line| line.contains("muted by the operator"));
        std::thread::spawn(move || lines.for_each(drop));
        assert_eq!(child.terminate().1, Some(0));
        assert_eq!(told, is_told, "{until}");
    }
}

#[test]
fn three_lines_are_enough_and_sigterm_ends_it_politely() {
    // J3, A20.
    let node = Server::local(Settings::default()).unwrap();
    let port = node.addr().port();
    let (_folder, path) = configured(&format!("[node]\nhost = \"127.0.0.1\"\nport = {port}"));
    let child = Program::run_until(&path, "✅ Link ready: ");
    let (took, code) = child.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    node.with(|node, _| assert_eq!(node.counters().disconnects, 1));
}

#[test]
fn an_unreachable_node_is_no_reason_to_end() {
    // A21: it is waited for, and found when it comes.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let port = addr.port();
    let (_folder, path) = configured(&format!("[node]\nhost = \"127.0.0.1\"\nport = {port}"));
    let child = Program::run_until(&path, "🔄 TCP reconnect #1 to 127.0.0.1");
    let server = Server::bind(&addr.to_string()).unwrap();
    let node = SimNode::new(Settings::default(), server.now());
    let node = server.start(node).unwrap();
    node.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .expect("the bot did not find its node");
    let (took, code) = child.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn the_log_never_holds_keys_or_direct_texts() {
    // L6: everything at debug level, and a direct message with a secret in it.
    let node = Server::local(Settings::default()).unwrap();
    let port = node.addr().port();
    let (_folder, path) = configured(&format!(
        "[node]\nhost = \"127.0.0.1\"\nport = {port}\n[log]\nlevel = \"trace\"\nconversations = true"
    ));
    let mut child = Program::start(meshbot(&["run", "--config", &path]).stderr(Stdio::piped()));
    let stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        BufReader::new(stderr)
            .split(b'\n')
            .map_while(Result::ok)
            .map(|line| String::from_utf8_lossy(&line).into_owned())
            .collect::<Vec<_>>()
    });
    node.wait_for(Duration::from_secs(20), |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .unwrap();
    node.with(|node, now| {
        let alice = node.people()[0].num;
        node.hear_text(
            now,
            meshbot::sim::Said::to_us(alice, "/echo my-secret-words"),
        );
    });
    node.wait_for(Duration::from_secs(20), |node| {
        (node.counters().texts_accepted > 0).then_some(())
    })
    .expect("no answer");
    let (_, code) = child.terminate();
    assert_eq!(code, Some(0));
    let log = reader.join().unwrap();
    assert!(log.iter().any(|line| line.contains("/echo")), "{log:?}");
    for line in &log {
        assert!(!line.contains("my-secret-words"), "{line}");
        assert!(!line.contains("sim-channel-key"), "{line}");
    }
}

/// What stands for systemd, and where it listens.
fn notified(folder: &tempfile::TempDir) -> (UnixDatagram, PathBuf) {
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let patience = Some(Duration::from_secs(20));
    socket.set_read_timeout(patience).unwrap();
    (socket, path)
}

/// Bringing a large history up to date takes a cheap card a while: systemd must
/// not take that for a program that hangs.
#[test]
fn systemd_knows_that_the_history_is_being_opened() {
    let node = Server::local(Settings::default()).unwrap();
    let port = node.addr().port();
    let (folder, path) = configured(&format!("[node]\nhost = \"127.0.0.1\"\nport = {port}"));
    // One of the first version, which is copied before it is brought up to date.
    let database = folder.path().join("meshbot.db");
    let mut conn = rusqlite::Connection::open(&database).unwrap();
    let mark = format!("PRAGMA application_id = {}", claim::APPLICATION_ID);
    conn.execute_batch(&mark).unwrap();
    schema::migrate(&mut conn, &database, &schema::STEPS[..1]).unwrap();
    drop(conn);
    let (socket, socket_path) = notified(&folder);
    let child = Program::start(
        meshbot(&["run", "--config", &path])
            .env("NOTIFY_SOCKET", &socket_path)
            .stderr(Stdio::null()),
    );
    let hear = || {
        let mut bytes = [0; 1_024];
        let length = socket.recv(&mut bytes).expect("silence");
        String::from_utf8_lossy(&bytes[..length])
            .trim_end()
            .to_owned()
    };
    assert_eq!(
        hear(),
        "STATUS=opening the history\nEXTEND_TIMEOUT_USEC=600000000"
    );
    assert_eq!(hear(), format!("STATUS=no link yet to 127.0.0.1:{port}"));
    // What took the time lies between the two.
    assert!(folder.path().join("meshbot.db.version-1").exists());
    let mut told = hear();
    while told != "READY=1" {
        assert!(told.starts_with("STATUS=connected to"), "{told}");
        told = hear();
    }
    assert_eq!(child.terminate().1, Some(0));
    // A bot without a history opens none.
    let without = std::fs::read_to_string(&path).unwrap() + "enabled = false\n";
    std::fs::write(&path, without).unwrap();
    while socket.set_nonblocking(true).is_ok() && socket.recv(&mut [0; 1_024]).is_ok() {}
    socket.set_nonblocking(false).unwrap();
    let child = Program::start(
        meshbot(&["run", "--config", &path])
            .env("NOTIFY_SOCKET", &socket_path)
            .stderr(Stdio::null()),
    );
    assert_eq!(hear(), format!("STATUS=no link yet to 127.0.0.1:{port}"));
    assert_eq!(child.terminate().1, Some(0));
}

#[test]
fn systemd_is_told_what_it_wants_to_know() {
    let node = Server::local(Settings::default()).unwrap();
    let port = node.addr().port();
    let (folder, path) = configured(&format!("[node]\nhost = \"127.0.0.1\"\nport = {port}"));
    let (socket, socket_path) = notified(&folder);
    let child = Program::start(
        meshbot(&["run", "--config", &path])
            .env("NOTIFY_SOCKET", &socket_path)
            .env("WATCHDOG_USEC", "300000")
            .stderr(Stdio::null()),
    );
    let mut told = String::new();
    let mut hear_until = |word: &str| {
        while !told.contains(word) {
            let mut bytes = [0; 1_024];
            let length = socket.recv(&mut bytes).expect(word);
            told.push_str(&String::from_utf8_lossy(&bytes[..length]));
            told.push('\n');
        }
    };
    hear_until("READY=1");
    hear_until("STATUS=connected to 127.0.0.1");
    hear_until("WATCHDOG=1");
    let (_, code) = child.terminate();
    assert_eq!(code, Some(0));
    hear_until("STOPPING=1");
}
