//! What somebody types as the name of a place. Which place it is, `find` finds.

use super::attempt::words;
use crate::mesh::name::{clean, fold};
use crate::mesh::typing::plain;

/// What of a place's name is looked at, bytes: more than the longest there is.
const QUERY_MAX: usize = 100;

/// What somebody typed as the name of a place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Query {
    shown: String,
    key: String,
}

impl Query {
    /// `None` when there is nothing in it that could be a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shown = clean(plain(text).as_bytes(), QUERY_MAX);
        let pieces = pieces(&shown);
        let name = words(pieces.first()?).concat();
        // One letter is a name in scripts that write words with one sign.
        let enough = name.chars().count() >= 2 || name.chars().any(|c| c > '\u{2e80}');
        let key = fold(&pieces.join(", "));
        let shown = pieces.join(", ");
        enough.then_some(Self { shown, key })
    }

    /// What it is remembered by: the same in any case and with any accents.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As it was typed, safe to show.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// The parts between commas that are not empty.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    text.split(',')
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_name_and_what_it_is_remembered_by() {
        let key = |text: &str| Query::parse(text).unwrap().key().to_owned();
        assert_eq!(key("\u{202e}PARÍS\0 ,"), "paris");
        assert_ne!(key("new york"), key("new, york"));
        assert_ne!(key("paris-texas"), key("paris texas"));
        for nothing in ["", "  ", "a", "-", "🌧", "\u{200b}", ",", "a, b"] {
            assert_eq!(Query::parse(nothing), None, "{nothing:?}");
        }
        assert_eq!(key("津"), "津");
        assert!(Query::parse(&"é".repeat(300)).unwrap().shown().len() <= QUERY_MAX);
    }
}
