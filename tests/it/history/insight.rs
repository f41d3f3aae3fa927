//! What the bot answers about the past: from packets through bot and database
//! to a text, over a fixture of ten thousand packets in which everything occurs
//! that must not be counted.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use expect_test::expect;
use jiff::tz::{TimeZone, offset};
use meshbot::bot::all::{self, Outside};
use meshbot::bot::ask::JobId;
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::host::HostStats;
use meshbot::bot::jobs::{Errands, Inline as DoneAtOnce, JobResult, Pool, job};
use meshbot::config::Config;
use meshbot::history::insight::{Archive, Question, QuestionId};
use meshbot::history::{Heard, Medium, When};
use meshbot::lang::Lang;
use meshbot::link::memory::FarEnd;
use meshbot::link::{Event, Identity, Link, Received};
use meshbot::mesh::{Hops, NodeNum, Now, PacketId, Payload, Sanity};
use meshbot::proto::PortNum;
use meshbot::sim::Said;
use meshbot::store::history::thread::Doubts;
use meshbot::store::history::{self, Limits, read};

use super::fixture::{Fixture, Reading};
use super::traffic::{EPOCH, Mesh, OWN};
use super::truth::Inline;
use super::{number, packets, place};

const SANITY: Sanity = Sanity {
    built: 1_000_000_000,
};
const ASKER: NodeNum = NodeNum(0x7654_3210);

/// Takes every question and answers none, or takes none at all.
struct Idle {
    takes: bool,
}

