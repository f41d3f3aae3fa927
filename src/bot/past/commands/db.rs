//! `/db`: what the history holds and what it takes, for the operator.

use super::{TOP, format};
use crate::bot::ask::Ask;
use crate::bot::command::{Command, Context, Topic};
use crate::bot::past::view::{View, Wish};
use crate::bot::reply::Reply;
use crate::config::Mode;
use crate::history::insight::Look;
use crate::lang::Text;

pub const COMMAND: Command = Command {
    name: "db",
    names: Some(Text::NamesDb),
    phrases: None,
    topic: Topic::Operator,
    usage: None,
    summary: Text::HelpDb,
    mode: Mode::Direct,
    operator_only: true,
    same_for_all: false,
    ..TOP
};

pub fn run(ask: &Ask, context: &mut Context<'_>, reply: &mut Reply<'_>) -> Option<Wish> {
    let look = Look {
        stock: true,
        ..Look::default()
    };
    let wish = Wish::of_hours(0, look, write);
    let wish = ask.args.is_empty().then_some(wish);
    super::leave(wish, &COMMAND, ask, context, reply)
}

fn write(view: &View<'_>) -> String {
    let (lang, stock) = (view.lang, &view.answer.stock);
    let megabytes = |bytes: u64| {
        // Exact up to the sizes that a card can have.
        #[allow(clippy::cast_precision_loss)]
        let megabytes = bytes as f64 / (1024.0 * 1024.0);
        Text::DbMegabytes.fill(lang, &[("n", &format::decimal(lang, megabytes, 1))])
    };
    let size = megabytes(stock.file_bytes + stock.wal_bytes);
    let free = Text::DbFree.fill(lang, &[("size", &megabytes(stock.free_bytes))]);
    let mut parts = vec![
        (0, format!("🗄 {size}")),
        (5, free),
        (1, Text::Packets.count(lang, stock.packets)),
    ];
    if let Some((first, _)) = stock.span {
        let age = format::brief(lang, view.ago(first));
        parts.push((3, Text::DbSince.fill(lang, &[("time", &age)])));
    }
    let sums = [("n", &stock.summed as &dyn std::fmt::Display)];
    parts.push((4, Text::DbSums.fill(lang, &sums)));
    if let Some(first) = stock.first_hour {
        let age = format::brief(lang, view.ago(first));
        parts.push((6, Text::DbSince.fill(lang, &[("time", &age)])));
    }
    parts.push((2, Text::OfNodes.count(lang, stock.nodes)));
    parts.push((7, Text::OfLinks.count(lang, stock.links)));
    parts.push((8, Text::OfTexts.count(lang, stock.texts)));
    parts.push((9, Text::DbErrors.count(lang, stock.errors)));
    format::fit(parts, view.part_limit)
}
