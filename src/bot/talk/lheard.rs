//! `/lheard`: the nodes by when they were last heard, a page a packet.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::bot::say::pages::{self, List};
use crate::config::Mode;
use crate::lang::Text;

pub const COMMAND: Command = Command {
    name: "lheard",
    names: Some(Text::NamesLheard),
    phrases: Some(Text::AskingLheard),
    topic: Topic::Nodes,
    usage: Some(Text::UsagePage),
    example: Some(Text::ExamplePage),
    summary: Text::HelpLheard,
    mode: Mode::Private,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let ("", page) = pages::without_page(&ask.args) else {
        format::explain(ask, &COMMAND, context, reply);
        return;
    };
    let page = pages::page_of(&list(context), page, context.telling());
    let turn = page.turn(COMMAND.name, "");
    reply.turn(context.desk, &page.text, turn);
}

fn list(context: &Context<'_>) -> List {
    let heard = context.book.last_heard();
    let lines = heard.iter().map(|node| {
        let age = pages::time(context, node.age(context.now));
        let way = pages::last_way(context.lang, context.now, node);
        pages::line(context, node, [age, way, None])
    });
    List {
        lines: lines.collect(),
        title: Text::LastHeard.fill(context.lang, &[("n", &heard.len())]),
    }
}

#[cfg(test)]
mod tests {

    use crate::bot::testing::{ALICE, World, ask};
    use crate::lang::Lang;
    use crate::mesh::{Hops, NodeNum};
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
                Zuletzt gehört: 6
                Élodie bbbb 10min 3 Hops
                Alice Base aaaa 59min -12,5dB
                Alice Mobile cafe 1h über MQTT
                Pic 👩‍🚒 00bb 2h
                !55550042 2d
                Relais du Pic cafe 20d
                Derniers entendus : 6
                Élodie bbbb 10min 3 relais
                Alice Base aaaa 59min -12,5dB
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
                !70000016 59min 1 hop
                !70000015 59min 1 hop
                !70000014 59min 1 hop
                !70000013 59min 1 hop
                !70000012 59min 1 hop
                !70000011 59min 1 hop
                !70000010 59min 1 hop
                2/6 · /more
                Zuletzt gehört: 36
                !70000016 59min 1 Hop
                !70000015 59min 1 Hop
                !70000014 59min 1 Hop
                !70000013 59min 1 Hop
                !70000012 59min 1 Hop
                !70000011 59min 1 Hop
                !70000010 59min 1 Hop
                2/6 · /mehr
                Derniers entendus : 36
                !70000017 59min 1 relais
                !70000016 59min 1 relais
                !70000015 59min 1 relais
                !70000014 59min 1 relais
                !70000013 59min 1 relais
                !70000012 59min 1 relais
                2/6 · /suite"#]],
        );
        let beyond = world.run(&ask("lheard", "99"), Lang::En);
        assert_eq!(beyond, ["There are 6 pages."]);
        world.check(
            &ask("lheard", "alice"),
            expect![[r#"
                alice does not fit: /lheard [page], for example /lheard 2
                alice passt nicht: /gehört [Seite], zum Beispiel /gehört 2
                alice ne va pas ici : /entendus [page], par exemple /entendus 2"#]],
        );
    }
}
