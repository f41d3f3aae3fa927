//! A scenario's lines into what has to be done, and when.

use std::time::Duration;

use base64::Engine;
use meshbot::proto::channel::Role;
use meshbot::sim::{Clock, Fault, Settings, SimChannel, Version};

use super::acts::act;
use super::expect::expect;
use super::words::Words;

/// Names for the people of the made-up mesh, in its order.
pub const NAMES: [&str; 8] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
];
/// Besides these: one of all in turn; and one whom the node does not know.
pub const OTHERS: [&str; 2] = ["somebody", "stranger"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Person(usize),
    Somebody,
    Stranger,
}

/// Something is said.
#[derive(Clone, Debug)]
pub struct Line {
    pub who: Who,
    /// `None` is to the bot alone.
    pub channel: Option<u8>,
    /// In turn, when it is said again and again.
    pub texts: Vec<Vec<u8>>,
    pub id: Option<u32>,
    pub hops: Option<u8>,
    pub old_firmware: bool,
    pub snr: f32,
    pub rssi: Option<i32>,
    pub by_mqtt: bool,
    pub wrong_key: bool,
    pub plain: bool,
    /// With the right key, but without the word that it was used.
    pub unsealed: bool,
    /// So long before.
    pub age: Option<Duration>,
}

#[derive(Clone, Debug)]
pub enum Act {
    Say(Line),
    /// The packet with this id comes once more.
    Again(u32, Option<u8>),
    /// Under our own number, as an echo or (by radio) a forgery.
    OwnText(Vec<u8>, bool),
    /// A stored text, as 2.8 retells records.
    Replay(Vec<u8>),
    /// What the bot said last is repeated by somebody.
    Repeat(Who),
    /// His node is flashed anew.
    Reflash(Who),
    Node(Fault),
    Off(bool),
    BoardClock(i64),
    ServicesTake(Duration),
    Services(Option<meshbot::sim::web::Fault>),
    Forbid(u32),
    Expect(Expect),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    Exactly(i64),
    AtLeast(i64),
    AtMost(i64),
}

impl Compare {
    pub fn holds(self, number: i64) -> bool {
        match self {
            Self::Exactly(wanted) => number == wanted,
            Self::AtLeast(wanted) => number >= wanted,
            Self::AtMost(wanted) => number <= wanted,
        }
    }
}

