//! What somebody typed, as a part of a URL.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::mesh::name::cut;

/// What may stand in a URL as it is (RFC 3986 §2.3), save the dot: so no path
/// can climb.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
/// Longer than the longest name of a place, bytes.
const TEXT_MAX: usize = 120;

/// `text` percent-encoded for a segment of a path or the value of a parameter;
/// control characters and spaces around it are dropped. `None` when nothing is
/// left.
pub fn encode(text: &str) -> Option<String> {
    let visible: String = text.chars().filter(|c| !c.is_control()).collect();
    let text = cut(visible.trim(), TEXT_MAX).trim();
    (!text.is_empty()).then(|| utf8_percent_encode(text, ENCODED).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_cannot_leave_its_place() {
        let encoded = |text| encode(text).unwrap_or_default();
        assert_eq!(encoded("../../?x"), "%2E%2E%2F%2E%2E%2F%3Fx");
        assert_eq!(encoded("a&b=c#d%2F"), "a%26b%3Dc%23d%252F");
        assert_eq!(encoded(" Saint-Étienne "), "Saint-%C3%89tienne");
        assert_eq!(encoded("new\r\n york\0"), "new%20york");
        assert_eq!(encoded("@evil.example:80"), "%40evil%2Eexample%3A80");
        for nothing in ["", " ", "\r\n", "\u{7f}\u{85}"] {
            assert_eq!(encode(nothing), None, "{nothing:?}");
        }
        assert!(encoded(&"é".repeat(500)).len() <= 3 * TEXT_MAX);
    }

    proptest! {
        #[test]
        fn only_harmless_letters_come_out(text in "\\PC{0,60}|[\\x00-\\x7f]{0,60}") {
            let encoded = encode(&text).unwrap_or_default();
            prop_assert!(encoded.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_~%".contains(&b)));
            let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
            prop_assert!(text.chars().filter(|c| !c.is_control()).collect::<String>().contains(&*decoded));
        }
    }
}
