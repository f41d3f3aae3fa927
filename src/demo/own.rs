//! Somebody's own configuration in the demonstration: what of it holds, and
//! what the made-up world stands in for.
//!
//! - Nothing outside that it names is touched: no node, no service, no file.
//! - Whatever is replaced is said.

use std::net::SocketAddr;
use std::path::Path;

use super::script::Place;
use crate::config::Config;
use crate::link::Endpoint;
use crate::mesh::{ChannelIndex, NodeNum};
use crate::proto::channel::Role;
use crate::sim::web;
use crate::sim::{Settings, SimChannel};

/// What stands in for the world outside.
#[derive(Clone, Copy, Debug)]
pub struct StandIns<'a> {
    /// The bot's node.
    pub node: SocketAddr,
    /// All the nodes of `[remote]`.
    pub other: Option<SocketAddr>,
    /// All weather services.
    pub web: &'a str,
    /// Where files go.
    pub folder: &'a Path,
}

impl StandIns<'_> {
    /// The configuration, but for what is outside.
    #[must_use]
    pub fn adapt(&self, config: &Config) -> Config {
        let mut config = config.clone();
        config.node.host = self.node.ip().to_string();
        config.node.port = self.node.port();
        config.store.path = self.folder.join("meshbot.db");
        // Whether somebody is asked when the first fails is the configuration's.
        let fallback = config.weather.fallback_base().map(|_| self.web.to_owned());
        config.weather.url = self.web.to_owned();
        config.weather.geocoding_url = None;
        config.weather.fallback_url = Some(fallback.unwrap_or_default());
        for at in config.remote.values_mut() {
            if let Some(other) = self.other {
                *at = Endpoint {
                    host: other.ip().to_string(),
                    port: other.port(),
                };
            }
        }
        config
    }
}

/// What is not as it would be with `meshbot run`, a line each.
#[must_use]
pub fn exceptions(config: &Config) -> Vec<String> {
    let node = match config.check_host() {
        Ok(()) => format!("stands for {}", config.own_node()),
        Err(_) => "stands for yours; `check` and `run` want its address there".to_owned(),
    };
    let mut lines = vec![format!(
        "[node]     a simulated one, which does not know where it is, {node}"
    )];
    let weather = &config.weather;
    let mut asked = vec![weather.url.as_str()];
    for url in [Some(weather.geocoding_base()), weather.fallback_base()] {
        asked.extend(url.filter(|url| !asked.contains(url)));
    }
    lines.push(format!(
        "[weather]  made up on this machine instead of {}",
        asked.join(", ")
    ));
    let home = weather.home.name();
    if let Some(home) = home.filter(|home| !web::knows(home.shown())) {
        lines.push(format!(
            "           where nobody knows {}: places are {}",
            home.shown(),
            web::some_places().join(", ")
        ));
    }
    if !config.remote.is_empty() {
        let names: Vec<&str> = config.remote.keys().map(String::as_str).collect();
        lines.push(format!(
            "[remote]   another simulated one stands for {}",
            names.join(", ")
        ));
    }
    lines.push(format!(
        "[store]    {} and what lies beside it stay as they are: all goes into a temporary \
         folder",
        config.store.file().display()
    ));
    lines.push("[log]      nothing but errors, or everything with --verbose".to_owned());
    lines
}

/// A node with the channels that the configuration names, and another number
/// than the operator's.
#[must_use]
pub fn settings(config: &Config, usual: Settings) -> Settings {
    let mut settings = usual;
    let named = config.bot.channels.iter().flatten();
    let last = named.chain(config.channels.keys()).max();
    let count = last.map_or(0, |ChannelIndex(last)| last + 1);
    for index in settings.channels.len()..usize::from(count) {
        let channel = SimChannel::new(&format!("channel {index}"), Role::Secondary);
        settings.channels.push(channel);
    }
    let operator = config.operator.as_ref().map(|operator| operator.node);
    if operator == Some(settings.own) {
        settings.own = NodeNum(settings.own.0 ^ 1);
    }
    settings
}

