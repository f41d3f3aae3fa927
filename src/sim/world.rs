//! The made-up mesh around the node: people with names, keys and places, and
//! what they transmit when nobody asks them.
//!
//! The same seed always makes the same people. The first one is a plain
//! neighbour: heard directly, with a key and a position.

use std::time::Duration;

use fastrand::Rng;

use crate::mesh::NodeNum;
use crate::proto::{self, PortNum, mesh_packet, telemetry};

use super::settings::Version;

/// Most nodes that a node database holds besides its own (protocol.md §2.2).
pub(super) const MOST_PEOPLE: usize = 249;

/// Middle of the made-up mesh, in 1e-7 degrees: a valley that fits the names.
const CENTRE: (i32, i32) = (472_650_000, 113_930_000);

/// Long and short names. Beyond the list they get a number.
const NAMES: &[(&str, &str)] = &[
    ("Alice Neighbour", "ALI"),
    ("Ridge Relay 🏔", "🏔"),
    ("Büro Änderung", "BÜR"),
    ("Bob mobile", "BOB"),
    ("山田太郎", "山"),
    ("Solar Node ☀", "☀"),
    ("Weather Station", "WX1"),
    ("the longest name a node can have, by far", "LONG"),
    ("K7ABC/M", "K7"),
    ("Žiga na vrhu", "ŽIG"),
    ("🦊 Foxhole", "🦊"),
    ("Hütte Nord", "HÜT"),
    ("Tracker 3", "TR3"),
    ("Émile", "EMI"),
    ("Dora", "DORA"),
    ("Кот Матроскин", "КОТ"),
    ("Balloon 🎈", "🎈"),
    ("mesh-router-west", "RTW"),
];

/// Small talk. Nothing here may look like a command to any bot.
const TALK: &[&str] = &[
    "Good morning everyone",
    "anybody else lost the ridge relay last night?",
    "heading up to the hut now, back around six",
    "new antenna is on the roof, much better 👍",
    "thanks, works fine from the station",
    "It is snowing up here",
    "solar panel gives 4.1 V even with clouds",
    "Servus zusammen, schöner Tag heute",
    "who runs the balloon node?",
    "signal is a bit weak in the valley",
];

/// Hardware numbers of common boards (protocol.md §3.21).
const HARDWARE: &[u32] = &[9, 43, 50, 71, 110, 48, 4, 7];

/// Somebody in the made-up mesh. Tests may change what the node knows of him.
#[derive(Clone, PartialEq, Debug)]
pub struct Person {
    /// His node's number.
    pub num: NodeNum,
    /// 2.7 keeps 39 bytes of it, even if that tears a character (trap T12);
    /// 2.8 keeps 24 and cuts between characters.
    pub long_name: String,
    /// Likewise, 4 bytes.
    pub short_name: String,
    /// His public key; `None` if our node has not learnt it.
    pub public_key: Option<[u8; 32]>,
    /// The key that he really has, when our node goes by another one: he was
    /// flashed anew.
    pub new_key: Option<[u8; 32]>,
    /// Latitude and longitude in 1e-7 degrees, height in metres.
    pub position: Option<(i32, i32, i32)>,
    /// Relays between him and our node.
    pub hops: u8,
    /// dB, of the last hop.
    pub snr: f32,
    /// How long before our node's start he was last heard, in seconds.
    pub silent_secs: u32,
    /// Percent; 101 is "powered".
    pub battery: u32,
    /// Hardware number.
    pub hw_model: u32,
}

impl Person {
    /// What his node says about itself (port 4).
    #[must_use]
    pub fn user(&self, version: Version) -> proto::User {
        proto::User {
            id: self.num.to_string().into_bytes(),
            long_name: version.cut(&self.long_name, version.long_name_bytes()),
            short_name: version.cut(&self.short_name, 4),
            hw_model: self.hw_model,
            public_key: self.public_key.map(Vec::from).unwrap_or_default(),
            ..Default::default()
        }
    }

    /// The same as he announces it himself, with the key that he has.
    #[must_use]
    pub(super) fn announcement(&self, version: Version) -> proto::User {
        let known = self.user(version);
        proto::User {
            public_key: self.new_key.map_or(known.public_key, Vec::from),
            ..known
        }
    }

    /// His position at `time` (seconds since 1970, 0 = unknown), if he has one.
    #[must_use]
    pub fn position(&self, time: u32) -> Option<proto::Position> {
        self.position.map(|(lat, lon, height)| proto::Position {
            latitude_i: Some(lat),
            longitude_i: Some(lon),
            altitude: Some(height),
            time,
            sats_in_view: 8,
            precision_bits: 16,
            ..Default::default()
        })
    }

