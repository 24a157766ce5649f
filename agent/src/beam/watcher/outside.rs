//! What a VM shows without being asked: the crash dump that it writes.

use std::{fs, os::unix::fs::MetadataExt, path::PathBuf};

use midair_proto::v1::{CrashDump, Vm};

use super::place;

/// Between two looks, microseconds.
const EVERY_US: u64 = 2_000_000;

/// The crash dump of one VM.
#[derive(Debug)]
pub(super) struct Dump {
    pid: u32,
    looked_us: u64,
    /// Where it would be: as the VM sees it, and as we do.
    place: Option<(String, PathBuf)>,
    /// Size and time of change of the one that was there before the VM was watched.
    before: Option<(u64, i64)>,
    bytes: Option<u64>,
}

impl Dump {
    pub(super) fn new(pid: u32) -> Self {
        // erl(1): ERL_CRASH_DUMP, else erl_crash.dump in its working directory.
        let named = place::variable(pid, "ERL_CRASH_DUMP").unwrap_or_else(|| "erl_crash.dump".into());
        let below = if named.starts_with('/') { format!("/proc/{pid}/root") } else { format!("/proc/{pid}/cwd/") };
        let place = Some((named.clone(), PathBuf::from(below + &named)));
        let before = place.as_ref().and_then(|(_, path)| state(path));
        Self { pid, looked_us: 0, place, before, bytes: None }
    }

    /// Looks, where it is time to.
    pub(super) fn look(&mut self, now_us: u64, vm: &mut Vm) {
        if self.looked_us > 0 && now_us.saturating_sub(self.looked_us) < EVERY_US || self.pid == 0 {
            return;
        }
        self.looked_us = now_us;
        let Some((named, path)) = &self.place else { return };
        let Some(now) = state(path).filter(|now| Some(*now) != self.before) else { return };
        let is_growing = self.bytes.is_none_or(|before| now.0 > before);
        self.bytes = Some(now.0);
        vm.crash_dump = Some(CrashDump { path: Some(named.clone()), bytes: Some(now.0), is_growing: Some(is_growing) });
    }
}

fn state(path: &std::path::Path) -> Option<(u64, i64)> {
    let found = fs::metadata(path).ok().filter(fs::Metadata::is_file)?; // Most VMs have never written one.
    Some((found.len(), found.mtime()))
}
