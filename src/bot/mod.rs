//! The bot: what a packet means to it, and what it answers.
//!
//! In reading order: [`parse`] understands a text, [`policy`] decides whether
//! it deserves an answer, [`command`] is what a command declares, [`commands`]
//! are the commands, [`reply`] is their way out, [`forecasts`] is the weather
//! desk, [`insight`] asks the history, and [`dispatch`] puts it all together. Nothing here knows a socket.

pub mod command;
pub mod commands;
pub mod desk;
pub mod dispatch;
pub mod elsewhere;
pub mod errands;
pub mod forecasts;
pub mod host;
pub mod insight;
pub mod parse;
pub mod pings;
pub mod policy;
pub mod recent;
pub mod record;
pub mod reply;
pub mod run;
pub mod split;
pub mod together;
pub mod traces;
