//! One file of a ring, or its like in memory.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
    sync::Arc,
};

/// A segment that is not written any more.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Counts the segments of a ring; a later one has a higher number.
    pub(super) number: u64,
    pub(super) place: Place,
    pub(super) n_bytes: u64,
    pub(super) first_wall_us: u64,
    pub(super) last_wall_us: u64,
}

impl Segment {
    pub(super) fn remove(&self) -> io::Result<()> {
        match &self.place {
            Place::Memory(_) => Ok(()),
            Place::File(path) => match fs::remove_file(path) {
                // Somebody else has removed it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        }
    }
}

/// Where a segment is read.
#[derive(Clone, Debug)]
pub(super) enum Place {
    File(PathBuf),
    Memory(Arc<Vec<u8>>),
}

/// Where a segment is written.
#[derive(Debug)]
pub(super) enum Sink {
    File(PathBuf, File),
    /// Shared with those who read it; they have what was there when they asked.
    Memory(Arc<Vec<u8>>),
}

impl Sink {
    pub(super) fn memory() -> Self {
        Self::Memory(Arc::default())
    }

    /// Where what was written so far can be read.
    pub(super) fn place(&self) -> Place {
        match self {
            Self::File(path, _) => Place::File(path.clone()),
            Self::Memory(bytes) => Place::Memory(bytes.clone()),
        }
    }

    pub(super) fn length(&self) -> io::Result<u64> {
        match self {
            Self::File(_, file) => Ok(file.metadata()?.len()),
            Self::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(_, file) => file.write(bytes),
            Self::Memory(held) => {
                Arc::make_mut(held).extend_from_slice(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
