//! What the bot does beyond answering at once: weather, traceroutes, ping
//! sessions, other nodes, the past. Each is a capability: a folder with its
//! machine, its commands and its tests, and all have the shape of [`Capability`].
//!
//! A capability is told what [`Happened`] and says what is to be done with
//! [`Acts`]; dispatch carries that out. It has no clock, no socket and no thread,
//! and it knows no other capability. Whatever it sets going has a [`JobId`], under
//! which it learns what came of it, once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::ask::{Ask, JobId, Way};
use super::command::{Command, Context, Scene};
use super::desk::{Choice, Turn};
use super::jobs::{Finding, Job, job};
use super::reply::Reply;
use crate::bounds::Held;
use crate::history::insight::{Answer, Look};
use crate::lang::Text;
use crate::link::{Outcome, Received, Refused};
use crate::mesh::{NodeNum, Now};

/// Something that the bot can do and that takes time.
pub trait Capability: Send {
    /// Its commands; `/help` and the limits know them from here.
    fn commands(&self) -> &'static [Command];

    /// One of its commands was asked, and the asker may. What can be said at once
    /// is said with `reply`; who has to wait is put off with [`Reply::later`].
    fn asked(
        &mut self,
        command: &Command,
        ask: &Ask,
        context: &mut Context<'_>,
        reply: &mut Reply<'_>,
        acts: &mut Acts<'_>,
    );

    /// Something else happened.
    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, acts: &mut Acts<'_>);

    /// When it wants to hear of the time again, at the latest; since the program
    /// started.
    fn due(&self) -> Option<Duration> {
        None
    }

    /// Whether it wants to hear each packet.
    fn hears_packets(&self) -> bool {
        false
    }

    /// Whether it wants to hear what becomes of questions and answers.
    fn follows_answers(&self) -> bool {
        false
    }

    /// How much it holds, beside how much it may.
    fn held(&self) -> Vec<Held> {
        Vec::new()
    }

    /// Its lines in the state that the operator sees.
    fn report(&self) -> Vec<String> {
        Vec::new()
    }

    /// The last thing before the end: puts away what is worth keeping.
    fn close(&mut self, _now: Now) {}
}

