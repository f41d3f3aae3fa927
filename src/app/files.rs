//! What the bot keeps in small files: the bot says what, the store knows how.

use std::sync::Arc;

use log::warn;

use crate::bot::dispatch::{Before, Forgetful, Keeper};
use crate::bot::weather::{Keep, Snapshot};
use crate::config::Config;
use crate::mesh::NodeNum;
use crate::store::Files;
use crate::store::state::StateFile;

/// What was kept, and where the bot keeps it from now on.
pub struct Kept {
    /// For what the operator settles.
    pub keeper: Arc<dyn Keeper>,
    /// What was known before the restart.
    pub before: Before,
    /// The same of places and weather …
    pub known: Snapshot,
    /// … and where that goes.
    pub keep: Keep,
}

/// The small files; without a history there are none, so that a bot can live where
/// nothing may be written at all.
pub fn open(config: &Config) -> Kept {
    if !config.store.enabled {
        return Kept {
            keeper: Arc::new(Forgetful),
            before: Before::default(),
            known: Snapshot::default(),
            keep: Arc::new(|_| true),
        };
    }
    let Files { state, weather } = Files::beside(&config.store.file());
    if let Err(error) = state.check() {
        warn!(
            "{}: {error}; a restart will forget what the operator has settled",
            state.path().display()
        );
    }
    let settled = state.load();
    Kept {
        before: Before {
            muted_until: settled.mute(),
            pinned: settled.node(),
            ..Before::default()
        },
        keeper: Arc::new(state),
        known: weather.load(),
        keep: Arc::new(move |known| weather.save(known)),
    }
}

impl Keeper for StateFile {
    fn mute(&self, until: Option<u64>) {
        self.keep_mute(until);
    }

    fn pin(&self, node: NodeNum) {
        self.keep_node(node);
    }
}
