//! Carries out `meshbot db`. Nothing here knows of the node; the bot may be
//! writing meanwhile.

use std::fmt::{self, Write as _};
use std::io::{BufWriter, Write};
use std::path::Path;

use jiff::Timestamp;

use crate::app::AppError;
use crate::cli::Task;
use crate::config::Config;
use crate::history::insight::Stock;
use crate::store::history::export::{ExportError, Form, export};
use crate::store::history::stats::stats;
use crate::store::history::{Limits, disk, open};

/// Does what was asked for; what there is to read goes to `out`. `now` is in
/// seconds since 1970.
///
/// # Errors
/// When there is no history, or it cannot be read or written.
pub fn carry_out(
    config: &Config,
    task: &Task,
    now: u64,
    out: &mut dyn Write,
) -> Result<(), AppError> {
    let path = config.store.file();
    let failed =
        |error: &dyn fmt::Display| AppError::Failed(format!("{}: {error}", path.display()));
    let read = |any_version| open::read(&path, any_version).map_err(|error| failed(&error));
    match task {
        Task::Stats => {
            let stats = stats(&read(false)?, &path).map_err(|error| failed(&error))?;
            Ok(out.write_all(told(&path, &stats).as_bytes())?)
        }
        Task::ExportJson | Task::ExportCsv => {
            let form = match task {
                Task::ExportCsv => Form::Csv,
                _ => Form::Json,
            };
            let mut out = BufWriter::new(out);
            match export(&read(false)?, form, &mut out) {
                Ok(()) => Ok(out.flush()?),
                Err(ExportError::Io(error)) => Err(error.into()),
                Err(ExportError::Sql(error)) => Err(failed(&error)),
            }
        }
        Task::Backup(copy) => disk::copy_into(&read(true)?, copy)
            .map_err(|error| AppError::Failed(format!("{}: {error}", copy.display()))),
        Task::Prune => {
            drop(read(false)?);
            let limits = Limits::from(&config.store);
            let mut opened = open::open_as_it_is(&path, limits).map_err(|error| failed(&error))?;
            opened.writer.prune(now).map_err(|error| failed(&error))
        }
    }
}

/// The figures as a person reads them.
fn told(path: &Path, stats: &Stock) -> String {
    let mut text = String::new();
    let mut line = |name: &str, what: fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name:<9} {what}");
    };
    line("history", format_args!("{}", path.display()));
    line("version", format_args!("{}", stats.version));
    match stats.own {
        Some(own) => line("heard by", format_args!("{own}")),
        None => line("heard by", format_args!("nobody yet")),
    }
    line(
        "nodes",
        format_args!(
            "{}, {} with a key; {} former names, {} key changes",
            stats.nodes, stats.with_key, stats.names, stats.keys
        ),
    );
    match stats.span {
        Some((first, last)) => line(
            "packets",
            format_args!("{} from {} to {}", stats.packets, date(first), date(last)),
        ),
        None => line("packets", format_args!("none")),
    }
    match stats.first_hour {
        Some(first) => line(
            "hours",
            format_args!(
                "{} sums of {} packets since {}",
                stats.hours,
                stats.summed,
                date(first)
            ),
        ),
        None => line("hours", format_args!("none")),
    }
    line("links", format_args!("{}", stats.links));
    line("texts", format_args!("{}", stats.texts));
    line("air", format_args!("{} readings", stats.air));
    line("errors", format_args!("{}", stats.errors));
    line(
        "size",
        format_args!(
            "{} kB, {} kB of it free; log {} kB",
            stats.file_bytes / 1024,
            stats.free_bytes / 1024,
            stats.wal_bytes / 1024
        ),
    );
    text
}

/// In UTC, by the minute.
fn date(unix: u64) -> String {
    i64::try_from(unix)
        .ok()
        .and_then(|unix| Timestamp::from_second(unix).ok())
        .map_or_else(String::new, |at| at.strftime("%F %H:%MZ").to_string())
}
