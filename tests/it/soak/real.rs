//! The real program over real sockets: `meshbot run` as a process of its own,
//! a simulated node with faults, a rival that really connects, people who ask
//! (`make soak-real`).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Sender, bounded};

use meshbot::mesh::{NodeNum, PacketId};
use meshbot::proto::{mesh_packet, routing};
use meshbot::sim::web::{self, Service, Web};
use meshbot::sim::{Fault, Handle, Said, Server, Settings};

use super::{number, say};
use crate::support::program::{Program, meshbot};
use crate::support::weather;

/// An answer takes no longer while there is a link: the pacing, the queue
/// before it, a refusal as too early.
const PATIENCE: Duration = Duration::from_secs(20);
/// A silent link is noticed after 75 s, a rival is left alone for up to 60 s.
const BACK: Duration = Duration::from_secs(75 + 60 + 15);

/// What the program holds, in KiB.
#[derive(Clone, Copy, Default)]
struct Memory {
    resident: u64,
    proportional: u64,
    /// Heap and stacks: what it has asked for, without its own code.
    anonymous: u64,
}

/// What is looked at of the program.
trait Looked {
    fn memory(&self) -> Memory;
    fn connections(&self, port: u16) -> usize;
}

/// The last lines of a log.
type Tail = Arc<Mutex<VecDeque<String>>>;

/// So many of them are shown when somebody was not answered.
const TAIL: usize = 80;

fn start(config: &Path) -> (Program, Sender<Duration>, Tail) {
    let config = config.display().to_string();
    let mut program = Program::start(meshbot(&["run", "--config", &config]).stderr(Stdio::piped()));
    // Reads its log, and stops for as long as it is told to.
    let (stop, pauses) = bounded(1);
    let mut log = BufReader::new(program.stderr.take().unwrap()).lines();
    let tail = Tail::default();
    let lines = tail.clone();
    std::thread::spawn(move || {
        while let Some(Ok(line)) = log.next() {
            let mut lines = lines.lock().unwrap();
            if lines.len() == TAIL {
                lines.pop_front();
            }
            lines.push_back(line);
            drop(lines);
            if let Ok(pause) = pauses.try_recv() {
                let _ = crossbeam_channel::after(pause).recv();
            }
        }
    });
    (program, stop, tail)
}

impl Looked for Program {
    fn memory(&self) -> Memory {
        let rollup = self.proc("smaps_rollup");
        let value = |key: &str| {
            let line = rollup.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Memory {
            resident: value("Rss:").unwrap_or(0),
            proportional: value("Pss:").unwrap_or(0),
            anonymous: value("Anonymous:").unwrap_or(0),
        }
    }

    /// Its established connections to this port, as the system knows them.
    fn connections(&self, port: u16) -> usize {
        let folder = format!("/proc/{}/fd", self.id());
        let links = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let links: Vec<_> = links
            .filter_map(|entry| std::fs::read_link(entry.path()).ok())
            .map(|link| link.to_string_lossy().into_owned())
            .collect();
        let remote = format!(":{port:04X}");
        let table = self.proc("net/tcp");
        let is_ours = |line: &&str| {
            let cells: Vec<_> = line.split_whitespace().collect();
            let is_there = cells.len() > 9 && cells[2].ends_with(&remote) && cells[3] == "01";
            is_there && links.contains(&format!("socket:[{}]", cells[9]))
        };
        table.lines().filter(is_ours).count()
    }
}

/// What a run came to.
#[derive(Default)]
struct Report {
    questions: u64,
    answers: u64,
    unanswered: Vec<String>,
    doubled: Vec<String>,
    faults: u64,
    most_connections: usize,
    /// Services that led to the node.
    led: u64,
    /// At the beginning and at the end.
    memory: [Memory; 2],
    accepts: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, last] = self.memory;
        write!(
            f,
            "questions {} · answers {} · unanswered while linked {} · doubled {} · faults {} · \
             connections {}, at a time {} at most · RSS {} → {} KiB · PSS {} → {} KiB, \
             of which its own {} → {} KiB",
            self.questions,
            self.answers,
            self.unanswered.len(),
            self.doubled.len(),
            self.faults,
            self.accepts,
            self.most_connections,
            first.resident,
            last.resident,
            first.proportional,
            last.proportional,
            first.anonymous,
            last.anonymous,
        )
    }
}

