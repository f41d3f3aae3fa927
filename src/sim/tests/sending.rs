//! What a client sends, and what comes of it.

use super::*;

#[test]
fn latencies_are_the_measured_ones() {
    let mut bench = Bench::steady(Settings {
        latency: true,
        ..no_telemetry()
    });
    bench.wait(10_000);
    let start = bench.now.mono;
    let after = |bench: &mut Bench, what: &str, most: u64| {
        let begin = bench.now.mono;
        while !bench.brief().contains(what) {
            let at = bench.node.deadline().expect("nothing will come");
            bench.now = bench.now.plus(at.saturating_sub(bench.now.mono));
            bench.node.tick(bench.now);
            assert!(
                bench.now.mono < begin + Duration::from_millis(most),
                "{what}"
            );
        }
        u64::try_from((bench.now.mono - begin).as_millis()).unwrap()
    };
    bench.say(ToNode::Heartbeat(proto::Heartbeat::default()));
    assert!(after(&mut bench, "res0", 290) > 0);
    bench.say(ToNode::Packet(text(1, "x")));
    assert!((1400..2100).contains(&after(&mut bench, "own:NONE", 2100)));
    bench.wait(3000);
    let near = bench.node.people()[0].num;
    bench.say(ToNode::Packet(packet(
        near,
        2,
        PortNum::TextMessageApp,
        b"x",
    )));
    let took = after(&mut bench, &format!("{near}:NONE"), 1300);
    assert!((500..1300).contains(&took), "{took}");
    bench.wait(3000);
    let nobody = packet(NodeNum(0x1234_5678), 3, PortNum::TextMessageApp, b"x");
    bench.say(ToNode::Packet(nobody));
    assert!((21_000..22_000).contains(&after(&mut bench, "MAX_RETRANSMIT", 22_000)));
    assert!(bench.now.mono > start);

    let old = bench.conn;
    bench.conn = bench.node.accept(bench.now);
    let before = bench.now.mono;
    let closed = loop {
        let at = bench.node.deadline().unwrap();
        bench.now = bench.now.plus(at.saturating_sub(bench.now.mono));
        bench.node.tick(bench.now);
        if bench.node.next_output() == Some(Output::Close(old)) {
            break bench.now.mono - before;
        }
    };
    assert!((11..=92).contains(&closed.as_millis()), "{closed:?}");
}

/// protocol.md §7.4: the very bytes of a text and of its queue status.
#[test]
fn a_text_is_accepted_and_its_relay_heard() {
    let mut bench = Bench::steady(no_telemetry());
    let bytes = [
        0x94, 0xc3, 0x00, 0x1f, 0x0a, 0x1d, 0x0d, 0xd4, 0xc3, 0xb2, 0xa1, 0x15, 0xff, 0xff, 0xff,
        0xff, 0x22, 0x08, 0x08, 0x01, 0x12, 0x04, 0x70, 0x6f, 0x6e, 0x67, 0x35, 0x4d, 0x3c, 0x2b,
        0x1a, 0x48, 0x03, 0x50, 0x01,
    ];
    bench.node.receive(bench.now, bench.conn, &bytes);
    let got = bench.bytes();
    let status = [
        0x94, 0xc3, 0x00, 0x0c, 0x5a, 0x0a, 0x10, 0x0f, 0x18, 0x10, 0x20, 0xcd, 0xf8, 0xac, 0xd1,
        0x01,
    ];
    assert_eq!(got[..16], status);
    // §7.8, but for the random id and the time.
    let ack = [
        0x94, 0xc3, 0x00, 0x25, 0x12, 0x23, 0x0d, 0xd4, 0xc3, 0xb2, 0xa1, 0x15, 0xd4, 0xc3, 0xb2,
        0xa1, 0x22, 0x0b, 0x08, 0x05, 0x12, 0x02, 0x18, 0x00, 0x35, 0x4d, 0x3c, 0x2b, 0x1a, 0x35,
    ];
    assert_eq!(got[16..16 + ack.len()], ack);
    assert_eq!(got.len(), 16 + 41);
    let air = bench.node.on_air();
    assert_eq!(air[0].text(), Some("pong"));
    assert_eq!(air[0].packet.hop_start, 3);
    assert!(bench.node.on_air().is_empty());
}

