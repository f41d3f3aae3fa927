//! What lies on the bot's desk between two messages of the same person: a list
//! to pick from, the rest of a long answer; and the operator's mute switch.

use std::time::Duration;

use super::split::floor_boundary;
use crate::bot::ask::Place;
use crate::bounds::Held;
use crate::bounds::recent::Recent;
use crate::mesh::{NodeNum, Now};

/// People with something on the desk at a time.
const CAPACITY: usize = 64;
/// A list can be picked from for so long (features.md D7).
const PICK_FOR: Duration = Duration::from_secs(300);
/// The rest of an answer is kept for so long (features.md B2).
const MORE_FOR: Duration = Duration::from_secs(600);
/// More than this is not kept: nobody reads it over a radio.
const MORE_MAX: usize = 4_096;

/// Somebody at some place: what he is shown on a channel he cannot continue in
/// a direct message.
pub type Who = (NodeNum, Place);

/// A list that was shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Choice {
    /// The command that goes on with the choice.
    pub command: &'static str,
    /// The command's arguments in the order shown: node numbers, places.
    pub args: Vec<String>,
}

/// A page of a list, as it was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Turn {
    /// The command that lists.
    pub command: &'static str,
    /// What followed it, without the page.
    pub args: String,
    /// Which page was shown, from 1.
    pub page: usize,
    /// Of so many.
    pub pages: usize,
}

impl Turn {
    /// What the command is asked with for another page: so many on, or back.
    #[must_use]
    pub fn by(&self, pages: isize) -> Option<String> {
        self.to(self.page.checked_add_signed(pages)?)
    }

    /// The same for this page.
    #[must_use]
    pub fn to(&self, page: usize) -> Option<String> {
        let is_one = (1..=self.pages).contains(&page);
        is_one.then(|| format!("{} {page}", self.args).trim_start().to_owned())
    }
}

/// A long answer, of which a piece was said last.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Long {
    text: String,
    /// Where the pieces begin that were said, in their order.
    starts: Vec<usize>,
    /// Where begins what was not.
    rest: usize,
}

impl Long {
    /// From the piece that was said last, or is to be said.
    #[must_use]
    pub fn piece(&self) -> &str {
        let start = self.starts.last().copied().unwrap_or_default();
        self.text.get(start..).unwrap_or_default()
    }

    /// Turned to the next piece.
    #[must_use]
    pub fn on(mut self) -> Option<Self> {
        self.starts.push(self.rest);
        (self.rest < self.text.len()).then_some(self)
    }

    /// Turned to the piece before.
    #[must_use]
    pub fn back(mut self) -> Option<Self> {
        self.starts.pop();
        (!self.starts.is_empty()).then_some(self)
    }
}

/// What follows what was said last.
#[derive(Clone, PartialEq, Eq, Debug)]
enum More {
    /// The rest of a long answer.
    Rest(Long),
    /// Other pages.
    Pages(Turn),
}

/// The desk.
#[derive(Debug)]
pub struct Desk {
    choices: Recent<Who, Choice>,
    more: Recent<Who, More>,
    muted_until: Option<u64>,
    /// The end of a mute that began in this run: the board's clock may be set
    /// meanwhile.
    muted_until_mono: Option<Duration>,
    mute_changed: bool,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            choices: Recent::new(CAPACITY),
            more: Recent::new(CAPACITY),
            muted_until: None,
            muted_until_mono: None,
            mute_changed: false,
        }
    }
}

impl Desk {
    /// What lies on it.
    #[must_use]
    pub fn held(&self) -> [Held; 2] {
        [
            Held::new("lists to pick from", self.choices.len(), CAPACITY),
            Held::new("rests of answers", self.more.len(), CAPACITY),
        ]
    }

    /// A list was shown to somebody.
    pub fn offer(&mut self, who: Who, choice: Choice, now: Duration) {
        self.choices.insert(who, now, choice);
    }

    /// Entry `number` (from 1) of the list that he was shown lately.
    #[must_use]
    pub fn pick(&self, who: Who, number: usize, now: Duration) -> Option<(&'static str, &str)> {
        let choice = self.choices.get(&who, now, PICK_FOR)?;
        let args = choice.args.get(number.checked_sub(1)?)?;
        Some((choice.command, args))
    }

    /// Keeps an answer of which `rest`, its end, was not said; when nothing is left,
    /// what was there is removed.
    pub fn keep(&mut self, who: Who, text: &str, rest: &str, now: Duration) {
        if rest.is_empty() {
            self.more.take(&who, now, MORE_FOR);
            return;
        }
        let said = text.trim().strip_suffix(rest).unwrap_or_default();
        let mut text = format!("{said}{rest}");
        text.truncate(floor_boundary(&text, said.len() + MORE_MAX));
        let long = Long {
            text,
            starts: vec![0],
            rest: said.len(),
        };
        self.more.insert(who, now, More::Rest(long));
    }

    /// The long answer that was said to him last, if it was one.
    #[must_use]
    pub fn long(&self, who: Who, now: Duration) -> Option<Long> {
        match self.more.get(&who, now, MORE_FOR)? {
            More::Rest(long) => Some(long.clone()),
            More::Pages(_) => None,
        }
    }

    /// A piece of it has just been said, so that what was not lies here again: from
    /// now on it is known what stands before that.
    pub fn goes_on(&mut self, who: Who, mut long: Long, now: Duration) {
        let left = self.long(who, now);
        let left = left.map_or(0, |left| left.text.len() - left.rest);
        long.rest = long.text.len().saturating_sub(left);
        self.put_back(who, long, now);
    }

