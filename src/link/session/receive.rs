//! The receiving half of a session: what a frame means, and how a packet
//! stands in time.

use log::{debug, error, info, warn};

use super::handshake::{self, MAX_NODES, NONCE_NODES, Phase};
use super::{Session, send_start};
use crate::lang::Text as Say;
use crate::link::message::{Event, Received, Ticket};
use crate::mesh::{NodeNum, Now, Packet, Payload, Standing, name};
use crate::proto::{self, PortNum, from_radio, log_record};

/// What the node has kept for no longer than this is still worth an answer
/// (decisions.md, "Back-log").
const YOUNG: u64 = 60;

impl Session {
    pub(super) fn read_frames(&mut self, now: Now) {
        while let Some(payload) = self.decoder.next_frame() {
            // Most frames hold a packet, and that is read where it lies.
            if let Some(mut packet) = Packet::from_frame(payload) {
                self.distrust_salvaged(&mut packet);
                self.understood(now);
                self.packet(now, packet);
                continue;
            }
            match <proto::FromRadio as prost::Message>::decode(payload) {
                Ok(message) => {
                    self.understood(now);
                    if let Some(variant) = message.payload_variant {
                        self.handle(now, variant);
                    }
                }
                Err(error) => {
                    self.counters.undecodable += 1;
                    debug!("a frame that is no message: {error}");
                    self.decoder.reject();
                }
            }
        }
    }

    /// What was found inside a torn frame may be what somebody has written into
    /// a text: it proves no sender.
    #[inline]
    fn distrust_salvaged(&self, packet: &mut Packet) {
        if self.decoder.is_salvaged() {
            packet.sender_key = None;
        }
    }

    /// A frame was a message.
    fn understood(&mut self, now: Now) {
        self.counters.frames += 1;
        self.liveness.received(now.mono);
    }

    fn handle(&mut self, now: Now, variant: from_radio::PayloadVariant) {
        use from_radio::PayloadVariant as V;
        match variant {
            V::Packet(wire) => {
                let mut packet = Packet::from_wire(&wire);
                self.distrust_salvaged(&mut packet);
                self.packet(now, packet);
            }
            V::QueueStatus(status) => self.queue_status(now, &status),
            V::NodeInfo(info) => {
                self.touch_phase(now);
                if self.infos.len() < MAX_NODES {
                    self.infos.push(info);
                }
                if !self.phase.collects_nodes() {
                    self.hand_over_nodes();
                }
            }
            V::ConfigCompleteId(nonce) => self.config_complete(now, nonce),
            V::Rebooted(_) => self.rebooted(now),
            V::ClientNotification(notice) => log_notice(&notice),
            V::LockdownStatus(status) => self.lockdown(now, status),
            configuration => {
                self.touch_phase(now);
                if let Phase::Config { draft, .. } = &mut self.phase {
                    handshake::note(draft, &configuration);
                }
            }
        }
    }

    /// A frame of the handshake came: it has not stalled.
    fn touch_phase(&mut self, now: Now) {
        if let Phase::Config { last_frame, .. } | Phase::Nodes { last_frame } = &mut self.phase {
            *last_frame = now.mono;
        }
    }

    fn config_complete(&mut self, now: Now, complete: u32) {
        match &mut self.phase {
            Phase::Config { nonce, draft, .. } if *nonce == complete => {
                let draft = std::mem::replace(draft, handshake::blank(0));
                self.configured(now, draft);
            }
            // The nodes' nonce is always the same, so it cannot be a wrong one.
            phase if complete == NONCE_NODES && phase.is_ready() => {
                debug!("node list complete: {} nodes", self.infos.len());
                self.hand_over_nodes();
                self.phase = Phase::Steady { nodes_at: None };
            }
            _ => debug!("completion of another request: ignored"),
        }
    }

