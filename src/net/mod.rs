//! Every socket that is not the link: to services, to their proxies, to other
//! nodes. None of them ever leads to the bot's own node, which serves one client.
//!
//! In reading order: [`address`] is how a node is written down and what is the
//! same one, [`lookup`] turns names into addresses without ever having more than
//! a few threads hang, [`guard`] compares and connects, [`web`] puts the guard
//! into the HTTP agent.

pub mod address;
pub mod guard;
pub mod lookup;
pub mod web;

pub use self::address::Endpoint;
pub use self::guard::{Guard, Refused};
