//! What the operator can set: one TOML file in which only `[node] host` is required.
//!
//! Every field holds its default when the file does not name its key. An
//! unknown key, a wrong type and a value out of range are all errors, and each
//! prints as one line with file, line and column. Command names are checked
//! later, by whoever has the list of commands ([`Config::check_commands`]).

mod duration;
mod error;
mod read;
mod template;
mod value;
mod weather;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use log::LevelFilter;
use serde::Deserialize;

use crate::lang::Lang;
use crate::link::Endpoint;
use crate::mesh::{ChannelIndex, NodeNum};

pub use duration::{duration_text, parse_duration};
pub use error::{ConfigError, Place};
pub use read::{FILE_NAME, find_config};
pub use weather::Weather;

/// The whole configuration. [`Config::default`] is complete but for the host.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Config {
    /// The language of the bot's texts.
    pub language: Lang,
    /// The node that the bot is connected to.
    pub node: Node,
    /// How the bot listens and answers.
    pub bot: Bot,
    /// Who may give orders; nobody when absent.
    pub operator: Option<Operator>,
    /// How much anybody may ask for.
    pub limits: Limits,
    /// What differs from a command's own declaration, by command name.
    pub commands: BTreeMap<String, CommandRules>,
    /// What differs on single channels.
    #[serde(rename = "channel", deserialize_with = "value::by_channel")]
    pub channels: BTreeMap<ChannelIndex, ChannelRules>,
    /// Whose weather, from whom, in which units.
    pub weather: Weather,
    /// Other nodes that the operator may ask, by name.
    #[serde(deserialize_with = "value::remotes")]
    pub remote: BTreeMap<String, Endpoint>,
    /// What is logged.
    pub log: Log,
    /// Where things are kept.
    pub store: Store,
    /// Where the file names commands, for [`Config::check_commands`].
    #[serde(skip)]
    pub mentions: Mentions,
}

/// `[node]`: the node that the bot is connected to.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Node {
    /// A name, an IPv4 address or an IPv6 address (brackets already removed).
    /// Empty only in [`Config::default`].
    #[serde(deserialize_with = "value::host")]
    pub host: String,
    /// TCP port, 1 to 65535.
    #[serde(deserialize_with = "value::whole::<_, _, 1, 65535>")]
    pub port: u16,
    /// How long one attempt to connect may take, 1 s to 60 s.
    #[serde(deserialize_with = "value::period::<_, 1_000, 60_000>")]
    pub connect_timeout: Duration,
    /// The longest pause between two attempts, 2 s to 10 min.
    #[serde(deserialize_with = "value::period::<_, 2_000, 600_000>")]
    pub reconnect_max: Duration,
    /// How the node is asked for its state.
    pub handshake: Handshake,
    /// Whether its clock is set when it is not, or more than 60 s off.
    pub set_clock: bool,
}

/// `[node] handshake`: how the node is asked for its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Handshake {
    /// The configuration first, so that the bot is soon usable; then the nodes.
    #[default]
    TwoPhase,
    /// Everything at once, for nodes that do not know the two phases.
    Full,
}

/// `[bot]`: how the bot listens and answers.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Bot {
    /// The mark before a command: 1 to 3 ASCII punctuation characters.
    #[serde(deserialize_with = "value::prefix")]
    pub prefix: String,
    /// Where public questions are answered; on every enabled channel when absent.
    #[serde(deserialize_with = "value::channels")]
    pub channels: Option<BTreeSet<ChannelIndex>>,
    /// The longest part of an answer in bytes, 60 to 215.
    #[serde(deserialize_with = "value::whole::<_, _, 60, 215>")]
    pub part_limit: usize,
    /// How many parts an answer may have before `/more`, 1 to 5.
    #[serde(deserialize_with = "value::whole::<_, _, 1, 5>")]
    pub max_parts: usize,
    /// The pause between two texts, 2.3 s to 60 s (decisions.md, "Numbers").
    #[serde(deserialize_with = "value::period::<_, 2_300, 60_000>")]
    pub text_spacing: Duration,
    /// The age past which a question is no longer answered, 10 s to 1 h.
    #[serde(deserialize_with = "value::period::<_, 10_000, 3_600_000>")]
    pub command_age: Duration,
    /// Public questions that passed more relays than this are ignored, 0 to 7.
    #[serde(deserialize_with = "value::whole::<_, _, 0, 7>")]
    pub max_hops: u8,
    /// What becomes of questions that came through MQTT.
    pub mqtt: Mqtt,
    /// Shown by `/about`: at most 60 bytes, empty for nothing.
    #[serde(deserialize_with = "value::contact")]
    pub contact: String,
    /// How a single `/ping` is answered, and politeness.
    pub ping: PingAnswer,
    /// What somebody in distress is told: at most 200 bytes, empty for the sentence
    /// of the language.
    #[serde(deserialize_with = "value::distress")]
    pub distress: String,
}

/// `[bot] ping`: how a single `/ping` is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PingAnswer {
    /// With words: how well it was heard.
    #[default]
    Text,
    /// With an emoji at the message; thanks are answered so, too.
    Tapback,
}

/// `[bot] mqtt`: what becomes of questions that came through MQTT.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mqtt {
    /// Answered as if they had come by radio.
    #[default]
    Answer,
    /// Ignored.
    Ignore,
    /// Answered by direct message only.
    Private,
}

/// `[operator]`: who may give orders, by node number and public key alike.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table")]
pub struct Operator {
    /// The operator's node.
    #[serde(deserialize_with = "value::node")]
    pub node: NodeNum,
    /// The public key of that node; base64 in the file.
    #[serde(deserialize_with = "value::key")]
    pub key: [u8; 32],
}

