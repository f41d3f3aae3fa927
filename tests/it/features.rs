//! The table in `tests/features.md` is true: every test and scenario that it
//! names is there, and every row that is cited is in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::support::sources::{files, root, sources, tests};

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

/// One row: what proves it, and whether something is left for later.
struct Row {
    proofs: Vec<String>,
    is_later: bool,
}

/// Row by row what the table says.
fn table() -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in read("tests/features.md").lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [row, what, proved] = cells[..] else {
            continue;
        };
        if !is_row(row) {
            continue;
        }
        assert!(!what.is_empty(), "{row}");
        let (now, later) = proved.split_once("*later").unwrap_or((proved, ""));
        let mut proofs: Vec<String> = quoted(now);
        // A document is a proof as well, if that is what was wanted.
        proofs.extend(now.contains("](").then(|| now.to_owned()));
        let old = rows.insert(
            row.to_owned(),
            Row {
                proofs,
                is_later: !later.is_empty(),
            },
        );
        assert!(old.is_none(), "{row} stands there twice");
    }
    rows
}

fn quoted(text: &str) -> Vec<String> {
    let words = text.split('`').skip(1).step_by(2);
    words.map(str::to_owned).collect()
}

/// A letter from A to O and a number without a nought before it.
fn is_row(word: &str) -> bool {
    let mut chars = word.chars();
    let letter = chars.next().is_some_and(|it| ('A'..='O').contains(&it));
    let digits = chars.as_str();
    letter
        && (1..=2).contains(&digits.len())
        && digits.bytes().all(|it| it.is_ascii_digit())
        && !digits.starts_with('0')
}

/// The rows that a text names.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let word = |c: char| !c.is_ascii_alphanumeric();
    text.split(word).filter(|word| is_row(word))
}

fn scenarios() -> BTreeMap<String, BTreeSet<String>> {
    let mut paths = Vec::new();
    files(&root().join("tests/scenarios"), "txt", &mut paths);
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let proves = text.lines().find_map(|line| line.strip_prefix("proves "));
        let rows = proves.unwrap_or_default().split_whitespace();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, rows.map(str::to_owned).collect())
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_proof_is_there() {
    let (tests, scenarios) = (tests(), scenarios());
    assert!(tests.len() > 700, "{}", tests.len());
    let table = table();
    assert!(table.len() > 150, "{}", table.len());
    for (row, it) in &table {
        assert!(
            !it.proofs.is_empty() || it.is_later,
            "{row} has no proof and is not left for later"
        );
        for proof in &it.proofs {
            let known = match proof.as_str() {
                scenario if scenario.ends_with(".txt") => scenarios.contains_key(scenario),
                target if target.starts_with("make ") => {
                    let target = target.trim_start_matches("make ");
                    read("Makefile").contains(&format!("\n{target}:"))
                }
                document if document.contains("](") => {
                    let (_, rest) = document.split_once("](").unwrap();
                    let (path, _) = rest.split_once(')').unwrap();
                    root().join("tests").join(path).exists()
                }
                test => tests.contains(test),
            };
            assert!(known, "{row}: {proof} is not there");
        }
    }
}

#[test]
fn the_table_names_each_scenario_with_each_row_that_it_proves() {
    let table = table();
    for (scenario, rows) in scenarios() {
        assert!(!rows.is_empty(), "{scenario} does not say what it proves");
        let named: BTreeSet<String> = (table.iter())
            .filter(|(_, row)| row.proofs.contains(&scenario))
            .map(|(row, _)| row.clone())
            .collect();
        assert_eq!(named, rows, "{scenario}");
    }
}

#[test]
fn every_row_that_is_cited_is_in_the_table() {
    let table = table();
    let mut cited = 0;
    let mut look = |place: &str, text: &str| {
        for row in named(text) {
            assert!(table.contains_key(row), "{place} names {row}: {text}");
            cited += 1;
        }
    };
    for file in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        read(file).lines().for_each(|line| look(file, line));
    }
    // In the sources a row stands in a comment, after what it belongs to or at
    // the beginning; other words look like one as well.
    for (path, source) in sources() {
        for line in source.lines().map(str::trim) {
            let Some(comment) = line.strip_prefix("//") else {
                continue;
            };
            let rows = comment.split_once("features.md ");
            let rows = rows.map(|(_, rows)| rows.split([')', '.', ':']).next().unwrap());
            look(&path.display().to_string(), rows.unwrap_or_default());
        }
    }
    assert!(cited > 60, "{cited}");
}
