//! What a traceroute found, in one packet: the way there, and the way back.

use prost::Message;

use crate::bot::say::format;
use crate::lang::{Lang, Text};
use crate::mesh::{NodeBook, NodeNum, name, plausible};
use crate::proto::RouteDiscovery;

/// The longest name of a node on the way, bytes.
const NAME: usize = 12;
/// Names at each end of a way that is too long to be told whole.
const ENDS: usize = 2;

/// The answer to who asked for the way to `node`. `None` when the payload is
/// no route.
pub fn answer(
    lang: Lang,
    book: &NodeBook,
    node: NodeNum,
    payload: &[u8],
    limit: usize,
) -> Option<String> {
    let route = RouteDiscovery::decode(payload).ok()?;
    if route.route.len() > plausible::ROUTE || route.route_back.len() > plausible::ROUTE {
        return None;
    }
    let me = Text::Me.plain(lang).to_owned();
    let target = label(book, node);
    let there = way(lang, book, &route.route, &target, &route.snr_towards);
    // Firmware that does not know the way back leaves all of it out.
    let back = (!route.snr_back.is_empty() || !route.route_back.is_empty())
        .then(|| way(lang, book, &route.route_back, &me, &route.snr_back));
    let hops = match route.route.len() {
        0 => Text::Direct.plain(lang).to_owned(),
        n => Text::Hops.count(lang, n),
    };
    let whole = |short: bool| {
        let join = |stops: &[String]| match stops {
            [first, .., last] if short && stops.len() > 2 * ENDS => {
                format!("{first} > […{}] > {last}", stops.len() - 2)
            }
            stops => stops.join(" > "),
        };
        let mut text = format!("🔍 {target}: {hops}\n→ {}", join(&there));
        if let Some(back) = &back {
            text.push_str(&format!("\n← {}", join(back)));
        }
        format!("{text} (SNR, dB)")
    };
    let text = Some(whole(false)).filter(|text| text.len() <= limit);
    let text = text.unwrap_or_else(|| whole(true));
    Some(name::cut(&text, limit).to_owned())
}

/// The stations of a way, each with the signal that it received. A list of another
/// length belongs to another way: which signal is whose cannot be told then.
fn way(lang: Lang, book: &NodeBook, relays: &[u32], end: &str, snr: &[i32]) -> Vec<String> {
    let snr = if snr.len() == relays.len() + 1 {
        snr
    } else {
        &[]
    };
    let names = relays.iter().map(|&num| label(book, NodeNum(num)));
    names
        .chain([end.to_owned()])
        .enumerate()
        .map(
            |(at, name)| match snr.get(at).and_then(|&it| plausible::snr_q(it)) {
                Some(quarters) => {
                    format!(
                        "{name} {}",
                        format::decimal(lang, f64::from(quarters) / 4.0, 1)
                    )
                }
                None => format!("{name} ?"),
            },
        )
        .collect()
}

