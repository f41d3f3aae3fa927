//! The order of things, and the numbers that are new.

use super::*;
use crate::proto::{self, QueueStatus, ToRadio};

fn now(ms: u64) -> Now {
    Now {
        mono: Duration::from_millis(ms),
        unix: 1_900_000_000 + ms / 1_000,
    }
}

fn from(variant: From) -> Step {
    let mut bytes = Vec::new();
    let payload_variant = Some(variant);
    let message = FromRadio {
        payload_variant,
        ..FromRadio::default()
    };
    assert!(encode(&message, &mut bytes));
    Step::FromNode(bytes)
}

fn to(variant: To) -> Vec<u8> {
    let mut bytes = Vec::new();
    let payload_variant = Some(variant);
    assert!(encode(&ToRadio { payload_variant }, &mut bytes));
    bytes
}

fn packet(id: u32) -> To {
    To::Packet(proto::MeshPacket {
        id,
        ..proto::MeshPacket::default()
    })
}

fn said(act: Option<Act>) -> From {
    let Some(Act::Bytes(bytes)) = act else {
        panic!("{act:?}");
    };
    let message = FromRadio::decode(&bytes[HEADER..]).unwrap();
    message.payload_variant.unwrap()
}

/// The recorded bot asked with 77 after a tenth of a second and said a text with
/// the number 500 after three; the node heard a text two seconds after the start.
fn tape() -> Tape {
    let heard = proto::MeshPacket {
        from: 9,
        id: 12,
        rx_time: Some(1_795_400_002),
        ..proto::MeshPacket::default()
    };
    let status = QueueStatus {
        mesh_packet_id: 500,
        ..QueueStatus::default()
    };
    Tape::new(Recording {
        t0: 1_795_400_000.0,
        connections: vec![
            vec![
                (0.1, Step::ToNode(to(To::WantConfigId(77)))),
                (0.2, from(From::ConfigCompleteId(77))),
                (2.0, from(From::Packet(heard))),
                (3.0, Step::ToNode(to(packet(500)))),
                (3.1, from(From::QueueStatus(status))),
                (4.0, Step::Closed(By::Node)),
            ],
            vec![
                (9.0, Step::ToNode(to(To::WantConfigId(78)))),
                (11.0, Step::Closed(By::Bot)),
            ],
        ],
    })
}

#[test]
fn the_node_waits_for_what_it_was_asked_and_takes_the_new_numbers() {
    let mut tape = tape();
    assert!(tape.connected(now(1_000)));
    assert_eq!(tape.act(now(1_500)), None, "nobody has asked");
    tape.received(&to(To::WantConfigId(5)));
    assert_eq!(tape.act(now(1_600)), None, "it took a tenth of a second");
    assert_eq!(tape.deadline(), Some(Duration::from_millis(1_701)));
    assert_eq!(said(tape.act(now(1_700))), From::ConfigCompleteId(5));
    assert_eq!(tape.act(now(3_400)), None);
    let From::Packet(packet_heard) = said(tape.act(now(3_500))) else {
        panic!("no packet");
    };
    // Two seconds after the connection, by the clock of today.
    assert_eq!(packet_heard.rx_time, Some(1_900_000_003));
    assert_eq!(packet_heard.id, 12);
    // This bot is slower.
    assert_eq!(tape.act(now(9_000)), None);
    tape.received(&to(packet(4_000)));
    assert_eq!(tape.act(now(9_000)), None);
    let From::QueueStatus(status) = said(tape.act(now(9_101))) else {
        panic!("no status");
    };
    assert_eq!(status.mesh_packet_id, 4_000);
    assert_eq!(tape.act(now(9_500)), None);
    assert_eq!(tape.act(now(10_001)), Some(Act::Close));
    assert!(!tape.is_over(), "there is another connection");
    assert!(tape.connected(now(12_000)));
    tape.received(&to(To::WantConfigId(6)));
    assert_eq!(tape.act(now(12_010)), None);
    // The recorded bot left after two seconds.
    assert_eq!(tape.act(now(15_990)), None);
    assert_eq!(tape.act(now(16_020)), Some(Act::Close));
    assert!(tape.is_over() && !tape.connected(now(13_000)));
    let played = Played {
        connections: 2,
        said: 3,
        missing: 0,
    };
    assert_eq!(tape.played(), played);
}

#[test]
fn a_bot_that_does_not_do_it_again_is_waited_for_and_counted() {
    let mut tape = tape();
    assert!(tape.connected(now(0)));
    tape.received(&to(To::WantConfigId(5)));
    assert_eq!(tape.act(now(100)), None);
    while tape.act(now(2_500)).is_some() {}
    assert_eq!(tape.act(now(3_000)), None);
    let until = tape.deadline().unwrap();
    assert!(until >= Duration::from_secs(22), "{until:?}");
    assert_eq!(tape.act(now(22_000)), None);
    assert!(tape.act(now(23_200)).is_none());
    assert!(tape.act(now(23_400)).is_some());
    assert_eq!(tape.played().missing, 1);
}

#[test]
fn what_is_no_frame_is_said_as_it_was() {
    let torn = vec![0x94, 0xc3, 1, 0, 0];
    let mut tape = Tape::new(Recording {
        t0: 1.0,
        connections: vec![vec![(0.0, Step::FromNode(torn.clone()))]],
    });
    assert!(tape.connected(now(0)));
    assert_eq!(tape.act(now(0)), Some(Act::Bytes(torn)));
}

#[test]
fn a_node_that_closed_because_of_a_goodbye_leaves_time_for_one() {
    for (goodbye, closes) in [(false, 2_000), (true, 4_000)] {
        let mut steps = vec![
            (1.0, Step::ToNode(to(To::Disconnect(goodbye)))),
            (2.0, Step::Closed(By::Node)),
        ];
        if !goodbye {
            steps.remove(0);
            steps.insert(
                0,
                (
                    0.0,
                    Step::ToNode(to(To::Heartbeat(proto::Heartbeat::default()))),
                ),
            );
        } else {
            steps.insert(0, (0.0, Step::FromNode(vec![0])));
        }
        let mut tape = Tape::new(Recording {
            t0: 1.0,
            connections: vec![steps],
        });
        assert!(tape.connected(now(0)));
        while let Some(Act::Bytes(_)) = tape.act(now(10)) {}
        // What was said at a second has its second.
        assert_eq!(tape.act(now(1_000)), None);
        assert_eq!(tape.act(now(closes - 100)), None, "{goodbye}");
        assert_eq!(tape.act(now(closes + 20)), Some(Act::Close), "{goodbye}");
    }
}
