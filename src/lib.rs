//! meshbot: a chat bot for a Meshtastic mesh that holds one TCP connection to
//! one node, on plain threads.
//!
//! The house, in reading order: [`mesh`] is what a mesh is, [`weather`] what
//! weather is, [`almanac`] what sun and moon do; [`link`] turns the bytes of
//! the one connection into packets and texts into bytes; [`net`] keeps every
//! other socket off the node; [`bot`] is what is
//! answered, in the words of [`lang`]; [`app`] wires the threads together as
//! [`config`] says. [`sim`] is a node in a box for tests and
//! demonstrations, [`services`] and [`store`] are what lies outside; [`demo`]
//! lets bot and simulated node talk while somebody watches, and [`recording`]
//! writes down what passes between bot and node, without secrets.

pub mod almanac;
pub mod app;
pub mod ask;
pub mod bot;
pub mod bounds;
pub mod check;
pub mod cli;
pub mod config;
pub mod db;
pub mod demo;
pub mod history;
pub mod lang;
pub mod link;
pub mod logging;
pub mod mesh;
pub mod net;
pub mod proto;
pub mod recording;
pub mod remote;
pub mod services;
pub mod signals;
pub mod sim;
pub mod store;
pub mod systemd;
pub mod thread;
pub mod weather;
