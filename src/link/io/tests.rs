//! The thread's queues and its connection, without running it.

use super::inbox::EVENTS_FOR_ALL;
use super::*;
use crate::link::core::Settings;
use crate::link::message::{Class, Keep, Outcome, Target, Text, Ticket};
use crate::link::outbox::Gate;
use crate::link::session::tests::configuration;
use crate::link::sole::Anybody;
use crate::link::{frame, lookup, session};
use crate::mesh::{ChannelIndex, Hops, NodeNum, Now};
use crate::proto::{self, from_radio::PayloadVariant as From, mesh_packet};

fn frame_of(variant: From) -> Vec<u8> {
    let mut bytes = Vec::new();
    let payload_variant = Some(variant);
    let message = proto::FromRadio {
        payload_variant,
        ..Default::default()
    };
    assert!(frame::encode(&message, &mut bytes));
    bytes
}

/// A thread that does not run, and the bot's end of its queue.
fn io() -> (Io, Receiver<Event>) {
    let endpoint = Endpoint {
        host: "127.0.0.1".into(),
        port: 4403,
    };
    let settings = Settings {
        endpoint: endpoint.clone(),
        connect_timeout: Duration::from_secs(10),
        reconnect_max: Duration::from_secs(60),
        session: session::Settings::default(),
    };
    let gate = Gate::new(settings.session.text_spacing);
    let core = Core::new(settings, gate, fastrand::Rng::with_seed(1));
    let (events, received) = crossbeam_channel::bounded(EVENTS);
    let ends = Ends {
        clock: Clock::start(),
        waker: Waker::new().unwrap(),
        resolver: lookup::system(),
        linked: Linked::default(),
        right: Box::new(Anybody),
        refused: crossbeam_channel::bounded(1).0,
        requests: crossbeam_channel::never(),
        events,
        pulse: Pulse::default(),
        tap: None,
    };
    (Io::new(core, endpoint, ends), received)
}

impl Io {
    fn give(&mut self, variant: From) {
        self.core.received(self.clock.now(), &frame_of(variant));
        let length = self.core.output().len();
        self.core.wrote(self.clock.now(), length);
        self.hand_over();
    }

    fn configure(&mut self) {
        self.core.connected(self.clock.now());
        for variant in configuration(NodeNum(77)) {
            self.give(variant);
        }
        self.give(From::ConfigCompleteId(69_420));
    }
}

fn said(id: u32) -> proto::MeshPacket {
    proto::MeshPacket {
        from: 99,
        to: u32::MAX,
        id,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: 1,
            payload: b"hello".to_vec(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

#[test]
fn a_flood_of_words_does_not_cost_an_outcome() {
    let (mut io, received) = io();
    io.configure();
    for id in 1..=3_000 {
        io.give(From::Packet(said(id)));
    }
    let text = Text {
        target: Target::Channel(ChannelIndex(0)),
        text: "pong".into(),
        reply_to: None,
        is_reaction: false,
        hops_used: Hops::Unknown,
        for_others: false,
        class: Class::Public,
        keep: Keep::Always,
        command: "/ping".into(),
        is_last: true,
        want_ack: false,
    };
    let request = Request::Text(Ticket(1), Box::new(text));
    io.core.request(io.clock.now(), request);
    io.give(From::QueueStatus(proto::QueueStatus {
        free: 16,
        maxlen: 16,
        ..Default::default()
    }));
    io.core.closed(io.clock.now(), Loss::EndOfFile);
    io.hand_over();
    let events: Vec<Event> = received.try_iter().collect();
    assert!(events.contains(&Event::Outcome(Ticket(1), Outcome::Sent)));
    assert!(matches!(events.last(), Some(Event::Lost(_))));
    assert!(events.len() > EVENTS_FOR_ALL);
}

/// A connection of `io` and the node's end of it.
fn connect(io: &mut Io) -> TcpStream {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    stream.set_nonblocking(true).unwrap();
    io.connection = Connection::Open(stream);
    listener.accept().unwrap().0
}

#[test]
fn what_the_node_said_before_it_closed_is_heard() {
    let (mut io, received) = io();
    let mut node = connect(&mut io);
    io.configure();
    let question = frame_of(From::Packet(said(5)));
    node.write_all(&question).unwrap();
    // Its end closes both ways, so that a write of ours is an error.
    node.shutdown(Shutdown::Both).unwrap();
    drop(node);
    let Connection::Open(stream) = &io.connection else {
        panic!("no connection");
    };
    // The first write brings the reset, the second one learns of it.
    let _ = (&*stream).write(b"x");
    let mut fds = [PollFd::new(stream, PollFlags::empty())];
    sleep_in_poll(&mut fds, Some(Duration::from_secs(20))).unwrap();
    let broken = PollFlags::ERR | PollFlags::HUP;
    assert!(fds[0].revents().intersects(broken), "no reset came");
    io.core.tick(Now {
        mono: io.clock.now().mono + Duration::from_secs(40),
        unix: 0,
    });
    assert!(!io.core.output().is_empty());
    io.write();
    io.hand_over();
    let events: Vec<Event> = received.try_iter().collect();
    assert!(matches!(io.connection, Connection::None));
    assert!(events.iter().any(|event| matches!(event, Event::Packet(_))));
    assert!(matches!(events.last(), Some(Event::Lost(_))));
}
