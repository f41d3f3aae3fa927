//! `/whereami`: where the bot believes that the asker is. With a node, where that is;
//! what is no node is a place, which has to be looked up as for `/howfar`.

use super::howfar;
use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::{format, whom};
use crate::bot::weather::{Wanted, Wish};
use crate::lang::{Lang, Text};
use crate::mesh::lookup::{self, Found};
use crate::mesh::name::{self, fold};
use crate::mesh::{NodeNum, Position};
use crate::weather::{Typed, typed};

pub const COMMAND: Command = Command {
    name: "whereami",
    names: Some(Text::NamesWhereami),
    phrases: Some(Text::AskingWhereami),
    topic: Topic::Nodes,
    usage: Some(Text::UsageWhereami),
    example: Some(Text::ExampleInfo),
    summary: Text::HelpWhereami,
    ..Command::BASE
};

/// Answers, unless a place has to be looked up.
pub fn asked(
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<(Wish, Wanted)> {
    let Some(query) = query(&ask.args) else {
        let answer = asker(ask, context);
        reply.say(context.desk, &answer);
        return None;
    };
    let answer = match lookup::find(context.book, ask.from, query) {
        Found::One(num, _) if num == ask.from => asker(ask, context),
        // A place that nobody is called like, nor nearly.
        Found::None { nearest } if nearest.is_empty() && is_place(query, context.lang) => {
            let about = Ask {
                args: query.to_owned(),
                ..ask.clone()
            };
            return howfar::asked(&about, context, reply);
        }
        _ => node(query, ask, context, reply),
    };
    reply.say(context.desk, &answer);
    None
}

/// Whom or what it is about; `None` when that is the asker: `/where`, `/where am I`.
fn query(args: &str) -> Option<&str> {
    let args = args.trim();
    let is_said = |text: &str, phrases: Text| {
        let text = fold(text).replace('-', " ");
        let mut all = phrases.in_every_language();
        all.any(|phrase| phrase.split_once(' ').is_some_and(|(_, rest)| rest == text))
    };
    if args.is_empty() || is_said(args, Text::AskingWhereami) {
        return None;
    }
    // `/where is bob` is asked with the words of `where is bob`.
    let behind = args.match_indices(char::is_whitespace).find(|(at, _)| {
        let said = &args[..*at];
        is_said(said, Text::AskingInfo)
    });
    Some(behind.map_or(args, |(at, _)| args[at..].trim_start()))
}

/// Neither a number of a node nor nothing.
fn is_place(query: &str, lang: Lang) -> bool {
    NodeNum::typed(query).next().is_none()
        && matches!(
            typed(query, lang),
            Typed::At(_) | Typed::Wrong(_) | Typed::Named(_)
        )
}

fn place(context: &Context<'_>, num: NodeNum) -> Option<Position> {
    context.book.get(num)?.position
}

/// Where the asker is.
fn asker(ask: &Ask, context: &Context<'_>) -> String {
    let lang = context.lang;
    let Some(position) = place(context, ask.from) else {
        return Text::WhereUnknown.plain(lang).to_owned();
    };
    let told = format::told(ask.place, &position);
    let mut parts = vec![(0, format!("📍 {}", format::position(ask.place, &position)))];
    if let Some(own) = context.book.own().and_then(|own| place(context, own)) {
        let way = format::way_to(lang, &own, &told);
        parts.push((1, Text::WhereFromMe.fill(lang, &[("way", &way)])));
    }
    if let Some(altitude) = told.altitude {
        parts.push((2, format!("⛰ {altitude} m")));
    }
    format::fit(parts, context.part_limit)
}

/// Where a node is.
fn node(query: &str, ask: &Ask, context: &mut Context<'_>, reply: &Reply<'_>) -> String {
    let who = (ask.from, reply.place());
    let num = match whom::whom(query, COMMAND.name, who, context) {
        Ok(num) => num,
        Err(question) => return question,
    };
    let lang = context.lang;
    let name = context.book.display_name(num, name::LONG_NAME_MAX);
    let there = place(context, num);
    let shown = there.map_or_else(
        || Text::PositionUnknown.plain(lang).to_owned(),
        |there| format::position(ask.place, &there),
    );
    let values: [(&str, &dyn std::fmt::Display); 2] = [("name", &name), ("place", &shown)];
    let mut parts = vec![(0, Text::WhereNode.fill(lang, &values))];
    if let Some(there) = there {
        let there = format::told(ask.place, &there);
        let his = place(context, ask.from).map(|at| (at, Text::WhereFromYou));
        let own = context.book.own().filter(|&own| own != num);
        let mine = own.and_then(|own| Some((place(context, own)?, Text::WhereFromMe)));
        if let Some((from, text)) = his.or(mine) {
            let way = format::way_to(lang, &format::told(ask.place, &from), &there);
            parts.push((1, text.fill(lang, &[("way", &way)])));
        }
        if let Some(altitude) = there.altitude {
            parts.push((3, format!("⛰ {altitude} m")));
        }
    }
    let known = context
        .book
        .get(num)
        .filter(|_| context.book.own() != Some(num));
    if let Some(age) = known.and_then(|node| node.age(context.now)) {
        let ago = format::ago(lang, age);
        parts.push((2, Text::Heard.fill(lang, &[("ago", &ago)])));
    }
    format::fit(parts, context.part_limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ask::Place;
    use crate::bot::testing::{ALICE, World, ask};
    use crate::mesh::ChannelIndex;
    use expect_test::expect;

    /// features.md L7: a channel reads it rounded.
    #[test]
    fn where_he_is_is_rounded_on_a_channel() {
        let mut question = ask("whereami", "");
        World::town().check(
            &question,
            expect![[r#"
                I don't know where you are: your node has not told its position here.
                Ich weiß nicht, wo du bist: Dein Knoten hat hier noch keine Position gesendet.
                Je ne sais pas où tu es : ton nœud n'a pas encore donné sa position ici."#]],
        );
        question.from = ALICE;
        World::town().check(
            &question,
            expect![[r#"
                📍 48.8766,2.3122 · 3.7 km NW from me · ⛰ 120 m
                📍 48.8766,2.3122 · 3,7 km NW von mir · ⛰ 120 m
                📍 48.8766,2.3122 · 3,7 km NO de moi · ⛰ 120 m"#]],
        );
        question.place = Place::Channel(ChannelIndex(0));
        World::town().check(
            &question,
            expect![[r#"
            📍 48.88,2.31 · ~4 km NW from me · ⛰ 120 m
            📍 48.88,2.31 · ~4 km NW von mir · ⛰ 120 m
            📍 48.88,2.31 · ~4 km NO de moi · ⛰ 120 m"#]],
        );
    }

    #[test]
    fn where_am_i_behind_the_mark_is_about_the_asker() {
        let of = |args: &str| {
            let mut question = ask("whereami", args);
            question.from = ALICE;
            World::town().run(&question, Lang::En)
        };
        for args in ["am I", "suis-je", "bin ich", "me", "moi", "ich"] {
            assert_eq!(of(args), of(""), "{args}");
        }
    }

    #[test]
    fn where_alice_is_about_alice_and_not_about_the_asker() {
        for args in ["alb", "is alb", "ist ALB", "est alb"] {
            World::town().check(
                &ask("whereami", args),
                expect![[r#"
                    📍 Alice Base: 48.8766,2.3122 · 3.7 km NW from me · ⛰ 120 m · heard 1 h ago
                    📍 Alice Base: 48.8766,2.3122 · 3,7 km NW von mir · ⛰ 120 m · gehört vor 1 h
                    📍 Alice Base : 48.8766,2.3122 · 3,7 km NO de moi · ⛰ 120 m · entendu il y a 1 h"#]],
            );
        }
    }

    #[test]
    fn who_has_no_position_is_told_so() {
        World::town().check(
            &ask("whereami", "élodie"),
            expect![[r#"
            📍 Élodie: position unknown · heard 3 d ago
            📍 Élodie: Position unbekannt · gehört vor 3 d
            📍 Élodie : position inconnue · entendu il y a 3 j"#]],
        );
    }

    #[test]
    fn an_unknown_name_is_told_so_with_proposals() {
        World::town().check(
            &ask("whereami", "elodi3"),
            expect![[r#"
            Unknown node: elodi3. Perhaps Élodie?
            Unbekannter Knoten: elodi3. Vielleicht Élodie?
            Nœud inconnu : elodi3. Peut-être Élodie ?"#]],
        );
        World::town().check(
            &ask("whereami", "!deadbeef"),
            expect![[r#"
            Unknown node: !deadbeef.
            Unbekannter Knoten: !deadbeef.
            Nœud inconnu : !deadbeef."#]],
        );
    }

    #[test]
    fn what_is_no_node_is_a_place() {
        let wished = |args: &str| {
            let asked =
                |_: &Command, ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>| {
                    asked(ask, context, reply)
                };
            World::town().with(&ask("whereami", args), Lang::En, asked)
        };
        let (said, wish) = wished("grenoble");
        assert!(said.is_empty() && wish.is_some(), "{said:?}");
        let (said, wish) = wished("alice");
        assert!(
            said[0].starts_with("Which one?") && wish.is_none(),
            "{said:?}"
        );
    }
}
