//! Who was heard by whom, summed up for a batch: one row for each direction and
//! witness, however often it was heard.
//!
//! How far the two were apart is worked out here and not when somebody asks:
//! by then they may have moved.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Heard, Medium, When};
use crate::bot::insight::Reception;
use crate::mesh::{Edge, NodeBook, NodeNum, Now, Witness};

/// Metres. Whoever is heard from further away most likely is not where it says:
/// what LoRa reaches over ground ends well before.
pub const FARTHEST: u32 = 500_000;

/// One node was heard by another, somewhere in the mesh.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Link {
    /// Who was heard.
    pub from: NodeNum,
    /// Who heard it.
    pub to: NodeNum,
    /// Who says so.
    pub witness: Witness,
    /// When we learnt of it last.
    pub at: When,
    /// The last SNR in quarters of a dB, where it was measured.
    pub snr_q: Option<i16>,
    /// The best one.
    pub best_q: Option<i16>,
    /// How often.
    pub times: u32,
    /// How far apart they are, when both have said where they are, and that can
    /// be ([`FARTHEST`]).
    pub metres: Option<u32>,
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

/// Sums up what others have told, and what our own node has heard: straight
/// from a sender, or from a relay that must have heard him.
pub(super) fn sum_up(
    told: &[(Duration, Edge)],
    packets: &[Heard],
    own: NodeNum,
    book: &NodeBook,
    now: Now,
) -> Vec<Link> {
    let mut sums = Sums {
        links: BTreeMap::new(),
        book,
    };
    for &(at, edge) in told {
        let witness = edge.witness;
        sums.add((edge.from, edge.to, witness), at, Some(edge.snr_q));
    }
    let mut relays = BTreeMap::new();
    for heard in packets {
        let When::Mono(at) = heard.at else { continue };
        if heard.late || heard.medium != Medium::Radio {
            continue;
        }
        match (heard.hops, heard.snr_q, heard.relay) {
            (Some(0), Some(snr_q), _) => {
                sums.add((heard.from, own, Witness::Ourselves), at, Some(snr_q));
            }
            (Some(1), _, Some(byte)) => {
                let relay = relays
                    .entry(byte)
                    .or_insert_with(|| book.only_relay(byte, now));
                if let Some(relay) = relay.filter(|&relay| relay != heard.from) {
                    sums.add((heard.from, relay, Witness::Relayed), at, None);
                }
            }
            _ => {}
        }
    }
    sums.links.into_values().collect()
}

struct Sums<'a> {
    links: BTreeMap<(NodeNum, NodeNum, Witness), Link>,
    book: &'a NodeBook,
}

impl Sums<'_> {
    fn add(&mut self, key: (NodeNum, NodeNum, Witness), at: Duration, snr_q: Option<i16>) {
        let (from, to, witness) = key;
        let book = self.book;
        let link = self.links.entry(key).or_insert_with(|| Link {
            from,
            to,
            witness,
            at: When::Mono(at),
            snr_q,
            best_q: snr_q,
            times: 0,
            metres: metres(book, from, to),
        });
        link.at = When::Mono(at);
        link.snr_q = snr_q;
        link.best_q = link.best_q.max(snr_q);
        link.times += 1;
    }
}

fn metres(book: &NodeBook, from: NodeNum, to: NodeNum) -> Option<u32> {
    let place = |num| book.get(num).and_then(|node| node.position);
    let metres = place(from)?.distance_m(&place(to)?).round();
    // No two places on Earth are further apart than 32 bits can say.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let metres = metres as u32;
    (metres <= FARTHEST).then_some(metres)
}
