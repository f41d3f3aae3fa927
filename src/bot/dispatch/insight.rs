//! Questions about the past: handed to the history, answered when it has
//! looked.

use super::*;
use crate::bot::insight::{Answer, PATIENCE, Question, View, Wish};

/// Somebody who waits for the history.
pub(super) struct Waiting {
    pub(super) ask: Box<Ask>,
    pub(super) way: Way,
    wish: Wish,
    until: u64,
    pub(super) deadline: Duration,
}

impl Bot {
    /// Somebody wants to know what the mesh did.
    pub(super) fn look_back(&mut self, now: Now, ask: &Ask, way: Way, wish: Wish) {
        let id = self.next_id();
        let (Some(archive), Some(memory)) = (&self.archive, &self.memory) else {
            return self.answer_plain(now, ask, way, Text::NoHistory);
        };
        let Some(until) = self.settings.sanity.check(now.unix) else {
            return self.answer_plain(now, ask, way, Text::ClockUnset);
        };
        if wish.look.texts.is_some() && !self.settings.keep_texts {
            return self.answer_plain(now, ask, way, Text::NoTexts);
        }
        let channels = self.enabled.iter().copied();
        let kept = channels
            .filter(|&channel| self.listens_on(channel))
            .fold(0, |kept, channel| kept | channel.bit());
        let (settled, fresh) = memory.waiting(now, &self.book, wish.look, kept);
        let question = Question {
            own: self.own,
            since: wish.since(until),
            until,
            settled,
            look: wish.look,
            kept,
            fresh,
        };
        if !archive.ask(id, Box::new(question)) {
            return self.too_busy(ask, way);
        }
        let waiting = Waiting {
            ask: Box::new(ask.clone()),
            way,
            wish,
            until,
            deadline: now.mono + PATIENCE,
        };
        self.jobs.insert(id, OpenJob::Past(waiting));
    }

    /// The history has looked; `None` when it cannot be read.
    pub(super) fn looked_back(&mut self, now: Now, waiting: &Waiting, answer: Option<&Answer>) {
        let Some(answer) = answer else {
            return self.answer_plain(now, &waiting.ask, waiting.way, Text::HistoryUnreadable);
        };
        let view = View {
            lang: self.settings.lang,
            part_limit: self.settings.bot.part_limit,
            book: &self.book,
            zone: &self.settings.local_zone,
            now,
            wish: waiting.wish,
            until: waiting.until,
            answer,
        };
        match caught(|| (waiting.wish.render)(&view)) {
            Ok(text) => self.answer_late(now, &waiting.ask, waiting.way, &text),
            Err(panic) => {
                error!(
                    "{}: what was looked up could not be written: {panic}",
                    waiting.ask.line
                );
                self.answer_plain(now, &waiting.ask, waiting.way, Text::Apology);
            }
        }
    }

    fn answer_plain(&mut self, now: Now, ask: &Ask, way: Way, text: Text) {
        let text = text.plain(self.settings.lang);
        self.answer_late(now, ask, way, text);
    }
}
