//! Counters: what adds up of rates, from one reading to the next.

use midair_vitals::CpuTimes;

use super::times;
use crate::{chance, cluster::Node, values::Values};

/// Longer than this nobody looked: what was there before goes on as it is now, which may not be true.
const LONGEST_S: f64 = 3_600.0;

/// Everything that only grows. Seconds where nothing else is said.
#[derive(Debug)]
pub(super) struct Sums {
    at_us: Option<u64>,
    /// Since the agent began.
    pub(super) age_s: f64,
    up_s: f64,
    n_cpus: f64,
    n_full: u32,
    cpu: [f64; 6],
    /// What full cores had beside their part of all.
    full_s: f64,
    delay: f64,
    switches: f64,
    psi: [f64; 3],
    net: [f64; 6],
    disk: [f64; 4],
    processes: Vec<Process>,
    vm: Vm,
}

/// Of an OS process.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Process {
    cpu: f64,
    delay: f64,
    pub(super) drops: f64,
}

/// Of a VM; it begins anew with each of its lives.
#[derive(Clone, Debug, Default)]
pub(super) struct Vm {
    life: u32,
    /// Reductions of each process.
    pub(super) actors: Vec<f64>,
    pub(super) reductions: f64,
    pub(super) gcs: f64,
    pub(super) switches: f64,
    pub(super) io: [f64; 2],
    pub(super) active: f64,
    pub(super) full_active: f64,
    pub(super) age: f64,
    /// Messages of all links alike, in and out.
    pub(super) links: Vec<[f64; 2]>,
}

/// What went through the network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Net {
    pub(super) rx: u64,
    pub(super) tx: u64,
    pub(super) segments_in: u64,
    pub(super) segments_out: u64,
    pub(super) retrans: u64,
    pub(super) listen_drops: u64,
}

/// What a disk has done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Done {
    pub(super) n_reads: u64,
    pub(super) n_writes: u64,
    pub(super) busy_us: u64,
    pub(super) waited_us: u64,
}

impl Process {
    pub(super) fn cpu_us(&self) -> u64 {
        (self.cpu * 1e6) as u64
    }

    pub(super) fn delay_us(&self) -> u64 {
        (self.delay * 1e6) as u64
    }
}

impl Sums {
    /// Of a node that has been up for weeks.
    pub(super) fn of(node: &Node) -> Self {
        let up_s = 86_400.0 * (5.0 + 120.0 * chance::share(node.seed, [1, 90]));
        Self {
            at_us: None,
            age_s: 0.0,
            up_s,
            n_cpus: f64::from(node.n_cpus),
            n_full: 0,
            cpu: [0.2, 0.05, 0.0, 0.01, 0.01, 0.0].map(|share| share * up_s * f64::from(node.n_cpus)),
            full_s: 0.0,
            delay: up_s * 0.01,
            switches: up_s * 20_000.0,
            psi: [up_s * 0.002, 0.0, up_s * 0.001],
            net: [4e6, 4.5e6, 19_000.0, 18_000.0, 4.0, 0.0].map(|rate| rate * up_s),
            disk: [up_s * 50.0, up_s * 120.0, up_s * 0.04, up_s * 0.1],
            processes: Vec::new(),
            vm: Vm::default(),
        }
    }

    /// Adds what has come since the last reading.
    pub(super) fn go_on(&mut self, now_us: u64, node: &Node, values: &Values) {
        let since_us = self.at_us.replace(now_us).map_or(0, |at_us| now_us.saturating_sub(at_us));
        let over_s = (since_us as f64 / 1e6).min(LONGEST_S);
        let add = |sum: &mut f64, rate: f64| *sum += rate * over_s;
        self.age_s += over_s;
        self.up_s += over_s;
        let cpu = &values.cpu;
        let used = cpu.user + cpu.system + cpu.irq + cpu.steal;
        let idle = (self.n_cpus - used - cpu.iowait).max(0.0);
        let iowait = cpu.iowait.min((self.n_cpus - used).max(0.0));
        let rates = [cpu.user, cpu.system, idle, iowait, cpu.irq, cpu.steal];
        self.cpu.iter_mut().zip(rates).for_each(|(sum, rate)| add(sum, rate));
        self.n_full = self.n_full.max(cpu.n_full);
        if cpu.n_full > 0 {
            add(&mut self.full_s, 1.0 - (cpu.user + cpu.system) / self.n_cpus);
        }
        add(&mut self.delay, values.delay);
        add(&mut self.switches, values.switches);
        self.psi.iter_mut().zip(values.psi).for_each(|(sum, rate)| add(sum, rate));
        let net = &values.net;
        let rates = [net.rx, net.tx, net.segments_in, net.segments_out, net.retrans, net.listen_drops];
        self.net.iter_mut().zip(rates).for_each(|(sum, rate)| add(sum, rate));
        let disk = &values.disk;
        let waited = (disk.reads + disk.writes) * disk.latency;
        let rates = [disk.reads, disk.writes, disk.busy.min(1.0), waited];
        self.disk.iter_mut().zip(rates).for_each(|(sum, rate)| add(sum, rate));
        self.go_on_in_processes(over_s, values);
        self.go_on_in_vm(over_s, node, values);
    }

