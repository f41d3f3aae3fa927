//! What packets are for, as far as people care.

use crate::lang::{Lang, Text};
use crate::proto::PortNum;

/// What a packet was for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// A text.
    Text,
    /// A position.
    Position,
    /// Battery, air time, weather of a node.
    Telemetry,
    /// Name and key.
    NodeInfo,
    /// Acknowledgements and failures.
    Routing,
    /// The way to a node.
    Traceroute,
    /// Whom a node hears.
    Neighbours,
    /// Not readable for our node.
    Unreadable,
    /// Everything else.
    Other,
}

impl Kind {
    /// All of them, and the words by which they can be asked for.
    pub const ALL: [(Self, Text, &'static [&'static str]); 9] = [
        (
            Self::Text,
            Text::KindText,
            &["text", "texts", "texte", "textes", "msg", "messages"],
        ),
        (
            Self::Position,
            Text::KindPosition,
            &["pos", "position", "positions"],
        ),
        (
            Self::Telemetry,
            Text::KindTelemetry,
            &["tele", "telemetry", "telemetrie"],
        ),
        (
            Self::NodeInfo,
            Text::KindNodeInfo,
            &["node", "nodes", "info", "nodeinfo"],
        ),
        (
            Self::Routing,
            Text::KindRouting,
            &["routing", "routage", "ack"],
        ),
        (
            Self::Traceroute,
            Text::KindTraceroute,
            &["trace", "traceroute"],
        ),
        (
            Self::Neighbours,
            Text::KindNeighbours,
            &["neighbors", "neighbours", "voisins", "voisinage"],
        ),
        (
            Self::Unreadable,
            Text::KindUnreadable,
            &["unreadable", "illisible", "illisibles", "encrypted"],
        ),
        (Self::Other, Text::KindOther, &["other", "autre", "autres"]),
    ];

    /// The kind of what goes to a port; as the recorder numbers them.
    #[must_use]
    pub fn of(port: i32) -> Self {
        if port == -1 {
            return Self::Unreadable;
        }
        match PortNum::try_from(port) {
            Ok(PortNum::TextMessageApp) => Self::Text,
            Ok(PortNum::PositionApp) => Self::Position,
            Ok(PortNum::TelemetryApp) => Self::Telemetry,
            Ok(PortNum::NodeinfoApp) => Self::NodeInfo,
            Ok(PortNum::RoutingApp) => Self::Routing,
            Ok(PortNum::TracerouteApp) => Self::Traceroute,
            Ok(PortNum::NeighborinfoApp) => Self::Neighbours,
            _ => Self::Other,
        }
    }

    /// The kind that a (folded) word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find_map(|(kind, _, words)| words.contains(&word).then_some(*kind))
    }

    /// What it is called in answers.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        let mut all = Self::ALL.iter();
        all.find_map(|(kind, name, _)| (*kind == self).then(|| name.plain(lang)))
            .unwrap_or("?")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_words_of_its_own() {
        for (kind, _, words) in Kind::ALL {
            assert!(words.iter().all(|word| Kind::parse(word) == Some(kind)));
        }
        assert_eq!(Kind::of(i32::MAX), Kind::Other);
        assert_eq!(Kind::of(-2), Kind::Other);
    }
}
