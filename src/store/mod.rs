//! What lasts longer than the process.

pub mod state;
