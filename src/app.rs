//! The wiring: creates the channels, starts the few named threads, waits, and
//! stops them in order. Reading this file from top to bottom is reading how
//! the program is built.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use jiff::tz::TimeZone;
use log::{error, info, warn};
use sd_notify::NotifyState;

use crate::bot::command::Registry;
use crate::bot::dispatch::{self, Before, Bot, Parts};
use crate::bot::errands::{Pool, WORKERS};
use crate::bot::host::{self, HostStats};
use crate::bot::insight::Archive;
use crate::bot::record::History;
use crate::bot::{commands, run};
use crate::check;
use crate::config::{Config, ConfigError, Handshake};
use crate::link::outbox::Wake;
use crate::link::{self, Clock, Event, Link, Outbox, lookup, session};
use crate::mesh::Sanity;
use crate::net::Guard;
use crate::remote::Limits;
use crate::remote::call::{Caller, Named};
use crate::services::weather::{Addresses, Services};
use crate::signals::{Hangup, Stop};
use crate::store::{Files, history, place};
use crate::systemd::{self, Watchdog};
use crate::thread::{Death, Pulse, spawn};

/// From the word to stop until the program leaves, whatever still hangs. The
/// link needs up to 1.2 s for a proper goodbye.
const STOP_LIMIT: Duration = Duration::from_millis(1_700);
/// What systemd allows for opening the history, µs.
const OPENING_US: u32 = 600_000_000;
/// Threads that can report their death: io, dispatch, the errand workers, store,
/// history.
const THREADS: usize = 4 + WORKERS;

/// Why the program did not run, or stopped running.
#[derive(Debug)]
pub enum AppError {
    /// The configuration is wrong: exit code 78.
    Config(ConfigError),
    /// Something that was needed failed: exit code 1.
    Failed(String),
}

impl fmt::Display for AppError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Failed(text) => f.write_str(text),
        }
    }
}

impl From<ConfigError> for AppError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<std::io::Error> for AppError {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Finds, reads and checks the configuration.
///
/// # Errors
/// [`ConfigError`] with file, line and column.
pub fn load(path: Option<PathBuf>) -> Result<(PathBuf, Config), ConfigError> {
    let path = crate::config::find_config(path)?;
    let config = Config::load(&path)?;
    config.check_commands(&commands::registry().names())?;
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
            lang: config.language.into(),
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

/// The running threads of a bot, and what is needed to stop them.
pub struct Running {
    outbox: Outbox,
    events: Sender<Event>,
    deaths: Receiver<Death>,
    handles: Vec<JoinHandle<()>>,
    pulses: [Pulse; 2],
    unwritten: Option<history::thread::Unwritten>,
    died: usize,
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
    let (link, io, events) = Link::tcp(settings, clock, random()?, &guard, on_death(&report))?;
    let (result_sender, results) = bounded(WORKERS * 8);
    let (pool, mut handles) = Pool::start(result_sender.clone(), Arc::clone(&report))?;
    handles.push(io.handle);

    let files = Files::beside(&config.store.file());
    if let Err(error) = files.state.check() {
        warn!(
            "{}: {error}; a restart will forget whether the operator has muted the bot",
            files.state.path().display()
        );
    }
    let mut before = files.load();
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
                history::read::start(path, doubts, result_sender, on_death(&report))?;
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
    settings.local_zone = TimeZone::system();
    settings.boot = host::boot(clock.now().mono);
    let parts = Parts {
        outbox: link.outbox.clone(),
        errands: Box::new(pool),
        keeper: Arc::new(files),
        history,
        archive,
        weather: Arc::new(Services::new(weather_addresses(config), &guard)),
        host: Box::new(HostStats::read),
        registry,
    };
    let caller = Caller::new(guard, Limits::default());
    let others = Named::new(caller, config.remote.clone());
    let bot = Bot::new(settings, parts, before).knowing(Arc::new(others));
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
        pulses: [io.pulse, pulse],
        unwritten,
        died: 0,
    })
}

