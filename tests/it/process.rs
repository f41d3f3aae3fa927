//! The program among the others of its machine: signals, terminals, limits.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use meshbot::sim::{Handle, Said, Server, Settings};
use rustix::process::{Resource, Rlimit, Signal, prlimit};

use crate::support::program::{Program, SOON, configured, ignoring, in_front_of, limited, meshbot};

fn node() -> Handle {
    Server::local(Settings::default()).unwrap()
}

/// Waits until the bot has its link and the back-log has drained.
fn settle(node: &Handle) {
    node.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .expect("the bot did not ask for the node list");
}

/// Somebody asks on the channel; whether he is answered.
fn is_answered(node: &Handle, line: &str) -> bool {
    node.with(|node, now| {
        let _ = node.on_air();
        let alice = node.people()[0].num;
        node.hear_text(now, Said::on_channel(alice, 0, line));
    });
    node.wait_for(SOON, |node| {
        let sent = node.on_air();
        let mut texts = sent.iter().filter(|sent| sent.by_client);
        texts.find(|sent| sent.text().is_some()).map(drop)
    })
    .is_some()
}

/// A closed terminal, somebody's wrong `kill`, a program that sends what another
/// one wants: none of it is meant as the end.
#[test]
fn a_signal_that_means_nothing_ends_nothing() {
    let node = node();
    let (_folder, path) = configured(&in_front_of(&node));
    let program = Program::run_until(&path, "Link ready");
    settle(&node);
    for signal in [
        Signal::HUP,
        Signal::USR1,
        Signal::USR2,
        Signal::PIPE,
        Signal::IO,
        Signal::XFSZ,
    ] {
        program.signal(signal);
    }
    assert!(is_answered(&node, "/ping"));
    node.with(|node, _| assert_eq!(node.counters().accepts, 1));
    assert_eq!(program.terminate().1, Some(0));
}

#[test]
fn limits_of_time_and_a_failing_power_supply_end_it_in_order() {
    let all: Vec<_> = [
        Signal::INT,
        Signal::ALARM,
        Signal::VTALARM,
        Signal::PROF,
        Signal::XCPU,
        Signal::POWER,
    ]
    .into_iter()
    .map(|signal| {
        let node = node();
        let (folder, path) = configured(&in_front_of(&node));
        let program = Program::start(meshbot(&["run", "--config", &path]).stderr(Stdio::null()));
        (signal, node, program, folder)
    })
    .collect();
    for (signal, node, program, _folder) in all {
        settle(&node);
        let (took, code) = program.end_by(signal);
        assert_eq!(code, Some(0), "{signal:?}");
        assert!(took < Duration::from_secs(2), "{signal:?}: {took:?}");
        node.with(|node, _| assert_eq!(node.counters().disconnects, 1, "{signal:?}"));
    }
}

/// The log cannot be written any more, and the bot goes on.
#[test]
fn a_terminal_that_is_closed_does_not_end_the_bot() {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let screen = std::fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().unwrap())
        .unwrap();
    let node = node();
    let (_folder, path) = configured(&in_front_of(&node));
    let program = Program::start(
        meshbot(&["run", "--config", &path])
            .stdin(screen.try_clone().unwrap())
            .stdout(screen.try_clone().unwrap())
            .stderr(screen),
    );
    settle(&node);
    drop(terminal);
    program.signal(Signal::HUP);
    for _ in 0..2 {
        assert!(is_answered(&node, "/ping"));
    }
    node.with(|node, _| assert_eq!(node.counters().accepts, 1));
    assert_eq!(program.terminate().1, Some(0));
}