#[derive(Clone, Debug)]
pub enum Expect {
    Answers {
        count: Compare,
        to: Option<Who>,
        channel: Option<u8>,
        direct: bool,
        containing: Option<String>,
    },
    Log(Compare, String),
    Linked(bool),
    Gap(Duration),
    Number(&'static str, Compare),
}

/// What can be counted.
pub const NUMBERS: [&str; 12] = [
    "connections",
    "attempts",
    "nodes",
    "placed",
    "direct",
    "counted",
    "rejected",
    "admin",
    "traceroutes",
    "questions-about-keys",
    "fetches",
    "longest",
];

pub struct Step {
    pub line: usize,
    pub at: Duration,
    pub act: Act,
}

pub struct Scenario {
    pub name: String,
    pub proves: Vec<String>,
    pub sim: Settings,
    pub config: String,
    pub services: bool,
    pub two_bots: bool,
    pub steps: Vec<Step>,
}

const LINES: [&str; 7] = [
    "at", "expect", "proves", "node", "config", "services", "two",
];

impl Scenario {
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let mut scenario = Self {
            name: name.to_owned(),
            proves: Vec::new(),
            sim: Settings::default(),
            config: String::new(),
            services: false,
            two_bots: false,
            steps: Vec::new(),
        };
        let (mut last, mut configured) = (Duration::ZERO, 0);
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let read = scenario.line(number, line, &mut last);
            read.map_err(|why| format!("{name}:{number}: {why}"))?;
            if line.starts_with("config ") {
                configured = number;
            }
        }
        scenario.fill_in();
        meshbot::config::Config::parse(&whole(&scenario.config), "config")
            .map_err(|error| format!("{name}:{configured}: the configuration: {error}"))?;
        if scenario.proves.is_empty() {
            return Err(format!("{name}: proves nothing"));
        }
        Ok(scenario)
    }

    /// Alice's number and key, which the configuration may need.
    fn fill_in(&mut self) {
        let now = meshbot::mesh::Now::default();
        let node = meshbot::sim::SimNode::new(self.sim.clone(), now);
        let Some(alice) = node.people().first() else {
            return;
        };
        let key = alice.public_key.unwrap_or_default();
        let key = base64::engine::general_purpose::STANDARD.encode(key);
        self.config = (self.config)
            .replace("{alice}", &alice.num.to_string())
            .replace("{key of alice}", &key);
    }

    fn line(&mut self, number: usize, line: &str, last: &mut Duration) -> Result<(), String> {
        if let Some(toml) = line.strip_prefix("config ") {
            self.config.push_str(toml);
            self.config.push('\n');
            return Ok(());
        }
        let mut words = Words::split(line)?;
        let words = &mut words;
        match words.one_of(&LINES)?.as_str() {
            "at" => self.at(number, words, last),
            "expect" => {
                let at = self.steps.last().map_or(Duration::ZERO, |step| step.at);
                let act = Act::Expect(expect(words)?);
                // At the end, when everything has had its time.
                let at = at.max(Duration::from_secs(10)) + Duration::from_secs(70);
                self.steps.push(Step {
                    line: number,
                    at,
                    act,
                });
                Ok(())
            }
            "proves" => {
                while !words.is_over() {
                    self.proves.push(words.word()?);
                }
                Ok(())
            }
            "node" => node(words, &mut self.sim),
            "services" => {
                self.services = true;
                words.end(&[])
            }
            _ => {
                words.one_of(&["bots"])?;
                self.two_bots = true;
                words.end(&[])
            }
        }
    }

    fn at(&mut self, line: usize, words: &mut Words, last: &mut Duration) -> Result<(), String> {
        let first = words.time()?;
        if first < *last {
            return Err("earlier than the line before".to_owned());
        }
        *last = first;
        let (every, until) = if words.take("every") {
            let every = words.time()?;
            words.one_of(&["until"])?;
            (every, words.time()?)
        } else {
            (Duration::from_secs(1), first)
        };
        let act = act(words)?;
        let mut at = first;
        while at <= until {
            let act = act.clone();
            self.steps.push(Step { line, at, act });
            at += every.max(Duration::from_millis(1));
        }
        Ok(())
    }
}

/// The lines about the configuration, completed as the world completes them.
fn whole(config: &str) -> String {
    let at = config.find('[').unwrap_or(config.len());
    let (top, tables) = config.split_at(at);
    format!("{top}\n[node]\nhost = \"127.0.0.1\"\n{tables}")
}

fn node(words: &mut Words, sim: &mut Settings) -> Result<(), String> {
    let known = [
        "version", "nodes", "replays", "silent", "latency", "talks", "clock", "hops", "region",
        "backlog", "channel", "locked",
    ];
    while !words.is_over() {
        match words.one_of(&known)?.as_str() {
            "version" => {
                sim.version = match words.one_of(&["2.7", "2.8"])?.as_str() {
                    "2.7" => Version::V2_7,
                    _ => Version::V2_8,
                }
            }
            "nodes" => sim.nodes = words.small()?,
            "replays" => sim.replay = true,
            "silent" => sim.own_telemetry = false,
            "latency" => sim.latency = true,
            "talks" => sim.chatter = true,
            "clock" => {
                sim.clock = match words.take("unset") {
                    true => Clock::Unset,
                    false => Clock::Off(words.number()?),
                }
            }
            "hops" => sim.hop_limit = words.small()?,
            "region" => sim.region = words.small()?,
            "backlog" => sim.backlog = words.small()?,
            "channel" => sim
                .channels
                .push(SimChannel::new(&words.text()?, Role::Secondary)),
            _ => sim.locked = true,
        }
    }
    Ok(())
}
