//! `meshbot demo`: a simulated node and the bot in one process, with real
//! frames over loopback TCP between them, and a conversation to watch.
//!
//! In reading order: [`script`] is the conversation as data, [`air`] how it is
//! spoken and heard, [`paper`] how it looks, [`stage`] plays and judges it; [`keyboard`] lets
//! somebody join in. What comes out is success only when everything came as the script expects.
//!
//! With somebody's own configuration [`own`] says what holds of it, [`mod@plan`] what is
//! asked to show it, and [`trial`] asks.

pub mod air;
pub mod keyboard;
pub mod own;
pub mod paper;
pub mod plan;
pub mod script;
pub mod stage;
pub mod trial;

use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use self::keyboard::{Manner, join_in};
use self::own::StandIns;
use self::paper::Paper;
use self::plan::Plan;
use self::script::{CAST, OTHERS, Place, Step, ZIGA};
use self::stage::Stage;
use self::trial::{Times, Trial};
use crate::app::{self, AppError, Running};
use crate::bot::all;
use crate::config::Config;
use crate::mesh::{NodeNum, Sanity};
use crate::sim::web::{Scenario, Web};
use crate::sim::{Handle, Person, Server, Settings, SimNode};

pub use self::script::SCRIPT;

/// The same people, numbers and delays every time.
const SEED: u64 = 20;
/// Other nodes in the made-up mesh.
const NODES: usize = 18;
/// Of another node in another mesh, which stands for those of `[remote]`.
const OTHER: NodeNum = NodeNum(0x0e1f_0a02);
/// Other nodes in that mesh.
const FEW: usize = 6;
/// A text that came so much too early is still taken for one that came in time:
/// the node looks at its socket now and then.
const EARLY: Duration = Duration::from_millis(200);

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
            patience: Duration::from_secs(60),
            silence: Duration::from_millis(1_500),
            pause: Duration::from_millis(2_500),
            spacing: Duration::from_millis(2_300),
        }
    }
}

/// Plays `script` and writes the transcript to `out`; the bot's files go into
/// `folder`. With a `keyboard` somebody may then join in until he is done.
///
/// # Errors
/// When anything did not come as expected, and when the stage cannot be built.
pub fn run(
    script: &[Step],
    options: &Options,
    folder: &Path,
    out: impl Write + Send,
    keyboard: Option<impl BufRead>,
) -> Result<(), AppError> {
    let mut paper = Paper::new(out, options.colour);
    let node = start_node(mesh(options), |_| ())?;
    paper.title(&format!(
        "A simulated node on {}, the bot as its TCP client, a made-up mesh and made-up weather.",
        node.addr()
    ))?;
    paper.line(
        "Seconds since the start on the left; ✓ is what came as it had to. About a minute.\n",
    )?;
    let web = Web::start()?;
    web.set_scenario(Scenario::HeavyRain);
    let usual = Config::default();
    let stand_ins = StandIns {
        node: node.addr(),
        other: None,
        web: &web.base_url(),
        folder,
    };
    let mut bot = start_bot(&stand_ins.adapt(&usual))?;
    let stage = Stage::new(options, &node, &mut paper);
    let played = stage.play(script, || bot.death());
    let joined = match (&played, keyboard) {
        (Ok(0), Some(keyboard)) => {
            let manner = Manner::new(&usual, Place::Public);
            join_in(&node, &manner, paper, keyboard)
        }
        _ => Ok(()),
    };
    bot.stop();
    node.stop();
    joined?;
    verdict(played?)
}

