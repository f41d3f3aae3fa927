//! What the mesh did: questions are handed to the history, and answered when it
//! has looked.

mod commands;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use log::{error, warn};

use super::ask::{Ask, JobId, Way};
use super::capability::{Acts, Capability, Happened, Looked};
use super::command::{Command, Context, Scene};
use super::reply::Reply;
use crate::bounds::Held;
use crate::history::insight::Answer;
use crate::lang::Text;
use crate::thread::caught;
use view::{View, Wish};

/// How long an asker waits for the history at most.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Questions to the history that are on their way, the one at work included
/// (`store::history::read`).
const MOST: usize = 9;

/// Its commands.
pub const COMMANDS: &[Command] = commands::ALL;

/// Who waits for the history.
#[derive(Default)]
pub struct Past {
    /// By number, so that who asked first is told first.
    waiting: BTreeMap<JobId, Waiting>,
}

/// Somebody who waits.
struct Waiting {
    ask: Ask,
    way: Way,
    wish: Wish,
    deadline: Duration,
}

impl Capability for Past {
    fn commands(&self) -> &'static [Command] {
        COMMANDS
    }

    fn asked(
        &mut self,
        command: &Command,
        ask: &Ask,
        context: &mut Context<'_>,
        reply: &mut Reply<'_>,
        acts: &mut Acts<'_>,
    ) {
        let Some(wish) = commands::asked(command, ask, context, reply) else {
            return;
        };
        reply.later();
        let waiting = Waiting {
            ask: ask.clone(),
            way: reply.way(),
            wish,
            deadline: context.now.mono + PATIENCE,
        };
        self.waiting.insert(acts.look(wish.search), waiting);
    }

    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        match event {
            Happened::Looked(id, looked) => {
                if let Some(waiting) = self.waiting.remove(&id) {
                    let text = told(&waiting, &looked, scene);
                    acts.answer(&waiting.ask, waiting.way, text);
                }
            }
            Happened::NotBegun(id) => {
                if let Some(Waiting { ask, way, .. }) = self.waiting.remove(&id) {
                    acts.busy(&ask, way);
                }
            }
            Happened::Time => self.give_up(scene, acts),
            _ => {}
        }
    }

    fn due(&self) -> Option<Duration> {
        self.waiting.values().map(|waiting| waiting.deadline).min()
    }

    fn held(&self) -> Vec<Held> {
        vec![Held::new(
            "questions to the history",
            self.waiting.len(),
            MOST,
        )]
    }
}

impl Past {
    /// Whoever has waited long enough is told so.
    fn give_up(&mut self, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        let late = |waiting: &Waiting| waiting.deadline <= scene.now.mono;
        let ids: Vec<JobId> = (self.waiting.iter())
            .filter(|(_, waiting)| late(waiting))
            .map(|(&id, _)| id)
            .collect();
        for id in ids {
            if let Some(Waiting { ask, way, .. }) = self.waiting.remove(&id) {
                warn!("{}: the errand took too long", ask.line);
                acts.forget(id);
                acts.answer(&ask, way, Text::TookTooLong.plain(ask.lang).to_owned());
            }
        }
    }
}

fn told(waiting: &Waiting, looked: &Looked<'_>, scene: &Scene<'_>) -> String {
    let Waiting { ask, wish, .. } = waiting;
    let plain = |text: Text| text.plain(ask.lang).to_owned();
    match looked {
        Looked::Not(why) => plain(*why),
        Looked::Broken(panic) => {
            error!("{}: the look-up panicked: {panic}", ask.line);
            plain(Text::HistoryUnreadable)
        }
        Looked::Found(answer, until) => written(ask, *wish, answer, *until, scene),
    }
}

fn written(ask: &Ask, wish: Wish, answer: &Answer, until: u64, scene: &Scene<'_>) -> String {
    let view = View {
        lang: ask.lang,
        part_limit: scene.part_limit,
        book: scene.book,
        zone: scene.zone,
        now: scene.now,
        wish,
        until,
        answer,
    };
    caught(|| (wish.render)(&view)).unwrap_or_else(|panic| {
        error!(
            "{}: what was looked up could not be written: {panic}",
            ask.line
        );
        Text::Apology.plain(ask.lang).to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{World, ask};
    use crate::history::insight::Look;
    use crate::lang::Lang;

    /// A panic while the answer is written costs that answer and nothing else.
    #[test]
    fn a_broken_answer_is_an_apology() {
        let wish = Wish::of_hours(1, Look::default(), |_| panic!("broken answer"));
        let question = ask("top", "");
        let say = |_: &Command, ask: &Ask, context: &mut Context<'_>, _: &mut Reply<'_>| {
            written(ask, wish, &Answer::default(), 0, &context.scene())
        };
        let (_, said) = World::town().with(&question, Lang::En, say);
        assert_eq!(said, "Sorry, that went wrong.");
    }
}
