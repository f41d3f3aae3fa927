//! The three kinds of number that a mesh talks in: nodes, packets, channels.

use std::fmt;

/// A node's number. Displayed as the field does: `!` and eight lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NodeNum(pub u32);

impl NodeNum {
    /// The destination "everybody" (protocol.md §3.3).
    pub const BROADCAST: Self = Self(0xFFFF_FFFF);

    /// Whether a real node can have this number: 0 to 3 and the broadcast
    /// address are never nodes (protocol.md §5.7).
    #[must_use]
    pub fn is_node(self) -> bool {
        self.0 > 3 && self != Self::BROADCAST
    }

    /// All that a packet says about its relay: the last byte of the number
    /// (protocol.md §3.3 `relay_node`). Numbers that end in 00 call themselves FF
    /// there, because 0 means "unknown" (fw: `getLastByteOfNodeNum`).
    #[must_use]
    pub fn relay_byte(self) -> u8 {
        match self.0.to_le_bytes()[0] {
            0 => 0xFF,
            byte => byte,
        }
    }

    /// Reads `!1a2b3c4d`, as nodes are written everywhere; the mark may be
    /// missing. `None` when it is not exactly eight hex digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('!').unwrap_or(text);
        if digits.len() != 8 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        u32::from_str_radix(digits, 16).ok().map(Self)
    }

    /// The numbers that somebody can mean: `!1a2b3c4d` and `1a2b3c4d`, `0x1a2b3c4d`,
    /// and `439041101`, as apps show them, the likeliest first. Decimal numbers
    /// have eight digits at least; with fewer it is rather the end of one.
    pub fn typed(text: &str) -> impl Iterator<Item = Self> + use<> {
        let prefixed = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        let hex = Self::parse(prefixed.filter(|it| !it.starts_with('!')).unwrap_or(text));
        let is_decimal = text.len() >= 8 && text.bytes().all(|b| b.is_ascii_digit());
        let decimal = text.parse().ok().filter(|_| is_decimal).map(Self);
        hex.into_iter().chain(decimal)
    }
}

impl fmt::Display for NodeNum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "!{:08x}", self.0)
    }
}

impl fmt::Debug for NodeNum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A packet's id: 32 bits, unique per sender. 0 means "none".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PacketId(pub u32);

impl PacketId {
    /// `None` for 0, which is no key (protocol.md §5.3).
    #[must_use]
    pub fn known(self) -> Option<Self> {
        (self.0 != 0).then_some(self)
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The index of a channel in our own node's table: 0 to 7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct ChannelIndex(pub u8);

impl ChannelIndex {
    /// A node has this many channels, disabled ones included (protocol.md §2.2).
    pub const COUNT: usize = 8;

    /// Its place in a set of channels; nowhere when no node has this channel.
    #[must_use]
    pub fn bit(self) -> u8 {
        1_u8.checked_shl(u32::from(self.0)).unwrap_or(0)
    }
}

impl fmt::Display for ChannelIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_can_be_searched_for_what_a_packet_is_called() {
        let id = PacketId(0x00ab_cdef);
        assert_eq!(format!("{id} {id:?}"), "00abcdef 00abcdef");
        let node = NodeNum(0x0bad_cafe);
        assert_eq!(format!("{node:?}"), "!0badcafe");
    }

    #[test]
    fn every_channel_has_its_bit() {
        let bits: Vec<_> = (0..9).map(|index| ChannelIndex(index).bit()).collect();
        assert_eq!(bits, [1, 2, 4, 8, 16, 32, 64, 128, 0]);
    }

    #[test]
    fn node_numbers_are_written_and_read_as_the_field_does() {
        assert_eq!(NodeNum(0x0bad_cafe).to_string(), "!0badcafe");
        assert_eq!(NodeNum::parse("!0BADCAFE"), Some(NodeNum(0x0bad_cafe)));
        assert_eq!(NodeNum::parse("0badcafe"), Some(NodeNum(0x0bad_cafe)));
        for wrong in ["", "!", "!badcafe", "!0badcafe0", "!0badcafg", "+badcafe"] {
            assert_eq!(NodeNum::parse(wrong), None, "{wrong}");
        }
    }

    /// T16.
    #[test]
    fn numbers_are_read_in_every_form_that_apps_show() {
        let num = NodeNum(0x5100_0001);
        for text in [
            "!51000001",
            "51000001",
            "0x51000001",
            "0X51000001",
            "1358954497",
        ] {
            assert_eq!(NodeNum::typed(text).next(), Some(num), "{text}");
        }
        let both: Vec<_> = NodeNum::typed("12345678").collect();
        assert_eq!(both, [NodeNum(0x1234_5678), NodeNum(12_345_678)]);
        for wrong in [
            "0x!51000001",
            "0x5100001",
            "+1358954497",
            "4294967296",
            "1234567",
            "",
        ] {
            assert_eq!(NodeNum::typed(wrong).next(), None, "{wrong}");
        }
    }

    #[test]
    fn reserved_numbers_are_not_nodes() {
        assert!(!NodeNum(0).is_node() && !NodeNum(3).is_node());
        assert!(!NodeNum::BROADCAST.is_node());
        assert!(NodeNum(4).is_node());
    }
}