    /// His device metrics after `uptime` seconds.
    #[must_use]
    pub fn metrics(&self, uptime: u32) -> proto::DeviceMetrics {
        proto::DeviceMetrics {
            battery_level: Some(self.battery),
            voltage: Some(if self.battery > 60 { 4.05 } else { 3.72 }),
            channel_utilization: Some(4.5),
            air_util_tx: Some(0.75),
            uptime_seconds: Some(uptime),
        }
    }
}

impl Version {
    /// How much of a long name this firmware keeps (protocol.md §3.7).
    fn long_name_bytes(self) -> usize {
        match self {
            Self::V2_7 => 39,
            Self::V2_8 => 24,
        }
    }

    /// The first `most` bytes of `text`, as this firmware cuts it.
    fn cut(self, text: &str, most: usize) -> Vec<u8> {
        let ends = text.char_indices().map(|(at, char)| at + char.len_utf8());
        let end = match self {
            Self::V2_7 => text.len().min(most),
            Self::V2_8 => ends.take_while(|&end| end <= most).last().unwrap_or(0),
        };
        text.as_bytes()[..end].to_vec()
    }
}

/// The people, and the talk between them.
#[derive(Debug)]
pub(super) struct World {
    pub(super) people: Vec<Person>,
}

impl World {
    /// `count` people from `rng`, none of whom has the number `own`.
    pub(super) fn new(rng: &mut Rng, count: usize, own: NodeNum) -> Self {
        let mut people: Vec<Person> = Vec::new();
        for index in 0..count.min(MOST_PEOPLE) {
            let num = loop {
                let num = NodeNum(rng.u32(0x1000_0000..=0xfeff_ffff));
                if num != own && people.iter().all(|other| other.num != num) {
                    break num;
                }
            };
            people.push(person(rng, index, num));
        }
        Self { people }
    }

    pub(super) fn find(&self, num: NodeNum) -> Option<&Person> {
        self.people.iter().find(|person| person.num == num)
    }

    /// Time until somebody transmits of his own accord: exponential, on
    /// average each node once in ten minutes, but the mesh no more often than
    /// every five seconds. `None` when there is nobody.
    pub(super) fn pause(&self, rng: &mut Rng) -> Option<Duration> {
        let people = u32::try_from(self.people.len())
            .ok()
            .filter(|&count| count > 0)?;
        let mean = (Duration::from_secs(600) / people).max(Duration::from_secs(5));
        let unlikely = -(1.0 - rng.f64()).ln();
        Some(mean.mul_f64(unlikely.min(10.0)))
    }

    /// Something that somebody transmits of his own accord, with id `id`, as
    /// our node hears it. `time` is our node's clock, 0 if unset.
    pub(super) fn chatter(
        &self,
        rng: &mut Rng,
        version: Version,
        id: u32,
        time: u32,
        uptime: u32,
    ) -> Option<proto::MeshPacket> {
        let person = rng.choice(&self.people)?;
        let (port, payload) = match rng.u8(0..20) {
            0..=7 => (
                PortNum::TelemetryApp,
                telemetry(
                    time,
                    telemetry::Variant::DeviceMetrics(person.metrics(uptime)),
                ),
            ),
            8..=9 => (
                PortNum::TelemetryApp,
                telemetry(time, telemetry::Variant::EnvironmentMetrics(weather(rng))),
            ),
            10..=14 => match person.position(time) {
                Some(position) => (PortNum::PositionApp, encode(&position)),
                None => (PortNum::NodeinfoApp, encode(&person.announcement(version))),
            },
            15..=17 => (PortNum::NodeinfoApp, encode(&person.announcement(version))),
            _ => (
                PortNum::TextMessageApp,
                rng.choice(TALK)?.as_bytes().to_vec(),
            ),
        };
        Some(heard_from(person, id, port, payload))
    }
}

/// A broadcast of `person` as it reaches our node; `rx_time` is left open.
pub(super) fn heard_from(
    person: &Person,
    id: u32,
    port: PortNum,
    payload: Vec<u8>,
) -> proto::MeshPacket {
    proto::MeshPacket {
        from: person.num.0,
        to: NodeNum::BROADCAST.0,
        id,
        rx_snr: person.snr,
        rx_rssi: Some(-70 - 10 * i32::from(person.hops)),
        hop_limit: 7_u32.saturating_sub(u32::from(person.hops)),
        hop_start: 7,
        relay_node: u32::from(person.num.relay_byte()),
        transport_mechanism: mesh_packet::TransportMechanism::TransportLora.into(),
        payload_variant: Some(mesh_packet::PayloadVariant::Decoded(proto::Data {
            portnum: port.into(),
            payload,
            bitfield: Some(1),
            ..Default::default()
        })),
        ..Default::default()
    }
}

