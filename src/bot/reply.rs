//! The way out for a command: the link's sender with the return address
//! already inside.
//!
//! A command can answer where it was asked (or in private, where it is declared
//! so), hand work to an errand, or stay silent. It cannot name a socket, choose
//! another recipient or skip the pacing.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use log::{debug, error, warn};

use super::ask::Way;
use super::desk::{Desk, Turn};
use super::split::split;
use super::together::{Crowd, Other, Said};
use crate::bot::ask::{Ask, Place};
use crate::config::Bot;
use crate::lang::{Lang, Text as Told};
use crate::link::message::REPLY_EXPIRY;
use crate::link::{Class, Keep, Outbox, Refused, Target, Text, Ticket};
use crate::mesh::{ChannelIndex, Hops, NodeNum, PacketId, PacketMemory};

/// What is remembered of a text until its outcome is known. Bounded by what
/// the link accepts.
#[derive(Clone, Debug)]
pub struct Posted {
    /// Who asked.
    pub to: NodeNum,
    /// The command as asked.
    pub command: Arc<str>,
    /// Relays that the question had passed.
    pub hops: Hops,
    /// Set when a question on this channel was answered in private.
    pub asked_on: Option<ChannelIndex>,
    /// Set when others may be answered together with this.
    said: Option<Said>,
}

/// Questions remembered that were answered …
pub(super) const ANSWERED: usize = 2_048;
/// … and for how long. At a text every 2.3 s there are 1 565 answers in an hour,
/// so that whatever comes in, none is forgotten within it.
const ANSWERED_FOR: Duration = Duration::from_secs(24 * 3_600);

/// What is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Say<'a> {
    Words(&'a str),
    /// An emoji at the message answered, which costs the mesh least.
    Reaction(&'a str),
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
    crowd: Crowd,
    /// Texts handed over, and those that were spared because others read the
    /// same.
    told: u64,
    answered: PacketMemory,
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
            crowd: Crowd::new(together),
            told: 0,
            answered: PacketMemory::new(ANSWERED, ANSWERED_FOR),
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
        let again = match posted.said {
            Some(said) if !arrived => self.crowd.unsay(said, ticket, now),
            _ => None,
        };
        Some((posted, again))
    }

    /// Texts whose outcome is open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.pending.len()
    }

    /// How often anybody was told anything so far.
    #[must_use]
    pub fn told(&self) -> u64 {
        self.told
    }

    /// Public answers remembered for those who ask the same.
    #[must_use]
    pub fn said(&self) -> usize {
        self.crowd.count()
    }

    /// This question has its answer, or work for one has begun: it shall never
    /// get another, whatever comes again.
    pub fn note_answered(&mut self, ask: &Ask, now: Duration) {
        self.answered.insert(ask.from, ask.id, now);
    }

    /// Whether the question with this number has been answered.
    #[must_use]
    pub fn has_answered(&self, from: NodeNum, id: PacketId, now: Duration) -> bool {
        self.answered.contains(from, id, now)
    }

    /// Questions remembered as answered.
    #[must_use]
    pub fn answered(&self) -> usize {
        self.answered.len()
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
        let said = way.together.said(ask, place, text);
        if let Some(said) = said
            && let Some(rest) = self.crowd.join(said, ask, way, text, now)
        {
            debug!("{} of {} was answered together", ask.line, ask.from);
            desk.keep((ask.from, place), text, &rest, now);
            self.told += 1;
            return Handed::Together;
        }
        let (handed, rest, tickets) = self.put(ask, way.private, said, Say::Words(text));
        if let (Some(said), Handed::Over(_)) = (said, handed) {
            self.crowd.say(said, ask.hops, tickets, rest.clone(), now);
        }
        if !matches!(handed, Handed::Refused(0, _)) {
            desk.keep((ask.from, place), text, &rest, now);
        }
        handed
    }

    /// The same for a sentence that is no answer: a notice, a hint. What lies
    /// on the desk stays there.
    pub fn remark(&mut self, ask: &Ask, private: bool, text: &str) -> Handed {
        self.put(ask, private, None, Say::Words(text)).0
    }

    /// An emoji at the message itself, where words are not needed.
    pub fn react(&mut self, ask: &Ask, private: bool, emoji: &str) -> Handed {
        self.put(ask, private, None, Say::Reaction(emoji)).0
    }

    /// The same to the asker alone, for who wants to know what becomes of it:
    /// the numbers of its parts.
    ///
    /// # Errors
    /// When none of it was accepted.
    pub fn track(&mut self, ask: &Ask, text: &str) -> Result<Vec<Ticket>, Refused> {
        match self.put(ask, true, None, Say::Words(text)) {
            (Handed::Refused(0, refused), ..) => Err(refused),
            (_, _, tickets) => Ok(tickets),
        }
    }

    /// Hands over as many parts as are accepted; what is left of the text.
    fn put(
        &mut self,
        ask: &Ask,
        private: bool,
        said: Option<Said>,
        say: Say<'_>,
    ) -> (Handed, String, Vec<Ticket>) {
        let (target, class, asked_on) = match (ask.place, private) {
            (Place::Channel(channel), false) => (Target::Channel(channel), Class::Public, None),
            (Place::Channel(channel), true) => (self.back_to(ask), Class::Direct, Some(channel)),
            (Place::Direct, _) => (self.back_to(ask), Class::Direct, None),
        };
        let (Say::Words(text) | Say::Reaction(text)) = say;
        let whole = self.harmless(text);
        let limit = self.part_limit.min(target.max_text(true));
        let more = Told::NamesMore.list(ask.lang).first().unwrap_or(&"more");
        let hint = format!(" …{}{more}", self.prefix);
        let split = split(&whole, limit, self.max_parts, &hint);
        if target.is_broadcast() {
            debug!(
                "{}",
                Told::LogStart.fill(self.lang, &[("command", &ask.line)])
            );
        }
        let count = split.parts.len();
        let mut tickets = Vec::new();
        for (at, part) in split.parts.into_iter().enumerate() {
            let text = Text {
                target,
                text: part,
                reply_to: ask.id.known(),
                hops_used: ask.hops,
                for_others: said.is_some(),
                class,
                keep: Keep::For(REPLY_EXPIRY),
                command: Arc::clone(&ask.line),
                is_last: at + 1 == count,
                want_ack: true,
                is_reaction: matches!(say, Say::Reaction(_)),
            };
            match self.outbox.send(text) {
                Ok(ticket) => {
                    let posted = Posted {
                        to: ask.from,
                        command: Arc::clone(&ask.line),
                        hops: ask.hops,
                        asked_on,
                        said,
                    };
                    tickets.push(ticket);
                    self.told += 1;
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
                Told::LogNoLink.fill(self.lang, &[("command", &ask.line)])
            ),
            (Target::Channel(_), refused) => error!(
                "{}",
                Told::LogFailed.fill(self.lang, &[("command", &ask.line), ("error", &refused)])
            ),
            (Target::Node { num, .. }, refused) => {
                warn!("{} to {num} not sent: {refused}", ask.line);
            }
        }
    }
}

