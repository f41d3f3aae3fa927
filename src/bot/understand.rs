//! What is meant by what was asked: which command, with which arguments. A small
//! closed grammar, no more: names of commands in every language, phrases that
//! stand in the languages' files, words that say nothing, and for the rest the
//! nearest name.

mod manners;
mod phrases;
#[cfg(test)]
mod tests;
mod words;

use self::manners::Manner;
use self::phrases::Found;
use self::words::Words;
use super::command::{Command, Registry};
use super::parse::{Address, Asked, trimmed};
use crate::lang::Lang;

/// More words are a sentence: whoever mistypes a name says little else.
const MISTYPED: usize = 5;

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
        /// It was said without the mark, our name and anything else: `ping`.
        is_bare: bool,
    },
    /// Nothing but our name, or signs without a word.
    Nothing,
    /// A greeting.
    Greeting,
    /// Thanks, which need no answer.
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

/// What `asked` means to somebody who reads `lang` and may use these commands.
#[must_use]
pub fn understand(
    asked: &Asked<'_>,
    registry: &Registry,
    lang: Lang,
    may_use: &dyn Fn(&Command) -> bool,
) -> Meaning {
    let text = asked.text.as_str();
    let words = Words::of(text);
    let named = registry.find(&words.first);
    if manners::is_sign_of_distress(text) && named.is_none_or(|command| !command.takes_text) {
        return Meaning::Distress;
    }
    if words.all.is_empty() {
        return match manners::is_sign_of_courtesy(text) {
            true => Meaning::Courtesy,
            false => Meaning::Nothing,
        };
    }
    let said = trimmed(text.split(char::is_whitespace).next().unwrap_or_default());
    let manner = manners::manner(&words);
    // A name in front may be that of anybody in a sentence, and a word alone is a
    // command or politeness before it is a phrase.
    let is_alone = words.all.len() == 1 && (named.is_some() || manner.is_some());
    let may_be_phrase = asked.address != Address::Perhaps && !is_alone;
    let phrase = may_be_phrase.then(|| phrases::find(registry, &words));
    let phrase = phrase.flatten();
    // `help 112`, but `/weather sos`: that is a village.
    let is_help = named.is_some_and(|command| command.name == "help");
    if manner.is_none() && (named.is_none() || is_help) && manners::is_distress(&words) {
        return Meaning::Distress;
    }
    let has_more = phrase.as_ref().is_some_and(|phrase| phrase.length > 1);
    if is_help && !has_more && words.typed > 2 {
        // `help how far is bob` asks for that, and another sentence calls for help.
        let (_, rest) = text.split_once(char::is_whitespace).unwrap_or_default();
        let behind = phrases::find(registry, &Words::of(rest));
        if behind.is_none() && manners::is_call(&words) {
            return Meaning::Distress;
        }
        if let Some(phrase) = behind {
            return said_in_words(phrase);
        }
    }
    // `last heard` says more than the command `last`, but who uses the mark and has
    // the right command knows its arguments.
    let says_more = phrase.as_ref().is_some_and(|phrase| {
        let is_called = named.is_some_and(|named| named.name == phrase.command.name);
        phrase.length > 1 && !(is_called && asked.is_marked)
    });
    if let Some(command) = named
        && (!says_more || command.takes_text)
        && let Some(args) = arguments(asked, command, &words)
    {
        return Meaning::Command {
            command: *command,
            said: said.to_owned(),
            args,
            is_bare: !asked.is_marked && !asked.is_named && words.typed == 1,
        };
    }
    // `what can you do please` is a question.
    match manner.filter(|_| !says_more) {
        Some(Manner::Greeting) => return Meaning::Greeting,
        Some(Manner::Courtesy) => return Meaning::Courtesy,
        None => {}
    }
    if let Some(phrase) = phrase {
        return said_in_words(phrase);
    }
    let is_word = words.first.chars().all(char::is_alphanumeric);
    Meaning::Unknown {
        perhaps: mistyped(asked, &words, |word| registry.nearest(lang, word, may_use)),
        said: match is_word {
            true => said.to_owned(),
            false => String::new(),
        },
    }
}

fn said_in_words(phrase: Found<'_>) -> Meaning {
    Meaning::Command {
        command: *phrase.command,
        said: phrase.command.name.to_owned(),
        args: phrase.args,
        is_bare: false,
    }
}

/// The arguments of a command whose name was said; none when that was talk after
/// all: a command that takes no arguments, said without the mark in a sentence.
fn arguments(asked: &Asked<'_>, command: &Command, words: &Words<'_>) -> Option<String> {
    if command.takes_text {
        let typed = asked.typed.trim_start();
        let (_, args) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
        return Some(args.trim().to_owned());
    }
    let args = words.argument(words.behind_first(), words.all.len());
    let is_talk = !asked.is_marked && command.usage.is_none() && !args.is_empty();
    (!is_talk || asked.address == Address::Nobody).then_some(args)
}

/// The command that somebody has perhaps mistyped: not in what is a sentence.
fn mistyped(
    asked: &Asked<'_>,
    words: &Words<'_>,
    nearest: impl Fn(&str) -> Option<&'static str>,
) -> Option<String> {
    let first = words.all.first()?;
    let rest = &words.all[1..];
    let is_sentence = words.typed > MISTYPED
        || first.kind().is_small()
        || rest.iter().any(|it| it.kind().talk || it.kind().person);
    if is_sentence && !asked.is_marked {
        return None;
    }
    let name = nearest(&words.first)?;
    let args = words.argument(words.behind_first(), words.all.len());
    Some(format!("{name} {args}").trim_end().to_owned())
}
