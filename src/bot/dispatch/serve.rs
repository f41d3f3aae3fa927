//! From a question to an answer: may he ask that here, has he asked too much,
//! and what does the command say?

use std::collections::VecDeque;

use super::capabilities::Nth;
use super::*;
use crate::bot::capability::{Act, Fate};

/// While so many texts wait, strangers are not answered: half of those that an
/// answer can wait for without coming too late.
const STRANGERS_WAIT: usize = 12;

/// What of a needless word is repeated, bytes.
const WORD: usize = 24;

/// What came of running a command.
struct Ran {
    done: Done,
    errand: Option<Errand>,
    /// What its capability wants done.
    acts: Option<(Nth, VecDeque<Act>)>,
}

impl Bot {
    pub(super) fn serve(&mut self, now: Now, command: Command, ask: &Ask) {
        if self.settings.is_restricted(&command) || (command.is_order)(&ask.args) {
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
            if !self.may_order(now, ask) {
                return self.note(ask, "not carried out: another node than before");
            }
        } else if self.desk.is_muted(now) {
            debug!("muted: {} of {} not answered", ask.line, ask.from);
            return self.decided(now, ask, Fate::Muted);
        }
        if !self.settings.may_use(&command, ask.place, ask.is_operator) {
            debug!("{} of {}: not allowed on this channel", ask.line, ask.from);
            return self.decided(now, ask, Fate::NotHere);
        }
        // Who cannot read it in private may read on the channel what to do about that.
        let in_the_open = ask.is_unreadable
            && (command.is_about_own_key).is_some_and(|is_about| is_about(ask, &self.book));
        let private = (self.settings.mode(&command) == Mode::Private && !in_the_open)
            || (ask.via_mqtt && self.settings.bot.mqtt == Mqtt::Private);
        if !ask.is_operator && !self.admit(now, &command, ask, private) {
            return self.decided(now, ask, Fate::Limit);
        }
        let way = Way {
            private,
            together: match command.same_for_all {
                true => Together::SameAnswer,
                false => Together::Never,
            },
        };
        let Ran { done, errand, acts } = self.run(now, &command, ask, way);
        if let Done::Answered(handed) = done {
            self.count(now, ask, handed);
        }
        self.decided(now, ask, fate(done));
        if done == Done::Later {
            // A copy of the question may be faster than the answer.
            self.post.note_answered(ask, now.mono);
        }
        if let Some(errand) = errand {
            self.take_errand(now, ask, way, errand);
        }
        if let Some((nth, acts)) = acts {
            self.carry_out(now, nth, acts);
        }
        if self.desk.take_mute_change() {
            self.keeper.mute(self.desk.muted_until());
            if self.desk.is_muted(now) {
                self.happened(now, || Happened::Muted);
            }
        }
        match done {
            Done::Silent => self.was_silent(now, &command, ask, private),
            Done::Answered(handed) => self.note_handed(ask, handed),
            // Noted when it is answered.
            Done::Later => {}
        }
    }

    /// Asks the policy; says no where a no is due.
    fn admit(&mut self, now: Now, command: &Command, ask: &Ask, private: bool) -> bool {
        let public = public(ask, private);
        let asker = self.asker(now, ask.from);
        // Without a text there is nothing to be repeated, but a sentence.
        let is_echo = command.has_own_limit && !ask.args.is_empty();
        let mut verdict = Verdict::Answer;
        if !asker.is_regular && self.post.outbox().gate().waiting() >= STRANGERS_WAIT {
            verdict = Verdict::Silence;
        } else if is_echo {
            verdict = self.policy.ask_echo(asker, now.mono);
        }
        if verdict == Verdict::Answer {
            verdict = self.policy.ask(asker, public, now.mono);
            if is_echo && verdict != Verdict::Answer {
                self.policy.no_echo(asker, now.mono);
            }
        }
        match verdict {
            Verdict::Answer => true,
            Verdict::Notice | Verdict::Silence => {
                self.tally.refused += 1;
                debug!("{} of {} refused by a limit", ask.line, ask.from);
                if verdict == Verdict::Notice {
                    let text = Text::Slower.plain(ask.lang);
                    self.post.remark(ask, private, text);
                }
                false
            }
        }
    }

