//! How each thing is judged: from which number on it is worth a look, and in which words it is told.

use std::sync::Arc;

use midair_vitals::{
    DiskVitals, Filesystem, NodeReading, NodeVitals, SchedCauses, Severity, ShortLivedNameVitals, ShortLivedVitals,
    Unit,
};

use super::{Bursts, Check, Found};
use crate::model::{node::Node, words::Part};

/// Looks at all of them, in the order in which they are shown. Of a host that is well nothing is written: thousands are looked
/// at for each picture of a cluster.
pub(super) fn look(node: &Node, found: &mut Found) {
    let Some(latest) = &node.latest else { return };
    let (reading, vitals, bursts) = (&latest.reading, &latest.vitals, &node.bursts);
    let n_cpus = node.described.as_ref().and_then(|d| d.n_cpus).filter(|n| *n > 0).map(f64::from);
    lost_cpu(vitals, found);
    listen_queues(bursts, found);
    retransmits(vitals, found);
    timeouts(bursts, found);
    tcp_sockets(bursts, found);
    connections(bursts, found);
    tcp_memory(bursts, found);
    udp(bursts, found);
    interfaces(bursts, found);
    soft_interrupts(vitals, n_cpus, found);
    packet_backlog(reading, bursts, found);
    conntrack(reading, bursts, found);
    vitals.disks.iter().for_each(|one| disk(one, found));
    reading.filesystems.iter().for_each(|one| filesystem(one, found));
    files(reading, found);
    short_lived(vitals, found);
}

/// From which value on something is how bad, per mille; rising.
type Steps = &'static [(f64, u32)];

/// The severity of the highest step that a value reaches; 0 below all. Steps rise.
fn step(value: f64, steps: Steps) -> u32 {
    steps.iter().rev().find(|(from, _)| value >= *from).map_or(0, |(_, per_mille)| *per_mille)
}

