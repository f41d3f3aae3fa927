//! What nodes do to a link, and that the bot answers again afterwards, under a
//! virtual clock (features.md rows A, scenarios Z1 to Z6 and Z14).

use std::time::Duration;

use meshbot::proto;
use meshbot::sim::{Clock, Fault, Said, Version};

use crate::support::logs;
use crate::support::world::{EPOCH, Names, Options, World};

fn answers_again(world: &mut World) -> bool {
    let alice = world.person(0);
    world.ask(Said::on_channel(alice, 0, "/ping")).len() == 1
}

#[test]
fn a_quiet_node_that_answers_probes_is_left_alone() {
    // A2, A3: two hours without a packet.
    logs::begin();
    let mut options = Options::default();
    options.sim.own_telemetry = false;
    let mut world = World::with(options);
    world.settle();
    world.run(2 * 3_600_000);
    assert_eq!(world.node.counters().accepts, 1);
    assert!((235..=245).contains(&world.node.counters().heartbeats));
    assert_eq!(logs::count(&logs::take(), "TCP link lost"), 0);
    assert!(answers_again(&mut world));
}

#[test]
fn a_half_open_link_is_noticed_within_90_s() {
    // A3, Z3.
    logs::begin();
    let mut world = World::ready();
    world.run(60_000);
    let before = world.now.mono;
    world.fault(Fault::Stall(Duration::from_secs(100_000)));
    while world.node.counters().accepts == 1 {
        world.run(1_000);
        assert!(
            world.now.mono < before + Duration::from_secs(95),
            "not noticed"
        );
    }
    let log = logs::take();
    assert_eq!(
        logs::count(&log, "🔌 TCP link lost: no answer to probes"),
        1
    );
    assert_eq!(
        logs::count(&log, "🔄 TCP reconnect #1 to 127.0.0.1:4403..."),
        1
    );
}

#[test]
fn a_node_that_is_away_for_three_hours_is_found_again() {
    // A4.
    let mut world = World::ready();
    world.fault(Fault::Drop);
    world.off = true;
    world.run(3 * 3_600_000);
    world.off = false;
    let back = world.now.mono;
    while !world.core.session().is_ready() {
        world.run(1_000);
        assert!(world.now.mono <= back + Duration::from_secs(65), "too late");
    }
    world.run(8_000);
    assert!(answers_again(&mut world));
    // One attempt at a time, never faster than the first pause.
    let gaps: Vec<_> = world
        .attempts
        .windows(2)
        .map(|two| two[1] - two[0])
        .collect();
    assert!(gaps.iter().all(|gap| *gap >= Duration::from_millis(800)));
    assert!(gaps.iter().all(|gap| *gap <= Duration::from_secs(60)));
}

#[test]
fn ten_healthy_sessions_that_drop_all_come_back_at_once() {
    // A5.
    let mut world = World::ready();
    for _ in 0..10 {
        world.run(300_000);
        let before = world.now.mono;
        world.fault(Fault::Drop);
        world.run(2_000);
        assert!(world.core.session().is_ready());
        let pause = *world.attempts.last().unwrap() - before;
        assert!(
            (Duration::from_millis(800)..=Duration::from_millis(1_200)).contains(&pause),
            "{pause:?}"
        );
    }
    world.run(10_000);
    assert!(answers_again(&mut world));
    assert_eq!(world.most_open, 1);
}

#[test]
fn a_rival_is_recognised_and_not_fought() {
    // A6, Z4: it wants the slot every 20 s for ten minutes.
    logs::begin();
    let mut world = World::ready();
    for _ in 0..2 {
        world.run(20_000);
        world.fault(Fault::Rival {
            for_: Duration::from_secs(1),
            period: None,
        });
    }
    world.run(25_000);
    let log = logs::take();
    assert_eq!(logs::count(&log, "slot taken"), 1, "{log:?}");
    let last = world.attempts.len();
    world.run(60_000);
    assert_eq!(world.attempts.len(), last + 1);
    world.run(70_000);
    assert!(answers_again(&mut world));
}

