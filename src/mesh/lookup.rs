//! Finds the node that somebody means by what he typed (features.md D7).
//!
//! One way of matching after the other, from the most to the least exact; a
//! looser one is tried only when all stricter ones found nobody. Comparing is
//! done on folded text, so that case and accents never matter.

use std::cmp::Reverse;

use super::name::{clean, fold};
use super::{Node, NodeBook, NodeNum};

/// How many candidates an ambiguous query offers: one digit picks one.
pub const CANDIDATES_MAX: usize = 9;

/// How many similar names a failed query offers.
pub const NEAREST_MAX: usize = 3;

/// More of a query than any name has is not looked at, in bytes.
const QUERY_MAX: usize = 64;

/// Whom a query means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Exactly this node.
    One(NodeNum),
    /// Any of these, the most recently heard first; from two to
    /// [`CANDIDATES_MAX`].
    Many(Vec<NodeNum>),
    /// Nobody; these have similar names, the most similar first, at most
    /// [`NEAREST_MAX`].
    None {
        /// Whom it could have meant.
        nearest: Vec<NodeNum>,
    },
}

/// A node with its names ready to compare; empty when unknown.
struct Entry<'a> {
    node: &'a Node,
    short: String,
    long: String,
}

/// Looks for `!hex`, the short name, the long name, the last hex digits (two
/// at least), the beginning and then any part of a name, in this order.
#[must_use]
pub fn find(book: &NodeBook, query: &str) -> Found {
    let query = query.trim();
    let marked = query.strip_prefix('!');
    if let Some(num) = marked.and_then(NodeNum::parse)
        && book.get(num).is_some()
    {
        return Found::One(num);
    }
    let wanted = fold(&clean(query.as_bytes(), QUERY_MAX));
    if wanted.is_empty() {
        return Found::None { nearest: vec![] };
    }
    let folded = |name: &Option<Box<str>>| name.as_deref().map(fold).unwrap_or_default();
    let mut entries: Vec<_> = book
        .iter()
        .map(|node| Entry {
            node,
            short: folded(&node.short_name),
            long: folded(&node.long_name),
        })
        .collect();
    entries.sort_by_key(|entry| (Reverse(entry.node.recency()), entry.node.num));

    let tail = hex_tail(&wanted);
    let by_short = |entry: &Entry| entry.short == wanted;
    let by_long = |entry: &Entry| entry.long == wanted;
    let by_tail = |entry: &Entry| tail.is_some_and(|tail| tail.matches(entry.node.num));
    let by_start =
        |entry: &Entry| entry.short.starts_with(&wanted) || entry.long.starts_with(&wanted);
    let by_part = |entry: &Entry| entry.short.contains(&wanted) || entry.long.contains(&wanted);
    let named: [&dyn Fn(&Entry) -> bool; 5] = [&by_short, &by_long, &by_tail, &by_start, &by_part];
    // A query that begins with "!" means a number and never a name.
    let numbered: [&dyn Fn(&Entry) -> bool; 1] = [&by_tail];
    let ways = if marked.is_some() {
        &numbered[..]
    } else {
        &named[..]
    };
    for way in ways {
        let mut hits: Vec<_> = entries
            .iter()
            .filter(|entry| way(entry))
            .map(|entry| entry.node.num)
            .collect();
        hits.truncate(CANDIDATES_MAX);
        match hits[..] {
            [] => {}
            [only] => return Found::One(only),
            _ => return Found::Many(hits),
        }
    }
    Found::None {
        nearest: nearest(&entries, &wanted),
    }
}

/// The last hex digits of a node's number.
#[derive(Clone, Copy)]
struct Tail {
    value: u32,
    mask: u32,
}

impl Tail {
    fn matches(self, num: NodeNum) -> bool {
        num.0 & self.mask == self.value
    }
}

/// Reads two to eight hex digits.
fn hex_tail(text: &str) -> Option<Tail> {
    let digits = u32::try_from(text.len()).ok()?;
    if !(2..=8).contains(&digits) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    Some(Tail {
        value: u32::from_str_radix(text, 16).ok()?,
        mask: u32::MAX >> (32 - 4 * digits),
    })
}

/// Those whose short name, long name or a word of it takes the fewest typing
/// mistakes to become `wanted`; those that share nothing with it are left out.
fn nearest(entries: &[Entry], wanted: &str) -> Vec<NodeNum> {
    let wanted: Vec<char> = wanted.chars().collect();
    let mut similar: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            let names = [entry.short.as_str(), entry.long.as_str()];
            let words = entry.long.split_whitespace();
            let mistakes = names.into_iter().chain(words).filter_map(|name| {
                let name: Vec<char> = name.chars().collect();
                let mistakes = edit_distance(&wanted, &name);
                (mistakes < wanted.len().max(name.len())).then_some(mistakes)
            });
            Some((mistakes.min()?, entry.node.num))
        })
        .collect();
    // Stable: among equals the most recently heard stays first.
    similar.sort_by_key(|&(mistakes, _)| mistakes);
    similar.truncate(NEAREST_MAX);
    similar.into_iter().map(|(_, num)| num).collect()
}

