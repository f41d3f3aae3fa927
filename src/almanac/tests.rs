//! The almanac against Skyfield with JPL's DE421: scripts/almanac/table.py
//! made the table.

use super::*;
use proptest::prelude::*;

const TABLE: &str = include_str!("../../tests/almanac/table.csv");

/// How far from the horizon a body may be when the table has it rise or set,
/// in degrees. Seen: 0.0092 for the sun, 0.0036 for the moon. The theories
/// promise 0.01 (chapter 25) and 10″ (chapter 47), and the table has whole
/// seconds, in which the sky turns by 0.004.
const HEIGHT_DEG: f64 = 0.012;

/// Limit of the error in seconds. Seen: 18 for the sun (Longyearbyen, at the
/// end of the midnight sun) and 5 below 66° of latitude; 13 for the moon (at
/// the South Pole) and 3.
const SECONDS: i64 = 30;

/// A body that climbs by less than this in an hour is judged by its height
/// alone: that is the sun over the poles, which takes 0.02° an hour, so that
/// 0.002° are six minutes.
const HARDLY_CLIMBS_DEG: f64 = 0.1;

struct Row<'a> {
    name: String,
    at: Observer,
    from: i64,
    to: i64,
    cells: Vec<&'a str>,
}

impl Row<'_> {
    fn passage(&self, column: usize) -> Passage {
        let unix = |cell: &str| (!cell.is_empty()).then(|| cell.parse().unwrap());
        Passage {
            rise: unix(self.cells[column]),
            set: unix(self.cells[column + 1]),
            up_at_start: self.cells[column + 2] == "1",
        }
    }

    fn number(&self, column: usize) -> f64 {
        self.cells[column].parse().unwrap()
    }
}

fn rows() -> impl Iterator<Item = Row<'static>> {
    TABLE.lines().skip(1).map(|line| {
        let cells: Vec<_> = line.split(',').collect();
        let at = Observer::new(cells[2].parse().unwrap(), cells[3].parse().unwrap());
        Row {
            name: format!("{} {}", cells[0], cells[1]),
            at: at.unwrap(),
            from: cells[4].parse().unwrap(),
            to: cells[5].parse().unwrap(),
            cells,
        }
    })
}

/// Holds the passages that `ours` finds against those in the table from
/// `column` on.
fn compare(
    column: usize,
    ours: impl Fn(Observer, i64, i64) -> Passage,
    height: impl Fn(Observer, i64) -> f64,
) {
    for row in rows() {
        let (name, at) = (&row.name, row.at);
        let ours = ours(at, row.from, row.to);
        let theirs = row.passage(column);
        assert_eq!(ours.up_at_start, theirs.up_at_start, "{name}");
        for pair in [(ours.rise, theirs.rise), (ours.set, theirs.set)] {
            let (ours, theirs) = match pair {
                (Some(ours), Some(theirs)) => (ours, theirs),
                (None, None) => continue,
                _ => panic!("{name}: {pair:?}"),
            };
            // At the horizon, a sine of altitude is an altitude.
            let degrees = height(at, theirs).to_degrees();
            assert!(degrees.abs() < HEIGHT_DEG, "{name}: {degrees}");
            let climb = 30.0 * (height(at, theirs + 60) - height(at, theirs - 60));
            if climb.to_degrees().abs() > HARDLY_CLIMBS_DEG {
                let seconds = ours - theirs;
                assert!(seconds.abs() <= SECONDS, "{name}: {seconds} s");
            }
        }
    }
}

#[test]
fn the_sun_agrees_to_the_minute() {
    compare(6, sun, sun_height);
}

#[test]
fn the_moon_agrees_to_the_minute() {
    compare(9, moon, moon_height);
}

#[test]
fn the_look_of_the_moon_agrees() {
    for row in rows() {
        let moon = moon_phase(row.from);
        // Seen: 0.00013.
        let lit = moon.illuminated - row.number(12);
        assert!(lit.abs() < 0.001, "{}: {lit}", row.name);
        // Seen: 0.0063.
        let ahead = (moon.elongation - row.number(13) + 180.0).rem_euclid(360.0) - 180.0;
        assert!(ahead.abs() < 0.02, "{}: {ahead}", row.name);
    }
}

