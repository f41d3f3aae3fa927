//! The link and the bot in one thread, without a socket: what the threads do
//! for a packet that arrives alone, one after the other.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use meshbot::app;
use meshbot::bot::all::{self, Outside};
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::host::HostStats;
use meshbot::bot::jobs::{Inline, JobResult};
use meshbot::config::Config;
use meshbot::history::{Batch, History};
use meshbot::link::core::{Act, Core};
use meshbot::link::outbox::{Gate, Outbox};
use meshbot::link::{Request, frame};
use meshbot::mesh::{Now, Sanity};
use meshbot::proto::{self, PortNum, channel, config, from_radio, mesh_packet};
use meshbot::store::history::Writer;
use prost::Message;

use crate::stream;
use crate::traffic::OWN;

/// The virtual clocks of the traffic are later.
pub const SANITY: Sanity = Sanity {
    built: 1_000_000_000,
};
const NONCE_CONFIG: u32 = 69_420;
const NONCE_NODES: u32 = 69_421;

/// Takes every batch and keeps none, but counts those of history.
#[derive(Default)]
pub struct Discard {
    pub batches: Arc<AtomicU64>,
}

impl History for Discard {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        let of_history = !batch.packets.is_empty();
        drop(batch);
        self.batches
            .fetch_add(u64::from(of_history), Ordering::Relaxed);
        Ok(())
    }
}

/// Writes at once, in the same thread.
pub struct Scribe(RefCell<Writer>);

impl Scribe {
    pub fn new(writer: Writer) -> Self {
        Self(RefCell::new(writer))
    }
}

impl History for Scribe {
    fn keep(&self, batch: Box<Batch>) -> Result<(), Box<Batch>> {
        self.0.borrow_mut().apply(&batch).unwrap();
        Ok(())
    }
}

pub struct Rig {
    core: Core,
    bot: Bot,
    requests: Receiver<Request>,
    results: Receiver<JobResult>,
    packets: u64,
    due: Option<Duration>,
}

impl Rig {
    /// A bot whose link is ready and quiet at `now`.
    pub fn new(history: Option<Box<dyn History>>, mut now: Now) -> Self {
        let config = "[node]\nhost = \"127.0.0.1\"\n";
        let config = Config::parse(config, "bench.toml").unwrap();
        let mut settings = app::link_settings(&config);
        settings.session.sanity = SANITY;
        let gate = Gate::new(settings.session.text_spacing);
        let (sender, requests) = bounded(256);
        let (done, results) = bounded(64);
        let wanted = Settings::from_config(&config, SANITY);
        let parts = Parts {
            outbox: Outbox::new(sender, Arc::new(|| {}), gate.clone()),
            errands: Box::new(Inline(done)),
            keeper: Arc::new(Forgetful),
            history,
            archive: None,
            capabilities: all::capabilities(&wanted, &Outside::default()),
            host: Box::new(HostStats::default),
            registry: all::registry(),
        };
        let bot = Bot::new(wanted, parts, Before::default());
        let core = Core::new(settings, gate, fastrand::Rng::with_seed(1));
        let mut rig = Self {
            core,
            bot,
            requests,
            results,
            packets: 0,
            due: Some(Duration::ZERO),
        };
        // A minute before the first packet: the handshake and the drain.
        now.mono = now.mono.saturating_sub(Duration::from_secs(60));
        now.unix -= 60;
        rig.round(now);
        let address = SocketAddr::from(([127, 0, 0, 1], 4403));
        assert_eq!(rig.core.act(), Some(Act::Connect(address)));
        rig.core.connected(now);
        rig.round(now);
        for bytes in handshake() {
            rig.receive(now, &bytes);
        }
        now = now.plus(Duration::from_secs(6));
        rig.round(now);
        assert!(rig.core.session().awaits_nodes());
        let done = from_radio::PayloadVariant::ConfigCompleteId(NONCE_NODES);
        rig.receive(now, &stream::from_radio(done));
        assert!(rig.core.session().is_ready() && !rig.core.session().awaits_nodes());
        rig.packets = 0;
        rig
    }

    /// Bytes arrive: a round of `io` and one of `dispatch`.
    pub fn receive(&mut self, now: Now, bytes: &[u8]) {
        self.core.received(now, bytes);
        self.packets += 1;
        self.round(now);
    }

