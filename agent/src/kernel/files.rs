//! Files of a `/proc`: opened, read and closed, with one buffer for all.

use std::{
    fmt::{self, Write as _},
    path::Path,
};

use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{CWD, Mode, OFlags, RawDir, openat},
    io::{Errno, pread, read},
};

use super::text::number;

/// Reads files below one root. Paths are relative to it: `files.read(format_args!("{pid}/status"))`.
pub(super) struct Files {
    root: OwnedFd,
    path: String,
    buf: Vec<u8>,
    dents: Vec<u8>,
}

/// Large enough for all small files in one read; grows with what is read.
const BUF: usize = 16 * 1024;

impl Files {
    /// Opens the root.
    pub(super) fn open(root: &Path) -> Result<Self, Errno> {
        let root = openat(CWD, root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { root, path: String::with_capacity(64), buf: vec![0; BUF], dents: Vec::with_capacity(BUF) })
    }

    /// Reads a file to its end.
    pub(super) fn read(&mut self, path: fmt::Arguments<'_>) -> Result<&[u8], Errno> {
        let file = self.open_file(path, OFlags::empty())?;
        let mut len = 0;
        loop {
            if len == self.buf.len() {
                self.buf.resize(len * 2, 0);
            }
            match read(&file, &mut self.buf[len..])? {
                0 => return Ok(&self.buf[..len]),
                n => len += n,
            }
        }
    }

    /// Reads a file that the kernel writes in one go and that is smaller than the buffer: `stat`, `schedstat`, `status`.
    pub(super) fn read_once(&mut self, path: fmt::Arguments<'_>) -> Result<&[u8], Errno> {
        let file = self.open_file(path, OFlags::empty())?;
        let len = read(&file, &mut self.buf[..])?;
        Ok(&self.buf[..len])
    }

    /// The same of a file in a folder that is open: the kernel need not find its way to the folder again.
    pub(super) fn read_once_in(&mut self, folder: &OwnedFd, path: fmt::Arguments<'_>) -> Result<&[u8], Errno> {
        let file = open_in(folder, &mut self.path, path, OFlags::empty())?;
        let len = read(&file, &mut self.buf[..])?;
        Ok(&self.buf[..len])
    }

    /// The same of a file that is kept open; of a task that has ended it says `ESRCH`, whoever has its number now.
    pub(super) fn read_kept(&mut self, file: impl AsFd) -> Result<&[u8], Errno> {
        let len = pread(file, &mut self.buf[..], 0)?;
        Ok(&self.buf[..len])
    }

    /// Opens a file, to be kept open.
    pub(super) fn open_kept(&mut self, path: fmt::Arguments<'_>) -> Result<OwnedFd, Errno> {
        self.open_file(path, OFlags::empty())
    }

    /// Lists the entries of a folder that are numbers, in rising order: processes, threads. Gives the open folder.
    pub(super) fn numbers(&mut self, path: fmt::Arguments<'_>, into: &mut Vec<u32>) -> Result<OwnedFd, Errno> {
        into.clear();
        let folder = self.open_file(path, OFlags::DIRECTORY)?;
        let mut entries = RawDir::new(&folder, self.dents.spare_capacity_mut());
        while let Some(entry) = entries.next() {
            let name = number(entry?.file_name().to_bytes());
            into.extend(name.and_then(|n| u32::try_from(n).ok()));
        }
        if !into.is_sorted() {
            into.sort_unstable();
        }
        Ok(folder)
    }

    /// Opens a file or folder, for whoever reads it in parts.
    pub(super) fn open_file(&mut self, path: fmt::Arguments<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
        open_in(&self.root, &mut self.path, path, flags)
    }
}

fn open_in(folder: &OwnedFd, text: &mut String, path: fmt::Arguments<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
    text.clear();
    text.write_fmt(path).map_err(|_| Errno::INVAL)?;
    openat(folder, text.as_str(), OFlags::RDONLY | OFlags::CLOEXEC | flags, Mode::empty())
}
