//! The node itself: connections, the API that a client talks to, and what
//! waits for it.
//!
//! - One client at a time, and the newest wins (protocol.md §1.4).
//! - Every public verb ends in [`SimNode::settle`]; afterwards nothing is due.

mod air;
mod api;
mod habits;
mod hearing;
mod packets;
mod sending;
mod slot;

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;

use crate::link::frame;
use crate::mesh::{ChannelIndex, NodeNum, Now, PacketId};
use crate::proto::channel::Role;
use crate::proto::{self, from_radio, mesh_packet};

use super::agenda::Agenda;
use super::fault::{Fault, StreamFaults};
use super::said::Said;
use super::settings::{Clock, Counters, Settings, SimChannel};
use super::world::{Person, World};
use air::Radio;
use habits::OWN_TELEMETRY;
use packets::Job;
use slot::{Connection, Rival};

pub use air::OnAir;
pub use slot::{ClientClose, ConnId};

/// What the shell around the node has to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Write these bytes.
    Bytes(ConnId, Vec<u8>),
    /// Close this connection, after the bytes before.
    Close(ConnId),
}

/// The simulated node. See the module's documentation.
pub struct SimNode {
    settings: Settings,
    rng: Rng,
    world: World,
    own: NodeNum,
    next_own: Option<NodeNum>,
    keys: Keys,
    /// The node's clock minus the board's; `None` = not set.
    clock: Option<i64>,
    booted: Now,
    listening: bool,
    conn: Option<Connection>,
    /// Connections that have not taken over yet.
    waiting: Vec<Connection>,
    last_conn: u64,
    /// A client left by a plain end of file and nothing was written since.
    dead_socket: bool,
    rival: Option<Rival>,
    agenda: Agenda<Event>,
    outputs: VecDeque<Output>,
    /// Bytes of the current poll.
    batch: Vec<u8>,
    packets: VecDeque<proto::MeshPacket>,
    statuses: VecDeque<proto::QueueStatus>,
    notices: VecDeque<proto::ClientNotification>,
    heartbeat: bool,
    poll_planned: bool,
    stalled_until: Option<Duration>,
    stream: StreamFaults,
    radio: Radio,
    air: Vec<OnAir>,
    counters: Counters,
}

struct Keys {
    public: [u8; 32],
    private: [u8; 32],
}

/// What the node does later.
enum Event {
    TakeOver(ConnId),
    Poll,
    Idle(ConnId),
    Close(ConnId),
    Deliver(Box<proto::MeshPacket>),
    Hear(Box<proto::MeshPacket>),
    Transmit(Box<Job>),
    QueueFree,
    OwnTelemetry,
    Chatter,
    StallOver,
    RivalBack,
    RivalLeaves,
    Reboot(Duration),
    ListenAgain,
}

impl SimNode {
    /// A node that has just started.
    #[must_use]
    pub fn new(settings: Settings, now: Now) -> Self {
        let mut rng = Rng::with_seed(settings.seed);
        let world = World::new(&mut rng, settings.nodes, settings.own);
        let mut keys = Keys {
            public: [0; 32],
            private: [0; 32],
        };
        rng.fill(&mut keys.public);
        rng.fill(&mut keys.private);
        let mut node = Self {
            own: settings.own,
            next_own: None,
            keys,
            clock: None,
            booted: now,
            listening: true,
            conn: None,
            waiting: Vec::new(),
            last_conn: 0,
            dead_socket: false,
            rival: None,
            agenda: Agenda::default(),
            outputs: VecDeque::new(),
            batch: Vec::new(),
            packets: VecDeque::new(),
            statuses: VecDeque::new(),
            notices: VecDeque::new(),
            heartbeat: false,
            poll_planned: false,
            stalled_until: None,
            stream: StreamFaults::default(),
            radio: Radio::default(),
            air: Vec::new(),
            counters: Counters::default(),
            settings,
            rng,
            world,
        };
        node.boot(now);
        node.plan_chatter(now);
        node
    }

    fn boot(&mut self, now: Now) {
        self.booted = now;
        self.listening = true;
        self.clock = match self.settings.clock {
            Clock::Unset => None,
            Clock::Right => Some(0),
            Clock::Off(seconds) => Some(seconds),
        };
        if self.settings.own_telemetry {
            self.agenda
                .add(now.mono + OWN_TELEMETRY, Event::OwnTelemetry);
        }
    }

    // ------------------------------------------------------------ the client