/// Where public questions are answered, if anywhere: the first such channel.
#[must_use]
pub fn channel(config: &Config) -> Option<Place> {
    match &config.bot.channels {
        None => Some(Place::Public),
        Some(channels) => channels.first().map(|index| Place::on(index.0)),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use expect_test::expect;

    /// A configuration with a host.
    pub(in crate::demo) fn config(text: &str) -> Config {
        let text = format!("{text}\n[node]\nhost = \"node.lan\"\nport = 4404\n");
        Config::parse(&text, "x.toml").unwrap()
    }

    /// Nearly everything is other than usual.
    pub(in crate::demo) const RICH: &str = r#"
        [bot]
        prefix = "!"
        channels = [1, 2]
        max_hops = 3
        mqtt = "private"
        [channel.2]
        commands = ["echo"]
        [commands.nodes]
        mode = "direct"
        [commands.sys]
        operator_only = true
        [commands.mute]
        enabled = true
        [operator]
        node = "!a1b2c3d4"
        key = "ERERERERERERERERERERERERERERERERERERERERERE="
        [weather]
        home = "Innsbruck"
        url = "http://10.0.0.7:8080"
        fallback_url = ""
        [remote]
        hill = "192.168.1.50"
        [store]
        path = "/var/lib/meshbot/meshbot.db"
    "#;

    #[test]
    fn what_is_replaced_is_said() {
        let rich = exceptions(&config(RICH)).join("\n");
        expect![[r#"
            [node]     a simulated one, which does not know where it is, stands for node.lan:4404
            [weather]  made up on this machine instead of http://10.0.0.7:8080
                       where nobody knows Innsbruck: places are Argenteuil, Paris, Saint-Étienne, Springfield, London
            [remote]   another simulated one stands for hill
            [store]    /var/lib/meshbot/meshbot.db and what lies beside it stay as they are: all goes into a temporary folder
            [log]      nothing but errors, or everything with --verbose"#]]
        .assert_eq(&rich);
        let usual = exceptions(&config("[weather]\nhome = \"paris texas\"")).join("\n");
        assert!(!usual.contains("nobody"), "{usual}");
        for service in [
            "https://api.open-meteo.com, ",
            "geocoding-api",
            "https://wttr.in",
        ] {
            assert!(usual.contains(service), "{usual}");
        }
    }

    #[test]
    fn nothing_outside_is_left_in_it() {
        let given = config(RICH);
        let stand_ins = StandIns {
            node: ([127, 0, 0, 1], 1001).into(),
            other: Some(([127, 0, 0, 1], 1002).into()),
            web: "http://127.0.0.1:1003",
            folder: Path::new("/tmp/x"),
        };
        let adapted = stand_ins.adapt(&given);
        assert_eq!(adapted.own_node().to_string(), "127.0.0.1:1001");
        assert_eq!(adapted.remote["hill"].to_string(), "127.0.0.1:1002");
        assert_eq!(adapted.store.file(), Path::new("/tmp/x/meshbot.db"));
        assert_eq!(adapted.weather.url, "http://127.0.0.1:1003");
        assert_eq!(adapted.weather.geocoding_base(), "http://127.0.0.1:1003");
        assert_eq!(adapted.weather.fallback_base(), None);
        let own = Config {
            node: given.node.clone(),
            remote: given.remote.clone(),
            store: given.store.clone(),
            weather: given.weather.clone(),
            ..adapted
        };
        assert_eq!(own, given);
        // Both other addresses given: neither is asked.
        let both = config(
            "[weather]\ngeocoding_url = \"http://a\"\nfallback_url = \"http://b\"\nrain = \"inch\"",
        );
        let weather = stand_ins.adapt(&both).weather;
        assert_eq!(weather.geocoding_base(), "http://127.0.0.1:1003");
        assert_eq!(weather.fallback_base(), Some("http://127.0.0.1:1003"));
        assert_eq!(weather.rain, both.weather.rain);
    }

    #[test]
    fn the_node_has_the_channels_that_are_named() {
        let settings = settings(&config(RICH), Settings::default());
        assert_eq!(settings.channels.len(), 3);
        assert_eq!(settings.own, NodeNum(0xa1b2_c3d5));
        let usual = super::settings(&config(""), Settings::default());
        assert_eq!(usual, Settings::default());
    }
}
