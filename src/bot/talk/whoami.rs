//! `/whoami`: as whom the bot's node knows the asker. `/whereami`: where it
//! believes that he is.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::lang::Text;
use crate::mesh::name;

pub const WHOAMI: Command = Command {
    name: "whoami",
    names: Some(Text::NamesWhoami),
    phrases: Some(Text::AskingWhoami),
    topic: Topic::Nodes,
    summary: Text::HelpWhoami,
    run: Some(run_whoami),
    ..Command::BASE
};

pub const WHEREAMI: Command = Command {
    name: "whereami",
    names: Some(Text::NamesWhereami),
    phrases: Some(Text::AskingWhereami),
    summary: Text::HelpWhereami,
    run: Some(run_whereami),
    ..WHOAMI
};

fn run_whoami(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
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

fn run_whereami(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let (lang, book) = (context.lang, context.book);
    let place = |num| book.get(num).and_then(|node| node.position);
    let Some(position) = place(ask.from) else {
        reply.say(context.desk, Text::WhereUnknown.plain(lang));
        return;
    };
    let told = format::told(ask.place, &position);
    let decimals = match ask.place {
        crate::bot::ask::Place::Direct => 4,
        crate::bot::ask::Place::Channel(_) => format::PUBLIC_DECIMALS.into(),
    };
    let mut parts = vec![(0, format!("📍 {}", format::coordinates(&told, decimals)))];
    if let Some(own) = book.own().and_then(place) {
        let way = format::way_to(lang, &own, &told);
        parts.push((1, Text::WhereFromMe.fill(lang, &[("way", &way)])));
    }
    if let Some(altitude) = told.altitude {
        parts.push((2, format!("⛰ {altitude} m")));
    }
    reply.say(context.desk, &format::fit(parts, context.part_limit));
}

#[cfg(test)]
mod tests {
    use crate::bot::ask::Place;
    use crate::bot::testing::{ALICE, World, ask};
    use crate::mesh::ChannelIndex;
    use expect_test::expect;

    #[test]
    fn a_known_one_and_a_stranger() {
        let mut question = ask("whoami", "");
        World::town().check(&question, expect![[r#"
            👤 your node has not told its name yet · !0badcafe = 195939070 · 1 hop · no key known: exchange user info in the app
            👤 dein Knoten hat seinen Namen noch nicht gesagt · !0badcafe = 195939070 · 1 Hop · kein Schlüssel bekannt: tausch die Nutzerinfos in der App
            👤 ton nœud n'a pas encore dit son nom · !0badcafe = 195939070 · 1 relais · clé inconnue : échange tes infos dans l'appli"#]]);
        question.from = ALICE;
        World::town().check(&question, expect![[r#"
            👤 Alice Base (ALB) · !1111aaaa = 286370474 · 1 hop · no key known: exchange user info in the app
            👤 Alice Base (ALB) · !1111aaaa = 286370474 · 1 Hop · kein Schlüssel bekannt: tausch die Nutzerinfos in der App
            👤 Alice Base (ALB) · !1111aaaa = 286370474 · 1 relais · clé inconnue : échange tes infos dans l'appli"#]]);
    }

    /// features.md L7: a channel reads it rounded.
    #[test]
    fn where_he_is_is_rounded_on_a_channel() {
        let mut question = ask("whereami", "");
        World::town().check(
            &question,
            expect![[r#"
            I don't know where you are: your node has not told its position here.
            Ich weiß nicht, wo du bist: Dein Knoten hat hier keine Position gesagt.
            Je ne sais pas où tu es : ton nœud n'a pas donné sa position ici."#]],
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
}
