//! The wiring: creates the channels, starts the few named threads, waits, and
//! stops them in order. Reading this file from top to bottom is reading how
//! the program is built.

mod files;
mod replay;
mod running;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Sender, bounded};
use log::{info, warn};
use sd_notify::NotifyState;

use crate::bot::all::{Outside, capabilities};
use crate::bot::command::Registry;
use crate::bot::dispatch::{self, Before, Bot, Parts};
use crate::bot::host::{self, HostStats};
use crate::bot::jobs::{JobResult, Pool, WORKERS};
use crate::bot::{all, run, weather};
use crate::config::{Config, ConfigError, Handshake};
use crate::history::History;
use crate::history::insight::{Archive, Looked, QuestionId};
use crate::link::outbox::Wake;
use crate::link::sole::{Anybody, Right, Sole, Taken};
use crate::link::{self, Clock, Link, lookup, session};
use crate::mesh::Sanity;
use crate::net::Guard;
use crate::remote::Limits;
use crate::remote::call::{Caller, Named};
use crate::services::weather::{Addresses, Services};
use crate::signals::{Hangup, Stop};
use crate::store::{history, place};
use crate::systemd::{self, Watchdog};
use crate::thread::{Death, Pulse, spawn};
use crate::{check, recording};

pub use replay::replay;
pub use running::{Running, Stopped, supervise};

/// What systemd allows for opening the history, µs.
const OPENING_US: u32 = 600_000_000;
/// Threads that can report their death: io, dispatch, the errand workers, store,
/// history, record.
const THREADS: usize = 5 + WORKERS;

/// Why the program did not run, or stopped running.
#[derive(Debug)]
pub enum AppError {
    /// The configuration is wrong: exit code 78.
    Config(ConfigError),
    /// Another bot on this machine has the node: exit code 75.
    Taken(Taken),
    /// What was asked for on the command line cannot be: exit code 2.
    Usage(String),
    /// Something that was needed failed: exit code 1.
    Failed(String),
    /// Whoever read what was written has left, as `head` does: no error.
    Closed,
}

impl AppError {
    /// What the program ends with.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) => 78,
            // EX_TEMPFAIL: it may be better later.
            Self::Taken(_) => 75,
            Self::Usage(_) => 2,
            Self::Failed(_) => 1,
            Self::Closed => 0,
        }
    }
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Taken(taken) => taken.fmt(f),
            Self::Usage(text) | Self::Failed(text) => f.write_str(text),
            Self::Closed => f.write_str("nobody reads it any more"),
        }
    }
}

impl From<ConfigError> for AppError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<Taken> for AppError {
    fn from(taken: Taken) -> Self {
        Self::Taken(taken)
    }
}

impl From<std::io::Error> for AppError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Finds, reads and checks the configuration.
///
/// # Errors
/// [`ConfigError`] with file, line and column.
pub fn load(path: Option<PathBuf>) -> Result<(PathBuf, Config), ConfigError> {
    let path = crate::config::find_config(path)?;
    let config = Config::load(&path)?;
    config.check_commands(&all::registry().names())?;
    Ok((path, config))
}

/// The part of the configuration that the link needs.
#[must_use]
pub fn link_settings(config: &Config) -> link::Settings {
    link::Settings {
        endpoint: config.own_node(),
        connect_timeout: config.node.connect_timeout,
        reconnect_max: config.node.reconnect_max,
        session: session::Settings {
            lang: config.language,
            handshake: match config.node.handshake {
                Handshake::TwoPhase => session::Handshake::TwoPhase,
                Handshake::Full => session::Handshake::Full,
            },
            text_spacing: config.bot.text_spacing,
            sanity: Sanity::of_build(),
            set_clock: config.node.set_clock,
        },
    }
}

/// Whom the configuration lets the bot ask about the weather.
#[must_use]
pub fn weather_addresses(config: &Config) -> Addresses {
    let weather = &config.weather;
    Addresses {
        forecast: weather.url.clone(),
        geocoding: weather.geocoding_base().to_owned(),
        fallback: weather.fallback_base().map(str::to_owned),
    }
}

/// Random numbers from the operating system's.
///
/// # Errors
/// When the system has none.
pub fn random() -> Result<fastrand::Rng, AppError> {
    getrandom::u64()
        .map(fastrand::Rng::with_seed)
        .map_err(|error| AppError::Failed(format!("no random numbers: {error}")))
}

