//! What is asked for, and the answers at their worst. The golden texts stand
//! in `tests/it/history/insight.rs`, over a fixture of many packets.

use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use prost::Message;

use super::*;
use crate::bot::capability::Search;
use crate::bot::testing::{ALICE, OWN, SANITY, World, ask};
use crate::history::insight::{
    Air, Answer, Counts, Failure, Group, HOUR, Hub, Line, Links, Net, Pair, Record, Sample, Stock,
    Talk, Talking, Way,
};
use crate::lang::Lang;
use crate::mesh::{ChannelIndex, Hops, NodeNum, Packet, PacketId, Payload, Standing};
use crate::proto::{self, PortNum};

/// The wish that a question leaves.
fn wished(name: &str, args: &str) -> Option<Wish> {
    let question = Ask {
        is_operator: true,
        ..ask(name, args)
    };
    World::town().with(&question, Lang::En, asked).1
}

fn left(name: &str, args: &str) -> Option<(u32, By)> {
    let wish = wished(name, args)?;
    Some((wish.search.hours, wish.search.look.packets?))
}

#[test]
fn hours_are_honoured_within_bounds() {
    assert_eq!(left("top", ""), Some((24, By::Sender(None))));
    assert_eq!(left("top", "168"), Some((168, By::Sender(None))));
    assert_eq!(left("packets", "1h"), Some((1, By::Kind)));
    assert_eq!(left("hops", " 3 h "), Some((3, By::Hops)));
    for wrong in ["0", "169", "-1", "h", "3 4", "alice", "99999999999"] {
        assert_eq!(left("top", wrong), None, "{wrong}");
        let texts = World::town().run(&ask("top", wrong), Lang::En);
        let told = format!("{wrong} does not fit: /top [hours 1-168], for example /top 48");
        assert_eq!(texts, [told]);
    }
}

#[test]
fn bars_can_be_of_one_kind() {
    let by = |kind| Some(By::Hour(kind));
    let left = |args| left("histo", args);
    assert_eq!(left("").map(|it| it.1), by(None));
    assert_eq!(left("48"), Some((48, By::Hour(None))));
    assert_eq!(left("tout 6"), Some((6, By::Hour(None))));
    assert_eq!(left("Télé 6h"), Some((6, By::Hour(Some(Kind::Telemetry)))));
    assert_eq!(left("pos").map(|it| it.1), by(Some(Kind::Position)));
    assert_eq!(left("49"), None);
    assert_eq!(left("tele pos"), None);
}

#[test]
fn the_words_of_earlier_days_lead_to_the_others() {
    let left = |args| left("stats", args);
    assert_eq!(left(""), Some((24, By::Sender(None))));
    assert_eq!(left("g 3"), Some((3, By::Sender(None))));
    assert_eq!(left("p"), Some((24, By::Kind)));
    assert_eq!(left("hop 2"), Some((2, By::Hops)));
    assert_eq!(left("h pos 6"), Some((6, By::Hour(Some(Kind::Position)))));
    assert_eq!(left("ch"), Some((24, By::Sender(None))));
    assert_eq!(left("ch 3"), None);
    assert_eq!(left("alice"), None);
}

#[test]
fn arguments_of_the_others() {
    let propag = |args| wished("propag", args).map(|wish| (wish.search.hours, wish.most));
    assert_eq!(propag(""), Some((24, 5)));
    assert_eq!(propag("48h 10"), Some((48, 10)));
    for wrong in ["0", "24 0", "24 11", "24 5 1", "far"] {
        assert_eq!(propag(wrong), None, "{wrong}");
    }
    let links = |args| wished("voisins", args).and_then(|wish| wish.search.look.links);
    assert_eq!(links(""), Some(Links::BestConnected));
    assert_eq!(links("alb"), Some(Links::Of(ALICE)));
    assert_eq!(links("alice"), None, "which one?");
    // Others tell of nodes that our node never heard.
    let never_heard = Links::Of(NodeNum(0x00de_ad42));
    assert_eq!(links("!00dead42"), Some(never_heard));
    for wrong in ["!dead42", "!00dead4g", "!ffffffff"] {
        assert_eq!(links(wrong), None, "{wrong}");
    }
    let texts =
        |args| wished("traffic", args).map(|wish| (wish.search.hours, wish.search.look.texts));
    let talking = Talking::SharedWith(ask("", "").from);
    assert_eq!(texts(""), Some((8, Some(talking))));
    assert_eq!(texts("25"), None);
    for command in ["leaderboard", "errors", "db"] {
        assert!(wished(command, "").is_some() && wished(command, "x").is_none());
    }
}

