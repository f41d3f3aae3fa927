//! What packets and our node's list teach the book.
//!
//! Newer knowledge is never replaced by older. Only live packets make radio
//! history: a replayed record is not a reception (features.md X5), and what
//! waited in the node says nothing about the radio now. Our own number is
//! believed only when the packet came from the device itself. Whatever cannot
//! be decoded is counted and changes nothing.

use std::time::Duration;

use prost::Message;

use super::NodeBook;
use crate::mesh::content::{self, User};
use crate::mesh::name::{self, LONG_NAME_MAX, SHORT_NAME_MAX};
use crate::mesh::node::{Metrics, Node, REGULAR_AFTER, Stamp};
use crate::mesh::wire::Odd;
use crate::mesh::{Hops, NodeNum, Now, Packet, Payload, Position, Sanity, Standing, plausible};
use crate::proto::{self, PortNum, telemetry};

/// What a packet changed beyond the ordinary.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Noted {
    /// The sender was not in the book before. Says little until
    /// [`NodeBook::had_list`].
    pub is_new: bool,
    /// The sender announced another public key than the one in the book. The
    /// announcement was ignored as our node ignores it; the next node list
    /// says which key our node goes by.
    pub key_differs: bool,
    /// The payload is not what its port promises.
    pub undecodable: bool,
    /// The sender is no stranger ([`NodeBook::is_regular`]).
    pub is_regular: bool,
}

impl NodeBook {
    /// Takes over our node's list from a handshake (protocol.md §3.9).
    pub fn note_node_list(&mut self, infos: &[proto::NodeInfo], now: Now, sanity: Sanity) {
        // Our own entry comes by itself at first, with the configuration.
        let has_others = infos.iter().any(|info| Some(NodeNum(info.num)) != self.own);
        let is_whole = has_others || std::mem::replace(&mut self.had_own, true);
        let first_list = is_whole && !self.had_list;
        self.had_list |= is_whole;
        for info in infos {
            self.watching_the_key(NodeNum(info.num), |book| {
                book.note_node_info(info, first_list, now, sanity);
            });
        }
        if first_list {
            // Only now it is certain who of those heard before is new.
            let met = self.nodes.values();
            let met = met.filter(|node| node.first_seen_mono.is_some());
            self.changes.nodes.extend(met.map(|node| node.num));
        }
    }

    /// Takes over what our node says of itself at the beginning of a
    /// handshake, long before its list.
    pub fn note_own(&mut self, info: &proto::NodeInfo, now: Now, sanity: Sanity) {
        self.watching_the_key(NodeNum(info.num), |book| {
            book.note_node_info(info, false, now, sanity);
        });
    }

    /// Notes whether `learn` gives the node another key in the place of the one
    /// that it had.
    fn watching_the_key<T>(&mut self, num: NodeNum, learn: impl FnOnce(&mut Self) -> T) -> T {
        let key = |book: &Self| book.get(num).and_then(|node| node.public_key);
        let before = key(self);
        let learnt = learn(self);
        if before.is_some() && key(self) != before {
            self.changes.rekeyed.insert(num);
        }
        learnt
    }

    fn note_node_info(
        &mut self,
        info: &proto::NodeInfo,
        first_list: bool,
        now: Now,
        sanity: Sanity,
    ) {
        let is_own = self.own == Some(NodeNum(info.num));
        self.latest = Some(now.mono);
        let heard = past(u64::from(info.last_heard), now, sanity);
        let heard_mono = since_start(heard, now, sanity);
        let restored = self.restored;
        let Some((node, is_new)) = self.entry(NodeNum(info.num), (heard_mono, heard)) else {
            return;
        };
        let age = heard.and_then(|at| sanity.age(at.unix(), now.unix));
        if first_list && (!restored || age.is_none_or(|age| age >= REGULAR_AFTER.as_secs())) {
            // Our node knew it, so it is no news, even if its packet was faster.
            // What was written down in an earlier run stands; whoever is not
            // among that and was heard lately has come while nobody looked.
            if node.first_seen_mono.take().is_some() {
                node.first_seen = None;
            }
        } else if is_new {
            node.first_seen = past(now.unix, now, sanity);
            node.first_seen_mono = Some(now.mono);
        }
        let outdated = heard < node.last_heard;
        let known_key = node.public_key;
        if let Some(user) = info.user.as_ref().map(User::from).as_ref() {
            // It is our node that encrypts and decrypts, so the key in its list
            // is the one that counts, whenever the node was heard. With another
            // key it is another installation, and our name is of the old one.
            let other_key = key_of(user).is_some_and(|key| known_key.is_some_and(|it| it != key));
            if outdated && !other_key {
                fill_gaps(node, user);
            } else {
                apply_user(node, user);
            }
        }
        if node.public_key != known_key {
            node.announced_other_key = false;
        }
        if let Some(wire) = &info.position {
            let at = past(u64::from(wire.time), now, sanity).or(heard);
            apply_position(node, wire, at, false);
        }
        if let Some(wire) = &info.device_metrics {
            apply_metrics(node, metrics_of(wire), heard, false);
        }
        if is_own {
            return;
        }
        if !outdated {
            node.last_heard = heard;
            node.last_heard_mono = node.last_heard_mono.max(heard_mono);
        }
        // From the first packet on, our own observation is better, and so is a
        // later one of an earlier run.
        if node.packets == 0 && !outdated {
            node.via_mqtt = info.via_mqtt;
            node.hops = listed_hops(info.hops_away);
            let direct = node.hops == Hops::Known(0) && !info.via_mqtt;
            // The field is 0 when nothing was measured.
            let measured = plausible::snr(info.snr).filter(|snr| *snr != 0.0);
            node.listed_snr = measured.filter(|_| direct);
        }
    }

