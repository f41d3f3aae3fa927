//! The sending half of a session: admission, pacing, back-pressure. What becomes
//! of what was sent is [outcome](super::outcome).

use std::time::Duration;

use log::debug;
use prost::Message;

use super::Session;
use super::ending::Ending;
use super::flight::{Cargo, Flight, State};
use super::handshake::FACTORY_HOPS;
use super::queue::{Probe, Waiting};
use crate::lang::Text as Say;
use crate::link::message::{DropReason, Outcome, Target, Text, Ticket};
use crate::mesh::{Hops, NodeNum, Now, PacketId};
use crate::proto::{self, PortNum, mesh_packet, to_radio};

/// Nothing is written while the node has fewer free places than this: the rest
/// is for what it relays (decisions.md, "queue status").
pub(super) const MIN_FREE: u32 = 4;
/// While blocked, the node is asked again this often.
const ASK_FREE: Duration = Duration::from_secs(3);
/// A node that has answered none of so many questions does not report.
const ASK_FREE_MAX: u8 = 5;
/// A hop limit above this garbles the packet (protocol.md §4.2).
const MAX_HOPS: u32 = 7;

impl Session {
    pub(super) fn accept(&mut self, now: Now, ticket: Ticket, text: Box<Text>) {
        if self.ending != Ending::No {
            self.gate.left(text.class);
            self.finish(ticket, &text, Outcome::Dropped(DropReason::Stopping));
            return;
        }
        if let Some(victim) = self.queue.push(ticket, text, now.mono) {
            self.gate.left(victim.text.class);
            self.finish(
                victim.ticket,
                &victim.text,
                Outcome::Dropped(DropReason::QueueFull),
            );
        }
    }

    pub(super) fn accept_traceroute(&mut self, ticket: Ticket, node: NodeNum) {
        if self.ending != Ending::No {
            self.tell(ticket, Outcome::Dropped(DropReason::Stopping));
        } else if !self.phase.is_ready() || self.locked {
            // Asked in the very moment of the loss, or of a node that takes nothing.
            self.tell(ticket, Outcome::Expired);
        } else if !self.queue.push_probe(Probe::Traceroute(ticket, node)) {
            self.tell(ticket, Outcome::Dropped(DropReason::QueueFull));
        }
    }

    pub(super) fn accept_node_info(&mut self, node: NodeNum) {
        if self.ending == Ending::No && self.phase.is_ready() && !self.locked {
            self.queue.push_probe(Probe::NodeInfo(node));
        }
    }

    /// Forgets the questions that wait.
    pub(super) fn drop_probes(&mut self, outcome: Outcome) {
        while let Some(probe) = self.queue.take_probe() {
            if let Probe::Traceroute(ticket, _) = probe {
                self.tell(ticket, outcome);
            }
        }
    }

    pub(super) fn drop_expired(&mut self, now: Now) {
        while let Some(waiting) = self.queue.take_expired(now.mono) {
            self.gate.left(waiting.text.class);
            self.finish(waiting.ticket, &waiting.text, Outcome::Expired);
        }
    }

    /// When something waiting wants to be written or asked for.
    pub(super) fn send_due(&self) -> Option<Duration> {
        let due = self.queue.next_due().filter(|_| !self.locked)?;
        match self.asked_free {
            Some((asked, _)) if self.is_blocked() => Some(due.max(asked + ASK_FREE)),
            _ => Some(due),
        }
    }

    fn is_blocked(&self) -> bool {
        let gave_up = !self.liveness.answers()
            && self
                .asked_free
                .is_some_and(|(_, times)| times > ASK_FREE_MAX);
        self.free.is_some_and(|free| free < MIN_FREE) && !gave_up
    }

    pub(super) fn send_what_is_due(&mut self, now: Now) {
        if self.locked || self.queue.next_due().is_none_or(|due| due > now.mono) {
            return;
        }
        if self.is_blocked() {
            match self.asked_free {
                Some((asked, _)) if now.mono < asked + ASK_FREE => {}
                asked => {
                    let times = asked.map_or(0, |(_, times)| times).saturating_add(1);
                    self.asked_free = Some((now.mono, times));
                    debug!("the node's transmit queue is full, asking again");
                    self.heartbeat(now);
                }
            }
            return;
        }
        if let Some(waiting) = self.queue.pop_text(now.mono) {
            self.write_text(now, waiting);
        }
        if let Some(probe) = self.queue.pop_probe(now.mono) {
            self.write_probe(now, probe);
        }
    }

