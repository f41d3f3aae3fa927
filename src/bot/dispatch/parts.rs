//! What the bot is made of: what is settled, what is connected with it, what it
//! knew before.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::bot::ask::Place;
use crate::bot::capability::Capability;
use crate::bot::command::Registry;
use crate::bot::host::HostStats;
use crate::bot::jobs::Errands;
use crate::config::{Bot as BotConfig, ChannelRules, CommandRules, Config, Limits, Operator};
use crate::history::History;
use crate::history::insight::Archive;
#[cfg(doc)]
use crate::history::rows::{VIEW_NODES, VIEWS};
use crate::lang::Lang;
use crate::link::Outbox;
use crate::mesh::{Boot, ChannelIndex, Known, NodeNum, Sanity};

/// What the bot needs to know from the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Language of the answers.
    pub lang: Lang,
    /// How it listens and answers.
    pub bot: BotConfig,
    /// Who may give orders.
    pub operator: Option<Operator>,
    /// How much anybody may ask for.
    pub limits: Limits,
    /// What differs from the commands' declarations.
    pub commands: BTreeMap<String, CommandRules>,
    /// What differs on single channels.
    pub channels: BTreeMap<ChannelIndex, ChannelRules>,
    /// Time zone of the board.
    pub local_zone: TimeZone,
    /// The run of the board.
    pub boot: Boot,
    /// Texts of channels go into the history.
    pub keep_texts: bool,
    /// Note each command served.
    pub log_conversations: bool,
    /// Texts of direct messages may be logged.
    pub log_direct_texts: bool,
    /// Which clocks to believe.
    pub sanity: Sanity,
}

impl Settings {
    /// The part of the configuration that the bot needs.
    #[must_use]
    pub fn from_config(config: &Config, sanity: Sanity) -> Self {
        Self {
            lang: config.language,
            bot: config.bot.clone(),
            operator: config.operator.clone(),
            limits: config.limits.clone(),
            commands: config.commands.clone(),
            channels: config.channels.clone(),
            local_zone: TimeZone::UTC,
            boot: Boot::default(),
            keep_texts: config.store.texts,
            log_conversations: config.log.conversations,
            log_direct_texts: config.log.direct_texts,
            sanity,
        }
    }
}

impl Settings {
    /// The language in which is answered there.
    #[must_use]
    pub fn lang_at(&self, place: Place) -> Lang {
        let Place::Channel(channel) = place else {
            return self.lang;
        };
        let rules = self.channels.get(&channel);
        rules.and_then(|rules| rules.language).unwrap_or(self.lang)
    }
}

/// Keeps what must survive a restart.
pub trait Keeper: Send + Sync {
    /// The mute switch was turned: until when nothing is said, if at all.
    fn mute(&self, until: Option<u64>);

    /// The operator gives orders on this node.
    fn pin(&self, node: NodeNum);
}

/// Keeps nothing.
#[derive(Debug)]
pub struct Forgetful;

impl Keeper for Forgetful {
    fn mute(&self, _until: Option<u64>) {}

    fn pin(&self, _node: NodeNum) {}
}

/// What was known before the restart.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Before {
    /// Until when the operator has muted the bot: seconds since 1970,
    /// `u64::MAX` for ever.
    pub muted_until: Option<u64>,
    /// The node on which the operator gives orders; else it is `own`.
    pub pinned: Option<NodeNum>,
    /// The node that the bot was connected with last.
    pub own: Option<NodeNum>,
    /// The nodes as they were heard through it, the most recent first.
    pub nodes: Vec<Known>,
    /// The same for [`VIEWS`] other nodes that it was connected with before, at
    /// most [`VIEW_NODES`] each.
    pub others: Vec<(NodeNum, Vec<Known>)>,
}

/// What the bot is connected with.
pub struct Parts {
    /// The way to the mesh.
    pub outbox: Outbox,
    /// The way to slow work.
    pub errands: Box<dyn Errands>,
    /// The way to what lasts.
    pub keeper: Arc<dyn Keeper>,
    /// Where the history is kept, if anywhere.
    pub history: Option<Box<dyn History>>,
    /// Who looks things up in it, if anybody.
    pub archive: Option<Box<dyn Archive>>,
    /// Reads the board's state.
    pub host: Box<dyn Fn() -> HostStats + Send>,
    /// The commands.
    pub registry: Registry,
    /// What it can do beyond answering at once.
    pub capabilities: Vec<Box<dyn Capability>>,
}

/// What became of the answers so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tally {
    /// Commands answered.
    pub answered: u64,
    /// Questions that were answered by what somebody else had just been told
    /// on the same channel.
    pub together: u64,
    /// Commands refused by a limit, or because too much went on.
    pub refused: u64,
    /// Texts that arrived, were relayed, or were sent without asking.
    pub good: u64,
    /// Texts that failed, expired or were dropped.
    pub bad: u64,
    /// Texts of which nothing more is known.
    pub unknown: u64,
    /// Failures for want of a key.
    pub key_trouble: u64,
}
