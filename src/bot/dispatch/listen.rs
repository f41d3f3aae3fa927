//! From a live packet to a question: is it for us, and which command does it
//! mean?

use std::hash::{DefaultHasher, Hash, Hasher};

use log::debug;

use super::*;
use crate::bot::policy::Asker;
use crate::mesh::Packet;

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
        // Names matter after an @ only, and most texts are talk among people.
        let own = text.contains('@').then(|| self.book.get(self.own));
        let own = own.flatten();
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
        let parsed = std::str::from_utf8(text).map(|text| self.parsed(text, false));
        match parsed {
            Ok(Parsed::Command { .. }) => true,
            Ok(Parsed::Bare { word, args }) => {
                let command = self.registry.find_bare(&word);
                command.is_some_and(|it| args.is_empty() || it.takes_bare_args())
            }
            Ok(Parsed::Pick(_) | Parsed::Chat) | Err(_) => false,
        }
    }

    /// Which command the text means; enters its arguments into `ask`.
    fn understand(&mut self, now: Now, text: &str, ask: &mut Ask) -> Option<Command> {
        let prefix = &self.settings.bot.prefix;
        let direct = ask.place == Place::Direct;
        let (found, said, args) = match self.parsed(text, direct) {
            Parsed::Command { word, said, args } => {
                let said = format!("{prefix}{}", clean(said.as_bytes(), 32));
                (self.registry.find(&word).copied(), said, args.to_owned())
            }
            Parsed::Bare { word, args } => {
                // More than the word is talk, unless the command takes it.
                let found = self.registry.find_bare(&word).copied();
                let found = found.filter(|it| args.is_empty() || it.takes_bare_args());
                if found.is_some() && !self.may_say_bare(now, ask, &word) {
                    return None;
                }
                (found, word, args.to_owned())
            }
            Parsed::Pick(number) => {
                let who = (ask.from, ask.place);
                let picked = self.desk.pick(who, number, now.mono);
                match picked
                    .and_then(|(name, node)| Some((*self.registry.find(name)?, node.to_owned())))
                {
                    Some((command, node)) => {
                        let said = format!("{prefix}{}", command.name);
                        (Some(command), said, node)
                    }
                    None => return None,
                }
            }
            Parsed::Chat if direct => (None, String::new(), String::new()),
            Parsed::Chat => return None,
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
        if found.is_none() {
            debug!(
                "{} of {}: no command that is known here",
                ask.line, ask.from
            );
        }
        if found.is_none() && direct {
            self.hint(now, ask);
        }
        found
    }

    /// Whether a bare word is answered; somebody who says it again and again is
    /// told once how it would be.
    fn may_say_bare(&mut self, now: Now, ask: &mut Ask, word: &str) -> bool {
        let verdict = self
            .policy
            .ask_bare(self.asker(now, ask.from), word, now.mono);
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

    /// A direct message that is no command: one hint, then silence.
    pub(super) fn hint(&mut self, now: Now, ask: &mut Ask) {
        if self.desk.is_muted(now) || !self.policy.ask_hint(ask.from, now.mono) {
            return;
        }
        if ask.line.is_empty() {
            ask.line = "?".into();
        }
        let lang = ask.lang;
        let text = match self.policy.ask(self.asker(now, ask.from), None, now.mono) {
            Verdict::Answer => {
                let prefix = &self.settings.bot.prefix;
                Text::Unknown.fill(lang, &[("prefix", prefix)])
            }
            Verdict::Notice => Text::Slower.plain(lang).to_owned(),
            Verdict::Silence => return,
        };
        self.post.remark(ask, false, &text);
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
