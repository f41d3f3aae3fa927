//! The book under virtual time: live, waiting, replayed, listed, hostile.

use super::*;
use crate::mesh::{Hops, Metrics, Packet, Sanity, Signal, Standing};
use crate::proto::{self, PortNum, telemetry};
use std::collections::BTreeSet;

use proptest::prelude::*;
use prost::Message;

const SANITY: Sanity = Sanity { built: 1_000_000 };
const DAY: u64 = 24 * 3600;
const EVER: Duration = Duration::from_secs(100 * DAY);
const OWN: NodeNum = NodeNum(0x0000_0aaa);
const ALICE: NodeNum = NodeNum(0x1111_11a1);
const BOB: NodeNum = NodeNum(0x2222_22b2);

/// `secs` after the program started, the clock being right.
fn at(secs: u64) -> Now {
    Now {
        mono: Duration::from_secs(secs),
        unix: 2_000_000 + secs,
    }
}

fn book() -> NodeBook {
    let mut book = NodeBook::default();
    book.set_own(OWN);
    book
}

fn packet(from: NodeNum, hops: Hops, snr: f32) -> Packet {
    let mut packet = Packet::from_wire(&proto::MeshPacket {
        from: from.0,
        to: NodeNum::BROADCAST.0,
        rx_snr: snr,
        rx_rssi: Some(-90),
        transport_mechanism: 1,
        ..Default::default()
    });
    packet.hops = hops;
    packet
}

fn direct(from: NodeNum, snr: f32) -> Packet {
    packet(from, Hops::Known(0), snr)
}

fn carrying(from: NodeNum, port: PortNum, message: &impl Message) -> Packet {
    Packet {
        payload: Payload::Port(port, message.encode_to_vec()),
        ..packet(from, Hops::Known(1), 5.0)
    }
}

fn user(long: &str, short: &str) -> proto::User {
    proto::User {
        long_name: long.into(),
        short_name: short.into(),
        ..Default::default()
    }
}

fn place(latitude_i: i32) -> proto::Position {
    proto::Position {
        latitude_i: Some(latitude_i),
        longitude_i: Some(20_000_000),
        ..Default::default()
    }
}

fn battery(level: u32) -> proto::Telemetry {
    proto::Telemetry {
        time: 0,
        variant: Some(telemetry::Variant::DeviceMetrics(proto::DeviceMetrics {
            battery_level: Some(level),
            ..Default::default()
        })),
    }
}

fn info(num: NodeNum, last_heard: u64) -> proto::NodeInfo {
    proto::NodeInfo {
        num: num.0,
        last_heard: u32::try_from(last_heard).unwrap(),
        user: Some(user("Listed", "LIST")),
        ..Default::default()
    }
}

fn live(book: &mut NodeBook, packet: &Packet, secs: u64) -> Noted {
    book.note_packet(packet, Standing::Live, at(secs), SANITY)
}

fn numbers(nodes: Vec<&Node>) -> Vec<NodeNum> {
    nodes.into_iter().map(|node| node.num).collect()
}

#[test]
fn a_live_packet_is_a_reception() {
    let mut book = book();
    assert!(live(&mut book, &direct(ALICE, -3.5), 100).is_new);
    assert!(!live(&mut book, &direct(ALICE, 0.0), 160).is_new);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.last_heard(), Some(2_000_160));
    assert_eq!(alice.last_heard_mono, Some(Duration::from_secs(160)));
    assert_eq!(alice.first_seen(), Some(2_000_100));
    assert_eq!(alice.direct_snrs(), [0.0, -3.5]);
    assert_eq!(alice.hop_history(), [0, 0]);
    assert_eq!(alice.packets, 2);
    let last = alice.last_direct().unwrap();
    assert_eq!((last.snr, last.rssi), (0.0, Some(-90)));
    assert_eq!(last.at_unix, Some(2_000_160));
}

#[test]
fn a_relayed_packet_keeps_the_last_direct_signal() {
    let mut book = book();
    live(&mut book, &direct(ALICE, 4.0), 100);
    live(&mut book, &packet(ALICE, Hops::Known(2), 11.0), 200);
    let mut mqtt = packet(ALICE, Hops::Known(5), 11.0);
    mqtt.via_mqtt = true;
    live(&mut book, &mqtt, 300);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.hops, Hops::Known(2), "MQTT hops are not by radio");
    assert_eq!(alice.hop_history(), [2, 0]);
    assert_eq!(alice.direct_snrs(), [4.0]);
    assert!(alice.via_mqtt);
    assert_eq!(alice.last_heard(), Some(2_000_300));
}

