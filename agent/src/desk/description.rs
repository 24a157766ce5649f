//! What the agent says of itself.

use midair_proto::{
    CONTRACT,
    v1::{Description, Label, Runtime, Version, payload::Kind},
};

use super::{Desk, event};
use crate::{config::INTERVAL_MIN, encode, outbox::Reader};

/// What all watchers know of an agent, as far as it may change.
#[derive(Debug, PartialEq)]
pub(super) struct Told {
    n_cpus: usize,
    mem_total_bytes: Option<u64>,
    runtimes: Vec<Runtime>,
    interval_ms: u32,
    keeps_history: bool,
}

impl Desk {
    /// Says anew who this is, to everybody, where that is no longer what they were told: a runtime came, went or fell ill,
    /// a CPU or memory was added.
    pub(super) fn describe_anew(&mut self) {
        let now = self.changing();
        if self.told.as_ref() == Some(&now) {
            return;
        }
        self.told = Some(now);
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
        let mut runtimes = reading.map(|reading| encode::runtimes(reading, 0).runtime).unwrap_or_default();
        // How many tasks there are is part of each sample, and changes with each.
        runtimes.iter_mut().for_each(|runtime| runtime.n_tasks = None);
        Told {
            n_cpus: reading.map_or(0, |reading| reading.node.cpus.len()),
            mem_total_bytes: reading.and_then(|reading| reading.node.mem_total_bytes),
            runtimes,
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
