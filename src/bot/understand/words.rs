//! A text as words: in small letters without accents, apart at apostrophes and
//! hyphens between letters, each with what the languages' files say of it, and with
//! its place, so that what is left over can be cut out as it was typed.

use std::cell::OnceCell;

use crate::bot::parse::trimmed;
use crate::lang::Text;
use crate::mesh::name::fold;

/// Words looked at; nobody needs more to ask something.
const WORDS: usize = 40;

/// Signs that people put around a word.
const AROUND: [char; 7] = ['"', '\'', '`', '*', '_', '(', ')'];

/// What a word is, in any language.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Kind {
    /// It says nothing of what is asked.
    pub empty: bool,
    /// A place or a name may follow.
    pub before: bool,
    /// A name may begin with it: `Le Havre`.
    pub article: bool,
    /// It stands in sentences, not in commands: `have`, `made`.
    pub talk: bool,
    /// It means somebody who speaks here: `me`, `you`.
    pub person: bool,
}

impl Kind {
    /// That of a word in either spelling.
    fn of(word: &str, undotted: &str) -> Self {
        let is_in = |list: Text| list.has(word) || (!undotted.is_empty() && list.has(undotted));
        Self {
            empty: is_in(Text::WordsThatSayNothing),
            before: is_in(Text::WordsBeforePlaces),
            article: is_in(Text::WordsOfNames),
            talk: is_in(Text::WordsOfTalk),
            person: is_in(Text::WordsForAsker) || is_in(Text::WordsForBot),
        }
    }

    /// A phrase may have it in front and between its words.
    pub fn is_filler(self) -> bool {
        self.empty || self.before
    }

    /// No name of anything.
    pub fn is_small(self) -> bool {
        self.is_filler() || self.article || self.talk || self.person
    }
}

/// One word.
#[derive(Debug)]
pub(super) struct Word {
    pub folded: String,
    /// The same with `o` for `oe`, as who has no dots writes it; empty if there is
    /// nothing of the kind.
    undotted: String,
    /// Looked up when somebody wants to know it.
    kind: OnceCell<Kind>,
    /// Where it begins, if it is the first of some; with all that a hyphen joins to
    /// it in front.
    begin: usize,
    end: usize,
}

impl Word {
    pub fn kind(&self) -> Kind {
        *(self.kind).get_or_init(|| Kind::of(&self.folded, &self.undotted))
    }

    /// Whether it is this word of a phrase.
    pub fn is(&self, word: &str) -> bool {
        self.folded == word || (!self.undotted.is_empty() && self.undotted == word)
    }

    /// Whether a phrase begins with it, or with a longer word.
    pub fn may_begin(&self, phrase: &str) -> bool {
        let begins = |word: &String| phrase.starts_with(word.as_str());
        begins(&self.folded) || (!self.undotted.is_empty() && begins(&self.undotted))
    }
}

/// A text in words.
#[derive(Debug)]
pub(super) struct Words<'a> {
    text: &'a str,
    /// The first, with hyphens and apostrophes.
    pub first: String,
    /// So many words as they are typed, between white space.
    pub typed: usize,
    /// So many words the first one is.
    in_first: usize,
    pub all: Vec<Word>,
}

impl<'a> Words<'a> {
    pub fn of(text: &'a str) -> Self {
        let mut words = Self {
            text,
            first: String::new(),
            typed: 0,
            in_first: 0,
            all: Vec::new(),
        };
        let mut at = 0;
        for piece in text.split_inclusive(char::is_whitespace) {
            let begin = at;
            at += piece.len();
            let whole = piece.trim_end();
            let word = trimmed(whole.trim_matches(AROUND));
            // Alone it asks for help, behind a word for nothing.
            let is_help = word == "?" && words.all.is_empty();
            let is_word = is_help || word.contains(|c: char| c.is_alphanumeric() || c == '@');
            if !is_word || words.all.len() >= WORDS {
                continue;
            }
            let folded = fold(word);
            if words.typed == 0 {
                words.first.clone_from(&folded);
            }
            words.typed += 1;
            words.add(begin, whole, word, folded);
            if words.typed == 1 {
                words.in_first = words.all.len();
            }
        }
        words
    }

