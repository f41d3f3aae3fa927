//! From a live packet to a question: is it for us, and which command does it
//! mean?

use std::hash::{DefaultHasher, Hash, Hasher};

use log::debug;

use super::*;
use crate::bot::parse::Address;
use crate::bot::policy::Asker;
use crate::bot::understand::{Meaning, understand};
use crate::config::PingAnswer;
use crate::mesh::Packet;
use crate::mesh::name::fold;

/// What politeness is answered with, if that shall be an emoji.
const REACTION: &str = "👍";
/// The same words without a number count once within this time.
const UNNUMBERED_PERIOD: Duration = Duration::from_secs(60);

impl Bot {
    /// A live packet; most of them are no questions.
    pub(super) fn text(&mut self, now: Now, received: &Received) {
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
            if packet.is_broadcast() {
                debug!(
                    "a text of {} on channel {}, where nobody is answered",
                    packet.from, packet.channel
                );
            }
            return;
        };
        let limit = self.settings.bot.command_age.as_secs();
        if received.age.is_some_and(|age| age > limit) {
            debug!("a question of {} is too old to be answered", packet.from);
            return;
        }
        let too_far = matches!(packet.hops, Hops::Known(hops) if hops > self.settings.bot.max_hops);
        if place != Place::Direct && too_far {
            debug!("a text of {} came over more than max_hops", packet.from);
            return;
        }
        if packet.via_mqtt && self.settings.bot.mqtt == Mqtt::Ignore {
            debug!("a text of {} came through MQTT: ignored", packet.from);
            return;
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return;
        };
        if text.trim().is_empty() {
            return;
        }
        if self.is_answered(now, packet, text) {
            debug!("a question of {} comes again", packet.from);
            return;
        }
        let told = self.post.told();
        let mut ask = Ask {
            from: packet.from,
            place,
            lang: self.settings.lang_at(place),
            channel: packet.channel,
            id: packet.id,
            line: "".into(),
            args: String::new(),
            is_operator: self.is_operator(received),
            is_unreadable: self.is_unreadable(now, packet.from),
            hops: packet.hops,
            signal: packet.signal,
            relay: packet.relay,
            via_mqtt: packet.via_mqtt,
            age: received.age,
        };
        if let Some(command) = self.understand(now, text, &mut ask) {
            self.serve(now, command, &ask);
        }
        if self.post.told() != told {
            self.post.note_answered(&ask, now.mono);
        }
    }

    /// Whether somebody asks again what he has been answered: the same packet by
    /// another way, or late. The link sorts out what it has seen before, but a
    /// flood makes it forget; what was answered is not forgotten that soon.
    ///
    /// No firmware numbers a packet 0: such texts are told apart by their words,
    /// and one who repeats himself within a minute has asked once.
    fn is_answered(&mut self, now: Now, packet: &Packet, text: &str) -> bool {
        if packet.id.known().is_some() {
            return (self.post).has_answered(packet.from, packet.id, now.mono);
        }
        let mut hasher = DefaultHasher::new();
        (packet.to, packet.channel, text).hash(&mut hasher);
        let words = (packet.from, hasher.finish());
        !self.unnumbered.once_per(words, now.mono, UNNUMBERED_PERIOD)
    }

    /// The text, taken apart.
    fn parsed<'a>(&self, text: &'a str, direct: bool) -> Parsed<'a> {
        let own = self.book.get(self.own);
        let names = Names {
            short: own.and_then(|own| own.short_name.as_deref()).unwrap_or(""),
            long: own.and_then(|own| own.long_name.as_deref()).unwrap_or(""),
            id: self.own,
        };
        parse(text, &self.settings.bot.prefix, direct, names)
    }

    /// Whether a text on a channel is meant for a bot rather than for people.
    pub(super) fn is_no_talk(&self, text: &[u8]) -> bool {
        let prefix = self.settings.bot.prefix.as_bytes();
        if text.trim_ascii_start().starts_with(prefix) {
            return true;
        }
        let Ok(text) = std::str::from_utf8(text) else {
            return false;
        };
        match self.parsed(text, false) {
            Parsed::Asked(asked) if asked.address == Address::Perhaps => {
                let meaning = understand(&asked, &self.registry, self.settings.lang, &|_| false);
                matches!(meaning, Meaning::Command { .. })
            }
            Parsed::Asked(_) => true,
            Parsed::Pick(_) | Parsed::Chat => false,
        }
    }

    /// Which command the text means; enters its arguments into `ask`. What means
    /// none is answered here, if it is for us.
    fn understand(&mut self, now: Now, text: &str, ask: &mut Ask) -> Option<Command> {
        let direct = ask.place == Place::Direct;
        let asked = match self.parsed(text, direct) {
            Parsed::Chat => return None,
            Parsed::Pick(number) => return self.picked(now, number, ask),
            Parsed::Asked(asked) => asked,
        };
        let may_use = |command: &Command| {
            let is_free = ask.is_operator || !self.settings.is_restricted(command);
            is_free && self.settings.may_use(command, ask.place, ask.is_operator)
        };
        let (command, said, args) = match understand(&asked, &self.registry, ask.lang, &may_use) {
            Meaning::Command {
                command,
                said,
                args,
                is_bare,
            } => {
                if is_bare && !self.may_say_bare(now, ask, &said) {
                    return None;
                }
                (command, said, args)
            }
            other => {
                ask.line = "?".into();
                if asked.address != Address::Ours && !matches!(other, Meaning::Distress) {
                    debug!("{}: no command that is known here", ask.from);
                    return None;
                }
                return self.not_understood(now, ask, other);
            }
        };
        if command.turns != 0
            && let Some(turned) = self.turned(now, command.turns, args.trim(), ask)
        {
            return turned;
        }
        self.enter(ask, &said, args);
        Some(command)
    }

    /// What was picked from the list that was shown before.
    fn picked(&mut self, now: Now, number: usize, ask: &mut Ask) -> Option<Command> {
        let who = (ask.from, ask.place);
        let Some((name, args)) = self.desk.pick(who, number, now.mono) else {
            // There is no list here; nobody else is spoken to.
            ask.line = "?".into();
            let unknown = Meaning::Unknown {
                said: String::new(),
                perhaps: None,
            };
            let is_for_us = ask.place == Place::Direct;
            return is_for_us.then(|| self.not_understood(now, ask, unknown))?;
        };
        let args = args.to_owned();
        let command = *self.registry.find(name)?;
        self.enter(ask, command.name, args);
        Some(command)
    }

    /// Turns the page that was said last, so many pages or to the one that is named:
    /// the command that says the other one, or nobody's when there is none and that
    /// has been said. `None` when no page was said here, or none is named.
    fn turned(
        &mut self,
        now: Now,
        pages: isize,
        named: &str,
        ask: &mut Ask,
    ) -> Option<Option<Command>> {
        let named: Option<usize> = match named {
            "" => None,
            number => Some(number.parse().ok()?),
        };
        let turn = self
            .desk
            .turned_to((ask.from, ask.place), now.mono)?
            .clone();
        let args = named.map_or_else(|| turn.by(pages), |page| turn.to(page));
        let Some(args) = args else {
            let text = match named {
                Some(_) => Text::NoSuchPage.count(ask.lang, turn.pages),
                None if pages > 0 => Text::LastPage.plain(ask.lang).to_owned(),
                None => Text::FirstPage.plain(ask.lang).to_owned(),
            };
            ask.line = "?".into();
            self.remark(now, ask, text);
            return Some(None);
        };
        let command = *self.registry.find(turn.command)?;
        self.enter(ask, command.name, args);
        Some(Some(command))
    }

    /// Enters the command as asked and its arguments.
    fn enter(&self, ask: &mut Ask, said: &str, args: String) {
        let hidden = ask.place == Place::Direct && !self.settings.log_direct_texts;
        let said = format!("{}{}", self.settings.bot.prefix, clean(said.as_bytes(), 32));
        let shown = clean(args.as_bytes(), LINE_MAX);
        ask.line = if shown.is_empty() || hidden {
            said.into()
        } else {
            // The clean-up takes marks off the front of names; a command's
            // arguments keep theirs.
            let mark: String = args.chars().take_while(|c| "!@#/".contains(*c)).collect();
            format!("{said} {mark}{shown}").into()
        };
        ask.args = args;
    }

    /// Somebody speaks to the bot and asks nothing that it knows: what he is told, or
    /// the help in its place.
    fn not_understood(&mut self, now: Now, ask: &mut Ask, meaning: Meaning) -> Option<Command> {
        let prefix = &self.settings.bot.prefix;
        let text = match meaning {
            Meaning::Courtesy => {
                debug!("{} is polite", ask.from);
                self.be_polite(now, ask);
                return None;
            }
            Meaning::Distress => match self.settings.bot.distress.as_str() {
                "" => Text::Distress.fill(ask.lang, &[("prefix", prefix)]),
                own => own.to_owned(),
            },
            Meaning::Unknown {
                said,
                perhaps: Some(perhaps),
            } => {
                let said = clean(said.as_bytes(), 24);
                let command = format!("{prefix}{}", clean(perhaps.as_bytes(), 80));
                let values: [(&str, &dyn std::fmt::Display); 2] =
                    [("said", &said), ("command", &command)];
                Text::PerhapsThis.fill(ask.lang, &values)
            }
            Meaning::Greeting
            | Meaning::Nothing
            | Meaning::Unknown { .. }
            | Meaning::Command { .. } => {
                let is_first = self.policy.ask_hint(ask.from, now.mono);
                let help = self.registry.find("help").copied();
                if let Some(help) = help.filter(|_| is_first || matches!(meaning, Meaning::Nothing))
                {
                    self.enter(ask, help.name, String::new());
                    return Some(help);
                }
                if matches!(meaning, Meaning::Greeting) {
                    debug!("{} greets again", ask.from);
                    return None;
                }
                Text::Unknown.fill(ask.lang, &[("prefix", prefix)])
            }
        };
        self.remark(now, ask, text);
        None
    }

    /// Answers politeness with an emoji, if pings are answered so.
    fn be_polite(&mut self, now: Now, ask: &Ask) {
        let is_wanted = self.settings.bot.ping == PingAnswer::Tapback && !self.desk.is_muted(now);
        if is_wanted && self.may_answer(now, ask) == Verdict::Answer {
            self.post.react(ask, false, REACTION);
        }
    }

    /// Says a sentence within the ordinary limits.
    fn remark(&mut self, now: Now, ask: &Ask, text: String) {
        if self.desk.is_muted(now) {
            return;
        }
        let text = match self.may_answer(now, ask) {
            Verdict::Answer => text,
            Verdict::Notice => Text::Slower.plain(ask.lang).to_owned(),
            Verdict::Silence => return,
        };
        self.post.remark(ask, false, &text);
    }

    /// Whether he may be answered where he asks.
    fn may_answer(&mut self, now: Now, ask: &Ask) -> Verdict {
        let channel = match ask.place {
            Place::Channel(channel) => Some(channel),
            Place::Direct => None,
        };
        let asker = self.asker(now, ask.from);
        self.policy.ask(asker, channel, now.mono)
    }

    /// Whether a bare word is answered; somebody who says it again and again is
    /// told once how it would be.
    fn may_say_bare(&mut self, now: Now, ask: &mut Ask, word: &str) -> bool {
        let word = fold(word);
        let verdict = self
            .policy
            .ask_bare(self.asker(now, ask.from), &word, now.mono);
        if verdict == Verdict::Answer {
            return true;
        }
        debug!("{} says the same bare word again: ignored", ask.from);
        if verdict == Verdict::Notice && !self.desk.is_muted(now) {
            let prefix = &self.settings.bot.prefix;
            let word = clean(word.as_bytes(), 16);
            ask.line = word.as_str().into();
            let values: [(&str, &dyn std::fmt::Display); 2] = [("prefix", prefix), ("word", &word)];
            let text = Text::SayWithMark.fill(ask.lang, &values);
            self.post.remark(ask, false, &text);
        }
        false
    }

    /// How the policy knows somebody.
    pub(super) fn asker(&self, now: Now, num: NodeNum) -> Asker {
        let is_regular = self.book.is_regular(num, now);
        Asker { num, is_regular }
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

    /// Whether private answers to somebody are known not to be readable: his key has
    /// changed, or an answer has failed for want of it within the hour.
    fn is_unreadable(&self, now: Now, num: NodeNum) -> bool {
        let node = self.book.get(num);
        let failed = self.unreadable.get(&num, now.mono, KEY_NOTICE_PERIOD);
        failed.is_some() || node.is_some_and(|node| node.announced_other_key)
    }

    pub(super) fn listens_on(&self, channel: ChannelIndex) -> bool {
        self.enabled.contains(&channel)
            && self
                .settings
                .bot
                .channels
                .as_ref()
                .is_none_or(|channels| channels.contains(&channel))
    }
}
