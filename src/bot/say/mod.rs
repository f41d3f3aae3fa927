//! How things are said, wherever they are said: figures and parts that fit into a
//! packet, whom somebody means, pages of a list, why something failed.

pub mod format;
pub mod pages;
pub mod reason;
pub mod whom;
