//! What our node hears, and what it learns from it.

use prost::Message;

use crate::mesh::{NodeNum, Now};
use crate::proto::{self, PortNum, mesh_packet, routing};
use crate::sim::Version;
use crate::sim::world::{self, Person};

use super::SimNode;
use super::packets::is_broadcast;

impl SimNode {
    pub(super) fn hear_by_radio(&mut self, now: Now, packet: proto::MeshPacket) {
        let for_us = is_broadcast(&packet) || packet.to == self.own.0;
        let readable = matches!(
            packet.payload_variant,
            Some(mesh_packet::PayloadVariant::Decoded(_))
        );
        let sender = self.world.find(NodeNum(packet.from));
        if packet.pki_encrypted && sender.is_some_and(|person| person.new_key.is_some()) {
            // Written with a key that our node does not have (protocol.md §4.8).
            return;
        }
        let kept_back = !readable && self.settings.version == Version::V2_8;
        if !self.listening() || !self.radio.is_new(&packet) || !for_us || kept_back {
            return;
        }
        if packet.want_ack && packet.to == self.own.0 && packet.from != self.own.0 {
            let mut ack = self.own_routing(now, packet.id, routing::Error::None);
            ack.to = packet.from;
            ack.rx_time = None;
            ack.hop_limit = self.settings.hop_limit;
            ack.hop_start = self.settings.hop_limit;
            self.transmit_own(now, ack);
        }
        self.learn(&packet);
        self.heard(now, packet);
    }

    /// A node info brings names and keys into the node database. A key that is
    /// known already is never replaced (protocol.md §4.8).
    fn learn(&mut self, packet: &proto::MeshPacket) {
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = &packet.payload_variant else {
            return;
        };
        let num = NodeNum(packet.from);
        if data.portnum != i32::from(PortNum::NodeinfoApp) || num == self.own {
            return;
        }
        let Ok(user) = proto::User::decode(data.payload.as_slice()) else {
            return;
        };
        let key = user.public_key.as_slice().try_into().ok();
        let people = &mut self.world.people;
        if let Some(person) = people.iter_mut().find(|person| person.num == num) {
            person.public_key = person.public_key.or(key);
        } else if people.len() < world::MOST_PEOPLE {
            let hops = packet.hop_start.saturating_sub(packet.hop_limit);
            people.push(Person {
                num,
                long_name: String::from_utf8_lossy(&user.long_name).into_owned(),
                short_name: String::from_utf8_lossy(&user.short_name).into_owned(),
                public_key: key,
                new_key: None,
                position: None,
                hops: u8::try_from(hops).unwrap_or(0),
                snr: packet.rx_snr,
                silent_secs: 0,
                battery: 101,
                hw_model: user.hw_model,
            });
        }
    }

    /// A packet is decoded and goes to the client: 100 ms and one look at the
    /// socket after it was on air (protocol.md §10).
    pub(super) fn heard(&mut self, now: Now, mut packet: proto::MeshPacket) {
        packet.rx_time = packet.rx_time.or_else(|| self.time(now));
        self.deliver_soon(now, packet);
    }
}
