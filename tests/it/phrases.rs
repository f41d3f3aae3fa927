//! The table of what people type and what it means (`tests/phrases.txt`), in three
//! languages.

use meshbot::bot::all;
use meshbot::bot::parse::{Names, Parsed, parse};
use meshbot::bot::understand::{Meaning, understand};
use meshbot::mesh::NodeNum;

use crate::support::sources::root;

const NAMES: Names<'_> = Names {
    short: "BOT",
    long: "Weather Bot",
    id: NodeNum(0xa1b2_c3d4),
};

/// Each phrase and its meaning, with the number of its line.
fn table() -> Vec<(usize, String, String)> {
    let text = std::fs::read_to_string(root().join("tests/phrases.txt")).unwrap();
    let lines = (1..).zip(text.lines());
    let lines = lines.filter(|(_, line)| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|(number, line)| {
            let (phrase, meaning) = line.split_once(" => ").unwrap();
            (number, phrase.to_owned(), meaning.to_owned())
        })
        .collect()
}

/// What comes of a direct message.
fn meant(text: &str) -> String {
    let registry = all::registry();
    let Parsed::Asked(asked) = parse(text, "/", true, NAMES) else {
        return "talk".to_owned();
    };
    match understand(&asked, &registry, &|command| !command.operator_only) {
        Meaning::Command { command, args, .. } => {
            format!("{} {args}", command.name).trim_end().to_owned()
        }
        Meaning::Nothing => "nothing".to_owned(),
        Meaning::Greeting => "greeting".to_owned(),
        Meaning::Courtesy => "courtesy".to_owned(),
        Meaning::Distress => "distress".to_owned(),
        Meaning::Unknown { perhaps, .. } => match perhaps {
            Some(perhaps) => format!("perhaps {perhaps}"),
            None => "unknown".to_owned(),
        },
    }
}

/// T6, W14.
#[test]
fn what_people_type_is_what_they_mean() {
    let table = table();
    assert!(table.len() >= 300, "{}", table.len());
    let wrong: Vec<_> = table
        .iter()
        .filter_map(|(number, phrase, expected)| {
            let came = meant(phrase);
            (came != *expected).then(|| format!("{number}: {phrase} => {came}, not {expected}"))
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// On a channel, without mark and name, all of this is talk among people.
#[test]
fn on_a_channel_none_of_it_is_for_the_bot() {
    for (number, phrase, _) in table() {
        if !phrase.starts_with(['/', '／', '@']) {
            let parsed = parse(&phrase, "/", false, NAMES);
            assert_eq!(parsed, Parsed::Chat, "{number}: {phrase}");
        }
    }
}
