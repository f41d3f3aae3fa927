//! What people say for days, before or after a place, in every language.
//!
//! The words stand in the languages' files. A phrase is taken away at one end of the
//! text, with the small words of its language around it, until none is left; what
//! remains is the place. A phrase in the middle belongs to a name.

use super::phrases::{Meant, ahead, counted, own_short, phrase};
use super::{Days, Part, When};
use crate::lang::{Lang, Text};
use crate::mesh::name::fold;
use crate::mesh::typing::plain;
use crate::weather::typed::is_apart;

/// The longest phrase, in words.
const PHRASE: usize = 4;
/// Small words looked at in front of a day.
const SMALL: usize = 4;
/// A number of more digits is no number of days.
const DIGITS: usize = 2;

/// What was said of a place and of days.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spoken {
    /// What is left as a place; may be empty.
    pub place: String,
    /// Of which days.
    pub when: When,
    /// A number of days, as it was typed, that makes no sense here.
    pub wrong: Option<String>,
}

struct Token<'a> {
    folded: String,
    raw: &'a str,
    from: usize,
    /// It belongs to the name of a place, whatever it means.
    is_name: bool,
}

/// Finds the days in `text`. A number at its end counts days, from 1 to `most`, and
/// belongs to the place when `most` is 0.
#[must_use]
pub fn spoken(text: &str, lang: Lang, most: usize) -> Spoken {
    let text = plain(text);
    let tokens = tokens(&text);
    let mut reader = Reader {
        text: &text,
        lang,
        most,
        lo: 0,
        hi: tokens.len(),
        tokens,
        when: When::default(),
        either: None,
        wrong: None,
        is_found: false,
    };
    while reader.take_last() || reader.take_first() {}
    reader.finish()
}

struct Reader<'a> {
    text: &'a str,
    lang: Lang,
    most: usize,
    tokens: Vec<Token<'a>>,
    /// The place is what is left between these.
    lo: usize,
    hi: usize,
    when: When,
    /// Said with a word that is a day or a part of one: `morgen`.
    either: Option<Part>,
    wrong: Option<String>,
    is_found: bool,
}

