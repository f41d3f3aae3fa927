//! Coordinates in every form in which people and phones write them: degrees with
//! a point or a comma, degrees and minutes, letters of the compass in several
//! languages, Maidenhead locators, `geo:` links.
//!
//! A text is either no coordinates at all, and may be a name, or it is a place, or
//! it tells what is wrong with it ([`Wrong`]). What [`Position::parse`] reads means
//! here what it means there.

mod tokens;

use super::typing::plain;
use super::{Position, locator};
use tokens::{Axis, Token, tokens};

/// No coordinates are longer, bytes.
const LONGEST: usize = 100;

/// What the letter O means. Ouest, Oeste, Ovest is the west; Ost and Oost the east.
/// W is the west and E the east in all of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LetterO {
    /// The west, as in French, Spanish and Italian.
    Ouest,
    /// The east, as in German and Dutch.
    Ost,
    /// Nobody knows in which language it was written.
    Unclear,
}

/// What is wrong with coordinates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// Beyond a pole.
    Latitude,
    /// More than half around the globe.
    Longitude,
    /// One figure where there should be two.
    Half,
    /// 0,0: what a device says that knows no place.
    Nowhere,
    /// The letter O, where nobody knows whose.
    LetterO,
    /// Figures and signs that make no place.
    Unclear,
}

/// The place that `text` names by its coordinates. `None` when they are none.
///
/// # Errors
/// What is wrong with them.
#[must_use]
pub fn parse(text: &str, o: LetterO) -> Option<Result<Position, Wrong>> {
    if text.len() > LONGEST {
        return None;
    }
    if let Some(place) = Position::parse(text) {
        return Some(Ok(place));
    }
    let text = plain(text);
    let text = text
        .trim()
        .trim_matches(['(', ')', '[', ']', '!', '?'])
        .trim();
    if text
        .get(..4)
        .is_some_and(|head| head.eq_ignore_ascii_case("geo:"))
    {
        return Some(link(&text[4..]));
    }
    if let Some((latitude, longitude)) = locator::centre(text) {
        return Some(place(latitude, longitude));
    }
    let text = text.replace("''", "\"");
    let tokens = tokens(&text, o)?;
    match pair(&tokens) {
        Read::Name => None,
        Read::Pair(latitude, longitude) => Some(place(latitude, longitude)),
        Read::Wrong(wrong) => Some(Err(wrong)),
    }
}

/// Degrees as a place on Earth.
fn place(latitude: f64, longitude: f64) -> Result<Position, Wrong> {
    if !(-90.0..=90.0).contains(&latitude) {
        return Err(Wrong::Latitude);
    }
    if !(-180.0..=180.0).contains(&longitude) {
        return Err(Wrong::Longitude);
    }
    // Through text, because no cast says when it does not fit.
    let e7 = |degrees: f64| format!("{:.0}", degrees * 1e7).parse().ok();
    let position = e7(latitude)
        .zip(e7(longitude))
        .and_then(|(latitude, longitude)| Position::from_e7(latitude, longitude));
    position.ok_or(Wrong::Nowhere)
}

/// `48.85,2.35`, `48.85,2.35,120;u=35`, `0,0?q=48.85,2.35(Here)`: what follows
/// `geo:` (RFC 5870, and what Android makes of it).
fn link(text: &str) -> Result<Position, Wrong> {
    let (point, rest) = text.split_at(text.find([';', '?']).unwrap_or(text.len()));
    let read = |point: &str| {
        let mut figures = point.split(',').map(|figure| figure.trim().parse::<f64>());
        match (figures.next(), figures.next()) {
            (Some(Ok(latitude)), Some(Ok(longitude))) => place(latitude, longitude),
            (Some(Ok(_)), None) => Err(Wrong::Half),
            _ => Err(Wrong::Unclear),
        }
    };
    let mut keys = rest.split(['?', '&', ';']);
    let asked = keys.find_map(|key| key.strip_prefix("q="));
    match (read(point), asked) {
        (Err(Wrong::Nowhere), Some(asked)) => {
            let asked = asked.replace("%2C", ",").replace("%2c", ",");
            read(asked.split(['(', '+']).next().unwrap_or_default())
        }
        (read, _) => read,
    }
}

