//! From a packet to an answer: policy, parse, registry, command.
//!
//! [`Bot`] is pure: events and the time come in, texts leave through the
//! outbox. It owns the node book and everything else that commands look at.
//! Refusing costs at most one notice, then silence.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use log::{debug, error, info, warn};

use super::command::{Ask, Command, Context, LinkView, Place, Registry};
use super::desk::Desk;
use super::errands::{Errands, Job, JobId, JobResult};
use super::host::HostStats;
use super::parse::{Names, Parsed, parse};
use super::policy::{Policy, Verdict};
use super::recent::Recent;
use super::reply::{Done, Post, Posted, Reply};
use crate::config::{
    Bot as BotConfig, ChannelRules, CommandRules, Config, Limits, Mode, Mqtt, Operator,
};
use crate::link::{Event, Identity, Outbox, Outcome, Received, Ticket};
use crate::mesh::name::{self, clean};
use crate::mesh::{ChannelIndex, Hops, NodeBook, NodeNum, Now, PacketId, Sanity, Standing};
use crate::text::{Lang, Text};
use crate::thread::panic_message;

/// One request for a node's key an hour (features.md B16).
const KEY_REQUEST_PERIOD: Duration = Duration::from_secs(3_600);
/// One word an hour on the channel that a private answer was impossible, and
/// one in the log that somebody gives orders who may not.
const KEY_NOTICE_PERIOD: Duration = Duration::from_secs(3_600);
/// Nodes remembered for these two.
const KEY_MEMORY: usize = 256;
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
            lang: match config.language {
                crate::config::Language::En => Lang::En,
                crate::config::Language::Fr => Lang::Fr,
            },
            bot: config.bot.clone(),
            operator: config.operator.clone(),
            limits: config.limits.clone(),
            commands: config.commands.clone(),
            channels: config.channels.clone(),
            log_conversations: config.log.conversations,
            log_direct_texts: config.log.direct_texts,
            sanity,
        }
    }
}

/// Keeps what must survive a restart.
pub trait Keeper: Send {
    /// The mute switch was turned: until when nothing is said, if at all.
    fn mute(&self, until: Option<u64>);
}

/// Keeps nothing.
#[derive(Debug)]
pub struct Forgetful;

impl Keeper for Forgetful {
    fn mute(&self, _until: Option<u64>) {}
}

/// What the bot is connected with.
pub struct Parts {
    /// The way to the mesh.
    pub outbox: Outbox,
    /// The way to slow work.
    pub errands: Box<dyn Errands>,
    /// The way to what lasts.
    pub keeper: Box<dyn Keeper>,
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
    /// Commands refused by a limit.
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

struct OpenJob {
    ask: Ask,
    private: bool,
    deadline: Duration,
}

/// The bot.
pub struct Bot {
    settings: Settings,
    registry: Registry,
    post: Post,
    errands: Box<dyn Errands>,
    keeper: Box<dyn Keeper>,
    host: Box<dyn Fn() -> HostStats + Send>,
    policy: Policy,
    desk: Desk,
    book: NodeBook,
    link: LinkView,
    own: NodeNum,
    enabled: BTreeSet<ChannelIndex>,
    warned_channels: BTreeSet<ChannelIndex>,
    jobs: HashMap<JobId, OpenJob>,
    next_job: u64,
    key_requests: Recent<NodeNum, ()>,
    key_notices: Recent<NodeNum, ()>,
    refused_orders: Recent<NodeNum, ()>,
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
    /// A bot that knows nobody yet. `muted_until` comes from before the restart.
    #[must_use]
    pub fn new(settings: Settings, parts: Parts, muted_until: Option<u64>) -> Self {
        let mut registry = parts.registry;
        registry.retain(|command| {
            settings
                .commands
                .get(command.name)
                .is_none_or(|rules| rules.enabled)
        });
        let bot = &settings.bot;
        let mut desk = Desk::default();
        desk.restore_mute(muted_until);
        Self {
            post: Post::new(
                parts.outbox,
                settings.lang,
                bot.prefix.clone(),
                bot.part_limit,
                bot.max_parts,
            ),
            policy: Policy::new(settings.limits.clone()),
            registry,
            errands: parts.errands,
            keeper: parts.keeper,
            host: parts.host,
            desk,
            book: NodeBook::default(),
            link: LinkView::default(),
            own: NodeNum(0),
            enabled: BTreeSet::new(),
            warned_channels: BTreeSet::new(),
            jobs: HashMap::new(),
            next_job: 0,
            key_requests: Recent::new(KEY_MEMORY),
            key_notices: Recent::new(KEY_MEMORY),
            refused_orders: Recent::new(KEY_MEMORY),
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
            }
            Event::Nodes(infos) => {
                self.book.note_node_list(&infos, now, self.settings.sanity);
            }
            Event::Packet(received) => self.packet(now, &received),
            Event::Outcome(ticket, outcome) => self.outcome(now, ticket, outcome),
            Event::Beat => {}
        }
    }

