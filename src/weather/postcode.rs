//! Postcodes, alone or with a town in either order: the service knows some of them,
//! and none together with a name.

use super::attempt::Attempt;
use super::countries;

/// A postcode and what stands around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Split<'a> {
    /// The forms in which the service may know it, the likeliest first.
    codes: Vec<String>,
    /// The country that writes them so, if only one does.
    country: Option<&'static str>,
    /// The town; empty when there is none.
    town: String,
    /// What else has to be around it.
    within: Vec<&'a str>,
}

/// The marks that were put before postcodes once, `A-9400`, and their countries.
const MARKS: [(&str, &str); 22] = [
    ("a", "AT"),
    ("b", "BE"),
    ("ch", "CH"),
    ("cz", "CZ"),
    ("d", "DE"),
    ("dk", "DK"),
    ("e", "ES"),
    ("f", "FR"),
    ("fi", "FI"),
    ("fin", "FI"),
    ("fl", "LI"),
    ("h", "HU"),
    ("hr", "HR"),
    ("i", "IT"),
    ("l", "LU"),
    ("lv", "LV"),
    ("n", "NO"),
    ("nl", "NL"),
    ("p", "PT"),
    ("pl", "PL"),
    ("s", "SE"),
    ("sk", "SK"),
];

/// The postcode in what stands between commas: at the beginning or the end of the
/// first part, or a part of its own.
pub(super) fn split<'a>(pieces: &[&'a str]) -> Option<Split<'a>> {
    let (first, others) = pieces.split_first()?;
    let words: Vec<&str> = first.split_whitespace().collect();
    for count in [2, 1] {
        let Some(rest) = words.len().checked_sub(count) else {
            continue;
        };
        for (code, town) in [
            (&words[..count], &words[count..]),
            (&words[rest..], &words[..rest]),
        ] {
            let Some((codes, country)) = code_of(code) else {
                continue;
            };
            let (mut town, mut within) = (town.join(" "), others.to_vec());
            // `9400, wolfsberg`.
            if town.is_empty() && !within.is_empty() && countries::code_of(within[0]).is_none() {
                town = within.remove(0).to_owned();
            }
            return Some(Split {
                codes,
                country,
                town,
                within,
            });
        }
    }
    let at = others.iter().position(|piece| {
        let words: Vec<&str> = piece.split_whitespace().collect();
        code_of(&words)
            .is_some_and(|_| !piece.chars().all(|c| c.is_ascii_digit()) || piece.len() > 3)
    })?;
    let words: Vec<&str> = others[at].split_whitespace().collect();
    let (codes, country) = code_of(&words)?;
    let mut within = others.to_vec();
    within.remove(at);
    Some(Split {
        codes,
        country,
        town: (*first).to_owned(),
        within,
    })
}

impl Split<'_> {
    /// The town with this postcode; the postcode in a town of this name; the
    /// postcode alone when there is no town. A town whose postcodes nobody knows
    /// comes last.
    pub(super) fn attempts(&self) -> Vec<Attempt> {
        let mut around = self.within.clone();
        if around.is_empty() {
            around.extend(self.country);
        }
        let mut attempts = Vec::new();
        if self.town.is_empty() {
            let searches = self.codes.iter().map(|code| Attempt::of(code, &around));
            return searches.collect();
        }
        if let Some(code) = self.codes.first() {
            let mut inner = vec![code.as_str()];
            inner.extend(&around);
            attempts.push(Attempt::of(&self.town, &inner));
        }
        for code in self.codes.iter().take(2) {
            attempts.push(Attempt {
                called: Some(self.town.clone()),
                ..Attempt::of(code, &around)
            });
        }
        attempts.push(Attempt {
            without_postcode: true,
            ..Attempt::of(&self.town, &around)
        });
        attempts
    }
}

