//! How single values are read, each with the sentence that says what was expected.
//!
//! serde calls these through `deserialize_with`, so that a value out of range
//! is reported at its own place in the file, exactly like one of a wrong type.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use log::LevelFilter;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use ureq::http::Uri;

use super::duration::{parse_duration, written};
use super::{ChannelIndex, ChannelRules, NodeNum};
use crate::link::Endpoint;
use crate::mesh::coords::{self, LetterO, Wrong};
use crate::remote::address::{self, is_name};
use crate::weather::{Cell, Home, Query, countries};

/// Other nodes that can be named: what fits into one answer.
const REMOTES: usize = 10;

/// A whole number from `LO` to `HI`.
pub(super) fn whole<'de, D, T, const LO: i64, const HI: i64>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i64>,
{
    struct Whole<const LO: i64, const HI: i64>;
    impl<const LO: i64, const HI: i64> Visitor<'_> for Whole<LO, HI> {
        type Value = i64;
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            write!(f, "a whole number from {LO} to {HI}")
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<i64, E> {
            if (LO..=HI).contains(&value) {
                return Ok(value);
            }
            Err(E::invalid_value(Unexpected::Signed(value), &self))
        }
    }
    let value = from.deserialize_i64(Whole::<LO, HI>)?;
    T::try_from(value).map_err(|_| D::Error::custom("the number does not fit"))
}

/// A duration from `LO` to `HI` milliseconds.
pub(super) fn period<'de, D, const LO: u64, const HI: u64>(from: D) -> Result<Duration, D::Error>
where
    D: Deserializer<'de>,
{
    let what = format!(
        "a duration in quotes from \"{}\" to \"{}\"",
        written(LO),
        written(HI)
    );
    text(from, &what, |text| {
        let range = Duration::from_millis(LO)..=Duration::from_millis(HI);
        parse_duration(text).filter(|value| range.contains(value))
    })
}

/// The host of the node, without the brackets that an IPv6 address may have.
pub(super) fn host<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let what = "a host name or an IP address, without scheme or port";
    text(from, what, address::host)
}

/// The mark before a command.
pub(super) fn prefix<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let what = "1 to 3 ASCII punctuation characters";
    text(from, what, |text| {
        let good = (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_punctuation());
        good.then(|| text.to_owned())
    })
}

/// What `/about` shows of the operator.
pub(super) fn contact<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let what = "a text of at most 60 bytes in one line";
    text(from, what, |text| line(text, 60))
}

/// What somebody in distress is told.
pub(super) fn distress<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let what = "a text of at most 200 bytes in one line";
    text(from, what, |text| line(text, 200))
}

fn line(text: &str, most: usize) -> Option<String> {
    let good = text.len() <= most && !text.chars().any(char::is_control);
    good.then(|| text.to_owned())
}

/// The number of a real node.
pub(super) fn node<'de, D: Deserializer<'de>>(from: D) -> Result<NodeNum, D::Error> {
    let what = "a node such as \"!a1b2c3d4\"";
    text(from, what, |text| {
        NodeNum::parse(text).filter(|node| text.starts_with('!') && node.is_node())
    })
}

/// A public key in base64, with or without padding.
pub(super) fn key<'de, D: Deserializer<'de>>(from: D) -> Result<[u8; 32], D::Error> {
    const PADDING_OPTIONAL: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let engine = GeneralPurpose::new(&STANDARD, PADDING_OPTIONAL);
    text(from, "32 bytes in base64", |text| {
        let key: [u8; 32] = engine.decode(text).ok()?.try_into().ok()?;
        (key != [0; 32]).then_some(key)
    })
}

/// Where people are who do not say where: `48.95,2.25` or a name.
pub(super) fn home<'de, D: Deserializer<'de>>(from: D) -> Result<Home, D::Error> {
    let what = "a place: its name, or degrees north and east such as \"48.95,2.25\"";
    let read = |text: &str| {
        if text.is_empty() {
            return Some(Ok(Home::OwnNode));
        }
        // The language may stand further down in the file.
        match coords::parse(text, LetterO::Unclear) {
            Some(Ok(position)) => return Cell::around(&position).map(Home::At).map(Ok),
            Some(Err(wrong)) => return Some(Err(format!("{text:?}: {}", wrong_place(wrong)))),
            None => {}
        }
        // Degrees, right or wrong, are no name; a postcode is.
        let is_number = |piece: &str| piece.parse::<f64>().is_ok();
        let mut pieces = text.split([',', ' ']).filter(|piece| !piece.is_empty());
        if text.contains([',', '.']) && pieces.all(is_number) {
            return None;
        }
        Query::parse(text).map(Home::Named).map(Ok)
    };
    self::text(from, what, read)?.map_err(|why| D::Error::custom(format!("weather.home: {why}")))
}

/// What is wrong with coordinates, and what would do.
fn wrong_place(wrong: Wrong) -> &'static str {
    match wrong {
        Wrong::Latitude => "a latitude goes from -90 to 90, as in \"48.95,2.25\"",
        Wrong::Longitude => "a longitude goes from -180 to 180, as in \"48.95,2.25\"",
        Wrong::Half => "this is half of a place; write both degrees, as in \"48.95,2.25\"",
        Wrong::Nowhere => "this is what a device says that knows no place",
        Wrong::LetterO => "O is the west in some languages and the east in others; write W or E",
        Wrong::Unclear => "these degrees make no place; write them as in \"48.95,2.25\"",
    }
}