#[test]
fn a_node_that_closes_during_its_list_is_no_rival() {
    // A7, A8, Z2.
    logs::begin();
    let mut options = Options::default();
    options.sim.nodes = 200;
    let mut world = World::with(options);
    world.fault(Fault::CloseInNodes(50));
    world.run(8_000);
    assert!(world.core.session().is_ready(), "usable from phase one on");
    assert!(answers_again(&mut world));
    assert_eq!(logs::count(&logs::take(), "slot taken"), 0);
    assert!(world.bot.book().len() >= 40, "what came is used");
    let asked = world.node.counters().want_nodes_only;
    assert_eq!(asked, 1);
    world.run(9 * 60_000);
    assert_eq!(world.node.counters().want_nodes_only, 1);
    world.run(2 * 60_000);
    assert_eq!(world.node.counters().want_nodes_only, 2);
    assert!(world.bot.book().len() >= 200);
}

#[test]
fn a_list_that_stalls_keeps_the_link() {
    // A8: 150 of 250.
    let mut options = Options::default();
    options.sim.nodes = 249;
    let mut world = World::with(options);
    world.fault(Fault::StallInNodes(150));
    world.run(40_000);
    // The node stalls altogether until the connection ends, so the probes
    // end it; what came is kept.
    assert!(world.bot.book().len() >= 149);
    world.run(120_000);
    assert!(answers_again(&mut world));
}

#[test]
fn a_stalled_configuration_is_retried() {
    // A8.
    logs::begin();
    let mut world = World::new();
    world.fault(Fault::StallAfterBytes(300));
    world.run(14_000);
    assert!(!world.core.session().is_ready());
    world.run(12_000);
    assert!(world.core.session().is_ready());
    assert_eq!(
        logs::count(&logs::take(), "🔌 TCP link lost: handshake stalled"),
        1
    );
    world.run(8_000);
    assert!(answers_again(&mut world));
}

#[test]
fn a_reset_in_the_middle_of_a_frame_leaves_nothing_behind() {
    let mut world = World::ready();
    let alice = world.person(0);
    world.fault(Fault::CloseAfterBytes(20));
    world.say(Said::on_channel(alice, 0, "/ping"));
    world.run(12_000);
    assert!(world.core.session().is_ready());
    world.answers();
    assert!(answers_again(&mut world));
}

#[test]
fn a_name_look_up_that_hangs_is_waited_for_with_patience() {
    let mut world = World::configured("[node]\nhost = \"radio.local\"\n");
    world.names = Names::Hang;
    world.run(600_000);
    assert_eq!(world.attempts.len(), 0);
    world.names = Names::At(std::net::SocketAddr::from(([127, 0, 0, 1], 4403)));
    world.run(80_000);
    assert!(answers_again(&mut world));
}

#[test]
fn a_name_is_looked_up_anew_for_each_connection() {
    // A15.
    let mut world = World::configured("[node]\nhost = \"radio.local\"\n");
    world.settle();
    world.fault(Fault::Drop);
    world.names = Names::Hang;
    world.run(5_000);
    assert!(!world.core.session().is_ready());
    world.names = Names::At(std::net::SocketAddr::from(([127, 0, 0, 2], 4403)));
    world.run(60_000);
    assert!(answers_again(&mut world));
}

#[test]
fn the_node_may_come_later_than_the_bot() {
    // A21.
    let mut world = World::new();
    world.off = true;
    world.run(120_000);
    world.off = false;
    world.run(70_000);
    assert!(answers_again(&mut world));
}

#[test]
fn a_reboot_is_survived_with_and_without_a_lost_connection() {
    // A13, Z14.
    for fault in [Fault::Reboot(Duration::from_millis(50)), Fault::Rebooted] {
        let mut world = World::ready();
        world.run(61_000);
        world.fault(fault);
        world.fault(Fault::RenameChannel {
            index: 1,
            name: "renamed".to_owned(),
        });
        world.run(12_000);
        assert!(answers_again(&mut world));
        assert_eq!(world.most_open, 1);
    }
}

#[test]
fn a_changed_node_number_is_taken_over() {
    let mut world = World::ready();
    world.run(61_000);
    world.fault(Fault::ChangeOwnNumber(meshbot::mesh::NodeNum(0x7777_8888)));
    world.fault(Fault::Drop);
    world.run(12_000);
    let alice = world.person(0);
    let answers = world.ask(Said::to_us(alice, "/ping"));
    assert_eq!(answers.len(), 1);
}

