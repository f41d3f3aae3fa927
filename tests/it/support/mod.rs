//! What several of these tests need.

pub mod log;
pub mod recording;
pub mod replay;
