//! What becomes a row, and when rows are handed over: all under virtual time.

use crate::history::{Batch, Link};
use prost::Message;

use super::*;
use crate::history::edges::Witness;
use crate::mesh::{ChannelIndex, Hops, PacketId, Position, Signal};
use crate::proto;

const SANITY: Sanity = Sanity { built: 1_000_000 };
const OWN: NodeNum = NodeNum(0xaaa);
const ALICE: NodeNum = NodeNum(0x1111_11a1);

/// `secs` after the program started, the clock being right.
fn at(secs: u64) -> Now {
    Now {
        mono: Duration::from_secs(secs),
        unix: 2_000_000 + secs,
    }
}

/// The same before the board knows the time.
fn undated(secs: u64) -> Now {
    Now {
        unix: secs,
        ..at(secs)
    }
}

/// A packet as the link hands it on.
struct Received {
    packet: Packet,
    standing: Standing,
}

impl Recorder {
    fn hear(&mut self, now: Now, received: &Received, is_regular: bool) {
        self.packet(now, &received.packet, received.standing, is_regular);
    }

    fn overhear(&mut self, now: Now, received: &Received, is_regular: bool) {
        self.said(now, &received.packet, received.standing, is_regular);
    }
}

fn received(from: NodeNum, standing: Standing) -> Received {
    Received {
        packet: Packet {
            from,
            to: NodeNum::BROADCAST,
            channel: ChannelIndex(0),
            id: PacketId(7),
            rx_time: 0,
            hops: Hops::Known(0),
            signal: Some(Signal {
                snr: -3.25,
                rssi: Some(-97),
            }),
            relay: Some(0xa1),
            via_mqtt: false,
            by_lora: true,
            background: false,
            sender_key: None,
            reply_to: None,
            is_reaction: false,
            request_id: None,
            payload: Payload::Port(PortNum::TextMessageApp, b"hi".to_vec()),
        },
        standing,
    }
}

fn live(from: NodeNum) -> Received {
    received(from, Standing::Live)
}

fn recorder() -> Recorder {
    let mut recorder = Recorder::new(SANITY);
    recorder.set_own(OWN);
    recorder
}

fn take(recorder: &mut Recorder, now: Now) -> Option<Batch> {
    recorder.take_due(now, &NodeBook::default())
}

#[test]
fn one_row_waits_ten_minutes_and_nothing_wakes_anybody() {
    let mut recorder = recorder();
    assert_eq!(recorder.deadline(), None);
    recorder.hear(at(100), &live(ALICE), true);
    recorder.hear(at(300), &live(ALICE), true);
    assert_eq!(recorder.deadline(), Some(at(700).mono));
    assert_eq!(take(&mut recorder, at(699)), None);
    let batch = take(&mut recorder, at(700)).unwrap();
    assert_eq!(batch.packets.len(), 2);
    assert_eq!(batch.unix(batch.packets[0].at), Some(2_000_100));
    assert_eq!((batch.own, recorder.deadline()), (OWN, None));
    assert_eq!(take(&mut recorder, at(9_999)), None);
}

#[test]
fn what_waited_in_a_node_that_is_late_is_no_border_to_the_rows_before() {
    // What was written in the life before counts up to the first row of this
    // one; the node's clock is an hour behind.
    let mut recorder = recorder();
    let mut late = received(ALICE, Standing::Backlog);
    late.packet.rx_time = at(5).unix - 3_600;
    recorder.hear(at(5), &late, true);
    recorder.overhear(at(5), &late, true);
    assert_eq!(recorder.oldest(at(6)), None);
    recorder.hear(at(7), &live(ALICE), true);
    assert_eq!(recorder.oldest(at(60)), Some(at(7).unix));
}

