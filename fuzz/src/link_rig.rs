//! A session between an unpredictable node and an unpredictable bot, with
//! everything that must hold whatever they do.
//!
//! - No panic, and never a request to be woken that does not end.
//! - Each accepted request ends in exactly one outcome, the last ones when the
//!   program stops; then nothing waits any more.
//! - What is written is whole frames: before the handshake nothing but its
//!   requests, no id twice, no hop limit above 7, heartbeats with nonce 0, and
//!   texts at their distance.
//! - Output and events are bounded by what came in.

use std::cell::Cell;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use crossbeam_channel::{Receiver, bounded};
use meshbot::link::frame::Decoder;
use meshbot::link::outbox::Gate;
use meshbot::link::session::{Handshake, Session, Settings};
use meshbot::link::{Class, Event, Keep, Loss, Outbox, Request, Target, Text};
use meshbot::mesh::{ChannelIndex, Hops, NodeNum, Now, PacketId, Sanity};
use meshbot::proto::{self, PortNum, mesh_packet, to_radio};
use prost::Message;

/// The numbers that nodes and bot choose from; few, so that they meet.
pub const NODES: [u32; 6] = [0xa1b2_c3d4, 0x0bad_cafe, 7, u32::MAX, 0, 0x1234_5678];
/// After this many looks at one moment, nothing can be due any more.
const LOOKS: usize = 8;
/// The clock of the board when the session begins.
pub const START: u32 = 2_000_000_000;
/// From here on clocks are believed.
const BUILT: u64 = 1_900_000_000;

/// What the bot may do.
#[derive(Arbitrary, Debug)]
pub enum Wish {
    Text(Letter),
    Traceroute(u8),
    NodeInfo(u8),
    Beat,
}

/// A text that the bot may send.
#[derive(Arbitrary, Debug)]
pub struct Letter {
    to: Option<u8>,
    channel: u8,
    length: u8,
    reply_to: Option<u32>,
    hops: Option<u8>,
    class: u8,
    expiry: Option<u8>,
    want_ack: bool,
    is_last: bool,
}

impl Letter {
    fn text(&self) -> Text {
        // Nine channels, of which a node has eight at most.
        let channel = ChannelIndex(self.channel % 9);
        Text {
            target: match self.to {
                None => Target::Channel(channel),
                Some(node) => Target::Node {
                    num: node_num(node),
                    channel,
                },
            },
            text: "x".repeat(usize::from(self.length)),
            reply_to: self.reply_to.map(PacketId),
            hops_used: self.hops.map_or(Hops::Unknown, Hops::Known),
            for_others: false,
            class: Class::ALL[usize::from(self.class) % Class::ALL.len()],
            keep: match self.expiry {
                None => Keep::Always,
                Some(seconds) => Keep::For(Duration::from_secs(seconds.into())),
            },
            command: "/fuzz".into(),
            is_last: self.is_last,
            want_ack: self.want_ack,
            is_reaction: false,
        }
    }
}

/// One of the few numbers of nodes.
#[must_use]
pub fn node_num(at: u8) -> NodeNum {
    NodeNum(NODES[usize::from(at) % NODES.len()])
}

/// A session, its clock and both of its ends.
pub struct Rig {
    session: Session,
    now: Now,
    gate: Arc<Gate>,
    outbox: Outbox,
    requests: Receiver<Request>,
    spacing: Duration,
    is_open: bool,
    is_stopped: bool,
    /// The session has said that it can send, on this connection.
    was_ready: bool,
    written: Decoder,
    /// What the node may know already: all that was ever in the output, of
    /// which `known` bytes were looked at and `taken` went out.
    preview: Decoder,
    known: usize,
    taken: usize,
    /// Accepted and without an outcome so far.
    pending: HashSet<u64>,
    ids: HashSet<u32>,
    /// What was written lately, for a node that wants to answer.
    sent: VecDeque<proto::MeshPacket>,
    last_nonce: u32,
    last_text: Option<Duration>,
    /// The node spoke of a packet that it cannot have had in full.
    is_node_mad: Cell<bool>,
}

