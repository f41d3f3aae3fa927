//! Channels that the configuration names and the node does not have
//! (features.md A17): said loudly, each time anew, and direct messages are
//! answered all the same.

use std::sync::Arc;
use std::time::Duration;

use crossbeam_channel::bounded;
use log::Level;
use meshbot::bot::all::{self, Outside};
use meshbot::bot::dispatch::{Before, Bot, Forgetful, Parts, Settings};
use meshbot::bot::host::HostStats;
use meshbot::bot::jobs::Inline;
use meshbot::config::Config;
use meshbot::link::{Event, Identity, Link, Loss};
use meshbot::mesh::{NodeNum, Now, Sanity};

use crate::support::logs;

/// The warnings that a bot with this configuration writes while its node has
/// these channels, one connection after the other.
fn warnings(config: &str, nodes: &[&[usize]]) -> Vec<Vec<String>> {
    let (link, _far) = Link::memory(Duration::from_millis(2_500));
    let config = Config::parse(&format!("[node]\nhost = \"n\"\n{config}"), "x.toml").unwrap();
    let (done, _results) = bounded(4);
    let settings = Settings::from_config(&config, Sanity { built: 1 });
    let parts = Parts {
        outbox: link.outbox,
        errands: Box::new(Inline(done)),
        keeper: Arc::new(Forgetful),
        history: None,
        archive: None,
        capabilities: all::capabilities(&settings, &Outside::default()),
        host: Box::new(HostStats::default),
        registry: all::registry(),
    };
    let mut bot = Bot::new(settings, parts, Before::default());
    let mut now = Now {
        mono: Duration::from_secs(1),
        unix: 1_795_400_000,
    };
    let mut told = Vec::new();
    logs::begin();
    for channels in nodes {
        let mut identity = Identity {
            num: NodeNum(0xa1b2_c3d4),
            ..Identity::default()
        };
        for index in *channels {
            identity.channels[*index].enabled = true;
        }
        now.mono += Duration::from_secs(60);
        bot.handle(now, Event::Ready(Box::new(identity)));
        bot.handle(now, Event::Lost(Loss::EndOfFile));
        let lines = logs::take().into_iter();
        let warned = lines.filter(|it| it.0 == Level::Warn).map(|it| it.1);
        told.push(warned.filter(|line| line.contains("channel")).collect());
    }
    told
}

#[test]
fn a_channel_that_goes_again_is_warned_of_again() {
    let told = warnings(
        "[bot]\nchannels = [0, 1]",
        &[&[0], &[0], &[0, 1], &[0], &[0, 1]],
    );
    let counts: Vec<usize> = told.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 0, 0, 1, 0], "{told:?}");
    assert!(told[0][0].contains("nobody is answered there"), "{told:?}");
}

#[test]
fn rules_for_a_channel_that_is_not_there_are_warned_of() {
    let told = warnings("[channel.3]\ncommands = [\"ping\"]", &[&[0], &[0], &[0, 3]]);
    let counts: Vec<usize> = told.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 0, 0], "{told:?}");
    assert!(told[0][0].contains("[channel.3]"), "{told:?}");
    // One that is named twice is one.
    let told = warnings(
        "[bot]\nchannels = [3]\n[channel.3]\ncommands = [\"ping\"]",
        &[&[0]],
    );
    assert_eq!(told[0].len(), 1, "{told:?}");
}
