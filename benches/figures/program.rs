//! The real program as a process of its own, in front of a simulated node
//! without latencies that runs here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use meshbot::mesh::NodeNum;
use meshbot::sim::{Handle, Said, Server, Settings};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Nothing takes longer, however busy the machine.
pub const SOON: Duration = Duration::from_secs(30);

/// A quiet mesh of 250 nodes, ours included.
pub fn quiet() -> Settings {
    Settings {
        nodes: 249,
        latency: false,
        chatter: false,
        own_telemetry: false,
        ..Settings::default()
    }
}

pub struct Program {
    pub node: Handle,
    child: Child,
    folder: TempDir,
}

impl Program {
    /// Starts node and program; `tables` is configuration besides `[node]` and
    /// `[store]`.
    pub fn start(settings: Settings, tables: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let node = Server::local(settings).unwrap();
        let config = format!(
            "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\npath = '{}'\n{tables}",
            node.addr().port(),
            folder.path().join("meshbot.db").display()
        );
        fs::write(folder.path().join("meshbot.toml"), config).unwrap();
        let child = spawn(folder.path());
        Self {
            node,
            child,
            folder,
        }
    }

    /// Starts it again after [`Program::stop`]. The node has stayed.
    pub fn again(&mut self) {
        let _ = self.node.with(|node, _| node.on_air());
        self.child = spawn(self.folder.path());
    }

    /// Ends the program as an operator does.
    pub fn stop(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::TERM).unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until the node list has come.
    pub fn settle(&self) {
        let steady = self.node.wait_for(SOON, |node| {
            (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
        });
        steady.expect("the program did not ask for the node list");
        // What came is still to be handled.
        std::thread::sleep(Duration::from_millis(500));
    }

    /// Somebody of the mesh, by number.
    pub fn person(&self, nth: usize) -> NodeNum {
        self.node.with(|node, _| node.people()[nth].num)
    }

    pub fn say(&self, said: Said) {
        self.node.with(|node, now| node.hear_text(now, said));
    }

    /// The next text that the program puts on the air.
    pub fn next_text(&self) -> String {
        let text = self.node.wait_for(SOON, |node| {
            let sent = node.on_air();
            let texts = sent.iter().filter(|sent| sent.by_client);
            texts
                .filter_map(|sent| sent.text())
                .next()
                .map(str::to_owned)
        });
        text.expect("no answer")
    }

    pub fn memory(&self) -> Memory {
        Memory::of(&self.child.id().to_string())
    }

    /// Prints where the memory lies, for whoever wants to reduce it: private and
    /// proportional kB by mapping, the largest first.
    pub fn tell_maps(&self) {
        let maps = fs::read_to_string(format!("/proc/{}/smaps", self.child.id())).unwrap();
        let mut sums: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut name = String::new();
        for line in maps.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                [range, rights, _, _, _, ref path @ ..] if range.contains('-') => {
                    name = format!("{rights} {}", path.join(" "));
                }
                ["Pss:", kb, _] => {
                    sums.entry(name.clone()).or_default().1 += kb.parse::<u64>().unwrap()
                }
                ["Private_Clean:" | "Private_Dirty:", kb, _] => {
                    sums.entry(name.clone()).or_default().0 += kb.parse::<u64>().unwrap();
                }
                _ => {}
            }
        }
        let mut sums: Vec<_> = sums.into_iter().filter(|(_, (_, pss))| *pss > 0).collect();
        sums.sort_by_key(|(_, (_, pss))| std::cmp::Reverse(*pss));
        for (name, (private, pss)) in sums {
            eprintln!("{private:6} {pss:6} {name}");
        }
    }

    /// Voluntary context switches so far, by the thread's name.
    pub fn switches(&self) -> BTreeMap<String, u64> {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let mut all = BTreeMap::new();
        for task in tasks {
            let task = task.unwrap().path();
            let name = fs::read_to_string(task.join("comm")).unwrap();
            let status = fs::read_to_string(task.join("status")).unwrap();
            *all.entry(name.trim().to_owned()).or_default() +=
                number(&status, "voluntary_ctxt_switches:");
        }
        all
    }

    /// Time that its threads have spent on a processor.
    pub fn cpu(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let spent = tasks.map(|task| {
            let stat = fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
            let first = stat.split(' ').next().unwrap();
            first.parse::<u64>().unwrap()
        });
        Duration::from_nanos(spent.sum())
    }
}

/// Time that this thread has spent on a processor: on a busy machine steadier
/// than what a clock shows.
pub fn own_time() -> Duration {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    let first = stat.split(' ').next().unwrap();
    Duration::from_nanos(first.parse().unwrap())
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_meshbot"))
        .envs(environment())
        .arg("run")
        .arg("--config")
        .arg(folder.join("meshbot.toml"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// What the service runs with.
pub fn environment() -> impl Iterator<Item = (&'static str, &'static str)> {
    let unit = include_str!("../../scripts/meshbot.service").lines();
    unit.filter_map(|line| line.strip_prefix("Environment=")?.split_once('='))
}

/// What a process holds, in kB.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Its own alone (USS).
    pub private: u64,
    /// Its own and its share of what others map, too (PSS).
    pub proportional: u64,
}

impl Memory {
    /// Of the process with this number, or `self`.
    pub fn of(process: &str) -> Self {
        let sums = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).unwrap();
        Self {
            private: number(&sums, "Private_Clean:") + number(&sums, "Private_Dirty:"),
            proportional: number(&sums, "Pss:"),
        }
    }
}

fn number(lines: &str, name: &str) -> u64 {
    let line = lines.lines().find_map(|line| line.strip_prefix(name));
    let words = line.unwrap().split_whitespace().next();
    words.unwrap().parse().unwrap()
}
