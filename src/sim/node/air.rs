//! The radio side: what our node transmits, and what comes of it.
//!
//! Delays are those of protocol.md §10, and zero without latency.

use std::collections::VecDeque;
use std::time::Duration;

use prost::Message;

use crate::mesh::{NodeNum, Now};
use crate::proto::{self, PortNum, mesh_packet, routing};

use super::packets::{Job, is_broadcast};
use super::{Event, SimNode, key_of, port_of};
use crate::sim::dump;
use crate::sim::fault::{AckMode, Fault};
use crate::sim::world::{self, Person, heard_from};

/// Packets that our node remembers against duplicates (protocol.md §5.2), and
/// texts whose ids count whoever sent them (§4.2).
const HEARD: usize = 500;
const TEXT_IDS: usize = 50;

/// A packet that our node transmitted.
#[derive(Clone, PartialEq, Debug)]
pub struct OnAir {
    /// Monotonic time of the transmission.
    pub at: Duration,
    /// The packet, readable, as other nodes see it.
    pub packet: proto::MeshPacket,
    /// The client asked for it; otherwise the node sent it by itself (an
    /// acknowledgement, its node info).
    pub by_client: bool,
}

impl OnAir {
    /// The text, when it is a text message that is valid UTF-8.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.packet.payload_variant {
            Some(mesh_packet::PayloadVariant::Decoded(data))
                if data.portnum == i32::from(PortNum::TextMessageApp) =>
            {
                std::str::from_utf8(&data.payload).ok()
            }
            _ => None,
        }
    }
}

/// The state of the radio.
#[derive(Default)]
pub(super) struct Radio {
    /// Packets in the transmit queue.
    pub(super) queued: u32,
    busy_until: Duration,
    pub(super) full_until: Option<Duration>,
    acks: AckMode,
    pub(super) refuse_text: Option<routing::Error>,
    heard: VecDeque<(u32, u32)>,
    text_ids: VecDeque<u32>,
}

impl Radio {
    /// Forgets what a restart forgets; the scripted faults stay.
    pub(super) fn reset(&mut self) {
        *self = Self {
            acks: self.acks,
            refuse_text: self.refuse_text,
            ..Self::default()
        };
    }

    /// Whether the packet is new; remembers it.
    pub(super) fn is_new(&mut self, packet: &proto::MeshPacket) -> bool {
        if packet.id == 0 {
            return true;
        }
        let key = (packet.from, packet.id);
        let broadcast_text = is_broadcast(packet) && port_of(packet) == text_port();
        if self.heard.contains(&key) || (broadcast_text && self.text_ids.contains(&packet.id)) {
            return false;
        }
        remember(&mut self.heard, key, HEARD);
        if port_of(packet) == text_port() {
            remember(&mut self.text_ids, packet.id, TEXT_IDS);
        }
        true
    }
}

fn remember<T>(memory: &mut VecDeque<T>, thing: T, most: usize) {
    if memory.len() == most {
        memory.pop_front();
    }
    memory.push_back(thing);
}

fn text_port() -> Option<i32> {
    Some(PortNum::TextMessageApp.into())
}

impl SimNode {
    pub(super) fn radio_fault(&mut self, now: Now, fault: Fault) {
        match fault {
            Fault::RefuseTexts(error) => self.radio.refuse_text = Some(error),
            Fault::QueueFull(time) => {
                self.radio.full_until = Some(now.mono + time);
                self.agenda.add(now.mono + time, Event::QueueFree);
            }
            Fault::AckFromRelayOnly => self.radio.acks = AckMode::RelayOnly,
            Fault::NeverAck => self.radio.acks = AckMode::Never,
            Fault::NakWith(error) => self.radio.acks = AckMode::Nak(error),
            Fault::NormalAcks => self.radio.acks = AckMode::Normal,
            Fault::Reflash(num) => self.reflash(now, num),
            _ => {}
        }
    }

