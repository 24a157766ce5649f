//! What an operator has switched off by files on the host: sources and parts of them, with the reasons given.

use std::{collections::BTreeMap, sync::Arc};

/// The parts of this agent that can be switched off, and what each is.
pub const PARTS: [(&str, &str); 10] = [
    ("kernel", "the kernel source as a whole"),
    ("sysinfo", "the sysinfo source as a whole"),
    ("beam", "Erlang VMs: their processes and all else that only a VM tells"),
    ("bpf", "the BPF collector; /proc and netlink take over"),
    ("probes", "counting messages of the task in focus, and short-lived processes by name"),
    ("names", "arguments, users and cgroups of tasks"),
    ("sockets", "sockets, pipes and other queues"),
    ("threads", "threads as rows of their own"),
    ("cgroups", "cgroups and containers"),
    ("namespaces", "network namespaces other than the agent's own"),
];

/// What is switched off now, by name of the part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Off(Arc<BTreeMap<String, Arc<str>>>);

impl Off {
    /// With these parts switched off, each with what its state is to say.
    pub fn of(parts: impl IntoIterator<Item = (String, Arc<str>)>) -> Self {
        Self(Arc::new(parts.into_iter().collect()))
    }

    /// Whether a part is switched off: what its state says then, "switched off by FILE: REASON".
    pub fn why(&self, part: &str) -> Option<Arc<str>> {
        self.0.get(part).cloned()
    }

    /// The parts that are, for the log.
    pub fn words(&self) -> String {
        self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
