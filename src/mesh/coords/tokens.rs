//! The figures, marks, letters and separators that coordinates are written with.

use super::LetterO;

/// Which of the two figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Axis {
    Latitude,
    Longitude,
}

/// What can stand in coordinates.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Token {
    /// `has_fraction` with a point or a comma in it; `digits` in front of that.
    Figure {
        value: f64,
        signed: bool,
        has_fraction: bool,
        digits: usize,
    },
    /// °, ' and ".
    Mark(char),
    /// A letter or a word of the compass: which figure, and whether it counts
    /// backwards.
    Towards(Axis, bool),
    /// The letter O, and nobody knows whose.
    LetterO,
    /// `lat`, `lon`.
    Label(Axis),
    /// A comma, semicolon or slash.
    Between,
}

/// `None` when something in it has no place in coordinates.
pub(super) fn tokens(text: &str, o: LetterO) -> Option<Vec<Token>> {
    let decimal = decimal_commas(text);
    let signs: Vec<(usize, char)> = text.char_indices().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&(offset, sign)) = signs.get(at) {
        let is_digit = |at: usize| signs.get(at).is_some_and(|(_, sign)| sign.is_ascii_digit());
        let before = at.checked_sub(1).and_then(|at| signs.get(at));
        let is_signed = matches!(sign, '+' | '-');
        if sign.is_ascii_digit() || (is_signed && is_digit(at + 1)) {
            // A hyphen within a figure is that of a postcode, unless it cannot
            // be one: `+48.8566+002.3522`.
            if is_signed && before.is_some_and(|(_, sign)| sign.is_ascii_digit()) {
                match tokens.last() {
                    Some(Token::Figure { has_fraction, .. }) if *has_fraction => {}
                    _ => return None,
                }
            }
            at += usize::from(is_signed);
            let mut figure = String::new();
            let mut digits = 0;
            let mut has_fraction = false;
            while let Some(&(offset, sign)) = signs.get(at) {
                let is_point = sign == '.' || (sign == ',' && decimal.contains(&offset));
                if sign.is_ascii_digit() {
                    figure.push(sign);
                    digits += usize::from(!has_fraction);
                } else if is_point && !has_fraction && is_digit(at + 1) {
                    figure.push('.');
                    has_fraction = true;
                } else {
                    break;
                }
                at += 1;
            }
            let value: f64 = figure.parse().ok()?;
            tokens.push(Token::Figure {
                value: if sign == '-' { -value } else { value },
                signed: is_signed,
                has_fraction,
                digits,
            });
            continue;
        }
        if sign.is_alphabetic() && sign != 'º' {
            let word: String = signs[at..]
                .iter()
                .map(|(_, sign)| *sign)
                .take_while(|sign| sign.is_alphabetic() && *sign != 'º')
                .collect();
            let end = at + word.chars().count();
            // `1e9` is a number, though none of ours.
            if word == "e" && at > 0 && is_digit(at - 1) && is_digit(end) {
                return None;
            }
            at = end;
            tokens.push(word_of(&word, o)?);
            // `lat: 48.85`, `lat=48.85`.
            if signs
                .get(at)
                .is_some_and(|(_, sign)| matches!(sign, ':' | '='))
            {
                at += 1;
            }
            continue;
        }
        match sign {
            '°' | 'º' | '˚' => tokens.push(Token::Mark('°')),
            '\'' | '"' => tokens.push(Token::Mark(sign)),
            ',' if decimal.contains(&offset) => return None,
            ',' | ';' | '/' | '|' => tokens.push(Token::Between),
            // That of an abbreviation, `lat.`, or of a sentence; not of `127.0.0.1`.
            '.' if !is_digit(at + 1) => {}
            _ if sign.is_whitespace() => {}
            _ => return None,
        }
        at += 1;
    }
    Some(tokens)
}

fn word_of(word: &str, o: LetterO) -> Option<Token> {
    use Axis::{Latitude, Longitude};
    let word = word.to_lowercase();
    Some(match word.as_str() {
        "n" | "north" | "nord" => Token::Towards(Latitude, false),
        "s" | "south" | "sud" | "süd" => Token::Towards(Latitude, true),
        "e" | "east" | "est" | "ost" => Token::Towards(Longitude, false),
        "w" | "west" | "ouest" => Token::Towards(Longitude, true),
        "o" => match o {
            LetterO::Ouest => Token::Towards(Longitude, true),
            LetterO::Ost => Token::Towards(Longitude, false),
            LetterO::Unclear => Token::LetterO,
        },
        "deg" => Token::Mark('°'),
        "lat" | "latitude" | "breite" => Token::Label(Latitude),
        "lon" | "lng" | "long" | "longitude" | "länge" => Token::Label(Longitude),
        _ => return None,
    })
}

/// Where the commas are that stand for a decimal point. Between two digits a comma
/// may be that or what parts the figures: it parts them in `48,2` and wherever a
/// figure has a point; else it is decimal when something else parts them.
fn decimal_commas(text: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let tight = |at: usize| at > 0 && digit(at - 1) && digit(at + 1);
    let commas: Vec<usize> = text.match_indices(',').map(|(at, _)| at).collect();
    let (mut tight, loose): (Vec<usize>, Vec<usize>) =
        commas.into_iter().partition(|&at| tight(at));
    let has_point = text
        .match_indices('.')
        .any(|(at, _)| at > 0 && digit(at - 1) && digit(at + 1));
    if has_point {
        return Vec::new();
    }
    let has_others = !loose.is_empty()
        || text.trim().contains([' ', ';', '/', '|'])
        || text
            .chars()
            .any(|sign| sign.is_alphabetic() || matches!(sign, '°' | '˚'));
    match tight.len() {
        _ if has_others => tight,
        // `48,8566,2,3522`.
        3 => {
            tight.remove(1);
            tight
        }
        _ => Vec::new(),
    }
}
