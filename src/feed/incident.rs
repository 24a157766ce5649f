//! An incident after the fact: what the black boxes of agents kept of a range of time, as one recording.
//!
//! All nodes are asked for their rollups; those that are named, bear a mark or were among the worst are told in full. Each
//! answer goes into a nameless file first, for agents are not to wait for each other; then all are put in order.

mod agent;
mod choice;
mod merge;
mod parts;
mod size;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context as _;
use midair_proto::v1::{Envelope, RecordedNode, RecordingHeader, RecordingOrder};
use tokio::{sync::Semaphore, task::JoinSet};

use super::{
    file::{Note, Scribe},
    live::Target,
    local,
};
use crate::{
    clock::Clock,
    entry::Entry,
    event::{NodeId, Stamp},
};

use agent::Agent;
use choice::Candidate;
use merge::Source;
use parts::Parts;

/// Agents that are asked at once.
const AGENTS_AT_ONCE: usize = 32;

/// A summary that begins so shortly before the end may be of what was kept long before, microseconds.
const LEAST_US: u64 = 60_000_000;

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// From when on, on our clock.
    pub from: Stamp,
    /// Until when.
    pub to: Stamp,
    /// Nodes that are wanted in full, by id or name.
    pub full: Vec<String>,
    /// How many of the worst are told in full.
    pub n_worst: usize,
    /// Why, to be read in the recording.
    pub why: String,
    /// What the user noted by themselves, that no agent keeps.
    pub notes: Vec<Note>,
}

/// What will be recorded, and how large it will be.
#[derive(Debug)]
pub struct Plan {
    wanted: Wanted,
    nodes: Vec<Planned>,
    /// Address and words of those who were not reached, or keep nothing.
    missing: Vec<(Arc<str>, String)>,
}

#[derive(Debug)]
struct Planned {
    agent: Agent,
    /// Rollups and marks of the range.
    summary: Vec<Envelope>,
    /// Bytes of the summary in a recording.
    summary_bytes: u64,
    /// Why it is told in full, in words.
    full: Option<String>,
    /// Bytes of all of it, estimated; `None`: it has nothing of the range.
    full_bytes: Option<u64>,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Bytes of the file.
    pub n_bytes: u64,
    /// What was not to be had, in words, a line each.
    pub missing: Vec<String>,
}

/// Asks all agents what they have, and chooses.
///
/// # Errors
/// When none of them has anything, or one that was named is not among them.
pub async fn plan(targets: Vec<Target>, wanted: Wanted, clock: Clock) -> anyhow::Result<Plan> {
    let places = Arc::new(Semaphore::new(AGENTS_AT_ONCE));
    let mut asked = JoinSet::new();
    for target in targets {
        let (places, range) = (Arc::clone(&places), (wanted.from, wanted.to));
        asked.spawn(async move {
            let _place = places.acquire_owned().await;
            survey(&target, range, clock).await.map_err(|words| (target.address.clone(), words))
        });
    }
    let (mut nodes, mut missing) = (Vec::new(), Vec::new());
    while let Some(surveyed) = asked.join_next().await {
        match surveyed.context("an agent could not be asked")? {
            Ok(planned) => nodes.push(planned),
            Err(words) => missing.push(words),
        }
    }
    nodes.sort_by(|a, b| a.agent.node.cmp(&b.agent.node));
    nodes.dedup_by(|a, b| a.agent.node == b.agent.node);
    missing.sort();
    anyhow::ensure!(!nodes.is_empty(), "no agent keeps anything of this: {}", words_of(&missing));
    let candidate = |node: &Planned| {
        let noted = wanted.notes_on(&node.agent.node);
        Candidate::of(&node.agent.node, &node.agent.name, &node.summary, noted.count() > 0)
    };
    let candidates: Vec<Candidate> = nodes.iter().map(candidate).collect();
    let chosen = choice::choose(&candidates, &wanted.full, wanted.n_worst).map_err(anyhow::Error::msg)?;
    for (node, why) in nodes.iter_mut().zip(chosen) {
        node.full = why;
    }
    Ok(Plan { wanted, nodes, missing })
}