/// Its short name, else the end of its number; `?` for one that did not say.
fn label(book: &NodeBook, num: NodeNum) -> String {
    if !num.is_node() {
        return "?".to_owned();
    }
    let short = book.get(num).and_then(|node| node.short_name.as_deref());
    let short = short.map(|short| name::cut(short, NAME).to_owned());
    short.unwrap_or_else(|| format!("{:04x}", num.0 & 0xFFFF))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::testing::{ALICE, World};
    use expect_test::{Expect, expect};

    const PIC: u32 = 0x3333_cafe;

    fn check(route: &RouteDiscovery, expected: Expect) {
        let world = World::town();
        let texts = Lang::ALL.map(|lang| {
            let payload = route.encode_to_vec();
            answer(lang, &world.book, ALICE, &payload, 200).unwrap()
        });
        assert!(texts.iter().all(|text| text.len() <= 200));
        expected.assert_eq(&texts.join("\n"));
    }

    #[test]
    fn both_ways_with_their_signals() {
        let route = RouteDiscovery {
            route: vec![PIC, u32::MAX],
            snr_towards: vec![25, -128, -30],
            route_back: vec![PIC],
            snr_back: vec![-4, 0],
        };
        check(
            &route,
            expect![[r#"
                🔍 ALB: 2 hops
                → PIC 6.2 > ? ? > ALB -7.5
                ← PIC -1.0 > me 0.0 (SNR, dB)
                🔍 ALB: 2 Hops
                → PIC 6,2 > ? ? > ALB -7,5
                ← PIC -1,0 > ich 0,0 (SNR, dB)
                🔍 ALB: 2 relais
                → PIC 6,2 > ? ? > ALB -7,5
                ← PIC -1,0 > moi 0,0 (SNR, dB)"#]],
        );
    }

    #[test]
    fn a_neighbour_and_an_old_firmware() {
        let mut route = RouteDiscovery {
            snr_towards: vec![41],
            snr_back: vec![38],
            ..RouteDiscovery::default()
        };
        check(
            &route,
            expect![[r#"
                🔍 ALB: direct
                → ALB 10.2
                ← me 9.5 (SNR, dB)
                🔍 ALB: direkt
                → ALB 10,2
                ← ich 9,5 (SNR, dB)
                🔍 ALB: direct
                → ALB 10,2
                ← moi 9,5 (SNR, dB)"#]],
        );
        route.snr_towards.clear();
        route.snr_back.clear();
        check(
            &route,
            expect![[r#"
                🔍 ALB: direct
                → ALB ? (SNR, dB)
                🔍 ALB: direkt
                → ALB ? (SNR, dB)
                🔍 ALB: direct
                → ALB ? (SNR, dB)"#]],
        );
    }

    #[test]
    fn the_longest_way_is_one_packet() {
        let far = vec![0x1234_5678; 7];
        let route = RouteDiscovery {
            route: far.clone(),
            snr_towards: vec![-83; 8],
            route_back: far,
            snr_back: vec![-83; 8],
        };
        check(
            &route,
            expect![[r#"
                🔍 ALB: 7 hops
                → 5678 -20.8 > […6] > ALB -20.8
                ← 5678 -20.8 > […6] > me -20.8 (SNR, dB)
                🔍 ALB: 7 Hops
                → 5678 -20,8 > […6] > ALB -20,8
                ← 5678 -20,8 > […6] > ich -20,8 (SNR, dB)
                🔍 ALB: 7 relais
                → 5678 -20,8 > […6] > ALB -20,8
                ← 5678 -20,8 > […6] > moi -20,8 (SNR, dB)"#]],
        );
    }

    /// W13.
    #[test]
    fn signals_that_do_not_fit_the_way_are_unknown() {
        let route = RouteDiscovery {
            route: vec![PIC, 0x2222_bbbb],
            snr_towards: vec![25, 8],
            route_back: vec![PIC],
            snr_back: vec![-4, 0, 12],
        };
        check(
            &route,
            expect![[r#"
                🔍 ALB: 2 hops
                → PIC ? > ELO ? > ALB ?
                ← PIC ? > me ? (SNR, dB)
                🔍 ALB: 2 Hops
                → PIC ? > ELO ? > ALB ?
                ← PIC ? > ich ? (SNR, dB)
                🔍 ALB: 2 relais
                → PIC ? > ELO ? > ALB ?
                ← PIC ? > moi ? (SNR, dB)"#]],
        );
        let odd = RouteDiscovery {
            snr_towards: vec![4_000],
            ..RouteDiscovery::default()
        };
        check(
            &odd,
            expect![[r#"
                🔍 ALB: direct
                → ALB ? (SNR, dB)
                🔍 ALB: direkt
                → ALB ? (SNR, dB)
                🔍 ALB: direct
                → ALB ? (SNR, dB)"#]],
        );
    }

    #[test]
    fn nonsense_is_no_route() {
        let book = NodeBook::default();
        let endless = RouteDiscovery {
            route: vec![1; 40],
            ..RouteDiscovery::default()
        };
        for payload in [&endless.encode_to_vec()[..], b"\x0a\xff"] {
            assert_eq!(answer(Lang::En, &book, ALICE, payload, 200), None);
        }
    }
}