/// The bytes of a telemetry message.
pub(super) fn telemetry(time: u32, variant: telemetry::Variant) -> Vec<u8> {
    encode(&proto::Telemetry {
        time,
        variant: Some(variant),
    })
}

pub(super) fn encode(message: &impl prost::Message) -> Vec<u8> {
    message.encode_to_vec()
}

fn weather(rng: &mut Rng) -> proto::EnvironmentMetrics {
    proto::EnvironmentMetrics {
        temperature: Some(f32::from(rng.i16(-40..240)) / 10.0),
        relative_humidity: Some(f32::from(rng.i16(300..950)) / 10.0),
        barometric_pressure: Some(f32::from(rng.i16(9300..9700)) / 10.0),
    }
}

fn person(rng: &mut Rng, index: usize, num: NodeNum) -> Person {
    let (long, short) = NAMES[index % NAMES.len()];
    let round = index / NAMES.len();
    let numbered = |name: &str| match round {
        0 => name.to_owned(),
        _ => format!("{name} {}", index + 1),
    };
    let near = index == 0;
    let mut key = [0; 32];
    rng.fill(&mut key);
    let unknown_key = rng.u8(0..10) == 0;
    let no_position = rng.u8(0..4) == 0;
    Person {
        num,
        long_name: numbered(long),
        short_name: match round {
            0 => short.to_owned(),
            _ => format!("{:04x}", num.0 & 0xffff),
        },
        public_key: (near || !unknown_key).then_some(key),
        new_key: None,
        position: (near || !no_position).then(|| {
            (
                CENTRE.0 + rng.i32(-1_500_000..1_500_000),
                CENTRE.1 + rng.i32(-2_200_000..2_200_000),
                rng.i32(420..2400),
            )
        }),
        hops: if near { 0 } else { rng.u8(0..5) },
        snr: f32::from(rng.i16(-56..40)) / 4.0,
        silent_secs: rng.u32(20..7200),
        battery: if rng.bool() { 101 } else { rng.u32(25..100) },
        hw_model: rng.choice(HARDWARE).copied().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(count: usize) -> World {
        World::new(&mut Rng::with_seed(5), count, NodeNum(1))
    }

    #[test]
    fn a_seed_makes_the_same_people_and_no_more_than_fit() {
        assert_eq!(world(20).people, world(20).people);
        let people = world(1000).people;
        assert_eq!(people.len(), MOST_PEOPLE);
        for person in &people {
            for version in [Version::V2_7, Version::V2_8] {
                let user = person.user(version);
                assert!(user.long_name.len() <= version.long_name_bytes());
                assert!(user.short_name.len() <= 4 && !user.short_name.is_empty());
                // Strict decoders would choke on torn names (trap T12).
                assert!(std::str::from_utf8(&user.long_name).is_ok());
                assert!(std::str::from_utf8(&user.short_name).is_ok());
            }
        }
        assert_eq!(people[0].hops, 0);
        assert!(people[0].public_key.is_some() && people[0].position.is_some());
        assert!(people.iter().any(|person| person.public_key.is_none()));
    }

    #[test]
    fn only_2_7_tears_characters() {
        let mut person = world(1).people.remove(0);
        person.long_name = "Funkfreunde vom oberen Inntal, Gruppe 🦊".to_owned();
        person.short_name = "FO🦊".to_owned();
        let torn = person.user(Version::V2_7);
        assert_eq!(torn.long_name.len(), 39);
        assert!(std::str::from_utf8(&torn.long_name).is_err());
        assert_eq!(torn.short_name, b"FO\xf0\x9f");
        assert_eq!(person.user(Version::V2_8).short_name, b"FO");
    }

    #[test]
    fn small_talk_is_never_a_command() {
        for talk in TALK {
            let first = talk.chars().next().unwrap();
            assert!(first.is_alphabetic(), "{talk}");
            assert!(talk.split_whitespace().count() > 2, "{talk}");
        }
    }

    #[test]
    fn talk_comes_at_random_but_plausible_times() {
        let world = world(20);
        let mut rng = Rng::with_seed(3);
        let pauses: Vec<_> = (0..1000).filter_map(|_| world.pause(&mut rng)).collect();
        let mean = pauses.iter().sum::<Duration>() / 1000;
        assert!((27..33).contains(&mean.as_secs()), "{mean:?}");
        assert!(World { people: vec![] }.pause(&mut rng).is_none());
        for id in 0..200 {
            let packet = world.chatter(&mut rng, Version::V2_7, id, 5, 60).unwrap();
            assert!(world.find(NodeNum(packet.from)).is_some());
        }
    }
}