#[test]
fn the_table_covers_what_is_hard() {
    let has = |what: fn(&Row, Passage, Passage) -> bool| {
        rows().any(|row| what(&row, row.passage(6), row.passage(9)))
    };
    fn never(passage: Passage) -> bool {
        passage.rise.is_none() && passage.set.is_none()
    }
    assert!(rows().count() > 150);
    assert!(has(|_, sun, _| never(sun) && sun.up_at_start));
    assert!(has(|_, sun, _| never(sun) && !sun.up_at_start));
    assert!(has(|_, _, moon| never(moon) && moon.up_at_start));
    assert!(has(|_, _, moon| never(moon) && !moon.up_at_start));
    assert!(has(|_, sun, _| sun.rise.is_some() != sun.set.is_some()));
    assert!(has(|_, _, moon| moon.rise.is_none() && moon.set.is_some()));
    assert!(has(|_, _, moon| moon.rise.is_some() && moon.set.is_none()));
    assert!(has(|row, _, _| row.to - row.from == 23 * 3600));
    assert!(has(|row, _, _| row.to - row.from == 25 * 3600));
}

#[test]
fn only_real_places_have_a_sky() {
    for (latitude, longitude) in [
        (90.1, 0.0),
        (-90.1, 0.0),
        (0.0, -180.1),
        (0.0, 360.1),
        (f64::NAN, 0.0),
        (0.0, f64::NAN),
        (f64::INFINITY, 0.0),
    ] {
        assert_eq!(Observer::new(latitude, longitude), None);
    }
    assert!(Observer::new(90.0, -180.0).is_some());
    assert!(Observer::new(-90.0, 360.0).is_some());
}

/// Any place, poles and date line included.
fn anywhere() -> impl Strategy<Value = Observer> {
    let latitude = prop_oneof![8 => -90.0..=90.0, 1 => Just(90.0), 1 => Just(-90.0)];
    let longitude = prop_oneof![8 => -180.0..=360.0, 1 => Just(180.0), 1 => Just(-180.0)];
    (latitude, longitude).prop_map(|(north, east)| Observer::new(north, east).unwrap())
}

/// 1950 to 2100.
const CENTURY: std::ops::Range<i64> = -631_152_000..4_102_444_800;

/// What must hold of any passage, whatever moves.
fn is_sound(passage: Passage, from: i64, to: i64) -> Result<(), TestCaseError> {
    for event in [passage.rise, passage.set].into_iter().flatten() {
        prop_assert!((from..to).contains(&event), "{passage:?}");
    }
    match (passage.rise, passage.set) {
        (Some(rise), Some(set)) => prop_assert_eq!(passage.up_at_start, set < rise),
        (Some(_), None) => prop_assert!(!passage.up_at_start),
        (None, Some(_)) => prop_assert!(passage.up_at_start),
        (None, None) => {}
    }
    Ok(())
}

/// The same found the slow way, minute by minute.
fn is_complete(
    passage: Passage,
    from: i64,
    to: i64,
    height: impl Fn(i64) -> f64,
) -> Result<(), TestCaseError> {
    let up: Vec<_> = (from..=to)
        .step_by(60)
        .map(|t| (t, height(t) >= 0.0))
        .collect();
    for (event, after) in [(passage.rise, true), (passage.set, false)] {
        let slow = up.windows(2).find(|w| w[0].1 != after && w[1].1 == after);
        if let Some(slow) = slow {
            // An earlier one, below a minute long, may have been found.
            prop_assert!(event.is_some_and(|event| event < slow[1].0), "{passage:?}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn events_are_in_the_window_and_in_order(
        at in anywhere(),
        from in CENTURY,
        length in 0..400_000_i64,
    ) {
        is_sound(sun(at, from, from + length), from, from + length)?;
        is_sound(moon(at, from, from + length), from, from + length)?;
    }

    #[test]
    fn a_day_cut_in_two_is_the_same_day(at in anywhere(), from in CENTURY, cut in 0..90_000_i64) {
        let whole = moon(at, from, from + 90_000);
        let morning = moon(at, from, from + cut);
        let evening = moon(at, from + cut, from + 90_000);
        prop_assert_eq!(whole.rise, morning.rise.or(evening.rise));
        prop_assert_eq!(whole.set, morning.set.or(evening.set));
    }

    #[test]
    fn no_time_is_too_far_away(at in anywhere(), from: i64, to: i64) {
        for (from, to) in [(from, to), (from, from.saturating_add(90_000))] {
            is_sound(sun(at, from, to), from, to)?;
            is_sound(moon(at, from, to), from, to)?;
        }
        let moon = moon_phase(from);
        prop_assert!((0.0..=1.0).contains(&moon.illuminated));
        prop_assert!((0.0..360.0).contains(&moon.elongation));
    }
}

proptest! {
    // Each case looks at the sky three thousand times.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_is_missed(at in anywhere(), from in CENTURY) {
        let to = from + 90_000;
        is_complete(sun(at, from, to), from, to, |t| sun_height(at, t))?;
        is_complete(moon(at, from, to), from, to, |t| moon_height(at, t))?;
    }
}