#[test]
fn a_row_says_what_is_known_and_no_more() {
    let mut recorder = recorder();
    let mut relayed = live(ALICE);
    relayed.packet.to = OWN;
    relayed.packet.hops = Hops::Unknown;
    relayed.packet.signal = None;
    relayed.packet.relay = None;
    relayed.packet.via_mqtt = true;
    relayed.packet.payload = Payload::Encrypted;
    recorder.hear(at(1), &live(ALICE), true);
    recorder.hear(at(2), &relayed, true);
    let batch = take(&mut recorder, at(700)).unwrap();
    let direct = Heard {
        at: When::Mono(at(1).mono),
        from: ALICE,
        to: None,
        port: 1,
        channel: 0,
        hops: Some(0),
        snr_q: Some(-13),
        rssi: Some(-97),
        relay: Some(0xa1),
        medium: Medium::Radio,
        late: false,
    };
    let mqtt = Heard {
        at: When::Mono(at(2).mono),
        to: Some(OWN),
        port: -1,
        hops: None,
        snr_q: None,
        rssi: None,
        relay: None,
        medium: Medium::Mqtt,
        ..direct
    };
    assert_eq!(batch.packets, [direct, mqtt]);
}

#[test]
fn what_is_no_reception_is_no_row() {
    let mut recorder = recorder();
    recorder.hear(at(1), &received(ALICE, Standing::Replay), true);
    recorder.hear(at(1), &live(OWN), true);
    recorder.hear(at(1), &live(NodeNum(0)), true);
    recorder.hear(at(1), &live(NodeNum::BROADCAST), true);
    assert_eq!(recorder.deadline(), None);
}

#[test]
fn a_back_log_is_dated_by_the_node_and_marked() {
    let mut recorder = recorder();
    for rx_time in [0, 1_999_000, 9_000_000] {
        let mut waited = received(ALICE, Standing::Backlog);
        waited.packet.rx_time = rx_time;
        recorder.hear(at(50), &waited, true);
    }
    let batch = take(&mut recorder, at(700)).unwrap();
    let times: Vec<_> = batch.packets.iter().map(|row| batch.unix(row.at)).collect();
    assert_eq!(times, [Some(2_000_050), Some(1_999_000), Some(2_000_050)]);
    assert!(batch.packets.iter().all(|row| row.late));
}

#[test]
fn our_node_tells_of_the_air() {
    let mut recorder = recorder();
    let metrics = proto::DeviceMetrics {
        channel_utilization: Some(12.5),
        air_util_tx: Some(0.75),
        ..Default::default()
    };
    let said = proto::Telemetry {
        time: 0,
        variant: Some(telemetry::Variant::DeviceMetrics(metrics)),
    };
    let mut own = live(OWN);
    own.packet.payload = Payload::Port(PortNum::TelemetryApp, said.encode_to_vec());
    recorder.hear(at(1), &own, true);
    assert_eq!(recorder.deadline(), None, "an echo is not our node");
    own.packet.by_lora = false;
    recorder.hear(at(1), &own, true);
    let batch = take(&mut recorder, at(700)).unwrap();
    assert!(batch.packets.is_empty());
    assert_eq!(
        (batch.air[0].channel_utilization, batch.air[0].air_util_tx),
        (12.5, 0.75)
    );
}

#[test]
fn who_hears_whom_is_told_by_live_packets_only() {
    let list = proto::NeighborInfo {
        node_id: ALICE.0,
        neighbors: vec![proto::Neighbor {
            node_id: 0x77,
            snr: 2.5,
        }],
        ..Default::default()
    };
    let mut recorder = recorder();
    for standing in [Standing::Live, Standing::Backlog, Standing::Replay] {
        let mut said = received(ALICE, standing);
        said.packet.payload = Payload::Port(PortNum::NeighborinfoApp, list.encode_to_vec());
        recorder.hear(at(1), &said, true);
    }
    // Our own node tells whom it hears itself; an echo of that is no news.
    let own = proto::NeighborInfo {
        node_id: OWN.0,
        ..list
    };
    for by_lora in [false, true] {
        let mut said = live(OWN);
        said.packet.by_lora = by_lora;
        said.packet.payload = Payload::Port(PortNum::NeighborinfoApp, own.encode_to_vec());
        recorder.hear(at(2), &said, true);
    }
    let batch = take(&mut recorder, at(700)).unwrap();
    let links = batch.links.iter();
    let links = links.filter(|link| link.witness == Witness::Neighbours);
    let links: Vec<_> = links.map(|it| (it.from, it.to, it.snr_q)).collect();
    let heard = |to| (NodeNum(0x77), to, Some(10));
    assert_eq!(links, [heard(OWN), heard(ALICE)]);
}