#[test]
fn the_back_log_is_not_answered_and_the_next_question_is() {
    // A9, Z5: clock unset, late, right.
    for clock in [Clock::Unset, Clock::Off(-600), Clock::Right] {
        let mut options = Options::default();
        options.sim.clock = clock;
        let mut world = World::with(options);
        world.off = true;
        let alice = world.person(0);
        let bob = world.person(1);
        for minute in 1..=5 {
            world.run(60_000);
            world.say(Said::on_channel(alice, 0, &format!("/ping {minute}")));
        }
        // What is younger than a minute would be answered.
        world.run(61_000);
        world.off = false;
        world.run(75_000);
        assert!(world.core.session().is_ready());
        assert_eq!(world.answers().len(), 0, "{clock:?}");
        assert_eq!(
            world.ask(Said::on_channel(bob, 0, "/ping")).len(),
            1,
            "{clock:?}"
        );
    }
}

#[test]
fn replayed_records_fill_the_book_and_nothing_else() {
    // A10, Z1.
    let mut options = Options::default();
    options.sim.version = Version::V2_8;
    options.sim.nodes = 200;
    options.sim.replay = true;
    let mut world = World::with(options);
    world.settle();
    let live: u64 = world.bot.book().counters().readable;
    let placed = world
        .bot
        .book()
        .iter()
        .filter(|node| node.position.is_some())
        .count();
    assert!(placed > 20, "{placed} positions");
    world.fault(Fault::Drop);
    world.run(10_000);
    assert!(world.core.session().is_ready());
    let again: u64 = world.bot.book().counters().readable;
    assert!(again <= live + 2, "{live} → {again}");
    let heard = world
        .bot
        .book()
        .iter()
        .filter(|node| node.last_direct().is_some())
        .count();
    assert_eq!(heard, 0);
}

#[test]
fn garbage_torn_frames_and_short_writes_are_survived() {
    // A11.
    let mut world = World::ready();
    world.fault(Fault::ShortWrites(3));
    for _ in 0..20 {
        world.fault(Fault::Garbage(200));
        world.fault(Fault::Tear);
        world.run(61_000);
    }
    world.fault(Fault::ShortWrites(0));
    world.run(61_000);
    assert!(answers_again(&mut world));
    assert_eq!(world.node.counters().accepts, 1);
}

#[test]
fn unknown_ports_and_fields_are_tolerated() {
    // A12: a thousand mutated packets.
    let mut world = World::ready();
    let alice = world.person(0);
    let mut rng = fastrand::Rng::with_seed(5);
    for id in 0..1_000 {
        let payload: Vec<u8> = (0..rng.usize(0..200)).map(|_| rng.u8(..)).collect();
        let packet = proto::MeshPacket {
            from: if rng.bool() { alice.0 } else { rng.u32(..) },
            to: if rng.bool() { u32::MAX } else { rng.u32(..) },
            channel: rng.u32(0..300),
            id: 1_000_000 + id,
            rx_time: rng.bool().then(|| rng.u32(..)),
            hop_limit: rng.u32(0..300),
            hop_start: rng.u32(0..300),
            rx_snr: f32::from_bits(rng.u32(..)),
            rx_rssi: rng.bool().then(|| rng.i32(..)),
            priority: rng.i32(0..200),
            relay_node: rng.u32(0..600),
            transport_mechanism: rng.i32(0..20),
            public_key: payload.clone(),
            pki_encrypted: rng.bool(),
            payload_variant: match rng.u8(0..8) {
                0 => None,
                1 => Some(proto::mesh_packet::PayloadVariant::Encrypted(payload)),
                _ => Some(proto::mesh_packet::PayloadVariant::Decoded(proto::Data {
                    portnum: *rng
                        .choice(&[0, 1, 3, 4, 5, 6, 8, 67, 70, 71, 77, 300, -1])
                        .unwrap(),
                    payload,
                    request_id: rng.u32(..),
                    reply_id: rng.u32(..),
                    emoji: u32::from(rng.bool()),
                    ..Default::default()
                })),
            },
            ..Default::default()
        };
        world.node.force(world.now, packet);
        world.run(10);
    }
    world.run(600_000);
    assert!(world.bot.book().counters().undecodable > 0);
    assert!(answers_again(&mut world));
}

#[test]
fn an_old_question_is_not_answered() {
    // C24: five minutes and more, both clocks being sane.
    let mut world = World::ready();
    world.run(600_000);
    let alice = world.person(0);
    let mut said = Said::on_channel(alice, 0, "/ping");
    let then = |ago: u64, world: &World| {
        let passed = world.now.mono.as_secs();
        u32::try_from(EPOCH + passed - ago).unwrap()
    };
    said.rx_time = Some(then(310, &world));
    assert_eq!(world.ask(said.clone()).len(), 0);
    said.rx_time = Some(then(200, &world));
    assert_eq!(world.ask(said).len(), 1);
}

