//! What a text wants from the bot: something asked, a choice from a list, or
//! nothing. Which command is meant is found out afterwards.
//!
//! People write in many ways: the signs of phones and of other keyboards are
//! taken for plain ones, a mark may be doubled or followed by a space, the bot's
//! name may stand before or after, and in a message for the bot alone quotes,
//! asterisks and a full stop do not matter.

use crate::mesh::NodeNum;
use crate::mesh::name::fold;
use crate::mesh::typing;

/// Signs that people put around what they quote.
const QUOTES: [char; 6] = ['"', '\'', '`', '*', '_', '~'];

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

/// A text, as far as it can be understood without knowing the commands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parsed<'a> {
    /// Somebody talks, but not to the bot.
    Chat,
    /// Something is asked.
    Asked(Asked<'a>),
    /// A number out of a list shown before, counted from 1.
    Pick(usize),
}

/// Something that is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Asked<'a> {
    /// What, in plain signs, without mark and name; empty when somebody said
    /// nothing but our name.
    pub text: String,
    /// The same as it was typed.
    pub typed: &'a str,
    /// It stands behind the mark.
    pub is_marked: bool,
    /// Our name was said.
    pub is_named: bool,
    /// How surely the bot is meant.
    pub address: Address,
}

/// How surely the bot is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Address {
    /// Nobody is named.
    Nobody,
    /// Our name stands in front, as it may in any sentence.
    Perhaps,
    /// `@name`, `name:` or a direct message.
    Ours,
}

/// Understands `text`. `direct` is whether it came as a direct message, which
/// can be meant for nobody else.
#[must_use]
pub fn parse<'a>(text: &'a str, prefix: &str, direct: bool, names: Names<'_>) -> Parsed<'a> {
    let typed = without_quote(text);
    let plain = typing::plain(typed);
    let mut rest = plain.trim();
    let mut address = if direct {
        Address::Ours
    } else {
        Address::Nobody
    };
    let mut is_named = false;
    match named(rest, names) {
        Named::Us(how, after) => {
            is_named = true;
            address = address.max(how);
            rest = after.trim_start();
        }
        Named::Other if !direct => return Parsed::Chat,
        Named::Other | Named::Nobody => {}
    }
    if let Some(before) = named_last(rest, names) {
        is_named = true;
        address = Address::Ours;
        rest = before.trim_end();
    }
    let marked = without_mark(rest, prefix);
    let is_for_us = address > Address::Nobody;
    // Whoever is told to say `/ping` may say it with the quotes.
    let quoted = || without_mark(unquoted(rest), prefix).filter(|_| is_for_us);
    let marked = marked.or_else(quoted);
    let is_marked = marked.is_some();
    rest = marked.unwrap_or(rest);
    if !is_marked && is_for_us {
        rest = undecorated(rest);
    }
    if let Some(number) = pick(rest) {
        return Parsed::Pick(number);
    }
    let is_asked = match address {
        Address::Ours => true,
        Address::Perhaps => !rest.is_empty(),
        Address::Nobody => is_marked && begins_with_a_word(rest),
    };
    if !is_asked {
        return Parsed::Chat;
    }
    if let Some(word_end) = at_other(rest) {
        let (word, after) = rest.split_at(word_end);
        let (name, args) = after[1..]
            .split_once(char::is_whitespace)
            .unwrap_or((&after[1..], ""));
        if !is_own(name, names) && !direct {
            return Parsed::Chat;
        }
        return Parsed::Asked(Asked {
            text: format!("{word} {args}").trim_end().to_owned(),
            typed: args_typed(typed, &plain, args),
            is_marked,
            is_named: true,
            address: address.max(Address::Ours),
        });
    }
    Parsed::Asked(Asked {
        typed: args_typed(typed, &plain, rest),
        text: rest.to_owned(),
        is_marked,
        is_named,
        address,
    })
}

