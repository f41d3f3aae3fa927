//! Somebody's own configuration, tried: people of the made-up mesh ask what
//! shows it, and what comes is written down.
//!
//! - Which answer is right is for whoever wrote the configuration to say; judged
//!   is only how the bot behaves towards its node.
//! - Waiting is waiting for the node to do something, never sleeping.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use super::air::{Heard, spoken};
use super::paper::{Mark, Paper};
use super::plan::Question;
use super::stage::manners;
use crate::mesh::PacketId;
use crate::sim::Handle;

/// The connection has to be there after this at the latest.
const CONNECT: Duration = Duration::from_secs(90);

/// How long to wait for what.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The pause between two of the bot's texts.
    pub spacing: Duration,
    /// What has no answer so long after the bot may speak again gets none.
    pub silence: Duration,
    /// No two texts may come closer than this.
    pub closest: Duration,
}

/// The questions, under way.
pub struct Trial<'a, W> {
    times: Times,
    node: &'a Handle,
    paper: &'a mut Paper<W>,
    inbox: VecDeque<Heard>,
    last_text: Option<Duration>,
    answered: usize,
}

impl<'a, W: Write> Trial<'a, W> {
    /// Before the first question; the bot is connecting to `node`.
    pub fn new(times: Times, node: &'a Handle, paper: &'a mut Paper<W>) -> Self {
        Self {
            times,
            node,
            paper,
            inbox: VecDeque::new(),
            last_text: None,
            answered: 0,
        }
    }

    /// Asks everything and tells how the bot behaved; returns how many things
    /// are wrong with that. `alive` says what became of the bot, if one of its
    /// threads ended.
    ///
    /// # Errors
    /// When the transcript cannot be written.
    pub fn ask(
        mut self,
        questions: &[Question],
        mut alive: impl FnMut() -> Option<String>,
    ) -> io::Result<usize> {
        let up = self.node.wait_for(CONNECT, |node| {
            (node.counters().configured > 0).then_some(())
        });
        if up.is_none() {
            let text = format!("no connection within {} s", CONNECT.as_secs());
            self.paper.event(self.now(), Mark::Bad, &text)?;
            return Ok(1);
        }
        let text = "the bot is connected and knows its node";
        self.paper.event(self.now(), Mark::Good, text)?;
        for question in questions {
            self.question(question)?;
            if let Some(death) = alive() {
                self.paper.event(self.now(), Mark::Bad, &death)?;
                return Ok(1);
            }
        }
        self.tell(questions.len())
    }

    fn question(&mut self, question: &Question) -> io::Result<()> {
        if let Some(shows) = &question.shows {
            self.paper.event(self.now(), Mark::None, shows)?;
        }
        let Question { who, place, .. } = *question;
        let (id, at) = self.node.with(|node, now| {
            let said = spoken(node, who, place, &question.text);
            let said = if question.by_mqtt {
                said.by_mqtt()
            } else {
                said
            };
            (node.hear_text(now, said), now.mono)
        });
        self.paper.said(at, place, who.name, &question.text)?;
        if self.answers(id)? {
            self.answered += 1;
            return Ok(());
        }
        self.paper.no_answer(self.now(), Mark::None, "no answer")
    }

    /// Writes down what comes until the answer to `id` is complete, or there
    /// is none; says whether there is one.
    fn answers(&mut self, id: PacketId) -> io::Result<bool> {
        let mut any = false;
        while let Some(heard) = self.listen() {
            self.paper
                .answered(heard.at, heard.place(), Mark::None, &heard.text)?;
            if heard.reply_to == id {
                any = true;
                if is_last_part(&heard.text) {
                    break;
                }
            }
        }
        Ok(any)
    }

    /// The bot's next text, if it comes in time.
    fn listen(&mut self) -> Option<Heard> {
        let speaks_again = self.last_text.map_or(Duration::ZERO, |at| {
            (at + self.times.spacing).saturating_sub(self.now())
        });
        let inbox = &mut self.inbox;
        let heard = self
            .node
            .wait_for(speaks_again + self.times.silence, |node| {
                inbox.extend(node.on_air().iter().filter_map(Heard::of));
                inbox.pop_front()
            })?;
        self.last_text = Some(heard.at);
        Some(heard)
    }

    fn now(&self) -> Duration {
        self.node.with(|_, now| now.mono)
    }

    fn tell(self, asked: usize) -> io::Result<usize> {
        let counters = self.node.with(|node, _| node.counters().clone());
        let manners = manners(&counters, 1, self.times.closest);
        self.paper.line("")?;
        self.paper.title("What came of it")?;
        self.paper.line(&format!(
            "    {asked} questions, {} answered: whether that is as you want it, you say",
            self.answered
        ))?;
        for (good, text) in &manners {
            self.paper.verdict(*good, text)?;
        }
        Ok(manners.iter().filter(|(good, _)| !good).count())
    }
}

/// `(1/3) …` is not, `(3/3) …` is, and so is what has no such mark.
fn is_last_part(text: &str) -> bool {
    let numbers = text
        .strip_prefix('(')
        .and_then(|text| text.split_once(") "))
        .and_then(|(numbers, _)| numbers.split_once('/'));
    numbers.is_none_or(|(part, all)| part == all || part.parse::<u8>().is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_answer_belong_together() {
        for (text, last) in [
            ("pong", true),
            ("(1/3) a", false),
            ("(2/3) b", false),
            ("(3/3) c", true),
            ("(a/b) c", true),
            ("(1 of 2) c", true),
        ] {
            assert_eq!(is_last_part(text), last, "{text}");
        }
    }
}
