//! The lists: every command, and every capability. Adding a capability is a folder
//! and one line here.

use std::sync::Arc;

use super::capability::Capability;
use super::command::{Command, Registry};
use super::dispatch::Settings;
use super::others::{self, Others};
use super::past::{self, Past};
use super::pings::{self, Pings};
use super::talk;
use super::traces::{self, Traces};
use super::weather::{self, Forecasts, Frame, Keep, Snapshot, Weather};
use super::why::{self, Why};
use crate::remote::{NoOthers, Others as Asked};
use crate::weather::{Offline, Source};

/// A capability: its commands, and how it is made.
type Entry = (
    &'static [Command],
    fn(&Settings, &Outside) -> Box<dyn Capability>,
);

/// All of them, in the order of the help.
const ALL: &[Entry] = &[
    (pings::COMMANDS, |settings, _| {
        Box::new(Pings::new(settings.bot.ping))
    }),
    (traces::COMMANDS, |_, _| Box::new(Traces::default())),
    (others::COMMANDS, |_, outside| {
        Box::new(Others::new(Arc::clone(&outside.others)))
    }),
    (why::COMMANDS, |_, _| Box::new(Why::default())),
    (past::COMMANDS, |_, _| Box::new(Past::default())),
    (weather::COMMANDS, |settings, outside| {
        let source = Arc::clone(&outside.weather);
        let frame = Frame {
            lang: settings.lang,
            prefix: settings.bot.prefix.clone(),
            part_limit: settings.bot.part_limit,
            sanity: settings.sanity,
            local_zone: settings.local_zone.clone(),
            boot: settings.boot.clone(),
        };
        let (wanted, known) = (outside.wanted.clone(), outside.known.clone());
        let desk = Forecasts::new(wanted, frame, source, known);
        Box::new(Weather::new(desk, Arc::clone(&outside.keep)))
    }),
];

/// What capabilities have to do with outside the bot.
#[derive(Clone)]
pub struct Outside {
    /// What is settled about the weather.
    pub wanted: weather::Settings,
    /// Who knows it.
    pub weather: Arc<dyn Source>,
    /// What was known of places and weather before the restart …
    pub known: Snapshot,
    /// … and where it is put away.
    pub keep: Keep,
    /// Who asks other nodes.
    pub others: Arc<dyn Asked>,
}

impl Default for Outside {
    /// Nobody knows anything.
    fn default() -> Self {
        Self {
            wanted: weather::Settings::default(),
            weather: Arc::new(Offline),
            known: Snapshot::default(),
            keep: Arc::new(|_| true),
            others: Arc::new(NoOthers),
        }
    }
}

/// Every capability of a bot with these settings.
#[must_use]
pub fn capabilities(settings: &Settings, outside: &Outside) -> Vec<Box<dyn Capability>> {
    let all = ALL.iter();
    all.map(|(_, make)| make(settings, outside)).collect()
}

/// Every command that meshbot has, in the order of the help.
#[must_use]
pub fn registry() -> Registry {
    let of_capabilities = ALL.iter().flat_map(|(commands, _)| commands.iter());
    Registry::new(of_capabilities.chain(talk::COMMANDS).copied().collect())
}

#[cfg(test)]
mod tests;
