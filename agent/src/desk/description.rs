//! What the agent says of itself.

use midair_proto::{
    CONTRACT,
    v1::{Description, Label, Version},
};

use super::Desk;
use crate::{config::INTERVAL_MIN, encode};

impl Desk {
    pub(super) fn description(&self, is_insecure: bool) -> Description {
        let identity = &self.identity;
        let reading = self.tick.as_ref().map(|tick| &tick.reading);
        let n_cpus = reading.map(|r| r.node.cpus.len()).filter(|n| *n > 0);
        let n_cpus = n_cpus.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
        let runtimes = reading.map(|r| encode::runtimes(&r.sources, r.tasks.len()).runtime).unwrap_or_default();
        let label = |(key, value): &(String, String)| Label { key: Some(key.clone()), value: Some(value.clone()) };
        let program = Some(encode::PROGRAM.to_owned());
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
            runtimes,
            capabilities: ["table", "focus", "mark", "rollup"].map(String::from).to_vec(),
            user: Some(identity.user.clone()),
            interval_min_ms: u32::try_from(INTERVAL_MIN.as_millis()).ok().map(|ms| ms.max(self.interval_ms)),
            interval_ms: Some(self.interval_ms),
            insecure: Some(is_insecure),
        }
    }
}
