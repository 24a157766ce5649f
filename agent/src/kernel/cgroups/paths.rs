//! In which cgroups a process is: `/proc/PID/cgroup` (cgroups(7)), one line per hierarchy.

use std::borrow::Cow;

use crate::kernel::text::lines;

/// A hierarchy that midair reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hierarchy {
    /// v2.
    Unified,
    /// v1 with the cpu controller.
    Cpu,
    /// v1 with the cpuacct controller.
    Cpuacct,
    /// v1 with the memory controller.
    Memory,
}

impl Hierarchy {
    /// All of them.
    pub(super) const ALL: [Self; 4] = [Self::Unified, Self::Cpu, Self::Cpuacct, Self::Memory];

    /// What the kernel calls it in mounts and in `/proc/PID/cgroup`; v2 has no name.
    pub(super) fn controller(self) -> &'static str {
        match self {
            Self::Unified => "",
            Self::Cpu => "cpu",
            Self::Cpuacct => "cpuacct",
            Self::Memory => "memory",
        }
    }
}

/// The cgroups of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paths {
    /// The one by which the process is known.
    pub known_by: Box<str>,
    /// In the order of [`Hierarchy::ALL`]; `None` where the kernel names none.
    paths: [Option<Box<str>>; 4],
}

impl Paths {
    /// Reads the text of `/proc/PID/cgroup`; `None` for one without any cgroup.
    ///
    /// A process is known by its cgroup of the cpu controller, or by the longest path of all hierarchies where that says
    /// the same more precisely: systemd puts a service without CPU accounting into its slice's cgroup, or into the root, and
    /// in a hybrid setup a container's process stays in its runtime's cgroup of the unified hierarchy.
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let mut paths: [Option<Box<str>>; 4] = Default::default();
        let mut longest = Cow::Borrowed("");
        for line in lines(text) {
            let mut fields = line.splitn(3, |b| *b == b':').skip(1);
            let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
            // A process that outlives its cgroup is a zombie.
            let path = String::from_utf8_lossy(path.strip_suffix(b" (deleted)").unwrap_or(path));
            for (hierarchy, slot) in Hierarchy::ALL.into_iter().zip(&mut paths) {
                let name = hierarchy.controller().as_bytes();
                if controllers.split(|b| *b == b',').any(|controller| controller == name) {
                    *slot = Some((&*path).into());
                }
            }
            if path.len() > longest.len() {
                longest = path;
            }
        }
        let [unified, cpu, ..] = &paths;
        let cpu = cpu.as_deref().or(unified.as_deref()).unwrap_or("/");
        let known_by: Box<str> = if is_above(cpu, &longest) { longest.into() } else { cpu.into() };
        (!known_by.is_empty()).then_some(Self { known_by, paths })
    }

    /// In which hierarchies there is a cgroup with this path, as far as this process tells: those where it is in it or
    /// below. A path that differs belongs to others: the cgroup in which all containers of a hybrid host are on v2 says
    /// nothing of one of them. Of the root it is said where that is a cgroup like others.
    pub(super) fn hierarchies_of(&self, path: &str, has_bound_root: [bool; 4]) -> [bool; 4] {
        let is_in = |n: usize| self.paths[n].as_deref().is_some_and(|of| is_above(path, of));
        std::array::from_fn(|n| is_in(n) && (path != "/" || has_bound_root[n]))
    }
}

/// Whether `path` is `below` or one of those above it.
pub(super) fn is_above(path: &str, below: &str) -> bool {
    path == "/" && !below.starts_with("/..")
        || below.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path of the cgroup above; `None` for the root. What lies outside of the reader's cgroup namespace starts with
/// `/..` (cgroup_namespaces(7)): what has no name of its own is above nobody.
pub(super) fn parent(path: &str) -> Option<&str> {
    let (above, name) = path.rsplit_once('/')?;
    if name.is_empty() || name == ".." {
        return None;
    }
    if above.ends_with("/..") {
        return None;
    }
    Some(if above.is_empty() { "/" } else { above })
}

#[cfg(test)]
mod tests;
