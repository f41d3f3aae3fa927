//! `/info <node>`: what is known about a node, in one packet: the least
//! important is left out.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::{format, whom};
use crate::lang::Text;
use crate::mesh::lookup::By;
use crate::mesh::{Hops, Node, NodeNum, labels, name};

pub const COMMAND: Command = Command {
    name: "info",
    names: Some(Text::NamesInfo),
    phrases: Some(Text::AskingInfo),
    topic: Topic::Nodes,
    usage: Some(Text::UsageNode),
    example: Some(Text::ExampleInfo),
    summary: Text::HelpInfo,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    if ask.args.is_empty() {
        format::explain(ask, &COMMAND, context, reply);
        return;
    }
    let who = (ask.from, reply.place());
    let answer = match whom::found(&ask.args, COMMAND.name, who, context) {
        Ok((num, by)) => format::fit(answer(ask, context, num, by), context.part_limit),
        Err(question) => question,
    };
    reply.say(context.desk, &answer);
}

fn answer(ask: &Ask, context: &Context<'_>, num: NodeNum, by: By) -> Vec<(u8, String)> {
    let (lang, book, now) = (context.lang, context.book, context.now);
    let Some(node) = book.get(num) else {
        return vec![(0, Text::NoSuchNode.fill(lang, &[("name", &num)]))];
    };
    let is_own = book.own() == Some(num);
    let mut parts = vec![(0, title(context, node))];
    // Name and number stand there; which of them was meant is soon left out.
    let found = match by {
        By::Whole => None,
        By::Tail => Some(Text::FoundByDigits),
        By::Part => Some(Text::FoundByPart),
        By::Sound => Some(Text::FoundBySound),
    };
    parts.extend(found.map(|text| (6, text.plain(lang).to_owned())));
    if let Some(position) = node.position {
        let told = format::told(ask.place, &position);
        let place = format::position(ask.place, &position);
        parts.push((5, format!("📍 {place}")));
        if let Some(altitude) = position.altitude {
            parts.push((7, format!("⛰ {altitude} m")));
        }
        let own = book.own().and_then(|own| book.get(own)?.position);
        if let Some(own) = own.filter(|_| !is_own) {
            parts.push((4, format::way_to(lang, &own, &told)));
        }
    } else {
        let unknown = Text::PositionUnknown.plain(lang);
        parts.push((5, format!("📍 {unknown}")));
    }
    if is_own {
        parts.push((1, Text::ThisIsMe.plain(lang).to_owned()));
    } else if node.hops != Hops::Unknown || node.via_mqtt {
        parts.push((1, format::way(lang, node.hops, node.via_mqtt)));
    }
    let direct = match node.last_direct() {
        Some(last) => Some((format::signal(lang, last.snr, last.rssi), last.age(now))),
        // What our node measured before the program started.
        None => node
            .direct_snr(now)
            .map(|snr| (format::signal(lang, snr, None), node.age(now))),
    };
    if let Some((signal, age)) = direct {
        let age = age.map_or_else(String::new, |age| format!(" ({})", format::ago(lang, age)));
        parts.push((2, format!("📶 {signal}{age}")));
    }
    if let Some(age) = node.age(now) {
        let ago = format::ago(lang, age);
        parts.push((3, Text::Heard.fill(lang, &[("ago", &ago)])));
    }
    match node.metrics.battery {
        Some(level @ 0..=100) => parts.push((6, format!("🔋 {level}%"))),
        Some(_) => parts.push((6, Text::Powered.plain(lang).to_owned())),
        None => {}
    }
    // Without a name nobody has told the role either.
    let introduced = node.long_name.is_some() || node.short_name.is_some();
    if let Some(role) = labels::role_name(node.role).filter(|_| introduced) {
        parts.push((8, role.to_owned()));
    }
    if node.hw_model != 0 {
        parts.push((9, labels::hardware(node.hw_model).into_owned()));
    }
    parts
}

