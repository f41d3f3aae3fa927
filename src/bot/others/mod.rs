//! `/nodes`: our own lists, and for the operator those of other nodes. Those are
//! asked in an errand, and told a page a packet, the rest by `/more`.

mod asking;
mod list;
mod nodes;

use std::sync::Arc;
use std::time::Duration;

use log::warn;

use super::ask::{Ask, JobId, Way};
use super::capability::{Acts, Capability, Happened};
use super::command::{Command, Context, Scene};
use super::jobs::Finding;
use super::reply::Reply;
use super::say::pages::{self, List, Telling};
use crate::lang::Text;
use crate::remote::{Others as Asked, Trouble};
pub use asking::PATIENCE;
use asking::{Asking, Next, Waiter, Wish, sentence};

/// Its command.
pub const COMMANDS: &[Command] = &[nodes::COMMAND];

/// What comes of a call.
type Told = Result<List, Trouble>;

/// Who waits for what other nodes know.
pub struct Others {
    asking: Asking,
    /// The call that is under way, and until when it is waited for.
    call: Option<(JobId, Duration)>,
}

impl Others {
    /// Asks through `others`.
    #[must_use]
    pub fn new(others: Arc<dyn Asked>) -> Self {
        Self {
            asking: Asking::new(others),
            call: None,
        }
    }
}

impl Capability for Others {
    fn commands(&self) -> &'static [Command] {
        COMMANDS
    }

    fn asked(
        &mut self,
        _: &Command,
        ask: &Ask,
        context: &mut Context<'_>,
        reply: &mut Reply<'_>,
        acts: &mut Acts<'_>,
    ) {
        if let Some(wish) = nodes::asked(ask, context, reply) {
            reply.later();
            self.wish(ask, reply.way(), &wish, context, acts);
        }
    }

    fn happened(&mut self, event: Happened<'_>, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        match event {
            Happened::Found(id, found) if self.call.is_some_and(|(call, _)| call == id) => {
                self.call = None;
                self.told(found, scene, acts);
            }
            Happened::NotBegun(id) if self.call.is_some_and(|(call, _)| call == id) => {
                self.call = None;
                for Waiter { ask, way, .. } in self.asking.came(None, scene.now.mono).1 {
                    acts.busy(&ask, way);
                }
            }
            Happened::Time => {
                self.asking.forget(scene.now.mono);
                if let Some((id, _)) = self.call.take_if(|(_, until)| *until <= scene.now.mono) {
                    acts.forget(id);
                    self.give_up(scene, acts);
                }
            }
            _ => {}
        }
    }

    fn due(&self) -> Option<Duration> {
        self.call.map(|(_, until)| until)
    }
}

impl Others {
    /// The operator wants to know what another node lists.
    fn wish(
        &mut self,
        ask: &Ask,
        way: Way,
        wish: &Wish,
        context: &Context<'_>,
        acts: &mut Acts<'_>,
    ) {
        let (lang, now) = (context.lang, context.now);
        match self.asking.wish(ask, way, wish, lang, now.mono) {
            Next::Say(text) => acts.answer_order(ask, way, text, None),
            Next::Tell(list) => {
                tell_page(ask, way, wish.page, &list, context.telling(), acts);
            }
            Next::Begin => {
                let others = self.asking.others();
                let (name, own) = (wish.name.clone(), context.book.own());
                let sanity = context.sanity;
                let call = move || -> Told {
                    let answer = others.nodes(&name, own)?;
                    Ok(list::list(lang, &name, &answer, now, sanity))
                };
                self.call = Some((acts.job(call), now.mono + PATIENCE));
            }
            Next::Wait => {}
        }
    }

    /// What came of it; `Err` is the message of a panic.
    fn told(&mut self, found: Result<Finding, String>, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        let told = match found.map(|found| found.downcast::<Told>()) {
            Ok(Ok(told)) => (*told).map(Arc::new).map_err(Some),
            Ok(Err(_)) => Err(None),
            Err(panic) => {
                log::error!("asking another node panicked: {panic}");
                Err(None)
            }
        };
        let (name, waiters) = (self.asking).came(told.as_ref().ok().cloned(), scene.now.mono);
        if let Err(Some(trouble)) = &told {
            warn!("{name} was not asked, or did not answer: {trouble}");
        }
        for Waiter { ask, way, page } in waiters {
            let lang = ask.lang;
            match &told {
                Ok(list) => tell_page(&ask, way, page, list, telling(&ask, scene), acts),
                Err(Some(trouble)) => {
                    acts.answer_order(&ask, way, sentence(lang, &name, trouble), None);
                }
                Err(None) => {
                    acts.answer_order(&ask, way, Text::Apology.plain(lang).to_owned(), None);
                }
            }
        }
    }

    /// It takes longer than it ever can.
    fn give_up(&mut self, scene: &Scene<'_>, acts: &mut Acts<'_>) {
        let (name, waiters) = self.asking.came(None, scene.now.mono);
        warn!("asking {name} took too long");
        for Waiter { ask, way, .. } in waiters {
            let text = Text::TookTooLong.plain(ask.lang).to_owned();
            acts.answer_order(&ask, way, text, None);
        }
    }
}

fn tell_page(
    ask: &Ask,
    way: Way,
    page: usize,
    list: &List,
    telling: Telling<'_>,
    acts: &mut Acts<'_>,
) {
    let page = pages::page_of(list, page, telling);
    let turn = page.turn(nodes::COMMAND.name, pages::without_page(&ask.args).0);
    acts.answer_order(ask, way, page.text, Some(turn));
}

fn telling<'a>(ask: &Ask, scene: &Scene<'a>) -> Telling<'a> {
    Telling {
        lang: ask.lang,
        prefix: scene.prefix,
        limit: scene.part_limit,
    }
}
