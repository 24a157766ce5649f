//! What the iterators say: their records as plain data, parsed from the bytes of a read.
//!
//! A record starts with its length in bytes (u16), its kind (u8), flags (u8) and a number (u32: the thread of a task, the
//! process of a file); all numbers have the byte order of this machine. `agent/bpf/midair.h` is the other side.

mod file;
mod task;

pub use self::{
    file::{Backlog, Depth, FileKind, FileRecord, TcpRecord},
    task::{LeaderRecord, Memory, Sleeper, TaskRecord},
};

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A thread that neither ran nor waited for a long time.
    Sleeper(Sleeper),
    /// A thread.
    Task(TaskRecord),
    /// A descriptor that holds a queue.
    File(FileRecord<'a>),
    /// So far has a walk over descriptors come.
    Mark(Mark),
}

/// Written at every so many descriptors, so that a read ends soon even where no descriptor holds a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The process whose descriptors are being walked, in the pid namespace of the reader.
    pub pid: u32,
    /// Descriptors seen since the start of the round, of all kinds.
    pub n_files: u64,
}

/// The records in the bytes of a read.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    n_broken: u32,
}

/// Length of what every record starts with.
const HEAD: usize = 8;

const SLEEPER: u8 = 1;
const TASK: u8 = 2;
const LEADER: u8 = 3;
const MARK: u8 = 4;
const FILE: u8 = 5;

impl<'a> Records<'a> {
    /// Reads from the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, n_broken: 0 }
    }

    /// The bytes that are left: after the last record those of one that has not come as a whole.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Records that could not be understood: of an unknown kind, or shorter than their kind is.
    pub fn n_broken(&self) -> u32 {
        self.n_broken
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        loop {
            let len = usize::from(u16::from_ne_bytes([*self.rest.first()?, *self.rest.get(1)?]));
            if len < HEAD {
                // There is no next start to be found.
                self.n_broken += 1;
                self.rest = &[];
                return None;
            }
            let bytes = self.rest.get(..len)?;
            self.rest = &self.rest[len..];
            match parse(bytes) {
                Some(record) => return Some(record),
                None => self.n_broken += 1,
            }
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Record<'_>> {
    let fields = Fields(bytes);
    match bytes[2] {
        SLEEPER => task::sleeper(fields).map(Record::Sleeper),
        TASK => task::task(fields).map(Record::Task),
        LEADER => task::leader(fields).map(Record::Task),
        MARK => Some(Record::Mark(Mark { pid: fields.u32(4)?, n_files: fields.u64(8)? })),
        FILE => file::file(fields).map(Record::File),
        _ => None,
    }
}

/// The bytes of one record, its head included.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn array<const N: usize>(self, at: usize) -> Option<[u8; N]> {
        self.0.get(at..)?.first_chunk().copied()
    }

    fn u8(self, at: usize) -> Option<u8> {
        self.0.get(at).copied()
    }

    fn u16(self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_ne_bytes)
    }

    fn u32(self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_ne_bytes)
    }

    fn u64(self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_ne_bytes)
    }

    fn bytes(self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.0.get(at..)?.get(..len)
    }

    /// Flags of the head.
    fn flags(self) -> u8 {
        self.0[3]
    }
}

#[cfg(test)]
mod tests;
