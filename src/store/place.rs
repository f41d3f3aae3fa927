//! Where the files of the bot are to lie, looked at before anything is written
//! there: what is wrong with the place, and the way out.
//!
//! Nothing is refused here: a bot without a history is better than none.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use super::history::{OpenError, claim};
use crate::config;

/// Why nothing can lie where the configuration wants it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// The path of the history is that of a folder; the other files are not
    /// concerned.
    Folder(PathBuf),
    /// It begins with `~`, which shells replace by somebody's home.
    Home,
    /// The folder in which it would lie is not there.
    Missing(PathBuf),
    /// What should be that folder is a file.
    InFile(PathBuf),
    /// Something lies there that is no history of ours.
    Foreign,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(
                f,
                "it is a folder: write the name of a file in it, such as {}",
                path.join("meshbot.db").display()
            ),
            Self::Home => f.write_str(
                "~ does not stand for a home here: write the whole path, such as \
                 /home/pi/meshbot.db",
            ),
            Self::Missing(folder) => write!(
                f,
                "the folder {0} does not exist: make it, with mkdir -p {0}, or write another path",
                folder.display()
            ),
            Self::Foreign => OpenError::Foreign.fmt(f),
            Self::InFile(folder) => write!(
                f,
                "{} is a file, not a folder: write another path",
                folder.display()
            ),
        }
    }
}

/// What is wrong with the place of the history and of the files beside it.
/// Permissions are looked at elsewhere.
#[must_use]
pub fn look(store: &config::Store) -> Option<Trouble> {
    look_at(&store.path, &store.file())
}

/// `given` is as the configuration has it, `file` where that is.
fn look_at(given: &Path, file: &Path) -> Option<Trouble> {
    if file.is_dir() {
        return Some(Trouble::Folder(file.to_owned()));
    }
    if claim::is_ours(file).is_ok_and(|ours| !ours) {
        return Some(Trouble::Foreign);
    }
    // A name without a folder lies in the working directory.
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty())?;
    let in_file = match folder.metadata() {
        Ok(about) if about.is_dir() => return None,
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::NotADirectory => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(_) => return None,
    };
    let is_home = |first: Component<'_>| {
        let name = first.as_os_str().as_encoded_bytes();
        name.starts_with(b"~")
    };
    let troubled = folder.to_owned();
    Some(match given.components().next() {
        Some(first) if is_home(first) => Trouble::Home,
        _ if in_file => Trouble::InFile(troubled),
        _ => Trouble::Missing(troubled),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn every_trouble_names_its_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path();
        fs::write(base.join("file"), "").unwrap();
        let said = |given: &str| {
            let trouble = look_at(Path::new(given), &base.join(given));
            let shown = base.display().to_string();
            trouble.map(|it| it.to_string().replace(&shown, "BASE"))
        };
        for (given, sentence) in [
            (
                ".",
                "it is a folder: write the name of a file in it, such as BASE/./meshbot.db",
            ),
            (
                "~/meshbot.db",
                "~ does not stand for a home here: write the whole path, such as \
                 /home/pi/meshbot.db",
            ),
            (
                "~pi/bot/meshbot.db",
                "~ does not stand for a home here: write the whole path, such as \
                 /home/pi/meshbot.db",
            ),
            (
                "a/b/meshbot.db",
                "the folder BASE/a/b does not exist: make it, with mkdir -p BASE/a/b, or write \
                 another path",
            ),
            (
                "file/meshbot.db",
                "BASE/file is a file, not a folder: write another path",
            ),
            (
                "file/b/meshbot.db",
                "BASE/file/b is a file, not a folder: write another path",
            ),
        ] {
            assert_eq!(said(given).as_deref(), Some(sentence), "{given}");
        }
    }

    #[test]
    fn what_is_no_history_of_ours_is_told_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        let said = |name: &str| look_at(Path::new(name), &folder.path().join(name));
        fs::write(folder.path().join("noise.db"), "root:x:0:0:root").unwrap();
        let other = rusqlite::Connection::open(folder.path().join("other.db")).unwrap();
        other
            .execute_batch("PRAGMA application_id = 7; CREATE TABLE t (a)")
            .unwrap();
        let pipe = folder.path().join("pipe.db");
        let (mode, kind) = (rustix::fs::Mode::RUSR, rustix::fs::FileType::Fifo);
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        for name in ["noise.db", "other.db", "pipe.db"] {
            assert_eq!(said(name), Some(Trouble::Foreign), "{name}");
        }
        assert_eq!(said("nothing.db"), None);
    }

    #[test]
    fn what_works_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("~/a")).unwrap();
        fs::write(folder.path().join("there.db"), "").unwrap();
        let ours = folder.path().join("~x.db");
        drop(crate::store::history::open(&ours, crate::store::history::Limits::default()).unwrap());
        for given in ["meshbot.db", "there.db", "~", "~x.db", "~/a/meshbot.db"] {
            let file = folder.path().join(given);
            let trouble = look_at(Path::new(given), &file);
            // A folder that is really called ~ is one all the same.
            let expected = (given == "~").then(|| Trouble::Folder(file.clone()));
            assert_eq!(trouble, expected, "{given}");
        }
        assert_eq!(look_at(Path::new("meshbot.db"), Path::new("x.db")), None);
    }
}
