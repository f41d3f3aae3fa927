//! The weather over the mesh: the simulated node, the real link and bot under
//! one virtual clock, and the services in a box on this machine.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use log::Level;
use meshbot::bot::weather::Snapshot;
use meshbot::lang::Lang;
use meshbot::link::Outcome;
use meshbot::mesh::Boot;
use meshbot::mesh::NodeNum;
use meshbot::proto::{self, PortNum, mesh_packet::PayloadVariant};
use meshbot::sim::web::{Fault, Scenario, Service, Web};
use meshbot::sim::{Said, Settings};
use std::sync::{Arc, Mutex};

use crate::support::logs;
use crate::support::weather::{options, web};
use crate::support::world::{EPOCH, Options, World};

/// An hour in ms.
const HOUR: u64 = 3_600_000;

fn ready(web: &Web, config: &str) -> World {
    let mut world = World::with(options(web, config));
    world.settle();
    world
}

/// What the bot says to this in a direct message, or on the channel.
fn answers(world: &mut World, place: Option<u8>, text: &str) -> Vec<String> {
    // Somebody else each time, so that no limit and no togetherness matters.
    world.run(60_000);
    let people = world.node.people().iter();
    let with_key: Vec<_> = people
        .filter(|person| person.public_key.is_some())
        .map(|person| person.num)
        .collect();
    let turn = usize::try_from(world.now.mono.as_secs() / 60).unwrap();
    let from = with_key[turn % with_key.len()];
    let said = match place {
        Some(channel) => Said::on_channel(from, channel, text),
        None => Said::to_us(from, text),
    };
    world.answers();
    world.say(said);
    world.run(12_000);
    let answers = world.answers();
    for answer in &answers {
        assert!(answer.text.len() <= 200, "{answer:?}");
        match place {
            Some(channel) => assert_eq!(
                (answer.to, answer.channel),
                (NodeNum::BROADCAST, u32::from(channel))
            ),
            None => assert_eq!(answer.to, from),
        }
    }
    answers.into_iter().map(|answer| answer.text).collect()
}

fn direct(world: &mut World, text: &str) -> Vec<String> {
    answers(world, None, text)
}

/// The answers in all languages; the public one is the same.
fn check(web: &Web, text: &str, expected: Expect) {
    let texts = Lang::ALL.map(|lang| {
        let language = lang.code();
        let config = format!("language = \"{language}\"\n[weather]\ncountry = \"FR\"\n");
        let mut world = ready(web, &config);
        let directly = direct(&mut world, text);
        assert_eq!(answers(&mut world, Some(0), text), directly);
        directly.join("\n--\n")
    });
    expected.assert_eq(&texts.join("\n\n"));
}

