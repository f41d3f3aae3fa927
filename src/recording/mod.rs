//! What passes between the bot and its node, in a file that can be sent to
//! somebody: for each frame when it came, which way and its bytes, without
//! secrets.
//!
//! In reading order: [`shapes`] is what may be known, [`clean`] leaves out the
//! rest, [`cut`] finds the frames in what was read and written, [`mod@file`] is how
//! it is written down and read, [`thread`] writes it beside the link.
//!
//! - Nothing is written before it was cleaned: of bytes that are in no message
//!   the number stays, and the header that a torn frame begins with.
//! - The link never waits for the file. What is too much is left out and counted.

pub mod clean;
pub mod cut;
pub mod file;
pub mod shapes;
pub mod thread;

pub use file::{Recording, Step};
pub use thread::Target;

pub use crate::link::tap::{By, Tap, Way};
