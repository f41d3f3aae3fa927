//! A session against a node that exists only as a handful of frames.

mod probes;

use super::*;
use crate::link::message::{
    Class, DropReason, Failure, Keep, REPLY_EXPIRY, Received, Target, Text,
};
use crate::mesh::{ChannelIndex, Hops, PacketId, Payload, Standing};
use crate::proto::{from_radio, mesh_packet};
use from_radio::PayloadVariant as From;
use to_radio::PayloadVariant as To;

const OWN: NodeNum = NodeNum(0xa1b2_c3d4);
const FRIEND: NodeNum = NodeNum(0x0bad_cafe);
const START: u64 = 2_000_000_000;

/// A session, its clock, and the far end of its stream.
struct Rig {
    session: Session,
    now: Now,
    gate: Arc<Gate>,
    written: Decoder,
}

fn frame_of(variant: From) -> Vec<u8> {
    let mut bytes = Vec::new();
    let message = proto::FromRadio {
        id: 0,
        payload_variant: Some(variant),
    };
    assert!(frame::encode(&message, &mut bytes));
    bytes
}

fn data(port: PortNum, payload: &[u8]) -> proto::Data {
    proto::Data {
        portnum: port as i32,
        payload: payload.to_vec(),
        bitfield: Some(1),
        ..Default::default()
    }
}

fn heard(from: NodeNum, id: u32, data: proto::Data) -> proto::MeshPacket {
    proto::MeshPacket {
        from: from.0,
        to: NodeNum::BROADCAST.0,
        id,
        rx_snr: 6.0,
        rx_rssi: Some(-90),
        hop_start: 3,
        hop_limit: 3,
        transport_mechanism: 1,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(data)),
        ..Default::default()
    }
}

/// All that every firmware sends (protocol.md §2.2), but for the end.
pub fn configuration(num: NodeNum) -> Vec<From> {
    let mut all = vec![
        From::MyInfo(proto::MyNodeInfo {
            my_node_num: num.0,
            nodedb_count: 3,
            ..Default::default()
        }),
        From::NodeInfo(node_info(num)),
        From::Metadata(proto::DeviceMetadata {
            firmware_version: "2.7.26".into(),
            ..Default::default()
        }),
    ];
    all.extend((0..8).map(|index| {
        From::Channel(proto::Channel {
            index,
            settings: None,
            role: i32::from(index == 0),
        })
    }));
    all.push(From::Config(proto::Config {
        payload_variant: Some(proto::config::PayloadVariant::Lora(
            proto::config::LoRaConfig {
                hop_limit: 5,
                ..Default::default()
            },
        )),
    }));
    all
}

fn ping(id: u32) -> proto::MeshPacket {
    heard(FRIEND, id, data(PortNum::TextMessageApp, b"/ping"))
}

fn ack(from: NodeNum, request: PacketId, reason: u8) -> proto::MeshPacket {
    let mut data = data(PortNum::RoutingApp, &[0x18, reason]);
    data.request_id = request.0;
    let mut packet = proto::MeshPacket {
        to: OWN.0,
        ..heard(from, request.0 ^ 0x5555, data)
    };
    if from == OWN {
        // What our own node says comes from no radio.
        packet.rx_snr = 0.0;
        packet.rx_rssi = None;
        packet.transport_mechanism = 0;
    }
    packet
}

fn answer(target: Target, keep: Keep) -> Text {
    Text {
        target,
        text: "pong".into(),
        reply_to: Some(PacketId(7)),
        hops_used: Hops::Known(1),
        for_others: false,
        class: Class::Public,
        keep,
        command: "/ping".into(),
        is_last: true,
        want_ack: true,
        is_reaction: false,
    }
}

const PUBLIC: Target = Target::Channel(ChannelIndex(0));
const DIRECT: Target = Target::Node {
    num: FRIEND,
    channel: ChannelIndex(0),
};

impl Rig {
    fn new(handshake: Handshake) -> Self {
        let settings = Settings {
            handshake,
            sanity: Sanity {
                built: 1_900_000_000,
            },
            ..Settings::default()
        };
        let gate = Gate::new(settings.text_spacing);
        Self {
            session: Session::new(settings, gate.clone(), fastrand::Rng::with_seed(1)),
            now: Now {
                mono: Duration::from_secs(100),
                unix: START,
            },
            gate,
            written: Decoder::default(),
        }
    }

    /// Connected, configuration complete, back-log drained, nodes there.
    fn steady() -> Self {
        let mut rig = Self::new(Handshake::TwoPhase);
        rig.connect();
        rig.configure(NONCE_CONFIG);
        rig.wait(2_000);
        assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_NODES)]));
        rig.give(From::ConfigCompleteId(NONCE_NODES));
        rig.events();
        rig
    }

    fn connect(&mut self) {
        self.written.reset();
        self.session.connected(self.now);
    }

    fn configure(&mut self, nonce: u32) {
        assert!(matches!(self.take()[..], [To::WantConfigId(asked)] if asked == nonce));
        self.give_configuration(OWN);
        self.give(From::ConfigCompleteId(nonce));
        // Heartbeats are mostly not what a test is about.
        if self.session.output().len() == 6 {
            self.take();
        }
    }

    fn give_configuration(&mut self, num: NodeNum) {
        for variant in configuration(num) {
            self.give(variant);
        }
    }

    fn give(&mut self, variant: From) {
        self.session.received(self.now, &frame_of(variant));
    }

    fn hear(&mut self, packet: proto::MeshPacket) -> Vec<Received> {
        self.give(From::Packet(packet));
        self.packets()
    }

    /// Lets time pass in steps of the session's own deadlines.
    fn wait(&mut self, ms: u64) {
        let end = self.now.mono + Duration::from_millis(ms);
        for _ in 0..100_000 {
            let next = self.session.deadline().unwrap_or(end).max(self.now.mono);
            if next > end {
                self.now = self.now.plus(end - self.now.mono);
                return;
            }
            self.now = self.now.plus(next - self.now.mono);
            self.session.tick(self.now);
            if self.now.mono == end && self.session.deadline().is_none_or(|at| at > end) {
                return;
            }
            if !self.session.output().is_empty() || self.session.verdict.is_some() {
                return;
            }
        }
        panic!("the session asks to be woken for ever");
    }

    /// What the session wrote, but for heartbeats.
    fn take(&mut self) -> Vec<To> {
        let mut messages = self.take_all();
        messages.retain(|message| !matches!(message, To::Heartbeat(_)));
        messages
    }

    /// What the session wrote.
    fn take_all(&mut self) -> Vec<To> {
        let bytes = self.session.output().to_vec();
        self.written.push(&bytes);
        self.session.wrote(self.now, bytes.len());
        let mut messages = Vec::new();
        while let Some(payload) = self.written.next_frame() {
            let message = <proto::ToRadio as prost::Message>::decode(payload).unwrap();
            messages.extend(message.payload_variant);
        }
        messages
    }

    fn take_packet(&mut self) -> proto::MeshPacket {
        match &self.take()[..] {
            [To::Packet(packet)] => packet.clone(),
            other => panic!("not one packet: {other:?}"),
        }
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.session.event()).collect()
    }

    fn packets(&mut self) -> Vec<Received> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Packet(received) => Some(*received),
                _ => None,
            })
            .collect()
    }

    fn outcomes(&mut self) -> Vec<(u64, Outcome)> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Outcome(ticket, outcome) => Some((ticket.0, outcome)),
                _ => None,
            })
            .collect()
    }

    fn send(&mut self, ticket: u64, text: Text) {
        self.gate.returned(text.class);
        self.session
            .request(self.now, Request::Text(Ticket(ticket), Box::new(text)));
    }

    /// Sends a text and gives back its packet.
    fn sent(&mut self, ticket: u64, target: Target) -> proto::MeshPacket {
        self.send(ticket, answer(target, Keep::For(REPLY_EXPIRY)));
        self.take_packet()
    }

    fn lose(&mut self) {
        self.session.disconnected(self.now, Loss::EndOfFile);
    }
}

