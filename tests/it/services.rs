//! The weather services asked over real sockets: what they can do wrong, and
//! that the next question is answered all the same.

use std::time::{Duration, Instant};

use meshbot::lang::Lang;
use meshbot::net::Guard;
use meshbot::services::http::Http;
use meshbot::services::weather::{Addresses, Limits, Services};
use meshbot::sim::web::{Fault, Scenario, Service, Web};
use meshbot::weather::{Cell, Failure, Found, Provider, Query, Report, Sky, Source};

/// 2026-03-28T09:20 in Paris.
const NOW: i64 = 1_774_686_000;
const HOUR: i64 = 3_600;

fn web() -> Web {
    Web::with_clock(|| NOW).unwrap()
}

fn addresses(web: &Web, fallback: bool) -> Addresses {
    Addresses {
        forecast: web.base_url(),
        geocoding: format!("{}/", web.base_url()),
        fallback: fallback.then(|| web.base_url()),
    }
}

/// As long as it takes, but for a fault that outlasts any patience.
fn patience(fault: Fault) -> Duration {
    match fault {
        Fault::Hang | Fault::Slow => Duration::from_millis(250),
        _ => Duration::from_secs(20),
    }
}

fn with_fetch(web: &Web, fetch: Duration, fallback: bool) -> Services {
    let limits = Limits {
        fetch,
        retry: fetch,
        call: Duration::from_secs(20),
    };
    Services::with(
        addresses(web, fallback),
        limits,
        Http::new(&Guard::of_nobody()),
    )
}

/// With both, and all the patience that is needed.
fn both(web: &Web) -> Services {
    Services::new(addresses(web, true), &Guard::of_nobody())
}

fn argenteuil() -> Cell {
    Cell::new(48.947_9, 2.247_4).unwrap()
}

#[test]
fn a_name_becomes_a_forecast() {
    let web = web();
    let services = both(&web);
    let query = Query::parse("argenteuil").unwrap();
    let found = query.find(&services, Lang::Fr, Some("FR")).unwrap();
    let Found::Spot(spot) = found else {
        panic!("{found:?}")
    };
    assert_eq!(spot.title(60), "Argenteuil, Île-de-France, FR");
    assert_eq!(spot.zone.as_deref(), Some("Europe/Paris"));
    web.set_scenario(Scenario::HeavyRain);
    let report = services.forecast(spot.cell).unwrap();
    assert_eq!(report.provider, Provider::OpenMeteo);
    assert_eq!(report.zone.as_deref(), Some("Europe/Paris"));
    assert_eq!(report.now(Duration::ZERO, Some(NOW)), Some(NOW));
    assert_eq!((report.days.len(), report.hours.len()), (5, 120));
    let from_now: Vec<_> = report.hours_from(NOW, 24).collect();
    // It is 9:20: the hour of 9 is the first; at 15 it pours.
    assert_eq!(from_now[0].0, NOW - 20 * 60);
    assert_eq!(from_now[6].1.unwrap().rain, Some(4.5));
    assert_eq!(from_now[6].1.unwrap().sky, Some(Sky(65)));
    let sum: f32 = report.hours[..24].iter().filter_map(|hour| hour.rain).sum();
    assert!((sum - report.days[0].rain.unwrap()).abs() < 0.01);
    assert_eq!(
        (web.count(Service::Search), web.count(Service::Forecast)),
        (1, 1)
    );
    assert_eq!(web.count(Service::Wttr), 0);
}

