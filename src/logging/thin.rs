//! Which lines are written: whoever can cause a line at will, a node, a sender, a
//! service, does not decide how much of the card the log takes.
//!
//! - The same line is written once, then once in ten minutes with its count. Numbers
//!   in it do not make it another line.
//! - One place in the source says ten different things in ten minutes; what is more
//!   is counted.
//! - Lines of the log contract are not thinned, for who looks for them counts them.
//! - All together have an allowance of bytes, of which the last quarter is for
//!   errors. So a day has less than 200 kB, whatever happens.
//!
//! Pure: the time is handed in.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use log::Level;

/// A line that is said again is told again after so long, with its count.
const PERIOD: Duration = Duration::from_secs(600);
/// Different lines of one place in a period.
const OF_ONE_PLACE: u8 = 10;
/// Lines that are remembered; the one that was said longest ago makes room.
const LINES: usize = 128;
/// Longest text that is kept for the line with the count, in bytes.
const TEXT_MAX: usize = 160;
/// What time and level before a text take at most, in bytes.
pub const STAMP: usize = 40;
/// Bytes that may be written at once…
const BURST: u64 = 64 * 1024;
/// …and so many a second afterwards: 86 kB a day.
const PER_SECOND: u64 = 1;
/// Only errors are written from the last part.
const FOR_ERRORS: u64 = BURST / 4;

/// What is known of a line before it is written.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its level.
    pub level: Level,
    /// Where in the source it comes from.
    pub place: u64,
    /// It belongs to the log contract: never thinned.
    pub contract: bool,
    /// What it says.
    pub text: &'a str,
    /// The length of the whole line, in bytes.
    pub bytes: usize,
}

/// Told instead of many lines.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Count {
    /// The level of these lines.
    pub level: Level,
    /// How many there were, and what they said.
    pub text: String,
}

#[derive(Debug)]
struct Known {
    key: u64,
    level: Level,
    text: Box<str>,
    since: Duration,
    again: u64,
}

#[derive(Debug)]
struct Place {
    place: u64,
    since: Duration,
    said: u8,
}

/// What was written lately.
#[derive(Debug)]
pub struct Thin {
    known: Vec<Known>,
    places: Vec<Place>,
    bytes: u64,
    at: Duration,
    left_out: u64,
    left_out_told: Option<Duration>,
}

impl Thin {
    /// Nothing written yet.
    #[must_use]
    pub fn new(now: Duration) -> Self {
        Self {
            known: Vec::new(),
            places: Vec::new(),
            bytes: BURST,
            at: now,
            left_out: 0,
            left_out_told: None,
        }
    }

    /// Whether this line is written. If not, it is counted.
    pub fn admits(&mut self, now: Duration, line: Line) -> bool {
        self.refill(now);
        if !line.contract && self.is_again(now, line) {
            return false;
        }
        let reserve = match line.level {
            Level::Error => 0,
            _ => FOR_ERRORS,
        };
        let bytes = line.bytes as u64;
        if self.bytes < reserve + bytes {
            self.left_out += 1;
            return false;
        }
        self.bytes -= bytes;
        true
    }

    /// When [`Thin::told`] has something to say, if nothing else happens.
    #[must_use]
    pub fn due(&self) -> Option<Duration> {
        let counts = self.known.iter().filter(|known| known.again > 0);
        let counts = counts.map(|known| known.since + PERIOD).min();
        let left_out = (self.left_out > 0).then(|| {
            self.left_out_told
                .map_or(Duration::ZERO, |told| told + PERIOD)
        });
        counts.into_iter().chain(left_out).min()
    }

    /// A count that is due.
    pub fn told(&mut self, now: Duration) -> Option<Count> {
        self.refill(now);
        let told = self.left_out_told;
        if self.left_out > 0 && told.is_none_or(|told| now >= told + PERIOD) {
            self.left_out_told = Some(now);
            let left_out = std::mem::take(&mut self.left_out);
            return Some(Count {
                level: Level::Warn,
                text: format!("too much to log: {left_out} lines left out"),
            });
        }
        let due = self
            .known
            .iter_mut()
            .find(|known| known.again > 0 && now >= known.since + PERIOD)?;
        due.since = now;
        let count = due.count();
        self.bytes = self.bytes.saturating_sub((count.text.len() + STAMP) as u64);
        Some(count)
    }