async fn survey(target: &Target, (from, to): (Stamp, Stamp), clock: Clock) -> Result<Planned, String> {
    let mut agent = Agent::greet(target, clock).await?;
    let summary = agent.summary(from, to).await?;
    let summary_bytes = size::written(&agent.described, &agent.stamped(&summary))?;
    // What is kept begins where its summary does.
    let start = agent.first_of(&summary).map_or(from, |first| first.max(from));
    let range = (if to.since_us(start) < LEAST_US { from } else { start }, to);
    let mut pieces = Vec::new();
    for (from, to) in size::pieces(range) {
        let told = agent.all_of(from, to).await?;
        pieces.push(agent.stamped(&told));
    }
    let full_bytes = size::estimated(range, &agent.described, &pieces)?;
    if summary.is_empty() && full_bytes.is_none() {
        return Err(format!("{} keeps nothing of this time", agent.name));
    }
    Ok(Planned { agent, summary, summary_bytes, full: None, full_bytes })
}

impl Wanted {
    /// What was noted of the range on a node.
    fn notes_on(&self, node: &str) -> impl Iterator<Item = &Note> {
        let is_on = move |note: &&Note| note.nodes.iter().any(|(id, _)| *id.0 == *node);
        self.notes.iter().filter(|note| (self.from..=self.to).contains(&note.at)).filter(is_on)
    }

    /// The same of the whole cluster.
    fn notes_on_all(&self) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(|note| (self.from..=self.to).contains(&note.at) && note.nodes.is_empty())
    }

    /// All that was noted of the range, as those who are recorded would have told it, in order.
    fn noted(&self, sources: &[Source]) -> Vec<Entry> {
        let mut noted = Vec::new();
        for agent in sources.iter().map(|source| &source.agent) {
            let of_node = self.notes_on(&agent.node).map(|note| {
                let nodes = note.nodes.iter().filter(|(id, _)| *id.0 == *agent.node).cloned().collect();
                Note { nodes, ..note.clone() }
            });
            let of_all = self.notes_on_all().map(|note| {
                let nodes = vec![(NodeId::new(&agent.node), agent.wall_us(note.at))];
                Note { nodes, ..note.clone() }
            });
            noted.extend(of_node.chain(of_all).flat_map(|note| note.entries_on(&agent.address, note.at)));
        }
        noted.sort_by_key(|entry| entry.at);
        noted
    }
}

impl Plan {
    /// How large the recording will be, estimated, bytes.
    pub fn n_bytes(&self) -> u64 {
        let of = |node: &Planned| match &node.full {
            Some(_) => node.full_bytes.unwrap_or(0),
            None => node.summary_bytes,
        };
        self.nodes.iter().map(of).sum()
    }

    /// What it will hold, in words, a line each.
    pub fn lines(&self) -> Vec<String> {
        let n_full = self.nodes.iter().filter(|node| node.full.is_some()).count();
        let mut lines = vec![format!(
            "{n_full} of {} nodes in full, rollups of all: about {}",
            self.nodes.len(),
            size(self.n_bytes())
        )];
        for node in &self.nodes {
            let Some(why) = &node.full else { continue };
            let bytes = node.full_bytes.map_or_else(|| "nothing kept then".to_owned(), size);
            lines.push(format!("  {} ({why}): {bytes}", node.agent.name));
        }
        lines.extend(self.missing.iter().map(|(address, words)| format!("  left out {address}: {words}")));
        lines
    }