/// A book in which Alice and our own node have said where they are.
fn placed() -> NodeBook {
    placed_within(0)
}

/// The same, rounded to so many bits.
fn placed_within(precision_bits: u32) -> NodeBook {
    let mut book = NodeBook::default();
    book.set_own(OWN);
    let at = |num: NodeNum, latitude_i| proto::NodeInfo {
        num: num.0,
        last_heard: 1_999_999,
        position: Some(proto::Position {
            latitude_i: Some(latitude_i),
            longitude_i: Some(20_000_000),
            precision_bits,
            ..Default::default()
        }),
        ..Default::default()
    };
    let list = [at(OWN, 480_000_000), at(ALICE, 481_000_000)];
    book.note_node_list(&list, at_start(), SANITY);
    book
}

fn at_start() -> Now {
    at(0)
}

fn hear(recorder: &mut Recorder, book: &mut NodeBook, secs: u64, received: &Received) {
    book.note_packet(&received.packet, received.standing, at(secs), SANITY);
    recorder.hear(at(secs), received, true);
}

#[test]
fn our_own_node_and_relays_are_witnesses() {
    const BOB: NodeNum = NodeNum(0x2222_22b2);
    let (mut recorder, mut book) = (recorder(), placed());
    let mut relayed = live(BOB);
    relayed.packet.hops = Hops::Known(1);
    let mut twice = live(BOB);
    twice.packet.hops = Hops::Known(2);
    let mut mqtt = live(NodeNum(0x99));
    mqtt.packet.via_mqtt = true;
    let mut louder = live(ALICE);
    louder.packet.signal = Some(Signal {
        snr: 4.0,
        rssi: None,
    });
    let late = received(NodeNum(0x98), Standing::Backlog);
    for (secs, said) in [&louder, &relayed, &twice, &mqtt, &late, &live(ALICE)]
        .into_iter()
        .enumerate()
    {
        hear(&mut recorder, &mut book, secs as u64, said);
    }
    let batch = recorder.take_due(at(700), &book).unwrap();
    let place = |num| book.get(num).unwrap().position.unwrap();
    let metres = Position::distance_m(&place(ALICE), &place(OWN)).round();
    let direct = Link {
        from: ALICE,
        to: OWN,
        witness: Witness::Ourselves,
        at: When::Mono(at(5).mono),
        snr_q: Some(-13),
        best_q: Some(16),
        times: 2,
        metres: Some(format!("{metres}").parse().unwrap()),
    };
    let repeated = Link {
        from: BOB,
        to: ALICE,
        witness: Witness::Relayed,
        at: When::Mono(at(1).mono),
        snr_q: None,
        best_q: None,
        times: 1,
        metres: None,
    };
    assert_eq!(batch.links, [direct, repeated]);
    // Another node that it could have been.
    let mut namesake = live(NodeNum(0x3333_33a1));
    namesake.packet.relay = None;
    hear(&mut recorder, &mut book, 800, &namesake);
    hear(&mut recorder, &mut book, 801, &relayed);
    let batch = recorder.take_due(at(1_500), &book).unwrap();
    assert!(batch.links.iter().all(|link| link.from != BOB));
}

