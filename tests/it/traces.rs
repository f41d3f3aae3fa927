//! `/trace <node>`: traceroutes through the real link at the pace of the
//! firmware (features.md B4, D5).

use std::time::Duration;

use meshbot::mesh::NodeNum;
use meshbot::sim::{Fault, Said};

use crate::support::world::World;

/// Somebody behind so many relays, other than `not`.
fn behind(world: &World, hops: u8, not: &[NodeNum]) -> NodeNum {
    let mut people = world.node.people().iter();
    people
        .find(|person| person.hops == hops && !not.contains(&person.num))
        .map(|person| person.num)
        .expect("somebody at this distance")
}

fn askers(world: &World) -> Vec<NodeNum> {
    let people = world.node.people().iter();
    people
        .filter(|person| person.public_key.is_some())
        .map(|person| person.num)
        .collect()
}

fn trace(world: &mut World, from: NodeNum, target: NodeNum) {
    world.say(Said::to_us(from, &format!("/trace {target}")));
}

#[test]
fn two_ask_at_once_and_each_gets_his_own() {
    let mut world = World::ready();
    let people = askers(&world);
    let (near, far) = (
        behind(&world, 0, &people[..2]),
        behind(&world, 2, &people[..2]),
    );
    trace(&mut world, people[0], near);
    trace(&mut world, people[1], far);
    world.run(80_000);
    let answers = world.answers();
    assert_eq!(answers.len(), 2, "{answers:?}");
    assert_eq!((answers[0].to, answers[1].to), (people[0], people[1]));
    assert!(answers[0].text.contains(": direct\n→ "), "{answers:?}");
    assert!(answers[1].text.contains(": 2 hops\n→ "), "{answers:?}");
    assert!(answers.iter().all(|answer| answer.text.contains("\n← ")));
    let sent = &world.node.counters().traceroutes;
    assert_eq!(sent.len(), 2);
    assert!(sent[1] - sent[0] >= Duration::from_secs(32), "{sent:?}");
}

#[test]
fn six_at_once_are_paced_or_refused() {
    let mut world = World::ready();
    let people = askers(&world);
    for (turn, &from) in people.iter().take(6).enumerate() {
        trace(&mut world, from, people[turn + 6]);
        world.run(100);
    }
    world.run(240_000);
    let answers = world.answers();
    assert_eq!(answers.len(), 6, "{answers:?}");
    let is_busy = |text: &str| text.starts_with("Busy");
    let busy = answers
        .iter()
        .filter(|answer| is_busy(&answer.text))
        .count();
    // Four may be open; the first can be over before the last asks.
    assert!((1..=2).contains(&busy), "{answers:?}");
    let sent = world.node.counters().traceroutes.clone();
    assert_eq!(sent.len() + busy, 6);
    let gaps: Vec<_> = sent.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        gaps.iter().all(|gap| *gap >= Duration::from_secs(32)),
        "{gaps:?}"
    );
}

/// 60 s after the request was written, not after it was asked for.
#[test]
fn who_does_not_reply_is_said_not_to() {
    let mut world = World::ready();
    let people = askers(&world);
    world.fault(Fault::NeverAck);
    let gone = [people[2], people[3]];
    (world.node.people_mut()).retain(|person| !gone.contains(&person.num));
    trace(&mut world, people[0], people[2]);
    trace(&mut world, people[1], people[3]);
    world.run(58_000);
    assert!(world.answers().is_empty());
    world.run(5_000);
    let first = world.answers();
    assert_eq!(first.len(), 1);
    assert!(first[0].text.ends_with(": no reply."), "{first:?}");
    world.run(25_000);
    assert!(world.answers().is_empty());
    world.run(10_000);
    assert_eq!(world.answers().len(), 1);
}

#[test]
fn a_name_that_means_several_is_picked_from() {
    let mut world = World::ready();
    let from = askers(&world)[0];
    let answers = world.ask(Said::to_us(from, "/trace nobody at all"));
    assert!(answers[0].text.starts_with("Unknown node"), "{answers:?}");
    let own = world.ask(Said::to_us(from, &format!("/trace {}", world.node.own())));
    assert_eq!(own[0].text, "this is me");
}
