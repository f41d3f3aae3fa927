//! The weather desk under a virtual clock, with a test in the place of the
//! services and of the errands.

use crate::lang::Lang;
use crate::mesh::{Boot, Sanity};
use crate::weather::{Cell, Home, Query, Spot};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use jiff::civil::date;

use super::{Job, Work, *};
use crate::bot::ask::Way;
use crate::bot::testing;
use crate::bot::weather::desk::{PATIENCE, SAVE_EVERY, WAITING};
use crate::mesh::Now;
use crate::weather::{Candidate, Day, Days, Failure, Hour, Pause, Provider, Source, When};
use jiff::tz::TimeZone;

const SANITY: Sanity = Sanity { built: 1_000_000 };

/// What the services know, and how often they were asked.
struct Services {
    failure: Option<Failure>,
    certain: bool,
    searches: Vec<String>,
    forecasts: Vec<Cell>,
}

impl Default for Services {
    fn default() -> Self {
        Self {
            failure: None,
            certain: true,
            searches: Vec::new(),
            forecasts: Vec::new(),
        }
    }
}

#[derive(Clone, Default)]
struct Stub(Arc<Mutex<Services>>);

fn cell(latitude: f64) -> Cell {
    Cell::new(latitude, 2.0).unwrap()
}

/// Without its name nothing tells in which hours a place lives.
fn zone_of(name: &str) -> Option<&'static str> {
    (name == "zoned").then_some("Europe/Paris")
}

impl Source for Stub {
    fn search(&self, name: &str, _: &[String], _: Lang) -> Result<Vec<Candidate>, Failure> {
        let mut services = self.0.lock().unwrap();
        services.searches.push(name.to_owned());
        if let Some(failure) = &services.failure {
            return Err(failure.clone());
        }
        let services = &*services;
        let place = |country: &str, latitude, population| Candidate {
            spot: Spot::new(name, None, Some(country), cell(latitude), zone_of(name)),
            population,
            within: Vec::new(),
            is_certain: services.certain,
        };
        Ok(match name {
            "nowhere" => Vec::new(),
            "crash" => panic!("broken atlas"),
            "home" => vec![place("FR", 10.0, 5)],
            "twins" => [("North", 40.0), ("South", 41.0)]
                .map(|(district, latitude)| Candidate {
                    within: vec![district.to_owned()],
                    ..place("FR", latitude, 7)
                })
                .to_vec(),
            _ => vec![place("US", 20.0, 9), place("FR", 30.0, 1)],
        })
    }

    fn forecast(&self, at: Cell) -> Result<Report, Failure> {
        let mut services = self.0.lock().unwrap();
        services.forecasts.push(at);
        match &services.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(report()),
        }
    }
}

fn report() -> Report {
    Report {
        provider: Provider::OpenMeteo,
        time: None,
        zone: Some("Europe/Paris".to_owned()),
        offset: 3_600,
        current: None,
        first_hour: 10_000_000,
        hours: vec![Hour::default(); 48],
        days: vec![Day {
            date: date(1970, 4, 26),
            min: None,
            max: Some(1.0),
            rain: None,
            wind: None,
        }],
    }
}

struct Rig {
    desk: Forecasts,
    stub: Stub,
    now: Now,
    jobs: VecDeque<(Need, Job)>,
    said: Vec<String>,
    offered: Vec<String>,
    saves: Vec<Snapshot>,
    busy: usize,
}

/// Place, age and what else matters.
fn write(outlook: &Outlook<'_>) -> String {
    let stale = outlook.stale.map_or(0, |age| age.as_secs() / 3_600);
    let report = if outlook.report.is_some() {
        "weather"
    } else {
        "no weather"
    };
    format!(
        "{} {report} {stale}h {}",
        outlook.spot.title(40),
        outlook.now
    )
}

const WISH: Wish = Wish {
    command: &commands::WEATHER,
    days: 1,
    when: When {
        days: Days::Unsaid,
        part: None,
    },
    from: None,
    needs_report: true,
    render: write,
};

fn rig(settings: Settings) -> Rig {
    rig_after(settings, Snapshot::default())
}

