//! Slow work that brings a text: who waits for it, and who gave up waiting.

use super::*;
use crate::bot::jobs::job;

/// Somebody who waits for a text.
pub(super) struct Waiting {
    ask: Box<Ask>,
    way: Way,
    pub(super) deadline: Duration,
}

impl Bot {
    /// A command has left work behind.
    pub(super) fn take_errand(&mut self, now: Now, ask: &Ask, way: Way, errand: Errand) {
        let Errand { timeout, work } = errand;
        let id = JobId(self.capabilities.next);
        self.capabilities.next += 1;
        if !self.errands.submit(id, job(work)) {
            return self.too_busy(ask, way);
        }
        let waiting = Waiting {
            ask: Box::new(ask.clone()),
            way,
            deadline: now.mono + timeout,
        };
        self.errands_out.insert(id, waiting);
    }

    /// The text has come, or the message of a panic.
    pub(super) fn errand_ended(
        &mut self,
        now: Now,
        waiting: &Waiting,
        found: Result<String, String>,
    ) {
        let Waiting { ask, way, .. } = waiting;
        let text = found.unwrap_or_else(|panic| {
            error!("{}: the errand panicked: {panic}", ask.line);
            Text::Apology.plain(ask.lang).to_owned()
        });
        self.answer_late(now, ask, *way, &text);
    }

    pub(super) fn give_up_late_errands(&mut self, now: Now) {
        let late = (self.errands_out.iter()).filter(|(_, waiting)| waiting.deadline <= now.mono);
        let late: Vec<JobId> = late.map(|(&id, _)| id).collect();
        for id in late {
            if let Some(Waiting { ask, way, .. }) = self.errands_out.remove(&id) {
                warn!("{}: the errand took too long", ask.line);
                let text = Text::TookTooLong.plain(ask.lang);
                self.answer_late(now, &ask, way, text);
            }
        }
    }

    pub(super) fn too_busy(&mut self, ask: &Ask, way: Way) {
        warn!("{}: too many errands wait", ask.line);
        self.tally.refused += 1;
        self.note(ask, "too busy");
        if ask.place == Place::Direct {
            self.post
                .remark(ask, way.private, Text::Busy.plain(ask.lang));
        }
    }

    /// The end of slow work; the bot may have been muted since it began.
    pub(super) fn answer_late(&mut self, now: Now, ask: &Ask, way: Way, text: &str) {
        if self.desk.is_muted(now) {
            debug!("muted: {} of {} not answered", ask.line, ask.from);
            self.tally.refused += 1;
            self.note(ask, "muted meanwhile");
            return;
        }
        self.answer(now, ask, way, text);
    }

    /// The same, muted or not.
    pub(super) fn answer(&mut self, now: Now, ask: &Ask, way: Way, text: &str) {
        let handed = self.post.send(ask, way, text, &mut self.desk, now.mono);
        self.count(now, ask, handed);
        self.note_handed(ask, handed);
    }
}
