//! A place on the map, and how it is called.

use serde::{Deserialize, Serialize};

use super::Cell;
use crate::mesh::name::{clean, cut};

/// What of a name in an answer is kept, bytes.
const NAME_MAX: usize = 100;

/// A place that has been found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Spot {
    /// Its name, safe to show.
    pub name: String,
    /// The region or state it lies in, safe to show.
    pub region: Option<String>,
    /// ISO 3166 code of its country, two capitals.
    pub country: Option<String>,
    /// Where it is.
    pub cell: Cell,
    /// IANA name of its time zone.
    pub zone: Option<String>,
}

/// A place that may be meant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The place.
    pub spot: Spot,
    /// How many people live there; 0 when unknown.
    pub population: u64,
    /// Everything that it lies in, as somebody might say it: country, region,
    /// district.
    pub within: Vec<String>,
    /// It comes from somebody who knows places of the same name apart; else it
    /// is the only one that he could think of.
    pub is_certain: bool,
}

impl Spot {
    /// A place whose names come from outside: made safe to show.
    #[must_use]
    pub fn new(
        name: &str,
        region: Option<&str>,
        country: Option<&str>,
        cell: Cell,
        zone: Option<&str>,
    ) -> Self {
        let shown =
            |text: &str| Some(clean(text.as_bytes(), NAME_MAX)).filter(|text| !text.is_empty());
        let is_code =
            |code: &&str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_alphabetic());
        Self {
            name: shown(name).unwrap_or_else(|| cell.to_string()),
            region: region.and_then(shown),
            country: country.filter(is_code).map(str::to_ascii_uppercase),
            cell,
            zone: zone.map(str::to_owned).filter(|zone| zone.len() <= 64),
        }
    }

    /// A place that has no name but its coordinates.
    #[must_use]
    pub fn nameless(cell: Cell) -> Self {
        Self {
            name: cell.to_string(),
            region: None,
            country: None,
            cell,
            zone: None,
        }
    }

    /// Its name with as much of region and country as fits into `max` bytes;
    /// the name itself is cut when even that does not.
    #[must_use]
    pub fn title(&self, max: usize) -> String {
        let country = self.country.as_deref().map(|code| format!(", {code}"));
        let country = country.unwrap_or_default();
        let region = self.region.as_deref().filter(|region| *region != self.name);
        let region = region
            .map(|region| format!(", {region}"))
            .unwrap_or_default();
        let whole = format!("{}{region}{country}", self.name);
        if whole.len() <= max {
            return whole;
        }
        let room = max.saturating_sub(country.len());
        if self.name.len() <= room || room >= self.name.len() / 2 {
            return format!("{}{country}", cut(&self.name, room).trim_end());
        }
        cut(&self.name, max).trim_end().to_owned()
    }
}

/// What became of a search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// This place is meant.
    Spot(Spot),
    /// This may be meant: nobody was at hand who knows better. Good for now.
    Guess(Spot),
    /// One of these is meant, and nothing in what was typed tells which: two at
    /// least, the likeliest first, told apart by their districts where they can be.
    Several(Vec<Spot>),
    /// There is no such place.
    Nothing,
}

impl Found {
    /// The likeliest of several, for when nobody can be asked.
    #[must_use]
    pub fn settled(self) -> Self {
        match self {
            Self::Several(spots) => spots.into_iter().next().map_or(Self::Nothing, Self::Spot),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_fits() {
        let cell = Cell::new(1.0, 2.0).unwrap();
        let spot = Spot::new("Argenteuil", Some("Île-de-France"), Some("fr"), cell, None);
        assert_eq!(spot.title(40), "Argenteuil, Île-de-France, FR");
        assert_eq!(spot.title(20), "Argenteuil, FR");
        assert_eq!(spot.title(10), "Argent, FR");
        assert_eq!(spot.title(5), "Argen");
        let bad = Spot::new("/\u{202e}", Some("\0"), Some("FRA"), cell, None);
        assert_eq!(bad.title(40), "1.00,2.00");
    }
}
