//! Nodes: what is read of a host, and what is derived.

use std::sync::Arc;

use crate::{
    host::{Disk, DiskVitals, Filesystem, Interrupts, TcpTrouble, TcpTroubles},
    queue::Queue,
    rate::{advance, per_second, share},
    severity::{self, Severities},
    short_lived::{ShortLived, ShortLivedVitals},
    task::TaskId,
};

/// Times of one CPU, or of all together: cumulative microseconds since boot (proc(5), stat).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CpuTimes {
    /// User mode, nice included.
    pub user_us: Option<u64>,
    /// Kernel mode, without interrupts.
    pub system_us: Option<u64>,
    /// Idle.
    pub idle_us: Option<u64>,
    /// Idle with a disk request outstanding.
    pub iowait_us: Option<u64>,
    /// Interrupts, soft ones included.
    pub irq_us: Option<u64>,
    /// Given to others by the hypervisor.
    pub steal_us: Option<u64>,
}

impl CpuTimes {
    /// Time in use: user, system and interrupts.
    pub fn busy_us(&self) -> Option<u64> {
        self.user_us?.checked_add(self.system_us?)?.checked_add(self.irq_us.unwrap_or(0))
    }
}

/// A node as it was read. Counters are cumulative; what could not be read is `None`.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NodeReading {
    /// `CLOCK_MONOTONIC` of the reading, microseconds.
    pub at_us: u64,
    /// Severities that the agent derived from all its tasks and queues.
    pub severities: Severities,
    /// All CPUs together.
    pub cpu: CpuTimes,
    /// One entry per CPU: its number and times. Empty where not sent.
    pub cpus: Vec<(u32, CpuTimes)>,
    /// Run delay of all tasks seen, microseconds.
    pub run_delay_us: Option<u64>,
    /// Throttled time that is not in the run delay, microseconds.
    pub throttled_us: Option<u64>,
    /// Load average over one minute, thousandths.
    pub load1_milli: Option<u64>,
    /// Tasks running or runnable.
    pub n_running: Option<u64>,
    /// Tasks waiting uninterruptibly.
    pub n_blocked: Option<u64>,
    /// Context switches.
    pub n_switches: Option<u64>,
    /// Forks.
    pub n_forks: Option<u64>,
    /// PSI: some task waited for a CPU, microseconds.
    pub psi_cpu_some_us: Option<u64>,
    /// PSI: some task waited for memory, microseconds.
    pub psi_mem_some_us: Option<u64>,
    /// PSI: all tasks waited for memory, microseconds.
    pub psi_mem_full_us: Option<u64>,
    /// PSI: some task waited for a disk, microseconds.
    pub psi_io_some_us: Option<u64>,
    /// Memory, bytes.
    pub mem_total_bytes: Option<u64>,
    /// Still to be had without swapping, and below `mem_limit_bytes`, bytes.
    pub mem_available_bytes: Option<u64>,
    /// Unused, bytes.
    pub mem_free_bytes: Option<u64>,
    /// Anonymous, bytes.
    pub mem_anon_bytes: Option<u64>,
    /// Page cache, bytes.
    pub mem_file_bytes: Option<u64>,
    /// Kernel slab, bytes.
    pub mem_slab_bytes: Option<u64>,
    /// A limit that binds all processes seen, bytes: that of the container in which the agent is with all of them.
    pub mem_limit_bytes: Option<u64>,
    /// Swap, bytes.
    pub swap_total_bytes: Option<u64>,
    /// Unused swap, bytes.
    pub swap_free_bytes: Option<u64>,
    /// Received on all interfaces but loopback, bytes.
    pub net_rx_bytes: Option<u64>,
    /// Sent on all interfaces but loopback, bytes.
    pub net_tx_bytes: Option<u64>,
    /// Packets dropped by interfaces.
    pub net_drops: Option<u64>,
    /// TCP segments received.
    pub tcp_in: Option<u64>,
    /// TCP segments sent.
    pub tcp_out: Option<u64>,
    /// TCP segments sent again.
    pub tcp_retrans: Option<u64>,
    /// UDP datagrams received.
    pub udp_in: Option<u64>,
    /// UDP datagrams sent.
    pub udp_out: Option<u64>,
    /// UDP datagrams dropped at full sockets.
    pub udp_drops: Option<u64>,
    /// Connections dropped at listen queues.
    pub listen_drops: Option<u64>,
    /// One sum per queue kind.
    pub sums: Vec<Queue>,
    /// The worst queue and its owner.
    pub worst_queue: Option<WorstQueue>,
    /// The task, thread or single-threaded process, that waited longest for a CPU.
    pub worst_delay: Option<WorstTask>,
    /// Processes.
    pub n_processes: Option<u64>,
    /// Threads.
    pub n_threads: Option<u64>,
    /// Time since boot, microseconds.
    pub up_us: Option<u64>,
    /// TCP sockets in use.
    pub n_tcp: Option<u64>,
    /// Who waits for each CPU. Empty where not known.
    pub cpu_queues: Vec<CpuQueue>,
    /// Interrupts.
    pub interrupts: Option<Interrupts>,
    /// What goes wrong with TCP.
    pub tcp_trouble: Option<TcpTrouble>,
    /// UDP datagrams that could not be received.
    pub udp_in_errors: Option<u64>,
    /// UDP datagrams that could not be sent because a buffer was full.
    pub udp_send_errors: Option<u64>,
    /// Connections that the firewall tracks.
    pub n_conntrack: Option<u64>,
    /// How many it can track.
    pub conntrack_max: Option<u64>,
    /// Packets dropped because a connection could not be tracked.
    pub conntrack_drops: Option<u64>,
    /// Disks. Empty where not known.
    pub disks: Vec<Disk>,
    /// Filesystems on disks, the fullest first. Empty where not known.
    pub filesystems: Vec<Filesystem>,
    /// Open files of the whole system.
    pub n_files: Option<u64>,
    /// How many there may be.
    pub files_max: Option<u64>,
    /// Tasks that were born and ended between two samples; estimated.
    pub n_short_lived: Option<u64>,
    /// The part of the run delay that other cgroups caused, microseconds; estimated.
    pub delay_neighbour_us: Option<u64>,
    /// Network namespaces in which processes run.
    pub n_netns: Option<u64>,
    /// Those of them that are not read.
    pub n_netns_unread: Option<u64>,
    /// Cgroups with processes in them.
    pub n_cgroups: Option<u64>,
    /// The part of the run delay in which quotas held tasks back, microseconds; estimated.
    pub delay_quota_us: Option<u64>,
    /// Short-lived processes by name.
    pub short_lived: Option<ShortLived>,
}

