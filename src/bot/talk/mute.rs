//! `/mute [minutes]` and `/unmute`: the operator makes the bot silent. It
//! stays so over a restart (features.md C18).

use std::time::Duration;

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::config::{Mode, parse_duration};
use crate::lang::Text;

/// A week.
const TIME_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

pub const MUTE: Command = Command {
    name: "mute",
    names: Some(Text::NamesMute),
    phrases: None,
    topic: Topic::Operator,
    usage: Some(Text::UsageMinutes),
    example: Some(Text::ExampleMinutes),
    summary: Text::HelpMute,
    mode: Mode::Direct,
    operator_only: true,
    run: Some(mute),
    ..Command::BASE
};

pub const UNMUTE: Command = Command {
    name: "unmute",
    names: Some(Text::NamesUnmute),
    phrases: None,
    topic: Topic::Operator,
    usage: None,
    summary: Text::HelpUnmute,
    run: Some(unmute),
    ..MUTE
};

fn mute(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let (lang, prefix) = (context.lang, &context.prefix);
    let answer = match time(&ask.args) {
        Some(None) => {
            context.desk.mute(Some(u64::MAX));
            Text::Muted.fill(lang, &[("prefix", prefix)])
        }
        Some(Some(time)) => {
            context.desk.mute_for(time, context.now);
            // Where minutes are not enough.
            let secs = time.as_secs();
            let time = match secs {
                60..3_600 if secs % 60 != 0 => Text::Seconds.fill(lang, &[("n", &secs)]),
                _ => format::long(lang, time),
            };
            Text::MutedFor.fill(lang, &[("time", &time), ("prefix", prefix)])
        }
        None => Text::MuteRange.plain(lang).to_owned(),
    };
    reply.say(context.desk, &answer);
}

fn unmute(_ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    context.desk.mute(None);
    reply.say(context.desk, Text::Unmuted.plain(context.lang));
}

/// The time, in minutes or as the configuration writes one; `Some(None)` for no end,
/// `None` for nonsense.
fn time(args: &str) -> Option<Option<Duration>> {
    if args.is_empty() {
        return Some(None);
    }
    let time = match args.parse::<u64>() {
        Ok(minutes) => Duration::from_secs(minutes.checked_mul(60)?),
        Err(_) => parse_duration(args)?,
    };
    (Duration::from_secs(1)..=TIME_MAX)
        .contains(&time)
        .then_some(Some(time))
}

#[cfg(test)]
mod tests {
    use crate::bot::testing::{World, ask};
    use expect_test::{Expect, expect};

    fn check(name: &str, args: &str, until: Option<u64>, expected: Expect) {
        let mut world = World::town();
        world.desk.restore_mute(Some(5));
        let mut question = ask(name, args);
        question.is_operator = true;
        world.check(&question, expected);
        assert_eq!(world.desk.muted_until(), until);
    }

    #[test]
    fn for_ever_for_a_while_and_no_more() {
        let now = World::town().now.unix;
        check(
            "mute",
            "",
            Some(u64::MAX),
            expect![[r#"
                🔇 Muted until /unmute.
                🔇 Ich schweige bis /laut.
                🔇 Je me tais jusqu'à /reparle."#]],
        );
        check(
            "mute",
            "90",
            Some(now + 5_400),
            expect![[r#"
                🔇 Muted for 1 h 30 min. /unmute ends it.
                🔇 Ich schweige 1 h 30 min lang. /laut beendet das.
                🔇 Je me tais pendant 1 h 30 min. /reparle y met fin."#]],
        );
        check(
            "mute",
            "90s",
            Some(now + 90),
            expect![[r#"
                🔇 Muted for 90 s. /unmute ends it.
                🔇 Ich schweige 90 s lang. /laut beendet das.
                🔇 Je me tais pendant 90 s. /reparle y met fin."#]],
        );
        check(
            "unmute",
            "",
            None,
            expect![[r#"
                🔊 I talk again.
                🔊 Ich rede wieder.
                🔊 Je reparle."#]],
        );
    }

    /// As the configuration writes a time.
    #[test]
    fn a_time_may_have_a_unit() {
        for (args, seconds) in [
            ("1m", 60),
            ("90s", 90),
            ("1h", 3_600),
            ("7d", 604_800),
            ("1.5h", 5_400),
        ] {
            assert_eq!(
                crate::bot::talk::mute::time(args),
                Some(Some(std::time::Duration::from_secs(seconds))),
                "{args}"
            );
        }
    }

    #[test]
    fn nonsense_changes_nothing() {
        for args in [
            "0",
            "10081",
            "8d",
            "0s",
            "500ms",
            "-1",
            "soon",
            "5 minutes",
            "99999999999999999999",
        ] {
            check(
                "mute",
                args,
                Some(5),
                expect![[r#"
                    Minutes, or 90s, 2h, 1d: up to a week, or nothing for no end.
                    Minuten, oder 90s, 2h, 1d: höchstens eine Woche; ohne Angabe bis auf Weiteres.
                    Minutes, ou 90s, 2h, 1d : une semaine au plus ; sans durée, sans fin."#]],
            );
        }
    }
}
