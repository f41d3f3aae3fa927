//! `/sys`: the state of the board. What it does not tell is left out.

use std::time::Duration;

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::host::HostStats;
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::config::Mode;
use crate::lang::{Lang, Text};

pub const COMMAND: Command = Command {
    name: "sys",
    names: Some(Text::NamesSys),
    phrases: Some(Text::AskingSys),
    topic: Topic::Bot,
    summary: Text::HelpSys,
    mode: Mode::Private,
    run: Some(run),
    ..Command::BASE
};

fn run(_ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let parts = answer(context.lang, context.now.mono, &(context.host)());
    let answer = format::fit(parts, context.part_limit);
    reply.say(context.desk, &answer);
}

fn answer(lang: Lang, up: Duration, host: &HostStats) -> Vec<(u8, String)> {
    let up = format::long(lang, up);
    let mut parts = vec![(0, Text::SysBot.fill(lang, &[("time", &up)]))];
    if let Some(celsius) = host.celsius {
        let celsius = format::decimal(lang, f64::from(celsius), 0);
        parts.push((1, format!("CPU {celsius} °C")));
    }
    if let Some(uptime) = host.uptime {
        let time = format::long(lang, Duration::from_secs(uptime));
        parts.push((4, Text::SysBoard.fill(lang, &[("time", &time)])));
    }
    if let Some(load) = host.load {
        let list = load
            .map(|load| format::figure(lang, &format!("{load:.2}")))
            .join(" ");
        parts.push((2, Text::SysLoad.fill(lang, &[("list", &list)])));
    }
    if let Some((total, available)) = host.memory {
        let used = total.saturating_sub(available);
        let memory = Text::SysMemory.fill(lang, &[("used", &used), ("total", &total)]);
        parts.push((3, memory));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{World, ask};
    use expect_test::expect;

    #[test]
    fn as_much_as_the_board_tells() {
        let mut world = World::town();
        world.check(
            &ask("sys", ""),
            expect![[r#"
                🖥 bot up 1 h
                🖥 Bot läuft seit 1 h
                🖥 bot en marche depuis 1 h"#]],
        );
        world.host = HostStats {
            uptime: Some(266_453),
            load: Some([0.11, 0.2, 12.0]),
            memory: Some((427, 292)),
            celsius: Some(47.2),
        };
        world.check(&ask("sys", ""), expect![[r#"
            🖥 bot up 1 h · CPU 47 °C · board up 3 d 2 h · load 0.11 0.20 12.00 · memory 135/427 MiB
            🖥 Bot läuft seit 1 h · CPU 47 °C · Rechner seit 3 d 2 h · Last 0,11 0,20 12,00 · Speicher 135/427 MiB
            🖥 bot en marche depuis 1 h · CPU 47 °C · machine depuis 3 j 2 h · charge 0,11 0,20 12,00 · mémoire 135/427 Mio"#]]);
    }
}
