//! Files that are read again and again: opened once, then read from their start.
//!
//! Opening costs two to four times what reading does (kernel 6.18: `/proc/net/netstat` 61 us opened each time, 20 us kept
//! open; `cpu.stat` of a cgroup 2.8 and 0.8).

use rustix::{
    fd::{AsFd, BorrowedFd, OwnedFd},
    fs::{Mode, OFlags, openat},
    io::{Errno, pread},
};

/// A file that is kept open once it could be opened.
#[derive(Debug)]
pub(super) struct Kept {
    path: Box<str>,
    file: Option<OwnedFd>,
    /// Readings to go before an absent file is looked for again.
    rest: u8,
}

/// An absent file is looked for again after so many readings: a module may have been loaded, a controller enabled.
const LOOK_AGAIN: u8 = 30;

/// What the texts are read into: one buffer for many files, grown to the largest.
#[derive(Debug, Default)]
pub(super) struct Page(Vec<u8>);

/// Enough for nearly all files of the kernel at once.
const PAGE: usize = 8 * 1024;

/// A file larger than this is not what it seems.
const PAGE_MAX: usize = 8 * 1024 * 1024;

impl Page {
    /// Reads a whole file from its start, in as many steps as the kernel makes of it.
    pub(super) fn read(&mut self, file: BorrowedFd<'_>) -> Result<&[u8], Errno> {
        self.grow(PAGE);
        let mut len = 0;
        loop {
            if len == self.0.len() {
                if len >= PAGE_MAX {
                    return Err(Errno::FBIG);
                }
                self.grow(len * 2);
            }
            match pread(file, &mut self.0[len..], len as u64)? {
                0 => return Ok(&self.0[..len]),
                n => len += n,
            }
        }
    }

    /// Reads a file of a few words. The kernel gives them in one go, and of a sysctl it first takes memory for as many bytes
    /// as are asked for (`proc_sys_call_handler`, fs/proc/proc_sysctl.c): 90 us for a megabyte.
    pub(super) fn read_short(&mut self, file: BorrowedFd<'_>) -> Result<&[u8], Errno> {
        self.grow(PAGE);
        let len = pread(file, &mut self.0[..512], 0)?;
        Ok(&self.0[..len])
    }

    fn grow(&mut self, len: usize) {
        if self.0.len() < len {
            self.0.resize(len, 0);
        }
    }
}

impl Kept {
    /// A file below some folder, not opened yet.
    pub(super) fn new(path: impl Into<Box<str>>) -> Self {
        Self { path: path.into(), file: None, rest: 0 }
    }

    /// The file's whole text; `None` where it is absent or may not be read.
    pub(super) fn read<'p>(&mut self, folder: BorrowedFd<'_>, page: &'p mut Page) -> Option<&'p [u8]> {
        self.read_with(folder, |file| page.read(file))
    }

    /// The same of a file of a few words.
    pub(super) fn read_short<'p>(&mut self, folder: BorrowedFd<'_>, page: &'p mut Page) -> Option<&'p [u8]> {
        self.read_with(folder, |file| page.read_short(file))
    }

    /// Gives the descriptor back; the next reading opens the file again.
    pub(super) fn close(&mut self) {
        self.file = None;
        self.rest = 0;
    }

    fn read_with<'p>(
        &mut self,
        folder: BorrowedFd<'_>,
        read: impl FnOnce(BorrowedFd<'_>) -> Result<&'p [u8], Errno>,
    ) -> Option<&'p [u8]> {
        if self.file.is_none() {
            if self.rest > 0 {
                self.rest -= 1;
                return None;
            }
            self.file = open(folder, &self.path).ok();
        }
        let text = self.file.as_ref().and_then(|file| read(file.as_fd()).ok());
        if text.is_none() {
            // What it was opened for may be gone (a cgroup that was removed answers ENODEV): next time it is opened anew.
            self.file = None;
            self.rest = LOOK_AGAIN;
        }
        text
    }
}

/// Opens a file for reading.
pub(super) fn open(folder: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Errno> {
    openat(folder, path, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
}