#[test]
fn replays_feed_positions_and_metrics_only() {
    let mut book = book();
    live(&mut book, &packet(ALICE, Hops::Known(3), 2.0), 100);
    let before = book.counters().clone();
    // As the node makes them up: looks like a direct neighbour.
    let replay = |from, port, message: &dyn Fn() -> Vec<u8>| Packet {
        rx_time: 1_999_000,
        payload: Payload::Port(port, message()),
        ..direct(from, 9.0)
    };
    for from in [ALICE, BOB] {
        for packet in [
            replay(from, PortNum::PositionApp, &|| {
                place(480_000_000).encode_to_vec()
            }),
            replay(from, PortNum::TelemetryApp, &|| battery(55).encode_to_vec()),
            replay(from, PortNum::NodeinfoApp, &|| {
                user("No", "no").encode_to_vec()
            }),
        ] {
            for _ in 0..2 {
                let noted = book.note_packet(&packet, Standing::Replay, at(200), SANITY);
                let is_regular = noted.is_regular;
                assert_eq!(
                    noted,
                    Noted {
                        is_regular,
                        ..Noted::default()
                    }
                );
            }
        }
    }
    for num in [ALICE, BOB] {
        let node = book.get(num).unwrap();
        assert_eq!(node.position.unwrap().latitude_i, 480_000_000);
        assert_eq!(node.position_at(), Some(1_999_000));
        assert_eq!(node.metrics.battery, Some(55));
        assert_eq!(node.long_name, None);
        assert!(node.direct_snrs().is_empty());
    }
    let alice = book.get(ALICE).unwrap();
    assert_eq!((alice.hops, alice.packets), (Hops::Known(3), 1));
    assert_eq!(alice.last_heard(), Some(2_000_100));
    let bob = book.get(BOB).unwrap();
    assert_eq!((bob.hops, bob.packets), (Hops::Unknown, 0));
    assert_eq!((bob.last_heard(), bob.first_seen_mono), (None, None));
    assert!(book.direct(at(200)).is_empty());
    assert_eq!(book.counters().readable, before.readable);
}

#[test]
fn a_replay_never_replaces_what_was_heard_since() {
    let mut book = book();
    let fresh = carrying(ALICE, PortNum::PositionApp, &place(490_000_000));
    live(&mut book, &fresh, 100);
    live(
        &mut book,
        &carrying(ALICE, PortNum::TelemetryApp, &battery(80)),
        100,
    );
    for (port, bytes) in [
        (PortNum::PositionApp, place(480_000_000).encode_to_vec()),
        (PortNum::TelemetryApp, battery(20).encode_to_vec()),
    ] {
        let old = Packet {
            rx_time: 2_000_050,
            payload: Payload::Port(port, bytes),
            ..direct(ALICE, 0.0)
        };
        book.note_packet(&old, Standing::Replay, at(200), SANITY);
    }
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.position.unwrap().latitude_i, 490_000_000);
    assert_eq!(alice.metrics.battery, Some(80));
}

#[test]
fn backlog_is_history_without_a_signal() {
    let mut book = book();
    let mut waiting = carrying(ALICE, PortNum::NodeinfoApp, &user("Alice", "ALI"));
    waiting.hops = Hops::Known(0);
    waiting.rx_time = 1_999_400;
    book.note_packet(&waiting, Standing::Backlog, at(100), SANITY);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("Alice"));
    assert_eq!(alice.last_heard(), Some(1_999_400));
    assert_eq!(alice.last_heard_mono, None, "before the program started");
    assert_eq!(alice.age(at(100)), Some(Duration::from_secs(700)));
    assert_eq!((alice.hops, alice.packets), (Hops::Unknown, 0));
    assert!(book.direct(at(100)).is_empty() && book.counters().readable == 0);

    // Waiting since a gap in this run, and older than what was heard since.
    live(
        &mut book,
        &carrying(ALICE, PortNum::NodeinfoApp, &user("Alix", "ALX")),
        500,
    );
    waiting.rx_time = 2_000_400;
    book.note_packet(&waiting, Standing::Backlog, at(600), SANITY);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("Alix"));
    assert_eq!(alice.last_heard_mono, Some(Duration::from_secs(500)));
}

#[test]
fn our_own_packets_are_no_radio_events() {
    let mut book = book();
    let mut own = carrying(OWN, PortNum::TelemetryApp, &battery(101));
    (own.by_lora, own.signal) = (false, None);
    let known = Noted {
        is_regular: true,
        ..Noted::default()
    };
    assert_eq!(live(&mut book, &own, 10), known);
    let node = book.get(OWN).unwrap();
    assert_eq!(node.metrics.battery, Some(101));
    assert_eq!((node.last_heard(), node.packets), (None, 0));
    assert!(book.counters().readable == 0);

    // The same claim from the air is an echo or a forgery.
    live(
        &mut book,
        &carrying(OWN, PortNum::TelemetryApp, &battery(1)),
        20,
    );
    live(&mut book, &direct(OWN, 10.0), 30);
    assert_eq!(book.get(OWN).unwrap().metrics.battery, Some(101));
    assert!(book.direct(at(30)).is_empty());
    assert!(book.relay_candidates(OWN.relay_byte()).is_empty());
}

