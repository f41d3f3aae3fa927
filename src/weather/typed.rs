//! What somebody types as a place: nothing, a word for where he is, coordinates, or
//! a name.

use super::Query;
use crate::lang::{Lang, Text};
use crate::mesh::Position;
use crate::mesh::coords::{self, LetterO, Wrong};
use crate::mesh::name::{clean, cut, fold};
use crate::mesh::typing::plain;

/// What of it is repeated in an answer, bytes.
const SHOWN: usize = 24;

/// What the text of a place means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Typed {
    /// He names none.
    Unsaid,
    /// Where he is himself.
    Here,
    /// Where the bot is at home.
    Home,
    /// There.
    At(Position),
    /// Coordinates with something wrong about them.
    Wrong(Wrong),
    /// The place of this name.
    Named(Query),
    /// Nothing that could be a place.
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Here,
    Home,
}

/// What the letter O means to those who write in this language.
#[must_use]
pub fn letter_o(lang: Lang) -> LetterO {
    match Text::Compass.list(lang) {
        [_, _, "O", ..] => LetterO::Ost,
        _ => LetterO::Ouest,
    }
}

/// Understands `text`, written in `lang` as far as that matters.
#[must_use]
pub fn typed(text: &str, lang: Lang) -> Typed {
    let text = plain(text);
    let text = text.trim();
    match meaning(text, lang) {
        Some(Word::Here) => return Typed::Here,
        Some(Word::Home) => return Typed::Home,
        None if text.is_empty() => return Typed::Unsaid,
        None => {}
    }
    match coords::parse(text, letter_o(lang)) {
        Some(Ok(position)) => Typed::At(position),
        Some(Err(wrong)) => Typed::Wrong(wrong),
        None => Query::parse(text).map_or(Typed::Nothing, Typed::Named),
    }
}

/// Whether `text` is a word for where he is himself.
#[must_use]
pub fn is_here(text: &str, lang: Lang) -> bool {
    meaning(plain(text).trim(), lang) == Some(Word::Here)
}

fn meaning(text: &str, lang: Lang) -> Option<Word> {
    let words: Vec<String> = text.split_whitespace().map(fold).collect();
    let text = words.join(" ");
    let text = text.trim_end_matches(['.', '!', '?']).trim_end();
    // Here in German, yesterday in French.
    if Text::DaysYesterday.list(lang).contains(&text) {
        return None;
    }
    let is_in = |list: Text| list.in_every_language().any(|word| word == text);
    match () {
        () if is_in(Text::PlacesHere) => Some(Word::Here),
        () if is_in(Text::PlacesHome) => Some(Word::Home),
        () => None,
    }
}

/// Whether the number with which `whole` ends stands for itself after `before`,
/// as in `48.85,2.35 3`, and is no part of coordinates as in `48.85, 3`.
#[must_use]
pub fn is_apart(before: &str, whole: &str) -> bool {
    // What O means makes no difference to how many figures there are.
    let is_place = |text| matches!(coords::parse(text, LetterO::Ouest), Some(Ok(_)));
    is_place(before) || !is_place(whole)
}

/// What is wrong with the coordinates `text`; `ask` is the beginning of a question
/// that works, such as `/weather`.
#[must_use]
pub fn sentence(wrong: Wrong, text: &str, ask: &str, lang: Lang) -> String {
    let text = clean(plain(text).as_bytes(), 2 * SHOWN);
    let key = match wrong {
        Wrong::Latitude => Text::CoordsLatitude,
        Wrong::Longitude => Text::CoordsLongitude,
        Wrong::Half => Text::CoordsHalf,
        Wrong::Nowhere => Text::CoordsNowhere,
        Wrong::LetterO | Wrong::Unclear => Text::CoordsUnclear,
    };
    key.fill(lang, &[("name", &cut(&text, SHOWN)), ("ask", &ask)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// W14.
    #[test]
    fn words_for_here_and_home_are_no_names() {
        for text in [
            "here",
            "ME",
            "near me",
            "Près de moi",
            "ici",
            "bei mir",
            "Me!",
        ] {
            assert_eq!(typed(text, Lang::En), Typed::Here, "{text}");
            assert_eq!(typed(text, Lang::Fr), Typed::Here, "{text}");
        }
        for text in ["home", "at Home", "à la maison", "zuhause", "zu Hause"] {
            assert_eq!(typed(text, Lang::En), Typed::Home, "{text}");
        }
        for text in ["", " "] {
            assert_eq!(typed(text, Lang::Fr), Typed::Unsaid, "{text}");
        }
        let named = |text: &str| Typed::Named(Query::parse(text).unwrap());
        for text in [
            "portland, me",
            "Home, Kansas",
            "Nowhere",
            "Mexico",
            "Hereford",
        ] {
            assert_eq!(typed(text, Lang::En), named(text));
        }
        assert_eq!(typed("hier", Lang::Fr), named("hier"), "yesterday");
        assert_eq!(typed("hier", Lang::En), Typed::Here);
        assert_eq!(typed("!", Lang::En), Typed::Nothing);
    }

    /// T15.
    #[test]
    fn coordinates_are_a_place_or_say_what_is_wrong() {
        let paris = Position::parse("48.8566,2.3522").unwrap();
        assert_eq!(typed("48,8566 2,3522", Lang::Fr), Typed::At(paris));
        let west = Position::parse("48.8566,-2.3522").unwrap();
        assert_eq!(typed("48.8566N 2.3522O", Lang::Fr), Typed::At(west));
        for (text, expected) in [
            (
                "91,0",
                "91,0: a latitude goes from -90 to 90. Try /wx 48.86,2.35",
            ),
            (
                "0,181",
                "0,181: a longitude goes from -180 to 180. Try /wx 48.86,2.35",
            ),
            (
                "48.85",
                "48.85 is half of a place: latitude and longitude, please. Try /wx 48.86,2.35",
            ),
            (
                "0,0",
                "0,0 is no place: devices say it when they know none. Try /wx 48.86,2.35",
            ),
            (
                "1,2,3",
                "1,2,3 makes no place. Try /wx 48.86,2.35 or 48°51'N 2°21'E",
            ),
        ] {
            let Typed::Wrong(wrong) = typed(text, Lang::En) else {
                panic!("{text}");
            };
            assert_eq!(sentence(wrong, text, "/wx", Lang::En), expected);
        }
    }

    #[test]
    fn a_number_at_the_end_may_belong_to_the_place() {
        for (before, whole, apart) in [
            ("", "3", true),
            ("paris", "paris 3", true),
            ("48.95,2.25", "48.95,2.25 3", true),
            ("48,2", "48,2 3", true),
            ("48.95,", "48.95, 2", false),
            ("48.95", "48.95 2", false),
            ("48", "48 2", false),
            ("48,95", "48,95 2", true),
            ("75001", "75001 2", true),
        ] {
            assert_eq!(is_apart(before, whole), apart, "{whole}");
        }
    }
}
