//! From a packet to an answer: policy, parse, registry, command.
//!
//! [`Bot`] is pure: events and the time come in, texts leave through the
//! outbox. It owns the node book and everything else that commands look at.
//! Refusing costs at most one notice, then silence.

mod elsewhere;
mod held;
mod insight;
mod listen;
mod outcome;
mod pin;
mod pings;
mod remember;
mod serve;
mod trace;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use log::{debug, error, info, warn};

use self::pin::Pin;
use super::command::{Ask, Command, Context, LinkView, Place, Registry};
use super::desk::Desk;
use super::elsewhere::Elsewhere;
use super::errands::{Errands, Job, JobId, JobResult, Work};
use super::forecasts::{self, Boot, Forecasts, Frame, Need, Snapshot};
use super::host::HostStats;
use super::insight::Archive;
use super::parse::{Names, Parsed, parse};
use super::pings::Pings;
use super::policy::{Policy, Verdict};
use super::recent::Recent;
use super::record::History;
use super::reply::{Done, Errand, Handed, Post, Posted, Reply, Way};
use super::together::Together;
use super::traces::Traces;
use crate::config::{
    Bot as BotConfig, ChannelRules, CommandRules, Config, Limits, Mode, Mqtt, Operator,
};
use crate::lang::{Lang, Text};
use crate::link::{Event, Identity, Outbox, Outcome, Received, Ticket};
use crate::mesh::name::{self, clean};
use crate::mesh::time::sooner;
use crate::mesh::{ChannelIndex, Hops, Known, NodeBook, NodeNum, Now, PacketId, Sanity, Standing};
use crate::remote::NoOthers;
use crate::thread::caught;
use crate::weather::Source;

/// One request for a node's key an hour (features.md B16).
const KEY_REQUEST_PERIOD: Duration = Duration::from_secs(3_600);
/// One word an hour on the channel that a private answer was impossible, and
/// one in the log that somebody gives orders who may not.
const KEY_NOTICE_PERIOD: Duration = Duration::from_secs(3_600);
/// Nodes remembered for these, and texts without a number.
const KEY_MEMORY: usize = 256;
/// What other nodes have heard is remembered for so many of them, beside the
/// one that the bot is connected with …
pub const VIEWS: usize = 2;
/// … and of so many nodes each, the most recently heard.
pub const VIEW_NODES: usize = 500;
/// Longer lines are cut in the log.
const LINE_MAX: usize = 160;

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
    /// What is settled about the weather.
    pub weather: forecasts::Settings,
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
            weather: forecasts::Settings::from_config(&config.weather),
            local_zone: TimeZone::UTC,
            boot: Boot::default(),
            keep_texts: config.store.texts,
            log_conversations: config.log.conversations,
            log_direct_texts: config.log.direct_texts,
            sanity,
        }
    }
}

/// Keeps what must survive a restart.
pub trait Keeper: Send + Sync {
    /// The mute switch was turned: until when nothing is said, if at all.
    fn mute(&self, until: Option<u64>);

    /// The operator gives orders on this node.
    fn pin(&self, node: NodeNum);

    /// What is known of places and weather; `false` when that could not be
    /// kept.
    fn weather(&self, known: &Snapshot) -> bool;
}

/// Keeps nothing.
#[derive(Debug)]
pub struct Forgetful;

impl Keeper for Forgetful {
    fn mute(&self, _until: Option<u64>) {}

    fn pin(&self, _node: NodeNum) {}

    fn weather(&self, _known: &Snapshot) -> bool {
        true
    }
}

/// What was known before the restart.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Before {
    /// Until when the operator has muted the bot: seconds since 1970,
    /// `u64::MAX` for ever.
    pub muted_until: Option<u64>,
    /// The node on which the operator gives orders; else it is `own`.
    pub pinned: Option<NodeNum>,
    /// Places and weather.
    pub weather: Snapshot,
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
    /// Who knows the weather.
    pub weather: Arc<dyn Source>,
    /// Reads the board's state.
    pub host: Box<dyn Fn() -> HostStats + Send>,
    /// The commands.
    pub registry: Registry,
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