/// Who waits for one CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct CpuQueue {
    /// Its number.
    pub number: u32,
    /// Threads that wait for it now.
    pub n_queued: Option<u32>,
    /// Run delay of threads that were last on it, cumulative microseconds.
    pub run_delay_us: Option<u64>,
}

/// Why tasks did not get the CPU they wanted, each as CPUs: seconds missed per second.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct SchedCauses {
    /// Threads of their own cgroup ran meanwhile; estimated.
    pub own: Option<f64>,
    /// Threads of other cgroups ran meanwhile; estimated.
    pub neighbour: Option<f64>,
    /// A quota held them back, whether or not that is in their run delay.
    pub quota: Option<f64>,
    /// The hypervisor ran others.
    pub hypervisor: Option<f64>,
}

/// The worst queue of a node.
#[derive(Clone, Debug, PartialEq)]
pub struct WorstQueue {
    /// Its owner, where known.
    pub task: Option<TaskId>,
    /// The queue.
    pub queue: Queue,
}

/// The task that a node's value speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct WorstTask {
    /// The task.
    pub task: TaskId,
    /// Its process, where it is a thread.
    pub process: Option<u64>,
    /// Its name.
    pub name: Option<Arc<str>>,
    /// The value over the interval, microseconds.
    pub value_us: u64,
    /// Length of the interval, microseconds.
    pub over_us: u64,
}

