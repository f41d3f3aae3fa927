//! What is meant by what was asked: which command, with which arguments. A small
//! closed grammar, no more: names of commands in every language, phrases that
//! stand in the languages' files, words that say nothing, and for the rest the
//! nearest name.

use super::command::{Command, Registry};
use super::parse::{Address, Asked, trimmed};
use crate::lang::{Lang, Text};
use crate::mesh::name::fold;

/// Words looked at; nobody needs more to ask something.
const WORDS: usize = 40;

/// What is meant.
#[derive(Clone, Debug)]
pub enum Meaning {
    /// A command.
    Command {
        /// Which.
        command: Command,
        /// Its word as it was said.
        said: String,
        /// What follows it, in plain signs.
        args: String,
        /// It was said without the mark and nothing else: `ping`.
        is_bare: bool,
    },
    /// Nothing but our name, or signs without a word.
    Nothing,
    /// Thanks, or a greeting, which needs no answer.
    Courtesy,
    /// Somebody is in distress.
    Distress,
    /// Nothing that is known.
    Unknown {
        /// The word that is not known; empty in mere talk.
        said: String,
        /// What was perhaps meant, without the mark: a name of a command and the
        /// arguments.
        perhaps: Option<String>,
    },
}

/// A word of what was asked.
struct Word<'a> {
    folded: String,
    /// From here on.
    rest: &'a str,
}

/// What `asked` means to somebody who may use these commands.
#[must_use]
pub fn understand(
    asked: &Asked<'_>,
    registry: &Registry,
    may_use: &dyn Fn(&Command) -> bool,
) -> Meaning {
    let text = asked.text.as_str();
    let words = words(text);
    let Some(first) = words.first() else {
        return if is_sign_of_courtesy(text) {
            Meaning::Courtesy
        } else {
            Meaning::Nothing
        };
    };
    let said = trimmed(text.split(char::is_whitespace).next().unwrap_or_default());
    let named = registry.find(&first.folded);
    // `zuletzt gehört` says more than the command `zuletzt`.
    let longer = phrase(registry, &words, 2).filter(|_| asked.address != Address::Perhaps);
    if let Some(command) = named
        && (longer.is_none() || command.takes_text || asked.is_marked)
        && let Some(args) = arguments(asked, command, &words)
    {
        return Meaning::Command {
            command: *command,
            said: said.to_owned(),
            args,
            is_bare: !asked.is_marked && words.len() == 1,
        };
    }
    if all(&words, &[Text::WordsOfCourtesy, Text::WordsThatSayNothing])
        && is_in(&first.folded, Text::WordsOfCourtesy)
    {
        return Meaning::Courtesy;
    }
    if is_in(&first.folded, Text::WordsOfDistress) {
        return Meaning::Distress;
    }
    let apart = self::apart(&words);
    let short = || phrase(registry, &words, 1).or_else(|| phrase(registry, &apart, 1));
    if asked.address != Address::Perhaps
        && let Some((command, args)) = longer.or_else(short)
    {
        return Meaning::Command {
            command: *command,
            said: command.name.to_owned(),
            args,
            is_bare: false,
        };
    }
    let is_word = first.folded.chars().all(char::is_alphanumeric);
    // A greeting is no mistake in typing.
    let says_nothing = is_in(&first.folded, Text::WordsThatSayNothing)
        || is_in(&first.folded, Text::WordsOfCourtesy);
    let near = registry
        .nearest(&first.folded, may_use)
        .filter(|_| asked.is_marked || !says_nothing);
    Meaning::Unknown {
        perhaps: near.map(|name| {
            let args = without_manners(&words, 1);
            format!("{name} {args}").trim_end().to_owned()
        }),
        said: if is_word {
            said.to_owned()
        } else {
            String::new()
        },
    }
}

/// The arguments of a command whose name was said; none when that was talk after
/// all: a command that takes no arguments, said without the mark in a sentence.
fn arguments(asked: &Asked<'_>, command: &Command, words: &[Word<'_>]) -> Option<String> {
    if command.takes_text {
        let typed = asked.typed.trim_start();
        let (_, args) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        return Some(args.trim().to_owned());
    }
    let args = without_manners(words, 1);
    let is_talk = !asked.is_marked && command.usage.is_none() && !args.is_empty();
    (!is_talk || asked.address == Address::Nobody).then_some(args)
}