/// The database, if one is wanted and possible; enters into `before` what it
/// knows. `now` is in seconds since 1970, if the board's clock is set.
fn open_history(config: &Config, now: Option<u64>, before: &mut Before) -> Option<history::Writer> {
    let store = &config.store;
    if !store.enabled {
        return None;
    }
    let path = store.file();
    // A large one that has to be brought up to date is copied first, which takes
    // a cheap card a while.
    systemd::notify(&[
        NotifyState::Status("opening the history"),
        NotifyState::ExtendTimeoutUsec(OPENING_US),
    ]);
    match history::open(&path, history::Limits::from(store)) {
        Ok(mut opened) => {
            history::load::leave_out_ghosts(&mut opened.nodes, now, store.keep);
            if let Some(own) = opened.own {
                info!(
                    "nodes known from before, heard by {own}: {}",
                    opened.nodes.len()
                );
            }
            for (_, nodes) in &mut opened.others {
                history::load::leave_out_ghosts(nodes, now, store.keep);
            }
            before.own = opened.own;
            before.nodes = opened.nodes;
            before.others = opened.others;
            Some(opened.writer)
        }
        Err(error) => {
            let reason = place::look(store).map_or_else(|| error.to_string(), |it| it.to_string());
            warn!(
                "{}: {reason}; the bot goes on without a history",
                path.display()
            );
            None
        }
    }
}

/// Starts link, dispatch, errands, store and history. `wake` is called when a thread ends.
///
/// # Errors
/// When the system has no thread or file descriptor left.
pub fn start(config: &Config, registry: Registry, wake: Wake) -> Result<Running, AppError> {
    start_trusting(config, registry, Sanity::of_build(), wake)
}

/// The same with another idea of which clocks to trust.
///
/// # Errors
/// When the system has no thread or file descriptor left.
pub fn start_trusting(
    config: &Config,
    registry: Registry,
    sanity: Sanity,
    wake: Wake,
) -> Result<Running, AppError> {
    start_resolving(config, registry, sanity, lookup::system(), wake)
}

/// The same with another resolver of names.
///
/// # Errors
/// When the system has no thread or file descriptor left.
pub fn start_resolving(
    config: &Config,
    registry: Registry,
    sanity: Sanity,
    resolver: lookup::Resolver,
    wake: Wake,
) -> Result<Running, AppError> {
    let around = Around {
        sanity,
        resolver,
        right: Box::new(Anybody),
        record: None,
    };
    start_around(config, registry, around, wake)
}

/// What a bot has around it besides its configuration.
pub struct Around {
    /// Which clocks to trust.
    pub sanity: Sanity,
    /// Turns names into addresses.
    pub resolver: lookup::Resolver,
    /// Whether it may be in front of its node.
    pub right: Box<dyn Right>,
    /// Where to write down what passes between it and its node, if anywhere.
    pub record: Option<recording::Target>,
}