    /// Everything that has not been told yet, at the end.
    pub fn rest(&mut self) -> Vec<Count> {
        let known = self.known.iter_mut().filter(|known| known.again > 0);
        known.map(Known::count).collect()
    }

    fn refill(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.at).as_secs();
        self.at += Duration::from_secs(passed);
        self.bytes = (self.bytes + passed * PER_SECOND).min(BURST);
    }

    /// Whether the same was said a short while ago, or too much of this kind.
    fn is_again(&mut self, now: Duration, line: Line) -> bool {
        let key = key(line.place, Some(line.text));
        if self.counts(now, key) {
            return true;
        }
        if self.place_is_full(now, line.place) {
            let whole = self::key(line.place, None);
            if !self.counts(now, whole) {
                self.remember(now, whole, line, 1);
            }
            return true;
        }
        self.remember(now, key, line, 0);
        false
    }

    /// Counts the line if it is known. What has not been said for a period is new.
    fn counts(&mut self, now: Duration, key: u64) -> bool {
        let Some(at) = self.known.iter().position(|known| known.key == key) else {
            return false;
        };
        let known = &mut self.known[at];
        if known.again == 0 && now >= known.since + PERIOD {
            self.known.swap_remove(at);
            return false;
        }
        known.again += 1;
        true
    }

    fn remember(&mut self, now: Duration, key: u64, line: Line, again: u64) {
        if self.known.len() == LINES
            && let Some(oldest) = (0..LINES).min_by_key(|&at| self.known[at].since)
        {
            let oldest = self.known.swap_remove(oldest);
            self.left_out += oldest.again;
        }
        let mut end = line.text.len().min(TEXT_MAX);
        while !line.text.is_char_boundary(end) {
            end -= 1;
        }
        self.known.push(Known {
            key,
            level: line.level,
            text: line.text[..end].into(),
            since: now,
            again,
        });
    }

    fn place_is_full(&mut self, now: Duration, place: u64) -> bool {
        self.places.retain(|it| now < it.since + PERIOD);
        if let Some(it) = self.places.iter_mut().find(|it| it.place == place) {
            let is_full = it.said >= OF_ONE_PLACE;
            it.said += u8::from(!is_full);
            return is_full;
        }
        // There are fewer places in the source than this.
        let is_full = self.places.len() >= 4 * LINES;
        if !is_full {
            self.places.push(Place {
                place,
                since: now,
                said: 1,
            });
        }
        is_full
    }
}

impl Known {
    fn count(&mut self) -> Count {
        let again = std::mem::take(&mut self.again);
        Count {
            level: self.level,
            text: format!("{again} times more in 10 min: {}", self.text),
        }
    }
}