/// A country by its ISO 3166 code or its name; empty for none.
pub(super) fn country<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let what = "a country: its two letters such as \"FR\", or its name such as \"Germany\"";
    text(from, what, |text| match text {
        "" => Some(None),
        text => countries::code_of(text).map(|code| Some(code.to_owned())),
    })
}

/// Where a service is reached: scheme, host, perhaps a port and a path. Without
/// the slash at the end.
pub(super) fn base_url<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    text(from, ADDRESS, url)
}

/// The same where there may be none.
pub(super) fn some_base_url<'de, D>(from: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    base_url(from).map(Some)
}

/// The same, or empty for nobody.
pub(super) fn fallback_url<'de, D>(from: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let what = format!("{ADDRESS}, or \"\" for nobody");
    text(from, &what, |text| match text {
        "" => Some(String::new()),
        text => url(text),
    })
    .map(Some)
}

const ADDRESS: &str = "an address such as \"https://host\" or \"http://host:8080\"";

fn url(text: &str) -> Option<String> {
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    let host = authority.host().trim_matches(['[', ']']);
    let good_host = is_name(host) || host.parse::<Ipv6Addr>().is_ok();
    // What follows the host is a port or nothing.
    let rest = authority.as_str().strip_prefix(authority.host())?;
    let good_port = rest.is_empty() || authority.port_u16().is_some_and(|port| port > 0);
    let good = matches!(uri.scheme_str(), Some("http" | "https"))
        && good_host
        && good_port
        && uri.query().is_none()
        && !text.contains('#');
    good.then(|| text.trim_end_matches('/').to_owned())
}

/// A log level, or `off`.
pub(super) fn level<'de, D: Deserializer<'de>>(from: D) -> Result<LevelFilter, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Level {
        Error,
        Warn,
        Info,
        Debug,
        Trace,
        Off,
    }
    Ok(match Level::deserialize(from)? {
        Level::Error => LevelFilter::Error,
        Level::Warn => LevelFilter::Warn,
        Level::Info => LevelFilter::Info,
        Level::Debug => LevelFilter::Debug,
        Level::Trace => LevelFilter::Trace,
        Level::Off => LevelFilter::Off,
    })
}

/// A file's path.
pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    text(from, "the path of a file", |text| {
        let good = !text.is_empty() && !text.ends_with('/') && !text.contains('\0');
        good.then(|| PathBuf::from(text))
    })
}

/// The path of the history. Beside it lie files of the same name with endings of
/// their own, which it must not have itself.
pub(super) fn history<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    let path = path(from)?;
    let taken = ["state", "weather"].map(std::ffi::OsStr::new);
    if path
        .extension()
        .is_some_and(|ending| taken.contains(&ending))
    {
        return Err(D::Error::custom(
            "store.path: a file beside the history ends like this: write another ending, such as .db",
        ));
    }
    Ok(path)
}

/// A set of channel indices.
pub(super) fn channels<'de, D>(from: D) -> Result<Option<BTreeSet<ChannelIndex>>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    struct Index(#[serde(deserialize_with = "whole::<_, _, 0, 7>")] u8);
    let set = BTreeSet::<Index>::deserialize(from)?;
    Ok(Some(
        set.into_iter()
            .map(|Index(index)| ChannelIndex(index))
            .collect(),
    ))
}

/// The tables `[channel.0]` to `[channel.7]`.
pub(super) fn by_channel<'de, D>(from: D) -> Result<BTreeMap<ChannelIndex, ChannelRules>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Key(ChannelIndex);
    impl<'de> Deserialize<'de> for Key {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            text(from, "a channel index from 0 to 7", |text| {
                let index = text.parse().ok().filter(|index| *index < 8)?;
                (text.len() == 1).then_some(Self(ChannelIndex(index)))
            })
        }
    }
    let map = BTreeMap::<Key, ChannelRules>::deserialize(from)?;
    Ok(map.into_iter().map(|(key, rules)| (key.0, rules)).collect())
}

/// The other nodes by their names.
pub(super) fn remotes<'de, D>(from: D) -> Result<BTreeMap<String, Endpoint>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(PartialEq, Eq, PartialOrd, Ord)]
    struct Name(String);
    impl<'de> Deserialize<'de> for Name {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let what = "a name of 1 to 12 letters a to z, digits and hyphens";
            text(from, what, |text| {
                let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                let good = (1..=12).contains(&text.len()) && text.bytes().all(letter);
                good.then(|| Self(text.to_owned()))
            })
        }
    }
    struct Place(Endpoint);
    impl<'de> Deserialize<'de> for Place {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let what = "a node such as \"192.168.1.50\", \"hill.local:4403\" or \"[fd00::5]:4403\"";
            text(from, what, address::parse).map(Self)
        }
    }
    let map = BTreeMap::<Name, Place>::deserialize(from)?;
    if map.len() > REMOTES {
        let found = map.len();
        return Err(D::Error::custom(format!(
            "[remote]: expected at most {REMOTES} nodes, found {found}"
        )));
    }
    Ok(map
        .into_iter()
        .map(|(Name(name), Place(at))| (name, at))
        .collect())
}

/// A string that `parse` accepts; `what` completes "expected …".
fn text<'de, D, T>(from: D, what: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text<'a, F>(&'a str, F);
    impl<T, F: Fn(&str) -> Option<T>> Visitor<'_> for Text<'_, F> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
            f.write_str(self.0)
        }
        fn visit_str<E: Error>(self, value: &str) -> Result<T, E> {
            self.1(value).ok_or_else(|| E::invalid_value(Unexpected::Str(value), &self))
        }
    }
    from.deserialize_str(Text(what, parse))
}
