//! The link to the one node: everything between socket bytes and mesh packets.

pub mod frame;
