//! What a life comes to, and what must be over then.

use std::fmt;

use crate::support::world::World;

/// Everything that was written has its outcome after this time (decisions.md:
/// three minutes for a word, after a minute in the queue).
pub const ALL_SETTLED: u64 = 420_000;

/// What a life, or many, came to.
#[derive(Clone, Default, Debug)]
pub struct Summary {
    pub questions: u64,
    pub answers: u64,
    /// Questions whose answer was promised, and came.
    pub promised: u64,
    pub connections: u64,
    pub rows: u64,
    pub hash: u64,
}

impl Summary {
    pub fn add(&mut self, more: &Self) {
        self.questions += more.questions;
        self.answers += more.answers;
        self.promised += more.promised;
        self.connections += more.connections;
        self.rows += more.rows;
        self.hash ^= more.hash;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} questions, {} texts on the air, {} of {0} promised and answered, \
             {} connections, {} rows of history, trace {:016x}",
            self.questions, self.answers, self.promised, self.connections, self.rows, self.hash
        )
    }
}

/// What must not be left when nothing is under way.
const UNDER_WAY: [&str; 9] = [
    "texts that wait",
    "probes that wait",
    "texts and probes under way",
    "bytes to be written",
    "errands",
    "texts without an outcome",
    "traceroutes",
    "ping sessions",
    "askers who wait for weather",
];

/// Whether what was begun has come to an end, after [`ALL_SETTLED`] of peace.
pub fn everything_is_settled(world: &World) -> Result<(), String> {
    if let Some(ticket) = world.witness.open.first() {
        return Err(format!("{ticket:?} has no outcome"));
    }
    let mut held = world.core.session().held();
    held.extend(world.bot.held());
    for it in held {
        if it.now > it.most || (UNDER_WAY.contains(&it.what) && it.now > 0) {
            return Err(format!(
                "{} {} are left, at most {}",
                it.now, it.what, it.most
            ));
        }
    }
    if world.outbox().gate().waiting() != 0 {
        return Err("the gate counts texts that are not there".to_owned());
    }
    Ok(())
}