/// What a row of tokens is.
enum Read {
    Name,
    Pair(f64, f64),
    Wrong(Wrong),
}

/// Degrees, minutes and seconds under construction.
#[derive(Clone, Copy, Default, Debug)]
struct Angle {
    degrees: Option<f64>,
    minutes: Option<f64>,
    seconds: Option<f64>,
    /// The last figure has a fraction, so that nothing finer can follow.
    is_ended: bool,
    signed: bool,
    negative: bool,
    axis: Option<Axis>,
    /// A letter of the compass, and whether it counts backwards.
    towards: Option<bool>,
    digits: usize,
    marked: bool,
}

impl Angle {
    /// `None` when minutes or seconds are too many or letters contradict the sign.
    fn value(&self) -> Option<f64> {
        let sixtieths = [self.minutes, self.seconds];
        let good = sixtieths
            .into_iter()
            .flatten()
            .all(|part| (0.0..60.0).contains(&part));
        let size = self.degrees?.abs()
            + self.minutes.unwrap_or(0.0) / 60.0
            + self.seconds.unwrap_or(0.0) / 3_600.0;
        let backwards = match self.towards {
            Some(false) if self.negative => return None,
            Some(backwards) => backwards,
            None => self.negative,
        };
        good.then_some(if backwards { -size } else { size })
    }
}

/// Two figures out of a row of tokens.
fn pair(tokens: &[Token]) -> Read {
    let has_letters = tokens
        .iter()
        .any(|token| matches!(token, Token::Towards(..) | Token::LetterO));
    let letters_first = tokens
        .iter()
        .find(|token| !matches!(token, Token::Label(_)))
        .is_some_and(|token| matches!(token, Token::Towards(..) | Token::LetterO));
    let is_figure = |token: &&Token| matches!(token, Token::Figure { .. });
    let figures = tokens.iter().filter(is_figure).count();
    // Nobody's name has a fraction or a degree in it, or figures parted by commas;
    // without, it may be a postcode.
    let is_plain = |token: &Token| match token {
        Token::Figure { has_fraction, .. } => !has_fraction,
        Token::Mark(_) => false,
        Token::Between => false,
        _ => true,
    };
    let may_be_name = tokens.iter().all(is_plain);
    let unclear = match may_be_name || figures == 0 {
        true => Read::Name,
        false => Read::Wrong(Wrong::Unclear),
    };
    let Some(angles) = angles(tokens, has_letters, letters_first) else {
        return unclear;
    };
    if figures > 0 && tokens.contains(&Token::LetterO) {
        return Read::Wrong(Wrong::LetterO);
    }
    let (first, second) = match &angles[..] {
        [first, second] => (first, second),
        [one] => return half(one, tokens, may_be_name),
        _ => return unclear,
    };
    // `111 22` is a postcode in half of Europe, `48 2` is none.
    let is_bare = may_be_name && !has_letters && !first.signed && !second.signed;
    let has_labels = tokens.iter().any(|token| matches!(token, Token::Label(_)));
    if is_bare && !has_labels && (first.digits > 2 || second.digits > 3) {
        return Read::Name;
    }
    let (latitude, longitude) = match (first.axis, second.axis) {
        (Some(a), Some(b)) if a == b => return Read::Wrong(Wrong::Unclear),
        (Some(Axis::Longitude), _) | (_, Some(Axis::Latitude)) => (second, first),
        _ => (first, second),
    };
    match latitude.value().zip(longitude.value()) {
        // `48,8566` is one figure with a decimal comma rather than two.
        Some((_, longitude))
            if !has_letters
                && tokens.len() == 3
                && tokens[1] == Token::Between
                && longitude.abs() >= 1_000.0 =>
        {
            Read::Wrong(Wrong::Half)
        }
        Some((latitude, longitude)) => Read::Pair(latitude, longitude),
        None => Read::Wrong(Wrong::Unclear),
    }
}

