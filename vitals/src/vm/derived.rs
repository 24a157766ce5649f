//! What follows from two readings of a VM: utilisation, rates, fills, and what its schedulers do to each other.

use std::sync::Arc;

use super::{Limited, SchedulerKind, VmReading};
use crate::{
    growth::Growth,
    rate::{advance, per_second, share, sum},
    severity::{self, Severities, Severity},
};

/// What is derived of one scheduler.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SchedulerVitals {
    /// Its number among those of its kind, from 1.
    pub number: u32,
    /// Its kind.
    pub kind: SchedulerKind,
    /// Share of time busy, as the VM says.
    pub utilisation: Option<f64>,
    /// What waits in its own run queue.
    pub run_queue: Option<u64>,
    /// Share of time that its thread was on a CPU, as the kernel says.
    pub cpu: Option<f64>,
    /// Run delay of its thread: seconds waited per second.
    pub delay: Option<f64>,
    /// Times per second that its thread was put on a CPU.
    pub switches: Option<f64>,
}

/// What is derived of a distribution link.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkVitals {
    /// Bytes received per second.
    pub rate_in: Option<f64>,
    /// Bytes sent per second.
    pub rate_out: Option<f64>,
    /// Packets received per second.
    pub packets_in: Option<f64>,
    /// Packets sent per second.
    pub packets_out: Option<f64>,
    /// How near its pending bytes are to the limit at which senders are suspended; all of it where they are.
    pub fill: Option<Severity>,
}

/// What is derived of a port.
#[derive(Clone, Debug, PartialEq)]
pub struct PortVitals {
    /// Bytes received per second.
    pub rate_in: Option<f64>,
    /// Bytes sent per second.
    pub rate_out: Option<f64>,
}

/// Of what it has how much of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// Of what.
    pub of: Limited,
    /// How near the limit is.
    pub severity: Severity,
}

/// Why the memory of a VM's process is what it is, where the parts are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Growing {
    /// What it holds grows: `total` itself, so many bytes per second.
    Held(f64),
    /// Its carriers are largely empty: so large a share of them is used by no block.
    Fragmented(f64),
    /// Its process holds so many bytes more than its allocators have taken: native libraries, or memory not given back.
    Outside(u64),
}

/// What is derived of a VM.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VmVitals {
    /// Each scheduler, in the order of the reading.
    pub schedulers: Vec<SchedulerVitals>,
    /// Share of time busy, of all schedulers of a kind, in the order of [`SchedulerKind::ALL`].
    pub utilisation: [Option<f64>; 3],
    /// CPUs that its normal schedulers' threads use, as the kernel says.
    pub cpu: Option<f64>,
    /// Run delay of its normal schedulers' threads: seconds waited per second.
    pub delay: Option<f64>,
    /// Times per second that its normal schedulers' threads were put on a CPU.
    pub thread_switches: Option<f64>,
    /// Switches between Erlang processes per second.
    pub switches: Option<f64>,
    /// Reductions per second.
    pub reductions: Option<f64>,
    /// Garbage collections per second.
    pub gcs: Option<f64>,
    /// Bytes reclaimed by them per second.
    pub reclaimed: Option<f64>,
    /// Bytes received through ports per second.
    pub rate_in: Option<f64>,
    /// Bytes sent through ports per second.
    pub rate_out: Option<f64>,
    /// Growth of its memory (`total`), bytes per second.
    pub mem_growth: Option<f64>,
    /// How near each of its limits is, in the order of [`Limited::ALL`].
    pub fills: [Option<Severity>; 4],
    /// What waits for schedulers that have no room, worst kind; `None` where nothing is known of that.
    pub waiting: Option<Waiting>,
    /// Share of the CPU that its normal schedulers' threads wanted and did not get.
    pub starved: Option<Severity>,
    /// Its links, in the order of the reading.
    pub links: Vec<LinkVitals>,
    /// Its ports, in the order of the reading.
    pub ports: Vec<PortVitals>,
    /// Its sockets that are no ports, in the order of the reading.
    pub sockets: Vec<PortVitals>,
    /// Share of one CPU that watching it costs it; estimated.
    pub cost: Option<f64>,
    /// Bytes per second between it and its watcher.
    pub wire: Option<f64>,
    /// Its severities; rate has none.
    pub severities: Severities,
}

/// What waits for the schedulers of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Their kind.
    pub kind: SchedulerKind,
    /// How many processes or ports wait.
    pub n: u64,
    /// The share of what is ready to run that waits.
    pub severity: Severity,
}

/// Schedulers busier than this are all in use.
const SATURATED: f64 = 0.9;

