//! Of what a black box's bytes are made: each part is what the recording would be smaller by without it.

use std::{collections::HashSet, path::Path};

use midair_proto::v1::{Envelope, Node, Payload, Sample, Task, payload::Kind};
use midair_recording::{Body, Entry, Options, Piece, Reader, Writer};
use prost::Message;

/// One part, and its bytes per second.
pub(crate) type Part = (&'static str, f64);

/// What is left of a sample without a part.
type Without = fn(&mut Kind) -> bool;

/// The parts. A function takes the part away; false where nothing is left of the entry.
const PARTS: [(&str, Without); 10] = [
    ("rows", |kind| {
        of_sample(kind, |sample| {
            sample.tasks.clear();
            sample.left.clear();
            sample.died.clear();
        })
    }),
    ("node", |kind| {
        of_sample(kind, |sample| {
            sample.node = sample.node.take().map(|_| Node::default());
        })
    }),
    ("CPUs", |kind| of_sample(kind, |sample| sample.cpus.clear())),
    ("cost", |kind| {
        of_sample(kind, |sample| {
            sample.cost = None;
            sample.source_costs.clear();
        })
    }),
    ("names", |kind| of_sample(kind, |sample| sample.names.clear())),
    ("cgroups, namespaces", |kind| {
        of_sample(kind, |sample| {
            sample.cgroups.clear();
            sample.namespaces.clear();
        })
    }),
    ("VMs", |kind| of_sample(kind, |sample| sample.vms.clear())),
    ("census", |kind| !matches!(kind, Kind::Census(_))),
    ("rollups", |kind| !matches!(kind, Kind::Rollup(_))),
    ("descriptions", |kind| !matches!(kind, Kind::Described(_))),
];

fn of_sample(kind: &mut Kind, change: impl FnOnce(&mut Sample)) -> bool {
    if let Kind::Sample(sample) = kind {
        change(sample);
    }
    true
}

/// All entries of a recording.
pub(crate) fn read(file: &Path) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for piece in Reader::open(std::fs::File::open(file)?)? {
        if let Piece::Entry(entry) = piece? {
            entries.push(entry);
        }
    }
    Ok(entries)
}

/// The bytes per second of all, and of each part.
pub(crate) fn measure(entries: &[Entry], options: Options) -> anyhow::Result<(f64, Vec<Part>)> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { anyhow::bail!("it holds nothing") };
    let seconds = last.at_us.saturating_sub(first.at_us).max(1) as f64 / 1e6;
    let whole = pack(entries, options, |_| true)? as f64 / seconds;
    let mut parts = Vec::new();
    for (name, without) in PARTS {
        parts.push((name, whole - pack(entries, options, without)? as f64 / seconds));
    }
    Ok((whole, parts))
}

/// The bytes per second of all Erlang VMs: what they say, their processes with their names, and their OS processes with their
/// threads. What these OS processes gained in time stands by place, and is left: a byte or two of each.
pub(crate) fn of_vms(entries: &[Entry], options: Options) -> anyhow::Result<f64> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { anyhow::bail!("it holds nothing") };
    let mut pids = HashSet::new();
    let whole = pack(entries, options, |kind| {
        let Kind::Sample(sample) = kind else { return true };
        pids.extend(sample.vms.iter().filter_map(|vm| vm.process?.number));
        true
    })?;
    let is_theirs = |task: &Task| {
        let id = task.id.unwrap_or_default();
        id.runtime() != 0 || pids.contains(&id.number()) || task.process.is_some_and(|pid| pids.contains(&pid))
    };
    let without = pack(entries, options, |kind| match kind {
        Kind::Sample(sample) => {
            sample.vms.clear();
            let (theirs, others): (Vec<Task>, Vec<Task>) =
                std::mem::take(&mut sample.tasks).into_iter().partition(is_theirs);
            let used = |tasks: &[Task]| tasks.iter().flat_map(names).collect::<HashSet<u32>>();
            let (theirs, others_use) = (used(&theirs), used(&others));
            sample.names.retain(|name| !theirs.contains(&name.id()) || others_use.contains(&name.id()));
            sample.tasks = others;
            sample.left.retain(|id| id.runtime() == 0);
            sample.died.retain(|id| id.runtime() == 0);
            true
        }
        Kind::Rollup(rollup) => {
            rollup.vms.clear();
            rollup.tasks.retain(|task| task.task.unwrap_or_default().runtime() == 0);
            true
        }
        _ => true,
    })?;
    let seconds = last.at_us.saturating_sub(first.at_us).max(1) as f64 / 1e6;
    Ok(whole.saturating_sub(without) as f64 / seconds)
}

fn names(task: &Task) -> impl Iterator<Item = u32> + use<> {
    [task.name, task.command, task.user, task.cgroup, task.unit, task.wait_channel].into_iter().flatten()
}

/// The bytes of a recording of these entries, without a part: blocks and chunks as they were.
fn pack(entries: &[Entry], options: Options, mut without: impl FnMut(&mut Kind) -> bool) -> anyhow::Result<u64> {
    let mut writer = Writer::new(Vec::new(), &midair_proto::v1::RecordingHeader::default(), 1, options)?;
    let mut flushed_us = 0;
    for entry in entries {
        let Body::Envelope { link, bytes } = &entry.body else { continue };
        let envelope = Envelope::decode(bytes.clone())?;
        let payload = Payload::decode(envelope.payload.clone().unwrap_or_default())?;
        let Some(mut kind) = payload.kind else { continue };
        if !without(&mut kind) {
            continue;
        }
        if envelope.key() && writer.needs_block(entry.at_us + 2_000_000) {
            writer.begin_block(entry.at_us, entry.wall_us, true)?;
        }
        let payload = Payload { kind: Some(kind) }.encode_to_vec();
        let envelope = Envelope { payload: Some(payload.into()), ..envelope };
        writer.envelope(entry.at_us, link, &envelope.encode_to_vec())?;
        if entry.at_us.saturating_sub(flushed_us) > 900_000 {
            writer.flush_chunk()?;
            flushed_us = entry.at_us;
        }
    }
    writer.flush_chunk()?;
    Ok(writer.n_bytes())
}
