//! What people type, and what they mean by it: phones put in curly quotes, long
//! dashes and spaces that do not break, keyboards of other scripts have digits
//! and signs of their own. Before anything is compared or taken for a command or
//! a number, each becomes the sign that a plain keyboard has.
//!
//! Doing it twice changes nothing. Letters stay as they are: those are folded
//! where they are compared ([`name::fold`](super::name::fold)).

use std::borrow::Cow;

/// The zeros of the decimal digits of other scripts; nine more follow each.
const ZEROS: [char; 20] = [
    '\u{660}', '\u{6f0}', '\u{7c0}', '\u{966}', '\u{9e6}', '\u{a66}', '\u{ae6}', '\u{b66}',
    '\u{be6}', '\u{c66}', '\u{ce6}', '\u{d66}', '\u{de6}', '\u{e50}', '\u{ed0}', '\u{f20}',
    '\u{1040}', '\u{17e0}', '\u{1810}', '\u{19d0}',
];

/// `text` in the signs of a plain keyboard, without what nobody sees.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| matches!(b, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter_map(plain_sign).collect())
}

/// What of `text` is left, as it was typed, after so many signs of what
/// [`plain`] makes of it.
#[must_use]
pub fn after(text: &str, signs: usize) -> &str {
    let mut seen = 0;
    let begin = text.char_indices().find(|&(_, sign)| {
        let is_past = seen >= signs;
        seen += usize::from(plain_sign(sign).is_some());
        is_past
    });
    begin.map_or("", |(at, _)| &text[at..])
}

/// The sign that is meant; nothing for one that nobody sees.
pub(super) fn plain_sign(sign: char) -> Option<char> {
    Some(match sign {
        '‘' | '’' | '‚' | '‛' | 'ʼ' | 'ʹ' | 'ˈ' | '´' | '′' | '＇' => '\'',
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '‹' | '›' | '＂' => '"',
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '﹘' | '﹣' | '－' | '־' => '-',
        '…' | '。' | '｡' => '.',
        '、' | '،' | '，' => ',',
        '⁄' | '∕' | '⧸' => '/',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(sign) - 0xfee0).unwrap_or(sign),
        _ if sign.is_whitespace() || sign == '\u{2800}' => match sign {
            '\n' => '\n',
            _ => ' ',
        },
        _ if is_unseen(sign) => return None,
        _ => digit(sign).unwrap_or(sign),
    })
}

/// The digit of another script.
fn digit(sign: char) -> Option<char> {
    let zero = ZEROS.into_iter().rev().find(|&zero| zero <= sign)?;
    let value = u32::from(sign) - u32::from(zero);
    char::from_digit(value, 10)
}

/// Controls, marks of direction, joiners, soft hyphens, variation selectors.
fn is_unseen(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_phones_and_other_keyboards_put_in_is_what_was_meant() {
        for (typed, meant) in [
            ("O’Brien", "O'Brien"),
            ("L’Haÿ‑les‑Roses", "L'Haÿ-les-Roses"),
            ("−3,5", "-3,5"),
            ("“ping”", "\"ping\""),
            ("／ｐｉｎｇ　３", "/ping 3"),
            ("/pi\u{ad}n\u{fe0f}g", "/ping"),
            ("/ping\u{a0}٣", "/ping 3"),
            ("/ping ५\u{0}", "/ping 5"),
            ("\u{202e}/ping\u{202c}", "/ping"),
            ("two\nlines\tand", "two\nlines and"),
            ("Ünïcødé 👍", "Ünïcødé 👍"),
        ] {
            assert_eq!(plain(typed), meant);
        }
        assert!(matches!(plain("/ping 3"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_was_typed_is_found_again() {
        let typed = "／e\u{ad}cho\u{a0}٣ L’Haÿ";
        assert_eq!(plain(typed), "/echo 3 L'Haÿ");
        assert_eq!(after(typed, 6), "٣ L’Haÿ");
        assert_eq!((after(typed, 0), after(typed, 99)), (typed, ""));
    }

    proptest! {
        #[test]
        fn twice_is_once(text in ".{0,40}") {
            let once = plain(&text).into_owned();
            prop_assert_eq!(plain(&once), once.as_str());
        }
    }
}
