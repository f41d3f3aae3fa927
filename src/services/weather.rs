//! Who is asked about places and weather, and who when that one fails.
//!
//! - open-meteo.com first; wttr.in when it fails, within one time limit.
//! - That open-meteo.com knows no such place is an answer; that wttr.in knows
//!   none is not.
//! - The failure reported is the first one; every one goes to the log, and
//!   what was asked never does.
//!
//! Blocks; only errands may call it.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use log::warn;

use super::http::Http;
use super::{open_meteo, wttr};
use crate::lang::Lang;
use crate::net::Guard;
use crate::weather::{Candidate, Cell, Failure, Report, Source};

/// Where the services are: `http://` or `https://`, host, perhaps a port and a
/// path. Only the operator chooses them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// Forecasts as open-meteo.com makes them.
    pub forecast: String,
    /// Places as open-meteo.com knows them.
    pub geocoding: String,
    /// Both as wttr.in has them, when the others fail. `None`: nobody else is
    /// asked.
    pub fallback: Option<String>,
}

/// How long answers may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// One fetch.
    pub fetch: Duration,
    /// The same from somebody who has not answered in time within a minute.
    pub retry: Duration,
    /// One call of [`Source::search`] or [`Source::forecast`], with everybody
    /// who is asked in it.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fetch: Duration::from_secs(8),
            retry: Duration::from_secs(3),
            call: Duration::from_secs(18),
        }
    }
}

/// Who has not answered in time is taken for slow for this long.
const SLOW_FOR: Duration = Duration::from_secs(60);
/// Nobody is asked who has less time than this.
const WORTHWHILE: Duration = Duration::from_millis(100);

/// What fetches, and its clock: the network, or a test.
pub trait Fetch: Send + Sync {
    /// The body of `url`, or a failure after at most `limit`.
    ///
    /// # Errors
    /// Any [`Failure`].
    fn fetch(&self, url: &str, limit: Duration) -> Result<String, Failure>;

    /// This moment.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

impl Fetch for Http {
    fn fetch(&self, url: &str, limit: Duration) -> Result<String, Failure> {
        self.get_within(url, limit).map_err(Failure::from)
    }
}

/// The services together, as one [`Source`].
#[derive(Debug)]
pub struct Services<F = Http> {
    addresses: Addresses,
    limits: Limits,
    web: F,
    start: Instant,
    /// Until when each is taken for slow, in ms from the start.
    slow: [AtomicU64; 3],
}

impl Services {
    /// The services at these addresses.
    #[must_use]
    pub fn new(addresses: Addresses, guard: &Guard) -> Self {
        Self::with(addresses, Limits::default(), Http::new(guard))
    }
}

impl<F: Fetch> Services<F> {
    /// The same with other limits, or without a network.
    #[must_use]
    pub fn with(mut addresses: Addresses, limits: Limits, web: F) -> Self {
        let Addresses {
            forecast,
            geocoding,
            fallback,
        } = &mut addresses;
        for address in [forecast, geocoding].into_iter().chain(fallback) {
            address.truncate(address.trim_end_matches('/').len());
        }
        Self {
            addresses,
            limits,
            start: web.now(),
            slow: Default::default(),
            web,
        }
    }