/// The part of `typed` that `rest`, a piece of `plain`, was made of.
fn args_typed<'a>(typed: &'a str, plain: &str, rest: &str) -> &'a str {
    let signs = plain.chars().count();
    let behind = rest.chars().count();
    // What stands behind `rest` is white space or decoration.
    let at = plain.rfind(rest).map(|at| plain[..at].chars().count());
    typing::after(typed, at.unwrap_or(signs - behind)).trim()
}

/// Lists have at most nine entries.
fn pick(text: &str) -> Option<usize> {
    let digit = text.trim_start_matches('#').trim_end_matches(['.', ')']);
    match digit.as_bytes() {
        [digit @ b'1'..=b'9'] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}

/// What follows the mark, which may be doubled and followed by a space.
fn without_mark<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let mut rest = text.strip_prefix(prefix)?;
    while let Some(again) = rest.trim_start().strip_prefix(prefix) {
        rest = again;
    }
    Some(rest.trim_start())
}

/// Whether a word begins it: letters and digits, a letter first; `?` stands for
/// help everywhere.
fn begins_with_a_word(text: &str) -> bool {
    let word = text.split(char::is_whitespace).next().unwrap_or_default();
    let (word, _) = word.split_once('@').unwrap_or((word, ""));
    let word = trimmed(word);
    word == "?"
        || (word.chars().next().is_some_and(char::is_alphabetic) && word.chars().all(is_of_a_word))
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '\u{300}' | '\u{301}' | '\'' | '-')
}

/// A word without the punctuation behind it.
#[must_use]
pub fn trimmed(word: &str) -> &str {
    let bare = word.trim_end_matches(['!', '?', '.', ',', ';', ':']);
    if bare.is_empty() && word.starts_with('?') {
        return "?";
    }
    bare
}

/// Without what people put around a word, or in front of it out of habit.
fn undecorated(text: &str) -> &str {
    let is_mark = |c: char| {
        c.is_ascii_punctuation() && !matches!(c, '?' | '@' | '!' | '#' | '-' | '+' | '(')
            || matches!(c, '¡' | '¿')
    };
    // A number or a name may begin with a sign of its own: `!a1b2c3d4`, `-3`.
    let rest = text.trim_start_matches(is_mark).trim_start();
    let rest = match rest.strip_prefix('!') {
        Some(word) if !word.starts_with(|c: char| c.is_ascii_hexdigit()) || word.len() != 8 => word,
        _ => rest,
    };
    rest.trim_end_matches(QUOTES).trim()
}

/// Without quotes around it, if there are any in front.
fn unquoted(text: &str) -> &str {
    match text.strip_prefix(QUOTES) {
        Some(quoted) => quoted.trim_matches(QUOTES).trim(),
        None => text,
    }
}

/// Leading lines that quote somebody (`> …`).
fn without_quote(text: &str) -> &str {
    let mut rest = text;
    while let Some(line) = rest.trim_start().strip_prefix('>') {
        rest = line.split_once('\n').map_or("", |(_, after)| after);
    }
    rest
}

/// Who is named at the beginning.
enum Named<'a> {
    Us(Address, &'a str),
    Other,
    Nobody,
}

fn named<'a>(text: &'a str, names: Names<'_>) -> Named<'a> {
    let (called, text) = match text.strip_prefix('@') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    match without_name(text, names) {
        Some((_, after)) if called => Named::Us(Address::Ours, after),
        Some((true, after)) => Named::Us(Address::Ours, after),
        Some((false, after)) => Named::Us(Address::Perhaps, after),
        None if called => Named::Other,
        None => Named::Nobody,
    }
}

/// What stands before `@name` at the end, if that is our name.
fn named_last<'a>(text: &'a str, names: Names<'_>) -> Option<&'a str> {
    let (before, name) = text.rsplit_once('@')?;
    // `/ping@name` is looked at with the command.
    let stands_alone = before.is_empty() || before.ends_with(char::is_whitespace);
    (stands_alone && is_own(name, names)).then_some(before)
}

/// Where in the first word an `@` begins somebody's name.
fn at_other(text: &str) -> Option<usize> {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let at = text[..end].find('@')?;
    (at > 0 && at + 1 < end).then_some(at)
}