    /// Takes in a packet from the mesh, or from our own node.
    pub fn note_packet(
        &mut self,
        packet: &Packet,
        standing: Standing,
        now: Now,
        sanity: Sanity,
    ) -> Noted {
        self.latest = Some(now.mono);
        let is_own = self.own == Some(packet.from);
        if is_own && (packet.by_lora || packet.via_mqtt) {
            // A late echo of ours, or somebody who claims to be us.
            return Noted::default();
        }
        if standing == Standing::Live && !is_own {
            self.count(&packet.payload);
        }
        let by_node = || past(packet.rx_time, now, sanity);
        let (at, heard) = match standing {
            Standing::Live => {
                let at = past(now.unix, now, sanity).or_else(by_node);
                (at, (Some(now.mono), at))
            }
            Standing::Backlog => {
                let at = by_node();
                (at, (since_start(at, now, sanity), at))
            }
            Standing::Replay => (by_node(), (None, None)),
        };
        if packet.payload == Payload::Encrypted && !self.nodes.contains_key(&packet.from) {
            // Whoever speaks only to others is none of our mesh; our node does
            // not list him either. One whom we know was really heard.
            return Noted::default();
        }
        let Some((node, is_new)) = self.entry(packet.from, heard) else {
            return Noted::default();
        };
        let known_key = node.public_key;
        let outdated = standing == Standing::Backlog && at < node.last_heard;
        if standing != Standing::Replay && !is_own {
            if is_new {
                node.first_seen = at;
                node.first_seen_mono = Some(now.mono);
            }
            // Our node opened the message with it, so it goes by this key.
            if packet.sender_key.is_some() {
                node.used_key |= packet.sender_key == known_key;
                node.public_key = packet.sender_key;
                node.announced_other_key = false;
            }
            // Nothing is later than now: a time that is comes from a clock that
            // was wrong.
            if standing == Standing::Live {
                node.last_heard = at.or(node.last_heard);
                node.last_heard_mono = heard.0;
            } else {
                node.last_heard = node.last_heard.max(at);
                node.last_heard_mono = node.last_heard_mono.max(heard.0);
            }
        }
        if standing == Standing::Live && !is_own {
            apply_radio(node, packet, now, at);
        }
        let mut noted = Noted {
            is_new: is_new && standing != Standing::Replay && !is_own,
            is_regular: node.is_regular(now),
            ..Noted::default()
        };
        let user_news = match standing {
            Standing::Replay => UserNews::Ignored,
            _ if is_own => UserNews::Ignored,
            Standing::Backlog if outdated => UserNews::Old,
            Standing::Live | Standing::Backlog => UserNews::Fresh,
        };
        let live = standing == Standing::Live;
        let applied = apply_payload(node, packet, user_news, at, live);
        if known_key.is_some() && node.public_key != known_key {
            self.changes.rekeyed.insert(packet.from);
        }
        match applied {
            Ok(key_differs) => noted.key_differs = key_differs,
            Err(_) => {
                noted.undecodable = true;
                if standing == Standing::Live && !is_own {
                    self.counters.undecodable += 1;
                }
            }
        }
        noted
    }
}

/// A time by some clock that is sane, and not later than now if ours is, too.
fn past(unix: u64, now: Now, sanity: Sanity) -> Option<Stamp> {
    let unix = sanity.check(unix)?;
    Stamp::new(sanity.check(now.unix).map_or(unix, |now| unix.min(now)))
}

/// The same moment since the program started, if it has happened since then.
fn since_start(at: Option<Stamp>, now: Now, sanity: Sanity) -> Option<Duration> {
    let age = sanity.age(at?.unix(), now.unix)?;
    now.mono.checked_sub(Duration::from_secs(age))
}

fn listed_hops(hops_away: Option<u32>) -> Hops {
    hops_away
        .and_then(plausible::hops)
        .map_or(Hops::Unknown, Hops::Known)
}

/// What a live packet tells about the way that it came.
fn apply_radio(node: &mut Node, packet: &Packet, now: Now, at: Option<Stamp>) {
    node.packets = node.packets.saturating_add(1);
    node.via_mqtt = packet.via_mqtt;
    if packet.via_mqtt || !packet.by_lora {
        return;
    }
    // Without its content an honest zero of relays cannot be told from a header
    // that was never filled: that is no reason to forget what was known.
    if packet.payload != Payload::Encrypted || packet.hops != Hops::Unknown {
        node.hops = packet.hops;
    }
    if let Hops::Known(hops) = packet.hops {
        node.hop_history.push(hops);
    }
    if let Some(signal) = packet.direct_signal() {
        node.heard_directly(signal, now, at);
    }
}

