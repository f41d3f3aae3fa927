//! `/trace`: the path of the very message that asks, read off its header, which
//! costs no airtime beyond the answer. `/trace <node>`: a traceroute, which does.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::{format, whom};
use crate::lang::{Lang, Text};
use crate::mesh::{Hops, NodeBook, NodeNum};

/// The longest name of a relay where longer ones find no room, bytes.
const NAME: usize = 24;

pub const COMMAND: Command = Command {
    name: "trace",
    names: Some(Text::NamesTrace),
    phrases: Some(Text::AskingTrace),
    topic: Topic::Signal,
    usage: Some(Text::UsageAnyNode),
    example: Some(Text::ExampleTrace),
    summary: Text::HelpTrace,
    ..Command::BASE
};

/// Answers, unless it takes a traceroute: to this node.
pub fn asked(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<NodeNum> {
    if ask.args.is_empty() {
        let (lang, book) = (context.lang, context.book);
        let write = |name_max| answer(ask, lang, book, name_max);
        let answer = format::fit_names(NAME, context.part_limit, write);
        reply.say(context.desk, &answer);
        return None;
    }
    let who = (ask.from, reply.place());
    let answer = match whom::whom(&ask.args, COMMAND.name, who, context) {
        Ok(num) if context.book.own() == Some(num) => Text::ThisIsMe.plain(context.lang).to_owned(),
        Ok(num) => return Some(num),
        Err(question) => question,
    };
    reply.say(context.desk, &answer);
    None
}

fn answer(ask: &Ask, lang: Lang, book: &NodeBook, name_max: usize) -> Vec<(u8, String)> {
    let way = format::way(lang, ask.hops, ask.via_mqtt);
    let mut parts = vec![(0, format!("🔍 {way}"))];
    if let Some(signal) = ask.direct_signal() {
        parts.push((1, format::signal(lang, signal.snr, signal.rssi)));
        return parts;
    }
    // What was heard directly had no relay; its byte is the sender's own.
    if let Some(byte) = ask.relay.filter(|_| ask.hops != Hops::Known(0)) {
        let names = whom::relay(ask, lang, book, byte, name_max);
        parts.push((1, Text::LastRelay.fill(lang, &[("names", &names)])));
    }
    if let Some(signal) = ask.signal {
        let signal = format::signal(lang, signal.snr, signal.rssi);
        parts.push((2, Text::LastHop.fill(lang, &[("signal", &signal)])));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ask::Place;
    use crate::bot::testing::{World, ask};
    use crate::mesh::{ChannelIndex, Signal};
    use expect_test::{Expect, expect};

    fn check(hops: Hops, relay: Option<u8>, via_mqtt: bool, expected: Expect) {
        let question = Ask {
            hops,
            relay,
            via_mqtt,
            signal: Some(Signal {
                snr: 5.5,
                rssi: Some(-80),
            }),
            ..ask("trace", "")
        };
        World::town().check(&question, expected);
    }

    #[test]
    fn straight_from_the_asker() {
        check(
            Hops::Known(0),
            Some(0xfe),
            false,
            expect![[r#"
                🔍 direct · SNR 5.5 dB · RSSI -80 dBm
                🔍 direkt · SNR 5,5 dB · RSSI -80 dBm
                🔍 direct · SNR 5,5 dB · RSSI -80 dBm"#]],
        );
    }

    #[test]
    fn the_last_relay_has_a_name_two_names_or_none() {
        check(
            Hops::Known(2),
            Some(0xbb),
            false,
            expect![[r#"
                🔍 2 hops · last relay Pic 👩‍🚒 or Élodie · last hop: SNR 5.5 dB · RSSI -80 dBm
                🔍 2 Hops · zuletzt über Pic 👩‍🚒 oder Élodie · letzter Hop: SNR 5,5 dB · RSSI -80 dBm
                🔍 2 relais · dernier relais Pic 👩‍🚒 ou Élodie · dernier saut : SNR 5,5 dB · RSSI -80 dBm"#]],
        );
        check(
            Hops::Known(1),
            Some(0xfe),
            false,
            expect![[r#"
                🔍 1 hop · last relay Alice Mobile or Relais du Pic · last hop: SNR 5.5 dB · RSSI -80 dBm
                🔍 1 Hop · zuletzt über Alice Mobile oder Relais du Pic · letzter Hop: SNR 5,5 dB · RSSI -80 dBm
                🔍 1 relais · dernier relais Alice Mobile ou Relais du Pic · dernier saut : SNR 5,5 dB · RSSI -80 dBm"#]],
        );
        check(
            Hops::Known(3),
            Some(0x7e),
            false,
            expect![[r#"
                🔍 3 hops · last relay ..7e · last hop: SNR 5.5 dB · RSSI -80 dBm
                🔍 3 Hops · zuletzt über ..7e · letzter Hop: SNR 5,5 dB · RSSI -80 dBm
                🔍 3 relais · dernier relais ..7e · dernier saut : SNR 5,5 dB · RSSI -80 dBm"#]],
        );
    }

    #[test]
    fn the_unknown_stays_unknown() {
        check(
            Hops::Unknown,
            None,
            false,
            expect![[r#"
                🔍 hops unknown · last hop: SNR 5.5 dB · RSSI -80 dBm
                🔍 Hops unbekannt · letzter Hop: SNR 5,5 dB · RSSI -80 dBm
                🔍 relais inconnus · dernier saut : SNR 5,5 dB · RSSI -80 dBm"#]],
        );
        check(
            Hops::Known(0),
            None,
            true,
            expect![[r#"
                🔍 via MQTT · last hop: SNR 5.5 dB · RSSI -80 dBm
                🔍 über MQTT · letzter Hop: SNR 5,5 dB · RSSI -80 dBm
                🔍 via MQTT · dernier saut : SNR 5,5 dB · RSSI -80 dBm"#]],
        );
    }

    #[test]
    fn tracing_others_is_not_offered() {
        let mut question = ask("trace", "alice");
        World::town().check(
            &question,
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
        question.place = Place::Channel(ChannelIndex(0));
        World::town().check(
            &question,
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
    }
}