struct Soak<'a> {
    node: Handle,
    program: Program,
    /// Who reads the log stops for so long.
    unread: Sender<Duration>,
    log: Tail,
    web: &'a Web,
    rng: fastrand::Rng,
    people: Vec<NodeNum>,
    /// What went on the air, by the question that it answers.
    said: BTreeMap<PacketId, Vec<String>>,
    rivals: u64,
    report: Report,
}

impl<'a> Soak<'a> {
    fn start(folder: &Path, web: &'a Web) -> Self {
        let settings = Settings {
            nodes: 100,
            chatter: true,
            ..Settings::default()
        };
        let node = Server::local(settings).unwrap();
        let config = format!(
            "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\npath = '{}'\n[weather]\nurl = '{}'\n\
             [log]\nlevel = \"debug\"\n[limits]\nper_sender = {{ count = 1000, per = \"1m\" }}\n\
             per_channel = {{ count = 1000, per = \"1m\" }}\ntotal = {{ count = 1000, per = \"1m\" }}\n",
            node.addr().port(),
            folder.join("meshbot.db").display(),
            web.base_url(),
        );
        let path = folder.join("meshbot.toml");
        std::fs::write(&path, config).unwrap();
        let people = node.with(|node, _| {
            let with_key = node.people().iter().filter(|it| it.public_key.is_some());
            with_key.map(|person| person.num).collect()
        });
        let (program, unread, log) = start(&path);
        Self {
            node,
            program,
            unread,
            log,
            web,
            rng: fastrand::Rng::with_seed(1),
            people,
            said: BTreeMap::new(),
            rivals: 0,
            report: Report::default(),
        }
    }

    /// Until the node has a client that has read its configuration.
    fn linked(&mut self) {
        let is_back = self.node.wait_for(BACK, |node| {
            (node.listening() && node.steady()).then_some(())
        });
        assert!(is_back.is_some(), "no link after {BACK:?}");
    }

    /// Asks, and waits for the answer.
    fn ask(&mut self, line: &str) {
        let from = self.people[self.rng.usize(..self.people.len())];
        let public = self.rng.bool();
        let id = self.node.with(|node, now| {
            let said = match public {
                true => Said::on_channel(from, 0, line),
                false => Said::to_us(from, line),
            };
            node.hear_text(now, said)
        });
        self.report.questions += 1;
        let said = &mut self.said;
        let answer = self.node.wait_for(PATIENCE, |node| {
            for sent in node.on_air() {
                let Some(mesh_packet::PayloadVariant::Decoded(data)) = &sent.packet.payload_variant
                else {
                    continue;
                };
                if let Some(text) = sent.text().filter(|_| sent.by_client) {
                    let of = said.entry(PacketId(data.reply_id)).or_default();
                    of.push(text.to_owned());
                }
            }
            said.contains_key(&id).then_some(())
        });
        if answer.is_none() {
            let log: Vec<_> = self.log.lock().unwrap().iter().cloned().collect();
            let log = log.join("\n");
            say(&format!(
                "{line} of {from} ({id}) was not answered, public {public}:\n{log}"
            ));
            self.report.unanswered.push(format!("{line} of {from}"));
        }
        let now = self.program.connections(self.node.addr().port());
        self.report.most_connections = self.report.most_connections.max(now);
    }

    fn fault(&mut self, fault: Fault) {
        self.node.with(|node, now| node.fault(now, fault));
    }

    /// One thing goes wrong; it is over when this returns.
    fn mischief(&mut self, patiently: bool) {
        self.report.faults += 1;
        let which = self.rng.u8(..if patiently { 14 } else { 11 });
        let completed = self.node.with(|node, _| node.counters().completed);
        let short = Duration::from_millis(self.rng.u64(100..3_000));
        match which {
            0 | 1 => self.fault(Fault::Drop),
            2 => self.fault(Fault::Reboot(short)),
            3 => self.fault(Fault::Garbage(2_000)),
            4 => {
                // Small talk is lost, and fills the gap that it leaves.
                self.fault(Fault::Tear);
                for _ in 0..8 {
                    self.talk();
                }
            }
            5 => self.fault(Fault::ShortWrites(3)),
            6 => self.fault(Fault::Stall(short)),
            7 => self.fault(Fault::RefuseTexts(routing::Error::RateLimitExceeded)),
            8 => self.fault(Fault::QueueFull(short)),
            9 => self.flood(Duration::from_secs(60)),
            10 => {
                let services = |fault| {
                    for service in [Service::Forecast, Service::Search, Service::Wttr] {
                        self.web.set_fault(service, fault);
                    }
                };
                services(Some(web::Fault::Redirect(self.node.addr())));
                let before = self.node.with(|node, _| node.counters().accepts);
                // A place that no cache knows.
                self.report.led += 1;
                self.ask(&format!("/weather 45.{:02},4.8", self.report.led % 100));
                let after = self.node.with(|node, _| node.counters().accepts);
                assert_eq!(after, before, "a service led to the node");
                services(None);
            }
            11 => {
                // The connection dies without a word.
                self.fault(Fault::StallAfterBytes(0));
                self.await_session(completed);
            }
            12 => {
                self.fault(Fault::CloseAfterBytes(50));
                self.await_session(completed);
            }
            _ => {
                self.rivals += 1;
                let rival = TcpStream::connect(self.node.addr()).unwrap();
                self.await_session(completed);
                drop(rival);
            }
        }
        if which <= 2 {
            self.await_session(completed);
        }
        self.linked();
    }