/// Schedulers less busy than this have room: what waits at one look has its turn at once.
const ROOMY: f64 = 0.7;

/// A busy scheduler's thread that is put on a CPU more often than this per second sleeps and wakes without end.
///
/// A thread that always computes is switched by the kernel's tick alone, which is at most 1,000 times a second
/// (CONFIG_HZ); a futex that several schedulers fight for, as the lock of an ETS table, makes it sleep at each collision:
/// 16 users of one table made 143,000 switches a second on each of two schedulers, 16 spinners 145.
const CONTENDED_RUNS: f64 = 10_000.0;

/// Carriers of which a larger share than this is used by no block are fragmented: some room is always kept.
const FRAGMENTED: f64 = 0.4;

/// A process that holds more than this beyond its carriers, and more than a quarter of them, holds it elsewhere.
const OUTSIDE_BYTES: u64 = 256 << 20;

impl VmVitals {
    /// Derives the vitals of a VM from two readings. `growth` is the window of its memory (`total`), `limit_bytes` what
    /// its node may use. A reading of another life (another creation) is compared with nothing.
    pub fn derive(before: Option<&VmReading>, now: &VmReading, growth: &Growth, limit_bytes: Option<u64>) -> Self {
        let pair = Pair { before: before.filter(|b| b.creation == now.creation), now };
        let schedulers = pair.schedulers();
        let fills = Limited::ALL.map(|of| severity::mem(now.count(of).n, now.count(of).max));
        let normal = |field: fn(&SchedulerVitals) -> Option<f64>| {
            sum(schedulers.iter().filter(|s| s.kind == SchedulerKind::Normal).map(field))
        };
        let links = pair.links();
        let mut vitals = Self {
            utilisation: SchedulerKind::ALL.map(|kind| pair.utilisation(kind)),
            cpu: normal(|s| s.cpu),
            delay: normal(|s| s.delay),
            thread_switches: normal(|s| s.switches),
            switches: pair.rate(|vm| vm.n_switches),
            reductions: pair.rate(|vm| vm.reductions),
            gcs: pair.rate(|vm| vm.n_gcs),
            reclaimed: pair.rate(|vm| vm.reclaimed_bytes),
            rate_in: pair.rate(|vm| vm.in_bytes),
            rate_out: pair.rate(|vm| vm.out_bytes),
            mem_growth: growth.per_second(),
            fills,
            ports: pair.ports(),
            sockets: pair.sockets(),
            cost: pair.rate(|vm| vm.cost_us).map(|us| us / 1e6),
            wire: pair.rate(|vm| vm.wire_bytes),
            waiting: None,
            starved: None,
            severities: Severities::default(),
            links,
            schedulers,
        };
        vitals.waiting = vitals.worst_waiting(now);
        vitals.starved = severity::sched(vitals.cpu, vitals.delay, None, None);
        let of_limits = fills.into_iter().flatten().max();
        vitals.severities = Severities {
            sched: vitals.waiting.map(|waiting| waiting.severity).max(vitals.starved),
            mem: severity::mem(now.memory.total_bytes, limit_bytes).max(of_limits),
            queue: vitals.queue_severity(now),
            rate: None,
        };
        vitals
    }

    /// The utilisation of a kind of scheduler.
    pub fn utilisation_of(&self, kind: SchedulerKind) -> Option<f64> {
        self.utilisation[kind as usize]
    }

    /// The limits from a share on, the nearest first.
    pub fn near_limits(&self, per_mille: u32) -> Vec<Fill> {
        let fill = |(of, severity): (Limited, Option<Severity>)| Some(Fill { of, severity: severity? });
        let all = Limited::ALL.into_iter().zip(self.fills).filter_map(fill);
        let mut near: Vec<Fill> = all.filter(|fill| fill.severity.per_mille() >= per_mille).collect();
        near.sort_by_key(|fill| std::cmp::Reverse(fill.severity));
        near
    }

    /// Lock contention inside the VM: all normal schedulers in use, and their threads sleep and wake without end. How
    /// often per second and scheduler, where that is so; see [`CONTENDED_RUNS`].
    pub fn contended(&self) -> Option<f64> {
        let normal = self.schedulers.iter().filter(|s| s.kind == SchedulerKind::Normal && s.switches.is_some());
        let per_scheduler = self.thread_switches? / normal.count().max(1) as f64;
        let is_saturated = self.utilisation_of(SchedulerKind::Normal).is_some_and(|share| share >= SATURATED);
        (is_saturated && per_scheduler >= CONTENDED_RUNS).then_some(per_scheduler)
    }