/// They told that they are 11.12 km apart.
#[test]
fn of_rounded_positions_only_what_is_certain_counts() {
    for (bits, metres) in [
        (32, Some(11_120)),
        (16, Some(10_242)),
        (13, Some(4_107)),
        (12, None),
    ] {
        let (mut recorder, mut book) = (recorder(), placed_within(bits));
        hear(&mut recorder, &mut book, 1, &live(ALICE));
        let batch = recorder.take_due(at(700), &book).unwrap();
        let found = batch.links[0].metres;
        let off = |a: u32| found.is_none_or(|b| a.abs_diff(b) > 5);
        assert!(
            found.is_some() == metres.is_some() && !metres.is_some_and(off),
            "{bits}: {found:?}"
        );
    }
}

#[test]
fn nobody_is_heard_from_the_other_end_of_the_world() {
    let (mut recorder, mut book) = (recorder(), placed());
    let mut said = live(ALICE);
    let far = proto::Position {
        latitude_i: Some(-480_000_000),
        longitude_i: Some(1_000_000),
        ..Default::default()
    };
    said.packet.payload = Payload::Port(PortNum::PositionApp, far.encode_to_vec());
    hear(&mut recorder, &mut book, 1, &said);
    let batch = recorder.take_due(at(700), &book).unwrap();
    assert_eq!((batch.links.len(), batch.links[0].metres), (1, None));
}

#[test]
fn what_is_said_on_channels_is_kept_and_nothing_else() {
    let mut recorder = recorder();
    let with = |change: fn(&mut Received)| {
        let mut said = live(ALICE);
        change(&mut said);
        said
    };
    let said = [
        with(|_| {}),
        with(|it| it.packet.to = OWN),
        with(|it| it.packet.to = NodeNum(0x77)),
        with(|it| it.packet.from = OWN),
        with(|it| it.standing = Standing::Replay),
        with(|it| it.packet.is_reaction = true),
        with(|it| {
            it.standing = Standing::Backlog;
            it.packet.rx_time = 1_999_000;
            it.packet.channel = ChannelIndex(2);
            it.packet.payload = Payload::Port(
                PortNum::TextMessageApp,
                "\u{202e}hé\u{7}\n".as_bytes().to_vec(),
            );
        }),
    ];
    for said in &said {
        recorder.overhear(at(1), said, true);
    }
    assert_eq!(recorder.deadline(), Some(at(601).mono));
    let batch = take(&mut recorder, at(700)).unwrap();
    let told = |said: &Said| {
        (
            batch.unix(said.at).unwrap(),
            said.channel.0,
            said.text.clone(),
        )
    };
    let told: Vec<_> = batch.texts.iter().map(told).collect();
    assert_eq!(
        told,
        [(2_000_001, 0, "hi".into()), (1_999_000, 2, "hé".into())]
    );
    for secs in 0..=TEXTS as u64 {
        let who = NodeNum(0x1000 + u32::try_from(secs).unwrap());
        recorder.overhear(at(1_000 + secs), &live(who), true);
    }
    assert_eq!(recorder.deadline(), Some(at(1_127).mono));
    assert_eq!(recorder.dropped(), 1);
}

#[test]
fn without_a_clock_rows_wait_and_are_dated_later() {
    let mut recorder = recorder();
    recorder.hear(undated(10), &live(ALICE), true);
    assert_eq!(take(&mut recorder, undated(610)), None);
    assert_eq!(recorder.deadline(), Some(at(1_210).mono));
    recorder.undelivered(undated(620), ALICE, "NO_ROUTE".to_owned());
    let batch = take(&mut recorder, undated(620)).unwrap();
    assert!(batch.packets.is_empty());
    assert_eq!(batch.unix(batch.errors[0].at), None);
    let batch = take(&mut recorder, at(1_220)).unwrap();
    assert_eq!(batch.unix(batch.packets[0].at), Some(at(10).unix));
}

#[test]
fn what_must_be_durable_goes_at_once_but_not_all_the_time() {
    let mut recorder = recorder();
    let mut handed = 0;
    for secs in 0..24 * 3_600 {
        if secs % 3 == 0 {
            recorder.undelivered(at(secs), ALICE, "NO_ROUTE".to_owned());
        }
        let due = recorder.deadline().is_some_and(|due| due <= at(secs).mono);
        if secs < 30 && secs % 3 == 0 {
            assert!(due, "at once");
        }
        if take(&mut recorder, at(secs)).is_some() {
            handed += 1;
        }
    }
    assert!((480..=502).contains(&handed), "{handed} a day at most");
}

