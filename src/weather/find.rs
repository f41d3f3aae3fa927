//! From what somebody typed to one place on the map: in which ways a name is searched
//! for until a place is known.

use super::attempt::{Attempt, words};
use super::query::pieces;
use super::{Failure, Found, Query, Source, choose, postcode};
use crate::lang::Lang;
use crate::mesh::name::fold;

/// Searches for one query at most; the first that finds something is the last.
const ATTEMPTS: usize = 8;

impl Query {
    /// Asks `source` until it knows a place, at most `ATTEMPTS` times: for town and
    /// postcode; for the name as it is, and with `st` written out; with its last
    /// words as region and country; with hyphens. What stands behind a comma always
    /// is one of these. See [`choose`](super::choose) for which of several places
    /// it is.
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
            let candidates = source.search(&attempt.name, &attempt.within, lang)?;
            if let Some(found) = choose::pick(candidates, &attempt, country) {
                return Ok(found);
            }
        }
        Ok(Found::Nothing)
    }

    fn attempts(&self) -> Vec<Attempt> {
        let pieces = pieces(self.shown());
        let coded = postcode::split(&pieces).map_or_else(Vec::new, |split| split.attempts());
        // That a town has no postcodes is the weakest reason of all.
        let (last_resort, mut attempts): (Vec<Attempt>, Vec<Attempt>) = coded
            .into_iter()
            .partition(|attempt| attempt.without_postcode);
        let mut add = |name: &str, within: &[&str]| {
            // A slash parts what the service has in brackets, `Frankfurt/Oder`.
            for name in [name.replace('/', " "), written_out(name)] {
                let attempt = Attempt::of(&name, within);
                if !attempts.contains(&attempt) {
                    attempts.push(attempt);
                }
            }
        };
        let Some((name, within)) = pieces.split_first() else {
            return Vec::new();
        };
        add(name, within);
        let is_gap = |c: char| c.is_whitespace() || matches!(c, '-' | '/');
        let parted = name.rsplit_once(is_gap);
        if let Some((before, last)) = parted.filter(|_| within.is_empty()) {
            add(before, &[last]);
            if let Some((first, region)) = before.rsplit_once(is_gap) {
                add(first, &[region, last]);
            }
        }
        // The service knows some names only by their hyphens.
        add(&hyphenated(&written_out(name)), within);
        if let Some((before, last)) = parted.filter(|_| within.is_empty()) {
            add(&hyphenated(&written_out(before)), &[last]);
        }
        attempts.extend(last_resort);
        attempts.retain(|attempt| !words(&attempt.name).is_empty());
        attempts.truncate(ATTEMPTS);
        attempts
    }
}

/// `saint petersbourg` as `saint-petersbourg`; all else as it is.
fn hyphenated(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().collect();
    if words.iter().any(|word| word.contains(['(', '/', '.'])) {
        return name.to_owned();
    }
    words.join("-")
}