/// What somebody watches ends with his terminal, unless he has said `nohup`.
#[test]
fn what_is_watched_ends_with_its_terminal() {
    let begin = |mut program: Program| {
        let mut lines = BufReader::new(program.stdout.take().unwrap()).lines();
        let line = lines.next().unwrap().unwrap();
        let (_, address) = line.split_once("listening on ").unwrap();
        (program, address.to_owned())
    };
    let args = ["sim", "--listen", "127.0.0.1:0"];
    // Whoever runs the tests under `nohup` has said it for all that they start.
    if !meshbot::signals::is_ignored(Signal::HUP.as_raw()) {
        let (watched, _) = begin(Program::start(meshbot(&args).stdout(Stdio::piped())));
        assert_eq!(watched.end_by(Signal::HUP).1, Some(0));
    }

    let (left, address) = begin(Program::start(
        ignoring("HUP", &args).stdout(Stdio::piped()),
    ));
    left.signal(Signal::HUP);
    let folder = tempfile::tempdir().unwrap();
    let asked = meshbot(&["ask", &address, "info"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&asked.stderr);
    assert_eq!(asked.status.code(), Some(0), "{said}");
    assert_eq!(left.terminate().1, Some(0));
}

/// With no file at all, and with one that may not grow any more.
#[test]
fn a_limit_of_file_sizes_costs_the_history_and_not_the_bot() {
    for (from_the_start, sentence) in [
        (true, "the bot goes on without a history"),
        (false, "the history cannot be written"),
    ] {
        let node = node();
        let (_folder, path) = configured(&in_front_of(&node));
        let args = ["run", "--config", &path];
        let mut command = match from_the_start {
            true => limited(0, &args),
            false => meshbot(&args),
        };
        let mut program = Program::start(command.stderr(Stdio::piped()));
        let log = program.hear();
        settle(&node);
        let nothing = Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        prlimit(Some(program.pid()), Resource::Fsize, nothing).unwrap();
        assert!(is_answered(&node, "/ping"), "{sentence}");
        node.with(|node, _| assert_eq!(node.counters().accepts, 1));
        assert_eq!(program.terminate().1, Some(0), "{sentence}");
        let log = log.join().unwrap();
        assert_eq!(log.matches(sentence).count(), 1, "{log}");
    }
}

/// A copy that is too large is an error, and no half a copy.
#[test]
fn a_copy_beyond_the_limit_of_file_sizes_is_an_error() {
    let node = node();
    let (folder, path) = configured(&in_front_of(&node));
    let program = Program::run_until(&path, "Link ready");
    settle(&node);
    assert_eq!(program.terminate().1, Some(0));
    let copy = folder.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let args = ["db", "backup", copy, "--config", &path];
    let output = limited(8, &args).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{:?}", output.status);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(!std::path::Path::new(copy).exists());
}

// ---------------------------------------------------------- one bot for a node

/// Runs it until it ends by itself: its exit code and what it said.
fn refused(config: &str) -> (Option<i32>, String) {
    let mut program = Program::start(meshbot(&["run", "--config", config]).stderr(Stdio::piped()));
    let said = program.hear_its_end();
    (program.code(), said)
}

/// P4: as a person does who forgot the service.
#[test]
fn a_second_bot_in_front_of_a_node_is_refused_before_it_connects() {
    let node = node();
    let (_folder, path) = configured(&in_front_of(&node));
    let first = Program::run_until(&path, "Link ready");
    settle(&node);
    let port = node.addr().port();
    for (host, lines) in [("127.0.0.1", 1), ("::ffff:127.0.0.1", 1), ("localhost", 9)] {
        let host = format!("[node]\nhost = \"{host}\"\nport = {port}");
        let (folder, path) = configured(&host);
        let checked = meshbot(&["check", "--config", &path]).output().unwrap();
        assert!(checked.status.success(), "check is not concerned");
        let (code, said) = refused(&path);
        assert_eq!(code, Some(75), "{said}");
        let last = said.lines().last().unwrap();
        let sentence = format!(
            "meshbot: 127.0.0.1:{port} has another meshbot on this machine in front of it, \
             process {}: a node has one client, so stop that one first, with systemctl stop \
             meshbot or kill {}",
            first.id(),
            first.id()
        );
        assert_eq!(last, sentence);
        assert!(said.lines().count() <= lines, "{said}");
        if lines == 1 {
            assert!(!folder.path().join("meshbot.db").exists());
        }
    }
    // Whoever only wants to ask it something would throw the bot out as well.
    let folder = tempfile::tempdir().unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let asked = meshbot(&["ask", &format!("{host}:{port}"), "info"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(asked.status.code(), Some(1), "{host}");
        let said = String::from_utf8(asked.stderr).unwrap();
        let sentence = format!("in front of it, process {}:", first.id());
        assert!(said.contains(&sentence), "{said}");
    }
    assert!(is_answered(&node, "/ping"));
    node.with(|node, _| assert_eq!(node.counters().accepts, 1));
    // Whatever it dies of, its place is free at once.
    assert_eq!(first.end_by(Signal::KILL).1, None);
    let second = Program::run_until(&path, "Link ready");
    assert_eq!(second.terminate().1, Some(0));
}

/// The same node under another address is known when it tells its number.
#[test]
fn a_second_bot_gives_way_when_it_meets_the_other_one_s_node() {
    let first_node = node();
    let port = first_node.addr().port();
    let server = Server::bind(&format!("127.0.0.2:{port}")).unwrap();
    let same = meshbot::sim::SimNode::new(Settings::default(), server.now());
    let same = server.start(same).unwrap();
    let (_folder, path) = configured(&in_front_of(&first_node));
    let first = Program::run_until(&path, "Link ready");
    let (_other, path) = configured(&format!("[node]\nhost = \"127.0.0.2\"\nport = {port}"));
    let (code, said) = refused(&path);
    assert_eq!(code, Some(75), "{said}");
    let last = said.lines().last().unwrap();
    let about = format!("meshbot: the node !a1b2c3d4 at 127.0.0.2:{port} has another meshbot");
    assert!(last.starts_with(&about), "{said}");
    assert!(last.contains(&format!("process {}:", first.id())), "{said}");
    same.wait_for(SOON, |node| (node.counters().open == 0).then_some(()));
    same.with(|node, _| {
        assert_eq!(node.counters().accepts, 1);
        assert_eq!(node.counters().disconnects, 1);
    });
    assert!(is_answered(&first_node, "/ping"));
    assert_eq!(first.terminate().1, Some(0));
}

// -------------------------------------------------------------- threads that die

/// The link's poll takes two descriptors; a process that may have one only
/// cannot wait any more, and its thread ends.
#[test]
fn a_thread_that_dies_ends_the_program_with_1() {
    let node = node();
    let (_folder, path) = configured(&in_front_of(&node));
    let mut program = Program::start(meshbot(&["run", "--config", &path]).stderr(Stdio::piped()));
    settle(&node);
    let one = Rlimit {
        current: Some(1),
        maximum: Some(1),
    };
    prlimit(Some(program.pid()), Resource::Nofile, one).unwrap();
    node.with(|node, now| {
        let alice = node.people()[0].num;
        node.hear_text(now, Said::on_channel(alice, 0, "good morning"));
    });
    let said = program.hear_its_end();
    assert_eq!(program.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap();
    assert!(
        last.starts_with("meshbot: thread io panicked: poll failed"),
        "{said}"
    );
}

/// Stands for systemd at `path`; says how often the watchdog was fed before the
/// question.
fn counted(path: &std::path::Path) -> impl Fn() -> usize {
    let socket = UnixDatagram::bind(path).unwrap();
    let (told, tells) = crossbeam_channel::bounded(1);
    // A queue that nobody reads would hold up whoever writes to it.
    std::thread::spawn(move || {
        let (mut bytes, mut fed) = ([0; 1_024], 0);
        while let Ok(length) = socket.recv(&mut bytes) {
            match &bytes[..length] {
                b"how often?" if told.send(fed).is_err() => return,
                it => fed += usize::from(it.starts_with(b"WATCHDOG=1")),
            }
        }
    });
    let (asker, path) = (UnixDatagram::unbound().unwrap(), path.to_owned());
    move || {
        asker.send_to(b"how often?", &path).unwrap();
        tells.recv_timeout(SOON).unwrap()
    }
}

/// J6. The operator's order is put away by the thread of the commands itself; a
/// pipe in the place of the file holds it for ever.
#[test]
fn a_thread_that_hangs_does_not_reassure_systemd() {
    let node = node();
    let key = "ERERERERERERERERERERERERERERERERERERERERERE=";
    let (folder, path) = configured(&format!(
        // Below `debug` the log says it once in ten minutes.
        "{}\n[operator]\nnode = \"!0e1f0b03\"\nkey = \"{key}\"\n[log]\nlevel = \"debug\"",
        in_front_of(&node)
    ));
    let config = meshbot::config::Config::load(std::path::Path::new(&path)).unwrap();
    let operator = config.operator.unwrap();
    node.with(|node, _| meshbot::demo::air::cast_operator(node, &operator));
    let pipe = folder.path().join("meshbot.state.new-dispatch");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let notify = folder.path().join("notify");
    let fed = counted(&notify);
    let mut program = Program::start(
        meshbot(&["run", "--config", &path])
            .env("NOTIFY_SOCKET", &notify)
            .env("WATCHDOG_USEC", "300000")
            .stderr(Stdio::piped()),
    );
    settle(&node);
    node.with(|node, now| {
        node.hear_text(now, Said::to_us(operator.node, "/mute"));
    });
    let stuck = "a thread does not turn any more; systemd is not reassured";
    let mut lines = BufReader::new(program.stderr.take().unwrap()).lines();
    let mut until_stuck = || {
        let stuck = lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(stuck)));
        stuck.expect("the program ended").unwrap();
    };
    until_stuck();
    let before = fed();
    assert!(before > 0, "before, it was reassured");
    until_stuck();
    until_stuck();
    assert_eq!(fed(), before);
    std::thread::spawn(move || lines.for_each(drop));
    let (took, code) = program.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
}

// ------------------------------------------------------- what others see of it

/// The inodes of its sockets.
fn sockets(program: &Program) -> Vec<String> {
    let links = std::fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap();
    links
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            let link = link.to_str()?.strip_prefix("socket:[")?;
            link.strip_suffix(']').map(str::to_owned)
        })
        .collect()
}