fn rig_after(settings: Settings, before: Snapshot) -> Rig {
    let frame = Frame {
        lang: Lang::En,
        prefix: "/".to_owned(),
        part_limit: 200,
        sanity: SANITY,
        local_zone: TimeZone::UTC,
        boot: Boot {
            id: "b".to_owned(),
            offset: 0,
        },
    };
    let stub = Stub::default();
    Rig {
        desk: Forecasts::new(settings, frame, Arc::new(stub.clone()), before),
        stub,
        now: Now {
            mono: Duration::from_secs(1_000),
            unix: 10_000_000,
        },
        jobs: VecDeque::new(),
        said: Vec::new(),
        offered: Vec::new(),
        saves: Vec::new(),
        busy: 0,
    }
}

fn named(name: &str) -> Wanted {
    Wanted::Named(Query::parse(name).unwrap())
}

impl Rig {
    fn ask(&mut self, wanted: Wanted) {
        self.ask_for(WISH, wanted);
    }

    fn ask_for(&mut self, wish: Wish, wanted: Wanted) {
        let ask = testing::ask("weather", "");
        self.desk.ask(self.now, &ask, Way::default(), wish, wanted);
        self.look();
    }

    fn look(&mut self) {
        while let Some(act) = self.desk.act() {
            match act {
                Act::Say(_, text) => self.said.push(text),
                Act::Offer(_, text, args) => {
                    self.said.push(text);
                    self.offered = args;
                }
                Act::Busy(_) => self.busy += 1,
                Act::Start(need, job) => self.jobs.push_back((need, job)),
                Act::Save(snapshot) => self.saves.push(snapshot),
            }
        }
    }

    /// One errand comes home.
    fn work(&mut self) {
        let (need, job) = self.jobs.pop_front().expect("an errand");
        let work = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
        let work = work.map_err(|_| "broken".to_owned());
        self.desk.came(self.now, &need, work);
        self.look();
    }

