//! Who sends most, what the packets are for, how far they come: lists of which
//! the least important goes first when a packet is too small for all.

use super::{format, window};
use crate::bot::past::view::View;
use crate::history::insight::Group;
use crate::lang::Text;
use crate::mesh::{Hops, NodeNum};

/// The longest name in a list where longer ones find no room, bytes.
pub const NAME: usize = 14;
/// Names in a list.
const NAMES: usize = 12;

/// Who sends most.
pub fn top(view: &View<'_>) -> String {
    let nodes = Text::OfNodes.count(view.lang, view.answer.packets.groups);
    let parts = |name_max| {
        let mut parts = vec![(2, nodes.clone())];
        parts.extend((3..).zip(senders(view, name_max)));
        parts
    };
    titled("🏆", Text::Packets, parts, view)
}

/// What was heard in all.
pub fn stats(view: &View<'_>) -> String {
    let answer = &view.answer.packets;
    let counts = [
        (2, Text::OfNodes.count(view.lang, answer.groups)),
        (3, Text::OfDirect.fill(view.lang, &[("n", &answer.direct)])),
        (4, Text::OfTexts.count(view.lang, answer.texts)),
    ];
    let parts = |name_max| {
        let most = senders(view, name_max).into_iter().next();
        let most = most.map(|most| (5, format!("🏆 {most}")));
        counts.clone().into_iter().chain(most).collect()
    };
    titled("📈", Text::Packets, parts, view)
}

/// Names and packets of those who send most: `Alice 12`.
pub fn senders(view: &View<'_>, name_max: usize) -> Vec<String> {
    let named = named(view, name_max).into_iter();
    named
        .map(|(name, packets)| format!("{name} {packets}"))
        .collect()
}

/// The same among figures of another kind: `🏆 Alice 12 packets`, and the others.
pub fn senders_among_others(view: &View<'_>, name_max: usize) -> Vec<String> {
    let named = named(view, name_max).into_iter().enumerate();
    let told = named.map(|(at, (name, packets))| match at {
        0 => format!("🏆 {name} {}", Text::Packets.count(view.lang, packets)),
        _ => format!("{name} {packets}"),
    });
    told.collect()
}

/// Who sends most, named so that they can be told apart, and how much.
fn named(view: &View<'_>, name_max: usize) -> Vec<(String, u64)> {
    let senders = view.answer.packets.most.iter().take(NAMES);
    let senders: Vec<(NodeNum, u64)> = senders
        .filter_map(|(group, packets)| match group {
            Group::Sender(num) => Some((*num, *packets)),
            _ => None,
        })
        .collect();
    let names: Vec<String> = senders
        .iter()
        .map(|(num, _)| view.book.display_name(*num, name_max))
        .collect();
    let apart = senders.iter().zip(&names).map(|((num, packets), name)| {
        let namesakes = names.iter().filter(|other| *other == name).count();
        if namesakes < 2 {
            return (name.clone(), *packets);
        }
        let hex = num.to_string();
        (format!("{name} {}", &hex[hex.len() - 4..]), *packets)
    });
    apart.collect()
}

/// What the packets are for.
pub fn packets(view: &View<'_>) -> String {
    let kinds = view
        .answer
        .packets
        .most
        .iter()
        .map(|(group, packets)| match group {
            Group::Kind(kind) => (kind.name(view.lang).to_owned(), *packets),
            _ => (String::new(), *packets),
        });
    let kinds = shares(kinds.collect(), view.answer.packets.total);
    let kinds: Vec<_> = (2..).zip(kinds).collect();
    titled("📦", Text::Packets, |_| kinds.clone(), view)
}

/// How far they come, the nearest first. The rarest is the least important.
pub fn hop(view: &View<'_>) -> String {
    let ranked = (2_u8..).zip(&view.answer.packets.most);
    let mut ways: Vec<_> = ranked
        .filter_map(|(rank, (group, packets))| match group {
            Group::Hops(hops) => Some((*hops, rank, *packets)),
            _ => None,
        })
        .collect();
    ways.sort_by_key(|(hops, ..)| (hops.is_none(), *hops));
    let named = ways.iter().map(|(hops, _, packets)| {
        let hops = hops.map_or(Hops::Unknown, Hops::Known);
        (format::way(view.lang, hops, false), *packets)
    });
    let told = shares(named.collect(), view.answer.packets.total);
    let ranks = ways.iter().map(|(_, rank, _)| *rank);
    let parts: Vec<_> = ranks.zip(told).collect();
    titled("📏", Text::ByRadio, |_| parts.clone(), view)
}

/// `text 12 (40%)`, each.
fn shares(parts: Vec<(String, u64)>, total: u64) -> Vec<String> {
    let counts: Vec<u64> = parts.iter().map(|(_, packets)| *packets).collect();
    let told = parts.iter().zip(percentages(&counts, total));
    told.map(|((name, packets), share)| format!("{name} {packets} ({share}%)"))
        .collect()
}

/// What of `total` each is, in whole per cent. Those of a whole make a hundred: what
/// rounding down leaves over goes to the largest remainders.
fn percentages(parts: &[u64], total: u64) -> Vec<u64> {
    let total = u128::from(total.max(1));
    let hundredfold = |part: &u64| u128::from(*part) * 100;
    let mut shares: Vec<u128> = parts.iter().map(|it| hundredfold(it) / total).collect();
    let sum: u128 = parts.iter().map(hundredfold).sum();
    // What is not listed has its part of the hundred, too.
    let whole = (sum + total / 2) / total;
    let left = whole.saturating_sub(shares.iter().sum());
    let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
    by_remainder.sort_by_key(|&at| std::cmp::Reverse(hundredfold(&parts[at]) % total));
    for at in by_remainder
        .into_iter()
        .take(usize::try_from(left).unwrap_or(0))
    {
        shares[at] += 1;
    }
    let small = |share| u64::try_from(share).unwrap_or(u64::MAX);
    shares.into_iter().map(small).collect()
}

/// `🏆 24 h · 123 packets`, and the parts behind it as far as they fit.
fn titled(
    icon: &str,
    total: Text,
    parts: impl Fn(usize) -> Vec<(u8, String)>,
    view: &View<'_>,
) -> String {
    let write = |name_max| {
        let mut all = vec![(
            0,
            format!("{icon} {}", window(view, view.wish.search.hours)),
        )];
        if view.answer.packets.total == 0 {
            all.push((1, Text::NothingHeard.plain(view.lang).to_owned()));
        } else {
            all.push((1, total.count(view.lang, view.answer.packets.total)));
            all.extend(parts(name_max));
        }
        all
    };
    format::fit_names(NAME, view.part_limit, write)
}

#[cfg(test)]
mod tests {
    use super::percentages;

    /// `/hops` said 34%, 33% and 34%.
    #[test]
    fn what_is_a_whole_makes_a_hundred() {
        for parts in [
            &[67, 66, 67][..],
            &[1, 1, 1],
            &[5],
            &[1, 999],
            &[7; 13],
            &[u64::MAX / 4; 3],
        ] {
            let total = parts.iter().sum();
            let shares = percentages(parts, total);
            assert_eq!(shares.iter().sum::<u64>(), 100, "{parts:?} {shares:?}");
        }
        assert_eq!(percentages(&[67, 66, 67], 200), [34, 33, 33]);
        assert_eq!(
            percentages(&[1, 1, 2], 8),
            [13, 12, 25],
            "half of it is not listed"
        );
        assert_eq!(percentages(&[0], 0), [0]);
    }
}
