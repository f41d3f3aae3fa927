//! Tells capabilities what happened, and does what they want done: here and
//! nowhere else.

use std::collections::VecDeque;

use super::capabilities::{Capabilities, Nth, Open, Sent};
use super::*;
use crate::bot::capability::{Act, Answered, Fate, Looked, NotSent, Search};
use crate::bot::command::Scene;
use crate::history::insight::{Answer, HOUR, Question, QuestionId};

impl Bot {
    /// Whether anything is to come from the workers or the history.
    #[must_use]
    pub fn awaits_results(&self) -> bool {
        !self.errands_out.is_empty() || !self.capabilities.open.is_empty()
    }

    /// A job has ended, or the history has looked.
    pub fn finished(&mut self, now: Now, result: JobResult) {
        let JobResult { id, found } = result;
        if let Some(waiting) = self.errands_out.remove(&id) {
            let text = found.map(|found| found.downcast::<String>());
            match text {
                Ok(Ok(text)) => self.errand_ended(now, &waiting, Ok(*text)),
                Ok(Err(_)) => {}
                Err(panic) => self.errand_ended(now, &waiting, Err(panic)),
            }
            return;
        }
        match self.capabilities.open.remove(&id) {
            None => debug!("an errand ended after its time limit"),
            Some(Open::Job(nth)) => self.tell(now, nth, Happened::Found(id, found)),
            Some(Open::Look(nth, until)) => {
                let answer = found.map(|found| found.downcast::<Option<Box<Answer>>>().ok());
                let looked = match &answer {
                    Ok(Some(answer)) => match &**answer {
                        Some(answer) => Looked::Found(answer, until),
                        None => Looked::Not(Text::HistoryUnreadable),
                    },
                    Ok(None) => Looked::Not(Text::HistoryUnreadable),
                    Err(panic) => Looked::Broken(panic),
                };
                self.tell(now, nth, Happened::Looked(id, looked));
            }
        }
    }