    fn go_on_in_processes(&mut self, over_s: f64, values: &Values) {
        let up_s = self.up_s;
        self.processes.resize_with(values.processes.len(), Process::default);
        for (sum, process) in self.processes.iter_mut().zip(&values.processes) {
            if sum.cpu == 0.0 {
                (sum.cpu, sum.delay) = (process.cpu * up_s * 0.9, process.delay * up_s * 0.9);
            }
            sum.cpu += process.cpu * over_s;
            sum.delay += process.delay * over_s;
            sum.drops += process.queues.iter().map(|queue| queue.drops).sum::<f64>() * over_s;
        }
    }

    fn go_on_in_vm(&mut self, over_s: f64, node: &Node, values: &Values) {
        let (sum, vm) = (&mut self.vm, &values.vm);
        if sum.actors.is_empty() || sum.life != vm.life {
            *sum = Vm {
                life: vm.life,
                actors: vm.actors.iter().map(|actor| actor.reductions * vm.age_s * 0.9).collect(),
                reductions: vm.reductions * vm.age_s * 0.9,
                gcs: vm.gcs * vm.age_s,
                switches: 90_000.0 * vm.age_s,
                io: vm.io.map(|rate| rate * vm.age_s),
                active: vm.busy * vm.age_s,
                full_active: vm.busy * vm.age_s,
                age: vm.age_s,
                links: vm.links.iter().map(|link| link.messages.map(|rate| rate * vm.age_s)).collect(),
            };
            if vm.life > 0
                && let Some(beam) = values.processes.iter().position(|process| process.name == "beam.smp")
            {
                self.processes[beam] = Process::default();
            }
            return;
        }
        sum.actors.iter_mut().zip(&vm.actors).for_each(|(sum, actor)| *sum += actor.reductions * over_s);
        sum.reductions += vm.reductions * over_s;
        sum.gcs += vm.gcs * over_s;
        sum.switches += vm.reductions / 900.0 * over_s / f64::from(node.n_cpus).max(1.0);
        sum.io.iter_mut().zip(vm.io).for_each(|(sum, rate)| *sum += rate * over_s);
        sum.active += vm.busy.min(1.0) * over_s;
        sum.full_active += if vm.n_full > 0 { 1.0 } else { vm.busy.min(1.0) } * over_s;
        sum.age += over_s;
        for (sum, link) in sum.links.iter_mut().zip(&vm.links) {
            sum.iter_mut().zip(link.messages).for_each(|(sum, rate)| *sum += rate * over_s);
        }
    }

    pub(super) fn cpu(&self) -> CpuTimes {
        let [user, system, idle, iowait, irq, steal] = self.cpu;
        times(user, system, idle, [iowait, irq, steal])
    }

    /// One CPU: its part of all, and more for those that are or were full.
    pub(super) fn one_cpu(&self, number: u32) -> CpuTimes {
        let [user, system, idle, iowait, irq, steal] = self.cpu.map(|sum| sum / self.n_cpus);
        let full = f64::from(self.n_full);
        let more = match number {
            n if n < self.n_full => self.full_s,
            _ => -self.full_s * full / (self.n_cpus - full).max(1.0),
        };
        // A core may not be used less than it was: small parts of much.
        let more = more.max(-0.9 * (user + system));
        times(user + more, system, (idle - more).max(0.0), [iowait, irq, steal])
    }

    pub(super) fn delay_us(&self) -> u64 {
        (self.delay * 1e6) as u64
    }

    pub(super) fn one_delay_us(&self, number: u32) -> u64 {
        let share = if number < self.n_full { 0.6 } else { 0.4 / self.n_cpus };
        (self.delay * 1e6 * share) as u64
    }

    pub(super) fn switches(&self) -> u64 {
        self.switches as u64
    }

    /// How often each thread of a scheduler was put on a CPU: nearly all that is switched are these.
    pub(super) fn runs(&self) -> u64 {
        (self.switches / self.n_cpus.max(1.0)) as u64
    }

    pub(super) fn psi_us(&self, n: usize) -> u64 {
        (self.psi[n] * 1e6) as u64
    }

    pub(super) fn up_us(&self) -> u64 {
        (self.up_s * 1e6) as u64
    }

    pub(super) fn net(&self) -> Net {
        let [rx, tx, segments_in, segments_out, retrans, listen_drops] = self.net.map(|sum| sum as u64);
        Net { rx, tx, segments_in, segments_out, retrans, listen_drops }
    }

    pub(super) fn disk(&self) -> Done {
        let [n_reads, n_writes, busy, waited] = self.disk;
        Done {
            n_reads: n_reads as u64,
            n_writes: n_writes as u64,
            busy_us: (busy * 1e6) as u64,
            waited_us: (waited * 1e6) as u64,
        }
    }

    pub(super) fn process(&self, n: usize) -> Process {
        self.processes.get(n).copied().unwrap_or_default()
    }

    /// CPU time and run delay of the thread that a scheduler is, seconds; the first are full, so many of them.
    pub(super) fn scheduler(&self, number: u32, n_full: u32) -> [f64; 2] {
        let is_full = number <= n_full.max(self.n_full);
        let active = if is_full { self.vm.full_active } else { self.vm.active };
        [active, active * if is_full { 0.02 } else { 0.001 }]
    }

    pub(super) fn vm(&self) -> &Vm {
        &self.vm
    }
}
