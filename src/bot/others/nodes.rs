//! `/nodes`: lists of nodes, a page a packet: heard directly, near a place,
//! new, lost.

use std::time::Duration;

use super::asking::Wish;
use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::desk::Who;
use crate::bot::reply::Reply;
use crate::bot::say::pages::{self, List, Page};
use crate::bot::say::{format, whom};
use crate::config::Mode;
use crate::lang::Text;
use crate::mesh::name::fold;
use crate::mesh::{Apart, Node, Position};
use crate::weather::{Typed, is_here, sentence, typed};

/// What counts as new, and how long one is silent to be lost.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Who has been silent for longer is not lost but gone.
const GONE: Duration = Duration::from_secs(14 * 24 * 3_600);
/// The longest name in a title, bytes.
const TITLE_NAME: usize = 20;

pub const COMMAND: Command = Command {
    name: "nodes",
    names: Some(Text::NamesNodes),
    phrases: Some(Text::AskingNodes),
    topic: Topic::Nodes,
    usage: Some(Text::UsageNodes),
    example: Some(Text::ExampleNodes),
    summary: Text::HelpNodes,
    mode: Mode::Private,
    is_order,
    ..Command::BASE
};

/// Answers, unless another node has to be asked: that one.
pub fn asked(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let who = (ask.from, reply.place());
    if let Some(wish) = elsewhere(&ask.args) {
        return Some(wish);
    } else if let Some(answer) = answer(ask, who, context) {
        match answer {
            Ok((page, args)) => {
                let turn = page.turn(COMMAND.name, args);
                reply.turn(context.desk, &page.text, turn);
            }
            Err(text) => {
                reply.say(context.desk, &text);
            }
        }
    } else {
        format::explain(ask, &COMMAND, context, reply);
    }
    None
}

/// `None` when the arguments are none of those in the usage.
fn answer<'a>(
    ask: &'a Ask,
    who: Who,
    context: &mut Context<'_>,
) -> Option<Result<(Page, &'a str), String>> {
    let (args, page) = pages::without_page(&ask.args);
    let (which, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let rest = rest.trim();
    let list = match fold(which).as_str() {
        "" => Ok(direct(context)),
        "near" | "proche" | "proches" | "nah" | "nahe" => near_whom(ask, rest, who, context),
        // What a number picks from the list of several nodes.
        _ if which.starts_with('!') && rest.is_empty() => near_whom(ask, which, who, context),
        "new" | "nouveau" | "nouveaux" | "neu" | "neue" if rest.is_empty() => new(context),
        "lost" | "perdu" | "perdus" | "vermisst" if rest.is_empty() => Ok(lost(context)),
        _ => return None,
    };
    Some(list.map(|list| (pages::page_of(&list, page, context.telling()), args)))
}

/// `@hill 2`: the second page of what the node of this name lists.
fn elsewhere(args: &str) -> Option<Wish> {
    let (args, page) = pages::without_page(args);
    let name = fold(args.strip_prefix('@')?.trim());
    Some(Wish { name, page })
}

/// Whether this asks another node, which is for the operator alone.
fn is_order(args: &str) -> bool {
    elsewhere(args).is_some()
}

fn direct(context: &Context<'_>) -> List {
    let nodes = context.book.direct(context.now);
    let own = context.book.own().and_then(|own| context.book.get(own));
    let own = own.and_then(|node| node.position);
    let lines = nodes.iter().map(|node| {
        let snr = node.direct_snr(context.now).unwrap_or_default();
        let heard = match node.last_direct() {
            Some(last) => last.age(context.now),
            None => node.age(context.now),
        };
        let far = own.zip(node.position);
        let far = far.map(|(own, position)| Apart::between(&own, &position));
        let far = far.map(|apart| pages::tight(&format::distance(context.lang, apart)));
        let snr = Some(format!(
            "{}dB",
            format::decimal(context.lang, f64::from(snr), 1)
        ));
        pages::line(context, node, [snr, pages::time(context, heard), far])
    });
    List {
        lines: lines.collect(),
        title: Text::NodesDirect.fill(context.lang, &[("n", &nodes.len())]),
    }
}

/// Near the node that `query` means, the asker himself if empty. Else what to
/// say.
fn near_whom(ask: &Ask, query: &str, who: Who, context: &mut Context<'_>) -> Result<List, String> {
    match typed(query, context.lang) {
        Typed::At(place) => return Ok(near(context, &place, None)),
        Typed::Wrong(wrong) => {
            let example = format!("{}nodes near", context.prefix);
            return Err(sentence(wrong, query, &example, context.lang));
        }
        _ => {}
    }
    let num = if query.is_empty() || is_here(query, context.lang) {
        ask.from
    } else {
        whom::whom(query, COMMAND.name, who, context)?
    };
    let node = context.book.get(num);
    if let Some((node, place)) = node.and_then(|node| Some((node, node.position?))) {
        return Ok(near(context, &place, Some(node)));
    }
    let name = context.book.display_name(num, TITLE_NAME);
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("name", &name), ("prefix", &context.prefix)];
    Err(Text::NoPosition.fill(context.lang, &values))
}

