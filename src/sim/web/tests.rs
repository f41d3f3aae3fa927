use std::io::{Read, Write};

use serde_json::Value;

use super::*;

/// Long enough for the slowest machine; nobody waits for it to pass.
const SOON: Duration = Duration::from_secs(20);
/// 2026-03-28T09:20 in Paris.
const NOW: i64 = 1_774_686_000;
const ALL: &str = "&hourly=precipitation,weather_code&daily=precipitation_sum,temperature_2m_min\
    &current=temperature_2m,weather_code&timezone=auto&forecast_days=5";

fn web() -> Web {
    Web::with_clock(|| NOW).unwrap()
}

fn connect(web: &Web, target: &str) -> TcpStream {
    let mut stream = TcpStream::connect(web.addr).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    stream
}

fn finish(mut stream: TcpStream) -> (String, String) {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    (head.to_owned(), body.to_owned())
}

fn get(web: &Web, target: &str) -> Value {
    serde_json::from_str(&finish(connect(web, target)).1).unwrap()
}

fn names(web: &Web, name: &str) -> Vec<String> {
    let answer = get(web, &format!("/v1/search?name={name}&count=10"));
    let Some(results) = answer.get("results") else {
        return Vec::new();
    };
    let told = |place: &Value| format!("{} {}", place["name"], place["country_code"]);
    let list = results.as_array().unwrap().iter();
    list.map(|place| told(place).replace('"', "")).collect()
}

#[test]
fn places_are_found_by_any_spelling() {
    let web = web();
    assert_eq!(
        names(&web, "argenteuil"),
        ["Argenteuil FR", "Argenteuil CA"]
    );
    assert_eq!(names(&web, "saint+etienne"), ["Saint-Étienne FR"]);
    assert_eq!(names(&web, "SAINT-%C3%89TIENNE"), ["Saint-Étienne FR"]);
    assert_eq!(names(&web, "TROMS%C3%98"), ["Tromsø NO"]);
    assert_eq!(names(&web, "Par"), ["Paris FR", "Paris US"]);
    assert_eq!(names(&web, "95100"), ["Argenteuil FR"]);
    assert_eq!(names(&web, "springfield").len(), 3);
    assert_eq!(names(&web, "llanfair").len(), 1);
    for nothing in ["x", "Pa", "Xyzzy", "%F0%9F%8C%A7", ""] {
        assert_eq!(names(&web, nothing), [""; 0], "{nothing}");
    }
    let answer = get(&web, "/v1/search?name=london&countryCode=GB&language=fr");
    assert_eq!(answer["results"][0]["country"], "Royaume-Uni");
    assert_eq!(get(&web, "/v1/search")["error"], true);
    assert_eq!(web.count(Service::Search), 15);
}

#[test]
fn the_hour_before_is_what_precipitation_tells() {
    let web = web();
    web.set_scenario(Scenario::Mild);
    let answer = get(
        &web,
        &format!("/v1/forecast?latitude=48.95&longitude=2.25{ALL}"),
    );
    assert_eq!(answer["timezone"], "Europe/Paris");
    assert_eq!(answer["utc_offset_seconds"], 3_600);
    assert_eq!(answer["current"]["time"], "2026-03-28T09:15");
    let (hourly, daily) = (&answer["hourly"], &answer["daily"]);
    assert_eq!(hourly["time"].as_array().unwrap().len(), 120);
    assert_eq!(hourly["time"][16], "2026-03-28T16:00");
    // A shower from 15 to 17.
    let wet: Vec<_> = (0..24)
        .filter(|&at| hourly["precipitation"][at] != 0.0)
        .collect();
    let showers: Vec<_> = (0..24)
        .filter(|&at| hourly["weather_code"][at] == 80)
        .collect();
    assert_eq!((wet, showers), (vec![16, 17], vec![15, 16]));
    assert_eq!(daily["precipitation_sum"][0], 1.6);
    assert_eq!(daily["time"][4], "2026-04-01");
}

#[test]
fn unix_times_are_true_times_in_every_zone() {
    let web = web();
    for (place, zone, offset) in [
        (
            "latitude=-43.95&longitude=-176.56",
            "Pacific/Chatham",
            49_500,
        ),
        ("latitude=27.7&longitude=85.32", "Asia/Kathmandu", 20_700),
        (
            "latitude=78.22&longitude=15.65",
            "Arctic/Longyearbyen",
            3_600,
        ),
        ("latitude=0&longitude=-30.1", "Etc/GMT+2", -7_200),
        ("latitude=0&longitude=0", "Etc/GMT+0", 0),
    ] {
        let answer = get(
            &web,
            &format!("/v1/forecast?{place}{ALL}&timeformat=unixtime"),
        );
        assert_eq!(answer["timezone"], zone);
        assert_eq!(answer["utc_offset_seconds"], offset);
        let first = answer["hourly"]["time"][0].as_i64().unwrap();
        assert_eq!((first + offset) % 86_400, 0, "{zone}");
        assert!((NOW - 86_400..=NOW).contains(&first));
        assert_eq!(answer["daily"]["time"][0], first);
        assert!(jiff::tz::TimeZone::get(zone).is_ok());
    }
}

