//! The command line: words in, a [`Command`] or one clear sentence out.
//!
//! Nothing is printed and nobody exits here; `main` does both.

mod db;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

pub use db::{Db, Task};

/// What the program was asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// `meshbot run`, or just `meshbot`: be the bot.
    Run {
        /// The configuration file, if one was named.
        config: Option<PathBuf>,
    },
    /// `meshbot demo`: show a conversation with a simulated node.
    Demo {
        /// Show the log as well.
        verbose: bool,
    },
    /// `meshbot sim`: be a simulated node.
    Sim(Sim),
    /// `meshbot check`: say what is wrong with the configuration, or what the
    /// bot would do with it.
    Check {
        /// The configuration file, if one was named.
        config: Option<PathBuf>,
    },
    /// `meshbot db`: look after the history.
    Db(Db),
    /// `meshbot config`: print the commented template.
    Config,
    /// `--help`: print this text and succeed.
    Help(&'static str),
    /// `--version`: print [`VERSION`] and succeed.
    Version,
}

/// What `--version` prints.
pub const VERSION: &str = concat!("meshbot ", env!("CARGO_PKG_VERSION"), "\n");

/// The simulated node of `meshbot sim`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sim {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How many other nodes its mesh has, 0 to 249.
    pub nodes: u8,
    /// What all its chance comes from: the same seed gives the same mesh.
    pub seed: u64,
    /// The firmware that it imitates.
    pub firmware: Firmware,
    /// Answer at once instead of with a radio's delays.
    pub no_latency: bool,
    /// The other nodes say nothing by themselves.
    pub quiet_mesh: bool,
}

/// The firmware that the simulated node imitates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Firmware {
    /// 2.7
    #[default]
    V2_7,
    /// 2.8
    V2_8,
}

impl Default for Sim {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4403)),
            nodes: 40,
            seed: 1,
            firmware: Firmware::default(),
            no_latency: false,
            quiet_mesh: false,
        }
    }
}

/// Why the command line was not understood: one sentence, to be printed before
/// exiting with 2.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageError(String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (see meshbot --help)", self.0)
    }
}

impl std::error::Error for UsageError {}

impl From<lexopt::Error> for UsageError {
    fn from(error: lexopt::Error) -> Self {
        use lexopt::Error as E;
        Self(match error {
            E::MissingValue { option } => {
                format!("{} needs a value", option.as_deref().unwrap_or("an option"))
            }
            E::UnexpectedOption(option) => format!("unknown option {option:?}"),
            E::UnexpectedArgument(word) => format!("unexpected argument {word:?}"),
            E::UnexpectedValue { option, value } => {
                format!("{option} takes no value, found {value:?}")
            }
            E::NonUnicodeValue(value) => format!("{value:?} is not UTF-8"),
            other => other.to_string().replace(char::is_control, " "),
        })
    }
}

/// Reads the arguments, without the program's own name.
///
/// # Errors
/// With one sentence that says which word was wrong and what was expected.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut words = Parser::from_args(args);
    let first = words
        .try_raw_args()
        .and_then(|mut rest| rest.next_if(|word| !word.as_encoded_bytes().starts_with(b"-")));
    let Some(first) = first else {
        return run(&mut words, HELP);
    };
    match first.to_str() {
        Some("run") => run(&mut words, HELP_RUN),
        Some("demo") => demo(&mut words),
        Some("sim") => sim(&mut words),
        Some("check") => check(&mut words),
        Some("config") => config(&mut words),
        Some("db") => db::parse(&mut words),
        Some("help") => help(&mut words),
        _ => Err(unknown_command(&first)),
    }
}

fn unknown_command(word: &OsStr) -> UsageError {
    UsageError(format!(
        "unknown command {word:?}, expected run, demo, sim, check, config or db"
    ))
}

fn run(words: &mut Parser, help: &'static str) -> Result<Command, UsageError> {
    let mut config = None;
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("config") | Arg::Short('c') => config = Some(file(words)?),
            other => return common(other, help),
        }
    }
    Ok(Command::Run { config })
}

fn check(words: &mut Parser) -> Result<Command, UsageError> {
    let mut config = None;
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("config") | Arg::Short('c') => config = Some(file(words)?),
            other => return common(other, HELP_CHECK),
        }
    }
    Ok(Command::Check { config })
}

fn demo(words: &mut Parser) -> Result<Command, UsageError> {
    let mut verbose = false;
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("verbose") | Arg::Short('v') => verbose = true,
            other => return common(other, HELP_DEMO),
        }
    }
    Ok(Command::Demo { verbose })
}

fn sim(words: &mut Parser) -> Result<Command, UsageError> {
    let mut sim = Sim::default();
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("listen") => {
                let what = "an address with a port, such as 127.0.0.1:4403 or [::1]:4403";
                sim.listen = value(words, "--listen", what, |text| text.parse().ok())?;
            }
            Arg::Long("nodes") => {
                let what = "a number from 0 to 249";
                sim.nodes = value(words, "--nodes", what, |text| {
                    text.parse().ok().filter(|nodes| *nodes <= 249)
                })?;
            }
            Arg::Long("seed") => {
                let what = "a number from 0 to 18446744073709551615";
                sim.seed = value(words, "--seed", what, |text| text.parse().ok())?;
            }
            Arg::Long("firmware") => {
                sim.firmware = value(words, "--firmware", "2.7 or 2.8", |text| match text {
                    "2.7" => Some(Firmware::V2_7),
                    "2.8" => Some(Firmware::V2_8),
                    _ => None,
                })?;
            }
            Arg::Long("no-latency") => sim.no_latency = true,
            Arg::Long("quiet-mesh") => sim.quiet_mesh = true,
            other => return common(other, HELP_SIM),
        }
    }
    Ok(Command::Sim(sim))
}