fn near(context: &Context<'_>, place: &Position, centre: Option<&Node>) -> List {
    let mut nodes = context.book.near(*place);
    nodes.retain(|(node, _)| Some(node.num) != centre.map(|node| node.num));
    let lines = nodes.iter().map(|(node, _)| {
        let way = node.position.as_ref();
        let way = way.map(|position| pages::tight(&format::way_to(context.lang, place, position)));
        pages::line(
            context,
            node,
            [way, pages::time(context, node.age(context.now)), None],
        )
    });
    let name = match centre {
        Some(node) => context.book.display_name(node.num, TITLE_NAME),
        None => format::coordinates(place, 2),
    };
    List {
        lines: lines.collect(),
        title: Text::NodesNear.fill(context.lang, &[("place", &name), ("n", &nodes.len())]),
    }
}

fn new(context: &Context<'_>) -> Result<List, String> {
    if !context.book.had_list() {
        return Err(Text::NoListYet.plain(context.lang).to_owned());
    }
    let nodes = context.book.new_within(DAY, context.now);
    let lines = nodes.iter().map(|node| {
        let age = node.met_ago(context.now);
        let known = node.hops.known().is_some() || node.via_mqtt;
        let way = known.then(|| format::way(context.lang, node.hops, node.via_mqtt));
        pages::line(context, node, [pages::time(context, age), way, None])
    });
    Ok(List {
        lines: lines.collect(),
        title: Text::NodesNew.fill(context.lang, &[("n", &nodes.len())]),
    })
}

