//! How long questions about the past take, with a month of it on disk.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use meshbot::bot::all::{self, Outside};
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::host::HostStats;
use meshbot::bot::jobs::{Errands, Inline as AtOnce, JobResult};
use meshbot::config::Config;
use meshbot::history::insight::{Archive, Question, QuestionId};
use meshbot::lang::{Lang, Text};
use meshbot::link::memory::FarEnd;
use meshbot::link::{Event, Identity, Link};
use meshbot::mesh::{Hops, NodeNum, Now, PacketId, Payload};
use meshbot::proto::PortNum;
use meshbot::store::history::thread::Doubts;
use meshbot::store::history::{self, Limits, read};

use crate::program::own_time;
use crate::report::Outcome;
use crate::rig::{Discard, SANITY};
use crate::traffic::{Mesh, OWN};

/// What is asked: every command that looks into the history, with the longest
/// time that it takes.
const QUESTIONS: &[&str] = &[
    "/stats",
    "/stats 168",
    "/top",
    "/top 168",
    "/packets",
    "/packets 168",
    "/hop",
    "/hop 168",
    "/histo",
    "/histo 48",
    "/histo tele 48",
    "/channel",
    "/propag",
    "/propag 168 10",
    "/neighbors",
    "/leaderboard",
    "/trafic",
    "/trafic 24",
    "/keys",
];
const DAYS: u32 = 30;
/// Packets a minute.
const RATE: u32 = 20;
/// Each question is asked so often, and the mean counts: the kernel adds a
/// thread's time up in steps of several milliseconds.
const TIMES: u32 = 20;
/// For each answer, in ms.
const BOUND: f64 = 50.0;
const ASKER: NodeNum = NodeNum(0x7654_3210);

pub fn measure() -> Vec<Outcome> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("meshbot.db");
    let now = build(&path);
    let mut rig = Rig::new(&path, now);
    let mut took: Vec<(f64, &str)> = QUESTIONS
        .iter()
        .map(|question| (rig.time(question), *question))
        .collect();
    took.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let all: Vec<_> = took
        .iter()
        .map(|(ms, question)| format!("{question} {ms:.1}"))
        .collect();
    vec![Outcome::bound(
        format!(
            "a month of 250 nodes, ms for each answer: {}; the slowest",
            all.join(", ")
        ),
        took[0].0,
        BOUND,
        "ms",
    )]
}

/// A month: every day is like the first one.
fn build(path: &Path) -> Now {
    let mut mesh = Mesh::new(1);
    let mut writer = history::open(path, Limits::default()).unwrap().writer;
    let mut day: Vec<_> = (0..24 * 60).filter_map(|_| mesh.minute(RATE)).collect();
    day.extend(mesh.flush());
    for nth in 0..DAYS {
        for batch in &mut day {
            writer.apply(batch).unwrap();
            if nth + 1 < DAYS {
                batch.now.unix += 86_400;
                batch.now.mono += Duration::from_secs(86_400);
                for heard in &mut batch.packets {
                    heard.at = shifted(heard.at);
                }
                for link in &mut batch.links {
                    link.at = shifted(link.at);
                }
                for air in &mut batch.air {
                    air.at = shifted(air.at);
                }
            }
        }
    }
    day.last().unwrap().now
}

fn shifted(at: meshbot::history::When) -> meshbot::history::When {
    use meshbot::history::When;
    match at {
        When::Mono(mono) => When::Mono(mono + Duration::from_secs(86_400)),
        When::Unix(unix) => When::Unix(unix + 86_400),
    }
}

/// Looks things up at once, in the same thread.
struct Reading(PathBuf, Sender<JobResult>);

impl Archive for Reading {
    fn ask(&self, id: QuestionId, question: Box<Question>) -> bool {
        let looked = read::look_up(&self.0, &Doubts::default(), &question);
        self.1.try_send(JobResult::looked(id, looked)).is_ok()
    }
}

struct Rig {
    bot: Bot,
    far: FarEnd,
    results: Receiver<JobResult>,
    now: Now,
}

impl Rig {
    fn new(path: &Path, now: Now) -> Self {
        let known = history::open(path, Limits::default()).unwrap();
        let before = Before {
            own: known.own,
            nodes: known.nodes,
            ..Before::default()
        };
        drop(known.writer);
        let (done, results) = bounded(16);
        let (link, far) = Link::memory(Duration::from_millis(2_500));
        far.set_up(true);
        let errands: Box<dyn Errands> = Box::new(AtOnce(done.clone()));
        let settings = Settings::from_config(&Config::default(), SANITY);
        let parts = Parts {
            outbox: link.outbox,
            errands,
            keeper: Arc::new(Forgetful),
            history: Some(Box::new(Discard::default())),
            archive: Some(Box::new(Reading(path.to_owned(), done))),
            capabilities: all::capabilities(&settings, &Outside::default()),
            host: Box::new(HostStats::default),
            registry: all::registry(),
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

    /// How long the answer takes, in ms.
    fn time(&mut self, text: &str) -> f64 {
        let took: f64 = (0..TIMES).map(|_| self.ask(text)).sum();
        took / f64::from(TIMES)
    }

    fn ask(&mut self, text: &str) -> f64 {
        self.now = self.now.plus(Duration::from_secs(60));
        self.bot.tick(self.now);
        let mut received = Mesh::new(1).packet();
        let packet = &mut received.packet;
        packet.from = ASKER;
        packet.to = OWN;
        // A question with the number of one that was answered is not answered.
        packet.id = PacketId(u32::try_from(self.now.mono.as_secs()).unwrap());
        packet.via_mqtt = false;
        packet.hops = Hops::Known(1);
        packet.payload = Payload::Port(PortNum::TextMessageApp, text.as_bytes().to_vec());
        let word = text.trim_start_matches('/').split(' ').next().unwrap();
        assert!(all::registry().find(word).is_some(), "{text}");
        let asked = own_time();
        self.bot.handle(self.now, Event::Packet(Box::new(received)));
        while let Ok(result) = self.results.try_recv() {
            self.bot.finished(self.now, result);
        }
        let took = own_time().saturating_sub(asked);
        let said = self.far.texts();
        assert_eq!(said.len(), 1, "{text}: {said:?}");
        let failures = [Text::NoHistory, Text::HistoryUnreadable, Text::TookTooLong];
        let failures = failures.map(|it| it.plain(Lang::En));
        assert!(!failures.contains(&said[0].text.as_str()), "{said:?}");
        took.as_secs_f64() * 1_000.0
    }
}
