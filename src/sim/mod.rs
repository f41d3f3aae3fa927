//! A Meshtastic node in a box: it speaks the client API over TCP as real
//! firmware does, with a made-up mesh around it and faults on demand.
//!
//! - [`SimNode`] is a pure state machine: bytes and time go in, bytes come out.
//!   It knows no socket, no clock and no thread, and two runs with the same
//!   seed and the same input give the same output.
//! - [`Server`] is the thin shell that puts it behind a TCP port, on one thread
//!   that sleeps in `poll`.
//! - It imitates what protocol.md §10 measured; where §10 is silent, §1 to §5.
//!
//! [`tape`] is another node in a box: one that was recorded.
//!
//! It is the fake peer of every test, the node of `meshbot demo`, and a server
//! that other client programs can connect to as well.

mod agenda;
mod dump;
mod fault;
mod node;
mod said;
mod server;
mod settings;
pub mod tape;
#[cfg(test)]
mod tests;
pub mod web;
mod world;

pub use fault::Fault;
pub use node::{ClientClose, ConnId, OnAir, Output, SimNode};
pub use said::{Said, To};
pub use server::{Handle, Server};
pub use settings::{Clock, Counters, Settings, SimChannel, Version};
pub use world::Person;
