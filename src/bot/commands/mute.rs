//! `/mute [minutes]` and `/unmute`: the operator makes the bot silent. It
//! stays so over a restart (features.md C18).

use std::time::Duration;

use super::format;
use crate::bot::command::{Ask, Command, Context};
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::text::Text;

/// A week, in minutes.
const MINUTES_MAX: u64 = 10_080;

pub const MUTE: Command = Command {
    name: "mute",
    aliases: &[],
    bare: &[],
    usage: Some(Text::UsageMinutes),
    summary: Text::HelpMute,
    mode: Mode::Direct,
    operator_only: true,
    has_own_limit: false,
    same_for_all: false,
    run: mute,
};

pub const UNMUTE: Command = Command {
    name: "unmute",
    usage: None,
    summary: Text::HelpUnmute,
    run: unmute,
    ..MUTE
};

fn mute(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let (lang, prefix) = (context.lang, &context.prefix);
    let answer = match minutes(&ask.args) {
        Some(None) => {
            context.desk.mute(Some(u64::MAX));
            Text::Muted.fill(lang, &[("prefix", prefix)])
        }
        Some(Some(minutes)) => {
            let time = Duration::from_secs(minutes * 60);
            context.desk.mute_for(time, context.now);
            let time = format::long(lang, time);
            Text::MutedFor.fill(lang, &[("time", &time), ("prefix", prefix)])
        }
        None => Text::MuteRange.fill(lang, &[("max", &MINUTES_MAX)]),
    };
    reply.say(context.desk, &answer);
}

fn unmute(_ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    context.desk.mute(None);
    reply.say(context.desk, Text::Unmuted.plain(context.lang));
}

/// The minutes, `Some(None)` for no end, `None` for nonsense.
fn minutes(args: &str) -> Option<Option<u64>> {
    if args.is_empty() {
        return Some(None);
    }
    let minutes = args.parse().ok()?;
    (1..=MINUTES_MAX)
        .contains(&minutes)
        .then_some(Some(minutes))
}

#[cfg(test)]
mod tests {
    use crate::bot::commands::testing::{World, ask};
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
            🔇 Je me tais jusqu'à /unmute."#]],
        );
        check(
            "mute",
            "90",
            Some(now + 5_400),
            expect![[r#"
            🔇 Muted for 1 h 30 min. /unmute ends it.
            🔇 Je me tais pendant 1 h 30 min. /unmute pour arrêter."#]],
        );
        check(
            "unmute",
            "",
            None,
            expect![[r#"
            🔊 I talk again.
            🔊 Je reparle."#]],
        );
    }

    #[test]
    fn nonsense_changes_nothing() {
        for args in [
            "0",
            "10081",
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
                Minutes: 1 to 10080, or nothing for no end.
                Minutes : de 1 à 10080, ou rien pour sans fin."#]],
            );
        }
    }
}