    /// Nobody reads the log for so long, and it is filled: with more than a pipe and
    /// the queue before it hold, but not with more at once than the bot may have
    /// before it. Nobody talks that fast.
    fn flood(&mut self, unread: Duration) {
        let _ = self.unread.try_send(unread);
        for _ in 0..4 {
            for _ in 0..500 {
                self.talk();
            }
            self.ask("/ping");
        }
    }

    /// Somebody says something that is not for the bot, and fills its log.
    fn talk(&mut self) {
        let said = Said::on_channel(self.people[0], 0, "nothing that matters at all");
        self.node.with(|node, now| node.hear_text(now, said));
    }

    /// Until another handshake is complete.
    fn await_session(&mut self, before: u64) {
        let is_back = self.node.wait_for(BACK, |node| {
            (node.counters().completed > before && node.steady()).then_some(())
        });
        assert!(is_back.is_some(), "no session after {BACK:?}");
    }

    fn run(mut self, time: Duration, patiently: bool) -> Report {
        let lines = [
            "/ping",
            "/my",
            "/nodes",
            "/weather argenteuil",
            "/stats",
            "/keys",
            "/sys",
            "/trace",
            "/top",
            "/info ali",
        ];
        self.linked();
        for line in &lines[..if patiently { lines.len() } else { 2 }] {
            self.ask(line);
        }
        // The most that waits at a time is no growth: what comes after it would be.
        if patiently {
            self.flood(Duration::from_secs(5));
        }
        self.report.memory[0] = self.program.memory();
        let start = Instant::now();
        while start.elapsed() < time {
            self.mischief(patiently);
            for _ in 0..self.rng.u8(1..5) {
                let line = lines[self.rng.usize(..lines.len())];
                self.ask(line);
            }
            self.fault(Fault::Heal);
        }
        self.report.memory[1] = self.program.memory();
        self.report.accepts = self.node.with(|node, _| node.counters().accepts) - self.rivals;
        for (id, mut texts) in std::mem::take(&mut self.said) {
            self.report.answers += 1;
            let all = texts.len();
            texts.sort();
            texts.dedup();
            if texts.len() < all && id.0 != 0 {
                self.report.doubled.push(texts.concat());
            }
        }
        self.report
    }
}

fn soak(time: Duration, patiently: bool) -> Report {
    let folder = tempfile::tempdir().unwrap();
    let web = weather::web();
    let report = Soak::start(folder.path(), &web).run(time, patiently);
    assert_eq!(report.unanswered, Vec::<String>::new());
    assert_eq!(report.doubled, Vec::<String>::new());
    assert_eq!(report.most_connections, 1);
    report
}

#[test]
fn some_seconds_of_faults() {
    let report = soak(Duration::from_secs(5), false);
    assert!(report.answers >= 4 && report.faults >= 1, "{report}");
}

/// `make soak-real`: ten minutes, or `SECONDS=60`.
#[test]
#[ignore = "make soak-real"]
fn ten_minutes_of_faults() {
    let seconds = number("MESHBOT_SECONDS").unwrap_or(600);
    let report = soak(Duration::from_secs(seconds), true);
    say(&format!("{seconds} s: {report}"));
    let [first, last] = report.memory;
    assert!(
        last.proportional <= first.proportional + 1_024,
        "it grows: {report}"
    );
    assert!(
        last.anonymous <= first.anonymous + 512,
        "it grows: {report}"
    );
}