#[test]
fn texts_faster_than_two_seconds_are_swallowed() {
    let mut bench = Bench::steady(no_telemetry());
    assert_eq!(bench.send(text(1, "a")), "res0/free15 own:NONE");
    bench.wait(1999);
    assert_eq!(
        bench.send(text(2, "b")),
        "res0/free16 own:RATE_LIMIT_EXCEEDED"
    );
    // Without the own number the NAK goes on air, to nobody.
    let anonymous = proto::MeshPacket {
        from: 0,
        ..text(3, "c")
    };
    let got = bench.send(anonymous);
    assert!(!got.contains("RATE"), "{got}");
    bench.wait(1);
    assert_eq!(bench.send(text(4, "d")), "res0/free15 own:NONE");
    let air = bench.node.on_air();
    let texts: Vec<_> = air.iter().filter_map(OnAir::text).collect();
    assert_eq!(texts, ["a", "d"]);
    let counters = bench.node.counters();
    assert_eq!(
        (counters.texts_accepted, counters.texts_rate_limited),
        (2, 2)
    );
    assert_eq!(counters.smallest_text_gap, Some(Duration::ZERO));
}

#[test]
fn other_ports_have_their_own_limits() {
    let mut bench = Bench::steady(no_telemetry());
    let near = bench.node.people()[0].num;
    let trace = |id| {
        let mut packet = packet(near, id, PortNum::TracerouteApp, b"");
        if let Some(Content::Decoded(data)) = &mut packet.payload_variant {
            data.want_response = true;
        }
        packet
    };
    let answer = format!("res0/free15 {near}:TRACEROUTE_APP");
    assert_eq!(bench.send(trace(1)), answer);
    bench.wait(29_999);
    assert_eq!(bench.send(trace(2)), "res0/free16 notice");
    bench.wait(1);
    assert_eq!(bench.send(trace(3)), answer);
    assert_eq!(bench.node.counters().traceroutes.len(), 3);
    let everybody = packet(NodeNum::BROADCAST, 4, PortNum::TracerouteApp, b"");
    assert_eq!(bench.send(everybody), "res0/free16 notice");

    let position = |id| packet(near, id, PortNum::PositionApp, b"");
    bench.send(position(5));
    bench.wait(9_999);
    assert_eq!(bench.send(position(6)), "res0/free16");
    bench.wait(1);
    assert_eq!(bench.send(position(7)), format!("res0/free15 {near}:NONE"));
}

#[test]
fn a_route_names_relays_and_one_more_signal_than_relays() {
    let mut bench = Bench::steady(no_telemetry());
    let far = bench
        .node
        .people()
        .iter()
        .find(|p| p.hops == 3)
        .unwrap()
        .num;
    let mut request = packet(far, 1, PortNum::TracerouteApp, b"");
    if let Some(Content::Decoded(data)) = &mut request.payload_variant {
        data.want_response = true;
    }
    bench.say(ToNode::Packet(request));
    let packets = bench.packets();
    let answer = packets.iter().find(|p| p.from == far.0).unwrap();
    let Some(Content::Decoded(data)) = &answer.payload_variant else {
        panic!("not readable")
    };
    assert_eq!(data.request_id, 1);
    let route = proto::RouteDiscovery::decode(data.payload.as_slice()).unwrap();
    assert_eq!((route.route.len(), route.snr_towards.len()), (3, 4));
    assert_eq!((route.route_back.len(), route.snr_back.len()), (3, 4));
}

#[test]
fn sizes_end_where_they_were_measured_to_end() {
    let outcome = |to: Option<usize>, length: usize, reply: bool| {
        let mut bench = Bench::steady(no_telemetry());
        let to = to.map_or(NodeNum::BROADCAST, |index| bench.node.people()[index].num);
        let mut packet = packet(to, 1, PortNum::TextMessageApp, &vec![b'x'; length]);
        if let Some(Content::Decoded(data)) = &mut packet.payload_variant {
            data.reply_id = u32::from(reply) * 77;
        }
        let got = bench.send(packet);
        match got.as_str() {
            "res7/free16 own:TOO_LARGE" => "large",
            "" => "silence",
            got if got.starts_with("res0/free15 ") => "sent",
            _ => panic!("{got}"),
        }
    };
    for (to, reply, most) in [
        (None, false, 232),
        (None, true, 227),
        (Some(0), false, 220),
        (Some(0), true, 215),
    ] {
        assert_eq!(outcome(to, most, reply), "sent");
        assert_eq!(outcome(to, most + 1, reply), "large");
        assert_eq!(outcome(to, 234, reply), "large");
        assert_eq!(outcome(to, 235, reply), "silence");
    }
}