#[test]
fn garbage_is_counted_and_changes_nothing() {
    let mut book = book();
    live(
        &mut book,
        &carrying(ALICE, PortNum::NodeinfoApp, &user("Alice", "ALI")),
        10,
    );
    for port in [
        PortNum::NodeinfoApp,
        PortNum::PositionApp,
        PortNum::TelemetryApp,
    ] {
        let mut broken = direct(ALICE, 1.0);
        broken.payload = Payload::Port(port, vec![0xFF, 0xFF, 0xFF]);
        assert!(live(&mut book, &broken, 20).undecodable);
        book.note_packet(&broken, Standing::Replay, at(20), SANITY);
    }
    assert_eq!(book.counters().undecodable, 3);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("Alice"));
    assert_eq!((alice.position, alice.packets), (None, 4));
}

#[test]
fn packets_are_counted_by_what_can_be_read_of_them() {
    let mut book = book();
    for payload in [
        Payload::Port(PortNum::TextMessageApp, b"hi".to_vec()),
        Payload::Port(PortNum::TextMessageApp, b"hi".to_vec()),
        Payload::OtherPort(256),
        Payload::OtherPort(77_777),
        Payload::OtherPort(-5),
        Payload::Encrypted,
        Payload::Empty,
    ] {
        live(
            &mut book,
            &Packet {
                payload,
                ..direct(BOB, 0.0)
            },
            1,
        );
    }
    let counters = book.counters();
    let counted = (counters.readable, counters.encrypted, counters.empty);
    assert_eq!(counted, (5, 1, 1));
}

/// What cannot be read makes nobody known and nobody forgotten; who is known
/// was heard.
#[test]
fn an_unreadable_packet_says_that_its_sender_was_heard_and_no_more() {
    let sealed = |from, hops| Packet {
        payload: Payload::Encrypted,
        hops,
        ..direct(from, -4.0)
    };
    let mut book = book();
    let noted = live(&mut book, &sealed(ALICE, Hops::Known(0)), 5);
    assert_eq!((noted, book.get(ALICE).is_none()), (Noted::default(), true));
    let mut far = direct(ALICE, 1.0);
    far.hops = Hops::Known(2);
    assert!(live(&mut book, &far, 10).is_new);
    live(&mut book, &sealed(ALICE, Hops::Unknown), 60);
    let alice = book.get(ALICE).unwrap();
    assert_eq!((alice.packets, alice.hops), (2, Hops::Known(2)));
    assert_eq!(alice.age(at(60)), Some(Duration::ZERO));
    assert_eq!(alice.last_direct(), None);
    live(&mut book, &sealed(ALICE, Hops::Known(0)), 70);
    assert_eq!(book.get(ALICE).unwrap().last_direct().unwrap().snr, -4.0);
    assert_eq!(book.counters().encrypted, 3);
}

#[test]
fn names_are_cleaned_at_the_door() {
    let mut book = book();
    let mut hostile = user("\u{202E}/reboot\nnow", "@all");
    hostile.public_key = vec![7; 31];
    live(
        &mut book,
        &carrying(ALICE, PortNum::NodeinfoApp, &hostile),
        1,
    );
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("reboot now"));
    assert_eq!(alice.short_name.as_deref(), Some("all"));
    assert_eq!(alice.public_key, None, "a key has 32 bytes");
    live(
        &mut book,
        &carrying(BOB, PortNum::NodeinfoApp, &user("\u{200B}", "")),
        1,
    );
    assert_eq!(book.display_name(BOB, 20), "!222222b2");
}

#[test]
fn a_key_from_the_air_never_replaces_a_known_one() {
    let mut book = book();
    let with_key = |key: u8| proto::User {
        public_key: vec![key; 32],
        ..user("Alice", "ALI")
    };
    let announce = |key| carrying(ALICE, PortNum::NodeinfoApp, &with_key(key));
    assert!(!live(&mut book, &announce(1), 1).key_differs);
    assert!(live(&mut book, &announce(2), 2).key_differs);
    assert_eq!(book.get(ALICE).unwrap().public_key, Some([1; 32]));
    // What our own node goes by does.
    let listed = proto::NodeInfo {
        user: Some(with_key(3)),
        ..info(ALICE, 2_000_005)
    };
    book.note_node_list(&[listed], at(10), SANITY);
    assert_eq!(book.get(ALICE).unwrap().public_key, Some([3; 32]));
    let mut message = direct(ALICE, 0.0);
    message.sender_key = Some([4; 32]);
    live(&mut book, &message, 11);
    assert_eq!(book.get(ALICE).unwrap().public_key, Some([4; 32]));
}

