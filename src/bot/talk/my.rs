//! `/my`: how well the asker is heard. Only receptions straight from him
//! count; a relay's signal says nothing about him.

use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::reply::Reply;
use crate::bot::say::format;
use crate::lang::{Lang, Text};
use crate::mesh::{Hops, labels};

/// Fewer values make no trend.
const TREND_MIN: usize = 4;
/// A change of the mean by less than this is weather, dB.
const TREND_STEP: f32 = 2.0;

pub const COMMAND: Command = Command {
    name: "my",
    names: Some(Text::NamesMy),
    phrases: Some(Text::AskingMy),
    topic: Topic::Signal,
    summary: Text::HelpMy,
    run: Some(run),
    ..Command::BASE
};

fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) {
    let answer = format::fit(answer(ask, context), context.part_limit);
    reply.say(context.desk, &answer);
}

fn answer(ask: &Ask, context: &Context<'_>) -> Vec<(u8, String)> {
    let (lang, book) = (context.lang, context.book);
    let node = book.get(ask.from);
    let heard_before = node.and_then(|node| node.last_direct());
    let mut parts = Vec::new();
    let snr = if let Some(signal) = ask.direct_signal() {
        let text = format::signal(lang, signal.snr, signal.rssi);
        parts.push((0, format!("📶 {text}")));
        Some(signal.snr)
    } else {
        parts.push((1, format::way(lang, ask.hops, ask.via_mqtt)));
        if let Some(last) = heard_before {
            let mut text = format::signal(lang, last.snr, last.rssi);
            if let Some(age) = last.age(context.now) {
                text = format!("{text} ({})", format::ago(lang, age));
            }
            parts.push((0, Text::LastDirect.fill(lang, &[("signal", &text)])));
        } else if ask.hops == Hops::Known(0) && !ask.via_mqtt {
            parts.push((0, Text::NoSignal.plain(lang).to_owned()));
        } else {
            parts.insert(0, (0, Text::NeverDirect.plain(lang).to_owned()));
        }
        heard_before.map(|last| last.snr)
    };
    let spread_factor = labels::spread_factor(&context.link.lora);
    if let (Some(snr), Some(spread_factor)) = (snr, spread_factor) {
        let word = format::quality(lang, labels::quality(snr, spread_factor));
        parts.push((2, word.to_owned()));
    }
    let snrs = node.map_or(&[][..], |node| node.direct_snrs());
    if let Some(trend) = trend(lang, snrs) {
        parts.push((5, trend.to_owned()));
    }
    let place = |num| book.get(num).and_then(|node| node.position);
    let own = book.own().and_then(place);
    if let (Some(own), Some(asker)) = (own, place(ask.from)) {
        let way = format::way_to(lang, &own, &format::told(ask.place, &asker));
        parts.push((3, format!("📍 {way}")));
    }
    let hops = node.map_or(&[][..], |node| node.hop_history());
    // T9: what is always the same needs no list.
    if hops.windows(2).any(|pair| pair[0] != pair[1]) {
        let list = format::timeline(hops);
        parts.push((4, Text::HopHistory.fill(lang, &[("list", &list)])));
    }
    parts
}

