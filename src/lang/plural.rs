//! Which form of a sentence goes with a number, in which language.
//!
//! The categories and rules are those of Unicode's CLDR, for whole numbers. The
//! build script reads this file too, so it asks each language for the forms that
//! its own rule can choose, and for no others.

/// What a form is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Category {
    /// Nothing, in languages that have a form for it.
    Zero,
    /// The singular.
    One,
    /// The dual.
    Two,
    /// Some, as Slavic languages count them.
    Few,
    /// More than these.
    Many,
    /// All the rest; each language has this form.
    Other,
}

impl Category {
    /// All of them, each with its name in the language files.
    pub const ALL: [(&'static str, Self); 6] = [
        ("zero", Self::Zero),
        ("one", Self::One),
        ("two", Self::Two),
        ("few", Self::Few),
        ("many", Self::Many),
        ("other", Self::Other),
    ];
}

/// How a language counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// One form for all.
    Never,
    /// Singular for 1.
    One,
    /// Singular for 0 and 1.
    ZeroAndOne,
    /// 1; 2 to 4; all others.
    Czech,
    /// 1; 2 to 4, 22 to 24 and so on; all others.
    Polish,
    /// 1, 21 and so on; 2 to 4, 22 to 24 and so on; all others.
    Russian,
    /// The same with another name for the last one.
    Croatian,
    /// 1, 101; 2, 102; 3, 4, 103, 104; all others.
    Slovenian,
    /// 1, 21 and so on; 2 to 9, 22 to 29 and so on; all others.
    Lithuanian,
    /// 0, 10 to 20, 30 and so on; 1, 21 and so on; all others.
    Latvian,
    /// 1; 0, 2 to 19, 101 to 119 and so on; all others.
    Romanian,
}

impl Rule {
    /// The rule of the language with this code, if it is known here.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        Some(match code {
            "bg" | "ca" | "da" | "de" | "el" | "en" | "eo" | "es" | "et" | "eu" | "fi" | "gl"
            | "hu" | "it" | "nb" | "nl" | "nn" | "no" | "sv" | "tr" => Self::One,
            "fr" | "pt" => Self::ZeroAndOne,
            "cs" | "sk" => Self::Czech,
            "pl" => Self::Polish,
            "be" | "ru" | "uk" => Self::Russian,
            "bs" | "hr" | "sr" => Self::Croatian,
            "sl" => Self::Slovenian,
            "lt" => Self::Lithuanian,
            "lv" => Self::Latvian,
            "ro" => Self::Romanian,
            "id" | "ja" | "ko" | "th" | "vi" | "zh" => Self::Never,
            _ => return None,
        })
    }

    /// The forms that a sentence needs.
    #[must_use]
    pub fn categories(self) -> &'static [Category] {
        use Category::{Few, Many, One, Other, Two, Zero};
        match self {
            Self::Never => &[Other],
            Self::One | Self::ZeroAndOne => &[One, Other],
            Self::Czech | Self::Croatian | Self::Lithuanian | Self::Romanian => &[One, Few, Other],
            Self::Polish | Self::Russian => &[One, Few, Many],
            Self::Slovenian => &[One, Two, Few, Other],
            Self::Latvian => &[Zero, One, Other],
        }
    }

    /// The form that goes with `n`.
    #[must_use]
    pub fn category(self, n: u64) -> Category {
        use Category::{Few, Many, One, Other, Two, Zero};
        let (ones, tens) = (n % 10, n % 100);
        let some = (2..=4).contains(&ones) && !(12..=14).contains(&tens);
        match self {
            Self::One if n == 1 => One,
            Self::ZeroAndOne if n < 2 => One,
            Self::Czech | Self::Polish | Self::Romanian if n == 1 => One,
            Self::Czech if (2..=4).contains(&n) => Few,
            Self::Polish if some => Few,
            Self::Polish => Many,
            Self::Romanian if n == 0 || (1..20).contains(&tens) => Few,
            Self::Russian | Self::Croatian if ones == 1 && tens != 11 => One,
            Self::Russian | Self::Croatian if some => Few,
            Self::Russian => Many,
            Self::Slovenian if tens == 1 => One,
            Self::Slovenian if tens == 2 => Two,
            Self::Slovenian if tens == 3 || tens == 4 => Few,
            Self::Lithuanian | Self::Latvian if ones == 1 && tens != 11 => One,
            Self::Latvian if ones == 0 || (11..20).contains(&tens) => Zero,
            Self::Lithuanian if ones > 1 && !(11..20).contains(&tens) => Few,
            _ => Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of 0, 1, 2, 5, 11, 12, 21, 22, 25, 101, 102 and 112.
    fn forms(code: &str) -> String {
        let rule = Rule::of(code).unwrap();
        let form = |n| {
            let category = rule.category(n);
            assert!(rule.categories().contains(&category), "{code} {n}");
            let (name, _) = Category::ALL[category as usize];
            name[..2].to_owned()
        };
        let numbers = [0, 1, 2, 5, 11, 12, 21, 22, 25, 101, 102, 112];
        numbers.map(form).join(" ")
    }

    #[test]
    fn each_language_counts_in_its_own_way() {
        for (code, expected) in [
            ("en", "ot on ot ot ot ot ot ot ot ot ot ot"),
            ("de", "ot on ot ot ot ot ot ot ot ot ot ot"),
            ("fr", "on on ot ot ot ot ot ot ot ot ot ot"),
            ("ja", "ot ot ot ot ot ot ot ot ot ot ot ot"),
            ("cs", "ot on fe ot ot ot ot ot ot ot ot ot"),
            ("pl", "ma on fe ma ma ma ma fe ma ma fe ma"),
            ("ru", "ma on fe ma ma ma on fe ma on fe ma"),
            ("hr", "ot on fe ot ot ot on fe ot on fe ot"),
            ("sl", "ot on tw ot ot ot ot ot ot on tw ot"),
            ("lt", "ot on fe fe ot ot on fe fe on fe ot"),
            ("lv", "ze on ot ot ze ze on ot ot on ot ze"),
            ("ro", "fe on fe fe fe fe ot ot ot fe fe fe"),
        ] {
            assert_eq!(forms(code), expected, "{code}");
        }
        assert_eq!(Rule::of("tlh"), None);
    }

    #[test]
    fn a_category_is_found_by_its_place_among_all() {
        for (at, (_, category)) in Category::ALL.into_iter().enumerate() {
            assert_eq!(category as usize, at);
        }
    }
}
