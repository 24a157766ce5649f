//! The directory of a ring: one owner, and files whose names are numbers.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use crate::reader::{OpenError, Reader};

use super::segment::{Place, Segment, Sink};

/// Digits of a number in a name, so that names sort as numbers.
const DIGITS: usize = 12;

/// A directory that belongs to this ring as long as it is held.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    /// Its lock ends with it, however the program ends.
    _lock: File,
}

impl Directory {
    /// Makes the directory where it is missing, takes it, and lists what an earlier run left there, the oldest first.
    ///
    /// # Errors
    /// In words: it cannot be made or written, or belongs to another program that runs.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Segment>), String> {
        let words = |doing: &str, error: io::Error| format!("cannot {doing} {}: {error}", path.display());
        // Names of commands and users are in there.
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| words("make", e))?;
        let lock = path.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(lock);
        let lock = lock.map_err(|e| words("write to", e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!("{} is the black box of another agent that runs", path.display()));
            }
            Err(TryLockError::Error(error)) => return Err(words("lock", error)),
        }
        let segments = segments(path).map_err(|e| words("read", e))?;
        Ok((Self { path: path.to_path_buf(), _lock: lock }, segments))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file of a segment.
    pub(super) fn create(&self, number: u64) -> io::Result<Sink> {
        let path = self.path.join(format!("{number:0DIGITS$}.midair"));
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
        Ok(Sink::File(path, file))
    }
}

/// The number of a segment, by the name of its file; `None` for what is not ours.
fn number(path: &Path) -> Option<u64> {
    let stem = path.file_stem()?.to_str()?;
    let is_ours = path.extension()? == "midair" && stem.len() == DIGITS && stem.bytes().all(|b| b.is_ascii_digit());
    stem.parse().ok().filter(|_| is_ours)
}

fn segments(path: &Path) -> io::Result<Vec<Segment>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let Some(number) = number(&path) else { continue };
        let n_bytes = fs::metadata(&path)?.len();
        match wall_range(&path) {
            Ok(Some((first_wall_us, last_wall_us))) => {
                segments.push(Segment { number, place: Place::File(path), n_bytes, first_wall_us, last_wall_us });
            }
            // A crash before the first second was written, or nothing left of it.
            Ok(None) | Err(OpenError::NotARecording) => fs::remove_file(&path)?,
            // It counts and goes with its age; it may be of a newer midair.
            Err(OpenError::Io(_) | OpenError::Newer(_)) => {
                let at = changed_us(&path)?;
                let place = Place::File(path);
                segments.push(Segment { number, place, n_bytes, first_wall_us: at, last_wall_us: at });
            }
        }
    }
    segments.sort_by_key(|segment| segment.number);
    Ok(segments)
}

/// Wall time of the first and last entry of a file; `None` where there is none.
fn wall_range(path: &Path) -> Result<Option<(u64, u64)>, OpenError> {
    let reader = Reader::open(File::open(path)?)?;
    let blocks = reader.blocks();
    let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else { return Ok(None) };
    Ok(Some((first.wall_us, last.wall_us.saturating_add(last.last_us.saturating_sub(last.first_us)))))
}

fn changed_us(path: &Path) -> io::Result<u64> {
    let since = fs::metadata(path)?.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Ok(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
