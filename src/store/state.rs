//! What the operator has settled, in a small file.

use std::io;
use std::path::{Path, PathBuf};

use log::warn;
use serde::{Deserialize, Serialize};

use super::file;
use crate::mesh::NodeNum;

/// No state file that we wrote is larger, in bytes.
const LARGEST: u64 = 4_096;

/// What the file holds.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// Nothing is said until then: seconds since 1970; `for_ever` for no end.
    pub muted_until: Option<u64>,
    /// Muted until somebody ends it.
    pub muted_for_ever: bool,
    /// The node on which he gives orders, as `!hex`.
    pub node: Option<String>,
}

impl State {
    /// In the bot's terms: `u64::MAX` means for ever.
    #[must_use]
    pub fn mute(&self) -> Option<u64> {
        if self.muted_for_ever {
            Some(u64::MAX)
        } else {
            self.muted_until
        }
    }

    /// The node on which he gives orders, if one was ever settled.
    #[must_use]
    pub fn node(&self) -> Option<NodeNum> {
        NodeNum::parse(self.node.as_deref()?)
    }

    fn with_mute(self, until: Option<u64>) -> Self {
        Self {
            muted_until: until.filter(|&until| until != u64::MAX),
            muted_for_ever: until == Some(u64::MAX),
            ..self
        }
    }
}

/// The file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// The state file that belongs to a database at `database`: it lies beside
    /// it, with the ending `.state`.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        Self {
            path: database.with_extension("state"),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it. A missing file is an empty one; a broken one is said and left
    /// alone until something new is written.
    #[must_use]
    pub fn load(&self) -> State {
        let forget = |error: &dyn std::fmt::Display| {
            warn!(
                "{}: {error}; whether the operator had muted the bot, and on which node, is forgotten",
                self.path.display()
            );
            State::default()
        };
        let text = match file::read(&self.path, LARGEST) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return State::default(),
            Err(error) => return forget(&error),
        };
        toml::from_str(&text).unwrap_or_else(|error| forget(&error.message()))
    }

    /// Whether it can be written when the time comes.
    ///
    /// # Errors
    /// When its folder is missing or closed to this user.
    pub fn check(&self) -> io::Result<()> {
        file::check(&self.path)
    }

    /// Writes it, durably.
    ///
    /// # Errors
    /// When the folder cannot be written to; the old file is intact then.
    pub fn save(&self, state: &State) -> io::Result<()> {
        let text = toml::to_string(state).map_err(io::Error::other)?;
        file::replace(&self.path, &text)
    }

    /// The mute switch was turned.
    pub fn keep_mute(&self, until: Option<u64>) {
        self.keep("the mute switch", &self.load().with_mute(until));
    }

    /// The operator gives orders on this node.
    pub fn keep_node(&self, node: NodeNum) {
        let state = State {
            node: Some(node.to_string()),
            ..self.load()
        };
        self.keep("on which node orders are given", &state);
    }

    fn keep(&self, what: &str, state: &State) {
        if let Err(error) = self.save(state) {
            warn!(
                "{what} will not survive a restart: {}: {error}",
                self.path.display()
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_mute_switch_survives() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::beside(&folder.path().join("meshbot.db"));
        assert_eq!(file.load().mute(), None);
        for until in [Some(1_234), Some(u64::MAX), None] {
            file.keep_mute(until);
            assert_eq!(file.load().mute(), until);
        }
        let node = NodeNum(0x77);
        file.keep_node(node);
        file.keep_mute(Some(9));
        assert_eq!(
            (file.load().node(), file.load().mute()),
            (Some(node), Some(9))
        );
        file.keep_node(NodeNum(0x78));
        assert_eq!(file.load().mute(), Some(9));
        assert!(file.check().is_ok());
        assert!(folder.path().join("meshbot.state").exists());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_broken_file_is_not_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = StateFile::beside(&folder.path().join("meshbot.db"));
        fs::write(folder.path().join("meshbot.state"), "muted_until = {").unwrap();
        assert_eq!(file.load(), State::default());
        file.keep_mute(Some(5));
        assert_eq!(file.load().mute(), Some(5));
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("meshbot.state");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let pipe = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, pipe, mode, 0).unwrap();
        let file = StateFile::beside(&folder.path().join("meshbot.db"));
        assert_eq!(file.load(), State::default());
    }

    #[test]
    fn a_missing_folder_is_an_error_and_no_more() {
        let file = StateFile::beside(Path::new("/nonexistent/meshbot.db"));
        assert!(file.check().is_err());
        assert!(file.save(&State::default()).is_err());
        file.keep_mute(Some(5));
    }
}