/// Everything as long as it can get.
fn worst(look: Look, figure: u64) -> Answer {
    let node = |at: u8| NodeNum(0x7000_0000 + u32::from(at));
    let group = |at: u8| match look.packets {
        Some(By::Kind) => Group::Kind(Kind::ALL[usize::from(at) % Kind::ALL.len()].0),
        Some(By::Hour(_)) => Group::Hour(u64::from(at)),
        Some(By::Hops) => Group::Hops(at.checked_sub(1)),
        _ => Group::Sender(node(at)),
    };
    let way = Some(Way {
        snr_q: Some(-127),
        at: 0,
        measured: true,
    });
    let pair = |at: u8| Pair {
        a: node(at),
        b: node(at + 1),
        there: way,
        back: way,
        metres: Some(u32::MAX),
    };
    let hub = |at: u8| Hub {
        node: node(at),
        neighbours: usize::MAX,
        some: vec![node(at + 1); 3],
    };
    let line = |at: u8| Line {
        at: figure,
        from: node(at),
        id: PacketId(1),
        channel: ChannelIndex(0),
        text: "👩\u{200d}👩\u{200d}👧".repeat(12).into(),
    };
    let failure = |at: u8| Failure {
        at: Some(0),
        to: node(at),
        reason: "Ē".repeat(99).into(),
    };
    Answer {
        began: None,
        packets: Counts {
            total: figure,
            groups: usize::MAX,
            most: (0..169).map(|at| (group(at), figure / 169)).collect(),
            texts: figure,
            direct: usize::MAX,
        },
        air: Air {
            last: Some(Sample { at: 0, busy: 100.0 }),
            peak: Some(Sample { at: 0, busy: 100.0 }),
            hours: (0..169).map(|hour| (hour, (100.0, 1))).collect(),
        },
        links: Net {
            nodes: usize::MAX,
            links: usize::MAX,
            pairs: (0..24).map(pair).collect(),
            hubs: (0..24).map(hub).collect(),
            record: Some(Record {
                from: node(0),
                to: node(1),
                metres: u32::MAX,
                at: 0,
            }),
        },
        talk: Talk {
            channel: Some(ChannelIndex(0)),
            total: usize::MAX,
            last: (0..24).map(line).collect(),
        },
        failures: (0..50).map(failure).collect(),
        stock: Stock {
            span: Some((0, figure)),
            first_hour: Some(0),
            packets: figure,
            file_bytes: figure / 2,
            ..Stock::default()
        },
    }
}

/// Every command that looks back, and its arguments.
const ALL: [(&str, &str); 15] = [
    ("top", ""),
    ("stats", ""),
    ("packets", ""),
    ("hop", ""),
    ("histo", ""),
    ("histo", "text"),
    ("channel", ""),
    ("propag", ""),
    ("propag", "24 10"),
    ("neighbors", ""),
    ("neighbors", "!1111aaaa"),
    ("leaderboard", ""),
    ("trafic", ""),
    ("errors", ""),
    ("db", ""),
];

fn all_texts(world: &World, hours: u32, until: u64, limit: usize, figure: u64) -> Vec<String> {
    let wishes = ALL.iter().map(|(name, args)| wished(name, args).unwrap());
    let written = wishes.flat_map(|wish| {
        Lang::ALL.map(|lang| {
            (wish.render)(&View {
                lang,
                part_limit: limit,
                book: &world.book,
                zone: &TimeZone::UTC,
                now: world.now,
                wish: Wish {
                    search: Search {
                        hours,
                        ..wish.search
                    },
                    ..wish
                },
                until,
                answer: &worst(wish.search.look, figure),
            })
        })
    });
    written.collect()
}

#[test]
fn the_longest_answer_of_each_fits_and_keeps_what_matters() {
    let mut world = World::town();
    for at in 0..169 {
        world.introduce(NodeNum(0x7000_0000 + at), "Ēmîlïë Ōßérvåtörÿ 👩", "👩");
    }
    for text in all_texts(&world, 48, 48 * HOUR, 200, 9_999_999) {
        assert!(text.len() <= 200, "{text}");
        let matters = ["9999999", "100%", "→", "↔", "👩, 👩", "ĒĒ", "👩\u{200d}👩"];
        assert!(matters.iter().any(|it| text.contains(it)), "{text}");
        assert!(!text.contains('📊') || text.contains('█'), "{text}");
    }
}

#[test]
fn nothing_known_is_said_so() {
    let world = World::town();
    let empty = Answer::default();
    for (name, args) in ALL {
        let wish = wished(name, args).unwrap();
        let text = (wish.render)(&View {
            lang: Lang::En,
            part_limit: 200,
            book: &world.book,
            zone: &TimeZone::UTC,
            now: world.now,
            wish,
            until: world.now.unix,
            answer: &empty,
        });
        let nothing = [
            "nothing",
            "no link",
            "nobody",
            "Nothing",
            "0 packets",
            "not heard",
        ];
        let has_book = name == "leaderboard" && text.contains("🪫 ALB 87%");
        assert!(
            has_book || nothing.iter().any(|it| text.contains(it)),
            "{text}"
        );
    }
}

