//! `meshbot db`: what the operator may do with the history.

use std::path::PathBuf;

use lexopt::{Arg, Parser};

use super::{Command, UsageError, common, file};

/// What to do with the history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Db {
    /// The configuration file, if one was named.
    pub config: Option<PathBuf>,
    /// What to do.
    pub task: Task,
}

/// One of the things that `meshbot db` does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Task {
    /// Print counts and sizes.
    Stats,
    /// Print everything as one JSON object.
    ExportJson,
    /// Print the single packets as CSV.
    ExportCsv,
    /// Write a copy.
    Backup(PathBuf),
    /// Apply the limits now.
    Prune,
}

/// Reads what follows `meshbot db`.
pub(super) fn parse(words: &mut Parser) -> Result<Command, UsageError> {
    let mut config = None;
    let (mut verb, mut form, mut copy) = (None, None, None);
    while let Some(arg) = words.next()? {
        match arg {
            Arg::Long("config") | Arg::Short('c') => config = Some(file("--config", words)?),
            Arg::Long(name @ ("json" | "csv")) => {
                let this = if name == "json" {
                    Task::ExportJson
                } else {
                    Task::ExportCsv
                };
                if form.as_ref().is_some_and(|before| *before != this) {
                    return Err(UsageError("db export needs --json or --csv".to_owned()));
                }
                form = Some(this);
            }
            Arg::Value(word) if verb.is_none() => verb = Some(word),
            Arg::Value(word) if verb.as_ref().is_some_and(|verb| verb == "backup") => {
                if word.is_empty() || copy.replace(PathBuf::from(word)).is_some() {
                    return Err(UsageError("db backup needs one FILE".to_owned()));
                }
            }
            other => return common(other, HELP_DB),
        }
    }
    let Some(verb) = verb else {
        let what = "db needs one of stats, export, backup and prune";
        return Err(UsageError(what.to_owned()));
    };
    let is_export = verb == "export";
    let task = match (verb.to_str(), form, copy) {
        (Some("stats"), None, _) => Task::Stats,
        (Some("prune"), None, _) => Task::Prune,
        (Some("export"), Some(form), _) => form,
        (Some("export"), None, _) => {
            return Err(UsageError("db export needs --json or --csv".to_owned()));
        }
        (Some("backup"), None, Some(copy)) => Task::Backup(copy),
        (Some("backup"), None, None) => {
            return Err(UsageError("db backup needs one FILE".to_owned()));
        }
        (Some("stats" | "prune" | "backup"), Some(_), _) if !is_export => {
            return Err(UsageError("--json and --csv are for db export".to_owned()));
        }
        _ => {
            return Err(UsageError(format!(
                "unknown task {verb:?}, expected stats, export, backup or prune"
            )));
        }
    };
    Ok(Command::Db(Db { config, task }))
}

pub(super) const HELP_DB: &str = "\
usage: meshbot db stats | export --json|--csv | backup FILE | prune [OPTIONS]

Looks after the history of the configuration. The bot may be running; nothing
connects to the node.

  stats             what it holds, since when, and what it takes
  export --json     everything, as one object on standard output
  export --csv      the single packets, one a line
  backup FILE       a copy that is whole, even while the bot writes
  prune             apply [store] keep and max_size now, give space back

  -c, --config FILE   without it ./meshbot.toml, then /etc/meshbot/meshbot.toml
  -h, --help          this text
";

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn read(line: &str) -> Result<Task, String> {
        match crate::cli::parse(line.split_whitespace().map(OsString::from)) {
            Ok(Command::Db(db)) => Ok(db.task),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.0),
        }
    }

    #[test]
    fn every_task_is_understood() {
        assert_eq!(read("db stats"), Ok(Task::Stats));
        assert_eq!(read("db -c x prune"), Ok(Task::Prune));
        assert_eq!(read("db export --csv"), Ok(Task::ExportCsv));
        assert_eq!(read("db --json export --config=x"), Ok(Task::ExportJson));
        assert_eq!(read("db backup a.db"), Ok(Task::Backup("a.db".into())));
    }

    #[test]
    fn mistakes_are_named() {
        for (line, sentence) in [
            ("db", "db needs one of stats, export, backup and prune"),
            ("db export", "db export needs --json or --csv"),
            ("db export --csv --json", "db export needs --json or --csv"),
            ("db backup", "db backup needs one FILE"),
            ("db backup a b", "db backup needs one FILE"),
            ("db stats --csv", "--json and --csv are for db export"),
            ("db stats now", "unexpected argument \"now\""),
            (
                "db vacuum",
                "unknown task \"vacuum\", expected stats, export, backup or prune",
            ),
        ] {
            assert_eq!(read(line), Err(sentence.to_owned()), "{line}");
        }
    }
}