/// Letters to insert, remove or replace to turn `a` into `b` (Levenshtein).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::{Now, Sanity};
    use crate::proto;
    use proptest::prelude::*;

    #[test]
    fn a_beginning_goes_before_a_part_and_one_digit_is_no_number() {
        let book = book(&[
            (0x1111_000a, "Alpha", "QQ"),
            (0x2222_000b, "Royal Oak", "RR"),
        ]);
        let found = |query| find(&book, query);
        assert_eq!(found("al"), Found::One(NodeNum(0x1111_000a)));
        assert_eq!(found("0b"), Found::One(NodeNum(0x2222_000b)));
        // "a" is a part of both names, and the last digit of one number.
        assert!(!matches!(found("!a"), Found::One(_)));
    }

    /// The later in the list, the more recently heard.
    fn book(nodes: &[(u32, &str, &str)]) -> NodeBook {
        let mut book = NodeBook::default();
        let infos: Vec<_> = (2_000_000..)
            .zip(nodes)
            .map(|(last_heard, &(num, long, short))| proto::NodeInfo {
                num,
                last_heard,
                user: Some(proto::User {
                    long_name: long.into(),
                    short_name: short.into(),
                    ..Default::default()
                }),
                ..Default::default()
            })
            .collect();
        let now = Now {
            unix: 3_000_000,
            ..Default::default()
        };
        book.note_node_list(&infos, now, Sanity { built: 1_000_000 });
        book
    }

    fn town() -> NodeBook {
        book(&[
            (0x1111_aaaa, "Alice Base", "ALB"),
            (0x2222_bbbb, "Élodie", "ELO"),
            (0x3333_cafe, "Relais du Pic", "PIC"),
            (0x4444_cafe, "Alice Mobile", "ALM"),
            (0x5555_0042, "", ""),
            (0x6666_0001, "Pic", "42"),
        ])
    }

    fn one(query: &str) -> NodeNum {
        match find(&town(), query) {
            Found::One(num) => num,
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn each_way_of_naming_a_node_works() {
        assert_eq!(one("!1111aaaa"), NodeNum(0x1111_aaaa));
        assert_eq!(one(" !1111AAAA "), NodeNum(0x1111_aaaa));
        assert_eq!(one("1111aaaa"), NodeNum(0x1111_aaaa));
        assert_eq!(one("elo"), NodeNum(0x2222_bbbb));
        assert_eq!(one("ÉLODIE"), NodeNum(0x2222_bbbb));
        assert_eq!(one("elodie"), NodeNum(0x2222_bbbb));
        assert_eq!(one("@Elodie"), NodeNum(0x2222_bbbb));
        assert_eq!(one("bb"), NodeNum(0x2222_bbbb));
        assert_eq!(one("!bb"), NodeNum(0x2222_bbbb));
        assert_eq!(one("3cafe"), NodeNum(0x3333_cafe));
        assert_eq!(one("alice b"), NodeNum(0x1111_aaaa));
        assert_eq!(one("du"), NodeNum(0x3333_cafe));
    }

    #[test]
    fn a_stricter_match_hides_the_looser_ones() {
        assert_eq!(one("pic"), NodeNum(0x3333_cafe), "short before long name");
        assert_eq!(one("42"), NodeNum(0x6666_0001), "short name before tail");
        assert_eq!(one("!42"), NodeNum(0x5555_0042), "a mark means the number");
    }

    #[test]
    fn several_are_offered_most_recently_heard_first() {
        let both = [NodeNum(0x4444_cafe), NodeNum(0x1111_aaaa)];
        assert_eq!(find(&town(), "alice"), Found::Many(both.to_vec()));
        let both = [NodeNum(0x4444_cafe), NodeNum(0x3333_cafe)];
        assert_eq!(find(&town(), "cafe"), Found::Many(both.to_vec()));
        let crowd: Vec<_> = (0..20).map(|n| (0x100 + n, "Bob", "B")).collect();
        match find(&book(&crowd), "bob") {
            Found::Many(bobs) => {
                assert_eq!(bobs.len(), CANDIDATES_MAX);
                assert_eq!(bobs[0], NodeNum(0x113));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_typing_mistake_is_met_with_similar_names() {
        let nearest = |query| match find(&town(), query) {
            Found::None { nearest } => nearest,
            other => panic!("{query}: {other:?}"),
        };
        assert_eq!(nearest("Elodi3")[0], NodeNum(0x2222_bbbb));
        let alices = [NodeNum(0x4444_cafe), NodeNum(0x1111_aaaa)];
        assert_eq!(nearest("alyce")[..2], alices);
        assert!(nearest("alyce").len() <= NEAREST_MAX);
        assert!(nearest("##").is_empty() && nearest("").is_empty());
        assert!(nearest("zzzzqqq").is_empty());
        assert_eq!(
            find(&NodeBook::default(), "x"),
            Found::None { nearest: vec![] }
        );
    }

    #[test]
    fn emoji_names_are_found() {
        let book = book(&[(0x77, "Phare ☀️", "⚡")]);
        assert_eq!(find(&book, "⚡️"), Found::One(NodeNum(0x77)));
        assert_eq!(find(&book, "☀"), Found::One(NodeNum(0x77)));
    }

    #[test]
    fn distances_are_counted_in_letters() {
        let distance = |a: &str, b: &str| {
            let [a, b] = [a, b].map(|text| text.chars().collect::<Vec<_>>());
            edit_distance(&a, &b)
        };
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "é☀x"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    proptest! {
        #[test]
        fn any_query_has_an_answer_within_bounds(query: String) {
            match find(&town(), &query) {
                Found::One(num) => prop_assert!(town().get(num).is_some()),
                Found::Many(nums) => prop_assert!((2..=CANDIDATES_MAX).contains(&nums.len())),
                Found::None { nearest } => prop_assert!(nearest.len() <= NEAREST_MAX),
            }
        }
    }
}
