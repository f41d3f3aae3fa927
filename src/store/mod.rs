//! What lasts longer than the process.

pub mod file;
pub mod history;
pub mod place;
pub mod state;
pub mod weather;

use std::path::Path;

use crate::bot::dispatch::{Before, Keeper};
use crate::bot::forecasts::Snapshot;
use crate::mesh::NodeNum;
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

    /// What was known before the restart.
    #[must_use]
    pub fn load(&self) -> Before {
        let state = self.state.load();
        Before {
            muted_until: state.mute(),
            pinned: state.node(),
            weather: self.weather.load(),
            ..Before::default()
        }
    }
}

impl Keeper for Files {
    fn mute(&self, until: Option<u64>) {
        self.state.keep_mute(until);
    }

    fn pin(&self, node: NodeNum) {
        self.state.keep_node(node);
    }

    fn weather(&self, known: &Snapshot) -> bool {
        self.weather.save(known)
    }
}
