//! The one watcher: it takes the detail stream as the dashboard does, and keeps what the stream holds.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    time::Duration,
};

use anyhow::Context;
use midair_proto::{
    delta::Delta,
    v1::{Control, Envelope, Interest, Node, Payload, Sample, Stream, Task, TaskId, control, payload},
};
use prost::Message;
use tokio::sync::mpsc;
use tonic::Streaming;

use crate::{check::Witness, program};

/// A sample that has not come by then does not come.
const SOON: Duration = Duration::from_secs(30);

/// A watch on an agent.
pub(crate) struct Watch {
    events: Streaming<Envelope>,
    _controls: mpsc::Sender<Control>,
    /// All that the stream holds.
    pub(crate) held: Held,
}

/// Runtime, number and start of a task.
pub(crate) type Id = (u32, u64, u64);

/// All that the stream holds at a moment, and what came of it since the last [`Watch::reset`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    /// The node's values.
    pub(crate) node: Node,
    /// The rows.
    pub(crate) rows: HashMap<Id, Task>,
    /// Samples that came.
    pub(crate) n_samples: u64,
    /// Their bytes on the wire, envelopes included.
    pub(crate) n_bytes: u64,
    /// CPU time that the agent says its samples took, microseconds.
    pub(crate) sample_us: u64,
    /// CPU time that each source says it took, microseconds.
    pub(crate) source_us: BTreeMap<String, u64>,
    /// Run delay of the agent's threads at the first and at the last sample, microseconds.
    waited_us: Option<(u64, u64)>,
    /// The budget that the agent says it keeps, in per mille of a core.
    pub(crate) budget_milli: Option<u32>,
    /// How often each reason was given why a source is not well.
    pub(crate) reasons: BTreeMap<String, u64>,
    /// How often each part was left out to stay within the budget.
    pub(crate) shed: BTreeMap<String, u64>,
}

impl Watch {
    /// Connects to the agent's socket and asks for the detail stream once a second.
    pub(crate) async fn open(socket: PathBuf) -> anyhow::Result<Self> {
        let interest = Interest { scope: None, stream: Some(Stream::Detail.into()), interval_ms: Some(1_000) };
        let (events, controls) = program::watch(socket, "agent_cost", control::Kind::Interest(interest)).await?;
        Ok(Self { events, _controls: controls, held: Held::default() })
    }

    /// Watches for so long, and shows each sample to a witness.
    pub(crate) async fn watch_for(&mut self, time: Duration, witness: &mut Witness) -> anyhow::Result<()> {
        let end = tokio::time::sleep(time);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return Ok(()),
                event = tokio::time::timeout(SOON, self.events.message()) => {
                    let envelope = event.context("the agent has fallen silent")??;
                    let n_samples = self.held.n_samples;
                    self.held.take(&envelope.context("the agent has ended the watch")?)?;
                    if self.held.n_samples > n_samples {
                        witness.see(&self.held);
                    }
                }
            }
        }
    }

    /// Counts from now on.
    pub(crate) fn reset(&mut self) {
        let Held { node, rows, .. } = std::mem::take(&mut self.held);
        self.held = Held { node, rows, ..Held::default() };
    }
}

impl Held {
    /// How long the agent's threads waited for a CPU, microseconds.
    pub(crate) fn run_delay_us(&self) -> u64 {
        self.waited_us.map_or(0, |(first_us, last_us)| last_us.saturating_sub(first_us))
    }

    /// How long the agent says a round over all sockets takes, once one is over.
    pub(crate) fn round(&self) -> Option<Duration> {
        let sockets = self.node.sources.iter().flat_map(|sources| &sources.source);
        let sockets = sockets.filter(|source| source.name.as_deref() == Some("sockets"));
        sockets.filter_map(|source| source.period_ms).map(|ms| Duration::from_millis(ms.into())).next()
    }

    fn take(&mut self, envelope: &Envelope) -> anyhow::Result<()> {
        let payload = Payload::decode(envelope.payload.clone().context("an event has a payload")?)?;
        match payload.kind.context("a payload has a kind")? {
            payload::Kind::Sample(sample) => {
                self.n_samples += 1;
                self.n_bytes += envelope.encoded_len() as u64;
                self.fold(sample, envelope.key == Some(true));
            }
            payload::Kind::Refused(refused) => anyhow::bail!("refused: {}", refused.reason.unwrap_or_default()),
            payload::Kind::Lost(lost) => anyhow::bail!("{} samples were lost", lost.n_samples.unwrap_or(0)),
            payload::Kind::Described(_)
            | payload::Kind::Rows(_)
            | payload::Kind::Details(_)
            | payload::Kind::Echo(_)
            | payload::Kind::Mark(_)
            | payload::Kind::Rollup(_)
            | payload::Kind::Census(_)
            | payload::Kind::Traced(_)
            | payload::Kind::Inspected(_)
            | payload::Kind::Fleet(_) => {}
        }
        Ok(())
    }

    fn fold(&mut self, sample: Sample, is_key: bool) {
        if is_key {
            self.rows.clear();
            self.node = Node::default();
        }
        if let Some(node) = sample.node {
            self.node.apply(node);
        }
        for id in sample.left.iter().chain(&sample.died) {
            self.rows.remove(&identity(id));
        }
        for task in sample.tasks {
            let Some(id) = task.id.as_ref().map(identity) else { continue };
            match self.rows.get_mut(&id) {
                Some(row) => row.apply(task),
                None => drop(self.rows.insert(id, task)),
            }
        }
        let cost = sample.cost.unwrap_or_default();
        self.sample_us += cost.sample_us.unwrap_or(0);
        self.budget_milli = cost.budget_milli;
        if let Some(now_us) = cost.run_delay_us {
            self.waited_us = Some((self.waited_us.map_or(now_us, |(first_us, _)| first_us), now_us));
        }
        for part in cost.shed {
            *self.shed.entry(part).or_default() += 1;
        }
        let sources = self.node.sources.iter().flat_map(|sources| &sources.source);
        for (n, source) in sources.enumerate() {
            let name = source.name.clone().unwrap_or_default();
            if let Some(reason) = &source.reason {
                *self.reasons.entry(format!("{name}: {reason}")).or_default() += 1;
            }
            let us = sample.source_costs.get(n).and_then(|cost| cost.cpu_us);
            *self.source_us.entry(name).or_default() += us.unwrap_or(0);
        }
    }
}

fn identity(id: &TaskId) -> Id {
    (id.runtime.unwrap_or(0), id.number.unwrap_or(0), id.start.unwrap_or(0))
}