impl Rig {
    /// A session that has no connection yet.
    #[must_use]
    pub fn new(seed: u8, full: bool) -> Self {
        let settings = Settings {
            handshake: if full {
                Handshake::Full
            } else {
                Handshake::TwoPhase
            },
            sanity: Sanity { built: BUILT },
            ..Settings::default()
        };
        let spacing = settings.text_spacing;
        let gate = Gate::new(spacing);
        let (sender, requests) = bounded(256);
        Self {
            session: Session::new(
                settings,
                gate.clone(),
                fastrand::Rng::with_seed(seed.into()),
            ),
            now: Now {
                mono: Duration::from_secs(100),
                unix: START.into(),
            },
            outbox: Outbox::new(sender, Arc::new(|| {}), gate.clone()),
            gate,
            requests,
            spacing,
            is_open: false,
            is_stopped: false,
            was_ready: false,
            written: Decoder::default(),
            preview: Decoder::default(),
            known: 0,
            taken: 0,
            pending: HashSet::new(),
            ids: HashSet::new(),
            sent: VecDeque::new(),
            last_nonce: 0,
            last_text: None,
            is_node_mad: Cell::new(false),
        }
    }

    /// The time by both clocks.
    #[must_use]
    pub fn now(&self) -> Now {
        self.now
    }

    /// The handshake's latest number.
    #[must_use]
    pub fn nonce(&self) -> u32 {
        self.last_nonce
    }

    /// One of the latest packets, which the node is about to speak of.
    #[must_use]
    pub fn sent(&self, at: u8) -> Option<&proto::MeshPacket> {
        let at = usize::from(at).checked_rem(self.sent.len())?;
        let packet = self.sent.get(at)?;
        if !self.ids.contains(&packet.id) {
            self.is_node_mad.set(true);
        }
        Some(packet)
    }

    pub fn connect(&mut self) {
        if !self.is_open && !self.session.is_done() {
            self.is_open = true;
            self.was_ready = false;
            self.written.reset();
            self.preview.reset();
            (self.known, self.taken) = (0, 0);
            self.session.connected(self.now);
            self.settle(0);
        }
    }

    pub fn lose(&mut self) {
        if self.is_open {
            self.is_open = false;
            self.session.disconnected(self.now, Loss::EndOfFile);
            assert!(self.session.output().is_empty(), "output without a socket");
            self.settle(0);
        }
    }

    /// The node says something. What comes without a connection was still on
    /// its way when the connection was given up.
    pub fn receive(&mut self, bytes: &[u8]) {
        if self.session.is_done() {
            return;
        }
        self.session.received(self.now, bytes);
        self.settle(bytes.len());
    }

    pub fn wish(&mut self, wish: &Wish) {
        match wish {
            Wish::Text(letter) => {
                if let Ok(ticket) = self.outbox.send(letter.text()) {
                    assert!(self.pending.insert(ticket.0));
                }
            }
            Wish::Traceroute(node) => {
                if let Ok(ticket) = self.outbox.traceroute(node_num(*node)) {
                    assert!(self.pending.insert(ticket.0));
                }
            }
            Wish::NodeInfo(node) => self.outbox.node_info(node_num(*node)),
            Wish::Beat => self.outbox.beat(),
        }
        while let Ok(request) = self.requests.try_recv() {
            self.session.request(self.now, request);
        }
        self.settle(0);
    }

    /// Time passes; the session is looked at when it wants to be.
    pub fn wait(&mut self, time: Duration) {
        let end = self.now.mono + time;
        // A session that is woken oftener than this in an hour is no idle one.
        for _ in 0..2_000 {
            let due = self.session.deadline().filter(|due| *due < end);
            let Some(due) = due else { break };
            self.now = self.now.plus(due.saturating_sub(self.now.mono));
            self.tick();
        }
        self.now = self.now.plus(end.saturating_sub(self.now.mono));
        self.tick();
    }

    /// The board's clock is set.
    pub fn set_clock(&mut self, unix: u32) {
        self.now.unix = unix.into();
        self.tick();
    }

    /// The socket takes so many bytes.
    pub fn take(&mut self, count: usize) {
        if !self.is_open {
            return;
        }
        let count = count.min(self.session.output().len());
        self.written.push(&self.session.output()[..count]);
        let mut messages = Vec::new();
        while let Some(payload) = self.written.next_frame() {
            messages.push(proto::ToRadio::decode(payload).expect("a message"));
        }
        assert_eq!(self.written.stray_bytes(), 0, "bytes outside frames");
        self.taken += count;
        self.session.wrote(self.now, count);
        for message in messages {
            self.look(message.payload_variant.expect("a variant"));
        }
        self.settle(0);
    }

