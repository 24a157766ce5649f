//! From a sample to the word of it: all agents of a fleet are watched themselves.

use std::{
    sync::{Arc, mpsc},
    thread,
    time::Instant,
};

use anyhow::Context as _;
use midair_proto::v1::{Payload, QueueKind, Scope, payload::Kind};
use midair_tls::Files;
use prost::Message as _;

use super::{PATIENCE, agents::Agents, hub::Pki, viewer::watch};

/// So many messages wait only where something is wrong.
const MANY: u64 = 20_000;

/// A sample that shows that something is wrong.
pub(crate) struct Shown {
    pub(crate) node: Arc<str>,
    pub(crate) depth: u64,
    pub(crate) at: Instant,
}

/// Watches all agents itself until one of them tells of a queue in which very much waits.
pub(crate) fn shown_by(agents: &Agents, pki: Option<&Pki>) -> anyhow::Result<Shown> {
    let names: Vec<Arc<str>> = agents.names_in_order();
    let addresses: Vec<String> = agents.fleet.addresses().collect();
    let files = pki.map(|pki| pki.files("viewer"));
    let (sender, shown) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async move {
            let each = names.into_iter().zip(addresses).map(|(node, address)| {
                let (sender, files) = (sender.clone(), files.clone());
                tokio::spawn(async move {
                    if let Ok(Some((depth, at))) = deep(&address, files).await {
                        drop(sender.send(Shown { node, depth, at }));
                    }
                })
            });
            for watching in each.collect::<Vec<_>>() {
                drop(watching.await);
            }
        });
    });
    shown.recv_timeout(PATIENCE).context("no agent tells of a deep queue")
}

/// The depth of the first queue of an agent that is very deep, and when it was told.
async fn deep(address: &str, files: Option<Files>) -> anyhow::Result<Option<(u64, Instant)>> {
    let (mut events, _controls) = watch(address, files, Scope::Node).await?;
    while let Some(envelope) = events.message().await? {
        let payload = Payload::decode(envelope.payload.as_deref().unwrap_or_default())?;
        let Some(Kind::Sample(sample)) = payload.kind else { continue };
        let queues = sample.tasks.iter().flat_map(|task| &task.queues).flat_map(|queues| &queues.queue);
        let depth = queues.filter(|queue| queue.kind() == QueueKind::Mailbox);
        if let Some(depth) = depth.filter_map(|queue| queue.depth).max().filter(|depth| *depth > MANY) {
            return Ok(Some((depth, Instant::now())));
        }
    }
    Ok(None)
}
