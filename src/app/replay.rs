//! `meshbot sim --replay`: a recorded node behind a port, until it was played or
//! a signal comes.

use std::io::{ErrorKind, Read};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::Path;

use crossbeam_channel::bounded;

use super::AppError;
use crate::recording::Recording;
use crate::signals::{Came, Hangup, Stop};
use crate::sim::tape::{self, Tape};
use crate::thread::spawn;

/// The longest recording that is read: what `--record-limit` allows.
const LONGEST: u64 = 1_024 * 1_024 * 1_024;

/// Plays the recording in `path` to whoever connects to `listen`; says through
/// `print` where that is, and at the end what came of it.
///
/// # Errors
/// [`AppError`] when it cannot be read or nobody can listen there.
pub fn replay(
    path: &Path,
    listen: SocketAddr,
    print: impl Fn(&str) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let stop = Stop::on_signals(Hangup::Ends)?;
    let said = |why: &str| AppError::Failed(format!("{}: {why}", path.display()));
    let text = read(path).map_err(|error| said(&error.to_string()))?;
    let tape = Tape::new(Recording::parse(&text).map_err(|why| said(&why))?);
    drop(text);
    let (listener, addr) =
        tape::bind(listen).map_err(|error| AppError::Failed(format!("{listen}: {error}")))?;
    print(&format!(
        "recorded node with {} connections to play, listening on {addr}\n",
        tape.left()
    ))?;
    let (word, ends) = UnixStream::pair()?;
    let (done, played) = bounded(1);
    let wake = stop.wake();
    let thread = spawn(
        "sim",
        move |_| wake(),
        move || {
            let _ = done.send(tape::serve(&listener, tape, &ends));
        },
    )?;
    let early = match stop.wait_for(&played)? {
        Came::Result(played) => Some(played?),
        Came::Nothing => return Err(said("the node broke off")),
        Came::Signal => None,
    };
    // The other end can be read now, which is the word to stop.
    drop(word);
    let _ = thread.join();
    let played = match early {
        Some(played) => played,
        None => (played.try_recv()).map_err(|_| said("the node broke off"))??,
    };
    print(&format!(
        "played {} connections; the node spoke {} times, {} things that it waited for did not \
         come\n",
        played.connections, played.said, played.missing
    ))
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    if file.take(LONGEST + 1).read_to_string(&mut text)? as u64 > LONGEST {
        return Err(std::io::Error::new(
            ErrorKind::InvalidData,
            "it is too long",
        ));
    }
    Ok(text)
}
