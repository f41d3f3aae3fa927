//! How the moon looks: chapter 48.

use super::sky::{Ecliptic, Moment};
use super::{moon, sun};

/// A new moon, a quarter or a full moon is so called while the elongation is
/// within this many degrees of it. The moon gains 12.2° on the sun in a day,
/// so that each of the four has its name for about a day, half of it before
/// the exact instant.
const PRINCIPAL_DEG: f64 = 6.0;

/// How the moon looks at an instant, seen from the centre of the Earth. From
/// a place on the ground it differs by less than 1 % of the disc.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Moon {
    /// The part of the disc that is lit, 0 to 1.
    pub illuminated: f64,
    /// How far the moon is ahead of the sun along the ecliptic, in degrees: 0
    /// at new moon, 180 at full moon, 360 not included.
    pub elongation: f64,
    /// The same in words.
    pub phase: Phase,
}

/// The eight phases of the moon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names of the phases")]
pub enum Phase {
    New,
    WaxingCrescent,
    FirstQuarter,
    WaxingGibbous,
    Full,
    WaningGibbous,
    LastQuarter,
    WaningCrescent,
}

impl Phase {
    /// All of them, from one new moon to the next.
    pub const ALL: [Self; 8] = [
        Self::New,
        Self::WaxingCrescent,
        Self::FirstQuarter,
        Self::WaxingGibbous,
        Self::Full,
        Self::WaningGibbous,
        Self::LastQuarter,
        Self::WaningCrescent,
    ];

    /// The phase at an elongation of 0° to 360°. The four principal ones take
    /// 6° to each side, the others what is between.
    fn at(elongation: f64) -> Self {
        let mut quarter = 0.0;
        for pair in Self::ALL.chunks_exact(2) {
            if elongation <= quarter + PRINCIPAL_DEG {
                return pair[0];
            }
            if elongation < quarter + 90.0 - PRINCIPAL_DEG {
                return pair[1];
            }
            quarter += 90.0;
        }
        Self::New
    }
}

/// The moon at `unix` seconds.
#[must_use]
pub fn moon_phase(unix: i64) -> Moon {
    let moment = Moment::at(unix);
    let (moon, sun) = (moon::position(&moment), sun::position(&moment));
    let ahead = (moon.longitude - sun.longitude)
        .to_degrees()
        .rem_euclid(360.0);
    // A tiny negative angle rounds up to 360 itself.
    let elongation = if ahead < 360.0 { ahead } else { 0.0 };
    Moon {
        illuminated: illuminated(&moon, &sun),
        elongation,
        phase: Phase::at(elongation),
    }
}

/// The part of the moon's disc that the sun lights (formulas 48.1 to 48.3).
fn illuminated(moon: &Ecliptic, sun: &Ecliptic) -> f64 {
    let cos_apart = moon.latitude.cos() * (moon.longitude - sun.longitude).cos();
    let sin_apart = (1.0 - cos_apart * cos_apart).max(0.0).sqrt();
    let phase_angle = (sun.distance * sin_apart).atan2(moon.distance - sun.distance * cos_apart);
    f64::midpoint(1.0, phase_angle.cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_example_comes_out() {
        // Example 48.a: 1992-04-12 0h TD, with the TD of today's leap seconds.
        let moon = moon_phase(703_036_731);
        assert!((moon.illuminated - 0.6786).abs() < 0.000_05, "{moon:?}");
        assert_eq!(moon.phase, Phase::WaxingGibbous);
    }

    #[test]
    fn each_phase_has_its_stretch() {
        let phases: Vec<_> = [
            0.0, 6.0, 6.1, 83.9, 84.0, 96.0, 96.1, 173.9, 174.0, 186.0, 186.1, 263.9, 264.0, 276.0,
            276.1, 353.9, 354.0, 359.9,
        ]
        .map(Phase::at)
        .to_vec();
        use Phase::*;
        assert_eq!(
            phases,
            [
                New,
                New,
                WaxingCrescent,
                WaxingCrescent,
                FirstQuarter,
                FirstQuarter,
                WaxingGibbous,
                WaxingGibbous,
                Full,
                Full,
                WaningGibbous,
                WaningGibbous,
                LastQuarter,
                LastQuarter,
                WaningCrescent,
                WaningCrescent,
                New,
                New
            ]
        );
    }
}
