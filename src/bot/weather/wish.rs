//! What is settled about the weather, what somebody wants to know of it, and what
//! an answer is written from.

use std::time::Duration;

use jiff::tz::TimeZone;

use crate::bot::command::Command;
use crate::config;
use crate::lang::Lang;
use crate::mesh::{Boot, Position, Sanity};
use crate::weather::{Cell, Home, Query, Report, Spot, Units, When};

/// What the operator has settled.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Where people are who do not say where.
    pub home: Home,
    /// ISO 3166 code of the country whose places are meant first; that of a
    /// named home when absent.
    pub country: Option<String>,
    /// In which units.
    pub units: Units,
    /// Who knows the places.
    pub atlas: String,
}

impl Settings {
    /// The part of the configuration that matters here.
    #[must_use]
    pub fn from_config(config: &config::Weather) -> Self {
        Self {
            home: config.home.clone(),
            country: config.country.clone(),
            units: Units {
                temperature: config.temperature,
                wind: config.wind,
                rain: config.rain,
            },
            atlas: config.geocoding_base().to_owned(),
        }
    }

    /// All that decides what a place's name means.
    pub fn context(&self, lang: Lang) -> String {
        let home = self.home.name().map_or("", Query::key);
        let country = self.country.as_deref().unwrap_or("");
        format!("{lang:?}|{country}|{home}|{}", self.atlas)
    }
}

/// What is settled for the whole bot.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Language of the answers.
    pub lang: Lang,
    /// The mark before commands.
    pub prefix: String,
    /// The longest part of an answer in bytes.
    pub part_limit: usize,
    /// Which clocks to believe.
    pub sanity: Sanity,
    /// Time zone of the board, for places whose own is not known.
    pub local_zone: TimeZone,
    /// The run of the board.
    pub boot: Boot,
}

/// From where it is measured how far away something is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct From {
    /// There.
    pub at: Position,
    /// It is the asker's place, not the bot's.
    pub is_his: bool,
}

/// What somebody wants to know.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// The command, for who has to ask again.
    pub command: &'static Command,
    /// Of how many days, where he does not say which.
    pub days: usize,
    /// Of which days.
    pub when: When,
    /// Whether a forecast is needed, or nothing but the place and its hours.
    pub needs_report: bool,
    /// From where it is measured how far away the place is.
    pub from: Option<From>,
    /// Writes the answer; its parts are separated by form feeds.
    pub render: fn(&Outlook<'_>) -> String,
}

/// Of which place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// There.
    At(Cell),
    /// The place of this name.
    Named(Query),
    /// Home; there if none is configured.
    Home(Option<Cell>),
}

/// All that an answer is written from.
#[derive(Debug)]
pub struct Outlook<'a> {
    /// The place.
    pub spot: &'a Spot,
    /// From where it is measured how far away that is.
    pub from: Option<From>,
    /// Its weather; always there for a wish that needs it.
    pub report: Option<&'a Report>,
    /// The age of the report, when it should have been newer.
    pub stale: Option<Duration>,
    /// What time it is, seconds since 1970.
    pub now: i64,
    /// The place's time zone.
    pub zone: TimeZone,
    /// The board's, in which everything else is told.
    pub board_zone: TimeZone,
    /// It is only the board's: the place's own is not known.
    pub zone_is_foreign: bool,
    /// Of how many days, where nobody said which.
    pub days: usize,
    /// Of which days.
    pub when: When,
    /// In which language.
    pub lang: Lang,
    /// In which units.
    pub units: Units,
    /// The longest part of an answer in bytes.
    pub part_limit: usize,
}
