//! Reads back what the code under test logs, thread by thread: a test that
//! runs everything in its own thread sees its own lines only.

use std::cell::RefCell;
use std::sync::Once;
use std::time::Duration;

use log::{Level, LevelFilter, Log, Metadata, Record};
use meshbot::logging::thin::{Line, STAMP, Thin};
use meshbot::logging::{is_contract, place};

/// What the log of this thread would be at the default level.
struct Meter {
    now: Duration,
    thin: Thin,
    lines: usize,
    bytes: usize,
}

thread_local! {
    static METER: RefCell<Option<Meter>> = const { RefCell::new(None) };
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
        METER.with_borrow_mut(|meter| {
            if let Some(meter) = meter.as_mut().filter(|_| record.level() <= Level::Info) {
                meter.log(record);
            }
        });
    }

    fn flush(&self) {}
}

impl Meter {
    fn log(&mut self, record: &Record<'_>) {
        let text = record.args().to_string();
        let line = Line {
            level: record.level(),
            place: place(record),
            contract: is_contract(&text),
            text: &text,
            bytes: text.len() + STAMP,
        };
        if self.thin.admits(self.now, line) {
            self.lines += 1;
            self.bytes += line.bytes;
        }
    }

    fn tell(&mut self) {
        while let Some(count) = self.thin.told(self.now) {
            self.lines += 1;
            self.bytes += count.text.len() + STAMP;
        }
    }
}

/// From now on it is counted what this thread's log takes at the default level.
pub fn begin_metering(now: Duration) {
    begin();
    METER.set(Some(Meter {
        now,
        thin: Thin::new(now),
        lines: 0,
        bytes: 0,
    }));
}

/// It is `now`; lines and bytes since [`begin_metering`]. What was kept is forgotten.
pub fn metered(now: Duration) -> (usize, usize) {
    take();
    METER.with_borrow_mut(|meter| {
        let meter = meter.as_mut().expect("metering has begun");
        meter.now = now;
        meter.tell();
        (meter.lines, meter.bytes)
    })
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