/// What these ask answers when the history begins so many seconds before.
fn told_after(world: &World, lang: Lang, name: &str, args: &str, secs: u64) -> String {
    const UNTIL: u64 = 1_000 * HOUR + 600;
    let hour = Group::Hour(UNTIL / HOUR);
    let record = Some(Record {
        from: ALICE,
        to: OWN,
        metres: 3_700,
        at: UNTIL - 60,
    });
    let answer = Answer {
        began: Some(UNTIL - secs),
        packets: Counts {
            total: 9,
            groups: 1,
            most: vec![(hour, 9)],
            ..Counts::default()
        },
        links: Net {
            record,
            ..Net::default()
        },
        talk: Talk {
            channel: Some(ChannelIndex(0)),
            ..Talk::default()
        },
        ..Answer::default()
    };
    let wish = wished(name, args).unwrap();
    (wish.render)(&View {
        lang,
        part_limit: 200,
        book: &world.book,
        zone: &TimeZone::UTC,
        now: world.now,
        wish,
        until: UNTIL,
        answer: &answer,
    })
}

/// Nobody is told of a week by a bot that has been there for five hours.
#[test]
fn no_answer_reaches_back_further_than_the_history() {
    let world = World::town();
    let check = |name, args, secs, expected: &str| {
        let told = told_after(&world, Lang::En, name, args, secs);
        assert!(told.contains(expected), "{name} {args}, {secs} s: {told}");
    };
    let five_hours = 5 * HOUR - 60;
    for (secs, expected) in [
        (0, " 1 min · "),
        (61, " 2 min · "),
        (HOUR - 1, " 60 min · "),
        (HOUR, " 1 h · "),
        (five_hours, " 5 h · "),
        (5 * HOUR, " 5 h · "),
        (34 * HOUR, " 35 h · "),
        (167 * HOUR - 3_000, " 167 h · "),
        (168 * HOUR, " 168 h · "),
        (1_000 * HOUR, " 168 h · "),
    ] {
        for name in ["stats", "top", "packets", "hop", "propag"] {
            check(name, "168", secs, expected);
        }
    }
    check("top", "5", five_hours, " 5 h · ");
    check("top", "4", five_hours, " 4 h · ");
    check("trafic", "24", five_hours, "📨 5 h · ");
    check("neighbors", "", five_hours, "👥 5 h · ");
    check("leaderboard", "", five_hours, "🏅 5 h · ");
    check("leaderboard", "", 49 * HOUR, "🏅 3 d · ");
    check("leaderboard", "", 1_000 * HOUR, "🏅 7 d · ");
    check(
        "propag",
        "",
        five_hours,
        "🏆 5 h: ALB→me 3.7 km (1 min ago)",
    );
    check("propag", "", 50 * HOUR, "🏆 3 d: ALB→me");
    check("propag", "", 1_000 * HOUR, "🏆 30 d: ALB→me");
    let french = told_after(&world, Lang::Fr, "leaderboard", "", 49 * HOUR);
    assert!(french.contains("🏅 3 j · "), "{french}");
}

/// No bar stands for an hour of which nobody knows anything.
#[test]
fn bars_begin_with_the_history() {
    let world = World::town();
    // It is ten past four in the afternoon; the history began at 11:59.
    let bars = |name, args| told_after(&world, Lang::En, name, args, 4 * HOUR + 660);
    let expected = "📊 all · 6 h\n11h▁12h▁▁▁▁█\n9 packets · peak 9 at 16h";
    assert_eq!(bars("histo", ""), expected);
    assert_eq!(bars("histo", "48"), expected);
    let channel = bars("channel", "");
    assert!(channel.starts_with("📻 6 h · "), "{channel}");
    let expected = "📊 all · 3 h\n14h▁▁█\n9 packets · peak 9 at 16h";
    assert_eq!(bars("histo", "3"), expected);
}