fn is_own(name: &str, names: Names<'_>) -> bool {
    matches!(without_name(name, names), Some((_, after)) if after.trim().is_empty())
}

/// What follows the bot's own name at the beginning of `text`, and whether a
/// colon or comma stands between; `None` when it is somebody else's.
fn without_name<'a>(text: &'a str, names: Names<'_>) -> Option<(bool, &'a str)> {
    let (first, after) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let called = trimmed(first);
    let is_called = called.len() < first.len();
    // Every text of everybody comes here, and most begin with another word.
    let said = fold(called);
    let is_short = !names.short.is_empty() && fold(names.short) == said;
    if is_short || (said.starts_with('!') && said == names.id.to_string()) {
        return Some((is_called, after));
    }
    // A long name may hold spaces; compare as many words as it has.
    let (mut rest, mut is_called, mut is_ours) = (text, false, false);
    for own in names.long.split_whitespace().map(fold) {
        let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let called = trimmed(word);
        if fold(called) != own && fold(word) != own {
            return None;
        }
        (is_called, is_ours) = (called.len() < word.len(), true);
        rest = after.trim_start();
    }
    is_ours.then_some((is_called, rest))
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

    fn direct(text: &str) -> Parsed<'_> {
        parse(text, "/", true, NAMES)
    }

    /// What is asked, if anything.
    fn asked(parsed: &Parsed<'_>) -> Option<String> {
        match parsed {
            Parsed::Asked(asked) => Some(asked.text.clone()),
            Parsed::Chat | Parsed::Pick(_) => None,
        }
    }

    /// T18.
    #[test]
    fn a_mark_may_be_written_in_any_way_that_keyboards_have() {
        for (text, meant) in [
            ("/ping", "ping"),
            ("  /PING \n", "PING"),
            ("／ping", "ping"),
            ("/ ping", "ping"),
            ("//ping", "ping"),
            ("/ /ping", "ping"),
            ("/ping 3", "ping 3"),
            ("/ping\u{a0}٣", "ping 3"),
            ("/ping\u{0}", "ping"),
            ("/pi\u{ad}ng", "ping"),
            ("\u{202e}/ping", "ping"),
            ("/météo Saint‑Étienne", "météo Saint-Étienne"),
            ("/?", "?"),
            ("/ping!", "ping!"),
        ] {
            let Parsed::Asked(asked) = public(text) else {
                panic!("{text}");
            };
            assert_eq!(
                (asked.text.as_str(), asked.is_marked),
                (meant, true),
                "{text}"
            );
        }
    }

    /// `Please ask again with /ping` was answered with `‘/ping’`.
    #[test]
    fn a_mark_may_stand_in_quotes_in_what_is_for_the_bot() {
        for text in [
            "‘/ping’",
            "\"/ping\"",
            "`/ping`",
            "'/ping 3'",
            "@BOT “/ping”",
        ] {
            let Parsed::Asked(asked) = direct(text) else {
                panic!("{text}");
            };
            assert!(asked.is_marked && asked.text.starts_with("ping"), "{text}");
            assert!(!asked.text.ends_with(['"', '\'', '`']), "{text}");
        }
        // Quotes behind the mark are the text's own.
        assert_eq!(asked(&direct("/echo 'hi'")).as_deref(), Some("echo 'hi'"));
        assert_eq!(public("'/ping'"), Parsed::Chat, "talk about the bot");
    }

    #[test]
    fn talk_is_not_a_command() {
        for talk in [
            "",
            "/",
            "//",
            "ping",
            "hello /ping",
            "/-)",
            "/etc/passwd",
            "5/7",
            "0",
        ] {
            assert_eq!(public(talk), Parsed::Chat, "{talk}");
        }
    }

    /// T17.
    #[test]
    fn addressed_is_addressed_before_or_after() {
        for (text, meant) in [
            ("@BOT /ping", "ping"),
            ("@bot: ping", "ping"),
            ("@BOT", ""),
            ("@BOT hello", "hello"),
            ("ping @BOT", "ping"),
            ("hello @bot", "hello"),
            ("BOT: ping", "ping"),
            ("bot, what is this", "what is this"),
            ("@Weather Bot /ping", "ping"),
            ("Weather Bot: ping", "ping"),
            ("@!A1B2C3D4 ping", "ping"),
            ("/ping@BOT", "ping"),
            ("/ping@bot 3", "ping 3"),
        ] {
            let Parsed::Asked(asked) = public(text) else {
                panic!("{text}");
            };
            assert_eq!(
                (asked.text.as_str(), asked.address),
                (meant, Address::Ours),
                "{text}"
            );
        }
        let Parsed::Asked(perhaps) = public("BOT ping") else {
            panic!("not heard");
        };
        assert_eq!(perhaps.address, Address::Perhaps, "as in: bot is broken");
        for other in [
            "@ALI /ping",
            "@Weather Man /ping",
            "/ping@other",
            "ping @ALI",
            "BOT",
        ] {
            assert_eq!(public(other), Parsed::Chat, "{other}");
        }
        // Nobody else can be meant.
        assert_eq!(asked(&direct("/ping@other")).as_deref(), Some("ping"));
        assert_eq!(asked(&direct("BOT")).as_deref(), Some(""));
        assert_eq!(asked(&direct("BOT ping")).as_deref(), Some("ping"));
    }

    #[test]
    fn a_bot_without_a_name_is_not_meant_by_every_mention() {
        let nameless = Names {
            short: "",
            long: " ",
            ..NAMES
        };
        for text in ["@ALI /ping", "@ping", "@ /ping", "@", ": ping"] {
            assert_eq!(parse(text, "/", false, nameless), Parsed::Chat, "{text}");
        }
        let one_word = Names {
            long: "Weatherbot",
            ..nameless
        };
        let called = parse("@weatherbot, ping", "/", false, one_word);
        assert_eq!(asked(&called).as_deref(), Some("ping"));
    }

    #[test]
    fn a_quote_in_front_is_skipped() {
        for text in ["> who is there?\n/ping", "> one\n> two\n/ping"] {
            assert_eq!(asked(&public(text)).as_deref(), Some("ping"));
        }
        assert_eq!(public("> /ping"), Parsed::Chat);
    }

    /// T18.
    #[test]
    fn in_a_direct_message_what_stands_around_it_does_not_matter() {
        for text in [
            "\"ping\"",
            "“ping”",
            "`ping`",
            "*ping*",
            "!ping",
            ".ping",
            "ping\u{fe0f}",
        ] {
            assert_eq!(asked(&direct(text)).as_deref(), Some("ping"), "{text}");
        }
        assert_eq!(asked(&direct("!a1b2c3d5")).as_deref(), Some("!a1b2c3d5"));
    }

    #[test]
    fn numbers_pick_from_a_list() {
        for (text, number) in [("2", 2), ("/3", 3), ("2.", 2), ("#4", 4), ("٣", 3)] {
            assert_eq!(public(text), Parsed::Pick(number), "{text}");
        }
        assert_eq!(public("12"), Parsed::Chat);
    }

    #[test]
    fn a_text_is_found_as_it_was_typed() {
        for text in [
            "/echo L’Haÿ  ٣",
            "@BOT /echo L’Haÿ  ٣",
            "／ echo L’Haÿ  ٣ @BOT",
        ] {
            let Parsed::Asked(asked) = public(text) else {
                panic!("{text}");
            };
            assert!(asked.typed.starts_with("echo L’Haÿ  ٣"), "{asked:?}");
        }
    }

    #[test]
    fn another_prefix() {
        let parsed = parse("!ping", "!", false, NAMES);
        assert_eq!(asked(&parsed).as_deref(), Some("ping"));
        assert_eq!(parse("/ping", "!", false, NAMES), Parsed::Chat);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,60}|[@/> \\n]{0,9}[a-zé]{0,5}|.{0,80}", direct: bool) {
            let _ = parse(&text, "/", direct, NAMES);
        }
    }
}
