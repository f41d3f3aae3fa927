//! The receiving half of a session: what a frame means, and how a packet
//! stands in time.

use std::time::Duration;

use log::{debug, error, info, warn};

use super::handshake::{self, MAX_NODES, NONCE_NODES, Phase};
use super::{Session, send_start};
use crate::link::message::{Event, Received, Ticket};
use crate::mesh::{NodeNum, Now, Packet, Payload, Standing, name};
use crate::proto::{self, PortNum, from_radio, lockdown_status, log_record};
use crate::text::Text as Say;

/// A node clock this far ahead of the board's is not believed, seconds.
const AHEAD: i64 = 60;

/// What makes the node's clock look later than before has to say so again, at
/// least so long afterwards: it tells its time once a minute.
const CONFIRM: Duration = Duration::from_secs(30);

/// So long after the configuration a packet that was heard before the
/// connection counts as back-log, even though the drain is over.
const AFTER_DRAIN: Duration = Duration::from_secs(30);

impl Session {
    pub(super) fn handle(&mut self, now: Now, variant: from_radio::PayloadVariant) {
        use from_radio::PayloadVariant as V;
        match variant {
            V::Packet(wire) => self.packet(now, Packet::from_wire(&wire)),
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
            V::Rebooted(_) => {
                info!("the node says that it has restarted");
                self.interrupt(now);
                self.begin(now);
            }
            V::ClientNotification(notice) => log_notice(&notice),
            V::LockdownStatus(status) => log_lockdown(status),
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
                let identity = std::mem::take(draft);
                if identity.num.is_node() {
                    self.ready(now, identity);
                } else {
                    warn!("the node did not say its number");
                    self.verdict = Some(crate::link::message::Loss::HandshakeStalled);
                }
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
        if let Phase::Drain { last, .. } = &mut self.phase {
            *last = now.mono;
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
            if from_us {
                self.counters.own_texts += 1;
                debug!("a text from our own number: ignored");
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
        if from_us {
            self.learn_clock(now, &packet);
        }
        let standing = self.standing(now, &packet);
        let age = self.age(now, &packet);
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

    /// Until the back-log has drained, only what was provably heard since the
    /// connection is live. For a while after that a right clock still tells
    /// what was not; later everything is live, and its age decides.
    fn standing(&self, now: Now, packet: &Packet) -> Standing {
        let drained = !matches!(self.phase, Phase::Drain { .. } | Phase::Config { .. });
        if drained && now.mono >= self.ready_at + AFTER_DRAIN {
            return Standing::Live;
        }
        let sanity = self.settings.sanity;
        let heard = sanity.check(packet.rx_time).and_then(to_i64);
        let now = sanity.check(now.unix).and_then(to_i64);
        let connected = sanity.check(self.connected_unix).and_then(to_i64);
        let live = match (heard, now, connected) {
            (Some(heard), Some(now), Some(connected)) => {
                let heard = heard + self.clock_lag;
                heard >= connected && (drained || heard <= now + AHEAD)
            }
            _ => drained,
        };
        if live {
            Standing::Live
        } else {
            Standing::Backlog
        }
    }

    /// The age of a packet in seconds, corrected by what is known of the
    /// node's clock.
    fn age(&self, now: Now, packet: &Packet) -> Option<u64> {
        let sanity = self.settings.sanity;
        let heard = to_i64(sanity.check(packet.rx_time)?)? + self.clock_lag;
        let now = to_i64(sanity.check(now.unix)?)?;
        Some(u64::try_from(now - heard).unwrap_or(0))
    }

    /// What the node measures about itself arrives at once (protocol.md §5.2),
    /// so its time stamp shows how far the two clocks are apart.
    fn learn_clock(&mut self, now: Now, packet: &Packet) {
        let sanity = self.settings.sanity;
        if packet.by_lora
            || !matches!(packet.port(), Some((PortNum::TelemetryApp, _)))
            || !matches!(self.phase, Phase::Steady { .. })
        {
            return;
        }
        let clocks = sanity
            .check(packet.rx_time)
            .and_then(to_i64)
            .zip(sanity.check(now.unix).and_then(to_i64));
        let mono = now.mono;
        if let Some((heard, now)) = clocks {
            let start = now - to_i64(mono.as_secs()).unwrap_or(0);
            let jumped = self.clock_told.is_none_or(|it| (it - start).abs() > AHEAD);
            let lag = now - heard;
            let lag = if lag.abs() > AHEAD { lag } else { 0 };
            if !jumped && self.is_doubtful(mono, lag) {
                return;
            }
            if (lag - self.clock_lag).abs() > AHEAD && lag != 0 {
                warn!("the node's clock and this board's are {lag} s apart; allowing for it");
            }
            self.clock_lag = lag;
            self.clock_told = Some(start);
            self.clock_doubt = None;
        }
    }

    /// A packet that was held up on its way makes the node's clock look late,
    /// never early: one that is later than it was is believed when it is told
    /// twice, unless the board's own clock has been set meanwhile.
    fn is_doubtful(&mut self, now: Duration, lag: i64) -> bool {
        if lag <= self.clock_lag + AHEAD {
            return false;
        }
        match self.clock_doubt {
            Some((since, before)) if (lag - before).abs() <= AHEAD => now < since + CONFIRM,
            _ => {
                self.clock_doubt = Some((now, lag));
                true
            }
        }
    }
}

fn to_i64(time: u64) -> Option<i64> {
    i64::try_from(time).ok()
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

fn log_lockdown(status: proto::LockdownStatus) {
    match lockdown_status::State::try_from(status.state) {
        Ok(lockdown_status::State::Locked | lockdown_status::State::NeedsProvision) => {
            warn!("the node is locked: it gives out no channels and no packets until unlocked");
        }
        _ => debug!("lockdown state {}", status.state),
    }
}