    pub(super) fn packet(&mut self, now: Now, packet: Packet) {
        match &packet.payload {
            // Simulated radios echo what they transmit, private messages as
            // something unreadable (protocol.md §10).
            Payload::Port(PortNum::SimulatorApp, _) => return,
            Payload::Encrypted if packet.from == self.own => return,
            _ => {}
        }
        if is_replay(&packet, self.own) {
            self.pass_on(now, packet, Standing::Replay, None, None);
            return;
        }
        let to_us = packet.to == self.own && packet.text().is_some();
        if !(self.seen).insert(packet.from, packet.id, to_us, now.mono) {
            self.counters.duplicates += 1;
            return;
        }
        if packet.payload == Payload::Encrypted {
            self.counters.encrypted += 1;
        }
        let mut traceroute = None;
        if let (Some((port, payload)), Some(id)) = (packet.port(), packet.request_id) {
            match port {
                // Our own node says it without a radio; whoever says so by
                // radio only claims to be us.
                PortNum::RoutingApp
                    if packet.from == self.own && (packet.by_lora || packet.via_mqtt) =>
                {
                    return;
                }
                // What our own node says about our packets is for nobody else.
                PortNum::RoutingApp
                    if self.routing(now, packet.from, id, payload) && packet.from == self.own =>
                {
                    return;
                }
                PortNum::TracerouteApp => traceroute = self.traceroute_answered(now, id),
                _ => {}
            }
        }
        let from_us = packet.from == self.own;
        if let Some(text) = packet.text() {
            if let Phase::Drain { last, .. } = &mut self.phase {
                *last = now.mono;
            }
            if from_us {
                self.counters.own_texts += 1;
                // Our own come back under the numbers that we gave them.
                if packet.by_lora || packet.via_mqtt {
                    warn!("a text from our own number came over the air: somebody else uses it");
                } else {
                    debug!("a text from our own number: ignored");
                }
                return;
            }
            if packet.is_broadcast() && self.tracker.is_ours(text, now.mono) {
                self.counters.own_texts += 1;
                debug!(
                    "{}",
                    Say::LogOurs.fill(self.settings.lang, &[("start", &send_start(text))])
                );
                return;
            }
        }
        if self.locked && !from_us {
            self.is_open();
        }
        let (standing, age) = self.place_in_time(now, &packet);
        self.pass_on(now, packet, standing, age, traceroute);
    }

    #[inline(always)]
    fn pass_on(
        &mut self,
        now: Now,
        packet: Packet,
        standing: Standing,
        age: Option<u64>,
        traceroute: Option<Ticket>,
    ) {
        let answers_ours = packet
            .reply_to
            .is_some_and(|id| self.seen.was_sent(self.own, id, now.mono));
        self.events.push_back(Event::Packet(Box::new(Received {
            packet,
            standing,
            age,
            answers_ours,
            traceroute,
        })));
    }

    /// Only what the node may have kept from before the connection can be too old
    /// to be live, and clocks are asked for nothing else; later the order of
    /// arrival counts, and the age is what the node's clock says of it.
    #[inline]
    fn place_in_time(&mut self, now: Now, packet: &Packet) -> (Standing, Option<u64>) {
        let sanity = self.settings.sanity;
        let heard = sanity.check(packet.rx_time);
        if self.phase.may_be_old() {
            let age = heard.and_then(|heard| self.clock.kept_for(now, sanity, heard));
            return (self.kept(packet, age), age);
        }
        let age = heard.map(|heard| self.clock.age(now, sanity, heard));
        if self.settings.set_clock {
            self.look_at_clock(now, heard.is_some());
        }
        (Standing::Live, age)
    }

    /// What came before the back-log has drained.
    fn kept(&mut self, packet: &Packet, age: Option<u64>) -> Standing {
        if age.is_some_and(|age| age < YOUNG) {
            return Standing::Live;
        }
        if packet.text().is_some() {
            self.kept = self.kept.saturating_add(1);
            match age {
                Some(age) => debug!("a text of {}, {age} s old: not answered", packet.from),
                None => debug!(
                    "a text of {} from before the connection: not answered",
                    packet.from
                ),
            }
        }
        Standing::Backlog
    }

    /// What the node had kept has come.
    pub(super) fn end_drain(&mut self) {
        let kept = std::mem::take(&mut self.kept);
        if kept > 0 {
            info!("texts from before the connection, not answered: {kept}");
        }
    }
}

/// A stored record that a 2.8 node presents as a packet (decisions.md,
/// "Replay"): background, by LoRa, without a received strength, not ours.
fn is_replay(packet: &Packet, own: NodeNum) -> bool {
    packet.background
        && packet.by_lora
        && packet.signal.and_then(|signal| signal.rssi).is_none()
        && packet.from != own
}

fn log_notice(notice: &proto::ClientNotification) {
    let text = name::clean(&notice.message, 200);
    match log_record::Level::try_from(notice.level) {
        Ok(log_record::Level::Error | log_record::Level::Critical) => error!("node: {text}"),
        Ok(log_record::Level::Warning) => warn!("node: {text}"),
        _ => info!("node: {text}"),
    }
}
