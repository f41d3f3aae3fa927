//! The outside world: a thin fetch over one HTTP agent, pure parsers beside it.

mod escape;
pub mod http;
mod lenient;
pub mod open_meteo;
mod timeline;
pub mod weather;
pub mod wttr;
