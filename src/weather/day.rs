//! Of which days somebody asks, and which dates those are. What people say for them
//! is read by [`spoken`].

mod phrases;
mod spoken;
#[cfg(test)]
mod tests;

use jiff::ToSpan;
use jiff::civil::Date;

pub use spoken::{Spoken, spoken};

use crate::lang::{Lang, Text};

/// Days that a forecast covers, today included: so many are asked for.
pub const HORIZON: usize = 5;

/// Days, and perhaps only a part of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct When {
    /// Which days.
    pub days: Days,
    /// Which part of them.
    pub part: Option<Part>,
}

/// Days as people name them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Days {
    /// Not said: from now on.
    #[default]
    Unsaid,
    /// So many from now on.
    Next(u8),
    /// So many days from today: 1 is tomorrow, -1 was yesterday.
    Ahead(i16),
    /// The next day of this name, 0 for Monday; with `true` not today.
    Weekday(u8, bool),
    /// Saturday and Sunday.
    Weekend,
    /// All days that are known.
    Week,
    /// From Monday on.
    NextWeek,
}

/// A part of a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Until noon.
    Morning,
    /// Around noon.
    Noon,
    /// From noon on.
    Afternoon,
    /// Until midnight.
    Evening,
    /// Until the morning after.
    Night,
}

impl When {
    /// Whether that begins now.
    #[must_use]
    pub fn is_from_now(self) -> bool {
        let is_now = matches!(self.days, Days::Unsaid | Days::Next(_) | Days::Ahead(0));
        is_now && self.part.is_none()
    }

    /// The first date and how many there are, `usual` where nobody said. A part
    /// without a day is that of today.
    #[must_use]
    pub fn dates(self, today: Date, usual: usize) -> (Date, usize) {
        let weekday = i64::from(today.weekday().to_monday_zero_offset());
        let until = |day: i64| (day - weekday).rem_euclid(7);
        let (ahead, count) = match self.days {
            Days::Unsaid if self.part.is_some() => (0, 1),
            Days::Unsaid => (0, usual),
            Days::Next(count) => (0, usize::from(count)),
            Days::Ahead(days) => (i64::from(days), 1),
            Days::Weekday(day, is_next) => match until(i64::from(day)) {
                0 if is_next => (7, 1),
                days => (days, 1),
            },
            Days::Weekend if weekday == 6 => (0, 1),
            Days::Weekend => (until(5), 2),
            Days::Week => (0, HORIZON),
            Days::NextWeek => (7 - weekday, 7),
        };
        (today.saturating_add(ahead.days()), count)
    }

    /// Words that mean it again when they stand behind a place; none for what goes
    /// without saying.
    #[must_use]
    pub fn words(self) -> String {
        let first = |list: Text| list.list(Lang::En).first().copied().unwrap_or_default();
        let next = || first(Text::WordsForNext);
        let day = match self.days {
            Days::Unsaid => String::new(),
            Days::Next(days) => format!("{days} {}", first(Text::DaysCounted)),
            Days::Ahead(..0) => first(Text::DaysYesterday).to_owned(),
            Days::Ahead(0) => first(Text::DaysToday).to_owned(),
            Days::Ahead(1) => first(Text::DaysTomorrow).to_owned(),
            Days::Ahead(days) => {
                format!(
                    "{} {days} {}",
                    first(Text::DaysIn),
                    first(Text::DaysCounted)
                )
            }
            Days::Weekday(day, is_next) => {
                let names = Text::DaysOfWeek.list(Lang::En);
                let name = names.get(usize::from(day)).copied().unwrap_or_default();
                let name = name.split(' ').next().unwrap_or_default();
                match is_next {
                    true => format!("{} {name}", next()),
                    false => name.to_owned(),
                }
            }
            Days::Weekend => first(Text::DaysWeekend).to_owned(),
            Days::Week => first(Text::DaysWeek).to_owned(),
            Days::NextWeek => format!("{} {}", next(), first(Text::DaysWeek)),
        };
        let part = self.part.map_or("", |part| first(part.said()));
        format!("{day} {part}").trim().to_owned()
    }
}

impl Part {
    /// In the order of a day, as the names of the languages stand.
    pub const ALL: [Self; 5] = [
        Self::Morning,
        Self::Noon,
        Self::Afternoon,
        Self::Evening,
        Self::Night,
    ];

    /// From which hour to which; the night ends in the day after.
    #[must_use]
    pub fn hours(self) -> (i64, i64) {
        match self {
            Self::Morning => (6, 12),
            Self::Noon => (11, 14),
            Self::Afternoon => (12, 18),
            Self::Evening => (18, 24),
            Self::Night => (21, 30),
        }
    }

    /// What people say for it.
    fn said(self) -> Text {
        match self {
            Self::Morning => Text::PartsMorning,
            Self::Noon => Text::PartsNoon,
            Self::Afternoon => Text::PartsAfternoon,
            Self::Evening => Text::PartsEvening,
            Self::Night => Text::PartsNight,
        }
    }

    /// Its name in an answer.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        let at = Self::ALL.iter().position(|part| *part == self);
        let names = Text::PartNames.list(lang);
        names.get(at.unwrap_or(0)).copied().unwrap_or_default()
    }
}
