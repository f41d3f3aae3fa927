//! Everything that crosses a boundary of the program, as one test binary.

// clippy.toml allows it in tests, but does not take helpers for tests.
#![allow(clippy::unwrap_used)]

mod bounds;
mod capability;
mod channels;
mod clocks;
mod conversation;
mod corpora;
mod demo;
mod examples;
mod features;
mod floods;
mod forger;
mod history;
mod house;
mod keys;
mod link_faults;
mod logging;
mod manners;
mod once;
mod phrases;
mod pings;
mod process;
mod program;
mod proto_fresh;
mod random;
mod readme;
mod recordings;
mod remote;
mod scenarios;
mod sent_in;
mod services;
mod soak;
mod sockets;
mod support;
mod thousand;
mod threads;
mod traces;
mod weather;