/// Compares the newer half of the values with the older one.
fn trend(lang: Lang, newest_first: &[f32]) -> Option<&'static str> {
    if newest_first.len() < TREND_MIN {
        return None;
    }
    let half = newest_first.len() / 2;
    let newer: f32 = newest_first[..half].iter().sum();
    let older: f32 = newest_first[newest_first.len() - half..].iter().sum();
    let step = TREND_STEP * f32::from(u8::try_from(half).unwrap_or(u8::MAX));
    let word = match newer - older {
        change if change >= step => Text::Rising,
        change if change <= -step => Text::Falling,
        _ => Text::Steady,
    };
    Some(word.plain(lang))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::ask::Place;
    use crate::bot::testing::{ALICE, OWN, World, ask};
    use crate::mesh::Signal;
    use expect_test::expect;

    fn mine() -> Ask {
        Ask {
            from: ALICE,
            ..ask("my", "")
        }
    }

    #[test]
    fn heard_directly_just_now() {
        let mut world = World::town();
        for (secs, snr) in [(10, -9.0), (20, -8.0), (30, -4.5), (40, -3.5)] {
            world.hear(ALICE, secs, Hops::Known(0), snr);
        }
        let question = Ask {
            hops: Hops::Known(0),
            signal: Some(Signal {
                snr: -3.5,
                rssi: Some(-97),
            }),
            ..mine()
        };
        world.check(
            &question,
            expect![[r#"
                📶 SNR -3.5 dB · RSSI -97 dBm · good · rising · 📍 3.7 km NW
                📶 SNR -3,5 dB · RSSI -97 dBm · gut · steigend · 📍 3,7 km NW
                📶 SNR -3,5 dB · RSSI -97 dBm · bon · en hausse · 📍 3,7 km NO"#]],
        );
    }

    /// features.md D14: nobody learns on a channel where somebody lives.
    #[test]
    fn on_a_channel_the_place_is_a_kilometre_coarse() {
        let public = Ask {
            place: Place::Channel(crate::mesh::ChannelIndex(0)),
            ..mine()
        };
        let mut world = World::town();
        let place = |num| world.book.get(num).and_then(|node| node.position);
        let (asker, own) = (place(ALICE).unwrap(), place(OWN).unwrap());
        let told = |decimals| format::way_to(Lang::En, &own, &asker.rounded(decimals));
        let (coarser, right, finer) = (told(1), told(2), told(3));
        assert!(right != coarser && right != finer, "{right}");
        let answer = world.run(&public, Lang::En);
        assert!(answer[0].contains(&right), "{answer:?}");
    }

    #[test]
    fn a_relayed_question_tells_when_it_was_better() {
        let mut world = World::town();
        world.hear(ALICE, 10, Hops::Known(0), -12.5);
        world.hear(ALICE, 20, Hops::Known(2), 9.0);
        let question = Ask {
            hops: Hops::Known(2),
            signal: Some(Signal {
                snr: 9.0,
                rssi: Some(-40),
            }),
            ..mine()
        };
        world.check(&question, expect![[r#"
            2 hops · last direct: SNR -12.5 dB · RSSI -110 dBm (59 min ago) · fair · 📍 3.7 km NW · hops 0>2
            2 Hops · zuletzt direkt: SNR -12,5 dB · RSSI -110 dBm (vor 59 min) · mittel · 📍 3,7 km NW · Hops 0>2
            2 relais · dernier direct : SNR -12,5 dB · RSSI -110 dBm (il y a 59 min) · moyen · 📍 3,7 km NO · relais 0>2"#]]);
    }

    #[test]
    fn never_heard_means_no_figures() {
        let question = Ask {
            hops: Hops::Known(3),
            signal: Some(Signal {
                snr: 9.0,
                rssi: Some(-40),
            }),
            ..ask("my", "")
        };
        World::town().check(
            &question,
            expect![[r#"
                never heard directly · 3 hops
                nie direkt gehört · 3 Hops
                jamais entendu en direct · 3 relais"#]],
        );
        let question = Ask {
            hops: Hops::Known(0),
            via_mqtt: true,
            ..ask("my", "")
        };
        World::town().check(
            &question,
            expect![[r#"
                never heard directly · via MQTT
                nie direkt gehört · über MQTT
                jamais entendu en direct · via MQTT"#]],
        );
        let question = Ask {
            hops: Hops::Known(0),
            ..ask("my", "")
        };
        World::town().check(
            &question,
            expect![[r#"
                direct · no signal measured
                direkt · Signal nicht gemessen
                direct · signal non mesuré"#]],
        );
    }

    #[test]
    fn a_trend_needs_values_and_a_change() {
        let word = |values: &[f32]| trend(Lang::En, values);
        assert_eq!(word(&[9.0, 1.0, 1.0]), None);
        assert_eq!(word(&[3.0, 3.0, 1.0, 1.0]), Some("rising"));
        assert_eq!(word(&[1.0, 1.0, 50.0, 3.0, 3.0]), Some("falling"));
        assert_eq!(word(&[1.0, 2.9, 1.0, 1.0]), Some("steady"));
    }
}
