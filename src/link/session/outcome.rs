//! What becomes of what was sent: from the last byte that the socket took to the
//! one outcome that every text and every traceroute has.

use std::time::Duration;

use log::{debug, error, info, warn};
use prost::Message;

use super::Session;
use super::ending::Ending;
use super::flight::{ACK_WAIT, AFTER_RELAY, Cargo, Flight, State, TRACEROUTE_WAIT};
use super::queue::Waiting;
use super::send::MIN_FREE;
use crate::lang::Text as Say;
use crate::link::message::{DropReason, Failure, Outcome, Target, Text, Ticket};
use crate::mesh::{NodeNum, Now, PacketId};
use crate::proto::{self, routing};

/// A text that the node refused as too early waits this long before it goes
/// under a new id.
const AFTER_RATE_LIMIT: Duration = Duration::from_secs(5);
/// So many refusals and it is given up.
const MAX_REFUSALS: u8 = 3;
/// The reason for it (protocol.md §3.5).
const RATE_LIMIT: i32 = routing::Error::RateLimitExceeded as i32;
const MAX_RETRANSMIT: i32 = routing::Error::MaxRetransmit as i32;
const NO_CHANNEL: i32 = routing::Error::NoChannel as i32;

impl Session {
    /// Some output was taken: texts whose last byte is gone are written now.
    pub(super) fn note_written(&mut self, now: Now) {
        let mut finished = Vec::new();
        let (mut text_written, mut probe_written) = (false, false);
        for flight in self.flights.just_written(self.out_taken) {
            let wait = match &flight.cargo {
                Cargo::Traceroute(_) => TRACEROUTE_WAIT,
                _ => ACK_WAIT,
            };
            flight.state = State::Written {
                at: now.mono,
                until: now.mono + wait,
                relayed: false,
            };
            match &flight.cargo {
                Cargo::Text(waiting) => {
                    text_written = true;
                    self.counters.texts_written += 1;
                    self.gate.left(waiting.text.class);
                    if waiting.text.target.is_broadcast() && waiting.text.is_last {
                        info!(
                            "{}",
                            Say::LogSent
                                .fill(self.settings.lang, &[("command", &waiting.text.command)])
                        );
                    }
                    if !waiting.text.want_ack {
                        finished.push(flight.id);
                    }
                }
                Cargo::NodeInfo => {
                    probe_written = true;
                    finished.push(flight.id);
                }
                Cargo::Traceroute(_) => probe_written = true,
            }
        }
        if text_written {
            self.queue.written(now.mono);
        }
        if probe_written {
            self.queue.probe_written(now.mono);
        }
        for id in finished {
            self.land(id, Outcome::Sent);
        }
    }

    /// The node says how its transmit queue stands.
    pub(super) fn queue_status(&mut self, now: Now, status: &proto::QueueStatus) {
        // A queue without places says nothing about free ones.
        self.free = (status.maxlen > 0).then_some(status.free);
        if self.free.is_none_or(|free| free >= MIN_FREE) {
            self.asked_free = None;
        }
        let Some(id) = PacketId(status.mesh_packet_id).known() else {
            self.liveness.answered();
            return;
        };
        let Some(flight) = self.flights.get_mut(id) else {
            return;
        };
        flight.mentioned = true;
        let is_text = matches!(flight.cargo, Cargo::Text(_));
        match status.res {
            // 35 is "no error" in some builds (protocol.md §4.6).
            0 | 35 => {}
            RATE_LIMIT if is_text => self.too_early(now, id),
            res => self.land(id, Outcome::Failed(Failure::Queue(res))),
        }
    }

    /// An acknowledgement or a refusal of one of our packets. `false` when it
    /// is about something else.
    pub(super) fn routing(
        &mut self,
        now: Now,
        from: NodeNum,
        id: PacketId,
        payload: &[u8],
    ) -> bool {
        let Some(flight) = self.flights.get_mut(id) else {
            return false;
        };
        flight.mentioned = true;
        let reason = match proto::Routing::decode(payload) {
            Ok(proto::Routing {
                variant: Some(routing::Variant::ErrorReason(reason)),
            }) => reason,
            // An empty one is an acknowledgement (protocol.md §7.8).
            Ok(proto::Routing { variant: None }) => 0,
            Ok(_) | Err(_) => return true,
        };
        let Cargo::Text(waiting) = &flight.cargo else {
            if reason != 0 {
                self.land(id, Outcome::Failed(Failure::Nak(reason)));
            }
            return true;
        };
        let destination = match waiting.text.target {
            Target::Node { num, .. } => Some(num),
            Target::Channel(_) => None,
        };
        // Only our own node has not sent it: who else says so has it already, and
        // so has whoever was heard repeating it.
        let relayed = matches!(flight.state, State::Written { relayed: true, .. });
        if reason == RATE_LIMIT && from == self.own && !relayed {
            self.too_early(now, id);
        } else if reason == RATE_LIMIT && relayed {
            debug!("a refusal of a text that was heard on the air: ignored");
        } else if reason == MAX_RETRANSMIT && destination.is_none() {
            debug!("a text on a channel that nobody was heard repeating");
            self.land(id, Outcome::Sent);
        } else if reason == NO_CHANNEL && destination == Some(from) {
            self.land(id, Outcome::Failed(Failure::Unreadable));
        } else if reason != 0 {
            self.land(id, Outcome::Failed(Failure::Nak(reason)));
        } else if destination == Some(from) {
            let took = flight.state.since_written(now.mono);
            self.land(id, Outcome::Delivered(took));
        } else if destination.is_none() {
            self.land(id, Outcome::Relayed);
        } else if let State::Written { until, relayed, .. } = &mut flight.state {
            *until = (*until).min(now.mono + AFTER_RELAY);
            *relayed = true;
        }
        true
    }

