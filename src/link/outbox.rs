//! The only way to send: a channel and a wake-up in one.
//!
//! [`Outbox::send`] decides at once what can be decided at once: link down,
//! queue full, too long, or bound to expire. What it accepts ends in exactly
//! one [`Outcome`](super::Outcome).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::message::{Class, Keep, Refused, Request, Text, Ticket};
use crate::mesh::NodeNum;

/// At most so many texts wait (decisions.md, "Numbers").
pub const MAX_WAITING: usize = 64;

/// So many answers go before something scheduled has its turn.
pub const ANSWERS_FIRST: usize = 4;

/// At most so many probes (traceroutes, node info requests) wait.
pub const MAX_PROBES: usize = 16;

/// The word to stop waits so long for a place in the channel.
const STOP_WAIT: Duration = Duration::from_millis(300);

/// What senders and the session know in common: whether the link is up, and
/// how much waits.
#[derive(Debug)]
pub struct Gate {
    up: AtomicBool,
    waiting: [AtomicUsize; 3],
    tickets: AtomicU64,
    spacing: Duration,
}

impl Gate {
    /// A gate in front of a queue that lets one text out every `spacing`.
    #[must_use]
    pub fn new(spacing: Duration) -> Arc<Self> {
        Arc::new(Self {
            up: AtomicBool::new(false),
            waiting: Default::default(),
            tickets: AtomicU64::new(1),
            spacing,
        })
    }

    /// Whether texts can be sent now.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.up.load(Ordering::Acquire)
    }

    pub(super) fn set_up(&self, up: bool) {
        self.up.store(up, Ordering::Release);
    }

    /// A text left the queue, written or given up.
    pub(super) fn left(&self, class: Class) {
        // Saturating: a text that is sent again was counted once only.
        let _ = self.waiting[class.index()].fetch_update(
            Ordering::AcqRel,
            Ordering::Acquire,
            |waiting| waiting.checked_sub(1),
        );
    }

    /// A text went back into the queue without passing the gate.
    pub(super) fn returned(&self, class: Class) {
        self.waiting[class.index()].fetch_add(1, Ordering::AcqRel);
    }

    /// Texts accepted and not yet written.
    #[must_use]
    pub fn waiting(&self) -> usize {
        Class::ALL.iter().map(|&class| self.count(class)).sum()
    }

    fn count(&self, class: Class) -> usize {
        self.waiting[class.index()].load(Ordering::Acquire)
    }

    /// How many texts may go before a new one of this class, as the kinds take turns.
    fn ahead(&self, class: Class) -> usize {
        let own = self.count(class);
        let turns = |other: Class| self.count(other).min(own + 1);
        let answers = match class {
            Class::Direct => own + turns(Class::Public),
            Class::Public => own + turns(Class::Direct),
            Class::Scheduled => return self.waiting(),
        };
        answers + (self.count(Class::Scheduled)).min(answers / ANSWERS_FIRST + 1)
    }

    fn admit(&self, text: &Text) -> Result<(), Refused> {
        let limit = text.target.max_text(text.reply_to.is_some());
        if text.text.len() > limit {
            return Err(Refused::TooLong(limit));
        }
        let as_important: usize = Class::ALL
            .iter()
            .filter(|&&class| class <= text.class)
            .map(|&class| self.count(class))
            .sum();
        // A full queue makes room at the cost of what matters less.
        if as_important >= MAX_WAITING {
            return Err(Refused::QueueFull);
        }
        if let Keep::For(expiry) = text.keep {
            if !self.is_up() {
                return Err(Refused::LinkDown);
            }
            let wait = |ahead: usize| {
                self.spacing
                    .saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX))
            };
            if wait(self.ahead(text.class)) > expiry {
                return Err(Refused::TooBusy);
            }
            // Nor may it go before the last direct one, if that comes too late then.
            let direct = self.count(Class::Direct);
            let before_it = self.count(Class::Public) + 1;
            if text.class == Class::Public
                && before_it <= direct
                && wait(direct - 1 + before_it) > expiry
            {
                return Err(Refused::TooBusy);
            }
        }
        self.returned(text.class);
        Ok(())
    }
}

/// Wakes the thread that owns the other end.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A sender of requests to the link. Cheap to clone; holds no socket.
#[derive(Clone)]
pub struct Outbox {
    requests: Sender<Request>,
    wake: Wake,
    gate: Arc<Gate>,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").field("gate", &self.gate).finish()
    }
}

impl Outbox {
    /// The sending end of `requests`; `wake` is called after each push.
    #[must_use]
    pub fn new(requests: Sender<Request>, wake: Wake, gate: Arc<Gate>) -> Self {
        Self {
            requests,
            wake,
            gate,
        }
    }

    /// Hands a text over.
    ///
    /// # Errors
    /// [`Refused`] when it cannot be sent now; nothing is kept of it then.
    pub fn send(&self, text: Text) -> Result<Ticket, Refused> {
        self.gate.admit(&text)?;
        let class = text.class;
        let ticket = self.ticket();
        if self.push(Request::Text(ticket, Box::new(text))) {
            Ok(ticket)
        } else {
            self.gate.left(class);
            Err(Refused::LinkDown)
        }
    }

