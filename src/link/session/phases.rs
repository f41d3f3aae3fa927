//! The steps of the handshake: configuration, drained back-log, node list.

use std::time::Duration;

use log::{info, warn};

use super::Session;
use super::handshake::{
    self, Draft, GAPS_ASKED, Handshake, NODES_AGAIN, NONCE_CONFIG, NONCE_NODES, Parts, Phase,
};
use super::liveness::Liveness;
use crate::lang::Text as Say;
use crate::link::message::{Event, Identity, Loss};
use crate::mesh::{NodeNum, Now};
use crate::proto::to_radio;

impl Session {
    /// Asks for the configuration, forgetting what belonged to the last one.
    pub(super) fn begin(&mut self, now: Now) {
        let nonce = match self.settings.handshake {
            Handshake::TwoPhase => NONCE_CONFIG,
            Handshake::Full => loop {
                let nonce = self.rng.u32(1..);
                if nonce != NONCE_CONFIG && nonce != NONCE_NODES {
                    break nonce;
                }
            },
        };
        self.liveness = Liveness::new(now.mono);
        self.free = None;
        self.asked_free = None;
        self.infos.clear();
        self.phase = Phase::Config {
            nonce,
            since: now.mono,
            last_frame: now.mono,
            draft: handshake::blank(self.decoder.stray_bytes()),
        };
        self.write(now, to_radio::PayloadVariant::WantConfigId(nonce));
    }

    /// The node says that this was all. A torn frame takes what follows it along
    /// and may still read as a message, with another number in it than the
    /// node's: what has gaps is asked for again, unless this node always has them.
    pub(super) fn configured(&mut self, now: Now, draft: Draft) {
        let Draft {
            identity,
            mut seen,
            stray,
        } = draft;
        let num = identity.num;
        if self.infos.iter().any(|info| NodeNum(info.num) == num) {
            seen.add(Parts::OWN);
        }
        if self.decoder.stray_bytes() == stray {
            seen.add(Parts::NO_STRAY);
        }
        let is_usual = seen == Parts::ALL || self.gaps == Some((num, seen));
        if !is_usual && self.gaps_asked < GAPS_ASKED {
            self.gaps = Some((num, seen));
            self.gaps_asked += 1;
            info!("the node's configuration came with gaps: asked for again");
            self.begin(now);
        } else if num.is_node() {
            self.ready(now, identity);
        } else {
            warn!("the node did not say its number");
            self.verdict = Some(Loss::HandshakeStalled);
        }
    }

    /// The configuration is complete.
    fn ready(&mut self, now: Now, mut identity: Box<Identity>) {
        identity.opened = self.opened;
        if self.own != identity.num && self.own.is_node() {
            warn!(
                "this is another node than before: {} instead of {}",
                identity.num, self.own
            );
            self.nodes_not_before = Duration::ZERO;
            self.clock.forget();
            self.clock_set_at = None;
        }
        self.own = identity.num;
        identity.own = self
            .infos
            .iter()
            .find(|info| NodeNum(info.num) == identity.num)
            .cloned();
        let name = identity
            .own
            .as_ref()
            .and_then(|info| info.user.as_ref())
            .map(|user| crate::mesh::name::clean(&user.long_name, 40))
            .unwrap_or_default();
        info!(
            "{}",
            Say::LogReady.fill(
                self.settings.lang,
                &[
                    ("name", &name),
                    ("id", &identity.num),
                    ("n", &identity.nodedb_count)
                ]
            )
        );
        self.identity = Some(identity.clone());
        self.clock.session();
        self.restarts.ready(now.mono);
        self.phase = Phase::Drain {
            since: now.mono,
            last: now.mono,
        };
        // Asked at once, so that a node which dies within the first half
        // minute is known to be one that answers.
        self.heartbeat(now);
        self.open_gate();
        self.events.push_back(Event::Ready(identity));
        self.hand_over_nodes();
    }

    /// Passes on the nodes received so far.
    pub(super) fn hand_over_nodes(&mut self) {
        if !self.infos.is_empty() {
            self.events
                .push_back(Event::Nodes(std::mem::take(&mut self.infos)));
        }
    }

    pub(super) fn phase_due(&mut self, now: Now) {
        match &self.phase {
            Phase::Down => {}
            Phase::Restarting { .. } => self.begin(now),
            Phase::Config { .. } => self.verdict = Some(Loss::HandshakeStalled),
            Phase::Drain { .. } => {
                self.end_drain();
                self.ask_for_nodes(now);
            }
            Phase::Steady { .. } => self.ask_for_nodes(now),
            Phase::Nodes { .. } => {
                warn!(
                    "the node list stalled after {} nodes; asking again in 10 min",
                    self.infos.len()
                );
                self.hand_over_nodes();
                self.nodes_not_before = now.mono + NODES_AGAIN;
                self.phase = Phase::Steady {
                    nodes_at: Some(self.nodes_not_before),
                };
            }
        }
    }

    fn ask_for_nodes(&mut self, now: Now) {
        if self.settings.handshake == Handshake::Full {
            self.phase = Phase::Steady { nodes_at: None };
        } else if now.mono < self.nodes_not_before {
            self.phase = Phase::Steady {
                nodes_at: Some(self.nodes_not_before),
            };
        } else {
            self.phase = Phase::Nodes {
                last_frame: now.mono,
            };
            self.write(now, to_radio::PayloadVariant::WantConfigId(NONCE_NODES));
        }
    }
}
