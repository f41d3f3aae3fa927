//! `/keys` says why direct messages fail (features.md D12).

use meshbot::mesh::NodeNum;
use meshbot::proto::routing::Error;
use meshbot::sim::{Fault, Said};

use crate::support::world::World;

fn somebody(world: &World, with_key: bool) -> NodeNum {
    let mut people = world.node.people().iter();
    people
        .find(|person| person.public_key.is_some() == with_key)
        .map(|person| person.num)
        .expect("somebody like that")
}

#[test]
fn the_count_and_one_node_s_key() {
    let mut world = World::ready();
    let alice = somebody(&world, true);
    let key = world.node.people().iter().find(|it| it.num == alice);
    let key = key.and_then(|person| person.public_key).unwrap();
    let all = world.ask(Said::to_us(alice, "/keys"));
    assert!(all[0].text.contains(" with a key · "), "{all:?}");
    let one = world.ask(Said::to_us(alice, &format!("/keys {alice}")));
    let shown = format!(
        "key known, {:02x}{:02x}{:02x}{:02x}",
        key[0], key[1], key[2], key[3]
    );
    assert!(one[0].text.contains(&shown), "{one:?}");
    let heard = world.ask(Said::to_us(alice, "/lheard"));
    assert!(heard[0].text.starts_with("Last heard: "), "{heard:?}");
}

#[test]
fn whoever_cannot_be_written_to_is_explained() {
    let mut world = World::ready();
    let (alice, bob) = (somebody(&world, true), somebody(&world, false));
    world.fault(Fault::NakWith(Error::PkiUnknownPubkey));
    world.ask(Said::on_channel(bob, 0, "/nodes"));
    world.run(60_000);
    assert!(world.bot.tally().key_trouble > 0);
    world.fault(Fault::NormalAcks);
    world.answers();
    let advice = world.ask(Said::to_us(alice, &format!("/keys {bob}")));
    assert!(advice[0].text.contains("exchanged user info"), "{advice:?}");
}
