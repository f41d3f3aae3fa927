//! The README says what the program does: its tables are compared with the
//! registry, the template and the source.

use std::collections::BTreeSet;
use std::path::Path;

use meshbot::bot::all;
use meshbot::config::{Config, Mode};
use meshbot::lang::Lang;

const README: &str = include_str!("../../README.md");

/// The lines from the heading `title` to the next one.
fn section(title: &str) -> &'static str {
    let (_, rest) = README
        .split_once(&format!("\n## {title}\n"))
        .unwrap_or_else(|| panic!("no section {title}"));
    rest.split("\n## ").next().unwrap()
}

/// The cells of the rows of the tables below the heading `title`.
fn rows(title: &str) -> Vec<Vec<String>> {
    let rows: Vec<_> = section(title)
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| {
            let line = line.replace("\\|", "\u{0}");
            let cells = line.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().replace('\u{0}', "|"))
                .collect()
        })
        .collect();
    let head = |row: &Vec<String>| row.iter().all(|cell| !cell.is_empty() && cell == "---");
    let at = rows.iter().position(head).expect("a table");
    rows[at + 1..].to_vec()
}

/// What stands between backticks in one line.
fn quoted(line: &str) -> Vec<&str> {
    line.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_table_of_commands_is_the_registry() {
    let registry = all::registry();
    let in_readme: Vec<_> = rows("Commands")
        .into_iter()
        .map(|row| row[..3].to_vec())
        .collect();
    let words = |words: &[String]| {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        words.join(", ")
    };
    let in_registry: Vec<_> = registry
        .iter()
        .map(|command| {
            let call = format!("/{}", command.call(Lang::En));
            let others = [Lang::Fr, Lang::De].map(|lang| format!("/{}", command.shown(lang)));
            let place = match (command.operator_only, command.mode) {
                (false, Mode::Public) => "where asked",
                (false, Mode::Private) => "privately",
                (false, Mode::Direct) => "directly",
                (true, Mode::Direct) => "operator, directly",
                (true, mode) => panic!("{}: {mode:?} has no words yet", command.name),
            };
            vec![format!("`{call}`"), words(&others), place.to_owned()]
        })
        .collect();
    assert_eq!(in_readme, in_registry);
}

/// `language`, `[node] host` and so on, each with what stands behind it.
fn template() -> Vec<(String, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in Config::template().lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if line.starts_with(' ') {
            continue;
        }
        if line.starts_with('[') {
            section = format!("{line} ");
        } else if let Some((key, value)) = line.split_once(" = ") {
            keys.push((format!("{section}{key}"), value.to_owned()));
        }
    }
    keys
}

#[test]
fn every_key_in_the_readme_exists() {
    let keys: BTreeSet<_> = template().into_iter().map(|(key, _)| key).collect();
    let mut found = 0;
    for line in README.lines() {
        for word in quoted(line) {
            let Some((name, rest)) = word
                .strip_prefix('[')
                .and_then(|rest| rest.split_once("] "))
            else {
                continue;
            };
            let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            let key = rest.split([' ', '=']).next().unwrap();
            if !is_name(name) || !is_name(key) {
                continue;
            }
            found += 1;
            let key = format!("[{name}] {key}");
            assert!(keys.contains(&key), "{key} in {line}");
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn the_defaults_are_those_of_the_template() {
    let template = template();
    // What the template shows as an example, and what has no default.
    let special = [
        "[node] host",
        "[bot] channels",
        "[weather] home",
        "[weather] country",
    ];
    for row in rows("Configuration") {
        let key = row[0].trim_matches('`');
        let (_, value) = template
            .iter()
            .find(|(known, _)| known == key)
            .unwrap_or_else(|| panic!("{key} is not in the template"));
        if !special.contains(&key) {
            assert_eq!(row[1], format!("`{value}`"), "{key}");
        }
    }
}

#[test]
fn its_configurations_are_accepted() {
    let mut blocks = 0;
    for block in README.split("```toml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let host = if block.contains("[node]") {
            ""
        } else {
            "\n[node]\nhost = \"x\"\n"
        };
        Config::parse(&format!("{block}{host}"), "README.md").unwrap();
        blocks += 1;
    }
    assert_eq!(blocks, 3);
}

#[test]
fn the_log_says_what_the_readme_says_it_does() {
    let mut source = String::new();
    read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut source,
    );
    for row in rows("When something is wrong") {
        assert_eq!(row.len(), 4, "{row:?}");
        let lines = quoted(&row[1]);
        assert!(!lines.is_empty(), "{row:?}");
        for piece in lines.iter().flat_map(|line| line.split('…')) {
            // A reason follows what failed; the system's own are not ours.
            for piece in piece
                .split(": ")
                .filter(|piece| !piece.contains("os error"))
            {
                let piece = piece.trim();
                assert!(source.contains(piece), "{piece:?} of {row:?}");
            }
        }
    }
}

/// The text of all files below `folder`.
fn read(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, into);
        } else if path
            .extension()
            .is_some_and(|ext| ext == "rs" || ext == "toml")
        {
            into.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn its_links_lead_somewhere() {
    for file in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        for link in text.split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            let exists = link.starts_with("https://") || root.join(link).exists();
            assert!(exists, "{file}: {link}");
        }
    }
}
