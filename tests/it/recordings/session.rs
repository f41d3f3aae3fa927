//! Messages to events: who our node is, who else there is, and what is said.

use std::collections::HashSet;

use expect_test::{Expect, expect};
use meshbot::link::{Event, Identity, Loss, Received};
use meshbot::mesh::{NodeBook, NodeNum, Now, PacketId, Payload, Standing};
use meshbot::proto::{NodeInfo, PortNum, to_radio::PayloadVariant as To};

use crate::support::recording::Recording;
use crate::support::replay::{Replay, SANITY};

/// The nonces of the two phases (protocol.md §2.1).
const NONCE_CONFIG: u32 = 69_420;
const NONCE_NODES: u32 = 69_421;

fn replay(number: &str) -> Replay {
    let mut replay = Replay::new(Recording::open(number), None);
    replay.run();
    replay
}

fn name(info: &NodeInfo) -> &str {
    let name = info.user.as_ref().map_or(&[][..], |user| &user.long_name);
    std::str::from_utf8(name).expect("names in the recordings are UTF-8")
}

fn tell_identity(identity: &Identity) -> String {
    let own = identity.own.as_ref().expect("our node is in its own list");
    assert_eq!(own.num, identity.num.0);
    let channels: Vec<String> = (identity.channels.iter().enumerate())
        .filter(|(_, channel)| channel.enabled)
        .map(|(index, channel)| format!("{index}={:?}", String::from_utf8_lossy(&channel.name)))
        .collect();
    format!(
        "ready {} {:?}, {} nodes, firmware {}, channels {}, hop_limit {}",
        identity.num,
        name(own),
        identity.nodedb_count,
        String::from_utf8_lossy(&identity.firmware),
        channels.join(" "),
        identity.lora.hop_limit,
    )
}

fn tell_packet(received: &Received) -> String {
    let packet = &received.packet;
    let to = if packet.is_broadcast() {
        "all".to_owned()
    } else {
        packet.to.to_string()
    };
    let mut line = format!(
        "{:?} {} {}→{to} ",
        received.standing, packet.id, packet.from
    );
    line += &match &packet.payload {
        Payload::Port(port, _) if packet.text().is_none() => port.as_str_name().to_owned(),
        Payload::Port(..) => format!("channel {}", packet.channel),
        other => format!("{other:?}"),
    };
    line += &packet
        .hops
        .known()
        .map_or_else(|| " hops ?".into(), |hops| format!(" hops {hops}"));
    line += &received
        .age
        .map_or_else(|| " age ?".into(), |age| format!(" age {age}"));
    for (is_so, word) in [
        (packet.via_mqtt, " MQTT"),
        (packet.sender_key.is_some(), " key"),
        (packet.is_reaction, " reaction"),
        (received.answers_ours, " answers us"),
    ] {
        line += if is_so { word } else { "" };
    }
    if let Some(text) = packet.text() {
        line += &format!(" {:?}", String::from_utf8_lossy(text));
    }
    line
}

fn check(replay: &Replay, expected: &Expect) {
    let lines: Vec<String> = (replay.events.iter())
        .map(|(time, event)| {
            let told = match event {
                Event::Ready(identity) => tell_identity(identity),
                Event::Nodes(nodes) => format!("list of {}", nodes.len()),
                Event::Packet(received) => tell_packet(received),
                Event::Lost(loss) => format!("lost: {loss}"),
                other => format!("{other:?}"),
            };
            format!("{time:.3} {told}\n")
        })
        .collect();
    expected.assert_eq(&lines.concat());
}

/// What was written, without the texts that nobody asked for.
fn written(replay: &Replay) -> Vec<String> {
    (replay.sent.iter())
        .map(|(time, sent)| match sent {
            To::WantConfigId(NONCE_CONFIG) => format!("{time:.1} configuration?"),
            To::WantConfigId(NONCE_NODES) => format!("{time:.1} nodes?"),
            To::WantConfigId(_) => format!("{time:.1} everything?"),
            To::Heartbeat(heartbeat) => {
                assert_eq!(heartbeat.nonce, 0);
                format!("{time:.1} heartbeat")
            }
            To::Packet(_) | To::Disconnect(_) => panic!("nobody asked for {sent:?}"),
        })
        .collect()
}

