//! What the bot answers about the past: from packets through bot and database
//! to a text, over a fixture of ten thousand packets in which everything occurs
//! that must not be counted.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use expect_test::expect;
use jiff::tz::{TimeZone, offset};
use meshbot::bot::command::Command;
use meshbot::bot::commands;
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::errands::{Errands, Inline as DoneAtOnce, JobId, JobResult, Pool, Work};
use meshbot::bot::host::HostStats;
use meshbot::bot::insight::{Archive, By, Question, Wish};
use meshbot::config::{Config, Mode};
use meshbot::link::memory::FarEnd;
use meshbot::link::{Event, Identity, Link, Received};
use meshbot::mesh::{Hops, NodeNum, Now, Payload, Sanity, Standing};
use meshbot::proto::{self, PortNum, telemetry};
use meshbot::store::history::{self, Limits, read};
use meshbot::text::{Lang, Text};
use meshbot::weather::Offline;
use prost::Message;

use super::traffic::{EPOCH, Mesh, OWN};
use super::truth::Inline;
use super::{number, place};

const SANITY: Sanity = Sanity {
    built: 1_000_000_000,
};
const ASKER: NodeNum = NodeNum(0x7654_3210);
/// Packets of the fixture, which fill a day and some hours.
const PACKETS: u64 = 10_000;

/// Looks things up at once, in the same thread.
struct Reading(PathBuf, Sender<JobResult>);

impl Archive for Reading {
    fn ask(&self, id: JobId, question: Box<Question>) -> bool {
        let work = read::look_up(&self.0, &question);
        self.1.try_send(JobResult { id, work }).is_ok()
    }
}

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
        reply.look_back(Wish {
            hours: 1,
            whole_hours: false,
            by: By::Sender,
            air: false,
            render: |_| panic!("broken answer"),
        });
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

/// One of the packets of the fixture, and whether it counts.
fn awkward(mesh: &mut Mesh, n: u64) -> (Received, bool) {
    let mut received = mesh.packet();
    let packet = &mut received.packet;
    if n.is_multiple_of(41) {
        packet.payload = Payload::Port(PortNum::RoutingApp, Vec::new());
    } else if n.is_multiple_of(43) {
        packet.payload = Payload::Empty;
    } else if n.is_multiple_of(47) {
        packet.payload = Payload::Port(PortNum::AdminApp, Vec::new());
    }
    if n.is_multiple_of(17) {
        packet.hops = Hops::Unknown;
    }
    if n.is_multiple_of(37) {
        packet.by_lora = false;
    }
    if n.is_multiple_of(23) {
        received.standing = Standing::Backlog;
        packet.rx_time -= 600;
    } else if n.is_multiple_of(29) {
        received.standing = Standing::Replay;
        packet.hops = Hops::Known(0);
    } else if n.is_multiple_of(31) {
        packet.from = OWN;
    }
    if n.is_multiple_of(97) {
        received = our_air(received, n);
    }
    let counts = received.standing == Standing::Live
        && received.packet.from != OWN
        && !received.packet.via_mqtt;
    (received, counts)
}

/// What our node says of the air: more and more goes on, and once very much.
fn our_air(mut received: Received, n: u64) -> Received {
    let busy = if n == 97 * 60 {
        61.0
    } else {
        f32::from(u16::try_from(n).unwrap()) / 500.0
    };
    let metrics = proto::DeviceMetrics {
        channel_utilization: Some(busy),
        air_util_tx: Some(1.0),
        ..Default::default()
    };
    let said = proto::Telemetry {
        variant: Some(telemetry::Variant::DeviceMetrics(metrics)),
        ..Default::default()
    };
    received.standing = Standing::Live;
    let packet = &mut received.packet;
    packet.from = OWN;
    packet.by_lora = false;
    packet.via_mqtt = false;
    packet.payload = Payload::Port(PortNum::TelemetryApp, said.encode_to_vec());
    received
}

/// The fixture has been heard; the bot was restarted after so many packets.
/// And how many packets of the last day count.
fn told(path: &Path, lang: Lang, restart: Option<u64>) -> (Rig, usize) {
    let mut mesh = Mesh::new(7);
    let mut rig = Rig::new(path, lang, begin());
    let mut counted = Vec::new();
    for n in 1..=PACKETS {
        // At night less goes on, by the clock on the wall.
        let hour = (rig.now.unix / 3_600 + 2) % 24;
        let secs = if (7..22).contains(&hour) { 7 } else { 24 };
        rig.now = rig.now.plus(Duration::from_secs(secs));
        mesh.now = rig.now;
        let (received, counts) = awkward(&mut mesh, n);
        if counts {
            counted.push(rig.now.unix);
        }
        rig.hear(received);
        drop(rig.said());
        if restart == Some(n) {
            rig.bot.close(rig.now);
            let now = rig.now;
            drop(rig);
            rig = Rig::new(path, lang, now);
        }
    }
    // The first question comes a minute later.
    let day_ago = rig.now.unix + 60 - 86_400;
    counted.retain(|&at| at >= day_ago);
    (rig, counted.len())
}

