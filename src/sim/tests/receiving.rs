//! What reaches a client.

use super::*;

#[test]
fn the_backlog_drops_the_oldest_text_but_never_for_telemetry() {
    let mut bench = Bench::steady(Settings {
        backlog: 3,
        ..no_telemetry()
    });
    bench.say(ToNode::Disconnect(true));
    bench.bytes();
    assert!(bench.closed);
    for words in ["a", "b", "c", "d"] {
        bench
            .node
            .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, words));
    }
    let mut telemetry = packet(NodeNum::BROADCAST, 5, PortNum::TelemetryApp, b"");
    telemetry.from = 9;
    bench.node.hear(bench.now, telemetry);
    bench.wait(100_000);
    bench.reconnect();
    let packets = bench.packets();
    let texts: Vec<_> = packets.iter().filter_map(text_of).collect();
    assert_eq!(texts, ["b", "c", "d"]);
    assert_eq!(packets[0].rx_time, Some(1_795_400_000));
    assert_eq!(bench.node.counters().lost_to_client, 2);
}

#[test]
fn an_orderly_close_costs_one_packet_and_a_reset_none() {
    for (how, expected) in [
        (ClientClose::Fin, &["b"][..]),
        (ClientClose::Reset, &["a", "b"][..]),
    ] {
        let mut bench = Bench::steady(no_telemetry());
        bench.node.client_closed(bench.now, bench.conn, how);
        for words in ["a", "b"] {
            bench
                .node
                .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, words));
        }
        bench.reconnect();
        assert_eq!(bench.texts(), expected);
    }
}

#[test]
fn what_was_heard_before_is_not_heard_again() {
    let mut bench = Bench::steady(no_telemetry());
    let said = Said {
        id: Some(PacketId(7)),
        ..Said::on_channel(NodeNum(9), 0, "once")
    };
    let mut other = said.clone();
    other.from = NodeNum(10);
    for said in [said.clone(), said, other] {
        bench.node.hear_text(bench.now, said);
    }
    let packets = bench.packets();
    assert_eq!(packets.len(), 1);
    bench.node.force(bench.now, packets[0].clone());
    assert_eq!(bench.texts(), ["once"]);
    // What is for others is never shown.
    let mut foreign = text(8, "x");
    (foreign.from, foreign.to) = (9, 10);
    bench.node.hear(bench.now, foreign);
    assert_eq!(bench.brief(), "");
}

#[test]
fn only_2_7_shows_what_it_cannot_read() {
    for (firmware, shown) in [(Version::V2_7, 1), (Version::V2_8, 0)] {
        let mut bench = Bench::steady(version(firmware));
        let mut secret = text(9, "x");
        secret.from = 9;
        secret.payload_variant = Some(Content::Encrypted(vec![1, 2, 3]));
        bench.node.hear(bench.now, secret);
        assert_eq!(bench.packets().len(), shown);
    }
}

#[test]
fn a_private_text_carries_the_sender_key_and_is_acknowledged_on_air() {
    let mut bench = Bench::steady(no_telemetry());
    let near = bench.node.people()[0].clone();
    let id = bench
        .node
        .hear_text(bench.now, Said::to_us(near.num, "psst"));
    let packets = bench.packets();
    assert_eq!(packets[0].public_key, near.public_key.unwrap());
    let air = bench.node.on_air();
    let Some(Content::Decoded(data)) = &air[0].packet.payload_variant else {
        panic!("not readable")
    };
    assert_eq!((air[0].packet.to, data.request_id), (near.num.0, id.0));
}

#[test]
fn a_clock_can_be_set_by_the_client() {
    let mut bench = Bench::steady(Settings {
        clock: Clock::Unset,
        ..no_telemetry()
    });
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "a"));
    assert_eq!(bench.packets()[0].rx_time, None);
    // set_time_only, field 43 fixed32
    let mut admin = vec![0xdd, 0x02];
    admin.extend(1_700_000_000_u32.to_le_bytes());
    bench.send(packet(OWN, 1, PortNum::AdminApp, &admin));
    bench.wait(5000);
    bench.node.fault(bench.now, Fault::ClockJump(-1000));
    bench
        .node
        .hear_text(bench.now, Said::on_channel(NodeNum(9), 0, "b"));
    assert_eq!(bench.packets()[0].rx_time, Some(1_699_999_005));
    assert_eq!(bench.node.counters().admin_packets, 1);
}

#[test]
fn the_node_talks_about_itself_every_minute() {
    let mut bench = Bench::steady(Settings::default());
    bench.wait(59_999);
    assert_eq!(bench.brief(), "");
    bench.wait(1);
    assert_eq!(bench.brief(), "own:TELEMETRY_APP own:TELEMETRY_APP");
    bench.wait(60_000);
    assert_eq!(bench.brief(), "own:TELEMETRY_APP");
}

#[test]
fn chatter_is_the_same_for_the_same_seed() {
    let hour = |seed| {
        let mut bench = Bench::steady(Settings {
            chatter: true,
            seed,
            ..no_telemetry()
        });
        for _ in 0..60 {
            bench.wait(60_000);
            bench.say(ToNode::Heartbeat(proto::Heartbeat::default()));
        }
        bench.packets()
    };
    let first = hour(4);
    assert!((50..150).contains(&first.len()), "{}", first.len());
    assert_eq!(first, hour(4));
    assert_ne!(first, hour(5));
}
