//! How much memory the real program takes, and how much more after a million
//! packets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use meshbot::sim::Said;
use meshbot::store::history::{self, Limits};

use crate::program::{Memory, Program, environment, quiet};
use crate::report::Outcome;
use crate::rig::{Rig, Scribe};
use crate::stream::Stream;

/// After the first TLS request and the first look into the history, in kB.
const BOUND: f64 = 3_072.0;
/// What a million packets may add, in kB.
const GROWTH: f64 = 512.0;
const FIRST: u32 = 10_000;
const ALL: u32 = 1_000_000;
const NODES: u32 = 1_000;

pub fn measure() -> Vec<Outcome> {
    let server = Tls::start();
    let tables = format!("[weather]\nurl = \"https://127.0.0.1:{}\"\n", server.port);
    let program = Program::start(quiet(), &tables);
    program.settle();
    let known = program.memory();
    program.say(Said::to_us(program.person(0), "/weather paris"));
    let said = program.next_text();
    assert!(!said.contains("pong"), "{said}");
    program.say(Said::to_us(program.person(1), "/stats"));
    let said = program.next_text();
    assert!(said.contains(" packet"), "{said}");
    std::thread::sleep(Duration::from_secs(1));
    let used = program.memory();
    if std::env::var_os("MESHBOT_SMAPS").is_some() {
        program.tell_maps();
    }
    vec![
        Outcome::told(format!(
            "{} kB proportional, {} kB private after the handshake with 250 nodes",
            known.proportional, known.private
        )),
        Outcome::bound(
            format!(
                "{} kB private; after the first TLS request ({}) and the first look into the history, proportional",
                used.private, server.how
            ),
            as_float(used.proportional),
            BOUND,
            "kB",
        ),
    ]
}

/// A server whose certificate nobody trusts: as much of TLS as there is without
/// the Internet.
struct Tls {
    port: u16,
    how: &'static str,
    openssl: Option<Child>,
    _folder: tempfile::TempDir,
}

impl Tls {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, certificate) = (folder.path().join("key"), folder.path().join("certificate"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-newkey", "ec"])
            .args(["-pkeyopt", "ec_paramgen_curve:prime256v1"])
            .args([
                "-subj",
                "/CN=localhost",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
            ])
            .arg("-keyout")
            .arg(&key)
            .arg("-out")
            .arg(&certificate)
            .stderr(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            return Self {
                port: refuse(),
                how: "refused at the first word",
                openssl: None,
                _folder: folder,
            };
        }
        let mut server = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0"])
            .arg("-key")
            .arg(&key)
            .arg("-cert")
            .arg(&certificate)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(server.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, port) = line.strip_prefix("ACCEPT ")?.rsplit_once(':')?;
            port.parse().ok()
        });
        Self {
            port: port.expect("openssl does not listen"),
            how: "up to a certificate that is not trusted",
            openssl: Some(server),
            _folder: folder,
        }
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        if let Some(server) = &mut self.openssl {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Answers every client's first words with an alert.
fn refuse() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let _ = client.read(&mut [0; 4_096]);
            // handshake_failure
            let _ = client.write_all(&[21, 3, 3, 0, 2, 2, 40]);
        }
    });
    port
}

pub fn growth() -> Vec<Outcome> {
    // A program of its own: pages of code that it shares with this one count as
    // private as soon as the system takes them from here.
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("figures");
    std::fs::copy(std::env::current_exe().unwrap(), &own).unwrap();
    let child = Command::new(&own)
        .args(["child", "growth"])
        .envs(environment())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(child.status.success());
    let said = String::from_utf8(child.stdout).unwrap();
    let numbers: Vec<u64> = said
        .split_whitespace()
        .map(|it| it.parse().unwrap())
        .collect();
    let [first, all] = numbers[..] else {
        panic!("{said}")
    };
    vec![Outcome::bound(
        format!(
            "{first} kB private after {FIRST} packets of {NODES} nodes, {all} kB after {ALL}: grown by"
        ),
        as_float(all.saturating_sub(first)),
        GROWTH,
        "kB",
    )]
}

/// Link, bot and store in one thread; says what it holds in between.
pub fn growth_child() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meshbot.db");
    let opened = history::open(&path, Limits::default()).unwrap();
    let mut stream = Stream::of(1, NODES, Duration::from_secs(3));
    let history = Box::new(Scribe::new(opened.writer));
    let mut rig = Rig::new(Some(history), stream.now());
    for nth in 1..=ALL {
        let (now, bytes) = stream.next();
        rig.receive(now, &bytes);
        if nth == FIRST || nth == ALL {
            println!("{}", Memory::of("self").private);
        }
    }
    rig.check();
}

fn as_float(kb: u64) -> f64 {
    f64::from(u32::try_from(kb).unwrap())
}
