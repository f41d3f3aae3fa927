use proptest::prelude::*;

use super::*;
use crate::bot::all;
use crate::bot::parse::{Names, Parsed, parse};
use crate::lang::Text;
use crate::mesh::NodeNum;
use crate::mesh::name::fold;

const NAMES: Names<'_> = Names {
    short: "BOT",
    long: "Weather Bot",
    id: NodeNum(0xa1b2_c3d4),
};

fn meant(text: &str) -> Option<Meaning> {
    match parse(text, "/", true, NAMES) {
        Parsed::Asked(asked) => Some(understand(&asked, &all::registry(), Lang::En, &|_| true)),
        Parsed::Chat | Parsed::Pick(_) => None,
    }
}

/// Command and arguments.
fn command(text: &str) -> Option<(&'static str, String)> {
    match meant(text)? {
        Meaning::Command { command, args, .. } => Some((command.name, args)),
        _ => None,
    }
}

/// A phrase that another hides, or that its own words hide, helps nobody.
#[test]
fn every_phrase_of_every_language_means_its_command() {
    let registry = all::registry();
    let mut wrong = Vec::new();
    for command in registry.iter() {
        for phrase in command
            .phrases
            .into_iter()
            .flat_map(Text::in_every_language)
        {
            let (words, _) = phrase.split_once(" =").unwrap_or((phrase, ""));
            let typed = words.replace('…', "Utopia");
            let came = self::command(&typed);
            if came.as_ref().map(|(name, _)| *name) != Some(command.name) {
                wrong.push(format!("{}: {typed} => {came:?}", command.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What stands in the files is compared with words that are folded and apart.
#[test]
fn the_words_of_the_files_are_written_as_they_are_compared() {
    let lists = [
        Text::WordsThatSayNothing,
        Text::WordsOfCourtesy,
        Text::WordsOfGreeting,
        Text::WordsOfAddress,
        Text::WordsAtTheEnd,
        Text::WordsBeforePlaces,
        Text::WordsOfNames,
        Text::WordsOfTalk,
        Text::WordsForAsker,
        Text::WordsForBot,
        Text::WordsOfDistress,
    ];
    let registry = all::registry();
    let phrases = registry.iter().filter_map(|command| command.phrases);
    for list in lists.into_iter().chain(phrases) {
        for entry in list.in_every_language() {
            let entry = entry.split(" =").next().unwrap_or_default();
            assert_eq!(fold(entry), entry.replace('…', "."), "{entry}");
            assert!(!entry.contains(['\'', '-']), "{entry}");
        }
    }
    for form in Text::ShortForms.in_every_language() {
        let (short, long) = form.split_once(" = ").unwrap();
        assert_eq!((fold(short), fold(long)), (short.into(), long.into()));
        assert!(!long.contains(['\'', '-']), "{form}");
    }
}

#[test]
fn arguments_stay_as_they_were_typed() {
    for (text, name, args) in [
        (
            "what's the weather in Aix-en-Provence?",
            "weather",
            "Aix-en-Provence",
        ),
        ("météo d'Orléans", "weather", "d'Orléans"),
        (
            "quel temps fait-il à L'Haÿ-les-Roses",
            "weather",
            "L'Haÿ-les-Roses",
        ),
        ("/weather 48°51'N 2°21'E", "weather", "48°51'N 2°21'E"),
        ("/weather 48.85,-2.35", "weather", "48.85,-2.35"),
        ("/rain -5", "rain", "-5"),
        ("where's O'Brien?", "info", "O'Brien"),
        ("where is “Ridge Relay”?", "info", "Ridge Relay"),
        ("/info !a1b2c3d4", "info", "!a1b2c3d4"),
        (
            "weather in Paris, France please!",
            "weather",
            "Paris, France",
        ),
        ("/echo say 'hi'", "echo", "say 'hi'"),
        (
            "is it raining in Saint-Étienne now",
            "rain",
            "Saint-Étienne",
        ),
        (
            "Wie weit ist Bad Homburg entfernt?",
            "howfar",
            "Bad Homburg",
        ),
        ("/info you", "info", "you"),
        ("/info bot", "info", "bot"),
    ] {
        assert_eq!(command(text), Some((name, args.to_owned())), "{text}");
    }
}

/// The guard against other bots counts bare words: who names the bot or uses the
/// mark means it.
#[test]
fn a_word_is_bare_without_mark_and_name() {
    let is_bare = |text| match meant(text) {
        Some(Meaning::Command { is_bare, .. }) => is_bare,
        other => panic!("{text}: {other:?}"),
    };
    for bare in ["ping", "Ping!", "“ping”", "*ping*"] {
        assert!(is_bare(bare), "{bare}");
    }
    for not in [
        "/ping",
        "‘/ping’",
        "\"/ping\"",
        "@BOT ping",
        "ping @BOT",
        "ping 3",
        "radio check",
    ] {
        assert!(!is_bare(not), "{not}");
    }
}

/// T13: wherever it stands, but in what is asked for by name.
#[test]
fn a_call_for_help_is_no_mistake_in_typing() {
    for call in Text::WordsOfDistress.in_every_language() {
        assert!(matches!(meant(call), Some(Meaning::Distress)), "{call}");
    }
    for call in [
        "au secours",
        "help, SOS!",
        "there is an emergency here",
        "/sos",
        "Hilfe! Notfall",
    ] {
        assert!(matches!(meant(call), Some(Meaning::Distress)), "{call}");
    }
    assert_eq!(command("/weather sos"), Some(("weather", "sos".to_owned())));
    assert_eq!(
        command("/echo SOS test"),
        Some(("echo", "SOS test".to_owned()))
    );
    assert_eq!(command("help"), Some(("help", String::new())));
}

/// `who made you` was answered with `? Perhaps /who made`.
#[test]
fn no_command_is_proposed_for_a_sentence() {
    for talk in [
        "the pint was good",
        "pint is what I want",
        "wir gehen nach Hause",
        "mon chat dort",
        "poing is a word",
    ] {
        let Some(Meaning::Unknown { perhaps, .. }) = meant(talk) else {
            panic!("{talk}");
        };
        assert_eq!(perhaps, None, "{talk}");
    }
    // Behind the mark a command was meant.
    let Some(Meaning::Unknown { perhaps, .. }) = meant("/pimg is what I want") else {
        panic!("understood");
    };
    assert_eq!(perhaps.as_deref(), Some("ping is what I want"));
}

proptest! {
    /// Nothing that people type stops the bot, and no argument holds what they did
    /// not say.
    #[test]
    fn anything_means_something(text in "\\PC{0,80}") {
        let (Some(Meaning::Command { args, .. }), Parsed::Asked(asked)) =
            (meant(&text), parse(&text, "/", true, NAMES))
        else {
            return Ok(());
        };
        let said = |part: &str| asked.text.contains(part) || asked.typed.contains(part);
        let meant = all::registry();
        let meant = meant.iter().filter_map(|it| it.phrases).flat_map(Text::in_every_language);
        let mut meant = meant.filter_map(|phrase| phrase.split_once("= "));
        prop_assert!(
            args.split(' ').all(said) || meant.any(|(_, meant)| meant == args),
            "{args}"
        );
    }

    /// Whatever stands between the words of the grammar.
    #[test]
    fn words_of_the_grammar_in_any_order_mean_something(
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        signs in "[-'?!., ]{1,3}",
    ) {
        let words: Vec<&str> = [Text::WordsThatSayNothing, Text::WordsAtTheEnd, Text::AskingRain,
            Text::AskingInfo, Text::WordsOfCourtesy, Text::ShortForms, Text::WordsForAsker]
            .into_iter()
            .flat_map(Text::in_every_language)
            .collect();
        let text: Vec<&str> = picks.iter().map(|pick| *pick.get(&words)).collect();
        for mark in ["", "/"] {
            let _ = meant(&format!("{mark}{}", text.join(&signs)));
        }
    }
}

/// Each language has words of its own: what is left out is English.
#[test]
fn every_language_greets() {
    for lang in Lang::ALL {
        let greeting = Text::WordsOfGreeting.list(lang)[0];
        assert!(
            matches!(meant(greeting), Some(Meaning::Greeting)),
            "{greeting}"
        );
    }
}
