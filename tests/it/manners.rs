//! What a mesh sees of the bot: the right answer, once, in the right place, at
//! a bearable pace (features.md rows B and C, seed.md).

use std::time::Duration;

use meshbot::bot::all;
use meshbot::lang::Lang;
use meshbot::mesh::NodeNum;
use meshbot::proto::{self, mesh_packet};
use meshbot::sim::{Fault, Said};

use crate::support::logs;
use crate::support::world::{Options, World};

#[test]
fn a_public_question_is_answered_where_it_was_asked() {
    // B11, B12, B15: same channel, threaded, two hops more than it came.
    let mut world = World::ready();
    let alice = world.person(0);
    let said = Said::on_channel(alice, 1, "/ping").hops(1);
    let id = world.say(said);
    world.run(3_000);
    let answers = world.answers();
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].to, NodeNum::BROADCAST);
    assert_eq!(answers[0].channel, 1);
    assert_eq!(answers[0].reply_to, Some(id));
    assert_eq!(answers[0].hop_limit, 3);
    assert!(answers[0].text.contains("1 hop"), "{}", answers[0].text);
}

#[test]
fn a_direct_question_is_answered_to_its_sender_alone() {
    let mut world = World::ready();
    let alice = world.person(0);
    let answers = world.ask(Said::to_us(alice, "ping"));
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].to, alice);
}

#[test]
fn the_same_packet_is_answered_once_whatever_happens_in_between() {
    // C1, Z6: the node delivers it past its own duplicate filter.
    let mut world = World::ready();
    let packet = proto::MeshPacket {
        from: world.person(0).0,
        to: NodeNum::BROADCAST.0,
        id: 0x1234_5678,
        hop_start: 3,
        hop_limit: 3,
        rx_rssi: Some(-80),
        transport_mechanism: 1,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: 1,
            payload: b"/ping".to_vec(),
            bitfield: Some(1),
            ..Default::default()
        })),
        ..Default::default()
    };
    let again = |world: &mut World| {
        world.node.force(world.now, packet.clone());
        world.run(6_000);
        world.answers().len()
    };
    assert_eq!(again(&mut world), 1);
    assert_eq!(again(&mut world), 0);
    world.fault(Fault::Drop);
    world.run(10_000);
    assert!(world.core.session().is_ready());
    assert_eq!(again(&mut world), 0);
    world.run(30 * 60_000);
    assert_eq!(again(&mut world), 0);
}

#[test]
fn many_answers_at_once_keep_their_distance_and_none_is_refused() {
    // B3: 20 concurrent answers.
    let mut world = World::ready();
    let people: Vec<_> = world
        .node
        .people()
        .iter()
        .map(|person| person.num)
        .collect();
    let mut asked = 0;
    for &person in people.iter().cycle().take(20) {
        world.say(Said::on_channel(person, 0, "/ping"));
        asked += 1;
    }
    world.run(70_000);
    let answers = world.answers();
    assert_eq!(answers.len(), asked);
    let counters = world.node.counters();
    assert_eq!(counters.texts_rate_limited, 0);
    assert!(counters.smallest_text_gap.unwrap() >= Duration::from_millis(2_300));
}

#[test]
fn the_log_tells_a_healthy_broadcast() {
    // S2, S4, S10.
    for (language, lines) in [
        (
            "en",
            [
                "📡 Broadcast /ping via the shared link...",
                "🔖 Broadcast tracked: ",
                "✅ Broadcast /ping sent",
            ],
        ),
        (
            "fr",
            [
                "📡 Broadcast /ping via interface partagée...",
                "🔖 Broadcast tracké: ",
                "✅ Broadcast /ping diffusé",
            ],
        ),
    ] {
        logs::begin();
        let mut world = World::configured(&format!("language = \"{language}\"\n"));
        world.settle();
        logs::take();
        let alice = world.person(0);
        let answers = world.ask(Said::on_channel(alice, 0, "/ping"));
        let log = logs::take();
        let mut rest = log.iter().map(|(_, line)| line.as_str());
        for line in lines {
            assert!(
                rest.any(|logged| logged.starts_with(line)),
                "{line}: {log:?}"
            );
        }
        // Somebody repeats it within a minute, with his own number.
        let bob = world.person(1);
        assert_eq!(
            world.ask(Said::on_channel(bob, 0, &answers[0].text)).len(),
            0
        );
        let ours = if language == "en" {
            "🔄 Broadcast ignored (ours): "
        } else {
            "🔄 Broadcast ignoré (envoyé par nous): "
        };
        assert_eq!(logs::count(&logs::take(), ours), 1);
    }
}

