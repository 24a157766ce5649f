//! What the agent says of itself.

use std::sync::Arc;

use midair_proto::{
    CONTRACT,
    v1::{Description, Label, Version, payload::Kind},
};

use super::{Desk, event};
use crate::{config::INTERVAL_MIN, encode, outbox::Reader, reading::RuntimeState};

/// What all watchers know of an agent, as far as it may change.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    n_cpus: usize,
    mem_total_bytes: Option<u64>,
    /// Whether the kernel is read, and why not; `None` before the first reading.
    kernel: Option<(bool, Option<Arc<str>>)>,
    /// How many tasks there are is part of each sample, and changes with each: none is told here.
    runtimes: Vec<RuntimeState>,
    interval_ms: u32,
    keeps_history: bool,
}

impl Told {
    /// Whether all of it is as it was told. Asked at each tick: nothing is copied to compare it.
    fn still_holds(&self, desk: &Desk) -> bool {
        let reading = desk.tick.as_ref().map(|tick| &tick.reading);
        let kernel = reading.map(|reading| encode::kernel(&reading.sources));
        let runtimes = reading.map_or(&[][..], |reading| &reading.runtimes);
        let is_same = |told: &RuntimeState, now: &RuntimeState| {
            let RuntimeState { id, kind, name, health, n_tasks: _, is_undistributed } = told;
            (*id, *kind, *is_undistributed) == (now.id, now.kind, now.is_undistributed)
                && (name, health) == (&now.name, &now.health)
        };
        self.n_cpus == reading.map_or(0, |reading| reading.node.cpus.len())
            && self.mem_total_bytes == reading.and_then(|reading| reading.node.mem_total_bytes)
            && self.kernel.as_ref().map(|(is_read, why)| (*is_read, why.as_ref())) == kernel
            && self.runtimes.len() == runtimes.len()
            && self.runtimes.iter().zip(runtimes).all(|(told, now)| is_same(told, now))
            && self.interval_ms == desk.interval_now_ms()
            && self.keeps_history == desk.black_box.is_some()
    }
}

impl Desk {
    /// Says anew who this is, to everybody, where that is no longer what they were told: a runtime came, went or fell ill,
    /// a CPU or memory was added.
    pub(super) fn describe_anew(&mut self) {
        if self.told.as_ref().is_some_and(|told| told.still_holds(self)) {
            return;
        }
        self.told = Some(self.changing());
        let mut gone = Vec::new();
        for (id, watcher) in &self.watchers {
            let described = Kind::Described(self.description(watcher.access.is_insecure()));
            if watcher.outbox.word(event(&self.identity, &self.clock, described)) == Reader::Gone {
                gone.push(*id);
            }
        }
        for id in gone {
            self.leave(id);
        }
    }

    /// What of it may change; the rest is as it was at the start.
    fn changing(&self) -> Told {
        let reading = self.tick.as_ref().map(|tick| &tick.reading);
        let runtimes = reading.map_or(&[][..], |reading| &reading.runtimes).iter();
        let runtimes = runtimes.map(|runtime| RuntimeState { n_tasks: None, ..runtime.clone() });
        Told {
            n_cpus: reading.map_or(0, |reading| reading.node.cpus.len()),
            mem_total_bytes: reading.and_then(|reading| reading.node.mem_total_bytes),
            kernel: reading
                .map(|reading| encode::kernel(&reading.sources))
                .map(|(is_read, why)| (is_read, why.cloned())),
            runtimes: runtimes.collect(),
            interval_ms: self.interval_now_ms(),
            keeps_history: self.black_box.is_some(),
        }
    }

    pub(super) fn description(&self, is_insecure: bool) -> Description {
        let identity = &self.identity;
        let reading = self.tick.as_ref().map(|tick| &tick.reading);
        let n_cpus = reading.map(|r| r.node.cpus.len()).filter(|n| *n > 0);
        let n_cpus = n_cpus.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
        let tick = self.tick.as_ref();
        let runtimes = tick.map(|tick| encode::runtimes(&tick.reading, tick.n_tasks).runtime);
        let label = |(key, value): &(String, String)| Label { key: Some(key.clone()), value: Some(value.clone()) };
        let program = Some(encode::PROGRAM.to_owned());
        let history = self.black_box.as_ref().map(|_| "history");
        let demo = self.is_demo.then_some("demo");
        let capabilities = ["table", "focus", "mark", "rollup", "budget"].into_iter().chain(history).chain(demo);
        Description {
            version: Some(Version { contract: Some(CONTRACT), program }),
            node: Some(identity.node.clone()),
            name: Some(identity.name.clone()),
            boot_id: Some(identity.boot_id.clone()),
            instance: Some(identity.instance.clone()),
            labels: identity.labels.iter().map(label).collect(),
            n_cpus: n_cpus.and_then(|n| u32::try_from(n).ok()),
            mem_total_bytes: reading.and_then(|r| r.node.mem_total_bytes),
            system: Some(identity.system.clone()),
            runtimes: runtimes.unwrap_or_default(),
            capabilities: capabilities.map(String::from).collect(),
            user: Some(identity.user.clone()),
            interval_min_ms: u32::try_from(INTERVAL_MIN.as_millis()).ok().map(|ms| ms.max(self.interval_ms)),
            interval_ms: Some(self.interval_now_ms()),
            insecure: Some(is_insecure),
        }
    }
}
