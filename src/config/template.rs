//! The commented template, and the proof that it tells the truth.

/// `meshbot.toml` of the repository.
pub(super) const TEXT: &str = include_str!("../../meshbot.toml");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TEXT;
    use crate::config::{Config, Mentions, Weather};
    use crate::weather::Home;

    /// The template with every commented key switched on. `#key` is a key,
    /// `# word` is prose.
    fn uncommented() -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{rest}\n"),
            _ => format!("{line}\n"),
        };
        TEXT.lines().map(line).collect()
    }

    fn parse(text: &str) -> Config {
        let mut config = Config::parse(text, "meshbot.toml").expect("the template parses");
        config.mentions = Mentions::default();
        config
    }

    #[test]
    fn as_it_stands_the_template_is_the_defaults_and_a_host() {
        let mut expected = Config::default();
        Config::PLACEHOLDER_HOST.clone_into(&mut expected.node.host);
        assert_eq!(parse(TEXT), expected);
        assert!(parse(TEXT).host_is_placeholder());
    }

    /// What the template shows as an example instead of the default: exactly these.
    #[test]
    fn uncommented_the_template_still_is_the_defaults() {
        let mut config = parse(&uncommented());
        assert!(config.operator.take().is_some());
        assert!(config.bot.channels.take().is_some());
        assert!(!std::mem::take(&mut config.commands).is_empty());
        assert!(!std::mem::take(&mut config.channels).is_empty());
        assert!(!std::mem::take(&mut config.remote).is_empty());
        let weather = &mut config.weather;
        assert_ne!(std::mem::take(&mut weather.home), Home::default());
        assert!(weather.country.take().is_some());
        assert_eq!(
            weather.geocoding_url.take().as_deref(),
            Some(Weather::GEOCODING)
        );
        assert_eq!(
            weather.fallback_url.take().as_deref(),
            Some(Weather::FALLBACK)
        );
        assert_eq!(config, parse(TEXT));
    }

    /// The schema's own answer to an unknown key is the list of known ones.
    fn keys_of(section: &str) -> BTreeSet<String> {
        let line = Config::parse(&format!("{section}\n_________________ = 1"), "probe")
            .expect_err("there is no such key")
            .to_string();
        let (_, keys) = line.split_once("expected one of ").expect(&line);
        keys.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn the_template_names_every_key_there_is() {
        let table: toml::Table = uncommented().parse().expect("still TOML");
        let missing = |section: &str, table: &toml::Table| -> Vec<String> {
            keys_of(section)
                .into_iter()
                .filter(|key| !table.contains_key(key))
                .map(|key| format!("{section} {key}"))
                .collect()
        };
        let mut all = missing("", &table);
        for (name, value) in &table {
            let Some(mut section) = value.as_table() else {
                continue;
            };
            let mut path = name.clone();
            if ["commands", "channel"].contains(&name.as_str()) {
                let (inner, value) = section.iter().next().expect("an example");
                path = format!("{path}.{inner}");
                section = value.as_table().expect("a table");
            }
            if path == "remote" {
                // Its keys are names of the operator's own.
                assert_eq!(section.len(), 1);
            } else {
                all.extend(missing(&format!("[{path}]"), section));
            }
        }
        assert_eq!(all, Vec::<String>::new());
    }
}