#[test]
fn a_question_must_be_a_right_one() {
    let web = web();
    for wrong in [
        "longitude=2",
        "latitude=91&longitude=2",
        "latitude=x&longitude=2",
        "latitude=1&longitude=2&daily=precipitation_sum",
        "latitude=1&longitude=2&hourly=rainfall",
        "latitude=1&longitude=2&forecast_days=17",
        "latitude=1&longitude=2&temperature_unit=fahrenheit",
    ] {
        let (head, body) = finish(connect(&web, &format!("/v1/forecast?{wrong}")));
        assert!(head.starts_with("HTTP/1.1 400 "), "{wrong}: {head}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["error"], true, "{wrong}");
    }
    for nobody in ["/", "/v1/elevation", "/a/b?format=j1"] {
        let (head, _) = finish(connect(&web, nobody));
        assert!(head.starts_with("HTTP/1.1 404 "), "{nobody}: {head}");
    }
    let mut stream = TcpStream::connect(web.addr).unwrap();
    stream.write_all(b"\x16\x03\x01 hello, TLS").unwrap();
    assert!(finish(stream).0.starts_with("HTTP/1.1 400 "));
}

#[test]
fn scenarios_are_what_they_say() {
    let web = web();
    for (scenario, low, rain, code) in [
        (Scenario::HeavyRain, 8.0, 54.8, 61),
        (Scenario::Snow, -3.5, 10.0, 73),
        (Scenario::Cold, -18.0, 0.0, 0),
        (Scenario::Dry, 15.0, 0.0, 0),
        (Scenario::Drizzle, 8.0, 2.4, 51),
    ] {
        web.set_scenario(scenario);
        let answer = get(&web, &format!("/v1/forecast?latitude=1&longitude=2{ALL}"));
        assert_eq!(
            answer["daily"]["temperature_2m_min"][1], low,
            "{scenario:?}"
        );
        assert_eq!(
            answer["daily"]["precipitation_sum"][1], rain,
            "{scenario:?}"
        );
        assert_eq!(answer["current"]["weather_code"], code, "{scenario:?}");
    }
}

#[test]
fn wttr_tells_the_same_in_its_own_way() {
    let web = web();
    web.set_scenario(Scenario::Drizzle);
    let by_place = get(&web, "/48.95,2.25?format=j1");
    assert_eq!(
        by_place["current_condition"][0]["observation_time"],
        "08:20 AM"
    );
    assert_eq!(
        by_place["current_condition"][0]["localObsDateTime"],
        "2026-03-28 09:20 AM"
    );
    assert_eq!(
        by_place["nearest_area"][0]["areaName"][0]["value"],
        "Argenteuil"
    );
    assert_eq!(by_place["weather"][2]["date"], "2026-03-30");
    assert_eq!(by_place["weather"][0]["hourly"][7]["time"], "2100");
    assert_eq!(by_place["weather"][0]["hourly"][7]["precipMM"], "0.3");
    let by_name = get(&web, "/~argenteuil?format=j1");
    assert_eq!(by_name["weather"], by_place["weather"]);
    for unknown in [
        "/~Xyzzy?format=j1",
        "/~?format=j1",
        "/91,0?format=j1",
        "/moon?format=j1",
    ] {
        let (head, _) = finish(connect(&web, unknown));
        assert!(head.starts_with("HTTP/1.1 404 "), "{unknown}: {head}");
    }
}

#[test]
fn who_hangs_does_not_keep_others_waiting() {
    let web = web();
    web.set_fault(Service::Search, Some(Fault::Hang));
    let hanging = connect(&web, "/v1/search?name=paris");
    assert!(web.wait_for(Service::Search, 1, SOON));
    web.set_fault(Service::Search, Some(Fault::Slow));
    let slow = connect(&web, "/v1/search?name=paris");
    assert!(web.wait_for(Service::Search, 2, SOON));
    web.set_fault(Service::Search, None);
    assert_eq!(names(&web, "paris").len(), 2);
    web.release();
    assert_eq!(finish(hanging), (String::new(), String::new()));
    assert!(finish(slow).1.contains("Texas"));
    // Nor the end.
    web.set_fault(Service::Wttr, Some(Fault::Hang));
    let hanging = connect(&web, "/~paris?format=j1");
    assert!(web.wait_for(Service::Wttr, 1, SOON));
    assert!(!web.wait_for(Service::Forecast, 1, Duration::ZERO));
    assert_eq!(web.targets().len(), 4);
    drop(web);
    assert_eq!(finish(hanging), (String::new(), String::new()));
}
