//! `/ping`: am I heard, and how well? `/ping N` asks for several pongs, which
//! show how reliable the way back is.

use std::time::Duration;

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context, Topic};
use crate::bot::pings::sessions::{End, MOST, MOST_OPERATOR, Report, Took, Wish};
use crate::bot::say::format;
use crate::lang::{Lang, Text};
use crate::mesh::lookup::{self, Found};
use crate::mesh::name::{self, fold};

/// A question that waited longer than this gets its age told, seconds.
const LATE: u64 = 15;
/// What of an argument is repeated, bytes.
const NAME: usize = 24;

pub const COMMAND: Command = Command {
    name: "ping",
    names: Some(Text::NamesPing),
    phrases: Some(Text::AskingPing),
    topic: Topic::Signal,
    usage: Some(Text::UsagePing),
    example: Some(Text::ExamplePing),
    summary: Text::HelpPing,
    ..Command::BASE
};

/// What the arguments mean; `None` is one pong.
pub fn wish(ask: &Ask) -> Option<Wish> {
    let args = ask.args.trim();
    if fold(args) == "stop" {
        return Some(Wish::Stop);
    }
    if args.is_empty() || !args.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let most = if ask.is_operator { MOST_OPERATOR } else { MOST };
    let wanted: Option<u8> = args.parse().ok();
    if wanted == Some(0) {
        return None;
    }
    let count = wanted.unwrap_or(u8::MAX).clamp(1, most);
    Some(Wish::Start {
        count,
        capped: wanted != Some(count),
    })
}

/// A pong of a session. The first one tells how the question came.
pub fn numbered(ask: &Ask, lang: Lang, turn: u8, count: u8, capped: bool, limit: usize) -> String {
    let mut parts = vec![(0, format!("{} {turn}/{count}", Text::Pong.plain(lang)))];
    if turn == 1 {
        if capped {
            let most = if ask.is_operator { MOST_OPERATOR } else { MOST };
            parts.push((0, Text::PingMost.fill(lang, &[("n", &most)])));
        }
        parts.extend(heard(ask, lang).into_iter().map(|part| (1, part)));
    }
    format::fit(parts, limit)
}

/// What became of a session.
pub fn summary(lang: Lang, report: &Report, limit: usize) -> String {
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("sent", &report.sent), ("count", &report.count)];
    let mut parts = vec![(0, Text::PingSent.fill(lang, &values))];
    for (text, n) in [
        (Text::PingDelivered, report.delivered),
        (Text::PingRelayed, report.relayed),
        (Text::PingUnanswered, report.unanswered),
        (Text::PingFailed, report.failed),
        (Text::PingUnknown, report.unknown),
    ] {
        if n > 0 || text == Text::PingDelivered {
            parts.push((0, text.count(lang, n)));
        }
    }
    if let Some(took) = report.took {
        parts.insert(2, (1, acknowledged_after(lang, took, report.delivered)));
    }
    let end = match report.end {
        End::Complete => None,
        End::Stopped => Some(Text::PingStopped),
        End::LinkLost => Some(Text::PingLinkLost),
        End::Limit => Some(Text::PingLimit),
    };
    parts.extend(end.map(|end| (1, end.plain(lang).to_owned())));
    format::fit(parts, limit)
}

/// `after 1.2 s (0.7 to 2.9)`.
fn acknowledged_after(lang: Lang, took: Took, times: u8) -> String {
    let secs = |time: Duration| format::decimal(lang, time.as_secs_f64(), 1);
    let mean = secs(took.total / u32::from(times.max(1)));
    let (min, max) = (secs(took.shortest), secs(took.longest));
    let text = if min == max {
        Text::PingAfter
    } else {
        Text::PingAfterFromTo
    };
    text.fill(lang, &[("mean", &mean), ("min", &min), ("max", &max)])
}

/// A single pong. Who wrote what means nothing here is told in private what would do.
pub fn answer(ask: &Ask, context: &Context<'_>) -> String {
    let lang = context.lang;
    let mut parts = vec![(0, Text::Pong.plain(lang).to_owned())];
    parts.extend(heard(ask, lang).into_iter().map(|part| (1, part)));
    if !ask.args.trim().is_empty() && ask.place == Place::Direct {
        let is_node = matches!(
            lookup::find(context.book, ask.from, &ask.args),
            Found::One(..) | Found::Many(_)
        );
        let name = match is_node {
            true => name::clean(ask.args.as_bytes(), NAME),
            false => Text::ExampleTrace.plain(lang).to_owned(),
        };
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("prefix", &context.prefix), ("name", &name)];
        parts.push((2, Text::PingHint.fill(lang, &values)));
    }
    format::fit(parts, context.part_limit)
}

