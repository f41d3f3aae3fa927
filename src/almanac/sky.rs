//! From a body's place among the stars to how high it stands over an observer.

use super::Observer;

/// Years 1 and 4000: beyond them the polynomials of the theories mean nothing.
const KNOWN: (i64, i64) = (-62_135_596_800, 64_060_588_800);

/// Unix seconds of the epoch J2000.0, 2000-01-01 12:00 (chapter 21).
const J2000_UNIX: i64 = 946_728_000;

/// Terrestrial time less UTC in seconds: 32.184 s and the 37 leap seconds
/// since 2017 (IERS Bulletin C). The sidereal time takes UTC for UT1, within
/// 0.9 s of it. A minute of error here moves the moon by 33″.
const TT_LESS_UTC_S: f64 = 69.184;

/// Kilometres of an equatorial radius of the Earth (chapter 11, IAU 1976).
pub(super) const EARTH_RADIUS_KM: f64 = 6378.14;

/// Polar radius over equatorial radius (chapter 11, IAU 1976).
const POLAR_RADIUS: f64 = 1.0 - 1.0 / 298.257;

/// The nearest instant for which anything is known, in unix seconds.
pub(super) fn known(unix: i64) -> i64 {
    unix.clamp(KNOWN.0, KNOWN.1)
}

/// An instant with all that it says about the Earth: how it turned, how its
/// axis leans.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Julian centuries of terrestrial time since J2000.0.
    pub centuries: f64,
    /// Nutation in longitude, in radians.
    pub nutation: f64,
    /// True obliquity of the ecliptic, in radians.
    obliquity: f64,
    /// Apparent sidereal time at Greenwich, in radians.
    sidereal: f64,
}

impl Moment {
    /// The moment at `unix` seconds.
    pub fn at(unix: i64) -> Self {
        let seconds = (known(unix) - J2000_UNIX) as f64;
        let days = seconds / 86_400.0;
        let t = (seconds + TT_LESS_UTC_S) / 86_400.0 / 36_525.0;

        // Chapter 22, the short series: 0.5″ in longitude, 0.1″ in obliquity.
        let node = (125.044_52 - 1_934.136_261 * t).to_radians();
        let sun = (280.4665 + 36_000.769_8 * t).to_radians();
        let moon = (218.3165 + 481_267.881_3 * t).to_radians();
        let nutation_arcsec =
            -17.20 * node.sin() - 1.32 * (2.0 * sun).sin() - 0.23 * (2.0 * moon).sin()
                + 0.21 * (2.0 * node).sin();
        let leaning_arcsec =
            9.20 * node.cos() + 0.57 * (2.0 * sun).cos() + 0.10 * (2.0 * moon).cos()
                - 0.09 * (2.0 * node).cos();
        // Formula 22.2.
        let mean_arcsec = 84_381.448 + t * (-46.8150 + t * (-0.000_59 + t * 0.001_813));
        let obliquity = ((mean_arcsec + leaning_arcsec) / 3600.0).to_radians();
        let nutation = (nutation_arcsec / 3600.0).to_radians();

        // Formula 12.4, and the equation of the equinoxes.
        let turned =
            280.460_618_37 + 360.985_647_366_29 * days + t * t * (0.000_387_933 - t / 38_710_000.0);
        let sidereal = turned.rem_euclid(360.0).to_radians() + nutation * obliquity.cos();
        Self {
            centuries: t,
            nutation,
            obliquity,
            sidereal,
        }
    }
}

/// Where a body appears from the centre of the Earth, in the ecliptic and
/// equinox of date.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ecliptic {
    /// Apparent longitude in radians.
    pub longitude: f64,
    /// Latitude in radians.
    pub latitude: f64,
    /// Distance in equatorial radii of the Earth.
    pub distance: f64,
}

/// Where a body is seen from a place on the ground, without air.
#[derive(Clone, Copy, Debug)]
pub(super) struct Direction {
    /// Sine of the altitude of its centre over the flat horizon.
    pub sin_altitude: f64,
    /// Distance from the observer in equatorial radii of the Earth.
    pub distance: f64,
}

impl Direction {
    /// Looks at `body` from the place `at`, sea level.
    pub fn seen(at: Observer, moment: &Moment, body: &Ecliptic) -> Self {
        // Equatorial coordinates (chapter 13), as a vector: x to the equinox,
        // z to the north pole.
        let (sin_lon, cos_lon) = body.longitude.sin_cos();
        let (sin_lat, cos_lat) = body.latitude.sin_cos();
        let (sin_tilt, cos_tilt) = moment.obliquity.sin_cos();
        let x = body.distance * cos_lat * cos_lon;
        let y = body.distance * (cos_lat * sin_lon * cos_tilt - sin_lat * sin_tilt);
        let z = body.distance * (cos_lat * sin_lon * sin_tilt + sin_lat * cos_tilt);

        // Turned with the Earth, until x lies in the observer's meridian.
        let (sin_turn, cos_turn) = (moment.sidereal + at.longitude_deg.to_radians()).sin_cos();
        let (x, y) = (x * cos_turn + y * sin_turn, y * cos_turn - x * sin_turn);

        // Less the observer, on the ellipsoid (chapter 11). The plumb line
        // points to the geographic latitude, not to the Earth's centre.
        let (up_z, up_x) = at.latitude_deg.to_radians().sin_cos();
        let (ground_z, ground_x) = (POLAR_RADIUS * up_z).atan2(up_x).sin_cos();
        let (x, z) = (x - ground_x, z - POLAR_RADIUS * ground_z);
        let distance = (x * x + y * y + z * z).sqrt();
        Self {
            sin_altitude: (x * up_x + z * up_z) / distance,
            distance,
        }
    }
}
