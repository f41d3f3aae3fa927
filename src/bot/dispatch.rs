//! From a packet to an answer: policy, parse, registry, command.
//!
//! [`Bot`] is pure: events and the time come in, texts leave through the
//! outbox. It owns the node book and everything else that commands look at.
//! Refusing costs at most one notice, then silence. What capabilities want done is
//! done in `acts`, and dispatch knows none of them by name.

mod acts;
mod capabilities;
mod errands;
mod held;
mod listen;
mod outcome;
mod parts;
mod pin;
mod remember;
mod serve;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use log::{debug, error, info, warn};

pub use self::parts::{Before, Forgetful, Keeper, Parts, Settings, Tally};

use self::capabilities::Capabilities;
use self::errands::Waiting;
use self::pin::Pin;
use super::ask::{Ask, JobId, Place, Together, Way};
use super::capability::Happened;
use super::command::{Command, Context, LinkView, Registry};
use super::desk::Desk;
use super::host::HostStats;
use super::jobs::{Errands, JobResult};
use super::parse::{Names, Parsed, parse};
use super::policy::{Policy, Verdict};
use super::reply::{Done, Errand, Handed, Post, Posted, Reply};
use crate::bounds::recent::Recent;
use crate::config::{Mode, Mqtt};
use crate::history::insight::Archive;
use crate::lang::Text;
use crate::link::{Event, Identity, Outcome, Received, Ticket};
use crate::mesh::name::{self, clean};
use crate::mesh::time::sooner;
use crate::mesh::{ChannelIndex, Hops, Known, NodeBook, NodeNum, Now, PacketId, Sanity, Standing};
use crate::thread::caught;

/// One request for a node's key an hour (features.md B16).
const KEY_REQUEST_PERIOD: Duration = Duration::from_secs(3_600);
/// One word an hour on the channel that a private answer was impossible, and
/// one in the log that somebody gives orders who may not.
const KEY_NOTICE_PERIOD: Duration = Duration::from_secs(3_600);
/// Nodes remembered for these, and texts without a number.
const KEY_MEMORY: usize = 256;
/// Longer lines are cut in the log.
const LINE_MAX: usize = 160;

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
    capabilities: Capabilities,
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
    /// Texts that errands bring, by number, so that who asked first is told first.
    errands_out: BTreeMap<JobId, Waiting>,
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
            capabilities: Capabilities::new(parts.capabilities),
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
            errands_out: BTreeMap::new(),
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
                self.happened(now, || Happened::Link(false));
            }
            Event::Nodes(infos) => {
                self.book.note_node_list(&infos, now, self.settings.sanity);
            }
            Event::Packet(received) => self.packet(now, &received),
            Event::Outcome(ticket, outcome) => self.outcome(now, ticket, outcome),
            Event::Beat => {}
        }
        self.record_changes(now);
    }

    /// Looks at everything that depends on time. Seldom, and much code: it is
    /// kept out of the loop that takes the events.
    #[inline(never)]
    pub fn tick(&mut self, now: Now) {
        self.give_up_late_errands(now);
        if self.capabilities.due().is_some_and(|at| at <= now.mono) {
            self.happened(now, || Happened::Time);
        }
        self.tick_memory(now);
    }

    /// When [`Bot::tick`] is needed again, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let mut errands = None;
        if !self.errands_out.is_empty() {
            errands = self.errands_out.values().map(|it| it.deadline).min();
        }
        let memory = self.memory.as_ref().and_then(remember::Memory::deadline);
        sooner(sooner(errands, self.capabilities.due()), memory)
    }

    /// The last thing before the end: puts away what is worth keeping.
    pub fn close(&mut self, now: Now) {
        self.capabilities.close(now);
        self.flush_memory(now, true);
    }

    fn ready(&mut self, now: Now, identity: &Identity) {
        self.meet_own(now, identity.num);
        if let Some(own) = &identity.own {
            self.book.note_own(own, now, self.settings.sanity);
        }
        self.link.up_since = Some(now.mono);
        self.link.opened = identity.opened;
        self.link.lora = identity.lora;
        self.enabled = (0_u8..)
            .zip(&identity.channels)
            .filter(|(_, channel)| channel.enabled)
            .map(|(index, _)| ChannelIndex(index))
            .collect();
        self.warn_of_missing_channels();
        self.happened(now, || Happened::Link(true));
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
        if self.capabilities.hear_packets() {
            self.heard(now, received);
        }
        if let Some(ticket) = received.traceroute {
            self.routed(now, ticket, received);
        } else if received.standing == Standing::Live {
            self.text(now, received);
        }
    }
}

#[cfg(test)]
mod tests;
