//! `/whoami`: as whom the bot's node knows the asker.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::lang::Text;
use crate::mesh::name;

pub const COMMAND: Command = Command {
    name: "whoami",
    names: Some(Text::NamesWhoami),
    phrases: Some(Text::AskingWhoami),
    topic: Topic::Nodes,
    summary: Text::HelpWhoami,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let (lang, book) = (context.lang, context.book);
    let node = book.get(ask.from);
    let is_named = node.is_some_and(|it| it.long_name.is_some() || it.short_name.is_some());
    let mut parts = Vec::new();
    if is_named {
        let name = book.display_name(ask.from, name::LONG_NAME_MAX);
        let short = node.and_then(|node| node.short_name.as_deref());
        let short = short.map_or_else(String::new, |short| format!(" ({short})"));
        parts.push((0, format!("👤 {name}{short}")));
    } else {
        parts.push((0, Text::WhoNameless.plain(lang).to_owned()));
    }
    parts.push((0, format!("{} = {}", ask.from, ask.from.0)));
    parts.push((2, format::way(lang, ask.hops, ask.via_mqtt)));
    let key = match node.map(|node| node.public_key.is_some()) {
        Some(true) => Text::WhoKey,
        _ => Text::WhoNoKey,
    };
    parts.push((1, key.plain(lang).to_owned()));
    reply.say(context.desk, &format::fit(parts, context.part_limit));
}

#[cfg(test)]
mod tests {
    use crate::bot::testing::{ALICE, World, ask};
    use expect_test::expect;

    #[test]
    fn a_known_one_and_a_stranger() {
        let mut question = ask("whoami", "");
        World::town().check(&question, expect![[r#"
            👤 your node has not told its name yet · !0badcafe = 195939070 · 1 hop · no key known: exchange user info in the app
            👤 dein Knoten hat seinen Namen noch nicht verraten · !0badcafe = 195939070 · 1 Hop · kein Schlüssel bekannt: tausch die Nutzerinfos in der App
            👤 ton nœud n'a pas encore dit son nom · !0badcafe = 195939070 · 1 relais · clé inconnue : échange tes infos dans l'appli"#]]);
        question.from = ALICE;
        World::town().check(&question, expect![[r#"
            👤 Alice Base (ALB) · !1111aaaa = 286370474 · 1 hop · no key known: exchange user info in the app
            👤 Alice Base (ALB) · !1111aaaa = 286370474 · 1 Hop · kein Schlüssel bekannt: tausch die Nutzerinfos in der App
            👤 Alice Base (ALB) · !1111aaaa = 286370474 · 1 relais · clé inconnue : échange tes infos dans l'appli"#]]);
    }
}
