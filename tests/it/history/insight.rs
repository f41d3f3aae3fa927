//! What the bot answers about the past: from packets through bot and database
//! to a text, over a fixture of ten thousand packets in which everything occurs
//! that must not be counted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use expect_test::expect;
use jiff::tz::{TimeZone, offset};
use meshbot::bot::command::Command;
use meshbot::bot::commands;
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::errands::{Errands, Inline as DoneAtOnce, JobId, JobResult, Pool, Work};
use meshbot::bot::host::HostStats;
use meshbot::bot::insight::{Archive, Question, Wish};
use meshbot::config::{Config, Mode};
use meshbot::link::memory::FarEnd;
use meshbot::link::{Event, Identity, Link, Received};
use meshbot::mesh::{Hops, NodeNum, Now, Payload, Sanity};
use meshbot::proto::PortNum;
use meshbot::store::history::{self, Limits, read};
use meshbot::text::{Lang, Text};
use meshbot::weather::Offline;

use super::fixture::{Fixture, Reading};
use super::traffic::{EPOCH, Mesh, OWN};
use super::truth::Inline;
use super::{number, place};

const SANITY: Sanity = Sanity {
    built: 1_000_000_000,
};
const ASKER: NodeNum = NodeNum(0x7654_3210);

/// Takes every question and answers none, or takes none at all.
struct Idle {
    takes: bool,
}

impl Archive for Idle {
    fn ask(&self, _: JobId, _: Box<Question>) -> bool {
        self.takes
    }
}

/// Fails while its answer is written; exists only here.
const BROKEN: Command = Command {
    name: "broken",
    aliases: &[],
    bare: &[],
    usage: "",
    summary: Text::Pong,
    mode: Mode::Public,
    operator_only: false,
    has_own_limit: false,
    same_for_all: false,
    run: |_, _, reply| {
        reply.look_back(Wish::of_hours(1, |_| panic!("broken answer")));
    },
};

struct Rig {
    bot: Bot,
    far: FarEnd,
    results: Receiver<JobResult>,
    now: Now,
}

impl Rig {
    /// A bot with a history in `path`.
    fn new(path: &Path, lang: Lang, now: Now) -> Self {
        let (done, results) = bounded(16);
        let reading = Reading(path.to_owned(), done.clone());
        let errands = Box::new(DoneAtOnce(done));
        Self::with(path, lang, now, errands, Some(Box::new(reading)), results)
    }

    fn with(
        path: &Path,
        lang: Lang,
        now: Now,
        errands: Box<dyn Errands>,
        archive: Option<Box<dyn Archive>>,
        results: Receiver<JobResult>,
    ) -> Self {
        let known = history::open(path, Limits::default()).unwrap();
        let before = Before {
            own: known.own,
            nodes: known.nodes,
            ..Before::default()
        };
        drop(known.writer);
        let settings = Settings {
            lang,
            local_zone: TimeZone::fixed(offset(2)),
            ..Settings::from_config(&Config::default(), SANITY)
        };
        let mut registry = commands::registry();
        registry.push(BROKEN);
        let (link, far) = Link::memory(Duration::from_millis(2_500));
        far.set_up(true);
        let parts = Parts {
            outbox: link.outbox,
            errands,
            keeper: Arc::new(Forgetful),
            history: Inline::at(path),
            archive,
            weather: Arc::new(Offline),
            host: Box::new(HostStats::default),
            registry,
        };
        let mut bot = Bot::new(settings, parts, before);
        let identity = Identity {
            num: OWN,
            ..Identity::default()
        };
        bot.handle(now, Event::Ready(Box::new(identity)));
        Self {
            bot,
            far,
            results,
            now,
        }
    }

    fn hear(&mut self, received: Received) {
        self.bot.handle(self.now, Event::Packet(Box::new(received)));
        self.bot.tick(self.now);
    }

