//! What the command line understands, and the sentences for what it does not.

use std::os::unix::ffi::OsStringExt;

use super::sim::HELP_SIM;
use super::*;

fn read(line: &str) -> Result<Command, String> {
    parse(line.split_whitespace().map(OsString::from)).map_err(|e| e.0)
}

fn refused(line: &str) -> String {
    read(line).expect_err(line)
}

#[test]
fn run_is_the_default() {
    let run = |config: Option<&str>| {
        Ok(Command::Run {
            config: config.map(PathBuf::from),
            record: None,
        })
    };
    assert_eq!(read(""), run(None));
    assert_eq!(read("run"), run(None));
    assert_eq!(read("--config a.toml"), run(Some("a.toml")));
    assert_eq!(read("run --config=a.toml"), run(Some("a.toml")));
    assert_eq!(read("run -c a.toml"), run(Some("a.toml")));
    assert_eq!(read("run --config a --config b"), run(Some("b")));
}

#[test]
fn the_other_commands_are_read() {
    let demo = |verbose, config: Option<&str>| {
        let config = config.map(PathBuf::from);
        Ok(Command::Demo { verbose, config })
    };
    assert_eq!(read("demo"), demo(false, None));
    assert_eq!(read("demo --verbose"), demo(true, None));
    assert_eq!(read("demo -c a.toml -v"), demo(true, Some("a.toml")));
    assert_eq!(read("config"), Ok(Command::Config));
    assert_eq!(read("check"), Ok(Command::Check { config: None }));
    let config = Some("x".into());
    assert_eq!(read("check --config x"), Ok(Command::Check { config }));
}

#[test]
fn the_simulated_node_takes_its_options() {
    assert_eq!(read("sim"), Ok(Command::Sim(Sim::default())));
    let line = "sim --listen [::1]:0 --nodes 249 --seed 18446744073709551615 \
                --firmware 2.8 --no-latency --quiet-mesh";
    let sim = Sim {
        listen: "[::1]:0".parse().unwrap(),
        nodes: 249,
        seed: u64::MAX,
        firmware: Firmware::V2_8,
        no_latency: true,
        quiet_mesh: true,
        replay: None,
    };
    assert_eq!(read(line), Ok(Command::Sim(sim)));
    let sim = Sim {
        listen: "127.0.0.1:0".parse().unwrap(),
        replay: Some("a".into()),
        ..Sim::default()
    };
    assert_eq!(
        read("sim --replay a --listen 127.0.0.1:0"),
        Ok(Command::Sim(sim))
    );
    for line in [
        "sim --replay a --seed 3",
        "sim --quiet-mesh --replay a",
        "sim --replay=",
    ] {
        assert!(refused(line).contains("--replay"), "{line}");
    }
}

#[test]
fn help_and_version_are_everywhere() {
    assert_eq!(read("--help"), Ok(Command::Help(HELP)));
    assert_eq!(read("-h"), Ok(Command::Help(HELP)));
    assert_eq!(read("help"), Ok(Command::Help(HELP)));
    for (name, text) in [
        ("run", HELP_RUN),
        ("demo", HELP_DEMO),
        ("sim", HELP_SIM),
        ("check", HELP_CHECK),
        ("config", HELP_CONFIG),
        ("db", db::HELP_DB),
        ("ask", ask::HELP_ASK),
    ] {
        assert_eq!(read(&format!("{name} --help")), Ok(Command::Help(text)));
        assert_eq!(read(&format!("help {name}")), Ok(Command::Help(text)));
        assert!(text.starts_with(&format!("usage: meshbot {name}")));
        assert!(HELP.contains(&format!("\n  {name} ")), "{name}");
    }
    assert_eq!(read("-V"), Ok(Command::Version));
    assert_eq!(read("sim --version"), Ok(Command::Version));
}

#[test]
fn help_fits_a_terminal() {
    for text in [
        HELP,
        HELP_RUN,
        HELP_DEMO,
        HELP_SIM,
        HELP_CHECK,
        HELP_CONFIG,
        db::HELP_DB,
        ask::HELP_ASK,
    ] {
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
        assert!(text.ends_with('\n'));
    }
}

#[test]
fn mistakes_are_named() {
    for (line, sentence) in [
        (
            "rnu",
            "unknown command \"rnu\", expected run, demo, sim, check, config, db or ask",
        ),
        (
            "help me",
            "unknown command \"me\", expected run, demo, sim, check, config, db or ask",
        ),
        ("--confg x", "unknown option \"--confg\""),
        ("run --config", "--config needs a value"),
        ("run --config=", "--config needs the path of a file"),
        ("run now", "unexpected argument \"now\""),
        ("--config x run", "unexpected argument \"run\""),
        ("demo --verbose=1", "--verbose takes no value, found \"1\""),
        ("demo -x", "unknown option \"-x\""),
        ("demo --config", "--config needs a value"),
        ("config file", "unexpected argument \"file\""),
        (
            "sim --nodes 250",
            "--nodes expects a number from 0 to 249, found \"250\"",
        ),
        (
            "sim --nodes -1",
            "--nodes expects a number from 0 to 249, found \"-1\"",
        ),
        (
            "sim --firmware 2.6",
            "--firmware expects 2.7 or 2.8, found \"2.6\"",
        ),
        (
            "sim --listen localhost",
            "--listen expects an address with a port, such as 127.0.0.1:4403 or \
             [::1]:4403, found \"localhost\"",
        ),
        (
            "sim --seed x",
            "--seed expects a number from 0 to 18446744073709551615, found \"x\"",
        ),
    ] {
        assert_eq!(refused(line), sentence);
    }
}

#[test]
fn odd_bytes_make_one_line_too() {
    for word in [&b"\xff\n"[..], b"--\xff\n", b"-\n"] {
        let error = parse([OsString::from_vec(word.to_vec())]).expect_err("odd");
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    let path = OsString::from_vec(b"\xff.toml".to_vec());
    assert_eq!(
        parse(["--config".into(), path.clone()]),
        Ok(Command::Run {
            config: Some(path.into()),
            record: None,
        })
    );
}

#[test]
fn a_recording_needs_a_file_and_has_a_size() {
    let run = |path: &str, limit| {
        let path = path.into();
        Ok(Command::Run {
            config: None,
            record: Some(Target { path, limit }),
        })
    };
    assert_eq!(read("--record a"), run("a", 16));
    assert_eq!(read("run --record=a --record-limit 2"), run("a", 2));
    for line in [
        "run --record",
        "run --record=",
        "run --record-limit 2",
        "run --record a --record-limit 0",
        "run --record a --record-limit 1025",
        "run --record a --record-limit much",
        "demo --record a",
    ] {
        assert!(refused(line).contains("record"), "{line}");
    }
    assert!(HELP_RUN.contains(&format!("1 to 1024 MiB ({LIMIT_MIB})")));
}

#[test]
fn the_version_is_the_package_s() {
    assert!(VERSION.starts_with("meshbot 0.") && VERSION.ends_with('\n'));
}