/// One figure: half of a place, unless it may be something else.
fn half(one: &Angle, tokens: &[Token], may_be_name: bool) -> Read {
    let is_number = tokens
        .iter()
        .all(|token| matches!(token, Token::Figure { .. } | Token::Between));
    // "N1" is a part of London, `95100` a town, and "12'" nothing of ours.
    if one.degrees.is_none() || may_be_name || (is_number && !one.is_ended) {
        return Read::Name;
    }
    Read::Wrong(Wrong::Half)
}

/// The figures with what belongs to each. `None` when something is too much.
fn angles(tokens: &[Token], has_letters: bool, letters_first: bool) -> Option<Vec<Angle>> {
    let mut angles: Vec<Angle> = Vec::new();
    let mut now = Angle::default();
    let is_begun = |angle: &Angle| angle.degrees.is_some();
    for (at, token) in tokens.iter().enumerate() {
        let parted = at > 0 && tokens[at - 1] == Token::Between;
        match *token {
            Token::Between if is_begun(&now) => angles.push(std::mem::take(&mut now)),
            Token::Between => {}
            Token::Label(axis) => {
                if is_begun(&now) {
                    angles.push(std::mem::take(&mut now));
                }
                if now.axis.is_some() {
                    return None;
                }
                now.axis = Some(axis);
            }
            Token::LetterO | Token::Towards(..) => {
                let (axis, backwards) = match *token {
                    Token::Towards(axis, backwards) => (axis, backwards),
                    _ => (Axis::Longitude, false),
                };
                if letters_first && is_begun(&now) {
                    angles.push(std::mem::take(&mut now));
                }
                // `48,8566, N` belongs to what stands before the comma.
                let meant = match angles.last_mut() {
                    Some(last) if parted && !letters_first && !is_begun(&now) => last,
                    _ => &mut now,
                };
                if meant.towards.is_some() || meant.axis.is_some_and(|known| known != axis) {
                    return None;
                }
                meant.axis = Some(axis);
                meant.towards = Some(backwards);
                if !letters_first && is_begun(&now) {
                    angles.push(std::mem::take(&mut now));
                }
            }
            Token::Figure {
                value,
                signed,
                has_fraction,
                digits,
            } => {
                let mark = match tokens.get(at + 1) {
                    Some(Token::Mark(mark)) => Some(*mark),
                    _ => None,
                };
                let may_follow = !signed && !now.is_ended && (has_letters || now.marked);
                match mark {
                    _ if !is_begun(&now) || mark == Some('°') => {
                        if is_begun(&now) {
                            angles.push(std::mem::take(&mut now));
                        }
                        if matches!(mark, Some('\'' | '"')) {
                            return None;
                        }
                        now.degrees = Some(value);
                        now.signed = signed;
                        now.negative = value.is_sign_negative();
                        now.digits = digits;
                        now.marked = mark.is_some();
                    }
                    Some('"') if now.seconds.is_none() && !now.is_ended => {
                        now.seconds = Some(value)
                    }
                    Some('\'') if now.minutes.is_none() && !now.is_ended => {
                        now.minutes = Some(value);
                    }
                    Some(_) => return None,
                    None if may_follow && now.minutes.is_none() => now.minutes = Some(value),
                    None if may_follow && now.seconds.is_none() => now.seconds = Some(value),
                    None => {
                        angles.push(std::mem::take(&mut now));
                        now.degrees = Some(value);
                        now.signed = signed;
                        now.negative = value.is_sign_negative();
                        now.digits = digits;
                    }
                }
                now.is_ended = has_fraction;
            }
            // It was looked at together with its figure.
            Token::Mark(_) if at > 0 && matches!(tokens[at - 1], Token::Figure { .. }) => {}
            Token::Mark(_) => return None,
        }
    }
    if is_begun(&now) {
        angles.push(now);
    } else if now.axis.is_some() {
        return None;
    }
    Some(angles)
}

#[cfg(test)]
mod tests;
