//! The real threads over real loopback sockets, as the program runs them.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use meshbot::app;
use meshbot::bot::all;
use meshbot::bot::ask::Ask;
use meshbot::bot::command::{Command, Context, Registry};
use meshbot::bot::reply::Reply;
use meshbot::config::Config;
use meshbot::lang::Text;
use meshbot::net::Guard;
use meshbot::services::http::Http;
use meshbot::sim::web::{Fault, Service, Web};
use meshbot::sim::{Handle, Said, Server, Settings, SimNode};

/// Nothing here takes longer on a sane machine.
const SOON: Duration = Duration::from_secs(20);

fn config(handle: &Handle, folder: &tempfile::TempDir) -> Config {
    let text = format!(
        "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\npath = '{}'\n",
        handle.addr().port(),
        folder.path().join("meshbot.db").display(),
    );
    Config::parse(&text, "test.toml").unwrap()
}

fn node() -> Handle {
    Server::local(Settings::default()).unwrap()
}

/// Waits until the bot has its link and the back-log has drained.
fn wait_until_ready(handle: &Handle) {
    handle
        .wait_for(SOON, |node| {
            (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
        })
        .expect("the bot did not ask for the node list");
}

/// The next text that the bot puts on the air.
fn next_text(handle: &Handle) -> Option<String> {
    handle.wait_for(SOON, |node: &mut SimNode| {
        node.on_air()
            .iter()
            .find(|sent| sent.by_client && sent.text().is_some())
            .and_then(|sent| sent.text().map(str::to_owned))
    })
}

#[test]
fn a_question_is_answered_over_a_real_socket_and_one_connection() {
    let handle = node();
    let folder = tempfile::tempdir().unwrap();
    let running = app::start(&config(&handle, &folder), all::registry(), Arc::new(|| {})).unwrap();
    wait_until_ready(&handle);
    for _ in 0..2 {
        handle.with(|node, now| {
            let alice = node.people()[0].num;
            node.hear_text(now, Said::on_channel(alice, 0, "/ping"));
        });
        assert!(next_text(&handle).unwrap().contains("pong"));
    }
    running.stop();
    handle.with(|node, _| {
        assert_eq!(node.counters().accepts, 1);
        assert_eq!(node.counters().disconnects, 1);
        let gap = node.counters().smallest_text_gap.unwrap();
        assert!(gap >= Duration::from_millis(2_300), "{gap:?}");
    });
}

#[test]
fn the_history_is_looked_up_by_a_thread_of_its_own() {
    let handle = node();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&handle, &folder);
    let running = app::start(&config, all::registry(), Arc::new(|| {})).unwrap();
    wait_until_ready(&handle);
    handle.with(|node, now| {
        let alice = node.people()[0].num;
        node.hear_text(now, Said::to_us(alice, "/stats"));
    });
    let said = next_text(&handle).unwrap();
    assert!(
        said.starts_with("📈 1 min · ") && said.contains(" packet"),
        "{said}"
    );
    let began = Instant::now();
    running.stop();
    assert!(began.elapsed() < Duration::from_secs(2));
}

/// Asks a server that never answers; exists only here.
const HANG: Command = Command {
    name: "hang",
    usage: Some(Text::UsageText),
    summary: Text::HelpPing,
    run: Some(hang),
    ..Command::BASE
};

fn hang(ask: &Ask, _: &mut Context<'_>, reply: &mut Reply<'_>) {
    let url = ask.args.clone();
    reply.errand(
        Duration::from_secs(30),
        Box::new(move || match Http::new(&Guard::of_nobody()).get(&url) {
            Ok(body) => body,
            Err(error) => error.to_string(),
        }),
    );
}

