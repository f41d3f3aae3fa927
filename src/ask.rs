//! Carries out `meshbot ask`: one question to one node, the answer as a table.
//!
//! Whatever a node tells is foreign text: it is cleaned before it is printed,
//! so that no name can steer a terminal.

use std::fmt::{self, Write as _};
use std::io::Write;
use std::time::Duration;

use crate::app::{self, AppError};
use crate::cli::{Ask, Topic};
use crate::config::{Config, ConfigError, find_config};
use crate::link::{Endpoint, lookup, sole};
use crate::mesh::name::{clean, marked};
use crate::mesh::{Hops, NodeBook, NodeNum, Now, Sanity, labels};
use crate::net::Guard;
use crate::proto::channel::Role;
use crate::remote::call::Caller;
use crate::remote::{Answer, Limits, Want};
use crate::store::history::{load, open};

/// More of a firmware's version is not shown, bytes.
const VERSION_MAX: usize = 40;
/// A channel's name has at most 11 bytes (protocol.md §3.13).
const CHANNEL_NAME_MAX: usize = 11;

/// Does what was asked for; the answer goes to `out`, what there is to say
/// about it to `notes`.
///
/// # Errors
/// [`AppError::Config`] when the configuration is wrong, or the named one is
/// not there; otherwise why there is no answer.
pub fn carry_out(
    ask: &Ask,
    now: Now,
    out: &mut dyn Write,
    notes: &mut dyn Write,
) -> Result<(), AppError> {
    let mut note = |text: fmt::Arguments<'_>| {
        // Whoever has closed standard error does not want to know.
        let _ = writeln!(notes, "meshbot: {text}");
    };
    let config = configuration(ask)?;
    let own = config
        .as_ref()
        .filter(|config| !config.host_is_placeholder())
        .map(Config::own_node);
    if own.is_none() {
        note(format_args!(
            "no configuration names a bot's own node, so only nodes of bots that run here are refused"
        ));
    }
    let target = target(ask, config.as_ref());
    let caller = Caller::new(Guard::new(own, lookup::system()), Limits::default());
    let want = match ask.topic {
        Topic::Nodes => Want::Nodes,
        Topic::Info | Topic::Channels => Want::Config,
    };
    let nonce = app::random()?.u32(..);
    // A bot that has just begun has not written it down yet.
    let mut own = sole::nodes();
    own.extend(config.as_ref().and_then(number));
    let answer = caller
        .call(target, want, own, nonce)
        .map_err(|trouble| AppError::Failed(format!("{target}: {trouble}")))?;
    if answer.is_locked {
        note(format_args!(
            "{target}: this node is locked: it gives out no channels and no nodes"
        ));
    }
    let table = table(ask.topic, &answer, now, Sanity::of_build());
    Ok(out.write_all(table.as_bytes())?)
}

/// The configuration that was named, else the one that the bot would read, if
/// there is one.
fn configuration(ask: &Ask) -> Result<Option<Config>, ConfigError> {
    let path = match &ask.config {
        Some(path) => path.clone(),
        None => match find_config(None) {
            Ok(path) => path,
            Err(_) => return Ok(None),
        },
    };
    app::load(Some(path)).map(|(_, config)| Some(config))
}

/// The number of the bot's own node, if its history knows it.
fn number(config: &Config) -> Option<NodeNum> {
    let history = open::read(&config.store.file(), false).ok()?;
    load::nodes(&history).ok()?.0
}

/// A word without a port may be a name of `[remote]`.
fn target<'a>(ask: &'a Ask, config: Option<&'a Config>) -> &'a Endpoint {
    config
        .filter(|_| !ask.has_port)
        .and_then(|config| config.remote.get(&ask.target.host))
        .unwrap_or(&ask.target)
}

/// What there is to print about `topic`, whole lines without anything that steers a
/// terminal.
#[must_use]
pub fn table(topic: Topic, answer: &Answer, now: Now, sanity: Sanity) -> String {
    let book = answer.book(now, sanity);
    match topic {
        Topic::Nodes => nodes(answer, &book, now),
        Topic::Info => info(answer, &book),
        Topic::Channels => channels(answer),
    }
}

/// One line a node, the most recently heard first.
fn nodes(answer: &Answer, book: &NodeBook, now: Now) -> String {
    let nodes = answer.others(book);
    let mut out = format!(
        "{} knows {} other nodes\n",
        names(answer, book),
        nodes.len()
    );
    if !nodes.is_empty() {
        out.push_str("number     heard   way       SNR       short  long name\n");
    }
    for node in nodes {
        let heard = node.age(now).map_or_else(|| "-".to_owned(), brief);
        let way = match (node.hops, node.via_mqtt) {
            (_, true) => "MQTT".to_owned(),
            (Hops::Unknown, _) => "-".to_owned(),
            (Hops::Known(0), _) => "direct".to_owned(),
            (Hops::Known(1), _) => "1 hop".to_owned(),
            (Hops::Known(hops), _) => format!("{hops} hops"),
        };
        let snr = match node.direct_snr(now) {
            Some(snr) => format!("{snr:.1} dB"),
            None => "-".to_owned(),
        };
        let short = node.short_name.as_deref().unwrap_or("-");
        let long = node.long_name.as_deref().unwrap_or("-");
        let long = marked(long, node.num);
        let line = format!(
            "{}  {heard:<6}  {way:<8}  {snr:<8}  {short:<5}  {long}",
            node.num
        );
        line_of(&mut out, format_args!("{}", line.trim_end()));
    }
    out
}