    /// What makes its process large: what it holds, carriers that are largely empty, or memory beyond its allocators.
    /// `None` where nothing of it is unusual or the parts are not known.
    pub fn growing(&self, now: &VmReading, rss_bytes: Option<u64>) -> Option<Growing> {
        let unused = now.unused_carriers_bytes().zip(now.carriers_bytes).filter(|(_, carriers)| *carriers > 0);
        let unused = unused.map(|(unused, carriers)| unused as f64 / carriers as f64);
        let outside = rss_bytes.zip(now.carriers_bytes).and_then(|(rss, carriers)| {
            rss.checked_sub(carriers).filter(|beyond| *beyond > OUTSIDE_BYTES && *beyond > carriers / 4)
        });
        match (outside, unused, self.mem_growth) {
            (Some(beyond), ..) => Some(Growing::Outside(beyond)),
            (None, Some(unused), _) if unused >= FRAGMENTED => Some(Growing::Fragmented(unused)),
            (None, _, Some(growth)) if growth > 0.0 => Some(Growing::Held(growth)),
            (None, _, _) => None,
        }
    }

    /// What waits for the schedulers of the kind that has least room.
    fn worst_waiting(&self, now: &VmReading) -> Option<Waiting> {
        let n_waiting = |kind| match kind {
            SchedulerKind::Normal => now.run_queue,
            SchedulerKind::DirtyCpu => now.run_queue_dirty_cpu,
            SchedulerKind::DirtyIo => now.run_queue_dirty_io,
        };
        let of = |kind| {
            let (n, utilisation) = (n_waiting(kind)?, self.utilisation_of(kind)?);
            let n_schedulers = now.schedulers.iter().filter(|s| s.kind == kind).count();
            let severity = waiting_severity(n, n_schedulers, utilisation)?;
            Some(Waiting { kind, n, severity })
        };
        // Of equally bad ones the first.
        SchedulerKind::ALL.into_iter().rev().filter_map(of).max_by_key(|waiting| waiting.severity)
    }

    /// The worst of its links, and all mailboxes together as one of their depth.
    fn queue_severity(&self, now: &VmReading) -> Option<Severity> {
        let of_links = self.links.iter().filter_map(|link| link.fill).max();
        let n_messages = now.sweep.as_ref().and_then(|sweep| sweep.n_messages);
        let of_mailboxes = n_messages.and_then(|n| Severity::from_share((n.max(1) as f64).log10() / 6.0));
        of_links.max(of_mailboxes)
    }
}

/// Of what is ready to run the share that waits: as with CPUs, who waits of who wants. Nothing waits long while a scheduler
/// has room; between roomy and saturated it counts in part, so that a VM that fills up does not jump.
fn waiting_severity(n_waiting: u64, n_schedulers: usize, utilisation: f64) -> Option<Severity> {
    let (waiting, running) = (n_waiting as f64, utilisation * n_schedulers as f64);
    let counts = ((utilisation - ROOMY) / (SATURATED - ROOMY)).clamp(0.0, 1.0);
    Severity::from_share(counts * waiting / (waiting + running).max(1.0))
}

/// Two readings of one VM.
struct Pair<'a> {
    before: Option<&'a VmReading>,
    now: &'a VmReading,
}