#[test]
fn towns_are_found_by_country_state_and_postcode() {
    let web = web();
    let services = both(&web);
    let found = |text: &str, country| {
        let found = Query::parse(text)
            .unwrap()
            .find(&services, Lang::En, country);
        match found.unwrap() {
            Found::Spot(spot) => spot.title(80),
            Found::Several(spots) => spots
                .iter()
                .map(|spot| spot.title(80))
                .collect::<Vec<_>>()
                .join(" or "),
            Found::Guess(spot) => panic!("{spot:?} is certain"),
            Found::Nothing => "nothing".to_owned(),
        }
    };
    assert_eq!(found("95100", Some("FR")), "Argenteuil, Île-de-France, FR");
    assert_eq!(
        found("Argenteuil, Canada", Some("FR")),
        "Argenteuil, Quebec, CA"
    );
    assert_eq!(found("paris texas", Some("FR")), "Paris, Texas, US");
    assert_eq!(
        found("st etienne", None),
        "Saint-Étienne, Auvergne-Rhône-Alpes, FR"
    );
    assert_eq!(found("springfield", None), "Springfield, Missouri, US");
    assert_eq!(
        found("springfield illinois", None),
        "Springfield, Illinois, US"
    );
    assert_eq!(found("london", Some("CA")), "London, Ontario, CA");
    assert_eq!(found("xyzzy", None), "nothing");
    // W2, W3, W4, W6, W11.
    for (text, country, expected) in [
        ("springfield, IL", None, "Springfield, Illinois, US"),
        ("springfield il", Some("US"), "Springfield, Illinois, US"),
        ("portland, me", None, "Portland, Maine, US"),
        ("portland, oregon, usa", None, "Portland, Oregon, US"),
        ("birmingham, uk", None, "Birmingham, England, GB"),
        ("birmingham, USA", Some("GB"), "Birmingham, Alabama, US"),
        ("argenteuil, 95", None, "Argenteuil, Île-de-France, FR"),
        ("95100 argenteuil", None, "Argenteuil, Île-de-France, FR"),
        ("9400 wolfsberg", Some("CH"), "Wolfsberg, Carinthia, AT"),
        ("wolfsberg 9400", Some("CH"), "Wolfsberg, Carinthia, AT"),
        (
            "andorre la vieille",
            None,
            "Andorre-la-Vieille, Andorra la Vella, AD",
        ),
        ("frankfurt oder", None, "Frankfurt (Oder), Brandenburg, DE"),
        ("frankfurt/oder", None, "Frankfurt (Oder), Brandenburg, DE"),
        (
            "Frankfurt (Oder)",
            None,
            "Frankfurt (Oder), Brandenburg, DE",
        ),
        (
            "villeneuve",
            None,
            "Villeneuve, Finistère, Bretagne, FR or Villeneuve, Morbihan, Bretagne, FR",
        ),
        ("villeneuve, 56", None, "Villeneuve, Morbihan, Bretagne, FR"),
    ] {
        let before = web.count(Service::Search);
        assert_eq!(found(text, country), expected, "{text}");
        assert!(web.count(Service::Search) - before <= 8, "{text}");
    }
    let long = found(
        "llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        None,
    );
    assert!(long.ends_with("gogogoch, Wales, GB"), "{long}");
}

#[test]
fn every_fault_has_its_failure_and_the_next_question_its_answer() {
    let web = web();
    let nonsense = |failure: &Failure| matches!(failure, Failure::Nonsense(_));
    for (fault, is_right) in [
        (
            Fault::Status(500),
            (|f| *f == Failure::Status(500)) as fn(&Failure) -> bool,
        ),
        (Fault::Status(429), |f| *f == Failure::Status(429)),
        (Fault::Hang, |f| *f == Failure::Timeout),
        (Fault::Slow, |f| *f == Failure::Timeout),
        (Fault::Empty, nonsense),
        (Fault::Huge, nonsense),
        (Fault::Html, nonsense),
        (Fault::Garbage, nonsense),
        (Fault::CutOff, nonsense),
    ] {
        let services = with_fetch(&web, patience(fault), false);
        for service in [Service::Forecast, Service::Search] {
            web.set_fault(service, Some(fault));
            let failure = match service {
                Service::Forecast => services.forecast(argenteuil()).unwrap_err(),
                _ => services.search("paris", &[], Lang::En).unwrap_err(),
            };
            assert!(is_right(&failure), "{service:?} {fault:?}: {failure:?}");
            // No room for a body in a failure, no trace of what was asked.
            let told = failure.to_string();
            assert!(told.len() < 200 && !told.contains("paris"), "{told}");
            web.set_fault(service, None);
        }
        let patient = both(&web);
        assert!(patient.forecast(argenteuil()).is_ok(), "after {fault:?}");
        assert_eq!(patient.search("paris", &[], Lang::En).unwrap().len(), 2);
    }
}

