//! The API as the client sees it: requests in, frames out, and the queues
//! between the mesh and the client.
//!
//! All input is handled before anything is written, as firmware does: so two
//! requests in one segment get one answer.

use std::time::Duration;

use prost::Message;

use crate::link::frame;
use crate::mesh::Now;
use crate::proto::{self, PortNum, from_radio, to_radio};
use crate::sim::Version;
use crate::sim::dump::{self, Kind, Own};
use crate::sim::fault::After;

use super::{Event, Output, SimNode, port_of};

/// So many queue statuses wait for the client; older ones are lost
/// (protocol.md §4.6).
const STATUSES: usize = 2;

impl SimNode {
    pub(super) fn stalled(&self, now: Now) -> bool {
        self.stalled_until.is_some_and(|until| now.mono < until)
            || self.conn.as_ref().is_some_and(|conn| conn.stalled)
    }

    pub(super) fn has_work(&self, now: Now) -> bool {
        let Some(conn) = self.conn.as_ref().filter(|_| !self.stalled(now)) else {
            return false;
        };
        let waiting = !self.packets.is_empty()
            || !self.statuses.is_empty()
            || !self.notices.is_empty()
            || !conn.replay.is_empty();
        conn.unread || self.heartbeat || !conn.dump.is_empty() || (conn.steady && waiting)
    }

    /// The socket is looked at every 5 ms within 2 s of traffic, otherwise
    /// every 250 ms (protocol.md §1.4).
    pub(super) fn plan_poll(&mut self, now: Now) {
        let busy = self.conn.as_ref().is_some_and(|conn| {
            !conn.unread && now.mono.saturating_sub(conn.last_bytes) < Duration::from_secs(2)
        });
        let wait = self.lag(if busy { 1..=5 } else { 1..=250 });
        self.poll_planned = true;
        self.agenda.add(now.mono + wait, Event::Poll);
    }

    /// Reads everything, then writes everything.
    pub(super) fn poll(&mut self, now: Now) {
        if self.stalled(now) {
            return;
        }
        let mut frames = Vec::new();
        if let Some(conn) = &mut self.conn {
            conn.unread = false;
            while let Some(frame) = conn.input.next_frame() {
                frames.push(frame.to_vec());
            }
        }
        for frame in frames {
            match proto::ToRadio::decode(frame.as_slice()) {
                Ok(message) => self.handle(now, message),
                Err(_) => self.counters.malformed += 1,
            }
        }
        self.write_pending(now);
        self.flush();
    }

    pub(super) fn handle(&mut self, now: Now, message: proto::ToRadio) {
        let Some(conn) = &mut self.conn else { return };
        conn.last_message = now.mono;
        let id = conn.id;
        match message.payload_variant {
            Some(to_radio::PayloadVariant::WantConfigId(nonce)) => self.start_dump(now, nonce),
            Some(to_radio::PayloadVariant::Heartbeat(heartbeat)) => {
                self.counters.heartbeats += 1;
                if heartbeat.nonce == 1 {
                    self.counters.heartbeats_nonce_one += 1;
                    self.broadcast_own_user(now);
                } else {
                    self.heartbeat = true;
                }
            }
            Some(to_radio::PayloadVariant::Disconnect(_)) => {
                conn.leaving = true;
                self.counters.disconnects += 1;
                // Measured: within about 50 ms.
                let lag = self.lag(5..=50);
                self.agenda.add(now.mono + lag, Event::Close(id));
            }
            Some(to_radio::PayloadVariant::Packet(packet)) => self.take_packet(now, packet),
            None => {}
        }
    }

    pub(super) fn start_dump(&mut self, now: Now, nonce: u32) {
        let kind = Kind::of(nonce);
        match kind {
            Kind::Full => self.counters.want_full += 1,
            Kind::ConfigOnly => self.counters.want_config_only += 1,
            Kind::NodesOnly => self.counters.want_nodes_only += 1,
        }
        if kind != Kind::NodesOnly
            && let Some(number) = self.next_own.take()
        {
            self.own = number;
        }
        let own = self.describe_own(now);
        let dump = dump::pieces(&self.settings, &own, &self.world, nonce);
        let replays = self.settings.replay
            && self.settings.version == Version::V2_8
            && !self.settings.locked
            && kind != Kind::ConfigOnly;
        let replay = if replays {
            dump::replay(&own, &self.world)
        } else {
            Vec::new()
        };
        if let Some(conn) = &mut self.conn {
            conn.steady = false;
            conn.configures = kind != Kind::NodesOnly;
            conn.dump = dump.into();
            conn.replay = replay.into();
        }
    }