    fn reflash(&mut self, now: Now, num: NodeNum) {
        let mut key = [0; 32];
        self.rng.fill(&mut key);
        let version = self.settings.version;
        let id = self.new_id().0;
        let people = &mut self.world.people;
        let Some(person) = people.iter_mut().find(|person| person.num == num) else {
            return;
        };
        person.new_key = Some(key);
        let user = world::encode(&person.announcement(version));
        let packet = heard_from(person, id, PortNum::NodeinfoApp, user);
        self.hear_by_radio(now, packet);
    }

    pub(super) fn radio_heals(&mut self, now: Now) {
        self.radio.acks = AckMode::Normal;
        self.radio.refuse_text = None;
        if self.radio.full_until.take().is_some() {
            self.queue_free(now);
        }
    }

    /// A full queue got room: the firmware tells, about no packet.
    pub(super) fn queue_free(&mut self, now: Now) {
        let status = self.queue_status(now, 0, 0);
        self.push_status(status);
    }

    // ---------------------------------------------------------- transmitting

    pub(super) fn queue_job(&mut self, now: Now, job: Job) {
        self.radio.queued += 1;
        // Listening before talking, then the packets before this one.
        let start = (now.mono + self.lag(150..=500)).max(self.radio.busy_until);
        if self.settings.latency {
            self.radio.busy_until = start + air_time(&job.packet);
        }
        self.agenda.add(start, Event::Transmit(Box::new(job)));
    }

    /// Our node sends something of its own.
    pub(super) fn transmit_own(&mut self, now: Now, packet: proto::MeshPacket) {
        let id = packet.id;
        self.queue_job(
            now,
            Job {
                packet,
                accepted: now.mono,
                want_ack: false,
                by_client: false,
            },
        );
        let status = self.queue_status(now, 0, id);
        self.push_status(status);
    }

    pub(super) fn broadcast_own_user(&mut self, now: Now) {
        let payload = world::encode(&dump::own_user(&self.describe_own(now)));
        let packet = proto::MeshPacket {
            from: self.own.0,
            to: NodeNum::BROADCAST.0,
            id: self.new_id().0,
            hop_limit: self.settings.hop_limit,
            hop_start: self.settings.hop_limit,
            payload_variant: decoded(PortNum::NodeinfoApp, payload, 0),
            ..Default::default()
        };
        self.transmit_own(now, packet);
    }

    pub(super) fn transmit(&mut self, now: Now, job: Job) {
        self.radio.queued = self.radio.queued.saturating_sub(1);
        self.air.push(OnAir {
            at: now.mono,
            packet: job.packet.clone(),
            by_client: job.by_client,
        });
        if self.settings.echo_simulated_radio {
            self.echo(now, &job.packet);
        }
        if !job.by_client {
            return;
        }
        if is_broadcast(&job.packet) {
            self.after_broadcast(now, &job);
        } else {
            self.after_direct(now, &job);
        }
    }

    /// What only a simulated radio does (protocol.md §10).
    fn echo(&mut self, now: Now, packet: &proto::MeshPacket) {
        let status = self.queue_status(now, 0, packet.id);
        self.push_status(status);
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = &packet.payload_variant else {
            return;
        };
        let mut echo = packet.clone();
        echo.rx_time = self.time(now);
        if packet.pki_encrypted {
            let noise = (0..data.payload.len() + 18).map(|_| self.rng.u8(..));
            echo.payload_variant = Some(mesh_packet::PayloadVariant::Encrypted(noise.collect()));
        } else {
            // Compressed { portnum 1, data 2 }
            let port = u8::try_from(data.portnum).unwrap_or(0);
            let wrapped = [&[0x08, port][..], &dump::field(2, &data.payload)].concat();
            echo.payload_variant = decoded(PortNum::SimulatorApp, wrapped, data.request_id);
        }
        self.deliver(echo);
    }

    fn after_broadcast(&mut self, now: Now, job: &Job) {
        if !job.want_ack {
            return;
        }
        match self.radio.acks {
            AckMode::Never => {}
            AckMode::Nak(error) => self.nak_later(now, job, error),
            AckMode::Normal | AckMode::RelayOnly if self.world.people.is_empty() => {
                self.nak_later(now, job, routing::Error::MaxRetransmit);
            }
            // Measured: 1.6 to 1.8 s after it was handed in.
            AckMode::Normal | AckMode::RelayOnly => self.relay_heard(now, job, 1500..=1650),
        }
    }

