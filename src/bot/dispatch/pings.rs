//! Sessions of `/ping N`: who may have one, and what it says.

use super::*;
use crate::bot::commands::ping;
use crate::bot::pings::{Act, Refusal, Wish};

impl Bot {
    /// Somebody wants pongs, or no more of them.
    pub(super) fn ping(&mut self, now: Now, ask: &Ask, wish: Wish) {
        let lang = self.settings.lang;
        let prefix = &self.settings.bot.prefix;
        let no = match wish {
            Wish::Start { count, capped } => {
                match self.pings.begin(ask, count, capped, now.mono) {
                    // The first one is sent right after the event.
                    Ok(()) => {
                        self.tally.answered += 1;
                        return self.note(ask, "pongs to come");
                    }
                    Err(Refusal::Running) => Text::PingRunning.fill(lang, &[("prefix", prefix)]),
                    Err(Refusal::Full) => Text::Busy.plain(lang).to_owned(),
                }
            }
            // The summary is the answer.
            Wish::Stop if self.pings.stop(ask.from, now.mono) => {
                self.tally.answered += 1;
                return self.note(ask, "stopped");
            }
            Wish::Stop => Text::PingNone.plain(lang).to_owned(),
        };
        self.tally.refused += 1;
        self.note(ask, "refused");
        self.post.remark(ask, true, &no);
    }

    /// Sends what is due. Each pong but the first, which the command has paid
    /// for, costs what an answer in private costs.
    pub(super) fn serve_pings(&mut self, now: Now) {
        if self.desk.is_muted(now) {
            self.pings.forget();
        }
        while let Some(act) = self.pings.act(now.mono) {
            let (lang, limit) = (self.settings.lang, self.settings.bot.part_limit);
            match act {
                Act::Pong { ask, turn, .. } if turn > 1 && !self.may_pong(now, &ask) => {
                    debug!("{} of {} ended by a limit", ask.line, ask.from);
                    self.pings.limit(ask.from, now.mono);
                }
                Act::Pong {
                    ask,
                    turn,
                    count,
                    capped,
                } => {
                    let text = ping::numbered(&ask, lang, turn, count, capped, limit);
                    let tickets = self.post.track(&ask, &text);
                    self.pings.handed(ask.from, tickets.first().copied());
                }
                Act::Sum(ask, report) => {
                    let text = ping::summary(lang, &report, limit);
                    self.note(&ask, &text);
                    self.post.remark(&ask, true, &text);
                }
            }
        }
    }

    fn may_pong(&mut self, now: Now, ask: &Ask) -> bool {
        let asker = self.asker(now, ask.from);
        ask.is_operator || self.policy.ask(asker, None, now.mono) == Verdict::Answer
    }
}
