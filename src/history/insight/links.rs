//! Who hears whom, as somebody asks for it: the farthest pairs, the neighbours
//! of one node, or the best connected nodes.
//!
//! A pair is the same both ways, and what is known of both is kept apart. Only
//! what somebody has measured counts as far: that a relay repeated a packet
//! tells of a neighbour, and of no distance that anybody has verified
//! (features.md D11).

use std::collections::BTreeMap;

use super::Question;
use crate::history::edges::Witness;
use crate::history::rows::Link;
use crate::mesh::NodeNum;

/// How far back a record may lie, in seconds.
const MONTH: u64 = 30 * 24 * 3_600;
/// Pairs and best connected nodes in an answer.
const MOST: usize = 24;
/// Neighbours named of each of the best connected.
const NAMED: usize = 3;

/// What is asked about links.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    /// The farthest pairs, and the record of the month.
    Farthest,
    /// Whom a node hears and who hears it.
    Of(NodeNum),
    /// Who has most neighbours.
    BestConnected,
}

/// One node was heard by another; all that is kept of how often and when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reception {
    /// Who was heard.
    pub from: NodeNum,
    /// Who heard it.
    pub to: NodeNum,
    /// Who says so.
    pub witness: Witness,
    /// The last time, in seconds since 1970.
    pub at: u64,
    /// With what SNR then, in quarters of a dB.
    pub snr_q: Option<i16>,
    /// How far apart they were then for certain, when both said where they are.
    pub metres: Option<u32>,
    /// The most of that, and when.
    pub farthest: Option<(u32, u64)>,
}

/// What is known of one direction of a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    /// SNR of the last reception in quarters of a dB.
    pub snr_q: Option<i16>,
    /// When that was, in seconds since 1970.
    pub at: u64,
    /// Somebody has measured it.
    pub measured: bool,
}

/// Two nodes of which one hears the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pair {
    /// One of them: the one that was asked about, else the smaller number.
    pub a: NodeNum,
    /// The other.
    pub b: NodeNum,
    /// `b` hears `a`.
    pub there: Option<Way>,
    /// `a` hears `b`.
    pub back: Option<Way>,
    /// How far they are apart for certain.
    pub metres: Option<u32>,
}

impl Pair {
    /// The better SNR of both directions, in quarters of a dB.
    #[must_use]
    pub fn best_q(&self) -> Option<i16> {
        let ways = self.there.into_iter().chain(self.back);
        ways.filter_map(|way| way.snr_q).max()
    }
}

/// The farthest that a packet went without a relay within the month.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// Who was heard.
    pub from: NodeNum,
    /// Who heard it.
    pub to: NodeNum,
    /// How far they were apart for certain.
    pub metres: u32,
    /// When, in seconds since 1970.
    pub at: u64,
}

/// A node and whom it has around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hub {
    /// The node.
    pub node: NodeNum,
    /// How many neighbours it has.
    pub neighbours: usize,
    /// The best heard of them.
    pub some: Vec<NodeNum>,
}

/// What was found about links.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Net {
    /// Nodes that have a neighbour.
    pub nodes: usize,
    /// Pairs.
    pub links: usize,
    /// The pairs that were asked for: the farthest first, or the best heard.
    pub pairs: Vec<Pair>,
    /// The best connected nodes.
    pub hubs: Vec<Hub>,
    /// The record of the month.
    pub record: Option<Record>,
}

/// Collects receptions for one question.
#[derive(Debug)]
pub struct Collector {
    links: Links,
    since: u64,
    until: u64,
    pairs: BTreeMap<(NodeNum, NodeNum), Pair>,
    record: Option<Record>,
}

impl Collector {
    /// Has taken in what is not written yet.
    #[must_use]
    pub fn new(links: Links, question: &Question) -> Self {
        let mut collector = Self {
            links,
            since: question.since,
            until: question.until,
            pairs: BTreeMap::new(),
            record: None,
        };
        for reception in &question.fresh.links {
            collector.add(reception);
        }
        collector
    }