    fn work_all(&mut self) {
        while !self.jobs.is_empty() {
            self.work();
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        self.desk.tick(self.now);
        self.look();
    }

    fn heard(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }

    fn calls(&self) -> (usize, usize) {
        let services = self.stub.0.lock().unwrap();
        (services.searches.len(), services.forecasts.len())
    }

    fn fail(&mut self, failure: Option<Failure>) {
        self.stub.0.lock().unwrap().failure = failure;
    }
}

fn at_home() -> Settings {
    Settings {
        home: Home::Named(Query::parse("home").unwrap()),
        ..Settings::default()
    }
}

/// features.md C23, E4.
#[test]
fn many_ask_and_each_service_is_asked_once() {
    let mut rig = rig(Settings::default());
    for _ in 0..10 {
        rig.ask(named("Paris"));
    }
    assert_eq!((rig.jobs.len(), rig.said.len()), (1, 0));
    rig.work();
    assert_eq!((rig.jobs.len(), rig.said.len()), (1, 0));
    rig.work();
    let said = rig.heard();
    assert_eq!(said.len(), 10);
    assert_eq!(said[0], "Paris, US weather 0h 10000000");
    assert_eq!(rig.calls(), (1, 1));
    // Fresh: at once, under any spelling, for half an hour.
    rig.pass(1_799);
    rig.ask(named("PARIS"));
    assert_eq!((rig.heard().len(), rig.calls()), (1, (1, 1)));
    rig.pass(1);
    rig.ask(named("paris"));
    rig.work();
    assert_eq!((rig.heard().len(), rig.calls()), (1, (1, 2)));
}

#[test]
fn home_decides_between_places_of_one_name() {
    let mut rig = rig(at_home());
    rig.ask(named("Paris"));
    rig.work_all();
    assert_eq!(rig.heard(), ["Paris, FR weather 0h 10000000"]);
    assert_eq!(rig.stub.0.lock().unwrap().searches, ["home", "Paris"]);
    rig.ask(named("London"));
    rig.work_all();
    assert_eq!(rig.heard(), ["London, FR weather 0h 10000000"]);
    assert_eq!(rig.calls().0, 3, "home is known by now");

    let mut rig = crate::bot::weather::tests::rig(Settings {
        country: Some("FR".to_owned()),
        ..Settings::default()
    });
    rig.ask(named("Paris"));
    rig.work_all();
    assert_eq!(rig.heard(), ["Paris, FR weather 0h 10000000"]);
}

/// A home that cannot be found is not looked for again with every question,
/// and what was chosen without it does not last.
#[test]
fn a_home_that_nobody_knows() {
    let mut rig = rig(Settings {
        home: Home::Named(Query::parse("nowhere").unwrap()),
        ..Settings::default()
    });
    for place in ["Paris", "Rome", "London"] {
        rig.ask(named(place));
        rig.work_all();
    }
    assert_eq!(
        rig.stub.0.lock().unwrap().searches,
        ["nowhere", "Paris", "Rome", "London"]
    );
    assert_eq!(rig.heard()[0], "Paris, US weather 0h 10000000");
    rig.pass(1_800);
    rig.ask(named("Paris"));
    assert_eq!(rig.jobs.len(), 1, "looked up again");
    // Who names no place is not told about one that he never named.
    rig.heard();
    rig.ask(Wanted::Home(None));
    let sorry = "I don't know where you are. Try /weather <place>";
    assert_eq!(rig.heard(), [sorry]);
}

/// What the second service thinks of is good for a minute: W10.
#[test]
fn a_guess_is_neither_kept_nor_put_away() {
    let mut rig = rig(Settings::default());
    rig.stub.0.lock().unwrap().certain = false;
    rig.ask(named("Paris"));
    rig.work_all();
    assert_eq!(rig.heard(), ["Paris, US weather 0h 10000000"]);
    rig.stub.0.lock().unwrap().certain = true;
    rig.pass(59);
    rig.ask(named("Paris"));
    assert_eq!(rig.calls().0, 1);
    rig.pass(1);
    rig.ask(named("Paris"));
    rig.work_all();
    assert_eq!(rig.calls().0, 2);
}

/// A place is where it was, even if nobody can be asked any more.
#[test]
fn without_the_internet_a_place_is_known_for_ever() {
    let sky = Wish {
        needs_report: false,
        ..WISH
    };
    let mut rig = rig(at_home());
    rig.ask_for(sky, Wanted::Home(None));
    rig.work_all();
    rig.fail(Some(Failure::Unreachable(String::new())));
    rig.heard();
    rig.pass(40 * 86_400);
    rig.ask_for(sky, Wanted::Home(None));
    rig.work_all();
    assert_eq!(rig.heard(), ["home, FR no weather 0h 13456000"]);
}

#[test]
fn other_settings_mean_other_places() {
    let paris = |settings, before| {
        let mut rig = rig_after(settings, before);
        rig.ask(named("paris"));
        rig.work_all();
        (rig.heard().remove(0), rig.desk.last_words(rig.now))
    };
    let (us, known) = paris(Settings::default(), Snapshot::default());
    assert!(us.starts_with("paris, US "), "{us}");
    let french = Settings {
        country: Some("FR".to_owned()),
        ..Settings::default()
    };
    let (fr, _) = paris(french, known.unwrap());
    assert!(fr.starts_with("paris, FR "), "{fr}");
}

/// Whatever goes wrong while it is written.
#[test]
fn a_panic_costs_one_answer() {
    let wish = Wish {
        render: |_| panic!("broken answer"),
        ..WISH
    };
    let mut rig = rig(Settings::default());
    rig.ask_for(wish, Wanted::At(cell(1.0)));
    rig.work_all();
    rig.ask(Wanted::At(cell(1.0)));
    let said = rig.heard();
    assert_eq!(said[0], "Sorry, that went wrong.");
    assert_eq!(said[1], "1.00,2.00 weather 0h 10000000");
}

#[test]
fn without_a_place_it_is_home() {
    let home = |settings, otherwise| {
        let mut rig = rig(settings);
        rig.ask(Wanted::Home(otherwise));
        rig.work_all();
        rig.heard().remove(0)
    };
    assert_eq!(
        home(at_home(), Some(cell(1.0))),
        "home, FR weather 0h 10000000"
    );
    let own = home(Settings::default(), Some(cell(1.0)));
    assert_eq!(own, "1.00,2.00 weather 0h 10000000");
    let nobody_knows = home(Settings::default(), None);
    assert_eq!(
        nobody_knows,
        "I don't know where you are. Try /weather <place>"
    );
    // Somebody who is at home is told its name.
    let mut rig = rig(at_home());
    rig.ask(Wanted::Home(None));
    rig.work_all();
    rig.ask(Wanted::At(cell(10.0)));
    assert_eq!(rig.heard()[1], "home, FR weather 0h 10000000");
}

#[test]
fn old_weather_is_better_than_none_for_a_day() {
    let mut rig = rig(Settings::default());
    rig.ask(Wanted::At(cell(1.0)));
    rig.work_all();
    rig.fail(Some(Failure::Status(500)));
    rig.pass(3 * 3_600 + 60);
    rig.ask(Wanted::At(cell(1.0)));
    rig.work();
    assert_eq!(rig.heard()[1], "1.00,2.00 weather 3h 10010860");
    // Who asks within the minute costs no call, and gets the same.
    rig.pass(59);
    rig.ask(Wanted::At(cell(1.0)));
    assert_eq!((rig.heard().len(), rig.calls()), (1, (0, 2)));
    rig.pass(21 * 3_600);
    rig.ask(Wanted::At(cell(1.0)));
    rig.work();
    let sorry =
        "No weather for 1.00,2.00: the service answers with error 500. Try again in a minute.";
    assert_eq!(rig.heard(), [sorry]);
    rig.fail(None);
    rig.pass(60);
    rig.ask(Wanted::At(cell(1.0)));
    rig.work();
    assert_eq!(rig.heard(), ["1.00,2.00 weather 0h 10086579"]);
}

#[test]
fn every_failure_has_its_sentence() {
    for (failure, words) in [
        (Failure::Timeout, "does not answer in time"),
        (Failure::Unreachable(String::new()), "cannot be reached"),
        (Failure::Status(429), "has been asked too often"),
        (Failure::Status(503), "answers with error 503"),
        (Failure::Nonsense(String::new()), "answers nothing usable"),
        (
            Failure::Refused(400, String::new()),
            "answers with error 400",
        ),
    ] {
        let mut rig = rig(Settings::default());
        rig.fail(Some(failure));
        for wanted in [named("Paris"), Wanted::At(cell(1.0))] {
            rig.ask(wanted);
            rig.work_all();
            let said = rig.heard();
            assert!(said.len() == 1 && said[0].contains(words), "{said:?}");
        }
        rig.fail(None);
        rig.pass(60);
        rig.ask(named("Paris"));
        rig.work_all();
        assert_eq!(rig.heard(), ["Paris, US weather 0h 10000060"]);
    }
}

#[test]
fn a_name_that_nobody_knows_is_asked_for_once() {
    let mut rig = rig(Settings::default());
    for _ in 0..2 {
        rig.ask(named("nowhere"));
        rig.work_all();
        assert_eq!(rig.heard(), ["I know no place called nowhere."]);
    }
    assert_eq!(rig.calls(), (1, 0));
    rig.ask(named("crash"));
    rig.work_all();
    assert_eq!(rig.heard(), ["Sorry, that went wrong."]);
}

#[test]
fn who_waits_too_long_is_told() {
    let mut rig = rig(Settings::default());
    rig.ask(Wanted::At(cell(1.0)));
    assert_eq!(rig.desk.deadline(), Some(rig.now.mono + PATIENCE));
    rig.pass(20);
    assert_eq!(
        rig.heard(),
        ["Sorry, that takes too long. Please try again later."]
    );
    // The errand is still out: nobody else is sent.
    rig.ask(Wanted::At(cell(1.0)));
    assert_eq!(rig.jobs.len(), 1);
    rig.work();
    assert_eq!(rig.heard().len(), 1);
    assert_eq!(rig.calls(), (0, 1));
    // With something old at hand, that is the answer.
    rig.pass(2 * 3_600);
    rig.ask(Wanted::At(cell(1.0)));
    rig.pass(20);
    assert_eq!(rig.heard(), ["1.00,2.00 weather 2h 10007240"]);
}

#[test]
fn a_full_queue_and_a_full_room() {
    let mut rig = rig(Settings::default());
    rig.ask(Wanted::At(cell(1.0)));
    let (need, _) = rig.jobs.pop_front().unwrap();
    rig.desk.not_started(rig.now, &need);
    rig.look();
    assert_eq!((rig.busy, rig.said.len()), (1, 0));
    for _ in 0..=WAITING {
        rig.ask(Wanted::At(cell(2.0)));
    }
    assert_eq!((rig.busy, rig.jobs.len()), (2, 1));
    rig.work();
    assert_eq!(rig.heard().len(), WAITING);
}

/// Sun and moon need no weather, only the hours of the place; and if those
/// cannot be had, the board's will do.
#[test]
fn the_sky_needs_no_forecast() {
    let wish = Wish {
        needs_report: false,
        ..WISH
    };
    let mut rig = rig(Settings::default());
    rig.ask_for(wish, named("zoned"));
    rig.work();
    assert_eq!(rig.heard(), ["zoned, US no weather 0h 10000000"]);
    assert_eq!(rig.jobs.len(), 0);
    rig.ask_for(wish, Wanted::At(cell(1.0)));
    rig.work();
    assert_eq!(rig.heard(), ["1.00,2.00 weather 0h 10000000"]);
    rig.fail(Some(Failure::Timeout));
    rig.ask_for(wish, Wanted::At(cell(2.0)));
    rig.work();
    assert_eq!(rig.heard(), ["2.00,2.00 no weather 0h 10000000"]);
    rig.ask_for(wish, Wanted::At(cell(3.0)));
    rig.pass(20);
    assert_eq!(rig.heard(), ["3.00,2.00 no weather 0h 10000020"]);
    // But the time of day.
    rig.now.unix = 5;
    rig.ask_for(wish, Wanted::At(cell(2.0)));
    assert_eq!(rig.heard(), ["My clock is not set, so I cannot tell."]);
}

/// An errand that nobody waits for any more need not begin.
#[test]
fn work_that_nobody_wants_is_not_done() {
    let mut rig = rig(Settings::default());
    for place in 1..4_u8 {
        rig.ask(Wanted::At(cell(f64::from(place))));
    }
    rig.pass(20);
    assert_eq!(rig.heard().len(), 3);
    // Somebody wants one of them again.
    rig.ask(Wanted::At(cell(2.0)));
    rig.work_all();
    assert_eq!(rig.heard(), ["2.00,2.00 weather 0h 10000020"]);
    assert_eq!(rig.calls(), (0, 1));
    assert!(rig.desk.under_way.is_empty());
    // Given up after it was let go, and wanted again before it is reported.
    rig.ask(Wanted::At(cell(5.0)));
    rig.pass(20);
    rig.heard();
    let (need, job) = rig.jobs.pop_front().unwrap();
    assert_eq!(job(), Work::Unwanted);
    rig.ask(Wanted::At(cell(5.0)));
    assert_eq!(rig.jobs.len(), 0);
    rig.desk.came(rig.now, &need, Ok(Work::Unwanted));
    rig.look();
    rig.work();
    assert_eq!(rig.heard().len(), 1);
}

/// The file survives a restart, and is not written more often than agreed.
#[test]
fn what_is_known_survives_a_restart() {
    let mut rig = rig(at_home());
    rig.pass(0);
    rig.ask(named("Paris"));
    rig.work_all();
    rig.pass(1);
    assert_eq!(rig.saves.len(), 1);
    let before: Snapshot = rig.saves[0].clone();
    rig.desk.came(rig.now, &Need::Save, Ok(Work::Saved(true)));
    for minute in 1..60 {
        rig.ask(named(&format!("Town {minute}")));
        rig.work_all();
        rig.pass(60);
        rig.desk.came(rig.now, &Need::Save, Ok(Work::Saved(true)));
    }
    assert_eq!(rig.saves.len(), 6);
    assert!(rig.desk.last_words(rig.now).is_some());
    assert!(rig.desk.last_words(rig.now).is_none());

    let text = serde_json::to_string(&before).unwrap();
    let mut rig = rig_after(at_home(), serde_json::from_str(&text).unwrap());
    rig.fail(Some(Failure::Timeout));
    rig.pass(600);
    rig.ask(named("paris"));
    assert_eq!(rig.heard(), ["Paris, FR weather 0h 10000600"]);
    rig.pass(3_600);
    rig.ask(named("paris"));
    rig.work_all();
    assert_eq!(rig.heard(), ["Paris, FR weather 1h 10004200"]);
}

/// features.md E11 and the clock jump: neither hours nor ages move.
#[test]
fn a_clock_jump_confuses_nothing() {
    let mut rig = rig(Settings::default());
    rig.ask(Wanted::At(cell(1.0)));
    rig.work_all();
    rig.heard();
    for unix in [10_000_000 + 86_400 * 300, 9_000_000, 5] {
        rig.now.unix = unix;
        rig.ask(Wanted::At(cell(1.0)));
    }
    assert_eq!(rig.jobs.len(), 0, "still fresh");
    assert_eq!(rig.desk.deadline(), Some(SAVE_EVERY));
}

#[test]
fn a_job_that_could_not_save_is_tried_again() {
    let mut rig = rig(Settings::default());
    rig.ask(Wanted::At(cell(1.0)));
    rig.work_all();
    rig.pass(1);
    assert_eq!((rig.saves.len(), rig.desk.deadline()), (1, None));
    // It is on its way, or not: at the end it is written all the same.
    assert!(rig.desk.last_words(rig.now).is_some());
    rig.desk.not_started(rig.now, &Need::Save);
    rig.pass(600);
    assert_eq!(rig.saves.len(), 2);
    rig.desk.came(rig.now, &Need::Save, Ok(Work::Saved(false)));
    rig.pass(600);
    assert_eq!(rig.saves.len(), 3);
    rig.desk.came(rig.now, &Need::Save, Ok(Work::Saved(true)));
    assert_eq!(rig.desk.deadline(), None);
}

/// W11: two places of one name and region are offered as a list.
#[test]
fn places_of_one_name_are_offered_with_their_districts_and_distances() {
    let mut rig = rig(Settings {
        home: Home::At(cell(40.5)),
        ..Settings::default()
    });
    rig.ask(named("twins"));
    rig.work_all();
    let list = "Which twins? Answer with its number.\n1 North · 55.6 km S\n2 South · 55.6 km N";
    assert_eq!(rig.heard(), [list]);
    assert_eq!(rig.offered, ["twins, North, FR", "twins, South, FR"]);
    // Known for a while; what was offered finds the one that it means.
    rig.ask(named("twins"));
    assert_eq!((rig.heard().len(), rig.calls().0), (1, 1));
    let picked = rig.offered[1].clone();
    rig.ask(named(&picked));
    rig.work_all();
    assert_eq!(rig.heard(), ["twins, South, FR weather 0h 10000000"]);
    // Of rain the days are kept.
    let rain = Wish {
        command: &commands::RAIN,
        days: 1,
        when: When {
            days: Days::Next(2),
            part: None,
        },
        ..WISH
    };
    rig.ask_for(rain, named("twins"));
    assert_eq!(rig.offered[0], "twins, North, FR 2 days");
}

/// T19.
#[test]
fn a_limit_of_the_service_says_until_when() {
    for (pause, when) in [
        (Pause::Minute, "in a minute"),
        (Pause::Hour, "in an hour"),
        (Pause::Day, "tomorrow"),
        (Pause::Month, "next month"),
    ] {
        let mut rig = rig(Settings::default());
        rig.fail(Some(Failure::Limit(pause, "in its words".to_owned())));
        rig.ask(named("Paris"));
        rig.work_all();
        rig.ask(Wanted::At(cell(1.0)));
        rig.work_all();
        let expected = [
            format!("I can't look up Paris: the service's limit is reached. Try again {when}."),
            format!("No weather for 1.00,2.00: the service's limit is reached. Try again {when}."),
        ];
        assert_eq!(rig.heard(), expected);
    }
}
