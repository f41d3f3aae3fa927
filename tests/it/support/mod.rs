//! What the tests have in common: a log that can be read back, a world in
//! which bot, link and simulated node live under one virtual clock, and
//! recorded sessions.

pub mod logs;
pub mod program;
pub mod recording;
pub mod replay;
pub mod sources;
pub mod weather;
pub mod witness;
pub mod world;

/// Shown with `--nocapture`, for figures that somebody wants to read.
#[allow(clippy::print_stderr)]
pub fn say(what: &str) {
    eprintln!("{what}");
}