#[test]
fn refusals_come_twice_and_repeated_ids_not_at_all() {
    let mut bench = Bench::steady(no_telemetry());
    let mut wrong = text(1, "x");
    wrong.channel = 5;
    assert_eq!(bench.send(wrong), "res6/free16 own:NO_CHANNEL");
    bench.wait(2000);
    let near = bench.node.people()[0].num;
    bench.node.people_mut()[0].public_key = None;
    let direct = packet(near, 2, PortNum::TextMessageApp, b"x");
    assert_eq!(
        bench.send(direct.clone()),
        "res39/free16 own:PKI_SEND_FAIL_PUBLIC_KEY"
    );
    bench.wait(2000);
    assert_eq!(bench.send(direct), "");
    let nobody = packet(NodeNum(0x1234_5678), 3, PortNum::TextMessageApp, b"x");
    assert_eq!(bench.send(nobody), "res0/free15 own:MAX_RETRANSMIT");
    bench.wait(2000);
    let ourselves = packet(OWN, 4, PortNum::TextMessageApp, b"x");
    assert_eq!(bench.send(ourselves), "res0/free16 own:NONE");
    assert_eq!(bench.node.counters().ids_repeated, 1);
    // The last 20 ids only.
    for id in 100..120 {
        bench.send(packet(near, id, PortNum::NodeinfoApp, b""));
    }
    bench.wait(2000);
    assert_eq!(bench.send(text(1, "x")), "res0/free15 own:NONE");
}

#[test]
fn somebody_far_away_is_reached_through_a_relay() {
    let mut bench = Bench::steady(no_telemetry());
    let mut people = bench.node.people().iter();
    let far = people
        .find(|p| p.hops > 0 && p.public_key.is_some())
        .unwrap();
    let far = far.num;
    // Its acknowledgement is acknowledged in turn: a second status.
    let direct = packet(far, 1, PortNum::TextMessageApp, b"x");
    assert_eq!(
        bench.send(direct),
        format!("res0/free15 res0/free15 own:NONE {far}:NONE")
    );
}

#[test]
fn a_simulated_radio_echoes() {
    let mut bench = Bench::steady(Settings {
        echo_simulated_radio: true,
        ..no_telemetry()
    });
    assert_eq!(
        bench.send(text(1, "x")),
        "res0/free15 res0/free16 own:SIMULATOR_APP own:NONE"
    );
}

/// protocol.md §4.8: after a refusal for want of a key, asking for the node
/// info helps.
#[test]
fn a_missing_key_comes_with_the_node_info() {
    let mut bench = Bench::steady(no_telemetry());
    bench.node.people_mut()[0].public_key = None;
    let near = bench.node.people()[0].num;
    let direct = |id| packet(near, id, PortNum::TextMessageApp, b"x");
    assert!(bench.send(direct(1)).starts_with("res39"));
    let mut request = packet(near, 2, PortNum::NodeinfoApp, b"");
    if let Some(Content::Decoded(data)) = &mut request.payload_variant {
        data.want_response = true;
    }
    let got = bench.send(request);
    assert_eq!(got, format!("res0/free15 {near}:NODEINFO_APP"));
    bench.wait(2000);
    assert!(bench.send(direct(3)).starts_with("res0"));
    // His own texts carry that very key.
    let key = bench.node.people()[0].public_key.unwrap();
    bench.node.hear_text(bench.now, Said::to_us(near, "a"));
    assert_eq!(bench.packets()[0].public_key, key);
}

#[test]
fn a_stranger_becomes_known_by_his_node_info() {
    let mut bench = Bench::steady(no_telemetry());
    let before = bench.node.people().len();
    let user = proto::User {
        long_name: b"Newcomer".to_vec(),
        ..Default::default()
    };
    let mut info = packet(
        NodeNum::BROADCAST,
        9,
        PortNum::NodeinfoApp,
        &user.encode_to_vec(),
    );
    info.from = 0x7777_7777;
    bench.node.hear(bench.now, info);
    assert_eq!(bench.node.people().len(), before + 1);
    bench.say(ToNode::WantConfigId(69421));
    let listed = bench.got().iter().any(|message| {
        let From::NodeInfo(info) = message else {
            return false;
        };
        info.user
            .as_ref()
            .is_some_and(|user| user.long_name == b"Newcomer")
    });
    assert!(listed);
}
