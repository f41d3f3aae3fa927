//! Places on the globe: distance, direction, and how exactly to tell them.
//!
//! A [`Position`] is always a real one: absent, 0/0 and out-of-range
//! coordinates never become one (protocol.md §3.8).

use super::plausible::{self, LATITUDE_E7, LONGITUDE_E7};
use crate::proto;

/// Mean radius of the Earth in metres (IUGG), good to 0.5 % on a sphere.
const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// Length of one unit of `latitude_i`, in metres.
const METRES_PER_UNIT: f64 = EARTH_RADIUS_M * std::f64::consts::PI / 180.0 / 1e7;

/// Decimal places that `latitude_i` and `longitude_i` have.
const DECIMALS: u32 = 7;

/// Where a node says it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Degrees north × 10⁷, −90° to 90°.
    pub latitude_i: i32,
    /// Degrees east × 10⁷, −180° to 180°.
    pub longitude_i: i32,
    /// Metres above sea level.
    pub altitude: Option<i32>,
    /// 32 is exact, less is a coarser grid, 0 unspecified (protocol.md §3.8).
    pub precision_bits: u32,
}

impl Position {
    /// Reads the wire form; `None` when it names no place on Earth.
    #[must_use]
    pub fn from_proto(wire: &proto::Position) -> Option<Self> {
        let said = Self {
            latitude_i: wire.latitude_i?,
            longitude_i: wire.longitude_i?,
            altitude: wire.altitude,
            precision_bits: wire.precision_bits,
        };
        said.plausible()
    }

    /// Itself without what cannot be; `None` when it names no place on Earth.
    #[must_use]
    #[inline]
    pub fn plausible(self) -> Option<Self> {
        let on_the_globe =
            LATITUDE_E7.contains(&self.latitude_i) && LONGITUDE_E7.contains(&self.longitude_i);
        (on_the_globe && !self.is_nowhere()).then_some(Self {
            altitude: self.altitude.and_then(plausible::altitude),
            ..self
        })
    }

    /// Whether it is 0/0, which a node without a position sends, or what is left of
    /// that on a channel with reduced precision: firmware cuts the coordinates to
    /// their first bits and adds half a cell, so both are the same power of two. Our
    /// node's list does not say with how many bits it was told; where such a place
    /// is told as exact, somebody is there.
    #[inline]
    fn is_nowhere(&self) -> bool {
        const EXACT: u32 = 32;
        let (north, east) = (self.latitude_i, self.longitude_i);
        let is_half_a_cell = north > 0 && north.unsigned_abs().is_power_of_two();
        north == east && (north == 0 || (is_half_a_cell && self.precision_bits != EXACT))
    }

    /// A place given in degrees × 10⁷, for the operator's own coordinates.
    /// `None` under the same rules as [`Position::from_proto`].
    #[must_use]
    pub fn from_e7(latitude_i: i32, longitude_i: i32) -> Option<Self> {
        Self::from_proto(&proto::Position {
            latitude_i: Some(latitude_i),
            longitude_i: Some(longitude_i),
            precision_bits: 32,
            ..Default::default()
        })
    }

