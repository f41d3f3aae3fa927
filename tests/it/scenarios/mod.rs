//! Scenarios as people write them (features.md M2): each file in
//! `tests/scenarios` is a story about a node, the people around it and what
//! must come of it, told in lines of words, and played under a virtual clock.

mod acts;
mod expect;
mod parse;
mod play;
mod table;
mod words;

use std::path::{Path, PathBuf};

use parse::Scenario;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios")
}

/// The files, in the order of their names.
fn files() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|it| it == "txt"));
    files.sort();
    files
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Result<Scenario, String> {
    let text = std::fs::read_to_string(path).unwrap();
    Scenario::parse(&name(path), &text)
}

#[test]
fn every_scenario_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    for path in files() {
        let end = read(&path).and_then(|scenario| play::play(&scenario));
        wrong.extend(end.err());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Plays a scenario that is not in a file.
fn told(text: &str) -> Result<(), String> {
    Scenario::parse("told", text).and_then(|scenario| play::play(&scenario))
}

#[test]
fn a_wrong_expectation_fails_with_its_line() {
    let right = "proves C1\nat 0:10 alice says on 0 \"/ping\"\nexpect 1 answer to alice\n";
    assert_eq!(told(right), Ok(()));
    for (wrong, why) in [
        ("expect no answer", "told:3: 1 answers"),
        ("expect 2 answers to alice", "told:3: 1 answers"),
        ("expect 1 answer to bob", "told:3: 0 answers"),
        ("expect 1 answer containing \"Pang\"", "told:3: 0 answers"),
        ("expect connections 2", "told:3: 1 connections"),
        ("expect connections >= 2", "told:3: 1 connections"),
        ("expect 1 log \"no such line\"", "told:3: 0 lines"),
        ("expect not linked", "told:3: the link is up"),
        ("expect gap >= 2.3s", "told:3: no two texts"),
    ] {
        let text = right.replace("expect 1 answer to alice", wrong);
        let said = told(&text).unwrap_err();
        assert!(said.starts_with(why), "{wrong}: {said}");
    }
}

#[test]
fn a_rule_that_is_broken_fails_whatever_is_expected() {
    // The witness reads along: a question that must not be answered is.
    let text = "proves C1\nat 0:10 alice says on 0 \"/ping\" id 5\nat 0:10 forbid id 5\n";
    let said = told(text).unwrap_err();
    assert!(said.contains("an answer to 00000005"), "{said}");
}

#[test]
fn what_is_not_understood_is_said_with_its_place_and_what_is_known() {
    for (line, why) in [
        ("sing", "told:2: sing? known: at,"),
        ("at noon alice says", "told:2: noon is no time"),
        ("at 0:01 alice sings", "told:2: sings? known: says"),
        ("at 0:01 node dances", "told:2: dances? known: "),
        (
            "at 0:01 zoe says on 0 \"x\"",
            "told:2: zoe? known: alice, bob",
        ),
        (
            "at 0:01 alice says on 0 \"x",
            "told:2: a quote that does not end",
        ),
        (
            "at 0:01 alice says on 0 \"x\" loudly",
            "told:2: loudly? known: ",
        ),
        ("expect 1 miracle", "told:2: miracle? known: answer,"),
        ("expect connections many", "told:2: many is no number"),
        ("node version 3", "told:2: 3? known: 2.7, 2.8"),
        ("config [bot] spacing = 5", "told:2: the configuration"),
    ] {
        let said = told(&format!("proves C1\n{line}\n")).unwrap_err();
        assert!(said.starts_with(why), "{line}: {said}");
    }
    let late = "proves C1\nat 0:05 node drops\nat 0:04 node drops\n";
    let said = told(late).unwrap_err();
    assert!(
        said.starts_with("told:3: earlier than the line before"),
        "{said}"
    );
    let said = told("at 0:05 node drops\n").unwrap_err();
    assert!(said.starts_with("told: proves nothing"), "{said}");
}