/// decisions.md, "Storage": key changes are durable at once, and nothing else is.
#[test]
fn only_a_key_that_changed_is_a_new_key() {
    let mut book = book();
    let mut message = direct(ALICE, 0.0);
    for (secs, key, is_new) in [(1, 1, false), (2, 1, false), (3, 2, true), (4, 2, false)] {
        message.sender_key = Some([key; 32]);
        live(&mut book, &message, secs);
        assert_eq!(book.has_new_keys(), is_new, "{secs}");
        assert!(book.has_changes());
        drop(book.take_changes());
        assert!(!book.has_changes() && !book.has_new_keys());
    }
}

#[test]
fn the_list_fills_an_empty_book() {
    let mut book = book();
    let listed = proto::NodeInfo {
        position: Some(place(470_000_000)),
        device_metrics: Some(proto::DeviceMetrics {
            battery_level: Some(250),
            voltage: Some(f32::NAN),
            channel_utilization: Some(7.5),
            ..Default::default()
        }),
        hops_away: Some(0),
        snr: 6.25,
        ..info(ALICE, 1_999_000)
    };
    book.note_node_list(&[listed, info(NodeNum(2), 1_999_999)], at(10), SANITY);
    assert_eq!(book.len(), 1, "2 is no node");
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("Listed"));
    assert_eq!(alice.last_heard(), Some(1_999_000));
    assert_eq!(alice.position_at(), Some(1_999_000));
    assert_eq!(alice.metrics.battery, Some(101));
    assert_eq!(alice.metrics.voltage, None);
    assert_eq!(alice.metrics.channel_utilization, Some(7.5));
    assert_eq!(alice.hops, Hops::Known(0));
    assert!(alice.direct_snrs().is_empty());
    assert_eq!(numbers(book.direct(at(10))), [ALICE], "a hint until heard");
    assert!(book.new_within(EVER, at(10)).is_empty(), "known before");
    assert!(book.direct(at(2 * DAY)).is_empty());
    live(&mut book, &packet(ALICE, Hops::Known(1), 8.0), 20);
    assert!(book.direct(at(20)).is_empty(), "a reception beats the hint");
}

/// W12, W8: whichever way it comes.
#[test]
fn what_cannot_be_measured_is_unknown_in_the_book() {
    let metrics = proto::DeviceMetrics {
        battery_level: Some(0),
        voltage: Some(3.3),
        channel_utilization: Some(101.0),
        air_util_tx: Some(-1.0),
        uptime_seconds: Some(u32::MAX),
    };
    let told = proto::Telemetry {
        variant: Some(proto::telemetry::Variant::DeviceMetrics(metrics)),
        ..Default::default()
    };
    let plausible = Metrics {
        voltage: Some(3.3),
        ..Metrics::default()
    };
    let mut book = book();
    live(&mut book, &carrying(ALICE, PortNum::TelemetryApp, &told), 1);
    let listed = proto::NodeInfo {
        device_metrics: Some(metrics),
        snr: 1_000.0,
        hops_away: Some(0),
        ..info(BOB, 2_000_005)
    };
    book.note_node_list(&[listed], at(10), SANITY);
    for who in [ALICE, BOB] {
        assert_eq!(book.get(who).unwrap().metrics, plausible);
    }
    assert!(book.direct(at(10)).is_empty(), "no radio measures that");
    // What an older version has written down.
    let mut known = book.get(ALICE).unwrap().to_known();
    known.metrics = Metrics {
        battery: Some(0),
        uptime: Some(u32::MAX),
        ..plausible
    };
    known.position = Some(crate::mesh::Position {
        latitude_i: 131_072,
        longitude_i: 131_072,
        altitude: None,
        precision_bits: 14,
    });
    let mut restored = NodeBook::default();
    restored.restore([known]);
    let alice = restored.get(ALICE).unwrap();
    assert_eq!((alice.metrics, alice.position), (plausible, None));
}

#[test]
fn a_replay_pushes_nobody_out() {
    let mut book = NodeBook::new(1);
    book.note_node_list(&[info(BOB, 1_500_000)], at(0), SANITY);
    let mut replay = carrying(ALICE, PortNum::PositionApp, &place(1));
    replay.rx_time = 1_999_000;
    book.note_packet(&replay, Standing::Replay, at(30), SANITY);
    assert!(book.get(BOB).is_some() && book.get(ALICE).is_none());
}

#[test]
fn a_listed_signal_counts_only_when_direct_by_radio() {
    for (hops_away, via_mqtt, snr) in [
        (Some(1), false, 6.0),
        (None, false, 6.0),
        (Some(0), true, 6.0),
        (Some(0), false, 0.0),
        (Some(300), false, 6.0),
    ] {
        let mut book = book();
        let listed = proto::NodeInfo {
            hops_away,
            via_mqtt,
            snr,
            ..info(ALICE, 1_999_990)
        };
        book.note_node_list(&[listed], at(0), SANITY);
        assert!(
            book.direct(at(0)).is_empty(),
            "{hops_away:?} {via_mqtt} {snr}"
        );
    }
}

