//! What became of an answer, and who has to be told.

use super::*;
use crate::link::{DropReason, Failure};

impl Bot {
    pub(super) fn outcome(&mut self, now: Now, ticket: Ticket, outcome: Outcome) {
        let sent = self.capabilities.sent.get(&ticket).copied();
        let is_route = sent.is_some_and(|sent| sent.is_route);
        // That a traceroute was answered is told by the answer, which follows.
        if !(is_route && matches!(outcome, Outcome::Delivered(_))) {
            self.capabilities.sent.remove(&ticket);
        }
        if !is_route {
            self.settle(now, ticket, outcome);
        }
        if let Some(sent) = sent {
            self.tell(now, sent.of, Happened::Outcome(sent.id, outcome));
        }
    }

    /// Enters into the books what became of a text, and tells who has to know.
    fn settle(&mut self, now: Now, ticket: Ticket, outcome: Outcome) {
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
        self.became(now, &posted, outcome);
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
        let place = Place::Channel(channel);
        let lang = self.settings.lang_at(place);
        let ask = Ask {
            lang,
            from: posted.to,
            place,
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
        let mut text = match failure {
            Failure::Unreadable => Text::OtherKey,
            _ => Text::NoKey,
        }
        .fill(lang, &[("name", &name)]);
        let mut commands = self.registry.iter();
        let keys = commands.find(|it| it.is_about_own_key.is_some());
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
