//! What is known about one node.
//!
//! Small (a big mesh has to fit a small board): times by the wall clock take
//! four bytes, and only nodes that were really heard directly carry a signal
//! history. What is unknown is `None`, never a zero.

use std::num::NonZeroU32;
use std::time::Duration;

use super::{Hops, NodeNum, Now, Position, Signal, plausible};

/// How long a direct reception makes a node a direct neighbour.
pub const DIRECT_FOR: Duration = Duration::from_secs(24 * 3600);

/// How many receptions the histories of a node remember.
pub const HISTORY: usize = 8;

/// Seconds since 1970 in four bytes, good until 2106; 0 is no time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Stamp(NonZeroU32);

impl Stamp {
    /// `None` for 0 and for what a `u32` cannot hold.
    pub(super) fn new(unix: u64) -> Option<Self> {
        NonZeroU32::new(u32::try_from(unix).ok()?).map(Self)
    }

    pub(super) fn unix(self) -> u64 {
        u64::from(self.0.get())
    }
}

/// The last few values of something, newest first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent<T> {
    values: [T; HISTORY],
    len: u8,
}

impl<T: Copy + Default> Recent<T> {
    /// The first of `newest_first`, as many as are remembered.
    pub(super) fn of(newest_first: &[T]) -> Self {
        let mut recent = Self::default();
        for &value in newest_first.iter().take(HISTORY).rev() {
            recent.push(value);
        }
        recent
    }

    pub(super) fn push(&mut self, value: T) {
        self.values.rotate_right(1);
        self.values[0] = value;
        let full = u8::try_from(HISTORY).unwrap_or(u8::MAX);
        self.len = (self.len + 1).min(full);
    }

    pub(super) fn as_slice(&self) -> &[T] {
        &self.values[..usize::from(self.len)]
    }
}

/// One reception straight from the node by radio.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct DirectSignal {
    /// Signal-to-noise ratio in dB.
    pub snr: f32,
    /// Received power in dBm, when our node gave one.
    pub rssi: Option<i32>,
    /// When, since the program started; `None` when it was before.
    pub at_mono: Option<Duration>,
    /// When, in seconds since 1970, if any clock was right.
    pub at_unix: Option<u64>,
}

impl DirectSignal {
    /// How long ago that was; `None` when no clock can tell.
    #[must_use]
    pub fn age(&self, now: Now) -> Option<Duration> {
        age(self.at_mono, self.at_unix, now)
    }
}

/// Every direct reception that is remembered.
#[derive(Clone, Debug)]
pub(super) struct DirectHistory {
    pub(super) last: DirectSignal,
    pub(super) snrs: Recent<f32>,
}

/// What a node says about its own state (protocol.md §3.15, DeviceMetrics).
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Metrics {
    /// 0 to 100 per cent; 101 means powered from outside.
    pub battery: Option<u8>,
    /// Volts.
    pub voltage: Option<f32>,
    /// Per cent of the last minute in which the channel was busy.
    pub channel_utilization: Option<f32>,
    /// Per cent of the last hour that the node itself transmitted.
    pub air_util_tx: Option<f32>,
    /// Seconds since the node started.
    pub uptime: Option<u32>,
}

impl Metrics {
    /// What of it can be.
    #[must_use]
    #[inline]
    pub fn plausible(self) -> Self {
        Self {
            battery: (self.battery).and_then(|it| plausible::battery(it.into(), self.voltage)),
            voltage: self.voltage.and_then(plausible::voltage),
            channel_utilization: self.channel_utilization.and_then(plausible::percent),
            air_util_tx: self.air_util_tx.and_then(plausible::percent),
            uptime: self.uptime.and_then(plausible::uptime),
        }
    }
}

/// Who was met so long ago is no stranger any more …
pub(super) const REGULAR_AFTER: Duration = Duration::from_secs(24 * 3600);
/// … or so long, if he has written with the key that was known of him.
const REGULAR_BY_KEY: Duration = Duration::from_secs(3600);

