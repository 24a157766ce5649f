//! A walk over descriptors, in slices: its iterator is kept open and keeps its place.

use std::sync::Arc;

use rustix::io::Errno;

use super::{
    iterators::{Iterators, Over},
    pass::Pass,
    record::{FileRecord, Record},
};

/// A walk over the descriptors of this host or of one process.
pub struct FileWalk {
    iterators: Arc<Iterators>,
    pid: Option<u32>,
    pass: Pass,
    n_files: u64,
    /// How many the last round saw.
    n_last: Option<u64>,
    n_broken: u32,
}

/// How far a slice came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Descriptors that it saw, of all kinds.
    pub n_files: u64,
    /// The same of the round so far, this slice included.
    pub n_round: u64,
    /// The round is complete; the next slice starts a new one.
    pub is_round_done: bool,
}

/// Read at once: with one mark of 256 bytes per 64 descriptors at most 1,024 that hold no queue, or about 20 that do.
const READ: usize = 4096;

/// The same where the last round saw no more than [`FEW`]: the kernel looks for its place anew at each read.
const READ_OF_FEW: usize = 16 * 1024;
const FEW: u64 = 4096;

impl FileWalk {
    pub(super) fn new(iterators: Arc<Iterators>, pid: Option<u32>) -> Self {
        Self { iterators, pid, pass: Pass::default(), n_files: 0, n_last: None, n_broken: 0 }
    }

    /// Goes on over about `n_files` descriptors, or to the end of the round: never more than a read beyond (1,024, or 4,096
    /// where the last round saw no more).
    pub fn slice(&mut self, n_files: u64, each: &mut dyn FnMut(&FileRecord<'_>)) -> Result<Progress, Errno> {
        if !self.pass.is_open() {
            self.pass.open(match self.pid {
                Some(pid) => self.iterators.open_files_of(pid)?,
                None => self.iterators.open(Over::Files)?,
            });
            self.n_files = 0;
        }
        let start = self.n_files;
        let mut is_round_done = false;
        let most = if self.n_last.is_some_and(|n| n <= FEW) { READ_OF_FEW } else { READ };
        while !is_round_done && self.n_files - start < n_files {
            let mut take = |record: &Record<'_>| match record {
                Record::File(file) => each(file),
                Record::Mark(mark) => self.n_files = mark.n_files,
                Record::Task(_) | Record::Sleeper(_) => {}
            };
            is_round_done = self.pass.read(most, &mut take)? == 0;
        }
        if is_round_done {
            self.n_last = Some(self.n_files);
            self.n_broken += self.pass.close();
        }
        Ok(Progress { n_files: self.n_files - start, n_round: self.n_files, is_round_done })
    }

    /// Records that could not be understood, in all rounds that are done.
    pub fn n_broken(&self) -> u32 {
        self.n_broken
    }
}
