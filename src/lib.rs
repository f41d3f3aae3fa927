//! meshbot: a chat bot for a Meshtastic mesh that holds one TCP connection to
//! one node, on plain threads.
//!
//! The house, in reading order: [`mesh`] is what a mesh is; [`link`] turns the
//! bytes of the one connection into packets and texts into bytes; [`sim`] is a
//! node in a box for tests and demonstrations.

pub mod link;
pub mod mesh;
pub mod proto;
pub mod sim;