fn lost(context: &Context<'_>) -> List {
    let mut nodes = context.book.lost_since(DAY, context.now);
    nodes.retain(|node| node.age(context.now).is_some_and(|age| age <= GONE));
    let lines = nodes.iter().map(|node| {
        pages::line(
            context,
            node,
            [pages::time(context, node.age(context.now)), None, None],
        )
    });
    List {
        lines: lines.collect(),
        title: Text::NodesLost.fill(context.lang, &[("n", &nodes.len())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ask::Place;
    use crate::bot::testing::{ALICE, World, ask};
    use crate::lang::Lang;
    use crate::mesh::{ChannelIndex, Hops, NodeNum};
    use expect_test::expect;

    fn crowd() -> World {
        let mut world = World::town();
        for n in 0..250_u32 {
            let snr = f32::from(u8::try_from(n % 40).unwrap()) / 2.0 - 15.0;
            world.hear(NodeNum(0x7000_0000 + n), 10, Hops::Known(0), snr);
        }
        world
    }

    #[test]
    fn the_strongest_first() {
        let mut world = World::town();
        world.hear(ALICE, 10, Hops::Known(0), -12.5);
        world.hear(NodeNum(0x2222_bbbb), 40, Hops::Known(0), 5.0);
        world.check(
            &ask("nodes", ""),
            expect![[r#"
                Heard directly: 2
                Élodie bbbb 5.0dB 59min
                Alice Base aaaa -12.5dB 59min 3.7km
                Direkt gehört: 2
                Élodie bbbb 5,0dB 59min
                Alice Base aaaa -12,5dB 59min 3,7km
                Entendus en direct : 2
                Élodie bbbb 5,0dB 59min
                Alice Base aaaa -12,5dB 59min 3,7km"#]],
        );
        World::town().check(
            &ask("nodes", ""),
            expect![[r#"
                Heard directly: 0
                Direkt gehört: 0
                Entendus en direct : 0"#]],
        );
    }

    #[test]
    fn a_crowd_has_pages_of_one_packet_each() {
        let mut world = crowd();
        let (mut seen, mut pages) = (0, String::new());
        for page in 1.. {
            let texts = world.run(&ask("nodes", &page.to_string()), Lang::En);
            assert_eq!(texts.len(), 1);
            assert!(texts[0].len() <= 200, "{texts:?}");
            let (lines, mark) = texts[0].rsplit_once('\n').unwrap();
            let (at, count) = mark.split_once('/').unwrap();
            let count = count.split(' ').next().unwrap();
            assert_eq!(at, page.to_string());
            seen += lines.lines().count() - 1;
            if at == count {
                pages = count.to_owned();
                break;
            }
        }
        assert_eq!(seen, 250);
        let last = world.run(&ask("nodes", "999"), Lang::En);
        assert_eq!(last, [format!("There are {pages} pages.")]);
        assert_eq!(
            world.run(&ask("nodes", "0"), Lang::En),
            world.run(&ask("nodes", ""), Lang::En)
        );
    }

    #[test]
    fn near_somebody_or_somewhere() {
        let mut world = World::town();
        let mut question = ask("nodes", "near");
        world.check(
            &question,
            expect![[r#"
                I don't know where !0badcafe is. Try /nodes near 48.86,2.35
                Ich weiß nicht, wo !0badcafe ist. Versuch /knoten nahe 48.86,2.35
                Je ne sais pas où est !0badcafe. Essaie /nœuds proches 48.86,2.35"#]],
        );
        question.from = ALICE;
        world.check(
            &question,
            expect![[r#"
                Near Alice Base: 1
                Relais du Pic cafe 395km SE 20d
                Nahe Alice Base: 1
                Relais du Pic cafe 395km SO 20d
                Près de Alice Base : 1
                Relais du Pic cafe 395km SE 20j"#]],
        );
        world.check(
            &ask("nodes", "near 48.86, 2.36"),
            expect![[r#"
                Near 48.86,2.36: 2
                Alice Base aaaa 4.0km NW 1h
                Relais du Pic cafe 392km SE 20d
                Nahe 48.86,2.36: 2
                Alice Base aaaa 4,0km NW 1h
                Relais du Pic cafe 392km SO 20d
                Près de 48.86,2.36 : 2
                Alice Base aaaa 4,0km NO 1h
                Relais du Pic cafe 392km SE 20j"#]],
        );
        world.check(
            &ask("nodes", "near 48.86,2.36 7"),
            expect![[r#"
                There is only 1 page.
                Es gibt nur 1 Seite.
                Il n'y a que 1 page."#]],
        );
        world.check(
            &ask("nodes", "near nobody"),
            expect![[r#"
                Unknown node: nobody.
                Unbekannter Knoten: nobody.
                Nœud inconnu : nobody."#]],
        );
        world.check(
            &ask("nodes", "near alice"),
            expect![[r#"
                Which one? Answer with its number.
                1 Alice Mobile cafe
                2 Alice Base aaaa
                Welchen meinst du? Antworte mit der Nummer.
                1 Alice Mobile cafe
                2 Alice Base aaaa
                Lequel ? Réponds par son numéro.
                1 Alice Mobile cafe
                2 Alice Base aaaa"#]],
        );
        world.check(
            &ask("nodes", "!1111aaaa"),
            expect![[r#"
                Near Alice Base: 1
                Relais du Pic cafe 395km SE 20d
                Nahe Alice Base: 1
                Relais du Pic cafe 395km SO 20d
                Près de Alice Base : 1
                Relais du Pic cafe 395km SE 20j"#]],
        );
    }

    #[test]
    fn the_new_and_the_lost() {
        let mut world = World::town();
        world.check(
            &ask("nodes", "new"),
            expect![[r#"
                New in 24 h: 0
                Neu in 24 h: 0
                Nouveaux en 24 h : 0"#]],
        );
        world.hear(NodeNum(0x7000_0001), 10, Hops::Known(2), -12.5);
        world.check(
            &ask("nodes", "new"),
            expect![[r#"
                New in 24 h: 1
                !70000001 59min 2 hops
                Neu in 24 h: 1
                !70000001 59min 2 Hops
                Nouveaux en 24 h : 1
                !70000001 59min 2 relais"#]],
        );
        world.check(
            &ask("nodes", "lost"),
            expect![[r#"
                Silent for over 24 h: 2
                !55550042 2d
                Élodie bbbb 3d
                Still seit über 24 h: 2
                !55550042 2d
                Élodie bbbb 3d
                Silencieux depuis plus de 24 h : 2
                !55550042 2j
                Élodie bbbb 3j"#]],
        );
        world.book = crate::mesh::NodeBook::default();
        world.check(
            &ask("nodes", "new"),
            expect![[r#"
                I don't know yet who is new: my node's list has not come.
                Ich weiß noch nicht, wer neu ist: Die Liste meines Knotens fehlt noch.
                Je ne sais pas encore qui est nouveau : la liste de mon nœud n'est pas arrivée."#]],
        );
    }

    #[test]
    fn nonsense_gets_the_usage_in_private_only() {
        for args in ["what", "new what", "2 what", "-1"] {
            let mut question = ask("nodes", args);
            let texts = World::town().run(&question, Lang::En);
            assert!(texts[0].contains("fit: /nodes ["), "{texts:?}");
            question.place = Place::Channel(ChannelIndex(0));
            assert!(World::town().run(&question, Lang::En).is_empty());
        }
    }

    /// The usage in the language names them.
    #[test]
    fn the_lists_have_french_and_german_words() {
        for (word, others) in [
            ("near", ["proche", "Proches", "nah", "Nahe"]),
            ("new", ["nouveau", "nouveaux", "neu", "neue"]),
            ("lost", ["perdu", "perdus", "vermisst", "Vermisst"]),
        ] {
            let ask_for = |word: &str| Ask {
                from: ALICE,
                ..ask("nodes", &format!("{word} 2"))
            };
            let expected = World::town().run(&ask_for(word), Lang::Fr);
            assert!(!expected[0].starts_with("Usage"), "{expected:?}");
            for other in others {
                assert_eq!(World::town().run(&ask_for(other), Lang::Fr), expected);
            }
        }
        let near = |word| World::town().run(&ask("nodes", &format!("{word} 48.86,2.35")), Lang::Fr);
        assert_eq!(near("proches"), near("near"));
        assert_eq!(near("nahe"), near("near"));
    }

    /// T15, W14.
    #[test]
    fn near_understands_places_as_people_write_them() {
        let mut world = World::town();
        let near = |world: &mut World, args: &str| world.run(&ask("nodes", args), Lang::En);
        let plain = near(&mut world, "near 48.86,2.36");
        for args in [
            "near 48.86 2.36",
            "near 48,86 2,36",
            "near 48.86N 2.36E 1",
            "near geo:48.86,2.36",
        ] {
            assert_eq!(near(&mut world, args), plain, "{args}");
        }
        assert_eq!(
            near(&mut world, "near 91,0"),
            ["91,0: a latitude goes from -90 to 90. Try /nodes near 48.86,2.35"]
        );
        let mut question = ask("nodes", "near me");
        question.from = ALICE;
        let own = world.run(&question, Lang::En);
        assert!(own[0].starts_with("Near Alice Base: 1"), "{own:?}");
    }

    #[test]
    fn a_page_number_is_told_from_a_place() {
        assert_eq!(pages::without_page("alice base 2"), ("alice base", 2));
        assert_eq!(pages::without_page("alice"), ("alice", 1));
        assert_eq!(pages::without_page("48, 2"), ("48, 2", 1));
        assert_eq!(pages::without_page("48,2 3"), ("48,2", 3));
        assert_eq!(pages::without_page("near 48 2"), ("near 48 2", 1));
        assert_eq!(pages::without_page("near 48,2 3"), ("near 48,2", 3));
        assert_eq!(pages::without_page("12"), ("", 12));
        assert_eq!(pages::without_page("11112222"), ("11112222", 1));
    }
}
