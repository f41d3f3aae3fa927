//! What is asked for, and what the answers look like at their plainest and at
//! their worst.

use std::time::Duration;

use expect_test::{Expect, expect};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::*;
use crate::bot::ask::Place;
use crate::bot::split::{NEW_PART, split};
use crate::bot::testing::{ALICE, World, ask};
use crate::bot::weather::Outlook;
use crate::lang::Lang;
use crate::mesh::ChannelIndex;
use crate::weather::{
    Current, Day, Hour, Provider, Query, Rain, Report, Sky, Spot, Temperature, Units, Wind,
};

// ------------------------------------------------------------------ questions

fn left(name: &str, args: &str) -> Option<(usize, bool, Wanted)> {
    let question = ask(name, args);
    let (wish, wanted) = World::town().with(&question, Lang::En, asked).1?;
    let (_, days) = wish.when.dates(date(2026, 11, 23), wish.days);
    Some((days, wish.needs_report, wanted))
}

fn named(text: &str) -> Wanted {
    Wanted::Named(Query::parse(text).unwrap())
}

#[test]
fn a_place_is_a_name_a_postcode_or_coordinates() {
    let place = |args| left("weather", args).unwrap().2;
    assert_eq!(place("saint étienne"), named("saint étienne"));
    assert_eq!(place("95100"), named("95100"));
    let cell = Cell::new(48.95, -2.25).unwrap();
    assert_eq!(place("48.951, -2.2467"), Wanted::At(cell));
    assert_eq!(place("Rainville"), named("Rainville"));
}

#[test]
fn days_come_last() {
    let rain = |args| left("rain", args).unwrap();
    assert_eq!(rain("argenteuil 2"), (2, true, named("argenteuil")));
    assert_eq!(rain("75001"), (1, true, named("75001")));
    assert_eq!(rain("new york 3"), (3, true, named("new york")));
    assert_eq!(rain("3").0, 3);
    let cell = Cell::new(48.95, 2.0).unwrap();
    assert_eq!(rain("48.95, 2"), (1, true, Wanted::At(cell)));
    assert_eq!(rain("48.95, 2 3"), (3, true, Wanted::At(cell)));
    let seed = left("weather", "rain argenteuil 1").unwrap();
    assert_eq!(seed, (1, true, named("argenteuil")));
    assert_eq!(left("weather", "PLUIE Argenteuil  2").unwrap().0, 2);
    let sky = left("weather", "astro Tromsø").unwrap();
    assert_eq!(sky, (1, false, named("Tromsø")));
    assert_eq!(left("astro", "Tromsø").unwrap(), sky);
    assert_eq!(left("weather", "lune Tromsø").unwrap(), sky);
}

#[test]
fn without_a_place_it_is_where_the_asker_is_or_home() {
    // Our own node's, when nothing better is known.
    let own = Cell::new(48.86, 2.35).unwrap();
    assert_eq!(left("weather", "").unwrap().2, Wanted::Home(Some(own)));
    let mut question = ask("rain", "");
    question.from = ALICE;
    let asked = World::town().with(&question, Lang::En, asked).1;
    let (_, wanted) = asked.expect("weather");
    assert_eq!(wanted, Wanted::At(Cell::new(48.88, 2.31).unwrap()));
}

#[test]
fn what_makes_no_sense_is_explained_to_him_alone() {
    for (name, args) in [
        ("rain", "argenteuil 4"),
        ("rain", "0"),
        ("weather", "rain x 9"),
        ("weather", "!"),
        ("astro", "🌙"),
    ] {
        let mut question = ask(name, args);
        let (texts, wanted) = World::town().with(&question, Lang::En, asked);
        assert!(
            wanted.is_none() && texts[0].contains(", for example /"),
            "{texts:?}"
        );
        question.place = Place::Channel(ChannelIndex(0));
        let (texts, wanted) = World::town().with(&question, Lang::En, asked);
        assert!(wanted.is_none() && texts.is_empty(), "{texts:?}");
    }
}

/// T15: what is wrong with coordinates is said, to him alone.
#[test]
fn wrong_coordinates_are_told_what_is_wrong() {
    for (name, args, expected) in [
        (
            "weather",
            "0,0",
            "0,0 is no place: devices say it when they know none. Try /weather 48.86,2.35",
        ),
        (
            "weather",
            "999, 999",
            "999, 999: a latitude goes from -90 to 90. Try /weather 48.86,2.35",
        ),
        ("rain", "48.85 2", "48.00 2.00"),
        (
            "rain",
            "48.85,200 2",
            "48.85,200: a longitude goes from -180 to 180. Try /rain 48.86,2.35",
        ),
        (
            "astro",
            "48.85",
            "48.85 is half of a place: latitude and longitude, please. Try /astro 48.86,2.35",
        ),
    ] {
        let mut question = ask(name, args);
        let (texts, wanted) = World::town().with(&question, Lang::En, asked);
        if wanted.is_some() {
            assert_eq!(expected, "48.00 2.00", "{args}");
            continue;
        }
        assert_eq!(texts, [expected]);
        question.place = Place::Channel(ChannelIndex(0));
        let (texts, wanted) = World::town().with(&question, Lang::En, asked);
        assert!(wanted.is_none() && texts.is_empty(), "{texts:?}");
    }
}