/// The history keeps what is certain, and the book whether there is more to it.
#[test]
fn a_distance_of_rounded_positions_is_one_at_least() {
    const COARSE: NodeNum = NodeNum(0x5555_0042);
    const UNKNOWN: NodeNum = NodeNum(0x6666_0042);
    let mut world = World::town();
    let place = proto::Position {
        latitude_i: Some(485_000_000),
        longitude_i: Some(23_000_000),
        precision_bits: 13,
        ..proto::Position::default()
    };
    let told = proto::NodeInfo {
        num: COARSE.0,
        position: Some(place),
        ..proto::NodeInfo::default()
    };
    world.book.note_node_list(&[told], world.now, SANITY);
    let way = Some(Way {
        snr_q: Some(8),
        at: 0,
        measured: true,
    });
    let pair = |a, metres| Pair {
        a,
        b: OWN,
        there: way,
        back: None,
        metres: Some(metres),
    };
    let pairs = vec![
        pair(COARSE, 34_990),
        pair(ALICE, 3_700),
        pair(UNKNOWN, 1_200),
    ];
    let record = Some(Record {
        from: COARSE,
        to: OWN,
        metres: 34_990,
        at: world.now.unix,
    });
    let links = Net {
        links: 3,
        pairs,
        record,
        ..Net::default()
    };
    let answer = Answer {
        links,
        ..Answer::default()
    };
    let told = |name, args| {
        let wish = wished(name, args).unwrap();
        (wish.render)(&View {
            lang: Lang::En,
            part_limit: 200,
            book: &world.book,
            zone: &TimeZone::UTC,
            now: world.now,
            wish,
            until: world.now.unix,
            answer: &answer,
        })
    };
    let propag = told("propag", "");
    assert!(
        propag.contains("!55550042→me >34 km 2.0 dB · ALB→me 3.7 km 2.0 dB"),
        "{propag}"
    );
    assert!(
        propag.contains("me 1.2 km 2.0 dB · 🏆 30 d: !55550042→me >34 km ("),
        "{propag}"
    );
    let neighbors = told("neighbors", "!1111aaaa");
    let expected = "→me 2.0 dB >34 km · →me 2.0 dB 3.7 km · →me 2.0 dB 1.2 km";
    assert!(neighbors.ends_with(expected), "{neighbors}");
    assert!(told("leaderboard", "").contains("📡 !55550042→me >34 km"));
}

/// `/leaderboard` when nothing was looked up: what the book alone tells.
fn board(world: &World) -> String {
    let wish = wished("leaderboard", "").unwrap();
    (wish.render)(&View {
        lang: Lang::En,
        part_limit: 200,
        book: &world.book,
        zone: &TimeZone::UTC,
        now: world.now,
        wish,
        until: world.now.unix,
        answer: &Answer::default(),
    })
}

#[test]
fn what_somebody_said_weeks_ago_is_no_record_of_the_week() {
    let mut world = World::town();
    let fresh = board(&world);
    assert!(fresh.contains("🪫 ALB 87%"), "{fresh}");
    // Ten days later she says something, but nothing of her battery.
    let later = 10 * 24 * 3_600;
    world.now = world.now.plus(Duration::from_secs(later));
    world.hear(ALICE, later, Hops::Known(0), 3.0);
    let stale = board(&world);
    assert!(stale.contains("📶 ALB 3.0 dB"), "{stale}");
    assert!(!stale.contains('🪫'), "{stale}");
}

#[test]
fn who_comes_through_mqtt_alone_does_not_compete() {
    let place = proto::Position {
        latitude_i: Some(480_000_000),
        longitude_i: Some(20_000_000),
        altitude: Some(4_808),
        ..proto::Position::default()
    };
    let placed = |via_mqtt| {
        let mut packet = Packet::from_wire(&proto::MeshPacket {
            from: 0x6666_0042,
            to: NodeNum::BROADCAST.0,
            transport_mechanism: 1,
            rx_snr: 1.0,
            hop_start: 3,
            hop_limit: 2,
            ..proto::MeshPacket::default()
        });
        packet.via_mqtt = via_mqtt;
        packet.payload = Payload::Port(PortNum::PositionApp, place.encode_to_vec());
        packet
    };
    let mut world = World::town();
    let mut hear = |via_mqtt| {
        let packet = placed(via_mqtt);
        (world.book).note_packet(&packet, Standing::Live, world.now, SANITY);
        board(&world)
    };
    let far = hear(true);
    assert!(!far.contains("4808 m"), "{far}");
    let near = hear(false);
    assert!(near.contains("4808 m"), "{near}");
    // Who is heard by radio as well is of this mesh.
    assert_eq!(hear(true), near);
}

proptest! {
    #[test]
    fn any_arguments_and_any_figures_are_answered(
        args in "\\PC{0,40}|[a-z0-9 -]{0,12}",
        hours in 1_u32..=48,
        until: u64,
        limit in 60_usize..=215,
        figure: u64,
    ) {
        for (name, _) in ALL {
            wished(name, &args);
        }
        let until = until.min(u64::MAX / 2);
        for text in all_texts(&World::town(), hours, until, limit, figure) {
            prop_assert!(!text.is_empty() && text.len() <= limit, "{text}");
        }
    }
}