/// What is derived of a node.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct NodeVitals {
    /// CPUs in use: 1.0 is one core.
    pub cpu: Option<f64>,
    /// Share of each CPU in use, 0 to 1, with its number.
    pub per_cpu: Vec<(u32, Option<f64>)>,
    /// Seconds waited per second, all tasks together.
    pub delay: Option<f64>,
    /// Seconds waited per second by the worst task.
    pub worst_delay: Option<f64>,
    /// CPUs that the hypervisor gave to others.
    pub steal: Option<f64>,
    /// CPUs that quotas took away.
    pub throttled: Option<f64>,
    /// CPUs idle because of a disk.
    pub iowait: Option<f64>,
    /// Context switches per second.
    pub switches: Option<f64>,
    /// Forks per second.
    pub forks: Option<f64>,
    /// Share of time in which some task waited for a CPU.
    pub psi_cpu: Option<f64>,
    /// Share of time in which some task waited for memory.
    pub psi_mem: Option<f64>,
    /// Share of time in which some task waited for a disk.
    pub psi_io: Option<f64>,
    /// Memory in use, bytes.
    pub mem_used_bytes: Option<u64>,
    /// Bytes received per second.
    pub net_rx: Option<f64>,
    /// Bytes sent per second.
    pub net_tx: Option<f64>,
    /// TCP segments in per second.
    pub tcp_in: Option<f64>,
    /// TCP segments out per second.
    pub tcp_out: Option<f64>,
    /// TCP segments sent again per second.
    pub tcp_retrans: Option<f64>,
    /// UDP datagrams in per second.
    pub udp_in: Option<f64>,
    /// UDP datagrams out per second.
    pub udp_out: Option<f64>,
    /// UDP datagrams dropped since the sample before.
    pub udp_drops: Option<u64>,
    /// Connections dropped since the sample before.
    pub listen_drops: Option<u64>,
    /// Packets dropped since the sample before.
    pub net_drops: Option<u64>,
    /// Severities derived here: sched and mem always; queue and rate as the agent gave them.
    pub severities: Severities,
    /// Why CPU that was wanted was not given.
    pub causes: SchedCauses,
    /// Run delay per CPU: its number, threads that wait for it now, and seconds waited per second.
    pub cpu_queues: Vec<(u32, Option<u32>, Option<f64>)>,
    /// Hard interrupts per second.
    pub interrupts: Option<f64>,
    /// CPUs in soft interrupts.
    pub soft: Option<f64>,
    /// Packets that the CPUs' backlogs dropped since the sample before.
    pub backlog_drops: Option<u64>,
    /// What went wrong with TCP since the sample before.
    pub tcp: TcpTroubles,
    /// UDP datagrams that could not be received since the sample before.
    pub udp_in_errors: Option<u64>,
    /// UDP datagrams that could not be sent since the sample before.
    pub udp_send_errors: Option<u64>,
    /// Packets of connections that could not be tracked, since the sample before.
    pub conntrack_drops: Option<u64>,
    /// Tasks per second that nobody saw.
    pub short_lived: Option<f64>,
    /// Short-lived processes by name.
    pub short_lived_by_name: ShortLivedVitals,
    /// The disks.
    pub disks: Vec<DiskVitals>,
}

impl NodeVitals {
    /// Derives the vitals of a node from two readings.
    pub fn derive(before: Option<&NodeReading>, now: &NodeReading) -> Self {
        let rate = |field: fn(&NodeReading) -> Option<u64>| {
            let before = before?;
            per_second(field(before), field(now), before.at_us, now.at_us)
        };
        let shares = |field: fn(&NodeReading) -> Option<u64>| {
            let before = before?;
            share(field(before), field(now), before.at_us, now.at_us)
        };
        let dropped = |field: fn(&NodeReading) -> Option<u64>| advance(before.and_then(field), field(now));
        let cpu = shares(|n| n.cpu.busy_us());
        let delay = shares(|n| n.run_delay_us);
        let steal = shares(|n| n.cpu.steal_us);
        let throttled = shares(|n| n.throttled_us);
        // Where one limit binds all, what is available is what it leaves.
        let mem_most_bytes = [now.mem_limit_bytes, now.mem_total_bytes].into_iter().flatten().min();
        let mem_used_bytes = mem_most_bytes.zip(now.mem_available_bytes).map(|(most, left)| most.saturating_sub(left));
        let given = now.severities;
        Self {
            cpu,
            per_cpu: per_cpu(before, now),
            delay,
            worst_delay: now
                .worst_delay
                .as_ref()
                .filter(|t| t.over_us > 0)
                .map(|t| t.value_us as f64 / t.over_us as f64),
            steal,
            throttled,
            iowait: shares(|n| n.cpu.iowait_us),
            switches: rate(|n| n.n_switches),
            forks: rate(|n| n.n_forks),
            psi_cpu: shares(|n| n.psi_cpu_some_us),
            psi_mem: shares(|n| n.psi_mem_some_us),
            psi_io: shares(|n| n.psi_io_some_us),
            mem_used_bytes,
            net_rx: rate(|n| n.net_rx_bytes),
            net_tx: rate(|n| n.net_tx_bytes),
            tcp_in: rate(|n| n.tcp_in),
            tcp_out: rate(|n| n.tcp_out),
            tcp_retrans: rate(|n| n.tcp_retrans),
            udp_in: rate(|n| n.udp_in),
            udp_out: rate(|n| n.udp_out),
            udp_drops: dropped(|n| n.udp_drops),
            listen_drops: dropped(|n| n.listen_drops),
            net_drops: dropped(|n| n.net_drops),
            severities: Severities {
                sched: severity::sched(cpu, delay, steal, throttled).or(given.sched),
                mem: severity::mem(mem_used_bytes, mem_most_bytes).or(given.mem),
                queue: given.queue,
                rate: given.rate,
            },
            causes: causes(delay, [shares(|n| n.delay_neighbour_us), shares(|n| n.delay_quota_us)], throttled, steal),
            ..Self::beyond_tasks(before, now)
        }
    }

