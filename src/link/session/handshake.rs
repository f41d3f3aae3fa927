//! The phases of a session, from the first request to the steady state.
//!
//! Configuration first, so that the bot can answer at once; the node list
//! second, when the back-log has drained (decisions.md, "handshake").

use std::time::Duration;

use crate::link::message::{ChannelInfo, Identity};
use crate::mesh::NodeNum;
use crate::proto::{self, channel, config};

/// Asks for everything but the other nodes (protocol.md §2.1).
pub const NONCE_CONFIG: u32 = 69_420;
/// Asks for the nodes only.
pub const NONCE_NODES: u32 = 69_421;
/// No frame for so long during a phase: it has stalled.
pub const STALL: Duration = Duration::from_secs(15);
/// A configuration that is not complete after this time never will be, however
/// much of it keeps coming: the slowest links need about 60 s
/// (protocol.md §2.4).
pub const CONFIG_MAX: Duration = Duration::from_secs(120);
/// The hop limit of a node that nobody has changed (protocol.md §4.1).
pub const FACTORY_HOPS: u32 = 3;
/// A phase that failed for the nodes is not tried again before this.
pub const NODES_AGAIN: Duration = Duration::from_secs(600);
/// What the node has kept comes in one burst right after the configuration. It is
/// over when no text came for two of the node's polls and a little more
/// (protocol.md §1.4)…
pub const DRAIN_QUIET: Duration = Duration::from_millis(600);
/// …or when this has passed since the configuration was complete.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);

/// More nodes than any node knows; what is beyond is not kept.
pub const MAX_NODES: usize = 4_096;

/// Configurations with gaps that are asked for again on one connection, before
/// they are taken as they are.
pub const GAPS_ASKED: u8 = 2;

/// How to ask the node for what it knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Handshake {
    /// Configuration, then nodes.
    #[default]
    TwoPhase,
    /// Everything under one ordinary nonce.
    Full,
}

/// Where a session stands.
#[derive(Debug)]
pub enum Phase {
    /// No connection.
    Down,
    /// The node says again and again that it has restarted: asked when this is over.
    Restarting { until: Duration },
    /// The configuration was asked for under `nonce`.
    Config {
        nonce: u32,
        since: Duration,
        last_frame: Duration,
        draft: Draft,
    },
    /// Usable; what comes may still be from before the connection. `last` is the
    /// last text.
    Drain { since: Duration, last: Duration },
    /// Usable; the node list was asked for.
    Nodes { last_frame: Duration },
    /// Usable; the node list may be asked for (again) at a given time.
    Steady { nodes_at: Option<Duration> },
}

impl Phase {
    /// Whether texts can be sent.
    pub fn is_ready(&self) -> bool {
        !matches!(
            self,
            Self::Down | Self::Restarting { .. } | Self::Config { .. }
        )
    }

    /// Whether what comes may have been kept by the node from before.
    pub fn may_be_old(&self) -> bool {
        !matches!(self, Self::Nodes { .. } | Self::Steady { .. })
    }

    /// Whether nodes come one after the other and are passed on together.
    pub fn collects_nodes(&self) -> bool {
        matches!(self, Self::Config { .. } | Self::Nodes { .. })
    }

    /// When the phase has to be looked at again.
    pub fn deadline(&self) -> Option<Duration> {
        match self {
            Self::Down => None,
            Self::Restarting { until } => Some(*until),
            Self::Config {
                since, last_frame, ..
            } => Some((*last_frame + STALL).min(*since + CONFIG_MAX)),
            Self::Nodes { last_frame } => Some(*last_frame + STALL),
            Self::Drain { since, last } => Some((*last + DRAIN_QUIET).min(*since + DRAIN_MAX)),
            Self::Steady { nodes_at } => *nodes_at,
        }
    }
}

/// The configuration as far as it has come.
#[derive(Debug)]
pub struct Draft {
    pub identity: Box<Identity>,
    /// What has come of that which every firmware sends (protocol.md §2.2).
    pub seen: Parts,
    /// Bytes that belonged to no frame, when it was asked for.
    pub stray: u64,
}

/// A set of parts of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Parts(u16);

impl Parts {
    const METADATA: Self = Self(1 << 8);
    const LORA: Self = Self(1 << 9);
    /// The node's own entry, which bears the number that it gave.
    pub const OWN: Self = Self(1 << 10);
    /// No byte came that belonged to no frame.
    pub const NO_STRAY: Self = Self(1 << 11);
    pub const ALL: Self = Self((1 << 12) - 1);

    fn channel(index: usize) -> Self {
        Self(1 << index)
    }

    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

/// What holds until the node says otherwise: the factory's hop limit, and a
/// primary channel, which every node has.
pub fn blank(stray: u64) -> Draft {
    let mut identity = Box::<Identity>::default();
    identity.lora.hop_limit = FACTORY_HOPS;
    identity.channels[0].enabled = true;
    Draft {
        identity,
        seen: Parts::default(),
        stray,
    }
}

/// Enters one frame of the configuration into the draft. `false` when the
/// frame is not part of it.
pub fn note(draft: &mut Draft, variant: &proto::from_radio::PayloadVariant) -> bool {
    use proto::from_radio::PayloadVariant as V;
    let Draft { identity, seen, .. } = draft;
    match variant {
        V::MyInfo(info) => {
            identity.num = NodeNum(info.my_node_num);
            identity.nodedb_count = info.nodedb_count;
            identity.reboot_count = info.reboot_count;
        }
        V::Metadata(metadata) => {
            identity.firmware.clone_from(&metadata.firmware_version);
            seen.add(Parts::METADATA);
        }
        V::Channel(wire) => {
            if let Some((index, slot)) = usize::try_from(wire.index)
                .ok()
                .and_then(|index| Some((index, identity.channels.get_mut(index)?)))
            {
                seen.add(Parts::channel(index));
                *slot = ChannelInfo {
                    name: wire
                        .settings
                        .as_ref()
                        .map(|settings| settings.name.clone())
                        .unwrap_or_default(),
                    enabled: wire.role != channel::Role::Disabled as i32,
                };
            }
        }
        V::Config(proto::Config {
            payload_variant: Some(config::PayloadVariant::Lora(lora)),
        }) => {
            identity.lora = *lora;
            seen.add(Parts::LORA);
        }
        V::Config(_) | V::ModuleConfig(_) | V::DeviceuiConfig(_) | V::FileInfo(_) => {}
        _ => return false,
    }
    true
}