fn node_info(num: NodeNum) -> proto::NodeInfo {
    proto::NodeInfo {
        num: num.0,
        user: Some(proto::User {
            long_name: b"Somebody".to_vec(),
            ..Default::default()
        }),
        ..Default::default()
    }
}

use crate::proto::PortNum;

#[test]
fn configuration_first_then_the_back_log_then_the_nodes() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    assert!(!rig.gate.is_up());
    rig.configure(NONCE_CONFIG);
    assert!(rig.gate.is_up());
    let events = rig.events();
    let [Event::Ready(identity), Event::Nodes(own)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!((identity.num, identity.nodedb_count), (OWN, 3));
    assert_eq!((identity.opened, own.len()), (1, 1));
    rig.wait(599);
    assert!(
        rig.take().is_empty(),
        "the node list waits for the back-log"
    );
    rig.wait(1);
    assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_NODES)]));
    rig.give(From::NodeInfo(node_info(FRIEND)));
    rig.give(From::ConfigCompleteId(NONCE_NODES));
    assert!(matches!(&rig.events()[..], [Event::Nodes(nodes)] if nodes.len() == 1));
}

#[test]
fn a_busy_back_log_holds_the_nodes_up_for_five_seconds_at_most() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    // Texts only: the rest of the mesh does not hold it up.
    for id in 1..=9 {
        rig.wait(500);
        assert!(rig.take().is_empty());
        rig.hear(ping(id));
        rig.hear(heard(FRIEND, 100 + id, data(PortNum::TelemetryApp, &[])));
    }
    rig.wait(500);
    assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_NODES)]));
}

#[test]
fn a_full_handshake_takes_an_ordinary_nonce_and_only_its_own_completion() {
    let mut rig = Rig::new(Handshake::Full);
    rig.connect();
    let [To::WantConfigId(nonce)] = rig.take()[..] else {
        panic!("no request");
    };
    assert!(nonce != 0 && nonce != NONCE_CONFIG && nonce != NONCE_NODES);
    rig.give(From::ConfigCompleteId(nonce ^ 1));
    assert!(!rig.session.is_ready());
    rig.give_configuration(OWN);
    rig.give(From::ConfigCompleteId(nonce));
    assert!(rig.session.is_ready());
}

/// A frame cut anywhere in the configuration swallows the beginning of the next
/// and may still read as a message: no question to the node is lost by that.
#[test]
fn a_torn_configuration_makes_no_other_node() {
    let mut frames: Vec<_> = configuration(OWN).into_iter().map(frame_of).collect();
    frames.push(frame_of(From::ConfigCompleteId(NONCE_CONFIG)));
    let whole = frames.concat();
    for (torn, frame) in frames.iter().enumerate() {
        for cut in 1..frame.len() {
            let mut rig = Rig::new(Handshake::TwoPhase);
            rig.connect();
            rig.take();
            let mut bytes = frames.clone();
            bytes[torn].truncate(cut);
            rig.session.received(rig.now, &bytes.concat());
            rig.wait(2_000);
            if let [To::WantConfigId(NONCE_CONFIG), ..] = rig.take_all()[..] {
                rig.session.received(rig.now, &whole);
            }
            let identity = rig.events().into_iter().find_map(|event| match event {
                Event::Ready(identity) => Some(identity),
                _ => None,
            });
            // One that lost its end has stalled: it goes on with a new connection.
            if let Some(identity) = identity {
                let has = (
                    identity.num,
                    identity.lora.hop_limit,
                    identity.own.is_some(),
                );
                assert_eq!(has, (OWN, 5, true), "frame {torn} cut after {cut} bytes");
            } else {
                rig.wait(15_000);
                assert_eq!(rig.session.verdict(), Some(Loss::HandshakeStalled));
            }
        }
    }
}

#[test]
fn a_stalled_configuration_is_given_up_after_15_s() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    rig.take();
    rig.wait(14_000);
    rig.give(From::NodeInfo(node_info(OWN)));
    rig.wait(14_999);
    assert_eq!(rig.session.verdict(), None);
    rig.wait(1);
    assert_eq!(rig.session.verdict(), Some(Loss::HandshakeStalled));
}

#[test]
fn what_the_node_leaves_out_is_as_the_factory_has_it() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    for connection in 0..2 {
        rig.connect();
        // It may have been torn on the way, so it is asked for once more; the
        // same again is how this node is.
        for again in [connection == 0, false] {
            assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_CONFIG)]));
            rig.give(From::MyInfo(proto::MyNodeInfo {
                my_node_num: OWN.0,
                ..Default::default()
            }));
            rig.give(From::ConfigCompleteId(NONCE_CONFIG));
            assert_eq!(rig.session.is_ready(), !again);
            if !again {
                break;
            }
        }
        rig.take();
        if connection == 0 {
            rig.lose();
        }
    }
    let mut text = answer(PUBLIC, Keep::For(REPLY_EXPIRY));
    text.hops_used = Hops::Unknown;
    rig.send(1, text);
    assert_eq!(rig.take_packet().hop_limit, 3);
}