const QUESTIONS: [&str; 11] = [
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
];

/// Question and answer, one after the other.
fn conversation(rig: &mut Rig) -> String {
    let mut lines = String::new();
    for question in QUESTIONS {
        let answers = rig.ask(question);
        assert_eq!(answers.len(), 1, "{question}: {answers:?}");
        assert!(answers[0].len() <= 200, "{question}: {answers:?}");
        lines += &format!("{question}\n{}\n", answers[0]);
    }
    lines
}

#[test]
fn ten_thousand_packets_in_english() {
    let (_folder, path) = place();
    let (mut rig, last_day) = told(&path, Lang::En, None);
    let said = conversation(&mut rig);
    // The question itself is a packet, too.
    let total = format!("/top\n🏆 24 h · {} packets", last_day + 1);
    assert!(said.starts_with(&total), "{total}: {said}");
    expect![[r#"
        /top
        🏆 24 h · 7626 packets · 246 nodes · Node number 0 75 · Node number 8 74 · Node number 6 70 · Node number 17 70 · Node number 1 68 · Node number 28 67 · Node number 10 66
        /top 1
        🏆 1 h · 420 packets · 180 nodes · Node number 0 9 · Node number 26 8 · Node number 5 7 · Node number 8 7 · Node number 10 3106 7 · Node number 25 7 · Node number 10 c0ae 7
        /packets
        📦 24 h · 7614 packets · telemetry 2875 (38%) · position 1755 (23%) · node info 1066 (14%) · unreadable 588 (8%) · other 468 (6%) · text 346 (5%) · neighbour info 207 (3%)
        /hop
        📏 24 h · 7404 by radio · direct 1382 (19%) · 1 hop 1385 (19%) · 2 hops 1431 (19%) · 3 hops 1379 (19%) · 4 hops 1396 (19%) · hops unknown 431 (6%)
        /hop 2h
        📏 2 h · 806 by radio · direct 163 (20%) · 1 hop 129 (16%) · 2 hops 174 (22%) · 3 hops 142 (18%) · 4 hops 151 (19%) · hops unknown 47 (6%)
        /histo
        📊 all · 24 h
        18h████▃▃0h▃▃▃▃▃▃6h▃█████12h█████▂
        7272 packets · peak 439 at 8h
        /histo tele 12
        📊 telemetry · 12 h
        6h▃▇▇██▇12h█▇▇▇█▂
        1725 packets · peak 179 at 16h
        /histo 48
        📊 all · 48 h (▁ 2 h)
        18h▁▁▁0h▁▁▁6h▁▁▁12h▁▃█18h██▃0h▃▃▃6h▅██12h██▅
        8424 packets · peak 439 at 8h
        /top 168
        🏆 168 h · 8425 packets · 247 nodes · Node number 0 81 · Node number 6 79 · Node number 8 79 · Node number 17 79 · Node number 13 75 · Node number 28 74 · Node number 1 73
        /stats
        📈 24 h · 7569 packets · 246 nodes · 50 direct · 351 texts · 🏆 Node number 0 74
        /channel
        📻 24 h · busy 20% now · mean 11% · peak 61% at 9h · 18h▂▂▃▃▃▃0h▃▃▃▃▃▃6h▃▄▄▆▄▄12h▅▄▅▅▅▅ · Node number 0 73 · Node number 8 71
    "#]].assert_eq(&said);
    assert!(number(&path, "SELECT count(*) FROM packets WHERE late") > 100);
    assert!(number(&path, "SELECT count(*) FROM packets WHERE medium = 1") > 100);
    assert!(number(&path, "SELECT count(*) FROM packets WHERE medium = 2") > 100);
}

#[test]
fn ten_thousand_packets_in_french() {
    let (_folder, path) = place();
    let (mut rig, _) = told(&path, Lang::Fr, None);
    expect![[r#"
        /top
        🏆 24 h · 7626 paquets · 246 nœuds · Node number 0 75 · Node number 8 74 · Node number 6 70 · Node number 17 70 · Node number 1 68 · Node number 28 67 · Node number 10 66
        /top 1
        🏆 1 h · 420 paquets · 180 nœuds · Node number 0 9 · Node number 26 8 · Node number 5 7 · Node number 8 7 · Node number 10 3106 7 · Node number 25 7 · Node number 10 c0ae 7
        /packets
        📦 24 h · 7614 paquets · télémétrie 2875 (38%) · positions 1755 (23%) · infos de nœud 1066 (14%) · illisibles 588 (8%) · autres 468 (6%) · textes 346 (5%) · voisinage 207 (3%)
        /hop
        📏 24 h · 7404 par radio · direct 1382 (19%) · 1 relais 1385 (19%) · 2 relais 1431 (19%) · 3 relais 1379 (19%) · 4 relais 1396 (19%) · relais inconnus 431 (6%)
        /hop 2h
        📏 2 h · 806 par radio · direct 163 (20%) · 1 relais 129 (16%) · 2 relais 174 (22%) · 3 relais 142 (18%) · 4 relais 151 (19%) · relais inconnus 47 (6%)
        /histo
        📊 tout · 24 h
        18h████▃▃0h▃▃▃▃▃▃6h▃█████12h█████▂
        7272 paquets · max 439 à 8h
        /histo tele 12
        📊 télémétrie · 12 h
        6h▃▇▇██▇12h█▇▇▇█▂
        1725 paquets · max 179 à 16h
        /histo 48
        📊 tout · 48 h (▁ 2 h)
        18h▁▁▁0h▁▁▁6h▁▁▁12h▁▃█18h██▃0h▃▃▃6h▅██12h██▅
        8424 paquets · max 439 à 8h
        /top 168
        🏆 168 h · 8425 paquets · 247 nœuds · Node number 0 81 · Node number 6 79 · Node number 8 79 · Node number 17 79 · Node number 13 75 · Node number 28 74 · Node number 1 73
        /stats
        📈 24 h · 7569 paquets · 246 nœuds · 50 en direct · 351 textes · 🏆 Node number 0 74
        /channel
        📻 24 h · occupé à 20% · moyenne 11% · max 61% à 9h · 18h▂▂▃▃▃▃0h▃▃▃▃▃▃6h▃▄▄▆▄▄12h▅▄▅▅▅▅ · Node number 0 73 · Node number 8 71
    "#]].assert_eq(&conversation(&mut rig));
}

#[test]
fn a_restart_in_the_middle_changes_no_answer() {
    let (_folder, path) = place();
    let whole = conversation(&mut told(&path, Lang::En, None).0);
    let (_folder, path) = place();
    let halves = conversation(&mut told(&path, Lang::En, Some(5_003)).0);
    assert_eq!(halves, whole);
}

#[test]
fn older_packets_count_by_their_hourly_sums() {
    let (_folder, path) = place();
    let (mut rig, _) = told(&path, Lang::En, None);
    let figures = |rig: &mut Rig| {
        let question = ["/top 168", "/packets 168"];
        question.map(|question| rig.ask(question).remove(0))
    };
    let [top, packets] = figures(&mut rig);
    // As if all of it had become older than a week: the same hours, summed up.
    rig.bot.close(rig.now);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "INSERT INTO hours SELECT id / (1024 * 3600), own, node, port, count(*),
           sum(medium = 1), sum(medium = 0 AND hops IS 0), NULL, NULL
         FROM packets WHERE NOT late AND node <> 0x76543210 GROUP BY 1, 2, 3, 4;
         DELETE FROM packets",
    )
    .unwrap();
    drop(conn);
    let earlier = Now {
        unix: rig.now.unix - 120,
        ..rig.now
    };
    drop(rig);
    let mut again = Rig::new(&path, Lang::En, earlier);
    assert_eq!(figures(&mut again), [top, packets]);
    // Distances are no more known, but for those of none.
    let hop = again.ask("/hop 168").remove(0);
    assert!(
        hop.contains("direct ") && hop.contains("hops unknown "),
        "{hop}"
    );
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
    drop(none);
    let mut full = with(Some(Box::new(Idle { takes: false })));
    assert_eq!(
        full.ask("/top"),
        ["Busy just now, please try again in a minute."]
    );
    drop(full);
    let mut slow = with(Some(Box::new(Idle { takes: true })));
    assert_eq!(slow.ask("/top"), [""; 0]);
    assert!(slow.bot.deadline().unwrap() <= slow.now.mono + Duration::from_secs(10));
    slow.pass(10);
    assert!(slow.said()[0].contains("takes too long"));
    drop(slow);
    let mut gone = Rig::new(&path, Lang::En, begin());
    std::fs::remove_file(&path).unwrap();
    assert_eq!(gone.ask("/top"), ["My history cannot be read just now."]);
    drop(gone);
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
