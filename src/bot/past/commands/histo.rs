//! `/histo`: a bar an hour, the current one last; for more than a day a bar
//! for two hours, so that all of them fit into a packet.
//!
//! The highest bar is the busiest; an hour in which anything was heard is never
//! drawn like one in which nothing was. Hours are named within the line,
//! because no two phones draw bars and figures equally wide.

use super::format::BETWEEN;
use super::window;
use crate::bot::past::view::View;
use crate::history::insight::{By, Group, HOUR};
use crate::lang::Text;
use crate::mesh::name;

/// Bars in a packet.
const BARS: u32 = 24;
/// An hour is named when its number is a multiple of this.
pub const NAMED: i8 = 6;
/// From nothing to the busiest.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The answer.
pub fn write(view: &View<'_>) -> String {
    let kind = match view.wish.search.look.packets {
        Some(By::Hour(Some(kind))) => kind.name(view.lang),
        _ => Text::AllKinds.plain(view.lang),
    };
    let title = format!("📊 {kind}{BETWEEN}{}", window(view, view.wish.search.hours));
    let busiest = view.answer.packets.most.first();
    let Some((Group::Hour(peak_at), peak)) = busiest else {
        let text = format!("{title}{BETWEEN}{}", Text::NothingHeard.plain(view.lang));
        return name::cut(&text, view.part_limit).to_owned();
    };
    let total = Text::Packets.count(view.lang, view.answer.packets.total);
    let hour = Text::AtHour.fill(view.lang, &[("n", &view.clock(*peak_at))]);
    let peak = Text::Peak.fill(view.lang, &[("n", peak), ("hour", &hour)]);
    let sum = format!("{total}{BETWEEN}{peak}");
    let step = view.known(view.wish.search.hours).div_ceil(BARS);
    let unit = match step {
        0 | 1 => String::new(),
        step => format!(" (▁ {})", Text::Hours.fill(view.lang, &[("n", &step)])),
    };
    let texts = [
        format!("{title}{unit}\n{}\n{sum}", bars(view, step)),
        format!("{title}{BETWEEN}{sum}"),
        sum,
    ];
    let fits = texts.iter().find(|text| text.len() <= view.part_limit);
    let text = fits.unwrap_or(&texts[2]);
    name::cut(text, view.part_limit).to_owned()
}

fn height(packets: u64, highest: u64) -> char {
    let (packets, highest) = (u128::from(packets), u128::from(highest));
    let step = usize::try_from((packets * 7 + highest / 2) / highest).unwrap_or(7);
    HEIGHTS[step.clamp(usize::from(packets > 0), 7)]
}

/// `14h▁▁▂▃18h▅▇▅▃▁▁0h▁▁`.
fn bars(view: &View<'_>, step: u32) -> String {
    let step = u64::from(step.max(1));
    let last = view.until / HOUR;
    let first = (last + 1).saturating_sub(u64::from(view.known(view.wish.search.hours)));
    let starts = || (first..=last).step_by(usize::try_from(step).unwrap_or(1));
    let sum = |start: u64| -> u64 {
        let hours = start..start + step;
        let most = view.answer.packets.most.iter();
        most.filter(|(group, _)| matches!(group, Group::Hour(at) if hours.contains(at)))
            .map(|(_, packets)| packets)
            .sum()
    };
    let highest = starts().map(sum).max().unwrap_or(0).max(1);
    let mut text = String::new();
    for start in starts() {
        let named = (start..start + step)
            .map(|hour| view.clock(hour))
            .find(|clock| clock % NAMED == 0);
        let named = named.or_else(|| (start == first).then(|| view.clock(start)));
        if let Some(clock) = named {
            text.push_str(&format!("{clock}h"));
        }
        text.push(height(sum(start), highest));
    }
    text
}