    /// What explains the node beyond its tasks; the rest is left unknown.
    fn beyond_tasks(before: Option<&NodeReading>, now: &NodeReading) -> Self {
        let rate = |field: fn(&NodeReading) -> Option<u64>| {
            let before = before?;
            per_second(field(before), field(now), before.at_us, now.at_us)
        };
        let soft = before.and_then(|b| share(b.interrupts?.soft_us, now.interrupts?.soft_us, b.at_us, now.at_us));
        let dropped = |field: fn(&NodeReading) -> Option<u64>| advance(before.and_then(field), field(now));
        Self {
            cpu_queues: cpu_queues(before, now),
            interrupts: rate(|n| n.interrupts?.n_hard),
            soft,
            backlog_drops: dropped(|n| n.interrupts?.n_drops),
            tcp: TcpTroubles::derive(before.and_then(|n| n.tcp_trouble.as_ref()), now.tcp_trouble.as_ref()),
            udp_in_errors: dropped(|n| n.udp_in_errors),
            udp_send_errors: dropped(|n| n.udp_send_errors),
            conntrack_drops: dropped(|n| n.conntrack_drops),
            short_lived: rate(|n| n.n_short_lived),
            short_lived_by_name: ShortLivedVitals::derive(before.and_then(short_lived), short_lived(now)),
            disks: disks(before, now),
            ..Self::default()
        }
    }

    /// Segments in and out per second. UDP datagrams are another unit, so this is the TCP side alone.
    pub fn moved(&self) -> Option<f64> {
        Some(self.tcp_in? + self.tcp_out?)
    }
}

/// Splits the run delay, by the parts of it that neighbours and quotas explain; `throttled` is beside it.
fn causes(
    delay: Option<f64>,
    [neighbour, quota]: [Option<f64>; 2],
    throttled: Option<f64>,
    steal: Option<f64>,
) -> SchedCauses {
    // Estimates may not exceed what was measured; where no quota is known of, none explains anything.
    let quota_in_delay = quota.zip(delay).map(|(quota, delay)| quota.min(delay));
    let left = delay.map(|delay| delay - quota_in_delay.unwrap_or(0.0));
    let neighbour = neighbour.zip(left).map(|(neighbour, left)| neighbour.min(left));
    let own = left.zip(neighbour).map(|(left, neighbour)| left - neighbour);
    SchedCauses { own, neighbour, quota: crate::rate::sum([quota_in_delay, throttled]), hypervisor: steal }
}

fn cpu_queues(before: Option<&NodeReading>, now: &NodeReading) -> Vec<(u32, Option<u32>, Option<f64>)> {
    let one = |queue: &CpuQueue| {
        let earlier = before.and_then(|b| Some((b.cpu_queues.iter().find(|q| q.number == queue.number)?, b.at_us)));
        let delay = earlier.and_then(|(e, at_us)| share(e.run_delay_us, queue.run_delay_us, at_us, now.at_us));
        (queue.number, queue.n_queued, delay)
    };
    now.cpu_queues.iter().map(one).collect()
}

/// Short-lived processes by name, with the moment of their reading.
fn short_lived(node: &NodeReading) -> Option<(&ShortLived, u64)> {
    Some((node.short_lived.as_ref()?, node.at_us))
}

fn disks(before: Option<&NodeReading>, now: &NodeReading) -> Vec<DiskVitals> {
    let one = |disk: &Disk| {
        let earlier = before.and_then(|b| Some((b.disks.iter().find(|d| d.name == disk.name)?, b.at_us)));
        DiskVitals::derive(earlier, disk, now.at_us)
    };
    now.disks.iter().map(one).collect()
}

fn per_cpu(before: Option<&NodeReading>, now: &NodeReading) -> Vec<(u32, Option<f64>)> {
    let one = |(number, times): &(u32, CpuTimes)| {
        let earlier = before.and_then(|b| Some((b.cpus.iter().find(|(n, _)| n == number)?.1, b.at_us)));
        let used = earlier.and_then(|(e, at_us)| share(e.busy_us(), times.busy_us(), at_us, now.at_us));
        (*number, used)
    };
    now.cpus.iter().map(one).collect()
}

#[cfg(test)]
mod tests;