/// The beginning of a packet's line in the long kind of listing, the content
/// of a text included; or its line in the short kind, as far as we keep it.
fn as_listed(received: &Received, long: bool) -> String {
    let packet = &received.packet;
    let (port, bytes) = packet.port().expect("packets that could be read");
    if !long {
        let (from, port, time) = (packet.from, port as i32, packet.rx_time);
        return format!("packet from {from} port {port} rx_time {time}");
    }
    let mut line = format!(
        "packet id={} {}->{} ch={} {}",
        packet.id,
        packet.from,
        packet.to,
        packet.channel,
        port.as_str_name()
    );
    line += &packet
        .reply_to
        .map_or_else(String::new, |id| format!(" reply={id}"));
    line += &packet
        .request_id
        .map_or_else(String::new, |id| format!(" req={id}"));
    if port == PortNum::TextMessageApp {
        line += &format!(" len={} b'{}'", bytes.len(), bytes.escape_ascii());
    }
    line
}

/// The same from the listing: drops what [`as_listed`] does not say.
fn expected_packets(recording: &Recording, long: bool) -> Vec<String> {
    (recording.frames())
        .map(|(_, text)| text)
        .filter(|text| text.starts_with("packet "))
        .filter(|text| !text.contains("SIMULATOR_APP") && !text.contains("port 69 "))
        .map(|text| {
            let (before, content) = text.split_at(text.find(" len=").unwrap_or(text.len()));
            let port = if long { "_APP" } else { "" };
            let mut after_port = false;
            let words: Vec<&str> = (before.split(' '))
                .filter(|word| {
                    let keep = match *word {
                        "want_ack" | "PKI" => false,
                        // The reason of an acknowledgement stays in its bytes.
                        _ if after_port => word.contains('='),
                        _ => !word.starts_with("hl=") && !word.starts_with("prio="),
                    };
                    after_port |= long && word.ends_with(port);
                    keep
                })
                .collect();
            let line = words.join(" ") + content;
            if long {
                return line;
            }
            // "prio 0" in the middle, "rssi -61" at the end.
            let words: Vec<&str> = line.split(' ').collect();
            [&words[..5], &words[7..9]].concat().join(" ")
        })
        .collect()
}

/// Whatever happens in a recording, these agree with its listing.
#[test]
fn nodes_and_packets_are_those_of_the_listing() {
    for recording in Recording::all() {
        if recording.name.starts_with("08") {
            continue;
        }
        let long = recording.asked.len() == 1;
        let packets = expected_packets(&recording, long);
        let listed: Vec<String> = (recording.frames())
            .filter_map(|(_, text)| Some(text.strip_prefix("node_info ")?.to_owned()))
            .collect();
        let label = recording.name;
        let mut replay = Replay::new(recording, None);
        replay.run();

        let nodes: Vec<String> = (replay.node_lists().into_iter().flatten())
            .map(|info| format!("{} '{}'", NodeNum(info.num), name(info)))
            .collect();
        assert_eq!(nodes, listed, "{label}");
        let [identity] = replay.identities()[..] else {
            panic!("{label}: ready once");
        };
        let own = identity.own.as_ref().unwrap();
        assert_eq!(
            format!("{} '{}'", identity.num, name(own)),
            listed[0],
            "{label}: our node is the first of the list"
        );
        let known: HashSet<&String> = listed.iter().collect();
        assert_eq!(identity.nodedb_count as usize, known.len(), "{label}");

        let handed_on: Vec<String> = (replay.packets().iter())
            .map(|received| as_listed(received, long))
            .collect();
        assert_eq!(handed_on, packets, "{label}");
        let once: HashSet<(NodeNum, PacketId)> = (replay.packets().iter())
            .map(|received| (received.packet.from, received.packet.id))
            .collect();
        assert_eq!(once.len(), packets.len(), "{label}");
        let counters = replay.session.counters();
        let rest = (
            counters.undecodable,
            counters.duplicates,
            counters.own_texts,
        );
        assert_eq!(rest, (0, 0, 0), "{label}");
        assert_eq!(replay.verdicts, [], "{label}");
    }
}