#[test]
fn before_our_own_number_is_known_nothing_is_due_for_ever() {
    let mut recorder = Recorder::new(SANITY);
    recorder.hear(at(1), &live(ALICE), true);
    assert_eq!(recorder.deadline(), None);
    recorder.undelivered(at(1), ALICE, "NO_ROUTE".to_owned());
    assert_eq!(take(&mut recorder, at(1)), None);
    assert_eq!(recorder.deadline(), Some(at(61).mono));
    recorder.set_own(OWN);
    assert_eq!(take(&mut recorder, at(61)).unwrap().errors.len(), 1);
}

#[test]
fn the_same_news_of_a_key_waits_once() {
    let mut recorder = recorder();
    for secs in 0..100 {
        recorder.key_differs(at(secs), ALICE);
    }
    assert_eq!(take(&mut recorder, at(100)).unwrap().keys.len(), 1);
}

#[test]
fn nothing_grows_while_nobody_takes_it() {
    let mut recorder = recorder();
    let mut book = NodeBook::new(10);
    for n in 0..10_000_u32 {
        let packet = live(NodeNum(0x1000 + n));
        recorder.hear(at(1), &packet, true);
        book.note_packet(&packet.packet, Standing::Live, at(1), SANITY);
        let changes = book.take_changes();
        recorder.changed(at(1), &book, changes);
        recorder.undelivered(at(1), NodeNum(0x1000 + n), String::new());
        recorder.key_differs(at(1), NodeNum(0x1000 + n));
    }
    assert_eq!(
        recorder.deadline(),
        Some(at(1).mono),
        "full before its time"
    );
    assert_eq!(recorder.dropped(), 0);
    let batch = recorder.take_due(at(1), &book).unwrap();
    // What has no room is counted at least.
    let counted: u64 = batch.sums.iter().map(|sum| sum.packets).sum();
    assert_eq!(counted, 10_000 - ROWS as u64);
    assert_eq!((batch.packets.len(), batch.nodes.len()), (ROWS, 10));
    assert_eq!((batch.errors.len(), batch.keys.len()), (FACTS, FACTS));
    assert_eq!(batch.errors[FACTS - 1].to, NodeNum(0x1000 + 9_999));
}

#[test]
fn a_refused_batch_loses_rows_but_no_facts() {
    let mut recorder = recorder();
    let mut book = NodeBook::default();
    let packet = live(ALICE);
    book.note_packet(&packet.packet, Standing::Live, at(1), SANITY);
    recorder.hear(at(1), &packet, true);
    let changes = book.take_changes();
    recorder.changed(at(1), &book, changes);
    recorder.undelivered(at(1), ALICE, "first".to_owned());
    let batch = recorder.take(at(1), &book).unwrap();
    recorder.undelivered(at(2), ALICE, "second".to_owned());
    recorder.refused(at(2), batch);
    // The packet, and that our node heard Alice.
    assert_eq!(recorder.dropped(), 2);
    assert_eq!(recorder.deadline(), Some(at(62).mono));
    let again = recorder.take_due(at(62), &book).unwrap();
    let reasons: Vec<_> = again.errors.iter().map(|e| e.reason.as_str()).collect();
    assert_eq!(reasons, ["first", "second"]);
    // The node has time until the next batch.
    assert_eq!((again.nodes.len(), again.packets.len()), (0, 0));
    let last = recorder.take_due(at(700), &book).unwrap();
    assert_eq!((last.nodes.len(), last.packets.len()), (1, 0));
}

