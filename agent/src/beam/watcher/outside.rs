//! What a VM shows without being asked: whether it runs, and the crash dump that it writes.

use std::{fs, io::Read, os::fd::OwnedFd};

use midair_proto::v1::CrashDump;
use rustix::fs::{FileType, OFlags, ResolveFlags, fstat};

use super::place;

/// Between two looks, microseconds.
const EVERY_US: u64 = 2_000_000;

/// The slogan is its third line, and short mostly.
const HEAD_BYTES: u64 = 4096;

/// What a crash dump begins with.
const DUMP: &str = "=erl_crash_dump:";

/// A task that ends (kernel: include/linux/sched.h, `PF_EXITING`).
const EXITING: u64 = 0x4;

/// The crash dump of one VM.
///
/// Its folder is held open: a small dump is there only when the process has ended, and then nobody else knows the way.
#[derive(Debug)]
pub(super) struct Dump {
    folder: Option<OwnedFd>,
    looked_us: u64,
    /// Where it would be, as the VM sees it.
    path: String,
    /// Size and time of change of the one that was there before the VM was watched.
    before: Option<(u64, i64)>,
    bytes: Option<u64>,
    slogan: Option<String>,
}

/// A dump that was found.
#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) dump: CrashDump,
    /// Why the VM ended, as it says in there.
    pub(super) slogan: Option<String>,
}

impl Dump {
    pub(super) fn new(pid: u32) -> Self {
        // erl(1): ERL_CRASH_DUMP, else erl_crash.dump in its working directory.
        Self::at(pid, place::variable(pid, "ERL_CRASH_DUMP").unwrap_or_else(|| "erl_crash.dump".into()))
    }

    fn at(pid: u32, path: String) -> Self {
        let from = if path.starts_with('/') { "root" } else { "cwd" };
        // Where it may not be opened, no dump is seen.
        let folder = place::folder(pid, from).ok();
        let mut dump = Self { folder, looked_us: 0, path, before: None, bytes: None, slogan: None };
        dump.before = dump.state(); // Most VMs have never written one.
        dump
    }

    /// Looks, where it is time to. It may take as long as the file system of the VM likes.
    pub(super) fn look(&mut self, now_us: u64) -> Option<Found> {
        if self.looked_us > 0 && now_us.saturating_sub(self.looked_us) < EVERY_US {
            return None;
        }
        self.looked_us = now_us;
        self.look_now()
    }

    /// Looks.
    pub(super) fn look_now(&mut self) -> Option<Found> {
        let now = self.state().filter(|now| Some(*now) != self.before)?;
        let is_growing = self.bytes.is_none_or(|before| now.0 > before);
        self.bytes = Some(now.0);
        self.slogan = self.slogan.take().or_else(|| self.read_slogan());
        let dump = CrashDump { path: Some(self.path.clone()), bytes: Some(now.0), is_growing: Some(is_growing) };
        Some(Found { dump, slogan: self.slogan.clone() })
    }

    fn open(&self, how: OFlags) -> Option<OwnedFd> {
        // Below its working directory nothing leads out of it; one that does is no dump that we know.
        let bounds = if self.path.starts_with('/') { ResolveFlags::IN_ROOT } else { ResolveFlags::BENEATH };
        place::open_below(self.folder.as_ref()?, &self.path, how, bounds).ok() // There is none.
    }

    /// Size and time of change.
    fn state(&self) -> Option<(u64, i64)> {
        let found = fstat(self.open(OFlags::PATH)?).ok()?; // It has been taken away.
        let is_file = FileType::from_raw_mode(found.st_mode) == FileType::RegularFile;
        is_file.then(|| (u64::try_from(found.st_size).unwrap_or(0), found.st_mtime))
    }

    /// What it says was the reason. Another file than a dump says nothing, whatever its path is.
    fn read_slogan(&self) -> Option<String> {
        let file = fs::File::from(self.open(OFlags::RDONLY)?);
        file.metadata().ok().filter(fs::Metadata::is_file)?; // Nor does a pipe.
        let mut head = Vec::new();
        file.take(HEAD_BYTES).read_to_end(&mut head).ok()?; // It may be on a disk that is broken.
        slogan(&String::from_utf8_lossy(&head)).map(str::to_owned)
    }
}

fn slogan(head: &str) -> Option<&str> {
    let slogan = head.strip_prefix(DUMP)?.lines().find_map(|line| line.strip_prefix("Slogan: "))?;
    Some(slogan.trim()).filter(|slogan| !slogan.is_empty())
}

/// Whether an OS process runs on, and is not about to end (proc(5), stat: state, and the ninth field, its flags).
pub(super) fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default(); // It has ended.
    // Its name may hold anything but what follows the last bracket.
    let after = stat.rsplit_once(')').map_or("", |(_, after)| after);
    let mut words = after.split_whitespace();
    let state = words.next().unwrap_or("X");
    let flags: Option<u64> = words.nth(5).and_then(|flags| flags.parse().ok()); // The kernel writes numbers.
    !matches!(state, "X" | "Z") && flags.is_some_and(|flags| flags & EXITING == 0)
}

#[cfg(test)]
mod tests;
