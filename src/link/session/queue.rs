//! The one outgoing queue: texts by class, probes beside them, each kind at
//! the pace that the node allows.
//!
//! - Never more than [`MAX_WAITING`] texts and [`MAX_PROBES`] probes.
//! - Two texts are never written closer than `spacing`, counted from the end
//!   of the first one's writing; traceroutes likewise never closer than 32 s.
//! - A text that outlived its expiry is never written.
//! - Direct and public answers take turns, and after [`ANSWERS_FIRST`] of them in a
//!   row something scheduled has its turn: no kind waits for the end of another.

use std::collections::VecDeque;
use std::time::Duration;

use crate::link::message::{Class, Keep, Text, Ticket};
use crate::link::outbox::{ANSWERS_FIRST, MAX_PROBES, MAX_WAITING};
use crate::mesh::NodeNum;

/// The node takes one traceroute every 30 s (protocol.md §4.5); users measured
/// that 30 s sharp is too early.
const TRACEROUTE_SPACING: Duration = Duration::from_secs(32);
/// Node info requests have no limit in the node; manners have.
const NODE_INFO_SPACING: Duration = Duration::from_secs(11);

/// A text that waits.
#[derive(Debug)]
pub struct Waiting {
    pub ticket: Ticket,
    pub text: Box<Text>,
    /// When it is no longer worth sending.
    pub expires: Option<Duration>,
    /// How often the node refused it as too early.
    pub refusals: u8,
    not_before: Duration,
}

/// A question to one node that is not a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Probe {
    Traceroute(Ticket, NodeNum),
    NodeInfo(NodeNum),
}

/// Paces everything that meshbot sends.
#[derive(Debug)]
pub struct Queue {
    spacing: Duration,
    texts: [VecDeque<Waiting>; 3],
    /// Whose turn among answers was the last.
    last_answer: Class,
    /// Answers that have gone since something scheduled had its turn.
    answers: usize,
    /// A text is being written; the next one waits for its end.
    writing: bool,
    last_text: Option<Duration>,
    probes: VecDeque<Probe>,
    /// A probe is being written; the next one waits for its end.
    probing: Option<Probe>,
    last_traceroute: Option<Duration>,
    last_node_info: Option<Duration>,
}

impl Queue {
    pub fn new(spacing: Duration) -> Self {
        Self {
            spacing,
            texts: Default::default(),
            last_answer: Class::Public,
            answers: 0,
            writing: false,
            last_text: None,
            probes: VecDeque::new(),
            probing: None,
            last_traceroute: None,
            last_node_info: None,
        }
    }

    /// Texts waiting.
    pub fn len(&self) -> usize {
        self.texts.iter().map(VecDeque::len).sum()
    }

    /// Whether neither texts nor probes wait.
    pub fn is_empty(&self) -> bool {
        let [direct, public, scheduled] = &self.texts;
        direct.is_empty() && public.is_empty() && scheduled.is_empty() && self.probes.is_empty()
    }

    /// Probes waiting.
    pub fn probes(&self) -> usize {
        self.probes.len()
    }

    /// Takes a text in. What has to go for it comes back: the oldest text of
    /// the lowest priority, or the new one itself when nothing is lower.
    pub fn push(&mut self, ticket: Ticket, text: Box<Text>, now: Duration) -> Option<Waiting> {
        let class = text.class.index();
        let waiting = Waiting {
            ticket,
            expires: match text.keep {
                Keep::For(time) => Some(now + time),
                Keep::Always => None,
            },
            text,
            refusals: 0,
            not_before: Duration::ZERO,
        };
        let victim = if self.len() < MAX_WAITING {
            None
        } else {
            let lowest = (class + 1..self.texts.len())
                .rev()
                .find(|&lower| !self.texts[lower].is_empty());
            match lowest {
                Some(lower) => self.texts[lower].pop_front(),
                None => return Some(waiting),
            }
        };
        self.texts[class].push_back(waiting);
        victim
    }

    /// Puts a text back in front, not to be written before `not_before`.
    pub fn push_back_in_front(&mut self, waiting: Waiting, not_before: Duration) {
        let class = waiting.text.class.index();
        self.texts[class].push_front(Waiting {
            not_before,
            ..waiting
        });
    }

