//! Filesystems on disks: how full they are (statvfs(3)).

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use midair_vitals::Filesystem;
use rustix::fs::statvfs;

use crate::kernel::mounts::{Mount, mounts};

/// The filesystems, and what was found when they were last looked at.
#[derive(Debug)]
pub(super) struct Filesystems {
    mountinfo: PathBuf,
    found: Vec<Filesystem>,
    looked_us: Option<u64>,
}

/// They fill slowly, and hosts with many containers have thousands of mounts.
const EVERY_US: u64 = 10_000_000;

/// Filesystems that a reading carries, and that are looked at.
const SHOWN_MAX: usize = 16;
const LOOKED_AT_MAX: usize = 64;

/// Types that answer from this host's memory and disks. Of others (network, FUSE, a pipe to a program) an answer may never
/// come, and the agent would hang in the kernel.
const LOCAL: [&str; 14] = [
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "vfat", "exfat", "ntfs3", "jfs", "reiserfs", "bcachefs", "nilfs2",
    "zfs",
];

/// Types that live in memory, or on such disks, and never wait. Below mounts of any other type nothing is looked for: on the
/// way there the kernel may wait as well.
const HARMLESS: [&str; 15] = [
    "tmpfs",
    "devtmpfs",
    "proc",
    "sysfs",
    "cgroup",
    "cgroup2",
    "overlay",
    "ramfs",
    "squashfs",
    "erofs",
    "devpts",
    "bpf",
    "debugfs",
    "tracefs",
    "securityfs",
];

impl Filesystems {
    /// Those that the mounts of this process show; `root` is that of a `/proc`.
    pub(super) fn new(root: &Path) -> Self {
        Self { mountinfo: root.join("self/mountinfo"), found: Vec::new(), looked_us: None }
    }

    /// The filesystems, looked at again if it is time.
    pub(super) fn read(&mut self, now_us: u64) -> &[Filesystem] {
        if self.looked_us.is_none_or(|at_us| now_us.saturating_sub(at_us) >= EVERY_US) {
            self.looked_us = Some(now_us);
            // Without mounts there are no filesystems: none is known, and none is shown.
            let text = std::fs::read(&self.mountinfo).unwrap_or_default();
            self.found = on_disks(&text).into_iter().filter_map(|mount| filesystem(&mount)).collect();
            self.found.sort_by_key(|filesystem| std::cmp::Reverse(filesystem.fill()));
            self.found.truncate(SHOWN_MAX);
        }
        &self.found
    }
}

/// One mount of each filesystem that is on a disk of this host: that of the whole, else the one nearest to the root.
fn on_disks(mountinfo: &[u8]) -> Vec<Mount> {
    let all: Vec<Mount> = mounts(mountinfo).collect();
    let may_wait = |mount: &Mount| !LOCAL.contains(&&*mount.kind) && !HARMLESS.contains(&&*mount.kind);
    let slow: Vec<&Path> = all.iter().filter(|mount| may_wait(mount)).map(|mount| &*mount.point).collect();
    let mut local: Vec<&Mount> = all.iter().filter(|mount| LOCAL.contains(&&*mount.kind)).collect();
    local.retain(|mount| !slow.iter().any(|point| mount.point.starts_with(point)));
    local.sort_by_key(|mount| (mount.root != Path::new("/"), mount.point.components().count()));
    let mut found: Vec<Mount> = Vec::new();
    for mount in local {
        if found.len() < LOOKED_AT_MAX && !found.iter().any(|known| known.device == mount.device) {
            found.push(mount.clone());
        }
    }
    found
}

fn filesystem(mount: &Mount) -> Option<Filesystem> {
    // What may not be looked at, or went away since, is not shown.
    let stat = statvfs(&mount.point).ok()?;
    let bytes = |blocks: u64| blocks.checked_mul(stat.f_frsize);
    let has_inodes = stat.f_files > 0;
    let point: Arc<str> = mount.point.to_string_lossy().into();
    Some(Filesystem {
        mount: point,
        total_bytes: bytes(stat.f_blocks).filter(|total| *total > 0),
        available_bytes: bytes(stat.f_bavail),
        n_inodes: has_inodes.then_some(stat.f_files),
        n_inodes_free: has_inodes.then_some(stat.f_favail),
    })
    .filter(|filesystem| filesystem.total_bytes.is_some())
}

#[cfg(test)]
mod tests;
