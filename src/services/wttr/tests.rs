use super::*;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

const ANSWER: &str = include_str!("../fixtures/wttr.json");
/// 2026-03-27T00:00 in Paris.
const MIDNIGHT: i64 = 1_774_566_000;

fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut answer: Value = serde_json::from_str(ANSWER).unwrap();
    change(&mut answer);
    answer.to_string()
}

fn report(change: impl FnOnce(&mut Value)) -> Report {
    parse_forecast(&changed(change)).unwrap()
}

#[test]
fn a_clean_answer_is_a_report() {
    let report = parse_forecast(ANSWER).unwrap();
    assert_eq!(report.provider, Provider::Wttr);
    assert_eq!(report.time, Some(MIDNIGHT + 9 * HOUR + 12 * 60));
    assert_eq!((report.zone, report.offset), (None, 3_600));
    assert_eq!(
        report.current,
        Some(Current {
            celsius: Some(7.0),
            wind: Some(11.0),
            humidity: Some(81.0),
            sky: Some(Sky(2)),
        })
    );
    assert_eq!((report.first_hour, report.hours.len()), (MIDNIGHT, 72));
    for (at, hour) in report.hours.iter().enumerate() {
        let step = u8::try_from(at % 24 / 3).unwrap();
        let is_wet = (24..48).contains(&at);
        let rain = if is_wet { f32::from(step) / 10.0 } else { 0.0 };
        assert!((hour.rain.unwrap() - rain).abs() < 1e-4, "{at}: {hour:?}");
        let sky = if is_wet && step > 0 { 61 } else { 2 };
        assert_eq!(hour.sky, Some(Sky(sky)), "{at}");
    }
    let dates: Vec<_> = report.days.iter().map(|day| day.date).collect();
    assert_eq!(
        dates,
        [date(2026, 3, 27), date(2026, 3, 28), date(2026, 3, 29)]
    );
    let wet = report.days[1];
    assert_eq!(
        (wet.min, wet.max, wet.wind),
        (Some(0.0), Some(11.0), Some(17.0))
    );
    assert!((wet.rain.unwrap() - 8.4).abs() < 1e-3);
}

#[test]
fn the_zone_is_what_two_clocks_say() {
    let offset = |local: &str, utc: &str, longitude: &str| {
        report(|answer| {
            answer["current_condition"][0]["localObsDateTime"] = json!(local);
            answer["current_condition"][0]["observation_time"] = json!(utc);
            answer["nearest_area"][0]["longitude"] = json!(longitude);
        })
        .offset
    };
    for (local, utc, longitude, minutes) in [
        ("2026-03-27 09:12 AM", "07:12 AM", "2.25", 120),
        ("2026-03-27 12:30 AM", "11:30 PM", "2.25", 60),
        // India, Nepal; Chatham and Samoa, which share a clock face with others.
        ("2026-03-27 05:32 PM", "12:01 PM", "77.2", 330),
        ("2026-03-27 05:45 PM", "12:00 PM", "85.3", 345),
        ("2026-03-28 01:45 AM", "12:00 PM", "-176.5", 825),
        ("2026-03-27 01:00 AM", "12:00 PM", "-170.7", -660),
        ("2026-03-28 01:00 AM", "12:00 PM", "-171.8", -660),
        ("2026-03-28 01:00 AM", "12:00 PM", "175", 780),
        ("2026-03-27 02:00 AM", "12:00 PM", "-157.8", -600),
        ("2026-03-27 14:12", "12:12", "24.9", 120),
        // No clock of this world, or none at all: the sun decides.
        ("2026-03-27 09:12 AM", "07:02 PM", "2.25", 0),
        ("2026-03-27 09:12 AM", "08:04 AM", "18.9", 60),
        ("yesterday", "08:12 AM", "151.2", 600),
        ("2026-03-27 09:12 AM", "noon", "-74", -300),
    ] {
        assert_eq!(
            offset(local, utc, longitude),
            minutes * 60,
            "{local} {utc} {longitude}"
        );
    }
    // Without a place the clocks alone, within half a day.
    let nowhere = report(|answer| answer["nearest_area"] = json!([]));
    assert_eq!(nowhere.offset, 3_600);
    let nothing = report(|answer| {
        answer["nearest_area"] = Value::Null;
        answer["current_condition"] = Value::Null;
    });
    assert_eq!(
        (nothing.offset, nothing.time, nothing.current),
        (0, None, None)
    );
}

#[test]
fn every_condition_has_a_code_that_we_know() {
    const CODES: [u16; 48] = [
        113, 116, 119, 122, 143, 176, 179, 182, 185, 200, 227, 230, 248, 260, 263, 266, 281, 284,
        293, 296, 299, 302, 305, 308, 311, 314, 317, 320, 323, 326, 329, 332, 335, 338, 350, 353,
        356, 359, 362, 365, 368, 371, 374, 377, 386, 389, 392, 395,
    ];
    for code in 0..1_000 {
        let known = sky(Some(&json!(code)));
        assert_eq!(known.is_some(), CODES.contains(&code), "{code}");
        assert!(known.is_none_or(|sky| sky.severity() > 0), "{code}");
        assert_eq!(sky(Some(&json!(code.to_string()))), known);
    }
    let code = |code| sky(Some(&json!(code))).unwrap();
    assert!(code(395).severity() > code(371).severity());
    assert!(code(314).severity() > code(311).severity());
    assert!(code(359).severity() > code(353).severity());
}