#[test]
fn a_configuration_without_an_end_is_given_up_too() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    rig.take();
    for _ in 0..11 {
        rig.wait(10_000);
        rig.give(From::NodeInfo(node_info(OWN)));
        assert_eq!(rig.session.verdict(), None);
    }
    rig.wait(10_000);
    assert_eq!(rig.session.verdict(), Some(Loss::HandshakeStalled));
}

#[test]
fn a_stalled_node_list_keeps_the_link_and_what_came() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    rig.wait(2_000);
    rig.take();
    rig.events();
    for num in 10..160 {
        rig.give(From::NodeInfo(node_info(NodeNum(num))));
    }
    rig.wait(15_000);
    assert_eq!(rig.session.verdict(), None);
    assert!(matches!(&rig.events()[..], [Event::Nodes(nodes)] if nodes.len() == 150));
    // Asked again after ten minutes, not before.
    let mut asked = None;
    for second in 1..=700 {
        rig.wait(1_000);
        for message in rig.take_all() {
            match message {
                To::WantConfigId(_) => asked = asked.or(Some(second)),
                To::Heartbeat(_) => rig.give(From::QueueStatus(status(16, 0, 0))),
                _ => {}
            }
        }
    }
    assert!((599..=601).contains(&asked.unwrap()), "{asked:?}");
}

#[test]
fn a_node_list_that_kills_the_link_is_left_alone_for_ten_minutes() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    rig.wait(2_000);
    rig.take();
    rig.lose();
    rig.connect();
    rig.configure(NONCE_CONFIG);
    rig.wait(20_000);
    assert!(rig.take().is_empty());
}

fn status(free: u32, id: u32, res: i32) -> proto::QueueStatus {
    proto::QueueStatus {
        res,
        free,
        maxlen: 16,
        mesh_packet_id: id,
    }
}

#[test]
fn back_log_is_recorded_and_not_answered_unless_it_is_young_by_two_right_clocks() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    rig.events();
    let lapsed = u32::try_from(START).unwrap();
    for (id, rx_time) in [
        (1, None),
        (2, Some(0)),
        (3, Some(500)),
        (4, Some(lapsed - 60)),
        (5, Some(lapsed + 7_200)),
    ] {
        let mut packet = ping(id);
        packet.rx_time = rx_time;
        let received = rig.hear(packet);
        assert_eq!(received[0].standing, Standing::Backlog, "{rx_time:?}");
    }
    for (id, rx_time) in [(6, lapsed - 59), (7, lapsed - 1), (8, lapsed + 1)] {
        let mut live = ping(id);
        live.rx_time = Some(rx_time);
        let received = rig.hear(live);
        assert_eq!(received[0].standing, Standing::Live, "{rx_time}");
    }
    // After the drain order is worth more than a clock.
    rig.wait(600);
    assert_eq!(rig.hear(ping(9))[0].standing, Standing::Live);
    let mut straggler = ping(10);
    straggler.rx_time = Some(lapsed - 400);
    let straggler = rig.hear(straggler);
    assert_eq!(straggler[0].standing, Standing::Live);
    assert_eq!(straggler[0].age, Some(400), "and the bot finds it too old");
}

#[test]
fn replayed_records_are_recognised_at_any_time() {
    let mut rig = Rig::steady();
    let mut record = heard(FRIEND, 77, data(PortNum::PositionApp, &[]));
    record.priority = 10;
    record.rx_rssi = None;
    record.rx_snr = 0.0;
    for _ in 0..2 {
        assert_eq!(rig.hear(record.clone())[0].standing, Standing::Replay);
    }
    record.rx_rssi = Some(-80);
    assert_eq!(rig.hear(record)[0].standing, Standing::Live);
}

#[test]
fn a_packet_is_handed_on_once_even_across_a_reconnect() {
    let mut rig = Rig::steady();
    assert_eq!(rig.hear(ping(9)).len(), 1);
    assert_eq!(rig.hear(ping(9)).len(), 0);
    rig.lose();
    rig.connect();
    rig.configure(NONCE_CONFIG);
    assert_eq!(rig.hear(ping(9)).len(), 0);
    assert_eq!(rig.session.counters().duplicates, 2);
}

#[test]
fn own_texts_and_simulator_echoes_are_ignored() {
    let mut rig = Rig::steady();
    let own = heard(OWN, 5, data(PortNum::TextMessageApp, b"/ping"));
    assert_eq!(rig.hear(own).len(), 0);
    let echo = heard(FRIEND, 6, data(PortNum::SimulatorApp, b"/ping"));
    assert_eq!(rig.hear(echo).len(), 0);
    let telemetry = heard(OWN, 7, data(PortNum::TelemetryApp, &[]));
    assert_eq!(rig.hear(telemetry).len(), 1);
}

/// protocol.md §5.5, §10.
#[test]
fn what_our_node_cannot_read_is_passed_on_once_and_never_our_own_echo() {
    let mut rig = Rig::steady();
    let sealed = |from: NodeNum, id| proto::MeshPacket {
        channel: 0x5a,
        pki_encrypted: true,
        public_key: vec![7; 32],
        payload_variant: Some(mesh_packet::PayloadVariant::Encrypted(vec![1, 2, 3])),
        ..heard(from, id, data(PortNum::TextMessageApp, b""))
    };
    assert_eq!(rig.hear(sealed(OWN, 4)).len(), 0, "an echo of ours");
    assert_eq!(rig.session.counters().encrypted, 0);
    let passed = rig.hear(sealed(FRIEND, 5));
    assert_eq!(passed[0].packet.payload, Payload::Encrypted);
    assert_eq!(passed[0].packet.channel, ChannelIndex(0x5a), "a hash");
    assert_eq!(passed[0].packet.sender_key, None, "nobody opened it");
    assert_eq!(passed[0].standing, Standing::Live);
    assert!(Event::Packet(Box::new(passed[0].clone())).is_droppable());
    assert_eq!(rig.hear(sealed(FRIEND, 5)).len(), 0, "seen before");
    // 0 is no key.
    assert_eq!(rig.hear(sealed(FRIEND, 0)).len(), 1);
    assert_eq!(rig.hear(sealed(FRIEND, 0)).len(), 1);
    let counters = rig.session.counters();
    assert_eq!((counters.encrypted, counters.duplicates), (3, 1));
}

#[test]
fn our_broadcast_is_recognised_when_somebody_repeats_it() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    let repeated = |id| heard(FRIEND, id, data(PortNum::TextMessageApp, b"pong"));
    assert_eq!(rig.hear(repeated(50)).len(), 0);
    // Tracked from the writing on, for a minute.
    rig.now = rig.now.plus(Duration::from_secs(60));
    assert_eq!(rig.hear(repeated(51)).len(), 1);
}

