//! How each thing is judged: from which number on it is worth a look, and in which words it is told.

use midair_vitals::{DiskVitals, Filesystem, NodeReading, NodeVitals, SchedCauses, Severity, Unit};

use super::{Bursts, Check, Fact};
use crate::model::{node::Node, words::Part};

/// All of them, in the order in which they are shown. Empty where nothing was measured.
pub(super) fn all(node: &Node) -> Vec<Fact> {
    let Some(latest) = &node.latest else { return Vec::new() };
    let (reading, vitals, bursts) = (&latest.reading, &latest.vitals, &node.bursts);
    let n_cpus = node.described.as_ref().and_then(|d| d.n_cpus).filter(|n| *n > 0).map(f64::from);
    let mut facts = vec![
        lost_cpu(vitals),
        listen_queues(bursts),
        retransmits(vitals),
        timeouts(bursts),
        tcp_sockets(bursts),
        connections(bursts),
        tcp_memory(bursts),
        udp(bursts),
        interfaces(bursts),
        soft_interrupts(vitals, n_cpus),
        packet_backlog(reading, bursts),
        conntrack(reading, bursts),
    ];
    facts.extend(vitals.disks.iter().map(disk));
    facts.extend(reading.filesystems.iter().map(filesystem));
    facts.extend([files(reading), short_lived(vitals)]);
    facts
}