    /// What the bot says to a direct message, a minute after what was before.
    fn ask(&mut self, text: &str) -> Vec<String> {
        self.pass(60);
        drop(self.said());
        self.hear(question(text));
        while let Ok(result) = self.results.try_recv() {
            self.bot.finished(self.now, result);
        }
        self.said()
    }

    fn said(&self) -> Vec<String> {
        let texts = self.far.texts().into_iter();
        texts.map(|text| text.text).collect()
    }

    fn pass(&mut self, secs: u64) {
        self.now = self.now.plus(Duration::from_secs(secs));
        self.bot.tick(self.now);
    }
}

fn begin() -> Now {
    Now {
        mono: Duration::from_secs(1),
        unix: EPOCH,
    }
}

fn question(text: &str) -> Received {
    let mut received = Mesh::new(1).packet();
    let packet = &mut received.packet;
    packet.from = ASKER;
    packet.to = OWN;
    packet.via_mqtt = false;
    packet.hops = Hops::Known(1);
    packet.payload = Payload::Port(PortNum::TextMessageApp, text.as_bytes().to_vec());
    received
}

/// Every command that looks into the history.
const QUESTIONS: [&str; 22] = [
    "/top",
    "/top 1",
    "/packets",
    "/hop",
    "/hop 2h",
    "/histo",
    "/histo tele 12",
    "/histo 48",
    "/top 168",
    "/stats",
    "/channel",
    "/propag",
    "/propag 1 10",
    "/neighbors",
    "/neighbors hütte",
    "/neighbors !a1b2c3d4",
    "/leaderboard",
    "/trafic",
    "/trafic 24",
    "/errors",
    "/stats p 168",
    "/keys",
];