    /// A place as somebody types it: `48.86,2.35`, degrees north and east.
    /// `None` when it is not that, and under the rules of
    /// [`Position::from_proto`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (latitude, longitude) = text.split_once(',')?;
        let e7 = |degrees: &str| {
            let degrees: f64 = degrees.trim().parse().ok()?;
            // Through text, because no cast says when it does not fit.
            format!("{:.0}", degrees * 1e7).parse().ok()
        };
        Self::from_e7(e7(latitude)?, e7(longitude)?)
    }

    /// Degrees north.
    #[must_use]
    pub fn latitude(&self) -> f64 {
        f64::from(self.latitude_i) / 1e7
    }

    /// Degrees east.
    #[must_use]
    pub fn longitude(&self) -> f64 {
        f64::from(self.longitude_i) / 1e7
    }

    /// Great-circle distance in metres (haversine).
    #[must_use]
    pub fn distance_m(&self, other: &Self) -> f64 {
        let (lat1, lat2) = (self.latitude().to_radians(), other.latitude().to_radians());
        let half_lat = (lat2 - lat1) / 2.0;
        let half_lon = (other.longitude() - self.longitude()).to_radians() / 2.0;
        let h = half_lat.sin().powi(2) + lat1.cos() * lat2.cos() * half_lon.sin().powi(2);
        2.0 * EARTH_RADIUS_M * h.clamp(0.0, 1.0).sqrt().asin()
    }

    /// The direction in which one sets out for `other`: degrees clockwise from
    /// north, 0 included, 360 not. Meaningless (0) between equal places.
    #[must_use]
    pub fn bearing_deg(&self, other: &Self) -> f64 {
        let (lat1, lat2) = (self.latitude().to_radians(), other.latitude().to_radians());
        let lon = (other.longitude() - self.longitude()).to_radians();
        let east = lon.sin() * lat2.cos();
        let north = lat1.cos() * lat2.sin() - lat1.sin() * lat2.cos() * lon.cos();
        let bearing = east.atan2(north).to_degrees().rem_euclid(360.0);
        // A tiny negative angle rounds up to 360 itself.
        if bearing < 360.0 { bearing } else { 0.0 }
    }

    /// Half the width of the grid cell that the sender rounded to, in metres
    /// of latitude; `None` when exact or unspecified.
    #[must_use]
    pub fn uncertainty_m(&self) -> Option<f64> {
        let bits = i32::try_from(self.precision_bits).ok()?;
        (1..32)
            .contains(&bits)
            .then(|| 2_f64.powi(31 - bits) * METRES_PER_UNIT)
    }

    /// How far it can be from where it says, in metres: half the diagonal of
    /// that cell, which is narrower than high. 0 when exact or unspecified.
    #[must_use]
    pub fn unsure_m(&self) -> f64 {
        self.uncertainty_m().map_or(0.0, |half| {
            half * 1_f64.hypot(self.latitude().to_radians().cos())
        })
    }

    /// How many decimal places of a degree are worth telling, at most `most`: what
    /// the next one adds is less than the place is known to.
    #[must_use]
    pub fn decimals(&self, most: u8) -> u8 {
        let known = self.uncertainty_m().unwrap_or(0.0);
        let units = |decimals: u8| 10_f64.powi(7 - i32::from(decimals));
        let enough = |decimals: &u8| units(*decimals) / 2.0 * METRES_PER_UNIT <= known;
        (0..most).find(enough).unwrap_or(most)
    }

    /// The same place with coordinates rounded to `decimals` decimal places of
    /// a degree, for answers that everybody reads (2 is about 1 km), and with
    /// the precision that is left. One whose sender has rounded it more than
    /// that, and the altitude, stay as they are.
    #[must_use]
    pub fn rounded(&self, decimals: u32) -> Self {
        if decimals >= DECIMALS {
            return *self;
        }
        let step = 10_i32.pow(DECIMALS - decimals);
        let half = step.unsigned_abs() / 2;
        let sender = match self.precision_bits {
            bits @ 1..32 => 1 << (31 - bits),
            _ => 0,
        };
        if sender >= half {
            return *self;
        }
        Self {
            latitude_i: round_to(self.latitude_i, step),
            longitude_i: round_to(self.longitude_i, step),
            // The coarsest grid that is as far off as both together.
            precision_bits: 31 - (sender + half).next_power_of_two().ilog2(),
            ..*self
        }
    }
}

/// The multiple of `step` (a power of ten) nearest to `value`, halves away
/// from zero. Coordinates are below 1.8 × 10⁹, so that with steps up to 10⁷
/// nothing overflows.
fn round_to(value: i32, step: i32) -> i32 {
    (value + value.signum() * (step / 2)) / step * step
}

/// The eight directions of a compass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names of the compass points")]
pub enum Compass {
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
}

impl Compass {
    /// All of them, clockwise from north.
    pub const ALL: [Self; 8] = [
        Self::North,
        Self::NorthEast,
        Self::East,
        Self::SouthEast,
        Self::South,
        Self::SouthWest,
        Self::West,
        Self::NorthWest,
    ];

