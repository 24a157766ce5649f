//! Where the hierarchies of cgroups are mounted, and where in them a cgroup's directory is.
//!
//! Controllers may be on v2 (all in one tree), on v1 (each in a tree of its own, or some together), or a part on each.

use std::path::Path;

use rustix::{
    fd::{AsFd as _, BorrowedFd, OwnedFd},
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, StatxFlags, fstat, openat, statat, statx},
};

use super::paths::Hierarchy;
use crate::kernel::mounts::{Mount, mounts};

/// The hierarchies that are mounted where this process sees them, in the order of [`Hierarchy::ALL`].
#[derive(Debug, Default)]
pub(super) struct Trees([Option<Tree>; 4]);

/// One hierarchy.
#[derive(Debug)]
struct Tree {
    folder: OwnedFd,
    /// What of the hierarchy is mounted, in the words of this process' cgroup namespace: `/` most often, `/docker/ID` in a
    /// container of the old kind, `/../..` where the host's tree is mounted into a namespace of its own.
    root: String,
    /// From there to the root of this process' cgroup namespace, where that lies below and could be found.
    own: Option<String>,
}

/// Directories looked at for the one that is the root of this process' cgroup namespace.
const LOOK_MAX: usize = 10_000;

impl Trees {
    /// Finds the hierarchies in the text of `/proc/self/mountinfo`.
    pub(super) fn find(mountinfo: &[u8]) -> Self {
        let all: Vec<Mount> = mounts(mountinfo).filter(|mount| mount.kind.starts_with("cgroup")).collect();
        Self(Hierarchy::ALL.map(|hierarchy| {
            let fits = |mount: &&Mount| match hierarchy {
                Hierarchy::Unified => mount.kind == "cgroup2",
                _ => mount.kind == "cgroup" && mount.options.split(',').any(|name| name == hierarchy.controller()),
            };
            Tree::open(all.iter().filter(fits))
        }))
    }

    /// Whether none is mounted.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Whether a hierarchy is mounted.
    pub(super) fn has(&self, hierarchy: Hierarchy) -> bool {
        self.tree(hierarchy).is_some()
    }

    /// The folder under which the directories of a hierarchy are.
    pub(super) fn folder(&self, hierarchy: Hierarchy) -> Option<BorrowedFd<'_>> {
        self.tree(hierarchy).map(|tree| tree.folder.as_fd())
    }

    /// In which hierarchies `/` is a cgroup like others: the root of a cgroup namespace, that of a container most often. The
    /// root of a whole hierarchy can have no limit, and what it counts is the host's.
    pub(super) fn has_bound_root(&self) -> [bool; 4] {
        Hierarchy::ALL.map(|hierarchy| self.tree(hierarchy).is_some_and(|tree| tree.has_bound_root(hierarchy)))
    }

    /// The directory of a cgroup in a hierarchy, relative to its folder; `None` where it is out of sight.
    pub(super) fn directory(&self, hierarchy: Hierarchy, path: &str) -> Option<String> {
        self.tree(hierarchy)?.directory(path)
    }

    fn tree(&self, hierarchy: Hierarchy) -> Option<&Tree> {
        self.0[hierarchy as usize].as_ref()
    }
}

