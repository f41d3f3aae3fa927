//! What the configuration accepts, and the line it prints for what it does not.

use std::io::Write;
use std::path::Path;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::weather::{Cell, Home};

use super::read::find_among;
use super::*;

/// Every key with a value that is not its default.
const KEYS: &str = r##"
language = "fr"
[node]
host = "[fe80::1%eth0]"
port = 4404
connect_timeout = "2.5s"
reconnect_max = "5m"
handshake = "full"
set_clock = true
[bot]
prefix = "!#"
channels = [2, 0, 2]
part_limit = 60
max_parts = 1
text_spacing = "3s"
command_age = "90s"
max_hops = 3
mqtt = "private"
contact = "Élodie, canal 0"
ping = "tapback"
distress = "Call 112."
[operator]
node = "!A1b2c3d4"
key = "ERERERERERERERERERERERERERERERERERERERERERE="
[limits]
per_sender = { count = 1, per = "1s" }
echo = { count = 1000, per = "24h" }
[commands.echo]
enabled = false
mode = "direct"
operator_only = true
[channel.7]
commands = ["ping", "help"]
[log]
level = "off"
conversations = true
direct_texts = true
[store]
path = "/var/tmp/x.db"
enabled = false
keep = "366d"
max_size = 16
texts = false
"##;

fn parse(text: &str) -> Config {
    Config::parse(text, "meshbot.toml").unwrap_or_else(|e| panic!("{e}"))
}

fn refuse(text: &str, line: Expect) {
    let error = Config::parse(text, "meshbot.toml").expect_err(text);
    line.assert_eq(&error.to_string());
}

/// A value in an otherwise good `[node]`.
fn refuse_node(value: &str, line: Expect) {
    refuse(&format!("[node]\nhost = \"radio\"\n{value}"), line);
}

/// A value in an otherwise good `[bot]`.
fn refuse_bot(value: &str, line: Expect) {
    refuse(&format!("node.host = \"radio\"\n[bot]\n{value}"), line);
}

#[test]
fn the_host_is_all_that_is_needed() {
    let config = parse("[node]\nhost = \"192.168.1.38\"\n");
    let mut expected = Config::default();
    "192.168.1.38".clone_into(&mut expected.node.host);
    expected.mentions.file = "meshbot.toml".into();
    assert_eq!(config, expected);
    assert!(!config.host_is_placeholder());
}

#[test]
fn every_key_reaches_its_field() {
    let config = parse(KEYS);
    assert_eq!(config.language, Lang::Fr);
    assert_eq!(
        config.node,
        Node {
            host: "fe80::1%eth0".into(),
            port: 4404,
            connect_timeout: Duration::from_millis(2_500),
            reconnect_max: Duration::from_secs(300),
            handshake: Handshake::Full,
            set_clock: true,
        }
    );
    assert_eq!(
        config.bot,
        Bot {
            prefix: "!#".into(),
            channels: Some([ChannelIndex(0), ChannelIndex(2)].into()),
            part_limit: 60,
            max_parts: 1,
            text_spacing: Duration::from_secs(3),
            command_age: Duration::from_secs(90),
            max_hops: 3,
            mqtt: Mqtt::Private,
            contact: "Élodie, canal 0".into(),
            ping: PingAnswer::Tapback,
            distress: "Call 112.".into(),
        }
    );
    let operator = config.operator.expect("an operator");
    assert_eq!(operator.node, NodeNum(0xa1b2_c3d4));
    assert_eq!(operator.key, [0x11; 32]);
    assert_eq!(config.limits.per_sender.count, 1);
    assert_eq!(config.limits.per_channel, Limits::default().per_channel);
    assert_eq!(config.limits.echo.per, Duration::from_secs(86_400));
    assert_eq!(
        config.commands["echo"],
        CommandRules {
            enabled: false,
            mode: Some(Mode::Direct),
            operator_only: true,
        }
    );
    let only = config.channels[&ChannelIndex(7)].commands.clone();
    assert_eq!(only, Some(["help".into(), "ping".into()].into()));
    assert_eq!(config.log.level, LevelFilter::Off);
    assert!(config.log.conversations && config.log.direct_texts);
    assert_eq!(config.store.path, Path::new("/var/tmp/x.db"));
}

