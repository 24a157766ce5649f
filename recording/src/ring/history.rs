//! A range of a ring, read segment by segment.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    sync::Arc,
};

use crate::reader::{OpenError, Piece, Reader};

use super::segment::Place;

/// What a ring kept of a range of wall time: entries, from the key before the range on, and damage as it is met.
#[derive(Debug)]
pub struct History {
    places: VecDeque<Place>,
    reader: Option<Reader<Source>>,
    from_wall_us: u64,
    to_wall_us: u64,
}

#[derive(Debug)]
enum Source {
    File(File),
    Memory(Cursor<Shared>),
}

#[derive(Debug)]
struct Shared(Arc<Vec<u8>>);

impl History {
    pub(super) fn new(places: VecDeque<Place>, from_wall_us: u64, to_wall_us: u64) -> Self {
        Self { places, reader: None, from_wall_us, to_wall_us }
    }

    fn open(&self, place: Place) -> io::Result<Option<Reader<Source>>> {
        let source = match place {
            Place::Memory(bytes) => Source::Memory(Cursor::new(Shared(bytes))),
            Place::File(path) => match File::open(path) {
                Ok(file) => Source::File(file),
                // It has grown too old since this was asked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            },
        };
        let mut reader = match Reader::open(source) {
            Ok(reader) => reader,
            Err(OpenError::Io(error)) => return Err(error),
            Err(error @ (OpenError::NotARecording | OpenError::Newer(_))) => return Err(io::Error::other(error)),
        };
        reader.seek_wall(self.from_wall_us)?;
        Ok(Some(reader))
    }
}

impl Iterator for History {
    type Item = io::Result<Piece>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(reader) = &mut self.reader else {
                let place = self.places.pop_front()?;
                match self.open(place) {
                    Ok(reader) => self.reader = reader,
                    Err(error) => return Some(Err(error)),
                }
                continue;
            };
            match reader.next() {
                // A wall clock that was set back may return into the range: the segment is read to its end.
                Some(Ok(Piece::Entry(entry))) if entry.wall_us > self.to_wall_us => {}
                Some(piece) => return Some(piece),
                None => {
                    let torn = reader.torn().cloned();
                    self.reader = None;
                    if let Some(torn) = torn {
                        return Some(Ok(Piece::Damage(torn)));
                    }
                }
            }
        }
    }
}

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File(file) => file.read(into),
            Self::Memory(bytes) => bytes.read(into),
        }
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Self::File(file) => file.seek(to),
            Self::Memory(bytes) => bytes.seek(to),
        }
    }
}
