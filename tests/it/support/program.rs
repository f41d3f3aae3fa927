//! The program as a process of its own.
//!
//! It outlives neither its test nor the test run: dropped, it is killed, and
//! when the tests themselves are killed, a shell beside it does that. Nothing is
//! needed for it but `/bin/sh`.

use std::io::{BufRead, BufReader, Read};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use meshbot::sim::Handle;
use rustix::process::{Pid, Signal, kill_process};

/// Nothing takes longer on a sane machine, however busy.
pub const SOON: Duration = Duration::from_secs(60);

/// The program with these arguments, and nothing of systemd's around it.
pub fn meshbot(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshbot"));
    command.args(args);
    alone(&mut command);
    command
}

/// The same, with a file size limit of so many blocks of 512 bytes.
pub fn limited(blocks: u32, args: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = format!("ulimit -f {blocks}; exec \"$@\"");
    command
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_meshbot")])
        .args(args);
    alone(&mut command);
    command
}

/// The same, with a signal ignored from the start, as `nohup` has it.
pub fn ignoring(signal: &str, args: &[&str]) -> Command {
    let mut command = Command::new("/bin/sh");
    let script = format!("trap '' {signal}; exec \"$@\"");
    command
        .args(["-c", &script, "sh", env!("CARGO_BIN_EXE_meshbot")])
        .args(args);
    alone(&mut command);
    command
}

fn alone(command: &mut Command) {
    for name in [
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "STATE_DIRECTORY",
        "JOURNAL_STREAM",
    ] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
}

/// A folder with a configuration in it, and the path of that.
pub fn configured(text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meshbot.toml");
    let store = folder.path().join("meshbot.db");
    let text = format!("{text}\n[store]\npath = '{}'\n", store.display());
    std::fs::write(&path, text).unwrap();
    (folder, path.display().to_string())
}

/// The configuration of a bot in front of `node`.
pub fn in_front_of(node: &Handle) -> String {
    let port = node.addr().port();
    format!("[node]\nhost = \"127.0.0.1\"\nport = {port}")
}

/// A running program.
pub struct Program {
    child: Child,
    keeper: Child,
}

impl Program {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        let child = command.spawn().unwrap();
        // It waits for a word that never comes: the pipe ends with this process.
        let keeper = Command::new("/bin/sh")
            .args(["-c", "read word; kill -9 \"$1\"", "sh"])
            .arg(child.id().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, keeper }
    }

    /// The daemon with this configuration, once a line of its log contains
    /// `part`. What it says later is read, so that it never waits for a reader.
    pub fn run_until(config: &str, part: &str) -> Self {
        let mut program = Self::start(meshbot(&["run", "--config", config]).stderr(Stdio::piped()));
        program.read_until(part);
        program
    }

    /// Reads its log until a line contains `part`; the rest is thrown away.
    pub fn read_until(&mut self, part: &str) {
        let mut lines = BufReader::new(self.child.stderr.take().unwrap()).lines();
        loop {
            let line = lines.next().expect("the program ended").unwrap();
            if line.contains(part) {
                break;
            }
        }
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// Everything that it will have said on standard error, once it has ended.
    pub fn hear(&mut self) -> std::thread::JoinHandle<String> {
        let mut stderr = self.child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    }

    /// Everything that it says on standard error until it ends by itself, which
    /// it has to.
    pub fn hear_its_end(&mut self) -> String {
        let (said, heard) = crossbeam_channel::bounded(1);
        let mut stderr = self.child.stderr.take().unwrap();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            let _ = said.send(String::from_utf8_lossy(&bytes).into_owned());
        });
        heard.recv_timeout(SOON).expect("it does not end")
    }

    /// Its number.
    pub fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    /// A file about it in `/proc`.
    pub fn proc(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap_or_default()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Ends it by SIGTERM; how long that took, and its exit code.
    pub fn terminate(self) -> (Duration, Option<i32>) {
        self.end_by(Signal::TERM)
    }

    /// Ends it by a signal; how long that took, and its exit code.
    pub fn end_by(mut self, signal: Signal) -> (Duration, Option<i32>) {
        let asked = Instant::now();
        self.signal(signal);
        let status = self.child.wait().unwrap();
        (asked.elapsed(), status.code())
    }

    /// Waits for its end; its exit code.
    pub fn code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Deref for Program {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.child
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.child
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // First the one who would kill whoever has the number later.
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