#[test]
fn a_reply_to_one_of_our_texts_is_marked() {
    let mut rig = Rig::steady();
    let ours = rig.sent(1, PUBLIC);
    let mut reply = data(PortNum::TextMessageApp, b"/ping");
    reply.reply_id = ours.id;
    assert!(rig.hear(heard(FRIEND, 8, reply.clone()))[0].answers_ours);
    reply.reply_id = ours.id ^ 1;
    assert!(!rig.hear(heard(FRIEND, 9, reply))[0].answers_ours);
}

#[test]
fn a_text_is_addressed_threaded_and_limited_as_its_question_asks() {
    let mut rig = Rig::steady();
    let packet = rig.sent(1, DIRECT);
    assert_eq!((packet.from, packet.to), (OWN.0, FRIEND.0));
    assert!(packet.id != 0 && packet.want_ack);
    assert_eq!(packet.hop_limit, 3, "one hop used, two more, five allowed");
    let Some(mesh_packet::PayloadVariant::Decoded(data)) = packet.payload_variant else {
        panic!("no data");
    };
    assert_eq!((data.portnum, data.reply_id), (1, 7));
    assert_eq!(data.payload, b"pong");
    assert!(!data.want_response);
}

#[test]
fn acknowledgements_mean_what_they_say() {
    let mut rig = Rig::steady();
    // A broadcast is relayed at best.
    let id = PacketId(rig.sent(1, PUBLIC).id);
    rig.hear(ack(OWN, id, 0));
    rig.wait(2_500);
    // A direct message: relayed, then delivered.
    let id = PacketId(rig.sent(2, DIRECT).id);
    rig.give(From::Packet(ack(OWN, id, 0)));
    assert_eq!(rig.outcomes(), [], "the destination may still speak");
    rig.wait(700);
    rig.give(From::Packet(ack(FRIEND, id, 0)));
    let after = Duration::from_millis(700);
    assert_eq!(rig.outcomes(), [(2, Outcome::Delivered(after))]);
    rig.wait(2_500);
    // Relayed, and nothing more.
    let id = PacketId(rig.sent(3, DIRECT).id);
    rig.give(From::Packet(ack(OWN, id, 0)));
    let mut outcomes = Vec::new();
    for _ in 0..70 {
        rig.wait(1_000);
        rig.take();
        outcomes.extend(rig.outcomes());
    }
    assert_eq!(outcomes, [(3, Outcome::Relayed)]);
}

#[test]
fn refusals_end_a_text_at_once_with_their_reason() {
    for reason in [5, 9, 39] {
        let mut rig = Rig::steady();
        let id = PacketId(rig.sent(1, DIRECT).id);
        rig.give(From::Packet(ack(OWN, id, reason)));
        let failure = Failure::Nak(i32::from(reason));
        assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
    }
    let mut rig = Rig::steady();
    let id = rig.sent(1, PUBLIC).id;
    rig.give(From::QueueStatus(status(0, id, 32)));
    let failure = Failure::Queue(32);
    assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
}

/// From the one whom it was for it means another key; from our own node that there
/// is no such channel.
#[test]
fn no_channel_of_a_reader_is_trouble_with_his_key() {
    for (from, failure) in [(FRIEND, Failure::Unreadable), (OWN, Failure::Nak(6))] {
        let mut rig = Rig::steady();
        let id = PacketId(rig.sent(1, DIRECT).id);
        rig.give(From::Packet(ack(from, id, 6)));
        assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
    }
}

/// Neighbours may have heard it all the same.
#[test]
fn a_text_on_a_channel_that_nobody_repeats_has_not_failed() {
    for (target, outcome) in [
        (PUBLIC, Outcome::Sent),
        (DIRECT, Outcome::Failed(Failure::Nak(5))),
    ] {
        let mut rig = Rig::steady();
        let id = PacketId(rig.sent(1, target).id);
        rig.give(From::Packet(ack(OWN, id, 5)));
        assert_eq!(rig.outcomes(), [(1, outcome)]);
    }
}

#[test]
fn no_word_at_all_is_a_failure_too() {
    let mut rig = Rig::steady();
    rig.sent(1, DIRECT);
    let mut outcomes = Vec::new();
    for _ in 0..181 {
        rig.wait(1_000);
        if !rig.take_all().is_empty() {
            rig.give(From::QueueStatus(status(16, 0, 0)));
        }
        outcomes.extend(rig.outcomes());
    }
    assert_eq!(outcomes, [(1, Outcome::Failed(Failure::NoAnswer))]);
}

#[test]
fn a_text_that_came_too_early_goes_again_under_a_new_id() {
    let mut rig = Rig::steady();
    let first = rig.sent(1, PUBLIC);
    rig.give(From::QueueStatus(status(15, first.id, 0)));
    rig.give(From::Packet(ack(OWN, PacketId(first.id), 38)));
    assert_eq!(rig.outcomes(), []);
    assert!(rig.take().is_empty());
    rig.wait(5_000);
    let second = rig.take_packet();
    assert_ne!(first.id, second.id);
    assert_eq!(first.payload_variant, second.payload_variant);
    rig.give(From::Packet(ack(OWN, PacketId(second.id), 0)));
    assert_eq!(rig.outcomes(), [(1, Outcome::Relayed)]);
    assert_eq!(rig.gate.waiting(), 0);
}

#[test]
fn only_our_own_node_can_say_that_a_text_was_not_sent() {
    // Found by the simulation: whoever else says so has it already, and would
    // get it three times.
    let mut rig = Rig::steady();
    let first = rig.sent(1, DIRECT);
    rig.give(From::Packet(ack(FRIEND, PacketId(first.id), 38)));
    let failure = Failure::Nak(38);
    assert_eq!(rig.outcomes(), [(1, Outcome::Failed(failure))]);
    rig.wait(20_000);
    assert!(rig.take().is_empty());
}

#[test]
fn a_node_that_always_refuses_is_believed_in_the_end() {
    let mut rig = Rig::steady();
    let mut packet = rig.sent(1, PUBLIC);
    for _ in 0..2 {
        rig.give(From::Packet(ack(OWN, PacketId(packet.id), 38)));
        rig.wait(5_000);
        packet = rig.take_packet();
    }
    rig.give(From::Packet(ack(OWN, PacketId(packet.id), 38)));
    assert_eq!(
        rig.outcomes(),
        [(1, Outcome::Dropped(DropReason::RateLimit))]
    );
}