/// Tries the configuration `config`, which was read from `path`, in the same
/// made-up world, and writes what comes of it to `out`; the bot's files go into
/// `folder`. With a `keyboard` somebody may then join in until he is done.
///
/// # Errors
/// When the bot does not behave towards its node, and when the stage cannot be
/// built.
pub fn try_out(
    (path, config): (&Path, &Config),
    options: &Options,
    folder: &Path,
    out: impl Write + Send,
    keyboard: Option<impl BufRead>,
) -> Result<(), AppError> {
    let mut paper = Paper::new(out, options.colour);
    let node = start_node(own::settings(config, mesh(options)), |node| {
        air::cast(node, OTHERS);
        // Somebody has to be where the configuration says.
        let hidden = |person: &&mut Person| person.long_name == ZIGA.name;
        if let Some(person) = node.people_mut().iter_mut().find(hidden) {
            person.position = None;
        }
        if let Some(operator) = &config.operator {
            air::cast_operator(node, operator);
        }
    })?;
    let other = match config.remote.is_empty() {
        true => None,
        false => Some(start_other(options)?),
    };
    let registry = all::registry();
    let Plan {
        questions,
        left_out,
    } = plan::plan(config, &registry);
    paper.title(&format!(
        "{}, with a simulated node on {}, a made-up mesh and made-up weather.",
        path.display(),
        node.addr()
    ))?;
    paper.line("Everything is as `meshbot run` would have it, but for this:")?;
    for line in own::exceptions(config) {
        paper.line(&format!("  {line}"))?;
    }
    paper.line(&format!(
        "Seconds since the start on the left. {} questions, about {}.\n",
        questions.len(),
        plan::estimate(config, questions.len())
    ))?;
    if left_out > 0 {
        paper.line(&format!(
            "{left_out} more would show the rest, which is too much for so few people.\n"
        ))?;
    }
    let web = Web::start()?;
    web.set_scenario(Scenario::HeavyRain);
    let stand_ins = StandIns {
        node: node.addr(),
        other: other.as_ref().map(Handle::addr),
        web: &web.base_url(),
        folder,
    };
    let mut bot = start_bot(&stand_ins.adapt(config))?;
    let times = Times {
        spacing: config.bot.text_spacing,
        // Nobody says what has to come: a slow board is given more time.
        silence: options.silence * 2,
        closest: config.bot.text_spacing.saturating_sub(EARLY),
    };
    let asked = Trial::new(times, &node, &mut paper).ask(&questions, || bot.death());
    let joined = match (&asked, keyboard) {
        (Ok(0), Some(keyboard)) => {
            let public = own::channel(config).unwrap_or(Place::Public);
            join_in(&node, &Manner::new(config, public), paper, keyboard)
        }
        _ => Ok(()),
    };
    bot.stop();
    node.stop();
    joined?;
    verdict(asked?)
}

fn verdict(wrong: usize) -> Result<(), AppError> {
    match wrong {
        0 => Ok(()),
        1 => Err(AppError::Failed(
            "one thing did not come as expected".to_owned(),
        )),
        many => Err(AppError::Failed(format!(
            "{many} things did not come as expected"
        ))),
    }
}

/// The made-up mesh and the node in it.
#[must_use]
pub fn mesh(options: &Options) -> Settings {
    Settings {
        seed: SEED,
        nodes: NODES,
        latency: options.latency,
        ..Settings::default()
    }
}

fn start_node(settings: Settings, prepare: impl FnOnce(&mut SimNode)) -> io::Result<Handle> {
    let server = Server::bind("127.0.0.1:0")?;
    let mut node = SimNode::new(settings, server.now());
    air::cast(&mut node, CAST);
    prepare(&mut node);
    server.start(node)
}

fn start_other(options: &Options) -> io::Result<Handle> {
    Server::local(Settings {
        seed: SEED + 1,
        nodes: FEW,
        latency: options.latency,
        own: OTHER,
        ..Settings::default()
    })
}

/// The bot as it runs for years. Only the clocks are trusted at once: else nothing
/// could be ten minutes old in the first ten minutes after the program was
/// built.
fn start_bot(config: &Config) -> Result<Running, AppError> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_secs());
    let sanity = Sanity {
        built: now.saturating_sub(86_400),
    };
    app::start_trusting(config, all::registry(), sanity, Arc::new(|| {}))
}

/// A folder of our own, gone when this is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// Makes one, where the system wants temporary files.
    ///
    /// # Errors
    /// When there is no room or no permission.
    pub fn new() -> Result<Self, AppError> {
        let name = format!("meshbot-demo-{:016x}", app::random()?.u64(..));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)
            .map_err(|error| AppError::Failed(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that stays behind in the temporary folder does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
