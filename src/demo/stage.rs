//! The stage: a simulated node, the bot at the other end of a real TCP
//! connection, and the engine that plays a script between them. What happens to the
//! link is in `happenings`, what came of it all in `judge`.
//!
//! - Nothing is assumed: every answer is read off the simulated air, every
//!   connection off the node's counters.
//! - Waiting is waiting for the node to do something, never sleeping.

mod happenings;
mod judge;

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use super::Options;
use super::air::{Heard, spoken};
use super::paper::{Mark, Paper};
use super::script::{Exchange, Expect, Place, Step, Twist};
use crate::mesh::{NodeNum, Now, PacketId};
use crate::sim::{Handle, Said, SimNode};

pub use self::judge::manners;

/// More failures than this say nothing new.
const FAILURES: usize = 3;

/// Where a script is played: in front of a node that lives by itself, or under a
/// clock of the test's.
pub trait House {
    /// Does something with the node.
    fn with<R>(&self, act: impl FnOnce(&mut SimNode, Now) -> R) -> R;

    /// Lets the node live until `look` finds what it looks for, but no longer
    /// than `most`.
    fn wait_for<R>(&self, most: Duration, look: impl FnMut(&mut SimNode) -> Option<R>)
    -> Option<R>;
}

impl House for Handle {
    fn with<R>(&self, act: impl FnOnce(&mut SimNode, Now) -> R) -> R {
        self.with(act)
    }

    fn wait_for<R>(
        &self,
        most: Duration,
        look: impl FnMut(&mut SimNode) -> Option<R>,
    ) -> Option<R> {
        self.wait_for(most, look)
    }
}

/// Something that did not come as expected.
struct Failure {
    what: String,
    expected: String,
    came: String,
}

/// What somebody said, and the bot's first answer.
struct Spoken {
    /// Who asked what, with its twist.
    asked: String,
    label: &'static str,
    id: PacketId,
    answer: Option<PacketId>,
    /// What came of it is what was expected.
    good: bool,
}

/// The engine.
pub struct Stage<'a, W, H> {
    options: &'a Options,
    node: &'a H,
    paper: &'a mut Paper<W>,
    inbox: VecDeque<Heard>,
    last_text: Option<Duration>,
    said: Vec<Spoken>,
    failures: Vec<Failure>,
    connections: u64,
}

impl<'a, W: Write, H: House> Stage<'a, W, H> {
    /// An empty stage in front of `node`, to which the bot is connecting.
    pub fn new(options: &'a Options, node: &'a H, paper: &'a mut Paper<W>) -> Self {
        Self {
            options,
            node,
            paper,
            inbox: VecDeque::new(),
            last_text: None,
            said: Vec::new(),
            failures: Vec::new(),
            connections: 0,
        }
    }

    /// Plays the script and judges it; returns how many things did not come as
    /// expected. `alive` says what became of the bot, if one of its threads
    /// ended.
    ///
    /// # Errors
    /// When the transcript cannot be written.
    pub fn play(
        mut self,
        script: &[Step],
        mut alive: impl FnMut() -> Option<String>,
    ) -> io::Result<usize> {
        let mut on = self.connected("the bot is connected and knows its node")?;
        for step in script {
            if !on || self.failures.len() >= FAILURES {
                self.paper.line("  the rest is not played")?;
                break;
            }
            match step {
                Step::Say(exchange) => self.exchange(exchange)?,
                Step::Happens(happening) => on = self.happens(*happening)?,
                Step::Prepare(fault) => self.fault(fault.clone()),
            }
            if let Some(death) = alive() {
                self.fail("the bot", "all threads at work", &death);
                on = false;
            }
        }
        if on {
            self.last_words()?;
        }
        self.judge()
    }

    // ------------------------------------------------------------- exchanges

    fn exchange(&mut self, exchange: &Exchange) -> io::Result<()> {
        let asked = self.say(exchange)?;
        match exchange.expect {
            Expect::Answer(place, parts) => self.await_answer(asked, place, parts),
            Expect::Silence(why) => self.await_silence(asked.0, why),
        }
    }

    /// Speaks; returns the packet and its sender.
    fn say(&mut self, exchange: &Exchange) -> io::Result<(PacketId, NodeNum)> {
        let find = |label| self.said.iter().find(|said| said.label == label);
        let mut note = String::new();
        let (mut id, mut reply_to, mut minutes) = (None, None, 0);
        match exchange.twist {
            Twist::Plain => {}
            Twist::Repeats(label) => {
                id = find(label).map(|said| said.id);
                "  (the same packet again)".clone_into(&mut note);
            }
            Twist::AnswersBot(label) => {
                reply_to = find(label).and_then(|said| said.answer);
                "  (as a reply to the bot)".clone_into(&mut note);
            }
            Twist::MinutesOld(age) => {
                minutes = age;
                note = format!("  (asked {age} minutes ago)");
            }
        }
        let (id, from, at) = self.node.with(|node, now| {
            let plain = spoken(node, exchange.who, exchange.place, exchange.text);
            let then = now.unix.saturating_sub(u64::from(minutes) * 60);
            let said = Said {
                id,
                reply_to,
                rx_time: u32::try_from(then).ok().filter(|_| minutes > 0),
                ..plain
            };
            let from = said.from;
            (node.hear_text(now, said), from, now.mono)
        });
        let Exchange { who, place, .. } = exchange;
        let text = format!("{}{note}", exchange.text);
        self.said.push(Spoken {
            asked: format!("{} {}: {text}", who.name, manner(*place)),
            label: exchange.label,
            id,
            answer: None,
            good: true,
        });
        (self.paper).said(at, *place, who.name, &text)?;
        Ok((id, from))
    }

