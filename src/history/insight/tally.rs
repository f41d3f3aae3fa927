//! Counting packets: by sender, by kind, by the hour, by distance; and the air.

use std::collections::{BTreeMap, HashMap};

use super::{HOUR, HOURS_MAX, Kind, Question};
use crate::history::rows::{Heard, Medium};
use crate::mesh::NodeNum;

/// Groups in an answer, the largest ones: as many as there can be hours.
const GROUPS: usize = HOURS_MAX as usize + 1;

/// What packets are grouped by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
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
    /// By sender; everything, or one kind.
    Sender(Option<Kind>),
    /// By what it was for.
    Kind,
    /// By the hour; everything, or one kind.
    Hour(Option<Kind>),
    /// By distance; only what came by radio all the way.
    Hops,
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
    /// One more reading.
    pub fn add(&mut self, sample: Sample) {
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

/// What was counted.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Counts {
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
}

/// Counts packets for one question.
#[derive(Debug)]
pub struct Tally {
    by: By,
    total: u64,
    counts: HashMap<Group, Sum>,
    texts: u64,
}

/// What was counted of one group.
#[derive(Clone, Copy, Default, Debug)]
struct Sum {
    packets: u64,
    /// Of which so many came straight from the sender by radio.
    direct: u64,
}

impl Tally {
    /// Has counted what is not written yet.
    #[must_use]
    pub fn new(by: By, question: &Question) -> Self {
        let mut tally = Self {
            by,
            total: 0,
            counts: HashMap::new(),
            texts: 0,
        };
        for seen in &question.fresh.packets {
            if question.covers(seen.at) {
                tally.add(seen);
            }
        }
        for (at, sum) in question.fresh.sums.iter() {
            if question.covers(*at) {
                let radio = sum.packets.saturating_sub(sum.mqtt);
                tally.add_hour(*at / HOUR, sum.from, sum.port, radio, sum.direct);
            }
        }
        tally
    }

    /// One more packet.
    pub fn add(&mut self, seen: &Seen) {
        let kind = Kind::of(seen.port);
        let group = match self.by {
            By::Sender(only) if only.is_none_or(|only| only == kind) => Group::Sender(seen.from),
            By::Kind => Group::Kind(kind),
            By::Hour(only) if only.is_none_or(|only| only == kind) => Group::Hour(seen.at / HOUR),
            By::Hops if seen.by_radio => Group::Hops(seen.hops),
            By::Sender(_) | By::Hour(_) | By::Hops => return,
        };
        let direct = seen.by_radio && seen.hops == Some(0);
        self.count(group, 1, u64::from(direct));
        self.note(kind, 1);
    }

    fn note(&mut self, kind: Kind, packets: u64) {
        if kind == Kind::Text {
            self.texts += packets;
        }
    }

    /// The sum of an hour: so many packets of one sender for one port, of which
    /// so many came straight from him by radio.
    pub fn add_hour(&mut self, hour: u64, from: NodeNum, port: i32, packets: u64, direct: u64) {
        let kind = Kind::of(port);
        self.note(kind, packets);
        match self.by {
            // Counted under nobody's name: too many had to be told apart.
            By::Sender(None) if !from.is_node() => self.total += packets,
            By::Sender(only) if only.is_none_or(|only| only == kind) => {
                self.count(Group::Sender(from), packets, direct);
            }
            By::Kind => self.count(Group::Kind(kind), packets, direct),
            By::Hour(only) if only.is_none_or(|only| only == kind) => {
                self.count(Group::Hour(hour), packets, direct);
            }
            By::Sender(_) | By::Hour(_) => {}
            By::Hops => {
                self.count(Group::Hops(Some(0)), direct, direct);
                self.count(Group::Hops(None), packets.saturating_sub(direct), 0);
            }
        }
    }

    fn count(&mut self, group: Group, packets: u64, direct: u64) {
        if packets > 0 {
            self.total += packets;
            let sum = self.counts.entry(group).or_default();
            sum.packets += packets;
            sum.direct += direct;
        }
    }

    /// What was counted.
    #[must_use]
    pub fn counts(self) -> Counts {
        let groups = self.counts.len();
        let heard = |sum: &&Sum| sum.direct > 0;
        let direct = match self.by {
            By::Sender(_) => self.counts.values().filter(heard).count(),
            By::Kind | By::Hour(_) | By::Hops => 0,
        };
        let sums = self.counts.into_iter();
        let mut most: Vec<_> = sums.map(|(group, sum)| (group, sum.packets)).collect();
        // Equals stand in the order of their groups.
        most.sort_unstable_by_key(|&(group, packets)| (std::cmp::Reverse(packets), group));
        most.truncate(GROUPS);
        most.shrink_to_fit();
        Counts {
            total: self.total,
            groups,
            most,
            texts: self.texts,
            direct,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Fresh, Look};
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
            look: Look {
                packets: Some(by),
                ..Look::default()
            },
            kept: 0,
            fresh: Fresh {
                packets: vec![
                    seen(7_199, 1, Some(0), true),
                    seen(9_500, 1, Some(0), true),
                    seen(9_500, 3, None, true),
                    seen(10_000, -1, Some(2), false),
                    seen(10_001, 1, Some(0), true),
                ],
                ..Fresh::default()
            },
        }
    }

    #[test]
    fn written_and_waiting_packets_are_counted_once() {
        let question = question(By::Sender(None));
        let mut tally = Tally::new(By::Sender(None), &question);
        assert_eq!(question.written(), (7_200, 9_000));
        tally.add_hour(2, NodeNum(8), 1, 3, 1);
        tally.add_hour(2, NodeNum(9), 1, 0, 0);
        let sender = |num, packets| (Group::Sender(NodeNum(num)), packets);
        let expected = Counts {
            total: 6,
            groups: 2,
            most: vec![sender(7, 3), sender(8, 3)],
            texts: 4,
            direct: 2,
        };
        assert_eq!(tally.counts(), expected);
    }

    #[test]
    fn only_radio_has_distances_and_only_one_kind_is_asked_for() {
        let tally = |by| Tally::new(by, &question(by));
        let mut hops = tally(By::Hops);
        hops.add_hour(2, NodeNum(8), 1, 3, 1);
        let expected = [(Group::Hops(None), 3), (Group::Hops(Some(0)), 2)];
        assert_eq!(hops.counts().most, expected);
        let texts = tally(By::Hour(Some(Kind::Text)));
        assert_eq!(texts.counts().most, [(Group::Hour(2), 1)]);
        let mut writers = tally(By::Sender(Some(Kind::Text)));
        writers.add_hour(2, NodeNum(8), 3, 9, 0);
        assert_eq!(writers.counts().most, [(Group::Sender(NodeNum(7)), 1)]);
    }
}
