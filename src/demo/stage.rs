//! The stage: a simulated node, the bot at the other end of a real TCP
//! connection, and the engine that plays a script between them.
//!
//! - Nothing is assumed: every answer is read off the simulated air, every
//!   connection off the node's counters.
//! - Waiting is waiting for the node to do something, never sleeping.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use super::Options;
use super::air::{Heard, spoken};
use super::paper::{Mark, Paper};
use super::script::{Exchange, Expect, Happening, Place, Step, Twist};
use crate::mesh::{NodeNum, Now, PacketId};
use crate::sim::{Counters, Fault, Handle, Said, SimNode};

/// A connection has to be back after this at the latest. Only a bot that is dead
/// waits so long; a busy machine needs many times what a free one does.
const CONNECT: Duration = Duration::from_secs(90);
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

    // ------------------------------------------------------------ happenings

    fn happens(&mut self, happening: Happening) -> io::Result<bool> {
        match happening {
            Happening::NodeList => self.node_list(),
            Happening::Restart(down) => {
                (self.paper).event(self.now(), Mark::None, "the node restarts")?;
                self.fault(Fault::Reboot(down));
                self.connected("the bot is back by itself")
            }
            Happening::Rival => {
                // The configuration was complete, so this is the node list.
                let begun = self.node.wait_for(CONNECT, |node| {
                    (node.counters().open == 1 && !node.steady()).then_some(())
                });
                if begun.is_none() {
                    return self.no_node_list();
                }
                (self.paper).event(
                    self.now(),
                    Mark::None,
                    "a phone takes the node's only slot while the bot is being sent the node list",
                )?;
                self.fault(Fault::Rival {
                    for_: Duration::from_secs(600),
                    period: None,
                });
                self.connected("the bot waited a little longer and has the slot again")
            }
        }
    }

    fn node_list(&mut self) -> io::Result<bool> {
        let sent = self.node.wait_for(CONNECT, |node| {
            let counters = node.counters();
            let all = counters.want_config_only + counters.want_nodes_only;
            let sent = counters.want_nodes_only > 0 && counters.completed == all;
            (sent && node.steady()).then(|| node.people().len())
        });
        let Some(people) = sent else {
            return self.no_node_list();
        };
        let text = format!("the bot has been sent the node list: {people} others");
        (self.paper).event(self.now(), Mark::Good, &text)?;
        Ok(true)
    }

    fn no_node_list(&mut self) -> io::Result<bool> {
        let came = format!("none within {} s", CONNECT.as_secs());
        (self.paper).event(self.now(), Mark::Bad, &format!("node list: {came}"))?;
        self.fail("node list", "the bot asks for it and gets it", &came);
        Ok(false)
    }

    fn fault(&mut self, fault: Fault) {
        self.node.with(|node, now| node.fault(now, fault));
    }

    /// Waits for the next connection to be of use.
    fn connected(&mut self, how: &str) -> io::Result<bool> {
        self.connections += 1;
        let number = self.connections;
        // Counted, and not seen as it is: the bot soon asks for more, and whoever
        // looks late must not miss it.
        let up = self.node.wait_for(CONNECT, |node| {
            let counters = node.counters();
            (counters.accepts >= number && counters.configured >= number).then_some(())
        });
        if up.is_some() {
            let text = format!("connection {number}: {how}");
            (self.paper).event(self.now(), Mark::Good, &text)?;
            return Ok(true);
        }
        let what = format!("connection {number}");
        let came = format!("none within {} s", CONNECT.as_secs());
        (self.paper).event(self.now(), Mark::Bad, &format!("{what}: {came}"))?;
        self.fail(&what, "a connection of use to the bot", &came);
        Ok(false)
    }

    fn now(&self) -> Duration {
        self.node.with(|_, now| now.mono)
    }

    // -------------------------------------------------------------- judgment

    fn fail(&mut self, what: &str, expected: &str, came: &str) {
        self.failures.push(Failure {
            what: what.to_owned(),
            expected: expected.to_owned(),
            came: came.to_owned(),
        });
    }

    fn judge(self) -> io::Result<usize> {
        let counters = self.node.with(|node, _| node.counters().clone());
        let exchanges = self.said.len();
        let count = |look: fn(&&Spoken) -> bool| self.said.iter().filter(look).count();
        let good = count(|said| said.good);
        let answers = count(|said| said.good && said.answer.is_some());
        let script = (
            good == exchanges && self.failures.is_empty(),
            format!(
                "{good} of {exchanges} exchanges as expected: {answers} answers, \
                 {} times rightly none",
                good - answers
            ),
        );
        let link = manners(&counters, self.connections, self.options.spacing);
        let broken = link.iter().filter(|(good, _)| !good).count();
        self.paper.line("")?;
        self.paper.title("What came of it")?;
        for (good, text) in std::iter::once(script).chain(link) {
            self.paper.verdict(good, &text)?;
        }
        for failure in &self.failures {
            self.paper.line("")?;
            self.paper.verdict(false, &failure.what)?;
            let Failure { expected, came, .. } = failure;
            self.paper.line(&format!("      expected  {expected}"))?;
            self.paper.line(&format!("      came      {came}"))?;
        }
        Ok(self.failures.len() + broken)
    }
}

/// Whether the bot behaved towards its node, as that counted it: `connections`
/// and no more, and `spacing` between two texts. Each with a sentence.
#[must_use]
pub fn manners(counters: &Counters, connections: u64, spacing: Duration) -> [(bool, String); 4] {
    let gap = counters.smallest_text_gap;
    let refused = counters.texts_rate_limited + counters.naks;
    let unread = counters.malformed + counters.ids_repeated;
    [
        (
            counters.accepts == connections,
            format!(
                "{} connections accepted by the node, {connections} expected",
                counters.accepts
            ),
        ),
        (
            gap.is_none_or(|gap| gap >= spacing),
            gap.map_or_else(
                || "no two texts that could have come too close".to_owned(),
                |gap| {
                    format!(
                        "{:.2} s at least between two texts (a node loses what comes \
                         within 2 s)",
                        gap.as_secs_f64()
                    )
                },
            ),
        ),
        (refused == 0, format!("{refused} texts refused by the node")),
        (
            unread == 0,
            format!("{unread} frames that the node could not use"),
        ),
    ]
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