    /// Adds what was typed in one piece.
    fn add(&mut self, begin: usize, whole: &str, word: &str, folded: String) {
        let end = begin + whole.len();
        let long = Text::ShortForms
            .like(&folded)
            .find_map(|form| form.strip_prefix(folded.as_str())?.strip_prefix(" = "));
        if let Some(long) = long {
            for word in long.split(' ') {
                self.push(word.to_owned(), begin, end);
            }
            return;
        }
        let is_joined = |(at, sign): (usize, char)| {
            matches!(sign, '-' | '\'')
                && word[..at].ends_with(char::is_alphabetic)
                && word[at + 1..].starts_with(char::is_alphabetic)
        };
        if !word.char_indices().any(is_joined) {
            return self.push(folded, begin, end);
        }
        // What stands in front of the word is decoration.
        let shift = begin + whole.find(word).unwrap_or(0);
        let (mut from, mut first) = (0, begin);
        let signs = word.char_indices().filter(|&sign| is_joined(sign));
        for (at, sign) in signs {
            self.push(fold(&word[from..at]), first, shift + at);
            from = at + 1;
            if sign == '\'' {
                first = shift + from;
            }
        }
        self.push(fold(&word[from..]), first, end);
    }

    fn push(&mut self, folded: String, begin: usize, end: usize) {
        let is_dotted = |word: &str| ["ae", "oe", "ue"].iter().any(|two| word.contains(two));
        let undotted = match folded.contains('e') && is_dotted(&folded) {
            true => folded
                .replace("ae", "a")
                .replace("oe", "o")
                .replace("ue", "u"),
            false => String::new(),
        };
        self.all.push(Word {
            folded,
            undotted,
            kind: OnceCell::new(),
            begin,
            end,
        });
    }

    /// Where what follows the first one begins.
    pub fn behind_first(&self) -> usize {
        self.in_first
    }

    /// Whether these words stand there, one behind the other.
    pub fn has_at(&self, phrase: &str, at: usize) -> Option<usize> {
        let rest = self.all.get(at..)?;
        rest.first().filter(|it| it.may_begin(phrase))?;
        let parts = phrase.split(' ').count();
        let fits =
            parts <= rest.len() && rest.iter().zip(phrase.split(' ')).all(|(it, p)| it.is(p));
        fits.then_some(at + parts)
    }

    /// The words `from..to` as they were typed, without please and now at the end and
    /// small words in front.
    pub fn argument(&self, from: usize, to: usize) -> String {
        let to = self.without_manners(from, to);
        let rest = &self.all[from..to];
        // Alone it is what is meant: `/help about`.
        let most = rest.len().saturating_sub(1);
        let before = (0..most).take_while(|&at| is_before(rest, at));
        self.cut(from + before.count(), to)
    }

    /// The same behind a phrase: without all that says nothing in front.
    pub fn argument_behind(&self, from: usize, to: usize) -> String {
        let to = self.without_manners(from, to);
        let rest = &self.all[from..to];
        let empty = count_empty(rest);
        if let [.., last] = rest
            && empty == rest.len()
            && last.kind().person
        {
            // In `es-tu` it is a part of what was typed.
            return last.folded.clone();
        }
        self.cut(from + empty, to)
    }

    /// Up to where words count.
    fn without_manners(&self, from: usize, mut to: usize) -> usize {
        loop {
            let shorter = Text::WordsAtTheEnd
                .in_every_language()
                .filter_map(|phrase| {
                    let at = to.checked_sub(phrase.split(' ').count())?;
                    (at >= from && self.has_at(phrase, at) == Some(to)).then_some(at)
                });
            match shorter.min() {
                Some(at) => to = at,
                None => return to,
            }
        }
    }

    fn cut(&self, from: usize, to: usize) -> String {
        let Some([first, .., last] | [first @ last]) = self.all.get(from..to) else {
            return String::new();
        };
        let begin = first.begin.min(last.end);
        let text = self.text[begin..last.end].trim_matches(['"', '\'', '`']);
        text.trim_end_matches(['!', '?', '.', ',', ';', ':', '"'])
            .trim()
            .to_owned()
    }
}

/// Whether a place may follow this word; no place does in `in 2 days`.
fn is_before(words: &[Word], at: usize) -> bool {
    let is_count = |it: &Word| {
        let mut names = Text::DaysNumbers.in_every_language();
        let is_small = it.folded.len() <= 2 && it.folded.bytes().all(|b| b.is_ascii_digit());
        is_small || names.any(|names| names.split(' ').any(|name| it.is(name)))
    };
    words[at].kind().before && !words.get(at + 1).is_some_and(is_count)
}

/// So many words that say nothing stand in front: up to the last one that stands
/// before places, else as far as there is no article, which may be part of a name.
fn count_empty(words: &[Word]) -> usize {
    let is_small =
        |&at: &usize| is_before(words, at) || (words[at].kind().empty && !words[at].kind().before);
    let run = (0..words.len()).take_while(is_small).count();
    let before = (0..run).rev().find(|&at| is_before(words, at));
    before.map_or_else(
        || {
            words[..run]
                .iter()
                .take_while(|it| !it.kind().article)
                .count()
        },
        |at| at + 1,
    )
}
