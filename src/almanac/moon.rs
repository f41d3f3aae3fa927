//! Where the moon is: chapter 47, an extract of the theory ELP-2000/82 that is
//! good to 10″ in longitude and 4″ in latitude.

use super::sky::{EARTH_RADIUS_KM, Ecliptic, Moment};

/// One line of table 47.A: multiples of the moon's elongation D, the sun's
/// anomaly M, the moon's anomaly M′ and its argument of latitude F; then the
/// coefficients of the longitude's sine, in millionths of a degree, and of the
/// distance's cosine, in metres.
type LongitudeTerm = ([i8; 4], i32, i32);

/// One line of table 47.B: the same multiples, and the coefficient of the
/// latitude's sine in millionths of a degree.
type LatitudeTerm = ([i8; 4], i32);

/// The moon as it appears from the centre of the Earth.
pub(super) fn position(moment: &Moment) -> Ecliptic {
    let t = moment.centuries;
    let poly = |c: [f64; 5]| {
        let degrees = c[0] + t * (c[1] + t * (c[2] + t * (c[3] + t * c[4])));
        degrees.rem_euclid(360.0).to_radians()
    };
    // Formulas 47.1 to 47.5.
    let longitude = poly([
        218.316_447_7,
        481_267.881_234_21,
        -0.001_578_6,
        1.0 / 538_841.0,
        -1.0 / 65_194_000.0,
    ]);
    let elongation = poly([
        297.850_192_1,
        445_267.111_403_4,
        -0.001_881_9,
        1.0 / 545_868.0,
        -1.0 / 113_065_000.0,
    ]);
    let sun_anomaly = poly([
        357.529_109_2,
        35_999.050_290_9,
        -0.000_153_6,
        1.0 / 24_490_000.0,
        0.0,
    ]);
    let anomaly = poly([
        134.963_396_4,
        477_198.867_505_5,
        0.008_741_4,
        1.0 / 69_699.0,
        -1.0 / 14_712_000.0,
    ]);
    let from_node = poly([
        93.272_095_0,
        483_202.017_523_3,
        -0.003_653_9,
        -1.0 / 3_526_000.0,
        1.0 / 863_310_000.0,
    ]);
    // Venus, Jupiter, and the Earth's flattening.
    let venus = (119.75 + 131.849 * t).to_radians();
    let jupiter = (53.09 + 479_264.290 * t).to_radians();
    let flattening = (313.45 + 481_266.484 * t).to_radians();

    // The sun's anomaly counts less as the Earth's orbit gets rounder (47.6).
    let rounder = 1.0 - t * (0.002_516 + t * 0.000_007_4);
    let argument = |[d, m, m1, f]: [i8; 4]| {
        f64::from(d) * elongation
            + f64::from(m) * sun_anomaly
            + f64::from(m1) * anomaly
            + f64::from(f) * from_node
    };
    let weight = |[_, m, _, _]: [i8; 4]| rounder.powi(i32::from(m.abs()));

    let mut longitude_sum =
        3958.0 * venus.sin() + 1962.0 * (longitude - from_node).sin() + 318.0 * jupiter.sin();
    let mut distance_sum = 0.0;
    for (multiples, sine, cosine) in LONGITUDE {
        let (sin, cos) = argument(multiples).sin_cos();
        longitude_sum += f64::from(sine) * weight(multiples) * sin;
        distance_sum += f64::from(cosine) * weight(multiples) * cos;
    }
    let mut latitude_sum = -2235.0 * longitude.sin()
        + 382.0 * flattening.sin()
        + 175.0 * (venus - from_node).sin()
        + 175.0 * (venus + from_node).sin()
        + 127.0 * (longitude - anomaly).sin()
        - 115.0 * (longitude + anomaly).sin();
    for (multiples, sine) in LATITUDE {
        latitude_sum += f64::from(sine) * weight(multiples) * argument(multiples).sin();
    }

    Ecliptic {
        longitude: longitude + (longitude_sum * 1e-6).to_radians() + moment.nutation,
        latitude: (latitude_sum * 1e-6).to_radians(),
        distance: (385_000.56 + distance_sum / 1000.0) / EARTH_RADIUS_KM,
    }
}

