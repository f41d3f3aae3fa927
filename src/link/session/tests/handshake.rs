//! From the first word to the node list, and what opens the gate.

use super::*;

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
