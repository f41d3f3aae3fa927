//! A capability of its own, made here: what it takes to add one. It counts down, a
//! text at a time, and knows nothing of dispatch; dispatch knows nothing of it.

use std::time::Duration;

use meshbot::bot::all;
use meshbot::bot::ask::{Ask, JobId, Way};
use meshbot::bot::capability::{Acts, Capability, Happened};
use meshbot::bot::command::{Command, Context, Scene, Topic};
use meshbot::bot::reply::Reply;
use meshbot::lang::Text;
use meshbot::sim::Said;

use crate::support::world::{Options, World};

const COUNTDOWN: Command = Command {
    name: "countdown",
    topic: Topic::Bot,
    summary: Text::Pong,
    ..Command::BASE
};

/// Its one setting: from where it counts. Who waits, for what, and until when.
struct Countdown {
    from: u8,
    waits: Option<(Ask, Way, u8, Duration)>,
    job: Option<JobId>,
}

impl Capability for Countdown {
    fn commands(&self) -> &'static [Command] {
        &[COUNTDOWN]
    }

    fn asked(
        &mut self,
        _: &Command,
        ask: &Ask,
        context: &mut Context<'_>,
        reply: &mut Reply<'_>,
        acts: &mut Acts<'_>,
    ) {
        if self.waits.is_some() {
            reply.say(context.desk, "Somebody counts already.");
            return;
        }
        reply.later();
        let from = self.from;
        self.job = Some(acts.job(move || from));
        self.waits = Some((ask.clone(), reply.way(), 0, Duration::MAX));
    }

    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        let Some((ask, way, left, due)) = &mut self.waits else {
            return;
        };
        match event {
            Happened::Found(id, Ok(found)) if self.job == Some(id) => {
                *left = *found.downcast::<u8>().unwrap();
            }
            Happened::Time if *due <= scene.now.mono => {}
            _ => return,
        }
        acts.answer(ask, *way, format!("{left} to go"));
        *due = scene.now.mono + Duration::from_secs(10);
        match left.checked_sub(1) {
            Some(less) => *left = less,
            None => self.waits = None,
        }
    }

    fn due(&self) -> Option<Duration> {
        let (.., due) = self.waits.as_ref()?;
        (*due < Duration::MAX).then_some(*due)
    }
}

#[test]
fn a_capability_is_added_without_a_word_in_dispatch() {
    let mut registry = all::registry();
    registry.push(COUNTDOWN);
    let mut world = World::with(Options {
        registry,
        capabilities: vec![Box::new(Countdown {
            from: 2,
            waits: None,
            job: None,
        })],
        ..Options::default()
    });
    world.settle();
    let people = [0, 1, 2].map(|at| world.person(at));
    world.say(Said::to_us(people[0], "/countdown"));
    world.run(5_000);
    world.say(Said::to_us(people[1], "/countdown"));
    world.run(60_000);
    let said: Vec<String> = world.answers().into_iter().map(|it| it.text).collect();
    assert_eq!(
        said,
        ["2 to go", "Somebody counts already.", "1 to go", "0 to go"]
    );
    // The help knows it as well.
    let help = world.ask(Said::to_us(people[2], "/help bot"));
    assert!(help[0].text.contains("/countdown"), "{help:?}");
}