/// Where it can be reached: as the kernel lists it (proc_pid_net(5)).
fn open_doors(program: &Program) -> Vec<String> {
    let own = sockets(program);
    let mut doors = Vec::new();
    for table in ["tcp", "tcp6", "udp", "udp6", "raw", "raw6", "unix"] {
        for line in program.proc(&format!("net/{table}")).lines().skip(1) {
            let cells: Vec<_> = line.split_whitespace().collect();
            let (inode, is_open) = match table {
                "tcp" | "tcp6" => (cells[9], cells[3] == "0A"),
                // Flags: somebody may connect.
                "unix" => (cells[6], cells[3] == "00010000"),
                _ => (cells[9], true),
            };
            if is_open && own.iter().any(|own| own == inode) {
                doors.push(format!("{table} {line}"));
            }
        }
    }
    doors
}

/// Processes that it has started.
fn children(program: &Program) -> Vec<String> {
    let parent = format!("PPid:\t{}", program.id());
    let all = std::fs::read_dir("/proc").unwrap();
    all.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("status")).ok())
        .filter(|status| status.lines().any(|line| line == parent))
        .collect()
}

/// Voluntary context switches so far, by the thread's name.
fn switches(program: &Program) -> std::collections::BTreeMap<String, u64> {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", program.id())).unwrap();
    let read = |task: &std::path::Path, file| std::fs::read_to_string(task.join(file)).unwrap();
    tasks
        .map(|task| {
            let task = task.unwrap().path();
            let status = read(&task, "status");
            let count = status.lines().find_map(|line| {
                let count = line.strip_prefix("voluntary_ctxt_switches:")?;
                count.trim().parse().ok()
            });
            (read(&task, "comm").trim().to_owned(), count.unwrap())
        })
        .collect()
}

