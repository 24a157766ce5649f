//! What a network namespace is called.

use std::{collections::HashMap, os::unix::fs::MetadataExt as _, path::PathBuf, sync::Arc};

use midair_vitals::CgroupKind;

/// The namespaces that have a name under `/run/netns` (ip-netns(8)), by their inodes.
#[derive(Debug)]
pub(super) struct Mounted {
    folder: PathBuf,
    names: HashMap<u64, Arc<str>>,
    looked: Option<u64>,
}

/// Names looked at; more are no names but a leak.
const NAMES_MAX: usize = 4_096;

/// The folder is looked at again after so many ticks, while some namespace has no name.
const LOOK_AGAIN: u64 = 30;

impl Default for Mounted {
    fn default() -> Self {
        Self::at("/run/netns".into())
    }
}

impl Mounted {
    /// The names in a folder.
    pub(super) fn at(folder: PathBuf) -> Self {
        Self { folder, names: HashMap::new(), looked: None }
    }

    /// What to call a namespace in which a process of this unit runs: after its pod or container; else by the name that
    /// somebody gave it; else after the unit. `host` is that of the host.
    pub(super) fn name(
        &mut self,
        inode: u64,
        unit: Option<(Arc<str>, CgroupKind)>,
        host: Option<u64>,
        tick: u64,
    ) -> Option<Arc<str>> {
        if host == Some(inode) {
            return Some("host".into());
        }
        if let Some((name, CgroupKind::Container | CgroupKind::Pod)) = &unit {
            // All containers of a pod share one, and so do all units of a container.
            return Some(name.split_once('/').map_or_else(|| name.clone(), |(pod, _)| pod.into()));
        }
        if self.looked.is_none_or(|at| tick >= at + LOOK_AGAIN) {
            self.looked = Some(tick);
            self.look();
        }
        self.names.get(&inode).cloned().or_else(|| unit.map(|(name, _)| name))
    }

    fn look(&mut self) {
        // Most hosts have no such folder.
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let name = |entry: std::fs::DirEntry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            Some((std::fs::metadata(entry.path()).ok()?.ino(), name.into()))
        };
        self.names = entries.flatten().take(NAMES_MAX).filter_map(name).collect();
    }
}

#[cfg(test)]
mod tests;
