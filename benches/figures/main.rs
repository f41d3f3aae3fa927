//! The figures that the README gives, measured anew: `make bench`, or
//! `cargo bench --bench figures -- NAME...` for some of them. Each prints one
//! line with what was measured and its bound; the exit code is 1 when a bound
//! is missed.
//!
//! Where it can be, instructions and system calls are counted rather than
//! seconds: they are the same on a busy machine.

// This program talks to a terminal and may end wherever something is missing.
#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

mod history;
mod memory;
mod packet;
mod program;
mod report;
mod rig;
mod speed;
mod stream;
/// The mesh that the tests of the history hear, too.
#[allow(dead_code)]
#[path = "../../tests/it/history/traffic.rs"]
mod traffic;

use std::process::ExitCode;

use report::Outcome;

type Measure = fn() -> Vec<Outcome>;

const FIGURES: &[(&str, Measure)] = &[
    ("packet", packet::measure),
    ("latency", speed::latency),
    ("start", speed::start),
    ("relink", speed::relink),
    ("memory", memory::measure),
    ("growth", memory::growth),
    ("history", history::measure),
    ("idle", speed::idle),
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [word, rest @ ..] = args.as_slice()
        && word == "child"
    {
        child(rest);
        return ExitCode::SUCCESS;
    }
    // `cargo bench` adds `--bench`.
    let wanted: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    if let Some(unknown) = wanted
        .iter()
        .find(|name| FIGURES.iter().all(|(known, _)| known != *name))
    {
        let names: Vec<_> = FIGURES.iter().map(|(name, _)| *name).collect();
        eprintln!("no figure {unknown}; there are: {}", names.join(", "));
        return ExitCode::from(2);
    }
    let mut missed = false;
    for (name, measure) in FIGURES {
        if wanted.is_empty() || wanted.contains(name) {
            for outcome in measure() {
                println!("{name:8} {outcome}");
                missed |= outcome.is_missed();
            }
        }
    }
    ExitCode::from(u8::from(missed))
}

/// What runs in a process of its own, to be counted from outside.
fn child(args: &[String]) {
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["packet", what, count] => packet::child(what, count.parse().unwrap()),
        ["growth"] => memory::growth_child(),
        _ => panic!("no child {args:?}"),
    }
}
