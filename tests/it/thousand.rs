//! Every command a thousand times, public and direct, with limits and pacing
//! on: one connection, no reconnection, no text refused by the node (features.md
//! A1, B3, seed.md S11).

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use base64::Engine;
use meshbot::bot::all;
use meshbot::mesh::NodeNum;
use meshbot::sim::{Said, Server, Settings, SimNode};

use crate::support::world::{Options, World};
use crate::support::{logs, weather};

const TIMES: usize = 1_000;

/// A question for each command that everybody may use and that always has
/// something to say.
fn questions(node: &SimNode) -> Vec<(&'static str, String)> {
    all::registry()
        .iter()
        .filter(|command| !command.operator_only && !["more", "back"].contains(&command.name))
        .map(|command| {
            let args = match command.name {
                "echo" => "hello mesh".to_owned(),
                "info" => node.people()[3].num.to_string(),
                "weather" | "rain" | "astro" | "howfar" => "argenteuil".to_owned(),
                _ => String::new(),
            };
            (
                command.name,
                format!("/{} {args}", command.name).trim().to_owned(),
            )
        })
        .collect()
}

fn options() -> Options {
    Options {
        sim: Settings {
            nodes: 249,
            own_telemetry: true,
            ..Settings::default()
        },
        ..Options::default()
    }
}

/// Those whose key our node knows: they can be answered in private.
fn askers(node: &SimNode) -> Vec<NodeNum> {
    let with_key = node
        .people()
        .iter()
        .filter(|person| person.public_key.is_some());
    with_key.map(|person| person.num).collect()
}

#[test]
fn every_command_a_thousand_times() {
    logs::begin();
    let web = weather::web();
    let mut world = World::with(Options {
        weather: weather::services(&web),
        ..options()
    });
    world.settle();
    let questions = questions(&world.node);
    assert!(questions.len() >= 10, "{questions:?}");
    let askers = askers(&world.node);
    assert!(askers.len() > 100);
    let mut asker = askers.iter().cycle();
    let mut answered: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    for _ in 0..TIMES {
        for (name, text) in &questions {
            for public in [true, false] {
                let from = *asker.next().unwrap();
                let said = if public {
                    Said::on_channel(from, 0, text)
                } else {
                    Said::to_us(from, text)
                };
                let id = world.say(said);
                // Sixty in ten minutes are allowed to all together.
                world.run(10_500);
                let answers = world.answers();
                assert_eq!(answers.len(), 1, "{text} public={public}: {answers:?}");
                assert_eq!(answers[0].reply_to, Some(id));
                *answered.entry((name, public)).or_default() += 1;
            }
        }
    }
    assert!(answered.values().all(|&count| count == TIMES));
    let counters = world.node.counters();
    assert_eq!(counters.accepts, 1);
    assert_eq!(counters.texts_rate_limited, 0);
    assert_eq!(counters.naks, 0);
    assert!(counters.smallest_text_gap.unwrap() >= Duration::from_millis(2_300));
    world.run(200_000);
    let tally = world.bot.tally();
    let all = (questions.len() * 2 * TIMES) as u64;
    assert_eq!((tally.answered, tally.good), (all, all));
    assert_eq!((tally.bad, tally.unknown, tally.refused), (0, 0, 0));
    let log = logs::take();
    assert_eq!(logs::count(&log, "TCP reconnect"), 0);
    assert_eq!(logs::count(&log, "TCP connect to"), 1);
}

#[test]
fn the_rest_of_an_answer_a_thousand_times() {
    let mut world = World::with(Options {
        config: "[bot]\npart_limit = 60\nmax_parts = 1\n".to_owned(),
        ..options()
    });
    world.settle();
    let askers = askers(&world.node);
    for (at, &from) in askers.iter().cycle().take(TIMES * 2).enumerate() {
        let say = |text| match at % 2 {
            0 => Said::on_channel(from, 0, text),
            _ => Said::to_us(from, text),
        };
        for text in ["/weather help", "/more"] {
            world.say(say(text));
            world.run(10_500);
            let answers = world.answers();
            assert_eq!(answers.len(), 1, "{text} {at}");
        }
    }
    assert_eq!(world.node.counters().accepts, 1);
}

#[test]
fn the_operator_s_commands_a_thousand_times() {
    let node = SimNode::new(options().sim, World::new().now);
    let operator = &node.people()[0];
    let key = base64::engine::general_purpose::STANDARD.encode(operator.public_key.unwrap());
    let mut world = World::with(Options {
        config: format!("[operator]\nnode = \"{}\"\nkey = \"{key}\"\n", operator.num),
        ..options()
    });
    world.settle();
    for _ in 0..TIMES {
        for text in ["/mute", "/unmute"] {
            let answers = world.ask(Said::to_us(operator.num, text));
            assert_eq!(answers.len(), 1, "{text}");
        }
        assert_eq!(
            world.ask(Said::on_channel(operator.num, 0, "/mute")).len(),
            0
        );
    }
    assert_eq!(world.node.counters().accepts, 1);
}

/// The same over a real socket, as many as fit into the time: five seconds
/// unless `MESHBOT_REAL_SECONDS` says otherwise.
#[test]
fn as_many_as_fit_over_a_real_socket() {
    let seconds = std::env::var("MESHBOT_REAL_SECONDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5);
    let handle = Server::local(options().sim).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let web = weather::web();
    let text = format!(
        "[node]\nhost = \"127.0.0.1\"\nport = {}\n[store]\npath = '{}'\n[weather]\nurl = '{}'\n",
        handle.addr().port(),
        folder.path().join("meshbot.db").display(),
        web.base_url(),
    );
    let config = meshbot::config::Config::parse(&text, "test.toml").unwrap();
    let running =
        meshbot::app::start(&config, all::registry(), std::sync::Arc::new(|| {})).unwrap();
    let soon = Duration::from_secs(20);
    handle
        .wait_for(soon, |node| {
            (node.counters().want_nodes_only > 0 && node.steady()).then_some(())
        })
        .unwrap();
    let (questions, askers) = handle.with(|node, _| (questions(node), askers(node)));
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < Duration::from_secs(seconds) {
        let (_, text) = &questions[count / 2 % questions.len()];
        let from = askers[count % askers.len()];
        let id = handle.with(|node, now| {
            let said = if count % 2 == 0 {
                Said::on_channel(from, 0, text)
            } else {
                Said::to_us(from, text)
            };
            node.hear_text(now, said)
        });
        let reply = handle.wait_for(soon, |node| {
            node.on_air().into_iter().find_map(|sent| {
                let answers = matches!(
                    &sent.packet.payload_variant,
                    Some(meshbot::proto::mesh_packet::PayloadVariant::Decoded(data))
                        if data.reply_id == id.0
                );
                (sent.by_client && answers).then_some(())
            })
        });
        assert!(reply.is_some(), "{text} was not answered");
        count += 1;
    }
    assert!(count >= 2);
    running.stop();
    handle.with(|node, _| {
        assert_eq!(node.counters().accepts, 1);
        assert_eq!(node.counters().texts_rate_limited, 0);
        assert_eq!(node.counters().naks, 0);
    });
}
