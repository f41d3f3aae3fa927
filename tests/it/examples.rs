//! Whatever the bot proposes to ask, in its help, its hints and its usages, can be
//! asked in the world of `meshbot demo`: its mesh, its places, its weather.

use std::fmt::Display;

use meshbot::bot::all;
use meshbot::demo::{self, air, script};
use meshbot::lang::{Lang, Text};
use meshbot::sim::Said;

use crate::conversation::patient;
use crate::history::place;
use crate::support::weather;
use crate::support::world::{Options, World};

/// What it says when it cannot do what was asked.
const REFUSALS: &[Text] = &[
    Text::Unknown,
    Text::PerhapsThis,
    Text::UsageWrong,
    Text::UsageExample,
    Text::Usage,
    Text::NoSuchNode,
    Text::Several,
    Text::SeveralPlaces,
    Text::NoSuchPlace,
    Text::NoPlace,
    Text::NoWeather,
    Text::NoPosition,
    Text::NoSuchCommand,
    Text::NothingBehind,
    Text::FarUnknown,
    Text::FarNowhere,
    Text::PositionUnknown,
    Text::TraceFailed,
];

/// Whether `answer` is this sentence: all of it that stands between the placeholders.
fn is(answer: &str, text: Text, lang: Lang) -> bool {
    let mut rest = answer;
    let literal = text.plain(lang).split('{').map(|piece| {
        let (_, behind) = piece.split_once('}').unwrap_or(("", piece));
        behind
    });
    literal.into_iter().all(|piece| {
        let found = rest.find(piece).map(|at| &rest[at + piece.len()..]);
        rest = found.unwrap_or_default();
        found.is_some()
    })
}

/// The commands that a sentence proposes: those with their arguments at most.
fn proposed(text: Text, lang: Lang) -> Vec<String> {
    let values: [(&str, &dyn Display); 4] = [
        ("prefix", &"/"),
        ("groups", &""),
        ("name", &""),
        ("word", &""),
    ];
    let said = text.fill(lang, &values);
    let pieces = said.split('/').skip(1);
    let asked = pieces.map(|piece| {
        let piece = piece
            .split([';', '·', '<', '[', '+'])
            .next()
            .unwrap_or_default();
        let piece = piece.split(" or ").next().unwrap_or_default();
        let piece = piece.split(" oder ").next().unwrap_or_default();
        let piece = piece.split(" ou ").next().unwrap_or_default();
        format!("/{}", piece.trim().trim_end_matches([',', '.', ' ']))
    });
    // A sentence that goes on behind the command is no example.
    asked
        .filter(|asked| asked.split(' ').count() <= 3)
        .collect()
}

#[test]
fn every_example_of_the_bot_works_in_the_demonstration() {
    let registry = all::registry();
    let mut wrong = Vec::new();
    for lang in Lang::ALL {
        let web = weather::web();
        let (_folder, path) = place();
        let mut world = World::with(Options {
            sim: demo::mesh(&demo::Options::default()),
            ..patient(lang, &web, &path)
        });
        air::cast(&mut world.node, script::CAST);
        world.settle();
        world.run(120_000);
        let usages = registry.iter().filter(|command| !command.operator_only);
        let usages = usages.filter_map(|command| {
            command.usage?;
            let example = command.example?.plain(lang);
            Some(format!("/{} {example}", command.shown(lang)))
        });
        let hints = [Text::HelpGroups, Text::Unknown, Text::NoPosition];
        let hints = hints.into_iter().flat_map(|text| proposed(text, lang));
        let all: Vec<String> = usages.chain(hints).collect();
        assert!(all.len() > 20, "{all:?}");
        let asker = world.person(0);
        for asked in all {
            world.run(70_000);
            let answers = world.ask(Said::to_us(asker, &asked));
            let refused = answers.iter().any(|answer| {
                let mut refusals = REFUSALS.iter();
                refusals.any(|&text| is(&answer.text, text, lang))
            });
            // Turning pages needs a list before.
            let needs_list = asked.starts_with("/more") || asked.starts_with("/back");
            if (answers.is_empty() || refused) && !needs_list {
                let said: Vec<_> = answers.iter().map(|answer| &answer.text).collect();
                wrong.push(format!("{} {asked}: {said:?}", lang.code()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