    fn after_direct(&mut self, now: Now, job: &Job) {
        match self.radio.acks {
            AckMode::Never => return,
            AckMode::RelayOnly => {
                if job.want_ack {
                    self.relay_heard(now, job, 1500..=1650);
                }
                return;
            }
            AckMode::Nak(error) => {
                if job.want_ack {
                    self.nak_later(now, job, error);
                }
                return;
            }
            AckMode::Normal => {}
        }
        let Some(person) = self.world.find(NodeNum(job.packet.to)).cloned() else {
            if job.want_ack {
                self.nak_later(now, job, routing::Error::MaxRetransmit);
            }
            return;
        };
        if job.want_ack && person.hops > 0 {
            self.relay_heard(now, job, 500..=600);
        }
        // Measured: 0.7 s from a neighbour.
        let lag = 450 + 900 * u64::from(person.hops);
        let at = self.after(now, job, lag..=lag + 100);
        if let Some(answer) = self.answer_of(&person, job, now) {
            self.agenda.add(at, Event::Hear(Box::new(answer)));
        }
    }

    /// What the other node sends back: the answer asked for, which is its
    /// acknowledgement as well, or a bare one.
    fn answer_of(&mut self, person: &Person, job: &Job, now: Now) -> Option<proto::MeshPacket> {
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = &job.packet.payload_variant else {
            return None;
        };
        let time = self.time(now).unwrap_or(0);
        let asked = data.want_response;
        let answer = match PortNum::try_from(data.portnum) {
            Ok(PortNum::TracerouteApp) if asked => {
                Some((PortNum::TracerouteApp, self.route_to(person)))
            }
            Ok(PortNum::NodeinfoApp) if asked => {
                let mut user = person.announcement(self.settings.version);
                // He knows his key even if our node does not.
                if user.public_key.is_empty() {
                    user.public_key = key_of(person.num).to_vec();
                }
                Some((PortNum::NodeinfoApp, world::encode(&user)))
            }
            Ok(PortNum::TelemetryApp) if asked => {
                let metrics = proto::telemetry::Variant::DeviceMetrics(person.metrics(3600));
                Some((PortNum::TelemetryApp, world::telemetry(time, metrics)))
            }
            Ok(PortNum::PositionApp) if asked => person
                .position(time)
                .map(|position| (PortNum::PositionApp, world::encode(&position))),
            Ok(PortNum::TextMessageApp) if asked => Some((
                PortNum::RoutingApp,
                routing_bytes(routing::Error::NoResponse),
            )),
            _ => None,
        };
        // Whoever cannot read it says NO_CHANNEL (recorded with 2.7.26).
        let unreadable = person.new_key.is_some() && job.packet.pki_encrypted;
        let answer = answer.filter(|_| !unreadable);
        let bare = answer.is_none();
        if bare && !job.want_ack {
            return None;
        }
        let word = match unreadable {
            true => routing::Error::NoChannel,
            false => routing::Error::None,
        };
        let (port, payload) = answer.unwrap_or_else(|| (PortNum::RoutingApp, routing_bytes(word)));
        let text = data.portnum == i32::from(PortNum::TextMessageApp) && !unreadable;
        let id = self.new_id().0;
        let mut packet = heard_from(person, id, port, payload);
        packet.to = self.own.0;
        packet.want_ack = text && job.packet.pki_encrypted;
        packet.priority = if bare {
            mesh_packet::Priority::Ack.into()
        } else {
            mesh_packet::Priority::Unset.into()
        };
        if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut packet.payload_variant {
            data.request_id = job.packet.id;
        }
        Some(packet)
    }

