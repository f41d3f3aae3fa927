//! Which of the places that a source knows is meant.

use super::attempt::{Attempt, words};
use super::{Candidate, Found, Spot, countries, regions};

/// Places to choose from in one answer.
const CHOICES: usize = 5;
/// With so many times the people a place is meant without a question.
const LARGER: u64 = 10;
/// What is nearer than this is one place under two entries, hundredths of a degree.
const SAME: f64 = 0.1;

/// The candidate that is meant by `name`: of this very name rather than of a
/// similar one, then in `country`, then with the most people, then the first.
/// Home's country says nothing about a name that no candidate has, unless it
/// is a postcode. It has to lie `within` all of these. Several when nothing but
/// their districts tells them apart.
#[must_use]
pub fn choose(
    candidates: Vec<Candidate>,
    name: &str,
    within: &[String],
    country: Option<&str>,
) -> Option<Found> {
    let attempt = Attempt {
        name: name.to_owned(),
        within: within.to_vec(),
        ..Attempt::default()
    };
    pick(candidates, &attempt, country)
}

/// The same for an attempt of any kind.
pub(super) fn pick(
    mut candidates: Vec<Candidate>,
    attempt: &Attempt,
    country: Option<&str>,
) -> Option<Found> {
    let all = candidates.clone();
    candidates.retain(|candidate| is_meant(candidate, attempt));
    let wanted = words(&attempt.name);
    let is_exact = |candidate: &Candidate| {
        let known = words(&candidate.spot.name);
        known == wanted || known == whole(attempt)
    };
    let is_postcode = attempt.name.chars().any(|c| c.is_ascii_digit());
    let mut best: Option<((bool, bool, u64), &Candidate)> = None;
    for candidate in &candidates {
        let exact = is_exact(candidate);
        let at_home = country.is_some() && candidate.spot.country.as_deref() == country;
        let rank = (
            exact,
            at_home && (exact || is_postcode),
            candidate.population,
        );
        if best.as_ref().is_none_or(|(known, _)| rank > *known) {
            best = Some((rank, candidate));
        }
    }
    let ((exact, ..), best) = best?;
    if !best.is_certain {
        return Some(Found::Guess(best.spot.clone()));
    }
    if !exact {
        return Some(Found::Spot(best.spot.clone()));
    }
    // Of those that an answer would call the same.
    let rivals = |among: &[Candidate]| -> Vec<Candidate> {
        let others = among.iter().filter(|other| is_rival(other, best));
        others.cloned().collect()
    };
    let told_apart = apart(best, &rivals(&all));
    let mut choices = vec![told_apart.clone()];
    for rival in rivals(&candidates) {
        let others: Vec<Candidate> = std::iter::once(best.clone())
            .chain(rivals(&all))
            .filter(|other| other != &rival)
            .collect();
        let is_new = |spot: &Spot| !is_near(spot, &rival.spot);
        if choices.iter().all(is_new) && choices.len() < CHOICES {
            choices.push(apart(&rival, &others));
        }
    }
    Some(match choices.len() {
        1 => Found::Spot(told_apart),
        _ => Found::Several(choices),
    })
}

/// Whether nothing speaks against it.
fn is_meant(candidate: &Candidate, attempt: &Attempt) -> bool {
    let known = words(&candidate.spot.name);
    let is_code = |name: &String| name.chars().any(|c| c.is_ascii_digit());
    if attempt.without_postcode && candidate.within.iter().any(is_code) {
        return false;
    }
    if let Some(called) = &attempt.called
        && !known.starts_with(&words(called))
    {
        return false;
    }
    // `Frankfurt (Oder)`: what was taken for a region belongs to the name.
    let is_whole_name = !attempt.within.is_empty() && known == whole(attempt);
    let lies_in = |around: &String| candidate.lies_in(around);
    if !is_whole_name && !attempt.within.iter().all(lies_in) {
        return false;
    }
    // Who knows one place only has perhaps heard one half of the name only.
    let typed = words(&attempt.name);
    match typed.strip_prefix(&known[..]) {
        Some(rest) if !candidate.is_certain && !rest.is_empty() => {
            let whole = rest.join(" ");
            candidate.lies_in(&whole) || rest.iter().all(|word| candidate.lies_in(word))
        }
        _ => true,
    }
}

