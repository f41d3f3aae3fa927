//! What every language has to keep to, and why the build refuses a file.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};

use super::generate::generate;
use super::*;
use crate::almanac::Phase;
use crate::mesh::Compass;

const LOG: [Text; 10] = [
    Text::LogConnect,
    Text::LogReady,
    Text::LogLost,
    Text::LogReconnect,
    Text::LogTracked,
    Text::LogStart,
    Text::LogSent,
    Text::LogNoLink,
    Text::LogFailed,
    Text::LogOurs,
];

#[test]
fn every_language_is_found_by_its_code() {
    let codes = Lang::ALL.map(Lang::code);
    assert_eq!((codes[0], Lang::ALL[0]), ("en", Lang::default()));
    for code in ["de", "fr"] {
        assert!(codes.contains(&code), "{codes:?}");
    }
    assert_eq!(Lang::De.name(), "Deutsch");
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
}

#[test]
fn german_and_french_lack_nothing() {
    assert_eq!(Lang::De.missing(), []);
    assert_eq!(Lang::Fr.missing(), []);
}

/// seed.md S10.
#[test]
fn the_log_is_french_in_french_and_english_in_all_others() {
    for text in LOG {
        assert_ne!(text.plain(Lang::Fr), text.plain(Lang::En));
        assert_eq!(text.plain(Lang::De), text.plain(Lang::En));
    }
}

#[test]
fn every_sentence_fits_into_a_packet_and_a_line() {
    for &text in Text::ALL {
        for lang in Lang::ALL {
            let said = text.plain(lang);
            let is_whole = said.len() <= 200 && said.trim() == said && !said.contains('\n');
            assert!(is_whole, "{} {text:?}: {said}", lang.code());
        }
    }
}

#[test]
fn the_lists_have_a_word_for_each() {
    for lang in Lang::ALL {
        assert_eq!(Text::Weekdays.list(lang).len(), 7);
        assert_eq!(Text::Compass.list(lang).len(), Compass::ALL.len());
        assert_eq!(Text::Phases.list(lang).len(), Phase::ALL.len());
        assert!(Text::Pong.list(lang).is_empty());
    }
    assert_eq!(Text::Weekdays.list(Lang::De)[2], "Mi");
}

#[test]
fn one_is_not_many() {
    let packets = |lang, n| Text::Packets.count(lang, n);
    assert_eq!(packets(Lang::En, 1), "1 packet");
    assert_eq!(packets(Lang::En, 0), "0 packets");
    assert_eq!(packets(Lang::Fr, 0), "0 paquet");
    assert_eq!(packets(Lang::Fr, 21), "21 paquets");
    assert_eq!(packets(Lang::De, 1), "1 Paket");
    assert_eq!(packets(Lang::De, 0), "0 Pakete");
}

#[test]
fn placeholders_are_filled_once_and_in_any_order() {
    assert_eq!(
        Text::LogReconnect.fill(Lang::Fr, &[("port", &4403), ("n", &2), ("host", &"{n}")]),
        "🔄 Reconnexion TCP #2 à {n}:4403..."
    );
    assert_eq!(
        Text::LogSent.fill(Lang::En, &[]),
        "✅ Broadcast {command} sent"
    );
}

const ENGLISH: &str = r#"[language]
name = "English"
[ping]
Pong = "pong"
Late = "{s} s late"
Days = ["Mo", "Tu"]
Packets = { one = "{n} packet", other = "{n} packets" }
"#;

/// What is made of English and a file of another language.
fn made(code: &str, more: &str) -> Result<String, String> {
    let other = format!("[language]\nname = \"Other\"\n{more}");
    generate(&[
        (code.to_owned(), other),
        ("en".to_owned(), ENGLISH.to_owned()),
    ])
}

fn refused(code: &str, more: &str, expected: Expect) {
    expected.assert_eq(&made(code, more).unwrap_err());
}