/// Table 47.A, longitude and distance.
const LONGITUDE: [LongitudeTerm; 60] = [
    ([0, 0, 1, 0], 6_288_774, -20_905_355),
    ([2, 0, -1, 0], 1_274_027, -3_699_111),
    ([2, 0, 0, 0], 658_314, -2_955_968),
    ([0, 0, 2, 0], 213_618, -569_925),
    ([0, 1, 0, 0], -185_116, 48_888),
    ([0, 0, 0, 2], -114_332, -3_149),
    ([2, 0, -2, 0], 58_793, 246_158),
    ([2, -1, -1, 0], 57_066, -152_138),
    ([2, 0, 1, 0], 53_322, -170_733),
    ([2, -1, 0, 0], 45_758, -204_586),
    ([0, 1, -1, 0], -40_923, -129_620),
    ([1, 0, 0, 0], -34_720, 108_743),
    ([0, 1, 1, 0], -30_383, 104_755),
    ([2, 0, 0, -2], 15_327, 10_321),
    ([0, 0, 1, 2], -12_528, 0),
    ([0, 0, 1, -2], 10_980, 79_661),
    ([4, 0, -1, 0], 10_675, -34_782),
    ([0, 0, 3, 0], 10_034, -23_210),
    ([4, 0, -2, 0], 8_548, -21_636),
    ([2, 1, -1, 0], -7_888, 24_208),
    ([2, 1, 0, 0], -6_766, 30_824),
    ([1, 0, -1, 0], -5_163, -8_379),
    ([1, 1, 0, 0], 4_987, -16_675),
    ([2, -1, 1, 0], 4_036, -12_831),
    ([2, 0, 2, 0], 3_994, -10_445),
    ([4, 0, 0, 0], 3_861, -11_650),
    ([2, 0, -3, 0], 3_665, 14_403),
    ([0, 1, -2, 0], -2_689, -7_003),
    ([2, 0, -1, 2], -2_602, 0),
    ([2, -1, -2, 0], 2_390, 10_056),
    ([1, 0, 1, 0], -2_348, 6_322),
    ([2, -2, 0, 0], 2_236, -9_884),
    ([0, 1, 2, 0], -2_120, 5_751),
    ([0, 2, 0, 0], -2_069, 0),
    ([2, -2, -1, 0], 2_048, -4_950),
    ([2, 0, 1, -2], -1_773, 4_130),
    ([2, 0, 0, 2], -1_595, 0),
    ([4, -1, -1, 0], 1_215, -3_958),
    ([0, 0, 2, 2], -1_110, 0),
    ([3, 0, -1, 0], -892, 3_258),
    ([2, 1, 1, 0], -810, 2_616),
    ([4, -1, -2, 0], 759, -1_897),
    ([0, 2, -1, 0], -713, -2_117),
    ([2, 2, -1, 0], -700, 2_354),
    ([2, 1, -2, 0], 691, 0),
    ([2, -1, 0, -2], 596, 0),
    ([4, 0, 1, 0], 549, -1_423),
    ([0, 0, 4, 0], 537, -1_117),
    ([4, -1, 0, 0], 520, -1_571),
    ([1, 0, -2, 0], -487, -1_739),
    ([2, 1, 0, -2], -399, 0),
    ([0, 0, 2, -2], -381, -4_421),
    ([1, 1, 1, 0], 351, 0),
    ([3, 0, -2, 0], -340, 0),
    ([4, 0, -3, 0], 330, 0),
    ([2, -1, 2, 0], 327, 0),
    ([0, 2, 1, 0], -323, 1_165),
    ([1, 1, -1, 0], 299, 0),
    ([2, 0, 3, 0], 294, 0),
    ([2, 0, -1, -2], 0, 8_752),
];

/// Table 47.B, latitude.
const LATITUDE: [LatitudeTerm; 60] = [
    ([0, 0, 0, 1], 5_128_122),
    ([0, 0, 1, 1], 280_602),
    ([0, 0, 1, -1], 277_693),
    ([2, 0, 0, -1], 173_237),
    ([2, 0, -1, 1], 55_413),
    ([2, 0, -1, -1], 46_271),
    ([2, 0, 0, 1], 32_573),
    ([0, 0, 2, 1], 17_198),
    ([2, 0, 1, -1], 9_266),
    ([0, 0, 2, -1], 8_822),
    ([2, -1, 0, -1], 8_216),
    ([2, 0, -2, -1], 4_324),
    ([2, 0, 1, 1], 4_200),
    ([2, 1, 0, -1], -3_359),
    ([2, -1, -1, 1], 2_463),
    ([2, -1, 0, 1], 2_211),
    ([2, -1, -1, -1], 2_065),
    ([0, 1, -1, -1], -1_870),
    ([4, 0, -1, -1], 1_828),
    ([0, 1, 0, 1], -1_794),
    ([0, 0, 0, 3], -1_749),
    ([0, 1, -1, 1], -1_565),
    ([1, 0, 0, 1], -1_491),
    ([0, 1, 1, 1], -1_475),
    ([0, 1, 1, -1], -1_410),
    ([0, 1, 0, -1], -1_344),
    ([1, 0, 0, -1], -1_335),
    ([0, 0, 3, 1], 1_107),
    ([4, 0, 0, -1], 1_021),
    ([4, 0, -1, 1], 833),
    ([0, 0, 1, -3], 777),
    ([4, 0, -2, 1], 671),
    ([2, 0, 0, -3], 607),
    ([2, 0, 2, -1], 596),
    ([2, -1, 1, -1], 491),
    ([2, 0, -2, 1], -451),
    ([0, 0, 3, -1], 439),
    ([2, 0, 2, 1], 422),
    ([2, 0, -3, -1], 421),
    ([2, 1, -1, 1], -366),
    ([2, 1, 0, 1], -351),
    ([4, 0, 0, 1], 331),
    ([2, -1, 1, 1], 315),
    ([2, -2, 0, -1], 302),
    ([0, 0, 1, 3], -283),
    ([2, 1, 1, -1], -229),
    ([1, 1, 0, -1], 223),
    ([1, 1, 0, 1], 223),
    ([0, 1, -2, -1], -220),
    ([2, 1, -1, -1], -220),
    ([1, 0, 1, 1], -185),
    ([2, -1, -2, -1], 181),
    ([0, 1, 2, 1], -177),
    ([4, 0, -2, -1], 176),
    ([4, -1, -1, -1], 166),
    ([1, 0, 1, -1], -164),
    ([4, 0, 1, -1], 132),
    ([1, 0, -1, -1], -119),
    ([4, -1, 0, -1], 115),
    ([2, -2, 0, 1], 107),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_book_example_comes_out() {
        // Example 47.a: 1992-04-12 0h TD, to the last digit printed.
        let mut moment = Moment::at(703_036_800);
        moment.centuries = -0.077_221_081_451;
        let moon = position(&moment);
        let longitude = (moon.longitude - moment.nutation).to_degrees();
        assert!((longitude.rem_euclid(360.0) - 133.162_655).abs() < 1e-6);
        assert!((moon.latitude.to_degrees() + 3.229_126).abs() < 1e-6);
        assert!((moon.distance * EARTH_RADIUS_KM - 368_409.7).abs() < 0.1);
    }
}
