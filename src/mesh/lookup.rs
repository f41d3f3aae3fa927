//! Finds the node that somebody means by what he typed (features.md D7).
//!
//! One way of matching after the other, from the most to the least exact; a
//! looser one is tried only when all stricter ones found nobody. Comparing is
//! done on folded text, so that case, accents and what a phone makes of an
//! apostrophe never matter. A whole number goes before every name, so that nobody
//! can call himself by the number of another.

use std::cmp::Reverse;

use super::name::{clean, fold, latin};
use super::{Node, NodeBook, NodeNum, typing};
use crate::lang::Text;

/// How many candidates an ambiguous query offers: one digit picks one.
pub const CANDIDATES_MAX: usize = 9;

/// How many similar names a failed query offers.
pub const NEAREST_MAX: usize = 3;

/// More of a query than any name has is not looked at, in bytes.
const QUERY_MAX: usize = 64;

/// What of a node a query was equal to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// Its whole number, a whole name, or who it is.
    Whole,
    /// The last digits of its number.
    Tail,
    /// A part of a name.
    Part,
    /// A name, or a part of one, in other letters.
    Sound,
}

/// Whom a query means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Exactly this node, and how it was found.
    One(NodeNum, By),
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

/// Looks for `asker` or our own node by a word, a number in any form, the short
/// name, the long name, the last hex digits (two at least), a decimal number, the
/// beginning and then any part of a name, and the same in other letters, in this
/// order.
#[must_use]
pub fn find(book: &NodeBook, asker: NodeNum, query: &str) -> Found {
    let query = typing::plain(query);
    let query = query.trim();
    let wanted = fold(&clean(query.as_bytes(), QUERY_MAX));
    let is_marked = query.starts_with('!');
    let is_one_of = |words: Text| !is_marked && words.has(&wanted);
    if is_one_of(Text::WordsForAsker) {
        return Found::One(asker, By::Whole);
    }
    if let Some(own) = book.own().filter(|_| is_one_of(Text::WordsForBot)) {
        return Found::One(own, By::Whole);
    }
    let known = NodeNum::typed(query).find(|&num| book.get(num).is_some());
    if let Some(num) = known {
        return Found::One(num, By::Whole);
    }
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

    let digits = wanted.strip_prefix("0x");
    // Who begins like that means a number and never a name.
    let is_number = is_marked || digits.is_some_and(|it| hex_tail(it).is_some());
    let tail = hex_tail(digits.unwrap_or(&wanted));
    let decimal: Option<u32> = wanted.parse().ok();
    let by_short = |entry: &Entry| entry.short == wanted;
    let by_long = |entry: &Entry| entry.long == wanted;
    let by_tail = |entry: &Entry| tail.is_some_and(|tail| tail.matches(entry.node.num));
    let by_decimal = |entry: &Entry| decimal == Some(entry.node.num.0);
    let by_start =
        |entry: &Entry| entry.short.starts_with(&wanted) || entry.long.starts_with(&wanted);
    let by_part = |entry: &Entry| entry.short.contains(&wanted) || entry.long.contains(&wanted);
    let named: [Way<'_>; 6] = [
        (By::Whole, &by_short),
        (By::Whole, &by_long),
        (By::Tail, &by_tail),
        (By::Whole, &by_decimal),
        (By::Part, &by_start),
        (By::Part, &by_part),
    ];
    let numbered: [Way<'_>; 1] = [(By::Tail, &by_tail)];
    let ways = if is_number { &numbered[..] } else { &named[..] };
    if let Some(found) = first_way(&entries, ways) {
        return found;
    }
    if !is_number && let Some(found) = by_sound(&entries, &wanted) {
        return found;
    }
    Found::None {
        nearest: nearest(&entries, &wanted),
    }
}

/// A way of matching, and what it is called.
type Way<'a> = (By, &'a dyn Fn(&Entry) -> bool);

