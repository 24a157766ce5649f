//! Files that are kept open, because they are read at each tick: a third of the price of opening them each time.
//!
//! They cost the kernel memory (about 5 KiB each) and this process descriptors, so there is a bound for all together.

use std::sync::Arc;

use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    process::{Resource, getrlimit},
};

/// 8 MiB of the kernel's memory.
const MOST: usize = 1_600;

/// A share of the descriptors that this process may have; the others are for sockets and connections.
const SHARE: u64 = 4;

/// How many files are kept open, and how many may be.
#[derive(Debug)]
pub(super) struct Seats {
    /// One more reference for each file.
    taken: Arc<()>,
    most: usize,
}

/// A file that is kept open. It gives its seat back when dropped.
#[derive(Debug)]
pub(super) struct Kept {
    file: OwnedFd,
    _seat: Arc<()>,
}

impl Seats {
    /// As many as this process may have, within the bound.
    pub(super) fn of_process() -> Self {
        let limit = getrlimit(Resource::Nofile).current.map_or(MOST, |n| usize::try_from(n / SHARE).unwrap_or(MOST));
        Self::bounded(limit.min(MOST))
    }

    /// So many.
    pub(super) fn bounded(most: usize) -> Self {
        Self { taken: Arc::new(()), most }
    }

    /// Keeps a file open, if there is a seat left; closes it otherwise.
    pub(super) fn keep(&self, file: OwnedFd) -> Option<Kept> {
        self.has_room().then(|| Kept { file, _seat: Arc::clone(&self.taken) })
    }

    /// Whether there is a seat left.
    pub(super) fn has_room(&self) -> bool {
        self.n_taken() < self.most
    }

    /// How many files are kept open.
    pub(super) fn n_taken(&self) -> usize {
        Arc::strong_count(&self.taken) - 1
    }
}

impl AsFd for Kept {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