    /// The point nearest to a bearing in degrees; any turn is accepted.
    #[must_use]
    pub fn from_bearing(degrees: f64) -> Self {
        let turned = (degrees + 22.5).rem_euclid(360.0);
        let mut edge = 0.0;
        for point in Self::ALL {
            edge += 45.0;
            if turned < edge {
                return point;
            }
        }
        Self::North
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(latitude_i: i32, longitude_i: i32) -> Position {
        Position::from_e7(latitude_i, longitude_i).unwrap()
    }

    fn paris() -> Position {
        at(488_566_000, 23_522_000)
    }

    #[test]
    fn only_real_places_are_positions() {
        let read = |latitude_i, longitude_i| {
            Position::from_proto(&proto::Position {
                latitude_i,
                longitude_i,
                ..Default::default()
            })
        };
        assert_eq!(read(None, Some(1)), None);
        assert_eq!(read(Some(1), None), None);
        assert_eq!(read(Some(0), Some(0)), None);
        assert_eq!(read(Some(900_000_001), Some(1)), None);
        assert_eq!(read(Some(1), Some(-1_800_000_001)), None);
        assert_eq!(read(Some(i32::MIN), Some(i32::MIN)), None);
        assert!(read(Some(0), Some(10)).is_some(), "the equator exists");
        assert!(read(Some(-900_000_000), Some(1_800_000_000)).is_some());
    }

    /// W1.
    #[test]
    fn nowhere_is_nowhere_with_every_precision() {
        let read = |coordinate, precision_bits| {
            Position::from_proto(&proto::Position {
                latitude_i: Some(coordinate),
                longitude_i: Some(coordinate),
                precision_bits,
                ..Default::default()
            })
        };
        for bits in 0..=32 {
            assert_eq!(read(0, bits), None, "{bits}");
        }
        for bits in 1..32 {
            let half = 1 << (31 - bits);
            assert_eq!(read(half, bits), None, "{bits}");
            assert_eq!(read(half, 0), None, "{bits} in our node's list");
        }
        assert!(read(131_072, 32).is_some(), "a buoy in the Gulf of Guinea");
        assert!(read(131_073, 0).is_some());
        assert!(read(-131_072, 14).is_some());
        assert!(at(131_072, 131_073).plausible().is_some());
    }

    /// W8.
    #[test]
    fn an_altitude_that_cannot_be_is_none() {
        let high = |altitude| {
            let said = proto::Position {
                latitude_i: Some(480_000_000),
                longitude_i: Some(20_000_000),
                altitude: Some(altitude),
                ..Default::default()
            };
            Position::from_proto(&said).unwrap().altitude
        };
        assert_eq!(high(42_949_000), None);
        assert_eq!(high(4_807), Some(4_807));
    }

    #[test]
    fn typed_coordinates_are_read() {
        assert_eq!(Position::parse("48.8566, 2.3522"), Some(paris()));
        assert_eq!(
            Position::parse("-33.9249,18.4241").map(|p| p.latitude_i),
            Some(-339_249_000)
        );
        for wrong in [
            "",
            "48.8",
            "Paris,France",
            "91,0",
            "0,0",
            "1e300,1",
            "nan,inf",
            "1,2,3",
        ] {
            assert_eq!(Position::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn known_cities_are_where_they_are() {
        let cities = [
            // London, New York, Tokyo, Cape Town, Lyon: metres and degrees from
            // Paris, worked out with vectors instead of haversines.
            (
                at(515_074_000, -1_278_000),
                343_557.0,
                330.0,
                Compass::NorthWest,
            ),
            (
                at(407_128_000, -740_060_000),
                5_837_249.0,
                291.8,
                Compass::West,
            ),
            (
                at(356_762_000, 1_396_503_000),
                9_711_738.0,
                33.5,
                Compass::NorthEast,
            ),
            (
                at(-339_249_000, 184_241_000),
                9_341_752.0,
                166.6,
                Compass::South,
            ),
            (
                at(457_640_000, 48_357_000),
                391_499.0,
                150.5,
                Compass::SouthEast,
            ),
        ];
        for (city, metres, degrees, point) in cities {
            let distance = paris().distance_m(&city);
            assert!(
                (distance / metres - 1.0).abs() < 0.000_01,
                "{distance} {metres}"
            );
            assert!((city.distance_m(&paris()) - distance).abs() < 0.01);
            let bearing = paris().bearing_deg(&city);
            assert!((bearing - degrees).abs() < 0.1, "{bearing} {degrees}");
            assert_eq!(Compass::from_bearing(bearing), point);
        }
    }

    #[test]
    fn the_date_line_is_no_wall() {
        let (west, east) = (at(0, 1_799_000_000), at(0, -1_799_000_000));
        assert!((west.distance_m(&east) - 22_239.0).abs() < 5.0);
        assert!((west.bearing_deg(&east) - 90.0).abs() < 0.001);
    }

    #[test]
    fn compass_points_are_centred() {
        assert_eq!(Compass::from_bearing(22.4), Compass::North);
        assert_eq!(Compass::from_bearing(22.6), Compass::NorthEast);
        assert_eq!(Compass::from_bearing(337.6), Compass::North);
        assert_eq!(Compass::from_bearing(337.4), Compass::NorthWest);
        assert_eq!(Compass::from_bearing(-90.0), Compass::West);
        assert_eq!(Compass::from_bearing(540.0), Compass::South);
    }

    #[test]
    fn rounding_hides_the_house() {
        let home = Position {
            altitude: Some(35),
            ..at(488_566_137, -23_522_219)
        };
        let public = home.rounded(2);
        assert_eq!(
            (public.latitude_i, public.longitude_i),
            (488_600_000, -23_500_000)
        );
        assert_eq!(public.altitude, Some(35));
        // Half of a hundredth of a degree is 50 000 units, less than 2 to the 16.
        assert_eq!(public.precision_bits, 15);
        assert_eq!(home.rounded(4).precision_bits, 22);
        let coarse = |precision_bits| Position {
            precision_bits,
            ..home
        };
        assert_eq!(coarse(15).rounded(2), coarse(15), "known no better");
        assert_eq!(coarse(16).rounded(2).precision_bits, 14);
        assert_eq!(coarse(16).rounded(2).latitude_i, public.latitude_i);
        assert_eq!(coarse(0).rounded(2), public);
        // Half a cell of 13 bits is 2.9 km, of 10 bits 23 km, of 17 bits 182 m.
        let told = [10, 13, 17, 21, 31, 32, 0].map(|bits| coarse(bits).decimals(4));
        assert_eq!(told, [1, 2, 3, 4, 4, 4, 4]);
        assert_eq!(coarse(17).decimals(2), 2);
        assert_eq!(home.rounded(0).latitude_i, 490_000_000);
        assert_eq!(home.rounded(7), home);
        assert_eq!(home.rounded(99), home);
        assert_eq!(at(1, -1_800_000_000).rounded(0).longitude_i, -1_800_000_000);
    }

    #[test]
    fn precision_bits_become_metres() {
        let coarse = |precision_bits| {
            Position {
                precision_bits,
                ..paris()
            }
            .uncertainty_m()
        };
        // The field's own rule of thumb: 13 bits are about 2.9 km.
        assert!((coarse(13).unwrap() - 2_915.0).abs() < 5.0);
        for exact_or_nonsense in [0, 32, 33, u32::MAX] {
            assert_eq!(coarse(exact_or_nonsense), None);
        }
    }

    proptest! {
        #[test]
        fn anywhere_to_anywhere(
            a in (-900_000_000..=900_000_000, -1_800_000_000..=1_800_000_000),
            b in (-900_000_000..=900_000_000, -1_800_000_000..=1_800_000_000),
            decimals in 0_u32..8,
        ) {
            let (Some(a), Some(b)) = (Position::from_e7(a.0, a.1), Position::from_e7(b.0, b.1))
            else { return Ok(()) };
            let distance = a.distance_m(&b);
            prop_assert!((0.0..=20_015_200.0).contains(&distance));
            prop_assert!((0.0..360.0).contains(&a.bearing_deg(&b)));
            let moved = (a.rounded(decimals).latitude() - a.latitude()).abs();
            prop_assert!(moved <= 0.5001 / f64::from(10_u32.pow(decimals)));
        }
    }
}
