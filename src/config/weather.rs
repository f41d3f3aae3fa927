//! `[weather]`: whose weather, from whom, in which units.

use serde::Deserialize;

use super::value;
use crate::weather::{Home, Rain, Temperature, Wind};

/// `[weather]`: whose weather, from whom, in which units.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a table")]
pub struct Weather {
    /// Where people are who neither name a place nor tell their position.
    #[serde(deserialize_with = "value::home")]
    pub home: Home,
    /// ISO 3166 code of the country whose places are meant first.
    #[serde(deserialize_with = "value::country")]
    pub country: Option<String>,
    /// Unit of temperatures.
    pub temperature: Temperature,
    /// Unit of wind speeds.
    pub wind: Wind,
    /// Unit of precipitation.
    pub rain: Rain,
    /// Where Open-Meteo's forecast is asked for, without a slash at the end.
    #[serde(deserialize_with = "value::base_url")]
    pub url: String,
    /// The same for its search for places; `url` when that was changed.
    #[serde(deserialize_with = "value::some_base_url")]
    pub geocoding_url: Option<String>,
    /// The same for wttr.in; `url` when that was changed. Empty: when the first
    /// fails nobody else is asked.
    #[serde(deserialize_with = "value::fallback_url")]
    pub fallback_url: Option<String>,
}

impl Weather {
    /// Open-Meteo's forecast.
    pub const FORECAST: &'static str = "https://api.open-meteo.com";
    /// Open-Meteo's search for places.
    pub const GEOCODING: &'static str = "https://geocoding-api.open-meteo.com";
    /// wttr.in.
    pub const FALLBACK: &'static str = "https://wttr.in";

    /// Where places are looked up.
    #[must_use]
    pub fn geocoding_base(&self) -> &str {
        self.other_base(self.geocoding_url.as_deref(), Self::GEOCODING)
    }

    /// Who is asked when the others fail, if anybody.
    #[must_use]
    pub fn fallback_base(&self) -> Option<&str> {
        let base = self.other_base(self.fallback_url.as_deref(), Self::FALLBACK);
        Some(base).filter(|base| !base.is_empty())
    }

    /// Who puts a server of his own in front of the forecast has it in front of
    /// everything, unless he says otherwise: nobody else is asked behind his
    /// back.
    fn other_base<'a>(&'a self, given: Option<&'a str>, public: &'a str) -> &'a str {
        match given {
            Some(url) => url,
            None if self.url == Self::FORECAST => public,
            None => &self.url,
        }
    }
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            home: Home::default(),
            country: None,
            temperature: Temperature::default(),
            wind: Wind::default(),
            rain: Rain::default(),
            url: Self::FORECAST.to_owned(),
            geocoding_url: None,
            fallback_url: None,
        }
    }
}
