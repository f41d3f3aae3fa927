//! What the commands' tests have in common.

use std::collections::VecDeque;
use std::time::Duration;

use expect_test::Expect;
use jiff::tz::TimeZone;

use crate::bot::all::{Outside, capabilities, registry};
use crate::bot::ask::{Ask, Place, Together, Way};
use crate::bot::capability::{Acts, Capability};
use crate::bot::command::{Command, Context, LinkView, Registry};
use crate::bot::desk::Desk;
use crate::bot::dispatch::Settings;
use crate::bot::host::HostStats;
use crate::bot::reply::{Post, Reply};
use crate::config::{Bot, Config, Mode};
use crate::lang::Lang;
use crate::link::Link;
use crate::mesh::{ChannelIndex, Hops, NodeBook, NodeNum, Now, Packet, PacketId, Sanity, Standing};
use crate::proto;
use crate::proto::config::LoRaConfig;

pub const SANITY: Sanity = Sanity { built: 1_000_000 };
pub const OWN: NodeNum = NodeNum(0x0000_0aaa);
pub const ALICE: NodeNum = NodeNum(0x1111_aaaa);
const DAY: u32 = 24 * 3_600;
/// The clock when the town's list arrives.
const START: u32 = 10_000_000;

/// A direct question, one hop away.
pub fn ask(name: &str, args: &str) -> Ask {
    Ask {
        from: NodeNum(0x0bad_cafe),
        place: Place::Direct,
        lang: Lang::En,
        channel: ChannelIndex(0),
        id: PacketId(7),
        line: format!("/{name} {args}").trim().into(),
        args: args.to_owned(),
        is_operator: false,
        is_unreadable: false,
        hops: Hops::Known(1),
        signal: None,
        relay: None,
        via_mqtt: false,
        age: None,
    }
}

/// All that a command can look at, and a link to answer on.
pub struct World {
    pub now: Now,
    pub book: NodeBook,
    pub link: LinkView,
    pub desk: Desk,
    pub registry: Registry,
    pub host: HostStats,
    pub contact: &'static str,
    pub part_limit: usize,
    pub link_is_up: bool,
}

impl World {
    /// A bot an hour after its start, in a town of six nodes and itself.
    pub fn town() -> Self {
        let mut book = NodeBook::default();
        book.set_own(OWN);
        let start = Now {
            unix: u64::from(START),
            ..Now::default()
        };
        book.note_node_list(&town(), start, SANITY);
        Self {
            now: start.plus(Duration::from_secs(3_600)),
            book,
            link: LinkView {
                up_since: Some(Duration::from_secs(2)),
                losses: 0,
                opened: 1,
                lora: LoRaConfig {
                    use_preset: true,
                    ..LoRaConfig::default()
                },
            },
            desk: Desk::default(),
            registry: registry(),
            host: HostStats::default(),
            contact: "",
            part_limit: 200,
            link_is_up: true,
        }
    }

    /// `from` was heard by radio, `secs` after the start.
    pub fn hear(&mut self, from: NodeNum, secs: u64, hops: Hops, snr: f32) {
        let mut packet = Packet::from_wire(&proto::MeshPacket {
            from: from.0,
            to: NodeNum::BROADCAST.0,
            rx_snr: snr,
            rx_rssi: Some(-110),
            transport_mechanism: 1,
            ..proto::MeshPacket::default()
        });
        packet.hops = hops;
        let now = Now {
            mono: Duration::from_secs(secs),
            unix: u64::from(START) + secs,
        };
        self.book.note_packet(&packet, Standing::Live, now, SANITY);
    }

    /// `num` told its names and everything else that a node can tell.
    pub fn introduce(&mut self, num: NodeNum, long: &str, short: &str) {
        let info = proto::NodeInfo {
            num: num.0,
            last_heard: START,
            user: Some(proto::User {
                long_name: long.into(),
                short_name: short.into(),
                role: 12,
                hw_model: u32::MAX,
                ..proto::User::default()
            }),
            position: Some(proto::Position {
                latitude_i: Some(-899_999_999),
                longitude_i: Some(-1_799_999_999),
                altitude: Some(40_000),
                ..proto::Position::default()
            }),
            device_metrics: Some(proto::DeviceMetrics {
                battery_level: Some(100),
                ..proto::DeviceMetrics::default()
            }),
            ..proto::NodeInfo::default()
        };
        self.book.note_node_list(&[info], self.now, SANITY);
    }

