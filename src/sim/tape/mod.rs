//! A recorded node: says again what a node has said, to a bot that connects now.
//!
//! - In the same order: what the node said after the bot had asked for something
//!   or had said a text waits until this bot has done the same, twenty seconds
//!   at most; pauses are as they were.
//! - Numbers that the bot chooses anew are put in the place of the recorded ones:
//!   the nonce of a handshake, the ids of its texts. Times are moved to today.
//! - [`Tape`] is pure; [`serve`] puts it behind a port.

mod server;

use std::collections::VecDeque;
use std::time::Duration;

use prost::Message;

use crate::link::frame::{Decoder, HEADER, encode};
use crate::mesh::Now;
use crate::proto::{
    FromRadio, ToRadio, from_radio::PayloadVariant as From, mesh_packet::PayloadVariant as Content,
    to_radio::PayloadVariant as To,
};
use crate::recording::{By, Recording, Step};

pub use server::{bind, serve};

/// So long the bot may take for what it did at once then.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the port has to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// Write this.
    Bytes(Vec<u8>),
    /// Close the connection.
    Close,
}

/// What has been played.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Played {
    /// Connections that the bot made.
    pub connections: usize,
    /// Reads or writes of the node that were played.
    pub said: usize,
    /// Things that the recorded bot said, and this one has not.
    pub missing: usize,
}

/// The recording, and how far it is.
#[derive(Debug)]
pub struct Tape {
    t0: f64,
    /// Those that nobody has connected for yet.
    rest: VecDeque<Vec<(f64, Step)>>,
    playing: Option<Playing>,
    played: Played,
}

#[derive(Debug)]
struct Playing {
    steps: VecDeque<(f64, Step)>,
    /// When the recording began, for this connection.
    base: f64,
    /// Seconds from then to now, by the board's clock.
    shift: f64,
    decoder: Decoder,
    /// What the recorded bot asked for and named its texts, and this one.
    nonces: Pairs,
    ids: Pairs,
    /// Until when the bot may say what comes next.
    until: Option<Duration>,
    /// The recorded bot has said goodbye: that the node closed was its doing.
    goodbye: bool,
}

/// Numbers of then and of now, in order.
#[derive(Debug, Default)]
struct Pairs {
    then: Vec<u32>,
    now: Vec<u32>,
}

impl Pairs {
    /// The number of now for one of then.
    fn renew(&self, number: &mut u32) {
        if let Some(at) = self.then.iter().position(|then| then == number)
            && let Some(now) = self.now.get(at)
        {
            *number = *now;
        }
    }

    fn is_missing(&self) -> bool {
        self.now.len() < self.then.len()
    }
}

impl Tape {
    /// At the beginning.
    #[must_use]
    pub fn new(recording: Recording) -> Self {
        Self {
            t0: recording.t0,
            rest: recording.connections.into(),
            playing: None,
            played: Played::default(),
        }
    }

    /// How many connections have not begun.
    #[must_use]
    pub fn left(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing more will be said.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.playing.is_none() && self.rest.is_empty()
    }

    /// What has been played so far.
    #[must_use]
    pub fn played(&self) -> Played {
        self.played
    }

    /// Somebody connects: the next recorded connection begins. Says whether there
    /// is one.
    pub fn connected(&mut self, now: Now) -> bool {
        let Some(steps) = self.rest.pop_front() else {
            return false;
        };
        let first = steps.first().map_or(0.0, |(at, _)| *at);
        self.played.connections += 1;
        self.playing = Some(Playing {
            steps: steps.into(),
            base: now.mono.as_secs_f64() - first,
            shift: seconds(now.unix) - self.t0 - first,
            decoder: Decoder::default(),
            nonces: Pairs::default(),
            ids: Pairs::default(),
            until: None,
            goodbye: false,
        });
        true
    }