#[test]
fn ten_thousand_packets_in_english() {
    let (_folder, path) = place();
    let mut fixture = Fixture::told(&path, "en", false);
    // The first question comes half a minute later, and is a packet itself.
    let day_ago = fixture.world.now.unix + 30 - 86_400;
    let counted = fixture.counted.iter().filter(|&&at| at >= day_ago).count() + 1;
    let said = fixture.conversation(&QUESTIONS);
    let total = format!("/top\n🏆 24 h · {counted} packets");
    assert!(said.starts_with(&total), "{total}: {said}");
    expect![[r#""#]].assert_eq(&said);
    let db = fixture.ask("/db");
    assert!(db[0].contains(" packets · ") && db[0].contains("2 errors"), "{db:?}");
    fixture.world.bot.close(fixture.world.now);
    for awkward in ["late", "medium = 1", "medium = 2", "hops IS NULL", "port = 35"] {
        let sql = format!("SELECT count(*) FROM packets WHERE {awkward}");
        assert!(number(&path, &sql) > 20, "{awkward}");
    }
}

#[test]
fn ten_thousand_packets_in_french() {
    let (_folder, path) = place();
    let mut fixture = Fixture::told(&path, "fr", false);
    let mut said = fixture.conversation(&QUESTIONS);
    let db = fixture.ask("/db").remove(0);
    // How much room it takes may differ by a page.
    said += db.split_once(" · ").unwrap().1;
    expect![[r#""#]].assert_eq(&said);
}

#[test]
fn a_restart_in_the_middle_changes_no_answer() {
    let (_folder, path) = place();
    let whole = Fixture::told(&path, "en", false).conversation(&QUESTIONS);
    let (_folder, path) = place();
    let halves = Fixture::told(&path, "en", true).conversation(&QUESTIONS);
    assert_eq!(halves, whole);
}

#[test]
fn older_packets_count_by_their_hourly_sums() {
    let (_folder, path) = place();
    let mut fixture = Fixture::told(&path, "en", false);
    let questions = ["/top 168", "/packets 168"];
    let asked_at = fixture.world.now;
    let figures = fixture.conversation(&questions);
    // As if all of it had become older than a week: the same hours, summed up.
    fixture.world.bot.close(fixture.world.now);
    let conn = rusqlite::Connection::open(&path).unwrap();
    let first_question = (asked_at.unix + 1) * 1_024;
    conn.execute_batch(&format!(
        "DELETE FROM packets WHERE id >= {first_question};
         INSERT INTO hours SELECT id / (1024 * 3600), own, node, port, count(*),
           sum(medium = 1), sum(medium = 0 AND hops IS 0), NULL, NULL
         FROM packets WHERE NOT late GROUP BY 1, 2, 3, 4;
         DELETE FROM packets",
    ))
    .unwrap();
    drop(conn);
    fixture.restart();
    assert_eq!(fixture.conversation(&questions), figures);
    // Distances are no more known, but for those of none.
    let hop = fixture.ask("/hop 168").remove(0);
    let known = ["direct ", "hops unknown "];
    assert!(known.iter().all(|it| hop.contains(it)), "{hop}");
    assert!(!hop.contains("3 hops"), "{hop}");
}

#[test]
fn hung_errands_delay_no_answer_from_the_history() {
    let (_folder, path) = place();
    drop(super::writer(&path));
    let (results, finished) = bounded(16);
    let (pool, workers) = Pool::start(results.clone(), Arc::new(|_| {})).unwrap();
    let (release, gate) = bounded::<()>(0);
    let mut hung = 0;
    loop {
        let gate = gate.clone();
        let job = Box::new(move || {
            let _ = gate.recv();
            Work::Unwanted
        });
        if !pool.submit(JobId(u64::MAX - hung), job) {
            break;
        }
        hung += 1;
    }
    assert!(hung >= 8);
    let (reader, thread) = read::start(path.clone(), results, |_| {}).unwrap();
    let mut rig = Rig::with(
        &path,
        Lang::En,
        begin(),
        Box::new(pool),
        Some(Box::new(reader)),
        finished.clone(),
    );
    rig.pass(60);
    rig.hear(question("/weather rainville"));
    rig.hear(question("/top"));
    let result = finished.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(matches!(result.work, Ok(Work::Past(Some(_)))), "{result:?}");
    rig.bot.finished(rig.now, result);
    let said = rig.said();
    assert!(said.last().unwrap().contains("2 packets"), "{said:?}");
    drop(release);
    drop((rig, finished));
    for handle in workers.into_iter().chain([thread]) {
        handle.join().unwrap();
    }
}

#[test]
fn without_an_answer_the_asker_is_told_so() {
    let (_folder, path) = place();
    let with = |archive: Option<Box<dyn Archive>>| {
        let (done, results) = bounded(16);
        Rig::with(
            &path,
            Lang::En,
            begin(),
            Box::new(DoneAtOnce(done)),
            archive,
            results,
        )
    };
    let mut none = with(None);
    for question in ["/top", "/packets 3", "/histo text", "/hop"] {
        assert_eq!(none.ask(question), ["I keep no history."]);
    }
    let mut full = with(Some(Box::new(Idle { takes: false })));
    assert_eq!(
        full.ask("/top"),
        ["Busy just now, please try again in a minute."]
    );
    let mut slow = with(Some(Box::new(Idle { takes: true })));
    assert_eq!(slow.ask("/top"), [""; 0]);
    assert!(slow.bot.deadline().unwrap() <= slow.now.mono + Duration::from_secs(10));
    slow.pass(10);
    assert!(slow.said()[0].contains("takes too long"));
    let mut gone = Rig::new(&path, Lang::En, begin());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(gone.ask("/top"), ["My history cannot be read just now."]);
    let mut undated = Rig::new(&path, Lang::En, Now { unix: 5, ..begin() });
    assert!(undated.ask("/top")[0].contains("clock is not set"));
}

/// A panic while the answer is written costs that answer and nothing else.
#[test]
fn a_broken_answer_is_an_apology() {
    let (_folder, path) = place();
    let mut rig = Rig::new(&path, Lang::En, begin());
    assert_eq!(rig.ask("/broken"), ["Sorry, that went wrong."]);
    assert_eq!(rig.ask("/top").len(), 1);
}
