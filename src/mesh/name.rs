//! Text from strangers, made safe to show, to log and to compare.
//!
//! A cleaned name is one line without anything invisible, never begins with a
//! mark that could start a command or a mention, never ends inside a grapheme,
//! and cleaning it again changes nothing. It may be empty: the caller then
//! falls back to the node's number.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

use super::{NodeNum, typing};

/// Most bytes of a long name (protocol.md §3.7).
pub const LONG_NAME_MAX: usize = 39;

/// Most bytes of a short name (protocol.md §3.7).
pub const SHORT_NAME_MAX: usize = 4;

/// Accents on one letter beyond this are a prank ("zalgo"), not a language.
const MARKS_PER_LETTER: usize = 3;

const ZERO_WIDTH_JOINER: char = '\u{200D}';
const ENCLOSING_KEYCAP: char = '\u{20E3}';

/// Marks that begin a command or a mention in some bot or app, with their wide
/// twins that a keyboard or a reader may take for them.
const COMMAND_MARKS: [char; 16] = [
    '/', '\\', '!', '@', '#', '$', '&', '.', ';', '»', '／', '！', '＠', '＃', '⁄', '∕',
];

/// Turns the bytes of a name into text of at most `max_bytes` bytes.
///
/// Invalid UTF-8 is dropped rather than shown as a replacement mark: firmware
/// cuts names in the middle of an emoji (protocol.md §8 T12), and the half
/// that is left says nothing.
#[must_use]
pub fn clean(bytes: &[u8], max_bytes: usize) -> String {
    plain(bytes, max_bytes).map_or_else(|| clean_up(bytes, max_bytes), str::to_owned)
}

fn clean_up(bytes: &[u8], max_bytes: usize) -> String {
    let visible = keep_visible(&String::from_utf8_lossy(bytes));
    let named = visible.trim_start_matches(|c: char| {
        COMMAND_MARKS.contains(&c) || c.is_whitespace() || is_combining_mark(c)
    });
    cut(named, max_bytes)
        .trim_end_matches(|c: char| c == ZERO_WIDTH_JOINER || c.is_whitespace())
        .to_owned()
}

/// Letters and digits with single spaces between them, as most names and words
/// are, are clean as they are.
fn plain(bytes: &[u8], max_bytes: usize) -> Option<&str> {
    let mut before = b' ';
    for &byte in bytes {
        if !byte.is_ascii_alphanumeric() && (byte != b' ' || before == b' ') {
            return None;
        }
        before = byte;
    }
    let fits = before != b' ' && bytes.len() <= max_bytes;
    str::from_utf8(bytes).ok().filter(|_| fits)
}

/// The longest beginning of `text` that has at most `max_bytes` bytes and ends
/// between two graphemes.
#[must_use]
pub fn cut(text: &str, max_bytes: usize) -> &str {
    if text.len() <= max_bytes {
        return text;
    }
    let end = text
        .grapheme_indices(true)
        .map(|(start, _)| start)
        .take_while(|&start| start <= max_bytes)
        .last();
    &text[..end.unwrap_or(0)]
}

/// `text`, and where that has more than `max_bytes` bytes its beginning with `…`
/// behind it, so that nobody takes that for the whole.
#[must_use]
pub fn shortened(text: &str, max_bytes: usize) -> Cow<'_, str> {
    const MARK: &str = "…";
    if text.len() <= max_bytes {
        return Cow::Borrowed(text);
    }
    let kept = cut(text, max_bytes.saturating_sub(MARK.len())).trim_end();
    if kept.is_empty() {
        // Too narrow for a mark: a letter says more.
        return Cow::Borrowed(cut(text, max_bytes).trim_end());
    }
    Cow::Owned(format!("{kept}{MARK}"))
}