    /// From when on receptions are of interest, in seconds since 1970.
    #[must_use]
    pub fn since(&self) -> u64 {
        match self.links {
            Links::Farthest => self.since.min(self.month_ago()),
            Links::Of(_) | Links::BestConnected => self.since,
        }
    }

    fn month_ago(&self) -> u64 {
        self.until.saturating_sub(MONTH)
    }

    /// One more. The same may come twice: written, and waiting to be.
    pub fn add(&mut self, said: &Reception) {
        let measured = said.witness != Witness::Relayed;
        if self.links == Links::Farthest {
            if !measured {
                return;
            }
            self.add_record(said);
            if said.metres.is_none() {
                return;
            }
        }
        if said.at < self.since || said.at > self.until {
            return;
        }
        let (a, b) = match self.links {
            Links::Of(node) if node == said.from => (said.from, said.to),
            Links::Of(node) if node == said.to => (said.to, said.from),
            Links::Of(_) => return,
            _ => (said.from.min(said.to), said.from.max(said.to)),
        };
        let pair = self.pairs.entry((a, b)).or_insert(Pair {
            a,
            b,
            there: None,
            back: None,
            metres: None,
        });
        pair.metres = pair.metres.max(said.metres);
        let way = if said.from == a {
            &mut pair.there
        } else {
            &mut pair.back
        };
        let new = Way {
            snr_q: said.snr_q,
            at: said.at,
            measured,
        };
        // What was measured beats what was not, and the later the earlier.
        let rank = |way: &Way| (way.measured, way.at);
        if way.is_none_or(|old| rank(&old) <= rank(&new)) {
            *way = Some(new);
        }
    }

