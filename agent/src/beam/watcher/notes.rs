//! What happened on a VM, in words for the time line: what nodes did one by one, all else summed up.

use std::collections::BTreeMap;

use midair_beam::watch::events::{Event, Peer, What};

use super::{others, pids};

/// Notes about nodes within [`QUIET_US`]: marks of people stand beside them.
const MOST_NODES: usize = 5;

/// So long nothing more is said of a kind, microseconds: then all that came meanwhile is one note.
const QUIET_US: u64 = 10_000_000;

/// Notes of one VM.
#[derive(Debug, Default)]
pub(super) struct Notes {
    kinds: BTreeMap<&'static str, Kind>,
    nodes: Nodes,
}

/// Links that came or went.
#[derive(Debug, Default)]
struct Nodes {
    began_us: Option<u64>,
    n_told: usize,
    n_more: u64,
}

#[derive(Debug, Default)]
struct Kind {
    n: u64,
    /// Of the latest: who, and how much.
    latest: String,
    told_us: Option<u64>,
}

impl Notes {
    /// What is to be said of these events, and of those that came before and were not said.
    pub(super) fn take(&mut self, vm: &str, events: &[Event], now_us: u64) -> Vec<String> {
        let mut notes = Vec::new();
        let is_quiet = self.nodes.began_us.is_some_and(|began_us| now_us.saturating_sub(began_us) < QUIET_US);
        if !is_quiet {
            let before = std::mem::take(&mut self.nodes);
            if before.n_more > 0 {
                notes.push(format!("{vm}: {} more links came or went", before.n_more));
            }
        }
        // What our own helpers do is no news.
        for event in events.iter().filter(|event| event.is_of_ours != Some(true)) {
            let Some(note) = node_note(vm, &event.what) else {
                self.count(&event.what);
                continue;
            };
            self.nodes.began_us.get_or_insert(now_us);
            if self.nodes.n_told < MOST_NODES {
                notes.push(note);
                self.nodes.n_told += 1;
            } else {
                self.nodes.n_more += 1;
            }
        }
        for (kind, counted) in &mut self.kinds {
            let is_quiet = counted.told_us.is_some_and(|told_us| now_us.saturating_sub(told_us) < QUIET_US);
            if counted.n > 0 && !is_quiet {
                let times = if counted.n > 1 { format!(" {} times, the last", counted.n) } else { String::new() };
                notes.push(format!("{vm}: {kind}{times} {}", counted.latest));
                (counted.n, counted.told_us) = (0, Some(now_us));
            }
        }
        notes
    }

    fn count(&mut self, what: &What) {
        let ms = |ms: &Option<u64>| ms.map(|ms| format!(" for {ms} ms")).unwrap_or_default();
        let (kind, latest) = match what {
            What::LongGc { process, ms: took, .. } => {
                ("long garbage collection", format!("of {}{}", pids::text(process), ms(took)))
            }
            What::LargeHeap { process, .. } => ("large heap", format!("of {}", pids::text(process))),
            What::LongSchedule { process, ms: took, at } => {
                let who = process.as_ref().map_or_else(|| "a port".to_owned(), pids::text);
                let at = at.as_ref().map(|at| format!(" in {at}")).unwrap_or_default();
                ("long schedule", format!("of {who}{}{at}", ms(took)))
            }
            What::BusyPort { process, .. } => ("busy port", format!("suspends {}", pids::text(process))),
            What::BusyLink { process, .. } => ("busy distribution link", format!("suspends {}", pids::text(process))),
            What::LongQueue { process, is_long: true } => ("long mailbox", format!("of {}", pids::text(process))),
            What::LongQueue { .. } | What::NodeUp(_) | What::NodeDown(..) | What::Other => return,
        };
        let counted = self.kinds.entry(kind).or_default();
        counted.n += 1;
        counted.latest = latest;
    }
}

/// Our own connection is no news, and neither is that of another agent.
fn node_note(vm: &str, what: &What) -> Option<String> {
    let kind = |peer: &Peer| if peer.is_hidden == Some(true) { "hidden node" } else { "node" };
    match what {
        What::NodeUp(peer) | What::NodeDown(peer, _) if peer.is_ours || others::is_agent(&peer.node) => None,
        What::NodeUp(peer) => Some(format!("{vm}: {} {} is up", kind(peer), peer.node)),
        What::NodeDown(peer, reason) => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            Some(format!("{vm}: {} {} is down{reason}", kind(peer), peer.node))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
