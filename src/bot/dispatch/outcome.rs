//! What became of an answer, and who has to be told.

use super::*;
use crate::bot::commands::keys;
use crate::link::{DropReason, Failure};

impl Bot {
    pub(super) fn outcome(&mut self, now: Now, ticket: Ticket, outcome: Outcome) {
        if self.traces.contain(ticket) {
            return self.trace_outcome(now, ticket, outcome);
        }
        self.pings.outcome(ticket, outcome);
        let arrived = match outcome {
            Outcome::Delivered(_) | Outcome::Relayed | Outcome::Sent => {
                self.tally.good += 1;
                true
            }
            Outcome::Unknown => {
                self.tally.unknown += 1;
                false
            }
            Outcome::Failed(_) | Outcome::Expired | Outcome::Dropped(_) => {
                self.tally.bad += 1;
                false
            }
        };
        let Some((posted, other)) = self.post.settle(ticket, arrived, now.mono) else {
            return;
        };
        if !arrived && outcome != Outcome::Dropped(DropReason::Stopping) {
            self.record_failure(now, posted.to, outcome);
        }
        if let Some(other) = other {
            self.tally.together -= 1;
            self.answer_late(now, &other.ask, other.way, &other.text);
        }
        if let Outcome::Failed(failure) = outcome
            && failure.is_key_trouble()
        {
            self.tally.key_trouble += 1;
            self.unreadable.insert(posted.to, now.mono, ());
            if failure.lacks_recipient_key()
                && self
                    .key_requests
                    .once_per(posted.to, now.mono, KEY_REQUEST_PERIOD)
            {
                self.post.outbox().node_info(posted.to);
            }
            self.tell_on_channel(now, &posted, failure);
        }
    }

    /// A private answer to a public question could not be encrypted: the
    /// channel is the one place where the asker can be told.
    fn tell_on_channel(&mut self, now: Now, posted: &Posted, failure: Failure) {
        let Some(channel) = posted.asked_on else {
            return;
        };
        if self.desk.is_muted(now)
            || !self
                .key_notices
                .once_per(posted.to, now.mono, KEY_NOTICE_PERIOD)
        {
            return;
        }
        let ask = Ask {
            from: posted.to,
            place: Place::Channel(channel),
            channel,
            id: PacketId(0),
            line: Arc::clone(&posted.command),
            args: String::new(),
            is_operator: false,
            is_unreadable: false,
            hops: posted.hops,
            signal: None,
            relay: None,
            via_mqtt: false,
            age: None,
        };
        let name = self.book.display_name(posted.to, name::LONG_NAME_MAX);
        let lang = self.settings.lang;
        let mut text = match failure {
            Failure::Unreadable => Text::OtherKey,
            _ => Text::NoKey,
        }
        .fill(lang, &[("name", &name)]);
        let keys = self.registry.find(keys::COMMAND.name);
        if keys.is_some_and(|keys| self.settings.may_use(keys, ask.place, false)) {
            let prefix = &self.settings.bot.prefix;
            text = format!(
                "{text} {}",
                Text::KeysTell.fill(lang, &[("prefix", prefix)])
            );
        }
        self.post.remark(&ask, false, &text);
    }
}
