//! Sets the node's clock, if the operator wants that: the only thing that meshbot
//! ever changes in a node (features.md A19).

use std::time::Duration;

use log::info;
use prost::Message as _;

use super::Session;
use super::ending::Ending;
use crate::mesh::Now;
use crate::proto::{self, PortNum, admin_message, mesh_packet, to_radio};

/// Not more often than this.
const EVERY: Duration = Duration::from_secs(24 * 3_600);
/// A clock that is further off is set, in seconds.
const OFF: i64 = 60;

impl Session {
    /// A packet came, with or without a time of the node's.
    pub(super) fn look_at_clock(&mut self, now: Now, has_time: bool) {
        let lately = self.clock_set_at.is_some_and(|at| now.mono < at + EVERY);
        let sane = self.settings.sanity.check(now.unix);
        let Some(unix) = sane.filter(|_| !lately && self.ending == Ending::No) else {
            return;
        };
        let ahead = self.clock.ahead(now);
        let what = match ahead {
            Some(ahead) if ahead > OFF => format!("{ahead} s ahead"),
            Some(ahead) if ahead < -OFF => format!("{} s late", -ahead),
            _ if !has_time && !self.clock.is_told() => "not set".to_owned(),
            _ => return,
        };
        let Ok(time) = u32::try_from(unix) else {
            return;
        };
        info!("the node's clock was {what}: set it by this board's");
        self.clock_set_at = Some(now.mono);
        self.clock.set(now);
        self.write_time(now, time);
    }

    fn write_time(&mut self, now: Now, time: u32) {
        let id = self.new_id(now);
        let order = proto::AdminMessage {
            payload_variant: Some(admin_message::PayloadVariant::SetTimeOnly(time)),
        };
        let packet = proto::MeshPacket {
            from: self.own.0,
            to: self.own.0,
            id: id.0,
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: PortNum::AdminApp as i32,
                payload: order.encode_to_vec(),
                ..Default::default()
            })),
            ..Default::default()
        };
        self.write(now, to_radio::PayloadVariant::Packet(packet));
    }
}
