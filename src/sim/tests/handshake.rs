//! Connections and handshakes.

use super::*;

fn handshake(version: Version, nonce: u32) -> String {
    let mut bench = Bench::new(Settings {
        version,
        nodes: 8,
        ..no_telemetry()
    });
    bench.say(ToNode::WantConfigId(nonce));
    let got = bench.got();
    assert!(got.contains(&From::ConfigCompleteId(nonce)));
    kinds(&got)
}

/// The order of captures 11, 12 (two phases), 01 and 09 (ordinary nonces).
#[test]
fn handshakes_come_in_the_recorded_order() {
    expect!["my_info*1 deviceui*1 node_info*1 metadata*1 channel*8 config*10 module*16 file*6 complete*1 "]
        .assert_eq(&handshake(Version::V2_7, 69420));
    expect!["node_info*9 complete*1 "].assert_eq(&handshake(Version::V2_7, 69421));
    expect!["my_info*1 deviceui*1 node_info*1 metadata*1 channel*8 config*10 module*16 node_info*8 file*6 complete*1 "]
        .assert_eq(&handshake(Version::V2_7, 7));
    // Field 19 is unknown here, so one message less than 2.8 sends.
    expect!["my_info*1 deviceui*1 node_info*1 metadata*1 channel*8 config*10 module*17 file*5 complete*1 "]
        .assert_eq(&handshake(Version::V2_8, 69420));
    expect!["node_info*9 complete*1 packet*13 "].assert_eq(&handshake(Version::V2_8, 69421));
    expect!["my_info*1 deviceui*1 node_info*1 metadata*1 channel*8 config*10 module*17 node_info*8 file*5 complete*1 packet*13 "]
        .assert_eq(&handshake(Version::V2_8, 7));
}

#[test]
fn only_2_7_tells_positions_in_node_infos() {
    for (firmware, fat) in [(Version::V2_7, true), (Version::V2_8, false)] {
        let mut bench = Bench::new(version(firmware));
        bench.say(ToNode::WantConfigId(69421));
        let infos = bench.got();
        let with_position = infos
            .iter()
            .any(|message| matches!(message, From::NodeInfo(info) if info.position.is_some()));
        assert_eq!(with_position, fat);
    }
}

#[test]
fn before_a_request_only_heartbeats_are_answered() {
    let mut bench = Bench::new(no_telemetry());
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "hello"));
    bench.say(ToNode::Heartbeat(proto::Heartbeat { nonce: 1 }));
    assert!(bench.bytes().is_empty());
    // Many at once are answered once; protocol.md §7.2.
    bench.say_all(vec![ToNode::Heartbeat(proto::Heartbeat::default()); 20]);
    assert_eq!(
        bench.bytes(),
        [0x94, 0xc3, 0, 6, 0x5a, 0x04, 0x10, 0x10, 0x18, 0x10]
    );
    let counters = bench.node.counters();
    assert_eq!(
        (counters.heartbeats, counters.heartbeats_nonce_one),
        (21, 1)
    );
    let air = bench.node.on_air();
    assert_eq!(air.len(), 1);
    assert!(!air[0].by_client);
}

#[test]
fn of_two_requests_in_one_write_the_last_is_answered() {
    let mut bench = Bench::new(no_telemetry());
    bench.say_all(vec![ToNode::WantConfigId(5), ToNode::WantConfigId(69421)]);
    let got = bench.got();
    assert_eq!(kinds(&got), "node_info*16 complete*1 ");
    assert_eq!(got.last(), Some(&From::ConfigCompleteId(69421)));
}

#[test]
fn the_newest_client_wins_even_if_it_leaves_at_once() {
    let mut bench = Bench::steady(no_telemetry());
    let probe = bench.node.accept(bench.now);
    bench.node.client_closed(bench.now, probe, ClientClose::Fin);
    assert_eq!(bench.brief(), "");
    assert!(bench.closed);
    assert_eq!(bench.node.counters().open, 0);
    // The probe was never steady, so nothing is lost.
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "one"));
    bench.reconnect();
    assert_eq!(bench.texts(), ["one"]);
}

#[test]
fn an_idle_client_is_closed_after_fifteen_minutes() {
    let mut bench = Bench::steady(Settings::default());
    bench.wait(800_000);
    bench.say(ToNode::Heartbeat(proto::Heartbeat::default()));
    bench.wait(899_999);
    bench.bytes();
    assert!(!bench.closed);
    bench.wait(1);
    bench.bytes();
    assert!(bench.closed);
    assert_eq!(bench.node.counters().idle_closes, 1);
}

#[test]
fn replayed_records_are_the_same_every_time() {
    let replayed = |bench: &mut Bench| {
        bench.say(ToNode::WantConfigId(1));
        bench.packets()
    };
    let mut bench = Bench::new(version(Version::V2_8));
    let first = replayed(&mut bench);
    bench.wait(60_000);
    assert_eq!(replayed(&mut bench), first);
    for packet in first {
        assert_eq!((packet.priority, packet.rx_rssi), (10, None));
        assert_eq!(packet.transport_mechanism, 1);
        assert!(packet.rx_time.unwrap() < 1_795_400_000);
    }
    let mut settings = version(Version::V2_8);
    settings.replay = false;
    assert!(replayed(&mut Bench::new(settings)).is_empty());
}

proptest::proptest! {
    /// Whatever a client writes, the node goes on.
    #[test]
    fn any_input_is_survived(
        pieces in proptest::collection::vec(
            proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), 0..10),
        latency in proptest::prelude::any::<bool>(),
    ) {
        let mut bench = Bench::new(Settings { latency, ..Settings::default() });
        for mut piece in pieces {
            if piece.len() > 8 {
                // Some of it in frames.
                let [high, low] = u16::try_from(piece.len() - 4).unwrap().to_be_bytes();
                piece[..4].copy_from_slice(&[0x94, 0xc3, high, low]);
            }
            bench.node.receive(bench.now, bench.conn, &piece);
            bench.wait(300);
        }
        bench.say(ToNode::WantConfigId(3));
        bench.wait(1000);
    }
}

#[test]
fn a_locked_node_says_so_and_shows_nothing() {
    let mut bench = Bench::new(Settings {
        locked: true,
        ..no_telemetry()
    });
    bench.say(ToNode::WantConfigId(5));
    let got = bench.got();
    let status = proto::LockdownStatus { state: 2 };
    assert_eq!(got.last(), Some(&From::LockdownStatus(status)));
    let open = got
        .iter()
        .any(|message| matches!(message, From::Channel(channel) if channel.role != 0));
    assert!(!open);
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "a"));
    assert_eq!(bench.brief(), "");
}
