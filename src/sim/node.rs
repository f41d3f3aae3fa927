//! The node itself: connections, the API that a client talks to, and what
//! waits for it.
//!
//! - One client at a time, and the newest wins (protocol.md §1.4).
//! - All input is handled before anything is written, as firmware does: so two
//!   requests in one segment get one answer.
//! - Every public verb ends in [`SimNode::settle`]; afterwards nothing is due.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use prost::Message;

use crate::link::frame::{self, Decoder};
use crate::mesh::{NodeNum, Now, PacketId};
use crate::proto::{self, PortNum, from_radio, mesh_packet, telemetry, to_radio};

use super::agenda::Agenda;
use super::air::{Job, OnAir, Radio};
use super::dump::{self, Kind, Own};
use super::fault::{After, Fault, StreamFaults};
use super::said::Said;
use super::settings::{Clock, Counters, Settings, Version};
use super::world::{self, Person, World};

/// A connection without a message for this long is closed (protocol.md §1.5).
const IDLE: Duration = Duration::from_secs(900);
/// Our node reports its own metrics this often (protocol.md §5.2).
const OWN_TELEMETRY: Duration = Duration::from_secs(60);
/// So many queue statuses wait for the client; older ones are lost (§4.6).
const STATUSES: usize = 2;

/// Names one connection for its whole life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ConnId(u64);

/// How a client ended a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientClose {
    /// An orderly end of file, which firmware does not notice at once.
    Fin,
    /// A reset or another error.
    Reset,
}

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
    pub(super) settings: Settings,
    pub(super) rng: Rng,
    pub(super) world: World,
    pub(super) own: NodeNum,
    next_own: Option<NodeNum>,
    keys: Keys,
    /// The node's clock minus the board's; `None` = not set.
    clock: Option<i64>,
    booted: Now,
    listening: bool,
    pub(super) conn: Option<Connection>,
    /// Connections that have not taken over yet.
    waiting: Vec<Connection>,
    last_conn: u64,
    /// A client left by a plain end of file and nothing was written since.
    dead_socket: bool,
    rival: Option<Rival>,
    pub(super) agenda: Agenda<Event>,
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
    pub(super) radio: Radio,
    pub(super) air: Vec<OnAir>,
    pub(super) counters: Counters,
}

struct Keys {
    public: [u8; 32],
    private: [u8; 32],
}

struct Rival {
    until: Duration,
    period: Option<Duration>,
    present: bool,
}

/// What the API knows about one connection.
pub(super) struct Connection {
    id: ConnId,
    input: Decoder,
    /// Bytes came that were not looked at.
    unread: bool,
    steady: bool,
    /// The rest of a handshake under way.
    dump: VecDeque<dump::Piece>,
    replay: VecDeque<proto::MeshPacket>,
    last_message: Duration,
    /// When the last bytes arrived.
    pub(super) last_bytes: Duration,
    /// The last 20 packet ids (protocol.md §4.2).
    pub(super) seen: VecDeque<u32>,
    /// When a packet of a port was last accepted.
    pub(super) accepted: Vec<(i32, Duration)>,
    pub(super) last_text: Option<Duration>,
    stalled: bool,
    /// It said `disconnect`.
    leaving: bool,
    closed: Option<ClientClose>,
}

