//! What was said on a channel, and what did not arrive.
//!
//! A text is told once, however often it was heard: late echoes come after
//! hours. It counts whether it came by radio, through MQTT or out of the back-log:
//! this is what people said, and no figure of the radio.

use std::collections::{HashSet, VecDeque};

use super::Question;
use crate::mesh::{ChannelIndex, NodeNum, PacketId};

/// Texts in an answer, the last ones.
const MOST: usize = 24;

/// What was said where?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Talking {
    /// On this channel.
    On(ChannelIndex),
    /// On the first channel that this node shares with ours, of those whose texts
    /// are kept: whoever is heard on a channel has its key, and may read what is
    /// said there.
    SharedWith(NodeNum),
}

/// Somebody said something on a channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// When it was heard, in seconds since 1970.
    pub at: u64,
    /// Who said it.
    pub from: NodeNum,
    /// The packet that carried it.
    pub id: PacketId,
    /// Where.
    pub channel: ChannelIndex,
    /// What, safe to be shown.
    pub text: Box<str>,
}

/// What was said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Talk {
    /// Where; `None` when the asker shares no channel with our node.
    pub channel: Option<ChannelIndex>,
    /// Texts in all.
    pub total: usize,
    /// The last of them, the latest last.
    pub last: VecDeque<Line>,
}

/// An answer that did not arrive.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// When that became known, in seconds since 1970, if there was a clock.
    pub at: Option<u64>,
    /// Whom it was for.
    pub to: NodeNum,
    /// What became of it.
    pub reason: Box<str>,
}

/// Collects texts in the order of their times.
#[derive(Debug)]
pub struct Listener {
    channel: ChannelIndex,
    known: HashSet<(NodeNum, PacketId)>,
    talk: Talk,
}

impl Listener {
    /// Listens to one channel.
    #[must_use]
    pub fn new(channel: ChannelIndex) -> Self {
        Self {
            channel,
            known: HashSet::new(),
            talk: Talk {
                channel: Some(channel),
                ..Talk::default()
            },
        }
    }

    /// One more.
    pub fn add(&mut self, line: Line) {
        let is_echo = |known: &mut HashSet<_>| {
            line.id.known().is_some() && !known.insert((line.from, line.id))
        };
        if line.channel != self.channel || is_echo(&mut self.known) {
            return;
        }
        self.talk.total += 1;
        let later = self.talk.last.iter().rev();
        let later = later.take_while(|known| known.at > line.at).count();
        let at = self.talk.last.len() - later;
        self.talk.last.insert(at, line);
        if self.talk.last.len() > MOST {
            self.talk.last.pop_front();
        }
    }

    /// What was said, with what is not written yet.
    #[must_use]
    pub fn talk(mut self, question: &Question) -> Talk {
        for line in &question.fresh.texts {
            if question.covers(line.at) {
                self.add(line.clone());
            }
        }
        self.talk
    }
}

#[cfg(test)]
mod tests {
    use super::super::Fresh;
    use super::*;

    fn line(at: u64, id: u32, channel: u8) -> Line {
        Line {
            at,
            from: NodeNum(7),
            id: PacketId(id),
            channel: ChannelIndex(channel),
            text: id.to_string().into(),
        }
    }

    #[test]
    fn each_text_of_the_channel_is_told_once_in_its_order() {
        let mut listener = Listener::new(ChannelIndex(1));
        for said in [
            line(10, 1, 1),
            line(11, 2, 0),
            line(12, 3, 1),
            line(99, 1, 1),
        ] {
            listener.add(said);
        }
        let question = Question {
            until: 50,
            fresh: Fresh {
                texts: vec![line(11, 4, 1), line(60, 5, 1)],
                ..Fresh::default()
            },
            ..Question::default()
        };
        let talk = listener.talk(&question);
        let said: Vec<&str> = talk.last.iter().map(|line| &*line.text).collect();
        assert_eq!((talk.total, said), (3, vec!["1", "4", "3"]));
    }

    #[test]
    fn without_a_number_no_text_is_an_echo_of_another() {
        let mut listener = Listener::new(ChannelIndex(0));
        for text in ["one", "two"] {
            let text = text.into();
            listener.add(Line {
                text,
                ..line(10, 0, 0)
            });
        }
        assert_eq!(listener.talk(&Question::default()).total, 2);
    }

    #[test]
    fn only_the_last_are_kept() {
        let mut listener = Listener::new(ChannelIndex(0));
        for n in 1..=100 {
            listener.add(line(u64::from(n), n, 0));
        }
        let talk = listener.talk(&Question::default());
        assert_eq!((talk.total, talk.last.len()), (100, MOST));
        assert_eq!(talk.last[0].at, 77);
    }
}
