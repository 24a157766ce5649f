//! Memory that is short: of the node, of a cgroup below its own limit.

use midair_vitals::{Severity, Unit};

use super::{Lead, Teller, Topic, WORTH_SAYING, lead_to, name_of};
use crate::model::{cgroup::called, node::Latest, task::Task, vital::Vital, words::Part};

/// Memory that is full sooner than this, seconds, is a finding, where half of it is used already.
const FULL_SOON_S: f64 = 600.0;

impl Teller<'_> {
    /// Who grows first, then what is nearly full.
    pub(super) fn mem(&mut self, latest: &Latest) {
        let severity = latest.vitals.severities.mem.map_or(0, Severity::per_mille);
        let full_in = latest.mem_full_in.filter(|s| *s < FULL_SOON_S);
        if severity < WORTH_SAYING[1] && full_in.is_none() {
            return;
        }
        let growing = self.node.tasks.values().filter(|t| t.vitals.mem_growth.is_some_and(|growth| growth > 0.0));
        let grower = growing
            .max_by(|a, b| a.vitals.mem_growth.unwrap_or(0.0).total_cmp(&b.vitals.mem_growth.unwrap_or(0.0)))
            .filter(|_| full_in.is_some());
        let mut parts = Vec::new();
        if let Some((task, growth)) = grower.and_then(|task| Some((task, task.vitals.mem_growth?))) {
            let growth = Part::Growth(growth, Unit::Bytes);
            parts.extend([name_of(task), Part::Words(" grows "), growth, Part::Words("; ")]);
        }
        parts.push(Part::Words("memory"));
        self.on_node(&mut parts);
        parts.extend([Part::Words(" "), Part::Share(f64::from(severity) / 1000.0), Part::Words(" full")]);
        if let Some(seconds) = full_in {
            let time = Part::Time((seconds * 1e6) as u64);
            parts.extend([Part::Words(", full in "), time, Part::Words(" at this pace")]);
        }
        let urgency = full_in.map_or(0, |seconds| 1000 - (seconds * 500.0 / FULL_SOON_S) as u32);
        let severity = severity.max(urgency);
        self.push(severity, Some(Vital::Mem), Topic::Mem, lead_to(grower.map(Task::id)), parts);
    }

    /// Cgroups near their own limit, and those that lost a process to it.
    pub(super) fn cgroup_mem(&mut self) {
        let of_node = self.node.mem_limit_bytes();
        for cgroup in self.node.cgroups.values() {
            let (reading, severity) = (&cgroup.reading, cgroup.vitals.severities.mem.map_or(0, Severity::per_mille));
            let killed = cgroup.oom_kills.sum().filter(|n| *n > 0);
            // A limit that is the node's is told of the node.
            let limit = reading.mem_limit_bytes.filter(|limit| of_node.is_none_or(|of_node| *limit < of_node));
            let mut parts = Vec::new();
            if let Some(n) = killed {
                parts.extend([Part::Count(n), Part::Words(" killed for lack of memory in 10 s: ")]);
            } else if severity < WORTH_SAYING[1] || limit.is_none() {
                continue;
            }
            parts.extend([Part::Words("memory of "), Part::Name(called(cgroup.title()).into())]);
            self.on_node(&mut parts);
            parts.extend([Part::Words(": "), Part::Share(f64::from(severity) / 1000.0)]);
            let limit = limit.map(|limit| Part::Amount(limit as f64, Unit::Bytes));
            parts.extend(limit.map(|limit| [Part::Words(" of its "), limit]).into_iter().flatten());
            let severity = if killed.is_some() { severity.max(950) } else { severity };
            let path = &reading.path;
            self.push(severity, Some(Vital::Mem), Topic::CgroupMem(path.clone()), Lead::Cgroup(path.clone()), parts);
        }
    }
}