/// T15, W14.
#[test]
fn a_place_is_where_people_say_it_is() {
    let place = |args: &str| left("weather", args).map(|(_, _, wanted)| wanted);
    let there = Wanted::At(Cell::new(48.86, 2.35).unwrap());
    for args in [
        "48,8566 2,3522",
        "48°51.396'N 2°21.132'E",
        "geo:48.8566,2.3522?z=12",
    ] {
        assert_eq!(place(args), Some(there.clone()), "{args}");
    }
    let rain = |args| left("rain", args).unwrap();
    assert_eq!(
        (rain("48,8566 2,3522 2").0, rain("48,8566 2,3522 2").2),
        (2, there)
    );
    let own = Wanted::Home(Cell::new(48.86, 2.35));
    assert_eq!(place("home"), Some(own.clone()));
    assert_eq!(place("today"), Some(own));
    assert_eq!(
        place("L’Haÿ‑les‑Roses"),
        Some(named("L'Haÿ-les-Roses")),
        "W5"
    );
    // Nobody knows where he is; Alice has said so.
    let mut question = ask("weather", "near me");
    let said = World::town().run(&question, Lang::En);
    assert_eq!(said, ["I don't know where you are. Try /weather <place>"]);
    question.from = ALICE;
    let asked = World::town().with(&question, Lang::En, asked).1;
    let (_, wanted) = asked.expect("weather");
    assert_eq!(wanted, Wanted::At(Cell::new(48.88, 2.31).unwrap()));
}

