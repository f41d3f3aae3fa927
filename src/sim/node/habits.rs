//! What happens without anybody asking: our node's own telemetry and the talk
//! of the made-up mesh.

use std::time::Duration;

use crate::mesh::{NodeNum, Now};
use crate::proto::{self, PortNum, mesh_packet, telemetry};
use crate::sim::{dump, world};

use super::{Event, SimNode};

/// Our node reports its own metrics this often (protocol.md §5.2).
pub(super) const OWN_TELEMETRY: Duration = Duration::from_secs(60);

impl SimNode {
    /// Our node's own metrics; at first with the local statistics, and only if
    /// nothing else waits for the client.
    pub(super) fn report_own(&mut self, now: Now) {
        self.agenda
            .add(now.mono + OWN_TELEMETRY, Event::OwnTelemetry);
        if !self.packets.is_empty() {
            return;
        }
        let uptime = self.uptime(now);
        let mut variants = vec![telemetry::Variant::DeviceMetrics(dump::own_metrics(uptime))];
        if uptime < 90 || uptime % 900 < 60 {
            variants.push(telemetry::Variant::LocalStats(self.local_stats(uptime)));
        }
        for variant in variants {
            let payload = world::telemetry(self.time(now).unwrap_or(0), variant);
            let packet = proto::MeshPacket {
                from: self.own.0,
                to: NodeNum::BROADCAST.0,
                id: self.new_id().0,
                rx_time: self.time(now),
                hop_limit: self.settings.hop_limit,
                priority: mesh_packet::Priority::Background.into(),
                payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                    portnum: PortNum::TelemetryApp.into(),
                    payload,
                    ..Default::default()
                })),
                ..Default::default()
            };
            self.deliver(packet);
        }
    }

    pub(super) fn local_stats(&self, uptime: u32) -> proto::LocalStats {
        let total = u32::try_from(self.world.people.len() + 1).unwrap_or(u32::MAX);
        proto::LocalStats {
            uptime_seconds: uptime,
            channel_utilization: 5.25,
            air_util_tx: 0.375,
            num_packets_tx: u32::try_from(self.counters.texts_accepted).unwrap_or(u32::MAX),
            num_packets_rx: uptime / 20,
            num_packets_rx_bad: uptime / 400,
            num_online_nodes: total,
            num_total_nodes: total,
        }
    }

    pub(super) fn plan_chatter(&mut self, now: Now) {
        if self.settings.chatter
            && let Some(pause) = self.world.pause(&mut self.rng)
        {
            self.agenda.add(now.mono + pause, Event::Chatter);
        }
    }

    pub(super) fn chatter(&mut self, now: Now) {
        let id = self.new_id().0;
        let time = self.time(now).unwrap_or(0);
        let uptime = self.uptime(now);
        let version = self.settings.version;
        let packet = (self.world).chatter(&mut self.rng, version, id, time, uptime);
        if let Some(packet) = packet.filter(|_| self.listening) {
            self.hear_by_radio(now, packet);
        }
        self.plan_chatter(now);
    }
}
