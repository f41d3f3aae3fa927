//! Everything that crosses a boundary of the program, as one test binary.

mod link_faults;
mod manners;
mod proto_fresh;
mod support;
