//! The places of this world, and open-meteo.com's search among them.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::request::Request;
use crate::mesh::name::fold;

/// A place as GeoNames has it. Empty texts and zeros are what is not known.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    id: u32,
    /// Its name.
    pub name: &'static str,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    code: &'static str,
    /// Its country in English, and in French.
    country: (&'static str, &'static str),
    /// The region or state.
    pub region: &'static str,
    district: &'static str,
    /// IANA name.
    pub zone: &'static str,
    /// How many live there.
    pub population: u32,
    postcodes: &'static [&'static str],
}

const FRANCE: (&str, &str) = ("France", "France");
const STATES: (&str, &str) = ("United States", "États-Unis");
const CANADA: (&str, &str) = ("Canada", "Canada");
const BRITAIN: (&str, &str) = ("United Kingdom", "Royaume-Uni");
const NORWAY: (&str, &str) = ("Norway", "Norvège");
const GERMANY: (&str, &str) = ("Germany", "Allemagne");
const ZEALAND: (&str, &str) = ("New Zealand", "Nouvelle-Zélande");

/// Those with the same name in the order in which the service has them.
#[rustfmt::skip]
const PLACES: &[Place] = &[
    place(3_036_938, "Argenteuil", 48.947_88, 2.247_44, "FR", FRANCE, "Île-de-France", "Val-d'Oise", "Europe/Paris", 101_475, &["95100"]),
    place(5_886_800, "Argenteuil", 45.833_32, -74.415_9, "CA", CANADA, "Quebec", "Laurentides", "America/Toronto", 0, &[]),
    place(2_988_507, "Paris", 48.853_41, 2.348_8, "FR", FRANCE, "Île-de-France", "Paris", "Europe/Paris", 2_138_551, &["75001", "75020"]),
    place(4_717_560, "Paris", 33.660_94, -95.555_51, "US", STATES, "Texas", "Lamar", "America/Chicago", 24_782, &["75460"]),
    place(2_980_291, "Saint-Étienne", 45.433_89, 4.39, "FR", FRANCE, "Auvergne-Rhône-Alpes", "Loire", "Europe/Paris", 176_280, &["42000"]),
    place(4_409_896, "Springfield", 37.215_33, -93.298_24, "US", STATES, "Missouri", "Greene", "America/Chicago", 166_810, &["65801"]),
    place(4_951_788, "Springfield", 42.101_48, -72.589_81, "US", STATES, "Massachusetts", "Hampden", "America/New_York", 154_341, &["01101"]),
    place(4_250_542, "Springfield", 39.801_72, -89.643_71, "US", STATES, "Illinois", "Sangamon", "America/Chicago", 116_565, &["62701"]),
    place(2_643_743, "London", 51.508_53, -0.125_74, "GB", BRITAIN, "England", "Greater London", "Europe/London", 8_961_989, &[]),
    place(6_058_560, "London", 42.983_39, -81.233_04, "CA", CANADA, "Ontario", "", "America/Toronto", 422_324, &[]),
    place(2_729_907, "Longyearbyen", 78.223_34, 15.646_89, "SJ", ("Svalbard and Jan Mayen", "Svalbard et Jan Mayen"), "Svalbard", "", "Arctic/Longyearbyen", 2_060, &["9170"]),
    place(3_133_895, "Tromsø", 69.648_9, 18.955_08, "NO", NORWAY, "Troms", "Tromsø", "Europe/Oslo", 52_436, &["9008"]),
    place(2_147_714, "Sydney", -33.867_85, 151.207_32, "AU", ("Australia", "Australie"), "New South Wales", "", "Australia/Sydney", 4_627_345, &["2000"]),
    place(2_193_733, "Auckland", -36.848_53, 174.763_49, "NZ", ZEALAND, "Auckland", "", "Pacific/Auckland", 417_910, &["1010"]),
    place(4_033_013, "Waitangi", -43.953_53, -176.559_73, "NZ", ZEALAND, "Chatham Islands", "", "Pacific/Chatham", 300, &["8016"]),
    place(1_283_240, "Kathmandu", 27.701_69, 85.320_6, "NP", ("Nepal", "Népal"), "Bagmati", "", "Asia/Kathmandu", 1_442_271, &["44600"]),
    place(2_886_242, "Köln", 50.933_33, 6.95, "DE", GERMANY, "North Rhine-Westphalia", "Köln District", "Europe/Berlin", 963_395, &["50667"]),
    place(2_950_159, "Berlin", 52.524_37, 13.410_53, "DE", GERMANY, "Berlin", "", "Europe/Berlin", 3_426_354, &["10115"]),
    place(2_925_533, "Frankfurt am Main", 50.115_52, 8.684_17, "DE", GERMANY, "Hesse", "Darmstadt", "Europe/Berlin", 650_000, &["60311"]),
    place(2_925_535, "Frankfurt (Oder)", 52.347_14, 14.550_62, "DE", GERMANY, "Brandenburg", "", "Europe/Berlin", 51_691, &["15230"]),
    place(2_761_524, "Wolfsberg", 46.840_56, 14.844_17, "AT", ("Austria", "Autriche"), "Carinthia", "Wolfsberg", "Europe/Vienna", 25_305, &["9400"]),
    place(2_657_985, "Wolfsberg", 47.660_00, 9.050_00, "CH", ("Switzerland", "Suisse"), "Thurgau", "Kreuzlingen", "Europe/Zurich", 0, &[]),
    place(3_041_563, "Andorre-la-Vieille", 42.507_79, 1.521_09, "AD", ("Andorra", "Andorre"), "Andorra la Vella", "", "Europe/Andorra", 20_430, &["AD500"]),
    place(2_654_675, "Birmingham", 52.481_42, -1.899_83, "GB", BRITAIN, "England", "", "Europe/London", 984_333, &["B1"]),
    place(4_049_979, "Birmingham", 33.520_66, -86.802_49, "US", STATES, "Alabama", "Jefferson", "America/Chicago", 212_461, &["35203"]),
    place(5_746_545, "Portland", 45.523_45, -122.676_21, "US", STATES, "Oregon", "Multnomah", "America/Los_Angeles", 632_309, &["97201"]),
    place(4_975_802, "Portland", 43.657_37, -70.258_9, "US", STATES, "Maine", "Cumberland", "America/New_York", 66_881, &["04101"]),
    place(2_970_110, "Villeneuve", 47.85, -2.80, "FR", FRANCE, "Bretagne", "Morbihan", "Europe/Paris", 900, &["56000"]),
    place(2_970_111, "Villeneuve", 48.40, -4.20, "FR", FRANCE, "Bretagne", "Finistère", "Europe/Paris", 1_200, &["29000"]),
    place(2_643_956, "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch", 53.221_08, -4.200_08, "GB", BRITAIN, "Wales", "Anglesey", "Europe/London", 3_107, &["LL61"]),
];

