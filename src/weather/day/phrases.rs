//! What a phrase for days means, by the lists of all languages.

use super::{Days, Part};
use crate::lang::{Lang, Text};

/// What a phrase means.
#[derive(Clone, Default)]
pub(super) struct Meant {
    pub(super) day: Option<Days>,
    pub(super) part: Option<Part>,
    /// A number of days as it was typed.
    pub(super) count: Option<String>,
    /// Those in which it means that.
    pub(super) langs: Vec<Lang>,
    /// A short name of a weekday.
    pub(super) is_short: bool,
}

/// So many days from today instead of so many from now on.
pub(super) fn ahead(days: Days) -> Days {
    match days {
        Days::Next(count) => Days::Ahead(i16::from(count)),
        days => days,
    }
}

/// What a phrase that stands in the lists means.
pub(super) fn phrase(said: &str, own: Lang) -> Option<Meant> {
    let mut meant = Meant::default();
    let mut is_known = false;
    let mut note = |list: Text, day: Option<Days>, part: Option<Part>| {
        let found = list.everywhere().filter(|(_, word)| *word == said);
        let langs: Vec<Lang> = found.map(|(lang, _)| lang).collect();
        if !langs.is_empty() {
            is_known = true;
            meant.day = meant.day.or(day);
            meant.part = meant.part.or(part);
            meant.langs.extend(langs);
        }
    };
    note(Text::DaysNow, None, None);
    note(Text::DaysToday, Some(Days::Ahead(0)), None);
    note(Text::DaysTomorrow, Some(Days::Ahead(1)), None);
    note(Text::DaysAfterTomorrow, Some(Days::Ahead(2)), None);
    note(Text::DaysWeekend, Some(Days::Weekend), None);
    note(Text::DaysWeek, Some(Days::Week), None);
    // `hier` is here in German.
    let is_here = Text::PlacesHere
        .in_every_language()
        .any(|word| word == said);
    if !is_here || Text::DaysYesterday.list(own).contains(&said) {
        note(Text::DaysYesterday, Some(Days::Ahead(-1)), None);
    }
    for part in Part::ALL {
        note(part.said(), None, Some(part));
    }
    if is_known {
        return Some(meant);
    }
    for (list, is_short) in [(Text::DaysOfWeek, false), (Text::DaysOfWeekShort, true)] {
        for (day, lang) in numbered(list, said) {
            meant.day = Some(Days::Weekday(day, false));
            meant.langs.push(lang);
            meant.is_short = is_short;
        }
        if meant.day.is_some() {
            return Some(meant);
        }
    }
    None
}

/// `3 days`, `3d`, `deux jours`, `3 prochains jours`.
pub(super) fn counted(words: &[&str]) -> Option<Meant> {
    let (number, unit) = match *words {
        [glued] => glued.split_at(glued.find(|c: char| !c.is_ascii_digit())?),
        [number, unit] => (number, unit),
        [number, next, unit] => {
            let mut known = Text::WordsForNext.in_every_language();
            known.any(|word| word == next).then_some(())?;
            (number, unit)
        }
        _ => return None,
    };
    let units = Text::DaysCounted.everywhere();
    let langs: Vec<Lang> = units
        .filter(|(_, word)| *word == unit)
        .map(|(lang, _)| lang)
        .collect();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let days = match is_number {
        // More than fits is too many anyway.
        true => number.parse().unwrap_or(u8::MAX),
        false => {
            let mut known = numbered(Text::DaysNumbers, number);
            let (day, _) = known.find(|(_, lang)| langs.contains(lang))?;
            day + 1
        }
    };
    (!langs.is_empty()).then(|| Meant {
        day: Some(Days::Next(days)),
        count: Some(number.to_owned()),
        langs,
        ..Meant::default()
    })
}

/// At which places of a list, counted from 0, the word stands, and in which languages.
fn numbered(list: Text, word: &str) -> impl Iterator<Item = (u8, Lang)> {
    Lang::ALL.into_iter().flat_map(move |lang| {
        let items = (0_u8..).zip(list.list(lang));
        let found = items.filter(move |(_, item)| item.split(' ').any(|known| known == word));
        found.map(move |(at, _)| (at, lang))
    })
}

/// Whether it is the short name of a weekday in that language.
pub(super) fn own_short(word: &str, lang: Lang) -> bool {
    numbered(Text::DaysOfWeekShort, word).any(|(_, known)| known == lang)
}