#[test]
fn the_second_service_may_fail_as_well() {
    let web = web();
    web.set_fault(Service::Forecast, Some(Fault::Status(503)));
    web.set_fault(Service::Search, Some(Fault::Status(503)));
    for fault in [
        Fault::Status(500),
        Fault::Hang,
        Fault::Slow,
        Fault::Empty,
        Fault::Huge,
        Fault::Html,
        Fault::Garbage,
        Fault::CutOff,
    ] {
        web.set_fault(Service::Wttr, Some(fault));
        let services = with_fetch(&web, patience(fault), true);
        let first = Failure::Status(503);
        assert_eq!(
            services.forecast(argenteuil()),
            Err(first.clone()),
            "{fault:?}"
        );
        assert_eq!(
            services.search("paris", &[], Lang::En),
            Err(first),
            "{fault:?}"
        );
        web.set_fault(Service::Wttr, None);
        let report = both(&web).forecast(argenteuil()).unwrap();
        assert_eq!(report.provider, Provider::Wttr);
    }
    web.set_fault(Service::Wttr, Some(Fault::WrongTypes));
    assert!(both(&web).forecast(argenteuil()).is_ok());
    assert_eq!(
        both(&web).search("paris", &[], Lang::En).unwrap()[0]
            .spot
            .name,
        "Paris"
    );
    // That the second one knows no such place does not make it an answer.
    web.set_fault(Service::Wttr, Some(Fault::NoSuchPlace));
    let found = both(&web).search("paris", &[], Lang::En);
    assert_eq!(found, Err(Failure::Status(503)));
}

#[test]
fn odd_types_and_unknown_places_are_no_failures() {
    let web = web();
    let services = both(&web);
    let clean = services.forecast(argenteuil()).unwrap();
    for service in [Service::Forecast, Service::Search] {
        web.set_fault(service, Some(Fault::WrongTypes));
    }
    let odd = services.forecast(argenteuil()).unwrap();
    assert_eq!(odd.first_hour, clean.first_hour);
    assert_eq!((odd.current, odd.zone), (None, None));
    assert_eq!(odd.hours[20], clean.hours[20]);
    assert_eq!(
        services.search("paris", &[], Lang::En).unwrap()[0].population,
        2_138_551
    );
    web.set_fault(Service::Search, Some(Fault::NoSuchPlace));
    assert_eq!(services.search("paris", &[], Lang::En), Ok(Vec::new()));
    web.set_fault(Service::Forecast, Some(Fault::NoSuchPlace));
    let by_other = services.forecast(argenteuil()).unwrap();
    assert_eq!(by_other.provider, Provider::Wttr);
    assert_eq!(web.count(Service::Wttr), 1);
}

#[test]
fn the_second_service_tells_the_same() {
    let web = web();
    for scenario in [
        Scenario::Mild,
        Scenario::HeavyRain,
        Scenario::Snow,
        Scenario::Cold,
        Scenario::Dry,
        Scenario::Drizzle,
    ] {
        web.set_scenario(scenario);
        web.set_fault(Service::Forecast, None);
        let services = both(&web);
        for place in [
            "argenteuil",
            "sydney",
            "kathmandu",
            "waitangi",
            "longyearbyen",
        ] {
            web.set_fault(Service::Search, None);
            let spot = &services.search(place, &[], Lang::En).unwrap()[0].spot;
            web.set_fault(Service::Forecast, None);
            let first = services.forecast(spot.cell).unwrap();
            web.set_fault(Service::Forecast, Some(Fault::Status(503)));
            let second = services.forecast(spot.cell).unwrap();
            assert_eq!(second.provider, Provider::Wttr);
            alike(&first, &second, &format!("{scenario:?} {place}"));
            web.set_fault(Service::Search, Some(Fault::Garbage));
            let other = &services.search(place, &[], Lang::En).unwrap()[0].spot;
            assert_eq!((&other.name, other.cell), (&spot.name, spot.cell));
        }
    }
}

