//! The first rise and the first set of a window, whatever it is that rises.
//!
//! No sampling step decides what is found. The height of a body bends no more
//! than the turning Earth lets it, so a stretch of time whose ends are far
//! enough above (or below) the horizon holds no crossing and is left out;
//! every other stretch is halved, down to seconds. A sun that shows itself for
//! a minute at the end of the polar night is found like any other.

use super::{Passage, sky};

/// Limit of the second derivative of the height (a sine of altitude) in s⁻²:
/// the square of the Earth's rotation in rad/s (chapter 12), plus half as much
/// for the moon's own motion and parallax, which in truth add a tenth.
const BEND: f64 = 1.5 * 7.292_115e-5 * 7.292_115e-5;

/// Searches [`from`, `to`) in unix seconds. `height` is above 0 while the body
/// is up. An event is told as the second within which it happens.
pub(super) fn passage(height: impl Fn(i64) -> f64, from: i64, to: i64) -> Passage {
    let (from, to) = (sky::known(from), sky::known(to));
    let start = Sample::at(&height, from);
    let mut found = Passage {
        up_at_start: start.is_up(),
        ..Passage::default()
    };
    if from < to {
        search(&height, start, Sample::at(&height, to), &mut found);
    }
    found
}

/// The height at one instant.
#[derive(Clone, Copy)]
struct Sample {
    unix: i64,
    height: f64,
}

impl Sample {
    fn at(height: &impl Fn(i64) -> f64, unix: i64) -> Self {
        Self {
            unix,
            height: height(unix),
        }
    }

    fn is_up(&self) -> bool {
        self.height >= 0.0
    }
}

/// Looks through `first` to `last`, earlier half first, until one event of
/// each kind is known. The depth is the logarithm of the window's length.
fn search(height: &impl Fn(i64) -> f64, first: Sample, last: Sample, found: &mut Passage) {
    let length = last.unix - first.unix;
    let all_found = found.rise.is_some() && found.set.is_some();
    if all_found || stays_on_its_side(&first, &last, length) {
        return;
    }
    if length > 1 {
        let middle = Sample::at(height, first.unix + length / 2);
        search(height, first, middle, found);
        search(height, middle, last, found);
        return;
    }
    match (first.is_up(), last.is_up()) {
        (false, true) => _ = found.rise.get_or_insert(first.unix),
        (true, false) => _ = found.set.get_or_insert(first.unix),
        _ => {}
    }
}

/// Between two samples a curve that bends by at most B strays at most
/// B × length² / 8 from the straight line between them.
fn stays_on_its_side(first: &Sample, last: &Sample, length: i64) -> bool {
    let nearest = first.height.abs().min(last.height.abs());
    first.is_up() == last.is_up() && nearest > BEND * (length as f64).powi(2) / 8.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// A body on a steady circle: `depth` shifts the horizon, noon is at 0.
    fn wave(depth: f64) -> impl Fn(i64) -> f64 {
        move |unix| (unix as f64 * 7.292_115e-5).cos() - depth
    }

    #[test]
    fn each_event_is_in_one_window() {
        let day = passage(wave(0.0), 0, 86_400);
        assert_eq!(day.rise, Some(64_623));
        assert_eq!(day.set, Some(21_541));
        assert!(day.up_at_start);
        let set = 21_541;
        assert_eq!(passage(wave(0.0), 0, set).set, None);
        assert_eq!(passage(wave(0.0), set, set + 1).set, Some(set));
        assert!(!passage(wave(0.0), set + 1, set + 2).up_at_start);
    }

    #[test]
    fn a_glimpse_is_found_and_a_near_miss_is_not() {
        // Up for some ten seconds around noon.
        let depth = 1.0 - 7e-8;
        let glimpse = passage(wave(depth), -40_000, 45_001);
        let (rise, set) = (glimpse.rise.unwrap(), glimpse.set.unwrap());
        assert!((-6..=-4).contains(&rise), "{rise}");
        assert!((4..=6).contains(&set), "{set}");
        assert!(!glimpse.up_at_start);
        let miss = passage(wave(1.0 + 1e-9), -40_000, 45_001);
        assert_eq!(miss, Passage::default());
    }

    #[test]
    fn the_search_is_cheap() {
        for depth in [-1.1, -0.999_999, 0.0, 0.999_999, 1.1] {
            let calls = Cell::new(0);
            let counted = |unix| {
                calls.set(calls.get() + 1);
                wave(depth)(unix)
            };
            let _ = passage(counted, 1_000, 87_400);
            assert!(calls.get() < 100, "{depth}: {}", calls.get());
        }
    }

    #[test]
    fn odd_windows_are_no_trouble() {
        assert_eq!(passage(wave(0.0), 50, 50).set, None);
        assert_eq!(passage(wave(0.0), 86_400, 0).set, None);
        let always = passage(wave(0.0), i64::MIN, i64::MAX);
        assert!(always.rise.is_some() && always.set.is_some());
        let _ = passage(wave(0.0), i64::MAX, i64::MIN);
    }
}
