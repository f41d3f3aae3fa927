//! The outside world: a thin fetch over one HTTP agent, pure parsers beside it.

pub mod http;
mod lenient;
pub mod open_meteo;
mod place_text;
mod timeline;
pub mod weather;
pub mod wttr;