impl Tree {
    /// Of several mounts of one hierarchy the one that shows most of it.
    fn open<'m>(mounts: impl Iterator<Item = &'m Mount> + Clone) -> Option<Self> {
        let root = |mount: &Mount| mount.root.to_string_lossy().into_owned();
        let opened = |mount: &&Mount| Some((open_mount(mount)?, root(mount)));
        let height = |root: &str| (std::cmp::Reverse(n_up(root)), root.len());
        let (folder, root) = mounts.clone().filter_map(|m| opened(&m)).min_by_key(|(_, root)| height(root))?;
        let n_above = n_up(&root);
        let own = (n_above > 0).then(|| {
            let own = mounts.filter(|mount| mount.root == Path::new("/")).find_map(open_mount)?;
            find_below(&folder, fstat(own).ok()?.st_ino, n_above)
        });
        Some(Self { folder, root, own: own.flatten() })
    }

    fn has_bound_root(&self, hierarchy: Hierarchy) -> bool {
        let Some(directory) = self.directory("/") else { return false };
        let has = |name: &str| statat(&self.folder, format!("{directory}/{name}"), AtFlags::empty()).is_ok();
        // `release_agent` is there on the root of a v1 hierarchy alone, `cgroup.events` on all of v2 but the root
        // (kernel/cgroup/cgroup-v1.c and cgroup.c: CFTYPE_ONLY_ON_ROOT, CFTYPE_NOT_ON_ROOT).
        if hierarchy == Hierarchy::Unified {
            has("cgroup.events")
        } else {
            has("cgroup.procs") && !has("release_agent")
        }
    }

    fn directory(&self, path: &str) -> Option<String> {
        let (n_above, n_above_path) = (n_up(&self.root), n_up(path));
        if n_above == 0 {
            let below = path.strip_prefix(&*self.root).filter(|_| n_above_path == 0)?;
            let is_whole_name = self.root.ends_with('/') || below.is_empty() || below.starts_with('/');
            return is_whole_name.then(|| relative(&[below]));
        }
        // As many names of the way down to the own cgroup as the path does not go up.
        let n_down = n_above.checked_sub(n_above_path)?;
        let below = path.split('/').skip(1 + n_above_path).collect::<Vec<_>>().join("/");
        if n_down == 0 {
            return Some(relative(&[&below]));
        }
        let own: Vec<&str> = self.own.as_deref()?.split('/').take(n_down).collect();
        Some(relative(&[&own.join("/"), &below]))
    }
}

/// How many steps a path goes up from the root of the cgroup namespace: `/../../x` two.
fn n_up(path: &str) -> usize {
    path.split('/').skip(1).take_while(|part| *part == "..").count()
}

fn relative(parts: &[&str]) -> String {
    let path = parts.iter().map(|part| part.trim_matches('/')).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    if path.is_empty() { ".".to_owned() } else { path.join("/") }
}

/// The folder of a mount; `None` where another one covers it, or it is closed to this user.
fn open_mount(mount: &Mount) -> Option<OwnedFd> {
    let folder = open_folder(&mount.point)?;
    // Where the kernel does not say which mount it is, what is mounted last is taken for it.
    mount_id(&folder).is_none_or(|id| id == mount.id).then_some(folder)
}

/// On which mount a folder is; the kernel says so since 5.8 (statx(2)).
fn mount_id(folder: &OwnedFd) -> Option<u64> {
    let stat = statx(folder, "", AtFlags::EMPTY_PATH, StatxFlags::MNT_ID).ok()?;
    (stat.stx_mask & StatxFlags::MNT_ID.bits() != 0).then_some(stat.stx_mnt_id)
}

/// The line of mountinfo that this folder would have, were it a mount.
#[cfg(test)]
pub(super) fn mount_line(root: &str, folder: &Path, kind: &str, options: &str) -> String {
    let id = open_folder(folder).as_ref().and_then(mount_id).unwrap_or(0);
    format!("{id} 1 0:26 {root} {} rw - {kind} x rw,{options}\n", folder.display())
}

fn open_folder(path: &Path) -> Option<OwnedFd> {
    openat(CWD, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()
}

/// The directory with an inode number, so many levels below a folder.
fn find_below(folder: &OwnedFd, inode: u64, n_levels: usize) -> Option<String> {
    let mut level = vec![String::from(".")];
    let mut n_left = LOOK_MAX;
    for _ in 0..n_levels {
        let mut next = Vec::new();
        for path in level {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let Ok(entries) = openat(folder, &*path, flags, Mode::empty()).and_then(Dir::new) else { continue };
            for entry in entries.flatten().filter(|entry| entry.file_type() == FileType::Directory) {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name == "." || name == ".." {
                    continue;
                }
                n_left = n_left.checked_sub(1)?;
                next.push((entry.ino(), relative(&[path.trim_start_matches('.'), &name])));
            }
        }
        if let Some((_, path)) = next.iter().find(|(found, _)| *found == inode) {
            return Some(path.clone());
        }
        level = next.into_iter().map(|(_, path)| path).collect();
    }
    None
}

#[cfg(test)]
mod tests;
