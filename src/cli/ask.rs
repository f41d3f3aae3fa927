//! `meshbot ask`: one question to another node.

use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use super::{Command, UsageError, common, file};
use crate::link::Endpoint;
use crate::remote::address;

/// One question to another node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// Whom to ask.
    pub target: Endpoint,
    /// Whether the port was given; without it the target may be a name of
    /// `[remote]`.
    pub has_port: bool,
    /// What.
    pub topic: Topic,
    /// The configuration file, if one was named.
    pub config: Option<PathBuf>,
}

/// What a node can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Topic {
    /// Whom it knows.
    Nodes,
    /// What it is.
    Info,
    /// Its channels, without their keys.
    Channels,
}

/// Reads what follows `meshbot ask`.
pub(super) fn parse(words: &mut Parser) -> Result<Command, UsageError> {
    let mut config = None;
    let (mut target, mut topic) = (None, None);
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("config") | Arg::Short('c') => config = Some(file("--config", words)?),
            Arg::Value(word) if target.is_none() => target = Some(host(&word.string()?)?),
            Arg::Value(word) if topic.is_none() => {
                topic = Some(match word.to_str() {
                    Some("nodes") => Topic::Nodes,
                    Some("info") => Topic::Info,
                    Some("channels") => Topic::Channels,
                    _ => {
                        return Err(UsageError(format!(
                            "unknown question {word:?}, expected nodes, info or channels"
                        )));
                    }
                });
            }
            other => return common(other, HELP_ASK),
        }
    }
    let (Some((target, has_port)), Some(topic)) = (target, topic) else {
        let what = "ask needs a host and one of nodes, info and channels";
        return Err(UsageError(what.to_owned()));
    };
    Ok(Command::Ask(Ask {
        target,
        has_port,
        topic,
        config,
    }))
}

fn host(text: &str) -> Result<(Endpoint, bool), UsageError> {
    let target = address::parse(text).ok_or_else(|| {
        UsageError(format!(
            "HOST expects a name or an address, perhaps with a port, such as 192.168.1.50, \
             hill.local:4403 or [fd00::5]:4403, found {text:?}"
        ))
    })?;
    // What follows the brackets, or the only colon there is.
    let after_host = text.rsplit_once(']').map_or(text, |(_, after)| after);
    Ok((target, after_host.contains(':')))
}

pub(super) const HELP_ASK: &str = "\
usage: meshbot ask HOST[:PORT] nodes|info|channels [--config FILE]

Connects to another node once, asks, says goodbye and prints the answer. Takes
30 seconds at most. HOST may be a name of [remote] in the configuration.

A node serves one client: whoever is connected to it loses the connection, and
what the node had kept for him may be lost. The own node of a bot is for the bot
alone; the one in the configuration is refused before anything is connected, and
so is one that a bot on this machine is connected with.

  nodes      whom it knows, the most recently heard first
  info       what it is: firmware, hardware, radio, position, battery
  channels   index, name and role; keys are not even read

  -c, --config FILE   without it ./meshbot.toml, then /etc/meshbot/meshbot.toml,
                      then none
  -h, --help          this text

exit codes: 0 answered, 1 not answered, 2 bad command line, 78 bad configuration
";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn read(line: &str) -> Result<Ask, String> {
        match crate::cli::parse(line.split_whitespace().map(OsString::from)) {
            Ok(Command::Ask(ask)) => Ok(ask),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.0),
        }
    }

    #[test]
    fn hosts_and_questions_are_understood() {
        for (line, target, has_port, topic) in [
            ("ask hill nodes", "hill:4403", false, Topic::Nodes),
            ("ask hill:4403 info", "hill:4403", true, Topic::Info),
            ("ask [::1] channels", "[::1]:4403", false, Topic::Channels),
            ("ask [::1]:7 info -c x", "[::1]:7", true, Topic::Info),
        ] {
            let ask = read(line).unwrap();
            assert_eq!(
                (ask.target.to_string().as_str(), ask.has_port, ask.topic),
                (target, has_port, topic),
                "{line}"
            );
            assert_eq!(ask.config.is_some(), line.contains("-c"));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let needs = "ask needs a host and one of nodes, info and channels";
        for (line, sentence) in [
            ("ask", needs),
            ("ask hill", needs),
            (
                "ask hill keys",
                "unknown question \"keys\", expected nodes, info or channels",
            ),
            ("ask hill info now", "unexpected argument \"now\""),
            (
                "ask ::1 info",
                "HOST expects a name or an address, perhaps with a port, such as \
                 192.168.1.50, hill.local:4403 or [fd00::5]:4403, found \"::1\"",
            ),
        ] {
            assert_eq!(read(line), Err(sentence.to_owned()), "{line}");
        }
    }
}