    /// Takes a probe in; `false` when too many wait already.
    pub fn push_probe(&mut self, probe: Probe) -> bool {
        let room = self.probes.len() < MAX_PROBES;
        if room && !self.probes.contains(&probe) {
            self.probes.push_back(probe);
        }
        room
    }

    /// Removes the texts that nobody waits for any more.
    pub fn take_expired(&mut self, now: Duration) -> Option<Waiting> {
        self.texts.iter_mut().find_map(|texts| {
            let at = texts
                .iter()
                .position(|waiting| waiting.expires.is_some_and(|expires| expires <= now))?;
            texts.remove(at)
        })
    }

    /// Removes whatever text is left.
    pub fn take_any(&mut self) -> Option<Waiting> {
        self.texts.iter_mut().find_map(VecDeque::pop_front)
    }

    /// Forgets the probes: their time is past when the link is gone.
    pub fn take_probe(&mut self) -> Option<Probe> {
        self.probes.pop_front()
    }

    /// The earliest expiry.
    pub fn next_expiry(&self) -> Option<Duration> {
        self.texts
            .iter()
            .flatten()
            .filter_map(|waiting| waiting.expires)
            .min()
    }

    /// When the next text or probe may be written; `None` when nothing waits
    /// or a text is still being written.
    pub fn next_due(&self) -> Option<Duration> {
        [self.text_due(), self.probe_due().map(|(due, _)| due)]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next text, if one may be written now. The caller says when its
    /// writing ends with [`Queue::written`].
    pub fn pop_text(&mut self, now: Duration) -> Option<Waiting> {
        if self.text_due()? > now {
            return None;
        }
        let class = self.front_class(now)?;
        self.writing = true;
        match class {
            Class::Scheduled => self.answers = 0,
            Class::Direct | Class::Public => {
                self.last_answer = class;
                self.answers += 1;
            }
        }
        self.texts[class.index()].pop_front()
    }

    /// The text popped last is written, or its connection is gone.
    pub fn written(&mut self, at: Duration) {
        self.writing = false;
        self.last_text = Some(at);
    }

    /// The next probe, if one may be written now. The caller says when its
    /// writing ends with [`Queue::probe_written`].
    pub fn pop_probe(&mut self, now: Duration) -> Option<Probe> {
        let (due, at) = self.probe_due()?;
        if due > now {
            return None;
        }
        let probe = self.probes.remove(at)?;
        self.probing = Some(probe);
        Some(probe)
    }

    /// The probe popped last is written, or will not be.
    pub fn probe_written(&mut self, at: Duration) {
        match self.probing.take() {
            Some(Probe::Traceroute(..)) => self.last_traceroute = Some(at),
            Some(Probe::NodeInfo(_)) => self.last_node_info = Some(at),
            None => {}
        }
    }

    /// The class whose first text may go at `now`. A text that was put back
    /// with a pause holds up its own class only, so that parts stay in order.
    fn front_class(&self, now: Duration) -> Option<Class> {
        let (first, second) = match self.last_answer {
            Class::Direct => (Class::Public, Class::Direct),
            _ => (Class::Direct, Class::Public),
        };
        let turns = match self.answers < ANSWERS_FIRST {
            true => [first, second, Class::Scheduled],
            false => [Class::Scheduled, first, second],
        };
        let ready = |class: &Class| {
            let first = self.texts[class.index()].front();
            first.is_some_and(|first| first.not_before <= now)
        };
        turns.into_iter().find(ready)
    }

    fn text_due(&self) -> Option<Duration> {
        if self.writing {
            return None;
        }
        let first = self
            .texts
            .iter()
            .filter_map(|texts| texts.front())
            .map(|waiting| waiting.not_before)
            .min()?;
        let paced = self
            .last_text
            .map_or(Duration::ZERO, |last| last + self.spacing);
        Some(first.max(paced))
    }

    fn probe_due(&self) -> Option<(Duration, usize)> {
        if self.probing.is_some() {
            return None;
        }
        let due = |probe: &Probe| match probe {
            Probe::Traceroute(..) => self
                .last_traceroute
                .map_or(Duration::ZERO, |last| last + TRACEROUTE_SPACING),
            Probe::NodeInfo(_) => self
                .last_node_info
                .map_or(Duration::ZERO, |last| last + NODE_INFO_SPACING),
        };
        (0..self.probes.len())
            .map(|at| (due(&self.probes[at]), at))
            .min()
    }
}

/// The class names stay in the order of their priority.
const _: () = assert!(Class::Direct as usize == 0 && Class::Scheduled as usize == 2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::message::{REPLY_EXPIRY, Target};
    use crate::mesh::{ChannelIndex, Hops};

    const SPACING: Duration = Duration::from_millis(2_500);

    fn text(class: Class, keep: Keep) -> Box<Text> {
        Box::new(Text {
            target: Target::Channel(ChannelIndex(0)),
            text: "x".into(),
            reply_to: None,
            hops_used: Hops::Unknown,
            for_others: false,
            class,
            keep,
            command: "/x".into(),
            is_last: true,
            want_ack: true,
            is_reaction: false,
        })
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn push(queue: &mut Queue, ticket: u64, class: Class) -> Option<u64> {
        queue
            .push(Ticket(ticket), text(class, Keep::For(REPLY_EXPIRY)), ms(0))
            .map(|victim| victim.ticket.0)
    }

    #[test]
    fn texts_keep_their_distance_from_the_end_of_the_writing() {
        let mut queue = Queue::new(SPACING);
        push(&mut queue, 1, Class::Public);
        push(&mut queue, 2, Class::Public);
        assert_eq!(queue.next_due(), Some(ms(0)));
        assert_eq!(queue.pop_text(ms(0)).unwrap().ticket, Ticket(1));
        assert_eq!(queue.next_due(), None, "the first is still being written");
        assert!(queue.pop_text(ms(60_000)).is_none());
        queue.written(ms(700));
        assert_eq!(queue.next_due(), Some(ms(3_200)));
        assert!(queue.pop_text(ms(3_199)).is_none());
        assert_eq!(queue.pop_text(ms(3_200)).unwrap().ticket, Ticket(2));
    }

    #[test]
    fn at_first_a_direct_message_goes_then_a_public_one_then_the_rest() {
        let mut queue = Queue::new(ms(0));
        push(&mut queue, 1, Class::Scheduled);
        push(&mut queue, 2, Class::Public);
        push(&mut queue, 3, Class::Direct);
        let order: Vec<_> = (1..4)
            .map(|at| {
                let waiting = queue.pop_text(ms(at)).unwrap();
                queue.written(ms(at));
                waiting.ticket.0
            })
            .collect();
        assert_eq!(order, [3, 2, 1]);
    }

    /// The order in which they go when all wait from the beginning.
    fn order(classes: &[(Class, usize)]) -> String {
        let mut queue = Queue::new(ms(0));
        for (class, count) in classes {
            for _ in 0..*count {
                push(&mut queue, 0, *class);
            }
        }
        let pop = |at| {
            let class = queue.pop_text(ms(at))?.text.class;
            queue.written(ms(at));
            Some(["D", "P", "S"][class.index()])
        };
        (1..).map_while(pop).collect()
    }

    #[test]
    fn no_kind_of_text_waits_for_the_end_of_another() {
        use Class::{Direct, Public, Scheduled};
        assert_eq!(order(&[(Direct, 5), (Public, 2)]), "DPDPDDD");
        assert_eq!(order(&[(Public, 4), (Direct, 1)]), "DPPPP");
        assert_eq!(order(&[(Direct, 9), (Scheduled, 3)]), "DDDDSDDDDSDS");
        let all = order(&[(Direct, 4), (Public, 4), (Scheduled, 4)]);
        assert_eq!(all, "DPDPSDPDPSSS");
    }

    #[test]
    fn a_flood_costs_the_oldest_of_the_least_important() {
        let mut queue = Queue::new(SPACING);
        for ticket in 0..64 {
            assert_eq!(push(&mut queue, ticket, Class::Scheduled), None);
        }
        assert_eq!(push(&mut queue, 64, Class::Scheduled), Some(64));
        for ticket in 100..1_100 {
            let victim = push(&mut queue, ticket, Class::Public).unwrap();
            assert_eq!(
                victim,
                if ticket < 164 { ticket - 100 } else { ticket },
                "scheduled ones first, then the newcomer"
            );
            assert_eq!(queue.len(), 64);
        }
    }

    #[test]
    fn a_text_put_back_waits_its_pause_and_keeps_its_place() {
        let mut queue = Queue::new(ms(2_500));
        push(&mut queue, 1, Class::Public);
        push(&mut queue, 2, Class::Public);
        let first = queue.pop_text(ms(0)).unwrap();
        queue.written(ms(0));
        queue.push_back_in_front(first, ms(5_000));
        assert_eq!(queue.next_due(), Some(ms(5_000)));
        assert_eq!(queue.pop_text(ms(5_000)).unwrap().ticket, Ticket(1));
    }

    #[test]
    fn stale_answers_expire_and_mail_does_not() {
        let mut queue = Queue::new(SPACING);
        push(&mut queue, 1, Class::Public);
        queue.push(Ticket(2), text(Class::Scheduled, Keep::Always), ms(0));
        assert_eq!(queue.next_expiry(), Some(REPLY_EXPIRY));
        assert!(queue.take_expired(ms(59_999)).is_none());
        assert_eq!(queue.take_expired(ms(60_000)).unwrap().ticket, Ticket(1));
        assert!(queue.take_expired(ms(600_000)).is_none());
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn traceroutes_keep_32_s_and_do_not_hold_up_texts() {
        let mut queue = Queue::new(SPACING);
        for ticket in 1..=5 {
            assert!(queue.push_probe(Probe::Traceroute(Ticket(ticket), NodeNum(9))));
        }
        let mut at = Vec::new();
        for second in 0..200 {
            let now = ms(second * 1_000);
            if queue.pop_probe(now).is_some() {
                queue.probe_written(now);
                at.push(second);
            }
        }
        assert_eq!(at, [0, 32, 64, 96, 128]);
        assert!(queue.push_probe(Probe::NodeInfo(NodeNum(1))));
        assert!(queue.push_probe(Probe::Traceroute(Ticket(9), NodeNum(9))));
        assert_eq!(
            queue.pop_probe(ms(129_000)),
            Some(Probe::NodeInfo(NodeNum(1)))
        );
        push(&mut queue, 10, Class::Public);
        assert!(queue.pop_text(ms(129_000)).is_some());
    }

    #[test]
    fn probes_keep_their_distance_from_the_end_of_the_writing() {
        let mut queue = Queue::new(SPACING);
        for ticket in 1..=2 {
            queue.push_probe(Probe::Traceroute(Ticket(ticket), NodeNum(9)));
        }
        assert!(queue.pop_probe(ms(0)).is_some());
        assert_eq!(queue.next_due(), None, "the first is still being written");
        assert!(queue.pop_probe(ms(60_000)).is_none());
        queue.probe_written(ms(21_000));
        assert_eq!(queue.next_due(), Some(ms(53_000)));
        assert!(queue.pop_probe(ms(53_000)).is_some());
    }

    #[test]
    fn node_infos_keep_11_s_and_wait_for_nobody_else() {
        let mut queue = Queue::new(SPACING);
        assert!(queue.is_empty());
        for node in 1..=3 {
            assert!(queue.push_probe(Probe::NodeInfo(NodeNum(node))));
        }
        assert!(!queue.is_empty());
        assert!(queue.pop_probe(ms(0)).is_some());
        queue.probe_written(ms(500));
        assert_eq!((queue.probes(), queue.next_due()), (2, Some(ms(11_500))));
        assert!(queue.pop_probe(ms(11_499)).is_none());
        assert!(queue.pop_probe(ms(11_500)).is_some());
        queue.probe_written(ms(11_500));
        // A traceroute has its own pace.
        assert!(queue.push_probe(Probe::Traceroute(Ticket(1), NodeNum(9))));
        assert!(matches!(
            queue.pop_probe(ms(11_501)),
            Some(Probe::Traceroute(..))
        ));
        queue.probe_written(ms(11_501));
        assert_eq!(queue.next_due(), Some(ms(22_500)));
    }

    #[test]
    fn probes_are_bounded() {
        let mut queue = Queue::new(SPACING);
        for node in 0..100 {
            queue.push_probe(Probe::NodeInfo(NodeNum(node)));
        }
        assert_eq!(queue.probes.len(), MAX_PROBES);
    }
}
