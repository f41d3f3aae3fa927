//! The way out for a command: the link's sender with the return address
//! already inside.
//!
//! A command can answer where it was asked, answer in private, hand work to an
//! errand, or stay silent. It cannot name a socket, choose another recipient
//! or skip the pacing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use log::{debug, error, warn};

use super::command::{Ask, Place};
use super::desk::Desk;
use super::forecasts::{Wanted, Wish};
use super::recent::Recent;
use super::split::split;
use crate::config::Bot;
use crate::link::message::REPLY_EXPIRY;
use crate::link::{Class, Keep, Outbox, Refused, Target, Text, Ticket};
use crate::mesh::name::fold;
use crate::mesh::{ChannelIndex, Hops, NodeNum};
use crate::text::{Lang, Text as Say};

/// Public answers that are remembered for those who ask the same.
const SAID: usize = 64;

/// How an answer goes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Way {
    /// To the asker alone, wherever he asked.
    pub private: bool,
    /// Who may be answered together with him on a channel.
    pub together: Together,
}

/// Whether others who ask on the same channel within a short time are answered
/// by the same message (features.md B17).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Together {
    /// Everybody gets his own.
    #[default]
    Never,
    /// Whoever would get the same answer.
    SameAnswer,
    /// Whoever asked in the same words, and would get the same answer.
    SameQuestion,
}

/// A text as it was said on a channel, by its hash.
type Public = (ChannelIndex, u64);

/// What was said for more than one.
#[derive(Debug, Default)]
struct Said {
    tickets: Vec<Ticket>,
    /// What did not fit.
    rest: String,
    /// The last one who was answered by it without asking first.
    other: Option<Other>,
}

/// Somebody who was answered together with the one before.
#[derive(Debug)]
pub struct Other {
    /// His question.
    pub ask: Box<Ask>,
    /// The way back.
    pub way: Way,
    /// The answer.
    pub text: String,
    at: Duration,
}

/// What is remembered of a text until its outcome is known. Bounded by what
/// the link accepts.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Who asked.
    pub to: NodeNum,
    /// The command as asked.
    pub command: Arc<str>,
    /// Set when a question on this channel was answered in private.
    pub asked_on: Option<ChannelIndex>,
    /// Set when others may be answered together with this.
    said: Option<Public>,
}

/// Turns answers into texts and keeps book of them.
#[derive(Debug)]
pub struct Post {
    outbox: Outbox,
    lang: Lang,
    prefix: String,
    part_limit: usize,
    max_parts: usize,
    pending: HashMap<Ticket, Posted>,
    together: Duration,
    said: Recent<Public, Said>,
}

/// What became of an answer at the moment of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Handed {
    /// So many parts are on their way.
    Over(usize),
    /// Refused after so many parts.
    Refused(usize, Refused),
    /// The same has just been said on the same channel: that was the answer.
    Together,
}

impl Post {
    /// Sends through `outbox` as the configuration says. What is the same for
    /// all is said once on a channel within `together`.
    #[must_use]
    pub fn new(outbox: Outbox, lang: Lang, bot: &Bot, together: Duration) -> Self {
        Self {
            outbox,
            lang,
            prefix: bot.prefix.clone(),
            part_limit: bot.part_limit,
            max_parts: bot.max_parts,
            pending: HashMap::new(),
            together,
            said: Recent::new(SAID),
        }
    }

    /// The book's entry of a text whose outcome has come. What did not arrive
    /// has not been said: somebody who was to be answered by it, if there is one,
    /// gets it again.
    pub fn settle(
        &mut self,
        ticket: Ticket,
        arrived: bool,
        now: Duration,
    ) -> Option<(Posted, Option<Other>)> {
        let posted = self.pending.remove(&ticket)?;
        let mut again = None;
        if let Some(key) = posted.said.filter(|_| !arrived)
            && self
                .said
                .get(&key, now, Duration::MAX)
                .is_some_and(|said| said.tickets.contains(&ticket))
            && let Some(said) = self.said.take(&key, now, Duration::MAX)
        {
            again = said.other.filter(|other| now < other.at + REPLY_EXPIRY);
        }
        Some((posted, again))
    }