/// What a NODEINFO packet is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum UserNews {
    Fresh,
    /// The node has been heard since: only what is missing counts.
    Old,
    Ignored,
}

/// Reads the payload into the node. `Ok(true)`: it announced another key.
fn apply_payload(
    node: &mut Node,
    packet: &Packet,
    user_news: UserNews,
    at: Option<Stamp>,
    live: bool,
) -> Result<bool, prost::DecodeError> {
    match packet.port() {
        Some((PortNum::NodeinfoApp, bytes)) if user_news != UserNews::Ignored => {
            let decoded;
            let user = match User::read(bytes) {
                Ok(user) => user,
                Err(Odd) => {
                    decoded = proto::User::decode(bytes)?;
                    User::from(&decoded)
                }
            };
            let announced = key_of(&user);
            let differs =
                node.public_key.is_some() && announced.is_some() && node.public_key != announced;
            if user_news == UserNews::Fresh && announced.is_some() {
                node.announced_other_key = differs;
            }
            if differs {
                return Ok(true);
            }
            if user_news == UserNews::Fresh {
                apply_user(node, &user);
            } else {
                fill_gaps(node, &user);
            }
        }
        Some((PortNum::PositionApp, bytes)) => {
            let position = content::position(bytes)?;
            apply_position(node, &position, at, live);
        }
        Some((PortNum::TelemetryApp, bytes)) => {
            let telemetry = content::telemetry(bytes)?;
            let metrics = match &telemetry.variant {
                Some(telemetry::Variant::DeviceMetrics(wire)) => metrics_of(wire),
                Some(telemetry::Variant::LocalStats(wire)) => Metrics {
                    channel_utilization: Some(wire.channel_utilization),
                    air_util_tx: Some(wire.air_util_tx),
                    uptime: Some(wire.uptime_seconds),
                    ..Metrics::default()
                }
                .plausible(),
                Some(telemetry::Variant::EnvironmentMetrics(_)) | None => return Ok(false),
            };
            apply_metrics(node, metrics, at, live);
        }
        _ => {}
    }
    Ok(false)
}

fn key_of(user: &User<'_>) -> Option<[u8; 32]> {
    let key: [u8; 32] = user.public_key.try_into().ok()?;
    (key != [0; 32]).then_some(key)
}

/// What the user says of himself. An empty field says nothing.
fn apply_user(node: &mut Node, user: &User<'_>) {
    rename(&mut node.long_name, user.long_name, LONG_NAME_MAX);
    rename(&mut node.short_name, user.short_name, SHORT_NAME_MAX);
    node.role = user.role;
    if user.hw_model != 0 {
        node.hw_model = user.hw_model;
    }
    node.unmessagable = user.is_unmessagable.unwrap_or(false);
    node.public_key = key_of(user).or(node.public_key);
}

/// Outdated news still beat ignorance.
fn fill_gaps(node: &mut Node, user: &User<'_>) {
    if node.long_name.is_none() && node.short_name.is_none() {
        let known_key = node.public_key;
        apply_user(node, user);
        node.public_key = known_key.or(node.public_key);
    } else {
        node.public_key = node.public_key.or_else(|| key_of(user));
    }
}

fn rename(name: &mut Option<Box<str>>, said: &[u8], max_bytes: usize) {
    // Cleaning a clean name changes nothing, and most say what they always say.
    if said.is_empty()
        || name
            .as_deref()
            .is_some_and(|known| known.as_bytes() == said)
    {
        return;
    }
    let cleaned = name::clean(said, max_bytes);
    if !cleaned.is_empty() {
        *name = Some(cleaned.into_boxed_str());
    }
}

fn apply_position(node: &mut Node, wire: &proto::Position, at: Option<Stamp>, live: bool) {
    let Some(position) = Position::from_proto(wire) else {
        return;
    };
    if live || node.position.is_none() || node.position_at < at {
        node.position = Some(position);
        node.position_at = at;
    }
}

fn apply_metrics(node: &mut Node, new: Metrics, at: Option<Stamp>, live: bool) {
    let old = node.metrics;
    if live || old == Metrics::default() || node.metrics_at < at {
        node.metrics = Metrics {
            battery: new.battery.or(old.battery),
            voltage: new.voltage.or(old.voltage),
            channel_utilization: new.channel_utilization.or(old.channel_utilization),
            air_util_tx: new.air_util_tx.or(old.air_util_tx),
            uptime: new.uptime.or(old.uptime),
        };
        node.metrics_at = at;
    }
}

/// The plausible part of what a node says about itself.
fn metrics_of(wire: &proto::DeviceMetrics) -> Metrics {
    Metrics {
        battery: wire.battery_level.and_then(|it| u8::try_from(it).ok()),
        voltage: wire.voltage,
        channel_utilization: wire.channel_utilization,
        air_util_tx: wire.air_util_tx,
        uptime: wire.uptime_seconds,
    }
    .plausible()
}
