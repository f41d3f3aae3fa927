//! What the sky does, in the terms of the World Meteorological Organization.

use serde::{Deserialize, Serialize};

/// A WMO weather code as forecasts use it: 0 clear to 99 thunderstorm with
/// heavy hail.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sky(pub u8);

impl Sky {
    /// A small picture of it.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self.0 {
            0 => "☀️",
            1 => "🌤",
            2 => "⛅",
            3 => "☁️",
            45 | 48 => "🌫",
            51 | 53 | 55 | 80 | 81 => "🌦",
            61 | 63 | 65 | 82 => "🌧",
            56 | 57 | 66 | 67 => "🧊",
            71 | 73 | 75 | 77 | 85 | 86 => "🌨",
            95 => "🌩",
            96 | 99 => "⛈",
            _ => "❔",
        }
    }

    /// Whether what falls is snow.
    #[must_use]
    pub fn is_snow(self) -> bool {
        matches!(self.0, 71 | 73 | 75 | 77 | 85 | 86)
    }

    /// How much it matters to somebody outdoors, for finding the worst of a
    /// day. The codes themselves are not in that order: fog is no worse than
    /// rain, and freezing rain is worse than a heavy shower.
    #[must_use]
    pub fn severity(self) -> u8 {
        const ORDER: [u8; 28] = [
            0, 1, 2, 3, 45, 48, 51, 53, 55, 80, 61, 81, 63, 77, 71, 85, 73, 65, 82, 86, 75, 56, 57,
            66, 67, 95, 96, 99,
        ];
        let at = ORDER.iter().position(|&code| code == self.0);
        at.and_then(|at| u8::try_from(at + 1).ok()).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODES: [u8; 28] = [
        0, 1, 2, 3, 45, 48, 51, 53, 55, 56, 57, 61, 63, 65, 66, 67, 71, 73, 75, 77, 80, 81, 82, 85,
        86, 95, 96, 99,
    ];

    #[test]
    fn every_code_has_a_picture_and_a_rank_of_its_own() {
        let mut ranks: Vec<u8> = CODES.iter().map(|&code| Sky(code).severity()).collect();
        ranks.sort_unstable();
        ranks.dedup();
        assert_eq!(ranks.len(), CODES.len());
        for code in CODES {
            assert_ne!(Sky(code).icon(), "❔", "{code}");
        }
        assert_eq!((Sky(44).icon(), Sky(44).severity()), ("❔", 0));
    }

    #[test]
    fn ice_is_worse_than_rain_and_rain_than_fog() {
        for (worse, better) in [(66, 65), (61, 48), (95, 75), (99, 96), (3, 0), (73, 80)] {
            assert!(Sky(worse).severity() > Sky(better).severity());
        }
    }
}