/// `st etienne` as `saint etienne`; all else as it is.
fn written_out(name: &str) -> String {
    let short = |word: &str| matches!(fold(word).trim_end_matches('.'), "st" | "ste");
    if !name.split([' ', '-']).any(short) {
        return name.replace('/', " ");
    }
    let gap = if name.contains(' ') { " " } else { "-" };
    words(name).join(gap)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weather::{Candidate, Cell, Report, Spot, choose};
    use std::sync::Mutex;

    fn candidate(name: &str, country: &str, population: u64, within: &[&str]) -> Candidate {
        let cell = Cell::new(48.0, f64::from(u8::try_from(population % 100).unwrap())).unwrap();
        Candidate {
            spot: Spot::new(name, within.first().copied(), Some(country), cell, None),
            population,
            within: within.iter().map(ToString::to_string).collect(),
            is_certain: true,
        }
    }

    fn world() -> Vec<Candidate> {
        vec![
            candidate("Paris", "FR", 2_138_551, &["Île-de-France", "France"]),
            candidate("Paris", "US", 24_782, &["Texas", "United States"]),
            candidate("Paris", "US", 9_870, &["Kentucky", "United States"]),
            candidate("Parisot", "FR", 3_000_000, &["Occitanie", "France"]),
            candidate(
                "Saint-Étienne",
                "FR",
                176_280,
                &["Auvergne-Rhône-Alpes", "France"],
            ),
            candidate("St Albans", "GB", 82_146, &["England", "United Kingdom"]),
            candidate("New York", "US", 8_000_000, &["New York", "United States"]),
        ]
    }

    fn region(found: Option<Found>) -> Option<String> {
        match found? {
            Found::Spot(spot) | Found::Guess(spot) => spot.region,
            Found::Several(_) | Found::Nothing => None,
        }
    }

    #[test]
    fn home_comes_before_size_and_the_very_name_before_both() {
        let choose = |within: &[&str], country| {
            let within: Vec<String> = within.iter().map(ToString::to_string).collect();
            region(choose(world(), "paris", &within, country))
        };
        assert_eq!(choose(&[], None).as_deref(), Some("Île-de-France"));
        assert_eq!(choose(&[], Some("US")).as_deref(), Some("Texas"));
        assert_eq!(choose(&[], Some("DE")).as_deref(), Some("Île-de-France"));
        assert_eq!(
            choose(&["kentucky"], Some("FR")).as_deref(),
            Some("Kentucky")
        );
        assert_eq!(choose(&["us"], None).as_deref(), Some("Texas"));
        assert_eq!(choose(&["Texas", "united"], None).as_deref(), Some("Texas"));
        assert_eq!(choose(&["Texas", "France"], None), None);
    }

    #[test]
    fn a_postcode_is_no_name_but_home_s_comes_first() {
        let places = vec![
            candidate("Argenteuil", "FR", 101_475, &["x"]),
            candidate("Ottawa", "US", 200_000, &["y"]),
        ];
        let choose = |country| region(choose(places.clone(), "95100", &[], country));
        assert_eq!(choose(Some("FR")).as_deref(), Some("x"));
        assert_eq!(choose(None).as_deref(), Some("y"));
    }

    /// Names come in the language of the bot: home must not draw somebody to a
    /// village that merely begins alike.
    #[test]
    fn home_says_nothing_about_a_name_that_nobody_has() {
        let places = vec![
            candidate("Munich", "DE", 1_260_391, &["Bavaria"]),
            candidate("Münchenstein", "CH", 11_700, &["Basel"]),
        ];
        let found = choose(places, "münchen", &[], Some("CH"));
        assert_eq!(region(found).as_deref(), Some("Bavaria"));
    }

    /// Knows some names, and writes down what it was asked.
    struct Atlas {
        asked: Mutex<Vec<String>>,
        is_certain: bool,
    }

    impl Source for Atlas {
        fn search(
            &self,
            name: &str,
            within: &[String],
            _: Lang,
        ) -> Result<Vec<Candidate>, Failure> {
            let asked = [&[name.to_owned()], within].concat().join("|");
            self.asked.lock().unwrap().push(asked);
            let plain = |name: &str| fold(name).replace('-', " ");
            let same = |known: &Candidate| plain(&known.spot.name) == plain(name);
            let known = world().into_iter().filter(same);
            let is_certain = self.is_certain;
            Ok(known
                .map(|known| Candidate {
                    is_certain,
                    ..known
                })
                .collect())
        }

        fn forecast(&self, _: Cell) -> Result<Report, Failure> {
            Err(Failure::Timeout)
        }
    }

    fn search(text: &str, is_certain: bool) -> (Found, Vec<String>) {
        let atlas = Atlas {
            asked: Mutex::default(),
            is_certain,
        };
        let query = Query::parse(text).unwrap();
        let found = query.find(&atlas, Lang::En, Some("FR")).unwrap();
        let asked = atlas.asked.lock().unwrap().clone();
        (found, asked)
    }

    #[test]
    fn a_name_is_understood_in_more_than_one_way() {
        let title = |text: &str| match search(text, true).0 {
            Found::Spot(spot) => spot.title(60),
            other => format!("{other:?}"),
        };
        for (text, expected) in [
            ("PARIS", "Paris, Île-de-France, FR"),
            ("Paris,", "Paris, Île-de-France, FR"),
            ("paris texas", "Paris, Texas, US"),
            ("paris-texas", "Paris, Texas, US"),
            ("paris texas us", "Paris, Texas, US"),
            ("Paris, Kentucky", "Paris, Kentucky, US"),
            ("Paris、Texas", "Paris, Texas, US"),
            ("st etienne", "Saint-Étienne, Auvergne-Rhône-Alpes, FR"),
            ("St. Etienne, fr", "Saint-Étienne, Auvergne-Rhône-Alpes, FR"),
            (
                "st etienne auvergne",
                "Saint-Étienne, Auvergne-Rhône-Alpes, FR",
            ),
            ("st albans", "St Albans, England, GB"),
            ("new york", "New York, US"),
            ("nowhere at all", "Nothing"),
            ("Paris, Spain", "Nothing"),
        ] {
            assert_eq!(title(text), expected, "{text}");
        }
        // The bot's own titles come back to the same place.
        for known in world() {
            let told = known.spot.title(100);
            assert_eq!(title(&told), told);
        }
    }

    #[test]
    fn searches_are_few() {
        assert_eq!(search("paris", true).1, ["paris"]);
        assert_eq!(
            search("st etienne auvergne", true).1,
            [
                "st etienne auvergne",
                "saint etienne auvergne",
                "st etienne|auvergne",
                "saint etienne|auvergne"
            ]
        );
        assert!(search("a b c d e f st g", true).1.len() <= ATTEMPTS);
    }

    /// W3, W6: what is tried, in this order, when nothing is found.
    #[test]
    fn a_name_is_tried_with_hyphens_and_a_postcode_for_itself() {
        for (text, expected) in [
            (
                "andorre la vieille",
                &[
                    "andorre la vieille",
                    "andorre la|vieille",
                    "andorre|la|vieille",
                    "andorre-la-vieille",
                    "andorre-la|vieille",
                ][..],
            ),
            (
                "frankfurt/oder",
                &["frankfurt oder", "frankfurt|oder", "frankfurt-oder"],
            ),
            (
                "frankfurt (oder)",
                &["frankfurt (oder)", "frankfurt|(oder)"],
            ),
            (
                "9400 wolfsberg",
                &[
                    "wolfsberg|9400",
                    "9400",
                    "9400 wolfsberg",
                    "9400|wolfsberg",
                    "9400-wolfsberg",
                    "wolfsberg",
                ],
            ),
            (
                "St. Etienne",
                &[
                    "St. Etienne",
                    "saint etienne",
                    "St.|Etienne",
                    "saint|Etienne",
                    "saint-etienne",
                ],
            ),
        ] {
            let query = Query::parse(text).unwrap();
            let attempts = query
                .attempts()
                .into_iter()
                .map(|attempt| [&[attempt.name], &attempt.within[..]].concat().join("|"));
            let attempts: Vec<String> = attempts.collect();
            // St Etienne is known in the world of this test, so only look.
            assert_eq!(attempts, expected, "{text}");
        }
    }

    #[test]
    fn what_was_taken_for_a_region_may_belong_to_the_name() {
        let oder = candidate(
            "Frankfurt (Oder)",
            "DE",
            57_000,
            &["Brandenburg", "Germany"],
        );
        let main = candidate("Frankfurt am Main", "DE", 770_000, &["Hessen", "Germany"]);
        let both = vec![main, oder];
        for around in ["oder", "(oder)"] {
            let found = choose(both.clone(), "frankfurt", &[around.to_owned()], None);
            assert_eq!(region(found).as_deref(), Some("Brandenburg"), "{around}");
        }
    }

    #[test]
    fn who_knows_one_place_only_is_believed_for_now() {
        let (found, asked) = search("Paris, FR", false);
        assert!(matches!(found, Found::Guess(_)), "{found:?}");
        assert_eq!(asked, ["Paris|FR"]);
    }
}