/// An errand that has not come back.
enum OpenJob {
    /// It brings a text.
    Text {
        ask: Box<Ask>,
        way: Way,
        deadline: Duration,
    },
    /// It works for the weather desk.
    Weather(Need),
    /// It looks something up in the history.
    Past(insight::Waiting),
    /// It asks another node, until then.
    Elsewhere(Duration),
}

/// The bot.
pub struct Bot {
    settings: Settings,
    registry: Registry,
    post: Post,
    errands: Box<dyn Errands>,
    keeper: Arc<dyn Keeper>,
    host: Box<dyn Fn() -> HostStats + Send>,
    policy: Policy,
    desk: Desk,
    forecasts: Forecasts,
    elsewhere: Elsewhere,
    traces: Traces,
    pings: Pings,
    book: NodeBook,
    /// What was heard through other nodes than the one of today, the latest
    /// first.
    views: Vec<(NodeNum, Vec<Known>)>,
    memory: Option<remember::Memory>,
    archive: Option<Box<dyn Archive>>,
    link: LinkView,
    own: NodeNum,
    enabled: BTreeSet<ChannelIndex>,
    warned_channels: BTreeSet<ChannelIndex>,
    /// By number, so that who asked first is told first.
    jobs: BTreeMap<JobId, OpenJob>,
    next_job: u64,
    key_requests: Recent<NodeNum, ()>,
    key_notices: Recent<NodeNum, ()>,
    /// Who could not read a private answer.
    unreadable: Recent<NodeNum, ()>,
    refused_orders: Recent<NodeNum, ()>,
    pin: Pin,
    /// Texts without a number, by sender and words.
    unnumbered: Recent<(NodeNum, u64), ()>,
    tally: Tally,
}

impl std::fmt::Debug for Bot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bot")
            .field("own", &self.own)
            .field("tally", &self.tally)
            .finish_non_exhaustive()
    }
}

impl Bot {
    /// A bot that knows what it knew `before`.
    #[must_use]
    pub fn new(settings: Settings, parts: Parts, before: Before) -> Self {
        let mut registry = parts.registry;
        registry.retain(|command| {
            settings
                .commands
                .get(command.name)
                .is_none_or(|rules| rules.enabled)
        });
        let bot = &settings.bot;
        let mut desk = Desk::default();
        desk.restore_mute(before.muted_until);
        let frame = Frame {
            lang: settings.lang,
            prefix: bot.prefix.clone(),
            part_limit: bot.part_limit,
            sanity: settings.sanity,
            local_zone: settings.local_zone.clone(),
            boot: settings.boot.clone(),
        };
        let weather = settings.weather.clone();
        let mut book = NodeBook::default();
        if let Some(own) = before.own {
            book.set_own(own);
        }
        book.restore(before.nodes);
        let sanity = settings.sanity;
        let memory = parts
            .history
            .map(|history| remember::Memory::new(history, sanity));
        Self {
            post: Post::new(parts.outbox, settings.lang, bot, settings.limits.together),
            traces: Traces::default(),
            pings: Pings::default(),
            forecasts: Forecasts::new(weather, frame, parts.weather, before.weather),
            elsewhere: Elsewhere::new(Arc::new(NoOthers)),
            policy: Policy::new(settings.limits.clone()),
            registry,
            errands: parts.errands,
            keeper: parts.keeper,
            host: parts.host,
            desk,
            book,
            views: before.others,
            memory,
            archive: parts.archive,
            link: LinkView::default(),
            own: NodeNum(0),
            enabled: BTreeSet::new(),
            warned_channels: BTreeSet::new(),
            jobs: BTreeMap::new(),
            next_job: 0,
            key_requests: Recent::new(KEY_MEMORY),
            key_notices: Recent::new(KEY_MEMORY),
            unreadable: Recent::new(KEY_MEMORY),
            refused_orders: Recent::new(KEY_MEMORY),
            pin: Pin::new(before.pinned, before.own),
            unnumbered: Recent::new(KEY_MEMORY),
            tally: Tally::default(),
            settings,
        }
    }

