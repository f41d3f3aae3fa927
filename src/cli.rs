//! The command line: words in, a [`Command`] or one clear sentence out.
//!
//! Nothing is printed and nobody exits here; `main` does both.

mod ask;
mod db;
mod sim;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::recording::{Target, thread::LIMIT_MIB};

pub use ask::{Ask, Topic};
pub use db::{Db, Task};
pub use sim::{Firmware, Sim};

/// What the program was asked to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Command {
    /// `meshbot run`, or just `meshbot`: be the bot.
    Run {
        /// The configuration file, if one was named.
        config: Option<PathBuf>,
        /// Where to write down what passes between bot and node.
        record: Option<Target>,
    },
    /// `meshbot demo`: show a conversation with a simulated node.
    Demo {
        /// Show the log as well.
        verbose: bool,
        /// The configuration to try, if one was named.
        config: Option<PathBuf>,
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
    /// `meshbot ask`: ask another node.
    Ask(Ask),
    /// `meshbot config`: print the commented template.
    Config,
    /// `--help`: print this text and succeed.
    Help(&'static str),
    /// `--version`: print [`VERSION`] and succeed.
    Version,
}

/// What `--version` prints.
pub const VERSION: &str = concat!("meshbot ", env!("CARGO_PKG_VERSION"), "\n");

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
        Some("sim") => sim::parse(&mut words),
        Some("check") => check(&mut words),
        Some("config") => config(&mut words),
        Some("db") => db::parse(&mut words),
        Some("ask") => ask::parse(&mut words),
        Some("help") => help(&mut words),
        _ => Err(unknown_command(&first)),
    }
}

fn unknown_command(word: &OsStr) -> UsageError {
    UsageError(format!(
        "unknown command {word:?}, expected run, demo, sim, check, config, db or ask"
    ))
}

fn run(words: &mut Parser, help: &'static str) -> Result<Command, UsageError> {
    let (mut config, mut path, mut limit) = (None, None, None);
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("config") | Arg::Short('c') => config = Some(file("--config", words)?),
            Arg::Long("record") => path = Some(file("--record", words)?),
            Arg::Long("record-limit") => {
                let what = "a number of MiB from 1 to 1024";
                limit = Some(value(words, "--record-limit", what, |text| {
                    text.parse().ok().filter(|mib| (1..=1_024).contains(mib))
                })?);
            }
            other => return common(other, help),
        }
    }
    if path.is_none() && limit.is_some() {
        let sentence = "--record-limit says how much is recorded: --record FILE says where";
        return Err(UsageError(sentence.to_owned()));
    }
    let limit = limit.unwrap_or(LIMIT_MIB);
    let record = path.map(|path| Target { path, limit });
    Ok(Command::Run { config, record })
}

fn check(words: &mut Parser) -> Result<Command, UsageError> {
    let mut config = None;
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("config") | Arg::Short('c') => config = Some(file("--config", words)?),
            other => return common(other, HELP_CHECK),
        }
    }
    Ok(Command::Check { config })
}

fn demo(words: &mut Parser) -> Result<Command, UsageError> {
    let (mut verbose, mut config) = (false, None);
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("config") | Arg::Short('c') => config = Some(file("--config", words)?),
            Arg::Long("verbose") | Arg::Short('v') => verbose = true,
            other => return common(other, HELP_DEMO),
        }
    }
    Ok(Command::Demo { verbose, config })
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
            Some("sim") => sim::HELP_SIM,
            Some("check") => HELP_CHECK,
            Some("config") => HELP_CONFIG,
            Some("db") => db::HELP_DB,
            Some("ask") => ask::HELP_ASK,
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

fn file(option: &str, words: &mut Parser) -> Result<PathBuf, UsageError> {
    let path = words.value()?;
    if path.is_empty() {
        return Err(UsageError(format!("{option} needs the path of a file")));
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
  ask      ask another node: its nodes, what it is, its channels

options:
  -c, --config FILE   the configuration of run, check, db and ask; without
                      it ./meshbot.toml, then /etc/meshbot/meshbot.toml;
                      demo tries the one that is named, and no other
  -h, --help          this text, or that of a command: meshbot sim --help
  -V, --version       the version

exit codes: 0 stopped as asked, 1 failed while running, 2 bad command line,
75 another meshbot on this machine has the node, 78 bad configuration
";

const HELP_RUN: &str = "\
usage: meshbot run [--config FILE] [--record FILE]

Connects to the node of the configuration and answers until SIGINT or SIGTERM.

A recording is for whoever looks into a fault: each frame that bot and node
exchange, and when. Names, positions and texts are in it, direct messages too;
keys, passwords and PINs are not. meshbot sim --replay plays it.

  -c, --config FILE   without it ./meshbot.toml, then /etc/meshbot/meshbot.toml
      --record FILE   write a recording into a file that is not there yet
      --record-limit MIB
                      its largest size, 1 to 1024 MiB (16); what comes then is
                      counted
  -h, --help          this text
";

const HELP_DEMO: &str = "\
usage: meshbot demo [--config FILE] [--verbose]

Starts a simulated node and the bot, connects them over loopback and plays a
conversation. On a terminal you may then type as a user of the mesh; otherwise
it ends with 0 if every expected answer came and with 1 if not.

With your own configuration people of the simulated mesh ask what shows it at
work. Node, weather and files are made up: none of yours is touched.

  -c, --config FILE   try this configuration; without it none is read
  -v, --verbose       show the log as well
  -h, --help          this text
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
mod tests;
