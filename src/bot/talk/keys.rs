//! `/keys`: whose public keys our node has, and for one node what to do when
//! direct messages with it fail.

use crate::bot::ask::{Ask, Place};
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::{format, whom};
use crate::config::Mode;
use crate::lang::Text;
use crate::mesh::{Found, Node, NodeBook, NodeNum, lookup};

/// The longest name where longer ones find no room, bytes.
const NAME: usize = 20;
/// Bytes of a key that are shown, as two digits each.
const SHOWN: usize = 4;

pub const COMMAND: Command = Command {
    name: "keys",
    names: Some(Text::NamesKeys),
    phrases: Some(Text::AskingKeys),
    topic: Topic::Nodes,
    usage: Some(Text::UsageAnyNode),
    example: Some(Text::ExampleInfo),
    summary: Text::HelpKeys,
    mode: Mode::Private,
    is_about_own_key: Some(is_about_own_key),
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let on_channel = reply.place() != Place::Direct;
    let answer = if ask.args.is_empty() && ask.is_unreadable && on_channel {
        told(ask, context, ask.from)
    } else if ask.args.is_empty() {
        everybody(context)
    } else {
        let who = (ask.from, reply.place());
        match whom::whom(&ask.args, COMMAND.name, who, context) {
            Ok(num) => told(ask, context, num),
            Err(question) => question,
        }
    };
    reply.say(context.desk, &answer);
}

/// Whether the answer is about the asker's own key: there is nothing private in that.
fn is_about_own_key(ask: &Ask, book: &NodeBook) -> bool {
    let own = || {
        let found = lookup::find(book, ask.from, &ask.args);
        matches!(found, Found::One(num, _) if num == ask.from)
    };
    ask.args.is_empty() || own()
}

/// How many have a key, and who has none, the most recently heard first.
fn everybody(context: &Context<'_>) -> String {
    let (lang, book) = (context.lang, context.book);
    let others = || book.iter().filter(|node| Some(node.num) != book.own());
    let known = others().filter(|node| node.public_key.is_some()).count();
    let changed = others().filter(|node| node.announced_other_key).count();
    let missing = others().count() - known;
    let mut parts = vec![(0, Text::KeysKnown.fill(lang, &[("n", &known)]))];
    if changed > 0 {
        parts.push((1, Text::KeysChanged.fill(lang, &[("n", &changed)])));
    }
    if missing == 0 {
        parts.push((0, Text::KeysNoneMissing.plain(lang).to_owned()));
        return format::fit(parts, context.part_limit);
    }
    let list = |names: &str| {
        let values: [(&str, &dyn std::fmt::Display); 2] = [("n", &missing), ("names", &names)];
        let mut parts = parts.clone();
        parts.push((0, Text::KeysMissing.fill(lang, &values)));
        parts
    };
    // Everything else has its place before the names.
    let room = context
        .part_limit
        .saturating_sub(format::fit(list(""), context.part_limit).len());
    let names = format::fit(list(&names(context, missing, room)), context.part_limit);
    names.trim_end().to_owned()
}

/// As many names of those without a key as `room` bytes hold, the most recently
/// heard first, and how many more of the `missing` there are.
fn names(context: &Context<'_>, missing: usize, room: usize) -> String {
    let heard = context.book.last_heard();
    let without = heard.iter().filter(|node| node.public_key.is_none());
    let mut list = String::new();
    for (listed, node) in without.enumerate() {
        let name = context.book.display_name(node.num, NAME);
        let between = if list.is_empty() { "" } else { ", " };
        let more = format!("{list}{between}{name}");
        let reserve = match missing - listed - 1 {
            0 => 0,
            rest => format!(" +{rest}").len(),
        };
        if more.len() + reserve > room {
            return format!("{list} +{}", missing - listed)
                .trim_start()
                .to_owned();
        }
        list = more;
    }
    list
}

fn told(ask: &Ask, context: &Context<'_>, num: NodeNum) -> String {
    let write = |name_max| one(ask, context, num, name_max);
    format::fit_names(NAME, context.part_limit, write)
}

