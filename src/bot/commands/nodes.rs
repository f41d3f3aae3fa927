//! `/nodes`: lists of nodes, a page a packet: heard directly, near a place,
//! new, lost.

use std::time::Duration;

use super::{format, whom};
use crate::bot::command::{Ask, Command, Context};
use crate::bot::desk::Who;
use crate::bot::elsewhere::{List, Wish};
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::lang::{Lang, Text};
use crate::mesh::name::{cut, fold};
use crate::mesh::{Apart, Node, NodeBook, Position};
use crate::weather::{Typed, is_apart, is_here, sentence, typed};

/// What counts as new, and how long one is silent to be lost.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Who has been silent for longer is not lost but gone.
const GONE: Duration = Duration::from_secs(14 * 24 * 3_600);
/// The longest name in a line, bytes.
const NAME: usize = 14;
/// A page without room for this much beside its title has a sign for it.
const LINE_MIN: usize = 40;

pub const COMMAND: Command = Command {
    name: "nodes",
    aliases: &["noeuds", "nodemt"],
    bare: &[],
    usage: Some(Text::UsageNodes),
    summary: Text::HelpNodes,
    mode: Mode::Private,
    operator_only: false,
    has_own_limit: false,
    same_for_all: false,
    run,
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let who = (ask.from, reply.place());
    if let Some(wish) = elsewhere(&ask.args) {
        reply.elsewhere(wish);
    } else if let Some(answer) = answer(ask, who, context) {
        reply.say(context.desk, &answer);
    } else {
        format::explain(ask, &COMMAND, context, reply);
    }
}

/// `None` when the arguments are none of those in the usage.
fn answer(ask: &Ask, who: Who, context: &mut Context<'_>) -> Option<String> {
    let (args, page) = without_page(&ask.args);
    let (which, rest) = args.split_once(char::is_whitespace).unwrap_or((args, ""));
    let rest = rest.trim();
    let list = match fold(which).as_str() {
        "" => Ok(direct(context)),
        "near" | "proche" | "proches" => near_whom(ask, rest, who, context),
        // What a number picks from the list of several nodes.
        _ if which.starts_with('!') && rest.is_empty() => near_whom(ask, which, who, context),
        "new" | "nouveau" | "nouveaux" if rest.is_empty() => new(context),
        "lost" | "perdu" | "perdus" if rest.is_empty() => Ok(lost(context)),
        _ => return None,
    };
    Some(match list {
        Ok(list) => page_of(&list, page, context.part_limit),
        Err(text) => text,
    })
}

/// `@hill 2`: the second page of what the node of this name lists.
fn elsewhere(args: &str) -> Option<Wish> {
    let (args, page) = without_page(args);
    let name = fold(args.strip_prefix('@')?.trim());
    Some(Wish { name, page })
}

/// Whether this asks another node, which is for the operator alone.
pub fn is_order(command: &Command, args: &str) -> bool {
    command.name == COMMAND.name && elsewhere(args).is_some()
}

/// What is left without a page number at the end, and the page: the first
/// unless there is a number. The end of `48, 2` is none.
pub(super) fn without_page(text: &str) -> (&str, usize) {
    let text = text.trim();
    let (before, last) = text.rsplit_once(char::is_whitespace).unwrap_or(("", text));
    match last.parse() {
        Ok(page) if last.len() <= 3 && is_apart(behind(before), behind(text)) => {
            (before.trim_end(), page)
        }
        _ => (text, 1),
    }
}

/// What follows `near`, if that is what it begins with.
fn behind(text: &str) -> &str {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) if word.chars().all(char::is_alphabetic) => rest,
        _ => text,
    }
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
        let far = far.map(|apart| tight(&format::distance(apart)));
        let snr = Some(format!("{}dB", format::decimal(f64::from(snr), 1)));
        line(context, node, [snr, time(context, heard), far])
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
    let name = context.book.display_name(num, NAME);
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("name", &name), ("prefix", &context.prefix)];
    Err(Text::NoPosition.fill(context.lang, &values))
}

