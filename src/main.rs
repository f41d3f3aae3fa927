//! The `meshbot` program: reads the command line, does what it says, and maps
//! the end to an exit code: 0 as asked, 1 failed, 2 bad command line, 75 another
//! bot has the node, 78 bad configuration.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crossbeam_channel::bounded;
use meshbot::app::{self, AppError};
use meshbot::check;
use meshbot::cli::{self, Command};
use meshbot::config::Config;
use meshbot::demo;
use meshbot::link::Clock;
use meshbot::logging;
use meshbot::signals::{self, Came, Hangup, Stop};
use meshbot::sim::{Server, SimNode};
use meshbot::thread;

fn main() -> ExitCode {
    signals::survive_full_files();
    let command = match cli::parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => {
            complain(&error);
            return ExitCode::from(2);
        }
    };
    match carry_out(command) {
        Ok(()) | Err(AppError::Closed) => {
            log::logger().flush();
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn carry_out(command: Command) -> Result<(), AppError> {
    match command {
        Command::Help(text) => print(text),
        Command::Version => print(cli::VERSION),
        Command::Config => print(Config::template()),
        Command::Check { config } => {
            let (path, config) = app::load(config)?;
            config.check_host()?;
            print(&check::describe(&path, &config))
        }
        Command::Db(db) => {
            let (_, config) = app::load(db.config)?;
            let now = Clock::start().now().unix;
            meshbot::db::carry_out(&config, &db.task, now, &mut std::io::stdout().lock())
        }
        Command::Ask(ask) => {
            let now = Clock::start().now();
            let (mut out, mut notes) = (std::io::stdout().lock(), std::io::stderr().lock());
            meshbot::ask::carry_out(&ask, now, &mut out, &mut notes)
        }
        Command::Run { config, record } => {
            let (_, config) = app::load(config)?;
            config.check_host()?;
            logging::init(config.log.level, logging::Destination::detect())
                .map_err(|error| AppError::Failed(error.to_string()))?;
            app::run(&config, record)
        }
        Command::Sim(sim) => match &sim.replay {
            Some(recording) => app::replay(recording, sim.listen, print),
            None => simulate(&sim),
        },
        Command::Demo { verbose, config } => {
            let own = config.map(|path| app::load(Some(path))).transpose()?;
            demonstrate(verbose, own)
        }
    }
}

/// The simulated node alone, until a signal ends it.
fn simulate(sim: &cli::Sim) -> Result<(), AppError> {
    let stop = Stop::on_signals(Hangup::Ends)?;
    let settings = app::sim_settings(sim);
    let server = Server::bind(&sim.listen.to_string())
        .map_err(|error| AppError::Failed(format!("{}: {error}", sim.listen)))?;
    let node = SimNode::new(settings, server.now());
    let greeting = format!(
        "simulated node {} with {} others, listening on {}\n",
        node.own(),
        node.people().len(),
        server.local_addr()
    );
    let handle = server.start(node)?;
    match print(&greeting) {
        // Whoever talks to the node need not have read that.
        Ok(()) | Err(AppError::Closed) => {}
        Err(error) => return Err(error),
    }
    stop.wait()?;
    handle.stop();
    Ok(())
}

/// The scripted conversation, or the questions that show somebody's own
/// configuration; on a terminal somebody may join in afterwards.
fn demonstrate(verbose: bool, own: Option<(PathBuf, Config)>) -> Result<(), AppError> {
    let level = if verbose {
        log::LevelFilter::Debug
    } else {
        // What the demonstration breaks on purpose is told by itself.
        log::LevelFilter::Error
    };
    logging::init(level, logging::Destination::detect())
        .map_err(|error| AppError::Failed(error.to_string()))?;
    let no_colour = std::env::var_os("TERM").is_none_or(|term| term == "dumb")
        || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let options = demo::Options {
        colour: std::io::stdout().is_terminal() && !no_colour,
        ..demo::Options::default()
    };
    // Whoever has seen enough leaves nothing behind.
    let stop = Stop::on_signals(Hangup::Ends)?;
    let folder = demo::Folder::new()?;
    let (done, ended) = bounded(1);
    let (wake, path) = (stop.wake(), folder.path().to_owned());
    let play = move || {
        let _ = done.send(perform(own.as_ref(), &options, &path));
    };
    thread::spawn("demo", move |_| wake(), play)?;
    let why = match stop.wait_for(&ended)? {
        Came::Result(end) => return end,
        Came::Nothing => "the demonstration broke off",
        Came::Signal => "interrupted",
    };
    Err(AppError::Failed(why.to_owned()))
}

fn perform(
    own: Option<&(PathBuf, Config)>,
    options: &demo::Options,
    folder: &Path,
) -> Result<(), AppError> {
    let (stdin, stdout) = (std::io::stdin(), std::io::stdout());
    let joins_in = stdin.is_terminal() && stdout.is_terminal();
    let keyboard = joins_in.then(|| stdin.lock());
    let played = match own {
        Some((path, config)) => demo::try_out((path, config), options, folder, stdout, keyboard),
        None => demo::run(demo::SCRIPT, options, folder, stdout, keyboard),
    };
    // Nobody has seen how it would have ended.
    played.map_err(|error| match error {
        AppError::Closed => {
            AppError::Failed("nobody watches the demonstration any more".to_owned())
        }
        error => error,
    })
}

fn print(text: &str) -> Result<(), AppError> {
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}

fn complain(error: &dyn std::fmt::Display) {
    logging::last_words(&format!("meshbot: {error}"));
}