#[test]
fn help_is_one_packet() {
    let plain = ask("weather", "help");
    World::town().check(&plain, expect![[r#"
        ℹ️ /weather [place] [day] · /rain [place] [day | 1-3] · /astro [place]. Place: name, postcode or lat,lon; none is where you are, else my home. 💨 wind 💧 humidity
        ℹ️ /wetter [Ort] [Tag] · /regen [Ort] [Tag | 1-3] · /himmel [Ort]. Ort: Name, Postleitzahl oder lat,lon; sonst wo du bist, sonst bei mir. 💨 Wind 💧 Luftfeuchte
        ℹ️ /météo [lieu] [jour] · /pluie [lieu] [jour | 1-3] · /astro [lieu]. Lieu : nom, code postal ou lat,lon ; sinon là où tu es, sinon chez moi. 💨 vent 💧 humidité"#]]);
    let said = World::town().run(&plain, Lang::Fr);
    assert!(said.len() == 1 && said[0].len() <= 200, "{said:?}");
    for (name, args) in [
        ("weather", "AIDE"),
        ("weather", "rain help"),
        ("rain", "aide"),
        ("weather", "Hilfe"),
        ("astro", "?"),
    ] {
        assert_eq!(World::town().run(&ask(name, args), Lang::Fr), said);
    }
}

// -------------------------------------------------------------------- answers

/// A forecast of five days from midnight, local time of `spot`.
struct Scene {
    spot: Spot,
    report: Report,
    /// What time it is there.
    at: (Date, i8, i8),
    stale: Option<Duration>,
    days: usize,
    when: When,
    units: Units,
    limit: usize,
    foreign: bool,
    /// The board's own.
    board: TimeZone,
}

fn argenteuil() -> Spot {
    Spot::new(
        "Argenteuil",
        Some("Île-de-France"),
        Some("FR"),
        Cell::new(48.95, 2.25).unwrap(),
        Some("Europe/Paris"),
    )
}

impl Scene {
    /// An ordinary day in November.
    fn plain(spot: Spot) -> Self {
        let zone = TimeZone::get(spot.zone.as_deref().unwrap()).unwrap();
        let today = date(2026, 11, 23);
        let midnight = today
            .to_zoned(zone.clone())
            .unwrap()
            .timestamp()
            .as_second();
        let rain = |at: usize| match at {
            16 => 0.3,
            17 => 0.9,
            18 => 2.4,
            19 => 1.1,
            40 => 0.1,
            _ => 0.0,
        };
        let report = Report {
            provider: Provider::OpenMeteo,
            time: Some(midnight + 14 * 3_600),
            zone: spot.zone.clone(),
            offset: 3_600,
            current: Some(Current {
                celsius: Some(11.6),
                wind: Some(14.8),
                humidity: Some(81.0),
                sky: Some(Sky(2)),
            }),
            first_hour: midnight,
            hours: (0..120)
                .map(|at| Hour {
                    rain: Some(rain(at)),
                    sky: Some(Sky(if rain(at) > 0.2 { 61 } else { 3 })),
                })
                .collect(),
            days: (0..5)
                .map(|n: i8| Day {
                    date: today.checked_add(i64::from(n).days()).unwrap(),
                    min: Some(7.8 - f32::from(n)),
                    max: Some(13.6 - f32::from(n)),
                    rain: Some([4.7, 0.1, 0.0, 12.0, 0.0][usize::from(n.unsigned_abs())]),
                    wind: Some(22.0 + f32::from(n)),
                })
                .collect(),
        };
        Self {
            spot,
            report,
            at: (today, 14, 25),
            stale: None,
            days: 1,
            when: When::default(),
            units: Units::default(),
            limit: 200,
            foreign: false,
            board: zone,
        }
    }

    /// As hard on the space as anything can be.
    fn worst(name: &str) -> Self {
        let mut spot = argenteuil();
        name.clone_into(&mut spot.name);
        spot.region = Some("Provence-Alpes-Côte d'Azur".to_owned());
        let mut scene = Self::plain(spot);
        scene.report.current = Some(Current {
            celsius: Some(-118.4),
            wind: Some(1_199.0),
            humidity: Some(100.0),
            sky: Some(Sky(0)),
        });
        for hour in &mut scene.report.hours {
            hour.rain = Some(199.9);
            hour.sky = Some(Sky(75));
        }
        for day in &mut scene.report.days {
            (day.min, day.max) = (Some(-118.4), Some(-117.6));
            (day.rain, day.wind) = (Some(1_199.9), Some(1_199.0));
        }
        scene.stale = Some(Duration::from_secs(23 * 3_600));
        scene.days = 3;
        scene
    }

    fn answer(&self, write: fn(&Outlook<'_>) -> String, lang: Lang) -> Vec<String> {
        let zone = TimeZone::get(self.spot.zone.as_deref().unwrap()).unwrap();
        let (day, hour, minute) = self.at;
        let now = day.at(hour, minute, 0, 0).to_zoned(zone.clone()).unwrap();
        let text = write(&Outlook {
            from: None,
            spot: &self.spot,
            report: Some(&self.report),
            stale: self.stale,
            now: now.timestamp().as_second(),
            zone,
            zone_is_foreign: self.foreign,
            board_zone: self.board.clone(),
            days: self.days,
            when: self.when,
            lang,
            units: self.units,
            part_limit: self.limit,
        });
        split(&text, self.limit, 9, "").parts
    }

    fn check(&self, write: fn(&Outlook<'_>) -> String, expected: Expect) {
        let all = Lang::ALL.map(|lang| self.answer(write, lang).join("\n--\n"));
        expected.assert_eq(&all.join("\n\n"));
    }
}

fn overview_of(scene: &Scene) -> Scene {
    Scene {
        spot: scene.spot.clone(),
        report: scene.report.clone(),
        days: 3,
        board: scene.board.clone(),
        ..*scene
    }
}

#[test]
fn now_and_three_days() {
    let scene = overview_of(&Scene::plain(argenteuil()));
    scene.check(
        overview::write,
        expect![[r#"
            📍 Argenteuil, Île-de-France, FR
            Now ⛅ 12°C 💨15km/h 💧81%
            Today 🌧 8/14°C 4.7mm 💨22
            Tue ☁️ 7/13°C 0.1mm 💨23
            Wed ☁️ 6/12°C 💨24

            📍 Argenteuil, Île-de-France, FR
            Jetzt ⛅ 12°C 💨15km/h 💧81%
            Heute 🌧 8/14°C 4,7mm 💨22
            Di ☁️ 7/13°C 0,1mm 💨23
            Mi ☁️ 6/12°C 💨24

            📍 Argenteuil, Île-de-France, FR
            Maintenant ⛅ 12°C 💨15km/h 💧81%
            Auj. 🌧 8/14°C 4,7mm 💨22
            mar. ☁️ 7/13°C 0,1mm 💨23
            mer. ☁️ 6/12°C 💨24"#]],
    );
}

#[test]
fn frost_and_other_units() {
    let mut scene = overview_of(&Scene::plain(argenteuil()));
    scene.report.current.as_mut().unwrap().celsius = Some(-18.4);
    scene.report.days[0].min = Some(-18.4);
    scene.report.days[0].max = Some(-0.2);
    scene.report.days[1].min = None;
    scene.report.days[2].wind = None;
    scene.check(
        overview::write,
        expect![[r#"
            📍 Argenteuil, Île-de-France, FR
            Now ⛅ -18°C 💨15km/h 💧81%
            Today 🌧 -18/0°C 4.7mm 💨22
            Tue ☁️ ?/13°C 0.1mm 💨23
            Wed ☁️ 6/12°C

            📍 Argenteuil, Île-de-France, FR
            Jetzt ⛅ -18°C 💨15km/h 💧81%
            Heute 🌧 -18/0°C 4,7mm 💨22
            Di ☁️ ?/13°C 0,1mm 💨23
            Mi ☁️ 6/12°C

            📍 Argenteuil, Île-de-France, FR
            Maintenant ⛅ -18°C 💨15km/h 💧81%
            Auj. 🌧 -18/0°C 4,7mm 💨22
            mar. ☁️ ?/13°C 0,1mm 💨23
            mer. ☁️ 6/12°C"#]],
    );
    scene.units = Units {
        temperature: Temperature::Fahrenheit,
        wind: Wind::Mph,
        rain: Rain::Inch,
    };
    scene.check(
        overview::write,
        expect![[r#"
            📍 Argenteuil, Île-de-France, FR
            Now ⛅ -1°F 💨9mph 💧81%
            Today 🌧 -1/32°F 0.19in 💨14
            Tue ☁️ ?/55°F 0.01in 💨14
            Wed ☁️ 42/53°F

            📍 Argenteuil, Île-de-France, FR
            Jetzt ⛅ -1°F 💨9mph 💧81%
            Heute 🌧 -1/32°F 0,19in 💨14
            Di ☁️ ?/55°F 0,01in 💨14
            Mi ☁️ 42/53°F

            📍 Argenteuil, Île-de-France, FR
            Maintenant ⛅ -1°F 💨9mph 💧81%
            Auj. 🌧 -1/32°F 0,19in 💨14
            mar. ☁️ ?/55°F 0,01in 💨14
            mer. ☁️ 42/53°F"#]],
    );
}

#[test]
fn old_weather_says_so() {
    let mut scene = overview_of(&Scene::plain(argenteuil()));
    scene.stale = Some(Duration::from_secs(11 * 3_600));
    // Past midnight: the days are counted from today.
    scene.at = (date(2026, 11, 24), 1, 5);
    scene.check(
        overview::write,
        expect![[r#"
            📍 Argenteuil, Île-de-France, FR (11 h old)
            14:00 ⛅ 12°C 💨15km/h 💧81%
            Today ☁️ 7/13°C 0.1mm 💨23
            Wed ☁️ 6/12°C 💨24
            Thu ☁️ 5/11°C 12mm 💨25

            📍 Argenteuil, Île-de-France, FR (11 h alt)
            14:00 ⛅ 12°C 💨15km/h 💧81%
            Heute ☁️ 7/13°C 0,1mm 💨23
            Mi ☁️ 6/12°C 💨24
            Do ☁️ 5/11°C 12mm 💨25

            📍 Argenteuil, Île-de-France, FR (il y a 11 h)
            14:00 ⛅ 12°C 💨15km/h 💧81%
            Auj. ☁️ 7/13°C 0,1mm 💨23
            mer. ☁️ 6/12°C 💨24
            jeu. ☁️ 5/11°C 12mm 💨25"#]],
    );
    scene.days = 1;
    scene.check(
        rain::write,
        expect![[r#"
            🌧 Argenteuil, Île-de-France, FR · Tue 24 (11 h old)
            1h▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁▁▂▁18h▁▁▁▁▁▁0h▁
            peak 0.1 mm/h at 16h · total 0.1 mm

            🌧 Argenteuil, Île-de-France, FR · Di 24. (11 h alt)
            1h▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁▁▂▁18h▁▁▁▁▁▁0h▁
            max. 0,1 mm/h um 16 Uhr · gesamt 0,1 mm

            🌧 Argenteuil, Île-de-France, FR · mar. 24 (il y a 11 h)
            1h▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁▁▂▁18h▁▁▁▁▁▁0h▁
            max 0,1 mm/h à 16h · total 0,1 mm"#]],
    );
}

#[test]
fn rain_hour_by_hour() {
    let mut scene = Scene::plain(argenteuil());
    scene.check(
        rain::write,
        expect![[r#"
            🌧 Argenteuil, Île-de-France, FR · Mon 23
            14h▁▁▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            peak 2.4 mm/h at 18h · total 4.7 mm

            🌧 Argenteuil, Île-de-France, FR · Mo 23.
            14h▁▁▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max. 2,4 mm/h um 18 Uhr · gesamt 4,7 mm

            🌧 Argenteuil, Île-de-France, FR · lun. 23
            14h▁▁▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max 2,4 mm/h à 18h · total 4,7 mm"#]],
    );
    scene.days = 3;
    scene.check(
        rain::write,
        expect![[r#"
            (1/3) 🌧 Argenteuil, Île-de-France, FR · Mon 23
            14h▁▁▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            peak 2.4 mm/h at 18h · total 4.7 mm
            --
            (2/3) 🌧 Argenteuil, Île-de-France, FR · Tue 24
            14h▁▁▂▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            peak 0.1 mm/h at 16h · total 0.1 mm
            --
            (3/3) 🌧 Argenteuil, Île-de-France, FR · Wed 25 14h: no rain for 24 h

            (1/3) 🌧 Argenteuil, Île-de-France, FR · Mo 23.
            14h▁▁▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max. 2,4 mm/h um 18 Uhr · gesamt 4,7 mm
            --
            (2/3) 🌧 Argenteuil, Île-de-France, FR · Di 24.
            14h▁▁▂▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max. 0,1 mm/h um 16 Uhr · gesamt 0,1 mm
            --
            (3/3) 🌧 Argenteuil, Île-de-France, FR · Mi 25. 14 Uhr: 24 h lang kein Regen

            (1/3) 🌧 Argenteuil, Île-de-France, FR · lun. 23
            14h▁▁▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max 2,4 mm/h à 18h · total 4,7 mm
            --
            (2/3) 🌧 Argenteuil, Île-de-France, FR · mar. 24
            14h▁▁▂▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max 0,1 mm/h à 16h · total 0,1 mm
            --
            (3/3) 🌧 Argenteuil, Île-de-France, FR · mer. 25 14h: pas de pluie pendant 24 h"#]],
    );
}

#[test]
fn a_gap_is_shown_as_one() {
    let mut scene = Scene::plain(argenteuil());
    scene.report.hours[15].rain = None;
    scene.report.hours.truncate(30);
    scene.days = 2;
    scene.check(
        rain::write,
        expect![[r#"
            (1/2) 🌧 Argenteuil, Île-de-France, FR · Mon 23
            14h▁?▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h??????12h??
            peak 2.4 mm/h at 18h · total ≥4.7 mm
            --
            (2/2) 🌧 Argenteuil, Île-de-France, FR · Tue 24 · no forecast for these hours

            (1/2) 🌧 Argenteuil, Île-de-France, FR · Mo 23.
            14h▁?▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h??????12h??
            max. 2,4 mm/h um 18 Uhr · gesamt ≥4,7 mm
            --
            (2/2) 🌧 Argenteuil, Île-de-France, FR · Di 24. · keine Vorhersage für diese Stunden

            (1/2) 🌧 Argenteuil, Île-de-France, FR · lun. 23
            14h▁?▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h??????12h??
            max 2,4 mm/h à 18h · total ≥4,7 mm
            --
            (2/2) 🌧 Argenteuil, Île-de-France, FR · mar. 24 · pas de prévision pour ces heures"#]],
    );
}

/// What is too little for a bar can be something in a day.
#[test]
fn a_trace_in_every_hour_is_not_dry() {
    let mut scene = Scene::plain(argenteuil());
    for hour in &mut scene.report.hours {
        hour.rain = Some(0.033);
    }
    let text = scene.answer(rain::write, Lang::En).concat();
    assert!(
        text.ends_with("total 0.8 mm") && text.contains('▁'),
        "{text}"
    );
}

#[test]
fn every_height_of_a_bar() {
    let amounts = [0.0, 0.04, 0.05, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 99.0];
    let mut scene = Scene::plain(argenteuil());
    for (hour, amount) in scene.report.hours[14..].iter_mut().zip(amounts) {
        hour.rain = Some(amount);
        hour.sky = Some(Sky(73));
    }
    scene.check(
        rain::write,
        expect![[r#"
            🌨 Argenteuil, Île-de-France, FR · Mon 23
            14h▁▁▂▃18h▄▅▆▇██0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            peak 99 mm/h at 23h · total 131 mm

            🌨 Argenteuil, Île-de-France, FR · Mo 23.
            14h▁▁▂▃18h▄▅▆▇██0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max. 99 mm/h um 23 Uhr · gesamt 131 mm

            🌨 Argenteuil, Île-de-France, FR · lun. 23
            14h▁▁▂▃18h▄▅▆▇██0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
            max 99 mm/h à 23h · total 131 mm"#]],
    );
}

/// features.md E11: in the night of 29 March 2026 there is no hour 2.
#[test]
fn the_night_of_the_change_to_summer_time() {
    let mut scene = Scene::plain(argenteuil());
    let zone = TimeZone::get("Europe/Paris").unwrap();
    let midnight = date(2026, 3, 28).to_zoned(zone).unwrap();
    scene.report.first_hour = midnight.timestamp().as_second();
    for hour in &mut scene.report.hours {
        hour.rain = Some(0.0);
    }
    // From 3:00 to 4:00 by the new time, three hours after midnight.
    scene.report.hours[26].rain = Some(5.0);
    scene.at = (date(2026, 3, 28), 22, 10);
    scene.check(
        rain::write,
        expect![[r#"
            🌧 Argenteuil, Île-de-France, FR · Sat 28
            22h▁▁0h▁▁▆▁▁6h▁▁▁▁▁▁12h▁▁▁▁▁▁18h▁▁▁▁▁
            peak 5.0 mm/h at 3h · total 5.0 mm

            🌧 Argenteuil, Île-de-France, FR · Sa 28.
            22h▁▁0h▁▁▆▁▁6h▁▁▁▁▁▁12h▁▁▁▁▁▁18h▁▁▁▁▁
            max. 5,0 mm/h um 3 Uhr · gesamt 5,0 mm

            🌧 Argenteuil, Île-de-France, FR · sam. 28
            22h▁▁0h▁▁▆▁▁6h▁▁▁▁▁▁12h▁▁▁▁▁▁18h▁▁▁▁▁
            max 5,0 mm/h à 3h · total 5,0 mm"#]],
    );
    let from = Timestamp::from_second(scene.report.first_hour + 26 * 3_600).unwrap();
    assert_eq!(from.to_string(), "2026-03-29T01:00:00Z");
    scene.at = (date(2026, 3, 29), 12, 0);
    scene.check(
        astro::write,
        expect![[r#"
            🔭 Argenteuil, Île-de-France, FR · Sun 29
            ☀️ ↑07:35 ↓20:17 · 12 h 42 min
            🌙 ↓06:17 ↑16:18 · 🌔 waxing gibbous 86%

            🔭 Argenteuil, Île-de-France, FR · So 29.
            ☀️ ↑07:35 ↓20:17 · 12 h 42 min
            🌙 ↓06:17 ↑16:18 · 🌔 zunehmender Mond 86%

            🔭 Argenteuil, Île-de-France, FR · dim. 29
            ☀️ ↑07:35 ↓20:17 · 12 h 42 min
            🌙 ↓06:17 ↑16:18 · 🌔 gibbeuse croissante 86%"#]],
    );
}

fn place(name: &str, country: &str, latitude: f64, longitude: f64, zone: &str) -> Scene {
    let cell = Cell::new(latitude, longitude).unwrap();
    Scene::plain(Spot::new(name, None, Some(country), cell, Some(zone)))
}

#[test]
fn sun_and_moon() {
    Scene::plain(argenteuil()).check(
        astro::write,
        expect![[r#"
            🔭 Argenteuil, Île-de-France, FR · Mon 23
            ☀️ ↑08:12 ↓17:02 · 8 h 49 min
            🌙 ↓06:51 ↑15:46 · 🌔 waxing gibbous 98%

            🔭 Argenteuil, Île-de-France, FR · Mo 23.
            ☀️ ↑08:12 ↓17:02 · 8 h 49 min
            🌙 ↓06:51 ↑15:46 · 🌔 zunehmender Mond 98%

            🔭 Argenteuil, Île-de-France, FR · lun. 23
            ☀️ ↑08:12 ↓17:02 · 8 h 49 min
            🌙 ↓06:51 ↑15:46 · 🌔 gibbeuse croissante 98%"#]],
    );
    let mut sydney = place("Sydney", "AU", -33.87, 151.21, "Australia/Sydney");
    sydney.check(
        astro::write,
        expect![[r#"
            🔭 Sydney, AU · Mon 23
            ☀️ ↑05:39 ↓19:43 · 14 h 4 min
            🌙 ↓04:00 ↑18:19 · 🌖 waxing gibbous 97%

            🔭 Sydney, AU · Mo 23.
            ☀️ ↑05:39 ↓19:43 · 14 h 4 min
            🌙 ↓04:00 ↑18:19 · 🌖 zunehmender Mond 97%

            🔭 Sydney, AU · lun. 23
            ☀️ ↑05:39 ↓19:43 · 14 h 4 min
            🌙 ↓04:00 ↑18:19 · 🌖 gibbeuse croissante 97%"#]],
    );
    sydney.foreign = true;
    sydney.check(
        astro::write,
        expect![[r#"
            🔭 Sydney, AU · Mon 23 (UTC+11)
            ☀️ ↑05:39 ↓19:43 · 14 h 4 min
            🌙 ↓04:00 ↑18:19 · 🌖 waxing gibbous 97%

            🔭 Sydney, AU · Mo 23. (UTC+11)
            ☀️ ↑05:39 ↓19:43 · 14 h 4 min
            🌙 ↓04:00 ↑18:19 · 🌖 zunehmender Mond 97%

            🔭 Sydney, AU · lun. 23 (UTC+11)
            ☀️ ↑05:39 ↓19:43 · 14 h 4 min
            🌙 ↓04:00 ↑18:19 · 🌖 gibbeuse croissante 97%"#]],
    );
}

#[test]
fn polar_night_and_polar_day() {
    let mut north = place("Longyearbyen", "NO", 78.22, 15.65, "Arctic/Longyearbyen");
    north.at = (date(2026, 12, 24), 12, 0);
    north.check(
        astro::write,
        expect![[r#"
            🔭 Longyearbyen, NO · Thu 24
            ☀️ down all day
            🌙 up all day · 🌕 full moon 100%

            🔭 Longyearbyen, NO · Do 24.
            ☀️ geht nicht auf
            🌙 geht nicht unter · 🌕 Vollmond 100%

            🔭 Longyearbyen, NO · jeu. 24
            ☀️ sous l'horizon
            🌙 au-dessus de l'horizon · 🌕 pleine lune 100%"#]],
    );
    north.at = (date(2026, 6, 21), 12, 0);
    north.check(
        astro::write,
        expect![[r#"
            🔭 Longyearbyen, NO · Sun 21
            ☀️ up all day
            🌙 ↓01:17 ↑12:29 · 🌓 first quarter 45%

            🔭 Longyearbyen, NO · So 21.
            ☀️ geht nicht unter
            🌙 ↓01:17 ↑12:29 · 🌓 erstes Viertel 45%

            🔭 Longyearbyen, NO · dim. 21
            ☀️ au-dessus de l'horizon
            🌙 ↓01:17 ↑12:29 · 🌓 premier quartier 45%"#]],
    );
}

/// features.md B19.
#[test]
fn the_worst_fits_into_its_packets() {
    let long = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch am See";
    assert!(long.len() > 60);
    for lang in Lang::ALL {
        for (write, packets) in [
            (overview::write as fn(&Outlook<'_>) -> String, 1),
            (rain::write, 3),
            (astro::write, 1),
        ] {
            for asked in [
                "",
                "3 days",
                "5 days",
                "weekend",
                "tomorrow evening",
                "yesterday",
            ] {
                let mut scene = Scene::worst(long);
                scene.foreign = true;
                scene.when = spoken(asked, Lang::En, 5).when;
                for units in [
                    Units::default(),
                    Units {
                        temperature: Temperature::Fahrenheit,
                        wind: Wind::Kmh,
                        rain: Rain::Inch,
                    },
                ] {
                    scene.units = units;
                    let parts = scene.answer(write, lang);
                    assert!(parts.len() <= packets, "{parts:?}");
                    assert!(!asked.is_empty() || parts.len() == packets, "{parts:?}");
                    for part in &parts {
                        assert!(part.len() <= 200, "{} {part}", part.len());
                        assert!(part.contains("Llanfairpwll"), "{part}");
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn any_weather_fits(
        name in "\\PC{1,60}",
        limit in 60_usize..=215,
        celsius in -999.0_f32..999.0,
        amount in 0.0_f32..9_999.0,
        hours in 0_usize..120,
        ahead in -400_i64..400,
        days in 1_usize..=3,
        lang in 0..Lang::ALL.len(),
        foreign: bool,
        asked in prop::sample::select(vec!["", "tomorrow", "5 days", "tonight", "next week"]),
    ) {
        let cell = Cell::new(1.0, 2.0).unwrap();
        let mut scene = Scene::worst(&Spot::new(&name, None, None, cell, None).name);
        scene.report.hours.truncate(hours);
        for hour in &mut scene.report.hours {
            hour.rain = Some(amount);
        }
        for day in &mut scene.report.days {
            (day.min, day.max, day.rain) = (Some(celsius), Some(-celsius), Some(amount));
        }
        scene.at.0 = scene.at.0.checked_add(ahead.days()).unwrap();
        (scene.limit, scene.days, scene.foreign) = (limit, days, foreign);
        scene.when = spoken(asked, Lang::En, 5).when;
        let most = match asked {
            "" => days,
            "tomorrow" | "tonight" => 1,
            _ => 3,
        };
        let lang = Lang::ALL[lang];
        for write in [overview::write, rain::write, astro::write] {
            let parts = scene.answer(write, lang);
            prop_assert!(parts.iter().all(|part| part.len() <= limit && !part.contains(NEW_PART)));
            prop_assert!(limit < 200 || parts.len() <= most, "{parts:?}");
        }
    }
}

/// What was asked is answered: one day, two, a part, and those that nobody knows.
#[test]
fn the_days_that_were_asked_for() {
    type Write = fn(&Outlook<'_>) -> String;
    let mut scene = Scene::plain(argenteuil());
    let mut said = String::new();
    for asked in [
        "tomorrow",
        "today",
        "weekend",
        "in 4 days",
        "tomorrow evening",
        "yesterday",
        "next week",
    ] {
        let answers: [(Write, usize); 3] =
            [(overview::write, 3), (rain::write, 1), (astro::write, 1)];
        for (write, days) in answers {
            scene.days = days;
            scene.when = spoken(asked, Lang::En, 5).when;
            let parts = scene.answer(write, Lang::En).join("\n--\n");
            said.push_str(&format!("[{asked}] {parts}\n"));
        }
    }
    expect![[r#"
        [tomorrow] 📍 Argenteuil, Île-de-France, FR
        Tue 24 ☁️ 7/13°C 0.1mm 💨23
        [tomorrow] 🌧 Argenteuil, Île-de-France, FR · Tue 24
        0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁▁▂▁18h▁▁▁▁▁▁
        peak 0.1 mm/h at 16h · total 0.1 mm
        [tomorrow] 🔭 Argenteuil, Île-de-France, FR · Tue 24
        ☀️ ↑08:13 ↓17:01 · 8 h 47 min
        🌙 ↓08:19 ↑16:22 · 🌕 full moon 100%
        [today] 📍 Argenteuil, Île-de-France, FR
        Now ⛅ 12°C 💨15km/h 💧81%
        Today 🌧 8/14°C 4.7mm 💨22
        [today] 🌧 Argenteuil, Île-de-France, FR · Mon 23
        14h▁▁▂▃18h▅▄▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁
        peak 2.4 mm/h at 18h · total 4.7 mm
        [today] 🔭 Argenteuil, Île-de-France, FR · Mon 23
        ☀️ ↑08:12 ↓17:02 · 8 h 49 min
        🌙 ↓06:51 ↑15:46 · 🌔 waxing gibbous 98%
        [weekend] 📍 Argenteuil, Île-de-France, FR · Sat 28: I only know Mon 23 to Fri 27
        [weekend] 🌧 Argenteuil, Île-de-France, FR · Sat 28: I only know Mon 23 to Fri 27
        [weekend] 🔭 Argenteuil, Île-de-France, FR · Sat 28
        ☀️ ↑08:19 ↓16:58 · 8 h 38 min
        🌙 ↓12:22 ↑21:12 · 🌖 waning gibbous 79%
        [in 4 days] 📍 Argenteuil, Île-de-France, FR
        Fri 27 ☁️ 4/10°C 💨26
        [in 4 days] 🌧 Argenteuil, Île-de-France, FR · Fri 27 0h: no rain for 24 h
        [in 4 days] 🔭 Argenteuil, Île-de-France, FR · Fri 27
        ☀️ ↑08:17 ↓16:58 · 8 h 40 min
        🌙 ↓11:45 ↑19:45 · 🌖 waning gibbous 88%
        [tomorrow evening] 📍 Argenteuil, Île-de-France, FR
        Tue 24 evening ☁️ 0mm
        Tue 24 ☁️ 7/13°C 0.1mm 💨23
        [tomorrow evening] 🌧 Argenteuil, Île-de-France, FR · Tue 24 evening 18h: no rain for 6 h
        [tomorrow evening] 🔭 Argenteuil, Île-de-France, FR · Tue 24
        ☀️ ↑08:13 ↓17:01 · 8 h 47 min
        🌙 ↓08:19 ↑16:22 · 🌕 full moon 100%
        [yesterday] 📍 Argenteuil, Île-de-France, FR · Sun 22: I only know Mon 23 to Fri 27
        [yesterday] 🌧 Argenteuil, Île-de-France, FR · Sun 22: I only know Mon 23 to Fri 27
        [yesterday] 🔭 Argenteuil, Île-de-France, FR · Sun 22
        ☀️ ↑08:10 ↓17:02 · 8 h 52 min
        🌙 ↓05:25 ↑15:19 · 🌔 waxing gibbous 94%
        [next week] 📍 Argenteuil, Île-de-France, FR · Mon 30: I only know Mon 23 to Fri 27
        [next week] 🌧 Argenteuil, Île-de-France, FR · Mon 30: I only know Mon 23 to Fri 27
        [next week] 🔭 Argenteuil, Île-de-France, FR · Mon 30
        ☀️ ↑08:22 ↓16:56 · 8 h 34 min
        🌙 ↓13:09 ↑23:57 · 🌖 waning gibbous 58%
    "#]]
    .assert_eq(&said);
}

#[test]
fn a_part_of_a_day_in_every_language() {
    let mut scene = Scene::plain(argenteuil());
    scene.when = spoken("tonight", Lang::En, 3).when;
    scene.check(
        overview::write,
        expect![[r#"
        📍 Argenteuil, Île-de-France, FR
        Mon 23 evening 🌧 3.5mm
        Today 🌧 8/14°C 4.7mm 💨22

        📍 Argenteuil, Île-de-France, FR
        Mo 23. abends 🌧 3,5mm
        Heute 🌧 8/14°C 4,7mm 💨22

        📍 Argenteuil, Île-de-France, FR
        lun. 23 soir 🌧 3,5mm
        Auj. 🌧 8/14°C 4,7mm 💨22"#]],
    );
    scene.check(
        rain::write,
        expect![[r#"
        🌧 Argenteuil, Île-de-France, FR · Mon 23 evening
        18h▅▄▁▁▁▁
        peak 2.4 mm/h at 18h · total 3.5 mm

        🌧 Argenteuil, Île-de-France, FR · Mo 23. abends
        18h▅▄▁▁▁▁
        max. 2,4 mm/h um 18 Uhr · gesamt 3,5 mm

        🌧 Argenteuil, Île-de-France, FR · lun. 23 soir
        18h▅▄▁▁▁▁
        max 2,4 mm/h à 18h · total 3,5 mm"#]],
    );
    scene.when = spoken("saturday", Lang::En, 3).when;
    scene.check(
        overview::write,
        expect![[r#"
            📍 Argenteuil, Île-de-France, FR · Sat 28: I only know Mon 23 to Fri 27

            📍 Argenteuil, Île-de-France, FR · Sa 28. · ich kenne nur Mo 23. bis Fr 27.

            📍 Argenteuil, Île-de-France, FR · sam. 28 : je ne connais que lun. 23 à ven. 27"#]],
    );
    // What is over is that of tomorrow.
    scene.when = spoken("morning", Lang::En, 3).when;
    let text = scene.answer(rain::write, Lang::En).concat();
    assert!(
        text.ends_with("· Tue 24 morning 6h: no rain for 6 h"),
        "{text}"
    );
    // Without hours the day is told.
    scene.report.hours.clear();
    let text = scene.answer(overview::write, Lang::En).concat();
    assert!(text.ends_with("FR\nTue 24 7/13°C 0.1mm 💨23"), "{text}");
}

/// An evening that goes on is told from now on.
#[test]
fn hours_that_are_over_are_left_out() {
    let mut scene = Scene::plain(argenteuil());
    scene.at.1 = 19;
    scene.when = spoken("tonight", Lang::En, 3).when;
    let text = scene.answer(rain::write, Lang::En).concat();
    assert!(text.contains("\n19h▄▁▁▁▁\n"), "{text}");
}

#[test]
fn a_number_of_days_that_makes_no_sense_is_named() {
    World::town().check(
        &ask("weather", "new york 99"),
        expect![[r#"
        99 does not fit: 1 to 5 days, for example /weather paris 2
        99 passt nicht: 1 bis 5 Tage, zum Beispiel /wetter berlin 2
        99 ne convient pas : de 1 à 5 jours, par exemple /météo paris 2"#]],
    );
    World::town().check(
        &ask("weather", "-5"),
        expect![[r#"
        -5 does not fit: 1 to 5 days, for example /weather paris 2
        -5 passt nicht: 1 bis 5 Tage, zum Beispiel /wetter berlin 2
        -5 ne convient pas : de 1 à 5 jours, par exemple /météo paris 2"#]],
    );
    World::town().check(
        &ask("rain", "paris 5"),
        expect![[r#"
        5 does not fit: 1 to 3 days, for example /rain paris 2
        5 passt nicht: 1 bis 3 Tage, zum Beispiel /regen berlin 2
        5 ne convient pas : de 1 à 3 jours, par exemple /pluie paris 2"#]],
    );
    let mut question = ask("rain", "paris 5");
    question.place = Place::Channel(ChannelIndex(0));
    assert!(World::town().run(&question, Lang::En).is_empty());
}

/// W7.
#[test]
fn dry_hours_before_unknown_ones_are_dry_until_then() {
    let mut scene = Scene::plain(argenteuil());
    for hour in &mut scene.report.hours {
        hour.rain = Some(0.0);
    }
    for hour in &mut scene.report.hours[20..] {
        hour.rain = None;
    }
    scene.check(
        rain::write,
        expect![[r#"
            🌧 Argenteuil, Île-de-France, FR · Mon 23 14h: no rain until 20h, unknown after

            🌧 Argenteuil, Île-de-France, FR · Mo 23. 14 Uhr: kein Regen bis 20h, danach unbekannt

            🌧 Argenteuil, Île-de-France, FR · lun. 23 14h: pas de pluie jusqu'à 20h, inconnu ensuite"#]],
    );
    scene.report.hours[15].rain = None;
    let text = scene.answer(rain::write, Lang::En).concat();
    assert!(
        text.ends_with("14h: no rain in the 5 h that are known"),
        "{text}"
    );
    // Without any rain the temperatures are told all the same.
    for hour in &mut scene.report.hours {
        hour.rain = None;
    }
    for day in &mut scene.report.days {
        day.rain = None;
    }
    assert!(scene.report.is_useful());
    let text = overview_of(&scene)
        .answer(overview::write, Lang::En)
        .concat();
    assert!(text.contains("8/14°C") && !text.contains("mm"), "{text}");
}

/// T11.
#[test]
fn hours_of_another_zone_than_the_board_s_name_it() {
    let mut scene = Scene::plain(argenteuil());
    let answers = |scene: &Scene| {
        [rain::write, astro::write].map(|write| scene.answer(write, Lang::En).concat())
    };
    assert!(answers(&scene).iter().all(|text| !text.contains("UTC")));
    // The same hours under another name.
    scene.board = TimeZone::get("Europe/Berlin").unwrap();
    assert!(answers(&scene).iter().all(|text| !text.contains("UTC")));
    scene.board = TimeZone::get("Europe/London").unwrap();
    let [rain, astro] = answers(&scene);
    assert!(rain.contains(" · Mon 23 UTC+1\n"), "{rain}");
    assert!(astro.contains(" · Mon 23 (UTC+1)\n"), "{astro}");
    let mut now = overview_of(&scene);
    let said = |scene: &Scene| scene.answer(overview::write, Lang::En).concat();
    assert!(said(&now).contains("\nNow ⛅"), "no hour, no zone");
    now.stale = Some(Duration::from_secs(3_600));
    assert!(said(&now).contains("\n14:00 UTC+1 ⛅"), "{}", said(&now));
}