/// How the question came.
fn heard(ask: &Ask, lang: Lang) -> Vec<String> {
    let mut parts = vec![format::way(lang, ask.hops, ask.via_mqtt)];
    // The signal is the asker's own only without a relay in between.
    if let Some(signal) = ask.direct_signal() {
        parts.push(format::signal(lang, signal.snr, signal.rssi));
    }
    if let Some(age) = ask.age.filter(|&age| age >= LATE) {
        parts.push(Text::Late.fill(lang, &[("s", &age)]));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{World, ask};
    use crate::mesh::{Hops, Signal};
    use expect_test::{Expect, expect};

    fn check(change: impl FnOnce(&mut Ask), expected: Expect) {
        let mut ask = ask("ping", "");
        change(&mut ask);
        let mut world = World::town();
        let texts = [Lang::En, Lang::Fr].map(|lang| world.run(&ask, lang).concat());
        expected.assert_eq(&texts.join("\n"));
    }

    /// The asker was pinged without a word about Bob.
    #[test]
    fn ping_bob_says_how_to_see_the_way_to_bob() {
        check(
            |ask| ask.args = "alb".into(),
            expect![[r#"
                🏓 pong · 1 hop · /ping 3 sends you three, /trace alb shows the way to a node
                🏓 pong · 1 relais · /ping 3 t'en envoie trois, /trace alb montre le chemin vers un nœud"#]],
        );
        for args in ["nobody", "3 4"] {
            check(
                |ask| ask.args = args.into(),
                expect![[r#"
                    🏓 pong · 1 hop · /ping 3 sends you three, /trace bob shows the way to a node
                    🏓 pong · 1 relais · /ping 3 t'en envoie trois, /trace bob montre le chemin vers un nœud"#]],
            );
        }
        check(
            |ask| {
                ask.args = "alb".into();
                ask.place = Place::Channel(crate::mesh::ChannelIndex(0));
            },
            expect![[r#"
                🏓 pong · 1 hop
                🏓 pong · 1 relais"#]],
        );
    }

    #[test]
    fn heard_directly_at_zero_db() {
        check(
            |ask| {
                ask.hops = Hops::Known(0);
                ask.signal = Some(Signal {
                    snr: 0.0,
                    rssi: Some(-97),
                });
            },
            expect![[r#"
                🏓 pong · direct · SNR 0.0 dB · RSSI -97 dBm
                🏓 pong · direct · SNR 0,0 dB · RSSI -97 dBm"#]],
        );
    }

    #[test]
    fn relayed_says_nothing_about_the_relay_s_signal() {
        check(
            |ask| {
                ask.hops = Hops::Known(2);
                ask.signal = Some(Signal {
                    snr: 9.0,
                    rssi: Some(-50),
                });
            },
            expect![[r#"
                🏓 pong · 2 hops
                🏓 pong · 2 relais"#]],
        );
    }

    #[test]
    fn old_firmware_does_not_say_how_far() {
        check(
            |ask| ask.hops = Hops::Unknown,
            expect![[r#"
                🏓 pong · hops unknown
                🏓 pong · relais inconnus"#]],
        );
    }

    #[test]
    fn mqtt_is_named_and_has_no_signal() {
        check(
            |ask| {
                ask.via_mqtt = true;
                ask.hops = Hops::Known(0);
                ask.signal = Some(Signal {
                    snr: 5.0,
                    rssi: None,
                });
            },
            expect![[r#"
                🏓 pong · via MQTT
                🏓 pong · via MQTT"#]],
        );
    }

    #[test]
    fn a_question_that_waited_says_so() {
        check(
            |ask| {
                ask.hops = Hops::Known(1);
                ask.age = Some(40);
            },
            expect![[r#"
                🏓 pong · 1 hop · 40 s late
                🏓 pong · 1 relais · 40 s de retard"#]],
        );
    }

    #[test]
    fn what_the_arguments_mean() {
        let start = |count, capped| Some(Wish::Start { count, capped });
        for (args, operator, expected) in [
            ("", false, None),
            ("me later", false, None),
            ("-3", false, None),
            ("3 4", false, None),
            ("3", false, start(3, false)),
            ("5", false, start(5, false)),
            ("0", false, None),
            ("700", false, start(5, true)),
            ("99999999999999999999", false, start(5, true)),
            ("20", true, start(20, false)),
            ("21", true, start(20, true)),
            ("STOP", false, Some(Wish::Stop)),
        ] {
            let mut ask = ask("ping", args);
            ask.is_operator = operator;
            assert_eq!(wish(&ask), expected, "{args}");
        }
    }

    fn both(text: impl Fn(Lang) -> String, expected: Expect) {
        expected.assert_eq(&Lang::ALL.map(text).join("\n"));
    }

    #[test]
    fn pongs_with_numbers() {
        let question = ask("ping", "700");
        let pong = |turn, limit| {
            let question = &question;
            move |lang| numbered(question, lang, turn, 5, true, limit)
        };
        both(
            pong(1, 200),
            expect![[r#"
                🏓 pong 1/5 · 5 at most · 1 hop
                🏓 pong 1/5 · höchstens 5 · 1 Hop
                🏓 pong 1/5 · 5 au plus · 1 relais"#]],
        );
        both(
            pong(1, 30),
            expect![[r#"
                🏓 pong 1/5 · 5 at most
                🏓 pong 1/5 · höchstens 5
                🏓 pong 1/5 · 5 au plus"#]],
        );
        both(
            pong(2, 200),
            expect![[r#"
                🏓 pong 2/5
                🏓 pong 2/5
                🏓 pong 2/5"#]],
        );
    }

    #[test]
    fn the_summary_keeps_apart_what_is_known() {
        let mut report = Report {
            count: 3,
            sent: 3,
            delivered: 3,
            took: Some(Took {
                shortest: Duration::from_millis(700),
                total: Duration::from_millis(4_800),
                longest: Duration::from_millis(2_940),
            }),
            relayed: 0,
            unanswered: 0,
            failed: 0,
            unknown: 0,
            end: End::Complete,
        };
        both(
            |lang| summary(lang, &report, 200),
            expect![[r#"
                🏓 3/3 sent · 3 acknowledged · after 1.6 s (0.7 to 2.9)
                🏓 3/3 gesendet · 3 bestätigt · nach 1,6 s (0,7 bis 2,9)
                🏓 3/3 envoyés · 3 confirmés · en 1,6 s (0,7 à 2,9)"#]],
        );
        report.end = End::Stopped;
        (report.count, report.sent, report.delivered) = (20, 15, 0);
        (report.relayed, report.unanswered) = (4, 3);
        (report.failed, report.unknown) = (2, 6);
        both(
            |lang| summary(lang, &report, 200),
            expect![[r#"
                🏓 15/20 sent · 0 acknowledged · after 4.8 s (0.7 to 2.9) · 4 only relayed · 3 unanswered · 2 refused · 6 unknown · stopped
                🏓 15/20 gesendet · 0 bestätigt · nach 4,8 s (0,7 bis 2,9) · 4 nur weitergeleitet · 3 ohne Antwort · 2 abgelehnt · 6 ungewiss · gestoppt
                🏓 15/20 envoyés · 0 confirmé · en 4,8 s (0,7 à 2,9) · 4 seulement relayés · 3 sans réponse · 2 refusés · 6 inconnus · arrêté"#]],
        );
        report.end = End::LinkLost;
        both(
            |lang| summary(lang, &report, 60),
            expect![[r#"
                🏓 15/20 sent · 0 acknowledged · 4 only relayed
                🏓 15/20 gesendet · 0 bestätigt · 4 nur weitergeleitet
                🏓 15/20 envoyés · 0 confirmé · 4 seulement relayés"#]],
        );
        report = Report {
            end: End::Limit,
            count: 5,
            sent: 1,
            delivered: 1,
            took: None,
            relayed: 0,
            unanswered: 0,
            failed: 0,
            unknown: 0,
        };
        both(
            |lang| summary(lang, &report, 200),
            expect![[r#"
                🏓 1/5 sent · 1 acknowledged · ended: too many questions
                🏓 1/5 gesendet · 1 bestätigt · Ende: zu viele Fragen
                🏓 1/5 envoyés · 1 confirmé · fini : trop de questions"#]],
        );
        report.end = End::LinkLost;
        both(
            |lang| summary(lang, &report, 200),
            expect![[r#"
                🏓 1/5 sent · 1 acknowledged · ended: I lost my node
                🏓 1/5 gesendet · 1 bestätigt · Ende: Mein Knoten ist weg
                🏓 1/5 envoyés · 1 confirmé · fini : j'ai perdu mon nœud"#]],
        );
    }
}
