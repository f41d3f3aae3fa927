//! What becomes of a broken history: it is moved aside, under a number of its
//! own, and no more than three are kept.
//!
//! - Never the number of one that lies there: the next is larger than all.
//! - Kept are the first, which holds what was gathered until the trouble began,
//!   and the newest two. On a card that dies, those between are fresh files that
//!   broke soon after they were made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use log::{debug, info, warn};

use super::disk::beside;

/// Of the newest, so many are kept besides the first.
const NEWEST: usize = 2;
/// What may belong to a database.
pub(super) const BELONGINGS: [&str; 2] = ["-wal", "-shm"];

/// Puts a broken database out of the way, under the next number, and removes
/// what is too much.
///
/// # Errors
/// When it cannot be moved.
pub fn move_aside(path: &Path, why: &str) -> io::Result<()> {
    let numbers = numbers(path);
    let after = numbers.last().map_or(1, |last| last.saturating_add(1));
    // A folder that cannot be read shows no numbers; the names are there all the same.
    let mut free = (after..).map(|number| numbered(path, number));
    let aside = free.find(|aside| !aside.exists());
    let aside = aside.unwrap_or_else(|| beside(path, ".corrupt"));
    fs::rename(path, &aside)?;
    for ending in BELONGINGS {
        let belongs = beside(path, ending);
        if belongs.exists() {
            fs::rename(&belongs, beside(&aside, ending))?;
        }
    }
    warn!(
        "{}: the history is broken ({why}); moved to {}, a fresh one is started",
        path.display(),
        aside.display()
    );
    remove_surplus(path);
    Ok(())
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    beside(path, &format!(".corrupt-{number}"))
}

/// Numbers that are taken, in order, by databases or by what belonged to one: a
/// log must not come to lie beside another database than its own.
fn numbers(path: &Path) -> Vec<u32> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let start = beside(path, ".corrupt-");
    let start = start.file_name().and_then(|name| name.to_str());
    let number = |name: &str| {
        let rest = name.strip_prefix(start?)?;
        let ending = BELONGINGS.iter().find_map(|it| rest.strip_suffix(it));
        let digits = ending.unwrap_or(rest);
        let number: u32 = digits.parse().ok()?;
        (number.to_string() == digits).then_some(number)
    };
    let mut numbers: Vec<u32> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| number(entry.ok()?.file_name().to_str()?))
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// Removes all but the first and the newest.
fn remove_surplus(path: &Path) {
    let mut kept = numbers(path);
    kept.retain(|number| numbered(path, *number).is_file());
    let end = kept.len().saturating_sub(NEWEST);
    for number in kept.get(1..end).into_iter().flatten() {
        let aside = numbered(path, *number);
        // The database last: what is cut short is done again the next time.
        for ending in BELONGINGS {
            let _ = fs::remove_file(beside(&aside, ending));
        }
        match fs::remove_file(&aside) {
            Ok(()) => info!(
                "{}: removed; of broken histories the first and the newest {NEWEST} are kept",
                aside.display()
            ),
            Err(error) => debug!("{}: not removed: {error}", aside.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_first_and_the_newest_two_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        for nth in 1..=12 {
            for ending in ["", "-wal", "-shm"] {
                fs::write(beside(&path, ending), nth.to_string()).unwrap();
            }
            move_aside(&path, "test").unwrap();
            let kept = names(folder.path());
            assert!(kept.len() <= 9, "{kept:?}");
            // Everything is what it was, and together with its own.
            for number in numbers(&path) {
                for ending in ["", "-wal", "-shm"] {
                    let kept = beside(&numbered(&path, number), ending);
                    assert_eq!(fs::read_to_string(kept).unwrap(), number.to_string());
                }
            }
        }
        assert_eq!(numbers(&path), [1, 11, 12]);
    }

    #[test]
    fn what_only_looks_alike_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.db");
        let others = [
            "m.db.corrupt-",
            "m.db.corrupt-007",
            "m.db.corrupt-2.bak",
            "m.db.corrupt-x",
            "m.db.corrupt-99999999999",
            "n.db.corrupt-3",
            // A log without its database keeps its number.
            "m.db.corrupt-5-wal",
        ];
        for name in others {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("m.db.corrupt-4")).unwrap();
        for _ in 0..6 {
            fs::write(&path, "").unwrap();
            move_aside(&path, "test").unwrap();
        }
        let mut expected: Vec<&str> = others.to_vec();
        expected.extend(["m.db.corrupt-4", "m.db.corrupt-6"]);
        expected.extend(["m.db.corrupt-10", "m.db.corrupt-11"]);
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
    }
}
