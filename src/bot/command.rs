//! What a command is: a declaration and a function. The help text, the
//! permissions and the limits all come from the declaration.

use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::ask::Ask;
use super::desk::Desk;
use super::host::HostStats;
use super::reply::Reply;
use crate::config::Mode;
use crate::lang::{Lang, Text};
use crate::mesh::{NodeBook, Now, Sanity};
use crate::proto::config::LoRaConfig;

/// What the bot knows about its link, for `/about`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LinkView {
    /// Since when it is up, if it is; time since the program started.
    pub up_since: Option<Duration>,
    /// How often it was lost.
    pub losses: u64,
    /// Connections opened since the program started.
    pub opened: u64,
    /// Radio settings of our node.
    pub lora: LoRaConfig,
}

/// What a command may look at and, through [`Desk`], remember.
pub struct Context<'a> {
    /// The time.
    pub now: Now,
    /// Which clocks to believe.
    pub sanity: Sanity,
    /// Language of the answers.
    pub lang: Lang,
    /// The mark before commands.
    pub prefix: &'a str,
    /// The longest part of an answer in bytes.
    pub part_limit: usize,
    /// Whom to ask for help, from the configuration.
    pub contact: &'a str,
    /// The nodes.
    pub book: &'a NodeBook,
    /// The link.
    pub link: &'a LinkView,
    /// Time zone of the board.
    pub zone: &'a TimeZone,
    /// The commands that exist.
    pub registry: &'a Registry,
    /// Lists shown, the mute switch.
    pub desk: &'a mut Desk,
    /// Reads the board's load, memory and temperature.
    pub host: &'a dyn Fn() -> HostStats,
    /// Which commands the asker may use where he asks.
    pub may_use: &'a dyn Fn(&Command) -> bool,
}

impl Context<'_> {
    /// What of it a capability may look at.
    #[must_use]
    pub fn scene(&self) -> Scene<'_> {
        Scene {
            now: self.now,
            sanity: self.sanity,
            prefix: self.prefix,
            part_limit: self.part_limit,
            book: self.book,
            zone: self.zone,
        }
    }
}

/// What a capability may look at besides its own.
pub struct Scene<'a> {
    /// The time.
    pub now: Now,
    /// Which clocks to believe.
    pub sanity: Sanity,
    /// The mark before commands.
    pub prefix: &'a str,
    /// The longest part of an answer in bytes.
    pub part_limit: usize,
    /// The nodes.
    pub book: &'a NodeBook,
    /// Time zone of the board.
    pub zone: &'a TimeZone,
}

/// A command's declaration.
#[derive(Clone, Copy)]
pub struct Command {
    /// The word after the mark: lower case, no accents.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// Words that need no mark in a direct message.
    pub bare: &'static [&'static str],
    /// Arguments, as shown in the help: `<node>`, `[page]`.
    pub usage: Option<Text>,
    /// One line on what it does, for the list.
    pub summary: Text,
    /// Where it answers unless the configuration says otherwise.
    pub mode: Mode,
    /// Only for the operator.
    pub operator_only: bool,
    /// Has the bucket of its own that the configuration calls `echo`.
    pub has_own_limit: bool,
    /// Everybody gets the same answer, so that several who ask for it publicly
    /// within a short time are answered together (features.md B17).
    pub same_for_all: bool,
    /// Arguments with which it is an order, for the operator alone.
    pub is_order: fn(&str) -> bool,
    /// Whether it tells the asker about his own key: who cannot read private
    /// answers may read that where he asks.
    pub is_about_own_key: Option<fn(&Ask, &NodeBook) -> bool>,
    /// Runs it, unless it belongs to a capability. Answers through the reply; stays
    /// silent by not answering.
    pub run: Option<Run>,
}

/// What a command does that answers at once.
pub type Run = fn(&Ask, &mut Context<'_>, &mut Reply<'_>);

impl Command {
    /// What most commands have in common: a public one, for everybody, that a
    /// capability answers.
    pub const BASE: Self = Self {
        name: "",
        aliases: &[],
        bare: &[],
        usage: None,
        summary: Text::Apology,
        mode: Mode::Public,
        operator_only: false,
        has_own_limit: false,
        same_for_all: false,
        is_order: |_| false,
        is_about_own_key: None,
        run: None,
    };

    /// Whether its bare word may be followed by arguments. "ping" is a word of
    /// everyday talk among people with radios, so its sessions need the mark.
    #[must_use]
    pub fn takes_bare_args(&self) -> bool {
        self.usage.is_some() && self.name != "ping"
    }

    /// How it is called, without the mark: `nodes [page]`.
    #[must_use]
    pub fn call(&self, lang: Lang) -> String {
        match self.usage {
            Some(usage) => format!("{} {}", self.name, usage.plain(lang)),
            None => self.name.to_owned(),
        }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Command({})", self.name)
    }
}

/// All commands, in the order of the help.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    commands: Vec<Command>,
}

impl Registry {
    /// The given commands.
    #[must_use]
    pub fn new(commands: Vec<Command>) -> Self {
        Self { commands }
    }

    /// The command of this (folded) word.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<&Command> {
        self.commands
            .iter()
            .find(|command| command.name == word || command.aliases.contains(&word))
    }

    /// The command of this (folded) word, which needs no mark.
    #[must_use]
    pub fn find_bare(&self, word: &str) -> Option<&Command> {
        self.commands
            .iter()
            .find(|command| command.bare.contains(&word))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter()
    }

    /// Their names.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.commands.iter().map(|command| command.name).collect()
    }

    /// Leaves out those that the configuration switched off.
    pub fn retain(&mut self, keep: impl FnMut(&Command) -> bool) {
        self.commands.retain(keep);
    }

    /// Adds one.
    pub fn push(&mut self, command: Command) {
        self.commands.push(command);
    }
}
