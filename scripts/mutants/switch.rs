//! Which fault is on: the one whose number stands in `MUTANT`. With
//! `MUTANT_TRACE` each number that is passed is written to that file, once.
#![allow(missing_docs, clippy::all)]

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex};

const MOST: usize = 40_000;

static ON: LazyLock<u32> = LazyLock::new(|| {
    let number = std::env::var("MUTANT").ok();
    number.and_then(|it| it.parse().ok()).unwrap_or(0)
});
static TRACE: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
    let path = std::env::var("MUTANT_TRACE").ok()?;
    let file = OpenOptions::new().create(true).append(true).open(path);
    Some(Mutex::new(file.ok()?))
});
static PASSED: [AtomicBool; MOST] = [const { AtomicBool::new(false) }; MOST];

#[inline(never)]
fn first(id: u32) {
    if !PASSED[id as usize].swap(true, Relaxed)
        && let Some(file) = &*TRACE
        && let Ok(mut file) = file.lock()
    {
        let _ = file.write_all(format!("{id}\n").as_bytes());
    }
}

#[inline]
pub fn on(id: u32) -> bool {
    if !PASSED[id as usize].load(Relaxed) {
        first(id);
    }
    *ON == id
}