/// A key or a failure costs the memory card no more than itself, and somebody
/// who announces keys all day no more than once.
#[test]
fn facts_do_not_take_the_rows_along() {
    let mut recorder = recorder();
    let book = NodeBook::default();
    for minute in 0..9 {
        recorder.hear(at(minute * 60), &live(ALICE), true);
        recorder.key_differs(at(minute * 60), ALICE);
        let batch = recorder.take_due(at(minute * 60), &book);
        assert_eq!(batch.is_some(), minute == 0);
        assert!(batch.is_none_or(|batch| batch.rows() == 0 && batch.keys.len() == 1));
    }
    let batch = recorder.take_due(at(600), &book).unwrap();
    assert_eq!((batch.packets.len(), batch.keys.len()), (9, 0));
    recorder.key_differs(at(90_000), ALICE);
    assert!(recorder.take_due(at(90_000), &book).is_some());
}

#[test]
fn what_has_no_date_stays_with_its_node() {
    let mut recorder = recorder();
    let unset = |secs| Now {
        unix: 5,
        ..at(secs)
    };
    recorder.hear(unset(1), &live(ALICE), true);
    assert_eq!(recorder.take(unset(2), &NodeBook::default()), None);
    recorder.set_own(NodeNum(0xbbb));
    assert_eq!(recorder.take(at(3), &NodeBook::default()), None);
    assert_eq!(recorder.dropped(), 1);
}

/// In a large mesh nearly every page of the table would change with each batch.
#[test]
fn the_state_of_many_nodes_is_written_seldom_and_never_left_out() {
    let mut recorder = recorder();
    let mut book = NodeBook::default();
    let mut hear = |recorder: &mut Recorder, secs: u64, n: u32| {
        let packet = live(NodeNum(0x1000 + n));
        recorder.hear(at(secs), &packet, true);
        book.note_packet(&packet.packet, Standing::Live, at(secs), SANITY);
        let changes = book.take_changes();
        recorder.changed(at(secs), &book, changes);
        book.clone()
    };
    for n in 0..1_000 {
        hear(&mut recorder, 1, n);
    }
    let mut with_nodes = Vec::new();
    for minute in 0..14 * 60 {
        let book = hear(&mut recorder, minute * 60, u32::try_from(minute).unwrap());
        if let Some(batch) = recorder.take_due(at(minute * 60), &book) {
            assert!(!batch.packets.is_empty());
            with_nodes.extend((!batch.nodes.is_empty()).then_some((minute, batch.nodes.len())));
        }
    }
    assert_eq!(with_nodes, [(10, 1_000), (370, 360), (730, 360)]);
    // Without traffic they still have their time, and at the end all go.
    let book = hear(&mut recorder, 50_400, 7);
    assert!(
        recorder
            .take_due(at(51_000), &book)
            .unwrap()
            .nodes
            .is_empty()
    );
    assert_eq!(recorder.deadline(), Some(at(1_090 * 60).mono));
    assert_eq!(recorder.take(at(51_100), &book).unwrap().nodes.len(), 110);
    assert_eq!(recorder.deadline(), None);
}

/// T12.
#[test]
fn what_waits_is_counted_for_the_stock() {
    use crate::history::insight::{Look, Stock};
    let mut recorder = recorder();
    for n in 0..70 {
        recorder.hear(at(100 + n), &live(NodeNum(0x2000_0000 + 1)), true);
        recorder.hear(at(100 + n), &live(NodeNum(0x2000_0000 + 2)), true);
    }
    recorder.overhear(at(200), &live(ALICE), true);
    let look = Look {
        stock: true,
        ..Look::default()
    };
    let stock = |look| {
        let waiting = recorder.waiting(at(300), &NodeBook::default(), look, 0);
        waiting.stock
    };
    let found = stock(look);
    assert_eq!(found.packets + found.summed, 140);
    assert!(found.packets >= 60 && found.summed > 0, "{found:?}");
    assert_eq!(found.texts, 1);
    assert_eq!(found.span.map(|(first, _)| first), Some(2_000_100));
    assert_eq!(stock(Look::default()), Stock::default(), "nobody asked");
}
