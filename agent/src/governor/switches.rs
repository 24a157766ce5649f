//! The directory whose files switch off parts of the agent: looked at before each reading, read when it has changed.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::off::{Off, PARTS};

/// Files that are looked at; more than there are parts tell nothing more.
const N_FILES: usize = 64;

/// A reason is cut after so many bytes of the first line.
const REASON_BYTES: usize = 200;

/// A directory that has changed within this time is read again, and so are its files: a reason is written a moment after
/// its file was made, and two changes may bear the same stamp. Microseconds.
const SETTLES_US: u64 = 3_000_000;

/// The switches of a host.
#[derive(Debug)]
pub struct Switches {
    dir: PathBuf,
    /// What tells one state of the directory from another; `None` while it is not there.
    stamp: Option<Stamp>,
    /// Until when it is read again though its stamp stands, `CLOCK_MONOTONIC` in microseconds.
    settles_us: u64,
    off: Off,
}

/// Inode and time of the last change of the names in a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    mtime: (i64, i64),
}

impl Switches {
    /// Of a directory that may or may not be there.
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, stamp: None, settles_us: 0, off: Off::default() }
    }

    /// What is switched off now. Costs one call where nothing has changed.
    pub fn look(&mut self, now_us: u64) -> &Off {
        // Not there, or closed to this user: nothing is switched off.
        let stamp = fs::metadata(&self.dir).ok().filter(fs::Metadata::is_dir).map(|dir| Stamp::of(&dir));
        if stamp != self.stamp {
            self.settles_us = now_us + SETTLES_US;
        }
        if stamp != self.stamp || (stamp.is_some() && now_us < self.settles_us) {
            self.stamp = stamp;
            let off = self.read();
            if off != self.off {
                tracing::warn!(dir = %self.dir.display(), off = off.words(), "parts are switched off or on");
                self.off = off;
            }
        }
        &self.off
    }

    fn read(&self) -> Off {
        let Ok(files) = fs::read_dir(&self.dir) else { return Off::default() };
        let part = |file: fs::DirEntry| {
            let name = file.file_name().into_string().ok()?;
            if !PARTS.iter().any(|(part, _)| *part == name) {
                tracing::warn!(file = %file.path().display(), "names no part of this agent that can be switched off");
                return None;
            }
            let why = why(&file.path());
            Some((name, why))
        };
        Off::of(files.flatten().take(N_FILES).filter_map(part))
    }
}

impl Stamp {
    fn of(dir: &fs::Metadata) -> Self {
        Self { inode: dir.ino(), mtime: (dir.mtime(), dir.mtime_nsec()) }
    }
}

/// What the state of a part says that this file switches off.
fn why(path: &Path) -> Arc<str> {
    let reason = reason(path).unwrap_or_default();
    let colon = if reason.is_empty() { "" } else { ": " };
    format!("switched off by {}{colon}{reason}", path.display()).into()
}

/// The first line of a file, without what could disturb a screen or a log.
fn reason(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    // A pipe of that name would hold up the sampler for ever.
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    File::open(path).ok()?.take(REASON_BYTES as u64).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line: String = text.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    Some(line.trim().to_owned())
}

#[cfg(test)]
mod tests;
