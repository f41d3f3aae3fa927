//! The conversation with another node: one question, one answer, goodbye. No
//! socket and no clock: bytes and the time come in.
//!
//! - The number comes first (protocol.md §2.2): our own node is left before it
//!   has told anything else.
//! - It keeps at most [`MAX_NODES`] nodes and eight channels, and reads at most
//!   [`MAX_BYTES`].
//! - Channel keys and private keys pass by undecoded.

use std::time::Duration;

use prost::Message;

use super::{Answer, Limits, Trouble, Want};
use crate::link::frame::{self, Decoder};
pub use crate::link::session::{MAX_NODES, NONCE_CONFIG, NONCE_NODES};
use crate::mesh::{ChannelIndex, NodeNum};
use crate::proto::from_radio::PayloadVariant as V;
use crate::proto::{self, channel, config, lockdown_status, to_radio};

/// A list of 250 nodes has about 35 kB (protocol.md §2.2).
pub const MAX_BYTES: usize = 512 * 1_024;

/// A question under way.
#[derive(Debug)]
pub struct Talk {
    nonce: u32,
    own: Vec<NodeNum>,
    limits: Limits,
    began: Duration,
    last_word: Duration,
    bytes: usize,
    words: usize,
    decoder: Decoder,
    answer: Answer,
}

impl Talk {
    /// Begins at `now`. `nonce` is a random number for [`Want::Nodes`], which
    /// one ordinary request fetches on every firmware. `limits.whole` counts
    /// from `began`. `own` are the nodes that must not be talked to.
    #[must_use]
    pub fn new(
        want: Want,
        nonce: u32,
        own: Vec<NodeNum>,
        limits: Limits,
        (began, now): (Duration, Duration),
    ) -> Self {
        let is_special = [0, NONCE_CONFIG, NONCE_NODES].contains(&nonce);
        Self {
            nonce: match want {
                Want::Config => NONCE_CONFIG,
                Want::Nodes if is_special => 1,
                Want::Nodes => nonce,
            },
            own,
            limits,
            began,
            last_word: now,
            bytes: 0,
            words: 0,
            decoder: Decoder::default(),
            answer: Answer::default(),
        }
    }

    /// What is to be written first.
    #[must_use]
    pub fn question(&self) -> Vec<u8> {
        to_radio(to_radio::PayloadVariant::WantConfigId(self.nonce))
    }

    /// When [`Talk::overdue`] says what is wrong.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        (self.last_word + self.limits.silence).min(self.end())
    }

    /// Which limit has passed at [`Talk::deadline`].
    #[must_use]
    pub fn overdue(&self) -> Trouble {
        if self.words == 0 && self.bytes > 0 {
            Trouble::Nonsense
        } else if self.end() <= self.last_word + self.limits.silence {
            Trouble::WholeTimeout(self.limits.whole)
        } else {
            Trouble::SilenceTimeout(self.limits.silence)
        }
    }

    /// There must be time left for the goodbye.
    fn end(&self) -> Duration {
        self.began + self.limits.whole.saturating_sub(self.limits.goodbye)
    }

    /// These bytes came; whether the answer is complete.
    ///
    /// # Errors
    /// [`Trouble`] when nothing good can come of it any more.
    pub fn push(&mut self, now: Duration, bytes: &[u8]) -> Result<bool, Trouble> {
        self.bytes += bytes.len();
        let mut decoder = std::mem::take(&mut self.decoder);
        decoder.push(bytes);
        let mut is_done = Ok(false);
        while let (Ok(false), Some(payload)) = (&is_done, decoder.next_frame()) {
            match proto::FromRadio::decode(payload) {
                Ok(message) => {
                    // An empty frame says nothing.
                    if let Some(variant) = message.payload_variant {
                        self.last_word = now;
                        self.words += 1;
                        is_done = self.hear(variant);
                    }
                }
                Err(_) => decoder.reject(),
            }
        }
        self.decoder = decoder;
        match is_done {
            Ok(false) if self.bytes >= MAX_BYTES && self.words == 0 => Err(Trouble::Nonsense),
            Ok(false) if self.bytes >= MAX_BYTES => Err(Trouble::TooMuch(MAX_BYTES)),
            other => other,
        }
    }

    fn hear(&mut self, variant: V) -> Result<bool, Trouble> {
        let answer = &mut self.answer;
        match variant {
            V::MyInfo(info) => {
                let num = NodeNum(info.my_node_num);
                if self.own.contains(&num) {
                    return Err(Trouble::OwnNumber(num));
                }
                answer.num = num;
                answer.nodedb_count = info.nodedb_count;
                answer.reboot_count = info.reboot_count;
            }
            V::Metadata(metadata) => answer.metadata = metadata,
            V::NodeInfo(info) if answer.nodes.len() < MAX_NODES => answer.nodes.push(info),
            V::Channel(channel) if answer.channels.len() < ChannelIndex::COUNT => {
                answer.channels.push(channel);
            }
            V::Config(proto::Config {
                payload_variant: Some(config::PayloadVariant::Lora(lora)),
            }) => answer.lora = lora,
            V::LockdownStatus(status) => {
                answer.is_locked = status.state == lockdown_status::State::Locked as i32;
            }
            V::ConfigCompleteId(nonce) if nonce == self.nonce => {
                // It has not even said who it is.
                if !answer.num.is_node() {
                    return Err(Trouble::Nonsense);
                }
                return Ok(true);
            }
            _ => {}
        }
        Ok(false)
    }

    /// The other side has closed too early.
    #[must_use]
    pub fn closed(&self) -> Trouble {
        if self.words == 0 && self.bytes > 0 {
            Trouble::Nonsense
        } else {
            Trouble::Closed
        }
    }

    /// The answer, once it is complete.
    #[must_use]
    pub fn finish(mut self) -> Answer {
        self.answer.channels.sort_by_key(|channel| channel.index);
        // Every other node has at least a primary one.
        let mut roles = self.answer.channels.iter().map(|channel| channel.role);
        self.answer.is_locked |= roles.all(|role| role == channel::Role::Disabled as i32);
        self.answer
    }
}

/// The last thing to be written: without it some firmware does not notice that
/// we are gone (protocol.md §8 T9).
#[must_use]
pub fn goodbye() -> Vec<u8> {
    to_radio(to_radio::PayloadVariant::Disconnect(true))
}

fn to_radio(variant: to_radio::PayloadVariant) -> Vec<u8> {
    let message = proto::ToRadio {
        payload_variant: Some(variant),
    };
    let mut bytes = Vec::new();
    frame::encode(&message, &mut bytes);
    bytes
}

#[cfg(test)]
mod tests;
