//! Questions about what the mesh did: what is asked of the history, how it is
//! counted, and what an answer is written from.
//!
//! A command leaves a [`Wish`]. Dispatch makes a [`Question`] of it, which
//! carries the packets that still wait to be written, so that the last minutes
//! count too; an [`Archive`] adds those that are written and brings an
//! [`Answer`] home. Counting is the same for both, in [`Tally`], and pure.
//!
//! What had waited in our node before it was connected and what came through
//! MQTT counts nowhere here; replayed records and our own packets never become
//! rows at all ([`record`](super::record)).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::errands::JobId;
use super::record::{Heard, Medium};
use crate::mesh::{NodeBook, NodeNum};
use crate::proto::PortNum;
use crate::text::{Lang, Text};

/// How long an asker waits for the history at most.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The longest time that can be asked about: so long are single packets kept.
pub const HOURS_MAX: u32 = 168;
/// Groups in an answer, the largest ones: as many as there can be hours.
const GROUPS: usize = HOURS_MAX as usize + 1;
/// Seconds in an hour.
pub const HOUR: u64 = 3_600;

/// Somebody who knows what the mesh did.
pub trait Archive: Send {
    /// Takes a question without waiting; `false` when too many wait already.
    /// The answer comes as the result of this job.
    fn ask(&self, id: JobId, question: Box<Question>) -> bool;
}

/// What a packet was for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A position.
    Position,
    /// Battery, air time, weather of a node.
    Telemetry,
    /// Name and key.
    NodeInfo,
    /// Acknowledgements and failures.
    Routing,
    /// The way to a node.
    Traceroute,
    /// Whom a node hears.
    Neighbours,
    /// Not readable for our node.
    Unreadable,
    /// Everything else.
    Other,
}

impl Kind {
    /// All of them, and the words by which they can be asked for.
    pub const ALL: [(Self, Text, &'static [&'static str]); 9] = [
        (
            Self::Text,
            Text::KindText,
            &["text", "texts", "texte", "textes", "msg", "messages"],
        ),
        (
            Self::Position,
            Text::KindPosition,
            &["pos", "position", "positions"],
        ),
        (
            Self::Telemetry,
            Text::KindTelemetry,
            &["tele", "telemetry", "telemetrie"],
        ),
        (
            Self::NodeInfo,
            Text::KindNodeInfo,
            &["node", "nodes", "info", "nodeinfo"],
        ),
        (
            Self::Routing,
            Text::KindRouting,
            &["routing", "routage", "ack"],
        ),
        (
            Self::Traceroute,
            Text::KindTraceroute,
            &["trace", "traceroute"],
        ),
        (
            Self::Neighbours,
            Text::KindNeighbours,
            &["neighbors", "neighbours", "voisins"],
        ),
        (
            Self::Unreadable,
            Text::KindUnreadable,
            &["unreadable", "illisible", "encrypted"],
        ),
        (Self::Other, Text::KindOther, &["other", "autre", "autres"]),
    ];

    /// The kind of what goes to a port; as the recorder numbers them.
    #[must_use]
    pub fn of(port: i32) -> Self {
        if port == -1 {
            return Self::Unreadable;
        }
        match PortNum::try_from(port) {
            Ok(PortNum::TextMessageApp) => Self::Text,
            Ok(PortNum::PositionApp) => Self::Position,
            Ok(PortNum::TelemetryApp) => Self::Telemetry,
            Ok(PortNum::NodeinfoApp) => Self::NodeInfo,
            Ok(PortNum::RoutingApp) => Self::Routing,
            Ok(PortNum::TracerouteApp) => Self::Traceroute,
            Ok(PortNum::NeighborinfoApp) => Self::Neighbours,
            _ => Self::Other,
        }
    }

    /// The kind that a (folded) word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find_map(|(kind, _, words)| words.contains(&word).then_some(*kind))
    }

    /// What it is called in answers.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find_map(|(kind, name, _)| (*kind == self).then(|| name.plain(lang)))
            .unwrap_or("?")
    }
}

