//! The outside world: a thin fetch over one HTTP agent, pure parsers beside it.

pub mod http;
