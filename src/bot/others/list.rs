//! What another node tells, as a list.

use crate::bot::say::pages::{self, List};
use crate::lang::{Lang, Text};
use crate::mesh::{Now, Sanity};
use crate::remote::Answer;

/// The nodes that another node knows, here called `name`.
pub fn list(lang: Lang, name: &str, answer: &Answer, now: Now, sanity: Sanity) -> List {
    let book = answer.book(now, sanity);
    let known = answer.others(&book);
    let lines = known.iter().map(|node| {
        let age = pages::time_in(lang, node.age(now));
        pages::line_in(&book, node, [age, pages::last_way(lang, now, node), None])
    });
    let title = match answer.is_locked {
        true => Text::ElsewhereLocked.fill(lang, &[("name", &name)]),
        false => Text::ElsewhereTitle.fill(lang, &[("name", &name), ("n", &known.len())]),
    };
    List {
        lines: lines.collect(),
        title,
    }
}
