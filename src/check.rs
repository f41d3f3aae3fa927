//! What the bot would do with a configuration, for `meshbot check`. Nothing is
//! connected to.

use std::fmt::{self, Write};
use std::path::Path;

use crate::bot::{all, host};
use crate::config::{Config, Mode, Mqtt, Rate, Weather, duration_text};
use crate::net::{guard, web};
use crate::store::Files;
use crate::store::place::{self, Trouble};
use crate::weather::Home;

/// A few lines that a person can compare with what he meant.
#[must_use]
pub fn describe(path: &Path, config: &Config) -> String {
    let mut out = String::new();
    let mut line = |text: fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{text}");
    };
    line(format_args!("{}: ok", path.display()));
    line(format_args!(
        "node      {}, one TCP connection, nothing else ever connects to it",
        config.own_node()
    ));
    if config.node.set_clock {
        line(format_args!(
            "          its clock is set by this board's when it is not, or a minute off, once a day at most"
        ));
    }
    line(format_args!(
        "answers   {}, to commands marked with {}, in {}",
        channels(config),
        config.bot.prefix,
        config.language.name()
    ));
    if config.bot.max_hops < 7 {
        line(format_args!(
            "          public questions only from up to {} relays away",
            config.bot.max_hops
        ));
    }
    match config.bot.mqtt {
        Mqtt::Answer => {}
        Mqtt::Ignore => line(format_args!("          questions through MQTT are ignored")),
        Mqtt::Private => line(format_args!(
            "          questions through MQTT are answered by direct message"
        )),
    }
    for command in all::registry().iter() {
        let rules = config
            .commands
            .get(command.name)
            .copied()
            .unwrap_or_default();
        let state = if !rules.enabled {
            "off"
        } else if command.operator_only || rules.operator_only {
            match config.operator {
                Some(_) => "operator only, by direct message",
                None => "operator only, and there is no [operator]",
            }
        } else {
            match rules.mode.unwrap_or(command.mode) {
                Mode::Public => "answered where asked",
                Mode::Direct => "direct messages only",
                Mode::Private => "always answered by direct message",
            }
        };
        line(format_args!(
            "          {}{:<8} {state}",
            config.bot.prefix, command.name
        ));
    }
    for (channel, rules) in &config.channels {
        let answered = config.bot.channels.as_ref();
        if answered.is_some_and(|channels| !channels.contains(channel)) {
            line(format_args!(
                "          [channel.{channel}] has no effect: [bot] channels leaves it out"
            ));
            continue;
        }
        if let Some(commands) = &rules.commands {
            let list: Vec<String> = commands
                .iter()
                .map(|name| format!("{}{name}", config.bot.prefix))
                .collect();
            if list.is_empty() {
                line(format_args!("          on channel {channel} nothing"));
            } else {
                let list = list.join(", ");
                line(format_args!("          on channel {channel} only {list}"));
            }
        }
    }
    let limits = &config.limits;
    let limit =
        |rate: Rate, whose: &str| format!("{} {whose} in {}", rate.count, duration_text(rate.per));
    line(format_args!(
        "limits    {}, {}, {}, {}",
        limit(limits.per_sender, "per sender"),
        limit(limits.per_channel, "per channel"),
        limit(limits.total, "in all"),
        limit(limits.echo, "/echo"),
    ));
    line(format_args!(
        "          the same public answer once in {}",
        duration_text(limits.together)
    ));
    let weather = &config.weather;
    line(format_args!("weather   {}", home(weather)));
    line(format_args!("          forecasts from {}", weather.url));
    line(format_args!(
        "          places from {}",
        weather.geocoding_base()
    ));
    let fallback = weather.fallback_base().unwrap_or("nobody");
    line(format_args!("          when they fail from {fallback}"));
    for trap in traps(config) {
        line(format_args!("          {trap}"));
    }
    if let (_, Some(trouble)) = host::local_zone() {
        line(format_args!("clock     {trouble}"));
    }
    match &config.operator {
        Some(operator) => line(format_args!(
            "operator  {}, by direct messages encrypted with the configured key",
            operator.node
        )),
        None => line(format_args!("operator  nobody")),
    }
    for (name, at) in &config.remote {
        line(format_args!(
            "remote    {name} is {at}, asked only when the operator wants it"
        ));
    }
    let store = &config.store;
    if store.enabled {
        line(format_args!(
            "history   {}, for {}, {} MB at most",
            store.file().display(),
            duration_text(store.keep),
            store.max_size
        ));
    } else {
        line(format_args!("history   none is kept"));
    }
    // What lies in the place of the history does not concern the other files.
    let mut trouble = place::look(store);
    if let Some(of_history) =
        trouble.take_if(|it| matches!(it, Trouble::Folder(_) | Trouble::Foreign))
    {
        line(format_args!("          none is kept there: {of_history}"));
    }
    if !store.enabled {
        line(format_args!(
            "state     nothing is written: a restart forgets the mute switch, the node of the \
             orders and the weather"
        ));
        return out;
    }
    let files = Files::beside(&config.store.file());
    let (state, known) = (files.state.path(), files.weather.path());
    line(format_args!(
        "state     {}, {}",
        state.display(),
        known.display()
    ));
    match (trouble, files.state.check()) {
        (None, Ok(())) => {}
        (None, Err(error)) => line(format_args!(
            "          its folder cannot be written to by this user: {error}"
        )),
        (Some(trouble), _) => line(format_args!("          nothing is kept there: {trouble}")),
    }
    out
}