/// What packets are grouped by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Group {
    /// Who sent it.
    Sender(NodeNum),
    /// What it was for.
    Kind(Kind),
    /// The hour in which it was heard, since 1970.
    Hour(u64),
    /// The relays that it had passed, when that is known.
    Hops(Option<u8>),
}

/// A way of counting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// By sender.
    Sender,
    /// By what it was for.
    Kind,
    /// By the hour; everything, or one kind.
    Hour(Option<Kind>),
    /// By distance; only what came by radio all the way.
    Hops,
}

/// What is asked of an archive.
#[derive(Clone, PartialEq, Debug)]
pub struct Question {
    /// Our own node; what others heard of the mesh is not mixed with it.
    pub own: NodeNum,
    /// The first second that counts, since 1970.
    pub since: u64,
    /// The last one.
    pub until: u64,
    /// Up to here the archive knows everything or is about to; what is younger
    /// stands in `fresh`, and must not be counted twice. `None`: no limit.
    pub settled: Option<u64>,
    /// How to count.
    pub by: By,
    /// Packets that are not written yet.
    pub fresh: Vec<Seen>,
    /// What our node said of the air, when that is asked for.
    pub air: Option<Vec<Sample>>,
}

/// What our node said of the air at some moment.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    /// In seconds since 1970.
    pub at: u64,
    /// Per cent of the last minute in which the channel was busy.
    pub busy: f64,
}

/// What our node said of the air, summed up.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Air {
    /// The last that it said.
    pub last: Option<Sample>,
    /// The busiest.
    pub peak: Option<Sample>,
    /// By the hour since 1970: the sum of what it said, and how often it did.
    pub hours: BTreeMap<u64, (f64, u32)>,
}

impl Air {
    fn add(&mut self, sample: Sample) {
        if self.last.is_none_or(|last| last.at <= sample.at) {
            self.last = Some(sample);
        }
        if self.peak.is_none_or(|peak| peak.busy < sample.busy) {
            self.peak = Some(sample);
        }
        let (sum, count) = self.hours.entry(sample.at / HOUR).or_default();
        *sum += sample.busy;
        *count += 1;
    }

    /// The mean of the hours in which it said anything.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        let means = self
            .hours
            .values()
            .map(|(sum, count)| sum / f64::from(*count));
        let hours = u32::try_from(self.hours.len()).ok()?;
        (hours > 0).then(|| means.sum::<f64>() / f64::from(hours))
    }
}

/// As much of a packet as is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// When it was heard, in seconds since 1970.
    pub at: u64,
    /// Its sender.
    pub from: NodeNum,
    /// Its port, as the recorder numbers them.
    pub port: i32,
    /// Relays that it passed, when that is known.
    pub hops: Option<u8>,
    /// It came by radio all the way.
    pub by_radio: bool,
}

impl Seen {
    /// What counts of a packet; `None` when it counts nowhere.
    #[must_use]
    pub fn of(at: u64, heard: &Heard) -> Option<Self> {
        (!heard.late && heard.medium != Medium::Mqtt).then_some(Self {
            at,
            from: heard.from,
            port: heard.port,
            hops: heard.hops,
            by_radio: heard.medium == Medium::Radio,
        })
    }
}

/// What an archive found.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answer {
    /// All packets that count.
    pub total: u64,
    /// How many groups they form.
    pub groups: usize,
    /// The largest groups, the largest first.
    pub most: Vec<(Group, u64)>,
    /// Texts among the packets.
    pub texts: u64,
    /// Senders that were heard straight by radio, when counted by sender.
    pub direct: usize,
    /// The air, when that was asked for.
    pub air: Air,
}

/// Counts packets for one question.
#[derive(Debug)]
pub struct Tally<'a> {
    question: &'a Question,
    total: u64,
    counts: BTreeMap<Group, u64>,
    texts: u64,
    direct: BTreeSet<NodeNum>,
    air: Air,
}

