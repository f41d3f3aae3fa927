//! Events to answers: the live questions in 11 and 12 are answered once each,
//! where they were asked, and nothing else is.

use expect_test::{Expect, expect};
use meshbot::bot::all::registry;
use meshbot::link::{Loss, Outcome};
use meshbot::mesh::NodeNum;
use meshbot::proto::{
    Data, MeshPacket, PortNum, mesh_packet::PayloadVariant as Content,
    to_radio::PayloadVariant as To,
};

use crate::support::recording::Recording;
use crate::support::replay::Replay;

fn text(packet: &MeshPacket) -> (&Data, &str) {
    let Some(Content::Decoded(data)) = &packet.payload_variant else {
        panic!("the node encrypts, not we");
    };
    assert_eq!(data.portnum, PortNum::TextMessageApp as i32);
    (
        data,
        std::str::from_utf8(&data.payload).expect("our texts are UTF-8"),
    )
}

/// One line for each thing written. How help puts it is not this test's matter.
fn tell(time: f64, sent: &To) -> String {
    match sent {
        To::WantConfigId(nonce) => format!("{time:.3} want_config_id {nonce}\n"),
        To::Heartbeat(_) => format!("{time:.3} heartbeat\n"),
        To::Disconnect(_) => format!("{time:.3} disconnect\n"),
        To::Packet(packet) => {
            let (data, text) = text(packet);
            let is_help = text.contains("ping") && text.contains("help");
            let shown = if is_help { "(help)" } else { text };
            format!(
                "{time:.3} {}→{} channel {} reply {:08x} hop_limit {} want_ack {}: {shown}\n",
                NodeNum(packet.from),
                NodeNum(packet.to),
                packet.channel,
                data.reply_id,
                packet.hop_limit,
                packet.want_ack,
            )
        }
    }
}

fn check(number: &str, expected: &Expect) {
    let mut replay = Replay::new(Recording::open(number), Some(registry()));
    replay.run();
    assert!(replay.goodbye() > 8.0);
    replay.stop();
    assert!(replay.session.is_done(), "the end waits for nothing more");
    replay.lose(Loss::EndOfFile);

    let lines: Vec<String> = (replay.sent.iter())
        .map(|(time, sent)| tell(*time, sent))
        .collect();
    expected.assert_eq(&lines.concat());
    let ids: Vec<u32> = (replay.sent.iter())
        .filter_map(|(_, sent)| match sent {
            To::Packet(packet) => Some(packet.id),
            _ => None,
        })
        .collect();
    assert!(ids[0] != 0 && ids[1] != 0 && ids[0] != ids[1]);

    let tally = replay.bot().tally();
    assert_eq!((tally.answered, tally.refused), (2, 0));
    // The recorded node knows nothing of these answers: it confirms none.
    let outcomes = replay.outcomes();
    assert_eq!(outcomes, [Outcome::Unknown; 2]);
    assert_eq!((tally.good, tally.bad, tally.unknown), (0, 0, 2));
}

#[test]
fn ping_and_help_are_answered_on_2_7() {
    check(
        "11",
        &expect![[r#"
            0.000 want_config_id 69420
            0.173 heartbeat
            0.773 want_config_id 69421
            1.578 !a1b2c3d4→!ffffffff channel 0 reply e641985d hop_limit 3 want_ack true: 🏓 pong · 1 hop
            5.593 !a1b2c3d4→!50000004 channel 0 reply 73e332a1 hop_limit 3 want_ack true: (help)
            9.702 disconnect
        "#]],
    );
}

#[test]
fn ping_and_help_are_answered_on_2_8() {
    check(
        "12",
        &expect![[r#"
            0.000 want_config_id 69420
            0.167 heartbeat
            0.767 want_config_id 69421
            1.670 !596623a6→!ffffffff channel 0 reply f77369ee hop_limit 3 want_ack true: 🏓 pong · 1 hop
            5.784 !596623a6→!50000004 channel 0 reply 4ac3573f hop_limit 3 want_ack true: (help)
            9.291 disconnect
        "#]],
    );
}

/// The texts of the other recordings are plain, or begin with another mark.
#[test]
fn chatter_is_not_answered() {
    for recording in Recording::all() {
        let name = recording.name;
        if name.starts_with("11") || name.starts_with("12") {
            continue;
        }
        let mut replay = Replay::new(recording, Some(registry()));
        replay.run();
        let answers: Vec<(u32, &str)> = (replay.sent.iter())
            .filter_map(|(_, sent)| match sent {
                To::Packet(packet) => {
                    let (data, text) = text(packet);
                    assert_ne!(packet.to, NodeNum::BROADCAST.0, "{name}");
                    Some((data.reply_id, text))
                }
                _ => None,
            })
            .collect();
        // A direct message that is no command gets a hint.
        let direct: &[u32] = if name.starts_with("01") {
            &[0x66c7_c2a5, 0x7f2a_e5fa]
        } else {
            &[]
        };
        let answered: Vec<u32> = answers.iter().map(|(id, _)| *id).collect();
        assert_eq!(answered, direct, "{name}");
        for (_, text) in answers {
            assert!(text.contains("/help"), "{name}: {text}");
        }
    }
}

/// The bot's node book holds what the list of the node says, as people read it.
#[test]
fn the_book_holds_the_mesh_of_01() {
    let mut replay = Replay::new(Recording::open("01"), Some(registry()));
    replay.run();
    let book = replay.bot().book();
    assert_eq!(book.own(), Some(NodeNum(0xa1b2_c3d4)));
    let mut lines: Vec<String> = (book.iter())
        .map(|node| {
            format!(
                "{} {:?} {:?} hops {:?} packets {}{}\n",
                node.num,
                node.long_name,
                node.short_name,
                node.hops.known(),
                node.packets,
                if node.public_key.is_some() {
                    " key"
                } else {
                    ""
                },
            )
        })
        .collect();
    lines.sort();
    expect![[r#"
        !11110001 Some("Test One") Some("T1") hops Some(1) packets 0
        !50000003 Some("Weather Station") Some("0000") hops Some(1) packets 2
        !50000104 Some("Ridge Relay 🏔") Some("0001") hops Some(2) packets 1 key
        !50000205 Some("Bob") Some("0002") hops Some(1) packets 1 key
        !50000306 Some("Ärger im Büro") Some("0003") hops Some(3) packets 0
        !50000307 None None hops None packets 1
        !50000407 Some("Mobil-1") Some("0004") hops Some(0) packets 0 key
        !50000508 Some("山田") Some("0005") hops Some(1) packets 0 key
        !50000609 Some("K7ABC/M") Some("0006") hops Some(2) packets 0
        !5000070a Some("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx") Some("0007") hops Some(3) packets 0 key
        !5000080b Some("Solar Node ☀") Some("0008") hops Some(0) packets 0 key
        !5000090c Some("Kite") Some("0009") hops Some(1) packets 0
        !50000a0d Some("Weather Station 10") Some("0010") hops Some(2) packets 0 key
        !50000b0e Some("Ridge Relay 🏔 11") Some("0011") hops Some(3) packets 0 key
        !5fffff01 None None hops Some(1) packets 1
        !a1b2c3d4 Some("Alpha Base") Some("ALFA") hops None packets 0 key
        !a1b2c3d5 Some("Bravo Hütte 🏔") Some("BRVO") hops Some(0) packets 7 key
        !a1b2c3da Some("Meshtastic c3da") Some("c3da") hops Some(0) packets 2 key
    "#]].assert_eq(&lines.concat());
}
