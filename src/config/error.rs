//! What is wrong with a configuration, in one line that a person can act on.

use std::fmt;
use std::net::IpAddr;
use std::ops::Range;

use toml::de::DeTable;

use crate::mesh::lookup::mistakes;

/// A place in a file. Both numbers count from 1; columns count characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl Place {
    /// The place of a byte offset into `text`.
    pub(super) fn of(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// Why a configuration was refused. Displays as `file:line:column: reason`,
/// always in one line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    file: String,
    at: Option<Place>,
    reason: String,
}

impl ConfigError {
    pub(super) fn new(file: &str, at: Option<Place>, reason: &str) -> Self {
        Self {
            file: file.to_owned(),
            at,
            reason: reason.to_owned(),
        }
    }

    /// Where in the file; `None` when it is about the file as a whole.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        self.at
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |text: &str| text.replace(char::is_control, " ");
        write!(f, "{}:", plain(&self.file))?;
        if let Some(Place { line, column }) = self.at {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", plain(&self.reason))
    }
}

impl std::error::Error for ConfigError {}

/// Turns an error of the TOML reader into ours. `tree` is the document, empty
/// when it could not even be read.
pub(super) fn explain(
    error: &toml::de::Error,
    tree: &DeTable,
    text: &str,
    file: &str,
) -> ConfigError {
    let span = error.span();
    if let Some((at, reason)) = span.as_ref().and_then(|span| odd_sign(text, span.start)) {
        return ConfigError::new(file, Some(Place::of(text, at)), &reason);
    }
    let key = span.as_ref().and_then(|span| path_to(span, tree));
    let bare = span
        .as_ref()
        .and_then(|span| bare_address(text, span.start));
    let at = span.map(|span| Place::of(text, span.start));
    let reason = match bare {
        Some(address) => format!("an address stands in quotes: \"{address}\""),
        None => reword(error.message(), key.as_deref()),
    };
    ConfigError::new(file, at, &reason)
}

/// The first sign outside of quotes, in the line at `offset`, that only looks like one
/// that TOML knows: phones and text processors put it in.
fn odd_sign(text: &str, offset: usize) -> Option<(usize, String)> {
    let start = text.get(..offset)?.rfind('\n').map_or(0, |end| end + 1);
    let mut open = None;
    for (at, sign) in text[start..].lines().next()?.char_indices() {
        let reason = match sign {
            '"' | '\'' if open.is_none() => {
                open = Some(sign);
                continue;
            }
            _ if open == Some(sign) => {
                open = None;
                continue;
            }
            _ if open.is_some() => continue,
            '#' => return None,
            '“' | '”' | '„' | '‟' | '«' | '»' | '‘' | '’' | '‚' | '‛' | '″' | '′' =>
            {
                format!("{sign} is a typographic quote; write \"")
            }
            '\u{a0}' | '\u{202f}' | '\u{2007}' => format!(
                "a space that does not break stands here (U+{:04X}); write a plain one",
                u32::from(sign)
            ),
            '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{ad}' | '\u{2060}' => format!(
                "an invisible sign stands here (U+{:04X}); delete it",
                u32::from(sign)
            ),
            _ => continue,
        };
        return Some((start + at, reason));
    }
    None
}

/// The value of the line at `offset`, when it is an address that TOML takes for
/// a broken number.
fn bare_address(text: &str, offset: usize) -> Option<IpAddr> {
    let before = text.get(..offset)?;
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    let (_, value) = text[start..].lines().next()?.split_once('=')?;
    let value = value.split('#').next().unwrap_or(value);
    value.trim().parse().ok()
}

/// The dotted path of the innermost key whose name or value covers `span`.
fn path_to(span: &Range<usize>, table: &DeTable) -> Option<String> {
    table.iter().find_map(|(key, value)| {
        let inner = value.get_ref().as_table();
        if let Some(rest) = inner.and_then(|table| path_to(span, table)) {
            return Some(format!("{}.{rest}", key.get_ref()));
        }
        let within = value.span().start <= span.start && span.end <= value.span().end;
        (within || key.span() == *span).then(|| key.get_ref().to_string())
    })
}

/// Says in our words what serde says in its own; syntax errors stay as they are.
fn reword(message: &str, key: Option<&str>) -> String {
    let prefix = key.map_or(String::new(), |key| format!("{key}: "));
    if let Some((name, known)) = names_in(message, "unknown field `") {
        return unknown("field", name, &known);
    }
    if let Some((name, known)) = names_in(message, "unknown variant `") {
        return format!("{prefix}{}", unknown("value", name, &known));
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return format!("{prefix}missing field \"{}\"", rest.trim_end_matches('`'));
    }
    let mismatch = ["invalid type: ", "invalid value: "]
        .iter()
        .find_map(|start| message.strip_prefix(start)?.rsplit_once(", expected "));
    match mismatch {
        Some((found, expected)) => {
            let expected = match expected {
                "a sequence" => "a list",
                "a map" => "a table",
                "a boolean" => "true or false",
                other => other,
            };
            format!("{prefix}expected {expected}, found {found}")
        }
        None if message == "wanted string or table" => format!("{prefix}expected a string"),
        None if message == "duplicate key" => format!("{prefix}this key is there twice"),
        None => message.to_owned(),
    }
}

/// The wrong name and the right ones of "unknown … `x`, expected one of `a`, `b`".
fn names_in<'a>(message: &'a str, start: &str) -> Option<(&'a str, Vec<&'a str>)> {
    let (wrong, known) = message.strip_prefix(start)?.rsplit_once("`, expected ")?;
    Some((wrong, known.split('`').skip(1).step_by(2).collect()))
}

/// `unknown field "prot", did you mean "port"?`, or all the choices when none is near.
pub(super) fn unknown(kind: &str, name: &str, known: &[&str]) -> String {
    match nearest(name, known) {
        Some(near) => format!("unknown {kind} {name:?}, did you mean {near:?}?"),
        None => format!(
            "unknown {kind} {name:?}, expected one of {}",
            known.join(", ")
        ),
    }
}

/// The known name that fewest slips of the finger turn into `name`: at most
/// one slip in three letters.
fn nearest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let slips = |other: &str| mistakes(&name.to_lowercase(), other);
    let longer = |other: &str| name.chars().count().max(other.chars().count());
    known
        .iter()
        .map(|other| (slips(other), *other))
        .filter(|(slips, other)| slips * 3 <= longer(other))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, other)| other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_from_one() {
        let text = "a = 1\r\nné = 2\n";
        assert_eq!(Place::of(text, 0), Place { line: 1, column: 1 });
        assert_eq!(Place::of(text, 11), Place { line: 2, column: 4 });
        assert_eq!(Place::of(text, 999), Place { line: 3, column: 1 });
    }

    #[test]
    fn only_a_near_name_is_proposed() {
        let known = ["host", "port", "handshake"];
        assert_eq!(nearest("PORT", &known), Some("port"));
        assert_eq!(nearest("handshaek", &known), Some("handshake"));
        assert_eq!(nearest("hand_shakes", &known), Some("handshake"));
        assert_eq!(nearest("address", &known), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn an_error_is_one_line_whatever_it_quotes() {
        let error = ConfigError::new("a\nb", None, "x\r\ny");
        assert_eq!(error.to_string(), "a b: x  y");
    }
}
