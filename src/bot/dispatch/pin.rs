//! On which node orders are given. The bot may find itself on another node than
//! before: a spare one with a new number, or whatever answers at that address now.
//! It does there what it does everywhere, but the first order of the operator is a
//! question there, and only the second is obeyed (features.md A14).

use std::time::Duration;

use log::info;

use super::*;

/// The second time has to come within this.
const AGAIN: Duration = Duration::from_secs(600);

/// The node on which orders are given, and one on which they may be.
#[derive(Debug)]
pub(super) struct Pin {
    node: Option<NodeNum>,
    is_kept: bool,
    /// An order was given on this other node, and then.
    asked: Option<(NodeNum, Duration)>,
}

impl Pin {
    /// Orders are given on the node that was `kept`, else on the one that the bot was
    /// on `before`, else on the first that comes.
    pub(super) fn new(kept: Option<NodeNum>, before: Option<NodeNum>) -> Self {
        Self {
            node: kept.or(before),
            is_kept: kept.is_some(),
            asked: None,
        }
    }

    /// The bot is on the node `own`. What has to be kept, if anything.
    pub(super) fn meet(&mut self, own: NodeNum) -> Option<NodeNum> {
        let node = *self.node.get_or_insert(own);
        (!std::mem::replace(&mut self.is_kept, true)).then_some(node)
    }
}

impl Bot {
    /// The operator gives an order: whether it is carried out. On another node than
    /// before the first one is a question, and he answers it with the second.
    pub(super) fn may_order(&mut self, now: Now, ask: &Ask) -> bool {
        let Some(before) = self.pin.node.filter(|&it| it != self.own) else {
            return true;
        };
        let again = (self.pin.asked)
            .is_some_and(|(node, at)| node == self.own && now.mono.saturating_sub(at) < AGAIN);
        if again {
            info!(
                "orders are given on {} from now on, and were on {before}",
                self.own
            );
            self.pin = Pin::new(Some(self.own), None);
            self.keeper.pin(self.own);
            return true;
        }
        let text = Text::OtherNode.fill(ask.lang, &[("own", &self.own), ("before", &before)]);
        // What he was not told he has not answered.
        if matches!(self.post.remark(ask, true, &text), Handed::Over(_)) {
            self.pin.asked = Some((self.own, now.mono));
        }
        false
    }
}
