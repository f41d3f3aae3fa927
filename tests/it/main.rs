//! Everything that crosses a boundary of the program, as one test binary.

mod house;
mod link_faults;
mod manners;
mod program;
mod proto_fresh;
mod support;
mod threads;
