//! `meshbot demo`: a simulated node and the bot in one process, with real
//! frames over loopback TCP between them, and a conversation to watch.
//!
//! In reading order: [`script`] is the conversation as data, [`air`] how it is
//! spoken and heard, [`paper`] how it looks, [`stage`] plays and judges it. What comes out is success only when
//! everything came as the script expects.

pub mod air;
pub mod paper;
pub mod script;
pub mod stage;

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use self::air::Heard;
use self::paper::{Mark, Paper};
use self::script::{Place, Step, YOU};
use self::stage::Stage;
use crate::app::{self, AppError, Running};
use crate::bot::commands;
use crate::config::Config;
use crate::mesh::Sanity;
use crate::sim::web::{Scenario, Web};
use crate::sim::{Handle, Server, Settings, SimNode};

pub use self::script::SCRIPT;

/// The same people, numbers and delays every time.
const SEED: u64 = 20;
/// Other nodes in the made-up mesh.
const NODES: usize = 18;
/// Texts of the mesh are short (protocol.md §4.4).
const LONGEST: usize = 200;
/// Who listens while somebody types looks up this often even if nothing comes.
const LONG: Duration = Duration::from_secs(3_600);

/// How to play.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// Colours, for a terminal.
    pub colour: bool,
    /// The delays of a real radio (protocol.md §10).
    pub latency: bool,
    /// An answer has to come within this time.
    pub patience: Duration,
    /// What has no answer after this time, or after this time from when the
    /// bot may speak again, gets none.
    pub silence: Duration,
    /// The bot may speak again so long after its last text.
    pub pause: Duration,
    /// No two texts may come closer than this.
    pub spacing: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            colour: false,
            latency: true,
            patience: Duration::from_secs(12),
            silence: Duration::from_millis(1_500),
            pause: Duration::from_millis(2_500),
            spacing: Duration::from_millis(2_300),
        }
    }
}

/// Plays `script` and writes the transcript to `out`. With a `keyboard`
/// somebody may then join in until he is done.
///
/// # Errors
/// When anything did not come as expected, and when the stage cannot be built.
pub fn run(
    script: &[Step],
    options: &Options,
    out: impl Write + Send,
    keyboard: Option<impl BufRead>,
) -> Result<(), AppError> {
    let mut paper = Paper::new(out, options.colour);
    let folder = Folder::new()?;
    let node = start_node(options)?;
    paper.title(&format!(
        "A simulated node on {}, the bot as its TCP client, a made-up mesh and made-up weather.",
        node.addr()
    ))?;
    paper.line(
        "Seconds since the start on the left; ✓ is what came as it had to. About a minute.\n",
    )?;
    let web = Web::start()?;
    web.set_scenario(Scenario::HeavyRain);
    let mut bot = start_bot(&node, &web, folder.path())?;
    let stage = Stage::new(options, &node, &mut paper);
    let played = stage.play(script, || bot.death());
    let joined = match (&played, keyboard) {
        (Ok(0), Some(keyboard)) => join_in(&node, paper, keyboard),
        _ => Ok(()),
    };
    bot.stop();
    node.stop();
    joined?;
    match played? {
        0 => Ok(()),
        1 => Err(AppError::Failed(
            "one thing did not come as expected".to_owned(),
        )),
        many => Err(AppError::Failed(format!(
            "{many} things did not come as expected"
        ))),
    }
}

fn start_node(options: &Options) -> io::Result<Handle> {
    let server = Server::bind("127.0.0.1:0")?;
    let settings = Settings {
        seed: SEED,
        nodes: NODES,
        latency: options.latency,
        ..Settings::default()
    };
    let mut node = SimNode::new(settings, server.now());
    air::cast(&mut node);
    server.start(node)
}

/// The bot as it runs for years, with its default configuration but for whom
/// it asks about the weather. Only the clocks are trusted at once: else nothing
/// could be ten minutes old in the first ten minutes after the program was
/// built.
fn start_bot(node: &Handle, web: &Web, folder: &Path) -> Result<Running, AppError> {
    let mut config = Config::default();
    config.node.host = node.addr().ip().to_string();
    config.node.port = node.addr().port();
    config.store.path = folder.join("meshbot.db");
    config.weather.url = web.base_url();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    let sanity = Sanity {
        built: now.saturating_sub(86_400),
    };
    app::start_trusting(&config, commands::registry(), sanity, Arc::new(|| {}))
}

