//! The bot: what a packet means to it, and what it answers.
//!
//! In reading order: [`ask`] is what all speak of; [`parse`] understands a text,
//! [`policy`] decides whether it deserves an answer, [`command`] is what a command
//! declares, [`reply`] its way out; [`talk`] are the commands that answer at once.
//! What takes time is a [`capability`], a folder each: [`weather`], [`traces`],
//! [`pings`], [`others`], [`past`]. [`all`] lists commands and capabilities, and
//! [`dispatch`] puts it all together. Nothing here knows a socket.

pub mod all;
pub mod ask;
pub mod capability;
pub mod command;
pub mod desk;
pub mod dispatch;
pub mod host;
pub mod jobs;
pub mod others;
pub mod parse;
pub mod past;
pub mod pings;
pub mod policy;
pub mod reply;
pub mod run;
mod say;
pub mod split;
pub mod talk;
#[cfg(test)]
pub(crate) mod testing;
pub mod together;
pub mod traces;
pub mod understand;
pub mod weather;
pub mod why;
