//! What must have come of a scenario.

use super::acts::who;
use super::parse::{Compare, Expect, NAMES, NUMBERS, OTHERS};
use super::words::{Words, unknown};

fn compare(words: &mut Words) -> Result<Compare, String> {
    Ok(if words.take(">=") {
        Compare::AtLeast(words.number()?)
    } else if words.take("<=") {
        Compare::AtMost(words.number()?)
    } else if words.take("no") {
        Compare::Exactly(0)
    } else {
        Compare::Exactly(words.number()?)
    })
}

/// What stands behind `expect`.
pub fn expect(words: &mut Words) -> Result<Expect, String> {
    let is_not = words.take("not");
    if is_not || words.peek() == Some("linked") {
        words.one_of(&["linked"])?;
        words.end(&[])?;
        return Ok(Expect::Linked(!is_not));
    }
    if words.take("gap") {
        words.one_of(&[">="])?;
        let gap = words.time()?;
        words.end(&[])?;
        return Ok(Expect::Gap(gap));
    }
    if let Some(what) = words
        .peek()
        .and_then(|word| NUMBERS.iter().find(|it| **it == word))
    {
        let what = *what;
        words.word()?;
        let number = compare(words)?;
        words.end(&[])?;
        return Ok(Expect::Number(what, number));
    }
    let is_count = |word: &str| {
        ["no", ">=", "<="].contains(&word) || word.starts_with(|c: char| c.is_ascii_digit())
    };
    if !words.peek().is_some_and(is_count) {
        let mut known = NUMBERS.to_vec();
        known.extend(["linked", "not", "gap", "no", ">=", "<=", "a number"]);
        let word = words.word()?;
        return Err(unknown(&word, &known));
    }
    let count = compare(words)?;
    if words.one_of(&["answer", "answers", "log"])? == "log" {
        let text = words.text()?;
        words.end(&[])?;
        return Ok(Expect::Log(count, text));
    }
    let (mut to, mut channel, mut direct, mut containing) = (None, None, false, None);
    while !words.is_over() {
        match words
            .one_of(&["to", "on", "directly", "containing"])?
            .as_str()
        {
            "to" => {
                let name = words.one_of(&[&NAMES[..], &OTHERS].concat())?;
                to = who(&name);
            }
            "on" => channel = Some(words.small()?),
            "directly" => direct = true,
            _ => containing = Some(words.text()?),
        }
    }
    Ok(Expect::Answers {
        count,
        to,
        channel,
        direct,
        containing,
    })
}
