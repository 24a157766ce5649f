//! What a VM shows without being asked: the crash dump that it writes.

use std::io;

use midair_proto::v1::CrashDump;
use rustix::fs::{FileType, OFlags, ResolveFlags, fstat};

use super::place;

/// Between two looks, microseconds.
const EVERY_US: u64 = 2_000_000;

/// The crash dump of one VM.
#[derive(Debug)]
pub(super) struct Dump {
    pid: u32,
    looked_us: u64,
    /// Where it would be, as the VM sees it.
    path: String,
    /// Size and time of change of the one that was there before the VM was watched.
    before: Option<(u64, i64)>,
    bytes: Option<u64>,
}

impl Dump {
    pub(super) fn new(pid: u32) -> Self {
        // erl(1): ERL_CRASH_DUMP, else erl_crash.dump in its working directory.
        let path = place::variable(pid, "ERL_CRASH_DUMP").unwrap_or_else(|| "erl_crash.dump".into());
        let before = state(pid, &path).ok(); // Most VMs have never written one.
        Self { pid, looked_us: 0, path, before, bytes: None }
    }

    /// Looks, where it is time to. It may take as long as the file system of the VM likes.
    pub(super) fn look(&mut self, now_us: u64) -> Option<CrashDump> {
        if self.looked_us > 0 && now_us.saturating_sub(self.looked_us) < EVERY_US || self.pid == 0 {
            return None;
        }
        self.looked_us = now_us;
        // As above.
        let now = state(self.pid, &self.path).ok().filter(|now| Some(*now) != self.before)?;
        let is_growing = self.bytes.is_none_or(|before| now.0 > before);
        self.bytes = Some(now.0);
        Some(CrashDump { path: Some(self.path.clone()), bytes: Some(now.0), is_growing: Some(is_growing) })
    }
}

/// Size and time of change.
fn state(pid: u32, path: &str) -> io::Result<(u64, i64)> {
    // Below its working directory nothing leads out of it; one that does is no dump that we know.
    let (from, bounds) =
        if path.starts_with('/') { ("root", ResolveFlags::IN_ROOT) } else { ("cwd", ResolveFlags::BENEATH) };
    let found = fstat(place::open_inside(pid, from, path, OFlags::PATH, bounds)?)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok((u64::try_from(found.st_size).unwrap_or(0), found.st_mtime))
}

#[cfg(test)]
mod tests;