#[test]
fn every_subcommand_in_all_languages() {
    let web = web();
    check(
        &web,
        "/weather argenteuil",
        expect![[r#"
            📍 Argenteuil, Île-de-France, FR
            Now 🌦 18°C 💨18km/h 💧93%
            Today 🌦 10/18°C 1.6mm 💨18
            Sat ☁️ 11/19°C 💨18
            Sun 🌦 9/17°C 1.6mm 💨18

            📍 Argenteuil, Île-de-France, FR
            Jetzt 🌦 18°C 💨18km/h 💧93%
            Heute 🌦 10/18°C 1,6mm 💨18
            Sa ☁️ 11/19°C 💨18
            So 🌦 9/17°C 1,6mm 💨18

            📍 Argenteuil, Île-de-France, FR
            Maintenant 🌦 18°C 💨18km/h 💧93%
            Auj. 🌦 10/18°C 1,6mm 💨18
            sam. ☁️ 11/19°C 💨18
            dim. 🌦 9/17°C 1,6mm 💨18"#]],
    );
    check(
        &web,
        "/rain 95100",
        expect![[r#"
            🌧 Argenteuil, Île-de-France, FR · Fri 18
            15h▃▃▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁
            peak 0.8 mm/h at 15h · total 1.6 mm

            🌧 Argenteuil, Île-de-France, FR · Fr 18.
            15h▃▃▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁
            max. 0,8 mm/h um 15 Uhr · gesamt 1,6 mm

            🌧 Argenteuil, Île-de-France, FR · ven. 18
            15h▃▃▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁
            max 0,8 mm/h à 15h · total 1,6 mm"#]],
    );
    check(
        &web,
        "/weather rain argenteuil 2",
        expect![[r#"
            (1/2) 🌧 Argenteuil, Île-de-France, FR · Fri 18
            15h▃▃▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁
            peak 0.8 mm/h at 15h · total 1.6 mm
            --
            (2/2) 🌧 Argenteuil, Île-de-France, FR · Sat 19 15h: no rain for 24 h

            (1/2) 🌧 Argenteuil, Île-de-France, FR · Fr 18.
            15h▃▃▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁
            max. 0,8 mm/h um 15 Uhr · gesamt 1,6 mm
            --
            (2/2) 🌧 Argenteuil, Île-de-France, FR · Sa 19. 15 Uhr: 24 h lang kein Regen

            (1/2) 🌧 Argenteuil, Île-de-France, FR · ven. 18
            15h▃▃▁18h▁▁▁▁▁▁0h▁▁▁▁▁▁6h▁▁▁▁▁▁12h▁▁▁
            max 0,8 mm/h à 15h · total 1,6 mm
            --
            (2/2) 🌧 Argenteuil, Île-de-France, FR · sam. 19 15h: pas de pluie pendant 24 h"#]],
    );
    check(
        &web,
        "/weather astro argenteuil",
        expect![[r#"
            🔭 Argenteuil, Île-de-France, FR · Fri 18
            ☀️ ↑06:07 ↓21:46 · 15 h 39 min
            🌙 ↑02:04 ↓16:22 · 🌘 waning crescent 30%

            🔭 Argenteuil, Île-de-France, FR · Fr 18.
            ☀️ ↑06:07 ↓21:46 · 15 h 39 min
            🌙 ↑02:04 ↓16:22 · 🌘 abnehmende Sichel 30%

            🔭 Argenteuil, Île-de-France, FR · ven. 18
            ☀️ ↑06:07 ↓21:46 · 15 h 39 min
            🌙 ↑02:04 ↓16:22 · 🌘 dernier croissant 30%"#]],
    );
    check(
        &web,
        "/météo aide",
        expect![[r#"
            ℹ️ /weather [place] [day] · /rain [place] [day | 1-3] · /astro [place]. Place: name, postcode or lat,lon; none is where you are, else my home. 💨 wind 💧 humidity

            ℹ️ /wetter [Ort] [Tag] · /regen [Ort] [Tag | 1-3] · /himmel [Ort]. Ort: Name, Postleitzahl oder lat,lon; sonst wo du bist, sonst bei mir. 💨 Wind 💧 Luftfeuchte

            ℹ️ /météo [lieu] [jour] · /pluie [lieu] [jour | 1-3] · /astro [lieu]. Lieu : nom, code postal ou lat,lon ; sinon là où tu es, sinon chez moi. 💨 vent 💧 humidité"#]],
    );
    check(
        &web,
        "/weather nowhere",
        expect![[r#"
            I know no place called nowhere.

            Einen Ort namens nowhere kenne ich nicht.

            Je ne connais pas de lieu nommé nowhere."#]],
    );
}

#[test]
fn every_kind_of_weather() {
    let web = web();
    web.set_scenario(Scenario::HeavyRain);
    check(
        &web,
        "/rain paris",
        expect![[r#"
            🌧 Paris, Île-de-France, FR · Fri 18
            15h▆▆▆18h▅▅▅▅▄▄0h▄▃▃▃▃▃6h▃▃▄▅▅▅12h▅▆▆
            peak 4.5 mm/h at 15h · total 55 mm

            🌧 Paris, Île-de-France, FR · Fr 18.
            15h▆▆▆18h▅▅▅▅▄▄0h▄▃▃▃▃▃6h▃▃▄▅▅▅12h▅▆▆
            max. 4,5 mm/h um 15 Uhr · gesamt 55 mm

            🌧 Paris, Île-de-France, FR · ven. 18
            15h▆▆▆18h▅▅▅▅▄▄0h▄▃▃▃▃▃6h▃▃▄▅▅▅12h▅▆▆
            max 4,5 mm/h à 15h · total 55 mm"#]],
    );
    web.set_scenario(Scenario::Snow);
    check(
        &web,
        "/rain tromsø",
        expect![[r#"
            🌨 Tromsø, Troms, NO · Fri 18
            15h▃▃▃18h▃▂▂▂▂▂0h▂▂▂▂▂▂6h▃▃▃▃▃▃12h▃▃▃
            peak 0.6 mm/h at 15h · total 10 mm

            🌨 Tromsø, Troms, NO · Fr 18.
            15h▃▃▃18h▃▂▂▂▂▂0h▂▂▂▂▂▂6h▃▃▃▃▃▃12h▃▃▃
            max. 0,6 mm/h um 15 Uhr · gesamt 10 mm

            🌨 Tromsø, Troms, NO · ven. 18
            15h▃▃▃18h▃▂▂▂▂▂0h▂▂▂▂▂▂6h▃▃▃▃▃▃12h▃▃▃
            max 0,6 mm/h à 15h · total 10 mm"#]],
    );
    web.set_scenario(Scenario::Cold);
    check(
        &web,
        "/weather london",
        expect![[r#"
            📍 London, England, GB
            Now ☀️ -11°C 💨17km/h 💧61%
            Today ☀️ -18/-11°C 💨18
            Sat ☀️ -18/-11°C 💨18
            Sun ☀️ -18/-11°C 💨18

            📍 London, England, GB
            Jetzt ☀️ -11°C 💨17km/h 💧61%
            Heute ☀️ -18/-11°C 💨18
            Sa ☀️ -18/-11°C 💨18
            So ☀️ -18/-11°C 💨18

            📍 London, England, GB
            Maintenant ☀️ -11°C 💨17km/h 💧61%
            Auj. ☀️ -18/-11°C 💨18
            sam. ☀️ -18/-11°C 💨18
            dim. ☀️ -18/-11°C 💨18"#]],
    );
    web.set_scenario(Scenario::Dry);
    check(
        &web,
        "/rain kathmandu",
        expect![[r#"
            🌧 Kathmandu, Bagmati, NP · Fri 18 UTC+5:45 19h: no rain for 24 h

            🌧 Kathmandu, Bagmati, NP · Fr 18. UTC+5:45 19 Uhr: 24 h lang kein Regen

            🌧 Kathmandu, Bagmati, NP · ven. 18 UTC+5:45 19h: pas de pluie pendant 24 h"#]],
    );
    let name = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch";
    check(
        &web,
        &format!("/weather {name}"),
        expect![[r#"
            📍 Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, Wales, GB
            Now ☀️ 28°C 💨17km/h 💧61%
            Today ☀️ 15/29°C 💨18
            Sat ☀️ 15/29°C 💨18
            Sun ☀️ 15/29°C 💨18

            📍 Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, Wales, GB
            Jetzt ☀️ 28°C 💨17km/h 💧61%
            Heute ☀️ 15/29°C 💨18
            Sa ☀️ 15/29°C 💨18
            So ☀️ 15/29°C 💨18

            📍 Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, GB
            Maintenant ☀️ 28°C 💨17km/h 💧61%
            Auj. ☀️ 15/29°C 💨18
            sam. ☀️ 15/29°C 💨18
            dim. ☀️ 15/29°C 💨18"#]],
    );
}

#[test]
fn units_are_the_operator_s_choice() {
    let web = web();
    let config = "[weather]\ntemperature = \"fahrenheit\"\nwind = \"mph\"\nrain = \"inch\"\n";
    let mut world = ready(&web, config);
    let texts = direct(&mut world, "/weather");
    expect![[r#"
        📍 47.28,11.27
        Now ⛅ 65°F 💨11mph 💧61%
        Today 🌦 51/65°F 0.06in 💨11
        Sat ☁️ 52/66°F 💨11
        Sun 🌦 48/63°F 0.06in 💨11"#]]
    .assert_eq(&texts.join("\n--\n"));
}

/// features.md E2: nobody is asked where the board is.
#[test]
fn the_place_is_the_asker_s_own_else_home() {
    let web = web();
    let mut world = ready(&web, "[weather]\nhome = \"sydney\"\n");
    let people = world.node.people().to_vec();
    let with_position = people.iter().position(|person| person.position.is_some());
    let asker = people[with_position.expect("somebody has a position")].num;
    let texts = world.ask(Said::to_us(asker, "/weather"));
    let place = texts[0].text.lines().next().unwrap().to_owned();
    let (latitude, longitude) = place
        .strip_prefix("📍 ")
        .and_then(|place| place.split_once(','))
        .unwrap();
    let target = web.targets().pop().unwrap();
    assert!(
        target.contains(&format!("latitude={latitude}&longitude={longitude}")),
        "{target}"
    );
    let mut strangers = people.iter().filter(|person| person.public_key.is_some());
    let stranger = strangers.find(|person| person.position.is_none());
    let stranger = stranger.expect("somebody without a position").num;
    let texts = world.ask(Said::to_us(stranger, "/weather"));
    assert!(texts[0].text.starts_with("📍 Sydney, "), "{texts:?}");
    assert!(
        web.targets()
            .iter()
            .all(|target| target.contains("latitude=") || target.contains("name="))
    );
}

// ------------------------------------------------------------ the seed's case

/// One of the packets that a mesh is full of.
fn chatter(from: NodeNum, id: u32) -> proto::MeshPacket {
    proto::MeshPacket {
        from: from.0,
        to: u32::MAX,
        id,
        rx_snr: 3.0,
        rx_rssi: Some(-90),
        hop_start: 3,
        hop_limit: 3,
        transport_mechanism: 1,
        payload_variant: Some(PayloadVariant::Decoded(proto::Data {
            portnum: PortNum::TelemetryApp as i32,
            payload: vec![0x0d, 1, 0, 0, 0],
            ..proto::Data::default()
        })),
        ..proto::MeshPacket::default()
    }
}

const SEED: &str = "/weather rain argenteuil 1";

/// A hundred people ask within ten minutes, and 500 packets pass by.
fn crowd(web: &Web, config: &str, errands_take: u64) -> World {
    let mut world = World::with(Options {
        sim: Settings {
            nodes: 120,
            own_telemetry: true,
            ..Settings::default()
        },
        errands_take,
        ..options(web, config)
    });
    world.settle();
    for user in 0..100 {
        let from = world.person(user);
        world.say(Said::on_channel(from, 0, SEED));
        for packet in 0..5 {
            let id = 0x5000_0000 + u32::try_from(user * 5 + packet).unwrap();
            let from = world.person(100 + packet);
            world.node.force(world.now, chatter(from, id));
            world.run(1_200);
        }
    }
    world.run(60_000);
    world
}

/// seed.md, S1 to S11, end to end.
#[test]
fn a_hundred_ask_for_the_rain_of_argenteuil() {
    for (language, start, sent, ready) in [
        ("en", "via the shared link...", "sent", "✅ Link ready"),
        (
            "fr",
            "via interface partagée...",
            "diffusé",
            "✅ Interface prête",
        ),
    ] {
        for (more, errands_take, expect_together, expect_refused) in [
            ("", 0, true, false),
            ("", 4_000, true, false),
            ("[limits]\ntogether = \"0s\"\n", 0, false, true),
        ] {
            logs::begin();
            let web = web();
            let config = format!(
                "language = \"{language}\"\n{more}[weather]\ncountry = \"FR\"\n[log]\nconversations = true\n"
            );
            let mut world = crowd(&web, &config, errands_take);
            let said = world.answers();
            let tally = world.bot.tally();
            assert_eq!(
                tally.answered + tally.together + tally.refused,
                100,
                "{tally:?}"
            );
            assert_eq!(tally.together > 0, expect_together, "{tally:?}");
            assert_eq!(tally.refused > 0, expect_refused, "{tally:?}");
            assert!(tally.answered >= 15, "{tally:?}");
            assert_eq!((tally.bad, tally.unknown), (0, 0));

            // One packet each, on the channel of the question, and every one
            // arrives.
            let rain: Vec<_> = said
                .iter()
                .filter(|answer| answer.text.contains("Argenteuil"))
                .collect();
            assert_eq!(rain.len() as u64, tally.answered);
            for answer in &said {
                assert_eq!((answer.to, answer.channel), (NodeNum::BROADCAST, 0));
                assert!(answer.reply_to.is_some());
            }
            let good = world.outcomes.iter().filter(|(_, outcome)| {
                matches!(
                    outcome,
                    Outcome::Delivered(_) | Outcome::Relayed | Outcome::Sent
                )
            });
            assert_eq!(good.count(), said.len());

            // One connection, and the log of a healthy broadcast.
            assert_eq!(world.node.counters().accepts, 1);
            assert_eq!(world.most_open, 1);
            let lines = logs::take();
            assert_eq!(logs::count(&lines, ready), 1);
            assert_eq!(
                logs::count(&lines, "TCP link lost") + logs::count(&lines, "Socket TCP mort"),
                0
            );
            assert_eq!(
                logs::count(&lines, "reconnect") + logs::count(&lines, "Reconnexion"),
                0
            );
            let line = |text: &str| logs::count(&lines, &format!("Broadcast {SEED} {text}"));
            assert_eq!(line(start), rain.len());
            assert_eq!(line(sent), rain.len());
            assert!(lines.iter().all(|(level, _)| *level != Level::Error));

            // Each served question is in the conversation log (S7).
            let noted = |outcome: &str| {
                logs::count(&lines, &format!("channel 0: {SEED} → {outcome}")) as u64
            };
            assert_eq!(noted("1 part(s)"), tally.answered);
            assert_eq!(noted("answered together"), tally.together);

            // Everybody who passed by was noticed.
            for user in 100..105 {
                assert!(world.bot.book().get(world.person(user)).is_some());
            }
            assert_eq!(web.count(Service::Forecast), 1, "one call in half an hour");
            assert_eq!(web.count(Service::Search), 1);
            assert_eq!(web.count(Service::Wttr), 0);
        }
    }
}

/// features.md E4: once in half an hour, whatever is asked of a place.
#[test]
fn the_services_are_left_in_peace() {
    let web = web();
    let mut world = ready(&web, "");
    for round in 0..12 {
        // Every ten minutes, for two hours.
        web.set_time(i64::try_from(world.now.unix).unwrap());
        let text = ["/weather paris", "/rain paris 2", "/weather astro paris"][round % 3];
        assert!(!direct(&mut world, text).is_empty());
        world.run(600_000 - 72_000);
    }
    assert_eq!(web.count(Service::Forecast), 4);
    assert_eq!(web.count(Service::Search), 1);
}

// ------------------------------------------------------------------- failures

/// Issue, point 3: a true sentence, and the next question works.
#[test]
fn whatever_the_services_do_somebody_says_so() {
    for (fault, sentence) in [
        (Fault::Hang, "the service does not answer in time"),
        (Fault::Status(500), "the service answers with error 500"),
        (Fault::Status(429), "the service has been asked too often"),
        (Fault::Empty, "the service answers nothing usable"),
        (Fault::Huge, "the service answers nothing usable"),
        (Fault::Html, "the service answers nothing usable"),
        (Fault::Garbage, "the service answers nothing usable"),
        (Fault::CutOff, "the service answers nothing usable"),
    ] {
        let web = web();
        let mut world = ready(&web, "");
        for service in [Service::Forecast, Service::Wttr] {
            web.set_fault(service, Some(fault));
        }
        let texts = direct(&mut world, "/weather paris");
        let expected = format!("No weather for Paris: {sentence}. Try again in a minute.");
        assert_eq!(texts, [expected], "{fault:?}");
        // Nobody is asked again within the minute.
        let asked = web.count(Service::Forecast);
        world.run(30_000 - 12_000);
        let texts = world.ask(Said::to_us(world.person(9), "/rain paris"));
        assert!(texts[0].text.contains(sentence), "{texts:?}");
        assert_eq!(web.count(Service::Forecast), asked);
        assert!(direct(&mut world, "/ping")[0].contains("pong"));
        for service in [Service::Forecast, Service::Wttr] {
            web.set_fault(service, None);
        }
        let texts = direct(&mut world, "/weather paris");
        assert!(texts[0].starts_with("📍 Paris"), "{texts:?}");
    }
}

/// T19: the service's own reason in our words, and for the operator in its own.
#[test]
fn a_limit_of_the_service_is_told_with_its_end() {
    const DAILY: &str = "Daily API request limit exceeded. Please try again tomorrow.";
    let warnings = |reason: &str| {
        let lines = logs::take();
        let told = lines
            .iter()
            .filter(|(level, line)| *level == Level::Warn && line.contains(reason));
        told.count()
    };
    for status in [400, 429, 200] {
        let web = web();
        let mut world = ready(&web, "");
        web.set_fault(Service::Forecast, Some(Fault::Told(status, DAILY)));
        web.set_fault(Service::Wttr, Some(Fault::Status(500)));
        logs::begin();
        let texts = direct(&mut world, "/weather paris");
        let expected = "No weather for Paris: the service's limit is reached. Try again tomorrow.";
        assert_eq!(texts, [expected], "{status}");
        assert_eq!(warnings(DAILY), 1);
    }
    // What we have asked wrongly is for the operator; he reads what it was.
    let web = web();
    let mut world = ready(&web, "");
    let reason = "Parameter 'forecast_days' is out of range. Allowed range 0 to 16.";
    web.set_fault(Service::Forecast, Some(Fault::Told(400, reason)));
    web.set_fault(Service::Wttr, Some(Fault::Status(500)));
    logs::begin();
    let texts = direct(&mut world, "/weather paris");
    assert!(texts[0].contains("answers with error 400"), "{texts:?}");
    assert_eq!(warnings(reason), 1);
}

/// W7.
#[test]
fn without_any_rain_the_temperatures_are_told() {
    let web = web();
    web.set_fault(Service::Forecast, Some(Fault::NoRain));
    let mut world = ready(&web, "");
    let texts = direct(&mut world, "/weather argenteuil");
    assert!(texts[0].contains("Today 🌦 10/18°C 💨18"), "{texts:?}");
    let texts = direct(&mut world, "/rain argenteuil");
    assert!(
        texts[0].ends_with("no forecast for these hours"),
        "{texts:?}"
    );
    assert_eq!(web.count(Service::Wttr), 0);
}

/// W10.
#[test]
fn a_guess_is_never_outside_of_what_was_typed_and_soon_gives_way() {
    let web = web();
    let mut world = ready(&web, "");
    web.set_fault(Service::Search, Some(Fault::Status(500)));
    web.set_fault(Service::Wttr, Some(Fault::Abroad));
    for text in ["/weather paris, fr", "/weather paris, texas"] {
        let texts = direct(&mut world, text);
        assert!(texts[0].starts_with("I can't look up paris, "), "{texts:?}");
    }
    // Without a country it is a guess, and shows where it is.
    let texts = direct(&mut world, "/weather paris");
    assert!(texts[0].starts_with("📍 Paris, Quezon, PH\n"), "{texts:?}");
    web.set_fault(Service::Search, None);
    world.run(60_000);
    let texts = direct(&mut world, "/weather paris");
    assert!(
        texts[0].starts_with("📍 Paris, Île-de-France, FR\n"),
        "{texts:?}"
    );
}

/// W11: answered with its number, like a list of nodes.
#[test]
fn one_of_several_places_is_picked_by_its_number() {
    let web = web();
    let mut world = ready(&web, "[weather]\nhome = \"48.0,-3.0\"\n");
    let from = world.person(9);
    let mut say = |text: &str| -> Vec<String> {
        world.run(60_000);
        let answers = world.ask(Said::to_us(from, text));
        answers.into_iter().map(|answer| answer.text).collect()
    };
    expect![[r#"
        Which Villeneuve? Answer with its number.
        1 Finistère, Bretagne · 99.4 km NW
        2 Morbihan, Bretagne · 22.4 km SE"#]]
    .assert_eq(&say("/rain villeneuve 2").join("\n--\n"));
    let texts = say("2");
    assert_eq!(texts.len(), 2, "two days: {texts:?}");
    assert!(
        texts[0].starts_with("(1/2) 🌧 Villeneuve, Morbihan, Bretagne, FR · Fri 18"),
        "{texts:?}"
    );
}

#[test]
fn when_one_service_fails_the_other_tells_the_same() {
    let web = web();
    let mut world = ready(&web, "");
    web.set_fault(Service::Forecast, Some(Fault::Status(503)));
    web.set_fault(Service::Search, Some(Fault::Hang));
    let texts = direct(&mut world, "/rain paris");
    assert!(texts[0].starts_with("🌧 Paris"), "{texts:?}");
    assert_eq!(web.count(Service::Wttr), 2);
}

#[test]
fn odd_numbers_do_no_harm() {
    let web = web();
    web.set_fault(Service::Forecast, Some(Fault::WrongTypes));
    let mut world = ready(&web, "");
    for text in ["/weather paris", "/rain paris 3", "/astro paris"] {
        let texts = direct(&mut world, text);
        assert!(texts[0].contains("Paris, Île-de-France, FR"), "{texts:?}");
    }
}

/// features.md L5: what somebody types stays a name.
#[test]
fn a_place_name_is_never_more_than_a_name() {
    let web = web();
    web.set_fault(Service::Search, Some(Fault::Status(500)));
    let mut world = ready(&web, "");
    for place in [
        "../../?x",
        "@example.org",
        "127.0.0.1",
        "a&format=j2#x",
        "%2e%2e/%00",
        ":help",
    ] {
        let texts = direct(&mut world, &format!("/weather {place}"));
        assert_eq!(texts.len(), 1, "{place}: {texts:?}");
    }
    for target in web.targets() {
        let (path, query) = target.split_once('?').unwrap();
        let search = path == "/v1/search" && query.split('&').count() == 4;
        let wttr =
            path.starts_with("/~") && !path[1..].contains('/') && query.starts_with("format=j1");
        assert!(search || wttr || path == "/v1/forecast", "{target}");
    }
    assert!(web.count(Service::Wttr) >= 5);
}

// ---------------------------------------------------------------- age and time

/// features.md E4.
#[test]
fn old_weather_has_its_age_for_a_day() {
    let web = web();
    let mut world = ready(&web, "");
    assert!(direct(&mut world, "/weather paris")[0].starts_with("📍 Paris"));
    for service in [Service::Forecast, Service::Wttr] {
        web.set_fault(service, Some(Fault::Status(500)));
    }
    world.run(3 * HOUR);
    let texts = direct(&mut world, "/weather paris");
    assert!(texts[0].contains("(3 h old)"), "{texts:?}");
    world.run(20 * HOUR);
    let texts = direct(&mut world, "/rain paris");
    assert!(texts[0].contains("(23 h old)"), "{texts:?}");
    world.run(HOUR);
    let texts = direct(&mut world, "/rain paris");
    assert!(texts[0].starts_with("No weather for Paris"), "{texts:?}");
    let sky = direct(&mut world, "/astro paris");
    assert!(sky[0].contains("☀️ ↑"), "{sky:?}");
}

/// Issue, point 5: a jump of the board's clock moves neither hours nor ages.
#[test]
fn a_clock_jump_moves_nothing() {
    let web = web();
    let mut world = ready(&web, "");
    let bars = |texts: &[String]| texts[0].lines().nth(1).map(str::to_owned);
    web.set_scenario(Scenario::HeavyRain);
    let before = direct(&mut world, "/rain paris");
    for jump in [3_600 * 5, 3_600 * 24 * 40] {
        world.now.unix += jump;
        let after = direct(&mut world, "/rain paris");
        assert_eq!(bars(&after), bars(&before), "{jump}");
        assert!(!after[0].contains("old"), "{after:?}");
    }
    assert_eq!(web.count(Service::Forecast), 1);
}

fn boot(id: &str, offset: u64) -> Boot {
    let id = id.to_owned();
    Boot { id, offset }
}

/// What is written while five places are asked for, and in two hours after.
fn written(web: &Web) -> Vec<Snapshot> {
    // What would be written to a file.
    let shelf = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&shelf);
    let mut world = World::with(Options {
        keep_weather: Arc::new(move |known| {
            keep.lock().unwrap().push(known.clone());
            true
        }),
        boot: boot("first", 0),
        ..options(web, "")
    });
    world.settle();
    for place in ["paris", "london", "sydney", "auckland", "paris texas"] {
        assert_eq!(direct(&mut world, &format!("/weather {place}")).len(), 1);
    }
    world.run(2 * HOUR);
    let written = shelf.lock().unwrap();
    written.clone()
}

/// A bot that starts `seconds` later with what the other one has written, and
/// without the Internet.
fn after(web: &Web, known: Snapshot, boot: Boot, seconds: u64) -> World {
    for service in [Service::Forecast, Service::Search, Service::Wttr] {
        web.set_fault(service, Some(Fault::Status(500)));
    }
    let mut world = World::with(Options {
        known_weather: known,
        boot,
        ..options(web, "")
    });
    world.now.unix = EPOCH + seconds;
    world.settle();
    world
}

#[test]
fn a_restart_forgets_nothing_and_the_card_is_spared() {
    let web = web();
    let written = written(&web);
    assert!((1..=2).contains(&written.len()), "{}", written.len());
    let asked = web.targets().len();
    let mut world = after(&web, written[0].clone(), boot("first", 900), 900);
    let texts = direct(&mut world, "/weather sydney");
    assert!(
        texts[0].starts_with("📍 Sydney, New South Wales, AU\n"),
        "{texts:?}"
    );
    assert_eq!(web.targets().len(), asked, "fresh: nobody is asked");
}

/// A board without a clock of its own may have stood still for hours: what was
/// known is better than nothing, but it is not called fresh.
#[test]
fn after_a_power_cut_the_weather_is_asked_for_again() {
    let web = web();
    let written = written(&web);
    let asked = web.targets().len();
    let mut world = after(&web, written[0].clone(), boot("second", 3), 900);
    let texts = direct(&mut world, "/weather sydney");
    assert!(texts[0].contains(" AU (1"), "{texts:?}");
    assert!(texts[0].contains(" min old)\n"), "{texts:?}");
    assert!(web.targets().len() > asked);
    for service in [Service::Forecast, Service::Search, Service::Wttr] {
        web.set_fault(service, None);
    }
    let texts = direct(&mut world, "/weather sydney");
    assert!(texts[0].contains(" AU\n"), "{texts:?}");
}

// --------------------------------------------------------- the seed, S5 and S12

/// Utility commands and those about the mesh share one way out, and leave the
/// same lines.
#[test]
fn weather_is_sent_like_everything_else() {
    let web = web();
    let mut world = ready(&web, "");
    let mut lines_of: BTreeMap<&str, Vec<(Level, String)>> = BTreeMap::new();
    for text in [
        "/weather paris",
        "/rain paris",
        "/astro paris",
        "/echo hi",
        "/my",
    ] {
        logs::begin();
        assert_eq!(answers(&mut world, Some(0), text).len(), 1);
        let mut lines = logs::take();
        lines.retain(|(_, line)| line.contains("Broadcast"));
        for (_, line) in &mut lines {
            *line = line.replace(text, "X");
            if let Some(hash) = line.find("tracked: ") {
                line.truncate(hash);
            }
        }
        lines_of.insert(text, lines);
    }
    let like = lines_of["/my"].clone();
    assert!(like.len() >= 3, "{like:?}");
    for (text, lines) in lines_of {
        assert_eq!(lines, like, "{text}");
    }
}