#[test]
fn a_hung_server_delays_nobody_and_does_not_hold_up_the_end() {
    // C22 and the end within 2 s.
    let stub = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", stub.local_addr().unwrap());
    let handle = node();
    let folder = tempfile::tempdir().unwrap();
    let mut registry: Registry = all::registry();
    registry.push(HANG);
    let running = app::start(&config(&handle, &folder), registry, Arc::new(|| {})).unwrap();
    wait_until_ready(&handle);
    handle.with(|node, now| {
        for person in 0..2 {
            let asker = node.people()[person].num;
            node.hear_text(now, Said::to_us(asker, &format!("/hang {url}")));
        }
    });
    // Both workers are on the line, and nobody answers there.
    let calls: Vec<_> = (0..2).map(|_| stub.accept().unwrap()).collect();
    let asked = Instant::now();
    handle.with(|node, now| {
        let alice = node.people()[2].num;
        for id in 0..500 {
            let packet = meshbot::proto::MeshPacket {
                from: alice.0,
                to: u32::MAX,
                id: 10_000 + id,
                ..Default::default()
            };
            node.force(now, packet);
        }
        node.hear_text(now, Said::on_channel(alice, 0, "/ping"));
    });
    assert!(next_text(&handle).unwrap().contains("pong"));
    let answered = asked.elapsed();
    assert!(answered < Duration::from_secs(1), "{answered:?}");
    let stopping = Instant::now();
    running.stop();
    let stopped = stopping.elapsed();
    assert!(stopped < Duration::from_secs(2), "{stopped:?}");
    drop(calls);
}

/// Issue of the weather, point 3: both services hang, and nobody but the asker
/// notices. C22.
#[test]
fn hung_weather_delays_nobody() {
    let web = Web::start().unwrap();
    for service in [Service::Forecast, Service::Wttr] {
        web.set_fault(service, Some(Fault::Hang));
    }
    let handle = node();
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&handle, &folder);
    config.weather.url = web.base_url();
    let running = app::start(&config, all::registry(), Arc::new(|| {})).unwrap();
    wait_until_ready(&handle);
    handle.with(|node, now| {
        for (person, place) in ["paris", "london", "sydney"].iter().enumerate() {
            let asker = node.people()[person].num;
            node.hear_text(now, Said::to_us(asker, &format!("/weather {place}")));
        }
    });
    // Both workers are on the line.
    assert!(web.wait_for(Service::Forecast, 2, SOON));
    let asked = Instant::now();
    handle.with(|node, now| {
        let alice = node.people()[4].num;
        node.hear_text(now, Said::on_channel(alice, 0, "/ping"));
    });
    assert!(next_text(&handle).unwrap().contains("pong"));
    let answered = asked.elapsed();
    assert!(answered < Duration::from_secs(1), "{answered:?}");
    // Let go, they answer, and the next request works.
    for service in [Service::Forecast, Service::Wttr] {
        web.set_fault(service, None);
    }
    web.release();
    let mut places = BTreeSet::new();
    while places.len() < 3 {
        let text = next_text(&handle).unwrap();
        let place = ["Paris", "London", "Sydney"]
            .into_iter()
            .find(|place| text.contains(place));
        places.insert(place.unwrap_or_else(|| panic!("{text}")));
    }
    running.stop();
    handle.with(|node, _| assert_eq!(node.counters().accepts, 1));
    assert!(folder.path().join("meshbot.weather").exists());
}

#[test]
fn the_first_answer_comes_right_after_the_start() {
    let handle = node();
    let folder = tempfile::tempdir().unwrap();
    let config = config(&handle, &folder);
    let started = Instant::now();
    // A fresh build has no clock that is provably right yet.
    let sanity = meshbot::mesh::Sanity { built: 1 };
    let running = app::start_trusting(&config, all::registry(), sanity, Arc::new(|| {})).unwrap();
    handle
        .wait_for(SOON, |node| node.steady().then_some(()))
        .expect("no handshake");
    handle.with(|node, now| {
        let alice = node.people()[0].num;
        node.hear_text(now, Said::on_channel(alice, 0, "/ping"));
    });
    assert!(next_text(&handle).unwrap().contains("pong"));
    let took = started.elapsed();
    if std::env::var_os("MESHBOT_FIGURES").is_some() {
        eprintln!("start to first answer: {took:?}");
    }
    assert!(took < Duration::from_secs(1), "{took:?}");
    running.stop();
}
