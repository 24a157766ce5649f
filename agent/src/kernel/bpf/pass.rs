//! One pass of an iterator: reads, and the records in them.

use rustix::{
    fd::OwnedFd,
    io::{Errno, read},
};

use super::record::{Record, Records};

/// As much as a read brings at most: the kernel's own buffer is 8 pages (`bpf_seq_read`, kernel/bpf/bpf_iter.c).
pub(super) const MOST: usize = 64 * 1024;

/// A pass, and the room that it reads into.
#[derive(Default)]
pub(super) struct Pass {
    fd: Option<OwnedFd>,
    bytes: Vec<u8>,
    /// INVARIANT: at the start of `bytes` so many are the start of a record whose rest the next read brings.
    n_kept: usize,
    n_broken: u32,
}

impl Pass {
    /// Starts anew with an iterator that has just been opened.
    pub(super) fn open(&mut self, fd: OwnedFd) {
        *self = Self { fd: Some(fd), bytes: std::mem::take(&mut self.bytes), n_kept: 0, n_broken: 0 };
    }

    /// Whether a pass is going on.
    pub(super) fn is_open(&self) -> bool {
        self.fd.is_some()
    }

    /// Ends it, and says how many records could not be understood.
    pub(super) fn close(&mut self) -> u32 {
        self.fd = None;
        std::mem::take(&mut self.n_broken)
    }

    /// Reads up to `most` bytes and hands out their records. Returns how many bytes it read: none at the end.
    pub(super) fn read(&mut self, most: usize, each: &mut dyn FnMut(&Record<'_>)) -> Result<usize, Errno> {
        let Some(fd) = &self.fd else { return Ok(0) };
        self.bytes.resize(self.bytes.len().max(self.n_kept + most), 0);
        let n = loop {
            match read(fd, &mut self.bytes[self.n_kept..self.n_kept + most]) {
                // Again: a million objects went by without a record.
                Err(Errno::INTR | Errno::AGAIN) => {}
                Err(error) => {
                    self.fd = None;
                    return Err(error);
                }
                Ok(n) => break n,
            }
        };
        let end = self.n_kept + n;
        let mut records = Records::new(&self.bytes[..end]);
        for record in &mut records {
            each(&record);
        }
        self.n_broken += records.n_broken();
        self.n_kept = records.rest().len();
        self.bytes.copy_within(end - self.n_kept..end, 0);
        Ok(n)
    }
}
