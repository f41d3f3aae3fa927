//! What became of a question, in words.

use super::Last;
use crate::bot::ask::{Ask, Place};
use crate::bot::capability::Fate;
use crate::bot::command::Context;
use crate::bot::say::{format, reason, whom};
use crate::lang::Text;
use crate::link::{Failure, Outcome};
use crate::mesh::{Hops, name};
use crate::proto::routing;

/// The node has transmitted as much as it may.
const DUTY_CYCLE: i32 = routing::Error::DutyCycleLimit as i32;
/// The longest question that is repeated, bytes.
const LINE: usize = 32;
/// The longest name of a relay, bytes.
const NAME: usize = 24;

/// The answer, one packet.
pub fn told(ask: &Ask, last: &Last, context: &Context<'_>) -> String {
    let lang = context.lang;
    let age = context.now.mono.saturating_sub(last.at);
    let line = name::shortened(&last.line, LINE);
    let mut heard = format::way(lang, last.hops, last.via_mqtt);
    if let Some(byte) = last.relay.filter(|_| last.hops != Hops::Known(0)) {
        let of = Ask {
            hops: last.hops,
            ..ask.clone()
        };
        let names = whom::relay(&of, lang, context.book, byte, NAME);
        heard = format!(
            "{heard}, {}",
            Text::LastRelay.fill(lang, &[("names", &names)])
        );
    }
    let values: [(&str, &dyn std::fmt::Display); 3] = [
        ("line", &line),
        ("ago", &format::ago(lang, age)),
        ("way", &heard),
    ];
    let parts = vec![
        (1, Text::FateHeard.fill(lang, &values)),
        (0, became(last, context)),
    ];
    format::fit(parts, context.part_limit)
}

/// What became of the answer, and what he can do.
fn became(last: &Last, context: &Context<'_>) -> String {
    let lang = context.lang;
    let plain = |text: Text| text.plain(lang).to_owned();
    match (last.fate, last.outcome) {
        (_, Some(outcome)) => outcome_of(last, outcome, context),
        (Fate::Handed | Fate::Later, None) => plain(Text::FateWaiting),
        (Fate::Together, None) => plain(Text::FateTogether),
        (Fate::Limit, None) => plain(Text::FateLimit),
        (Fate::Muted, None) => plain(Text::FateMuted),
        (Fate::Busy, None) => plain(Text::Busy),
        (Fate::NotHere, None) => plain(Text::FateNotHere),
        (Fate::Silent, None) => plain(Text::FateSilent),
        (Fate::Refused(refused), None) => {
            let why = refused.to_string();
            Text::FateFailed.fill(lang, &[("reason", &reason::told(lang, &why))])
        }
    }
}

fn outcome_of(last: &Last, outcome: Outcome, context: &Context<'_>) -> String {
    let lang = context.lang;
    let plain = |text: Text| text.plain(lang).to_owned();
    match outcome {
        Outcome::Delivered(took) => {
            let secs = format::decimal(lang, took.as_secs_f64(), 1);
            Text::FateDelivered.fill(lang, &[("s", &secs)])
        }
        Outcome::Relayed => match last.place {
            Place::Channel(_) => plain(Text::FatePassedOn),
            Place::Direct => plain(Text::FateRelayed),
        },
        Outcome::Sent => plain(Text::FateSent),
        Outcome::Failed(failure) if failure.is_key_trouble() => {
            Text::FateNoKey.fill(lang, &[("prefix", &context.prefix)])
        }
        Outcome::Failed(Failure::Nak(DUTY_CYCLE)) => plain(Text::FateDuty),
        Outcome::Failed(Failure::NoAnswer | Failure::MAX_RETRANSMIT) => plain(Text::FateNobody),
        other => {
            let why = other.to_string();
            Text::FateFailed.fill(lang, &[("reason", &reason::told(lang, &why))])
        }
    }
}
