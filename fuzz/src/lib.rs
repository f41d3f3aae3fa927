//! What reads bytes from outside, one module a target: `run` takes any bytes as
//! what comes, and panics when something does not hold that must.
//!
//! The same functions stand behind `cargo +nightly fuzz run TARGET` and behind a
//! test of the program's own (`tests/it/corpora.rs`), which runs `seeds/TARGET`
//! through them on every toolchain.
//!
//! A seed is a list of steps: where the steps of a target change, its seeds say
//! something else, and are to be gathered anew (`make fuzz` says how).

mod bot_rig;
pub mod config;
pub mod frame;
mod link_rig;
pub mod question;
pub mod remote;
pub mod session;
pub mod session_frames;
pub mod understanding;
pub mod weather;
