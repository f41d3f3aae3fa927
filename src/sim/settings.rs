//! What can be chosen about a simulated node before it boots, and what it
//! counts while it runs.

use std::time::Duration;

use crate::mesh::NodeNum;
use crate::proto::channel::Role;

/// Which firmware is imitated.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Version {
    /// 2.7.26: node infos carry position and metrics (capture 01, 02, 11).
    #[default]
    V2_7,
    /// 2.8.0-dev: thin node infos, stored records replayed as packets,
    /// unreadable packets kept back (capture 09, 12).
    V2_8,
}

/// How the node fills `rx_time` (protocol.md §5.4).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Clock {
    /// No clock: `rx_time` is absent until a client sends `set_time_only`.
    Unset,
    /// The board's time.
    #[default]
    Right,
    /// Ahead of the board by this many seconds (behind when negative).
    Off(i64),
}

/// One channel of the node's table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SimChannel {
    /// At most 11 bytes; empty shows as the preset's name (protocol.md §3.13).
    pub name: String,
    /// `Disabled` leaves a hole in the table.
    pub role: Role,
}

impl SimChannel {
    /// The first channel of a table is usually the primary one.
    #[must_use]
    pub fn new(name: &str, role: Role) -> Self {
        Self {
            name: name.to_owned(),
            role,
        }
    }
}

/// Everything that can be chosen about a node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// The firmware imitated.
    pub version: Version,
    /// Seed of everything that is random: people, ids, delays.
    pub seed: u64,
    /// Other nodes in the node database; at most 249 (protocol.md §2.2).
    pub nodes: usize,
    /// Delays as measured (protocol.md §10). Without it everything is answered
    /// at once, acknowledgements and retransmission failures included.
    pub latency: bool,
    /// The made-up mesh talks by itself: telemetry, positions, small talk.
    pub chatter: bool,
    /// The node reports its own metrics once a minute (protocol.md §5.2).
    pub own_telemetry: bool,
    /// The node's own number.
    pub own: NodeNum,
    /// Channels from index 0 on; at most 8, the rest is disabled.
    pub channels: Vec<SimChannel>,
    /// `config.lora.hop_limit`.
    pub hop_limit: u32,
    /// `config.lora.region`; 0 is UNSET, and then nothing is transmitted.
    pub region: u32,
    /// Repeats every transmission as a SIMULATOR_APP packet with a second
    /// queue status, as only a simulated radio does (protocol.md §10).
    pub echo_simulated_radio: bool,
    /// The node's clock.
    pub clock: Clock,
    /// Packets kept while no client reads; 32 on most boards, 8 on a classic
    /// ESP32, 100 natively (protocol.md §5.1, §10).
    pub backlog: usize,
    /// 2.8 only: stored records follow a completed node phase or full sync
    /// (features X5). The recordings of a two-phase handshake show none.
    pub replay: bool,
    /// A provisioned lockdown build that is locked: handshakes succeed with no
    /// channels and no nodes, and packets are withheld (protocol.md §2.7).
    pub locked: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: Version::default(),
            seed: 1,
            nodes: 15,
            latency: false,
            chatter: false,
            own_telemetry: true,
            own: NodeNum(0xa1b2_c3d4),
            channels: vec![
                SimChannel::new("", Role::Primary),
                SimChannel::new("bot", Role::Secondary),
            ],
            hop_limit: 3,
            region: 3,
            echo_simulated_radio: false,
            clock: Clock::default(),
            backlog: 32,
            replay: true,
            locked: false,
        }
    }
}

/// What the node has seen its clients do, since it was made. A reboot of the
/// node does not reset it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Connections made by clients (rivals are not counted).
    pub accepts: u64,
    /// Clients that hold the slot right now: 0 or 1.
    pub open: u64,
    /// Requests for everything (an ordinary nonce).
    pub want_full: u64,
    /// Requests for all but the other nodes (69420).
    pub want_config_only: u64,
    /// Requests for the nodes only (69421).
    pub want_nodes_only: u64,
    /// Handshakes of any kind that were written out completely.
    pub completed: u64,
    /// Those of them that tell the configuration, with or without the nodes.
    pub configured: u64,
    /// Heartbeats, those with nonce 1 included.
    pub heartbeats: u64,
    /// Heartbeats with nonce 1, which disturb the whole mesh (trap T5).
    pub heartbeats_nonce_one: u64,
    /// Packets of any port that came from clients.
    pub packets: u64,
    /// Texts taken for transmission.
    pub texts_accepted: u64,
    /// Texts swallowed because they came within 2 s (protocol.md §4.5).
    pub texts_rate_limited: u64,
    /// Smallest distance between two texts of one connection, accepted or not.
    pub smallest_text_gap: Option<Duration>,
    /// When (monotonic) each traceroute request arrived, refused ones included.
    pub traceroutes: Vec<Duration>,
    /// Packets on the ADMIN port.
    pub admin_packets: u64,
    /// Frames that were no `ToRadio` or broke a limit of the firmware's decoder.
    pub malformed: u64,
    /// Packets ignored because their id was among the last 20.
    pub ids_repeated: u64,
    /// Negative acknowledgements that the node itself handed to a client.
    pub naks: u64,
    /// `disconnect` messages.
    pub disconnects: u64,
    /// Connections closed after 900 s without a message.
    pub idle_closes: u64,
    /// Packets lost because the queue towards the client was full, or into a
    /// socket that was already dead.
    pub lost_to_client: u64,
}