/// seed.md S10: every line of the contract at its level, in all languages, in the
/// order in which a bad day brings them.
#[test]
fn the_log_contract_holds_in_all_languages_and_at_all_levels() {
    use log::Level::{Debug, Error, Info, Warn};
    let contract = [
        (Info, "🔌 TCP connect to ", "🔌 Connexion TCP à "),
        (Info, "✅ Link ready: ", "✅ Interface prête: "),
        (
            Debug,
            "📡 Broadcast /ping x via the shared link...",
            "📡 Broadcast /ping x via interface partagée...",
        ),
        (Debug, "🔖 Broadcast tracked: ", "🔖 Broadcast tracké: "),
        (
            Info,
            "✅ Broadcast /ping x sent",
            "✅ Broadcast /ping x diffusé",
        ),
        (
            Debug,
            "🔄 Broadcast ignored (ours): ",
            "🔄 Broadcast ignoré (envoyé par nous): ",
        ),
        (
            Error,
            "❌ Broadcast /ping failed: DUTY_CYCLE_LIMIT",
            "❌ Échec broadcast /ping: DUTY_CYCLE_LIMIT",
        ),
        (
            Warn,
            "🔌 TCP link lost: closed by the node",
            "🔌 Socket TCP mort: closed by the node",
        ),
        (
            Error,
            "❌ Link unavailable for broadcast /ping y",
            "❌ Interface non disponible pour broadcast /ping y",
        ),
        (Info, "🔄 TCP reconnect #1 to ", "🔄 Reconnexion TCP #1 à "),
        (Info, "✅ Link ready: ", "✅ Interface prête: "),
    ];
    for lang in Lang::ALL {
        let language = lang.code();
        logs::begin();
        let mut world = World::configured(&format!("language = \"{language}\"\n"));
        world.settle();
        let [alice, bob] = [0, 1].map(|index| world.person(index));
        let answers = world.ask(Said::on_channel(alice, 0, "/ping x"));
        world.ask(Said::on_channel(bob, 0, &answers[0].text));
        world.run(60_000);
        world.fault(Fault::RefuseTexts(
            meshbot::proto::routing::Error::DutyCycleLimit,
        ));
        world.ask(Said::on_channel(alice, 0, "/ping"));
        world.run(60_000);
        world.say(Said::on_channel(bob, 0, "/ping y"));
        world.lose_before_answer();
        world.run(60_000);
        let log = logs::take();
        let mut lines = log.iter();
        for (level, en, fr) in contract {
            let line = if lang == Lang::Fr { fr } else { en };
            assert!(
                lines.any(|(at, logged)| *at == level && logged.starts_with(line)),
                "{level} {line}: {log:#?}"
            );
        }
        // No line of the other language, and no sign at another level.
        for (_, en, fr) in contract {
            let foreign = if lang == Lang::Fr { en } else { fr };
            assert_eq!(logs::count(&log, foreign), 0);
        }
    }
}

#[test]
fn without_a_link_nothing_is_sent_and_the_log_says_so() {
    // S3: the question arrives, and the link dies before the answer is given.
    logs::begin();
    let mut world = World::ready();
    let alice = world.person(0);
    world.say(Said::on_channel(alice, 0, "/ping"));
    world.lose_before_answer();
    world.off = true;
    world.run(1_000);
    assert_eq!(world.answers().len(), 0);
    let log = logs::take();
    assert_eq!(
        logs::count(&log, "❌ Link unavailable for broadcast /ping"),
        1,
        "{log:?}"
    );
    assert_eq!(world.node.counters().accepts, 1);
}

#[test]
fn a_refused_text_goes_again_and_arrives_once() {
    // B6.
    let mut world = World::ready();
    let alice = world.person(0);
    world.fault(Fault::RefuseTexts(
        meshbot::proto::routing::Error::RateLimitExceeded,
    ));
    world.say(Said::on_channel(alice, 0, "/ping"));
    world.run(12_000);
    assert_eq!(world.answers().len(), 1);
    assert_eq!(world.node.counters().ids_repeated, 0);
}

#[test]
fn a_duty_cycle_refusal_is_final_and_named() {
    // B6, S6.
    logs::begin();
    let mut world = World::ready();
    let alice = world.person(0);
    world.fault(Fault::RefuseTexts(
        meshbot::proto::routing::Error::DutyCycleLimit,
    ));
    world.say(Said::on_channel(alice, 0, "/ping"));
    world.run(30_000);
    assert_eq!(world.answers().len(), 0);
    let log = logs::take();
    assert_eq!(
        logs::count(&log, "❌ Broadcast /ping failed: DUTY_CYCLE_LIMIT"),
        1,
        "{log:?}"
    );
    assert_eq!(world.bot.tally().bad, 1);
}

#[test]
fn a_full_node_is_given_time() {
    // B7.
    let mut world = World::ready();
    let alice = world.person(0);
    world.say(Said::on_channel(alice, 0, "/ping"));
    world.run(100);
    world.answers();
    world.fault(Fault::QueueFull(Duration::from_secs(20)));
    world.run(5_000);
    world.say(Said::on_channel(alice, 0, "/ping"));
    world.run(40_000);
    let answers = world.answers();
    assert!(answers.len() <= 1);
}

#[test]
fn a_day_of_traffic_writes_no_configuration() {
    // A18.
    let mut options = Options::default();
    options.sim.chatter = true;
    options.sim.nodes = 40;
    let mut world = World::with(options);
    world.settle();
    // Everything that there is to ask, in turn, on the channel and directly.
    let alice = world.person(0);
    let commands: Vec<_> = all::registry().iter().map(|it| it.name).collect();
    let mut commands = commands.iter().cycle();
    for _ in 0..48 {
        let question = format!("/{} {alice}", commands.next().unwrap());
        world.ask(Said::to_us(alice, &question));
        world.say(Said::on_channel(alice, 0, &question));
        world.run(1_800_000 - 6_000);
    }
    let counters = world.node.counters();
    assert_eq!(counters.admin_packets, 0);
    assert_eq!(counters.accepts, 1);
    assert_eq!(counters.heartbeats_nonce_one, 0);
}

#[test]
fn a_quiet_day_leaves_a_short_log() {
    // K1: at most 200 lines at the default level.
    logs::begin();
    let mut world = World::ready();
    world.run(24 * 3_600_000);
    let lines = logs::take();
    let shown = lines
        .iter()
        .filter(|(level, _)| *level <= log::Level::Info)
        .count();
    assert!(shown <= 200, "{shown} lines");
    assert!(shown >= 2);
}
