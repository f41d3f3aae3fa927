//! Lists that are told a page a packet, and the lines about nodes that most of
//! them have.

use std::time::Duration;

use super::{format, whom};
use crate::bot::command::Context;
use crate::bot::desk::Turn;
use crate::lang::{Lang, Text};
use crate::mesh::name::{cut, shortened};
use crate::mesh::{Hops, Node, NodeBook, Now};
use crate::weather::is_apart;

/// The longest name in a line, bytes, where longer ones would cost another page.
const NAME: usize = 16;
/// A page without room for this much beside its title has a sign for it.
const LINE_MIN: usize = 40;

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

impl Context<'_> {
    /// How pages are told where it was asked.
    #[must_use]
    pub fn telling(&self) -> Telling<'_> {
        Telling {
            lang: self.lang,
            prefix: self.prefix,
            limit: self.part_limit,
        }
    }
}

/// What is left without a page number at the end, and the page: the first
/// unless there is a number. The end of `48, 2` is none.
pub fn without_page(text: &str) -> (&str, usize) {
    let text = text.trim();
    let (before, last) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    match last.parse() {
        Ok(page) if last.len() <= 3 && is_apart(behind(before), behind(text)) => {
            (before.trim_end(), page)
        }
        _ => (text, 1),
    }
}

/// What follows `near`, if that is what it begins with.
fn behind(text: &str) -> &str {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) if word.chars().all(char::is_alphabetic) => rest,
        _ => text,
    }
}

pub fn time(context: &Context<'_>, age: Option<Duration>) -> Option<String> {
    time_in(context.lang, age)
}

pub fn time_in(lang: Lang, age: Option<Duration>) -> Option<String> {
    age.map(|age| tight(&format::brief(lang, age)))
}

/// A figure and its unit without the space between them.
pub fn tight(figure: &str) -> String {
    figure.replacen(' ', "", 1)
}

/// Name, end of the number, and what is known.
pub fn line(context: &Context<'_>, node: &Node, figures: [Option<String>; 3]) -> Line {
    line_in(context.book, node, figures)
}

/// The same for a node of another book.
pub fn line_in(book: &NodeBook, node: &Node, figures: [Option<String>; 3]) -> Line {
    let name = book.display_name(node.num, usize::MAX);
    let mut line = Line {
        rest: whom::digits_in(book, node.num),
        name,
    };
    for figure in figures.into_iter().flatten() {
        line.rest.push(' ');
        line.rest.push_str(&figure);
    }
    line
}

/// One page, as it is said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// What to say.
    pub text: String,
    /// Which it is, from 1 …
    pub page: usize,
    /// … of so many.
    pub pages: usize,
}

impl Page {
    /// What lies on the desk while it is the last that was said.
    #[must_use]
    pub fn turn(&self, command: &'static str, args: &str) -> Turn {
        Turn {
            command,
            args: args.to_owned(),
            page: self.page,
            pages: self.pages,
        }
    }
}

/// How pages are told.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// In which language.
    pub lang: Lang,
    /// The mark before commands.
    pub prefix: &'a str,
    /// The most bytes of a page.
    pub limit: usize,
}

impl Telling<'_> {
    /// What the page ends with: `1/4 · /more`.
    fn end(&self, page: usize, pages: usize) -> String {
        let more = match Text::NamesMore.list(self.lang) {
            [more, ..] if page < pages => format!(" · {}{more}", self.prefix),
            _ => String::new(),
        };
        format!("\n{page}/{pages}{more}")
    }
}

/// One page (from 1) of a list; one that does not exist is a sentence.
pub fn page_of(list: &List, page: usize, telling: Telling<'_>) -> Page {
    let pages = pages(list, telling);
    told(&pages, &list.title, page, telling)
}

/// The same of pages that are written already.
pub fn told(pages: &[String], title: &str, page: usize, telling: Telling<'_>) -> Page {
    let count = pages.len();
    let page = page.max(1);
    let text = match pages.get(page - 1) {
        Some(text) if count > 1 => text.clone() + &telling.end(page, count),
        Some(text) => text.clone(),
        None if count == 0 => title.to_owned(),
        None => Text::NoSuchPage.count(telling.lang, count),
    };
    Page {
        text,
        page: page.min(count.max(1)),
        pages: count.max(1),
    }
}

/// Lines packed into as few pages as hold them.
pub fn of_lines(lines: &[&str], telling: Telling<'_>) -> Vec<String> {
    let most = lines.len();
    let room = telling
        .limit
        .saturating_sub(telling.end(most, most + 1).len());
    let mut pages: Vec<String> = Vec::new();
    for line in lines {
        match pages.last_mut() {
            Some(page) if page.len() + 1 + line.len() <= room => {
                page.push('\n');
                page.push_str(line);
            }
            _ => pages.push(cut(line, room).to_owned()),
        }
    }
    pages
}

fn text_of(line: &Line, name_max: usize) -> String {
    format!("{}{}", shortened(&line.name, name_max), line.rest)
}

/// With names as long as they can be without costing another page.
fn pages(list: &List, telling: Telling<'_>) -> Vec<String> {
    let fewest = pages_with(list, telling, NAME).len();
    let write = |name_max| pages_with(list, telling, name_max);
    format::with_names(NAME, write, |pages| pages.len() <= fewest)
}

fn pages_with(list: &List, telling: Telling<'_>, name_max: usize) -> Vec<String> {
    // No page has a longer number than there are lines.
    let most = list.lines.len();
    let room = telling
        .limit
        .saturating_sub(telling.end(most, most + 1).len());
    let title = if room >= list.title.len() + LINE_MIN {
        list.title.as_str()
    } else {
        "📡"
    };
    let mut pages: Vec<String> = Vec::new();
    for line in &list.lines {
        let line = text_of(line, name_max);
        match pages.last_mut() {
            Some(page) if page.len() + 1 + line.len() <= room => {
                page.push('\n');
                page.push_str(&line);
            }
            _ => pages.push(cut(&format!("{title}\n{line}"), room).to_owned()),
        }
    }
    pages
}

/// The SNR of who is heard directly, else how the last packet came.
pub fn last_way(lang: Lang, now: Now, node: &Node) -> Option<String> {
    // The hops are those of an earlier packet then.
    if node.via_mqtt {
        return Some(Text::ViaMqtt.plain(lang).to_owned());
    }
    let snr = node.direct_snr(now);
    match (node.hops, snr) {
        (Hops::Unknown, _) => None,
        (Hops::Known(0), Some(snr)) => {
            Some(format!("{}dB", format::decimal(lang, f64::from(snr), 1)))
        }
        (hops, _) => Some(format::way(lang, hops, false)),
    }
}