/// `[limits]`: token buckets for the answered questions.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Limits {
    /// For one sender.
    pub per_sender: Rate,
    /// For one channel.
    pub per_channel: Rate,
    /// For everybody together.
    pub total: Rate,
    /// `/echo` for one sender.
    pub echo: Rate,
    /// Within this time the same answer is not said again on the same channel,
    /// 0 s to 10 min.
    #[serde(deserialize_with = "value::period::<_, 0, 600_000>")]
    pub together: Duration,
}

/// The size of a token bucket: `count` in every `per`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { count = 5, per = \"5m\" }"
)]
pub struct Rate {
    /// Tokens, 1 to 1000.
    #[serde(deserialize_with = "value::whole::<_, _, 1, 1000>")]
    pub count: u32,
    /// The time in which an empty bucket fills up, 1 s to 24 h.
    #[serde(deserialize_with = "value::period::<_, 1_000, 86_400_000>")]
    pub per: Duration,
}

/// `[commands.NAME]`: what differs from the command's own declaration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct CommandRules {
    /// Whether the command exists at all.
    pub enabled: bool,
    /// Where it answers; as the command itself declares when absent.
    pub mode: Option<Mode>,
    /// Only the operator may use it. This can tighten a command, never loosen one.
    pub operator_only: bool,
}

/// `[commands.NAME] mode`: where a command answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Where it was asked, on a channel or directly.
    Public,
    /// To direct messages only; a question on a channel is ignored.
    Direct,
    /// To questions from anywhere, always by direct message.
    Private,
}

/// `[channel.N]`: what differs on one channel.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct ChannelRules {
    /// The only commands answered there; all public ones when absent.
    pub commands: Option<BTreeSet<String>>,
    /// The language of what is said there; that of the bot when absent.
    pub language: Option<Lang>,
}

/// `[log]`: what is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Log {
    /// The least important level that is still logged.
    #[serde(deserialize_with = "value::level")]
    pub level: LevelFilter,
    /// One line for every command served: who, which, with what outcome.
    pub conversations: bool,
    /// Texts of direct messages may appear in the log.
    pub direct_texts: bool,
}

/// `[store]`: where things are kept.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Store {
    /// As the file has it; [`Store::file`] says where that is.
    #[serde(deserialize_with = "value::history")]
    pub path: PathBuf,
    /// Whether a history is kept at all.
    pub enabled: bool,
    /// How long traffic is kept, 1 to 366 days.
    #[serde(deserialize_with = "value::period::<_, 86_400_000, 31_622_400_000>")]
    pub keep: Duration,
    /// Megabytes that the history may take, 16 to 4096.
    #[serde(deserialize_with = "value::whole::<_, _, 16, 4096>")]
    pub max_size: u64,
    /// Whether texts of channels are kept, for a day.
    pub texts: bool,
}

/// Where the file names commands.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mentions {
    file: String,
    commands: Vec<(String, Place)>,
}

impl Config {
    /// The commented template: `meshbot.toml` of the repository, which
    /// `meshbot config` prints. Its host is [`Config::PLACEHOLDER_HOST`].
    #[must_use]
    pub fn template() -> &'static str {
        template::TEXT
    }

    /// The host that stands in the template until somebody fills in a real one.
    pub const PLACEHOLDER_HOST: &'static str = "node.example";

    /// The bot's own node.
    #[must_use]
    pub fn own_node(&self) -> Endpoint {
        Endpoint {
            host: self.node.host.clone(),
            port: self.node.port,
        }
    }

    /// Whether the host is still the template's.
    #[must_use]
    pub fn host_is_placeholder(&self) -> bool {
        self.node.host == Self::PLACEHOLDER_HOST
    }
}

impl Store {
    /// Where the database lies. Relative paths start in the first directory of
    /// `$STATE_DIRECTORY`, which systemd sets, else in the working directory.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.file_under(std::env::var_os("STATE_DIRECTORY").as_deref())
    }

    fn file_under(&self, state: Option<&OsStr>) -> PathBuf {
        let first = state.and_then(|dirs| std::env::split_paths(dirs).next());
        first.unwrap_or_default().join(&self.path)
    }
}

impl Default for Node {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 4403,
            connect_timeout: Duration::from_secs(10),
            reconnect_max: Duration::from_secs(60),
            handshake: Handshake::default(),
            set_clock: false,
        }
    }
}

impl Default for Bot {
    fn default() -> Self {
        Self {
            prefix: "/".to_owned(),
            channels: None,
            part_limit: 200,
            max_parts: 3,
            text_spacing: Duration::from_millis(2_500),
            command_age: Duration::from_secs(300),
            max_hops: 7,
            mqtt: Mqtt::default(),
            contact: String::new(),
            ping: PingAnswer::default(),
            distress: String::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let rate = |count, minutes: u64| Rate {
            count,
            per: Duration::from_secs(minutes * 60),
        };
        Self {
            per_sender: rate(5, 5),
            per_channel: rate(30, 10),
            total: rate(60, 10),
            echo: rate(1, 10),
            together: Duration::from_secs(30),
        }
    }
}

impl Default for CommandRules {
    fn default() -> Self {
        Self {
            enabled: true,
            mode: None,
            operator_only: false,
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: LevelFilter::Info,
            conversations: false,
            direct_texts: false,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            path: PathBuf::from("meshbot.db"),
            enabled: true,
            keep: Duration::from_secs(30 * 24 * 3_600),
            max_size: 64,
            texts: true,
        }
    }
}

#[cfg(test)]
mod tests;
