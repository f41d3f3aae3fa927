//! What is said to the bot without asking for anything: greetings, thanks; and calls
//! for help, which concern nobody less than a program.

use super::words::Words;
use crate::lang::Text;

/// How somebody is polite.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Manner {
    Greeting,
    Courtesy,
}

/// The politeness that the text is made of, and of nothing else.
pub(super) fn manner(words: &Words<'_>) -> Option<Manner> {
    let mut found = None;
    let mut at = 0;
    while let Some(word) = words.all.get(at) {
        if let Some(end) = longest(words, Text::WordsOfGreeting, at) {
            found = Some(Manner::Greeting);
            at = end;
        } else if let Some(end) = longest(words, Text::WordsOfCourtesy, at) {
            found = found.or(Some(Manner::Courtesy));
            at = end;
        } else if word.kind().empty || longest(words, Text::WordsOfAddress, at).is_some() {
            at += 1;
        } else {
            return None;
        }
    }
    found
}

/// Behind the longest phrase of the list that stands there.
fn longest(words: &Words<'_>, list: Text, at: usize) -> Option<usize> {
    let all = list.like(&words.all.get(at)?.folded);
    all.filter_map(|phrase| match phrase.strip_suffix(" …") {
        // `thanks for …`: whatever it is for.
        Some(front) => words.has_at(front, at).map(|_| words.all.len()),
        None => words.has_at(phrase, at),
    })
    .max()
}

/// Whether what stands behind the word help is a sentence, and so a call.
pub(super) fn is_call(words: &Words<'_>) -> bool {
    let rest = words.all.get(1..).unwrap_or_default();
    rest.len() > 2 && rest.iter().any(|it| it.kind().talk)
}

/// Whether somebody calls for help anywhere in it.
pub(super) fn is_distress(words: &Words<'_>) -> bool {
    (0..words.all.len()).any(|at| longest(words, Text::WordsOfDistress, at).is_some())
}

/// The sign of distress, with words or without.
pub(super) fn is_sign_of_distress(text: &str) -> bool {
    text.contains('\u{1f198}')
}

/// A thumb, a heart, a smile: without a word, and not only punctuation.
pub(super) fn is_sign_of_courtesy(text: &str) -> bool {
    text.chars().any(|c| !c.is_ascii() && !c.is_alphanumeric())
}