    /// Asks for the way to `node`; the outcome says whether an answer came.
    ///
    /// # Errors
    /// [`Refused::LinkDown`] when there is no link.
    pub fn traceroute(&self, node: NodeNum) -> Result<Ticket, Refused> {
        let ticket = self.ticket();
        if self.gate.is_up() && self.push(Request::Traceroute(ticket, node)) {
            Ok(ticket)
        } else {
            Err(Refused::LinkDown)
        }
    }

    /// Asks `node` who it is. Without a link nothing happens.
    pub fn node_info(&self, node: NodeNum) {
        if self.gate.is_up() {
            self.push(Request::NodeInfo(node));
        }
    }

    /// Asks the link's thread for a sign of life.
    pub fn beat(&self) {
        self.push(Request::Beat);
    }

    /// Ends the link in an orderly way.
    pub fn stop(&self) {
        // The thread empties the channel at each wake-up, so there is a place
        // soon, even if the bot has just filled it.
        (self.wake)();
        let _ = self.requests.send_timeout(Request::Stop, STOP_WAIT);
        (self.wake)();
    }

    /// The link's state and load.
    #[must_use]
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    fn ticket(&self) -> Ticket {
        Ticket(self.gate.tickets.fetch_add(1, Ordering::Relaxed))
    }

    fn push(&self, request: Request) -> bool {
        let pushed = self.requests.try_send(request).is_ok();
        (self.wake)();
        pushed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::message::{REPLY_EXPIRY, Target};
    use crate::mesh::{ChannelIndex, Hops, PacketId};

    fn text(class: Class, length: usize) -> Text {
        Text {
            target: Target::Channel(ChannelIndex(0)),
            text: "x".repeat(length),
            reply_to: Some(PacketId(1)),
            hops_used: Hops::Unknown,
            for_others: false,
            class,
            keep: Keep::For(REPLY_EXPIRY),
            command: "/ping".into(),
            is_last: true,
            want_ack: true,
            is_reaction: false,
        }
    }

    #[test]
    fn what_cannot_be_sent_is_refused_at_once() {
        let gate = Gate::new(Duration::from_millis(2_500));
        assert_eq!(gate.admit(&text(Class::Public, 5)), Err(Refused::LinkDown));
        gate.set_up(true);
        assert_eq!(
            gate.admit(&text(Class::Public, 228)),
            Err(Refused::TooLong(227))
        );
        assert_eq!(gate.waiting(), 0);
        // 24 × 2.5 s is a minute: the 26th answer would come too late.
        for _ in 0..25 {
            assert_eq!(gate.admit(&text(Class::Public, 227)), Ok(()));
        }
        assert_eq!(gate.admit(&text(Class::Public, 5)), Err(Refused::TooBusy));
        // Direct messages take turns with them, so a few still have time.
        for _ in 0..12 {
            assert_eq!(gate.admit(&text(Class::Direct, 5)), Ok(()));
        }
        assert_eq!(gate.admit(&text(Class::Direct, 5)), Err(Refused::TooBusy));
    }

    /// What was accepted in private is still in time when public answers take turns.
    #[test]
    fn no_public_answer_makes_a_direct_one_too_late() {
        let gate = Gate::new(Duration::from_millis(2_500));
        gate.set_up(true);
        for _ in 0..20 {
            assert_eq!(gate.admit(&text(Class::Direct, 5)), Ok(()));
        }
        // The last of them waits for 19 and what goes between: 24 have time.
        for _ in 0..5 {
            assert_eq!(gate.admit(&text(Class::Public, 5)), Ok(()));
        }
        assert_eq!(gate.admit(&text(Class::Public, 5)), Err(Refused::TooBusy));
    }

    #[test]
    fn who_waits_is_told_how_many_go_before() {
        let gate = Gate::new(Duration::from_millis(2_500));
        gate.set_up(true);
        for (class, count) in [(Class::Public, 10), (Class::Scheduled, 10)] {
            for _ in 0..count {
                gate.returned(class);
            }
        }
        // One in public and one that is scheduled; then 5 and 2 more than before.
        assert_eq!(gate.ahead(Class::Direct), 2);
        for _ in 0..5 {
            gate.returned(Class::Direct);
        }
        assert_eq!(gate.ahead(Class::Direct), 5 + 6 + 3);
        assert_eq!(gate.ahead(Class::Public), 10 + 5 + 4);
        assert_eq!(gate.ahead(Class::Scheduled), 25);
    }

    #[test]
    fn a_full_queue_only_opens_for_what_matters_more() {
        let gate = Gate::new(Duration::from_millis(100));
        gate.set_up(true);
        for _ in 0..MAX_WAITING {
            assert_eq!(gate.admit(&text(Class::Public, 5)), Ok(()));
        }
        assert_eq!(gate.admit(&text(Class::Public, 5)), Err(Refused::QueueFull));
        assert_eq!(
            gate.admit(&text(Class::Scheduled, 5)),
            Err(Refused::QueueFull)
        );
        for _ in 0..MAX_WAITING {
            assert_eq!(gate.admit(&text(Class::Direct, 5)), Ok(()));
        }
        assert_eq!(gate.admit(&text(Class::Direct, 5)), Err(Refused::QueueFull));
    }
}