/// When a node was heard: in this run, and by the wall clock.
pub(super) type Recency = (Option<Duration>, Option<Stamp>);

/// A node, as far as it is known.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its number.
    pub num: NodeNum,
    /// Cleaned; `None` when unknown or without anything visible.
    pub long_name: Option<Box<str>>,
    /// Cleaned; `None` when unknown or without anything visible.
    pub short_name: Option<Box<str>>,
    /// Number of the role (protocol.md §3.14); 0, CLIENT, until it is known.
    pub role: i32,
    /// Number of the hardware model (protocol.md §3.21); 0 is unset.
    pub hw_model: u32,
    /// The key that direct messages to it are encrypted with.
    pub public_key: Option<[u8; 32]>,
    /// It last announced another key than this one, and our node did not
    /// take it.
    pub announced_other_key: bool,
    /// Its owner asks not to be messaged (protocol.md §3.7).
    pub unmessagable: bool,
    /// Where it last said that it is.
    pub position: Option<Position>,
    /// Its last device metrics.
    pub metrics: Metrics,
    /// When it was last heard in this run, since the program started.
    pub last_heard_mono: Option<Duration>,
    /// When this program met it for the first time in this run. `None` for
    /// those that our node knew before.
    pub first_seen_mono: Option<Duration>,
    /// Relays of its last packet that came by radio all the way; from our
    /// node's list until there is one.
    pub hops: Hops,
    /// Its last packet had passed through MQTT.
    pub via_mqtt: bool,
    /// In this run it has written to us with the key that was known of it.
    pub used_key: bool,
    /// Live packets since the program started.
    pub packets: u32,
    pub(super) listed_snr: Option<f32>,
    pub(super) last_heard: Option<Stamp>,
    pub(super) first_seen: Option<Stamp>,
    pub(super) position_at: Option<Stamp>,
    pub(super) metrics_at: Option<Stamp>,
    pub(super) direct: Option<Box<DirectHistory>>,
    pub(super) hop_history: Recent<u8>,
}

impl Node {
    /// A node of which nothing but the number is known.
    #[must_use]
    pub fn new(num: NodeNum) -> Self {
        Self {
            num,
            long_name: None,
            short_name: None,
            role: 0,
            hw_model: 0,
            public_key: None,
            announced_other_key: false,
            unmessagable: false,
            position: None,
            metrics: Metrics::default(),
            last_heard_mono: None,
            first_seen_mono: None,
            hops: Hops::Unknown,
            via_mqtt: false,
            used_key: false,
            packets: 0,
            listed_snr: None,
            last_heard: None,
            first_seen: None,
            position_at: None,
            metrics_at: None,
            direct: None,
            hop_history: Recent::default(),
        }
    }

    /// When it was last heard, seconds since 1970 by the best clock there was.
    #[must_use]
    pub fn last_heard(&self) -> Option<u64> {
        self.last_heard.map(Stamp::unix)
    }

    /// When it was met for the first time, seconds since 1970; `None` for those
    /// that our node knew before.
    #[must_use]
    pub fn first_seen(&self) -> Option<u64> {
        self.first_seen.map(Stamp::unix)
    }

    /// When the position was reported, seconds since 1970.
    #[must_use]
    pub fn position_at(&self) -> Option<u64> {
        self.position_at.map(Stamp::unix)
    }

    /// When the metrics were reported, seconds since 1970.
    #[must_use]
    pub fn metrics_at(&self) -> Option<u64> {
        self.metrics_at.map(Stamp::unix)
    }

    /// How long ago it was last heard; `None` when no clock can tell.
    #[must_use]
    pub fn age(&self, now: Now) -> Option<Duration> {
        age(self.last_heard_mono, self.last_heard(), now)
    }

    /// How long ago it was met for the first time; `None` for those that our
    /// node knew before, and when no clock can tell.
    #[must_use]
    pub fn met_ago(&self, now: Now) -> Option<Duration> {
        age(self.first_seen_mono, self.first_seen(), now)
    }