#[test]
fn a_small_mesh_is_read_as_listed() {
    let replay = replay("01");
    check(
        &replay,
        &expect![[r#"
            0.160 ready !a1b2c3d4 "Alpha Base", 15 nodes, firmware 2.7.26.54e0d8d, channels 0="" 1="bot", hop_limit 3
            0.160 list of 15
            6.478 Live 4e765ee2 !50000003→all channel 0 hops 1 age 1 "!ping"
            9.588 Live 5b5a4e2a !a1b2c3d5→all channel 0 hops 0 age 0 "good morning from Bravo"
            13.800 Live 66c7c2a5 !a1b2c3d5→!a1b2c3d4 channel 0 hops 0 age 0 "!help"
            15.507 Live cd3dc38d !a1b2c3d5→!a1b2c3d4 ROUTING_APP hops 0 age 0
            17.515 Live 953ed639 !50000104→all channel 1 hops 2 age 0 "Grüße auf Kanal bot 🤖"
            20.423 Live 7f2ae5fa !50000205→!a1b2c3d4 channel 0 hops 1 age 0 key "pki flagged dm"
            23.029 Live 6e5ed4e6 !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 1
            23.430 Live 3d973671 !50000003→all TEXT_MESSAGE_APP hops 1 age 0 reaction
            29.646 Live 1a4e44cf !50000307→all channel 0 hops 1 age 0 MQTT "mqtt one"
            30.748 Live ea759ce7 !a1b2c3d4→all TELEMETRY_APP hops ? age 0
            30.748 Live a39b1ce8 !a1b2c3d4→all TELEMETRY_APP hops ? age 0
            32.554 Live b7018811 !5fffff01→all channel 0 hops 1 age 0 "from a node that is not in the db"
            39.573 Live c66618e9 !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 0
            44.686 Live 786ffb8e !a1b2c3d5→!a1b2c3d4 ROUTING_APP hops 0 age 0
            50.704 Live 8dd70790 !a1b2c3d5→!a1b2c3d4 ROUTING_APP hops 0 age 0
            55.118 Live 1f0e5f8f !a1b2c3d5→!a1b2c3d4 NODEINFO_APP hops 0 age 0
            58.229 Live a9b5ce03 !a1b2c3da→!a1b2c3d4 NODEINFO_APP hops 0 age 0
            61.340 Live 44bc6793 !a1b2c3d5→!a1b2c3d4 ROUTING_APP hops 0 age 0
            61.441 Live 6e230e04 !a1b2c3da→!a1b2c3d4 ROUTING_APP hops 0 age 0
            68.761 Live 980838ed !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 0
            90.810 Live 32c78cee !a1b2c3d4→all TELEMETRY_APP hops ? age 0
        "#]],
    );
    assert_eq!(
        written(&replay),
        [
            "0.0 everything?",
            "0.2 heartbeat",
            "30.2 heartbeat",
            "60.2 heartbeat",
            "90.2 heartbeat"
        ]
    );
}

#[test]
fn refusals_of_texts_that_are_not_ours_are_handed_on() {
    let replay = replay("02");
    check(
        &replay,
        &expect![[r#"
            0.064 ready !a1b2c3d4 "Alpha Base", 18 nodes, firmware 2.7.26.54e0d8d, channels 0="" 1="bot", hop_limit 3
            0.064 list of 18
            5.377 Live 76f030f0 !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 1
            8.285 Live 40b49cf1 !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 0
            12.394 Live d18124f2 !a1b2c3d4→all TELEMETRY_APP hops ? age 0
            18.515 Live 2ee42cf4 !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 0
            22.324 Live ecb310f5 !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 0
            25.532 Live 2ed0bcf6 !a1b2c3d4→!a1b2c3d4 ROUTING_APP hops ? age 0
            38.465 lost: closed by the node
        "#]],
    );
    assert_eq!(
        written(&replay),
        ["0.0 everything?", "0.1 heartbeat", "30.1 heartbeat"]
    );
}

#[test]
fn a_full_node_list_and_then_the_slot_is_taken() {
    let replay = replay("04");
    check(
        &replay,
        &expect![[r#"
        0.101 ready !a1b2c3e2 "Meshtastic c3e2", 200 nodes, firmware 2.7.26.54e0d8d, channels 0="", hop_limit 3
        0.101 list of 200
        2.207 lost: closed by the node
    "#]],
    );
    assert_eq!(written(&replay), ["0.0 everything?", "0.1 heartbeat"]);
}

#[test]
fn the_node_restarts_at_the_end() {
    let replay = replay("05");
    check(
        &replay,
        &expect![[r#"
        0.351 ready !a1b2c3e2 "Meshtastic c3e2", 200 nodes, firmware 2.7.26.54e0d8d, channels 0="", hop_limit 3
        0.351 list of 200
        1.556 Live 1798e0d8 !a1b2c3e2→!a1b2c3e2 ROUTING_APP hops ? age 0
        2.559 Live f73aa8d9 !a1b2c3e2→!a1b2c3e2 ROUTING_APP hops ? age 0
        4.566 lost: closed by the node
    "#]],
    );
    assert_eq!(written(&replay), ["0.0 everything?", "0.4 heartbeat"]);
}

#[test]
fn after_the_restart_the_node_knows_nobody() {
    let replay = replay("06");
    check(
        &replay,
        &expect![[r#"
        0.035 ready !a1b2c3e2 "Meshtastic c3e2", 2 nodes, firmware 2.7.26.54e0d8d, channels 0="", hop_limit 3
        0.035 list of 2
    "#]],
    );
    assert_eq!(written(&replay), ["0.0 everything?", "0.0 heartbeat"]);
}

#[test]
fn version_2_8_tells_stored_telemetry_that_is_no_news() {
    let replay = replay("09");
    check(
        &replay,
        &expect![[r#"
            0.067 ready !f7b0f9fb "Meshtastic c3ec", 21 nodes, firmware 2.8.0.7754068, channels 0="", hop_limit 3
            0.067 list of 21
            0.067 Replay 335ff9bb !50000003→all TELEMETRY_APP hops 0 age ?
            0.067 Replay ce2caf3f !50000407→all TELEMETRY_APP hops 0 age ?
            0.067 Replay 68f964c3 !5000080b→all TELEMETRY_APP hops 0 age ?
            0.067 Replay a1fd93f8 !50000c0f→all TELEMETRY_APP hops 0 age ?
            0.067 Replay 3cca497c !50001013→all TELEMETRY_APP hops 0 age ?
            2.475 Live a5dc3aed !50000003→all channel 0 hops 1 age 1 "hello 2.8"
            20.424 Live 2d2fdbdf !f7b0f9fb→!f7b0f9fb ROUTING_APP hops ? age 0
            30.251 lost: closed by the node
        "#]],
    );
    assert_eq!(
        written(&replay),
        ["0.0 everything?", "0.1 heartbeat", "30.1 heartbeat"]
    );
}

#[test]
fn both_phases_on_2_7() {
    let replay = replay("11");
    check(
        &replay,
        &expect![[r#"
            0.173 ready !a1b2c3d4 "Meshtastic c3d4", 10 nodes, firmware 2.7.26.54e0d8d, channels 0="", hop_limit 3
            0.173 list of 1
            1.578 Live e641985d !50000003→all channel 0 hops 1 age 1 "/ping"
            3.628 list of 10
            5.593 Live 73e332a1 !50000004→!a1b2c3d4 channel 0 hops 1 age 0 "/help"
        "#]],
    );
    assert_eq!(
        written(&replay),
        ["0.0 configuration?", "0.2 heartbeat", "0.8 nodes?"]
    );
}

#[test]
fn both_phases_on_2_8() {
    let replay = replay("12");
    check(
        &replay,
        &expect![[r#"
            0.167 ready !596623a6 "Meshtastic c3d4", 7 nodes, firmware 2.8.0.7754068, channels 0="", hop_limit 3
            0.167 list of 1
            1.670 Live f77369ee !50000003→all channel 0 hops 1 age 0 "/ping"
            3.374 list of 7
            5.784 Live 4ac3573f !50000004→!596623a6 channel 0 hops 1 age 0 "/help"
        "#]],
    );
    assert_eq!(
        written(&replay),
        ["0.0 configuration?", "0.2 heartbeat", "0.8 nodes?"]
    );
}

/// No completion ever comes: the session gives up, and what came of the node
/// list is still of use.
#[test]
fn the_torn_stream_of_08_stalls_and_its_nodes_are_kept() {
    let recording = Recording::open("08");
    let listed: Vec<String> = (recording.frames())
        .filter_map(|(_, text)| Some(text.strip_prefix("node_info ")?.to_owned()))
        .collect();
    let mut replay = Replay::new(recording, None);
    replay.run();
    let counters = replay.session.counters();
    assert_eq!((counters.frames, counters.undecodable), (203, 1));
    assert_eq!(replay.events, [], "nothing is ready");
    assert!(!replay.session.is_ready());

    replay.wait_until(60.0);
    let [(time, Loss::HandshakeStalled)] = replay.verdicts[..] else {
        panic!("{:?}", replay.verdicts);
    };
    assert!(
        (18.0..18.1).contains(&time),
        "15 s after the last frame: {time}"
    );
    replay.lose(Loss::HandshakeStalled);
    let told: Vec<&Event> = replay.events.iter().map(|(_, event)| event).collect();
    assert!(matches!(
        told[..],
        [Event::Nodes(_), Event::Lost(Loss::HandshakeStalled)]
    ));
    let mut nodes: Vec<String> = (replay.node_lists()[0].iter())
        .map(|info| format!("{} '{}'", NodeNum(info.num), name(info)))
        .collect();
    let swallowed = "!61006467 'Weather Station 100'".to_owned();
    let at = nodes.iter().position(|node| *node == swallowed);
    assert_eq!(
        nodes.remove(at.expect("the torn frame is searched")),
        swallowed
    );
    assert_eq!(nodes, listed);
    assert_eq!(written(&replay), ["0.0 everything?"]);
}

/// The stored telemetry comes with the same ids in every session. What was
/// live the first time is not told twice.
#[test]
fn version_2_8_again_after_a_reconnect() {
    let mut replay = replay("09");
    let first = replay.packets().len();
    replay.reconnect(Recording::open("09"), 60.0);
    replay.run();
    let again: Vec<(Standing, PacketId)> = (replay.packets()[first..].iter())
        .map(|received| (received.standing, received.packet.id))
        .collect();
    let ids = [
        0x335f_f9bb,
        0xce2c_af3f,
        0x68f9_64c3,
        0xa1fd_93f8,
        0x3cca_497c,
    ];
    assert_eq!(again, ids.map(|id| (Standing::Replay, PacketId(id))));
    assert_eq!(replay.session.counters().duplicates, 2);
    let opened: Vec<u64> = (replay.identities().iter())
        .map(|identity| identity.opened)
        .collect();
    assert_eq!(opened, [1, 2]);
}

/// The node restarts and has forgotten its mesh; the bot has not.
#[test]
fn a_session_across_the_restart() {
    let (before, after) = (Recording::open("05"), Recording::open("06"));
    let pause = after.t0 - before.t0;
    let mut replay = Replay::new(before, None);
    replay.run();
    replay.reconnect(after, pause);
    replay.run();
    let told: Vec<String> = (replay.events.iter())
        .filter_map(|(_, event)| match event {
            Event::Ready(identity) => Some(format!("ready {}", identity.num)),
            Event::Lost(loss) => Some(loss.to_string()),
            Event::Nodes(nodes) => Some(format!("{} nodes", nodes.len())),
            _ => None,
        })
        .collect();
    assert_eq!(
        told,
        [
            "ready !a1b2c3e2",
            "200 nodes",
            "closed by the node",
            "ready !a1b2c3e2",
            "2 nodes"
        ]
    );
    let mut book = NodeBook::default();
    book.set_own(replay.identities()[0].num);
    let now = Now {
        mono: std::time::Duration::from_secs(70),
        unix: 1_795_394_146,
    };
    for list in replay.node_lists() {
        book.note_node_list(list, now, SANITY);
    }
    assert_eq!(book.len(), 201, "one of the two was not among the 200");
    let name = |num| book.display_name(NodeNum(num), 40);
    assert_eq!(name(0xa1b2_c3e2), "Meshtastic c3e2");
    assert_eq!(name(0x5000_0508), "山田");
}