/// L3 and I6. While the second of two answers waits for its turn, 2.5 s, nobody
/// has anything to do.
#[test]
fn it_has_no_open_door_and_no_child_and_does_not_stir() {
    let node = Server::local(Settings {
        chatter: false,
        own_telemetry: false,
        ..Settings::default()
    })
    .unwrap();
    let (_folder, path) = configured(&in_front_of(&node));
    let program = Program::run_until(&path, "Link ready");
    settle(&node);
    node.with(|node, now| {
        for (asker, line) in [(0, "/stats"), (1, "/ping")] {
            let asker = node.people()[asker].num;
            node.hear_text(now, Said::to_us(asker, line));
        }
    });
    let next = || {
        node.wait_for(SOON, |node| {
            let sent = node.on_air();
            let mut texts = sent.iter().filter(|sent| sent.by_client);
            texts.find(|sent| sent.text().is_some()).map(drop)
        })
        .expect("no answer");
        switches(&program)
    };
    let (before, after) = (next(), next());
    assert_eq!(open_doors(&program), Vec::<String>::new());
    assert_eq!(children(&program), Vec::<String>::new());
    let names: Vec<_> = before.keys().map(String::as_str).collect();
    let all = [
        "dispatch", "errand-0", "errand-1", "history", "io", "meshbot", "store",
    ];
    assert!(all.iter().all(|name| names.contains(name)), "{names:?}");
    for (name, count) in &after {
        let most = match name.as_str() {
            // The acknowledgements of the first, the node's word on its queue, the
            // writing of the second.
            "io" | "dispatch" => 12,
            // Somebody logs.
            _ => 4,
        };
        let woken = count - before.get(name).unwrap_or(&0);
        assert!(
            woken <= most,
            "{name}: {woken} in 2.5 s; {before:?} {after:?}"
        );
    }
    assert_eq!(program.terminate().1, Some(0));
}

