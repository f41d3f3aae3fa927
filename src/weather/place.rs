//! From what somebody types to one place on the map.

use serde::{Deserialize, Serialize};

use super::{Cell, Failure, Source};
use crate::mesh::name::{clean, cut, fold};
use crate::text::Lang;

/// What of a place's name is looked at, bytes: more than the longest there is.
const QUERY_MAX: usize = 100;
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

/// What somebody typed as the name of a place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Query {
    shown: String,
    key: String,
}

/// One way to understand a [`Query`].
#[derive(Clone, PartialEq, Eq, Debug)]
struct Attempt {
    name: String,
    within: Option<String>,
}

/// Where people are who do not say where they are.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Home {
    /// Where the bot's own node is, if it knows.
    #[default]
    OwnNode,
    /// There.
    At(Cell),
    /// In the place of this name.
    Named(Query),
}

/// What became of a search.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// This place is meant.
    Spot(Spot),
    /// There is no such place.
    Nothing,
}

impl Query {
    /// `None` when there is nothing in it that could be a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let shown = clean(text.as_bytes(), QUERY_MAX);
        let key = words(&shown).join(" ");
        (key.chars().count() >= 2).then_some(Self { shown, key })
    }

    /// What it is remembered by: two spellings of one name have the same.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// As it was typed, safe to show.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Asks `source` until it knows a place, at most three times: for the name
    /// as it is; with its last word as the country or region; with `st`
    /// written out. Among several places the one in `country` (ISO 3166) is
    /// preferred, then the one with the most people.
    ///
    /// # Errors
    /// That of the source, when it fails before anything was found.
    pub fn find(
        &self,
        source: &dyn Source,
        lang: Lang,
        country: Option<&str>,
    ) -> Result<Found, Failure> {
        for attempt in self.attempts() {
            let candidates = source.search(&attempt.name, lang)?;
            if let Some(spot) = choose(
                candidates,
                &attempt.name,
                attempt.within.as_deref(),
                country,
            ) {
                return Ok(Found::Spot(spot));
            }
        }
        Ok(Found::Nothing)
    }

    fn attempts(&self) -> Vec<Attempt> {
        let attempt = |name: &str, within: Option<&str>| Attempt {
            name: name.trim().to_owned(),
            within: within.map(|within| within.trim().to_owned()),
        };
        if let Some((name, within)) = self.shown.split_once(',') {
            return vec![attempt(name, Some(within))];
        }
        let mut attempts = vec![attempt(&self.shown, None)];
        if fold(&self.shown) != self.key && self.key.contains("saint") {
            attempts.push(attempt(&self.key, None));
        }
        if let Some((name, within)) = self.shown.rsplit_once(' ') {
            attempts.push(attempt(name, Some(within)));
        }
        attempts
    }
}

/// The candidate that is meant by `name`: of this very name rather than of a
/// similar one, then in `country`, then with the most people, then the first.
/// With `within` only what lies there counts.
#[must_use]
pub fn choose(
    candidates: Vec<Candidate>,
    name: &str,
    within: Option<&str>,
    country: Option<&str>,
) -> Option<Spot> {
    let wanted = words(name);
    let within = within.map(words);
    let mut best: Option<((bool, bool, u64), Spot)> = None;
    for candidate in candidates {
        if within
            .as_ref()
            .is_some_and(|within| !candidate.lies_in(within))
        {
            continue;
        }
        let at_home = country.is_some() && candidate.spot.country.as_deref() == country;
        let exact = words(&candidate.spot.name) == wanted;
        let rank = (exact, at_home, candidate.population);
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, candidate.spot));
        }
    }
    best.map(|(_, spot)| spot)
}

impl Candidate {
    fn lies_in(&self, wanted: &[String]) -> bool {
        let code = self.spot.country.iter().map(String::as_str);
        self.within
            .iter()
            .map(String::as_str)
            .chain(code)
            .any(|name| words(name).starts_with(wanted) && !wanted.is_empty())
    }
}