    fn add_record(&mut self, said: &Reception) {
        let last = said.metres.map(|metres| (metres, said.at));
        for (metres, at) in said.farthest.into_iter().chain(last) {
            let counts = (self.month_ago()..=self.until).contains(&at);
            if counts && self.record.is_none_or(|record| record.metres < metres) {
                let (from, to) = (said.from, said.to);
                self.record = Some(Record {
                    from,
                    to,
                    metres,
                    at,
                });
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn net(self) -> Net {
        let mut of_node: BTreeMap<NodeNum, Vec<&Pair>> = BTreeMap::new();
        for pair in self.pairs.values() {
            of_node.entry(pair.a).or_default().push(pair);
            of_node.entry(pair.b).or_default().push(pair);
        }
        let (nodes, links) = (of_node.len(), self.pairs.len());
        let mut hubs = Vec::new();
        if self.links == Links::BestConnected {
            let mut most: Vec<_> = of_node.into_iter().collect();
            most.sort_by_key(|(_, pairs)| std::cmp::Reverse(pairs.len()));
            most.truncate(MOST);
            hubs = most.into_iter().map(|it| hub(it.0, it.1)).collect();
        }
        let mut pairs: Vec<Pair> = self.pairs.into_values().collect();
        match self.links {
            Links::Farthest => pairs.sort_by_key(|pair| std::cmp::Reverse(pair.metres)),
            Links::Of(_) => pairs.sort_by_key(|pair| std::cmp::Reverse(pair.best_q())),
            Links::BestConnected => pairs.clear(),
        }
        pairs.truncate(MOST);
        pairs.shrink_to_fit();
        Net {
            nodes,
            links,
            pairs,
            hubs,
            record: self.record,
        }
    }
}

fn hub(node: NodeNum, mut pairs: Vec<&Pair>) -> Hub {
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.best_q()));
    let other = |pair: &&Pair| if pair.a == node { pair.b } else { pair.a };
    Hub {
        node,
        neighbours: pairs.len(),
        some: pairs.iter().map(other).take(NAMED).collect(),
    }
}

impl Link {
    /// The same as it is asked for, in seconds since 1970.
    #[must_use]
    pub fn reception(&self, at: u64) -> Reception {
        Reception {
            from: self.from,
            to: self.to,
            witness: self.witness,
            at,
            snr_q: self.snr_q,
            metres: self.metres,
            farthest: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Look;
    use super::*;

    const A: NodeNum = NodeNum(0xa0);
    const B: NodeNum = NodeNum(0xb0);
    const C: NodeNum = NodeNum(0xc0);
    const DAY: u64 = 24 * 3_600;
    const NOW: u64 = 100 * DAY;

    fn said(from: NodeNum, to: NodeNum, at: u64, snr_q: i16, metres: u32) -> Reception {
        Reception {
            from,
            to,
            witness: Witness::Neighbours,
            at,
            snr_q: Some(snr_q),
            metres: Some(metres),
            farthest: None,
        }
    }

    fn net(links: Links, all: &[Reception]) -> Net {
        let question = Question {
            since: NOW - DAY,
            until: NOW,
            look: Look {
                links: Some(links),
                ..Look::default()
            },
            ..Question::default()
        };
        let mut collector = Collector::new(links, &question);
        for reception in all {
            assert!(reception.at >= collector.since() || reception.at < NOW - DAY);
            collector.add(reception);
        }
        collector.net()
    }

    #[test]
    fn both_directions_are_one_pair_and_the_last_word_counts() {
        let mut relayed = said(A, B, NOW, 0, 500);
        relayed.witness = Witness::Relayed;
        relayed.snr_q = None;
        let all = [
            said(A, B, NOW - 10, -40, 500),
            said(A, B, NOW - 20, 10, 500),
            relayed,
            said(B, A, NOW - 30, 8, 500),
            said(C, A, NOW - 2 * DAY, 8, 500),
        ];
        let net = net(Links::Of(B), &all);
        let way = |snr_q, at| {
            Some(Way {
                snr_q: Some(snr_q),
                at,
                measured: true,
            })
        };
        let expected = Pair {
            a: B,
            b: A,
            there: way(8, NOW - 30),
            back: way(-40, NOW - 10),
            metres: Some(500),
        };
        assert_eq!(net.pairs, [expected]);
        assert_eq!((net.nodes, net.links), (2, 1));
    }

    #[test]
    fn only_what_was_measured_is_far() {
        let mut relayed = said(A, C, NOW, 0, 90_000);
        relayed.witness = Witness::Relayed;
        let all = [
            said(A, B, NOW - 10, -40, 5_000),
            said(B, C, NOW - 10, -40, 45_000),
            relayed,
        ];
        let net = net(Links::Farthest, &all);
        let far: Vec<_> = net.pairs.iter().map(|pair| (pair.a, pair.b)).collect();
        assert_eq!(far, [(B, C), (A, B)]);
        assert_eq!(net.record.map(|record| record.metres), Some(45_000));
    }

    #[test]
    fn a_record_lasts_a_month() {
        let mut old = said(A, B, NOW - 5 * DAY, 0, 1_000);
        old.farthest = Some((70_000, NOW - 29 * DAY));
        let mut older = said(B, C, NOW - 5 * DAY, 0, 2_000);
        older.farthest = Some((90_000, NOW - 31 * DAY));
        let net = net(Links::Farthest, &[old, older]);
        assert_eq!(net.pairs, []);
        let expected = Record {
            from: A,
            to: B,
            metres: 70_000,
            at: NOW - 29 * DAY,
        };
        assert_eq!(net.record, Some(expected));
    }

    #[test]
    fn the_best_connected_come_first() {
        let all = [
            said(A, B, NOW, 4, 1),
            said(C, A, NOW, 8, 1),
            said(B, A, NOW, 9, 1),
        ];
        let net = net(Links::BestConnected, &all);
        assert_eq!((net.nodes, net.links, net.pairs.len()), (3, 2, 0));
        let first = Hub {
            node: A,
            neighbours: 2,
            some: vec![B, C],
        };
        assert_eq!(net.hubs[0], first);
        assert_eq!(net.hubs.len(), 3);
    }
}