    /// A client connects. It takes over from the one before, at once or
    /// (with latency) at the next look at the listener.
    pub fn accept(&mut self, now: Now) -> ConnId {
        self.last_conn += 1;
        let id = ConnId(self.last_conn);
        self.counters.accepts += 1;
        self.waiting.push(Connection::new(id, now.mono));
        // Measured: 11 to 92 ms, since the listener is looked at every 100 ms.
        let lag = self.lag(11..=92);
        self.agenda.add(now.mono + lag, Event::TakeOver(id));
        self.settle(now);
        id
    }

    /// The client sends bytes. Bytes of a connection that is gone are ignored.
    pub fn receive(&mut self, now: Now, conn: ConnId, bytes: &[u8]) {
        if let Some(conn) = self.connection(conn) {
            conn.input.push(bytes);
            conn.unread = true;
            conn.last_bytes = now.mono;
        }
        self.settle(now);
    }

    /// The client closes. An orderly close costs one packet, as measured: it
    /// is written into the dead socket.
    pub fn client_closed(&mut self, now: Now, conn: ConnId, how: ClientClose) {
        // What it sent before is still read.
        if self.conn.as_ref().is_some_and(|current| current.id == conn) {
            self.poll(now);
        }
        if let Some(conn) = self.connection(conn) {
            conn.closed = Some(how);
        }
        self.bury();
        self.settle(now);
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Now) {
        self.settle(now);
    }

