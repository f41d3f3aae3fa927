//! What a text wants from the bot: a command, a choice from a list, or nothing.

use crate::mesh::NodeNum;
use crate::mesh::name::fold;

/// Names that a mention may use for the bot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Names<'a> {
    /// Short name of our node.
    pub short: &'a str,
    /// Long name of our node.
    pub long: &'a str,
    /// Its number.
    pub id: NodeNum,
}

/// A text, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parsed<'a> {
    /// Somebody talks, but not to the bot.
    Chat,
    /// A command as written with its mark; the word is folded.
    Command {
        /// The word after the mark, lower case and without accents.
        word: String,
        /// The word as it was written.
        said: &'a str,
        /// What follows it.
        args: &'a str,
    },
    /// Said to the bot alone: a command without its mark, or talk.
    Bare {
        /// The first word, lower case and without accents.
        word: String,
        /// What follows it.
        args: &'a str,
    },
    /// A number out of a list shown before, counted from 1.
    Pick(usize),
}

/// Understands `text`. `direct` is whether it came as a direct message, where
/// a bare word can be meant for nobody else.
#[must_use]
pub fn parse<'a>(text: &'a str, prefix: &str, direct: bool, names: Names<'_>) -> Parsed<'a> {
    let mut text = visible(without_quote(text));
    let mut addressed = direct;
    if let Some(rest) = text.strip_prefix('@') {
        match without_name(rest, names) {
            Some(after) => {
                text = visible(after);
                addressed = true;
            }
            None => return Parsed::Chat,
        }
    }
    if let Some(rest) = text.strip_prefix(prefix) {
        let (word, args) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        return match (pick(word), args.trim()) {
            (Some(number), "") => Parsed::Pick(number),
            (_, args) if is_word(word) => Parsed::Command {
                word: fold(word),
                said: word,
                args,
            },
            _ => Parsed::Chat,
        };
    }
    if let Some(number) = pick(text) {
        return Parsed::Pick(number);
    }
    if !addressed {
        return Parsed::Chat;
    }
    let (word, args) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if !is_word(word) {
        return Parsed::Chat;
    }
    let (word, args) = (fold(word), args.trim());
    Parsed::Bare { word, args }
}

/// Lists have at most nine entries.
fn pick(word: &str) -> Option<usize> {
    match word.as_bytes() {
        [digit @ b'1'..=b'9'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}

/// A word as commands are: letters and digits, beginning with a letter; `?`
/// stands for help everywhere.
fn is_word(word: &str) -> bool {
    word == "?"
        || (word.chars().next().is_some_and(char::is_alphabetic)
            && word
                .chars()
                .all(|c| c.is_alphanumeric() || c == '\u{301}' || c == '\u{300}'))
}

/// Leading lines that quote somebody (`> …`).
fn without_quote(text: &str) -> &str {
    let mut rest = text;
    while let Some(line) = rest.trim_start().strip_prefix('>') {
        rest = line.split_once('\n').map_or("", |(_, after)| after);
    }
    rest
}

/// Without white space and invisible characters around it.
fn visible(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    })
}