/// What the node does later.
pub(super) enum Event {
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
            Fault::Tear => self.stream.tear = true,
            Fault::ShortWrites(chunk) => self.stream.chunk = chunk,
            Fault::Rival { for_, period } => self.rival_comes(now, for_, period),
            Fault::ChangeOwnNumber(number) => self.next_own = Some(number),
            Fault::RenameChannel { index, name } => {
                if let Some(channel) = self.settings.channels.get_mut(usize::from(index)) {
                    channel.name = name;
                }
            }
            Fault::ClockJump(seconds) => {
                self.clock = Some(self.clock.unwrap_or(0).saturating_add(seconds));
            }
            radio => self.radio_fault(now, radio),
        }
        self.flush();
        self.settle(now);
    }

    /// Sets the node's clock to `time` (seconds since 1970).
    pub(super) fn set_clock(&mut self, now: Now, time: u32) {
        self.clock = Some(i64::from(time) - i64::try_from(now.unix).unwrap_or(0));
    }

    /// The node's clock, seconds since 1970; `None` if it is not set.
    pub(super) fn time(&self, now: Now) -> Option<u32> {
        let time = i64::try_from(now.unix).ok()?.checked_add(self.clock?)?;
        u32::try_from(time).ok()
    }

    fn uptime(&self, now: Now) -> u32 {
        let uptime = now.mono.saturating_sub(self.booted.mono);
        u32::try_from(uptime.as_secs()).unwrap_or(u32::MAX)
    }

    pub(super) fn new_id(&mut self) -> PacketId {
        PacketId(self.rng.u32(1..))
    }

    /// So many milliseconds, or none without latency.
    pub(super) fn lag(&mut self, milliseconds: std::ops::RangeInclusive<u64>) -> Duration {
        if self.settings.latency {
            Duration::from_millis(self.rng.u64(milliseconds))
        } else {
            Duration::ZERO
        }
    }

    /// Does everything that is due, then plans or makes the next poll.
    pub(super) fn settle(&mut self, now: Now) {
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

    // ----------------------------------------------------------- connections

    fn connection(&mut self, id: ConnId) -> Option<&mut Connection> {
        let all = self.conn.iter_mut().chain(&mut self.waiting);
        all.into_iter().find(|conn| conn.id == id)
    }

    fn take_over(&mut self, now: Now, id: ConnId) {
        let Some(at) = self.waiting.iter().position(|conn| conn.id == id) else {
            return;
        };
        let mut conn = self.waiting.remove(at);
        self.close_current();
        if let Some(rival) = self.rival.as_mut().filter(|rival| rival.present) {
            rival.present = false;
            if let Some(period) = rival.period {
                self.agenda.add(now.mono + period, Event::RivalBack);
            }
        }
        conn.last_message = now.mono;
        self.dead_socket = false;
        self.conn = Some(conn);
        self.counters.open = 1;
        // Measured: 900.1 to 900.3 s.
        let lag = self.lag(100..=300);
        self.agenda.add(now.mono + IDLE + lag, Event::Idle(id));
        self.bury();
    }

    /// Forgets the current connection if its client is gone.
    fn bury(&mut self) {
        let Some(conn) = self.conn.as_ref() else {
            return;
        };
        let Some(how) = conn.closed else {
            return;
        };
        self.dead_socket = how == ClientClose::Fin && conn.steady && !conn.leaving;
        self.conn = None;
        self.counters.open = 0;
    }

    fn close_current(&mut self) {
        self.flush();
        if let Some(conn) = self.conn.take() {
            self.outputs.push_back(Output::Close(conn.id));
            self.counters.open = 0;
        }
    }

    fn check_idle(&mut self, now: Now, id: ConnId) {
        let Some(conn) = self.conn.as_ref().filter(|conn| conn.id == id) else {
            return;
        };
        let end = conn.last_message + IDLE;
        if end <= now.mono {
            self.counters.idle_closes += 1;
            self.close_current();
        } else {
            let lag = self.lag(100..=300);
            self.agenda.add(end + lag, Event::Idle(id));
        }
    }

    fn rival_comes(&mut self, now: Now, for_: Duration, period: Option<Duration>) {
        self.close_current();
        self.rival = Some(Rival {
            until: now.mono + for_,
            period,
            present: true,
        });
        self.agenda.retain(|event| {
            let rivals = matches!(event, Event::RivalBack | Event::RivalLeaves);
            !rivals
        });
        self.agenda.add(now.mono + for_, Event::RivalLeaves);
    }

    fn rival_returns(&mut self, now: Now) {
        if let Some(rival) = &mut self.rival
            && now.mono < rival.until
        {
            rival.present = true;
            self.close_current();
        }
    }

    pub(super) fn reboot(&mut self, now: Now, down: Duration) {
        self.close_current();
        for conn in self.waiting.drain(..) {
            self.outputs.push_back(Output::Close(conn.id));
        }
        self.packets.clear();
        self.statuses.clear();
        self.notices.clear();
        self.heartbeat = false;
        self.dead_socket = false;
        self.rival = None;
        self.poll_planned = false;
        self.stalled_until = None;
        self.radio.reset();
        self.agenda.retain(|event| matches!(event, Event::Chatter));
        self.listening = false;
        self.agenda.add(now.mono + down, Event::ListenAgain);
    }

    // ------------------------------------------------------------- the API

    fn stalled(&self, now: Now) -> bool {
        self.stalled_until.is_some_and(|until| now.mono < until)
            || self.conn.as_ref().is_some_and(|conn| conn.stalled)
    }

    fn has_work(&self, now: Now) -> bool {
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
    fn plan_poll(&mut self, now: Now) {
        let busy = self.conn.as_ref().is_some_and(|conn| {
            !conn.unread && now.mono.saturating_sub(conn.last_bytes) < Duration::from_secs(2)
        });
        let wait = self.lag(if busy { 1..=5 } else { 1..=250 });
        self.poll_planned = true;
        self.agenda.add(now.mono + wait, Event::Poll);
    }

    /// Reads everything, then writes everything.
    fn poll(&mut self, now: Now) {
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

    fn handle(&mut self, now: Now, message: proto::ToRadio) {
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

    fn start_dump(&mut self, now: Now, nonce: u32) {
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
            && kind != Kind::ConfigOnly;
        let replay = if replays {
            dump::replay(&own, &self.world)
        } else {
            Vec::new()
        };
        if let Some(conn) = &mut self.conn {
            conn.steady = false;
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
    fn write_pending(&mut self, now: Now) {
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
    fn writable(&self) -> bool {
        let conn = self.conn.as_ref();
        conn.is_some_and(|conn| conn.steady && !conn.stalled)
    }

    fn write_dump(&mut self) {
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
            }
        }
    }

    fn write_message(&mut self, message: from_radio::PayloadVariant) {
        let message = proto::FromRadio {
            payload_variant: Some(message),
            ..Default::default()
        };
        let mut bytes = Vec::new();
        frame::encode(&message, &mut bytes);
        self.write(bytes);
    }

    fn write(&mut self, mut bytes: Vec<u8>) {
        if self.conn.as_ref().is_none_or(|conn| conn.stalled) {
            return;
        }
        let after = self.stream.spoil(&mut bytes);
        self.batch.append(&mut bytes);
        self.apply(after);
    }

    /// Ends or stalls the connection; whether it did.
    fn apply(&mut self, after: After) -> bool {
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

    fn flush(&mut self) {
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

    // ------------------------------------------------- towards the client

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
        if self.rival.as_ref().is_some_and(|rival| rival.present) {
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

    /// Our node's own metrics; at first with the local statistics, and only if
    /// nothing else waits for the client.
    fn report_own(&mut self, now: Now) {
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

    fn local_stats(&self, uptime: u32) -> proto::LocalStats {
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

    fn plan_chatter(&mut self, now: Now) {
        if self.settings.chatter
            && let Some(pause) = self.world.pause(&mut self.rng)
        {
            self.agenda.add(now.mono + pause, Event::Chatter);
        }
    }

    fn chatter(&mut self, now: Now) {
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

impl Connection {
    fn new(id: ConnId, now: Duration) -> Self {
        Self {
            id,
            input: Decoder::default(),
            unread: false,
            steady: false,
            dump: VecDeque::new(),
            replay: VecDeque::new(),
            last_message: now,
            last_bytes: now,
            seen: VecDeque::new(),
            accepted: Vec::new(),
            last_text: None,
            stalled: false,
            leaving: false,
            closed: None,
        }
    }
}

/// The port of a readable packet.
pub(super) fn port_of(packet: &proto::MeshPacket) -> Option<i32> {
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