impl Reader<'_> {
    /// Takes a phrase away at the end.
    fn take_last(&mut self) -> bool {
        if self.take_number() {
            return true;
        }
        let behind = self.hi > self.lo + 1 && self.is(self.hi - 1, Text::WordsForNext, &Lang::ALL);
        let ends = [(self.hi, false), (self.hi.saturating_sub(1), true)];
        for (end, is_next) in ends.into_iter().take(1 + usize::from(behind)) {
            for count in (1..=PHRASE.min(end - self.lo)).rev() {
                let from = end - count;
                let Some(mut meant) = self.read(from, end) else {
                    continue;
                };
                let (mut at, mut is_next) = (from, is_next);
                while at > self.lo && !self.tokens[at - 1].is_name {
                    if meant.count.is_some() && self.is(at - 1, Text::DaysIn, &meant.langs) {
                        meant.day = meant.day.map(ahead);
                        meant.count = None;
                    } else if self.is(at - 1, Text::WordsForNext, &meant.langs) {
                        is_next = true;
                    } else if !self.is(at - 1, Text::WordsBeforeDays, &meant.langs) {
                        break;
                    }
                    at -= 1;
                }
                if (!meant.is_short || self.may_be_short(from, at)) && self.note(&meant, is_next) {
                    self.hi = at;
                    return true;
                }
            }
        }
        false
    }

    /// Takes a phrase away at the beginning. Short names are none there: `Sun City`.
    fn take_first(&mut self) -> bool {
        for from in self.lo..self.hi.min(self.lo + SMALL) {
            for count in (1..=PHRASE.min(self.hi - from)).rev() {
                let end = from + count;
                let read = self.read(from, end);
                let Some(mut meant) = read.filter(|meant| !meant.is_short) else {
                    continue;
                };
                let (mut is_small, mut is_next) = (true, false);
                for at in self.lo..from {
                    let is = |list| self.is(at, list, &meant.langs);
                    if meant.count.is_some() && at + 1 == from && is(Text::DaysIn) {
                        meant.day = meant.day.map(ahead);
                        meant.count = None;
                    } else if is(Text::WordsForNext) {
                        is_next = true;
                    } else {
                        is_small &= is(Text::WordsBeforeDays);
                    }
                }
                let behind = end < self.hi && self.is(end, Text::WordsForNext, &meant.langs);
                let after = end + usize::from(behind);
                if is_small && !self.is_town(end) && self.note(&meant, is_next || behind) {
                    self.lo = after;
                    return true;
                }
            }
        }
        false
    }

    /// Takes a bare number of days away at the end; behind a weekday it is the date,
    /// as the answers have it.
    fn take_number(&mut self) -> bool {
        let Some(last) = self.hi.checked_sub(1).filter(|&last| last >= self.lo) else {
            return false;
        };
        let number = &self.tokens[last].folded;
        let digits = number.trim_start_matches(['-', '+']);
        let is_number = (1..=DIGITS).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && number.len() <= digits.len() + 1;
        if !is_number || self.when.days != Days::Unsaid {
            return false;
        }
        let before = last.checked_sub(1).filter(|&before| before >= self.lo);
        let before = before.and_then(|before| self.read(before, last));
        if before.is_some_and(|meant| matches!(meant.day, Some(Days::Weekday(..)))) {
            self.hi = last;
            return true;
        }
        let (start, at) = (self.tokens[self.lo].from, self.tokens[last].from);
        let whole = &self.text[start..at + self.tokens[last].raw.len()];
        // The second half of `48.95, 2` is no number of days.
        if self.most == 0 || !is_apart(self.text[start..at].trim_end(), whole) {
            return false;
        }
        let meant = Meant {
            day: Some(Days::Next(number.parse().unwrap_or(0))),
            count: Some(number.clone()),
            ..Meant::default()
        };
        self.hi = last;
        self.note(&meant, false)
    }

    /// Notes what a phrase means, if it goes with what was said already.
    fn note(&mut self, meant: &Meant, is_next: bool) -> bool {
        let days = match meant.day {
            Some(Days::Weekday(day, _)) => Some(Days::Weekday(day, is_next)),
            Some(Days::Week) if is_next => Some(Days::NextWeek),
            days => days,
        };
        let is_open = self.when.days == Days::Unsaid;
        match (days, meant.part) {
            (Some(days), Some(part)) if is_open && self.when.part.is_none() => {
                self.when.days = days;
                self.either = Some(part);
            }
            (Some(_), part @ Some(_)) if !is_open && self.when.part.is_none() => {
                self.when.part = part;
            }
            (Some(days), _) if is_open => self.when.days = days,
            (Some(days), None) if self.either.is_some() && self.when.part.is_none() => {
                self.when.days = days;
                self.when.part = self.either.take();
            }
            (None, part @ Some(_)) if self.when.part.is_none() => self.when.part = part,
            // Now goes without saying.
            (None, None) => {}
            _ => return false,
        }
        if let (Some(Days::Next(days)), Some(count)) = (days, &meant.count)
            && (days == 0 || self.most > 0 && usize::from(days) > self.most)
        {
            self.wrong = Some(count.clone());
        }
        self.is_found = true;
        true
    }

    /// What these words mean, all together.
    fn read(&self, from: usize, end: usize) -> Option<Meant> {
        let tokens = &self.tokens[from..end];
        if tokens.iter().any(|token| token.is_name) {
            return None;
        }
        let words: Vec<&str> = tokens.iter().map(|token| token.folded.as_str()).collect();
        phrase(&words.join(" "), self.lang).or_else(|| counted(&words))
    }

    fn is(&self, at: usize, list: Text, langs: &[Lang]) -> bool {
        let word = self.tokens[at].folded.as_str();
        list.everywhere()
            .any(|(lang, known)| known == word && langs.contains(&lang))
    }

    /// Whether the short name of a weekday at `at` may be meant as one. Two letters
    /// are a country or a state, too: `Paris FR`.
    fn may_be_short(&self, at: usize, small: usize) -> bool {
        let token = &self.tokens[at];
        let before = at.checked_sub(1).filter(|&before| before >= self.lo);
        let Some(before) = before else { return true };
        if small < at {
            return true;
        }
        let is_joined = [Text::WordsBeforePlaces, Text::WordsOfNames]
            .iter()
            .any(|&list| self.is(before, list, &Lang::ALL));
        let is_code = token.folded.len() <= 2
            && (token.raw.chars().all(char::is_uppercase)
                || self.tokens[before].raw.ends_with(',')
                || !own_short(&token.folded, self.lang));
        !is_joined && !is_code
    }

    /// Whether the day that ends there is a town: `Sonntag, AT`.
    fn is_town(&self, end: usize) -> bool {
        let is_apart = self.tokens[end - 1].raw.ends_with(',');
        is_apart && self.hi == end + 1 && self.tokens[end].folded.len() == 2
    }

    /// Whether what is left means here or home.
    fn is_word_for_place(&self) -> bool {
        let left = self.tokens[self.lo..self.hi].iter();
        let left: Vec<&str> = left.map(|token| token.folded.as_str()).collect();
        let left = left.join(" ");
        let home = Text::PlacesHome.in_every_language();
        let mut known = Text::PlacesHere.in_every_language().chain(home);
        known.any(|words| words == left)
    }

    fn finish(mut self) -> Spoken {
        // `in köln`; but `zu hause` and `De Panne` as they are.
        while self.hi > self.lo
            && !self.tokens[self.lo].is_name
            && self.is(self.lo, Text::WordsBeforePlaces, &Lang::ALL)
            && !self.is_word_for_place()
            && (self.hi - self.lo > 1 || self.is_found)
        {
            self.lo += 1;
        }
        let place = match self.tokens.get(self.lo..self.hi) {
            Some([first, .., last]) => &self.text[first.from..last.from + last.raw.len()],
            Some([only]) => only.raw,
            _ => "",
        };
        // What is no word at all is still something that was said.
        let place = match self.tokens.is_empty() {
            true => self.text.trim(),
            false => place,
        };
        Spoken {
            place: place.trim_end_matches([',', ';']).to_owned(),
            when: self.when,
            wrong: self.wrong,
        }
    }
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut end = 0;
    for raw in text.split_whitespace() {
        let from = end + text[end..].find(raw).unwrap_or(0);
        end = from + raw.len();
        let folded = fold(raw.trim_matches(['.', ',', ';', ':', '!', '?', '"', '(', ')']));
        if folded.chars().any(char::is_alphanumeric) {
            let is_name = false;
            tokens.push(Token {
                folded,
                raw,
                from,
                is_name,
            });
        }
    }
    for name in Text::NamesWithDays.in_every_language() {
        let words: Vec<&str> = name.split(' ').collect();
        for from in 0..(tokens.len() + 1).saturating_sub(words.len()) {
            let found = &mut tokens[from..from + words.len()];
            if found
                .iter()
                .zip(&words)
                .all(|(token, word)| token.folded == **word)
            {
                found.iter_mut().for_each(|token| token.is_name = true);
            }
        }
    }
    tokens
}
