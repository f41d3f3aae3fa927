//! What holds for every command.

use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, LinkView};
use crate::bot::host::HostStats;
use crate::bot::testing::{ALICE, World, ask};
use crate::lang::{Lang, Text};
use crate::mesh::name::fold;
use crate::mesh::{ChannelIndex, Hops, NodeNum, Signal};
use expect_test::expect;
use proptest::prelude::*;

fn all() -> Vec<Command> {
    registry().iter().copied().collect()
}

/// 39 bytes, an emoji of several characters included.
const LONG_NAME: &str = "Ēmîlïë👩\u{200d}👩\u{200d}👧Ōßérvåt";
const ARGS: [&str; 12] = [
    "",
    "2",
    "new",
    "lost 9",
    "near",
    "near 1",
    "near emi",
    "near -89.99,-179.99",
    "emi",
    "!70000001",
    "!deadbeef",
    "nodes",
];

/// Everything as long as it can get.
fn worst_world(long: &str, short: &str, nodes: u32) -> World {
    let mut world = World::town();
    for n in 0..nodes {
        let num = NodeNum(0x7000_0000 + n);
        world.introduce(num, long, short);
        for hops in [255, 255, 255, 0, 0, 0, 0, 0] {
            world.hear(num, 10, Hops::Known(hops), -31.7);
        }
    }
    world.now = world
        .now
        .plus(Duration::from_secs(99_999 * 86_400 + 86_399));
    world.hear(
        NodeNum(0x7000_0001),
        world.now.mono.as_secs(),
        Hops::Known(0),
        -31.75,
    );
    world.contact = "Élodie 👩\u{200d}🚒, elodie.observatory@some.very.long.host.example";
    world.link = LinkView {
        losses: u64::MAX,
        opened: u64::MAX,
        up_since: Some(Duration::ZERO),
        ..world.link
    };
    world.host = HostStats {
        uptime: Some(u64::MAX),
        load: Some([9_999.99; 3]),
        memory: Some((u64::MAX, 0)),
        celsius: Some(-39.9),
    };
    world
}

/// The worst questions: public or direct, near or far.
fn questions(command: &Command, args: &str) -> Vec<Ask> {
    let signal = Some(Signal {
        snr: -123_456.7,
        rssi: Some(i32::MIN),
    });
    let mut questions = Vec::new();
    for place in [Place::Direct, Place::Channel(ChannelIndex(7))] {
        for (hops, via_mqtt) in [(Hops::Known(0), false), (Hops::Known(255), true)] {
            questions.push(Ask {
                from: NodeNum(0x7000_0002),
                place,
                hops,
                via_mqtt,
                signal,
                relay: Some(1),
                age: Some(u64::MAX),
                is_operator: true,
                ..ask(command.name, args)
            });
        }
    }
    questions
}

fn check(texts: &[String], limit: usize, question: &Ask) -> Result<(), TestCaseError> {
    // The configuration lets a packet be smaller than some answers; from
    // the default limit on each is one packet (features.md B19).
    let parts = if limit >= 200 { 1 } else { 3 };
    prop_assert!(texts.len() <= parts, "{}: {:?}", question.line, texts);
    for text in texts {
        prop_assert!(text.len() <= limit, "{}: {}", question.line, text);
        prop_assert!(
            !text.starts_with(['/', '!', '@', '»']),
            "{}: {}",
            question.line,
            text
        );
    }
    Ok(())
}

#[test]
fn every_answer_fits_at_its_worst() {
    assert_eq!(LONG_NAME.len(), 39);
    let mut world = worst_world(LONG_NAME, "👩", 250);
    for command in &all() {
        for question in ARGS.iter().flat_map(|args| questions(command, args)) {
            for lang in Lang::ALL {
                for limit in [200, 60] {
                    world.part_limit = limit;
                    let texts = world.run(&question, lang);
                    check(&texts, limit, &question).unwrap();
                    if ["nodes", "info"].contains(&command.name) && !question.args.is_empty() {
                        assert!(texts.len() <= 2, "{}: {texts:?}", question.line);
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_names_and_any_arguments_fit(
        long in "\\PC{0,40}",
        short in "\\PC{0,4}",
        args in "\\PC{0,80}|[a-z!0-9, /]{0,20}",
        command in 0..all().len(),
        limit in 60_usize..=215,
        lang in 0..Lang::ALL.len(),
    ) {
        let mut world = worst_world(&long, &short, 12);
        world.part_limit = limit;
        let lang = Lang::ALL[lang];
        for question in questions(&all()[command], args.trim()) {
            check(&world.run(&question, lang), limit, &question)?;
        }
    }
}

#[test]
fn every_command_explains_itself_in_one_packet() {
    let mut words = BTreeSet::new();
    for command in &all() {
        for lang in Lang::ALL {
            assert!(!command.summary.plain(lang).is_empty());
            let question = Ask {
                is_operator: true,
                ..ask("help", command.name)
            };
            let texts = World::town().run(&question, lang);
            assert_eq!(texts.len(), 1, "{texts:?}");
            let call = format!("/{}", command.shown(lang));
            assert!(
                texts[0].contains(&call) && texts[0].len() <= 200,
                "{texts:?}"
            );
        }
        let own: BTreeSet<String> = command.words().map(fold).collect();
        for word in own {
            assert!(words.insert(word.clone()), "{word} means two commands");
        }
    }
}

/// English is in the README, which a test compares.
#[test]
fn how_to_call_them_is_told_in_french() {
    let all = all();
    let calls = all.iter().filter(|command| command.usage.is_some());
    let calls: Vec<_> = calls.map(|command| command.call(Lang::Fr)).collect();
    expect![[r#"
        ping [fois | stop]
        trace [nœud]
        nœuds [proches [nœud | lat,lon] | nouveaux | perdus] [page]
        stats [heures 1-168 | top | ch | p | h | hop]
        top [heures 1-168]
        paquets [heures 1-168]
        heures [type] [heures 1-48]
        relais [heures 1-168]
        portée [heures 1-168] [liaisons 1-10]
        voisins [nœud]
        messages [heures 1-24]
        météo [lieu] [jour | 1-5] | aide
        pluie [lieu] [jour | 1-3]
        astro [lieu]
        distance <nœud | lieu>
        où [nœud | lieu]
        info <nœud>
        entendus [page]
        clés [nœud]
        écho <texte>
        légende [page | signe]
        aide [commande | groupe]
        muet [minutes]"#]]
    .assert_eq(&calls.join("\n"));
}

#[test]
fn an_answer_in_public_says_no_more_than_a_place_nearby() {
    let mut question = ask("info", &ALICE.to_string());
    question.place = Place::Channel(ChannelIndex(0));
    let texts = World::town().run(&question, Lang::En);
    assert!(texts[0].contains("48.88,2.31 "), "{texts:?}");
}

/// T5: a sentence that tells what to type names commands as its language shows them.
#[test]
fn every_hint_names_commands_as_the_language_shows_them() {
    let registry = registry();
    let mut seen = 0;
    for lang in Lang::ALL {
        for text in Text::ALL {
            for hint in text.plain(lang).split("{prefix}").skip(1) {
                let word = hint.split(|c: char| !c.is_alphanumeric()).next();
                let word = word.unwrap_or_default();
                if word.is_empty() {
                    continue;
                }
                let command = registry.find(&fold(word));
                let shown = command.map(|command| command.shown(lang));
                assert_eq!(shown, Some(word), "{lang:?} {text:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "{seen}");
}