/// What follows so many words, without please and thank you, and without the small
/// words and the punctuation around it.
fn without_manners(words: &[Word<'_>], from: usize) -> String {
    let mut rest = words.get(from..).unwrap_or_default();
    while let [.., last] = rest
        && is_in(&last.folded, Text::WordsOfCourtesy)
    {
        rest = &rest[..rest.len() - 1];
    }
    while let [first, ..] = rest
        && is_in(&first.folded, Text::WordsBeforePlaces)
    {
        rest = &rest[1..];
    }
    let (Some(first), last) = (rest.first(), rest.last()) else {
        return String::new();
    };
    // Up to the end of the last word that counts.
    let end = last.map_or(0, |last| {
        let word = last
            .rest
            .split(char::is_whitespace)
            .next()
            .unwrap_or_default();
        word.len() + first.rest.len() - last.rest.len()
    });
    let args = first.rest[..end].trim_matches(['"', '\'', '`']);
    args.trim_end_matches(['!', '?', '.', ',', ';', ':', '"'])
        .to_owned()
}

/// The same words, those with hyphens in their parts: `entends-tu`.
fn apart<'a>(words: &[Word<'a>]) -> Vec<Word<'a>> {
    let mut apart = Vec::new();
    for word in words {
        let end = word.rest.find(char::is_whitespace);
        let whole = &word.rest[..end.unwrap_or(word.rest.len())];
        let mut at = 0;
        for part in whole.split('-') {
            let folded = fold(trimmed(part));
            if !folded.is_empty() {
                let rest = &word.rest[at..];
                apart.push(Word { folded, rest });
            }
            at += part.len() + 1;
        }
    }
    apart
}

/// The command whose phrase of so many words at least fits best, and what stands
/// behind it.
fn phrase<'r>(
    registry: &'r Registry,
    words: &[Word<'_>],
    least: usize,
) -> Option<(&'r Command, String)> {
    let mut best: Option<(usize, &Command, usize)> = None;
    for command in registry.iter() {
        let Some(phrases) = command.phrases else {
            continue;
        };
        for &pattern in Lang::ALL.iter().flat_map(|&lang| phrases.list(lang)) {
            let length = pattern.split(' ').count();
            if length >= least
                && best.is_none_or(|(longest, ..)| longest < length)
                && let Some(end) = fits(pattern, words)
            {
                best = Some((length, command, end));
            }
        }
    }
    let (_, command, end) = best?;
    if command.usage.is_none() {
        return Some((command, String::new()));
    }
    let end = end + count_empty(&words[end..]);
    Some((command, without_manners(words, end)))
}

/// Behind which word the pattern ends, if what was said begins with it; words that
/// say nothing may stand before and between.
fn fits(pattern: &str, words: &[Word<'_>]) -> Option<usize> {
    let mut at = 0;
    for part in pattern.split(' ') {
        while words.get(at)?.folded != part {
            is_in(&words[at].folded, Text::WordsThatSayNothing).then_some(())?;
            at += 1;
        }
        at += 1;
    }
    Some(at)
}

/// So many words that say nothing stand at the beginning: up to the last one that
/// stands before places, else as far as there is no article, which may be part of a
/// name: `Le Havre`.
fn count_empty(words: &[Word<'_>]) -> usize {
    let is_before = |word: &Word<'_>| is_in(&word.folded, Text::WordsBeforePlaces);
    let is_empty = |word: &Word<'_>| is_in(&word.folded, Text::WordsThatSayNothing);
    let run = words.iter().take_while(|it| is_before(it) || is_empty(it));
    let run = run.count();
    let behind = words[..run].iter().rposition(is_before).map(|at| at + 1);
    behind.unwrap_or_else(|| {
        let articles = |word: &&Word<'_>| !is_in(&word.folded, Text::WordsOfNames);
        words[..run].iter().take_while(articles).count()
    })
}

fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && words.len() < WORDS {
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let around = ['"', '\'', '`', '*', '_', '(', ')'];
        let word = trimmed(rest[..end].trim_matches(around));
        if word == "?" || word.contains(|c: char| c.is_alphanumeric() || c == '@') {
            let folded = fold(word);
            words.push(Word { folded, rest });
        }
        rest = rest[end..].trim_start();
    }
    words
}

/// Whether a word is in this list of any language.
fn is_in(word: &str, list: Text) -> bool {
    let mut all = Lang::ALL.iter().flat_map(|&lang| list.list(lang));
    all.any(|&it| it == word)
}

fn all(words: &[Word<'_>], lists: &[Text]) -> bool {
    let known = |word: &Word<'_>| lists.iter().any(|&list| is_in(&word.folded, list));
    words.iter().all(known)
}

/// A thumb, a heart, a smile: without a word, and not only punctuation.
fn is_sign_of_courtesy(text: &str) -> bool {
    text.chars().any(|c| !c.is_ascii() && !c.is_alphanumeric())
}
