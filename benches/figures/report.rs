//! One line a figure.

use std::fmt;

/// What came out.
pub enum Outcome {
    /// A figure with a bound that it must not exceed.
    Bound {
        what: String,
        value: f64,
        bound: f64,
        unit: &'static str,
    },
    /// A figure without one.
    Told(String),
    /// It could not be measured, and why.
    Skipped(String),
}

impl Outcome {
    pub fn bound(what: impl Into<String>, value: f64, bound: f64, unit: &'static str) -> Self {
        Self::Bound {
            what: what.into(),
            value,
            bound,
            unit,
        }
    }

    pub fn told(what: impl Into<String>) -> Self {
        Self::Told(what.into())
    }

    pub fn is_missed(&self) -> bool {
        matches!(self, Self::Bound { value, bound, .. } if value > bound)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bound {
                what,
                value,
                bound,
                unit,
            } => {
                let places = if *value < 100.0 && value.fract() != 0.0 {
                    2
                } else {
                    0
                };
                let verdict = if self.is_missed() { "MISSED" } else { "kept" };
                write!(
                    f,
                    "{what}: {value:.places$} {unit} (at most {bound} {unit}: {verdict})"
                )
            }
            Self::Told(what) => f.write_str(what),
            Self::Skipped(why) => write!(f, "skipped: {why}"),
        }
    }
}
