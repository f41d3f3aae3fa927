//! Any texts from anybody, on channels and in direct messages: each answer fits
//! its packet, cannot be taken for a command, and nothing waits for ever.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use crossbeam_channel::{Receiver, bounded};
use libfuzzer_sys::fuzz_target;
use meshbot::bot::commands;
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::errands::{Inline, JobResult};
use meshbot::bot::host::HostStats;
use meshbot::config::Config;
use meshbot::link::memory::FarEnd;
use meshbot::link::{Event, Identity, Link, Received};
use meshbot::mesh::{NodeNum, Now, Packet, Sanity, Standing};
use meshbot::proto::{self, PortNum, mesh_packet};
use meshbot::text::Lang;
use meshbot::weather::Offline;

const OWN: u32 = 0xa1b2_c3d4;
const BUILT: u64 = 1_900_000_000;

struct Rig {
    bot: Bot,
    far: FarEnd,
    results: Receiver<JobResult>,
    now: Now,
    limit: usize,
}

/// One thing that happens.
#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Said {
        from: u8,
        direct: bool,
        hops: u8,
        text: &'a str,
    },
    Called {
        from: u8,
        name: &'a [u8],
        short: &'a [u8],
    },
    Time(u16),
}

impl Rig {
    fn new(french: bool, limit: u8) -> Self {
        let (link, far) = Link::memory(Duration::from_millis(2_500));
        far.set_up(true);
        let (done, results) = bounded(64);
        let config = Config::parse("[node]\nhost = \"n\"", "fuzz.toml").expect("it is right");
        let sanity = Sanity { built: BUILT };
        let mut settings = Settings::from_config(&config, sanity);
        settings.lang = if french { Lang::Fr } else { Lang::En };
        settings.bot.part_limit = 60 + usize::from(limit) % 156;
        // Limits would end every conversation after five questions.
        settings.limits.per_sender.count = 1_000;
        settings.limits.per_channel.count = 1_000;
        settings.limits.total.count = 1_000;
        let limit = settings.bot.part_limit;
        let parts = Parts {
            outbox: link.outbox,
            errands: Box::new(Inline(done)),
            keeper: Arc::new(Forgetful),
            history: None,
            archive: None,
            weather: Arc::new(Offline),
            host: Box::new(HostStats::default),
            registry: commands::registry(),
        };
        let mut rig = Self {
            bot: Bot::new(settings, parts, Before::default()),
            far,
            results,
            now: Now {
                mono: Duration::from_secs(1),
                unix: BUILT + 1_000_000,
            },
            limit,
        };
        let mut identity = Identity {
            num: NodeNum(OWN),
            ..Identity::default()
        };
        identity.channels[0].enabled = true;
        rig.bot.handle(rig.now, Event::Ready(Box::new(identity)));
        rig
    }

    fn hear(&mut self, from: u8, to: u32, hops: u8, port: PortNum, payload: Vec<u8>) {
        let packet = Packet::from_wire(proto::MeshPacket {
            from: 0x5000_0000 + u32::from(from),
            to,
            id: 1,
            rx_snr: 1.0,
            rx_rssi: Some(-90),
            hop_start: 7,
            hop_limit: 7 - u32::from(hops % 8),
            transport_mechanism: 1,
            payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: port as i32,
                payload,
                bitfield: Some(1),
                ..Default::default()
            })),
            ..Default::default()
        });
        let received = Received {
            packet,
            standing: Standing::Live,
            age: Some(0),
            answers_ours: false,
            traceroute: None,
        };
        self.bot.handle(self.now, Event::Packet(Box::new(received)));
        self.look();
    }

    fn look(&mut self) {
        while let Ok(result) = self.results.try_recv() {
            self.bot.finished(self.now, result);
        }
        self.bot.tick(self.now);
        let due = self.bot.deadline();
        assert!(due.is_none_or(|due| due > self.now.mono), "{due:?}");
        for text in self.far.texts() {
            let text = text.text;
            assert!(!text.is_empty() && text.len() <= self.limit, "{text:?}");
            assert!(!text.starts_with(['/', '!', '@']), "{text:?}");
            let hidden = |c: char| c.is_control() && c != '\n';
            assert!(!text.contains(hidden), "{text:?}");
        }
    }
}

fn live(input: &mut Unstructured<'_>) -> arbitrary::Result<()> {
    let mut rig = Rig::new(bool::arbitrary(input)?, u8::arbitrary(input)?);
    while !input.is_empty() {
        match Step::arbitrary(input)? {
            Step::Said {
                from,
                direct,
                hops,
                text,
            } => {
                let to = if direct { OWN } else { NodeNum::BROADCAST.0 };
                let payload = text.bytes().take(233).collect();
                rig.hear(from, to, hops, PortNum::TextMessageApp, payload);
            }
            Step::Called { from, name, short } => {
                let user = proto::User {
                    long_name: name.iter().copied().take(60).collect(),
                    short_name: short.iter().copied().take(8).collect(),
                    ..Default::default()
                };
                let payload = prost::Message::encode_to_vec(&user);
                rig.hear(from, NodeNum::BROADCAST.0, 0, PortNum::NodeinfoApp, payload);
            }
            Step::Time(secs) => {
                rig.now = rig.now.plus(Duration::from_secs(u64::from(secs)));
                rig.look();
            }
        }
    }
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    // What is left over when the input ends in the middle of a step is no step.
    let _ = live(&mut Unstructured::new(bytes));
});
