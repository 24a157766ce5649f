//! The descriptors of one process, in slices: the folder stays open and the kernel remembers how far it was read.

use rustix::{
    fd::OwnedFd,
    fs::{OFlags, PROC_SUPER_MAGIC, RawDir, fstat, fstatfs, readlinkat_raw},
    io::Errno,
};

use crate::kernel::{files::Files, text::number};

/// A folder of descriptors that is being read.
#[derive(Debug)]
pub(crate) struct Descriptors {
    folder: OwnedFd,
    dents: Vec<u8>,
    link: [u8; 64],
    /// How many there are, where the kernel says.
    n_files: Option<u32>,
}

/// One descriptor: its number and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// Its number.
    pub(crate) fd: u32,
    /// What it is.
    pub(crate) what: Target,
}

/// Where a descriptor leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// To the socket of an inode.
    Socket(u64),
    /// To the pipe of an inode.
    Pipe(u64),
    /// Elsewhere.
    Other,
}

/// Room for so many bytes of entries; about 170 of 24 bytes are read in one call.
const DENTS: usize = 4 * 1024;

impl Descriptors {
    /// Opens the folder of a process.
    pub(crate) fn open(files: &mut Files, pid: u32) -> Result<Self, Errno> {
        let folder = files.open_file(format_args!("{pid}/fd"), OFlags::DIRECTORY)?;
        // Since Linux 6.2 the folder's size is the number of descriptors (proc(5)); before it is zero. In a copy of such
        // a folder it may be anything.
        let is_proc = fstatfs(&folder).is_ok_and(|stat| stat.f_type == PROC_SUPER_MAGIC);
        let size = fstat(&folder).ok().filter(|_| is_proc).map(|stat| stat.st_size);
        let n_files = size.filter(|size| *size > 0).and_then(|size| u32::try_from(size).ok());
        Ok(Self { folder, dents: Vec::with_capacity(DENTS), link: [0; 64], n_files })
    }

    /// How many there are, where the kernel says.
    pub(crate) fn n_files(&self) -> Option<u32> {
        self.n_files
    }

    /// Shows `each` about `most` of them; says how many it was, and whether these were the last. Links that vanish are
    /// skipped.
    pub(crate) fn read(&mut self, most: u32, each: &mut dyn FnMut(Descriptor)) -> Result<(u32, bool), Errno> {
        let mut n = 0;
        let mut entries = RawDir::new(&self.folder, self.dents.spare_capacity_mut());
        // Only at the end of what one call gave is nothing lost by leaving off.
        while n < most || !entries.is_buffer_empty() {
            let Some(entry) = entries.next() else { return Ok((n, true)) };
            let entry = entry?;
            let Some(fd) = number(entry.file_name().to_bytes()).and_then(|fd| u32::try_from(fd).ok()) else { continue };
            n += 1;
            // Longer links are paths; what is cut off of them is of no matter.
            if let Ok(len) = readlinkat_raw(&self.folder, entry.file_name(), &mut self.link[..]) {
                each(Descriptor { fd, what: target(&self.link[..len]) });
            }
        }
        Ok((n, false))
    }
}

/// `socket:[8101]`, `pipe:[8102]`, a path.
fn target(link: &[u8]) -> Target {
    let inode = |prefix: &[u8]| number(link.strip_prefix(prefix)?.strip_suffix(b"]")?);
    match (inode(b"socket:["), inode(b"pipe:[")) {
        (Some(inode), _) => Target::Socket(inode),
        (_, Some(inode)) => Target::Pipe(inode),
        (None, None) => Target::Other,
    }
}
