//! Cutting an answer into packets: by bytes of UTF-8, between lines or words where
//! possible, never inside a character, an emoji or its parts.

use unicode_segmentation::UnicodeSegmentation;

/// The most that a mark in front of a part takes: `(2/3) `.
const MARK: usize = 6;

/// What of an answer fits, and what does not.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Split {
    /// The parts in their order, marked `(1/2) ` when there are several.
    pub parts: Vec<String>,
    /// What is left for later; empty when everything fits.
    pub rest: String,
    /// Where each part begins in the trimmed text.
    pub starts: Vec<usize>,
}

/// Behind this a new part begins, whatever room there is.
pub const NEW_PART: char = '\u{c}';

/// Cuts `text` into at most `max_parts` parts of at most `limit` bytes each,
/// and wherever it says [`NEW_PART`]. When something is left over, the last
/// part ends with `hint`, which says how to get it.
///
/// White space at the cuts is left out; nothing else is. `limit` below 20
/// bytes counts as 20, and `max_parts` outside 1 to 9 as the nearest of them: the
/// mark has one digit.
#[must_use]
pub fn split(text: &str, limit: usize, max_parts: usize, hint: &str) -> Split {
    let text = text.trim();
    let limit = limit.max(20);
    if text.is_empty() {
        return Split::default();
    }
    if text.len() <= limit && !text.contains(NEW_PART) {
        return Split {
            parts: vec![text.to_owned()],
            rest: String::new(),
            starts: vec![0],
        };
    }
    let max_parts = max_parts.clamp(1, 9);
    let hint = if hint.len() + MARK + 8 < limit {
        hint
    } else {
        ""
    };
    let mark = if max_parts == 1 { 0 } else { MARK };
    let room = limit - mark;
    let (mut bodies, mut rest) = cut_up(text, room, room, max_parts);
    if !rest.is_empty() {
        // Something stays behind: the last part makes room for the hint.
        (bodies, rest) = cut_up(text, room, room - hint.len(), max_parts);
    }
    let count = bodies.len();
    let left_over = !rest.is_empty();
    let starts = bodies.iter().map(|(start, _)| *start).collect();
    let parts = bodies
        .into_iter()
        .enumerate()
        .map(|(at, (_, body))| {
            let end = if left_over && at + 1 == count {
                hint
            } else {
                ""
            };
            if count == 1 {
                format!("{body}{end}")
            } else {
                format!("({}/{count}) {body}{end}", at + 1)
            }
        })
        .collect();
    Split {
        parts,
        rest: rest.to_owned(),
        starts,
    }
}

