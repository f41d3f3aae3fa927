//! Phrases as people type them, and what they mean.

use super::*;
use proptest::prelude::*;

/// Rounded to a hundredth, or what is wrong, or nothing.
fn read_as(text: &str, o: LetterO) -> String {
    match parse(text, o) {
        None => "name".to_owned(),
        Some(Err(wrong)) => format!("{wrong:?}"),
        Some(Ok(place)) => format!("{:.2} {:.2}", place.latitude(), place.longitude()),
    }
}

#[test]
fn every_form_in_which_people_and_phones_write_a_place() {
    for text in [
        // Points.
        "48.8566,2.3522",
        "48.8566, 2.3522",
        "48.8566 2.3522",
        " 48.8566   2.3522 ",
        "48.8566;2.3522",
        "48.8566 ; 2.3522",
        "48.8566/2.3522",
        "48.8566 , 2.3522",
        "+48.8566 +2.3522",
        "+48.8566+002.3522",
        "(48.8566, 2.3522)",
        "48.8566, 2.3522.",
        "48.8566\u{a0}2.3522",
        "４８．８５６６，２．３５２２",
        // Commas.
        "48,8566 2,3522",
        "48,8566, 2,3522",
        "48,8566;2,3522",
        "48,8566; 2,3522",
        "48,8566 / 2,3522",
        "48,8566,2,3522",
        "48,8566 ,2,3522",
        // Letters.
        "48.8566N 2.3522E",
        "48.8566N2.3522E",
        "48.8566 N 2.3522 E",
        "48.8566 N, 2.3522 E",
        "N48.8566 E2.3522",
        "N 48.8566, E 2.3522",
        "n48,8566 e2,3522",
        "48,8566N 2,3522E",
        "48,8566 n, 2,3522 e",
        "2.3522E 48.8566N",
        "E2.3522 N48.8566",
        "48.8566 2.3522E",
        "48.8566N 2.3522",
        "48.8566 nord, 2.3522 est",
        "48.8566 Nord 2.3522 Ost",
        "north 48.8566 east 2.3522",
        "lat 48.8566 lon 2.3522",
        "lat: 48.8566, lng: 2.3522",
        "latitude=48.8566 longitude=2.3522",
        "lon 2.3522 lat 48.8566",
        "Lat. 48,8566 Long. 2,3522",
        // Degrees and minutes.
        "48.8566° 2.3522°",
        "48.8566°, 2.3522°",
        "48.8566°N 2.3522°E",
        "48,8566° N; 2,3522° E",
        "48.8566º N 2.3522º E",
        "48.8566 deg 2.3522 deg",
        "48°51.396'N 2°21.132'E",
        "48°51,396'N 2°21,132'E",
        "48° 51.396' 2° 21.132'",
        "48 51.396 N 2 21.132 E",
        "N48 51.396 E2 21.132",
        "N 48° 51.396 E 002° 21.132",
        "48°51'23.8\"N 2°21'7.9\"E",
        "48°51′23.8″N 2°21′7.9″E",
        "48°51’23.8”N, 2°21’7.9”E",
        "48°51'23.8''N 2°21'7.9''E",
        "48° 51' 23.8\" N 2° 21' 7.9\" E",
        "48 51 23.8 N 2 21 7.9 E",
        "48°51'23.8 2°21'7.9",
        "N48°51'23.8\" E2°21'7.9\"",
        // Links.
        "geo:48.8566,2.3522",
        "geo:48.8566,2.3522?z=12",
        "GEO:48.8566,2.3522,120",
        "geo:48.8566,2.3522,120;u=35",
        "geo:48.8566,2.3522;crs=wgs84;u=35",
        "geo:0,0?q=48.8566,2.3522(Paris)",
        "geo:0,0?z=3&q=48.8566%2C2.3522",
    ] {
        assert_eq!(read_as(text, LetterO::Ouest), "48.86 2.35", "{text}");
    }
    for (text, expected) in [
        ("48,2", "48.00 2.00"),
        ("48 2", "48.00 2.00"),
        ("48, 2", "48.00 2.00"),
        ("48,95N 2E", "48.95 2.00"),
        ("48,8566 2", "48.86 2.00"),
        ("48°51'N 2°21'E", "48.85 2.35"),
        ("48°51'24\"N 2°21'03\"E", "48.86 2.35"),
        ("48°51 2°21", "48.85 2.35"),
        ("48° 2°", "48.00 2.00"),
        ("48N 2E", "48.00 2.00"),
        ("-33.87 151.21", "-33.87 151.21"),
        ("-33,87 151,21", "-33.87 151.21"),
        ("−33.87, 151.21", "-33.87 151.21"),
        ("33.87S 151.21E", "-33.87 151.21"),
        ("33°52'S 151°13'E", "-33.87 151.22"),
        ("-33.87 S 151.21 E", "-33.87 151.21"),
        ("-0°30' 10°0'", "-0.50 10.00"),
        ("40.71N 74.01W", "40.71 -74.01"),
        ("40.71 -74.01", "40.71 -74.01"),
        ("40.71 nord 74.01 ouest", "40.71 -74.01"),
        ("-33 18", "-33.00 18.00"),
        ("JN18", "48.50 3.00"),
        ("JN18DU", "48.85 2.29"),
        ("jn18du", "48.85 2.29"),
        ("JN18DU55", "48.86 2.30"),
        ("90 180", "90.00 180.00"),
        ("geo:-33.87,151.21", "-33.87 151.21"),
    ] {
        assert_eq!(read_as(text, LetterO::Ouest), expected, "{text}");
    }
}

