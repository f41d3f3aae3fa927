//! What a node can say without end, and who is on its mesh: 3,000 frames of each
//! kind within a minute make the bot ask for nothing, say nothing and lose
//! nothing, and the next question is answered.

use meshbot::link::frame;
use meshbot::proto::{self, from_radio::PayloadVariant as V, mesh_packet};
use meshbot::sim::Said;

use crate::support::logs;
use crate::support::world::World;

const FRAMES: u32 = 3_000;
/// What the log may take of one of these minutes, in bytes.
const LOGGED: usize = 8_000;

fn framed(variant: V) -> Vec<u8> {
    let message = proto::FromRadio {
        payload_variant: Some(variant),
        ..proto::FromRadio::default()
    };
    let mut bytes = Vec::new();
    assert!(frame::encode(&message, &mut bytes));
    bytes
}

/// What the bot has asked of its node and put on the air so far.
fn asked(world: &World) -> [u64; 6] {
    let counters = world.node.counters();
    [
        counters.accepts,
        counters.want_full,
        counters.want_config_only,
        counters.want_nodes_only,
        counters.packets,
        counters.malformed,
    ]
}

/// Lets the node say `frame(0)`, `frame(1)` and so on, and looks what came of it.
fn flood(what: &str, frame: impl Fn(&World, u32) -> V) {
    let mut world = World::ready();
    let before = asked(&world);
    logs::begin_metering(world.now.mono);
    for n in 0..FRAMES {
        let bytes = framed(frame(&world, n));
        world.inject(&bytes);
        if n % 50 == 49 {
            world.run(1_000);
            logs::metered(world.now.mono);
        }
    }
    let (lines, bytes) = logs::metered(world.now.mono);
    assert!(
        bytes < LOGGED,
        "{what}: {lines} lines, {bytes} bytes logged"
    );
    assert_eq!(asked(&world), before, "{what}: asked");
    let texts = world.answers();
    assert!(texts.is_empty(), "{what}: {texts:?}");
    let alice = world.person(0);
    world.say(Said::to_us(alice, "/ping"));
    world.run(20_000);
    let answers = world.answers();
    assert_eq!(answers.len(), 1, "{what}: {answers:?}");
    assert!(answers[0].text.contains("pong"), "{what}: {answers:?}");
}

/// A packet of a stranger, each time another one.
fn packet(world: &World, n: u32, portnum: i32, payload: &[u8], request: u32) -> V {
    V::Packet(proto::MeshPacket {
        from: 0x5000_0000 + n,
        to: world.node.own().0,
        id: 0x4000_0000 + n,
        hop_start: 3,
        hop_limit: 2,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum,
            payload: payload.to_vec(),
            request_id: request,
            ..proto::Data::default()
        })),
        ..proto::MeshPacket::default()
    })
}

#[test]
fn completions_that_nobody_waits_for_begin_nothing() {
    flood("config_complete", |_, n| V::ConfigCompleteId(n + 1));
    flood("that of the configuration", |_, _| {
        V::ConfigCompleteId(69_420)
    });
    flood("that of the nodes", |_, _| V::ConfigCompleteId(69_421));
}

#[test]
fn a_node_that_tells_about_itself_without_end_is_listened_to() {
    flood("my_info", |world, n| {
        V::MyInfo(proto::MyNodeInfo {
            my_node_num: world.node.own().0,
            reboot_count: n,
            ..proto::MyNodeInfo::default()
        })
    });
    flood("metadata", |_, n| {
        V::Metadata(proto::DeviceMetadata {
            firmware_version: format!("2.7.{n}").into_bytes(),
            ..proto::DeviceMetadata::default()
        })
    });
    flood("config", |_, _| V::Config(proto::Config::default()));
    flood("module config", |_, _| {
        V::ModuleConfig(proto::ModuleConfig::default())
    });
    flood("notifications", |_, n| {
        V::ClientNotification(proto::ClientNotification {
            reply_id: Some(n),
            message: format!("number {n}").into_bytes(),
            ..proto::ClientNotification::default()
        })
    });
    flood("files", |_, _| V::FileInfo(proto::FileInfo::default()));
}

#[test]
fn nodes_told_outside_of_a_list_fill_nothing() {
    flood("nodes", |_, n| {
        V::NodeInfo(proto::NodeInfo {
            num: 0x6000_0000 + n,
            ..proto::NodeInfo::default()
        })
    });
}

#[test]
fn channels_that_change_all_the_time_ask_for_nothing() {
    flood("channels", |_, n| {
        V::Channel(proto::Channel {
            index: i32::try_from(1 + n % 7).unwrap(),
            role: i32::try_from(n % 3).unwrap(),
            ..proto::Channel::default()
        })
    });
}

#[test]
fn odd_queue_states_neither_hold_up_nor_let_loose() {
    for free in [0, 1, 16, u32::MAX] {
        flood(&format!("{free} places"), |_, n| {
            V::QueueStatus(proto::QueueStatus {
                res: i32::try_from(n % 40).unwrap(),
                free,
                maxlen: free,
                mesh_packet_id: n,
            })
        });
    }
}

#[test]
fn answers_to_what_was_never_asked_are_nothing() {
    // Routing errors of each kind.
    flood("routing errors", |world, n| {
        packet(world, n, 5, &[0x18, (n % 40) as u8], 0x1234_0000 + n)
    });
    flood("acknowledgements", |world, n| {
        packet(world, n, 5, &[0x18, 0], 0x1234_0000 + n)
    });
    flood("routes", |world, n| {
        packet(world, n, 70, &[], 0x1234_0000 + n)
    });
}