    /// Whether it is no stranger ([`super::NodeBook::is_regular`]).
    #[inline]
    pub(super) fn is_regular(&self, now: Now) -> bool {
        let key = self.used_key;
        let long_ago = |ago| ago >= REGULAR_AFTER || (key && ago >= REGULAR_BY_KEY);
        self.met_ago(now).is_none_or(long_ago)
    }

    /// The last reception straight from it, however long ago.
    #[must_use]
    pub fn last_direct(&self) -> Option<DirectSignal> {
        self.direct.as_ref().map(|direct| direct.last)
    }

    /// SNRs in dB of its last direct receptions, newest first.
    #[must_use]
    pub fn direct_snrs(&self) -> &[f32] {
        self.direct
            .as_ref()
            .map_or(&[], |direct| direct.snrs.as_slice())
    }

    /// Relays of its last packets by radio, newest first.
    #[must_use]
    pub fn hop_history(&self) -> &[u8] {
        self.hop_history.as_slice()
    }

    /// The SNR in dB with which it was heard directly within [`DIRECT_FOR`].
    /// Before the first reception, what our node's list said.
    #[must_use]
    pub fn direct_snr(&self, now: Now) -> Option<f32> {
        if let Some(direct) = self.last_direct() {
            let fresh = direct.age(now).is_some_and(|age| age <= DIRECT_FOR);
            return fresh.then_some(direct.snr);
        }
        let listed_direct = self.hops == Hops::Known(0) && !self.via_mqtt;
        let fresh = self.age(now).is_some_and(|age| age <= DIRECT_FOR);
        self.listed_snr.filter(|_| listed_direct && fresh)
    }

    /// What decides who was heard longest ago: greater is more recent, and
    /// whoever was heard in this run beats everybody else.
    pub(super) fn recency(&self) -> Recency {
        (self.last_heard_mono, self.last_heard)
    }

    pub(super) fn heard_directly(&mut self, signal: Signal, now: Now, unix: Option<Stamp>) {
        let last = DirectSignal {
            snr: signal.snr,
            rssi: signal.rssi,
            at_mono: Some(now.mono),
            at_unix: unix.map(Stamp::unix),
        };
        let direct = self.direct.get_or_insert_with(|| {
            Box::new(DirectHistory {
                last,
                snrs: Recent::default(),
            })
        });
        direct.last = last;
        direct.snrs.push(signal.snr);
    }
}

/// How long ago something was: by the time of this run, else by the clock. A
/// board whose clock is not set yet shows a time before it.
fn age(mono: Option<Duration>, unix: Option<u64>, now: Now) -> Option<Duration> {
    match mono {
        Some(mono) => Some(now.mono.saturating_sub(mono)),
        None => now.unix.checked_sub(unix?).map(Duration::from_secs),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        // 184 bytes and the two pointers to the names.
        let size = size_of::<Node>();
        assert!(size <= 216, "{size} bytes");
    }

    #[test]
    fn only_the_newest_are_remembered() {
        let mut recent = Recent::default();
        assert!(recent.as_slice().is_empty());
        for value in 0..10_u8 {
            recent.push(value);
        }
        assert_eq!(recent.as_slice(), [9, 8, 7, 6, 5, 4, 3, 2]);
    }

    #[test]
    fn stamps_hold_what_a_clock_can_show() {
        assert_eq!(Stamp::new(0), None);
        assert_eq!(Stamp::new(1 << 32), None);
        assert_eq!(
            Stamp::new(1_700_000_000).map(Stamp::unix),
            Some(1_700_000_000)
        );
    }

    #[test]
    fn an_unset_clock_gives_no_age() {
        let mut node = Node::new(NodeNum(7));
        node.last_heard = Stamp::new(2_000);
        let at = |unix| Now {
            unix,
            mono: Duration::from_secs(50),
        };
        assert_eq!(node.age(at(2_060)), Some(Duration::from_secs(60)));
        assert_eq!(node.age(at(100)), None);
        node.last_heard_mono = Some(Duration::from_secs(20));
        assert_eq!(node.age(at(100)), Some(Duration::from_secs(30)));
    }
}