#[test]
fn the_letter_o_is_the_west_in_french_and_the_east_in_german() {
    let text = "40,71 N 74,01 O";
    assert_eq!(read_as(text, LetterO::Ouest), "40.71 -74.01");
    assert_eq!(read_as(text, LetterO::Ost), "40.71 74.01");
    assert_eq!(read_as(text, LetterO::Unclear), "LetterO");
    for o in [LetterO::Ouest, LetterO::Ost, LetterO::Unclear] {
        assert_eq!(read_as("40.71N 74.01W", o), "40.71 -74.01");
        assert_eq!(read_as("40.71N 74.01E", o), "40.71 74.01");
    }
}

#[test]
fn what_is_wrong_is_told() {
    for (text, expected) in [
        ("91,0", "Latitude"),
        ("91 0", "Latitude"),
        ("999, 999", "Latitude"),
        ("-90.1 5", "Latitude"),
        ("95°N 2°E", "Latitude"),
        ("0,181", "Longitude"),
        ("48.85,-180.5", "Longitude"),
        ("48.85N 200E", "Longitude"),
        ("geo:91,0", "Latitude"),
        ("48.85", "Half"),
        ("-48.85", "Half"),
        ("48,8566", "Half"),
        ("48.85,", "Half"),
        ("48.85N", "Half"),
        ("48°51'N", "Half"),
        ("geo:48.85", "Half"),
        ("0,0", "Nowhere"),
        ("0 0", "Nowhere"),
        ("0.0, 0.0", "Nowhere"),
        ("0°N 0°E", "Nowhere"),
        ("geo:0,0", "Nowhere"),
        ("1,2,3", "Unclear"),
        ("48.85 2.35 7.5", "Unclear"),
        ("48.85N 2.35N", "Unclear"),
        ("48°61'N 2°21'E", "Unclear"),
        ("-48.85N 2.35E", "Unclear"),
        ("48.5°30'N 2°E", "Unclear"),
        ("geo:here", "Unclear"),
        ("geo:", "Unclear"),
    ] {
        assert_eq!(read_as(text, LetterO::Ouest), expected, "{text}");
    }
}

#[test]
fn a_name_or_a_postcode_is_none() {
    for text in [
        "",
        " ",
        "Paris",
        "95100",
        "48",
        "N1",
        "E14",
        "SW1A 1AA",
        "K1A 0B1",
        "1012 AB",
        "00-950",
        "111 22",
        "110 00",
        "100-0001",
        "75001 2",
        "1 2 3",
        "nord",
        "Est",
        "O",
        "Long",
        "-",
        ",",
        "°",
        "'",
        "nan,inf",
        "Saint-Denis",
        "L'Aquila",
        "Route 66",
        "48.8.8 x",
        "127.0.0.1",
        "06.12.34.56.78",
        "Paris, 75",
        "Oslo",
        "S",
        "3e",
        "12th",
    ] {
        assert_eq!(read_as(text, LetterO::Ouest), "name", "{text}");
    }
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in r#"[-+0-9.,;/ °'"NSEWOnseo:a-c²é?]{0,24}"#, any in ".{0,40}") {
        for o in [LetterO::Ouest, LetterO::Ost, LetterO::Unclear] {
            let _ = parse(&text, o);
            let _ = parse(&format!("geo:{text}"), o);
            let _ = parse(&any, o);
        }
    }

    /// What was understood before this was written means what it did.
    #[test]
    fn latitude_comma_longitude_is_that(north in -90.0..=90.0_f64, east in -180.0..=180.0_f64) {
        let text = format!("{north:.5},{east:.5}");
        prop_assert_eq!(parse(&text, LetterO::Unclear).and_then(Result::ok), Position::parse(&text));
        let spaced = format!("{north:.5} {east:.5}");
        let commas = spaced.replace('.', ",");
        for form in [spaced, commas] {
            prop_assert_eq!(
                parse(&form, LetterO::Unclear).and_then(Result::ok),
                Position::parse(&text)
            );
        }
    }
}