/// What the first way finds that finds anybody.
fn first_way(entries: &[Entry], ways: &[Way<'_>]) -> Option<Found> {
    ways.iter().find_map(|(by, way)| {
        let hits = entries.iter().filter(|entry| way(entry));
        let mut hits: Vec<_> = hits.map(|entry| entry.node.num).collect();
        hits.truncate(CANDIDATES_MAX);
        match hits[..] {
            [] => None,
            [only] => Some(Found::One(only, *by)),
            _ => Some(Found::Many(hits)),
        }
    })
}

/// `ivan` is `Иван`, and the other way round.
fn by_sound(entries: &[Entry], wanted: &str) -> Option<Found> {
    let sound = latin(wanted);
    if sound.is_empty() {
        return None;
    }
    let sounding = |name: &Option<Box<str>>| name.as_deref().map(latin).unwrap_or_default();
    // Without letters of others there is nothing new.
    let odd = |entry: &&Entry| !wanted.is_ascii() || !has_latin_only(entry.node);
    let heard: Vec<_> = entries
        .iter()
        .filter(odd)
        .map(|entry| Entry {
            node: entry.node,
            short: sounding(&entry.node.short_name),
            long: sounding(&entry.node.long_name),
        })
        .collect();
    let by_name = |entry: &Entry| entry.short == sound || entry.long == sound;
    let by_start =
        |entry: &Entry| entry.short.starts_with(&sound) || entry.long.starts_with(&sound);
    let by_part = |entry: &Entry| entry.short.contains(&sound) || entry.long.contains(&sound);
    let ways: [Way<'_>; 3] = [
        (By::Sound, &by_name),
        (By::Sound, &by_start),
        (By::Sound, &by_part),
    ];
    first_way(&heard, &ways)
}

fn has_latin_only(node: &Node) -> bool {
    let names = [&node.short_name, &node.long_name];
    let mut names = names.into_iter().flatten();
    names.all(|name| name.is_ascii())
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

/// Those whose short name, long name or a word of it is a typing mistake or two
/// away from `wanted`, so that they look alike to a reader as well.
fn nearest(entries: &[Entry], wanted: &str) -> Vec<NodeNum> {
    let wanted: Vec<char> = wanted.chars().collect();
    let most = mistakes_in(wanted.len());
    if most == 0 {
        return Vec::new();
    }
    let mut similar: Vec<_> = entries
        .iter()
        .filter_map(|entry| {
            let names = [entry.short.as_str(), entry.long.as_str()];
            let words = entry.long.split_whitespace();
            let mistakes = names.into_iter().chain(words).filter_map(|name| {
                let name: Vec<char> = name.chars().collect();
                // The comparison costs most; so many letters more or less settle it.
                let may_be = name.len().abs_diff(wanted.len()) <= most;
                let mistakes = may_be.then(|| edit_distance(&wanted, &name));
                mistakes.filter(|&mistakes| mistakes <= most)
            });
            Some((mistakes.min()?, entry.node.num))
        })
        .collect();
    // Stable: among equals the most recently heard stays first.
    similar.sort_by_key(|&(mistakes, _)| mistakes);
    similar.truncate(NEAREST_MAX);
    similar.into_iter().map(|(_, num)| num).collect()
}

/// How many typing mistakes a word of so many letters can have and still be meant.
fn mistakes_in(letters: usize) -> usize {
    match letters {
        // Half of it would be another.
        0..=2 => 0,
        3..=4 => 1,
        5..=11 => 2,
        _ => letters / 4,
    }
}

/// How many mistakes in typing turn one word into the other: a letter too many, too
/// few or wrong, or two that changed places (optimal string alignment).
#[must_use]
pub fn mistakes(one: &str, other: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
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
    fn two_letters_that_changed_places_are_one_slip_anywhere() {
        for (wrong, slips) in [("bacdef", 1), ("abdcef", 1), ("abcdfe", 1), ("badcfe", 3)] {
            assert_eq!(mistakes(wrong, "abcdef"), slips, "{wrong}");
        }
        assert_eq!(mistakes("bcdefa", "abcdef"), 2);
    }

    #[test]
    fn slips_of_the_finger_are_counted() {
        for (a, b, slips) in [
            ("port", "port", 0),
            ("prot", "port", 1),
            ("pot", "port", 1),
            ("porrt", "port", 1),
            ("pork", "port", 1),
            ("", "port", 4),
            ("écho", "echo", 1),
        ] {
            assert_eq!(mistakes(a, b), slips, "{a} {b}");
            assert_eq!(mistakes(b, a), slips, "{b} {a}");
        }
    }

    const ASKS: NodeNum = NodeNum(0x0bad_cafe);

    /// T16.
    #[test]
    fn me_is_the_asker_and_you_are_this_node() {
        let mut book = book(&[
            (0x1111_000a, "Home of Bot", "me"),
            (0x2222_000b, "Du", "BOT"),
        ]);
        let own = NodeNum(0x3333_000c);
        assert_eq!(find(&book, ASKS, "Me"), Found::One(ASKS, By::Whole));
        assert_eq!(find(&book, ASKS, "@moi"), Found::One(ASKS, By::Whole));
        assert!(matches!(find(&book, ASKS, "bot"), Found::One(num, _) if num != own));
        book.set_own(own);
        assert!(!matches!(find(&book, ASKS, "!me"), Found::One(..)));
        for you in ["you", "Bot", "toi", "du"] {
            assert_eq!(find(&book, ASKS, you), Found::One(own, By::Whole), "{you}");
        }
    }

    /// T16.
    #[test]
    fn a_number_goes_before_a_name_that_looks_like_it() {
        let (victim, liar) = (NodeNum(0xa1b2_c3d4), NodeNum(0x5100_0001));
        let town = [(victim.0, "Honest", "HON"), (liar.0, "a1b2c3d4", "LIA")];
        let book = book(&town);
        for query in [
            "a1b2c3d4",
            "!a1b2c3d4",
            "A1B2C3D4",
            "0xa1b2c3d4",
            "2712847316",
        ] {
            assert_eq!(
                find(&book, ASKS, query),
                Found::One(victim, By::Whole),
                "{query}"
            );
        }
        for query in ["1358954497", "0x51000001", "！５１０００００１", "0x0001"] {
            assert!(matches!(find(&book, ASKS, query), Found::One(num, _) if num == liar));
        }
    }

    #[test]
    fn a_name_of_digits_is_found_where_nobody_has_the_number() {
        let book = book(&[(0x1111_000a, "20240611", "X1"), (7_654_321, "", "")]);
        assert_eq!(
            find(&book, ASKS, "20240611"),
            Found::One(NodeNum(0x1111_000a), By::Whole)
        );
        let few = NodeNum(7_654_321);
        assert_eq!(find(&book, ASKS, "7654321"), Found::One(few, By::Whole));
    }

    /// T16, W5.
    #[test]
    fn a_name_in_other_letters_is_found_by_its_sound_after_all_else() {
        let mut town = vec![
            (0xb001, "Иван Грозный", "ИВН"),
            (0xb002, "ﬁsher", "F1"),
            (0xb003, "O’Brien", "OB"),
            (0xb004, "さくら", "桜"),
        ];
        let found = |town: &[_], query| find(&book(town), ASKS, query);
        let one = |num, by| Found::One(NodeNum(num), by);
        assert_eq!(found(&town, "ivan"), one(0xb001, By::Sound));
        assert_eq!(found(&town, "ivan groznyi"), one(0xb001, By::Sound));
        assert_eq!(found(&town, "sakura"), one(0xb004, By::Sound));
        assert_eq!(found(&town, "Фишер"), one(0xb002, By::Sound));
        assert_eq!(found(&town, "fisher"), one(0xb002, By::Whole));
        assert_eq!(found(&town, "o'brien"), one(0xb003, By::Whole));
        assert_eq!(found(&town, "O‘Brien"), one(0xb003, By::Whole));
        assert_eq!(found(&town, "обриен"), Found::None { nearest: vec![] });
        assert_eq!(found(&town, "!ivan"), Found::None { nearest: vec![] });
        town.push((0xb005, "Weg nach Ivanovo", "WNI"));
        assert_eq!(found(&town, "ivan"), one(0xb005, By::Part));
        assert_eq!(found(&town, "Иваново"), one(0xb005, By::Sound));
    }

    /// T10.
    #[test]
    fn only_what_is_really_near_is_proposed() {
        let town = book(&[
            (0xa1, "Alice Base", "ALB"),
            (0xa2, "Bob", "BOB"),
            (0xa3, "Chalet", "CHT"),
        ]);
        let nearest = |query| match find(&town, ASKS, query) {
            Found::None { nearest } => nearest,
            other => panic!("{query}: {other:?}"),
        };
        assert_eq!(nearest("kot"), []);
        assert_eq!(nearest("xy"), []);
        assert_eq!(nearest("bub"), [NodeNum(0xa2)]);
        assert_eq!(nearest("bxx"), []);
        assert_eq!(nearest("alyse"), [NodeNum(0xa1)]);
        assert_eq!(nearest("alyss"), []);
        assert_eq!(nearest("shalett"), [NodeNum(0xa3)]);
    }

    #[test]
    fn a_beginning_goes_before_a_part_and_one_digit_is_no_number() {
        let book = book(&[
            (0x1111_000a, "Alpha", "QQ"),
            (0x2222_000b, "Royal Oak", "RR"),
        ]);
        let found = |query| find(&book, ASKS, query);
        assert_eq!(found("al"), Found::One(NodeNum(0x1111_000a), By::Part));
        assert_eq!(found("0b"), Found::One(NodeNum(0x2222_000b), By::Tail));
        // "a" is a part of both names, and the last digit of one number.
        assert!(!matches!(found("!a"), Found::One(..)));
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
        match find(&town(), ASKS, query) {
            Found::One(num, _) => num,
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
        assert_eq!(one("ais d"), NodeNum(0x3333_cafe));
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
        assert_eq!(find(&town(), ASKS, "alice"), Found::Many(both.to_vec()));
        let both = [NodeNum(0x4444_cafe), NodeNum(0x3333_cafe)];
        assert_eq!(find(&town(), ASKS, "cafe"), Found::Many(both.to_vec()));
        let crowd: Vec<_> = (0..20).map(|n| (0x100 + n, "Bob", "B")).collect();
        match find(&book(&crowd), ASKS, "bob") {
            Found::Many(bobs) => {
                assert_eq!(bobs.len(), CANDIDATES_MAX);
                assert_eq!(bobs[0], NodeNum(0x113));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_typing_mistake_is_met_with_similar_names() {
        let nearest = |query| match find(&town(), ASKS, query) {
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
            find(&NodeBook::default(), ASKS, "x"),
            Found::None { nearest: vec![] }
        );
    }

    #[test]
    fn emoji_names_are_found() {
        let book = book(&[(0x77, "Phare ☀️", "⚡")]);
        assert_eq!(
            find(&book, ASKS, "⚡️"),
            Found::One(NodeNum(0x77), By::Whole)
        );
        assert_eq!(find(&book, ASKS, "☀"), Found::One(NodeNum(0x77), By::Part));
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
            match find(&town(), ASKS, &query) {
                Found::One(num, _) => prop_assert!(town().get(num).is_some()),
                Found::Many(nums) => prop_assert!((2..=CANDIDATES_MAX).contains(&nums.len())),
                Found::None { nearest } => prop_assert!(nearest.len() <= NEAREST_MAX),
            }
        }
    }
}
