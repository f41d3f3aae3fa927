//! Many who ask the same on a channel are answered by one message (features.md
//! B17).
//!
//! - Only what was handed over counts as said, and only for a short time.
//! - When it fails on its way, the last of those who were to read it gets an
//!   answer of his own; the others had the same chance to ask again.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use super::ask::Together;
use crate::bot::ask::{Ask, Place, Way};
use crate::bounds::recent::Recent;
use crate::link::Ticket;
use crate::link::message::REPLY_EXPIRY;
use crate::mesh::name::fold;
use crate::mesh::{ChannelIndex, Hops};

/// Whoever is no further away is reached by what was said to somebody near: the hop
/// limit that nodes come with (protocol.md §4.1).
const REACH: u8 = 3;
/// Answers remembered.
pub(super) const SAID: usize = 64;

impl Together {
    /// What those who are answered together have in common.
    #[must_use]
    pub fn said(self, ask: &Ask, place: Place, text: &str) -> Option<Said> {
        let Place::Channel(channel) = place else {
            return None;
        };
        let mut hasher = DefaultHasher::new();
        match self {
            Self::Never => return None,
            Self::SameAnswer => {}
            Self::SameQuestion => fold(&ask.line).hash(&mut hasher),
        }
        text.hash(&mut hasher);
        Some(Said(channel, hasher.finish()))
    }
}

/// Something as it was said on a channel, by its hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Said(ChannelIndex, u64);

/// Somebody who was answered by what was said to another.
#[derive(Debug)]
pub struct Other {
    /// His question.
    pub ask: Box<Ask>,
    /// The way back.
    pub way: Way,
    /// The answer.
    pub text: String,
    at: Duration,
}

/// What was said.
#[derive(Debug)]
struct Entry {
    tickets: Vec<Ticket>,
    /// Relays that it passes at least.
    reach: u8,
    /// What did not fit.
    rest: String,
    other: Option<Other>,
}

/// What was said lately, and who was answered by it.
#[derive(Debug)]
pub struct Crowd {
    window: Duration,
    said: Recent<Said, Entry>,
}

impl Crowd {
    /// What was said counts for `window`.
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            said: Recent::new(SAID),
        }
    }

    /// Answers remembered.
    #[must_use]
    pub fn count(&self) -> usize {
        self.said.len()
    }

    /// Whether `ask` has just been answered, within the reach of what was said: what
    /// is left of the answer then.
    pub fn join(
        &mut self,
        said: Said,
        ask: &Ask,
        way: Way,
        text: &str,
        now: Duration,
    ) -> Option<String> {
        self.said.get(&said, now, self.window)?;
        let entry = self.said.change(&said)?;
        if ask.hops.known().is_some_and(|hops| hops > entry.reach) {
            return None;
        }
        entry.other = Some(Other {
            ask: Box::new(ask.clone()),
            way,
            text: text.to_owned(),
            at: now,
        });
        Some(entry.rest.clone())
    }

    /// It was handed over as these texts, and so much is left of it.
    pub fn say(
        &mut self,
        said: Said,
        hops: Hops,
        tickets: Vec<Ticket>,
        rest: String,
        now: Duration,
    ) {
        let entry = Entry {
            tickets,
            reach: hops.known().unwrap_or(0).max(REACH),
            rest,
            other: None,
        };
        self.said.insert(said, now, entry);
    }

    /// One of its texts did not arrive. Who needs an answer of his own now; too
    /// late is nobody.
    pub fn unsay(&mut self, said: Said, ticket: Ticket, now: Duration) -> Option<Other> {
        let entry = self.said.get(&said, now, Duration::MAX)?;
        if !entry.tickets.contains(&ticket) {
            return None;
        }
        let entry = self.said.take(&said, now, Duration::MAX)?;
        entry.other.filter(|other| now < other.at + REPLY_EXPIRY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::ask;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const CHANNEL: Place = Place::Channel(ChannelIndex(1));

    #[test]
    fn what_is_the_same_and_what_is_not() {
        let (paris, rome) = (ask("rain", "paris"), ask("rain", "rome"));
        let loud = ask("RAIN", "Paris");
        let said = |how: Together, ask, place, text| how.said(ask, place, text);
        for how in [Together::SameAnswer, Together::SameQuestion] {
            let one = said(how, &paris, CHANNEL, "dry");
            assert_eq!(one, said(how, &loud, CHANNEL, "dry"));
            assert_ne!(one, said(how, &paris, CHANNEL, "wet"), "another answer");
            let other = Place::Channel(ChannelIndex(2));
            assert_ne!(one, said(how, &paris, other, "dry"), "another channel");
            assert_eq!(said(how, &paris, Place::Direct, "dry"), None);
        }
        let same = |how| said(how, &paris, CHANNEL, "dry") == said(how, &rome, CHANNEL, "dry");
        assert!(same(Together::SameAnswer));
        assert!(!same(Together::SameQuestion));
        assert_eq!(said(Together::Never, &paris, CHANNEL, "dry"), None);
    }

    #[test]
    fn only_the_text_that_was_to_answer_him_and_only_while_he_waits() {
        let paris = ask("rain", "paris");
        let way = Way::default();
        let said = Together::SameAnswer.said(&paris, CHANNEL, "dry").unwrap();
        let crowd = || {
            let mut crowd = Crowd::new(s(30));
            let tickets = vec![Ticket(1), Ticket(2)];
            crowd.say(said, Hops::Known(4), tickets, "rest".into(), s(0));
            let mut far = paris.clone();
            far.hops = Hops::Known(5);
            assert_eq!(crowd.join(said, &far, way, "dry", s(1)), None, "too far");
            let joined = crowd.join(said, &paris, way, "dry", s(29));
            assert_eq!(joined.as_deref(), Some("rest"));
            assert_eq!(crowd.count(), 1);
            crowd
        };
        // An older text of the same words fails: it answered nobody here.
        assert!(crowd().unsay(said, Ticket(3), s(30)).is_none());
        assert!(crowd().unsay(said, Ticket(2), s(29 + 59)).is_some());
        assert!(crowd().unsay(said, Ticket(2), s(29 + 60)).is_none());
        let mut crowd = crowd();
        assert!(crowd.join(said, &paris, way, "dry", s(30)).is_none());
        assert!(crowd.unsay(said, Ticket(1), s(31)).is_some());
        // It counts no longer as said.
        assert!(crowd.join(said, &paris, way, "dry", s(20)).is_none());
        for (at, channel) in (0_u8..200).enumerate() {
            let place = Place::Channel(ChannelIndex(channel));
            let said = Together::SameAnswer.said(&paris, place, "x").unwrap();
            crowd.say(said, Hops::Unknown, Vec::new(), String::new(), s(at as u64));
        }
        assert_eq!(crowd.count(), SAID);
    }
}
