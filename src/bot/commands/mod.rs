//! The commands, one file each: declaration, function, tests.

mod about;
mod echo;
mod format;
mod help;
mod info;
mod legend;
mod more;
mod mute;
mod my;
mod nodes;
mod ping;
mod sys;
#[cfg(test)]
pub(crate) mod testing;
mod trace;
mod whom;

use super::command::{Command, Registry};

/// All commands, in the order of the help.
const ALL: &[&Command] = &[
    &ping::COMMAND,
    &my::COMMAND,
    &trace::COMMAND,
    &info::COMMAND,
    &nodes::COMMAND,
    &echo::COMMAND,
    &sys::COMMAND,
    &about::COMMAND,
    &legend::COMMAND,
    &more::COMMAND,
    &help::COMMAND,
    &mute::MUTE,
    &mute::UNMUTE,
];

/// Every command that meshbot has.
#[must_use]
pub fn registry() -> Registry {
    Registry::new(ALL.iter().map(|&&command| command).collect())
}