    /// All capabilities are told.
    #[inline(never)]
    pub(super) fn happened<'a>(&mut self, now: Now, event: impl Fn() -> Happened<'a>) {
        for nth in 0..self.capabilities.len() {
            self.tell(now, nth, event());
        }
    }

    /// A packet, for those who want to hear of each.
    #[inline(never)]
    pub(super) fn heard(&mut self, now: Now, received: &Received) {
        self.tell_those(now, Capabilities::hearer, || Happened::Packet(received));
    }

    /// Those are told that are found one after the other.
    fn tell_those<'a>(
        &mut self,
        now: Now,
        find: impl Fn(&Capabilities, usize) -> Option<Nth>,
        event: impl Fn() -> Happened<'a>,
    ) {
        let mut at = 0;
        while let Some(nth) = find(&self.capabilities, at) {
            self.tell(now, nth, event());
            at += 1;
        }
    }

    /// What was decided about a question.
    pub(super) fn decided(&mut self, now: Now, ask: &Ask, fate: Fate) {
        let question = || Happened::Question(ask, fate);
        self.tell_those(now, Capabilities::follower, question);
    }

    /// What became of a part of an answer.
    pub(super) fn became(&mut self, now: Now, posted: &Posted, outcome: Outcome) {
        let became = || Happened::Became(posted.to, &posted.command, outcome);
        self.tell_those(now, Capabilities::follower, became);
    }

    /// The answer to a traceroute.
    #[inline(never)]
    pub(super) fn routed(&mut self, now: Now, ticket: Ticket, received: &Received) {
        if let Some(Sent { of: nth, id, .. }) = self.capabilities.sent.remove(&ticket)
            && let Some((_, payload)) = received.packet.port()
        {
            self.tell(now, nth, Happened::Route(id, payload));
        }
    }

    /// One of them is told, and what it wants done is done.
    pub(super) fn tell(&mut self, now: Now, nth: Nth, event: Happened<'_>) {
        let scene = Scene {
            now,
            sanity: self.settings.sanity,
            prefix: &self.settings.bot.prefix,
            part_limit: self.settings.bot.part_limit,
            book: &self.book,
            zone: &self.settings.local_zone,
        };
        let acts = (self.capabilities).with(nth, |it, acts| it.happened(event, &scene, acts));
        self.carry_out(now, nth, acts);
    }

    /// Does what a capability wants done, in its order.
    pub(super) fn carry_out(&mut self, now: Now, nth: Nth, mut acts: VecDeque<Act>) {
        while let Some(act) = acts.pop_front() {
            if let Some(event) = self.carry_out_one(now, nth, act) {
                self.tell(now, nth, event);
            }
        }
        // The list is used again.
        if self.capabilities.acts.capacity() == 0 {
            self.capabilities.acts = acts;
        }
        self.capabilities.look_at_the_time();
    }

    /// What it has to know about that at once, if anything.
    fn carry_out_one(&mut self, now: Now, nth: Nth, act: Act) -> Option<Happened<'static>> {
        match act {
            Act::Answer(answered) => self.answer_put_off(now, &answered),
            Act::Remark(ask, text) => {
                self.note(&ask, &text);
                self.post.remark(&ask, true, &text);
            }
            Act::Decline(ask, text) => {
                self.tally.refused += 1;
                self.note(&ask, "refused");
                self.post.remark(&ask, true, &text);
            }
            Act::Busy(ask, way) => self.too_busy(&ask, way),
            Act::Served(ask, outcome) => {
                self.tally.answered += 1;
                self.note(&ask, outcome);
            }
            Act::Text {
                id,
                ask,
                text,
                costs,
            } => {
                if let Err(why) = self.say_tracked(now, nth, id, &ask, &text, costs) {
                    return Some(Happened::NotSent(id, why));
                }
            }
            Act::Job(id, job) => {
                if !self.errands.submit(id, job) {
                    return Some(Happened::NotBegun(id));
                }
                self.capabilities.open.insert(id, Open::Job(nth));
            }
            Act::Look(id, search) => return self.look(now, nth, id, search),
            Act::Trace(id, node) => match self.post.outbox().traceroute(node) {
                Ok(ticket) => {
                    let (of, is_route) = (nth, true);
                    let sent = Sent { of, id, is_route };
                    self.capabilities.sent.insert(ticket, sent);
                }
                Err(refused) => {
                    return Some(Happened::NotSent(id, NotSent::Refused(refused)));
                }
            },
            Act::Forget(id) => {
                self.capabilities.open.remove(&id);
            }
        }
        None
    }

    fn answer_put_off(&mut self, now: Now, answered: &Answered) {
        let Answered {
            ask,
            way,
            text,
            turn,
            choice,
            is_ordered,
        } = answered;
        let who = (ask.from, way.place(ask));
        if let Some(choice) = choice {
            self.desk.offer(who, choice.clone(), now.mono);
        }
        if *is_ordered {
            self.answer(now, ask, *way, text);
        } else {
            self.answer_late(now, ask, *way, text);
        }
        if let Some(turn) = turn {
            self.desk.turn_to(who, turn.clone(), now.mono);
        }
    }

    /// One of several texts to the asker alone; its outcome is told.
    fn say_tracked(
        &mut self,
        now: Now,
        nth: Nth,
        id: JobId,
        ask: &Ask,
        text: &str,
        costs: bool,
    ) -> Result<(), NotSent> {
        if costs {
            let asker = self.asker(now, ask.from);
            if self.policy.ask(asker, None, now.mono) != Verdict::Answer {
                debug!("{} of {} ended by a limit", ask.line, ask.from);
                return Err(NotSent::Limit);
            }
        }
        let tickets = self.post.track(ask, text).map_err(NotSent::Refused)?;
        if let Some(&ticket) = tickets.first() {
            let (of, is_route) = (nth, false);
            let sent = Sent { of, id, is_route };
            self.capabilities.sent.insert(ticket, sent);
        }
        Ok(())
    }

    /// Asks the history; what it has to know at once when that cannot be.
    fn look(&mut self, now: Now, nth: Nth, id: JobId, search: Search) -> Option<Happened<'static>> {
        let not = |why| Some(Happened::Looked(id, Looked::Not(why)));
        let (Some(archive), Some(memory)) = (&self.archive, &self.memory) else {
            return not(Text::NoHistory);
        };
        let Some(until) = self.settings.sanity.check(now.unix) else {
            return not(Text::ClockUnset);
        };
        if search.look.texts.is_some() && !self.settings.keep_texts {
            return not(Text::NoTexts);
        }
        let channels = self.enabled.iter().copied();
        let kept = channels
            .filter(|&channel| self.listens_on(channel))
            .fold(0, |kept, channel| kept | channel.bit());
        let (settled, fresh) = memory.waiting(now, &self.book, search.look, kept);
        let question = Question {
            own: self.own,
            since: since(search, until),
            until,
            settled,
            look: search.look,
            kept,
            fresh,
        };
        if !archive.ask(QuestionId(id.0), Box::new(question)) {
            return Some(Happened::NotBegun(id));
        }
        self.capabilities.open.insert(id, Open::Look(nth, until));
        None
    }
}

/// The first second that counts when it is `now`.
fn since(search: Search, now: u64) -> u64 {
    let hours = u64::from(search.hours);
    if search.whole_hours {
        (now / HOUR + 1).saturating_sub(hours) * HOUR
    } else {
        now.saturating_sub(hours * HOUR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::insight::Look;

    #[test]
    fn an_hour_that_has_begun_is_the_last_of_whole_hours() {
        let search = |whole_hours| Search {
            hours: 24,
            whole_hours,
            look: Look::default(),
        };
        let now = 100 * HOUR + 60;
        assert_eq!(since(search(true), now), 77 * HOUR);
        assert_eq!(since(search(false), now), 76 * HOUR + 60);
        assert_eq!(since(search(false), 0), 0);
    }
}