#[test]
fn a_locked_node_is_reported_and_not_pestered() {
    logs::begin();
    let mut options = Options::default();
    options.sim.version = Version::V2_8;
    options.sim.locked = true;
    let mut world = World::with(options);
    world.run(3_600_000);
    let log = logs::take();
    assert!(logs::count(&log, "the node is locked") >= 1, "{log:?}");
    assert_eq!(world.node.counters().accepts, 1);
}

#[test]
fn the_end_is_quick_and_says_goodbye() {
    // A20.
    let mut world = World::ready();
    let alice = world.person(0);
    world.say(Said::on_channel(alice, 0, "/ping"));
    world.run(50);
    world.stop();
    world.run(1_700);
    assert!(world.core.is_ended());
    assert_eq!(world.node.counters().disconnects, 1);
    assert_eq!(world.node.counters().open, 0);
}

/// What was asked while the link was away was dropped although the node kept it,
/// both clocks were right and it was seconds old.
#[test]
fn what_was_asked_while_the_link_was_away_is_answered_once() {
    logs::begin();
    let mut world = World::ready();
    world.run(120_000);
    world.fault(Fault::Drop);
    world.off = true;
    let who: Vec<_> = (0..3).map(|index| world.person(index)).collect();
    let old = world.say(Said::to_us(who[0], "/ping"));
    world.run(50_000);
    let young = world.say(Said::to_us(who[1], "/ping"));
    let talk = world.say(Said::on_channel(who[2], 0, "anybody there?"));
    world.run(12_000);
    world.off = false;
    world.run(70_000);
    world.answers();
    let answers = |id| world.witness.answers_to(id).len();
    assert_eq!([old, young, talk].map(answers), [0, 1, 0]);
    let log = logs::take();
    let told = "texts from before the connection, not answered: 1";
    assert_eq!(logs::count(&log, told), 1, "{log:?}");
    assert_eq!(logs::count(&log, "s old: not answered"), 1);
}

/// features.md A9: a node without a clock, on a quiet mesh and on a lively one.
#[test]
fn a_node_without_a_clock_makes_deaf_for_less_than_a_second() {
    for lively in [false, true] {
        let mut options = Options::default();
        options.sim.clock = Clock::Unset;
        let mut world = World::with(options);
        world.settle();
        world.run(60_000);
        world.fault(Fault::Drop);
        for ready in [false, true] {
            while world.core.session().is_ready() != ready {
                world.run(10);
            }
        }
        let ready = world.now.mono;
        let mut asked = Vec::new();
        for index in 0..7 {
            let id = world.say(Said::on_channel(world.person(index), 0, "/ping"));
            asked.push((world.now.mono - ready, id));
            for _ in 0..20 {
                world.run(50);
                if lively {
                    let word = crate::clocks::word(&world, None);
                    world.node.force(world.now, word);
                }
            }
        }
        world.run(30_000);
        world.answers();
        let first = asked
            .iter()
            .find(|(_, id)| !world.witness.answers_to(*id).is_empty())
            .map(|(at, _)| *at);
        assert!(
            first.is_some_and(|at| at <= Duration::from_millis(1_010)),
            "lively: {lively}, {first:?}"
        );
    }
}

/// The pauses are those of decisions.md, and no rival's by mistake.
#[test]
fn a_connection_reset_in_each_state_of_the_handshake_is_found_again_within_a_minute() {
    let mut world = World::ready();
    for times in 0..25 {
        // At another point of the handshake each time.
        world.fault(Fault::CloseAfterBytes(times * 37));
        world.fault(Fault::Drop);
        let before = world.node.counters().accepts;
        let lost = world.now.mono;
        while world.node.counters().accepts == before {
            world.run(200);
            let away = world.now.mono - lost;
            assert!(away <= Duration::from_secs(61), "{times}: {away:?}");
        }
        world.run(1_000);
    }
    world.fault(Fault::Heal);
    let healed = world.now.mono;
    while !world.core.session().is_ready() {
        world.run(200);
        let away = world.now.mono - healed;
        assert!(away <= Duration::from_secs(62), "{away:?}");
    }
}