/// One line a fact; what the node does not tell has none.
fn info(answer: &Answer, book: &NodeBook) -> String {
    let mut out = String::new();
    let metadata = &answer.metadata;
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line_of(&mut out, format_args!("{name:<9} {value}"));
        }
    };
    fact("node", Some(names(answer, book)));
    let firmware = clean(&metadata.firmware_version, VERSION_MAX);
    fact("firmware", Some(firmware).filter(|text| !text.is_empty()));
    fact(
        "hardware",
        Some(labels::hardware(metadata.hw_model).into_owned()),
    );
    fact(
        "role",
        Some(match labels::role_name(metadata.role) {
            Some(role) => role.to_owned(),
            None => format!("#{}", metadata.role),
        }),
    );
    let lora = &answer.lora;
    let region = match labels::region_name(lora.region) {
        Some(region) => region.to_owned(),
        None => format!("region #{}", lora.region),
    };
    let modem = labels::modem_name(lora).unwrap_or("unknown preset");
    let hops = lora.hop_limit;
    fact(
        "radio",
        Some(format!("{region}, {modem}, hop limit {hops}")),
    );
    let own = book.get(answer.num);
    let position = own.and_then(|node| node.position);
    fact(
        "position",
        position.map(|at| format!("{:.4},{:.4}", at.latitude(), at.longitude())),
    );
    let metrics = own.map(|node| node.metrics).unwrap_or_default();
    let power = metrics.battery.map(|battery| match battery {
        101.. => "powered from outside".to_owned(),
        battery => format!("{battery} %"),
    });
    let volts = metrics.voltage.filter(|volts| *volts > 0.0);
    let volts = volts.map(|volts| format!("{volts:.2} V"));
    fact("battery", joined([power, volts]));
    let busy = metrics.channel_utilization;
    let own_share = metrics.air_util_tx;
    fact(
        "air",
        joined([
            busy.map(|percent| format!("channel busy {percent:.1} %")),
            own_share.map(|percent| format!("sending {percent:.1} % of the last hour")),
        ]),
    );
    let up = metrics.uptime.map(|secs| Duration::from_secs(secs.into()));
    fact("up", up.map(brief));
    let restarts = Some(answer.reboot_count).filter(|count| *count > 0);
    fact("restarts", restarts.map(|count| count.to_string()));
    fact("nodes", Some(answer.nodedb_count.to_string()));
    out
}