impl Running {
    /// Whether a thread has ended by itself: a sentence about it.
    pub fn death(&mut self) -> Option<String> {
        let death = self.deaths.try_recv().ok()?;
        self.died += 1;
        Some(match death.panic {
            Some(panic) => format!("thread {} panicked: {panic}", death.name),
            None => format!("thread {} ended", death.name),
        })
    }

    /// Stops everything in order: the link says goodbye, the bot ends with its
    /// events, the workers with the bot. What hangs is left behind.
    pub fn stop(mut self) {
        let deadline = Instant::now() + STOP_LIMIT;
        self.outbox.stop();
        drop(self.events);
        while self.died < self.handles.len() {
            match self.deaths.recv_deadline(deadline) {
                Ok(_) => self.died += 1,
                Err(_) => {
                    leave(&self.handles, self.unwritten.as_ref());
                    return;
                }
            }
        }
        for handle in self.handles {
            let _ = handle.join();
        }
    }

    /// Asks both loops for a sign of life.
    fn ask_for_beats(&self) {
        self.outbox.beat();
        let _ = self.events.try_send(Event::Beat);
    }

    fn beats(&self) -> [u64; 2] {
        [self.pulses[0].count(), self.pulses[1].count()]
    }
}

/// What is said when the time is up.
fn leave(handles: &[JoinHandle<()>], unwritten: Option<&history::thread::Unwritten>) {
    let hanging = handles.iter().filter(|handle| !handle.is_finished());
    let names: Vec<_> = hanging
        .filter_map(|handle| handle.thread().name())
        .collect();
    warn!("still busy: {}; leaving without", names.join(", "));
    if unwritten.is_some_and(|it| it.batches() > 0) {
        warn!("the end of the history is not written: what was heard last may be lost");
    }
}

/// Runs the bot until a signal ends it.
///
/// # Errors
/// [`AppError`] when it cannot start, or when one of its threads dies.
pub fn run(config: &Config) -> Result<(), AppError> {
    std::panic::set_hook(Box::new(|panic| error!("{panic}")));
    let stop = Stop::on_signals(Hangup::Ignored)?;
    let mut running = start(config, commands::registry(), stop.wake())?;
    systemd::notify(&[NotifyState::Ready]);
    let mut watchdog = Watchdog::new();
    loop {
        stop.sleep(watchdog.timeout())?;
        if stop.is_asked() {
            info!("stopping");
            systemd::notify(&[NotifyState::Stopping]);
            running.stop();
            return Ok(());
        }
        if let Some(death) = running.death() {
            error!("{death}");
            running.stop();
            return Err(AppError::Failed(death));
        }
        watchdog.look(running.beats(), || running.ask_for_beats());
    }
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
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_link_does_what_the_configuration_says() {
        let text = "node.host = \"radio\"\nnode.port = 4404\nnode.connect_timeout = \"2s\"\n\
            node.reconnect_max = \"2m\"\nnode.handshake = \"full\"\nbot.text_spacing = \"7s\"\n";
        let settings = link_settings(&Config::parse(text, "meshbot.toml").unwrap());
        assert_eq!(settings.endpoint.to_string(), "radio:4404");
        assert_eq!(settings.connect_timeout, Duration::from_secs(2));
        assert_eq!(settings.reconnect_max, Duration::from_secs(120));
        assert_eq!(settings.session.text_spacing, Duration::from_secs(7));
        assert!(matches!(
            settings.session.handshake,
            session::Handshake::Full
        ));
        let settings = link_settings(&Config::parse("node.host = \"radio\"", "x").unwrap());
        assert_eq!(settings.connect_timeout, Duration::from_secs(10));
        assert_eq!(settings.reconnect_max, Duration::from_secs(60));
        assert_eq!(settings.session.text_spacing, Duration::from_millis(2_500));
        assert!(matches!(
            settings.session.handshake,
            session::Handshake::TwoPhase
        ));
    }
}