    /// The bot says something.
    pub fn received(&mut self, bytes: &[u8]) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        playing.decoder.push(bytes);
        while let Some(payload) = playing.decoder.next_frame() {
            match ToRadio::decode(payload).map(|it| it.payload_variant) {
                Ok(Some(To::WantConfigId(nonce))) => playing.nonces.now.push(nonce),
                Ok(Some(To::Packet(packet))) => playing.ids.now.push(packet.id),
                Ok(_) => {}
                Err(_) => playing.decoder.reject(),
            }
        }
    }

    /// The bot has closed the connection.
    pub fn disconnected(&mut self) {
        self.playing = None;
    }

    /// What is due.
    pub fn act(&mut self, now: Now) -> Option<Act> {
        let playing = self.playing.as_mut()?;
        loop {
            let (at, step) = playing.steps.front()?;
            let at = *at;
            match step {
                Step::ToNode(bytes) => {
                    if playing.until.is_none() {
                        playing.until = Some(now.mono + PATIENCE);
                        playing.goodbye |= remember(bytes, &mut playing.nonces, &mut playing.ids);
                    }
                    if playing.nonces.is_missing() || playing.ids.is_missing() {
                        if playing.until.is_some_and(|until| now.mono < until) {
                            return None;
                        }
                        self.played.missing += 1;
                        for pairs in [&mut playing.nonces, &mut playing.ids] {
                            let count = pairs.then.len();
                            pairs.now.resize(count.max(pairs.now.len()), 0);
                        }
                    }
                    // Whoever is later than then is later from now on.
                    playing.base = playing.base.max(now.mono.as_secs_f64() - at);
                    playing.until = None;
                    playing.steps.pop_front();
                }
                Step::FromNode(bytes) => {
                    if now.mono.as_secs_f64() < playing.base + at {
                        return None;
                    }
                    let bytes = playing.renew(bytes);
                    playing.steps.pop_front();
                    self.played.said += 1;
                    return Some(Act::Bytes(bytes));
                }
                Step::Closed(by) => {
                    if now.mono.as_secs_f64() < playing.base + at + grace(*by, playing.goodbye) {
                        return None;
                    }
                    self.playing = None;
                    return Some(Act::Close);
                }
            }
        }
    }

    /// When something is due.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let playing = self.playing.as_ref()?;
        let due = match playing.steps.front()? {
            (_, Step::ToNode(_)) => return playing.until,
            (at, Step::FromNode(_)) => *at,
            (at, Step::Closed(by)) => at + grace(*by, playing.goodbye),
        };
        // A millisecond more, for what gets lost on the way to seconds.
        Duration::try_from_secs_f64(playing.base + due + 0.001).ok()
    }
}

impl Playing {
    /// As this bot has to hear it: what is no whole frame stays as it was.
    fn renew(&self, bytes: &[u8]) -> Vec<u8> {
        let mut decoder = Decoder::default();
        decoder.push(bytes);
        let message = (decoder.next_frame())
            .filter(|payload| payload.len() + HEADER == bytes.len())
            .and_then(|payload| FromRadio::decode(payload).ok());
        let Some(mut message) = message else {
            return bytes.to_vec();
        };
        match &mut message.payload_variant {
            Some(From::ConfigCompleteId(nonce)) => self.nonces.renew(nonce),
            Some(From::QueueStatus(status)) => self.ids.renew(&mut status.mesh_packet_id),
            Some(From::NodeInfo(info)) => info.last_heard = self.later(info.last_heard),
            Some(From::Packet(packet)) => {
                packet.rx_time = packet.rx_time.map(|time| self.later(time));
                self.ids.renew(&mut packet.id);
                if let Some(Content::Decoded(data)) = &mut packet.payload_variant {
                    self.ids.renew(&mut data.request_id);
                    self.ids.renew(&mut data.reply_id);
                }
            }
            _ => return bytes.to_vec(),
        }
        let mut renewed = Vec::new();
        if encode(&message, &mut renewed) {
            renewed
        } else {
            bytes.to_vec()
        }
    }

    /// A time of then as one of now; no time stays none.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn later(&self, time: u32) -> u32 {
        if time == 0 {
            return 0;
        }
        (f64::from(time) + self.shift)
            .round()
            .clamp(1.0, f64::from(u32::MAX)) as u32
    }
}

/// A bot that has left then may leave by itself now, a little later.
fn grace(by: By, goodbye: bool) -> f64 {
    match by {
        By::Node if !goodbye => 0.0,
        By::Node | By::Bot => 2.0,
    }
}

/// What the recorded bot asked for and named its texts; whether it said goodbye.
fn remember(bytes: &[u8], nonces: &mut Pairs, ids: &mut Pairs) -> bool {
    let mut goodbye = false;
    let mut decoder = Decoder::default();
    decoder.push(bytes);
    while let Some(payload) = decoder.next_frame() {
        match ToRadio::decode(payload).map(|it| it.payload_variant) {
            Ok(Some(To::WantConfigId(nonce))) => nonces.then.push(nonce),
            Ok(Some(To::Packet(packet))) => ids.then.push(packet.id),
            Ok(Some(To::Disconnect(_))) => goodbye = true,
            Ok(_) => {}
            Err(_) => decoder.reject(),
        }
    }
    goodbye
}

/// Seconds since 1970, exact for some hundred million years.
#[allow(clippy::cast_precision_loss)]
fn seconds(unix: u64) -> f64 {
    unix as f64
}

#[cfg(test)]
mod tests;