    /// Asks `first` at `at`, and `second` when that fails.
    fn ask<T>(
        &self,
        what: What,
        at: &str,
        first: &dyn Fn(&Web<'_>) -> Result<T, Failure>,
        second: &dyn Fn(&Web<'_>, &str) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let end = self.web.now() + self.limits.call;
        let failure = match self.ask_one(what, end, first) {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let host = host(at);
        let Some(other) = &self.addresses.fallback else {
            warn!("{host}: {what}: {failure}");
            return Err(failure);
        };
        if end.saturating_duration_since(self.web.now()) < WORTHWHILE {
            warn!("{host}: {what}: {failure}; no time left for anybody else");
            return Err(failure);
        }
        warn!("{host}: {what}: {failure}; asking {}", self::host(other));
        let answer = self.ask_one(What::Fallback, end, &|web| second(web, other));
        answer.map_err(|second| {
            warn!("{}: {what}: {second}", self::host(other));
            failure
        })
    }

    /// Asks one service. Who did not answer in time a moment ago has to be
    /// quicker now: the workers have other things to do.
    fn ask_one<T>(
        &self,
        what: What,
        end: Instant,
        ask: &dyn Fn(&Web<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let now = self.web.now();
        let slow = &self.slow[what as usize];
        let millis = |time: Instant| {
            let since = time.saturating_duration_since(self.start).as_millis();
            u64::try_from(since).unwrap_or(u64::MAX)
        };
        let is_slow = millis(now) < slow.load(Ordering::Relaxed);
        let limit = match is_slow {
            true => self.limits.fetch.min(self.limits.retry),
            false => self.limits.fetch,
        };
        let web = Web {
            fetch: &self.web,
            limit,
            end,
        };
        let answer = ask(&web);
        let slow_until = match &answer {
            Err(Failure::Timeout) => millis(self.web.now() + SLOW_FOR),
            _ => 0,
        };
        slow.store(slow_until, Ordering::Relaxed);
        answer
    }
}

/// The host of one of our addresses, with its port: for the log.
fn host(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    rest.split('/').next().unwrap_or(rest)
}

impl<F: Fetch> Source for Services<F> {
    fn search(&self, name: &str, within: &[String], lang: Lang) -> Result<Vec<Candidate>, Failure> {
        let Some(url) = open_meteo::search_url(&self.addresses.geocoding, name, lang) else {
            return Ok(Vec::new());
        };
        self.ask(
            What::Search,
            &self.addresses.geocoding,
            &|web| open_meteo::parse_places(&web.get(&url)?),
            &|web, base| {
                // It returns one place only, so it has to know all of it. That
                // it knows none proves nothing: the first failure stands.
                let whole = [&[name.to_owned()], within].concat().join(", ");
                let nowhere = || Failure::Nonsense("nothing to look for".to_owned());
                let url = wttr::search_url(base, &whole).ok_or_else(nowhere)?;
                let mut places = wttr::parse_places(&web.get(&url)?)?;
                // It guesses, across borders too: Paris in the Philippines.
                places.retain(|place| within.iter().all(|around| place.lies_in(around)));
                if places.is_empty() {
                    return Err(Failure::Nonsense("a place elsewhere".to_owned()));
                }
                Ok(places)
            },
        )
    }

    fn forecast(&self, at: Cell) -> Result<Report, Failure> {
        let url = open_meteo::forecast_url(&self.addresses.forecast, at);
        self.ask(
            What::Forecast,
            &self.addresses.forecast,
            &|web| open_meteo::parse_forecast(&web.get(&url)?),
            &|web, base| wttr::parse_forecast(&web.get(&wttr::forecast_url(base, at))?),
        )
    }
}

#[derive(Clone, Copy)]
enum What {
    Search,
    Forecast,
    Fallback,
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Search => "search",
            Self::Forecast => "forecast",
            Self::Fallback => "fallback",
        })
    }
}

/// What fetches during one call, with the time that the call has left.
struct Web<'a> {
    fetch: &'a dyn Fetch,
    limit: Duration,
    end: Instant,
}

impl Web<'_> {
    fn get(&self, url: &str) -> Result<String, Failure> {
        let left = self.end.saturating_duration_since(self.fetch.now());
        self.fetch.fetch(url, self.limit.min(left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    const FORECAST: &str = include_str!("fixtures/forecast.json");
    const PLACES: &str = include_str!("fixtures/places.json");
    const WTTR: &str = include_str!("fixtures/wttr.json");

    /// Answers with what it was given, in order, and takes its time.
    struct Script {
        answers: Mutex<Vec<(u64, Result<String, Failure>)>>,
        asked: Mutex<Vec<(String, u64)>>,
        start: Instant,
        passed: Mutex<Duration>,
    }

    impl Fetch for &Script {
        fn fetch(&self, url: &str, limit: Duration) -> Result<String, Failure> {
            let asked = (url.to_owned(), limit.as_secs());
            self.asked.lock().unwrap().push(asked);
            let (seconds, answer) = self.answers.lock().unwrap().remove(0);
            let taken = Duration::from_secs(seconds).min(limit);
            *self.passed.lock().unwrap() += taken;
            answer
        }

        fn now(&self) -> Instant {
            self.start + *self.passed.lock().unwrap()
        }
    }

    fn script(answers: Vec<(u64, Result<&str, Failure>)>) -> Script {
        let own =
            |(seconds, answer): (u64, Result<&str, Failure>)| (seconds, answer.map(str::to_owned));
        Script {
            answers: Mutex::new(answers.into_iter().map(own).collect()),
            asked: Mutex::default(),
            start: Instant::now(),
            passed: Mutex::default(),
        }
    }

    fn services(script: &Script) -> Services<&Script> {
        let addresses = Addresses {
            forecast: "http://f//".to_owned(),
            geocoding: "http://g/".to_owned(),
            fallback: Some("http://w/".to_owned()),
        };
        Services::with(addresses, Limits::default(), script)
    }

    fn cell() -> Cell {
        Cell::new(48.95, 2.25).unwrap()
    }

    /// The hosts asked, each with the seconds it had.
    fn asked(script: &Script) -> Vec<(String, u64)> {
        let asked = script.asked.lock().unwrap();
        asked
            .iter()
            .map(|(url, limit)| (url.chars().skip(7).take(2).collect(), *limit))
            .collect()
    }

    #[test]
    fn the_first_that_knows_is_the_only_one_asked() {
        let web = script(vec![(1, Ok(FORECAST)), (1, Ok(PLACES)), (1, Ok("{}"))]);
        let services = services(&web);
        assert!(services.forecast(cell()).is_ok());
        assert_eq!(services.search("Paris", &[], Lang::Fr).unwrap().len(), 3);
        // No such place is an answer.
        assert_eq!(services.search("Xyzzy", &[], Lang::Fr).unwrap(), []);
        let hosts = asked(&web);
        assert_eq!(
            hosts,
            [("f/", 8), ("g/", 8), ("g/", 8)].map(|(host, limit)| (host.to_owned(), limit))
        );
        let urls = web.asked.lock().unwrap();
        assert!(
            urls[0].0.starts_with("http://f/v1/forecast?latitude=48.95"),
            "{}",
            urls[0].0
        );
    }

    #[test]
    fn every_failure_of_the_first_leads_to_the_second() {
        for failure in [
            Err(Failure::Timeout),
            Err(Failure::Status(500)),
            Err(Failure::Unreachable("refused".to_owned())),
            Ok("<html>"),
            Ok(""),
            Ok("{\"error\":true,\"reason\":\"no\"}"),
        ] {
            let web = script(vec![(8, failure.clone()), (1, Ok(WTTR))]);
            let report = services(&web).forecast(cell()).unwrap();
            assert_eq!(report.provider, crate::weather::Provider::Wttr);
            let web = script(vec![(8, failure), (1, Ok(WTTR))]);
            let places = services(&web).search("Argenteuil", &[], Lang::En).unwrap();
            assert_eq!(places[0].spot.name, "Argenteuil");
            assert_eq!(asked(&web)[1], ("w/".to_owned(), 8));
        }
    }

    #[test]
    fn the_first_failure_is_the_one_reported() {
        let web = script(vec![
            (8, Err(Failure::Timeout)),
            (1, Err(Failure::Status(503))),
        ]);
        assert_eq!(services(&web).forecast(cell()), Err(Failure::Timeout));
        // That the second one knows no such place proves nothing.
        let web = script(vec![
            (1, Err(Failure::Status(500))),
            (1, Err(Failure::Status(404))),
        ]);
        let within = ["FR".to_owned()];
        let found = services(&web).search("Xyzzy", &within, Lang::En);
        assert_eq!(found, Err(Failure::Status(500)));
        let url = &web.asked.lock().unwrap()[1].0;
        assert_eq!(url, "http://w/~Xyzzy%2C%20FR?format=j1");
    }

    /// W10: the first failure stands when the second one is elsewhere.
    #[test]
    fn a_guess_elsewhere_is_no_answer() {
        let asked = |within: &[&str]| {
            let web = script(vec![(1, Err(Failure::Status(500))), (1, Ok(WTTR))]);
            let within: Vec<String> = within.iter().map(ToString::to_string).collect();
            services(&web).search("Argenteuil", &within, Lang::En)
        };
        for within in [
            &["FR"][..],
            &["frankreich"],
            &["Ile-de-France", "france"],
            &[],
        ] {
            let found = asked(within).unwrap();
            assert_eq!(found[0].spot.country.as_deref(), Some("FR"), "{within:?}");
        }
        for within in [
            &["CA"][..],
            &["Texas"],
            &["Ile-de-France", "Canada"],
            &["95100"],
        ] {
            assert_eq!(asked(within), Err(Failure::Status(500)), "{within:?}");
        }
    }

    #[test]
    fn a_call_has_one_time_limit() {
        let web = script(vec![
            (99, Err(Failure::Timeout)),
            (99, Err(Failure::Timeout)),
        ]);
        let short = Limits {
            fetch: Duration::from_secs(8),
            retry: Duration::from_secs(3),
            call: Duration::from_secs(11),
        };
        let addresses = services(&web).addresses;
        let services = Services::with(addresses.clone(), short, &web);
        assert_eq!(services.forecast(cell()), Err(Failure::Timeout));
        let limits: Vec<u64> = asked(&web).into_iter().map(|(_, limit)| limit).collect();
        assert_eq!(limits, [8, 3]);
        // With none left the second one is not asked.
        let web = script(vec![(99, Err(Failure::Timeout))]);
        let limits = Limits {
            fetch: short.call,
            ..short
        };
        let services = Services::with(addresses, limits, &web);
        assert_eq!(services.forecast(cell()), Err(Failure::Timeout));
    }

    /// A service that hangs costs its patience once, not with every question.
    #[test]
    fn who_hangs_has_less_time_for_a_minute() {
        let hang = || (99, Err(Failure::Timeout));
        let web = script(vec![
            hang(),
            hang(),
            hang(),
            hang(),
            (50, Ok(FORECAST)),
            (1, Ok(FORECAST)),
        ]);
        let services = services(&web);
        for _ in 0..4 {
            let _ = services.forecast(cell());
        }
        let limits: Vec<u64> = asked(&web).into_iter().map(|(_, limit)| limit).collect();
        assert_eq!(limits, [8, 8, 3, 3, 3, 8]);
    }

    #[test]
    fn nothing_is_asked_about_nothing_and_nobody_who_was_not_named() {
        let web = script(vec![(1, Err(Failure::Status(500)))]);
        let mut services = services(&web);
        for nothing in ["", " ", "\r\n", "\0"] {
            assert_eq!(services.search(nothing, &[], Lang::En), Ok(Vec::new()));
        }
        assert!(asked(&web).is_empty());
        services.addresses.fallback = None;
        assert_eq!(services.forecast(cell()), Err(Failure::Status(500)));
    }
}