    /// Fetches it all and writes the recording; `progress` is told the bytes that have come, now and then.
    ///
    /// # Errors
    /// When there is such a file already, or it cannot be written.
    pub async fn gather(mut self, out: &Path, clock: Clock, progress: impl FnMut(u64)) -> anyhow::Result<Gathered> {
        let header = self.header(clock);
        let mut scribe = Scribe::create(out, &header, self.wanted.from)?;
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (sources, missing) = self.fetch(folder, progress).await?;
        let noted = self.wanted.noted(&sources);
        merge::write(sources, &self.missing, noted, (self.wanted.from, self.wanted.to), &mut scribe)
            .with_context(|| format!("cannot write {}", out.display()))?;
        let n_bytes = scribe.finish().with_context(|| format!("cannot write {}", out.display()))?;
        let unreached = self.missing.iter().map(|(address, words)| format!("{address}: {words}"));
        Ok(Gathered { n_bytes, missing: unreached.chain(missing).collect() })
    }

    async fn fetch(
        &mut self,
        folder: &Path,
        mut progress: impl FnMut(u64),
    ) -> anyhow::Result<(Vec<Source>, Vec<String>)> {
        let (places, n_fetched) = (Arc::new(Semaphore::new(AGENTS_AT_ONCE)), Arc::new(AtomicU64::new(0)));
        let (from, to) = (self.wanted.from, self.wanted.to);
        let mut fetching = JoinSet::new();
        for node in std::mem::take(&mut self.nodes) {
            let mut parts = Parts::new(folder).context("cannot make a file beside the recording")?;
            let (places, n_fetched) = (Arc::clone(&places), Arc::clone(&n_fetched));
            fetching.spawn(async move {
                let _place = places.acquire_owned().await;
                let Planned { mut agent, summary, full, .. } = node;
                let ended = match full {
                    Some(_) => agent.fetch(from, to, &mut parts, &n_fetched).await,
                    None => summary.iter().try_for_each(|envelope| parts.push(envelope)).map_err(|e| e.to_string()),
                };
                (agent, parts, full.is_some(), ended)
            });
        }
        let (mut sources, mut missing) = (Vec::new(), Vec::new());
        let mut ticks = tokio::time::interval(std::time::Duration::from_millis(500));
        loop {
            tokio::select! {
                fetched = fetching.join_next() => {
                    let Some(fetched) = fetched else { break };
                    let (agent, parts, is_full, ended) = fetched.context("an agent could not be asked")?;
                    missing.extend(ended.as_ref().err().map(|words| format!("{}: {words}", agent.name)));
                    sources.push(Source { agent, parts, is_full, broken: ended.err() });
                }
                _ = ticks.tick() => progress(n_fetched.load(Ordering::Relaxed)),
            }
        }
        sources.sort_by(|a, b| a.agent.node.cmp(&b.agent.node));
        Ok((sources, missing))
    }

    fn header(&self, clock: Clock) -> RecordingHeader {
        let node = |node: &Planned| RecordedNode {
            node: Some(node.agent.node.clone()),
            name: Some(node.agent.name.clone()),
            link: Some(node.agent.address.to_string()),
        };
        RecordingHeader {
            program: Some(concat!("midair ", env!("CARGO_PKG_VERSION")).to_owned()),
            author: Some(local::user()),
            why: Some(self.wanted.why.clone()),
            wall_us: Some(clock.now().0),
            order: Some(RecordingOrder::AsMeasured.into()),
            nodes: self.nodes.iter().map(node).collect(),
            masked: Vec::new(),
        }
    }
}

fn words_of(missing: &[(Arc<str>, String)]) -> String {
    let all: Vec<String> = missing.iter().map(|(address, words)| format!("{address}: {words}")).collect();
    if all.is_empty() { "no agent was named".to_owned() } else { all.join("; ") }
}

/// `4.2 MiB`.
fn size(n_bytes: u64) -> String {
    let kib = n_bytes as f64 / 1024.0;
    if kib < 1_000.0 { format!("{kib:.0} KiB") } else { format!("{:.1} MiB", kib / 1024.0) }
}

#[cfg(test)]
mod tests;