/// What follows the bot's own name at the beginning of `text`; `None` when it
/// is somebody else's.
fn without_name<'a>(text: &'a str, names: Names<'_>) -> Option<&'a str> {
    let (first, after) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let first = fold(first.trim_end_matches([':', ',']));
    if [names.short, &names.id.to_string()]
        .iter()
        .any(|name| !name.is_empty() && fold(name) == first)
    {
        return Some(after);
    }
    // A long name may hold spaces; compare as many words as it has.
    let words = names.long.split_whitespace().count();
    if words == 0 {
        return None;
    }
    let mut rest = text;
    let mut said = Vec::new();
    for _ in 0..words {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        said.push(fold(word.trim_end_matches([':', ','])));
        rest = after.trim_start();
    }
    let own: Vec<String> = names.long.split_whitespace().map(fold).collect();
    (said == own).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMES: Names<'_> = Names {
        short: "BOT",
        long: "Weather Bot",
        id: NodeNum(0xa1b2_c3d4),
    };

    fn public(text: &str) -> Parsed<'_> {
        parse(text, "/", false, NAMES)
    }

    /// The folded word and the arguments of a command.
    fn understood(text: &str, prefix: &str) -> Option<(String, String)> {
        match parse(text, prefix, false, NAMES) {
            Parsed::Command { word, args, .. } => Some((word, args.to_owned())),
            _ => None,
        }
    }

    fn command(word: &str, args: &str) -> Option<(String, String)> {
        Some((word.to_owned(), args.to_owned()))
    }

    #[test]
    fn commands_are_whole_words_in_any_spelling() {
        assert_eq!(understood("/ping", "/"), command("ping", ""));
        assert_eq!(understood("  /PING \n", "/"), command("ping", ""));
        assert_eq!(
            understood("/météo Saint-Étienne", "/"),
            command("meteo", "Saint-Étienne")
        );
        assert_eq!(
            understood("/echo  two  words ", "/"),
            command("echo", "two  words")
        );
        assert_eq!(understood("/mything", "/"), command("mything", ""));
        assert_eq!(understood("/?", "/"), command("?", ""));
        assert_eq!(understood("\u{202e}/ping", "/"), command("ping", ""));
        // Written with the accents as signs of their own.
        assert_eq!(
            understood("/me\u{301}te\u{300}o", "/"),
            command("meteo", "")
        );
    }

    #[test]
    fn talk_is_not_a_command() {
        for talk in [
            "",
            "/",
            "//",
            "/ ping",
            "ping",
            "hello /ping",
            "/-)",
            "/etc/passwd",
            "5/7",
        ] {
            assert_eq!(public(talk), Parsed::Chat, "{talk}");
        }
    }

    #[test]
    fn a_mention_counts_when_it_is_ours() {
        for text in [
            "@BOT /ping",
            "@bot: ping",
            "@Weather Bot /ping",
            "@!A1B2C3D4 ping",
        ] {
            assert!(
                matches!(public(text), Parsed::Command { ref word, .. } | Parsed::Bare { ref word, .. } if word == "ping"),
                "{text}"
            );
        }
        assert_eq!(public("@ALI /ping"), Parsed::Chat);
        assert_eq!(public("@Weather Man /ping"), Parsed::Chat);
    }

    #[test]
    fn a_bot_without_a_name_is_not_meant_by_every_mention() {
        let nameless = Names {
            short: "",
            long: " ",
            ..NAMES
        };
        for text in ["@ALI /ping", "@ping", "@ /ping", "@"] {
            assert_eq!(parse(text, "/", false, nameless), Parsed::Chat, "{text}");
        }
        let one_word = Names {
            long: "Weatherbot",
            ..nameless
        };
        let called = parse("@weatherbot, ping", "/", false, one_word);
        assert!(matches!(called, Parsed::Bare { ref word, .. } if word == "ping"));
    }

    #[test]
    fn a_quote_in_front_is_skipped() {
        assert_eq!(
            understood("> who is there?\n/ping", "/"),
            command("ping", "")
        );
        assert_eq!(
            understood("> one\n> two\n/ping x", "/"),
            command("ping", "x")
        );
        assert_eq!(public("> /ping"), Parsed::Chat);
    }

    #[test]
    fn bare_words_only_where_nobody_else_can_be_meant() {
        let direct = |text| parse(text, "/", true, NAMES);
        assert_eq!(
            direct("Ping"),
            Parsed::Bare {
                word: "ping".into(),
                args: ""
            }
        );
        assert_eq!(
            direct("Météo  saint étienne "),
            Parsed::Bare {
                word: "meteo".into(),
                args: "saint étienne"
            }
        );
        for talk in ["5 to 7", "(ping) me"] {
            assert_eq!(direct(talk), Parsed::Chat);
        }
        assert_eq!(public("test"), Parsed::Chat);
        assert_eq!(public("weather paris"), Parsed::Chat);
    }

    #[test]
    fn numbers_pick_from_a_list() {
        assert_eq!(public("2"), Parsed::Pick(2));
        assert_eq!(public("/3"), Parsed::Pick(3));
        assert_eq!(public("12"), Parsed::Chat);
        assert_eq!(public("0"), Parsed::Chat);
    }

    #[test]
    fn another_prefix() {
        assert_eq!(understood("!ping", "!"), command("ping", ""));
        assert_eq!(parse("/ping", "!", false, NAMES), Parsed::Chat);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}|[@/> \\n]{0,9}[a-zé]{0,5}", direct: bool) {
            let _ = parse(&text, "/", direct, NAMES);
        }
    }
}
