//! `/ping`: am I heard, and how well?

use super::format;
use crate::bot::command::{Ask, Command, Context};
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::text::{Lang, Text};

/// A question that waited longer than this gets its age told, seconds.
const LATE: u64 = 15;

pub const COMMAND: Command = Command {
    name: "ping",
    aliases: &["test"],
    bare: &["ping", "test"],
    usage: "",
    summary: Text::HelpPing,
    mode: Mode::Public,
    operator_only: false,
    has_own_limit: false,
    same_for_all: false,
    run,
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let answer = answer(ask, context.lang);
    reply.say(context.desk, &answer);
}

fn answer(ask: &Ask, lang: Lang) -> String {
    let mut parts = vec![
        Text::Pong.plain(lang).to_owned(),
        format::way(lang, ask.hops, ask.via_mqtt),
    ];
    // The signal is the asker's own only without a relay in between.
    if let Some(signal) = ask.direct_signal() {
        parts.push(format::signal(signal.snr, signal.rssi));
    }
    if let Some(age) = ask.age.filter(|&age| age >= LATE) {
        parts.push(Text::Late.fill(lang, &[("s", &age)]));
    }
    parts.join(format::BETWEEN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::commands::testing::ask;
    use crate::mesh::{Hops, Signal};
    use expect_test::{Expect, expect};

    fn check(change: impl FnOnce(&mut Ask), expected: Expect) {
        let mut ask = ask("ping", "");
        change(&mut ask);
        expected.assert_eq(&format!(
            "{}\n{}",
            answer(&ask, Lang::En),
            answer(&ask, Lang::Fr)
        ));
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
                🏓 pong · direct · SNR 0.0 dB · RSSI -97 dBm"#]],
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
                🏓 pong · 1 relais · reçu il y a 40 s"#]],
        );
    }
}