/// What would lead to the bot's own node, and is refused when it comes to that:
/// as far as it can be told without a look-up. Proxies are those of the
/// environment.
#[must_use]
pub fn traps(config: &Config) -> Vec<String> {
    let environment = PROXIES.iter().filter_map(|name| {
        let value = std::env::var(name).ok()?;
        Some((*name, value))
    });
    traps_among(config, environment)
}

fn traps_among<'a>(
    config: &Config,
    environment: impl Iterator<Item = (&'a str, String)>,
) -> Vec<String> {
    let weather = &config.weather;
    let named = [
        ("[weather] url", Some(weather.url.as_str())),
        ("[weather] geocoding_url", Some(weather.geocoding_base())),
        ("[weather] fallback_url", weather.fallback_base()),
    ];
    // The others follow the first one where they are not given.
    let named = named
        .into_iter()
        .enumerate()
        .filter(|(place, (_, url))| *place == 0 || *url != Some(weather.url.as_str()))
        .filter_map(|(_, (name, url))| Some((name, url?.to_owned())));
    let own = config.own_node();
    named
        .chain(environment)
        .filter(|(_, url)| {
            // A proxy may stand there without its scheme.
            let whole = match url.contains("://") {
                true => url.clone(),
                false => format!("http://{url}"),
            };
            let target = whole.parse().ok().and_then(|uri| web::endpoint(&uri));
            target.is_some_and(|target| guard::is_written_as(&own, &target))
        })
        .map(|(name, _)| format!("{name} names the bot's own node, which is never connected to"))
        .collect()
}

/// Where the HTTP agent looks for a proxy.
const PROXIES: &[&str] = &[
    "ALL_PROXY",
    "all_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
];

/// For whom the weather is, and which places are meant first.
fn home(weather: &Weather) -> String {
    let mut text = match &weather.home {
        Home::OwnNode => "of the asker's position, else that of the bot's node".to_owned(),
        Home::At(cell) => format!("of the asker's position, else {cell}"),
        Home::Named(place) => format!("of the asker's position, else {}", place.shown()),
    };
    match (&weather.country, &weather.home) {
        (Some(country), _) => text.push_str(&format!("; places in {country} are meant first")),
        (None, Home::Named(_)) => text.push_str("; places in its country are meant first"),
        (None, _) => {}
    }
    text
}

