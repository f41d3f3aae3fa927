//! Scripted faults.

use super::*;

#[test]
fn acknowledgements_can_be_scripted() {
    let mut bench = Bench::steady(no_telemetry());
    let near = bench.node.people()[0].num;
    let mut id = 0;
    let mut after = |fault| {
        bench.node.fault(bench.now, fault);
        bench.wait(2000);
        id += 1;
        bench.send(packet(near, id, PortNum::TextMessageApp, b"x"))
    };
    assert_eq!(after(Fault::AckFromRelayOnly), "res0/free15 own:NONE");
    assert_eq!(after(Fault::NeverAck), "res0/free15");
    let nak = Fault::NakWith(routing::Error::PkiUnknownPubkey);
    assert_eq!(after(nak), format!("res0/free15 {near}:PKI_UNKNOWN_PUBKEY"));
    let nak = Fault::NakWith(routing::Error::MaxRetransmit);
    assert_eq!(after(nak), "res0/free15 own:MAX_RETRANSMIT");
    assert!(after(Fault::NormalAcks).contains(&format!("{near}:NONE")));
    let refused = after(Fault::RefuseTexts(routing::Error::DutyCycleLimit));
    assert_eq!(refused, "res9/free16 notice own:DUTY_CYCLE_LIMIT");
    let full = Fault::QueueFull(Duration::from_secs(9));
    assert_eq!(after(full), "res32/free0");
    bench.wait(9000);
    assert_eq!(bench.brief(), "res0/free16");
}

#[test]
fn a_reboot_forgets_what_was_queued_and_refuses_for_a_moment() {
    let mut bench = Bench::steady(no_telemetry());
    bench.say(ToNode::Disconnect(true));
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "a"));
    let down = Duration::from_millis(50);
    bench.node.fault(bench.now, Fault::Reboot(down));
    assert!(!bench.node.listening());
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "b"));
    bench.wait(49);
    assert!(!bench.node.listening());
    bench.wait(1);
    assert!(bench.node.listening());
    bench.reconnect();
    assert!(bench.texts().is_empty());
}

#[test]
fn the_own_number_changes_with_the_next_handshake() {
    let mut bench = Bench::steady(no_telemetry());
    bench
        .node
        .fault(bench.now, Fault::ChangeOwnNumber(NodeNum(77)));
    let renamed = Fault::RenameChannel {
        index: 1,
        name: "new".to_owned(),
    };
    bench.node.fault(bench.now, renamed);
    assert_eq!(bench.node.own(), OWN);
    bench.say(ToNode::WantConfigId(69420));
    let got = bench.got();
    assert!(matches!(&got[0], From::MyInfo(info) if info.my_node_num == 77));
    let renamed = got.iter().any(|message| match message {
        From::Channel(channel) => channel.settings.as_ref().unwrap().name == b"new",
        _ => false,
    });
    assert!(renamed);
}

#[test]
fn the_stream_can_be_torn_garbled_and_cut() {
    let mut bench = Bench::steady(no_telemetry());
    let say = |bench: &mut Bench, words| {
        bench
            .node
            .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, words));
    };
    bench.node.fault(bench.now, Fault::Garbage(30));
    say(&mut bench, "after garbage");
    assert_eq!(bench.texts(), ["after garbage"]);
    assert_eq!(bench.decoder.stray_bytes(), 30);

    bench.node.fault(bench.now, Fault::Tear);
    for words in ["torn", "swallowed?", "third", "fourth"] {
        say(&mut bench, words);
    }
    let texts = bench.texts();
    assert!(!texts.contains(&"torn".to_owned()) && texts.contains(&"fourth".to_owned()));

    bench.node.fault(bench.now, Fault::ShortWrites(7));
    say(&mut bench, "in pieces");
    while let Some(output) = bench.node.next_output() {
        let Output::Bytes(_, bytes) = output else {
            panic!("closed")
        };
        assert!(bytes.len() <= 7);
        bench.raw.extend(bytes);
    }
    assert_eq!(bench.texts(), ["in pieces"]);

    bench.node.fault(bench.now, Fault::CloseAfterBytes(10));
    say(&mut bench, "never whole");
    assert_eq!(bench.bytes().len(), 10);
    assert!(bench.closed);
}

#[test]
fn stalls_end_or_do_not() {
    let mut bench = Bench::steady(no_telemetry());
    bench
        .node
        .fault(bench.now, Fault::Stall(Duration::from_secs(5)));
    bench.say(ToNode::Heartbeat(proto::Heartbeat::default()));
    bench.wait(4999);
    assert_eq!(bench.brief(), "");
    bench.wait(1);
    assert_eq!(bench.brief(), "res0/free16");

    bench.node.fault(bench.now, Fault::StallInNodes(3));
    bench.say(ToNode::WantConfigId(69421));
    assert_eq!(kinds(&bench.got()), "node_info*3 ");
    bench.say(ToNode::Heartbeat(proto::Heartbeat::default()));
    bench.wait(100_000);
    assert_eq!(bench.brief(), "");
    bench.reconnect();
    bench.node.fault(bench.now, Fault::CloseInNodes(2));
    bench.got();
    bench.say(ToNode::WantConfigId(69421));
    assert_eq!(kinds(&bench.got()), "node_info*2 ");
    assert!(bench.closed);
    bench.reconnect();
    bench.say(ToNode::WantConfigId(69421));
    assert!(kinds(&bench.got()).ends_with("complete*1 "));
}

#[test]
fn a_rival_takes_the_slot_and_fights_for_a_while() {
    let mut bench = Bench::steady(no_telemetry());
    let rival = Fault::Rival {
        for_: Duration::from_secs(60),
        period: Some(Duration::from_secs(5)),
    };
    bench.node.fault(bench.now, rival);
    bench.bytes();
    assert!(bench.closed);
    // The rival gets the packets.
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "a"));
    for _ in 0..3 {
        bench.reconnect();
        assert!(bench.texts().is_empty());
        bench.wait(4999);
        bench.bytes();
        assert!(!bench.closed);
        bench.wait(1);
        bench.bytes();
        assert!(bench.closed);
    }
    bench.wait(60_000);
    bench.reconnect();
    bench.wait(60_000);
    bench.bytes();
    assert!(!bench.closed);
}

#[test]
fn a_serial_bridge_passes_a_restart_on() {
    let mut bench = Bench::steady(no_telemetry());
    bench.node.fault(bench.now, Fault::Rebooted);
    assert_eq!(bench.got(), [From::Rebooted(true)]);
    bench.node.fault(bench.now, Fault::Drop);
    assert_eq!(bench.brief(), "");
    assert!(bench.closed);
}

#[test]
fn a_stall_after_some_bytes_lasts_as_long_as_the_connection() {
    let mut bench = Bench::steady(no_telemetry());
    bench.node.fault(bench.now, Fault::StallAfterBytes(5));
    let said = Said::on_channel(NodeNum(9), 0, "a");
    bench.node.hear_text(bench.now, said);
    assert_eq!(bench.bytes().len(), 5);
    bench.say(ToNode::Heartbeat(proto::Heartbeat::default()));
    bench.wait(899_000);
    assert!(bench.bytes().is_empty());
    assert!(!bench.closed);
    // Unread heartbeats do not count as contact.
    bench.wait(1000);
    bench.bytes();
    assert!(bench.closed);
}
