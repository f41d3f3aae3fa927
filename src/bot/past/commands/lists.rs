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

/// Names and packets of those who send most.
pub fn senders(view: &View<'_>, name_max: usize) -> Vec<String> {
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
    let lines = senders.iter().zip(&names).map(|((num, packets), name)| {
        let namesakes = names.iter().filter(|other| *other == name).count();
        if namesakes < 2 {
            return format!("{name} {packets}");
        }
        let hex = num.to_string();
        format!("{name} {} {packets}", &hex[hex.len() - 4..])
    });
    lines.collect()
}

/// What the packets are for.
pub fn packets(view: &View<'_>) -> String {
    let kinds = view
        .answer
        .packets
        .most
        .iter()
        .map(|(group, packets)| match group {
            Group::Kind(kind) => share(view, kind.name(view.lang), *packets),
            _ => String::new(),
        });
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
    let parts = ways.into_iter().map(|(hops, rank, packets)| {
        let hops = hops.map_or(Hops::Unknown, Hops::Known);
        let way = format::way(view.lang, hops, false);
        (rank, share(view, &way, packets))
    });
    let parts: Vec<_> = parts.collect();
    titled("📏", Text::ByRadio, |_| parts.clone(), view)
}

/// `text 12 (40%)`.
fn share(view: &View<'_>, name: &str, packets: u64) -> String {
    let (part, total) = (
        u128::from(packets),
        u128::from(view.answer.packets.total.max(1)),
    );
    format!("{name} {packets} ({}%)", (part * 100 + total / 2) / total)
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