/// The words of the name with those that may be a region.
fn whole(attempt: &Attempt) -> Vec<String> {
    let mut whole = words(&attempt.name);
    whole.extend(attempt.within.iter().flat_map(|around| words(around)));
    whole
}

/// Whether an answer would call it the same, although it is elsewhere and no
/// hamlet beside a town.
fn is_rival(other: &Candidate, best: &Candidate) -> bool {
    other.spot.title(usize::MAX) == best.spot.title(usize::MAX)
        && !is_near(&other.spot, &best.spot)
        && other.population.saturating_mul(LARGER) >= best.population
}

fn is_near(a: &Spot, b: &Spot) -> bool {
    (a.cell.latitude() - b.cell.latitude()).abs() < SAME
        && (a.cell.longitude() - b.cell.longitude()).abs() < SAME
}

/// With the first name around it that none of the others has, if it has any.
fn apart(candidate: &Candidate, others: &[Candidate]) -> Spot {
    let mut spot = candidate.spot.clone();
    if others.is_empty() {
        return spot;
    }
    let region = spot.region.as_deref();
    let own = candidate.within.iter().find(|name| {
        let is_code = name.chars().any(|c| c.is_ascii_digit());
        !is_code
            && Some(name.as_str()) != region
            && others.iter().all(|other| !other.within.contains(name))
    });
    if let Some(own) = own {
        spot.region = Some(match region {
            Some(region) => format!("{own}, {region}"),
            None => own.clone(),
        });
    }
    spot
}

