//! A scenario's lines into what has to be done, and when.

use std::time::Duration;

use base64::Engine;
use meshbot::proto::routing;
use meshbot::sim::{Clock, Fault, Settings, SimChannel, Version};
use meshbot::{mesh::NodeNum, proto::channel::Role};

use super::words::Words;

/// Names for the people of the made-up mesh, in its order.
pub const NAMES: [&str; 8] = [
    "alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi",
];
/// Besides these: one of all in turn; and one whom the node does not know.
const OTHERS: [&str; 2] = ["somebody", "stranger"];

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

fn who(word: &str) -> Option<Who> {
    match word {
        "somebody" => Some(Who::Somebody),
        "stranger" => Some(Who::Stranger),
        name => NAMES
            .iter()
            .position(|known| *known == name)
            .map(Who::Person),
    }
}

fn act(words: &mut Words) -> Result<Act, String> {
    let mut known = NAMES.to_vec();
    known.extend(OTHERS);
    known.extend([
        "node", "rival", "again", "own", "forged", "replayed", "board", "services", "forbid",
        "expect",
    ]);
    let first = words.one_of(&known)?;
    if let Some(who) = who(&first) {
        return said(who, words);
    }
    let act = match first.as_str() {
        "node" => return node_does(words),
        "rival" => {
            words.one_of(&["for"])?;
            let for_ = words.time()?;
            let period = match words.take("back") {
                true => {
                    words.one_of(&["after"])?;
                    Some(words.time()?)
                }
                false => None,
            };
            Act::Node(Fault::Rival { for_, period })
        }
        "again" => {
            words.one_of(&["id"])?;
            let id = words.small()?;
            let relay = match words.take("by") {
                true => {
                    words.one_of(&["relay"])?;
                    Some(words.small()?)
                }
                false => None,
            };
            Act::Again(id, relay)
        }
        "own" => {
            words.one_of(&["text"])?;
            words.one_of(&["returns"])?;
            Act::OwnText(words.quoted()?, false)
        }
        "forged" => Act::OwnText(words.quoted()?, true),
        "replayed" => Act::Replay(words.quoted()?),
        "board" => {
            words.one_of(&["clock"])?;
            words.one_of(&["jumps"])?;
            Act::BoardClock(words.number()?)
        }
        "services" => services(words)?,
        "forbid" => {
            words.one_of(&["id"])?;
            Act::Forbid(words.small()?)
        }
        _ => return expect(words).map(Act::Expect),
    };
    words.end(&[])?;
    Ok(act)
}

fn services(words: &mut Words) -> Result<Act, String> {
    use meshbot::sim::web::Fault as Web;
    let known = [
        "take", "fail", "huge", "empty", "html", "garbage", "cut", "good",
    ];
    Ok(match words.one_of(&known)?.as_str() {
        "take" => Act::ServicesTake(words.time()?),
        "fail" => Act::Services(Some(Web::Status(words.small()?))),
        "huge" => Act::Services(Some(Web::Huge)),
        "empty" => Act::Services(Some(Web::Empty)),
        "html" => Act::Services(Some(Web::Html)),
        "garbage" => Act::Services(Some(Web::Garbage)),
        "cut" => Act::Services(Some(Web::CutOff)),
        _ => Act::Services(None),
    })
}

fn said(who: Who, words: &mut Words) -> Result<Act, String> {
    if words.one_of(&["says", "repeats"])? == "repeats" {
        words.end(&[])?;
        return Ok(Act::Repeat(who));
    }
    let channel = match words.one_of(&["on", "to"])?.as_str() {
        "on" => Some(words.small()?),
        _ => {
            words.one_of(&["us"])?;
            None
        }
    };
    let mut line = Line {
        who,
        channel,
        texts: words.texts()?,
        id: None,
        hops: Some(0),
        old_firmware: false,
        snr: 6.25,
        rssi: Some(-61),
        by_mqtt: false,
        wrong_key: false,
        plain: false,
        age: None,
    };
    let known = ["id", "hops", "snr", "old", "mqtt", "wrong", "plain", "age"];
    while !words.is_over() {
        match words.one_of(&known)?.as_str() {
            "id" => line.id = Some(words.small()?),
            "hops" => line.hops = Some(words.small()?),
            "snr" => line.snr = f32::from(words.small::<i16>()?),
            "old" => {
                words.one_of(&["firmware"])?;
                line.old_firmware = true;
            }
            "mqtt" => line.by_mqtt = true,
            "wrong" => {
                words.one_of(&["key"])?;
                line.wrong_key = true;
            }
            "plain" => line.plain = true,
            _ => line.age = Some(words.time()?),
        }
    }
    Ok(Act::Say(line))
}

