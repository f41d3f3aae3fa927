//! `/help`: the list of what the asker may use where he asks, or how to use
//! one of them. Both come from the registry.

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::lang::Text;
use crate::mesh::name::{clean, fold};

/// What of an unknown word is repeated, bytes.
const SHOWN: usize = 24;

pub const COMMAND: Command = Command {
    name: "help",
    names: Some(Text::NamesHelp),
    phrases: Some(Text::AskingHelp),
    topic: Topic::Bot,
    usage: Some(Text::UsageHelp),
    example: Some(Text::ExampleHelp),
    summary: Text::HelpHelp,
    same_for_all: true,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let args = ask.args.trim();
    let answer = match args.is_empty() {
        true => Some(overview(context)),
        false => answer(args, context),
    };
    let answer = answer.or_else(|| says_nothing(args).then(|| overview(context)));
    if let Some(answer) = answer {
        reply.say(context.desk, &answer);
    } else if ask.place == Place::Direct {
        let name = clean(args.as_bytes(), SHOWN);
        let mut answer = Text::NoSuchCommand.fill(context.lang, &[("name", &name)]);
        if let Some(near) = (context.registry).nearest(context.lang, &fold(args), context.may_use) {
            let perhaps = Text::Perhaps.fill(context.lang, &[("names", &near)]);
            answer = format!("{answer} {perhaps}");
        }
        reply.say(context.desk, &answer);
    }
}

/// A number, as pages once had, or small words: `help me`.
fn says_nothing(args: &str) -> bool {
    let small = |word: &str| Text::WordsThatSayNothing.has(word);
    let is_number = args.bytes().all(|byte| byte.is_ascii_digit());
    is_number || fold(args).split_whitespace().all(small)
}

/// Which groups there are, and two things to try.
fn overview(context: &Context<'_>) -> String {
    let groups = Topic::ALL.iter();
    let groups = groups.filter(|&&group| usable(context, group).next().is_some());
    let names = groups.filter_map(|group| group.names().list(context.lang).first());
    let names: Vec<&str> = names.copied().collect();
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("prefix", &context.prefix), ("groups", &names.join(", "))];
    Text::HelpGroups.fill(context.lang, &values)
}

fn usable<'a>(context: &'a Context<'_>, group: Topic) -> impl Iterator<Item = &'a Command> {
    let all = context.registry.iter();
    all.filter(move |command| command.topic == group && (context.may_use)(command))
}

/// About the command of this name, or a group; `None` when the asker has none such.
fn answer(args: &str, context: &Context<'_>) -> Option<String> {
    let word = fold(args.strip_prefix(context.prefix).unwrap_or(args));
    let means = |group: &&Topic| {
        let mut names = group.names().in_every_language();
        names.any(|name| fold(name) == word)
    };
    let group = Topic::ALL.iter().find(means).copied();
    about(&word, group, context).or_else(|| about_group(group?, context))
}

/// What is in a group: how each is called if that fits, else their names.
fn about_group(group: Topic, context: &Context<'_>) -> Option<String> {
    let lang = context.lang;
    let name = group.names().list(lang).first()?;
    let all: Vec<&Command> = usable(context, group).collect();
    // Where the help is one of them, it is not told twice how to call it.
    let text = match all.iter().any(|it| it.name == COMMAND.name) {
        true => Text::HelpGroupAll,
        false => Text::HelpGroup,
    };
    let told = |calls: &[String]| {
        let values: [(&str, &dyn std::fmt::Display); 3] = [
            ("group", name),
            ("list", &calls.join(" ")),
            ("prefix", &context.prefix),
        ];
        text.fill(lang, &values)
    };
    if all.is_empty() {
        return None;
    }
    let call = |command: &&Command| format!("{}{}", context.prefix, command.call(lang));
    let name_of = |command: &&Command| format!("{}{}", context.prefix, command.shown(lang));
    let calls: Vec<String> = all.iter().map(call).collect();
    let whole = told(&[calls.join(" · ")]);
    if whole.len() <= context.part_limit {
        return Some(whole);
    }
    let mut names: Vec<String> = all.iter().map(name_of).collect();
    let mut text = told(&names);
    while text.len() > context.part_limit && names.len() > 1 {
        names.pop();
        text = told(&names);
    }
    Some(text)
}

