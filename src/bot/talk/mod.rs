//! The commands that answer at once, one file each: declaration, function, tests.

mod about;
mod echo;
mod help;
mod info;
mod keys;
mod legend;
mod lheard;
mod more;
mod mute;
mod my;
mod sys;
mod whoami;

use super::command::Command;

/// All of them, in the order of the help.
pub const COMMANDS: &[Command] = &[
    my::COMMAND,
    info::COMMAND,
    whoami::COMMAND,
    lheard::COMMAND,
    keys::COMMAND,
    echo::COMMAND,
    sys::COMMAND,
    about::COMMAND,
    legend::COMMAND,
    more::COMMAND,
    more::BACK,
    help::COMMAND,
    mute::MUTE,
    mute::UNMUTE,
];
