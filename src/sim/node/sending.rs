//! What becomes of a packet that a client hands in: the firmware's checks, in
//! their order (protocol.md §4.2, §4.4 to §4.6), up to the transmit queue.

use std::time::Duration;

use prost::Message;

use crate::mesh::{ChannelIndex, NodeNum, Now};
use crate::proto::{self, PortNum, channel, mesh_packet, routing};

use super::packets::{Job, is_broadcast};
use super::{Event, SimNode};

/// `maxlen` of every queue status: places in the transmit queue.
pub(super) const QUEUE: u32 = 16;
/// Longest payload that the firmware's decoder takes: 235 bytes and more are
/// met with silence, 233 and 234 with TOO_LARGE (protocol.md §10).
const DECODABLE: usize = 234;
/// Bytes on air at most, the header's share, and what PKI adds (§4.4).
const ON_AIR: usize = 255;
const RADIO_HEADER: usize = 16;
const PKI_OVERHEAD: usize = 12;
/// Ids that a connection remembers.
const SEEN: usize = 20;
/// Internal result codes of a queue status (§4.6).
const RES_QUEUE_FULL: i32 = 32;
const RES_DISABLED: i32 = 34;

/// The part of an admin message that the simulated node obeys.
#[derive(Clone, PartialEq, Message)]
struct Admin {
    #[prost(uint32, optional, tag = "38")]
    remove_by_nodenum: Option<u32>,
    #[prost(fixed32, optional, tag = "43")]
    set_time_only: Option<u32>,
    #[prost(int32, optional, tag = "97")]
    reboot_seconds: Option<i32>,
}

impl SimNode {
    /// Takes a packet from the client.
    pub(super) fn take_packet(&mut self, now: Now, mut packet: proto::MeshPacket) {
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = packet.payload_variant.take() else {
            self.counters.malformed += 1;
            return;
        };
        if data.payload.len() > DECODABLE || packet.hop_limit > 255 || packet.channel > 255 {
            self.counters.malformed += 1;
            return;
        }
        self.counters.packets += 1;
        if packet.id == 0 {
            packet.id = self.new_id().0;
        } else if !self.remember(packet.id) {
            self.counters.ids_repeated += 1;
            return;
        }
        self.count(now, &data);
        if !self.within_limits(now, &packet, &data) {
            return;
        }
        packet.from = self.own.0;
        packet.next_hop = 0;
        packet.relay_node = 0;
        if packet.to == self.own.0 {
            self.take_own(now, &packet, &data);
            return;
        }
        match self.admit(now, &packet, &data) {
            Ok(pki) => self.enqueue(now, packet, data, pki),
            Err(Refusal::Routing(error)) => self.refuse(now, packet.id, error),
            Err(Refusal::Silent(res)) => {
                let status = self.queue_status(now, res, packet.id);
                self.push_status(status);
                if res == RES_DISABLED && packet.want_ack {
                    let nak = self.own_routing(now, packet.id, routing::Error::MaxRetransmit);
                    let at = now.mono + self.lag(21_000..=21_500);
                    self.agenda.add(at, Event::Deliver(Box::new(nak)));
                }
            }
        }
    }

    /// Whether the id is new on this connection.
    fn remember(&mut self, id: u32) -> bool {
        let Some(conn) = &mut self.conn else {
            return true;
        };
        if conn.seen.contains(&id) {
            return false;
        }
        if conn.seen.len() == SEEN {
            conn.seen.pop_front();
        }
        conn.seen.push_back(id);
        true
    }

    fn count(&mut self, now: Now, data: &proto::Data) {
        match PortNum::try_from(data.portnum) {
            Ok(PortNum::TextMessageApp) => {
                let Some(conn) = &mut self.conn else { return };
                // When it arrived, not when the node got round to it.
                let arrived = conn.last_bytes;
                if let Some(last) = conn.last_text.replace(arrived) {
                    let gap = arrived.saturating_sub(last);
                    let smallest = &mut self.counters.smallest_text_gap;
                    *smallest = Some(smallest.map_or(gap, |known| known.min(gap)));
                }
            }
            Ok(PortNum::TracerouteApp) => self.counters.traceroutes.push(now.mono),
            Ok(PortNum::AdminApp) => self.counters.admin_packets += 1,
            _ => {}
        }
    }

