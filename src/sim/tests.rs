//! The node's behaviour, one rule of the protocol a test, with a clock that
//! only the test moves.

use std::time::Duration;

use expect_test::expect;
use prost::Message;

use super::*;
use crate::link::frame::{self, Decoder};
use crate::mesh::{NodeNum, Now, PacketId};
use crate::proto::{
    self, PortNum, from_radio::PayloadVariant as From, mesh_packet::PayloadVariant as Content,
    routing, to_radio::PayloadVariant as ToNode,
};

const OWN: NodeNum = NodeNum(0xa1b2_c3d4);

/// A node with a client, and everything that the client got.
struct Bench {
    node: SimNode,
    now: Now,
    conn: ConnId,
    decoder: Decoder,
    raw: Vec<u8>,
    closed: bool,
}

impl Bench {
    fn new(settings: Settings) -> Self {
        let now = Now {
            mono: Duration::from_secs(10),
            unix: 1_795_400_000,
        };
        let mut node = SimNode::new(settings, now);
        let conn = node.accept(now);
        Self {
            node,
            now,
            conn,
            decoder: Decoder::default(),
            raw: Vec::new(),
            closed: false,
        }
    }

    /// After a configuration-only handshake.
    fn steady(settings: Settings) -> Self {
        let mut bench = Self::new(settings);
        bench.say(ToNode::WantConfigId(69420));
        bench.wait(if bench.node.settings.latency { 500 } else { 0 });
        assert!(bench.node.steady());
        bench.got();
        bench
    }

    fn reconnect(&mut self) {
        self.conn = self.node.accept(self.now);
        self.decoder.reset();
        self.closed = false;
        self.say(ToNode::WantConfigId(69420));
    }

    fn say(&mut self, message: ToNode) {
        self.say_all(vec![message]);
    }

    fn say_all(&mut self, messages: Vec<ToNode>) {
        let mut bytes = Vec::new();
        for message in messages {
            let message = proto::ToRadio {
                payload_variant: Some(message),
            };
            assert!(frame::encode(&message, &mut bytes));
        }
        self.node.receive(self.now, self.conn, &bytes);
    }

    /// Lets time pass, with a tick at each deadline.
    fn wait(&mut self, milliseconds: u64) {
        let end = self.now.plus(Duration::from_millis(milliseconds));
        while let Some(at) = self.node.deadline().filter(|&at| at <= end.mono) {
            self.now = self.now.plus(at.saturating_sub(self.now.mono));
            self.node.tick(self.now);
        }
        self.now = end;
        self.node.tick(end);
    }

    /// The bytes that came since, and whether the connection is closed.
    fn bytes(&mut self) -> Vec<u8> {
        while let Some(output) = self.node.next_output() {
            match output {
                Output::Bytes(conn, bytes) if conn == self.conn => self.raw.extend(bytes),
                Output::Close(conn) if conn == self.conn => self.closed = true,
                _ => {}
            }
        }
        std::mem::take(&mut self.raw)
    }

    fn got(&mut self) -> Vec<From> {
        let bytes = self.bytes();
        self.decoder.push(&bytes);
        let mut out = Vec::new();
        while let Some(frame) = self.decoder.next_frame() {
            match proto::FromRadio::decode(frame) {
                Ok(message) => out.extend(message.payload_variant),
                Err(_) => self.decoder.reject(),
            }
        }
        out
    }

    fn packets(&mut self) -> Vec<proto::MeshPacket> {
        let packets = self.got().into_iter().filter_map(|message| match message {
            From::Packet(packet) => Some(packet),
            _ => None,
        });
        packets.collect()
    }

    fn texts(&mut self) -> Vec<String> {
        let packets = self.packets();
        packets.iter().filter_map(text_of).collect()
    }

    /// Sends and tells in short what came of it.
    fn send(&mut self, packet: proto::MeshPacket) -> String {
        self.say(ToNode::Packet(packet));
        self.brief()
    }

    fn brief(&mut self) -> String {
        let got = self.got();
        let lines: Vec<_> = got.iter().map(|message| self.describe(message)).collect();
        lines.join(" ")
    }

    fn describe(&self, message: &From) -> String {
        match message {
            From::QueueStatus(status) => {
                format!("res{}/free{}", status.res, status.free)
            }
            From::ClientNotification(_) => "notice".to_owned(),
            From::Packet(packet) => {
                let who = match packet.from {
                    from if from == self.node.own().0 => "own".to_owned(),
                    from => NodeNum(from).to_string(),
                };
                let Some(Content::Decoded(data)) = &packet.payload_variant else {
                    return format!("{who}:encrypted");
                };
                match PortNum::try_from(data.portnum).unwrap() {
                    PortNum::RoutingApp => {
                        let routing = proto::Routing::decode(data.payload.as_slice()).unwrap();
                        let Some(routing::Variant::ErrorReason(error)) = routing.variant else {
                            return "route".to_owned();
                        };
                        let error = routing::Error::try_from(error).unwrap();
                        format!("{who}:{}", error.as_str_name())
                    }
                    port => format!("{who}:{}", port.as_str_name()),
                }
            }
            other => format!("{other:?}"),
        }
    }
}

fn text_of(packet: &proto::MeshPacket) -> Option<String> {
    match &packet.payload_variant {
        Some(Content::Decoded(data)) if data.portnum == 1 => {
            Some(String::from_utf8_lossy(&data.payload).into_owned())
        }
        _ => None,
    }
}

fn packet(to: NodeNum, id: u32, port: PortNum, payload: &[u8]) -> proto::MeshPacket {
    proto::MeshPacket {
        from: OWN.0,
        to: to.0,
        id,
        hop_limit: 3,
        want_ack: true,
        payload_variant: Some(Content::Decoded(proto::Data {
            portnum: port.into(),
            payload: payload.to_vec(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn text(id: u32, words: &str) -> proto::MeshPacket {
    packet(
        NodeNum::BROADCAST,
        id,
        PortNum::TextMessageApp,
        words.as_bytes(),
    )
}

fn no_telemetry() -> Settings {
    Settings {
        own_telemetry: false,
        ..Settings::default()
    }
}

fn version(version: Version) -> Settings {
    Settings {
        version,
        ..no_telemetry()
    }
}

/// Kinds of message, runs of the same kind counted.
fn kinds(messages: &[From]) -> String {
    let name = |message: &From| match message {
        From::MyInfo(_) => "my_info",
        From::DeviceuiConfig(_) => "deviceui",
        From::NodeInfo(_) => "node_info",
        From::Metadata(_) => "metadata",
        From::Channel(_) => "channel",
        From::Config(_) => "config",
        From::ModuleConfig(_) => "module",
        From::FileInfo(_) => "file",
        From::ConfigCompleteId(_) => "complete",
        From::Packet(_) => "packet",
        From::QueueStatus(_) => "status",
        _ => "other",
    };
    let mut out = String::new();
    for run in messages.chunk_by(|a, b| name(a) == name(b)) {
        out += &format!("{}*{} ", name(&run[0]), run.len());
    }
    out
}

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
    assert_eq!(bench.bytes(), []);
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
