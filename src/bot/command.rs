//! What a command is: a declaration and a function. The help text, the
//! permissions and the limits all come from the declaration.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::ask::Ask;
use super::desk::Desk;
use super::host::HostStats;
use super::reply::Reply;
use crate::config::Mode;
use crate::lang::{Lang, Text};
use crate::mesh::lookup::mistakes;
use crate::mesh::name::fold;
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

/// Where a command stands in the help.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Topic {
    /// How one is heard, and how messages come.
    Signal,
    /// Who else is there.
    Nodes,
    /// What the mesh did.
    Past,
    /// Weather and sky.
    Weather,
    /// The bot itself.
    Bot,
    /// The operator's.
    Operator,
}

impl Topic {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 6] = [
        Self::Signal,
        Self::Nodes,
        Self::Past,
        Self::Weather,
        Self::Bot,
        Self::Operator,
    ];

    /// Its names: the first is shown.
    #[must_use]
    pub fn names(self) -> Text {
        match self {
            Self::Signal => Text::GroupSignal,
            Self::Nodes => Text::GroupNodes,
            Self::Past => Text::GroupPast,
            Self::Weather => Text::GroupWeather,
            Self::Bot => Text::GroupBot,
            Self::Operator => Text::GroupOperator,
        }
    }
}

/// A command's declaration.
#[derive(Clone, Copy)]
pub struct Command {
    /// What the configuration and the code call it: lower case, no accents.
    pub name: &'static str,
    /// Its names in each language, the first of which is shown; all are understood
    /// whatever language is set. Without them it is called by `name`.
    pub names: Option<Text>,
    /// How people ask for it without knowing it.
    pub phrases: Option<Text>,
    /// Where it stands in the help.
    pub topic: Topic,
    /// Arguments, as shown in the help: `<node>`, `[page]`.
    pub usage: Option<Text>,
    /// Arguments that work, for who got them wrong.
    pub example: Option<Text>,
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
    /// What follows it is a text, which is taken as it was typed.
    pub takes_text: bool,
    /// It turns pages: so many on, or back.
    pub turns: isize,
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
        names: None,
        phrases: None,
        topic: Topic::Bot,
        usage: None,
        example: None,
        summary: Text::Apology,
        mode: Mode::Public,
        operator_only: false,
        has_own_limit: false,
        same_for_all: false,
        takes_text: false,
        turns: 0,
        is_order: |_| false,
        is_about_own_key: None,
        run: None,
    };

    /// What it is called where people read `lang`.
    #[must_use]
    pub fn shown(&self, lang: Lang) -> &'static str {
        let names = self.names.map_or(&[][..], |names| names.list(lang));
        names.first().unwrap_or(&self.name)
    }

    /// Whether this is one of its names where people read `lang`.
    #[must_use]
    pub fn is_called(&self, name: &str, lang: Lang) -> bool {
        let names = self.names.map_or(&[][..], |names| names.list(lang));
        names.contains(&name)
    }

    /// Every word that means it, in every language, as they are shown.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + use<> {
        let all = self.names.into_iter().flat_map(Text::in_every_language);
        std::iter::once(self.name).chain(all)
    }

    /// How it is called, without the mark: `nodes [page]`.
    #[must_use]
    pub fn call(&self, lang: Lang) -> String {
        match self.usage {
            Some(usage) => format!("{} {}", self.shown(lang), usage.plain(lang)),
            None => self.shown(lang).to_owned(),
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
    /// By each word that means one, folded.
    words: HashMap<String, usize>,
}

impl Registry {
    /// The given commands.
    #[must_use]
    pub fn new(commands: Vec<Command>) -> Self {
        let mut registry = Self {
            commands,
            words: HashMap::new(),
        };
        registry.index();
        registry
    }

    /// The command of this (folded) word, whatever its language.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<&Command> {
        self.words.get(word).map(|&at| &self.commands[at])
    }

    /// The name nearest to a (folded) word that is none, among the commands that
    /// somebody may use, if it is near enough to be meant: a name of `lang`, which he
    /// reads.
    #[must_use]
    pub fn nearest(
        &self,
        lang: Lang,
        word: &str,
        may_use: &dyn Fn(&Command) -> bool,
    ) -> Option<&'static str> {
        let most = match word.chars().count() {
            0..=2 => return None,
            3..=4 => 1,
            _ => 2,
        };
        let usable = self.commands.iter().filter(|command| may_use(command));
        let names = usable.flat_map(|command| command.words().map(move |name| (command, name)));
        let near = names.filter_map(|(command, name)| {
            let folded = fold(name);
            // Of two words with nothing else in common the beginning counts.
            let is_like = folded.len() > 3 || folded.chars().next() == word.chars().next();
            let mistakes = mistakes(word, &folded);
            let is_near = mistakes <= most && mistakes < folded.chars().count() && is_like;
            is_near.then_some((mistakes, !command.is_called(name, lang), command, name))
        });
        let (_, is_foreign, command, name) =
            near.min_by_key(|&(mistakes, is_foreign, ..)| (mistakes, is_foreign))?;
        Some(if is_foreign {
            command.shown(lang)
        } else {
            name
        })
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
        self.index();
    }

    /// Adds one.
    pub fn push(&mut self, command: Command) {
        self.commands.push(command);
        self.index();
    }

    fn index(&mut self) {
        self.words.clear();
        for (at, command) in self.commands.iter().enumerate() {
            for word in command.words() {
                self.words.insert(fold(word), at);
            }
        }
    }
}