    /// A traceroute of ours was answered: which, if it was one.
    pub(super) fn traceroute_answered(&mut self, now: Now, id: PacketId) -> Option<Ticket> {
        let flight = self.flights.get_mut(id)?;
        let Cargo::Traceroute(ticket) = flight.cargo else {
            return None;
        };
        let took = flight.state.since_written(now.mono);
        self.land(id, Outcome::Delivered(took));
        Some(ticket)
    }

    /// The node refused this text as too early: again, later, under a new id.
    fn too_early(&mut self, now: Now, id: PacketId) {
        let Some(Flight {
            cargo: Cargo::Text(mut waiting),
            state,
            ..
        }) = self.flights.remove(id)
        else {
            return;
        };
        self.leave_writing(state, &waiting);
        self.counters.rate_limited += 1;
        waiting.refusals += 1;
        if waiting.refusals >= MAX_REFUSALS {
            let outcome = Outcome::Dropped(DropReason::RateLimit);
            self.finish(waiting.ticket, &waiting.text, outcome);
            return;
        }
        if self.ending != Ending::No {
            let outcome = Outcome::Dropped(DropReason::Stopping);
            self.finish(waiting.ticket, &waiting.text, outcome);
            return;
        }
        debug!("the node refused a text as too early, sending it again");
        self.gate.returned(waiting.text.class);
        self.queue
            .push_back_in_front(waiting, now.mono + AFTER_RATE_LIMIT);
    }

    pub(super) fn flights_due(&mut self, now: Now) {
        while let Some(flight) = self.flights.take_overdue(now.mono) {
            let outcome = match flight.state {
                State::Written { relayed: true, .. } => Outcome::Relayed,
                _ => Outcome::Failed(Failure::NoAnswer),
            };
            self.landed(flight, outcome);
        }
    }

    /// The connection is gone, or the node restarted. What is still in the
    /// output goes to the restarted node as it is, and is not sent again.
    pub(super) fn interrupt_flights(&mut self, now: Now) {
        let mut still_in_output = Vec::new();
        for flight in self.flights.take_all().into_iter().rev() {
            if matches!(flight.state, State::Writing { .. }) && !self.out.is_empty() {
                still_in_output.push(flight);
                continue;
            }
            match (flight.cargo, flight.state) {
                (Cargo::Text(waiting), State::Writing { .. }) if self.ending != Ending::No => {
                    self.gate.left(waiting.text.class);
                    let outcome = Outcome::Dropped(DropReason::Stopping);
                    self.finish(waiting.ticket, &waiting.text, outcome);
                }
                (Cargo::Text(waiting), State::Writing { .. }) => {
                    self.queue.written(now.mono);
                    self.queue.push_back_in_front(waiting, Duration::ZERO);
                }
                (cargo, state) => {
                    let relayed = matches!(state, State::Written { relayed: true, .. });
                    let outcome = if relayed {
                        Outcome::Relayed
                    } else {
                        Outcome::Unknown
                    };
                    self.landed(
                        Flight {
                            id: flight.id,
                            cargo,
                            state,
                            mentioned: true,
                        },
                        outcome,
                    );
                }
            }
        }
        for flight in still_in_output.into_iter().rev() {
            self.flights.push(flight);
        }
        self.drop_probes(Outcome::Expired);
    }

    fn land(&mut self, id: PacketId, outcome: Outcome) {
        if let Some(flight) = self.flights.remove(id) {
            self.landed(flight, outcome);
        }
    }

    fn landed(&mut self, flight: Flight, outcome: Outcome) {
        let is_probe = !matches!(flight.cargo, Cargo::Text(_));
        if is_probe && matches!(flight.state, State::Writing { .. }) {
            self.queue.probe_written(self.last_progress);
        }
        match flight.cargo {
            Cargo::Text(waiting) => {
                self.leave_writing(flight.state, &waiting);
                self.finish(waiting.ticket, &waiting.text, outcome);
            }
            Cargo::Traceroute(ticket) => self.tell(ticket, outcome),
            Cargo::NodeInfo => {}
        }
    }

    /// A text that was answered before its last byte was taken: cannot happen
    /// with a sane node, and must not block the queue.
    fn leave_writing(&mut self, state: State, waiting: &Waiting) {
        if matches!(state, State::Writing { .. }) {
            self.gate.left(waiting.text.class);
            self.queue.written(self.last_progress);
        }
    }

    /// The one place where a text's story ends.
    pub(super) fn finish(&mut self, ticket: Ticket, text: &Text, outcome: Outcome) {
        match (outcome, text.target) {
            (Outcome::Delivered(_) | Outcome::Relayed | Outcome::Sent, target) => {
                debug!("{} to {}: {outcome}", text.command, Recipient(target));
            }
            (Outcome::Unknown, target) => {
                warn!("{} to {}: {outcome}", text.command, Recipient(target));
            }
            (_, Target::Channel(_)) => error!(
                "{}",
                Say::LogFailed.fill(
                    self.settings.lang,
                    &[("command", &text.command), ("error", &outcome)]
                )
            ),
            (_, target) => warn!(
                "{} to {} not delivered: {outcome}",
                text.command,
                Recipient(target)
            ),
        }
        self.tell(ticket, outcome);
    }
}

struct Recipient(Target);

impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Target::Channel(channel) => write!(f, "channel {channel}"),
            Target::Node { num, .. } => num.fmt(f),
        }
    }
}