#[test]
fn odd_steps_are_understood() {
    let report = report(|answer| {
        // By the hour, one missing, one twice, some absurd; numbers as numbers.
        answer["weather"][1]["hourly"] = json!([
            {"time": 0, "precipMM": 1, "weatherCode": 296},
            {"time": "100", "precipMM": "2.0"},
            {"time": "300", "precipMM": 3.5, "windspeedKmph": 44},
            {"time": "300", "precipMM": 9},
            {"time": "2300", "precipMM": "0.5"},
            {"time": "2400", "precipMM": "7"},
            {"time": "-100", "precipMM": "7"},
            {"time": "130", "precipMM": "7"},
            {"time": "1200", "precipMM": "-4", "weatherCode": "nice"},
            {"precipMM": "7"},
            "700"
        ]);
    });
    let rain: Vec<_> = report.hours[24..48].iter().map(|hour| hour.rain).collect();
    let third = Some(3.5 / 3.0);
    assert_eq!(
        rain[..6],
        [Some(1.0), Some(1.0), Some(1.0), third, third, third]
    );
    assert!(rain[6..23].iter().all(Option::is_none));
    assert_eq!(rain[23], Some(0.5));
    assert_eq!(report.hours[48].rain, Some(0.0));
    let day = report.days[1];
    assert_eq!((day.rain, day.wind), (Some(7.0), Some(44.0)));
}

#[test]
fn what_is_no_forecast_is_nonsense() {
    let half = &ANSWER[..ANSWER.len() / 2];
    let page = "<html>Sorry, we are running out of queries";
    let undated = changed(|answer| {
        for day in answer["weather"].as_array_mut().unwrap() {
            day["date"] = json!("soon");
        }
    });
    for body in [
        "",
        "null",
        "{}",
        "[]",
        "Unknown location",
        page,
        half,
        &undated,
    ] {
        let failure = parse_forecast(body);
        assert!(matches!(failure, Err(Failure::Nonsense(_))), "{body}");
        if body != undated {
            let failure = parse_places(body);
            assert!(matches!(failure, Err(Failure::Nonsense(_))), "{body}");
        }
    }
    // Wrapped once more it is the same.
    let wrapped = format!("{{\"data\":{ANSWER}}}");
    assert_eq!(parse_forecast(&wrapped), parse_forecast(ANSWER));
}

#[test]
fn the_place_is_read() {
    let places = parse_places(ANSWER).unwrap();
    assert_eq!(places.len(), 1);
    assert_eq!(places[0].spot.title(60), "Argenteuil, Ile-de-France, FR");
    assert_eq!(places[0].spot.cell.to_string(), "48.95,2.25");
    assert_eq!(places[0].population, 101_475);
    assert_eq!(places[0].within, ["France", "Ile-de-France"]);
    let bare = changed(|answer| {
        let area = answer["nearest_area"][0].as_object_mut().unwrap();
        area.remove("region");
        area.insert("population".to_owned(), json!("-5"));
    });
    let places = parse_places(&bare).unwrap();
    assert_eq!(places[0].spot.title(60), "Argenteuil, FR");
    assert_eq!(places[0].population, 0);
}

#[test]
fn names_cannot_be_mistaken_for_something_else() {
    let url = |name| search_url("https://w", name).unwrap();
    assert_eq!(
        url("@evil.example"),
        "https://w/~%40evil%2Eexample?format=j1"
    );
    assert_eq!(url(":help"), "https://w/~%3Ahelp?format=j1");
    assert_eq!(url("moon"), "https://w/~moon?format=j1");
    assert_eq!(
        url("../../?x"),
        "https://w/~%2E%2E%2F%2E%2E%2F%3Fx?format=j1"
    );
    assert_eq!(search_url("https://w", " \r\n"), None);
    let cell = Cell::new(-54.8, -68.3).unwrap();
    assert_eq!(
        forecast_url("https://w", cell),
        "https://w/-54.80,-68.30?format=j1"
    );
}

proptest! {
    #[test]
    fn a_damaged_answer_is_a_report_or_a_failure(
        cut in 0..ANSWER.len(),
        changes in prop::collection::vec((0..ANSWER.len(), any::<u8>()), 0..6),
    ) {
        let mut bytes = ANSWER.as_bytes().to_vec();
        for (at, byte) in &changes {
            bytes[*at] = *byte;
        }
        if changes.len() % 2 == 0 {
            bytes.truncate(cut);
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(report) = parse_forecast(&text) {
            prop_assert!(report.is_useful());
            prop_assert!(report.hours.len() <= 240);
        }
        if let Ok(places) = parse_places(&text) {
            prop_assert_eq!(places.len(), 1);
        }
    }
}