/// The forms of the postcode that these words are, and whose it is.
fn code_of(words: &[&str]) -> Option<(Vec<String>, Option<&'static str>)> {
    let upper: Vec<String> = words.iter().map(|word| word.to_uppercase()).collect();
    match &upper[..] {
        [one] => single(one),
        [out, inward] => {
            let joined = format!("{out}{inward}");
            let whole = format!("{out} {inward}");
            match (shape(out).as_str(), shape(inward).as_str()) {
                // SW1A 1AA; the service has the first half.
                ("A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A", "9AA") => {
                    Some((vec![out.clone(), whole], Some("GB")))
                }
                // K1A 0B1, the same.
                ("A9A", "9A9") => Some((vec![out.clone(), whole], Some("CA"))),
                // 1012 AB, unless that is a country.
                ("9999", "AA") if countries::code_of(inward).is_none() => {
                    Some((vec![out.clone(), joined], Some("NL")))
                }
                // 111 22 in Sweden, Greece, Czechia, Slovakia.
                ("999", "99") => Some((vec![whole, joined], None)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn single(word: &str) -> Option<(Vec<String>, Option<&'static str>)> {
    let plain = |code: &str| Some((vec![code.to_owned()], None));
    match shape(word).as_str() {
        "999" | "9999" | "99999" | "999999" | "9999999" | "99-999" | "999-99" | "999-9999"
        | "9999-999" => plain(word),
        // ZIP+4: the service has the first five.
        "99999-9999" => Some((vec![word[..5].to_owned()], Some("US"))),
        "9999AA" => Some((vec![word[..4].to_owned()], Some("NL"))),
        "A9" | "A99" | "AA9" | "AA99" | "A9A" | "AA9A" => plain(word),
        _ => {
            let (mark, code) = word.split_once('-')?;
            let (_, country) = MARKS
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(mark))?;
            let digits = code.chars().all(|c| c.is_ascii_digit());
            let good = digits && (3..=6).contains(&code.len());
            good.then(|| (vec![code.to_owned(), word.to_owned()], Some(*country)))
        }
    }
}

/// Digits as 9, letters as A, all else as it is.
fn shape(word: &str) -> String {
    let sign = |c: char| match c {
        '0'..='9' => '9',
        'A'..='Z' => 'A',
        other => other,
    };
    word.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn searches(text: &str) -> Vec<String> {
        let pieces: Vec<&str> = text.split(',').map(str::trim).collect();
        let Some(split) = split(&pieces) else {
            return Vec::new();
        };
        let attempts = split.attempts().into_iter().map(|attempt| {
            let called = attempt.called.map(|name| format!("={name}"));
            let bare = if attempt.without_postcode { "?" } else { "" };
            let within = attempt.within.join("|");
            format!(
                "{}|{within}{}{bare}",
                attempt.name,
                called.unwrap_or_default()
            )
        });
        attempts.collect()
    }

    /// W3.
    #[test]
    fn postcode_and_town_come_in_either_order() {
        let wolfsberg = ["wolfsberg|9400", "9400|=wolfsberg", "wolfsberg|?"];
        for text in [
            "9400 wolfsberg",
            "wolfsberg 9400",
            "wolfsberg, 9400",
            "9400, wolfsberg",
        ] {
            assert_eq!(searches(text), wolfsberg, "{text}");
        }
        assert_eq!(searches("A-9400 wolfsberg")[0], "wolfsberg|9400|AT");
        assert_eq!(searches("9400 wolfsberg, at")[0], "wolfsberg|9400|at");
        assert_eq!(searches("9400, at"), ["9400|at"]);
        assert_eq!(searches("95100"), ["95100|"]);
        assert_eq!(searches("SW1A 1AA"), ["SW1A|GB", "SW1A 1AA|GB"]);
        assert_eq!(searches("london sw1a 1aa")[0], "london|SW1A|GB");
        assert_eq!(searches("K1A 0B1"), ["K1A|CA", "K1A 0B1|CA"]);
        assert_eq!(searches("1012 AB amsterdam")[0], "amsterdam|1012|NL");
        assert_eq!(searches("amsterdam 1012ab")[0], "amsterdam|1012|NL");
        assert_eq!(searches("00-950"), ["00-950|"]);
        assert_eq!(searches("00-950 warszawa")[1], "00-950|=warszawa");
        assert_eq!(searches("111 22 stockholm")[1], "111 22|=stockholm");
        assert_eq!(searches("62701-1234")[0], "62701|US");
        for none in ["paris", "paris, 75", "saint-denis", "route 66", ""] {
            assert_eq!(searches(none), [""; 0], "{none}");
        }
    }
}