fn near(context: &Context<'_>, place: &Position, centre: Option<&Node>) -> List {
    let mut nodes = context.book.near(*place);
    nodes.retain(|(node, _)| Some(node.num) != centre.map(|node| node.num));
    let lines = nodes.iter().map(|(node, _)| {
        let way = node.position.as_ref();
        let way = way.map(|position| tight(&format::way_to(context.lang, place, position)));
        line(
            context,
            node,
            [way, time(context, node.age(context.now)), None],
        )
    });
    let name = match centre {
        Some(node) => context.book.display_name(node.num, NAME),
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
        line(context, node, [time(context, age), way, None])
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
        line(
            context,
            node,
            [time(context, node.age(context.now)), None, None],
        )
    });
    List {
        lines: lines.collect(),
        title: Text::NodesLost.fill(context.lang, &[("n", &nodes.len())]),
    }
}

pub(super) fn time(context: &Context<'_>, age: Option<Duration>) -> Option<String> {
    time_in(context.lang, age)
}

pub(super) fn time_in(lang: Lang, age: Option<Duration>) -> Option<String> {
    age.map(|age| tight(&format::brief(lang, age)))
}

/// A figure and its unit without the space between them.
fn tight(figure: &str) -> String {
    figure.replacen(' ', "", 1)
}

/// Name, end of the number, and what is known.
pub(super) fn line(context: &Context<'_>, node: &Node, figures: [Option<String>; 3]) -> String {
    line_in(context.book, node, figures)
}

/// The same for a node of another book.
pub(super) fn line_in(book: &NodeBook, node: &Node, figures: [Option<String>; 3]) -> String {
    let mut line = whom::short_in(book, node.num, NAME);
    for figure in figures.into_iter().flatten() {
        line.push(' ');
        line.push_str(&figure);
    }
    line
}

/// One page (from 1; the last when there are fewer) in at most `limit` bytes.
pub fn page_of(list: &List, page: usize, limit: usize) -> String {
    let pages = pages(list, limit);
    let count = pages.len();
    let page = page.clamp(1, count.max(1));
    match pages.get(page - 1) {
        Some(text) if count > 1 => format!("{text}\n{page}/{count}"),
        Some(text) => text.clone(),
        None => list.title.clone(),
    }
}

/// The lines that follow that page.
pub fn after_page(list: &List, page: usize, limit: usize) -> String {
    let pages = pages(list, limit);
    let page = page.clamp(1, pages.len().max(1));
    let shown = pages.iter().take(page).map(|text| text.lines().count() - 1);
    list.lines[shown.sum()..].join("\n")
}