fn fact(check: Check, per_mille: Option<u32>, now: Vec<Part>) -> Fact {
    Fact { check, severity: per_mille.map(Severity::from_per_mille), now }
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

/// Who took the CPU from whom. The severity of it all stands at the vital; here it says why.
fn lost_cpu(vitals: &NodeVitals) -> Fact {
    let SchedCauses { own, neighbour, quota, hypervisor } = vitals.causes;
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
    fact(Check::LostCpu, (!now.is_empty()).then_some(0), now)
}

fn listen_queues(bursts: &Bursts) -> Fact {
    let n_drops = bursts.listen_drops();
    let severity = worst_of(&[(n_drops, &[(1.0, 600), (100.0, 800), (1_000.0, 950)])]);
    fact(Check::ListenQueues, severity, counted(&[(n_drops, " connections dropped")]))
}

/// Sent again: a share says how bad the path is, but of few segments it says nothing.
fn retransmits(vitals: &NodeVitals) -> Fact {
    let Some(again) = vitals.tcp_retrans else { return fact(Check::Retransmits, None, Vec::new()) };
    let share = vitals.tcp_out.filter(|out| *out > 0.0).map(|out| again / out);
    let is_many = again >= 10.0;
    let severity = share.filter(|_| is_many).map_or(0, |s| step(s, &[(0.01, 300), (0.05, 600), (0.2, 850)]));
    let mut now = vec![Part::Number(again), Part::Words("/s sent again")];
    now.extend(
        share.map(|s| [Part::Words(", "), Part::Share(s), Part::Words(" of what is sent")]).into_iter().flatten(),
    );
    fact(Check::Retransmits, Some(severity), now)
}

fn timeouts(bursts: &Bursts) -> Fact {
    let (timeouts, aborts) = (bursts.timeouts.sum(), bursts.aborts.sum());
    let severity = worst_of(&[(timeouts, &[(50.0, 300), (500.0, 600)]), (aborts, &[(1.0, 300), (20.0, 600)])]);
    fact(
        Check::Timeouts,
        severity,
        counted(&[(timeouts, " without answer in time"), (aborts, " connections given up")]),
    )
}

fn tcp_sockets(bursts: &Bursts) -> Fact {
    let n_drops = bursts.tcp_drops.sum();
    let severity = worst_of(&[(n_drops, &[(1.0, 300), (100.0, 600)])]);
    fact(Check::TcpSockets, severity, counted(&[(n_drops, " segments dropped at full or busy sockets")]))
}

/// Clients come and go: only very many resets say something.
fn connections(bursts: &Bursts) -> Fact {
    let (resets, failed) = (bursts.resets.sum(), bursts.failed_attempts.sum());
    let steps: Steps = &[(500.0, 300), (5_000.0, 600)];
    let severity = worst_of(&[(resets, steps), (failed, steps)]);
    fact(Check::Connections, severity, counted(&[(resets, " reset"), (failed, " attempts failed")]))
}

fn tcp_memory(bursts: &Bursts) -> Fact {
    let n = bursts.memory_pressures.sum();
    fact(Check::TcpMemory, worst_of(&[(n, &[(1.0, 850)])]), counted(&[(n, " times near its limit")]))
}

/// `InErrors` counts what found a socket full as well (net/ipv4/udp.c): that is told once.
fn udp(bursts: &Bursts) -> Fact {
    let drops = bursts.udp_drops();
    let broken = bursts.udp_in_errors.sum().map(|n| n.saturating_sub(drops.unwrap_or(0)));
    let unsent = bursts.udp_send_errors.sum();
    let severity = worst_of(&[
        (drops, &[(1.0, 600), (1_000.0, 800)]),
        (broken, &[(1.0, 300), (100.0, 600)]),
        (unsent, &[(1.0, 500), (100.0, 700)]),
    ]);
    let words = [(drops, " datagrams dropped at full sockets"), (broken, " not received"), (unsent, " not sent")];
    fact(Check::Udp, severity, counted(&words))
}

fn interfaces(bursts: &Bursts) -> Fact {
    let n = bursts.net_drops();
    let severity = worst_of(&[(n, &[(1.0, 600), (1_000.0, 800)])]);
    fact(Check::Interfaces, severity, counted(&[(n, " packets dropped")]))
}

fn soft_interrupts(vitals: &NodeVitals, n_cpus: Option<f64>) -> Fact {
    let Some(soft) = vitals.soft else { return fact(Check::SoftInterrupts, None, Vec::new()) };
    let severity = n_cpus.map_or(0, |n| step(soft / n, &[(0.2, 300), (0.4, 600), (0.7, 850)]));
    let mut now = vec![Part::Cores(soft)];
    let hard = vitals.interrupts;
    now.extend(hard.map(|n| [Part::Words(", "), Part::Number(n), Part::Words(" interrupts/s")]).into_iter().flatten());
    fact(Check::SoftInterrupts, Some(severity), now)
}

fn packet_backlog(reading: &NodeReading, bursts: &Bursts) -> Fact {
    let (n_drops, backlog) = (bursts.backlog_drops.sum(), reading.interrupts.and_then(|i| i.backlog));
    let severity = worst_of(&[(n_drops, &[(1.0, 600), (1_000.0, 800)]), (backlog, &[(500.0, 500)])]);
    let mut now: Vec<Part> = backlog.map(|n| vec![Part::Count(n), Part::Words(" packets wait")]).unwrap_or_default();
    let dropped = counted(&[(n_drops, " dropped because it was full")]);
    if !now.is_empty() && !dropped.is_empty() {
        now.push(Part::Words(", "));
    }
    now.extend(dropped);
    fact(Check::PacketBacklog, severity, now)
}

fn conntrack(reading: &NodeReading, bursts: &Bursts) -> Fact {
    let fill = share(reading.n_conntrack, reading.conntrack_max);
    let n_drops = bursts.conntrack_drops.sum();
    let by_fill = fill.map(|fill| if fill >= 0.8 { (fill * 1000.0) as u32 } else { 0 });
    let severity = by_fill.max(worst_of(&[(n_drops, &[(1.0, 900)])]));
    let mut now = of(reading.n_conntrack, reading.conntrack_max, " connections tracked");
    if n_drops.is_some_and(|n| n > 0) {
        now.push(Part::Words(", "));
        now.extend(counted(&[(n_drops, " packets dropped for it")]));
    }
    fact(Check::Conntrack, severity, now)
}

/// A disk that is always busy may still be fast: how long requests take decides.
fn disk(disk: &DiskVitals) -> Fact {
    let Some(busy) = disk.busy else { return fact(Check::Disk(disk.name.clone()), None, Vec::new()) };
    let slow = disk.latency.map_or(0, |seconds| step(seconds, &[(0.02, 500), (0.1, 700), (1.0, 900)]));
    let severity = if busy >= 0.5 { slow.max(step(busy, &[(0.95, 300)])) } else { slow.min(299) };
    let mut now = vec![Part::Words("busy "), Part::Share(busy)];
    if let Some(seconds) = disk.latency {
        now.extend([Part::Words(", "), Part::Latency(seconds), Part::Words(" a request")]);
    }
    if let Some(requests) = disk.requests {
        now.extend([Part::Words(", "), Part::Number(requests), Part::Words("/s")]);
    }
    if let Some(n) = disk.in_flight.filter(|n| *n > 0) {
        now.extend([Part::Words(", "), Part::Count(n), Part::Words(" outstanding")]);
    }
    for (bytes, words) in [(disk.read, "/s read"), (disk.write, "/s written")] {
        if let Some(bytes) = bytes.filter(|b| *b > 0.0) {
            now.extend([Part::Words(", "), Part::Amount(bytes, Unit::Bytes), Part::Words(words)]);
        }
    }
    fact(Check::Disk(disk.name.clone()), Some(severity), now)
}

/// Full of bytes or of files: most hosts stop working at either.
fn filesystem(filesystem: &Filesystem) -> Fact {
    let fill = filesystem.fill().map(Severity::per_mille);
    let severity = fill.map(|fill| if fill >= 850 { (fill - 850) * 4 + 400 } else { 0 });
    let mut now = Vec::new();
    if let Some(fill) = fill {
        now.extend([Part::Share(f64::from(fill) / 1000.0), Part::Words(" full")]);
    }
    if let (Some(left), Some(total)) = (filesystem.available_bytes, filesystem.total_bytes) {
        let (left, total) = (Part::Amount(left as f64, Unit::Bytes), Part::Amount(total as f64, Unit::Bytes));
        now.extend([Part::Words(", "), left, Part::Words(" of "), total, Part::Words(" left")]);
    }
    if let Some(n) = filesystem.n_inodes_free.filter(|n| share(Some(*n), filesystem.n_inodes).is_some_and(|s| s < 0.1))
    {
        now.extend([Part::Words(", room for "), Part::Count(n), Part::Words(" files")]);
    }
    fact(Check::Filesystem(filesystem.mount.clone()), severity, now)
}

fn files(reading: &NodeReading) -> Fact {
    let fill = share(reading.n_files, reading.files_max);
    let severity = fill.map(|fill| if fill >= 0.8 { (fill * 1000.0) as u32 } else { 0 });
    fact(Check::Files, severity, of(reading.n_files, reading.files_max, " open"))
}

fn short_lived(vitals: &NodeVitals) -> Fact {
    let (forks, short) = (vitals.forks, vitals.short_lived);
    let often = [forks, short].into_iter().flatten().reduce(f64::max);
    let severity = often.map(|n| step(n, &[(200.0, 300), (1_000.0, 500), (5_000.0, 700)]));
    let mut now = Vec::new();
    if let Some(forks) = forks {
        now.extend([Part::Number(forks), Part::Words(" forks/s")]);
    }
    if let Some(short) = short {
        let between = if now.is_empty() { "~" } else { ", ~" };
        now.extend([Part::Words(between), Part::Number(short), Part::Words("/s so short that nobody saw them")]);
    }
    fact(Check::ShortLived, severity, now)
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
    parts.extend(
        most.filter(|most| *most < 1 << 50).map(|most| [Part::Words(" of "), Part::Count(most)]).into_iter().flatten(),
    );
    parts.push(Part::Words(words));
    parts
}