/// T14: a language may be partial.
#[test]
fn what_a_language_lacks_is_said_in_english() {
    let source = made("pl", "[ping]\nPong = \"bim\"").unwrap();
    let (_, polish) = source.split_once("static PL").unwrap();
    expect![[r#"
        : [Sentence; 4] = [
            Sentence::Plain("bim"),
            Sentence::Plain("{s} s late"),
            Sentence::List(&["Mo", "Tu"]),
            Sentence::Forms(Rule::One, &[(Category::One, "{n} packet"), (Category::Other, "{n} packets")]),
        ];

    "#]]
    .assert_eq(polish);
    let lacks = "Self::Pl => &[Text::Late, Text::Days, Text::Packets],";
    assert!(source.contains(lacks), "{source}");
    assert!(source.contains("[Self::En, Self::Pl]"), "{source}");
}

#[test]
fn a_language_has_the_plural_forms_of_its_own_rule() {
    let czech =
        "[ping]\nPackets = { one = \"{n} paket\", few = \"{n} pakety\", other = \"{n} paketů\" }";
    let forms = r#"Rule::Czech, &[(Category::One, "{n} paket"), (Category::Few, "{n} pakety"), (Category::Other, "{n} paketů")]"#;
    assert!(made("cs", czech).unwrap().contains(forms));
    // Where they are all the same, one is enough.
    let same = made("cs", "[ping]\nPackets = \"paketů: {n}\"").unwrap();
    assert!(same.contains("Plain(\"paketů: {n}\")"), "{same}");
    // A small language that counts in the same way.
    let like = format!("plurals = \"cs\"\n{czech}");
    assert!(made("hsb", &like).unwrap().contains(forms));
    refused(
        "pl",
        czech,
        expect![[r#"pl.toml:4: [ping] Packets: this language has no plural form "other""#]],
    );
    refused(
        "de",
        "[ping]\nPackets = { other = \"{n} Pakete\" }",
        expect![[r#"de.toml:4: [ping] Packets: the plural form "one" is missing"#]],
    );
    refused(
        "de",
        "[ping]\nPackets = { one = \"ein Paket\", other = \"{n} Pakete\" }",
        expect!["de.toml:4: [ping] Packets: its forms differ in their placeholders"],
    );
    refused(
        "tlh",
        "",
        expect![[
            r#"tlh.toml: [language] plurals: no rule known for "tlh"; write the code of a language that counts in the same way"#
        ]],
    );
}

#[test]
fn a_file_that_says_something_else_than_english_is_refused() {
    refused(
        "de",
        "[ping]\nPing = \"x\"",
        expect!["de.toml:4: [ping] Ping: English has no such sentence"],
    );
    refused(
        "de",
        "[pong]\nPong = \"x\"",
        expect!["de.toml:4: [pong] Pong: belongs into [ping]"],
    );
    refused(
        "de",
        "[ping]\nLate = \"{s} s, {n}\"",
        expect!["de.toml:4: [ping] Late: English has no placeholder {n}"],
    );
    refused(
        "de",
        "[ping]\nLate = \"spät\"",
        expect!["de.toml:4: [ping] Late: the placeholder {s} is missing"],
    );
    refused(
        "de",
        "[ping]\nDays = [\"Mo\"]",
        expect!["de.toml:4: [ping] Days: 1 items, but English has 2"],
    );
    refused(
        "de",
        "[ping]\nDays = \"Mo Di\"",
        expect!["de.toml:4: [ping] Days: is a list in English"],
    );
    refused(
        "de",
        "[ping]\nPackets = [\"{n} Pakete\"]",
        expect!["de.toml:4: [ping] Packets: is counted in English"],
    );
    refused(
        "de",
        "[ping]\nPong = [\"x\"]",
        expect!["de.toml:4: [ping] Pong: has one form in English"],
    );
}

#[test]
fn a_broken_file_is_refused_with_its_place() {
    refused(
        "de",
        "[ping]\nPong = \"x",
        expect![[r#"de.toml:4: invalid basic string, expected `"`"#]],
    );
    refused(
        "de",
        "[ping]\nPong = \"x\"\nPong = \"y\"",
        expect!["de.toml:5: duplicate key"],
    );
    refused(
        "de",
        "[a]\nPong = \"x\"\n[b]\nPong = \"y\"",
        expect!["de.toml:6: [b] Pong: there is one of this name already"],
    );
    refused(
        "de",
        "[ping]\nPong = 3",
        expect!["de.toml:4: [ping] Pong: expected a text, found integer"],
    );
    refused(
        "de",
        "[ping]\nPong = \"\"",
        expect!["de.toml:4: [ping] Pong: is empty; leave it out, and the English one is used"],
    );
    refused(
        "de",
        "[ping]\nLate = \"{s\"",
        expect!["de.toml:4: [ping] Late: a brace that encloses no name of a placeholder"],
    );
    refused(
        "de",
        "[ping]\nLate = \"}{s}\"",
        expect!["de.toml:4: [ping] Late: a brace that encloses no name of a placeholder"],
    );
    refused(
        "de",
        "[ping]\nDays = [\"Mo\", 2]",
        expect!["de.toml:4: [ping] Days: a list holds words only"],
    );
    refused(
        "de",
        "[ping]\npong = \"x\"",
        expect!["de.toml:4: [ping] pong: a key is written LikeThis"],
    );
    refused(
        "de",
        "color = 3",
        expect!["de.toml:3: [language] color: only name and plurals are known here"],
    );
    refused(
        "de_DE",
        "",
        expect!["de_DE.toml: a language file is called by its code of two or three letters"],
    );
    let nobody = generate(&[("de".to_owned(), "[ping]".to_owned())]);
    expect!["de.toml: [language] name: missing"].assert_eq(&nobody.unwrap_err());
    let nothing = generate(&[]);
    expect!["en.toml: missing, and it defines the sentences of all languages"]
        .assert_eq(&nothing.unwrap_err());
}