fn pages(list: &List, limit: usize) -> Vec<String> {
    let digits = list.lines.len().to_string().len();
    let room = limit.saturating_sub("\n/".len() + 2 * digits);
    let title = if room >= list.title.len() + LINE_MIN {
        list.title.as_str()
    } else {
        "📡"
    };
    let mut pages: Vec<String> = Vec::new();
    for line in &list.lines {
        match pages.last_mut() {
            Some(page) if page.len() + 1 + line.len() <= room => {
                page.push('\n');
                page.push_str(line);
            }
            _ => pages.push(cut(&format!("{title}\n{line}"), room).to_owned()),
        }
    }
    pages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::command::Place;
    use crate::bot::commands::testing::{ALICE, World, ask};
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
            Entendus en direct : 2
            Élodie bbbb 5.0dB 59min
            Alice Base aaaa -12.5dB 59min 3.7km"#]],
        );
        World::town().check(
            &ask("nodes", ""),
            expect![[r#"
            Heard directly: 0
            Entendus en direct : 0"#]],
        );
    }

    #[test]
    fn a_crowd_has_pages_of_one_packet_each() {
        let mut world = crowd();
        let mut seen = 0;
        for page in 1.. {
            let texts = world.run(&ask("nodes", &page.to_string()), Lang::En);
            assert_eq!(texts.len(), 1);
            assert!(texts[0].len() <= 200, "{texts:?}");
            let (lines, mark) = texts[0].rsplit_once('\n').unwrap();
            let (at, count) = mark.split_once('/').unwrap();
            assert_eq!(at, page.to_string());
            seen += lines.lines().count() - 1;
            if at == count {
                break;
            }
        }
        assert_eq!(seen, 250);
        let last = world.run(&ask("nodes", "999"), Lang::En);
        assert!(last[0].ends_with("36/36"), "{last:?}");
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
            Je ne sais pas où est !0badcafe. Essaie /nodes proches 48.86,2.35"#]],
        );
        question.from = ALICE;
        world.check(
            &question,
            expect![[r#"
                Near Alice Base: 1
                Relais du Pic cafe 395km SE 20d
                Voisins (Alice Base) : 1
                Relais du Pic cafe 395km SE 20j"#]],
        );
        world.check(
            &ask("nodes", "near 48.86, 2.36"),
            expect![[r#"
                Near 48.86,2.36: 2
                Alice Base aaaa 4.0km NW 1h
                Relais du Pic cafe 392km SE 20d
                Voisins (48.86,2.36) : 2
                Alice Base aaaa 4.0km NO 1h
                Relais du Pic cafe 392km SE 20j"#]],
        );
        world.check(
            &ask("nodes", "near 48.86,2.36 7"),
            expect![[r#"
                Near 48.86,2.36: 2
                Alice Base aaaa 4.0km NW 1h
                Relais du Pic cafe 392km SE 20d
                Voisins (48.86,2.36) : 2
                Alice Base aaaa 4.0km NO 1h
                Relais du Pic cafe 392km SE 20j"#]],
        );
        world.check(
            &ask("nodes", "near nobody"),
            expect![[r#"
                Unknown node: nobody. Perhaps Alice Mobile, Weather Bot, Alice Base?
                Nœud inconnu : nobody. Peut-être Alice Mobile, Weather Bot, Alice Base ?"#]],
        );
        world.check(
            &ask("nodes", "near alice"),
            expect![[r#"
            Which one? Answer with its number.
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
                Voisins (Alice Base) : 1
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
            Nouveaux en 24 h : 0"#]],
        );
        world.hear(NodeNum(0x7000_0001), 10, Hops::Known(2), -12.5);
        world.check(
            &ask("nodes", "new"),
            expect![[r#"
                New in 24 h: 1
                !70000001 59min 2 hops
                Nouveaux en 24 h : 1
                !70000001 59min 2 relais"#]],
        );
        world.check(
            &ask("nodes", "lost"),
            expect![[r#"
            Silent for over 24 h: 2
            !55550042 2d
            Élodie bbbb 3d
            Muets depuis plus de 24 h : 2
            !55550042 2j
            Élodie bbbb 3j"#]],
        );
        world.book = crate::mesh::NodeBook::default();
        world.check(
            &ask("nodes", "new"),
            expect![[r#"
            I don't know yet who is new: my node's list has not come.
            Je ne sais pas encore qui est nouveau : la liste de mon nœud n'est pas arrivée."#]],
        );
    }

    #[test]
    fn nonsense_gets_the_usage_in_private_only() {
        for args in ["what", "new what", "2 what", "-1"] {
            let mut question = ask("nodes", args);
            let texts = World::town().run(&question, Lang::En);
            assert!(texts[0].starts_with("Usage: /nodes ["), "{texts:?}");
            question.place = Place::Channel(ChannelIndex(0));
            assert!(World::town().run(&question, Lang::En).is_empty());
        }
    }

    /// The French usage names them.
    #[test]
    fn the_lists_have_french_words() {
        for (word, others) in [
            ("near", ["proche", "Proches"]),
            ("new", ["nouveau", "nouveaux"]),
            ("lost", ["perdu", "perdus"]),
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
        assert_eq!(without_page("alice base 2"), ("alice base", 2));
        assert_eq!(without_page("alice"), ("alice", 1));
        assert_eq!(without_page("48, 2"), ("48, 2", 1));
        assert_eq!(without_page("48,2 3"), ("48,2", 3));
        assert_eq!(without_page("near 48 2"), ("near 48 2", 1));
        assert_eq!(without_page("near 48,2 3"), ("near 48,2", 3));
        assert_eq!(without_page("12"), ("", 12));
        assert_eq!(without_page("11112222"), ("11112222", 1));
    }
}
