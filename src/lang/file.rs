//! One language file: its sentences with their places, or what is wrong with it,
//! in one sentence with file, line and key.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::plural::{Category, Rule};

/// What a file says of its language, beside the tables of sentences.
const ABOUT: &str = "language";

/// One sentence as its file has it.
#[derive(Clone, PartialEq, Debug)]
pub enum Sentence {
    Plain(String),
    Forms(BTreeMap<Category, String>),
    List(Vec<String>),
}

/// One file.
pub struct Language {
    pub code: String,
    pub name: String,
    pub rule: Rule,
    /// In the order of the file.
    pub entries: Vec<Entry>,
}

pub struct Entry {
    pub table: String,
    pub key: String,
    pub sentence: Sentence,
    /// `de.toml:12: [ping] Pong`, for errors.
    pub place: String,
}

/// Reads the file of the language with this code.
pub fn read(code: &str, text: &str) -> Result<Language, String> {
    let file = format!("{code}.toml");
    if !(2..=3).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return Err(format!(
            "{file}: a language file is called by its code of two or three letters"
        ));
    }
    let line = |span: Range<usize>| text[..span.start].matches('\n').count() + 1;
    let tree = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(1, line);
        format!("{file}:{at}: {}", error.message())
    })?;
    let tree = tree.into_inner();
    let about = |key: &str| tree.get(ABOUT)?.get_ref().get(key)?.get_ref().as_str();
    let name = about("name").ok_or(format!("{file}: [{ABOUT}] name: missing"))?;
    let like = about("plurals").unwrap_or(code);
    let rule = Rule::of(like).ok_or(format!(
        "{file}: [{ABOUT}] plurals: no rule known for {like:?}; \
         write the code of a language that counts in the same way"
    ))?;
    let mut entries = Vec::new();
    for (table, value) in in_order(&tree) {
        let at = line(table.span());
        let Some(inner) = value.get_ref().as_table() else {
            return Err(format!(
                "{file}:{at}: {}: stands in no table",
                table.as_ref()
            ));
        };
        let table = table.as_ref().to_string();
        for (key, value) in in_order(inner) {
            let place = format!("{file}:{}: [{table}] {}", line(key.span()), key.as_ref());
            if table == ABOUT {
                if !["name", "plurals"].contains(&key.as_ref().as_ref()) {
                    return Err(format!("{place}: only name and plurals are known here"));
                }
                continue;
            }
            let sentence =
                sentence(value.get_ref(), rule).map_err(|why| format!("{place}: {why}"))?;
            entries.push(Entry {
                table: table.clone(),
                key: key.as_ref().to_string(),
                sentence,
                place,
            });
        }
    }
    let mut known = BTreeSet::new();
    for entry in &entries {
        let named = entry.key.starts_with(|c: char| c.is_ascii_uppercase())
            && entry.key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !named {
            return Err(format!("{}: a key is written LikeThis", entry.place));
        }
        if !known.insert(&entry.key) {
            return Err(format!(
                "{}: there is one of this name already",
                entry.place
            ));
        }
    }
    Ok(Language {
        code: code.to_owned(),
        name: name.to_owned(),
        rule,
        entries,
    })
}

type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;

/// As a reader meets them.
fn in_order<'t, 'i>(table: &'t DeTable<'i>) -> Vec<(&'t Key<'i>, &'t Spanned<DeValue<'i>>)> {
    let mut all: Vec<_> = table.iter().collect();
    all.sort_by_key(|(key, _)| key.span().start);
    all
}

fn sentence(value: &DeValue<'_>, rule: Rule) -> Result<Sentence, String> {
    match value {
        DeValue::String(text) => Ok(Sentence::Plain(filled(text)?)),
        DeValue::Array(items) => {
            let mut list = Vec::new();
            for item in items.iter() {
                let item = item.get_ref().as_str();
                list.push(filled(item.ok_or("a list holds words only")?)?);
            }
            Ok(Sentence::List(list))
        }
        DeValue::Table(table) => {
            let mut forms = BTreeMap::new();
            for (name, form) in table {
                let name = name.get_ref().as_ref();
                let category = Category::ALL.into_iter().find(|(known, _)| *known == name);
                let category = category.map(|(_, category)| category);
                let used = category.filter(|it| rule.categories().contains(it));
                let Some(category) = used else {
                    return Err(format!("this language has no plural form {name:?}"));
                };
                let form = form.get_ref().as_str().ok_or("a plural form is a text")?;
                forms.insert(category, filled(form)?);
            }
            for category in rule.categories() {
                if !forms.contains_key(category) {
                    let (name, _) = Category::ALL[*category as usize];
                    return Err(format!("the plural form {name:?} is missing"));
                }
            }
            same_placeholders(&forms)?;
            Ok(Sentence::Forms(forms))
        }
        other => Err(format!("expected a text, found {}", other.type_str())),
    }
}

fn filled(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("is empty; leave it out, and the English one is used".to_owned());
    }
    placeholders(text)?;
    Ok(text.to_owned())
}

fn same_placeholders(forms: &BTreeMap<Category, String>) -> Result<(), String> {
    let mut sets = Vec::new();
    for form in forms.values() {
        sets.push(placeholders(form)?);
    }
    match sets.windows(2).all(|pair| pair[0] == pair[1]) {
        true => Ok(()),
        false => Err("its forms differ in their placeholders".to_owned()),
    }
}

/// The names in braces.
fn placeholders(text: &str) -> Result<BTreeSet<&str>, String> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let inner = rest[at..]
            .strip_prefix('{')
            .and_then(|it| it.split_once('}'));
        let named = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
        match inner {
            Some((name, after)) if named(name) => {
                names.insert(name);
                rest = after;
            }
            _ => return Err("a brace that encloses no name of a placeholder".to_owned()),
        }
    }
    Ok(names)
}

impl Sentence {
    /// All its texts.
    pub fn texts(&self) -> Vec<&str> {
        match self {
            Self::Plain(text) => vec![text],
            Self::Forms(forms) => forms.values().map(String::as_str).collect(),
            Self::List(items) => items.iter().map(String::as_str).collect(),
        }
    }

    /// The names that are filled in.
    pub fn placeholders(&self) -> BTreeSet<&str> {
        let texts = self.texts().into_iter();
        texts
            .flat_map(|text| placeholders(text).unwrap_or_default())
            .collect()
    }
}
