//! One question, one answer, at most (features.md C1): whatever comes again,
//! however late, and whatever has come in between.

use std::collections::{BTreeMap, BTreeSet};

use meshbot::mesh::{NodeNum, PacketId};
use meshbot::proto::{self, PortNum, mesh_packet, routing};
use meshbot::sim::Fault;
use prost::Message;

use crate::support::world::{Answer, Options, World};

/// As good as no limits at all.
const UNLIMITED: &str = "[limits]\n\
    per_sender = { count = 1000, per = \"1s\" }\n\
    per_channel = { count = 1000, per = \"1s\" }\n\
    total = { count = 1000, per = \"1s\" }\n\
    together = \"0s\"\n";

/// Something as our node hears it by radio.
fn heard(from: NodeNum, to: NodeNum, id: u32, port: PortNum, payload: &[u8]) -> proto::MeshPacket {
    let direct = to != NodeNum::BROADCAST;
    proto::MeshPacket {
        from: from.0,
        to: to.0,
        id,
        hop_start: 3,
        hop_limit: 3,
        rx_rssi: Some(-80),
        transport_mechanism: 1,
        pki_encrypted: direct,
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: port.into(),
            payload: payload.to_vec(),
            bitfield: Some(1),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn asked(from: NodeNum, to: NodeNum, id: u32, text: &str) -> proto::MeshPacket {
    heard(from, to, id, PortNum::TextMessageApp, text.as_bytes())
}

/// A world without limits, past its handshake.
fn unlimited() -> World {
    let mut world = World::configured(UNLIMITED);
    world.settle();
    world
}

/// Lets it be heard past the node's own memory of packets.
fn hear(world: &mut World, packet: &proto::MeshPacket) {
    world.node.force(world.now, packet.clone());
}

fn hear_and_answer(world: &mut World, packet: &proto::MeshPacket) -> Vec<Answer> {
    hear(world, packet);
    world.run(8_000);
    world.answers()
}

#[test]
fn an_old_question_is_not_answered_again_after_much_other_traffic() {
    let mut world = unlimited();
    let (alice, own) = (world.person(0), world.node.own());
    let questions = [
        asked(alice, NodeNum::BROADCAST, 0x1234_5678, "/ping"),
        asked(alice, own, 0x1234_5679, "/ping"),
    ];
    for question in &questions {
        assert_eq!(hear_and_answer(&mut world, question).len(), 1);
    }
    let bob = world.person(1);
    for id in 1..=5_000 {
        let other = heard(bob, NodeNum::BROADCAST, id, PortNum::PositionApp, &[]);
        hear(&mut world, &other);
        world.run(10);
    }
    for question in &questions {
        assert_eq!(hear_and_answer(&mut world, question).len(), 0);
    }
}

#[test]
fn a_flood_of_questions_does_not_push_out_what_was_answered() {
    // With the limits that everybody has: most of the flood is refused.
    let mut world = World::ready();
    let (alice, own) = (world.person(0), world.node.own());
    let questions = [
        asked(alice, NodeNum::BROADCAST, 0x1234_5678, "/ping"),
        asked(alice, own, 0x1234_5679, "/ping"),
    ];
    for question in &questions {
        assert_eq!(hear_and_answer(&mut world, question).len(), 1);
    }
    for at in 0..12_000 {
        let from = NodeNum(0x7000_0000 + at);
        let to = if at % 2 == 0 { own } else { NodeNum::BROADCAST };
        hear(&mut world, &asked(from, to, 77 + at, "/ping"));
        world.run(100);
    }
    world.fault(Fault::Drop);
    world.run(20 * 60_000);
    assert!(world.core.session().is_ready());
    world.answers();
    for question in &questions {
        assert_eq!(hear_and_answer(&mut world, question).len(), 0);
    }
}

#[test]
fn the_same_number_of_twenty_senders_is_twenty_questions() {
    for public in [true, false] {
        let mut options = Options {
            config: UNLIMITED.to_owned(),
            ..Options::default()
        };
        options.sim.nodes = 40;
        let mut world = World::with(options);
        world.settle();
        let own = world.node.own();
        let to = if public { NodeNum::BROADCAST } else { own };
        let with_key = (world.node.people().iter()).filter(|it| it.public_key.is_some());
        let askers: BTreeSet<NodeNum> = with_key.map(|it| it.num).take(20).collect();
        for &asker in &askers {
            assert!(world.bot.book().is_regular(asker, world.now), "{asker}");
            hear(&mut world, &asked(asker, to, 0x0bad_cafe, "/ping"));
        }
        world.run(90_000);
        let answers = world.answers();
        assert_eq!(answers.len(), 20, "public: {public}");
        if !public {
            let answered: BTreeSet<NodeNum> = answers.iter().map(|answer| answer.to).collect();
            assert_eq!(answered, askers);
        }
    }
}

#[test]
fn fifty_copies_of_a_question_without_a_number_are_one_question() {
    let mut world = unlimited();
    let (alice, bob) = (world.person(0), world.person(1));
    for _ in 0..50 {
        hear(&mut world, &asked(alice, NodeNum::BROADCAST, 0, "/ping"));
        world.run(500);
    }
    world.run(60_000);
    assert_eq!(world.answers().len(), 1);
    // Others, and he himself a while later, ask something else.
    hear(&mut world, &asked(bob, NodeNum::BROADCAST, 0, "/ping"));
    hear(&mut world, &asked(alice, NodeNum::BROADCAST, 0, "/ping"));
    world.run(10_000);
    assert_eq!(world.answers().len(), 2);
}

/// What our node is said to have heard about a packet of ours.
fn verdict(
    world: &World,
    from: NodeNum,
    about: PacketId,
    error: routing::Error,
) -> proto::MeshPacket {
    let reason = proto::Routing {
        variant: Some(routing::Variant::ErrorReason(error.into())),
    };
    let mut packet = heard(
        from,
        world.node.own(),
        about.0 ^ 0x5555_5555,
        PortNum::RoutingApp,
        &reason.encode_to_vec(),
    );
    if let Some(mesh_packet::PayloadVariant::Decoded(data)) = &mut packet.payload_variant {
        data.request_id = about.0;
    }
    packet
}

#[test]
fn a_refusal_that_came_over_the_air_sends_nothing_twice() {
    // Only our own node can say that it has not sent something, and it does so
    // without a radio.
    let mut world = unlimited();
    world.fault(Fault::NeverAck);
    let (alice, own) = (world.person(0), world.node.own());
    for to in [NodeNum::BROADCAST, own] {
        let answers = hear_and_answer(
            &mut world,
            &asked(alice, to, 0x4444_0000 + to.0 % 7, "/ping"),
        );
        assert_eq!(answers.len(), 1);
        let forged = verdict(
            &world,
            own,
            answers[0].id,
            routing::Error::RateLimitExceeded,
        );
        assert_eq!(hear_and_answer(&mut world, &forged).len(), 0);
    }
}

#[test]
fn a_refusal_after_an_acknowledgement_sends_nothing_twice() {
    let mut world = unlimited();
    world.fault(Fault::AckFromRelayOnly);
    let (alice, own) = (world.person(0), world.node.own());
    let answers = hear_and_answer(&mut world, &asked(alice, own, 0x4444_0000, "/ping"));
    assert_eq!(answers.len(), 1);
    let mut late = verdict(
        &world,
        own,
        answers[0].id,
        routing::Error::RateLimitExceeded,
    );
    late.rx_rssi = None;
    late.transport_mechanism = 0;
    assert_eq!(hear_and_answer(&mut world, &late).len(), 0);
}

/// Twenty thousand questions of two thousand people, whom nobody limits, and
/// copies of them at any later time, while things go wrong.
#[test]
fn a_flood_without_limits_is_answered_once_each() {
    let mut world = unlimited();
    let own = world.node.own();
    let mut rng = fastrand::Rng::with_seed(3);
    let mut said: Vec<proto::MeshPacket> = Vec::new();
    let mut answers: Vec<Answer> = Vec::new();
    for at in 0..20_000_u32 {
        let from = NodeNum(0x6000_0000 + rng.u32(..2_000));
        let to = if rng.bool() { own } else { NodeNum::BROADCAST };
        let text = *rng.choice(&["/ping", "/my", "ping", "/about"]).unwrap();
        let question = asked(from, to, rng.u32(1..), text);
        hear(&mut world, &question);
        said.push(question);
        if rng.u8(..2) == 0 {
            // A copy of something lately said, or of what was said long ago.
            let most = *rng.choice(&[3, 40, 20_000]).unwrap();
            let back = rng.usize(..most);
            let copy = said[said.len().saturating_sub(1 + back)].clone();
            hear(&mut world, &copy);
        }
        if at % 2_000 == 1_999 {
            let fault = match rng.u8(..5) {
                0 => Fault::Drop,
                1 => Fault::Rebooted,
                2 => Fault::NeverAck,
                3 => Fault::RefuseTexts(routing::Error::RateLimitExceeded),
                _ => Fault::NormalAcks,
            };
            world.fault(fault);
        }
        world.run(rng.u64(..400));
        answers.extend(world.answers());
        // Those that were answered come again and again.
        if rng.u8(..4) == 0
            && let Some(answer) = answers.get(rng.usize(..answers.len().max(1)))
            && let Some(question) = said
                .iter()
                .find(|it| Some(PacketId(it.id)) == answer.reply_to)
        {
            let copy = question.clone();
            hear(&mut world, &copy);
        }
    }
    world.run(120_000);
    answers.extend(world.answers());
    assert!(answers.len() > 500, "{}", answers.len());
    let mut times: BTreeMap<(PacketId, &str), usize> = BTreeMap::new();
    for answer in &answers {
        let about = answer.reply_to.expect("every answer names its question");
        *times.entry((about, &answer.text)).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
    assert!(
        twice.is_empty(),
        "{} of {}: {twice:?}",
        twice.len(),
        answers.len()
    );
}

/// features.md B10: what the program draws its ids from is another thing at each start.
#[test]
fn no_packet_id_comes_again_after_a_restart() {
    let options = || Options {
        config: UNLIMITED.to_owned(),
        seed: meshbot::app::random().expect("random numbers").u64(..),
        ..Options::default()
    };
    let mut world = World::with(options());
    let mut ids = BTreeSet::new();
    for life in 1..=3_u32 {
        world.settle();
        for at in 0..30 {
            let (alice, own) = (world.person(0), world.node.own());
            let question = asked(alice, own, life << 16 | at, "/ping");
            for answer in hear_and_answer(&mut world, &question) {
                assert!(ids.insert(answer.id), "{} comes again", answer.id);
            }
        }
        world = world.restart(options);
    }
    assert_eq!(ids.len(), 90);
    assert!(!ids.contains(&PacketId(0)));
}
