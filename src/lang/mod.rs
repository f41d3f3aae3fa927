//! Every sentence that a user or the log contract can see, in every language.
//!
//! The sentences stand in files, `en.toml` and one for each other language; the
//! build script makes [`Lang`] and [`Text`] of them. English defines what there is;
//! what another language lacks is said in English. The log lines are the contract of
//! seed.md S10, word for word. docs/languages.md is for translators.

use std::fmt::{self, Write};

#[cfg(test)]
mod file;
#[cfg(test)]
mod generate;
pub mod plural;
#[cfg(test)]
mod tests;

use plural::{Category, Rule};

include!(concat!(env!("OUT_DIR"), "/lang.rs"));

/// One sentence in one language.
enum Sentence {
    Plain(&'static str),
    /// With the rule that chooses among the forms: that of English where a language
    /// does not have the sentence.
    Forms(Rule, &'static [(Category, &'static str)]),
    List(&'static [&'static str]),
}

impl Text {
    fn sentence(self, lang: Lang) -> &'static Sentence {
        &lang.sentences()[self as usize]
    }

    /// The sentence in `lang`, for those without placeholders.
    #[must_use]
    pub fn plain(self, lang: Lang) -> &'static str {
        match self.sentence(lang) {
            Sentence::Plain(text) => text,
            // The last form is the one for most numbers.
            Sentence::Forms(_, forms) => forms.last().map_or("", |(_, text)| text),
            Sentence::List(items) => items.first().map_or("", |text| text),
        }
    }

    /// The sentence in `lang`, placeholders filled in. A placeholder that is
    /// not given stays visible as it is.
    #[must_use]
    pub fn fill(self, lang: Lang, values: &[(&str, &dyn fmt::Display)]) -> String {
        fill(self.plain(lang), values)
    }

    /// So many of something, `{n}`, in the plural form that goes with the number.
    #[must_use]
    pub fn count(self, lang: Lang, n: impl fmt::Display) -> String {
        let n = n.to_string();
        let form = match self.sentence(lang) {
            Sentence::Forms(rule, forms) => {
                let category = n.parse().map_or(Category::Other, |n| rule.category(n));
                let form = forms.iter().find(|(known, _)| *known == category);
                form.map_or(self.plain(lang), |(_, text)| text)
            }
            _ => self.plain(lang),
        };
        fill(form, &[("n", &n)])
    }

    /// The words of a list in all languages, one after the other.
    pub fn in_every_language(self) -> impl Iterator<Item = &'static str> + Clone {
        let all = Lang::ALL.iter();
        all.flat_map(move |&lang| self.list(lang)).copied()
    }

    /// The same, each with its language.
    pub fn everywhere(self) -> impl Iterator<Item = (Lang, &'static str)> {
        let all = Lang::ALL.into_iter();
        all.flat_map(move |lang| self.list(lang).iter().map(move |&word| (lang, word)))
    }

    /// Those among them that begin with the same letter as `word`: the only ones that
    /// need a closer look.
    pub fn like(self, word: &str) -> impl Iterator<Item = &'static str> {
        let first = word.bytes().next();
        let is_like = move |it: &&str| it.bytes().next() == first;
        self.in_every_language().filter(is_like)
    }

    /// Whether a list has this word in any language.
    #[must_use]
    pub fn has(self, word: &str) -> bool {
        Lang::ALL
            .iter()
            .any(|&lang| self.list(lang).contains(&word))
    }

    /// The words of a list, such as those of the weekdays.
    #[must_use]
    pub fn list(self, lang: Lang) -> &'static [&'static str] {
        match self.sentence(lang) {
            Sentence::List(items) => items,
            _ => &[],
        }
    }
}

fn fill(template: &str, values: &[(&str, &dyn fmt::Display)]) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, (name, after))) = rest
        .split_once('{')
        .and_then(|(before, tail)| Some((before, tail.split_once('}')?)))
    {
        out.push_str(before);
        match values.iter().find(|(key, _)| *key == name) {
            Some((_, value)) => {
                // Writing to a String cannot fail.
                let _ = write!(out, "{value}");
            }
            None => {
                let _ = write!(out, "{{{name}}}");
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