impl<'a> Tally<'a> {
    /// Has counted what is not written yet.
    #[must_use]
    pub fn new(question: &'a Question) -> Self {
        let mut tally = Self {
            question,
            total: 0,
            counts: BTreeMap::new(),
            texts: 0,
            direct: BTreeSet::new(),
            air: Air::default(),
        };
        for seen in &question.fresh {
            if (question.since..=question.until).contains(&seen.at) {
                tally.add(seen);
            }
        }
        for sample in question.air.iter().flatten() {
            if (question.since..=question.until).contains(&sample.at) {
                tally.add_air(*sample);
            }
        }
        tally
    }

    /// The first and the last second whose written packets are to be added.
    #[must_use]
    pub fn span(&self) -> (u64, u64) {
        let question = self.question;
        let settled = question.settled.unwrap_or(u64::MAX);
        (question.since, question.until.min(settled))
    }

    /// One more packet.
    pub fn add(&mut self, seen: &Seen) {
        let kind = Kind::of(seen.port);
        let group = match self.question.by {
            By::Sender => Group::Sender(seen.from),
            By::Kind => Group::Kind(kind),
            By::Hour(None) => Group::Hour(seen.at / HOUR),
            By::Hour(Some(only)) if only == kind => Group::Hour(seen.at / HOUR),
            By::Hops if seen.by_radio => Group::Hops(seen.hops),
            By::Hour(_) | By::Hops => return,
        };
        self.count(group, 1);
        self.note(seen.from, kind, 1, seen.by_radio && seen.hops == Some(0));
    }

    /// What our node said of the air.
    pub fn add_air(&mut self, sample: Sample) {
        self.air.add(sample);
    }

    fn note(&mut self, from: NodeNum, kind: Kind, packets: u64, direct: bool) {
        if kind == Kind::Text {
            self.texts += packets;
        }
        if direct && self.question.by == By::Sender {
            self.direct.insert(from);
        }
    }

    /// The sum of an hour: so many packets of one sender for one port, of which
    /// so many came straight from him by radio.
    pub fn add_hour(&mut self, hour: u64, from: NodeNum, port: i32, packets: u64, direct: u64) {
        let kind = Kind::of(port);
        self.note(from, kind, packets, direct > 0);
        match self.question.by {
            By::Sender => self.count(Group::Sender(from), packets),
            By::Kind => self.count(Group::Kind(kind), packets),
            By::Hour(only) if only.is_none_or(|only| only == kind) => {
                self.count(Group::Hour(hour), packets);
            }
            By::Hour(_) => {}
            By::Hops => {
                self.count(Group::Hops(Some(0)), direct);
                self.count(Group::Hops(None), packets.saturating_sub(direct));
            }
        }
    }

    fn count(&mut self, group: Group, packets: u64) {
        if packets > 0 {
            self.total += packets;
            *self.counts.entry(group).or_default() += packets;
        }
    }

    /// What was found.
    #[must_use]
    pub fn answer(self) -> Answer {
        let groups = self.counts.len();
        let mut most: Vec<_> = self.counts.into_iter().collect();
        // Equals stay in the order of their groups.
        most.sort_by_key(|&(_, packets)| std::cmp::Reverse(packets));
        most.truncate(GROUPS);
        most.shrink_to_fit();
        Answer {
            total: self.total,
            groups,
            most,
            texts: self.texts,
            direct: self.direct.len(),
            air: self.air,
        }
    }
}

/// What a command wants to know, and how it says it.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// So many hours back, 1 to [`HOURS_MAX`].
    pub hours: u32,
    /// The first hour counts from its beginning, and the current one is the
    /// last of them.
    pub whole_hours: bool,
    /// How to count.
    pub by: By,
    /// What our node says of the air is wanted, too.
    pub air: bool,
    /// Writes the answer.
    pub render: fn(&View<'_>) -> String,
}