// -------------------------------------------------------------- what it leaves

/// A20: in the middle of an answer in parts.
#[test]
fn the_end_in_the_middle_of_an_answer_leaves_a_sound_history() {
    let node = node();
    let (folder, path) = configured(&format!("{}\n[bot]\npart_limit = 60", in_front_of(&node)));
    let program = Program::run_until(&path, "Link ready");
    settle(&node);
    node.with(|node, now| {
        let alice = node.people()[0].num;
        node.hear_text(now, Said::to_us(alice, "SOS"));
    });
    let first = node.wait_for(SOON, |node| {
        let sent = node.on_air();
        let mut texts = sent.iter().filter(|sent| sent.by_client);
        texts.find_map(|sent| sent.text().map(str::to_owned))
    });
    assert!(first.unwrap().starts_with("(1/3) "));
    let (took, code) = program.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(2), "{took:?}");
    node.wait_for(SOON, |node| (node.counters().open == 0).then_some(()))
        .unwrap();
    node.with(|node, _| {
        assert_eq!(node.counters().texts_accepted, 1);
        assert_eq!(node.counters().disconnects, 1);
    });
    // Written to the end: nothing waits in a log.
    assert!(!folder.path().join("meshbot.db-wal").exists());
    let stats = meshbot(&["db", "stats", "--config", &path])
        .output()
        .unwrap();
    assert!(stats.status.success());
    let stats = String::from_utf8_lossy(&stats.stdout).into_owned();
    assert!(stats.contains("heard by  !a1b2c3d4"), "{stats}");
}

/// I7: without a history nothing is written anywhere, whatever is asked of it.
#[test]
fn without_a_history_nothing_at_all_is_written() {
    let node = node();
    let folder = tempfile::tempdir().unwrap();
    let (_elsewhere, path) = configured(&format!(
        "{}\n[operator]\nnode = \"!0e1f0b03\"\n\
         key = \"ERERERERERERERERERERERERERERERERERERERERERE=\"",
        in_front_of(&node)
    ));
    let text = std::fs::read_to_string(&path).unwrap();
    let (text, _) = text.split_once("path =").unwrap();
    std::fs::write(
        &path,
        format!("{text}enabled = false\npath = \"meshbot.db\"\n"),
    )
    .unwrap();
    let config = meshbot::config::Config::load(std::path::Path::new(&path)).unwrap();
    let operator = config.operator.unwrap();
    node.with(|node, _| meshbot::demo::air::cast_operator(node, &operator));
    let program = Program::start(
        meshbot(&["run", "--config", &path])
            .current_dir(folder.path())
            .env("TMPDIR", folder.path())
            .env("HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    settle(&node);
    assert!(is_answered(&node, "/astro 48.85,2.35"));
    node.with(|node, now| {
        let _ = node.on_air();
        node.hear_text(now, Said::to_us(operator.node, "/mute"))
    });
    let muted = node.wait_for(SOON, |node| {
        let sent = node.on_air();
        sent.iter()
            .find(|sent| sent.by_client && sent.text().is_some())
            .map(drop)
    });
    assert!(muted.is_some());
    // Nothing is open for writing but the log.
    let own: Vec<_> = std::fs::read_dir(format!("/proc/{}/fd", program.id()))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|link| {
            link.starts_with("/") && !link.starts_with("/dev") && !link.starts_with("/proc")
        })
        .collect();
    assert_eq!(own, Vec::<std::path::PathBuf>::new());
    assert_eq!(program.terminate().1, Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// I7: nobody at all, not even root, can make a file in `/sys/kernel`.
#[test]
fn where_nothing_can_be_written_the_bot_warns_and_goes_on() {
    let node = node();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meshbot.toml");
    let text = format!(
        "{}\n[store]\npath = \"/sys/kernel/meshbot.db\"\n",
        in_front_of(&node)
    );
    std::fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    let mut program = Program::start(meshbot(&["run", "--config", &path]).stderr(Stdio::piped()));
    let log = program.hear();
    settle(&node);
    for line in ["/ping", "/astro 48.85,2.35"] {
        assert!(is_answered(&node, line), "{line}");
    }
    assert_eq!(program.terminate().1, Some(0));
    let log = log.join().unwrap();
    assert_eq!(
        log.matches("the bot goes on without a history").count(),
        1,
        "{log}"
    );
    assert!(!log.contains("[ERROR]"), "{log}");
}