#[test]
fn nobody_is_answered_who_asks_nothing() {
    for (what, port, payload) in [
        (
            "positions",
            3,
            &b"\x0d\x00\x00\x20\x1d\x15\x00\x00\x20\x01"[..],
        ),
        ("waypoints", 8, b"\x08\x01\x32\x05place"),
        ("readings", 67, b"\x0d\x01\x00\x00\x00\x12\x02\x08\x32"),
        ("files", 65, b"\x08\x01"),
        ("orders to the node", 6, b"\x08\x01"),
        ("unknown ports", 511, b"anything"),
    ] {
        flood(what, |world, n| packet(world, n, port, payload, 0));
    }
}

#[test]
fn one_who_has_another_key_each_time_is_told_nothing() {
    flood("keys", |_, n| {
        let user = proto::User {
            id: b"!50000000".to_vec(),
            long_name: format!("name {n}").into_bytes(),
            short_name: b"nm".to_vec(),
            public_key: vec![u8::try_from(n % 250 + 1).unwrap(); 32],
            ..proto::User::default()
        };
        let payload = prost::Message::encode_to_vec(&user);
        V::Packet(proto::MeshPacket {
            from: 0x5000_0000,
            to: u32::MAX,
            id: 0x4100_0000 + n,
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: 4,
                payload,
                ..proto::Data::default()
            })),
            ..proto::MeshPacket::default()
        })
    });
}

/// A node that says everything that makes a line of the log, all day long, drops the
/// link whenever it can, and has senders who ask all the time.
#[test]
fn the_worst_day_has_less_than_200_kb_of_log() {
    let mut world = World::configured("[log]\nconversations = false\n");
    world.settle();
    let end = world.now.mono + std::time::Duration::from_secs(86_400);
    logs::begin_metering(world.now.mono);
    let mut rng = fastrand::Rng::with_seed(13);
    let mut said = 0;
    while world.now.mono < end {
        for _ in 0..rng.u32(1..20) {
            said += 1;
            let frame = worst(&world, &mut rng, said);
            let bytes = framed(frame);
            world.inject(&bytes);
        }
        match rng.u8(..8) {
            0 => world.fault(meshbot::sim::Fault::Drop),
            1 => world.fault(meshbot::sim::Fault::Garbage(40)),
            2..5 => {
                let who = world.person(rng.usize(..15));
                world.say(Said::on_channel(who, 0, "/ping"));
                world.say(Said::to_us(who, "/nodes"));
            }
            _ => {}
        }
        world.run(rng.u64(1_000..20_000));
        logs::metered(world.now.mono);
        world.answers();
    }
    let (lines, bytes) = logs::metered(world.now.mono);
    println!("the worst day: {said} frames, {lines} lines, {bytes} bytes");
    assert!(bytes < 200_000, "{lines} lines, {bytes} bytes");
    assert!(lines > 100, "{lines}: was it a bad day?");
}

/// A frame that the bot has something to say about.
fn worst(world: &World, rng: &mut fastrand::Rng, n: u32) -> V {
    let words: Vec<u8> = (0..rng.usize(..80))
        .map(|_| rng.alphabetic() as u8)
        .collect();
    match rng.u8(..7) {
        0 => V::Rebooted(true),
        1 => V::ClientNotification(proto::ClientNotification {
            level: rng.i32(..50),
            message: words,
            ..proto::ClientNotification::default()
        }),
        2 => V::LockdownStatus(proto::LockdownStatus {
            state: rng.i32(..6),
        }),
        3 => V::ConfigCompleteId(n),
        4 => packet(world, n, 5, &[0x18, rng.u8(..40)], rng.u32(..)),
        5 => {
            let user = proto::User {
                long_name: words,
                public_key: vec![rng.u8(..); 32],
                ..proto::User::default()
            };
            packet(world, n % 5, 4, &prost::Message::encode_to_vec(&user), 0)
        }
        _ => V::MyInfo(proto::MyNodeInfo {
            my_node_num: rng.u32(1..),
            ..proto::MyNodeInfo::default()
        }),
    }
}

/// Ever new senders who say nothing at all to the bot are told nothing.
#[test]
fn texts_without_a_word_are_no_questions() {
    let text = i32::from(proto::PortNum::TextMessageApp);
    flood("empty", |world, n| packet(world, n, text, b"", 0));
    flood("blank", |world, n| packet(world, n, text, b" \n\t", 0));
}

/// Nothing is written for a node that does not read, however much is asked: what waits
/// is bounded, and the link is given up.
#[test]
fn a_node_that_never_reads_makes_nothing_grow() {
    let mut world = World::ready();
    world.room = 0;
    for n in 0..2_000 {
        let who = meshbot::mesh::NodeNum(0x5000_0000 + n);
        world.say(Said::to_us(who, "/ping"));
        world.run(10);
        let output = world.core.output().len();
        assert!(output < 1_024, "{output} bytes wait for the socket");
    }
    let mut held = world.core.session().held();
    held.extend(world.bot.held());
    for it in held {
        assert!(it.now <= it.most, "{it:?}");
    }
    assert!(world.answers().is_empty());
    world.run(20_000);
    assert!(
        !world.core.session().is_ready(),
        "nothing was taken for 30 s"
    );
}