/// The words of a name as they are compared: no case, no accents, no hyphens,
/// `st` as `saint`.
fn words(name: &str) -> Vec<String> {
    fold(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| match word {
            "st" => "saint".to_owned(),
            "ste" => "sainte".to_owned(),
            other => other.to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn candidate(name: &str, country: &str, population: u64, within: &[&str]) -> Candidate {
        let cell = Cell::new(48.0, f64::from(u8::try_from(population % 100).unwrap())).unwrap();
        Candidate {
            spot: Spot::new(name, within.first().copied(), Some(country), cell, None),
            population,
            within: within.iter().map(ToString::to_string).collect(),
        }
    }

    fn parises() -> Vec<Candidate> {
        vec![
            candidate("Paris", "FR", 2_138_551, &["Île-de-France", "France"]),
            candidate("Paris", "US", 24_782, &["Texas", "United States"]),
            candidate("Paris", "US", 9_870, &["Kentucky", "United States"]),
            candidate("Parisot", "FR", 3_000_000, &["Occitanie", "France"]),
        ]
    }

    fn region(spot: Option<Spot>) -> Option<String> {
        spot?.region
    }

    #[test]
    fn home_comes_before_size_and_the_very_name_before_both() {
        let choose = |within, country| region(choose(parises(), "paris", within, country));
        assert_eq!(choose(None, None).as_deref(), Some("Île-de-France"));
        assert_eq!(choose(None, Some("US")).as_deref(), Some("Texas"));
        assert_eq!(choose(None, Some("DE")).as_deref(), Some("Île-de-France"));
        assert_eq!(
            choose(Some("kentucky"), Some("FR")).as_deref(),
            Some("Kentucky")
        );
        assert_eq!(choose(Some("us"), None).as_deref(), Some("Texas"));
        assert_eq!(choose(Some("united"), None).as_deref(), Some("Texas"));
        assert_eq!(choose(Some("Spain"), None), None);
    }

    #[test]
    fn a_postcode_is_no_name_but_finds_the_largest() {
        let places = vec![
            candidate("Argenteuil", "FR", 101_475, &[]),
            candidate("Ottawa", "US", 200_000, &[]),
        ];
        let spot = choose(places.clone(), "95100", None, Some("FR")).unwrap();
        assert_eq!(spot.name, "Argenteuil");
        assert_eq!(choose(places, "95100", None, None).unwrap().name, "Ottawa");
    }

    /// Knows some names, and writes down what it was asked.
    struct Atlas(Vec<Candidate>, RefCell<Vec<String>>);
    // One thread only, in these tests.
    struct Shared(std::sync::Mutex<Atlas>);

    impl Source for Shared {
        fn search(&self, name: &str, _: Lang) -> Result<Vec<Candidate>, Failure> {
            let atlas = self.0.lock().unwrap();
            atlas.1.borrow_mut().push(name.to_owned());
            let known = atlas
                .0
                .iter()
                .filter(|known| words(&known.spot.name) == words(name) && !name.contains("st "));
            Ok(known.cloned().collect())
        }

        fn forecast(&self, _: Cell) -> Result<super::super::Report, Failure> {
            Err(Failure::Timeout)
        }
    }

    fn search(text: &str) -> (Option<String>, Vec<String>) {
        let mut places = parises();
        places.push(candidate(
            "Saint-Étienne",
            "FR",
            176_280,
            &["Auvergne-Rhône-Alpes"],
        ));
        places.push(candidate("New York", "US", 8_000_000, &["New York"]));
        let atlas = Shared(std::sync::Mutex::new(Atlas(places, RefCell::default())));
        let found = Query::parse(text)
            .unwrap()
            .find(&atlas, Lang::En, Some("FR"))
            .unwrap();
        let name = match found {
            Found::Spot(spot) => Some(spot.title(60)),
            Found::Nothing => None,
        };
        let asked = atlas.0.lock().unwrap().1.take();
        (name, asked)
    }

    #[test]
    fn a_name_is_tried_in_more_than_one_way() {
        let title = |text| search(text).0;
        assert_eq!(title("PARIS").as_deref(), Some("Paris, Île-de-France, FR"));
        assert_eq!(title("paris texas").as_deref(), Some("Paris, Texas, US"));
        assert_eq!(
            title("Paris, Kentucky").as_deref(),
            Some("Paris, Kentucky, US")
        );
        assert_eq!(title("new york").as_deref(), Some("New York, US"));
        assert_eq!(
            search("st etienne"),
            (
                Some("Saint-Étienne, Auvergne-Rhône-Alpes, FR".to_owned()),
                vec!["st etienne".to_owned(), "saint etienne".to_owned()]
            )
        );
        let (nothing, asked) = search("nowhere at all");
        assert_eq!((nothing, asked.len()), (None, 2));
    }

    #[test]
    fn spellings_share_a_key() {
        let key = |text: &str| Query::parse(text).unwrap().key().to_owned();
        assert_eq!(key(" Saint-Étienne "), key("ST ETIENNE"));
        assert_eq!(key("\u{202e}paris\0"), "paris");
        for nothing in ["", "  ", "a", "-", "🌧", "\u{200b}"] {
            assert_eq!(Query::parse(nothing), None, "{nothing:?}");
        }
        assert!(Query::parse(&"é".repeat(300)).unwrap().shown().len() <= QUERY_MAX);
    }

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