    fn write_text(&mut self, now: Now, waiting: Waiting) {
        let id = self.new_id(now);
        let text = &waiting.text;
        let (to, channel) = match text.target {
            Target::Channel(channel) => (NodeNum::BROADCAST, channel),
            Target::Node { num, channel } => (num, channel),
        };
        let enabled = self
            .identity
            .as_ref()
            .and_then(|identity| identity.channels.get(usize::from(channel.0)))
            .is_some_and(|info| info.enabled);
        if !enabled && text.target.is_broadcast() {
            self.gate.left(text.class);
            self.queue.written(now.mono);
            let outcome = Outcome::Dropped(DropReason::NoChannel);
            self.finish(waiting.ticket, &waiting.text, outcome);
            return;
        }
        let packet = proto::MeshPacket {
            from: self.own.0,
            to: to.0,
            channel: if enabled { u32::from(channel.0) } else { 0 },
            id: id.0,
            hop_limit: self.hop_limit(text.hops_used, text.for_others),
            want_ack: text.want_ack,
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: PortNum::TextMessageApp as i32,
                payload: text.text.as_bytes().to_vec(),
                reply_id: text.reply_to.map_or(0, |id| id.0),
                emoji: text.is_reaction.into(),
                ..Default::default()
            })),
            ..Default::default()
        };
        if text.target.is_broadcast() {
            let hash = self.tracker.track(text.text.as_bytes(), now.mono);
            debug!(
                "{}",
                Say::LogTracked.fill(self.settings.lang, &[("hash", &hash)])
            );
        }
        self.launch(now, id, packet, Cargo::Text(waiting));
    }

    fn write_probe(&mut self, now: Now, probe: Probe) {
        let id = self.new_id(now);
        let (to, port, payload, cargo) = match probe {
            Probe::Traceroute(ticket, node) => (
                node,
                PortNum::TracerouteApp,
                Vec::new(),
                Cargo::Traceroute(ticket),
            ),
            Probe::NodeInfo(node) => {
                let user = self
                    .identity
                    .as_ref()
                    .and_then(|identity| identity.own.as_ref())
                    .and_then(|own| own.user.as_ref());
                let Some(user) = user else {
                    self.queue.probe_written(now.mono);
                    return;
                };
                (
                    node,
                    PortNum::NodeinfoApp,
                    user.encode_to_vec(),
                    Cargo::NodeInfo,
                )
            }
        };
        let packet = proto::MeshPacket {
            from: self.own.0,
            to: to.0,
            id: id.0,
            hop_limit: self.hop_limit(Hops::Unknown, false),
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: port as i32,
                payload,
                want_response: true,
                ..Default::default()
            })),
            ..Default::default()
        };
        self.launch(now, id, packet, cargo);
    }

    fn launch(&mut self, now: Now, id: PacketId, packet: proto::MeshPacket, cargo: Cargo) {
        self.write(now, to_radio::PayloadVariant::Packet(packet));
        self.flights.push(Flight {
            id,
            cargo,
            state: State::Writing {
                end: self.out_taken + self.out.len() as u64,
            },
            mentioned: false,
        });
    }

    /// The firmware's own rule for responses: as many hops as the question needed,
    /// and two more as long as that is within what the node is set to
    /// (features.md B15).
    fn hop_limit(&self, used: Hops, for_others: bool) -> u32 {
        let set = self
            .identity
            .as_ref()
            .map_or(FACTORY_HOPS, |identity| identity.lora.hop_limit)
            .min(MAX_HOPS);
        match used {
            Hops::Known(hops) => {
                let used = u32::from(hops).min(MAX_HOPS);
                let usual = if for_others { set } else { set.min(used + 2) };
                usual.max(used)
            }
            Hops::Unknown => set,
        }
    }

    /// A random id that none of our recent packets had.
    pub(super) fn new_id(&mut self, now: Now) -> PacketId {
        loop {
            let id = PacketId(self.rng.u32(1..));
            if self.seen.send(self.own, id, now.mono) {
                return id;
            }
        }
    }
}