#[test]
fn the_operator_key_may_lack_its_padding() {
    let with = |key: &str| {
        let text = format!("node.host = \"h\"\n[operator]\nnode = \"!a1b2c3d4\"\nkey = \"{key}\"");
        Config::parse(&text, "meshbot.toml")
    };
    let bare = "ERERERERERERERERERERERERERERERERERERERERERE";
    assert_eq!(with(bare), with(&format!("{bare}=")));
    assert!(with(bare).is_ok());
    assert!(with(&bare[1..]).is_err());
}

#[test]
fn an_empty_list_of_channels_is_not_the_default() {
    let config = parse("node.host = \"radio\"\nbot.channels = []");
    assert_eq!(config.bot.channels, Some(BTreeSet::new()));
}

#[test]
fn hosts_are_names_or_addresses() {
    for good in [
        "radio",
        "meshtastic.local",
        "Node_3.lan.",
        "10.0.0.1",
        "::1",
        "fe80::1%wlan0",
    ] {
        assert_eq!(
            parse(&format!("node.host = \"{good}\"")).node.host,
            good,
            "{good}"
        );
    }
    for bad in [
        "10.0.0.256",
        "10.0.0",
        "-radio",
        "ra dio",
        "a..b",
        ".",
        "radio:4403",
        "[radio]",
        "::1]",
        "fe80::1%",
        "tcp://radio",
        "radio/",
        "",
    ] {
        let text = format!("node.host = \"{bad}\"");
        assert!(Config::parse(&text, "meshbot.toml").is_err(), "{bad}");
    }
}

