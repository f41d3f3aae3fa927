//! Who was heard by whom, summed up for a batch: one row for each direction and
//! witness, however often it was heard.
//!
//! How far the two were apart is worked out here and not when somebody asks:
//! by then they may have moved.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::history::edges::{Edge, Witness};
use crate::history::rows::{FARTHEST, Heard, Link, Medium, When};
use crate::mesh::{Apart, NodeBook, NodeNum, Now};

/// Links that wait at most; what is not among them is heard again.
pub(super) const MOST: usize = 4_096;

/// From whom, to whom, and who says so; the two in one number, which is compared
/// faster.
type Key = (u64, Witness);

/// Who was heard by whom since it was taken last.
#[derive(Clone, Debug, Default)]
pub(super) struct Sums {
    links: BTreeMap<Key, Link>,
}

impl Sums {
    /// Takes in what others have told, and what our own node has heard: straight
    /// from a sender, or from a relay that must have heard him.
    pub(super) fn note(
        &mut self,
        told: &[(Duration, Edge)],
        packets: &[Heard],
        own: NodeNum,
        book: &NodeBook,
        now: Now,
    ) {
        for &(at, edge) in told {
            self.add(edge.from, edge.to, edge.witness, at, Some(edge.snr_q), book);
        }
        let relays = book.relays(now);
        for heard in packets {
            let When::Mono(at) = heard.at else { continue };
            if heard.late || heard.medium != Medium::Radio {
                continue;
            }
            match (heard.hops, heard.snr_q, heard.relay) {
                (Some(0), Some(snr_q), _) => {
                    let witness = Witness::Ourselves;
                    self.add(heard.from, own, witness, at, Some(snr_q), book);
                }
                (Some(1), _, Some(byte)) => {
                    let relay = relays.get(&byte).copied().flatten();
                    if let Some(relay) = relay.filter(|&relay| relay != heard.from) {
                        self.add(heard.from, relay, Witness::Relayed, at, None, book);
                    }
                }
                _ => {}
            }
        }
    }

    fn add(
        &mut self,
        from: NodeNum,
        to: NodeNum,
        witness: Witness,
        at: Duration,
        snr_q: Option<i16>,
        book: &NodeBook,
    ) {
        let key = (u64::from(from.0) << 32 | u64::from(to.0), witness);
        if self.links.len() >= MOST && !self.links.contains_key(&key) {
            return;
        }
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

    /// Nothing is there.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    /// All of them; nothing is left.
    pub(super) fn take(&mut self) -> Vec<Link> {
        std::mem::take(&mut self.links).into_values().collect()
    }
}

/// What is certain of the distance of two nodes. Records are made of it: with the
/// distance itself they would go to whoever rounds his position most, and without
/// those who round most meshes would have none, as that is what nodes do unless
/// they are told otherwise.
fn metres(book: &NodeBook, from: NodeNum, to: NodeNum) -> Option<u32> {
    let place = |num| book.get(num).and_then(|node| node.position);
    let apart = Apart::between(&place(from)?, &place(to)?);
    let nothing = apart.is_rough() && apart.least() < 1.0;
    if nothing || apart.metres > f64::from(FARTHEST) {
        return None;
    }
    // No two places on Earth are further apart than 32 bits can say.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let metres = apart.least().round() as u32;
    Some(metres)
}