/// The end of the last character that ends at byte `max` or before.
#[must_use]
pub fn floor_boundary(text: &str, max: usize) -> usize {
    (0..=max.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// The parts, each with where it begins, and what is left over.
fn cut_up(
    text: &str,
    room: usize,
    last_room: usize,
    max_parts: usize,
) -> (Vec<(usize, &str)>, &str) {
    let mut bodies = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && bodies.len() < max_parts {
        let room = if bodies.len() + 1 == max_parts {
            last_room
        } else {
            room
        };
        let (body, after) = cut(rest, room);
        bodies.push((text.len() - rest.len(), body));
        rest = after;
    }
    (bodies, rest)
}

/// The beginning of `text` that fits into `room` bytes, and what follows.
fn cut(text: &str, room: usize) -> (&str, &str) {
    if let Some((page, after)) = text.split_once(NEW_PART)
        && page.len() <= room
    {
        return (page.trim_end(), after.trim_start());
    }
    if text.len() <= room {
        return (text, "");
    }
    let mut hard = 0;
    let mut soft = 0;
    let mut line = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        // Never at 0: the text is trimmed.
        if grapheme.chars().all(char::is_whitespace) {
            soft = at;
            if grapheme.contains('\n') {
                line = at;
            }
        }
        if at + grapheme.len() > room {
            break;
        }
        hard = at + grapheme.len();
    }
    if hard == 0 {
        // One grapheme larger than a packet: between its characters, then.
        hard = floor_boundary(text, room);
    }
    // Between lines, else between words; one that fills most of the part is cut
    // where it stands.
    let mut ends = [line, soft].into_iter();
    let at = ends.find(|end| end * 2 > room).unwrap_or(hard);
    (text[..at].trim_end(), text[at..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_fits_is_left_alone() {
        let split = split("  pong · direct  ", 200, 3, " …/more");
        assert_eq!(split.parts, ["pong · direct"]);
        assert_eq!(split.rest, "");
    }

    #[test]
    fn parts_are_cut_between_words_and_marked() {
        let text = "alpha beta gamma delta epsilon zeta eta theta iota";
        let split = split(text, 26, 3, "");
        assert_eq!(
            split.parts,
            [
                "(1/3) alpha beta gamma",
                "(2/3) delta epsilon zeta",
                "(3/3) eta theta iota"
            ]
        );
    }

    #[test]
    fn a_line_is_kept_whole_when_that_costs_less_than_half_of_a_part() {
        let text = "fri. 🌧 12/14°C\nsat. 🌧 11/11°C\nsun. ☀ 9/17°C";
        let parts = split(text, 40, 3, "").parts;
        assert_eq!(parts[0], "(1/3) fri. 🌧 12/14°C");
        assert_eq!(parts[1], "(2/3) sat. 🌧 11/11°C");
        // Not for a line that would cost more.
        let parts = split("a\nbb ccc dddd eeeee ffffff ggg", 26, 3, "").parts;
        assert_eq!(parts[0], "(1/2) a\nbb ccc dddd eeeee");
    }

    #[test]
    fn a_part_is_filled_to_the_last_byte() {
        let lengths = |text: &str, limit, max_parts| {
            let split = split(text, limit, max_parts, " …/more");
            let parts = split.parts.iter().map(String::len);
            (parts.collect::<Vec<_>>(), split.rest.len())
        };
        let x = |count| "x".repeat(count);
        assert_eq!(lengths(&x(60), 26, 3), (vec![26, 26, 26], 0));
        // No mark where there is one part only, and the hint within the limit.
        assert_eq!(lengths(&x(41), 40, 1), (vec![40], 10));
        // Only the last part makes room for the hint.
        assert_eq!(lengths(&x(100), 40, 2), (vec![40, 40], 100 - 34 - 25));
        // The smallest part; it has no room for a hint yet, one of 24 has.
        assert_eq!(lengths(&x(20), 5, 9), (vec![20], 0));
        assert_eq!(lengths(&x(28), 19, 9), (vec![20, 20], 0));
        for (limit, hinted) in [(23, false), (24, true)] {
            let split = split(&x(99), limit, 2, " …/more");
            assert_eq!(split.parts[1].ends_with('e'), hinted, "{limit}");
        }
        assert_eq!(split(" \n", 40, 3, ""), Split::default());
    }

    #[test]
    fn a_word_is_kept_whole_when_that_costs_less_than_half_of_a_part() {
        for (first, parts) in [
            (11, ["(1/2) aaaaaaaaaaa", "(2/2) bbbbbbbbbbbbbbbbbbbb"]),
            (10, ["(1/2) aaaaaaaaaa bbbbbbbbb", "(2/2) bbbbbbbbbbb"]),
        ] {
            let text = format!("{} {}", "a".repeat(first), "b".repeat(20));
            assert_eq!(split(&text, 26, 3, "").parts, parts);
        }
        // A word that ends with the part is whole.
        let text = format!("{} {}", "a".repeat(20), "b".repeat(9));
        assert_eq!(split(&text, 26, 3, "").parts[1], "(2/2) bbbbbbbbb");
    }

    #[test]
    fn a_page_is_a_part_of_its_own() {
        let text = format!("one\u{c}two\u{c}{}\u{c}last", "word ".repeat(8));
        let parts = |limit, max| split(&text, limit, max, " …/more");
        assert_eq!(
            parts(60, 9).parts,
            [
                "(1/4) one",
                "(2/4) two",
                "(3/4) word word word word word word word word",
                "(4/4) last"
            ]
        );
        let two = parts(60, 2);
        assert_eq!(two.parts, ["(1/2) one", "(2/2) two …/more"]);
        assert_eq!(parts(30, 9).parts.len(), 5);
        let rest = split(&two.rest, 60, 9, "");
        assert_eq!(rest.parts.last().map(String::as_str), Some("(2/2) last"));
    }

    #[test]
    fn what_is_left_is_announced() {
        let split = split(&"word ".repeat(40), 40, 2, " …/more");
        assert_eq!(split.parts.len(), 2);
        assert!(split.parts[1].ends_with(" …/more"), "{:?}", split.parts);
        assert!(split.parts.iter().all(|part| part.len() <= 40));
        assert!(split.rest.starts_with("word"));
    }

    #[test]
    fn an_emoji_is_never_cut_in_half() {
        let family = "👩‍👩‍👧‍👦".repeat(20);
        let split = split(&family, 60, 9, "");
        for part in &split.parts {
            let body = &part[6..];
            assert_eq!(body.len() % "👩‍👩‍👧‍👦".len(), 0, "{part}");
        }
    }

    #[test]
    fn a_giant_grapheme_ends() {
        let zalgo = format!("a{}", "\u{301}".repeat(500));
        let split = split(&zalgo, 60, 3, " …/more");
        assert!(split.parts.iter().all(|part| part.len() <= 60));
        assert!(split.parts.iter().all(|part| part.len() >= 50));
    }

    /// features.md B1: ten thousand strings of the worst that people write.
    #[test]
    fn ten_thousand_strings_fit_and_come_back() {
        let pieces = [
            "👩‍👩‍👧‍👦",
            "🇫🇷",
            "e\u{301}",
            "é",
            "ß",
            "▁▂█",
            "word",
            " ",
            "\n",
            "a",
            "\u{202e}",
            "山田",
            "🏔️",
            "\u{200d}",
            "supercalifragilistic",
        ];
        let mut rng = fastrand::Rng::with_seed(11);
        for _ in 0..10_000 {
            let text: String = (0..rng.usize(0..120))
                .map(|_| pieces[rng.usize(..pieces.len())])
                .collect();
            let limit = rng.usize(60..=232);
            let split = split(&text, limit, 99, "");
            assert!(split.parts.iter().all(|part| part.len() <= limit));
            let count = split.parts.len();
            let mut back: String = (1..)
                .zip(&split.parts)
                .map(|(at, part)| match count {
                    1 => part,
                    _ => part.strip_prefix(&format!("({at}/{count}) ")).unwrap(),
                })
                .collect();
            back.push_str(&split.rest);
            assert_eq!(squeezed(&back), squeezed(&text));
        }
    }

    fn squeezed(text: &str) -> String {
        text.chars().filter(|c| !c.is_whitespace()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        /// features.md B1: every part fits, and nothing but white space is lost.
        #[test]
        fn nothing_is_lost_and_everything_fits(
            words in proptest::collection::vec("\\PC{0,30}|👩‍👩‍👧‍👦|🇫🇷|e\u{301}|[a-z]{1,40}", 0..40),
            limit in 60_usize..=232,
            max_parts in 1_usize..6,
        ) {
            let text = words.join(" ");
            let split = split(&text, limit, max_parts, " …/more");
            prop_assert!(split.parts.len() <= max_parts);
            let count = split.parts.len();
            let mut back = String::new();
            for (at, part) in split.parts.iter().enumerate() {
                prop_assert!(part.len() <= limit, "{} > {}", part.len(), limit);
                let mut body = part.as_str();
                if count > 1 {
                    let mark = format!("({}/{count}) ", at + 1);
                    body = body.strip_prefix(&mark).unwrap();
                }
                if at + 1 == count && !split.rest.is_empty() {
                    body = body.strip_suffix(" …/more").unwrap();
                }
                back.push_str(body);
            }
            back.push_str(&split.rest);
            prop_assert_eq!(squeezed(&back), squeezed(&text));
        }
    }
}