/// Slow work that a command leaves behind: it brings home the answer, within this
/// time.
pub struct Errand {
    /// So long it may take.
    pub timeout: Duration,
    /// The work.
    pub work: Box<dyn FnOnce() -> String + Send>,
}

/// What a command did with its reply.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// It said nothing.
    Silent,
    /// It answered.
    Answered(Handed),
    /// The answer comes later.
    Later,
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
        let handed = (self.post).send(self.ask, self.way, text, desk, self.now);
        self.done = Done::Answered(handed);
        handed
    }

    /// Answers with an emoji at the question itself.
    pub fn react(&mut self, emoji: &str) {
        let handed = self.post.react(self.ask, self.way.private, emoji);
        self.done = Done::Answered(handed);
    }

    /// Answers with a page; others can be turned to.
    pub fn turn(&mut self, desk: &mut Desk, text: &str, turn: Turn) {
        if !matches!(self.say(desk, text), Handed::Refused(..)) {
            let who = (self.ask.from, self.place());
            desk.turn_to(who, turn, self.now);
        }
    }

    /// How an answer goes back.
    #[must_use]
    pub fn way(&self) -> Way {
        self.way
    }

    /// The answer comes later: from a capability, which has taken the question.
    pub fn later(&mut self) {
        self.done = Done::Later;
    }

    /// Hands slow work to an errand, whose result is the answer. After
    /// `timeout` the asker is told that it takes too long.
    pub fn errand(&mut self, timeout: Duration, work: Box<dyn FnOnce() -> String + Send>) {
        self.errand = Some(Errand { timeout, work });
        self.done = Done::Later;
    }

    /// What became of it.
    #[must_use]
    pub fn finish(self) -> (Done, Option<Errand>) {
        (self.done, self.errand)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ask::Together;
    use crate::bot::testing::ask;
    use crate::link::Link;
    use crate::link::memory::FarEnd;

    const NOW: Duration = Duration::from_secs(9);

    fn post(prefix: &str) -> (Post, FarEnd) {
        let (link, far) = Link::memory(Duration::from_millis(2_500));
        far.set_up(true);
        let bot = Bot {
            prefix: prefix.to_owned(),
            part_limit: 60,
            max_parts: 3,
            ..Bot::default()
        };
        let post = Post::new(link.outbox, Lang::En, &bot, Duration::from_secs(30));
        (post, far)
    }

    /// A question on channel 2, as its packet said.
    fn asked(place: Place) -> Ask {
        Ask {
            place,
            channel: ChannelIndex(2),
            ..ask("ping", "")
        }
    }

    const PUBLIC: Place = Place::Channel(ChannelIndex(2));

    #[test]
    fn every_part_says_where_it_belongs_and_the_last_that_it_is_the_last() {
        let (mut post, far) = post("/");
        for parts in 1..=3 {
            let text = "x".repeat(50 * parts);
            let ask = asked(PUBLIC);
            post.send(&ask, Way::default(), &text, &mut Desk::default(), NOW);
            let texts = far.texts();
            assert_eq!(texts.len(), parts);
            for (at, text) in (1..).zip(texts) {
                assert_eq!(text.is_last, at == parts, "{at} of {parts}");
                assert_eq!(text.keep, Keep::For(Duration::from_secs(60)));
                assert_eq!((text.class, text.want_ack), (Class::Public, true));
                assert_eq!((text.reply_to, text.hops_used), (Some(ask.id), ask.hops));
                assert_eq!(text.target, Target::Channel(ChannelIndex(2)));
            }
        }
        assert_eq!(post.open(), 6);
    }

    /// The key of a channel that the asker's node does not share would lock him
    /// out: only a direct question tells a channel that reaches him directly.
    #[test]
    fn a_private_answer_goes_to_the_asker_alone_and_on_the_right_channel() {
        let private = Way {
            private: true,
            ..Way::default()
        };
        let (mut post, far) = post("/");
        for (place, way, channel) in [
            (PUBLIC, private, 0),
            (Place::Direct, private, 2),
            (Place::Direct, Way::default(), 2),
        ] {
            let ask = asked(place);
            post.send(&ask, way, "pong", &mut Desk::default(), NOW);
            let texts = far.texts();
            let target = Target::Node {
                num: ask.from,
                channel: ChannelIndex(channel),
            };
            assert_eq!((texts[0].target, texts[0].class), (target, Class::Direct));
        }
    }

    #[test]
    fn no_answer_begins_like_a_command_of_this_bot_or_another() {
        for (prefix, text, sent) in [
            ("+", " +ping", "» +ping"),
            ("+", "/ping", "» /ping"),
            ("/", "!ping", "» !ping"),
            ("/", "@all", "» @all"),
            ("/", "+ping", "+ping"),
        ] {
            let (mut post, far) = post(prefix);
            post.remark(&asked(PUBLIC), false, text);
            assert_eq!(far.texts()[0].text, sent);
        }
    }

    #[test]
    fn what_lies_on_the_desk_stays_when_nothing_could_be_said() {
        let (mut post, far) = post("/");
        let mut desk = Desk::default();
        let ask = asked(Place::Direct);
        let who = (ask.from, Place::Direct);
        desk.keep(who, "rest", "rest", NOW);
        far.set_up(false);
        let handed = post.send(&ask, Way::default(), "pong", &mut desk, NOW);
        assert_eq!(handed, Handed::Refused(0, Refused::LinkDown));
        assert_eq!(desk.long(who, NOW).unwrap().piece(), "rest");
        assert_eq!((post.open(), post.said()), (0, 0));
    }

    #[test]
    fn the_others_get_their_own_answer_only_when_it_has_not_arrived() {
        for arrived in [true, false] {
            let (mut post, _far) = post("/");
            let mut desk = Desk::default();
            let way = Way {
                private: false,
                together: Together::SameAnswer,
            };
            let ask = asked(PUBLIC);
            let mut send = || post.send(&ask, way, "dry", &mut desk, NOW);
            assert_eq!([send(), send()], [Handed::Over(1), Handed::Together]);
            assert_eq!((post.open(), post.said()), (1, 1));
            let ticket = *post.pending.keys().next().unwrap();
            let (posted, other) = post.settle(ticket, arrived, NOW).unwrap();
            assert_eq!((posted.to, other.is_some()), (ask.from, !arrived));
        }
    }
}
