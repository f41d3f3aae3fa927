//! What the board says about itself, read from where Linux keeps it.

use std::path::Path;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::mesh::Boot;

/// Load, memory, temperature; each as far as the board tells.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct HostStats {
    /// Seconds since the board started.
    pub uptime: Option<u64>,
    /// Load averages over 1, 5 and 15 minutes.
    pub load: Option<[f32; 3]>,
    /// Memory in MiB: total and available.
    pub memory: Option<(u64, u64)>,
    /// Degrees Celsius of the hottest thermal zone.
    pub celsius: Option<f32>,
}

impl HostStats {
    /// Reads the running system.
    #[must_use]
    pub fn read() -> Self {
        Self::read_under(Path::new("/"))
    }

    fn read_under(root: &Path) -> Self {
        let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
        let celsius = (0..8)
            .map(|zone| text(&format!("sys/class/thermal/thermal_zone{zone}/temp")))
            .filter_map(|text| parse_celsius(&text))
            .reduce(f32::max);
        Self {
            uptime: parse_uptime(&text("proc/uptime")),
            load: parse_load(&text("proc/loadavg")),
            memory: parse_memory(&text("proc/meminfo")),
            celsius,
        }
    }
}

/// The board's time zone, and what is wrong when `TZ` names none: it is UTC then.
#[must_use]
pub fn local_zone() -> (TimeZone, Option<String>) {
    match (TimeZone::try_system(), std::env::var_os("TZ")) {
        (Ok(zone), _) => (zone, None),
        (Err(_), Some(name)) => {
            let trouble = format!(
                "TZ={} is no time zone that this system knows: hours are told in UTC",
                name.display()
            );
            (TimeZone::UTC, Some(trouble))
        }
        (Err(_), None) => (TimeZone::UTC, None),
    }
}

/// This run of the board, for a program that has run for `since_start`.
#[must_use]
pub fn boot(since_start: Duration) -> Boot {
    boot_under(Path::new("/"), since_start)
}

fn boot_under(root: &Path, since_start: Duration) -> Boot {
    let text = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let id = text("proc/sys/kernel/random/boot_id").trim().to_owned();
    match parse_uptime(&text("proc/uptime")) {
        Some(uptime) if id.len() <= 64 => Boot {
            id,
            offset: uptime.saturating_sub(since_start.as_secs()),
        },
        _ => Boot::default(),
    }
}

fn parse_uptime(text: &str) -> Option<u64> {
    text.split(['.', ' ']).next()?.parse().ok()
}

fn parse_load(text: &str) -> Option<[f32; 3]> {
    let mut values = text.split_whitespace().map(str::parse);
    let mut next = || values.next()?.ok();
    Some([next()?, next()?, next()?])
}

fn parse_memory(text: &str) -> Option<(u64, u64)> {
    let kib = |key: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Some((kib("MemTotal:")? / 1024, kib("MemAvailable:")? / 1024))
}

/// Millidegrees; what no board can have is a broken sensor.
fn parse_celsius(text: &str) -> Option<f32> {
    let milli: f32 = text.trim().parse().ok()?;
    let celsius = milli / 1000.0;
    (-40.0..150.0).contains(&celsius).then_some(celsius)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_the_board_has_a_name_and_a_beginning() {
        let root = tempfile::tempdir().unwrap();
        let boot = || boot_under(root.path(), Duration::from_secs(7));
        assert_eq!(boot(), Boot::default());
        let random = root.path().join("proc/sys/kernel/random");
        std::fs::create_dir_all(&random).unwrap();
        std::fs::write(random.join("boot_id"), "b1f0-77\n").unwrap();
        assert_eq!(boot(), Boot::default(), "no uptime, no run");
        std::fs::write(root.path().join("proc/uptime"), "107.35 200.1\n").unwrap();
        let id = "b1f0-77".to_owned();
        assert_eq!(boot(), Boot { id, offset: 100 });
    }

    #[test]
    fn a_board_is_read_as_far_as_it_tells() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(HostStats::read_under(root.path()), HostStats::default());
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("proc/uptime", "266453.12 1034.22\n");
        write("proc/loadavg", "0.11 0.20 0.31 1/211 4242\n");
        write(
            "proc/meminfo",
            "MemTotal:  437256 kB\nMemFree: 1 kB\nMemAvailable:  300000 kB\n",
        );
        write("sys/class/thermal/thermal_zone0/temp", "47236\n");
        write("sys/class/thermal/thermal_zone1/temp", "-274000\n");
        assert_eq!(
            HostStats::read_under(root.path()),
            HostStats {
                uptime: Some(266_453),
                load: Some([0.11, 0.20, 0.31]),
                memory: Some((427, 292)),
                celsius: Some(47.236),
            }
        );
    }
}
