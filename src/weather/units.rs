//! In which units people want to read weather. Everything inside is metric.

use serde::Deserialize;

/// The units of the answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Units {
    /// Of temperatures.
    pub temperature: Temperature,
    /// Of wind speeds.
    pub wind: Wind,
    /// Of precipitation.
    pub rain: Rain,
}

/// Units of temperature.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Temperature {
    /// Degrees Celsius.
    #[default]
    Celsius,
    /// Degrees Fahrenheit.
    Fahrenheit,
}

/// Units of wind speed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
pub enum Wind {
    /// Kilometres an hour.
    #[default]
    #[serde(rename = "km/h")]
    Kmh,
    /// Metres a second.
    #[serde(rename = "m/s")]
    Ms,
    /// Miles an hour.
    #[serde(rename = "mph")]
    Mph,
}

/// Units of precipitation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rain {
    /// Millimetres, which are litres a square metre.
    #[default]
    Mm,
    /// Inches.
    Inch,
}

impl Temperature {
    /// `celsius` in this unit, in whole degrees without the unit's name.
    #[must_use]
    pub fn show(self, celsius: f32) -> String {
        let value = match self {
            Self::Celsius => celsius,
            Self::Fahrenheit => celsius * 1.8 + 32.0,
        };
        whole(value)
    }

    /// Its symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Celsius => "°C",
            Self::Fahrenheit => "°F",
        }
    }
}

impl Wind {
    /// `kmh` (km/h) in this unit, without the unit's name.
    #[must_use]
    pub fn show(self, kmh: f32) -> String {
        match self {
            Self::Kmh => whole(kmh),
            Self::Ms => whole(kmh / 3.6),
            Self::Mph => whole(kmh / 1.609_344),
        }
    }

    /// Its symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Kmh => "km/h",
            Self::Ms => "m/s",
            Self::Mph => "mph",
        }
    }
}

impl Rain {
    /// `mm` in this unit, without the unit's name. What is not nothing is
    /// never shown as 0.
    #[must_use]
    pub fn show(self, mm: f32) -> String {
        match self {
            Self::Mm if mm >= 9.95 => whole(mm),
            Self::Mm => least(mm, 0.1, 1),
            Self::Inch => least(mm / 25.4, 0.01, 2),
        }
    }

    /// Its symbol.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Mm => "mm",
            Self::Inch => "in",
        }
    }
}

/// Without decimals and without the minus of a rounded-off zero.
fn whole(value: f32) -> String {
    let text = format!("{value:.0}");
    if text == "-0" { "0".to_owned() } else { text }
}

fn least(value: f32, least: f32, decimals: usize) -> String {
    if value <= 0.0 {
        return "0".to_owned();
    }
    format!("{:.decimals$}", value.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_converted_and_rounded() {
        assert_eq!(Temperature::Celsius.show(-18.4), "-18");
        assert_eq!(Temperature::Celsius.show(-0.4), "0");
        assert_eq!(Temperature::Fahrenheit.show(-18.0), "0");
        assert_eq!(Temperature::Fahrenheit.show(37.0), "99");
        assert_eq!(Wind::Kmh.show(36.4), "36");
        assert_eq!(Wind::Ms.show(36.0), "10");
        assert_eq!(Wind::Mph.show(100.0), "62");
    }

    #[test]
    fn a_little_rain_is_not_none() {
        assert_eq!(Rain::Mm.show(0.0), "0");
        assert_eq!(Rain::Mm.show(0.02), "0.1");
        assert_eq!(Rain::Mm.show(9.94), "9.9");
        assert_eq!(Rain::Mm.show(12.6), "13");
        assert_eq!(Rain::Inch.show(0.1), "0.01");
        assert_eq!(Rain::Inch.show(25.4), "1.00");
    }
}