#[test]
fn nothing_is_written_while_the_node_has_no_room() {
    let mut rig = Rig::steady();
    rig.give(From::QueueStatus(status(3, 0, 0)));
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let mut asked = 0;
    for _ in 0..10 {
        for message in rig.take_all() {
            assert!(matches!(message, To::Heartbeat(_)), "{message:?}");
            asked += 1;
            rig.give(From::QueueStatus(status(0, 0, 0)));
        }
        rig.wait(1_000);
    }
    assert_eq!(asked, 4, "at once, then every three seconds");
    rig.take();
    rig.give(From::QueueStatus(status(4, 0, 0)));
    assert!(matches!(rig.take()[..], [To::Packet(_)]));
}

fn lockdown(state: proto::lockdown_status::State) -> From {
    From::LockdownStatus(proto::LockdownStatus {
        state: state.into(),
    })
}

/// A16.
#[test]
fn nothing_is_sent_to_a_locked_node() {
    use proto::lockdown_status::State;
    let mut rig = Rig::steady();
    rig.give(lockdown(State::Locked));
    assert!(!rig.gate.is_up());
    rig.send(1, answer(PUBLIC, Keep::Always));
    rig.send(2, answer(PUBLIC, Keep::For(Duration::from_secs(20))));
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(3), FRIEND));
    rig.wait(25_000);
    assert!(rig.take().is_empty());
    let expired = [3, 2].map(|ticket| (ticket, Outcome::Expired));
    assert_eq!(rig.outcomes(), expired);
    // Locked says nothing new; unlocked, everything is asked for, and then sent.
    rig.give(lockdown(State::Locked));
    assert!(rig.take().is_empty());
    rig.give(lockdown(State::Unlocked));
    rig.configure(NONCE_CONFIG);
    assert!(rig.gate.is_up());
    rig.wait(10_000);
    let sent = rig.take();
    assert!(
        sent.iter().any(|it| matches!(it, To::Packet(_))),
        "{sent:?}"
    );
}

/// What is written into a text locks nothing, and a packet proves the contrary.
#[test]
fn a_node_that_gives_out_packets_is_not_locked() {
    let mut rig = Rig::steady();
    rig.give(lockdown(proto::lockdown_status::State::Locked));
    assert!(!rig.gate.is_up());
    rig.hear(ping(77));
    assert!(rig.gate.is_up());
}

/// Neither its own words, nor a packet before the configuration or after the word to
/// stop, nor that it is not locked when it was not.
#[test]
fn what_opens_no_gate() {
    use proto::lockdown_status::State;
    let mut rig = Rig::steady();
    rig.give(lockdown(State::Unlocked));
    rig.give(lockdown(State::Disabled));
    assert!(rig.take().is_empty(), "it was not locked");
    rig.give(lockdown(State::Locked));
    rig.hear(proto::MeshPacket {
        rx_rssi: None,
        rx_snr: 0.0,
        transport_mechanism: 0,
        ..heard(OWN, 5, data(PortNum::TelemetryApp, &[]))
    });
    assert!(!rig.gate.is_up(), "a locked node still tells of itself");
    rig.session.request(rig.now, Request::Stop);
    rig.hear(ping(78));
    assert!(!rig.gate.is_up(), "stopping");
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.session.connected(rig.now);
    rig.give(lockdown(State::Locked));
    rig.hear(ping(79));
    assert!(!rig.gate.is_up(), "no configuration yet");
}

/// Whatever is missing, and if it is something else each time: twice more is enough.
#[test]
fn a_configuration_with_ever_other_gaps_is_taken_in_the_end() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.connect();
    for missing in 3..6 {
        assert!(!rig.session.is_ready());
        assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_CONFIG)]));
        for (at, variant) in configuration(OWN).into_iter().enumerate() {
            if at != missing {
                rig.give(variant);
            }
        }
        rig.give(From::ConfigCompleteId(NONCE_CONFIG));
    }
    assert!(rig.session.is_ready());
}

#[test]
fn only_the_completion_that_is_waited_for_completes() {
    let mut rig = Rig::new(Handshake::TwoPhase);
    rig.session.connected(rig.now);
    for variant in configuration(OWN) {
        rig.give(variant);
    }
    for other in [NONCE_NODES, 1, NONCE_CONFIG + 5] {
        rig.give(From::ConfigCompleteId(other));
        assert!(!rig.session.is_ready(), "{other}");
    }
    rig.give(From::ConfigCompleteId(NONCE_CONFIG));
    assert!(rig.session.is_ready());
    rig.wait(5_000);
    assert!(rig.session.awaits_nodes());
    for other in [NONCE_CONFIG, 1] {
        rig.give(From::ConfigCompleteId(other));
        assert!(rig.session.awaits_nodes(), "{other}");
    }
    rig.give(From::ConfigCompleteId(NONCE_NODES));
    assert!(!rig.session.awaits_nodes());
}

/// Neither talk on a channel nor measurements push it out, so many that they may be.
#[test]
fn a_text_to_us_is_remembered_apart_from_all_else() {
    for port in [PortNum::TextMessageApp, PortNum::PositionApp] {
        let mut rig = Rig::steady();
        let question = proto::MeshPacket {
            to: OWN.0,
            ..ping(77)
        };
        rig.hear(question.clone());
        for id in 1_000..6_000 {
            rig.hear(heard(FRIEND, id, data(port, b"x")));
        }
        let before = rig.session.counters().duplicates;
        rig.hear(question);
        assert_eq!(rig.session.counters().duplicates, before + 1, "{port:?}");
    }
}

#[test]
fn a_node_that_dies_with_a_full_queue_is_noticed_as_soon_as_any_other() {
    let mut rig = Rig::steady();
    rig.give(From::QueueStatus(status(3, 0, 0)));
    rig.send(1, answer(PUBLIC, Keep::Always));
    let silent_since = rig.now.mono;
    while rig.session.verdict.is_none() {
        rig.take_all();
        rig.wait(1_000);
        let silent = rig.now.mono - silent_since;
        assert!(silent < Duration::from_secs(80), "not noticed");
    }
    assert_eq!(rig.session.verdict, Some(Loss::NoAnswer));
    assert!(rig.now.mono >= silent_since + Duration::from_secs(45));
}

