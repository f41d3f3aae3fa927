//! Maidenhead locators, by which radio amateurs name squares on the globe:
//! `JN18`, `JN18du`, `JN18du55`.

/// The middle of the square, degrees north and east. `None` when `text` is no
/// locator of four, six or eight signs.
///
/// A few look like the first half of a British postcode (`EN10`): among people
/// with radios they are locators, and `EN10, uk` is the postcode.
#[must_use]
pub fn centre(text: &str) -> Option<(f64, f64)> {
    let signs = text.as_bytes();
    if !matches!(signs.len(), 4 | 6 | 8) {
        return None;
    }
    let (mut north, mut east) = (-90.0, -180.0);
    // What a step is worth in degrees north; twice as much in degrees east.
    let mut step = 180.0;
    for (at, pair) in signs.chunks_exact(2).enumerate() {
        let (first, count) = match at {
            0 => (b'a', 18),
            2 => (b'a', 24),
            _ => (b'0', 10),
        };
        step /= f64::from(count);
        let place = |sign: u8| {
            let number = sign.to_ascii_lowercase().checked_sub(first)?;
            (number < count).then_some(f64::from(number))
        };
        east += place(pair[0])? * step * 2.0;
        north += place(pair[1])? * step;
    }
    Some((north + step / 2.0, east + step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_square_is_where_its_middle_is() {
        for (text, north, east) in [
            ("JN18", 48.5, 3.0),
            ("JN18DU", 48.854_17, 2.291_67),
            ("jn18du", 48.854_17, 2.291_67),
            ("JN18eu", 48.854_17, 2.375),
            ("FN31pr", 41.729_17, -72.708_33),
            ("FN31pr21", 41.714_58, -72.729_17),
            ("AA00", -89.5, -179.0),
            ("RR99xx", 89.979_17, 179.958_33),
        ] {
            let (latitude, longitude) = centre(text).unwrap();
            assert!((latitude - north).abs() < 1e-4, "{text}: {latitude}");
            assert!((longitude - east).abs() < 1e-4, "{text}: {longitude}");
        }
        for other in [
            "", "JN", "JN1", "JN1D", "SN18", "JN18yu", "JN18dué", "Lyon", "JN18duXX",
        ] {
            assert_eq!(centre(other), None, "{other}");
        }
    }
}