/// A line without the numbers in it, or all lines of a place.
fn key(place: u64, text: Option<&str>) -> u64 {
    let mut hasher = DefaultHasher::new();
    place.hash(&mut hasher);
    let mut in_number = false;
    let mut in_id = 0;
    for byte in text.unwrap_or_default().bytes() {
        // A node's number may have letters in any place.
        let is_of_id = in_id > 0 && matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let is_number = byte.is_ascii_digit() || is_of_id;
        in_id = match byte {
            b'!' => 8,
            _ if is_of_id => in_id - 1,
            _ => 0,
        };
        if !(is_number && in_number) {
            let shown = if is_number { b'#' } else { byte };
            shown.hash(&mut hasher);
        }
        in_number = is_number;
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn line(text: &str) -> Line<'_> {
        Line {
            level: Level::Warn,
            place: 7,
            contract: false,
            text,
            bytes: text.len() + STAMP,
        }
    }

    #[test]
    fn the_same_line_is_written_once_then_counted() {
        let mut thin = Thin::new(s(0));
        let text = |n: u64| format!("node: duty cycle. You can send again in {n} mins");
        assert!(thin.admits(s(0), line(&text(10))));
        for n in 1..41 {
            assert!(!thin.admits(s(n), line(&text(n % 12))));
        }
        assert_eq!(thin.due(), Some(s(600)));
        assert_eq!(thin.told(s(599)), None);
        let told = thin.told(s(600)).unwrap();
        assert_eq!(
            (told.level, told.text.as_str()),
            (
                Level::Warn,
                "40 times more in 10 min: node: duty cycle. You can send again in 10 mins"
            )
        );
        assert_eq!((thin.told(s(600)), thin.due()), (None, None));
        // Said again after a while it is news.
        assert!(!thin.admits(s(700), line(&text(3))));
        assert!(thin.told(s(1_200)).is_some());
        assert!(thin.admits(s(1_900), line(&text(4))));
    }

    #[test]
    fn another_text_is_another_line_but_another_number_is_not() {
        let mut thin = Thin::new(s(0));
        let mut admits = |text: &str| thin.admits(s(1), line(text));
        assert!(admits("!a1b2c3d4 announces another key"));
        assert!(!admits("!0badcafe announces another key"));
        assert!(!admits("!12345678 announces another key"));
        assert!(admits("!12345678 announces a key"));
        assert!(admits("a 12 b"));
        assert!(!admits("a 7 b"));
        assert!(admits("a 7 c"));
    }

    #[test]
    fn one_place_does_not_fill_the_log_with_ever_new_lines() {
        let mut thin = Thin::new(s(0));
        let mut other = line("something else");
        other.place = 8;
        let words: Vec<String> = (0..20_000_u32)
            .map(|n| {
                format!(
                    "node: {}",
                    n.to_string().replace(|c: char| c.is_ascii_digit(), "x")
                        + &"y".repeat(n as usize % 97)
                )
            })
            .collect();
        let written = words
            .iter()
            .filter(|it| thin.admits(s(1), line(it)))
            .count();
        assert_eq!(written, 10);
        assert!(thin.admits(s(1), other));
        assert!(thin.known.len() <= LINES && thin.places.len() == 2);
        let told: Vec<_> = std::iter::from_fn(|| thin.told(s(700))).collect();
        let counted: u64 = told
            .iter()
            .map(|it| it.text.split(' ').next().unwrap().parse::<u64>().unwrap())
            .sum();
        assert_eq!(counted, 20_000 - 10);
    }

    #[test]
    fn the_contract_is_never_thinned() {
        let mut thin = Thin::new(s(0));
        let line = Line {
            contract: true,
            ..line("TCP reconnect #1")
        };
        assert!((0..50).all(|at| thin.admits(s(at), line)));
    }

    /// Every place says something new all the time, the contract too, for two days.
    #[test]
    fn a_day_has_less_than_200_kb_whatever_happens() {
        let mut thin = Thin::new(s(0));
        let mut rng = fastrand::Rng::with_seed(1);
        let mut days = [0_usize; 2];
        for second in 0..2 * 86_400_u64 {
            let day = &mut days[(second / 86_400) as usize];
            let text: String = (0..rng.usize(10..300)).map(|_| rng.alphabetic()).collect();
            let said = Line {
                place: rng.u64(..60),
                contract: rng.bool(),
                ..line(&text)
            };
            if thin.admits(s(second), said) {
                *day += said.bytes;
            }
            if thin.due().is_some_and(|due| due <= s(second)) {
                while let Some(count) = thin.told(s(second)) {
                    *day += count.text.len() + STAMP;
                }
            }
        }
        assert!(days.iter().all(|day| *day < 200_000), "{days:?}");
        // An error finds room all the same.
        let error = Line {
            level: Level::Error,
            place: 99,
            ..line("the card is full")
        };
        assert!(thin.admits(s(2 * 86_400), error));
    }
}