#[test]
fn a_text_that_waits_for_the_socket_when_the_node_restarts_is_sent_once() {
    for taken in [0, 5] {
        let mut rig = Rig::steady();
        rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
        let written = rig.session.output()[..taken].to_vec();
        rig.written.push(&written);
        rig.session.wrote(rig.now, taken);
        rig.give(From::Rebooted(true));
        let mut texts = 0;
        for _ in 0..2 {
            for message in rig.take_all() {
                match message {
                    To::Packet(_) => texts += 1,
                    To::WantConfigId(nonce) => {
                        rig.give_configuration(OWN);
                        rig.give(From::ConfigCompleteId(nonce));
                    }
                    _ => {}
                }
            }
            rig.now = rig.now.plus(Duration::from_secs(3));
            rig.session.tick(rig.now);
        }
        assert_eq!((texts, rig.gate.waiting()), (1, 0), "{taken} bytes taken");
    }
}

#[test]
fn a_question_that_meets_a_lost_link_is_not_kept_for_the_next() {
    let mut rig = Rig::steady();
    rig.lose();
    rig.events();
    // The gate was still open when it was asked.
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(1), FRIEND));
    rig.session.request(rig.now, Request::NodeInfo(FRIEND));
    assert_eq!(rig.outcomes(), [(1, Outcome::Expired)]);
    rig.wait(3_600_000);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    assert!(rig.take().is_empty());
}

#[test]
fn a_part_cut_off_by_a_loss_goes_again_and_a_whole_one_does_not() {
    let mut rig = Rig::steady();
    let whole = rig.sent(1, PUBLIC);
    rig.wait(2_500);
    rig.send(2, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let length = rig.session.output().len();
    rig.session.wrote(rig.now, length - 1);
    rig.lose();
    assert_eq!(rig.outcomes(), [(1, Outcome::Unknown)]);
    rig.wait(3_000);
    rig.connect();
    rig.configure(NONCE_CONFIG);
    let again = rig.take_packet();
    assert_ne!(again.id, whole.id);
    assert_eq!(rig.gate.waiting(), 0);
    rig.give(From::Packet(ack(OWN, PacketId(again.id), 0)));
    assert_eq!(rig.outcomes(), [(2, Outcome::Relayed)]);
}

#[test]
fn answers_expire_during_a_long_absence_and_alerts_do_not() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.send(2, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    rig.send(3, answer(PUBLIC, Keep::Always));
    rig.lose();
    rig.wait(300_000);
    assert_eq!(
        rig.outcomes(),
        [(1, Outcome::Unknown), (2, Outcome::Expired)]
    );
    rig.connect();
    rig.configure(NONCE_CONFIG);
    let alert = rig.take_packet();
    rig.give(From::Packet(ack(OWN, PacketId(alert.id), 0)));
    assert_eq!(rig.outcomes(), [(3, Outcome::Relayed)]);
}

#[test]
fn a_queue_without_places_blocks_nothing() {
    let mut rig = Rig::steady();
    let nothing = proto::QueueStatus::default();
    rig.give(From::QueueStatus(nothing));
    rig.sent(1, PUBLIC);
}

#[test]
fn a_restart_of_the_node_without_a_loss_begins_anew() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.give(From::Rebooted(true));
    assert!(!rig.gate.is_up());
    assert_eq!(rig.outcomes(), [(1, Outcome::Unknown)]);
    rig.configure(NONCE_CONFIG);
    assert!(matches!(rig.events()[0], Event::Ready(_)));
}

#[test]
fn garbage_between_frames_changes_nothing() {
    let mut rig = Rig::steady();
    let mut bytes = b"\x94\xc3\x00\x05hello\xc3\x94 DEBUG | noise".to_vec();
    bytes.extend(frame_of(From::Packet(ping(3))));
    rig.session.received(rig.now, &bytes);
    assert_eq!(rig.packets().len(), 1);
    assert!(rig.session.counters().undecodable >= 1);
}

/// 72,000 requests in a quarter of a minute, two lines of log each.
#[test]
fn a_node_that_restarts_without_end_is_not_asked_without_end() {
    for at_the_end in [false, true] {
        let mut rig = Rig::steady();
        let mut asked = Vec::new();
        let end = rig.now.mono + Duration::from_secs(300);
        while rig.now.mono < end {
            rig.give(From::Rebooted(true));
            rig.now = rig.now.plus(Duration::from_millis(10));
            rig.session.tick(rig.now);
            for message in rig.take() {
                assert!(matches!(message, To::WantConfigId(NONCE_CONFIG)));
                asked.push(rig.now.mono);
                if at_the_end {
                    rig.give_configuration(OWN);
                    rig.give(From::ConfigCompleteId(NONCE_CONFIG));
                    rig.take_all();
                }
            }
            rig.events();
        }
        let gaps: Vec<u64> = asked
            .windows(2)
            .map(|it| (it[1] - it[0]).as_secs())
            .collect();
        assert!(asked.len() < 15, "{gaps:?}");
        assert!(
            asked
                .windows(2)
                .all(|it| it[1] - it[0] >= Duration::from_millis(790))
        );
        // Then the node is well, and what was is forgotten.
        rig.wait(61_000);
        assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_CONFIG)]));
        rig.give_configuration(OWN);
        rig.give(From::ConfigCompleteId(NONCE_CONFIG));
        rig.take_all();
        for _ in 0..4 {
            rig.wait(30_000);
            rig.take_all();
            rig.give(From::ConfigCompleteId(NONCE_NODES));
        }
        rig.give(From::Rebooted(true));
        assert!(matches!(rig.take()[..], [To::WantConfigId(NONCE_CONFIG)]));
    }
}

/// A question behind `94 C3 01 00 0A` was never answered, and the link was dropped.
#[test]
fn a_torn_header_swallows_no_question() {
    for promised in [[1_u8, 0], [2, 0], [0, 80]] {
        let mut rig = Rig::steady();
        rig.session
            .received(rig.now, &[0x94, 0xc3, promised[0], promised[1], 0x0a]);
        rig.now = rig.now.plus(Duration::from_millis(300));
        assert_eq!(rig.hear(ping(50)).len(), 0, "{promised:?}: not yet");
        let asked = rig.now.mono;
        rig.wait(2_500);
        assert_eq!(rig.packets().len(), 1, "{promised:?}");
        assert!(rig.now.mono <= asked + Duration::from_millis(2_500));
        // What follows is read at once.
        assert_eq!(rig.hear(ping(51)).len(), 1);
        // Nothing is looked at any more.
        assert!(rig.session.torn.is_none());
    }
}

#[test]
fn a_frame_that_is_slow_is_not_lost() {
    let mut rig = Rig::steady();
    let bytes = frame_of(From::Packet(ping(60)));
    for byte in &bytes[..bytes.len() - 1] {
        rig.session.received(rig.now, &[*byte]);
        rig.now = rig.now.plus(Duration::from_millis(400));
        rig.session.tick(rig.now);
        assert_eq!(rig.packets().len(), 0);
    }
    rig.session.received(rig.now, &bytes[bytes.len() - 1..]);
    assert_eq!(rig.packets().len(), 1);
}