fn channels(config: &Config) -> String {
    match &config.bot.channels {
        None => "on every channel that the node has enabled".to_owned(),
        Some(channels) if channels.is_empty() => "direct messages only".to_owned(),
        Some(channels) => {
            let list: Vec<String> = channels.iter().map(ToString::to_string).collect();
            format!("on channel {}, if the node has it", list.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn a_configuration_is_told_back() {
        let text = r#"
            language = "fr"
            [node]
            host = "::1"
            set_clock = true
            [bot]
            channels = [0, 2]
            max_hops = 3
            mqtt = "ignore"
            [limits]
            per_sender = { count = 3, per = "30s" }
            [commands.echo]
            enabled = false
            [channel.2]
            commands = ["ping", "help"]
            [weather]
            home = "Argenteuil"
            url = "http://10.0.0.7:8080/"
            [remote]
            hill = "[fd00::5]"
            [store]
            path = "meshbot.db"
        "#;
        let config = Config::parse(text, "x.toml").unwrap();
        let said = describe(Path::new("x.toml"), &config);
        let rest: String = said
            .lines()
            .filter(|line| !line.starts_with("          /") || line.contains("/echo"))
            .map(|line| format!("{line}\n"))
            .collect();
        expect![[r#"
            x.toml: ok
            node      [::1]:4403, one TCP connection, nothing else ever connects to it
                      its clock is set by this board's when it is not, or a minute off, once a day at most
            answers   on channel 0, 2, if the node has it, to commands marked with /, in Français
                      public questions only from up to 3 relays away
                      questions through MQTT are ignored
                      /echo     off
                      on channel 2 only /help, /ping
            limits    3 per sender in 30s, 30 per channel in 10m, 60 in all in 10m, 1 /echo in 10m
                      the same public answer once in 30s
            weather   of the asker's position, else Argenteuil; places in its country are meant first
                      forecasts from http://10.0.0.7:8080
                      places from http://10.0.0.7:8080
                      when they fail from http://10.0.0.7:8080
            operator  nobody
            remote    hill is [fd00::5]:4403, asked only when the operator wants it
            history   meshbot.db, for 30d, 64 MB at most
            state     meshbot.state, meshbot.weather
        "#]]
        .assert_eq(&rest);
    }

    /// The files beside it do not depend on it.
    #[test]
    fn what_lies_in_the_history_s_place_is_told_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let told = || {
            let text = format!(
                "[node]\nhost = \"h\"\n[store]\npath = '{}'\n",
                path.display()
            );
            let config = Config::parse(&text, "x.toml").unwrap();
            let said = describe(Path::new("x.toml"), &config);
            let lines: Vec<_> = said.lines().map(str::trim).map(str::to_owned).collect();
            let at = lines
                .iter()
                .position(|it| it.starts_with("history"))
                .unwrap();
            lines[at + 1..].to_vec()
        };
        assert_eq!(told().len(), 1);
        std::fs::write(&path, "a letter").unwrap();
        let foreign = told();
        assert!(
            foreign[0].starts_with("none is kept there: it is no history of meshbot"),
            "{foreign:?}"
        );
        assert!(foreign[1].starts_with("state"), "{foreign:?}");
        assert_eq!(foreign.len(), 2);
    }

    #[test]
    fn what_names_the_own_node_is_told_beforehand() {
        let config = |host: &str, weather: &str| {
            let text = format!("[node]\nhost = \"{host}\"\n[weather]\n{weather}\n");
            Config::parse(&text, "x.toml").unwrap()
        };
        let told = |host: &str, weather: &str, environment: &[(&'static str, &str)]| {
            let environment = environment.iter();
            let environment = environment.map(|(name, value)| (*name, (*value).to_owned()));
            let told = traps_among(&config(host, weather), environment);
            told.iter()
                .map(|trap| {
                    let what = " names the bot's own node, which is never connected to";
                    trap.strip_suffix(what).unwrap().to_owned()
                })
                .collect::<Vec<_>>()
        };
        for (host, url) in [
            ("192.0.2.7", "http://192.0.2.7:4403"),
            ("192.0.2.7", "https://[::ffff:192.0.2.7]:4403/x"),
            ("192.0.2.7", "http://3221225991:4403"),
            ("192.0.2.7", "http://0xc0.0.2.7:4403"),
            ("192.0.2.7", "http://0300.0.2.07:4403"),
            ("radio.local", "http://RADIO.local.:4403"),
            ("127.0.0.1", "http://localhost:4403"),
            ("localhost", "http://127.1:4403"),
        ] {
            let weather = format!("url = \"{url}\"");
            assert_eq!(told(host, &weather, &[]), ["[weather] url"], "{host} {url}");
        }
        let weather = "geocoding_url = \"http://192.0.2.7:4403\"\n\
                       fallback_url = \"http://192.0.2.7:4403\"";
        let both = ["[weather] geocoding_url", "[weather] fallback_url"];
        assert_eq!(told("192.0.2.7", weather, &[]), both);
        for value in [
            "http://me:pw@192.0.2.7:4403",
            "192.0.2.7:4403",
            "socks5://192.0.2.7:4403",
        ] {
            let proxies = told(
                "192.0.2.7",
                "",
                &[("ALL_PROXY", value), ("http_proxy", value)],
            );
            assert_eq!(proxies, ["ALL_PROXY", "http_proxy"], "{value}");
        }
        for url in [
            "http://192.0.2.7",
            "https://192.0.2.7",
            "http://192.0.2.8:4403",
            "http://192.0.2.7:4404",
        ] {
            let weather = format!("url = \"{url}\"");
            assert!(
                told("192.0.2.7", &weather, &[("HTTP_PROXY", url)]).is_empty(),
                "{url}"
            );
        }
    }
}
