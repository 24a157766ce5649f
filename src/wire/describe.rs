//! Descriptions: who an agent says it is.

use midair_proto::v1;

use crate::event::Described;

use super::{Context, node, task::value};

/// The event of a description.
pub(super) fn described(context: &Context, sent: v1::Description) -> Described {
    let label = |label: v1::Label| (label.key.unwrap_or_default().into(), label.value.unwrap_or_default().into());
    Described {
        address: context.address.clone(),
        node: context.node.clone(),
        name: sent.name.filter(|n| !n.is_empty()).map_or_else(|| context.node.0.clone(), Into::into),
        program: sent.version.and_then(|v| v.program).unwrap_or_default().into(),
        epoch: context.epoch,
        labels: sent.labels.into_iter().map(label).collect(),
        n_cpus: sent.n_cpus,
        mem_total_bytes: value(sent.mem_total_bytes),
        system: sent.system.map(Into::into),
        user: sent.user.map(Into::into),
        interval_ms: sent.interval_ms,
        runtimes: node::runtimes(&sent.runtimes),
        is_insecure: sent.insecure.unwrap_or(false),
        keeps_history: sent.capabilities.iter().any(|word| word == "history"),
        is_demo: sent.capabilities.iter().any(|word| word == "demo"),
        is_hub: sent.capabilities.iter().any(|word| word == "hub"),
    }
}
