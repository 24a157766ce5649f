//! What the helper of a tick asks and how its answer is read.

use super::{Counts, Memory, NodeTick, Scheduler, SchedulerKind};
use crate::{term::Term, watch::vm::SchedulerCounts};

/// Arguments of `erlang:statistics/1`. `reductions` is the one that each tool reads; it tells all since the start, and its
/// second value (since the last call of anybody) is not used here.
pub(super) const STATISTICS: [&str; 6] =
    ["scheduler_wall_time_all", "run_queue_lengths_all", "io", "reductions", "garbage_collection", "context_switches"];

/// Arguments of `erlang:system_info/1`.
pub(super) const INFOS: [&str; 6] =
    ["process_count", "port_count", "atom_count", "ets_count", "schedulers_online", "dirty_cpu_schedulers_online"];

/// A tick of what comes after the number; `None` without a moment.
pub(super) fn tick(
    said: &[Term],
    (statistics, infos): (&[String], &[String]),
    schedulers: SchedulerCounts,
) -> Option<NodeTick> {
    let [at, wall, own, values, counts, memory] = said else { return None };
    let statistic = |name: &str| named(name, statistics, values);
    let n = |name: &str| named(name, infos, counts)?.as_count();
    let bytes = |name: &str| memory.get(name)?.as_count();
    // How many are online may be changed while it runs.
    let schedulers = SchedulerCounts {
        normal_online: n("schedulers_online").or(schedulers.normal_online),
        dirty_cpu_online: n("dirty_cpu_schedulers_online").or(schedulers.dirty_cpu_online),
        ..schedulers
    };
    let (run_queues, dirty_cpu_queue, dirty_io_queue) = queues(statistic("run_queue_lengths_all"), schedulers);
    Some(NodeTick {
        at_us: at.as_int()?,
        wall_us: wall.as_int(),
        helper_us: own.as_count(),
        schedulers: wall_times(statistic("scheduler_wall_time_all"), schedulers),
        run_queues,
        dirty_cpu_queue,
        dirty_io_queue,
        memory: Memory {
            total: bytes("total"),
            processes: bytes("processes"),
            processes_used: bytes("processes_used"),
            system: bytes("system"),
            atom: bytes("atom"),
            atom_used: bytes("atom_used"),
            binary: bytes("binary"),
            code: bytes("code"),
            ets: bytes("ets"),
        },
        counts: Counts {
            processes: n("process_count"),
            ports: n("port_count"),
            atoms: n("atom_count"),
            ets: n("ets_count"),
        },
        io_in_bytes: statistic("io").and_then(|io| transferred(io, "input")),
        io_out_bytes: statistic("io").and_then(|io| transferred(io, "output")),
        reductions: statistic("reductions").and_then(|reductions| item(reductions, 0)),
        n_gcs: statistic("garbage_collection").and_then(|gcs| item(gcs, 0)),
        gc_words: statistic("garbage_collection").and_then(|gcs| item(gcs, 1)),
        context_switches: statistic("context_switches").and_then(|switches| item(switches, 0)),
    })
}

fn named<'a>(name: &str, names: &[String], values: &'a Term) -> Option<&'a Term> {
    let place = names.iter().position(|known| known == name)?;
    values.as_list()?.get(place)
}

fn item(tuple: &Term, place: usize) -> Option<u64> {
    tuple.as_tuple()?.get(place)?.as_count()
}

/// Of `{{input, Bytes}, {output, Bytes}}`.
fn transferred(io: &Term, way: &str) -> Option<u64> {
    let is_way = |pair: &&Term| pair.as_tuple().and_then(|pair| pair.first()?.as_atom()) == Some(way);
    item(io.as_tuple()?.iter().find(is_way)?, 1)
}

/// A length for each normal scheduler, then one for all dirty CPU, and one for all dirty IO schedulers.
fn queues(lengths: Option<&Term>, schedulers: SchedulerCounts) -> (Vec<u64>, Option<u64>, Option<u64>) {
    let lengths: Option<Vec<u64>> = lengths.and_then(|l| l.as_list()?.iter().map(Term::as_count).collect());
    let (Some(mut lengths), Some(normal)) = (lengths, schedulers.normal) else { return (Vec::new(), None, None) };
    let dirty = lengths.split_off(lengths.len().min(usize::try_from(normal).unwrap_or(usize::MAX)));
    (lengths, dirty.first().copied(), dirty.get(1).copied())
}

/// Of `[{Id, Active, Total}]` in any order. Schedulers that are not online run nothing, and are not told: what is shared
/// among schedulers would else be shared with them.
fn wall_times(times: Option<&Term>, counts: SchedulerCounts) -> Vec<Scheduler> {
    let scheduler = |time: &Term| {
        let [id, active, total] = time.as_tuple()? else { return None };
        let id = u32::try_from(id.as_count()?).ok()?; // No scheduler has such a number.
        Some(Scheduler { id, kind: kind(id.into(), counts), active: active.as_count()?, total: total.as_count()? })
    };
    let mut times: Vec<_> = times.and_then(Term::as_list).unwrap_or_default().iter().filter_map(scheduler).collect();
    times.retain(|scheduler| is_online(scheduler, counts));
    times.sort_unstable_by_key(|scheduler| scheduler.id);
    times
}

/// Those with the lowest numbers of each kind are (`erlang:system_flag(schedulers_online, N)`).
fn is_online(scheduler: &Scheduler, counts: SchedulerCounts) -> bool {
    let id = u64::from(scheduler.id);
    let is_within = |id: u64, online: Option<u64>| online.is_none_or(|online| id <= online);
    match scheduler.kind {
        Some(SchedulerKind::Normal) => is_within(id, counts.normal_online),
        Some(SchedulerKind::DirtyCpu) => {
            is_within(id.saturating_sub(counts.normal.unwrap_or(0)), counts.dirty_cpu_online)
        }
        Some(SchedulerKind::DirtyIo) | None => true,
    }
}

/// Ids run through: normal, dirty CPU, dirty IO (`erlang:statistics/1`, scheduler_wall_time_all).
fn kind(id: u64, counts: SchedulerCounts) -> Option<SchedulerKind> {
    let normal = counts.normal?;
    let dirty_cpu = normal.saturating_add(counts.dirty_cpu?);
    Some(match id {
        _ if id <= normal => SchedulerKind::Normal,
        _ if id <= dirty_cpu => SchedulerKind::DirtyCpu,
        _ => SchedulerKind::DirtyIo,
    })
}

#[cfg(test)]
mod tests;
