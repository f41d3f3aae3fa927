//! What is asked for, and the answers at their worst. The golden texts stand
//! in `tests/it/history/insight.rs`, over a fixture of many packets.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::bot::commands::testing::{World, ask};
use crate::bot::insight::{Air, Answer, Group, HOUR, Sample};
use crate::bot::reply::Errand;
use crate::mesh::NodeNum;
use crate::text::Lang;

fn left(name: &str, args: &str) -> Option<(u32, By)> {
    match World::town().run_on(&ask(name, args), Lang::En).1? {
        Errand::Past(wish) => Some((wish.hours, wish.by)),
        _ => None,
    }
}

#[test]
fn hours_are_honoured_within_bounds() {
    assert_eq!(left("top", ""), Some((24, By::Sender)));
    assert_eq!(left("top", "168"), Some((168, By::Sender)));
    assert_eq!(left("packets", "1h"), Some((1, By::Kind)));
    assert_eq!(left("hops", " 3 h "), Some((3, By::Hops)));
    for wrong in ["0", "169", "-1", "h", "3 4", "alice", "99999999999"] {
        assert_eq!(left("top", wrong), None, "{wrong}");
        let texts = World::town().run(&ask("top", wrong), Lang::En);
        assert_eq!(texts, ["Usage: /top [hours 1-168]"]);
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
    assert_eq!(left(""), Some((24, By::Sender)));
    assert_eq!(left("g 3"), Some((3, By::Sender)));
    assert_eq!(left("p"), Some((24, By::Kind)));
    assert_eq!(left("hop 2"), Some((2, By::Hops)));
    assert_eq!(left("h pos 6"), Some((6, By::Hour(Some(Kind::Position)))));
    assert_eq!(left("ch"), Some((24, By::Sender)));
    assert_eq!(left("ch 3"), None);
    assert_eq!(left("alice"), None);
}

/// Everything as long as it can get.
fn worst(by: By, packets: u64) -> Answer {
    let group = |at: u8| match by {
        By::Sender => Group::Sender(NodeNum(0x7000_0000 + u32::from(at))),
        By::Kind => Group::Kind(Kind::ALL[usize::from(at) % Kind::ALL.len()].0),
        By::Hour(_) => Group::Hour(u64::from(at)),
        By::Hops => Group::Hops(at.checked_sub(1)),
    };
    Answer {
        total: packets,
        groups: usize::MAX,
        most: (0..169).map(|at| (group(at), packets / 169)).collect(),
        texts: packets,
        direct: usize::MAX,
        air: Air {
            last: Some(Sample { at: 0, busy: 100.0 }),
            peak: Some(Sample { at: 0, busy: 100.0 }),
            hours: (0..169).map(|hour| (hour, (100.0, 1))).collect(),
        },
    }
}

fn all_texts(world: &World, hours: u32, until: u64, limit: usize, packets: u64) -> Vec<String> {
    let mut texts = Vec::new();
    for args in ["", "text"] {
        for (name, by) in [
            ("top", By::Sender),
            ("stats", By::Sender),
            ("packets", By::Kind),
            ("hop", By::Hops),
        ] {
            texts.push((wish("", by, render_of(name)).unwrap(), by));
        }
        let bars = histo_wish(args).unwrap();
        texts.push((bars, bars.by));
        let channel = channel_wish("").unwrap();
        texts.push((channel, channel.by));
    }
    let written = texts.into_iter().flat_map(|(wish, by)| {
        [Lang::En, Lang::Fr].map(|lang| {
            (wish.render)(&View {
                lang,
                part_limit: limit,
                book: &world.book,
                zone: &TimeZone::UTC,
                wish: Wish { hours, ..wish },
                until,
                answer: &worst(by, packets),
            })
        })
    });
    written.collect()
}

fn render_of(name: &str) -> fn(&View<'_>) -> String {
    match name {
        "top" => lists::top,
        "stats" => lists::stats,
        "packets" => lists::packets,
        _ => lists::hop,
    }
}

#[test]
fn the_longest_answer_of_each_fits_and_keeps_what_matters() {
    let mut world = World::town();
    for at in 0..169 {
        world.introduce(NodeNum(0x7000_0000 + at), "Ēmîlïë Ōßérvåtörÿ 👩", "👩");
    }
    for text in all_texts(&world, 48, 48 * HOUR, 200, 9_999_999) {
        assert!(text.len() <= 200, "{text}");
        let matters = ["9999999", "100%"];
        assert!(matters.iter().any(|it| text.contains(it)), "{text}");
        assert!(!text.contains('📊') || text.contains('█'), "{text}");
    }
}

proptest! {
    #[test]
    fn any_arguments_and_any_figures_are_answered(
        args in "\\PC{0,40}|[a-z0-9 -]{0,12}",
        hours in 1_u32..=48,
        until: u64,
        limit in 60_usize..=215,
        packets: u64,
    ) {
        for command in [TOP, PACKETS, HISTO, HOP, STATS, CHANNEL] {
            World::town().run_on(&ask(command.name, &args), Lang::Fr);
        }
        let until = until.min(u64::MAX / 2);
        for text in all_texts(&World::town(), hours, until, limit, packets) {
            prop_assert!(!text.is_empty() && text.len() <= limit, "{text}");
        }
    }
}