/// A text that holds a whole frame, and a node that tears the frame around it.
#[test]
fn a_packet_written_into_a_text_proves_no_sender() {
    let mut rig = Rig::steady();
    let mut order = ping(70);
    order.pki_encrypted = true;
    order.public_key = vec![9; 32];
    let inner = frame_of(From::Packet(order.clone()));
    let mut torn = vec![0x94, 0xc3, 1, 0, 0x12];
    torn.extend(&inner);
    rig.session.received(rig.now, &torn);
    rig.wait(2_500);
    let found = rig.packets();
    assert_eq!((found.len(), found[0].packet.sender_key), (1, None));
    order.id = 71;
    let mut rejected = vec![0x94, 0xc3, 0, u8::try_from(inner.len() + 1).unwrap(), 0xff];
    rejected.extend(frame_of(From::Packet(order.clone())));
    let mut rig = Rig::steady();
    rig.session.received(rig.now, &rejected);
    let found = rig.packets();
    assert_eq!((found.len(), found[0].packet.sender_key), (1, None));
    // The same by itself does.
    order.id = 72;
    assert_eq!(rig.hear(order)[0].packet.sender_key, Some([9; 32]));
}

fn clock_setter(rig: &mut Rig) -> Vec<u32> {
    let mut times = Vec::new();
    for message in rig.take() {
        let To::Packet(packet) = message else {
            continue;
        };
        assert_eq!((packet.from, packet.to), (OWN.0, OWN.0));
        assert_ne!(packet.id, 0);
        let Some(mesh_packet::PayloadVariant::Decoded(data)) = packet.payload_variant else {
            panic!("no content");
        };
        assert_eq!(data.portnum, PortNum::AdminApp as i32);
        // protocol.md §3.19: field 43, fixed32, and nothing else.
        assert_eq!(data.payload[..2], [0xdd, 0x02]);
        times.push(u32::from_le_bytes(data.payload[2..].try_into().unwrap()));
    }
    times
}

#[test]
fn a_clock_that_is_not_set_or_far_off_is_set_once_a_day_if_that_is_wanted() {
    for (off, wanted, sets) in [
        (None, true, true),
        (Some(-600), true, true),
        (Some(600), true, true),
        (Some(-60), true, false),
        (Some(60), true, false),
        (None, false, false),
        (Some(-600), false, false),
    ] {
        let mut rig = Rig::steady();
        rig.session.settings.set_clock = wanted;
        let hear = |rig: &mut Rig, id: u32, off: Option<i64>| {
            let mut packet = ping(id);
            packet.rx_time =
                off.map(|off| u32::try_from(rig.now.unix.saturating_add_signed(off)).unwrap());
            rig.hear(packet);
        };
        // Twice: one packet that was held up is no reason.
        hear(&mut rig, 80, off);
        rig.now = rig.now.plus(Duration::from_secs(3));
        hear(&mut rig, 81, off);
        let times = clock_setter(&mut rig);
        let now = u32::try_from(rig.now.unix).unwrap();
        match times[..] {
            [] => assert!(!sets, "{off:?}"),
            [time] => assert!(sets && now - time <= 3, "{off:?}"),
            _ => panic!("{off:?}: {times:?}"),
        }
        // It did not help; nobody insists before a day has passed.
        for hours in 0..23 {
            rig.now = rig.now.plus(Duration::from_secs(3_600));
            hear(&mut rig, 100 + hours, off);
            assert!(clock_setter(&mut rig).is_empty());
        }
        rig.now = rig.now.plus(Duration::from_secs(2 * 3_600));
        hear(&mut rig, 200, off);
        rig.now = rig.now.plus(Duration::from_secs(3));
        hear(&mut rig, 201, off);
        assert_eq!(clock_setter(&mut rig).len(), usize::from(sets), "{off:?}");
    }
}

/// A packet without a time says nothing about a clock that was told before.
#[test]
fn a_clock_that_was_told_is_set() {
    let mut rig = Rig::steady();
    rig.session.settings.set_clock = true;
    for id in 80..84 {
        let mut packet = ping(id);
        packet.rx_time = u32::try_from(rig.now.unix).ok();
        rig.hear(packet);
        rig.now = rig.now.plus(Duration::from_secs(3));
    }
    rig.hear(ping(90));
    assert!(clock_setter(&mut rig).is_empty());
}

#[test]
fn a_board_without_a_clock_sets_no_clock() {
    let mut rig = Rig::steady();
    rig.session.settings.set_clock = true;
    rig.now.unix = 1_000;
    rig.hear(ping(80));
    rig.hear(ping(81));
    assert!(clock_setter(&mut rig).is_empty());
}

#[test]
fn the_end_says_goodbye_after_the_last_word() {
    let mut rig = Rig::steady();
    let last = rig.sent(1, PUBLIC);
    rig.send(2, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    rig.session.request(rig.now, Request::Stop);
    assert_eq!(
        rig.outcomes(),
        [(2, Outcome::Dropped(DropReason::Stopping))]
    );
    assert!(rig.take().is_empty(), "the node has not spoken yet");
    rig.give(From::QueueStatus(status(15, last.id, 0)));
    assert!(matches!(rig.take()[..], [To::Disconnect(true)]));
    assert!(!rig.session.is_done());
    rig.lose();
    rig.session.tick(rig.now);
    assert!(rig.session.is_done());
}

#[test]
fn the_end_does_not_wait_for_a_silent_node() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.session.request(rig.now, Request::Stop);
    rig.wait(700);
    assert!(matches!(rig.take()[..], [To::Disconnect(true)]));
    rig.wait(500);
    assert!(rig.session.is_done());
}

#[test]
fn only_the_handshake_heartbeats_and_packets_are_ever_written() {
    // features.md A18: there is no message that could write a configuration.
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.session.request(rig.now, Request::NodeInfo(FRIEND));
    let info = rig.take_packet();
    let Some(mesh_packet::PayloadVariant::Decoded(data)) = info.payload_variant else {
        panic!("no data");
    };
    assert_eq!(data.portnum, PortNum::NodeinfoApp as i32);
    assert!(data.want_response);
    assert_eq!(info.to, FRIEND.0, "never to everybody");
}

/// What the session wants at this very moment, over and over.
fn looks_at_once(rig: &mut Rig) -> usize {
    (0..100)
        .take_while(|_| {
            let due = rig.session.deadline().is_some_and(|at| at <= rig.now.mono);
            if due {
                rig.session.tick(rig.now);
            }
            due
        })
        .count()
}

