//! From a file to a [`Config`], or to the one line that says why not.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::{Config, ConfigError, Mentions, Place, error};
use crate::link::Endpoint;
use crate::remote::address;

/// The file's name where none is given: first in the working directory, then
/// under `/etc/meshbot`.
pub const FILE_NAME: &str = "meshbot.toml";
/// The longest file, bytes.
const SIZE_MAX: u64 = 1_000_000;

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// When it cannot be read, is not UTF-8, not TOML, or not a configuration.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let name = path.display().to_string();
        let unreadable = |e: &io::Error| ConfigError::new(&name, None, &unreadable(e));
        let mut bytes = Vec::new();
        // What has no end, such as a device, is not read to its end.
        let file = fs::File::open(path).map_err(|e| unreadable(&e))?;
        let read = file.take(SIZE_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|e| unreadable(&e))?;
        if bytes.len() as u64 > SIZE_MAX {
            let what = "this is too long for a configuration (1 MB at most)";
            return Err(ConfigError::new(&name, None, what));
        }
        match str::from_utf8(&bytes) {
            Ok(text) => Self::parse(text, &name),
            Err(e) => {
                let good = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
                let at = Place::of(&good, good.len());
                Err(ConfigError::new(&name, Some(at), "this is not UTF-8 text"))
            }
        }
    }

    /// Checks the text of a file that errors call `name`.
    ///
    /// # Errors
    /// When it is not TOML or not a configuration.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        // Some editors begin every file with a byte-order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let explain = |e: &toml::de::Error, table: &DeTable| error::explain(e, table, text, name);
        let tree = DeTable::parse(text).map_err(|e| explain(&e, &DeTable::new()))?;
        let tree = tree.get_ref();
        let mut config: Self = toml::from_str(text).map_err(|e| explain(&e, tree))?;
        if config.node.host.is_empty() {
            let section = tree.keys().find(|key| key.get_ref() == "node");
            return Err(ConfigError::new(
                name,
                section.map(|key| Place::of(text, key.span().start)),
                "[node] host is missing: the name or address of your node",
            ));
        }
        let own = config.own_node();
        let spells_own = |(_, at): &(&String, &Endpoint)| address::spells_the_same(at, &own);
        if let Some((own, _)) = config.remote.iter().find(spells_own) {
            let key = section(tree, "remote")
                .and_then(|remote| remote.keys().find(|key| key.get_ref() == own));
            return Err(ConfigError::new(
                name,
                key.map(|key| Place::of(text, key.span().start)),
                &format!("remote.{own}: this is the bot's own node, which serves one client only"),
            ));
        }
        config.mentions = Mentions {
            file: name.to_owned(),
            commands: commands_named(tree, text),
        };
        Ok(config)
    }

    /// Checks every command name in the file against the commands there are.
    ///
    /// # Errors
    /// With the place of the first unknown name and the nearest known one.
    pub fn check_commands(&self, known: &[&str]) -> Result<(), ConfigError> {
        let wrong = |(name, _): &&(String, Place)| !known.contains(&name.as_str());
        let Some((name, at)) = self.mentions.commands.iter().find(wrong) else {
            return Ok(());
        };
        Err(ConfigError::new(
            &self.mentions.file,
            Some(*at),
            &error::unknown("command", name, known),
        ))
    }

    /// Whether the host has been filled in; with the template's there is
    /// nothing to run.
    ///
    /// # Errors
    /// A sentence with the file's name when it has not.
    pub fn check_host(&self) -> Result<(), ConfigError> {
        if self.host_is_placeholder() {
            let reason =
                "[node] host is still the template's: write the name or address of your node there";
            return Err(ConfigError::new(&self.mentions.file, None, reason));
        }
        Ok(())
    }
}

/// Which file to read: `explicit` whether it exists or not, else the first
/// that exists of `./meshbot.toml` and `/etc/meshbot/meshbot.toml`.
///
/// # Errors
/// When neither exists; the sentence says what to do.
pub fn find_config(explicit: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    find_among(explicit, Path::new(""), Path::new("/etc/meshbot"))
}

pub(super) fn find_among(
    explicit: Option<PathBuf>,
    here: &Path,
    etc: &Path,
) -> Result<PathBuf, ConfigError> {
    let candidates = [here.join(FILE_NAME), etc.join(FILE_NAME)];
    explicit
        .or_else(|| candidates.iter().find(|path| path.exists()).cloned())
        .ok_or_else(|| {
            let second = candidates[1].display();
            let advice = format!(
                "found neither here nor as {second}; `meshbot config > {FILE_NAME}` makes one"
            );
            ConfigError::new(FILE_NAME, None, &advice)
        })
}

fn unreadable(error: &std::io::Error) -> String {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    };
    format!("cannot be read: {reason}")
}

fn section<'a>(tree: &'a DeTable<'a>, name: &str) -> Option<&'a DeTable<'a>> {
    tree.get(name)?.get_ref().as_table()
}

/// The keys of `[commands]` and the lists of `[channel.N]`, each with its place.
fn commands_named(tree: &DeTable, text: &str) -> Vec<(String, Place)> {
    let keys = section(tree, "commands")
        .into_iter()
        .flat_map(|commands| commands.keys())
        .map(|key| (key.get_ref().to_string(), key.span()));
    let listed = section(tree, "channel")
        .into_iter()
        .flat_map(|channels| channels.values())
        .filter_map(|rules| rules.get_ref().as_table()?.get("commands"))
        .filter_map(|list| list.get_ref().as_array())
        .flat_map(|list| list.iter())
        .filter_map(|name| match name.get_ref() {
            DeValue::String(text) => Some((text.to_string(), name.span())),
            _ => None,
        });
    let mut all: Vec<_> = keys
        .chain(listed)
        .map(|(name, span)| (name, Place::of(text, span.start)))
        .collect();
    all.sort_by_key(|(_, at)| *at);
    all
}
