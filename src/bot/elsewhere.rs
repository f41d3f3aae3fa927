//! What the operator asks other nodes: who waits, what is known. Pure; the
//! calls themselves are errands.
//!
//! - One node is asked at a time, so that the other worker is free for everybody
//!   else; who asks for the same meanwhile waits with the first.
//! - A list is kept for a while: its pages cost the other node one connection.

use std::sync::Arc;
use std::time::Duration;

use super::command::Ask;
use super::reply::Way;
use crate::lang::{Lang, Text};
use crate::remote::{Others, Trouble};

/// A call ends within 30 s (`remote::Limits`); a little more when both workers
/// are busy.
pub const PATIENCE: Duration = Duration::from_secs(45);
/// So long the pages of a list are those of one answer.
const KEEP: Duration = Duration::from_secs(300);
/// More do not wait for the same node: only the operator asks.
const WAITERS: usize = 4;

/// What the operator wants to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// The node's name in the configuration, lower case.
    pub name: String,
    /// From 1.
    pub page: usize,
}

/// A title and what stands below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct List {
    /// Stands on each page.
    pub title: String,
    /// One a node.
    pub lines: Vec<Line>,
}

/// What stands below a title.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// A node's whole name.
    pub name: String,
    /// What is said of it.
    pub rest: String,
}

/// Somebody who waits for a list.
#[derive(Debug)]
pub struct Waiter {
    /// What he asked.
    pub ask: Ask,
    /// How the answer goes back.
    pub way: Way,
    /// The page that he wants.
    pub page: usize,
}

/// What is to be done with a wish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Say this.
    Say(String),
    /// Tell from this list.
    Tell(Arc<List>),
    /// Begin to ask; he waits.
    Begin,
    /// He waits with others.
    Wait,
}

/// Who waits for which node, and what the last one told.
pub struct Elsewhere {
    others: Arc<dyn Others>,
    asking: Option<(String, Vec<Waiter>)>,
    known: Option<(String, Duration, Arc<List>)>,
}

impl Elsewhere {
    /// Asks through `others`.
    #[must_use]
    pub fn new(others: Arc<dyn Others>) -> Self {
        Self {
            others,
            asking: None,
            known: None,
        }
    }

    /// Who is asked.
    #[must_use]
    pub fn others(&self) -> Arc<dyn Others> {
        Arc::clone(&self.others)
    }

    /// Somebody wants a list.
    pub fn wish(&mut self, ask: &Ask, way: Way, wish: &Wish, lang: Lang, now: Duration) -> Next {
        let names = self.others.names();
        if !names.contains(&wish.name) {
            return Next::Say(match names.as_slice() {
                [] => Text::ElsewhereNone.plain(lang).to_owned(),
                names => Text::ElsewhereNames.fill(lang, &[("names", &names.join(", "))]),
            });
        }
        self.forget(now);
        if let Some((_, _, list)) = self.known.as_ref().filter(|known| known.0 == wish.name) {
            return Next::Tell(Arc::clone(list));
        }
        let waiter = Waiter {
            ask: ask.clone(),
            way,
            page: wish.page,
        };
        match &mut self.asking {
            None => {
                self.asking = Some((wish.name.clone(), vec![waiter]));
                Next::Begin
            }
            Some((name, waiters)) if *name == wish.name && waiters.len() < WAITERS => {
                waiters.push(waiter);
                Next::Wait
            }
            Some((name, _)) => Next::Say(Text::ElsewhereBusy.fill(lang, &[("name", name)])),
        }
    }

    /// The node has told its list, or will not: who waited for it, and its
    /// name.
    pub fn came(&mut self, list: Option<Arc<List>>, now: Duration) -> (String, Vec<Waiter>) {
        let (name, waiters) = self.asking.take().unwrap_or_default();
        if let Some(list) = list {
            self.known = Some((name.clone(), now, list));
        }
        (name, waiters)
    }

    /// Drops a list that is too old.
    pub fn forget(&mut self, now: Duration) {
        self.known.take_if(|known| now > known.1 + KEEP);
    }
}

/// Why there is no list, for the operator.
#[must_use]
pub fn sentence(lang: Lang, name: &str, trouble: &Trouble) -> String {
    let text = match trouble {
        Trouble::OwnAddress | Trouble::OwnNumber(_) => Text::ElsewhereOwn,
        Trouble::Taken(_) => Text::ElsewhereTaken,
        Trouble::OwnUnknown(_) => Text::ElsewhereOwnUnknown,
        Trouble::LookUp(_) | Trouble::LookUpTimeout(_) => Text::ElsewhereNoAddress,
        Trouble::Connect(_) | Trouble::ConnectTimeout(_) => Text::ElsewhereAway,
        Trouble::SilenceTimeout(_) | Trouble::WholeTimeout(_) => Text::ElsewhereSlow,
        Trouble::Closed | Trouble::Broken(_) => Text::ElsewhereEnded,
        Trouble::Nonsense | Trouble::TooMuch(_) => Text::ElsewhereNonsense,
    };
    text.fill(lang, &[("name", &name)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::commands::testing::ask;
    use crate::mesh::NodeNum;
    use crate::remote::{Answer, Trouble};

    struct Two;

    impl Others for Two {
        fn names(&self) -> Vec<String> {
            vec!["hill".into(), "lake".into()]
        }

        fn nodes(&self, _name: &str, _own: Option<NodeNum>) -> Result<Answer, Trouble> {
            Err(Trouble::Closed)
        }
    }

    fn wish(elsewhere: &mut Elsewhere, name: &str, secs: u64) -> Next {
        let wish = Wish {
            name: name.to_owned(),
            page: 1,
        };
        let now = Duration::from_secs(secs);
        let ask = ask("nodes", "");
        elsewhere.wish(&ask, Way::default(), &wish, Lang::En, now)
    }

    /// Whoever asks often makes one connection and no pile of waiters.
    #[test]
    fn one_node_is_asked_at_a_time_and_few_wait_for_it() {
        let mut elsewhere = Elsewhere::new(Arc::new(Two));
        assert!(matches!(wish(&mut elsewhere, "attic", 0), Next::Say(_)));
        assert_eq!(wish(&mut elsewhere, "hill", 0), Next::Begin);
        assert!(matches!(wish(&mut elsewhere, "lake", 0), Next::Say(_)));
        for _ in 1..WAITERS {
            assert_eq!(wish(&mut elsewhere, "hill", 1), Next::Wait);
        }
        assert!(matches!(wish(&mut elsewhere, "hill", 1), Next::Say(_)));
        let (name, waiters) = elsewhere.came(None, Duration::from_secs(2));
        assert_eq!((name.as_str(), waiters.len()), ("hill", 4));
        assert_eq!(wish(&mut elsewhere, "lake", 3), Next::Begin);
    }

    #[test]
    fn a_list_is_told_again_for_five_minutes() {
        let mut elsewhere = Elsewhere::new(Arc::new(Two));
        wish(&mut elsewhere, "hill", 0);
        let list = Arc::new(List {
            title: "Hill".into(),
            lines: Vec::new(),
        });
        elsewhere.came(Some(list.clone()), Duration::from_secs(10));
        assert_eq!(wish(&mut elsewhere, "hill", 310), Next::Tell(list));
        assert_eq!(wish(&mut elsewhere, "lake", 310), Next::Begin);
        elsewhere.came(None, Duration::from_secs(311));
        assert_eq!(wish(&mut elsewhere, "hill", 311), Next::Begin);
    }
}