/// The state of one key and the advice.
fn one(ask: &Ask, context: &Context<'_>, num: NodeNum, name_max: usize) -> Vec<(u8, String)> {
    let lang = context.lang;
    let Some(node) = context.book.get(num) else {
        return vec![(0, Text::NoSuchNode.fill(lang, &[("name", &num)]))];
    };
    let name = whom::short(context, num, name_max);
    let key = fingerprint(node);
    if context.book.own() == Some(num) {
        let mut parts = vec![(0, format!("🔑 {name}"))];
        parts.push((1, Text::ThisIsMe.plain(lang).to_owned()));
        parts.extend(key.map(|key| (0, key)));
        return parts;
    }
    let (state, advice) = match key {
        None => (Text::KeyMissing, Text::KeyMissingAdvice),
        Some(_) if node.announced_other_key => (Text::KeyOther, Text::KeyOtherAdvice),
        // He has not been heard since he has another one.
        Some(_) if ask.is_unreadable && ask.from == num => (Text::KeyKnown, Text::KeyOtherAdvice),
        Some(_) => (Text::KeyKnown, Text::KeyKnownAdvice),
    };
    let key = key.unwrap_or_default();
    let state = state.fill(lang, &[("name", &name), ("key", &key)]);
    vec![(0, state), (1, advice.plain(lang).to_owned())]
}

