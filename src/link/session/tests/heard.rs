//! What is handed on of all that is heard, how often, and as what.

use super::*;

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
fn garbage_between_frames_changes_nothing() {
    let mut rig = Rig::steady();
    let mut bytes = b"\x94\xc3\x00\x05hello\xc3\x94 DEBUG | noise".to_vec();
    bytes.extend(frame_of(From::Packet(ping(3))));
    rig.session.received(rig.now, &bytes);
    assert_eq!(rig.packets().len(), 1);
    assert!(rig.session.counters().undecodable >= 1);
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