    /// What became of the answers so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// The nodes.
    #[must_use]
    pub fn book(&self) -> &NodeBook {
        &self.book
    }

    /// The link told something.
    pub fn handle(&mut self, now: Now, event: Event) {
        match event {
            Event::Ready(identity) => self.ready(now, &identity),
            Event::Lost(_) => {
                self.link.up_since = None;
                self.link.losses += 1;
                self.pings.link_lost(now.mono);
            }
            Event::Nodes(infos) => {
                self.book.note_node_list(&infos, now, self.settings.sanity);
            }
            Event::Packet(received) => self.packet(now, &received),
            Event::Outcome(ticket, outcome) => self.outcome(now, ticket, outcome),
            Event::Beat => {}
        }
        if self.pings.count() > 0 {
            self.serve_pings(now);
        }
        self.record_changes(now);
    }

    /// Looks at everything that depends on time. Seldom, and much code: it is
    /// kept out of the loop that takes the events.
    #[inline(never)]
    pub fn tick(&mut self, now: Now) {
        self.give_up_late_jobs(now);
        self.elsewhere.forget(now.mono);
        self.forecasts.tick(now);
        self.serve_forecasts(now);
        self.serve_pings(now);
        self.tick_memory(now);
    }

    /// When [`Bot::tick`] is needed again, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let mut jobs = None;
        if !self.jobs.is_empty() {
            jobs = self.jobs.values().filter_map(OpenJob::deadline).min();
        }
        let memory = self.memory.as_ref().and_then(remember::Memory::deadline);
        let work = sooner(jobs, self.forecasts.deadline());
        sooner(sooner(work, self.pings.deadline()), memory)
    }

    /// The last thing before the end: puts away what is worth keeping.
    pub fn close(&mut self, now: Now) {
        if let Some(known) = self.forecasts.last_words(now) {
            self.keeper.weather(&known);
        }
        self.flush_memory(now, true);
    }

    fn ready(&mut self, now: Now, identity: &Identity) {
        self.meet_own(now, identity.num);
        if let Some(own) = &identity.own {
            self.book.note_own(own, now, self.settings.sanity);
        }
        self.link.up_since = Some(now.mono);
        self.pings.link_up();
        self.link.opened = identity.opened;
        self.link.lora = identity.lora;
        self.enabled = (0_u8..)
            .zip(&identity.channels)
            .filter(|(_, channel)| channel.enabled)
            .map(|(index, _)| ChannelIndex(index))
            .collect();
        self.warn_of_missing_channels();
    }

    /// Loudly, but once for as long as a channel is missing.
    fn warn_of_missing_channels(&mut self) {
        let enabled = &self.enabled;
        self.warned_channels
            .retain(|channel| !enabled.contains(channel));
        for &channel in self.settings.bot.channels.iter().flatten() {
            if !enabled.contains(&channel) && self.warned_channels.insert(channel) {
                warn!(
                    "channel {channel} is configured in [bot] channels, but the node does not have it: nobody is answered there"
                );
            }
        }
        for &channel in self.settings.channels.keys() {
            if !enabled.contains(&channel) && self.warned_channels.insert(channel) {
                warn!(
                    "channel {channel} has rules in [channel.{channel}], but the node does not have it"
                );
            }
        }
    }

    fn packet(&mut self, now: Now, received: &Received) {
        let noted = self.book.note_packet(
            &received.packet,
            received.standing,
            now,
            self.settings.sanity,
        );
        if noted.key_differs {
            warn!(
                "{} announces another public key than before",
                received.packet.from
            );
        }
        self.record_packet(now, received, noted);
        if received.traceroute.is_some() {
            self.traced(now, received);
        } else if received.standing == Standing::Live {
            self.text(now, received);
        }
    }
}

#[cfg(test)]
mod tests;
