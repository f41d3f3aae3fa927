//! `/channel`: how busy the channel is around our node, as the node itself
//! measures it, and who sends most.
//!
//! The heights are absolute, so that two answers can be compared: from a
//! quarter of the time on the firmware holds back what is not urgent.

use super::histo::NAMED;
use super::{format, lists, window};
use crate::bot::past::view::View;
use crate::history::insight::HOUR;
use crate::lang::Text;

/// From so many per cent on a bar has the next height.
const HEIGHTS: [(f64, char); 8] = [
    (40.0, '█'),
    (25.0, '▇'),
    (20.0, '▆'),
    (15.0, '▅'),
    (10.0, '▄'),
    (5.0, '▃'),
    (1.0, '▂'),
    (f64::NEG_INFINITY, '▁'),
];

/// The answer.
pub fn write(view: &View<'_>) -> String {
    let air = &view.answer.air;
    let mut parts = vec![(0, format!("📻 {}", window(view, view.wish.search.hours)))];
    let measured = air.last.zip(air.peak).zip(air.mean());
    if let Some(((last, peak), mean)) = measured {
        let whole = |busy| format!("{}%", format::decimal(view.lang, busy, 0));
        let (at, last) = (last.at, whole(last.busy));
        let (mean, peak_busy) = (whole(mean), whole(peak.busy));
        let hour = Text::AtHour.fill(view.lang, &[("n", &view.clock(peak.at / HOUR))]);
        let mut say = |rank, text: Text, n: &str| {
            parts.push((rank, text.fill(view.lang, &[("n", &n), ("hour", &hour)])));
        };
        if view.until.saturating_sub(at) <= HOUR {
            say(1, Text::ChannelLast, &last);
        }
        say(2, Text::ChannelMean, &mean);
        say(3, Text::Peak, &peak_busy);
        parts.push((5, bars(view)));
    } else {
        parts.push((1, Text::ChannelUnknown.plain(view.lang).to_owned()));
    }
    // Who sends is worth less than how much goes on, the first one of them
    // more than the bars.
    let ranks = [4].into_iter().chain(6..);
    format::fit_names(lists::NAME, view.part_limit, |name_max| {
        let senders = ranks
            .clone()
            .zip(lists::senders_among_others(view, name_max));
        parts.iter().cloned().chain(senders).collect()
    })
}

/// `14h▁▁▂▃18h▅?`: a bar an hour, the current one last.
fn bars(view: &View<'_>) -> String {
    let last = view.until / HOUR;
    let first = (last + 1).saturating_sub(u64::from(view.known(view.wish.search.hours)));
    let mut text = String::new();
    for hour in first..=last {
        let clock = view.clock(hour);
        if hour == first || clock % NAMED == 0 {
            text.push_str(&format!("{clock}h"));
        }
        let mean = view.answer.air.hours.get(&hour);
        let mean = mean.map(|(sum, count)| sum / f64::from(*count));
        text.push(mean.map_or('?', height));
    }
    text
}

fn height(busy: f64) -> char {
    let mut heights = HEIGHTS.iter();
    heights
        .find(|(from, _)| busy >= *from)
        .map_or('?', |(_, bar)| *bar)
}