/// `Long name (SHRT) !hex`.
fn title(context: &Context<'_>, node: &Node) -> String {
    let id = node.num;
    if node.long_name.is_none() && node.short_name.is_none() {
        return format!("ℹ️ {id}");
    }
    let long = context.book.display_name(id, name::LONG_NAME_MAX);
    match node.short_name.as_deref() {
        Some(short) if short != long => format!("ℹ️ {long} ({short}) {id}"),
        _ => format!("ℹ️ {long} {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ask::Place;
    use crate::bot::testing::{ALICE, OWN, World, ask};
    use crate::mesh::ChannelIndex;
    use expect_test::expect;

    #[test]
    fn everything_that_is_known() {
        let mut world = World::town();
        world.hear(ALICE, 10, Hops::Known(0), -12.5);
        let mut question = ask("info", "alb");
        world.check(&question, expect![[r#"
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.8766,2.3122 · ⛰ 120 m · 3.7 km NW · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (59 min ago) · heard 59 min ago · 🔋 87% · ROUTER · RAK4631
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.8766,2.3122 · ⛰ 120 m · 3,7 km NW · direkt · 📶 SNR -12,5 dB · RSSI -110 dBm (vor 59 min) · gehört vor 59 min · 🔋 87% · ROUTER · RAK4631
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.8766,2.3122 · ⛰ 120 m · 3,7 km NO · direct · 📶 SNR -12,5 dB · RSSI -110 dBm (il y a 59 min) · entendu il y a 59 min · 🔋 87% · ROUTER"#]]);
        question.place = Place::Channel(ChannelIndex(0));
        world.check(&question, expect![[r#"
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.88,2.31 · ⛰ 120 m · ~4 km NW · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (59 min ago) · heard 59 min ago · 🔋 87% · ROUTER · RAK4631
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.88,2.31 · ⛰ 120 m · ~4 km NW · direkt · 📶 SNR -12,5 dB · RSSI -110 dBm (vor 59 min) · gehört vor 59 min · 🔋 87% · ROUTER · RAK4631
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.88,2.31 · ⛰ 120 m · ~4 km NO · direct · 📶 SNR -12,5 dB · RSSI -110 dBm (il y a 59 min) · entendu il y a 59 min · 🔋 87% · ROUTER · RAK4631"#]]);
        world.part_limit = 100;
        world.check(&question, expect![[r#"
            ℹ️ Alice Base (ALB) !1111aaaa · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (59 min ago)
            ℹ️ Alice Base (ALB) !1111aaaa · direkt · 📶 SNR -12,5 dB · RSSI -110 dBm (vor 59 min)
            ℹ️ Alice Base (ALB) !1111aaaa · direct · 📶 SNR -12,5 dB · RSSI -110 dBm (il y a 59 min)"#]]);
    }

    #[test]
    fn little_is_known() {
        World::town().check(
            &ask("info", "!55550042"),
            expect![[r#"
                ℹ️ !55550042 · 📍 position unknown · heard 2 d ago
                ℹ️ !55550042 · 📍 Position unbekannt · gehört vor 2 d
                ℹ️ !55550042 · 📍 position inconnue · entendu il y a 2 j"#]],
        );
        World::town().check(&ask("info", &OWN.to_string()), expect![[r#"
            ℹ️ Weather Bot (BOT) !00000aaa · 📍 48.8566,2.3522 · ⛰ 120 m · this is me · CLIENT · HELTEC_V3
            ℹ️ Weather Bot (BOT) !00000aaa · 📍 48.8566,2.3522 · ⛰ 120 m · das bin ich · CLIENT · HELTEC_V3
            ℹ️ Weather Bot (BOT) !00000aaa · 📍 48.8566,2.3522 · ⛰ 120 m · c'est moi · CLIENT · HELTEC_V3"#]]);
        World::town().check(
            &ask("info", "elodie"),
            expect![[r#"
                ℹ️ Élodie (ELO) !2222bbbb · 📍 position unknown · direct · heard 3 d ago · 🔌 powered · CLIENT
                ℹ️ Élodie (ELO) !2222bbbb · 📍 Position unbekannt · direkt · gehört vor 3 d · 🔌 am Netz · CLIENT
                ℹ️ Élodie (ELO) !2222bbbb · 📍 position inconnue · direct · entendu il y a 3 j · 🔌 alimenté · CLIENT"#]],
        );
    }

    /// T10.
    #[test]
    fn what_of_the_node_was_meant_is_said() {
        let hint = |query| {
            let texts = World::town().run(&ask("info", query), crate::lang::Lang::En);
            texts[0].replace(format::BETWEEN, "\n")
        };
        for (query, what) in [
            ("0042", "found by its last digits"),
            ("lod", "found by a part of its name"),
            ("элоди", "found by the sound of its name"),
        ] {
            assert_eq!(hint(query).lines().nth(1), Some(what), "{query}");
        }
        assert_eq!(hint("elo"), hint("!2222bbbb"));
        assert_eq!(hint("me"), "Unknown node: !0badcafe.");
    }

    /// T16.
    #[test]
    fn who_calls_himself_by_the_number_of_another_is_shown_in_quotes() {
        let mut world = World::town();
        let liar = NodeNum(0x7000_0001);
        world.introduce(liar, "!1111aaaa", "LIAR");
        let mut said =
            |query: &str| world.run(&ask("info", query), crate::lang::Lang::En)[0].clone();
        assert!(said("!1111aaaa").starts_with("ℹ️ Alice Base (ALB) !1111aaaa"));
        assert!(said("1111aaaa").starts_with("ℹ️ Alice Base (ALB) !1111aaaa"));
        assert!(said("liar").starts_with("ℹ️ \"1111aaaa\" (LIAR) !70000001"));
    }

    /// W15.
    #[test]
    fn the_same_distance_is_told_by_info_and_my() {
        let mut world = World::town();
        let own = world.book.get(OWN).unwrap().position.unwrap();
        let near = |num: NodeNum, north: i32| crate::proto::NodeInfo {
            num: num.0,
            last_heard: 9_999_999,
            position: Some(crate::proto::Position {
                latitude_i: Some(own.latitude_i + north),
                longitude_i: Some(own.longitude_i),
                time: 9_999_999,
                ..Default::default()
            }),
            ..Default::default()
        };
        let channel = Place::Channel(ChannelIndex(0));
        for north in [0, 37, 12_345, 1_234_567] {
            world.book.note_node_list(
                &[near(ALICE, north)],
                world.now,
                crate::bot::testing::SANITY,
            );
            for place in [Place::Direct, channel] {
                let mut said = |name: &str, args: &str| {
                    let question = Ask {
                        from: ALICE,
                        place,
                        ..ask(name, args)
                    };
                    world.run(&question, crate::lang::Lang::En)[0].clone()
                };
                let mine = said("my", "");
                let far = mine.split("📍 ").nth(1).unwrap();
                let far = far.split(format::BETWEEN).next().unwrap();
                let info = said("info", "me");
                assert!(
                    info.split(format::BETWEEN).any(|it| it == far),
                    "{far}: {info}"
                );
            }
        }
    }

    #[test]
    fn several_or_nobody() {
        let mut world = World::town();
        world.check(
            &ask("info", "alice"),
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
        let who = (ask("", "").from, Place::Direct);
        assert_eq!(
            world.desk.pick(who, 2, world.now.mono),
            Some(("info", ALICE.to_string().as_str()))
        );
        world.check(
            &ask("info", "alyce"),
            expect![[r#"
                Unknown node: alyce. Perhaps Alice Mobile, Alice Base?
                Unbekannter Knoten: alyce. Vielleicht Alice Mobile, Alice Base?
                Nœud inconnu : alyce. Peut-être Alice Mobile, Alice Base ?"#]],
        );
        world.check(
            &ask("info", "!deadbeef"),
            expect![[r#"
                Unknown node: !deadbeef.
                Unbekannter Knoten: !deadbeef.
                Nœud inconnu : !deadbeef."#]],
        );
        world.check(
            &ask("info", "\u{202e}zzzzqqq/"),
            expect![[r#"
                Unknown node: zzzzqqq/.
                Unbekannter Knoten: zzzzqqq/.
                Nœud inconnu : zzzzqqq/."#]],
        );
    }

    #[test]
    fn nobody_was_named() {
        let mut question = ask("info", "");
        World::town().check(
            &question,
            expect![[r#"
                Usage: /info <node>, for example /info bob
                So geht's: /info <Knoten>, zum Beispiel /info bob
                Ça s'écrit : /info <nœud>, par exemple /info bob"#]],
        );
        question.place = Place::Channel(ChannelIndex(0));
        World::town().check(
            &question,
            expect![[r#"
                (silence)
                (silence)
                (silence)"#]],
        );
    }
}
