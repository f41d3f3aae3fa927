//! `/info <node>`: what is known about a node, in one packet: the least
//! important is left out.

use super::{format, whom};
use crate::bot::command::{Ask, Command, Context, Place};
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::lang::Text;
use crate::mesh::{Hops, Node, NodeNum, labels, name};

/// Decimal places of coordinates that everybody reads: about 1 km
/// (features.md L7).
pub(super) const PUBLIC_DECIMALS: u8 = 2;
/// Decimal places in a direct message: about 10 m.
const DIRECT_DECIMALS: u8 = 4;

pub const COMMAND: Command = Command {
    name: "info",
    aliases: &[],
    bare: &[],
    usage: Some(Text::UsageNode),
    summary: Text::HelpInfo,
    mode: Mode::Public,
    operator_only: false,
    has_own_limit: false,
    same_for_all: false,
    run,
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    if ask.args.is_empty() {
        format::explain(ask, &COMMAND, context, reply);
        return;
    }
    let who = (ask.from, reply.place());
    let answer = match whom::whom(&ask.args, COMMAND.name, who, context) {
        Ok(num) => format::fit(answer(ask, context, num), context.part_limit),
        Err(question) => question,
    };
    reply.say(context.desk, &answer);
}

fn answer(ask: &Ask, context: &Context<'_>, num: NodeNum) -> Vec<(u8, String)> {
    let (lang, book, now) = (context.lang, context.book, context.now);
    let Some(node) = book.get(num) else {
        return vec![(0, Text::NoSuchNode.fill(lang, &[("name", &num)]))];
    };
    let is_own = book.own() == Some(num);
    let mut parts = vec![(0, title(context, node))];
    if let Some(position) = node.position {
        let decimals = match ask.place {
            Place::Channel(_) => PUBLIC_DECIMALS,
            Place::Direct => DIRECT_DECIMALS,
        };
        let rounded = position.rounded(u32::from(decimals));
        let shown = position.decimals(decimals);
        let place = format::coordinates(&rounded, usize::from(shown));
        parts.push((5, format!("📍 {place}")));
        if let Some(altitude) = position.altitude {
            parts.push((7, format!("⛰ {altitude} m")));
        }
        let own = book.own().and_then(|own| book.get(own)?.position);
        if let Some(own) = own.filter(|_| !is_own) {
            parts.push((4, format::way_to(lang, &own, &rounded)));
        }
    }
    if is_own {
        parts.push((1, Text::ThisIsMe.plain(lang).to_owned()));
    } else if node.hops != Hops::Unknown || node.via_mqtt {
        parts.push((1, format::way(lang, node.hops, node.via_mqtt)));
    }
    let direct = match node.last_direct() {
        Some(last) => Some((format::signal(last.snr, last.rssi), last.age(now))),
        // What our node measured before the program started.
        None => node
            .direct_snr(now)
            .map(|snr| (format::signal(snr, None), node.age(now))),
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
    use crate::bot::commands::testing::{ALICE, OWN, World, ask};
    use crate::mesh::ChannelIndex;
    use expect_test::expect;

    #[test]
    fn everything_that_is_known() {
        let mut world = World::town();
        world.hear(ALICE, 10, Hops::Known(0), -12.5);
        let mut question = ask("info", "alb");
        world.check(&question, expect![[r#"
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.8766,2.3122 · ⛰ 120 m · 3.7 km NW · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (59 min ago) · heard 59 min ago · 🔋 87% · ROUTER · RAK4631
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.8766,2.3122 · ⛰ 120 m · 3.7 km NO · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (il y a 59 min) · entendu il y a 59 min · 🔋 87% · ROUTER"#]]);
        question.place = Place::Channel(ChannelIndex(0));
        world.check(&question, expect![[r#"
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.88,2.31 · ⛰ 120 m · ~4 km NW · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (59 min ago) · heard 59 min ago · 🔋 87% · ROUTER · RAK4631
            ℹ️ Alice Base (ALB) !1111aaaa · 📍 48.88,2.31 · ⛰ 120 m · ~4 km NO · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (il y a 59 min) · entendu il y a 59 min · 🔋 87% · ROUTER · RAK4631"#]]);
        world.part_limit = 100;
        world.check(&question, expect![[r#"
            ℹ️ Alice Base (ALB) !1111aaaa · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (59 min ago)
            ℹ️ Alice Base (ALB) !1111aaaa · direct · 📶 SNR -12.5 dB · RSSI -110 dBm (il y a 59 min)"#]]);
    }

    #[test]
    fn little_is_known() {
        World::town().check(
            &ask("info", "!55550042"),
            expect![[r#"
            ℹ️ !55550042 · heard 2 d ago
            ℹ️ !55550042 · entendu il y a 2 j"#]],
        );
        World::town().check(&ask("info", &OWN.to_string()), expect![[r#"
            ℹ️ Weather Bot (BOT) !00000aaa · 📍 48.8566,2.3522 · ⛰ 120 m · this is me · CLIENT · HELTEC_V3
            ℹ️ Weather Bot (BOT) !00000aaa · 📍 48.8566,2.3522 · ⛰ 120 m · c'est moi · CLIENT · HELTEC_V3"#]]);
        World::town().check(
            &ask("info", "elodie"),
            expect![[r#"
            ℹ️ Élodie (ELO) !2222bbbb · direct · heard 3 d ago · 🔌 powered · CLIENT
            ℹ️ Élodie (ELO) !2222bbbb · direct · entendu il y a 3 j · 🔌 alimenté · CLIENT"#]],
        );
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
                Unknown node: alyce. Perhaps Alice Mobile, Alice Base, Pic 👩‍🚒?
                Nœud inconnu : alyce. Peut-être Alice Mobile, Alice Base, Pic 👩‍🚒 ?"#]],
        );
        world.check(
            &ask("info", "!deadbeef"),
            expect![[r#"
                Unknown node: !deadbeef.
                Nœud inconnu : !deadbeef."#]],
        );
        world.check(
            &ask("info", "\u{202e}zzzzqqq/"),
            expect![[r#"
                Unknown node: zzzzqqq/.
                Nœud inconnu : zzzzqqq/."#]],
        );
    }

    #[test]
    fn nobody_was_named() {
        let mut question = ask("info", "");
        World::town().check(
            &question,
            expect![[r#"
            Usage: /info <node>
            Usage : /info <nœud>"#]],
        );
        question.place = Place::Channel(ChannelIndex(0));
        World::town().check(
            &question,
            expect![[r#"
            (silence)
            (silence)"#]],
        );
    }
}