impl Candidate {
    /// Whether it lies in what somebody calls `around`: a country or a region by
    /// name, code or short form, a district, a postcode.
    #[must_use]
    pub fn lies_in(&self, around: &str) -> bool {
        let wanted = words(around);
        let code = self.spot.country.as_deref();
        let names = || {
            let within = self.within.iter().map(String::as_str);
            within.chain(self.spot.region.as_deref())
        };
        let is_named = |name: &str| words(name).starts_with(&wanted);
        // `Canton of Zurich`, `Land Berlin`.
        let holds = |name: &str, known: &str| {
            let (name, known) = (words(name), words(known));
            name.windows(known.len().max(1)).any(|part| part == known)
        };
        !wanted.is_empty()
            && (names().chain(code).any(is_named)
                || code.is_some() && countries::code_of(around) == code
                || regions::short_for(around).any(|region| {
                    Some(region.country) == code
                        && region
                            .names
                            .iter()
                            .any(|known| names().any(|name| holds(name, known)))
                }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weather::Cell;

    fn candidate(
        name: &str,
        country: &str,
        at: (f64, f64),
        people: u64,
        within: &[&str],
    ) -> Candidate {
        let cell = Cell::new(at.0, at.1).unwrap();
        Candidate {
            spot: Spot::new(name, within.get(1).copied(), Some(country), cell, None),
            population: people,
            within: within.iter().map(ToString::to_string).collect(),
            is_certain: true,
        }
    }

    fn titles(found: Option<Found>) -> Vec<String> {
        match found {
            Some(Found::Several(spots)) => spots.iter().map(|spot| spot.title(99)).collect(),
            Some(Found::Spot(spot) | Found::Guess(spot)) => vec![spot.title(99)],
            Some(Found::Nothing) | None => Vec::new(),
        }
    }

    /// W2.
    #[test]
    fn a_region_is_known_by_its_letters_or_its_number() {
        let places = vec![
            candidate(
                "Springfield",
                "US",
                (37.2, -93.3),
                166_810,
                &["United States", "Missouri"],
            ),
            candidate(
                "Springfield",
                "US",
                (39.8, -89.6),
                116_565,
                &["United States", "Illinois"],
            ),
            candidate(
                "Springfield",
                "AU",
                (-33.4, 151.4),
                4_000,
                &["Australia", "New South Wales"],
            ),
            candidate(
                "Springfield",
                "DE",
                (50.0, 10.0),
                900,
                &["Allemagne", "Freistaat Bayern"],
            ),
            candidate(
                "Springfield",
                "FR",
                (49.0, 2.2),
                800,
                &["France", "Île-de-France", "Val-d'Oise"],
            ),
            candidate(
                "Springfield",
                "CH",
                (47.4, 8.5),
                700,
                &["Switzerland", "Canton of Zurich"],
            ),
        ];
        for (around, expected) in [
            (&["IL"][..], "Springfield, Illinois, US"),
            (&["il", "usa"], "Springfield, Illinois, US"),
            (&["NSW"], "Springfield, New South Wales, AU"),
            (&["by"], "Springfield, Freistaat Bayern, DE"),
            (&["95"], "Springfield, Île-de-France, FR"),
            (&["zh"], "Springfield, Canton of Zurich, CH"),
            (&["deutschland"], "Springfield, Freistaat Bayern, DE"),
            (&["Suisse"], "Springfield, Canton of Zurich, CH"),
        ] {
            let within: Vec<String> = around.iter().map(ToString::to_string).collect();
            let found = titles(choose(places.clone(), "springfield", &within, None));
            assert_eq!(found, [expected], "{around:?}");
        }
        // Letters that mean two: the country's own first.
        let ontario = vec![
            candidate(
                "Ontario",
                "CA",
                (50.0, -85.0),
                900_000,
                &["Canada", "Ontario"],
            ),
            candidate(
                "Ontario",
                "US",
                (34.0, -117.6),
                175_000,
                &["United States", "California"],
            ),
        ];
        let ca = ["ca".to_owned()];
        let found = titles(choose(ontario.clone(), "ontario", &ca, Some("US")));
        assert_eq!(found, ["Ontario, California, US"]);
        assert_eq!(
            titles(choose(ontario.clone(), "ontario", &ca, Some("CA"))),
            ["Ontario, CA"]
        );
        assert_eq!(
            titles(choose(ontario, "ontario", &["us".to_owned()], None)).len(),
            1
        );
    }

    /// W11.
    #[test]
    fn places_of_one_name_and_region_are_told_apart() {
        let hill = |district, at, people| {
            candidate("Hill", "FR", at, people, &["France", "Bretagne", district])
        };
        let two = vec![
            hill("Morbihan", (47.8, -2.8), 900),
            hill("Finistère", (48.4, -4.2), 2_000),
        ];
        let both = [
            "Hill, Finistère, Bretagne, FR",
            "Hill, Morbihan, Bretagne, FR",
        ];
        assert_eq!(titles(choose(two.clone(), "hill", &[], None)), both);
        // Whoever says which gets it, and the answer says it too.
        let which = [
            "Morbihan".to_owned(),
            "Bretagne".to_owned(),
            "FR".to_owned(),
        ];
        assert_eq!(titles(choose(two.clone(), "hill", &which, None)), both[1..]);
        // A town is not asked about because of a hamlet, nor because of itself.
        let town = vec![
            hill("Finistère", (48.4, -4.2), 20_000),
            hill("Morbihan", (47.8, -2.8), 900),
        ];
        assert_eq!(
            titles(choose(town, "hill", &[], None)),
            ["Hill, Bretagne, FR"]
        );
        let twice = vec![
            hill("Finistère", (48.4, -4.2), 90),
            hill("Finistère", (48.41, -4.21), 80),
        ];
        assert_eq!(
            titles(choose(twice, "hill", &[], None)),
            ["Hill, Bretagne, FR"]
        );
    }

    /// W10.
    #[test]
    fn a_guess_lies_within_all_that_was_typed() {
        let guess = |country: &str, within: &[&str]| {
            let mut guess = candidate("Paris", country, (14.0, 121.0), 0, within);
            guess.is_certain = false;
            vec![guess]
        };
        let asked = |candidates, name: &str, within: &[&str]| {
            let within: Vec<String> = within.iter().map(ToString::to_string).collect();
            choose(candidates, name, &within, None).is_some()
        };
        let abroad = || guess("PH", &["Philippines", "Quezon"]);
        assert!(!asked(abroad(), "Paris", &["fr"]));
        assert!(!asked(abroad(), "Paris", &["Île-de-France"]));
        assert!(!asked(abroad(), "paris texas", &[]));
        assert!(asked(abroad(), "paris", &[]));
        let texas = || guess("US", &["United States of America", "Texas"]);
        assert!(asked(texas(), "paris texas", &[]));
        assert!(asked(texas(), "paris", &["tx", "usa"]));
        assert!(asked(texas(), "paris tx usa", &[]));
    }
}