    /// What both threads do whenever they wake up.
    pub fn round(&mut self, now: Now) {
        while let Ok(request) = self.requests.try_recv() {
            self.core.request(now, request);
        }
        if self.due.is_some_and(|at| at <= now.mono) {
            self.core.tick(now);
        }
        let output = self.core.output().len();
        if output > 0 {
            self.core.wrote(now, output);
        }
        while let Some(event) = self.core.event() {
            if self.bot.deadline().is_some_and(|at| at <= now.mono) {
                self.bot.tick(now);
                std::hint::black_box(self.bot.deadline());
            }
            self.bot.handle(now, event);
        }
        // The thread waits for these together with the events.
        if !self.results.is_empty() {
            while let Ok(result) = self.results.try_recv() {
                self.bot.finished(now, result);
            }
        }
        self.due = self.core.deadline();
    }

    /// Packets received so far must all have been understood.
    pub fn check(&self) {
        let counters = self.core.session().counters();
        assert_eq!(
            counters.undecodable + counters.duplicates,
            0,
            "{counters:?}"
        );
        assert!(counters.frames >= self.packets);
        let book = self.bot.book().counters();
        assert_eq!(book.undecodable, 0, "{book:?}");
    }
}

fn handshake() -> Vec<Vec<u8>> {
    use from_radio::PayloadVariant as V;
    let me = proto::MyNodeInfo {
        my_node_num: OWN.0,
        nodedb_count: 1,
        ..proto::MyNodeInfo::default()
    };
    let own = proto::NodeInfo {
        num: OWN.0,
        ..proto::NodeInfo::default()
    };
    let lora = config::PayloadVariant::Lora(config::LoRaConfig {
        hop_limit: 3,
        ..config::LoRaConfig::default()
    });
    let mut variants = vec![
        V::MyInfo(me),
        V::NodeInfo(own),
        V::Metadata(proto::DeviceMetadata::default()),
        V::Config(proto::Config {
            payload_variant: Some(lora),
        }),
    ];
    variants.extend((0..8).map(|index| {
        let role = match index {
            0 => channel::Role::Primary,
            _ => channel::Role::Disabled,
        };
        V::Channel(proto::Channel {
            index,
            settings: (index == 0).then(proto::ChannelSettings::default),
            role: role as i32,
        })
    }));
    variants.push(V::ConfigCompleteId(NONCE_CONFIG));
    variants.into_iter().map(stream::from_radio).collect()
}

/// What a bare loop does with a stream: finds the frames, decodes them, and
/// forgets them. `further` may look at each of them.
pub fn floor(bytes: &[u8], further: impl Fn(&proto::FromRadio)) {
    let mut rest = bytes;
    while let [frame::START1, frame::START2, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (payload, next) = after.split_at(length);
        let message = proto::FromRadio::decode(payload);
        if let Ok(message) = &message {
            further(message);
        }
        drop(std::hint::black_box(message));
        rest = next;
    }
}

/// Decodes what a packet carries: to the frame it is a field of bytes.
pub fn decode_content(message: &proto::FromRadio) {
    use mesh_packet::PayloadVariant::Decoded;
    use std::hint::black_box;
    let Some(from_radio::PayloadVariant::Packet(packet)) = &message.payload_variant else {
        return;
    };
    let Some(Decoded(data)) = &packet.payload_variant else {
        return;
    };
    let bytes = data.payload.as_slice();
    match PortNum::try_from(data.portnum) {
        Ok(PortNum::PositionApp) => drop(black_box(proto::Position::decode(bytes))),
        Ok(PortNum::TelemetryApp) => drop(black_box(proto::Telemetry::decode(bytes))),
        Ok(PortNum::NodeinfoApp) => drop(black_box(proto::User::decode(bytes))),
        Ok(PortNum::NeighborinfoApp) => drop(black_box(proto::NeighborInfo::decode(bytes))),
        Ok(PortNum::TracerouteApp) => drop(black_box(proto::RouteDiscovery::decode(bytes))),
        Ok(PortNum::RoutingApp) => drop(black_box(proto::Routing::decode(bytes))),
        _ => {}
    }
}
