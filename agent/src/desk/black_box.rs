//! The black box at the desk: a watcher of the detail stream that is nobody.

use midair_proto::v1::{Rollup, Stream, payload::Kind};

use super::{Desk, Watcher, WatcherId, event};
pub(super) use crate::black_box::NAME;
use crate::{
    access::Access,
    black_box::Status,
    census,
    outbox::{Outbox, Reader},
};

/// No viewer gets this number: they are counted from 0.
pub(super) const ID: WatcherId = WatcherId(u64::MAX);

impl Desk {
    /// Tells the black box all that happens from now on, at the agent's own interval.
    pub(super) fn keep_all(&mut self, outbox: Outbox, status: Status) {
        // It knows by now that it can answer: the description says so.
        self.black_box = Some(status);
        let described = Kind::Described(self.description(false));
        if outbox.word(event(&self.identity, &self.clock, described)) == Reader::Gone {
            return;
        }
        let (viewer, interval_ms) = (String::new(), self.interval_ms);
        let watcher = Watcher {
            outbox,
            viewer,
            access: Access::Local,
            is_standing: true,
            stream: None,
            interval_ms,
            marked_us: None,
        };
        self.watchers.insert(ID, watcher);
        self.begin_stream(ID, Stream::Detail, interval_ms);
    }

    /// Tells the summary of a window: to the black box all of it, to who watches that of the node alone. They have seen the
    /// tasks themselves.
    pub(super) fn tell_rollup(&mut self, rollup: Rollup) {
        let of_node = Rollup { vms: Vec::new(), tasks: Vec::new(), ..rollup.clone() };
        self.tell_those(Kind::Rollup(of_node), |watcher| !watcher.is_standing);
        self.tell_those(Kind::Rollup(rollup), |watcher| watcher.is_standing);
    }

    /// Counts for the black box what runs, where it is time and nothing speaks against it.
    pub(super) fn count(&mut self) {
        if self.black_box.is_none() || !self.governor.thrift().counts {
            return;
        }
        let Some(tick) = self.tick.take() else { return };
        let [are_processes_due, are_threads_due] = self.census.due(tick.mono_us);
        let (from_us, mut n_parts) = (self.clock.thread_cpu_us(), 0);
        let mut names = std::mem::take(&mut self.names);
        // Part by part: all of them at once would be the largest that the desk ever holds.
        let mut tell = |part| {
            n_parts += 1;
            self.tell_those(Kind::Census(part), |watcher| watcher.is_standing);
        };
        if are_processes_due {
            census::of_processes(&tick, &mut names, &mut tell);
        }
        if are_threads_due {
            census::of_threads(&tick, &mut names, &mut tell);
        }
        (self.tick, self.names) = (Some(tick), names);
        if n_parts > 0 {
            let cpu_us = self.clock.thread_cpu_us().saturating_sub(from_us);
            tracing::debug!(n_parts, cpu_us, "a census");
        }
    }

    /// How many watch; the black box is none of them.
    pub(super) fn n_watchers(&self) -> usize {
        self.watchers.values().filter(|watcher| !watcher.is_standing).count()
    }
}