fn node_does(words: &mut Words) -> Result<Act, String> {
    let known = [
        "drops", "stalls", "closes", "reboots", "rebooted", "garbage", "noise", "tears", "writes",
        "refuses", "full", "acks", "naks", "silent", "becomes", "renames", "clock", "heals", "off",
        "on",
    ];
    let fault = match words.one_of(&known)?.as_str() {
        "drops" => Fault::Drop,
        "stalls" if words.take("after") => Fault::StallAfterBytes(words.small()?),
        "stalls" if words.take("in") => {
            words.one_of(&["nodes"])?;
            Fault::StallInNodes(words.small()?)
        }
        "stalls" => Fault::Stall(words.time()?),
        "closes" => match words.one_of(&["after", "in"])?.as_str() {
            "after" => Fault::CloseAfterBytes(words.small()?),
            _ => {
                words.one_of(&["nodes"])?;
                Fault::CloseInNodes(words.small()?)
            }
        },
        "reboots" => Fault::Reboot(words.time()?),
        "rebooted" => Fault::Rebooted,
        "garbage" => Fault::Garbage(words.small()?),
        "noise" => Fault::Noise(words.small()?),
        "tears" => Fault::Tear,
        "writes" => Fault::ShortWrites(words.small()?),
        "refuses" => Fault::RefuseTexts(error(words)?),
        "full" => Fault::QueueFull(words.time()?),
        "acks" => match words
            .one_of(&["normally", "never", "from-relays"])?
            .as_str()
        {
            "normally" => Fault::NormalAcks,
            "never" => Fault::NeverAck,
            _ => Fault::AckFromRelayOnly,
        },
        "naks" => Fault::NakWith(error(words)?),
        "silent" => Fault::Stall(Duration::from_secs(1_000_000)),
        "becomes" => Fault::ChangeOwnNumber(NodeNum(words.small()?)),
        "renames" => Fault::RenameChannel {
            index: words.small()?,
            name: words.text()?,
        },
        "clock" => {
            words.one_of(&["jumps"])?;
            Fault::ClockJump(words.number()?)
        }
        "heals" => Fault::Heal,
        off => {
            let off = off == "off";
            words.end(&[])?;
            return Ok(Act::Off(off));
        }
    };
    words.end(&[])?;
    Ok(Act::Node(fault))
}

fn error(words: &mut Words) -> Result<routing::Error, String> {
    let name = words.word()?;
    routing::Error::from_str_name(&name).ok_or_else(|| format!("{name} is no routing error"))
}

fn compare(words: &mut Words) -> Result<Compare, String> {
    Ok(if words.take(">=") {
        Compare::AtLeast(words.number()?)
    } else if words.take("<=") {
        Compare::AtMost(words.number()?)
    } else if words.take("no") {
        Compare::Exactly(0)
    } else {
        Compare::Exactly(words.number()?)
    })
}

fn expect(words: &mut Words) -> Result<Expect, String> {
    let is_not = words.take("not");
    if is_not || words.peek() == Some("linked") {
        words.one_of(&["linked"])?;
        words.end(&[])?;
        return Ok(Expect::Linked(!is_not));
    }
    if words.take("gap") {
        words.one_of(&[">="])?;
        let gap = words.time()?;
        words.end(&[])?;
        return Ok(Expect::Gap(gap));
    }
    if let Some(what) = words
        .peek()
        .and_then(|word| NUMBERS.iter().find(|it| **it == word))
    {
        let what = *what;
        words.word()?;
        let number = compare(words)?;
        words.end(&[])?;
        return Ok(Expect::Number(what, number));
    }
    let is_count = |word: &str| {
        ["no", ">=", "<="].contains(&word) || word.starts_with(|c: char| c.is_ascii_digit())
    };
    if !words.peek().is_some_and(is_count) {
        let mut known = NUMBERS.to_vec();
        known.extend(["linked", "not", "gap", "no", ">=", "<=", "a number"]);
        let word = words.word()?;
        return Err(super::words::unknown(&word, &known));
    }
    let count = compare(words)?;
    if words.one_of(&["answer", "answers", "log"])? == "log" {
        let text = words.text()?;
        words.end(&[])?;
        return Ok(Expect::Log(count, text));
    }
    let (mut to, mut channel, mut direct, mut containing) = (None, None, false, None);
    while !words.is_over() {
        match words
            .one_of(&["to", "on", "directly", "containing"])?
            .as_str()
        {
            "to" => {
                let name = words.one_of(&[&NAMES[..], &OTHERS].concat())?;
                to = who(&name);
            }
            "on" => channel = Some(words.small()?),
            "directly" => direct = true,
            _ => containing = Some(words.text()?),
        }
    }
    Ok(Expect::Answers {
        count,
        to,
        channel,
        direct,
        containing,
    })
}
