//! The wiring: which thread's end is noticed, what becomes of it, and what the
//! link gets of the configuration.

use super::*;
use crate::link::core::{Act, Core};
use crate::link::outbox::Gate;
use crate::link::{Event, Outbox};
use crate::mesh::Now;
use crate::sim::{Handle, Server};

/// Nothing takes longer, however busy the machine.
const SOON: std::time::Duration = std::time::Duration::from_secs(60);

fn quiet_node() -> Handle {
    Server::local(crate::sim::Settings {
        chatter: false,
        own_telemetry: false,
        ..Default::default()
    })
    .unwrap()
}

/// A bot in front of `node`, its link up and its node list read.
fn started(node: &Handle, folder: &tempfile::TempDir, wake: Wake) -> Running {
    let text = format!(
        "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\npath = '{}'\n",
        node.addr().port(),
        folder.path().join("meshbot.db").display(),
    );
    let config = Config::parse(&text, "test.toml").unwrap();
    let around = Around {
        sanity: Sanity::of_build(),
        resolver: lookup::system(),
        right: Box::new(Anybody),
        record: Some(recording::Target {
            path: folder.path().join("recording.jsonl"),
            limit: 1,
        }),
    };
    let running = start_around(&config, all::registry(), around, wake).unwrap();
    node.wait_for(SOON, |node| {
        (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
    })
    .expect("the bot did not ask for the node list");
    running
}

const ALL: [&str; THREADS] = [
    "dispatch", "errand-0", "errand-1", "history", "io", "record", "store",
];

/// A thread whose end nobody learns of would be waited for until the time is up.
#[test]
fn every_thread_tells_of_its_end() {
    let (node, folder) = (quiet_node(), tempfile::tempdir().unwrap());
    let running = started(&node, &folder, Arc::new(|| {}));
    assert_eq!(running.handles.len(), THREADS);
    let stopped = running.stop();
    assert_eq!(stopped.busy, Vec::<String>::new());
    let mut names: Vec<_> = stopped.ended.iter().map(|death| death.name).collect();
    names.sort_unstable();
    assert_eq!(names, ALL);
    assert!(stopped.ended.iter().all(|death| death.panic.is_none()));
}

#[test]
fn a_thread_that_ends_by_itself_ends_the_bot_with_an_error() {
    let (node, folder) = (quiet_node(), tempfile::tempdir().unwrap());
    let stop = Stop::without_signals().unwrap();
    let running = started(&node, &folder, stop.wake());
    // Nobody has asked for that.
    running.outbox.stop();
    let error = supervise(&stop, running, Watchdog::new(None, Instant::now())).unwrap_err();
    assert_eq!(error.to_string(), "thread io ended");
    assert_eq!(error.exit_code(), 1);
}

/// A bot without threads, and the end of each that it watches.
fn pretended() -> (
    Running,
    crossbeam_channel::Sender<Death>,
    crossbeam_channel::Sender<Taken>,
) {
    let (report, deaths) = bounded(THREADS);
    let (refuse, refusals) = bounded(1);
    let (requests, _) = bounded(1);
    let outbox = Outbox::new(
        requests,
        Arc::new(|| {}),
        Gate::new(std::time::Duration::from_secs(3)),
    );
    let running = Running {
        outbox,
        events: bounded(1).0,
        deaths,
        refusals,
        handles: Vec::new(),
        pulses: [Pulse::default(), Pulse::default()],
        unwritten: None,
        died: Vec::new(),
    };
    (running, report, refuse)
}

#[test]
fn whichever_thread_dies_the_bot_ends_with_an_error() {
    for name in ALL {
        for panic in [None, Some("index out of bounds".to_owned())] {
            let stop = Stop::without_signals().unwrap();
            let (running, report, _refuse) = pretended();
            let said = match &panic {
                None => format!("thread {name} ended"),
                Some(panic) => format!("thread {name} panicked: {panic}"),
            };
            report.send(Death { name, panic }).unwrap();
            stop.wake()();
            let error = supervise(&stop, running, Watchdog::new(None, Instant::now()));
            let error = error.unwrap_err();
            assert_eq!((error.to_string(), error.exit_code()), (said, 1));
        }
    }
}

/// The link has ended because of it, but that is not what has to be said.
#[test]
fn a_refusal_is_no_death() {
    let stop = Stop::without_signals().unwrap();
    let (running, report, refuse) = pretended();
    let taken = Taken {
        node: "192.0.2.1:4403".to_owned(),
        process: Some(7),
    };
    refuse.send(taken.clone()).unwrap();
    let (name, panic) = ("io", None);
    report.send(Death { name, panic }).unwrap();
    stop.wake()();
    let error = supervise(&stop, running, Watchdog::new(None, Instant::now())).unwrap_err();
    assert_eq!(
        (error.to_string(), error.exit_code()),
        (taken.to_string(), 75)
    );
}

/// J6: what the watchdog looks at are the rounds of the link and of the bot, and
/// each of the two is asked for one.
#[test]
fn each_loop_is_asked_for_a_round_of_its_own() {
    let (node, folder) = (quiet_node(), tempfile::tempdir().unwrap());
    let running = started(&node, &folder, Arc::new(|| {}));
    let until_turned = |which: usize, before: [u64; 2]| {
        // Whoever waits for the node sleeps; it does nothing meanwhile.
        let moment = std::time::Duration::from_millis(2);
        let end = Instant::now() + SOON;
        while running.beats()[which] == before[which] {
            assert!(Instant::now() < end, "{which} does not turn");
            node.wait_for(moment, |_| None::<()>);
        }
    };
    let before = running.beats();
    running.outbox.beat();
    until_turned(0, before);
    // The link has rounds of its own now and then, but not each time.
    let asks_the_link = (0..20).all(|_| {
        let between = running.beats();
        running.events.try_send(Event::Beat).unwrap();
        until_turned(1, between);
        running.beats()[0] != between[0]
    });
    assert!(!asks_the_link, "the link was not asked");
    let before = running.beats();
    running.ask_for_beats();
    until_turned(0, before);
    until_turned(1, before);
    running.stop();
}

fn configured(text: &str) -> Config {
    Config::parse(text, "test.toml").unwrap()
}

#[test]
fn the_link_gets_what_the_configuration_says() {
    let config = configured(
        "language = \"fr\"\n[node]\nhost = \"::1\"\nport = 4404\nconnect_timeout = \"7s\"\n\
         reconnect_max = \"20s\"\nhandshake = \"full\"\n[bot]\ntext_spacing = \"4s\"",
    );
    let settings = link_settings(&config);
    assert_eq!(settings.endpoint.to_string(), "[::1]:4404");
    assert_eq!(settings.connect_timeout.as_secs(), 7);
    assert_eq!(settings.reconnect_max.as_secs(), 20);
    assert_eq!(settings.session.lang, crate::lang::Lang::Fr);
    assert_eq!(settings.session.handshake, session::Handshake::Full);
    assert_eq!(settings.session.text_spacing.as_secs(), 4);
    assert_eq!(settings.session.sanity, Sanity::of_build());
    let usual = link_settings(&configured("[node]\nhost = \"node\""));
    assert_eq!(usual.endpoint.to_string(), "node:4403");
    assert_eq!(usual.connect_timeout.as_secs(), 10);
    assert_eq!(usual.reconnect_max.as_secs(), 60);
    assert_eq!(usual.session.handshake, session::Handshake::TwoPhase);
    assert_eq!(usual.session.text_spacing.as_millis(), 2_500);
}

/// A4: nobody answers and nobody refuses, for an hour.
#[test]
fn a_connect_that_hangs_is_given_up_and_tried_again() {
    let config = configured(
        "[node]\nhost = \"192.0.2.1\"\nconnect_timeout = \"7s\"\nreconnect_max = \"20s\"",
    );
    let settings = link_settings(&config);
    let gate = Gate::new(settings.session.text_spacing);
    let mut core = Core::new(settings, gate, fastrand::Rng::with_seed(1));
    let mut now = Now::default();
    let (mut begun, mut given_up) = (None::<std::time::Duration>, None::<std::time::Duration>);
    let mut attempts = 0;
    while now.mono.as_secs() < 3_600 {
        core.tick(now);
        while let Some(act) = core.act() {
            match act {
                Act::Connect(address) => {
                    assert_eq!(address.to_string(), "192.0.2.1:4403");
                    assert_eq!(begun.replace(now.mono), None, "two at a time");
                    if let Some(given_up) = given_up {
                        let pause = (now.mono - given_up).as_secs_f64();
                        assert!((0.8..=24.0).contains(&pause), "{pause}");
                    }
                    attempts += 1;
                }
                Act::Close => {
                    let took = now.mono - begun.take().expect("nothing to be closed");
                    assert_eq!(took.as_secs(), 7);
                    given_up = Some(now.mono);
                }
                Act::LookUp => panic!("an address has no need of it"),
            }
        }
        let due = core.deadline().expect("it has given up for good");
        now.mono = due.max(now.mono + std::time::Duration::from_millis(1));
    }
    assert!(attempts > 3_600 / (7 + 24), "{attempts}");
}

#[test]
fn exit_codes_are_what_the_readme_says() {
    let failed = AppError::Failed(String::new());
    let taken = Taken {
        node: String::new(),
        process: None,
    };
    let wrong = Config::parse("", "x.toml").and_then(|config| config.check_host());
    assert_eq!(failed.exit_code(), 1);
    assert_eq!(AppError::Usage(String::new()).exit_code(), 2);
    assert_eq!(AppError::from(taken).exit_code(), 75);
    assert_eq!(AppError::from(wrong.unwrap_err()).exit_code(), 78);
    let full = std::io::Error::other("no descriptors");
    assert_eq!(AppError::from(full).exit_code(), 1);
}

/// Without a history there are two threads fewer and no file.
#[test]
fn who_wants_no_history_has_no_thread_for_it() {
    let node = quiet_node();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\nenabled = false\npath = '{}'\n",
        node.addr().port(),
        folder.path().join("meshbot.db").display(),
    );
    let running = start(&configured(&text), all::registry(), Arc::new(|| {})).unwrap();
    let mut names: Vec<_> = running.stop().ended.iter().map(|it| it.name).collect();
    names.sort_unstable();
    assert_eq!(names, ["dispatch", "errand-0", "errand-1", "io"]);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_link_does_what_the_configuration_says() {
    let text = "node.host = \"radio\"\nnode.port = 4404\nnode.connect_timeout = \"2s\"\n\
        node.reconnect_max = \"2m\"\nnode.handshake = \"full\"\nnode.set_clock = true\n\
        bot.text_spacing = \"7s\"\n";
    let settings = link_settings(&Config::parse(text, "meshbot.toml").unwrap());
    assert_eq!(settings.endpoint.to_string(), "radio:4404");
    assert_eq!(settings.connect_timeout, std::time::Duration::from_secs(2));
    assert_eq!(settings.reconnect_max, std::time::Duration::from_secs(120));
    assert_eq!(
        settings.session.text_spacing,
        std::time::Duration::from_secs(7)
    );
    assert!(settings.session.set_clock);
    assert!(matches!(
        settings.session.handshake,
        session::Handshake::Full
    ));
    let settings = link_settings(&Config::parse("node.host = \"radio\"", "x").unwrap());
    assert_eq!(settings.connect_timeout, std::time::Duration::from_secs(10));
    assert_eq!(settings.reconnect_max, std::time::Duration::from_secs(60));
    assert_eq!(
        settings.session.text_spacing,
        std::time::Duration::from_millis(2_500)
    );
    assert!(!settings.session.set_clock);
    assert!(matches!(
        settings.session.handshake,
        session::Handshake::TwoPhase
    ));
}

#[test]
fn a_command_line_makes_the_node_that_it_asks_for() {
    use crate::cli::{Firmware, Sim};
    use crate::sim::Version;
    let plain = Sim {
        listen: "127.0.0.1:0".parse().unwrap(),
        nodes: 30,
        seed: 7,
        firmware: Firmware::V2_7,
        no_latency: false,
        quiet_mesh: false,
        replay: None,
    };
    let made = sim_settings(&plain);
    assert_eq!(
        (made.nodes, made.seed, made.version),
        (30, 7, Version::V2_7)
    );
    assert_eq!(
        (made.latency, made.chatter, made.own_telemetry),
        (true, true, true)
    );
    let made = sim_settings(&Sim {
        firmware: Firmware::V2_8,
        no_latency: true,
        quiet_mesh: true,
        ..plain
    });
    assert_eq!(made.version, Version::V2_8);
    assert_eq!(
        (made.latency, made.chatter, made.own_telemetry),
        (false, false, false)
    );
}
