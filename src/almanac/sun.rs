//! Where the sun is: chapter 25, "low accuracy", which is good to 0.01° or
//! 2.4 seconds of time.

use super::sky::{EARTH_RADIUS_KM, Ecliptic, Moment};

/// Kilometres of an astronomical unit (appendix I).
pub(super) const AU_KM: f64 = 149_597_870.0;

/// Aberration of the sun's light in degrees (chapter 25).
const ABERRATION_DEG: f64 = -0.005_69;

/// The sun as it appears from the centre of the Earth.
pub(super) fn position(moment: &Moment) -> Ecliptic {
    let t = moment.centuries;
    let mean_longitude = 280.466_46 + t * (36_000.769_83 + t * 0.000_303_2);
    let anomaly = (357.529_11 + t * (35_999.050_29 - t * 0.000_153_7)).to_radians();
    let eccentricity = 0.016_708_634 - t * (0.000_042_037 + t * 0.000_000_126_7);
    let centre = (1.914_602 - t * (0.004_817 + t * 0.000_014)) * anomaly.sin()
        + (0.019_993 - t * 0.000_101) * (2.0 * anomaly).sin()
        + 0.000_289 * (3.0 * anomaly).sin();
    let true_anomaly = anomaly + centre.to_radians();
    // Formula 25.5.
    let distance_au = 1.000_001_018 * (1.0 - eccentricity * eccentricity)
        / (1.0 + eccentricity * true_anomaly.cos());
    Ecliptic {
        longitude: (mean_longitude + centre + ABERRATION_DEG).to_radians() + moment.nutation,
        latitude: 0.0,
        distance: distance_au * AU_KM / EARTH_RADIUS_KM,
    }
}
