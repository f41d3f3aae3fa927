//! Somebody makes up senders without number (features.md C25): regulars are
//! answered all the same, strangers get what is left, and nothing grows.

use meshbot::mesh::{NodeNum, PacketId};
use meshbot::sim::Said;

use crate::support::world::World;

/// What came of it.
struct Came {
    asked: usize,
    answered: usize,
    /// Texts to, or on a channel because of, made-up senders.
    forged: usize,
}

/// One made-up sender asks every three seconds, and somebody known each 20 s, for
/// so many minutes; publicly and in private by turns.
fn flood(world: &mut World, minutes: u32) -> Came {
    let mut asked = Vec::new();
    let mut answers = Vec::new();
    for at in 0..minutes * 20 {
        let forged = NodeNum(0x6000_0000 + at);
        world.say(said(forged, at % 2 == 0));
        if at % 7 == 3 {
            let who = world.person(usize::try_from(at / 7 % 7).unwrap());
            asked.push(world.say(said(who, at % 14 == 3)));
        }
        world.run(3_000);
        answers.extend(world.answers());
    }
    world.run(60_000);
    answers.extend(world.answers());
    let is_regular = |id: &PacketId| answers.iter().any(|answer| answer.reply_to == Some(*id));
    let answered = asked.iter().filter(|id| is_regular(id)).count();
    Came {
        asked: asked.len(),
        answered,
        forged: answers.len() - answered,
    }
}

fn said(from: NodeNum, public: bool) -> Said {
    match public {
        true => Said::on_channel(from, 0, "/ping"),
        false => Said::to_us(from, "/ping"),
    }
}

#[test]
fn a_forger_with_new_numbers_silences_no_regular() {
    for minutes in [5, 60] {
        let mut world = World::ready();
        let came = flood(&mut world, minutes);
        println!(
            "{minutes} min: {} of {} regulars answered, {} texts to made-up senders",
            came.answered, came.asked, came.forged
        );
        assert!(came.answered * 100 >= came.asked * 95);
        // Strangers still get the rest: half of sixty in ten minutes, and what was
        // there at first; and a notice now and then.
        let most = usize::try_from(30 + minutes * 3 + 5 + minutes / 2 + 1).unwrap();
        assert!(
            (20..=most).contains(&came.forged),
            "{} of {most}",
            came.forged
        );
        let held = world.bot.held();
        let over = held.iter().find(|it| it.now > it.most);
        assert!(over.is_none(), "{over:?}");
    }
}

/// Thousands of made-up nodes do not push those out that have long been known.
#[test]
fn a_flood_of_made_up_nodes_does_not_make_the_book_forget_regulars() {
    let mut world = World::ready();
    for at in 0..5_000 {
        world.say(Said::on_channel(NodeNum(0x6000_0000 + at), 0, "hello"));
        world.run(100);
    }
    for person in 0..7 {
        let num = world.person(person);
        assert!(world.bot.book().is_regular(num, world.now), "{num}");
    }
    let stranger = NodeNum(0x6000_0000 + 4_999);
    assert!(!world.bot.book().is_regular(stranger, world.now));
}
