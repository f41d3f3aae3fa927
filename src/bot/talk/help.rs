//! `/help`: the list of what the asker may use where he asks, or how to use
//! one of them. Both come from the registry.

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::lang::Text;
use crate::mesh::name::{clean, fold};

/// What of an unknown word is repeated, bytes.
const SHOWN: usize = 24;

pub const COMMAND: Command = Command {
    name: "help",
    aliases: &["aide", "?"],
    bare: &["help", "aide", "?"],
    usage: Some(Text::UsageHelp),
    summary: Text::HelpHelp,
    same_for_all: true,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let page = if ask.args.is_empty() {
        Some(1)
    } else {
        ask.args.parse().ok()
    };
    if let Some(page) = page {
        let list = list(context, page);
        reply.say(context.desk, &list);
    } else if let Some(answer) = about(&ask.args, context) {
        reply.say(context.desk, &answer);
    } else if ask.place == Place::Direct {
        let name = clean(ask.args.as_bytes(), SHOWN);
        let answer = Text::NoSuchCommand.fill(context.lang, &[("name", &name)]);
        reply.say(context.desk, &answer);
    }
}

/// A page of the list: as many names as fit into a packet, and where the rest
/// is. The first page has what is asked for most.
fn list(context: &Context<'_>, page: usize) -> String {
    let commands = context.registry.iter();
    let commands = commands.filter(|command| (context.may_use)(command));
    let mut names: Vec<&str> = commands.map(|command| command.name).collect();
    let mut page = page.max(1);
    for nth in 2.. {
        let mut shown = names.len();
        let mut text = told(context, &names, nth, true);
        while text.len() > context.part_limit && shown > 1 {
            shown -= 1;
            text = told(context, &names[..shown], nth, false);
        }
        let is_last = shown >= names.len();
        page -= 1;
        if page == 0 || is_last {
            return text;
        }
        names.drain(..shown);
    }
    String::new()
}

fn told(context: &Context<'_>, names: &[&str], next: usize, is_last: bool) -> String {
    let text = if is_last {
        Text::HelpList
    } else {
        Text::HelpPage
    };
    let values: [(&str, &dyn std::fmt::Display); 3] = [
        ("list", &names.join(" ")),
        ("prefix", &context.prefix),
        ("page", &next),
    ];
    text.fill(context.lang, &values)
}

/// How to use the command of this word; `None` when the asker has none such.
fn about(word: &str, context: &Context<'_>) -> Option<String> {
    let word = fold(word.strip_prefix(context.prefix).unwrap_or(word));
    let found = context.registry.find(&word);
    let command = found.filter(|command| (context.may_use)(command))?;
    let call = format!("{}{}", context.prefix, command.call(context.lang));
    let summary = command.summary.plain(context.lang);
    let line = Text::HelpOne.fill(context.lang, &[("usage", &call), ("summary", &summary)]);
    let mut parts = vec![(0, line)];
    if !command.aliases.is_empty() {
        let list = command.aliases.join(", ");
        parts.push((1, Text::HelpAlso.fill(context.lang, &[("list", &list)])));
    }
    Some(format::fit(parts, context.part_limit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{World, ask};
    use crate::lang::Lang;
    use crate::mesh::ChannelIndex;
    use expect_test::expect;

    #[test]
    fn the_list_is_one_packet() {
        World::town().check(&ask("help", ""), expect![[r#"
            🤖 /… ping trace nodes stats top packets histo hop channel propag neighbors leaderboard trafic weather rain astro my info lheard keys echo sys about legend more help · /help <command>
            🤖 /… ping trace nodes stats top packets histo hop channel propag neighbors leaderboard trafic weather rain astro my info lheard keys echo sys about legend more help · /help <Befehl>
            🤖 /… ping trace nodes stats top packets histo hop channel propag neighbors leaderboard trafic weather rain astro my info lheard keys echo sys about legend more help · /help <commande>"#]]);
    }

    #[test]
    fn the_operator_sees_more() {
        let mut question = ask("help", "");
        question.is_operator = true;
        World::town().check(&question, expect![[r#"
            🤖 /… ping trace nodes stats top packets histo hop channel propag neighbors leaderboard trafic errors db weather rain astro my info lheard keys echo sys about legend more help mute · /help 2
            🤖 /… ping trace nodes stats top packets histo hop channel propag neighbors leaderboard trafic errors db weather rain astro my info lheard keys echo sys about legend more help mute · /help 2
            🤖 /… ping trace nodes stats top packets histo hop channel propag neighbors leaderboard trafic errors db weather rain astro my info lheard keys echo sys about legend more help mute · /help 2"#]]);
    }

    #[test]
    fn a_new_command_is_in_the_help_by_itself() {
        let mut world = World::town();
        world.registry.push(Command {
            name: "frobnicate",
            summary: Text::Pong,
            ..COMMAND
        });
        let texts = world.run(&ask("help", ""), Lang::En);
        assert!(texts[0].contains(" frobnicate "), "{texts:?}");
    }

    #[test]
    fn what_does_not_fit_is_on_the_next_page() {
        let mut world = World::town();
        let all = world.registry.names();
        world.part_limit = 60;
        let mut seen = Vec::new();
        for page in 1..=9 {
            let texts = world.run(&ask("help", &page.to_string()), Lang::En);
            assert!(texts.len() == 1 && texts[0].len() <= 60, "{texts:?}");
            let (_, rest) = texts[0].split_once("/… ").unwrap();
            let (names, next) = rest.split_once(" · ").unwrap();
            seen.extend(names.split(' ').map(str::to_owned));
            if next == "/help <command>" {
                break;
            }
            assert_eq!(next, format!("/help {}", page + 1));
        }
        let public = |name: &&&str| !world.registry.find(name).unwrap().operator_only;
        let expected: Vec<_> = all.iter().filter(public).collect();
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected);
        let last = world.run(&ask("help", "99"), Lang::En);
        assert!(last[0].ends_with("/help <command>"), "{last:?}");
    }

    #[test]
    fn one_command_under_any_of_its_names() {
        World::town().check(&ask("help", "nodes"), expect![[r#"
            ℹ️ /nodes [near [node | lat,lon] | new | lost] [page]: nodes that I hear directly, or those nearby, new or lost · also noeuds, nodemt
            ℹ️ /nodes [nahe [Knoten | lat,lon] | neu | vermisst] [Seite]: Knoten, die ich direkt höre, oder nahe, neue, vermisste · auch noeuds, nodemt
            ℹ️ /nodes [proches [nœud | lat,lon] | nouveaux | perdus] [page] : les nœuds que j'entends en direct, ou proches, nouveaux, perdus · aussi noeuds, nodemt"#]]);
        let first = World::town().run(&ask("help", "nodes"), Lang::En);
        for word in ["/NODES", "noeuds", "Nœuds"] {
            assert_eq!(World::town().run(&ask("help", word), Lang::En), first);
        }
    }

    #[test]
    fn what_the_asker_does_not_have_does_not_exist() {
        for word in ["frobnicate", "mute"] {
            let mut question = ask("help", word);
            let texts = World::town().run(&question, Lang::En);
            assert_eq!(texts, [format!("I know no command \"{word}\".")]);
            question.place = Place::Channel(ChannelIndex(0));
            let silence: [&str; 0] = [];
            assert_eq!(World::town().run(&question, Lang::En), silence);
        }
    }
}
