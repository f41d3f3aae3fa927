//! Any bytes as a configuration: one line that says where and what is wrong, or
//! settings within their ranges that `meshbot check` can tell of.

use std::path::Path;
use std::time::Duration;

use meshbot::check;
use meshbot::config::Config;

fn look_at(config: &Config) {
    assert!(!config.node.host.is_empty());
    assert!((60..=215).contains(&config.bot.part_limit));
    assert!((1..=5).contains(&config.bot.max_parts));
    assert!(config.bot.text_spacing >= Duration::from_millis(2_300));
    assert!((1..=3).contains(&config.bot.prefix.chars().count()));
    for rate in [
        config.limits.per_sender,
        config.limits.per_channel,
        config.limits.total,
        config.limits.echo,
    ] {
        assert!((1..=1_000).contains(&rate.count) && !rate.per.is_zero());
    }
    assert!((16..=4_096).contains(&config.store.max_size));
    let told = check::describe(Path::new("fuzz.toml"), config);
    let hidden = |c: char| c.is_control() && c != '\n';
    assert!(!told.is_empty() && !told.contains(hidden), "{told:?}");
}

/// Reads `bytes` as a configuration file.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Config::parse(&text, "fuzz.toml") {
        Ok(config) => look_at(&config),
        Err(error) => {
            let line = error.to_string();
            assert!(line.starts_with("fuzz.toml:"), "{line:?}");
            assert!(!line.contains(char::is_control), "{line:?}");
            if let Some(place) = error.place() {
                assert!(place.line <= text.matches('\n').count() + 1, "{line:?}");
            }
        }
    }
}
