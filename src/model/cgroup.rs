//! What runs together on a node: its cgroups and its network namespaces, as the stream tells of them.

use std::sync::Arc;

use midair_vitals::{CgroupReading, CgroupVitals, NetNamespace, NetNamespaceVitals, Severity};

use super::recent::Recent;
use crate::event::Stamp;

/// One cgroup.
#[derive(Clone, Debug, PartialEq)]
pub struct Cgroup {
    /// What was read last.
    pub reading: CgroupReading,
    /// What follows from it and the reading before.
    pub vitals: CgroupVitals,
    /// When it arrived.
    pub at: Stamp,
    /// Processes killed for lack of memory over the last seconds.
    pub oom_kills: Recent,
    before: Option<CgroupReading>,
}

impl Cgroup {
    /// What was read, after what was known of the same cgroup.
    pub(super) fn fold(known: Option<Self>, reading: &CgroupReading, at: Stamp) -> Self {
        let (before, mut oom_kills) = match known {
            // One look told twice is not compared with itself.
            Some(known) if known.reading.at_us == reading.at_us => (known.before, known.oom_kills),
            Some(known) => (Some(known.reading), known.oom_kills),
            None => (None, Recent::default()),
        };
        let vitals = CgroupVitals::derive(before.as_ref(), reading);
        oom_kills.push(reading.at_us, vitals.oom_kills);
        Self { reading: reading.clone(), vitals, at, oom_kills, before }
    }

    /// How people call it: the unit, container or pod; else the end of its path.
    pub fn title(&self) -> &str {
        self.reading.name.as_deref().map_or_else(|| short(&self.reading.path), without_digest)
    }
}

/// The same where no head of a column says that it is a cgroup: a mere number would say nothing.
pub fn called(title: &str) -> String {
    let is_number = title.bytes().all(|byte| byte.is_ascii_digit());
    let is_digest = title.len() >= DIGEST && title.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !title.is_empty() && (is_number || is_digest) { format!("cgroup {title}") } else { title.to_owned() }
}

/// The end of a cgroup's path, or all of it where that is short.
pub fn short(path: &str) -> &str {
    without_digest(path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path))
}

/// Digits of a digest that people use: container runtimes show so many of their ids.
const DIGEST: usize = 12;

/// A name that is nothing but a long number is told by its start.
pub fn without_digest(name: &str) -> &str {
    let is_digest = name.len() >= 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { &name[..DIGEST] } else { name }
}

/// Whether a path is that of a cgroup, or of one below it.
pub fn is_within(path: &str, cgroup: &str) -> bool {
    let cgroup = cgroup.trim_end_matches('/');
    path.strip_prefix(cgroup).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// One network namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Namespace {
    /// What was read last.
    pub reading: NetNamespace,
    /// What follows from it and the reading before.
    pub vitals: NetNamespaceVitals,
    /// When it arrived.
    pub at: Stamp,
    /// Connections dropped at its listen queues over the last seconds, those that found one full included.
    pub listen_drops: Recent,
    /// Datagrams dropped at its full sockets over the last seconds.
    pub udp_drops: Recent,
    before: Option<NetNamespace>,
}

impl Namespace {
    /// What was read, after what was known of the same namespace.
    pub(super) fn fold(known: Option<Self>, reading: &NetNamespace, at: Stamp) -> Self {
        let (before, mut listen_drops, mut udp_drops) = match known {
            Some(known) if known.reading.at_us == reading.at_us => (known.before, known.listen_drops, known.udp_drops),
            Some(known) => (Some(known.reading), known.listen_drops, known.udp_drops),
            None => (None, Recent::default(), Recent::default()),
        };
        let vitals = NetNamespaceVitals::derive(before.as_ref(), reading);
        // Where the kernel counts only one of the two, it is that one.
        listen_drops.push(reading.at_us, vitals.listen_drops.max(vitals.listen_overflows));
        udp_drops.push(reading.at_us, vitals.udp_drops);
        Self { reading: reading.clone(), vitals, at, listen_drops, udp_drops, before }
    }

    /// What its queues dropped over the last seconds: connections and datagrams.
    pub fn n_drops(&self) -> Option<u64> {
        [self.listen_drops.sum(), self.udp_drops.sum()].into_iter().flatten().reduce(u64::saturating_add)
    }

    /// How bad it is: whether connections or datagrams are turned away. `None` where that is not read.
    pub fn severity(&self) -> Option<Severity> {
        let per_mille = match self.n_drops()? {
            0 => 0,
            1..100 => 600,
            _ => 800,
        };
        Some(Severity::from_per_mille(per_mille))
    }

    /// How people call it: its name, else its number.
    pub fn title(&self) -> Arc<str> {
        let reading = &self.reading;
        reading.name.clone().unwrap_or_else(|| reading.inode.to_string().into())
    }
}

#[cfg(test)]
mod tests;
