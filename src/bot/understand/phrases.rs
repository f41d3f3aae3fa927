//! How people ask without knowing a command: the phrases of the languages' files.
//!
//! A phrase fits if its words stand at the beginning, with words that say nothing
//! before and between. `…` in it stands for anything, which is an argument, and `=`
//! ends a phrase that takes none, or has one that goes without saying. What explains
//! most of the text wins; a phrase that begins with `…` only if no other fits.

use super::words::{Word, Words};
use crate::bot::command::{Command, Registry};

/// More words in front of a phrase are a sentence, not the name of a place.
const IN_FRONT: usize = 3;

/// The phrase that fits best.
pub(super) struct Found<'r> {
    pub command: &'r Command,
    pub args: String,
    /// So many words of it were said.
    pub length: usize,
}

pub(super) fn find<'r>(registry: &'r Registry, words: &Words<'_>) -> Option<Found<'r>> {
    // Most phrases begin with another word, and need no closer look.
    let is_filler = |word: &&Word| word.kind().is_filler();
    let run = words.all.iter().take_while(is_filler).count();
    let front = words.all.get(..=run).unwrap_or(&words.all);
    let may_fit =
        |phrase: &str| phrase.starts_with('…') || front.iter().any(|it| it.may_begin(phrase));
    let mut best: Option<(Fit<'_>, &Command)> = None;
    for command in registry.iter() {
        let Some(phrases) = command.phrases else {
            continue;
        };
        for phrase in phrases.in_every_language() {
            if may_fit(phrase)
                && let Some(fit) = fits(phrase, words)
                && best
                    .as_ref()
                    .is_none_or(|(known, _)| known.rank() < fit.rank())
            {
                best = Some((fit, command));
            }
        }
    }
    let (fit, command) = best?;
    Some(Found {
        command,
        length: fit.length,
        args: match command.usage {
            Some(_) => match fit.meant {
                Some(meant) => meant.trim_start().to_owned(),
                None => fit.arguments(words),
            },
            None => String::new(),
        },
    })
}

/// Where a phrase stands.
#[derive(Default)]
struct Fit<'p> {
    /// The argument that goes with it, whatever follows.
    meant: Option<&'p str>,
    /// So many of its words are in the text.
    length: usize,
    /// Behind its last word.
    end: usize,
    /// What stands for `…`, the first of them in front of all.
    gaps: [Option<(usize, usize)>; 2],
    /// What is left between the words of the phrase.
    left: usize,
    is_behind: bool,
}

impl Fit<'_> {
    fn rank(&self) -> (bool, usize, usize) {
        (!self.is_behind, self.end - self.left, self.length)
    }

    fn arguments(&self, words: &Words<'_>) -> String {
        let mut all = String::new();
        let rest = Some((self.end, words.all.len()));
        for (from, to) in self.gaps.into_iter().chain([rest]).flatten() {
            let argument = words.argument_behind(from, to);
            if !all.is_empty() && !argument.is_empty() {
                all.push(' ');
            }
            all.push_str(&argument);
        }
        all
    }
}

fn fits<'p>(phrase: &'p str, words: &Words<'_>) -> Option<Fit<'p>> {
    let (phrase, meant) = match phrase.split_once(" =") {
        Some((phrase, meant)) => (phrase, Some(meant)),
        None => (phrase, None),
    };
    let mut fit = Fit {
        meant,
        ..Fit::default()
    };
    let mut at = 0;
    let mut is_gap = false;
    for (number, part) in phrase.split(' ').enumerate() {
        if part == "…" {
            is_gap = true;
            fit.is_behind |= number == 0;
            continue;
        }
        let from = at;
        while !words.all.get(at)?.is(part) {
            (is_gap || words.all[at].kind().is_filler()).then_some(())?;
            at += 1;
        }
        if std::mem::take(&mut is_gap) {
            fit.left += at - from;
            let is_first = from == 0;
            // In front of all stands the name of a place, or a sentence.
            let is_name =
                at - from <= IN_FRONT && !words.all[from..at].iter().any(|it| it.kind().talk);
            if !is_first || is_name {
                fit.gaps[usize::from(!is_first)] = Some((from, at));
            }
        }
        at += 1;
        fit.length += 1;
    }
    fit.end = at;
    Some(fit)
}