#[test]
fn the_list_never_replaces_newer_knowledge() {
    let mut book = book();
    live(
        &mut book,
        &carrying(ALICE, PortNum::NodeinfoApp, &user("Now", "NOW")),
        500,
    );
    live(
        &mut book,
        &carrying(ALICE, PortNum::PositionApp, &place(490_000_000)),
        500,
    );
    live(&mut book, &direct(ALICE, 3.0), 500);
    let listed = proto::NodeInfo {
        position: Some(place(470_000_000)),
        hops_away: Some(4),
        ..info(ALICE, 2_000_100)
    };
    book.note_node_list(std::slice::from_ref(&listed), at(600), SANITY);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("Now"));
    assert_eq!(alice.position.unwrap().latitude_i, 490_000_000);
    assert_eq!(alice.last_heard(), Some(2_000_500));
    assert_eq!(alice.last_heard_mono, Some(Duration::from_secs(500)));
    assert_eq!(alice.hops, Hops::Known(0));

    // Heard by our node while we were away: then the list knows better.
    let newer = proto::NodeInfo {
        last_heard: 2_000_700,
        ..listed
    };
    book.note_node_list(&[newer], at(800), SANITY);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("Listed"));
    assert_eq!(alice.position.unwrap().latitude_i, 470_000_000);
    assert_eq!(alice.age(at(800)), Some(Duration::from_secs(100)));
    assert_eq!(alice.hops, Hops::Known(0), "seen with our own eyes");
}

#[test]
fn clocks_that_are_not_set_are_not_believed() {
    let mut book = book();
    let unset = Now {
        mono: Duration::from_secs(50),
        unix: 90,
    };
    let mut heard = direct(ALICE, 1.0);
    heard.rx_time = 12;
    book.note_packet(&heard, Standing::Live, unset, SANITY);
    assert_eq!(book.get(ALICE).unwrap().last_heard(), None);
    assert_eq!(book.get(ALICE).unwrap().age(unset), Some(Duration::ZERO));
    heard.rx_time = 2_000_049;
    book.note_packet(&heard, Standing::Live, unset, SANITY);
    assert_eq!(book.get(ALICE).unwrap().last_heard(), Some(2_000_049));
    // A node whose clock runs ahead cannot hear in the future.
    book.note_node_list(&[info(BOB, 3_000_000)], at(100), SANITY);
    assert_eq!(book.get(BOB).unwrap().last_heard(), Some(2_000_100));
}

#[test]
fn whoever_was_heard_longest_ago_makes_room() {
    let mut book = NodeBook::new(3);
    book.set_own(OWN);
    book.note_node_list(&[info(OWN, 0), info(ALICE, 1_999_000)], at(0), SANITY);
    live(&mut book, &direct(BOB, 0.0), 10);
    live(&mut book, &direct(NodeNum(300), 0.0), 20);
    let kept = |book: &NodeBook| book.iter().map(|node| node.num).collect::<Vec<_>>();
    assert_eq!(kept(&book), [NodeNum(300), OWN, BOB]);
    // Older than everybody: stays outside.
    book.note_node_list(&[info(ALICE, 1_999_000)], at(30), SANITY);
    let mut replay = carrying(ALICE, PortNum::PositionApp, &place(1));
    replay.rx_time = 2_000_025;
    book.note_packet(&replay, Standing::Replay, at(30), SANITY);
    assert_eq!(kept(&book), [NodeNum(300), OWN, BOB]);
    live(&mut book, &direct(BOB, 0.0), 40);
    live(&mut book, &direct(ALICE, 0.0), 50);
    assert_eq!(kept(&book), [OWN, ALICE, BOB]);
}

#[test]
fn direct_neighbours_come_strongest_first_for_a_day() {
    let mut book = book();
    let carol = NodeNum(0x3333_33c3);
    live(&mut book, &direct(ALICE, -7.25), 0);
    live(&mut book, &direct(BOB, 5.5), 1_000);
    live(&mut book, &packet(carol, Hops::Unknown, 9.0), 1_000);
    assert_eq!(numbers(book.direct(at(1_000))), [BOB, ALICE]);
    assert_eq!(numbers(book.direct(at(DAY))), [BOB, ALICE]);
    assert_eq!(numbers(book.direct(at(DAY + 1))), [BOB]);
    let mut silent = direct(carol, 0.0);
    silent.signal = None::<Signal>;
    live(&mut book, &silent, 1_001);
    assert_eq!(numbers(book.direct(at(1_001))), [BOB, ALICE]);
}