    pub(super) fn describe_own(&self, now: Now) -> Own<'_> {
        Own {
            num: self.own,
            uptime: self.uptime(now),
            time: self.time(now).unwrap_or(0),
            start_time: self.time(self.booted).unwrap_or(0),
            private_key: &self.keys.private,
            public_key: &self.keys.public,
        }
    }

    /// In firmware's order: heartbeat, dump, statuses, notices, packets, replay.
    pub(super) fn write_pending(&mut self, now: Now) {
        if self.conn.is_none() {
            return;
        }
        if std::mem::take(&mut self.heartbeat) {
            let status = self.queue_status(now, 0, 0);
            self.write_message(from_radio::PayloadVariant::QueueStatus(status));
        }
        self.write_dump();
        while self.writable() {
            let message = if let Some(status) = self.statuses.pop_front() {
                from_radio::PayloadVariant::QueueStatus(status)
            } else if let Some(notice) = self.notices.pop_front() {
                from_radio::PayloadVariant::ClientNotification(notice)
            } else if let Some(packet) = self.packets.pop_front() {
                from_radio::PayloadVariant::Packet(packet)
            } else if let Some(packet) = self.conn.as_mut().and_then(|c| c.replay.pop_front()) {
                from_radio::PayloadVariant::Packet(packet)
            } else {
                break;
            };
            self.write_message(message);
        }
    }

    /// A client in steady state reads.
    pub(super) fn writable(&self) -> bool {
        let conn = self.conn.as_ref();
        conn.is_some_and(|conn| conn.steady && !conn.stalled)
    }

    pub(super) fn write_dump(&mut self) {
        loop {
            let Some(conn) = self.conn.as_mut().filter(|conn| !conn.stalled) else {
                return;
            };
            let Some(piece) = conn.dump.pop_front() else {
                return;
            };
            let last = conn.dump.is_empty();
            if piece.node {
                let after = self.stream.before_node();
                if self.apply(after) {
                    return;
                }
            }
            self.write(piece.frame);
            if let Some(conn) = self.conn.as_mut().filter(|conn| last && !conn.stalled) {
                conn.steady = true;
                self.counters.completed += 1;
                self.counters.configured += u64::from(conn.configures);
            }
        }
    }

    pub(super) fn write_message(&mut self, message: from_radio::PayloadVariant) {
        let message = proto::FromRadio {
            payload_variant: Some(message),
            ..Default::default()
        };
        let mut bytes = Vec::new();
        frame::encode(&message, &mut bytes);
        self.write(bytes);
    }

    pub(super) fn write(&mut self, mut bytes: Vec<u8>) {
        if self.conn.as_ref().is_none_or(|conn| conn.stalled) {
            return;
        }
        if self.stream.noise > 0 && self.rng.u8(0..100) < self.stream.noise {
            let length = self.rng.usize(1..64);
            let noise = (0..length).map(|_| self.rng.u8(0..frame::START1));
            let noise: Vec<u8> = noise.collect();
            bytes.splice(0..0, noise);
        }
        let after = self.stream.spoil(&mut bytes);
        self.batch.append(&mut bytes);
        self.apply(after);
    }

    /// Ends or stalls the connection; whether it did.
    pub(super) fn apply(&mut self, after: After) -> bool {
        match after {
            After::GoOn => return false,
            After::Closed => self.close_current(),
            After::Stalled => {
                if let Some(conn) = &mut self.conn {
                    conn.stalled = true;
                }
            }
        }
        true
    }

    pub(super) fn flush(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        let Some(conn) = self.conn.as_ref().filter(|_| !batch.is_empty()) else {
            return;
        };
        let chunk = match self.stream.chunk {
            0 => batch.len(),
            chunk => chunk,
        };
        for part in batch.chunks(chunk) {
            let output = Output::Bytes(conn.id, part.to_vec());
            self.outputs.push_back(output);
        }
    }

    pub(super) fn push_status(&mut self, status: proto::QueueStatus) {
        if self.statuses.len() == STATUSES {
            self.statuses.pop_front();
        }
        self.statuses.push_back(status);
    }

    pub(super) fn push_notice(&mut self, notice: proto::ClientNotification) {
        self.notices.push_back(notice);
    }

    /// Queues a packet for the client, under the rules for a full queue
    /// (protocol.md §5.1).
    pub(super) fn deliver(&mut self, packet: proto::MeshPacket) {
        if self.settings.locked || self.rival.as_ref().is_some_and(|rival| rival.present) {
            return;
        }
        if std::mem::take(&mut self.dead_socket) {
            self.counters.lost_to_client += 1;
            return;
        }
        if self.packets.len() >= self.settings.backlog {
            self.counters.lost_to_client += 1;
            if port_of(&packet) != Some(PortNum::TextMessageApp.into()) {
                return;
            }
            self.packets.pop_front();
        }
        self.packets.push_back(packet);
    }
}
