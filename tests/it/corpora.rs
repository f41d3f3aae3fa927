//! What fuzzing has found and kept: every file of `fuzz/seeds/TARGET` through
//! the function that is fuzzed, on every toolchain.

use std::cell::Cell;
use std::panic;
use std::path::Path;
use std::sync::Once;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

thread_local! {
    /// Panics of this thread, the ones that the bot catches as well.
    static PANICS: Cell<usize> = const { Cell::new(0) };
}

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            usual(info);
        }));
    });
}

/// Runs what is there for `name`, which is at least so many files.
fn all(name: &str, at_least: usize, run: fn(&[u8])) {
    count_panics();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut seeds = 0;
    for seed in std::fs::read_dir(folder.join(name)).unwrap() {
        let seed = seed.unwrap();
        let bytes = std::fs::read(seed.path()).unwrap();
        let file = seed.file_name();
        assert!(
            panic::catch_unwind(|| run(&bytes)).is_ok() && PANICS.get() == 0,
            "{name}/{} panics",
            file.display()
        );
        seeds += 1;
    }
    assert!(seeds >= at_least, "{seeds} seeds of {name}");
}

#[test]
fn bytes_of_a_stream() {
    all("frame", 50, targets::frame::run);
}

#[test]
fn bytes_of_a_node() {
    all("session", 50, targets::session::run);
}

#[test]
fn messages_of_a_node() {
    all("session_frames", 50, targets::session_frames::run);
}

#[test]
fn answers_of_another_node() {
    all("remote", 50, targets::remote::run);
}

#[test]
fn answers_of_weather_services() {
    all("weather", 50, targets::weather::run);
}

#[test]
fn configurations() {
    all("config", 50, targets::config::run);
}

#[test]
fn what_people_type() {
    all("understanding", 50, targets::understanding::run);
}

#[test]
fn questions() {
    all("question", 50, targets::question::run);
}