    /// The limits per port (§4.5), with what the firmware says when one is
    /// broken. The queue status looks like success.
    fn within_limits(&mut self, now: Now, packet: &proto::MeshPacket, data: &proto::Data) -> bool {
        let port = data.portnum;
        let Some(conn) = &mut self.conn else {
            return true;
        };
        let last = conn.accepted.iter_mut().find(|(known, _)| *known == port);
        let too_soon = match (least_distance(port), &last) {
            (Some(least), Some((_, at))) => now.mono.saturating_sub(*at) < least,
            _ => false,
        };
        let traceroute = port == i32::from(PortNum::TracerouteApp);
        let to_everybody = traceroute && is_broadcast(packet) && packet.hop_limit > 0;
        if !too_soon && !to_everybody {
            match last {
                Some((_, at)) => *at = now.mono,
                None => conn.accepted.push((port, now.mono)),
            }
            return true;
        }
        let status = self.queue_status(now, 0, packet.id);
        self.push_status(status);
        if traceroute {
            let message = if to_everybody {
                "Multi-hop traceroute to broadcast address is not allowed"
            } else {
                "Traceroute can only be sent once every 30 seconds"
            };
            self.warn(now, packet.id, message);
        }
        if port == i32::from(PortNum::TextMessageApp) {
            self.counters.texts_rate_limited += 1;
            self.nak_limited(now, packet);
        }
        false
    }

    /// The NAK goes to whom the client wrote as sender: without a number it is
    /// transmitted to node 0, and the client learns nothing.
    fn nak_limited(&mut self, now: Now, packet: &proto::MeshPacket) {
        let mut nak = self.own_routing(now, packet.id, routing::Error::RateLimitExceeded);
        if packet.from == self.own.0 {
            self.counters.naks += 1;
            self.deliver_soon(now, nak);
        } else {
            nak.to = packet.from;
            nak.rx_time = None;
            self.transmit_own(now, nak);
        }
    }

    fn warn(&mut self, now: Now, id: u32, message: &str) {
        self.push_notice(proto::ClientNotification {
            reply_id: Some(id),
            time: self.time(now).unwrap_or(0),
            level: proto::log_record::Level::Warning.into(),
            message: message.as_bytes().to_vec(),
        });
    }

    /// Our node's own number as destination: admin, or a note to oneself.
    fn take_own(&mut self, now: Now, packet: &proto::MeshPacket, data: &proto::Data) {
        let status = self.queue_status(now, 0, packet.id);
        self.push_status(status);
        if packet.want_ack {
            let ack = self.own_routing(now, packet.id, routing::Error::None);
            self.deliver_soon(now, ack);
        }
        if data.portnum != i32::from(PortNum::AdminApp) {
            return;
        }
        let Ok(admin) = Admin::decode(data.payload.as_slice()) else {
            return;
        };
        if let Some(time) = admin.set_time_only {
            self.set_clock(now, time);
        }
        if let Some(number) = admin.remove_by_nodenum {
            self.world.people.retain(|person| person.num.0 != number);
        }
        if let Some(seconds) = admin.reboot_seconds.and_then(|s| u64::try_from(s).ok()) {
            let at = now.mono + Duration::from_secs(seconds);
            let down = Duration::from_millis(50);
            self.agenda.add(at, Event::Reboot(down));
        }
    }

    /// Channel, key, size and room; `Ok` tells whether PKI is used.
    fn admit(
        &mut self,
        now: Now,
        packet: &proto::MeshPacket,
        data: &proto::Data,
    ) -> Result<bool, Refusal> {
        let text = data.portnum == i32::from(PortNum::TextMessageApp);
        if let Some(error) = self.radio.refuse_text.take_if(|_| text) {
            return Err(Refusal::Routing(error));
        }
        let pki = self.uses_pki(packet, data)?;
        if !pki && !self.channel_in_use(packet.channel) {
            return Err(Refusal::Routing(routing::Error::NoChannel));
        }
        let overhead = RADIO_HEADER + if pki { PKI_OVERHEAD } else { 0 };
        let with_bitfield = proto::Data {
            bitfield: Some(0),
            ..data.clone()
        };
        if with_bitfield.encoded_len() + overhead > ON_AIR {
            return Err(Refusal::Routing(routing::Error::TooLarge));
        }
        if self.settings.region == 0 {
            return Err(Refusal::Silent(RES_DISABLED));
        }
        if self.free(now) == 0 {
            return Err(Refusal::Silent(RES_QUEUE_FULL));
        }
        Ok(pki)
    }

