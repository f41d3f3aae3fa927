//! What is known of places and weather, in a small file: a restart, or a day
//! without the Internet, need not ask for it again.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use log::warn;

use super::file;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// More than the bot remembers is never written: 32 forecasts of some 4 kB.
const LARGEST: u64 = 512 * 1024;

/// The file.
#[derive(Debug)]
pub struct WeatherFile {
    path: PathBuf,
    has_complained: AtomicBool,
}

impl WeatherFile {
    /// The file that belongs to a database at `database`: it lies beside it,
    /// with the ending `.weather`.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        Self {
            path: database.with_extension("weather"),
            has_complained: AtomicBool::new(false),
        }
    }

    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads it. A missing or broken file is an empty one.
    #[must_use]
    pub fn load<T: DeserializeOwned + Default>(&self) -> T {
        let forget = |error: &dyn std::fmt::Display| {
            warn!(
                "{}: {error}; the weather is asked for again",
                self.path.display()
            );
            T::default()
        };
        match file::read(&self.path, LARGEST) {
            Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| forget(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => T::default(),
            Err(error) => forget(&error),
        }
    }

    /// Writes it, durably; says whether it could, and once why not.
    #[must_use]
    pub fn save<T: Serialize>(&self, known: &T) -> bool {
        let written = serde_json::to_string(known)
            .map_err(io::Error::other)
            .and_then(|text| file::replace(&self.path, &text));
        if let Err(error) = &written
            && !self.has_complained.swap(true, Ordering::Relaxed)
        {
            warn!(
                "{}: {error}; a restart will ask for the weather again",
                self.path.display()
            );
        }
        written.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    /// Something that is kept.
    #[derive(PartialEq, Debug, Default, Serialize, Deserialize)]
    struct Known {
        places: Vec<u8>,
    }

    #[test]
    fn a_broken_file_is_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = WeatherFile::beside(&folder.path().join("meshbot.db"));
        assert_eq!(file.load::<Known>(), Known::default());
        for text in ["", "{", "[]", "{\"places\": 3}", "\0"] {
            std::fs::write(folder.path().join("meshbot.weather"), text).unwrap();
            assert_eq!(file.load::<Known>(), Known::default(), "{text}");
        }
        assert!(file.save(&Known::default()));
        assert_eq!(file.load::<Known>(), Known::default());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