    /// Through people who are nearer, both ways the same.
    fn route_to(&mut self, person: &Person) -> Vec<u8> {
        let nearer = |hops: u8| {
            let mut people = self.world.people.iter();
            people
                .find(|other| other.hops == hops && other.num != person.num)
                .map_or(NodeNum::BROADCAST.0, |relay| relay.num.0)
        };
        let route: Vec<u32> = (0..person.hops).map(nearer).collect();
        let mut snr: Vec<i32> = (0..route.len()).map(|_| self.rng.i32(-40..40)).collect();
        let back = route.iter().rev().copied().collect();
        snr.push(self.rng.i32(-40..40));
        let mut snr_back: Vec<i32> = snr.iter().map(|snr| snr - 2).collect();
        snr_back.reverse();
        world::encode(&proto::RouteDiscovery {
            route,
            snr_towards: snr,
            route_back: back,
            snr_back,
        })
    }

    /// So many milliseconds after the packet was handed in, but not before it
    /// was on air.
    fn after(&mut self, now: Now, job: &Job, lag: std::ops::RangeInclusive<u64>) -> Duration {
        (job.accepted + self.lag(lag)).max(now.mono + self.lag(150..=150))
    }

    fn relay_heard(&mut self, now: Now, job: &Job, lag: std::ops::RangeInclusive<u64>) {
        let at = self.after(now, job, lag);
        let ack = self.own_routing(now, job.packet.id, routing::Error::None);
        self.agenda.add(at, Event::Deliver(Box::new(ack)));
    }

    fn nak_later(&mut self, now: Now, job: &Job, error: routing::Error) {
        let gave_up = error == routing::Error::MaxRetransmit;
        let lag = if gave_up { 21_000..=21_500 } else { 500..=600 };
        let at = self.after(now, job, lag);
        let mut nak = self.own_routing(now, job.packet.id, error);
        if gave_up || is_broadcast(&job.packet) {
            self.counters.naks += 1;
        } else {
            nak.from = job.packet.to;
        }
        self.agenda.add(at, Event::Deliver(Box::new(nak)));
    }

    /// A Routing packet from our node to itself, as clients see acks and NAKs
    /// of the node (protocol.md §7.8).
    pub(super) fn own_routing(
        &mut self,
        now: Now,
        about: u32,
        error: routing::Error,
    ) -> proto::MeshPacket {
        proto::MeshPacket {
            from: self.own.0,
            to: self.own.0,
            id: self.new_id().0,
            rx_time: self.time(now),
            priority: mesh_packet::Priority::Ack.into(),
            payload_variant: decoded(PortNum::RoutingApp, routing_bytes(error), about),
            ..Default::default()
        }
    }

    /// Something that the node tells its client, 100 ms later as recorded.
    pub(super) fn deliver_soon(&mut self, now: Now, packet: proto::MeshPacket) {
        let at = now.mono + self.lag(100..=100);
        self.agenda.add(at, Event::Deliver(Box::new(packet)));
    }
}

fn decoded(port: PortNum, payload: Vec<u8>, about: u32) -> Option<mesh_packet::PayloadVariant> {
    Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
        portnum: port.into(),
        payload,
        request_id: about,
        ..Default::default()
    }))
}

fn routing_bytes(error: routing::Error) -> Vec<u8> {
    world::encode(&proto::Routing {
        variant: Some(routing::Variant::ErrorReason(error.into())),
    })
}

/// Air time with LONG_FAST (SF 11, 250 kHz, 4/5), protocol.md §6.1: 8.192 ms a
/// symbol, 28.25 symbols before the content, 5 symbols for each 44 bits begun.
fn air_time(packet: &proto::MeshPacket) -> Duration {
    let bits = match &packet.payload_variant {
        Some(mesh_packet::PayloadVariant::Decoded(data)) => 8 * (data.encoded_len() + 16),
        _ => 8 * 64,
    };
    let blocks = u32::try_from(bits.div_ceil(44)).unwrap_or(50);
    Duration::from_micros(231_424) + Duration::from_micros(8_192) * 5 * blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn air_time_is_that_of_the_table() {
        let packet = proto::MeshPacket {
            payload_variant: decoded(PortNum::TextMessageApp, vec![b'x'; 102], 0),
            ..Default::default()
        };
        // The bitfield, two bytes, is added by the node.
        assert_eq!(air_time(&packet).as_micros(), 1_173_504);
    }
}