    /// Whether the packet is encrypted for its destination (§4.8). A node that
    /// is known without a key is refused; one that is unknown is sent to with
    /// the channel's key, as measured.
    fn uses_pki(&self, packet: &proto::MeshPacket, data: &proto::Data) -> Result<bool, Refusal> {
        let by_channel = [
            PortNum::TracerouteApp,
            PortNum::NodeinfoApp,
            PortNum::RoutingApp,
            PortNum::PositionApp,
        ];
        let exempt = by_channel.iter().any(|&p| i32::from(p) == data.portnum);
        if is_broadcast(packet) || exempt {
            return Ok(false);
        }
        let known = self.world.find(NodeNum(packet.to));
        match known.map(|person| person.public_key) {
            Some(None) => Err(Refusal::Routing(routing::Error::PkiSendFailPublicKey)),
            Some(Some(key)) if !packet.public_key.is_empty() && packet.public_key != key => {
                Err(Refusal::Routing(routing::Error::PkiFailed))
            }
            None if packet.pki_encrypted => Err(Refusal::Routing(routing::Error::PkiFailed)),
            known => Ok(known.is_some()),
        }
    }

    fn channel_in_use(&self, index: u32) -> bool {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let channel = self.settings.channels.get(index);
        index < ChannelIndex::COUNT && channel.is_some_and(|c| c.role != channel::Role::Disabled)
    }

    fn enqueue(
        &mut self,
        now: Now,
        mut packet: proto::MeshPacket,
        mut data: proto::Data,
        pki: bool,
    ) {
        let port = data.portnum;
        if port == i32::from(PortNum::TextMessageApp) {
            self.counters.texts_accepted += 1;
        }
        // A traceroute asks for an acknowledgement by itself, and so does PKI.
        packet.want_ack |= pki || port == i32::from(PortNum::TracerouteApp);
        if packet.hop_limit == 0 && packet.want_ack {
            packet.hop_limit = self.settings.hop_limit;
        }
        packet.hop_start = packet.hop_limit;
        packet.relay_node = u32::from(self.own.relay_byte());
        packet.pki_encrypted = pki;
        data.bitfield = Some(u32::from(data.want_response) << 1);
        let wanted_ack = packet.want_ack;
        packet.want_ack = wanted_ack && !is_broadcast(&packet);
        let id = packet.id;
        packet.payload_variant = Some(mesh_packet::PayloadVariant::Decoded(data));
        self.queue_job(
            now,
            Job {
                packet,
                accepted: now.mono,
                want_ack: wanted_ack,
                by_client: true,
            },
        );
        let status = self.queue_status(now, 0, id);
        self.push_status(status);
    }

    /// Nothing was sent: both in the queue status and as a NAK.
    fn refuse(&mut self, now: Now, id: u32, error: routing::Error) {
        let status = self.queue_status(now, error.into(), id);
        self.push_status(status);
        if error == routing::Error::DutyCycleLimit {
            self.warn(
                now,
                id,
                "Duty cycle limit exceeded. You can send again in 3 mins",
            );
        }
        self.counters.naks += 1;
        let nak = self.own_routing(now, id, error);
        self.deliver_soon(now, nak);
    }

    /// Free places in the transmit queue.
    pub(super) fn free(&self, now: Now) -> u32 {
        if self.radio.full_until.is_some_and(|until| now.mono < until) {
            return 0;
        }
        QUEUE.saturating_sub(self.radio.queued)
    }

    pub(super) fn queue_status(&self, now: Now, res: i32, id: u32) -> proto::QueueStatus {
        proto::QueueStatus {
            res,
            free: self.free(now),
            maxlen: QUEUE,
            mesh_packet_id: id,
        }
    }
}

/// Why a packet was not taken for transmission.
enum Refusal {
    /// With a NAK.
    Routing(routing::Error),
    /// With nothing but this result in the queue status.
    Silent(i32),
}

/// Least time between two packets of a port from one client (§4.5).
fn least_distance(port: i32) -> Option<Duration> {
    let seconds = match PortNum::try_from(port).ok()? {
        PortNum::TextMessageApp => 2,
        PortNum::TracerouteApp => 30,
        PortNum::PositionApp | PortNum::WaypointApp | PortNum::AlertApp | PortNum::TelemetryApp => {
            10
        }
        _ => return None,
    };
    Some(Duration::from_secs(seconds))
}