    /// An errand has ended.
    pub fn finished(&mut self, now: Now, result: JobResult) {
        let Some(job) = self.jobs.remove(&result.id) else {
            debug!("an errand ended after its time limit");
            return;
        };
        let text = match result.answer {
            Ok(text) => text,
            Err(panic) => {
                error!("{}: the errand panicked: {panic}", job.ask.line);
                Text::Apology.plain(self.settings.lang).to_owned()
            }
        };
        self.answer_late(now, &job, &text);
    }

    /// Looks at everything that depends on time.
    pub fn tick(&mut self, now: Now) {
        let late: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.deadline <= now.mono)
            .map(|(&id, _)| id)
            .collect();
        for id in late {
            if let Some(job) = self.jobs.remove(&id) {
                warn!("{}: the errand took too long", job.ask.line);
                let text = Text::TookTooLong.plain(self.settings.lang);
                self.answer_late(now, &job, text);
            }
        }
    }

    /// When [`Bot::tick`] is needed again, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.jobs.values().map(|job| job.deadline).min()
    }

    /// The end of an errand; the bot may have been muted since it began.
    fn answer_late(&mut self, now: Now, job: &OpenJob, text: &str) {
        if self.desk.is_muted(now) {
            debug!("muted: {} of {} not answered", job.ask.line, job.ask.from);
            return;
        }
        self.post
            .send(&job.ask, job.private, text, &mut self.desk, now.mono);
    }

    fn ready(&mut self, now: Now, identity: &Identity) {
        self.own = identity.num;
        self.book.set_own(identity.num);
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
        for &channel in self.settings.bot.channels.iter().flatten() {
            if !self.enabled.contains(&channel) && self.warned_channels.insert(channel) {
                warn!(
                    "channel {channel} is configured in [bot] channels, but the node does not have it: nobody is answered there"
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
        if received.standing == Standing::Live {
            self.text(now, received);
        }
    }

    /// A live packet; most of them are no questions.
    fn text(&mut self, now: Now, received: &Received) {
        let packet = &received.packet;
        let Some(text) = packet.text() else { return };
        if packet.from == self.own || !packet.from.is_node() || received.answers_ours {
            return;
        }
        let place = if packet.to == self.own {
            Place::Direct
        } else if packet.is_broadcast() && self.listens_on(packet.channel) {
            Place::Channel(packet.channel)
        } else {
            return;
        };
        let limit = self.settings.bot.command_age.as_secs();
        if received.age.is_some_and(|age| age > limit) {
            debug!("a question of {} is too old to be answered", packet.from);
            return;
        }
        let too_far = matches!(packet.hops, Hops::Known(hops) if hops > self.settings.bot.max_hops);
        if place != Place::Direct && too_far {
            return;
        }
        if packet.via_mqtt && self.settings.bot.mqtt == Mqtt::Ignore {
            return;
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        let mut ask = Ask {
            from: packet.from,
            place,
            channel: packet.channel,
            id: packet.id,
            line: "".into(),
            args: String::new(),
            is_operator: self.is_operator(received),
            hops: packet.hops,
            signal: packet.signal,
            relay: packet.relay,
            via_mqtt: packet.via_mqtt,
            age: received.age,
        };
        if let Some(command) = self.understand(now, text, &mut ask) {
            self.serve(now, command, &ask);
        }
    }

    /// Which command the text means; enters its arguments into `ask`.
    fn understand(&mut self, now: Now, text: &str, ask: &mut Ask) -> Option<Command> {
        let id = self.own.to_string();
        let own = self.book.get(self.own);
        let names = Names {
            short: own.and_then(|own| own.short_name.as_deref()).unwrap_or(""),
            long: own.and_then(|own| own.long_name.as_deref()).unwrap_or(""),
            id: &id,
        };
        let prefix = &self.settings.bot.prefix;
        let direct = ask.place == Place::Direct;
        let (found, said, args) = match parse(text, prefix, direct, names) {
            Parsed::Command { word, said, args } => {
                let said = format!("{prefix}{}", clean(said.as_bytes(), 32));
                (self.registry.find(&word).copied(), said, args.to_owned())
            }
            Parsed::Bare { word } => {
                let found = self.registry.find_bare(&word).copied();
                if found.is_some() && !self.policy.ask_bare(ask.from, now.mono) {
                    debug!("{} says nothing but bare words: ignored", ask.from);
                    return None;
                }
                (found, word, String::new())
            }
            Parsed::Pick(number) => {
                let who = (ask.from, ask.place);
                let picked = self.desk.pick(who, number, now.mono);
                match picked.and_then(|(name, node)| Some((*self.registry.find(name)?, node))) {
                    Some((command, node)) => {
                        let said = format!("{prefix}{}", command.name);
                        (Some(command), said, node.to_string())
                    }
                    None => return None,
                }
            }
            Parsed::Chat => (None, String::new(), String::new()),
        };
        let hidden = direct && !self.settings.log_direct_texts;
        let shown = clean(args.as_bytes(), LINE_MAX);
        ask.line = if found.is_none() && hidden {
            // No command's name, but what somebody wrote to us alone.
            "?".into()
        } else if shown.is_empty() || hidden {
            said.into()
        } else {
            // The clean-up takes marks off the front of names; a command's
            // arguments keep theirs.
            let mark: String = args.chars().take_while(|c| "!@#/".contains(*c)).collect();
            format!("{said} {mark}{shown}").into()
        };
        ask.args = args;
        if found.is_none() && direct {
            self.hint(now, ask);
        }
        found
    }

    /// A direct message that is no command: one hint, then silence.
    fn hint(&mut self, now: Now, ask: &mut Ask) {
        if self.desk.is_muted(now) || !self.policy.ask_hint(ask.from, now.mono) {
            return;
        }
        if ask.line.is_empty() {
            ask.line = "?".into();
        }
        let lang = self.settings.lang;
        let text = match self.policy.ask(ask.from, None, now.mono) {
            Verdict::Answer => {
                let prefix = &self.settings.bot.prefix;
                Text::Unknown.fill(lang, &[("prefix", prefix)])
            }
            Verdict::Notice => Text::Slower.plain(lang).to_owned(),
            Verdict::Silence => return,
        };
        self.post.remark(ask, false, &text);
    }

    fn serve(&mut self, now: Now, command: Command, ask: &Ask) {
        if self.is_restricted(&command) {
            if !(ask.is_operator && ask.place == Place::Direct) {
                // Nobody can fill the log with orders that he may not give.
                if self
                    .refused_orders
                    .once_per(ask.from, now.mono, KEY_NOTICE_PERIOD)
                {
                    warn!("{} refused to {}: not the operator", ask.line, ask.from);
                }
                return;
            }
        } else if self.desk.is_muted(now) {
            debug!("muted: {} of {} not answered", ask.line, ask.from);
            return;
        }
        if !self.may_use(&command, ask.place, ask.is_operator) {
            return;
        }
        let private = self.mode(&command) == Mode::Private
            || (ask.via_mqtt && self.settings.bot.mqtt == Mqtt::Private);
        if !ask.is_operator && !self.admit(now, &command, ask, private) {
            return;
        }
        let (done, job) = self.run(now, &command, ask, private);
        if let Some((timeout, job)) = job {
            self.start(now, ask, private, timeout, job);
        }
        if done != Done::Silent {
            self.tally.answered += 1;
        }
        if self.desk.take_mute_change() {
            self.keeper.mute(self.desk.muted_until());
        }
        if self.settings.log_conversations {
            self.note(ask, done);
        }
    }

    /// Asks the policy; says no where a no is due.
    fn admit(&mut self, now: Now, command: &Command, ask: &Ask, private: bool) -> bool {
        let public = match ask.place {
            Place::Channel(channel) if !private => Some(channel),
            _ => None,
        };
        let mut verdict = Verdict::Answer;
        if command.has_own_limit {
            verdict = self.policy.ask_echo(ask.from, now.mono);
        }
        if verdict == Verdict::Answer {
            verdict = self.policy.ask(ask.from, public, now.mono);
            if command.has_own_limit && verdict != Verdict::Answer {
                self.policy.no_echo(ask.from, now.mono);
            }
        }
        match verdict {
            Verdict::Answer => true,
            Verdict::Notice | Verdict::Silence => {
                self.tally.refused += 1;
                debug!("{} of {} refused by a limit", ask.line, ask.from);
                if verdict == Verdict::Notice {
                    let text = Text::Slower.plain(self.settings.lang);
                    self.post.remark(ask, private, text);
                }
                false
            }
        }
    }

    fn run(
        &mut self,
        now: Now,
        command: &Command,
        ask: &Ask,
        private: bool,
    ) -> (Done, Option<(Duration, Job)>) {
        let place = if private { Place::Direct } else { ask.place };
        let usable: BTreeSet<&'static str> = self
            .registry
            .iter()
            .filter(|other| {
                (!self.is_restricted(other) || (ask.is_operator && ask.place == Place::Direct))
                    && self.may_use(other, place, ask.is_operator)
            })
            .map(|other| other.name)
            .collect();
        let Self {
            settings,
            registry,
            post,
            host,
            desk,
            book,
            link,
            ..
        } = self;
        let mut context = Context {
            now,
            sanity: settings.sanity,
            lang: settings.lang,
            prefix: &settings.bot.prefix,
            part_limit: settings.bot.part_limit,
            contact: &settings.bot.contact,
            book,
            link,
            registry,
            desk,
            host,
            may_use: &|other| usable.contains(other.name),
        };
        let mut reply = Reply::new(post, ask, private, now.mono);
        let ran = catch_unwind(AssertUnwindSafe(|| {
            (command.run)(ask, &mut context, &mut reply);
        }));
        if let Err(panic) = ran {
            error!(
                "{}: the command panicked: {}",
                ask.line,
                panic_message(&*panic)
            );
            reply.say(context.desk, Text::Apology.plain(context.lang));
        }
        reply.finish()
    }

    fn start(&mut self, now: Now, ask: &Ask, private: bool, timeout: Duration, job: Job) {
        let id = JobId(self.next_job);
        self.next_job += 1;
        let open = OpenJob {
            ask: ask.clone(),
            private,
            deadline: now.mono + timeout,
        };
        self.jobs.insert(id, open);
        if self.errands.submit(id, job) {
            return;
        }
        self.jobs.remove(&id);
        warn!("{}: too many errands wait", ask.line);
        if ask.place == Place::Direct {
            let text = Text::Busy.plain(self.settings.lang);
            self.post.remark(ask, private, text);
        }
    }

    fn outcome(&mut self, now: Now, ticket: Ticket, outcome: Outcome) {
        match outcome {
            Outcome::Delivered | Outcome::Relayed | Outcome::Sent => self.tally.good += 1,
            Outcome::Unknown => self.tally.unknown += 1,
            Outcome::Failed(_) | Outcome::Expired | Outcome::Dropped(_) => self.tally.bad += 1,
        }
        let Some(posted) = self.post.settle(ticket) else {
            return;
        };
        if let Outcome::Failed(failure) = outcome
            && failure.is_key_trouble()
        {
            self.tally.key_trouble += 1;
            if failure.lacks_recipient_key()
                && self
                    .key_requests
                    .once_per(posted.to, now.mono, KEY_REQUEST_PERIOD)
            {
                self.post.outbox().node_info(posted.to);
            }
            self.tell_on_channel(now, &posted);
        }
    }

    /// A private answer to a public question could not be encrypted: the
    /// channel is the one place where the asker can be told.
    fn tell_on_channel(&mut self, now: Now, posted: &Posted) {
        let Some(channel) = posted.asked_on else {
            return;
        };
        if self.desk.is_muted(now)
            || !self
                .key_notices
                .once_per(posted.to, now.mono, KEY_NOTICE_PERIOD)
        {
            return;
        }
        let ask = Ask {
            from: posted.to,
            place: Place::Channel(channel),
            channel,
            id: PacketId(0),
            line: Arc::clone(&posted.command),
            args: String::new(),
            is_operator: false,
            hops: Hops::Unknown,
            signal: None,
            relay: None,
            via_mqtt: false,
            age: None,
        };
        let name = self.book.display_name(posted.to, 20);
        let text = Text::NoKey.fill(self.settings.lang, &[("name", &name)]);
        self.post.remark(&ask, false, &text);
    }

    fn note(&self, ask: &Ask, done: Done) {
        let place = match ask.place {
            Place::Direct => "direct".to_owned(),
            Place::Channel(channel) => format!("channel {channel}"),
        };
        let name = self.book.display_name(ask.from, name::LONG_NAME_MAX);
        let outcome = match done {
            Done::Silent => "no answer".to_owned(),
            Done::Errand => "errand".to_owned(),
            Done::Answered(super::reply::Handed::Over(parts)) => format!("{parts} part(s)"),
            Done::Answered(super::reply::Handed::Refused(_, refused)) => refused.to_string(),
        };
        info!("💬 {name} ({}) {place}: {} → {outcome}", ask.from, ask.line);
    }

    /// features.md L1: the number alone proves nothing, the key does.
    fn is_operator(&self, received: &Received) -> bool {
        let packet = &received.packet;
        self.settings.operator.as_ref().is_some_and(|operator| {
            packet.from == operator.node
                && packet.to == self.own
                && packet.sender_key == Some(operator.key)
        })
    }

    fn listens_on(&self, channel: ChannelIndex) -> bool {
        self.enabled.contains(&channel)
            && self
                .settings
                .bot
                .channels
                .as_ref()
                .is_none_or(|channels| channels.contains(&channel))
    }

    fn mode(&self, command: &Command) -> Mode {
        self.settings
            .commands
            .get(command.name)
            .and_then(|rules| rules.mode)
            .unwrap_or(command.mode)
    }

    fn is_restricted(&self, command: &Command) -> bool {
        command.operator_only
            || self
                .settings
                .commands
                .get(command.name)
                .is_some_and(|rules| rules.operator_only)
    }

    /// Whether a command is answered to questions from `place`.
    fn may_use(&self, command: &Command, place: Place, is_operator: bool) -> bool {
        match place {
            Place::Direct => true,
            Place::Channel(channel) => {
                let listed = self
                    .settings
                    .channels
                    .get(&channel)
                    .and_then(|rules| rules.commands.as_ref());
                self.mode(command) != Mode::Direct
                    && (is_operator || !self.is_restricted(command))
                    && listed.is_none_or(|names| names.contains(command.name))
            }
        }
    }
}

#[cfg(test)]
mod tests;
