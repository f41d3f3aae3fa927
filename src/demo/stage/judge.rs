//! What came of a script that was played, and how the bot behaved towards its node.

use std::io::{self, Write};
use std::time::Duration;

use super::{Failure, House, Spoken, Stage};
use crate::sim::Counters;

impl<W: Write, H: House> Stage<'_, W, H> {
    pub(super) fn judge(self) -> io::Result<usize> {
        let counters = self.node.with(|node, _| node.counters().clone());
        let exchanges = self.said.len();
        let count = |look: fn(&&Spoken) -> bool| self.said.iter().filter(look).count();
        let good = count(|said| said.good);
        let answers = count(|said| said.good && said.answer.is_some());
        let script = (
            good == exchanges && self.failures.is_empty(),
            format!(
                "{good} of {exchanges} exchanges as expected: {answers} answers, \
                 {} times rightly none",
                good - answers
            ),
        );
        let link = manners(&counters, self.connections, self.options.spacing);
        let broken = link.iter().filter(|(good, _)| !good).count();
        self.paper.line("")?;
        self.paper.title("What came of it")?;
        for (good, text) in std::iter::once(script).chain(link) {
            self.paper.verdict(good, &text)?;
        }
        for failure in &self.failures {
            self.paper.line("")?;
            self.paper.verdict(false, &failure.what)?;
            let Failure { expected, came, .. } = failure;
            self.paper.line(&format!("      expected  {expected}"))?;
            self.paper.line(&format!("      came      {came}"))?;
        }
        Ok(self.failures.len() + broken)
    }
}

/// Whether the bot behaved towards its node, as that counted it: `connections`
/// and no more, and `spacing` between two texts. Each with a sentence.
#[must_use]
pub fn manners(counters: &Counters, connections: u64, spacing: Duration) -> [(bool, String); 4] {
    let gap = counters.smallest_text_gap;
    let refused = counters.texts_rate_limited + counters.naks;
    let unread = counters.malformed + counters.ids_repeated;
    [
        (
            counters.accepts == connections,
            format!(
                "{} connections accepted by the node, {connections} expected",
                counters.accepts
            ),
        ),
        (
            gap.is_none_or(|gap| gap >= spacing),
            gap.map_or_else(
                || "no two texts that could have come too close".to_owned(),
                |gap| {
                    format!(
                        "{:.2} s at least between two texts (a node loses what comes \
                         within 2 s)",
                        gap.as_secs_f64()
                    )
                },
            ),
        ),
        (refused == 0, format!("{refused} texts refused by the node")),
        (
            unread == 0,
            format!("{unread} frames that the node could not use"),
        ),
    ]
}
