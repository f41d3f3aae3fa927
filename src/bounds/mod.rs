//! What keeps everything within bounds: a table that forgets whom it has not seen
//! for longest, a bucket of tokens, and how a test can look at how much is held.

pub mod bucket;
pub mod recent;

/// How much of something is held, and how much of it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// What.
    pub what: &'static str,
    /// So many, or so many bytes.
    pub now: usize,
    /// The bound.
    pub most: usize,
}

impl Held {
    /// `now` of `most`.
    #[must_use]
    pub fn new(what: &'static str, now: usize, most: usize) -> Self {
        Self { what, now, most }
    }
}
