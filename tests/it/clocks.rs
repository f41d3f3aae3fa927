//! Clocks are opinions (features.md C27): whatever the node's or the board's
//! clock does, the bot is not deaf for more than ten seconds, doubles no answer
//! and answers no back-log.
//!
//! Somebody asks every five seconds. What is measured is the longest time from
//! the first question of a row of unanswered ones to the next that is answered.

use std::time::Duration;

use meshbot::mesh::{NodeNum, PacketId};
use meshbot::proto::{self, PortNum, mesh_packet};
use meshbot::sim::{Clock, Fault, Said};

use crate::support::world::{Options, World};

/// No limit is what is tested here.
const GENEROUS: &str = "[limits]\nper_sender = { count = 1000, per = \"1s\" }\n\
    per_channel = { count = 1000, per = \"1s\" }\ntotal = { count = 1000, per = \"1s\" }\n";
const EVERY: u64 = 5;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// features.md C27.
const DEAF: Duration = Duration::from_secs(10);

/// What happens to the clocks.
#[derive(Clone, Copy)]
enum Turn {
    /// The node's clock jumps by so many seconds.
    Node(i64),
    /// The board's clock does.
    Board(i64),
    /// The node tells of itself, its clock this far off for this one packet, or by
    /// its clock as it is.
    Tells(Option<i64>),
    /// The connection is lost and comes back.
    Drop,
    /// The node restarts, and its clock with it.
    Reboot,
}

use Turn::{Board, Drop, Node, Reboot, Tells};

/// How a story begins, and what happens when.
struct Story {
    name: &'static str,
    clock: Clock,
    /// How far the board's clock is off at first.
    board: i64,
    /// The node tells of itself once a minute.
    tells: bool,
    turns: Vec<(u64, Turn)>,
}

fn story(name: &'static str, turns: &[(u64, Turn)]) -> Story {
    Story {
        name,
        clock: Clock::Right,
        board: 0,
        tells: true,
        turns: turns.to_vec(),
    }
}

/// Every `every` seconds from 120 s on for ten minutes, in turn.
fn to_and_fro(every: u64, there: Turn, back: Turn) -> Vec<(u64, Turn)> {
    (0..600 / every)
        .map(|n| (120 + n * every, if n % 2 == 0 { there } else { back }))
        .collect()
}

fn stories() -> Vec<Story> {
    let seldom: Vec<_> = [10, 1_810, 3_610].map(|at| (at, Tells(None))).to_vec();
    vec![
        Story {
            clock: Clock::Off(HOUR),
            ..story("the node, 1 h ahead, steps right", &[(300, Node(-HOUR))])
        },
        Story {
            clock: Clock::Off(HOUR),
            tells: false,
            ..story(
                "the same, and tells of itself every half hour",
                &[&seldom[..1], &[(300, Node(-HOUR))], &seldom[1..]].concat(),
            )
        },
        story("the node falls back 1 h", &[(300, Node(-HOUR))]),
        story("the node falls back 4 min", &[(300, Node(-240))]),
        story(
            "one word of the node dated 2038",
            &[(303, Tells(Some(40 * 365 * DAY)))],
        ),
        story(
            "the same before a reconnect",
            &[(303, Tells(Some(40 * 365 * DAY))), (310, Drop)],
        ),
        story(
            "one word of the node that is an hour old",
            &[
                (303, Tells(Some(-HOUR))),
                (363, Tells(Some(-HOUR))),
                (393, Drop),
            ],
        ),
        story(
            "the node goes to and fro by a day every 45 s",
            &to_and_fro(45, Node(DAY), Node(-DAY)),
        ),
        story(
            "the node goes to and fro by a minute every 20 s",
            &to_and_fro(20, Node(-61), Node(61)),
        ),
        Story {
            board: HOUR,
            ..story("the board, 1 h ahead, steps right", &[(300, Board(-HOUR))])
        },
        Story {
            board: -5 * HOUR,
            ..story(
                "the board, 5 h late, steps right",
                &[(300, Board(5 * HOUR))],
            )
        },
        story(
            "the board goes to and fro by an hour every 20 s",
            &to_and_fro(20, Board(HOUR), Board(-HOUR)),
        ),
        Story {
            board: -3_000_000,
            ..story(
                "the board has no clock, then one",
                &[(300, Board(3_000_000))],
            )
        },
        Story {
            clock: Clock::Unset,
            ..story(
                "the node has no clock, is connected anew and restarts",
                &[(200, Drop), (400, Reboot), (600, Drop)],
            )
        },
        Story {
            clock: Clock::Off(-600),
            ..story(
                "the node is ten minutes late, and connected anew",
                &[(200, Drop), (400, Reboot), (600, Drop)],
            )
        },
        Story {
            clock: Clock::Off(600),
            ..story(
                "the node is ten minutes ahead, and connected anew",
                &[(200, Drop), (400, Reboot), (600, Drop)],
            )
        },
        story(
            "the node restarts an hour late",
            &[
                (200, Drop),
                (201, Node(-HOUR)),
                (500, Drop),
                (501, Node(HOUR)),
            ],
        ),
        story(
            "both clocks step at once",
            &[
                (300, Board(HOUR)),
                (300, Node(-HOUR)),
                (400, Board(-2 * HOUR)),
            ],
        ),
    ]
}

