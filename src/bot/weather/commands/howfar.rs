//! `/howfar <node | place>`: how far away that is from the asker, or from the bot
//! when nobody knows where he is.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::{format, whom};
use crate::bot::weather::{From, Outlook, Wanted, Wish};
use crate::lang::{Lang, Text};
use crate::mesh::lookup::{self, Found};
use crate::mesh::{NodeNum, Position, name};
use crate::weather::{Typed, When, sentence, typed};

/// The longest name of a place, bytes.
const NAME: usize = 60;

pub const COMMAND: Command = Command {
    name: "howfar",
    names: Some(Text::NamesHowfar),
    phrases: Some(Text::AskingHowfar),
    topic: Topic::Nodes,
    usage: Some(Text::UsageHowfar),
    example: Some(Text::ExampleWeather),
    summary: Text::HelpHowfar,
    ..Command::BASE
};

/// Answers, unless a place has to be looked up.
pub fn asked(
    ask: &Ask,
    context: &mut Context<'_>,
    reply: &mut Reply<'_>,
) -> Option<(Wish, Wanted)> {
    let (lang, book) = (context.lang, context.book);
    if ask.args.is_empty() {
        format::explain(ask, &COMMAND, context, reply);
        return None;
    }
    let place = |num: NodeNum| book.get(num)?.position;
    let told = |at: Position| format::told(ask.place, &at);
    let his = place(ask.from).map(told);
    let mine = book.own().and_then(place);
    let from = his.map(|at| From { at, is_his: true });
    let from = from.or_else(|| mine.map(|at| From { at, is_his: false }));
    let Some(from) = from else {
        reply.say(context.desk, Text::FarNowhere.plain(lang));
        return None;
    };
    let answer = match typed(&ask.args, lang) {
        Typed::At(there) => far(lang, from, &there, &format::coordinates(&there, 2)),
        Typed::Wrong(wrong) => {
            let example = format!("{}{}", context.prefix, COMMAND.shown(lang));
            sentence(wrong, &ask.args, &example, lang)
        }
        Typed::Named(query) => match lookup::find(book, ask.from, &ask.args) {
            Found::None { .. } => {
                let wish = Wish {
                    command: &COMMAND,
                    days: 1,
                    when: When::default(),
                    needs_report: false,
                    from: Some(from),
                    render: write,
                };
                return Some((wish, Wanted::Named(query)));
            }
            Found::One(..) | Found::Many(_) => node(ask, from, context, reply),
        },
        _ => node(ask, from, context, reply),
    };
    reply.say(context.desk, &answer);
    None
}

/// How far a node is.
fn node(ask: &Ask, from: From, context: &mut Context<'_>, reply: &Reply<'_>) -> String {
    let who = (ask.from, reply.place());
    let num = match whom::whom(&ask.args, COMMAND.name, who, context) {
        Ok(num) => num,
        Err(question) => return question,
    };
    let name = context.book.display_name(num, name::LONG_NAME_MAX);
    match context.book.get(num).and_then(|node| node.position) {
        Some(there) => far(context.lang, from, &format::told(ask.place, &there), &name),
        None => Text::FarUnknown.fill(context.lang, &[("name", &name)]),
    }
}

/// The answer when the place has been looked up.
fn write(outlook: &Outlook<'_>) -> String {
    let (Some(from), Some(there)) = (outlook.from, outlook.spot.cell.position()) else {
        return Text::FarNowhere.plain(outlook.lang).to_owned();
    };
    far(outlook.lang, from, &there, &outlook.spot.title(NAME))
}

fn far(lang: Lang, from: From, there: &Position, name: &str) -> String {
    let way = format::way_to(lang, &from.at, there);
    let text = match from.is_his {
        true => Text::FarFromYou,
        false => Text::FarFromMe,
    };
    text.fill(lang, &[("name", &name), ("way", &way)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{ALICE, World, ask};
    use expect_test::expect;

    #[test]
    fn from_the_asker_or_else_from_the_bot() {
        let mut question = ask("howfar", "relais");
        question.from = ALICE;
        World::town().check(
            &question,
            expect![[r#"
            📏 Relais du Pic: 395 km SE from you
            📏 Relais du Pic: 395 km SO von dir
            📏 Relais du Pic : 395 km SE de toi"#]],
        );
        World::town().check(
            &ask("howfar", "relais"),
            expect![[r#"
            📏 Relais du Pic: 391 km SE from me, I don't know where you are
            📏 Relais du Pic: 391 km SO von mir, ich weiß nicht, wo du bist
            📏 Relais du Pic : 391 km SE de moi, je ne sais pas où tu es"#]],
        );
        World::town().check(
            &ask("howfar", "48.86,2.36"),
            expect![[r#"
            📏 48.86,2.36: 685 m NE from me, I don't know where you are
            📏 48.86,2.36: 685 m NO von mir, ich weiß nicht, wo du bist
            📏 48.86,2.36 : 685 m NE de moi, je ne sais pas où tu es"#]],
        );
    }

    #[test]
    fn who_has_no_position_and_what_is_no_place_are_told_so() {
        World::town().check(
            &ask("howfar", "élodie"),
            expect![[r#"
            I don't know where Élodie is.
            Ich weiß nicht, wo Élodie ist.
            Je ne sais pas où est Élodie."#]],
        );
        World::town().check(
            &ask("howfar", "91,0"),
            expect![[r#"
            91,0: a latitude goes from -90 to 90. Try /howfar 48.86,2.35
            91,0: Die Breite geht von -90 bis 90. Versuch /entfernung 48.86,2.35
            91,0 : une latitude va de -90 à 90. Essaie /distance 48.86,2.35"#]],
        );
        World::town().check(
            &ask("howfar", ""),
            expect![[r#"
                Usage: /howfar <node | place>, for example /howfar paris
                So geht's: /entfernung <Knoten | Ort>, zum Beispiel /entfernung berlin
                Ça s'écrit : /distance <nœud | lieu>, par exemple /distance paris"#]],
        );
    }

    #[test]
    fn what_is_no_node_is_a_place() {
        let wished = |args: &str| {
            let asked =
                |_: &Command, ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>| {
                    asked(ask, context, reply)
                };
            World::town().with(&ask("howfar", args), Lang::En, asked)
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
