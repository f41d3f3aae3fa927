//! Somebody who reads both directions of the wire and the air, and knows the
//! rules: it shares no state with the bot, so what it notes is evidence.
//!
//! It judges as soon as something is seen; what breaks a rule is kept in
//! [`Witness::violations`] until somebody asks. Everything that happens goes
//! into [`Witness::hash`], by which two runs can be compared.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use meshbot::link::frame::Decoder;
use meshbot::link::{Event, Outcome, Request, Ticket};
use meshbot::mesh::{NodeNum, Now, PacketId, Standing};
use meshbot::proto::{self, PortNum, from_radio, mesh_packet, to_radio};
use prost::Message;

use super::world::{Answer, SANITY};

/// What the node needs between two texts (protocol.md §4.5); decisions.md
/// promises 2.3 s.
const TEXTS: Duration = Duration::from_millis(2_300);
/// The same for traceroutes, which decisions.md paces at 32 s.
const TRACEROUTES: Duration = Duration::from_secs(30);
/// Places in the node's transmit queue that are not the bot's.
const MIN_FREE: u32 = 4;
/// Somewhat less than the time without a text that ends the drain, and its longest
/// time.
const DRAIN: (Duration, Duration) = (Duration::from_millis(590), Duration::from_secs(5));
/// What the node has kept for so long is not answered, in seconds.
const KEPT: u64 = 60;
/// A frame that stands incomplete for so long is seen through.
const TORN: Duration = Duration::from_secs(2);
/// Older questions are not answered. The bot counts from when packets usually
/// come, a few seconds after they were heard; the node's time has whole seconds.
const OLD: u64 = 300 + 5;
/// Lines of a trace.
const TRACE: usize = 100_000;

/// What the wire showed of one connection.
#[derive(Default)]
struct Connection {
    /// Nonce of the last handshake that begins a session.
    nonce: Option<u32>,
    ready_at: Option<Duration>,
    last_text: Option<Duration>,
    drained: bool,
    free: Option<(u32, Duration)>,
    /// The node answered a heartbeat.
    answers: bool,
}

#[derive(Default)]
pub struct Witness {
    pub violations: Vec<String>,
    /// Of everything that happened, in its order.
    pub hash: u64,
    /// The last things that happened, if they are wanted.
    pub trace: Option<VecDeque<String>>,
    /// No clock is ever wrong in this world: ages can be judged.
    pub clocks_are_right: bool,
    /// Packets of others that the link called live, and back-log.
    pub live: u64,
    pub late: u64,
    /// Requests that the link has accepted, and that have no outcome yet.
    pub open: BTreeSet<Ticket>,
    pub accepted: u64,
    /// Questions to a node who it is.
    pub node_infos: usize,
    conn: Option<Connection>,
    to_bot: Decoder,
    /// Whole frames that have come to the bot, and since when it has waited for the
    /// rest of the next.
    frames: u64,
    torn: Option<(u64, Duration)>,
    to_node: Decoder,
    own: Option<NodeNum>,
    last_text: Option<Duration>,
    last_traceroute: Option<Duration>,
    /// Every text that came to the bot, when it came first.
    delivered: BTreeMap<(u32, u32), Duration>,
    /// What must never be answered, and why.
    forbidden: BTreeMap<PacketId, &'static str>,
    /// Sent under our number. When our node has got another one meanwhile, it
    /// is somebody else's.
    under_our_number: BTreeMap<PacketId, NodeNum>,
    /// What was said to whom about which question.
    said: BTreeMap<PacketId, Vec<(NodeNum, String)>>,
}

impl Witness {
    /// This question must never be answered.
    pub fn forbid(&mut self, id: PacketId, why: &'static str) {
        self.forbidden.insert(id, why);
    }

    /// The same for what is sent under our number.
    pub fn forbid_own(&mut self, id: PacketId, own: NodeNum, why: &'static str) {
        self.under_our_number.insert(id, own);
        self.forbid(id, why);
    }

    pub fn may_answer(&self, id: PacketId) -> bool {
        !self.forbidden.contains_key(&id)
    }