#[test]
fn new_and_lost_are_told_apart() {
    let mut book = book();
    live(&mut book, &direct(ALICE, 0.0), 5);
    book.note_node_list(&[info(ALICE, 2_000_004)], at(8), SANITY);
    assert!(book.new_within(EVER, at(8)).is_empty(), "our node knew her");
    live(&mut book, &direct(BOB, 0.0), 100);
    live(&mut book, &direct(NodeNum(300), 0.0), 200);
    book.note_node_list(&[info(NodeNum(400), 2_000_250)], at(300), SANITY);
    let since = |secs: u64| {
        let period = Duration::from_secs(300 - secs);
        numbers(book.new_within(period, at(300)))
    };
    assert_eq!(since(0), [NodeNum(400), NodeNum(300), BOB]);
    assert_eq!(since(200), [NodeNum(400), NodeNum(300)]);
    let quiet = Duration::from_secs(3_600);
    assert_eq!(numbers(book.lost_since(quiet, at(3_750))), [BOB, ALICE]);
    assert_eq!(book.lost_since(quiet, at(3_600)).len(), 0);
}

#[test]
fn nearest_first() {
    let mut book = book();
    for (num, latitude) in [(ALICE, 480_000_000), (BOB, 471_000_000)] {
        live(
            &mut book,
            &carrying(num, PortNum::PositionApp, &place(latitude)),
            1,
        );
    }
    live(&mut book, &direct(NodeNum(300), 0.0), 1);
    let here = Position::from_e7(470_000_000, 20_000_000).unwrap();
    let near = book.near(here);
    assert_eq!(near.len(), 2);
    assert_eq!((near[0].0.num, near[1].0.num), (BOB, ALICE));
    assert!((near[0].1 - 11_119.5).abs() < 1.0, "{}", near[0].1);
}

#[test]
fn a_relay_byte_has_candidates() {
    let mut book = book();
    for (secs, num) in [
        (1, 0x01a1),
        (2, 0x02a1),
        (4, 0x03a1),
        (3, 0x04a1),
        (5, 0x0500),
        (6, 0x06ff),
    ] {
        live(&mut book, &direct(NodeNum(num), 0.0), secs);
    }
    let expected = [0x03a1, 0x04a1, 0x02a1].map(NodeNum);
    assert_eq!(book.relay_candidates(0xa1), expected);
    assert_eq!(
        book.relay_candidates(0xff),
        [NodeNum(0x06ff), NodeNum(0x0500)]
    );
    assert!(book.relay_candidates(0x77).is_empty());
}

#[test]
fn names_fit_the_room_they_get() {
    let mut book = book();
    live(
        &mut book,
        &carrying(ALICE, PortNum::NodeinfoApp, &user("Émilie la Base", "EMI")),
        1,
    );
    assert_eq!(book.display_name(ALICE, 40), "Émilie la Base");
    assert_eq!(book.display_name(ALICE, 8), "Émil…");
    assert_eq!(book.display_name(ALICE, 1), "E");
    assert_eq!(book.display_name(BOB, 40), "!222222b2");
    assert_eq!(book.display_name(BOB, 4), "22b2");
    assert_eq!(book.display_name(BOB, 0), "");
}

proptest! {
    #[test]
    fn any_packet_from_anybody(
        from in 0_u32..40,
        port in prop::sample::select(vec![1, 3, 4, 67, 70, 999]),
        payload: Vec<u8>,
        standing in prop::sample::select(vec![Standing::Live, Standing::Backlog, Standing::Replay]),
        rx_time: u32,
        unix: u32,
        secs in 0_u64..1_000_000,
    ) {
        let mut book = NodeBook::new(5);
        book.set_own(NodeNum(20));
        let now = Now { mono: Duration::from_secs(secs), unix: unix.into() };
        for from in from..from + 8 {
            let packet = Packet::from_wire(&proto::MeshPacket {
                from,
                rx_time: Some(rx_time),
                rx_snr: 1.0,
                payload_variant: Some(proto::mesh_packet::PayloadVariant::Decoded(proto::Data {
                    portnum: port,
                    payload: payload.clone(),
                    ..Default::default()
                })),
                ..Default::default()
            });
            book.note_packet(&packet, standing, now, SANITY);
        }
        prop_assert!(book.len() <= 5);
        for node in book.iter() {
            prop_assert!(node.num.is_node());
            prop_assert!(node.last_heard().is_none_or(|heard| heard > SANITY.built));
            prop_assert!(node.last_heard_mono.is_none_or(|heard| heard <= now.mono));
        }
    }
}