/// What a capability is told.
pub enum Happened<'a> {
    /// The link is up, or is gone.
    Link(bool),
    /// A packet was heard; only for who [`hears_packets`](Capability::hears_packets).
    Packet(&'a Received),
    /// Its job has ended: what it brought, or what its panic said.
    Found(JobId, Result<Finding, String>),
    /// The history has looked; nothing when it cannot be read.
    Looked(JobId, Looked<'a>),
    /// Too many jobs wait, or too many questions to the history: nothing was begun.
    NotBegun(JobId),
    /// What became of a text or a traceroute.
    Outcome(JobId, Outcome),
    /// The text or the traceroute was not even begun.
    NotSent(JobId, NotSent),
    /// The answer to a traceroute.
    Route(JobId, &'a [u8]),
    /// Somebody asked something, and this was decided about it; only for who
    /// [`follows_answers`](Capability::follows_answers).
    Question(&'a Ask, Fate),
    /// What became of a part of an answer to him, to this question; for the same.
    Became(NodeNum, &'a Arc<str>, Outcome),
    /// The operator has muted the bot.
    Muted,
    /// It is time.
    Time,
}

/// What was decided about a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// Its answer was handed to the link.
    Handed,
    /// Its answer comes later.
    Later,
    /// Others had just been told the same.
    Together,
    /// He has had as many answers as he may.
    Limit,
    /// Nobody is answered but the operator.
    Muted,
    /// Too much went on.
    Busy,
    /// The command is not answered on this channel, or not to him.
    NotHere,
    /// There was nothing to say.
    Silent,
    /// The link did not take the answer.
    Refused(Refused),
}

/// What came of a look into the history.
pub enum Looked<'a> {
    /// So much was found, up to this second since 1970.
    Found(&'a Answer, u64),
    /// Why it could not be looked up at all, as a sentence for the asker.
    Not(Text),
    /// It broke: the message of a panic.
    Broken(&'a str),
}

/// Why something was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotSent {
    /// The link does not take it.
    Refused(Refused),
    /// The asker has had as many answers as he may.
    Limit,
}

/// Something to be done.
pub enum Act {
    /// The answer to somebody who was put off.
    Answer(Box<Answered>),
    /// A sentence to the asker alone that is no answer; what lies on the desk for
    /// him stays there.
    Remark(Box<Ask>, String),
    /// The same, and it counts as a refusal.
    Decline(Box<Ask>, String),
    /// Nothing can be done for him now: too much goes on.
    Busy(Box<Ask>, Way),
    /// Work for him has begun, or ended, without a text: a line in the log of
    /// conversations.
    Served(Box<Ask>, &'static str),
    /// One of several texts to the asker alone.
    Text {
        /// Under which its outcome is told.
        id: JobId,
        /// Who asked for them.
        ask: Box<Ask>,
        /// What to say.
        text: String,
        /// Whether it costs him what an answer costs; the first has been paid.
        costs: bool,
    },
    /// Slow work.
    Job(JobId, Job),
    /// A look into the history.
    Look(JobId, Search),
    /// A traceroute to this node.
    Trace(JobId, NodeNum),
    /// Nobody waits for this any more.
    Forget(JobId),
}

/// The answer to somebody who was put off.
pub struct Answered {
    /// What he asked.
    pub ask: Ask,
    /// The way back to him.
    pub way: Way,
    /// What to say.
    pub text: String,
    /// The page that it is.
    pub turn: Option<Turn>,
    /// The list that it is, from which he can pick.
    pub choice: Option<Choice>,
    /// It is said even by a muted bot, because the operator ordered it.
    pub is_ordered: bool,
}

/// What to look for in the history.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Search {
    /// So many hours back.
    pub hours: u32,
    /// The first hour counts from its beginning, and the current one is the last
    /// of them.
    pub whole_hours: bool,
    /// What.
    pub look: Look,
}

/// Takes down what is to be done.
pub struct Acts<'a> {
    list: &'a mut VecDeque<Act>,
    next: &'a mut u64,
}

impl<'a> Acts<'a> {
    /// Takes it down in `list`; `next` numbers what is set going.
    pub fn new(list: &'a mut VecDeque<Act>, next: &'a mut u64) -> Self {
        Self { list, next }
    }

    /// Answers somebody who was put off.
    pub fn answer(&mut self, ask: &Ask, way: Way, text: String) {
        self.list.push_back(Act::Answer(Box::new(Answered {
            ask: ask.clone(),
            way,
            text,
            turn: None,
            choice: None,
            is_ordered: false,
        })));
    }

    /// The same with a list, from which he can pick.
    pub fn offer(&mut self, ask: &Ask, way: Way, text: String, choice: Choice) {
        self.list.push_back(Act::Answer(Box::new(Answered {
            ask: ask.clone(),
            way,
            text,
            turn: None,
            choice: Some(choice),
            is_ordered: false,
        })));
    }

    /// Answers the operator, muted or not; `turn` is the page that it is, if he
    /// asked for one of several.
    pub fn answer_order(&mut self, ask: &Ask, way: Way, text: String, turn: Option<Turn>) {
        self.list.push_back(Act::Answer(Box::new(Answered {
            ask: ask.clone(),
            way,
            text,
            turn,
            choice: None,
            is_ordered: true,
        })));
    }

    /// A sentence to the asker alone that is no answer.
    pub fn remark(&mut self, ask: &Ask, text: String) {
        self.list
            .push_back(Act::Remark(Box::new(ask.clone()), text));
    }

    /// The same, as a refusal.
    pub fn decline(&mut self, ask: &Ask, text: String) {
        self.list
            .push_back(Act::Decline(Box::new(ask.clone()), text));
    }

    /// Too much goes on.
    pub fn busy(&mut self, ask: &Ask, way: Way) {
        self.list.push_back(Act::Busy(Box::new(ask.clone()), way));
    }

    /// Something has begun or ended for him without a text.
    pub fn served(&mut self, ask: &Ask, outcome: &'static str) {
        self.list
            .push_back(Act::Served(Box::new(ask.clone()), outcome));
    }

    /// One of several texts to the asker alone.
    pub fn text(&mut self, ask: &Ask, text: String, costs: bool) -> JobId {
        let id = self.id();
        let ask = Box::new(ask.clone());
        self.list.push_back(Act::Text {
            id,
            ask,
            text,
            costs,
        });
        id
    }

    /// Slow work; what it brings home comes as [`Happened::Found`].
    pub fn job<T: Send + 'static>(&mut self, work: impl FnOnce() -> T + Send + 'static) -> JobId {
        let id = self.id();
        self.list.push_back(Act::Job(id, job(work)));
        id
    }

    /// A look into the history.
    pub fn look(&mut self, search: Search) -> JobId {
        let id = self.id();
        self.list.push_back(Act::Look(id, search));
        id
    }

    /// A traceroute.
    pub fn trace(&mut self, node: NodeNum) -> JobId {
        let id = self.id();
        self.list.push_back(Act::Trace(id, node));
        id
    }

    /// Nobody waits for this any more.
    pub fn forget(&mut self, id: JobId) {
        self.list.push_back(Act::Forget(id));
    }

    fn id(&mut self) -> JobId {
        let id = JobId(*self.next);
        *self.next += 1;
        id
    }
}
