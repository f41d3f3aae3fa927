//! What a waiter is told: the weather if it is there, else a true sentence.

use std::sync::Arc;

use jiff::tz::TimeZone;
use log::error;

use super::{Job, Work};
use crate::bot::ask::Together;
use crate::bot::weather::desk::{Act, Forecasts, Waiter, Wants};
use crate::bot::weather::place::SHOWN;
use crate::bot::weather::{Need, Outlook};
use crate::lang::{Lang, Text};
use crate::mesh::{Now, name};
use crate::thread::caught;
use crate::weather::{Cell, Failure, Found, Pause, Query, Report};

impl Forecasts {
    /// Answers, or lets him wait for what is missing.
    pub(super) fn go_on(&mut self, now: Now, waiter: Waiter) {
        match &waiter.wants {
            Wants::Nothing => {}
            Wants::Place(query) => {
                let query = query.clone();
                self.go_on_with_name(now, waiter, query);
            }
            Wants::Report(spot) => {
                let (cell, name) = (spot.cell, spot.name.clone());
                self.go_on_with_place(now, waiter, cell, &name);
            }
        }
    }

    pub(super) fn go_on_with_name(&mut self, now: Now, waiter: Waiter, query: Query) {
        if let Some(found) = self.cache.place(query.key(), now) {
            return self.place_known(now, waiter, &found);
        }
        let need = Need::Place(query.key().to_owned());
        if let Some(sentence) = self.known_failure(now, &need, query.shown(), waiter.ask.lang) {
            return match self.cache.old_place(query.key(), now) {
                Some(spot) => self.place_known(now, waiter, &Found::Spot(spot)),
                None => self.say(waiter, sentence),
            };
        }
        let job = self.place_job(now, query);
        self.wait(waiter, need, job);
    }

    pub(super) fn go_on_with_place(&mut self, now: Now, waiter: Waiter, cell: Cell, name: &str) {
        let has_enough = match (&waiter.wants, waiter.wish.needs_report) {
            (Wants::Report(spot), false) => {
                spot.zone.is_some() || self.cache.report(cell, now).is_some()
            }
            _ => self.is_fresh(cell, now),
        };
        if has_enough {
            return self.write(now, waiter);
        }
        let need = Need::Report(cell);
        if let Some(sentence) = self.known_failure(now, &need, name, waiter.ask.lang) {
            return match self.has_old_answer(now, &waiter) {
                true => self.write(now, waiter),
                false => self.say(waiter, sentence),
            };
        }
        let source = Arc::clone(&self.source);
        let job: Job = Box::new(move || Work::Report(source.forecast(cell)));
        self.wait(waiter, need, job);
    }

    pub(super) fn is_fresh(&mut self, cell: Cell, now: Now) -> bool {
        let report = self.cache.report(cell, now);
        report.is_some_and(|(_, age)| age.is_fresh())
    }

    /// Whether he can be answered without anything new: from an old report, or
    /// without any.
    pub(super) fn has_old_answer(&mut self, now: Now, waiter: &Waiter) -> bool {
        match &waiter.wants {
            Wants::Report(spot) => {
                !waiter.wish.needs_report || self.cache.report(spot.cell, now).is_some()
            }
            Wants::Place(_) | Wants::Nothing => false,
        }
    }

    /// Answers from what is in the cache.
    pub(super) fn write(&mut self, now: Now, waiter: Waiter) {
        let frame = &self.frame;
        let Wants::Report(spot) = &waiter.wants else {
            return;
        };
        let board = self.board_clock(now);
        let kept = self.cache.report(spot.cell, now);
        let time = match kept {
            Some((report, age)) => report.now(age.time, board),
            None => board,
        };
        let Some(time) = time else {
            return self.excuse(waiter, Text::ClockUnset);
        };
        let report = kept.map(|(report, _)| report);
        let named = spot
            .zone
            .as_deref()
            .and_then(|name| TimeZone::get(name).ok());
        let zone = named.or_else(|| report.map(Report::time_zone));
        let outlook = Outlook {
            spot,
            report,
            stale: kept
                .filter(|(_, age)| !age.is_fresh())
                .map(|(_, age)| age.time),
            now: time,
            zone_is_foreign: zone.is_none(),
            zone: zone.unwrap_or_else(|| frame.local_zone.clone()),
            board_zone: frame.local_zone.clone(),
            days: waiter.wish.days,
            when: waiter.wish.when,
            from: waiter.wish.from,
            lang: waiter.ask.lang,
            units: self.settings.units,
            part_limit: frame.part_limit,
        };
        match caught(|| (waiter.wish.render)(&outlook)) {
            Ok(text) => self.say(waiter, text),
            Err(panic) => {
                error!(
                    "{}: the weather could not be written: {panic}",
                    waiter.ask.line
                );
                self.excuse(waiter, Text::Apology);
            }
        }
    }

    /// A true sentence when this has just failed.
    pub(super) fn known_failure(
        &self,
        now: Now,
        need: &Need,
        shown: &str,
        lang: Lang,
    ) -> Option<String> {
        let reason = match self.cache.failure(need, now)? {
            Failure::Timeout => Text::ServiceSlow.plain(lang).to_owned(),
            Failure::Unreachable(_) => Text::ServiceAway.plain(lang).to_owned(),
            Failure::Limit(pause, _) => return Some(limit(lang, need, *pause, shown)),
            Failure::Status(429) => Text::ServiceTired.plain(lang).to_owned(),
            Failure::Status(status) | Failure::Refused(status, _) => {
                Text::ServiceStatus.fill(lang, &[("n", status)])
            }
            Failure::Nonsense(_) => Text::ServiceNonsense.plain(lang).to_owned(),
        };
        let name = name::cut(shown, SHOWN);
        let sentence = match need {
            Need::Place(_) => Text::NoPlace,
            Need::Report(_) | Need::Save => Text::NoWeather,
        };
        Some(sentence.fill(lang, &[("name", &name), ("reason", &reason)]))
    }

    /// A sentence that does not name the place: only who asks the very same
    /// may be answered together with it.
    pub(super) fn excuse(&mut self, mut waiter: Waiter, text: Text) {
        if waiter.way.together != Together::Never {
            waiter.way.together = Together::SameQuestion;
        }
        let text = text.plain(waiter.ask.lang);
        self.say(waiter, text.to_owned());
    }

    /// Nobody knows where he is.
    pub(super) fn ask_back(&mut self, waiter: Waiter) {
        let word = waiter.wish.command.shown(waiter.ask.lang);
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("prefix", &self.frame.prefix), ("word", &word)];
        let text = Text::WhereAreYou.fill(waiter.ask.lang, &values);
        self.say(waiter, text);
    }

    pub(super) fn say(&mut self, waiter: Waiter, text: String) {
        self.acts.push_back(Act::Say(Box::new(waiter), text));
    }
}

/// That the service has had enough of us, and until when.
fn limit(lang: Lang, need: &Need, pause: Pause, shown: &str) -> String {
    let at = match pause {
        Pause::Minute => 0,
        Pause::Hour => 1,
        Pause::Day => 2,
        Pause::Month => 3,
    };
    let when = Text::LimitPauses.list(lang).get(at);
    let sentence = match need {
        Need::Place(_) => Text::LimitPlace,
        Need::Report(_) | Need::Save => Text::LimitWeather,
    };
    let name = name::cut(shown, SHOWN);
    sentence.fill(lang, &[("name", &name), ("when", &when.unwrap_or(&""))])
}