#[test]
fn our_own_entry_alone_is_not_the_list() {
    // It comes first, with the configuration; the others seconds later.
    let mut book = book();
    book.note_node_list(&[info(OWN, 2_000_000)], at(1), SANITY);
    assert!(!book.had_list());
    book.note_node_list(&[info(ALICE, 2_000_000)], at(4), SANITY);
    assert!(book.had_list());
    assert_eq!(numbers(book.new_within(EVER, at(4))), []);
    assert_eq!(book.get(ALICE).unwrap().first_seen(), None);

    // Who is alone in the world has a list all the same.
    let mut alone = NodeBook::default();
    alone.set_own(OWN);
    for had_list in [false, true] {
        alone.note_node_list(&[info(OWN, 2_000_000)], at(1), SANITY);
        assert_eq!(alone.had_list(), had_list);
    }
}

/// Everything of the book that is written down.
fn written(book: &NodeBook) -> Vec<Known> {
    book.iter().map(Node::to_known).collect()
}

#[test]
fn what_is_written_down_comes_back() {
    let mut before = book();
    live(&mut before, &direct(ALICE, -3.5), 100);
    live(&mut before, &direct(ALICE, 0.25), 160);
    live(&mut before, &packet(BOB, Hops::Known(2), 9.0), 170);
    live(
        &mut before,
        &carrying(BOB, PortNum::NodeinfoApp, &user("Bob", "B")),
        180,
    );
    live(
        &mut before,
        &carrying(BOB, PortNum::PositionApp, &place(480_000_000)),
        190,
    );
    live(
        &mut before,
        &carrying(BOB, PortNum::TelemetryApp, &battery(77)),
        200,
    );

    let mut after = NodeBook::default();
    after.restore(written(&before));
    assert_eq!(written(&after), written(&before));
    assert_eq!(after.take_changes(), Changes::default());
    assert_eq!(before.take_changes().nodes, BTreeSet::from([ALICE, BOB]));
    assert_eq!(before.take_changes(), Changes::default());

    // The next run starts its own time, half an hour later.
    let later = Now {
        mono: Duration::from_secs(1),
        unix: at(2_000).unix,
    };
    assert_eq!(numbers(after.direct(later)), [ALICE]);
    let alice = after.get(ALICE).unwrap();
    let last = alice.last_direct().unwrap();
    assert_eq!(last.age(later), Some(Duration::from_secs(1_840)));
    assert_eq!(alice.age(later), Some(Duration::from_secs(1_840)));
    assert_eq!((alice.packets, alice.last_heard_mono), (0, None));
    let tomorrow = later.plus(Duration::from_secs(DAY));
    assert!(after.direct(tomorrow).is_empty());
    // She was met 1900 s ago, in the run before; Bob somewhat later.
    let new = |secs| numbers(after.new_within(Duration::from_secs(secs), later));
    assert_eq!(new(1_899), [BOB]);
    assert_eq!(new(1_900), [BOB, ALICE]);
}

#[test]
fn whoever_is_heard_again_has_changed_again() {
    let mut book = book();
    // Whatever comes at the very moment of the asking, and again right after.
    for (secs, who) in [(5, ALICE), (5, ALICE), (6, ALICE), (7, BOB), (7, ALICE)] {
        live(&mut book, &direct(who, 1.0), secs);
        live(&mut book, &direct(who, 2.0), secs);
        assert_eq!(book.take_changes().nodes, BTreeSet::from([who]));
        assert!(!book.has_changes());
    }
    live(&mut book, &direct(ALICE, 1.0), 8);
    live(&mut book, &direct(BOB, 1.0), 9);
    live(&mut book, &direct(ALICE, 1.0), 9);
    assert_eq!(book.take_changes().nodes, BTreeSet::from([ALICE, BOB]));
    let mut stored = direct(ALICE, 1.0);
    stored.rx_time = at(3).unix;
    book.note_packet(&stored, Standing::Backlog, at(10), SANITY);
    assert_eq!(book.take_changes().nodes, BTreeSet::from([ALICE]));
}

#[test]
fn a_node_list_goes_over_what_was_written_down() {
    let mut old = book();
    live(&mut old, &direct(ALICE, -3.5), 100);
    live(
        &mut old,
        &carrying(ALICE, PortNum::NodeinfoApp, &user("Alice", "A")),
        110,
    );
    live(&mut old, &direct(BOB, 1.0), 100);
    let mut book = book();
    book.restore(written(&old));

    // The list is older than what we know of Alice, newer than what of Bob.
    let mut listed_alice = info(ALICE, at(50).unix);
    listed_alice.hops_away = Some(5);
    let mut listed_bob = info(BOB, at(150).unix);
    listed_bob.hops_away = Some(3);
    book.note_node_list(&[listed_alice, listed_bob], at(200), SANITY);
    let alice = book.get(ALICE).unwrap();
    assert_eq!(alice.long_name.as_deref(), Some("Alice"));
    assert_eq!(alice.last_heard(), Some(at(110).unix));
    assert_eq!(alice.hops, Hops::Known(1));
    assert_eq!(alice.first_seen(), Some(at(100).unix));
    let bob = book.get(BOB).unwrap();
    assert_eq!(bob.long_name.as_deref(), Some("Listed"));
    assert_eq!(
        (bob.hops, bob.last_heard()),
        (Hops::Known(3), Some(at(150).unix))
    );
}

