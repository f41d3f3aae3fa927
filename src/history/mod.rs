//! What is kept of the past and what can be asked of it. Pure data and questions:
//! the bot writes and asks, the store keeps and looks up, and neither knows the
//! other.
//!
//! [`rows`] is what is written down, [`record`] decides what and when; [`insight`]
//! is what can be asked and how it is counted; [`edges`] is what packets tell about
//! who hears whom.

pub mod edges;
pub mod insight;
pub mod record;
pub mod rows;

pub use rows::{Air, Batch, Heard, History, KeyNews, Link, Medium, Said, Sum, Undelivered, When};