/// How to use the command of this word, and what else there is if it is the name of
/// a group as well; `None` when the asker has none such.
fn about(word: &str, group: Option<Topic>, context: &Context<'_>) -> Option<String> {
    let found = context.registry.find(word);
    let command = found.filter(|command| (context.may_use)(command))?;
    let call = format!("{}{}", context.prefix, command.call(context.lang));
    let summary = command.summary.plain(context.lang);
    let line = Text::HelpOne.fill(context.lang, &[("usage", &call), ("summary", &summary)]);
    let mut parts = vec![(0, line)];
    let shown = command.shown(context.lang);
    let others = command
        .names
        .map_or(&[][..], |names| names.list(context.lang));
    let others: Vec<&str> = others
        .iter()
        .copied()
        .filter(|name| fold(name) != fold(shown))
        .collect();
    if !others.is_empty() {
        let list = others.join(", ");
        parts.push((2, Text::HelpAlso.fill(context.lang, &[("list", &list)])));
    }
    if let Some(group) = group {
        let others = usable(context, group).filter(|it| it.name != command.name);
        let others = others.map(|it| format!("{}{}", context.prefix, it.shown(context.lang)));
        let list = others.collect::<Vec<_>>().join(" ");
        parts.push((1, Text::HelpSee.fill(context.lang, &[("list", &list)])));
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
    fn the_groups_are_one_packet() {
        World::town().check(
            &ask("help", ""),
            expect![[r#"
            🤖 /help + radio, mesh, past, weather, bot. Try /ping, /weather paris
            🤖 /hilfe + funk, netz, vergangenheit, wetter, bot. Versuch /ping, /wetter köln
            🤖 /aide + radio, réseau, passé, météo, bot. Essaie /ping, /météo paris"#]],
        );
        for args in ["me", "2", "moi stp", "mir bitte"] {
            let mut world = World::town();
            let overview = world.run(&ask("help", ""), Lang::En);
            assert_eq!(world.run(&ask("help", args), Lang::En), overview, "{args}");
        }
    }

    #[test]
    fn the_operator_sees_more() {
        let mut question = ask("help", "operator");
        question.is_operator = true;
        World::town().check(
            &question,
            expect![[r#"
            operator: /errors · /db · /mute [minutes] · /unmute · /help <command>
            betreiber: /fehler · /db · /stumm [Minuten] · /laut · /hilfe <Befehl>
            opérateur : /erreurs · /db · /muet [minutes] · /reparle · /aide <commande>"#]],
        );
    }

    /// T4: it grows without an edit.
    #[test]
    fn a_new_command_is_in_the_help_of_its_group_by_itself() {
        let mut world = World::town();
        world.registry.push(Command {
            name: "frobnicate",
            names: None,
            summary: Text::Pong,
            ..COMMAND
        });
        let texts = world.run(&ask("help", "bot"), Lang::En);
        assert!(texts[0].contains("/frobnicate"), "{texts:?}");
    }

    #[test]
    fn every_command_is_in_a_group_that_shows_it() {
        for lang in Lang::ALL {
            let mut world = World::town();
            let mut seen = String::new();
            for group in Topic::ALL {
                let mut question = ask("help", group.names().list(lang)[0]);
                question.is_operator = true;
                let texts = world.run(&question, lang);
                assert!(texts.len() == 1 && texts[0].len() <= 200, "{texts:?}");
                seen += &format!("{} ", texts[0]);
            }
            for command in world.registry.iter() {
                let call = format!("/{} ", command.shown(lang));
                assert!(seen.contains(&call), "{call} {seen}");
            }
        }
    }

    #[test]
    fn a_group_that_is_a_command_too_is_both() {
        World::town().check(&ask("help", "weather"), expect![[r#"
            ℹ️ /weather [place] [day | 1-5] | help: the weather now and for three days · also wx, forecast · see also /rain /astro
            ℹ️ /wetter [Ort] [Tag | 1-5] | hilfe: das Wetter jetzt und für drei Tage · auch vorhersage · siehe auch /regen /himmel
            ℹ️ /météo [lieu] [jour | 1-5] | aide : la météo, maintenant et trois jours · aussi temps · voir aussi /pluie /astro"#]]);
    }

    #[test]
    fn one_command_under_any_of_its_names() {
        World::town().check(&ask("help", "nodes"), expect![[r#"
            ℹ️ /nodes [near [node | lat,lon] | new | lost] [page]: nodes that I hear directly, or those nearby, new or lost · also nodemt, direct
            ℹ️ /knoten [nahe [Knoten | lat,lon] | neu | vermisst] [Seite]: Knoten, die ich direkt höre, oder nahe, neue, vermisste · auch nodes
            ℹ️ /nœuds [proches [nœud | lat,lon] | nouveaux | perdus] [page] : les nœuds que j'entends en direct, ou proches, nouveaux, perdus"#]]);
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
