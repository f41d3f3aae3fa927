//! What happens between node and bot while a script is played: restarts, rivals, the
//! list of nodes. The bot has to get over it by itself.

use std::io::{self, Write};
use std::time::Duration;

use super::{House, Stage};
use crate::demo::paper::Mark;
use crate::demo::script::Happening;
use crate::sim::Fault;

/// A connection has to be back after this at the latest. Only a bot that is dead
/// waits so long; a busy machine needs many times what a free one does.
const CONNECT: Duration = Duration::from_secs(90);

impl<W: Write, H: House> Stage<'_, W, H> {
    pub(super) fn happens(&mut self, happening: Happening) -> io::Result<bool> {
        match happening {
            Happening::NodeList => self.node_list(),
            Happening::Restart(down) => {
                (self.paper).event(self.now(), Mark::None, "the node restarts")?;
                self.fault(Fault::Reboot(down));
                self.connected("the bot is back by itself")
            }
            Happening::Rival => {
                // The configuration was complete, so this is the node list.
                let begun = self.node.wait_for(CONNECT, |node| {
                    (node.counters().open == 1 && !node.steady()).then_some(())
                });
                if begun.is_none() {
                    return self.no_node_list();
                }
                (self.paper).event(
                    self.now(),
                    Mark::None,
                    "a phone takes the node's only slot while the bot is being sent the node list",
                )?;
                self.fault(Fault::Rival {
                    for_: Duration::from_secs(600),
                    period: None,
                });
                self.connected("the bot waited a little longer and has the slot again")
            }
        }
    }

    fn node_list(&mut self) -> io::Result<bool> {
        let sent = self.node.wait_for(CONNECT, |node| {
            let counters = node.counters();
            let all = counters.want_config_only + counters.want_nodes_only;
            let sent = counters.want_nodes_only > 0 && counters.completed == all;
            (sent && node.steady()).then(|| node.people().len())
        });
        let Some(people) = sent else {
            return self.no_node_list();
        };
        let text = format!("the bot has been sent the node list: {people} others");
        (self.paper).event(self.now(), Mark::Good, &text)?;
        Ok(true)
    }

    fn no_node_list(&mut self) -> io::Result<bool> {
        let came = format!("none within {} s", CONNECT.as_secs());
        (self.paper).event(self.now(), Mark::Bad, &format!("node list: {came}"))?;
        self.fail("node list", "the bot asks for it and gets it", &came);
        Ok(false)
    }

    pub(super) fn fault(&mut self, fault: Fault) {
        self.node.with(|node, now| node.fault(now, fault));
    }

    /// Waits for the next connection to be of use.
    pub(super) fn connected(&mut self, how: &str) -> io::Result<bool> {
        self.connections += 1;
        let number = self.connections;
        // Counted, and not seen as it is: the bot soon asks for more, and whoever
        // looks late must not miss it.
        let up = self.node.wait_for(CONNECT, |node| {
            let counters = node.counters();
            (counters.accepts >= number && counters.configured >= number).then_some(())
        });
        if up.is_some() {
            let text = format!("connection {number}: {how}");
            (self.paper).event(self.now(), Mark::Good, &text)?;
            return Ok(true);
        }
        let what = format!("connection {number}");
        let came = format!("none within {} s", CONNECT.as_secs());
        (self.paper).event(self.now(), Mark::Bad, &format!("{what}: {came}"))?;
        self.fail(&what, "a connection of use to the bot", &came);
        Ok(false)
    }
}