impl Archive for Idle {
    fn ask(&self, _: QuestionId, _: Box<Question>) -> bool {
        self.takes
    }
}

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
        let registry = all::registry();
        let (link, far) = Link::memory(Duration::from_millis(2_500));
        far.set_up(true);
        let parts = Parts {
            outbox: link.outbox,
            errands,
            keeper: Arc::new(Forgetful),
            history: Inline::at(path),
            archive,
            capabilities: all::capabilities(&settings, &Outside::default()),
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
    packet.id = PacketId(fastrand::u32(1..));
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
    expect![[r#"
        /top
        🏆 24 h · 6300 packets · 247 nodes · Dora 61 · the longest… 58 · Büro Ände… 57e6 58 · Hütte Nord 30 58 · K7ABC/M 27 56 · Ridge Relay… 56 · Tracker 3 55 · mesh-router… 54
        /top 1
        🏆 1 h · 342 packets · 160 nodes · the longest… 6 · Büro Ände… 6 · Alice Neigh… 6 · Balloon… 5 · Žiga na vr… 5 · Weather Sta… b1af 5 · Hütte Nord 30 5 · Hütte Nord 5
        /packets
        📦 24 h · 6298 packets · telemetry 2185 (35%) · position 1482 (23%) · node info 874 (14%) · unreadable 557 (9%) · other 335 (5%) · text 321 (5%) · traceroute 202 (3%) · routing 176 (3%)
        /hop
        📏 24 h · 6118 by radio · direct 1141 (19%) · 1 hop 1111 (18%) · 2 hops 1156 (19%) · 3 hops 1179 (19%) · 4 hops 1176 (19%) · hops unknown 355 (6%)
        /hop 2h
        📏 2 h · 662 by radio · direct 118 (18%) · 1 hop 112 (17%) · 2 hops 123 (18%) · 3 hops 137 (21%) · 4 hops 133 (20%) · hops unknown 39 (6%)
        /histo
        📊 all · 24 h
        21h█▄▄0h▄▃▄▄▄▄6h▄█████12h██████18h██▂
        5956 packets · peak 347 at 17h
        /histo tele 12
        📊 telemetry · 12 h
        9h█▇▇12h█▇▇█▇█18h█▇▁
        1352 packets · peak 131 at 17h
        /histo 48
        📊 all · 32 h (▁ 2 h)
        13h▇█18h██▆0h▄▃▄6h▄██12h███18h█▅
        8600 packets · peak 348 at 20h
        /top 168
        🏆 32 h · 8602 packets · 247 nodes · Büro Ände… 57e6 86 · Büro Ände… 28d9 80 · Alice Neigh… 79 · Dora 79 · Émile 32 74 · mesh-router… 74 · Ridge Relay… 74 · Hütte Nord 72
        /stats
        📈 24 h · 6286 packets · 247 nodes · 51 direct · 326 texts · 🏆 Alice Neighbour 61
        /channel
        📻 24 h · busy 20% now · mean 12% · peak 61% at 9h · 21h▃▃▃0h▃▃▃▃▃▃6h▃▃▄▆▄▄12h▄▄▅▅▅▅18h▅▅? · 🏆 Alice Neigh… 58 packets · Dora 58
        /propag
        📡 24 h · c551→9fd3 >40 km -2.5 dB · e1a1→c33c >39 km -16.0 dB · 99b9→87e5 >38 km 8.8 dB · 5c92→ea32 >38 km -5.5 dB · 🏆 32 h: c551→9fd3 >40 km (1 h ago)
        /propag 1 10
        📡 1 h · bf42→me >31 km -2.0 dB · 16dc→c604 >31 km -9.2 dB · 8f13→889d >30 km -15.8 dB · 9fd3→c604 >30 km -14.5 dB · c604→me >28 km -9.2 dB · 🏆 32 h: c551→9fd3 >40 km (1 h ago)
        /neighbors
        👥 32 h · 250 nodes · 2018 links · 🦊 158: bc85, 14b8, 100c · ALI 148: DORA, me, LONG · ☀ 142: d91c, me, 921a · me 52: 4853, 1d9e, 0ee0 · b595 26: 1489, 8559, ba67
        /neighbors hütte
        Which one? Answer with its number.
        1 Hütte… 71c2
        2 Hütte… 1e85
        3 Hütte… 53e5
        4 Hütte… b0cf
        5 Hütte… 6930
        6 Hütte… 36c3
        7 Hütte… 9086
        8 Hütte… 70f7
        9 Hütte… 5a81
        /neighbors !a1b2c3d4
        👥 me · 52 neighbours (32 h) · ←4853 9.0 dB · ←1d9e 8.2 dB >10 km · ←0ee0 8.2 dB >8 km · ←00e1 7.2 dB >22 km · ←70f7 6.5 dB >19 km · ←LONG 6.2 dB · ←ALI 6.2 dB >23 km
        /leaderboard
        🏅 32 h · 📡 c551→9fd3 >40 km · 💬 ALI 22 texts · ⛰ 1489 2399 m · 📶 4853 9.0 dB · ⏱ 1abd 1 d · 🪫 1527 26%
        /trafic
        📨 8 h · 117 texts
        19:55 b595: Bonjour à tous
        19:55 c33c: anybody on the hill today?
        19:56 BÜR: 73 de F4XYZ 👩‍🚒
        19:57 6efe: à ce soir
        19:58 716f: 73 de F4XYZ 👩‍🚒
        /trafic 24
        📨 24 h · 283 texts
        19:55 b595: Bonjour à tous
        19:55 c33c: anybody on the hill today?
        19:56 BÜR: 73 de F4XYZ 👩‍🚒
        19:57 6efe: à ce soir
        19:58 716f: 73 de F4XYZ 👩‍🚒
        /errors
        ⚠ 2 not arrived · LONG PKI_SEND_FAIL_PUBLIC_KEY 6 h · BÜR PKI_FAILED 1 d
        /stats p 168
        📦 32 h · 8626 packets · telemetry 2945 (34%) · position 2020 (24%) · node info 1231 (14%) · unreadable 781 (9%) · other 458 (5%) · text 448 (5%) · routing 260 (3%) · traceroute 260 (3%)
        /keys
        🔑 220 with a key · 29 without: Bob mobile 130, the longest name…, Balloon 🎈 71, Hütte Nord 30, Кот Матро…, Žiga na vrhu 100, Tracker 3 139, K7ABC/M 81, Hütte Nord 120 +20
    "#]].assert_eq(&said);
    let db = fixture.ask("/db");
    assert!(
        db[0].contains(" packets · ") && db[0].contains("2 errors"),
        "{db:?}"
    );
    fixture.world.bot.close(fixture.world.now);
    let kept = packets(&path);
    type Is = fn(&Heard) -> bool;
    let awkward: [(&str, Is); 5] = [
        ("late", |heard| heard.late),
        ("MQTT", |heard| heard.medium == Medium::Mqtt),
        ("UDP", |heard| heard.medium == Medium::Other),
        ("no hops", |heard| heard.hops.is_none()),
        ("port 35", |heard| heard.port == 35),
    ];
    for (name, is_awkward) in awkward {
        let found = kept.iter().filter(|heard| is_awkward(heard)).count();
        assert!(found > 20, "{name}: {found}");
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
    expect![[r#"
        /top
        🏆 24 h · 6300 paquets · 247 nœuds · Dora 61 · the longest… 58 · Büro Ände… 57e6 58 · Hütte Nord 30 58 · K7ABC/M 27 56 · Ridge Relay… 56 · Tracker 3 55 · mesh-router… 54
        /top 1
        🏆 1 h · 342 paquets · 160 nœuds · the longest… 6 · Büro Ände… 6 · Alice Neigh… 6 · Balloon… 5 · Žiga na vr… 5 · Weather Sta… b1af 5 · Hütte Nord 30 5 · Hütte Nord 5
        /packets
        📦 24 h · 6298 paquets · télémétrie 2185 (35%) · positions 1482 (23%) · infos de nœud 874 (14%) · illisibles 557 (9%) · autres 335 (5%) · textes 321 (5%) · traceroute 202 (3%)
        /hop
        📏 24 h · 6118 par radio · direct 1141 (19%) · 1 relais 1111 (18%) · 2 relais 1156 (19%) · 3 relais 1179 (19%) · 4 relais 1176 (19%) · relais inconnus 355 (6%)
        /hop 2h
        📏 2 h · 662 par radio · direct 118 (18%) · 1 relais 112 (17%) · 2 relais 123 (18%) · 3 relais 137 (21%) · 4 relais 133 (20%) · relais inconnus 39 (6%)
        /histo
        📊 tout · 24 h
        21h█▄▄0h▄▃▄▄▄▄6h▄█████12h██████18h██▂
        5956 paquets · max 347 à 17h
        /histo tele 12
        📊 télémétrie · 12 h
        9h█▇▇12h█▇▇█▇█18h█▇▁
        1352 paquets · max 131 à 17h
        /histo 48
        📊 tout · 32 h (▁ 2 h)
        13h▇█18h██▆0h▄▃▄6h▄██12h███18h█▅
        8600 paquets · max 348 à 20h
        /top 168
        🏆 32 h · 8602 paquets · 247 nœuds · Büro Ände… 57e6 86 · Büro Ände… 28d9 80 · Alice Neigh… 79 · Dora 79 · Émile 32 74 · mesh-router… 74 · Ridge Relay… 74 · Hütte Nord 72
        /stats
        📈 24 h · 6286 paquets · 247 nœuds · 51 en direct · 326 textes · 🏆 Alice Neighbour 61
        /channel
        📻 24 h · occupé à 20% · moyenne 12% · max 61% à 9h · 21h▃▃▃0h▃▃▃▃▃▃6h▃▃▄▆▄▄12h▄▄▅▅▅▅18h▅▅? · 🏆 Alice Neigh… 58 paquets · Dora 58
        /propag
        📡 24 h · c551→9fd3 >40 km -2,5 dB · e1a1→c33c >39 km -16,0 dB · 99b9→87e5 >38 km 8,8 dB · 5c92→ea32 >38 km -5,5 dB · 🏆 32 h: c551→9fd3 >40 km (il y a 1 h)
        /propag 1 10
        📡 1 h · bf42→moi >31 km -2,0 dB · 16dc→c604 >31 km -9,2 dB · 8f13→889d >30 km -15,8 dB · 9fd3→c604 >30 km -14,5 dB · 🏆 32 h: c551→9fd3 >40 km (il y a 1 h)
        /neighbors
        👥 32 h · 250 nœuds · 2018 liaisons · 🦊 158: bc85, 14b8, 100c · ALI 148: DORA, moi, LONG · ☀ 142: d91c, moi, 921a · moi 52: 4853, 1d9e, 0ee0 · b595 26: 1489, 8559, ba67
        /neighbors hütte
        Lequel ? Réponds par son numéro.
        1 Hütte… 71c2
        2 Hütte… 1e85
        3 Hütte… 53e5
        4 Hütte… b0cf
        5 Hütte… 6930
        6 Hütte… 36c3
        7 Hütte… 9086
        8 Hütte… 70f7
        9 Hütte… 5a81
        /neighbors !a1b2c3d4
        👥 moi · 52 voisins (32 h) · ←4853 9,0 dB · ←1d9e 8,2 dB >10 km · ←0ee0 8,2 dB >8 km · ←00e1 7,2 dB >22 km · ←70f7 6,5 dB >19 km · ←LONG 6,2 dB · ←ALI 6,2 dB >23 km
        /leaderboard
        🏅 32 h · 📡 c551→9fd3 >40 km · 💬 ALI 22 textes · ⛰ 1489 2399 m · 📶 4853 9,0 dB · ⏱ 1abd 1 j · 🪫 1527 26%
        /trafic
        📨 8 h · 117 textes
        19:55 b595: Bonjour à tous
        19:55 c33c: anybody on the hill today?
        19:56 BÜR: 73 de F4XYZ 👩‍🚒
        19:57 6efe: à ce soir
        19:58 716f: 73 de F4XYZ 👩‍🚒
        /trafic 24
        📨 24 h · 283 textes
        19:55 b595: Bonjour à tous
        19:55 c33c: anybody on the hill today?
        19:56 BÜR: 73 de F4XYZ 👩‍🚒
        19:57 6efe: à ce soir
        19:58 716f: 73 de F4XYZ 👩‍🚒
        /errors
        ⚠ 2 non arrivées · LONG sa clé m'est inconnue 6 h · BÜR clé périmée 1 j
        /stats p 168
        📦 32 h · 8626 paquets · télémétrie 2945 (34%) · positions 2020 (24%) · infos de nœud 1231 (14%) · illisibles 781 (9%) · autres 458 (5%) · textes 448 (5%) · routage 260 (3%)
        /keys
        🔑 220 avec clé · 29 sans clé : Bob mobile 130, the longest name…, Balloon 🎈 71, Hütte Nord 30, Кот Матро…, Žiga na vrhu 100, Tracker 3 139, K7ABC/M 81, Hütte Nord 120 +20
        dont 0,0 Mo libres · 9121 paquets · sur 1 j · 0 de plus en sommes · 250 nœuds · 2061 liaisons · 284 textes · 2 erreurs"#]].assert_eq(&said);
}

#[test]
fn a_restart_in_the_middle_changes_no_answer() {
    let (_folder, path) = place();
    let whole = Fixture::told(&path, "en", false).conversation(&QUESTIONS);
    let (_folder, path) = place();
    let halves = Fixture::told(&path, "en", true).conversation(&QUESTIONS);
    assert_eq!(halves, whole);
}

/// Written or not, and after a restart: nothing is told of the time before.
#[test]
fn a_young_history_tells_of_no_week() {
    let (_folder, path) = place();
    let told = |rig: &mut Rig, expected: &str| {
        rig.pass(300);
        for question in ["/top 168", "/packets 168", "/hop 168", "/propag 168"] {
            let said = rig.ask(question).concat();
            assert!(said.contains(expected), "{question}: {said}");
        }
    };
    // Another node of ours has been there for long.
    drop(super::writer(&path));
    let conn = rusqlite::Connection::open(&path).unwrap();
    let hour = i64::try_from(EPOCH / 3_600 - 100).unwrap();
    conn.execute("INSERT INTO own VALUES (7, 4711, 1)", [])
        .unwrap();
    conn.execute(
        "INSERT INTO hours VALUES (?1, 7, 8, 1, 1, 0, 0, NULL, NULL)",
        [hour],
    )
    .unwrap();
    drop(conn);
    let mut rig = Rig::new(&path, Lang::En, begin());
    rig.pass(60);
    let said = rig.ask("/top 168").concat();
    assert!(said.starts_with("🏆 1 min · 1 packet · "), "{said}");
    rig.pass(150);
    let said = rig.ask("/stats 168").concat();
    assert!(said.starts_with("📈 4 min · 2 packets · "), "{said}");
    for _ in 0..28 {
        rig.pass(600);
    }
    told(&mut rig, " 5 h · ");
    // The hour in which it began is the first one.
    let bars = rig.ask("/histo 48").concat();
    assert!(bars.starts_with("📊 all · 6 h\n15h"), "{bars}");
    rig.bot.close(rig.now);
    let now = rig.now.plus(Duration::from_secs(1_800));
    drop(rig);
    told(&mut Rig::new(&path, Lang::Fr, now), " 6 h · ");
}

#[test]
fn older_packets_count_by_their_hourly_sums() {
    let (_folder, path) = place();
    let mut fixture = Fixture::told(&path, "en", false);
    // No hour ends between these questions and the same ones later.
    fixture.world.run(20 * 60_000);
    let questions = ["/top 168", "/packets 168"];
    let asked_at = fixture.world.now;
    let figures = fixture.conversation(&questions);
    // As if all of it had become older than a week: the same hours, summed up.
    fixture.world.bot.close(fixture.world.now);
    let conn = rusqlite::Connection::open(&path).unwrap();
    let mut add = conn
        .prepare(
            "INSERT INTO hours VALUES (?1, 1, ?2, ?3, 1, ?4, ?5, NULL, NULL)
             ON CONFLICT DO UPDATE SET packets = packets + 1, mqtt = mqtt + excluded.mqtt,
               direct = direct + excluded.direct",
        )
        .unwrap();
    for heard in packets(&path) {
        let When::Unix(at) = heard.at else { panic!() };
        if at <= asked_at.unix && !heard.late {
            let by_mqtt = heard.medium == Medium::Mqtt;
            let direct = heard.medium == Medium::Radio && heard.hops == Some(0);
            let hour = i64::try_from(at / 3_600).unwrap();
            add.execute((hour, heard.from.0, heard.port, by_mqtt, direct))
                .unwrap();
        }
    }
    drop(add);
    conn.execute("DELETE FROM packed", []).unwrap();
    drop(conn);
    fixture = fixture.restart();
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
        let job = job(move || {
            let _ = gate.recv();
        });
        if !pool.submit(JobId(u64::MAX - hung), job) {
            break;
        }
        hung += 1;
    }
    assert!(hung >= 8);
    let tell = move |id, looked| results.send(JobResult::looked(id, looked)).is_ok();
    let (reader, thread) = read::start(path.clone(), Doubts::default(), tell, |_| {}).unwrap();
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
    assert!(result.found.is_ok(), "{result:?}");
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
    let questions = [
        "/top",
        "/packets 3",
        "/histo text",
        "/hop",
        "/stats",
        "/channel",
        "/propag",
        "/neighbors",
        "/leaderboard",
        "/trafic",
    ];
    for question in questions {
        none.pass(300);
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

/// Nobody reads a channel whose key he may not have.
#[test]
fn talk_is_for_those_who_were_heard_on_the_channel() {
    let (_folder, path) = place();
    let mut fixture = Fixture::new(&path, "en");
    let people: Vec<NodeNum> = (0..3).map(|at| fixture.world.person(at)).collect();
    let ask = |fixture: &mut Fixture, said: Said| {
        fixture.world.run(60_000);
        let answers = fixture.world.ask(said).into_iter();
        answers.map(|answer| answer.text).collect::<Vec<_>>()
    };
    let [alice, bob, stranger] = people[..] else {
        panic!("three people");
    };
    ask(&mut fixture, Said::on_channel(alice, 0, "for everybody"));
    ask(&mut fixture, Said::on_channel(bob, 1, "for friends"));
    ask(&mut fixture, Said::to_us(alice, "for the bot"));
    let stranger_asks = || Said::to_us(stranger, "/trafic");
    let unheard = ask(&mut fixture, stranger_asks());
    assert!(unheard[0].contains("not heard you"), "{unheard:?}");
    ask(&mut fixture, Said::on_channel(stranger, 1, "me too"));
    for later in [0, 20 * 60_000] {
        // The last words wait to be written at first.
        fixture.world.run(later);
        let friends = ask(&mut fixture, stranger_asks());
        assert!(friends[0].contains(" 2 texts\n"), "{friends:?}");
        assert!(friends[0].contains("for friends\n"), "{friends:?}");
    }
    let all = ask(&mut fixture, Said::to_us(alice, "/trafic 24"));
    assert!(
        all[0].contains(" 1 text\n") && all[0].ends_with("for everybody"),
        "{all:?}"
    );
    fixture.world.bot.close(fixture.world.now);
    assert_eq!(number(&path, "SELECT count(*) FROM texts"), 3);
}

/// Everybody is heard on the first channel, where positions go. The bot does
/// not listen there.
#[test]
fn talk_is_of_a_channel_that_the_bot_listens_on() {
    let (_folder, path) = place();
    let mut fixture = Fixture::with(&path, "en", "[bot]\nchannels = [1]\n");
    let alice = fixture.world.person(0);
    let ask = |fixture: &mut Fixture, said: Said| {
        fixture.world.run(60_000);
        let answers = fixture.world.ask(said).into_iter();
        answers.map(|answer| answer.text).collect::<Vec<_>>()
    };
    ask(&mut fixture, Said::on_channel(alice, 0, "for everybody"));
    let unheard = ask(&mut fixture, Said::to_us(alice, "/trafic"));
    assert!(unheard[0].contains("not heard you"), "{unheard:?}");
    ask(&mut fixture, Said::on_channel(alice, 1, "for friends"));
    for later in [0, 20 * 60_000] {
        // The last words wait to be written at first.
        fixture.world.run(later);
        let talk = ask(&mut fixture, Said::to_us(alice, "/trafic"));
        assert!(talk[0].ends_with("for friends"), "{talk:?}");
    }
}

#[test]
fn what_is_said_to_the_bot_is_no_talk() {
    let (_folder, path) = place();
    let mut fixture = Fixture::new(&path, "en");
    let texts = ["hello", "/ping", "@c3d4 ping", "@bob ping me"];
    for (at, text) in texts.into_iter().enumerate() {
        fixture.world.run(60_000);
        let somebody = fixture.world.person(at);
        fixture.world.ask(Said::on_channel(somebody, 0, text));
    }
    let talk = fixture.ask("/trafic");
    assert!(talk[0].contains(" 2 texts\n"), "{talk:?}");
    assert!(talk[0].ends_with("bob ping me"), "{talk:?}");
}

#[test]
fn what_is_not_kept_is_not_said_to_be_nothing() {
    let (_folder, path) = place();
    let mut fixture = Fixture::with(&path, "en", "[store]\ntexts = false\n");
    let alice = fixture.world.person(0);
    fixture
        .world
        .ask(Said::on_channel(alice, 0, "for everybody"));
    let talk = fixture.ask("/trafic");
    assert_eq!(talk, ["I keep no texts."]);
}
