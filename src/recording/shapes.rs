//! What of a message is written into a recording, field by field.
//!
//! A list of what stays, not of what goes: firmware adds fields, and what is
//! not listed here is left out. A test compares the list with
//! `proto/meshbot.proto`, which holds no key and no password.

use crate::proto::PortNum;

/// How a field is kept.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// A number or a flag.
    Number,
    /// A `fixed32` or a `float`.
    Fixed,
    /// Several numbers, packed or not.
    Numbers,
    /// A name, a public key or the like.
    Bytes,
    /// As many zeros as it has bytes.
    Blank,
    /// What a packet carries: its port says what becomes of it.
    Payload,
    /// A message.
    Of(&'static Shape),
}

/// What is kept of a message, by the numbers of its fields.
pub type Shape = [(u32, Kept)];

/// What is kept of a packet's content.
#[derive(Clone, Copy, Debug)]
pub enum Inside {
    /// Words.
    Text,
    /// A message.
    Message(&'static Shape),
    /// Its length.
    Length,
}

/// By the port that a packet is for.
#[must_use]
pub fn inside(port: u32) -> Inside {
    match i32::try_from(port).map(PortNum::try_from) {
        Ok(Ok(PortNum::TextMessageApp | PortNum::AlertApp)) => Inside::Text,
        Ok(Ok(PortNum::PositionApp)) => Inside::Message(POSITION),
        Ok(Ok(PortNum::NodeinfoApp)) => Inside::Message(USER),
        Ok(Ok(PortNum::RoutingApp)) => Inside::Message(ROUTING),
        Ok(Ok(PortNum::AdminApp)) => Inside::Message(ADMIN),
        Ok(Ok(PortNum::TelemetryApp)) => Inside::Message(TELEMETRY),
        Ok(Ok(PortNum::TracerouteApp)) => Inside::Message(ROUTE),
        Ok(Ok(PortNum::NeighborinfoApp)) => Inside::Message(NEIGHBORS),
        // Waypoints, stored texts, what a simulated radio echoes, and whatever
        // there is that meshbot does not read.
        _ => Inside::Length,
    }
}

use Kept::{Blank, Bytes, Fixed, Number, Numbers, Of, Payload};

/// From the node.
pub const FROM_RADIO: &Shape = &[
    (1, Number),
    (2, Of(PACKET)),
    (3, Of(MY_INFO)),
    (4, Of(NODE)),
    (5, Of(CONFIG)),
    (7, Number),
    (8, Number),
    (9, Of(MODULE)),
    (10, Of(CHANNEL)),
    (11, Of(QUEUE)),
    (13, Of(METADATA)),
    (15, Of(FILE)),
    (16, Of(NOTIFICATION)),
    (17, Of(NOTHING)),
    (18, Of(LOCKDOWN)),
];

/// To the node.
pub const TO_RADIO: &Shape = &[
    (1, Of(PACKET)),
    (3, Number),
    (4, Number),
    (7, Of(HEARTBEAT)),
];

const HEARTBEAT: &Shape = &[(1, Number)];
/// That it is there, and nothing of it: keys, passwords and PINs are in these.
const NOTHING: &Shape = &[];
/// The session's passkey is another field, and so is everything that a node
/// answers about its settings.
const ADMIN: &Shape = &[(43, Fixed)];
/// `device_id` is known and left out: it is of use to nobody here.
const MY_INFO: &Shape = &[
    (1, Number),
    (8, Number),
    (11, Number),
    (13, Bytes),
    (15, Number),
];
const NODE: &Shape = &[
    (1, Number),
    (2, Of(USER)),
    (3, Of(POSITION)),
    (4, Fixed),
    (5, Fixed),
    (6, Of(DEVICE)),
    (7, Number),
    (8, Number),
    (9, Number),
    (10, Number),
    (11, Number),
];
const METADATA: &Shape = &[
    (1, Bytes),
    (2, Number),
    (4, Number),
    (7, Number),
    (9, Number),
    (11, Number),
];
const QUEUE: &Shape = &[(1, Number), (2, Number), (3, Number), (4, Number)];
const NOTIFICATION: &Shape = &[(1, Number), (2, Fixed), (3, Number), (4, Bytes)];
const FILE: &Shape = &[(1, Bytes), (2, Number)];
const LOCKDOWN: &Shape = &[(1, Number)];
const CHANNEL: &Shape = &[(1, Number), (2, Of(CHANNEL_SETTINGS)), (3, Number)];
const CHANNEL_SETTINGS: &Shape = &[(3, Bytes), (5, Number), (6, Number)];
const CONFIG: &Shape = &[
    (1, Of(CONFIG_DEVICE)),
    (2, Of(NOTHING)),
    (3, Of(NOTHING)),
    (4, Of(NOTHING)),
    (5, Of(NOTHING)),
    (6, Of(CONFIG_LORA)),
    (7, Of(NOTHING)),
    (8, Of(NOTHING)),
    (9, Of(NOTHING)),
    (10, Of(NOTHING)),
];
const CONFIG_DEVICE: &Shape = &[(1, Number), (7, Number)];
const CONFIG_LORA: &Shape = &[
    (1, Number),
    (2, Number),
    (3, Number),
    (4, Number),
    (5, Number),
    (7, Number),
    (8, Number),
    (9, Number),
    (10, Number),
    (12, Number),
];
const MODULE: &Shape = &[
    (1, Of(NOTHING)),
    (2, Of(NOTHING)),
    (3, Of(NOTHING)),
    (4, Of(NOTHING)),
    (5, Of(NOTHING)),
    (6, Of(NOTHING)),
    (7, Of(NOTHING)),
    (8, Of(NOTHING)),
    (9, Of(NOTHING)),
    (10, Of(NOTHING)),
    (11, Of(NOTHING)),
    (12, Of(NOTHING)),
    (13, Of(NOTHING)),
];
const PACKET: &Shape = &[
    (1, Fixed),
    (2, Fixed),
    (3, Number),
    (4, Of(DATA)),
    (5, Blank),
    (6, Fixed),
    (7, Fixed),
    (8, Fixed),
    (9, Number),
    (10, Number),
    (11, Number),
    (12, Number),
    (14, Number),
    (15, Number),
    (16, Bytes),
    (17, Number),
    (18, Number),
    (19, Number),
    (21, Number),
];
pub(super) const DATA: &Shape = &[
    (1, Number),
    (2, Payload),
    (3, Number),
    (4, Fixed),
    (5, Fixed),
    (6, Fixed),
    (7, Fixed),
    (8, Fixed),
    (9, Number),
];
const ROUTING: &Shape = &[(1, Of(ROUTE)), (2, Of(ROUTE)), (3, Number)];
const ROUTE: &Shape = &[(1, Numbers), (2, Numbers), (3, Numbers), (4, Numbers)];
const USER: &Shape = &[
    (1, Bytes),
    (2, Bytes),
    (3, Bytes),
    (5, Number),
    (6, Number),
    (7, Number),
    (8, Bytes),
    (9, Number),
];
const POSITION: &Shape = &[
    (1, Fixed),
    (2, Fixed),
    (3, Number),
    (4, Fixed),
    (15, Number),
    (19, Number),
    (23, Number),
];
const TELEMETRY: &Shape = &[
    (1, Fixed),
    (2, Of(DEVICE)),
    (3, Of(ENVIRONMENT)),
    (6, Of(LOCAL)),
];
const DEVICE: &Shape = &[(1, Number), (2, Fixed), (3, Fixed), (4, Fixed), (5, Number)];
const ENVIRONMENT: &Shape = &[(1, Fixed), (2, Fixed), (3, Fixed)];
const LOCAL: &Shape = &[
    (1, Number),
    (2, Fixed),
    (3, Fixed),
    (4, Number),
    (5, Number),
    (6, Number),
    (7, Number),
    (8, Number),
];
const NEIGHBORS: &Shape = &[(1, Number), (2, Number), (3, Number), (4, Of(NEIGHBOR))];
const NEIGHBOR: &Shape = &[(1, Number), (2, Fixed)];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// What the definitions know and a recording does not hold.
    const WITHHELD: &[(&str, u32)] = &[("MyNodeInfo", 12)];