/// The same with all that surrounds it.
///
/// # Errors
/// When the system has no thread or file descriptor left.
pub fn start_around(
    config: &Config,
    registry: Registry,
    around: Around,
    wake: Wake,
) -> Result<Running, AppError> {
    let Around {
        sanity,
        resolver,
        right,
        record,
    } = around;
    let clock = Clock::start();
    let (death_sender, deaths) = bounded(THREADS);
    let report: Arc<dyn Fn(Death) + Send + Sync> = Arc::new(move |death| {
        let _ = death_sender.try_send(death);
        wake();
    });
    let on_death = |report: &Arc<dyn Fn(Death) + Send + Sync>| {
        let report = Arc::clone(report);
        move |death| report(death)
    };

    let mut settings = link_settings(config);
    settings.session.sanity = sanity;
    let endpoint = settings.endpoint.to_string();
    let guard = Guard::new(Some(config.own_node()), resolver);
    for trap in check::traps(config) {
        warn!("{trap}");
    }
    let (tap, recorder) = match record {
        Some(target) => recording::thread::start(&target, clock.now(), on_death(&report))
            .map(|(tap, handle)| (Some(tap), Some(handle)))
            .map_err(|error| not_recorded(&target, &error))?,
        None => (None, None),
    };
    let rng = random()?;
    let (link, io, events) =
        Link::tcp(settings, clock, rng, &guard, right, tap, on_death(&report))?;
    let (result_sender, results) = bounded(WORKERS * 8);
    let (pool, mut handles) = Pool::start(result_sender.clone(), Arc::clone(&report))?;
    handles.push(io.handle);
    handles.extend(recorder);

    let files::Kept {
        keeper,
        mut before,
        known,
        keep,
    } = files::open(config);
    let writer = open_history(config, sanity.check(clock.now().unix), &mut before);
    systemd::notify(&[NotifyState::Status(&format!("no link yet to {endpoint}"))]);
    let mut unwritten = None;
    let (history, archive) = match writer {
        Some(writer) => {
            let path = writer.path().to_owned();
            let (store, handle) = history::thread::start(writer, on_death(&report))?;
            handles.push(handle);
            unwritten = Some(store.unwritten());
            let doubts = store.doubts();
            let (reader, handle) =
                history::read::start(path, doubts, tell_bot(result_sender), on_death(&report))?;
            handles.push(handle);
            (
                Some(Box::new(store) as Box<dyn History>),
                Some(Box::new(reader) as Box<dyn Archive>),
            )
        }
        None => (None, None),
    };
    if before
        .muted_until
        .is_some_and(|until| clock.now().unix < until)
    {
        info!("muted by the operator before the restart");
    }
    let mut settings = dispatch::Settings::from_config(config, sanity);
    let (zone, trouble) = host::local_zone();
    if let Some(trouble) = trouble {
        warn!("{trouble}");
    }
    settings.local_zone = zone;
    settings.boot = host::boot(clock.now().mono);
    let source = Services::new(weather_addresses(config), &guard);
    let caller = Caller::new(guard, Limits::default());
    let outside = Outside {
        wanted: weather::Settings::from_config(&config.weather),
        weather: Arc::new(source),
        known,
        keep,
        others: Arc::new(Named::new(caller, config.remote.clone())),
    };
    let parts = Parts {
        outbox: link.outbox.clone(),
        errands: Box::new(pool),
        keeper,
        history,
        archive,
        host: Box::new(HostStats::read),
        capabilities: capabilities(&settings, &outside),
        registry,
    };
    let bot = Bot::new(settings, parts, before);
    let pulse = Pulse::default();
    let beats = pulse.clone();
    let received = link.events;
    handles.push(spawn("dispatch", on_death(&report), move || {
        run::run(bot, clock, &received, results, &beats, |event| {
            systemd::tell(event, &endpoint);
        });
    })?);

    Ok(Running {
        outbox: link.outbox,
        events,
        deaths,
        handles,
        refusals: io.refusals,
        pulses: [io.pulse, pulse],
        unwritten,
        died: Vec::new(),
    })
}

/// Hands what the history has found to the bot, as long as there is one.
fn tell_bot(results: Sender<JobResult>) -> impl Fn(QuestionId, Looked) -> bool + Send + 'static {
    move |id, looked| results.send(JobResult::looked(id, looked)).is_ok()
}

/// Why there is no recording.
fn not_recorded(target: &recording::Target, error: &std::io::Error) -> AppError {
    let path = target.path.display();
    AppError::Usage(match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{path} is there already: record into another file, or move this one away")
        }
        _ => format!("{path}: {error}"),
    })
}

/// Runs the bot until a signal ends it, and writes down what passes between it
/// and its node, if somebody wants that.
///
/// # Errors
/// [`AppError`] when another bot has the node, when it cannot start, or when one
/// of its threads dies.
pub fn run(config: &Config, record: Option<recording::Target>) -> Result<(), AppError> {
    let stop = Stop::on_signals(Hangup::Ignored)?;
    let mut right = Sole::default();
    // Before anything is opened, if the address is known; else before the
    // connection.
    if let Some(address) = config.own_node().literal() {
        right.connect(address)?;
    }
    let around = Around {
        sanity: Sanity::of_build(),
        resolver: lookup::system(),
        right: Box::new(right),
        record,
    };
    let running = start_around(config, all::registry(), around, stop.wake())?;
    systemd::notify(&[NotifyState::Ready]);
    supervise(&stop, running, Watchdog::of_systemd(Instant::now()))
}

/// The simulated node that a command line asks for.
#[must_use]
pub fn sim_settings(sim: &crate::cli::Sim) -> crate::sim::Settings {
    crate::sim::Settings {
        version: match sim.firmware {
            crate::cli::Firmware::V2_7 => crate::sim::Version::V2_7,
            crate::cli::Firmware::V2_8 => crate::sim::Version::V2_8,
        },
        seed: sim.seed,
        nodes: usize::from(sim.nodes),
        latency: !sim.no_latency,
        chatter: !sim.quiet_mesh,
        own_telemetry: !sim.quiet_mesh,
        ..crate::sim::Settings::default()
    }
}

#[cfg(test)]
mod tests;
