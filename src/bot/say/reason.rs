//! Why something was not sent or did not arrive, in the asker's language.
//!
//! The link says it in English, and so it stands in the log and in the history,
//! which keeps the words and no numbers. Hence it is known again by its words.

use std::borrow::Cow;

use crate::lang::{Lang, Text};

/// Every reason that the link gives.
const ALL: [Text; 32] = [
    Text::WhyLinkDown,
    Text::WhyQueueFull,
    Text::WhyTooBusy,
    Text::WhyTooLong,
    Text::WhyExpired,
    Text::WhyUnknown,
    Text::WhyStopping,
    Text::WhyRateLimit,
    Text::WhyNoSuchChannel,
    Text::WhyNodeFull,
    Text::WhyNodeRadio,
    Text::WhyNodeMute,
    Text::WhyNoAnswer,
    Text::WhyCode,
    Text::WhyNoRoute,
    Text::WhyGotNak,
    Text::WhyTimeout,
    Text::WhyNoInterface,
    Text::WhyUnreadable,
    Text::WhyMaxRetransmit,
    Text::WhyNoChannel,
    Text::WhyTooLarge,
    Text::WhyNoResponse,
    Text::WhyDutyCycle,
    Text::WhyBadRequest,
    Text::WhyNotAuthorized,
    Text::WhyPkiFailed,
    Text::WhyPkiUnknown,
    Text::WhyAdminSession,
    Text::WhyAdminKey,
    Text::WhyRateExceeded,
    Text::WhyPkiSend,
];

/// The reason that the link gave as `said`. One that is not known, of another
/// version perhaps, stays as it is.
pub fn told(lang: Lang, said: &str) -> Cow<'_, str> {
    let mut all = ALL.into_iter();
    let known = all.find_map(|text| match text.plain(Lang::En).split_once("{n}") {
        None => (text.plain(Lang::En) == said).then(|| Cow::Borrowed(text.plain(lang))),
        Some((before, after)) => {
            let n = said.strip_prefix(before)?.strip_suffix(after)?;
            let n: i32 = n.parse().ok()?;
            Some(Cow::Owned(text.fill(lang, &[("n", &n)])))
        }
    });
    known.unwrap_or(Cow::Borrowed(said))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{DropReason, Failure, Outcome, Refused};
    use crate::proto::routing;
    use std::collections::BTreeSet;

    /// All that the link can say.
    fn said() -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        for refused in [
            Refused::LinkDown,
            Refused::QueueFull,
            Refused::TooBusy,
            Refused::TooLong(220),
        ] {
            all.insert(refused.to_string());
        }
        let drops = [
            DropReason::QueueFull,
            DropReason::Stopping,
            DropReason::RateLimit,
            DropReason::NoChannel,
        ];
        let mut outcomes: Vec<_> = drops.into_iter().map(Outcome::Dropped).collect();
        outcomes.extend([Outcome::Expired, Outcome::Unknown]);
        outcomes.push(Outcome::Failed(Failure::NoAnswer));
        outcomes.push(Outcome::Failed(Failure::Unreadable));
        // 0 is no failure but the acknowledgement.
        for code in (-2..200).filter(|&code| code != routing::Error::None as i32) {
            outcomes.push(Outcome::Failed(Failure::Nak(code)));
            outcomes.push(Outcome::Failed(Failure::Queue(code)));
        }
        all.extend(outcomes.iter().map(Outcome::to_string));
        all
    }

    #[test]
    fn whatever_the_link_says_is_known_in_every_language() {
        for said in said() {
            assert_eq!(told(Lang::En, &said), said);
            for lang in Lang::ALL {
                let own = told(lang, &said);
                let is_english = lang == Lang::En || !lang.missing().is_empty();
                assert!(own != said || is_english, "{own}");
                assert!(own.len() <= 40, "{own} is cut in /errors");
            }
        }
    }

    /// And the catalogue has none that it never says.
    #[test]
    fn every_reason_is_one_of_the_link() {
        let all = said();
        for text in ALL {
            let (before, after) = text.plain(Lang::En).split_once("{n}").unwrap_or_default();
            let is_said = |said: &&String| match before {
                "" => said.as_str() == text.plain(Lang::En),
                _ => said.starts_with(before) && said.ends_with(after),
            };
            assert!(all.iter().any(|said| is_said(&said)), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_known_stays_as_it_was_written() {
        for said in [
            "",
            "PKI_FAILED_TWICE",
            "routing error x",
            "text longer than",
        ] {
            assert_eq!(told(Lang::Fr, said), said);
        }
        assert_eq!(told(Lang::Fr, "routing error 77"), "erreur de routage 77");
    }
}
