//! `/ping N` through the real link: numbered pongs half a minute apart, and a
//! summary that says what the acknowledgements said (features.md D2).

use std::time::Duration;

use meshbot::mesh::NodeNum;
use meshbot::sim::{Fault, Said};

use crate::support::world::World;

/// People whom our node can write to.
fn askers(world: &World) -> Vec<NodeNum> {
    let people = world.node.people().iter();
    people
        .filter(|person| person.public_key.is_some())
        .map(|person| person.num)
        .collect()
}

fn texts(world: &mut World) -> Vec<String> {
    let answers = world.answers().into_iter();
    answers.map(|answer| answer.text).collect()
}

#[test]
fn five_at_most_half_a_minute_apart_with_the_node_s_own_count() {
    let mut world = World::ready();
    let alice = askers(&world)[0];
    world.say(Said::to_us(alice, "/ping 700"));
    world.run(100_000);
    let pongs = world.answers();
    assert!(pongs.iter().all(|pong| pong.to == alice));
    world.run(200_000);
    let rest = world.answers();
    let all: Vec<_> = pongs.iter().chain(&rest).collect();
    assert_eq!(all.len(), 6, "{all:?}");
    assert!(
        all[0].text.starts_with("🏓 pong 1/5 · 5 at most · "),
        "{all:?}"
    );
    for (turn, pong) in (2..=5).zip(&all[1..]) {
        assert_eq!(pong.text, format!("🏓 pong {turn}/5"));
    }
    assert_eq!(all[5].text, "🏓 5/5 sent · 5 acknowledged · after 0.0 s");
    let gaps: Vec<_> = world.texts_at.windows(2).map(|at| at[1] - at[0]).collect();
    let period = Duration::from_secs(28)..Duration::from_secs(33);
    assert!(gaps[..4].iter().all(|gap| period.contains(gap)), "{gaps:?}");
}

#[test]
fn asked_on_a_channel_it_stays_off_the_channel() {
    let mut world = World::ready();
    let alice = askers(&world)[0];
    world.say(Said::on_channel(alice, 0, "/ping 2"));
    world.run(60_000);
    let answers = world.answers();
    assert_eq!(answers.len(), 3, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.to == alice));
}

#[test]
fn a_relay_s_word_is_no_acknowledgement_and_silence_is_none_either() {
    let mut world = World::ready();
    let people = askers(&world);
    world.fault(Fault::AckFromRelayOnly);
    world.say(Said::to_us(people[0], "/ping 2"));
    world.run(400_000);
    let relayed = texts(&mut world);
    assert_eq!(relayed[2], "🏓 2/2 sent · 0 acknowledged · 2 only relayed");
    world.fault(Fault::NeverAck);
    world.say(Said::to_us(people[1], "/ping 1"));
    world.run(400_000);
    let silent = texts(&mut world);
    assert_eq!(silent[1], "🏓 1/1 sent · 0 acknowledged · 1 unanswered");
}

#[test]
fn stop_ends_it_and_there_is_one_for_each_and_few_in_all() {
    let mut world = World::ready();
    let people = askers(&world);
    world.say(Said::to_us(people[0], "/ping 5"));
    world.run(40_000);
    assert_eq!(texts(&mut world).len(), 2);
    let again = world.ask(Said::to_us(people[0], "/ping 2"));
    assert!(again[0].text.contains("/ping stop"), "{again:?}");
    let end = world.ask(Said::to_us(people[0], "/ping stop"));
    assert_eq!(
        end[0].text,
        "🏓 2/5 sent · 2 acknowledged · after 0.0 s · stopped"
    );
    let none = world.ask(Said::to_us(people[0], "/ping stop"));
    assert_eq!(none[0].text, "There is no ping to stop.");
    for &person in &people[1..6] {
        world.say(Said::to_us(person, "/ping 3"));
    }
    world.run(20_000);
    let answers = texts(&mut world);
    let busy = answers.iter().filter(|text| text.starts_with("Busy"));
    assert_eq!((busy.count(), answers.len()), (1, 5), "{answers:?}");
}

#[test]
fn a_lost_link_ends_it_and_what_is_known_is_told_afterwards() {
    let mut world = World::ready();
    let alice = askers(&world)[0];
    world.say(Said::to_us(alice, "/ping 5"));
    world.run(40_000);
    assert_eq!(texts(&mut world).len(), 2);
    world.fault(Fault::Drop);
    world.run(300_000);
    assert_eq!(
        texts(&mut world),
        ["🏓 2/5 sent · 2 acknowledged · after 0.0 s · ended: I lost my node"]
    );
}

#[test]
fn sessions_in_a_row_cost_what_answers_cost() {
    // Five answers in five minutes, [limits] per_sender.
    let mut world = World::ready();
    let alice = askers(&world)[0];
    for _ in 0..4 {
        world.say(Said::to_us(alice, "/ping 5"));
        world.run(150_000);
    }
    let pongs = texts(&mut world);
    let pongs = pongs.iter().filter(|text| text.contains("pong "));
    // A full bucket and what runs into it in ten minutes.
    assert!((10..=15).contains(&pongs.count()));
}

#[test]
fn several_pings_need_no_mark_where_nobody_else_is_meant() {
    let mut world = World::ready();
    let alice = askers(&world)[0];
    let bare = world.ask(Said::to_us(alice, "ping"));
    assert!(bare[0].text.starts_with("🏓 pong · "), "{bare:?}");
    world.say(Said::to_us(alice, "ping 3 please"));
    world.run(120_000);
    let said = texts(&mut world);
    assert!(
        said.iter().any(|text| text.contains("pong 3/3")),
        "{said:?}"
    );
}
