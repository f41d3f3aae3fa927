//! What goes wrong, by chance: the node, the network, the clocks, the services.

use std::time::Duration;

use meshbot::mesh::NodeNum;
use meshbot::proto::routing::Error;
use meshbot::sim::{Fault, Person};

use super::life::Life;
use super::talk;
use crate::support::world::Names;

/// What a node may answer instead of an acknowledgement.
const NAKS: [Error; 7] = [
    Error::PkiSendFailPublicKey,
    Error::PkiUnknownPubkey,
    Error::PkiFailed,
    Error::NoChannel,
    Error::NoRoute,
    Error::MaxRetransmit,
    Error::DutyCycleLimit,
];

impl Life {
    fn seconds(&mut self, most: u64) -> Duration {
        Duration::from_millis(self.rng.u64(1..most * 1_000))
    }

    /// One thing goes wrong.
    pub fn mischief(&mut self) {
        let fault = match self.rng.u8(..34) {
            0 => Fault::Reboot(self.seconds(40)),
            1 => Fault::Rebooted,
            2 | 3 => Fault::Drop,
            4 => Fault::Stall(self.seconds(200)),
            5 => Fault::StallAfterBytes(self.rng.usize(..3_000)),
            6 => Fault::CloseAfterBytes(self.rng.usize(..3_000)),
            7 => Fault::StallInNodes(self.rng.usize(..30)),
            8 => Fault::CloseInNodes(self.rng.usize(..30)),
            9 => Fault::Garbage(self.rng.usize(1..2_000)),
            10 => Fault::Tear,
            11 => Fault::ShortWrites(self.rng.usize(..9)),
            12 => Fault::Rival {
                for_: self.seconds(180),
                period: self.rng.bool().then_some(Duration::from_secs(10)),
            },
            13 => Fault::RefuseTexts(match self.rng.bool() {
                true => Error::RateLimitExceeded,
                false => *self.rng.choice(&NAKS).unwrap(),
            }),
            14 => Fault::QueueFull(self.seconds(120)),
            15 => Fault::AckFromRelayOnly,
            16 => Fault::NeverAck,
            17 => Fault::NakWith(*self.rng.choice(&NAKS).unwrap()),
            18 | 19 => Fault::NormalAcks,
            20 => Fault::Noise(self.rng.u8(..30)),
            21 => Fault::RenameChannel {
                index: self.rng.u8(..3),
                name: format!("name {}", self.rng.u8(..)),
            },
            22 => {
                // Noticed at the next handshake only.
                let number = NodeNum(self.rng.u32(0x1000_0000..0xff00_0000));
                self.world.fault(Fault::ChangeOwnNumber(number));
                Fault::Drop
            }
            23 if !self.strict => Fault::ClockJump(self.rng.i64(-100_000..100_000)),
            24 if !self.strict => {
                let by = *self
                    .rng
                    .choice(&[-4_000_000_000, -3_600, 3_600, 86_400])
                    .unwrap();
                return self.world.board_clock(by);
            }
            32 => {
                let count = self.rng.u32(2..400);
                for _ in 0..count {
                    self.world.fault(Fault::Rebooted);
                    let ms = self.rng.u64(..20);
                    self.world.run(ms);
                }
                Fault::Rebooted
            }
            33 => return self.torn_header(),
            other => return self.surroundings(other),
        };
        self.world
            .witness
            .note(self.world.now, || format!("FAULT {fault:?}"));
        self.world.fault(fault);
    }

    /// A header that promises more than ever comes, and a question behind it.
    fn torn_header(&mut self) {
        let promised = self.rng.u16(1..=512).to_be_bytes();
        self.world
            .inject(&[0x94, 0xc3, promised[0], promised[1], self.rng.u8(..)]);
        self.world
            .witness
            .note(self.world.now, || "FAULT a torn header".to_owned());
    }

    fn surroundings(&mut self, which: u8) {
        let world = &mut self.world;
        world
            .witness
            .note(world.now, || format!("FAULT around, {which}"));
        match which {
            25 => world.room = self.rng.usize(..300),
            26 => world.off = self.rng.bool(),
            27 => world.names = Names::Hang,
            28 => world.errands_take = Duration::from_millis(self.rng.u64(..30_000)),
            29 => *self.weather.failing.lock().unwrap() = self.rng.u8(..=100),
            30 => self.shelf.lock().unwrap().closed = self.rng.bool(),
            _ => {
                let noise: Vec<u8> = (0..self.rng.usize(1..600))
                    .map(|_| self.rng.u8(..))
                    .collect();
                let head = [0x94, 0xc3, self.rng.u8(..2), self.rng.u8(..)];
                if self.rng.bool() {
                    world.inject(&head);
                } else {
                    world.inject(&noise);
                }
            }
        }
    }

    /// Somebody makes up senders for so long, each with one question: whoever is
    /// known is answered all the same.
    pub fn forge(&mut self, ms: u64) -> Result<(), String> {
        let mut left = ms;
        while left > 0 {
            let from = Person {
                num: NodeNum(self.forger.u32(0x1000_0000..0xf000_0000)),
                ..self.loud[0].clone()
            };
            let own = self.world.node.own();
            let to = *self.forger.choice(&[own, NodeNum::BROADCAST]).unwrap();
            let id = self.forger.u32(1..);
            self.say(talk::text(&from, to, 0, id, b"/ping".to_vec()));
            let pause = left.min(3_000);
            left -= pause;
            self.pass(pause)?;
        }
        Ok(())
    }

    /// What is not for ever passes sooner or later.
    pub fn relief(&mut self) {
        self.world.room = usize::MAX;
        self.world.off = false;
        self.world.names = self.names.clone();
        self.world.errands_take = Duration::ZERO;
        self.shelf.lock().unwrap().closed = false;
    }

    /// Everything that went wrong is over.
    pub fn heal(&mut self) {
        self.relief();
        *self.weather.failing.lock().unwrap() = 20;
        self.world.fault(Fault::Heal);
        self.world
            .witness
            .note(self.world.now, || "HEALED".to_owned());
    }
}