fn joined(parts: [Option<String>; 2]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// One line a channel, by index.
fn channels(answer: &Answer) -> String {
    let mut out = String::new();
    for channel in &answer.channels {
        let role = Role::try_from(channel.role);
        let name = channel.settings.as_ref().map(|settings| &settings.name);
        let shown = match (role, name) {
            (Ok(Role::Disabled), _) => "-".to_owned(),
            // As apps show it (protocol.md §3.13).
            (_, None) => labels::modem_name(&answer.lora).unwrap_or("-").to_owned(),
            (_, Some(name)) if name.is_empty() => {
                labels::modem_name(&answer.lora).unwrap_or("-").to_owned()
            }
            (_, Some(name)) => match clean(name, CHANNEL_NAME_MAX) {
                name if name.is_empty() => "?".to_owned(),
                name => name,
            },
        };
        let role = match role {
            Ok(Role::Disabled) => "disabled".to_owned(),
            Ok(Role::Primary) => "primary".to_owned(),
            Ok(Role::Secondary) => "secondary".to_owned(),
            Err(_) => format!("role #{}", channel.role),
        };
        line_of(
            &mut out,
            format_args!("{}  {shown:<CHANNEL_NAME_MAX$}  {role}", channel.index),
        );
    }
    out
}

/// `Hill Relay (HILL) !a1b2c3d4`.
fn names(answer: &Answer, book: &NodeBook) -> String {
    let own = book.get(answer.num);
    let long = own.and_then(|node| node.long_name.as_deref());
    let short = own.and_then(|node| node.short_name.as_deref());
    let mut text = marked(long.unwrap_or_default(), answer.num).into_owned();
    if let Some(short) = short {
        let _ = write!(text, " ({short})");
    }
    let _ = write!(text, " {}", answer.num);
    text.trim_start().to_owned()
}

fn line_of(out: &mut String, line: fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{line}");
}

/// In its largest unit, rounded down.
fn brief(time: Duration) -> String {
    match time.as_secs() {
        secs if secs < 60 => format!("{secs} s"),
        secs if secs < 3_600 => format!("{} min", secs / 60),
        secs if secs < 86_400 => format!("{} h", secs / 3_600),
        secs => format!("{} d", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{self, config::LoRaConfig};
    use expect_test::{Expect, expect};

    const NOW: Now = Now {
        mono: Duration::ZERO,
        unix: 2_100_000_000,
    };

    fn node(num: u32, long: &str, short: &str, heard_ago: Option<u32>) -> proto::NodeInfo {
        let now = u32::try_from(NOW.unix).unwrap();
        proto::NodeInfo {
            num,
            user: Some(proto::User {
                long_name: long.into(),
                short_name: short.into(),
                ..proto::User::default()
            }),
            last_heard: heard_ago.map_or(0, |ago| now - ago),
            ..proto::NodeInfo::default()
        }
    }

    fn hill() -> Answer {
        let channel = |index, name: &str, role| proto::Channel {
            index,
            settings: Some(proto::ChannelSettings {
                name: name.into(),
                ..proto::ChannelSettings::default()
            }),
            role,
        };
        Answer {
            num: NodeNum(0xa1b2_c3d4),
            nodedb_count: 5,
            reboot_count: 12,
            metadata: proto::DeviceMetadata {
                firmware_version: b"2.7.26.54e0d8d\x1b]0;x\x07".to_vec(),
                role: 2,
                hw_model: 43,
                ..proto::DeviceMetadata::default()
            },
            lora: LoRaConfig {
                use_preset: true,
                region: 3,
                hop_limit: 3,
                ..LoRaConfig::default()
            },
            channels: vec![
                channel(0, "", 1),
                channel(1, "a\x1b[31mb\u{202e}", 2),
                channel(2, "\x07", 9),
                channel(3, "", 0),
            ],
            nodes: vec![
                proto::NodeInfo {
                    position: Some(proto::Position {
                        latitude_i: Some(481_234_567),
                        longitude_i: Some(23_456_789),
                        ..proto::Position::default()
                    }),
                    device_metrics: Some(proto::DeviceMetrics {
                        battery_level: Some(87),
                        voltage: Some(4.049),
                        channel_utilization: Some(12.34),
                        air_util_tx: Some(1.0),
                        uptime_seconds: Some(273_600),
                    }),
                    ..node(0xa1b2_c3d4, "Hill Relay", "HILL", None)
                },
                node(0x1111_0003, "Never Heard", "NVR", None),
                proto::NodeInfo {
                    hops_away: Some(2),
                    ..node(0x1111_0002, "Two\x1b[2J\r\nLines", "\x1b[m2", Some(7_200))
                },
                proto::NodeInfo {
                    hops_away: Some(0),
                    snr: 6.25,
                    ..node(0x1111_0001, "Alice Neighbour", "ALIC", Some(300))
                },
                proto::NodeInfo {
                    via_mqtt: true,
                    hops_away: Some(1),
                    ..node(0x1111_0000, "", "", Some(7_200))
                },
            ],
            ..Answer::default()
        }
    }

    fn check(topic: Topic, expected: Expect) {
        let table = table(topic, &hill(), NOW, Sanity { built: 1 });
        assert!(
            !table.replace('\n', "").contains(char::is_control),
            "{table:?}"
        );
        expected.assert_eq(&table);
    }

    #[test]
    fn the_nodes_in_a_stable_order() {
        check(
            Topic::Nodes,
            expect![[r#"
            Hill Relay (HILL) !a1b2c3d4 knows 4 other nodes
            number     heard   way       SNR       short  long name
            !11110001  5 min   direct    6.2 dB    ALIC   Alice Neighbour
            !11110000  2 h     MQTT      -         -      -
            !11110002  2 h     2 hops    -         [m2    Two[2J Lines
            !11110003  -       -         -         NVR    Never Heard
        "#]],
        );
    }

    #[test]
    fn the_node_itself() {
        check(
            Topic::Info,
            expect![[r#"
            node      Hill Relay (HILL) !a1b2c3d4
            firmware  2.7.26.54e0d8d]0;x
            hardware  HELTEC_V3
            role      ROUTER
            radio     EU_868, LongFast, hop limit 3
            position  48.1235,2.3457
            battery   87 %, 4.05 V
            air       channel busy 12.3 %, sending 1.0 % of the last hour
            up        3 d
            restarts  12
            nodes     5
        "#]],
        );
        let bare = Answer {
            num: NodeNum(7),
            ..Answer::default()
        };
        expect![[r#"
            node      !00000007
            hardware  UNSET
            role      CLIENT
            radio     UNSET, Custom, hop limit 0
            nodes     0
        "#]]
        .assert_eq(&table(Topic::Info, &bare, NOW, Sanity { built: 1 }));
    }

    #[test]
    fn the_channels() {
        check(
            Topic::Channels,
            expect![[r#"
            0  LongFast     primary
            1  a[31mb       secondary
            2  ?            role #9
            3  -            disabled
        "#]],
        );
    }
}
