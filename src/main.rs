//! The `meshbot` program.

fn main() {}