/// The same weather, up to what wttr.in rounds.
fn alike(first: &Report, second: &Report, which: &str) {
    assert_eq!(first.offset, second.offset, "{which}");
    assert_eq!(first.first_hour, second.first_hour, "{which}");
    assert!(
        (first.time.unwrap() - second.time.unwrap()).abs() < HOUR,
        "{which}"
    );
    for (one, other) in first.days.iter().zip(&second.days) {
        assert_eq!(one.date, other.date, "{which}");
        for (one, other, most) in [
            (one.min, other.min, 0.6),
            (one.max, other.max, 0.6),
            (one.rain, other.rain, 0.01),
        ] {
            assert!(
                (one.unwrap() - other.unwrap()).abs() < most,
                "{which} {one:?} {other:?}"
            );
        }
    }
    let sum = |report: &Report| -> f32 { report.hours[..72].iter().filter_map(|h| h.rain).sum() };
    assert!((sum(first) - sum(second)).abs() < 0.1, "{which}");
}

#[test]
fn when_both_fail_the_first_failure_is_told_in_time() {
    let web = web();
    web.set_fault(Service::Forecast, Some(Fault::Hang));
    web.set_fault(Service::Wttr, Some(Fault::Status(500)));
    let services = with_fetch(&web, Duration::from_millis(100), true);
    assert_eq!(services.forecast(argenteuil()), Err(Failure::Timeout));
    // A request may still be on its way when its client has given up.
    for service in [Service::Forecast, Service::Wttr] {
        assert!(web.wait_for(service, 1, Duration::from_secs(20)));
    }
    web.set_fault(Service::Wttr, Some(Fault::Hang));
    let limits = Limits {
        fetch: Duration::from_secs(5),
        retry: Duration::from_secs(5),
        call: Duration::from_millis(150),
    };
    let services = Services::with(
        addresses(&web, true),
        limits,
        Http::new(&Guard::of_nobody()),
    );
    let started = Instant::now();
    assert_eq!(services.forecast(argenteuil()), Err(Failure::Timeout));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_slow_answer_is_an_answer_and_two_clients_do_not_wait_for_each_other() {
    let web = web();
    web.set_fault(Service::Forecast, Some(Fault::Slow));
    let services = both(&web);
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| services.forecast(argenteuil()));
        assert!(web.wait_for(Service::Forecast, 1, Duration::from_secs(20)));
        assert_eq!(services.search("paris", &[], Lang::En).unwrap().len(), 2);
        web.release();
        assert!(slow.join().unwrap().is_ok());
    });
}

#[test]
fn what_somebody_typed_stays_where_it_belongs() {
    let web = web();
    web.set_fault(Service::Search, Some(Fault::Status(500)));
    let services = both(&web);
    for (text, encoded) in [
        ("../../?x", "%2E%2E%2F%2E%2E%2F%3Fx"),
        ("a&b=c#d%2F", "a%26b%3Dc%23d%252F"),
        ("@evil.example", "%40evil%2Eexample"),
        ("x\r\nHost: evil", "xHost%3A%20evil"),
        ("Château\u{0}roux", "Ch%C3%A2teauroux"),
    ] {
        assert_eq!(
            services.search(text, &[], Lang::En),
            Err(Failure::Status(500)),
            "{text:?}"
        );
        let targets = web.targets();
        let [.., first, second] = &targets[..] else {
            panic!("{targets:?}")
        };
        let expected = format!("/v1/search?name={encoded}&count=10&language=en&format=json");
        assert_eq!(*first, expected);
        assert_eq!(*second, format!("/~{encoded}?format=j1"));
    }
    for nothing in ["", "  ", "\r\n\u{0}"] {
        let before = web.targets().len();
        assert_eq!(services.search(nothing, &[], Lang::En), Ok(Vec::new()));
        assert_eq!(web.targets().len(), before);
    }
}

#[test]
fn no_service_no_tls_and_no_such_host_are_unreachable() {
    let web = web();
    let tls = web.base_url().replace("http:", "https:");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    // Longer than a label may be: the resolver refuses without asking anybody.
    let nowhere = format!("https://{}.invalid", "x".repeat(64));
    for base in [tls, closed, nowhere] {
        let mut addresses = addresses(&web, false);
        addresses.forecast = base.clone();
        let failure = Services::new(addresses, &Guard::of_nobody()).forecast(argenteuil());
        assert!(
            matches!(failure, Err(Failure::Unreachable(_))),
            "{base}: {failure:?}"
        );
    }
    assert_eq!(web.count(Service::Forecast), 0);
}