/// The first digits of the key.
fn fingerprint(node: &Node) -> Option<String> {
    let key = node.public_key?;
    let digits = key.iter().take(SHOWN).map(|byte| format!("{byte:02x}"));
    Some(digits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{ALICE, OWN, SANITY, World, ask};
    use crate::lang::Lang;
    use crate::mesh::{Hops, Packet, Standing};
    use crate::proto;
    use expect_test::expect;
    use prost::Message;

    /// Our node goes by this key of a node.
    fn listed(world: &mut World, num: NodeNum, key: u8) {
        let node = world.book.get(num).unwrap();
        let info = proto::NodeInfo {
            num: num.0,
            last_heard: u32::try_from(node.last_heard().unwrap_or_default()).unwrap(),
            user: Some(proto::User {
                public_key: vec![key; 32],
                ..proto::User::default()
            }),
            ..proto::NodeInfo::default()
        };
        world.book.note_node_list(&[info], world.now, SANITY);
    }

    /// A node announces this key.
    fn announced(world: &mut World, num: NodeNum, key: u8) {
        let user = proto::User {
            public_key: vec![key; 32],
            ..proto::User::default()
        };
        let packet = Packet::from_wire(&proto::MeshPacket {
            from: num.0,
            to: NodeNum::BROADCAST.0,
            transport_mechanism: 1,
            payload_variant: Some(proto::mesh_packet::PayloadVariant::Decoded(proto::Data {
                portnum: proto::PortNum::NodeinfoApp as i32,
                payload: user.encode_to_vec(),
                ..proto::Data::default()
            })),
            ..proto::MeshPacket::default()
        });
        (world.book).note_packet(&packet, Standing::Live, world.now, SANITY);
    }

    #[test]
    fn how_many_and_who_has_none() {
        let mut world = World::town();
        world.check(&ask("keys", ""), expect![[r#"
            🔑 0 with a key · 6 without: Alice Mobile, Alice Base, Pic 👩‍🚒, !55550042, Élodie, Relais du Pic
            🔑 0 mit Schlüssel · 6 ohne: Alice Mobile, Alice Base, Pic 👩‍🚒, !55550042, Élodie, Relais du Pic
            🔑 0 avec clé · 6 sans clé : Alice Mobile, Alice Base, Pic 👩‍🚒, !55550042, Élodie, Relais du Pic"#]]);
        listed(&mut world, ALICE, 1);
        listed(&mut world, NodeNum(0x4444_cafe), 0xc4);
        announced(&mut world, ALICE, 2);
        world.check(&ask("keys", ""), expect![[r#"
            🔑 2 with a key · 1 of them changed · 4 without: Pic 👩‍🚒, !55550042, Élodie, Relais du Pic
            🔑 2 mit Schlüssel · 1 davon geändert · 4 ohne: Pic 👩‍🚒, !55550042, Élodie, Relais du Pic
            🔑 2 avec clé · clé changée : 1 · 4 sans clé : Pic 👩‍🚒, !55550042, Élodie, Relais du Pic"#]]);
        world.part_limit = 60;
        world.check(
            &ask("keys", ""),
            expect![[r#"
                🔑 2 with a key · 1 of them changed · 4 without: +4
                🔑 2 mit Schlüssel · 1 davon geändert · 4 ohne: +4
                🔑 2 avec clé · clé changée : 1 · 4 sans clé : +4"#]],
        );
    }

    #[test]
    fn a_crowd_without_keys_is_one_packet() {
        let mut world = World::town();
        for n in 0..250 {
            world.hear(NodeNum(0x7000_0000 + n), 10, Hops::Known(0), 1.0);
        }
        let texts = world.run(&ask("keys", ""), Lang::En);
        assert_eq!(texts.len(), 1);
        assert!(
            texts[0].len() <= 200 && texts[0].contains(" +24"),
            "{texts:?}"
        );
    }

    #[test]
    fn known_changed_missing_and_mine() {
        let mut world = World::town();
        let question = ask("keys", "alb");
        world.check(&question, expect![[r#"
            🔑 Alice Base aaaa: no key known · no direct messages until its app has exchanged user info with my node
            🔑 Alice Base aaaa: kein Schlüssel bekannt · keine Direktnachrichten, bis seine App mit meinem Knoten Nutzerinfos getauscht hat
            🔑 Alice Base aaaa : clé inconnue · pas de messages directs tant que son appli n'a pas échangé ses infos avec mon nœud"#]]);
        listed(&mut world, ALICE, 0xa1);
        world.check(&question, expect![[r#"
            🔑 Alice Base aaaa: key known, a1a1a1a1 · if direct messages fail all the same, exchange user info in the app
            🔑 Alice Base aaaa: Schlüssel bekannt, a1a1a1a1 · kommen Direktnachrichten trotzdem nicht an, tausch in der App noch mal die Nutzerinfos
            🔑 Alice Base aaaa : clé connue, a1a1a1a1 · si les messages directs échouent quand même, échange tes infos avec mon nœud dans l'appli"#]]);
        announced(&mut world, ALICE, 0xa2);
        world.check(&question, expect![[r#"
            🔑 Alice Base aaaa: announces another key than a1a1a1a1, which my node keeps · if it was reset, my operator has to remove it from my node's list
            🔑 Alice Base aaaa: meldet einen anderen Schlüssel als a1a1a1a1, den mein Knoten behält · wurde er zurückgesetzt, muss mein Betreiber ihn aus der Liste meines Knotens löschen
            🔑 Alice Base aaaa : annonce une autre clé que a1a1a1a1, celle que garde mon nœud · s'il a été réinitialisé, mon opérateur doit l'enlever de la liste de mon nœud"#]]);
        // Our node takes the new one.
        listed(&mut world, ALICE, 0xa2);
        assert!(world.run(&question, Lang::En)[0].contains("known, a2a2a2a2"));
        listed(&mut world, OWN, 7);
        world.check(
            &ask("keys", &OWN.to_string()),
            expect![[r#"
                🔑 Weather Bot 0aaa · this is me · 07070707
                🔑 Weather Bot 0aaa · das bin ich · 07070707
                🔑 Weather Bot 0aaa · c'est moi · 07070707"#]],
        );
        world.check(
            &ask("keys", "!deadbeef"),
            expect![[r#"
                Unknown node: !deadbeef.
                Unbekannter Knoten: !deadbeef.
                Nœud inconnu : !deadbeef."#]],
        );
    }

    #[test]
    fn whoever_goes_back_to_the_old_key_is_as_before() {
        let mut world = World::town();
        listed(&mut world, ALICE, 1);
        for (key, differs) in [(1, false), (2, true), (1, false), (3, true)] {
            announced(&mut world, ALICE, key);
            let alice = world.book.get(ALICE).unwrap();
            assert_eq!(alice.announced_other_key, differs, "{key}");
        }
        listed(&mut world, ALICE, 1);
        let alice = world.book.get(ALICE).unwrap();
        assert!(alice.announced_other_key, "our node still keeps the old");
        // The program starts again, and our node's list comes.
        let known: Vec<_> = world.book.iter().map(Node::to_known).collect();
        world.book = NodeBook::default();
        world.book.restore(known);
        listed(&mut world, ALICE, 1);
        let alice = world.book.get(ALICE).unwrap();
        assert!(alice.announced_other_key, "nothing has changed");
    }
}
