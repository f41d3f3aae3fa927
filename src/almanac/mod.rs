//! When sun and moon rise and set at a place, and how the moon looks: worked
//! out here, without Internet and without a clock.
//!
//! Time is handed in as unix seconds; a day is a window of them, because a
//! civil day may have 23 or 25 hours. The formulas are those of Jean Meeus,
//! *Astronomical Algorithms*, 2nd edition, and cite its chapters.
//!
//! Between 1950 and 2100 rise and set are right to some ten seconds. Where a
//! body grazes the horizon near the polar circles that may be minutes, and at
//! a pole the one sunrise of the year is right to about ten. The true sky is
//! less exact: refraction moves events by minutes from day to day, and hills
//! and the observer's height are not known here.

mod moon;
mod phase;
mod rise;
mod sky;
mod sun;
#[cfg(test)]
mod tests;

pub use phase::{Moon, Phase, moon_phase};

use sky::{Direction, Moment};

/// How far the air lifts what is seen at the horizon: 34′, as almanacs have it
/// (chapter 15).
const REFRACTION_DEG: f64 = 34.0 / 60.0;

/// From the middle of the sun to its edge: 16′, as almanacs have it, all year
/// (chapter 15).
const SUN_RADIUS_DEG: f64 = 16.0 / 60.0;

/// Radius of the moon in equatorial radii of the Earth (chapter 55).
const MOON_RADIUS: f64 = 0.272_481;

/// Somebody on the ground who looks at the sky; always at a real place.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Observer {
    latitude_deg: f64,
    longitude_deg: f64,
}

impl Observer {
    /// Degrees north (−90 to 90, poles included) and degrees east (−180 to
    /// 180, or 0 to 360). `None` when that is no place on Earth.
    #[must_use]
    pub fn new(latitude: f64, longitude: f64) -> Option<Self> {
        let on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=360.0).contains(&longitude);
        on_earth.then_some(Self {
            latitude_deg: latitude,
            longitude_deg: longitude,
        })
    }
}

/// What sun or moon do within a window of time.
///
/// Without a rise and a set, `up_at_start` holds for the whole window. At high
/// latitudes, or in a long window, a body may rise or set twice: the later
/// event is not told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Passage {
    /// The first rise in the window, in unix seconds.
    pub rise: Option<i64>,
    /// The first set in the window, in unix seconds.
    pub set: Option<i64>,
    /// Already above the horizon when the window begins.
    pub up_at_start: bool,
}

/// Sunrise and sunset from `from` until before `to`, both in unix seconds.
///
/// The sun is up while the air would show its upper edge over a flat horizon:
/// its centre is at −50′ or higher. Consecutive windows tell each event once.
/// An empty window has no events. Instants thousands of years away (years 1
/// and 4000) are taken as the last ones known.
#[must_use]
pub fn sun(at: Observer, from: i64, to: i64) -> Passage {
    rise::passage(|unix| sun_height(at, unix), from, to)
}

/// Moonrise and moonset, under the rules of [`sun()`].
///
/// The moon is up while the air would show the upper edge of its disc, lit or
/// not, over a flat horizon, as seen from the place: parallax is included, and
/// the disc has its size of the moment. About once a month there is a day
/// without a moonrise, and one without a moonset.
#[must_use]
pub fn moon(at: Observer, from: i64, to: i64) -> Passage {
    rise::passage(|unix| moon_height(at, unix), from, to)
}

/// How high the sun is above rising, as a difference of sines of altitude.
fn sun_height(at: Observer, unix: i64) -> f64 {
    let moment = Moment::at(unix);
    let seen = Direction::seen(at, &moment, &sun::position(&moment));
    let threshold = -(REFRACTION_DEG + SUN_RADIUS_DEG).to_radians();
    seen.sin_altitude - threshold.sin()
}

/// How high the moon is above rising, as a difference of sines of altitude.
fn moon_height(at: Observer, unix: i64) -> f64 {
    let moment = Moment::at(unix);
    let seen = Direction::seen(at, &moment, &moon::position(&moment));
    let radius = (MOON_RADIUS / seen.distance).asin();
    let threshold = -(REFRACTION_DEG.to_radians() + radius);
    seen.sin_altitude - threshold.sin()
}