impl Pair<'_> {
    /// The times of both: of a part that is read for itself its own.
    fn times(&self, own: impl Fn(&VmReading) -> Option<u64>) -> Option<(u64, u64)> {
        let of = |vm: &VmReading| own(vm).or(vm.at_us);
        Some((of(self.before?)?, of(self.now)?))
    }

    fn rate(&self, field: fn(&VmReading) -> Option<u64>) -> Option<f64> {
        rate_of(self.times(|_| None), field(self.before?), field(self.now))
    }

    fn schedulers(&self) -> Vec<SchedulerVitals> {
        let of_before = self.before.map_or(&[][..], |vm| &vm.schedulers);
        let times = self.times(|vm| vm.threads_us);
        let share_of = |before, now| times.and_then(|(before_us, now_us)| share(before, now, before_us, now_us));
        let one = |now: &super::Scheduler| {
            let before = of_before.iter().find(|s| (s.kind, s.number) == (now.kind, now.number));
            // Another thread under the same number (the VM was started anew) is compared with nothing.
            let thread = before.filter(|s| s.thread == now.thread);
            SchedulerVitals {
                number: now.number,
                kind: now.kind,
                utilisation: before.and_then(|b| ratio(b.active, now.active, b.total, now.total)),
                run_queue: now.run_queue,
                cpu: thread.and_then(|b| share_of(b.cpu_us, now.cpu_us)),
                delay: thread.and_then(|b| share_of(b.run_delay_us, now.run_delay_us)),
                switches: thread.and_then(|b| rate_of(times, b.n_runs, now.n_runs)),
            }
        };
        self.now.schedulers.iter().map(one).collect()
    }

    /// Of all schedulers of a kind: their time busy of their time.
    fn utilisation(&self, kind: SchedulerKind) -> Option<f64> {
        let sums = |vm: &VmReading| {
            let of_kind = vm.schedulers.iter().filter(|s| s.kind == kind);
            of_kind.fold(None, |sums: Option<(u64, u64)>, s| {
                let (active, total) = sums.unwrap_or_default();
                Some((active.saturating_add(s.active?), total.saturating_add(s.total?)))
            })
        };
        let n = |vm: &VmReading| vm.schedulers.iter().filter(|s| s.kind == kind).count();
        let before = self.before.filter(|before| n(before) == n(self.now)).and_then(sums)?;
        let now = sums(self.now)?;
        ratio(Some(before.0), Some(now.0), Some(before.1), Some(now.1))
    }

    fn links(&self) -> Vec<LinkVitals> {
        let of_before = self.before.and_then(|vm| vm.links.as_ref()).map_or(&[][..], |links| &links.rows);
        let times = self.times(|vm| vm.links.as_ref()?.at_us);
        let limit = self.now.dist_busy_bytes;
        let one = |now: &super::DistLink| {
            let before = of_before.iter().find(|link| link.peer == now.peer);
            let rate = |field: fn(&super::DistLink) -> Option<u64>| rate_of(times, field(before?), field(now));
            let is_busy = now.is_busy.unwrap_or(false);
            let fill = if is_busy { Severity::from_share(1.0) } else { severity::mem(now.pending_bytes, limit) };
            LinkVitals {
                rate_in: rate(|l| l.in_bytes),
                rate_out: rate(|l| l.out_bytes),
                packets_in: rate(|l| l.n_in),
                packets_out: rate(|l| l.n_out),
                fill,
            }
        };
        self.now.links.iter().flat_map(|links| &links.rows).map(one).collect()
    }

    fn ports(&self) -> Vec<PortVitals> {
        let of_before = self.before.and_then(|vm| vm.ports.as_ref()).map_or(&[][..], |ports| &ports.rows);
        let times = self.times(|vm| vm.ports.as_ref()?.at_us);
        let one = |now: &super::Port| {
            let before = of_before.iter().find(|port| Arc::ptr_eq(&port.id, &now.id) || port.id == now.id);
            let rate = |field: fn(&super::Port) -> Option<u64>| rate_of(times, field(before?), field(now));
            PortVitals { rate_in: rate(|p| p.in_bytes), rate_out: rate(|p| p.out_bytes) }
        };
        self.now.ports.iter().flat_map(|ports| &ports.rows).map(one).collect()
    }
}

impl Pair<'_> {
    /// A socket has no name of its own: one of the same owner to the same address is taken for the same.
    fn sockets(&self) -> Vec<PortVitals> {
        let of_before = self.before.and_then(|vm| vm.sockets.as_ref()).map_or(&[][..], |sockets| &sockets.rows);
        let times = self.times(|vm| vm.sockets.as_ref()?.at_us);
        let key = |socket: &super::Socket| {
            let owner = socket.owner.as_ref().map(|owner| owner.text.clone());
            (owner, socket.protocol.clone(), socket.address.clone())
        };
        let one = |now: &super::Socket| {
            let mut same = of_before.iter().filter(|socket| key(socket) == key(now));
            // Where there are two of a kind nobody knows which is which.
            let before = same.next().filter(|_| same.next().is_none());
            let rate = |field: fn(&super::Socket) -> Option<u64>| rate_of(times, field(before?), field(now));
            PortVitals { rate_in: rate(|s| s.in_bytes), rate_out: rate(|s| s.out_bytes) }
        };
        self.now.sockets.iter().flat_map(|sockets| &sockets.rows).map(one).collect()
    }
}

fn rate_of(times: Option<(u64, u64)>, before: Option<u64>, now: Option<u64>) -> Option<f64> {
    let (before_us, now_us) = times?;
    per_second(before, now, before_us, now_us)
}

/// How much of one counter's advance another's is; `None` where the second did not advance. Rounding must not make it
/// more than all.
fn ratio(part_before: Option<u64>, part: Option<u64>, whole_before: Option<u64>, whole: Option<u64>) -> Option<f64> {
    let whole = advance(whole_before, whole).filter(|n| *n > 0)?;
    Some((advance(part_before, part)? as f64 / whole as f64).min(1.0))
}