/// Those that are found with their hyphens alone.
const BY_HYPHENS: [&str; 1] = ["Andorre-la-Vieille"];

#[expect(clippy::too_many_arguments, reason = "the columns of the table")]
const fn place(
    id: u32,
    name: &'static str,
    latitude: f64,
    longitude: f64,
    code: &'static str,
    country: (&'static str, &'static str),
    region: &'static str,
    district: &'static str,
    zone: &'static str,
    population: u32,
    postcodes: &'static [&'static str],
) -> Place {
    Place {
        id,
        name,
        latitude,
        longitude,
        code,
        country,
        region,
        district,
        zone,
        population,
        postcodes,
    }
}

impl Place {
    /// Its country in English.
    pub fn country(&self) -> &'static str {
        self.country.0
    }

    fn json(&self, in_french: bool) -> Value {
        let (english, french) = self.country;
        let texts = [
            ("name", self.name),
            ("country_code", self.code),
            ("country", if in_french { french } else { english }),
            ("admin1", self.region),
            ("admin2", self.district),
            ("timezone", self.zone),
        ];
        let mut value = Map::new();
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            value.insert(key.to_owned(), json!(text));
        }
        value.insert("id".to_owned(), json!(self.id));
        value.insert("latitude".to_owned(), json!(self.latitude));
        value.insert("longitude".to_owned(), json!(self.longitude));
        value.insert("feature_code".to_owned(), json!("PPL"));
        if self.population > 0 {
            value.insert("population".to_owned(), json!(self.population));
        }
        if !self.postcodes.is_empty() {
            value.insert("postcodes".to_owned(), json!(self.postcodes));
        }
        Value::Object(value)
    }

    /// How far it is, in degrees, roughly.
    fn distance(&self, latitude: f64, longitude: f64) -> f64 {
        let apart = (self.longitude - longitude).abs();
        (self.latitude - latitude).abs() + apart.min(360.0 - apart)
    }
}

/// The names of all of them, each once.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<_> = PLACES.iter().map(|place| place.name).collect();
    names.dedup();
    names
}

/// Those whose name begins with `name`, or is `name` when that is short, or
/// that have it as a postcode. Neither case nor accents nor hyphens count.
pub fn search(name: &str) -> Vec<&'static Place> {
    let plain = |text: &str| fold(text).replace(|c: char| !c.is_alphanumeric(), " ");
    let wanted = plain(name.trim());
    let length = wanted.chars().count();
    // Some names the service knows by their hyphens only.
    let needs_hyphens = |name: &str| BY_HYPHENS.contains(&name);
    let is_meant = |place: &&Place| {
        let known = match needs_hyphens(place.name) {
            true => fold(place.name),
            false => plain(place.name),
        };
        let wanted = match needs_hyphens(place.name) {
            true => fold(name.trim()),
            false => wanted.clone(),
        };
        known == wanted
            || (length >= 3 && known.starts_with(&wanted))
            || place.postcodes.iter().any(|code| plain(code) == wanted)
    };
    if length < 2 {
        return Vec::new();
    }
    PLACES.iter().filter(is_meant).collect()
}

/// The place nearest to a point.
pub fn nearest(latitude: f64, longitude: f64) -> Option<&'static Place> {
    let distance = |place: &&Place| place.distance(latitude, longitude);
    PLACES
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// The place at a point.
pub fn at(latitude: f64, longitude: f64) -> Option<&'static Place> {
    nearest(latitude, longitude).filter(|place| place.distance(latitude, longitude) < 0.5)
}

/// What `/v1/search` answers.
pub fn answer(request: &Request) -> Answer {
    let Some(name) = request.parameter("name") else {
        return Answer::error("Parameter 'name' is missing");
    };
    let count = request.parameter("count").map(|count| count.parse());
    let count = match count {
        None => 10,
        Some(Ok(count @ 1..=100)) => count,
        Some(_) => return Answer::error("Parameter count must be between 1 and 100."),
    };
    let in_french = request.parameter("language").as_deref() == Some("fr");
    let country = request.parameter("countryCode");
    let is_there = |place: &&Place| country.as_ref().is_none_or(|code| place.code == code);
    let found: Vec<Value> = search(&name)
        .into_iter()
        .filter(is_there)
        .take(count)
        .map(|place| place.json(in_french))
        .collect();
    // The service leaves out what is empty.
    Answer::json(&if found.is_empty() {
        json!({ "generationtime_ms": 0.3 })
    } else {
        json!({ "results": found, "generationtime_ms": 0.7 })
    })
}
