//! Threads with a name, a sign of life, and somebody who learns of their end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

/// Counts the rounds of a thread's loop, for the watchdog.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Another round.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Rounds so far.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a thread ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Death {
    /// The thread's name.
    pub name: &'static str,
    /// The message of its panic, if it ended by one.
    pub panic: Option<String>,
}

/// Starts a thread that reports its own end through `report`.
///
/// # Errors
/// When the operating system has no thread left.
pub fn spawn(
    name: &'static str,
    report: impl FnOnce(Death) + Send + 'static,
    body: impl FnOnce() + Send + 'static,
) -> std::io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .stack_size(512 * 1024)
        .spawn(move || {
            let panic = caught(body).err();
            report(Death { name, panic });
        })
}

/// Runs `work`; a panic in it costs nothing but its result.
///
/// # Errors
/// With what the panic said.
pub fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_message(&*panic))
}

/// What a panic said.
fn panic_message(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_reports_how_it_ended() {
        let (sender, deaths) = crossbeam_channel::unbounded();
        let report = |sender: &crossbeam_channel::Sender<Death>| {
            let sender = sender.clone();
            move |death| sender.send(death).unwrap()
        };
        spawn("quiet", report(&sender), || {})
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(
            deaths.recv().unwrap(),
            Death {
                name: "quiet",
                panic: None
            }
        );
        let number = 7;
        spawn("loud", report(&sender), move || panic!("no {number}"))
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(deaths.recv().unwrap().panic.as_deref(), Some("no 7"));
    }
}
