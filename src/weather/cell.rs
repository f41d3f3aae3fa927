//! A square on the map that has one weather.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mesh::Position;

/// A place rounded to a hundredth of a degree, about a kilometre: exact enough
/// for any forecast, and no more than may be told to a service or a channel.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(into = "(f64, f64)", try_from = "(f64, f64)")]
pub struct Cell {
    /// Hundredths of a degree north, −9000 to 9000.
    latitude: i16,
    /// Hundredths of a degree east, −18000 to 18000.
    longitude: i16,
}

impl Cell {
    /// The cell around a place in degrees north and east. `None` off the
    /// globe, and for what is no number.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        if !(-90.0..=90.0).contains(&latitude) || !(-180.0..=180.0).contains(&longitude) {
            return None;
        }
        // Through text, because no cast says when it does not fit.
        let hundredths = |degrees: f64| format!("{:.0}", degrees * 100.0).parse().ok();
        Some(Self {
            latitude: hundredths(latitude)?,
            longitude: hundredths(longitude)?,
        })
    }

    /// The cell in which somebody is.
    #[must_use]
    pub fn around(position: &Position) -> Option<Self> {
        Self::new(position.latitude(), position.longitude())
    }

    /// Its middle, as far as that is a position.
    #[must_use]
    pub fn position(self) -> Option<Position> {
        let e7 = |hundredths: i16| i32::from(hundredths) * 100_000;
        Position::from_e7(e7(self.latitude), e7(self.longitude))
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(self) -> f64 {
        f64::from(self.latitude) / 100.0
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(self) -> f64 {
        f64::from(self.longitude) / 100.0
    }
}

/// `48.95,2.25`, degrees north and east.
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2},{:.2}", self.latitude(), self.longitude())
    }
}

impl From<Cell> for (f64, f64) {
    fn from(cell: Cell) -> Self {
        (cell.latitude(), cell.longitude())
    }
}

impl TryFrom<(f64, f64)> for Cell {
    type Error = &'static str;

    fn try_from((latitude, longitude): (f64, f64)) -> Result<Self, Self::Error> {
        Self::new(latitude, longitude).ok_or("no place on Earth")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_about_a_kilometre() {
        let cell = Cell::new(48.947_3, 2.246_6).unwrap();
        assert_eq!(cell.to_string(), "48.95,2.25");
        assert_eq!(Cell::new(48.95, 2.25), Some(cell));
        assert_eq!(
            Cell::new(-0.001, 179.999).unwrap().to_string(),
            "0.00,180.00"
        );
        for (latitude, longitude) in [(90.1, 0.0), (0.0, -180.1), (f64::NAN, 0.0)] {
            assert_eq!(Cell::new(latitude, longitude), None);
        }
    }

    #[test]
    fn a_file_holds_degrees() {
        let cell = Cell::new(-54.8, -68.3).unwrap();
        let text = serde_json::to_string(&cell).unwrap();
        assert_eq!(text, "[-54.8,-68.3]");
        assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), cell);
        assert!(serde_json::from_str::<Cell>("[91,0]").is_err());
    }
}
