//! How far apart two places are, and how far off that can be: most nodes round
//! their position to a grid before they tell it, by default to kilometres.

use super::Position;

/// What a distance may be off by before that has to be said: two hundredths.
const SLIGHT: f64 = 0.02;

/// The distance of two places.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Apart {
    /// Metres between the places that were told.
    pub metres: f64,
    /// Metres that it can be more or less.
    pub unsure: f64,
}

impl Apart {
    /// Of these two.
    #[must_use]
    pub fn between(a: &Position, b: &Position) -> Self {
        Self {
            metres: a.distance_m(b),
            unsure: a.unsure_m() + b.unsure_m(),
        }
    }

    /// Metres that lie between the two for certain.
    #[must_use]
    pub fn least(&self) -> f64 {
        (self.metres - self.unsure).max(0.0)
    }

    /// Metres that lie between them at most.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.metres + self.unsure
    }

    /// Whether it is far enough off to be said.
    #[must_use]
    pub fn is_rough(&self) -> bool {
        self.unsure > SLIGHT * self.metres
    }

    /// Whether they may as well be at the same place.
    #[must_use]
    pub fn may_be_nothing(&self) -> bool {
        self.unsure > self.metres
    }

    /// Whether the direction is right to the next point of the compass: within
    /// 30 degrees.
    #[must_use]
    pub fn has_direction(&self) -> bool {
        self.metres >= 1.0 && 2.0 * self.unsure <= self.metres
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(latitude_i: i32, longitude_i: i32, precision_bits: u32) -> Position {
        Position {
            precision_bits,
            ..Position::from_e7(latitude_i, longitude_i).unwrap()
        }
    }

    /// As firmware does it: the lower bits go, and half a cell is added.
    fn as_told(place: Position, bits: u32) -> Position {
        let cut = |coordinate: i32| (coordinate & (-1 << (32 - bits))) + (1 << (31 - bits));
        Position {
            precision_bits: bits,
            ..Position::from_e7(cut(place.latitude_i), cut(place.longitude_i)).unwrap()
        }
    }

    #[test]
    fn two_of_thirteen_bits() {
        let (a, b) = (
            at(480_000_000, 20_000_000, 13),
            at(480_000_000, 20_670_000, 13),
        );
        let apart = Apart::between(&a, &b);
        assert!((apart.metres - 4_985.0).abs() < 5.0, "{apart:?}");
        assert!((apart.unsure - 7_014.0).abs() < 20.0, "{apart:?}");
        assert!(apart.is_rough() && apart.may_be_nothing());
        assert!(!apart.has_direction());
        assert!(apart.least() < 0.1);
        assert!((apart.most() - 11_999.0).abs() < 25.0, "{apart:?}");
    }

    #[test]
    fn the_exact_and_the_unspecified_are_taken_for_exact() {
        for bits in [0, 32, 33, u32::MAX] {
            let here = at(480_000_000, 20_000_000, bits);
            let apart = Apart::between(&here, &at(480_000_000, 20_670_000, 32));
            assert!((apart.least() - apart.most()).abs() < 0.1, "{apart:?}");
            assert!(!apart.is_rough() && !apart.may_be_nothing() && apart.has_direction());
            assert!(!Apart::between(&here, &here).has_direction());
        }
    }

    proptest! {
        /// Whatever grids two nodes round to, the truth lies in between.
        #[test]
        fn the_truth_is_between_least_and_most(
            a in (-700_000_000..=700_000_000, -1_700_000_000..=1_700_000_000),
            north in -30_000_000..=30_000_000,
            east in -30_000_000..=30_000_000,
            bits in (10_u32..32, 10_u32..32),
        ) {
            let (a, b) = (at(a.0, a.1, 32), at(a.0 + north, a.1 + east, 32));
            let truth = a.distance_m(&b);
            let told = Apart::between(&as_told(a, bits.0), &as_told(b, bits.1));
            // A cell is a little wider on its side towards the equator.
            let slack = 0.1 + 0.01 * told.unsure;
            prop_assert!(told.least() - slack <= truth, "{told:?} {truth}");
            prop_assert!(truth <= told.most() + slack, "{told:?} {truth}");
        }
    }
}