fn config(words: &mut Parser) -> Result<Command, UsageError> {
    match words.next()? {
        Some(arg) => common(arg, HELP_CONFIG),
        None => Ok(Command::Config),
    }
}

/// `meshbot help [COMMAND]`, which many try first.
fn help(words: &mut Parser) -> Result<Command, UsageError> {
    let about = match words.next()? {
        None => HELP,
        Some(Arg::Value(word)) => match word.to_str() {
            Some("run") => HELP_RUN,
            Some("demo") => HELP_DEMO,
            Some("sim") => HELP_SIM,
            Some("check") => HELP_CHECK,
            Some("config") => HELP_CONFIG,
            Some("db") => db::HELP_DB,
            _ => return Err(unknown_command(&word)),
        },
        Some(other) => return common(other, HELP),
    };
    Ok(Command::Help(about))
}

/// What every command understands; the first of them wins over the rest.
fn common(arg: Arg, help: &'static str) -> Result<Command, UsageError> {
    match arg {
        Arg::Long("help") | Arg::Short('h') => Ok(Command::Help(help)),
        Arg::Long("version") | Arg::Short('V') => Ok(Command::Version),
        other => Err(other.unexpected().into()),
    }
}

fn file(words: &mut Parser) -> Result<PathBuf, UsageError> {
    let path = words.value()?;
    if path.is_empty() {
        return Err(UsageError("--config needs the path of a file".to_owned()));
    }
    Ok(path.into())
}

fn value<T>(
    words: &mut Parser,
    option: &str,
    what: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, UsageError> {
    let text = words.value()?.string()?;
    parse(&text).ok_or_else(|| UsageError(format!("{option} expects {what}, found {text:?}")))
}

const HELP: &str = "\
meshbot, a chat bot for Meshtastic: one TCP connection to one node

usage: meshbot [COMMAND] [OPTIONS]

commands:
  run      be the bot (also without a command)
  demo     watch a conversation with a simulated node; needs no radio
  sim      be a simulated node for any Meshtastic client
  check    say what is wrong with the configuration, or what it means
  config   print a commented configuration to start from
  db       look after the history: stats, export, backup, prune

options:
  -c, --config FILE   the configuration of run, check and db; without it
                      ./meshbot.toml, then /etc/meshbot/meshbot.toml
  -h, --help          this text, or that of a command: meshbot sim --help
  -V, --version       the version

exit codes: 0 stopped as asked, 1 failed while running, 2 bad command line,
78 bad configuration
";

const HELP_RUN: &str = "\
usage: meshbot run [--config FILE]

Connects to the node of the configuration and answers until SIGINT or SIGTERM.

  -c, --config FILE   without it ./meshbot.toml, then /etc/meshbot/meshbot.toml
  -h, --help          this text
";

const HELP_DEMO: &str = "\
usage: meshbot demo [--verbose]

Starts a simulated node and the bot, connects them over loopback and plays a
conversation. On a terminal you may then type as a user of the mesh; otherwise
it ends with 0 if every expected answer came and with 1 if not.

  -v, --verbose   show the log as well
  -h, --help      this text
";

const HELP_SIM: &str = "\
usage: meshbot sim [OPTIONS]

Listens like a Meshtastic node on TCP and imitates a mesh behind it.

      --listen ADDR    address and port (127.0.0.1:4403; port 0: a free one)
      --nodes N        other nodes in the mesh, 0 to 249 (40)
      --seed S         the same seed gives the same mesh (1)
      --firmware 2.7|2.8
                       the firmware to imitate (2.7)
      --no-latency     answer at once instead of with a radio's delays
      --quiet-mesh     the other nodes say nothing by themselves
  -h, --help           this text
";

const HELP_CHECK: &str = "\
usage: meshbot check [--config FILE]

Reads the configuration as run does. Ends with 78 and a line that names file,
line and column if something is wrong; otherwise prints what the bot would do.

  -c, --config FILE   without it ./meshbot.toml, then /etc/meshbot/meshbot.toml
  -h, --help          this text
";

const HELP_CONFIG: &str = "\
usage: meshbot config

Prints a commented configuration with every key and its default:
  meshbot config > meshbot.toml

  -h, --help   this text
";

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

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
        assert_eq!(read("demo"), Ok(Command::Demo { verbose: false }));
        assert_eq!(read("demo --verbose"), Ok(Command::Demo { verbose: true }));
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
        };
        assert_eq!(read(line), Ok(Command::Sim(sim)));
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
                "unknown command \"rnu\", expected run, demo, sim, check, config or db",
            ),
            (
                "help me",
                "unknown command \"me\", expected run, demo, sim, check, config or db",
            ),
            ("--confg x", "unknown option \"--confg\""),
            ("run --config", "--config needs a value"),
            ("run --config=", "--config needs the path of a file"),
            ("run now", "unexpected argument \"now\""),
            ("--config x run", "unexpected argument \"run\""),
            ("demo --verbose=1", "--verbose takes no value, found \"1\""),
            ("demo -x", "unknown option \"-x\""),
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
                config: Some(path.into())
            })
        );
    }

    #[test]
    fn the_version_is_the_package_s() {
        assert!(VERSION.starts_with("meshbot 0.") && VERSION.ends_with('\n'));
    }
}
