//! Small files that survive a power cut: written beside the old one, synced,
//! then put in its place.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Of files that belong to the bot alone.
pub const PRIVATE: u32 = 0o600;

/// The text of a file of ours.
///
/// What is no ordinary file, or longer than `largest` bytes, is not opened: it
/// could hold up the start for ever.
///
/// # Errors
/// When it is not there, not ours, or cannot be read.
pub fn read(path: &Path, largest: u64) -> io::Result<String> {
    let about = fs::metadata(path)?;
    if !about.is_file() || about.len() > largest {
        return Err(io::Error::other("not a small file"));
    }
    fs::read_to_string(path)
}

/// Puts `text` in the place of the file, durably. Each thread writes beside it
/// under its own name first, so that two never write into each other's.
///
/// # Errors
/// When the folder cannot be written to; the old file is intact then.
pub fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new-");
    name.push(std::thread::current().name().unwrap_or("nobody"));
    let new = path.with_file_name(name);
    // Nobody else may read who has asked for what.
    let mut options = File::options();
    options
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE);
    let mut file = options.open(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if let Err(error) = fs::rename(&new, path) {
        // What cannot be put in its place is of no use beside it.
        let _ = fs::remove_file(&new);
        return Err(error);
    }
    File::open(folder(path))?.sync_all()
}

/// Whether a file can be put there when the time comes.
///
/// # Errors
/// When its folder is missing or closed to this user.
pub fn check(path: &Path) -> io::Result<()> {
    let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    Ok(rustix::fs::access(folder(path), access)?)
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn two_writers_leave_a_whole_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let texts = ["a".repeat(50_000), "b".repeat(90_000)];
        std::thread::scope(|scope| {
            for (text, name) in texts.iter().zip(["one", "two"]) {
                let path = &path;
                let writer = std::thread::Builder::new().name(name.to_owned());
                let write = move || (0..20).for_each(|_| replace(path, text).unwrap());
                writer.spawn_scoped(scope, write).unwrap();
            }
        });
        assert!(texts.contains(&read(&path, 1_000_000).unwrap()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, PRIVATE, "nobody else reads it");
    }
}
