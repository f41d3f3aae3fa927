//! What another node may say to a one-off question: an answer within its bounds
//! that a terminal and the mesh can be shown, or a trouble of one line.
//!
//! - The bot's own node gives no answer, and no node without a number does.
//! - The deadlines only move forward, and end.
//! - The pieces in which bytes come do not matter.
//! - The bot's own book stays as it is.

use std::sync::Arc;
use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use meshbot::ask;
use meshbot::cli::Topic;
use meshbot::link::frame::{self, Decoder};
use meshbot::mesh::{ChannelIndex, NodeNum, Now, Sanity};
use meshbot::proto::config::{self, LoRaConfig};
use meshbot::proto::{self, from_radio, to_radio};
use meshbot::remote::talk::{MAX_NODES, Talk, goodbye};
use meshbot::remote::{Answer, Limits, Others, Trouble, Want};
use prost::Message;

use super::bot_rig::{BUILT, Rig};
use super::link_rig::node_num;

/// When the call began.
const BEGAN: Duration = Duration::from_secs(50);
/// A line on the terminal is no longer, in bytes: three names and figures.
const LINE_MAX: usize = 200;
/// Byte by byte is tried with so many bytes at most, for it takes its time.
const SINGLE_MAX: usize = 4_096;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    nodes: bool,
    nonce: u32,
    own: Option<u8>,
    /// Milliseconds until it was connected.
    late: u16,
    lang: u8,
    limit: u8,
    steps: Vec<Step<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Say(Frame<'a>),
    /// The same a few times.
    Insist(Frame<'a>, u8),
    /// The same byte, in blocks of four kilobytes.
    Flood(u8, u8),
    /// Only so many bytes of it come.
    Torn(Frame<'a>, u8),
    Noise(&'a [u8]),
    Milliseconds(u16),
}

#[derive(Arbitrary, Debug)]
enum Frame<'a> {
    MyInfo {
        num: u8,
        count: u32,
        reboots: u32,
    },
    Node(Box<Listed<'a>>),
    /// So many that differ in their number only.
    Nodes(u8, u16),
    Channel(i32, i32, Option<&'a [u8]>),
    Lora {
        hop_limit: u32,
        preset: i32,
        use_preset: bool,
        region: u32,
    },
    Metadata {
        version: &'a [u8],
        role: i32,
        hw_model: u32,
    },
    Lockdown(i32),
    Complete(Option<u32>),
    /// A whole frame with anything in it.
    Any(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
struct Listed<'a> {
    num: u32,
    is_few: bool,
    long: &'a [u8],
    short: &'a [u8],
    role: i32,
    hw_model: u32,
    snr: f32,
    last_heard: u32,
    hops: Option<u8>,
    via_mqtt: bool,
    place: Option<(i32, i32, u32)>,
    battery: Option<u32>,
    air: Option<(f32, f32, f32)>,
    uptime: Option<u32>,
}

impl Listed<'_> {
    fn info(&self) -> proto::NodeInfo {
        let few = node_num(self.num.to_le_bytes()[0]).0;
        proto::NodeInfo {
            num: if self.is_few { few } else { self.num },
            user: Some(proto::User {
                long_name: self.long.to_vec(),
                short_name: self.short.to_vec(),
                role: self.role,
                hw_model: self.hw_model,
                ..Default::default()
            }),
            snr: self.snr,
            last_heard: self.last_heard,
            hops_away: self.hops.map(u32::from),
            via_mqtt: self.via_mqtt,
            position: self.place.map(|(latitude, longitude, time)| {
                let (latitude_i, longitude_i) = (Some(latitude), Some(longitude));
                proto::Position {
                    latitude_i,
                    longitude_i,
                    time,
                    ..Default::default()
                }
            }),
            device_metrics: Some(proto::DeviceMetrics {
                battery_level: self.battery,
                voltage: self.air.map(|air| air.0),
                channel_utilization: self.air.map(|air| air.1),
                air_util_tx: self.air.map(|air| air.2),
                uptime_seconds: self.uptime,
            }),
            ..Default::default()
        }
    }
}

impl Frame<'_> {
    /// Longer than a frame can be, it is not said.
    fn bytes(&self, nonce: u32) -> Vec<u8> {
        use from_radio::PayloadVariant as V;
        framed(match self {
            Self::MyInfo {
                num,
                count,
                reboots,
            } => V::MyInfo(proto::MyNodeInfo {
                my_node_num: node_num(*num).0,
                nodedb_count: *count,
                reboot_count: *reboots,
                ..Default::default()
            }),
            Self::Node(listed) => V::NodeInfo(listed.info()),
            Self::Nodes(count, first) => {
                let nums = (0..u32::from(*count)).map(|n| u32::from(*first) + n);
                let infos = nums.map(|num| proto::NodeInfo {
                    num,
                    ..Default::default()
                });
                return infos.flat_map(|info| framed(V::NodeInfo(info))).collect();
            }
            Self::Channel(index, role, name) => V::Channel(proto::Channel {
                index: *index,
                role: *role,
                settings: name.map(|name| proto::ChannelSettings {
                    name: name.to_vec(),
                    ..Default::default()
                }),
            }),
            Self::Lora {
                hop_limit,
                preset,
                use_preset,
                region,
            } => V::Config(proto::Config {
                payload_variant: Some(config::PayloadVariant::Lora(LoRaConfig {
                    hop_limit: *hop_limit,
                    modem_preset: *preset,
                    use_preset: *use_preset,
                    region: *region,
                    ..Default::default()
                })),
            }),
            Self::Metadata {
                version,
                role,
                hw_model,
            } => V::Metadata(proto::DeviceMetadata {
                firmware_version: version.to_vec(),
                role: *role,
                hw_model: *hw_model,
                ..Default::default()
            }),
            Self::Lockdown(state) => V::LockdownStatus(proto::LockdownStatus { state: *state }),
            Self::Complete(other) => V::ConfigCompleteId(other.unwrap_or(nonce)),
            Self::Any(bytes) => {
                let Ok(length) = u16::try_from(bytes.len()) else {
                    return Vec::new();
                };
                let mut framed = vec![0x94, 0xc3];
                framed.extend(length.to_be_bytes());
                framed.extend(*bytes);
                return framed;
            }
        })
    }
}

fn framed(variant: from_radio::PayloadVariant) -> Vec<u8> {
    let message = proto::FromRadio {
        id: 0,
        payload_variant: Some(variant),
    };
    let mut bytes = Vec::new();
    frame::encode(&message, &mut bytes);
    bytes
}

/// The one message in `bytes`, which is for a node.
fn told(bytes: &[u8]) -> to_radio::PayloadVariant {
    let mut decoder = Decoder::default();
    decoder.push(bytes);
    let payload = decoder.next_frame().expect("one frame");
    let message = proto::ToRadio::decode(payload).expect("a message");
    message.payload_variant.expect("a variant")
}

/// A call under way.
struct Call {
    talk: Talk,
    nonce: u32,
    now: Duration,
    /// Everything that came so far, in one piece.
    stream: Vec<u8>,
}

impl Call {
    fn new(input: &Input<'_>) -> Self {
        let now = BEGAN + Duration::from_millis(input.late.into());
        let talk = talk(input, now);
        let nonce = match told(&talk.question()) {
            to_radio::PayloadVariant::WantConfigId(nonce) => nonce,
            other => panic!("{other:?} is no question"),
        };
        // 69421 brings the nodes without saying who they are.
        assert!(nonce != 0 && nonce != 69_421);
        Self {
            talk,
            nonce,
            now,
            stream: Vec::new(),
        }
    }

    /// `None` while there is more to come.
    fn step(&mut self, step: &Step<'_>) -> Option<Result<(), Trouble>> {
        let nonce = self.nonce;
        match step {
            Step::Say(frame) => self.push(&frame.bytes(nonce)),
            Step::Insist(frame, count) => {
                let bytes = frame.bytes(nonce);
                (0..*count % 8).find_map(|_| self.push(&bytes))
            }
            Step::Flood(byte, blocks) => {
                let block = [*byte; 4_096];
                (0..*blocks).find_map(|_| self.push(&block))
            }
            Step::Torn(frame, length) => {
                let mut bytes = frame.bytes(nonce);
                bytes.truncate((*length).into());
                self.push(&bytes)
            }
            Step::Noise(bytes) => self.push(bytes),
            Step::Milliseconds(time) => {
                self.now += Duration::from_millis((*time).into());
                (self.now >= self.talk.deadline()).then(|| Err(self.talk.overdue()))
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) -> Option<Result<(), Trouble>> {
        let before = self.talk.deadline();
        self.stream.extend(bytes);
        let told = self.talk.push(self.now, bytes);
        let due = self.talk.deadline();
        assert!(before <= due && due <= BEGAN + Limits::default().whole);
        match told {
            Ok(false) => None,
            Ok(true) => Some(Ok(())),
            Err(trouble) => Some(Err(trouble)),
        }
    }
}

fn talk(input: &Input<'_>, now: Duration) -> Talk {
    let want = if input.nodes {
        Want::Nodes
    } else {
        Want::Config
    };
    let own = input.own.map(node_num);
    Talk::new(
        want,
        input.nonce,
        Vec::from_iter(own),
        Limits::default(),
        (BEGAN, now),
    )
}

/// Somebody who was asked already.
struct Known(Result<Answer, Trouble>);

impl Others for Known {
    fn names(&self) -> Vec<String> {
        vec!["hill".to_owned()]
    }

    fn nodes(&self, _name: &str, _own: Option<NodeNum>) -> Result<Answer, Trouble> {
        self.0.clone()
    }
}

fn look_at_trouble(trouble: &Trouble) {
    let line = trouble.to_string();
    assert!(!line.is_empty() && line.len() < 200, "{line:?}");
    assert!(!line.contains(char::is_control), "{line:?}");
}

fn look_at_answer(answer: &Answer, own: Option<u8>) {
    assert!(answer.num.is_node());
    assert_ne!(Some(answer.num), own.map(node_num));
    assert!(answer.nodes.len() <= MAX_NODES);
    assert!(answer.channels.len() <= ChannelIndex::COUNT);
    assert!(answer.channels.is_sorted_by_key(|channel| channel.index));
    let now = Now {
        mono: BEGAN,
        unix: BUILT + 1_000_000,
    };
    let sanity = Sanity { built: BUILT };
    let book = answer.book(now, sanity);
    assert!(answer.others(&book).len() <= answer.nodes.len());
    for topic in [Topic::Nodes, Topic::Info, Topic::Channels] {
        let table = ask::table(topic, answer, now, sanity);
        assert!(table.is_empty() || table.ends_with('\n'));
        for line in table.lines() {
            assert!(line.len() <= LINE_MAX, "{line:?}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
}

/// The operator asks the bot for it.
fn look_at_list(told: Result<Answer, Trouble>, lang: u8, limit: u8) {
    let is_answer = told.is_ok();
    let mut rig = Rig::new(lang, limit, Some(Arc::new(Known(told))));
    let first = rig.order(b"/nodes @hill".to_vec());
    assert!(!first.is_empty(), "no answer");
    if is_answer {
        for (secs, order) in [(10, "/nodes @hill 2"), (20, "/more")] {
            rig.now = rig.now.plus(Duration::from_secs(secs));
            let said = rig.order(order.into());
            assert!(!said.is_empty(), "no answer to {order}");
        }
    }
    // The operator alone was heard.
    assert!(rig.known() <= 2, "{} nodes", rig.known());
}

/// Lives through the steps that `bytes` are understood as.
pub fn run(bytes: &[u8]) {
    let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(bytes)) else {
        return;
    };
    let mut call = Call::new(&input);
    let came = input.steps.iter().find_map(|step| call.step(step));
    let is_late = came.as_ref().is_some_and(|came| match came {
        Err(Trouble::SilenceTimeout(_) | Trouble::WholeTimeout(_)) => true,
        _ => call.now >= call.talk.deadline(),
    });
    // What is left unfinished, the other side closes.
    let came = came.unwrap_or_else(|| Err(call.talk.closed()));
    let told = came.map(|()| call.talk.finish());

    if call.stream.len() <= SINGLE_MAX && !is_late {
        let mut single = talk(&input, BEGAN);
        let mut bytes = call.stream.iter();
        let came = bytes.find_map(|byte| match single.push(BEGAN, &[*byte]) {
            Ok(false) => None,
            Ok(true) => Some(Ok(())),
            Err(trouble) => Some(Err(trouble)),
        });
        let came = came.unwrap_or_else(|| Err(single.closed()));
        let alike = came.map(|()| single.finish());
        // What is no number does not even equal itself.
        assert_eq!(format!("{told:?}"), format!("{alike:?}"), "byte by byte");
    }

    assert_eq!(
        self::told(&goodbye()),
        to_radio::PayloadVariant::Disconnect(true)
    );
    match &told {
        Ok(answer) => look_at_answer(answer, input.own),
        Err(trouble) => look_at_trouble(trouble),
    }
    look_at_list(told, input.lang, input.limit);
}
