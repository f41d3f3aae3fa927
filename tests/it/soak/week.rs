//! Seven simulated days, a reconnection every hour, noise before three frames
//! of a hundred (features.md M4, Z16): no leak, no doubled answer, none lost
//! that was promised.

use std::time::Duration;

use meshbot::sim::{Fault, Said};

use super::end::{ALL_SETTLED, everything_is_settled};
use super::home::Library;
use super::talk;
use crate::support::world::{Options, World};

const DAYS: u64 = 7;
const HOUR: u64 = 3_600_000;

#[test]
fn seven_days_leave_nothing_behind() {
    let (shelf, history) = Library::open(None);
    let mut options = Options {
        history: Some(history),
        ..Options::default()
    };
    options.sim.nodes = 60;
    options.sim.chatter = true;
    options.sim.latency = true;
    let mut world = World::with(options);
    world.witness.clocks_are_right = true;
    world.settle();
    world.fault(Fault::Noise(3));
    let people: Vec<_> = world.node.people().iter().skip(1).cloned().collect();
    let people: Vec<_> = people.iter().filter(|it| it.public_key.is_some()).collect();
    let everybody: Vec<_> = people.iter().map(|person| person.num).collect();
    let mut rng = fastrand::Rng::with_seed(16);
    let (mut asked, mut nodes) = (0, None);
    for hour in 0..DAYS * 24 {
        world.fault(Fault::Drop);
        world.run(60_000);
        assert!(world.core.session().is_ready(), "hour {hour}: no link");
        for _ in 0..talk::PROMISED.len() {
            let line = talk::PROMISED[asked % talk::PROMISED.len()];
            let from = people[asked % people.len()];
            asked += 1;
            let text = talk::fill(line, &mut rng, &everybody);
            let own = world.node.own();
            let packet = talk::text(from, own, 0, rng.u32(1..), text);
            let id = talk::id_of(&packet);
            world.node.hear(world.now, packet.clone());
            let patience = world.now.mono + Duration::from_secs(100);
            while world.witness.answers_to(id).is_empty() {
                world.run(1_000);
                world.answers();
                assert!(world.now.mono < patience, "hour {hour}: {line} is lost");
            }
            // It comes once more, by somebody else.
            world.node.force(world.now, packet);
            world.run(20_000);
        }
        let passed = u64::try_from(world.now.mono.as_millis()).unwrap() % HOUR;
        world.run((HOUR - passed).saturating_sub(5_000));
        world.answers();
        assert_eq!(world.witness.violations, Vec::<String>::new());
        // Something or other is under way only as long as an hour is.
        for it in world.bot.held() {
            assert!(it.now <= it.most, "{it:?}");
        }
        nodes = nodes.or(Some(world.bot.book().len()));
    }
    world.fault(Fault::Heal);
    world.run(420_000);
    let bob = world.person(1);
    assert_eq!(world.ask(Said::on_channel(bob, 0, "/ping")).len(), 1);
    world.run(ALL_SETTLED);
    assert_eq!(everything_is_settled(&world), Ok(()));
    assert_eq!(nodes, Some(world.bot.book().len()));
    let counters = world.node.counters();
    assert_eq!(counters.accepts, DAYS * 24 + 1);
    assert_eq!(world.most_open, 1);
    assert_eq!(counters.texts_rate_limited, 0);
    assert_eq!(counters.admin_packets, 0);
    world.bot.close(world.now);
    let shelf = shelf.lock().unwrap();
    let heard = (world.witness.live, world.witness.late);
    assert_eq!((shelf.live, shelf.late), heard);
    assert!(heard.0 > 20_000, "{heard:?}");
}