    /// Texts whose outcome is open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.pending.len()
    }

    /// The sender itself, for probes.
    #[must_use]
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Sends `text` as the answer to `ask`. What does not fit goes on the
    /// desk, and so do the parts that are refused after the first.
    pub fn send(
        &mut self,
        ask: &Ask,
        way: Way,
        text: &str,
        desk: &mut Desk,
        now: Duration,
    ) -> Handed {
        let place = way.place(ask);
        let key = match place {
            Place::Channel(channel) => way.together.hash(ask, text).map(|hash| (channel, hash)),
            Place::Direct => None,
        };
        if let Some(key) = key
            && self.said.get(&key, now, self.together).is_some()
        {
            debug!("{} of {} was answered together", ask.line, ask.from);
            if let Some(said) = self.said.change(&key) {
                desk.keep((ask.from, place), said.rest.clone(), now);
                said.other = Some(Other {
                    ask: Box::new(ask.clone()),
                    way,
                    text: text.to_owned(),
                    at: now,
                });
            }
            return Handed::Together;
        }
        let (handed, rest, tickets) = self.put(ask, way.private, key, text);
        if let (Some(key), Handed::Over(_)) = (key, handed) {
            let rest = rest.clone();
            let said = Said {
                tickets,
                rest,
                other: None,
            };
            self.said.insert(key, now, said);
        }
        if !matches!(handed, Handed::Refused(0, _)) {
            desk.keep((ask.from, place), rest, now);
        }
        handed
    }

    /// The same for a sentence that is no answer: a notice, a hint. What lies
    /// on the desk stays there.
    pub fn remark(&mut self, ask: &Ask, private: bool, text: &str) -> Handed {
        self.put(ask, private, None, text).0
    }

    /// Hands over as many parts as are accepted; what is left of the text.
    fn put(
        &mut self,
        ask: &Ask,
        private: bool,
        said: Option<Public>,
        text: &str,
    ) -> (Handed, String, Vec<Ticket>) {
        let (target, class, asked_on) = match (ask.place, private) {
            (Place::Channel(channel), false) => (Target::Channel(channel), Class::Public, None),
            (Place::Channel(channel), true) => (self.back_to(ask), Class::Direct, Some(channel)),
            (Place::Direct, _) => (self.back_to(ask), Class::Direct, None),
        };
        let whole = self.harmless(text);
        let limit = self.part_limit.min(target.max_text(true));
        let hint = format!(" …{}more", self.prefix);
        let split = split(&whole, limit, self.max_parts, &hint);
        if target.is_broadcast() {
            debug!(
                "{}",
                Say::LogStart.fill(self.lang, &[("command", &ask.line)])
            );
        }
        let count = split.parts.len();
        let mut tickets = Vec::new();
        for (at, part) in split.parts.into_iter().enumerate() {
            let text = Text {
                target,
                text: part,
                reply_to: ask.id.known(),
                // Others may be further away than who asked first.
                hops_used: if said.is_some() {
                    Hops::Unknown
                } else {
                    ask.hops
                },
                class,
                keep: Keep::For(REPLY_EXPIRY),
                command: Arc::clone(&ask.line),
                is_last: at + 1 == count,
                want_ack: true,
            };
            match self.outbox.send(text) {
                Ok(ticket) => {
                    let posted = Posted {
                        to: ask.from,
                        command: Arc::clone(&ask.line),
                        asked_on,
                        said,
                    };
                    tickets.push(ticket);
                    self.pending.insert(ticket, posted);
                }
                Err(refused) => {
                    self.log_refusal(ask, target, refused);
                    let rest = whole[split.starts[at]..].to_owned();
                    return (Handed::Refused(at, refused), rest, tickets);
                }
            }
        }
        (Handed::Over(count), split.rest, tickets)
    }

    fn back_to(&self, ask: &Ask) -> Target {
        Target::Node {
            num: ask.from,
            channel: match ask.place {
                Place::Direct => ask.channel,
                Place::Channel(_) => ChannelIndex(0),
            },
        }
    }

    /// An answer never begins like a command: another bot might obey
    /// (features.md C16).
    fn harmless(&self, text: &str) -> String {
        let text = text.trim();
        if text.starts_with(&self.prefix) || text.starts_with(['/', '!', '@']) {
            format!("» {text}")
        } else {
            text.to_owned()
        }
    }

    fn log_refusal(&self, ask: &Ask, target: Target, refused: Refused) {
        match (target, refused) {
            (Target::Channel(_), Refused::LinkDown) => error!(
                "{}",
                Say::LogNoLink.fill(self.lang, &[("command", &ask.line)])
            ),
            (Target::Channel(_), refused) => error!(
                "{}",
                Say::LogFailed.fill(self.lang, &[("command", &ask.line), ("error", &refused)])
            ),
            (Target::Node { num, .. }, refused) => {
                warn!("{} to {num} not sent: {refused}", ask.line);
            }
        }
    }
}

