//! The operator's questions to other nodes: asked in an errand, told a page a
//! packet, the rest by `/more`.

use super::*;
use crate::bot::commands::{lheard, nodes};
use crate::bot::elsewhere::{List, Next, PATIENCE, Waiter, Wish, sentence};
use crate::remote::{Others, Trouble};

impl Bot {
    /// The same bot, which can ask other nodes.
    #[must_use]
    pub fn knowing(mut self, others: Arc<dyn Others>) -> Self {
        self.elsewhere = Elsewhere::new(others);
        self
    }

    /// The operator wants to know what another node lists.
    pub(super) fn ask_elsewhere(&mut self, now: Now, ask: &Ask, way: Way, wish: &Wish) {
        let lang = self.settings.lang;
        match self.elsewhere.wish(ask, way, wish, lang, now.mono) {
            Next::Say(text) => self.answer_order(now, ask, way, &text),
            Next::Tell(list) => self.tell_page(now, ask, way, wish.page, &list),
            Next::Begin => {
                let others = self.elsewhere.others();
                let (name, own) = (wish.name.clone(), self.book.own());
                let sanity = self.settings.sanity;
                let job: Job = Box::new(move || {
                    let answer = others.nodes(&name, own);
                    let list =
                        answer.map(|answer| lheard::elsewhere(lang, &name, &answer, now, sanity));
                    Work::Elsewhere(list)
                });
                if !self.start(OpenJob::Elsewhere(now.mono + PATIENCE), job) {
                    self.elsewhere.came(None, now.mono);
                    self.too_busy(ask, way);
                }
            }
            Next::Wait => {}
        }
    }

    /// What came of it; `Err` is the message of a panic.
    pub(super) fn told_elsewhere(&mut self, now: Now, result: Result<Work, String>) {
        let lang = self.settings.lang;
        let told = match result {
            Ok(Work::Elsewhere(Ok(list))) => Ok(Arc::new(list)),
            Ok(Work::Elsewhere(Err(trouble))) => Err(Some(trouble)),
            Ok(_) => Err(None),
            Err(panic) => {
                error!("asking another node panicked: {panic}");
                Err(None)
            }
        };
        let (name, waiters) = self.elsewhere.came(told.as_ref().ok().cloned(), now.mono);
        if let Err(Some(trouble)) = &told {
            warn!("{name} was not asked, or did not answer: {trouble}");
        }
        let apology = |trouble: &Option<Trouble>| match trouble {
            Some(trouble) => sentence(lang, &name, trouble),
            None => Text::Apology.plain(lang).to_owned(),
        };
        for Waiter { ask, way, page } in waiters {
            match &told {
                Ok(list) => self.tell_page(now, &ask, way, page, list),
                Err(trouble) => self.answer_order(now, &ask, way, &apology(trouble)),
            }
        }
    }

    /// It takes longer than it ever can.
    pub(super) fn give_up_elsewhere(&mut self, now: Now) {
        let (name, waiters) = self.elsewhere.came(None, now.mono);
        warn!("asking {name} took too long");
        let text = Text::TookTooLong.plain(self.settings.lang);
        for Waiter { ask, way, .. } in waiters {
            self.answer_order(now, &ask, way, text);
        }
    }

    fn tell_page(&mut self, now: Now, ask: &Ask, way: Way, page: usize, list: &List) {
        let limit = self.settings.bot.part_limit;
        let text = nodes::page_of(list, page, limit);
        let rest = nodes::after_page(list, page, limit);
        self.answer_order(now, ask, way, &text);
        self.desk.keep((ask.from, way.place(ask)), rest, now.mono);
    }

    /// An operator is answered even by a muted bot.
    fn answer_order(&mut self, now: Now, ask: &Ask, way: Way, text: &str) {
        let handed = self.post.send(ask, way, text, &mut self.desk, now.mono);
        self.count(now, ask, handed);
        self.note_handed(ask, handed);
    }
}
