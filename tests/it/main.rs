//! Everything that crosses a boundary of the program, as one test binary.

mod proto_fresh;
mod recordings;
mod support;
