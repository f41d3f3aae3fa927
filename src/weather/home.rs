//! Where people are who do not say where they are.

use super::{Cell, Query};

/// Where people are who do not say where they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Home {
    /// Where the bot's own node is, if it knows.
    #[default]
    OwnNode,
    /// There.
    At(Cell),
    /// In the place of this name.
    Named(Query),
}

impl Home {
    /// Its name, if that is how it is given.
    #[must_use]
    pub fn name(&self) -> Option<&Query> {
        match self {
            Self::Named(name) => Some(name),
            Self::OwnNode | Self::At(_) => None,
        }
    }
}