/// Whether a name has another node's number in it: who reads `!a1b2c3d4` somewhere
/// has to be sure that it is one. Its own number may be in a name.
#[must_use]
pub fn is_misleading(name: &str, num: NodeNum) -> bool {
    // Most names have no digits in a row that could be a number.
    if name.len() < 8 {
        return false;
    }
    let name = typing::plain(name);
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| {
        let mut numbers = NodeNum::typed(word).peekable();
        numbers.peek().is_some() && !numbers.any(|it| it == num)
    })
}

/// The name as it is shown: in quotes when it is misleading, so that it is only a
/// name.
#[must_use]
pub fn marked(name: &str, num: NodeNum) -> Cow<'_, str> {
    match is_misleading(name, num) {
        true => Cow::Owned(format!("\"{name}\"")),
        false => Cow::Borrowed(name),
    }
}

/// `text` as it is compared: the signs of a plain keyboard, lower case, no
/// accents, `ß` as `ss`, `œ` as `oe`, and letters for what only looks different:
/// ligatures, superscripts, letters in circles or of mathematics. Twice is once.
/// For matching only, never for showing.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    let apart = typing::plain(text);
    let letters = apart.nfkd().filter(|&c| canonical_combining_class(c) == 0);
    for letter in letters
        .filter_map(typing::plain_sign)
        .flat_map(char::to_lowercase)
    {
        match letter {
            'ß' => folded.push_str("ss"),
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'ł' => folded.push('l'),
            'đ' | 'ð' => folded.push('d'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            other => folded.push(other),
        }
    }
    folded
}

/// `text` as it would be written, roughly, by somebody who has Latin letters only,
/// folded and without spaces: `Иван Грозный` is `ivangroznyi`. For matching only.
#[must_use]
pub fn latin(text: &str) -> String {
    let mut latin = String::with_capacity(text.len());
    for letter in text.nfc() {
        // Pictures have descriptions there, which nobody means.
        match deunicode::deunicode_char(letter).filter(|_| letter.is_alphabetic()) {
            Some(letters) => latin.push_str(letters),
            None => latin.push(letter),
        }
    }
    let mut latin = fold(&latin);
    latin.retain(|c| c != ' ');
    latin
}

/// One line of what a reader can see, white space collapsed to single spaces.
fn keep_visible(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut marks = 0;
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let before = kept.chars().next_back();
        if is_blank(c) {
            if before.is_some_and(|b| b != ' ') {
                kept.push(' ');
            }
            continue;
        }
        let wanted = if is_emoji_style(c) {
            before.is_some_and(is_pictograph)
                || (before.is_some_and(is_keycap_base) && letters.peek() == Some(&ENCLOSING_KEYCAP))
        } else if c == ZERO_WIDTH_JOINER {
            before.is_some_and(|b| is_pictograph(b) || is_emoji_style(b))
                && letters.peek().copied().is_some_and(is_pictograph)
        } else if c.is_control() || is_invisible(c) {
            false
        } else if is_combining_mark(c) {
            marks += 1;
            marks <= MARKS_PER_LETTER && before.is_some_and(|b| b != ' ')
        } else {
            marks = 0;
            true
        };
        if wanted {
            kept.push(c);
        }
    }
    kept
}

/// White space of every kind, line breaks and the empty braille cell included.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{2800}'
}

/// The two selectors that choose between the text and the emoji look.
fn is_emoji_style(c: char) -> bool {
    matches!(c, '\u{FE0E}' | '\u{FE0F}')
}