    /// It lies here as before: what was said meanwhile was no answer.
    pub fn put_back(&mut self, who: Who, long: Long, now: Duration) {
        self.more.insert(who, now, More::Rest(long));
    }

    /// What was said last is this page.
    pub fn turn_to(&mut self, who: Who, turn: Turn, now: Duration) {
        self.more.insert(who, now, More::Pages(turn));
    }

    /// The page that was said to him last, if it was one.
    #[must_use]
    pub fn turned_to(&self, who: Who, now: Duration) -> Option<&Turn> {
        match self.more.get(&who, now, MORE_FOR)? {
            More::Pages(turn) => Some(turn),
            More::Rest(_) => None,
        }
    }

    /// Until when the bot says nothing: seconds since 1970, `u64::MAX` for ever.
    #[must_use]
    pub fn muted_until(&self) -> Option<u64> {
        self.muted_until
    }

    /// Whether the bot says nothing at this moment.
    #[must_use]
    pub fn is_muted(&self, now: Now) -> bool {
        match self.muted_until_mono {
            Some(until) => now.mono < until,
            None => self.muted_until.is_some_and(|until| now.unix < until),
        }
    }

    /// The operator's word, `u64::MAX` for ever. It is kept over a restart.
    pub fn mute(&mut self, until: Option<u64>) {
        self.mute_changed |= self.muted_until != until;
        self.muted_until = until;
        self.muted_until_mono = None;
    }

    /// The same for a time from now on, whatever happens to the board's clock.
    pub fn mute_for(&mut self, time: Duration, now: Now) {
        self.mute(Some(now.unix.saturating_add(time.as_secs())));
        self.muted_until_mono = Some(now.mono + time);
    }

    /// The mute switch as it was before the restart.
    pub fn restore_mute(&mut self, until: Option<u64>) {
        self.muted_until = until;
    }

    /// Whether the switch was turned since the last call.
    pub fn take_mute_change(&mut self) -> bool {
        std::mem::take(&mut self.mute_changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: Who = (NodeNum(9), Place::Direct);

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_choice_lasts_five_minutes_at_its_place() {
        let mut desk = Desk::default();
        let choice = Choice {
            command: "info",
            args: vec!["!0000000b".into(), "48.95,2.25".into()],
        };
        desk.offer(WHO, choice, s(0));
        assert_eq!(desk.pick(WHO, 2, s(299)), Some(("info", "48.95,2.25")));
        assert_eq!(desk.pick(WHO, 3, s(1)), None);
        assert_eq!(desk.pick(WHO, 0, s(1)), None);
        assert_eq!(desk.pick(WHO, 2, s(300)), None);
        let elsewhere = (NodeNum(9), Place::Channel(crate::mesh::ChannelIndex(0)));
        assert_eq!(desk.pick(elsewhere, 1, s(1)), None);
    }

    #[test]
    fn a_rest_is_read_within_ten_minutes() {
        let mut desk = Desk::default();
        desk.keep(WHO, "said rest", "rest", s(0));
        let long = desk.long(WHO, s(599)).unwrap();
        let on = long.clone().on().unwrap();
        assert_eq!((on.piece(), long.back()), ("rest", None));
        desk.keep(WHO, "rest", "", s(599));
        assert_eq!(desk.long(WHO, s(599)), None);
        desk.keep(WHO, "rest", "rest", s(0));
        assert_eq!(desk.long(WHO, s(600)), None);
    }

    #[test]
    fn nobody_makes_the_desk_grow() {
        let mut desk = Desk::default();
        let mut long = "é".repeat(2_047);
        long.push_str("xéy");
        desk.keep(WHO, &format!("said {long}"), &long, s(0));
        let kept = desk.long(WHO, s(0)).unwrap();
        assert_eq!(
            kept.on().unwrap().piece().len(),
            4_095,
            "nothing is cut in half"
        );
        for num in 0..200 {
            let who = (NodeNum(num), Place::Direct);
            desk.keep(who, "rest", "rest", s(1));
            let choice = Choice {
                command: "info",
                args: vec![WHO.0.to_string()],
            };
            desk.offer(who, choice, s(1));
        }
        let held = desk.held().map(|held| (held.now, held.most));
        assert_eq!(held, [(64, 64); 2]);
    }

    /// Whatever becomes of the board's clock meanwhile.
    #[test]
    fn a_mute_for_a_time_lasts_as_long() {
        let at = |mono, unix| Now {
            mono: s(mono),
            unix,
        };
        let mut desk = Desk::default();
        desk.mute_for(s(60), at(10, 1_000));
        assert_eq!(desk.muted_until(), Some(1_060));
        assert!(desk.is_muted(at(69, 9_000)) && !desk.is_muted(at(70, 0)));
        desk.mute(None);
        assert!(!desk.is_muted(at(11, 1_001)));
    }

    #[test]
    fn muting_ends_by_itself() {
        let at = |unix| Now {
            unix,
            ..Now::default()
        };
        let mut desk = Desk::default();
        assert!(!desk.is_muted(at(100)));
        desk.mute(Some(160));
        assert!(desk.is_muted(at(159)) && !desk.is_muted(at(160)));
        assert!(desk.take_mute_change() && !desk.take_mute_change());
    }
}