/// Counts of the last ten seconds in words. Where something happened only that is said.
fn counted(counts: &[(Option<u64>, &'static str)]) -> Vec<Part> {
    let known = counts.iter().filter_map(|(n, words)| Some(((*n)?, *words)));
    let is_any = known.clone().any(|(n, _)| n > 0);
    let mut parts = Vec::new();
    for (n, words) in known.filter(|(n, _)| !is_any || *n > 0) {
        if !parts.is_empty() {
            parts.push(Part::Words(", "));
        }
        parts.extend([Part::Count(n), Part::Words(words)]);
    }
    if !parts.is_empty() {
        parts.push(Part::Words(" in 10 s"));
    }
    parts
}

/// What is so bad when it happens so often in ten seconds; `None` where none of them is known.
fn worst_of(counts: &[(Option<u64>, Steps)]) -> Option<u32> {
    counts.iter().filter_map(|(n, steps)| Some(step((*n)? as f64, steps))).max()
}

/// Who took the CPU from whom. How bad it is stands at the vital; here it says why.
fn lost_cpu(vitals: &NodeVitals, found: &mut Found) {
    let SchedCauses { own, neighbour, quota, hypervisor } = vitals.causes;
    let is_known = [own, neighbour, quota, hypervisor].iter().any(Option::is_some);
    found.push(Check::LostCpu, is_known.then_some(0), || {
        let causes = [
            (own, "own threads ", ""),
            (neighbour, "neighbours ", "~"),
            (quota, "quotas ", ""),
            (hypervisor, "the hypervisor ", ""),
        ];
        let mut now = Vec::new();
        for (lost, words, about) in causes {
            let Some(lost) = lost else { continue };
            if !now.is_empty() {
                now.push(Part::Words(", "));
            }
            now.extend([Part::Words(words), Part::Words(about), Part::Delay(lost)]);
        }
        now
    });
}

fn listen_queues(bursts: &Bursts, found: &mut Found) {
    let n_drops = bursts.listen_drops();
    let severity = worst_of(&[(n_drops, &[(1.0, 600), (100.0, 800), (1_000.0, 950)])]);
    found.push(Check::ListenQueues, severity, || counted(&[(n_drops, " connection attempts dropped")]));
}

/// Sent again: a share says how bad the path is, but of few segments it says nothing.
fn retransmits(vitals: &NodeVitals, found: &mut Found) {
    let again = vitals.tcp_retrans;
    let share = again.zip(vitals.tcp_out).filter(|(_, out)| *out > 0.0).map(|(again, out)| again / out);
    let telling = share.filter(|_| again.is_some_and(|again| again >= 10.0));
    let severity = telling.map_or(0, |share| step(share, &[(0.01, 300), (0.05, 600), (0.2, 850)]));
    found.push(Check::Retransmits, again.map(|_| severity), || {
        let mut now = Vec::new();
        now.extend(again.map(|n| [Part::Number(n), Part::Words("/s sent again")]).into_iter().flatten());
        let share = share.map(|share| [Part::Words(", "), Part::Share(share), Part::Words(" of what is sent")]);
        now.extend(share.into_iter().flatten());
        now
    });
}

fn timeouts(bursts: &Bursts, found: &mut Found) {
    let (timeouts, aborts) = (bursts.timeouts.sum(), bursts.aborts.sum());
    let severity = worst_of(&[(timeouts, &[(50.0, 300), (500.0, 600)]), (aborts, &[(1.0, 300), (20.0, 600)])]);
    found.push(Check::Timeouts, severity, || {
        counted(&[(timeouts, " without answer in time"), (aborts, " connections given up")])
    });
}

fn tcp_sockets(bursts: &Bursts, found: &mut Found) {
    let n_drops = bursts.tcp_drops.sum();
    let severity = worst_of(&[(n_drops, &[(1.0, 300), (100.0, 600)])]);
    found.push(Check::TcpSockets, severity, || counted(&[(n_drops, " segments dropped at full or busy sockets")]));
}

/// Clients come and go: only very many resets say something.
fn connections(bursts: &Bursts, found: &mut Found) {
    let (resets, failed) = (bursts.resets.sum(), bursts.failed_attempts.sum());
    let steps: Steps = &[(500.0, 300), (5_000.0, 600)];
    let severity = worst_of(&[(resets, steps), (failed, steps)]);
    found.push(Check::Connections, severity, || counted(&[(resets, " reset"), (failed, " attempts failed")]));
}

fn tcp_memory(bursts: &Bursts, found: &mut Found) {
    let n = bursts.memory_pressures.sum();
    let severity = worst_of(&[(n, &[(1.0, 850)])]);
    found.push(Check::TcpMemory, severity, || counted(&[(n, " times near its limit")]));
}

/// `InErrors` counts what found a socket full as well (net/ipv4/udp.c): that is told once.
fn udp(bursts: &Bursts, found: &mut Found) {
    let drops = bursts.udp_drops();
    let broken = bursts.udp_in_errors.sum().map(|n| n.saturating_sub(drops.unwrap_or(0)));
    let unsent = bursts.udp_send_errors.sum();
    let severity = worst_of(&[
        (drops, &[(1.0, 600), (1_000.0, 800)]),
        (broken, &[(1.0, 300), (100.0, 600)]),
        (unsent, &[(1.0, 500), (100.0, 700)]),
    ]);
    found.push(Check::Udp, severity, || {
        counted(&[(drops, " datagrams dropped at full sockets"), (broken, " not received"), (unsent, " not sent")])
    });
}

fn interfaces(bursts: &Bursts, found: &mut Found) {
    let n = bursts.net_drops();
    let severity = worst_of(&[(n, &[(1.0, 600), (1_000.0, 800)])]);
    found.push(Check::Interfaces, severity, || counted(&[(n, " packets dropped")]));
}

fn soft_interrupts(vitals: &NodeVitals, n_cpus: Option<f64>, found: &mut Found) {
    let soft = vitals.soft;
    let of_all = soft.zip(n_cpus).map(|(soft, n)| soft / n);
    let severity = of_all.map_or(0, |share| step(share, &[(0.2, 300), (0.4, 600), (0.7, 850)]));
    found.push(Check::SoftInterrupts, soft.map(|_| severity), || {
        let mut now: Vec<Part> = soft.map(Part::Cores).into_iter().collect();
        let hard = vitals.interrupts.filter(|_| soft.is_some());
        let hard = hard.map(|n| [Part::Words(", "), Part::Number(n), Part::Words(" interrupts/s")]);
        now.extend(hard.into_iter().flatten());
        now
    });
}

fn packet_backlog(reading: &NodeReading, bursts: &Bursts, found: &mut Found) {
    let (n_drops, backlog) = (bursts.backlog_drops.sum(), reading.interrupts.and_then(|i| i.backlog));
    let severity = worst_of(&[(n_drops, &[(1.0, 600), (1_000.0, 800)]), (backlog, &[(500.0, 500)])]);
    found.push(Check::PacketBacklog, severity, || {
        let mut now: Vec<Part> =
            backlog.map(|n| vec![Part::Count(n), Part::Words(" packets wait")]).unwrap_or_default();
        let dropped = counted(&[(n_drops, " dropped because it was full")]);
        if !now.is_empty() && !dropped.is_empty() {
            now.push(Part::Words(", "));
        }
        now.extend(dropped);
        now
    });
}

fn conntrack(reading: &NodeReading, bursts: &Bursts, found: &mut Found) {
    let fill = share(reading.n_conntrack, reading.conntrack_max);
    let n_drops = bursts.conntrack_drops.sum();
    let severity = fill.map(near_its_limit).max(worst_of(&[(n_drops, &[(1.0, 900)])]));
    found.push(Check::Conntrack, severity, || {
        let mut now = of(reading.n_conntrack, reading.conntrack_max, " connections tracked");
        if n_drops.is_some_and(|n| n > 0) {
            now.push(Part::Words(", "));
            now.extend(counted(&[(n_drops, " packets dropped for it")]));
        }
        now
    });
}

/// A disk that is always busy may still be fast: how long requests take decides.
fn disk(disk: &DiskVitals, found: &mut Found) {
    let slow = disk.latency.map_or(0, |seconds| step(seconds, &[(0.02, 500), (0.1, 700), (1.0, 900)]));
    let severity = disk.busy.map(|busy| if busy >= 0.5 { slow.max(step(busy, &[(0.95, 300)])) } else { slow.min(299) });
    found.push(Check::Disk(disk.name.clone()), severity, || {
        let busy = disk.busy.map(|busy| vec![Part::Words("busy "), Part::Share(busy)]);
        let mut now: Vec<Part> = busy.unwrap_or_default();
        let told = [
            disk.latency.map(|seconds| (Part::Latency(seconds), " a request")),
            disk.requests.map(|n| (Part::Number(n), "/s")),
            disk.in_flight.filter(|n| *n > 0).map(|n| (Part::Count(n), " outstanding")),
            disk.read.filter(|b| *b > 0.0).map(|bytes| (Part::Amount(bytes, Unit::Bytes), "/s read")),
            disk.write.filter(|b| *b > 0.0).map(|bytes| (Part::Amount(bytes, Unit::Bytes), "/s written")),
        ];
        for (part, words) in told.into_iter().flatten() {
            now.extend([Part::Words(", "), part, Part::Words(words)]);
        }
        now
    });
}

/// Full of bytes or of files: most hosts stop working at either.
fn filesystem(filesystem: &Filesystem, found: &mut Found) {
    let fill = filesystem.fill().map(Severity::per_mille);
    let severity = fill.map(|fill| if fill >= 850 { (fill - 850) * 4 + 400 } else { 0 });
    found.push(Check::Filesystem(filesystem.mount.clone()), severity, || {
        let mut now = Vec::new();
        let full = fill.map(|fill| [Part::Share(f64::from(fill) / 1000.0), Part::Words(" full")]);
        now.extend(full.into_iter().flatten());
        if let (Some(left), Some(total)) = (filesystem.available_bytes, filesystem.total_bytes) {
            let (left, total) = (Part::Amount(left as f64, Unit::Bytes), Part::Amount(total as f64, Unit::Bytes));
            now.extend([Part::Words(", "), left, Part::Words(" of "), total, Part::Words(" left")]);
        }
        let few = filesystem.n_inodes_free.filter(|n| share(Some(*n), filesystem.n_inodes).is_some_and(|s| s < 0.1));
        let few = few.map(|n| [Part::Words(", room for "), Part::Count(n), Part::Words(" files")]);
        now.extend(few.into_iter().flatten());
        now
    });
}

fn files(reading: &NodeReading, found: &mut Found) {
    let severity = share(reading.n_files, reading.files_max).map(near_its_limit);
    found.push(Check::Files, severity, || of(reading.n_files, reading.files_max, " open"));
}

fn short_lived(vitals: &NodeVitals, found: &mut Found) {
    let (forks, short) = (vitals.forks, vitals.short_lived);
    let often = [forks, short].into_iter().flatten().reduce(f64::max);
    let by_name = &vitals.short_lived_by_name;
    let often = [often, by_name.rate].into_iter().flatten().reduce(f64::max);
    let often = often.map(|n| step(n, &[(200.0, 300), (1_000.0, 500), (5_000.0, 700)]));
    let dear = by_name.cpu.map(|cpu| step(cpu, &[(0.2, 300), (1.0, 500), (4.0, 700)]));
    found.push(Check::ShortLived, often.max(dear), || {
        let named = who_ended(by_name);
        if !named.is_empty() {
            return named;
        }
        let mut now = Vec::new();
        now.extend(forks.map(|n| [Part::Number(n), Part::Words(" forks/s")]).into_iter().flatten());
        let between = if now.is_empty() { "~" } else { ", ~" };
        let short = short.map(|n| [Part::Words(between), Part::Number(n), Part::Words("/s that nobody saw")]);
        now.extend(short.into_iter().flatten());
        now
    });
}

/// `312/s: sh 210/s (of cron), grep 90/s (of sh), 0.60 cores`; empty where none is known by name.
fn who_ended(all: &ShortLivedVitals) -> Vec<Part> {
    let often = |one: &&ShortLivedNameVitals| one.rate.is_some_and(|rate| rate > 0.0);
    let Some(rate) = all.rate.filter(|_| all.by_name.iter().any(|one| often(&one))) else { return Vec::new() };
    let mut now = vec![Part::Number(rate), Part::Words("/s: ")];
    for (n, one) in all.by_name.iter().filter(often).take(MOST_NAMES).enumerate() {
        if n > 0 {
            now.push(Part::Words(", "));
        }
        now.extend([Part::Name(Arc::clone(&one.name)), Part::Words(" ")]);
        now.extend(one.rate.map(|rate| [Part::Number(rate), Part::Words("/s")]).into_iter().flatten());
        let parent =
            one.parent.iter().map(|parent| [Part::Words(" (of "), Part::Name(Arc::clone(parent)), Part::Words(")")]);
        now.extend(parent.flatten());
    }
    now.extend(all.cpu.map(|cpu| [Part::Words(", "), Part::Cores(cpu)]).into_iter().flatten());
    now
}

/// So many names of short-lived processes are told.
const MOST_NAMES: usize = 2;

/// How bad it is that a table is so full: nothing below four fifths of it.
fn near_its_limit(fill: f64) -> u32 {
    if fill >= 0.8 { (fill * 1000.0) as u32 } else { 0 }
}

fn share(part: Option<u64>, all: Option<u64>) -> Option<f64> {
    let all = all.filter(|n| *n > 0)?;
    Some(part? as f64 / all as f64)
}

/// `61.2k of 65.5k open`.
fn of(n: Option<u64>, most: Option<u64>, words: &'static str) -> Vec<Part> {
    let Some(n) = n else { return Vec::new() };
    let mut parts = vec![Part::Count(n)];
    // Kernels of today have no limit of their own: the highest number stands for that.
    let most = most.filter(|most| *most < 1 << 50);
    parts.extend(most.map(|most| [Part::Words(" of "), Part::Count(most)]).into_iter().flatten());
    parts.push(Part::Words(words));
    parts
}