impl Wish {
    /// The first second that counts when it is `now`.
    #[must_use]
    pub fn since(&self, now: u64) -> u64 {
        let hours = u64::from(self.hours);
        if self.whole_hours {
            (now / HOUR + 1).saturating_sub(hours) * HOUR
        } else {
            now.saturating_sub(hours * HOUR)
        }
    }
}

/// What an answer is written from.
pub struct View<'a> {
    /// Language of the answer.
    pub lang: Lang,
    /// The most bytes that fit into a packet.
    pub part_limit: usize,
    /// The nodes, for their names.
    pub book: &'a NodeBook,
    /// Time zone of the board.
    pub zone: &'a TimeZone,
    /// What was asked.
    pub wish: Wish,
    /// The last second that counts, since 1970.
    pub until: u64,
    /// What was found.
    pub answer: &'a Answer,
}

impl View<'_> {
    /// What the clock on the wall shows in an hour (since 1970): 0 to 23.
    #[must_use]
    pub fn clock(&self, hour: u64) -> i8 {
        let unix = i64::try_from(hour * HOUR).unwrap_or(0);
        let time = Timestamp::from_second(unix).unwrap_or(Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(time).hour()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(by: By) -> Question {
        let seen = |at, port, hops, by_radio| Seen {
            at,
            from: NodeNum(7),
            port,
            hops,
            by_radio,
        };
        Question {
            own: NodeNum(1),
            since: 7_200,
            until: 10_000,
            settled: Some(9_000),
            by,
            air: None,
            fresh: vec![
                seen(7_199, 1, Some(0), true),
                seen(9_500, 1, Some(0), true),
                seen(9_500, 3, None, true),
                seen(10_000, -1, Some(2), false),
                seen(10_001, 1, Some(0), true),
            ],
        }
    }

    #[test]
    fn written_and_waiting_packets_are_counted_once() {
        let question = question(By::Sender);
        let mut tally = Tally::new(&question);
        assert_eq!(tally.span(), (7_200, 9_000));
        tally.add_hour(2, NodeNum(8), 1, 3, 1);
        tally.add_hour(2, NodeNum(9), 1, 0, 0);
        let sender = |num, packets| (Group::Sender(NodeNum(num)), packets);
        let expected = Answer {
            total: 6,
            groups: 2,
            most: vec![sender(7, 3), sender(8, 3)],
            texts: 4,
            direct: 2,
            air: Air::default(),
        };
        assert_eq!(tally.answer(), expected);
    }

    #[test]
    fn only_radio_has_distances_and_only_one_kind_is_asked_for() {
        let hops = question(By::Hops);
        let mut tally = Tally::new(&hops);
        tally.add_hour(2, NodeNum(8), 1, 3, 1);
        let expected = [(Group::Hops(None), 3), (Group::Hops(Some(0)), 2)];
        assert_eq!(tally.answer().most, expected);
        let texts = question(By::Hour(Some(Kind::Text)));
        assert_eq!(Tally::new(&texts).answer().most, [(Group::Hour(2), 1)]);
    }

    #[test]
    fn an_hour_that_has_begun_is_the_last_of_whole_hours() {
        let wish = |whole_hours| Wish {
            hours: 24,
            whole_hours,
            by: By::Kind,
            air: false,
            render: |_| String::new(),
        };
        let now = 100 * HOUR + 60;
        assert_eq!(wish(true).since(now), 77 * HOUR);
        assert_eq!(wish(false).since(now), 76 * HOUR + 60);
        assert_eq!(wish(false).since(0), 0);
    }

    #[test]
    fn each_kind_has_words_of_its_own() {
        for (kind, _, words) in Kind::ALL {
            assert!(words.iter().all(|word| Kind::parse(word) == Some(kind)));
        }
        assert_eq!(Kind::of(i32::MAX), Kind::Other);
        assert_eq!(Kind::of(-2), Kind::Other);
    }
}
