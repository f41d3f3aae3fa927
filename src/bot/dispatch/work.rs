//! Slow work: who has left some, what came of it, and who gave up waiting.

use super::*;
use crate::bot::desk::Choice;
use crate::bot::forecasts::Act;

impl OpenJob {
    /// When its asker has waited long enough. The weather desk keeps its own
    /// times.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Text { deadline, .. } => Some(*deadline),
            Self::Weather(_) => None,
            Self::Past(waiting) => Some(waiting.deadline),
            Self::Elsewhere(deadline) => Some(*deadline),
        }
    }
}

impl Bot {
    /// Whether anything is to come from the workers or the history.
    #[must_use]
    pub fn awaits_results(&self) -> bool {
        !self.jobs.is_empty()
    }

    /// An errand has ended.
    pub fn finished(&mut self, now: Now, result: JobResult) {
        match self.jobs.remove(&result.id) {
            None => debug!("an errand ended after its time limit"),
            Some(OpenJob::Text { ask, way, .. }) => {
                let text = match result.work {
                    Ok(Work::Text(text)) => text,
                    Ok(_) => return,
                    Err(panic) => {
                        error!("{}: the errand panicked: {panic}", ask.line);
                        Text::Apology.plain(self.settings.lang).to_owned()
                    }
                };
                self.answer_late(now, &ask, way, &text);
            }
            Some(OpenJob::Past(waiting)) => {
                let answer = match result.work {
                    Ok(Work::Past(answer)) => answer,
                    Ok(_) => return,
                    Err(panic) => {
                        error!("{}: the look-up panicked: {panic}", waiting.ask.line);
                        None
                    }
                };
                self.looked_back(now, &waiting, answer.as_deref());
            }
            Some(OpenJob::Elsewhere(_)) => self.told_elsewhere(now, result.work),
            Some(OpenJob::Weather(need)) => {
                self.forecasts.came(now, &need, result.work);
                self.serve_forecasts(now);
            }
        }
    }

    /// A command has left work behind.
    pub(super) fn take_errand(&mut self, now: Now, ask: &Ask, way: Way, errand: Errand) {
        match errand {
            Errand::Text(timeout, job) => {
                let open = OpenJob::Text {
                    ask: Box::new(ask.clone()),
                    way,
                    deadline: now.mono + timeout,
                };
                if !self.start(open, Box::new(move || Work::Text(job()))) {
                    self.too_busy(ask, way);
                }
            }
            Errand::Forecast(wish, wanted) => {
                self.forecasts.ask(now, ask, way, wish, wanted);
                self.serve_forecasts(now);
            }
            Errand::Trace(node) => self.begin_trace(now, ask, way, node),
            Errand::Pings(wish) => self.ping(now, ask, wish),
            Errand::Past(wish) => self.look_back(now, ask, way, wish),
            Errand::Elsewhere(wish) => self.ask_elsewhere(now, ask, way, &wish),
        }
    }

    /// Does what the weather desk wants done.
    pub(super) fn serve_forecasts(&mut self, now: Now) {
        while let Some(act) = self.forecasts.act() {
            match act {
                Act::Say(waiter, text) => {
                    self.answer_late(now, &waiter.ask, waiter.way, &text);
                }
                Act::Offer(waiter, text, args) => {
                    let who = (waiter.ask.from, waiter.way.place(&waiter.ask));
                    let command = waiter.wish.word;
                    self.desk.offer(who, Choice { command, args }, now.mono);
                    self.answer_late(now, &waiter.ask, waiter.way, &text);
                }
                Act::Busy(waiter) => self.too_busy(&waiter.ask, waiter.way),
                Act::Start(need, job) => self.start_for_weather(now, need, job),
                Act::Save(known) => {
                    let keeper = Arc::clone(&self.keeper);
                    let job = Box::new(move || Work::Saved(keeper.weather(&known)));
                    self.start_for_weather(now, Need::Save, job);
                }
            }
        }
    }

    pub(super) fn give_up_late_jobs(&mut self, now: Now) {
        let late: Vec<JobId> = self
            .jobs
            .iter()
            .filter(|(_, job)| job.deadline().is_some_and(|deadline| deadline <= now.mono))
            .map(|(&id, _)| id)
            .collect();
        for id in late {
            let (ask, way) = match self.jobs.remove(&id) {
                Some(OpenJob::Text { ask, way, .. }) => (ask, way),
                Some(OpenJob::Past(waiting)) => (waiting.ask, waiting.way),
                Some(OpenJob::Elsewhere(_)) => {
                    self.give_up_elsewhere(now);
                    continue;
                }
                Some(OpenJob::Weather(_)) | None => continue,
            };
            warn!("{}: the errand took too long", ask.line);
            let text = Text::TookTooLong.plain(self.settings.lang);
            self.answer_late(now, &ask, way, text);
        }
    }

    fn start_for_weather(&mut self, now: Now, need: Need, job: Job) {
        if !self.start(OpenJob::Weather(need.clone()), job) {
            self.forecasts.not_started(now, &need);
        }
    }

    /// `false` when too many errands wait already.
    pub(super) fn start(&mut self, open: OpenJob, job: Job) -> bool {
        let id = self.next_id();
        let taken = self.errands.submit(id, job);
        if taken {
            self.jobs.insert(id, open);
        }
        taken
    }

    pub(super) fn next_id(&mut self) -> JobId {
        let id = JobId(self.next_job);
        self.next_job += 1;
        id
    }

    pub(super) fn too_busy(&mut self, ask: &Ask, way: Way) {
        warn!("{}: too many errands wait", ask.line);
        self.tally.refused += 1;
        self.note(ask, "too busy");
        if ask.place == Place::Direct {
            let text = Text::Busy.plain(self.settings.lang);
            self.post.remark(ask, way.private, text);
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
        let handed = self.post.send(ask, way, text, &mut self.desk, now.mono);
        self.count(now, ask, handed);
        self.note_handed(ask, handed);
    }
}
