//! From the language files to Rust: what the build script writes.
//!
//! English says which sentences there are and which placeholders each of them has.
//! Another language may lack sentences, not invent them. Whatever is wrong ends the
//! build with one sentence that names file, line and key.

use std::fmt::Write;

use super::file::{Language, Sentence, read};
use super::plural::Rule;

/// What the log contract needs in English and French: no other language has to say it.
const LOG: &str = "log";
/// Makes the source of `Lang` and `Text` from the files, each given as its code,
/// the `de` of `de.toml`, and its text.
pub fn generate(files: &[(String, String)]) -> Result<String, String> {
    let mut languages = Vec::new();
    for (code, text) in files {
        languages.push(read(code, text)?);
    }
    languages.sort_by_key(|it| (it.code != "en", it.code.clone()));
    let Some(english) = languages.first().filter(|it| it.code == "en") else {
        return Err("en.toml: missing, and it defines the sentences of all languages".to_owned());
    };
    for other in &languages[1..] {
        compare(english, other)?;
    }
    Ok(write(&languages))
}

/// Tables in whose lists a language has as many words as it needs.
const FREE: [&str; 4] = ["commands", "phrases", "grammar", "signs"];

/// Whether the other language says what English says.
fn compare(english: &Language, other: &Language) -> Result<(), String> {
    for entry in &other.entries {
        let wrong = |why: &str| Err(format!("{}: {why}", entry.place));
        let Some(model) = english.entries.iter().find(|it| it.key == entry.key) else {
            return wrong("English has no such sentence");
        };
        if model.table != entry.table {
            return wrong(&format!("belongs into [{}]", model.table));
        }
        match (&model.sentence, &entry.sentence) {
            // Where all forms are the same, one text is enough.
            (Sentence::Plain(_) | Sentence::Forms(_), Sentence::Plain(_))
            | (Sentence::Forms(_), Sentence::Forms(_)) => {}
            (Sentence::List(_), Sentence::List(_)) if FREE.contains(&entry.table.as_str()) => {}
            (Sentence::List(model), Sentence::List(items)) if model.len() == items.len() => {}
            (Sentence::List(model), Sentence::List(items)) => {
                return wrong(&format!(
                    "{} items, but English has {}",
                    items.len(),
                    model.len()
                ));
            }
            (Sentence::Plain(_), _) => return wrong("has one form in English"),
            (Sentence::Forms(_), _) => return wrong("is counted in English"),
            (Sentence::List(_), _) => return wrong("is a list in English"),
        }
        let (known, used) = (model.sentence.placeholders(), entry.sentence.placeholders());
        if let Some(name) = used.difference(&known).next() {
            return wrong(&format!("English has no placeholder {{{name}}}"));
        }
        if let Some(name) = known.difference(&used).next() {
            return wrong(&format!("the placeholder {{{name}}} is missing"));
        }
    }
    Ok(())
}

/// The Rust source. Writing to a `String` cannot fail.
fn write(languages: &[Language]) -> String {
    let mut out = String::new();
    let english = &languages[0].entries;
    write_lang(&mut out, languages);
    out.push_str(
        "/// One sentence, in all languages.\n\
         #[derive(Clone, Copy, PartialEq, Eq, Debug)]\n#[repr(u16)]\npub enum Text {\n",
    );
    for entry in english {
        let text = entry.sentence.texts().join("` `");
        let _ = writeln!(
            out,
            "    #[doc = {:?}]\n    {},",
            format!("`{text}`"),
            entry.key
        );
    }
    out.push_str(
        "}\n\nimpl Text {\n    /// All of them.\n    pub const ALL: &'static [Self] = &[\n",
    );
    for entry in english {
        let _ = writeln!(out, "        Self::{},", entry.key);
    }
    out.push_str("    ];\n}\n\n");
    for language in languages {
        let name = language.code.to_uppercase();
        let _ = writeln!(out, "static {name}: [Sentence; {}] = [", english.len());
        for entry in english {
            let own = language.entries.iter().find(|it| it.key == entry.key);
            // What a language lacks is the English sentence, which counts in English.
            let foreign = own.is_none().then_some(Rule::One);
            let _ = writeln!(
                out,
                "    {},",
                literal(
                    &own.unwrap_or(entry).sentence,
                    foreign.unwrap_or(language.rule)
                )
            );
        }
        out.push_str("];\n\n");
    }
    out
}

fn write_lang(out: &mut String, languages: &[Language]) {
    out.push_str(
        "/// A language that meshbot speaks: one for each file in `src/lang`.\n\
         #[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Deserialize)]\n\
         pub enum Lang {\n",
    );
    let variant = |it: &Language| it.code[..1].to_uppercase() + &it.code[1..];
    for it in languages {
        let default = if it.code == "en" {
            "    #[default]\n"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "{default}    #[doc = {:?}]\n    #[serde(rename = {:?})]\n    {},",
            it.name,
            it.code,
            variant(it)
        );
    }
    let all: Vec<_> = languages
        .iter()
        .map(|it| format!("Self::{}", variant(it)))
        .collect();
    let _ = writeln!(
        out,
        "}}\n\nimpl Lang {{\n    /// All of them, English first.\n    \
         pub const ALL: [Self; {}] = [{}];\n",
        languages.len(),
        all.join(", ")
    );
    let mut by_language = |doc: &str, head: &str, value: &dyn Fn(&Language) -> String| {
        let _ = writeln!(
            out,
            "    /// {doc}\n    #[must_use]\n    {head} {{\n        match self {{"
        );
        for it in languages {
            let _ = writeln!(out, "            Self::{} => {},", variant(it), value(it));
        }
        out.push_str("        }\n    }\n\n");
    };
    by_language(
        "Its code, as `language` in the configuration has it.",
        "pub fn code(self) -> &'static str",
        &|it| format!("{:?}", it.code),
    );
    by_language(
        "What it is called by those who speak it.",
        "pub fn name(self) -> &'static str",
        &|it| format!("{:?}", it.name),
    );
    by_language(
        "What its file does not say, so that it is said in English. The log does not count.",
        "pub fn missing(self) -> &'static [Text]",
        &|it| {
            let lacks = languages[0].entries.iter().filter(|entry| {
                entry.table != LOG && !it.entries.iter().any(|own| own.key == entry.key)
            });
            let lacks: Vec<_> = lacks.map(|entry| format!("Text::{}", entry.key)).collect();
            format!("&[{}]", lacks.join(", "))
        },
    );
    by_language(
        "All its sentences, in the order of `Text`.",
        "fn sentences(self) -> &'static [Sentence]",
        &|it| format!("&{}", it.code.to_uppercase()),
    );
    out.push_str("}\n\n");
}

fn literal(sentence: &Sentence, rule: Rule) -> String {
    match sentence {
        Sentence::Plain(text) => format!("Sentence::Plain({text:?})"),
        Sentence::List(items) => format!("Sentence::List(&{items:?})"),
        Sentence::Forms(forms) => {
            let forms = forms
                .iter()
                .map(|(category, text)| format!("(Category::{category:?}, {text:?})"));
            let forms: Vec<_> = forms.collect();
            format!("Sentence::Forms(Rule::{rule:?}, &[{}])", forms.join(", "))
        }
    }
}
