//! The table in `tests/scenarios/README.md` says what each file proves, and
//! every file is in it.

use std::collections::BTreeMap;

use super::{files, folder, name, read};

/// File by file, the rows that the table says it proves.
fn table() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let rows = text.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|').map(str::trim);
        let file = cells.next()?.strip_suffix('`')?.to_owned();
        if !file.ends_with(".txt") {
            return None;
        }
        let proves = cells.next()?.split_whitespace().map(str::to_owned);
        Some((file, proves.collect()))
    });
    rows.collect()
}

#[test]
fn the_table_says_what_the_files_say() {
    let said: BTreeMap<String, Vec<String>> = files()
        .iter()
        .map(|path| (name(path), read(path).unwrap().proves))
        .collect();
    assert!(said.len() >= 15, "{said:?}");
    assert_eq!(table(), said);
}