    fn run(&mut self, now: Now, command: &Command, ask: &Ask, way: Way) -> Ran {
        let place = way.place(ask);
        let may_order = ask.is_operator && ask.place == Place::Direct;
        let Self {
            settings,
            registry,
            post,
            host,
            desk,
            book,
            link,
            capabilities,
            ..
        } = self;
        let mut context = Context {
            now,
            sanity: settings.sanity,
            lang: ask.lang,
            prefix: &settings.bot.prefix,
            part_limit: settings.bot.part_limit,
            contact: &settings.bot.contact,
            book,
            link,
            zone: &settings.local_zone,
            registry,
            desk,
            host,
            may_use: &|other| {
                (may_order || !settings.is_restricted(other))
                    && settings.may_use(other, place, ask.is_operator)
            },
        };
        let mut reply = Reply::new(post, ask, way, now.mono);
        let of = capabilities.of(command);
        let needless = needless(command, ask, context.prefix);
        let ran = caught(|| match (command.run, of) {
            _ if needless.is_some() => {
                reply.say(context.desk, &needless.unwrap_or_default());
                None
            }
            (Some(run), _) => {
                run(ask, &mut context, &mut reply);
                None
            }
            (None, Some(nth)) => {
                let acts = capabilities.with(nth, |it, acts| {
                    it.asked(command, ask, &mut context, &mut reply, acts);
                });
                Some((nth, acts))
            }
            (None, None) => None,
        });
        let acts = ran.unwrap_or_else(|panic| {
            error!("{}: the command panicked: {panic}", ask.line);
            reply.say(context.desk, Text::Apology.plain(context.lang));
            None
        });
        let (done, errand) = reply.finish();
        Ran { done, errand, acts }
    }

    /// A command had nothing to say: most often it was not understood, and on a channel
    /// nobody is told how it is used. That costs nobody anything.
    fn was_silent(&mut self, now: Now, command: &Command, ask: &Ask, private: bool) {
        debug!(
            "{} of {}: nothing to say; how a command is used is told in direct messages only",
            ask.line, ask.from
        );
        if ask.is_operator {
            return;
        }
        let asker = self.asker(now, ask.from);
        self.policy.give_back(asker, public(ask, private), now.mono);
        if command.has_own_limit && !ask.args.is_empty() {
            self.policy.no_echo(asker, now.mono);
        }
    }

    /// Enters into the books what became of an answer.
    pub(super) fn count(&mut self, now: Now, ask: &Ask, handed: Handed) {
        if handed != Handed::Together {
            self.tally.answered += 1;
            return;
        }
        self.tally.together += 1;
        // Nothing went on the air for it.
        if let Place::Channel(channel) = ask.place
            && !ask.is_operator
        {
            let asker = self.asker(now, ask.from);
            self.policy.give_back(asker, Some(channel), now.mono);
        }
    }

    /// One line in the conversation log (seed.md S7).
    pub(super) fn note(&self, ask: &Ask, outcome: &str) {
        if !self.settings.log_conversations {
            return;
        }
        let place = match ask.place {
            Place::Direct => "direct".to_owned(),
            Place::Channel(channel) => format!("channel {channel}"),
        };
        let name = self.book.display_name(ask.from, name::LONG_NAME_MAX);
        info!("💬 {name} ({}) {place}: {} → {outcome}", ask.from, ask.line);
    }

    pub(super) fn note_handed(&self, ask: &Ask, handed: Handed) {
        match handed {
            Handed::Over(parts) => self.note(ask, &format!("{parts} part(s)")),
            Handed::Refused(_, refused) => self.note(ask, &refused.to_string()),
            Handed::Together => self.note(ask, "answered together"),
        }
    }
}

/// Who may use which command where, as declared and configured.
impl Settings {
    fn mode(&self, command: &Command) -> Mode {
        self.commands
            .get(command.name)
            .and_then(|rules| rules.mode)
            .unwrap_or(command.mode)
    }

    pub(super) fn is_restricted(&self, command: &Command) -> bool {
        command.operator_only
            || self
                .commands
                .get(command.name)
                .is_some_and(|rules| rules.operator_only)
    }

    /// Whether a command is answered to questions from `place`.
    pub(super) fn may_use(&self, command: &Command, place: Place, is_operator: bool) -> bool {
        match place {
            Place::Direct => true,
            Place::Channel(channel) => {
                let listed = self
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

fn fate(done: Done) -> Fate {
    match done {
        Done::Silent => Fate::Silent,
        Done::Answered(Handed::Over(_)) => Fate::Handed,
        Done::Answered(Handed::Refused(_, refused)) => Fate::Refused(refused),
        Done::Answered(Handed::Together) => Fate::Together,
        Done::Later => Fate::Later,
    }
}

/// What follows a command that takes nothing is not dropped without a word; on a
/// channel, where nobody is told how a command is used, the answer is worth more.
fn needless(command: &Command, ask: &Ask, prefix: &str) -> Option<String> {
    // Which page is understood where there are pages.
    let is_page = command.turns != 0 && ask.args.trim().parse::<usize>().is_ok();
    let takes = command.usage.is_some() || command.takes_text || is_page;
    if takes || ask.args.is_empty() || ask.place != Place::Direct {
        return None;
    }
    let word = clean(ask.args.as_bytes(), WORD);
    let called = format!("{prefix}{}", command.shown(ask.lang));
    let values: [(&str, &dyn std::fmt::Display); 2] = [("word", &word), ("command", &called)];
    Some(Text::NothingBehind.fill(ask.lang, &values))
}

/// Where an answer is said to all.
fn public(ask: &Ask, private: bool) -> Option<ChannelIndex> {
    match ask.place {
        Place::Channel(channel) if !private => Some(channel),
        _ => None,
    }
}