#[test]
fn probes_that_wait_at_the_end_neither_spin_nor_vanish() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    for ticket in [2, 3] {
        rig.session
            .request(rig.now, Request::Traceroute(Ticket(ticket), FRIEND));
    }
    rig.take();
    rig.session.request(rig.now, Request::NodeInfo(FRIEND));
    rig.session.request(rig.now, Request::Stop);
    let stopping = Outcome::Dropped(DropReason::Stopping);
    assert_eq!(rig.outcomes(), [(3, stopping)]);
    // Too late is refused in the same way.
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(4), FRIEND));
    rig.session.request(rig.now, Request::NodeInfo(FRIEND));
    assert_eq!(rig.outcomes(), [(4, stopping)]);
    rig.now = rig.now.plus(Duration::from_millis(100));
    assert!(looks_at_once(&mut rig) < 3);
}

#[test]
fn the_end_gives_everything_under_way_an_outcome() {
    let mut rig = Rig::steady();
    rig.sent(1, PUBLIC);
    rig.wait(2_500);
    rig.send(2, answer(PUBLIC, Keep::Always));
    rig.session.request(rig.now, Request::Stop);
    // The second one is cut off in the middle: there will be no next time.
    rig.session.wrote(rig.now, 3);
    rig.wait(700);
    rig.wait(500);
    assert!(rig.session.is_done());
    assert_eq!(
        rig.outcomes(),
        [
            (2, Outcome::Dropped(DropReason::Stopping)),
            (1, Outcome::Unknown),
        ]
    );
    assert_eq!(rig.gate.waiting(), 0);
}

#[test]
fn a_refusal_in_the_middle_of_the_writing_does_not_block_the_queue() {
    let mut rig = Rig::steady();
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    let bytes = rig.session.output().to_vec();
    let message = <proto::ToRadio as prost::Message>::decode(&bytes[frame::HEADER..]).unwrap();
    let Some(To::Packet(packet)) = message.payload_variant else {
        panic!("no packet");
    };
    rig.session.wrote(rig.now, bytes.len() - 1);
    rig.hear(ack(OWN, PacketId(packet.id), 38));
    assert_eq!(rig.gate.waiting(), 1, "it waits again, and once");
    rig.session.wrote(rig.now, 1);
    rig.wait(5_000);
    assert_ne!(rig.take_packet().id, packet.id);
    assert_eq!(rig.gate.waiting(), 0);
}

#[test]
fn what_still_comes_from_a_lost_connection_is_nothing() {
    let mut rig = Rig::steady();
    rig.lose();
    rig.events();
    rig.give(From::Rebooted(true));
    rig.give(From::Packet(ping(5)));
    assert!(rig.session.output().is_empty());
    assert!(rig.events().is_empty());
    assert_eq!(rig.session.deadline(), None);
    // Nor what lies behind a torn header that nobody has looked behind.
    let mut rig = Rig::steady();
    let torn = [
        &[0x94, 0xc3, 1, 0, 0x0a][..],
        &frame_of(From::Rebooted(true)),
    ]
    .concat();
    rig.session.received(rig.now, &torn);
    rig.lose();
    rig.events();
    rig.now = rig.now.plus(Duration::from_secs(3));
    rig.session.tick(rig.now);
    assert!(rig.session.output().is_empty());
    assert_eq!(rig.session.deadline(), None);
}

#[test]
fn a_node_that_is_told_out_of_turn_is_passed_on() {
    let mut rig = Rig::steady();
    rig.give(From::NodeInfo(node_info(FRIEND)));
    assert!(matches!(&rig.events()[..], [Event::Nodes(nodes)] if nodes.len() == 1));
    rig.session.infos = vec![node_info(FRIEND); handshake::MAX_NODES];
    rig.connect();
    for _ in 0..=handshake::MAX_NODES {
        rig.give(From::NodeInfo(node_info(FRIEND)));
    }
    assert_eq!(rig.session.infos.len(), handshake::MAX_NODES);
}

#[test]
fn a_traceroute_refused_as_too_early_has_an_outcome_too() {
    let mut rig = Rig::steady();
    rig.session
        .request(rig.now, Request::Traceroute(Ticket(1), FRIEND));
    let id = rig.take_packet().id;
    rig.give(From::QueueStatus(status(15, id, 38)));
    assert_eq!(rig.outcomes(), [(1, Outcome::Failed(Failure::Queue(38)))]);
}

#[test]
fn a_traceroute_lost_while_it_was_written_does_not_block_the_next() {
    let mut rig = Rig::steady();
    let ask = |rig: &mut Rig, ticket| {
        let request = Request::Traceroute(Ticket(ticket), FRIEND);
        rig.session.request(rig.now, request);
    };
    ask(&mut rig, 1);
    rig.lose();
    assert_eq!(rig.outcomes(), [(1, Outcome::Unknown)]);
    rig.now = rig.now.plus(Duration::from_secs(60));
    rig.connect();
    rig.configure(NONCE_CONFIG);
    ask(&mut rig, 2);
    let written = rig.take();
    assert!(matches!(written[..], [To::Packet(_)]), "{written:?}");
}

#[test]
fn a_text_refused_as_too_early_at_the_end_is_given_up() {
    let mut rig = Rig::steady();
    let last = rig.sent(1, PUBLIC);
    rig.session.request(rig.now, Request::Stop);
    rig.give(From::Packet(ack(OWN, PacketId(last.id), 38)));
    assert_eq!(
        rig.outcomes(),
        [(1, Outcome::Dropped(DropReason::Stopping))]
    );
    assert!(matches!(rig.take()[..], [To::Disconnect(true)]));
}

#[test]
fn a_text_in_the_output_when_the_node_restarts_is_written_once() {
    let mut rig = Rig::steady();
    rig.send(1, answer(PUBLIC, Keep::For(REPLY_EXPIRY)));
    rig.give(From::Rebooted(true));
    rig.now = rig.now.plus(Duration::from_secs(5));
    let written = rig.take();
    let [To::Packet(_), To::WantConfigId(NONCE_CONFIG)] = written[..] else {
        panic!("{written:?}");
    };
    assert!(rig.outcomes().is_empty());
    rig.give_configuration(OWN);
    rig.give(From::ConfigCompleteId(NONCE_CONFIG));
    rig.now = rig.now.plus(Duration::from_secs(5));
    rig.session.tick(rig.now);
    assert!(
        rig.take()
            .iter()
            .all(|message| !matches!(message, To::Packet(_)))
    );
}