/// What the node tells of itself.
pub fn word(world: &World, off: Option<i64>) -> proto::MeshPacket {
    let time = off.map(|off| world.now.unix.saturating_add_signed(off));
    proto::MeshPacket {
        from: world.node.own().0,
        to: NodeNum::BROADCAST.0,
        id: fastrand::u32(1..),
        rx_time: time.and_then(|time| u32::try_from(time).ok()),
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: PortNum::TelemetryApp.into(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

fn turn(world: &mut World, turn: Turn) {
    match turn {
        Node(by) => world.fault(Fault::ClockJump(by)),
        Board(by) => world.board_clock(by),
        Tells(off) => {
            let word = word(world, off);
            world.node.force(world.now, word);
        }
        Drop => world.fault(Fault::Drop),
        Reboot => world.fault(Fault::Reboot(Duration::from_secs(3))),
    }
}

/// Lives through a story; the questions, when they were asked and whether they
/// were answered, and the longest deafness.
fn live(story: &Story) -> (usize, usize, Duration) {
    let mut options = Options {
        config: GENEROUS.to_owned(),
        ..Options::default()
    };
    options.sim.clock = story.clock;
    options.sim.own_telemetry = story.tells;
    let mut world = World::with(options);
    if story.board != 0 {
        world.board_clock(story.board);
    }
    let start = world.now.mono;
    let mut turns = story.turns.iter().peekable();
    let last = story.turns.iter().map(|it| it.0).max().unwrap_or(0);
    let mut asked: Vec<(Duration, PacketId)> = Vec::new();
    for second in 0..last + 120 {
        while let Some((_, what)) = turns.next_if(|it| it.0 == second) {
            turn(&mut world, *what);
        }
        if second % EVERY == 3 && world.core.session().is_ready() {
            let who = world.person((second / EVERY) as usize % 7);
            let id = world.say(Said::to_us(who, "/ping"));
            asked.push((world.now.mono - start, id));
        }
        world.run(1_000);
        if let Some(what) = world.witness.violations.first() {
            panic!("{}: {what}", story.name);
        }
    }
    world.run(20_000);
    world.answers();
    let mut longest = Duration::ZERO;
    let mut since = None;
    let mut answered = 0;
    for (at, id) in &asked {
        match world.witness.answers_to(*id).len() {
            0 => {
                since.get_or_insert(*at);
            }
            1 => {
                answered += 1;
                longest = longest.max(since.take().map_or(Duration::ZERO, |since| *at - since));
            }
            _ => panic!("{}: answered twice", story.name),
        }
    }
    if let Some(since) = since {
        longest = longest.max(world.now.mono - start - since);
    }
    (asked.len(), answered, longest)
}

#[test]
fn no_clock_makes_the_bot_deaf() {
    let mut deaf = Vec::new();
    for story in stories() {
        let (asked, answered, longest) = live(&story);
        let line = format!(
            "{:>4} s {answered:>4} of {asked:>4}  {}",
            longest.as_secs(),
            story.name
        );
        crate::support::say(&line);
        if longest > DEAF {
            deaf.push(line);
        }
    }
    assert!(deaf.is_empty(), "{}", deaf.join("\n"));
}
