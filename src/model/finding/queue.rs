//! What waits, and where it is turned away.

use midair_vitals::{Queue, QueueKind, QueueVitals, Severity, Unit};

use super::{Lead, Teller, Topic, WORTH_SAYING, lead_to, name_of, vm::number};
use crate::model::{node::Latest, vital::Vital, words::Part};

/// Queues named per node: the rest is in the table.
const N_QUEUES: usize = 3;

/// A queue that has grown for less than this, microseconds, has just begun.
const WORTH_A_TIME_US: u64 = 20_000_000;

impl Teller<'_> {
    pub(super) fn queues(&mut self, latest: &Latest) {
        let is_bad = |vitals: &QueueVitals| vitals.severity.is_some_and(|s| s.per_mille() >= WORTH_SAYING[2]);
        let bad = self.node.tasks.values().filter_map(|t| Some((t, t.worst_queue()?))).filter(|(_, (_, v))| is_bad(v));
        let mut bad: Vec<_> = bad.collect();
        bad.sort_by_key(|(_, (_, vitals))| std::cmp::Reverse(vitals.severity));
        // Workers of one listener hold one queue together: it is told once.
        let mut told = Vec::new();
        bad.retain(|(_, (queue, _))| {
            let is_new = queue.number.is_none() || !told.contains(&queue.number);
            told.push(queue.number);
            is_new
        });
        // Mailboxes are told beside what the kernel keeps: neither hides the other.
        let (mut mailboxes, mut bad): (Vec<_>, Vec<_>) =
            bad.into_iter().partition(|(_, (queue, _))| queue.kind == QueueKind::Mailbox);
        mailboxes.sort_by_key(|(_, (queue, _))| std::cmp::Reverse(queue.depth));
        mailboxes.truncate(N_QUEUES);
        bad.truncate(N_QUEUES);
        bad.extend(mailboxes);
        for (task, (queue, vitals)) in &bad {
            let severity = vitals.severity.map_or(0, Severity::per_mille);
            let mut parts = vec![Part::Words(queue.kind.word()), Part::Words(" of "), name_of(task)];
            // One VM's pids say nothing in another.
            let vm = self.node.runtime_name(task.id().runtime).filter(|_| task.id().runtime != 0);
            parts.extend(vm.map(|vm| [Part::Words(" of "), Part::Name(vm.into())]).into_iter().flatten());
            self.on_node(&mut parts);
            parts.push(Part::Words(": "));
            parts.extend(depth(queue, vitals.growth));
            let grows_for = task.grows_for_us(self.now).filter(|us| *us >= WORTH_A_TIME_US);
            parts.extend(grows_for.map(|us| [Part::Words(" for "), Part::Time(us)]).into_iter().flatten());
            let topic = Topic::Queue(Some(task.id()), queue.kind);
            self.push(severity, Some(Vital::Queue), topic, Lead::Task(task.id()), parts);
        }
        // The worst queue may have no owner that is known, or one that is not among the rows.
        let severity = latest.vitals.severities.queue.map_or(0, Severity::per_mille);
        if let Some(worst) =
            latest.reading.worst_queue.as_ref().filter(|_| bad.is_empty() && severity >= WORTH_SAYING[2])
        {
            let mut parts = vec![Part::Words(worst.queue.kind.word())];
            match worst.task {
                Some(task) => parts.extend([Part::Words(" of task "), number(task)]),
                None => parts.push(Part::Words(" without known owner")),
            }
            self.on_node(&mut parts);
            parts.push(Part::Words(": "));
            parts.extend(depth(&worst.queue, None));
            let topic = Topic::Queue(worst.task, worst.queue.kind);
            self.push(severity, Some(Vital::Queue), topic, lead_to(worst.task), parts);
        }
    }

    /// Other network namespaces: what is turned away there stands in no counter of the host.
    pub(super) fn namespaces(&mut self) {
        for namespace in self.node.namespaces.values().filter(|namespace| !namespace.reading.is_own) {
            let drops = [
                (namespace.listen_drops.sum(), " connection attempts dropped at listen queues of "),
                (namespace.udp_drops.sum(), " datagrams dropped at full sockets of "),
            ];
            for (n, words) in drops {
                let Some(n) = n.filter(|n| *n > 0) else { continue };
                let mut parts = vec![Part::Count(n), Part::Words(words), Part::Name(namespace.title())];
                self.on_node(&mut parts);
                parts.push(Part::Words(" in 10 s"));
                let inode = namespace.reading.inode;
                let severity = namespace.severity().map_or(0, Severity::per_mille);
                let (topic, lead) = (Topic::Namespace(inode), Lead::Namespace(inode));
                self.push(severity, Some(Vital::Queue), topic, lead, parts);
            }
        }
    }
}

/// How much waits, of how much there is room for, and how it grows.
pub(in crate::model) fn depth(queue: &Queue, growth: Option<f64>) -> Vec<Part> {
    let mut parts = Vec::new();
    match (queue.depth, queue.limit) {
        (Some(depth), Some(limit)) => {
            // Bytes count in powers of 1024 on both sides of the word.
            let depth =
                if queue.unit == Unit::Bytes { Part::Amount(depth as f64, queue.unit) } else { Part::Count(depth) };
            parts.extend([depth, Part::Words(" of "), Part::Amount(limit as f64, queue.unit)]);
        }
        (Some(depth), None) => parts.push(Part::Amount(depth as f64, queue.unit)),
        (None, _) => parts.push(Part::Words("depth unknown")),
    }
    if let Some(growth) = growth.filter(|g| *g != 0.0) {
        parts.extend([Part::Words(", "), Part::Growth(growth, queue.unit)]);
    }
    parts
}
