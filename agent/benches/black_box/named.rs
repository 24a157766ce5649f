//! Does the black box name who must be named? All tasks of each second, as a table tells them, beside what was kept of it.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    time::Duration,
};

use midair_proto::{
    delta::Delta,
    v1::{
        Envelope, Order, Payload, Queue, Rows, Sample, TableQuery, Task, TaskId, TaskKind, Unit, control, payload::Kind,
    },
};
use midair_recording::{Body, Entry};
use prost::Message;

use crate::program;

/// Runtime, number and start of a task.
type Id = (u32, u64, u64);

/// The part of a core or of a second from which a task must be named; a little more than the bar, for both sides divide by
/// times of their own.
const SHARE: f64 = 0.0102;

/// Severity from which a queue must be, as a share.
const QUEUE: f64 = 0.205;

/// What a comparison has shown.
pub(crate) struct Named {
    /// Seconds that were compared.
    pub(crate) n_seconds: usize,
    /// Tasks that had to be named, of all seconds together.
    pub(crate) n_noted: usize,
    /// In words, those that are not.
    pub(crate) missing: Vec<String>,
}

/// Asks for a table of all tasks each second. By the moment of the reading.
pub(crate) async fn tables(socket: PathBuf, time: Duration) -> anyhow::Result<BTreeMap<u64, Rows>> {
    let kinds = [TaskKind::Process, TaskKind::Thread, TaskKind::KernelThread].map(Into::into).to_vec();
    let query =
        TableQuery { id: Some(1), kinds, order: Some(Order::Cpu.into()), limit: Some(4_096), ..TableQuery::default() };
    let (mut events, _controls) = program::watch(socket, "black_box", control::Kind::Table(query)).await?;
    let mut tables = BTreeMap::new();
    let listening = tokio::time::timeout(time, async {
        while let Some(envelope) = events.message().await? {
            if let Some(Kind::Rows(rows)) = kind(&envelope)? {
                tables.insert(rows.mono_us(), rows);
            }
        }
        Ok::<(), anyhow::Error>(())
    });
    // That the time is over is how it ends.
    if let Ok(ended) = listening.await {
        ended?;
    }
    Ok(tables)
}

/// Compares tables with what was kept.
pub(crate) fn compare(tables: &BTreeMap<u64, Rows>, entries: &[Entry]) -> anyhow::Result<Named> {
    let mut named = Named { n_seconds: 0, n_noted: 0, missing: Vec::new() };
    let mut held: BTreeMap<Id, Task> = BTreeMap::new();
    let mut before: HashMap<Id, (u64, Task)> = HashMap::new();
    for entry in entries {
        let Body::Envelope { bytes, .. } = &entry.body else { continue };
        let envelope = Envelope::decode(bytes.clone())?;
        let Some(Kind::Sample(sample)) = kind(&envelope)? else { continue };
        let at_us = sample.tasks_mono_us();
        fold(&mut held, sample, envelope.key());
        let Some(table) = tables.get(&at_us) else { continue };
        named.n_seconds += 1;
        for task in &table.tasks {
            let (id, at_us) = (id(task), task.mono_us.unwrap_or(at_us));
            let earlier = before.insert(id, (at_us, task.clone()));
            let Some(why) = earlier.and_then(|earlier| noted(task, at_us, &earlier)) else { continue };
            named.n_noted += 1;
            match held.get(&id) {
                None => {
                    let (kind, n_rows) = (task.kind().as_str_name(), held.len());
                    named.missing.push(format!("task {} ({kind}) is not among {n_rows} rows: {why}", id.1));
                }
                // A step of what is told, and a queue that is told where its level changes.
                Some(row) if why.starts_with("queue") => {
                    if row.queues.is_none() {
                        named.missing.push(format!("task {} has no queue: {why}", id.1));
                    }
                }
                Some(row) => {
                    let off = |a: Option<u64>, b: Option<u64>| a.unwrap_or(0).abs_diff(b.unwrap_or(0)) > 128;
                    if off(row.cpu_us, task.cpu_us) || off(row.run_delay_us, task.run_delay_us) {
                        named.missing.push(format!("task {} is not as it was: {why}", id.1));
                    }
                }
            }
        }
    }
    Ok(named)
}

fn kind(envelope: &Envelope) -> anyhow::Result<Option<Kind>> {
    Ok(Payload::decode(envelope.payload.clone().unwrap_or_default())?.kind)
}

fn id(task: &Task) -> Id {
    task.id.as_ref().map_or((0, 0, 0), identity)
}

fn identity(id: &TaskId) -> Id {
    (id.runtime(), id.number(), id.start())
}

fn fold(held: &mut BTreeMap<Id, Task>, sample: Sample, is_key: bool) {
    if is_key {
        held.clear();
    }
    for gone in sample.left.iter().chain(&sample.died) {
        held.remove(&identity(gone));
    }
    if let Some(gains) = &sample.gains {
        gains.apply(held.values_mut(), sample.tasks_mono_us());
    }
    for task in sample.tasks {
        match held.get_mut(&id(&task)) {
            Some(row) => row.apply(task),
            None => drop(held.insert(id(&task), task)),
        }
    }
}

/// Why a task had to be named in the second that ended with this row; `None` where it had not.
fn noted(task: &Task, at_us: u64, (before_us, before): &(u64, Task)) -> Option<String> {
    let over_us = at_us.checked_sub(*before_us).filter(|us| (500_000..1_500_000).contains(us))? as f64;
    let share = |now: Option<u64>, then: Option<u64>| Some(now?.checked_sub(then?)? as f64 / over_us);
    if let Some(share) = share(task.cpu_us, before.cpu_us).filter(|share| *share >= SHARE) {
        return Some(format!("CPU {:.1} %", share * 100.0));
    }
    if let Some(share) = share(task.run_delay_us, before.run_delay_us).filter(|share| *share >= SHARE) {
        return Some(format!("waited {:.1} ms", share * 1e3));
    }
    let queues = task.queues.iter().flat_map(|queues| &queues.queue);
    let severe = queues.filter_map(severity).find(|severity| *severity >= QUEUE)?;
    Some(format!("queue of severity {:.0}", severe * 100.0))
}

/// How full a queue is or, where it has no limit, its level: log10(n) / 6, bytes counted in KiB.
fn severity(queue: &Queue) -> Option<f64> {
    let depth = queue.depth? as f64;
    match queue.limit {
        Some(limit) if limit > 0 => Some(depth / limit as f64),
        _ if queue.unit() == Unit::Bytes => Some((depth / 1_024.0).max(1.0).log10() / 6.0),
        _ => Some(depth.max(1.0).log10() / 6.0),
    }
}
