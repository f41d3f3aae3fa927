//! What the bot can do, one beside the other, and whose each open job is.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use crate::bot::ask::JobId;
use crate::bot::capability::{Act, Acts, Capability};
use crate::bot::command::Command;
use crate::bounds::Held;
use crate::link::Ticket;
use crate::mesh::Now;
use crate::mesh::time::sooner;

/// One of the capabilities, by its place in the list.
pub(super) type Nth = usize;

/// What a number means that a worker or the history has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Open {
    /// A job.
    Job(Nth),
    /// A look into the history, up to this second since 1970.
    Look(Nth, u64),
}

/// A text or a traceroute that is on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub of: Nth,
    pub id: JobId,
    /// It is a traceroute: after its acknowledgement the answer follows.
    pub is_route: bool,
}

/// All of them.
pub(super) struct Capabilities {
    all: Vec<Box<dyn Capability>>,
    /// Who wants to hear each packet.
    hearers: Vec<Nth>,
    /// Who wants to hear what becomes of questions.
    followers: Vec<Nth>,
    /// What is still to be done, and for whom.
    pub acts: VecDeque<Act>,
    pub next: u64,
    /// Whose the work is that workers and the history have.
    pub open: BTreeMap<JobId, Open>,
    /// Whose the texts and traceroutes are that are on their way.
    pub sent: HashMap<Ticket, Sent>,
    /// When the first of them is to be told the time.
    due: Option<Duration>,
}

impl Capabilities {
    pub(super) fn new(all: Vec<Box<dyn Capability>>) -> Self {
        let hearers = (0..all.len()).filter(|&nth| all[nth].hears_packets());
        let followers = (0..all.len()).filter(|&nth| all[nth].follows_answers());
        let mut it = Self {
            hearers: hearers.collect(),
            followers: followers.collect(),
            all,
            acts: VecDeque::new(),
            next: 0,
            open: BTreeMap::new(),
            sent: HashMap::new(),
            due: None,
        };
        it.look_at_the_time();
        it
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Whose command this is; nobody's when it answers by itself.
    pub(super) fn of(&self, command: &Command) -> Option<Nth> {
        let is_its = |it: &dyn Capability| it.commands().iter().any(|c| c.name == command.name);
        self.all.iter().position(|it| is_its(&**it))
    }

    /// Lets one of them act.
    pub(super) fn with(
        &mut self,
        nth: Nth,
        act: impl FnOnce(&mut dyn Capability, &mut Acts<'_>),
    ) -> VecDeque<Act> {
        let mut list = std::mem::take(&mut self.acts);
        let mut acts = Acts::new(&mut list, &mut self.next);
        act(&mut *self.all[nth], &mut acts);
        list
    }

    /// Looks when the first of them is due, after any of them has acted.
    pub(super) fn look_at_the_time(&mut self) {
        let all = self.all.iter().map(|it| it.due());
        self.due = all.fold(None, sooner);
    }

    pub(super) fn due(&self) -> Option<Duration> {
        self.due
    }

    /// The nth of those who want to hear each packet.
    pub(super) fn hearer(&self, nth: usize) -> Option<Nth> {
        self.hearers.get(nth).copied()
    }

    /// The nth of those who want to hear what becomes of questions.
    pub(super) fn follower(&self, nth: usize) -> Option<Nth> {
        self.followers.get(nth).copied()
    }

    #[inline]
    pub(super) fn hear_packets(&self) -> bool {
        !self.hearers.is_empty()
    }

    pub(super) fn close(&mut self, now: Now) {
        for it in &mut self.all {
            it.close(now);
        }
    }

    pub(super) fn held(&self) -> impl Iterator<Item = Held> {
        self.all.iter().flat_map(|it| it.held())
    }
}
