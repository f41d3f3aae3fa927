//! What the commands' tests have in common.

use crate::bot::command::{Ask, Place};
use crate::mesh::{ChannelIndex, Hops, NodeNum, PacketId};

/// A direct question, one hop away.
pub fn ask(name: &str, args: &str) -> Ask {
    Ask {
        from: NodeNum(0x0bad_cafe),
        place: Place::Direct,
        channel: ChannelIndex(0),
        id: PacketId(7),
        line: format!("/{name} {args}").trim().into(),
        args: args.to_owned(),
        is_operator: false,
        hops: Hops::Known(1),
        signal: None,
        relay: None,
        via_mqtt: false,
        age: None,
    }
}