    /// Message by message its fields: number, type, whether repeated.
    fn definitions() -> BTreeMap<String, Vec<(u32, String, bool)>> {
        let text = include_str!("../../proto/meshbot.proto");
        let mut open: Vec<(String, bool)> = Vec::new();
        let mut found: BTreeMap<String, Vec<(u32, String, bool)>> = BTreeMap::new();
        for line in text.lines().map(str::trim) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["message", name, "{}"] => {
                    found.insert(name.to_owned(), Vec::new());
                }
                ["message", name, "{"] => {
                    found.insert(name.to_owned(), Vec::new());
                    open.push((name.to_owned(), true));
                }
                ["enum" | "oneof", _, "{"] => {
                    open.push((String::new(), words[0] == "oneof"));
                }
                ["}"] => drop(open.pop()),
                [.., kind, _, "=", number] if open.last().is_some_and(|it| it.1) => {
                    let message = open.iter().rev().find(|it| !it.0.is_empty());
                    let number = number.trim_end_matches(';').parse().unwrap();
                    let field = (number, kind.to_owned(), words[0] == "repeated");
                    found.get_mut(&message.unwrap().0).unwrap().push(field);
                }
                _ => {}
            }
        }
        found
    }

    fn compare(name: &str, shape: &Shape, all: &BTreeMap<String, Vec<(u32, String, bool)>>) {
        let fields: Vec<_> = (all[name].iter())
            .filter(|(number, ..)| !WITHHELD.contains(&(name, *number)))
            .collect();
        let numbers: Vec<u32> = fields.iter().map(|(number, ..)| *number).collect();
        let mut kept: Vec<u32> = shape.iter().map(|(number, _)| *number).collect();
        kept.sort_unstable();
        assert_eq!(kept, numbers, "{name}");
        for (number, kind, repeated) in fields {
            let (_, kept) = shape.iter().find(|it| it.0 == *number).unwrap();
            match (kind.as_str(), repeated, kept) {
                ("fixed32" | "sfixed32" | "float", false, Fixed)
                | ("fixed32" | "int32", true, Numbers)
                | ("bytes", false, Bytes | Blank | Payload) => {}
                (other, _, Of(shape)) if all.contains_key(other) => compare(other, shape, all),
                (other, false, Number) => assert!(!all.contains_key(other), "{name} {number}"),
                _ => panic!("{name} {number}: {kind} is kept as {kept:?}"),
            }
        }
    }

    #[test]
    fn everything_that_the_bot_reads_is_kept_and_nothing_else() {
        let all = definitions();
        assert!(all.len() > 40, "{}", all.len());
        for (name, shape) in [
            ("FromRadio", FROM_RADIO),
            ("ToRadio", TO_RADIO),
            ("AdminMessage", ADMIN),
            ("Routing", ROUTING),
            ("RouteDiscovery", ROUTE),
            ("User", USER),
            ("Position", POSITION),
            ("Telemetry", TELEMETRY),
            ("NeighborInfo", NEIGHBORS),
        ] {
            compare(name, shape, &all);
        }
    }
}
