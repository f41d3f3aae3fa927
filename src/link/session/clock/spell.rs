//! A spell of packets that look old. What is held up comes at one moment; a clock
//! that says so at more than one is believed for six seconds, and then no more.

use std::time::Duration;

use super::CONFIRMED;

/// So long packets may look old in a row…
const SPELL: Duration = Duration::from_secs(6);
/// …which ends when none did for so long, or when for as long as a spell may be
/// everything was young.
const SPELL_GAP: Duration = Duration::from_secs(30);

/// Packets that look old, at more than one moment: what was held up comes at one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spell {
    since: Duration,
    last: Duration,
    /// They did at another moment than the first as well.
    is_repeated: bool,
    /// Since when nothing did.
    young: Option<Duration>,
}

impl Spell {
    pub fn begin(mono: Duration) -> Self {
        Self {
            since: mono,
            last: mono,
            is_repeated: false,
            young: None,
        }
    }

    pub fn is_over(&self, mono: Duration) -> bool {
        mono >= self.last + SPELL_GAP
    }

    /// One more packet looks old; whether that is believed.
    pub fn goes_on(&mut self, mono: Duration) -> bool {
        let is_believed = !self.is_repeated || mono < self.since + SPELL;
        self.is_repeated |= mono >= self.since + CONFIRMED;
        self.last = mono;
        self.young = None;
        is_believed
    }

    /// A packet looks young; whether that ends the spell.
    pub fn is_ended(&mut self, mono: Duration) -> bool {
        let young = *self.young.get_or_insert(mono);
        mono >= young + SPELL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Old at one moment only is old for ever; at more than one for six seconds.
    #[test]
    fn a_spell_is_believed_for_six_seconds() {
        let mut spell = Spell::begin(at(100_000));
        for (when, believed) in [
            (101_999, true),
            (129_000, true),
            (129_001, false),
            (140_000, false),
        ] {
            assert_eq!(spell.goes_on(at(when)), believed, "{when}");
        }
        let mut spell = Spell::begin(at(100_000));
        for (when, believed) in [(102_000, true), (105_999, true), (106_000, false)] {
            assert_eq!(spell.goes_on(at(when)), believed, "{when}");
        }
    }

    #[test]
    fn a_spell_ends_after_six_young_seconds_or_thirty_silent_ones() {
        let mut spell = Spell::begin(at(100_000));
        assert!(!spell.is_over(at(129_999)));
        assert!(spell.is_over(at(130_000)));
        assert!(!spell.is_ended(at(101_000)));
        assert!(!spell.is_ended(at(106_999)));
        spell.goes_on(at(107_000));
        assert!(!spell.is_ended(at(108_000)), "it begins anew");
        assert!(!spell.is_ended(at(113_999)));
        assert!(spell.is_ended(at(114_000)));
        assert!(!spell.is_over(at(136_999)));
    }
}
