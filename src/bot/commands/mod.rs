//! The commands, one file each: declaration, function, tests.

mod ping;
#[cfg(test)]
pub(crate) mod testing;

use super::command::{Command, Registry};

/// All commands, in the order of the help.
const ALL: &[&Command] = &[&ping::COMMAND];

/// Every command that meshbot has.
#[must_use]
pub fn registry() -> Registry {
    Registry::new(ALL.iter().map(|&&command| command).collect())
}
