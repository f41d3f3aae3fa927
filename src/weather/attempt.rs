//! One way to understand what was typed as the name of a place.

use crate::mesh::name::fold;

/// What is searched for, and what counts of what is found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Attempt {
    /// What is searched for.
    pub(super) name: String,
    /// All of these have to be around it.
    pub(super) within: Vec<String>,
    /// The name has to begin like this: a postcode was searched for.
    pub(super) called: Option<String>,
    /// Its postcodes must not be known: those that are would have been found.
    pub(super) without_postcode: bool,
}

impl Attempt {
    pub(super) fn of(name: &str, within: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            within: within.iter().map(ToString::to_string).collect(),
            ..Self::default()
        }
    }
}

/// The words of a name as they are compared: no case, no accents, no hyphens,
/// `st` as `saint`.
pub(super) fn words(name: &str) -> Vec<String> {
    fold(name)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| match word {
            "st" => "saint".to_owned(),
            "ste" => "sainte".to_owned(),
            other => other.to_owned(),
        })
        .collect()
}
