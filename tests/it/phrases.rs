//! The table of what people type and what it means (`tests/phrases.txt`), in three
//! languages.

use meshbot::bot::all;
use meshbot::bot::parse::{Names, Parsed, parse};
use meshbot::bot::understand::{Meaning, understand};
use meshbot::lang::Lang;
use meshbot::mesh::NodeNum;

use crate::support::sources::root;

const NAMES: Names<'_> = Names {
    short: "BOT",
    long: "Weather Bot",
    id: NodeNum(0xa1b2_c3d4),
};

/// A phrase and its meaning.
struct Line {
    number: usize,
    /// Of the headline above it.
    lang: Lang,
    phrase: String,
    meaning: String,
}

fn table() -> Vec<Line> {
    let text = std::fs::read_to_string(root().join("tests/phrases.txt")).unwrap();
    let mut lang = Lang::En;
    let mut table = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(title) = line.strip_prefix("# ") {
            let named = Lang::ALL
                .into_iter()
                .find(|lang| title.starts_with(lang.name()));
            lang = named.unwrap_or(lang);
        } else if let Some((phrase, meaning)) = line.split_once(" => ") {
            table.push(Line {
                number,
                lang,
                phrase: phrase.to_owned(),
                meaning: meaning.to_owned(),
            });
        }
    }
    table
}

/// What comes of a direct message to a bot that speaks `lang`.
fn meant(text: &str, lang: Lang) -> String {
    let registry = all::registry();
    let Parsed::Asked(asked) = parse(text, "/", true, NAMES) else {
        return "talk".to_owned();
    };
    match understand(&asked, &registry, lang, &|command| !command.operator_only) {
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
        .filter_map(|line| {
            let came = meant(&line.phrase, line.lang);
            let (number, phrase, meaning) = (line.number, &line.phrase, &line.meaning);
            (came != *meaning).then(|| format!("{number}: {phrase} => {came}, not {meaning}"))
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
    for Line { number, phrase, .. } in table() {
        if !phrase.starts_with(['/', '／', '@']) {
            let parsed = parse(&phrase, "/", false, NAMES);
            assert_eq!(parsed, Parsed::Chat, "{number}: {phrase}");
        }
    }
}
