//! Lines into words: what a scenario is written in.

use std::time::Duration;

/// A line of a scenario, read word by word.
#[derive(Clone, Debug)]
pub struct Words {
    words: Vec<Word>,
    at: usize,
}

#[derive(Clone, PartialEq, Debug)]
enum Word {
    Plain(String),
    Quoted(Vec<u8>),
}

impl Words {
    /// Splits a line; what is in quotes stays together. In quotes, `\n`, `\0`,
    /// `\"`, `\\`, `\xff` and `\u{202e}` mean what they mean in Rust, and
    /// `\{x*30}` is thirty times x.
    pub fn split(line: &str) -> Result<Self, String> {
        let mut words = Vec::new();
        let mut rest = line.trim_start();
        while !rest.is_empty() {
            if let Some(after) = rest.strip_prefix('"') {
                let (quoted, after) = quoted(after)?;
                words.push(Word::Quoted(quoted));
                rest = after.trim_start();
            } else {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                words.push(Word::Plain(rest[..end].to_owned()));
                rest = rest[end..].trim_start();
            }
        }
        Ok(Self { words, at: 0 })
    }

    pub fn is_over(&self) -> bool {
        self.at == self.words.len()
    }

    /// The next word, for a look.
    pub fn peek(&self) -> Option<&str> {
        match self.words.get(self.at) {
            Some(Word::Plain(word)) => Some(word),
            _ => None,
        }
    }

    /// Takes this word, if it comes next.
    pub fn take(&mut self, word: &str) -> bool {
        let is_next = self.peek() == Some(word);
        self.at += usize::from(is_next);
        is_next
    }

    /// The next word, whatever it is.
    pub fn word(&mut self) -> Result<String, String> {
        let word = self.peek().map(str::to_owned);
        self.at += 1;
        word.ok_or_else(|| "a word is missing".to_owned())
    }

    /// The next word, one of these.
    pub fn one_of(&mut self, known: &[&str]) -> Result<String, String> {
        let word = self.word()?;
        if known.contains(&word.as_str()) {
            return Ok(word);
        }
        Err(unknown(&word, known))
    }

    pub fn quoted(&mut self) -> Result<Vec<u8>, String> {
        let Some(Word::Quoted(text)) = self.words.get(self.at) else {
            return Err("a text in quotes is missing".to_owned());
        };
        self.at += 1;
        Ok(text.clone())
    }

    /// The same, as a text.
    pub fn text(&mut self) -> Result<String, String> {
        String::from_utf8(self.quoted()?).map_err(|_| "not a text".to_owned())
    }

    /// All texts that come next, at least one.
    pub fn texts(&mut self) -> Result<Vec<Vec<u8>>, String> {
        let mut texts = vec![self.quoted()?];
        while let Some(Word::Quoted(_)) = self.words.get(self.at) {
            texts.push(self.quoted()?);
        }
        Ok(texts)
    }

    /// A number, also as `0x33` or `!a1b2c3d4`.
    pub fn number(&mut self) -> Result<i64, String> {
        let word = self.word()?;
        let hex = word.strip_prefix("0x").or(word.strip_prefix('!'));
        let number = match hex {
            Some(hex) => i64::from_str_radix(hex, 16),
            None => word.parse(),
        };
        number.map_err(|_| format!("{word} is no number"))
    }

    /// A number that fits.
    pub fn small<T: TryFrom<i64>>(&mut self) -> Result<T, String> {
        let number = self.number()?;
        T::try_from(number).map_err(|_| format!("{number} is out of range"))
    }

    /// A moment or a time: `0:10`, `1:00:00`, `20s`, `250ms`, `5m`.
    pub fn time(&mut self) -> Result<Duration, String> {
        let word = self.word()?;
        time(&word).ok_or_else(|| format!("{word} is no time, as 0:10, 1:00:00, 20s, 250ms"))
    }

    /// Nothing may follow.
    pub fn end(&self, known: &[&str]) -> Result<(), String> {
        match self.words.get(self.at) {
            None => Ok(()),
            Some(Word::Plain(word)) => Err(unknown(word, known)),
            Some(Word::Quoted(_)) => Err("a text too many".to_owned()),
        }
    }
}

pub fn unknown(word: &str, known: &[&str]) -> String {
    format!("{word}? known: {}", known.join(", "))
}

fn time(word: &str) -> Option<Duration> {
    for (unit, ms) in [("ms", 1.0), ("s", 1_000.0), ("m", 60_000.0)] {
        if let Some(number) = word.strip_suffix(unit) {
            let number: f64 = number.parse().ok()?;
            return Duration::try_from_secs_f64(number * ms / 1_000.0).ok();
        }
    }
    let parts: Option<Vec<u64>> = word.split(':').map(|part| part.parse().ok()).collect();
    let secs = match parts?[..] {
        [minutes, seconds] => minutes * 60 + seconds,
        [hours, minutes, seconds] => hours * 3_600 + minutes * 60 + seconds,
        _ => return None,
    };
    Some(Duration::from_secs(secs))
}

/// The text up to the closing quote, and what follows it.
fn quoted(mut text: &str) -> Result<(Vec<u8>, &str), String> {
    let mut bytes = Vec::new();
    while let Some(char) = text.chars().next() {
        text = &text[char.len_utf8()..];
        match char {
            '"' => return Ok((bytes, text)),
            '\\' => {
                let taken = escaped(text, &mut bytes);
                let taken = taken.ok_or_else(|| format!("what is \\{text}?"))?;
                text = &text[taken..];
            }
            char => bytes.extend(char.encode_utf8(&mut [0; 4]).bytes()),
        }
    }
    Err("a quote that does not end".to_owned())
}

/// What stands behind a backslash; how many bytes of it were read.
fn escaped(rest: &str, bytes: &mut Vec<u8>) -> Option<usize> {
    match rest.chars().next()? {
        'n' => bytes.push(b'\n'),
        '0' => bytes.push(0),
        char @ ('"' | '\\') => bytes.push(char as u8),
        'x' => {
            bytes.push(u8::from_str_radix(rest.get(1..3)?, 16).ok()?);
            return Some(3);
        }
        'u' => {
            let (hex, _) = rest.strip_prefix("u{")?.split_once('}')?;
            let char = char::from_u32(u32::from_str_radix(hex, 16).ok()?)?;
            bytes.extend(char.encode_utf8(&mut [0; 4]).bytes());
            return Some(hex.len() + 3);
        }
        '{' => {
            // What is repeated may have such marks of its own.
            let ends = rest.match_indices('}').map(|(at, _)| at);
            let (end, what, times) = ends.into_iter().find_map(|end| {
                let (what, times) = rest[1..end].rsplit_once('*')?;
                Some((end, what, times.parse().ok()?))
            })?;
            let closed = format!("{what}\"");
            let (what, _) = quoted(&closed).ok()?;
            bytes.extend(what.repeat(times));
            return Some(end + 1);
        }
        _ => return None,
    }
    Some(1)
}

#[test]
fn words_and_texts() {
    let mut words =
        Words::split(r#"a "b \"c\" \x41\u{e9}\{x\u{79}*3}" 0x33 1:02:03 1.5s"#).unwrap();
    assert_eq!(words.word().unwrap(), "a");
    assert_eq!(words.text().unwrap(), "b \"c\" Aéxyxyxy");
    assert_eq!(words.number().unwrap(), 0x33);
    assert_eq!(words.time().unwrap(), Duration::from_secs(3_723));
    assert_eq!(words.time().unwrap(), Duration::from_millis(1_500));
    assert!(words.is_over());
}