#[test]
fn unknown_keys_name_the_nearest_one() {
    refuse_node(
        "prot = 4403",
        expect![[r#"meshbot.toml:3:1: unknown field "prot", did you mean "port"?"#]],
    );
    refuse_node(
        "colour = 1",
        expect![[
            r#"meshbot.toml:3:1: unknown field "colour", expected one of host, port, connect_timeout, reconnect_max, handshake, set_clock"#
        ]],
    );
    refuse(
        "[nod]\nhost = \"radio\"",
        expect![[r#"meshbot.toml:1:2: unknown field "nod", did you mean "node"?"#]],
    );
    refuse(
        "langauge = \"fr\"",
        expect![[r#"meshbot.toml:1:1: unknown field "langauge", did you mean "language"?"#]],
    );
    refuse(
        "[operator]\nnod = \"!a1b2c3d4\"",
        expect![[r#"meshbot.toml:2:1: unknown field "nod", did you mean "node"?"#]],
    );
    refuse(
        "[commands.echo]\nmod = \"public\"",
        expect![[r#"meshbot.toml:2:1: unknown field "mod", did you mean "mode"?"#]],
    );
    refuse(
        "[channel.1]\ncommand = []",
        expect![[r#"meshbot.toml:2:1: unknown field "command", did you mean "commands"?"#]],
    );
    refuse(
        "[limits]\ntotal = { cuont = 1, per = \"1m\" }",
        expect![[r#"meshbot.toml:2:11: unknown field "cuont", did you mean "count"?"#]],
    );
    refuse(
        "\"a\\nb\" = 1",
        expect![[
            r#"meshbot.toml:1:1: unknown field "a\nb", expected one of language, node, bot, operator, limits, commands, channel, weather, remote, log, store"#
        ]],
    );
}

#[test]
fn wrong_values_are_told_what_was_expected() {
    refuse_node(
        "port = \"4403\"",
        expect![[
            r#"meshbot.toml:3:8: node.port: expected a whole number from 1 to 65535, found string "4403""#
        ]],
    );
    refuse_node(
        "port = 0",
        expect![
            "meshbot.toml:3:8: node.port: expected a whole number from 1 to 65535, found integer `0`"
        ],
    );
    refuse_node(
        "port = 65536",
        expect![
            "meshbot.toml:3:8: node.port: expected a whole number from 1 to 65535, found integer `65536`"
        ],
    );
    refuse_node(
        "port = 4403.0",
        expect![
            "meshbot.toml:3:8: node.port: expected a whole number from 1 to 65535, found floating point `4403.0`"
        ],
    );
    refuse_node(
        "connect_timeout = 10",
        expect![[
            r#"meshbot.toml:3:19: node.connect_timeout: expected a duration in quotes from "1s" to "1m", found integer `10`"#
        ]],
    );
    refuse_node(
        "connect_timeout = \"10\"",
        expect![[
            r#"meshbot.toml:3:19: node.connect_timeout: expected a duration in quotes from "1s" to "1m", found string "10""#
        ]],
    );
    refuse_node(
        "reconnect_max = \"11m\"",
        expect![[
            r#"meshbot.toml:3:17: node.reconnect_max: expected a duration in quotes from "2s" to "10m", found string "11m""#
        ]],
    );
    refuse_node(
        "handshake = \"two_phase\"",
        expect![[
            r#"meshbot.toml:3:13: node.handshake: unknown value "two_phase", did you mean "two-phase"?"#
        ]],
    );
    refuse_node(
        "handshake = \"slow\"",
        expect![[
            r#"meshbot.toml:3:13: node.handshake: unknown value "slow", expected one of two-phase, full"#
        ]],
    );
    refuse_node(
        "handshake = 2",
        expect!["meshbot.toml:3:13: node.handshake: expected a string"],
    );
    refuse(
        "node = 5",
        expect!["meshbot.toml:1:8: node: expected a table, found integer `5`"],
    );
    refuse(
        "[node]\nhost = \"radio:4403\"",
        expect![[
            r#"meshbot.toml:2:8: node.host: expected a host name or an IP address, without scheme or port, found string "radio:4403""#
        ]],
    );
    refuse(
        "language = \"xx\"",
        expect![[r#"meshbot.toml:1:12: language: unknown value "xx", expected one of en, de, fr"#]],
    );
    refuse_bot(
        "prefix = \"a\"",
        expect![[
            r#"meshbot.toml:3:10: bot.prefix: expected 1 to 3 ASCII punctuation characters, found string "a""#
        ]],
    );
    refuse_bot(
        "prefix = \"\"",
        expect![[
            r#"meshbot.toml:3:10: bot.prefix: expected 1 to 3 ASCII punctuation characters, found string """#
        ]],
    );
    refuse_bot(
        "text_spacing = \"2s\"",
        expect![[
            r#"meshbot.toml:3:16: bot.text_spacing: expected a duration in quotes from "2.3s" to "1m", found string "2s""#
        ]],
    );
    refuse_bot(
        "part_limit = 216",
        expect![
            "meshbot.toml:3:14: bot.part_limit: expected a whole number from 60 to 215, found integer `216`"
        ],
    );
    refuse_bot(
        "channels = 0",
        expect!["meshbot.toml:3:12: bot.channels: expected a list, found integer `0`"],
    );
    refuse_bot(
        "channels = [0, 8]",
        expect![
            "meshbot.toml:3:16: bot.channels: expected a whole number from 0 to 7, found integer `8`"
        ],
    );
    refuse_bot(
        "max_hops = -1",
        expect![
            "meshbot.toml:3:12: bot.max_hops: expected a whole number from 0 to 7, found integer `-1`"
        ],
    );
    refuse_bot(
        "contact = \"é\\n\"",
        expect![[
            r#"meshbot.toml:3:11: bot.contact: expected a text of at most 60 bytes in one line, found string "é\n""#
        ]],
    );
}

#[test]
fn wrong_sections_are_told_what_was_expected() {
    refuse(
        "[operator]\nnode = \"!a1b2c3d4\"",
        expect![[r#"meshbot.toml:1:1: operator: missing field "key""#]],
    );
    refuse(
        "[operator]\nnode = \"!ffffffff\"",
        expect![[
            r#"meshbot.toml:2:8: operator.node: expected a node such as "!a1b2c3d4", found string "!ffffffff""#
        ]],
    );
    refuse(
        "[operator]\nkey = \"AAAA\"",
        expect![[
            r#"meshbot.toml:2:7: operator.key: expected 32 bytes in base64, found string "AAAA""#
        ]],
    );
    refuse(
        "limits.total = 5",
        expect![[
            r#"meshbot.toml:1:16: limits.total: expected a table such as { count = 5, per = "5m" }, found integer `5`"#
        ]],
    );
    refuse(
        "limits.total = { count = 5 }",
        expect![[r#"meshbot.toml:1:16: limits.total: missing field "per""#]],
    );
    refuse(
        "limits.total = { count = 0, per = \"1m\" }",
        expect![
            "meshbot.toml:1:26: limits.total.count: expected a whole number from 1 to 1000, found integer `0`"
        ],
    );
    refuse(
        "[commands]\necho = false",
        expect!["meshbot.toml:2:8: commands.echo: expected a table, found boolean `false`"],
    );
    refuse(
        "[commands.echo]\nenabled = 1",
        expect![
            "meshbot.toml:2:11: commands.echo.enabled: expected true or false, found integer `1`"
        ],
    );
    refuse(
        "[channel.8]\ncommands = []",
        expect![[
            r#"meshbot.toml:1:10: channel.8: expected a channel index from 0 to 7, found string "8""#
        ]],
    );
    refuse(
        "[channel.1]\ncommands = [1]",
        expect!["meshbot.toml:2:13: channel.1.commands: expected a string, found integer `1`"],
    );
    refuse(
        "[log]\nlevel = \"inof\"",
        expect![[r#"meshbot.toml:2:9: log.level: unknown value "inof", did you mean "info"?"#]],
    );
    refuse(
        "[store]\npath = \"\"",
        expect![[r#"meshbot.toml:2:8: store.path: expected the path of a file, found string """#]],
    );
    for ending in ["state", "weather"] {
        refuse(
            &format!("[store]\npath = \"/x/bot.{ending}\""),
            expect![
                "meshbot.toml:2:8: store.path: a file beside the history ends like this: write another ending, such as .db"
            ],
        );
    }
}

#[test]
fn a_missing_host_is_said_plainly() {
    refuse(
        "",
        expect!["meshbot.toml: [node] host is missing: the name or address of your node"],
    );
    refuse(
        "language = \"en\"\n\n[node]\nport = 1",
        expect!["meshbot.toml:3:2: [node] host is missing: the name or address of your node"],
    );
}

/// The likeliest mistake in the one line that everybody has to write.
#[test]
fn an_address_without_quotes_is_told_so() {
    refuse(
        "[node]\nhost = 192.168.1.38 # the roof",
        expect![[r#"meshbot.toml:2:15: an address stands in quotes: "192.168.1.38""#]],
    );
    refuse(
        "[node]\nhost = ::1",
        expect![[r#"meshbot.toml:2:8: an address stands in quotes: "::1""#]],
    );
    // A number that is none stays what it is.
    refuse(
        "[node]\nhost = \"a\"\nport = 1.2.3",
        expect!["meshbot.toml:3:11: invalid float, expected nothing"],
    );
}

#[test]
fn bad_toml_has_a_place_too() {
    refuse(
        "[node\nhost = \"radio\"",
        expect!["meshbot.toml:1:6: unclosed table, expected `]`"],
    );
    refuse(
        "[node]\nhost = radio",
        expect!["meshbot.toml:2:8: string values must be quoted, expected literal string"],
    );
    refuse(
        "[node]\nhost = \"radio",
        expect![[r#"meshbot.toml:2:14: invalid basic string, expected `"`"#]],
    );
    refuse(
        "[node]\nhost = \"a\"\nhost = \"b\"",
        expect!["meshbot.toml:3:1: this key is there twice"],
    );
    refuse(
        "[node]\n[node]",
        expect!["meshbot.toml:2:2: this key is there twice"],
    );
    refuse(
        "node.host = \"é\" x",
        expect!["meshbot.toml:1:17: unexpected key or value, expected newline, `#`"],
    );
    refuse(
        "\u{7}",
        expect!["meshbot.toml:1:2: key with no value, expected `=`"],
    );
}

fn load(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.toml");
    std::fs::File::create(&path)
        .unwrap()
        .write_all(bytes)
        .unwrap();
    let line = match Config::load(&path) {
        Ok(config) => config.node.host,
        Err(e) => e.to_string(),
    };
    line.replace(&dir.path().display().to_string(), "DIR")
}

#[test]
fn files_are_read_with_their_mistakes() {
    assert_eq!(load(b"node.host = \"radio\""), "radio");
    assert_eq!(load(b"\xEF\xBB\xBF[node]\r\nhost = \"radio\"\r\n"), "radio");
    expect!["DIR/x.toml:2:14: this is not UTF-8 text"]
        .assert_eq(&load(b"# ok\nnode.host = \"\xff\""));
    expect![[r#"DIR/x.toml:2:6: unknown field "prot", did you mean "port"?"#]]
        .assert_eq(&load(b"# ok\nnode.prot = 1"));
    let dir = tempfile::tempdir().unwrap();
    let missing = Config::load(&dir.path().join("none.toml")).expect_err("missing");
    assert!(
        missing
            .to_string()
            .ends_with("none.toml: cannot be read: there is no such file")
    );
    let directory = Config::load(dir.path()).expect_err("a directory");
    assert!(
        directory
            .to_string()
            .ends_with(": cannot be read: it is a directory")
    );
}

/// Somebody who runs `meshbot config` and starts the bot is told what is missing.
#[test]
fn the_host_of_the_template_is_no_host() {
    let template = Config::parse(Config::template(), "meshbot.toml").unwrap();
    let error = template.check_host().expect_err("no host").to_string();
    assert!(
        error.starts_with("meshbot.toml: [node] host is still"),
        "{error}"
    );
    assert_eq!(parse("node.host = \"radio\"").check_host(), Ok(()));
}

#[test]
fn a_file_of_a_megabyte_is_read_and_a_longer_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    let mut text = "node.host = \"radio\"\n#".to_owned();
    text.push_str(&"x".repeat(1_000_000 - text.len()));
    std::fs::write(&path, &text).unwrap();
    assert_eq!(Config::load(&path).unwrap().node.host, "radio");
    text.push('x');
    std::fs::write(&path, &text).unwrap();
    let error = Config::load(&path).expect_err("too long").to_string();
    assert!(
        error.ends_with("too long for a configuration (1 MB at most)"),
        "{error}"
    );
}

#[test]
fn ten_other_nodes_are_not_too_many() {
    let nodes: String = (0..10)
        .map(|n| format!("remote.n{n} = \"10.0.0.{n}\"\n"))
        .collect();
    let config = parse(&format!("node.host = \"radio\"\n{nodes}"));
    assert_eq!(config.remote.len(), 10);
}

#[test]
fn the_nearest_file_is_found() {
    let here = tempfile::tempdir().unwrap();
    let etc = tempfile::tempdir().unwrap();
    let find =
        |explicit: Option<&str>| find_among(explicit.map(PathBuf::from), here.path(), etc.path());
    assert_eq!(find(Some("given.toml")), Ok("given.toml".into()));
    let none = find(None).expect_err("none").to_string();
    assert!(none.starts_with("meshbot.toml: found neither here nor as "));
    std::fs::write(etc.path().join(FILE_NAME), "").unwrap();
    assert_eq!(find(None), Ok(etc.path().join(FILE_NAME)));
    std::fs::write(here.path().join(FILE_NAME), "").unwrap();
    assert_eq!(find(None), Ok(here.path().join(FILE_NAME)));
}

#[test]
fn command_names_are_checked_against_the_commands_there_are() {
    let known = ["ping", "echo", "help"];
    let check = |text: &str| {
        let config = parse(&format!("node.host = \"radio\"\n{text}"));
        match config.check_commands(&known) {
            Ok(()) => "fine".to_owned(),
            Err(e) => e.to_string(),
        }
    };
    assert_eq!(check(""), "fine");
    assert_eq!(
        check("[commands.echo]\n[commands.ping]\n[channel.1]\ncommands = [\"help\"]"),
        "fine"
    );
    expect![[r#"meshbot.toml:2:11: unknown command "ehco", did you mean "echo"?"#]]
        .assert_eq(&check("[commands.ehco]"));
    expect![[r#"meshbot.toml:3:11: unknown command "weather", expected one of ping, echo, help"#]]
        .assert_eq(&check("[commands.echo]\n[commands.weather]"));
    expect![[r#"meshbot.toml:3:21: unknown command "pign", did you mean "ping"?"#]]
        .assert_eq(&check("[channel.1]\ncommands = [\"ping\", \"pign\"]"));
}

#[test]
fn the_database_lies_where_systemd_says() {
    let store = Store::default();
    let under = |dirs: Option<&str>| store.file_under(dirs.map(OsStr::new));
    assert_eq!(under(None), Path::new("meshbot.db"));
    assert_eq!(
        under(Some("/var/lib/meshbot:/x")),
        Path::new("/var/lib/meshbot/meshbot.db")
    );
    let store = Store {
        path: "/srv/m.db".into(),
        ..Store::default()
    };
    assert_eq!(
        store.file_under(Some(OsStr::new("/var/lib/meshbot"))),
        Path::new("/srv/m.db")
    );
}

#[test]
fn a_history_has_bounds() {
    let store = |value: &str, line| refuse(&format!("node.host = \"r\"\n[store]\n{value}"), line);
    store(
        "keep = \"12h\"",
        expect![[
            r#"meshbot.toml:3:8: store.keep: expected a duration in quotes from "1d" to "366d", found string "12h""#
        ]],
    );
    store(
        "max_size = 8",
        expect![
            "meshbot.toml:3:12: store.max_size: expected a whole number from 16 to 4096, found integer `8`"
        ],
    );
    store(
        "enabled = \"no\"",
        expect![[r#"meshbot.toml:3:11: store.enabled: expected true or false, found string "no""#]],
    );
}

proptest! {
    /// A file that somebody edited with eyes closed: no panic, one line.
    #[test]
    fn any_damage_to_the_file_is_one_line(
        at in 0..KEYS.chars().count(),
        cut in 0..40_usize,
        put in "[a-z\\[\\]{}=\"'#.,0-9 \\néè\u{0}-\u{1f}]{0,12}",
    ) {
        let mut text: Vec<char> = KEYS.chars().collect();
        let from = at.min(text.len());
        let to = (from + cut).min(text.len());
        text.splice(from..to, put.chars());
        let text: String = text.into_iter().collect();
        if let Err(e) = Config::parse(&text, "meshbot.toml") {
            let line = e.to_string();
            prop_assert!(line.starts_with("meshbot.toml:"), "{line}");
            prop_assert!(!line.contains(char::is_control), "{line}");
        }
    }
}

#[test]
fn the_weather_is_whose_and_from_whom() {
    let weather = |text: &str| parse(&format!("node.host = \"radio\"\n[weather]\n{text}")).weather;
    let plain = weather("");
    assert_eq!(
        plain.geocoding_base(),
        "https://geocoding-api.open-meteo.com"
    );
    assert_eq!(plain.fallback_base(), Some("https://wttr.in"));
    // Who is sent to a server of his own is sent nowhere else.
    let own = weather("url = \"http://[::1]:8080/weather/\"");
    assert_eq!(own.url, "http://[::1]:8080/weather");
    assert_eq!(own.geocoding_base(), own.url);
    assert_eq!(own.fallback_base(), Some(own.url.as_str()));
    let mixed =
        weather("url = \"http://10.0.0.7\"\ngeocoding_url = \"https://g\"\nfallback_url = \"\"");
    assert_eq!(
        (mixed.geocoding_base(), mixed.fallback_base()),
        ("https://g", None)
    );
    assert_eq!(weather("home = \"\"").home, Home::OwnNode);
    let there = Home::At(Cell::new(48.95, -2.25).unwrap());
    assert_eq!(weather("home = \" 48.951, -2.251\"").home, there);
    assert!(matches!(weather("home = \"95100\"").home, Home::Named(_)));
    assert_eq!(weather("country = \"fr\"").country.as_deref(), Some("FR"));
    assert_eq!(weather("country = \"uk\"").country.as_deref(), Some("GB"));
    assert_eq!(weather("country = \"\"").country, None);
    // W4, T15.
    for (text, code) in [
        ("USA", "US"),
        ("Allemagne", "DE"),
        ("deutschland", "DE"),
        ("XK", "XK"),
    ] {
        let country = weather(&format!("country = \"{text}\"")).country;
        assert_eq!(country.as_deref(), Some(code), "{text}");
    }
    for home in [
        "48.951 -2.251",
        "48,951 -2,251",
        "48.951N 2.251W",
        "geo:48.951,-2.251",
    ] {
        assert_eq!(weather(&format!("home = \"{home}\"")).home, there, "{home}");
    }
}

#[test]
fn what_is_wrong_about_the_weather() {
    let refuse = |value: &str, line: Expect| {
        refuse(&format!("node.host = \"radio\"\n[weather]\n{value}"), line);
    };
    refuse(
        "home = \"99,200\"",
        expect![[
            r#"meshbot.toml:3:8: weather.home: "99,200": a latitude goes from -90 to 90, as in "48.95,2.25""#
        ]],
    );
    refuse(
        "home = \"x\"",
        expect![[
            r#"meshbot.toml:3:8: weather.home: expected a place: its name, or degrees north and east such as "48.95,2.25", found string "x""#
        ]],
    );
    refuse(
        "country = \"Atlantis\"",
        expect![[
            r#"meshbot.toml:3:11: weather.country: expected a country: its two letters such as "FR", or its name such as "Germany", found string "Atlantis""#
        ]],
    );
    refuse(
        "home = \"48.95\"",
        expect![[
            r#"meshbot.toml:3:8: weather.home: "48.95": this is half of a place; write both degrees, as in "48.95,2.25""#
        ]],
    );
    refuse(
        "home = \"40.7N 74.0O\"",
        expect![[
            r#"meshbot.toml:3:8: weather.home: "40.7N 74.0O": O is the west in some languages and the east in others; write W or E"#
        ]],
    );
    refuse(
        "temperature = \"kelvin\"",
        expect![[
            r#"meshbot.toml:3:15: weather.temperature: unknown value "kelvin", expected one of celsius, fahrenheit"#
        ]],
    );
    refuse(
        "wind = \"kmh\"",
        expect![[r#"meshbot.toml:3:8: weather.wind: unknown value "kmh", did you mean "km/h"?"#]],
    );
    refuse(
        "rain = 3",
        expect!["meshbot.toml:3:8: weather.rain: expected a string"],
    );
    refuse(
        "url = \"api.open-meteo.com\"",
        expect![[
            r#"meshbot.toml:3:7: weather.url: expected an address such as "https://host" or "http://host:8080", found string "api.open-meteo.com""#
        ]],
    );
    refuse(
        "fallback_url = \"ftp://x\"",
        expect![[
            r#"meshbot.toml:3:16: weather.fallback_url: expected an address such as "https://host" or "http://host:8080", or "" for nobody, found string "ftp://x""#
        ]],
    );
    refuse(
        "hom = \"Paris\"",
        expect![[r#"meshbot.toml:3:1: unknown field "hom", did you mean "home"?"#]],
    );
    for home in ["48.95", "nan,nan", "1e9,2", "0,0", "48.95 200"] {
        let text = format!("node.host = \"radio\"\n[weather]\nhome = \"{home}\"");
        assert!(Config::parse(&text, "x").is_err(), "{home}");
    }
    for url in [
        "https://",
        "https://u@h",
        "https://h:x",
        "https://h:0",
        "https://h:99999",
        "https://h?x",
        "https://h/#x",
        "https://-h",
        "https://a b",
        "/v1",
        "",
    ] {
        let text = format!("node.host = \"radio\"\n[weather]\nurl = \"{url}\"");
        assert!(Config::parse(&text, "x").is_err(), "{url}");
    }
}

fn remote(entry: &str) -> String {
    format!("[node]\nhost = \"Radio.local\"\n[remote]\n{entry}")
}

#[test]
fn other_nodes_have_short_names_and_whole_addresses() {
    let config = parse(&remote(
        "hill = \"192.168.1.50\"\nnorth-2 = \"[fd00::5]:4404\"\nmy-2nd = \"radio.local:4404\"",
    ));
    let at: Vec<String> = config.remote.values().map(ToString::to_string).collect();
    assert_eq!(
        at,
        ["192.168.1.50:4403", "radio.local:4404", "[fd00::5]:4404"]
    );
    refuse(
        &remote("Hill = \"a\""),
        expect![[
            r#"meshbot.toml:4:1: remote.Hill: expected a name of 1 to 12 letters a to z, digits and hyphens, found string "Hill""#
        ]],
    );
    refuse(
        &remote("hill = \"fd00::5\""),
        expect![[
            r#"meshbot.toml:4:8: remote.hill: expected a node such as "192.168.1.50", "hill.local:4403" or "[fd00::5]:4403", found string "fd00::5""#
        ]],
    );
    let many: String = ('a'..='k')
        .map(|name| format!("{name} = \"x\"\n"))
        .collect();
    refuse(
        &remote(&many),
        expect!["meshbot.toml:3:1: [remote]: expected at most 10 nodes, found 11"],
    );
}

#[test]
fn the_bot_s_own_node_is_no_other_node() {
    for own in ["radio.local", "RADIO.local.:4403"] {
        refuse(
            &remote(&format!("hill = \"a\"\nme = \"{own}\"")),
            expect![
                "meshbot.toml:5:1: remote.me: this is the bot's own node, which serves one client only"
            ],
        );
    }
    refuse(
        "node = { host = \"192.168.1.38\", port = 4404 }\nremote.me = \"[::ffff:192.168.1.38]:4404\"",
        expect![
            "meshbot.toml:2:8: remote.me: this is the bot's own node, which serves one client only"
        ],
    );
}

/// W16.
#[test]
fn what_editors_and_phones_put_into_the_file_is_passed_over_or_named() {
    let config = parse("\u{feff}node.host = \"radio\"");
    assert_eq!(config.node.host, "radio");
    refuse(
        "\u{feff}node.hots = \"radio\"",
        expect![[r#"meshbot.toml:1:6: unknown field "hots", did you mean "host"?"#]],
    );
    refuse(
        "node.host = “radio”",
        expect![[r#"meshbot.toml:1:13: “ is a typographic quote; write ""#]],
    );
    refuse(
        "node.host = \"radio\" ‘x’",
        expect![[r#"meshbot.toml:1:21: ‘ is a typographic quote; write ""#]],
    );
    refuse(
        "node.host = \"radio\"\n\u{feff}[weather]\n",
        expect!["meshbot.toml:2:1: an invisible sign stands here (U+FEFF); delete it"],
    );
    // In a text they are welcome.
    let config = parse("node.host = \"radio\"\nbot.contact = \"Bob’s “radio”\"");
    assert_eq!(config.bot.contact, "Bob’s “radio”");
}
