//! Reads back what the code under test logs, thread by thread: a test that
//! runs everything in its own thread sees its own lines only.

use std::cell::RefCell;
use std::sync::Once;

use log::{Level, LevelFilter, Log, Metadata, Record};

thread_local! {
    static LINES: RefCell<Option<Vec<(Level, String)>>> = const { RefCell::new(None) };
}

struct Capture;

impl Log for Capture {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        LINES.with_borrow_mut(|lines| {
            if let Some(lines) = lines {
                lines.push((record.level(), record.args().to_string()));
            }
        });
    }

    fn flush(&self) {}
}

/// From now on this thread's lines are kept; those kept before are forgotten.
pub fn begin() {
    static INSTALL: Once = Once::new();
    INSTALL.call_once(|| {
        log::set_logger(&Capture).expect("no other logger in the tests");
        log::set_max_level(LevelFilter::Trace);
    });
    LINES.set(Some(Vec::new()));
}

/// The lines since [`begin`], which start afresh.
pub fn take() -> Vec<(Level, String)> {
    LINES.with_borrow_mut(|lines| lines.as_mut().map(std::mem::take).unwrap_or_default())
}

/// How many of `lines` contain `part`.
pub fn count(lines: &[(Level, String)], part: &str) -> usize {
    lines.iter().filter(|(_, line)| line.contains(part)).count()
}
