//! What lasts longer than the process.

pub mod file;
pub mod history;
pub mod place;
pub mod state;
pub mod weather;

use std::path::Path;

use state::StateFile;
use weather::WeatherFile;

/// The files of one bot.
#[derive(Debug)]
pub struct Files {
    /// What the operator has settled.
    pub state: StateFile,
    /// What is known of places and weather.
    pub weather: WeatherFile,
}

impl Files {
    /// Those beside a database at `database`.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        Self {
            state: StateFile::beside(database),
            weather: WeatherFile::beside(database),
        }
    }
}