#[test]
fn another_key_in_the_place_of_one_is_told() {
    let mut book = book();
    let with_key = |key: u8| {
        let mut info = info(ALICE, at(0).unix);
        info.user.as_mut().unwrap().public_key = vec![key; 32];
        info
    };
    for (secs, key, told) in [(10, 1, false), (20, 1, false), (30, 2, true)] {
        book.note_node_list(&[with_key(key)], at(secs), SANITY);
        assert_eq!(book.take_changes().rekeyed.contains(&ALICE), told, "{secs}");
    }
}

#[test]
fn a_full_book_takes_the_most_recent_of_what_was_written_down() {
    let known = |num: u32| Known {
        num: NodeNum(num),
        last_heard: Some(2_000_000 + u64::from(num)),
        ..Known::default()
    };
    let mut book = NodeBook::new(3);
    book.restore((100..110).map(known));
    let kept: Vec<u32> = book.iter().map(|node| node.num.0).collect();
    assert_eq!(kept, [107, 108, 109]);
}

/// Only our node's list tells who is new: until then nobody is written down as
/// such, and then everybody who is.
#[test]
fn nobody_is_written_down_as_new_before_the_list_has_come() {
    let mut book = book();
    live(&mut book, &direct(ALICE, 1.0), 10);
    live(&mut book, &direct(BOB, 1.0), 20);
    let known = |book: &NodeBook, num, secs| book.known(num, at(secs), SANITY).unwrap();
    assert_eq!(known(&book, ALICE, 30).first_seen, None);
    assert_eq!(known(&book, ALICE, 30).last_heard, Some(at(10).unix));
    let _ = book.take_changes();
    book.note_node_list(&[info(ALICE, at(10).unix)], at(40), SANITY);
    assert_eq!(book.take_changes().nodes, BTreeSet::from([ALICE, BOB]));
    assert_eq!(known(&book, ALICE, 50).first_seen, None);
    assert_eq!(known(&book, BOB, 50).first_seen, Some(at(20).unix));
    live(&mut book, &direct(NodeNum(300), 1.0), 60);
    let met = known(&book, NodeNum(300), 60).first_seen;
    assert_eq!(met, Some(at(60).unix));
}

/// A board that wakes with the time of its last shutdown learns the date later.
#[test]
fn moments_are_dated_by_the_clock_that_was_set_since() {
    let mut book = book();
    book.note_node_list(&[info(BOB, 1_000_500)], at(1), SANITY);
    let behind = Now {
        unix: 1_500_000,
        ..at(10)
    };
    book.note_packet(&direct(ALICE, 1.0), Standing::Live, behind, SANITY);
    let written = book.known(ALICE, at(30), SANITY).unwrap();
    let right = Some(at(10).unix);
    assert_eq!((written.last_heard, written.first_seen), (right, right));
    assert_eq!(written.direct.unwrap().at, right);
    // Without a clock what was noted stands, and so does what a list said.
    let unset = Now { unix: 7, ..at(30) };
    let written = book.known(ALICE, unset, SANITY).unwrap();
    assert_eq!(written.last_heard, Some(1_500_000));
    let listed = book.known(BOB, at(30), SANITY).unwrap();
    assert_eq!(listed.last_heard, Some(1_000_500));
}

/// The list is what our node goes by, even when the bot has heard more since.
#[test]
fn the_key_of_the_list_counts_however_old_the_list_calls_the_node() {
    let with_key = |name: &str, key: u8| {
        let mut user = user(name, "A");
        user.public_key = vec![key; 32];
        user
    };
    let mut old = book();
    live(
        &mut old,
        &carrying(ALICE, PortNum::NodeinfoApp, &with_key("Before", 1)),
        100,
    );
    let listed = |name: &str, key| proto::NodeInfo {
        user: Some(with_key(name, key)),
        ..info(ALICE, at(50).unix)
    };
    let mut book = book();
    book.restore(written(&old));
    book.note_node_list(&[listed("Listed", 1)], at(200), SANITY);
    let name = |book: &NodeBook| book.get(ALICE).unwrap().long_name.clone().unwrap();
    assert_eq!(
        &*name(&book),
        "Before",
        "the same installation, heard since"
    );
    assert!(book.take_changes().rekeyed.is_empty());
    book.note_node_list(&[listed("Listed", 2)], at(300), SANITY);
    assert_eq!(book.get(ALICE).unwrap().public_key, Some([2; 32]));
    assert_eq!(&*name(&book), "Listed");
    assert_eq!(book.get(ALICE).unwrap().last_heard(), Some(at(100).unix));
    assert_eq!(book.take_changes().rekeyed, BTreeSet::from([ALICE]));
}
