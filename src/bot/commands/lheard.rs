//! `/lheard`: the nodes by when they were last heard, a page a packet.

use super::format;
use super::nodes;
use crate::bot::command::{Ask, Command, Context};
use crate::bot::elsewhere::List;
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::lang::{Lang, Text};
use crate::mesh::{Hops, Node, Now, Sanity};
use crate::remote::Answer;

pub const COMMAND: Command = Command {
    name: "lheard",
    aliases: &[],
    bare: &[],
    usage: Some(Text::UsagePage),
    summary: Text::HelpLheard,
    mode: Mode::Private,
    operator_only: false,
    has_own_limit: false,
    same_for_all: false,
    run,
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let ("", page) = nodes::without_page(&ask.args) else {
        format::explain(ask, &COMMAND, context, reply);
        return;
    };
    let answer = nodes::page_of(&list(context), page, context.part_limit);
    reply.say(context.desk, &answer);
}

fn list(context: &Context<'_>) -> List {
    let heard = context.book.last_heard();
    let lines = heard.iter().map(|node| {
        let age = nodes::time(context, node.age(context.now));
        let way = way(context.lang, context.now, node);
        nodes::line(context, node, [age, way, None])
    });
    List {
        lines: lines.collect(),
        title: Text::LastHeard.fill(context.lang, &[("n", &heard.len())]),
    }
}

/// The same for what another node tells, here called `name`.
pub fn elsewhere(lang: Lang, name: &str, answer: &Answer, now: Now, sanity: Sanity) -> List {
    let book = answer.book(now, sanity);
    let known = answer.others(&book);
    let lines = known.iter().map(|node| {
        let age = nodes::time_in(lang, node.age(now));
        nodes::line_in(&book, node, [age, way(lang, now, node), None])
    });
    let title = match answer.is_locked {
        true => Text::ElsewhereLocked.fill(lang, &[("name", &name)]),
        false => Text::ElsewhereTitle.fill(lang, &[("name", &name), ("n", &known.len())]),
    };
    List {
        lines: lines.collect(),
        title,
    }
}

/// The SNR of who is heard directly, else how the last packet came.
fn way(lang: Lang, now: Now, node: &Node) -> Option<String> {
    // The hops are those of an earlier packet then.
    if node.via_mqtt {
        return Some(Text::ViaMqtt.plain(lang).to_owned());
    }
    let snr = node.direct_snr(now);
    match (node.hops, snr) {
        (Hops::Unknown, _) => None,
        (Hops::Known(0), Some(snr)) => Some(format!("{}dB", format::decimal(f64::from(snr), 1))),
        (hops, _) => Some(format::way(lang, hops, false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::commands::testing::{ALICE, World, ask};
    use crate::lang::Lang;
    use crate::mesh::NodeNum;
    use expect_test::expect;

    #[test]
    fn the_most_recently_heard_first() {
        let mut world = World::town();
        world.hear(ALICE, 10, Hops::Known(0), -12.5);
        world.hear(NodeNum(0x2222_bbbb), 3_000, Hops::Known(3), 5.0);
        world.check(
            &ask("lheard", ""),
            expect![[r#"
                Last heard: 6
                Élodie bbbb 10min 3 hops
                Alice Base aaaa 59min -12.5dB
                Alice Mobile cafe 1h via MQTT
                Pic 👩‍🚒 00bb 2h
                !55550042 2d
                Relais du Pic cafe 20d
                Derniers entendus : 6
                Élodie bbbb 10min 3 relais
                Alice Base aaaa 59min -12.5dB
                Alice Mobile cafe 1h via MQTT
                Pic 👩‍🚒 00bb 2h
                !55550042 2j
                Relais du Pic cafe 20j"#]],
        );
    }

    #[test]
    fn pages_as_of_nodes() {
        let mut world = World::town();
        for n in 0..30 {
            world.hear(NodeNum(0x7000_0000 + n), u64::from(n), Hops::Known(1), 0.0);
        }
        world.check(
            &ask("lheard", "2"),
            expect![[r#"
            Last heard: 36
            !70000015 59min 1 hop
            !70000014 59min 1 hop
            !70000013 59min 1 hop
            !70000012 59min 1 hop
            !70000011 59min 1 hop
            !70000010 59min 1 hop
            !7000000f 59min 1 hop
            !7000000e 59min 1 hop
            2/5
            Derniers entendus : 36
            !70000017 59min 1 relais
            !70000016 59min 1 relais
            !70000015 59min 1 relais
            !70000014 59min 1 relais
            !70000013 59min 1 relais
            !70000012 59min 1 relais
            2/6"#]],
        );
        let last = world.run(&ask("lheard", "99"), Lang::En);
        assert_eq!(world.run(&ask("lheard", "6"), Lang::En), last);
        world.check(
            &ask("lheard", "alice"),
            expect![[r#"
            Usage: /lheard [page]
            Usage : /lheard [page]"#]],
        );
    }
}