    fn await_answer(
        &mut self,
        (id, from): (PacketId, NodeNum),
        place: Place,
        parts: &[&str],
    ) -> io::Result<()> {
        let to = match place {
            Place::Public | Place::Channel(_) => NodeNum::BROADCAST,
            Place::Direct => from,
        };
        let expected = || format!("an answer {} with {}", manner(place), quoted(parts));
        while let Some(heard) = self.listen(self.options.patience) {
            if heard.reply_to != id {
                self.stray(&heard)?;
                continue;
            }
            self.remember_answer(&heard);
            let good = heard.to == to && parts.iter().all(|part| heard.text.contains(part));
            let mark = if good { Mark::Good } else { Mark::Bad };
            (self.paper).answered(heard.at, heard.place(), mark, &heard.text)?;
            if !good {
                self.spoil(id, &expected(), &heard.describe());
            }
            return Ok(());
        }
        let came = format!("nothing within {} s", self.options.patience.as_secs());
        (self.paper).event(self.now(), Mark::Bad, &came)?;
        self.spoil(id, &expected(), &came);
        Ok(())
    }

    /// Whatever comes is a stray, and all strays are failures, also those that
    /// come later.
    fn await_silence(&mut self, id: PacketId, why: &str) -> io::Result<()> {
        while let Some(heard) = self.listen(self.silence()) {
            self.stray(&heard)?;
            if heard.reply_to == id {
                return Ok(());
            }
        }
        (self.paper).silence(self.now(), why)
    }

    /// How long to listen until there is certainly no answer: the bot lets
    /// some time pass between its texts.
    fn silence(&self) -> Duration {
        let speaks_again = self.last_text.map_or(Duration::ZERO, |at| {
            (at + self.options.pause).saturating_sub(self.now())
        });
        speaks_again + self.options.silence
    }

    /// A text that should not have come.
    fn stray(&mut self, heard: &Heard) -> io::Result<()> {
        (self.paper).answered(heard.at, heard.place(), Mark::Bad, &heard.text)?;
        let mut said = self.said.iter().rev();
        let expected = match said.find(|said| said.id == heard.reply_to) {
            Some(said) if said.answer.is_some() => "one answer only",
            Some(_) => "no answer",
            None => "no text that nobody asked for",
        };
        self.remember_answer(heard);
        self.spoil(heard.reply_to, expected, &heard.describe());
        Ok(())
    }

    fn remember_answer(&mut self, heard: &Heard) {
        let mut said = self.said.iter_mut().rev();
        if let Some(said) = said.find(|said| said.id == heard.reply_to) {
            said.answer.get_or_insert(heard.id);
        }
    }

    /// The exchange that `id` began did not come out as it should.
    fn spoil(&mut self, id: PacketId, expected: &str, came: &str) {
        let mut said = self.said.iter_mut().rev();
        let what = match said.find(|said| said.id == id) {
            Some(said) => {
                said.good = false;
                said.asked.clone()
            }
            None => "the bot by itself".to_owned(),
        };
        self.fail(&what, expected, came);
    }

    /// What the bot may still have to say although nobody waits for it.
    fn last_words(&mut self) -> io::Result<()> {
        while let Some(heard) = self.listen(self.silence()) {
            self.stray(&heard)?;
        }
        Ok(())
    }

    /// The bot's next text, if it comes in time.
    fn listen(&mut self, most: Duration) -> Option<Heard> {
        let inbox = &mut self.inbox;
        let heard = self.node.wait_for(most, |node| {
            inbox.extend(node.on_air().iter().filter_map(Heard::of));
            inbox.pop_front()
        })?;
        self.last_text = Some(heard.at);
        Some(heard)
    }

    fn now(&self) -> Duration {
        self.node.with(|_, now| now.mono)
    }

    fn fail(&mut self, what: &str, expected: &str, came: &str) {
        self.failures.push(Failure {
            what: what.to_owned(),
            expected: expected.to_owned(),
            came: came.to_owned(),
        });
    }
}

fn manner(place: Place) -> &'static str {
    match place {
        Place::Public => "on the public channel",
        Place::Channel(_) => "on another channel",
        Place::Direct => "in private",
    }
}

fn quoted(parts: &[&str]) -> String {
    let quoted: Vec<String> = parts.iter().map(|part| format!("{part:?}")).collect();
    quoted.join(" and ")
}