    /// Monotonic time at which [`tick`](Self::tick) has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.agenda.next_at()
    }

    /// The next thing for the shell to do.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// False while the node restarts: connections are refused.
    #[must_use]
    pub fn listening(&self) -> bool {
        self.listening
    }

    // -------------------------------------------------------------- the mesh

    /// Somebody says something that our node hears. Returns the packet's id.
    pub fn hear_text(&mut self, now: Now, said: Said) -> PacketId {
        let id = said.id.unwrap_or_else(|| self.new_id());
        let key = self.world.find(said.from).and_then(|p| p.public_key);
        let key = key.unwrap_or_else(|| key_of(said.from));
        let packet = said.into_packet(id, self.own, key);
        self.hear(now, packet);
        id
    }

    /// Our node hears a packet. Filtered as firmware does: what it heard
    /// before, what is for others and (2.8) what it cannot read never reaches
    /// the client. An absent `rx_time` is filled in from the node's clock.
    pub fn hear(&mut self, now: Now, packet: proto::MeshPacket) {
        self.hear_by_radio(now, packet);
        self.settle(now);
    }

    /// The same without the filter: late echoes and duplicates get through.
    pub fn force(&mut self, now: Now, packet: proto::MeshPacket) {
        self.heard(now, packet);
        self.settle(now);
    }

    /// What our node transmitted since the last call. Of several
    /// transmissions of one packet only the first is listed.
    pub fn on_air(&mut self) -> Vec<OnAir> {
        std::mem::take(&mut self.air)
    }

    /// The people of the made-up mesh, in the order of the node database.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.world.people
    }

    /// The same, to be changed: what the node database says from now on.
    pub fn people_mut(&mut self) -> &mut Vec<Person> {
        &mut self.world.people
    }

    /// Our node's number.
    #[must_use]
    pub fn own(&self) -> NodeNum {
        self.own
    }

    /// What the node has seen so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Whether a client is connected and gets packets.
    #[must_use]
    pub fn steady(&self) -> bool {
        self.conn.as_ref().is_some_and(|conn| conn.steady)
    }

    // ------------------------------------------------------------- the world

    /// Makes something go wrong.
    pub fn fault(&mut self, now: Now, fault: Fault) {
        match fault {
            Fault::Reboot(down) => self.reboot(now, down),
            Fault::Rebooted => self.write_message(from_radio::PayloadVariant::Rebooted(true)),
            Fault::Drop => self.close_current(),
            Fault::Stall(time) => {
                self.stalled_until = Some(now.mono + time);
                self.agenda.add(now.mono + time, Event::StallOver);
            }
            Fault::StallAfterBytes(bytes) => self.stream.stall_after = Some(bytes),
            Fault::CloseAfterBytes(bytes) => self.stream.close_after = Some(bytes),
            Fault::StallInNodes(nodes) => self.stream.stall_in_nodes = Some(nodes),
            Fault::CloseInNodes(nodes) => self.stream.close_in_nodes = Some(nodes),
            Fault::Garbage(bytes) => {
                let noise = (0..bytes).map(|_| self.rng.u8(0..frame::START1)).collect();
                self.write(noise);
            }
            Fault::Noise(percent) => self.stream.noise = percent,
            Fault::Tear => self.stream.tear = true,
            Fault::ShortWrites(chunk) => self.stream.chunk = chunk,
            Fault::Rival { for_, period } => self.rival_comes(now, for_, period),
            Fault::ChangeOwnNumber(number) => self.next_own = Some(number),
            Fault::RenameChannel { index, name } => {
                if let Some(channel) = self.settings.channels.get_mut(usize::from(index)) {
                    channel.name = name;
                }
            }
            Fault::SwitchChannel { index, on } => {
                let channels = &mut self.settings.channels;
                let index = usize::from(index).min(ChannelIndex::COUNT - 1);
                while channels.len() <= index {
                    channels.push(SimChannel::new("", Role::Disabled));
                }
                channels[index].role = match on {
                    true if index == 0 => Role::Primary,
                    true => Role::Secondary,
                    false => Role::Disabled,
                };
            }
            Fault::ClockJump(seconds) => {
                self.clock = Some(self.clock.unwrap_or(0).saturating_add(seconds));
            }
            Fault::Heal => {
                self.stream = StreamFaults::default();
                self.stalled_until = None;
                self.rival_goes();
                self.radio_heals(now);
            }
            radio => self.radio_fault(now, radio),
        }
        self.flush();
        self.settle(now);
    }

    /// Sets the node's clock to `time` (seconds since 1970).
    fn set_clock(&mut self, now: Now, time: u32) {
        self.clock = Some(i64::from(time) - i64::try_from(now.unix).unwrap_or(0));
    }

    /// The node's clock, seconds since 1970; `None` if it is not set.
    fn time(&self, now: Now) -> Option<u32> {
        let time = i64::try_from(now.unix).ok()?.checked_add(self.clock?)?;
        u32::try_from(time).ok()
    }

    fn uptime(&self, now: Now) -> u32 {
        let uptime = now.mono.saturating_sub(self.booted.mono);
        u32::try_from(uptime.as_secs()).unwrap_or(u32::MAX)
    }

    fn new_id(&mut self) -> PacketId {
        PacketId(self.rng.u32(1..))
    }

    /// So many milliseconds, or none without latency.
    fn lag(&mut self, milliseconds: std::ops::RangeInclusive<u64>) -> Duration {
        if self.settings.latency {
            Duration::from_millis(self.rng.u64(milliseconds))
        } else {
            Duration::ZERO
        }
    }

    /// Does everything that is due, then plans or makes the next poll.
    fn settle(&mut self, now: Now) {
        loop {
            while let Some((at, event)) = self.agenda.take_due(now.mono) {
                let late = now.mono.saturating_sub(at).as_secs();
                let then = Now {
                    mono: at,
                    unix: now.unix.saturating_sub(late),
                };
                self.act(then, event);
            }
            if !self.has_work(now) || self.poll_planned {
                return;
            }
            if self.settings.latency {
                self.plan_poll(now);
                return;
            }
            self.poll(now);
        }
    }

    fn act(&mut self, now: Now, event: Event) {
        match event {
            Event::TakeOver(id) => self.take_over(now, id),
            Event::Poll => {
                self.poll_planned = false;
                self.poll(now);
            }
            Event::Idle(id) => self.check_idle(now, id),
            Event::Close(id) => {
                if self.conn.as_ref().is_some_and(|conn| conn.id == id) {
                    self.close_current();
                }
            }
            Event::Deliver(packet) => self.deliver(*packet),
            Event::Hear(packet) => self.hear_by_radio(now, *packet),
            Event::Transmit(job) => self.transmit(now, *job),
            Event::QueueFree => self.queue_free(now),
            Event::OwnTelemetry => self.report_own(now),
            Event::Chatter => self.chatter(now),
            Event::StallOver => {}
            Event::RivalBack => self.rival_returns(now),
            Event::RivalLeaves => self.rival = None,
            Event::Reboot(down) => self.reboot(now, down),
            Event::ListenAgain => self.boot(now),
        }
    }
}

/// The port of a readable packet.
fn port_of(packet: &proto::MeshPacket) -> Option<i32> {
    match &packet.payload_variant {
        Some(mesh_packet::PayloadVariant::Decoded(data)) => Some(data.portnum),
        _ => None,
    }
}

/// A key for somebody who is not in the node database.
fn key_of(num: NodeNum) -> [u8; 32] {
    let mut key = [0; 32];
    Rng::with_seed(u64::from(num.0)).fill(&mut key);
    key
}