impl Way {
    /// Where an answer to `ask` appears.
    #[must_use]
    pub fn place(self, ask: &Ask) -> Place {
        if self.private {
            Place::Direct
        } else {
            ask.place
        }
    }
}

impl Together {
    /// What two have in common who are answered together.
    fn hash(self, ask: &Ask, text: &str) -> Option<u64> {
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Never => return None,
            Self::SameAnswer => {}
            Self::SameQuestion => fold(&ask.line).hash(&mut hasher),
        }
        text.hash(&mut hasher);
        Some(hasher.finish())
    }
}

/// Slow work that a command leaves behind.
pub enum Errand {
    /// A text, after at most this time.
    Text(Duration, Box<dyn FnOnce() -> String + Send>),
    /// The weather.
    Forecast(Wish, Wanted),
    /// The way to this node.
    Trace(NodeNum),
}

/// What a command did with its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// It said nothing.
    Silent,
    /// It answered.
    Answered(Handed),
    /// An errand will answer.
    Errand,
}

/// A command's way to answer.
pub struct Reply<'a> {
    post: &'a mut Post,
    ask: &'a Ask,
    way: Way,
    now: Duration,
    done: Done,
    errand: Option<Errand>,
}

impl<'a> Reply<'a> {
    /// A reply to `ask` that goes this way.
    pub fn new(post: &'a mut Post, ask: &'a Ask, way: Way, now: Duration) -> Self {
        Self {
            post,
            ask,
            way,
            now,
            done: Done::Silent,
            errand: None,
        }
    }

    /// Where [`Reply::say`] answers, which is where a list can be picked from.
    #[must_use]
    pub fn place(&self) -> Place {
        self.way.place(self.ask)
    }

    /// Answers where the question was asked (or in private, if the command is
    /// set to). What does not fit is kept on the desk for `/more`.
    pub fn say(&mut self, desk: &mut Desk, text: &str) -> Handed {
        self.send(desk, self.way, text)
    }

    /// Answers the asker alone, wherever he asked.
    pub fn private(&mut self, desk: &mut Desk, text: &str) -> Handed {
        let way = Way {
            private: true,
            ..self.way
        };
        self.send(desk, way, text)
    }

    /// Hands slow work to an errand, whose result is the answer. After
    /// `timeout` the asker is told that it takes too long.
    pub fn errand(&mut self, timeout: Duration, job: Box<dyn FnOnce() -> String + Send>) {
        self.leave(Errand::Text(timeout, job));
    }

    /// Leaves the answer to the weather desk, which has it at once or sends
    /// for it.
    pub fn forecast(&mut self, wish: Wish, wanted: Wanted) {
        self.leave(Errand::Forecast(wish, wanted));
    }

    /// Asks the mesh for the way to `node`; the answer is what it says, or that
    /// it says nothing.
    pub fn trace(&mut self, node: NodeNum) {
        self.leave(Errand::Trace(node));
    }

    /// What became of it.
    #[must_use]
    pub fn finish(self) -> (Done, Option<Errand>) {
        (self.done, self.errand)
    }

    fn leave(&mut self, errand: Errand) {
        self.errand = Some(errand);
        self.done = Done::Errand;
    }

    fn send(&mut self, desk: &mut Desk, way: Way, text: &str) -> Handed {
        let handed = self.post.send(self.ask, way, text, desk, self.now);
        self.done = Done::Answered(handed);
        handed
    }
}