fn is_keycap_base(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

/// Format characters and others without a picture of their own: direction
/// marks, zero-width characters, fillers, tags, selectors, the byte order
/// mark, and the replacement mark that stands for undecodable bytes.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{FFFD}'..='\u{FFFF}'
        | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// What may stand in an emoji sequence: the blocks that hold emoji, roughly.
/// Too wide does no harm; only joiners and selectors depend on it.
fn is_pictograph(c: char) -> bool {
    matches!(c,
        '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '\u{2194}'..='\u{21AA}' | '\u{231A}'..='\u{23FF}'
        | 'Ⓜ' | '\u{25AA}'..='\u{27BF}' | '\u{2934}'..='\u{2935}' | '\u{2B05}'..='\u{2B55}'
        | '〰' | '〽' | '㊗' | '㊙' | '\u{1F000}'..='\u{1FAFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn long(text: &str) -> String {
        clean(text.as_bytes(), LONG_NAME_MAX)
    }

    #[test]
    fn honest_names_stay_as_they_are() {
        for name in [
            "Base Nord 3",
            "Émilie & Zoë",
            "Łódź-Ø",
            "日本のノード",
            "שלום",
            "⚡️",
            "👩‍🚒 Feu",
            "🏳️‍🌈",
            "🇫🇷 Paris",
            "1️⃣",
            "👍🏽",
            "e\u{301}a\u{328}\u{301}",
            "a/b #2 @home!",
        ] {
            assert_eq!(long(name), name);
        }
    }

    #[test]
    fn hostile_names_lose_their_teeth() {
        for (name, safe) in [
            ("/reboot", "reboot"),
            (" \t!@#/ /cmd", "cmd"),
            ("＠all", "all"),
            ("\u{202E}/gpj.exe", "gpj.exe"),
            ("\u{200B}\u{FEFF}@\u{200D}all", "all"),
            ("A\u{202E}B\u{2066}C\u{2069}\u{61C}", "ABC"),
            ("Al\u{AD}i\u{200B}ce\u{200D}", "Alice"),
            ("line\r\nbreak\u{2028}here", "line break here"),
            ("a\x1b[31mred\x07\0", "a[31mred"),
            ("a \u{3000}\u{A0}\u{2800} b ", "a b"),
            ("\u{3164}\u{115F}\u{2800}", ""),
            ("hi\u{E0068}\u{E0069}\u{E007F}", "hi"),
            ("#\u{FE0F}\u{20E3}top", "top"),
            ("\u{301}\u{302}x", "x"),
            (
                "z\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}o",
                "z\u{301}\u{302}\u{303}o",
            ),
            ("/!#", ""),
            ("", ""),
        ] {
            assert_eq!(long(name), safe, "{name:?}");
        }
    }

    #[test]
    fn half_an_emoji_disappears() {
        // "⚡️" cut to four bytes by the firmware.
        assert_eq!(clean(b"\xE2\x9A\xA1\xEF", SHORT_NAME_MAX), "⚡");
        assert_eq!(clean(b"\xF0\x9F\x94", SHORT_NAME_MAX), "");
        assert_eq!(clean(b"\xFF/x", SHORT_NAME_MAX), "x");
        assert_eq!(clean("»x".as_bytes(), SHORT_NAME_MAX), "x");
    }

    #[test]
    fn cuts_between_graphemes_only() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc");
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("a👩‍🚒b", 11), "a");
        assert_eq!(cut("a👩‍🚒b", 12), "a👩‍🚒");
        assert_eq!(cut("é", 1), "");
        assert_eq!(clean(b"ab cd", 3), "ab");
    }

    /// T8.
    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(shortened("Relais du Pic", 13), "Relais du Pic");
        assert_eq!(shortened("Relais du Pic", 12), "Relais du…");
        assert_eq!(shortened("Relais du Pic", 11), "Relais d…");
        assert_eq!(shortened("éé", 3), "é");
        assert_eq!(shortened("ab", 1), "a");
        assert_eq!(shortened("ab", 0), "");
    }

    /// T16.
    #[test]
    fn a_name_with_another_node_s_number_in_it_is_misleading() {
        let num = NodeNum(0x5100_0001);
        for name in [
            "a1b2c3d4",
            "Hill (!A1B2C3D4)",
            "！ａ１ｂ２ｃ３ｄ４ ok",
            "0xa1b2c3d4",
            "2712847316",
        ] {
            assert!(is_misleading(name, num), "{name}");
        }
        for name in [
            "Meshtastic 0001",
            "51000001",
            "Base !51000001",
            "0x51000001",
            "1358954497",
            "ba5eba11s",
            "Relais 42",
            "a1b2",
        ] {
            assert!(!is_misleading(name, num), "{name}");
        }
    }

    /// W5, T16.
    #[test]
    fn what_only_looks_different_is_compared_as_the_same() {
        for (name, typed) in [
            ("O’Brien", "o'brien"),
            ("Saint‑Denis", "saint-denis"),
            ("Pic\u{a0}Nord", "pic nord"),
            ("ＮＯＲＤ－３", "nord-3"),
            ("ﬁsher", "fisher"),
            ("Nœud ②³", "noeud 23"),
            ("𝕭𝖆𝖘𝖊 Ⓝ", "base n"),
            ("№ ½", "no 1/2"),
            ("٣", "3"),
            ("ｶﾌｪ", "カフェ"),
        ] {
            assert_eq!(fold(name), fold(typed), "{name}");
        }
    }

    #[test]
    fn every_letter_folded_twice_is_as_folded_once() {
        for letter in '\0'..=char::MAX {
            let once = fold(&format!("a{letter}b"));
            assert_eq!(fold(&once), once, "{letter:?} {letter}");
        }
    }

    /// T16.
    #[test]
    fn other_letters_sound_like_latin_ones() {
        for (name, sound) in [
            ("Иван Грозный", "ivangroznyi"),
            ("Αθήνα", "athena"),
            ("さくら", "sakura"),
            ("なごや", "nagoya"),
            ("北京", "beijing"),
            ("Élodie 👩‍🚒", "elodie👩🚒"),
        ] {
            assert_eq!(latin(name), sound, "{name}");
        }
    }

    #[test]
    fn comparing_ignores_case_accents_and_ligatures() {
        assert_eq!(fold("ÉMILIE Straße"), "emilie strasse");
        assert_eq!(
            fold("Œuvre Æther Łódź Øre Đuro"),
            "oeuvre aether lodz ore duro"
        );
        assert_eq!(fold("e\u{301}"), fold("é"));
        assert_eq!(fold("İstanbul ΣΑΣ"), "istanbul σασ");
        assert_eq!(fold("☀️"), fold("☀"));
        assert_ne!(fold("का"), fold("कि"), "vowel signs are not accents");
    }

    proptest! {
        #[test]
        fn clean_keeps_its_promises(bytes: Vec<u8>, max in 0_usize..50) {
            check(&bytes, max)?;
        }

        #[test]
        fn clean_keeps_its_promises_for_nasty_text(
            text in "[ #/!@a1*é\u{301}\u{FE0F}\u{200D}\u{20E3}\u{202E}\u{E0067}🇫👩🏽☀\n\u{FFFD}ก้\u{1100}\u{1161}]{0,24}",
            max in 0_usize..50,
        ) {
            check(text.as_bytes(), max)?;
        }

        #[test]
        fn what_is_plain_is_clean(text in "[ aZ09é.]{0,8}", max in 0_usize..10) {
            let clean = clean_up(text.as_bytes(), max);
            let simple = text.chars().all(|c| c == ' ' || c.is_ascii_alphanumeric());
            match plain(text.as_bytes(), max) {
                Some(plain) => prop_assert_eq!(plain, clean),
                None => prop_assert!(!simple || text != clean || text.is_empty()),
            }
        }

        #[test]
        fn folding_twice_is_folding_once(text: String) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }
    }

    fn check(bytes: &[u8], max: usize) -> Result<(), TestCaseError> {
        let once = clean(bytes, max);
        prop_assert!(once.len() <= max);
        prop_assert!(!once.starts_with(COMMAND_MARKS));
        prop_assert!(!once.contains(char::is_control) && !once.contains("  "));
        prop_assert_eq!(once.trim(), &once);
        prop_assert_eq!(clean(once.as_bytes(), max), once);
        Ok(())
    }
}