    /// What the command of the question answers at once, text by text.
    pub fn run(&mut self, ask: &Ask, lang: Lang) -> Vec<String> {
        let settings = Settings::from_config(&Config::default(), SANITY);
        let mut all = capabilities(&settings, &Outside::default());
        let answer =
            |command: &Command, ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>| {
                if let Some(run) = command.run {
                    return run(ask, context, reply);
                }
                let is_its = |it: &&mut Box<dyn Capability>| {
                    (it.commands().iter()).any(|its| its.name == command.name)
                };
                let (mut list, mut next) = (VecDeque::new(), 0);
                let mut acts = Acts::new(&mut list, &mut next);
                let it = all.iter_mut().find(is_its).unwrap();
                it.asked(command, ask, context, reply, &mut acts);
            };
        self.with(ask, lang, answer).0
    }

    /// What is said while `act` has the question, and what that makes of it.
    pub fn with<T>(
        &mut self,
        ask: &Ask,
        lang: Lang,
        act: impl FnOnce(&Command, &Ask, &mut Context<'_>, &mut Reply<'_>) -> T,
    ) -> (Vec<String>, T) {
        let (link, far) = Link::memory(Duration::from_millis(2_500));
        far.set_up(self.link_is_up);
        let bot = Bot {
            part_limit: self.part_limit,
            ..Bot::default()
        };
        let mut post = Post::new(link.outbox, lang, &bot, Duration::ZERO);
        let word = ask.line.split([' ', '/']).nth(1).unwrap_or_default();
        let command = *self.registry.find(word).unwrap();
        let host = self.host;
        let is_operator = ask.is_operator;
        let ask = &Ask {
            lang,
            ..ask.clone()
        };
        let mut context = Context {
            now: self.now,
            sanity: SANITY,
            lang,
            prefix: "/",
            part_limit: self.part_limit,
            contact: self.contact,
            book: &self.book,
            link: &self.link,
            zone: &TimeZone::UTC,
            registry: &self.registry,
            desk: &mut self.desk,
            host: &|| host,
            may_use: &|command| is_operator || !command.operator_only,
        };
        let way = Way {
            private: command.mode == Mode::Private,
            together: Together::Never,
        };
        let mut reply = Reply::new(&mut post, ask, way, self.now.mono);
        let made = act(&command, ask, &mut context, &mut reply);
        let texts = far.texts().into_iter().map(|text| text.text);
        (texts.collect(), made)
    }

    /// The answer in each language, one below the other.
    pub fn check(&mut self, ask: &Ask, expected: Expect) {
        let answers = Lang::ALL.map(|lang| {
            let texts = self.run(ask, lang);
            if texts.is_empty() {
                "(silence)".to_owned()
            } else {
                texts.join("\n--\n")
            }
        });
        expected.assert_eq(&answers.join("\n"));
    }
}

/// The later in the list, the more recently heard.
fn town() -> Vec<proto::NodeInfo> {
    let place = |latitude_i, longitude_i| {
        Some(proto::Position {
            latitude_i: Some(latitude_i),
            longitude_i: Some(longitude_i),
            altitude: Some(120),
            ..proto::Position::default()
        })
    };
    let user = |long: &str, short: &str, role, hw_model| proto::User {
        long_name: long.into(),
        short_name: short.into(),
        role,
        hw_model,
        ..proto::User::default()
    };
    let node = |num, before: u32, user| proto::NodeInfo {
        num,
        last_heard: START - before,
        user,
        ..proto::NodeInfo::default()
    };
    vec![
        proto::NodeInfo {
            position: place(488_566_000, 23_522_000),
            ..node(OWN.0, 0, Some(user("Weather Bot", "BOT", 0, 43)))
        },
        proto::NodeInfo {
            position: place(488_766_137, 23_122_219),
            device_metrics: Some(proto::DeviceMetrics {
                battery_level: Some(87),
                ..proto::DeviceMetrics::default()
            }),
            ..node(ALICE.0, 600, Some(user("Alice Base", "ALB", 2, 9)))
        },
        proto::NodeInfo {
            snr: 6.25,
            hops_away: Some(0),
            device_metrics: Some(proto::DeviceMetrics {
                battery_level: Some(101),
                ..proto::DeviceMetrics::default()
            }),
            ..node(0x2222_bbbb, 3 * DAY, Some(user("Élodie", "ELO", 0, 0)))
        },
        proto::NodeInfo {
            position: place(457_640_000, 48_357_000),
            ..node(
                0x3333_cafe,
                20 * DAY,
                Some(user("Relais du Pic", "PIC", 2, 9)),
            )
        },
        proto::NodeInfo {
            hops_away: Some(2),
            via_mqtt: true,
            ..node(0x4444_cafe, 60, Some(user("Alice Mobile", "ALM", 0, 147)))
        },
        node(0x5555_0042, 2 * DAY, None),
        node(0x6666_00bb, 5_000, Some(user("Pic 👩‍🚒", "42", 0, 50))),
    ]
}
