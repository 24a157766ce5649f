//! Culprit before victim: what explains other findings stands before them, whatever they weigh by themselves.

use midair_vitals::Severity;

use super::{Finding, Topic, VmTopic};
use crate::model::host::Check;

/// Raises each cause above what it explains.
pub(super) fn raise(found: &mut [Finding]) {
    for n in 0..found.len() {
        let cause = &found[n];
        let victims = found.iter().filter(|one| one.subject.node == cause.subject.node && explains(cause, one));
        if let Some(worst) = victims.map(|one| one.severity).max() {
            let above = Severity::from_per_mille(worst.per_mille() + 1);
            found[n].severity = found[n].severity.max(above);
        }
    }
}

/// Whether one is the reason of the other, on the same node.
fn explains(cause: &Finding, victim: &Finding) -> bool {
    let is_mailbox_of = |runtime: u32| match &victim.subject.topic {
        Topic::Queue(Some(task), _) => task.runtime == runtime,
        Topic::Vm(of, topic) => *of == runtime && matches!(topic, VmTopic::AlwaysActive | VmTopic::RunQueue),
        _ => false,
    };
    match &cause.subject.topic {
        // Who writes to a slow disk waits, and what waits for them waits with them.
        Topic::Host(Check::Disk(_)) => matches!(victim.subject.topic, Topic::Queue(..)),
        Topic::Vm(runtime, VmTopic::Locks | VmTopic::Uneven) => is_mailbox_of(*runtime),
        // Its links are full because it does not read what waits in its sockets: one thing, in better words.
        Topic::Reader => matches!(victim.subject.topic, Topic::Queue(..)),
        _ => false,
    }
}
