//! `meshbot sim`: be a simulated node.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use lexopt::{Arg, Parser};

use super::{Command, UsageError, common, file, value};

/// The simulated node of `meshbot sim`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sim {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How many other nodes its mesh has, 0 to 249.
    pub nodes: u8,
    /// What all its chance comes from: the same seed gives the same mesh.
    pub seed: u64,
    /// The firmware that it imitates.
    pub firmware: Firmware,
    /// Answer at once instead of with a radio's delays.
    pub no_latency: bool,
    /// The other nodes say nothing by themselves.
    pub quiet_mesh: bool,
    /// A recording to play instead.
    pub replay: Option<PathBuf>,
}

/// The firmware that the simulated node imitates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Firmware {
    /// 2.7
    #[default]
    V2_7,
    /// 2.8
    V2_8,
}

impl Default for Sim {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4403)),
            nodes: 40,
            seed: 1,
            firmware: Firmware::default(),
            no_latency: false,
            quiet_mesh: false,
            replay: None,
        }
    }
}

/// Reads what follows `meshbot sim`.
pub(super) fn parse(words: &mut Parser) -> Result<Command, UsageError> {
    let mut sim = Sim::default();
    let mut made_up = None;
    while let Some(arg) = words.next()? {
        if let Arg::Long(option @ ("nodes" | "seed" | "firmware" | "no-latency" | "quiet-mesh")) =
            arg
        {
            made_up = Some(option.to_owned());
        }
        match arg {
            Arg::Long("listen") => {
                let what = "an address with a port, such as 127.0.0.1:4403 or [::1]:4403";
                sim.listen = value(words, "--listen", what, |text| text.parse().ok())?;
            }
            Arg::Long("nodes") => {
                let what = "a number from 0 to 249";
                sim.nodes = value(words, "--nodes", what, |text| {
                    text.parse().ok().filter(|nodes| *nodes <= 249)
                })?;
            }
            Arg::Long("seed") => {
                let what = "a number from 0 to 18446744073709551615";
                sim.seed = value(words, "--seed", what, |text| text.parse().ok())?;
            }
            Arg::Long("firmware") => {
                sim.firmware = value(words, "--firmware", "2.7 or 2.8", |text| match text {
                    "2.7" => Some(Firmware::V2_7),
                    "2.8" => Some(Firmware::V2_8),
                    _ => None,
                })?;
            }
            Arg::Long("no-latency") => sim.no_latency = true,
            Arg::Long("quiet-mesh") => sim.quiet_mesh = true,
            Arg::Long("replay") => sim.replay = Some(file("--replay", words)?),
            other => return common(other, HELP_SIM),
        }
    }
    if let (Some(option), Some(_)) = (made_up, &sim.replay) {
        return Err(UsageError(format!(
            "--{option} is for a node that is made up: --replay plays a recorded one"
        )));
    }
    Ok(Command::Sim(sim))
}

pub(super) const HELP_SIM: &str = "\
usage: meshbot sim [OPTIONS]

Listens like a Meshtastic node on TCP and imitates a mesh behind it, or plays a
recording of meshbot run --record: what the node said, in the same order and
pace, to a bot that connects; then it ends and says what it waited for in vain.

      --listen ADDR    address and port (127.0.0.1:4403; port 0: a free one)
      --nodes N        other nodes in the mesh, 0 to 249 (40)
      --seed S         the same seed gives the same mesh (1)
      --firmware 2.7|2.8
                       the firmware to imitate (2.7)
      --no-latency     answer at once instead of with a radio's delays
      --quiet-mesh     the other nodes say nothing by themselves
      --replay FILE    play this recording; without the five above
  -h, --help           this text
";