    /// Everything that waits is taken.
    pub fn take_all(&mut self) {
        for _ in 0..LOOKS {
            if !self.is_open || self.session.output().is_empty() {
                return;
            }
            self.take(usize::MAX);
        }
        panic!("more to write after every write");
    }

    pub fn stop(&mut self) {
        self.is_stopped = true;
        self.session.request(self.now, Request::Stop);
        self.settle(0);
    }

    /// The program ends: everything that was accepted has its outcome then.
    pub fn finish(mut self) {
        self.stop();
        for _ in 0..LOOKS {
            if self.session.is_done() {
                break;
            }
            let due = self.session.deadline().expect("an end");
            self.now = self.now.plus(due.saturating_sub(self.now.mono));
            self.take_all();
            self.tick();
        }
        assert!(self.session.is_done(), "the end does not come");
        assert!(self.pending.is_empty(), "no outcome: {:?}", self.pending);
        assert_eq!(self.gate.waiting(), 0, "the gate still counts");
    }

    fn tick(&mut self) {
        self.session.tick(self.now);
        self.settle(0);
    }

    /// What the link's core does after each step, and what must hold then.
    fn settle(&mut self, received: usize) {
        // Six bytes can bring an event, and everything under way can end.
        let mut events = 2 * (received / 4) + 2 * 64 + 200;
        for look in 0.. {
            if self.session.is_ready() {
                self.was_ready = true;
            }
            while let Some(event) = self.session.event() {
                events = events.checked_sub(1).expect("events without end");
                if let Event::Outcome(ticket, outcome) = event {
                    let pending = self.pending.remove(&ticket.0);
                    assert!(pending, "a second outcome of {ticket:?}: {outcome}");
                }
            }
            if let Some(loss) = self.session.verdict()
                && self.is_open
            {
                self.is_open = false;
                self.session.disconnected(self.now, loss);
                continue;
            }
            let output = self.session.output().len();
            assert!(output <= 64 * 1_024, "{output} bytes of output");
            if self.session.is_done() {
                // The link closes for good.
                self.is_open = false;
                break;
            }
            let due = self.session.deadline();
            if due.is_none_or(|due| due > self.now.mono) {
                break;
            }
            assert!(look < LOOKS, "asks to be woken for ever");
            self.session.tick(self.now);
        }
        self.peek();
        let waiting = self.gate.waiting();
        assert!(waiting <= 2 * 64, "{waiting} texts wait");
    }

    /// A packet may be answered before its last byte is gone.
    fn peek(&mut self) {
        let output = self.session.output();
        let Some(new) = output.get(self.known - self.taken..) else {
            return;
        };
        self.preview.push(new);
        self.known += new.len();
        while let Some(payload) = self.preview.next_frame() {
            let message = proto::ToRadio::decode(payload).expect("a message");
            if let Some(to_radio::PayloadVariant::Packet(packet)) = message.payload_variant {
                self.sent.push_front(packet);
                self.sent.truncate(32);
            }
        }
    }

    fn look(&mut self, variant: to_radio::PayloadVariant) {
        use to_radio::PayloadVariant as V;
        match variant {
            V::WantConfigId(nonce) => {
                assert_ne!(nonce, 0);
                self.last_nonce = nonce;
            }
            V::Heartbeat(heartbeat) => assert_eq!(heartbeat.nonce, 0),
            V::Disconnect(goodbye) => assert!(goodbye && self.is_stopped),
            V::Packet(packet) => self.look_at_packet(&packet),
        }
    }

    fn look_at_packet(&mut self, packet: &proto::MeshPacket) {
        assert!(self.was_ready, "a packet before the handshake");
        assert!(
            packet.id != 0 && self.ids.insert(packet.id),
            "id used again"
        );
        assert!(packet.hop_limit <= 7);
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = &packet.payload_variant else {
            panic!("nothing readable");
        };
        if data.portnum == PortNum::TextMessageApp as i32 {
            assert!(data.payload.len() <= 232);
            // What such a node refuses stays in the output, and the next text
            // may catch up with it.
            if let Some(last) = self.last_text
                && !self.is_node_mad.get()
            {
                assert!(self.now.mono >= last + self.spacing, "texts too close");
            }
            self.last_text = Some(self.now.mono);
        }
    }
}
