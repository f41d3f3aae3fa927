//! The signals that reach the program, and what each of them does.
//!
//! A signal whose default kills and that nobody means as a kill must not end a
//! bot that runs for years; one that asks for the end gets an orderly one.
//!
//! | signal | what it does |
//! | --- | --- |
//! | TERM, INT | ends in order |
//! | ALRM, VTALRM, PROF, XCPU | ends in order: a limit of time, set by whoever started the program |
//! | PWR | ends in order: the power is about to go |
//! | HUP | nothing in the bot, which goes on when its terminal is closed; ends what somebody watches, unless it was ignored from the start (`nohup`) |
//! | USR1, USR2, IO | nothing: they mean something to other programs only |
//! | XFSZ | nothing: the write that was too much fails, and says so |
//! | PIPE | nothing (Rust's runtime ignores it): the write fails |
//! | QUIT | kills at once, for somebody who wants a core of a program that hangs |
//! | ILL, TRAP, ABRT, BUS, FPE, SEGV, SYS | kill: a defect |
//! | TSTP, TTIN, TTOU, CONT | stop and go on, as everywhere |
//!
//! To ignore a signal needs a call that is `unsafe`; what is used here is a
//! handler that raises a flag at which nobody looks. It is inherited by no
//! other program, and system calls are taken up again after it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, TryRecvError};
use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGIO, SIGPROF, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
};

use crate::link::Waker;
use crate::link::outbox::Wake;

/// The power is about to go. No POSIX signal, so `signal_hook` has no name for it.
const SIGPWR: i32 = rustix::process::Signal::POWER.as_raw();

/// They ask for the end.
const ENDS: [i32; 7] = [
    SIGTERM, SIGINT, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGPWR,
];
/// They mean nothing to us.
const NOTHING: [i32; 3] = [SIGUSR1, SIGUSR2, SIGIO];

/// What happens when the terminal is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hangup {
    /// Nothing: the bot goes on.
    Ignored,
    /// The program ends, unless it was told from the start not to: it is of no
    /// use without somebody who watches.
    Ends,
}

/// How [`Stop::wait_for`] ended.
#[derive(Debug)]
pub enum Came<T> {
    /// What was waited for.
    Result(T),
    /// A signal.
    Signal,
    /// Whoever was to send it is gone.
    Nothing,
}

/// The signals that end the program.
pub struct Stop {
    waker: Waker,
    asked: Arc<AtomicBool>,
}

impl Stop {
    /// From now on only those signals kill that are meant to.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn on_signals(hangup: Hangup) -> io::Result<Self> {
        let Self { waker, asked } = Self::without_signals()?;
        let also = match hangup {
            Hangup::Ends if !is_ignored(SIGHUP) => Some(SIGHUP),
            Hangup::Ends => None,
            Hangup::Ignored => {
                disarm(SIGHUP)?;
                None
            }
        };
        for signal in ENDS.into_iter().chain(also) {
            signal_hook::flag::register(signal, Arc::clone(&asked))?;
            signal_hook::low_level::pipe::register(signal, waker.sender()?)?;
        }
        for signal in NOTHING {
            disarm(signal)?;
        }
        Ok(Self { waker, asked })
    }

    /// None reaches this one.
    ///
    /// # Errors
    /// When the process has no file descriptors left.
    pub fn without_signals() -> io::Result<Self> {
        let waker = Waker::new()?;
        let asked = Arc::default();
        Ok(Self { waker, asked })
    }

    /// Whether one has come.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// The function that ends a [`Stop::sleep`].
    #[must_use]
    pub fn wake(&self) -> Wake {
        self.waker.wake()
    }

    /// Sleeps until a signal comes, somebody wakes, or `timeout` is over.
    ///
    /// # Errors
    /// When the system's poll fails.
    pub fn sleep(&self, timeout: Option<Duration>) -> io::Result<()> {
        if self.is_asked() {
            return Ok(());
        }
        self.waker.wait(timeout)
    }

    /// Sleeps until something comes through `results`, whose sender wakes this one
    /// when it is gone, or until a signal comes.
    ///
    /// # Errors
    /// When the system's poll fails.
    pub fn wait_for<T>(&self, results: &Receiver<T>) -> io::Result<Came<T>> {
        loop {
            match results.try_recv() {
                Ok(result) => return Ok(Came::Result(result)),
                Err(TryRecvError::Disconnected) => return Ok(Came::Nothing),
                Err(TryRecvError::Empty) if self.is_asked() => return Ok(Came::Signal),
                Err(TryRecvError::Empty) => self.sleep(None)?,
            }
        }
    }

    /// Sleeps until a signal comes.
    ///
    /// # Errors
    /// When the system's poll fails.
    pub fn wait(&self) -> io::Result<()> {
        while !self.is_asked() {
            self.waker.wait(None)?;
        }
        Ok(())
    }
}

/// From now on a file that grows beyond what the process may write (`ulimit
/// -f`) is an error of that write. For every command: one that was killed would
/// leave half a file behind without a word.
pub fn survive_full_files() {
    // Where it cannot be had, the program is as it was.
    let _ = disarm(SIGXFSZ);
}

/// Takes a signal its default.
fn disarm(signal: i32) -> io::Result<()> {
    signal_hook::flag::register(signal, Arc::default()).map(drop)
}

/// Whether the program was started with this signal ignored, as `nohup` does.
#[must_use]
pub fn is_ignored(signal: i32) -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, signal))
}

/// The same, from what the system says of a process (proc_pid_status(5)).
fn ignores(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    let bit = u32::try_from(signal - 1).unwrap_or(u32::MAX);
    mask.is_some_and(|mask| mask.checked_shr(bit).unwrap_or(0) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_seen() {
        let status =
            "Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\nSigCgt:\t02\n";
        assert!(ignores(status, SIGHUP));
        assert!(ignores(status, 13), "PIPE");
        assert!(!ignores(status, SIGINT));
        for status in ["", "SigIgn:\n", "SigIgn:\tx\n", "SigCgt:\t0001\n"] {
            assert!(!ignores(status, SIGHUP), "{status:?}");
        }
        assert!(!ignores("SigIgn:\tffffffffffffffff\n", 0));
    }

    /// The table above is whole: what is neither named here nor meant to kill has
    /// no default that kills.
    #[test]
    fn no_signal_is_in_two_lists() {
        let mut all: Vec<i32> = ENDS.into_iter().chain(NOTHING).collect();
        all.extend([SIGHUP, SIGXFSZ]);
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
