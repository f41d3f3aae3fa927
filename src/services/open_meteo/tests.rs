use super::*;
use crate::weather::{Hour, Query};
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::json;

const FORECAST: &str = include_str!("../fixtures/forecast.json");
const PLACES: &str = include_str!("../fixtures/places.json");
/// 2026-03-28T00:00 in Paris, the day before the clock changes.
const MIDNIGHT: i64 = 1_774_652_400;

/// The clean answer, changed.
fn changed(change: impl FnOnce(&mut Value)) -> String {
    let mut answer: Value = serde_json::from_str(FORECAST).unwrap();
    change(&mut answer);
    answer.to_string()
}

fn report(change: impl FnOnce(&mut Value)) -> Report {
    parse_forecast(&changed(change)).unwrap()
}

fn nonsense(body: &str) -> String {
    match parse_forecast(body) {
        Err(Failure::Nonsense(what)) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_clean_answer_is_a_report() {
    let report = parse_forecast(FORECAST).unwrap();
    let hours: Vec<Hour> = (0..48_u8)
        .map(|n| Hour {
            // What was stamped an hour later fell in this one.
            rain: (n < 47).then(|| f32::from((n + 1) % 24) / 10.0),
            sky: Some(Sky(if n < 24 { n / 6 } else { 61 })),
        })
        .collect();
    let day = |date, min, max, rain, wind| Day {
        date,
        min: Some(min),
        max: Some(max),
        rain: Some(rain),
        wind: Some(wind),
    };
    let expected = Report {
        provider: Provider::OpenMeteo,
        time: Some(MIDNIGHT + 9 * HOUR + 900),
        zone: Some("Europe/Paris".to_owned()),
        offset: 3_600,
        current: Some(Current {
            celsius: Some(7.4),
            wind: Some(11.2),
            humidity: Some(81.0),
            sky: Some(Sky(2)),
        }),
        first_hour: MIDNIGHT,
        hours,
        days: vec![
            day(date(2026, 3, 28), -1.5, 12.3, 0.0, 18.4),
            day(date(2026, 3, 29), 4.0, 9.8, 27.6, 33.1),
        ],
    };
    assert_eq!(report, expected);
}

#[test]
fn local_times_are_understood() {
    let clean = parse_forecast(FORECAST).unwrap();
    let local = report(|answer| {
        let iso = |time: &Value, form: &str| {
            let time = Timestamp::from_second(time.as_i64().unwrap() + 3_600).unwrap();
            json!(time.strftime(form).to_string())
        };
        for time in answer["hourly"]["time"].as_array_mut().unwrap() {
            *time = iso(time, "%Y-%m-%dT%H:%M");
        }
        for time in answer["daily"]["time"].as_array_mut().unwrap() {
            *time = iso(time, "%Y-%m-%d");
        }
        answer["current"]["time"] = iso(&answer["current"]["time"], "%Y-%m-%dT%H:%M");
    });
    assert_eq!(local, clean);
}

#[test]
fn numbers_as_texts_are_numbers() {
    fn dress(value: &mut Value) {
        match value {
            Value::Number(number) => *value = json!(number.to_string()),
            Value::Array(values) => values.iter_mut().for_each(dress),
            Value::Object(values) => values.values_mut().for_each(dress),
            _ => {}
        }
    }
    assert_eq!(report(dress), parse_forecast(FORECAST).unwrap());
}

#[test]
fn what_is_missing_is_missing_and_nothing_else() {
    let clean = parse_forecast(FORECAST).unwrap();
    let holes = report(|answer| {
        answer["hourly"]["precipitation"][3] = Value::Null;
        answer["hourly"]["weather_code"][3] = json!("?");
        answer["hourly"]["time"][10] = Value::Null;
        answer["daily"]["wind_speed_10m_max"] = json!([Value::Null]);
        answer.as_object_mut().unwrap().remove("current");
    });
    let mut expected = clean.clone();
    expected.hours[2].rain = None;
    expected.hours[3].sky = None;
    expected.hours[9].rain = None;
    expected.hours[10].sky = None;
    expected.days.iter_mut().for_each(|day| day.wind = None);
    (expected.current, expected.time) = (None, None);
    assert_eq!(holes, expected);

    let short = report(|answer| {
        let rain = answer["hourly"]["precipitation"].as_array_mut().unwrap();
        rain.truncate(5);
        answer["hourly"]
            .as_object_mut()
            .unwrap()
            .remove("weather_code");
    });
    assert_eq!(short.hours.len(), 4);
    assert!(short.hours.iter().all(|hour| hour.sky.is_none()));
}

#[test]
fn what_cannot_be_is_not_told() {
    let report = report(|answer| {
        answer["daily"]["temperature_2m_max"] = json!([1e9, "NaN"]);
        answer["daily"]["wind_speed_10m_max"] = json!([-1, 9_999]);
        answer["hourly"]["precipitation"][2] = json!(-0.1);
        answer["hourly"]["precipitation"][3] = json!(70_000);
        answer["hourly"]["weather_code"][1] = json!(44);
        answer["hourly"]["weather_code"][2] = json!(300);
        answer["current"]["relative_humidity_2m"] = json!(101);
        answer["current"]["time"] = json!(12);
        answer["timezone"] = json!("Mars/\u{202e}Olympus");
    });
    assert_eq!((report.days[0].max, report.days[1].max), (None, None));
    assert_eq!((report.days[0].wind, report.days[1].wind), (None, None));
    assert_eq!((report.hours[1].rain, report.hours[2].rain), (None, None));
    assert_eq!((report.hours[1].sky, report.hours[2].sky), (None, None));
    assert_eq!(report.current.unwrap().humidity, None);
    assert_eq!((report.time, report.zone), (None, None));
}

#[test]
fn gaps_and_repetitions_of_hours_are_straightened() {
    let clean = parse_forecast(FORECAST).unwrap();
    let report = report(|answer| {
        for column in ["time", "precipitation", "weather_code"] {
            let values = answer["hourly"][column].as_array_mut().unwrap();
            // The seventh is missing, the third comes twice, the last first.
            values.remove(7);
            values.insert(4, values[3].clone());
            values.rotate_right(1);
        }
        answer["hourly"]["precipitation"][5] = json!(99);
    });
    let mut expected = clean;
    expected.hours[6].rain = None;
    expected.hours[7].sky = None;
    assert_eq!(report, expected);
}

#[test]
fn days_keep_their_dates_where_the_clock_changes() {
    // In summer midnight is an hour earlier in universal time.
    let spring = report(|answer| answer["daily"]["time"][1] = json!(MIDNIGHT + 47 * HOUR));
    assert_eq!(spring.days[1].date, date(2026, 3, 30));
    let autumn = report(|answer| {
        let before = 1_792_879_200; // 2026-10-25T00:00 in Paris, +02:00
        answer["utc_offset_seconds"] = json!(7_200);
        answer["daily"]["time"] = json!([before, before + 25 * HOUR]);
    });
    let dates: Vec<_> = autumn.days.iter().map(|day| day.date).collect();
    assert_eq!(dates, [date(2026, 10, 25), date(2026, 10, 26)]);
}

#[test]
fn zones_with_half_hours_and_without_names_work() {
    let india = report(|answer| {
        answer["timezone"] = json!("Asia/Kolkata");
        answer["utc_offset_seconds"] = json!(19_800);
        for section in ["hourly", "daily"] {
            for time in answer[section]["time"].as_array_mut().unwrap() {
                *time = json!(time.as_i64().unwrap() - 16_200);
            }
        }
    });
    assert_eq!(india.first_hour, MIDNIGHT - 16_200);
    assert_eq!(india.hours.len(), 48);
    assert_eq!(india.days[0].date, date(2026, 3, 28));
    // The offset alone, the zone alone, neither.
    let without = |zone: bool, offset: bool| {
        report(|answer| {
            let answer = answer.as_object_mut().unwrap();
            if !zone {
                answer.remove("timezone");
            }
            if !offset {
                answer.insert("utc_offset_seconds".to_owned(), json!(1_000_000));
            }
        })
    };
    assert_eq!(without(false, true).offset, 3_600);
    assert_eq!(without(true, false).offset, 3_600);
    let neither = without(false, false);
    assert_eq!((neither.offset, neither.zone), (0, None));
}

#[test]
fn several_places_are_the_first() {
    let several = format!("[{FORECAST},{{}}]");
    assert_eq!(parse_forecast(&several), parse_forecast(FORECAST));
    assert_eq!(nonsense("[]"), "JSON, but no answer");
}

#[test]
fn what_is_no_forecast_is_nonsense() {
    for (body, what) in [
        ("", "empty"),
        ("<html><body>502</body></html>", "a web page"),
        (&FORECAST[..FORECAST.len() / 2], "JSON that breaks off"),
        ("null", "JSON, but no answer"),
        ("{}", "no forecast in it"),
        (
            r#"{"error":true,"reason":"Minutely\nlimit"}"#,
            "it says: Minutely limit",
        ),
        (r#"{"error":"yes"}"#, "it says: unknown"),
        (r#"{"hourly":[],"daily":"soon"}"#, "no forecast in it"),
    ] {
        assert_eq!(nonsense(body), what, "{body}");
    }
    // A report begins with the first hour of which anything is known.
    let late = report(|answer| {
        for column in ["precipitation", "weather_code"] {
            for at in 0..6 {
                answer["hourly"][column][at] = Value::Null;
            }
        }
    });
    assert_eq!(late.first_hour, MIDNIGHT + 5 * HOUR);
    for gone in ["hourly", "daily"] {
        let body = changed(|answer| answer[gone] = Value::Null);
        assert_eq!(nonsense(&body), "no forecast in it");
    }
}

#[test]
fn nobody_fills_the_memory() {
    let report = report(|answer| {
        let hours = 0..5_000_i64;
        answer["hourly"]["time"] = hours.clone().map(|n| json!(MIDNIGHT + n * HOUR)).collect();
        answer["hourly"]["precipitation"] = hours.clone().map(|_| json!(1)).collect();
        answer["daily"]["time"] = hours
            .clone()
            .map(|n| json!(MIDNIGHT + n * 24 * HOUR))
            .collect();
        answer["daily"]["precipitation_sum"] = hours.map(|_| json!(1)).collect();
    });
    assert_eq!((report.hours.len(), report.days.len()), (240, 16));
}

#[test]
fn places_are_read() {
    let places = parse_places(PLACES).unwrap();
    let titles: Vec<_> = places.iter().map(|place| place.spot.title(60)).collect();
    assert_eq!(
        titles,
        ["Paris, Île-de-France, FR", "Paris, Texas, US", "Paris, ZA"]
    );
    assert_eq!(places[0].population, 2_138_551);
    assert_eq!(places[2].population, 0);
    assert_eq!(places[1].spot.cell.to_string(), "33.66,-95.56");
    assert_eq!(places[1].spot.zone.as_deref(), Some("America/Chicago"));
    assert_eq!(places[1].within, ["United States", "Texas", "Lamar"]);
}

#[test]
fn awkward_places_are_left_out() {
    let good = json!({"name": "A/\u{202e}b", "latitude": "1.5", "longitude": 2, "population": "7",
        "country_code": 5, "admin1": null, "timezone": "Mars/ Olympus"});
    let places = |list: Value| parse_places(&json!({ "results": list }).to_string());
    let known = places(
        json!([{"name": "x"}, 5, {"name": "y", "latitude": 91, "longitude": 0},
        {"latitude": 1, "longitude": 1}, good]),
    )
    .unwrap();
    assert_eq!(known.len(), 1);
    assert_eq!(
        (known[0].spot.name.as_str(), known[0].population),
        ("A/b", 7)
    );
    assert_eq!(
        (&known[0].spot.country, &known[0].spot.zone),
        (&None, &None)
    );
    assert_eq!(places(json!(vec![good; 50])).unwrap().len(), 10);
    for nothing in [
        "{}",
        r#"{"generationtime_ms":0.5}"#,
        r#"{"results":null}"#,
        r#"{"results":[]}"#,
    ] {
        assert_eq!(parse_places(nothing), Ok(Vec::new()), "{nothing}");
    }
    for nonsense in [
        r#"{"results":{}}"#,
        r#"{"results":[{}]}"#,
        r#"{"error":true,"reason":"no"}"#,
        "<html>",
        "",
        "7",
    ] {
        let failure = parse_places(nonsense);
        assert!(matches!(failure, Err(Failure::Nonsense(_))), "{nonsense}");
    }
}

#[test]
fn questions_hold_what_was_asked_and_nothing_more() {
    let cell = Cell::new(-33.874, 151.2).unwrap();
    let url = forecast_url("https://host", cell);
    assert!(url.starts_with("https://host/v1/forecast?latitude=-33.87&longitude=151.20&hourly="));
    let variables: usize = ["hourly", "daily", "current"]
        .into_iter()
        .map(|key| {
            let list = url
                .split('&')
                .find_map(|part| part.strip_prefix(&format!("{key}=")));
            list.unwrap().split(',').count()
        })
        .sum();
    assert_eq!(variables, 10);
    assert_eq!(
        search_url("http://h", "a&b=c#d%2F", Lang::Fr).unwrap(),
        "http://h/v1/search?name=a%26b%3Dc%23d%252F&count=10&language=fr&format=json"
    );
    assert_eq!(search_url("http://h", "\0", Lang::En), None);
    // What a query cleans reaches the service in full.
    let query = Query::parse("Saint-Étienne").unwrap();
    let url = search_url("http://h", query.shown(), Lang::En).unwrap();
    assert!(url.contains("name=Saint-%C3%89tienne&"));
}

proptest! {
    #[test]
    fn a_damaged_answer_is_a_report_or_a_failure(
        cut in 0..FORECAST.len(),
        changes in prop::collection::vec((0..FORECAST.len(), any::<u8>()), 0..6),
    ) {
        for body in [FORECAST, PLACES] {
            let mut bytes = body.as_bytes().to_vec();
            for (at, byte) in &changes {
                let length = bytes.len();
                bytes[at % length] = *byte;
            }
            if changes.len() % 2 == 0 {
                bytes.truncate(cut);
            }
            let text = String::from_utf8_lossy(&bytes);
            if let Ok(report) = parse_forecast(&text) {
                prop_assert!(report.is_useful());
            }
            if let Ok(places) = parse_places(&text) {
                prop_assert!(places.len() <= 10);
            }
        }
    }
}