    /// Whether the node has answered a heartbeat on this connection.
    pub fn heartbeat_answered(&self) -> bool {
        self.conn.as_ref().is_some_and(|conn| conn.answers)
    }

    /// The texts that answered this question.
    pub fn answers_to(&self, id: PacketId) -> &[(NodeNum, String)] {
        self.said.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Notes that something happened.
    pub fn note(&mut self, now: Now, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            if trace.len() == TRACE {
                trace.pop_front();
            }
            let at = now.mono.as_secs_f64();
            trace.push_back(format!("{at:10.3} {}", what()));
        }
    }

    fn mix(&mut self, now: Now, kind: u8, bytes: &[u8]) {
        let time = now.mono.as_nanos().to_le_bytes();
        for byte in time.iter().chain([&kind]).chain(bytes) {
            // FNV-1a
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }

    fn accuse(&mut self, now: Now, what: String) {
        self.note(now, || format!("VIOLATION {what}"));
        self.violations
            .push(format!("at {:.3} s: {what}", now.mono.as_secs_f64()));
    }

    pub fn opened(&mut self, now: Now) {
        self.mix(now, 1, &[]);
        self.note(now, || "connected".to_owned());
        if self.conn.is_some() {
            self.accuse(now, "a second connection".to_owned());
        }
        self.to_bot = Decoder::default();
        self.torn = None;
        self.to_node = Decoder::default();
        self.conn = Some(Connection::default());
    }

    pub fn closed(&mut self, now: Now, by: &str) {
        self.mix(now, 2, &[]);
        self.note(now, || format!("closed by the {by}"));
        self.conn = None;
    }

    pub fn requested(&mut self, now: Now, request: &Request) {
        let (Request::Text(ticket, _) | Request::Traceroute(ticket, _)) = request else {
            return;
        };
        self.mix(now, 3, &ticket.0.to_le_bytes());
        self.accepted += 1;
        if !self.open.insert(*ticket) {
            self.accuse(now, format!("{ticket:?} twice"));
        }
    }

    pub fn event(&mut self, now: Now, event: &Event) {
        match event {
            Event::Ready(identity) => {
                self.own = Some(identity.num);
                self.note(now, || "ready".to_owned());
            }
            Event::Lost(loss) => self.note(now, || format!("lost: {loss}")),
            Event::Packet(received) => {
                let from = received.packet.from;
                if from.is_node() && self.own.is_some_and(|own| own != from) {
                    match received.standing {
                        Standing::Live => self.live += 1,
                        Standing::Backlog => self.late += 1,
                        Standing::Replay => {}
                    }
                }
            }
            Event::Outcome(ticket, outcome) => self.outcome(now, *ticket, *outcome),
            Event::Nodes(_) | Event::Beat => {}
        }
    }

    fn outcome(&mut self, now: Now, ticket: Ticket, outcome: Outcome) {
        self.mix(now, 4, &ticket.0.to_le_bytes());
        self.note(now, || format!("{ticket:?} {outcome}"));
        if !self.open.remove(&ticket) {
            self.accuse(now, format!("{ticket:?} has a second outcome: {outcome}"));
        }
    }

    /// Bytes that the bot's socket took. `whole`: nothing held them up.
    pub fn bot_wrote(&mut self, now: Now, bytes: &[u8], whole: bool) {
        self.mix(now, 5, bytes);
        self.see_through(now);
        let mut decoder = std::mem::take(&mut self.to_node);
        decoder.push(bytes);
        while let Some(frame) = decoder.next_frame() {
            match proto::ToRadio::decode(frame).map(|it| it.payload_variant) {
                Ok(Some(to_radio::PayloadVariant::Packet(packet))) => {
                    self.sent(now, &packet, whole);
                }
                Ok(Some(to_radio::PayloadVariant::WantConfigId(nonce))) => {
                    self.note(now, || format!("bot: want_config {nonce}"));
                    if let Some(conn) = self.conn.as_mut().filter(|_| nonce != 69_421) {
                        // Each time the bot begins anew with the node's queue.
                        conn.free = None;
                        // Told twice in one breath that the node has restarted, the
                        // bot asks twice, and the first answer is as good.
                        let again = conn.nonce == Some(nonce) && conn.ready_at == Some(now.mono);
                        if !again {
                            conn.nonce = Some(nonce);
                            conn.ready_at = None;
                            conn.drained = false;
                            conn.answers = false;
                        }
                    }
                }
                Ok(other) => self.note(now, || format!("bot: {other:?}")),
                Err(error) => self.accuse(now, format!("the bot wrote nonsense: {error}")),
            }
        }
        self.to_node = decoder;
    }

    fn sent(&mut self, now: Now, packet: &proto::MeshPacket, whole: bool) {
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = &packet.payload_variant else {
            return self.accuse(now, "a packet without content".to_owned());
        };
        let port = PortNum::try_from(data.portnum).unwrap_or(PortNum::UnknownApp);
        self.note(now, || {
            let text = String::from_utf8_lossy(&data.payload);
            let (id, to, about) = (packet.id, NodeNum(packet.to), data.reply_id);
            match port {
                PortNum::TextMessageApp => format!("bot: {id:08x} to {to} re {about:08x} {text:?}"),
                _ => format!("bot: {id:08x} to {to} {port:?}"),
            }
        });
        let too_soon = |last: Option<Duration>, least: Duration| {
            last.map(|last| now.mono - last).filter(|gap| *gap < least)
        };
        match port {
            PortNum::TextMessageApp => {
                if let Some(gap) = too_soon(self.last_text, TEXTS) {
                    self.accuse(now, format!("two texts {gap:?} apart"));
                }
                self.last_text = Some(now.mono);
                let limit = if packet.to == NodeNum::BROADCAST.0 {
                    232
                } else {
                    220
                };
                if data.payload.len() > limit {
                    self.accuse(now, format!("a text of {} bytes", data.payload.len()));
                }
            }
            PortNum::TracerouteApp => {
                if let Some(gap) = too_soon(self.last_traceroute, TRACEROUTES) {
                    self.accuse(now, format!("two traceroutes {gap:?} apart"));
                }
                self.last_traceroute = Some(now.mono);
            }
            PortNum::NodeinfoApp => self.node_infos += 1,
            other => self.accuse(now, format!("a packet on {other:?}")),
        }
        let Some(conn) = &self.conn else { return };
        if conn.ready_at.is_none() {
            self.accuse(now, "a packet before the configuration".to_owned());
        } else if let Some((free, told)) = conn.free
            && free < MIN_FREE
            && told < now.mono
            && whole
            && conn.answers
            // The bot may have seen through what the witness still waits for.
            && self.torn.is_none()
        {
            self.accuse(now, format!("a packet while {free} places are free"));
        }
    }

    /// Bytes that reached the bot.
    pub fn bot_read(&mut self, now: Now, bytes: &[u8]) {
        self.mix(now, 6, bytes);
        self.see_through(now);
        self.to_bot.push(bytes);
        self.read_frames(now);
        self.see_through(now);
    }

    /// As the bot does with a frame that stays incomplete.
    fn see_through(&mut self, now: Now) {
        while self.to_bot.held() > 0 {
            match self.torn {
                Some((frames, since)) if frames == self.frames => {
                    if now.mono < since + TORN
                        || !self.to_bot.search_incomplete(|it| {
                            proto::FromRadio::decode(it)
                                .is_ok_and(|it| it.payload_variant.is_some())
                        })
                    {
                        return;
                    }
                    self.read_frames(now);
                }
                _ => {
                    self.torn = Some((self.frames, now.mono));
                    return;
                }
            }
        }
        self.torn = None;
    }

    fn read_frames(&mut self, now: Now) {
        let mut decoder = std::mem::take(&mut self.to_bot);
        while let Some(frame) = decoder.next_frame() {
            self.frames += 1;
            match proto::FromRadio::decode(frame) {
                Ok(message) => {
                    if let Some(variant) = message.payload_variant {
                        self.told(now, &variant);
                    }
                }
                Err(_) => decoder.reject(),
            }
        }
        self.to_bot = decoder;
    }

    fn told(&mut self, now: Now, variant: &from_radio::PayloadVariant) {
        let Some(conn) = &mut self.conn else { return };
        match variant {
            from_radio::PayloadVariant::QueueStatus(status) => {
                conn.free = (status.maxlen > 0).then_some((status.free, now.mono));
                conn.answers |= status.mesh_packet_id == 0;
                self.note(now, || {
                    let (free, id, res) = (status.free, status.mesh_packet_id, status.res);
                    format!("node: {free} free, {id:08x} res {res}")
                });
            }
            from_radio::PayloadVariant::ConfigCompleteId(nonce) => {
                if conn.nonce == Some(*nonce) && conn.ready_at.is_none() {
                    conn.ready_at = Some(now.mono);
                    conn.last_text = None;
                }
                self.note(now, || format!("node: complete {nonce}"));
            }
            // What the bot was writing goes out before its next handshake.
            from_radio::PayloadVariant::Rebooted(_) => {
                self.note(now, || "node: rebooted".to_owned());
            }
            from_radio::PayloadVariant::Packet(packet) => self.heard(now, packet),
            _ => {}
        }
    }

    fn heard(&mut self, now: Now, packet: &proto::MeshPacket) {
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = &packet.payload_variant else {
            return;
        };
        if data.portnum == PortNum::SimulatorApp as i32 {
            return;
        }
        // A reaction is no text.
        if data.portnum != PortNum::TextMessageApp as i32 || data.emoji != 0 {
            return;
        }
        let id = PacketId(packet.id);
        self.note(now, || {
            let text = String::from_utf8_lossy(&data.payload);
            let (from, to) = (NodeNum(packet.from), NodeNum(packet.to));
            let time = packet.rx_time.unwrap_or(0);
            format!("node: {:08x} {from} to {to} rx_time {time} {text:?}", id.0)
        });
        if self.delivered.contains_key(&(packet.from, packet.id)) {
            return;
        }
        self.delivered.insert((packet.from, packet.id), now.mono);
        // What a node retells looks like this (protocol.md §2.3), and is no news.
        let retold = packet.priority == 10
            && packet.transport_mechanism == 1
            && packet.rx_rssi.is_none()
            && self.own.is_none_or(|own| packet.from != own.0);
        let Some(conn) = self.conn.as_mut().filter(|_| !retold) else {
            return;
        };
        let since = conn.ready_at.map(|ready| now.mono - ready);
        let pause = now.mono - conn.last_text.or(conn.ready_at).unwrap_or(now.mono);
        conn.drained |= since.is_none_or(|since| pause >= DRAIN.0 || since >= DRAIN.1);
        conn.last_text = Some(now.mono);
        let drained = conn.drained;
        let heard = u64::from(packet.rx_time.unwrap_or(0));
        let heard = SANITY.check(heard);
        if !drained && since.is_some() {
            let kept = heard.map(|heard| now.unix.saturating_sub(heard));
            if kept.is_none_or(|kept| self.clocks_are_right && kept >= KEPT) {
                self.forbid(id, "back-log");
            }
        }
        if !self.clocks_are_right {
            return;
        }
        if heard.is_some_and(|heard| now.unix.saturating_sub(heard) > OLD) {
            self.forbid(id, "too old");
        }
    }

    /// A text of the bot went on the air.
    pub fn on_air(&mut self, now: Now, answer: &Answer) {
        let Some(id) = answer.reply_to else { return };
        let number = self.under_our_number.get(&id);
        let is_other = number.is_some_and(|number| self.own != Some(*number));
        if let Some(why) = self.forbidden.get(&id).filter(|_| !is_other) {
            let what = format!(
                "an answer to {:08x}, which is {why}: {:?}",
                id.0, answer.text
            );
            self.accuse(now, what);
        }
        let before = self.said.entry(id).or_default();
        let this = (answer.to, answer.text.clone());
        let again = before.contains(&this);
        before.push(this);
        if again {
            let what = format!("said twice about {:08x}: {:?}", id.0, answer.text);
            self.accuse(now, what);
        }
    }
}

#[cfg(test)]
mod tests;
