//! What weather is, whoever tells it: places, forecasts, units, and the one
//! trait behind which the services stand. Pure data; nothing here fetches.

mod attempt;
mod cell;
mod choose;
pub mod countries;
mod day;
mod find;
mod home;
mod place;
mod postcode;
mod query;
mod regions;
mod report;
mod sky;
mod typed;
mod units;

use std::fmt;

pub use cell::Cell;
pub use choose::choose;
pub use day::{Days, HORIZON, Part, Spoken, When, spoken};
pub use home::Home;
pub use place::{Candidate, Found, Spot};
pub use query::Query;
pub use report::{Current, Day, Hour, Provider, Report};
pub use sky::Sky;
pub use typed::{Typed, is_apart, is_here, letter_o, sentence, typed};
pub use units::{Rain, Temperature, Units, Wind};

use crate::lang::Lang;

/// Somebody who knows places and their weather. Blocks for as long as a
/// network may take; only errands call it.
pub trait Source: Send + Sync {
    /// Places called `name`, or with that postcode, the most likely first.
    /// Empty when there is none; at most ten. Names come in `lang` where the
    /// source has them. `within` may help a source that returns only one; the
    /// asker looks at it himself where there are several.
    ///
    /// # Errors
    /// [`Failure`] when nobody who could know has answered usefully.
    fn search(&self, name: &str, within: &[String], lang: Lang) -> Result<Vec<Candidate>, Failure>;

    /// The weather of a place.
    ///
    /// # Errors
    /// [`Failure`] when nobody who could know has answered usefully.
    fn forecast(&self, at: Cell) -> Result<Report, Failure>;
}

/// Why a service gave nothing useful. The asker is told which; the details are
/// for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// It did not answer within the time limit.
    Timeout,
    /// No connection: look-up, network, TLS.
    Unreachable(String),
    /// It answered with this HTTP status.
    Status(u16),
    /// It answers no more questions of ours for this long, in its own words.
    Limit(Pause, String),
    /// It refused the question with this HTTP status, in its own words.
    Refused(u16, String),
    /// It answered something that is no weather.
    Nonsense(String),
}

/// How long a service answers no more questions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pause {
    /// For a minute at most.
    Minute,
    /// For an hour at most.
    Hour,
    /// Until tomorrow.
    Day,
    /// Until the next month.
    Month,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer in time"),
            Self::Unreachable(why) => write!(f, "not reachable: {why}"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Limit(_, reason) => write!(f, "its limit is reached: {reason}"),
            Self::Refused(status, reason) => {
                write!(f, "HTTP status {status}: it refuses the question: {reason}")
            }
            Self::Nonsense(what) => write!(f, "no usable answer: {what}"),
        }
    }
}

impl std::error::Error for Failure {}

/// Knows nothing: for a bot without a network.
#[derive(Clone, Copy, Debug)]
pub struct Offline;

impl Source for Offline {
    fn search(
        &self,
        _name: &str,
        _within: &[String],
        _lang: Lang,
    ) -> Result<Vec<Candidate>, Failure> {
        Err(Failure::Unreachable("no network".to_owned()))
    }

    fn forecast(&self, _at: Cell) -> Result<Report, Failure> {
        Err(Failure::Unreachable("no network".to_owned()))
    }
}
