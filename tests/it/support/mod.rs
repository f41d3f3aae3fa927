//! What the tests have in common: a log that can be read back, and a world in
//! which bot, link and simulated node live under one virtual clock.

pub mod logs;
pub mod world;