/// What a line from the keyboard means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Typed<'a> {
    Over,
    Nothing,
    TooLong,
    Text(Place, &'a str),
}

fn typed(line: &str) -> Typed<'_> {
    let line = line.trim();
    let (place, text) = match line.strip_prefix('#') {
        Some(text) => (Place::Public, text.trim_start()),
        None => (Place::Direct, line),
    };
    match text.len() {
        0 if line.is_empty() => Typed::Over,
        0 => Typed::Nothing,
        1..=LONGEST => Typed::Text(place, text),
        _ => Typed::TooLong,
    }
}

/// Lets somebody type as a user of the mesh. A second thread writes down what
/// the bot says meanwhile.
fn join_in<W: Write + Send>(
    node: &Handle,
    mut paper: Paper<W>,
    keyboard: impl BufRead,
) -> Result<(), AppError> {
    paper.line("")?;
    paper.title(
        "Your turn: a line is a direct message to the bot (try help), # before it makes it \
         public, an empty line ends. Five questions in five minutes, as for everybody; \
         one hint an hour for who says what the bot does not know, then silence.",
    )?;
    let paper = Mutex::new(paper);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let listener = std::thread::Builder::new()
            .name("listener".to_owned())
            .spawn_scoped(scope, || write_down(node, &paper, &over))?;
        let read = read_out(node, &paper, keyboard);
        over.store(true, Ordering::Release);
        // Whoever waits for the node looks again.
        node.with(|_, _| ());
        let written = listener.join().unwrap_or(Ok(()));
        read.and(written)
    })
    .map_err(AppError::from)
}

/// Says what is typed, until there is no more.
fn read_out<W: Write>(
    node: &Handle,
    paper: &Mutex<Paper<W>>,
    keyboard: impl BufRead,
) -> io::Result<()> {
    for line in keyboard.split(b'\n') {
        match typed(&String::from_utf8_lossy(&line?)) {
            Typed::Over => break,
            Typed::Nothing => {}
            Typed::TooLong => {
                let text = format!("too long: a text holds {LONGEST} bytes");
                let mut paper = paper.lock().unwrap_or_else(PoisonError::into_inner);
                paper.line(&text)?;
            }
            Typed::Text(place, text) => node.with(|node, now| {
                let said = air::spoken(node, YOU, place, text);
                node.hear_text(now, said);
            }),
        }
    }
    Ok(())
}

/// Writes down what the bot says, until it is over.
fn write_down<W: Write>(
    node: &Handle,
    paper: &Mutex<Paper<W>>,
    over: &AtomicBool,
) -> io::Result<()> {
    while !over.load(Ordering::Acquire) {
        let heard = node.wait_for(LONG, |node| {
            let heard: Vec<Heard> = node.on_air().iter().filter_map(Heard::of).collect();
            (over.load(Ordering::Acquire) || !heard.is_empty()).then_some(heard)
        });
        let mut paper = paper.lock().unwrap_or_else(PoisonError::into_inner);
        for heard in heard.iter().flatten() {
            paper.answered(heard.at, heard.place(), Mark::None, &heard.text)?;
        }
    }
    Ok(())
}

/// A folder of our own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, AppError> {
        let name = format!("meshbot-demo-{:016x}", app::random()?.u64(..));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)
            .map_err(|error| AppError::Failed(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_makes_a_line_public() {
        let long = "x".repeat(LONGEST + 1);
        for (line, meaning) in [
            ("/ping\n", Typed::Text(Place::Direct, "/ping")),
            ("# /ping ", Typed::Text(Place::Public, "/ping")),
            ("#/ping", Typed::Text(Place::Public, "/ping")),
            (" \n", Typed::Over),
            ("#", Typed::Nothing),
            (&long, Typed::TooLong),
        ] {
            assert_eq!(typed(line), meaning, "{line}");
        }
    }
}
