//! Any bytes as the answer of any weather service: a report that can be read
//! at any hour, a bounded list of places with names fit to show, or a failure.

use meshbot::services::{open_meteo, wttr};
use meshbot::weather::{Candidate, Failure, Report};

fn look_at_report(report: Report) {
    assert!(report.is_useful());
    assert!(report.hours.len() <= 240, "{} hours", report.hours.len());
    assert!(report.days.len() <= 16, "{} days", report.days.len());
    assert!(report.days.is_sorted_by_key(|day| day.date));
    let zone = report.time_zone();
    for day in &report.days {
        let _ = report.worst_sky(day.date, &zone);
        for number in [day.min, day.max, day.rain, day.wind].into_iter().flatten() {
            assert!(number.is_finite() && number.abs() <= 2_500.0);
        }
    }
    for hour in &report.hours {
        assert!(hour.rain.is_none_or(|mm| (0.0..=500.0).contains(&mm)));
        assert!(hour.sky.is_none_or(|sky| sky.severity() > 0));
    }
    let times = report.time.into_iter().chain([report.first_hour, 0]);
    for time in times {
        assert_eq!(report.hours_from(time, 72).count(), 72);
    }
}

fn look_at_places(places: Vec<Candidate>) {
    assert!(places.len() <= 10);
    for place in places {
        assert!(!place.spot.name.is_empty());
        let names = place.within.iter().chain([&place.spot.name]);
        for name in names.chain(&place.spot.region) {
            assert!(
                name.len() <= 100 && !name.contains(char::is_control),
                "{name:?}"
            );
        }
    }
}

fn look_at_failure(failure: Failure) {
    let Failure::Nonsense(what) = failure else {
        panic!("{failure:?} from a parser");
    };
    assert!(
        what.len() < 200 && !what.contains(char::is_control),
        "{what:?}"
    );
}

/// Hands `bytes` to the parser of each service.
pub fn run(bytes: &[u8]) {
    let body = String::from_utf8_lossy(bytes);
    for parse in [open_meteo::parse_forecast, wttr::parse_forecast] {
        parse(&body).map_or_else(look_at_failure, look_at_report);
    }
    for parse in [open_meteo::parse_places, wttr::parse_places] {
        parse(&body).map_or_else(look_at_failure, look_at_places);
    }
}
