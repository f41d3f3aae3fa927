//! What waits to be handed over, for those who ask about the past: the last
//! minutes count too.

use super::Recorder;
use crate::history::insight::{Failure, Fresh, HOUR, Line, Look, Sample, Seen, Stock, Talking};
use crate::history::rows::{Air, Batch, Said, Sum, Undelivered, When};
use crate::mesh::{ChannelIndex, NodeBook, NodeNum, Now};

impl Recorder {
    /// When the oldest row was heard that waits, in seconds since 1970. What had
    /// waited in the node has its date from another clock, which may be far behind,
    /// and is no border. The clock has to be sane.
    #[must_use]
    pub fn oldest(&self, now: Now) -> Option<u64> {
        let packets = self.packets.iter().map(|heard| heard.at);
        let air = self.air.iter().map(|air| air.at);
        let texts = self.texts.iter().map(|said| said.at);
        let all = packets.chain(air).chain(texts);
        let all = all.filter(|at| matches!(at, When::Mono(_)));
        let clock = Batch::clock(now);
        all.filter_map(|at| clock.unix(at)).min()
    }

    /// What waits of that what is to be looked up, as far as it counts. The
    /// clock has to be sane. `kept` has the bit of each channel of which texts
    /// are kept.
    #[must_use]
    pub fn waiting(&self, now: Now, book: &NodeBook, look: Look, kept: u8) -> Fresh {
        let clock = Batch::clock(now);
        let mut fresh = Fresh {
            began: self.oldest(now),
            ..Fresh::default()
        };
        if look.packets.is_some() {
            let packets = self.packets.iter();
            fresh.packets = packets
                .filter_map(|heard| Seen::of(clock.unix(heard.at)?, heard))
                .collect();
            let sums = self.budget.sums();
            let hour = |sum: &Sum| Some((clock.unix(sum.at)?, *sum));
            fresh.sums = sums.filter_map(hour).collect();
        }
        if look.air {
            let sample = |air: &Air| {
                Some(Sample {
                    at: clock.unix(air.at)?,
                    busy: f64::from(air.channel_utilization),
                })
            };
            fresh.air = self.air.iter().filter_map(sample).collect();
        }
        if look.links.is_some() {
            let mut sums = self.sums.clone();
            sums.note(&self.told, &self.packets, self.own(), book, now);
            let links = sums.take().into_iter();
            fresh.links = links
                .filter_map(|link| Some(link.reception(clock.unix(link.at)?)))
                .collect();
        }
        if let Some(talking) = look.texts {
            fresh.shared = match talking {
                Talking::On(_) => None,
                Talking::SharedWith(node) => self.shared_with(node, kept),
            };
            let line = |said: &Said| {
                Some(Line {
                    at: clock.unix(said.at)?,
                    from: said.from,
                    id: said.id,
                    channel: said.channel,
                    text: said.text.clone(),
                })
            };
            fresh.texts = self.texts.iter().filter_map(line).collect();
        }
        if look.failures {
            let failure = |error: &Undelivered| Failure {
                at: clock.unix(error.at),
                to: error.to,
                reason: error.reason.as_str().into(),
            };
            fresh.failures = self.errors.iter().map(failure).collect();
        }
        if look.stock {
            fresh.stock = self.stock(&clock, book);
        }
        fresh
    }

    /// How much waits. Of nodes and links nobody knows here which are written.
    fn stock(&self, clock: &Batch, book: &NodeBook) -> Stock {
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let heard = || self.packets.iter().filter_map(|it| clock.unix(it.at));
        let hours = self.budget.sums().filter_map(|sum| clock.unix(sum.at));
        Stock {
            nodes: count(book.len()),
            keys: count(self.keys.len()),
            packets: count(self.packets.len()),
            span: heard().min().zip(heard().max()),
            summed: self.budget.sums().map(|sum| sum.packets).sum(),
            first_hour: hours.min().map(|at| at / HOUR * HOUR),
            links: count(self.sums.len()),
            texts: count(self.texts.len()),
            air: count(self.air.len()),
            errors: count(self.errors.len()),
            ..Stock::default()
        }
    }

    /// The first of these channels on which a node was heard; what is addressed to
    /// somebody may have come without any.
    fn shared_with(&self, node: NodeNum, kept: u8) -> Option<ChannelIndex> {
        let heard = self.packets.iter().filter(|heard| heard.from == node);
        let readable = heard.filter(|heard| heard.to.is_none() && heard.port >= 0);
        let channels = readable.map(|heard| ChannelIndex(heard.channel));
        channels.filter(|channel| channel.bit() & kept != 0).min()
    }
}
